"""The functions of the Python array API standard, by how they are called.

Each row is a parameter list, as Python writes it, and the functions that have it. What stands for a
function is made of them (`mygrad.interop.array_api.functions`): so that a call is refused where
the standard refuses it, and `inspect.signature` shows what the standard says.

Adapters take from it, by `only_the_standard`, which functions of a library they may rely on.

Source: the standard, https://data-apis.org/array-api/2025.12/API_specification/.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

__all__ = [
    "CONSTANTS", "DTYPES", "FFT", "LINALG", "MAIN", "UNTOUCHED", "VERSION", "VERSIONS",
    "WITHOUT_DERIVATIVE", "only_the_standard",
]  # fmt: skip

VERSION = "2025.12"
VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", VERSION)

CONSTANTS = ("e", "inf", "nan", "newaxis", "pi")
DTYPES = tuple(
    """bool complex64 complex128 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32
    uint64""".split()
)


def _by_name(rows: dict[str, str]) -> dict[str, str]:
    return {name: parameters for parameters, names in rows.items() for name in names.split()}


MAIN = _by_name({
    # element by element
    "x, /": """abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1
        floor imag isfinite isinf isnan log log10 log1p log2 logical_not negative positive real
        reciprocal round sign signbit sin sinh sqrt square tan tanh trunc
        matrix_transpose nonzero unique_all unique_counts unique_inverse unique_values""",
    "x1, x2, /": """add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift
        bitwise_xor copysign divide equal floor_divide greater greater_equal hypot less less_equal
        logaddexp logical_and logical_or logical_xor maximum minimum multiply nextafter not_equal
        pow remainder subtract matmul""",
    "x, /, min=None, max=None": "clip",
    "condition, x1, x2, /": "where",
    # over axes
    "x, /, *, axis=None, keepdims=False": "all any argmax argmin count_nonzero max mean min",
    "x, /, *, axis=None, dtype=None, keepdims=False": "prod sum",
    "x, /, *, axis=None, correction=0.0, keepdims=False": "std var",
    "x, /, *, axis=None, dtype=None, include_initial=False": "cumulative_prod cumulative_sum",
    "x, /, *, axis=-1, n=1, prepend=None, append=None": "diff",
    "x, /, *, axis=-1, descending=False, stable=True": "argsort sort",
    "x1, x2, /, *, axes=2": "tensordot",
    "x1, x2, /, *, axis=-1": "vecdot",
    # arrays that are made
    "start, /, stop=None, step=1, *, dtype=None, device=None": "arange",
    "obj, /, *, dtype=None, device=None, copy=None": "asarray",
    "shape, *, dtype=None, device=None": "empty ones zeros",
    "x, /, *, dtype=None, device=None": "empty_like ones_like zeros_like",
    "n_rows, n_cols=None, /, *, k=0, dtype=None, device=None": "eye",
    "x, /, *, device=None, copy=None": "from_dlpack",
    "shape, fill_value, *, dtype=None, device=None": "full",
    "x, /, fill_value, *, dtype=None, device=None": "full_like",
    "start, stop, /, num, *, dtype=None, device=None, endpoint=True": "linspace",
    "*arrays, indexing='xy'": "meshgrid",
    "x, /, *, k=0": "tril triu",
    # shapes, places, sets
    "*arrays": "broadcast_arrays",
    "*shapes": "broadcast_shapes",
    "x, /, shape": "broadcast_to",
    "arrays, /, *, axis=0": "concat stack",
    "x, /, axis=0": "expand_dims",
    "x, /, *, axis=None": "flip",
    "x1, x2, /, *, invert=False": "isin",
    "x, source, destination, /": "moveaxis",
    "x, /, axes": "permute_dims",
    "x, repeats, /, *, axis=None": "repeat",
    "x, /, shape, *, copy=None": "reshape",
    "x, /, shift, *, axis=None": "roll",
    "x1, x2, /, *, side='left', sorter=None": "searchsorted",
    "x, /, axis": "squeeze",
    "x, indices, /, *, axis=None": "take",
    "x, indices, /, *, axis=-1": "take_along_axis",
    "x, repetitions, /": "tile",
    "x, /, *, axis=0": "unstack",
    # dtypes, and the library
    "x, dtype, /, *, copy=True, device=None": "astype",
    "from_, to, /": "can_cast",
    "type, /": "finfo iinfo",
    "dtype, kind": "isdtype",
    "*arrays_and_dtypes": "result_type",
    "": "__array_namespace_info__",
})  # fmt: skip

LINALG = _by_name({
    "x, /": "det eig eigh eigvals eigvalsh inv matrix_transpose slogdet svdvals",
    "x1, x2, /": "matmul outer solve",
    "x, /, *, upper=False": "cholesky",
    "x1, x2, /, *, axis=-1": "cross vecdot",
    "x, /, *, offset=0": "diagonal",
    "x, /, *, keepdims=False, ord='fro'": "matrix_norm",
    "x, n, /": "matrix_power",
    "x, /, *, rtol=None": "matrix_rank pinv",
    "x, /, *, mode='reduced'": "qr",
    "x, /, *, full_matrices=True": "svd",
    "x1, x2, /, *, axes=2": "tensordot",
    "x, /, *, offset=0, dtype=None": "trace",
    "x, /, *, axis=None, keepdims=False, ord=2": "vector_norm",
})

FFT = _by_name({
    "x, /, *, n=None, axis=-1, norm='backward'": "fft hfft ifft ihfft irfft rfft",
    "x, /, *, s=None, axes=None, norm='backward'": "fftn ifftn irfftn rfftn",
    "n, /, *, d=1.0, dtype=None, device=None": "fftfreq rfftfreq",
    "x, /, *, axes=None": "fftshift ifftshift",
})

WITHOUT_DERIVATIVE = frozenset(
    """all any argmax argmin argsort bitwise_and bitwise_invert bitwise_left_shift bitwise_or
    bitwise_right_shift bitwise_xor count_nonzero equal greater greater_equal isfinite isin isinf
    isnan less less_equal logical_and logical_not logical_or logical_xor nonzero not_equal
    searchsorted signbit""".split()
)
"""Functions of the array library: their results are booleans and integers, as constant tensors."""

UNTOUCHED = frozenset(
    "__array_namespace_info__ can_cast finfo iinfo isdtype result_type".split()
)
"""Functions of the array library whose results are no arrays."""


def only_the_standard(library: Any) -> SimpleNamespace:
    """The functions, constants and dtypes of a library that the standard names, and no others.

    mygrad takes functions of an adapter's `xp` that have the name of one of its operations to mean
    what NumPy's mean. A library of another tradition means something else by some of them; with
    this for its `xp` mygrad composes what the standard does not have, and `Adapter.kernels` says
    which functions of the library may take the place of that.

    Parameters
    ----------
    library
        A namespace that complies with the standard, of array-api-compat, say.

    Returns
    -------
    SimpleNamespace

    Examples
    --------
    >>> import array_api_compat.numpy
    >>> from mygrad.arrays.standard import only_the_standard
    >>> xp = only_the_standard(array_api_compat.numpy)
    >>> hasattr(xp, "cumulative_sum"), hasattr(xp, "cumsum")
    (True, False)
    """
    names = (*MAIN, *CONSTANTS, *DTYPES, "fft", "linalg")
    found = {name: getattr(library, name) for name in names if hasattr(library, name)}
    return SimpleNamespace(**found)
