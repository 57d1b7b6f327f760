"""Functions written for NumPy that somewhere make plain arrays of what they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
from package_programs import direct, found, program

C = "coercion"
QUATERNION, OTHER = [0.7, 0.1, -0.3, 0.4], [0.2, 0.9, 0.3, -0.1]
SIGNAL = np.sin(np.arange(24) * 0.9) + 0.3 * np.cos(np.arange(24) * 2.1)
POINTS = np.array([[0.1, 0.2, 0.3], [1.0, -0.4, 0.5], [0.6, 0.9, -0.7], [-0.3, 0.4, 1.1]])
TRIANGLES = np.array(
    [[[0.0, 0.1, 0.2], [1.0, 0.2, 0.0], [0.3, 1.1, 0.1]],
     [[0.5, 0.1, 1.0], [1.2, 0.9, 0.8], [-0.2, 0.7, 1.5]]]
)  # fmt: skip
TRUE, GUESSED = np.array([3.0, 0.5, 2.0, 7.0]), np.array([2.5, 0.3, 2.1, 7.8])

# --- rotations, frames, meshes
direct(C, "ahrs::frames.geodetic2ecef", "ahrs.common.frames:geodetic2ecef", 42.0, -82.0, 200.0)


@program(C, "ahrs::orientation.q2R", QUATERNION)
def _(q: Any) -> Any:
    return found("ahrs.common.orientation:q2R")(q.copy())  # which it writes to


direct(C, "ahrs::orientation.q_prod", "ahrs.common.orientation:q_prod", QUATERNION, OTHER)
direct(C, "pymap3d::aer2geodetic", "pymap3d:aer2geodetic", 33.0, 70.0, 1e3, 42.0, -82.0, 200.0)
direct(C, "pymap3d::ecef2geodetic", "pymap3d:ecef2geodetic", 660675.0, -4700948.0, 4245738.0)


@program(C, "pyquaternion::Quaternion.rotation_matrix", QUATERNION)
def _(q: Any) -> Any:
    return found("pyquaternion:Quaternion")(q).rotation_matrix


@program(C, "pytransform3d::batch_rotations.matrices_from_quaternions", [QUATERNION, OTHER])
def _(q: Any) -> Any:
    return found("pytransform3d.batch_rotations:matrices_from_quaternions")(q)


ROTATIONS = "pytransform3d.rotations:"
direct(C, "pytransform3d::rotations.concatenate_quaternions",
       ROTATIONS + "concatenate_quaternions", QUATERNION, OTHER)  # fmt: skip
direct(C, "pytransform3d::rotations.cross_product_matrix", ROTATIONS + "cross_product_matrix",
       [0.3, -0.7, 1.2])  # fmt: skip
direct(C, "pytransform3d::rotations.matrix_from_axis_angle", ROTATIONS + "matrix_from_axis_angle",
       [0.6, 0.0, 0.8, 1.1])  # fmt: skip
direct(C, "pytransform3d::rotations.matrix_from_quaternion", ROTATIONS + "matrix_from_quaternion",
       QUATERNION)  # fmt: skip
direct(C, "pytransform3d::rotations.quaternion_slerp", ROTATIONS + "quaternion_slerp",
       QUATERNION, OTHER, 0.3)  # fmt: skip
direct(C, "pytransform3d::trajectories.transforms_from_exponential_coordinates",
       "pytransform3d.trajectories:transforms_from_exponential_coordinates",
       [[0.3, 0.1, -0.4, 1.0, 0.2, 0.5], [0.1, 0.9, 0.4, -1.0, 0.7, 0.2]])  # fmt: skip
direct(C, "trimesh::geometry.plane_transform", "trimesh.geometry:plane_transform",
       [0.1, 0.2, 0.3], [0.3, 0.5, 0.9])  # fmt: skip
TRANSFORMATIONS = "trimesh.transformations:"
direct(C, "trimesh::transformations.euler_matrix", TRANSFORMATIONS + "euler_matrix", 0.3, 0.7, -0.4)
direct(C, "trimesh::transformations.quaternion_matrix", TRANSFORMATIONS + "quaternion_matrix",
       QUATERNION)  # fmt: skip
direct(C, "trimesh::transformations.rotation_matrix", TRANSFORMATIONS + "rotation_matrix",
       0.7, [0.3, 0.5, 0.9], [0.1, 0.2, 0.3])  # fmt: skip


@program(C, "trimesh::transformations.transform_points", POINTS)
def _(points: Any) -> Any:
    matrix = np.eye(4) + np.arange(16).reshape(4, 4) / 20
    matrix[3] = [0, 0, 0, 1]
    return found("trimesh.transformations:transform_points")(points, matrix)


for name in ("angles", "area", "normals"):
    direct(C, f"trimesh::triangles.{name}", f"trimesh.triangles:{name}", TRIANGLES)
direct(C, "trimesh::triangles.closest_point", "trimesh.triangles:closest_point",
       TRIANGLES, [[0.3, 0.3, 0.9], [2.0, 1.0, 0.0]])  # fmt: skip


@program(C, "trimesh::triangles.mass_properties", TRIANGLES)
def _(triangles: Any) -> Any:
    properties = found("trimesh.triangles:mass_properties")(triangles)
    return properties["volume"], properties["center_mass"]


direct(C, "trimesh::triangles.points_to_barycentric", "trimesh.triangles:points_to_barycentric",
       TRIANGLES, [[0.3, 0.3, 0.9], [0.6, 0.5, 1.0]])  # fmt: skip
direct(C, "trimesh::util.spherical_to_vector", "trimesh.util:spherical_to_vector",
       [[0.3, 0.9], [1.2, 0.4]])  # fmt: skip
direct(C, "trimesh::util.unitize", "trimesh.util:unitize", POINTS)

# --- optics, colours, sound, signals
direct(C, "PyAstronomy::pyasl.airtovac2", "PyAstronomy.pyasl:airtovac2", [4000.0, 6500.0])
direct(C, "antropy::hjorth_params", "antropy:hjorth_params", SIGNAL)


@program(C, "antropy::spectral_entropy(fft)", SIGNAL)
def _(x: Any) -> Any:
    return found("antropy:spectral_entropy")(x, 100.0, method="fft")


@program(C, "colorspacious::cspace_convert sRGB1->CAM02-UCS", [0.3, 0.6, 0.2])
def _(color: Any) -> Any:
    return found("colorspacious:cspace_convert")(color, "sRGB1", "CAM02-UCS")


direct(C, "colorspacious::deltaE", "colorspacious:deltaE", [0.3, 0.6, 0.2], [0.5, 0.4, 0.3])
direct(C, "control::ctrb", "control:ctrb", [[0.1, 1.0], [-0.5, 0.3]], [[0.2], [1.0]])
direct(C, "librosa::A_weighting", "librosa:A_weighting", [100.0, 1000.0])
direct(C, "librosa::amplitude_to_db", "librosa:amplitude_to_db", [0.5, 0.2, 1.5])
direct(C, "librosa::hz_to_mel", "librosa:hz_to_mel", [60.0, 440.0, 3000.0])
direct(C, "librosa::hz_to_midi", "librosa:hz_to_midi", [60.0, 440.0])
direct(C, "librosa::mel_to_hz", "librosa:mel_to_hz", [3.0, 30.0])
direct(C, "librosa::pcen", "librosa:pcen", np.abs(SIGNAL).reshape(2, 12) + 0.1)


@program(C, "skyfield::functions.rot_x", 0.4)
def _(angle: Any) -> Any:
    return found("skyfield.functions:rot_x")(angle)


@program(C, "tmm::coh_tmm R,T", 2.1, 0.3)
def _(index: Any, angle: Any) -> Any:
    layers = found("tmm:coh_tmm")(
        "s", [1.0, index, 1.5, 1.0], [np.inf, 100.0, 300.0, np.inf], angle, 500.0
    )
    return layers["R"], layers["T"]


@program(C, "tmm::coh_tmm(d_list array)", [120.0, 300.0])
def _(thickness: Any) -> Any:
    widths = np.concatenate([[np.inf], thickness, [np.inf]])
    layers = found("tmm:coh_tmm")("p", [1.0, 2.2, 1.5, 1.0], widths, 0.2, 500.0)
    return layers["R"], layers["T"]


# --- weather, sea, money, forecasts
@program(C, "metpy::interpolate.points.inverse_distance_to_points", [1.0, 3.0, 2.0, 5.0])
def _(values: Any) -> Any:
    where = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    to = np.array([[0.3, 0.4], [0.6, 0.9]])
    interpolate = found("metpy.interpolate.points:inverse_distance_to_points")
    return interpolate(where, values, to, r=2.0, min_neighbors=1, kind="cressman")


direct(C, "numpy-financial::fv", "numpy_financial:fv", 0.05, 10.0, -100.0, -100.0)
direct(C, "numpy-financial::mirr", "numpy_financial:mirr", [-100.0, 39.0, 59.0, 55.0], 0.1, 0.12)
direct(C, "numpy-financial::npv", "numpy_financial:npv", 0.08, [-100.0, 39.0, 59.0, 55.0])
direct(C, "numpy-financial::pmt", "numpy_financial:pmt", 0.006, 180.0, 200000.0)
direct(C, "properscoring::crps_ensemble", "properscoring:crps_ensemble",
       [0.4, 1.0], [[0.2, 0.9, 0.5], [1.5, 0.8, 0.1]])  # fmt: skip
direct(C, "properscoring::crps_gaussian", "properscoring:crps_gaussian",
       [0.4, 1.0], [0.2, 0.9], [0.5, 1.1])  # fmt: skip
WATER = ([34.0, 35.5], [10.0, 4.0], [100.0, 2000.0])
for name in ("cndr", "cp", "dens", "seck", "svel"):
    direct(C, f"seawater::{name}", f"seawater:{name}", *WATER)
direct(C, "seawater::dist", "seawater:dist", [40.0, 41.0, 43.0], [10.0, 12.0, 11.0])
direct(C, "seawater::dpth", "seawater:dpth", [100.0, 2000.0], [30.0, 50.0])
direct(C, "seawater::ptmp", "seawater:ptmp", *WATER, [0.0, 10.0])


# --- scikit-learn, SymPy
@program(C, "scikit-learn::LogisticRegression.predict_proba", POINTS)
def _(points: Any) -> Any:
    model = found("sklearn.linear_model:LogisticRegression")()
    model.fit(np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2)
    return model.predict_proba(points)


@program(C, "scikit-learn::gaussian_process.kernels.RBF(X)", POINTS)
def _(points: Any) -> Any:
    return found("sklearn.gaussian_process.kernels:RBF")(0.7)(points)


for name in ("explained_variance_score", "mean_squared_error", "r2_score"):  # one for each column
    program(C, f"scikit-learn::metrics.{name}", np.stack([TRUE, GUESSED**2], 1),
            np.stack([GUESSED, TRUE**2 + 1], 1))(
        lambda true, guessed, path=f"sklearn.metrics:{name}": found(path)(
            true, guessed, multioutput="raw_values"
        )
    )  # fmt: skip
direct(C, "scikit-learn::metrics.mean_gamma_deviance", "sklearn.metrics:mean_gamma_deviance",
       TRUE, GUESSED)  # fmt: skip
PAIRWISE = "sklearn.metrics.pairwise:"
for name in ("cosine_similarity", "euclidean_distances", "polynomial_kernel", "rbf_kernel"):
    direct(C, f"scikit-learn::pairwise.{name}", PAIRWISE + name, POINTS, POINTS[:2] + 0.3)
for name in ("row_norms", "softmax"):
    direct(C, f"scikit-learn::utils.extmath.{name}", f"sklearn.utils.extmath:{name}", POINTS)


@program(C, "sympy::lambdify Matrix", 0.4, 0.9)
def _(x: Any, y: Any) -> Any:
    import sympy

    a, b = sympy.symbols("a b")
    matrix = sympy.Matrix([[sympy.cos(a), a * b], [b**2, sympy.exp(a)]])
    return sympy.lambdify((a, b), matrix, "numpy")(x, y)


# --- what asks for types
@program("typecheck", "ambiance::Atmosphere.temperature", [1000.0, 9000.0])
def _(height: Any) -> Any:
    return found("ambiance:Atmosphere")(height).temperature


@program("typecheck", "control::tf.horner", 0.3)
def _(x: Any) -> Any:
    return found("control:tf")([1.0, 2.0], [1.0, 0.5, 3.0]).horner(x).real


@program("typecheck", "utm::from_latlon", 51.2, 7.5)
def _(latitude: Any, longitude: Any) -> Any:
    return found("utm:from_latlon")(latitude, longitude)[:2]
