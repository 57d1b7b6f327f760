"""What the kernels of convolution and pooling share: sources for any number of axes, and launches.

A kernel is written once, with marks for what is repeated for each axis, and is compiled for the
dtypes, the number of axes and the width of indices that a call needs. Sizes are arguments, so that
a network has few kernels to compile. Indices have 32 bits where all of them fit: divisions by
sizes, which tell a thread where it stands, are several times as fast as those of 64 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cupy

__all__ = ["Kernel", "Types", "is_plain", "sliding_windows"]

Types = tuple[tuple[str, str], ...]

_NUMBER = """
template <class X> __device__ inline X number(X x) { return x; }
"""
_NUMBER_OF_HALF = """
#include <cuda_fp16.h>
__device__ inline float number(__half x) { return float(x); }
"""
"""In sources, `number` turns what is read into what can be computed with."""

_NARROW = 1 << 30  # leaves room for the step of a loop over the grid
_THREADS = 256
_BLOCKS = 1 << 16


def is_plain(option: Any) -> bool:
    """Whether an option of a layer is an integer or a tuple of integers, as most are.

    Such options can be looked up: equal ones mean the same, which 1 and 1.0 do not.
    """
    kind = type(option)
    return kind is int or (kind is tuple and all(type(n) is int for n in option))


def _extent(array: Any) -> int:
    """How many elements apart the elements of an array may lie."""
    if array.flags.c_contiguous:
        return array.size
    reach = (n * abs(s) for n, s in zip(array.shape, array.strides, strict=True))
    return max(array.size, sum(reach) // array.itemsize)


class Kernel:
    """A kernel for windows over any number of axes.

    Parameters
    ----------
    name
        Its name, which profilers show.
    code
        Its parameters and body. Parts between ``<<`` and ``>>`` are repeated for each axis, with
        its number for ``@`` and the next number for ``#``; ``$`` is the number of axes. ``I`` is
        the type of indices.
    """

    def __init__(self, name: str, code: str) -> None:
        self.name = name
        first, *others = code.split("<<")
        self.parts = [(first, False)]
        for other in others:
            repeated, rest = other.split(">>")
            self.parts += [(repeated, True), (rest, False)]

    def written(self, count: int) -> str:
        """The source for this number of axes."""
        text = f'extern "C" __global__ void {self.name}'
        for part, repeated in self.parts:
            for axis in range(count if repeated else 1):
                text += part.replace("@", str(axis)).replace("#", str(axis + 1))
        return text.replace("$", str(count))

    def __call__(
        self,
        types: Types,
        axes: int,
        arrays: Sequence[Any],
        sizes: Sequence[int],
        work: tuple[int, int],
    ) -> None:
        """Launch it.

        Parameters
        ----------
        types
            Names of types in the source, and what they stand for.
        axes
            The number of axes.
        arrays
            The first arguments.
        sizes
            The other arguments, 64-bit integers.
        work
            How many threads there is work for, along the grid's x and y.
        """
        farthest = max(*map(_extent, arrays), *work, max(sizes), -min(sizes))
        kernel = _compiled(self, types, axes, farthest >= _NARROW)
        across, down = work
        threads = min(_THREADS, -(-across // 32) * 32)
        grid = min(-(-across // threads), _BLOCKS), min(down, _BLOCKS - 1)
        kernel(grid, (threads,), (*arrays, *sizes))


@lru_cache(maxsize=256)
def _compiled(kernel: Kernel, types: Types, count: int, wide: bool) -> Any:
    names = "".join(f"typedef {name} {alias};\n" for alias, name in types)
    index = "typedef long long I;\n" if wide else "typedef int I;\n"
    halves = _NUMBER_OF_HALF if "__half" in dict(types).values() else ""
    code = f"{halves}{_NUMBER}{names}{index}{kernel.written(count)}"
    return cupy.RawKernel(code, kernel.name)


def sliding_windows(x: Any, window_shape: Any, step: Any, dilation: Any = None) -> Any:
    """A view of all windows, with the axes along which they slide in front."""
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
