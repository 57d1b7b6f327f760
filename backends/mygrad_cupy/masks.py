"""Masks, signs and repeats, so that the host waits for the device no more than it has to.

How many elements a mask selects decides the shape of what is read through it, and has to be told
to the host. CuPy asks again at each use of a mask, and even where the number does not matter. Here
a mask that is read through is searched once, for its positions, which serve the gradient, too; and
one number is written through a mask by one kernel that asks for nothing.
"""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np

__all__ = ["gathered", "repeated_places", "sign", "write_number"]


def gathered(array: Any, index: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """``array[index]``, and an index to the same elements in which positions stand for a mask."""
    place = _only_mask(index, array.shape)
    if place is not None:
        k, _ = place
        index = (*index[:k], *index[k].nonzero(), *index[k + 1 :])
    return array[index], index


def write_number(array: Any, index: Any, value: Any) -> bool:
    """Whether it was ``array[index] = value`` through a mask, for one number, and so is done."""
    index = index if isinstance(index, tuple) else (index,)
    place = _only_mask(index, array.shape)
    if place is None or not _is_number(value, array.dtype):
        return False
    k, ndim = place
    mask = index[k]
    region = array[(*index[:k], *(slice(None),) * ndim, *index[k + 1 :])]
    if ... in index[:k]:
        after = sum(isinstance(i, (slice, type(None))) for i in index[k + 1 :])
    else:
        before = sum(isinstance(i, (slice, type(None))) for i in index[:k])
        after = region.ndim - before - ndim
    mask = mask.reshape(mask.shape + (1,) * after)
    cupy.copyto(region, value, casting="unsafe", where=mask)
    return True


def _is_number(value: Any, dtype: Any) -> bool:
    """Whether a value is one number, on the device or known to the host, that `dtype` can take."""
    if isinstance(value, cupy.ndarray):
        return value.ndim == 0 and (value.dtype.kind != "c" or dtype.kind == "c")
    return isinstance(value, (bool, int, float)) or (
        isinstance(value, complex) and dtype.kind == "c"
    )


def _only_mask(index: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Where in an index there is a mask and no other array, and its number of axes.

    None, too, if the mask does not fit: CuPy says so.
    """
    arrays = [k for k, item in enumerate(index) if isinstance(item, cupy.ndarray)]
    if len(arrays) != 1 or index[arrays[0]].dtype != bool or not index[arrays[0]].ndim:
        return None
    (k,) = arrays
    mask = index[k]
    taken = [i for i in index if i is not None and i is not ...]
    axis = sum(i is not None for i in index[:k])
    if any(i is ... for i in index[:k]):
        axis += len(shape) - (len(taken) - 1 + mask.ndim) - 1
    fits = shape[axis : axis + mask.ndim] == mask.shape
    return (k, mask.ndim) if fits else None


def repeated_places(repeats: Any, count: int) -> Any:
    """The numbers from 0 to `count`, each repeated; the host asks once, for how many there are."""
    if repeats.dtype.kind not in "iub":
        raise TypeError(f"repeats have to be integers, and are of dtype {repeats.dtype}")
    repeats = cupy.broadcast_to(repeats, (count,)).astype(np.int64)
    if not count:
        return cupy.zeros(0, np.int64)
    ends = cupy.cumsum(repeats)
    total, least = cupy.stack([ends[-1], repeats.min()]).tolist()
    if least < 0:
        raise ValueError("repeats may not contain negative values.")
    return cupy.searchsorted(ends, cupy.arange(total), side="right")


_sign = cupy.ElementwiseKernel(
    "T x", "T y", "y = x != x ? x : T((x > T(0)) - (x < T(0)))", "mygrad_sign"
)


def sign(x: Any) -> Any:
    """The sign as the standard has it: that of NaN is NaN, that of a complex x is x / abs(x)."""
    if x.dtype.kind == "f":
        return _sign(x)
    if x.dtype.kind == "c":
        length = cupy.abs(x)
        return cupy.where(length == 0, 0, x / length)
    return cupy.sign(x)
