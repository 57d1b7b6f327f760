"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Any, NamedTuple

from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.tape import tracking
from mygrad.linalg.matrices import (
    by_triangle,
    check_gauge,
    columns,
    conjugate,
    conjugate_transpose,
    diagonal_of,
    from_diagonal,
    matrix_operation,
    on_diagonal,
    packed,
    quotient,
    raw,
    real_part,
    rounding,
    rows,
    same_dtype,
    unpacked,
    xp_of,
)
from mygrad.math.dtypes import floats, is_complex
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["EigResult", "EighResult", "eig", "eigh", "eigvals", "eigvalsh"]


class EighResult(NamedTuple):
    """What `eigh` returns: a tuple of two tensors, which are also attributes.

    Parameters
    ----------
    eigenvalues
        The eigenvalues, real.
    eigenvectors
        Matrices whose columns are the eigenvectors.
    """

    eigenvalues: Tensor
    eigenvectors: Tensor


class EigResult(NamedTuple):
    """What `eig` returns: a tuple of two tensors, which are also attributes.

    Parameters
    ----------
    eigenvalues
        The eigenvalues.
    eigenvectors
        Matrices whose columns are the eigenvectors.
    """

    eigenvalues: Tensor
    eigenvectors: Tensor


PHASES = (
    "{}: the eigenvectors of complex matrices are known up to factors exp(iφ), and what is "
    "differentiated depends on these; use only what does not, as v * conj(v) or projectors"
)


def _shapes(shape: Any) -> list[tuple[int, ...]]:
    """Of eigenvalues and eigenvectors."""
    n = shape[-1]
    return [(n,), (n, n)]


def _closed(values: Any, xp: Any) -> Any:
    """A raw mask: which pairs of eigenvalues may be equal, the diagonal among them."""
    library, found = xp.adapter.xp, raw(values)
    gaps = library.expand_dims(found, axis=-2) - library.expand_dims(found, axis=-1)
    least = rounding(found, found.shape[-1], xp)
    return library.abs(gaps) <= library.expand_dims(least, axis=-1)


def _asked(x: Any, xp: Any) -> Any:
    """A raw mask: which pairs of eigenvectors an adjoint depends on."""
    mask, library = raw(x) != 0, xp.adapter.xp
    return (mask | library.matrix_transpose(mask)) & ~on_diagonal(mask, mask.shape[-1], xp)


# --- of Hermitian matrices ----------------------------------------------------------------
def _by_hermitian(g: Any, out: Any, a_shape: Any, UPLO: str, xp: Any) -> Any:
    """V (diag(w') + F ∘ (X - Xᴴ) / 2) Vᴴ, with X = Vᴴ V' and F = 1 / (w_j - w_i)."""
    shapes = _shapes(a_shape)
    w, v = unpacked(out, shapes, xp)
    by_w, by_v = unpacked(conjugate(g, xp), shapes, xp)
    w, by_w = real_part(w, xp), real_part(by_w, xp)
    adjoint = conjugate_transpose(v, xp)
    known = not isinstance(g, Handle) and xp.adapter.knows(by_v)
    if known and not bool(xp.adapter.xp.any(by_v != 0)):
        hermitian = xp.matmul(v * rows(same_dtype(by_w, v, xp), xp), adjoint)
        return conjugate(by_triangle(hermitian, UPLO == "U", xp), xp)
    x = xp.matmul(adjoint, by_v)
    if is_complex(x, xp):
        check_gauge(xp.imag(diagonal_of(x, xp)), g, PHASES.format("eigh"), xp)
    gaps = same_dtype(rows(w, xp) - columns(w, xp), x, xp)
    turned = (x - conjugate_transpose(x, xp)) / 2
    turns = quotient(turned, gaps, _closed(w, xp), _asked(x, xp), xp)
    inner = from_diagonal(same_dtype(by_w, x, xp), turns, xp)
    hermitian = xp.matmul(xp.matmul(v, inner), adjoint)
    return conjugate(by_triangle(hermitian, UPLO == "U", xp), xp)


