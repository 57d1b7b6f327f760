"""NumPy's ufuncs on tensors: ``np.sin(t)``, ``array * t``, ``array += t``, ``np.add.reduce(t)``.

What NumPy calls `f` is what mygrad calls `f`. A ufunc that mygrad does not have raises, rather
than return something without gradient, unless all tensors that it was given are constant.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from mygrad.arrays import get_adapter
from mygrad.autodiff.inplace import write
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand, common_adapter
from mygrad.autodiff.tape import apply
from mygrad.interop import scipy_special
from mygrad.interop.arguments import (
    as_constants,
    defers,
    has_variable,
    into,
    not_of_numbers,
    noted,
    on_arrays,
    on_raw,
    without_derivative,
)
from mygrad.interop.numpy_keywords import computed_as
from mygrad.interop.numpy_rooms import is_of_python, of_elements
from mygrad.interop.signatures import refused
from mygrad.math.ufunc import Ufunc
from mygrad.math.ufunc_methods import ACCUMULATED, REDUCED
from mygrad.tensors.base import as_operand_tensors
from mygrad.tensors.indexing import setitem

__all__ = ["array_ufunc", "use_names"]

_public: Any = None

RAW = frozenset(
    """equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor
    logical_not isnan isinf isfinite isnat signbit bitwise_and bitwise_or bitwise_xor invert
    bitwise_invert left_shift right_shift gcd lcm bitwise_count _ones_like""".split()
)
"""Ufuncs whose results are booleans or integers: raw arrays, without derivative."""

ON_THE_STANDARD = {"logical_or": "any", "logical_and": "all"}
"""Which function of other libraries does the reduction by a raw ufunc."""

NoValue: Any = np._NoValue  # type: ignore[attr-defined]


def use_names(public: Any) -> None:
    """Take up the public functions: `public` is the module that has them, under NumPy's names."""
    global _public
    _public = public


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """The protocol by which NumPy hands over calls of ufuncs and of their methods."""
    if method == "__call__" and not kwargs:
        function = _known.get(ufunc)
        if function is not None:
            for t in inputs:
                if type(t) not in _plain and not _is_plain(type(t)):
                    return NotImplemented
            return apply(function, inputs)
        if ufunc in _others:
            for t in inputs:
                if type(t) not in _plain and not _is_plain(type(t)):
                    return NotImplemented
            return _others[ufunc](*inputs)
    out = kwargs.pop("out", None)
    for t in (*inputs, *(out or ())):
        if type(t) not in _plain and not _is_plain(type(t)):
            return NotImplemented
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    name = origin(ufunc)
    given = {n: v for n, v in kwargs.items() if v is not NoValue}
    result = METHODS[method](name, ufunc, inputs, out, given)
    return result if out is None else noted(result, out, inputs, name)


_known: dict[Any, Ufunc] = {}
"""By ufunc, the primitive that does its work; filled as they are met."""

_others: dict[Any, Callable[..., Any]] = {}
"""By ufunc, the function that does its work where that is no ufunc of ours; likewise."""

_plain: set[type] = set()
"""Types of operands that do not go before tensors."""


def _is_plain(kind: type) -> bool:
    if defers(kind, "__array_ufunc__", (array_ufunc, np.ndarray.__array_ufunc__)):
        return False
    _plain.add(kind)
    return True


def origin(ufunc: Any) -> str:
    """Where a ufunc is from, and what it is called there.

    Users' ufuncs may be called as one of NumPy's is, and be something else.
    """
    if ufunc in PRIVATE:
        return PRIVATE[ufunc]
    name = getattr(ufunc, "__name__", None) or ufunc.name
    if name.startswith("cupy") and type(ufunc).__name__ != "ElementwiseKernel":
        special = "cupyx_scipy_special_"
        if found := scipy_special.origin(name.removeprefix("cupy_"), ufunc):
            return found
        return name.replace(special, "cupyx.scipy.special.").replace("cupy_", "cupy.", 1)
    if getattr(sys.modules.get("numpy"), name, None) is ufunc:
        return f"numpy.{name}"
    return scipy_special.origin(name, ufunc) or f"the ufunc {name}"


_umath: Any = np._core.umath  # type: ignore[attr-defined]
PRIVATE: dict[Any, str] = {
    _umath.clip: "numpy.clip", _umath._ones_like: "numpy._ones_like",
    **{getattr(_umath, n): f"numpy.{n}" for n in ("real", "imag") if hasattr(_umath, n)},
}  # fmt: skip
"""Ufuncs that have no public name, and the functions that they belong to."""


