"""Hypergeometric functions and orthogonal polynomials, by their argument.

Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 13, 15
and 18.
"""

from __future__ import annotations

from typing import Any

from mygrad.special.declaring import special

__all__ = [
    "eval_chebyc", "eval_chebys", "eval_chebyt", "eval_chebyu", "eval_gegenbauer",
    "eval_genlaguerre", "eval_hermite", "eval_hermitenorm", "eval_jacobi", "eval_laguerre",
    "eval_legendre", "eval_sh_chebyt", "eval_sh_chebyu", "eval_sh_jacobi", "eval_sh_legendre",
    "hyp0f1", "hyp1f1", "hyp2f1", "hyperu",
]  # fmt: skip


@special("v", z=lambda g, v, z, xp: g * (xp[hyp0f1](v + 1, z) / v))
def hyp0f1(v: Any, z: Any) -> Any:
    """The confluent hypergeometric limit function.

    >>> mg.special.hyp0f1(1.5, 0.5)
    Tensor(1.36829887)
    """


@special("a b", x=lambda g, a, b, x, xp: g * (xp[hyp1f1](a + 1, b + 1, x) * (a / b)))
def hyp1f1(a: Any, b: Any, x: Any) -> Any:
    """The confluent hypergeometric function of Kummer, M.

    >>> mg.special.hyp1f1(1.5, 2.0, 0.5)
    Tensor(1.4659272)
    """


@special("a b", x=lambda g, a, b, x, xp: g * (xp[hyperu](a + 1, b + 1, x) * -a))
def hyperu(a: Any, b: Any, x: Any) -> Any:
    """The confluent hypergeometric function of Tricomi, U.

    >>> mg.special.hyperu(1.5, 2.0, 0.5)
    Tensor(1.59775259)
    """


@special(
    "a b c",
    z=lambda g, a, b, c, z, xp: g * (xp[hyp2f1](a + 1, b + 1, c + 1, z) * (a * b / c)),
)
def hyp2f1(a: Any, b: Any, c: Any, z: Any) -> Any:
    """The hypergeometric function of Gauss.

    >>> mg.special.hyp2f1(1.5, 2.0, 2.5, 0.5)
    Tensor(2.26064856)
    """


# --- polynomials: each derivative is a polynomial of the order below ----------------------------
def _below(f: Any, n: Any, factor: Any, *rest: Any, xp: Any) -> Any:
    """``factor * f(n - 1, *rest)``, and 0 for order 0, the constant."""
    constant = n == 0
    if isinstance(constant, bool):
        return 0.0 * rest[-1] if constant else factor * xp[f](n - 1, *rest)
    return xp.where(constant, 0.0, factor * xp[f](xp.where(constant, 0, n - 1), *rest))


@special(
    "n alpha beta",
    x=lambda g, n, alpha, beta, x, xp: g * _below(
        eval_jacobi, n, (n + alpha + beta + 1) / 2, alpha + 1, beta + 1, x, xp=xp
    ),
)  # fmt: skip
def eval_jacobi(n: Any, alpha: Any, beta: Any, x: Any) -> Any:
    """The polynomial of Jacobi of order `n`.

    >>> mg.special.eval_jacobi(2, 0.5, 1.5, 0.5)
    Tensor(-0.3125)
    """


@special(
    "n p q",
    x=lambda g, n, p, q, x, xp: g * _below(eval_sh_jacobi, n, n, p + 2, q + 1, x, xp=xp),
)
def eval_sh_jacobi(n: Any, p: Any, q: Any, x: Any) -> Any:
    """The shifted polynomial of Jacobi of order `n`, whose leading coefficient is 1.

    >>> mg.special.eval_sh_jacobi(2, 2.5, 1.5, 0.5)
    Tensor(-0.0530303)
    """


