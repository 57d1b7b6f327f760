"""Elementary functions: logistic, entropies, transformations of Box and Cox, degrees.

Where a closed form of a derivative cancels, a power series takes its place.
"""

from __future__ import annotations

import math
from typing import Any

from mygrad.math.exp_log import cbrt, exp2, expm1, log1p, logaddexp
from mygrad.special.declaring import by_series, special
from mygrad.tensors.base import Tensor

__all__ = [
    "boxcox", "boxcox1p", "cbrt", "cosdg", "cosm1", "cotdg", "entr", "exp2", "exp10", "expit",
    "expm1", "exprel", "huber", "inv_boxcox", "inv_boxcox1p", "kl_div", "log1p", "log_expit",
    "logit", "powm1", "pseudo_huber", "radian", "rel_entr", "sindg", "softplus", "tandg",
    "xlog1py", "xlogy",
]  # fmt: skip

DEGREE = math.pi / 180
LOG10 = math.log(10)


@special(x=lambda g, x, out, xp: g * out * xp[expit](-x))
def expit(x: Any, *, xp: Any) -> Any:
    """The logistic function, 1 / (1 + exp(-x)).

    >>> mg.special.expit(0.5)
    Tensor(0.62245933)
    """
    return xp.sigmoid(x)


@special(x=lambda g, x: g / (x * (1 - x)))
def logit(x: Any, *, xp: Any) -> Any:
    """The inverse of the logistic function, log(x / (1 - x)).

    >>> mg.special.logit(0.25)
    Tensor(-1.09861229)
    """
    return xp.log(x) - xp.log1p(-x)


@special(x=lambda g, x, xp: g * xp[expit](-x))
def log_expit(x: Any, *, xp: Any) -> Any:
    """The logarithm of the logistic function, also where that underflows.

    >>> mg.special.log_expit(-800.0)
    Tensor(-800.)
    """
    return xp.minimum(x, 0.0) - xp.log1p(xp.exp(-xp.abs(x)))


def _over(x: Any, y: Any, xp: Any) -> Any:
    """``x / y``, and 0 where `x` is 0."""
    none = x == 0
    return xp.where(none, 0.0, x) / xp.where(none, 1.0, y)


def _times(x: Any, factor: Any, xp: Any) -> Any:
    """``x * factor``, and 0 where `x` is 0, unless the factor is nan."""
    return xp.where((x == 0) & ~xp.isnan(factor), 0.0, x * factor)


@special(
    x=lambda g, y, xp: g * xp.log(y),
    y=lambda g, x, y, xp: g * _over(x, y, xp),
)
def xlogy(x: Any, y: Any, *, xp: Any) -> Any:
    """``x * log(y)``, and 0 where `x` is 0. There the derivative by `y` is 0, too.

    >>> mg.special.xlogy(2.0, 0.5)
    Tensor(-1.38629436)
    """
    return _times(x, xp.log(y), xp)


@special(
    x=lambda g, y, xp: g * xp.log1p(y),
    y=lambda g, x, y, xp: g * _over(x, 1 + y, xp),
)
def xlog1py(x: Any, y: Any, *, xp: Any) -> Any:
    """``x * log1p(y)``, and 0 where `x` is 0. There the derivative by `y` is 0, too.

    >>> mg.special.xlog1py(2.0, 0.5)
    Tensor(0.81093022)
    """
    return _times(x, xp.log1p(y), xp)


# --- entropies ----------------------------------------------------------------------------------
@special(x=lambda g, x, xp: -g * (xp.log(x) + 1))
def entr(x: Any, *, xp: Any) -> Any:
    """``-x * log(x)``, 0 at 0, and -inf for negative `x`.

    >>> mg.special.entr(0.5)
    Tensor(0.34657359)
    """
    inside = xp.where(x > 0, x, 1.0)
    return xp.where(x < 0, -math.inf, xp.where(xp.isnan(x), x, -inside * xp.log(inside)))


@special(
    x=lambda g, x, y, xp: g * (_log_ratio(x, y, xp) + 1),
    y=lambda g, x, y, xp: -g * _over(x, y, xp),
)
def rel_entr(x: Any, y: Any, *, xp: Any) -> Any:
    """``x * log(x / y)``, 0 where `x` is 0 and `y` is not negative, and inf outside.

    >>> mg.special.rel_entr(0.5, 0.25)
    Tensor(0.34657359)
    """
    return _relative(x, y, x * 0.0, xp)


@special(
    x=lambda g, x, y, xp: g * _log_ratio(x, y, xp),
    y=lambda g, x, y, xp: g * (1 - _over(x, y, xp)),
)
def kl_div(x: Any, y: Any, *, xp: Any) -> Any:
    """``x * log(x / y) - x + y``, `y` where `x` is 0 and `y` is not negative, and inf outside.

    >>> mg.special.kl_div(0.5, 0.25)
    Tensor(0.09657359)
    """
    return _relative(x, y, y - x, xp)