def counterpart(name: str) -> Any:
    """What does the work of a ufunc of that origin on tensors; None if there is nothing."""
    module, _, short = name.rpartition(".")
    if not module:
        return None
    if module in scipy_special.MODULES:
        return scipy_special.counterpart(short)
    function = registry.get(short) or getattr(_public, short, None)
    return None if isinstance(function, (np.ufunc, type)) else function


# --- calls --------------------------------------------------------------------------------
def _call(name: str, ufunc: Any, inputs: Any, out: Any, kwargs: dict[str, Any]) -> Any:
    if name.rpartition(".")[2] in RAW:
        return _computed(name, ufunc, inputs, out, kwargs, lambda result: result)
    function = counterpart(name)
    if function is None:
        if getattr(ufunc, "ntypes", 1) == 0:
            raise not_of_numbers(name, "strings")
        if is_of_python(ufunc) and out is None:
            return of_elements(ufunc, inputs, kwargs)
        _check_constant(name, inputs, kwargs)
        return _computed(
            name, ufunc, inputs, out, kwargs, lambda result: as_constants(result, ())
        )
    if isinstance(function, Ufunc) and function.only_applies:
        _known[ufunc] = function
    else:
        _others[ufunc] = function
    _drop_defaults(kwargs)
    plain = getattr(ufunc, "signature", None) is None and not isinstance(function, Ufunc)
    if (plain and kwargs) or not AS_NUMPY_DOES.isdisjoint(kwargs):
        return computed_as(name, ufunc, function, inputs, out, kwargs)
    if kwargs:
        _check_options(name, function, out, kwargs)
    if isinstance(out, tuple):
        return into(out, function(*inputs, **kwargs), name)
    return function(*inputs, **kwargs) if out is None else function(*inputs, out=out, **kwargs)


def _check_options(name: str, function: Any, out: Any, kwargs: dict[str, Any]) -> None:
    """Raise where our function does not know an option."""
    options = {"axes", "axis", "dtype", "keepdims", "where"}
    known = inspect.signature(function).parameters.keys() & options
    if isinstance(out, tuple):  # several results, which are all computed before one is written
        known -= {"where"}
    for option in kwargs.keys() - known:
        raise refused(name, option, HINTS.get(option, f"there are {', '.join(sorted(known))}"))


DEFAULTS = {
    "casting": ("same_kind",), "order": ("K",), "subok": (True, False), "where": (True,)
}  # fmt: skip
"""What options of ufuncs may be, as tensors compute with nothing else. (No subclass of NumPy's
arrays is among tensors, so that `subok` changes nothing.)"""

AS_NUMPY_DOES = frozenset(("casting", "order", "signature", "sig"))
"""Options that say how NumPy computes, and not what."""

HINTS = {
    "where": "use mg.where(mask, result, ...) on the result",
}


def _drop_defaults(kwargs: dict[str, Any]) -> None:
    for option, values in DEFAULTS.items():
        value = kwargs.get(option)
        if isinstance(value, (str, bool)) and value in values:
            del kwargs[option]


def _check_constant(name: str, *trees: Any) -> None:
    if has_variable(trees):
        raise without_derivative(name)


def _computed(
    name: str,
    ufunc: Any,
    inputs: Any,
    out: Any,
    kwargs: dict[str, Any],
    finish: Callable[[Any], Any],
) -> Any:
    """Compute on raw arrays; what goes into ``out=`` goes there by way of the tape."""
    adapter, function = on_raw(name, ufunc, (inputs, out))
    arrays = [as_operand(t, adapter, name, inputs) for t in inputs]
    mask = None
    if out is not None and kwargs.get("where", True) is not True:
        where = as_operand(kwargs.pop("where"), adapter, name, inputs)
        mask = adapter.xp.asarray(where, copy=True)
    if adapter is not get_adapter("numpy"):
        _drop_defaults(kwargs)
        for option in kwargs:
            raise refused(name, option, f"{adapter.name} does not know it")
    casting = kwargs.get("casting", "same_kind")
    result = function(*arrays, **on_arrays(kwargs))
    if out is None:
        return into(None, finish(result), name)
    if casting != "same_kind":  # NumPy only
        targets = out if isinstance(out, tuple) else (out,)
        parts = result if isinstance(result, tuple) else (result,)
        parts = tuple(
            r if o is None else np.asarray(r).astype(o.dtype, casting=casting)
            for r, o in zip(parts, targets, strict=True)
        )
        result = parts if isinstance(result, tuple) else parts[0]
    return into(out, finish(result), name, mask)


