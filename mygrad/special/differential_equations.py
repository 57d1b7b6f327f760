"""Functions that are known by the differential equation that they solve, and some integrals.

SciPy has the first derivative of each as a function of its own; the second is by the equation.
Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 9, 10, 12
and 14.
"""

from __future__ import annotations

import math
from typing import Any

from mygrad.math.dtypes import real_only
from mygrad.math.library_functions import several_of
from mygrad.special.bessel import _airy_ai, _airy_bi, i0, j0, k0, modstruve, struve, y0
from mygrad.special.declaring import by_series, special

__all__ = [
    "airye", "bei", "beip", "ber", "berp", "it2i0k0", "it2j0y0", "it2struve0", "itairy", "iti0k0",
    "itj0y0", "itmodstruve0", "itstruve0", "kei", "keip", "kelvin", "ker", "kerp",
    "log_wright_bessel", "lpmv", "pbdv", "pbvv", "pbwa",
    "wright_bessel",
]  # fmt: skip


# --- Kelvin: w'' + w' / x = i w for w = ber + i bei, and for w = ker + i kei; DLMF 10.61.3 --------
@special(x=lambda g, x, xp: g * xp[berp](x))
def ber(x: Any) -> Any:
    """Kelvin's function ber.

    >>> mg.special.ber(0.5)
    Tensor(0.99902346)
    """


@special(x=lambda g, x, xp: g * xp[beip](x))
def bei(x: Any) -> Any:
    """Kelvin's function bei.

    >>> mg.special.bei(0.5)
    Tensor(0.06249322)
    """


@special(x=lambda g, x, out, xp: -g * (out / x + xp[bei](x)))
def berp(x: Any) -> Any:
    """The derivative of `ber`. At 0 the derivative of this is nan.

    >>> mg.special.berp(0.5)
    Tensor(-0.00781208)
    """


@special(x=lambda g, x, out, xp: g * (xp[ber](x) - out / x))
def beip(x: Any) -> Any:
    """The derivative of `bei`. At 0 the derivative of this is nan.

    >>> mg.special.beip(0.5)
    Tensor(0.24991862)
    """


@special(x=lambda g, x, xp: g * xp[kerp](x))
def ker(x: Any) -> Any:
    """Kelvin's function ker.

    >>> mg.special.ker(0.5)
    Tensor(0.85590587)
    """


@special(x=lambda g, x, xp: g * xp[keip](x))
def kei(x: Any) -> Any:
    """Kelvin's function kei.

    >>> mg.special.kei(0.5)
    Tensor(-0.6715817)
    """


@special(x=lambda g, x, out, xp: -g * (out / x + xp[kei](x)))
def kerp(x: Any) -> Any:
    """The derivative of `ker`.

    >>> mg.special.kerp(0.5)
    Tensor(-1.81979975)
    """


@special(x=lambda g, x, out, xp: g * (xp[ker](x) - out / x))
def keip(x: Any) -> Any:
    """The derivative of `kei`.

    >>> mg.special.keip(0.5)
    Tensor(0.33320379)
    """


@special(part=("kelvin", 0), x=lambda g, x, xp: g * xp[_kelvin_be_slope](x))
def _kelvin_be(x: Any) -> Any:
    """Kelvin's ber + i bei."""


@special(part=("kelvin", 1), x=lambda g, x, xp: g * xp[_kelvin_ke_slope](x))
def _kelvin_ke(x: Any) -> Any:
    """Kelvin's ker + i kei."""


@special(part=("kelvin", 2), x=lambda g, x, out, xp: g * (1j * xp[_kelvin_be](x) - out / x))
def _kelvin_be_slope(x: Any) -> Any:
    """The derivative of the first."""


@special(part=("kelvin", 3), x=lambda g, x, out, xp: g * (1j * xp[_kelvin_ke](x) - out / x))
def _kelvin_ke_slope(x: Any) -> Any:
    """The derivative of the second."""


@several_of(_kelvin_be, _kelvin_ke, _kelvin_be_slope, _kelvin_ke_slope)
def kelvin(x: Any) -> Any:
    """Kelvin's functions as complex numbers, ber + i bei and ker + i kei, and their derivatives.

    >>> mg.special.kelvin(0.5)[0]
    Tensor(0.99902346+0.06249322j)
    """


# --- Airy, scaled: by real numbers, of which the first two are not negative ----------------------
@special(part=("airye", 0), z=lambda g, z, out, xp: g * (xp[_ai_slope_e](z) + _root(z, xp) * out))
def _ai_e(z: Any) -> Any:
    """Ai, scaled."""


@special(part=("airye", 1), z=lambda g, z, out, xp: g * (z * xp[_ai_e](z) + _root(z, xp) * out))
def _ai_slope_e(z: Any) -> Any:
    """The derivative of Ai, scaled."""


@special(
    part=("airye", 2),
    z=lambda g, z, out, xp: g * (xp[_bi_slope_e](z) - _positive_root(z, xp) * out),
)
def _bi_e(z: Any) -> Any:
    """Bi, scaled."""


