"""Softmax and its logarithm, and their adjoints, in one launch each.

A row, which is what lies along the axes, belongs to a team of threads (see `rows`) that goes over
it two or three times: by the second time it is in the cache. Axes that follow one another make rows
as they are, also where rows lie side by side, as those of the channels of images do.
"""

from __future__ import annotations

from math import prod
from typing import Any

import cupy

from mygrad_cupy.c_types import c_type, wide
from mygrad_cupy.rows import launch_rows, row_kernel

__all__ = ["logsoftmax", "logsoftmax_adjoint", "softmax", "softmax_adjoint"]

FORWARD = r"""
__device__ A largest(const T *x, long long length, long long step, int me, int team) {
    A top = (A)x[0];
    for (long long k = me; k < length; k += team) top = Larger()(top, (A)x[k * step]);
    return gathered(top, team, Larger());
}

extern "C" __global__ void softmax(
    const T *x, T *out, long long rows, long long length, long long inner, int team
) {
    FOR_EACH_ROW {
        THIS_ROW
        const long long start = row / inner * length * inner + row % inner;
        const A top = largest(x + start, length, inner, me, team);
        A total = 0;
        for (long long k = me; k < length; k += team) total += exp((A)x[start + k * inner] - top);
        total = gathered(total, team, Add());
        if (!live) continue;
        for (long long k = me; k < length; k += team)
            out[start + k * inner] = (T)(exp((A)x[start + k * inner] - top) / total);
    }
}

extern "C" __global__ void logsoftmax(
    const T *x, T *out, long long rows, long long length, long long inner, int team
) {
    FOR_EACH_ROW {
        THIS_ROW
        const long long start = row / inner * length * inner + row % inner;
        const A top = largest(x + start, length, inner, me, team);
        A total = 0, others = 0;
        for (long long k = me; k < length; k += team) {
            const A shifted = (A)x[start + k * inner] - top, power = exp(shifted);
            total += power;
            if (shifted < 0) others += power;
        }
        total = gathered(total, team, Add());
        others = gathered(others, team, Add());
        if (!live) continue;
        // Where there is but one largest score, it is close to 0: the logarithm of 1 + the others.
        const A logarithm = total >= (A)1.5 ? log(total) : log1p(others);
        for (long long k = me; k < length; k += team)
            out[start + k * inner] = (T)((A)x[start + k * inner] - top - logarithm);
    }
}
"""

ADJOINT = r"""
extern "C" __global__ void softmax_adjoint(
    const T *g, const T *out, T *adjoint,
    long long rows, long long length, long long inner, int team
) {
    FOR_EACH_ROW {
        THIS_ROW
        const long long start = row / inner * length * inner + row % inner;
        A along = 0;
        for (long long k = me; k < length; k += team)
            along += (A)g[start + k * inner] * (A)out[start + k * inner];
        along = gathered(along, team, Add());
        if (!live) continue;
        for (long long k = me; k < length; k += team) {
            const long long at = start + k * inner;
            adjoint[at] = (T)((A)out[at] * ((A)g[at] - along));
        }
    }
}

extern "C" __global__ void logsoftmax_adjoint(
    const T *g, const T *out, T *adjoint,
    long long rows, long long length, long long inner, int team
) {
    FOR_EACH_ROW {
        THIS_ROW
        const long long start = row / inner * length * inner + row % inner;
        A total = 0;
        for (long long k = me; k < length; k += team) total += (A)g[start + k * inner];
        total = gathered(total, team, Add());
        if (!live) continue;
        for (long long k = me; k < length; k += team) {
            const long long at = start + k * inner;
            adjoint[at] = (T)((A)g[at] - exp((A)out[at]) * total);
        }
    }
}
"""

FEW_ROWS, LONG_ROW = 32, 1 << 16
"""Fewer and longer rows are left to reductions that spread a row over the whole device."""


def softmax(x: Any, axis: Any = -1) -> Any:
    """Exponentials, divided by their sum along the axes."""
    return _along("softmax", FORWARD, (x,), axis)


def logsoftmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of the softmax."""
    return _along("logsoftmax", FORWARD, (x,), axis)


def softmax_adjoint(g: Any, out: Any, axis: Any) -> Any:
    """The adjoint of what the softmax was taken of."""
    return _along("softmax_adjoint", ADJOINT, (g, out), axis)


def logsoftmax_adjoint(g: Any, out: Any, axis: Any) -> Any:
    """The adjoint of what the logarithm of the softmax was taken of."""
    return _along("logsoftmax_adjoint", ADJOINT, (g, out), axis)


def _along(name: str, source: str, operands: tuple[Any, ...], axis: Any) -> Any:
    """Run a kernel on operands of one shape, with rows along the axes."""
    dtype, shape = operands[0].dtype, operands[0].shape
    if dtype.kind != "f" or any(a.dtype != dtype or a.shape != shape for a in operands):
        return NotImplemented
    axes = _numbered(axis, len(shape))
    if axes is None or not shape or 0 in shape:
        return NotImplemented
    length = prod(shape[k] for k in axes)
    rows = prod(shape) // length
    if rows < FEW_ROWS and length > LONG_ROW:
        return NotImplemented
    if axes != tuple(range(axes[0], axes[-1] + 1)):
        return NotImplemented
    inner = prod(shape[axes[-1] + 1 :])
    operands = tuple(cupy.ascontiguousarray(a) for a in operands)
    out = cupy.empty(shape, dtype)
    kernel = row_kernel(name, source, T=c_type(dtype), A=c_type(wide(dtype)))
    launch_rows(kernel, rows, length, inner, (*operands, out))
    return out


def _numbered(axis: Any, ndim: int) -> tuple[int, ...] | None:
    """The axes as numbers from 0, in order; None if they are not what a kernel knows."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    if any(type(k) is not int or not -ndim <= k < ndim for k in axes):
        return None
    numbers = sorted({k % ndim for k in axes})
    return tuple(numbers) if len(numbers) == len(axes) and numbers else None
