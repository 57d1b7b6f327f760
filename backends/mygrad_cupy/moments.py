"""Means and squared deviations of columns, in one pass, and the kernels `var` and `std`.

A thread finds the mean of eight elements, then their squared deviations from it, and combines that
with what it has had by the formula of Chan, Golub and LeVeque (*Updating formulae and a pairwise
algorithm for computing sample variances*, 1979), as do the threads of a block and the blocks. So
nothing cancels that does not cancel in two passes, and the memory is read once for it.

A variance takes one kernel, or two where columns are long. CuPy's takes three: the mean, a copy of
it, and the sum of squares.
"""

from __future__ import annotations

from typing import Any

import array_api_compat.cupy as xp
import cupy
import numpy as np

from mygrad_cupy.c_types import FLOATS, wide
from mygrad_cupy.reduction import (
    Columns,
    as_columns,
    channels_of,
    columns_of,
    compiled,
)

__all__ = ["MOMENTS", "moments_of_parts", "std", "var"]

MOMENTS = r"""
// Of some elements: the sum, the sum of what they are more than an origin, the squared deviations
// from their mean, and how many they are. The origin is one of the elements. Where all are far from
// zero, means are compared by the second sum; the first is exact where the origin is an outlier.
struct Moments {
    Wide sum, shifted, squares, count;

    __device__ void include(const Moments &other) {
        if (other.count == 0) return;
        if (count == 0) {
            *this = other;
            return;
        }
        Wide apart = other.shifted / other.count - shifted / count;
        Wide share = count / (count + other.count);
        sum += other.sum;
        shifted += other.shifted;
        squares += other.squares + apart * apart * (other.count * share);
        count += other.count;
    }
    __device__ void include(const Wide *v, int taken, Wide origin) {
        Wide d[AT_ONCE];
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) d[k] = k < taken ? v[k] - origin : (Wide)0;
        Wide total = sum_of(d), mean = total / (Wide)taken;
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            d[k] = k < taken ? (d[k] - mean) * (d[k] - mean) : (Wide)0;
        Moments found = {sum_of(v), total, sum_of(d), (Wide)taken};
        include(found);
    }
};

__device__ inline Wide origin_of(const Column &c, const Element *x) {
    Wide first = c.exists ? (Wide)x[c.channel * c.inner * c.per_channel] : (Wide)0;
    return fabs(first) < (Wide)1e30 ? first : (Wide)0;
}

// What a thread has of its part of a column.
__device__ inline Moments moments_of(const Element *x, const Column &c) {
    Moments mine = {0, 0, 0, 0};
    Wide origin = origin_of(c, x), v[AT_ONCE];
    Index places[AT_ONCE];
    for (Walk walk(c); !walk.done();) {
        int taken = walk.take(places);
        fetch(x, places, taken, v);
        mine.include(v, taken, origin);
    }
    return mine;
}

// What a thread has of the moments of the parts of its channel.
__device__ inline Moments moments_of_parts(const Wide *partial, const Column &c) {
    Moments mine = {0, 0, 0, 0};
    long long size = c.partials * c.channels;
    for (long long k = c.first; c.exists && k < c.partials; k += c.step) {
        const Wide *from = partial + k * c.channels + c.channel;
        Moments found = {from[0], from[size], from[2 * size], from[3 * size]};
        mine.include(found);
    }
    return mine;
}

// Leaves in box[t] what all threads of the column have, for the first threads of each column.
__device__ inline void combine(Moments (&box)[MOST_THREADS], const Moments &mine, int lanes) {
    box[threadIdx.x] = mine;
    __syncthreads();
    for (int half = blockDim.x / 2; half >= lanes; half /= 2) {
        if (threadIdx.x < half) box[threadIdx.x].include(box[threadIdx.x + half]);
        __syncthreads();
    }
}

extern "C" __global__ void __launch_bounds__(MOST_THREADS) find_moments(
    const Element *x, Wide *partial, GEOMETRY) {
    __shared__ Moments box[MOST_THREADS];
    Column c = COLUMN;
    combine(box, moments_of(x, c), c.lanes);
    if (!c.writes()) return;
    long long size = partials * c.channels, at = c.partial * c.channels + c.channel;
    const Moments &all = box[threadIdx.x];
    partial[at] = all.sum;
    partial[at + size] = all.shifted;
    partial[at + 2 * size] = all.squares;
    partial[at + 3 * size] = all.count;
}
"""

_DEVIATION = MOMENTS + r"""
extern "C" __global__ void __launch_bounds__(MOST_THREADS) find_deviation(
    const Element *x, const Wide *partial, Element *out, double freedom, long long root,
    GEOMETRY) {
    __shared__ Moments box[MOST_THREADS];
    Column c = COLUMN;
    combine(box, partial ? moments_of_parts(partial, c) : moments_of(x, c), c.lanes);
    if (!c.writes()) return;
    Wide var = box[threadIdx.x].squares / (Wide)freedom;
    out[c.channel] = Element(root ? sqrt(var) : var);
}
"""


def moments_of_parts(x: Any, view: Columns) -> Any:
    """The moments that are to be combined for each channel; 0 if one block finds all of them."""
    if not view.partials:
        return 0
    channels = view.columns // view.per_channel
    partial = cupy.empty(4 * view.partials * channels, wide(x.dtype))
    kernel = compiled(MOMENTS, "find_moments", x)
    kernel((view.blocks,), (view.threads,), (x, partial, *view[:8]))
    return partial


def var(
    x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, correction: float = 0
) -> Any:
    return _deviation("var", x, axis, ddof or correction, keepdims)


def std(
    x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, correction: float = 0
) -> Any:
    return _deviation("std", x, axis, ddof or correction, keepdims)


def _deviation(name: str, x: Any, axis: Any, ddof: Any, keepdims: bool) -> Any:
    found = None
    if x.dtype.char in FLOATS and type(ddof) in (int, float):
        found = as_columns(x.shape, axis, keepdims)
    if found is not None and found[0][0] * found[0][2] > ddof:
        return _deviations(x, name == "std", *found, ddof)
    of = getattr(xp, name)
    if x.dtype.char == "e":  # which cannot hold squares of large numbers
        wide = of(x.astype(np.float32), axis=axis, correction=ddof, keepdims=keepdims)
        return wide.astype(x.dtype)
    return of(x, axis=axis, correction=ddof, keepdims=keepdims)


def _deviations(
    x: Any, root: bool, shape: tuple[int, int, int], result: tuple[int, ...], ddof: float
) -> Any:
    view = columns_of(*shape)
    x = cupy.ascontiguousarray(x)
    partial = moments_of_parts(x, view)
    out = cupy.empty(result, x.dtype)
    if view.partials:
        view = channels_of(shape[1], view.partials)
    freedom = float(shape[0] * shape[2] - ddof)
    kernel = compiled(_DEVIATION, "find_deviation", x)
    kernel((view.blocks,), (view.threads,), (x, partial, out, freedom, int(root), *view[:8]))
    return out
