"""Pooling of any dimension."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mygrad.arrays.portable import add_part, device_of
from mygrad.arrays.sliding import pool_slices
from mygrad.autodiff.primitive import primitive

__all__ = ["max_pool"]


def _winners(x: Any, out: Any, pool: Any, stride: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """For each element of a window: its slice, and where it is the first maximum, or NaN."""
    taken = None
    for part in pool_slices(tuple(x.shape), pool, stride):
        won = (x[part] == out) | (x[part] != x[part])
        if taken is not None:
            won, taken = won & ~taken, taken | won
        else:
            taken = won
        yield part, won


@primitive(x=lambda g, x, out, pool, stride, xp: xp.max_unpool(g, x, out, pool, stride))
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
    for part in pool_slices(tuple(x.shape), pool, stride):
        out = xp.asarray(x[part], copy=True) if out is None else xp.maximum(out, x[part])
    return out


@primitive(
    g=lambda h, x, maxima, pool, stride, xp: xp.max_picked(h, x, maxima, pool, stride),
    x=None,
    maxima=None,
)
def max_unpool(g: Any, x: Any, maxima: Any, pool: Any, stride: Any, *, xp: Any) -> Any:
    """The adjoint of the input of `max_pool`, given that of its result."""
    total = xp.zeros(tuple(x.shape), dtype=g.dtype, device=device_of(g))
    for part, won in _winners(x, maxima, pool, stride):
        total = add_part(xp.adapter, total, part, xp.where(won, g, 0.0))
    return total


@primitive(
    h=lambda g, x, maxima, pool, stride, xp: xp.max_unpool(g, x, maxima, pool, stride),
    x=None,
    maxima=None,
)
def max_picked(h: Any, x: Any, maxima: Any, pool: Any, stride: Any, *, xp: Any) -> Any:
    """The elements of `h` that stand where `max_pool` found the maxima of `x`."""
    total = None
    for part, won in _winners(x, maxima, pool, stride):
        picked = xp.where(won, h[part], 0.0)
        total = picked if total is None else total + picked
    return total
