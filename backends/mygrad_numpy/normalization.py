"""Batch normalization, one channel at a time, and layer normalization, some rows at a time.

All that happens to a channel happens while it is in the cache: the input is read once and the
result written once. The copy to contiguous memory is part of that; the rows of one channel lie
far apart, often at a power of two, where they would push each other out of the cache. Sums are
products with ones, which is the fastest way to read memory that NumPy has.

Rows lie in memory one after the other, so that as many as fit into the cache are taken at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mygrad_numpy.pool import fresh
from mygrad_numpy.scratch import scratch

__all__ = [
    "channel_sums", "channels_adjoint", "normalize_channels", "normalize_rows", "row_sums",
    "rows_adjoint",
]  # fmt: skip

_SMALL = 2048  # elements of a channel; with fewer, calling NumPy costs more than computing
_ROW = 8192
_CACHED = 2**15  # elements of the rows that are taken at once


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


def _goes_by_rows(x: Any, length: int, *others: Any) -> bool:
    """Whether to go by blocks of rows, which have so many elements each."""
    return (
        x.dtype.kind == "f"
        and x.dtype.itemsize in (4, 8)
        and x.dtype.isnative
        and 16 <= length <= _ROW
        and x.size >= _CACHED
        and all(type(a) is float or a.dtype == x.dtype for a in others)
    )


def _rows(x: Any, lead: int) -> Any:
    """An array as a matrix of rows; `lead` axes count them."""
    length = 1
    for n in x.shape[lead:]:
        length *= n
    return x.reshape(-1, length)


def _blocks(rows: Any) -> Iterator[slice]:
    step = max(1, _CACHED // rows.shape[1])
    return (slice(k, k + step) for k in range(0, len(rows), step))


def _row(values: Any) -> Any:
    return values if type(values) is float else values.reshape(-1)


def normalize_rows(x: Any, gamma: Any, beta: Any, axes: int, eps: float) -> Any:
    shape = x.shape[: x.ndim - axes]
    x_rows = _rows(x, len(shape)) if x.size else x
    if not _goes_by_rows(x, x_rows.shape[-1], gamma, beta):
        return NotImplemented
    out = fresh(x.shape, x.dtype)
    out_rows = out.reshape(x_rows.shape)
    count, length = x_rows.shape
    mean, var = np.empty((2, count, 1), x.dtype)
    ones = np.ones(length, x.dtype)
    gamma, beta = _row(gamma), _row(beta)
    for block in _blocks(x_rows):
        t = scratch("rows", x_rows[block].shape, x.dtype)
        middle, spread = mean[block], var[block]
        np.divide(np.matmul(x_rows[block], ones), length, out=middle[:, 0])
        np.subtract(x_rows[block], middle, out=t)
        np.divide(np.vecdot(t, t), length, out=spread[:, 0])
        np.multiply(t, 1 / np.sqrt(spread + eps), out=t)
        np.multiply(t, gamma, out=t)
        np.add(t, beta, out=out_rows[block])
    return out, mean.reshape(shape), var.reshape(shape)


def _normalized(x: Any, mean: Any, scale: Any) -> Any:
    t = scratch("rows", x.shape, x.dtype)
    np.subtract(x, mean, out=t)
    return np.multiply(t, scale, out=t)


def row_sums(g: Any, x: Any, mean: Any, var: Any, eps: float) -> Any:
    x_rows, g_rows = (_rows(a, mean.ndim) if a.size else a for a in (x, g))
    if not _goes_by_rows(x, x_rows.shape[-1], g, mean, var):
        return NotImplemented
    shape = x.shape[mean.ndim :]
    mean, scale = mean.reshape(-1, 1), 1 / np.sqrt(var + eps).reshape(-1, 1)
    found = np.zeros((2, x_rows.shape[1]))
    for block in _blocks(x_rows):
        t, part = _normalized(x_rows[block], mean[block], scale[block]), g_rows[block]
        ones = np.ones(len(part), x.dtype)
        np.multiply(t, part, out=t)
        found[0] += np.matmul(ones, t)
        found[1] += np.matmul(ones, part)
    return tuple(a.reshape(shape) for a in found.astype(x.dtype))


def rows_adjoint(g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float) -> Any:
    x_rows, g_rows = (_rows(a, mean.ndim) if a.size else a for a in (x, g))
    if not _goes_by_rows(x, x_rows.shape[-1], g, gamma, mean, var):
        return NotImplemented
    out = fresh(x.shape, x.dtype)
    out_rows, gamma = out.reshape(x_rows.shape), _row(gamma)
    mean, scale = mean.reshape(-1, 1), 1 / np.sqrt(var + eps).reshape(-1, 1)
    length = x_rows.shape[1]
    ones = np.ones(length, x.dtype)
    for block in _blocks(x_rows):
        t = _normalized(x_rows[block], mean[block], scale[block])
        part = scratch("rows of g", t.shape, x.dtype)
        np.multiply(g_rows[block], gamma, out=part)
        along = np.vecdot(part, t)[:, None] / length
        middle = np.matmul(part, ones)[:, None] / length
        np.multiply(t, along, out=t)
        np.subtract(part, t, out=part)
        np.subtract(part, middle, out=part)
        np.multiply(part, scale[block], out=out_rows[block])
    return out
