"""Medians and quantiles against NumPy's values and central differences, by all methods."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host, raw
from numpy_versions import since_numpy
from primitive_cases import some

import mygrad as mg
from mygrad.statistics.quantiles import METHODS, OFFSETS

rng = np.random.default_rng(5)
X = rng.permutation(24).reshape(2, 3, 4) / 7.0 - 1
HOLES = X.copy()
HOLES[0, 0, 0] = HOLES[0, 1, 2] = np.nan
HOLES[1, 2] = np.nan
AXES = (None, 1, -1, (2, 0))
CONTINUOUS = ("linear", *OFFSETS)
ORDERS: list[Any] = [0, 1.0, 0.3, [0.1, 0.25, 0.9]]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """NumPy warns of rows that are NaN throughout."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def same(got: Any, want: Any, rtol: float = 1e-13) -> None:
    found, want = host(got), np.asarray(want)
    assert found.dtype == want.dtype
    assert found.shape == want.shape
    np.testing.assert_allclose(found, want, rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize("method", some(METHODS, 3))
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_values(name: str, method: str) -> None:
    ours, theirs = getattr(mg, name), getattr(np, name)
    for q in ORDERS:
        for axis in AXES:
            for a in (X, HOLES, X.astype(np.float32)):
                options = {"axis": axis, "method": method, "keepdims": axis == 1}
                rtol = 1e-13 if a.dtype == np.float64 else 1e-6
                same(ours(mg.tensor(a), q, **options), theirs(a, q, **options), rtol)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", ["median", "nanmedian"])
def test_values_of_medians(name: str, axis: Any) -> None:
    ours, theirs = getattr(mg, name), getattr(np, name)
    for a in (X, HOLES, X[:, :, :3], HOLES.astype(np.float32), (X * 7).astype(np.int64)):
        for keepdims in (False, True):
            want = theirs(a, axis=axis, keepdims=keepdims)
            same(ours(mg.tensor(a), axis=axis, keepdims=keepdims), want)


@pytest.mark.parametrize("name", ["median", "nanmedian"])
def test_medians_of_nothing(name: str) -> None:
    nothing = np.zeros((2, 0))
    same(getattr(mg, name)(mg.tensor(nothing), axis=1), getattr(np, name)(nothing, axis=1))
    assert host(getattr(mg, name)(mg.tensor(nothing), axis=0)).shape == (0,)


def test_integers_and_the_dtype_of_orders() -> None:
    n = np.array([3, 1, 2, 7])
    for method in ("linear", "lower", "midpoint"):
        same(mg.quantile(mg.tensor(n), 0.4, method=method), np.quantile(n, 0.4, method=method))
    same(mg.quantile(mg.tensor(n), 1), np.quantile(n, 1))
    single = X.astype(np.float32)
    for q in ([0.3], np.float32([0.3, 0.5])):
        same(mg.quantile(mg.tensor(single), q), np.quantile(single, q), 1e-6)
        same(mg.nanquantile(mg.tensor(single), q), np.nanquantile(single, q), 1e-6)


@since_numpy("2.4")  # before, elements of weight 0 were counted now and then
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
@pytest.mark.parametrize("axis", AXES)
def test_weights(name: str, axis: Any) -> None:
    w = rng.integers(0, 4, X.shape).astype(np.float64)
    w[..., 0] = 1.0
    for a in (X, HOLES):
        for q in (0, 0.5, [0.1, 0.6, 1.0]):
            options = {"axis": axis, "method": "inverted_cdf"}
            want = getattr(np, name)(a, q, weights=w, **options)
            same(getattr(mg, name)(mg.tensor(a), q, weights=raw(w), **options), want)
    if isinstance(axis, int):
        few, options = np.arange(1.0, 1 + X.shape[axis]), {"axis": axis, "method": "inverted_cdf"}
        want = np.quantile(X, [0.2, 0.7], weights=few, **options)
        same(mg.quantile(mg.tensor(X), [0.2, 0.7], weights=raw(few), **options), want)


def cubed(f: Any, **options: Any) -> Any:
    return lambda x, *q: f(mg.multiply(x, mg.multiply(x, x)), *q, **options)


@pytest.mark.parametrize("method", some(METHODS, 3))
def test_derivatives(method: str) -> None:
    options = {"q": [0.13, 0.41, 0.77], "axis": (0, 2), "method": method}
    check_second_derivatives(cubed(mg.quantile, **options), [X])
    check_second_derivatives(cubed(mg.nanquantile, **options), [X])


@pytest.mark.parametrize("method", CONTINUOUS)
def test_derivatives_by_the_order(method: str) -> None:
    few = X[:1, :, :3]
    for f, q in ((mg.quantile, np.array(0.37)), (mg.nanquantile, np.array([0.14, 0.52]))):
        check_second_derivatives(cubed(f, axis=2, method=method), [few, q])
    check_gradients(lambda q: mg.percentile(X[0, 0], q, method=method), [np.array([46.0])])


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(CONTINUOUS)))
def test_steps_do_not_depend_on_the_order(method: str) -> None:
    x, q = mg.tensor(X), mg.tensor([0.14, 0.46])
    mg.quantile(x, q, axis=1, method=method).backward()
    assert not host(q.grad).any()
    assert host(x.grad).sum() == pytest.approx(16)


