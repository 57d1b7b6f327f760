"""While JAX traces a program, what was written to memory is handed on to who looks for it there."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

from mygrad_jax import forwarding, windows  # noqa: E402

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") not in ("numpy", "jax"),
    reason="is about JAX, whatever the backend",
)

Array = Any
KIND = np.dtype("float32")
QUICKLY = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
"""How programs of many small operations are compiled."""


# --- random windows -------------------------------------------------------------------------------
def random_view(memory: Array, rng: Any) -> Array:
    """A view of memory: rows, columns, blocks, every other element, backwards, transposed."""
    view = memory
    if rng.random() < 0.2:
        view = view.reshape(-1)
    for axis in range(view.ndim):
        n, kind = view.shape[axis], rng.integers(6)
        index: Any = slice(None)
        if kind == 0:
            index = slice(k := rng.integers(n), k + 1)
        elif kind == 1:
            index = slice(*sorted(rng.integers(0, n + 1, 2)))
        elif kind == 2:
            index = slice(rng.integers(2), None, 2)
        elif kind == 3:
            index = slice(None, None, -1)
        view = view[(slice(None),) * axis + (index,)]
    for axis in reversed(range(view.ndim)):
        if view.shape[axis] == 1 and rng.random() < 0.5:
            view = view.squeeze(axis)
    return view.transpose(rng.permutation(view.ndim)) if rng.random() < 0.4 else view


def lies(view: Array, memory: Array) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    offset = view.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    steps = tuple(s // memory.itemsize for s in view.strides)
    return (offset // memory.itemsize if view.size else 0), view.shape, steps


class OnHost:
    """Memory of NumPy's, which is looked at and written to."""

    def __init__(self, memory: Array) -> None:
        self.memory = memory.copy()

    def view(self, at: Any) -> Array:
        offset, shape, strides = at
        flat = self.memory.reshape(-1)[offset:]
        return np.lib.stride_tricks.as_strided(flat, shape, [s * KIND.itemsize for s in strides])

    def look(self, at: Any) -> Array:
        return self.view(at).copy()

    def put(self, value: Array, at: Any) -> None:
        if 0 not in at[1]:
            self.view(at)[...] = value

    def add(self, value: Array, at: Any) -> None:
        if 0 not in at[1]:
            self.view(at)[...] += value


class Traced:
    """The same with arrays that never change."""

    def __init__(self, memory: Array) -> None:
        self.memory = memory

    def look(self, at: Any) -> Array:
        return windows.look(self.memory, *at)

    def put(self, value: Array, at: Any) -> None:
        self.memory = windows.put(self.memory, jnp.broadcast_to(value, at[1]), *at)

    def add(self, value: Array, at: Any) -> None:
        self.memory = windows.add(self.memory, jnp.broadcast_to(value, at[1]), *at)


def chain(memory: Any, like: Array, seed: int) -> list[Array]:
    """Writes and looks at random, some through windows that were used before; all that was seen."""
    rng = np.random.default_rng(seed)
    used: list[Any] = []
    seen: list[Array] = []
    for _ in range(14):
        if used and rng.random() < 0.4:
            at = used[rng.integers(len(used))]
        else:
            at = lies(random_view(like, rng), like)
            used.append(at)
        there = memory.look(at)
        seen.append(there)
        fitting = [s for s in seen if s.shape == at[1]]
        value = fitting[rng.integers(len(fitting))] * np.float32(0.5) + np.float32(rng.random())
        kind = rng.integers(4)
        if kind == 0:
            memory.add(value, at)
        elif kind < 3:
            memory.put(value, at)
    return [*seen, memory.memory]


SHAPES = [(24,), (6, 4), (9, 2), (4, 3, 2), (12, 1), (5, 5)]


def memories() -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.uniform(-1, 1, shape).astype(KIND) for shape in SHAPES]


