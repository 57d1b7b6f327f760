"""The error function and its relatives, and the normal distribution.

Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapter 7.
"""

from __future__ import annotations

import math
from typing import Any

from mygrad.math.dtypes import is_complex
from mygrad.math.library_functions import several_of
from mygrad.special.declaring import special

__all__ = [
    "dawsn", "erf", "erfc", "erfcinv", "erfcx", "erfi", "erfinv", "fresnel", "log_ndtr", "ndtr",
    "ndtri", "ndtri_exp", "owens_t", "voigt_profile", "wofz",
]  # fmt: skip

ROOT_PI = math.sqrt(math.pi)
BELL = 1 / math.sqrt(2 * math.pi)
"""The density of the normal distribution at 0."""


FAR = 15.0
"""From here on the closed form of two derivatives would cancel, and ten terms are exact."""
ODD_FACTORIALS = [math.prod(range(1, 2 * k + 2, 2)) for k in range(11)]


def _asymptotic(x: Any, sign: int, xp: Any) -> tuple[Any, Any]:
    """Where `x` is large; there ``-1 / (2 * x**2) * (1 + sign * 3 / (2 * x**2) + ...)``.

    That is how far ``sqrt(pi) * x * erfcx(x)`` (sign -1) is from 1, and one minus
    ``2 * x * dawsn(x)`` (sign 1): DLMF 7.12.1 and 7.5.1.
    """
    far = xp.abs(x) > FAR
    x = xp.where(far, x, FAR)
    inverse, total = 1 / (2 * x * x), 0.0
    for factor in reversed(ODD_FACTORIALS):
        total = total * (sign * inverse) + factor
    return far, -inverse * total


@special(x=lambda g, x, xp: g * (2 / ROOT_PI * xp.exp(-x * x)))
def erf(x: Any) -> Any:
    r"""The error function, :math:`\frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt`.

    >>> mg.special.erf(0.5)
    Tensor(0.52049988)
    """


@special(x=lambda g, x, xp: g * (-2 / ROOT_PI * xp.exp(-x * x)))
def erfc(x: Any) -> Any:
    r"""One minus the error function, exact where that is close to 1.

    >>> mg.special.erfc(0.5)
    Tensor(0.47950012)
    """


@special(x=lambda g, x, xp: g * (2 / ROOT_PI * xp.exp(x * x)))
def erfi(x: Any) -> Any:
    r"""The imaginary error function, :math:`\frac{2}{\sqrt\pi} \int_0^x e^{t^2} dt`.

    >>> mg.special.erfi(0.5)
    Tensor(0.61495209)
    """


def _erfcx_slope(g: Any, x: Any, xp: Any) -> Any:
    closed = lambda x: 2 * x * xp[erfcx](x) - 2 / ROOT_PI
    if is_complex(x, xp):
        return g * closed(x)
    far, series = _asymptotic(x, -1, xp)
    far = far & (x > 0)
    return g * xp.where(far, 2 / ROOT_PI * series, closed(xp.where(far, 0.0, x)))


@special(x=_erfcx_slope)
def erfcx(x: Any) -> Any:
    r"""The scaled complementary error function, :math:`e^{x^2} \mathrm{erfc}(x)`.

    >>> mg.special.erfcx(0.5)
    Tensor(0.61569034)
    """


def _dawsn_slope(g: Any, x: Any, xp: Any) -> Any:
    closed = lambda x: 1 - 2 * x * xp[dawsn](x)
    if is_complex(x, xp):
        return g * closed(x)
    far, series = _asymptotic(x, 1, xp)
    return g * xp.where(far, series, closed(xp.where(far, 0.0, x)))


@special(x=_dawsn_slope)
def dawsn(x: Any) -> Any:
    r"""Dawson's integral, :math:`e^{-x^2} \int_0^x e^{t^2} dt`.

    >>> mg.special.dawsn(0.5)
    Tensor(0.42443638)
    """


@special(y=lambda g, out, xp: g * (ROOT_PI / 2 * xp.exp(out * out)))
def erfinv(y: Any) -> Any:
    """The inverse of the error function. Its derivative at -1 and 1 is infinite.

    >>> mg.special.erfinv(0.5)
    Tensor(0.47693628)
    """


@special(y=lambda g, out, xp: g * (-ROOT_PI / 2 * xp.exp(out * out)))
def erfcinv(y: Any) -> Any:
    """The inverse of the complementary error function.

    >>> mg.special.erfcinv(0.5)
    Tensor(0.47693628)
    """