def _triangle(UPLO: Any, name: str) -> str:
    which = UPLO.upper() if isinstance(UPLO, str) else UPLO
    if which not in ("L", "U"):
        raise ValueError(
            f"linalg.{name}: UPLO={UPLO!r} is neither 'L' nor 'U', the triangle to look at"
        )
    return str(which)


def _lower(a: Any, UPLO: str, xp: Any) -> Any:
    """Raw matrices whose lower triangle is the one to look at."""
    return conjugate_transpose(a, xp) if UPLO == "U" else a


@matrix_operation(
    "eigh", a=lambda g, out, a_shape, UPLO, xp: _by_hermitian(g, out, a_shape, UPLO, xp)
)
def hermitian_factors(a: Any, UPLO: str = "L", *, xp: Any) -> Any:
    """Eigenvalues and eigenvectors, packed; see `eigh`."""
    options = {"UPLO": UPLO} if UPLO == "U" and xp.adapter.name == "numpy" else {}
    a = floats(a, xp)
    a = a if options else _lower(a, UPLO, xp)
    w, v = xp.adapter.xp.linalg.eigh(a, **options)
    return packed([w, v], [1, 2], xp)


def eigh(a: Any, UPLO: str = "L", *, constant: bool | None = None) -> EighResult:
    """Eigenvalues and eigenvectors of Hermitian (or real symmetric) matrices.

    Parameters
    ----------
    a
        Matrices, shape (..., n, n).
    UPLO
        Which triangle to look at, "L" or "U"; the other one is not.
    constant
        Whether the results are constant; by default they are if `a` is.

    Returns
    -------
    EighResult
        A tuple of the `eigenvalues`, real and in ascending order, of shape (..., n), and the
        `eigenvectors`, the columns of matrices of shape (..., n, n).

    Raises
    ------
    LinAlgError
        A matrix is not square, or the eigenvalues were not found.
    ValueError
        UPLO is neither "L" nor "U".

    Notes
    -----
    The gradient is that of the program: the triangle that is not looked at has derivative 0, and
    an element of the other one stands for its mirror image, too. (JAX and PyTorch return the
    symmetric gradient, which is that of ``eigh((a + a.mT) / 2)``.)

    Where eigenvalues are equal (up to rounding), the vectors have no derivative: what depends on
    these gets nan, as it does in JAX and PyTorch, and what does not, 0. Functions that treat equal
    eigenvalues alike, as sums do, have a derivative everywhere.

    The vectors of complex matrices are known up to factors exp(iφ). What depends on these raises
    `InvalidGradient` where it is differentiated, as it does in PyTorch. The formula is that of
    Giles (2008), section 3.1, for Hermitian matrices.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[2.0, 0.0], [0.0, 3.0]])
    >>> w, v = mg.linalg.eigh(x)
    >>> w
    Tensor([2., 3.])
    >>> w[1].backward()
    >>> x.grad
    array([[0., 0.],
           [0., 1.]])
    """
    a, UPLO = as_operand_tensor(a), _triangle(UPLO, "eigh")
    whole, xp = hermitian_factors(a, UPLO, constant=constant), xp_of(a)
    w, v = unpacked(whole, _shapes(a.shape), xp)
    return EighResult(real_part(w, xp), v)


def _by_values(g: Any, v: Any, UPLO: str, xp: Any) -> Any:
    scaled = v * rows(same_dtype(g, v, xp), xp)
    hermitian = xp.matmul(scaled, conjugate_transpose(v, xp))
    return conjugate(by_triangle(hermitian, UPLO == "U", xp), xp)


@matrix_operation(
    "eigvalsh",
    a=lambda g, v, UPLO, xp: _by_values(g, v, UPLO, xp),
    residuals=("v",),
    replay=lambda out, a, UPLO, vectors, xp: unpacked(
        xp.hermitian_factors(a, UPLO), _shapes(a.shape), xp
    )[1:],
)
def hermitian_values(a: Any, UPLO: str = "L", vectors: bool = True, *, xp: Any) -> Any:
    """The eigenvalues, and the vectors for their derivatives if asked to; see `eigvalsh`."""
    options = {"UPLO": UPLO} if UPLO == "U" and xp.adapter.name == "numpy" else {}
    a = floats(a, xp)
    a = a if options else _lower(a, UPLO, xp)
    if not vectors:
        return xp.adapter.xp.linalg.eigvalsh(a, **options), None
    return tuple(xp.adapter.xp.linalg.eigh(a, **options))


