"""Compiled functions do what they do eagerly: values, gradients, and all that is written back."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from both_libraries import later_writes

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") != "numpy",
    reason="looks at NumPy's arrays; test_compiled_on_cupy.py does at CuPy's",
)


class Layer:
    """A model with parameters, a counter, and something that it remembers."""

    def __init__(self, dtype: str = "float64") -> None:
        rng = np.random.default_rng(0)
        self.w = mg.tensor(rng.uniform(-1, 1, (3, 2)).astype(dtype))
        self.b = mg.tensor(np.zeros(2, dtype))
        self.count = 0
        self.last: Any = None

    def __call__(self, x: Any) -> Any:
        return mg.tanh(x @ self.w + self.b)


X = np.linspace(-1, 1.7, 12).reshape(4, 3)


def trained(optimizer: str, compiled: bool, dtype: str, **options: Any) -> Any:
    model = Layer(dtype)
    steps = getattr(mg.optim, optimizer)(model, **options)

    def train(x: Any) -> Any:
        loss = (model(x) ** 2).mean()
        loss.backward()
        steps.step()
        model.count += 1
        model.last = loss * 2
        return loss

    run = mg.compile(train) if compiled else train
    losses = [run(X.astype(dtype)).item() for _ in range(6)]
    if compiled:  # once without a state of the optimiser, and once with one
        assert run.cache_info()[:2] == (4, 2)
    kept = [model.w.data, model.b.data, model.w.grad, model.b.grad, model.last.data]
    return losses, kept, steps.state_dict(), model.count


OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"learning_rate": 0.1}),
    "momentum and a schedule": (
        "SGD", {"momentum": 0.9, "learning_rate": mg.optim.schedules.Cosine(0.1, 4)},
    ),
    "Adam": ("Adam", {"learning_rate": 0.01}),
    "AdamW": ("AdamW", {"learning_rate": mg.optim.schedules.WarmUp(0.1, 3)}),
    "RMSprop": ("RMSprop", {"momentum": 0.5}),
    "Adagrad": ("Adagrad", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_steps(name: str) -> None:
    """Parameters, gradients, the state of the optimiser, counters and attributes."""
    kind, options = OPTIMIZERS[name]
    for dtype, close in (("float64", 1e-10), ("float32", 2e-5)):
        if dtype == "float32" and name != "Adam":
            continue
        mine, wanted = (trained(kind, c, dtype, **options) for c in (True, False))
        np.testing.assert_allclose(mine[0], wanted[0], rtol=close)
        for a, b in zip(mine[1], wanted[1], strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=close, atol=close)
        assert mine[2].keys() == wanted[2].keys()
        for key, value in wanted[2].items():
            np.testing.assert_allclose(mine[2][key], value, rtol=close, atol=close)
        assert mine[3] == wanted[3] == 6


def both(make: Callable[[], tuple[Callable[..., Any], list[Any]]], *args: Any) -> list[Any]:
    """What `make`'s function returns and leaves in the tensors, eagerly and compiled, twice."""
    ends = []
    for compiled in (False, True):
        function, tensors = make()
        function = mg.compile(function) if compiled else function
        seen = []
        for _ in range(2):
            result = function(*args)
            seen.append((result, [(t.data.copy(), t.grad) for t in tensors]))
        ends.append(seen)
    for (_, eager), (_, found) in zip(*ends, strict=True):
        for (data, grad), (data2, grad2) in zip(eager, found, strict=True):
            np.testing.assert_allclose(data2, data, rtol=1e-12)
            assert (grad is None) == (grad2 is None)
            if grad is not None:
                np.testing.assert_allclose(grad2, grad, rtol=1e-12)
    return ends[1]


def test_views_and_writes() -> None:
    """Through views that were made outside, and through `.data`."""

    def make() -> Any:
        p = mg.tensor(np.arange(1.0, 7).reshape(2, 3))
        row, column = p[0], p.T[1]

        def step(x: Any) -> Any:
            y = p * x
            y[0] += y[1] * column[0]
            y[1, :2] = 3 * row[:2]
            loss = (y**2).sum()
            loss.backward()
            grad = p.grad
            with mg.no_autodiff:
                p[...] -= 0.01 * grad
            column.data[0] = 0.5
            p.data *= 0.5
            row[2] = 7.0
            return loss, row, p.T, {"grad": grad, "others": [None, 3, "a"]}, p

        return step, [p, row, column]

    (loss, row, turned, others, p), _ = both(make, np.ones((2, 3)))[-1]
    assert row.base is p and turned.base is p and np.shares_memory(turned.data, p.data)
    assert others["others"] == [None, 3, "a"] and type(others["grad"]) is np.ndarray
    assert loss.dtype == np.float64


