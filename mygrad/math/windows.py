"""Window functions, and the Bessel function that one of them is made of."""

from __future__ import annotations

import math
import operator
from typing import Any

from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import divide, multiply
from mygrad.math.dtypes import floats, real_only
from mygrad.math.trigonometric import cos
from mygrad.tensor_creation import arange, ones
from mygrad.tensor_manip.selecting import where
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["bartlett", "blackman", "hamming", "hanning", "i0", "kaiser"]

FAR = 20.0
"""From here on the expansion for large numbers is exact, in 30 terms."""


def _near_zero(size: Any, order: int) -> Any:
    """The power series (DLMF 10.25.2), of numbers up to `FAR`; all of its terms are positive."""
    quarter, total = size * size / 4, 1.0
    for k in range(60, 0, -1):
        total = 1 + quarter * total / (k * (k + order))
    return (size / 2) ** order / math.factorial(order) * total


def _far_away(size: Any, order: int, xp: Any) -> Any:
    """The expansion for large numbers (DLMF 10.40.1); half of the exponential at a time."""
    total: Any = 1.0
    for k in range(30, 0, -1):
        total = 1 - (4 * order * order - (2 * k - 1) ** 2) / (8 * k) / size * total
    half = xp.exp(size / 2)
    return half * (half / xp.sqrt(2 * math.pi * size) * total)


@primitive(
    x=lambda g, x, order, xp: g * _bessel_slope(x, order, xp),
)
def bessel_i(x: Any, order: int = 0, *, xp: Any) -> Any:
    r"""The modified Bessel function of the first kind, :math:`I_n(x)`, of integer order.

    Parameters
    ----------
    x : ArrayLike
        Real numbers.
    order : int
        The order n, 0 or more.

    Returns
    -------
    Tensor

    Notes
    -----
    Its derivative is the mean of its neighbours, :math:`(I_{n-1} + I_{n+1})/2` (DLMF 10.29.1).
    """
    real_only(x, xp, "i0")
    x = floats(x, xp)
    theirs = getattr(xp.adapter.xp, "i0", None)
    if order == 0 and theirs is not None:
        return theirs(x)
    size = xp.abs(x)
    near = size < FAR
    value = xp.where(
        near,
        _near_zero(xp.where(near, size, 0.0), order),
        _far_away(xp.where(near, FAR, size), order, xp),
    )
    return xp.where(x < 0, -value, value) if order % 2 else value


def _bessel_slope(x: Any, order: int, xp: Any) -> Any:
    above = xp.bessel_i(x, order + 1)
    return above if order == 0 else (above + xp.bessel_i(x, order - 1)) / 2


def i0(x: Any, *, constant: bool | None = None) -> Tensor:
    r"""The modified Bessel function of the first kind of order 0, :math:`I_0(x)`.

    Parameters
    ----------
    x : ArrayLike
        Real numbers.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        `x` is complex.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.i0(mg.tensor([0.0, 1.0]))
    Tensor([1.        , 1.26606588])
    """
    return bessel_i(x, constant=constant)


# --- windows ----------------------------------------------------------------------------------
def _cosines(M: Any, weights: tuple[float, ...], constant: bool | None) -> Tensor:
    """A window of M points that is a sum of cosines."""
    count = operator.index(M)
    if count <= 1:
        return ones(max(count, 0), dtype=float, constant=constant is not False)
    turns = math.pi * arange(1 - count, count, 2, dtype=float, constant=True) / (count - 1)
    window: Any = weights[0]
    for k, weight in enumerate(weights[1:], 1):
        window = window + weight * cos(turns if k == 1 else float(k) * turns)
    return multiply(window, 1.0, constant=constant)


def hanning(M: int, *, constant: bool | None = None) -> Tensor:
    r"""The Hann window, :math:`\frac12 + \frac12 \cos(\pi n/(M-1))` for n from 1 - M to M - 1.

    Parameters
    ----------
    M : int
        The number of points.
    constant : bool, optional
        Whether the result is constant, which it is by default.

    Returns
    -------
    Tensor
        Shape (M,).

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.hanning(5)
    Tensor([0. , 0.5, 1. , 0.5, 0. ])
    """
    return _cosines(M, (0.5, 0.5), constant)


def hamming(M: int, *, constant: bool | None = None) -> Tensor:
    r"""The Hamming window, :math:`0.54 + 0.46 \cos(\pi n/(M-1))` for n from 1 - M to M - 1.

    Parameters
    ----------
    M : int
        The number of points.
    constant : bool, optional
        Whether the result is constant, which it is by default.

    Returns
    -------
    Tensor
        Shape (M,).

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.hamming(5)
    Tensor([0.08, 0.54, 1.  , 0.54, 0.08])
    """
    return _cosines(M, (0.54, 0.46), constant)


def blackman(M: int, *, constant: bool | None = None) -> Tensor:
    r"""The Blackman window, with the cosines of two frequencies.

    Parameters
    ----------
    M : int
        The number of points.
    constant : bool, optional
        Whether the result is constant, which it is by default.

    Returns
    -------
    Tensor
        Shape (M,): :math:`0.42 + 0.5 \cos(\pi n/(M-1)) + 0.08 \cos(2 \pi n/(M-1))`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.blackman(5).round(2)
    Tensor([-0.  ,  0.34,  1.  ,  0.34, -0.  ])
    """
    return _cosines(M, (0.42, 0.5, 0.08), constant)


def bartlett(M: int, *, constant: bool | None = None) -> Tensor:
    """The Bartlett window, a triangle with zeros at its ends.

    Parameters
    ----------
    M : int
        The number of points.
    constant : bool, optional
        Whether the result is constant, which it is by default.

    Returns
    -------
    Tensor
        Shape (M,).

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.bartlett(5)
    Tensor([0. , 0.5, 1. , 0.5, 0. ])
    """
    count = operator.index(M)
    if count <= 1:
        return ones(max(count, 0), dtype=float, constant=constant is not False)
    places = arange(1 - count, count, 2, dtype=float, constant=True)
    share = places / (count - 1)
    return where(places <= 0, 1 + share, 1 - share, constant=constant)


def kaiser(M: int, beta: Any, *, constant: bool | None = None) -> Tensor:
    r"""The Kaiser window, :math:`I_0(\beta \sqrt{1 - t^2}) / I_0(\beta)` for t from -1 to 1.

    Parameters
    ----------
    M : int
        The number of points.
    beta : ArrayLike
        How narrow it is, a number; a tensor, to differentiate by it.
    constant : bool, optional
        Whether the result is constant; by default it is unless `beta` is a variable.

    Returns
    -------
    Tensor
        Shape (M,).

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.kaiser(3, 0.0)
    Tensor([1., 1., 1.])
    >>> beta = mg.tensor(2.0)
    >>> mg.kaiser(3, beta)[0].backward()
    >>> round(beta.grad.item(), 4)
    -0.3061
    """
    count = operator.index(M)
    if count <= 1:
        return ones(max(count, 0), dtype=float, constant=constant is not False)
    beta = as_operand_tensor(beta)
    middle = (count - 1) / 2.0
    places = arange(0, count, dtype=float, constant=True, backend=beta.backend)
    share = (1 - ((places - middle) / middle) ** 2.0) ** 0.5
    return divide(i0(beta * share), i0(beta), constant=constant)
