"""`logsumexp`, `softmax` and `log_softmax`, with the parameters that SciPy's functions have."""

from __future__ import annotations

import math
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.namespace import registry
from mygrad.tensors.base import Tensor, as_operand_tensor, stop_gradient

__all__ = ["log_softmax", "logsumexp", "softmax"]


def _shift(x: Any, axis: Any) -> Any:
    """The largest element, which exponentials are divided by; 0 where that is infinite."""
    top = stop_gradient(registry["max"](x, axis=axis, keepdims=True))
    finite = abs(top) < math.inf
    return registry["where"](finite, top, 0.0)


def logsumexp(
    a: Any,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
    *,
    constant: bool | None = None,
) -> Any:
    """The logarithm of a sum of exponentials, ``log(sum(b * exp(a)))``, without overflow.

    Parameters
    ----------
    a
        A tensor, array or number.
    axis
        The axis, or a tuple of axes; None for all.
    b
        Factors, which broadcast against `a`; 1 if it is not given. Where they are 0 the element
        of `a` does not count, whatever it is. They may be negative.
    keepdims
        Whether the reduced axes stay, with length 1.
    return_sign
        Whether to return the sign of the sum as well. Without it the logarithm of a negative sum
        is nan.
    constant
        Whether the result is constant; by default it is if all operands are.

    Returns
    -------
    Tensor or tuple[Tensor, Tensor]
        The logarithm; with `return_sign` that of the sum's absolute value, and the sign, a
        constant.

    Raises
    ------
    TypeError
        If `a` or `b` is complex.

    Examples
    --------
    >>> import mygrad as mg
    >>> a = mg.tensor([1000.0, 1000.0])
    >>> y = mg.special.logsumexp(a, b=[3.0, 1.0])
    >>> y.backward()
    >>> y, a.grad
    (Tensor(1001.38629436), array([0.75, 0.25]))
    """
    x = as_operand_tensor(a)
    _real(x, "logsumexp")
    if b is None and not return_sign:
        return registry["logsumexp"](x, axis=axis, keepdims=keepdims, constant=constant)
    if b is not None:
        factors = as_operand_tensor(b)
        _real(factors, "logsumexp")
        x = registry["where"](factors != 0, x, -math.inf)
    top = _shift(x, axis)
    terms = registry["exp"](x - top)
    if b is not None:
        terms = factors * terms
    total = registry["sum"](terms, axis=axis, keepdims=True)
    sign = registry["sign"](stop_gradient(total))
    size = total * sign if return_sign else total
    result = registry["log"](size) + top
    if not keepdims:
        axes = tuple(range(x.ndim)) if axis is None else axis
        result, sign = (registry["squeeze"](t, axis=axes).copy() for t in (result, sign))
    if constant is not None:
        result = registry["copy"](result, constant=constant)
    return (result, sign) if return_sign else result


def softmax(x: Any, axis: Any = None, *, constant: bool | None = None) -> Tensor:
    """Exponentials divided by their sum.

    Parameters
    ----------
    x
        A tensor, array or number.
    axis
        The axis, or a tuple of axes, that the sum is over; None for all.
    constant
        Whether the result is constant; by default it is if the operand is.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.softmax([1.0, 2.0, 3.0])
    Tensor([0.09003057, 0.24472847, 0.66524096])
    """
    return registry["softmax"](x, axis=axis, constant=constant)


def log_softmax(x: Any, axis: Any = None, *, constant: bool | None = None) -> Tensor:
    """The logarithm of `softmax`, also where that underflows.

    Parameters
    ----------
    x
        A tensor, array or number.
    axis
        The axis, or a tuple of axes, that the sum is over; None for all.
    constant
        Whether the result is constant; by default it is if the operand is.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.log_softmax([1000.0, 1.0])
    Tensor([   0., -999.])
    """
    return registry["logsoftmax"](x, axis=axis, constant=constant)


def _real(t: Any, name: str) -> None:
    adapter = adapter_of(t._data)
    if adapter is not None and adapter.xp.isdtype(t.dtype, "complex floating"):
        raise TypeError(
            f"scipy.special.{name} is for real numbers here, and was given dtype {t.dtype}: write "
            f"mg.log(mg.sum(b * mg.exp(a)))"
        )
