"""Determinants of singular matrices: their derivatives are cofactors, which are polynomials."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from gradcheck import host
from numpy.typing import NDArray

import mygrad as mg
from mygrad.testing import check_grads

Array = NDArray[Any]
RNG = np.random.default_rng(3)


def of_rank(rank: int, n: int = 4, kind: str = "real") -> Array:
    a, b = RNG.normal(size=(n, rank)), RNG.normal(size=(rank, n))
    if kind == "complex":
        a, b = a + 1j * RNG.normal(size=a.shape), b - 1j * RNG.normal(size=b.shape)
    return np.asarray(a @ b)


def cofactors(a: Array) -> Array:
    """By the definition: determinants of what a row and a column leave."""
    found = np.zeros_like(a)
    for i, j in np.ndindex(a.shape):
        rest = np.delete(np.delete(a, i, 0), j, 1)
        found[i, j] = (-1) ** (i + j) * np.linalg.det(rest)
    return found


def by_permutations(a: Any) -> Any:
    """Leibniz's sum: the oracle, a polynomial of the elements."""
    n = a.shape[-1]
    total: Any = 0.0
    for order in permutations(range(n)):
        sign = round(float(np.linalg.det(np.eye(n)[list(order)])))
        product: Any = sign
        for i, j in enumerate(order):
            product = product * a[i, j]
        total = total + product
    return total


EXACT = {
    "integers": np.arange(9.0).reshape(3, 3),
    "of zeros": np.zeros((3, 3)),
    "a zero": np.diag([2.0, 0.0, 3.0]),
    "two zeros": np.diag([0.0, 2.0, 0.0]),
    "of one": np.zeros((1, 1)),
}
NEARLY = {"nearly": of_rank(3) + 1e-11 * RNG.normal(size=(4, 4))}
CASES = {
    **EXACT,
    **NEARLY,
    **{f"rank {r}": of_rank(r) for r in (3, 2, 1)},
    **{f"rank {r}, complex": of_rank(r, kind="complex") for r in (3, 2, 1)},
}


@pytest.mark.parametrize("name", CASES)
def test_first_derivatives(name: str) -> None:
    a = CASES[name]
    x = mg.tensor(a)
    mg.linalg.det(x).backward()
    wanted = cofactors(a) if a.size > 1 else np.ones((1, 1))
    np.testing.assert_allclose(host(x.grad), wanted, rtol=1e-9, atol=1e-12)
    check_grads(mg.linalg.det, a)


@pytest.mark.parametrize("name", [n for n in CASES if n != "of one"])  # which is linear
def test_second_derivatives(name: str) -> None:
    """Those of Leibniz's polynomial, by its own gradient."""
    a = CASES[name]
    direction = RNG.normal(size=a.shape)
    found = []
    for f in (mg.linalg.det, by_permutations):
        x = mg.tensor(a)
        f(x).backward(create_graph=True)
        mg.sum(mg.real(x.grad * direction)).backward()
        found.append(np.zeros(a.shape) if x.grad is None else host(x.grad))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-10)


def test_a_stack_with_a_singular_matrix() -> None:
    stack = np.stack([EXACT["integers"], RNG.normal(size=(3, 3)), EXACT["of zeros"]])
    check_grads(mg.linalg.det, stack, order=2)


def test_third_derivatives_of_singular_matrices_raise() -> None:
    x = mg.tensor(EXACT["a zero"])
    mg.linalg.det(x).backward(create_graph=True)
    mg.sum(x.grad * x.grad).backward(create_graph=True)
    with pytest.raises(NotImplementedError, match=r"third derivative.*\(3, 3\)"):
        mg.sum(x.grad**2).backward()
    check_grads(mg.linalg.det, RNG.normal(size=(3, 3)) + 2 * np.eye(3), order=3)


def test_matrices_that_are_not_finite() -> None:
    x = mg.tensor(np.array([[1.0, np.nan], [2.0, 3.0]]))
    with np.errstate(invalid="ignore"):
        mg.linalg.det(x).backward()
    assert np.isnan(host(x.grad)).all()


def test_logarithms_of_large_and_small_determinants() -> None:
    """Where the determinant is no number: 1e400 and 1e-400."""
    for scale in (1e20, 1e-20):
        x = mg.tensor(np.eye(20) * scale)
        sign, logarithm = mg.linalg.slogdet(x)
        assert sign.item() == 1.0
        np.testing.assert_allclose(logarithm.item(), 20 * np.log(scale))
        logarithm.backward()
        np.testing.assert_allclose(host(x.grad), np.eye(20) / scale)


def test_signs_of_complex_matrices_have_a_derivative() -> None:
    a = RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3))

    def det(a: Any) -> Any:
        sign, logarithm = mg.linalg.slogdet(a)
        return sign * mg.exp(logarithm)

    x, y = mg.tensor(a), mg.tensor(a)
    det(x).backward()
    mg.linalg.det(y).backward()
    np.testing.assert_allclose(host(x.grad), host(y.grad), rtol=1e-10)


def test_logarithms_of_singular_matrices() -> None:
    x = mg.tensor(EXACT["a zero"])
    with np.errstate(divide="ignore"):
        sign, logarithm = mg.linalg.slogdet(x)
    assert sign.item() == 0.0
    assert logarithm.item() == -np.inf
    if x.backend == "jax":  # which raises nothing
        logarithm.backward()
        assert not np.isfinite(host(x.grad)[1, 1])  # where the zero is
        return
    with pytest.raises(ValueError, match="ingular"):
        logarithm.backward()
