"""Bessel functions and their relatives: Hankel, Airy, Struve, spherical ones.

Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 9 to 11.
"""

from __future__ import annotations

import math
from typing import Any

from mygrad.math.dtypes import is_complex
from mygrad.math.library_functions import several_of
from mygrad.special.declaring import by_series, special
from mygrad.special.gamma_functions import rgamma
from mygrad.tensors.base import Tensor

__all__ = [
    "airy", "hankel1", "hankel1e", "hankel2", "hankel2e", "i0", "i0e", "i1", "i1e", "iv", "ive",
    "j0", "j1", "jn", "jv", "jve", "k0", "k0e", "k1", "k1e", "kn", "kv", "kve", "modstruve",
    "spherical_in", "spherical_jn", "spherical_kn", "spherical_yn", "struve", "y0", "y1", "yn",
    "yv", "yve",
]  # fmt: skip


# --- orders 0 and 1 -----------------------------------------------------------------------------
def _over_argument(function: Any, sign: int, x: Any, xp: Any) -> Any:
    """``function(x) / x`` for `j1` or `i1`; by the series where `x` is small."""
    coefficients = [0.0] * 19  # of powers of x: every second one is there
    for k in range(10):
        coefficients[2 * k] = 0.5 * (sign / 4) ** k / (math.factorial(k) * math.factorial(k + 1))
    return by_series(x, 1.0, coefficients, lambda x: xp[function](x) / x, xp)


@special(x=lambda g, x, xp: -g * xp[j1](x))
def j0(x: Any) -> Any:
    """The Bessel function of the first kind of order 0.

    >>> mg.special.j0(0.5)
    Tensor(0.93846981)
    """


@special(x=lambda g, x, xp: g * (xp[j0](x) - _over_argument(j1, -1, x, xp)))
def j1(x: Any) -> Any:
    """The Bessel function of the first kind of order 1.

    >>> mg.special.j1(0.5)
    Tensor(0.24226846)
    """


@special(x=lambda g, x, xp: -g * xp[y1](x))
def y0(x: Any) -> Any:
    """The Bessel function of the second kind of order 0.

    >>> mg.special.y0(0.5)
    Tensor(-0.44451873)
    """


@special(x=lambda g, x, out, xp: g * (xp[y0](x) - out / x))
def y1(x: Any) -> Any:
    """The Bessel function of the second kind of order 1.

    >>> mg.special.y1(0.5)
    Tensor(-1.47147239)
    """


@special(x=lambda g, x, xp: g * xp[i1](x))
def i0(x: Any, *, xp: Any) -> Any:
    """The modified Bessel function of order 0.

    >>> mg.special.i0(0.5)
    Tensor(1.06348337)
    """
    return xp.bessel_i(x)


@special(x=lambda g, x, xp: g * (xp[i0](x) - _over_argument(i1, 1, x, xp)))
def i1(x: Any, *, xp: Any) -> Any:
    """The modified Bessel function of order 1.

    >>> mg.special.i1(0.5)
    Tensor(0.25789431)
    """
    return xp.bessel_i(x, 1)


@special(x=lambda g, x, out, xp: g * (xp[i1e](x) - xp.sign(x) * out))
def i0e(x: Any) -> Any:
    """The modified Bessel function of order 0, times ``exp(-abs(x))``.

    It has a kink at 0, where the derivative is taken to be 0.

    >>> mg.special.i0e(0.5)
    Tensor(0.64503527)
    """


def _i1e_slope(g: Any, x: Any, out: Any, xp: Any) -> Any:
    near = xp.abs(x) < 1
    close = xp.where(near, x, 0.0)
    series = _over_argument(i1, 1, close, xp) * xp.exp(-xp.abs(close))
    quotient = xp.where(near, series, out / xp.where(near, 1.0, x))
    return g * (xp[i0e](x) - quotient - xp.sign(x) * out)


@special(x=_i1e_slope)
def i1e(x: Any) -> Any:
    """The modified Bessel function of order 1, times ``exp(-abs(x))``.

    >>> mg.special.i1e(0.5)
    Tensor(0.1564208)
    """


@special(x=lambda g, x, xp: -g * xp[k1](x))
def k0(x: Any) -> Any:
    """The modified Bessel function of the second kind of order 0.

    >>> mg.special.k0(0.5)
    Tensor(0.92441907)
    """


