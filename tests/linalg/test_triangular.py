"""Triangular matrices are inverted by blocks: large ones, and small ones by blocks of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.autodiff.namespace import registry
from mygrad.linalg import matrices
from mygrad.testing import check_grads

RNG = np.random.default_rng(4)


def inverse(x: Any) -> Any:
    return registry["triangular_inverse"](x)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 200])
def test_inverses(n: int) -> None:
    a = np.tril(RNG.normal(size=(2, n, n))) + 3 * np.sqrt(n) * np.eye(n)
    got = host(inverse(raw(a)))
    assert got.shape == a.shape
    np.testing.assert_allclose(got, np.linalg.inv(a), atol=1e-12)
    np.testing.assert_array_equal(got, np.tril(got))


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_derivatives_through_blocks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "LEAF", 1)
    a = RNG.normal(size=(3, 3)) + (1j * RNG.normal(size=(3, 3)) if kind == "complex" else 0.0)
    a = a + 3 * np.eye(3)
    check_grads(lambda x: inverse(mg.tril(x)), a, order=2)
    check_grads(lambda x: mg.linalg.cholesky(x @ mg.conj(x.T)), a, order=2)
    check_grads(lambda x: mg.linalg.qr(x).R, a, order=2)


def test_a_large_factor() -> None:
    """Along one direction, against a difference."""
    n = 170
    a, direction = RNG.normal(size=(n, n)), RNG.normal(size=(n, n))
    a = a @ a.T / n + np.eye(n)
    weights, step = RNG.normal(size=(n, n)), 1e-6
    x = mg.tensor(a)
    mg.sum(mg.linalg.cholesky(x) * raw(weights)).backward()
    above, below = (np.linalg.cholesky(a + s * direction) for s in (step, -step))
    slope = np.sum(weights * (above - below)) / (2 * step)
    np.testing.assert_allclose(np.sum(host(x.grad) * direction), slope, rtol=1e-6)
