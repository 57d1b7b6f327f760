"""Functions of vectors, called for each line of a tensor."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from mygrad.autodiff.namespace import registry
from mygrad.tensor_manip.array_shape import expand_dims, reshape
from mygrad.tensor_manip.tensor_joining import stack
from mygrad.tensor_manip.transpose_like import moveaxis
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["apply_along_axis", "apply_over_axes"]


def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Tensor:
    """Call a function for each line along an axis.

    Parameters
    ----------
    func1d : Callable
        A function of a one-dimensional tensor; all its results have one shape.
    axis : int
        Along which axis.
    arr : ArrayLike
        The tensor.
    *args, **kwargs
        Further arguments of the function. Gradients flow to tensors among them.

    Returns
    -------
    Tensor
        The axes of a result stand in the place of `axis`. It is a loop, and each call of the
        function is recorded: a function that takes the whole tensor is faster.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> mg.apply_along_axis(lambda line: line[0] * line[1], 1, x)
    Tensor([ 2., 12.])
    """
    t = as_operand_tensor(arr)
    axis = axis_number(axis, t.ndim, "apply_along_axis")
    lines = moveaxis(t, axis, -1)
    before = tuple(lines.shape[:-1])
    if 0 in before:
        raise ValueError(
            f"apply_along_axis: a tensor of shape {tuple(t.shape)} has no lines along axis {axis}, "
            f"so that nobody knows what the function returns"
        )
    places = product(*(range(n) for n in before))
    results = [as_operand_tensor(func1d(lines[(*k, ...)], *args, **kwargs), (t,)) for k in places]
    first = results[0]
    results = [r if r.dtype == first.dtype else registry["astype"](r, first.dtype) for r in results]
    whole = reshape(stack(results), (*before, *first.shape))
    ours = tuple(range(len(before), whole.ndim))
    return moveaxis(whole, ours, tuple(range(axis, axis + first.ndim))) if ours else whole


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Tensor:
    """Call a function of a tensor and an axis for one axis after the other.

    Parameters
    ----------
    func : Callable
        ``func(a, axis)``; a result with an axis less gets it back, of length 1.
    a : ArrayLike
        The tensor.
    axes : int | Sequence[int]
        The axes.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.apply_over_axes(mg.sum, mg.ones((2, 3, 4)), [0, 2])
    Tensor([[[8.],
             [8.],
             [8.]]], dtype=float32)
    """
    t = as_operand_tensor(a)
    ndim = t.ndim
    for k in axes if hasattr(axes, "__len__") else (axes,):
        axis = axis_number(k, ndim, "apply_over_axes")
        t = as_operand_tensor(func(t, axis))
        if t.ndim == ndim - 1:
            t = expand_dims(t, axis)
        elif t.ndim != ndim:
            raise ValueError(
                f"apply_over_axes: the function made {t.ndim} axes of {ndim}; it has to keep them, "
                f"or to leave out the one that it is given"
            )
    return t
