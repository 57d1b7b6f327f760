"""Whose arrays programs run on: NumPy's on the host, or CuPy's on a CUDA device.

A call uses one of these. What is asked of arrays beyond their adapters is here: where they lie, how
results of the engine's become arrays, and what has to be waited for. CuPy is imported when one of
its arrays is met, or it is the selected backend.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from ctypes import addressof, c_char
from functools import cache, cached_property
from importlib import import_module
from math import prod
from operator import attrgetter
from sys import getrefcount
from typing import Any

import numpy as np

from mygrad.arrays import Adapter, adapter_of, get_adapter, selection
from mygrad.autodiff.nodes import Handle
from mygrad.compile.errors import CannotCompile

__all__ = [
    "HOST", "OWN", "Library", "bounds", "chosen", "is_array", "kinds_met", "library_of", "named",
]  # fmt: skip

def _counted() -> int:
    alone = object()
    return getrefcount(alone)


OWN = _counted()
"""What `getrefcount` says of what one variable of a function has: 2, and from Python 3.14 on 1."""
_ALIGNED = 256
"""Bytes: XLA's programs load many elements at once, from addresses that are multiples of less."""


class Library:
    """NumPy's arrays, on the host.

    Attributes
    ----------
    name
        What errors call it.
    types
        The class of the arrays.
    key
        What programs are found by.
    number
        That of the CUDA device; None for the host.
    address
        That of memory which `result` made.
    copy_into
        Writes an array of this library into another one.
    """

    name = "numpy"
    number: int | None = None
    key = "numpy"
    types: Any = np.ndarray
    address: Callable[[Any], int] = staticmethod(addressof)
    copy_into: Callable[[Any, Any], Any] = staticmethod(np.copyto)

    @cached_property
    def adapter(self) -> Adapter:
        """What mygrad has for these arrays; it may be that this is imported by it."""
        return get_adapter(self.name)

    def __repr__(self) -> str:
        return self.name

    def mine(self, array: Any) -> bool:
        """Whether an array is of this library, on this device."""
        return type(array) is np.ndarray

    def follows(self) -> bool:
        """Whether data on the host go to this library, since the user selected it."""
        return False

    def kind(self, shape: tuple[int, ...], dtype: Any) -> tuple[tuple[int, ...], Any, Any]:
        """A shape, a dtype, and what else `result` has to know of them: the type of the memory, or
        None where there is none."""
        size = prod(shape)
        return shape, dtype, _memory_type(dtype.itemsize * size) if size else None

    def result(self, result: Any, shape: tuple[int, ...], dtype: Any, kind: Any) -> Any:
        """A result of the engine's as an array that can be written to, on the same memory.

        Nobody else has that memory. Its owner, the base of the array, has the result as ``held``;
        and it supports buffers, so that NumPy can lock and unlock it.
        """
        if kind is None:
            return np.zeros(shape, dtype)
        memory = kind.from_address(result.unsafe_buffer_pointer())
        memory.held = result
        return np.ndarray(shape, dtype, memory)

    def memory_of(self, array: Any) -> Any:
        """The memory under an array that `result` made, if that is all of it; else None."""
        held = getattr(array.base, "held", None)
        if held is None or held.shape != array.shape or held.dtype != array.dtype:
            return None
        return array.base if array.flags.c_contiguous else None

    def is_alone(self, array: Any, others: int) -> bool:
        """Whether nobody holds the memory but an array, which nobody else has, and `others`."""
        return True  # who holds NumPy's memory holds the array

    def copied(self, value: Any) -> Any:
        """A copy of an array, or a number as an array."""
        return np.array(value)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.zeros(shape, dtype)

    def like(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """An array of which nobody looks at elements, and which takes no memory."""
        return np.broadcast_to(np.zeros((), dtype), shape)

    def flat(self, array: Any, start: int, size: int) -> Any:
        """So many elements from an address on, in the memory of an array."""
        return np.asarray(_Flat(array, start, size))

    def compact(self, array: Any) -> Any:
        """The array if its memory can be lent to programs as it is, else a copy."""
        return array

    def running(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """A function that calls CuPy, with this device as the current one."""
        return run

    def wait(self) -> None:
        """Wait for what was asked for and reads or writes memory that a program will use."""


def _memory_type(size: int) -> Any:
    """The type of so many bytes of the engine's, which keep what they belong to."""
    return type("Memory", (c_char * size,), {"__slots__": ("held",)})


class _Flat:
    """Memory from an address on, as a flat array."""

    __slots__ = ("__array_interface__", "_held")

    def __init__(self, array: Any, start: int, size: int) -> None:
        self._held = array
        self.__array_interface__ = {
            "data": (start, False), "shape": (size,), "typestr": array.dtype.str, "version": 3,
        }  # fmt: skip


class OnDevice(Library):
    """CuPy's arrays on one device.

    CuPy's work is queued on its current stream, and XLA has streams of its own: before a program
    runs, that stream has to have come to its end; and what a program computes is there when it
    returns, as `mygrad.compile.engine.Program.run` waits for it.
    """

    name = "cupy"
    address: Callable[[Any], int] = staticmethod(attrgetter("ptr"))

    def __init__(self, number: int) -> None:
        cupy = self.cupy = import_module("cupy")
        self.number, self.types, self.key = number, cupy.ndarray, f"cupy:{number}"
        self.copy_into = cupy.copyto

        class Memory(cupy.cuda.UnownedMemory):  # type: ignore[misc, name-defined]
            """Memory of XLA's under arrays of CuPy's."""

            held: Any = None

        self._memory = Memory

    def __repr__(self) -> str:
        return f"cupy, device {self.number}"

    def mine(self, array: Any) -> bool:
        return type(array) is self.types and array.data.device_id == self.number

    def follows(self) -> bool:
        selected = selection()
        return selected is not None and selected.adapter is self.adapter

    def kind(self, shape: tuple[int, ...], dtype: Any) -> tuple[tuple[int, ...], Any, Any]:
        return shape, dtype, dtype.itemsize * prod(shape)

    def result(self, result: Any, shape: tuple[int, ...], dtype: Any, kind: Any) -> Any:
        if 0 in shape:
            return self.zeros(shape, dtype)
        memory = self.memory_at(result.unsafe_buffer_pointer(), kind)
        memory.held = result
        return self.cupy.ndarray(shape, dtype, self.cupy.cuda.MemoryPointer(memory, 0))

    def memory_at(self, pointer: int, size: int) -> Any:
        """Memory of the engine's, for arrays of CuPy's."""
        return self._memory(pointer, size, None, self.number)

    def memory_of(self, array: Any) -> Any:
        if type(array) is not self.types:
            return None
        memory = array.data.mem
        held = getattr(memory, "held", None)
        if held is None or held.shape != array.shape or held.dtype != array.dtype:
            return None
        return memory if array.flags.c_contiguous and array.data.ptr == memory.ptr else None

    def is_alone(self, array: Any, others: int) -> bool:
        return getrefcount(array.data) <= 2 and getrefcount(array.data.mem) <= 2 + others

    def copied(self, value: Any) -> Any:
        if type(value) is self.types:
            return value.copy()
        return self.adapter.from_host(np.asarray(value), self.number)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return self.running(self.cupy.zeros)(shape, dtype)

    def like(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return self.adapter.window(self.zeros((1,), dtype), 0, shape, (0,) * len(shape))

    def flat(self, array: Any, start: int, size: int) -> Any:
        offset = start - self.adapter.address(array)
        return self.adapter.window(array, offset, (size,), (array.itemsize,))

    def compact(self, array: Any) -> Any:
        if array.flags.c_contiguous and array.data.ptr % _ALIGNED == 0:
            return array
        return self.running(self.cupy.array)(array, copy=True, order="C")

    def running(self, run: Callable[..., Any]) -> Callable[..., Any]:
        adapter, number = self.adapter, self.number

        def there(*args: Any, **kwargs: Any) -> Any:
            before = adapter.go_to(number)
            try:
                return run(*args, **kwargs)
            finally:
                adapter.go_to(before)

        return there

    def wait(self) -> None:
        self.running(lambda: self.cupy.cuda.get_current_stream().synchronize())()


HOST = Library()
_on_device = cache(OnDevice)


def library_of(array: Any) -> Library | None:
    """The library of an array that programs run on; None for all else."""
    if isinstance(array, np.ndarray):
        return HOST
    return _on_device(array.data.device_id) if _is_on_device(array) else None


def is_array(value: Any) -> bool:
    """Whether a value is an array that programs run on."""
    return isinstance(value, np.ndarray) or _is_on_device(value)


def _is_on_device(value: Any) -> bool:
    cupy = sys.modules.get("cupy")
    return cupy is not None and isinstance(value, getattr(cupy, "ndarray", ()))


def bounds(array: Any) -> tuple[int, int]:
    """The addresses that an array begins and ends at."""
    adapter: Any = adapter_of(array)
    low = high = adapter.address(array)
    for n, step in zip(array.shape, adapter.strides(array), strict=True):
        if step < 0:
            low += (n - 1) * step
        else:
            high += (n - 1) * step
    return low, high + array.itemsize


# --- which one a call uses ------------------------------------------------------------------------
def named(array: Any) -> str:
    """What an error calls the place of an array."""
    library = library_of(array)
    if library is None:
        adapter = adapter_of(array)
        return type(array).__name__ if adapter is None else adapter.name
    return repr(library)


def kinds_met(tensors: Iterable[tuple[str, Any]], name: str) -> dict[Library, str]:
    """The libraries of tensors, each with the path of the first one on it."""
    found: dict[Library, str] = {}
    for path, t in tensors:
        library = library_of(t._data)
        if library is None:
            raise CannotCompile(
                f"{name} cannot be compiled: {path} is a tensor on {named(t._data)}, and programs "
                f"are compiled for NumPy's and CuPy's arrays. Way out: {path}.to('numpy')"
            )
        found.setdefault(library, path)
    return found


def chosen(met: dict[Library, str], leaves: Iterable[Any], arrays: Iterable[Any], name: str) -> Any:
    """The library that a call uses: that of all tensors.

    Without any it is that of the arrays of CuPy's among the arguments, and among what is reached;
    and else the one that the user selected.
    """
    found, leaves = dict(met), list(leaves)
    for k, leaf in enumerate(leaves, 1):
        if isinstance(leaf, Handle):
            found.setdefault(library_of(leaf._data) or HOST, f"argument {k}")
    if len(found) > 1:
        (one, path), (other, second) = list(found.items())[:2]
        way = "to(device=...)" if one.adapter is other.adapter else f'to("{one.name}")'
        raise CannotCompile(
            f"{name} cannot be compiled: {path} is a tensor on {one!r}, and {second} is one on "
            f"{other!r}. Nothing is moved behind your back. Way out: .{way} for one of them"
        )
    for library in found:
        return library
    for array in (*leaves, *arrays):
        if _is_on_device(array):
            return library_of(array)
    selected = selection()
    if selected is None or selected.adapter.name != "cupy":
        return HOST
    device = selected.device
    return _on_device(selected.adapter.go_to(None) if device is None else device)
