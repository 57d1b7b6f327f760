"""Convolution of images with 3x3 filters by fewer products.

Winograd's minimal filtering F(2, 3): two results of a filter of length 3 take 4 products, not 6,
between sums of inputs d and sums of elements w of the filter::

    m0 = (d0 - d2) w0              m1 = (d1 + d2) (w0 + w1 + w2) / 2       y0 = m0 + m1 + m2
    m3 = (d3 - d1) w2              m2 = (d2 - d1) (w0 - w1 + w2) / 2       y1 = m1 - m2 + m3

Along both axes that makes 16 products for the 4 results of a tile, not 36. The products are matrix
products over the channels.

Errors. The products of a result are of its own window only: y0 has nothing of d3, y1 nothing of
d0. (Larger tiles, F(4, 3), take fewer products of sums over the whole tile, in which what lies
outside of a window cancels but for rounding.) With E the sum over the channels of (sum of |x| in
the window of a result) * (sum of |w| in the filter), its error is at most 2 (C + 12) eps E for C
channels, if nothing underflows; with random signs it is near that of the plain sum. In the
gradient by the filters, the elements of one 3x3 filter mix: the error of each is at most
2 (L + 12) eps E, with E the sum of |x| |g| over the products of all of them and L the number of
results in the batch. Sums of infinities, and what overflows, leave results that are not finite;
the caller computes these plainly.

Memory. The images of a block are split into four planes, by even and odd rows and columns. There
the inputs of all tiles that stand at the same place d0, ..., d3 are one contiguous stretch, from
one row of tiles to the next; what that computes in the one column more than there are tiles is
dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mygrad.arrays.sliding import Geometry, met_slices
from mygrad_numpy.pool import fresh
from mygrad_numpy.scratch import blocks, scratch

__all__ = ["convolve", "filter_gradient", "is_faster"]

_BLOCK = 1536 << 10  # bytes that a block takes in all; what is in use at a time is less

# Of the three elements of a filter, the four that the sums of inputs are multiplied with.
_FACTORS = np.array([[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]])
# Of the inputs d0, ..., d3, the four sums.
_SUMS: tuple[tuple[Any, int, int], ...] = (
    (np.subtract, 0, 2), (np.add, 1, 2), (np.subtract, 2, 1), (np.subtract, 3, 1),
)  # fmt: skip


def is_faster(geometry: Geometry, channels: int, features: int, dtype: Any) -> bool:
    """Whether it applies, and whether the products saved are worth the additions."""
    if dtype != np.float32 or geometry.filter != (3, 3):
        return False
    if geometry.stride != (1, 1) or geometry.dilation != (1, 1):
        return False
    down, across = (-(-n // 2) for n in geometry.out)
    saved = 9 * geometry.out[0] * geometry.out[1] - 16 * down * (across + 1)
    additions = down * (across + 1) * (channels + features)
    return saved * channels * features >= 280 * additions  # measured


class _Tiles:
    """The tiles of a batch, block by block.

    Attributes
    ----------
    down, across
        How many tiles an image has, of 2x2 results each.
    row
        How many places a row of tiles has in memory.
    """

    def __init__(self, x: Any, geometry: Geometry, features: int) -> None:
        self.x, self.geometry = x, geometry
        self.down, self.across = (-(-n // 2) for n in geometry.out)
        self.row = self.across + 1
        size = 10 * self.row * (x.shape[1] + features) * x.dtype.itemsize
        self.blocks = blocks(len(x), self.down, size, cache=_BLOCK)

    def __iter__(self) -> Iterator[tuple[slice, int, int, Any]]:
        """Which images, the first and the end of which rows of tiles, and their planes."""
        x, row, dtype = self.x, self.row, self.x.dtype
        vertical, horizontal = self.geometry.padding
        zeroed = None
        for begin, end, top, bottom in self.blocks:
            images, tiles = x[begin:end].swapaxes(0, 1), bottom - top
            if zeroed != (end - begin, top, bottom):  # else zeros stand around the images already
                planes = scratch("planes", (2, 2, *images.shape[:2], tiles + 1, row), dtype)
                planes.fill(0)
                zeroed = end - begin, top, bottom
            for a in (0, 1):
                rows, to_rows = met_slices(2 * top + a, 2, vertical, tiles + 1, x.shape[2])
                for b in (0, 1):
                    columns, to_columns = met_slices(b, 2, horizontal, row, x.shape[3])
                    planes[a, b, :, :, to_rows, to_columns] = images[:, :, rows, columns]
            yield slice(begin, end), top, bottom, planes

    def sums(self, planes: Any, i: int) -> Any:
        """The four sums along the columns of sum `i` along the rows: (4, C, places)."""
        _, _, channels, images, tiles, row = planes.shape
        size = channels * images * (tiles - 1) * row
        rows = scratch("sums of rows", (2, size + 1), planes.dtype)
        rows[:, -1] = 0
        add, p, q = _SUMS[i]
        d = [planes[k % 2, :, :, :, k // 2 : k // 2 + tiles - 1] for k in (p, q)]
        add(d[0], d[1], out=rows[:, :-1].reshape(d[0].shape))
        sums = scratch("sums", (4, size), planes.dtype)
        d = [rows[0, :-1], rows[1, :-1], rows[0, 1:], rows[1, 1:]]
        for j, (add, p, q) in enumerate(_SUMS):
            add(d[p], d[q], out=sums[j])
        return sums.reshape(4, channels, -1)


def _results(m: Any, out: Any, t: Any) -> None:
    """From four products the two results; `t` is a temporary."""
    np.add(m[1], m[2], out=t)
    np.add(m[0], t, out=out[0])
    np.subtract(m[1], m[2], out=t)
    np.add(m[3], t, out=out[1])


def convolve(x: Any, w: Any, geometry: Geometry) -> Any:
    features = len(w)
    out = fresh((len(x), features, *geometry.out), x.dtype)
    turned = _FACTORS.astype(x.dtype)
    factors = np.tensordot(turned, np.tensordot(turned, w, ((1,), (3,))), ((1,), (3,)))
    tiles = _Tiles(x, geometry, features)  # factors: (4 along rows, 4 along columns, F, C)
    for images, top, bottom, planes in tiles:
        shape = features, planes.shape[3], bottom - top, tiles.row
        products = scratch("products", (4, *shape), x.dtype)
        halves = scratch("halves", (4, 2, *shape), x.dtype)
        t = scratch("sum", (2, *shape), x.dtype)
        for i in range(4):
            np.matmul(factors[i], tiles.sums(planes, i), out=products.reshape(4, features, -1))
            _results(products, halves[i], t[0])
        pairs = scratch("pairs", (*shape, 2), x.dtype)  # side by side, as in the rows of `out`
        rows = pairs.reshape(*shape[:3], 2 * tiles.row)[..., : out.shape[3]]
        part = out[images, :, 2 * top : 2 * bottom].swapaxes(0, 1)
        for k, (add, other) in enumerate(((np.add, halves[0]), (np.subtract, halves[3]))):
            add(halves[1], halves[2], out=t)
            for b in (0, 1):
                np.add(t[b], other[b], out=pairs[..., b])
            to = part[:, :, k::2]
            to[...] = rows[:, :, : to.shape[2]]
    return out


def filter_gradient(x: Any, g: Any, geometry: Geometry) -> Any:
    channels, features = x.shape[1], g.shape[1]
    tiles = _Tiles(x, geometry, features)
    total = np.zeros((4, 4, features, channels), x.dtype)
    term = np.empty((features, channels), x.dtype)
    for images, top, bottom, planes in tiles:
        shape = features, planes.shape[3], bottom - top, tiles.row
        halves = scratch("halves", (2, 2, *shape), x.dtype)  # g by even and odd rows and columns
        halves.fill(0)
        part = g[images, :, 2 * top : 2 * bottom].swapaxes(0, 1)
        for a in (0, 1):
            for b in (0, 1):
                split = part[:, :, a::2, b::2]
                halves[a, b, :, :, : split.shape[2], : split.shape[3]] = split
        t, u = scratch("sum", (2, *shape), x.dtype), scratch("adjoint", shape, x.dtype)
        for i in range(4):
            rows, met = _adjoint(halves, i, t), tiles.sums(planes, i)
            for j in range(4):
                columns = _adjoint(rows, j, u).reshape(features, -1)
                np.matmul(columns, met[j].T, out=term)
                np.add(total[i, j], term, out=total[i, j])
    turned = _FACTORS.astype(x.dtype)
    found = np.tensordot(turned, np.tensordot(turned, total, ((0,), (1,))), ((0,), (1,)))
    return np.ascontiguousarray(np.moveaxis(found, (0, 1), (2, 3)))  # from (3, 3, F, C)


def _adjoint(g: Any, i: int, out: Any) -> Any:
    """From the adjoints of two results that of product `i`."""
    if i in (0, 3):
        return g[i // 3]
    return (np.subtract if i == 2 else np.add)(g[0], g[1], out=out)
