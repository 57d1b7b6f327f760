"""The adapter that lends dpnp's arrays to mygrad: SYCL devices, CPUs among them."""

from __future__ import annotations

import os
import sys
from math import gcd
from pathlib import Path
from typing import Any


def _find_cpu_device() -> None:
    """Name the OpenCL driver of the package ``intel-opencl-rt``, if nobody named another.

    The loader reads the variable once, when dpctl is imported.
    """
    driver = Path(sys.prefix) / "lib" / "libintelocl.so"
    if "OCL_ICD_FILENAMES" not in os.environ and driver.exists():
        os.environ["OCL_ICD_FILENAMES"] = str(driver)


_find_cpu_device()

import dpnp  # noqa: E402
import numpy as np  # noqa: E402

from mygrad.arrays import Adapter  # noqa: E402

__all__ = ["adapter"]


class DPNPAdapter(Adapter):
    """Arrays of dpnp, in the unified shared memory of a SYCL device."""

    name = "dpnp"
    array_types = (dpnp.ndarray,)
    xp = dpnp

    def from_host(self, array: Any, device: Any = None) -> Any:
        return dpnp.asarray(np.asarray(array, order="C"), device=device, copy=True)

    def to_host(self, array: Any) -> Any:
        return dpnp.asnumpy(array)

    def to_device(self, array: Any, device: Any) -> Any:
        return array.to_device(device)

    def synchronize(self) -> None:
        dpnp.empty(0).sycl_queue.wait()

    def address(self, array: Any) -> int:
        return array.get_array()._pointer

    def strides(self, array: Any) -> tuple[int, ...]:
        return tuple(array.strides)

    def window(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        storage = array.get_array()
        first = storage._element_offset + offset // storage.itemsize
        return _array_at(storage.usm_data, first, shape, strides, array.dtype, array.device)

    def allocate(self, shape: Any, strides: Any, dtype: Any, device: Any) -> Any:
        dtype = np.dtype(dtype)
        if 0 in shape:
            return dpnp.zeros(shape, dtype=dtype, device=device)
        reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
        below = -sum(r for r in reach if r < 0) // dtype.itemsize
        above = sum(r for r in reach if r > 0) // dtype.itemsize
        storage = dpnp.zeros(below + above + 1, dtype=dtype, device=device)
        memory = storage.get_array().usm_data
        return _array_at(memory, below, shape, strides, dtype, storage.device)

    def owner(self, array: Any) -> Any:
        return array.get_array().usm_data

    def is_view(self, result: Any, source: Any) -> bool:
        return result.get_array().usm_data is source.get_array().usm_data

    def overlaps(self, a: Any, b: Any) -> bool:
        if not a.size or not b.size:
            return False
        lowest_a, lowest_b = (_lowest(self.address(x), x) for x in (a, b))
        return _meet(a, b, lowest_b - lowest_a)

    def is_writeable(self, array: Any) -> bool:
        return bool(array.flags.writable)

    def can_cast(self, source: Any, target: Any) -> bool:
        return np.can_cast(source, target, "same_kind")

    def assign(self, target: Any, index: Any, value: Any) -> Any:
        places = _places(target, index)
        if places is None or not isinstance(value, dpnp.ndarray) or value.size < 2:
            target[index] = value
            return target
        order, last = _sorted(places)
        values = dpnp.reshape(dpnp.broadcast_to(value, places.shape), (places.size,))
        winners = values[order[last]]  # repeated positions all get the value of the last one
        target[index] = dpnp.astype(dpnp.reshape(winners, places.shape), target.dtype, copy=False)
        return target

    def last_occurrences(self, index: Any, shape: tuple[int, ...]) -> Any:
        array = _first_array(index)
        places = None
        if array is not None:
            places = _places(dpnp.broadcast_to(dpnp.zeros_like(array, shape=()), shape), index)
        if places is None:
            return None
        order, last = _sorted(places)
        here = dpnp.arange(places.size, dtype=order.dtype, device=places.device)
        return dpnp.reshape(order[last] == here, places.shape)

    def scatter_add(self, target: Any, index: Any, values: Any) -> Any:
        places = _places(target, index)
        if places is None:
            target[index] = target[index] + values
            return target
        if not places.size:
            return target
        order, last = _sorted(places)
        if not isinstance(values, dpnp.ndarray):
            values = dpnp.asarray(values, dtype=target.dtype, device=target.device)
        values = dpnp.reshape(dpnp.broadcast_to(values, places.shape), (places.size,))
        sums = _sums_up_to(dpnp.reshape(places, (places.size,))[order], values[order])
        total = dpnp.reshape(sums[last], places.shape)  # the same at repeated positions
        target[index] = dpnp.astype(target[index] + total, target.dtype, copy=False)
        return target

    def rng(self, seed: Any = None) -> Any:
        return _Generator(seed)


def _array_at(
    memory: Any, first: int, shape: Any, strides: Any, dtype: Any, device: Any
) -> Any:
    """An array on memory: `first` in elements from its beginning, `strides` in bytes."""
    if 0 in shape:
        return dpnp.empty(shape, dtype=dtype, device=device)
    return dpnp.ndarray(
        tuple(shape), dtype=dtype, buffer=memory, offset=first, strides=tuple(strides),
        device=device,
    )


def _first_array(index: Any) -> Any:
    """The first array in an index that holds integers; None if there is none."""
    for item in index if isinstance(index, tuple) else (index,):
        if isinstance(item, dpnp.ndarray) and item.dtype.kind in "iu":
            return item
    return None


def _places(array: Any, index: Any) -> Any:
    """The flat positions that ``array[index]`` reads; None if no position can repeat."""
    if _first_array(index) is None:
        return None
    every = dpnp.arange(array.size, dtype=dpnp.int64, device=array.device)
    return dpnp.reshape(every, array.shape)[index]


def _sorted(places: Any) -> tuple[Any, Any]:
    """The order that sorts `places` and, for each, where its last repetition ends up in it."""
    flat = dpnp.reshape(places, (places.size,))
    order = dpnp.argsort(flat, stable=True)
    return order, dpnp.searchsorted(flat[order], flat, side="right") - 1


def _sums_up_to(keys: Any, values: Any) -> Any:
    """Running sums of `values`, begun anew where the sorted `keys` change.

    Each round doubles how far back a sum reaches, so that there are as many rounds as the
    most frequent key has binary digits, and the result does not depend on timing.
    """
    reach = 1
    while reach < keys.size:
        same = keys[reach:] == keys[:-reach]
        if not dpnp.any(same):
            break
        more = dpnp.where(same, values[:-reach], dpnp.zeros_like(values[:-reach]))
        values = dpnp.concat((values[:reach], values[reach:] + more))
        reach *= 2
    return values


def _lowest(address: int, array: Any) -> int:
    """The address of the lowest byte of an array whose first element lies at `address`."""
    steps = zip(array.shape, array.strides, strict=True)
    return address + sum((n - 1) * s for n, s in steps if s < 0)


def _meet(a: Any, b: Any, apart: int, work: int = 1000) -> bool:
    """Whether two arrays share a byte; True when finding out would take too long.

    The lowest byte of `b` lies `apart` bytes after that of `a`. An element of `a` and one of
    `b` share a byte if the way from one to the other, ``apart + steps of b - steps of a``, is
    shorter than an element; counting the steps of `b` from its far end, that asks whether a
    sum of steps, each taken a limited number of times, hits an interval.
    """
    steps: dict[int, int] = {}
    target = apart
    for array, is_b in ((a, False), (b, True)):
        for n, stride in zip(array.shape, array.strides, strict=True):
            if n > 1 and stride:
                steps[abs(stride)] = steps.get(abs(stride), 0) + n - 1
                target += (n - 1) * abs(stride) if is_b else 0
    low, high = target - a.dtype.itemsize + 1, target + b.dtype.itemsize - 1
    sizes = sorted(steps, reverse=True)
    below = [0] * (len(sizes) + 1)  # how far the steps from here on can lead
    common = [0] * (len(sizes) + 1)  # what divides all of them
    for k in reversed(range(len(sizes))):
        below[k] = below[k + 1] + sizes[k] * steps[sizes[k]]
        common[k] = gcd(common[k + 1], sizes[k])
    todo = [(0, low, high)]
    while todo:
        k, low, high = todo.pop()
        work -= 1
        if high < 0 or low > below[k]:
            continue
        if work < 0 or low <= 0:
            return True
        if k == len(sizes) or high // common[k] * common[k] < low:
            continue
        first = max(0, -(-(low - below[k + 1]) // sizes[k]))
        last = min(steps[sizes[k]], high // sizes[k])
        if last - first > work:
            return True
        todo += [(k + 1, low - n * sizes[k], high - n * sizes[k]) for n in range(first, last + 1)]
    return False


def _where(condition: Any, x: Any, y: Any) -> Any:
    """`dpnp.where`, which reads other memory (dpnp 0.20) where an array with negative strides
    meets a number."""
    return dpnp.where(*[
        dpnp.ascontiguousarray(a)
        if isinstance(a, dpnp.ndarray) and min(a.strides, default=0) < 0
        else a
        for a in (condition, x, y)
    ])


def _matmul(a: Any, b: Any) -> Any:
    """`dpnp.matmul`, which fails (dpnp 0.20) for some arrays that were broadcast."""
    return dpnp.matmul(*[dpnp.ascontiguousarray(x) if 0 in x.strides else x for x in (a, b)])


class _Generator:
    """NumPy's names for the numbers that dpnp's generator draws."""

    def __init__(self, seed: Any) -> None:
        self._state = dpnp.random.RandomState(seed)

    def random(self, size: Any = None) -> Any:
        return dpnp.asarray(self._state.uniform(0.0, 1.0, size))

    def standard_normal(self, size: Any = None) -> Any:
        return dpnp.asarray(self._state.standard_normal(size))

    def integers(self, low: int, high: int | None = None, size: Any = None) -> Any:
        return dpnp.asarray(self._state.randint(low, high, size))


adapter = DPNPAdapter()
adapter.kernels.update(matmul=_matmul, where=_where)
