"""Exponential, trigonometric and elliptic integrals, elliptic functions, Lambert's W.

Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 4, 6, 19
and 22.
"""

from __future__ import annotations

import math
from typing import Any

from mygrad.math.library_functions import several_of
from mygrad.special.declaring import by_series, special
from mygrad.tensors.base import Tensor

__all__ = [
    "agm", "ellipe", "ellipeinc", "ellipj", "ellipk", "ellipkinc", "ellipkm1", "elliprc",
    "elliprd", "elliprf", "elliprg", "exp1", "expi", "expn", "lambertw", "shichi", "sici", "spence",
    "wrightomega",
]  # fmt: skip


# --- exponential integrals ----------------------------------------------------------------------
@special(x=lambda g, x, xp: g * (xp.exp(x) / x))
def expi(x: Any) -> Any:
    """The exponential integral Ei.

    >>> mg.special.expi(0.5)
    Tensor(0.4542199)
    """


@special(z=lambda g, z, xp: g * (-xp.exp(-z) / z))
def exp1(z: Any) -> Any:
    """The exponential integral of order 1.

    >>> mg.special.exp1(0.5)
    Tensor(0.55977359)
    """


def _expn_slope(g: Any, n: Any, x: Any, xp: Any) -> Any:
    """Minus the function of the order below; that of -1 is elementary: DLMF 8.19.12."""
    n = n + xp.zeros_like(x)
    lowest = n == 0
    below = xp[expn](xp.where(lowest, 0.0, n - 1.0), x)
    return -g * xp.where(lowest, xp.exp(-x) * (1 + 1 / x) / x, below)


@special("n", x=_expn_slope)
def expn(n: Any, x: Any) -> Any:
    """The exponential integral of integer order `n`.

    >>> mg.special.expn(2, 0.5)
    Tensor(0.32664386)
    """


HYPERBOLIC = [0.0 if k % 2 else 1 / math.factorial(k + 1) for k in range(19)]


def _sinhc(x: Any, xp: Any) -> Any:
    """``sinh(x) / x``, by its series where `x` is small."""
    return by_series(x, 1.0, HYPERBOLIC, lambda x: xp.sinh(x) / x, xp)


@special(part=("sici", 0), x=lambda g, x, xp: g * xp.sinc(x / math.pi))
def _sine_integral(x: Any) -> Any:
    """The sine integral."""


@special(part=("sici", 1), x=lambda g, x, xp: g * (xp.cos(x) / x))
def _cosine_integral(x: Any) -> Any:
    """The cosine integral."""


@several_of(_sine_integral, _cosine_integral)
def sici(x: Any) -> Any:
    """The sine and the cosine integral, Si and Ci.

    >>> mg.special.sici(0.5)
    (Tensor(0.49310742), Tensor(-0.17778408))
    """


@special(part=("shichi", 0), x=lambda g, x, xp: g * _sinhc(x, xp))
def _sinh_integral(x: Any) -> Any:
    """The hyperbolic sine integral."""


@special(part=("shichi", 1), x=lambda g, x, xp: g * (xp.cosh(x) / x))
def _cosh_integral(x: Any) -> Any:
    """The hyperbolic cosine integral."""


@several_of(_sinh_integral, _cosh_integral)
def shichi(x: Any) -> Any:
    """The hyperbolic sine and cosine integral, Shi and Chi.

    >>> mg.special.shichi(0.5)
    (Tensor(0.50699675), Tensor(-0.05277684))
    """


LOGARITHM = [(-1) ** k / (k + 1) for k in range(18)]


@special(
    z=lambda g, z, xp: -g * by_series(
        z - 1, 0.1, LOGARITHM, lambda w: xp.log(1 + w) / w, xp
    )
)  # fmt: skip
def spence(z: Any) -> Any:
    r"""The dilogarithm as :math:`\int_1^z \frac{\log t}{1 - t} dt`.

    >>> mg.special.spence(0.5)
    Tensor(0.58224053)
    """


