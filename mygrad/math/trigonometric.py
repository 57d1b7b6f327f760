"""Trigonometric functions and their inverses, element by element."""

from __future__ import annotations

from typing import Any

from mygrad.math.ufunc import ufunc

__all__ = [
    "arccos",
    "arccot",
    "arccsc",
    "arcsec",
    "arcsin",
    "arctan",
    "arctan2",
    "cos",
    "cot",
    "csc",
    "deg2rad",
    "degrees",
    "hypot",
    "rad2deg",
    "radians",
    "sec",
    "sin",
    "sinc",
    "tan",
]


def sinc_slope(x: Any, xp: Any) -> Any:
    """The derivative of sinc; by its series near 0, where the closed form cancels."""
    near = xp.abs(x) < 1e-2
    far = xp.where(near, 1.0, x)
    angle = 3.141592653589793 * far
    closed = (xp.cos(angle) - xp.sin(angle) / angle) / far
    s = xp.where(near, x, 0.0) * 9.869604401089358 * x  # (pi x)^2 near 0
    series = -9.869604401089358 * x / 3 * (1 - s / 10 * (1 - s / 28 * (1 - s / 54)))
    return xp.where(near, series, closed)


@ufunc(
    x=lambda g, x, xp: g * xp.cos(x),
)
def sin(x: Any) -> Any:
    """Sine.

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
    >>> mg.sin(0.5)
    Tensor(0.47942554)
    """


@ufunc(
    x=lambda g, x, xp: -g * xp.sin(x),
)
def cos(x: Any) -> Any:
    """Cosine.

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
    >>> mg.cos(0.5)
    Tensor(0.87758256)
    """


@ufunc(
    x=lambda g, out: g * (1 + out * out),
)
def tan(x: Any) -> Any:
    """Tangent.

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
    >>> mg.tan(0.5)
    Tensor(0.54630249)
    """


@ufunc(
    a=lambda g, a, out, xp: -g * out / xp.tan(a),
)
def csc(a: Any, *, xp: Any) -> Any:
    r"""Cosecant, :math:`1 / \sin a`.

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
    >>> mg.csc(0.5)
    Tensor(2.08582964)
    """
    return 1 / xp.sin(a)


@ufunc(
    a=lambda g, a, out, xp: g * out * xp.tan(a),
)
def sec(a: Any, *, xp: Any) -> Any:
    r"""Secant, :math:`1 / \cos a`.

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
    >>> mg.sec(0.5)
    Tensor(1.13949393)
    """
    return 1 / xp.cos(a)


@ufunc(
    a=lambda g, out: -g * (1 + out * out),
)
def cot(a: Any, *, xp: Any) -> Any:
    r"""Cotangent, :math:`1 / \tan a`.

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
    >>> mg.cot(0.5)
    Tensor(1.83048772)
    """
    return 1 / xp.tan(a)


@ufunc(
    x=lambda g, x, xp: g / xp.sqrt(1 - x * x),
    aliases=("asin",),
)
def arcsin(x: Any) -> Any:
    r"""Inverse sine, in :math:`[-\pi/2, \pi/2]`.

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
    >>> mg.arcsin(0.5)
    Tensor(0.52359878)
    """


@ufunc(
    x=lambda g, x, xp: -g / xp.sqrt(1 - x * x),
    aliases=("acos",),
)
def arccos(x: Any) -> Any:
    r"""Inverse cosine, in :math:`[0, \pi]`.

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
    >>> mg.arccos(0.5)
    Tensor(1.04719755)
    """


@ufunc(
    x=lambda g, x: g / (1 + x * x),
    aliases=("atan",),
)
def arctan(x: Any) -> Any:
    r"""Inverse tangent, in :math:`(-\pi/2, \pi/2)`.

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
    >>> mg.arctan(0.5)
    Tensor(0.46364761)
    """


@ufunc(
    a=lambda g, a, xp: -g / (xp.abs(a) * xp.sqrt(a * a - 1)),
)
def arccsc(a: Any, *, xp: Any) -> Any:
    r"""Inverse cosecant, :math:`\arcsin(1/a)`.

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
    >>> mg.arccsc(2.0)
    Tensor(0.52359878)
    """
    return xp.asin(1 / a)


@ufunc(
    a=lambda g, a, xp: g / (xp.abs(a) * xp.sqrt(a * a - 1)),
)
def arcsec(a: Any, *, xp: Any) -> Any:
    r"""Inverse secant, :math:`\arccos(1/a)`.

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
    >>> mg.arcsec(2.0)
    Tensor(1.04719755)
    """
    return xp.acos(1 / a)


@ufunc(
    a=lambda g, a: -g / (1 + a * a),
)
def arccot(a: Any, *, xp: Any) -> Any:
    r"""Inverse cotangent, :math:`\arctan(1/a)`, and :math:`\pi/2` at 0.

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
    >>> mg.arccot(2.0)
    Tensor(0.46364761)
    """
    nonzero = xp.where(a == 0, 1.0, a)
    return xp.where(a == 0, 1.5707963267948966, xp.atan(1 / nonzero))


@ufunc(
    x1=lambda g, x1, x2: g * x2 / (x1 * x1 + x2 * x2),
    x2=lambda g, x1, x2: -g * x1 / (x1 * x1 + x2 * x2),
    aliases=("atan2",),
)
def arctan2(x1: Any, x2: Any) -> Any:
    r"""Angle of the point (x2, x1), in :math:`(-\pi, \pi]`.

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
    >>> mg.arctan2(1.0, 2.0)
    Tensor(0.46364761)
    """


@ufunc(
    x1=lambda g, x1, out: g * x1 / out,
    x2=lambda g, x2, out: g * x2 / out,
)
def hypot(x1: Any, x2: Any) -> Any:
    r"""Length of the hypotenuse, :math:`\sqrt{x_1^2 + x_2^2}`.

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
    >>> mg.hypot(3.0, 4.0)
    Tensor(5.)
    """


@ufunc(
    x=lambda g: g * 0.017453292519943295,
    aliases=("radians",),
)
def deg2rad(x: Any, *, xp: Any) -> Any:
    """Degrees to radians.

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
    >>> mg.deg2rad(180.0)
    Tensor(3.14159265)
    """
    return x * 0.017453292519943295


@ufunc(
    x=lambda g: g * 57.29577951308232,
    aliases=("degrees",),
)
def rad2deg(x: Any, *, xp: Any) -> Any:
    """Radians to degrees.

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
    >>> mg.rad2deg(0.5)
    Tensor(28.64788976)
    """
    return x * 57.29577951308232


@ufunc(
    a=lambda g, a, xp: g * sinc_slope(a, xp),
)
def sinc(a: Any, *, xp: Any) -> Any:
    r"""Normalised sinc, :math:`\sin(\pi a) / (\pi a)`, and 1 at 0.

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
    >>> mg.sinc(0.5)
    Tensor(0.63661977)
    """
    scaled = 3.141592653589793 * xp.where(a == 0, 1.0, a)
    return xp.where(a == 0, 1.0, xp.sin(scaled) / scaled)


radians = deg2rad
degrees = rad2deg
