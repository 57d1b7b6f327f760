"""Layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import is_narrow
from mygrad.nnet.layers.batchnorm import in_float32, result_dtype
from mygrad.tensor_manip.transpose_like import moveaxis
from mygrad.tensors.base import as_operand_tensor

__all__ = ["layer_norm"]


def _last(values: Any, ndim: int, xp: Any) -> Any:
    """What belongs to rows, to compute with arrays whose last axes are those of a row."""
    return xp.reshape(values, tuple(values.shape) + (1,) * (ndim - values.ndim))


@composition
def row_sums(g: Any, x: Any, mean: Any, var: Any, eps: float, *, xp: Any) -> Any:
    """The adjoints of scale and shift: sums of `g` times the normalized `x`, and of `g`."""
    if is_narrow(x, xp):
        sums = xp.row_sums(*in_float32((g, x), xp), mean, var, eps)
        return tuple(xp.astype(a, g.dtype) for a in sums)
    axes = tuple(range(mean.ndim))
    scale = _last(1 / xp.sqrt(var + eps), x.ndim, xp)
    normalized = (x - _last(mean, x.ndim, xp)) * scale
    return xp.sum(g * normalized, axis=axes), xp.sum(g, axis=axes)


@composition
def rows_adjoint(g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float, *, xp: Any) -> Any:
    """The adjoint of the input of layer normalization."""
    if is_narrow(x, xp):
        wide_g, wide_x = in_float32((g, x), xp)
        return xp.astype(xp.rows_adjoint(wide_g, wide_x, gamma, mean, var, eps), g.dtype)
    axes = tuple(range(mean.ndim, x.ndim))
    scale = _last(1 / xp.sqrt(var + eps), x.ndim, xp)
    normalized = (x - _last(mean, x.ndim, xp)) * scale
    part = g * gamma
    along = xp.mean(part * normalized, axis=axes, keepdims=True)
    part = part - xp.mean(part, axis=axes, keepdims=True) - normalized * along
    return part * scale


def _adjoints(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float, wanted: Any, xp: Any
) -> tuple[Any, Any, Any]:
    by_x = by_gamma = by_beta = None
    if wanted[0]:
        by_x = xp.rows_adjoint(g, x, gamma, mean, var, eps)
    if wanted[1] or wanted[2]:
        by_gamma, by_beta = xp.row_sums(g, x, mean, var, eps)
    return by_x, by_gamma, by_beta


@primitive(joint={("x", "gamma", "beta"): _adjoints}, residuals=("mean", "var"))
def normalize_rows(x: Any, gamma: Any, beta: Any, axes: int, eps: float, *, xp: Any) -> Any:
    """Layer normalization over the last `axes` axes, with mean and variance of each row."""
    if is_narrow(x, xp):
        (wide,) = in_float32((x,), xp)
        out, *moments = normalize_rows.forward(wide, gamma, beta, axes, eps, xp=xp)
        return xp.astype(out, result_dtype((x, gamma, beta), xp)), *moments
    lead = tuple(x.shape[: x.ndim - axes])
    over = tuple(range(len(lead), x.ndim))
    mean = xp.mean(x, axis=over, keepdims=True)
    centred = x - mean
    var = xp.mean(centred * centred, axis=over, keepdims=True)
    out = centred / xp.sqrt(var + eps) * gamma + beta
    return out, xp.reshape(mean, lead), xp.reshape(var, lead)


def layer_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    axis: int | Sequence[int] = -1,
    eps: float = 1e-5,
    constant: bool | None = None,
) -> Any:
    """Normalize each row: the elements along the last axis, or along the axes that are named.

    ``(x - mean) / sqrt(var + eps) * gamma + beta``, with mean and variance (divided by the number
    of elements) of each row by itself, so that a result does not depend on the rest of the batch.

    Parameters
    ----------
    x
        The input, shape (..., D).
    gamma, beta
        Scale and shift for each element of a row, shape (D,); none if not given. With several
        axes, the lengths of these in the order in which `x` has them.
    axis
        What a row consists of. PyTorch's ``normalized_shape`` is its lengths: for two axes it is
        ``axis=(-2, -1)``. Axes that are not the last cost a copy.
    eps
        Added to the variance.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        The shape of `x`. Its ``creator`` has the attributes ``mean`` and ``var``, raw arrays of
        the shape of the other axes; of float32 if `x` is of float16.

    Raises
    ------
    ValueError
        `x` does not have the axes, or `gamma` or `beta` do not have their lengths.

    Notes
    -----
    Ba, Kiros and Hinton, *Layer Normalization*, arXiv:1607.06450, 2016.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import layer_norm
    >>> x = mg.tensor([[1.0, 3.0], [10.0, 30.0]])
    >>> layer_norm(x, eps=0.0)
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    >>> layer_norm(x, gamma=mg.tensor([1.0, 2.0]), beta=mg.tensor([0.0, 5.0]), eps=0.0)
    Tensor([[-1.,  7.],
            [-1.,  7.]])
    """
    x = as_operand_tensor(x)
    shape = tuple(x.shape)
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    axes = sorted({k % len(shape) for k in given if -len(shape) <= k < len(shape)})
    if not given or len(axes) < len(given):
        raise ValueError(
            f"layer_norm: axis has to name different axes of x, whose shape is {shape}, and at "
            f"least one; it is {axis!r}"
        )
    row = tuple(shape[k] for k in axes)
    scale = 1.0 if gamma is None else as_operand_tensor(gamma)
    shift = 0.0 if beta is None else as_operand_tensor(beta)
    for name, value in (("gamma", scale), ("beta", shift)):
        if not isinstance(value, float) and tuple(value.shape) != row:
            raise ValueError(
                f"layer_norm: {name} has to have shape {row}, one element for each that is "
                f"normalized along axis {axis!r} of x, whose shape is {shape}; it has shape "
                f"{tuple(value.shape)}"
            )
    ends = list(range(len(shape) - len(axes), len(shape)))
    if axes == ends:
        return normalize_rows(x, scale, shift, len(axes), eps, constant=constant)
    out = normalize_rows(moveaxis(x, axes, ends), scale, shift, len(axes), eps, constant=constant)
    return moveaxis(out, ends, axes, constant=constant)
