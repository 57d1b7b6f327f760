"""Every keyword of every function of NumPy's that takes tensors: computed right, or refused.

A call of NumPy's function on tensors has the values and the dtype of the call on arrays, and the
gradient of central differences of it; or it raises a TypeError (or NotImplementedError) that names
the keyword. Keywords are given one by one, in pairs, and by position. (Not of every function: that
none is missing, and that each keyword of each is used, is for `test_every_numpy_function`.)
"""

from __future__ import annotations

import inspect
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import cases_fft
import cases_linalg
import cases_sorting
import numpy as np
import pytest
from numpy.testing.overrides import (
    get_overridable_numpy_array_functions,
)
from numpy_versions import is_at_least

import mygrad as mg
from mygrad.interop.numpy_functions import _handlers

pytestmark = pytest.mark.numpy_only("NumPy's functions take host tensors")

X = np.array([[1.3, -0.7, 2.1], [0.4, 1.9, -1.2]])
Y = np.array([[0.6, 1.1, -0.3], [2.2, -1.4, 0.8]])
V = np.array([0.5, 1.5, -2.0])
SQUARE = np.array([[1.5, 0.2], [-0.3, 2.5]])
MASK = np.array([[True, False, True], [True, True, False]])
NoValue = np._NoValue  # type: ignore[attr-defined]
BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

ONE = """amax amin max min mean sum prod std var cumsum cumprod copy flip fliplr flipud imag real
    matrix_transpose ravel rot90 round fix sinc transpose tril triu atleast_1d atleast_2d atleast_3d
    unstack empty_like ones_like zeros_like linalg.norm clip linalg.matrix_transpose""".split()
CALLS: dict[str, list[tuple[Any, ...]]] = {
    **{name: [(X,)] for name in ONE},
    "clip": [(X, -0.5, 1.5), (X,)],
    "array_split": [(X, 2), (X, [1])],
    "astype": [(X, "float32"), (X, "float64")],
    "broadcast_arrays": [(X, V)],
    "broadcast_to": [(V, (2, 3))],
    "column_stack": [([V, V],)],
    "compress": [([True, False], X)],
    "concatenate": [([X, Y],)],
    "cumulative_prod": [(V,)],
    "cumulative_sum": [(V,)],
    "dot": [(X, V), (SQUARE, X), (SQUARE, np.stack([SQUARE, SQUARE + 1]))],
    "dsplit": [(X[None], [1])],
    "dstack": [([X, Y],)],
    "einsum": [("ij,j->i", X, V), (X, [0, 1], V, [1], [0])],
    "expand_dims": [(X, 0), (X, (0, 1))],
    "full_like": [(X, 2.5)],
    "geomspace": [(V[:1] + 1.0, 3.0)],
    "hsplit": [(X, 3)],
    "hstack": [([X, Y],)],
    "inner": [(X, Y)],
    "linspace": [(V, 3.0)],
    "logspace": [(V, 3.0)],
    "moveaxis": [(X, 0, 1)],
    "outer": [(V, V[:2])],
    "pad": [(X, 1), (X, ((1, 0), (2, 1)))],
    "repeat": [(X, 2), (X, [1, 2, 0, 1, 1, 1])],
    "reshape": [(X, (3, 2)), (X, -1)],
    "roll": [(X, 1)],
    "split": [(X, 2), (X, [1])],
    "squeeze": [(X[:, None],)],
    "stack": [([X, Y],)],
    "swapaxes": [(X, 0, 1)],
    "take": [(X, [1, 0, -1]), (X, np.array([1, 0], np.uint8))],
    "take_along_axis": [(X, np.array([[1, 0, 1]])), (X, np.array([[1, 0], [0, 2]]), 1)],
    "tensordot": [(X, Y), (SQUARE, SQUARE)],
    "tile": [(X, 2), (X, (2, 1, 2))],
    "unstack": [(X,)],
    "vdot": [(X, Y)],
    "vsplit": [(X, 2)],
    "vstack": [([X, Y],)],
    "where": [(MASK, X, Y), (X > 0, X, 1.5)],
    "linalg.matmul": [(SQUARE, X)],
    "linalg.multi_dot": [([SQUARE, X, V],)],
    "linalg.outer": [(V, V)],
    "linalg.tensordot": [(SQUARE, SQUARE)],
    **cases_fft.NUMPY_CALLS,
}
ELSEWHERE = {
    "copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask",  # they write
    "arange", "array", "asanyarray", "asarray", "empty", "eye", "full", "identity", "ones", "tri",
    "zeros",  # with like= only, which NumPy takes away
}  # fmt: skip