# --- Lambert's W --------------------------------------------------------------------------------
@special("tol", z=lambda g, out, xp: g * (xp.exp(-out) / (1 + out)), k=None)
def _lambertw(z: Any, k: Any, tol: Any) -> Any:
    """Lambert's W: DLMF 4.13.4."""


def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Tensor:
    """Lambert's W, which is complex: the inverse of ``w * exp(w)``.

    Parameters
    ----------
    z
        A tensor, array or number.
    k
        The branch, an integer.
    tol
        How exactly to compute.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.lambertw(0.5)
    Tensor(0.35173371+0.j)
    """
    return _lambertw(z, k, tol)


@special(z=lambda g, out: g * (out / (1 + out)))
def wrightomega(z: Any) -> Any:
    """Wright's omega, ``lambertw(exp(z))`` on the branch of `z`.

    >>> mg.special.wrightomega(0.5)
    Tensor(0.76624861)
    """


# --- complete elliptic integrals ----------------------------------------------------------------
def _rising(a: float, count: int) -> list[float]:
    """The coefficients of ``(1 - m)**-a`` as a power series."""
    found = [1.0]
    for k in range(count - 1):
        found.append(found[-1] * (a + k) / (k + 1))
    return found


TERMS = 18
OF_FIRST, OF_SECOND = _rising(0.5, TERMS + 1), _rising(-0.5, TERMS + 1)
K_SLOPE = [math.pi / 2 * k * OF_FIRST[k] ** 2 for k in range(1, TERMS + 1)]
E_SLOPE = [math.pi / 2 * k * OF_FIRST[k] * OF_SECOND[k] for k in range(1, TERMS + 1)]
"""The derivatives of `ellipk` and `ellipe` as power series: DLMF 19.5.1 and 19.5.2."""


def _k_slope(m: Any, rest: Any, xp: Any) -> Any:
    """The derivative of `ellipk` at `m`, with ``rest = 1 - m``: DLMF 19.4.1."""
    away = xp.where(xp.abs(m) < 0.1, 0.9, rest)

    def far(m: Any) -> Any:
        return (xp[ellipe](m) - away * xp[ellipkm1](away)) / (2 * m * away)

    return by_series(m, 0.1, K_SLOPE, far, xp)


@special(m=lambda g, m, xp: g * _k_slope(m, 1 - m, xp))
def ellipk(m: Any) -> Any:
    """The complete elliptic integral of the first kind, of parameter `m`.

    >>> mg.special.ellipk(0.5)
    Tensor(1.85407468)
    """


@special(p=lambda g, p, xp: -g * _k_slope(1 - p, p, xp))
def ellipkm1(p: Any) -> Any:
    """The complete elliptic integral of the first kind, of parameter ``1 - p``.

    >>> mg.special.ellipkm1(0.5)
    Tensor(1.85407468)
    """


def _e_slope(g: Any, m: Any, xp: Any) -> Any:
    far = lambda m: (xp[ellipe](m) - xp[ellipk](m)) / (2 * m)
    return g * by_series(m, 0.1, E_SLOPE, far, xp)


@special(m=_e_slope)
def ellipe(m: Any) -> Any:
    """The complete elliptic integral of the second kind, of parameter `m`.

    >>> mg.special.ellipe(0.5)
    Tensor(1.35064388)
    """


# --- incomplete ones ----------------------------------------------------------------------------
def _delta(phi: Any, m: Any, xp: Any) -> Any:
    sine = xp.sin(phi)
    return xp.sqrt(1 - m * sine * sine)


def _series_by_m(phi: Any, m: Any, of_kind: list[float], xp: Any) -> Any:
    """The derivative by a small `m`, by the integrals of even powers of the sine."""
    sine, cosine = xp.sin(phi), xp.cos(phi)
    integral, power, total, term = phi, sine, 0.0, 1.0
    for k in range(1, TERMS):
        integral = ((2 * k - 1) * integral - power * cosine) / (2 * k)
        total = total + k * of_kind[k] * term * integral
        power, term = power * sine * sine, term * m
    return total


