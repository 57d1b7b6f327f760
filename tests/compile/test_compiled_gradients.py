"""What users do with `t.grad` inside of compiled functions, in NumPy's words, and eagerly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = pytest.mark.numpy_only("uses NumPy's functions")

Use = Callable[[Any, dict[str, Any]], Any]
USES: dict[str, Use] = {}


def use(function: Use) -> Use:
    """A use of a gradient, of a parameter and of what is kept from call to call."""
    USES[function.__name__] = function
    return function


@use
def clipped(w: Any, kept: dict[str, Any]) -> None:
    w.grad = np.clip(w.grad, -1.0, 0.5)


@use
def clipped_in_place(w: Any, kept: dict[str, Any]) -> None:
    np.clip(w.grad, -1.0, 0.5, out=w.grad)


@use
def scaled_to_a_norm(w: Any, kept: dict[str, Any]) -> Any:
    norm = np.linalg.norm(w.grad)
    w.grad *= np.minimum(1.0, 0.1 / (norm + 1e-6))
    return norm


@use
def scaled(w: Any, kept: dict[str, Any]) -> None:
    w.grad /= 4.0


@use
def rows_are_frozen(w: Any, kept: dict[str, Any]) -> None:
    w.grad[1:] = 0.0
    w.grad[0, ::2] += 1.0


@use
def masked(w: Any, kept: dict[str, Any]) -> None:
    w.grad[w.data > 0] = -1.0
    w.grad[np.isnan(w.grad)] = 0.0


@use
def of_a_view(w: Any, kept: dict[str, Any]) -> Any:
    row = w[0]
    row.grad[...] = np.sign(row.grad)
    return np.abs(row.grad).sum()


@use
def root_mean_square(w: Any, kept: dict[str, Any]) -> None:
    kept["s"] = 0.9 * kept["s"] + 0.1 * w.grad**2
    w.data -= 0.1 * w.grad / np.sqrt(kept["s"] + 1e-8)


@use
def momentum_in_place(w: Any, kept: dict[str, Any]) -> None:
    kept["s"] *= 0.9
    kept["s"] += np.tanh(w.grad)
    w.data -= 0.1 * kept["s"]


@use
def replaced_by_an_array(w: Any, kept: dict[str, Any]) -> None:
    w.grad = kept["s"] * 2.0


@use
def taken_away(w: Any, kept: dict[str, Any]) -> Any:
    g = w.grad
    w.null_grad()
    return np.exp(g)


@use
def taken_before_the_next(w: Any, kept: dict[str, Any]) -> Any:
    g = w.grad
    (w * 3.0).sum().backward()
    g[0] = 7.0
    return g + w.grad


@use
def by_the_optimizer(w: Any, kept: dict[str, Any]) -> None:
    w.grad = np.where(np.abs(w.grad) < 0.5, 0.0, w.grad)
    mg.optim.clip_by_value([w], 0.75)
    kept["optimizer"].step()


@use
def it_is_the_same(w: Any, kept: dict[str, Any]) -> Any:
    assert w.grad is w.grad
    assert w.grad.shape == w.shape and w.grad.dtype == w.dtype
    return np.mean(w.grad), np.max(w.grad), w.grad.T @ w.grad, w.grad.sum(axis=0)


def left(w: Any, kept: dict[str, Any], result: Any) -> list[Any]:
    results = result if isinstance(result, tuple) else () if result is None else (result,)
    return [w.data, w.grad, kept["s"], *results]


def parameter(order: str) -> Any:
    """A matrix that lies in C order or not, or that is a view of another tensor."""
    values = np.linspace(-2.0, 1.5, 12).reshape(3, 4)
    if order == "view":
        base = mg.tensor(np.concatenate([values, values]))
        return base[:3]
    return mg.tensor(np.array(values, order=order), copy=False)


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("order", ["C", "F", "view"])
def test_of_what_a_sweep_leaves(name: str, order: str) -> None:
    """Values, gradients and what is kept are what they are eagerly, after each of three calls."""
    seen = []
    for compiled in (False, True):
        w, kept = parameter(order), {"s": np.ones((3, 4))}
        kept["optimizer"] = mg.optim.SGD(w, learning_rate=0.5)

        def step(w: Any = w, kept: Any = kept) -> Any:
            (np.sin(w) * w).sum().backward()
            return USES[name](w, kept)

        run = mg.compile(step) if compiled else step
        seen.append([left(w, kept, run()) for _ in range(3)])
    for wanted, got in zip(*seen, strict=True):
        assert len(wanted) == len(got)
        for a, b in zip(wanted, got, strict=True):
            if a is None or b is None:
                assert a is b
            else:
                np.testing.assert_allclose(np.asarray(b), np.asarray(a), rtol=1e-12)


@pytest.mark.parametrize("name", [n for n in USES if n not in ("of_a_view", "taken_away")])
def test_of_what_was_there_before(name: str) -> None:
    """A function that has no sweep of its own uses and changes the gradient that it finds."""
    seen = []
    for compiled in (False, True):
        w, kept = parameter("C"), {"s": np.ones((3, 4))}
        kept["optimizer"] = mg.optim.SGD(w, learning_rate=0.5)

        def step(w: Any = w, kept: Any = kept) -> Any:
            return USES[name](w, kept)

        run = mg.compile(step) if compiled else step
        found = []
        for _ in range(3):
            (np.sin(w) * w).sum().backward()
            found.append([np.array(a) for a in left(w, kept, run())])
        seen.append(found)
    for wanted, got in zip(*seen, strict=True):
        for a, b in zip(wanted, got, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-12)


def test_an_array_comes_back() -> None:
    """The gradient that is returned is the array that the tensor has; also a part of it is one."""
    w = mg.tensor([1.0, 2.0])

    @mg.compile
    def step() -> Any:
        (w * w).sum().backward()
        w.grad[0] = 5.0
        return w.grad, w.grad[1:]

    for _ in range(2):
        whole, part = step()
        assert whole is w.grad and type(part) is np.ndarray
        np.testing.assert_array_equal(whole, [5.0, 4.0])
        np.testing.assert_array_equal(part, [4.0])


def test_what_is_only_read_is_left_alone() -> None:
    """A gradient that a function reads stays the very array that it was."""
    w = mg.tensor([3.0, 4.0])
    (w * w).sum().backward()
    before = w.grad
    norm = mg.compile(lambda: np.sqrt((w.grad**2).sum()))
    for _ in range(3):
        assert norm().item() == 10.0
        assert w.grad is before


def test_a_graph_on_a_gradient_is_refused() -> None:
    w = mg.tensor([3.0, 4.0])

    @mg.compile
    def step() -> None:
        (w**3).sum().backward(create_graph=True)

    with pytest.raises(mg.compile.CannotCompile, match="create_graph"):
        step()


def test_of_tensors_that_are_made_inside() -> None:
    """In functions of arrays, and of a tensor that is returned with its gradient."""

    def step(parameters: Any, x: Any) -> Any:
        w, b = (mg.tensor(p) for p in parameters)
        hidden = np.tanh(x @ w + b)
        (hidden**2).sum().backward()
        w.grad[0] = 0.0
        b.grad *= 0.5
        norm = np.sqrt(np.sum(hidden.grad**2))
        return w, b, norm, [w.data - np.clip(w.grad, -0.1, 0.1), np.sign(b.grad), hidden.grad]

    rng = np.random.default_rng(0)
    parameters, x = [rng.normal(size=(2, 3)), rng.normal(size=3)], rng.normal(size=(4, 2))
    compiled = mg.compile(step)
    for _ in range(2):
        wanted, got = step(parameters, x), compiled(parameters, x)
        assert type(got[3][2]) is np.ndarray
        for one, other in zip(wanted[:2], got[:2], strict=True):
            np.testing.assert_allclose(other.grad, one.grad, rtol=1e-12)
        for one, other in zip((*wanted[:3], *wanted[3]), (*got[:3], *got[3]), strict=True):
            one, other = (v.data if isinstance(v, mg.Tensor) else v for v in (one, other))
            np.testing.assert_allclose(other, one, rtol=1e-12)
