"""Factorizations of any matrices: Cholesky's, QR, singular values.

What a factorization leaves open (signs and phases of vectors, bases of spaces that are orthogonal
to all of them) has no derivative. Adjoints that depend on it raise, if they are seen to; what does
not depend on it has the derivative that it has with any choice.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.tape import tracking
from mygrad.linalg.eigenvalues import eigh, eigvalsh
from mygrad.linalg.matrices import (
    by_triangle,
    check_gauge,
    columns,
    conjugate,
    conjugate_transpose,
    copied_across,
    diagonal_of,
    from_diagonal,
    library_abs,
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
from mygrad.math.arithmetic import absolute
from mygrad.math.dtypes import floats, is_complex
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["QRResult", "SVDResult", "cholesky", "qr", "svd", "svdvals"]


class QRResult(NamedTuple):
    """What `qr` returns: a tuple of the two factors, which are also attributes.

    Parameters
    ----------
    Q
        Matrices with orthonormal columns.
    R
        Upper triangular matrices.
    """

    Q: Tensor
    R: Tensor


class SVDResult(NamedTuple):
    """What `svd` returns: a tuple of the three factors, which are also attributes.

    Parameters
    ----------
    U
        Matrices whose columns are the left singular vectors.
    S
        The singular values.
    Vh
        Matrices whose rows are the right singular vectors, conjugated.
    """

    U: Tensor
    S: Tensor
    Vh: Tensor


# --- Cholesky -----------------------------------------------------------------------------
def _by_cholesky(g: Any, out: Any, upper: bool, xp: Any) -> Any:
    """With P the lower triangle of Lᴴ L', its diagonal halved: L⁻ᴴ (P + Pᴴ) L⁻¹ / 2."""
    g = conjugate(g, xp)
    if upper:
        g, out = conjugate_transpose(g, xp), conjugate_transpose(out, xp)
    inverse = xp.triangular_inverse(out)
    adjoint = conjugate_transpose(inverse, xp)
    inner = copied_across(xp.matmul(conjugate_transpose(out, xp), g), xp)
    hermitian = xp.matmul(xp.matmul(adjoint, inner), inverse) / 2
    return conjugate(by_triangle(hermitian, upper, xp), xp)


@matrix_operation("cholesky", a=lambda g, out, upper, xp: _by_cholesky(g, out, upper, xp))
def cholesky(a: Any, upper: bool = False, *, xp: Any) -> Any:
    """Cholesky's factors of Hermitian, positive definite matrices.

    Parameters
    ----------
    a
        Matrices, shape (..., n, n). Only one triangle is looked at: the lower one, or the upper
        one if `upper` is True.
    upper
        Whether to return the upper triangular factor.

    Returns
    -------
    Tensor
        The lower triangular matrices l with ``l @ conj(l.mT) == a``, or upper triangular u with
        ``conj(u.mT) @ u == a``. Their diagonals are positive.

    Raises
    ------
    LinAlgError
        A matrix is not square, or not positive definite.

    Notes
    -----
    The gradient is that of the program: the triangle that is not looked at has derivative 0, and
    an element of the other one stands for its mirror image, too. (JAX and PyTorch return the
    symmetric gradient, which is that of ``cholesky((a + a.mT) / 2)``.) The formula is that of
    I. Murray, *Differentiation of the Cholesky decomposition* (2016), section 2.1.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[4.0, 2.0], [2.0, 5.0]])
    >>> y = mg.linalg.cholesky(x)
    >>> y
    Tensor([[2., 0.],
            [1., 2.]])
    >>> y[1, 0].backward()
    >>> x.grad
    array([[-0.125,  0.   ],
           [ 0.5  ,  0.   ]])
    """
    a, factor = floats(a, xp), xp.adapter.xp.linalg.cholesky
    if upper:  # libraries differ in which triangle they look at then
        return conjugate_transpose(factor(conjugate_transpose(a, xp)), xp)
    return factor(a)


# --- QR -----------------------------------------------------------------------------------
def _qr_shapes(shape: Any, complete: bool) -> list[tuple[int, ...]]:
    m, n = shape[-2:]
    k = m if complete else min(m, n)
    return [(m, k), (k, n)]


