"""What programs on the arrays of any library ask for in one way, and the standard leaves out."""

from __future__ import annotations

from typing import Any

from mygrad.arrays.protocol import Adapter

__all__ = ["add_part", "device_of", "is_true"]


def device_of(x: Any) -> Any:
    """The device of an array or a tensor, as its library takes it; None while JAX traces it."""
    return getattr(getattr(x, "_data", x), "device", None)


def is_true(adapter: Adapter, condition: Any, unknown: bool) -> bool:
    """The truth of a raw 0-d array; `unknown` while a program is traced, and nobody knows it."""
    return bool(condition) if adapter.knows(condition) else unknown


def add_part(adapter: Adapter, target: Any, index: Any, values: Any) -> Any:
    """``target[index] += values``, without arrays in the index; returns as `Adapter.assign`."""
    if not adapter.has_views:
        return adapter.assign(target, index, target[index] + values)
    target[index] += values
    return target
