"""Windows on flat memory as what they are made of: cutting and reshaping.

A window is an offset, a shape and strides, counted in elements of a flat array. In nearly all of
them, largest stride first, each step goes farther than all smaller ones together reach. Such a
window is nothing but cutting and reshaping: the n steps of s elements of the first axis are a piece
of the flat array of n * s elements, which is reshaped to (n, s); the next axis does the same within
the last axis, and so on. Other windows are gathered element by element.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

try:  # which trace this is
    from jax.extend.core import get_opaque_trace_state as trace_state
except ImportError:  # before JAX 0.8
    from jax.core import get_opaque_trace_state as trace_state

__all__ = [
    "Axes", "Lengths", "Steps", "cut", "from_steps", "look", "places_of", "put", "spread",
    "steps_of", "to_steps", "trace_state",
]  # fmt: skip

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


def cut(a: Array, before: int, behind: int) -> Array:
    """Zeros before and behind the last axis; where the numbers are negative, less of it."""
    if before < 0 or behind < 0:
        first, last = max(0, -before), a.shape[-1] - max(0, -behind)
        a = lax.slice_in_dim(a, first, last, axis=-1)
    edges = max(0, before), max(0, behind), 0
    if not any(edges):
        return a
    return lax.pad(a, np.zeros((), a.dtype), [(0, 0, 0)] * (a.ndim - 1) + [edges])


def merged(axes: Axes) -> Axes:
    """The same elements along as few axes as can be: those without gaps between are one."""
    found: list[tuple[int, int]] = []
    for n, s in axes:
        if found and found[-1][1] == n * s:
            n *= found.pop()[0]
        found.append((n, s))
    return tuple(found)


def _begin(first: int, axes: Axes) -> int:
    """Where the steps of the first axis begin, so that what lies within each is not torn apart: at
    a multiple of the step, if that can be."""
    (_, s), *inner = axes
    within = first % s
    return first - within if within + sum((n - 1) * t for n, t in inner) < s else first


def look(a: Array, first: int, axes: Axes) -> Array:
    """What a window along the last axis shows, its axes in the place of that."""
    fewer, rest = merged(axes), a.shape[:-1]
    for k, (n, s) in enumerate(fewer):
        begin = _begin(first, fewer[k:])
        a = cut(a, -begin, begin + n * s - a.shape[-1])
        a, first = a.reshape(*a.shape[:-1], n, s) if s > 1 else a, first - begin
    if not fewer or fewer[-1][1] > 1:
        a = lax.index_in_dim(a, first, axis=-1, keepdims=False)
    return a if fewer == axes else a.reshape([*rest, *(n for n, _ in axes)])


def spread(value: Array, first: int, axes: Axes, size: int) -> Array:
    """The transpose of `look`: zeros of this size, with `value` in the window."""
    fewer = merged(axes)
    places: list[tuple[int, int]] = []  # of each axis: where it begins in so many elements
    for k, (_, s) in enumerate(fewer):
        begin = _begin(first, fewer[k:])
        places.append((begin, size))
        first, size = first - begin, s
    value = cut(value.reshape([*(n for n, _ in fewer), 1]), first, size - 1 - first)
    for (n, s), (begin, size) in zip(reversed(fewer), reversed(places), strict=True):
        value = value.reshape(*value.shape[:-2], n * s)
        value = cut(value, begin, size - begin - n * s)
    return value


def put(a: Array, first: int, axes: Axes, value: Array) -> Array:
    """An array with `value` in the place of what `look` shows."""
    fewer = merged(axes)
    return _put(a, first, fewer, value.reshape([*a.shape[:-1], *(n for n, _ in fewer)]))


def _put(a: Array, first: int, axes: Axes, value: Array) -> Array:
    size, begin = a.shape[-1], _begin(first, axes) if axes else first
    if axes and axes[0][1] == 1:
        piece = value
    elif axes:
        (n, s), *smaller = axes
        beyond = begin + n * s - size  # the last step may go farther than the array
        piece = cut(a, -begin, beyond).reshape(*a.shape[:-1], n, s)
        piece = _put(piece, first - begin, tuple(smaller), value).reshape(*a.shape[:-1], n * s)
        piece = cut(piece, 0, -max(0, beyond))
    else:
        piece = value[..., None]
    end = begin + piece.shape[-1]
    parts = [piece]
    if begin:
        parts.insert(0, cut(a, 0, begin - size))
    if end < size:
        parts.append(cut(a, -end, 0))
    return lax.concatenate(parts, a.ndim - 1) if len(parts) > 1 else piece


def to_steps(value: Array, shape: Lengths, steps: Steps) -> Array:
    """What a window of this shape shows, with its axes in the order of their steps."""
    value = lax.transpose(
        value, (*steps.order, *(k for k in range(len(shape)) if k not in steps.order))
    )
    return _turned(value.reshape([n for n, _ in steps.axes]), steps)


def from_steps(value: Array, shape: Lengths, steps: Steps) -> Array:
    """What `to_steps` was given, from what it made of it."""
    value, kept = _turned(value, steps), sorted(steps.order)
    value = lax.transpose(value, [steps.order.index(k) for k in kept])
    return lax.broadcast_in_dim(value, shape, kept)


def _turned(value: Array, steps: Steps) -> Array:
    return lax.rev(value, steps.backwards) if steps.backwards else value


def places_of(offset: int, shape: Lengths, strides: Lengths) -> Array:
    places = jnp.full((1,) * len(shape), offset)
    for k, (n, s) in enumerate(zip(shape, strides, strict=True)):
        axis = (1,) * k + (n,) + (1,) * (len(shape) - k - 1)
        places = places + (jnp.arange(n) * s).reshape(axis)
    return places
