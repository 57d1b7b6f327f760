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
    return out.copy() if out is x or out.base is not None else out


def max_unpool(g: Any, x: Any, out: Any, pool: Any, stride: Any) -> Any:
    sizes, strides, counts = pool_windows(x.shape, pool, stride)
    apart = all(s >= k for k, s in zip(sizes, strides, strict=True))
    lengths = x.shape[x.ndim - len(sizes) :]
    filled = sizes == strides and all(
        k * n == length for k, n, length in zip(sizes, counts, lengths, strict=True)
    )
    total = np.empty(x.shape, g.dtype) if filled else np.zeros(x.shape, g.dtype)
    bits = bits_like(g.dtype)
    if bits is None:
        return _added_up(total, g, x, out, pool_slices(x.shape, pool, stride))
    values, into = g.view(bits), total.view(bits)
    won = scratch("won", out.shape, np.dtype(bool))
    taken = scratch("taken", out.shape, np.dtype(bool))
    taken.fill(False)
    picked = None if apart else scratch("picked", out.shape, bits)
    for part in pool_slices(x.shape, pool, stride):
        np.equal(x[part], out, out=won)
        np.greater(won, taken, out=won)  # the first of equal entries only
        np.logical_or(taken, won, out=taken)
        if picked is None:
            np.multiply(won, values, out=into[part])
        else:
            np.multiply(won, values, out=picked)
            total[part] += picked.view(g.dtype)
    return total


def _added_up(total: Any, g: Any, x: Any, out: Any, parts: Any) -> Any:
    """The same for dtypes of other sizes."""
    total.fill(0)
    taken = np.zeros(out.shape, bool)
    for part in parts:
        won = (x[part] == out) & ~taken
        taken |= won
        total[part] += np.where(won, g, 0)
    return total
