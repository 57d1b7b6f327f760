"""Batch normalization."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.primitive import primitive

__all__ = ["batchnorm"]


def _axes(ndim: int) -> tuple[int, ...]:
    return tuple(k for k in range(ndim) if k != 1)


def _rule(g: Any, x: Any, out: Any, eps: float, xp: Any) -> Any:
    axes = _axes(x.ndim)
    scale = 1 / xp.sqrt(xp.var(x, axis=axes, keepdims=True) + eps)
    mean = xp.mean(g, axis=axes, keepdims=True)
    return scale * (g - mean - out * xp.mean(g * out, axis=axes, keepdims=True))


@primitive(x=lambda g, x, out, eps, xp: _rule(g, x, out, eps, xp))
def standardize(x: Any, eps: float, *, xp: Any) -> Any:
    """Subtract the mean and divide by the standard deviation, for each channel (axis 1)."""
    axes = _axes(x.ndim)
    centred = x - xp.mean(x, axis=axes, keepdims=True)
    return centred / xp.sqrt(xp.mean(centred * centred, axis=axes, keepdims=True) + eps)


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
        The shape of `x`.

    Notes
    -----
    Ioffe and Szegedy, *Batch normalization*, ICML 2015.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import batchnorm
    >>> batchnorm(mg.tensor([[1.0], [3.0]]), eps=0.0)
    Tensor([[-1.],
            [ 1.]])
    """
    from mygrad.math.arithmetic import add, multiply
    from mygrad.tensor_manip.array_shape import as_operand_tensor

    x = as_operand_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"batchnorm: x has to have shape (N, C, ...), and has {tuple(x.shape)}")
    per_channel = (1, -1) + (1,) * (x.ndim - 2)
    out = standardize(x, eps, constant=constant)
    if gamma is not None:
        out = multiply(out, as_operand_tensor(gamma).reshape(per_channel), constant=constant)
    if beta is not None:
        out = add(out, as_operand_tensor(beta).reshape(per_channel), constant=constant)
    return out