@special(
    "n alpha",
    x=lambda g, n, alpha, x, xp: g * _below(
        eval_gegenbauer, n, 2 * alpha, alpha + 1, x, xp=xp
    ),
)  # fmt: skip
def eval_gegenbauer(n: Any, alpha: Any, x: Any) -> Any:
    """The polynomial of Gegenbauer of order `n`.

    >>> mg.special.eval_gegenbauer(2, 1.5, 0.5)
    Tensor(0.375)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_gegenbauer, n, 1.0, 1.5, x, xp=xp))
def eval_legendre(n: Any, x: Any) -> Any:
    """The polynomial of Legendre of order `n`.

    >>> mg.special.eval_legendre(2, 0.5)
    Tensor(-0.125)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_gegenbauer, n, 2.0, 1.5, 2 * x - 1, xp=xp))
def eval_sh_legendre(n: Any, x: Any) -> Any:
    """The polynomial of Legendre of order `n`, shifted to the interval from 0 to 1.

    >>> mg.special.eval_sh_legendre(2, 0.25)
    Tensor(-0.125)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_chebyu, n, n, x, xp=xp))
def eval_chebyt(n: Any, x: Any) -> Any:
    """The polynomial of Chebyshev of the first kind of order `n`.

    >>> mg.special.eval_chebyt(2, 0.5)
    Tensor(-0.5)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_gegenbauer, n, 2.0, 2.0, x, xp=xp))
def eval_chebyu(n: Any, x: Any) -> Any:
    """The polynomial of Chebyshev of the second kind of order `n`.

    >>> mg.special.eval_chebyu(2, 0.5)
    Tensor(0.)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_chebyu, n, n, x / 2, xp=xp))
def eval_chebyc(n: Any, x: Any) -> Any:
    """The polynomial of Chebyshev of the first kind of order `n`, on the interval from -2 to 2.

    >>> mg.special.eval_chebyc(2, 0.5)
    Tensor(-1.75)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_gegenbauer, n, 1.0, 2.0, x / 2, xp=xp))
def eval_chebys(n: Any, x: Any) -> Any:
    """The polynomial of Chebyshev of the second kind of order `n`, on the interval from -2 to 2.

    >>> mg.special.eval_chebys(2, 0.5)
    Tensor(-0.75)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_chebyu, n, 2 * n, 2 * x - 1, xp=xp))
def eval_sh_chebyt(n: Any, x: Any) -> Any:
    """The polynomial of Chebyshev of the first kind, shifted to the interval from 0 to 1.

    >>> mg.special.eval_sh_chebyt(2, 0.25)
    Tensor(-0.5)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_gegenbauer, n, 4.0, 2.0, 2 * x - 1, xp=xp))
def eval_sh_chebyu(n: Any, x: Any) -> Any:
    """The polynomial of Chebyshev of the second kind, shifted to the interval from 0 to 1.

    >>> mg.special.eval_sh_chebyu(2, 0.25)
    Tensor(0.)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_genlaguerre, n, -1.0, 1.0, x, xp=xp))
def eval_laguerre(n: Any, x: Any) -> Any:
    """The polynomial of Laguerre of order `n`.

    >>> mg.special.eval_laguerre(2, 0.5)
    Tensor(0.125)
    """


@special(
    "n alpha",
    x=lambda g, n, alpha, x, xp: g * _below(eval_genlaguerre, n, -1.0, alpha + 1, x, xp=xp),
)
def eval_genlaguerre(n: Any, alpha: Any, x: Any) -> Any:
    """The generalised polynomial of Laguerre of order `n`.

    >>> mg.special.eval_genlaguerre(2, 0.5, 0.5)
    Tensor(0.75)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_hermite, n, 2 * n, x, xp=xp))
def eval_hermite(n: Any, x: Any) -> Any:
    """The polynomial of Hermite of integer order `n`, as physicists have it.

    >>> mg.special.eval_hermite(2, 0.5)
    Tensor(-1.)
    """


@special("n", x=lambda g, n, x, xp: g * _below(eval_hermitenorm, n, n, x, xp=xp))
def eval_hermitenorm(n: Any, x: Any) -> Any:
    """The polynomial of Hermite of integer order `n`, as probabilists have it.

    >>> mg.special.eval_hermitenorm(2, 0.5)
    Tensor(-0.75)
    """
