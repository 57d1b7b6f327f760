"""Group normalization."""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import is_narrow
from mygrad.nnet.layers.batchnorm import in_float32, result_dtype
from mygrad.nnet.layers.layer_norm import normalize_rows
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["group_norm"]


def _rows(x: Any, groups: int, xp: Any) -> Any:
    """The elements of each group of an image below one another: (N * groups, rest)."""
    length = prod(x.shape[1:]) // groups
    return xp.reshape(x, (x.shape[0] * groups, length))


def _channels(x: Any, xp: Any) -> Any:
    return xp.reshape(x, (*x.shape[:2], prod(x.shape[2:])))


def _each(values: Any, groups: int, shape: Any, xp: Any) -> Any:
    """What belongs to groups, to compute with channels: (N, C, 1)."""
    several = xp.reshape(values, (shape[0], groups, 1))
    wide = xp.broadcast_to(several, (shape[0], groups, shape[1] // groups))
    return xp.reshape(wide, (*shape[:2], 1))


def _column(gamma: Any, xp: Any) -> Any:
    """Scale or shift, to compute with channels: (C, 1), or a number."""
    return xp.expand_dims(gamma, axis=1) if hasattr(gamma, "dtype") else gamma


def _normalized(rows: Any, eps: float, xp: Any) -> Any:
    """Rows that are normalized, and their means and variances: by a kernel if there is one."""
    if isinstance(rows, Handle):
        return normalize_rows.forward(rows, 1.0, 0.0, 1, eps, xp=xp)
    return normalize_rows.compute(xp.adapter)(rows, 1.0, 0.0, 1, eps)


def _adjoints(
    g: Any, x: Any, gamma: Any, groups: int, eps: float, mean: Any, var: Any, wanted: Any, xp: Any
) -> list[Any]:
    """The adjoints of input, scale and shift."""
    narrow, shape = is_narrow(g, xp), tuple(x.shape)
    dtype = g.dtype
    if narrow:
        g, x = in_float32((g, x), xp)
    g = _channels(g, xp)
    found: list[Any] = [None, None, None]
    if wanted[0]:
        by_rows = xp.rows_adjoint(
            _rows(g * _column(gamma, xp), groups, xp), _rows(x, groups, xp), 1.0, mean, var, eps
        )
        found[0] = xp.reshape(by_rows, shape)
    if wanted[1]:
        centred = _channels(x, xp) - _each(mean, groups, shape, xp)
        scales = _each(1 / xp.sqrt(var + eps), groups, shape, xp)
        along = xp.expand_dims(g, axis=2), xp.expand_dims(centred, axis=3)
        found[1] = xp.sum(xp.matmul(*along)[..., 0] * scales, axis=(0, 2))
    if wanted[2]:
        found[2] = xp.sum(g, axis=(0, 2))
    return [xp.astype(a, dtype) if narrow and a is not None else a for a in found]


@primitive(joint={("x", "gamma", "beta"): _adjoints}, residuals=("mean", "var"))
def normalize_groups(
    x: Any, gamma: Any, beta: Any, groups: int, eps: float, *, xp: Any
) -> tuple[Any, Any, Any]:
    """Group normalization, with mean and variance of each group, shape (N * groups,)."""
    if is_narrow(x, xp):
        (wide,) = in_float32((x,), xp)
        out, *moments = normalize_groups.forward(wide, gamma, beta, groups, eps, xp=xp)
        return xp.astype(out, result_dtype((x, gamma, beta), xp)), *moments
    rows, *moments = _normalized(_rows(x, groups, xp), eps, xp)
    out = _channels(xp.reshape(rows, tuple(x.shape)), xp)
    if hasattr(gamma, "dtype"):
        out = out * _column(gamma, xp)
    if hasattr(beta, "dtype"):
        out = out + _column(beta, xp)
    return xp.reshape(out, tuple(x.shape)), *moments


def group_norm(
    x: Any,
    num_groups: int,
    *,
    gamma: Any = None,
    beta: Any = None,
    eps: float = 1e-5,
    constant: bool | None = None,
) -> Tensor:
    """Normalize groups of channels of each sample.

    ``(x - mean) / sqrt(var + eps) * gamma + beta``, with mean and variance (divided by the number
    of elements) of each group of neighbouring channels of each sample by itself, so that a result
    does not depend on the rest of the batch.

    Parameters
    ----------
    x
        The input, shape (N, C, ...).
    num_groups
        Into how many groups the C channels are divided. With one it is layer normalization of
        samples, with C of them it is instance normalization.
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
        shape (N * num_groups,); of float32 if `x` is of float16.

    Raises
    ------
    ValueError
        `num_groups` does not divide C, or `gamma` or `beta` do not have shape (C,).

    Notes
    -----
    Wu and He, *Group normalization*, ECCV 2018.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import group_norm
    >>> x = mg.tensor([[[1.0], [3.0], [10.0], [30.0]]])
    >>> group_norm(x, 2, eps=0.0)[0, :, 0]
    Tensor([-1.,  1., -1.,  1.])
    """
    x = as_operand_tensor(x)
    shape = tuple(x.shape)
    if len(shape) < 2:
        raise ValueError(f"group_norm: x has to have shape (N, C, ...), and has {shape}")
    count = shape[1]
    if not hasattr(num_groups, "__index__") or num_groups < 1 or count % num_groups:
        raise ValueError(
            f"group_norm: num_groups divides the number of channels of x, {count}, and it is "
            f"{num_groups!r}"
        )
    scale = 1.0 if gamma is None else as_operand_tensor(gamma, (x,))
    shift = 0.0 if beta is None else as_operand_tensor(beta, (x,))
    for name, value in (("gamma", scale), ("beta", shift)):
        if not isinstance(value, float) and tuple(value.shape) != (count,):
            raise ValueError(
                f"group_norm: {name} has to have shape ({count},), one element for each channel of "
                f"x, and has {tuple(value.shape)}"
            )
    return normalize_groups(x, scale, shift, num_groups.__index__(), eps, constant=constant)
