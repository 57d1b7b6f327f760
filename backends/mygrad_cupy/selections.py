"""What an index with integer arrays selects, in the form that kernels take.

Index arrays are read as they are, whatever their type, and wrapped around the axis as CuPy wraps
them. Several arrays are first made one array of numbers, in one launch; one alone needs none.
"""

from __future__ import annotations

from functools import cache
from string import ascii_letters
from typing import Any, NamedTuple

import cupy
import numpy as np

__all__ = ["WRAPPED", "Places", "places_of", "selected_shape", "steps_of"]


class Places(NamedTuple):
    """The places that index arrays select: numbers on the axes that they index, taken as one axis.

    Attributes
    ----------
    items
        The index with all of an axis in the place of each array: a basic index.
    axes
        In what `items` selects, the axes that arrays index.
    sizes
        Their lengths.
    arrays
        The index arrays, one for each of these axes.
    shape
        The common shape of the arrays.
    first
        The axis of the result at which this shape stands.
    behind
        How many axes of the result come after it.
    """

    items: tuple[Any, ...]
    axes: tuple[int, ...]
    sizes: tuple[int, ...]
    arrays: tuple[Any, ...]
    shape: tuple[int, ...]
    first: int
    behind: int

    def numbers(self, wrap: bool = False) -> Any:
        """The places as one C-contiguous array of integers, none beyond the ends if `wrap`."""
        if len(self.arrays) == 1 and not wrap:
            return cupy.ascontiguousarray(self.arrays[0])
        out = cupy.empty(self.shape, np.int64)
        return _joining(len(self.arrays))(*self.arrays, *self.sizes, out)


def places_of(index: Any, shape: tuple[int, ...]) -> Places | None:
    """The places that an index of an array of this shape selects.

    None where there are no integer arrays in it, or where there are masks or whatever else; CuPy
    then takes the index itself, or says what is wrong with it.
    """
    given = index if isinstance(index, tuple) else (index,)
    kinds = [_kind(item) for item in given]
    if "array" not in kinds or "other" in kinds or kinds.count("dots") > 1:
        return None
    used = len(kinds) - kinds.count("new") - kinds.count("dots")
    if used > len(shape):
        return None
    if "dots" in kinds:
        k, missing = kinds.index("dots"), len(shape) - used
        if not missing and 0 < k < len(kinds) - 1:  # whether it keeps arrays apart is not plain
            return None
    else:
        k, missing = len(kinds), len(shape) - used
    all_of_it = (slice(None),) * missing
    given = (*given[:k], *all_of_it, *given[k + 1 :])
    kinds = [*kinds[:k], *("slice",) * missing, *kinds[k + 1 :]]

    items: list[Any] = []
    axes, sizes, arrays, axis, seen = [], [], [], 0, 0
    for item, kind in zip(given, kinds, strict=True):
        items.append(slice(None) if kind == "array" else item)
        if kind == "array":
            axes.append(seen)
            sizes.append(shape[axis])
            arrays.append(item)
        axis += kind != "new"
        seen += kind != "number"
    try:
        common = np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        return None
    if 0 in sizes and 0 not in common:
        return None
    # Numbers stand with the arrays. Where others come between, the common shape goes first.
    chosen = [n for n, kind in enumerate(kinds) if kind in ("array", "number")]
    together = chosen[-1] - chosen[0] + 1 == len(chosen)
    first = chosen[0] if together else 0
    behind = seen - len(axes) - first
    return Places(tuple(items), tuple(axes), tuple(sizes), tuple(arrays), common, first, behind)


def _kind(item: Any) -> str:
    """What an item of an index is."""
    if item is None:
        return "new"
    if item is Ellipsis:
        return "dots"
    if isinstance(item, slice):
        return "slice"
    if type(item) is int:
        return "number"
    return "array" if isinstance(item, cupy.ndarray) and item.dtype.kind in "iu" else "other"


WRAPPED = r"""
template <class I> __device__ long long wrapped(I place, long long n) {
    const long long rest = (long long)place % n;
    return rest < 0 ? rest + n : rest;
}
"""


@cache
def _joining(count: int) -> Any:
    """A kernel that makes one number of the places on so many axes."""
    arrays = ", ".join(f"{ascii_letters[k]} place{k}" for k in range(count))
    sizes = ", ".join(f"int64 n{k}" for k in range(count))
    steps = "".join(f"at = at * n{k} + wrapped(place{k}, n{k}); " for k in range(count))
    return cupy.ElementwiseKernel(
        f"{arrays}, {sizes}",
        "int64 out",
        f"long long at = 0; {steps} out = at;",
        f"mygrad_joined_places_{count}",
        preamble=WRAPPED,
    )


def steps_of(view: Any, places: Places, parts: int) -> tuple[Any, ...]:
    """The axes of a view before, along and after the places: (length, step), few as possible.

    Steps are in elements, or in their parts (of complex numbers), which are one more axis.
    """
    part = view.itemsize // parts
    pairs = [(n, s // part) for n, s in zip(view.shape, view.strides, strict=True)]
    rest = [pair for k, pair in enumerate(pairs) if k not in places.axes]
    before, after = rest[: places.first], [*rest[places.first :], (parts, 1)]
    return merged(before), merged([pairs[k] for k in places.axes]), merged(after)


def merged(axes: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same axes, those that follow one another in memory as one."""
    found: list[tuple[int, int]] = []
    for n, step in axes:
        if n == 1:
            continue
        if found and found[-1][1] == n * step:
            found[-1] = found[-1][0] * n, step
        else:
            found.append((n, step))
    return tuple(found)


def selected_shape(view: Any, places: Places) -> tuple[int, ...]:
    """The shape of what is selected."""
    rest = [n for k, n in enumerate(view.shape) if k not in places.axes]
    return (*rest[: places.first], *places.shape, *rest[places.first :])