def test_random_chains() -> None:
    """Against NumPy; all in one program, which is compiled once."""
    count = max(2, round(4 * float(os.environ.get("MYGRAD_PROGRAMS", "1"))))

    def run(make: Callable[[Array], Any], given: list[Array]) -> list[Any]:
        return [
            chain(make(m), like, 100 * k + seed)
            for k, (m, like) in enumerate(zip(given, memories(), strict=True))
            for seed in range(count)
        ]

    wanted = run(OnHost, memories())
    program = jax.jit(lambda *given: run(Traced, list(given))).lower(*memories())
    found = program.compile(compiler_options=QUICKLY)(*memories())
    for mine, theirs in zip(found, wanted, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert one.shape == other.shape
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_windows_that_are_said_to_be_apart_are() -> None:
    rng, said = np.random.default_rng(0), 0
    for k in range(600):
        memory = np.zeros(SHAPES[k % len(SHAPES)], KIND)
        one, other = random_view(memory, rng), random_view(memory, rng)
        if one.size and other.size:
            a, b = (forwarding.region_of(*lies(v, memory)) for v in (one, other))
            one[...] = 1
            if forwarding.are_apart(a, b):
                assert not other.any()
                said += 1
    assert said > 20


@pytest.mark.parametrize(
    "views",
    [
        lambda m: (m[:, 0], m[:, 1]),
        lambda m: (m[:, :2], m[:, 2:]),
        lambda m: (m[::2], m[1::2]),
        lambda m: (m[1:3], m[3:]),
        lambda m: (m[::-1, 3], m[1:3, 0]),
    ],
)
def test_these_are_apart(views: Any) -> None:
    memory = np.zeros((6, 4), KIND)
    assert forwarding.are_apart(*[forwarding.region_of(*lies(v, memory)) for v in views(memory)])


# --- what is left in programs ---------------------------------------------------------------------
def rows(x: Any, y: Any) -> None:
    for k in range(1, y.shape[0]):
        y[k] = mg.tanh(y[k - 1] * x + 0.1)


def rows_added_to(x: Any, y: Any) -> None:
    for k in range(1, y.shape[0]):
        y[k] += y[k - 1] * x


def rows_in_place(x: Any, y: Any) -> None:
    for k in range(1, y.shape[0]):
        row = y[k]
        row += x
        row *= y[k - 1] + 1.0


def pairs_of_rows(x: Any, y: Any) -> None:
    for k in range(0, y.shape[0] - 2, 2):
        y[k + 2 : k + 4] = mg.sin(y[k : k + 2]) * x


def rows_backwards(x: Any, y: Any) -> None:
    for k in range(1, y.shape[0]):
        y[k, ::-1] = y[k - 1] * x + 0.1


def parts_of_rows(x: Any, y: Any) -> None:
    for k in range(1, y.shape[0]):
        y[k, :3] = y[k - 1, :3] * x[:3]
        y[k, 3:] = y[k, :3] + y[k - 1, 2] * x[3:]


def columns(x: Any, y: Any) -> None:
    x = mg.concatenate([x, x, x, x, x, x])[: y.shape[0]]
    for k in range(1, y.shape[1]):
        y[:, k] = y[:, k - 1] * x + 0.1


def every_other_row(x: Any, y: Any) -> None:
    y[::2] += x
    y[1::2] = y[::2] * x
    y[::2] -= y[1::2]


def overlapping(x: Any, y: Any) -> None:
    y[1:] += y[:-1] * x
    y[:3] *= y[1:4]
    y[2:5] = y[:3]
    y[0] += x


LOOPS = [rows, rows_added_to, rows_in_place, pairs_of_rows, rows_backwards, parts_of_rows]
WRITES = [*LOOPS, columns, every_other_row, overlapping]


def step(write: Any, x: Array, start: Array) -> Any:
    x, start = mg.tensor(x), mg.tensor(start)
    y = start * 1.0
    write(x, y)
    (y**2).sum().backward()
    return y.data, x.grad, start.grad


def operands(count: int, width: int = 6) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return (
        rng.uniform(-1, 1, width).astype(KIND),
        rng.uniform(-1, 1, (count, width)).astype(KIND),
    )


@pytest.mark.parametrize("write", WRITES, ids=lambda w: w.__name__)
def test_gradients(write: Any) -> None:
    given = operands(24 if write is not columns else 8)
    with mg.backend("numpy"):
        wanted = step(write, *given)
    with mg.backend("jax"):
        found = jax.jit(lambda *a: step(write, *a))(*given)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)


def sizes(write: Any, count: int) -> tuple[int, int]:
    """How many operations a program has, and how many of them compute as much as the array."""
    given = operands(count)
    with mg.backend("jax"):
        traced = jax.make_jaxpr(lambda *a: step(write, *a))(*given)
    needed = {id(v) for v in traced.jaxpr.outvars}
    operations = large = 0
    for equation in reversed(traced.jaxpr.eqns):
        if any(id(v) in needed for v in equation.outvars):
            needed.update(id(v) for v in equation.invars)
            operations += 1
            large += max(v.aval.size for v in equation.outvars) >= given[1].size // 2
    return operations, large


@pytest.mark.parametrize("write", LOOPS, ids=lambda w: w.__name__)
def test_loops_over_rows_do_not_copy_the_array_for_each(write: Any) -> None:
    few, many, more = (sizes(write, n) for n in (20, 40, 80))
    assert few[1] == many[1] == more[1] < 40
    assert more[0] - many[0] == 2 * (many[0] - few[0])