@special(
    part=("airye", 3),
    z=lambda g, z, out, xp: g * (z * xp[_bi_e](z) - _positive_root(z, xp) * out),
)
def _bi_slope_e(z: Any) -> Any:
    """The derivative of Bi, scaled."""


def _root(z: Any, xp: Any) -> Any:
    real_only(z, xp, "airye", "its derivative is for real numbers")
    return xp.sqrt(z)


def _positive_root(z: Any, xp: Any) -> Any:
    """The slope of the exponent, which is 0 for negative numbers."""
    real_only(z, xp, "airye", "its derivative is for real numbers")
    return xp.where(z > 0, xp.sqrt(xp.where(z > 0, z, 1.0)), 0.0)


@several_of(_ai_e, _ai_slope_e, _bi_e, _bi_slope_e)
def airye(z: Any) -> Any:
    """`airy` times exponentials, without overflow; differentiable for real `z`.

    >>> mg.special.airye(0.5)[0]
    Tensor(0.29327716)
    """


# --- parabolic cylinders: DLMF 12.2.2 and 12.2.3 -------------------------------------------------
@special("v", part=("pbdv", 0), x=lambda g, v, x, xp: g * xp[_pbdv_slope](v, x))
def _pbdv(v: Any, x: Any) -> Any:
    """The parabolic cylinder function D."""


@special("v", part=("pbdv", 1), x=lambda g, v, x, xp: g * (x * x / 4 - v - 0.5) * xp[_pbdv](v, x))
def _pbdv_slope(v: Any, x: Any) -> Any:
    """Its derivative."""


@several_of(_pbdv, _pbdv_slope)
def pbdv(v: Any, x: Any) -> Any:
    """The parabolic cylinder function D, and its derivative. There is no derivative by `v`.

    >>> mg.special.pbdv(1.5, 0.5)
    (Tensor(-0.06212563), Tensor(1.21958408))
    """


@special("v", part=("pbvv", 0), x=lambda g, v, x, xp: g * xp[_pbvv_slope](v, x))
def _pbvv(v: Any, x: Any) -> Any:
    """The parabolic cylinder function V."""


@special("v", part=("pbvv", 1), x=lambda g, v, x, xp: g * (x * x / 4 - v - 0.5) * xp[_pbvv](v, x))
def _pbvv_slope(v: Any, x: Any) -> Any:
    """Its derivative."""


@several_of(_pbvv, _pbvv_slope)
def pbvv(v: Any, x: Any) -> Any:
    """The parabolic cylinder function V, and its derivative. There is no derivative by `v`.

    >>> mg.special.pbvv(1.5, 0.5)
    (Tensor(-0.64990825), Tensor(-0.08477667))
    """


@special("a", part=("pbwa", 0), x=lambda g, a, x, xp: g * xp[_pbwa_slope](a, x))
def _pbwa(a: Any, x: Any) -> Any:
    """The parabolic cylinder function W."""


@special("a", part=("pbwa", 1), x=lambda g, a, x, xp: g * (a - x * x / 4) * xp[_pbwa](a, x))
def _pbwa_slope(a: Any, x: Any) -> Any:
    """Its derivative."""


@several_of(_pbwa, _pbwa_slope)
def pbwa(a: Any, x: Any) -> Any:
    """The parabolic cylinder function W, and its derivative. There is no derivative by `a`.

    >>> mg.special.pbwa(1.5, 0.5)
    (Tensor(0.36645883), Tensor(-0.40345524))
    """


# --- Legendre, Wright ---------------------------------------------------------------------------
@special(
    "m v",
    x=lambda g, m, v, x, out, xp: g * (
        (v * x * out - (v + m) * xp[lpmv](m, v - 1, x)) / (x * x - 1)
    ),
)  # fmt: skip
def lpmv(m: Any, v: Any, x: Any) -> Any:
    """The associated Legendre function of integer order `m` and degree `v`: DLMF 14.10.5.

    >>> mg.special.lpmv(1, 2.0, 0.5)
    Tensor(-1.29903811)
    """


@special("a b", x=lambda g, a, b, x, xp: g * xp[wright_bessel](a, a + b, x))
def wright_bessel(a: Any, b: Any, x: Any) -> Any:
    """Wright's generalised Bessel function: DLMF 10.46.1, whose terms are differentiated.

    >>> mg.special.wright_bessel(1.5, 2.0, 0.5)
    Tensor(1.15573177)
    """


@special(
    "a b",
    x=lambda g, a, b, x, out, xp: g * xp.exp(xp[log_wright_bessel](a, a + b, x) - out),
)
def log_wright_bessel(a: Any, b: Any, x: Any) -> Any:
    """The logarithm of `wright_bessel`.

    >>> mg.special.log_wright_bessel(1.5, 2.0, 0.5)
    Tensor(0.14473371)
    """


# --- integrals: the derivative is the integrand --------------------------------------------------
@special(part=("itairy", 0), x=lambda g, x, xp: g * xp[_airy_ai](x))
def _integral_ai(x: Any) -> Any:
    """The integral of Ai."""


