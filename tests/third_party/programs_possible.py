"""Functions written for NumPy whose every step goes through its protocols."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from unittest import mock

import numpy as np
from package_programs import direct, found, program

P = "possible"
POSITIVE = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]])
OTHER = np.array([[1.2, -0.2, 0.1], [-0.2, 2.5, 0.3], [0.1, 0.3, 1.7]])
WAVE = np.sin(np.arange(12) * 0.7) + 0.1 * np.arange(12)
SERIES = np.array([1.2, 2.1, 2.9, 4.2, 5.1, 5.8])
OBSERVED = np.array([1.0, 2.0, 3.1, 4.0, 5.3, 6.0])
ANGLES = np.array([0.3, 0.9, 1.3])


def symmetric(a: Any) -> Any:
    return (a + a.T) / 2


# --- astronomy, gravitational waves, optics
@program(P, "PyAbel::dasch.three_point", np.outer(np.hanning(7) + 0.1, np.hanning(9) + 0.2))
def _(image: Any) -> Any:
    return found("abel.dasch:three_point_transform")(image)


@program(P, "PyAbel::hansenlaw.hansenlaw_transform", np.outer(np.ones(3), np.hanning(8) + 0.1))
def _(image: Any) -> Any:
    return found("abel.hansenlaw:hansenlaw_transform")(image, direction="forward")


direct(P, "PyAstronomy::pyasl.getAngDist", "PyAstronomy.pyasl:getAngDist", 20.0, 10.0, 35.0, 15.0)


@program(P, "arch::univariate.Normal.loglikelihood", [0.3, -1.2, 0.8], [1.1, 0.7, 2.0])
def _(residuals: Any, variances: Any) -> Any:
    return found("arch.univariate:Normal")().loglikelihood([], residuals, variances)


@program(P, "bilby::core.prior.Gaussian.ln_prob", [0.3, 1.2])
def _(x: Any) -> Any:
    return found("bilby.core.prior:Gaussian")(0.5, 2.0).ln_prob(x)


@program(P, "bilby::core.prior.PowerLaw.prob", [0.3, 1.2])
def _(x: Any) -> Any:
    return found("bilby.core.prior:PowerLaw")(-2.0, 0.1, 5.0).prob(x)


@program(P, "bilby::core.prior.Sine.rescale", [0.3, 0.8])
def _(x: Any) -> Any:
    return found("bilby.core.prior:Sine")().rescale(x)


direct(P, "bilby::core.utils.ra_dec_to_theta_phi", "bilby.core.utils:ra_dec_to_theta_phi",
       1.0, 0.4, 2.2)  # fmt: skip
CONVERSION = "bilby.gw.conversion:"
direct(P, "bilby::gw.conversion.chirp_mass_and_mass_ratio_to_total_mass",
       CONVERSION + "chirp_mass_and_mass_ratio_to_total_mass", 20.0, 0.7)  # fmt: skip
direct(P, "bilby::gw.conversion.component_masses_to_chirp_mass",
       CONVERSION + "component_masses_to_chirp_mass", [30.0, 12.0], [20.0, 9.0])  # fmt: skip
direct(P, "bilby::gw.conversion.lambda_1_lambda_2_to_lambda_tilde",
       CONVERSION + "lambda_1_lambda_2_to_lambda_tilde", 300.0, 500.0, 1.5, 1.3)  # fmt: skip


@program(P, "colossus::cosmology.Ez", [0.3, 1.5])
def _(z: Any) -> Any:
    cosmology = found("colossus.cosmology.cosmology:setCosmology")("planck18", persistence="")
    return cosmology.Ez(z)


@program(P, "colossus::halo.profile_nfw.density", [10.0, 200.0])
def _(r: Any) -> Any:
    found("colossus.cosmology.cosmology:setCosmology")("planck18", persistence="")
    profile = found("colossus.halo.profile_nfw:NFWProfile")(rhos=1e6, rs=80.0)
    return profile.density(r) * 1e-6


direct(P, "hcipy::fresnel_reflection_coefficients", "hcipy:fresnel_reflection_coefficients",
       1.0, 1.5, 0.4)  # fmt: skip


@program(P, "miepython::small_sphere(scalar x)", 0.05)
def _(x: Any) -> Any:
    return found("miepython:small_sphere")(1.5 - 0.1j, x)


direct(P, "prysm::coordinates.cart_to_polar", "prysm.coordinates:cart_to_polar",
       [0.3, 1.0], [0.5, 2.0])  # fmt: skip


@program(P, "prysm::jacobi.jacobi", [0.3, 0.5])
def _(x: Any) -> Any:
    return found("prysm.polynomials:jacobi")(4, 0.5, 1.5, x)


direct(P, "prysm::thinlens.object_to_image_dist", "prysm.thinlens:object_to_image_dist", 2.0, 7.0)
direct(P, "skyfield::earthlib.refraction", "skyfield.earthlib:refraction",
       [5.0, 30.0], 12.0, 1010.0)  # fmt: skip
direct(P, "skyfield::functions.angle_between", "skyfield.functions:angle_between",
       [1.0, 0.2, 0.3], [0.1, 1.0, 0.5])  # fmt: skip
direct(P, "skyfield::functions.mxv", "skyfield.functions:mxv", POSITIVE, [1.0, 2.0, 3.0])
direct(P, "skyfield::functions.to_spherical", "skyfield.functions:to_spherical", [1.0, 0.7, 0.3])
direct(P, "skyfield::keplerlib.eccentric_anomaly", "skyfield.keplerlib:eccentric_anomaly", 0.3, 1.1)

# --- chemistry, control, statistics
direct(P, "chemicals::utils.mixing_simple", "chemicals.utils:mixing_simple", [0.1, 0.9], [2.0, 3.0])
direct(P, "control::mag2db", "control:mag2db", [0.5, 3.0])
direct(P, "control::unwrap", "control:unwrap", [0.3, 2.9, -2.8, 0.4])
direct(P, "emcee::autocorr.function_1d", "emcee.autocorr:function_1d", SERIES)


@program(P, "findiff::FinDiff apply", WAVE)
def _(f: Any) -> Any:
    return found("findiff:FinDiff")(0, 0.1, 2)(f)


for metric in ("kge", "kgeprime", "mare", "nse", "pbias", "rmse"):
    direct(P, f"hydroeval::{metric}", f"hydroeval:{metric}", SERIES[:, None], OBSERVED[:, None])


@program(P, "librosa::util.normalize", [0.3, -2.0, 1.0])
def _(s: Any) -> Any:
    return found("librosa.util:normalize")(s, norm=2)


@program(P, "linearmodels::shared.linalg.inv_sqrth", POSITIVE)
def _(x: Any) -> Any:
    return found("linearmodels.shared.linalg:inv_sqrth")(symmetric(x))


direct(P, "metpy::interpolate.geometry.circumcenter", "metpy.interpolate.geometry:circumcenter",
       [0.0, 0.1], [2.0, 0.3], [0.5, 1.5])  # fmt: skip
direct(P, "mir_eval::util.hz_to_midi", "mir_eval.util:hz_to_midi", [220.0, 450.0])


@program(P, "psychrolib::GetSatVapPres", 25.0)
def _(temperature: Any) -> Any:
    with mock.patch.dict("sys.modules", numba=None):  # by which it would compile itself
        psychrolib = import_module("psychrolib")
    psychrolib.SetUnitSystem(psychrolib.SI)
    return psychrolib.GetSatVapPres(temperature)


@program(P, "pyhf::interpolators.code1", [0.4, -0.6])
def _(alphas: Any) -> Any:
    histogram = np.array([[[[8.0, 9.0], [10.0, 11.0], [12.0, 13.5]]]])
    return found("pyhf.interpolators:code1")(histogram)(alphas[None, :])


direct(P, "refnx::dataset/util.ErrorProp.EPadd", "refnx.util.ErrorProp:EPadd", 2.0, 0.1, 3.0, 0.2)


@program(P, "scikit-learn::utils.extmath.safe_sparse_dot", POSITIVE, OTHER)
def _(a: Any, b: Any) -> Any:
    return found("sklearn.utils.extmath:safe_sparse_dot")(a, b)


@program(P, "uncertainties::ufloat.nominal_value * x", [1.0, 2.0])
def _(x: Any) -> Any:
    return found("uncertainties:ufloat")(2.5, 0.1).nominal_value * x


# --- the earth
PLACE, VECTOR = (42.0, -82.0, 200.0), (33.0, 70.0, 1e3)
PYMAP3D: dict[str, tuple[str, tuple[float, ...]]] = {
    "aer2enu": ("pymap3d:aer2enu", VECTOR),
    "ecef2enu": ("pymap3d:ecef2enu", (660e3, -4700e3, 4247e3, *PLACE)),
    "enu2aer": ("pymap3d:enu2aer", (186.0, 286.0, 939.0)),
    "enu2uvw": ("pymap3d:enu2uvw", (186.0, 286.0, 939.0, 42.0, -82.0)),
    "geodetic2aer": ("pymap3d:geodetic2aer", (42.1, -81.9, 900.0, *PLACE)),
    "geodetic2ecef": ("pymap3d:geodetic2ecef", PLACE),
    "geodetic2enu": ("pymap3d:geodetic2enu", (42.1, -81.9, 900.0, *PLACE)),
    "geodetic2isometric": ("pymap3d:geodetic2isometric", (42.0,)),
    "haversine.anglesep_meeus": ("pymap3d.haversine:anglesep_meeus", (35.0, 23.0, 84.0, 20.0)),
    "latitude.geodetic2authalic": ("pymap3d.latitude:geodetic2authalic", (42.0,)),
    "latitude.geodetic2rectifying": ("pymap3d.latitude:geodetic2rectifying", (42.0,)),
    "lox.meridian_arc": ("pymap3d.lox:meridian_arc", (40.0, 42.0)),
    "ned.aer2ned": ("pymap3d.ned:aer2ned", VECTOR),
    "rcurve.transverse": ("pymap3d.rcurve:transverse", (42.0,)),
    "spherical.geodetic2spherical": ("pymap3d.spherical:geodetic2spherical", PLACE),
    "vincenty.vdist": ("pymap3d.vincenty:vdist", (10.0, 20.0, 12.0, 21.0)),
}
for name, (path, values) in PYMAP3D.items():
    direct(P, f"pymap3d::{name}", path, *values)


@program(P, "utm::to_latlon", 4.0e5, 5.7e6)
def _(easting: Any, northing: Any) -> Any:
    return found("utm:to_latlon")(easting, northing, 32, "U")


# --- positive definite matrices
for name in ("logm", "sqrtm"):
    program(P, f"pyriemann::base.{name}", POSITIVE)(
        lambda a, path=f"pyriemann.utils.base:{name}": found(path)(symmetric(a))
    )
for name in ("euclid", "kullback", "logdet", "logeuclid", "riemann", "wasserstein"):
    program(P, f"pyriemann::distance_{name}", POSITIVE, OTHER)(
        lambda a, b, path=f"pyriemann.utils.distance:distance_{name}": found(path)(
            symmetric(a), symmetric(b)
        )
    )


@program(P, "pyriemann::geodesic_riemann", POSITIVE, OTHER)
def _(a: Any, b: Any) -> Any:
    return found("pyriemann.utils.geodesic:geodesic_riemann")(symmetric(a), symmetric(b), 0.3)


@program(P, "pyriemann::mean_logeuclid", np.stack([POSITIVE, OTHER]))
def _(x: Any) -> Any:
    return found("pyriemann.utils.mean:mean_logeuclid")((x + x.swapaxes(1, 2)) / 2)


# --- expressions that SymPy writes
def lambdified(text: str, modules: Any = "numpy", **options: Any) -> Any:
    """The function of x, y that SymPy makes of an expression."""
    import sympy

    x, y = sympy.symbols("x y")
    return sympy.lambdify((x, y), sympy.sympify(text), modules, **options)


X, Y = [0.4, 1.3, -0.7], [0.9, 0.2, 1.1]
SYMPY = {
    "Heaviside/sign/rational": "Heaviside(x)*x + sign(y)*(x**2 + 1)/(y + 3)",
    "Min/Max/Abs": "Min(x, y) + Max(x, 2*y)*Abs(x)",
    "Piecewise": "Piecewise((x**2, x > 0), (x*y, True))",
    "hyperbolic/atan2/log": "sinh(x) + atan2(y, x) + log(x**2 + y) + tanh(y)",
    "list with cse": "[sin(x*y), cos(x*y)*exp(x*y)]",
    "nested Piecewise And/Or": "Piecewise((x, And(x > 0, y > 0.5)), (y*x, Or(x < -1, y > 1)), "
    "(sin(x), True))",
    "sin*exp+sqrt": "sin(x)*exp(y) + sqrt(x**2 + y)",
}
for name, text in SYMPY.items():
    program(P, f"sympy::lambdify {name}", X, Y)(
        lambda x, y, text=text: lambdified(text, cse=text.startswith("["))(x, y)
    )


@program(P, "sympy::lambdify erf/gamma(scipy)", X, Y)
def _(x: Any, y: Any) -> Any:
    return lambdified("erf(x) + gamma(y + 1)", "scipy")(x, y)


@program(P, "sympy::lambdify jacobian of 2-link arm", 0.4, 0.9)
def _(x: Any, y: Any) -> Any:
    entries = "[-sin(x) - 0.5*sin(x + y), -0.5*sin(x + y), cos(x) + 0.5*cos(x + y)]"
    return lambdified(entries)(x, y)


# --- tensors of many axes, labelled arrays, meshes
CUBE = np.cos(np.arange(24.0)).reshape(2, 3, 4)
LEFT, RIGHT = np.sin(np.arange(6.0)).reshape(2, 3), np.cos(np.arange(9.0)).reshape(3, 3)


@program(P, "einops::rearrange", CUBE)
def _(t: Any) -> Any:
    return found("einops:rearrange")(t, "a (b c) d -> c (d a) b", c=3)


@program(P, "einops::reduce", CUBE)
def _(t: Any) -> Any:
    reduce = found("einops:reduce")
    return reduce(t, "a b (c d) -> c b", "mean", d=2), reduce(t, "a b c -> a", "max")


@program(P, "einops::repeat/pack", CUBE)
def _(t: Any) -> Any:
    repeated = found("einops:repeat")(t, "a b c -> a b c 2") * np.arange(1.0, 3.0)
    return found("einops:pack")([t**2, repeated], "a b *")[0]


@program(P, "einops::einsum", LEFT, RIGHT)
def _(a: Any, b: Any) -> Any:
    return found("einops:einsum")(a, b, b, "i j, j k, k l -> l i")


@program(P, "tensorly::base.unfold/fold", CUBE)
def _(t: Any) -> Any:
    unfolded = found("tensorly:unfold")(t, 1)
    return unfolded * 2, found("tensorly:fold")(unfolded**2, 1, (2, 3, 4))


@program(P, "tensorly::cp_to_tensor", LEFT, RIGHT)
def _(a: Any, b: Any) -> Any:
    return found("tensorly:cp_to_tensor")((None, [a, b, a]))


direct(P, "tensorly::metrics.regression.RMSE", "tensorly.metrics.regression:RMSE", SERIES, OBSERVED)


@program(P, "tensorly::tenalg.khatri_rao", LEFT, RIGHT)
def _(a: Any, b: Any) -> Any:
    return found("tensorly.tenalg:khatri_rao")([a, b])


@program(P, "tensorly::tenalg.multi_mode_dot", CUBE, LEFT.T, RIGHT)
def _(t: Any, a: Any, b: Any) -> Any:
    return found("tensorly.tenalg:multi_mode_dot")(t, [a, b], modes=[0, 1])


@program(P, "tensorly::tenalg.proximal.soft_thresholding", [0.3, -2.0, 1.0])
def _(t: Any) -> Any:
    return found("tensorly.tenalg.proximal:soft_thresholding")(t, 0.5)


@program(P, "tensorly::tucker_to_tensor", CUBE[:, :, :2], RIGHT[:, :2], RIGHT, LEFT.T[:, :2])
def _(core: Any, a: Any, b: Any, c: Any) -> Any:
    return found("tensorly:tucker_to_tensor")((core, [a, b, c]))


direct(P, "trimesh::triangles.cross", "trimesh.triangles:cross", CUBE[:, :, :3])


def labelled(x: Any) -> Any:
    return found("xarray:DataArray")(x, dims=("a", "b"))


@program(P, "xarray::DataArray broadcasting", LEFT, [1.0, 2.0])
def _(x: Any, y: Any) -> Any:
    return (labelled(x) * found("xarray:DataArray")(y, dims="a") ** 2).data


@program(P, "xarray::DataArray isel/where/clip", LEFT)
def _(x: Any) -> Any:
    array = labelled(x).isel(b=slice(1, None))
    return array.where(array > 0, -array).clip(max=0.8).data


@program(P, "xarray::DataArray(tensor).mean/sum", LEFT)
def _(x: Any) -> Any:
    array = labelled(x)
    return (array**2).sum("a").data, array.mean().data


@program(P, "xarray::ufunc/dot/concat", LEFT)
def _(x: Any) -> Any:
    array = labelled(x)
    joined = found("xarray:concat")([array, np.exp(array)], "a")
    return joined.data, found("xarray:dot")(array, array, dim="b").data
