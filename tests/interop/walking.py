"""One call of a function of NumPy's, on arrays and on tensors: values, dtypes, gradients.

Gradients are compared with central differences of the call on arrays, by every floating-point array
among the arguments: also where no tensor comes back, so that a gradient that is lost shows.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.char
import numpy.fft
import numpy.lib.recfunctions
import numpy.lib.scimath
import numpy.polynomial
import numpy.strings
from calls_of_numpy import CALLS, REFUSED
from example_calls import Call
from gradcheck import host
from numpy.testing.overrides import (
    get_overridable_numpy_array_functions,
    get_overridable_numpy_ufuncs,
)

import mygrad as mg

__all__ = ["FUNCTIONS", "Found", "automatic", "compared", "functions", "keywords_of", "walked"]

STEP = 1e-6


def functions() -> dict[str, Any]:
    """All functions and ufuncs that NumPy lets a class override, by name, without ``numpy.``"""
    found: dict[str, Any] = {}
    for f in get_overridable_numpy_array_functions():
        name = f"{f.__module__}.{f.__name__}".removeprefix("numpy.")
        owner: Any = np
        for part in name.split(".")[:-1]:
            owner = getattr(owner, part, None)
        if owner is None:  # somebody's who uses NumPy's decorator
            continue
        if name not in found or getattr(owner, f.__name__, None) is f:  # not its form for like=
            found[name] = f
    for f in get_overridable_numpy_ufuncs():
        public = getattr(np, f.__name__, None) is f
        found[f.__name__ if public else f"ufunc {f.__name__}"] = f
    return found


FUNCTIONS = functions()


class Found:
    """What the calls of one function have shown.

    Attributes
    ----------
    by
        The parameters by which gradients came, and agreed with differences.
    keywords
        Those that were given in calls that succeeded.
    calls, gradients
        How many were compared.
    raw
        Whether some result was a raw array of floating-point numbers.
    """

    def __init__(self) -> None:
        self.by: set[str] = set()
        self.keywords: set[str] = set()
        self.calls = self.gradients = 0
        self.tensors = False


# --- trees of arguments and of results ------------------------------------------------------
def flat(tree: Any) -> Iterator[Any]:
    """Arrays, tensors and numbers in (nested) results."""
    if isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from flat(branch)
    else:
        yield tree


def mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, np.ndarray):
        return change(tree)
    if type(tree) in (list, tuple):
        return type(tree)(mapped(change, branch) for branch in tree)
    return {k: mapped(change, v) for k, v in tree.items()} if type(tree) is dict else tree


def tensors_in(tree: Any) -> Iterator[Any]:
    if isinstance(tree, mg.Tensor):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from tensors_in(branch)
    elif isinstance(tree, dict):
        yield from tensors_in(list(tree.values()))


def is_float(a: Any) -> bool:
    if isinstance(a, (type, np.dtype)) or not hasattr(a, "shape"):
        return False
    return a.dtype.kind in "fc"


def weights(a: Any) -> Any:
    """The weights of a result in the loss; what is not finite has none."""
    a = np.asarray(a)
    w = (0.5 + 0.25 * np.arange(a.size) + 0.1 * np.cos(5.0 * np.arange(a.size))).reshape(a.shape)
    if a.dtype.kind == "c":
        w = w * (1.0 - 0.3j)
    return np.where(np.isfinite(a), w, 0.0)


def loss_of(results: Any) -> Any:
    """The weighted sum of all results that are floating-point numbers."""
    loss: Any = 0.0
    for k, r in enumerate(flat(results)):
        if is_float(r):
            loss = loss + np.sum((weights(r) * np.nan_to_num(r)).real) / (k + 1)
    return loss


# --- one call --------------------------------------------------------------------------------
def run(f: Any, one: Call, args: Any, kwargs: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", mg.errors.GradientDetached)
        return f(*args, **kwargs) if one.run is None else one.run(f, *args, **kwargs)


class Noting:
    """A function that notes what it is called with."""

    def __init__(self, f: Any, seen: list[dict[str, Any]]) -> None:
        self.f, self.seen = f, seen

    def __call__(self, *given: Any, **options: Any) -> Any:
        self.seen.append(bound(self.f, given, options))
        return self.f(*given, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.f, name)


def bound(f: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """The arguments of a call by the names of NumPy's parameters."""
    if isinstance(f, np.ufunc):
        names = ["x"] if f.nin == 1 else [f"x{k + 1}" for k in range(f.nin)]
        return dict(zip(names, args, strict=False)) | kwargs
    try:
        found = inspect.signature(f).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return dict(kwargs)
    for name, p in inspect.signature(f).parameters.items():
        if p.kind is p.VAR_KEYWORD:
            found |= found.pop(name, {})
    return found


