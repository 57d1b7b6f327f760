"""Memory of large results, used again once nobody looks at it.

The operating system hands out fresh memory page by page, each filled with zeros when it is first
touched, and takes large blocks back as soon as they are freed. A training step that makes the
same arrays again and again pays for that each time, often more than for its arithmetic.

An array made here lies in a block that was lent to it. It holds the *lease* of the block, and so
does whatever looks at its memory; the end of the lease gives the block back. That may happen in
any thread, wherever the interpreter frees things, also within the functions of this module: what
was given back is therefore only noted there, and sorted in by whoever gets the lock.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections import deque
from math import prod
from threading import Lock
from typing import Any
from weakref import ref

import numpy as np

__all__ = ["LARGE", "fresh"]

LARGE = 1 << 20
"""Bytes from which on arrays are taken from the pool."""

_KEPT = 128 << 20  # bytes that are kept for later

# Not shared with processes that are forked off, as an anonymous map is by default.
_PRIVATE = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
)


class _Lease(ref[Any]):
    """Knows which block to give back when the object is gone that an array holds for it."""

    __slots__ = ("block",)
    block: Any


_blocks: list[Any] = []  # free ones; those used last come last
_returned: deque[Any] = deque()  # free ones that nobody has sorted in so far
_leases: dict[int, _Lease] = {}
_lock = Lock()


def fresh(shape: tuple[int, ...], dtype: Any) -> Any:
    """A C-contiguous array with arbitrary contents, like `numpy.empty`."""
    size = prod(shape) * dtype.itemsize
    if not LARGE <= size <= _KEPT or dtype.hasobject:
        return np.empty(shape, dtype)
    block = _take(size)
    if block is None:
        block = _allocate(size)
    held = type(block).from_buffer(block)
    lease = _Lease(held, _give_back)
    lease.block = block
    _leases[id(lease)] = lease
    return np.ndarray(shape, dtype, held)


def _take(size: int) -> Any:
    """A free block of this size, the one used last: it may be in the cache. None if none is."""
    found = None
    with _lock:
        for k in range(len(_blocks) - 1, -1, -1):
            if len(_blocks[k]) == size:
                found = _blocks.pop(k)
                break
    if _returned:
        _sort_in()
    return found


def _allocate(size: int) -> Any:
    memory = mmap.mmap(-1, size, **_PRIVATE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError:  # a kernel without huge pages
            pass
    return (ctypes.c_char * size).from_buffer(memory)


def _give_back(lease: _Lease) -> None:
    del _leases[id(lease)]
    _returned.append(lease.block)
    _sort_in()


def _sort_in() -> None:
    """Put what was given back among the free blocks, and let go of those not used for longest.

    Whoever holds the lock comes here after releasing it, so nothing is left lying.
    """
    while _returned and _lock.acquire(blocking=False):
        try:
            while _returned:
                _blocks.append(_returned.popleft())
            total = 0
            for k in range(len(_blocks) - 1, -1, -1):
                total += len(_blocks[k])
                if total > _KEPT:
                    del _blocks[: k + 1]
                    break
        finally:
            _lock.release()


def _unlock() -> None:
    """In a process just forked off, where the thread that held the lock may not exist."""
    global _lock
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)
