"""Convolution of any dimension.

Three operations that are each other's derivatives: `conv_nd`, its gradient by the input and its
gradient by the filters. Each gathers windows into columns, or folds columns back, by one
strided slice for every element of a filter, and leaves the arithmetic to matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from mygrad.autodiff.primitive import primitive

__all__ = ["conv_nd"]


def per_axis(value: Any, count: int, name: str, least: int) -> tuple[int, ...]:
    """An option of a layer, as one integer for each spatial axis."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    if len(values) != count or not all(hasattr(v, "__index__") and v >= least for v in values):
        raise ValueError(
            f"{name} has to be an integer of at least {least}, or {count} of them (one for each "
            f"spatial axis), and is {value!r}"
        )
    return tuple(v.__index__() for v in values)


class Geometry:
    """How filters move over an input: the sizes of everything, spatial axis by axis."""

    def __init__(self, x: Any, w: Any, stride: Any, padding: Any, dilation: Any) -> None:
        if len(x) != len(w) or len(x) < 3 or x[1] != w[1]:
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
        padded = xp.zeros((*x.shape[:2], *self.padded), dtype=x.dtype, device=x.device)
        padded[self.inside()] = x
        return padded

    def inside(self) -> tuple[Any, ...]:
        """The part of the padded input that is the input."""
        inner = (slice(p, s - p) for p, s in zip(self.padding, self.padded, strict=True))
        return (slice(None), slice(None), *inner)

    def columns(self, x: Any, xp: Any) -> Any:
        """All windows of the input: shape (N, C * filter size, output size)."""
        x = self.pad(x, xp)
        windows = xp.stack([x[part] for part in self.slices()], axis=2)
        rows = x.shape[1] * prod(self.filter)
        return xp.reshape(windows, (x.shape[0], rows, prod(self.out)))


@primitive(
    x=lambda g, x_shape, filter_bank, stride, padding, dilation, xp: xp.conv_input_gradient(
        g, filter_bank, x_shape, stride, padding, dilation
    ),
    filter_bank=lambda g, x, filter_bank_shape, stride, padding, dilation, xp: (
        xp.conv_filter_gradient(x, g, filter_bank_shape, stride, padding, dilation)
    ),
    own=True,
)
def conv_nd(
    x: Any, filter_bank: Any, stride: Any, padding: Any = 0, dilation: Any = 1, *, xp: Any
) -> Any:
    """Cross-correlate a batch of inputs with a bank of filters, over any number of axes.

    Parameters
    ----------
    x
        The inputs, shape (N, C, X0, X1, ...).
    filter_bank
        The filters, shape (F, C, K0, K1, ...).
    stride
        How far a filter moves, along each axis or along all.
    padding
        How many zeros are put on both sides, of each axis or of all.
    dilation
        The distance between elements of a filter, along each axis or along all.

    Returns
    -------
    Tensor
        Shape (N, F, G0, G1, ...), where ``G = (X + 2 padding - dilation (K - 1) - 1) / stride
        + 1``.

    Raises
    ------
    ValueError
        The shapes do not go together, or the filters do not fit: the last one along each axis
        has to end where `x` does.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import conv_nd
    >>> x = mg.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    >>> conv_nd(x, [[[1.0, -1.0]]], stride=1)
    Tensor([[[-1., -1., -1.]]])
    """
    geometry = Geometry(x.shape, filter_bank.shape, stride, padding, dilation)
    filters = xp.reshape(filter_bank, (filter_bank.shape[0], prod(filter_bank.shape[1:])))
    out = xp.matmul(filters, geometry.columns(x, xp))
    return xp.reshape(out, (x.shape[0], filter_bank.shape[0], *geometry.out))


@primitive(
    g=lambda g, filter_bank, stride, padding, dilation, xp: xp.conv_nd(
        g, filter_bank, stride, padding, dilation
    ),
    filter_bank=lambda h, g, filter_bank_shape, stride, padding, dilation, xp: (
        xp.conv_filter_gradient(h, g, filter_bank_shape, stride, padding, dilation)
    ),
    own=True,
)
def conv_input_gradient(
    g: Any, filter_bank: Any, shape: Any, stride: Any, padding: Any, dilation: Any, *, xp: Any
) -> Any:
    """The adjoint of the input of `conv_nd`, whose shape is `shape`, given that of its result."""
    geometry = Geometry(shape, filter_bank.shape, stride, padding, dilation)
    n, count = g.shape[0], filter_bank.shape[0]
    filters = xp.matrix_transpose(xp.reshape(filter_bank, (count, prod(filter_bank.shape[1:]))))
    columns = xp.matmul(filters, xp.reshape(g, (n, count, prod(geometry.out))))
    columns = xp.reshape(columns, (n, shape[1], prod(geometry.filter), *geometry.out))
    padded = xp.zeros((n, shape[1], *geometry.padded), dtype=columns.dtype, device=columns.device)
    for k, part in enumerate(geometry.slices()):
        padded[part] += columns[:, :, k, ...]
    return padded[geometry.inside()] if any(geometry.padding) else padded


@primitive(
    x=lambda h, g, x_shape, stride, padding, dilation, xp: xp.conv_input_gradient(
        g, h, x_shape, stride, padding, dilation
    ),
    g=lambda h, x, stride, padding, dilation, xp: xp.conv_nd(x, h, stride, padding, dilation),
    own=True,
)
def conv_filter_gradient(
    x: Any, g: Any, shape: Any, stride: Any, padding: Any, dilation: Any, *, xp: Any
) -> Any:
    """The adjoint of the filters of `conv_nd`, whose shape is `shape`, given that of its result."""
    geometry = Geometry(x.shape, shape, stride, padding, dilation)
    columns = geometry.columns(x, xp)
    g = xp.reshape(g, (g.shape[0], shape[0], prod(geometry.out)))
    total = xp.sum(xp.matmul(g, xp.matrix_transpose(columns)), axis=0)
    return xp.reshape(total, shape)