def compared(f: Any, one: Call, found: Found) -> None:
    """Make one call on arrays and on tensors, and compare."""
    arrays: list[Any] = []

    def kept(a: Any) -> Any:
        if is_float(a):
            arrays.append(a.copy(order="K"))
            return arrays[-1]
        return a.copy()

    args, kwargs = mapped(kept, (one.args, one.kwargs))
    want = run(f, one, args, kwargs)

    leaves: list[Any] = []
    seen: list[dict[str, Any]] = []

    def leaf(a: Any) -> Any:
        if is_float(a):
            leaves.append(mg.tensor(a))
            return leaves[-1]
        return a.copy()

    args_t, kwargs_t = mapped(leaf, (one.args, one.kwargs))
    got = run(Noting(f, seen), one, args_t, kwargs_t)
    _same_values(want, got)
    wanted = _slopes(f, one, arrays, args, kwargs)
    parts = list(flat(got))
    loss: Any = 0.0
    for k, (r, w) in enumerate(zip(parts, flat(want), strict=True)):
        if isinstance(r, mg.Tensor):
            found.tensors = True
            if not r.constant:
                weight = np.asarray(weights(w))
                finite = mg.where(np.isfinite(w), r, 0.0) if not np.all(np.isfinite(w)) else r
                loss = loss + mg.sum(mg.real(finite * weight)) / (k + 1)
    if isinstance(loss, mg.Tensor):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mg.errors.NothingToDifferentiate)
            loss.backward()
    for t, slope in zip(leaves, wanted, strict=True):
        grad = np.zeros(slope.shape) if t.grad is None else host(t.grad)
        np.testing.assert_allclose(grad, slope, rtol=1e-4, atol=1e-5, err_msg="the gradient")
        found.gradients += 1
    for given in seen:
        found.keywords |= given.keys()
        for name, value in given.items():
            for t in tensors_in(value):
                if t.grad is not None and np.any(host(t.grad)) and name not in ("like", "out"):
                    found.by.add(name)
    found.calls += 1


def _same_values(want: Any, got: Any) -> None:
    ours, theirs = list(flat(got)), list(flat(want))
    assert len(ours) == len(theirs), f"{len(ours)} results, where NumPy has {len(theirs)}"
    for mine, w in zip(ours, theirs, strict=True):
        if not hasattr(w, "dtype") or isinstance(w, (type, np.dtype)):
            assert mine == w, f"{mine!r}, where NumPy has {w!r}"
            continue
        a = host(mine) if isinstance(mine, mg.Tensor) or not isinstance(mine, np.generic) else mine
        kinds = np.asarray(a).dtype.kind + w.dtype.kind
        if ON_JAX and kinds == "cf":  # roots, which are complex there always
            assert not np.any(np.imag(a))
            a = np.real(a)
        if not (ON_JAX and kinds == "ii"):  # its positions and counts are of 32 bits
            assert np.asarray(a).dtype == w.dtype, f"{a.dtype}, where NumPy has {w.dtype}"
        assert np.shape(a) == np.shape(w), f"shape {np.shape(a)}, where NumPy has {np.shape(w)}"
        if w.dtype.kind in "fc":
            tolerance = 1e-5 if w.dtype.itemsize <= 4 * (1 + (w.dtype.kind == "c")) else 1e-9
            np.testing.assert_allclose(a, w, rtol=tolerance, atol=1e-12)
        else:
            np.testing.assert_array_equal(a, w)


