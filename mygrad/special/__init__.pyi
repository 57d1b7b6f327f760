"""mygrad.special, to type checkers. Written by ci/write_stubs.py from the declarations."""

from mygrad import cbrt as cbrt
from mygrad import exp2 as exp2
from mygrad import expm1 as expm1
from mygrad import log1p as log1p
from mygrad.special.bessel import airy as airy
from mygrad.special.bessel import spherical_in as spherical_in
from mygrad.special.bessel import spherical_jn as spherical_jn
from mygrad.special.bessel import spherical_kn as spherical_kn
from mygrad.special.bessel import spherical_yn as spherical_yn
from mygrad.special.differential_equations import airye as airye
from mygrad.special.differential_equations import it2i0k0 as it2i0k0
from mygrad.special.differential_equations import it2j0y0 as it2j0y0
from mygrad.special.differential_equations import itairy as itairy
from mygrad.special.differential_equations import iti0k0 as iti0k0
from mygrad.special.differential_equations import itj0y0 as itj0y0
from mygrad.special.differential_equations import kelvin as kelvin
from mygrad.special.differential_equations import pbdv as pbdv
from mygrad.special.differential_equations import pbvv as pbvv
from mygrad.special.differential_equations import pbwa as pbwa
from mygrad.special.elementary import softplus as softplus
from mygrad.special.error_functions import fresnel as fresnel
from mygrad.special.gamma_functions import multigammaln as multigammaln
from mygrad.special.gamma_functions import zeta as zeta
from mygrad.special.integrals import ellipj as ellipj
from mygrad.special.integrals import lambertw as lambertw
from mygrad.special.integrals import shichi as shichi
from mygrad.special.integrals import sici as sici
from mygrad.special.sums import log_softmax as log_softmax
from mygrad.special.sums import logsumexp as logsumexp
from mygrad.special.sums import softmax as softmax
from mygrad.tensors.base import Tensor
from mygrad.typing import ArrayLike
from mygrad.typing import BinaryUfunc
from mygrad.typing import DTypeLikeReals
from mygrad.typing import UnaryUfunc
from typing import Any

