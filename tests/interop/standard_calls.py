"""Calls of every function of the array API standard, with the values of every parameter.

Arrays are NumPy's; who runs a call puts them where they belong. Where a row says "numbers" or
"pairs", the function is called with arrays of every dtype, and what array-api-strict refuses is
left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["CALLS", "FFT_CALLS", "LINALG_CALLS", "PAIRS", "SPECIAL", "Call", "numbers"]


class Call(NamedTuple):
    """The arguments of one call."""

    args: tuple[Any, ...]
    options: dict[str, Any]


def call(*args: Any, **options: Any) -> Call:
    return Call(args, options)


SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -3.5, 1e-3, 700.0, np.inf, -np.inf, np.nan, 3.0, -4.0]
)
DTYPES = """bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64
    complex128""".split()


def numbers(dtype: str, special: bool) -> np.ndarray:
    """A vector of a dtype, with all that is special about it or with small finite numbers."""
    if not special:
        signed = dtype.startswith(("int", "float", "complex"))
        values = np.array([1, 2, 3, 5] + [-1, -4] * signed)
        turned = 1 + 0.5j if dtype.startswith("complex") else 1
        return (values * turned).astype(dtype)
    if dtype.startswith("float"):
        return SPECIAL.astype(dtype)
    if dtype.startswith("complex"):
        some = np.array([0.0, -0.0, 1.0, -0.5, 2.5, np.inf, -np.inf, np.nan])
        grid = np.empty((len(some), len(some)), complex)
        grid.real, grid.imag = some, some[:, None]
        return grid.ravel().astype(dtype)
    if dtype == "bool":
        return np.array([True, False, True, True])
    info = np.iinfo(dtype)
    return np.array([0, 1, 2, 3, 5, 7, 100, info.max, info.min, info.max - 1], dtype)


PAIRS = [
    (a, b) for a in DTYPES for b in DTYPES
    if a == b or (a[:3] == b[:3]) or {a[:3], b[:3]} <= {"int", "uin"} or {a[:3], b[:3]} == {
        "flo", "com"}
]  # fmt: skip
"""Pairs of dtypes, most of which the standard promotes."""

X = np.array([[0.5, -1.5, 2.0], [3.5, 0.25, -2.0]])
CUBE = np.arange(24.0).reshape(2, 3, 4) % 7 - 2
WHOLE = np.array([[3, 1, 2, 1], [0, 3, 3, 5]])
BYTES = np.array([[3, 100, 127], [100, -128, 5]], np.int8)
SINGLE = X.astype(np.float32)
MASK = np.array([[True, False, True], [False, True, True]])
V = np.array([2.0, -1.0, 3.0, -1.0])
SORTED = np.array([-1.0, 0.0, 2.0, 2.0, 5.0])
Z = X + 1j * X[::-1]
EMPTY = np.zeros((0, 3))
POINT = np.array(2.5)
A3 = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 2.0]])
STACK = np.stack([A3, A3 @ A3])
TALL = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])

AXES = [call(CUBE), call(CUBE, axis=1), call(CUBE, axis=(0, -1)), call(CUBE, axis=2, keepdims=True),
        call(CUBE, keepdims=True), call(POINT)]  # fmt: skip
ONE_AXIS = [call(CUBE), call(CUBE, axis=1), call(CUBE, axis=-1, keepdims=True),
            call(CUBE, keepdims=True), call(WHOLE, axis=1)]  # fmt: skip

CALLS: dict[str, list[Call]] = {
    "all": [*AXES, call(MASK, axis=0), call(EMPTY), call(EMPTY, axis=0)],
    "any": [*AXES, call(MASK, axis=0), call(EMPTY), call(EMPTY, axis=0)],
    "argmax": ONE_AXIS,
    "argmin": ONE_AXIS,
    "count_nonzero": [*AXES, call(WHOLE, axis=1), call(MASK)],
    "max": [*AXES, call(WHOLE, axis=0), call(BYTES)],
    "min": [*AXES, call(WHOLE, axis=0), call(BYTES)],
    "mean": [*AXES, call(SINGLE), call(Z)],
    "sum": [*AXES, call(WHOLE, axis=0), call(BYTES), call(BYTES, axis=1), call(SINGLE), call(Z),
            call(BYTES.astype(np.uint8)), call(SINGLE, dtype="float64"), call(EMPTY),
            call(BYTES, dtype="int16"), call(EMPTY, axis=0), call(WHOLE, dtype="float64")],
    "prod": [*AXES, call(WHOLE, axis=0), call(BYTES), call(BYTES.astype(np.uint16), axis=0),
             call(SINGLE), call(SINGLE, dtype="float64", axis=1, keepdims=True), call(EMPTY)],
    "std": [*AXES, call(CUBE, correction=1), call(CUBE, axis=1, correction=0.5), call(SINGLE)],
    "var": [*AXES, call(CUBE, correction=1.0), call(CUBE, axis=(0, 1), correction=2, keepdims=True),
            call(SINGLE)],
    "cumulative_sum": [call(V), call(X, axis=1), call(X, axis=-2, include_initial=True),
                       call(BYTES, axis=0), call(V, dtype="float32"), call(V, include_initial=True),
                       call(BYTES, axis=1, dtype="int8")],
    "cumulative_prod": [call(V), call(X, axis=1), call(X, axis=0, include_initial=True),
                        call(BYTES, axis=0), call(SINGLE, axis=0, dtype="float64")],
    "diff": [call(V), call(X, axis=0), call(V, n=2), call(X, prepend=X[:, :1], append=X[:, :2]),
             call(CUBE, axis=1, n=2), call(WHOLE)],
    "sort": [call(V), call(X, axis=0), call(X, descending=True), call(WHOLE, descending=True),
             call(X, stable=False), call(BYTES.astype(np.uint8), descending=True)],
    "argsort": [call(V), call(V, descending=True), call(X, axis=0), call(WHOLE, descending=True),
                call(BYTES.astype(np.uint8), descending=True, axis=-2)],
    "tensordot": [call(X, X.T, axes=1), call(CUBE, CUBE, axes=3), call(X, X),
                  call(CUBE, CUBE, axes=((1, 0), (1, 0))), call(X, X, axes=0)],
    "vecdot": [call(X, X), call(Z, Z), call(CUBE, CUBE[:, :1], axis=-1), call(X, X, axis=-2)],
    "matmul": [call(X, X.T), call(STACK, A3), call(A3, A3[0]), call(WHOLE, WHOLE.T),
               call(Z, Z.T), call(SINGLE, X.T)],
    "matrix_transpose": [call(X), call(CUBE), call(WHOLE)],
    "clip": [call(X, -1.0, 1.0), call(X, min=0.0), call(X, max=0.5), call(X), call(WHOLE, 1, 3),
             call(BYTES, 0, 100), call(X, X - 0.5, max=X + 2), call(WHOLE, min=2), call(SINGLE, -1),
             call(SINGLE), call(SPECIAL, -1.0, 1.0), call(POINT, 0, 1)],
    "where": [call(MASK, X, -X), call(MASK, X, 0.0), call(MASK, 1, WHOLE[:, :3]),
              call(MASK, SINGLE, X), call(MASK[0], X, Z), call(np.array(True), V, V)],
    "nextafter": [call(X, X + 1), call(SINGLE, SINGLE - 1)],
    "arange": [call(5), call(2, 7), call(1, 10, 3), call(0.0, 1.0, 0.25), call(5, 0, -2),
               call(0, stop=4, step=2), call(4, dtype="float32"), call(4, device="cpu"),
               call(3, 1), call(2.5)],
    "empty": [call((2, 3)), call(4), call((), dtype="int16")],
    "zeros": [call((2, 3)), call(4), call((), dtype="int16"), call(2, device="cpu"),
              call(3, dtype="bool"), call((0, 2), dtype="complex64")],
    "ones": [call((2, 3)), call(shape=4), call((), dtype="int16"), call(2, dtype="complex128")],
    "empty_like": [call(X), call(WHOLE), call(X, dtype="int32")],
    "zeros_like": [call(X), call(BYTES), call(X, dtype="int32"), call(MASK), call(X, device="cpu")],
    "ones_like": [call(X), call(BYTES), call(X, dtype="bool"), call(Z)],
    "full": [call((2, 3), 1.5), call(3, 7), call((), True), call(2, 1, dtype="float32"),
             call(shape=(2,), fill_value=2j), call((2, 0), 1, device="cpu")],
    "full_like": [call(X, 3), call(BYTES, 7), call(X, fill_value=2.5, dtype="float32"),
                  call(MASK, True)],
    "eye": [call(3), call(2, 4), call(3, k=1), call(2, 3, k=-1, dtype="int32"), call(2, None),
            call(0), call(2, device="cpu")],
    "linspace": [call(0, 1, 5), call(0.0, 1.0, 4, endpoint=False), call(1, 2, num=3),
                 call(0, 1, 3, dtype="float32"), call(0, 1j, 3), call(5, 0, 6), call(1, 2, 1),
                 call(1, 2, 0)],
    "meshgrid": [call(V, SORTED), call(V, SORTED, indexing="ij"), call(V), call(V, V, SORTED)],
    "tril": [call(X), call(CUBE, k=1), call(WHOLE, k=-1)],
    "triu": [call(X), call(CUBE, k=1), call(WHOLE, k=-1)],
    "broadcast_arrays": [call(X, X[0]), call(V), call(POINT, WHOLE)],
    "broadcast_shapes": [call((2, 1), (3,)), call((1,), (4, 1), ()), call((0,), (1,))],
    "broadcast_to": [call(X, (4, 2, 3)), call(POINT, (2, 2)), call(WHOLE, shape=(1, 2, 4))],
    "concat": [call([X, X]), call((X, X), axis=1), call([X, V], axis=None), call([SINGLE, X]),
               call([WHOLE, WHOLE], axis=-1), call([BYTES, BYTES.astype(np.int32)])],
    "stack": [call([X, X]), call((X, X), axis=1), call([SINGLE, X], axis=-1), call([V])],
    "expand_dims": [call(X, 0), call(X, axis=-1), call(X, 1)],
    "squeeze": [call(X[None], 0), call(X[None, :, None], (0, 2)), call(X[..., None], axis=-1)],
    "flip": [call(X), call(X, axis=0), call(CUBE, axis=(0, 2)), call(WHOLE, axis=-1)],
    "roll": [call(X, 1), call(X, 1, axis=1), call(CUBE, (1, -2), axis=(0, 2)), call(V, shift=-1)],
    "isin": [call(WHOLE, np.array([1, 5])), call(WHOLE, 3)],
    "moveaxis": [call(CUBE, 0, 2), call(CUBE, (0, 1), (2, 0)), call(CUBE, -1, 0)],
    "permute_dims": [call(CUBE, (2, 0, 1)), call(X, axes=(1, 0)), call(CUBE, (-1, 0, 1))],
    "repeat": [call(X, 2), call(X, 2, axis=1), call(V, np.array([1, 0, 2, 1])),
               call(X, np.array([2, 1]), axis=0)],
    "reshape": [call(X, (3, 2)), call(X, shape=(-1,)), call(X, (6,), copy=True),
                call(POINT, (1, 1)), call(CUBE, (4, -1), copy=None),
                call(X, (3, 2), copy=False), call(EMPTY, (3, 0))],
    "searchsorted": [call(SORTED, V), call(SORTED, V, side="right"), call(SORTED, X),
                     call(SORTED[::-1].copy(), V, sorter=np.arange(4, -1, -1)), call(SORTED, 2.0)],
    "take": [call(V, np.array([2, 0, 2])), call(X, np.array([1, 0]), axis=1),
             call(CUBE, np.array([2, 2]), axis=-2)],
    "take_along_axis": [call(X, np.array([[0, 2], [1, 1]])), call(WHOLE, np.array([[1, 0, 0, 1]]),
                        axis=0)],
    "tile": [call(X, (2, 1)), call(V, (2,)), call(X, (2, 1, 2)), call(POINT, (3,))],
    "unstack": [call(X), call(CUBE, axis=-1), call(WHOLE, axis=1)],
    "astype": [call(X, "float32"), call(X, "int64"), call(WHOLE, "float64"), call(MASK, "int8"),
               call(X, "float64", copy=False), call(X, "float64", copy=True), call(X, "complex64"),
               call(WHOLE, "bool"), call(X, "float32", device="cpu"), call(SINGLE, "float64")],
    "nonzero": [call(WHOLE), call(MASK), call(V)],
    "unique_all": [call(WHOLE), call(V), call(EMPTY)],
    "unique_counts": [call(WHOLE), call(np.array([1.0, np.nan, np.nan, 0.0, -0.0, 1.0]))],
    "unique_inverse": [call(WHOLE), call(V), call(POINT)],
    "unique_values": [call(WHOLE), call(V), call(MASK), call(np.array([np.nan, 1.0, np.nan]))],
    "asarray": [call([[1, 2], [3, 4]]), call([1.0, 2.0]), call(3), call(2.5), call(True), call(1j),
                call([1, 2.5]), call([True, False]), call(X), call(X, copy=True), call([1, 2],
                dtype="float32"), call(5, dtype="uint8"), call(X, dtype="float32"),
                call([[], []]), call(X, device="cpu"), call(2**63, dtype="uint64"), call([1j, 2])],
    "from_dlpack": [call(X), call(WHOLE)],
    "isdtype": [call("float32", kind) for kind in (
        "bool", "signed integer", "unsigned integer", "integral", "real floating",
        "complex floating", "numeric", ("bool", "real floating"))],
    "can_cast": [call("int8", "int16"), call("float64", "float32"), call(X, "float32"),
                 call("uint8", "int8"), call("bool", "bool")],
    "result_type": [call("int8", "uint8"), call("float32", X), call(SINGLE, 1.0), call("int32", 1),
                    call(WHOLE, "int8", BYTES), call("complex64", "float64")],
}  # fmt: skip

LINALG_CALLS: dict[str, list[Call]] = {
    "cholesky": [call(A3), call(STACK), call(A3, upper=True)],
    "cross": [call(A3, A3[::-1]), call(A3, A3[0]), call(A3, A3[::-1], axis=-2)],
    "det": [call(A3), call(STACK)],
    "diagonal": [call(X), call(CUBE, offset=1), call(X, offset=-1)],
    "eigh": [call(A3), call(STACK)],
    "eigvalsh": [call(A3), call(STACK)],
    "inv": [call(A3), call(STACK)],
    "matmul": [call(X, X.T)],
    "matrix_norm": [call(X), call(CUBE), *(call(X, ord=o, keepdims=True) for o in (
        "fro", "nuc", 1, -1, 2, -2, float("inf"), -float("inf")))],
    "matrix_power": [call(A3, 3), call(A3, 0), call(STACK, -1)],
    "matrix_rank": [call(X), call(STACK), call(A3, rtol=0.7)],
    "matrix_transpose": [call(CUBE)],
    "outer": [call(V, SORTED), call(Z[0], Z[1])],
    "pinv": [call(X), call(STACK), call(A3, rtol=0.7)],
    "qr": [call(TALL), call(TALL, mode="complete"), call(STACK)],
    "slogdet": [call(A3), call(STACK)],
    "solve": [call(A3, A3[0]), call(STACK, A3), call(A3, STACK)],
    "svd": [call(X), call(TALL, full_matrices=False)],
    "svdvals": [call(X), call(STACK)],
    "tensordot": [call(X, X.T, axes=1)],
    "trace": [call(X), call(CUBE, offset=1), call(SINGLE, dtype="float64"), call(BYTES)],
    "vecdot": [call(Z, Z)],
    "vector_norm": [call(X), call(X, axis=1), call(CUBE, axis=(0, 2), keepdims=True), call(Z),
                    *(call(V, ord=o) for o in (0, 1, 3, -1, float("inf"), -float("inf"), 2.5))],
}  # fmt: skip

NORMS = [{}, {"norm": "ortho"}, {"norm": "forward"}]
FFT_CALLS: dict[str, list[Call]] = {
    **{name: [*(call(Z, **n) for n in NORMS), call(Z, n=4, axis=0), call(Z.astype(np.complex64))]
       for name in ("fft", "ifft", "hfft", "irfft")},
    **{name: [*(call(X, **n) for n in NORMS), call(X, n=4, axis=0), call(SINGLE)]
       for name in ("rfft", "ihfft")},
    **{name: [*(call(Z, **n) for n in NORMS), call(Z, axes=(1,)), call(Z, s=(2, 4), axes=(0, 1))]
       for name in ("fftn", "ifftn", "irfftn")},
    "rfftn": [*(call(X, **n) for n in NORMS), call(X, axes=(0,)), call(SINGLE)],
    "fftfreq": [call(5), call(4, d=0.5), call(4, dtype="float32"), call(3, device="cpu")],
    "rfftfreq": [call(5), call(4, d=0.5), call(4, dtype="float32")],
    "fftshift": [call(X), call(X, axes=1), call(CUBE, axes=(0, 2))],
    "ifftshift": [call(X), call(X, axes=1), call(CUBE, axes=(0, 2))],
}  # fmt: skip
