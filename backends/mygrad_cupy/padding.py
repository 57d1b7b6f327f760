"""Padding an array with its own elements, and rolling it: each element is fetched by one launch.

Where an element comes from is computed in the kernel. CuPy rolls in pieces, two launches for each
axis; `take` with places made on the host costs six launches and a copy from the host for each axis.
The kernel fetches along all axes at once, whatever the dtype and the strides; axes between which
nothing moves count as one. Going back, an element sums up its own places, one axis after the other
and always in the same order.
"""

from __future__ import annotations

from functools import cache
from math import prod
from typing import Any

import cupy
import numpy as np

__all__ = ["pad_from_within", "roll", "unpad_from_within"]

Array = Any

MODES = {"wrap": 0, "edge": 1, "symmetric": 2, "reflect": 3}
MOST = 8
"""How many axes one launch can take, those counted as one that move together."""

AXES = np.dtype([("table", np.int64, (4, MOST))])
"""The structure `Axes` in the source, which is passed by value."""

SOURCE = r"""
#if BYTES == 16
struct __align__(16) Word { unsigned long long low, high; };
#elif BYTES == 8
typedef unsigned long long Word;
#elif BYTES == 4
typedef unsigned int Word;
#elif BYTES == 2
typedef unsigned short Word;
#else
typedef unsigned char Word;
#endif

#define EACH(k, size)                                                                             \
    for (long long k = blockIdx.x * (long long)blockDim.x + threadIdx.x; k < (size);              \
         k += (long long)gridDim.x * blockDim.x)

enum { WRAP, EDGE, SYMMETRIC, REFLECT };

// How far apart the places are that have the same element, in the same direction.
__device__ long long period_of(int mode, long long length) {
    if (mode == WRAP) return length;
    if (mode == SYMMETRIC) return 2 * length;
    return length > 1 ? 2 * length - 2 : 1;
}

// Which element is at `place`, where elements themselves are at 0, 1, ..., length - 1.
__device__ long long element_at(long long place, int mode, long long length) {
    if (place >= 0 && place < length) return place;
    if (mode == EDGE) return place < 0 ? 0 : length - 1;
    long long period = period_of(mode, length), k = place % period;
    if (k < 0) k += period;
    return k < length ? k : mode == SYMMETRIC ? period - 1 - k : period - k;
}

// By axis: elements from one to the next in memory, how many, how many with the padding, and how
// many before the first.
struct Axes { long long stride[8], length[8], padded[8], before[8]; };

extern "C" __global__ void pad_from_within(
    const Axes axes, const Word *from, Word *to, long long mode, long long ndim, long long size)
{
    EACH(k, size) {
        unsigned long long rest = k;
        long long offset = 0;
        for (int axis = ndim - 1; axis >= 0; axis--) {
            unsigned long long padded = axes.padded[axis], place;
            if ((rest | padded) >> 32) {
                place = rest % padded;
                rest /= padded;
            } else {  // which takes a fraction of the time
                place = (unsigned)rest % (unsigned)padded;
                rest = (unsigned)rest / (unsigned)padded;
            }
            long long there = (long long)place - axes.before[axis];
            offset += element_at(there, mode, axes.length[axis]) * axes.stride[axis];
        }
        to[k] = from[offset];
    }
}
"""

BACK = r"""
#if BYTES == 2
#include <cuda_fp16.h>
typedef __half T;
typedef float A;
#elif BYTES == 8
typedef double T;
typedef double A;
#else
typedef float T;
typedef float A;
#endif

enum { WRAP, EDGE, SYMMETRIC, REFLECT };

// The sum over places k, k + period, ... and those before, as far as there are any.
__device__ A sum_over(
    const T *g, long long k, long long period, long long before, long long behind, long long inner)
{
    A total = 0;
    for (long long place = k - (k + before) / period * period; place < behind; place += period)
        total += (A)g[(place + before) * inner];
    return total;
}

// `g` is (outer, before + behind, inner), and place 0 is that of the first element.
extern "C" __global__ void unpad_from_within(
    const T *g, T *to, long long mode, long long length, long long before, long long behind,
    long long inner, long long size)
{
    for (long long k = blockIdx.x * (long long)blockDim.x + threadIdx.x; k < size;
         k += (long long)gridDim.x * blockDim.x) {
        long long row = k / inner, outer = row / length, i = row - outer * length;
        const T *lane = g + outer * (before + behind) * inner + k - row * inner;
        A total = 0;
        if (mode == EDGE) {
            long long first = i ? i : -before, end = i == length - 1 ? behind : i + 1;
            for (long long place = first; place < end; place++)
                total += (A)lane[(place + before) * inner];
        } else {
            long long period = mode == WRAP ? length : 2 * length - 2 * (mode == REFLECT);
            if (!period) period = 1;
            total = sum_over(lane, i, period, before, behind, inner);
            if (mode == SYMMETRIC)
                total += sum_over(lane, period - 1 - i, period, before, behind, inner);
            else if (mode == REFLECT && i > 0 && i < length - 1)
                total += sum_over(lane, period - i, period, before, behind, inner);
        }
        to[k] = (T)total;
    }
}
"""


