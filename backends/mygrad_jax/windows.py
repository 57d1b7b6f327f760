"""Looking at memory, and writing through what looks at it, with arrays that never change.

A window is an offset, a shape and strides, counted in elements of a flat array. In nearly all of
them, largest stride first, each step goes farther than all smaller ones together reach. Such a
window is nothing but cutting and reshaping: the n steps of s elements of the first axis are a piece
of the flat array of n * s elements, which is reshaped to (n, s); the next axis does the same within
the last axis, and so on. Other windows are gathered element by element.

`lax.pad` cuts where its widths are negative, and XLA turns all of this into slices and pads, while
programs are traced. Eagerly, offsets are operands of what is compiled: else a loop over the rows of
an array would compile a program for each.

While programs are traced nothing is written by `lax.dynamic_update_slice`, although a write then
costs a copy of the array: XLA's compiler for the CPU makes it in place, in one loop with what
computes the value, and does not always see that this reads what was written already (JAX 0.10.2:
``x[1:] += x[:-1]; x[:-1] *= x[1:]`` came out wrong, and about one random program in a hundred). The
value is put between what is before it and behind.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.core import Tracer

__all__ = ["add", "look", "put"]

Array = Any
Lengths = tuple[int, ...]
Axes = tuple[tuple[int, int], ...]


class Steps(NamedTuple):
    """A window on a flat array.

    Attributes
    ----------
    first
        Where its lowest element lies.
    axes
        (length, stride) of all axes that are longer than 1, largest stride first.
    order
        Which axes of the window these are.
    backwards
        Those of them that go downwards.
    """

    first: int
    axes: Axes
    order: Lengths
    backwards: Lengths

    @property
    def nest(self) -> bool:
        """Whether each step goes farther than all smaller ones together reach."""
        reach = 0
        for n, s in reversed(self.axes):
            if s <= reach:
                return False
            reach += (n - 1) * s
        return True


def steps_of(offset: int, shape: Lengths, strides: Lengths) -> Steps:
    long = [k for k, n in enumerate(shape) if n > 1 and strides[k]]
    order = sorted(long, key=lambda k: -abs(strides[k]))
    first = offset + sum((shape[k] - 1) * strides[k] for k in order if strides[k] < 0)
    axes = tuple((shape[k], abs(strides[k])) for k in order)
    return Steps(first, axes, tuple(order), tuple(j for j, k in enumerate(order) if strides[k] < 0))


def _cut(a: Array, before: int, behind: int) -> Array:
    """Zeros before and behind the last axis; where the numbers are negative, less of it."""
    if not before and not behind:
        return a
    return lax.pad(a, jnp.zeros((), a.dtype), [(0, 0, 0)] * (a.ndim - 1) + [(before, behind, 0)])


def _look(a: Array, first: int, axes: Axes) -> Array:
    for n, s in axes:
        a = _cut(a, -first, first + n * s - a.shape[-1])
        a, first = a.reshape(*a.shape[:-1], n, s), 0
    return lax.index_in_dim(a, first, axis=-1, keepdims=False)


def _spread(value: Array, first: int, axes: Axes, size: int) -> Array:
    """The transpose of `_look`: zeros of this size, with `value` in the window."""
    start, length = (0, axes[-1][1]) if axes else (first, size - first)
    value = _cut(value[..., None], start, length - 1)
    for k in reversed(range(len(axes))):
        (n, s), start = axes[k], 0 if k else first
        value = value.reshape(*value.shape[:-2], n * s)
        value = _cut(value, start, (axes[k - 1][1] if k else size) - start - n * s)
    return value


def _put(a: Array, first: int, axes: Axes, value: Array) -> Array:
    size = a.shape[-1]
    if axes:
        (n, s), *smaller = axes
        piece = _cut(a, -first, first + n * s - size).reshape(*a.shape[:-1], n, s)
        piece = _put(piece, 0, tuple(smaller), value).reshape(*a.shape[:-1], n * s)
        piece = _cut(piece, 0, min(0, size - first - n * s))
    else:
        piece = value[..., None]
    before, behind = _cut(a, 0, first - size), _cut(a, -first - piece.shape[-1], 0)
    return lax.concatenate([before, piece, behind], a.ndim - 1)


def _to_steps(value: Array, shape: Lengths, steps: Steps) -> Array:
    """What a window of this shape shows, with its axes in the order of their steps."""
    value = lax.transpose(
        value, (*steps.order, *(k for k in range(len(shape)) if k not in steps.order))
    )
    return lax.rev(value.reshape([n for n, _ in steps.axes]), steps.backwards)


def _from_steps(value: Array, shape: Lengths, steps: Steps) -> Array:
    """What `_to_steps` was given, from what it made of it."""
    value, kept = lax.rev(value, steps.backwards), sorted(steps.order)
    value = lax.transpose(value, [steps.order.index(k) for k in kept])
    return lax.broadcast_in_dim(value, shape, kept)


def _places(offset: int, shape: Lengths, strides: Lengths) -> Array:
    places = jnp.full((1,) * len(shape), offset)
    for k, (n, s) in enumerate(zip(shape, strides, strict=True)):
        axis = (1,) * k + (n,) + (1,) * (len(shape) - k - 1)
        places = places + (jnp.arange(n) * s).reshape(axis)
    return places


# --- while a program is traced, all is known but the elements -------------------------------------
@partial(jax.jit, static_argnums=(1, 2, 3), inline=True)
def _look_traced(array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    flat, steps = array.reshape(-1), steps_of(offset, shape, strides)
    if not steps.nest:
        return flat[_places(offset, shape, strides)]
    return _from_steps(_look(flat, steps.first, steps.axes), shape, steps)


@partial(jax.jit, static_argnums=(2, 3, 4), inline=True)
def _put_traced(
    array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths
) -> Array:
    flat, steps = array.reshape(-1), steps_of(offset, shape, strides)
    if steps.nest:
        flat = _put(flat, steps.first, steps.axes, _to_steps(value, shape, steps))
    else:
        flat = flat.at[_places(offset, shape, strides)].set(value)
    return flat.reshape(array.shape)


@partial(jax.jit, static_argnums=(2, 3, 4), inline=True)
def _add_traced(
    array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths
) -> Array:
    flat, steps = array.reshape(-1), steps_of(offset, shape, strides)
    if not steps.nest or prod(n for n, _ in steps.axes) != prod(shape):
        flat = flat.at[_places(offset, shape, strides)].add(value)
    else:
        flat = flat + _spread(_to_steps(value, shape, steps), steps.first, steps.axes, flat.size)
    return flat.reshape(array.shape)


# --- eagerly: one program for all offsets, so that loops over places compile it once --------------
def _piece(flat: Array, first: Array, steps: Steps) -> Array:
    """What the steps along the first axis reach, in rows, wherever they begin."""
    n, s = steps.axes[0]
    return lax.dynamic_slice_in_dim(_cut(flat, 0, s), first, n * s).reshape(n, s)


def _put_piece(flat: Array, first: Array, steps: Steps, value: Array) -> Array:
    if not steps.axes:
        return lax.dynamic_update_slice_in_dim(flat, value[None], first, axis=0)
    (n, s), *smaller = steps.axes
    piece = _put(_piece(flat, first, steps), 0, tuple(smaller), value).reshape(n * s)
    longer = lax.dynamic_update_slice_in_dim(_cut(flat, 0, s), piece, first, axis=0)
    return _cut(longer, 0, -s)


def _look_piece(flat: Array, first: Array, steps: Steps) -> Array:
    if not steps.axes:
        return lax.dynamic_index_in_dim(flat, first, keepdims=False)
    return _look(_piece(flat, first, steps), 0, steps.axes[1:])


@partial(jax.jit, static_argnums=(2, 3))
def _look_eagerly(array: Array, offset: Array, shape: Lengths, strides: Lengths) -> Array:
    flat, steps = array.reshape(-1), steps_of(0, shape, strides)
    if not steps.nest:
        return flat[_places(offset, shape, strides)]
    return _from_steps(_look_piece(flat, offset + steps.first, steps), shape, steps)


@partial(jax.jit, static_argnums=(3, 4, 5))
def _write_eagerly(
    array: Array, value: Array, offset: Array, shape: Lengths, strides: Lengths, adds: bool
) -> Array:
    flat, steps = array.reshape(-1), steps_of(0, shape, strides)
    if not steps.nest or (adds and prod(n for n, _ in steps.axes) != prod(shape)):
        places = flat.at[_places(offset, shape, strides)]
        flat = places.add(value) if adds else places.set(value)
    else:
        value, first = _to_steps(value, shape, steps), offset + steps.first
        if adds:
            value = _look_piece(flat, first, steps) + value
        flat = _put_piece(flat, first, steps, value)
    return flat.reshape(array.shape)


# --- what the adapter calls -----------------------------------------------------------------------
def look(array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """The elements that a window shows, `offset` and `strides` in elements."""
    if 0 in shape:
        return jnp.zeros(shape, array.dtype)
    if isinstance(array, Tracer) or prod(shape) == array.size:
        return _look_traced(array, offset, shape, strides)
    return _look_eagerly(array, offset, shape, strides)


def put(array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """`array` with `value`, of this shape, in the place of what a window shows."""
    if 0 in shape:
        return array
    if _is_traced(array, value) or prod(shape) == array.size:
        return _put_traced(array, value, offset, shape, strides)
    return _write_eagerly(array, value, offset, shape, strides, False)


def add(array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """`array` with `value`, of this shape, added to what a window shows; also in several places."""
    if 0 in shape:
        return array
    if _is_traced(array, value) or prod(shape) == array.size:
        return _add_traced(array, value, offset, shape, strides)
    return _write_eagerly(array, value, offset, shape, strides, True)


def _is_traced(*arrays: Array) -> bool:
    return any(isinstance(a, Tracer) for a in arrays)