@special(part=("itairy", 1), x=lambda g, x, xp: g * xp[_airy_bi](x))
def _integral_bi(x: Any) -> Any:
    """The integral of Bi."""


@special(part=("itairy", 2), x=lambda g, x, xp: g * xp[_airy_ai](-x))
def _mirrored_integral_ai(x: Any) -> Any:
    """The integral of Ai of negative numbers."""


@special(part=("itairy", 3), x=lambda g, x, xp: g * xp[_airy_bi](-x))
def _mirrored_integral_bi(x: Any) -> Any:
    """The integral of Bi of negative numbers."""


@several_of(_integral_ai, _integral_bi, _mirrored_integral_ai, _mirrored_integral_bi)
def itairy(x: Any) -> Any:
    """Integrals from 0 of the functions of Airy, of `t` and of `-t`.

    >>> mg.special.itairy(0.5)[0]
    Tensor(0.14595331)
    """


@special(part=("itj0y0", 0), x=lambda g, x, xp: g * xp[j0](x))
def _integral_j0(x: Any) -> Any:
    """The integral of `j0`."""


@special(part=("itj0y0", 1), x=lambda g, x, xp: g * xp[y0](x))
def _integral_y0(x: Any) -> Any:
    """The integral of `y0`."""


@several_of(_integral_j0, _integral_y0)
def itj0y0(x: Any) -> Any:
    """Integrals from 0 of `j0` and `y0`.

    >>> mg.special.itj0y0(0.5)
    (Tensor(0.48968051), Tensor(-0.56179546))
    """


@special(part=("iti0k0", 0), x=lambda g, x, xp: g * xp[i0](x))
def _integral_i0(x: Any) -> Any:
    """The integral of `i0`."""


@special(part=("iti0k0", 1), x=lambda g, x, xp: g * xp[k0](x))
def _integral_k0(x: Any) -> Any:
    """The integral of `k0`."""


@several_of(_integral_i0, _integral_k0)
def iti0k0(x: Any) -> Any:
    """Integrals from 0 of `i0` and `k0`.

    >>> mg.special.iti0k0(0.5)
    (Tensor(0.51051481), Tensor(0.92710252))
    """


def _from_one(function: Any, sign: int, x: Any, xp: Any) -> Any:
    """``(function(x) - 1) / x`` for `j0` or `i0`; by the series where `x` is small."""
    coefficients = [0.0] * 20
    for k in range(1, 11):
        coefficients[2 * k - 1] = (sign / 4) ** k / math.factorial(k) ** 2
    return by_series(x, 1.0, coefficients, lambda x: (xp[function](x) - 1) / x, xp)


@special(part=("it2j0y0", 0), x=lambda g, x, xp: -g * _from_one(j0, -1, x, xp))
def _quotient_j0(x: Any) -> Any:
    """The integral of (1 - j0) / t."""


@special(part=("it2j0y0", 1), x=lambda g, x, xp: -g * xp[y0](x) / x)
def _quotient_y0(x: Any) -> Any:
    """The integral of y0 / t from `x` on."""


@several_of(_quotient_j0, _quotient_y0)
def it2j0y0(x: Any) -> Any:
    """The integral of ``(1 - j0(t)) / t`` from 0, and that of ``y0(t) / t`` from `x` to infinity.

    >>> mg.special.it2j0y0(0.5)
    (Tensor(0.03100699), Tensor(0.26968854))
    """


@special(part=("it2i0k0", 0), x=lambda g, x, xp: g * _from_one(i0, 1, x, xp))
def _quotient_i0(x: Any) -> Any:
    """The integral of (i0 - 1) / t."""


@special(part=("it2i0k0", 1), x=lambda g, x, xp: -g * xp[k0](x) / x)
def _quotient_k0(x: Any) -> Any:
    """The integral of k0 / t from `x` on."""


@several_of(_quotient_i0, _quotient_k0)
def it2i0k0(x: Any) -> Any:
    """The integral of ``(i0(t) - 1) / t`` from 0, and that of ``k0(t) / t`` from `x` to infinity.

    >>> mg.special.it2i0k0(0.5)
    (Tensor(0.03149527), Tensor(0.66575102))
    """


@special(x=lambda g, x, xp: g * xp[struve](0.0, x))
def itstruve0(x: Any) -> Any:
    """The integral from 0 of the Struve function of order 0.

    >>> mg.special.itstruve0(0.5)
    Tensor(0.07847957)
    """


@special(x=lambda g, x, xp: g * xp[modstruve](0.0, x))
def itmodstruve0(x: Any) -> Any:
    """The integral from 0 of the modified Struve function of order 0.

    >>> mg.special.itmodstruve0(0.5)
    Tensor(0.08069011)
    """


@special(x=lambda g, x, xp: -g * xp[struve](0.0, x) / x)
def it2struve0(x: Any) -> Any:
    """The integral from `x` to infinity of the Struve function of order 0 over `t`.

    >>> mg.special.it2struve0(0.5)
    Tensor(1.25541613)
    """