@special(x=lambda g, x, out, xp: -g * (xp[k0](x) + out / x))
def k1(x: Any) -> Any:
    """The modified Bessel function of the second kind of order 1.

    >>> mg.special.k1(0.5)
    Tensor(1.65644112)
    """


def _k0e_slope(g: Any, x: Any, out: Any, xp: Any) -> Any:
    return g * (out - xp[k1e](x))


@special(x=_k0e_slope)
def k0e(x: Any) -> Any:
    """The modified Bessel function of the second kind of order 0, times ``exp(x)``.

    >>> mg.special.k0e(0.5)
    Tensor(1.52410939)
    """


@special(x=lambda g, x, out, xp: g * (out - out / x - xp[k0e](x)))
def k1e(x: Any) -> Any:
    """The modified Bessel function of the second kind of order 1, times ``exp(x)``.

    >>> mg.special.k1e(0.5)
    Tensor(2.73100971)
    """


# --- any order ----------------------------------------------------------------------------------
def _difference(f: Any, v: Any, z: Any, xp: Any) -> Any:
    """The derivative of `f` by its neighbours in the order: DLMF 10.6.1."""
    return (xp[f](v - 1, z) - xp[f](v + 1, z)) / 2


def _mean(f: Any, v: Any, z: Any, xp: Any) -> Any:
    """The same for modified functions: DLMF 10.29.1."""
    return (xp[f](v - 1, z) + xp[f](v + 1, z)) / 2


def _real(z: Any, xp: Any, name: str) -> None:
    if is_complex(z, xp):
        raise TypeError(
            f"scipy.special.{name} of complex numbers is scaled by the modulus of an exponential, "
            f"so that it has no complex derivative, and none here: scale the function without e"
        )


@special("v", z=lambda g, v, z, xp: g * _difference(jv, v, z, xp))
def jv(v: Any, z: Any) -> Any:
    """The Bessel function of the first kind of order `v`.

    >>> mg.special.jv(1.5, 0.5)
    Tensor(0.0917017)
    """


jn = jv


def _jve_slope(g: Any, v: Any, z: Any, xp: Any) -> Any:
    _real(z, xp, "jve")
    return g * _difference(jve, v, z, xp)


@special("v", z=_jve_slope)
def jve(v: Any, z: Any) -> Any:
    """The Bessel function `jv`, times ``exp(-abs(z.imag))``; differentiable for real `z`.

    >>> mg.special.jve(1.5, 0.5)
    Tensor(0.0917017)
    """


@special("n", x=lambda g, n, x, xp: g * _difference(yv, n, x, xp))
def yn(n: Any, x: Any) -> Any:
    """The Bessel function of the second kind of integer order `n`.

    >>> mg.special.yn(1, 0.5)
    Tensor(-1.47147239)
    """


@special("v", z=lambda g, v, z, xp: g * _difference(yv, v, z, xp))
def yv(v: Any, z: Any) -> Any:
    """The Bessel function of the second kind of order `v`.

    >>> mg.special.yv(1.5, 0.5)
    Tensor(-2.52146555)
    """


def _yve_slope(g: Any, v: Any, z: Any, xp: Any) -> Any:
    _real(z, xp, "yve")
    return g * _difference(yve, v, z, xp)


@special("v", z=_yve_slope)
def yve(v: Any, z: Any) -> Any:
    """The Bessel function `yv`, times ``exp(-abs(z.imag))``; differentiable for real `z`.

    >>> mg.special.yve(1.5, 0.5)
    Tensor(-2.52146555)
    """


@special("v", z=lambda g, v, z, xp: g * _mean(iv, v, z, xp))
def iv(v: Any, z: Any) -> Any:
    """The modified Bessel function of order `v`.

    >>> mg.special.iv(1.5, 0.5)
    Tensor(0.09640347)
    """


def _ive_slope(g: Any, v: Any, z: Any, out: Any, xp: Any) -> Any:
    _real(z, xp, "ive")
    return g * (_mean(ive, v, z, xp) - xp.sign(z) * out)