@pytest.mark.parametrize("f", [mg.median, mg.nanmedian])
@pytest.mark.parametrize("axis", AXES)
def test_derivatives_of_medians(f: Any, axis: Any) -> None:
    check_second_derivatives(cubed(f, axis=axis), [X])


@pytest.mark.parametrize(
    "f", [mg.nanmedian, lambda x: mg.nanquantile(x, 0.3), lambda x: mg.nanpercentile(x, [20, 60])]
)
def test_elements_that_are_nan_get_no_gradient(f: Any) -> None:
    x = mg.tensor(HOLES)
    f(x).backward()
    there = ~np.isnan(HOLES)
    y = mg.tensor(HOLES[there])
    f(y).backward()
    np.testing.assert_allclose(host(x.grad)[there], host(y.grad), rtol=1e-12)
    assert not host(x.grad)[~there].any()


@pytest.mark.parametrize("f", [mg.median, lambda x: mg.quantile(x, 0.3), lambda x: mg.max(x)])
def test_where_the_result_is_nan_the_gradient_goes_there(f: Any) -> None:
    """The convention of max: the element that is the result gets it."""
    x = mg.tensor([3.0, np.nan, 1.0, 2.0])
    y = f(x)
    assert np.isnan(host(y))
    y.backward()
    assert host(x.grad).tolist() == [0, 1, 0, 0]


def test_ties_share_nothing() -> None:
    """One of equal elements has the whole gradient."""
    x = mg.tensor([2.0, 1.0, 2.0, 2.0, 5.0])
    mg.median(x).backward()
    assert sorted(host(x.grad).tolist()) == [0, 0, 0, 0, 1]
    assert host(x.grad)[[1, 4]].tolist() == [0, 0]


def test_at_the_ends_of_the_range() -> None:
    x, q = mg.tensor([4.0, 1.0, 2.0]), mg.tensor([0.0, 0.5, 1.0])
    mg.quantile(x, q).backward()
    assert host(q.grad).tolist() == [2.0, 4.0, 0.0]  # to the right, where there is something


def test_what_is_read_stays_as_it_is() -> None:
    x = mg.tensor(X)
    for f in (np.median, np.nanmedian) if x.backend == "numpy" else (mg.median, mg.nanmedian):
        f(x, overwrite_input=True)
    np.testing.assert_array_equal(host(x), X)


def test_results_are_written_into_out() -> None:
    x, out = mg.tensor(X), mg.zeros((2, 4))
    y = mg.quantile(x, 0.3, axis=1, out=out)
    assert y is out
    (out * 2.0).backward()
    z = mg.tensor(X)
    mg.quantile(z, 0.3, axis=1).backward()
    np.testing.assert_allclose(host(x.grad), 2 * host(z.grad))
    assert mg.median(mg.tensor(X), constant=True).constant


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_functions_of_numpy_with_weights_of_each_kind() -> None:
    x = mg.tensor([3.0, 1.0, 2.0])
    w = mg.tensor([1.0, 1.0, 4.0])
    y = np.quantile(x, 0.5, method="inverted_cdf", weights=w)
    y.backward()
    assert x.grad.tolist() == [0, 0, 1]
    assert w.grad is None  # steps
    with pytest.raises(TypeError):
        np.percentile(x, 50, interpolation="lower")
