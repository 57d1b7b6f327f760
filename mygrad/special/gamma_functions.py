"""The gamma function and its relatives: beta, incomplete gamma and beta, zeta.

Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 5, 8, 25.
"""

from __future__ import annotations

import math
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import is_true
from mygrad.special.declaring import special
from mygrad.special.elementary import xlog1py, xlogy
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = [
    "beta", "betainc", "betaincc", "betainccinv", "betaincinv", "betaln", "binom", "digamma",
    "gamma", "gammainc", "gammaincc", "gammainccinv", "gammaincinv", "gammaln", "gammasgn",
    "loggamma", "multigammaln", "poch", "polygamma", "psi", "rgamma", "zeta",
]  # fmt: skip

PI = math.pi


@special(x=lambda g, x, out, xp: g * out * xp[psi](x))
def gamma(x: Any) -> Any:
    """The gamma function.

    >>> mg.special.gamma(0.5)
    Tensor(1.77245385)
    """


@special(x=lambda g, x, xp: g * xp[psi](x))
def gammaln(x: Any) -> Any:
    """The logarithm of the absolute value of the gamma function.

    >>> mg.special.gammaln(0.5)
    Tensor(0.57236494)
    """


@special(z=lambda g, z, xp: g * xp[psi](z))
def loggamma(z: Any) -> Any:
    """The principal branch of the logarithm of the gamma function, for complex numbers too.

    >>> mg.special.loggamma(0.5 + 1.0j)
    Tensor(-0.65279064-0.95500772j)
    """


@special(x=None)
def gammasgn(x: Any) -> Any:
    """The sign of the gamma function. Piecewise constant: the result is a constant.

    >>> mg.special.gammasgn(-0.5)
    Tensor(-1.)
    """


def _rgamma_slope(g: Any, x: Any, xp: Any) -> Any:
    """By reflection (DLMF 5.5.3) on the left, which is finite at the poles of `gamma`."""
    left = xp.real(x) < 0.5
    on_right = xp.where(left, 1.0, x)
    mirrored = 1 - xp.where(left, x, 0.0)
    angle = PI * (1 - mirrored)
    reflected = xp.cos(angle) - xp.sin(angle) / PI * xp[psi](mirrored)
    direct = -xp[rgamma](on_right) * xp[psi](on_right)
    return g * xp.where(left, xp[gamma](mirrored) * reflected, direct)


@special(x=_rgamma_slope)
def rgamma(x: Any) -> Any:
    """The reciprocal of the gamma function, 0 at its poles.

    >>> mg.special.rgamma(0.5)
    Tensor(0.56418958)
    """


@special(x=lambda g, x, xp: g * xp[polygamma](1, x))
def psi(x: Any) -> Any:
    """The digamma function, the logarithmic derivative of the gamma function.

    >>> mg.special.psi(0.5)
    Tensor(-1.96351003)
    """


digamma = psi


@special("n", x=lambda g, n, x, xp: g * xp[polygamma](n + 1, x))
def polygamma(n: Any, x: Any) -> Any:
    """The derivative of order `n`, an integer, of the digamma function.

    >>> mg.special.polygamma(1, 0.5)
    Tensor(4.9348022)
    """


@special(
    a=lambda g, a, b, out, xp: g * out * (xp[psi](a) - xp[psi](a + b)),
    b=lambda g, a, b, out, xp: g * out * (xp[psi](b) - xp[psi](a + b)),
)
def beta(a: Any, b: Any) -> Any:
    """The beta function.

    >>> mg.special.beta(0.5, 2.0)
    Tensor(1.33333333)
    """


@special(
    a=lambda g, a, b, xp: g * (xp[psi](a) - xp[psi](a + b)),
    b=lambda g, a, b, xp: g * (xp[psi](b) - xp[psi](a + b)),
)
def betaln(a: Any, b: Any) -> Any:
    """The logarithm of the absolute value of the beta function.

    >>> mg.special.betaln(0.5, 2.0)
    Tensor(0.28768207)
    """


@special(
    z=lambda g, z, m, out, xp: g * out * (xp[psi](z + m) - xp[psi](z)),
    m=lambda g, z, m, out, xp: g * out * xp[psi](z + m),
)
def poch(z: Any, m: Any) -> Any:
    r"""The rising factorial, :math:`\Gamma(z + m) / \Gamma(z)`.

    >>> mg.special.poch(0.5, 2.0)
    Tensor(0.75)
    """


@special(
    n=lambda g, n, k, out, xp: g * out * (xp[psi](n + 1) - xp[psi](n - k + 1)),
    k=lambda g, n, k, out, xp: g * out * (xp[psi](n - k + 1) - xp[psi](k + 1)),
)
def binom(n: Any, k: Any) -> Any:
    """The binomial coefficient of real numbers.

    >>> mg.special.binom(4.5, 2.0)
    Tensor(7.875)
    """


# --- incomplete functions: by the upper limit, the integrand ------------------------------------
def gamma_density(a: Any, x: Any, xp: Any) -> Any:
    """The derivative of `gammainc` by `x`, the density of a gamma distribution."""
    return xp.exp(xp[xlogy](a - 1, x) - x - xp[gammaln](a))


