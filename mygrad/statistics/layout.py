"""How the functions of this room lay out what they reduce, and hand over their results."""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.namespace import registry
from mygrad.tensor_manip.array_shape import reshape
from mygrad.tensor_manip.transpose_like import transpose
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import astensor

__all__ = [
    "adapter_of_tensor", "axes_of", "cast", "delivered", "is_floating", "present", "rows_of",
    "without_axes",
]  # fmt: skip


def adapter_of_tensor(t: Any) -> Adapter:
    """The adapter of the library that a tensor is on."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    return adapter


def cast(t: Any, dtype: Any) -> Any:
    """A tensor in another dtype; what is constant stays so, integers included."""
    return registry["astype"](t, dtype, constant=True if t.constant else None)


def axes_of(axis: Any, ndim: int, name: str) -> tuple[int, ...]:
    """The axes that are reduced, as numbers from 0; None stands for all."""
    if axis is None:
        return tuple(range(ndim))
    named = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(axis_number(k, ndim, name) for k in named)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{name}: axis={axis} names an axis twice")
    return axes


def rows_of(t: Any, axes: tuple[int, ...]) -> Any:
    """A tensor with all that is reduced along its last axis, and the other axes in front."""
    kept = tuple(k for k in range(t.ndim) if k not in axes)
    order = kept + axes
    if order != tuple(range(t.ndim)):
        t = transpose(t, order)
    if len(axes) == 1:
        return t
    lengths = t.shape[: len(kept)]
    return reshape(t, (*lengths, prod(t.shape[len(kept) :])))


def without_axes(t: Any, axes: tuple[int, ...], shape: tuple[int, ...], keepdims: bool) -> Any:
    """What rows were reduced to, with the axes that are gone as axes of length 1 if wanted."""
    if not keepdims:
        return t
    gone = tuple(1 if k in axes else n for k, n in enumerate(shape))
    front = t.shape[: t.ndim - len(shape) + len(axes)]
    return reshape(t, (*front, *gone))


def delivered(result: Any, out: Any, constant: bool | None, name: str) -> Any:
    """A result, in ``out=`` if that is given, and constant or not as was asked for."""
    if out is None:
        return astensor(result, constant=constant)
    return write_result(out, result, name, constant=constant)


def is_floating(t: Any) -> bool:
    """Whether a tensor is of a dtype that has NaN."""
    found: bool = adapter_of_tensor(t).xp.isdtype(t.dtype, ("real floating", "complex floating"))
    return found


def present(array: Any, library: Any) -> Any:
    """How many elements of each row are not NaN."""
    there = library.astype(~library.isnan(array), library.int64)
    return library.sum(there, axis=-1, keepdims=True)
