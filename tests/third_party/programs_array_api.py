"""Functions that are written for the array API standard, and ask the tensor for its namespace.

SciPy does so where ``SCIPY_ARRAY_API=1`` is set before it is imported, scikit-learn where
``array_api_dispatch`` is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from package_programs import PROGRAMS, direct, found, program

BEFORE = set(PROGRAMS)
P, C = "possible", "coercion"
X = np.array([0.3, 1.7, 0.9, 2.4, 1.1, 0.6])
Y = np.array([1.0, 2.9, 1.2, 4.1, 2.6, 0.8])
TABLE = np.array([[0.1, 0.2, 0.3], [1.0, -0.4, 0.5], [0.6, 0.9, -0.7], [-0.3, 0.4, 1.1]])
POSITIVE = np.abs(TABLE) + 0.1
TARGETS = np.array([1.0, 0.2, -0.3, 0.7])


def namespace(array: Any) -> Any:
    return found("array_api_compat:array_namespace")(array)


# --- array-api-extra, pyRiemann, xarray
@program(P, "array-api-extra::apply_where", X)
def _(x: Any) -> Any:
    import array_api_extra as xpx

    return xpx.apply_where(x > 1, x, lambda x: x**2, lambda x: 3 * x)


@program(P, "array-api-extra::atleast_nd/expand_dims", X)
def _(x: Any) -> Any:
    atleast, expand = found("array_api_extra:atleast_nd"), found("array_api_extra:expand_dims")
    return atleast(x, ndim=2) * 2, expand(x**2, axis=(0, 2))


@program(P, "array-api-extra::pad", X)
def _(x: Any) -> Any:
    return found("array_api_extra:pad")(x**2, 2)


@program(P, "pyriemann::tangent_space (xp)", TABLE[:3] @ TABLE[:3].T + np.eye(3))
def _(a: Any) -> Any:
    xp, a = namespace(a), (a + a.T) / 2
    transform = found("pyriemann.utils.tangentspace:tangent_space")
    return transform(xp.stack([a, 2 * a]), xp.asarray(np.diag([1.0, 2.0, 3.0])))


@program(P, "xarray::DataArray ops (xp)", TABLE)
def _(x: Any) -> Any:
    array = found("xarray:DataArray")(x, dims=("a", "b"))
    return (array * 2 + array**2).sum("a").data


# --- SciPy
SPECIAL: dict[str, tuple[Any, ...]] = {
    "entr": (X,), "expit": (X,), "i0e": (X,), "logit": (X / 3,), "logsumexp": (X,),
    "ndtr": (X,), "xlogy": (X, Y),
}  # fmt: skip
for name, values in SPECIAL.items():
    direct(P, f"scipy.special::{name}", f"scipy.special:{name}", *values)
STATS: dict[str, tuple[Any, ...]] = {
    "circvar": (X,), "directional_stats": (TABLE,), "gmean": (X,), "lmoment": (X,), "tmean": (X,),
    "tvar": (X,),
}  # fmt: skip
for name, values in STATS.items():
    if name != "directional_stats":
        direct(P, f"scipy.stats::{name}", f"scipy.stats:{name}", *values)


@program(P, "scipy.stats::directional_stats", TABLE)
def _(x: Any) -> Any:
    return found("scipy.stats:directional_stats")(x).mean_direction


@program(P, "scipy.stats::jarque_bera.statistic", X)
def _(x: Any) -> Any:
    return found("scipy.stats:jarque_bera")(x).statistic


@program(P, "scipy.stats::pearsonr.statistic", X, Y)
def _(x: Any, y: Any) -> Any:
    return found("scipy.stats:pearsonr")(x, y).statistic


@program(P, "scipy.stats::power_divergence", X)
def _(x: Any) -> Any:
    result = found("scipy.stats:power_divergence")(x, lambda_="cressie-read")
    return result.statistic


@program(P, "scipy.stats::ttest_ind.statistic", X, Y)
def _(x: Any, y: Any) -> Any:
    return found("scipy.stats:ttest_ind")(x, y).statistic


direct(P, "scipy.cluster::vq.whiten", "scipy.cluster.vq:whiten", TABLE)


@program(P, "scipy.fft::fftn/ifftn.real", TABLE)
def _(x: Any) -> Any:
    xp = namespace(x)
    spectrum = found("scipy.fft:fftn")(x)
    weights = xp.asarray(np.cos(np.arange(12.0)).reshape(4, 3))
    return xp.real(found("scipy.fft:ifftn")(spectrum * weights))


@program(P, "scipy.integrate::cubature(args=tensor)", 1.3)
def _(rate: Any) -> Any:
    xp = namespace(rate)
    integrate = found("scipy.integrate:cubature")

    def f(x: Any, rate: Any) -> Any:
        return xp.exp(-rate * x[:, 0] ** 2)

    low, high = xp.asarray(np.array([0.0])), xp.asarray(np.array([1.0]))
    return integrate(f, low, high, args=(rate,)).estimate


@program(P, "scipy.integrate::tanhsinh(args=tensor)", 1.3)
def _(rate: Any) -> Any:
    xp = namespace(rate)
    low, high = xp.asarray(0.0), xp.asarray(1.0)
    integrate = found("scipy.integrate:tanhsinh")
    return integrate(lambda x, rate: xp.exp(-rate * x**2), low, high, args=(rate,)).integral


@program(P, "scipy.spatial::Rotation.as_rotvec(from_matrix)", [0.3, 0.2, -0.4])
def _(angles: Any) -> Any:
    xp = namespace(angles)
    a, b, c = angles[0], angles[1], angles[2]
    zero, one = 0 * a, 0 * a + 1
    turn = xp.stack([xp.cos(a), -xp.sin(a), zero, xp.sin(a), xp.cos(a), zero, zero, zero, one])
    tilt = xp.stack([xp.cos(b), zero, xp.sin(b), zero, one, zero, -xp.sin(b), zero, xp.cos(b)])
    matrix = xp.reshape(turn, (3, 3)) @ xp.reshape(tilt, (3, 3)) * (1 + 0 * c)
    return found("scipy.spatial.transform:Rotation").from_matrix(matrix).as_rotvec()


@program(P, "scipy.spatial::Rotation.from_quat.as_matrix", [0.1, -0.3, 0.4, 0.7])
def _(quaternion: Any) -> Any:
    return found("scipy.spatial.transform:Rotation").from_quat(quaternion).as_matrix()


direct(C, "scipy.fft::dct", "scipy.fft:dct", X)


@program(C, "scipy.interpolate::CubicSpline(y)(x)", Y)
def _(y: Any) -> Any:
    return found("scipy.interpolate:CubicSpline")(np.arange(6.0), y)(np.array([0.5, 2.2, 4.9]))


@program(C, "scipy.ndimage::gaussian_filter", TABLE)
def _(x: Any) -> Any:
    return found("scipy.ndimage:gaussian_filter")(x, 1.0)


@program(C, "scipy.signal::convolve(direct)", X, [0.2, 0.5, 0.3])
def _(x: Any, y: Any) -> Any:
    return found("scipy.signal:convolve")(x, y, method="direct")


direct(C, "scipy.signal::detrend", "scipy.signal:detrend", X)


# --- scikit-learn
def dispatching() -> Any:
    return found("sklearn:config_context")(array_api_dispatch=True)


for name in ("additive_chi2_kernel", "linear_kernel", "polynomial_kernel", "sigmoid_kernel"):

    def pairwise(x: Any, y: Any, name: str = name) -> Any:
        with dispatching():
            return found(f"sklearn.metrics.pairwise:{name}")(x, y)

    program(P, f"sklearn::pairwise.{name}", POSITIVE, POSITIVE[:2] + 0.3)(pairwise)


@program(P, "sklearn::linear_model.Ridge(svd).fit.coef_", TABLE, TARGETS)
def _(x: Any, y: Any) -> Any:
    with dispatching():
        return found("sklearn.linear_model:Ridge")(alpha=0.5, solver="svd").fit(x, y).coef_


@program(P, "sklearn::linear_model.Ridge.predict", TABLE)
def _(x: Any) -> Any:
    with dispatching():
        xp = namespace(x)
        model = found("sklearn.linear_model:Ridge")(alpha=0.5, solver="svd")
        return model.fit(xp.asarray(TABLE), xp.asarray(TARGETS)).predict(x)


@program(P, "sklearn::discriminant_analysis.LDA(svd).means_", np.vstack([TABLE, TABLE[::-1] + 0.5]))
def _(x: Any) -> Any:
    with dispatching():
        xp = namespace(x)
        model = found("sklearn.discriminant_analysis:LinearDiscriminantAnalysis")(solver="svd")
        return model.fit(x, xp.asarray(np.array([0, 0, 0, 0, 1, 1, 1, 1]))).means_


NAMES = PROGRAMS.keys() - BEFORE