BY_NAME: dict[str, list[Any]] = {
    "axis": [0, 1, -1, None, (0, 1), 5],
    "axes": [0, 1, None, (0, 1), (1, 0), ((0,), (1,)), ((0,), (0, 1)), 7],
    "base": [3.0],
    "casting": ["no", "equiv", "safe", "same_kind", "unsafe"],
    "constant_values": [7, (1, 2), ((1, 2), (3, 4))],
    "copy": [True, False, None],
    "correction": [0, 1, NoValue],
    "ddof": [0, 1],
    "decimals": [1],
    "device": ["cpu", None],
    "dtype": [np.float32, np.float64, "int64", None],
    "end_values": [3],
    "endpoint": [False],
    "include_initial": [True, False],
    "indices_or_sections": [2],
    "initial": [2.5, NoValue],
    "k": [1, -1],
    "keepdims": [True, False, 1, NoValue],
    "max": [1.0, V],
    "mean": [np.array([[0.3], [0.4]]), NoValue],
    "min": [-0.5, V - 1.0],
    "num": [3],
    "optimize": [True, "greedy"],
    "ord": [1, 2, "fro"],
    "order": ["C", "F", "A", "K"],
    "out": [None],
    "reflect_type": ["even", "odd"],
    "retstep": [False, True],
    "shape": [(2, 2), None],
    "stat_length": [1],
    "subok": [True, False],
    "where": [MASK, MASK[:1], True, NoValue],
    **cases_fft.KEYWORDS,
}
FOR: dict[tuple[str, str], list[Any]] = {
    ("clip", "a_min"): [0.0, V - 1.0, None, NoValue],
    ("clip", "a_max"): [1.0, V, None, NoValue],
    ("clip", "dtype"): [np.float32],
    ("concatenate", "axis"): [0, 1, None, 5],
    ("linspace", "dtype"): [np.float32, np.float64, None],
    ("pad", "mode"): [
        "constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect",
        "symmetric", "wrap",
    ],
    ("rot90", "axes"): [(1, 0), (0, 0), (0, 5)],
    ("rot90", "k"): [0, 2, 3, -1],
    ("take", "mode"): ["raise", "wrap", "clip", "other"],
    ("tensordot", "axes"): [0, ((0,), (0,)), ((0, 1), (0, 1)), ((1,), (0,)), ((0,), (5,)), 7],
    **cases_fft.KEYWORDS_FOR,
}  # fmt: skip
for mine in (cases_sorting,):
    CALLS |= mine.CALLS
    BY_NAME |= mine.BY_NAME
    FOR |= mine.FOR
REST = {  # what **kwargs takes
    "clip": ["where", "dtype", "casting", "order", "subok"],
    "pad": ["constant_values", "end_values", "reflect_type", "stat_length"],
    "einsum": ["dtype", "order", "casting"] if is_at_least("2.4") else ["order", "casting"],
}
CALLS |= cases_linalg.CALLS
BY_NAME |= cases_linalg.BY_NAME
FOR |= cases_linalg.FOR
NOT_ALONE = ("a_min", "a_max")
"""Keywords that NumPy takes together only."""

counts: Counter[str] = Counter()


def functions() -> dict[str, Any]:
    """Those of NumPy's functions for which mygrad has something, by name."""
    found = {}
    overridable = get_overridable_numpy_array_functions()
    for f in _handlers():
        if f in overridable:
            found[f"{f.__module__}.{f.__name__}".removeprefix("numpy.")] = f
    return found


