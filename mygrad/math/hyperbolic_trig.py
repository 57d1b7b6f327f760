"""Hyperbolic functions and their inverses, element by element."""

from __future__ import annotations

from typing import Any

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
    x=lambda g, out: g * (1 - out * out),
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
    return 1 / xp.sinh(a)


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
    return 1 / xp.cosh(a)


@ufunc(
    a=lambda g, out: g * (1 - out * out),
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
    x=lambda g, x, xp: g / xp.sqrt(x * x + 1),
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
    x=lambda g, x, xp: g / xp.sqrt(x * x - 1),
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
    x=lambda g, x: g / (1 - x * x),
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
    a=lambda g, a, xp: -g / (xp.abs(a) * xp.sqrt(1 + a * a)),
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
    return xp.asinh(1 / a)


@ufunc(
    x=lambda g, x, xp: -g / (x * xp.sqrt(1 - x * x)),
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
    return xp.acosh(1 / x)


@ufunc(
    a=lambda g, a: g / (1 - a * a),
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
    return xp.atanh(1 / a)
