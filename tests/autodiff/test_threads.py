"""Several threads on the same leaves and raw arrays, and finalizers that run in the middle.

Races are looked for in two ways: by stopping one action at each of its lines in turn and running
another there, and by threads that change places as often as the interpreter lets them.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.autodiff import guard
from mygrad.autodiff.lost_gradients import tell
from mygrad.settings import lock
from mygrad.tensors.telling import ACTIONS

pytestmark = pytest.mark.numpy_only("this library cannot lock arrays, and threads are no concern")
PACKAGE = str(Path(mg.__file__).parent)
Action = Callable[[], Any]
Scenario = Callable[[], tuple[Action, Action, Callable[[Any, Any], None]]]


@contextmanager
def failures_are_seen(interval: float = 1e-6) -> Iterator[None]:
    """Threads change places often; what goes wrong in them, or in finalizers, is raised here."""
    failures: list[Any] = []
    hooks = threading.excepthook, sys.unraisablehook
    before = sys.getswitchinterval()
    threading.excepthook = lambda args: failures.append(args.exc_value)
    sys.unraisablehook = lambda args: failures.append(args.exc_value)
    sys.setswitchinterval(interval)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
        threading.excepthook, sys.unraisablehook = hooks
    if failures:
        raise failures[0]


def in_threads(work: Callable[[int], None], count: int = 4) -> None:
    threads = [threading.Thread(target=work, args=(k,)) for k in range(count)]
    with failures_are_seen():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads), "the threads wait for each other"


# --- one action in the middle of another ---------------------------------------------------------
def leaf(*values: float) -> Any:
    return mg.tensor(list(values))


def both_use_a_raw_array() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    x, c = leaf(1.0, 2.0), np.array([3.0, 4.0])

    def check(y: Any, z: Any) -> None:
        assert not c.flags.writeable
        del y
        assert not c.flags.writeable
        z.backward()
        del z
        assert x.grad.tolist() == [3, 4]
        assert c.flags.writeable

    return lambda: x * c, lambda: x * c, check


def a_graph_comes_as_the_last_one_goes() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    x, c = leaf(1.0, 2.0), np.arange(4.0)
    part, held = c[1:3], [x * c[1:3]]

    def check(z: Any, _: Any) -> None:
        assert not c.flags.writeable
        assert not part.flags.writeable
        z.clear_graph()
        assert c.flags.writeable
        assert part.flags.writeable

    return lambda: x * part, held.clear, check


def a_graph_comes_and_goes_as_another_goes() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    x, c = leaf(1.0, 2.0), np.arange(4.0)
    held = [x * c[1:3]]

    def check(_: Any, __: Any) -> None:
        assert c.flags.writeable

    return lambda: (x * c[:2]).backward(), held.clear, check


def both_use_a_new_leaf() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    x = leaf(1.0, 2.0)

    def check(y: Any, z: Any) -> None:
        y.backward()
        assert x.grad.tolist() == [2, 2]
        z.backward()
        assert x.grad.tolist() == [6, 12]
        x[...] = 0.0

    return lambda: x * 2.0, lambda: x * x * 3.0, check


def data_is_handed_out_as_a_graph_comes() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    t = leaf(1.0, 2.0)

    def check(data: Any, y: Any) -> None:
        assert not data.flags.writeable
        y.backward()
        assert t.grad.tolist() == [2, 4]
        data[0] = 5.0
        assert t.data[0] == 5

    return lambda: t.data, lambda: t * t, check


def data_is_handed_out_as_a_graph_goes() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    t = leaf(1.0, 2.0)
    held = [t * t]

    def check(data: Any, _: Any) -> None:
        data[0] = 5.0
        assert t.data[0] == 5

    return lambda: t.data, held.clear, check


def data_is_handed_out_as_a_graph_is_differentiated() -> tuple[Action, Action, Any]:
    t = leaf(1.0, 2.0)
    y = t * t

    def check(data: Any, _: Any) -> None:
        assert t.grad.tolist() == [2, 4]
        data[0] = 5.0
        assert t.data[0] == 5

    return lambda: t.data, y.backward, check


def an_array_is_adopted_as_a_graph_comes() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    x, c = leaf(1.0, 2.0), np.array([3.0, 4.0])

    def check(t: Any, y: Any) -> None:
        assert not c.flags.writeable
        t[0] = 100.0
        assert c[0] == 100
        y.backward()
        assert x.grad.tolist() == [3, 4]
        c[0] = 1.0

    return lambda: mg.tensor(c, copy=False), lambda: x * c, check


def an_array_is_adopted_as_a_graph_goes() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    x, c = leaf(1.0, 2.0), np.array([3.0, 4.0])
    held = [x * c]

    def check(t: Any, _: Any) -> None:
        assert c.flags.writeable
        t[0] = 100.0
        assert c[0] == 100

    return lambda: mg.tensor(c, copy=False), held.clear, check


def two_operands_are_written() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    u, v = x * 1.0, w * 1.0
    y = u * v

    def check(_: Any, __: Any) -> None:
        y.backward()
        assert x.grad.tolist() == [3, 4]
        assert w.grad.tolist() == [1, 2]

    return lambda: u.__setitem__(0, 100.0), lambda: v.__setitem__(0, 100.0), check


def readers_are_noted_as_dead_ones_are_forgotten() -> tuple[Action, Action, Any]:
    x = leaf(1.0, 2.0)
    for _ in range(15):
        x * x  # leaves 30 dead references

    left: list[Any] = []

    def squares() -> Any:
        p = leaf(1.0, 1.0)
        left.append(p)
        return x * p * x

    def exact(y: Any, z: Any) -> None:
        x[...] = 0.0
        for t in (y, z):
            t.backward()
        for p in left:
            assert p.grad.tolist() == [1, 4]

    return squares, squares, exact


def a_leaf_is_written_as_a_graph_comes() -> tuple[Action, Action, Callable[[Any, Any], None]]:
    x = leaf(1.0, 2.0)
    held = [x * x for _ in range(4)]

    def check(y: Any, _: Any) -> None:
        y.backward()
        held[0].backward()
        assert x.data.tolist() == [100, 2]

    return lambda: x * x, lambda: x.__setitem__(0, 100.0), check


SCENARIOS: list[Scenario] = [
    both_use_a_raw_array,
    a_graph_comes_as_the_last_one_goes,
    a_graph_comes_and_goes_as_another_goes,
    both_use_a_new_leaf,
    data_is_handed_out_as_a_graph_comes,
    data_is_handed_out_as_a_graph_goes,
    data_is_handed_out_as_a_graph_is_differentiated,
    an_array_is_adopted_as_a_graph_comes,
    an_array_is_adopted_as_a_graph_goes,
    two_operands_are_written,
    readers_are_noted_as_dead_ones_are_forgotten,
    a_leaf_is_written_as_a_graph_comes,
]


DROPS = [scenario for scenario in SCENARIOS if scenario.__name__.endswith("_goes")]
"""Those whose second action is to drop a graph."""


FINE = {"note_reader", "forget", "hold", "_lock", "_unlock", "buffer_of", "expose", "_share"}
"""The functions that are stopped at each of their instructions, not only at each line."""


def interrupted(action: Action, at: int, other: Action, finalizer: bool) -> tuple[list[Any], bool]:
    """What `action` returns, with `other` run in the middle, at place number `at`, if there is one.

    Threads change places anywhere, here before lines; finalizers run where something is called.
    """
    places = 0

    def watch(frame: Any, event: str, arg: Any) -> Any:
        nonlocal places
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = frame.f_code.co_name in FINE
        if finalizer or event == ("opcode" if frame.f_trace_opcodes else "line"):
            places += 1
            if places == at:
                switch(None)
                other()
                switch(watch)
        return watch

    switch = sys.setprofile if finalizer else sys.settrace
    switch(watch)
    try:
        return [action()], places >= at
    finally:
        switch(None)


def try_every_place(scenario: Scenario, swapped: bool = False, finalizer: bool = False) -> None:
    """Run one action of a scenario at each place of the other, each time from the beginning."""
    tried, more = 0, True
    gc.collect()
    gc.disable()
    try:
        with failures_are_seen(5e-3):
            while more:
                tried += 1
                first, second, check = scenario()
                if swapped:
                    first, second = second, first
                others: list[Any] = []

                def other(second: Action = second, others: list[Any] = others) -> None:
                    others.append(second())

                thread = threading.Thread(target=other)

                def start(thread: Any = thread, other: Action = other) -> None:
                    if finalizer:
                        other()
                    else:  # which waits for this thread if that holds the lock
                        thread.start()
                        thread.join(0.002 if lock._is_owned() else 60)  # type: ignore[attr-defined]

                results, more = interrupted(first, tried, start, finalizer)
                if more and not finalizer:
                    thread.join(60)
                    assert not thread.is_alive()
                if not others:
                    other()
                if swapped:
                    results, others = others, results
                check(results.pop(), others.pop())
                assert not guard._needed
    finally:
        gc.enable()
    assert tried > 3 or swapped  # what is dropped first may have nobody to tell


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_an_action_of_another_thread_at_every_line(scenario: Scenario, swapped: bool) -> None:
    try_every_place(scenario, swapped)


@pytest.mark.parametrize("scenario", DROPS, ids=lambda scenario: scenario.__name__)
def test_the_garbage_collector_drops_a_graph_at_every_call(scenario: Scenario) -> None:
    try_every_place(scenario, finalizer=True)


# --- threads that change places often ------------------------------------------------------------
def test_threads_that_share_a_raw_operand() -> None:
    """It is read-only as long as any of them needs it, and writeable in the end."""
    c = np.array([3.0, 4.0])

    def work(_: int) -> None:
        x, y = leaf(1.0, 2.0), None
        for k in range(400):
            y = x * c
            assert not c.flags.writeable
            if k % 3 == 0:
                y.backward()
                assert x.grad.tolist() == [3, 4]

    in_threads(work)
    assert c.flags.writeable
    assert not guard._needed


def test_writing_to_a_leaf_that_others_read() -> None:
    """What they read is up to them; that nothing breaks is up to us."""
    shared = leaf(1.0, 2.0)

    def work(k: int) -> None:
        x = leaf(1.0, 1.0)
        for n in range(300):
            if k:
                y = shared * x * shared
                y.backward()
                assert x.grad is not None
            else:
                shared[n % 2] = float(n)

    in_threads(work)
    assert shared.data.flags.writeable


def test_threads_that_share_everything() -> None:
    """Leaves, raw operands, the pool of memory, settings; each has its own gradients right."""
    weights = leaf(1.0, 2.0, 3.0)
    c, adopted = np.array([1.0, 2.0, 3.0]), np.ones(3)
    rows, large = np.arange(30.0).reshape(10, 3).copy(), np.ones((512, 512), np.float32)

    def losing(k: int) -> None:
        action: Any = ("error", "ignore", "warn")[k % 3]
        with mg.on_detach(action):
            assert tell.get() is ACTIONS[action]

    def overrides(k: int) -> None:
        x = leaf(1.0, 2.0, 3.0)
        with mg.no_autodiff:
            assert (x * c).creator is None
        with mg.mem_guard_off if k % 2 else mg.mem_guard_on, mg.backend("numpy"):
            assert mg.mem_guard_active() is (k % 2 == 0)
            (x * np.ones(3)).backward()
        assert mg.mem_guard_active()

    async def task(k: int) -> None:
        with mg.mem_guard_off if k % 2 else mg.mem_guard_on:
            await asyncio.sleep(0)
            assert mg.mem_guard_active() is (k % 2 == 0)
            with mg.no_autodiff:
                await asyncio.sleep(0)
                assert (weights * 2.0).creator is None
            await asyncio.sleep(0)
            assert mg.mem_guard_active() is (k % 2 == 0)

    async def tasks() -> None:
        await asyncio.gather(*[task(k) for k in range(4)])

    def graph(k: int) -> None:
        x = leaf(1.0, 2.0, 3.0)
        row = rows[k % 10]
        y = x * row + weights * x * c
        assert not rows.flags.writeable
        assert not c.flags.writeable
        (y * 1.0).backward()
        assert x.grad.tolist() == (row + np.array([1.0, 4.0, 9.0])).tolist()
        grad = weights.grad  # of any of the threads, or none
        assert grad is None or grad.shape == (3,)

    def writes(k: int) -> None:
        x = leaf(1.0, 2.0, 3.0)
        b = x * weights
        saved = b * c * b
        b[k % 3] = 100.0
        b[1:] *= c[1:]
        saved.sum().backward()
        assert x.grad.tolist() == (2 * x.data * c * [1, 4, 9]).tolist()

    def exposed(k: int) -> None:
        data = weights.data
        y = leaf(1.0, 2.0, 3.0) * weights
        assert not data.flags.writeable
        t = mg.tensor(adopted, copy=False)
        z = t * weights
        del y, z

    def pooled(k: int) -> None:
        x = mg.tensor(large * float(k % 7))
        (x * x).backward()
        assert (x.grad == 2 * (k % 7)).all()

    def garbage(_: int) -> None:
        cycle: list[Any] = [leaf(1.0, 2.0, 3.0) * c]
        cycle.append(cycle)

    def second_order(_: int) -> None:
        x = leaf(1.0, 2.0, 3.0)
        (x * x * c).backward(create_graph=True)
        x.grad.backward()
        assert x.grad.tolist() == [2, 4, 6]

    steps = [graph, graph, writes, exposed, overrides, losing, garbage, second_order]

    def work(number: int) -> None:
        rng = Random(number)
        for k in range(60):
            rng.choice(steps)(k)
            if k % 20 == 0:
                pooled(k + number)
                gc.collect(0)
            if k % 30 == number:
                asyncio.run(tasks())

    in_threads(work)
    gc.collect()
    assert c.flags.writeable
    assert rows.flags.writeable
    assert adopted.flags.writeable
    assert weights.data.flags.writeable
    assert not guard._needed
    assert tell.default is ACTIONS["warn"]
    assert mg.mem_guard_active()


def test_defaults_of_the_process_are_seen_in_all_threads() -> None:
    seen: list[Any] = []
    mg.turn_memory_guarding_off()
    mg.on_detach("ignore")
    with mg.mem_guard_on, mg.on_detach("error"):
        in_threads(lambda _: seen.append((mg.mem_guard_active(), tell.get())))
    assert seen == [(False, ACTIONS["ignore"])] * 4
    assert tell.get() is ACTIONS["ignore"]


def test_threads_that_choose_what_happens_where_a_gradient_is_lost() -> None:
    """Each is about to override the default when the other one does."""
    one, other = mg.on_detach("error"), mg.on_detach("ignore")
    for override in (one, other):
        with override:
            assert tell.get() is override._value
    assert tell.default is ACTIONS["warn"]


def test_overrides_leave_nothing_behind_in_their_context() -> None:
    import contextvars

    def count() -> int:
        for _ in range(50):
            with mg.backend("numpy"), mg.on_detach("ignore"), mg.no_autodiff:
                pass
        return len(contextvars.copy_context())

    assert count() == count()
