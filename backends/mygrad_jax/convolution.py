"""Convolution by XLA's own; its adjoints are the transposes that JAX knows of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from mygrad.arrays.sliding import Geometry

__all__ = ["conv_filter_gradient", "conv_input_gradient", "conv_nd"]

Array = Any


def _can(*arrays: Array) -> bool:
    """XLA convolves up to three axes, and real numbers."""
    return arrays[0].ndim < 6 and all(jnp.isdtype(a.dtype, "real floating") for a in arrays)


@partial(jax.jit, static_argnums=(2, 3, 4, 5), inline=True)
def _convolved(
    x: Array, w: Array, stride: tuple[int, ...], padding: tuple[int, ...],
    dilation: tuple[int, ...], groups: int,
) -> Array:  # fmt: skip
    dtype = jnp.result_type(x, w)
    return lax.conv_general_dilated(
        x.astype(dtype), w.astype(dtype), stride, [(p, p) for p in padding], rhs_dilation=dilation,
        feature_group_count=groups,
    )  # fmt: skip


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
    return _convolved(x, filter_bank, *_options(geometry))


@partial(jax.jit, static_argnums=(2, 3), inline=True)
def _by_input(g: Array, w: Array, shape: tuple[int, ...], options: Any) -> Array:
    dtype = jnp.result_type(g, w)
    transposed = jax.linear_transpose(
        lambda x: _convolved(x, w.astype(dtype), *options), jax.ShapeDtypeStruct(shape, dtype)
    )
    return transposed(g.astype(dtype))[0]


def conv_input_gradient(
    g: Array, filter_bank: Array, shape: Any, stride: Any, padding: Any, dilation: Any,
    groups: int = 1,
) -> Array:  # fmt: skip
    geometry = Geometry(shape, filter_bank.shape, stride, padding, dilation, groups)
    if not _can(g, filter_bank):
        return NotImplemented
    return _by_input(g, filter_bank, tuple(shape), _options(geometry))


@partial(jax.jit, static_argnums=(2, 3), inline=True)
def _by_filter(x: Array, g: Array, shape: tuple[int, ...], options: Any) -> Array:
    dtype = jnp.result_type(x, g)
    transposed = jax.linear_transpose(
        lambda w: _convolved(x.astype(dtype), w, *options), jax.ShapeDtypeStruct(shape, dtype)
    )
    return transposed(g.astype(dtype))[0]


def conv_filter_gradient(
    x: Array, g: Array, shape: Any, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Array:
    geometry = Geometry(x.shape, shape, stride, padding, dilation, groups)
    if not _can(x, g):
        return NotImplemented
    return _by_filter(x, g, tuple(shape), _options(geometry))
