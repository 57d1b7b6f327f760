"""Taking elements at places along an axis, and the adjoint of `take_along_axis`: a launch each.

Places are wrapped around the axis, as CuPy does: seeing that one lies beyond it would mean waiting
for the device.
"""

from __future__ import annotations

from math import prod
from typing import Any

import cupy

from mygrad_cupy.determinism import is_deterministic
from mygrad_cupy.selections import WRAPPED

__all__ = ["take", "take_along_axis", "untake_along_axis"]

PLACE = """
    const long long q = i % inner, p = i / inner / count;
    const long long at = (p * length + wrapped(place, length)) * inner + q;
"""

_take_along = cupy.ElementwiseKernel(
    "raw T x, I place, int64 count, int64 length, int64 inner",
    "T out",
    f"{PLACE} out = x[at];",
    "mygrad_take_along_axis",
    preamble=WRAPPED,
)
_add_along = cupy.ElementwiseKernel(
    "T g, I place, int64 count, int64 length, int64 inner",
    "raw T out",
    f"{PLACE} atomicAdd(&out[at], g);",
    "mygrad_untake_along_axis",
    preamble=WRAPPED,
)


def take(a: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    """The elements (or slabs) at given places along an axis."""
    if mode not in ("raise", "wrap") or not _are_places(indices):
        return NotImplemented
    if axis is not None and (type(axis) is not int or not -a.ndim <= axis < a.ndim):
        return NotImplemented
    if 0 in a.shape:
        return NotImplemented
    return cupy.take(a, indices, axis)


def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    """Elements at places that are given for each line along an axis."""
    if not _match(arr.shape, indices, axis) or not arr.size:
        return NotImplemented
    axis %= arr.ndim
    sizes = indices.shape[axis], arr.shape[axis], prod(arr.shape[axis + 1 :])
    return _take_along(cupy.ascontiguousarray(arr), indices, *sizes)


def untake_along_axis(g: Any, indices: Any, axis: Any, shape: Any) -> Any:
    """Zeros of a shape, with `g` added at the places."""
    if g.dtype.char not in "fd" or is_deterministic():
        return NotImplemented
    if not _match(shape, indices, axis) or g.shape != indices.shape or 0 in shape:
        return NotImplemented
    axis %= len(shape)
    out = cupy.zeros(shape, g.dtype)
    _add_along(g, indices, indices.shape[axis], shape[axis], prod(shape[axis + 1 :]), out)
    return out


def _are_places(indices: Any) -> bool:
    return isinstance(indices, cupy.ndarray) and indices.dtype.kind in "iu"


def _match(shape: Any, indices: Any, axis: Any) -> bool:
    """Whether places for an array of this shape are its own along all axes but one."""
    if type(axis) is not int or not _are_places(indices) or indices.ndim != len(shape):
        return False
    if not -len(shape) <= axis < len(shape):
        return False
    axis %= len(shape)
    pairs = zip(shape, indices.shape, strict=True)
    return all(k == axis or n == m for k, (n, m) in enumerate(pairs))
