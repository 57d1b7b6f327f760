"""Covariances and correlations, with weights, real and complex."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from against_numpy import agrees, same_values

import mygrad as mg
from mygrad.testing import check_grads

rng = np.random.default_rng(0)
M = rng.normal(size=(2, 5))
Z = M + 1j * rng.normal(size=(2, 5))
V = rng.normal(size=5)
COUNTS = np.array([1, 2, 3, 0, 1])
WEIGHTS = rng.uniform(0.5, 2.0, 5)
OPTIONS: list[dict[str, Any]] = [
    {"bias": True},
    {"ddof": 2},
    {"fweights": COUNTS},
    {"aweights": WEIGHTS},
    {"aweights": WEIGHTS, "fweights": COUNTS},
    {"aweights": WEIGHTS, "fweights": COUNTS, "ddof": 0},
]


@pytest.mark.parametrize("m", [M, Z, V, M[:1]], ids=["real", "complex", "vector", "row"])
def test_cov(m: Any) -> None:
    agrees("cov", m)
    for options in OPTIONS:
        agrees("cov", m, order=1, **options)
    if m.ndim == 2:
        agrees("cov", m.T, rowvar=False, order=1)


def test_cov_of_two() -> None:
    agrees("cov", M, V)
    agrees("cov", V, WEIGHTS, order=1)
    agrees("cov", M, Z, order=1)
    agrees("cov", M.T, M.T**2, rowvar=False, order=1)


def test_cov_by_weights() -> None:
    for options in ({}, {"ddof": 0}, {"fweights": COUNTS}):

        def function(m: Any, weights: Any, options: Any = options) -> Any:
            return mg.cov(m, aweights=weights, **options)

        check_grads(function, M, WEIGHTS, order=2, reference=function)


@pytest.mark.parametrize("x", [M, Z, V], ids=["real", "complex", "vector"])
def test_corrcoef(x: Any) -> None:
    agrees("corrcoef", x, order=1 if x is V else 2)
    agrees("corrcoef", x, V, order=1)
    if x.ndim == 2:
        agrees("corrcoef", x.T, rowvar=False, order=1)


def test_dtypes() -> None:
    narrow = M.astype(np.float32)
    same_values("cov", narrow)
    same_values("cov", np.array([[1, 2, 4], [0, 5, 1]]))
    same_values("cov", narrow, dtype=np.float32, rtol=1e-5)
    same_values("corrcoef", narrow, dtype=np.float32, rtol=1e-5)
    same_values("cov", np.zeros((0, 3)))
    t = mg.tensor(narrow)
    mg.cov(t).backward()
    assert t.grad.dtype == t.dtype


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_no_degree_of_freedom() -> None:
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        assert np.isnan(mg.asarray(mg.cov(mg.tensor([[1.0], [2.0]])).to("numpy"))).all()


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_numpy_functions_are_ours() -> None:
    check_grads(lambda m, y: np.cov(m, y, bias=True, aweights=WEIGHTS), M, V)
    check_grads(lambda m: np.corrcoef(m, rowvar=False), M.T[:2])
