"""Convolutions and correlations: all lengths against one another, real and complex."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from against_numpy import agrees, needs_transforms, same_values

import mygrad as mg
from mygrad.testing import check_grads

pytestmark = needs_transforms  # by which CuPy convolves

rng = np.random.default_rng(0)
A, V = rng.normal(size=(2, 5))
MODES = ["full", "same", "valid"]


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", MODES)
def test_lengths(name: str, mode: str) -> None:
    for n in range(1, 6):
        for m in range(1, 6):
            agrees(name, A[:n], V[:m], mode, order=1)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kinds", ["cc", "cr", "rc"])
def test_complex_vectors(name: str, mode: str, kinds: str) -> None:
    for n, m in ((4, 3), (2, 5)):
        a, v = A[:n], V[:m]
        a = a + 1j * a[::-1] ** 2 if kinds[0] == "c" else a
        v = v - 1j * v**3 if kinds[1] == "c" else v
        agrees(name, a, v, mode, order=2)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_second_derivatives(name: str) -> None:
    def cubes(a: Any, v: Any) -> Any:
        return getattr(mg, name)(a**2, v, "same") ** 3

    check_grads(cubes, A[:4], V[:3], reference=cubes, order=2)


def test_numbers_and_dtypes() -> None:
    agrees("convolve", A, np.array(2.0))
    same_values("convolve", np.array([1, 2, 3]), np.array([0, 1]))
    same_values("correlate", A.astype(np.float32), V.astype(np.float32), "full", rtol=1e-5)
    agrees("convolve", A, 2.0)
    agrees("convolve", 2.0j, A)
    x = mg.tensor(A.astype(np.float32))
    mg.convolve(x, V.astype(np.float32)).backward()
    assert x.grad.dtype == x.dtype


def test_one_vector_with_itself() -> None:
    check_grads(lambda a: mg.correlate(a, a, "full"), A, order=2)
