"""Histograms against NumPy, and their derivatives by weights and by what edges depend on."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host, raw

import mygrad as mg

rng = np.random.default_rng(5)
A = rng.permutation(24).reshape(4, 6) / 3.0 - 2
W = rng.random((4, 6)) + 0.5
POINTS = rng.random((12, 3))
EDGES = np.array([-1.1, 0.1, 0.93, 3.2])


def same(got: Any, want: Any, rtol: float = 1e-12) -> None:
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            same(g, w, rtol)
        return
    found, want = host(got), np.asarray(want)
    assert found.dtype == want.dtype
    assert found.shape == want.shape
    np.testing.assert_allclose(found, want, rtol=rtol)


def given(value: Any) -> Any:
    """Arrays among arguments, on the selected backend."""
    if isinstance(value, list):
        return [given(v) for v in value]
    return raw(value) if isinstance(value, np.ndarray) else value


BINS: list[Any] = [10, 3, EDGES, np.array([-1.0, 0.0, 1.0, 3.0])]
RANGES = (None, (0, 2), (-1.0, 2.5))


@pytest.mark.parametrize("density", [None, True])
@pytest.mark.parametrize("kind", ["float64", "float32", "int64"])
def test_values(kind: str, density: bool | None) -> None:
    a = (A * 9).astype(kind) if kind == "int64" else A.astype(kind)
    for bins, limits, weights in product(BINS, RANGES, (None, W, W.astype(np.float32))):
        want = np.histogram(a, bins, limits, density, weights)
        w = None if weights is None else raw(weights)
        rtol = 1e-5 if weights is not None or kind == "float32" else 1e-12
        same(mg.histogram(mg.tensor(a), given(bins), limits, density, w), want, rtol)
        same(mg.histogram_bin_edges(mg.tensor(a), given(bins), limits), want[1], rtol)


@pytest.mark.numpy_only("NumPy alone has rules for the number of bins")
@pytest.mark.parametrize("rule", ["auto", "fd", "sturges"])
def test_rules_for_the_number_of_bins(rule: str) -> None:
    for limits in RANGES:
        same(mg.histogram(mg.tensor(A), rule, limits), np.histogram(A, rule, limits))


def test_special_values() -> None:
    for a, limits in (
        (np.zeros(0), None), (np.ones(3), None), (np.array([1.0, np.nan]), (0, 2)),
        (np.array([2.0, 0.0, 2.0]), (0, 2)), (np.array(1.5), None), (np.array([0.1, 9.0]), (0, 1)),
    ):  # fmt: skip
        same(mg.histogram(mg.tensor(a), 4, limits), np.histogram(a, 4, limits))
    repeated = np.array([0.0, 1.0, 1.0])  # the last bin has its upper edge
    same(mg.histogram(mg.tensor([0.5, 1.0]), raw(repeated)), np.histogram([0.5, 1.0], repeated))


@pytest.mark.parametrize("density", [None, True])
@pytest.mark.parametrize(
    "bins", [3, [2, 3, 4], [2, np.array([0, 0.3, 0.9]), np.array([0, 0.5, 1])]]
)
def test_several_dimensions(bins: Any, density: bool | None) -> None:
    w = W.ravel()[:12]
    for points, limits, weights in product(
        (POINTS, (POINTS * 9).astype(np.int64)), (None, [(0, 1), None, (0.1, 0.8)]), (None, w)
    ):
        options = {"range": limits, "density": density}
        with np.errstate(all="ignore"):
            want = np.histogramdd(points, bins, **options, weights=weights)
            got = mg.histogramdd(mg.tensor(points), given(bins), **options, weights=given(weights))
            same(got, want)
            columns = [raw(column.copy()) for column in points.T]
            same(mg.histogramdd(columns, given(bins), **options, weights=given(weights)), want)
    x, y = POINTS[:, 0].copy(), POINTS[:, 1].copy()
    for b in (3, [2, 3], np.array([0.0, 0.3, 0.6, 1.0])):
        same(mg.histogram2d(mg.tensor(x), mg.tensor(y), given(b)), np.histogram2d(x, y, b))


def test_bincount() -> None:
    x = np.array([0, 3, 3, 1])
    for weights in (None, W[0, :4], W[0, :4].astype(np.float32), np.arange(4)):
        for length in (0, 7):
            want = np.bincount(x, weights, length)
            same(mg.bincount(raw(x), given(weights), length), want)
    same(mg.bincount(raw(np.zeros(0, np.int64))), np.bincount(np.zeros(0, np.int64)))


# --- derivatives -------------------------------------------------------------------------------
def square(x: Any) -> Any:
    return mg.multiply(x, x)


@pytest.mark.parametrize("density", [None, True])
def test_derivatives(density: bool | None) -> None:
    """By weights, by the elements that edges come from, and by the edges themselves."""
    a, w = A[:2], W[:2]

    def f(a: Any, w: Any) -> Any:
        return mg.histogram(mg.multiply(a, square(a)), 4, None, density, square(w))

    check_second_derivatives(lambda a, w: f(a, w)[0], [a, w])
    check_second_derivatives(lambda a: f(a, W[:2])[1], [a])
    check_second_derivatives(
        lambda w, e: mg.histogram(A, e, density=density, weights=square(w))[0], [W, EDGES]
    )


def test_derivatives_by_the_range() -> None:
    check_second_derivatives(
        lambda low: mg.histogram(A, 4, (low, 2.3), density=True)[0], [np.array(-1.15)]
    )
    check_gradients(lambda a: mg.histogram_bin_edges(mg.multiply(a, square(a)), 5), [A])


@pytest.mark.parametrize("density", [None, True])
def test_derivatives_in_several_dimensions(density: bool | None) -> None:
    points, w = POINTS[:6, :2].copy(), W.ravel()[:6]
    check_second_derivatives(
        lambda s, w: mg.histogramdd(square(s), [2, 3], None, density, square(w))[0], [points, w]
    )
    check_gradients(
        lambda x, y, w: mg.histogram2d(x, y, [2, 3], None, density, square(w))[0],
        [points[:, 0].copy(), points[:, 1].copy(), w],
    )
    check_gradients(lambda s: mg.histogramdd(s, 3)[1][1], [points])


def test_derivative_of_bincount() -> None:
    x = [0, 3, 3, 1]
    check_second_derivatives(lambda w: mg.bincount(x, square(w)), [W[0, :4]])


def test_counts_are_raw_and_what_is_constant_stays_so() -> None:
    x = mg.tensor(A)
    counts, edges = mg.histogram(x, 4)
    assert not isinstance(counts, mg.Tensor)
    assert not edges.constant  # they are spread over the range of x
    assert mg.histogram(x, 4, (-2, 6))[1].constant
    assert mg.histogram(x, 4, constant=True)[1].constant
    assert not isinstance(mg.bincount(raw(np.array([1, 1]))), mg.Tensor)


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_through_numpy() -> None:
    x, w = mg.tensor(A), mg.tensor(W)
    hist, _ = np.histogram(x, bins=4, weights=w, density=True)
    (hist * np.arange(4.0)).sum().backward()
    assert x.grad.any() and w.grad.any()
    assert not np.histogram_bin_edges(x, 3).constant
    found, _ = np.histogramdd(mg.tensor(POINTS), 2)
    assert found.shape == (2, 2, 2)
    assert np.digitize(x, EDGES).shape == x.shape
