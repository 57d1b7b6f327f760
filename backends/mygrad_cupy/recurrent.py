"""The steps of gated recurrent units: two matrix products and two kernels in each.

The gates of one step are few elements, so that what a step takes is the time to launch its
kernels, not to run them. Here one kernel computes what elementwise functions would in ten
launches: between the two matrix products of a step, and behind the second. On the way back the
kernel behind the second product of one step is the one before the first product of the next.
All of them read and write the arrays of all steps, at an offset, so that nothing is joined later.
Sums of float16 are computed in float32 and rounded once.

The formulas are those of `mygrad.nnet.layers.gru`, whose compositions they stand in for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import cupy

__all__ = ["gru_steps", "gru_steps_adjoint"]

Array = Any

SOURCE = r"""
// T is the type of elements, A that of what is computed.
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

#define EACH_ELEMENT                                                                              \
    for (long long n = blockIdx.y; n < rows; n += gridDim.y)                                      \
        for (long long d = blockIdx.x * (long long)blockDim.x + threadIdx.x; d < size;            \
             d += (long long)gridDim.x * blockDim.x)

// Beyond a power whose exponential is close to the largest number, it is 1. The comparison leaves
// NaN as it is.
__device__ A sigmoid(A x) {
    A highest = sizeof(A) == 8 ? 708 : 87;
    A power = exp(x > highest ? highest : x);
    return power / (1 + power);
}

// Row n of `rows` is row `first + n` in the arrays of all steps: here those of one step.
extern "C" __global__ void gru_gates(
    const T *product, const T *sums, const T *states, T *zr, T *reset,
    long long first, long long rows, long long size)
{
    EACH_ELEMENT {
        long long row = first + n;
        A z = sigmoid((A)product[2 * n * size + d] + (A)sums[3 * row * size + d]);
        A r = sigmoid((A)product[(2 * n + 1) * size + d] + (A)sums[(3 * row + 1) * size + d]);
        zr[2 * row * size + d] = (T)z;
        zr[(2 * row + 1) * size + d] = (T)r;
        reset[n * size + d] = (T)(r * (A)states[row * size + d]);
    }
}

extern "C" __global__ void gru_state(
    const T *product, const T *sums, const T *zr, T *h, T *states,
    long long first, long long rows, long long size)
{
    EACH_ELEMENT {
        long long row = first + n;
        A s = (A)states[row * size + d], z = (A)zr[2 * row * size + d];
        A candidate = tanh((A)product[n * size + d] + (A)sums[(3 * row + 2) * size + d]);
        h[row * size + d] = (T)candidate;
        states[(row + rows) * size + d] = (T)(candidate + z * (s - candidate));
    }
}

// The adjoint of states: their own, and what comes back from the step after them, of which row n
// is row `after` in the arrays of all steps.
__device__ A adjoint_of_state(
    const T *own, const T *by_z, const T *by_reset, const T *product, const T *zr,
    long long n, long long after, long long d, long long size)
{
    long long k = n * size + d;
    return (A)*own + (A)by_z[k] + (A)by_reset[k] * (A)zr[(2 * after + 1) * size + d]
           + (A)product[k];
}

// From the states after steps to the sums in Z and H. `later` rows have an adjoint that comes back
// from a later step; what it is computed from begins `shift` rows on.
extern "C" __global__ void gru_back_to_candidate(
    const T *g, const T *states, const T *zr, const T *h,
    const T *later_by_z, const T *later_by_reset, const T *later_product,
    T *by_z, T *azr, T *ah,
    long long first, long long batch, long long later, long long shift, long long rows,
    long long size)
{
    EACH_ELEMENT {
        long long row = first + n, after = row + batch, k = row * size + d;
        const T *own = g + after * size + d;
        A total = n < later
            ? adjoint_of_state(own, later_by_z, later_by_reset, later_product, zr,
                               n + shift, after, d, size)
            : (A)*own;
        A s = (A)states[k], z = (A)zr[2 * row * size + d], candidate = (A)h[k];
        A through_z = total * z, by_h = total - through_z;
        by_z[n * size + d] = (T)through_z;
        azr[2 * row * size + d] = (T)(by_h * (s - candidate) * z);
        ah[k] = (T)(by_h * (1 - candidate * candidate));
    }
}

extern "C" __global__ void gru_back_to_reset(
    const T *by_reset, const T *states, const T *zr, T *azr, T *reset,
    long long first, long long rows, long long size)
{
    EACH_ELEMENT {
        long long row = first + n, k = row * size + d;
        A r = (A)zr[(2 * row + 1) * size + d], kept = r * (A)states[k];
        reset[k] = (T)kept;
        azr[(2 * row + 1) * size + d] = (T)((A)by_reset[n * size + d] * kept * (1 - r));
    }
}

