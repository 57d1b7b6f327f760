"""Cases of linear algebra for `primitive_cases`."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import numpy as np
from numpy_versions import is_at_least

__all__ = [
    "BY_NAME", "CALLS", "ELSEWHERE", "FOR", "SWEPT_ELSEWHERE", "cases", "without_solver",
]  # fmt: skip

ELSEWHERE = dict.fromkeys(
    """by_minors cholesky cofactors_of_any eigen_factors eigen_values hermitian_factors
    singular_factors triangular_inverse""".split(),
    "linalg",
)
"""Primitives that take matrices of a kind or choose signs, and the folder of their tests."""


def cases(on: Any, then: Any) -> dict[str, list[Any]]:
    """Example calls; `on` and `then` make them, of shapes and of keywords or further arguments."""
    products = {
        "part_of": [then((2, 6), extra=(1, (2, 2))), then((3,), extra=(2, ()))],
        "cross": [on((3,), (3,)), on((2, 3), (3,)), on((3, 2), (3, 2), axis=0)],
        "cross_product": [on((2, 3), (3,))],
        "kron": [on((2, 3), (2,)), on((), (2,))],
        "matvec": [on((2, 3), (3,)), on((2, 2, 3), (2, 3))],
        "vecmat": [on((3,), (3, 2)), on((2, 3), (2, 3, 2))],
        "trace": [on((3, 3)), on((2, 3, 4), offset=-1, axis1=1, axis2=2)],
        "diagonal": [on((3, 3)), on((2, 3), offset=1), on((2, 3, 4), axis1=2, axis2=0)],
    }
    solved = {
        "solve": [on((3, 3), (3,)), on((2, 2), (3, 2, 1))],
        "inv": [on((3, 3))],
        "pseudo_inverse": [then((3, 2), extra=(1e-7,)), then((2, 2, 3), extra=(1e-7,))],
        "det": [on((3, 3)), on((2, 2, 2)), on((1, 1))],
        "sign_and_logarithm": [on((3, 3))],
        "qr_factors": [on((3, 2)), on((2, 3)), on((2, 2, 2))],
        "least_squares": [then((4, 2), (4,), extra=(1e-7,))],
        "spectrum": [on((3, 2)), on((2, 2, 2))],
        "hermitian_values": [on((3, 3)), on((2, 2, 2), UPLO="U")],
    }
    if without_solver():
        ELSEWHERE.update(dict.fromkeys(solved, "linalg"))
        return products
    return products | solved


def without_solver() -> bool:
    """Whether the suite runs on CuPy, and cuSOLVER is not there: it is not pretended."""
    if os.environ.get("MYGRAD_TEST_BACKEND") != "cupy":
        return False
    try:
        import_module("cupy_backends.cuda.libs.cusolver")
    except ImportError:
        return True
    return False


# --- calls of NumPy's functions, for the sweep over all their keywords ----------------------
X = np.array([[1.3, -0.7, 2.1], [0.4, 1.9, -1.2]])
Y = np.array([[0.6, 1.1, -0.3], [2.2, -1.4, 0.8]])
SQUARE = np.array([[1.5, 0.2], [-0.3, 2.5]])
STACK = np.stack([SQUARE, SQUARE[::-1] + np.diag([0.0, 2.0])])
CUBE = np.stack([X, Y, X - 2 * Y])

CALLS: dict[str, list[tuple[Any, ...]]] = {
    "cross": [(X, Y), *([] if is_at_least("2.5") else [(X[:, :2], Y), (SQUARE, SQUARE[::-1])])],
    "diagonal": [(X,), (CUBE,)],
    "kron": [(X, Y[0]), (Y[0], X)],
    "trace": [(X,), (CUBE,)],
    "linalg.cholesky": [(SQUARE,)],
    "linalg.cond": [(SQUARE,), (STACK,)],
    "linalg.cross": [(X, Y)],
    "linalg.det": [(SQUARE,), (STACK,)],
    "linalg.diagonal": [(X,), (CUBE,)],
    "linalg.eig": [(SQUARE,)],
    "linalg.eigh": [(SQUARE,), (STACK,)],
    "linalg.eigvals": [(SQUARE,)],
    "linalg.eigvalsh": [(SQUARE,), (STACK,)],
    "linalg.inv": [(SQUARE,), (STACK,)],
    "linalg.matrix_norm": [(X,), (CUBE,)],
    "linalg.matrix_power": [(SQUARE, 3), (SQUARE, -2), (STACK, 0)],
    "linalg.pinv": [(SQUARE,), (X,)],
    "linalg.qr": [(SQUARE,), (X.T,)],
    "linalg.slogdet": [(SQUARE,), (STACK,)],
    "linalg.solve": [(SQUARE, X), (STACK, X), (SQUARE, X[:, 0])],
    "linalg.svd": [(SQUARE,), (STACK,)],
    "linalg.svdvals": [(X,), (STACK,)],
    "linalg.tensorinv": [(SQUARE, 1), (STACK.reshape(2, 4)[:, :2], 1)],
    "linalg.tensorsolve": [(SQUARE, X[:, 0]), (SQUARE.reshape(2, 1, 2), X[:, :1])],
    "linalg.trace": [(X,), (CUBE,)],
    "linalg.vecdot": [(X, Y)],
    "linalg.vector_norm": [(X,)],
}
SWEPT_ELSEWHERE = {"linalg.lstsq", "linalg.matrix_rank"}
"""Functions with integers among their results."""

BY_NAME: dict[str, list[Any]] = {
    "UPLO": ["L", "U", "l", "X"],
    "axis1": [0, 1, -1, 7],
    "axis2": [0, 1, -2],
    "axisa": [-1, 0],
    "axisb": [-1, 0, 5],
    "axisc": [-1, 0],
    "compute_uv": [True, False],
    "full_matrices": [True, False],
    "hermitian": [True, False],
    "ind": [1, 0],
    "offset": [0, 1, -1, 9],
    "p": [None, 1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc", 7],
    "rcond": [1e-12, 0.9, None],
    "rtol": [1e-12, 0.9, None, np._NoValue],  # type: ignore[attr-defined]
    "upper": [True, False],
}
FOR: dict[tuple[str, str], list[Any]] = {
    ("cross", "axis"): [-1, 0, 1, None],
    ("matrix_norm", "ord"): ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf, "other"],
    ("norm", "ord"): [1, 2, "fro", "nuc", -1, -2, np.inf, -np.inf, None, 0, 3, "other"],
    ("qr", "mode"): ["reduced", "r", "complete", "raw", "other"],
    ("tensorsolve", "axes"): [None, (0,)],
    ("vecdot", "axis"): [-1, 0, 1, 5],
    ("vector_norm", "ord"): [1, 2, 3, 0.5, 0, np.inf, -np.inf, "fro"],
}
if is_at_least("2.5"):  # vectors of two elements, which axis 0 has, it does not take any more
    FOR |= {("cross", name): [-1, 1] for name in ("axis", "axisa", "axisb")}
