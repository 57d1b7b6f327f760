"""What CuPy's arrays lend to mygrad, and on which device that happens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import wraps
from types import ModuleType, SimpleNamespace
from typing import Any

import array_api_compat.cupy as xp
import cupy
import numpy as np
from cupy.cuda import runtime

from mygrad.arrays import Adapter
from mygrad_cupy import masks, scatter

__all__ = ["CuPyAdapter"]


class CuPyAdapter(Adapter):
    """Arrays of CuPy, in the memory of a CUDA device.

    CuPy can neither lock arrays nor, without waiting for the device, tell that an index array
    points beyond an axis (it wraps around). Sums over repeated positions are atomic additions:
    their last bits may differ from run to run, unless `deterministic` says otherwise.
    """

    name = "cupy"
    array_types = (cupy.ndarray,)

    def __init__(self) -> None:
        super().__init__()
        self.many_devices = runtime.getDeviceCount() > 1
        self.xp = _Following(xp, self) if self.many_devices else xp
        if self.many_devices:
            for name in ("asarray", "assign", "copy", "last_occurrences", "scatter_add"):
                setattr(self, name, self.following(getattr(self, name), name))

    def go_to(self, device: Any) -> int:
        before = runtime.getDevice()
        if device is not None and device != before:
            runtime.setDevice(device)  # which leaves the current stream of each device as it is
        return before

    def common_device(self, operands: Any, name: str = "") -> int | None:
        found = None
        for operand in operands:
            kind = type(operand)
            if kind is tuple or (kind is list and type(next(iter(operand), 0)) not in _NUMBERS):
                device = self.common_device(operand, name)
            else:
                if kind is not cupy.ndarray:  # a subclass, or a tensor, which holds an array
                    operand = getattr(operand, "_data", operand)
                if not isinstance(operand, cupy.ndarray):
                    continue
                device = operand.data.device_id
            if device is not None and device != found:
                if found is not None:
                    raise ValueError(
                        f"{name and name + ': '}the arrays are on two devices of cupy, {found} "
                        f"and {device}. Nothing is moved behind your back: move one of them with "
                        f"`.to(device={found})`"
                    )
                found = device
        return found

    def following(self, function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
        if not self.many_devices or hasattr(function, "follows"):
            return function

        @wraps(function)
        def followed(*args: Any, **kw: Any) -> Any:
            before = self.go_to(self.common_device((*args, *kw.values()), name))
            try:
                return function(*args, **kw)
            finally:
                self.go_to(before)

        followed.follows = True  # type: ignore[attr-defined]
        return followed

    def from_host(self, array: Any, device: Any = None) -> Any:
        with _on(device):
            return cupy.array(np.asarray(array), copy=True)

    def to_host(self, array: Any) -> Any:
        return array.get()

    def device(self, array: Any) -> int:
        return array.device.id

    def parse_device(self, device: Any) -> int | None:
        return _device_number(device)

    def to_device(self, array: Any, device: Any) -> Any:
        number = _device_number(device)
        if number is None or number == array.data.device_id:
            return self.copy(array)
        with array.device:
            if not array.flags.c_contiguous and not array.flags.f_contiguous:
                array = cupy.ascontiguousarray(array)  # CuPy copies no others between devices
            theirs = cupy.cuda.get_current_stream()
            written = theirs.record()
        with _on(number):
            ours = cupy.cuda.get_current_stream()
            ours.wait_event(written)
            copied = cupy.array(array, copy=True)
            read = ours.record()
        with array.device:  # what next takes this memory has to wait until it was read
            theirs.wait_event(read)
        return copied

    def synchronize(self) -> None:
        cupy.cuda.Device().synchronize()

    def address(self, array: Any) -> int:
        return array.data.ptr

    def strides(self, array: Any) -> tuple[int, ...]:
        return array.strides

    def window(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        return cupy.ndarray(shape, array.dtype, memptr=array.data + offset, strides=strides)

    def allocate(self, shape: Any, strides: Any, dtype: Any, device: Any) -> Any:
        dtype = np.dtype(dtype)
        reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True) if 0 not in shape]
        below = -sum(r for r in reach if r < 0)
        above = sum(r for r in reach if r > 0)
        with _on(device):
            storage = cupy.zeros(below + above + dtype.itemsize, dtype=np.uint8)
        return cupy.ndarray(shape, dtype, memptr=storage.data + below, strides=strides)

    def owner(self, array: Any) -> Any:
        return array.data.mem

    def unshared(self, arrays: dict[Any, Any], others: Any) -> dict[Any, Any]:  # type: ignore[override]
        """Those that fill memory which none of the rest looks at, and copies of small ones.

        An array that is there under many keys is copied for all of them by few launches.
        """
        seen = {id(a.data.mem) for a in _arrays_in(others)}
        found, again = {}, defaultdict(list)
        for key, array in arrays.items():
            if not isinstance(array, cupy.ndarray):
                continue
            owner, flags = array.data.mem, array.flags
            # It comes in blocks of 512 bytes. What keeps much more alive is copied.
            filled = array.data.ptr == owner.ptr and owner.size <= 2 * array.nbytes + 512
            if filled and (flags.c_contiguous or flags.f_contiguous) and id(owner) not in seen:
                found[key] = array
            elif 0 < array.nbytes <= _SMALL:
                again[id(array)].append(key)
            seen.add(id(owner))
        for keys in again.values():
            count = _TOGETHER // arrays[keys[0]].nbytes
            for k in range(0, len(keys), count):
                found.update(_copies(arrays[keys[0]], keys[k : k + count]))
        return found

    def is_view(self, result: Any, source: Any) -> bool:
        return result.data.mem is source.data.mem

    def overlaps(self, a: Any, b: Any) -> bool:
        if not a.size or not b.size:
            return False
        try:  # cupy.shares_memory would wait for the device
            return np.shares_memory(_outline(a), _outline(b), max_work=10_000)  # type: ignore[arg-type]
        except np.exceptions.TooHardError:
            return True

    def can_cast(self, source: Any, target: Any) -> bool:
        return np.can_cast(source, target, "same_kind")

    def assign(self, target: Any, index: Any, value: Any) -> Any:
        if not masks.write_number(target, index, value):
            scatter.assign(target, index, value)
        return target

    def last_occurrences(self, index: Any, shape: tuple[int, ...]) -> Any:
        return scatter.last_occurrences(index, shape)

    def scatter_add(self, target: Any, index: Any, values: Any) -> Any:
        scatter.scatter_add(target, index, values)
        return target

    def rng(self, seed: Any = None) -> Any:
        return cupy.random.default_rng(seed)


class _Following:
    """A namespace whose functions compute on the device of their arrays, or on ``device=``."""

    def __init__(self, library: Any, adapter: CuPyAdapter) -> None:
        self._library, self._adapter = library, adapter

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._library, name)
        if isinstance(found, ModuleType):
            found = _Following(found, self._adapter)
        elif callable(found) and not isinstance(found, type):
            found = self._on_device(self._adapter.following(found))
        setattr(self, name, found)  # from now on a plain attribute
        return found

    def _on_device(self, function: Any) -> Any:
        @wraps(function)
        def placed(*args: Any, device: Any = None, **kw: Any) -> Any:
            if device is None:
                return function(*args, **kw)
            with _on(device):
                return function.__wrapped__(*args, **kw)

        return placed


_SMALL, _TOGETHER = 4096, 2**18  # bytes: of arrays that are copied in one go, of all copies


def _copies(array: Any, keys: list[Any]) -> Iterator[tuple[Any, Any]]:
    """A copy of an array for each of these keys, side by side in one memory."""
    with array.device:
        block = cupy.empty((len(keys), *array.shape), dtype=array.dtype)
        block[...] = array
    for k, key in enumerate(keys):
        yield key, block[k, ...]


def _arrays_in(tree: Any) -> Iterator[Any]:
    """The arrays, and those that tensors hold, in a nested sequence of anything."""
    if isinstance(tree, (tuple, list)):
        for branch in tree:
            yield from _arrays_in(branch)
    elif isinstance(array := getattr(tree, "_data", tree), cupy.ndarray):
        yield array


_NUMBERS = (bool, int, float, complex)


def _on(device: Any) -> Any:
    """A context in which arrays are made on `device`; on the current one if it is None."""
    number = _device_number(device)
    return nullcontext() if number is None else cupy.cuda.Device(number)


def _device_number(device: Any) -> int | None:
    """The number of a device, from what users call it: 1, "cuda:1", cupy.cuda.Device(1)."""
    if device is None:
        return None
    if isinstance(device, cupy.cuda.Device):
        return int(device.id)
    named = isinstance(device, str) and not device.isdecimal()
    name = device if named else f"cuda:{device}"
    kind, colon, number = name.partition(":")
    count = runtime.getDeviceCount()
    if kind in ("cuda", "gpu") and not colon:
        return int(cupy.cuda.Device().id)
    if kind in ("cuda", "gpu") and number.isdecimal() and int(number) < count:
        return int(number)
    raise ValueError(
        f"there is no CUDA device {device!r}: CuPy's devices are numbers (0 is the first GPU), "
        f"'cuda:0' or cupy.cuda.Device objects, and there are {count} here; to copy a tensor to "
        f"the host use .to('numpy')"
    )


def _outline(array: Any) -> Any:
    """A NumPy array with the addresses of `array`; they are the device's, so none can be read."""
    lies = {
        "version": 3,
        "data": (array.data.ptr, True),
        "typestr": f"|V{array.itemsize}",
        "shape": array.shape,
        "strides": array.strides,
    }
    return np.asarray(SimpleNamespace(__array_interface__=lies))
