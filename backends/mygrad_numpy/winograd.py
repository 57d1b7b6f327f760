"""Convolution with filters of length 3 along the first spatial axis, by half the products.

Winograd's minimal filtering F(4, 3): four results of a filter of length 3 take 6 products, not
12, between sums of 6 inputs and sums of 3 elements of the filter. It is applied along the first
spatial axis only. There the sums are of whole rows of an image, which NumPy adds quickly, and
the rounding errors stay near those of the plain sum (in two dimensions they are ten times as
large). Along the other axes windows are copied to columns, as in `mygrad_numpy.convolution`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from mygrad.arrays.sliding import Geometry
from mygrad_numpy.pool import fresh
from mygrad_numpy.scratch import CACHE, blocks, scratch

__all__ = ["convolve", "filter_gradient", "suits"]

# Filters (3 elements) to the 6 factors that the sums of inputs are multiplied with.
_FACTORS = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)


def suits(geometry: Geometry, channels: int, features: int, dtype: Any) -> bool:
    """Whether it applies, and whether the products saved are worth the additions."""
    inner = prod(geometry.filter[1:])
    return (
        dtype == np.float32
        and geometry.filter[0] == 3
        and geometry.stride[0] == geometry.dilation[0] == 1
        and geometry.out[0] >= 4
        and channels * features * inner >= 45 * (channels + features)
    )


def _input_sums(d: Any, v: Any, t: Any) -> None:
    """From rows ``d[0], ..., d[5]`` the six sums ``v[i]``; `t` is a temporary."""
    four = d[0].dtype.type(4)
    np.subtract(d[4], d[2], out=v[4])
    np.subtract(d[0], d[2], out=v[0])
    np.multiply(v[0], four, out=v[0])
    np.add(v[0], v[4], out=v[0])  # 4 d0 - 5 d2 + d4
    np.subtract(d[3], d[1], out=t)
    np.add(t, t, out=t)
    np.add(v[4], t, out=v[3])  # -2 d1 - d2 + 2 d3 + d4
    np.subtract(v[4], t, out=v[4])  # 2 d1 - d2 - 2 d3 + d4
    np.add(t, t, out=t)
    np.subtract(d[5], d[3], out=v[5])
    np.subtract(v[5], t, out=v[5])  # 4 d1 - 5 d3 + d5
    np.multiply(d[2], four, out=v[2])
    np.subtract(d[4], v[2], out=v[2])
    np.multiply(d[1], four, out=t)
    np.subtract(d[3], t, out=t)
    np.add(v[2], t, out=v[1])  # -4 d1 - 4 d2 + d3 + d4
    np.subtract(v[2], t, out=v[2])  # 4 d1 - 4 d2 - d3 + d4


def _results(m: Any, out: list[Any], t: Any) -> None:
    """From six products ``m[i]``, which are used up, the rows ``out[0], ..., out[3]``."""
    number = t.dtype.type
    np.subtract(m[1], m[2], out=t)
    np.add(m[1], m[2], out=m[1])  # even: m1 + m2
    np.subtract(m[3], m[4], out=m[2])  # m3 - m4
    np.add(m[3], m[4], out=m[3])  # m3 + m4
    np.add(m[0], m[1], out=m[0])
    _put(out[0], np.add, m[0], m[3])
    np.multiply(m[3], number(4), out=m[3])
    _put(out[2], np.add, m[1], m[3])
    np.add(m[2], m[2], out=m[2])
    _put(out[1], np.add, t, m[2])
    np.multiply(m[2], number(4), out=m[2])
    np.add(t, m[2], out=t)
    _put(out[3], np.add, t, m[5])


def _put(out: Any, function: Any, a: Any, b: Any) -> None:
    """Of the last tile, only as many rows as the result has."""
    n = out.shape[2]
    function(a[:, :, :n], b[:, :, :n], out=out)


def _adjoint_sums(g: Any, z: Any, t: Any) -> None:
    """From rows ``g[0], ..., g[3]`` of the adjoint of the result those of the products."""
    number = t.dtype.type
    np.copyto(z[0], g[0])
    np.copyto(z[5], g[3])
    np.add(g[0], g[2], out=z[2])
    np.add(g[1], g[3], out=t)
    np.add(z[2], t, out=z[1])
    np.subtract(z[2], t, out=z[2])
    np.multiply(g[2], number(4), out=z[4])
    np.add(z[4], g[0], out=z[4])
    np.multiply(g[3], number(4), out=t)
    np.add(t, g[1], out=t)
    np.add(t, t, out=t)
    np.add(z[4], t, out=z[3])
    np.subtract(z[4], t, out=z[4])


class _Tiles:
    """The sums of an input, block by block, and their windows along the other axes."""

    def __init__(self, x: Any, geometry: Geometry, features: int) -> None:
        self.x, self.geometry = x, geometry
        self.count = -(-geometry.out[0] // 4)
        self.row = prod(geometry.out[1:])
        self.height = x.shape[1] * prod(geometry.filter[1:])
        self.size = 24 * (x.shape[1] * prod(geometry.padded[1:]) + features * self.row)

    def __iter__(self) -> Iterator[tuple[slice, int, int, Any]]:
        """Which images, the first and the end of which tiles, and the six sums."""
        x, geometry = self.x, self.geometry
        rest = geometry.padded[1:]
        inside = geometry.inside()[3:]
        for n, m, r, s in blocks(len(x), self.count, self.size, cache=CACHE):
            # the rows that these tiles meet, with zeros for what is outside
            d = scratch("padded", (m - n, x.shape[1], 4 * (s - r) + 2, *rest), x.dtype)
            first = 4 * r - geometry.padding[0]
            low, high = max(0, first), max(0, min(x.shape[2], first + d.shape[2]))
            if low - first or high - first < d.shape[2] or any(geometry.padding[1:]):
                d.fill(0)
            if high > low:
                d[(slice(None), slice(None), slice(low - first, high - first), *inside)] = x[
                    n:m, :, low:high
                ]
            tiles = s - r
            v = scratch("sums", (6, m - n, x.shape[1], tiles, *rest), x.dtype)
            rows = [d[:, :, k : k + 4 * tiles - 3 : 4] for k in range(6)]
            _input_sums(rows, v, scratch("sum", v.shape[1:], x.dtype))
            yield slice(n, m), r, s, v

    def columns(self, v: Any) -> Any:
        """The windows of one of the sums as columns of matrices."""
        geometry = self.geometry
        flat = v.shape[0], self.height, v.shape[2] * self.row
        lead, tile, steps = v.strides[:2], v.strides[2], v.strides[3:]
        shape = (*v.shape[:2], *geometry.filter[1:], v.shape[2], *geometry.out[1:])
        if prod(geometry.filter[1:]) == prod(geometry.stride[1:]) == 1:
            return v.reshape(flat)
        within = (d * b for d, b in zip(geometry.dilation[1:], steps, strict=True))
        between = (t * b for t, b in zip(geometry.stride[1:], steps, strict=True))
        windows = np.ndarray(shape, v.dtype, v, 0, (*lead, *within, tile, *between))
        columns = scratch("columns", shape, v.dtype)
        np.copyto(columns, windows)
        return columns.reshape(flat)


def convolve(x: Any, w: Any, geometry: Geometry) -> Any:
    features = len(w)
    out = fresh((len(x), features, *geometry.out), x.dtype)
    rows = out.reshape(len(x), features, geometry.out[0], prod(geometry.out[1:]))
    factors = np.tensordot(_FACTORS.astype(x.dtype), w, ((1,), (2,))).reshape(6, features, -1)
    tiles = _Tiles(x, geometry, features)
    for images, r, s, sums in tiles:
        shape = (sums.shape[1], features, s - r, tiles.row)
        products = scratch("products", (6, *shape), x.dtype)
        for i in range(6):
            into = products[i].reshape(shape[0], features, -1)
            np.matmul(factors[i], tiles.columns(sums[i]), out=into)
        part = rows[images, :, 4 * r : 4 * s]
        _results(products, [part[:, :, j::4] for j in range(4)], scratch("sum", shape, x.dtype))
    return out


def filter_gradient(x: Any, g: Any, shape: tuple[int, ...], geometry: Geometry) -> Any:
    features = shape[0]
    tiles = _Tiles(x, geometry, features)
    rows = g.reshape(len(g), features, geometry.out[0], tiles.row)
    total = np.zeros((6, features, tiles.height), x.dtype)
    for images, r, s, sums in tiles:
        part = rows[images, :, 4 * r : 4 * s]
        if part.shape[2] < 4 * (s - r):
            filled = scratch("rows", (*part.shape[:2], 4 * (s - r), tiles.row), x.dtype)
            filled[:, :, : part.shape[2]] = part
            filled[:, :, part.shape[2] :] = 0
            part = filled
        z = scratch("products", (6, len(part), features, s - r, tiles.row), x.dtype)
        temporary = scratch("sum", z.shape[1:], x.dtype)
        _adjoint_sums([part[:, :, j::4] for j in range(4)], z, temporary)
        term = scratch("product", (len(part), *total.shape[1:]), x.dtype)
        for i in range(6):
            met = tiles.columns(sums[i]).swapaxes(1, 2)
            np.matmul(z[i].reshape(len(part), features, -1), met, out=term)
            total[i] += term[0] if len(term) == 1 else np.add.reduce(term, 0)
    found = np.tensordot(_FACTORS.astype(x.dtype), total, ((0,), (0,)))  # (3, F, C * inner)
    found = found.reshape(3, features, shape[1], *shape[3:])
    return np.ascontiguousarray(np.moveaxis(found, 0, 2))