def tells(function: Any) -> bool:
    """Whether NumPy tells the signature of a function; before 2.1 not of built-in ones."""
    try:
        return bool(inspect.signature(function))
    except ValueError:
        return False


def samples(name: str, keyword: str) -> list[Any]:
    short = name.removeprefix("linalg.")
    found = FOR.get((short, keyword)) or BY_NAME[keyword]
    parameter = inspect.signature(functions()[name]).parameters.get(keyword)
    takes_nothing = parameter is not None and parameter.default is NoValue
    return [value for value in found if takes_nothing or value is not NoValue]


NARROW = ("float32", np.float32)
DEPRECATED = "interpolation"  # of quantiles, until NumPy 2.4


def keywords(name: str, f: Any) -> list[str]:
    parameters = inspect.signature(f).parameters.values()
    named = [p.name for p in parameters if p.default is not p.empty and p.name != DEPRECATED]
    return named + REST.get(name, [])


def as_tensors(tree: Any, made: list[Any]) -> Any:
    """Tensors in place of floating-point arrays; noted in `made`."""
    if isinstance(tree, np.ndarray) and tree.dtype.kind == "f":
        made.append((mg.tensor(tree), tree))
        return made[-1][0]
    if isinstance(tree, (list, tuple)):
        return type(tree)(as_tensors(branch, made) for branch in tree)
    return {k: as_tensors(v, made) for k, v in tree.items()} if isinstance(tree, dict) else tree