def _slopes(f: Any, one: Call, arrays: list[Any], args: Any, kwargs: Any) -> list[Any]:
    """Central differences by every array; of complex ones by both parts: d/da - i d/db."""
    kwargs = {k: np.float64 if v is np.float32 else v for k, v in kwargs.items()}
    args = tuple("float64" if isinstance(a, str) and a == "float32" else a for a in args)

    def total() -> float:
        return float(loss_of(run(f, one, args, kwargs)))

    slopes = []
    for a in arrays:
        slope = np.zeros(a.shape, a.dtype)
        for place in np.ndindex(a.shape):
            kept = a[place]
            for step, unit in ((STEP, 1.0), (1j * STEP, -1j))[: 1 + (a.dtype.kind == "c")]:
                a[place] = kept + step
                above = total()
                a[place] = kept - step
                slope[place] += unit * (above - total()) / (2 * STEP)
            a[place] = kept
        slopes.append(slope)
    return slopes


# --- options that many functions have --------------------------------------------------------
def into_out(f: Any, *args: Any, **kwargs: Any) -> Any:
    """A call with ``out=``: what stands there afterwards."""
    found = f(*args, **kwargs)
    if not isinstance(found, (tuple, mg.Tensor, np.ndarray, np.generic)):
        raise TypeError("no array of another library is made here: NumPy does not support that")
    if isinstance(found, tuple):
        out: Any = tuple(np.zeros_like(r) for r in found)
        result = f(*args, **kwargs, out=out)
        assert all(r is o for r, o in zip(result, out, strict=True)), "out= is not what is returned"
    else:
        out = np.zeros_like(found)
        result = f(*args, **kwargs, out=out)
        assert result is out, "out= is not what is returned"
    return out


def into_part(f: Any, mask: Any, *args: Any, **kwargs: Any) -> Any:
    """A call of a ufunc with ``out=`` and ``where=``."""
    found = f(*args, **kwargs)
    if not isinstance(found, (tuple, mg.Tensor, np.ndarray, np.generic)):
        raise TypeError("no array of another library is made here: NumPy does not support that")
    if isinstance(found, tuple):
        out: Any = tuple(r + 1 for r in found)
    else:
        out = np.zeros_like(found) if found.dtype == bool else found + 1
    f(*args, **kwargs, out=out, where=mask)
    return out


def mask_for(a: Any) -> Any:
    return (np.arange(a.size) % 3 != 1).reshape(a.shape)


def keywords_of(f: Any) -> list[str]:
    """The names of all parameters that have a default."""
    if isinstance(f, np.ufunc):
        elementwise = ["where"] if f.signature is None else []
        return ["out", "dtype", "casting", "order", "subok", *elementwise]
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:
        return []
    return [p.name for p in parameters if p.default is not p.empty]


def automatic(f: Any, one: Call) -> Iterator[tuple[str, Call]]:
    """Variants of a call with the options that functions have in common."""
    if one.run is not None or not one.args:
        return
    given = bound(f, one.args, one.kwargs).keys()
    there = [k for k in keywords_of(f) if k not in given]
    operand = next((a for a in flat(one.args) if isinstance(a, np.ndarray)), None)

    def with_(**options: Any) -> Call:
        return Call(one.args, {**one.kwargs, **options})

    if "out" in there:
        yield "out", Call(one.args, one.kwargs, into_out)
    if "dtype" in there:
        yield "dtype", with_(dtype=np.float32)
        if "casting" in there:
            yield "casting", with_(dtype=np.float32, casting="same_kind")
    if "keepdims" in there:
        yield "keepdims", with_(keepdims=True)
    if "initial" in there:
        yield "initial", with_(initial=1.5)
    if "subok" in there:
        yield "subok", with_(subok=True)
    if "order" in there:
        for order in "CFAK":
            yield "order", with_(order=order)
    if "where" in there and operand is not None:
        if isinstance(f, np.ufunc):
            mask = mask_for(np.empty(np.broadcast_shapes(*(np.shape(a) for a in one.args))))
            yield "where", Call(one.args, one.kwargs, partial(_masked, mask))
        else:
            yield "where", with_(where=mask_for(operand))
            if "initial" in there:
                yield "where", with_(where=mask_for(operand), initial=-0.3)
            if "keepdims" in there:
                yield "where", with_(where=mask_for(operand), keepdims=True)
    if isinstance(f, np.ufunc):
        yield from methods(f, one)


