"""Convolution of any dimension.

Three operations that are each other's derivatives: `conv_nd`, its gradient by the input and its
gradient by the filters. Each gathers windows into columns, or folds columns back, by one
strided slice for every element of a filter, and leaves the arithmetic to matrix products.
"""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.arrays.portable import add_part, device_of
from mygrad.arrays.sliding import Geometry
from mygrad.autodiff.primitive import primitive

__all__ = ["conv_nd"]


@primitive(
    x=lambda g, x_shape, filter_bank, stride, padding, dilation, xp: xp.conv_input_gradient(
        g, filter_bank, x_shape, stride, padding, dilation
    ),
    filter_bank=lambda g, x, filter_bank_shape, stride, padding, dilation, xp: (
        xp.conv_filter_gradient(x, g, filter_bank_shape, stride, padding, dilation)
    ),
    goes_first=True,
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
    goes_first=True,
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
    lengths = (n, shape[1], *geometry.padded)
    padded = xp.zeros(lengths, dtype=columns.dtype, device=device_of(columns))
    for k, part in enumerate(geometry.slices()):
        padded = add_part(xp.adapter, padded, part, columns[:, :, k, ...])
    return padded[geometry.inside()] if any(geometry.padding) else padded


@primitive(
    x=lambda h, g, x_shape, stride, padding, dilation, xp: xp.conv_input_gradient(
        g, h, x_shape, stride, padding, dilation
    ),
    g=lambda h, x, stride, padding, dilation, xp: xp.conv_nd(x, h, stride, padding, dilation),
    goes_first=True,
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
