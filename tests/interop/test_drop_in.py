"""Other people's code under ``mg.drop_in``: what is made of tensors, and that it ends."""

from __future__ import annotations

import asyncio
import copy
import gc
import math
import pickle
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.errors import GradientDetached
from mygrad.interop.drop_in_arrays import DropInArray
from mygrad.testing import check_grads

pytestmark = [
    pytest.mark.numpy_only("is about NumPy's own functions"),
    pytest.mark.filterwarnings("error::mygrad.errors.GradientDetached"),
]
VALUES = np.array([0.3, 1.2, -0.7, 2.0])


# --- what other people write -------------------------------------------------------------------
def collects(x: Any) -> Any:
    x = np.asarray(x, dtype=float)
    out = np.zeros(len(x))
    for k in range(len(x)):
        out[k] = np.sin(x[k]) * x[k - 1]
    return out


def matrix(x: Any) -> Any:
    c, s = math.cos(x[0]), math.sin(x[0])
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    whole = np.eye(4)
    whole[:3, :3] = rotation
    whole[:3, 3] += x[1:]
    return whole @ whole


def rows(x: Any) -> Any:
    out = np.empty((3, 4))
    out.fill(1.0)
    for k, row in enumerate(out):
        row *= x + k
        row[k] += x[k] ** 2
    return out


def by_columns(x: Any) -> Any:
    out = np.ones((4, 2), order="F")
    out.T[0] = x
    out[:, 1] -= x**2
    return out.sum(axis=1), out.reshape(-1)[3:5]


def flattened(x: Any) -> Any:
    out = np.zeros((2, 4))
    flat = out.ravel()
    flat[2:6] = x * x
    return out


def masks(x: Any) -> Any:
    x = np.atleast_1d(np.asanyarray(x))
    out = np.full(x.shape, 0.5)
    out[x > 0] = np.sqrt(x[x > 0])
    return np.where(out > 0.6, out, x)


def into_out(x: Any) -> Any:
    out = np.empty_like(VALUES)
    np.multiply(x, 3.0, out=out)
    np.add(out, x, out=out, where=VALUES > 0)
    total = np.zeros(2)
    np.add.at(total, [0, 1, 1, 0], out)
    return np.concatenate([out, total])


def copies_to(x: Any) -> Any:
    out = np.linspace(0.0, 1.0, 4)
    np.copyto(out, x, where=VALUES > 0)
    other = np.arange(4.0)
    other.put([1, 2], x[:2])
    square = np.zeros((4, 4))
    np.fill_diagonal(square, x)
    return out, other, square


def iterators(x: Any) -> Any:
    made = np.fromiter((v**2 for v in x), dtype=float)
    return made, np.array([list(x), [1.0, 2, 3, 4]]), np.require(x, requirements="C"), np.max([*x])


def shared(x: Any) -> Any:
    """Views that were taken before the first tensor is written see it, too."""
    out = np.zeros((2, 4))
    above, below, part = out[0], out[1], out[:, 1:3]
    below[:] = x
    part *= 2.0
    above[1] = 5.0
    return out * x, part, above


def orders(x: Any) -> Any:
    grid = np.ascontiguousarray((x * np.ones((2, 4))).T)
    return np.asfortranarray(grid) ** 2, np.array(x, copy=True, ndmin=2), np.asarray_chkfinite(x)


def spectra(x: Any) -> Any:
    out = np.zeros(4, dtype=complex)
    real, imag = out.real, out.imag
    imag[3] = 0.5
    out[1:3] = x[1:3] * 1j
    out += x
    return np.abs(out) ** 2, real * 2.0, imag[1:] * x[0]


def empties(x: Any) -> Any:
    out = np.zeros((0, 4))
    out[:] = x
    one = np.zeros(())
    one[...] = x[0]
    buffer = np.asarray(memoryview(np.arange(4.0)))
    last = buffer[1:]
    buffer[2:] = x[2:]
    return out.reshape(-1).sum() + one * 2.0, last * 3.0, np.array([x[1]] * 3)[1:]


def overwritten(x: Any) -> Any:
    """An array that a graph needs, and that is written to: the graph keeps what it read."""
    weights = np.ones(4)
    first = x * weights
    weights[0] = 7.0
    weights += 1.0
    return first + x * weights


