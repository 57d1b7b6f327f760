"""Memory that kernels use again and again.

The first touch of fresh memory costs more than the arithmetic on it, and a block that was just
used is still in the cache. No array made here may be handed out to a caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from threading import local
from typing import Any

import numpy as np

__all__ = ["CACHE", "blocks", "scratch"]

CACHE = 512 << 10
"""Bytes that a kernel works on at a time: two such blocks fit into a core's second cache."""

_KEPT = 4 << 20  # larger blocks are not kept: memory of that size is better given back


class _Blocks(local):
    def __init__(self) -> None:
        self.by_use: dict[str, Any] = {}


_blocks = _Blocks()


def scratch(use: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """An array with arbitrary contents; the next call for the same `use` takes it back."""
    size = prod(shape) * dtype.itemsize
    block = _blocks.by_use.get(use)
    if block is None or block.size < size:
        block = np.empty(size, np.uint8)
        if size <= _KEPT:
            _blocks.by_use[use] = block
    return np.ndarray(shape, dtype, block)


def blocks(
    count: int, rows: int, size: int, overlap: int = 0, cache: int = CACHE
) -> Iterator[tuple[int, ...]]:
    """Blocks of a batch: (first image, end, first row, end).

    `size` is that of one row, in bytes, and `overlap` the rows that each block needs besides.
    """
    whole = (rows + overlap) * size
    if whole <= 2 * cache:
        step = max(1, cache // max(whole, 1))
        for first in range(0, count, step):
            yield first, min(first + step, count), 0, rows
        return
    pieces = -(-rows // max(cache // size - overlap, 2 * overlap, 1))
    step = -(-rows // pieces)
    for image in range(count):
        for first in range(0, rows, step):
            yield image, image + 1, first, min(first + step, rows)
