"""How kernels are written that compute one number from numbers, for real floats.

All operands and parameters are of one dtype; formulas are of numbers in which to compute, float32
for float16, and results are rounded once.
"""

from __future__ import annotations

from typing import Any

import cupy

__all__ = ["elementwise", "fits"]

WIDE = r"""
template <class T> struct Wide { typedef T type; };
template <> struct Wide<float16> { typedef float type; };

// The smaller and the larger of two numbers, and nan if one of them is.
template <class A> __device__ A smaller(A a, A b) { return a <= b || a != a ? a : b; }
template <class A> __device__ A larger(A a, A b) { return a >= b || a != a ? a : b; }
template <class A> __device__ A squared(A a) { return a * a; }
template <class A> __device__ A logistic(A x, A highest) {
    const A power = exp(smaller(x, highest));
    return power / (1 + power);
}
"""


def elementwise(name: str, inputs: str, formula: str) -> Any:
    """A kernel of arrays and numbers of one dtype T; the formula is of wide numbers, ``A(x)``."""
    return cupy.ElementwiseKernel(
        inputs,
        "T result",
        f"typedef typename Wide<T>::type A; result = T({formula});",
        f"mygrad_{name}",
        preamble=WIDE,
    )


def fits(*operands: Any) -> bool:
    """Whether these are arrays of one dtype of real floats, and numbers."""
    dtype = getattr(operands[0], "dtype", None)
    return (
        dtype is not None
        and dtype.kind == "f"
        and all(
            a.dtype == dtype if isinstance(a, cupy.ndarray) else type(a) in (int, float)
            for a in operands
        )
    )
