"""Inserting, deleting, choosing, padding, looping: NumPy's values, and second derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, host, raw
from numpy_versions import is_at_least

import mygrad as mg

X = np.array([[1.3, -0.7, 2.1, 0.2], [0.4, 1.9, -1.2, 0.8], [3.0, 0.1, 0.25, -2.0]])
T = np.arange(24.0).reshape(2, 3, 4)
V = X[0]
Z = np.zeros((4, 5))
Z[1:3, 2] = 1.0


def same(ours: Any, theirs: Any) -> None:
    """Values, dtype and shape, of tensors or of raw arrays that came out."""
    a = host(ours.data if isinstance(ours, mg.Tensor) else ours)
    assert a.dtype == theirs.dtype
    assert a.shape == theirs.shape
    tolerance = 1e-6 if theirs.dtype == np.float32 else 1e-13
    np.testing.assert_allclose(a, theirs, rtol=tolerance, atol=tolerance)


# --- padding ----------------------------------------------------------------------------------
def pads() -> Iterator[tuple[str, dict[str, Any]]]:
    for mode in ("constant", "edge", "wrap"):
        yield mode, {}
    for ends in (0, 2.5, (1, 2), ((1, 2),)):
        yield "linear_ramp", {"end_values": ends}
    for mode, length in product(("maximum", "mean", "median", "minimum"), (None, 2, (1, 3), 9)):
        yield mode, {"stat_length": length}
    for mode, kind in product(("reflect", "symmetric"), ("even", "odd")):
        yield mode, {"reflect_type": kind}


@pytest.mark.parametrize(("mode", "options"), list(pads()))
@pytest.mark.parametrize("width", [(2, 1), (9, 8), 0])
def test_pad(mode: str, options: dict[str, Any], width: Any) -> None:
    for array in (X[:1], X.astype("float32"), X[:, ::-1]):
        same(mg.pad(raw(array), width, mode, **options), np.pad(array, width, mode, **options))


@pytest.mark.numpy_only("a library may round integers otherwise")
@pytest.mark.parametrize(("mode", "options"), list(pads()))
def test_pad_integers(mode: str, options: dict[str, Any]) -> None:
    array = (X * 10).astype(int)
    same(mg.pad(array, (2, 3), mode, **options), np.pad(array, (2, 3), mode, **options))


def test_pad_with_the_median_of_nan() -> None:
    array = np.array([1.0, np.nan, 3.0, 5.0])
    same(mg.pad(raw(array), 1, "median"), np.pad(array, 1, "median"))
    same(mg.pad(raw(array), 1, "median", stat_length=1), np.pad(array, 1, "median", stat_length=1))


def test_pad_with_a_function() -> None:
    def mirror(line: Any, width: Any, axis: int, options: Any) -> None:
        line[: width[0]] = options.get("by", 2.0) * line[width[0]]

    x = mg.tensor(X)
    same(mg.pad(x, (1, 2), mirror, by=3.0), np.pad(X, (1, 2), mirror, by=3.0))
    check_second_derivatives(lambda x: mg.pad(x * x, (1, 2), mirror), [X[:2, :2]])


@pytest.mark.parametrize("mode", ["linear_ramp", "maximum", "mean", "median", "minimum"])
def test_second_derivatives_of_pad(mode: str) -> None:
    check_second_derivatives(lambda x: mg.pad(x**3, ((1, 2), (0, 3)), mode), [X[:2, :3]])


def test_second_derivatives_by_what_is_padded_with() -> None:
    check_second_derivatives(
        lambda x, v: mg.pad(x * v[0], 1, constant_values=((v[0] ** 2, 1.0), (v[1] * v[2], v[1]))),
        [X[:2, :2], V],
    )
    check_second_derivatives(
        lambda x, v: mg.pad(x**2, 2, "linear_ramp", end_values=v[0] ** 3), [V, X[1]]
    )


# --- elements in, elements out ------------------------------------------------------------------
PLACES: list[Any] = [
    0, -1, 3, [0, 2], [2], [0, 0, 1], [-1, 0], [], slice(0, 3, 2), slice(2, 0, -1),
    np.array([True, False, True]), np.array([2, 1]), np.int64(1), (1, 2),
]  # fmt: skip


@pytest.mark.parametrize("places", PLACES, ids=str)
@pytest.mark.parametrize("axis", [0, None])
def test_delete_and_insert(places: Any, axis: int | None) -> None:
    if isinstance(places, np.ndarray) and places.dtype == bool:
        if not is_at_least("2.4"):
            pytest.skip("NumPy took booleans for numbers")
        places = np.resize(places, X.size) if axis is None else places
    for ours, theirs in (
        (lambda a: mg.delete(a, places, axis), lambda a: np.delete(a, places, axis)),
        (lambda a: mg.insert(a, places, 7, axis), lambda a: np.insert(a, places, 7, axis)),
    ):
        try:
            want = theirs(X)
        except (IndexError, ValueError) as error:
            with pytest.raises(type(error)):
                ours(raw(X))
            continue
        same(ours(raw(X)), want)


@pytest.mark.parametrize(
    ("places", "values", "axis"),
    [
        (1, np.arange(4.0), 0), (1, np.arange(3.0), 1), ([1], np.arange(6.0).reshape(3, 2), 1),
        ([1, 3], np.arange(6.0).reshape(3, 2), 1), ([1, -1, 0], [7, 8, 9], None), (2, 1.5, 1),
        (1, np.arange(8.0).reshape(2, 4), 0),
    ],
)  # fmt: skip
def test_insert_many(places: Any, values: Any, axis: int | None) -> None:
    try:
        want = np.insert(X, places, values, axis)
    except ValueError:
        with pytest.raises(ValueError):
            mg.insert(raw(X), places, values, axis)
        return
    same(mg.insert(raw(X), places, values, axis), want)


def test_second_derivatives_of_insert() -> None:
    check_second_derivatives(
        lambda x, v: mg.insert(x**2, [0, 2], v**3, axis=1), [X[:2, :2], X[1:, 2:]]
    )
    check_second_derivatives(lambda x, v: mg.insert(x * v[0], 1, v[1], axis=0), [X[:2, :2], V[:2]])


@pytest.mark.parametrize("shape", [(5, 7), 2, (0, 3), (), (3, 4)])
def test_resize(shape: Any) -> None:
    same(mg.resize(raw(X), shape), np.resize(X, shape))
    same(mg.resize(raw(X[:0]), shape), np.resize(X[:0], shape))


@pytest.mark.parametrize("trim", ["f", "b", "fb", "FB"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_trim_zeros(trim: str, axis: int | None) -> None:
    if "axis" not in np.trim_zeros.__doc__:  # before NumPy 2.2
        pytest.skip("this NumPy trims vectors only")
    for array in (Z, Z[1], np.zeros(3), 0.0 * Z):
        same(mg.trim_zeros(raw(array), trim, axis), np.trim_zeros(array, trim, axis))


def test_trim_zeros_is_a_view() -> None:
    x = mg.tensor([0.0, 1.0, 2.0, 0.0])
    assert mg.trim_zeros(x).base is x


def test_block() -> None:
    for parts in (
        [1.0, 2.0], V, [[V], [X]], [[[X]], [[X]]], [[X, X[:, :1]], [X[:1], np.ones((1, 1))]], 3.0,
    ):  # fmt: skip
        given = parts if not isinstance(parts, np.ndarray) else raw(parts)
        same(mg.block(given), np.block(parts))
    check_second_derivatives(
        lambda x, y: mg.block([[x**2, x * y], [y, 0.0 * x]]), [X[:1, :2], X[1:2, :2]]
    )


# --- cases ------------------------------------------------------------------------------------
def test_select() -> None:
    low, high = V.astype("float32"), X[1]
    for choices, default in (
        ([low, 2.0], 0), ([1, 2], 0), ([low, high], 9), ([1.0, 2], V[0]), ([2.5, low], 1),
        ([low, low], 0.5), ([X, V], 0),
    ):  # fmt: skip
        conditions = [V < 0, V < 1]
        given = [raw(c) if isinstance(c, np.ndarray) else c for c in choices]
        found = mg.select([raw(c) for c in conditions], given, default)
        same(found, np.select(conditions, choices, default))


def test_derivatives_of_cases() -> None:
    check_second_derivatives(
        lambda x, y, d: mg.select([x < 0, x < 1], [x**2 * y, y**3], d**2), [V, X[1], X[2]]
    )
    check_second_derivatives(lambda x, y: mg.choose([0, 1, 0, 1], [x * y, y**3]), [V, X[1]])
    check_second_derivatives(
        lambda x, a: mg.piecewise(
            x, [x < 0, x > 1], [lambda v, a: a * v**3, lambda v, a: v * v, lambda v, a: a * v], a
        ),
        [V, np.array(1.7)],
    )


@pytest.mark.raw_arithmetic
def test_piecewise() -> None:
    x = raw(V)
    functions = [lambda v: v * 2, lambda v: v**2, 5.0]
    same(mg.piecewise(x, [x < 0, x > 1], functions), np.piecewise(V, [V < 0, V > 1], functions))
    same(mg.piecewise(x, x < 0, functions[1:]), np.piecewise(V, V < 0, functions[1:]))
    same(mg.piecewise(raw(X), [raw(X) < 0], functions[:1]), np.piecewise(X, [X < 0], functions[:1]))
    same(mg.piecewise(2.0, 2.0 > 1, [lambda v: v * 2, 3]),
         np.piecewise(2.0, 2.0 > 1, [lambda v: v * 2, 3]))  # fmt: skip


def test_piecewise_is_as_constant_as_its_pieces() -> None:
    x = mg.tensor(V)
    assert mg.piecewise(x, [x < 0], [1.0, 2.0]).constant
    assert mg.piecewise(raw(V), [x < 0], [lambda v: v]).constant
    assert not mg.piecewise(raw(V), [x < 0], [mg.tensor(1.0)]).constant
    assert mg.piecewise(x, [x < 0], [lambda v: v], constant=True).constant


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_choose(mode: str) -> None:
    numbers = [0, 1, 0, 1] if mode == "raise" else [5, -1, 0, 1]
    same(mg.choose(numbers, [raw(V), 3.0], mode=mode), np.choose(numbers, [V, 3.0], mode=mode))
    same(mg.choose(numbers, raw(X), mode=mode), np.choose(numbers, X, mode=mode))
    out = mg.tensor(0.0 * V)
    assert mg.choose(numbers, mg.tensor(X), out, mode=mode) is out
    same(out, np.choose(numbers, X, mode=mode))


# --- loops and grids --------------------------------------------------------------------------
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_apply_along_axis(axis: int) -> None:
    for ours, theirs in (
        (mg.sum, np.sum), (lambda a: 2.0 * a[:2], lambda a: 2.0 * a[:2]), (mg.argmax, np.argmax),
        (lambda a: mg.outer(a, a), lambda a: np.outer(a, a)),
    ):  # fmt: skip
        t = mg.tensor(T) if ours is not mg.argmax else T
        if ours is mg.argmax and mg.zeros(1).backend != "numpy":
            continue
        same(mg.apply_along_axis(ours, axis, t), np.apply_along_axis(theirs, axis, T))


def test_derivatives_of_loops_and_grids() -> None:
    check_second_derivatives(
        lambda x, v: mg.apply_along_axis(lambda line, v: mg.sum(line**2) * v, 0, x, v),
        [X[:2, :2], V[:2]],
    )
    check_second_derivatives(lambda x: mg.apply_over_axes(mg.prod, x, [0, 1]), [X[:2, :2]])
    check_second_derivatives(
        lambda v, w: (lambda a, b: a**2 * b**3)(*mg.meshgrid(v, w)), [V[:2], X[1, :3]]
    )


@pytest.mark.parametrize("options", [{}, {"sparse": True}, {"indexing": "ij"}, {"copy": False}])
def test_meshgrid(options: dict[str, Any]) -> None:
    for arrays in ((V, X[:, 0]), (V,), (), (V, X[:, 0], np.float64(2.0))):
        given = [raw(a) if isinstance(a, np.ndarray) else a for a in arrays]
        found = mg.meshgrid(*given, **options)
        want = np.meshgrid(*arrays, **options)
        assert len(found) == len(want)
        for ours, theirs in zip(found, want, strict=True):
            same(ours, theirs)


@pytest.mark.parametrize("offset", [-4, -3, -1, 0, 1, 3, 5])
def test_diagonals(offset: int) -> None:
    same(mg.diagonal(raw(X), offset), np.diagonal(X, offset))
    same(mg.diagonal(raw(T), offset, 0, 2), np.diagonal(T, offset, 0, 2))
    same(mg.diagonal(raw(T), offset, -1, 1), np.diagonal(T, offset, -1, 1))
    same(mg.diag(raw(V), offset), np.diag(V, offset))
    same(mg.diagflat(raw(X), offset), np.diagflat(X, offset))


def test_angles() -> None:
    z = X + 1j * X[::-1]
    for array, deg in product((z, X, X.astype("float32")), (False, True)):
        same(mg.angle(raw(array), deg), np.angle(array, deg))
    same(mg.real_if_close(raw(z)), np.real_if_close(z))
    same(mg.real_if_close(raw(X + 1e-17j)), np.real_if_close(X + 1e-17j))
    same(mg.real_if_close(raw(X + 1e-6j), 1e-5), np.real_if_close(X + 1e-6j, 1e-5))
    assert mg.angle(mg.tensor(X)).constant
    check_second_derivatives(lambda x, y: mg.angle(x * x + 1j * y), [V, X[1]])