agm: BinaryUfunc
bei: UnaryUfunc
beip: UnaryUfunc
ber: UnaryUfunc
berp: UnaryUfunc
beta: BinaryUfunc
betaln: BinaryUfunc
binom: BinaryUfunc
boxcox: BinaryUfunc
boxcox1p: BinaryUfunc
chdtr: BinaryUfunc
chdtrc: BinaryUfunc
chdtri: BinaryUfunc
cosdg: UnaryUfunc
cosm1: UnaryUfunc
cotdg: UnaryUfunc
dawsn: UnaryUfunc
digamma: UnaryUfunc
ellipe: UnaryUfunc
ellipeinc: BinaryUfunc
ellipk: UnaryUfunc
ellipkinc: BinaryUfunc
ellipkm1: UnaryUfunc
elliprc: BinaryUfunc
entr: UnaryUfunc
erf: UnaryUfunc
erfc: UnaryUfunc
erfcinv: UnaryUfunc
erfcx: UnaryUfunc
erfi: UnaryUfunc
erfinv: UnaryUfunc
eval_chebyc: BinaryUfunc
eval_chebys: BinaryUfunc
eval_chebyt: BinaryUfunc
eval_chebyu: BinaryUfunc
eval_hermite: BinaryUfunc
eval_hermitenorm: BinaryUfunc
eval_laguerre: BinaryUfunc
eval_legendre: BinaryUfunc
eval_sh_chebyt: BinaryUfunc
eval_sh_chebyu: BinaryUfunc
eval_sh_legendre: BinaryUfunc
exp1: UnaryUfunc
exp10: UnaryUfunc
expi: UnaryUfunc
expit: UnaryUfunc
expn: BinaryUfunc
exprel: UnaryUfunc
gamma: UnaryUfunc
gammainc: BinaryUfunc
gammaincc: BinaryUfunc
gammainccinv: BinaryUfunc
gammaincinv: BinaryUfunc
gammaln: UnaryUfunc
gammasgn: UnaryUfunc
hankel1: BinaryUfunc
hankel1e: BinaryUfunc
hankel2: BinaryUfunc
hankel2e: BinaryUfunc
huber: BinaryUfunc
hyp0f1: BinaryUfunc
i0: UnaryUfunc
i0e: UnaryUfunc
i1: UnaryUfunc
i1e: UnaryUfunc
inv_boxcox: BinaryUfunc
inv_boxcox1p: BinaryUfunc
it2struve0: UnaryUfunc
itmodstruve0: UnaryUfunc
itstruve0: UnaryUfunc
iv: BinaryUfunc
ive: BinaryUfunc
j0: UnaryUfunc
j1: UnaryUfunc
jn: BinaryUfunc
jv: BinaryUfunc
jve: BinaryUfunc
k0: UnaryUfunc
k0e: UnaryUfunc
k1: UnaryUfunc
k1e: UnaryUfunc
kei: UnaryUfunc
keip: UnaryUfunc
ker: UnaryUfunc
kerp: UnaryUfunc
kl_div: BinaryUfunc
kn: BinaryUfunc
kv: BinaryUfunc
kve: BinaryUfunc
log_expit: UnaryUfunc
log_ndtr: UnaryUfunc
loggamma: UnaryUfunc
logit: UnaryUfunc
modstruve: BinaryUfunc
ndtr: UnaryUfunc
ndtri: UnaryUfunc
ndtri_exp: UnaryUfunc
owens_t: BinaryUfunc
pdtr: BinaryUfunc
pdtrc: BinaryUfunc
pdtri: BinaryUfunc
poch: BinaryUfunc
polygamma: BinaryUfunc
powm1: BinaryUfunc
pseudo_huber: BinaryUfunc
psi: UnaryUfunc
rel_entr: BinaryUfunc
rgamma: UnaryUfunc
sindg: UnaryUfunc
spence: UnaryUfunc
stdtr: BinaryUfunc
stdtrit: BinaryUfunc
struve: BinaryUfunc
tandg: UnaryUfunc
tklmbda: BinaryUfunc
wofz: UnaryUfunc
wrightomega: UnaryUfunc
xlog1py: BinaryUfunc
xlogy: BinaryUfunc
y0: UnaryUfunc
y1: UnaryUfunc
yn: BinaryUfunc
yv: BinaryUfunc
yve: BinaryUfunc
__all__: list[str]
def bdtr(
    k: ArrayLike, n: ArrayLike, p: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def bdtrc(
    k: ArrayLike, n: ArrayLike, p: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def bdtri(
    k: ArrayLike, n: ArrayLike, y: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def betainc(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def betaincc(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def betainccinv(
    a: ArrayLike, b: ArrayLike, y: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def betaincinv(
    a: ArrayLike, b: ArrayLike, y: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def elliprd(
    x: ArrayLike, y: ArrayLike, z: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def elliprf(
    x: ArrayLike, y: ArrayLike, z: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def elliprg(
    x: ArrayLike, y: ArrayLike, z: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def eval_gegenbauer(
    n: ArrayLike, alpha: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def eval_genlaguerre(
    n: ArrayLike, alpha: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def eval_jacobi(
    n: ArrayLike, alpha: ArrayLike, beta: ArrayLike, x: ArrayLike, out: Any = ..., *,
    where: ArrayLike = ..., dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def eval_sh_jacobi(
    n: ArrayLike, p: ArrayLike, q: ArrayLike, x: ArrayLike, out: Any = ..., *,
    where: ArrayLike = ..., dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def fdtr(
    dfn: ArrayLike, dfd: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def fdtrc(
    dfn: ArrayLike, dfd: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def fdtri(
    dfn: ArrayLike, dfd: ArrayLike, p: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def gdtr(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def gdtrc(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def gdtria(
    p: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def gdtrix(
    a: ArrayLike, b: ArrayLike, p: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def hyp1f1(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def hyp2f1(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, z: ArrayLike, out: Any = ..., *,
    where: ArrayLike = ..., dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def hyperu(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def log_wright_bessel(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def lpmv(
    m: ArrayLike, v: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def nbdtr(
    k: ArrayLike, n: ArrayLike, p: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def nbdtrc(
    k: ArrayLike, n: ArrayLike, p: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def nbdtri(
    k: ArrayLike, n: ArrayLike, y: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def nrdtrimn(
    p: ArrayLike, std: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def nrdtrisd(
    mn: ArrayLike, p: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def radian(
    d: ArrayLike, m: ArrayLike, s: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def voigt_profile(
    x: ArrayLike, sigma: ArrayLike, gamma: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def wright_bessel(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
