"""Activation functions."""

from __future__ import annotations

from operator import index
from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import floats, highest_power, is_complex, real_only
from mygrad.math.hyperbolic_trig import tanh
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = [
    "elu", "glu", "hard_tanh", "leaky_relu", "logsoftmax", "relu", "selu", "sigmoid",
    "soft_sign", "softmax", "tanh",
]  # fmt: skip


@composition
def relu_adjoint(g: Any, out: Any, *, xp: Any) -> Any:
    """The adjoint of what `relu` made `out` of."""
    return xp.where(out > 0, g, 0.0)


@primitive(x=lambda g, out, xp: xp.relu_adjoint(g, out))
def relu(x: Any, *, xp: Any) -> Any:
    """Rectified linear unit, ``max(x, 0)``. Its derivative at 0 is taken to be 0.

    Parameters
    ----------
    x
        A tensor or array.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import relu
    >>> relu(mg.tensor([-1.0, 2.0]))
    Tensor([0., 2.])
    """
    real_only(x, xp, "relu")
    return xp.maximum(x, 0)


@composition
def sigmoid_adjoint(g: Any, x: Any, out: Any, *, xp: Any) -> Any:
    """The adjoint of `x`, of which `out` is the `sigmoid`."""
    return g * (out * xp.sigmoid(-x))


@primitive(x=lambda g, x, out, xp: xp.sigmoid_adjoint(g, x, out))
def sigmoid(x: Any, *, xp: Any) -> Any:
    """Logistic sigmoid, :math:`1 / (1 + e^{-x})`.

    Parameters
    ----------
    x
        A tensor or array.

    Returns
    -------
    Tensor

    Notes
    -----
    Exact where it is close to 0, and its derivative where it is close to 0 or 1: that is
    ``sigmoid(x) * sigmoid(-x)``, as ``1 - sigmoid(x)`` has no digit left for large `x`.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import sigmoid
    >>> sigmoid(mg.tensor([0.0, 2.0]))
    Tensor([0.5       , 0.88079708])
    """
    if not is_complex(x, xp):  # beyond this it is 1
        x = xp.minimum(x, highest_power(x, xp))
    power = xp.exp(x)
    return power / (1 + power)


@composition
def leaky_relu_adjoint(g: Any, x: Any, slope: float, *, xp: Any) -> Any:
    """The adjoint of `x`, by that of its `leaky_relu`."""
    return xp.where(x > 0, g, slope * g)


@primitive(x=lambda g, x, slope, xp: xp.leaky_relu_adjoint(g, x, slope))
def leaky_relu(x: Any, slope: float, *, xp: Any) -> Any:
    """``x`` where it is positive, and ``slope * x`` elsewhere.

    Parameters
    ----------
    x
        A tensor or array.
    slope
        The slope where `x` is negative.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import leaky_relu
    >>> leaky_relu(mg.tensor([-1.0, 2.0]), 0.1)
    Tensor([-0.1,  2. ])
    """
    real_only(x, xp, "leaky_relu")
    return xp.where(x > 0, x, slope * x)


@composition
def elu_adjoint(g: Any, x: Any, low: float, high: float, *, xp: Any) -> Any:
    """`g` times `high` from 0 on, and times `low` times the exponential of `x` below."""
    straight = x >= 0
    powers = xp.where(~straight, xp.exp(xp.minimum(x, 0.0)), 0.0)
    return g * (low * powers + high * xp.astype(straight, x.dtype))


@primitive(x=lambda g, x, alpha, xp: xp.elu_adjoint(g, x, alpha, 1.0))
def elu(x: Any, alpha: float, *, xp: Any) -> Any:
    """Exponential linear unit: ``x`` from 0 on, ``alpha * (exp(x) - 1)`` below.

    Parameters
    ----------
    x
        A tensor or array.
    alpha
        The scale where `x` is negative.

    Returns
    -------
    Tensor

    Notes
    -----
    Clevert et al., *Fast and accurate deep network learning by exponential linear units*,
    ICLR 2016.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import elu
    >>> elu(mg.tensor([-1.0, 2.0]), 0.5)
    Tensor([-0.31606028,  2.        ])
    """
    real_only(x, xp, "elu")
    return xp.maximum(x, 0) + alpha * xp.expm1(xp.minimum(x, 0))


_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805


@primitive(x=lambda g, x, xp: xp.elu_adjoint(g, x, _SCALE * _ALPHA, _SCALE))
def selu(x: Any, *, xp: Any) -> Any:
    """Scaled exponential linear unit.

    Parameters
    ----------
    x
        A tensor or array.

    Returns
    -------
    Tensor

    Notes
    -----
    Klambauer et al., *Self-normalizing neural networks*, NeurIPS 2017.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import selu
    >>> selu(mg.tensor([-1.0, 2.0]))
    Tensor([-1.11133074,  2.10140197])
    """
    real_only(x, xp, "selu")
    return _SCALE * xp.maximum(x, 0) + _SCALE * _ALPHA * xp.expm1(xp.minimum(x, 0))