@special(z=lambda g, z, out: g * (2j / ROOT_PI - 2 * z * out))
def wofz(z: Any) -> Any:
    r"""The Faddeeva function, :math:`e^{-z^2} \mathrm{erfc}(-iz)`, which is complex.

    >>> mg.special.wofz(0.5)
    Tensor(0.77880078+0.47892517j)
    """


@special(part=("fresnel", 0), z=lambda g, z, xp: g * xp.sin(math.pi / 2 * z * z))
def _fresnel_s(z: Any) -> Any:
    """The sine integral of Fresnel."""


@special(part=("fresnel", 1), z=lambda g, z, xp: g * xp.cos(math.pi / 2 * z * z))
def _fresnel_c(z: Any) -> Any:
    """The cosine integral of Fresnel."""


@several_of(_fresnel_s, _fresnel_c)
def fresnel(z: Any) -> Any:
    r"""Fresnel integrals, :math:`\int_0^z \sin(\pi t^2/2) dt` and the same of the cosine.

    >>> mg.special.fresnel(0.5)
    (Tensor(0.06473243), Tensor(0.49234423))
    """


@special(x=lambda g, x, xp: g * (BELL * xp.exp(-x * x / 2)))
def ndtr(x: Any) -> Any:
    """The distribution function of the normal distribution.

    >>> mg.special.ndtr(0.5)
    Tensor(0.69146246)
    """


@special(x=lambda g, x, xp: g * (2 * BELL / xp[erfcx](-x / math.sqrt(2))))
def log_ndtr(x: Any) -> Any:
    """The logarithm of the normal distribution function, also where that underflows.

    >>> mg.special.log_ndtr(-50.0)
    Tensor(-1254.83136114)
    """


@special(y=lambda g, out, xp: g * (xp.exp(out * out / 2) / BELL))
def ndtri(y: Any) -> Any:
    """The inverse of the normal distribution function.

    >>> mg.special.ndtri(0.25)
    Tensor(-0.67448975)
    """


@special(y=lambda g, out, xp: g * (xp[erfcx](-out / math.sqrt(2)) / (2 * BELL)))
def ndtri_exp(y: Any) -> Any:
    """The inverse of `log_ndtr`.

    >>> mg.special.ndtri_exp(-1254.831361)
    Tensor(-50.)
    """


@special(
    h=lambda g, h, a, xp: g * (-BELL / 2 * xp.exp(-h * h / 2) * xp[erf](a * h / math.sqrt(2))),
    a=lambda g, h, a, xp: g * (xp.exp(-h * h * (1 + a * a) / 2) / (1 + a * a) / (2 * math.pi)),
)
def owens_t(h: Any, a: Any) -> Any:
    r"""Owen's T, :math:`\frac{1}{2\pi}\int_0^a \frac{e^{-h^2(1 + t^2)/2}}{1 + t^2} dt`.

    >>> mg.special.owens_t(0.5, 1.0)
    Tensor(0.10667106)
    """


def _voigt_slope(x: Any, sigma: Any, gamma: Any, xp: Any) -> tuple[Any, Any]:
    """The point where the profile is the real part of `wofz`, and the slope of that there."""
    z = (x + 1j * gamma) / (sigma * math.sqrt(2))
    return z, (2j / ROOT_PI - 2 * z * xp[wofz](z)) / (sigma * sigma * (2 * ROOT_PI))


@special(
    x=lambda g, x, sigma, gamma, xp: g * xp.real(_voigt_slope(x, sigma, gamma, xp)[1]),
    sigma=lambda g, x, sigma, gamma, out, xp: g * _by_sigma(x, sigma, gamma, out, xp),
    gamma=lambda g, x, sigma, gamma, xp: -g * xp.imag(_voigt_slope(x, sigma, gamma, xp)[1]),
)
def voigt_profile(x: Any, sigma: Any, gamma: Any) -> Any:
    """The Voigt profile: a normal density of width `sigma` and a Lorentzian one, folded.

    The derivatives are those for positive `sigma`; at 0 they are nan.

    >>> mg.special.voigt_profile(0.5, 1.0, 0.5)
    Tensor(0.25636409)
    """


def _by_sigma(x: Any, sigma: Any, gamma: Any, out: Any, xp: Any) -> Any:
    z, slope = _voigt_slope(x, sigma, gamma, xp)
    return -out / sigma - xp.real(slope * z) * math.sqrt(2)
