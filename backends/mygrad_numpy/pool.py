"""Memory of large results, used again once nobody looks at it.

The operating system hands out fresh memory page by page, each filled with zeros when it is first
touched, and takes large blocks back as soon as they are freed. A training step that makes the
same arrays again and again pays for that each time, often more than for its arithmetic.

An array made here lies in a block whose only other reference is that of the pool. Views refer to
the array, and so to the block: a block that nobody but the pool refers to is free.
"""

from __future__ import annotations

import mmap
import sys
from math import prod
from sys import getrefcount
from threading import Lock
from typing import Any

import numpy as np

__all__ = ["LARGE", "fresh"]

LARGE = 1 << 20
"""Bytes from which on arrays are taken from the pool."""

_KEPT = 128 << 20  # bytes in the pool, free and in use

# Not shared with processes that are forked off, as an anonymous map is by default.
_PRIVATE = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
)
# Without the global lock reference counts say nothing about other threads.
_COUNTED = getattr(sys, "_is_gil_enabled", lambda: True)()
_FREE = 3  # references to a free block while it is looked at: the list, the variable, the call

_blocks: list[Any] = []  # those used last come last
_lock = Lock()


def fresh(shape: tuple[int, ...], dtype: Any) -> Any:
    """A C-contiguous array with arbitrary contents, like `numpy.empty`."""
    size = prod(shape) * dtype.itemsize
    if not LARGE <= size <= _KEPT or dtype.hasobject or not _COUNTED:
        return np.empty(shape, dtype)
    with _lock:
        for k in range(len(_blocks) - 1, -1, -1):  # what was used last may be in the cache
            block = _blocks[k]
            if len(block) == size and getrefcount(block) == _FREE:
                _blocks.append(_blocks.pop(k))
                return np.ndarray(shape, dtype, block)
        total = size
        for k in range(len(_blocks) - 1, -1, -1):
            total += len(_blocks[k])
            if total > _KEPT:  # arrays in these blocks go on using them
                del _blocks[: k + 1]
                break
        block = mmap.mmap(-1, size, **_PRIVATE)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            try:
                block.madvise(mmap.MADV_HUGEPAGE)
            except OSError:  # a kernel without huge pages
                pass
        _blocks.append(block)
        return np.ndarray(shape, dtype, block)
