"""Derivatives of special functions against mpmath, where closed forms cancel, and at edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, gradients

import mygrad as mg

pytest.importorskip("scipy.special")
pytestmark = pytest.mark.numpy_only("SciPy computes with NumPy's arrays")
special = mg.special


def scaled(f: Callable[..., Any], order: float, sign: int) -> Callable[[Any], Any]:
    return lambda x: f(order, x) * mp.exp(sign * abs(x))


OF_ONE: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "dawsn": (lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
              [0.0, 1e-3, 1.0, 14.9, 15.1, -15.1, 60.0, 1e3]),
    "ellipe": (mp.ellipe, [-100.0, -1.0, -0.11, -0.09, 0.0, 1e-9, 0.09, 0.11, 0.99]),
    "ellipk": (mp.ellipk, [-100.0, -1.0, -0.11, -0.09, 0.0, 1e-9, 0.09, 0.11, 0.99]),
    "ellipkm1": (lambda p: mp.ellipk(1 - p), [1e-3, 0.5, 0.89, 0.91, 1.0, 1.05, 3.0]),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), [-3.0, 0.0, 1.0, 14.9, 15.1, 60.0, 1e6]),
    "exprel": (lambda x: mp.expm1(x) / x,
               [-700.0, -30.0, -0.71, -0.69, -1e-8, 1e-8, 0.69, 0.71, 1.01, 30.0, 700.0]),
    "gamma": (mp.gamma, [0.01, 1.0, 30.0, -0.5, -2.5]),
    "gammaln": (lambda x: mp.log(abs(mp.gamma(x))), [0.01, 30.0, 1e5, -0.5]),
    "i0e": (scaled(mp.besseli, 0, -1), [1e-9, 0.99, 1.01, 30.0, -3.0]),
    "i1": (lambda x: mp.besseli(1, x), [0.0, 1e-9, 0.99, 1.01, 30.0]),
    "i1e": (scaled(mp.besseli, 1, -1), [1e-9, 0.99, 1.01, 30.0, -3.0]),
    "j1": (lambda x: mp.besselj(1, x), [0.0, 1e-9, 0.99, 1.01, 30.0]),
    "k1e": (scaled(mp.besselk, 1, 1), [1.0]),
    "lambertw": (mp.lambertw, [0.0, 1e-9, 0.3, 1e9, -0.3]),
    "log_ndtr": (lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2), [-30.0, -5.0, 0.0, 10.0]),
    "psi": (lambda x: mp.psi(0, x), [0.01, 1.0, 30.0, 1e4]),
    "rgamma": (mp.rgamma, [-3.5, -3.0, -2.0, 0.0, -1e-9, 0.49, 0.51, 3.0, 30.0]),
    "shichi": (mp.shi, [0.0, 1e-9, 0.99, 1.01, 30.0]),
    "sici": (mp.si, [0.0, 1e-9, 0.1, 30.0]),
    "spence": (lambda z: mp.polylog(2, 1 - z), [1e-3, 0.89, 0.91, 1.0, 1.09, 1.11, 30.0]),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OF_ONE))
def test_against_mpmath(name: str) -> None:
    exact, points = OF_ONE[name]
    for at in points:
        x = mg.tensor(at)
        y = getattr(special, name)(x)
        y = mg.real(y[0] if isinstance(y, tuple) else y)
        y.backward(create_graph=True)
        first = x.grad
        first.backward()
        second = 0.0 if x.grad is None else float(x.grad)
        with mp.workdps(40):
            # the step is far below the points, and the numbers have digits enough for it
            step = mp.mpf(10) ** -18
            wanted = [mp.re(mp.diff(exact, mp.mpf(at), k, h=step)) for k in (1, 2)]
        np.testing.assert_allclose(first.item(), float(wanted[0]), 2e-13, 1e-15, err_msg=f"{at}")
        np.testing.assert_allclose(second, float(wanted[1]), 2e-11, 1e-14, err_msg=f"{at}")


OF_TWO: dict[str, tuple[Callable[[Any, Any], Any], list[tuple[float, float]]]] = {
    "agm": (mp.agm, [(1.0, 1.0), (1.0, 1.0 + 1e-9), (1.0, 100.0), (3.0, 0.01)]),
    "boxcox": (lambda x, k: (x**k - 1) / k,
               [(2.0, 1e-12), (0.1, 0.05), (30.0, -0.2), (2.0, 3.0)]),
    "boxcox1p": (lambda x, k: ((1 + x) ** k - 1) / k, [(1e-9, 0.5), (2.0, 1e-12), (0.1, 0.05)]),
    "ellipeinc": (mp.ellipe, [(0.5, 1e-12), (0.5, 0.0), (4.0, -0.09), (4.0, 0.11), (1.2, 0.9)]),
    "ellipkinc": (mp.ellipf, [(0.5, 1e-12), (0.5, 0.0), (4.0, -0.09), (4.0, 0.11), (1.2, 0.9)]),
    "elliprc": (mp.elliprc, [(1.0, 1.0), (1.0, 1.0 + 1e-9), (0.9, 1.0), (0.2, 3.0), (3.0, 0.2)]),
    "inv_boxcox": (lambda y, k: (1 + k * y) ** (1 / k),
                   [(2.0, 1e-12), (0.5, 0.19), (0.5, 0.21), (-0.5, 1.5)]),
    "powm1": (lambda x, y: x**y - 1, [(1 + 1e-9, 2.0), (2.0, 1e-9), (0.5, -2.0)]),
    "pseudo_huber": (lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
                     [(1.0, 1e-5), (1e4, 1.0), (0.1, 30.0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OF_TWO))
def test_of_two_operands_against_mpmath(name: str) -> None:
    exact, points = OF_TWO[name]
    for at in points:
        grads = gradients(getattr(special, name), [np.array(v) for v in at])
        with mp.workdps(40):
            exactly = [mp.mpf(v) for v in at]
            if name == "powm1" or not exactly[1]:
                exactly[1] += mp.mpf(10) ** -40 * (not exactly[1])
            step = mp.mpf(10) ** -20
            wanted = [mp.re(mp.diff(exact, tuple(exactly), n, h=step)) for n in ((1, 0), (0, 1))]
        for got, want in zip(grads, wanted, strict=True):
            np.testing.assert_allclose(got, float(want), 1e-12, 1e-22, err_msg=f"{name}{at}")


# --- edges --------------------------------------------------------------------------------------
inf, nan = np.inf, np.nan
EDGES: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = [
    ("xlogy", (0.0, 0.0), (-inf, 0.0)),
    ("xlogy", (0.0, 2.0), (np.log(2.0), 0.0)),
    ("xlog1py", (0.0, -1.0), (-inf, 0.0)),
    ("entr", (0.0,), (inf,)),
    ("rel_entr", (0.0, 0.5), (-inf, 0.0)),
    ("kl_div", (0.0, 0.5), (-inf, 1.0)),
    ("kl_div", (0.5, 0.5), (0.0, 0.0)),
    ("expit", (800.0,), (0.0,)),
    ("expit", (-inf,), (0.0,)),
    ("log_expit", (-800.0,), (1.0,)),
    ("log_expit", (inf,), (0.0,)),
    ("logit", (0.0,), (inf,)),
    ("logit", (1.0,), (inf,)),
    ("erf", (inf,), (0.0,)),
    ("erf", (nan,), (nan,)),
    ("erfinv", (1.0,), (inf,)),
    ("erfcx", (inf,), (0.0,)),
    ("dawsn", (inf,), (0.0,)),
    ("ndtri", (0.0,), (inf,)),
    ("log_ndtr", (-inf,), (inf,)),
    ("log_ndtr", (inf,), (0.0,)),
    ("exprel", (0.0,), (0.5,)),
    ("exprel", (-1e300,), (0.0,)),
    ("boxcox", (2.0, 0.0), (0.5, np.log(2.0) ** 2 / 2)),
    ("boxcox", (0.0, 2.0), (0.0, 0.25)),
    ("boxcox1p", (1.0, 0.0), (0.5, np.log(2.0) ** 2 / 2)),
    ("inv_boxcox", (2.0, 0.0), (np.exp(2.0), -2 * np.exp(2.0))),
    ("huber", (1.0, 1.0), (0.0, 1.0)),
    ("huber", (1.0, -3.0), (2.0, -1.0)),
    ("i0e", (0.0,), (0.0,)),
    ("i1e", (0.0,), (0.5,)),
    ("j1", (0.0,), (0.5,)),
    ("sici", (0.0,), (1.0,)),
    ("ellipk", (0.0,), (np.pi / 8,)),
    ("ellipe", (0.0,), (-np.pi / 8,)),
    ("ellipe", (1.0,), (-inf,)),
    ("spence", (1.0,), (-1.0,)),
    ("lambertw", (0.0,), (1.0,)),
    ("agm", (2.0, 2.0), (0.5, 0.5)),
    ("powm1", (0.0, 2.0), (0.0, 0.0)),
]


@pytest.mark.parametrize(("name", "at", "wanted"), EDGES, ids=str)
def test_edges(name: str, at: tuple[float, ...], wanted: tuple[float, ...]) -> None:
    leaves = [mg.tensor(v) for v in at]
    with np.errstate(all="ignore"):
        y = getattr(special, name)(*leaves)
        mg.real(y[0] if isinstance(y, tuple) else y).backward()
    for t, want in zip(leaves, wanted, strict=True):
        np.testing.assert_allclose(t.grad, want, rtol=1e-14)


def test_the_incomplete_functions_at_zero() -> None:
    for a, want in ((0.5, inf), (1.0, 1.0), (2.0, 0.0)):
        x = mg.tensor(0.0)
        with np.errstate(all="ignore"):
            special.gammainc(a, x).backward()
        assert x.grad == want
    for name in ("gammaincinv", "betaincinv"):  # which undo one another
        first = (2.5, 1.5) if name == "betaincinv" else (2.5,)
        y = mg.tensor(np.array([0.2, 0.7]))
        there = getattr(special, name)(*first, y)
        getattr(special, name.removesuffix("inv"))(*first, there).backward()
        np.testing.assert_allclose(y.grad, [1.0, 1.0], rtol=1e-9)


# --- complex numbers ----------------------------------------------------------------------------
COMPLEX = [
    "dawsn", "erf", "erfc", "erfcx", "erfi", "exp1", "expi", "exprel", "fresnel", "gamma",
    "hyp0f1", "hyp1f1", "hyp2f1", "iv", "jv", "kv", "kve", "lambertw", "loggamma", "ndtr",
    "log_ndtr", "rgamma", "sici", "shichi", "spence", "wofz", "wrightomega", "yv", "hankel1",
    "hankel1e", "hankel2", "hankel2e", "spherical_jn", "spherical_in", "airy", "eval_legendre",
    "expit", "xlogy", "xlog1py",
]  # fmt: skip
ORDERS = {
    "hyp0f1": (1.5,), "hyp1f1": (1.5, 2.2), "hyp2f1": (1.5, 0.7, 2.2), "iv": (1.5,), "jv": (0.5,),
    "kv": (1.5,), "kve": (1.5,), "yv": (1.5,), "hankel1": (1.5,), "hankel1e": (1.5,),
    "hankel2": (1.5,), "hankel2e": (1.5,), "spherical_jn": (1,), "spherical_in": (1,),
    "eval_legendre": (3,), "xlogy": (1.5,), "xlog1py": (1.5,),
}  # fmt: skip
REAL_ONLY = {"exprel", "expit"}
"""Which SciPy has for real numbers alone."""


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_numbers(name: str) -> None:
    """A real function with complex numbers on its way, as docs/numerics.md says."""
    f = getattr(special, name)

    def function(a: Any, b: Any) -> Any:
        results = f(*ORDERS.get(name, ()), a + 1j * b)
        results = results if isinstance(results, tuple) else (results,)
        return sum((k + 0.7) * mg.real(z) + 0.3 * mg.imag(z) for k, z in enumerate(results))

    arrays = [np.array([0.4, 0.9]), np.array([0.3, -0.2])]
    if name in REAL_ONLY:
        with pytest.raises(TypeError, match=name):
            function(*map(mg.tensor, arrays))
        return
    check_gradients(function, arrays, rtol=1e-6)


def test_scaled_functions_of_complex_numbers_have_no_derivative() -> None:
    for name in ("jve", "yve", "ive"):
        z = mg.tensor([0.5 + 0.3j])
        with pytest.raises(TypeError, match=rf"{name} of complex numbers"):
            getattr(special, name)(1.5, z).backward()
    with pytest.raises(TypeError, match="airye is for real numbers"):
        special.airye(mg.tensor([0.5 + 0.3j]))[0].backward()


@pytest.mark.parametrize("name", ["erf", "lambertw", "wofz", "jv"])
def test_second_derivatives_of_complex_functions(name: str) -> None:
    def function(a: Any, b: Any) -> Any:
        return mg.real(getattr(special, name)(*ORDERS.get(name, ()), a + 1j * b))

    check_second_derivatives(function, [np.array([0.4]), np.array([0.3])], rtol=1e-5)