def test_detached_tensors_share_memory() -> None:
    def make() -> Any:
        p = mg.tensor(np.arange(4.0))
        outside = p.detach()

        def step() -> Any:
            inside = p.detach()
            p.data += 1.0
            (p * inside * outside).sum().backward()
            return inside

        return step, [p, outside]

    inside, _ = both(make)[-1]
    assert inside.constant


def test_a_graph_outside() -> None:
    """Gradients flow through a call to what it met and to what it was given, and to both twice."""
    w = mg.tensor([1.0, 2.0, 3.0])
    f = mg.compile(lambda x: ((w * x) ** 2).sum())
    x = mg.tensor([1.0, 1.0, 2.0])
    for _ in range(2):
        inner = x * 2
        (f(inner) * 3).backward()
        np.testing.assert_allclose(x.grad, 24 * x.data * w.data**2)
        np.testing.assert_allclose(w.grad, 24 * w.data * x.data**2)
    assert f.cache_info().misses == 1
    with mg.no_autodiff:
        assert f(x).creator is None


def test_several_results_and_what_is_detached() -> None:
    f = mg.compile(lambda x: [x * 2, {"y": (x * x.detach()).sum()}])
    x = mg.tensor([1.0, 3.0])
    a, b = f(x)
    (a.sum() + b["y"]).backward()
    np.testing.assert_allclose(x.grad, [3.0, 5.0])


def test_the_values_of_a_call_are_kept_for_its_gradient() -> None:
    later_writes(np)


def test_variables_written_into_tensors_from_outside() -> None:
    p, q = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])

    @mg.compile
    def write() -> None:
        p[0] = q[1] * 2

    write()
    (p * p).sum().backward()
    np.testing.assert_allclose(p.data, [8.0, 2.0])
    np.testing.assert_allclose(q.grad, [0.0, 32.0])


def test_transforms() -> None:
    """Of compiled functions, and in them; second derivatives inside, and an error outside."""
    x = mg.tensor([1.0, 2.0])
    cubes = mg.compile(lambda a: (a**3).sum())
    np.testing.assert_allclose(mg.grad(cubes)(x).data, [3.0, 12.0])
    np.testing.assert_allclose(mg.compile(mg.grad(cubes))(x).data, [3.0, 12.0])
    np.testing.assert_allclose(mg.vmap(cubes)(mg.ones((2, 3))).data, [3.0, 3.0])
    np.testing.assert_allclose(mg.compile(mg.hessian(cubes))(x).data, np.diag([6.0, 12.0]))


def test_nested() -> None:
    w = mg.tensor([2.0, 3.0])
    inner = mg.compile(lambda a: a * w)
    outer = mg.compile(lambda a: inner(a).sum())
    assert outer(mg.ones(2)).item() == 5.0
    w.data[0] = 5.0
    assert outer(mg.ones(2)).item() == 8.0
    assert inner.cache_info().misses == 0


def test_random_numbers() -> None:
    f = mg.compile(lambda: mg.random.normal(0.0, 1.0, (3,)))
    mg.random.seed(0)
    first, second = f().data, f().data
    mg.random.seed(0)
    np.testing.assert_array_equal(f().data, first)
    assert not np.allclose(first, second)
    assert f.cache_info().misses == 1
    many = mg.compile(lambda: (mg.random.rand(10_000), mg.random.randint(0, 5, 10_000)))
    evenly, integers = many()
    assert abs(evenly.data.mean() - 0.5) < 0.02 and set(integers.data.tolist()) == {0, 1, 2, 3, 4}


def test_operations_are_told_apart() -> None:
    """An operation that is bound to a name is not the one that was bound to it before."""
    chosen = [mg.tanh]
    step = mg.compile(lambda x: chosen[0](x))
    x = mg.tensor([0.5, 1.0])
    np.testing.assert_allclose(step(x), np.tanh(x.data))
    chosen[0] = mg.exp
    np.testing.assert_allclose(step(x), np.exp(x.data))


@pytest.mark.parametrize("constant", [None, True])
def test_tensors_of_data_that_come_in(constant: bool | None) -> None:
    """``mg.tensor(batch)`` in a step, of arrays and of tensors: a copy, without history."""
    w = mg.tensor([1.0, 2.0])

    def step(batch: Any) -> Any:
        x, kept = mg.tensor(batch, constant=constant, ndmin=2), mg.tensor(w, constant=True)
        kept *= 2.0
        loss = (x * w + kept).sum()
        loss.backward()
        return loss, x

    compiled, eager = mg.compile(step), step
    for batch in (np.ones(2), np.arange(2.0)):
        loss, x = eager(batch)
        grad = w.grad
        twin, y = compiled(batch)
        assert twin.item() == loss.item() and y.constant == x.constant and y.shape == x.shape
        np.testing.assert_array_equal(w.grad, grad)
        assert (y.grad is None) == (x.grad is None)
        if x.grad is not None:
            np.testing.assert_array_equal(y.grad, x.grad)
    assert w.tolist() == [1.0, 2.0]
