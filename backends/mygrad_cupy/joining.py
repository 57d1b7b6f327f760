"""Joining arrays: up to 64 of them in one launch, and nothing to copy from the host.

CuPy joins up to 8 arrays by one launch for each, and more by a table of addresses that it copies
to the device. Here the addresses are arguments of the kernel. It moves words of up to 16 bytes,
whatever the dtype, so that large copies are as fast as memory is. Arrays whose elements do not
lie one after the other, or that have to be cast, are assigned to their places one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import gcd, prod
from typing import Any

import cupy
import numpy as np

__all__ = ["concat", "stack"]

Array = Any

MOST = 64
"""How many arrays are joined by one launch; their addresses are 1.5 of the 4 KB of arguments."""

PARTS = np.dtype([("table", np.int64, (3, MOST))])
"""The structure of that name in the source, which is passed by value."""

SOURCE = r"""
#ifndef MOST
#define MOST 1
#endif

#if WORD == 16
struct __align__(16) Word { unsigned long long low, high; };
#elif WORD == 8
typedef unsigned long long Word;
#elif WORD == 4
typedef unsigned int Word;
#elif WORD == 2
typedef unsigned short Word;
#else
typedef unsigned char Word;
#endif

#ifdef FEW  // 32 bits are enough, and divided sooner
typedef unsigned int Index;
#else
typedef unsigned long long Index;
#endif

// Rows of `width` words, which lie one after the other, go to rows of which each has `column`
// words before them.
struct Parts { const Word *from[MOST]; long long width[MOST], column[MOST]; };

extern "C" __global__ void join_parts(
    const Parts parts, Word *to, long long count, long long rows, long long row_length)
{
    for (int part = blockIdx.y; part < count; part += gridDim.y) {
        const Word *from = parts.from[part];
        Word *target = to + parts.column[part];
        Index width = parts.width[part], size = rows * width;
        Index step = (Index)gridDim.x * blockDim.x;
        for (Index k = blockIdx.x * (Index)blockDim.x + threadIdx.x; k < size; k += step) {
            Index row = rows == 1 ? 0 : k / width;
            target[row * (row_length - width) + k] = from[k];
        }
    }
}
"""


@cache
def _kernel(word: int, few: bool) -> Any:
    options = (f"-DMOST={MOST}", f"-DWORD={word}", *["-DFEW"] * few)
    return cupy.RawKernel(SOURCE, "join_parts", options)


def concat(arrays: Sequence[Array], axis: int | None = 0) -> Array:
    """Join arrays along an axis that they have."""
    parts, kinds = list(arrays), set()
    if all(isinstance(a, cupy.ndarray) for a in parts):
        if axis is None:
            parts, axis = [a.ravel() for a in parts], 0
        kinds = {(a.ndim, *a.shape[:axis], *a.shape[axis:][1:]) for a in parts}
    ndim = parts[0].ndim if len(kinds) == 1 else 0
    if axis is None or not -ndim <= axis < ndim:
        return cupy.concatenate(parts, axis=axis)  # which says what is wrong
    return _joined(parts, axis % ndim)


def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    """Join arrays of one shape along a new axis."""
    parts = [a if isinstance(a, cupy.ndarray) else cupy.asarray(a) for a in arrays]
    kinds = {a.shape for a in parts}
    ndim = parts[0].ndim + 1 if parts else 0
    if len(kinds) != 1 or not -ndim <= axis < ndim:
        return cupy.stack(parts, axis=axis)  # which says what is wrong
    return _joined([cupy.expand_dims(a, axis) for a in parts], axis % ndim)


def _joined(parts: list[Array], axis: int) -> Array:
    """Arrays that fit, joined along an axis that they have."""
    first = parts[0]
    dtype = np.result_type(*(a.dtype for a in parts))
    lead, tail = first.shape[:axis], first.shape[axis + 1 :]
    joined = cupy.empty((*lead, sum(a.shape[axis] for a in parts), *tail), dtype)
    plain, end = [], 0
    for a in parts:
        begin, end = end, end + a.shape[axis]
        if not a.size:
            continue
        if a.flags.c_contiguous and a.dtype == dtype:
            plain.append((a, begin))
        else:
            joined[(*(slice(None),) * axis, slice(begin, end))] = a
    element = prod(tail) * dtype.itemsize
    for k in range(0, len(plain), MOST):
        _copy_rows(plain[k : k + MOST], joined, prod(lead), axis, element)
    return joined


def _copy_rows(
    plain: list[tuple[Array, int]], joined: Array, rows: int, axis: int, element: int
) -> None:
    """Copy arrays to where they begin along an axis whose elements are of so many bytes."""
    parts = np.zeros((), PARTS)
    table = parts["table"]
    for k, (a, begin) in enumerate(plain):
        table[:, k] = a.data.ptr, a.shape[axis] * element, begin * element
    row_length = joined.shape[axis] * element
    word = gcd(16, row_length, joined.data.ptr, *table[:, : len(plain)].ravel().tolist())
    table[1:] //= word
    few = joined.nbytes // word < 2**31
    threads, largest = 256, rows * int(table[1].max())
    grid = min(-(-largest // threads), max(4096 // len(plain), 1)), len(plain)
    arguments = parts, joined, len(plain), rows, row_length // word
    _kernel(word, few)(grid, (threads,), arguments)