def overlapping(x: Any) -> Any:
    out = np.zeros(5)
    twice, windows = np.broadcast_to(out, (2, 5)), np.lib.stride_tricks.sliding_window_view(out, 2)
    backwards = out[::-2]
    corner = np.lib.stride_tricks.as_strided(out[1:], (2, 2), (16, 8))
    out[1:] = x * x
    return corner * 3.0, twice * 1.0, windows * np.arange(8.0).reshape(4, 2), backwards * 2.0


def with_plain_arrays(x: Any) -> Any:
    plain = np.arange(8.0).reshape(2, 4)
    start = np.zeros(4)
    start += plain[0]
    return plain.dot(x), np.copy(plain).dot(x), start.clip(x * 0.5, None), plain @ x


CODE = [
    collects, matrix, rows, by_columns, flattened, masks, into_out, copies_to, iterators, shared,
    overlapping, with_plain_arrays, orders, spectra, empties,
    overwritten,
]  # fmt: skip


def flat(result: Any) -> Any:
    parts = result if isinstance(result, tuple) else (result,)
    return sum((part * np.cos(np.arange(part.size)).reshape(part.shape)).sum() for part in parts)


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.__name__)
def test_first_and_second_derivatives(code: Callable[[Any], Any]) -> None:
    check_grads(lambda x: flat(mg.drop_in(code)(x)), VALUES, order=2)


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.__name__)
def test_values_are_numpys(code: Callable[[Any], Any]) -> None:
    def parts(result: Any) -> Any:
        return result if isinstance(result, tuple) else (result,)

    for got, plain, wanted in zip(
        parts(mg.drop_in(code)(mg.tensor(VALUES))),
        parts(mg.drop_in(code)(VALUES.copy())),
        parts(code(VALUES.copy())),
        strict=True,
    ):
        assert type(plain) in (np.ndarray, np.float64)
        assert isinstance(got, mg.Tensor)
        assert got.dtype == wanted.dtype == plain.dtype
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got.data, wanted, rtol=1e-14)
        np.testing.assert_array_equal(plain, wanted)


# --- what an array is, before and after --------------------------------------------------------
def test_an_array_is_numpys_until_a_variable_is_written() -> None:
    x = mg.tensor([1.0, 2.0])
    with mg.drop_in():
        out = np.zeros(3)
        assert isinstance(out, np.ndarray)
        assert not isinstance(out, mg.Tensor)
        out[1] = 4.0
        assert memoryview(out).tolist() == [0.0, 4.0, 0.0]
        assert isinstance(out[1], np.float64)
        assert repr(out) == "array([0., 4., 0.])"
        out[0] = x[1] * 2
    assert isinstance(out, np.ndarray)
    assert isinstance(out, mg.Tensor)
    assert repr(out) == "Tensor([4., 4., 0.])"
    assert (out.shape, len(out), out.dtype, out.ndim) == ((3,), 3, np.float64, 1)
    (mg.sum(out * 3) + np.sum(out) + 2 * out.sum() + (x @ out[:2])).backward()
    assert x.grad.tolist() == [4.0, 16.0 + 2.0]


def test_constants_do_not_make_tensors() -> None:
    c = mg.tensor([1.0, 2.0], constant=True)
    with mg.drop_in():
        out = np.zeros(3)
        out[:2] = c
        whole = out + np.ones(3)
        assert not isinstance(out, mg.Tensor)
        assert not isinstance(whole, mg.Tensor)
        assert type(np.zeros(3, dtype=int)) is np.ndarray
    assert out.tolist() == [1.0, 2.0, 0.0]
    assert type(out + 1) is np.ndarray


def test_arrays_that_are_there_stay_themselves() -> None:
    a = np.ones(3)
    with mg.drop_in():
        assert np.asarray(a) is a
        assert type(np.ascontiguousarray(a)) in (np.ndarray, DropInArray)
        made = np.zeros(3)
        assert np.asarray(made) is made
        t = mg.tensor([1.0])
        assert np.asarray(t) is t
        assert np.asanyarray(t, dtype=float) is t
        assert np.array(t) is not t
        assert np.asarray(t, dtype=np.float32).dtype == np.float32


def test_what_plain_arrays_and_compiled_code_would_lose_raises() -> None:
    x, plain = mg.tensor(3.0), np.ones(2)
    with mg.drop_in():
        out = np.zeros(2)
        view = out[:1]
        out[0] = x
        assert isinstance(view, mg.Tensor)
        for array in (out, view):
            with pytest.raises(TypeError, match="would take the numbers and lose the gradient"):
                plain[:1] = array
            assert memoryview(array).format == "O"  # what asks for floats refuses it
            assert type(array[...]) is mg.Tensor
    assert "array.data has its numbers" in repr(np.asarray(out))
    with mg.drop_in(), pytest.warns(GradientDetached, match="turned a variable into plain"):
        plain[0] = x
    assert plain.tolist() == [3.0, 1.0]


