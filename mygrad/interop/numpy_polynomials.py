"""Polynomials of two variables in ``numpy.polynomial.polynomial``, on tensors.

Of these modules' functions NumPy hands over the ones that are here; the others are Python code
that converts what it is given, and warns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.polynomial.polynomial as theirs

from mygrad.tensor_manip.array_shape import expand_dims
from mygrad.tensors.base import as_operand_tensors

__all__ = ["POLYNOMIALS"]


def _by_horner(x: Any, coefficients: Any) -> Any:
    """The sum of ``coefficients[k] * x**k``, whose elements broadcast against `x`."""
    value = coefficients[-1] + x * 0
    for k in range(2, coefficients.shape[0] + 1):
        value = coefficients[-k] + value * x
    return value


def _more_axes(c: Any, count: int) -> Any:
    return expand_dims(c, tuple(range(c.ndim, c.ndim + count))) if count else c


def _polyval2d(x: Any, y: Any, c: Any) -> Any:
    x, y, c = as_operand_tensors(x, y, c)
    if tuple(x.shape) != tuple(y.shape):
        raise ValueError(
            f"numpy.polynomial.polynomial.polyval2d: x and y are the coordinates of points, and "
            f"have the shapes {tuple(x.shape)} and {tuple(y.shape)}"
        )
    return _by_horner(y, _by_horner(x, _more_axes(c, x.ndim)))


def _polygrid2d(x: Any, y: Any, c: Any) -> Any:
    x, y, c = as_operand_tensors(x, y, c)
    return _by_horner(y, _more_axes(_by_horner(x, _more_axes(c, x.ndim)), y.ndim))


POLYNOMIALS: dict[Any, Callable[..., Any]] = {
    theirs.polyval2d: _polyval2d,
    theirs.polygrid2d: _polygrid2d,
}
"""By function of NumPy's, what does its work on tensors."""
