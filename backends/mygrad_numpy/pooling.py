"""Max-pooling, by slices for the elements of a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from mygrad.arrays.sliding import pool_slices, pool_windows
from mygrad_numpy.scratch import scratch
from mygrad_numpy.selection import bits_like

__all__ = ["max_pool", "max_unpool"]


def max_pool(x: Any, pool: Any, stride: Any) -> Any:
    """One axis after another: fewer and fewer elements are left for the next."""
    sizes, strides, counts = pool_windows(x.shape, pool, stride)
    out = x
    first = x.ndim - len(sizes)
    for axis, (size, step, count) in enumerate(zip(sizes, strides, counts, strict=True), first):
        lead = (slice(None),) * axis
        parts = [out[(*lead, slice(k, k + step * (count - 1) + 1, step))] for k in range(size)]
        if size == 1:
            out = parts[0]
            continue
        out = np.maximum(parts[0], parts[1])
        for part in parts[2:]:
            np.maximum(out, part, out=out)
    return out if out.base is None and out is not x else out.astype(out.dtype.newbyteorder("="))


def max_unpool(g: Any, x: Any, maxima: Any, pool: Any, stride: Any) -> Any:
    """Masks select by a product with the bits of `g`; see `bits_like`."""
    bits = bits_like(g.dtype)
    if bits is None:
        return _added_up(g, x, maxima, pool, stride)
    sizes, strides, counts = pool_windows(x.shape, pool, stride)
    apart = all(s >= k for k, s in zip(sizes, strides, strict=True))
    lengths = x.shape[x.ndim - len(sizes) :]
    filled = sizes == strides and all(
        k * n == length for k, n, length in zip(sizes, counts, lengths, strict=True)
    )
    total = np.empty(x.shape, g.dtype) if filled else np.zeros(x.shape, g.dtype)
    values, into = g.view(bits), total.view(bits)
    won = scratch("won", maxima.shape, np.dtype(bool))
    taken = scratch("taken", maxima.shape, np.dtype(bool))
    taken.fill(False)
    picked = None if apart else scratch("picked", maxima.shape, bits)
    for part in pool_slices(x.shape, pool, stride):
        np.equal(x[part], maxima, out=won)
        np.greater(won, taken, out=won)  # the first of equal entries only
        np.logical_or(taken, won, out=taken)
        if picked is None:
            np.multiply(won, values, out=into[part])
        else:
            np.multiply(won, values, out=picked)
            total[part] += picked.view(g.dtype)
    # NaN equals nothing
    return total if taken.all() else _added_up(g, x, maxima, pool, stride)


def _added_up(g: Any, x: Any, maxima: Any, pool: Any, stride: Any) -> Any:
    """The same for dtypes of other sizes, and for windows with NaN."""
    total = np.zeros(x.shape, g.dtype.newbyteorder("="))
    taken = np.zeros(maxima.shape, bool)
    for part in pool_slices(x.shape, pool, stride):
        won = ((x[part] == maxima) | (x[part] != x[part])) & ~taken
        taken |= won
        total[part] += np.where(won, g, 0)
    return total
