"""Convolution of any dimension.

Three operations that are each other's derivatives: `conv_nd`, its gradient by the input and its
gradient by the filters. Each gathers windows into columns, or folds columns back, by one
strided slice for every element of a filter, and leaves the arithmetic to matrix products.
"""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.arrays.portable import add_part, device_of
from mygrad.arrays.sliding import Geometry, per_axis
from mygrad.autodiff.primitive import primitive
from mygrad.tensor_manip.padding import pad
from mygrad.tensors.base import Tensor, as_operand_tensors

__all__ = ["conv_nd", "conv_transpose_nd"]


@primitive(
    x=lambda g, x_shape, filter_bank, stride, padding, dilation, groups, xp: xp.conv_input_gradient(
        g, filter_bank, x_shape, stride, padding, dilation, groups
    ),
    filter_bank=lambda g, x, filter_bank_shape, stride, padding, dilation, groups, xp: (
        xp.conv_filter_gradient(x, g, filter_bank_shape, stride, padding, dilation, groups)
    ),
    goes_first=True,
)
def conv_nd(
    x: Any, filter_bank: Any, stride: Any, padding: Any = 0, dilation: Any = 1, groups: int = 1,
    *, xp: Any,
) -> Any:  # fmt: skip
    """Cross-correlate a batch of inputs with a bank of filters, over any number of axes.

    Parameters
    ----------
    x
        The inputs, shape (N, C, X0, X1, ...).
    filter_bank
        The filters, shape (F, C, K0, K1, ...), or (F, C / groups, K0, K1, ...).
    stride
        How far a filter moves, along each axis or along all.
    padding
        How many zeros are put on both sides, of each axis or of all.
    dilation
        The distance between elements of a filter, along each axis or along all.
    groups
        Into how many groups of neighbours the channels and the filters are divided. Filters see
        the channels of their own group alone; with as many groups as channels (depthwise
        convolution) that is a single one.

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
    geometry = Geometry(x.shape, filter_bank.shape, stride, padding, dilation, groups)
    out = xp.matmul(geometry.by_group(filter_bank, xp), geometry.columns(x, xp))
    return xp.reshape(out, (x.shape[0], filter_bank.shape[0], *geometry.out))


@primitive(
    g=lambda g, filter_bank, stride, padding, dilation, groups, xp: xp.conv_nd(
        g, filter_bank, stride, padding, dilation, groups
    ),
    filter_bank=lambda h, g, filter_bank_shape, stride, padding, dilation, groups, xp: (
        xp.conv_filter_gradient(h, g, filter_bank_shape, stride, padding, dilation, groups)
    ),
    goes_first=True,
)
def conv_input_gradient(
    g: Any, filter_bank: Any, shape: Any, stride: Any, padding: Any, dilation: Any,
    groups: int = 1, *, xp: Any,
) -> Any:  # fmt: skip
    """The adjoint of the input of `conv_nd`, whose shape is `shape`, given that of its result."""
    geometry = Geometry(shape, filter_bank.shape, stride, padding, dilation, groups)
    n, count = g.shape[0], filter_bank.shape[0]
    filters = xp.matrix_transpose(geometry.by_group(filter_bank, xp))
    each = xp.reshape(g, (n, geometry.groups, count // geometry.groups, prod(geometry.out)))
    columns = xp.matmul(filters, each)
    columns = xp.reshape(columns, (n, shape[1], prod(geometry.filter), *geometry.out))
    lengths = (n, shape[1], *geometry.padded)
    padded = xp.zeros(lengths, dtype=columns.dtype, device=device_of(columns))
    for k, part in enumerate(geometry.slices()):
        padded = add_part(xp.adapter, padded, part, columns[:, :, k, ...])
    return padded[geometry.inside()] if any(geometry.padding) else padded


@primitive(
    x=lambda h, g, x_shape, stride, padding, dilation, groups, xp: xp.conv_input_gradient(
        g, h, x_shape, stride, padding, dilation, groups
    ),
    g=lambda h, x, stride, padding, dilation, groups, xp: xp.conv_nd(
        x, h, stride, padding, dilation, groups
    ),
    goes_first=True,
)
def conv_filter_gradient(
    x: Any, g: Any, shape: Any, stride: Any, padding: Any, dilation: Any, groups: int = 1,
    *, xp: Any,
) -> Any:  # fmt: skip
    """The adjoint of the filters of `conv_nd`, whose shape is `shape`, given that of its result."""
    geometry = Geometry(x.shape, shape, stride, padding, dilation, groups)
    columns = geometry.columns(x, xp)
    count = geometry.groups
    g = xp.reshape(g, (g.shape[0], count, shape[0] // count, prod(geometry.out)))
    total = xp.sum(xp.matmul(g, xp.matrix_transpose(columns)), axis=0)
    return xp.reshape(total, shape)


def conv_transpose_nd(
    x: Any,
    filter_bank: Any,
    stride: Any,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    constant: bool | None = None,
) -> Tensor:
    """Transposed convolution: what `conv_nd` does to adjoints, done to inputs.

    Each element of `x` puts a copy of a filter, times itself, where a filter of `conv_nd` would
    have read to make that element. So images grow by the stride.

    Parameters
    ----------
    x
        The inputs, shape (N, F, X0, X1, ...).
    filter_bank
        The filters, shape (F, C / groups, K0, K1, ...): those of the `conv_nd` that would lead from
        results to inputs.
    stride
        How far copies stand from one another, along each axis or along all.
    padding
        How many elements are cut off on both sides, of each axis or of all.
    output_padding
        How many elements more a result has at the end, of each axis or of all: of the sizes that
        `conv_nd` with this stride would lead from, the smallest one is made otherwise.
    dilation
        The distance between elements of a filter, along each axis or along all.
    groups
        Into how many groups of neighbours the channels are divided, as in `conv_nd`.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (N, C, G0, G1, ...), where ``G = (X - 1) stride - 2 padding + dilation (K - 1) +
        output_padding + 1``.

    Raises
    ------
    ValueError
        The shapes do not go together, nothing would be left, or `output_padding` is not smaller
        than the stride or the dilation.

    Notes
    -----
    Zeiler et al., *Deconvolutional networks*, CVPR 2010. Options are those of PyTorch's
    ``conv_transpose1d`` to ``conv_transpose3d``.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import conv_transpose_nd
    >>> x = mg.tensor([[[1.0, 2.0, 3.0]]])
    >>> conv_transpose_nd(x, [[[1.0, 10.0, 100.0]]], stride=2)
    Tensor([[[  1.,  10., 102.,  20., 203.,  30., 300.]]])
    """
    name = "conv_transpose_nd"
    x, filter_bank = as_operand_tensors(x, filter_bank)
    n, shape, filters = x.ndim - 2, tuple(x.shape), tuple(filter_bank.shape)
    (count,) = per_axis(groups, 1, f"{name}: groups", 1)
    if n < 1 or len(filters) != n + 2 or shape[1] != filters[0] or filters[0] % count:
        raise ValueError(
            f"{name}: x of shape (N, F, X0, ...) goes with a filter_bank of shape (F, C / groups, "
            f"K0, ...) with the same F, a multiple of groups={count}, and as many axes, and the "
            f"shapes are {shape} and {filters}"
        )
    strides = per_axis(stride, n, f"{name}: stride", 1)
    paddings = per_axis(padding, n, f"{name}: padding", 0)
    more = per_axis(output_padding, n, f"{name}: output_padding", 0)
    gaps = per_axis(dilation, n, f"{name}: dilation", 1)
    if any(m >= max(s, d) for m, s, d in zip(more, strides, gaps, strict=True)):
        raise ValueError(
            f"{name}: output_padding is less than the stride or the dilation, and is {more} where "
            f"these are {strides} and {gaps}"
        )
    whole = [
        (k - 1) * s + d * (f - 1) + 1
        for k, s, d, f in zip(shape[2:], strides, gaps, filters[2:], strict=True)
    ]
    sizes = [w - 2 * p + m for w, p, m in zip(whole, paddings, more, strict=True)]
    if min(sizes) < 1 or 0 in shape[2:]:
        raise ValueError(
            f"{name}: nothing is left of a result of {tuple(whole)} elements where {paddings} are "
            f"cut off on both sides"
        )
    channels = (shape[0], filters[1] * count)
    if not any(more):
        return conv_input_gradient(
            x, filter_bank, (*channels, *sizes), strides, paddings, gaps, count, constant=constant
        )
    out = conv_input_gradient(x, filter_bank, (*channels, *whole), strides, 0, gaps, count)
    ends = [w - p + m for w, p, m in zip(whole, paddings, more, strict=True)]
    inside = [slice(p, min(e, w)) for p, e, w in zip(paddings, ends, whole, strict=True)]
    beyond = [
        (0, max(e - max(w, p), 0)) for e, w, p in zip(ends, whole, paddings, strict=True)
    ]
    out = out[(slice(None), slice(None), *inside)]
    return pad(out, [(0, 0), (0, 0), *beyond], constant=constant)
