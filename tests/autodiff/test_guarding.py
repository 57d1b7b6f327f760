"""Memory guarding, data that users assign, and what packages in the wild read and import."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg

numpy_locks = pytest.mark.numpy_only("this library cannot lock arrays")


# --- 13: memory guarding -----------------------------------------------------------------------
@numpy_locks
def test_raw_operands_are_read_only_while_a_graph_needs_them() -> None:
    x, c = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    y = x * c
    assert not c.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        c[0] = 9.0
    y.backward()
    assert c.flags.writeable


@numpy_locks
def test_dropping_the_graph_releases_too() -> None:
    x, c = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    y, z = x * c, x / c
    del y
    assert not c.flags.writeable
    del z
    assert c.flags.writeable


@numpy_locks
def test_views_of_raw_operands_are_locked_with_their_base() -> None:
    x, c = mg.tensor([1.0, 2.0]), np.arange(4.0)
    part = c[1:3]
    y = x * part
    assert not part.flags.writeable
    assert not c.flags.writeable
    y.clear_graph()
    assert part.flags.writeable
    assert c.flags.writeable


@numpy_locks
def test_handed_out_data_is_locked() -> None:
    x = mg.tensor([1.0, 2.0])
    data = x.data
    assert data.flags.writeable
    y = x * x
    assert not data.flags.writeable
    assert not x.data.flags.writeable
    y.backward()
    assert data.flags.writeable
    later = x * x
    assert not data.flags.writeable
    later.clear_graph()
    assert data.flags.writeable


@numpy_locks
def test_shared_memory_is_locked() -> None:
    a = np.array([1.0, 2.0])
    x = mg.tensor(a, copy=False)
    assert np.shares_memory(x.data, a)
    y = x * x
    assert not a.flags.writeable
    x[0] = 5.0
    assert a[0] == 5.0
    y.backward()
    assert a.flags.writeable
    assert host(x).tolist() == [5, 2]


@numpy_locks
@pytest.mark.parametrize("guard", [True, False])
def test_two_tensors_on_the_same_raw_memory_are_one_for_protection(guard: bool) -> None:
    x, c = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    backwards = c[::-1]
    with mg.mem_guard_on if guard else mg.mem_guard_off:
        y = x * c
        t, u = mg.tensor(c, copy=False), mg.tensor(backwards, copy=False)
        z = t * t
        u[0] = 100.0
    assert host(t).tolist() == c.tolist() == [3, 100]
    y.backward()
    assert x.grad.tolist() == [3, 4]
    z.backward()
    assert t.grad is None or t.grad.tolist() == [6, 8]
    assert c.flags.writeable


@numpy_locks
def test_natively_read_only_data_stays_so() -> None:
    c = np.array([3.0, 4.0])
    c.flags.writeable = False
    y = mg.tensor([1.0, 2.0]) * c
    y.backward()
    assert not c.flags.writeable
    t = mg.tensor(c, copy=False)
    with pytest.raises(ValueError, match="read-only"):
        t[0] = 1.0
    assert c.tolist() == [3, 4]


@numpy_locks
def test_several_graphs_hold_the_same_memory() -> None:
    x, c = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    first, second = x * c, c * x
    first.backward()
    assert not c.flags.writeable
    second.backward()
    assert c.flags.writeable


@numpy_locks
def test_switches() -> None:
    x, c = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    assert mg.mem_guard_active()
    with mg.mem_guard_off:
        assert not mg.mem_guard_active()
        y = x * c
        assert c.flags.writeable
        with mg.mem_guard_on:
            assert mg.mem_guard_active()
            z = x * c
            assert not c.flags.writeable
    assert mg.mem_guard_active()
    del y, z
    assert c.flags.writeable
    mg.turn_memory_guarding_off()
    assert not mg.mem_guard_active()
    y = x * c
    assert c.flags.writeable
    y.backward()
    with mg.mem_guard_on:
        assert mg.mem_guard_active()
    mg.turn_memory_guarding_on()
    assert mg.mem_guard_active()


@numpy_locks
def test_switches_decorate() -> None:
    @mg.mem_guard_off
    def multiplied(x: Any, c: Any) -> Any:
        return x * c

    c = np.array([3.0, 4.0])
    y = multiplied(mg.tensor([1.0, 2.0]), c)
    assert c.flags.writeable
    y.backward()


@numpy_locks
def test_nothing_is_locked_that_no_graph_needs() -> None:
    x, c = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    with mg.no_autodiff:
        kept = [x * c]
    assert c.flags.writeable
    kept.append(mg.multiply(c, c))
    kept.append(mg.tensor([1.0, 2.0], constant=True) * c)
    assert c.flags.writeable


@numpy_locks
def test_a_graph_that_copied_the_values_lets_go_of_the_memory() -> None:
    """A write through a tensor copies what the graph needs; the memory is not needed then."""
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    t = mg.tensor(a, copy=False)
    y = t * t * b
    t[...] = 0.0
    assert a.flags.writeable
    assert not b.flags.writeable
    a[0] = 7.0
    y.backward()
    assert b.flags.writeable


@numpy_locks
def test_a_graph_that_copied_one_of_two_views_holds_the_memory() -> None:
    a = np.array([1.0, 2.0, 3.0, 4.0])
    t = mg.tensor(a, copy=False)
    x = mg.tensor([1.0, 1.0])
    y = t[:2] * t[2:] * x
    t[0] = 100.0
    assert not a.flags.writeable
    y.backward()
    assert x.grad.tolist() == [3, 8]
    assert a.flags.writeable


@numpy_locks
def test_a_view_of_an_array_that_was_made_read_only_later() -> None:
    a = np.arange(4.0)
    part = a[1:3]
    a.flags.writeable = False
    y = mg.tensor([1.0, 2.0]) * part
    assert not part.flags.writeable
    y.backward()
    assert part.flags.writeable
    assert not a.flags.writeable


@numpy_locks
def test_a_graph_in_a_cycle_lets_go_of_the_memory() -> None:
    """The garbage collector finds the graph, and all that knows of the lock, at once."""
    c = np.array([3.0, 4.0])
    cycle: list[Any] = [mg.tensor([1.0, 2.0]) * c]
    cycle.append(cycle)
    del cycle
    assert not c.flags.writeable
    gc.collect()
    assert c.flags.writeable


def in_one_graph(a: Any, steps: int) -> Any:
    x = mg.tensor([1.0, 2.0])
    return [x * a[i] for i in range(steps)]


def in_one_graph_and_kept(a: Any, steps: int) -> Any:
    x, rows = mg.tensor([1.0, 2.0]), list(a[:steps])
    return [x * row for row in rows], rows


def one_by_one(a: Any, steps: int) -> Any:
    x = mg.tensor([1.0, 2.0])
    for i in range(steps):
        (x * a[i]).backward()


def one_by_one_and_kept(a: Any, steps: int) -> Any:
    x, rows = mg.tensor([1.0, 2.0]), list(a[:steps])
    for row in rows:
        (x * row).backward()


def one_by_one_of_a_tensor(a: Any, steps: int) -> Any:
    t, x = mg.tensor(a, copy=False), mg.tensor([1.0, 2.0])
    for i in range(steps):
        (x * a[i] * t[i]).backward()


def adopted_rows(a: Any, steps: int) -> Any:
    x = mg.tensor([1.0, 2.0])
    return [x * mg.tensor(a[i], copy=False) for i in range(steps)]


def handed_out(a: Any, steps: int) -> Any:
    t = mg.tensor(a)
    return [(t[i] * 2.0, t[i].data) for i in range(steps)]


@numpy_locks
@pytest.mark.parametrize(
    "program",
    [
        in_one_graph,
        in_one_graph_and_kept,
        one_by_one,
        one_by_one_and_kept,
        one_by_one_of_a_tensor,
        adopted_rows,
        handed_out,
    ],
)
def test_guarding_takes_time_linear_in_the_views_of_an_array(program: Any) -> None:
    """Counted in lines of the package that are run."""

    def lines(steps: int) -> int:
        count = 0

        def trace(frame: Any, event: str, arg: Any) -> Any:
            nonlocal count
            count += 1
            return trace if "mygrad" in frame.f_code.co_filename else None

        a = np.ones((steps, 2))
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            held = program(a, steps)
        finally:
            sys.settrace(before)
        del held
        assert a.flags.writeable
        return count

    lines(50)
    assert lines(600) < 4.6 * lines(150)


never_change = pytest.mark.skip_on("jax", "writes to raw arrays, which never change there")


# --- 16: assigned data -------------------------------------------------------------------------
@never_change
@pytest.mark.raw_arithmetic
def test_training_loops() -> None:
    p = mg.tensor([1.0, 2.0])
    for _ in range(3):
        (p * p).backward()
        p.data -= 0.25 * p.grad
    assert host(p).tolist() == [0.125, 0.25]
    p.data[...] = raw([5.0, 6.0])
    assert host(p).tolist() == [5, 6]


@never_change
def test_data_written_through_reaches_earlier_views() -> None:
    p = mg.tensor([1.0, 2.0])
    view = p[:1]
    p.data[...] = raw([7.0, 8.0])
    assert host(view).tolist() == [7]


def test_assigned_data_rebinds_one_tensor() -> None:
    p = mg.tensor([1.0, 2.0])
    view = p[:1]
    p.data = raw(np.array([7.0, 8.0, 9.0], dtype=np.float32))
    assert host(view).tolist() == [1]
    assert p.dtype == mg.tensor(np.float32(1)).dtype
    assert p.shape == (3,)
    assert view.shape == (1,)
    (p * 2).backward()
    assert host(p.grad).tolist() == [2, 2, 2]
    assert p.grad.dtype == p.dtype
    view[0] = 5.0
    assert host(p).tolist() == [7, 8, 9]


# --- 17: what packages read --------------------------------------------------------------------
def test_the_variables_of_a_creator() -> None:
    x, c = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0], constant=True)
    y = x * c
    variables = y.creator.variables
    assert variables[0] is x
    assert variables[1] is c or host(variables[1]).tolist() == [3, 4]
    assert all(a is b for a, b in zip(variables, y.creator.variables, strict=True))


def test_the_variables_of_a_creator_after_a_write() -> None:
    x = mg.tensor([1.0, 2.0])
    base = x * 1
    y = base * base
    base[0] = 10.0
    first, second = y.creator.variables
    assert host(first).tolist() == [1, 2]
    assert not first.constant
    assert first.creator is not None
    assert all(a is b for a, b in zip((first, second), y.creator.variables, strict=True))


def test_a_constant_integer_graph_has_variables() -> None:
    a, b = mg.tensor(2), mg.tensor(3)
    product = a * b
    assert product.constant
    assert [int(v) for v in product.creator.variables] == [2, 3]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("mygrad.nnet.layers.conv", "conv_nd"),
        ("mygrad.nnet.layers.pooling", "max_pool"),
        ("mygrad.nnet.layers.batchnorm", "batchnorm"),
        ("mygrad.nnet.layers.utils", "sliding_window_view"),
        ("mygrad.nnet.activations.relu", "relu"),
        ("mygrad.nnet.activations.softmax", "softmax"),
        ("mygrad.nnet.losses", "softmax_crossentropy"),
        ("mygrad.nnet.initializers.he_normal", "he_normal"),
        ("mygrad.tensors.base", "Tensor"),
        ("mygrad.operation_base", "Operation"),
        ("mygrad.errors", "InvalidBackprop"),
        ("mygrad.math", "sin"),
        ("mygrad.linalg", "norm"),
    ],
)
def test_imports_by_submodule(module: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(module), name))


# --- 18: defaults ------------------------------------------------------------------------------
@pytest.mark.parametrize("make", ["zeros", "ones", "empty"])
def test_creation_defaults_to_float32_variables(make: str) -> None:
    t = getattr(mg, make)((2, 3))
    assert t.shape == (2, 3)
    assert t.dtype == mg.tensor(np.float32(0)).dtype
    assert not t.constant
    like = getattr(mg, f"{make}_like")(mg.tensor([1.0, 2.0]))
    assert like.dtype == mg.tensor(1.0).dtype


def test_other_creation() -> None:
    assert host(mg.arange(3.0)).tolist() == [0, 1, 2]
    assert mg.arange(3).constant
    assert not mg.arange(3.0).constant
    assert host(mg.linspace(0, 10, 5)).tolist() == [0, 2.5, 5, 7.5, 10]
    assert host(mg.eye(2)).tolist() == [[1, 0], [0, 1]]
    assert host(mg.full((2,), 3.5)).tolist() == [3.5, 3.5]
    assert host(mg.full_like(mg.tensor([1.0, 2.0]), 3.0)).tolist() == [3, 3]
    assert host(mg.identity(2)).tolist() == [[1, 0], [0, 1]]