def beta_density(a: Any, b: Any, x: Any, xp: Any) -> Any:
    """The derivative of `betainc` by `x`, the density of a beta distribution."""
    return xp.exp(xp[xlogy](a - 1, x) + xp[xlog1py](b - 1, -x) - xp[betaln](a, b))


@special("a", x=lambda g, a, x, xp: g * gamma_density(a, x, xp))
def gammainc(a: Any, x: Any) -> Any:
    r"""The regularised lower incomplete gamma function.

    >>> mg.special.gammainc(2.0, 0.5)
    Tensor(0.09020401)
    """


@special("a", x=lambda g, a, x, xp: -g * gamma_density(a, x, xp))
def gammaincc(a: Any, x: Any) -> Any:
    """The regularised upper incomplete gamma function.

    >>> mg.special.gammaincc(2.0, 0.5)
    Tensor(0.90979599)
    """


@special("a", y=lambda g, a, out, xp: g / gamma_density(a, out, xp))
def gammaincinv(a: Any, y: Any) -> Any:
    """The inverse of `gammainc` in its second operand.

    >>> mg.special.gammaincinv(2.0, 0.5)
    Tensor(1.67834699)
    """


@special("a", y=lambda g, a, out, xp: -g / gamma_density(a, out, xp))
def gammainccinv(a: Any, y: Any) -> Any:
    """The inverse of `gammaincc` in its second operand.

    >>> mg.special.gammainccinv(2.0, 0.5)
    Tensor(1.67834699)
    """


@special("a b", x=lambda g, a, b, x, xp: g * beta_density(a, b, x, xp))
def betainc(a: Any, b: Any, x: Any) -> Any:
    """The regularised incomplete beta function.

    >>> mg.special.betainc(2.0, 3.0, 0.5)
    Tensor(0.6875)
    """


@special("a b", x=lambda g, a, b, x, xp: -g * beta_density(a, b, x, xp))
def betaincc(a: Any, b: Any, x: Any) -> Any:
    """One minus the regularised incomplete beta function.

    >>> mg.special.betaincc(2.0, 3.0, 0.5)
    Tensor(0.3125)
    """


@special("a b", y=lambda g, a, b, out, xp: g / beta_density(a, b, out, xp))
def betaincinv(a: Any, b: Any, y: Any) -> Any:
    """The inverse of `betainc` in its third operand.

    >>> mg.special.betaincinv(2.0, 3.0, 0.6875)
    Tensor(0.5)
    """


@special("a b", y=lambda g, a, b, out, xp: -g / beta_density(a, b, out, xp))
def betainccinv(a: Any, b: Any, y: Any) -> Any:
    """The inverse of `betaincc` in its third operand.

    >>> mg.special.betainccinv(2.0, 3.0, 0.3125)
    Tensor(0.5)
    """


# --- zeta ---------------------------------------------------------------------------------------
@special("x", q=lambda g, x, q, xp: -g * x * xp[_zeta](x + 1, q))
def _zeta(x: Any, q: Any) -> Any:
    """The zeta function of Hurwitz."""


@special("x", part=("zeta", None))
def _riemann_zeta(x: Any) -> Any:
    """The zeta function of Riemann."""


def zeta(x: Any, q: Any = None, out: Any = None, *, constant: bool | None = None) -> Tensor:
    r"""The zeta function of Hurwitz, :math:`\sum_{k \ge 0} (k + q)^{-x}`, or that of Riemann.

    Parameters
    ----------
    x
        A tensor, array or number. There is no derivative by it.
    q
        A tensor, array or number; 1, for Riemann's function, if it is not given.
    out
        Where to write the result.
    constant
        Whether the result is constant; by default it is if all operands are.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> q = mg.tensor(2.0)
    >>> y = mg.special.zeta(2.0, q)
    >>> y.backward()
    >>> y, q.grad
    (Tensor(0.64493407), array(-0.40411381))
    """
    if q is None:
        return _riemann_zeta(x, out=out, constant=constant)
    return _zeta(x, q, out=out, constant=constant)


def multigammaln(a: Any, d: int) -> Tensor:
    """The logarithm of the multivariate gamma function.

    Parameters
    ----------
    a
        A tensor, array or number, larger than ``(d - 1) / 2``.
    d
        The dimension, a positive integer.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `a` is too small, or `d` no integer.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.special.multigammaln(23.5, 10)
    Tensor(457.17667478)
    """
    if int(d) != d:
        raise ValueError(f"multigammaln: d is a dimension, a positive integer, and not {d}")
    a = as_operand_tensor(a)
    least = 0.5 * (d - 1)
    adapter = adapter_of(a._data)
    assert adapter is not None
    if not is_true(adapter, adapter.following(adapter.xp.all)(a > least), unknown=True):
        raise ValueError(f"multigammaln: a has to be larger than (d - 1) / 2, which is {least}")
    steps = [gammaln(a - 0.5 * k) for k in range(int(d))]
    return sum(steps[1:], steps[0]) + d * (d - 1) / 4 * math.log(PI)