def results(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def parts(result: Any) -> list[Any]:
    """A result, or its real and imaginary parts: what is weighted and added up."""
    if np.asarray(getattr(result, "data", result)).dtype.kind != "c":
        return [result]
    return [mg.real(result), mg.imag(result)] if isinstance(result, mg.Tensor) else [
        result.real, result.imag,
    ]  # fmt: skip


def refuses(error: Exception, given: tuple[str, ...]) -> bool:
    kind = isinstance(error, (TypeError, NotImplementedError, ValueError))
    return kind and any(f"{name}=" in str(error) for name in given)


def total(f: Any, args: Any, kwargs: Any) -> float:
    found = [part for r in results(f(*args, **kwargs)) for part in parts(r)]
    return float(sum(np.sum(seed(r) * np.nan_to_num(r)) for r in found))


def seed(result: Any) -> Any:
    """The weights of a result; what is not finite has none."""
    weights = 0.5 + 0.25 * np.arange(np.size(result)).reshape(np.shape(result))
    return np.where(np.isfinite(result), weights, 0.0)


def slope(f: Any, args: Any, kwargs: Any, operand: Any) -> Any:
    """Central differences of the sum of all results, weighted, by an array among the arguments."""
    step, grad = 1e-6, np.zeros(operand.shape)
    for place in np.ndindex(operand.shape):
        kept = operand[place]
        operand[place] = kept + step
        above = total(f, args, kwargs)
        operand[place] = kept - step
        below = total(f, args, kwargs)
        operand[place] = kept
        grad[place] = (above - below) / (2 * step)
    return grad


def copied(tree: Any) -> Any:
    if isinstance(tree, np.ndarray):
        return tree.copy()
    if isinstance(tree, (list, tuple)):
        return type(tree)(copied(branch) for branch in tree)
    return {k: copied(v) for k, v in tree.items()} if isinstance(tree, dict) else tree


def check(f: Any, args: Any, kwargs: dict[str, Any], by_position: Any = ()) -> None:
    """One call, on arrays and on tensors."""
    args, kwargs = copied(args), copied(kwargs)
    made: list[Any] = []
    args_t = as_tensors(args, made)
    kwargs_t = as_tensors(kwargs, made)
    given = (*kwargs, *by_position)
    what = f"{f.__name__}{args} {kwargs}"
    try:
        expected = f(*args, **kwargs)
        failed = None
    except Exception as error:
        failed, expected = error, None
    try:
        got = f(*args_t, **kwargs_t)
    except Exception as error:
        counts["refused" if refuses(error, given) else "wrong call"] += 1
        assert failed is not None or refuses(error, given), f"{what}: {type(error)} {error}"
        return
    assert failed is None, f"{what} gave {got}, where NumPy says {failed}"
    counts["computed"] += 1
    want, have = results(expected), results(got)
    assert len(want) == len(have), what
    loss: Any = 0.0
    for w, h in zip(want, have, strict=True):
        array = h.data if isinstance(h, mg.Tensor) else h
        if f.__name__ != "empty_like":
            single = np.asarray(w).dtype == np.float32 or kwargs.get("dtype") in NARROW
            np.testing.assert_allclose(array, w, rtol=1e-5 if single else 1e-10, err_msg=what)
        assert np.asarray(array).dtype == np.asarray(w).dtype, f"{what}: {array!r} {w!r}"
        assert np.shape(array) == np.shape(w), what
        if isinstance(h, mg.Tensor) and not h.constant:
            for mine, theirs in zip(parts(h), parts(w), strict=True):
                loss = loss + mg.sum(mine * seed(theirs))
    if f.__name__ in ("empty_like", "ones_like", "zeros_like", "full_like"):
        return
    single = [np.asarray(w).dtype for w in want] + [v for v in kwargs.values() if v is np.float32]
    if any(dtype == np.float32 for dtype in single):
        f, kwargs = in_double(f), kwargs
    if isinstance(loss, mg.Tensor):
        loss.backward()
    for t, array in made:
        wanted = np.zeros_like(array)
        if any(np.asarray(w).dtype.kind in "fc" for w in want):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted = slope(f, args, kwargs, array)
        grad = np.zeros_like(array) if t.grad is None else t.grad
        np.testing.assert_allclose(grad, wanted, rtol=1e-4, atol=1e-5, err_msg=what)
        counts["gradients"] += 1


def in_double(f: Any) -> Any:
    """A function that computes in float64 where float32 is asked for: differences need it."""

    def function(*args: Any, **kwargs: Any) -> Any:
        args = tuple("float64" if isinstance(a, str) and a == "float32" else a for a in args)
        args = tuple(np.float64 if a is np.float32 else a for a in args)
        return f(*args, **{k: np.float64 if v is np.float32 else v for k, v in kwargs.items()})

    return function


def calls(name: str, f: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], tuple[str, ...]]]:
    known = keywords(name, f)
    parameters = inspect.signature(f).parameters
    places = [n for n, p in parameters.items() if p.kind in BY_PLACE]
    by_name = [
        n for n in known if n not in parameters or parameters[n].kind is not BY_PLACE[0]
    ]
    for args in CALLS[name]:
        yield args, {}, ()
        spread = any(p.kind is p.VAR_POSITIONAL for p in parameters.values())
        taken = () if spread else places[: len(args)]
        free = [n for n in by_name if n not in taken]
        for keyword in free:
            for value in samples(name, keyword):
                if keyword not in NOT_ALONE:
                    yield args, {keyword: value}, ()
        for one, other in combinations(free, 2):
            if (one in NOT_ALONE) != (other in NOT_ALONE):
                continue
            for a in samples(name, one)[:3]:
                for b in samples(name, other)[:2]:
                    yield args, {one: a, other: b}, ()
        for k, keyword in enumerate(places[len(args) :], start=len(args)):
            if spread or keyword in NOT_ALONE:
                break
            between = tuple(parameters[n].default for n in places[len(args) : k])
            for value in samples(name, keyword):
                yield (*args, *between, value), {}, (keyword,)


@pytest.mark.parametrize("name", sorted((functions().keys() & CALLS.keys()) - ELSEWHERE))
def test_keywords(name: str) -> None:
    f = functions()[name]
    if not tells(f):
        pytest.skip("this NumPy does not tell the signatures of built-in functions")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for args, kwargs, by_position in calls(name, f):
            check(f, args, kwargs, by_position)


def test_the_sweep_is_a_large_one() -> None:
    """How much there was to check, and how much of it is computed and not refused."""
    counts.clear()
    for name in ("take", "stack", "pad", "reshape"):
        test_keywords(name)
    assert counts["computed"] > counts["refused"] > 0
    assert counts["gradients"] > 100
