"""Axes, as numbers from 0."""

from __future__ import annotations

import operator
from typing import Any

__all__ = ["AxisError", "axis_number"]


class AxisError(ValueError, IndexError):
    """There is no such axis: of both kinds, as NumPy's error of this name is."""


def axis_number(axis: Any, ndim: int, name: str) -> int:
    """An axis as a number from 0; negative ones count from the end.

    Parameters
    ----------
    axis
        The axis, as a user named it.
    ndim
        How many axes there are.
    name
        Of the operation, for the error if there is no such axis.

    Returns
    -------
    int

    Raises
    ------
    AxisError
        There is no such axis.
    """
    number = operator.index(axis)
    if not -ndim <= number < ndim:
        count = "one axis" if ndim == 1 else f"{ndim} axes"
        raise AxisError(f"{name}: there is no axis {number} of a tensor with {count}")
    return number % ndim
