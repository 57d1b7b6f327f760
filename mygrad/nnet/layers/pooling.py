"""Pooling of any dimension."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import add_part, device_of
from mygrad.arrays.sliding import per_axis, pool_slices, pool_windows
from mygrad.autodiff.namespace import tensor_namespace_of
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import floats, in_float32
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["adaptive_avg_pool", "avg_pool", "max_pool"]


def _winners(x: Any, out: Any, pool: Any, stride: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """For each element of a window: its slice, and where it is the first maximum, or NaN."""
    taken = None
    for part in pool_slices(tuple(x.shape), pool, stride):
        won = (x[part] == out) | (x[part] != x[part])
        if taken is not None:
            won, taken = won & ~taken, taken | won
        else:
            taken = won
        yield part, won


@primitive(x=lambda g, x, out, pool, stride, xp: xp.max_unpool(g, x, out, pool, stride))
def max_pool(x: Any, pool: Any, stride: Any, *, xp: Any) -> Any:
    """Maximum over windows of the last axes. The first of equal entries gets the gradient.

    Parameters
    ----------
    x
        The input, shape (..., X0, X1, ...).
    pool
        The shape of a window, over the last ``len(pool)`` axes.
    stride
        How far the window moves, along each of these axes or along all.

    Returns
    -------
    Tensor
        Shape (..., G0, G1, ...), where ``G = (X - pool) / stride + 1``.

    Raises
    ------
    ValueError
        The windows do not fit, or do not end where `x` does.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import max_pool
    >>> max_pool(mg.tensor([1.0, 3.0, 2.0, 0.0]), (2,), 2)
    Tensor([3., 2.])
    """
    out = None
    for part in pool_slices(tuple(x.shape), pool, stride):
        out = xp.asarray(x[part], copy=True) if out is None else xp.maximum(out, x[part])
    return out


@primitive(
    g=lambda h, x, maxima, pool, stride, xp: xp.max_picked(h, x, maxima, pool, stride),
    x=None,
    maxima=None,
)
def max_unpool(g: Any, x: Any, maxima: Any, pool: Any, stride: Any, *, xp: Any) -> Any:
    """The adjoint of the input of `max_pool`, given that of its result."""
    total = xp.zeros(tuple(x.shape), dtype=g.dtype, device=device_of(g))
    for part, won in _winners(x, maxima, pool, stride):
        total = add_part(xp.adapter, total, part, xp.where(won, g, 0.0))
    return total


@primitive(
    h=lambda g, x, maxima, pool, stride, xp: xp.max_unpool(g, x, maxima, pool, stride),
    x=None,
    maxima=None,
)
def max_picked(h: Any, x: Any, maxima: Any, pool: Any, stride: Any, *, xp: Any) -> Any:
    """The elements of `h` that stand where `max_pool` found the maxima of `x`."""
    total = None
    for part, won in _winners(x, maxima, pool, stride):
        picked = xp.where(won, h[part], 0.0)
        total = picked if total is None else total + picked
    return total


# --- means ---------------------------------------------------------------------------------------
class _Averaging:
    """Windows over a padded input, and by what their sums are divided."""

    def __init__(
        self, shape: tuple[int, ...], pool: Any, stride: Any, padding: Any, include: bool, xp: Any
    ) -> None:
        several = isinstance(pool, (tuple, list)) or getattr(pool, "ndim", 0) == 1
        count = len(pool) if several else 1
        self.pool, self.stride, self.include = pool, pool if stride is None else stride, include
        self.shape, self.xp = shape, xp
        self.padding = per_axis(padding, count, "avg_pool: padding", 0)
        lead = len(shape) - count
        pads = (0,) * lead + self.padding if lead >= 0 else ()
        self.padded = tuple(n + 2 * p for n, p in zip(shape, pads, strict=lead >= 0))
        self.sizes, self.strides, self.counts = pool_windows(
            self.padded, pool, self.stride, "avg_pool"
        )
        if any(2 * p > k for p, k in zip(self.padding, self.sizes, strict=True)):
            raise ValueError(
                f"avg_pool: padding {self.padding} is more than half of a window, whose shape is "
                f"{self.sizes}: some windows would have nothing but padding"
            )
        self.inside = (
            ...,
            *(slice(p, p + n) for p, n in zip(self.padding, shape[lead:], strict=True)),
        )

        # Large windows side by side are axes of their own, and not hundreds of slices.
        self.beside = (
            self.strides == self.sizes and not any(self.padding) and prod(self.sizes) > 16
        )
        pairs = zip(self.counts, self.sizes, strict=True)
        self.split = (*shape[:lead], *(n for pair in pairs for n in pair))
        self.within = tuple(lead + 2 * k + 1 for k in range(len(self.sizes)))

    def slices(self) -> Iterator[tuple[Any, ...]]:
        return pool_slices(self.padded, self.pool, self.stride, "avg_pool")

    def divided(self, sums: Any) -> Any:
        """Sums of windows, or their adjoint, divided by how many elements each window has."""
        if self.include or not any(self.padding):
            return sums / prod(self.sizes)
        xp, n = self.xp, len(self.sizes)
        for k in range(n):
            p, size, length = self.padding[k], self.sizes[k], self.shape[k - n]
            starts = [i * self.strides[k] - p for i in range(self.counts[k])]
            inside = [float(min(s + size, length) - max(s, 0)) for s in starts]
            each = xp.asarray(inside, dtype=sums.dtype, device=device_of(sums))
            sums = sums / xp.reshape(each, (-1, *(1,) * (n - 1 - k)))
        return sums


@primitive(
    x=lambda g, x_shape, pool, stride, padding, count_include_pad, xp: xp.avg_unpool(
        g, x_shape, pool, stride, padding, count_include_pad
    ),
)
def avg_pool(
    x: Any, pool: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True,
    *, xp: Any,
) -> Any:  # fmt: skip
    """Mean over windows of the last axes.

    Parameters
    ----------
    x
        The input, shape (..., X0, X1, ...).
    pool
        The shape of a window, over the last ``len(pool)`` axes.
    stride
        How far the window moves, along each of these axes or along all; by its own size if not
        given.
    padding
        How many zeros are put on both sides, of each of these axes or of all: at most half a
        window.
    count_include_pad
        Whether these zeros count as elements.

    Returns
    -------
    Tensor
        Shape (..., G0, G1, ...), where ``G = (X + 2 padding - pool) / stride + 1``.

    Raises
    ------
    ValueError
        The windows do not fit, or do not end where `x` with padding does.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import avg_pool
    >>> avg_pool(mg.tensor([1.0, 3.0, 2.0, 0.0]), (2,))
    Tensor([2., 1.])
    >>> avg_pool(mg.tensor([1.0, 3.0, 2.0, 0.0]), (2,), padding=1, count_include_pad=False)
    Tensor([1. , 2.5, 0. ])
    """
    averaging = _Averaging(tuple(x.shape), pool, stride, padding, count_include_pad, xp)

    def averaged(x: Any) -> Any:
        if averaging.beside:
            return xp.mean(xp.reshape(x, averaging.split), axis=averaging.within)
        if any(averaging.padding):
            empty = xp.zeros(averaging.padded, dtype=x.dtype, device=device_of(x))
            x = xp.adapter.assign(empty, averaging.inside, x)
        total: Any = None
        for part in averaging.slices():
            total = x[part] if total is None else total + x[part]
        return averaging.divided(total)

    return in_float32(averaged, floats(x, xp), xp)


@primitive(
    g=lambda h, pool, stride, padding, count_include_pad, xp: xp.avg_pool(
        h, pool, stride, padding, count_include_pad
    ),
)
def avg_unpool(
    g: Any, shape: Any, pool: Any, stride: Any, padding: Any, count_include_pad: bool, *, xp: Any
) -> Any:
    """The adjoint of the input of `avg_pool`, whose shape is `shape`, given that of its result."""
    averaging = _Averaging(tuple(shape), pool, stride, padding, count_include_pad, xp)

    def spread(g: Any) -> Any:
        shares = averaging.divided(g)
        if averaging.beside:
            for axis in averaging.within:
                shares = xp.expand_dims(shares, axis=axis)
            return xp.reshape(xp.broadcast_to(shares, averaging.split), averaging.shape)
        total = xp.zeros(averaging.padded, dtype=g.dtype, device=device_of(g))
        for part in averaging.slices():
            total = add_part(xp.adapter, total, part, shares)
        return total[averaging.inside] if any(averaging.padding) else total

    return in_float32(spread, g, xp)


def _ends(length: int, count: int) -> list[tuple[int, int]]:
    """Where the windows begin and end that share an axis as evenly as may be."""
    return [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]


@primitive(x=lambda g, x_shape, lengths, xp: xp.mean_spread(g, x_shape, lengths))
def means_of_parts(x: Any, lengths: Any, *, xp: Any) -> Any:
    """The means of ``lengths[k]`` parts of each of the last axes."""

    def averaged(x: Any) -> Any:
        for k, count in enumerate(reversed(lengths), 1):
            if count == x.shape[-k]:
                continue
            behind = (slice(None),) * (k - 1)
            parts = [
                xp.mean(x[(..., slice(a, b), *behind)], axis=-k)
                for a, b in _ends(x.shape[-k], count)
            ]
            x = xp.stack(parts, axis=-k)
        return x

    same = all(n == x.shape[k - len(lengths)] for k, n in enumerate(lengths))
    if same:
        return xp.asarray(x, copy=True)
    return in_float32(averaged, x, xp)


@primitive(g=lambda h, lengths, xp: xp.means_of_parts(h, lengths))
def mean_spread(g: Any, shape: Any, lengths: Any, *, xp: Any) -> Any:
    """The adjoint of the input of `means_of_parts`, whose shape is `shape`."""

    def spread(g: Any) -> Any:
        for k, count in enumerate(reversed(lengths), 1):
            length = shape[-k]
            if count == length:
                continue
            behind = (slice(None),) * (k - 1)
            wider = (*g.shape[: g.ndim - k], length, *g.shape[g.ndim - k + 1 :])
            total = xp.zeros(wider, dtype=g.dtype, device=device_of(g))
            for i, (a, b) in enumerate(_ends(length, count)):
                share = g[(..., slice(i, i + 1), *behind)] / (b - a)
                total = add_part(xp.adapter, total, (..., slice(a, b), *behind), share)
            g = total
        return g

    if tuple(g.shape) == tuple(shape):
        return xp.asarray(g, copy=True)
    return in_float32(spread, g, xp)


def adaptive_avg_pool(x: Any, output_size: Any, *, constant: bool | None = None) -> Tensor:
    """Mean over as many windows as results are wanted, which share the last axes evenly.

    Parameters
    ----------
    x
        The input, shape (..., X0, X1, ...).
    output_size
        How many results to have along each of the last axes: integers, and None for an axis that
        stays as it is.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (..., *output_size).

    Raises
    ------
    ValueError
        `output_size` is not a tuple of such numbers, or `x` has too few axes or no elements there.

    Notes
    -----
    As in PyTorch, window i of G along an axis of length X goes from ``floor(i X / G)`` up to
    ``ceil((i + 1) X / G)``, so that windows overlap by one where G does not divide X.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import adaptive_avg_pool
    >>> adaptive_avg_pool(mg.tensor([[1.0, 3.0, 2.0, 0.0, 4.0]]), (2,))
    Tensor([[2., 2.]])
    """
    x = as_operand_tensor(x)
    wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else None
    fits = wanted is not None and 0 < len(wanted) <= x.ndim
    ends = x.shape[x.ndim - len(wanted) :] if wanted is not None and fits else ()
    lengths = [n if k is None else k for k, n in zip(wanted or (), ends, strict=fits)]
    if not fits or not all(hasattr(k, "__index__") and k >= 1 for k in lengths) or 0 in ends:
        raise ValueError(
            f"adaptive_avg_pool: output_size is a tuple with a number from 1, or None, for each of "
            f"the last axes of x, which have elements; it is {output_size!r}, and the shape of x "
            f"{tuple(x.shape)}"
        )
    adapter = adapter_of(x._data)
    assert adapter is not None
    x = floats(x, tensor_namespace_of(adapter))
    return means_of_parts(x, tuple(k.__index__() for k in lengths), constant=constant)