def _by_qr(g: Any, a: Any, out: Any, complete: bool, xp: Any) -> Any:
    """The rule for full column rank of the first columns; the others follow by R = Qᴴ A."""
    m, n = a.shape[-2:]
    k = min(m, n)
    shapes = _qr_shapes(a.shape, complete)
    q, r = unpacked(out, shapes, xp)
    by_q, by_r = unpacked(conjugate(g, xp), shapes, xp)
    if complete and m > n:  # R has rows of zeros there, and Q any basis
        by_q = _into_first(q, by_q, k, g, "qr(mode='complete'): the last columns of Q", xp)
        q, r, by_r = q[..., :k], r[..., :k, :], by_r[..., :k, :]
    beside = None
    if n > k:
        beside = xp.matmul(q, by_r[..., k:])
        by_q = by_q + xp.matmul(a[..., k:], conjugate_transpose(by_r[..., k:], xp))
        r, by_r = r[..., :k], by_r[..., :k]
    upper = xp.matmul(by_r, conjugate_transpose(r, xp))
    upper = upper - xp.matmul(conjugate_transpose(q, xp), by_q)
    inner = copied_across(conjugate_transpose(upper, xp), xp)
    inverse = xp.triangular_inverse(conjugate_transpose(r, xp))
    first = xp.matmul(by_q + xp.matmul(q, inner), inverse)
    whole = first if beside is None else xp.concat([first, beside], axis=-1)
    return conjugate(whole, xp)


def _into_first(u: Any, by_u: Any, k: int, g: Any, what: str, xp: Any) -> Any:
    """The adjoint of the first `k` columns of a unitary matrix, the others being any basis.

    The others turn with the first so that they stay orthogonal to them, and not among themselves.
    """
    first, last, by_last = u[..., :k], u[..., k:], by_u[..., k:]
    among = xp.matmul(conjugate_transpose(last, xp), by_last)
    check_gauge(
        among - conjugate_transpose(among, xp), g,
        f"{what} are any basis of the space that is orthogonal to the other columns, and what is "
        f"differentiated depends on which; use only what does not, as q @ conj(q.mT) of them",
        xp,
    )  # fmt: skip
    return by_u[..., :k] - xp.matmul(last, xp.matmul(conjugate_transpose(by_last, xp), first))


@matrix_operation("qr", a=lambda g, a, out, complete, xp: _by_qr(g, a, out, complete, xp))
def qr_factors(a: Any, complete: bool = False, *, xp: Any) -> Any:
    """Both factors, packed; see `qr`."""
    mode = "complete" if complete else "reduced"
    q, r = xp.adapter.xp.linalg.qr(floats(a, xp), mode=mode)
    return packed([q, r], [2, 2], xp)


def qr(a: Any, mode: str = "reduced", *, constant: bool | None = None) -> Any:
    """Factors q and r of matrices: the columns of q are orthonormal, r is upper triangular.

    Parameters
    ----------
    a
        Matrices, shape (..., m, n).
    mode
        "reduced": q and r of shapes (..., m, k) and (..., k, n), with k = min(m, n).
        "complete": of shapes (..., m, m) and (..., m, n). "r": r alone, of shape (..., k, n).
    constant
        Whether the results are constant; by default they are if `a` is.

    Returns
    -------
    QRResult
        A tuple of `Q` and `R`; a tensor for mode "r".

    Raises
    ------
    LinAlgError
        There are less than two axes.
    NotImplementedError
        The mode is "raw", Householder's reflections, which have no derivative here.

    Notes
    -----
    The first k columns of `a` have to be linearly independent. If they are not there is no
    derivative: it raises `LinAlgError`, or is infinite or nan, as in JAX and PyTorch. (The formula
    is that of S. F. Walter and L. Lehmann 2010.) With mode "complete" and m > n the last columns of
    q are any basis of what the others leave; what depends on which raises `InvalidGradient` where
    it is differentiated.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[3.0, 1.0], [4.0, 2.0]])
    >>> q, r = mg.linalg.qr(x)
    >>> r[0, 0].backward()  # minus the length of the first column
    >>> x.grad.round(3)
    array([[-0.6,  0. ],
           [-0.8,  0. ]])
    """
    a = as_operand_tensor(a)
    if mode not in ("reduced", "complete", "r"):
        if mode == "raw":
            raise NotImplementedError(
                "linalg.qr: mode='raw' gives the reflections that LAPACK works with, which have no "
                "derivative here; there are 'reduced', 'complete' and 'r'"
            )
        raise ValueError(f"linalg.qr: mode={mode!r} is none of 'reduced', 'complete' and 'r'")
    complete = mode == "complete"
    whole = qr_factors(a, complete, constant=constant)
    q, r = unpacked(whole, _qr_shapes(a.shape, complete), xp_of(a))
    return r if mode == "r" else QRResult(q, r)


# --- singular values ----------------------------------------------------------------------
PHASES = (
    "svd: the singular vectors of complex matrices are known up to factors exp(iφ), one for each "
    "pair of them, and what is differentiated depends on these factors; use only what does not"
)


