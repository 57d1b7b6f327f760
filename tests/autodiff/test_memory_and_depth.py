"""Cost of in-place writes, depth of graphs, and when memory is given back."""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

import numpy as np
import pytest
from programs import BACKEND, to_host

import mygrad as mg

SLOW = BACKEND != "numpy"
DEPTH = 5_000 if SLOW else 200_000
WRITES = 5_000 if SLOW else 1_000_000
DROPPED = 2_000 if SLOW else 50_000
host_memory = pytest.mark.numpy_only("what is allocated elsewhere is not seen here")


@contextmanager
def no_collector() -> Iterator[None]:
    """Without the cyclic garbage collector, so that reference counts alone free memory."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds(function: Callable[[], Any]) -> float:
    """The processor time that a call takes, which others on the machine hardly change.

    What the garbage collector has to do with the objects of other tests is not counted.
    """
    times = []
    gc.collect()
    gc.freeze()
    try:
        for _ in range(3):
            start = time.process_time()
            function()
            times.append(time.process_time() - start)
    finally:
        gc.unfreeze()
    return min(times)


def peak(function: Callable[[], Any]) -> int:
    """The most memory, in bytes, that a call holds at once."""
    gc.collect()
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def ones_tensor(*shape: int, constant: bool = False) -> mg.Tensor:
    return mg.tensor(np.ones(shape), constant=constant)


# --- the cost of in-place writes --------------------------------------------------------
def fill_rows(n: int, create_graph: bool = False) -> mg.Tensor:
    """Fill an (n, 200) tensor row by row, each from the one before, and differentiate."""
    first, factor = ones_tensor(200), mg.tensor(np.full(200, 0.999))
    x = mg.tensor(np.zeros((n, 200)), copy=False)
    x[0, ...] = first
    for i in range(1, n):
        x[i, ...] = x[i - 1, ...] * factor
    x.sum().backward(create_graph=create_graph)
    return first


def fill_columns(n: int, create_graph: bool = False) -> mg.Tensor:
    """Fill a (200, n) tensor column by column, each from the one before."""
    first, factor = ones_tensor(200), mg.tensor(np.full(200, 0.999))
    x = mg.tensor(np.zeros((200, n)), copy=False)
    x[:, 0] = first
    for i in range(1, n):
        x[:, i] = x[:, i - 1] * factor
    x.sum().backward(create_graph=create_graph)
    return first


@pytest.mark.parametrize("fill", [fill_rows, fill_columns])
@pytest.mark.parametrize("create_graph", [False, True])
def test_filling_piece_by_piece_is_right(fill: Any, create_graph: bool) -> None:
    first = fill(20, create_graph)
    np.testing.assert_allclose(to_host(first.grad), sum(0.999**k for k in range(20)), rtol=1e-12)


@host_memory
@pytest.mark.parametrize("fill", [fill_rows, fill_columns])
@pytest.mark.parametrize(
    ("create_graph", "small", "large"), [(False, 500, 4000), (True, 200, 1600)]
)
def test_filling_takes_time_linear_in_what_is_written(
    fill: Any, create_graph: bool, small: int, large: int
) -> None:
    fill(10, create_graph)
    ratio = seconds(lambda: fill(large, create_graph)) / seconds(lambda: fill(small, create_graph))
    assert ratio < 3 * large / small  # quadratic would be 8 times that of linear, not 3


@host_memory
@pytest.mark.parametrize("fill", [fill_rows, fill_columns])
@pytest.mark.parametrize("create_graph", [False, True])
def test_filling_takes_memory_linear_in_what_is_written(fill: Any, create_graph: bool) -> None:
    small = peak(lambda: fill(100, create_graph))
    large = peak(lambda: fill(800, create_graph))
    assert large < 1.5 * 8 * small


# --- depth ------------------------------------------------------------------------------
def chain(n: int) -> mg.Tensor:
    x = mg.tensor(1.0)
    y = x
    for _ in range(n):
        y = y + 1.0
    y.backward()
    return x


def views(n: int) -> mg.Tensor:
    x = ones_tensor(4)
    y = x
    for _ in range(n):
        y = y[...]
    y.backward()
    return x


def updates(n: int) -> mg.Tensor:
    a = ones_tensor(4)
    x = +a
    for _ in range(n):
        x *= 1.0
    x.backward()
    return a


@pytest.mark.parametrize("build", [chain, views, updates])
def test_a_deep_graph_differentiates_and_is_freed(build: Callable[[int], mg.Tensor]) -> None:
    """No recursion anywhere: the limit would be met 1,000 times over."""
    limit = sys.getrecursionlimit()
    x = build(DEPTH)
    np.testing.assert_allclose(to_host(x.grad), np.ones(x.shape))
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("step", [lambda y: y * 1.0, lambda y: y[...]])
def test_a_deep_graph_that_is_never_differentiated_is_freed(step: Any) -> None:
    with no_collector():
        x = ones_tensor(2)
        y = step(+x)
        freed = ref(y)
        for _ in range(DEPTH):
            y = step(y)
        del y
        assert freed() is None


def test_a_deep_graph_of_writes_that_is_never_differentiated_is_freed() -> None:
    v, x = mg.tensor(2.0), ones_tensor(3)
    freed = ref(x)
    with no_collector():
        for _ in range(DEPTH):
            x[0] = v
        del x
        assert freed() is None


@host_memory
@pytest.mark.parametrize("build", [chain, views, updates])
def test_the_cost_of_an_operation_is_flat_in_depth(build: Callable[[int], mg.Tensor]) -> None:
    build(100)
    assert seconds(lambda: build(40_000)) < 3 * 8 * seconds(lambda: build(5_000))


@host_memory
def test_a_chain_of_views_is_stored_collapsed() -> None:
    assert peak(lambda: views(10_000)) < peak(lambda: views(10)) + 50_000


# --- loops that run for ever ------------------------------------------------------------
WARM = 2500  # CPython keeps up to 2,000 dead tuples of each length for later
# use, and forgets them in a full collection.


@pytest.mark.parametrize("constant", [False, True])
def test_writing_constants_for_ever_takes_flat_memory(constant: bool) -> None:
    x = ones_tensor(3, constant=constant)

    def write(n: int) -> None:
        for _ in range(n):
            x[0] = 2.0

    with no_collector():
        write(WARM)
        before = sys.getallocatedblocks()
        write(WRITES)
        assert sys.getallocatedblocks() - before < 1000
    x.backward()


@pytest.mark.raw_arithmetic
def test_a_training_loop_takes_flat_memory() -> None:
    p, q = ones_tensor(3), ones_tensor(3, 3)
    view = q.T

    def train(n: int) -> None:
        for _ in range(n):
            (view * p * np.ones(3)).sum().backward()
            p.data -= 1e-9 * p.grad
            q[0, ...] = 1.0

    with no_collector():
        train(1200 if SLOW else WARM)
        before = sys.getallocatedblocks()
        train(200 if SLOW else 3000)
        assert sys.getallocatedblocks() - before < 500


@pytest.mark.parametrize(
    "drop",
    [
        lambda x, c: x * x,
        lambda x, c: x * c,
        lambda x, c: x[:1],
        lambda x, c: x[[0, 1]],
        lambda x, c: (x * 2.0)[0, ...].sum(),
        lambda x, c: mg.reshape(x, (2, 1)) * x,
    ],
    ids=["x*x", "x*constant", "view", "gather", "chain", "view and operation"],
)
def test_dropped_results_leave_nothing_behind(drop: Any) -> None:
    x, c = ones_tensor(2), ones_tensor(2, constant=True)
    with no_collector():
        for _ in range(WARM):
            drop(x, c)
        before, blocks = len(gc.get_objects()), sys.getallocatedblocks()
        for _ in range(DROPPED):
            drop(x, c)
        assert len(gc.get_objects()) - before < 100
        assert sys.getallocatedblocks() - blocks < 500
        assert gc.collect() < 50


# --- freed at once ----------------------------------------------------------------------
def test_a_dropped_result_frees_its_graph_at_once() -> None:
    x = ones_tensor(3)
    with no_collector():
        y = x * 2.0
        z = y**2
        middle = ref(y)
        del y
        last = z.sum()
        del z
        assert last.creator is not None
        record = ref(last.creator)
        del last
        assert middle() is None and record() is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_tensors_in_a_graph_are_freed_when_it_is(create_graph: bool) -> None:
    with no_collector():
        x = ones_tensor(3)
        y = x * x
        x[0] = 3.0
        z = (y * x[1:].sum()).sum()
        z.backward(create_graph=create_graph)
        freed = [ref(t) for t in (y, z)]
        x.null_grad()
        del y, z
        assert [f() for f in freed] == [None, None]


@host_memory
def test_dropping_a_result_gives_its_memory_back() -> None:
    x = ones_tensor(1000, 100)
    with no_collector():
        tracemalloc.start()
        try:
            y = mg.exp(x * x)
            held = tracemalloc.get_traced_memory()[0]
            del y
            left = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
    assert held > 800_000 and left < 20_000  # of the two results only exp's is needed


@host_memory
def test_backward_gives_the_memory_of_the_graph_back() -> None:
    x = ones_tensor(1000, 100)
    with no_collector():
        tracemalloc.start()
        try:
            loss = mg.exp(mg.exp(x * x) * 0.1).sum()
            held = tracemalloc.get_traced_memory()[0]
            loss.backward()
            left = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
    assert held > 1_600_000
    assert left < 820_000  # x.grad, and nothing else
    assert loss.creator is None


def test_a_view_keeps_its_base_and_nothing_else() -> None:
    with no_collector():
        x = ones_tensor(3)
        base = x * 2.0
        view = base[1:]
        alive = ref(base)
        del base
        assert alive() is not None and view.base is alive()
        del view
        assert alive() is None


def test_an_error_in_the_middle_leaves_nothing_behind() -> None:
    x = ones_tensor(3)
    with pytest.raises(ValueError):
        x * np.ones(4)
    with no_collector():
        before = sys.getallocatedblocks()
        for _ in range(200):
            try:
                x * np.ones(4)
            except ValueError:
                pass
        gc.collect()  # tracebacks are cycles, and Python's own
        assert sys.getallocatedblocks() - before < 500
    assert x.creator is None and x.grad is None
