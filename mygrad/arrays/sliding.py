"""Where the windows of convolution and pooling lie: what the kernels of all libraries share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from mygrad.arrays.portable import device_of

__all__ = ["Geometry", "met_slices", "per_axis", "pool_slices", "pool_windows"]


def per_axis(value: Any, count: int, name: str, least: int) -> tuple[int, ...]:
    """An option of a layer, as one integer for each spatial axis."""
    several = isinstance(value, (tuple, list)) or getattr(value, "ndim", 0) == 1
    values = tuple(value) if several else (value,) * count
    numbers = (hasattr(v, "__index__") and not getattr(v, "ndim", 0) and v >= least for v in values)
    if len(values) != count or not all(numbers):
        raise ValueError(
            f"{name} has to be an integer of at least {least}, or {count} of them (one for each "
            f"spatial axis), and is {value!r}"
        )
    return tuple(v.__index__() for v in values)


class Geometry:
    """How filters move over an input: the sizes of everything, spatial axis by axis."""

    def __init__(
        self, x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int = 1
    ) -> None:
        (self.groups,) = per_axis(groups, 1, "conv_nd: groups", 1)
        if self.groups > 1:
            self._check_groups(x, w)
        elif len(x) != len(w) or len(x) < 3 or x[1] != w[1]:
            raise ValueError(
                f"conv_nd: x of shape (N, C, X0, ...) goes with a filter_bank of shape (F, C, K0, "
                f"...) with the same C and as many axes, and the shapes are {tuple(x)} and "
                f"{tuple(w)}"
            )
        n = len(x) - 2
        self.filter = tuple(w[2:])
        self.stride = per_axis(stride, n, "conv_nd: stride", 1)
        self.padding = per_axis(padding, n, "conv_nd: padding", 0)
        self.dilation = per_axis(dilation, n, "conv_nd: dilation", 1)
        self.padded = tuple(s + 2 * p for s, p in zip(x[2:], self.padding, strict=True))
        self.reach = tuple(d * (k - 1) + 1 for d, k in zip(self.dilation, self.filter, strict=True))
        self.out = tuple(
            (s - r) // t + 1 for s, r, t in zip(self.padded, self.reach, self.stride, strict=True)
        )
        along = list(zip(self.padded, self.reach, self.stride, strict=True))
        if min((*self.out, *self.filter)) >= 1 and any((s - r) % t for s, r, t in along):
            raise ValueError(
                f"conv_nd: filters that reach over {self.reach}, moved by {self.stride}, do not "
                f"end where x with padding does, which is {self.padded}; the rest would be "
                f"dropped silently, so cut or pad x first"
            )
        if min((*self.out, *self.filter)) < 1:
            raise ValueError(
                f"conv_nd: filters of shape {self.filter} with dilation {self.dilation} reach over "
                f"{self.reach}, and do not fit into x with padding, which is {self.padded}"
            )

    def _check_groups(self, x: Any, w: Any) -> None:
        groups = self.groups
        if len(x) != len(w) or len(x) < 3 or x[1] != w[1] * groups or w[0] % groups:
            raise ValueError(
                f"conv_nd: with groups={groups}, x of shape (N, C, X0, ...) goes with a "
                f"filter_bank of shape (F, C / {groups}, K0, ...), as many axes, and F a multiple "
                f"of {groups}, and the shapes are {tuple(x)} and {tuple(w)}"
            )

    def slices(self) -> Iterator[tuple[Any, ...]]:
        """For each element of a filter, what it meets of the padded input."""
        for offset in product(*(range(k) for k in self.filter)):
            met = (
                slice(o * d, o * d + t * (n - 1) + 1, t)
                for o, d, t, n in zip(offset, self.dilation, self.stride, self.out, strict=True)
            )
            yield (slice(None), slice(None), *met)

    def pad(self, x: Any, xp: Any) -> Any:
        if not any(self.padding):
            return x
        padded = xp.zeros((*x.shape[:2], *self.padded), dtype=x.dtype, device=device_of(x))
        return xp.adapter.assign(padded, self.inside(), x)

    def inside(self) -> tuple[Any, ...]:
        """The part of the padded input that is the input."""
        inner = (slice(p, s - p) for p, s in zip(self.padding, self.padded, strict=True))
        return (slice(None), slice(None), *inner)

    def columns(self, x: Any, xp: Any) -> Any:
        """All windows of the input: shape (N, groups, C / groups * filter size, output size)."""
        x = self.pad(x, xp)
        windows = xp.stack([x[part] for part in self.slices()], axis=2)
        rows = x.shape[1] // self.groups * prod(self.filter)
        return xp.reshape(windows, (x.shape[0], self.groups, rows, prod(self.out)))

    def by_group(self, filters: Any, xp: Any) -> Any:
        """Filters as the rows of a matrix for each group."""
        count = filters.shape[0] // self.groups
        return xp.reshape(filters, (self.groups, count, prod(filters.shape[1:])))


def met_slices(
    first: int, step: int, padding: int, count: int, length: int
) -> tuple[slice, slice]:
    """What of `length` elements is met at ``first + step * i - padding``, and by which i < count.

    Both are slices; what lies in the padding is in neither.
    """
    start = first - padding
    low = max(0, -(start // step))
    high = max(low, min(count, (length - 1 - start) // step + 1))
    met = slice(start + step * low, max(start + step * (high - 1) + 1, 0), step)
    return met, slice(low, high)


def pool_windows(
    shape: tuple[int, ...], pool: Any, stride: Any, name: str = "max_pool"
) -> tuple[tuple[int, ...], ...]:
    """Sizes, strides and numbers of the windows, along each of the axes that they slide over."""
    several = isinstance(pool, (tuple, list)) or getattr(pool, "ndim", 0) == 1
    if not several or not 0 < len(pool) <= len(shape):
        raise ValueError(
            f"{name}: pool has to be a tuple with a size for each of the last axes of x, whose "
            f"shape is {tuple(shape)}, and is {pool!r}"
        )
    sizes = per_axis(pool, len(pool), f"{name}: pool", 1)
    strides = per_axis(stride, len(pool), f"{name}: stride", 1)
    lengths = tuple(shape[len(shape) - len(sizes) :])
    along = list(zip(lengths, sizes, strides, strict=True))
    if any(n < k for n, k, _ in along):
        raise ValueError(f"{name}: windows of shape {sizes} do not fit into {lengths}")
    if any((n - k) % s for n, k, s in along):
        raise ValueError(
            f"{name}: windows of shape {sizes}, moved by {strides}, do not end where x does, "
            f"whose last axes are {lengths}; the rest would be dropped silently, so cut x first"
        )
    return sizes, strides, tuple((n - k) // s + 1 for n, k, s in along)


def pool_slices(
    shape: tuple[int, ...], pool: Any, stride: Any, name: str = "max_pool"
) -> Iterator[tuple[Any, ...]]:
    """For each element of a window, what it meets of the input, over all windows."""
    sizes, strides, counts = pool_windows(shape, pool, stride, name)
    for offset in product(*(range(k) for k in sizes)):
        yield (
            ...,
            *(
                slice(o, o + s * (n - 1) + 1, s)
                for o, s, n in zip(offset, strides, counts, strict=True)
            ),
        )