def svd_shapes(shape: Any, full: bool) -> list[tuple[int, ...]]:
    """The shapes of S, U and Vh."""
    m, n = shape[-2:]
    k = min(m, n)
    return [(k,), (m, m if full else k), (n if full else k, n)]


def _by_singular(g: Any, out: Any, a_shape: Any, full: bool, xp: Any) -> Any:
    m, n = a_shape[-2:]
    k = min(m, n)
    shapes = svd_shapes(a_shape, full)
    s, u, vh = unpacked(out, shapes, xp)
    by_s, by_u, by_vh = unpacked(conjugate(g, xp), shapes, xp)
    s, by_s = real_part(s, xp), real_part(by_s, xp)
    v, by_v = conjugate_transpose(vh, xp), conjugate_transpose(by_vh, xp)
    if full and m > k:
        by_u = _into_first(u, by_u, k, g, "svd: the last columns of U", xp)
        u = u[..., :k]
    if full and n > k:
        by_v = _into_first(v, by_v, k, g, "svd: the last rows of Vh", xp)
        v = v[..., :k]
    vh = conjugate_transpose(v, xp)
    library, known = xp.adapter.xp, not isinstance(g, Handle) and xp.adapter.knows(by_u)
    if known and not bool(library.any(by_u != 0)) and not bool(library.any(by_v != 0)):
        return conjugate(xp.matmul(u * rows(same_dtype(by_s, u, xp), xp), vh), xp)

    x = xp.matmul(conjugate_transpose(u, xp), by_u)
    w = xp.matmul(vh, by_v)
    found = raw(s)
    least = rounding(found, max(m, n), xp)
    none = library.abs(found) <= least
    across, down = library.expand_dims(found, axis=-2), library.expand_dims(found, axis=-1)
    closed = library.abs(across - down) <= library.expand_dims(least, axis=-1)
    asked = (library_abs(x, xp) + library_abs(w, xp)) != 0
    asked = (asked | library.matrix_transpose(asked)) & ~on_diagonal(asked, k, xp)
    sizes = same_dtype(s, x, xp)
    across, down = rows(sizes, xp), columns(sizes, xp)
    gaps = (across - down) * (across + down)
    turns_u = quotient(x - conjugate_transpose(x, xp), gaps, closed, asked, xp)
    turns_v = quotient(w - conjugate_transpose(w, xp), gaps, closed, asked, xp)
    middle = same_dtype(by_s, x, xp)
    if is_complex(x, xp):
        of_u, of_v = xp.imag(diagonal_of(x, xp)), xp.imag(diagonal_of(w, xp))
        check_gauge(of_u + of_v, g, PHASES, xp)
        phase = quotient((of_u - of_v) / 2, s, none, (raw(of_u) != 0) | (raw(of_v) != 0), xp)
        middle = middle + 1j * same_dtype(phase, x, xp)
    inner = from_diagonal(middle, turns_u * across + down * turns_v, xp)
    left = xp.matmul(u, inner)
    none = library.expand_dims(none, axis=-2)
    if m > k:
        outside = by_u - xp.matmul(u, x)
        left = left + quotient(outside, across, none, raw(by_u) != 0, xp)
    whole = xp.matmul(left, vh)
    if n > k:
        outside = by_v - xp.matmul(v, w)
        right = quotient(outside, across, none, raw(by_v) != 0, xp)
        whole = whole + xp.matmul(u, conjugate_transpose(right, xp))
    return conjugate(whole, xp)


@matrix_operation(
    "svd",
    a=lambda g, out, a_shape, full_matrices, xp: _by_singular(g, out, a_shape, full_matrices, xp),
)
def singular_factors(a: Any, full_matrices: bool = False, *, xp: Any) -> Any:
    """The singular values and both factors, packed; see `svd`."""
    u, s, vh = xp.adapter.xp.linalg.svd(floats(a, xp), full_matrices=full_matrices)
    return packed([s, u, vh], [1, 2, 2], xp)


