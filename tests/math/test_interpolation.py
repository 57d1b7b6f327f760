"""Piecewise linear interpolation: between points, at them, beyond them, around a period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from against_numpy import agrees, same_values
from gradcheck import host

import mygrad as mg
from mygrad.testing import check_grads

PLACES = np.array([-1.0, -0.4, 0.1, 0.9, 1.3, 2.0])
VALUES = np.array([0.3, -1.2, 2.0, 0.7, 0.9, -0.5])
X = np.array([-0.9, -0.33, -0.1, 0.2, 0.5, 1.0, 1.1, 1.4, 1.9, -2.05, 3.0])


@pytest.mark.parametrize("values", [VALUES, VALUES + 1j * VALUES[::-1]], ids=["real", "complex"])
@pytest.mark.parametrize("options", [{}, {"left": 3.0}, {"right": -1.0, "left": 2.0}])
def test_between_and_beyond(values: Any, options: dict[str, Any]) -> None:
    agrees("interp", X, PLACES, values, **options)
    same_values("interp", PLACES, PLACES, values, rtol=1e-15, **options)
    same_values("interp", X.reshape(1, 11), PLACES, values, rtol=1e-15, **options)
    same_values("interp", np.array([np.nan, np.inf, -np.inf]), PLACES, values, **options)


@pytest.mark.parametrize("period", [2.8, -3.3])
def test_periodic(period: float) -> None:
    agrees("interp", X, PLACES[::-1], VALUES, period=period)
    check_grads(lambda x, period: mg.interp(x, PLACES, VALUES, period=period), X, np.array(period))


def test_by_what_is_beyond() -> None:
    def function(left: Any, right: Any) -> Any:
        return mg.interp(X, PLACES, VALUES, left, right)

    check_grads(function, np.array(3.0), np.array(-1.0))


def test_derivatives_at_points() -> None:
    """To the right of a point, but to the left of the last one."""
    x = mg.tensor(PLACES)
    mg.interp(x, PLACES, VALUES).backward()
    slopes = np.diff(VALUES) / np.diff(PLACES)
    np.testing.assert_allclose(host(x.grad), [*slopes, slopes[-1]], rtol=1e-12)


def test_one_point_and_equal_places() -> None:
    x = np.array([1.0, 2.0, 3.0])
    same_values("interp", x, np.array([2.0]), np.array([5.0]), left=0.0)
    same_values("interp", np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 2.0]), VALUES[:3])


def test_dtypes_are_numpys() -> None:
    narrow = X.astype(np.float32)
    same_values("interp", narrow, PLACES.astype(np.float32), VALUES.astype(np.float32), rtol=1e-6)
    same_values("interp", 0.3, PLACES, VALUES)
    same_values("interp", np.array([0, 1]), np.array([0, 2]), np.array([5, 6]))
    t = mg.tensor(narrow)
    mg.interp(t, PLACES, VALUES).backward()
    assert t.grad.dtype == t.dtype


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_numpy_function_is_ours() -> None:
    check_grads(lambda x, xp, fp: np.interp(x, xp, fp, right=2.0), X, PLACES, VALUES)


def test_infinite_places() -> None:
    """They are beyond all points: the function does not depend on them, but on the end."""
    x, values = mg.tensor([-np.inf, 0.5, np.inf]), mg.tensor([1.0, 3.0])
    mg.interp(x, [0.0, 1.0], values).backward()
    assert host(x.grad).tolist() == [0.0, 2.0, 0.0]
    assert host(values.grad).tolist() == [1.5, 1.5]
