"""Polynomials: NumPy's values, dtypes and shapes, and derivatives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_numpy import agrees, needs_solver, needs_transforms, same_values
from gradcheck import host

import mygrad as mg
from mygrad.testing import check_grads

rng = np.random.default_rng(0)
P = rng.normal(size=4)
C = P + 1j * P[::-1]
Q = np.array([2.3, 1.4])
X = rng.normal(size=(2, 2))


def has_eigenvalues() -> bool:
    return hasattr(getattr(mg.backends.selected_adapter().xp, "linalg", None), "eigvals")


needs_eigenvalues = pytest.mark.skipif(
    not has_eigenvalues(), reason="the library has no eigenvalues of matrices"
)


# --- values -----------------------------------------------------------------------------------
@pytest.mark.parametrize("p", [P, C, P[:1]], ids=["real", "complex", "constant"])
def test_polyval(p: Any) -> None:
    agrees("polyval", p, X)
    agrees("polyval", p, X + 0.5j)
    agrees("polyval", p, np.array(0.2))
    agrees("polyval", p, 0.3)


def test_polyval_of_other_shapes_and_dtypes() -> None:
    agrees("polyval", rng.normal(size=(3, 2, 1)), X, order=1)
    same_values("polyval", P.astype(np.float32), X.astype(np.float32), rtol=1e-6)
    same_values("polyval", np.array([1, 2, 3]), np.array([4, 5]))
    same_values("polyval", np.zeros(0), X)
    same_values("polyval", P, np.zeros((0, 2)))


def test_third_derivatives_of_polyval() -> None:
    check_grads(mg.polyval, P, np.array([0.3, -0.4]), order=3)


@pytest.mark.parametrize("increasing", [False, True])
@pytest.mark.parametrize("N", [None, 0, 1, 2, 5])
def test_vander(N: int | None, increasing: bool) -> None:
    for x in (P, C, P.astype(np.float32), np.arange(3)):
        same_values("vander", x, N, increasing)
    if N != 0:
        agrees("vander", P[:2], N, increasing)


# --- arithmetic and calculus ------------------------------------------------------------------
@needs_transforms  # by which CuPy convolves
@pytest.mark.parametrize("name", ["polyadd", "polysub", "polymul"])
def test_arithmetic(name: str) -> None:
    agrees(name, P, Q)
    agrees(name, Q, P)
    agrees(name, P, C)
    agrees(name, P, 2.0)
    same_values(name, np.array([0.0, 0.0, 1.0, 2.0]), Q)
    same_values(name, np.zeros(2), Q)
    same_values(name, np.array([1, 2]), np.array([3, 4, 5]))


def test_polydiv() -> None:
    for u, v in ((P, Q), (Q, P), (C, Q), (P, C[:2])):
        agrees("polydiv", u, v)
    same_values("polydiv", np.arange(1, 5), np.arange(1, 3))
    same_values("polydiv", np.convolve(P, Q), Q, rtol=1e-9)  # nothing remains
    u = mg.tensor(P)
    mg.polydiv(u, Q)[0].backward()
    assert host(u).tolist() == P.tolist()  # it was not written to


@pytest.mark.parametrize("m", range(6))
def test_polyder(m: int) -> None:
    for p in (P, C, P.astype(np.float32), np.arange(4)):
        same_values("polyder", p, m)
    if m < 4:
        agrees("polyder", P, m)


@pytest.mark.parametrize("m", range(4))
def test_polyint(m: int) -> None:
    for p in (P, C, P.astype(np.float32), np.arange(4)):
        same_values("polyint", p, m)
    agrees("polyint", P, m, 2.0)
    agrees("polyint", P, m, X.reshape(-1)[:3])


# --- roots ------------------------------------------------------------------------------------


@needs_eigenvalues
@needs_solver
@pytest.mark.parametrize(
    "p", [np.array([1.0, -1.0, -6.0]), P, C, np.array([2.0, 3.0]), np.array([3.0])],
    ids=["real roots", "pairs", "complex", "one", "none"],
)  # fmt: skip
def test_roots(p: Any) -> None:
    np.testing.assert_allclose(
        np.sort_complex(host(mg.roots(mg.tensor(p)))), np.sort_complex(np.roots(p)), rtol=1e-10
    )

    def symmetric(p: Any) -> Any:  # their order does not matter
        return (mg.roots(p) ** 3).sum()

    check_grads(symmetric, p, order=2, reference=symmetric, rtol=1e-4)


@needs_eigenvalues
@needs_solver
@pytest.mark.numpy_only("other libraries give complex roots always")
def test_roots_as_numpy_has_them() -> None:
    for p in (np.array([1.0, -1.0, -6.0]), P, C):
        agrees("roots", p, values=1e-10, rtol=1e-4)
    same_values("roots", np.array([2, 3, -1]))
    for p in ([0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 2.0], [2.0, 1.0, 0.0, 0.0]):
        same_values("roots", np.array(p))


@needs_eigenvalues
@needs_solver
def test_roots_by_coefficients_that_are_zero() -> None:
    """A root at 0 moves with the last coefficient; the others with one in front of the first."""
    p = mg.tensor([0.0, 1.0, -2.0, 0.0])
    found = mg.roots(p)
    assert host(found).tolist() == [2.0, 0.0]
    found[1].backward()
    np.testing.assert_allclose(host(p.grad), [0.0, 0.0, 0.0, 0.5], atol=1e-15)
    mg.roots(p)[0].backward()
    np.testing.assert_allclose(host(p.grad), [-4.0, -2.0, -1.0, -0.5], rtol=1e-12)


@needs_transforms
def test_poly_of_roots() -> None:
    agrees("poly", P)
    agrees("poly", C)
    agrees("poly", np.array([1 + 1j, 1 - 1j, 3.0]), order=1, rtol=1e-5)
    same_values("poly", np.array([1, 2]))
    same_values("poly", P.astype(np.float32), rtol=1e-6)


@needs_eigenvalues
@needs_solver
@pytest.mark.parametrize("n", [1, 2, 4])
def test_poly_of_a_matrix(n: int) -> None:
    a = np.random.default_rng(n).normal(size=(n, n))
    agrees("poly", a, values=1e-10)
    agrees("poly", a + 1j * a.T**2, values=1e-10)
    agrees("poly", np.eye(n), values=1e-10)  # all eigenvalues equal


# --- under NumPy's names ----------------------------------------------------------------------
CALLS: list[Callable[[Any], Any]] = [
    lambda t: np.polyval(t, 0.5),
    lambda t: np.polyval(np.poly1d(P), t),
    lambda t: np.poly1d(P)(t),
    lambda t: np.polyadd(t, Q),
    lambda t: np.polysub(Q, t),
    lambda t: np.polymul(t, np.poly1d(Q)),
    lambda t: np.polydiv(t, Q)[0],
    lambda t: np.polyder(t, m=2),
    lambda t: np.polyint(t, k=3.0),
    lambda t: np.poly(t),
    lambda t: np.vander(t, increasing=True),
    lambda t: np.roots(t) ** 2,
]


@pytest.mark.numpy_only("NumPy's functions take host tensors")
@pytest.mark.parametrize("k", range(len(CALLS)))
def test_numpy_functions_are_ours(k: int) -> None:
    call = CALLS[k]
    result = call(mg.tensor(P))
    assert isinstance(result, mg.Tensor)
    wanted = call(P)
    np.testing.assert_allclose(result.data, getattr(wanted, "coeffs", wanted), rtol=1e-10)
    check_grads(call, P, reference=lambda p: mg.asarray(call(mg.tensor(p))), rtol=1e-4)


FAMILIES = {
    "polynomial": "poly", "chebyshev": "cheb", "legendre": "leg", "hermite": "herm",
    "hermite_e": "herme", "laguerre": "lag",
}  # fmt: skip


@pytest.mark.numpy_only("NumPy's functions take host tensors")
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_numpy_polynomial(family: str) -> None:
    """What `numpy.polynomial` computes with tensors has a gradient; what it converts, it says."""
    module = getattr(np.polynomial, family)
    name = FAMILIES[family]
    value = getattr(module, f"{name}val")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_grads(lambda x: value(x, P), X, order=2)
    kind = next(v for n, v in vars(module).items() if n.lower() == family.replace("_", ""))
    losing: list[Callable[[], Any]] = [
        lambda: value(X, mg.tensor(P)),
        lambda: kind(P)(mg.tensor(X)),
        lambda: kind(mg.tensor(P)),
        lambda: getattr(module, f"{name}der")(mg.tensor(P)),
        lambda: getattr(module, f"{name}roots")(mg.tensor(P)),
        lambda: getattr(module, f"{name}vander")(mg.tensor(P), 2),
        lambda: getattr(module, f"{name}fit")(mg.tensor(P), P, 1),
    ]
    for call in losing:
        with pytest.warns(mg.errors.GradientDetached):
            call()
