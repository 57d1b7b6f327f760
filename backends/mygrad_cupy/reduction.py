"""Sums over columns: how kernels read arrays (N, C, S); `sum` and `mean` of tall arrays.

An array is read along *columns*: the N S elements of one channel where S is long, else the N
elements that stand below one another. The threads of a block share one column, or up to 32
neighbouring ones, so that a warp always reads neighbouring elements. A thread asks for eight
elements before it uses the first, and a tree in shared memory adds up what the threads have. A
long column is cut into parts, each with a block of its own, and the next kernel adds up the parts:
few channels keep a whole GPU busy. The order of all additions depends on the shape alone, so that
results are the same on every run and device.

CuPy's sum over leading axes has one block for each 32 elements of the result, however many rows
there are: at 64 columns, two of the hundred multiprocessors of a GPU work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from math import prod
from typing import Any, NamedTuple

import cupy
import numpy as np

from mygrad_cupy.c_types import FLOATS, c_type, wide

__all__ = [
    "Columns", "as_columns", "channels_of", "columns_of", "compiled", "mean_of_elements",
    "sum_elements",
]  # fmt: skip

"""By dtype (its character), the dtype that the kernels compute in."""

_ALONE = 16_384  # elements that one block reads as fast as several blocks and one more kernel
_PART = 2048  # elements that are worth a block
_ENOUGH_BLOCKS = 1024
_MOST_PARTS = 256
_MANY = 2**30  # elements that int does not count
_FEW_ROWS = 32  # CuPy is as fast for fewer

COLUMNS = r"""
#ifdef HALF
#include <cuda_fp16.h>
#endif
typedef ELEMENT Element;
typedef WIDE Wide;
typedef INDEX Index;  // int, but for very large arrays: places take up half of all registers
#define AT_ONCE 8
#define MOST_THREADS 512

// A 64-bit division takes a hundred instructions.
__device__ inline Index quotient(long long a, long long b) {
    return (Index)((a | b) >> 32 ? a / b : (long long)((unsigned)a / (unsigned)b));
}

#define GEOMETRY                                                                                  \
    long long count, long long length, long long inner, long long row, long long many_lanes,      \
        long long many_parts, long long per_channel, long long partials
#define COLUMN                                                                                    \
    Column(count, length, inner, row, (int)many_lanes, (int)many_parts, per_channel, partials)

// The column of a thread. See `Columns` in Python.
struct Column {
    Index length, inner, row, per_channel, number, channel, channels;
    long long partials, partial;
    int lanes, step, first, parts, part;
    bool exists;

    __device__ Column(long long count, long long length, long long inner, long long row, int lanes,
                      int parts, long long per_channel, long long partials)
        : length((Index)length), inner((Index)inner), row((Index)row),
          per_channel((Index)per_channel), partials(partials), lanes(lanes), parts(parts) {
        long long block = blockIdx.x / (unsigned)parts, place = block * lanes + threadIdx.x % lanes;
        part = (int)(blockIdx.x - block * parts);
        first = threadIdx.x / lanes;
        step = blockDim.x / lanes;
        exists = place < count;
        number = (Index)place;
        channel = quotient(number, per_channel);
        channels = quotient(count, per_channel);
        partial = (long long)part * per_channel + number - channel * this->per_channel;
    }
    // Whether this thread writes what the block found out about the column.
    __device__ bool writes() const { return exists && !first; }
    // Whether this thread writes what is known of the whole channel.
    __device__ bool writes_channel() const { return writes() && !partial; }
};

// The elements of a part of a column that one thread takes.
struct Walk {
    Index i, end, step, place, s, by_s, jump, inner, row;

    __device__ Walk(const Column &c) : step(c.step), inner(c.inner), row(c.row) {
        i = quotient((long long)c.length * c.part, c.parts) + c.first;
        end = c.exists ? quotient((long long)c.length * (c.part + 1), c.parts) : 0;
        Index n = quotient(i, inner), rows = quotient(step, inner);
        s = i - n * inner;
        by_s = step - rows * inner;
        place = n * row + c.number * inner + s;
        jump = rows * row + by_s;
    }
    __device__ bool done() const { return i >= end; }

