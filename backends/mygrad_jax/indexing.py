"""Reading and writing where arrays of positions say.

Outside of `jax.jit`, JAX makes a program of each of the steps that such an index takes. Here they
are one program for all positions.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

__all__ = ["add", "look", "put"]

Array = Any
ARRAY = "array"


def _parted(index: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Array]]:
    """What is compiled of an index, and the arrays in it, with positions for masks."""
    fixed: list[Any] = []
    arrays: list[Array] = []
    for item in index:
        if isinstance(item, slice):
            fixed.append((slice, item.start, item.stop, item.step))
        elif not isinstance(item, (np.ndarray, jax.Array)):
            fixed.append((type(item), item))
        else:
            masks = item.dtype == bool and item.ndim
            found = np.nonzero(np.asarray(item)) if masks else (item,)
            arrays += found
            fixed += [(ARRAY,)] * len(found)
    return tuple(fixed), arrays


def _whole(fixed: tuple[Any, ...], arrays: list[Array]) -> tuple[Any, ...]:
    """The index that `_parted` took apart."""
    left = iter(arrays)
    return tuple(
        next(left) if kind is ARRAY else slice(*rest) if kind is slice else rest[0]
        for kind, *rest in fixed
    )


@partial(jax.jit, static_argnums=1)
def _look(array: Array, fixed: tuple[Any, ...], arrays: list[Array]) -> Array:
    return array[_whole(fixed, arrays)]


@partial(jax.jit, static_argnums=(1, 4))
def _write(
    array: Array, fixed: tuple[Any, ...], arrays: list[Array], value: Array, adds: bool
) -> Array:
    places = array.at[_whole(fixed, arrays)]
    return _added(places, value) if adds else places.set(value)


def _added(places: Any, value: Array) -> Array:
    """An array with a value added at places of it; of truth values the sum is whether one holds."""
    return places.max(value) if value.dtype == bool else places.add(value)


def _is_traced(*values: Any) -> bool:
    """Whether a program is traced already."""
    return any(isinstance(v, Tracer) for v in values)


def _asks(index: tuple[Any, ...]) -> bool:
    """Whether there are truth values in an index, on which the shape of the result depends."""
    return any(
        isinstance(i, (bool, np.bool_)) or (hasattr(i, "dtype") and i.dtype == bool and not i.ndim)
        for i in index
    )


def _names_one_place(index: tuple[Any, ...]) -> bool:
    """Whether the arrays in an index have one element, as XLA makes such a write in place.

    It then does not always see that the value is computed from what is overwritten: see `windows`.
    """
    arrays = [item for item in index if hasattr(item, "dtype") and item.dtype != bool]
    return bool(arrays) and all(item.size == 1 for item in arrays)


def look(array: Array, index: tuple[Any, ...]) -> Array:
    """What an array has at these positions."""
    if _is_traced(array, *index) or _asks(index):
        return array[index]
    return _look(array, *_parted(index))


def put(array: Array, index: tuple[Any, ...], value: Array) -> Array:
    """`array` with `value` at these positions, none of which repeats."""
    if _is_traced(array, value, *index) or _asks(index):
        if _names_one_place(index):
            there = jnp.zeros(array.shape, bool).at[index].set(True)
            return jnp.where(there, jnp.zeros_like(array).at[index].set(value), array)
        return array.at[index].set(value)
    return _write(array, *_parted(index), value, False)


def add(array: Array, index: tuple[Any, ...], value: Array) -> Array:
    """`array` with `value` added at these positions, each as often as it is named."""
    if _is_traced(array, value, *index) or _asks(index):
        if _names_one_place(index):
            return array + _added(jnp.zeros_like(array).at[index], value)
        return _added(array.at[index], value)
    return _write(array, *_parted(index), value, True)
