"""The namespace of the array API standard on arrays of all shapes, empty ones among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from test_array_api import all_of_the_standard, inside, put, strict, xp  # noqa: F401

import mygrad as mg

pytestmark = pytest.mark.skipif(
    mg.backends.selected_adapter().name in ("cupy", "dpnp"),
    reason="thousands of small calls take minutes there; other tests have the shapes of most",
)
SHAPES = [(), (1,), (3,), (0,), (2, 3), (0, 3), (3, 0), (2, 0, 3), (1, 4, 2)]
MATRICES = [(2, 3), (3, 2), (0, 3), (3, 0), (2, 2, 3), (0, 2, 3), (1, 1), (2, 3, 3)]
SQUARES = [(0, 0), (1, 1), (3, 3), (0, 2, 2), (2, 0, 0), (2, 3, 3)]
DTYPES = ["int8", "float32", "complex128", "bool", "uint16"]
Rows = Iterator[tuple[tuple[Any, ...], dict[str, Any]]]


def array(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    rng = np.random.default_rng(len(shape))
    turned = 1j * rng.normal(size=shape) if dtype.startswith("complex") else 0
    return np.asarray(abs(3 * rng.normal(size=shape)) + turned).astype(dtype)


def axes(a: np.ndarray) -> list[Any]:
    return [*range(-a.ndim, a.ndim)]


def over_axes(a: np.ndarray) -> Rows:
    for axis in (None, *axes(a), tuple(range(a.ndim))):
        for keepdims in (False, True):
            yield (a,), {"axis": axis, "keepdims": keepdims}


def over_one(a: np.ndarray) -> Rows:
    return (row for row in over_axes(a) if not isinstance(row[1]["axis"], tuple))


def along(**options: Any) -> Callable[[np.ndarray], Rows]:
    return lambda a: (((a,), {"axis": axis, **options}) for axis in axes(a))


def several(*options: dict[str, Any]) -> Callable[[np.ndarray], Rows]:
    return lambda a: (((a,), o) for o in options)


def twice(a: np.ndarray) -> Rows:
    for axis in axes(a):
        yield ([a, a],), {"axis": axis}


ROWS: dict[str, Callable[[np.ndarray], Rows]] = {
    **dict.fromkeys("all any max min mean sum prod std var count_nonzero".split(), over_axes),
    **dict.fromkeys(("argmax", "argmin"), over_one),
    **dict.fromkeys(("cumulative_sum", "cumulative_prod"), along(include_initial=True)),
    **dict.fromkeys(("sort", "argsort"), along(descending=True)),
    **dict.fromkeys(("concat", "stack"), twice),
    "diff": along(n=2),
    "unstack": along(),
    "flip": along(),
    "expand_dims": along(),
    **dict.fromkeys("unique_all unique_counts unique_inverse unique_values nonzero abs square "
                    "clip sign conj zeros_like matrix_transpose".split(), several({})),
    **dict.fromkeys(("tril", "triu"), several({}, {"k": 1}, {"k": -5})),
    "roll": lambda a: (((a, 2), o) for o in ({}, *({"axis": k} for k in axes(a)))),
    "repeat": lambda a: (((a, 2), o) for o in ({}, *({"axis": k} for k in axes(a)))),
    "tile": lambda a: (((a, n), {}) for n in ((), (2,), (2, 1, 2))),
    "reshape": lambda a: (((a, s), {}) for s in ((a.size,), (1, a.size))),
    "permute_dims": lambda a: iter([((a, tuple(range(a.ndim))[::-1]), {})]),
    "broadcast_to": lambda a: iter([((a, (2, *a.shape)), {})]),
    "matmul": lambda a: iter([((a, a), {}), ((a, a.T), {})]),
    "vecdot": lambda a: iter([((a, a), {})]),
    "tensordot": lambda a: iter([((a, a), {"axes": 0}), ((a, a), {"axes": a.ndim})]),
    "where": lambda a: iter([((a != 0, a, a), {})]),
    "linalg.vector_norm": lambda a: (
        (row, o | {"ord": n}) for row, o in over_axes(a) for n in (0, 1, 2, 3.5, float("inf"))),
    **dict.fromkeys(("fft.fft", "fft.rfft", "fft.irfft", "fft.hfft"), along(n=4)),
    **dict.fromkeys(("fft.fftn", "fft.rfftn"), several({}, {"s": (3, 2), "axes": (0, -1)})),
}  # fmt: skip
STACKS: dict[str, tuple[Callable[[np.ndarray], Rows], list[tuple[int, ...]]]] = {
    **dict.fromkeys(("linalg.svdvals", "linalg.diagonal"), (several({}), MATRICES)),
    **dict.fromkeys(("linalg.pinv", "linalg.matrix_rank"),
                    (several({}, {"rtol": 0.3}), MATRICES)),
    "linalg.trace": (several({}, {"offset": -1}, {"offset": 4}), MATRICES),
    "linalg.matrix_norm": (several(*({"ord": o, "keepdims": o == 1}
                           for o in ("fro", "nuc", 1, -1, 2, -2, float("inf")))), MATRICES),
    **dict.fromkeys(("linalg.det", "linalg.inv", "linalg.slogdet"), (several({}), SQUARES)),
    "linalg.matrix_power": (lambda a: (((a, n), {}) for n in (-1, 0, 3)), SQUARES),
    "linalg.solve": (lambda a: iter([((a, a), {}), ((a, a[..., 0].ravel()[: a.shape[-1]]), {})]),
                     [s for s in SQUARES if 0 not in s]),
}  # fmt: skip


def both(path: str, args: Any, options: Any, ours: Any) -> Iterator[tuple[Any, Any]]:
    """Each result here, and what array-api-strict says; nothing where that refuses the call."""
    room, _, name = path.rpartition(".")
    try:
        wanted = getattr(inside(room, strict), name)(*(put(a, strict) for a in args), **options)
    except (TypeError, ValueError, IndexError, np.linalg.LinAlgError):
        return
    found = getattr(inside(room, ours), name)(*(put(a, ours) for a in args), **options)
    several = isinstance(wanted, tuple)
    yield from zip(found, wanted, strict=True) if several else [(found, wanted)]


@pytest.mark.parametrize("path", [*ROWS, *STACKS])
def test_shapes(path: str, xp: Any) -> None:  # noqa: F811
    rows, shapes = STACKS.get(path) or (ROWS[path], SHAPES)
    count = 0
    for dtype in DTYPES:
        for shape in shapes:
            for args, options in rows(array(shape, dtype)):
                for found, wanted in both(path, args, options, xp):
                    a, b = found._on_host(), wanted._array
                    assert (a.shape, a.dtype) == (b.shape, b.dtype), (shape, dtype, options)
                    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
                    count += 1
    assert count


@pytest.mark.parametrize("shape", [(-1,), (-1, 2), (2, -1), [-1]])
@pytest.mark.parametrize("value", [3.0, [3.0]], ids=["no axes", "one axis"])
def test_no_length_is_negative(value: Any, shape: Any, xp: Any) -> None:  # noqa: F811
    """Only `reshape` reads -1 as the length that is left over."""
    with pytest.raises((ValueError, TypeError), match="broadcast_to"):
        xp.broadcast_to(xp.asarray(value), shape)
