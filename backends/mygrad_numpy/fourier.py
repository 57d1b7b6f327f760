"""Fourier transforms into memory that was used before.

For large arrays much of the time of a transform goes into fresh memory, which the operating system
clears page by page: the transforms write into memory of the pool.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from mygrad_numpy.pool import LARGE, fresh

__all__ = ["conjugate_half", "dft", "hermitian_dft", "real_dft"]

# The dtypes of transforms; of those in another byte order NumPy takes care.
_COMPLEX = {np.dtype(a): np.dtype(b) for a, b in (
    ("f4", "c8"), ("f8", "c16"), ("c8", "c8"), ("c16", "c16"),
)}  # fmt: skip


def _along(function: Any, x: Any, axis: int, n: int, norm: Any, dtype: Any, points: int) -> Any:
    """A transform along one axis; `points` is how many entries of `dtype` the result has there."""
    shape = (*x.shape[:axis], points, *x.shape[axis + 1 :])
    out = None
    if dtype is not None and prod(shape) * dtype.itemsize >= LARGE:
        out = fresh(shape, dtype)
    return function(x, n, axis, norm, out)


def _over(function: Any, x: Any, axes: Any, lengths: Any, norm: Any) -> Any:
    """Complex transforms along axes, the last one first."""
    dtype = _COMPLEX.get(x.dtype)
    given = x
    for axis, n in zip(axes[::-1], lengths[::-1], strict=True):
        if x is not given and x.shape[axis] == n:
            x = function(x, n, axis, norm, x)
        else:
            x = _along(function, x, axis, n, norm, dtype, n)
    return x


def dft(x: Any, axes: Any, lengths: Any, norm: Any = None, inverse: bool = False) -> Any:
    """The complex transform."""
    return _over(np.fft.ifft if inverse else np.fft.fft, x, axes, lengths, norm)


def real_dft(x: Any, axes: Any, lengths: Any, norm: Any = None) -> Any:
    """The half of the transform of real numbers."""
    if x.dtype.kind == "c":
        return NotImplemented  # what is wrong is said there
    n, dtype = lengths[-1], _COMPLEX.get(x.dtype)
    half = _along(np.fft.rfft, x, axes[-1], n, norm, dtype, n // 2 + 1)
    for axis, m in zip(axes[-2::-1], lengths[-2::-1], strict=True):
        if half.shape[axis] == m:
            half = np.fft.fft(half, m, axis, norm, half)
        else:
            half = _along(np.fft.fft, half, axis, m, norm, dtype, m)
    return half


def hermitian_dft(x: Any, axes: Any, lengths: Any, norm: Any = None) -> Any:
    """Real numbers from the half of their transform."""
    x = _over(np.fft.ifft, x, axes[:-1], lengths[:-1], norm)
    dtype = _COMPLEX.get(x.dtype)
    real = None if dtype is None else np.dtype(f"f{dtype.itemsize // 2}")
    return _along(np.fft.irfft, x, axes[-1], lengths[-1], norm, real, lengths[-1])


def conjugate_half(g: Any, n: int, axis: int, middle: float) -> Any:
    """The conjugate of one half of a spectrum, weighted: one pass over its real numbers."""
    if axis % g.ndim != g.ndim - 1 or not g.flags.c_contiguous or g.dtype not in _COMPLEX:
        return NotImplemented
    real = np.dtype(f"f{g.itemsize // 2}")
    weights = np.full((g.shape[-1], 2), middle, real)
    weights[0] = 1.0
    if n % 2 == 0:
        weights[n // 2 :] = 1.0
    weights[:, 1] *= -1
    out = fresh(g.shape, g.dtype)
    np.multiply(g.view(real), weights.reshape(-1), out=out.view(real))
    return out
