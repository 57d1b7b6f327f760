"""Sorting, partitioning and sets: NumPy's values, and gradients along the permutation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host, raw

import mygrad as mg

rng = np.random.default_rng(5)
X = rng.permutation(24).reshape(2, 3, 4) / 7.0 - 1
P = np.array([3.0, 1.0, 1.0, 2.0, np.nan, np.nan])
Q = np.array([1.0, 5.0, np.nan, 3.0, 5.0])


def square(x: Any) -> Any:
    return mg.multiply(x, x)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_sort(axis: int | None) -> None:
    np.testing.assert_array_equal(host(mg.sort(mg.tensor(X), axis)), np.sort(X, axis))
    check_second_derivatives(lambda x: square(mg.sort(x, axis)), [X])
    falling = host(mg.sort(mg.tensor(X), axis, descending=True))
    np.testing.assert_array_equal(falling, np.flip(np.sort(X, axis), axis=axis))


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_partition(axis: int | None) -> None:
    n = X.size if axis is None else X.shape[axis]
    for kth in (0, n - 1, [0, -1], np.array([1])):
        got = host(mg.partition(mg.tensor(X), kth, axis))
        ordered = np.sort(X, axis)
        np.testing.assert_array_equal(np.sort(got, axis), ordered)
        for k in np.atleast_1d(kth):
            a = 0 if axis is None else axis
            np.testing.assert_array_equal(got.take(k, a), ordered.take(k, a))
            low, high = np.split(got, [k % n], axis=a)
            assert (low <= ordered.take([k], a)).all() and (high >= ordered.take([k], a)).all()
    check_second_derivatives(lambda x: square(mg.partition(x, 1, axis)), [X])


def test_special_values_and_dtypes() -> None:
    for a in (P, P.astype(np.float32), np.array([3, 1, 2]), np.zeros((2, 0)), np.zeros((0, 2))):
        got = host(mg.sort(mg.tensor(a)))
        assert got.dtype == a.dtype
        np.testing.assert_array_equal(got, np.sort(a))
    x = mg.tensor(X)
    np.testing.assert_array_equal(host(mg.sort(x[:, ::-1, ::-2], 1)), np.sort(X[:, ::-1, ::-2], 1))
    mg.sort(x[:, ::-1, ::-2], 1).backward()
    np.testing.assert_array_equal(host(x.grad), np.broadcast_to([0.0, 1.0, 0.0, 1.0], X.shape))


def test_the_sort_is_stable() -> None:
    """Among equal elements the first comes first."""
    x = mg.tensor([2.0, 1.0, 2.0, 1.0, 2.0])
    (mg.sort(x) * [1.0, 10.0, 100.0, 1000.0, 10000.0]).backward()
    assert host(x.grad).tolist() == [100, 1, 1000, 10, 10000]


def test_writes_in_place_are_recorded() -> None:
    def f(x: Any) -> Any:
        y = mg.multiply(x, 2.0)
        view = y[0]
        y.sort(axis=0)
        view.partition(1)
        return square(y)

    def reference(x: Any) -> Any:
        x = x * 2
        x.sort(axis=0)
        x[0].partition(1)
        return x**2

    x = mg.tensor(X)
    y = f(x)
    if x.backend == "numpy":  # another order within the parts is as good
        np.testing.assert_array_equal(host(y), reference(X))
    y.backward()
    np.testing.assert_allclose(host(x.grad), 8 * X)
    x = mg.tensor([3.0, 1.0, 2.0])
    assert x.sort() is None
    assert host(x).tolist() == [1.0, 2.0, 3.0]


def test_methods() -> None:
    x = mg.tensor([3.0, 1.0, 2.0])
    assert host(x.compress(raw(np.array([True, False, True])))).tolist() == [3.0, 2.0]
    if x.backend == "numpy":
        assert x.argpartition(1).tolist()[1] == 2


@pytest.mark.skip_on("array-api-strict", "the standard sorts no complex numbers")
def test_complex_numbers() -> None:
    z = np.array([2 - 1j, 1 + 1j, 2 - 3j, 1j])
    np.testing.assert_array_equal(host(mg.sort(mg.tensor(z))), np.sort(z))
    np.testing.assert_array_equal(host(mg.sort_complex(mg.tensor(z))), np.sort_complex(z))
    check_gradients(lambda z: square(mg.sort(z)), [z + np.arange(4) / 8])


def test_real_numbers_as_complex_ones() -> None:
    for dtype in ("float64", "float32", "int16", "int32"):
        a = np.array([3, 1, 2]).astype(dtype)
        got, want = host(mg.sort_complex(mg.tensor(a))), np.sort_complex(a)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)
    x = mg.tensor([3.0, 1.0, 2.0])
    (mg.real(mg.sort_complex(x)) * [1.0, 10.0, 100.0]).backward()
    assert host(x.grad).tolist() == [100, 1, 10]


# --- sets --------------------------------------------------------------------------------------
@pytest.mark.parametrize("equal_nan", [True, False])
def test_unique(equal_nan: bool) -> None:
    for a in (P, Q[::-1].copy(), X, np.zeros(0), np.array([3, 1, 3]), np.array(2.0)):
        got = mg.unique(mg.tensor(a), True, True, True, equal_nan=equal_nan)
        want = np.unique(a, True, True, True, equal_nan=equal_nan)
        for g, w in zip(got, want, strict=True):
            np.testing.assert_array_equal(host(g), w.reshape(host(g).shape))
    assert host(mg.unique(mg.tensor(P))).tolist()[:3] == [1, 2, 3]


@pytest.mark.skip_on("array-api-strict", "it has nothing but the standard's functions")
def test_unique_along_an_axis() -> None:
    a = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0]])
    values, places = mg.unique(mg.tensor(a), return_index=True, axis=0)
    np.testing.assert_array_equal(host(values), np.unique(a, axis=0))
    assert host(places).tolist() == [1, 0]
    x = mg.tensor(a)
    mg.unique(x, axis=0).backward()
    assert host(x.grad).tolist() == [[1, 1], [1, 1], [0, 0]]


def test_unique_of_the_standard() -> None:
    x = mg.tensor([2.0, 1.0, 2.0])
    (mg.unique_values(x) * [1.0, 10.0]).backward()
    assert host(x.grad).tolist() == [10, 1, 0]
    found = mg.unique_all(x)
    assert host(found.indices).tolist() == [1, 0]
    assert host(found.inverse_indices).tolist() == [1, 0, 1]
    assert host(found.counts).tolist() == [1, 2]
    assert host(mg.unique_counts(x).counts).tolist() == [1, 2]
    xp = x.__array_namespace__()
    assert not xp.unique_values(x).constant
    assert not xp.sort(x, descending=True).constant
    assert host(xp.unique_inverse(x).inverse_indices).tolist() == [1, 0, 1]


@pytest.mark.parametrize("name", ["union1d", "intersect1d", "setdiff1d", "setxor1d"])
def test_sets(name: str) -> None:
    ours, theirs = getattr(mg, name), getattr(np, name)
    for a, b in ((P, Q), (Q, P), (P, Q[:0]), (Q[:0], P), (Q[:0], P[:0]), (P.reshape(2, 3), Q)):
        np.testing.assert_array_equal(host(ours(mg.tensor(a), mg.tensor(b))), theirs(a, b))
    if name != "union1d":
        a, b = np.array([3.0, 1.0, 2.0]), np.array([2.0, 5.0, 3.0])
        got = ours(mg.tensor(a), mg.tensor(b), assume_unique=True)
        np.testing.assert_array_equal(host(got), theirs(a, b, assume_unique=True))


def test_gradients_of_sets() -> None:
    weights = [1.0, 10.0, 100.0, 1000.0]
    for name, first, second in (
        ("union1d", [100, 1, 10], [0, 1000]),
        ("intersect1d", [1, 0, 0], [0, 0]),
        ("setdiff1d", [0, 1, 10], [0, 0]),
        ("setxor1d", [0, 1, 10], [0, 100]),
    ):
        x, y = mg.tensor([3.0, 1.0, 2.0]), mg.tensor([3.0, 5.0])
        found = getattr(mg, name)(x, y)
        (found * raw(np.array(weights[: found.size]))).backward()
        assert host(x.grad).tolist() == first, name
        assert (np.zeros(2) if y.grad is None else host(y.grad)).tolist() == second, name


def test_places_of_common_elements() -> None:
    for unique in (False, True):
        a, b = np.array([3.0, 1.0, 1.0, 2.0]), np.array([2.0, 5.0, 3.0, 5.0])
        a, b = (np.unique(a)[::-1].copy(), np.unique(b)) if unique else (a, b)
        got = mg.intersect1d(mg.tensor(a), mg.tensor(b), unique, return_indices=True)
        for g, w in zip(got, np.intersect1d(a, b, unique, return_indices=True), strict=True):
            np.testing.assert_array_equal(host(g), w)


# --- ends, and places --------------------------------------------------------------------------
@pytest.mark.parametrize("trim", ["fb", "f", "b"])
def test_trim_zeros(trim: str) -> None:
    for a in ([0.0, 0, 1, 0, 2, 0], [0.0, 0, 0], [1.0], [0, np.nan, 0]):
        want = np.trim_zeros(np.array(a), trim)
        np.testing.assert_array_equal(host(mg.trim_zeros(mg.tensor(a), trim)), want)
    x = mg.tensor([0.0, 2.0, 0.0])
    square(mg.trim_zeros(x, trim)).backward()
    assert host(x.grad).tolist() == [0, 4, 0]


def test_trim_zeros_along_axes() -> None:
    a = np.zeros((3, 4))
    a[1, 1:3] = 1.0
    for axis, shape in ((None, (1, 2)), (0, (1, 4)), (-1, (3, 2)), ((), (3, 4))):
        assert mg.trim_zeros(mg.tensor(a), axis=axis).shape == shape


def test_extract() -> None:
    x = mg.tensor(X)
    chosen = mg.extract(x > 0, x)
    np.testing.assert_array_equal(host(chosen), X[X > 0])
    square(chosen).backward()
    np.testing.assert_allclose(host(x.grad), np.where(X > 0, 2 * X, 0))


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_functions_of_numpy() -> None:
    x = mg.tensor([3.0, 1.0, 2.0])
    assert np.sort(x, stable=True).tolist() == [1.0, 2.0, 3.0]
    assert np.lexsort((x, x)).tolist() == [1, 2, 0]
    assert np.argsort(x).tolist() == [1, 2, 0]
    assert np.argpartition(x, 0)[0] == 1
    assert np.searchsorted(np.sort(x), 1.5) == 1
    assert np.isin(x, [1.0]).tolist() == [False, True, False]
    for f in (mg.argpartition, mg.digitize, mg.isin, mg.lexsort, mg.nanargmax, mg.searchsorted):
        assert callable(f)
    if hasattr(np, "cumulative_sum"):
        assert np.cumulative_sum(x, include_initial=True).tolist() == [0, 3, 4, 6]
    (np.partition(x, 1)[1] * 2).backward()
    assert x.grad.tolist() == [0, 0, 2]