# --- methods ------------------------------------------------------------------------------
def _ours(name: str, inputs: Any, whole: Any = ()) -> Any:
    """Our ufunc of that origin, if it is to do the work: for variables, and what is in `whole`."""
    function = counterpart(name)
    if isinstance(function, Ufunc) and (function.name in whole or has_variable(inputs)):
        return function
    return None


def _reduce(name: str, ufunc: Any, inputs: Any, out: Any, kwargs: dict[str, Any]) -> Any:
    function = _ours(name, inputs, REDUCED)
    if function is not None:
        return function.reduce(*inputs, out=out, **kwargs)
    short = name.rpartition(".")[2]
    adapter = common_adapter([t for t in inputs if isinstance(t, Handle)], name)
    if adapter is not get_adapter("numpy") and short in ON_THE_STANDARD:
        kwargs = {"axis": 0, **kwargs}
        for option in kwargs.keys() - {"axis", "keepdims"}:
            raise refused(f"{name}.reduce", option, f"{adapter.name} does not know it")
        result = getattr(adapter.xp, ON_THE_STANDARD[short])(*on_arrays(inputs), **kwargs)
        return into(out, result, f"{name}.reduce")
    return _method("reduce", name, ufunc, inputs, out, kwargs)


def _accumulate(name: str, ufunc: Any, inputs: Any, out: Any, kwargs: dict[str, Any]) -> Any:
    function = _ours(name, inputs, ACCUMULATED)
    if function is not None:
        return function.accumulate(*inputs, out=out, **kwargs)
    return _method("accumulate", name, ufunc, inputs, out, kwargs)


def _reduceat(name: str, ufunc: Any, inputs: Any, out: Any, kwargs: dict[str, Any]) -> Any:
    function = _ours(name, inputs)
    if function is not None:
        return function.reduceat(*inputs, out=out, **kwargs)
    return _method("reduceat", name, ufunc, inputs, out, kwargs)


def _method(
    method: str, name: str, ufunc: Any, inputs: Any, out: Any, kwargs: dict[str, Any]
) -> Any:
    """A method of a ufunc that has no derivative here, on constants."""
    raw = name.rpartition(".")[2] in RAW
    name = f"{name}.{method}"
    if not raw:
        _check_constant(name, inputs, kwargs)
    on_raw(name, None, inputs)  # type: ignore[arg-type]
    result = getattr(ufunc, method)(*on_arrays(inputs), **on_arrays(kwargs))
    return into(out, result if raw else as_constants(result, ()), name)


def _outer(name: str, ufunc: Any, inputs: Any, out: Any, kwargs: dict[str, Any]) -> Any:
    if ufunc.nin != 2 or getattr(ufunc, "signature", None) is not None:
        raise ValueError(f"{name}.outer: only elementwise functions of two operands have it")
    left, right = as_operand_tensors(*inputs)
    left = left.reshape((*left.shape, *(1,) * right.ndim))
    return _call(name, ufunc, (left, right), out, kwargs)


def _at(name: str, ufunc: Any, inputs: Any, out: Any, kwargs: dict[str, Any]) -> None:
    target, index, *values = inputs
    function = counterpart(name)
    if isinstance(function, Ufunc) and (isinstance(target, Handle) or has_variable(values)):
        function.at(target, index, *values)
        return
    raw = name.rpartition(".")[2] in RAW
    if not raw:
        _check_constant(f"{name}.at", target, values)
    if not isinstance(target, Handle):
        ufunc.at(target, on_arrays(index), *on_arrays(values))
        return
    adapter, _ = on_raw(f"{name}.at", None, target)  # type: ignore[arg-type]
    changed = adapter.copy(target._data)
    ufunc.at(changed, on_arrays(index), *on_arrays(values))
    if raw:  # what is elsewhere keeps its gradient
        setitem(target, index, changed[on_arrays(index)])
        return
    write(target, None, changed, name=f"{name}.at")


METHODS: dict[str, Callable[..., Any]] = {
    "__call__": _call, "reduce": _reduce, "accumulate": _accumulate, "reduceat": _reduceat,
    "outer": _outer, "at": _at,
}  # fmt: skip
