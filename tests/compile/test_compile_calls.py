"""Which program serves a call, and what a call does to what is outside."""

from __future__ import annotations

import os
import weakref
from typing import Any

import numpy as np
import pytest
from both_libraries import raw_arrays

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") != "numpy",
    reason="looks at NumPy's arrays; test_compiled_on_cupy.py does at CuPy's",
)


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
    raw_arrays(np)


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


def test_lists_that_are_appended_to() -> None:
    """One program, if nothing else is done with them; also where the list itself is returned."""
    history: list[Any] = []

    class Log:
        def __init__(self) -> None:
            self.rows: list[Any] = []

    log = Log()

    @mg.compile
    def step(x: Any) -> Any:
        history.append(x * 2)
        log.rows += [x, 3]
        log.rows.extend((x.sum(),))
        return history

    for k in range(4):
        assert step(mg.tensor([1.0 + k])) is history
    assert [t.item() for t in history] == [2.0, 4.0, 6.0, 8.0] and len(log.rows) == 12
    assert log.rows[1] == 3 and log.rows[-1].item() == 4.0 and type(history) is list
    assert step.cache_info()[:2] == (3, 1)


@pytest.mark.parametrize("read", [len, lambda h: sum(1 for _ in h), lambda h: h[-1] if h else 0])
def test_lists_that_are_appended_to_and_read(read: Any) -> None:
    """What is read is not that of the first call."""
    ends = []
    for compiled in (lambda f: f, mg.compile):
        history: list[Any] = []

        @compiled
        def step(x: Any, history: list[Any] = history) -> Any:
            y = (x * read(history)).sum() + 1.0
            history.append(y.detach())
            return y

        ends.append(([step(mg.tensor([2.0])).item() for _ in range(4)], len(history)))
    assert ends[0] == ends[1]


def test_programs_make_room_for_others() -> None:
    """The one that was not used for longest goes; calls that it served are served again."""
    f = mg.compile(lambda x: x * 2, maxsize=2)
    for n in (1, 2, 1, 3, 1, 2, 3, 3, 1):
        np.testing.assert_array_equal(f(mg.ones(n)).data, np.full(n, 2.0))
    assert f.cache_info() == (3, 6, 2, 2)


def test_a_run_ends_as_a_whole() -> None:
    """Calls wait for the last result of a program: then the others are there, too."""
    import jax

    def compute(x: Any) -> Any:
        y = x
        for _ in range(30):
            y = jax.numpy.tanh(y @ x)
        return y, y.sum(), jax.numpy.sin(x[0, 0])

    run, x, pending = jax.jit(compute), jax.numpy.ones((300, 300)) / 300, 0
    for _ in range(20):
        results = run(x)
        pending += not results[-1].is_ready()
        results[-1].block_until_ready()
        assert all(result.is_ready() for result in results)
    assert pending  # else this shows nothing


def test_arguments_that_come_again_lie_in_memory_of_programs() -> None:
    """They are not copied in and out at each call, unless somebody else holds their arrays."""
    w, held, x = mg.tensor(np.ones(40_000)), mg.tensor(np.ones(40_000)), mg.tensor(np.ones(40_000))
    array = held.data

    @mg.compile
    def step(w: Any, held: Any, x: Any) -> None:
        w.data -= 0.5 * x.data
        held.data -= 0.25 * x.data

    addresses = []
    for _ in range(4):
        step(w, held, x)
        addresses.append([t.data.ctypes.data for t in (w, held, x)])
    np.testing.assert_array_equal(w.data, np.full(40_000, -1.0))
    np.testing.assert_array_equal(array, np.full(40_000, 0.0))
    assert held.data is array
    assert addresses[1:] == [addresses[1]] * 3
    assert addresses[1][0] % 64 == addresses[1][2] % 64 == 0
    (binding,) = step._bindings.values()
    kinds = [type(binding.feed(t._data)).__name__ for t in (w, held, x)]
    assert kinds == ["Memory", "Plain", "Memory"]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_interrupts(before: bool, given: bool) -> None:
    """Before the program has begun nothing is changed; inside of JAX what it had is lost."""
    w = mg.tensor([1.0, 2.0])
    arguments = (w,) if given else ()

    @mg.compile
    def step(*ts: Any) -> None:
        (t,) = ts or (w,)
        t.data -= 0.5 * t.data

    for _ in range(3):
        step(*arguments)
    (binding,) = step._bindings.values()
    ((_, _, entry),) = next(iter(binding.plans.values()))
    call = entry.program.call

    def interrupted(*inputs: Any) -> Any:
        if not before:
            call(*inputs)
        raise KeyboardInterrupt

    entry.program.call = interrupted
    with pytest.raises(KeyboardInterrupt) as caught:
        step(*arguments)
    entry.program.call = call
    if before:
        np.testing.assert_array_equal(w.data, [0.125, 0.25])
        step(*arguments)
        np.testing.assert_array_equal(w.data, [0.0625, 0.125])
    else:
        assert np.isnan(w.data).all() and "they are NaN" in caught.value.__notes__[0]
        w.data = np.ones(2)
        step(*arguments)
        np.testing.assert_array_equal(w.data, [0.5, 0.5])
