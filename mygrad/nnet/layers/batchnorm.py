"""Batch normalization."""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import is_narrow
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["batchnorm", "in_float32", "result_dtype"]


def in_float32(arrays: tuple[Any, ...], xp: Any) -> list[Any]:
    """Arrays of float16 as float32, in which sums of squares do not overflow."""
    return [xp.astype(a, xp.adapter.xp.float32) if is_narrow(a, xp) else a for a in arrays]


def result_dtype(operands: tuple[Any, ...], xp: Any) -> Any:
    """The dtype of what is computed from these arrays and numbers of Python."""
    return xp.adapter.xp.result_type(*[a.dtype for a in operands if hasattr(a, "dtype")])


def _axes(ndim: int) -> tuple[int, ...]:
    return tuple(k for k in range(ndim) if k != 1)


def _per_channel(values: Any, ndim: int, xp: Any) -> Any:
    """An array (C,), or a number for all channels, to compute with arrays (N, C, ...)."""
    if isinstance(values, (int, float)) or not values.ndim:
        return values
    return xp.reshape(values, (1, -1) + (1,) * (ndim - 2))


@composition
def channel_sums(g: Any, x: Any, mean: Any, var: Any, eps: float, *, xp: Any) -> Any:
    """The adjoints of scale and shift: sums of `g` times the normalized `x`, and of `g`."""
    if is_narrow(x, xp):
        sums = xp.channel_sums(*in_float32((g, x), xp), mean, var, eps)
        return tuple(xp.astype(a, g.dtype) for a in sums)
    axes = _axes(x.ndim)
    centred = x - _per_channel(mean, x.ndim, xp)
    return xp.sum(g * centred, axis=axes) / xp.sqrt(var + eps), xp.sum(g, axis=axes)


@composition
def channels_adjoint(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float, *, xp: Any
) -> Any:
    """The adjoint of the input of batch normalization, and `channel_sums`."""
    if is_narrow(x, xp):
        wide_g, wide_x = in_float32((g, x), xp)
        found = xp.channels_adjoint(wide_g, wide_x, gamma, mean, var, eps)
        return tuple(xp.astype(a, g.dtype) for a in found)
    count = prod(x.shape) // x.shape[1]
    by_gamma, by_beta = xp.channel_sums(g, x, mean, var, eps)
    scale = 1 / xp.sqrt(var + eps)
    centred = x - _per_channel(mean, x.ndim, xp)
    part = centred * _per_channel(by_gamma * (scale / count), x.ndim, xp)
    part = g - _per_channel(by_beta / count, x.ndim, xp) - part
    return part * _per_channel(scale * gamma, x.ndim, xp), by_gamma, by_beta


def _adjoints(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float, wanted: Any, xp: Any
) -> tuple[Any, Any, Any]:
    """The adjoints of input, scale and shift, which need the same sums."""
    if wanted[0]:
        return xp.channels_adjoint(g, x, gamma, mean, var, eps)
    return None, *xp.channel_sums(g, x, mean, var, eps)


@primitive(
    joint={("x", "gamma", "beta"): _adjoints}, residuals=("mean", "var"), broadcasts="stacks"
)
def normalize_channels(x: Any, gamma: Any, beta: Any, eps: float, *, xp: Any) -> Any:
    """Batch normalization, with mean and variance (divided by N) of each channel."""
    if is_narrow(x, xp):
        (wide,) = in_float32((x,), xp)
        out, *moments = normalize_channels.forward(wide, gamma, beta, eps, xp=xp)
        return xp.astype(out, result_dtype((x, gamma, beta), xp)), *moments
    axes = _axes(x.ndim)
    mean = xp.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    var = xp.mean(centred * centred, axis=axes, keepdims=True)
    out = centred / xp.sqrt(var + eps)
    out = out * _per_channel(gamma, x.ndim, xp) + _per_channel(beta, x.ndim, xp)
    return out, xp.reshape(mean, (-1,)), xp.reshape(var, (-1,))


def batchnorm(
    x: Any, *, gamma: Any = None, beta: Any = None, eps: float, constant: bool | None = None
) -> Tensor:
    """Normalize each channel over the batch.

    Parameters
    ----------
    x
        The input, shape (N, C, ...).
    gamma, beta
        Scale and shift for each channel, shape (C,); none if not given.
    eps
        Added to the variance.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        The shape of `x`. Its ``creator`` has the attributes ``mean`` and ``var``, raw arrays of
        shape (C,), from which running averages can be made; of float32 if `x` is of float16.

    Notes
    -----
    Ioffe and Szegedy, *Batch normalization*, ICML 2015.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import batchnorm
    >>> y = batchnorm(mg.tensor([[1.0], [3.0]]), eps=0.0)
    >>> y
    Tensor([[-1.],
            [ 1.]])
    >>> y.creator.mean, y.creator.var
    (array([2.]), array([1.]))
    """
    x = as_operand_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"batchnorm: x has to have shape (N, C, ...), and has {tuple(x.shape)}")
    gamma = 1.0 if gamma is None else as_operand_tensor(gamma, (x,))
    beta = 0.0 if beta is None else as_operand_tensor(beta, (x,))
    for name, value in (("gamma", gamma), ("beta", beta)):
        if isinstance(value, Handle) and value._data.shape not in ((), (1,), (x.shape[1],)):
            shape = tuple(value._data.shape)
            raise ValueError(
                f"batchnorm: {name} has to have shape ({x.shape[1]},), one element for each "
                f"channel of x, and has {shape}"
            )
    return normalize_channels(x, gamma, beta, eps, constant=constant)
