"""Where the functions of `mygrad.special` are differentiated.

For each operand there is the interval that it is drawn from, or, where there is no derivative by
it, its value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["NOT_ELEMENTWISE", "SPECIAL", "operands_of"]

REAL = (-2.0, 2.0)
POSITIVE = (0.3, 2.5)
UNIT = (0.1, 0.9)
INSIDE = (-0.9, 0.9)

SPECIAL: dict[str, tuple[Any, ...]] = {
    # error functions
    "dawsn": (REAL,), "erf": (REAL,), "erfc": (REAL,), "erfcinv": ((0.2, 1.8),), "erfcx": (REAL,),
    "erfi": (REAL,), "erfinv": (INSIDE,), "fresnel": (REAL,), "log_ndtr": ((-6.0, 3.0),),
    "ndtr": (REAL,), "ndtri": (UNIT,), "ndtri_exp": ((-6.0, -0.2),), "owens_t": (REAL, REAL),
    "voigt_profile": (REAL, POSITIVE, POSITIVE), "wofz": (REAL,),
    # elementary
    "boxcox": (POSITIVE, REAL), "boxcox1p": (POSITIVE, REAL), "cbrt": (POSITIVE,),
    "cosdg": ((10.0, 80.0),), "cosm1": (REAL,), "cotdg": ((10.0, 80.0),), "entr": (POSITIVE,),
    "exp2": (REAL,), "exp10": (REAL,), "expit": (REAL,), "expm1": (REAL,), "exprel": (REAL,),
    "huber": (POSITIVE, REAL), "inv_boxcox": (POSITIVE, (-0.3, 2.0)),
    "inv_boxcox1p": (POSITIVE, (-0.3, 2.0)), "kl_div": (POSITIVE, POSITIVE), "log1p": (POSITIVE,),
    "log_expit": (REAL,), "logit": (UNIT,), "powm1": (POSITIVE, REAL),
    "pseudo_huber": (POSITIVE, REAL), "radian": (REAL, REAL, REAL),
    "rel_entr": (POSITIVE, POSITIVE), "sindg": ((10.0, 80.0),), "softplus": (REAL,),
    "tandg": ((10.0, 80.0),), "xlog1py": (REAL, POSITIVE), "xlogy": (REAL, POSITIVE),
    # gamma and beta
    "beta": (POSITIVE, POSITIVE), "betainc": (2.5, 1.5, UNIT), "betaincc": (2.5, 1.5, UNIT),
    "betainccinv": (2.5, 1.5, UNIT), "betaincinv": (2.5, 1.5, UNIT), "betaln": (POSITIVE, POSITIVE),
    "binom": ((3.1, 4.9), (0.2, 2.8)), "digamma": (POSITIVE,), "gamma": (POSITIVE,),
    "gammainc": (2.5, POSITIVE), "gammaincc": (2.5, POSITIVE), "gammainccinv": (2.5, UNIT),
    "gammaincinv": (2.5, UNIT), "gammaln": (POSITIVE,), "loggamma": (POSITIVE,),
    "poch": (POSITIVE, POSITIVE), "polygamma": (1, POSITIVE), "psi": (POSITIVE,),
    "rgamma": (REAL,), "zeta": (2.5, POSITIVE),
    # Bessel
    "airy": (REAL,), "hankel1": (1.5, POSITIVE), "hankel1e": (1.5, POSITIVE),
    "hankel2": (1.5, POSITIVE), "hankel2e": (1.5, POSITIVE), "i0": (REAL,), "i0e": (POSITIVE,),
    "i1": (REAL,), "i1e": (POSITIVE,), "iv": (1.5, POSITIVE), "ive": (1.5, POSITIVE), "j0": (REAL,),
    "j1": (REAL,), "jn": (1.5, POSITIVE), "jv": (0.0, REAL), "jve": (1.5, POSITIVE),
    "k0": (POSITIVE,), "k0e": (POSITIVE,), "k1": (POSITIVE,), "k1e": (POSITIVE,),
    "kn": (0, POSITIVE), "kv": (1.5, POSITIVE), "kve": (1.5, POSITIVE),
    "modstruve": (1.5, POSITIVE), "spherical_in": (1, REAL), "spherical_jn": (0, POSITIVE),
    "spherical_kn": (0, POSITIVE), "spherical_yn": (1, POSITIVE), "struve": (1.5, POSITIVE),
    "y0": (POSITIVE,), "y1": (POSITIVE,), "yn": (0, POSITIVE), "yv": (1.5, POSITIVE),
    "yve": (1.5, POSITIVE),
    # known by differential equations, and integrals of these
    "airye": (POSITIVE,), "bei": (POSITIVE,), "beip": (POSITIVE,), "ber": (POSITIVE,),
    "berp": (POSITIVE,), "it2i0k0": (POSITIVE,), "it2j0y0": (POSITIVE,),
    "it2struve0": (POSITIVE,), "itairy": (POSITIVE,), "iti0k0": (POSITIVE,),
    "itj0y0": (POSITIVE,), "itmodstruve0": (POSITIVE,), "itstruve0": (POSITIVE,),
    "kei": (POSITIVE,), "keip": (POSITIVE,), "kelvin": (POSITIVE,), "ker": (POSITIVE,),
    "kerp": (POSITIVE,), "log_wright_bessel": (1.5, 2.0, POSITIVE), "lpmv": (1, 2.5, INSIDE),
    "pbdv": (1.5, REAL), "pbvv": (1.5, REAL),
    "pbwa": (1.5, REAL), "wright_bessel": (1.5, 2.0, POSITIVE),
    # integrals
    "agm": (POSITIVE, POSITIVE), "ellipe": (INSIDE,), "ellipeinc": (REAL, INSIDE),
    "ellipj": (REAL, 0.4), "ellipk": (INSIDE,), "ellipkinc": (REAL, (-0.9, 0.8)),
    "ellipkm1": ((0.1, 1.9),), "elliprc": ((0.3, 1.0), (1.2, 2.5)),
    "elliprd": ((0.3, 0.8), (1.0, 1.5), (1.7, 2.5)),
    "elliprf": ((0.3, 0.8), (1.0, 1.5), (1.7, 2.5)),
    "elliprg": ((0.3, 0.8), (1.0, 1.5), (1.7, 2.5)), "exp1": (POSITIVE,), "expi": (POSITIVE,),
    "expn": (2, POSITIVE), "lambertw": (POSITIVE,), "shichi": (POSITIVE,), "sici": (POSITIVE,),
    "spence": (POSITIVE,), "wrightomega": (REAL,),
    # hypergeometric functions, polynomials
    "eval_chebyc": (3, INSIDE), "eval_chebys": (3, INSIDE), "eval_chebyt": (3, INSIDE),
    "eval_chebyu": (2.5, INSIDE), "eval_gegenbauer": (3, 0.7, INSIDE),
    "eval_genlaguerre": (3, 0.7, POSITIVE), "eval_hermite": (3, REAL),
    "eval_hermitenorm": (3, REAL), "eval_jacobi": (3, 0.7, 1.2, INSIDE),
    "eval_laguerre": (2.5, POSITIVE), "eval_legendre": (3, INSIDE), "eval_sh_chebyt": (3, UNIT),
    "eval_sh_chebyu": (3, UNIT), "eval_sh_jacobi": (3, 2.2, 1.4, UNIT),
    "eval_sh_legendre": (3, UNIT), "hyp0f1": (1.5, REAL), "hyp1f1": (1.5, 2.2, REAL),
    "hyp2f1": (1.5, 0.7, 2.2, (-0.9, 0.8)), "hyperu": (1.5, 2.2, POSITIVE),
    # distributions
    "bdtr": (2.0, 5, UNIT), "bdtrc": (2.0, 5, UNIT), "bdtri": (2.0, 5, UNIT),
    "chdtr": (3.0, POSITIVE), "chdtrc": (3.0, POSITIVE), "chdtri": (3.0, UNIT),
    "fdtr": (3.0, 5.0, POSITIVE), "fdtrc": (3.0, 5.0, POSITIVE), "fdtri": (3.0, 5.0, UNIT),
    "gdtr": (POSITIVE, 2.5, POSITIVE), "gdtrc": (POSITIVE, 2.5, POSITIVE),
    "gdtria": (UNIT, 2.5, POSITIVE), "gdtrix": (POSITIVE, 2.5, UNIT), "nbdtr": (2, 5, UNIT),
    "nbdtrc": (2, 5, UNIT), "nbdtri": (2, 5, UNIT), "nrdtrimn": (UNIT, POSITIVE, REAL),
    "nrdtrisd": ((-2.0, -1.0), (0.6, 0.9), POSITIVE), "pdtr": (2.0, POSITIVE),
    "pdtrc": (2.0, POSITIVE), "pdtri": (2, UNIT), "stdtr": (3.0, REAL), "stdtrit": (3.0, UNIT),
    "tklmbda": ((-0.9, 0.9), 0.6),
}  # fmt: skip

NOT_ELEMENTWISE = {
    "gammasgn": "piecewise constant",
    "log_softmax": "test_sums", "logsumexp": "test_sums", "softmax": "test_sums",
    "multigammaln": "its second operand is an integer",
}  # fmt: skip
"""What is tested elsewhere, or in another way."""


def operands_of(name: str) -> list[Any]:
    """Operands of a function of the table: arrays, and numbers where there is no derivative."""
    rng = np.random.default_rng(5)
    return [
        np.sort(rng.uniform(*domain, (2, 3)), None).reshape(2, 3)
        if isinstance(domain, tuple) else domain for domain in SPECIAL[name]
    ]  # fmt: skip
