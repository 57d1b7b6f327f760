"""What is a raw array eagerly, masks and positions, in NumPy's words in compiled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = pytest.mark.numpy_only("uses NumPy's functions")

EXPRESSIONS = """
x > 0
a == 1
np.logical_and(x > 0, x < 2)
np.logical_or(x > 2, a > 1) & ~np.isnan(x)
np.logical_not(a > 0)
np.logical_xor(x > 1, a > 1)
np.where(x > 1, 1.0, 0.0)
np.where(np.logical_and(x > 0, x < 2), x, 0.1 * x)
np.mean(x > 1)
(x > 1).mean()
np.mean(np.argmax(m, axis=1) == k)
np.sum(x > 1), (x > 1).sum(), np.count_nonzero(x > 1)
np.any(x > 1), np.all(a > 1), (x > 1).any(), (x > 1).all()
(x > 1) * x, (x > 1) * 1.0, (x > 1) / 2, 1 - (x > 1), (x > 1).astype(float)
np.stack([x > 0, x > 1]), np.concatenate([x > 0, a > 1])
np.ones_like(x > 0), np.zeros_like(a > 1, dtype=float)
np.outer(x > 1, a > 1), np.roll(x > 1, 1), np.flip(x > 1)
np.broadcast_to(x > 1, (2, 3)), np.expand_dims(x > 1, 0), (x > 1)[:, None], (x > 1).T
np.take(x > 1, [0, 2]), np.sort(a > 1), np.clip(a > 1, 0, 1), np.cumsum(x > 1)
np.logical_or.reduce(x > 1), np.add.reduce(x > 1), np.invert(a > 1)
np.maximum(x.data, 1.5), np.sign(x.data), np.abs(x.data - 2.0)
np.exp(a) > np.exp(x.data), np.isclose(x, a), np.array_equal(a, a)
np.argsort(-m, axis=1), np.argmax(m), np.searchsorted(a, x.data)
m[np.arange(3), np.argmin(m, axis=1)]
np.take_along_axis(m, np.argsort(m, axis=1), axis=1)
np.linalg.norm(x.data), np.dot(a, x > 1), np.einsum("i,i", x > 1, a)
np.eye(3)[0] * (x > 1), np.arange(3) * (x > 1), np.ones(3) > x
"""


def parts(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("text", EXPRESSIONS.strip().splitlines())
def test_expressions(text: str) -> None:
    """Values and dtypes are those of the same expression on arrays and tensors."""
    space = {
        "np": np, "mg": mg, "x": mg.tensor([1.0, 2.0, 3.0]), "a": np.array([0.0, 1.0, 2.0]),
        "m": np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0], [1.0, 0.0, 2.0]]),
        "k": np.array([0, 1, 1]),
    }  # fmt: skip
    exec(f"def f():\n    return {text}", space)
    f: Any = space["f"]
    compiled = mg.compile(f)
    for _ in range(2):
        for wanted, got in zip(parts(f()), parts(compiled()), strict=True):
            wanted, got = (v.data if isinstance(v, mg.Tensor) else v for v in (wanted, got))
            assert np.asarray(wanted).dtype == got.dtype
            np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_a_mask_is_returned_and_kept_as_an_array() -> None:
    class Model:
        mask: Any = None

    model, x = Model(), mg.tensor([1.0, 2.0, 3.0])

    @mg.compile
    def f() -> Any:
        model.mask = x > 1.5
        return x > 2.5, (x > 1.5)[1:], np.argmax(x)

    for _ in range(2):
        mask, part, place = f()
        assert all(type(v) is np.ndarray for v in (mask, part, place, model.mask))
        assert mask.tolist() == [False, False, True] and part.tolist() == [True, True]
        assert place == 2 and model.mask.tolist() == [False, True, True]


def test_a_mask_is_written_to() -> None:
    def f(x: Any, a: Any) -> Any:
        mask = x > 1.5
        mask[0] = True
        mask |= a > 1.5
        y = x * 1.0
        y[mask] = 0.0
        return np.where(~mask, y, -1.0).sum()

    for a in (np.array([0.0, 0.0, 0.0]), np.array([0.0, 2.0, 0.0])):
        x, y = mg.tensor([1.0, 1.25, 3.0]), mg.tensor([1.0, 1.25, 3.0])
        mg.compile(f)(x, a).backward()
        f(y, a).backward()
        assert x.grad.tolist() == y.grad.tolist()


def test_python_branches_on_a_mask_are_refused() -> None:
    with pytest.raises(mg.compile.CannotCompile, match=r"branches on a value(.|\n)*mg\.where"):
        mg.compile(lambda x: x if np.logical_and(x > 0, x < 1).all() else -x)(mg.tensor([0.5]))
