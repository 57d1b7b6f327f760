"""Views, 0-d tensors, tensors without elements; what is constant; complex numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.testing import check_grads

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sort": lambda xp, a: xp.sort(a, axis=0),
    "partition": lambda xp, a: xp.partition(a, -1, axis=None),
    "median": lambda xp, a: xp.median(a, axis=0),
    "nanmedian": lambda xp, a: xp.nanmedian(a),
    "quantile": lambda xp, a: xp.quantile(a, 0.3, axis=0),
    "nanquantile": lambda xp, a: xp.nanquantile(a, [0.2, 0.9]),
    "nanmax": lambda xp, a: xp.nanmax(a, axis=-1),
    "nansum": lambda xp, a: xp.nansum(a, axis=0),
    "nanvar": lambda xp, a: xp.nanvar(a),
    "ptp": lambda xp, a: xp.ptp(a, axis=0),
    "average": lambda xp, a: xp.average(a),
    "nancumsum": lambda xp, a: xp.nancumsum(a),
    "nan_to_num": lambda xp, a: xp.nan_to_num(a),
    "unique": lambda xp, a: xp.unique(a),
}
FOR_ONE = ("median nanmedian nansum nanvar average nancumsum nan_to_num unique").split()
FOR_NONE = ("sort median nansum nancumsum nan_to_num unique").split()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """NumPy warns of means of nothing."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_views(name: str) -> None:
    f = FUNCTIONS[name]
    x = mg.tensor(np.random.default_rng(0).permutation(12).reshape(3, 4) / 3.0)
    view = x[::-1, ::-2]
    result = f(mg, view)
    dense = mg.tensor(host(view).copy())
    if name != "partition":  # whose order is open
        np.testing.assert_allclose(host(result), f(np, host(dense)), rtol=1e-12)
    result.backward()
    f(mg, dense).backward()
    np.testing.assert_allclose(host(x.grad)[::-1, ::-2], host(dense.grad))
    assert not host(x.grad)[:, ::2].any()


@pytest.mark.parametrize("name", FOR_ONE)
def test_one_element(name: str) -> None:
    function = getattr(mg, name)
    x = mg.tensor(2.5)
    result = function(x)
    want = np.asarray(getattr(np, name)(np.array(2.5)))
    assert result.shape == want.shape
    np.testing.assert_array_equal(host(result), want)
    result.backward()
    assert host(x.grad).item() == (0.0 if name == "nanvar" else 1.0)


@pytest.mark.parametrize("name", FOR_NONE)
def test_no_elements(name: str) -> None:
    f, a = FUNCTIONS[name], np.zeros((3, 0))
    x = mg.tensor(a)
    result = f(mg, x)
    np.testing.assert_array_equal(host(result), f(np, a))
    result.backward()
    assert x.grad is None or x.grad.shape == (3, 0)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_what_is_made_of_constants_is_constant(name: str) -> None:
    f = FUNCTIONS[name]
    for a in (np.ones((2, 3)), np.arange(6).reshape(2, 3)):
        assert f(mg, raw(a)).constant
        assert f(mg, mg.tensor(a, constant=True)).constant


def test_moments_of_chosen_constants_are_constant() -> None:
    a, mask = np.array([1.0, 2.0, 4.0]), np.array([True, True, False])
    for f in (mg.mean, mg.var, mg.std):
        assert f(raw(a), where=raw(mask)).constant


@pytest.mark.numpy_only("the standard has no variance of complex numbers")
def test_complex_numbers() -> None:
    z = np.array([1 + 1j, 3, 2 - 2j, 0.5j])
    mask = np.array([True, True, False, True])
    for name in ("var", "std"):
        got = getattr(mg, name)(mg.tensor(z), where=mask)
        assert got.dtype == np.float64
        np.testing.assert_allclose(host(got), getattr(np, name)(z, where=mask))
    check_grads(lambda z: mg.var(z, where=mask), z, order=2)
    check_grads(mg.nanvar, z, order=2)
    check_grads(mg.nanstd, z)
    check_grads(lambda z: mg.median(z * (1 + 0.3j)), z, order=2)
    check_grads(lambda z, w: mg.average(z, weights=w), z, np.array([1.0, 2.0, 1.5, 0.5]), order=2)
    check_grads(lambda z, w: mg.histogram([0.1, 0.2, 0.6, 0.9], 2, weights=w)[0] * z[0], z, z)
