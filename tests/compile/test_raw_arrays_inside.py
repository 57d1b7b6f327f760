"""What is a raw array eagerly, masks and positions, in NumPy's words in compiled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.operation_base import Operation, UnaryUfunc

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


def values(results: Any) -> list[Any]:
    return [np.asarray(v.data if isinstance(v, mg.Tensor) else v) for v in results]


def test_data_of_tensors_that_are_made_inside() -> None:
    """It is written to, and what looks at the tensor sees that."""

    def f(a: Any) -> Any:
        t = mg.tensor(a)
        v = t[1:]
        t.data -= 0.5
        t.data[0] = -9.0
        np.multiply(t.data, 2.0, out=t.data)
        v.data[-1] += 100.0
        u = np.exp(v * 0.01)
        u.sum().backward()
        t.data = t.data + np.sign(v.grad).sum()
        return t, v, np.median(np.abs(u.data)), np.percentile(t.data, 30), u.data, v.grad

    a = np.array([1.0, 2.0, 3.0, 4.0])
    compiled = mg.compile(f)
    for _ in range(2):
        wanted, got = f(a), compiled(a)
        assert type(got[4]) is type(got[5]) is np.ndarray
        for one, other in zip(values(wanted), values(got), strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-12)
    assert a.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_operations_of_users() -> None:
    """Classes of NumPy's functions on `x.data` and on the adjoint, of tensors from everywhere."""

    class Root(Operation):
        def __call__(self, x: Any, shift: float) -> Any:
            self.variables, self.shift = (x,), shift
            return np.sqrt(np.abs(x.data) + shift)

        def backward_var(self, grad: Any, index: int, **_: Any) -> Any:
            (x,) = self.variables
            slope = np.sign(x.data) / (2.0 * np.sqrt(np.abs(x.data) + self.shift))
            return np.multiply(grad, np.where(x.data > 5.0, 0.0, slope))

    class Sine(UnaryUfunc):
        numpy_ufunc = np.sin

        def backward_var(self, grad: Any, index: int, **_: Any) -> Any:
            return grad * np.cos(self.variables[0].data)

    results = []
    for compiled in (lambda f: f, mg.compile):
        w = mg.tensor([1.0, -2.0, 7.0])

        @compiled
        def f(x: Any, w: Any = w) -> Any:
            y = mg.execute_op(Root, w * x, op_args=(0.25,)) + mg.execute_op(Root, w, op_args=(1.0,))
            y = y + mg.execute_op(Sine, w)
            y.sum().backward()
            return y, w.grad

        results.append([values(f(np.array([1.0, 2.0, 3.0]))) for _ in range(2)])
        y = compiled(lambda w=w: mg.execute_op(Root, w, op_args=(0.5,)))()
        y.sum().backward()
        results[-1].append(values((y, w.grad)))
    for wanted, got in zip(*results, strict=True):
        for one, other in zip(wanted, got, strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-12)


def test_code_that_makes_arrays_of_all_it_is_given() -> None:
    """`np.asarray(t)` is refused, and says how it is compiled."""

    def f(x: Any) -> Any:
        return np.asarray(x) * w

    w = mg.tensor([1.0, 2.0])
    with pytest.raises(mg.compile.CannotCompile, match=r"mg\.drop_in"):
        mg.compile(f)(w)
    y = mg.compile(mg.drop_in(f))(w)
    y.sum().backward()
    assert y.data.tolist() == [1.0, 4.0] and w.grad.tolist() == [2.0, 4.0]
