"""Norms of vectors."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import direction
from mygrad.math.dtypes import floats, in_float32, is_complex
from mygrad.math.sequential import spread
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["norm"]


def _length_rule(
    g: Any, x: Any, out: Any, axis: Any, keepdims: bool, nan_to_num: bool, xp: Any
) -> Any:
    length = xp.where(out == 0, 1.0, out) if nan_to_num else out
    x = xp.conj(x) if is_complex(x, xp) else x
    return spread(g / length, tuple(x.shape), axis, keepdims, xp) * x


def _p_rule(
    g: Any, x: Any, out: Any, ord: float, axis: Any, keepdims: bool, nan_to_num: bool, xp: Any
) -> Any:
    """The slope is ``(|x| / norm) ** (ord - 1)``, and 0 at 0."""
    shape = tuple(x.shape)
    size, length = xp.abs(x), spread(out, shape, axis, keepdims, xp)
    slope = direction(x, xp)
    if ord != 1 and not nan_to_num:
        slope = slope * (size / length) ** (ord - 1)
    elif ord != 1:
        some = (size > 0) & (length > 0)
        share = xp.where(some, size, 1.0) / xp.where(some, length, 1.0)
        slope = xp.where(some, slope * share ** (ord - 1), 0.0)
    return spread(g, shape, axis, keepdims, xp) * slope


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

    def root(x: Any) -> Any:
        squares = xp.real(x) ** 2 + xp.imag(x) ** 2 if is_complex(x, xp) else x * x
        return xp.sqrt(xp.sum(squares, axis=axis, keepdims=keepdims))

    return in_float32(root, floats(x, xp), xp)


@primitive(
    x=lambda g, x, out, ord, axis, keepdims, nan_to_num, xp: _p_rule(
        g, x, out, ord, axis, keepdims, nan_to_num, xp
    ),
)
def p_norm(
    x: Any, ord: float, axis: Any = None, keepdims: bool = False, nan_to_num: bool = True, *,
    xp: Any,
) -> Any:  # fmt: skip
    """The norm of any order but 0, 2 and infinity; see `norm`."""

    def root(x: Any) -> Any:
        return xp.sum(xp.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)

    return in_float32(root, floats(x, xp), xp)


def norm(
    x: Any,
    ord: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    *,
    nan_to_num: bool = True,
    constant: bool | None = None,
) -> Tensor:
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
    from mygrad.math.sequential import max, min
    x = as_operand_tensor(x)
    if isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    if isinstance(ord, str) and (x.ndim == 1 or isinstance(axis, int)):
        raise ValueError(
            f"linalg.norm: Invalid norm order {ord!r} for vectors; it is a norm of matrices"
        )
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
    return p_norm(x, ord, axis, keepdims, nan_to_num, constant=constant)
