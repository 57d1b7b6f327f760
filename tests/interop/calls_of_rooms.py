"""Example calls of NumPy's rooms: `fft`, `linalg`, polynomials, and of the ufuncs."""

from __future__ import annotations

import numpy as np
from example_calls import (
    BYTES,
    DATES,
    GRID,
    LONG,
    PLACES,
    SQUARE,
    STACK,
    ZM,
    Call,
    P,
    Q,
    T,
    U,
    V,
    W,
    X,
    Y,
    Z,
    call,
    each,
    positive_definite,
    program,
    squares,
    symmetric,
)

NORMS = ("ortho", "forward", "backward")


def along_one() -> list[Call]:
    return [call(Z), call(LONG), call(Z, n=2), call(Z, n=5), call(ZM, axis=0), call(X, 4, 1),
            *(call(Z, norm=norm) for norm in NORMS)]  # fmt: skip


def along_many() -> list[Call]:
    return [call(ZM), call(T), call(T, s=(3, 3), axes=(0, 2)), call(ZM, axes=(1, 0)),
            *(call(ZM, norm=norm) for norm in NORMS)]  # fmt: skip


FFT = {
    "fft": along_one(), "ifft": along_one(), "fft2": along_many(), "ifft2": along_many(),
    "fftn": along_many(), "ifftn": along_many(),
    "rfft": [call(LONG), call(LONG[:5]), call(LONG, n=5), call(LONG, n=11), call(X, axis=0),
             call(X, 4, 1), *(call(LONG, norm=n) for n in NORMS)],
    "irfft": [call(Z), call(Z, n=5), call(Z, n=9), call(Z, n=2), call(ZM, axis=0),
              call(ZM, 3, 1), *(call(Z, norm=n) for n in NORMS)],
    "hfft": [call(Z), call(Z, n=5), call(Z, n=9), call(ZM, axis=0), call(ZM, 3, 1),
             *(call(Z, norm=n) for n in NORMS)],
    "ihfft": [call(LONG), call(LONG, n=5), call(LONG, n=11), call(X, axis=0), call(X, 4, 1),
              *(call(LONG, norm=n) for n in NORMS)],
    "rfft2": [call(X), call(T, s=(3, 3), axes=(0, 2)), call(X, axes=(1, 0)), call(T, norm="ortho")],
    "rfftn": [call(T), call(T, s=(3, 3), axes=(0, 2)), call(X, axes=(1, 0)), call(T, norm="ortho")],
    "irfft2": [call(ZM), call(ZM, s=(3, 3)), call(ZM, axes=(1, 0)), call(ZM, norm="ortho")],
    "irfftn": [call(ZM), call(ZM, s=(3, 3)), call(ZM, s=(3, 2), axes=(1, 0)),
               call(ZM, norm="ortho")],
    "fftshift": [call(LONG), call(X), call(X, axes=0), call(Z), call(X, axes=(0, 1))],
    "ifftshift": [call(LONG), call(X), call(X, axes=1), call(Z), call(X, axes=(0, 1))],
}  # fmt: skip

