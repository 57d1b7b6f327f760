"""Polynomials through points, by least squares."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import divide, multiply
from mygrad.math.differences import in_floats
from mygrad.math.dtypes import is_complex
from mygrad.math.exp_log import sqrt
from mygrad.math.polynomials import vander
from mygrad.math.sequential import sum as total
from mygrad.math.warned import RankWarning, warn
from mygrad.tensor_manip.array_shape import expand_dims
from mygrad.tensor_manip.copying import conj, real
from mygrad.tensors.base import as_operand_tensors

__all__ = ["polyfit"]


# --- least squares ----------------------------------------------------------------------------
def _adjoint_matrix(a: Any, xp: Any) -> Any:
    turned = xp.matrix_transpose(a)
    return xp.conj(turned) if is_complex(a, xp) else turned


def _conjugate(a: Any, xp: Any) -> Any:
    return xp.conj(a) if is_complex(a, xp) else a


def _pseudo_inverse_rule(g: Any, a: Any, out: Any, xp: Any) -> Any:
    """The derivative of a pseudo-inverse whose rank stays: Golub and Pereyra (1973)."""
    turned = xp.matrix_transpose(g)
    across = xp.matmul(xp.matmul(turned, out), _adjoint_matrix(out, xp))
    outside = across - xp.matmul(a, xp.matmul(out, across))
    down = xp.matmul(xp.matmul(_adjoint_matrix(out, xp), out), turned)
    within = down - xp.matmul(xp.matmul(down, out), a)
    transposed = xp.matrix_transpose(out)
    return _conjugate(outside + within, xp) - xp.matmul(xp.matmul(transposed, g), transposed)


@primitive(a=lambda g, a, out, xp: _pseudo_inverse_rule(g, a, out, xp))
def pseudo_inverse(a: Any, rcond: float, *, xp: Any) -> Any:
    """The pseudo-inverse of a matrix, by its singular values.

    Parameters
    ----------
    a : ArrayLike
        Shape (m, n).
    rcond : float
        Singular values up to this share of the largest one count as 0.

    Returns
    -------
    Tensor
        Shape (n, m).
    """
    library = xp.adapter.xp
    left, sizes, right = library.linalg.svd(a, full_matrices=False)
    kept = sizes > rcond * sizes[0]
    inverse = library.where(kept, 1 / library.where(kept, sizes, 1.0), 0.0)
    right = _adjoint_matrix(right, xp)
    return library.matmul(right * inverse, _adjoint_matrix(left, xp))


def _least_squares_rule(
    g: Any, a: Any, b: Any, out: Any, rcond: float, rank: int, wanted: Any, xp: Any
) -> tuple[Any, Any]:
    """The adjoints by the matrix and by the right-hand side, with vectors as columns."""
    inverse = xp.pseudo_inverse(a, rcond)
    vector = b.ndim == 1
    if vector:
        g, b, out = (xp.expand_dims(t, axis=1) for t in (g, b, out))
    by_b = xp.matmul(xp.matrix_transpose(inverse), g)
    by_a = None
    if wanted[0]:
        rest = b - xp.matmul(a, out)
        by_a = -xp.matmul(by_b, xp.matrix_transpose(out))
        sideways = xp.matmul(inverse, _conjugate(by_b, xp))
        by_a = by_a + xp.matmul(_conjugate(rest, xp), xp.matrix_transpose(sideways))
        if rank < a.shape[1]:  # else there is nothing outside of the range of its rows
            beyond = _conjugate(g - xp.matmul(xp.matrix_transpose(a), by_b), xp)
            found = xp.matmul(xp.matrix_transpose(inverse), _conjugate(out, xp))
            by_a = by_a + xp.matmul(found, xp.matrix_transpose(beyond))
    return by_a, (xp.squeeze(by_b, axis=1) if vector else by_b)


@primitive(joint={("a", "b"): _least_squares_rule})
def least_squares(a: Any, b: Any, rcond: float, rank: int, *, xp: Any) -> Any:
    """The shortest x for which the length of ``b - a @ x`` is least.

    Parameters
    ----------
    a : ArrayLike
        Shape (m, n).
    b : ArrayLike
        Shape (m,) or (m, k).
    rcond : float
        Singular values of `a` up to this share of the largest one count as 0.
    rank : int
        How many are more than that.

    Returns
    -------
    Tensor
        Shape (n,) or (n, k).

    Notes
    -----
    The derivative is that of the pseudo-inverse times `b` (Golub and Pereyra, 1973), where the
    rank of `a` stays what it is. It needs the pseudo-inverse, and no normal equations.
    """
    library = xp.adapter.xp
    theirs = getattr(library.linalg, "lstsq", None)
    if theirs is not None and xp.adapter.name == "numpy":
        return theirs(a, b, rcond)[0]
    left, sizes, right = library.linalg.svd(a, full_matrices=False)
    kept = sizes > rcond * sizes[0]
    column = library.reshape(b, (b.shape[0], -1))
    shares = library.matmul(_adjoint_matrix(left, xp), column)
    inverse = library.where(kept, 1 / library.where(kept, sizes, 1.0), 0.0)
    shares = library.expand_dims(inverse, axis=1) * shares
    found = library.matmul(_adjoint_matrix(right, xp), shares)
    return library.reshape(found, (a.shape[1], *b.shape[1:]))


# --- fits -------------------------------------------------------------------------------------
def polyfit(
    x: Any, y: Any, deg: int, rcond: float | None = None, full: bool = False,
    w: Any = None, cov: bool | str = False, *, constant: bool | None = None,
) -> Any:  # fmt: skip
    r"""The polynomial of a degree that is closest to points, in the sense of least squares.

    Parameters
    ----------
    x : ArrayLike
        The places of the points, shape (m,).
    y : ArrayLike
        The values there, shape (m,), or (m, k) for k polynomials.
    deg : int
        The degree.
    rcond : float, optional
        Singular values up to this share of the largest one count as 0; m times the spacing of
        floating-point numbers at 1 by default.
    full : bool
        Whether to return what is said below.
    w : Any, optional
        Weights of the residuals (not of their squares), shape (m,).
    cov : bool | {"unscaled"}
        Whether to return the covariance of the coefficients, too: scaled so that the weights need
        not be the reciprocals of standard deviations, or as it is.
    constant : bool, optional
        Whether the coefficients are constant.

    Returns
    -------
    Tensor | tuple
        The coefficients, that of the highest power first, shape (deg + 1,) or (deg + 1, k). With
        `cov`, these and their covariance, shape (deg + 1, deg + 1) or (deg + 1, deg + 1, k). With
        `full`, these, the sums of squares of the residuals (of no element where the points do not
        determine the polynomial), and raw: the rank, the singular values, `rcond`.

    Raises
    ------
    ValueError
        The degree is negative; there are too few points for a scaled covariance.
    TypeError
        The points or the weights are not of shapes as above.

    Warns
    -----
    RankWarning
        The points do not determine the polynomial, or hardly.

    Notes
    -----
    Coefficients, residuals and covariances are differentiable by `x`, `y` and `w`, as long as the
    rank stays what it is. The equations are those of `numpy.polyfit`: a Vandermonde matrix whose
    columns are scaled to length 1.

    Examples
    --------
    >>> import mygrad as mg
    >>> y = mg.tensor([1.0, 3.0, 5.0])
    >>> slope, offset = mg.polyfit([0.0, 1.0, 2.0], y, 1)
    >>> slope.backward()
    >>> (y.grad + 0.0).round(6)
    array([-0.5,  0. ,  0.5])
    """
    deg = int(deg)
    x, y, *weights = as_operand_tensors(x, y, *(() if w is None else (w,)))
    x, y, *weights = (in_floats(t) for t in (x, y, *weights))
    _check(x, y, weights, deg)
    adapter = adapter_of(x._data)
    assert adapter is not None
    library = adapter.xp
    count = x.shape[0]
    rcond = count * float(library.finfo(x.dtype).eps) if rcond is None else rcond
    matrix, values = vander(x, deg + 1), y
    for weight in weights:
        matrix = matrix * expand_dims(weight, axis=1)
        values = values * (weight if values.ndim == 1 else expand_dims(weight, axis=1))
    scale = sqrt(total(matrix * matrix, axis=0))
    matrix = matrix / scale
    common = library.result_type(matrix.dtype, values.dtype)
    matrix, values = (t.astype(common) for t in (matrix, values))
    sizes = _singular_values(matrix._data, library)
    rank = int(library.sum(library.astype(sizes > rcond * sizes[0], library.int64)))
    if rank != deg + 1 and not full:
        warn("Polyfit may be poorly conditioned", RankWarning)
    found = least_squares(matrix, values, rcond=rcond, rank=rank)
    result = divide(found, _beside(scale, found), constant=constant)
    if not (full or cov):
        return result
    rest = values - matrix @ found
    squares = total(real(rest * conj(rest)) if _complex(rest) else rest * rest, axis=0)
    if rank < deg + 1 or count <= deg + 1:
        squares = squares.reshape(-1)[:0]
    elif not squares.ndim:
        squares = squares.reshape(1)
    if full:
        return result, squares, rank, sizes, rcond
    spread = _inverse_of_square(matrix, rcond) / (expand_dims(scale, axis=1) * scale)
    if cov == "unscaled":
        factor: Any = 1.0
    elif count <= deg + 1:
        raise ValueError(
            f"polyfit: {count} points do not tell how far they scatter around a polynomial of "
            f"degree {deg}; cov=True needs more, and cov='unscaled' does not"
        )
    else:
        factor = squares / (count - deg - 1)
    if y.ndim > 1:
        spread = expand_dims(spread, axis=2)
    return result, multiply(spread, factor, constant=constant)


def _check(x: Any, y: Any, weights: list[Any], deg: int) -> None:
    if deg < 0:
        raise ValueError(f"polyfit: the degree is {deg}, and is to be 0 or more")
    if x.ndim != 1 or not x.shape[0]:
        raise TypeError(
            f"polyfit: x= is a vector of one place at least, and has the shape {tuple(x.shape)}"
        )
    if y.ndim not in (1, 2) or y.shape[0] != x.shape[0]:
        raise TypeError(
            f"polyfit: y= has a value for each of the {x.shape[0]} places, or a row of values; its "
            f"shape is {tuple(y.shape)}"
        )
    for weight in weights:
        if tuple(weight.shape) != tuple(x.shape):
            raise TypeError(
                f"polyfit: w= is a weight for each of the {x.shape[0]} points, and has the shape "
                f"{tuple(weight.shape)}"
            )


def _complex(t: Any) -> bool:
    return bool(adapter_of(t._data).xp.isdtype(t.dtype, "complex floating"))  # type: ignore[union-attr]


def _singular_values(matrix: Any, library: Any) -> Any:
    """Those of a matrix with many rows, by way of its triangular factor."""
    _, triangle = library.linalg.qr(matrix, mode="reduced")
    return library.linalg.svdvals(triangle)


def _beside(scale: Any, found: Any) -> Any:
    return scale if found.ndim == 1 else expand_dims(scale, axis=1)


def _inverse_of_square(matrix: Any, rcond: float) -> Any:
    """The inverse of ``matrix.T @ matrix``."""
    if _complex(matrix):
        return pseudo_inverse(matrix.T @ matrix, rcond=rcond)
    inverse = pseudo_inverse(matrix, rcond=rcond)
    return inverse @ inverse.T
