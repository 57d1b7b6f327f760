"""Medians: the elements in the middle, by the permutation that sorts."""

from __future__ import annotations

from typing import Any

from mygrad.math.sequential import mean
from mygrad.statistics.layout import (
    adapter_of_tensor,
    axes_of,
    delivered,
    is_floating,
    present,
    rows_of,
    without_axes,
)
from mygrad.tensor_manip.selecting import take_along_axis, where
from mygrad.tensor_manip.sorting import partition, sort
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["median", "nanmedian"]


def median(
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
    *,
    constant: bool | None = None,
) -> Tensor:
    """Median over axes: the element in the middle, or the mean of the two that are there.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis : int | tuple[int, ...], optional
        The axes to reduce; all by default.
    out : Tensor | array, optional
        Where to write the result.
    overwrite_input
        Without effect: `a` stays as it is.
    keepdims : bool
        Whether the reduced axes stay, with length 1.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        NaN for rows that have one, to which their gradient goes, and for rows without elements.

    Notes
    -----
    The gradient goes to the elements in the middle, half to each if there are two; of elements
    that are equal to them to one, whichever the library's partition puts there.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([10.0, 4.0, 8.0, 5.0])
    >>> mg.median(x).backward()
    >>> x.grad
    array([0. , 0. , 0.5, 0.5])
    """
    t = as_operand_tensor(a)
    axes = axes_of(axis, t.ndim, "median")
    rows = rows_of(t, axes)
    n = rows.shape[-1]
    middle = rows
    if n:
        first, last = (n - 1) // 2, n // 2
        rows = partition(rows, sorted({first, last, n - 1}))
        middle = rows[..., first : last + 1]
    result = mean(middle, axis=-1)
    if n and is_floating(rows):  # NaN is sorted to the end
        adapter, end = adapter_of_tensor(rows), rows[..., n - 1]
        result = where(adapter.following(adapter.xp.isnan)(end._data), end, result)
    return delivered(without_axes(result, axes, t.shape, keepdims), out, constant, "median")


def nanmedian(
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
    *,
    constant: bool | None = None,
) -> Tensor:
    """Median over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, out, overwrite_input, keepdims, constant
        As for `median`.

    Returns
    -------
    Tensor
        NaN where there is nothing else.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([10.0, 4.0, mg.nan, 8.0])
    >>> mg.nanmedian(x).backward()
    >>> x.grad
    array([0., 0., 0., 1.])
    """
    t = as_operand_tensor(a)
    axes = axes_of(axis, t.ndim, "nanmedian")
    if not (t.size and is_floating(t)):
        return median(t, axis, out, overwrite_input, keepdims, constant=constant)
    rows = rows_of(t, axes)
    adapter = adapter_of_tensor(rows)
    library = adapter.xp

    def find(array: Any) -> tuple[Any, Any]:
        count = present(array, library)
        count = library.where(count < 1, 1, count)  # of nothing the first, which is NaN
        return library.concat([(count - 1) // 2, count // 2], axis=-1), count[..., 0] % 2 == 1

    places, odd = adapter.following(find)(rows._data)
    middle = take_along_axis(sort(rows), places, -1)
    result = where(odd, middle[..., 0], mean(middle, axis=-1))
    return delivered(without_axes(result, axes, t.shape, keepdims), out, constant, "nanmedian")
