"""Batch normalization, one channel at a time.

All that happens to a channel happens while it is in the cache: the input is read once and the
result written once. The copy to contiguous memory is part of that; the rows of one channel lie
far apart, often at a power of two, where they would push each other out of the cache. Sums are
products with ones, which is the fastest way to read memory that NumPy has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mygrad_numpy.pool import fresh
from mygrad_numpy.scratch import scratch

__all__ = ["channel_sums", "channels_adjoint", "normalize_channels"]

_SMALL = 2048  # elements of a channel; with fewer, calling NumPy costs more than computing
_ROW = 8192


def _goes_by_channel(x: Any, *others: Any) -> bool:
    """Whether to go channel by channel."""
    return (
        x.dtype.kind == "f"
        and x.dtype.itemsize in (4, 8)
        and x.dtype.isnative
        and x.size >= _SMALL * max(1, x.shape[1])
        and all(type(a) is float or a.dtype == x.dtype for a in others)
    )


class _Sums:
    """Sums over one channel: of rows in its own precision, of those in float64.

    The error is that of sums of `_ROW` elements at most, however many there are.
    """

    def __init__(self, x: Any) -> None:
        size = x.size // x.shape[1]
        image = size // len(x)
        row = image if 64 <= image <= _ROW else min(size, _ROW)
        self.ones, self.end = np.ones(row, x.dtype), size - size % row

    def __call__(self, t: Any) -> float:
        flat = t.reshape(-1)
        rows, rest = flat[: self.end].reshape(-1, len(self.ones)), flat[self.end :]
        total = np.add.reduce(np.matmul(rows, self.ones), 0, np.float64)
        return float(total + np.matmul(rest, self.ones[: len(rest)]) if len(rest) else total)

    def product(self, t: Any, u: Any) -> float:
        t, u = t.reshape(-1), u.reshape(-1)
        shape = -1, len(self.ones)
        products = np.vecdot(t[: self.end].reshape(shape), u[: self.end].reshape(shape))
        total = np.add.reduce(products, 0, np.float64)
        rest = t[self.end :]
        return float(total + np.vecdot(rest, u[self.end :]) if len(rest) else total)


def _per_channel(value: Any, like: Any) -> Any:
    return np.broadcast_to(np.asarray(value, like.dtype), like.shape[1:2])


def normalize_channels(x: Any, gamma: Any, beta: Any, eps: float) -> Any:
    if not _goes_by_channel(x, gamma, beta):
        return NotImplemented
    out = fresh(x.shape, x.dtype)
    channels = x.shape[1]
    count = x.size // channels
    mean, var = np.empty(channels), np.empty(channels)
    scales = _per_channel(gamma, x)
    shifts = None if type(beta) is float and not beta else _per_channel(beta, x)
    t = scratch("channel", (len(x), *x.shape[2:]), x.dtype)
    sums = _Sums(x)
    number = x.dtype.type  # of the same dtype: a float64 would compute in float64
    for c in range(channels):
        np.copyto(t, x[:, c])
        mean[c] = sums(t) / count
        np.subtract(t, number(mean[c]), out=t)
        var[c] = sums.product(t, t) / count
        scale = number(scales[c] / np.sqrt(var[c] + eps))
        if shifts is None:
            np.multiply(t, scale, out=out[:, c])
        else:
            np.multiply(t, scale, out=t)
            np.add(t, shifts[c], out=out[:, c])
    return out, mean.astype(x.dtype), var.astype(x.dtype)


def channel_sums(g: Any, x: Any, mean: Any, var: Any, eps: float) -> Any:
    if not _goes_by_channel(x, g):
        return NotImplemented
    shape = (len(x), *x.shape[2:])
    t, u = scratch("channel", shape, x.dtype), scratch("channel of g", shape, x.dtype)
    sums = _Sums(x)
    found = np.empty((2, x.shape[1]))
    for c in range(x.shape[1]):
        np.subtract(x[:, c], mean[c], out=t)
        np.copyto(u, g[:, c])
        found[:, c] = sums.product(u, t), sums(u)
    found[0] /= np.sqrt(var.astype(np.float64) + eps)
    return tuple(found.astype(x.dtype))


def channels_adjoint(g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float) -> Any:
    if not _goes_by_channel(x, g, gamma):
        return NotImplemented
    out = fresh(x.shape, x.dtype)
    count = x.size // x.shape[1]
    shape = (len(x), *x.shape[2:])
    t, u = scratch("channel", shape, x.dtype), scratch("channel of g", shape, x.dtype)
    sums = _Sums(x)
    number = x.dtype.type
    found = np.empty((2, x.shape[1]))
    inverse = 1 / (var.astype(np.float64) + eps)
    scales = np.sqrt(inverse)
    factors = scales * _per_channel(gamma, x)
    for c in range(x.shape[1]):
        np.subtract(x[:, c], mean[c], out=t)
        np.copyto(u, g[:, c])
        product, total = found[:, c] = sums.product(u, t), sums(u)
        # factor * (g - mean of g - centred x * (mean of g * centred x) / (var + eps))
        np.multiply(t, number(-product * inverse[c] / count), out=t)
        np.add(t, u, out=t)
        np.subtract(t, number(total / count), out=t)
        np.multiply(t, number(factors[c]), out=out[:, c])
    found[0] *= scales
    return out, *found.astype(x.dtype)
