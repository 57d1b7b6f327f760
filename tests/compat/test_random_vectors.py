"""`mygrad.random.multivariate_normal`: moments, NumPy's numbers, and derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases_linalg import without_solver
from gradcheck import check_gradients, host

import mygrad as mg

MEAN = np.array([0.5, -1.0, 2.0])
ROOT = np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-1.0, 0.25, 0.5]])
COV = ROOT @ ROOT.T


needs_solver = pytest.mark.skipif(without_solver(), reason="cuSOLVER is not installed")


@pytest.mark.parametrize("variable", [False, pytest.param(True, marks=needs_solver)])
def test_moments(variable: bool) -> None:
    mg.random.seed(0)
    cov = mg.tensor(COV, constant=not variable)
    sample = host(mg.random.multivariate_normal(MEAN, cov, 40_000))
    assert sample.shape == (40_000, 3)
    # Five standard errors of each estimate.
    error = 5 / np.sqrt(40_000)
    np.testing.assert_array_less(abs(sample.mean(axis=0) - MEAN), error * np.sqrt(COV.diagonal()))
    bound = error * np.sqrt(np.outer(COV.diagonal(), COV.diagonal()) + COV**2)
    np.testing.assert_array_less(abs(np.cov(sample.T) - COV), bound)


@pytest.mark.numpy_only("other libraries have generators of their own")
@pytest.mark.parametrize("shape", [None, 4, (2, 3)])
@pytest.mark.parametrize("variable", [False, True])
def test_the_numbers_are_made_of_numpy_s(shape: Any, variable: bool) -> None:
    """As NumPy's generators do with ``method="cholesky"``; whether `cov` is a variable or not."""
    size = () if shape is None else (shape,) if isinstance(shape, int) else shape
    mg.random.seed(5)
    got = mg.random.multivariate_normal(MEAN, mg.tensor(COV, constant=not variable), shape)
    np.random.seed(5)
    noise = np.random.standard_normal((*size, 3))
    np.testing.assert_allclose(got.data, noise @ np.linalg.cholesky(COV).T + MEAN, rtol=1e-12)


@pytest.mark.parametrize("cov", [COV, COV.tolist(), "tensor", "float32"])
def test_what_a_covariance_may_be(cov: Any) -> None:
    if isinstance(cov, str):
        cov = mg.tensor(COV, constant=True, dtype="float32" if cov == "float32" else None)
    mg.random.seed(2)
    first = mg.random.multivariate_normal(MEAN.tolist(), cov, 5)
    mg.random.seed(2)
    np.testing.assert_allclose(
        host(first), host(mg.random.multivariate_normal(mg.tensor(MEAN), COV, 5)), rtol=1e-5
    )


@needs_solver
def test_gradients_of_mean_and_covariance() -> None:
    """Against finite differences; the covariance counts by its symmetric part."""

    def sample(mean: Any, cov: Any) -> Any:
        mg.random.seed(3)
        noise = host(mg.random.standard_normal((4, 3)))
        mg.random.seed(3)
        made = mg.random.multivariate_normal(mean, cov, 4)
        assert noise.shape == made.shape
        return made * made

    if mg.backends.selected_adapter().name == "numpy":  # elsewhere the oracle's numbers differ
        check_gradients(sample, [MEAN, COV])
    cov = mg.tensor(COV)
    mg.random.seed(3)
    mg.random.multivariate_normal(mg.tensor(MEAN), cov, 4).sum().backward()
    np.testing.assert_allclose(host(cov.grad), host(cov.grad).T, rtol=1e-12)


@pytest.mark.parametrize("variable", [False, True])
def test_covariances_that_are_none(variable: bool) -> None:
    if variable and mg.backends.selected_adapter().name != "numpy":
        pytest.skip("to see it would mean waiting for the device")
    for cov in ([[1.0, 2.0], [2.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]]):
        with pytest.raises(ValueError, match=r"multivariate_normal: cov= has to be positive"):
            mg.random.multivariate_normal([0.0, 0.0], mg.tensor(cov, constant=not variable))
    for wrong in ([1.0, 2.0], np.ones((2, 3)), 3.0):
        with pytest.raises(ValueError, match=r"matrix of shape \(N, N\)"):
            mg.random.multivariate_normal([0.0, 0.0], wrong)


def test_other_parameters_on_every_backend() -> None:
    """Parameters may be numbers, lists, arrays and tensors."""
    for scale in (2.0, [1.0, 2.0], np.array([1.0, 2.0]), mg.tensor([1.0, 2.0])):
        assert mg.random.normal(0.0, scale, (3, 2)).shape == (3, 2)
        low = -1.0 if isinstance(scale, float) else mg.tensor(-1.0)
        assert np.all(host(mg.random.uniform(low, scale, (3, 2))) >= -1)
    x = mg.tensor([3.0, 1.0, 2.0])
    shuffled = mg.random.permutation(x)
    shuffled.backward()
    assert sorted(host(shuffled).tolist()) == [1, 2, 3]
    assert host(x.grad).tolist() == [1, 1, 1]
    assert sorted(host(mg.random.permutation(5)).tolist()) == [0, 1, 2, 3, 4]