    // Where the next elements are, from element i on, a step apart; returns how many.
    __device__ int take(Index *places) {
        int taken = 0;
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) {
            places[k] = place;
            if (i >= end) continue;
            taken++;
            i += step;
            s += by_s;
            place += jump;
            if (s >= inner) {
                s -= inner;
                place += row - inner;
            }
        }
        return taken;
    }
};

// The elements at these places, and zeros in the place of those that are not there.
__device__ inline void fetch(const Element *from, const Index *places, int taken, Wide *to) {
#pragma unroll
    for (int k = 0; k < AT_ONCE; k++) to[k] = k < taken ? (Wide)from[places[k]] : (Wide)0;
}

__device__ inline Wide sum_of(const Wide *v) {
    return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

// Leaves in box[t] the sum over all threads of the column, for the first threads of each column.
__device__ inline void add_up(Wide *box, Wide mine, int lanes) {
    box[threadIdx.x] = mine;
    __syncthreads();
    for (int half = blockDim.x / 2; half >= lanes; half /= 2) {
        if (threadIdx.x < half) box[threadIdx.x] += box[threadIdx.x + half];
        __syncthreads();
    }
}
"""

_SUM = r"""
extern "C" __global__ void __launch_bounds__(MOST_THREADS) sum_columns(
    const Element *x, const Wide *found, Wide *partial, Element *out, double divisor, GEOMETRY) {
    __shared__ Wide box[MOST_THREADS];
    Column c = COLUMN;
    Wide mine = 0;
    if (found) {
        for (long long k = c.first; c.exists && k < partials; k += c.step)
            mine += found[k * c.channels + c.channel];
    } else {
        for (Walk walk(c); !walk.done();) {
            Index places[AT_ONCE];
            Wide v[AT_ONCE];
            fetch(x, places, walk.take(places), v);
            mine += sum_of(v);
        }
    }
    add_up(box, mine, c.lanes);
    if (!c.writes()) return;
    if (partial) partial[c.partial * c.channels + c.channel] = box[threadIdx.x];
    else out[c.channel] = Element(box[threadIdx.x] / (Wide)divisor);
}
"""


class Columns(NamedTuple):
    """How the blocks of a kernel share the columns of an array (N, C, S).

    Attributes
    ----------
    columns, length
        How many columns there are, and the elements of each.
    inner, row
        How many elements of a column are neighbours in memory; how far in memory each of them is
        from its counterpart in the next run of neighbours.
    lanes
        The columns of a block; a power of 2.
    parts
        The blocks of a column.
    per_channel
        The columns of a channel.
    partials
        What there is to combine for a channel; 0 where one block has all of it.
    blocks, threads
        Of a launch. The threads of a block are a power of 2.
    """

    columns: int
    length: int
    inner: int
    row: int
    lanes: int
    parts: int
    per_channel: int
    partials: int
    blocks: int
    threads: int


@lru_cache(maxsize=1024)
def columns_of(n: int, c: int, s: int) -> Columns:
    """How to read an array (N, C, S) channel by channel."""
    below = s == 1 or (s < 16 and n * s > _ALONE)
    if below:
        lanes = min(32, _power_of_2(c * s))
        count, length, inner, per_channel = c * s, n, 1, s
    else:
        count, length, inner, lanes, per_channel = c, n * s, s, 1, 1
    groups = -(-count // lanes)
    work = length * lanes
    parts = 1
    if work > _ALONE:
        parts = max(1, min(_MOST_PARTS, _ENOUGH_BLOCKS // groups, work // _PART))
    threads = min(max(32, _power_of_2(-(-work // 8))), 512) if parts == 1 else 256
    partials = parts * per_channel if parts * per_channel > 1 else 0
    return Columns(
        count, length, inner, c * s, lanes, parts, per_channel, partials, groups * parts, threads
    )


@lru_cache(maxsize=1024)
def channels_of(c: int, partials: int) -> Columns:
    """How to combine the partial results of C channels, which one block for each 32 does."""
    lanes = min(32, _power_of_2(c))
    groups = -(-c // lanes)
    threads = min(max(32, _power_of_2(partials) * lanes), 256)
    return Columns(c, partials, 1, c, lanes, 1, 1, partials, groups, threads)


def _power_of_2(least: int) -> int:
    return 1 << (least - 1).bit_length()


def compiled(source: str, name: str, like: Any) -> Callable[..., Any]:
    """The kernel of this name from a source that `COLUMNS` goes before, for arrays like this."""
    return _function(source, name, like.dtype.char, like.size < _MANY)


@cache
def _function(source: str, name: str, kind: str, small: bool) -> Callable[..., Any]:
    return _module(source, kind, small).get_function(name)


@cache
def _module(source: str, kind: str, small: bool) -> Any:
    dtype = np.dtype(kind)
    options = [f"-DELEMENT={c_type(dtype)}", f"-DWIDE={c_type(wide(dtype))}"]
    options.append(f"-DINDEX={'int' if small else 'long long'}")
    return cupy.RawModule(code=COLUMNS + source, options=(*options, *["-DHALF"] * (kind == "e")))


def sum_elements(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The sum: over leading axes in all blocks of a GPU, else CuPy's."""
    view = None if dtype is not None else _tall(x, axis, keepdims)
    if view is None:
        return x.sum(axis, dtype, None, keepdims)
    return _summed(x, *view, 1.0)


def mean_of_elements(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean: over leading axes in all blocks of a GPU, else CuPy's."""
    view = _tall(x, axis, keepdims)
    if view is not None:
        return _summed(x, *view, float(x.size // prod(view[1])))
    if x.dtype.char == "e":  # which cannot hold the number of elements
        return x.astype(np.float32).mean(axis, None, None, keepdims).astype(x.dtype)
    return x.mean(axis, None, None, keepdims)


def _tall(x: Any, axis: Any, keepdims: bool) -> tuple[Columns, tuple[int, ...]] | None:
    """How to read an array that our kernel adds up faster than CuPy, and the shape of the sum."""
    if axis is None or x.ndim < 2 or x.dtype.char not in FLOATS or not x.flags.c_contiguous:
        return None
    found = as_columns(x.shape, axis, keepdims)
    if found is None or found[0][0] < _FEW_ROWS:
        return None
    return columns_of(*found[0]), found[1]


@lru_cache(maxsize=1024)
def as_columns(
    shape: tuple[int, ...], axis: Any, keepdims: bool
) -> tuple[tuple[int, int, int], tuple[int, ...]] | None:
    """The (N, C, S) of a reduction over N and S, and the shape of its result.

    None where the axes that are reduced do not lie around those that are not, where there is
    nothing to reduce, and for axes that are not there.
    """
    axes = axis if type(axis) is tuple else (axis,)
    if axis is None:
        axes = tuple(range(len(shape)))
    if 0 in shape or not all(type(k) is int and -len(shape) <= k < len(shape) for k in axes):
        return None
    over = {k % len(shape) for k in axes}
    if len(over) < len(axes):
        return None
    kept = [k for k, m in enumerate(shape) if k not in over and m != 1] or [len(shape)]
    first, end = kept[0], kept[-1] + 1
    if any(k in over and shape[k] != 1 for k in range(first, end - 1)):
        return None
    result = tuple(1 if k in over else m for k, m in enumerate(shape) if keepdims or k not in over)
    if kept == [len(shape)]:
        return (1, 1, prod(shape)), result
    return (prod(shape[:first]), prod(shape[first:end]), prod(shape[end:])), result


def _summed(x: Any, view: Columns, shape: tuple[int, ...], divisor: float) -> Any:
    kernel = compiled(_SUM, "sum_columns", x)
    out = cupy.empty(shape, x.dtype)
    if not view.partials:
        kernel((view.blocks,), (view.threads,), (x, 0, 0, out, divisor, *view[:8]))
        return out
    partial = cupy.empty(view.partials * out.size, wide(x.dtype))
    kernel((view.blocks,), (view.threads,), (x, 0, partial, 0, divisor, *view[:8]))
    end = channels_of(out.size, view.partials)
    kernel((end.blocks,), (end.threads,), (0, partial, 0, out, divisor, *end[:8]))
    return out