@cache
def _fetching(element: int) -> Any:
    return cupy.RawKernel(SOURCE, "pad_from_within", (f"-DBYTES={element}",))


@cache
def _summing(element: int) -> Any:
    return cupy.RawKernel(BACK, "unpad_from_within", (f"-DBYTES={element}",))


def _blocks(size: int) -> tuple[tuple[int], tuple[int]]:
    return (min(-(-size // 256), 4096),), (256,)


def _fetched(array: Array, widths: list[tuple[int, int]], mode: str) -> Any:
    """The array with so many elements before and behind it along each axis."""
    axes: list[list[int]] = []
    element = array.dtype.itemsize
    for stride, n, (before, behind) in zip(array.strides, array.shape, widths, strict=True):
        axis = [stride // element, n, before + n + behind, before]
        last = axes[-1] if axes else axis
        if axes and not (before or behind or last[3]) and last[1] == last[2] and (
            last[0] == n * axis[0]
        ):  # fmt: skip
            axes[-1] = [axis[0], last[1] * n, last[1] * n, 0]
        else:
            axes.append(axis)
    known = element in (1, 2, 4, 8, 16) and not any(s % element for s in array.strides)
    if not known or not array.size or not 0 < len(axes) <= MOST:
        return NotImplemented
    table = np.zeros((), AXES)
    table["table"][:, : len(axes)] = np.transpose(axes)
    shape = [b + n + e for (b, e), n in zip(widths, array.shape, strict=True)]
    out = cupy.empty(shape, array.dtype)
    if out.size:
        arguments = table, array, out, MODES[mode], len(axes), out.size
        _fetching(element)(*_blocks(out.size), arguments)
    return out


def pad_from_within(array: Array, widths: list[tuple[int, int]], mode: str) -> Any:
    """Put elements of an array around it."""
    return _fetched(array, widths, mode) if any(map(any, widths)) else NotImplemented


def unpad_from_within(
    g: Array, widths: list[tuple[int, int]], mode: str, shape: tuple[int, ...]
) -> Any:
    """The adjoint of `pad_from_within`."""
    if g.dtype.char not in "efd" or not prod(shape) or not any(map(any, widths)):
        return NotImplemented
    for k in reversed(range(len(shape))):
        (before, behind), n = widths[k], shape[k]
        if before or behind:
            g = cupy.ascontiguousarray(g)
            out = cupy.empty((*g.shape[:k], n, *g.shape[k + 1 :]), g.dtype)
            arguments = g, out, MODES[mode], n, before, n + behind, prod(shape[k + 1 :])
            _summing(g.dtype.itemsize)(*_blocks(out.size), (*arguments, out.size))
            g = out
    return g


def roll(a: Array, shift: Any, axis: Any = None) -> Array:
    """Shift the elements along axes."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    shifts = shift if isinstance(shift, tuple) else (shift,)
    if axis is None and len(shifts) == 1 and a.ndim != 1:
        return roll(a.reshape(-1), shift, 0).reshape(a.shape)
    axes = (0,) if axis is None else axes
    plain = len(axes) == len(shifts) and all(isinstance(s, int) for s in (*axes, *shifts))
    if not plain or not all(-a.ndim <= k < a.ndim for k in axes) or not a.size:
        return cupy.roll(a, shift, axis=axis)
    widths = [(0, 0)] * a.ndim
    for k, places in zip(axes, shifts, strict=True):
        before = (widths[k][0] + places) % a.shape[k]
        widths[k] = before, -before
    rolled = _fetched(a, widths, "wrap")
    return cupy.roll(a, shift, axis=axis) if rolled is NotImplemented else rolled
