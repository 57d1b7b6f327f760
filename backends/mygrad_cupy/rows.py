"""Kernels that give each row of a matrix to a team of threads.

A team is as large as its row is long: one thread for each eight elements, from a single thread for
rows of a few classes (a warp then works on 32 rows) to a block of 1024 for rows of tens of
thousands. The threads of a team take neighbouring elements, so that a warp reads memory in whole
lines, and add up by shuffles; teams of more than a warp meet in shared memory, once for each sum.
All sums are made in the same order whenever the shape is the same.

Rows may also lie side by side, the elements of one `inner` places apart. If there are many, a team
is one thread, and its neighbours in the warp read the same elements of the neighbouring rows.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cupy
import numpy as np

__all__ = ["launch_rows", "row_kernel"]

TEAMS = r"""
#include <cuda_fp16.h>

struct Add { template <class A> __device__ A operator()(A a, A b) const { return a + b; } };

// The larger of two numbers, and nan if one of them is.
struct Larger {
    template <class A> __device__ A operator()(A a, A b) const { return a >= b || a != a ? a : b; }
};

// What all threads of a team have, added up (or the largest), for each of them.
template <class A, class Operation>
__device__ A gathered(A v, int team, Operation both) {
    for (int away = (team < 32 ? team : 32) / 2; away; away /= 2)
        v = both(v, __shfl_xor_sync(0xffffffffu, v, away));
    if (team > 32) {
        __shared__ A parts[32];
        __syncthreads();  // all have read what was there before
        if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = v;
        __syncthreads();
        const int ours = threadIdx.x / team * (team / 32);
        v = parts[ours];
        for (int k = 1; k < team / 32; k++) v = both(v, parts[ours + k]);
    }
    return v;
}

// Runs over the rows of a team; all threads of a block go round equally often, since they meet.
#define FOR_EACH_ROW                                                                               \
    const int teams = blockDim.x / team, me = threadIdx.x % team;                                  \
    for (long long first = (long long)blockIdx.x * teams; first < rows;                            \
         first += (long long)gridDim.x * teams)
#define THIS_ROW                                                                                   \
    const bool live = first + threadIdx.x / team < rows;                                           \
    const long long row = live ? first + threadIdx.x / team : rows - 1;
"""

MOST_BLOCKS = 1 << 16
MANY_ROWS = 4096
"""From so many on, a thread for each row is enough to keep a device busy."""


@cache
def row_kernel(name: str, source: str, **types: str) -> Any:
    """The kernel `name` of a source that is written for rows, for these types of CUDA C++."""
    names = "".join(f"typedef {kind} {name};\n" for name, kind in types.items())
    return cupy.RawKernel(TEAMS.replace("\nstruct Add", f"\n{names}\nstruct Add", 1) + source, name)


def launch_rows(
    kernel: Any, rows: int, length: int, inner: int, arguments: tuple[Any, ...]
) -> None:
    """Run a kernel for so many rows, each `length` elements that lie `inner` places apart.

    The kernel takes the arguments, the number of rows, their length, `inner` and the team's size.
    """
    team = 1
    side_by_side = inner > 1 and rows >= MANY_ROWS
    while team < 1024 and team * 8 < length and not side_by_side:
        team *= 2
    block = max(team, 128)
    blocks = min(-(-rows * team // block), MOST_BLOCKS)
    kernel((blocks,), (block,), (*arguments, rows, length, inner, np.int32(team)))
