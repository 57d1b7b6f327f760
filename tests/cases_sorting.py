"""Cases for what sorts, counts, averages, and leaves NaN out.

`cases()` is a part of the table in `primitive_cases`, whose words it uses; `CALLS`, `BY_NAME` and
`FOR` are parts of those in `test_numpy_keywords`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["BY_NAME", "CALLS", "ELSEWHERE", "FOR", "REAL_ONLY", "cases"]

MASK = np.array([[True, False, True], [True, True, False]])
ORDER = np.array([2, 0, 1])
ORDERS = np.array([[2, 0], [0, 2], [1, 1]])
WEIGHTED = {"method": "inverted_cdf", "weights": [1.0, 3.0, 2.0]}


def cases() -> dict[str, list[Any]]:
    """By name, example calls of primitives and of functions made of them."""
    from primitive_cases import Case, on, over, reductions, spreads, then

    return {
        "sort": [on((5,)), on((2, 3), axis=0), on((2, 3), axis=None)],
        "partition": [then((5,), extra=(2,)), then((2, 4), extra=([1, -1], 1)),
                      then((2, 3), extra=(2, None))],
        "put_back": [then((3,), extra=(ORDER, 0)), then((3, 2), extra=(ORDERS, 0))],
        "evenly_spaced": [then((), (), extra=(4,))],
        "unique_values": [on((5,)), on((2, 3))],
        "union1d": [on((3,), (4,)), on((2, 2), (3,))],
        "setxor1d": [on((3,), (4,))],
        "trim_zeros": [on((4,))],
        "extract": [Case(((2, 3),), leading=(MASK,))],
        "median": [*reductions(), on((4, 3), axis=0), on((5,), overwrite_input=True)],
        "quantile": [
            then((5,), extra=(0.3,)), on((2, 4), q=0.77, axis=1, method="hazen"),
            then((2, 3, 2), extra=(0.77, (0, -1))), on((2, 3), q=0.4, axis=0, keepdims=True),
            then((), extra=(0.5,)), on((2, 3), q=[0.25, 0.5], axis=1, **WEIGHTED),
        ],
        "percentile": [then((5,), extra=(30.0,))],
        "nanmedian": [*reductions(), on((4, 3), axis=0)],
        "nanquantile": [
            then((5,), extra=(0.3,)), on((2, 3), q=0.4, axis=0, keepdims=True, method="weibull"),
        ],
        "nanpercentile": [then((5,), extra=(30.0,))],
        "average": [*reductions(), over((2, 3), (2, 3), domain=(0.3, 2.5)),
                    over((2, 3), (3,), domain=(0.3, 2.5))][:6],
        "ptp": reductions()[:-2],
        "nansum": reductions(),
        "nanprod": reductions((0.4, 1.6)),
        "nanmin": reductions(),
        "nanmax": reductions(),
        "nanmean": reductions(),
        "nanvar": spreads(),
        "nanstd": spreads(),
        "nancumsum": [on((4,)), on((2, 3), axis=1), on((2, 3))],
        "nancumprod": [on((4,)), on((2, 3), axis=1)],
        "nan_to_num": [on((2, 3)), on((), nan=2.0)],
        "histogram_bin_edges": [then((5,), extra=(3,))],
    }  # fmt: skip


REAL_ONLY = {"histogram_bin_edges", "nanpercentile", "nanquantile", "percentile", "quantile"}
"""Functions that refuse complex numbers, as NumPy does."""

X = np.array([[1.3, -0.7, 2.1], [0.4, 1.9, -1.2]])
H = np.array([[1.3, np.nan, 2.1], [0.4, 1.9, np.nan]])
V = np.array([0.5, 1.5, -2.0])
W = np.array([1.5, 0.5, 1.25, -2.0, 0.0])
WEIGHTS = np.array([[1.5, 0.5, 2.0], [0.25, 1.0, 0.75]])

REDUCED = "median nanmedian ptp average".split()
FILLED = "nansum nanprod nanmin nanmax nanmean nanvar nanstd nancumsum nancumprod nanmedian".split()

CALLS: dict[str, list[tuple[Any, ...]]] = {
    **{name: [(X,)] for name in REDUCED},
    **{name: [(H,)] for name in FILLED},
    "average": [(X,), (X, 1, WEIGHTS)],
    "sort": [(X,)],
    "partition": [(X, 1)],
    "unique": [(W,), (X,)],
    "unique_values": [(V,)],
    "unique_counts": [(W,)],
    "unique_inverse": [(W,)],
    "unique_all": [(W,)],
    "union1d": [(V, V + 0.25)],
    "setxor1d": [(V, V + 0.25)],
    "extract": [(MASK, X)],
    "quantile": [(X, 0.3), (X, [0.1, 0.7]), (X, np.array(0.33))],
    "percentile": [(X, 30), (X, [10.0, 70.0])],
    "nanquantile": [(H, 0.3), (X, [0.1, 0.7])],
    "nanpercentile": [(H, 30), (X, np.array([12.0, 71.0]))],
    "nan_to_num": [(H,)],
    "histogram": [(X,), (X, 3)],
    "histogram2d": [(V, V[::-1] + 0.125)],
    "histogram_bin_edges": [(X,), (X, 3)],
    "bincount": [(np.array([3, 1, 0, 1]),)],
}
ELSEWHERE = {"histogramdd", "intersect1d", "setdiff1d", "sort_complex", "trim_zeros"}
"""Those with results in lists, with complex ones, and those that jump where elements are 0 or
equal: files of tests of their own have them."""

BY_NAME: dict[str, list[Any]] = {
    "assume_unique": [False],
    "bins": [4, [-1.3, 0.0, 0.7, 3.0], "sturges", 2.5],
    "density": [True, False],
    "descending": [True, False],
    "equal_nan": [True, False],
    "kind": ["stable"],
    "method": [
        "linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf",
        "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased",
        "normal_unbiased", "cubic",
    ],
    "minlength": [0, 6],
    "nan": [1.5],
    "neginf": [-7.0],
    "overwrite_input": [False],
    "posinf": [7.0],
    "range": [(-1.55, 2.43), (0.03, 2)],
    "return_counts": [True],
    "return_index": [True],
    "return_inverse": [True],
    "returned": [True, False],
    "sorted": [True],
    "stable": [True, None],
    "weights": [None, WEIGHTS],
}  # fmt: skip
FOR: dict[tuple[str, str], list[Any]] = {
    ("bincount", "weights"): [None, np.array([0.5, 1.5, 2.0, 0.25])],
    ("histogram2d", "weights"): [None, np.array([0.5, 1.5, 2.0])],
    ("histogram2d", "range"): [None, [(-2.6, 2.03), (-3.1, 1.07)]],
    ("histogram2d", "bins"): [3, [2, 4], [[-2.6, 0.1, 2.0], 2]],
    ("partition", "kind"): ["introselect"],
    ("unique", "axis"): [None, 0],
    ("nan_to_num", "copy"): [True],
    ("nanvar", "dtype"): [np.float64, "int64", None],
    ("nanstd", "dtype"): [np.float64, "int64", None],
}