def eigvalsh(a: Any, UPLO: str = "L", *, constant: bool | None = None) -> Tensor:
    """Eigenvalues of Hermitian (or real symmetric) matrices, in ascending order.

    Parameters
    ----------
    a
        Matrices, shape (..., n, n).
    UPLO
        Which triangle to look at, "L" or "U"; the other one is not.
    constant
        Whether the result is constant; by default it is if `a` is.

    Returns
    -------
    Tensor
        Shape (..., n).

    Raises
    ------
    LinAlgError
        A matrix is not square, or the eigenvalues were not found.
    ValueError
        UPLO is neither "L" nor "U".

    Notes
    -----
    See `eigh` on triangles, and on equal eigenvalues.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[2.0, 0.0], [0.0, 3.0]])
    >>> mg.linalg.eigvalsh(x)
    Tensor([2., 3.])
    """
    a, UPLO = as_operand_tensor(a), _triangle(UPLO, "eigvalsh")
    return hermitian_values(a, UPLO, _needs_vectors(a, constant), constant=constant)


def _needs_vectors(a: Any, constant: bool | None) -> bool:
    """Whether eigenvalues may be differentiated, which takes the vectors."""
    return tracking() and not (a.constant or constant)


# --- of any square matrices ---------------------------------------------------------------
def _by_any(g: Any, out: Any, a: Any, xp: Any) -> Any:
    """V⁻ᴴ (diag(w') + (X - VᴴV diag(Re X)) / conj(w_j - w_i)) Vᴴ, with X = Vᴴ V'."""
    shapes = _shapes(a.shape)
    w, v = unpacked(out, shapes, xp)
    by_w, by_v = unpacked(conjugate(g, xp), shapes, xp)
    adjoint = conjugate_transpose(v, xp)
    known = not isinstance(g, Handle) and xp.adapter.knows(by_v)
    if known and not bool(xp.adapter.xp.any(by_v != 0)):
        return conjugate(xp.solve(adjoint, columns(by_w, xp) * adjoint), xp)
    x = xp.matmul(adjoint, by_v)
    middle = diagonal_of(x, xp)
    if is_complex(x, xp):
        turning = xp.imag(middle)
        if not is_complex(a, xp):  # real eigenvectors of real matrices are what libraries find
            turning = xp.where(raw(xp.imag(w)) == 0, 0.0, turning)
        check_gauge(turning, g, PHASES.format("eig"), xp)
    lengths = same_dtype(real_part(middle, xp), x, xp)
    turned = x - xp.matmul(adjoint, v) * rows(lengths, xp)  # which keeps vectors of length 1
    gaps = conjugate(rows(w, xp) - columns(w, xp), xp)
    asked = _asked(x, xp) | _asked(turned, xp)
    turns = quotient(turned, gaps, _closed(w, xp), asked, xp)
    inner = from_diagonal(by_w, turns, xp)
    return conjugate(xp.solve(adjoint, xp.matmul(inner, adjoint)), xp)


def _is_numpy_before_2_5(adapter: Any) -> bool:
    if adapter.name != "numpy":
        return False
    return [int(part) for part in adapter.xp.__version__.split(".")[:2]] < [2, 5]


def _general(name: str, a: Any, xp: Any) -> tuple[Any, ...]:
    """What a library's function for any square matrices finds, on NumPy in NumPy's dtypes."""
    library = xp.adapter.xp
    function = getattr(library.linalg, name, None)
    if function is None:
        raise TypeError(
            f"{xp.adapter.name} has no eigenvalues of matrices that are not "
            f"Hermitian; nothing is moved to the host behind your back: use `t.to('numpy')`"
        )
    found = function(a)
    parts = (found,) if name == "eigvals" else tuple(found)
    # The standard's functions return complex numbers; NumPy's did so only where there are some.
    if _is_numpy_before_2_5(xp.adapter) and not is_complex(a, xp) and is_complex(parts[0], xp):
        if not bool(library.any(library.imag(parts[0]) != 0)):
            parts = tuple(library.real(part) for part in parts)
    return parts


