"""Polynomials by their roots, roots by their polynomials, characteristic polynomials."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import negative
from mygrad.math.convolution import convolve
from mygrad.math.dtypes import floats, is_complex
from mygrad.math.polynomials import (
    by_coefficients,
    coefficients,
    library_of,
    nonzero_places,
    slopes,
)
from mygrad.tensor_manip.array_shape import atleast_1d
from mygrad.tensor_manip.copying import astype
from mygrad.tensor_manip.copying import real as real_part
from mygrad.tensor_manip.tensor_joining import concatenate
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["poly", "roots"]


def _eigenvalues(a: Any, xp: Any) -> Any:
    """The eigenvalues of a matrix, as the library finds them."""
    found = getattr(getattr(xp.adapter.xp, "linalg", None), "eigvals", None)
    if found is None:
        raise TypeError(
            f"needs eigenvalues of matrices, which {xp.adapter.name} does not have; move the "
            f"operand with t.to('numpy')"
        )
    values = found(a)
    if xp.adapter.name != "numpy" or is_complex(a, xp) or not is_complex(values, xp):
        return values
    imaginary = xp.adapter.xp.imag(values)
    return values if imaginary.any() else xp.adapter.xp.real(values)  # as `numpy.linalg` has it


@primitive(
    p=lambda g, p, out, xp: (
        -by_coefficients(
            g / xp.horner(slopes(p, xp), out) if p.shape[0] > 1 else g, out, p.shape[0], xp
        )
    )
)
def polynomial_roots(p: Any, first: int, last: int, *, xp: Any) -> Any:
    """The roots of a polynomial; see `roots`.

    Parameters
    ----------
    p : ArrayLike
        A vector of coefficients.
    first, last : int
        The places of the first and the last coefficient that is not 0.

    Returns
    -------
    Tensor
    """
    library = xp.adapter.xp
    p = floats(p, xp)
    used = p[first : last + 1]
    n = used.shape[0] - 1
    if n:
        companion = library.eye(n, k=-1, dtype=p.dtype, device=device_of(p))
        row = library.reshape(-used[1:] / used[0], (1, n))
        companion = library.concat([row, companion[1:, :]], axis=0)
        found = _eigenvalues(companion, xp)
    else:
        found = library.zeros(0, dtype=p.dtype, device=device_of(p))
    zeros = library.zeros(p.shape[0] - last - 1, dtype=found.dtype, device=device_of(p))
    return library.concat([found, zeros])


def roots(p: Any, *, constant: bool | None = None) -> Tensor:
    r"""The roots of a polynomial, as the eigenvalues of its companion matrix.

    Parameters
    ----------
    p : ArrayLike
        Its coefficients, that of the highest power first.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        One root for each degree, in the order in which the library finds them; complex, but on
        NumPy real where all of them are.

    Raises
    ------
    ValueError
        The coefficients are no vector.
    TypeError
        The array library has no eigenvalues of matrices.

    Notes
    -----
    A root z moves with the coefficient of :math:`z^k` by :math:`-z^k/p'(z)` (by the theorem of
    implicit functions). Multiple roots have no derivative: it is infinite or nan, or very large
    where rounding has pulled the roots apart.

    Examples
    --------
    >>> import mygrad as mg
    >>> p = mg.tensor([1.0, -3.0, 2.0])
    >>> mg.roots(p)
    Tensor([2., 1.])
    >>> mg.roots(p)[0].backward()
    >>> p.grad
    array([-4., -2., -1.])
    """
    p = coefficients(p, "roots")
    places = nonzero_places(p)
    if not places:
        library = library_of(p)
        return as_operand_tensor(library.zeros(0, dtype=library.float64, device=device_of(p)))
    return polynomial_roots(p, first=places[0], last=places[-1], constant=constant)


def _characteristic_rule(g: Any, a: Any, out: Any, xp: Any) -> Any:
    """The adjugate of λ - A is a polynomial in λ, whose coefficients Horner's rule gives."""
    n = a.shape[-1]
    eye = xp.adapter.xp.eye(n, dtype=a.dtype, device=device_of(a))
    adjugate, total = eye, g[1] * eye
    for k in range(1, n):
        adjugate = xp.matmul(adjugate, a) + out[k] * eye
        total = total + g[k + 1] * adjugate
    return -xp.matrix_transpose(total)


@primitive(a=lambda g, a, out, xp: _characteristic_rule(g, a, out, xp))
def characteristic_polynomial(a: Any, *, xp: Any) -> Any:
    """The coefficients of det(λ - A), that of the highest power first; see `poly`.

    Parameters
    ----------
    a : ArrayLike
        A square matrix, with one row at least.

    Returns
    -------
    Tensor
    """
    library = xp.adapter.xp
    a = floats(a, xp)
    zeros = _eigenvalues(a, xp)
    out = library.ones(1, dtype=zeros.dtype, device=device_of(a))
    for k in range(zeros.shape[0]):
        out = library.concat([out, 0 * out[:1]]) - zeros[k] * library.concat([0 * out[:1], out])
    if not is_complex(a, xp) and is_complex(out, xp):
        out = library.real(out)
    return library.astype(out, a.dtype)


def poly(seq_of_zeros: Any, *, constant: bool | None = None) -> Tensor:
    """The polynomial with given roots, or the characteristic polynomial of a matrix.

    Parameters
    ----------
    seq_of_zeros : ArrayLike
        A vector of roots, or a square matrix.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Its coefficients, that of the highest power first, which is 1. As in NumPy they are real if
        complex roots come in pairs of conjugates.

    Raises
    ------
    ValueError
        It is neither a vector nor a square matrix.
    TypeError
        It is a matrix, and the array library has no eigenvalues.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.poly(mg.tensor([1.0, 2.0]))
    Tensor([ 1., -3.,  2.])
    """
    t = atleast_1d(as_operand_tensor(seq_of_zeros))
    if t.ndim == 2 and t.shape[0] == t.shape[1] and t.shape[0]:
        return characteristic_polynomial(t, constant=constant)
    if t.ndim != 1:
        raise ValueError(
            f"poly: takes a vector of roots, or a square matrix, and was given the shape "
            f"{tuple(t.shape)}"
        )
    library = library_of(t)
    if library.isdtype(t.dtype, ("integral", "bool")):
        t = astype(t, library.float64)
    one = library.ones(1, dtype=t.dtype, device=device_of(t))
    p = as_operand_tensor(one)
    for k in range(t.shape[0]):
        p = convolve(p, concatenate([one, negative(t[k : k + 1])]), constant=constant)
    return real_part(p, constant=constant) if _in_pairs(t) else p


def _in_pairs(t: Any) -> bool:
    """Whether complex roots are those of a real polynomial."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    if not adapter.xp.isdtype(t.dtype, "complex floating") or not adapter.knows(t._data):
        return False

    def parts(z: complex) -> tuple[float, float]:
        return z.real, z.imag

    values = adapter.to_host(t._data).tolist()
    return sorted(map(parts, values)) == sorted(parts(z.conjugate()) for z in values)
