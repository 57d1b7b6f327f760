"""What has to become of the programs, where that is not what their list says."""

from __future__ import annotations

__all__ = ["DROPPED_IN", "OUT_OF_REACH", "problem"]

DROPPED_IN = {"psychrolib::GetSatVapPres"}
"""What is right under `mygrad.drop_in` only: psychrolib computes with Python's `math` where numba
is not there to compile it."""

OUT_OF_REACH = {
    "ambiance::Atmosphere.temperature": "asks whether the argument is one of a few types",
    "librosa::pcen": "SciPy's filters are compiled",
    "pyquaternion::Quaternion.rotation_matrix": "takes float() of every element",
    "scikit-learn::gaussian_process.kernels.RBF(X)": "SciPy's distances are compiled",
    "properscoring::crps_ensemble": "its gufunc is compiled by numba, where that is installed",
    "scikit-learn::metrics.mean_gamma_deviance": "returns a float() of the mean",
    "scipy.interpolate::CubicSpline(y)(x)": "SciPy solves and evaluates in compiled code",
    "scipy.ndimage::gaussian_filter": "SciPy's filters are compiled",
    "scipy.signal::detrend": "SciPy's linear algebra is compiled",
    "tmm::coh_tmm R,T": "0 times the outer layers' infinite widths, of which NumPy warns",
    "trimesh::geometry.plane_transform": "depends on the null space that an SVD happens to choose",
}
"""Functions that no gradient gets through, and why; that is to be said when they are called."""


def problem(name: str, needs: str, result: str) -> str | None:
    """What is wrong with a result, None if it is as it has to be."""
    if result.startswith("not here"):
        return None
    if result.startswith("right"):
        late = result != "right" and needs == "possible" and name not in DROPPED_IN
        return f"{name} is right only under drop_in" if late else None
    if not result.startswith(("raises", "warns")):
        return f"{name}: {result}"
    return None if name in OUT_OF_REACH else f"{name} {result}"