def _first_by_m(phi: Any, m: Any, xp: Any) -> Any:
    """DLMF 19.4.5."""
    near = xp.abs(m) < 0.1
    away = xp.where(near, 0.1, m)
    root = _delta(phi, away, xp)
    first, second = xp[ellipkinc](phi, away), xp[ellipeinc](phi, away)
    closed = second / away / (1 - away) - first / away
    closed = (closed - xp.sin(phi) * xp.cos(phi) / ((1 - away) * root)) / 2
    return xp.where(near, _series_by_m(phi, xp.where(near, m, 0.0), OF_FIRST, xp), closed)


def _second_by_m(phi: Any, m: Any, xp: Any) -> Any:
    """DLMF 19.4.6."""
    near = xp.abs(m) < 0.1
    away = xp.where(near, 0.1, m)
    closed = (xp[ellipeinc](phi, away) - xp[ellipkinc](phi, away)) / (2 * away)
    return xp.where(near, _series_by_m(phi, xp.where(near, m, 0.0), OF_SECOND, xp), closed)


@special(
    phi=lambda g, phi, m, xp: g / _delta(phi, m, xp),
    m=lambda g, phi, m, xp: g * _first_by_m(phi, m, xp),
)
def ellipkinc(phi: Any, m: Any) -> Any:
    """The incomplete elliptic integral of the first kind, of parameter `m`.

    >>> mg.special.ellipkinc(0.5, 0.5)
    Tensor(0.51046714)
    """


@special(
    phi=lambda g, phi, m, xp: g * _delta(phi, m, xp),
    m=lambda g, phi, m, xp: g * _second_by_m(phi, m, xp),
)
def ellipeinc(phi: Any, m: Any) -> Any:
    """The incomplete elliptic integral of the second kind, of parameter `m`.

    >>> mg.special.ellipeinc(0.5, 0.5)
    Tensor(0.48991096)
    """


def _agm_ratio(a: Any, b: Any, xp: Any) -> Any:
    """The derivative of `agm` by `b`; by K and E, and where both are close by the other way.

    With ``x = b / a`` the mean is ``a * pi / 2 / K(1 - x**2)``: DLMF 19.8.6.
    """
    x = b / a
    parameter = 1 - x * x
    complete = xp[ellipkm1](x * x)
    return math.pi * x * _k_slope(parameter, x * x, xp) / (complete * complete)


@special(
    a=lambda g, a, b, xp: g * _agm_ratio(b, a, xp),
    b=lambda g, a, b, xp: g * _agm_ratio(a, b, xp),
)
def agm(a: Any, b: Any) -> Any:
    """The arithmetic-geometric mean.

    >>> mg.special.agm(1.0, 2.0)
    Tensor(1.45679103)
    """


# --- symmetric integrals of Carlson -------------------------------------------------------------
@special(
    x=lambda g, x, y, z, xp: g * (-xp[elliprd](y, z, x) / 6),
    y=lambda g, x, y, z, xp: g * (-xp[elliprd](z, x, y) / 6),
    z=lambda g, x, y, z, xp: g * (-xp[elliprd](x, y, z) / 6),
)
def elliprf(x: Any, y: Any, z: Any) -> Any:
    """The symmetric elliptic integral of the first kind.

    >>> mg.special.elliprf(0.5, 1.0, 2.0)
    Tensor(0.96885765)
    """


RC_SLOPE = [-k * OF_FIRST[k] / (2 * k + 1) for k in range(1, TERMS + 1)]


def _rc_slope(x: Any, y: Any, xp: Any) -> Any:
    """The derivative of `elliprc` by `x`; where that is close to `y`, by its series."""

    def far(u: Any) -> Any:  # DLMF 19.20.20
        return (xp[elliprc](1 - u, 1.0) - 1 / xp.sqrt(1 - u)) / (2 * u)

    return by_series(1 - x / y, 0.1, RC_SLOPE, far, xp) / (y * xp.sqrt(y))


