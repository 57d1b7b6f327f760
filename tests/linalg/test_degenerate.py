"""Where derivatives are a matter of convention: equal values, lost rank, phases, bases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from numpy.typing import NDArray

import mygrad as mg
from mygrad.errors import InvalidGradient
from mygrad.testing import check_grads

Array = NDArray[Any]
la = mg.linalg
RNG = np.random.default_rng(5)
UNITARY, _ = np.linalg.qr(RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4)))
ORTHOGONAL, _ = np.linalg.qr(RNG.normal(size=(4, 4)))


def gradient(f: Callable[..., Any], a: Array) -> Array:
    x = mg.tensor(a)
    f(x).backward()
    return host(x.grad)


def symmetric(values: list[float], q: Array = ORTHOGONAL) -> Array:
    return np.asarray(q * np.array(values) @ q.conj().T)


# --- equal eigenvalues and singular values --------------------------------------------------
EQUAL = {
    "diagonal": np.diag([2.0, 2.0, 3.0, 3.0]),
    "turned": symmetric([2.0, 2.0, 3.0, 3.0]),
    "turned, complex": symmetric([2.0, 2.0, 3.0, 3.0], UNITARY),
    "a multiple of one": 1.5 * np.eye(4),
}


@pytest.mark.parametrize("name", EQUAL)
def test_functions_that_treat_equal_eigenvalues_alike(name: str) -> None:
    a = EQUAL[name]
    for f in (
        lambda a: la.eigh(a).eigenvalues ** 3,
        lambda a: mg.log(la.eigvalsh(a)),
        lambda a: mg.sin(la.svd(a, full_matrices=False).S),
        lambda a: mg.sqrt(la.svdvals(a)),
        lambda a: la.svd(a, compute_uv=False, hermitian=True) ** 2,
    ):
        check_grads(lambda a, f=f: mg.sum(f((a + mg.conj(a.T)) / 2)), a)


@pytest.mark.parametrize("name", EQUAL)
def test_vectors_of_equal_eigenvalues_have_no_derivative(name: str) -> None:
    a = EQUAL[name]
    weights = np.arange(16.0).reshape(4, 4)

    def projector(v: Any) -> Any:  # of one vector out of several that are as good
        return mg.sum(mg.real(v[:, :1] @ mg.conj(v[:, :1].T)) * weights)

    assert np.isnan(gradient(lambda a: projector(la.eigh(a).eigenvectors), a)).any()
    assert np.isnan(gradient(lambda a: projector(la.svd(a).U), a)).any()


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_a_matrix_function_at_equal_eigenvalues_is_nan_and_not_wrong(kind: str) -> None:
    """exp(A) at A = 1 has the derivative e in all directions, off the diagonal, too."""
    a = np.eye(3) + (0j if kind == "complex" else 0.0)

    def exp(a: Any) -> Any:
        w, v = la.eigh(a)
        return mg.real((v * mg.exp(w)) @ mg.conj(v.T))

    assert np.isnan(gradient(lambda a: exp(a)[0, 1], a)).any()


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_what_does_not_depend_on_the_equal_ones(kind: str) -> None:
    """The vector of the one eigenvalue that has no equal, and the projector on it."""
    q = UNITARY if kind == "complex" else ORTHOGONAL
    a = symmetric([1.0, 1.0, 1.0, 3.0], q)
    weights = np.arange(16.0).reshape(4, 4)

    def f(a: Any) -> Any:
        v = la.eigh((a + mg.conj(a.T)) / 2).eigenvectors[:, 3:]
        return mg.real(v @ mg.conj(v.T)) * weights

    def g(a: Any) -> Any:
        u, s, vh = la.svd(a, full_matrices=False)
        return mg.real(u[:, :1] @ vh[:1]) * weights * s[0]

    check_grads(f, a)
    check_grads(g, a)


def test_values_that_differ_by_rounding_count_as_equal() -> None:
    a = np.diag([1.0, 1.0 + 2e-16, 2.0])
    assert np.isnan(gradient(lambda a: la.eigh(a).eigenvectors[0, 1], a)).any()
    a = np.diag([1.0, 1.0 + 1e-12, 2.0])
    assert np.isfinite(gradient(lambda a: la.eigh(a).eigenvectors[0, 1], a)).all()


def test_equal_eigenvalues_of_a_matrix_that_is_not_symmetric() -> None:
    a = np.array([[2.0, 0.0, 1.0], [0.0, 2.0, 1.0], [0.0, 0.0, 3.0]])
    check_grads(lambda a: mg.sum(mg.real(la.eigvals(a)) ** 2), a)
    assert np.isnan(gradient(lambda a: mg.sum(la.eig(a).eigenvectors) ** 2, a)).any()


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_second_derivatives_at_equal_singular_values(kind: str) -> None:
    """The Hessian of a sum of squares; that of other functions is nan, and not wrong."""
    q = UNITARY if kind == "complex" else ORTHOGONAL
    check_grads(lambda a: mg.sum(la.svdvals(a)[:2] ** 2), symmetric([3.0, 2.0, 1.0, 1.0], q))
    x = mg.tensor(symmetric([2.0, 2.0, 1.0, 1.0], q))
    mg.sum(la.svdvals(x) ** 3).backward(create_graph=True)
    first = x.grad
    mg.sum(mg.real(first)).backward()
    assert np.isnan(host(x.grad)).any()


# --- lost rank -----------------------------------------------------------------------------
LOW = np.outer([1.0, 2.0, -1.0, 0.5], [3.0, 1.0, 2.0])


def test_norms_of_matrices_without_full_rank() -> None:
    check_grads(lambda a: la.norm(a, 2), LOW)
    u, _, vh = np.linalg.svd(LOW, full_matrices=False)
    got = gradient(lambda a: la.norm(a, "nuc"), LOW)
    assert np.isfinite(got).all()
    on_space = u[:, :1] @ vh[:1]  # where the norm is differentiable
    np.testing.assert_allclose(u[:, :1].T @ got @ vh[:1].T, u[:, :1].T @ on_space @ vh[:1].T)
    assert np.linalg.norm(got, 2) <= 1 + 1e-9  # a subgradient


def test_singular_vectors_without_full_rank() -> None:
    def f(a: Any) -> Any:
        u, s, vh = la.svd(a, full_matrices=False)
        return (u[:, :1] * s[:1]) @ vh[:1]

    check_grads(f, LOW)
    assert np.isnan(
        gradient(lambda a: mg.sum(la.svd(a, full_matrices=False).U[:, 2] ** 3), LOW)
    ).any()


def test_pseudo_inverses_change_at_constant_rank() -> None:
    """Along directions that keep the rank; others make the pseudo-inverse jump."""
    left, right = np.array([1.0, 2.0, -1.0, 0.5]), np.array([3.0, 1.0, 2.0])
    check_grads(lambda a, b: la.pinv(mg.outer(a, b)), left, right, order=2)
    check_grads(lambda a, b: la.pinv(mg.outer(a, b), rtol=None), left, right)
    assert np.isfinite(gradient(lambda a: mg.sum(la.pinv(a, rcond=1e-10)), LOW)).all()


def test_lstsq_of_lost_rank() -> None:
    y = np.array([1.0, -2.0, 0.5, 3.0])
    x, residuals, rank, s = la.lstsq(mg.tensor(LOW), y)
    wanted = np.linalg.lstsq(LOW, y, rcond=None)
    assert rank == wanted[2] == 1
    assert residuals.shape == wanted[1].shape == (0,)
    np.testing.assert_allclose(host(x), wanted[0], rtol=1e-10)
    np.testing.assert_allclose(host(s), wanted[3], atol=1e-12)


def test_ranks_of_a_batch() -> None:
    """There `rank` is a tensor, and no residual is left out."""
    full = LOW + np.eye(*LOW.shape)
    y = np.array([1.0, -2.0, 0.5, 3.0])
    _, residuals, rank, _ = mg.vmap(la.lstsq, in_axes=(0, None))(raw(np.stack([LOW, full])), raw(y))
    wanted = np.linalg.lstsq(full, y, rcond=None)
    np.testing.assert_array_equal(host(rank), [1, wanted[2]])
    assert residuals.shape == (2, 1)
    np.testing.assert_allclose(host(residuals)[1], wanted[1], rtol=1e-10)


def test_qr_of_lost_rank_raises_or_is_not_finite() -> None:
    a = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 2.0]])
    try:
        with np.errstate(all="ignore"):
            got = gradient(lambda a: la.qr(a).Q[0, 1] + la.qr(a).R[1, 2], a)
    except ValueError as error:
        assert "ingular" in str(error)
    else:
        assert not np.isfinite(got).all()


# --- signs, phases, bases ------------------------------------------------------------------
COMPLEX = RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3))
HERMITIAN = COMPLEX + COMPLEX.conj().T


def turned(v: Any) -> Any:
    """A sum that is another one if the vectors are multiplied by phases."""
    return mg.sum(mg.real(v) + 2.0 * mg.imag(v))


DEPENDS: dict[str, tuple[Callable[[Any], Any], Array]] = {
    "svd": (lambda a: mg.real(la.svd(a).U[0, 0]), COMPLEX),
    "svd, rows": (lambda a: mg.imag(la.svd(a).Vh[1, 2]), COMPLEX),
    "eigh": (lambda a: turned(la.eigh(a).eigenvectors), HERMITIAN),
    "eig": (lambda a: turned(la.eig(a).eigenvectors), COMPLEX),
    "eig of real": (
        lambda a: turned(la.eig(a).eigenvectors), np.array([[0.0, 1.0], [-2.0, 0.3]])
    ),
    "svd, full": (lambda a: la.svd(a).U[0, 3], RNG.normal(size=(4, 2))),
    "svd, full rows": (lambda a: la.svd(a).Vh[3, 0], RNG.normal(size=(2, 4))),
    "qr, complete": (lambda a: la.qr(a, "complete").Q[0, 3], RNG.normal(size=(4, 2))),
}  # fmt: skip
LONELY = RNG.normal(size=(4, 3))


@pytest.mark.parametrize("name", DEPENDS)
def test_what_depends_on_phases_and_bases_raises(name: str) -> None:
    f, a = DEPENDS[name]
    with pytest.raises(InvalidGradient, match=f"{name.split(',')[0].split()[0]}.*depends on"):
        gradient(f, a)
    x = mg.tensor(a)
    with pytest.raises(InvalidGradient, match="depends on"):
        f(x).backward(create_graph=True)


def test_one_vector_beyond_the_others_is_sure_but_for_its_sign() -> None:
    check_grads(lambda a: la.svd(a).U[:, 3], LONELY, order=2)
    check_grads(lambda a: la.qr(a, "complete").Q[:, 3] ** 2, LONELY, order=2)


def test_a_gradient_that_is_zero_but_for_rounding() -> None:
    """Lengths of unit vectors are constant: all there is of adjoints cancels."""
    for f in (
        lambda a: mg.sum(mg.absolute(la.svd(a).U) ** 2),
        lambda a: mg.sum(mg.absolute(la.eigh(a).eigenvectors) ** 2),
        lambda a: mg.sum(mg.absolute(la.eig(a).eigenvectors) ** 2),
    ):
        np.testing.assert_allclose(gradient(f, HERMITIAN), 0.0, atol=1e-12)


# --- one triangle --------------------------------------------------------------------------
def test_the_other_triangle_is_not_looked_at() -> None:
    """The gradient is that of the program: an element below stands for its mirror image, too."""
    whole = symmetric([1.0, 2.0, 3.0, 4.0])
    for f, kept in (
        (lambda a: mg.sum(la.cholesky(a)), np.tril),
        (lambda a: mg.sum(la.cholesky(a, upper=True)), np.triu),
        (lambda a: la.eigvalsh(a)[0], np.tril),
        (lambda a: la.eigh(a, "U").eigenvalues[0], np.triu),
        (lambda a: la.pinv(a, hermitian=True)[0, 1], np.tril),
        (lambda a: la.svd(a, hermitian=True).S[0], np.tril),
    ):
        one = gradient(f, kept(whole))  # zeros in the other triangle change nothing
        np.testing.assert_allclose(one, gradient(f, whole), atol=1e-12)
        np.testing.assert_array_equal(one, kept(one))
        both = gradient(lambda a, f=f: f((a + a.T) / 2), whole)
        np.testing.assert_allclose(both, (one + one.T) / 2, atol=1e-12)
        check_grads(f, kept(whole))
