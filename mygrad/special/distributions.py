"""Distribution functions of statistics, by where they are asked for, and their inverses.

The derivative of a distribution function is its density; that of an inverse, one over the density.
Formulas are those of the Digital Library of Mathematical Functions (DLMF), 8.17 and 8.2, by which
these functions are incomplete gamma and beta functions.
"""

from __future__ import annotations

from typing import Any

from mygrad.special.declaring import special
from mygrad.special.elementary import xlogy
from mygrad.special.error_functions import ndtri
from mygrad.special.gamma_functions import beta_density, betaln, gamma_density

__all__ = [
    "bdtr", "bdtrc", "bdtri", "chdtr", "chdtrc", "chdtri", "fdtr", "fdtrc", "fdtri", "gdtr",
    "gdtrc", "gdtria", "gdtrix", "nbdtr", "nbdtrc", "nbdtri", "nrdtrimn", "nrdtrisd", "pdtr",
    "pdtrc", "pdtri", "stdtr", "stdtrit", "tklmbda",
]  # fmt: skip


# --- Student ------------------------------------------------------------------------------------
def _student(df: Any, t: Any, xp: Any) -> Any:
    power = xp.log1p(t * t / df) * ((df + 1) / 2)
    return xp.exp(-power - xp[betaln](0.5, df / 2)) / df**0.5


@special("df", t=lambda g, df, t, xp: g * _student(df, t, xp))
def stdtr(df: Any, t: Any) -> Any:
    """The distribution function of Student's t with `df` degrees of freedom.

    >>> mg.special.stdtr(3.0, 0.5)
    Tensor(0.67427602)
    """


@special("df", p=lambda g, df, out, xp: g / _student(df, out, xp))
def stdtrit(df: Any, p: Any) -> Any:
    """The quantile of Student's t with `df` degrees of freedom.

    >>> mg.special.stdtrit(3.0, 0.75)
    Tensor(0.76489233)
    """


# --- chi square ---------------------------------------------------------------------------------
def _chi_square(v: Any, x: Any, xp: Any) -> Any:
    return gamma_density(v / 2, x / 2, xp) / 2


@special("v", x=lambda g, v, x, xp: g * _chi_square(v, x, xp))
def chdtr(v: Any, x: Any) -> Any:
    """The distribution function of chi square with `v` degrees of freedom.

    >>> mg.special.chdtr(3.0, 0.5)
    Tensor(0.08110859)
    """


@special("v", x=lambda g, v, x, xp: -g * _chi_square(v, x, xp))
def chdtrc(v: Any, x: Any) -> Any:
    """The survival function of chi square with `v` degrees of freedom.

    >>> mg.special.chdtrc(3.0, 0.5)
    Tensor(0.91889141)
    """


@special("v", p=lambda g, v, out, xp: -g / _chi_square(v, out, xp))
def chdtri(v: Any, p: Any) -> Any:
    """The inverse of `chdtrc` in its second operand.

    >>> mg.special.chdtri(3.0, 0.75)
    Tensor(1.2125329)
    """


# --- F ------------------------------------------------------------------------------------------
def _f_density(dfn: Any, dfd: Any, x: Any, xp: Any) -> Any:
    a, b, ratio = dfn / 2, dfd / 2, dfn / dfd
    power = xp[xlogy](a - 1, ratio * x) - (a + b) * xp.log1p(ratio * x)
    return ratio * xp.exp(power - xp[betaln](a, b))


@special("dfn dfd", x=lambda g, dfn, dfd, x, xp: g * _f_density(dfn, dfd, x, xp))
def fdtr(dfn: Any, dfd: Any, x: Any) -> Any:
    """The distribution function of F with `dfn` and `dfd` degrees of freedom.

    >>> mg.special.fdtr(3.0, 5.0, 0.5)
    Tensor(0.30154736)
    """


@special("dfn dfd", x=lambda g, dfn, dfd, x, xp: -g * _f_density(dfn, dfd, x, xp))
def fdtrc(dfn: Any, dfd: Any, x: Any) -> Any:
    """The survival function of F with `dfn` and `dfd` degrees of freedom.

    >>> mg.special.fdtrc(3.0, 5.0, 0.5)
    Tensor(0.69845264)
    """


@special("dfn dfd", p=lambda g, dfn, dfd, out, xp: g / _f_density(dfn, dfd, out, xp))
def fdtri(dfn: Any, dfd: Any, p: Any) -> Any:
    """The quantile of F with `dfn` and `dfd` degrees of freedom.

    >>> mg.special.fdtri(3.0, 5.0, 0.75)
    Tensor(1.88426785)
    """


# --- gamma --------------------------------------------------------------------------------------
@special(
    "b",
    a=lambda g, a, b, x, xp: g * x * gamma_density(b, a * x, xp),
    x=lambda g, a, b, x, xp: g * a * gamma_density(b, a * x, xp),
)
def gdtr(a: Any, b: Any, x: Any) -> Any:
    """The distribution function of the gamma distribution of rate `a` and shape `b`.

    >>> mg.special.gdtr(2.0, 3.0, 0.5)
    Tensor(0.0803014)
    """


@special(
    "b",
    a=lambda g, a, b, x, xp: -g * x * gamma_density(b, a * x, xp),
    x=lambda g, a, b, x, xp: -g * a * gamma_density(b, a * x, xp),
)
def gdtrc(a: Any, b: Any, x: Any) -> Any:
    """The survival function of the gamma distribution of rate `a` and shape `b`.

    >>> mg.special.gdtrc(2.0, 3.0, 0.5)
    Tensor(0.9196986)
    """


