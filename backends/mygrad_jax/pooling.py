"""Max-pooling and its adjoint, as XLA's compiler for the CPU makes one loop of each.

Channels are the last axis here, as they are in what XLA computes convolutions from and returns:
between layers these transpositions cancel. Where windows lie side by side, the adjoint chooses for
each element of the input between the gradient of its window and zero, and nothing is added up.

A training step of two convolutions and poolings (`benchmarks.compile CNN`; JAX 0.10.2, one thread)
takes a quarter of what it takes with the portable functions, whose sums of slices are a pass over
memory each; a fifth of what `jax.grad` of `lax.reduce_window` takes; and three quarters of what it
takes with channels where they are.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mygrad.arrays.sliding import pool_slices, pool_windows

__all__ = ["max_pool", "max_unpool"]

Array = Any
Lengths = tuple[int, ...]

MANY = 64
"""Windows of more elements are left to the portable functions: each is a part of the program."""


class _Windows:
    """Windows over the last axes of an array, whose channels, if it has any, are put behind them.

    Attributes
    ----------
    lead
        How many axes come before the windows, then.
    channels
        Where the channels were; None if there are none.
    """

    def __init__(self, shape: Lengths, pool: Lengths, stride: Lengths) -> None:
        self.sizes, self.strides, self.counts = pool_windows(shape, pool, stride)
        before = len(shape) - len(pool)
        self.channels = before - 1 if before else None
        self.lead = max(before - 1, 0)
        self.lengths = shape[before:]
        self.slices = [
            ((slice(None),) * self.lead + part[1:]) for part in pool_slices(shape, pool, stride)
        ]

    def to_last(self, x: Array) -> Array:
        return x if self.channels is None else jnp.moveaxis(x, self.channels, -1)

    def from_last(self, x: Array) -> Array:
        return x if self.channels is None else jnp.moveaxis(x, -1, self.channels)

    def chosen(self, g: Array, first: Array) -> Array:
        """Windows side by side: `g` where the number of an element is `first`, else zero."""
        behind = (1,) * (g.ndim - self.lead - len(self.sizes))
        apart = tuple(self.lead + 2 * k + 1 for k in range(len(self.sizes)))
        along = [n for size in self.sizes for n in (1, size)]
        number = np.arange(prod(self.sizes), dtype=first.dtype).reshape(*along, *behind)
        g, first = lax.expand_dims(g, apart), lax.expand_dims(first, apart)
        spread = jnp.where(first == number, g, jnp.zeros((), g.dtype))
        end = self.lead + 2 * len(self.sizes)
        return spread.reshape(*g.shape[: self.lead], *self.lengths, *spread.shape[end:])

    def added(self, g: Array, first: Array) -> Array:
        """The same of windows that overlap, or have gaps between them."""
        behind = (0,) * (g.ndim - self.lead - len(self.sizes))
        edges = [
            *((0, 0, 0) for _ in range(self.lead)),
            *((k - 1, k - 1, s - 1) for k, s in zip(self.sizes, self.strides, strict=True)),
            *((0, 0, 0) for _ in behind),
        ]
        # XLA would put padding into the loop over the slices, with a condition for each element.
        g, first = lax.optimization_barrier((
            lax.pad(g, np.zeros((), g.dtype), edges),
            lax.pad(first, np.array(-1, first.dtype), edges),
        ))  # fmt: skip
        total: Any = 0
        for number, place in enumerate(np.ndindex(*self.sizes)):
            starts = (k - 1 - at for k, at in zip(self.sizes, place, strict=True))
            part = (slice(None),) * self.lead + tuple(
                slice(start, start + n) for start, n in zip(starts, self.lengths, strict=True)
            )
            total += jnp.where(first[part] == number, g[part], jnp.zeros((), g.dtype))
        return total


@partial(jax.jit, static_argnums=(1, 2), inline=True)
def _pooled(x: Array, pool: Lengths, stride: Lengths) -> Array:
    windows, out = _Windows(x.shape, pool, stride), None
    x = windows.to_last(x)
    for part in windows.slices:
        out = x[part] if out is None else jnp.maximum(out, x[part])
    return windows.from_last(out)


@partial(jax.jit, static_argnums=(3, 4), inline=True)
def _unpooled(g: Array, x: Array, maxima: Array, pool: Lengths, stride: Lengths) -> Array:
    windows = _Windows(x.shape, pool, stride)
    g, x, maxima = map(windows.to_last, (g, x, maxima))
    first = jnp.full(maxima.shape, len(windows.slices), "int32")
    for number, part in reversed(list(enumerate(windows.slices))):
        won = (x[part] == maxima) | (x[part] != x[part])
        first = jnp.where(won, number, first)
    spread = windows.chosen if windows.strides == windows.sizes else windows.added
    return windows.from_last(spread(g, first))


def _plain(shape: Lengths, pool: Any, stride: Any) -> tuple[Lengths, Lengths]:
    """The sizes and strides of windows as tuples, or an error that says what is wrong."""
    sizes, strides, _ = pool_windows(shape, pool, stride)
    return sizes, strides


def max_pool(x: Array, pool: Any, stride: Any) -> Array:
    sizes, strides = _plain(x.shape, pool, stride)
    return _pooled(x, sizes, strides) if prod(sizes) <= MANY else NotImplemented


def max_unpool(g: Array, x: Array, maxima: Array, pool: Any, stride: Any) -> Array:
    sizes, strides = _plain(x.shape, pool, stride)
    return _unpooled(g, x, maxima, sizes, strides) if prod(sizes) <= MANY else NotImplemented