extern "C" __global__ void gru_back_to_start(
    const T *g, const T *zr, const T *by_z, const T *by_reset, const T *product, T *start,
    long long rows, long long size)
{
    EACH_ELEMENT {
        const T *own = g + n * size + d;
        start[n * size + d] = (T)adjoint_of_state(own, by_z, by_reset, product, zr, n, n, d, size);
    }
}
"""


@cache
def _kernel(name: str, element: int) -> Any:
    return cupy.RawKernel(SOURCE, name, (f"-DBYTES={element}",))


def _launcher(name: str, dtype: Any, rows: int, size: int) -> Callable[..., None]:
    """A kernel for matrices of this shape, which are the last arguments of all of them."""
    kernel, threads = _kernel(name, dtype.itemsize), min(256, -(-size // 32) * 32)
    grid, block = (-(-size // threads), min(rows, 65535)), (threads,)
    return lambda *args: kernel(grid, block, (*args, rows, size))


def _fit(*arrays: Array) -> bool:
    """Whether the kernels are for these: of one dtype that they know, not empty."""
    dtype = arrays[0].dtype
    return dtype.char in "efd" and dtype.isnative and all(
        a.dtype == dtype and a.size for a in arrays
    )  # fmt: skip


def _plain(array: Array) -> Array:
    """The array, its elements one after the other in memory."""
    return array if array.flags.c_contiguous else cupy.ascontiguousarray(array)


def gru_steps(sums: Array, Wzr: Array, Wh: Array, s0: Array) -> Any:
    """Run through all steps."""
    if not _fit(sums, Wzr, Wh) or s0.dtype.kind != "f":
        return NotImplemented
    (count, batch, _), size, dtype = sums.shape, Wh.shape[0], sums.dtype
    sums, Wzr, Wh = _plain(sums), _plain(Wzr), _plain(Wh)
    states = cupy.empty((count + 1, batch, size), dtype)
    zr = cupy.empty((count, batch, 2 * size), dtype)
    h = cupy.empty((count, batch, size), dtype)
    product = cupy.empty((batch, 2 * size), dtype)
    reset, product_h = cupy.empty((2, batch, size), dtype)
    states[0] = s0
    open_gates = _launcher("gru_gates", dtype, batch, size)
    renew_state = _launcher("gru_state", dtype, batch, size)
    for t in range(count):
        first = t * batch
        cupy.dot(states[t], Wzr, out=product)
        open_gates(product, sums, states, zr, reset, first)
        cupy.dot(reset, Wh, out=product_h)
        renew_state(product_h, sums, zr, h, states, first)
    return states, zr, h


class _WayBack:
    """Back through so many rows of the arrays of all steps at a time: one step, or all of them."""

    def __init__(
        self, g: Array, states: Array, zr: Array, h: Array, Wzr: Array, Wh: Array, rows: int
    ) -> None:
        (_, self.batch, size), self.rows, dtype = h.shape, rows, h.dtype
        self.g, self.states, self.zr, self.h = g, states, zr, h
        self.turned_zr, self.turned_h = Wzr.T, Wh.T
        self.azr, self.ah, self.reset = (cupy.empty(a.shape, dtype) for a in (zr, h, h))
        self.azr_rows = self.azr.reshape(-1, rows, 2 * size)
        self.ah_rows = self.ah.reshape(-1, rows, size)
        self.by_reset, self.product = cupy.empty((2, rows, size), dtype)
        self.launch_candidate = _launcher("gru_back_to_candidate", dtype, rows, size)
        self.launch_reset = _launcher("gru_back_to_reset", dtype, rows, size)
        self.launch_start = _launcher("gru_back_to_start", dtype, self.batch, size)

    def to_sums(self, t: int, later_by_z: Array, by_z: Array, later: int, shift: int) -> None:
        """From the states after the steps to the sums in their gates."""
        first = t * self.batch
        self.launch_candidate(
            self.g, self.states, self.zr, self.h, later_by_z, self.by_reset, self.product,
            by_z, self.azr, self.ah, first, self.batch, later, shift,
        )  # fmt: skip
        cupy.dot(self.ah_rows[t], self.turned_h, out=self.by_reset)
        self.launch_reset(self.by_reset, self.states, self.zr, self.azr, self.reset, first)

    def to_states(self, t: int) -> None:
        """And on to the states before; the next kernel adds up what leads there."""
        cupy.dot(self.azr_rows[t], self.turned_zr, out=self.product)

    def to_start(self, by_z: Array) -> Array:
        start = cupy.empty_like(self.h[0])
        self.launch_start(self.g, self.zr, by_z, self.by_reset, self.product, start)
        return start


def gru_steps_adjoint(
    g: Array, states: Array, zr: Array, h: Array, Wzr: Array, Wh: Array, bp_lim: int | None
) -> Any:
    """Go back through the steps; one after the other, or all of them at once `bp_lim` times."""
    if not _fit(g, states, zr, h, Wzr, Wh):
        return NotImplemented
    (count, batch, size), dtype = h.shape, h.dtype
    rows = batch if bp_lim is None else count * batch
    g, states, zr, h, Wzr, Wh = (_plain(a) for a in (g, states, zr, h, Wzr, Wh))
    way = _WayBack(g, states, zr, h, Wzr, Wh, rows)
    by_z = cupy.empty((rows, size), dtype)
    if bp_lim is None:
        for t in reversed(range(count)):
            way.to_sums(t, by_z, by_z, batch if t < count - 1 else 0, 0)
            way.to_states(t)
        return way.azr, way.ah, way.reset, way.to_start(by_z)
    start, later_by_z = g[0].copy(), cupy.empty_like(by_z)  # which others read meanwhile
    for k in range(bp_lim + 1):
        if k:
            way.to_states(0)
            by_z, later_by_z = later_by_z, by_z
        if k and k == bp_lim:
            start = way.to_start(later_by_z)
        way.to_sums(0, later_by_z, by_z, rows - batch if k else 0, batch)
    return way.azr, way.ah, way.reset, start
