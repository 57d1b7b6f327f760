"""Activation functions and their adjoints, element by element, in one launch each.

The portable formulas, with all that they read read once. float16 is computed in float32 and rounded
at the end. They are for real floats; the library does the rest.
"""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

__all__ = [
    "elu", "elu_adjoint", "hard_tanh", "hard_tanh_adjoint", "leaky_relu", "leaky_relu_adjoint",
    "relu_adjoint", "selu", "sigmoid", "sigmoid_adjoint", "soft_sign", "soft_sign_adjoint",
    "tanh_adjoint",
]  # fmt: skip

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # as in mygrad.nnet.activations

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


def _kernel(name: str, inputs: str, formula: str) -> Any:
    """A kernel of arrays and numbers of one dtype T; the formula is of wide numbers, ``A(x)``."""
    return cupy.ElementwiseKernel(
        inputs,
        "T result",
        f"typedef typename Wide<T>::type A; result = T({formula});",
        f"mygrad_{name}",
        preamble=WIDE,
    )


_exponential_unit = _kernel(
    "exponential_unit", "T x, T low, T high",
    "A(high) * larger(A(x), A(0)) + A(low) * expm1(smaller(A(x), A(0)))",
)  # fmt: skip
_exponential_slope = _kernel(
    "elu_adjoint", "T g, T x, T low, T high",
    "A(g) * (A(low) * (A(x) >= 0 ? A(0) : exp(A(x))) + A(high) * A(A(x) >= 0))",
)  # fmt: skip
_hard_tanh = _kernel("hard_tanh", "T x, T low, T high", "smaller(larger(A(x), A(low)), A(high))")
_hard_tanh_adjoint = _kernel(
    "hard_tanh_adjoint", "T g, T x, T low, T high",
    "A(x) > A(low) && A(x) < A(high) ? A(g) : A(0)",
)  # fmt: skip
_leaky_relu = _kernel("leaky_relu", "T x, T slope", "A(x) > 0 ? A(x) : A(slope) * A(x)")
_leaky_relu_adjoint = _kernel(
    "leaky_relu_adjoint", "T g, T x, T slope", "A(x) > 0 ? A(g) : A(slope) * A(g)"
)
_relu_adjoint = _kernel("relu_adjoint", "T g, T out", "A(out) > 0 ? A(g) : A(0)")
_sigmoid = _kernel("sigmoid", "T x, T highest", "logistic(A(x), A(highest))")
_sigmoid_adjoint = _kernel(
    "sigmoid_adjoint", "T g, T x, T out, T highest",
    "A(g) * (A(out) * logistic(-A(x), A(highest)))",
)  # fmt: skip
_soft_sign = _kernel("soft_sign", "T x", "A(x) / (1 + abs(A(x)))")
_soft_sign_adjoint = _kernel(
    "soft_sign_adjoint", "T g, T x", "A(g) / (1 + abs(A(x))) / (1 + abs(A(x)))"
)
_tanh_adjoint = _kernel(
    "tanh_adjoint", "T g, T x, T highest",
    "A(g) * squared(1 / cosh(smaller(larger(A(x), -A(highest)), A(highest))))",
)  # fmt: skip


def _fits(*operands: Any) -> bool:
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


def _highest(x: Any) -> float:
    """A power of e close below the largest number of the dtype of `x`."""
    return math.log(float(np.finfo(x.dtype).max)) - 1


def elu(x: Any, alpha: Any) -> Any:
    """Exponential linear unit."""
    return _exponential_unit(x, alpha, 1.0) if _fits(x, alpha) else NotImplemented


def selu(x: Any) -> Any:
    """Scaled exponential linear unit."""
    return _exponential_unit(x, SCALE * ALPHA, SCALE) if _fits(x) else NotImplemented


def elu_adjoint(g: Any, x: Any, low: Any, high: Any) -> Any:
    """The adjoint of both."""
    return _exponential_slope(g, x, low, high) if _fits(g, x, low, high) else NotImplemented


def hard_tanh(x: Any, lower_bound: Any = -1, upper_bound: Any = 1) -> Any:
    """`x`, limited to an interval."""
    if not _fits(x, lower_bound, upper_bound):
        return NotImplemented
    return _hard_tanh(x, lower_bound, upper_bound)


def hard_tanh_adjoint(g: Any, x: Any, lower_bound: Any, upper_bound: Any) -> Any:
    """Its adjoint."""
    if not _fits(g, x, lower_bound, upper_bound):
        return NotImplemented
    return _hard_tanh_adjoint(g, x, lower_bound, upper_bound)


def leaky_relu(x: Any, slope: Any) -> Any:
    """`x` where it is positive, and `slope` times `x` elsewhere."""
    return _leaky_relu(x, slope) if _fits(x, slope) else NotImplemented


def leaky_relu_adjoint(g: Any, x: Any, slope: Any) -> Any:
    """Its adjoint."""
    return _leaky_relu_adjoint(g, x, slope) if _fits(g, x, slope) else NotImplemented


def relu_adjoint(g: Any, out: Any) -> Any:
    """The adjoint of the rectified linear unit."""
    return _relu_adjoint(g, out) if _fits(g, out) else NotImplemented


def sigmoid(x: Any) -> Any:
    """Logistic sigmoid."""
    return _sigmoid(x, _highest(x)) if _fits(x) else NotImplemented


def sigmoid_adjoint(g: Any, x: Any, out: Any) -> Any:
    """Its adjoint."""
    return _sigmoid_adjoint(g, x, out, _highest(x)) if _fits(g, x, out) else NotImplemented


def soft_sign(x: Any) -> Any:
    """``x / (1 + |x|)``."""
    return _soft_sign(x) if _fits(x) else NotImplemented


def soft_sign_adjoint(g: Any, x: Any) -> Any:
    """Its adjoint."""
    return _soft_sign_adjoint(g, x) if _fits(g, x) else NotImplemented


def tanh_adjoint(g: Any, x: Any) -> Any:
    """The adjoint of the hyperbolic tangent."""
    return _tanh_adjoint(g, x, _highest(x)) if _fits(g, x) else NotImplemented
