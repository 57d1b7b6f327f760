"""Determinants, and their logarithms."""

from __future__ import annotations

from typing import Any, NamedTuple

from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import composition
from mygrad.autodiff.primitive import primitive
from mygrad.autodiff.tape import apply
from mygrad.linalg.matrices import (
    columns,
    conjugate,
    conjugate_transpose,
    diagonal_of,
    from_diagonal,
    matrix_operation,
    part_of,
    precision,
    raw,
    real_part,
    rows,
    same_dtype,
    xp_of,
)
from mygrad.math.dtypes import floats, is_complex
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["SlogdetResult", "det", "slogdet"]


class SlogdetResult(NamedTuple):
    """What `slogdet` returns: a tuple of two tensors, which are also attributes.

    Parameters
    ----------
    sign
        The signs of the determinants.
    logabsdet
        The logarithms of their absolute values.
    """

    sign: Tensor
    logabsdet: Tensor


def _for_matrices(scalars: Any, xp: Any) -> Any:
    return columns(columns(scalars, xp), xp)


# --- the determinant ----------------------------------------------------------------------
@composition
def cofactors(a: Any, det: Any, *, xp: Any) -> Any:
    """The derivative of the determinant: det(a) a⁻ᵀ, where that can be computed so.

    The condition for it is generous in first derivatives. In second ones terms as large as the
    square of the inverse cancel, so that the root of the precision is its limit.
    """
    library, x = xp.adapter.xp, raw(a)
    found = raw(det)
    if not xp.adapter.knows(x):  # a batch, or while a program is traced
        return xp.cofactors_of_any(a)
    if bool(library.all((found != 0) & library.isfinite(found))):
        inverse = xp.inv(a)
        sizes = [library.max(library.abs(m)) for m in (x, raw(inverse)) if 0 not in m.shape]
        if not sizes or bool(sizes[0] * sizes[1] * precision(x, xp) ** 0.5 < 1):
            return _for_matrices(det, xp) * xp.matrix_transpose(inverse)
    if not bool(library.all(library.isfinite(x))):
        return xp.zeros_like(a) + library.nan
    return xp.cofactors_of_any(a)


def _factors(x: Any, xp: Any) -> tuple[Any, ...]:
    """Singular factors of raw matrices, and the determinant of ``u @ vh``, a sign or phase."""
    u, s, vh = xp.adapter.xp.linalg.svd(x, full_matrices=False)
    return u, s, vh, _for_matrices(xp.adapter.xp.linalg.det(xp.matmul(u, vh)), xp)


def _beside(s: Any, xp: Any) -> tuple[Any, Any]:
    """Products of all elements before each of a vector, and of all behind it."""
    library = xp.adapter.xp
    one = library.ones_like(s[..., :1])

    def before(v: Any) -> Any:
        return library.cumulative_prod(library.concat([one, v[..., :-1]], axis=-1), axis=-1)

    return before(s), library.flip(before(library.flip(s, axis=-1)), axis=-1)


def _without_two(s: Any, xp: Any) -> Any:
    """Products of all elements of vectors but those of a row and of a column; 0 on the diagonal.

    Nothing is divided by, so that elements may be 0.
    """
    library, n = xp.adapter.xp, s.shape[-1]
    before, behind = _beside(s, xp)
    places = library.arange(n, device=device_of(s))
    later = places > library.expand_dims(places, axis=-1)
    between = library.where(later, library.expand_dims(s, axis=-2), 1.0)
    between = library.concat([library.ones_like(between[..., :1]), between[..., :-1]], axis=-1)
    between = library.cumulative_prod(between, axis=-1)
    upper = columns(before, xp) * between * rows(behind, xp)
    upper = library.where(later, upper, 0.0)
    return upper + library.matrix_transpose(upper)


@primitive(a=lambda g, a, xp: xp.by_minors(g, a))
def cofactors_of_any(a: Any, *, xp: Any) -> Any:
    """The cofactors of matrices that may be singular, by way of singular values."""
    u, s, vh, sign = _factors(a, xp)
    before, behind = _beside(s, xp)
    scale = rows(same_dtype(before * behind, u, xp), xp)
    return sign * xp.matmul(conjugate(u, xp) * scale, conjugate(vh, xp))


