"""Convolution and its two gradients by matrix products that stay in the cache.

The batch is taken in gathered: several small images at a time, or some rows of a large one. For
each block the windows are copied to columns (of one strided view, in memory that is used again)
and multiplied. Where filters move by 1 along the first spatial axis, their elements along that
axis need no columns of their own: with whole rows of windows one after another, the windows of
the next row start one row further on, so the matrix product reads the same columns from there.
That saves most of the copying, for one more addition of the (smaller) results.

Errors are those of plain sums: at most (L + 12) eps times the sum of the absolute values of the L
products of a result.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from mygrad.arrays.sliding import Geometry, met_slices
from mygrad_numpy import winograd
from mygrad_numpy.pool import fresh
from mygrad_numpy.scratch import CACHE, blocks, scratch

__all__ = ["conv_filter_gradient", "conv_input_gradient", "conv_nd"]

_NARROW = 32  # matrix products over fewer terms than this lose more than the copying costs


def _groups(channels: int, features: int, groups: int) -> list[tuple[slice, slice]]:
    """The channels and the filters of each group. Columns of one at a time stay in the cache."""
    c, f = channels // groups, features // groups
    return [(slice(k * c, (k + 1) * c), slice(k * f, (k + 1) * f)) for k in range(groups)]


def _joined(parts: list[Any], axis: int) -> Any:
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return np.concatenate(parts, axis, out=fresh(tuple(shape), parts[0].dtype))


class _Columns:
    """The windows of an input, block by block, as the columns of matrices.

    Attributes
    ----------
    taps
        How many matrix products a block takes: the length of a filter along the first spatial
        axis if its elements read the same columns, else 1.
    shift
        How many columns further on the next of them starts.
    height, row
        Rows of a matrix, and columns for one row of windows.
    """

    def __init__(self, x: Any, geometry: Geometry, dtype: Any) -> None:
        self.x, self.geometry, self.dtype = x, geometry, dtype
        self.row = prod(geometry.out[1:])
        inner = x.shape[1] * prod(geometry.filter[1:])
        self.shared = geometry.stride[0] == 1 and (inner >= _NARROW or geometry.filter[0] == 1)
        self.taps = geometry.filter[0] if self.shared else 1
        self.shift = geometry.dilation[0] * self.row
        self.height = inner if self.shared else inner * geometry.filter[0]

    def filters(self, w: Any) -> Any:
        """Filters as matrices, one for each tap."""
        if self.taps == 1:
            return w.reshape(1, len(w), self.height)
        return np.ascontiguousarray(np.moveaxis(w, 2, 0)).reshape(self.taps, len(w), self.height)

    def __iter__(self) -> Iterator[tuple[slice, slice, Any]]:
        """Which images and which columns of the result, and the matrices to multiply with."""
        x, geometry, dtype = self.x, self.geometry, self.dtype
        overlap = geometry.reach[0] - 1 if self.shared else 0
        size = self.height * self.row * dtype.itemsize
        padded, filled = None, -1
        in_place = (
            self.shared and prod(geometry.filter[1:]) == prod(geometry.stride[1:]) == 1
        )  # windows of one element: the columns are the input itself
        for begin, end, top, bottom in blocks(x.shape[0], geometry.out[0], size, overlap, CACHE):
            part = x[begin:end]
            if any(geometry.padding) or x.dtype != dtype or not x.flags.c_contiguous:
                if padded is None:
                    padded = scratch("padded", (end - begin, x.shape[1], *geometry.padded), dtype)
                    padded.fill(0)
                part = padded[: end - begin]
                if filled != begin:
                    part[geometry.inside()] = x[begin:end]
                    filled = begin
            count = bottom - top + overlap
            if in_place:
                flat = part.reshape(end - begin, x.shape[1], geometry.padded[0] * self.row)
                columns = flat[:, :, top * self.row : (top + count) * self.row]
            else:
                windows = self.windows(part, top, count)
                columns = scratch("columns", windows.shape, dtype)
                np.copyto(columns, windows)
                columns = columns.reshape(end - begin, self.height, count * self.row)
            yield slice(begin, end), slice(top * self.row, bottom * self.row), columns

    def windows(self, part: Any, first: int, count: int) -> Any:
        """A view: (images, channels, elements of the filter ..., rows, windows of a row ...)."""
        geometry, skip = self.geometry, int(self.shared)
        lead, steps = part.strides[:2], part.strides[2:]
        within = [d * b for d, b in zip(geometry.dilation, steps, strict=True)][skip:]
        between = [t * b for t, b in zip(geometry.stride, steps, strict=True)]
        shape = (*part.shape[:2], *geometry.filter[skip:], count, *geometry.out[1:])
        return np.ndarray(shape, part.dtype, part, first * between[0], (*lead, *within, *between))


def conv_nd(
    x: Any, filter_bank: Any, stride: Any, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    if groups != 1:
        Geometry(x.shape, filter_bank.shape, stride, padding, dilation, groups)
        return _joined(
            [
                conv_nd(x[:, a], filter_bank[b], stride, padding, dilation)
                for a, b in _groups(x.shape[1], len(filter_bank), groups)
            ],
            1,
        )
    geometry = Geometry(x.shape, filter_bank.shape, stride, padding, dilation)
    dtype = np.result_type(x, filter_bank)
    w = filter_bank.astype(dtype, copy=False)
    images = winograd.Images(x.shape, len(w), geometry)
    if dtype != np.float32 or not images.take_fewer_products():
        return _convolve_by_columns(x, w, geometry)
    with np.errstate(all="ignore"):
        found = winograd.convolve(images.of(x), images.filters(w), images.geometry)
        out = images.results(found, len(x))
        plainly = ~np.isfinite(np.add.reduce(out.reshape(len(x), prod(out.shape[1:])), 1))
    if plainly.any():  # sums of inputs are inf - inf, or overflow, where the inputs need not
        out[plainly] = _convolve_by_columns(x[plainly], w, geometry)
    return out


def _convolve_by_columns(x: Any, w: Any, geometry: Geometry) -> Any:
    dtype = w.dtype
    out = fresh((len(x), len(w), *geometry.out), dtype)
    rows = out.reshape(len(x), len(w), prod(geometry.out))
    gathered = _Columns(x, geometry, dtype)
    first, *others = gathered.filters(w)
    for images, pixels, columns in gathered:
        target = rows[images, :, pixels]
        width = target.shape[2]
        np.matmul(first, columns[:, :, :width], out=target)
        term = scratch("product", target.shape, dtype)
        for k, filters in enumerate(others, 1):
            start = k * gathered.shift
            np.matmul(filters, columns[:, :, start : start + width], out=term)
            np.add(target, term, out=target)
    return out


def conv_filter_gradient(
    x: Any, g: Any, shape: Any, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Any:
    if groups != 1:
        Geometry(x.shape, shape, stride, padding, dilation, groups)
        return _joined(
            [
                conv_filter_gradient(
                    x[:, a], g[:, b], (shape[0] // groups, *shape[1:]), stride, padding, dilation
                )
                for a, b in _groups(x.shape[1], shape[0], groups)
            ],
            0,
        )
    geometry = Geometry(x.shape, shape, stride, padding, dilation)
    dtype = np.result_type(x, g)
    g = g.astype(dtype, copy=False)
    images = winograd.Images(x.shape, shape[0], geometry)
    if dtype == np.float32 and images.take_fewer_products():
        with np.errstate(all="ignore"):
            found = winograd.filter_gradient(images.of(x), images.adjoints(g), images.geometry)
        if np.isfinite(found).all():
            return found.reshape(shape)
    return _filter_gradient_by_columns(x, g, tuple(shape), geometry)


def _filter_gradient_by_columns(x: Any, g: Any, shape: tuple[int, ...], geometry: Geometry) -> Any:
    dtype = g.dtype
    g = np.ascontiguousarray(g).reshape(len(g), shape[0], prod(geometry.out))
    gathered = _Columns(x, geometry, dtype)
    total = np.zeros((gathered.taps, shape[0], gathered.height), dtype)
    for images, pixels, columns in gathered:
        part = g[images, :, pixels]
        width = part.shape[2]
        term = scratch("product", (len(part), *total.shape[1:]), dtype)
        for k in range(gathered.taps):
            met = columns[:, :, k * gathered.shift : k * gathered.shift + width]
            np.matmul(part, met.swapaxes(1, 2), out=term)
            total[k] += term[0] if len(term) == 1 else np.add.reduce(term, 0)
    if gathered.taps == 1:
        return total.reshape(shape)
    total = total.reshape(shape[2], *shape[:2], *shape[3:])
    return np.ascontiguousarray(np.moveaxis(total, 0, 2))


def conv_input_gradient(
    g: Any, filter_bank: Any, shape: Any, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Any:
    if groups != 1:
        Geometry(shape, filter_bank.shape, stride, padding, dilation, groups)
        part = (shape[0], shape[1] // groups, *shape[2:])
        return _joined(
            [
                conv_input_gradient(g[:, b], filter_bank[b], part, stride, padding, dilation)
                for _, b in _groups(shape[1], len(filter_bank), groups)
            ],
            1,
        )
    geometry = Geometry(shape, filter_bank.shape, stride, padding, dilation)
    spatial = tuple(range(2, len(shape)))
    dtype = np.result_type(g, filter_bank)
    g = np.ascontiguousarray(g, dtype)
    w = filter_bank.astype(dtype, copy=False)
    if 0 in shape:
        return np.zeros(shape, dtype)
    rows = shape[2]
    around = [r - 1 - p for r, p in zip(geometry.reach, geometry.padding, strict=True)]
    pads = np.isfinite(w).all()  # zeros around `g` would make nan of filters that are inf
    if (
        pads
        and max(geometry.stride) == 1
        and min(around) >= 0
        and 10 * prod(shape[2:]) <= 11 * prod(geometry.out)
    ):  # the same as a convolution with the reversed filters, which folds nothing
        return conv_nd(g, np.flip(w.swapaxes(0, 1), spatial), 1, tuple(around), dilation)
    if pads and geometry.stride[0] == 1 and rows <= 2 * geometry.out[0]:
        return _input_gradient_by_rows(g, w, tuple(shape), geometry)
    total = np.zeros(shape, dtype)
    filters = w.reshape(len(w), prod(w.shape[1:])).T
    row = prod(geometry.out[1:])
    size = filters.shape[0] * row * dtype.itemsize
    flat = g.reshape(len(g), len(w), prod(geometry.out))
    for begin, end, top, bottom in blocks(len(g), geometry.out[0], size, cache=CACHE):
        images, height = end - begin, bottom - top
        columns = scratch("columns", (images, len(filters), height * row), dtype)
        np.matmul(filters, flat[begin:end, :, top * row : bottom * row], out=columns)
        columns = columns.reshape(images, shape[1], *geometry.filter, height, *geometry.out[1:])
        start = top * geometry.stride[0]
        _fold(columns, total[begin:end], geometry, 0, start - geometry.padding[0])
    return total


def _fold(columns: Any, total: Any, geometry: Geometry, skip: int, start: int) -> None:
    """Add windows to what they were taken from, but for what lies in the padding.

    `columns` are (images, channels, elements of the filter ..., rows, windows of a row ...).
    The first row stands at row `start` of `total`; the filter's first `skip` axes are folded.
    """
    spatial = total.shape[2:]
    taken = columns.shape[columns.ndim - len(spatial) :]
    paddings = (-start, *geometry.padding[1:])
    for offset in product(*(range(k) for k in geometry.filter[skip:])):
        places = [0] * skip + [o * d for o, d in zip(offset, geometry.dilation[skip:], strict=True)]
        pairs = [
            met_slices(o, t, p, n, length)
            for o, t, p, n, length in zip(
                places, geometry.stride, paddings, taken, spatial, strict=True
            )
        ]
        into = total[(slice(None), slice(None), *(a for a, _ in pairs))]
        into += columns[(slice(None), slice(None), *offset, *(b for _, b in pairs))]


def _input_gradient_by_rows(g: Any, w: Any, shape: tuple[int, ...], geometry: Geometry) -> Any:
    """The same for filters that move by 1 along the first spatial axis.

    Along that axis the adjoint of the result is copied to columns, whole rows at a time; what
    the matrix products give is folded along the other axes only.
    """
    count, channels, rows = shape[:3]
    features, taps = len(w), geometry.filter[0]
    row, out = prod(geometry.out[1:]), geometry.out[0]
    # (C, K1 ..., F, K0) as a matrix
    filters = np.moveaxis(w, (0, 2), (-2, -1))
    filters = filters.reshape(channels * prod(geometry.filter[1:]), features * taps)
    total = fresh(shape, g.dtype)
    g = g.reshape(count, features, out, row)
    simple = prod(geometry.filter[1:]) == prod(geometry.stride[1:]) == 1 and not any(
        geometry.padding[1:]
    )
    flat: Any = total.reshape(count, channels, rows * row) if simple else None
    size = max(features * taps, len(filters)) * row * g.dtype.itemsize
    for begin, end, top, bottom in blocks(count, rows, size, cache=CACHE):
        images, height = end - begin, bottom - top
        columns = scratch("columns", (images, features, taps, height, row), g.dtype)
        for k in range(taps):
            start = k * geometry.dilation[0] - geometry.padding[0] - top
            to, of = met_slices(start, 1, 0, out, height)
            columns[:, :, k, : to.start] = 0
            columns[:, :, k, to.stop :] = 0
            columns[:, :, k, to] = g[begin:end, :, of]
        columns = columns.reshape(images, features * taps, height * row)
        if simple:
            part = flat[begin:end, :, top * row : bottom * row]
            np.matmul(filters, columns, out=part)
            continue
        part = total[begin:end, :, top:bottom]
        part[...] = 0
        terms = scratch("product", (images, len(filters), height * row), g.dtype)
        np.matmul(filters, columns, out=terms)
        terms = terms.reshape(images, channels, *geometry.filter[1:], height, *geometry.out[1:])
        _fold(terms, part, geometry, 1, 0)
    return total
