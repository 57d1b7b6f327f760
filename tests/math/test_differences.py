"""Differences, difference quotients, integrals, angles without jumps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from against_numpy import agrees, same_values
from gradcheck import host

import mygrad as mg
from mygrad.testing import check_grads

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 2, 4))
V = rng.normal(size=6)
PLACES = np.array([0.0, 0.5, 1.7, 2.0])


# --- differences ------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_diff(n: int, axis: int) -> None:
    agrees("diff", X, n, axis, order=1)
    agrees("diff", V, n)


def test_diff_with_ends() -> None:
    agrees("diff", V, prepend=0.0)
    agrees("diff", V, append=V[:2] * 3)
    agrees("diff", X, 2, 1, prepend=X[:, :1], append=1.5)
    check_grads(lambda a, b: mg.diff(X, axis=0, prepend=a, append=b), X[:2], np.array(0.3))


def test_diff_of_other_dtypes() -> None:
    same_values("diff", np.array([True, False, False]))
    same_values("diff", np.array([1, 4, 9], np.uint8))
    same_values("diff", V.astype(np.float32))
    agrees("diff", V + 1j * V[::-1])
    same_values("diff", np.zeros((2, 0)))


def test_ediff1d() -> None:
    agrees("ediff1d", X)
    agrees("ediff1d", V, np.array([[1.0, 2.0]]), -3.0)
    check_grads(lambda a, b: mg.ediff1d(V, a, b), V[:2], V[:3])
    same_values("ediff1d", np.array([1, 5, 2]), 7)
    same_values("ediff1d", np.zeros(0))


# --- difference quotients ---------------------------------------------------------------------
@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("axis", [(2, 0), 0, -1, (0, 2), (2,)])
def test_gradient(axis: Any, edge_order: int) -> None:
    agrees("gradient", X, axis=axis, edge_order=edge_order, order=1)
    agrees("gradient", X, 0.5, axis=axis, edge_order=edge_order, order=1)
    agrees("gradient", X[:, 0], edge_order=edge_order)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient_by_its_spacing(edge_order: int) -> None:
    agrees("gradient", X[0, 0], np.array(0.7), edge_order=edge_order)
    agrees("gradient", X[0, 0], PLACES, edge_order=edge_order, rtol=1e-5)
    agrees("gradient", X, PLACES, axis=2, edge_order=edge_order, rtol=1e-5, order=1)
    agrees("gradient", X[:, 0], PLACES[:3], np.array(0.7), edge_order=edge_order, rtol=1e-5)


def test_even_coordinates_are_differentiated_by_as_well() -> None:
    """NumPy takes the shorter way for them, which sees only their first step."""
    agrees("gradient", X[0, 0], np.arange(4.0), rtol=1e-5)
    same_values("gradient", X[0, 0], np.arange(4))
    constant = mg.tensor(np.arange(4.0) / 3, constant=True)
    got = mg.gradient(mg.tensor(X[0, 0]), constant)
    np.testing.assert_allclose(host(got), np.gradient(X[0, 0], np.arange(4.0) / 3), rtol=1e-13)


def test_gradient_of_other_dtypes() -> None:
    same_values("gradient", np.array([1, 4, 9, 16]))
    same_values("gradient", V.astype(np.float32), rtol=1e-6)
    agrees("gradient", V + 1j * V[::-1], edge_order=2)


# --- integrals --------------------------------------------------------------------------------
def test_trapezoid() -> None:
    agrees("trapezoid", V)
    agrees("trapezoid", X, axis=1, dx=0.3, order=1)
    agrees("trapezoid", X[0], PLACES)
    agrees("trapezoid", X, PLACES[:3], axis=0, order=1)
    agrees("trapezoid", X[0], X[0] ** 2, axis=0)
    agrees("trapezoid", X, X[0] ** 2, axis=-1, order=1)
    check_grads(lambda dx: mg.trapezoid(V, dx=dx), np.array(0.3), order=2)
    same_values("trapezoid", np.array([1, 2, 4]))
    same_values("trapezoid", V.astype(np.float32), rtol=1e-6)
    agrees("trapezoid", V + 1j * V[::-1])
    same_values("trapezoid", np.zeros(0))


# --- angles -----------------------------------------------------------------------------------
WOUND = np.array([[0.1, 2.5, 4.8, 0.9, 3.0], [0.3, -3.0, 3.1, 6.0, 0.2]])


@pytest.mark.parametrize("options", [{}, {"axis": 0}, {"period": 5.0}, {"discont": 4.0}])
def test_unwrap(options: dict[str, Any]) -> None:
    agrees("unwrap", WOUND, order=1, **options)


def test_unwrap_by_its_period() -> None:
    """A value that was moved by k periods has the derivative k."""
    period = mg.tensor(5.0)
    t = mg.unwrap(mg.tensor(WOUND[0]), period=period)
    t[3].backward()
    assert float(period.grad) == 1.0
    check_grads(lambda p, period: mg.unwrap(p, period=period), WOUND, np.array(5.0))


@pytest.mark.numpy_only("the standard leaves mixed integers and floats undefined")
def test_unwrap_of_integers() -> None:
    for period in (4, 5, 2.5):
        same_values("unwrap", np.array([0, 1, 2, 3, 0, 2, 1]), period=period)


def test_unwrap_at_half_a_period() -> None:
    same_values("unwrap", np.array([0.0, 2.5, 0.0, -2.5]), period=5.0)


# --- under NumPy's names ----------------------------------------------------------------------
@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_numpy_functions_are_ours() -> None:
    calls: list[Any] = [
        lambda t: np.diff(t, prepend=t[:1], append=0.0),
        lambda t: np.ediff1d(t, to_begin=t[2:4]),
        lambda t: np.gradient(t, edge_order=2),
        lambda t: np.gradient(t, t**3),
        lambda t: np.unwrap(3 * t, period=2.0),
        lambda t: np.trapezoid(t, t**2),
    ]
    for call in calls:
        result = call(mg.tensor(V))
        assert isinstance(result, mg.Tensor)
        np.testing.assert_allclose(result.data, call(V), rtol=1e-12)
        check_grads(call, V, rtol=1e-5)


@pytest.mark.parametrize("name", ["diff", "ediff1d", "gradient", "trapezoid", "unwrap"])
def test_constant_results(name: str) -> None:
    function = getattr(mg, name)
    assert function(V).constant
    assert function(mg.tensor(V, constant=True)).constant
    assert not function(mg.tensor(V)).constant
    assert function(mg.tensor(V), constant=True).constant
    assert not function(V, constant=False).constant