def _masked(mask: Any, f: Any, *args: Any, **kwargs: Any) -> Any:
    return into_part(f, mask, *args, **kwargs)


def methods(f: Any, one: Call) -> Iterator[tuple[str, Call]]:
    """The methods of a ufunc of two operands: reductions of the first."""
    if f.nin != 2 or f.nout != 1 or f.signature is not None or not is_float(one.args[0]):
        return
    x, y = one.args
    flat_y = np.asarray(y).reshape(-1)[:2]

    def method(name: str, *arguments: Any, **options: Any) -> Call:
        return Call((x,), {}, lambda g, a: getattr(g, name)(a, *arguments, **options))

    yield "reduce", method("reduce")
    if f not in (np.arctan2, np.power):  # NumPy leaves out elements there, where it has SIMD loops
        yield "reduce", method("reduce", axis=-1, keepdims=True)
        yield "reduceat", method("reduceat", [0, 1, 0], axis=1)
    yield "accumulate", method("accumulate", axis=-1)
    yield "reduceat", method("reduceat", [0, 1, 0], axis=0)
    yield "outer", Call((x, flat_y), {}, lambda g, a, b: g.outer(a, b))

    def at(g: Any, a: Any, b: Any) -> Any:
        target = a * 1.0
        g.at(target, (np.array([0, 1, 0]), np.array([1, 1, 1])), b)
        return target

    yield "at", Call((x, np.asarray(y).reshape(-1)[:3]), {}, at)


def is_refusal(error: Exception) -> bool:
    """Whether an error says that another library than NumPy has something not."""
    said = ("= is not there for tensors", "is a function of NumPy that", "does not know it",
            "does not support", "is supported only")  # fmt: skip
    kinds = (TypeError, NotImplementedError, ValueError)
    return isinstance(error, kinds) and any(words in str(error) for words in said)


ON_NUMPY = mg.zeros(1).backend == "numpy"

ON_JAX = mg.zeros(1).backend == "jax"

ENOUGH = 1 if ON_JAX and float(os.environ.get("MYGRAD_PROGRAMS", "1")) < 1 else 1000
"""How many calls of a function are made: on JAX, which compiles for long, one that is taken."""


@cache
def walked(name: str) -> Found:
    """All calls of one function; raises AssertionError where one is wrong."""
    f, refused, found = FUNCTIONS[name], REFUSED.get(name, {}), Found()
    for one in CALLS[name]:
        if found.calls >= ENOUGH:
            break
        try:
            compared(f, one, found)
        except Exception as error:
            if not ON_NUMPY and is_refusal(error):
                continue
            raise AssertionError(f"{name}, {_shown(one)}: {said(error)}") from error
    for option, one in automatic(f, CALLS[name][0]):
        if found.calls >= ENOUGH:
            break
        try:
            run(f, one, *mapped(np.copy, (one.args, one.kwargs)))
        except Exception:  # NumPy does not take it
            found.keywords.add(option)
            continue
        try:
            compared(f, one, found)
            found.keywords.add(option)
        except Exception as error:
            if option in refused and isinstance(error, (TypeError, NotImplementedError)):
                continue
            if not ON_NUMPY and is_refusal(error):
                continue
            raise AssertionError(
                f"{name}, {option}: {_shown(one)}: {said(error)}"
            ) from error
    if not found.calls:
        raise AssertionError(f"{name}: every call is refused")
    return found


def said(error: Exception) -> str:
    return f"{type(error).__name__} {error}"


def _shown(one: Call) -> str:
    return f"{'a program of ' if one.run else ''}{one.args} {one.kwargs}".replace("\n", " ")[:300]
