"""What functions have to know of the dtype of their operands: complex numbers, float16."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from mygrad.arrays import Adapter

__all__ = ["floats", "highest_power", "in_float32", "is_complex", "is_narrow", "real_only"]


@cache
def _complex(adapter: Adapter, dtype: Any) -> bool:
    return adapter.xp.isdtype(dtype, "complex floating")


@cache
def _narrow(adapter: Adapter, dtype: Any) -> bool:
    return adapter.xp.isdtype(dtype, "real floating") and adapter.xp.finfo(dtype).bits < 32


@cache
def _highest_power(adapter: Adapter, dtype: Any) -> float:
    if not adapter.xp.isdtype(dtype, "real floating"):
        return 700.0
    return math.log(float(adapter.xp.finfo(dtype).max)) - 1


@cache
def _exact(adapter: Adapter, dtype: Any) -> bool:
    return adapter.xp.isdtype(dtype, ("integral", "bool"))


def is_complex(x: Any, xp: Any) -> bool:
    """Whether an operand, which may be a Python number, is of complex dtype."""
    dtype = getattr(x, "dtype", None)
    return type(x) is complex if dtype is None else _complex(xp.adapter, dtype)


def real_only(x: Any, xp: Any, name: str, instead: str = "") -> None:
    """Raise if `x` is complex: this function is for real numbers."""
    if is_complex(x, xp):
        raise TypeError(
            f"{name} is for real numbers, and was given an operand of dtype {x.dtype}"
            f"{'; ' * bool(instead)}{instead}"
        )


def floats(x: Any, xp: Any) -> Any:
    """Integers and booleans as float64, as NumPy averages them."""
    if _exact(xp.adapter, x.dtype):
        return xp.astype(x, xp.adapter.xp.float64)
    return x


def is_narrow(x: Any, xp: Any) -> bool:
    """Whether `x` is float16, in which more than 65,504 elements cannot be counted."""
    return _narrow(xp.adapter, x.dtype)


def in_float32(function: Callable[..., Any], x: Any, xp: Any, **options: Any) -> Any:
    """What a function that adds up makes of `x`; of float16 by way of float32."""
    if not is_narrow(x, xp):
        return function(x, **options)
    return xp.astype(function(xp.astype(x, xp.adapter.xp.float32), **options), x.dtype)


def highest_power(x: Any, xp: Any) -> float:
    """A power of e close below the largest number of the dtype of `x`."""
    dtype = getattr(x, "dtype", None)
    return 700.0 if dtype is None else _highest_power(xp.adapter, dtype)
