"""Exponentials and logarithms, element by element."""

from __future__ import annotations

from typing import Any

from mygrad.math.ufunc import ufunc

__all__ = [
    "cbrt",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "sqrt",
]

LOG2 = 0.6931471805599453


@ufunc(
    x=lambda g, out: g * out,
)
def exp(x: Any) -> Any:
    """Exponential, :math:`e^x`.

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
    >>> mg.exp(0.5)
    Tensor(1.64872127)
    """


@ufunc(
    x=lambda g, x, xp: g * xp.exp(x),
)
def expm1(x: Any) -> Any:
    """Exponential minus one, :math:`e^x - 1`, exact near 0.

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
    >>> mg.expm1(0.5)
    Tensor(0.64872127)
    """


@ufunc(
    x=lambda g, out: g * (LOG2 * out),
)
def exp2(x: Any, *, xp: Any) -> Any:
    """Power of two, :math:`2^x`.

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
    >>> mg.exp2(0.5)
    Tensor(1.41421356)
    """
    return 2.0**x


@ufunc(
    x=lambda g, x: g / x,
)
def log(x: Any) -> Any:
    """Natural logarithm.

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
    >>> mg.log(0.5)
    Tensor(-0.69314718)
    """


@ufunc(
    x=lambda g, x: g / (LOG2 * x),
)
def log2(x: Any) -> Any:
    """Logarithm to the base 2.

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
    >>> mg.log2(0.5)
    Tensor(-1.)
    """


@ufunc(
    x=lambda g, x: g / (2.302585092994046 * x),
)
def log10(x: Any) -> Any:
    """Logarithm to the base 10.

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
    >>> mg.log10(0.5)
    Tensor(-0.30103)
    """


@ufunc(
    x=lambda g, x: g / (1 + x),
)
def log1p(x: Any) -> Any:
    r""":math:`\log(1 + x)`, exact near 0.

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
    >>> mg.log1p(0.5)
    Tensor(0.40546511)
    """


def _lead(x1: Any, x2: Any, out: Any, xp: Any) -> Any:
    """How far `x1` is ahead of `x2`; by nothing if both are the same infinity."""
    return xp.where((x1 != x2) | xp.isfinite(out), x1 - x2, 0.0)


@ufunc(
    x1=lambda g, x1, x2, out, xp: g * xp.sigmoid(_lead(x1, x2, out, xp)),
    x2=lambda g, x1, x2, out, xp: g * xp.sigmoid(_lead(x2, x1, out, xp)),
)
def logaddexp(x1: Any, x2: Any) -> Any:
    r"""Logarithm of a sum of exponentials, :math:`\log(e^{x_1} + e^{x_2})`.

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
    >>> mg.logaddexp(1.0, 2.0)
    Tensor(2.31326169)
    """


@ufunc(
    x1=lambda g, x1, x2, out, xp: g * xp.sigmoid(LOG2 * _lead(x1, x2, out, xp)),
    x2=lambda g, x1, x2, out, xp: g * xp.sigmoid(LOG2 * _lead(x2, x1, out, xp)),
)
def logaddexp2(x1: Any, x2: Any, *, xp: Any) -> Any:
    r"""Logarithm to the base 2 of a sum of powers of 2, :math:`\log_2(2^{x_1} + 2^{x_2})`.

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
    >>> mg.logaddexp2(1.0, 2.0)
    Tensor(2.5849625)
    """
    top = xp.maximum(x1, x2)
    behind = xp.where(x1 != x2, xp.minimum(x1, x2) - top, 0.0)
    return top + xp.log1p(xp.exp(behind * LOG2)) / LOG2


@ufunc(
    x=lambda g, out: g / (2 * out),
)
def sqrt(x: Any) -> Any:
    """Square root. Its derivative at 0 is infinite.

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
    >>> mg.sqrt(4.0)
    Tensor(2.)
    """


@ufunc(
    x=lambda g, out: g / (3 * out * out),
)
def cbrt(x: Any, *, xp: Any) -> Any:
    """Cube root, of negative numbers too.

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
    >>> mg.cbrt(8.0)
    Tensor(2.)
    """
    size = xp.abs(x)
    root = size ** (1 / 3)  # 1/3 is rounded, which matters for large logarithms
    ordinary = (size > 0) & xp.isfinite(size)
    rest = xp.where(ordinary, root - size / xp.where(ordinary, root * root, 1.0), 0.0)
    return xp.sign(x) * (root - rest / 3)
