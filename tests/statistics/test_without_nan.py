"""Reductions that leave NaN out, averages and ranges, against NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, host, raw

import mygrad as mg

rng = np.random.default_rng(5)
X = rng.permutation(24).reshape(2, 3, 4) / 7.0 - 1
HOLES = X.copy()
HOLES[0, 0, 0] = HOLES[0, 1, 2] = np.nan
HOLES[1, 2] = np.nan
MASK = rng.random(X.shape) < 0.7
AXES = (None, 0, -1, (2, 0))
FOLDS = ("nansum", "nanprod", "nanmin", "nanmax")
MOMENTS = ("nanmean", "nanvar", "nanstd")
TOLERANCE = {"float16": 2e-2, "float32": 1e-5}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """NumPy warns of rows that are NaN throughout."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def same(name: str, a: Any, masks: bool = True, **options: Any) -> None:
    """A function of ours has the values, dtype and shape of NumPy's."""
    want = np.asarray(getattr(np, name)(a, **options))
    given = {k: raw(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    got = host(getattr(mg, name)(mg.tensor(a), **given))
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    rtol = TOLERANCE.get(str(a.dtype), 1e-12)
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol, err_msg=f"{name} {options}")


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", [*FOLDS, *MOMENTS])
def test_values(name: str, axis: Any) -> None:
    for a in (X, HOLES, HOLES.astype(np.float32)):
        for keepdims in (False, True):
            same(name, a, axis=axis, keepdims=keepdims)


@pytest.mark.numpy_only("the standard has no float16, and orders no complex numbers")
@pytest.mark.parametrize("name", [*FOLDS, *MOMENTS])
def test_other_dtypes(name: str) -> None:
    for dtype in ("float16", "int64", "bool", "complex128"):
        a = (HOLES if dtype in ("float16", "complex128") else X * 7).astype(dtype)
        if dtype == "complex128":
            a = a + 1j * a[::-1]
        same(name, a, axis=1)


@pytest.mark.parametrize("name", FOLDS)
def test_options_of_folds(name: str) -> None:
    for a in (X, HOLES):
        for axis in AXES:
            same(name, a, axis=axis, initial=0.25)
            same(name, a, axis=axis, initial=0.25, where=MASK)


@pytest.mark.parametrize("name", ["nanvar", "nanstd"])
def test_options_of_moments(name: str) -> None:
    for a in (X, HOLES):
        for axis in AXES:
            same(name, a, axis=axis, where=MASK)
            for options in ({"ddof": 1}, {"correction": 2}, {"ddof": 1, "where": MASK}):
                same(name, a, axis=axis, **options)
            same(name, a, axis=axis, mean=np.nanmean(a, axis=axis, keepdims=True))


@pytest.mark.parametrize("name", ["nancumsum", "nancumprod"])
def test_running_totals(name: str) -> None:
    for axis in (None, 0, -1):
        same(name, HOLES, axis=axis)


def with_holes(f: Any, holes: Any, **options: Any) -> Any:
    """`f` of x³, with NaN where `holes` has it."""

    def function(x: Any) -> Any:
        mask, nan = np.isnan(holes), np.full(holes.shape, np.nan)
        if isinstance(x, mg.Tensor):
            mask, nan = raw(mask), raw(nan)
        return f(mg.where(mask, nan, mg.multiply(x, mg.multiply(x, x))), **options)

    return function


@pytest.mark.parametrize("axis", [None, 1, (0, 2)])
@pytest.mark.parametrize("name", [*FOLDS, *MOMENTS])
def test_derivatives(name: str, axis: Any) -> None:
    holes = HOLES.copy()
    holes[1, 2, :3] = 0.3, 0.4, 0.77
    check_second_derivatives(with_holes(getattr(mg, name), holes, axis=axis), [X])


@pytest.mark.parametrize("name", ["nancumsum", "nancumprod", "nan_to_num"])
def test_derivatives_elementwise(name: str) -> None:
    check_second_derivatives(with_holes(getattr(mg, name), HOLES), [X])


def test_derivatives_with_initial_and_a_mask() -> None:
    for name in ("nanmin", "nanmax"):
        f = with_holes(getattr(mg, name), HOLES, axis=1, initial=0.2137, where=raw(MASK))
        x = mg.tensor(X)
        f(x).backward()
        want = getattr(np, name)(np.where(np.isnan(HOLES), np.nan, X**3), axis=1, initial=0.2137,
                                 where=MASK)  # fmt: skip
        chosen = (X**3 == np.expand_dims(want, 1)) & MASK & ~np.isnan(HOLES)
        np.testing.assert_allclose(host(x.grad), np.where(chosen, 3 * X**2, 0.0))


@pytest.mark.parametrize("name", MOMENTS)
def test_undefined_results_spoil_no_gradients(name: str) -> None:
    """What is NaN, and then left out, leaves no NaN in the gradient."""
    x = mg.tensor([[1.0, 4.0], [np.nan, 3.0], [np.nan, np.nan]])
    options = {} if name == "nanmean" else {"ddof": 1}
    y = getattr(mg, name)(x, axis=1, **options)
    defined = ~np.isnan(host(y))
    assert defined.tolist() == [True, name == "nanmean", False]
    mg.where(raw(defined), y, 0.0).backward()
    assert np.isfinite(host(x.grad)).all()


def test_the_first_of_equals() -> None:
    for f, grads in ((mg.nanmin, [0, 1, 0, 0]), (mg.nanmax, [0, 0, 0, 1])):
        x = mg.tensor([np.nan, -np.inf, -np.inf, 2.0])
        f(x).backward()
        assert host(x.grad).tolist() == grads
    x = mg.tensor([np.nan, np.inf])  # which infinity in place of NaN would hide
    mg.nanmin(x).backward()
    assert host(x.grad).tolist() == [0, 1]


# --- nan_to_num --------------------------------------------------------------------------------
@pytest.mark.parametrize("options", [{}, {"nan": 7.0}, {"posinf": 2, "neginf": -3}])
def test_nan_to_num(options: Any) -> None:
    a = HOLES.copy()
    a[0, 0, 1:3] = np.inf, -np.inf
    for dtype in ("float64", "float32", "int64"):
        same("nan_to_num", (X * 7 if dtype == "int64" else a).astype(dtype), **options)
    same("nan_to_num", a + 1j * a[::-1], **options)


def test_nan_to_num_in_place() -> None:
    def f(x: Any) -> Any:
        y = with_holes(mg.positive, HOLES)(x)
        y = y if isinstance(y, mg.Tensor) else mg.tensor(y)
        view = y[0]
        z = mg.nan_to_num(y, copy=False, nan=2.0)
        assert z is y
        return mg.multiply(view, view)

    check_second_derivatives(f, [X])


@pytest.mark.skip_on("jax", "raw arrays never change there")
def test_nan_to_num_in_a_raw_array() -> None:
    memory = raw(HOLES)
    mg.nan_to_num(memory, copy=False)
    np.testing.assert_array_equal(host(memory), np.nan_to_num(HOLES))


def test_what_is_put_in_has_a_gradient() -> None:
    x, value = mg.tensor([1.0, np.nan, np.nan]), mg.tensor(3.0)
    (mg.nan_to_num(x, nan=value) * [1.0, 10.0, 100.0]).backward()
    assert host(x.grad).tolist() == [1, 0, 0]
    assert host(value.grad).tolist() == 110


# --- averages ----------------------------------------------------------------------------------
@pytest.mark.parametrize("axis", AXES)
def test_average(axis: Any) -> None:
    weights = [None, rng.random(X.shape)]
    if axis is not None:
        axes = axis if isinstance(axis, tuple) else (axis,)
        weights.append(rng.random([X.shape[k] for k in axes]))
    for a in (X, X.astype(np.float32), (X * 7).astype(np.int64)):
        for w in weights:
            for keepdims in (False, True):
                options = {"axis": axis, "returned": True, "keepdims": keepdims}
                given = None if w is None else raw(w)
                found = mg.average(mg.tensor(a), weights=given, **options)
                for got, want in zip(found, np.average(a, weights=w, **options), strict=True):
                    assert host(got).dtype == np.asarray(want).dtype
                    np.testing.assert_allclose(host(got), want, rtol=1e-6)


def test_derivatives_of_averages() -> None:
    few = X[:, :2, :2]
    check_second_derivatives(lambda x, w: mg.average(x, 1, mg.multiply(w, w)), [few, few[::-1] + 3])
    w = rng.random((2, 2)) + 0.5
    check_second_derivatives(
        lambda x, w: mg.average(mg.multiply(x, x), (2, 0), mg.multiply(w, w)), [few, w]
    )
    t = mg.tensor(w)
    mg.average(raw(few), (2, 0), t * t, returned=True)[1].backward()
    np.testing.assert_allclose(host(t.grad), 2 * w * few.shape[1])


def test_ptp() -> None:
    for axis in AXES:
        same("ptp", X, axis=axis, keepdims=True)
        check_second_derivatives(lambda x, a=axis: mg.ptp(mg.multiply(x, x), a), [X[:, :2] + 3])
