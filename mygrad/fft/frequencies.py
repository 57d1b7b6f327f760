"""Which frequency stands where in a spectrum."""

from __future__ import annotations

import operator
from typing import Any

from mygrad.math.arithmetic import multiply
from mygrad.tensor_creation import arange
from mygrad.tensor_manip import concatenate, roll
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor
from mygrad.typing import ArrayLike, AxisLike

__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]


def _points(n: Any, name: str) -> int:
    try:
        count = operator.index(n)
    except TypeError:
        raise ValueError(f"{name}: n= is a number of points, an integer, and not {n!r}") from None
    if count < 1:
        raise ValueError(f"{name}: n= is a number of points, and not {count}")
    return count


def _over(ranges: Any, span: Any, device: Any, constant: bool | None) -> Tensor:
    """The whole numbers of ranges, over a span of time, beside which they are put."""
    backend = span.backend if isinstance(span, Tensor) else None
    parts = [
        arange(first, end, dtype=float, constant=True, device=device, backend=backend)
        for first, end in ranges
    ]
    places = concatenate(parts)
    return multiply(places, 1.0 / span, constant=constant)


def fftfreq(n: int, d: Any = 1.0, device: Any = None, *, constant: bool | None = None) -> Tensor:
    """The frequencies of `fft`, in cycles per unit of the spacing.

    Parameters
    ----------
    n : int
        The number of points.
    d : ArrayLike
        The spacing of the samples, a number; a tensor, to differentiate by it.
    device : Any
        Where to put them.
    constant : bool, optional
        Whether the result is constant; by default it is unless `d` is a variable.

    Returns
    -------
    Tensor
        Shape (n,): 0, 1, ..., then the negative ones, over ``n * d``.

    Raises
    ------
    ValueError
        `n` is no positive integer.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.fftfreq(4, d=0.5)
    Tensor([ 0. ,  0.5, -1. , -0.5])
    """
    n = _points(n, "fftfreq")
    return _over([(0, (n - 1) // 2 + 1), (-(n // 2), 0)], n * d, device, constant)


def rfftfreq(n: int, d: Any = 1.0, device: Any = None, *, constant: bool | None = None) -> Tensor:
    """The frequencies of `rfft`, in cycles per unit of the spacing.

    Parameters
    ----------
    n : int
        The number of points.
    d : ArrayLike
        The spacing of the samples, a number; a tensor, to differentiate by it.
    device : Any
        Where to put them.
    constant : bool, optional
        Whether the result is constant; by default it is unless `d` is a variable.

    Returns
    -------
    Tensor
        Shape (n // 2 + 1,): 0, 1, ..., over ``n * d``.

    Raises
    ------
    ValueError
        `n` is no positive integer.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.rfftfreq(4, d=0.5)
    Tensor([0. , 0.5, 1. ])
    """
    n = _points(n, "rfftfreq")
    return _over([(0, n // 2 + 1)], n * d, device, constant)


def _shifted(x: Any, axes: Any, name: str, halves: Any, constant: bool | None) -> Tensor:
    x = as_operand_tensor(x)
    named = range(x.ndim) if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
    named = tuple(operator.index(k) for k in named)
    shifts = tuple(halves(x.shape[axis_number(k, x.ndim, name)]) for k in named)
    return roll(x, shifts, named, constant=constant)


def fftshift(x: ArrayLike, axes: AxisLike = None, *, constant: bool | None = None) -> Tensor:
    """Put the frequency 0 into the middle of a spectrum.

    Parameters
    ----------
    x : ArrayLike
        The spectrum.
    axes : int | tuple[int, ...], optional
        Along which axes; all by default.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.fftshift(mg.fft.fftfreq(4))
    Tensor([-0.5 , -0.25,  0.  ,  0.25])
    """
    return _shifted(x, axes, "fftshift", lambda n: n // 2, constant)


def ifftshift(x: ArrayLike, axes: AxisLike = None, *, constant: bool | None = None) -> Tensor:
    """The inverse of `fftshift`.

    Parameters
    ----------
    x : ArrayLike
        The spectrum, with the frequency 0 in the middle.
    axes : int | tuple[int, ...], optional
        Along which axes; all by default.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.ifftshift(mg.tensor([-0.5, -0.25, 0.0, 0.25]))
    Tensor([ 0.  ,  0.25, -0.5 , -0.25])
    """
    return _shifted(x, axes, "ifftshift", lambda n: -(n // 2), constant)
