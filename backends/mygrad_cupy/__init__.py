"""The adapter that lends CuPy's arrays to mygrad: CUDA GPUs.

Importing it where CuPy or a CUDA device is missing raises `ImportError` with the reason, so
that `mygrad.available_backends` can tell it and nobody selects a backend that cannot run.
"""

from __future__ import annotations

from contextlib import nullcontext
from math import prod
from types import SimpleNamespace
from typing import Any

try:
    import cupy
except ImportError as error:
    if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
        raise ImportError("CuPy is not installed", name=error.name) from error
    cause = error.__cause__ or error  # CuPy wraps it in a page of advice
    raise ImportError(f"CuPy is installed but does not load ({cause})") from error

import array_api_compat.cupy as xp
import numpy as np

from mygrad.arrays import Adapter

__all__ = ["adapter"]


def _ask_for_a_device() -> None:
    """Raise, with the reason, if there is no GPU to put arrays on."""
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise ImportError(
            f"CuPy {cupy.__version__} is installed, but finds no CUDA device ({error}); it needs "
            f"an NVIDIA GPU and a driver that is recent enough"
        ) from error
    if not count:
        raise ImportError(f"CuPy {cupy.__version__} is installed, but no CUDA device is visible")


_ask_for_a_device()


class CuPyAdapter(Adapter):
    """Arrays of CuPy, in the memory of a CUDA device.

    CuPy can neither lock arrays nor, without waiting for the device, tell that an index array
    points beyond an axis (it wraps around). Sums over repeated positions are atomic additions:
    their last bits may differ from run to run.
    """

    name = "cupy"
    array_types = (cupy.ndarray,)
    xp = xp

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
        with _on(device):
            return cupy.array(array, copy=True)

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

    def assign(self, target: Any, index: Any, value: Any) -> None:
        if isinstance(value, cupy.ndarray) and value.size > 1:
            places = _places(index, target.shape)
            if places is not None:  # repeated positions all get the value of the last one
                value = value.reshape(value.shape[max(value.ndim - places.ndim, 0) :])
                value = cupy.broadcast_to(value, places.shape).reshape(-1)
                value = value[_last(places, target.size)]
        target[index] = value

    def last_occurrences(self, index: Any, shape: tuple[int, ...]) -> Any:
        places = _places(index, shape)
        return None if places is None else _last(places, prod(shape)) == _counted(places.shape)

    def scatter_add(self, target: Any, index: Any, values: Any) -> None:
        dtype = target.dtype
        theirs = np.result_type(getattr(values, "dtype", values), dtype)
        if not self.can_cast(theirs, dtype):  # CuPy would cast, whatever is lost
            raise TypeError(f"values of dtype {theirs} cannot be added into an array of {dtype}")
        if dtype.kind == "f" or (dtype.kind in "iu" and dtype.itemsize >= 4):
            cupy.add.at(target, index, values)
        elif dtype.kind == "c":  # CUDA has no atomic addition for this and what follows
            values = cupy.asarray(values, dtype=dtype)
            cupy.add.at(target.real, index, values.real)
            cupy.add.at(target.imag, index, values.imag)
        else:  # short integers wrap around at the end as they would on the way
            wide = np.int64 if dtype.kind in "biu" else np.float32
            total = cupy.zeros(target.shape, dtype=wide)
            cupy.add.at(total, index, cupy.asarray(values, dtype=wide))
            target += total.astype(dtype)

    def copy(self, array: Any) -> Any:
        with array.device:  # CuPy copies to the current device, wherever the array is
            return super().copy(array)

    def rng(self, seed: Any = None) -> Any:
        return cupy.random.default_rng(seed)


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
    name = device if isinstance(device, str) else f"cuda:{device}"
    kind, colon, number = name.partition(":")
    count = cupy.cuda.runtime.getDeviceCount()
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


def _counted(shape: tuple[int, ...]) -> Any:
    """An array of this shape that holds the position of each of its elements."""
    return cupy.arange(prod(shape), dtype=np.int64).reshape(shape)


def _places(index: Any, shape: tuple[int, ...]) -> Any:
    """The positions that an index selects; None without integer arrays: then none repeats."""
    items = index if isinstance(index, tuple) else (index,)
    if any(isinstance(i, cupy.ndarray) and i.dtype.kind in "iu" for i in items):
        return _counted(shape)[index]
    return None


def _last(places: Any, size: int) -> Any:
    """For each of `places` in an array of `size` elements, where in `places` it comes last."""
    last = cupy.zeros(size, dtype=np.int64)
    cupy.maximum.at(last, places, _counted(places.shape))
    return last[places]


def _sliding_windows(x: Any, window_shape: Any, step: Any, dilation: Any = None) -> Any:
    n = len(window_shape)
    gaps = dilation if isinstance(dilation, (tuple, list)) else (dilation or 1,) * n
    steps = step if isinstance(step, (tuple, list)) else (step,) * n
    lead, tail = x.shape[: x.ndim - n], x.strides[x.ndim - n :]
    counts = tuple(
        (m - (w - 1) * d - 1) // s + 1
        for m, w, s, d in zip(x.shape[x.ndim - n :], window_shape, steps, gaps, strict=True)
    )
    return cupy.lib.stride_tricks.as_strided(
        x,
        (*counts, *lead, *window_shape),
        (
            *(t * s for t, s in zip(tail, steps, strict=True)),
            *x.strides[: x.ndim - n],
            *(t * d for t, d in zip(tail, gaps, strict=True)),
        ),
    )


adapter = CuPyAdapter()
adapter.kernels.update(sliding_windows=_sliding_windows)
