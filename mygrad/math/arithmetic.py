"""Arithmetic, element by element."""

from __future__ import annotations

import cmath
import inspect
import math
from typing import Any

from mygrad.math.dtypes import highest_power, is_complex
from mygrad.math.ufunc import Elementwise, ufunc

__all__ = [
    "abs",
    "absolute",
    "add",
    "copysign",
    "divide",
    "fabs",
    "fmax",
    "fmin",
    "fmod",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "positive",
    "power",
    "reciprocal",
    "remainder",
    "square",
    "subtract",
    "true_divide",
]


def power_by_base(x1: Any, x2: Any, xp: Any) -> Any:
    """The derivative of ``x1 ** x2`` by `x1`: 0 for the power 0, whatever the base."""
    if isinstance(x2, (int, float, complex)):
        if x2 in (0, 1, 2):
            return (0.0, 1.0, 2 * x1)[int(x2.real)]
        return x2 * x1 ** (x2 - 1)
    # 0 times the reciprocal of the base is 0; it is left away only where that is infinite, as
    # the derivative of this by x2 is that reciprocal. (A library may flush `smallest` to 0.)
    smallest = math.exp(-highest_power(x1, xp))
    return x2 * xp.where((xp.abs(x1) <= smallest) & (x2 == 0), 1.0, x1) ** (x2 - 1)


def power_by_exponent(x1: Any, out: Any, xp: Any) -> Any:
    """The derivative of ``x1 ** x2`` by `x2`: 0 at the base 0, and where the power is 0."""
    if isinstance(x1, (int, float, complex)):
        if x1 == 0:
            return out * 0.0
        if isinstance(x1, complex) or (x1 < 0 and is_complex(out, xp)):
            return out * cmath.log(x1)
        return out * (math.log(x1) if x1 > 0 else math.nan)
    if is_complex(out, xp) and not is_complex(x1, xp):
        x1 = xp.astype(x1, out.dtype)  # negative numbers have complex logarithms
    return out * xp.log(xp.where((x1 == 0) | (out == 0), 1.0, x1))


def direction(x: Any, xp: Any) -> Any:
    """The derivative of the absolute value: the sign, and 0 at 0.

    Of a complex number it is the conjugate of ``x / abs(x)``; see docs/numerics.md.
    """
    if not is_complex(x, xp):
        return xp.sign(x)
    length = xp.abs(x)
    return xp.conj(x) / xp.where(length == 0, 1.0, length)


@ufunc(
    x1=lambda g: g,
    x2=lambda g: g,
)
def add(x1: Any, x2: Any) -> Any:
    """Sum of two arrays.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.add(1.0, 2.0)
    Tensor(3.)
    """


@ufunc(
    x1=lambda g: g,
    x2=lambda g: -g,
)
def subtract(x1: Any, x2: Any) -> Any:
    """Difference of two arrays.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.subtract(1.0, 2.0)
    Tensor(-1.)
    """


@ufunc(
    x1=lambda g, x2: g * x2,
    x2=lambda g, x1: g * x1,
)
def multiply(x1: Any, x2: Any) -> Any:
    """Product of two arrays.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.multiply(3.0, 2.0)
    Tensor(6.)
    """


@ufunc(
    x1=lambda g, x2: g / x2,
    x2=lambda g, x2, out: -g * (out / x2),
    aliases=("true_divide",),
)
def divide(x1: Any, x2: Any) -> Any:
    """Quotient of two arrays.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.divide(3.0, 2.0)
    Tensor(1.5)
    """


@ufunc(
    x1=lambda g, x1, x2, xp: g * power_by_base(x1, x2, xp),
    x2=lambda g, x1, out, xp: g * power_by_exponent(x1, out, xp),
    aliases=("pow",),
)
def power(x1: Any, x2: Any) -> Any:
    """Power, :math:`x_1^{x_2}`.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.power(3.0, 2.0)
    Tensor(9.)
    """


@ufunc(
    x=lambda g, x: g * (2 * x),
)
def square(x: Any) -> Any:
    """Square.

    Parameters
    ----------
    x
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.square(3.0)
    Tensor(9.)
    """


@ufunc(
    x=lambda g, out: -g * out * out,
)
def reciprocal(x: Any) -> Any:
    """Reciprocal, :math:`1/x`.

    Parameters
    ----------
    x
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.reciprocal(4.0)
    Tensor(0.25)
    """


@ufunc(
    x=lambda g: -g,
)
def negative(x: Any) -> Any:
    """Negation.

    Parameters
    ----------
    x
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.negative(3.0)
    Tensor(-3.)
    """


