"""Weighted averages, and the range of values."""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.arrays.portable import is_true
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.operands import common_adapter
from mygrad.math.sequential import max, mean, min, sum
from mygrad.statistics.layout import axes_of, cast, delivered
from mygrad.tensor_creation import full_like
from mygrad.tensor_manip.array_shape import broadcast_to, reshape
from mygrad.tensor_manip.transpose_like import transpose
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors, astensor

__all__ = ["average", "ptp"]


def average(
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
    constant: bool | None = None,
) -> Any:
    """Weighted average over axes: the sum of ``a * weights``, over the sum of the weights.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis : int | tuple[int, ...], optional
        The axes to average over; all by default.
    weights : ArrayLike, optional
        How much each element counts, of the shape of `a` or of its averaged axes; all count the
        same by default.
    returned : bool
        Whether to return the sum of the weights, too.
    keepdims : bool
        Whether the reduced axes stay, with length 1.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    Tensor | tuple[Tensor, Tensor]

    Raises
    ------
    ZeroDivisionError
        Weights add up to 0.
    TypeError, ValueError
        The shapes of `weights` and `a` differ, and no `axis` was named, or they do not fit it.

    Examples
    --------
    >>> import mygrad as mg
    >>> x, w = mg.tensor([1.0, 3.0]), mg.tensor([3.0, 1.0])
    >>> y = mg.average(x, weights=w)
    >>> y
    Tensor(1.5)
    >>> y.backward()
    >>> x.grad, w.grad
    (array([0.75, 0.25]), array([-0.125,  0.375]))
    """
    if weights is None:
        t = as_operand_tensor(a)
        found = mean(t, axis=axis, keepdims=keepdims, constant=constant)
        if not returned:
            return found
        count = prod(t.shape[k] for k in axes_of(axis, t.ndim, "average"))
        return found, full_like(found, count, constant=True)
    t, w = as_operand_tensors(a, weights)
    adapter = common_adapter((t, w), "average")
    library = adapter.xp
    if library.isdtype(t.dtype, ("integral", "bool")):
        t = cast(t, library.float64)
    dtype = library.result_type(t.dtype, w.dtype)
    w = _beside(t, w, axis)
    total = sum(w, axis=axis, keepdims=keepdims, dtype=dtype)
    if is_true(adapter, adapter.following(library.any)(total == 0), unknown=False):
        raise ZeroDivisionError("average: weights= add up to 0, so that there is no average")
    product = registry["multiply"](t, w, dtype=dtype)
    found = sum(product, axis=axis, keepdims=keepdims) / total
    found = astensor(found, constant=constant)
    if not returned:
        return found
    if total.shape != found.shape:
        total = registry["copy"](broadcast_to(total, found.shape))
    return found, astensor(total, constant=constant)


def _beside(t: Any, w: Any, axis: Any) -> Any:
    """Weights in a shape that broadcasts against what they weigh."""
    if w.shape == t.shape:
        return w
    if axis is None:
        raise TypeError(
            f"average: weights= of shape {tuple(w.shape)} for a tensor of shape {tuple(t.shape)} "
            f"need axis=, the axes that they belong to"
        )
    axes = axes_of(axis, t.ndim, "average")
    if w.shape != tuple(t.shape[k] for k in axes):
        raise ValueError(
            f"average: weights= of shape {tuple(w.shape)} do not fit the axes {axes} of a tensor "
            f"of shape {tuple(t.shape)}"
        )
    w = transpose(w, tuple(sorted(range(w.ndim), key=axes.__getitem__)))
    w = reshape(w, tuple(n if k in axes else 1 for k, n in enumerate(t.shape)))
    return broadcast_to(w, t.shape)


def ptp(
    a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *,
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The range of values over axes, from the smallest to the largest ("peak to peak").

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis : int | tuple[int, ...], optional
        The axes to reduce; all by default.
    out : Tensor | array, optional
        Where to write the result.
    keepdims : bool
        Whether the reduced axes stay, with length 1.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        The first of equal largest elements gets the gradient, as with `max`, and the first of
        equal smallest ones.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 4.0, 2.0])
    >>> mg.ptp(x).backward()
    >>> x.grad
    array([-1.,  1.,  0.])
    """
    t = as_operand_tensor(a)
    found = max(t, axis=axis, keepdims=keepdims) - min(t, axis=axis, keepdims=keepdims)
    return delivered(found, out, constant, "ptp")
