"""Routines that are compiled into CuPy (sorting, CUB's reductions, random numbers), by NumPy."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

__all__ = ["install"]


def _memory(pointer: int, shape: Any, dtype: Any) -> Any:
    """The host's array at an address of the pretended device."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape))
    if not count:
        return np.empty(shape, dtype)
    _runtime.check_touch("a routine of CUDA's libraries", pointer, count * dtype.itemsize)
    block = (ctypes.c_char * (count * dtype.itemsize)).from_address(pointer)
    return np.frombuffer(block, dtype, count).reshape(shape)


def _on_host(array: Any) -> Any:
    if not array.size:
        return np.empty(array.shape, array.dtype)
    block = (ctypes.c_char * array.nbytes).from_address(array.data.ptr)
    return np.ndarray(array.shape, array.dtype, block, 0, array.strides)


class Generator:
    """NumPy's random numbers on the pretended device, under the names of CuPy's generator."""

    def __init__(self, seed: Any = None) -> None:
        self._host = np.random.default_rng(seed)

    def _put(self, what: str, values: Any, dtype: Any, out: Any = None) -> Any:
        import cupy

        _runtime.note(f"curand_{what}")
        made = cupy.ndarray(np.shape(values), dtype)
        _on_host(made)[...] = values
        if out is None:
            return made
        out[...] = made
        return out

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
        return self._put("random", self._host.random(size), dtype, out)

    def standard_normal(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
        return self._put("normal", self._host.standard_normal(size), dtype, out)

    def integers(
        self, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64,
        endpoint: bool = False,
    ) -> Any:  # fmt: skip
        return self._put("integers", self._host.integers(low, high, size, dtype, endpoint), dtype)


def _sort(dtype: Any, data: int, keys: int, shape: Any) -> None:
    _runtime.note("thrust_sort")
    _memory(data, shape, dtype).sort(-1, kind="stable")


def _argsort(dtype: Any, places: int, data: int, keys: int, shape: Any) -> None:
    _runtime.note("thrust_argsort")
    found = np.argsort(_memory(data, shape, dtype), -1, kind="stable")
    _memory(places, shape, np.intp)[...] = found


def _lexsort(dtype: Any, places: int, keys: int, k: int, n: int) -> None:
    _runtime.note("thrust_lexsort")
    _memory(places, (n,), np.intp)[...] = np.lexsort(_memory(keys, (k, n), dtype))


_runtime: Any = None


def install(runtime: Any) -> None:
    """Put these in the place of what is compiled into CuPy."""
    global _runtime
    _runtime = runtime
    import cupy
    from cupy.cuda import thrust

    thrust.sort, thrust.argsort, thrust.lexsort = _sort, _argsort, _lexsort
    cupy.random.default_rng = Generator