@composition
def hard_tanh_adjoint(
    g: Any, x: Any, lower_bound: float, upper_bound: float, *, xp: Any
) -> Any:
    """The adjoint of `x`, by that of its `hard_tanh`."""
    return xp.where((x > lower_bound) & (x < upper_bound), g, 0.0)


@primitive(
    x=lambda g, x, lower_bound, upper_bound, xp: xp.hard_tanh_adjoint(
        g, x, lower_bound, upper_bound
    )
)
def hard_tanh(x: Any, lower_bound: float = -1, upper_bound: float = 1, *, xp: Any) -> Any:
    """`x`, limited to an interval. The derivative at its bounds is taken to be 0.

    Parameters
    ----------
    x
        A tensor or array.
    lower_bound, upper_bound
        The interval.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import hard_tanh
    >>> hard_tanh(mg.tensor([-2.0, 0.5, 2.0]))
    Tensor([-1. ,  0.5,  1. ])
    """
    real_only(x, xp, "hard_tanh")
    return xp.minimum(xp.maximum(x, lower_bound), upper_bound)


@composition
def soft_sign_adjoint(g: Any, x: Any, *, xp: Any) -> Any:
    """The adjoint of `x`, by that of its `soft_sign`."""
    return g / (1 + xp.abs(x)) / (1 + xp.abs(x))


@primitive(x=lambda g, x, xp: xp.soft_sign_adjoint(g, x))
def soft_sign(x: Any, *, xp: Any) -> Any:
    """``x / (1 + |x|)``.

    Parameters
    ----------
    x
        A tensor or array.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import soft_sign
    >>> soft_sign(mg.tensor([-1.0, 3.0]))
    Tensor([-0.5 ,  0.75])
    """
    real_only(x, xp, "soft_sign")
    return x / (1 + xp.abs(x))


@composition
def softmax_adjoint(g: Any, out: Any, axis: Any, *, xp: Any) -> Any:
    """The adjoint of the scores, by that of their softmax `out`."""
    axis = axis if out.ndim else None
    return out * (g - xp.sum(g * out, axis=axis, keepdims=True))


@primitive(x=lambda g, out, axis, xp: xp.softmax_adjoint(g, out, axis), goes_first=True)
def softmax(x: Any, axis: Any = -1, *, xp: Any) -> Any:
    """Exponentials, divided by their sum along an axis.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis or axes along which the results sum to 1; None for all.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import softmax
    >>> softmax(mg.tensor([1.0, 1.0, 1.0, 1.0]))
    Tensor([0.25, 0.25, 0.25, 0.25])
    """
    real_only(x, xp, "softmax")
    x = floats(x, xp)
    if not x.ndim or 0 in x.shape:
        return xp.ones_like(x)
    powers = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


@composition
def logsoftmax_adjoint(g: Any, out: Any, axis: Any, *, xp: Any) -> Any:
    """The adjoint of the scores, by that of the logarithm of their softmax, `out`."""
    axis = axis if out.ndim else None
    return g - xp.exp(out) * xp.sum(g, axis=axis, keepdims=True)


@primitive(x=lambda g, out, axis, xp: xp.logsoftmax_adjoint(g, out, axis), goes_first=True)
def logsoftmax(x: Any, axis: Any = -1, *, xp: Any) -> Any:
    """The logarithm of `softmax`, without its rounding errors.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis or axes along which the probabilities sum to 1; None for all.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import logsoftmax
    >>> logsoftmax(mg.tensor([1.0, 1.0]))
    Tensor([-0.69314718, -0.69314718])
    """
    real_only(x, xp, "logsoftmax")
    x = floats(x, xp)
    if not x.ndim or 0 in x.shape:
        return xp.zeros_like(x)
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    powers = xp.exp(shifted)
    total = xp.sum(powers, axis=axis, keepdims=True)
    # Where there is but one largest score, the logarithm is close to 0: that of 1 + the others.
    others = xp.sum(xp.where(shifted < 0, powers, 0.0), axis=axis, keepdims=True)
    return shifted - xp.where(total >= 1.5, xp.log(total), xp.log1p(others))


def glu(x: Any, axis: int = -1, *, constant: bool | None = None) -> Tensor:
    """Gated linear unit: the first half along an axis times the sigmoid of the second.

    Parameters
    ----------
    x
        A tensor or array, of even length along `axis`.
    axis
        The axis to halve.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor

    Notes
    -----
    Dauphin et al., *Language modeling with gated convolutional networks*, ICML 2017.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import glu
    >>> glu(mg.tensor([1.0, 2.0, 0.0, 0.0]))
    Tensor([0.5, 1. ])
    """
    from mygrad.math.arithmetic import multiply
    x, axis = as_operand_tensor(x), index(axis)
    length = x.shape[axis]
    if length % 2:
        raise ValueError(
            f"glu: axis {axis} of shape {tuple(x.shape)} has the odd length {length}, and cannot "
            f"be halved"
        )
    lead = (slice(None),) * (axis % x.ndim)
    first, second = x[(*lead, slice(None, length // 2))], x[(*lead, slice(length // 2, None))]
    return multiply(first, sigmoid(second), constant=constant)