@special("v", z=_ive_slope)
def ive(v: Any, z: Any) -> Any:
    """The modified Bessel function `iv`, times ``exp(-abs(z.real))``; differentiable for real `z`.

    >>> mg.special.ive(1.5, 0.5)
    Tensor(0.05847166)
    """


@special("n", x=lambda g, n, x, xp: -g * _mean(kv, n, x, xp))
def kn(n: Any, x: Any) -> Any:
    """The modified Bessel function of the second kind of integer order `n`.

    >>> mg.special.kn(1, 0.5)
    Tensor(1.65644112)
    """


@special("v", z=lambda g, v, z, xp: -g * _mean(kv, v, z, xp))
def kv(v: Any, z: Any) -> Any:
    """The modified Bessel function of the second kind of order `v`.

    >>> mg.special.kv(1.5, 0.5)
    Tensor(3.22514281)
    """


@special("v", z=lambda g, v, z, out, xp: g * (out - _mean(kve, v, z, xp)))
def kve(v: Any, z: Any) -> Any:
    """The modified Bessel function `kv`, times ``exp(z)``.

    >>> mg.special.kve(1.5, 0.5)
    Tensor(5.31736155)
    """


@special("v", z=lambda g, v, z, xp: g * _difference(hankel1, v, z, xp))
def hankel1(v: Any, z: Any) -> Any:
    """The Hankel function of the first kind, which is complex.

    >>> mg.special.hankel1(1.5, 0.5)
    Tensor(0.0917017-2.52146555j)
    """


@special("v", z=lambda g, v, z, out, xp: g * (_difference(hankel1e, v, z, xp) - 1j * out))
def hankel1e(v: Any, z: Any) -> Any:
    """The Hankel function of the first kind, times ``exp(-1j * z)``.

    >>> mg.special.hankel1e(1.5, 0.5)
    Tensor(-1.12837917-2.25675833j)
    """


@special("v", z=lambda g, v, z, xp: g * _difference(hankel2, v, z, xp))
def hankel2(v: Any, z: Any) -> Any:
    """The Hankel function of the second kind, which is complex.

    >>> mg.special.hankel2(1.5, 0.5)
    Tensor(0.0917017+2.52146555j)
    """


@special("v", z=lambda g, v, z, out, xp: g * (_difference(hankel2e, v, z, xp) + 1j * out))
def hankel2e(v: Any, z: Any) -> Any:
    """The Hankel function of the second kind, times ``exp(1j * z)``.

    >>> mg.special.hankel2e(1.5, 0.5)
    Tensor(-1.12837917+2.25675833j)
    """


def _step(v: Any, x: Any, xp: Any) -> Any:
    """What the recurrences of Struve's functions have besides: DLMF 11.4.27 and 11.4.28."""
    return xp.power(x / 2, v) * (xp[rgamma](v + 1.5) / math.sqrt(math.pi))


@special("v", x=lambda g, v, x, xp: g * (_difference(struve, v, x, xp) + _step(v, x, xp) / 2))
def struve(v: Any, x: Any) -> Any:
    """The Struve function of order `v`.

    >>> mg.special.struve(1.5, 0.5)
    Tensor(0.01738758)
    """


@special("v", x=lambda g, v, x, xp: g * (_mean(modstruve, v, x, xp) + _step(v, x, xp) / 2))
def modstruve(v: Any, x: Any) -> Any:
    """The modified Struve function of order `v`.

    >>> mg.special.modstruve(1.5, 0.5)
    Tensor(0.01787733)
    """


# --- Airy ---------------------------------------------------------------------------------------
@special(part=("airy", 0), z=lambda g, z, xp: g * xp[_airy_ai_slope](z))
def _airy_ai(z: Any) -> Any:
    """The function of Airy, Ai."""


@special(part=("airy", 1), z=lambda g, z, xp: g * z * xp[_airy_ai](z))
def _airy_ai_slope(z: Any) -> Any:
    """The derivative of Ai."""


@special(part=("airy", 2), z=lambda g, z, xp: g * xp[_airy_bi_slope](z))
def _airy_bi(z: Any) -> Any:
    """The second function of Airy, Bi."""


@special(part=("airy", 3), z=lambda g, z, xp: g * z * xp[_airy_bi](z))
def _airy_bi_slope(z: Any) -> Any:
    """The derivative of Bi."""