def _no_third_derivative(g: Any, a: Any) -> Any:
    raise NotImplementedError(
        f"linalg.det: the third derivative at singular (or nearly singular) matrices is not here; "
        f"the operand has shape {tuple(a.shape)}"
    )


@primitive(
    g=lambda g, a, xp: xp.by_minors(g, a),
    a=lambda g, a: _no_third_derivative(g, a),
)
def by_minors(g: Any, a: Any, *, xp: Any) -> Any:
    """What the second derivative of the determinant makes of `g`: symmetric, as it is.

    In the coordinates of the singular vectors the matrix is diagonal, and its minors are products
    of all singular values but two.
    """
    u, s, vh, sign = _factors(a, xp)
    inner = xp.matmul(xp.matmul(conjugate_transpose(u, xp), g), conjugate_transpose(vh, xp))
    products = same_dtype(_without_two(s, xp), inner, xp)
    middle = xp.matmul(products, columns(diagonal_of(inner, xp), xp))[..., 0]
    outside = -products * xp.matrix_transpose(inner)
    minors = from_diagonal(middle, outside, xp)
    return sign * xp.matmul(xp.matmul(conjugate(u, xp), minors), conjugate(vh, xp))


@matrix_operation("det", a=lambda g, a, out, xp: _for_matrices(g, xp) * xp.cofactors(a, out))
def det(a: Any, *, xp: Any) -> Any:
    """Determinants of square matrices.

    Parameters
    ----------
    a
        Matrices, shape (..., n, n).

    Returns
    -------
    Tensor
        Shape (...).

    Raises
    ------
    LinAlgError
        A matrix is not square.

    Notes
    -----
    The derivative is the matrix of the cofactors, of singular matrices, too: there it is computed
    by way of singular values. (Third derivatives of singular matrices raise.)

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, 2.0], [2.0, 4.0]])
    >>> y = mg.linalg.det(x)
    >>> y.backward()
    >>> x.grad.round(3)
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    return xp.adapter.xp.linalg.det(floats(a, xp))


# --- its logarithm ------------------------------------------------------------------------
def _by_logarithm(g: Any, a: Any, out: Any, xp: Any) -> Any:
    """d log|det| = Re tr(a⁻¹ da); of complex matrices d sign = i sign Im tr(a⁻¹ da)."""
    by_log = g[..., 1]
    if is_complex(a, xp):
        turned = xp.real(g[..., 0] * (1j * out[..., 0]))
        by_log = xp.real(by_log) - 1j * turned
    return _for_matrices(by_log, xp) * xp.matrix_transpose(xp.inv(a))


@matrix_operation("slogdet", a=lambda g, a, out, xp: _by_logarithm(g, a, out, xp))
def sign_and_logarithm(a: Any, *, xp: Any) -> Any:
    """Both results, packed; see `slogdet`."""
    sign, logarithm = xp.adapter.xp.linalg.slogdet(floats(a, xp))
    return xp.stack([sign, same_dtype(logarithm, sign, xp)], axis=-1)


def slogdet(a: Any, *, constant: bool | None = None) -> SlogdetResult:
    """Signs of determinants, and the logarithms of their absolute values.

    Parameters
    ----------
    a
        Matrices, shape (..., n, n).
    constant
        Whether the results are constant; by default they are if `a` is.

    Returns
    -------
    SlogdetResult
        A tuple of the `sign`, of absolute value 1 (0 for singular matrices), and `logabsdet`;
        ``sign * exp(logabsdet)`` is the determinant. The sign of real matrices is constant.

    Raises
    ------
    LinAlgError
        A matrix is not square; or it is singular and differentiated, as the logarithm of 0 has no
        derivative.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> sign, logabsdet = mg.linalg.slogdet(x)
    >>> sign
    Tensor(-1.)
    >>> logabsdet.backward()
    >>> x.grad.round(3)
    array([[-2. ,  1.5],
           [ 1. , -0.5]])
    """
    a = as_operand_tensor(a)
    whole, xp = sign_and_logarithm(a, constant=constant), xp_of(a)
    turns = is_complex(whole, xp)  # elsewhere the sign is 1 or -1, piecewise
    sign = apply(part_of, (whole,), (0, ()), constant if turns else True)
    logarithm = apply(part_of, (whole,), (1, ()))
    return SlogdetResult(sign, real_part(logarithm, xp))