LINALG = {
    "cholesky": [
        program(positive_definite(lambda f, x: f(x)), SQUARE),
        program(positive_definite(lambda f, x: f(x)), STACK),
        program(positive_definite(lambda f, x: f(x, upper=True)), SQUARE),
    ],
    "cond": [call(SQUARE), call(STACK), *(call(SQUARE, p) for p in (None, 1, -1, 2, -2, "fro",
                                                                  np.inf, -np.inf)),
             call(SQUARE, p="nuc")],
    "cross": [call(V, W), call(X, Y), call(X.T, Y.T, axis=0)],
    "det": [call(SQUARE), call(STACK), call(ZM)],
    "diagonal": [call(SQUARE), call(T, offset=1), call(STACK, offset=-1)],
    "eig": [program(lambda f, x: squares(f(x)), SQUARE), program(lambda f, x: squares(f(x)), ZM)],
    "eigh": [program(symmetric(lambda f, x: squares(f(x))), SQUARE),
             program(symmetric(lambda f, x: f(x)[0]), STACK),
             program(symmetric(lambda f, x: squares(f(x, UPLO="U"))), SQUARE)],
    "eigvals": [call(SQUARE), call(ZM)],
    "eigvalsh": [program(symmetric(lambda f, x: f(x)), STACK),
                 program(symmetric(lambda f, x: f(x, UPLO="U")), SQUARE)],
    "inv": [call(SQUARE), call(STACK), call(ZM)],
    "lstsq": [program(lambda f, a, b: list(f(a, b)[:2]), X.T, V),
              program(lambda f, a, b: f(a, b, rcond=1e-10)[0], X.T, SQUARE),
              program(lambda f, a, b: f(a, b)[0], X, V[:2])],
    "matmul": [call(SQUARE, STACK), call(X, V), call(V, W)],
    "matrix_norm": [call(SQUARE), call(STACK, keepdims=True),
                    *(call(X, ord=o) for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf))],
    "matrix_power": [call(SQUARE, 0), call(SQUARE, 3), call(STACK, -2), call(SQUARE, 1)],
    "matrix_rank": [call(SQUARE), call(SQUARE, tol=0.1), call(SQUARE, rtol=0.1),
                    program(symmetric(lambda f, x: f(x, hermitian=True)), SQUARE)],
    "matrix_transpose": [call(X), call(STACK)],
    "multi_dot": [call([SQUARE, X.T, Y]), call([V, SQUARE, W])],
    "norm": [call(V), call(X), call(T), call(X, axis=0), call(X, axis=1, keepdims=True),
             *(call(V, o) for o in (0, 1, 2, 3, 0.5, -1, np.inf, -np.inf)),
             *(call(X, ord=o) for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)),
             call(T, 1, axis=(0, 1)), call(Z), call(T, "nuc", axis=(1, 2))],
    "outer": [call(V, W)],
    "pinv": [call(SQUARE), call(X), call(X.T), call(STACK, rcond=1e-12), call(SQUARE, rtol=1e-12),
             program(symmetric(lambda f, x: f(x, hermitian=True)), SQUARE)],
    "qr": [program(each, X.T), program(each, SQUARE), call(SQUARE, mode="r"),
           program(lambda f, x: list(f(x, mode="complete")), SQUARE),
           program(lambda f, x: list(f(x, mode="reduced")), STACK)],
    "slogdet": [program(each, SQUARE), program(each, STACK), program(each, ZM)],
    "solve": [call(SQUARE, V), call(SQUARE, SQUARE.T), call(STACK, STACK), call(ZM, ZM)],
    "svd": [program(lambda f, x: squares(f(x, full_matrices=False)), X),
            program(lambda f, x: squares(f(x, full_matrices=False)), X.T),
            program(lambda f, x: squares(f(x)), SQUARE), call(STACK, compute_uv=False),
            program(lambda f, x: (lambda u, s, v: (u * s[None]) @ v)(*f(x, full_matrices=False)),
                    ZM),
            program(symmetric(lambda f, x: f(x, compute_uv=False, hermitian=True)), SQUARE)],
    "svdvals": [call(X), call(STACK)],
    "tensordot": [call(SQUARE, SQUARE), call(X, Y, axes=((0, 1), (0, 1))), call(X, V, axes=1)],
    "tensorinv": [call(SQUARE.reshape(3, 3, 1), ind=1),
                  program(lambda f, x: f(x + np.eye(6).reshape(2, 3, 6), ind=2),
                          np.resize(X, (2, 3, 6)) / 9)],
    "tensorsolve": [program(lambda f, a, b: f(a + np.eye(6).reshape(2, 3, 6), b),
                            np.resize(X, (2, 3, 6)) / 9, Y),
                    program(lambda f, a, b: f(a + np.eye(2).reshape(2, 1, 2), b, axes=(0,)),
                            X[:, :1, None] * X[:1, :2] / 3, X[:1, :2])],
    "trace": [call(SQUARE), call(T, offset=1), call(STACK)],
    "vecdot": [call(X, Y), call(Z, Z[::-1]), call(X, Y, axis=0)],
    "vector_norm": [call(X), call(X, axis=0), call(T, axis=(0, 2), keepdims=True), call(Z),
                    *(call(V, ord=o) for o in (0, 1, 2, 3, 0.5, np.inf, -np.inf))],
}  # fmt: skip

