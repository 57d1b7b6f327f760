"""An adapter for array-api-strict: what mygrad computes there needs nothing but the standard.

The namespace is array-api-strict itself, unwrapped, so that every function that mygrad calls,
and how it calls it, is checked against the standard. Only the hooks, which lie outside of the
standard, look through at the NumPy array inside.
"""

from __future__ import annotations

import warnings
from typing import Any

import array_api_strict as xp
import numpy as np
from array_api_strict._array_object import Array

from mygrad.arrays import Adapter, get_adapter
from mygrad.arrays.portable import HostGenerator

__all__ = ["adapter"]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of drafts of the standard
    xp.set_array_api_strict_flags(
        api_version="2025.12" if hasattr(xp, "isin") else "2024.12"
    )


def _inside(value: Any) -> Any:
    """The same value, or index, with NumPy arrays in place of strict ones."""
    if isinstance(value, tuple):
        return tuple(_inside(v) for v in value)
    return value._array if isinstance(value, Array) else value


def _numpy_dtype(dtype: Any) -> Any:
    return getattr(dtype, "_np_dtype", dtype)


class StrictAdapter(Adapter):
    """Arrays of array-api-strict, which are NumPy's behind a wall."""

    name = "array-api-strict"
    array_types = (Array,)
    xp = xp
    elements_are_copies = True

    def from_host(self, array: Any, device: Any = None) -> Any:
        return xp.asarray(np.array(array), device=device)

    def to_host(self, array: Any) -> Any:
        return array._array.copy()

    def parse_device(self, device: Any) -> Any:
        return xp.Device(device) if isinstance(device, str) else device

    def address(self, array: Any) -> int:
        return array._array.ctypes.data

    def strides(self, array: Any) -> tuple[int, ...]:
        return array._array.strides

    def window(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        seen = get_adapter("numpy").window(array._array, offset, shape, strides)
        return Array._new(seen, device=array.device)

    def allocate(self, shape: Any, strides: Any, dtype: Any, device: Any) -> Any:
        memory = get_adapter("numpy").allocate(shape, strides, _numpy_dtype(dtype), "cpu")
        return Array._new(memory, device=device)

    def owner(self, array: Any) -> Any:
        return get_adapter("numpy").owner(array._array)

    def is_view(self, result: Any, source: Any) -> bool:
        inside = result._array
        return inside is source._array or get_adapter("numpy").is_view(inside, source._array)

    def overlaps(self, a: Any, b: Any) -> bool:
        return get_adapter("numpy").overlaps(a._array, b._array)

    def assign(self, target: Any, index: Any, value: Any) -> Any:
        target._array[_inside(index)] = _inside(value)
        return target

    def can_cast(self, source: Any, target: Any) -> bool:
        return np.can_cast(_numpy_dtype(source), _numpy_dtype(target), "same_kind")

    def scatter_add(self, target: Any, index: Any, values: Any) -> Any:
        np.add.at(target._array, _inside(index), _inside(values))
        return target

    def rng(self, seed: Any = None) -> Any:
        return HostGenerator(self, seed)


def _take_diagonals(x: Any, subscripts: str, target: str) -> Any:
    # NumPy's `diagonal`, behind that of the standard, is a view that cannot be written to.
    seen = np.einsum(f"{subscripts}->{target}", x._array)
    return Array._new(seen, device=x.device)


adapter = StrictAdapter()
adapter.kernels["take_diagonals"] = _take_diagonals

