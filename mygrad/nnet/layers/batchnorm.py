"""Batch normalization."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.memory import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.autodiff.tape import Record

__all__ = ["batchnorm"]


class Moments:
    """What a call of `batchnorm` found out about its channels: raw arrays of shape (C,).

    Attributes
    ----------
    mean, var
        Of each channel; the variance is that of the batch (divided by N), without `eps`.
    gamma, beta
        In a backward pass, derivatives that another rule found on its way: those of `x`,
        `gamma` and `beta`, called one after another in this order, need the same sums.
    """

    __slots__ = ("beta", "gamma", "mean", "var")

    mean: Any
    var: Any
    gamma: Any
    beta: Any

    def __init__(self) -> None:
        self.mean = self.var = self.gamma = self.beta = None

    def __repr__(self) -> str:  # drawings of graphs show it
        return "<mean and variance of each channel>"


def _axes(ndim: int) -> tuple[int, ...]:
    return tuple(k for k in range(ndim) if k != 1)


def _spread(channels: Any, ndim: int, xp: Any) -> Any:
    """An array (C,), or a number for all channels, to compute with arrays (N, C, ...)."""
    if isinstance(channels, (int, float)) or not channels.ndim:
        return channels
    return xp.reshape(channels, (1, -1) + (1,) * (ndim - 2))


@primitive(own=True)
def channels_normalized(x: Any, gamma: Any, beta: Any, eps: float, *, xp: Any) -> Any:
    """The result of `batchnorm`, and mean and variance of each channel. On raw arrays only."""
    axes = _axes(x.ndim)
    mean = xp.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    var = xp.mean(centred * centred, axis=axes, keepdims=True)
    out = centred / xp.sqrt(var + eps)
    out = out * _spread(gamma, x.ndim, xp) + _spread(beta, x.ndim, xp)
    return out, xp.reshape(mean, (-1,)), xp.reshape(var, (-1,))


@primitive(own=True)
def channel_sums(g: Any, x: Any, mean: Any, *, xp: Any) -> Any:
    """Sums of `g`, and of `g` times the centred `x`, for each channel. On raw arrays only."""
    axes = _axes(x.ndim)
    centred = x - _spread(mean, x.ndim, xp)
    return xp.sum(g, axis=axes), xp.sum(g * centred, axis=axes)


@primitive(own=True)
def channels_adjoint(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float, *, xp: Any
) -> Any:
    """The adjoint of the input of `batchnorm`, and `channel_sums`. On raw arrays only."""
    count = x.size // x.shape[1]
    sums, products = xp.channel_sums(g, x, mean)
    scale = 1 / xp.sqrt(var + eps)
    centred = x - _spread(mean, x.ndim, xp)
    part = centred * _spread(products * scale * scale / count, x.ndim, xp)
    part = g - _spread(sums / count, x.ndim, xp) - part
    return part * _spread(scale * gamma, x.ndim, xp), sums, products


def _by_x(g: Any, x: Any, gamma: Any, moments: Moments, eps: float, xp: Any) -> Any:
    if isinstance(g, Handle):
        axes = _axes(x.ndim)
        normal, scale = _normal(x, eps, xp)
        # not g * gamma, which has as many elements as x
        mean = xp.mean(g, axis=axes, keepdims=True)
        product = xp.mean(g * normal, axis=axes, keepdims=True)
        return (g - mean - normal * product) * (scale * _spread(gamma, x.ndim, xp))
    part, sums, products = xp.channels_adjoint(g, x, gamma, moments.mean, moments.var, eps)
    moments.gamma, moments.beta = products / xp.sqrt(moments.var + eps), sums
    return part


def _normal(x: Any, eps: float, xp: Any) -> Any:
    """The standardized `x` and the factor that did it, as functions of `x`, on tensors."""
    axes = _axes(x.ndim)
    centred = xp.subtract(x, xp.mean(x, axis=axes, keepdims=True))
    scale = 1 / xp.sqrt(xp.mean(centred * centred, axis=axes, keepdims=True) + eps)
    return centred * scale, scale


def _by_gamma(g: Any, x: Any, moments: Moments, eps: float, xp: Any) -> Any:
    if isinstance(g, Handle):
        return xp.sum(g * _normal(x, eps, xp)[0], axis=_axes(x.ndim))
    known, moments.gamma = moments.gamma, None
    if known is None:
        moments.beta, products = xp.channel_sums(g, x, moments.mean)
        known = products / xp.sqrt(moments.var + eps)
    return known


def _by_beta(g: Any, moments: Moments, xp: Any) -> Any:
    known = None
    if not isinstance(g, Handle):
        known, moments.beta = moments.beta, None
    return xp.sum(g, axis=_axes(g.ndim)) if known is None else known


@primitive(
    x=lambda g, x, gamma, moments, eps, xp: _by_x(g, x, gamma, moments, eps, xp),
    gamma=lambda g, x, moments, eps, xp: _by_gamma(g, x, moments, eps, xp),
    beta=lambda g, moments, xp: _by_beta(g, moments, xp),
    own=True,
)
def normalize_channels(
    x: Any, gamma: Any, beta: Any, moments: Moments, eps: float, *, xp: Any
) -> Any:
    """Batch normalization; leaves mean and variance in `moments`."""
    out, moments.mean, moments.var = xp.channels_normalized(x, gamma, beta, eps)
    return out


def _told(name: str) -> property:
    """An attribute that creators have where `batchnorm` made the tensor, as in MyGrad 2."""

    def get(record: Record) -> Any:
        if record.primitive is not normalize_channels or not record.values:
            raise AttributeError(f"{record.primitive.name} has no {name!r}")
        return getattr(record.values[normalize_channels.positions["moments"]], name)

    return property(get)


# Layers that keep running averages read these two; the core need not know of them.
setattr(Record, "mean", _told("mean"))  # noqa: B010
setattr(Record, "var", _told("var"))  # noqa: B010


def batchnorm(
    x: Any, *, gamma: Any = None, beta: Any = None, eps: float, constant: bool | None = None
) -> Any:
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
        shape (C,), from which running averages can be made.

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
    from mygrad.tensor_manip.array_shape import as_operand_tensor

    x = as_operand_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"batchnorm: x has to have shape (N, C, ...), and has {tuple(x.shape)}")
    gamma = 1.0 if gamma is None else as_operand_tensor(gamma)
    beta = 0.0 if beta is None else as_operand_tensor(beta)
    for name, value in (("gamma", gamma), ("beta", beta)):
        if isinstance(value, Handle) and value._data.shape not in ((), (1,), (x.shape[1],)):
            shape = tuple(value._data.shape)
            raise ValueError(
                f"batchnorm: {name} has to have shape ({x.shape[1]},), one element for each "
                f"channel of x, and has {shape}"
            )
    return normalize_channels(x, gamma, beta, Moments(), eps, constant=constant)
