"""The namespace of the array API standard, function by function, beside array-api-strict."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from against_numpy import needs_solver, needs_transforms
from standard_calls import CALLS, FFT_CALLS, LINALG_CALLS, PAIRS, Call, numbers

import mygrad as mg
from mygrad.arrays import standard
from mygrad.interop.array_api import namespace_for

strict = pytest.importorskip("array_api_strict", minversion="2.6")
ROOMS = {"": CALLS, "linalg": LINALG_CALLS, "fft": FFT_CALLS}
TABLES = {"": standard.MAIN, "linalg": standard.LINALG, "fft": standard.FFT}
UNARY = [n for n, p in standard.MAIN.items() if p == "x, /" and n not in CALLS]
BINARY = [n for n, p in standard.MAIN.items() if p == "x1, x2, /" and n not in CALLS]
INFO = "__array_namespace_info__"
NAMES = [(room, name) for room, table in TABLES.items() for name in table if name != INFO]


@pytest.fixture
def xp(xp_backend: Any) -> ModuleType:
    return namespace_for(xp_backend)


@pytest.fixture(autouse=True)
def all_of_the_standard() -> Iterator[None]:
    """The newest version; what NumPy says of infinities and the like, which are meant, unheard."""
    before = strict.get_array_api_strict_flags()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        strict.set_array_api_strict_flags(api_version=standard.VERSION)
        yield
        strict.set_array_api_strict_flags(**before)


def inside(room: str, namespace: Any) -> Any:
    return getattr(namespace, room) if room else namespace


def put(value: Any, namespace: Any) -> Any:
    """Arguments of a call, with the arrays and dtypes of a namespace."""
    if isinstance(value, np.ndarray):
        return namespace.asarray(value)
    if isinstance(value, str) and value in standard.DTYPES:
        return getattr(namespace, value)
    if isinstance(value, (tuple, list)) and any(isinstance(v, np.ndarray) for v in value):
        return type(value)(put(v, namespace) for v in value)
    return value


def run(function: Any, call: Call, namespace: Any) -> Any:
    options = {n: put(v, namespace) for n, v in call.options.items()}
    if "device" in options:
        options["device"] = namespace.__array_namespace_info__().default_device()
    return function(*(put(a, namespace) for a in call.args), **options)


def host(value: Any) -> Any:
    """What is in a result, as NumPy has it; dtypes by name."""
    if isinstance(value, (tuple, list)):
        return [host(v) for v in value]
    if isinstance(value, mg.Tensor):
        return value._on_host()
    if hasattr(value, "_array"):
        return value._array
    return value


def name_of(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


EXACT = mg.backends.selected_adapter().name in ("numpy", "array-api-strict")
"""Whether the library that computes is the one of array-api-strict."""


SOME_PAIRS = [(n, n) for n in standard.DTYPES] + [("int8", "int32"), ("float32", "float64")]


def assert_same(ours: Any, theirs: Any, path: str, exact: bool = False) -> None:
    if isinstance(theirs, (tuple, list)):
        assert isinstance(ours, tuple)
        assert len(ours) == len(theirs)
        assert getattr(ours, "_fields", None) == getattr(theirs, "_fields", None)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other, path, exact)
    elif hasattr(theirs, "_array"):
        assert isinstance(ours, mg.Tensor), type(ours)
        assert name_of(ours.dtype) == name_of(theirs.dtype)
        assert ours.shape == theirs.shape
        if not path.startswith("empty"):
            a, b = host(ours), host(theirs)
            if exact:
                np.testing.assert_array_equal(a, b)
                if b.dtype.kind == "f":
                    known = ~np.isnan(b)
                    np.testing.assert_array_equal(np.signbit(a)[known], np.signbit(b)[known])
            else:
                rtol, atol = (1e-4, 1e-6) if b.dtype in ("float32", "complex64") else (1e-9, 1e-12)
                np.testing.assert_allclose(a, b, rtol, atol)
        if name_of(ours.dtype).startswith(("bool", "int", "uint")):
            assert ours.constant
    elif path in ("can_cast", "isdtype", "broadcast_shapes"):
        assert ours == theirs
    else:
        assert name_of(ours) == name_of(theirs)


def label(path: tuple[str, str]) -> str:
    return ".".join(filter(None, path))


@pytest.mark.parametrize("path", NAMES, ids=label)
def test_signature(path: tuple[str, str], xp: Any) -> None:
    """The names of parameters, how they are given, and their defaults."""
    room, name = path
    theirs = getattr(inside(room, strict), name, None)
    if theirs is None:
        pytest.skip("array-api-strict does not have it")
    ours = inspect.signature(getattr(inside(room, xp), name)).parameters.values()
    wanted = list(inspect.signature(theirs).parameters.values())
    assert [(p.name, p.kind) for p in ours] == [(p.name, p.kind) for p in wanted]
    for p, w in zip(ours, wanted, strict=True):
        if name not in ("expand_dims",) and type(w.default).__name__ != "Undef":
            assert p.default == w.default
    assert getattr(inside(room, xp), name).__name__ == name


def test_no_function_is_missing(xp: Any) -> None:
    beside = {"Device", "ArrayAPIStrictFlags", "get_array_api_strict_flags",
              "set_array_api_strict_flags", "reset_array_api_strict_flags", "__version__"}
    names = [*strict.__all__, *(f"linalg.{n}" for n in strict.linalg.__all__),
             *(f"fft.{n}" for n in strict.fft.__all__)]
    for name in set(names) - beside:
        found: Any = xp
        for part in name.split("."):
            found = getattr(found, part)
    assert set(strict.__all__) - beside <= {*dir(xp), INFO}


def test_every_function_is_called() -> None:
    for room, table in TABLES.items():
        called = ROOMS[room].keys() | {INFO, "eig", "eigvals", "finfo", "iinfo"}  # further down
        assert set(table) - called <= {*UNARY, *BINARY}


SOLVED = set(LINALG_CALLS) - set(
    "cross diagonal matmul matrix_transpose outer tensordot trace vecdot vector_norm".split()
)


def called(room: str, name: str) -> Any:
    """A function, with the mark of the library that CuPy has it from."""
    transforms = room == "fft" and not name.endswith(("freq", "shift"))
    solves = room == "linalg" and name in SOLVED
    marks = [needs_transforms] if transforms else [needs_solver] if solves else []
    return pytest.param((room, name), marks=marks, id=label((room, name)))


@pytest.mark.parametrize("path", [called(r, n) for r, calls in ROOMS.items() for n in calls])
def test_calls(path: tuple[str, str], xp: Any) -> None:
    room, name = path
    ours, theirs = getattr(inside(room, xp), name), getattr(inside(room, strict), name)
    for call in ROOMS[room][name]:
        wanted = run(theirs, call, strict)
        found = run(ours, call, xp)
        if name in ("eigh", "qr", "svd"):  # up to the phases of vectors
            assert found._fields == wanted._fields
            assert [f.shape for f in found] == [w.shape for w in wanted]
            found, wanted = (tuple(abs(host(p)) for p in parts[:1]) for parts in (found, wanted))
            np.testing.assert_allclose(found[0], wanted[0], atol=1e-10)
            continue
        assert_same(found, wanted, name)


@pytest.mark.parametrize("name", UNARY)
def test_one_operand(name: str, xp: Any) -> None:
    """Every dtype that the standard allows, on all its special values."""
    count = 0
    for dtype in standard.DTYPES:
        x = numbers(dtype, EXACT)
        try:
            wanted = getattr(strict, name)(strict.asarray(x))
        except TypeError:
            continue  # the standard does not allow the dtype
        assert_same(getattr(xp, name)(xp.asarray(x)), wanted, name, exact=EXACT)
        count += 1
    assert count


@pytest.mark.parametrize("name", BINARY)
def test_two_operands(name: str, xp: Any) -> None:
    """Every pair of dtypes that the standard promotes, on special values; numbers beside them."""
    count = 0
    for first, second in PAIRS if EXACT else SOME_PAIRS:
        x1, x2 = numbers(first, EXACT)[:, None], numbers(second, EXACT)
        if "shift" in name:
            x2 = np.array([0, 1, 3], second) if second != "bool" else x2
        try:
            wanted = getattr(strict, name)(strict.asarray(x1), strict.asarray(x2))
        except (TypeError, ValueError):
            continue
        ours = getattr(xp, name)(xp.asarray(x1), xp.asarray(x2))
        assert_same(ours, wanted, name, exact=EXACT)
        count += 1
    assert count
    if name in ("matmul",):
        return
    for dtype, number in [("float32", 2.0), ("float64", -1), ("int8", 3), ("bool", True),
                          ("uint8", 2), ("complex64", 1j)]:  # fmt: skip
        x = numbers(dtype, EXACT)
        for args in ((x, number), (number, x)):
            try:
                wanted = getattr(strict, name)(*(put(a, strict) for a in args))
            except (TypeError, ValueError):
                continue
            assert_same(getattr(xp, name)(*(put(a, xp) for a in args)), wanted, name, exact=EXACT)


def test_isin_inverted(xp: Any) -> None:
    """(array-api-strict 2.6.1 does not invert.)"""
    found = xp.isin(xp.asarray([[3, 1], [2, 5]]), xp.asarray([1, 5]), invert=True)
    assert host(found).tolist() == [[True, False], [True, False]]


@needs_solver
def test_eigenvalues(xp: Any) -> None:
    """(array-api-strict 2.6.1 has none of matrices that are not symmetric.)"""
    turn = xp.asarray([[0.0, -1.0], [1.0, 0.0]])
    values, vectors = xp.linalg.eig(turn)
    assert name_of(values.dtype) == "complex128"
    np.testing.assert_allclose(host(turn @ xp.real(vectors)), host(xp.real(values * vectors)))
    np.testing.assert_allclose(sorted(host(xp.linalg.eigvals(turn)).imag), [-1, 1])


@needs_solver
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_eigenvalues_are_complex_even_if_all_are_real(xp: Any, dtype: str) -> None:
    wanted = {"float32": "complex64", "float64": "complex128"}[dtype]
    x = mg.tensor(put(np.array([[2.0, 1.0], [0.5, 3.0]], dtype), xp), constant=False)
    found = xp.linalg.eig(x)
    assert [name_of(t.dtype) for t in (*found, xp.linalg.eigvals(x))] == [wanted] * 3
    assert host(found.eigenvalues).imag.tolist() == [0.0, 0.0]
    xp.sum(xp.real(xp.linalg.eigvals(x) ** 2)).backward()  # the trace of x @ x
    assert name_of(x.grad.dtype) == dtype
    np.testing.assert_allclose(host(mg.tensor(x.grad)), 2 * host(x).T, rtol=1e-5)


@pytest.mark.parametrize("axis", [-3, 2])
def test_axes_that_are_not_there(xp: Any, axis: int) -> None:
    """The standard asks for an IndexError, where NumPy's programs catch a ValueError."""
    for kind in (IndexError, ValueError):
        with pytest.raises(kind):
            xp.expand_dims(xp.asarray(1.0), axis=axis)
        with pytest.raises(kind):
            xp.sort(xp.asarray([1.0, 2.0]), axis=axis)


def test_limits_of_dtypes(xp: Any) -> None:
    for name in ("float32", "float64", "complex64"):
        found, wanted = xp.finfo(getattr(xp, name)), np.finfo(name)
        for limit in ("eps", "max", "min", "smallest_normal"):
            assert type(getattr(found, limit)) is float  # which has no dtype to promote to
            assert getattr(found, limit) == float(getattr(wanted, limit))
        assert found.bits == wanted.bits
        assert name_of(found.dtype) == name.replace("complex64", "float32")
    assert xp.finfo(xp.asarray([1.0])).bits == 64
    for name in ("int8", "uint16", "int64"):
        found, wanted = xp.iinfo(getattr(xp, name)), np.iinfo(name)
        assert (found.bits, found.min, found.max) == (wanted.bits, wanted.min, wanted.max)
    assert xp.iinfo(xp.asarray([1])).bits == 64
