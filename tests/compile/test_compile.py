"""Compiled functions do what they do eagerly: values, gradients, and all that is written back."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

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
    """Writes that come later do not change the gradient."""
    x, scale = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    w = x * 1.0
    y = mg.compile(lambda s: (w * w * s).sum())(scale)
    scale[:] = 0.0
    w[...] = 0.0
    y.backward()
    np.testing.assert_allclose(x.grad, [6.0, 16.0])


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
    with pytest.raises(mg.errors.InvalidBackprop, match="derivatives of derivatives"):
        mg.grad(lambda a: mg.grad(cubes)(a).sum())(x)
    with mg.compile.disabled():
        mg.grad(lambda a: mg.grad(cubes)(a).sum())(x)


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


# --- what decides which program runs --------------------------------------------------------------
def test_attributes_may_be_rebound() -> None:
    class Model:
        def __init__(self) -> None:
            self.w, self.scale, self.training = mg.tensor([1.0, 2.0]), 2.0, True

    model = Model()
    f = mg.compile(lambda: model.w * model.scale if model.training else model.w)
    assert f().data.tolist() == [2.0, 4.0]
    model.w = mg.tensor([5.0, 6.0])
    assert f().data.tolist() == [10.0, 12.0] and f.cache_info().misses == 1
    model.w = mg.tensor([1.0, 1.0, 1.0])
    assert f().shape == (3,)
    model.training = False
    assert f().data.tolist() == [1.0, 1.0, 1.0]
    assert f.cache_info().misses == 3


def test_methods_and_running_statistics() -> None:
    class Norm:
        def __init__(self) -> None:
            self.mean = mg.zeros(2, dtype="float64", constant=True)
            self.training = True

        @mg.compile
        def __call__(self, x: Any) -> Any:
            if self.training:
                self.mean = 0.9 * self.mean + 0.1 * x.mean(0).detach()
            return x - self.mean

    one, two = Norm(), Norm()
    x = mg.tensor(np.ones((3, 2)))
    for _ in range(4):
        result = one(x)
    np.testing.assert_allclose(one.mean.data, 1 - 0.9**4)
    np.testing.assert_allclose(result.data, 0.9**4)
    assert one.mean.constant and not two.mean.data.any()
    one.training, mean = False, one.mean
    one(x)
    assert one.mean is mean


def test_containers() -> None:
    """What is appended, set and deleted."""
    history: list[Any] = []
    found: dict[str, Any] = {"old": 1, "x": None}

    @mg.compile
    def step(x: Any) -> None:
        history.append((x * 2).sum())
        found["x"] = [x * 3, 4]
        found.pop("old", None)

    for k in range(4):
        step(mg.tensor([1.0 * k]))
    assert [h.item() for h in history] == [0.0, 2.0, 4.0, 6.0]
    assert found["x"][0].item() == 9.0 and found["x"][1] == 4 and "old" not in found


def test_numbers() -> None:
    x = mg.tensor([1.0, 2.0], dtype="float32")
    scaled = mg.compile(lambda x, rate: x * rate, dynamic=("rate",))
    for k in range(4):
        result = scaled(x, 0.5 * k)
        assert result.dtype == np.float32 and result.data.tolist() == [0.5 * k, 1.0 * k]
    assert scaled.cache_info().misses == 1
    static = mg.compile(lambda x, n: sum(x for _ in range(n)))
    assert [static(x, n).data[0] for n in (1, 2, 3, 2)] == [1, 2, 3, 2]
    assert static.cache_info().misses == 3


def test_numbers_that_change() -> None:
    """A number that was another one becomes an input; what Python decides by it is looked at."""

    class State:
        rate, count = 0.5, 0

    state = State()
    state.rate, state.count = 0.5, 0

    @mg.compile
    def step(x: Any) -> Any:
        state.count += 1
        return x * (10 if state.count % 3 == 0 else state.rate)

    found = []
    for k in range(7):
        state.rate = 1.0 + k
        found.append(step(mg.tensor(1.0)).item())
    assert found == [1, 2, 10, 4, 5, 10, 7] and state.count == 7
    assert step.cache_info().misses <= 4


def test_raw_arrays() -> None:
    """By closure they are inputs; as arguments they are written back."""
    data = np.arange(6.0).reshape(3, 2)
    row = mg.compile(lambda k: (mg.tensor([1.0, 1.0]) * data[k]).sum())
    assert row(1).item() == 5.0
    data[1] = 10.0
    assert row(1).item() == 20.0 and row.cache_info().misses == 1

    def double(a: Any) -> Any:
        a[0] = a.sum()
        a *= 2
        return a

    a = np.ones(3)
    assert mg.compile(double)(a) is a and a.tolist() == [6.0, 2.0, 2.0]


def test_arguments_that_share_memory() -> None:
    def move(a: Any, b: Any) -> None:
        a[:2] += 1.0
        b *= 2.0

    compiled = mg.compile(move)
    for together in (False, True, False):
        ends = []
        for function in (move, compiled):
            x = mg.tensor(np.arange(3.0), constant=True)
            b = x[1:] if together else mg.tensor(np.arange(2.0), constant=True)
            function(x, b)
            ends.append((x.data.tolist(), b.data.tolist()))
        assert ends[0] == ends[1]
    assert compiled.cache_info()[:2] == (1, 2)


def test_float64_stays_and_so_does_the_switch_of_jax() -> None:
    import jax

    before = jax.config.jax_enable_x64
    y = mg.compile(lambda x: x / 3)(mg.tensor(np.array([1.0]), dtype="float64"))
    assert y.dtype == np.float64 and y.item() == 1 / 3
    assert jax.config.jax_enable_x64 == before


def test_a_failed_trace_changes_nothing() -> None:
    p, w = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    view, table, items = p[1:], {"a": 1}, [p]

    @mg.compile
    def fails() -> None:
        p[0] = 7.0
        table["b"], table["a"] = p * 2, 5
        items.append(3)
        (w * 2).sum().backward()
        view[0] = 3.0
        p.data = np.zeros(3)
        raise KeyError("on purpose")

    with pytest.raises(KeyError, match="on purpose"):
        fails()
    assert p.data.tolist() == [1.0, 2.0] and view.data.tolist() == [2.0] and view.base is p
    assert table == {"a": 1} and len(items) == 1 and w.grad is None


def test_a_tensor_that_was_not_found() -> None:
    """A weak reference hides it from the walk; it is an input all the same."""
    p = mg.tensor([1.0, 2.0])
    hidden = weakref.ref(p)
    f = mg.compile(lambda t: (t * hidden()).sum())
    x = mg.tensor([1.0, 2.0])
    assert f(x).item() == 5.0
    p.data[0] = 5.0
    assert f(x).item() == 9.0


def test_disabled_and_explain() -> None:
    w = mg.tensor([1.0, 2.0])
    calls = []
    f = mg.compile(lambda x: calls.append(1) or x * w)
    x = mg.ones(2)
    with mg.compile.disabled():
        f(x)
        f(x)
    assert f.cache_info().misses == 0 and len(calls) == 2
    f(x)
    f(mg.ones((3, 2)))
    text = f.explain()
    assert "first call" in text and "arguments" in text and "w" in text
    f.cache_clear()
    assert f.cache_info() == (0, 0, 64, 0)


def test_the_cache_is_bounded() -> None:
    f = mg.compile(lambda x: x + 1, maxsize=2)
    for n in (1, 2, 3, 1):
        f(mg.ones(n))
    assert f.cache_info() == (0, 4, 2, 2)


def test_two_threads() -> None:
    p = mg.tensor(np.zeros(4))

    @mg.compile
    def step(x: Any) -> Any:
        loss = ((p - x) ** 2).sum()
        loss.backward()
        p.data -= 0.0 * p.grad
        return loss

    wrong: list[Any] = []

    def run(k: int) -> None:
        for _ in range(100):
            found = step(mg.tensor(np.full(4, float(k)))).item()
            if found != 4 * k * k:
                wrong.append(found)

    threads = [threading.Thread(target=run, args=(k,)) for k in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and step.cache_info() == (199, 1, 64, 1)


def test_memory_is_flat() -> None:
    p = mg.tensor(np.zeros(10))

    @mg.compile
    def step(x: Any) -> Any:
        loss = ((p - x) ** 2).sum()
        loss.backward()
        p.data -= 0.1 * p.grad
        return loss

    x = mg.tensor(np.ones(10))
    for _ in range(20):
        step(x)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(500):
        step(x)
    gc.collect()
    assert len(gc.get_objects()) - before < 50
    assert step.cache_info().misses == 1


# --- what is refused ------------------------------------------------------------------------------
def branches(t: Any) -> Any:
    if t.sum() > 0:
        return t
    return -t


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "a branch": (branches, r"branches on a value.*test_compile.*if t\.sum\(\) > 0.*mg\.where"),
    "a number": (lambda t: t.sum().item(), r"asked for by Python.*test_compile"),
    "an integer": (lambda t: list(range(t.astype(int)[0])), r"as a Python integer"),
    "an array": (lambda t: np.linalg.eigvals(np.asarray(t)), r"into a NumPy array.*test_compile"),
    "a mask": (lambda t: t[t > 1], r"depends on values.*mg\.where"),
    "NumPy's random numbers": (lambda t: t * np.random.rand(), r"random numbers of NumPy"),
    "a backward() that goes on outside": (
        lambda t: (t * 2).sum().backward(), r"a graph was recorded outside|graph was recorded",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    function, message = REFUSED[name]
    with pytest.raises(mg.compile.CannotCompile, match=message):
        mg.compile(function)(mg.tensor([1.0, 2.0]) * 1.0)


def test_fallback() -> None:
    f = mg.compile(branches, fallback=True)
    x = mg.tensor([-1.0, 2.0])
    with pytest.warns(UserWarning, match="runs eagerly from here on"):
        assert f(x) is x
    assert f(-x).data.tolist() == [-1.0, 2.0]
    assert "eagerly" in f.explain()


def test_operations_are_told_apart() -> None:
    """An operation that is bound to a name is not the one that was bound to it before."""
    chosen = [mg.tanh]
    step = mg.compile(lambda x: chosen[0](x))
    x = mg.tensor([0.5, 1.0])
    np.testing.assert_allclose(step(x), np.tanh(x.data))
    chosen[0] = mg.exp
    np.testing.assert_allclose(step(x), np.exp(x.data))
