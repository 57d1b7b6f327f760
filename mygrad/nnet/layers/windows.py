"""Sliding windows."""

from __future__ import annotations

from itertools import product
from operator import index
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import add_part, device_of
from mygrad.arrays.sliding import per_axis
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["sliding_window_view"]


def _plan(shape: Any, window_shape: Any, step: Any, dilation: Any) -> Any:
    n = len(window_shape)
    if n > len(shape):
        raise ValueError(
            f"sliding_window_view: a window of shape {tuple(window_shape)} has more axes than "
            f"the array, whose shape is {tuple(shape)}"
        )
    window = per_axis(tuple(window_shape), n, "sliding_window_view: window_shape", 1)
    steps = per_axis(step, n, "sliding_window_view: step", 1)
    gaps = per_axis(1 if dilation is None else dilation, n, "sliding_window_view: dilation", 1)
    lengths = shape[len(shape) - n :]
    counts = tuple(
        (m - (w - 1) * d - 1) // s + 1
        for m, w, s, d in zip(lengths, window, steps, gaps, strict=True)
    )
    if min(counts) < 1:
        raise ValueError(
            f"sliding_window_view: windows of shape {window} with dilation {gaps} do not fit "
            f"into {tuple(lengths)}"
        )
    return window, steps, gaps, counts


def _parts(shape: Any, window_shape: Any, step: Any, dilation: Any) -> Any:
    """For each element of a window its place, and what it meets over all windows."""
    window, steps, gaps, counts = _plan(shape, window_shape, step, dilation)
    for offset in product(*(range(w) for w in window)):
        yield offset, (
            ...,
            *(
                slice(o * d, o * d + s * (n - 1) + 1, s)
                for o, d, s, n in zip(offset, gaps, steps, counts, strict=True)
            ),
        )


@primitive(
    arr=lambda g, arr_shape, window_shape, step, dilation, xp: xp.fold_windows(
        g, arr_shape, window_shape, step, dilation
    ),
    may_view=True,
    folds=True,
    goes_first=True,
)
def sliding_windows(
    arr: Any, window_shape: Any, step: Any, dilation: Any = None, *, xp: Any
) -> Any:
    """The windows, copied; adapters whose arrays have strides look at the memory instead."""
    window, _, _, counts = _plan(arr.shape, window_shape, step, dilation)
    lead = tuple(arr.shape[: arr.ndim - len(window)])
    pieces = [arr[part] for _, part in _parts(arr.shape, window_shape, step, dilation)]
    stacked = xp.reshape(xp.stack(pieces, axis=-1), (*lead, *counts, *window))
    n, m = len(lead), len(window)
    order = (*range(n, n + m), *range(n), *range(n + m, n + 2 * m))
    return xp.permute_dims(stacked, order)


@primitive(
    g=lambda h, window_shape, step, dilation, xp: xp.sliding_windows(
        h, window_shape, step, dilation
    ),
    goes_first=True,
)
def fold_windows(
    g: Any, shape: Any, window_shape: Any, step: Any, dilation: Any, *, xp: Any
) -> Any:
    """The adjoint of `sliding_windows`: each window is added to where it came from."""
    total = xp.zeros(tuple(shape), dtype=g.dtype, device=device_of(g))
    m = len(window_shape)
    order = (*range(m, g.ndim - m), *range(m), *range(g.ndim - m, g.ndim))
    g = xp.permute_dims(g, order)
    for offset, part in _parts(shape, window_shape, step, dilation):
        total = add_part(xp.adapter, total, part, g[(..., *offset)])
    return total


def sliding_window_view(arr: Any, window_shape: Any, step: Any, dilation: Any = None) -> Tensor:
    """Windows that slide over the last axes of an array.

    Parameters
    ----------
    arr
        A tensor or array, shape (..., X0, X1, ...).
    window_shape
        The shape of a window, over the last ``len(window_shape)`` axes.
    step
        How far the window moves, along each of these axes or along all.
    dilation
        The distance between elements of a window, along each of these axes or along all.

    Returns
    -------
    Tensor or array
        Shape (G0, G1, ..., ..., K0, K1, ...): first where the window stands, then the other
        axes of `arr`, then the window. A read-only view, of an array if `arr` is one.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> mg.sliding_window_view(np.arange(5), (3,), 1)
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    """
    try:
        window_shape = (index(window_shape),)
    except TypeError:  # a sequence of them, which may be an array
        window_shape = tuple(window_shape)
    adapter = None if isinstance(arr, Handle) else adapter_of(arr)
    if adapter is None:
        arr = as_operand_tensor(arr)
    window, steps, gaps, _ = _plan(arr.shape, window_shape, step, dilation)
    function = sliding_windows if adapter is None else sliding_windows.on_arrays(adapter)
    return function(arr, window, steps, gaps)
