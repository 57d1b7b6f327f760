"""Matrix products of cuBLAS, as convolution needs them: one call, no copies, no tables of pointers.

`cupy.matmul` copies operands that are transposed, casts float16 to float32 where there is a stack
of matrices, and, where one matrix is multiplied with each of a stack, sends a table of pointers
from the host. cuBLAS itself takes transposed operands, any distance between the matrices of a
stack (zero, too), and adds products of float16 up in float32.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import cupy
import numpy as np
from cupy.cuda import runtime

__all__ = ["allow_tf32", "multiply", "tf32_allowed"]

_settings = {"tf32": os.environ.get("CUPY_TF32") == "1"}


def allow_tf32(allow: bool) -> None:
    """Let convolutions of float32 round their operands to 10 bits, for tensor cores.

    That is several times as fast, with relative errors of about 1e-3 in place of 1e-7. It is
    off at first, because NumPy computes in float32 proper, unless the environment variable
    ``CUPY_TF32`` is 1, which does the same for CuPy's own matrix products.

    Parameters
    ----------
    allow
        Whether to, from now on.

    Examples
    --------
    >>> import mygrad_cupy  # doctest: +SKIP
    >>> mygrad_cupy.allow_tf32(True)  # doctest: +SKIP
    """
    _settings["tf32"] = bool(allow)


def tf32_allowed() -> bool:
    """Whether convolutions of float32 may use TF32."""
    return _settings["tf32"]


_DATA = {"e": runtime.CUDA_R_16F, "f": runtime.CUDA_R_32F, "d": runtime.CUDA_R_64F}
_SCALARS = {char: np.array([1, 0], "d" if char == "d" else "f") for char in _DATA}
_ADDRESSES = {
    char: (pair.ctypes.data, pair.ctypes.data + pair.itemsize) for char, pair in _SCALARS.items()
}


@cache
def _cublas() -> Any:
    """CuPy's module for cuBLAS, which looks for the library."""
    from cupy.cuda import cublas

    return cublas


def multiply(a: Any, b: Any, out: Any, turn_a: bool = False, turn_b: bool = False) -> Any:
    """``out = a @ b``, for matrices or stacks of them, in one call.

    Parameters
    ----------
    a, b
        Matrices, or stacks of matrices (3 axes), C-contiguous and of one dtype: float16, float32
        or float64. A matrix goes with each of a stack.
    out
        Where the result goes: a matrix, or a stack. C-contiguous, of the same dtype, not empty.
    turn_a, turn_b
        Whether to multiply with the transposed matrices.

    Returns
    -------
    array
        `out`.
    """
    rows, columns = out.shape[-2:]
    inner = a.shape[-2] if turn_a else a.shape[-1]
    cublas, kind = _cublas(), out.dtype.char
    data, (one, zero) = _DATA[kind], _ADDRESSES[kind]
    compute = cublas.CUBLAS_COMPUTE_64F if kind == "d" else cublas.CUBLAS_COMPUTE_32F
    if kind == "f" and _settings["tf32"]:
        compute = cublas.CUBLAS_COMPUTE_32F_FAST_TF32
    count = out.shape[0] if out.ndim == 3 else 1
    steps = [m.shape[-2] * m.shape[-1] if m.ndim == 3 else 0 for m in (a, b, out)]
    # cuBLAS goes down columns: to it all three are transposed, so `b` comes first.
    cublas.gemmStridedBatchedEx(
        cupy.cuda.get_cublas_handle(), int(turn_b), int(turn_a), columns, rows, inner,
        one, b.data.ptr, data, b.shape[-1], steps[1],
        a.data.ptr, data, a.shape[-1], steps[0],
        zero, out.data.ptr, data, columns, steps[2],
        count, compute, cublas.CUBLAS_GEMM_DEFAULT,
    )  # fmt: skip
    return out
