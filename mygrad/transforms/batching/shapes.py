"""Functions that give arrays another shape, or put them together."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

from mygrad.tensors.axes import axis_number
from mygrad.transforms.batching.array import BatchDependence, BatchedArray, batch_of
from mygrad.transforms.batching.axes import behind, every
from mygrad.transforms.batching.calls import Call, looped, rule

__all__: list[str] = []

Array = Any


def lengths(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple."""
    if isinstance(shape, (tuple, list)):
        return tuple(operator.index(k) for k in shape)
    return (operator.index(shape),)


def spaced(call: Call, x: Array) -> Any:
    """The functions for what is inside of an array."""
    return call.adapter.space(x.value)


def lifted(call: Call, x: Any) -> Array:
    """An operand that may be a plain array or a number."""
    adapter = call.adapter
    return x if isinstance(x, BatchedArray) else adapter.asarray(x)


@rule("reshape")
def reshape(call: Call, n: int, x: Array, shape: Any, *params: Any, **options: Any) -> Any:
    if call.primitive is not None:
        order, other, copy = params
        shape = other if shape is None else shape
        if order != "C" or shape is None or copy is False:
            return call.primitive.forward(x, shape, order, None, copy, xp=call.adapter.functions)
    shape = lengths(shape)
    if -1 in shape and 0 in (n, *x.shape):
        rest = prod(k for k in shape if k != -1)
        shape = tuple(prod(x.shape) // max(rest, 1) if k == -1 else k for k in shape)
    elif prod(shape) != prod(x.shape) and -1 not in shape:
        raise ValueError(f"an array of shape {x.shape} cannot be reshaped to {shape}")
    return call.adapter.wrapped(spaced(call, x).reshape(x.value, (n, *shape)), n)


@rule("permute_dims")
def permuted(call: Call, n: int, x: Array, axes: Any) -> Any:
    ndim = len(x.shape)
    moved = behind(tuple(axes), ndim, call.name)
    if sorted(moved) != list(every(ndim)):
        raise ValueError(f"permute_dims: axes {axes} do not name each of {ndim} axes once")
    return call.adapter.wrapped(spaced(call, x).permute_dims(x.value, (0, *moved)), n)


@rule("matrix_transpose")
def transposed(call: Call, n: int, x: Array) -> Any:
    if len(x.shape) < 2:
        raise ValueError("matrix_transpose: matrices have two axes")
    axes = (*range(len(x.shape) - 1), len(x.shape), len(x.shape) - 1)
    return call.adapter.wrapped(spaced(call, x).permute_dims(x.value, axes), n)


@rule("moveaxis")
def axes_moved(call: Call, n: int, x: Array, source: Any, destination: Any) -> Any:
    ndim = len(x.shape)
    places = behind(source, ndim, call.name), behind(destination, ndim, call.name)
    return call.adapter.wrapped(spaced(call, x).moveaxis(x.value, *places), n)


@rule("expand_dims")
def expanded(call: Call, n: int, x: Array, axis: Any = 0) -> Any:
    several = axis if isinstance(axis, (tuple, list)) else (axis,)
    ndim = len(x.shape) + len(several)
    new = behind(tuple(several), ndim, call.name)
    shape, rest = [n], iter(x.shape)
    for k in range(1, ndim + 1):
        shape.append(1 if k in new else next(rest))
    return call.adapter.wrapped(spaced(call, x).reshape(x.value, tuple(shape)), n)


@rule("squeeze")
def squeezed(call: Call, n: int, x: Array, axis: Any = None) -> Any:
    ndim = len(x.shape)
    if axis is None:
        axes: Any = tuple(k + 1 for k, m in enumerate(x.shape) if m == 1)
    else:
        axes = behind(axis if isinstance(axis, (tuple, list)) else (axis,), ndim, call.name)
    if any(x.shape[k - 1] != 1 for k in axes):
        raise ValueError(f"squeeze: an axis of {x.shape} that is not of length 1 stays")
    shape = (n, *(m for k, m in enumerate(x.shape, 1) if k not in axes))
    return call.adapter.wrapped(spaced(call, x).reshape(x.value, shape), n)


@rule("broadcast_to")
def broadcast(call: Call, n: int, x: Array, shape: Any) -> Any:
    shape, adapter = lengths(shape), call.adapter
    if len(shape) < len(x.shape):
        raise ValueError(f"an array of shape {x.shape} does not broadcast to {shape}")
    value = adapter.aligned(x, len(shape))
    return adapter.wrapped(spaced(call, x).broadcast_to(value, (n, *shape)), n)


@rule("broadcast_arrays")
def broadcast_together(call: Call, n: int, *arrays: Array) -> Any:
    shape: tuple[int, ...] = ()
    for x in arrays:
        both = max(len(shape), len(x.shape))
        pairs = zip(
            (1,) * (both - len(shape)) + shape, (1,) * (both - len(x.shape)) + x.shape, strict=True
        )
        shape = tuple(b if a == 1 else a for a, b in pairs)
    return [call.adapter.xp.broadcast_to(x, shape) for x in arrays]


@rule("flip")
def flipped(call: Call, n: int, x: Array, axis: Any = None) -> Any:
    axes = every(len(x.shape)) if axis is None else behind(axis, len(x.shape), call.name)
    axes = axes if isinstance(axes, tuple) else (axes,)
    return call.adapter.wrapped(call.along(x.value, axes), n)


@rule("roll")
def rolled(call: Call, n: int, x: Array, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        flat = call.adapter.functions.reshape(x, (-1,))
        shift = sum(shift) if isinstance(shift, tuple) else shift
        found = (
            call.along(flat.value, 1, shift)
            if call.primitive is None
            else call(flat.value, shift, 1)
        )
        found = call.adapter.wrapped(found, n)
        return call.adapter.functions.reshape(found, x.shape)
    axis = behind(axis, len(x.shape), call.name)
    found = (
        call(x.value, shift, axis=axis) if call.primitive is None else call(x.value, shift, axis)
    )
    return call.adapter.wrapped(found, n)


@rule("concat", "concatenate")
def joined(call: Call, n: int, arrays: Any, axis: Any = 0, edges: Any = ()) -> Any:
    adapter = call.adapter
    arrays = [lifted(call, x) for x in arrays]
    if axis is None:
        arrays, axis = [adapter.functions.reshape(x, (-1,)) for x in arrays], 0
    axis = behind(axis, len(arrays[0].shape), call.name)
    values = [adapter.whole(x, n) for x in arrays]
    return adapter.wrapped(adapter.space(*values).concat(values, axis=axis), n)


@rule("stack")
def stacked(call: Call, n: int, arrays: Any, axis: int = 0) -> Any:
    adapter = call.adapter
    arrays = [lifted(call, x) for x in arrays]
    axis = behind(axis, len(arrays[0].shape) + 1, call.name)
    if len({x.shape for x in arrays}) > 1:
        raise ValueError(f"stack: the shapes differ, {', '.join(str(x.shape) for x in arrays)}")
    values = [adapter.whole(x, n) for x in arrays]
    return adapter.wrapped(adapter.space(*values).stack(values, axis=axis), n)


@rule("unstack")
def unstacked(call: Call, n: int, x: Array, *, axis: int = 0) -> Any:
    axis = axis_number(axis, len(x.shape), call.name)
    return tuple(x[(*(slice(None),) * axis, k, ...)] for k in range(x.shape[axis]))


@rule("tile")
def tiled(call: Call, n: int, x: Array, reps: Any) -> Any:
    reps = lengths(reps)
    value = call.adapter.aligned(x, len(reps))
    reps = (1,) * (len(x.shape) - len(reps)) + reps
    return call.adapter.wrapped(call(value, (1, *reps)), n)


@rule("tril", "triu")
def triangle(call: Call, n: int, x: Array, *params: Any, **options: Any) -> Any:
    if len(x.shape) < 2:
        return looped(call, x, *params, **options)
    return call.adapter.wrapped(call(x.value, *params, **options), n)


@rule("repeat")
def repeated(call: Call, n: int, x: Array, repeats: Any, axis: Any = None) -> Any:
    if batch_of(repeats) is not None:
        raise BatchDependence(
            "repeat: `repeats` is another one for each example, so that the results would have "
            "several shapes; give one that is the same for all examples"
        )
    adapter = call.adapter
    if axis is None:
        x, axis = adapter.functions.reshape(x, (-1,)), 0
    axis = behind(axis, len(x.shape), call.name)
    if isinstance(repeats, BatchedArray):
        repeats = repeats.value
    if call.primitive is None:
        return adapter.wrapped(call(x.value, repeats, axis=axis), n)
    found, *residuals = call(x.value, repeats, axis)
    return (adapter.wrapped(found, n), *(adapter.wrapped(r, None) for r in residuals))


@rule("nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values", "argwhere",
      "flatnonzero", "extract", "compress")  # fmt: skip
def of_several_shapes(call: Call, n: int, *args: Any, **options: Any) -> Any:
    raise BatchDependence(
        f"{call.name} gives results whose shape depends on values, which is another one for each "
        f"example of a batch. Choose by mg.where(condition, a, b), or multiply by the mask"
    )
