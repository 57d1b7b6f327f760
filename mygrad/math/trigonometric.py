"""Trigonometric functions and their inverses, element by element."""

from __future__ import annotations

from typing import Any

from mygrad.math.dtypes import is_complex, real_only
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


PI = 3.141592653589793


def _half_turns(x: Any, xp: Any) -> tuple[Any, Any]:
    r"""The sine and cosine of :math:`\pi x`, as exact as `x` is, however large."""
    if is_complex(x, xp):
        return xp.sin(PI * x), xp.cos(PI * x)
    whole = xp.round(x)
    sign = 1 - 2 * xp.abs(whole - 2 * xp.round(whole / 2))  # is the number of half turns odd?
    rest = PI * (x - whole)
    return sign * xp.sin(rest), sign * xp.cos(rest)


def sinc_slope(x: Any, xp: Any) -> Any:
    """The derivative of sinc; by its series near 0, where the closed form cancels."""
    near = xp.abs(x) < 0.5
    far = xp.where(near, 1.0, x)
    sine, cosine = _half_turns(far, xp)
    closed = (cosine - sine / far / PI) / far
    close = PI * xp.where(near, x, 0.0)
    square, series = close * close, 1.0
    for k in range(10, 0, -1):
        series = 1 - square * series / (2 * k * (2 * k + 3))
    return xp.where(near, -PI / 3 * close * series, closed)


def _other_leg(size: Any, xp: Any) -> Any:
    """``sqrt(size**2 - 1)``, exact near 1 and where ``size**2`` is out of range."""
    return xp.sqrt(size - 1) * xp.sqrt(size + 1)


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


def _leg(x: Any, xp: Any) -> Any:
    """sqrt(1 - x²), the cosine of the arcsine.

    Complex numbers have cuts on the real axis, beyond 1 and -1; which side of one a number is on
    says the sign of its imaginary part, also of zero. A product of two roots keeps it (and 1 is
    subtracted, as adding it would make a zero positive).
    """
    if is_complex(x, xp):
        return xp.sqrt(-(x - 1)) * xp.sqrt(-(-x - 1))
    return xp.sqrt((1 - x) * (1 + x))


@ufunc(
    x=lambda g, x, xp: g / _leg(x, xp),
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
    x=lambda g, x, xp: -g / _leg(x, xp),
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
    a=lambda g, a, xp: -g / xp.abs(a) / _other_leg(xp.abs(a), xp),
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
    real_only(a, xp, "arccsc", "write arcsin(1 / a)")
    return xp.atan2(xp.copysign(xp.ones_like(a), a), _other_leg(xp.abs(a), xp))


@ufunc(
    a=lambda g, a, xp: g / xp.abs(a) / _other_leg(xp.abs(a), xp),
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
    real_only(a, xp, "arcsec", "write arccos(1 / a)")
    return xp.atan2(_other_leg(xp.abs(a), xp), xp.copysign(xp.ones_like(a), a))


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


def _by_square(part: Any, x1: Any, x2: Any, xp: Any) -> Any:
    """A leg over the square of the hypotenuse, which may be out of range."""
    length = xp.hypot(x1, x2)
    return part / length / length


@ufunc(
    x1=lambda g, x1, x2, xp: g * _by_square(x2, x1, x2, xp),
    x2=lambda g, x1, x2, xp: -g * _by_square(x1, x1, x2, xp),
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
    x1=lambda g, x1, out, xp: g * (x1 / xp.where(out == 0, 1.0, out)),
    x2=lambda g, x2, out, xp: g * (x2 / xp.where(out == 0, 1.0, out)),
)
def hypot(x1: Any, x2: Any) -> Any:
    r"""Length of the hypotenuse, :math:`\sqrt{x_1^2 + x_2^2}`.

    Its derivatives at 0 are taken to be 0.

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
    goes_first=True,
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
    nonzero = xp.where(a == 0, 1.0, a)
    return xp.where(a == 0, 1.0, _half_turns(nonzero, xp)[0] / (PI * nonzero))


radians = deg2rad
degrees = rad2deg