@special(
    x=lambda g, x, y, xp: g * _rc_slope(x, y, xp),
    y=lambda g, x, y, out, xp: -g * (out / 2 + x * _rc_slope(x, y, xp)) / y,
)
def elliprc(x: Any, y: Any) -> Any:
    """The degenerate symmetric elliptic integral of the first kind.

    >>> mg.special.elliprc(0.5, 2.0)
    Tensor(0.85503322)
    """


def _mixed(x: Any, y: Any, z: Any, out: Any, xp: Any) -> Any:
    """The derivative of `elliprd` by `x`: DLMF 19.18.5. It is nan where `x` and `z` are equal."""
    return (xp[elliprd](y, z, x) - out) / (2 * (x - z))


def _by_z(x: Any, y: Any, z: Any, out: Any, xp: Any) -> Any:
    """The derivative of `elliprd` by `z`, as it is homogeneous of degree -3/2."""
    others = x * _mixed(x, y, z, out, xp) + y * _mixed(y, x, z, out, xp)
    return -(1.5 * out + others) / z


@special(
    x=lambda g, x, y, z, out, xp: g * _mixed(x, y, z, out, xp),
    y=lambda g, x, y, z, out, xp: g * _mixed(y, x, z, out, xp),
    z=lambda g, x, y, z, out, xp: g * _by_z(x, y, z, out, xp),
)
def elliprd(x: Any, y: Any, z: Any) -> Any:
    """The symmetric elliptic integral of the second kind.

    Its derivatives are nan where `z` equals `x` or `y`.

    >>> mg.special.elliprd(0.5, 1.0, 2.0)
    Tensor(0.61767397)
    """


def _g_slope(x: Any, y: Any, z: Any, xp: Any) -> Any:
    """The derivative of `elliprg` by `x`; at 0, where `elliprd` is infinite, its limit."""
    zero = x == 0
    product = xp.where(zero, 0.0, x) * xp[elliprd](y, z, xp.where(zero, 1.0, x))
    return (xp[elliprf](x, y, z) - product / 3) / 4


@special(
    x=lambda g, x, y, z, xp: g * _g_slope(x, y, z, xp),
    y=lambda g, x, y, z, xp: g * _g_slope(y, z, x, xp),
    z=lambda g, x, y, z, xp: g * _g_slope(z, x, y, xp),
)
def elliprg(x: Any, y: Any, z: Any) -> Any:
    """The completely symmetric elliptic integral of the second kind.

    Its second derivatives are nan where two operands are equal.

    >>> mg.special.elliprg(0.5, 1.0, 2.0)
    Tensor(1.06443916)
    """


# --- elliptic functions -------------------------------------------------------------------------
@special("m", part=("ellipj", 0), u=lambda g, u, m, xp: g * xp[_cn](u, m) * xp[_dn](u, m))
def _sn(u: Any, m: Any) -> Any:
    """The elliptic function sn."""


@special("m", part=("ellipj", 1), u=lambda g, u, m, xp: -g * xp[_sn](u, m) * xp[_dn](u, m))
def _cn(u: Any, m: Any) -> Any:
    """The elliptic function cn."""


@special("m", part=("ellipj", 2), u=lambda g, u, m, xp: -g * m * xp[_sn](u, m) * xp[_cn](u, m))
def _dn(u: Any, m: Any) -> Any:
    """The elliptic function dn."""


@special("m", part=("ellipj", 3), u=lambda g, u, m, xp: g * xp[_dn](u, m))
def _amplitude(u: Any, m: Any) -> Any:
    """The amplitude of an elliptic integral."""


@several_of(_sn, _cn, _dn, _amplitude)
def ellipj(u: Any, m: Any) -> Any:
    """The elliptic functions of Jacobi: sn, cn, dn, and the amplitude. No derivative by `m`.

    >>> mg.special.ellipj(0.5, 0.5)
    (Tensor(0.47075047), Tensor(0.88226639), Tensor(0.94297243), Tensor(0.49014121))
    """