# --- traces in traces -----------------------------------------------------------------------------
def put_row(array: Array, k: int, value: Array) -> Array:
    width = array.shape[1]
    return windows.put(array, value, k * width, (width,), (1,))


def row(array: Array, k: int) -> Array:
    return windows.look(array, k * array.shape[1], (array.shape[1],), (1,))


def filled(x: Array) -> Array:
    y = jnp.zeros((4, x.shape[0]), x.dtype)
    for k in range(4):
        y = put_row(y, k, (row(y, k - 1) if k else x) * x)
    return y


def in_scan(x: Array) -> Array:
    y = filled(x)

    def advance(carry: Array, _: Any) -> Any:
        z = put_row(y, 1, row(y, 2) + row(carry, 0))  # of an array of the trace outside
        return put_row(carry, 0, row(z, 1)), row(z, 2)

    carried, rows_seen = jax.lax.scan(advance, y * 2, None, length=3)
    return row(carried, 0) + rows_seen.sum(0) + row(y, 3)


def in_branches(x: Array) -> Array:
    y = filled(x)
    z = jax.lax.cond(
        x[0] > 0, lambda: row(put_row(y, 2, x), 2), lambda: row(put_row(y, 1, 2 * x), 1)
    )
    return z + row(y, 1)


def in_batches(x: Array) -> Array:
    y = filled(x)
    found = jax.vmap(lambda f: row(put_row(y, 1, f * row(y, 0)), 1) + row(y, 1))(
        jnp.arange(3, dtype=x.dtype)
    )
    return found.sum(0) + row(put_row(y, 0, found[1]), 0)


def in_gradients(x: Array) -> Array:
    y = filled(x)

    def loss(v: Array) -> Array:
        z = put_row(put_row(y, 1, v * row(y, 2)), 2, row(y, 0))
        return (row(z, 1) * row(z, 2)).sum() + (z**2).sum()

    return jax.grad(loss)(x) + jax.jvp(loss, (x,), (row(y, 1),))[1]


@pytest.mark.parametrize("function", [in_scan, in_branches, in_batches, in_gradients])
def test_traces_within_traces(function: Any, monkeypatch: Any) -> None:
    x = jnp.asarray(operands(1)[0])
    with jax.checking_leaks():
        found = jax.jit(function)(x)
        with_gradient = jax.jit(jax.jacfwd(lambda v: function(v)))(x)
    monkeypatch.setattr(forwarding, "_known", lambda array: None)
    np.testing.assert_allclose(found, jax.jit(lambda v: function(v))(x), rtol=1e-5)
    wanted = jax.jit(jax.jacfwd(lambda v: function(v) * 1.0))(x)
    np.testing.assert_allclose(with_gradient, wanted, rtol=1e-4, atol=1e-6)


def test_nothing_outlives_a_trace() -> None:
    gc.collect()
    before = len(forwarding._notes)
    with mg.backend("jax"), jax.checking_leaks():
        jax.jit(lambda *a: step(rows, *a))(*operands(30))
    gc.collect()
    assert len(forwarding._notes) == before
    assert not forwarding._gone


def test_many_writes_are_let_go_of() -> None:
    """One by one: not each within that of the one after it."""

    def function(x: Array) -> Array:
        for _ in range(600):
            x = windows.put(x, windows.look(x, 1, (3,), (2,)), 0, (3,), (2,))
        return x

    gc.collect()
    before = len(forwarding._notes)
    jax.make_jaxpr(function)(jnp.zeros(6))
    gc.collect()
    assert len(forwarding._notes) == before


def test_what_was_written_has_the_dtype_of_the_array() -> None:
    """A weak one, as that of Python's numbers, would not count in what is computed from it."""

    def function(x: Array) -> Array:
        weak = jnp.broadcast_to(x, (3,))
        y = put_row(jnp.zeros((4, 3), weak.dtype), 1, weak)
        return row(y, 1) * jnp.ones(3, "float16"), row(y, 2) * jnp.ones(3, "float16")

    found = jax.jit(function)(1.5)
    assert [f.dtype for f in found] == [jax.dtypes.canonicalize_dtype("float64")] * 2


def test_pieces_are_told_apart_up_to_a_number(monkeypatch: Any) -> None:
    monkeypatch.setattr(forwarding, "MANY", 5)
    x, y = operands(24)
    with mg.backend("jax"):
        found = jax.jit(lambda *a: step(rows, *a))(x, y)
    with mg.backend("numpy"):
        wanted = step(rows, x, y)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)
