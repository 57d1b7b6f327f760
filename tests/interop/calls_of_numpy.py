"""Example calls of every function and ufunc of NumPy's that a class can override.

`CALLS` has, by name (without ``numpy.``), the calls that `test_every_numpy_function` makes of it:
once on arrays, and once with tensors in place of all arrays of floating-point numbers. Options that
many functions have (``out=``, ``dtype=``, ``where=``, ``order=``, ...) are added there; the calls
here have those that are particular. A call may be a program, which is given the function and the
operands: for functions that write, and where only a part of the result is determined.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from calls_of_rooms import FFT, LINALG, POLYNOMIALS, UFUNCS
from example_calls import (
    BYTES,
    DATES,
    GRID,
    INTS,
    LONG,
    MASK,
    NAN,
    NAN_V,
    PLACES,
    SQUARE,
    STACK,
    ZERO,
    Call,
    P,
    T,
    V,
    W,
    X,
    Y,
    Z,
    call,
    each,
    first,
    liked,
    of_file,
    program,
    saved,
    trimmed,
    written,
)
from numpy_versions import is_at_least

__all__ = ["CALLS", "OF_STRINGS", "REFUSED"]


# --- reductions and the like: axis, and what only they have ------------------------------------
def over(a: Any, *others: Any) -> list[Call]:
    return [call(a, *others), call(a, *others, axis=0), call(a, *others, axis=-1)]


def over_two(a: Any, *others: Any) -> list[Call]:
    return [*over(a, *others), call(a, *others, axis=(0, 1))]


def spread(a: Any) -> list[Call]:
    return [
        *over_two(a), call(a, ddof=1, axis=1), call(a, correction=1),
        call(a, axis=0, mean=np.nanmean(a, axis=0, keepdims=True)),
        call(a, axis=0, keepdims=True, ddof=1),
    ]  # fmt: skip


METHODS = (
    "linear", "lower", "higher", "nearest", "midpoint", "inverted_cdf", "averaged_inverted_cdf",
    "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased",
    "normal_unbiased",
)  # fmt: skip


def quantiles(a: Any, v: Any, scale: float) -> list[Call]:
    q = np.array([10, 35, 80]) * scale / 100
    return [
        call(a, 0.4 * scale), call(a, q.tolist(), axis=0), call(a, q.tolist(), axis=(0, 1)),
        call(v, 0.3 * scale), call(a, 0.3 * scale, axis=1, keepdims=True),
        *(call(v, 0.37 * scale, method=method) for method in METHODS),
        program(lambda f, a, q: f(a, q), v, np.array(0.4 * scale)),
        call(a, 0.4 * scale, overwrite_input=False),
        program(lambda f, a: f(a, 0.4 * scale, axis=1, method="inverted_cdf",
                               weights=np.resize([1.0, 2.0, 0.5], np.shape(a))), a),
    ]  # fmt: skip


LIKE = {
    "arange": [program(liked(3.0), X), program(liked(1.0, 4.0, 0.5), X),
               program(liked(4, dtype="float32"), X)],
    "array": [program(lambda f, x: f(x, like=x), X),
              program(lambda f, x: f(x, like=x, copy=True, order="F", ndmin=3), X),
              program(lambda f, x: f([1.0, 2.0], like=x, dtype="float32", subok=True), X)],
    "asanyarray": [program(lambda f, x: f(x, like=x), X),
                   program(lambda f, x: f(x, "float64", order="F", copy=True, like=x), X)],
    "asarray": [program(lambda f, x: f(x, like=x), X),
                program(lambda f, x: f(x, "float64", order="F", copy=True, like=x), X)],
    "ascontiguousarray": [program(lambda f, x: f(x.T, like=x), X),
                          program(lambda f, x: f(x[0, 0], dtype="float64", like=x), X)],
    "asfortranarray": [program(lambda f, x: f(x, like=x), X),
                       program(lambda f, x: f(x, dtype="float64", like=x), X)],
    "empty": [program(lambda f, x: f((2, 0), like=x), X),
              program(lambda f, x: f((2, 0), "float32", order="F", like=x), X)],
    "eye": [program(liked(3), X), program(liked(3, 2, 1, "float32"), X),
            program(liked(3, M=2, k=-1, dtype=float, order="F"), X)],
    "frombuffer": [program(liked(b"abcdefgh", "uint8", 3, 2), X),
                   program(liked(b"abcdefgh", dtype="uint8", count=3, offset=1), X)],
    "fromfile": [program(of_file, X)],
    "fromfunction": [program(liked(lambda i, j: i + 2 * j, (2, 3)), X),
                     program(lambda f, x: f(lambda i: x[0] * i, (3,), dtype=int, like=x), X)],
    "fromiter": [program(lambda f, x: f(iter([1.0, 2.0]), float, count=2, like=x), X)],
    "fromstring": [program(liked("1 2 3", dtype=float, sep=" ", count=2), X)],
    "full": [program(liked((2, 3), 1.5), X), program(lambda f, v: f((2, 3), v, like=v), V),
             program(liked((2, 3), 1.5, "float32", order="F"), X)],
    "genfromtxt": [program(lambda f, x: f(io.StringIO("1 2\n3 4"), like=x), X)],
    "identity": [program(liked(3), X), program(liked(3, dtype="float32"), X)],
    "loadtxt": [program(lambda f, x: f(io.StringIO("1 2\n3 4"), like=x), X)],
    "ones": [program(liked((2, 3)), X), program(liked((2, 3), "float32", order="F"), X)],
    "require": [program(lambda f, x: f(x, like=x), X),
                program(lambda f, x: f(x, dtype="float64", requirements=["F", "O"], like=x), X)],
    "tri": [program(liked(3), X), program(liked(3, M=2, k=1, dtype="float32"), X)],
    "zeros": [program(liked((2, 3)), X), program(liked((2, 3), "float32", order="F"), X)],
}  # fmt: skip

RAW = {
    "all": over(X > 0), "any": over(X),
    "allclose": [call(X, X), call(X, Y, rtol=9.0, atol=1.0, equal_nan=True)],
    "argmax": over(X), "argmin": over(X),
    "argpartition": [call(X, 1), call(X, 1, axis=0), call(X, 1, None, "introselect")],
    "argsort": [call(X), call(X, axis=None), call(X, 0, kind="stable"), call(X, stable=True)],
    "argwhere": [call(X)],
    "array2string": [call(V), call(V, precision=1, suppress_small=True, separator=",", prefix="a",
                                   suffix="b", max_line_width=40, sign="+", floatmode="fixed",
                                   threshold=5, edgeitems=1, formatter=None, legacy=None)],
    "array_equal": [call(X, X), call(X, Y, equal_nan=True)],
    "array_equiv": [call(X, X), call(X, X[:1])],
    "array_repr": [call(V, max_line_width=40, precision=2, suppress_small=True)],
    "array_str": [call(V, max_line_width=40, precision=2, suppress_small=True)],
    "busday_count": [call(DATES, DATES[::-1])],
    "can_cast": [call(np.dtype("float32"), float, casting="safe")],
    "common_type": [call(X, Y)],
    "count_nonzero": over(X),
    "datetime_as_string": [call(DATES, unit="D", timezone="naive", casting="same_kind")],
    "diag_indices_from": [call(SQUARE)],
    "digitize": [call(V, GRID), call(V, GRID, right=True)],
    "einsum_path": [call("ij,jk->ik", X, SQUARE), call("ij,jk->ik", X, SQUARE, optimize="optimal")],
    "flatnonzero": [call(X)],
    "is_busday": [call(DATES)],
    "isclose": [call(X, Y), call(X, Y, rtol=0.1, atol=0.5, equal_nan=True)],
    "iscomplex": [call(Z), call(X)], "iscomplexobj": [call(Z), call(X)],
    "isin": [call(X, V), call(X, V, assume_unique=True, invert=True, kind="sort")],
    "isneginf": [call(X)], "isposinf": [call(X)],
    "isreal": [call(Z), call(X)], "isrealobj": [call(Z), call(X)],
    "ix_": [call([0, 1], [True, False])],
    "lexsort": [call((V, W)), call(X, axis=0)],
    "may_share_memory": [call(X, X), call(X, Y, max_work=1)],
    "min_scalar_type": [call(X)],
    "nanargmax": over(NAN[:, 2:]), "nanargmin": over(NAN[:, 2:]),
    "ndim": [call(X)], "nonzero": [call(X)],
    "packbits": [call(BYTES), call(BYTES, axis=1, bitorder="little")],
    "ravel_multi_index": [call(([1, 0], [2, 1]), (2, 3)),
                          call(([1, 5], [2, 1]), (2, 3), mode="wrap", order="F")],
    "result_type": [call(X, 3)],
    "save": [program(saved, V), program(lambda f, x: saved(f, x, allow_pickle=False), V)],
    "savetxt": [program(saved, V),
                program(lambda f, x: saved(f, x, fmt="%g", delimiter=",", newline="\n", header="h",
                                           footer="f", comments="#", encoding="latin1"), V)],
    "savez": [program(lambda f, x: saved(f, x, named=x, allow_pickle=False), V)],
    "savez_compressed": [program(lambda f, x: saved(f, x, named=x, allow_pickle=False), V)],
    "searchsorted": [call(GRID, V), call(GRID, V, side="right"), call(W, V, sorter=PLACES)],
    "shape": [call(X)], "shares_memory": [call(X, X), call(X, Y, max_work=1)],
    "size": [call(X), call(X, axis=1)],
    "tril_indices_from": [call(SQUARE), call(SQUARE, k=1)],
    "triu_indices_from": [call(SQUARE), call(SQUARE, k=1)],
    "unpackbits": [call(BYTES), call(BYTES, axis=1, count=4, bitorder="little")],
    "unravel_index": [call([1, 4], (2, 3)), call([1, 4], (2, 3), order="F")],
}  # fmt: skip

WRITES = {
    "copyto": [program(written(), X, Y), program(written(where=MASK), X, Y[0]),
               program(written(casting="unsafe"), X, V)],
    "fill_diagonal": [program(lambda f, x, v: written(v)(f, x), SQUARE, V),
                      program(lambda f, x, v: written(v, wrap=True)(f, x), T.reshape(6, 2), V)],
    "place": [program(written(MASK), X, V)],
    "put": [program(written([0, 4]), X, V[:2]),
            program(lambda f, x, v: written([7, -9], v, mode="wrap")(f, x), X, V[:2])],
    "put_along_axis": [
        program(lambda f, x, v: written(np.array([[0], [2]]), v, 1)(f, x), X, X[:, :1]),
        program(lambda f, x, v: written(np.array([0, 5]), v, None)(f, x), X, V[:2]),
    ],
    "putmask": [program(written(MASK), X, V), program(written(MASK), X, Y)],
}  # fmt: skip

SHAPES = {
    "append": [call(X, Y), call(X, Y, axis=1), call(X, Y, 0)],
    "array_split": [call(X, 2), call(LONG, [1, 5]), call(X, 2, axis=1)],
    "astype": [call(X, "float32"), call(X, "float64", copy=False)],
    "atleast_1d": [call(X[0, 0] * np.ones(())), call(X, V)],
    "atleast_2d": [call(V), call(X, V)], "atleast_3d": [call(V), call(X, V)],
    "block": [call([[X, Y], [Y, X]]), call([V, W]), call(V), call([[X], [V]])],
    "broadcast_arrays": [call(X, V), call(X, V, subok=True)],
    "broadcast_to": [call(V, (2, 3)), call(V, (2, 3), subok=True)],
    "column_stack": [call([V, W, X.T])],
    "compress": [call([True, False], X, axis=0), call([False, True, True], X)],
    "concatenate": [call([X, Y]), call([X, Y], axis=1), call((X, V), axis=None)],
    "copy": [call(X)],
    "delete": [call(X, 1, axis=1), call(X, [0, 2]), call(LONG, slice(1, 7, 2)),
               call(X, np.array([True, False]), 0)],
    "diag": [call(V), call(SQUARE), call(V, 1), call(X, k=-1)],
    "diagflat": [call(X), call(V, -1), call(V, k=2)],
    "diagonal": [call(SQUARE), call(T, 1), call(T, offset=-1, axis1=2, axis2=0)],
    "dsplit": [call(T, 2)], "dstack": [call([X, Y])],
    "empty_like": [program(lambda f, x: np.shape(f(x)), X),
                   program(lambda f, x: np.shape(f(x, "float32", "F", True, (3, 4))), X),
                   program(lambda f, x: np.shape(f(x, dtype=None, order="C", shape=3)), X)],
    "expand_dims": [call(X, 0), call(X, (0, 2))],
    "extract": [call(MASK, X)],
    "flip": [call(X), call(X, 0), call(X, axis=(0, 1))], "fliplr": [call(X)], "flipud": [call(X)],
    "full_like": [call(X, 2.5), program(lambda f, x, v: f(x, v), X, V),
                  call(X, 2.5, shape=(2,)), call(X, 2.5, "float32", "F", True, (2, 2))],
    "hsplit": [call(X, 3)], "hstack": [call([X, Y])],
    "insert": [call(X, 1, V, axis=0), call(X, [0, 4], W[:2]), call(X, 1, 7.5), call(LONG, [2], V),
               call(X, slice(0, 2), X[:, :2], axis=1)],
    "matrix_transpose": [call(STACK)],
    "meshgrid": [program(each, V, W[:2]),
                 program(lambda f, v, w: list(f(v, w, indexing="ij")), V, W),
                 program(lambda f, v, w: list(f(v, w, sparse=True, copy=False)), V, W)],
    "moveaxis": [call(T, 0, 2), call(T, [0, 1], [1, 2])],
    "ones_like": [call(X), call(X, "float32", "F"), call(X, dtype=None, order="C", shape=(3, 4))],
    "pad": [
        call(X, 1), call(X, ((1, 0), (2, 1)), "constant", constant_values=((1, 2), (3, 4))),
        program(lambda f, x, v: f(x, 2, constant_values=(v[0], v[1])), X, V),
        *(call(X, ((2, 1), (1, 3)), mode) for mode in ("edge", "linear_ramp", "maximum", "mean",
                                                       "median", "minimum", "reflect", "symmetric",
                                                       "wrap")),
        call(X, 2, "linear_ramp", end_values=(0.5, -1)),
        program(lambda f, x, v: f(x, 2, "linear_ramp", end_values=v[0]), X, V),
        *(call(X, 2, mode, stat_length=2) for mode in ("maximum", "mean", "median", "minimum")),
        *(call(X, 5, mode, reflect_type="odd") for mode in ("reflect", "symmetric")),
        call(X, 4, mode="reflect", reflect_type="even"),
        program(lambda f, x: f(x, 1, "empty")[1:-1, 1:-1], X),
        program(lambda f, x: f(x, 1, lambda line, width, axis, options: line.__setitem__(
            slice(0, width[0]), line[1] * options["by"]), by=3.0), X),
    ],
    "ravel": [call(X), call(X, "F"), program(lambda f, x: f(np.transpose(x), order="A"), X),
              program(lambda f, x: f(np.swapaxes(x, 0, 1), order="K"), T)],
    "repeat": [call(X, 2), call(X, [1, 2, 0], axis=1)],
    "reshape": [call(X, (3, 2)), call(X, -1, order="F"), call(X, (3, 2), copy=True),
                program(lambda f, x: f(np.transpose(x), 6, order="A"), X)],
    "resize": [call(X, (3, 5)), call(X, 4)],
    "roll": [call(X, 2), call(X, 1, axis=1), call(X, (1, 2), axis=(0, 1))],
    "rollaxis": [call(T, 2), call(T, 0, start=3)],
    "rot90": [call(X), call(X, 2), call(T, k=3, axes=(1, 2))],
    "split": [call(X, 2), call(LONG, [1, 5]), call(X, 3, axis=1)],
    "squeeze": [call(X[:, None]), call(X[:, None], axis=1)],
    "stack": [call([X, Y]), call([X, Y], axis=-1)],
    "swapaxes": [call(T, 0, 2)],
    "take": [call(X, [4, 0, 0]), call(X, [1, 0, -1], axis=1), call(X, [7, -9], mode="wrap")],
    "take_along_axis": [call(X, np.argsort(X, axis=1), axis=1), call(LONG, PLACES, axis=None)],
    "tile": [call(X, 2), call(X, (2, 1, 2))],
    "transpose": [call(X), call(T, (1, 0, 2)), call(T, axes=(2, 0, 1))],
    "tril": [call(SQUARE), call(X, k=1)], "triu": [call(SQUARE), call(X, k=-1)],
    "trim_zeros": [program(trimmed(), ZERO), program(trimmed("f"), ZERO),
                   program(trimmed(trim="b"), ZERO),
                   program(trimmed(axis=0), np.outer(ZERO, ZERO))],
    "unstack": [program(each, X), program(lambda f, x: list(f(x, axis=1)), X)],
    "vsplit": [call(X, 2)], "vstack": [call([X, V])],
    "zeros_like": [call(X), call(X, "float32", "F"), call(X, dtype=None, order="C", shape=(3, 4))],
    "lib.stride_tricks.sliding_window_view": [
        call(LONG, 3), call(T, (2, 2), axis=(1, 2)), call(X, (2, 2)), call(X, 2, axis=0),
        call(LONG, 3, subok=True, writeable=False),
        call(X, (2, 2), axis=(1, 1)),
    ],
}  # fmt: skip

CASES = {
    "apply_along_axis": [
        program(lambda f, x: f(lambda line: line[0] * np.sum(line), 1, x), X),
        program(lambda f, x: f(lambda line, k, by: np.outer(line, line[:k]) * by, 0, x, 1, by=2.0),
                X),
    ],
    "apply_over_axes": [program(lambda f, x: f(np.sum, x, (0, 2)), T)],
    "choose": [call([0, 1, 0], [V, W]), call([4, -1, 0], X, mode="wrap"),
               call([4, -1, 0], (V, 1.5), None, "clip")],
    "piecewise": [
        program(lambda f, x: f(x, [x < 0, x >= 1], [lambda v: v**2, lambda v: 3 * v]), X),
        program(lambda f, x: f(x, [x < 0], [lambda v, a, b: a * v + b, lambda v, a, b: v * b],
                               2.0, b=0.5), X),
        program(lambda f, x: f(x, x < 0, [lambda v: v**3, 1.0]), V),
    ],
    "select": [call([X > 1, X > 0], [X**2, Y]), call([MASK, ~MASK], [X, V], default=7.0),
               program(lambda f, x, d: f([x > 1], [x * 2], d), X, Y)],
    "where": [call(MASK, X, Y), call(X > 0, V, 1.5), program(each, X > 0)],
}  # fmt: skip

NUMBERS = {
    "amax": over_two(X), "amin": over_two(X), "max": over_two(X), "min": over_two(X),
    "angle": [call(Z), call(Z, deg=True), call(X)],
    "around": [call(X), call(X, decimals=1)], "round": [call(X), call(X, decimals=1)],
    "average": [*over(X), call(X, weights=P), call(X, axis=1, weights=V + 3.0),
                program(lambda f, x, w: list(f(x, axis=0, weights=w, returned=True)), X, P),
                call(X, axis=(0, 1), weights=P)],
    "bincount": [call(INTS), call(INTS, weights=LONG[:5]), call(INTS, LONG[:5], minlength=6)],
    "clip": [call(X, -0.5, 1.5), call(X, V - 1.0, V + 1.5), call(X, None, 1.0), call(X, min=0.2),
             call(X, min=-0.5, max=P)],
    "convolve": [call(LONG, V), call(V, LONG, "same"), call(LONG, V, mode="valid"), call(Z, V)],
    "corrcoef": [call(X @ SQUARE + Y), call(V, W), call(X.T, rowvar=False),
                 call(X, Y, rowvar=True)],
    "correlate": [call(LONG, V), call(V, LONG, "same"), call(LONG, V, mode="full"), call(Z, Z[:2])],
    "cov": [call(X), call(V, W), call(X.T, rowvar=False), call(X, Y, bias=True), call(X, ddof=0),
            call(X, fweights=np.array([1, 2, 3])), call(X, aweights=np.array([0.5, 1.5, 2.0]))],
    "cross": [call(V, W), call(X, Y), call(X.T, Y.T, axis=0),
              call(X.T, Y, axisa=0, axisb=1, axisc=0)],
    "cumprod": over(X), "cumsum": over(X),
    "cumulative_prod": [call(V), call(X, axis=1), call(V, include_initial=True)],
    "cumulative_sum": [call(V), call(X, axis=1), call(V, include_initial=True)],
    "diff": [call(X), call(LONG, 3), call(X, n=1, axis=0), call(X, prepend=0.5, append=X[:, :1])],
    "dot": [call(X, V), call(V, W), call(SQUARE, STACK), call(X, 2.0)],
    "ediff1d": [call(LONG), call(X, to_end=V, to_begin=1.5)],
    "einsum": [call("ij,j->i", X, V), call("ij,kj", X, Y, optimize=True), call(X, [0, 1], V, [1]),
               call("ii->i", SQUARE), call("...j,...j", X, Y)],
    "fix": [call(X)],
    "geomspace": [call(P, 3.0, 4), call(1.0, P[0], num=3, endpoint=False, axis=-1)],
    "gradient": [call(LONG), call(X, axis=1), call(LONG, 0.5), call(LONG, edge_order=2),
                 call(GRID**2, GRID + 0.1), call(X, 2.0, V + np.array([0.0, 1.0, 9.0]))],
    "histogram": [program(first, LONG), program(lambda f, a, w: f(a, 3, weights=w)[0], LONG, LONG),
                  program(lambda f, a: list(f(a, bins=[-2.0, 0.1, 1.0, 3.0])), LONG),
                  program(lambda f, a, w: f(a, 3, range=(-2.0, 3.0), density=True, weights=w)[0],
                          LONG, np.abs(LONG)),
                  program(lambda f, a: f(a, 4)[1], LONG)],
    "histogram2d": [
        program(lambda f, x, y, w: f(x, y, 3, range=[[-2, 3], [-1, 4]], weights=w)[0], LONG,
                LONG[::-1] * 1.0, np.abs(LONG)),
        program(lambda f, x, y: f(x, y, bins=[2, 3], density=True)[0], LONG, LONG[::-1] * 1.0),
    ],
    "histogram_bin_edges": [call(LONG), call(LONG, bins=3), call(LONG, 3, range=(-2.0, 3.0)),
                            call(LONG, 3, weights=LONG)],
    "histogramdd": [
        program(lambda f, x, w: f(x, 2, range=[(-2, 3)] * 3, weights=w)[0], X, np.abs(V[:2])),
        program(lambda f, x: f(x, bins=2, density=True)[0], X),
    ],
    "i0": [call(X)],
    "imag": [call(Z), call(X)], "real": [call(Z), call(X)],
    "inner": [call(X, Y), call(V, W)],
    "interp": [call(V, GRID, LONG[:4]), call(X, GRID, LONG[:4], left=-1.0, right=2.0),
               call(X, GRID, LONG[:4], period=4.0)],
    "intersect1d": [
        program(lambda f, a, b: f(a, np.concatenate([a[2:4], b])), LONG, V),
        program(lambda f, a, b: f(a, np.concatenate([a[2:4], b]), assume_unique=True,
                                  return_indices=True), LONG, V),
    ],
    "kron": [call(V, W), call(X, SQUARE[:2])],
    "linspace": [call(V, 3.0, 4), call(V, W, num=3, endpoint=False, axis=-1),
                 program(lambda f, a, b: list(f(a, b, 5, retstep=True)), V, W)],
    "logspace": [call(V, 1.0, 4), call(V, W, num=3, endpoint=False, base=2.0, axis=-1)],
    "mean": over_two(X), "std": spread(X), "var": spread(X), "sum": over_two(X),
    "prod": over_two(X), "ptp": [*over_two(X), call(X, 1, keepdims=True)],
    "median": [*over_two(X), call(LONG), call(LONG[:5], overwrite_input=False)],
    "nan_to_num": [call(NAN), call(NAN, copy=True, nan=2.0),
                   call(np.array([np.inf, 1.0, -np.inf, np.nan]), posinf=5.0, neginf=-6.0)],
    "nancumprod": over(NAN), "nancumsum": over(NAN), "nanmax": over_two(NAN),
    "nanmin": over_two(NAN), "nanmean": over_two(NAN), "nanprod": over_two(NAN),
    "nansum": over_two(NAN), "nanstd": spread(NAN), "nanvar": spread(NAN),
    "nanmedian": [*over_two(NAN), call(NAN_V), call(NAN_V, overwrite_input=False)],
    "nanpercentile": quantiles(NAN, NAN_V, 100.0), "nanquantile": quantiles(NAN, NAN_V, 1.0),
    "percentile": quantiles(X, LONG, 100.0), "quantile": quantiles(X, LONG, 1.0),
    "outer": [call(V, X)],
    "partition": [program(lambda f, x: f(x, 2)[2], LONG), program(lambda f, x: f(x, 1, axis=0), X),
                  program(lambda f, x: f(x, (0, 1, 2), None, "introselect"), V)],
    "real_if_close": [call(Z), call(X), program(lambda f, x: f(x + 1e-18j), V),
                      program(lambda f, x: f(x + 1e-6j, tol=1e-3), V)],
    "setdiff1d": [call(LONG, V), call(LONG, V, assume_unique=True)],
    "setxor1d": [call(LONG, V), call(LONG, V, assume_unique=True)],
    "sinc": [call(X)],
    "sort": [call(X), call(X, axis=0), call(X, None), call(X, kind="stable"),
             call(LONG, stable=True)],
    "sort_complex": [call(Z), call(LONG)],
    "tensordot": [call(X, Y), call(SQUARE, X, axes=((1,), (1,))), call(V, W, 0)],
    "trace": [call(SQUARE), call(T, 1), call(T, offset=-1, axis1=2, axis2=0)],
    "trapezoid": [call(X), call(X, dx=0.5), call(X, x=V, axis=1), call(T, axis=0),
                  call(LONG, LONG**2)],
    "union1d": [call(LONG, V)],
    "unique": [
        call(LONG), call(X, axis=0), call(NAN_V, equal_nan=False), call(LONG, sorted=True),
        program(lambda f, x: list(f(np.tile(x, 2), return_index=True, return_inverse=True,
                                    return_counts=True)), V),
    ],
    **{
        f"unique_{what}": [program(lambda f, x: list(f(np.tile(x, 2))), V)]
        for what in ("all", "counts", "inverse")
    },
    "unique_values": [program(lambda f, x: np.sort(f(x)), V)],
    "unwrap": [call(LONG * 3), call(X * 5, axis=0), call(LONG * 3, discont=4.0, period=5.0)],
    "vdot": [call(X, Y), call(Z, Z[::-1])],
    **{
        f"lib.scimath.{name}": [call(P / 3), call(X)]
        for name in ("log", "log10", "log2", "sqrt", "arccos", "arcsin", "arctanh")
    },
    "lib.scimath.logn": [call(2.0, P), call(P + 1.0, X)],
    "lib.scimath.power": [call(P, 2.5), call(X, 0.5), call(P, Y)],
}  # fmt: skip

CALLS: dict[str, list[Call]] = {
    **{f"fft.{name}": calls for name, calls in FFT.items()},
    **{f"linalg.{name}": calls for name, calls in LINALG.items()},
    **POLYNOMIALS, **LIKE, **RAW, **WRITES, **SHAPES, **CASES, **NUMBERS, **UFUNCS,
}  # fmt: skip

if is_at_least("2.5"):
    CALLS |= {
        "polynomial.polynomial.polyvalnd": [
            call([V, W], X), call([V, W, V * W], T), call([V, W], V), call([X, Y], T)
        ],
        "ufunc real": [call(Z)], "ufunc imag": [call(Z)],
    }  # fmt: skip
    CALLS["sort"] += [call(X, descending=True)]
    CALLS["argsort"] += [call(X, descending=True)]

OF_STRINGS = (
    "char.", "strings.", "lib.recfunctions.", "busday_offset",
    *(f"ufunc {name}" for name in (
        "_center", "_expandtabs", "_expandtabs_length", "_ljust", "_lstrip_chars",
        "_lstrip_whitespace", "_partition", "_partition_index", "_replace", "_rjust", "_rpartition",
        "_rpartition_index", "_rstrip_chars", "_rstrip_whitespace", "_slice", "_strip_chars",
        "_strip_whitespace", "_zfill", "count", "endswith", "find", "index", "isalnum", "isalpha",
        "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "rfind",
        "rindex", "startswith", "str_len",
    )),
)  # fmt: skip
"""Functions of strings, records and dates, which are no tensors: their names begin so."""

REFUSED: dict[str, dict[str, str]] = {
    "array": {"ndmax": "make the array first"},
    "clip": {"where": "what is not computed is undefined, without out="},
    "lib.stride_tricks.sliding_window_view": {"writeable": "windows share elements"},
}
"""By function, the options that raise a TypeError, and why."""