def test_compiled_code_gets_tensors_read_only() -> None:
    """It may take what it is given for its own copy, and write to it."""
    t = mg.tensor([1.0, 2.0])
    with mg.drop_in(), mg.on_detach("ignore"):
        array = t.__array__()
        assert not array.flags.writeable
        assert t.__array__(copy=True).flags.writeable
    with mg.on_detach("ignore"):
        assert t.__array__().flags.writeable


def test_memory_outlives_what_looks_at_it() -> None:
    x = mg.tensor(2.0)
    with mg.drop_in():
        out = np.zeros(1000)
        view = out[10:20]
        out[12] = x
    data = view.data
    del out, view
    gc.collect()
    junk = [np.full(1000, 9.0) for _ in range(50)]
    assert data.tolist() == [0, 0, 2, 0, 0, 0, 0, 0, 0, 0], len(junk)


def test_arrays_are_freed_without_the_garbage_collector() -> None:
    x = mg.tensor(2.0)
    gc.collect()
    gc.disable()
    try:
        with mg.drop_in():
            out = np.zeros(10)
            row = out[2:]
            row[0] = x
            gone = [weakref.ref(out), weakref.ref(row), weakref.ref(np.sum(out))]
            del out, row
        assert all(g() is None for g in gone), [g() for g in gone]
    finally:
        gc.enable()


def test_copies_and_pickles() -> None:
    with mg.drop_in():
        out = np.arange(3.0)
        for twin in (copy.copy(out), copy.deepcopy(out), pickle.loads(pickle.dumps(out))):
            assert twin.tolist() == [0.0, 1.0, 2.0]
            twin[0] = 5.0
        out[0] = mg.tensor(4.0)
        again = out.copy()
    assert out.tolist() == again.tolist() == [4.0, 1.0, 2.0]
    assert isinstance(again, mg.Tensor)


def test_other_array_libraries() -> None:
    """Their tensors stay where they are; a host array does not take them."""
    t = mg.tensor([1.0, 2.0], backend="array-api-strict")
    with mg.drop_in():
        assert np.asarray(t) is t
        assert np.ascontiguousarray(t) is t
        assert np.asarray(t, dtype="float32").backend == "array-api-strict"
        joined = np.array([t[0], t[1] * 2])
        assert (joined.backend, joined.shape) == ("array-api-strict", (2,))
        out = np.zeros(2)
        with pytest.raises(TypeError, match="Nothing is moved behind your back"):
            out[0] = t[0]
    joined.backward()
    assert t.grad.tolist() == [1.0, 2.0] if hasattr(t.grad, "tolist") else t.grad is not None


# --- where it holds ----------------------------------------------------------------------------
NAMES = ["asarray", "array", "zeros", "full", "eye", "atleast_1d", "sum"]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Whatever a test does, NumPy's functions stand in their places after it."""
    before = [getattr(np, name) for name in NAMES] + [np.linalg.norm, math.sin]
    yield
    assert [getattr(np, name) for name in NAMES] + [np.linalg.norm, math.sin] == before
    assert type(np.zeros(2)) is np.ndarray


def test_it_ends_with_errors_and_within_itself() -> None:
    zeros = np.zeros

    def stops() -> None:
        with mg.drop_in():
            with mg.drop_in():
                pass
            assert np.zeros is not zeros
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stops()
    assert np.zeros is zeros


def test_generators_and_coroutines() -> None:
    """They are inside while their own code runs, and not while they wait."""

    def steps(x: Any) -> Iterator[Any]:
        for k in range(2):
            out = np.zeros(2)
            out[k] = x
            yield out

    x, seen = mg.tensor(3.0), []
    for out in mg.drop_in(steps)(x):
        assert type(np.zeros(1)) is np.ndarray
        seen.append(out)
    assert all(isinstance(out, mg.Tensor) for out in seen)
    abandoned = mg.drop_in(steps)(x)
    next(abandoned)
    abandoned.close()

    @mg.drop_in
    async def waits(x: Any) -> Any:
        out = np.zeros(1)
        await asyncio.sleep(0)
        out[0] = x
        return out

    async def both() -> Any:
        task = asyncio.create_task(waits(x))
        await asyncio.sleep(0)
        assert type(np.zeros(1)) is np.ndarray
        return await task

    assert isinstance(asyncio.run(both()), mg.Tensor)


