"""Changing the order of axes, and of the elements along an axis."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.primitive import primitive
from mygrad.tensors.axes import AxisError, axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = [
    "flip",
    "fliplr",
    "flipud",
    "matrix_transpose",
    "moveaxis",
    "permute_dims",
    "roll",
    "rollaxis",
    "rot90",
    "swapaxes",
    "transpose",
]


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    axes = tuple(k % len(axes) for k in axes)
    return tuple(axes.index(k) for k in range(len(axes)))


@primitive(a=lambda g, axes, xp: xp.permute_dims(g, _inverse(axes)), may_view=True)
def permute_dims(a: Any, axes: Any, *, xp: Any) -> Any:
    """Put the axes of a tensor into another order.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axes : tuple[int, ...]
        For each axis of the result, which one of `a` it is.

    Returns
    -------
    Tensor
        A view of `a`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.permute_dims(mg.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return xp.permute_dims(a, axes)


def transpose(a: Any, *axes: Any, constant: bool | None = None) -> Tensor:
    """Reverse the order of the axes, or put them into a given one.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    *axes : int
        For each axis of the result, which one of `a` it is; a tuple of them will do.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A view of `a`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.transpose(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 3.],
            [2., 4.]])
    >>> mg.transpose(mg.ones((2, 3, 4)), 2, 0, 1).shape
    (4, 2, 3)
    """
    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list))):
        (axes,) = axes
    if not axes:
        a = as_operand_tensor(a)
        axes = tuple(range(a.ndim))[::-1]
    return permute_dims(a, tuple(axes), constant=constant)


@primitive(x=lambda g, xp: xp.matrix_transpose(g), may_view=True)
def matrix_transpose(x: Any, *, xp: Any) -> Any:
    """Exchange the last two axes.

    Parameters
    ----------
    x : ArrayLike
        A matrix, or a stack of them.

    Returns
    -------
    Tensor
        A view of `x`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.matrix_transpose(mg.ones((5, 2, 3))).shape
    (5, 3, 2)
    """
    return xp.matrix_transpose(x)


@primitive(a=lambda g, axis1, axis2, xp: xp.swapaxes(g, axis1, axis2), may_view=True)
def swapaxes(a: Any, axis1: int, axis2: int, *, xp: Any) -> Any:
    """Exchange two axes.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis1, axis2 : int
        The axes.

    Returns
    -------
    Tensor
        A view of `a`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.swapaxes(mg.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    axes = list(range(a.ndim))
    try:
        axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    except IndexError:
        raise AxisError(f"there are no axes {axis1} and {axis2} of {a.ndim}") from None
    return xp.permute_dims(a, tuple(axes))


@primitive(a=lambda g, source, destination, xp: xp.moveaxis(g, destination, source), may_view=True)
def moveaxis(a: Any, source: Any, destination: Any, *, xp: Any) -> Any:
    """Move axes to other places; the others stay in order.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    source, destination : int | tuple[int, ...]
        Which axes, and where to.

    Returns
    -------
    Tensor
        A view of `a`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.moveaxis(mg.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return xp.moveaxis(a, source, destination)


def rollaxis(a: Any, axis: int, start: int = 0, *, constant: bool | None = None) -> Tensor:
    """Move an axis to where another one is; `moveaxis` is easier to read.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis : int
        Which axis; the others stay in order.
    start : int
        Before which of the axes it is put.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A view of `a`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.rollaxis(mg.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    t = as_operand_tensor(a)
    axis = axis_number(axis, t.ndim, "rollaxis")
    if not -t.ndim <= start <= t.ndim:
        raise AxisError(f"rollaxis: start={start} is no place among {t.ndim} axes")
    start = start + t.ndim if start < 0 else start
    return moveaxis(t, axis, start - (axis < start), constant=constant)


@primitive(m=lambda g, axis, xp: xp.flip(g, axis=axis), may_view=True)
def flip(m: Any, axis: Any = None, *, xp: Any) -> Any:
    """Reverse the order of the elements along axes.

    Parameters
    ----------
    m : ArrayLike
        The tensor.
    axis : int | tuple[int, ...], optional
        Which; all if not given.

    Returns
    -------
    Tensor
        A view of `m`, where the array library has negative strides.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.flip(mg.tensor([1.0, 2.0, 3.0]))
    Tensor([3., 2., 1.])
    """
    return xp.flip(m, axis=axis)


def flipud(m: Any, *, constant: bool | None = None) -> Tensor:
    """Reverse the order along the first axis.

    Parameters
    ----------
    m : ArrayLike
        The tensor.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.flipud(mg.tensor([1.0, 2.0, 3.0]))
    Tensor([3., 2., 1.])
    """
    return flip(m, 0, constant=constant)


def fliplr(m: Any, *, constant: bool | None = None) -> Tensor:
    """Reverse the order along the second axis.

    Parameters
    ----------
    m : ArrayLike
        The tensor.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fliplr(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[2., 1.],
            [4., 3.]])
    """
    return flip(m, 1, constant=constant)


def rot90(
    m: Any, k: int = 1, axes: tuple[int, int] = (0, 1), *, constant: bool | None = None
) -> Tensor:
    """Rotate by multiples of 90 degrees in the plane of two axes.

    Parameters
    ----------
    m : ArrayLike
        The tensor.
    k : int
        How many quarter turns, from the first axis towards the second.
    axes : tuple[int, int]
        The plane.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.rot90(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[2., 4.],
            [1., 3.]])
    """
    m = as_operand_tensor(m)
    first, second = (axis_number(axis, m.ndim, "rot90") for axis in axes)
    if first == second:
        raise ValueError(f"rot90: axes={axes!r} has to name two different axes")
    k %= 4
    if k % 2 == 0:
        return flip(m, (first, second) if k else (), constant=constant)
    if k == 1:
        return swapaxes(flip(m, second), first, second, constant=constant)
    return flip(swapaxes(m, first, second), second, constant=constant)


def _backwards(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


@primitive(a=lambda g, shift, axis, xp: xp.roll(g, _backwards(shift), axis=axis))
def roll(a: Any, shift: Any, axis: Any = None, *, xp: Any) -> Any:
    """Shift the elements along axes; what leaves at the end comes in at the beginning.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    shift : int | tuple[int, ...]
        By how many places.
    axis : int | tuple[int, ...], optional
        Along which axes; along the flattened tensor if not given.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.roll(mg.tensor([1.0, 2.0, 3.0]), 1)
    Tensor([3., 1., 2.])
    """
    if isinstance(axis, (tuple, list)) and not isinstance(shift, (tuple, list)):
        shift = (shift,) * len(axis)
    return xp.roll(a, tuple(shift) if isinstance(shift, list) else shift, axis=axis)
