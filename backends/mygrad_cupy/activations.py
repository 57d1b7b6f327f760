"""Activation functions and their adjoints, element by element, in one launch each.

The portable formulas, with all that they read read once. Integers and complex numbers are left to
the portable functions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mygrad_cupy.elementwise import elementwise, fits

__all__ = [
    "elu", "elu_adjoint", "hard_tanh", "hard_tanh_adjoint", "leaky_relu", "leaky_relu_adjoint",
    "relu_adjoint", "selu", "sigmoid", "sigmoid_adjoint", "soft_sign", "soft_sign_adjoint",
    "tanh_adjoint",
]  # fmt: skip

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # as in mygrad.nnet.activations

_exponential_unit = elementwise(
    "exponential_unit", "T x, T low, T high",
    "A(high) * larger(A(x), A(0)) + A(low) * expm1(smaller(A(x), A(0)))",
)  # fmt: skip
_exponential_slope = elementwise(
    "elu_adjoint", "T g, T x, T low, T high",
    "A(g) * (A(low) * (A(x) >= 0 ? A(0) : exp(A(x))) + A(high) * A(A(x) >= 0))",
)  # fmt: skip
_hard_tanh = elementwise(
    "hard_tanh", "T x, T low, T high", "smaller(larger(A(x), A(low)), A(high))"
)
_hard_tanh_adjoint = elementwise(
    "hard_tanh_adjoint", "T g, T x, T low, T high",
    "A(x) > A(low) && A(x) < A(high) ? A(g) : A(0)",
)  # fmt: skip
_leaky_relu = elementwise("leaky_relu", "T x, T slope", "A(x) > 0 ? A(x) : A(slope) * A(x)")
_leaky_relu_adjoint = elementwise(
    "leaky_relu_adjoint", "T g, T x, T slope", "A(x) > 0 ? A(g) : A(slope) * A(g)"
)
_relu_adjoint = elementwise("relu_adjoint", "T g, T out", "A(out) > 0 ? A(g) : A(0)")
_sigmoid = elementwise("sigmoid", "T x, T highest", "logistic(A(x), A(highest))")
_sigmoid_adjoint = elementwise(
    "sigmoid_adjoint", "T g, T x, T out, T highest",
    "A(g) * (A(out) * logistic(-A(x), A(highest)))",
)  # fmt: skip
_soft_sign = elementwise("soft_sign", "T x", "A(x) / (1 + abs(A(x)))")
_soft_sign_adjoint = elementwise(
    "soft_sign_adjoint", "T g, T x", "A(g) / (1 + abs(A(x))) / (1 + abs(A(x)))"
)
_tanh_adjoint = elementwise(
    "tanh_adjoint", "T g, T x, T highest",
    "A(g) * squared(1 / cosh(smaller(larger(A(x), -A(highest)), A(highest))))",
)  # fmt: skip


def _highest(x: Any) -> float:
    """A power of e close below the largest number of the dtype of `x`."""
    return math.log(float(np.finfo(x.dtype).max)) - 1


def elu(x: Any, alpha: Any) -> Any:
    """Exponential linear unit."""
    return _exponential_unit(x, alpha, 1.0) if fits(x, alpha) else NotImplemented


def selu(x: Any) -> Any:
    """Scaled exponential linear unit."""
    return _exponential_unit(x, SCALE * ALPHA, SCALE) if fits(x) else NotImplemented


def elu_adjoint(g: Any, x: Any, low: Any, high: Any) -> Any:
    """The adjoint of both."""
    return _exponential_slope(g, x, low, high) if fits(g, x, low, high) else NotImplemented


def hard_tanh(x: Any, lower_bound: Any = -1, upper_bound: Any = 1) -> Any:
    """`x`, limited to an interval."""
    if not fits(x, lower_bound, upper_bound):
        return NotImplemented
    return _hard_tanh(x, lower_bound, upper_bound)


def hard_tanh_adjoint(g: Any, x: Any, lower_bound: Any, upper_bound: Any) -> Any:
    """Its adjoint."""
    if not fits(g, x, lower_bound, upper_bound):
        return NotImplemented
    return _hard_tanh_adjoint(g, x, lower_bound, upper_bound)


def leaky_relu(x: Any, slope: Any) -> Any:
    """`x` where it is positive, and `slope` times `x` elsewhere."""
    return _leaky_relu(x, slope) if fits(x, slope) else NotImplemented


def leaky_relu_adjoint(g: Any, x: Any, slope: Any) -> Any:
    """Its adjoint."""
    return _leaky_relu_adjoint(g, x, slope) if fits(g, x, slope) else NotImplemented


def relu_adjoint(g: Any, out: Any) -> Any:
    """The adjoint of the rectified linear unit."""
    return _relu_adjoint(g, out) if fits(g, out) else NotImplemented


def sigmoid(x: Any) -> Any:
    """Logistic sigmoid."""
    return _sigmoid(x, _highest(x)) if fits(x) else NotImplemented


def sigmoid_adjoint(g: Any, x: Any, out: Any) -> Any:
    """Its adjoint."""
    return _sigmoid_adjoint(g, x, out, _highest(x)) if fits(g, x, out) else NotImplemented


def soft_sign(x: Any) -> Any:
    """``x / (1 + |x|)``."""
    return _soft_sign(x) if fits(x) else NotImplemented


def soft_sign_adjoint(g: Any, x: Any) -> Any:
    """Its adjoint."""
    return _soft_sign_adjoint(g, x) if fits(g, x) else NotImplemented


def tanh_adjoint(g: Any, x: Any) -> Any:
    """The adjoint of the hyperbolic tangent."""
    return _tanh_adjoint(g, x, _highest(x)) if fits(g, x) else NotImplemented
