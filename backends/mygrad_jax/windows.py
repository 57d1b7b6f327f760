"""Looking at memory, and writing through what looks at it, with arrays that never change.

A window is an offset, a shape and strides, counted in elements of a flat array: see `steps`.

Eagerly, offsets are operands of what is compiled: else a loop over the rows of an array would
compile a program for each. While programs are traced all is known but the elements: see
`forwarding`.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.core import Tracer

from mygrad_jax import forwarding
from mygrad_jax.steps import (
    Lengths,
    Steps,
    cut,
    from_steps,
    places_of,
    steps_of,
    to_steps,
    trace_state,
)
from mygrad_jax.steps import look as look_at
from mygrad_jax.steps import put as put_into

__all__ = ["add", "is_traced", "look", "put"]

Array = Any

with jax.ensure_compile_time_eval():  # it may be that a program is traced already
    _EAGER = trace_state()


# --- eagerly: one program for all offsets, so that loops over places compile it once --------------
def _piece(flat: Array, first: Array, steps: Steps) -> Array:
    """What the steps along the first axis reach, in rows, wherever they begin."""
    n, s = steps.axes[0]
    return lax.dynamic_slice_in_dim(cut(flat, 0, s), first, n * s).reshape(n, s)


def _put_piece(flat: Array, first: Array, steps: Steps, value: Array) -> Array:
    if not steps.axes:
        return lax.dynamic_update_slice_in_dim(flat, value[None], first, axis=0)
    (n, s), *smaller = steps.axes
    piece = put_into(_piece(flat, first, steps), 0, tuple(smaller), value).reshape(n * s)
    longer = lax.dynamic_update_slice_in_dim(cut(flat, 0, s), piece, first, axis=0)
    return cut(longer, 0, -s)


def _look_piece(flat: Array, first: Array, steps: Steps) -> Array:
    if not steps.axes:
        return lax.dynamic_index_in_dim(flat, first, keepdims=False)
    return look_at(_piece(flat, first, steps), 0, steps.axes[1:])


@partial(jax.jit, static_argnums=(2, 3))
def _look_eagerly(array: Array, offset: Array, shape: Lengths, strides: Lengths) -> Array:
    flat, steps = array.reshape(-1), steps_of(0, shape, strides)
    if not steps.nest:
        return flat[places_of(offset, shape, strides)]
    return from_steps(_look_piece(flat, offset + steps.first, steps), shape, steps)


@partial(jax.jit, static_argnums=(3, 4, 5))
def _write_eagerly(
    array: Array, value: Array, offset: Array, shape: Lengths, strides: Lengths, adds: bool
) -> Array:
    flat, steps = array.reshape(-1), steps_of(0, shape, strides)
    if not steps.nest or (adds and prod(n for n, _ in steps.axes) != prod(shape)):
        places = flat.at[places_of(offset, shape, strides)]
        flat = places.add(value) if adds else places.set(value)
    else:
        value, first = to_steps(value, shape, steps), offset + steps.first
        if adds:
            value = _look_piece(flat, first, steps) + value
        flat = _put_piece(flat, first, steps, value)
    return flat.reshape(array.shape)


@partial(jax.jit, static_argnums=(1, 2, 3))
def _look_at_all(array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    return forwarding.looked_at(array, offset, shape, strides)


@partial(jax.jit, static_argnums=(2, 3, 4, 5))
def _write_to_all(
    array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths, adds: bool
) -> Array:
    write = forwarding.added if adds else forwarding.written
    return write(array, value, offset, shape, strides)


# --- what the adapter calls -----------------------------------------------------------------------
def look(array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """The elements that a window shows, `offset` and `strides` in elements."""
    if 0 in shape:
        return jnp.zeros(shape, array.dtype)
    if is_traced(array):
        return forwarding.look(array, offset, shape, strides)
    if prod(shape) == array.size:
        return _look_at_all(array, offset, shape, strides)
    return _look_eagerly(array, offset, shape, strides)


def put(array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """`array` with `value`, of this shape, in the place of what a window shows."""
    if 0 in shape:
        return array
    if is_traced(array, value):
        return forwarding.put(array, value, offset, shape, strides)
    if prod(shape) == array.size:
        return _write_to_all(array, value, offset, shape, strides, False)
    return _write_eagerly(array, value, offset, shape, strides, False)


def add(array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """`array` with `value`, of this shape, added to what a window shows; also in several places."""
    if 0 in shape:
        return array
    if is_traced(array, value):
        return forwarding.add(array, value, offset, shape, strides)
    if prod(shape) == array.size:
        return _write_to_all(array, value, offset, shape, strides, True)
    return _write_eagerly(array, value, offset, shape, strides, True)


def is_traced(*arrays: Array) -> bool:
    """Whether what is computed from these arrays is not computed now."""
    return any(isinstance(a, Tracer) for a in arrays) or trace_state() != _EAGER
