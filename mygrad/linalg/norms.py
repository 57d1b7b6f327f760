"""Norms of vectors."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.primitive import primitive
from mygrad.math.sequential import spread
from mygrad.tensors.base import as_operand_tensor

__all__ = ["norm"]


def _length_rule(
    g: Any, x: Any, out: Any, axis: Any, keepdims: bool, nan_to_num: bool, xp: Any
) -> Any:
    length = xp.where(out == 0, 1.0, out) if nan_to_num else out
    return spread(g / length, tuple(x.shape), axis, keepdims, xp) * x


@primitive(
    x=lambda g, x, out, axis, keepdims, nan_to_num, xp: _length_rule(
        g, x, out, axis, keepdims, nan_to_num, xp
    ),
    goes_first=True,
)
def length(
    x: Any, axis: Any = None, keepdims: bool = False, nan_to_num: bool = True, *, xp: Any
) -> Any:
    """Euclidean length over axes; see `norm`."""
    return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=keepdims))


def norm(
    x: Any,
    ord: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    *,
    nan_to_num: bool = True,
    constant: bool | None = None,
) -> Any:
    r"""Norm of vectors.

    Parameters
    ----------
    x
        A tensor or array.
    ord
        The order, :math:`(\sum |x|^{ord})^{1/ord}`; 2 by default. ``inf`` and ``-inf`` are the
        largest and smallest absolute value, and 0 counts what is not 0.
    axis
        The axis (or, for the default order, axes) that hold the vectors; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.
    nan_to_num
        Whether the derivative at 0, which does not exist, is 0 rather than nan.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor

    Raises
    ------
    NotImplementedError
        A norm of matrices other than the default one was asked for.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([3.0, 4.0])
    >>> mg.linalg.norm(x)
    Tensor(5.)
    """
    from mygrad.math.arithmetic import absolute
    from mygrad.math.sequential import max, min, sum
    x = as_operand_tensor(x)
    if ord is not None and ((x.ndim > 1 and axis is None) or isinstance(axis, tuple)):
        raise NotImplementedError(
            f"linalg.norm: of matrices only the Frobenius norm (ord=None) is differentiable here, "
            f"and ord={ord!r} was asked for; name one axis= for norms of vectors"
        )
    if ord in (None, 2):
        return length(x, axis, keepdims, nan_to_num, constant=constant)
    if ord in (float("inf"), float("-inf")):
        reduce = max if ord > 0 else min
        return reduce(absolute(x), axis=axis, keepdims=keepdims, constant=constant)
    if ord == 0:
        raise NotImplementedError("linalg.norm: ord=0 counts elements, and has no derivative")
    powers = sum(absolute(x) ** ord, axis=axis, keepdims=keepdims)
    return _root(powers, 1 / ord, nan_to_num, constant)


def _root(base: Any, exponent: float, nan_to_num: bool, constant: Any) -> Any:
    """``base ** exponent``, with derivative 0 at 0 if `nan_to_num` says so."""
    from mygrad.math.arithmetic import power
    from mygrad.tensor_manip import where

    if not nan_to_num:
        return power(base, exponent, constant=constant)
    zero = base == 0
    return where(zero, 0.0, power(where(zero, 1.0, base), exponent), constant=constant)