@matrix_operation("eig", a=lambda g, out, a, xp: _by_any(g, out, a, xp))
def eigen_factors(a: Any, *, xp: Any) -> Any:
    """Eigenvalues and eigenvectors, packed; see `eig`."""
    w, v = _general("eig", floats(a, xp), xp)
    return packed([w, v], [1, 2], xp)


def eig(a: Any, *, constant: bool | None = None) -> EigResult:
    """Eigenvalues and right eigenvectors of square matrices.

    Parameters
    ----------
    a
        Matrices, shape (..., n, n).
    constant
        Whether the results are constant; by default they are if `a` is.

    Returns
    -------
    EigResult
        A tuple of the `eigenvalues`, in no order, of shape (..., n), and the `eigenvectors`, the
        columns of matrices of shape (..., n, n), of length 1. Both are complex, but on NumPy before
        2.5 for real matrices that have no complex eigenvalues.

    Raises
    ------
    LinAlgError
        A matrix is not square, or the eigenvalues were not found.
    TypeError
        The array library has no such function.

    Notes
    -----
    Where eigenvalues are equal (up to rounding), what depends on their vectors gets nan. Matrices
    without n independent eigenvectors have no derivative: it raises `LinAlgError`, or is large
    without meaning.

    The vectors are known up to factors exp(iφ), or signs if they are real. What depends on the
    factors raises `InvalidGradient` where it is differentiated, as it does in PyTorch. The formula
    is that of Giles (2008), section 3.1, with vectors of length 1.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[2.0, 1.0], [0.0, 3.0]])
    >>> w, v = mg.linalg.eig(x)
    >>> mg.real(w)  # which are complex, but for NumPy before 2.5
    Tensor([2., 3.])
    >>> w[1].backward()
    >>> x.grad
    array([[0., 0.],
           [1., 1.]])
    """
    a = as_operand_tensor(a)
    whole, xp = eigen_factors(a, constant=constant), xp_of(a)
    w, v = unpacked(whole, _shapes(a.shape), xp)
    return EigResult(w, v)


@matrix_operation(
    "eigvals",
    a=lambda g, v, xp: _by_eigenvalues(g, v, xp),
    residuals=("v",),
    replay=lambda out, a, vectors, xp: unpacked(xp.eigen_factors(a), _shapes(a.shape), xp)[1:],
)
def eigen_values(a: Any, vectors: bool = True, *, xp: Any) -> Any:
    """The eigenvalues, and the vectors for their derivatives if asked to; see `eigvals`."""
    a = floats(a, xp)
    if not vectors:
        return _general("eigvals", a, xp)[0], None
    return _general("eig", a, xp)


def _by_eigenvalues(g: Any, v: Any, xp: Any) -> Any:
    transposed = xp.matrix_transpose(v)
    return xp.solve(transposed, columns(g, xp) * transposed)


def eigvals(a: Any, *, constant: bool | None = None) -> Tensor:
    """Eigenvalues of square matrices, in no order.

    Parameters
    ----------
    a
        Matrices, shape (..., n, n).
    constant
        Whether the result is constant; by default it is if `a` is.

    Returns
    -------
    Tensor
        Shape (..., n); complex, but on NumPy before 2.5 for real matrices that have no complex
        eigenvalues.

    Raises
    ------
    LinAlgError
        A matrix is not square, or the eigenvalues were not found.
    TypeError
        The array library has no such function.

    Notes
    -----
    See `eig` on equal eigenvalues.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[2.0, 1.0], [0.0, 3.0]])
    >>> mg.real(mg.linalg.eigvals(x))
    Tensor([2., 3.])
    """
    a = as_operand_tensor(a)
    return eigen_values(a, _needs_vectors(a, constant), constant=constant)