def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    hermitian: bool = False,
    *,
    constant: bool | None = None,
) -> Any:
    """Singular value decompositions of matrices, ``(u * s) @ vh``.

    Parameters
    ----------
    a
        Matrices, shape (..., m, n).
    full_matrices
        Whether u and vh are square, of shapes (..., m, m) and (..., n, n); else they have k =
        min(m, n) columns and rows.
    compute_uv
        Whether to return u and vh, too.
    hermitian
        Whether the matrices are Hermitian; only their lower triangles are looked at then.
    constant
        Whether the results are constant; by default they are if `a` is.

    Returns
    -------
    SVDResult
        A tuple of `U`, `S`, the singular values in descending order, of shape (..., k), and `Vh`;
        only the singular values, a tensor, if `compute_uv` is False.

    Raises
    ------
    LinAlgError
        The singular values were not found, or there are less than two axes.

    Notes
    -----
    Singular values can be differentiated everywhere, but their sums and other functions that treat
    equal ones alike. The derivative of singular vectors has the differences of the singular
    values in denominators. So where singular values are equal (up to rounding), vectors have none:
    what depends on these gets nan, as it does in JAX and PyTorch, and what does not, 0. The same
    holds for the vectors of singular values that are 0, if the matrix is not square.

    Of complex matrices the vectors are known up to factors exp(iφ). What depends on these raises
    `InvalidGradient` where it is differentiated, as it does in PyTorch; so does what depends on
    the choice of the columns and rows that `full_matrices` adds. The formula is that of Z.-Q. Wan
    and S.-X. Zhang (2019).

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[0.0, 2.0], [1.0, 0.0]])
    >>> u, s, vh = mg.linalg.svd(x)
    >>> s
    Tensor([2., 1.])
    >>> s[0].backward()
    >>> abs(x.grad)
    array([[0., 1.],
           [0., 0.]])
    """
    a = as_operand_tensor(a)
    if not compute_uv:
        return singular_values(a, hermitian, constant)
    if hermitian:
        return _of_hermitian(a, constant)
    whole = singular_factors(a, full_matrices, constant=constant)
    xp = xp_of(a)
    s, u, vh = unpacked(whole, svd_shapes(a.shape, full_matrices), xp)
    return SVDResult(u, real_part(s, xp), vh)


def _of_hermitian(a: Any, constant: bool | None) -> SVDResult:
    """From eigenvalues: their absolute values in order, the signs going to the rows of Vh."""
    found, vectors = eigh(a, constant=constant)
    xp, library = xp_of(a), xp_of(a).adapter.xp
    values = found._data
    order = library.argsort(library.abs(values), axis=-1, descending=True, stable=True)
    order = Tensor(order, constant=True)
    signs = library.where(values < 0, -library.ones_like(values), 1.0)
    s = xp.take_along_axis(absolute(found), order, -1)
    u = xp.take_along_axis(vectors, rows(order, xp), -1)
    signed = same_dtype(xp.take_along_axis(Tensor(signs, constant=True), order, -1), u, xp)
    return SVDResult(u, s, conjugate_transpose(u * rows(signed, xp), xp))


@matrix_operation(
    "svdvals",
    a=lambda g, u, vh, xp: conjugate(
        xp.matmul(u * rows(same_dtype(conjugate(g, xp), u, xp), xp), vh), xp
    ),
    residuals=("u", "vh"),
    replay=lambda out, a, vectors, xp: unpacked(
        xp.singular_factors(a), svd_shapes(a.shape, False), xp
    )[1:],
)
def spectrum(a: Any, vectors: bool = True, *, xp: Any) -> Any:
    """The singular values, and the vectors for their derivatives if asked to; see `svdvals`."""
    a, library = floats(a, xp), xp.adapter.xp
    if not vectors:
        return library.linalg.svdvals(a), None, None
    u, s, vh = library.linalg.svd(a, full_matrices=False)
    return s, u, vh


def singular_values(a: Any, hermitian: bool = False, constant: bool | None = None) -> Any:
    """The singular values of a tensor: with vectors only if they are going to be differentiated."""
    if hermitian:
        xp = xp_of(a)
        sizes = absolute(eigvalsh(a, constant=constant))
        order = xp.adapter.xp.argsort(sizes._data, axis=-1, descending=True, stable=True)
        return xp.take_along_axis(sizes, Tensor(order, constant=True), -1)
    return spectrum(a, tracking() and not (a.constant or constant), constant=constant)


def svdvals(x: Any, /, *, constant: bool | None = None) -> Tensor:
    """The singular values of matrices, in descending order.

    Parameters
    ----------
    x
        Matrices, shape (..., m, n).
    constant
        Whether the result is constant; by default it is if `x` is.

    Returns
    -------
    Tensor
        Shape (..., min(m, n)).

    Raises
    ------
    LinAlgError
        The singular values were not found, or there are less than two axes.

    Notes
    -----
    The derivative of a singular value is the product of its vectors. Where some are equal this is
    one of several choices, but for functions that treat them alike, as sums do.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> mg.linalg.svdvals(x)
    Tensor([4., 3.])
    """
    return singular_values(as_operand_tensor(x), constant=constant)