@ufunc(
    x=lambda g: g,
)
def positive(x: Any) -> Any:
    """A copy.

    Parameters
    ----------
    x
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.positive(3.0)
    Tensor(3.)
    """


class _Absolute(Elementwise):
    """`absolute`, which can be asked for its strict derivative."""

    def __call__(self, *operands: Any, nan_to_num: bool = True, **options: Any) -> Any:
        if nan_to_num:
            return super().__call__(*operands, **options)
        return strict_absolute(*operands, **options)

    def _public_signature(self, parameters: Any) -> inspect.Signature:
        common = super()._public_signature(parameters)
        option = inspect.Parameter("nan_to_num", inspect.Parameter.KEYWORD_ONLY, default=True)
        return common.replace(parameters=[*common.parameters.values(), option])


def _absolute(x: Any) -> Any:
    """Absolute value. Its derivative at 0 is taken to be 0.

    Parameters
    ----------
    x
        Tensors, arrays or numbers.
    nan_to_num
        Whether the derivative at 0, which does not exist, is 0 rather than nan.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.absolute(-3.0)
    Tensor(3.)
    """


_absolute.__name__ = _absolute.__qualname__ = "absolute"
absolute = _Absolute(
    _absolute, {"x": lambda g, x, xp: g * direction(x, xp)}, aliases=("abs", "fabs")
)


@ufunc(x=lambda g, x, out, xp: g * ((xp.conj(x) if is_complex(x, xp) else x) / out))
def strict_absolute(x: Any, *, xp: Any) -> Any:
    """`absolute`, with the derivative nan at 0."""
    return xp.abs(x)


@ufunc(
    x1=lambda g, x1, x2, xp: xp.where(x1 > x2, g, 0.0),
    x2=lambda g, x1, x2, xp: xp.where(x2 > x1, g, 0.0),
)
def maximum(x1: Any, x2: Any) -> Any:
    """The larger of two values. Where they are equal the derivative is taken to be 0.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.maximum(3.0, 2.0)
    Tensor(3.)
    """


@ufunc(
    x1=lambda g, x1, x2, xp: xp.where(x1 < x2, g, 0.0),
    x2=lambda g, x1, x2, xp: xp.where(x2 < x1, g, 0.0),
)
def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of two values. Where they are equal the derivative is taken to be 0.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.minimum(3.0, 2.0)
    Tensor(2.)
    """


@ufunc(
    x1=lambda g, x1, x2, xp: xp.where((x1 > x2) | (x2 != x2), g, 0.0),
    x2=lambda g, x1, x2, xp: xp.where((x2 > x1) | (x1 != x1), g, 0.0),
)
def fmax(x1: Any, x2: Any, *, xp: Any) -> Any:
    """The larger of two values, and the other one where one is nan.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fmax(3.0, 2.0)
    Tensor(3.)
    """
    return xp.where(x1 != x1, x2, xp.where(x2 != x2, x1, xp.maximum(x1, x2)))


@ufunc(
    x1=lambda g, x1, x2, xp: xp.where((x1 < x2) | (x2 != x2), g, 0.0),
    x2=lambda g, x1, x2, xp: xp.where((x2 < x1) | (x1 != x1), g, 0.0),
)
def fmin(x1: Any, x2: Any, *, xp: Any) -> Any:
    """The smaller of two values, and the other one where one is nan.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fmin(3.0, 2.0)
    Tensor(2.)
    """
    return xp.where(x1 != x1, x2, xp.where(x2 != x2, x1, xp.minimum(x1, x2)))


@ufunc(
    x1=lambda g: g,
    x2=lambda g, x1, x2, xp: -g * xp.floor_divide(x1, x2),
    aliases=("mod",),
)
def remainder(x1: Any, x2: Any) -> Any:
    """Remainder of the division, with the sign of the divisor.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.remainder(5.0, 3.0)
    Tensor(2.)
    """


@ufunc(
    x1=lambda g: g,
    x2=lambda g, x1, x2, out, xp: -g * xp.round((x1 - out) / x2),
)
def fmod(x1: Any, x2: Any, *, xp: Any) -> Any:
    """Remainder of the division, with the sign of the dividend.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fmod(5.0, 3.0)
    Tensor(2.)
    """
    return xp.copysign(xp.remainder(xp.abs(x1), xp.abs(x2)), x1)  # which is exact


@ufunc(
    x1=lambda g, x1, x2, xp: g * xp.sign(x1) * xp.copysign(xp.ones_like(x1), x2),
    x2=None,
)
def copysign(x1: Any, x2: Any) -> Any:
    """The magnitude of x1 with the sign of x2.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.copysign(3.0, -2.0)
    Tensor(-3.)
    """


true_divide = divide
abs = absolute
fabs = absolute
mod = remainder
