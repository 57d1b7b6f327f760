"""Functions that go element by element: axes of length 1 behind the batch make examples fit."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import SCALARS
from mygrad.transforms.batching.array import BatchedArray, batch_of
from mygrad.transforms.batching.calls import ELEMENTWISE, Call, looped, rule

__all__ = ["elementwise"]

Array = Any


@rule(
    *"""
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert bitwise_left_shift
    bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp
    expm1 floor floor_divide greater greater_equal hypot imag invert isclose isfinite isinf isnan
    isneginf isposinf less less_equal log log10 log1p log2 logaddexp logical_and logical_not
    logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow real
    reciprocal remainder sign signbit sin sinh sqrt square subtract tan tanh trunc where gcd lcm
    ldexp angle isreal iscomplex left_shift right_shift spacing iscomplexobj
    """.split()
)
def elementwise(call: Call, n: int | None, *operands: Any, **options: Any) -> Any:
    """A function of operands that broadcast against one another."""
    adapter = call.adapter
    rank, n, tensors = 0, None, False
    for x in operands:
        if isinstance(x, BatchedArray):
            if x.n is not None:
                if n is not None and n != x.n:
                    batch_of(operands)  # which says what is wrong
                n = x.n
            rank = max(rank, len(x.shape))
        elif type(x) not in SCALARS:
            rank = max(rank, len(getattr(x, "shape", ())))
    values = []
    for x in operands:
        if isinstance(x, BatchedArray):
            x = adapter.aligned(x, rank) if len(x.shape) < rank else x.value
        tensors = tensors or isinstance(x, Handle)
        values.append(x)
    function = call.on_tensors if tensors else call._on_arrays
    return adapter.wrapped(function(*values, **options), n)


ELEMENTWISE.append(elementwise)


@rule("round", "copy", "zeros_like", "ones_like", "empty_like", "full_like", "astype", "asarray",
      "relu", "sigmoid", "leaky_relu", "elu", "selu", "hard_tanh", "soft_sign", "bessel_i",
      "focus", "nan_to_num")  # fmt: skip
def of_one(call: Call, n: int, x: Array, *params: Any, **options: Any) -> Any:
    """A function of one array, element by element, with parameters."""
    if batch_of(params) is not None:
        return looped(call, x, *params, **options)
    if call.name == "copy":
        return x  # it never changes
    if call.primitive is None and call.name == "asarray":
        options.pop("copy", None)
        return call.adapter.asarray(x, *params, **options)
    if call.primitive is None and call.name == "astype" and isinstance(x.value, Handle):
        options.pop("copy", None)
    return call.adapter.wrapped(call(x.value, *params, **options), n)