@special(
    "b",
    p=lambda g, p, b, x, out, xp: g / (x * gamma_density(b, out * x, xp)),
    x=lambda g, x, out: -g * out / x,
)
def gdtria(p: Any, b: Any, x: Any) -> Any:
    """The rate of the gamma distribution for which `gdtr` is `p`.

    >>> mg.special.gdtria(0.5, 3.0, 0.5)
    Tensor(5.34812063)
    """


@special(
    "b",
    a=lambda g, a, out: -g * out / a,
    p=lambda g, a, b, p, out, xp: g / (a * gamma_density(b, a * out, xp)),
)
def gdtrix(a: Any, b: Any, p: Any) -> Any:
    """The quantile of the gamma distribution of rate `a` and shape `b`.

    >>> mg.special.gdtrix(2.0, 3.0, 0.5)
    Tensor(1.33703016)
    """


# --- Poisson, binomial, negative binomial: by the mean, or the probability ----------------------
def _poisson(k: Any, m: Any, xp: Any) -> Any:
    return gamma_density(xp.floor(k * 1.0) + 1, m, xp)


@special("k", m=lambda g, k, m, xp: -g * _poisson(xp.asarray(k), m, xp))
def pdtr(k: Any, m: Any) -> Any:
    """The distribution function of Poisson, by its mean `m`.

    >>> mg.special.pdtr(2, 0.5)
    Tensor(0.98561232)
    """


@special("k", m=lambda g, k, m, xp: g * _poisson(xp.asarray(k), m, xp))
def pdtrc(k: Any, m: Any) -> Any:
    """The survival function of Poisson, by its mean `m`.

    >>> mg.special.pdtrc(2, 0.5)
    Tensor(0.01438768)
    """


@special("k", y=lambda g, k, out, xp: -g / _poisson(xp.asarray(k), out, xp))
def pdtri(k: Any, y: Any) -> Any:
    """The mean for which `pdtr` is `y`.

    >>> mg.special.pdtri(2, 0.5)
    Tensor(2.67406031)
    """


def _binomial(k: Any, n: Any, p: Any, xp: Any) -> Any:
    """The derivative of `bdtrc` by `p`."""
    k = xp.floor(xp.asarray(k) * 1.0)
    return beta_density(k + 1, n - k, p, xp)


@special("k n", p=lambda g, k, n, p, xp: -g * _binomial(k, n, p, xp))
def bdtr(k: Any, n: Any, p: Any) -> Any:
    """The binomial distribution function, by the probability `p`.

    >>> mg.special.bdtr(2.0, 5, 0.5)
    Tensor(0.5)
    """


@special("k n", p=lambda g, k, n, p, xp: g * _binomial(k, n, p, xp))
def bdtrc(k: Any, n: Any, p: Any) -> Any:
    """The binomial survival function, by the probability `p`.

    >>> mg.special.bdtrc(2.0, 5, 0.5)
    Tensor(0.5)
    """


@special("k n", y=lambda g, k, n, out, xp: -g / _binomial(k, n, out, xp))
def bdtri(k: Any, n: Any, y: Any) -> Any:
    """The probability for which `bdtr` is `y`.

    >>> mg.special.bdtri(2.0, 5, 0.5)
    Tensor(0.5)
    """


@special("k n", p=lambda g, k, n, p, xp: g * beta_density(n, k + 1, p, xp))
def nbdtr(k: Any, n: Any, p: Any) -> Any:
    """The negative binomial distribution function, by the probability `p`.

    >>> mg.special.nbdtr(2, 5, 0.5)
    Tensor(0.2265625)
    """


@special("k n", p=lambda g, k, n, p, xp: -g * beta_density(n, k + 1, p, xp))
def nbdtrc(k: Any, n: Any, p: Any) -> Any:
    """The negative binomial survival function, by the probability `p`.

    >>> mg.special.nbdtrc(2, 5, 0.5)
    Tensor(0.7734375)
    """


@special("k n", y=lambda g, k, n, out, xp: g / beta_density(n, k + 1, out, xp))
def nbdtri(k: Any, n: Any, y: Any) -> Any:
    """The probability for which `nbdtr` is `y`.

    >>> mg.special.nbdtri(2, 5, 0.5)
    Tensor(0.63588391)
    """


# --- others -------------------------------------------------------------------------------------
@special(
    p=lambda g, p, std, x, xp: -g * std * _quantile_slope(p, xp),
    std=lambda g, p, xp: -g * xp[ndtri](p),
    x=lambda g: g,
)
def nrdtrimn(p: Any, std: Any, x: Any) -> Any:
    """The mean of the normal distribution whose distribution function at `x` is `p`.

    >>> mg.special.nrdtrimn(0.25, 2.0, 0.5)
    Tensor(1.8489795)
    """


@special(
    mn=lambda g, p, xp: -g / xp[ndtri](p),
    p=lambda g, mn, p, x, out, xp: -g * out / xp[ndtri](p) * _quantile_slope(p, xp),
    x=lambda g, p, xp: g / xp[ndtri](p),
)
def nrdtrisd(mn: Any, p: Any, x: Any) -> Any:
    """The deviation of the normal distribution whose distribution function at `x` is `p`.

    >>> mg.special.nrdtrisd(1.0, 0.25, 0.5)
    Tensor(0.74130111)
    """


def _quantile_slope(p: Any, xp: Any) -> Any:
    quantile = xp[ndtri](p)
    return 2.5066282746310002 * xp.exp(quantile * quantile / 2)


@special(
    "lmbda",
    x=lambda g, lmbda, out, xp: g / (
        xp.power(out, lmbda - 1) + xp.power(1 - out, lmbda - 1)
    ),
)  # fmt: skip
def tklmbda(x: Any, lmbda: Any) -> Any:
    """The distribution function of Tukey's lambda distribution.

    >>> mg.special.tklmbda(0.5, 0.5)
    Tensor(0.67399264)
    """
