"""Fits of polynomials: values, covariances, and derivatives by places, values and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from against_numpy import needs_solver
from gradcheck import host

import mygrad as mg
from mygrad.testing import check_grads

pytestmark = needs_solver

rng = np.random.default_rng(0)
X = np.linspace(-1.0, 2.0, 7) + 0.1 * rng.normal(size=7)
Y = rng.normal(size=7)
YS = rng.normal(size=(7, 2))
W = rng.uniform(0.5, 2.0, 7)


@pytest.mark.parametrize("deg", [0, 1, 3])
@pytest.mark.parametrize("y", [Y, YS], ids=["vector", "columns"])
@pytest.mark.parametrize("weights", [{}, {"w": W}], ids=["", "weighted"])
def test_values(deg: int, y: Any, weights: dict[str, Any]) -> None:
    x, t = mg.tensor(X), mg.tensor(y)
    found = host(mg.polyfit(x, t, deg, **weights))
    np.testing.assert_allclose(found, np.polyfit(X, y, deg, **weights), rtol=1e-10, atol=1e-12)
    for cov in (True, "unscaled"):
        got = mg.polyfit(x, t, deg, cov=cov, **weights)
        for mine, theirs in zip(got, np.polyfit(X, y, deg, cov=cov, **weights), strict=True):
            assert mine.shape == theirs.shape
            np.testing.assert_allclose(host(mine), theirs, rtol=1e-9, atol=1e-12)
    everything = mg.polyfit(x, t, deg, full=True, **weights)
    for mine, theirs in zip(everything, np.polyfit(X, y, deg, full=True, **weights), strict=True):
        np.testing.assert_allclose(host(mine), theirs, rtol=1e-10, atol=1e-12)


def test_derivatives() -> None:
    def fit(x: Any, y: Any, w: Any) -> Any:
        return mg.polyfit(x, y, 2, w=w)

    check_grads(fit, X, Y, W, order=2, reference=fit, rtol=1e-4)
    check_grads(lambda x, y: mg.polyfit(x, y, 2), X, YS, rtol=1e-4)
    check_grads(lambda x, y: mg.polyfit(x, y, 1), X + 0.3j * Y, Y + 1j * W, order=2, rtol=1e-4)
    check_grads(lambda x, y: mg.polyfit(x, y, 1), X + 0.3j * Y, Y, rtol=1e-4)


def test_derivatives_of_covariances_and_residuals() -> None:
    check_grads(lambda x, y, w: mg.polyfit(x, y, 1, w=w, cov=True), X, Y, W, rtol=1e-4)
    check_grads(lambda x: mg.polyfit(x, YS, 1, cov="unscaled")[1], X, order=2, rtol=1e-4)
    check_grads(lambda x, y: mg.polyfit(x, y, 1, full=True)[:2], X, Y, rtol=1e-4)


def test_a_fit_that_is_sensitive() -> None:
    """Its normal equations would lose all digits of a polynomial that fits exactly."""
    x = np.linspace(100.0, 101.0, 30)
    exact = np.array([1.0, -2.0, 3.0, -4.0])
    values = np.polyval(exact, x - 100.5)
    y = mg.tensor(values)
    found = mg.polyfit(x, y, 3)
    np.testing.assert_allclose(host(mg.polyval(found, x)), values, atol=1e-8)
    found[0].backward()
    theirs = np.polyfit(x, np.eye(30), 3)[0]  # it is linear in the values
    np.testing.assert_allclose(host(y.grad), theirs, rtol=1e-6, atol=1e-6)


def test_points_that_do_not_determine_the_polynomial() -> None:
    x = mg.tensor([1.0, 1.0, 2.0])
    with pytest.warns(np.exceptions.RankWarning):
        found = mg.polyfit(x, [1.0, 2.0, 4.0], 2)
    with pytest.warns(np.exceptions.RankWarning):
        wanted = np.polyfit([1.0, 1.0, 2.0], [1.0, 2.0, 4.0], 2)
    np.testing.assert_allclose(host(found), wanted, rtol=1e-10)
    squares, rank = mg.polyfit(x, [1.0, 2.0, 4.0], 2, full=True)[1:3]
    assert (squares.shape, rank) == ((0,), 2)


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_a_matrix_of_lower_rank(kind: str) -> None:
    """Along matrices of that rank."""
    left, right, b = rng.normal(size=(5, 2)), rng.normal(size=(2, 3)), rng.normal(size=5)
    if kind == "complex":
        left = left + 1j * rng.normal(size=(5, 2))

    def shortest(left: Any, right: Any, b: Any) -> Any:
        return mg.linalg.lstsq(mg.matmul(left, right), b, 1e-10)[0]

    def inverse(left: Any, right: Any) -> Any:
        return mg.linalg.pinv(mg.matmul(left, right), 1e-10)

    check_grads(shortest, left, right, b + 0 * left[:, 0], order=2)
    check_grads(inverse, left, right, order=2)


def test_constant_results() -> None:
    assert mg.polyfit(X, Y, 1).constant
    assert mg.polyfit(mg.tensor(X), Y, 1, constant=True).constant
    assert not mg.polyfit(X, mg.tensor(Y), 1).constant


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_numpy_function_is_ours() -> None:
    check_grads(lambda x, y: np.polyfit(x, y, 1, w=W), X, Y, rtol=1e-4)
    with pytest.warns(np.exceptions.RankWarning) as told:
        np.polyfit(mg.tensor([1.0, 1.0]), [1.0, 2.0], 1)
    assert told[0].filename == __file__