def _log_ratio(x: Any, y: Any, xp: Any) -> Any:
    return xp.log(x) - xp.log(y)


def _relative(x: Any, y: Any, rest: Any, xp: Any) -> Any:
    """``x log(x / y) + rest`` inside, `rest` where `x` is 0, inf outside."""
    inside = (x > 0) & (y > 0)
    ratio = xp.where(inside, x, 1.0) / xp.where(inside, y, 1.0)
    value = xp.where(inside, x * xp.log(ratio) + rest, math.inf)
    value = xp.where((x == 0) & (y >= 0), rest, value)
    return xp.where(xp.isnan(x) | xp.isnan(y), math.nan, value)


@special(
    delta=lambda g, delta, r, xp: g * xp.where(
        xp.abs(r) > delta, xp.abs(r) - delta, 0.0
    ),
    r=lambda g, delta, r, xp: g * xp.where(
        xp.abs(r) > delta, delta * xp.sign(r), r
    ),
)  # fmt: skip
def huber(delta: Any, r: Any, *, xp: Any) -> Any:
    """Huber's loss: ``r**2 / 2`` up to `delta`, and linear from there.

    >>> mg.special.huber(1.0, 2.5)
    Tensor(2.)
    """
    size = xp.abs(r)
    value = xp.where(size <= delta, r * r / 2, delta * (size - delta / 2))
    return xp.where(delta < 0, math.inf, value)


@special(
    delta=lambda g, delta, r, xp: g * _by_delta(delta, r, xp),
    r=lambda g, delta, r, xp: g * r / _root(r / delta, xp),
)
def pseudo_huber(delta: Any, r: Any, *, xp: Any) -> Any:
    """The smooth relative of Huber's loss, ``delta**2 * (sqrt(1 + (r / delta)**2) - 1)``.

    >>> mg.special.pseudo_huber(1.0, 2.5)
    Tensor(1.6925824)
    """
    inside = delta > 0
    value = r * r / (_root(r / xp.where(inside, delta, 1.0), xp) + 1)
    return xp.where(delta < 0, math.inf, xp.where(delta == 0, 0.0, value))


def _root(x: Any, xp: Any) -> Any:
    return xp.sqrt(1 + x * x)


def _by_delta(delta: Any, r: Any, xp: Any) -> Any:
    """The derivative by `delta`, in a form that does not cancel for small `r`."""
    square = r / delta * (r / delta)
    root = xp.sqrt(1 + square)
    return delta * square * square / (root * (root + 1) * (root + 1))


# --- exponentials and powers --------------------------------------------------------------------
SERIES = 18
"""So many terms of the series below are enough for float64."""
EXPREL = [(k + 1) / math.factorial(k + 2) for k in range(SERIES)]


def exprel_slope(x: Any, xp: Any) -> Any:
    """The derivative of `exprel`, by its series where the closed form cancels."""

    def far(x: Any) -> Any:
        steep = xp.where(x > 1, x, 1.0)  # of large numbers exp(x) alone would be too large
        left = (xp.exp(xp.minimum(x, 1.0)) * (x - 1) + 1) / (x * x)
        right = xp.exp(steep - xp.log(steep)) * (1 - 1 / steep) + 1 / (steep * steep)
        return xp.where(x > 1, right, left)

    return by_series(x, 0.7, EXPREL, far, xp)


@special(x=lambda g, x, xp: g * exprel_slope(x, xp))
def exprel(x: Any) -> Any:
    """``(exp(x) - 1) / x``, and 1 at 0.

    >>> mg.special.exprel(0.5)
    Tensor(1.29744254)
    """


@special(x=lambda g, out: g * (LOG10 * out))
def exp10(x: Any, *, xp: Any) -> Any:
    """The power of ten, 10**x.

    >>> mg.special.exp10(0.5)
    Tensor(3.16227766)
    """
    return 10.0**x


@special(x=lambda g, x, xp: -g * xp.sin(x))
def cosm1(x: Any, *, xp: Any) -> Any:
    """``cos(x) - 1``, exact near 0.

    >>> mg.special.cosm1(1e-5)
    Tensor(-5.e-11)
    """
    return -2 * xp.sin(x / 2) ** 2


@special(
    x=lambda g, x, y, xp: g * y * xp.power(x, y - 1),
    y=lambda g, x, y, xp: g * xp[xlogy](xp.power(x, y), x),
)
def powm1(x: Any, y: Any) -> Any:
    """``x**y - 1``, exact where that is close to 0.

    >>> mg.special.powm1(1.0001, 2.0)
    Tensor(0.00020001)
    """


def _by_lambda(log: Any, lmbda: Any, xp: Any) -> Any:
    """The derivative of ``(exp(lmbda * log) - 1) / lmbda`` by `lmbda`."""
    at_zero = xp.isinf(log)  # there the value is -1 / lmbda, if it is finite
    log = xp.where(at_zero, 0.0, log)
    inverse = 1 / xp.where(at_zero, lmbda, 1.0)
    return xp.where(at_zero, inverse * inverse, log * log * exprel_slope(lmbda * log, xp))


