"""Thousands of calls, in several threads, too: no memory is kept, nothing is compiled again."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
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


# The long version: MYGRAD_PROGRAMS=50 makes 100,000 calls of it.
CALLS = max(400, round(2000 * float(os.environ.get("MYGRAD_PROGRAMS", "1"))))


def in_threads(*functions: Callable[[], None]) -> None:
    """Run functions at once, and raise what one of them raised."""
    errors: list[BaseException] = []

    def run(function: Callable[[], None]) -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_memory_is_flat() -> None:
    """A training step with an optimiser, on new data each time."""
    w, b = mg.tensor(np.full((10, 4), 0.1)), mg.tensor(np.zeros(4))
    optimizer = mg.optim.Adam([w, b], learning_rate=1e-4)

    @mg.compile
    def step(x: Any) -> Any:
        loss = ((x @ w + b - 1.0) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    data = np.random.default_rng(0).uniform(-1, 1, (7, 5, 10))

    def call(times: int) -> None:
        for k in range(times):
            step(data[k % 7].copy())

    call(CALLS // 4)
    gc.collect()
    tracemalloc.start()
    try:
        call(20)
        gc.collect()
        objects, (bytes_before, _) = len(gc.get_objects()), tracemalloc.get_traced_memory()
        call(CALLS)
        gc.collect()
        assert len(gc.get_objects()) - objects < 50
        assert tracemalloc.get_traced_memory()[0] - bytes_before < 20_000
    finally:
        tracemalloc.stop()
    assert step.cache_info().misses == 2  # without a state of the optimiser, and with one
    assert optimizer.steps == CALLS + CALLS // 4 + 20


def test_graphs_that_are_dropped() -> None:
    """Results with a graph outside, which most calls do not differentiate."""
    w = mg.tensor(np.ones(50))
    f = mg.compile(lambda x: ((w * x).sum(), w + x))
    x = np.ones(50)
    kept = None
    for k in range(CALLS // 4):
        kept = f(x)
        if k == CALLS // 8:
            gc.collect()
            before = len(gc.get_objects())
    gc.collect()
    assert len(gc.get_objects()) - before < 50
    assert kept is not None
    kept[0].backward()
    assert w.grad.tolist() == [1.0] * 50 and f.cache_info().misses == 1


def test_two_threads() -> None:
    p = mg.tensor(np.zeros(4))

    @mg.compile
    def step(x: Any) -> Any:
        loss = ((p - x) ** 2).sum()
        loss.backward()
        p.data -= 0.0 * p.grad
        return loss

    def run(k: int) -> None:
        for _ in range(200):
            assert step(mg.tensor(np.full(4, float(k)))).item() == 4 * k * k

    in_threads(lambda: run(1), lambda: run(2))
    assert step.cache_info() == (399, 1, 64, 1)


def test_two_functions_that_share_parameters() -> None:
    """Each call is as if it were alone: they commute, so that the end is known."""
    p, count = mg.tensor(np.zeros(3)), {"calls": 0}

    @mg.compile
    def up(x: Any) -> Any:
        (p * x).sum().backward()
        p.data += p.grad
        count["calls"] += 1
        return p.grad

    @mg.compile
    def down(x: Any) -> Any:
        view = p[1:]
        view -= x
        count["calls"] += 1
        return view

    x = mg.tensor(np.array([1.0, 2.0, 3.0]))

    def rise() -> None:
        for _ in range(300):
            assert up(x).tolist() == [1.0, 2.0, 3.0]

    def fall() -> None:
        for _ in range(300):
            assert down(1.0).base is p

    in_threads(rise, fall, rise)
    assert p.data.tolist() == [600.0, 900.0, 1500.0] and count == {"calls": 900}


def test_threads_that_trace() -> None:
    """Many shapes at once: traces take turns, and calls wait for them."""
    w = mg.tensor(2.0)
    double = mg.compile(lambda x: (x * w).sum())

    def run(first: int) -> None:
        for n in range(first, 12, 2):
            for _ in range(3):
                assert double(np.ones(n)).item() == 2.0 * n

    in_threads(lambda: run(1), lambda: run(2), lambda: run(1))
    assert double.cache_info().misses == 11 and type(w.data) is np.ndarray
