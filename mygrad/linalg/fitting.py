"""Polynomials through points, by least squares."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.linalg.solving import lstsq, pinv
from mygrad.math.arithmetic import divide, multiply
from mygrad.math.differences import in_floats
from mygrad.math.exp_log import sqrt
from mygrad.math.polynomials import vander
from mygrad.math.sequential import sum as total
from mygrad.math.warned import RankWarning, warn
from mygrad.tensor_manip.array_shape import expand_dims
from mygrad.tensor_manip.copying import conj, real
from mygrad.tensors.base import as_operand_tensors

__all__ = ["polyfit"]


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
    found, _, rank, sizes = lstsq(matrix, values, rcond)
    least = rank if isinstance(rank, int) else deg + 1  # of a batch nobody knows
    if least != deg + 1 and not full:
        warn("Polyfit may be poorly conditioned", RankWarning)
    result = divide(found, _beside(scale, found), constant=constant)
    if not (full or cov):
        return result
    rest = values - matrix @ found
    squares = total(real(rest * conj(rest)) if _complex(rest) else rest * rest, axis=0)
    if least < deg + 1 or count <= deg + 1:
        squares = squares.reshape(-1)[:0]
    elif not squares.ndim:
        squares = squares.reshape(1)
    if full:
        return result, squares, rank, sizes._data, rcond
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


def _beside(scale: Any, found: Any) -> Any:
    return scale if found.ndim == 1 else expand_dims(scale, axis=1)


def _inverse_of_square(matrix: Any, rcond: float) -> Any:
    """The inverse of ``matrix.T @ matrix``."""
    if _complex(matrix):
        return pinv(matrix.T @ matrix, rcond)
    inverse = pinv(matrix, rcond)
    return inverse @ inverse.T
