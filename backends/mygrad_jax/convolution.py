"""Convolution by XLA's own or, where that is slow, by products; JAX transposes either.

On the CPU (JAX 0.10.2) XLA is fast along two axes, but not with groups, along three axes, and with
filters of one element; in float64 not along one axis either. There what the filters meet is put
side by side, and multiplied by them. One thread takes, XLA's time / that of products, the result,
the gradient of the input and that of the filters:

- in float32 a convolution by channels 16, 4 and 1.6, in eight groups 1.7, 1.8 and 140, along three
  axes 3, 3.5 and 5, with filters of one element 1.6, 1.8 and 2;
- in float64 3, 2 and (this is left to XLA) 0.4; 3, 2.4 and 2.5; 2, 11 and 3; 1, 2 and 2.5; and
  along one axis 9, 4 and 19.

With two axes and one group it is now the one, now the other, 0.3 to 5 in float32: left to XLA.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mygrad.arrays.sliding import Geometry

__all__ = ["conv_filter_gradient", "conv_input_gradient", "conv_nd"]

Array = Any
Linear = Callable[[Array], Array]

LARGE = 1 << 28
"""How many bytes may be put side by side for a product."""
MANY = 64
"""Larger filters are left to XLA: each of their elements would be a part of the program."""


def _can(*arrays: Array) -> bool:
    """XLA convolves up to three axes, and real numbers."""
    return arrays[0].ndim < 6 and all(jnp.isdtype(a.dtype, "real floating") for a in arrays)


def _convolved(x: Array, w: Array, options: Any) -> Array:
    stride, padding, dilation, groups = options
    return lax.conv_general_dilated(
        x, w, stride, [(p, p) for p in padding], rhs_dilation=dilation, feature_group_count=groups
    )


def _multiplied(x: Array, w: Array, options: Any) -> Array:
    """The same by products, with channels last, which most often is how XLA has them already."""
    geometry = Geometry(x.shape, w.shape, *options)
    groups, channels, count = geometry.groups, x.shape[1], w.shape[0]
    edges = [(0, 0, 0), *((p, p, 0) for p in geometry.padding), (0, 0, 0)]
    x = lax.pad(jnp.moveaxis(x, 1, -1), np.zeros((), x.dtype), edges)
    met = [x[part[1:]] for part in geometry.slices()]
    filters = w.reshape(groups, count // groups, channels // groups, len(met))
    if groups == channels > 1:
        total: Any = 0
        for k, part in enumerate(met):
            total += part[..., None] * filters[:, :, 0, k]
    else:
        columns = jnp.stack([part.reshape(-1, groups, channels // groups) for part in met], 2)
        total = jnp.einsum("pgkc,gfck->pgf", columns, filters)
    return jnp.moveaxis(total.reshape(x.shape[0], *geometry.out, count), -1, 1)


def _chosen(
    x: tuple[int, ...], w: tuple[int, ...], dtype: Any, options: Any, by_filter: bool,
    compute: Callable[..., Array], *arrays: Array,
) -> Array:  # fmt: skip
    """What `compute` returns with the faster function, on the platform that will run it.

    Only the one that is run is lowered and compiled.
    """
    geometry = Geometry(x, w, *options)
    axes, groups, wide = len(x) - 2, geometry.groups, dtype == jnp.float64
    slow = axes == 3 or groups > 1 or prod(geometry.filter) == 1 or (axes == 1 and wide)
    if wide and axes == 2 and groups == x[1] and by_filter:
        slow = False
    size = dtype.itemsize * x[0] * x[1] * prod(geometry.out) * prod(geometry.filter)
    slow &= 0 < size <= LARGE and prod(geometry.filter) <= MANY
    if not slow or dtype not in (jnp.float32, jnp.float64):
        return compute(_convolved, *arrays)
    return lax.platform_dependent(
        *arrays, cpu=partial(compute, _multiplied), default=partial(compute, _convolved)
    )


def _transposed(function: Linear, shape: tuple[int, ...], g: Array) -> Array:
    return jax.linear_transpose(function, jax.ShapeDtypeStruct(shape, g.dtype))(g)[0]


@partial(jax.jit, static_argnums=(2,), inline=True)
def _forward(x: Array, w: Array, options: Any) -> Array:
    dtype = jnp.result_type(x, w)

    def compute(convolve: Any, x: Array, w: Array) -> Array:
        return convolve(x, w, options)

    arrays = x.astype(dtype), w.astype(dtype)
    return _chosen(x.shape, w.shape, dtype, options, False, compute, *arrays)


@partial(jax.jit, static_argnums=(2, 3), inline=True)
def _by_input(g: Array, w: Array, shape: tuple[int, ...], options: Any) -> Array:
    dtype = jnp.result_type(g, w)

    def compute(convolve: Any, g: Array, w: Array) -> Array:
        return _transposed(lambda x: convolve(x, w, options), shape, g)

    arrays = g.astype(dtype), w.astype(dtype)
    return _chosen(shape, w.shape, dtype, options, False, compute, *arrays)


@partial(jax.jit, static_argnums=(2, 3), inline=True)
def _by_filter(x: Array, g: Array, shape: tuple[int, ...], options: Any) -> Array:
    dtype = jnp.result_type(x, g)

    def compute(convolve: Any, x: Array, g: Array) -> Array:
        return _transposed(lambda w: convolve(x, w, options), shape, g)

    arrays = x.astype(dtype), g.astype(dtype)
    return _chosen(x.shape, shape, dtype, options, True, compute, *arrays)


def _options(geometry: Geometry) -> tuple[Any, ...]:
    return (
        tuple(geometry.stride), tuple(geometry.padding), tuple(geometry.dilation), geometry.groups,
    )  # fmt: skip


def conv_nd(
    x: Array, filter_bank: Array, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Array:
    geometry = Geometry(x.shape, filter_bank.shape, stride, padding, dilation, groups)
    if not _can(x, filter_bank):
        return NotImplemented
    return _forward(x, filter_bank, _options(geometry))


def conv_input_gradient(
    g: Array, filter_bank: Array, shape: Any, stride: Any, padding: Any, dilation: Any,
    groups: int = 1,
) -> Array:  # fmt: skip
    geometry = Geometry(shape, filter_bank.shape, stride, padding, dilation, groups)
    if not _can(g, filter_bank):
        return NotImplemented
    return _by_input(g, filter_bank, tuple(shape), _options(geometry))


def conv_filter_gradient(
    x: Array, g: Array, shape: Any, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Array:
    geometry = Geometry(x.shape, shape, stride, padding, dilation, groups)
    if not _can(x, g):
        return NotImplemented
    return _by_filter(x, g, tuple(shape), _options(geometry))
