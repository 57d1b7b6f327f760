"""Pooling of any dimension."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from mygrad.autodiff.memory import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.nnet.layers.conv import per_axis

__all__ = ["max_pool"]


def placed(shape: tuple[int, ...], pool: Any, stride: Any) -> tuple[tuple[int, ...], ...]:
    """Sizes, strides and numbers of the windows, along each of the axes that they slide over."""
    if not isinstance(pool, (tuple, list)) or not 0 < len(pool) <= len(shape):
        raise ValueError(
            f"max_pool: pool has to be a tuple with a size for each of the last axes of x, whose "
            f"shape is {tuple(shape)}, and is {pool!r}"
        )
    sizes = per_axis(pool, len(pool), "max_pool: pool", 1)
    strides = per_axis(stride, len(pool), "max_pool: stride", 1)
    lengths = tuple(shape[len(shape) - len(sizes) :])
    along = list(zip(lengths, sizes, strides, strict=True))
    if any(n < k for n, k, _ in along):
        raise ValueError(f"max_pool: windows of shape {sizes} do not fit into {lengths}")
    if any((n - k) % s for n, k, s in along):
        raise ValueError(
            f"max_pool: windows of shape {sizes}, moved by {strides}, do not end where x does, "
            f"whose last axes are {lengths}; the rest would be dropped silently, so cut x first"
        )
    return sizes, strides, tuple((n - k) // s + 1 for n, k, s in along)


def slices(shape: tuple[int, ...], pool: Any, stride: Any) -> Iterator[tuple[Any, ...]]:
    """For each element of a window, what it meets of the input, over all windows."""
    sizes, strides, counts = placed(shape, pool, stride)
    for offset in product(*(range(k) for k in sizes)):
        yield (
            ...,
            *(
                slice(o, o + s * (n - 1) + 1, s)
                for o, s, n in zip(offset, strides, counts, strict=True)
            ),
        )


def _raw(t: Any) -> Any:
    return t._data if isinstance(t, Handle) else t


def _winners(x: Any, out: Any, pool: Any, stride: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """For each element of a window: its slice, and where it is the first maximum."""
    taken = None
    for part in slices(tuple(x.shape), pool, stride):
        won = x[part] == out
        if taken is not None:
            won, taken = won & ~taken, taken | won
        else:
            taken = won
        yield part, won


@primitive(x=lambda g, x, out, pool, stride, xp: xp.max_unpool(g, _raw(x), _raw(out), pool, stride))
def max_pool(x: Any, pool: Any, stride: Any, *, xp: Any) -> Any:
    """Maximum over windows of the last axes. The first of equal entries gets the gradient.

    Parameters
    ----------
    x
        The input, shape (..., X0, X1, ...).
    pool
        The shape of a window, over the last ``len(pool)`` axes.
    stride
        How far the window moves, along each of these axes or along all.

    Returns
    -------
    Tensor
        Shape (..., G0, G1, ...), where ``G = (X - pool) / stride + 1``.

    Raises
    ------
    ValueError
        The windows do not fit, or do not end where `x` does.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import max_pool
    >>> max_pool(mg.tensor([1.0, 3.0, 2.0, 0.0]), (2,), 2)
    Tensor([3., 2.])
    """
    out = None
    for part in slices(tuple(x.shape), pool, stride):
        out = xp.asarray(x[part], copy=True) if out is None else xp.maximum(out, x[part])
    return out


@primitive(g=lambda h, x, out, pool, stride, xp: xp.max_picked(h, x, out, pool, stride), own=True)
def max_unpool(g: Any, x: Any, out: Any, pool: Any, stride: Any, *, xp: Any) -> Any:
    """The adjoint of the input of `max_pool`, given that of its result."""
    total = xp.zeros(tuple(x.shape), dtype=g.dtype, device=g.device)
    for part, won in _winners(x, out, pool, stride):
        total[part] += xp.where(won, g, 0.0)
    return total


@primitive(h=lambda g, x, out, pool, stride, xp: xp.max_unpool(g, x, out, pool, stride), own=True)
def max_picked(h: Any, x: Any, out: Any, pool: Any, stride: Any, *, xp: Any) -> Any:
    """The elements of `h` that stand where `max_pool` found the maxima of `x`."""
    total = None
    for part, won in _winners(x, out, pool, stride):
        picked = xp.where(won, h[part], 0.0)
        total = picked if total is None else total + picked
    return total