@several_of(_airy_ai, _airy_ai_slope, _airy_bi, _airy_bi_slope)
def airy(z: Any) -> Any:
    """The functions of Airy and their derivatives: Ai, Ai', Bi, Bi'.

    >>> mg.special.airy(0.5)[0]
    Tensor(0.23169361)
    """


# --- spherical ----------------------------------------------------------------------------------
def _neighbours(f: Any, n: Any, z: Any, xp: Any, below: int, above: int) -> Any:
    """``(below * n * f(n - 1) + above * (n + 1) * f(n + 1)) / (2 * n + 1)``: DLMF 10.51.

    That is the derivative of `f`. On tensors, as users call it, there is no `xp`.
    """
    # Of order 0 the neighbour below does not count, whichever it is.
    lower, upper = (f(k, z) if xp is None else xp[f](k, z) for k in (abs(n - 1), n + 1))
    return (below * n * lower + above * (n + 1) * upper) / (2 * n + 1)


@special("n", z=lambda g, n, z, xp: g * _neighbours(_spherical_jn, n, z, xp, 1, -1))
def _spherical_jn(n: Any, z: Any) -> Any:
    """The spherical Bessel function of the first kind."""


@special("n", z=lambda g, n, z, xp: g * _neighbours(_spherical_yn, n, z, xp, 1, -1))
def _spherical_yn(n: Any, z: Any) -> Any:
    """The spherical Bessel function of the second kind."""


@special("n", z=lambda g, n, z, xp: g * _neighbours(_spherical_in, n, z, xp, 1, 1))
def _spherical_in(n: Any, z: Any) -> Any:
    """The modified spherical Bessel function of the first kind."""


@special("n", z=lambda g, n, z, xp: g * _neighbours(_spherical_kn, n, z, xp, -1, -1))
def _spherical_kn(n: Any, z: Any) -> Any:
    """The modified spherical Bessel function of the second kind."""


def spherical_jn(n: Any, z: Any, derivative: bool = False) -> Tensor:
    """The spherical Bessel function of the first kind.

    Parameters
    ----------
    n
        The order, an integer, or an array of them.
    z
        A tensor, array or number.
    derivative
        Whether to return the derivative by `z` in place of the function.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.spherical_jn(1, 0.5), mg.special.spherical_jn(1, 0.5, True)
    (Tensor(0.16253703), Tensor(0.30870295))
    """
    if derivative:
        return _neighbours(_spherical_jn, n, z, None, 1, -1)
    return _spherical_jn(n, z)


def spherical_yn(n: Any, z: Any, derivative: bool = False) -> Tensor:
    """The spherical Bessel function of the second kind.

    Parameters
    ----------
    n
        The order, an integer, or an array of them.
    z
        A tensor, array or number.
    derivative
        Whether to return the derivative by `z` in place of the function.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.spherical_yn(1, 0.5), mg.special.spherical_yn(1, 0.5, True)
    (Tensor(-4.46918132), Tensor(16.12156018))
    """
    if derivative:
        return _neighbours(_spherical_yn, n, z, None, 1, -1)
    return _spherical_yn(n, z)


def spherical_in(n: Any, z: Any, derivative: bool = False) -> Tensor:
    """The modified spherical Bessel function of the first kind.

    Parameters
    ----------
    n
        The order, an integer, or an array of them.
    z
        A tensor, array or number.
    derivative
        Whether to return the derivative by `z` in place of the function.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.spherical_in(1, 0.5), mg.special.spherical_in(1, 0.5, True)
    (Tensor(0.17087071), Tensor(0.35870778))
    """
    if derivative:
        return _neighbours(_spherical_in, n, z, None, 1, 1)
    return _spherical_in(n, z)


def spherical_kn(n: Any, z: Any, derivative: bool = False) -> Tensor:
    """The modified spherical Bessel function of the second kind.

    Parameters
    ----------
    n
        The order, an integer, or an array of them.
    z
        A tensor, array or number.
    derivative
        Whether to return the derivative by `z` in place of the function.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.spherical_kn(1, 0.5), mg.special.spherical_kn(1, 0.5, True)
    (Tensor(5.71641679), Tensor(-24.77113944))
    """
    if derivative:
        return _neighbours(_spherical_kn, n, z, None, -1, -1)
    return _spherical_kn(n, z)