def test_only_the_thread_that_uses_it() -> None:
    inside, done, seen = threading.Event(), threading.Event(), []

    def others() -> None:
        inside.wait(10)
        seen.append(type(np.zeros(2)))
        with pytest.warns(GradientDetached):
            seen.append(type(np.asarray(mg.tensor([1.0]))))
        done.set()

    thread = threading.Thread(target=others)
    thread.start()
    with mg.drop_in():
        inside.set()
        assert done.wait(10)
        assert type(np.zeros(2)) is DropInArray
    thread.join()
    assert seen == [np.ndarray, np.ndarray]


def test_several_threads_at_once() -> None:
    wrong: list[Any] = []

    def work(seed: int) -> None:
        x = mg.tensor(VALUES + seed)
        for _ in range(30):
            y = mg.drop_in(collects)(x)
            y.backward()
            want = np.cos(x.data) * np.roll(x.data, 1) + np.sin(np.roll(x.data, -1))
            if not np.allclose(x.grad, want):
                wrong.append(x.grad)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_names_of_other_modules() -> None:
    """``from numpy import asarray``, tables of functions, and names that no module has."""
    module = types.ModuleType("someones")
    text = """
from numpy import asarray, zeros
from math import exp
TABLE = {"array": __import__("numpy").array}
def f(x):
    x = asarray(x)
    out = zeros(2)
    out[0] = x[0] * exp(x[1])
    return TABLE["array"]([out[0], x[1]])
"""
    exec(compile(text, "someones.py", "exec"), vars(module))
    nowhere: dict[str, Any] = {"__name__": "nowhere"}
    exec(compile(text, "nowhere.py", "exec"), nowhere)
    sys.modules["someones"] = module
    try:
        before = dict(vars(module)), dict(nowhere)
        for f in (module.f, nowhere["f"]):
            x = mg.tensor([2.0, 0.0])
            mg.drop_in(f)(x).backward()
            assert x.grad.tolist() == [1.0, 3.0]
        assert (dict(vars(module)), dict(nowhere)) == before
        with mg.drop_in():  # what is imported meanwhile has NumPy's functions afterwards
            late = types.ModuleType("late")
            exec(compile(text, "late.py", "exec"), vars(late))
            sys.modules["late"] = late
            assert late.zeros is np.zeros
        assert late.zeros is np.zeros
        assert type(late.zeros(2)) is np.ndarray
    finally:
        for name in ("someones", "late"):
            sys.modules.pop(name, None)


def test_mygrad_and_numpy_themselves_compute_as_ever() -> None:
    x = mg.tensor(VALUES)
    with mg.drop_in():
        y = mg.nnet.activations.relu(x * 2)[[0, 1, 1]]
        y.backward(create_graph=True)
        grad = x.grad
        assert type(grad) is mg.Tensor
        assert isinstance(np.random.default_rng(0).normal(size=3), np.ndarray)
        assert type(np.sort(VALUES)) is np.ndarray
    assert grad.data.tolist() == [2.0, 4.0, 0.0, 0.0]


def test_numbers_that_a_function_changes_in_place() -> None:
    """A tensor that stands for a number is no more changed for the caller than a number."""

    def degrees(angle: Any) -> Any:
        angle *= 2.0
        return angle

    x = mg.tensor(3.0)
    degrees_of = mg.drop_in(degrees)
    degrees_of(x).backward()
    assert (x.item(), x.grad.item()) == (3.0, 2.0)


def test_it_wraps_functions_as_they_are_called() -> None:
    wrapped = mg.drop_in(collects)
    assert wrapped.__name__ == "collects"
    assert wrapped.__wrapped__.__module__ == __name__  # type: ignore[attr-defined]

    @mg.drop_in()
    def twice(x: Any, *, by: Any = 2.0) -> dict[str, Any]:
        out = np.zeros(2)
        out[0] = x * by
        return {"out": out, "rest": np.ones(1), "n": 3}

    result = twice(mg.tensor(1.5), by=mg.tensor(2.0))
    assert isinstance(result["out"], mg.Tensor)
    assert type(result["rest"]) is np.ndarray
    assert result["n"] == 3


def test_raise_is_a_name_for_error() -> None:
    with mg.on_detach("raise"), pytest.raises(GradientDetached):
        np.asarray(mg.tensor([1.0]))