@special(
    x=lambda g, x, lmbda, xp: g * xp.power(x, lmbda - 1),
    lmbda=lambda g, x, lmbda, xp: g * _by_lambda(xp.log(x), lmbda, xp),
)
def boxcox(x: Any, lmbda: Any) -> Any:
    """The transformation of Box and Cox, ``(x**lmbda - 1) / lmbda``, and ``log(x)`` at 0.

    >>> mg.special.boxcox(2.0, 0.5)
    Tensor(0.82842712)
    """


@special(
    x=lambda g, x, lmbda, xp: g * xp.exp((lmbda - 1) * xp.log1p(x)),
    lmbda=lambda g, x, lmbda, xp: g * _by_lambda(xp.log1p(x), lmbda, xp),
)
def boxcox1p(x: Any, lmbda: Any) -> Any:
    """The transformation of Box and Cox of ``1 + x``.

    >>> mg.special.boxcox1p(1.0, 0.5)
    Tensor(0.82842712)
    """


INVERSE = [(-1) ** (k + 1) * (k + 1) / (k + 2) for k in range(SERIES)]


def _inverse_by_lambda(y: Any, lmbda: Any, xp: Any) -> Any:
    """The derivative of ``log1p(lmbda * y) / lmbda`` by `lmbda`."""
    far = lambda u: (u / (1 + u) - xp.log1p(u)) / (u * u)
    return y * y * by_series(lmbda * y, 0.1, INVERSE, far, xp)


@special(
    y=lambda g, y, lmbda, out: g * out / (1 + lmbda * y),
    lmbda=lambda g, y, lmbda, out, xp: g * out * _inverse_by_lambda(y, lmbda, xp),
)
def inv_boxcox(y: Any, lmbda: Any) -> Any:
    """The inverse of `boxcox` in its first operand.

    >>> mg.special.inv_boxcox(0.5, 0.5)
    Tensor(1.5625)
    """


@special(
    y=lambda g, y, lmbda, out: g * (1 + out) / (1 + lmbda * y),
    lmbda=lambda g, y, lmbda, out, xp: g * (1 + out) * _inverse_by_lambda(y, lmbda, xp),
)
def inv_boxcox1p(y: Any, lmbda: Any) -> Any:
    """The inverse of `boxcox1p` in its first operand.

    >>> mg.special.inv_boxcox1p(0.5, 0.5)
    Tensor(0.5625)
    """


def softplus(
    x: Any,
    out: Any = None,
    *,
    where: Any = True,
    dtype: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """``log(1 + exp(x))``, without overflow.

    Parameters
    ----------
    x
        A tensor, array or number.
    out
        Where to write the result.
    where
        Where to compute: booleans that broadcast.
    dtype
        The data type to compute in.
    constant
        Whether the result is constant; by default it is if the operand is.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.softplus(0.5)
    Tensor(0.97407698)
    """
    return logaddexp(0, x, out=out, where=where, dtype=dtype, constant=constant)


# --- degrees ------------------------------------------------------------------------------------
@special(x=lambda g, x, xp: g * (DEGREE * xp[cosdg](x)))
def sindg(x: Any, *, xp: Any) -> Any:
    """The sine of an angle in degrees.

    >>> mg.special.sindg(30.0)
    Tensor(0.5)
    """
    return xp.sin(DEGREE * x)


@special(x=lambda g, x, xp: g * (-DEGREE * xp[sindg](x)))
def cosdg(x: Any, *, xp: Any) -> Any:
    """The cosine of an angle in degrees.

    >>> mg.special.cosdg(60.0)
    Tensor(0.5)
    """
    return xp.cos(DEGREE * x)


@special(x=lambda g, out: g * (DEGREE * (1 + out * out)))
def tandg(x: Any, *, xp: Any) -> Any:
    """The tangent of an angle in degrees.

    >>> mg.special.tandg(45.0)
    Tensor(1.)
    """
    return xp.tan(DEGREE * x)


@special(x=lambda g, out: g * (-DEGREE * (1 + out * out)))
def cotdg(x: Any, *, xp: Any) -> Any:
    """The cotangent of an angle in degrees.

    >>> mg.special.cotdg(45.0)
    Tensor(1.)
    """
    return 1 / xp.tan(DEGREE * x)


@special(d=lambda g: g * DEGREE, m=lambda g: g * (DEGREE / 60), s=lambda g: g * (DEGREE / 3600))
def radian(d: Any, m: Any, s: Any) -> Any:
    """An angle in degrees, minutes and seconds, in radians.

    >>> mg.special.radian(90.0, 0.0, 0.0)
    Tensor(1.57079633)
    """
    return DEGREE * (d + (m + s / 60) / 60)