POLYNOMIALS = {
    "poly": [call(V), program(lambda f, x: f(x), SQUARE)],
    "polyadd": [call(V, LONG), call(LONG, V)],
    "polyder": [call(LONG), call(LONG, 2), call(LONG, m=0)],
    "polydiv": [program(each, LONG, V), program(each, V, LONG)],
    "polyfit": [call(LONG, LONG[::-1] ** 2, 2), call(GRID, X.T[[0, 1, 2, 0]], 1),
                call(LONG, LONG[::-1], 2, w=P.reshape(-1)[[0, 1, 2, 3, 4, 5, 0, 1]]),
                call(LONG, LONG[::-1], 2, rcond=1e-12),
                program(lambda f, x, y: list(f(x, y, 2, full=True)[:2]), LONG, LONG[::-1] * 1.0),
                program(lambda f, x, y: list(f(x, y, 2, cov=True)), LONG, LONG[::-1] * 1.0),
                program(lambda f, x, y: list(f(x, y, 2, cov="unscaled")), LONG, LONG[::-1] * 1.0)],
    "polyint": [call(LONG), call(LONG, 2), call(V, 2, [1.0, 2.0]), call(V, k=3.0),
                call(V, m=2, k=W[:2])],
    "polymul": [call(V, LONG)],
    "polysub": [call(V, LONG), call(LONG, V)],
    "polyval": [call(V, LONG), call(LONG, X)],
    "polynomial.polynomial.polygrid2d": [call(V, W, X)],
    "polynomial.polynomial.polyval2d": [call(V, W, X)],
    "roots": [call(np.array([1.0, -6.1, 11.3, -6.2])), call(np.array([1.0, 0.3, 2.0])),
              program(lambda f, p: f(np.concatenate([np.zeros(1), p, np.zeros(1)])), V)],
    "vander": [call(V), call(V, 4), call(V, N=2, increasing=True)],
}  # fmt: skip

# --- ufuncs ---------------------------------------------------------------------------------
ONE = {
    "absolute": X, "fabs": X, "sign": X, "conjugate": Z, "positive": X, "negative": X, "rint": X,
    "floor": X, "ceil": X, "trunc": X, "square": X, "exp": X, "exp2": X, "expm1": X, "sin": X,
    "cos": X, "tan": X, "sinh": X, "cosh": X, "tanh": X, "arctan": X, "arcsinh": X, "deg2rad": X,
    "rad2deg": X, "degrees": X, "radians": X, "cbrt": X, "spacing": X,
    "sqrt": P, "log": P, "log2": P, "log10": P, "log1p": P, "reciprocal": P,
    "arcsin": U, "arccos": U, "arctanh": U, "arccosh": P + 1.0,
    "frexp": X, "modf": X, "isfinite": X, "isinf": X, "isnan": X, "signbit": X, "logical_not": X,
    "bitwise_count": BYTES, "invert": BYTES, "isnat": DATES,
}  # fmt: skip
COMPLEX = (
    "absolute", "positive", "negative", "square", "exp", "sin", "cos", "tan", "sinh", "cosh",
    "tanh", "arctan", "arcsinh", "sqrt", "log", "log2", "log10", "reciprocal", "arcsin", "expm1",
    "log1p", "arccos", "arctanh", "arccosh", "exp2",
)  # fmt: skip
TWO = {
    "add": (X, V), "subtract": (X, V), "multiply": (X, V), "divide": (X, V), "power": (P, Y),
    "float_power": (P, Y), "maximum": (X, Y), "minimum": (X, Y), "fmax": (X, Y), "fmin": (X, Y),
    "arctan2": (X, Y), "hypot": (X, Y), "copysign": (X, Y), "fmod": (X, Q), "remainder": (X, Q),
    "floor_divide": (X, Q), "divmod": (X, Q), "heaviside": (X, Y), "logaddexp": (X, Y),
    "logaddexp2": (X, Y), "nextafter": (X, Y), "ldexp": (X, PLACES),
    "matmul": (X, SQUARE), "vecdot": (X, Y), "matvec": (X, V), "vecmat": (V, SQUARE),
    **dict.fromkeys(("equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
                     "logical_and", "logical_or", "logical_xor"), (X, Y)),
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm", "left_shift",
                     "right_shift"), (BYTES % 7, BYTES % 5)),
}  # fmt: skip
UFUNCS = {
    **{name: [call(a)] for name, a in ONE.items()},
    **{name: [call(*pair)] for name, pair in TWO.items()},
    "ufunc _ones_like": [call(X)],
    "ufunc clip": [call(X, -0.5, P), call(X, V - 1.0, V + 1.5)],
}
for _name in COMPLEX:
    UFUNCS[_name].append(call(Z * 0.7))
for _name in ("add", "multiply", "divide", "power", "subtract", "vecdot"):
    UFUNCS[_name].append(call(Z * 0.7, Z[::-1] + 0.4))

UFUNCS["sign"].append(call(Z))
UFUNCS["heaviside"].append(program(lambda f, y: f(np.array([0.0, -1.0, 2.0]), y), V))
