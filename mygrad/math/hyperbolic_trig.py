"""Hyperbolic functions and their inverses, element by element."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.math.dtypes import highest_power, is_complex, real_only
from mygrad.math.ufunc import ufunc

__all__ = [
    "arccosh",
    "arccoth",
    "arccsch",
    "arcsech",
    "arcsinh",
    "arctanh",
    "cosh",
    "coth",
    "csch",
    "sech",
    "sinh",
    "tanh",
]


@composition
def tanh_adjoint(g: Any, x: Any, *, xp: Any) -> Any:
    """``g / cosh(x)**2``, as ``1 - tanh(x)**2`` has no digit left where tanh is close to 1."""
    if not is_complex(x, xp):  # beyond these bounds it is 0
        highest = highest_power(x, xp)
        x = xp.minimum(xp.maximum(x, -highest), highest)
    part = 1 / xp.cosh(x)
    return g * (part * part)


def _root_of_square_plus_one(x: Any, xp: Any) -> Any:
    """``sqrt(x**2 + 1)``, where ``x**2`` may be out of range.

    On the cuts of complex functions the sign of a zero counts, which a sum with 1 + 0i would lose.
    """
    return xp.sqrt(x * x - (-1.0)) if is_complex(x, xp) else xp.hypot(x, 1.0)


@ufunc(
    x=lambda g, x, xp: g * xp.cosh(x),
)
def sinh(x: Any) -> Any:
    """Hyperbolic sine.

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
    >>> mg.sinh(0.5)
    Tensor(0.52109531)
    """


@ufunc(
    x=lambda g, x, xp: g * xp.sinh(x),
)
def cosh(x: Any) -> Any:
    """Hyperbolic cosine.

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
    >>> mg.cosh(0.5)
    Tensor(1.12762597)
    """


@ufunc(
    x=lambda g, x, xp: xp.tanh_adjoint(g, x),
)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

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
    >>> mg.tanh(0.5)
    Tensor(0.46211716)
    """


@ufunc(
    a=lambda g, a, out, xp: -g * out / xp.tanh(a),
)
def csch(a: Any, *, xp: Any) -> Any:
    r"""Hyperbolic cosecant, :math:`1 / \sinh a`.

    Parameters
    ----------
    a
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.csch(0.5)
    Tensor(1.91903475)
    """
    if is_complex(a, xp):
        return 1 / xp.sinh(a)
    size = xp.abs(a)  # nothing overflows
    return xp.copysign(-2 * xp.exp(-size) / xp.expm1(-2 * size), a)


@ufunc(
    a=lambda g, a, out, xp: -g * out * xp.tanh(a),
)
def sech(a: Any, *, xp: Any) -> Any:
    r"""Hyperbolic secant, :math:`1 / \cosh a`.

    Parameters
    ----------
    a
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.sech(0.5)
    Tensor(0.88681888)
    """
    if is_complex(a, xp):
        return 1 / xp.cosh(a)
    power = xp.exp(-xp.abs(a))  # does not overflow
    return 2 * power / (1 + power * power)


@ufunc(
    a=lambda g, a, xp: -g * xp.csch(a) ** 2,
)
def coth(a: Any, *, xp: Any) -> Any:
    r"""Hyperbolic cotangent, :math:`1 / \tanh a`.

    Parameters
    ----------
    a
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.coth(0.5)
    Tensor(2.16395341)
    """
    return 1 / xp.tanh(a)


@ufunc(
    x=lambda g, x, xp: g / _root_of_square_plus_one(x, xp),
    aliases=("asinh",),
)
def arcsinh(x: Any) -> Any:
    """Inverse hyperbolic sine.

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
    >>> mg.arcsinh(0.5)
    Tensor(0.48121183)
    """


@ufunc(
    x=lambda g, x, xp: g / (xp.sqrt(x - 1) * xp.sqrt(x - (-1.0))),
    aliases=("acosh",),
)
def arccosh(x: Any) -> Any:
    """Inverse hyperbolic cosine.

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
    >>> mg.arccosh(2.0)
    Tensor(1.3169579)
    """


@ufunc(
    x=lambda g, x: g / ((1 - x) * (1 + x)),
    aliases=("atanh",),
)
def arctanh(x: Any) -> Any:
    """Inverse hyperbolic tangent.

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
    >>> mg.arctanh(0.5)
    Tensor(0.54930614)
    """


@ufunc(
    a=lambda g, a, xp: -g / xp.abs(a) / xp.hypot(a, 1.0),
)
def arccsch(a: Any, *, xp: Any) -> Any:
    r"""Inverse hyperbolic cosecant, :math:`\operatorname{arcsinh}(1/a)`.

    Parameters
    ----------
    a
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.arccsch(2.0)
    Tensor(0.48121183)
    """
    real_only(a, xp, "arccsch", "write arcsinh(1 / a)")
    size = xp.abs(a)
    # asinh(y) = 2 asinh(y / sqrt(2 (1 + sqrt(1 + y^2)))) for y = 1/a, which may be out of range
    root = xp.sqrt(xp.hypot(size, xp.ones_like(a)) / 2 + size / 2)
    return xp.copysign(2 * xp.asinh(0.5 / root / xp.sqrt(size)), a)


@ufunc(
    x=lambda g, x, xp: -g / x / xp.sqrt((1 - x) * (1 + x)),
)
def arcsech(x: Any, *, xp: Any) -> Any:
    r"""Inverse hyperbolic secant, :math:`\operatorname{arccosh}(1/x)`.

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
    >>> mg.arcsech(0.5)
    Tensor(1.3169579)
    """
    real_only(x, xp, "arcsech", "write arccosh(1 / x)")
    # acosh(y) = 2 asinh(sqrt((y - 1) / 2)) for y = 1/x, which is rounded and may be out of range
    return 2 * xp.asinh(xp.sqrt((1 - x) / 2) / xp.sqrt(x))


@ufunc(
    a=lambda g, a: g / ((1 - a) * (1 + a)),
)
def arccoth(a: Any, *, xp: Any) -> Any:
    r"""Inverse hyperbolic cotangent, :math:`\operatorname{arctanh}(1/a)`.

    Parameters
    ----------
    a
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.arccoth(2.0)
    Tensor(0.54930614)
    """
    real_only(a, xp, "arccoth", "write arctanh(1 / a)")
    return xp.copysign(0.5 * xp.log1p(2 / (xp.abs(a) - 1)), a)
