"""Cases for Fourier transforms, signals, polynomials and numerical calculus."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

import mygrad as mg

__all__ = ["ELSEWHERE", "KEYWORDS", "KEYWORDS_FOR", "NUMPY_CALLS", "cases", "lacks"]


def lacks(library: str) -> bool:
    """Whether the suite runs on CuPy, and this library of CUDA's is not there."""
    if mg.backends.selected_adapter().name != "cupy":
        return False
    if library in ("", "Bessel functions"):
        return bool(library) and "pretended_gpu" in sys.modules
    try:
        import_module(f"cupy_backends.cuda.libs.{library}")
        if library == "cufft":
            import_module("cupy").cuda.cufft  # noqa: B018 -- loads it
    except ImportError:
        return True
    return False


ELSEWHERE = {
    **dict.fromkeys(("dft", "hermitian_dft", "real_dft"), "test_fft"),
    "polynomial_roots": "test_polynomials",
}
"""Primitives whose results have a dtype of their own, and where they are tested."""

NEEDED = {
    "bessel_i": "Bessel functions",
    "characteristic_polynomial": "cusolver",
    "convolve": "cufft",
    "correlate": "cufft",
    "least_squares": "cusolver",
    "pseudo_inverse": "cusolver",
}
"""By primitive, the library of CUDA's by which CuPy computes it."""


def cases(on: Callable[..., Any], then: Callable[..., Any]) -> dict[str, list[Any]]:
    """Example calls, by primitive."""
    modes = ("full", "same", "valid")
    found = {
        "convolve": [
            *(then((4,), (3,), extra=(mode,)) for mode in modes),
            on((2,), (5,), mode="same"),
            on((1,), (1,)),
        ],
        "correlate": [
            *(then((4,), (3,), extra=(mode,)) for mode in modes),
            on((3,), (4,), mode="same"),
            on((2,), (5,), mode="valid"),
        ],
        "horner": [on((4,), (2, 3)), on((1,), (2,)), on((3,), ())],
        "bessel_i": [on((2, 3)), on((3,), order=1), on((), order=4)],
        "characteristic_polynomial": [on((3, 3)), on((1, 1))],
    }
    return {name: [] if lacks(NEEDED.get(name, "")) else calls for name, calls in found.items()}


# --- for the sweep over NumPy's keywords ------------------------------------------------------
X = np.array([[1.3, -0.7, 2.1], [0.4, 1.9, -1.2]])
V = np.array([0.5, 1.5, -2.0])
WEIGHTS = np.array([0.5, 1.0, 2.0])

NUMPY_CALLS: dict[str, list[tuple[Any, ...]]] = {
    **{
        f"fft.{inverse}{real}fft{several}": [(X,)]
        for inverse in ("", "i")
        for real in ("", "r", "h")
        for several in ("", "2", "n")
        if not (real == "h" and several)
    },
    "fft.fftshift": [(X,)],
    "fft.ifftshift": [(X,)],
    "convolve": [(V, V[:2])],
    "corrcoef": [(X,)],
    "correlate": [(V, V[:2])],
    "cov": [(X,)],
    "diff": [(X,)],
    "ediff1d": [(X,)],
    "gradient": [(X,), (X, 0.5), (X, V[:2], np.array([0.0, 1.0, 3.0]))],
    "i0": [(V,)],
    "interp": [(np.array([-0.3, 0.2, 1.4]), np.array([0.0, 0.6, 1.3]), V)],
    "poly": [(V,)],
    "polyadd": [(V, V[:2])],
    "polyder": [(V,)],
    "polydiv": [(V, V[:2])],
    "polyfit": [(V + 0.1, WEIGHTS, 1)],
    "polyint": [(V,)],
    "polymul": [(V, V[:2])],
    "polysub": [(V, V[:2])],
    "polyval": [(V, X)],
    "roots": [(np.array([1.0, -1.2, -3.0]),)],
    "trapezoid": [(X,)],
    "unwrap": [(3 * X,)],
    "vander": [(V,)],
}
KEYWORDS: dict[str, list[Any]] = {
    "append": [2.5, X[:, :1], np._NoValue],  # type: ignore[attr-defined]
    "aweights": [WEIGHTS],
    "bias": [True, False],
    "cov": [True, "unscaled", False],
    "discont": [4.0, None],
    "dx": [0.5],
    "edge_order": [2, 3],
    "full": [False],
    "fweights": [[1, 2, 1], [1, 2]],
    "increasing": [True],
    "left": [1.5],
    "m": [0, 1, 2],
    "N": [2, 0],
    "n": [0, 1, 2],
    "norm": ["ortho", "forward", None],
    "period": [1.7],
    "prepend": [2.5, X[:, :1], np._NoValue],  # type: ignore[attr-defined]
    "rcond": [1e-3],
    "right": [1.5],
    "rowvar": [False, True],
    "s": [(2, 2), (3,), (-1, 4)],
    "to_begin": [2.5, V],
    "to_end": [2.5, V],
    "w": [WEIGHTS],
    "x": [V, X],
    "y": [X + V, V],
}
KEYWORDS_FOR: dict[tuple[str, str], list[Any]] = {
    ("convolve", "mode"): ["full", "same", "valid", "other"],
    ("correlate", "mode"): ["full", "same", "valid", "other"],
    ("corrcoef", "dtype"): [np.float32, np.float64, None],
    ("cov", "dtype"): [np.float32, np.float64, None],
    ("polyint", "k"): [2.0, V],
}
