"""NumPy's functions on tensors: ``np.sin(t)``, ``np.sum(t)``, ``array * t``, ``array += t``.

What NumPy calls `f` is what mygrad calls `f`: the tables are made from the primitives and the
public names, not written down. A function that mygrad does not have raises, rather than
return something without gradient, unless all tensors that it was given are constant.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from mygrad.arrays import Adapter, adapter_of, by_type, get_adapter
from mygrad.autodiff.inplace import write, write_result
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand, common_adapter
from mygrad.interop.arguments import (
    as_constants,
    flat,
    has_variable,
    on_data,
    raw,
    without_derivative,
)
from mygrad.math.ufunc import Ufunc
from mygrad.tensor_manip.selecting import _along, _as_places, _matched
from mygrad.tensors.base import astensor

__all__ = ["array_function", "array_ufunc", "cupy_kernel", "implements_numpy_override", "use_names"]

_public: Any = None


def use_names(public: Any) -> None:
    """Take up the public functions: `public` is the module that has them, under NumPy's names."""
    global _public
    _public = public


RAW_UFUNCS = frozenset(
    """equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor
    logical_not isnan isinf isfinite isnat signbit bitwise_and bitwise_or bitwise_xor invert
    bitwise_invert left_shift right_shift gcd lcm bitwise_count""".split()
)
"""Ufuncs whose results are booleans or integers: raw arrays, without derivative."""

RAW_FUNCTIONS = frozenset(
    """shape ndim size argmax argmin argsort argpartition nanargmax nanargmin allclose array_equal
    array_equiv isclose any all count_nonzero nonzero flatnonzero argwhere searchsorted digitize
    lexsort result_type can_cast min_scalar_type common_type may_share_memory shares_memory
    iscomplexobj isrealobj iscomplex isreal isposinf isneginf isin array2string array_repr
    array_str tril_indices_from triu_indices_from diag_indices_from save savez
    savez_compressed savetxt einsum_path ravel_multi_index unravel_index ix_ datetime_as_string
    busday_count is_busday packbits unpackbits histogram_bin_edges""".split()
)
"""Functions whose results are no numbers that depend smoothly on their arguments."""

REDUCTIONS = {
    "add": ("sum", 0), "multiply": ("prod", 1), "maximum": ("max", -np.inf),
    "minimum": ("min", np.inf), "logaddexp": ("logsumexp", -np.inf),
}  # fmt: skip
BY_REDUCTION = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}
BY_REDUCTION |= {"amax": "maximum", "amin": "minimum"}
RAW_REDUCTIONS = {"logical_or": "any", "logical_and": "all"}
ACCUMULATIONS = {"add": "cumsum", "multiply": "cumprod"}
SYNONYMS = {"newshape": "shape", "condition": "where", "min": "a_min", "max": "a_max"}
SYNONYMS |= {theirs: ours for ours, theirs in SYNONYMS.items()}


# --- ufuncs -------------------------------------------------------------------------------
def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``np.sin(t)``, ``array * t``, ``np.add.reduce(t)``, ``np.add.at(t, index, values)``, ..."""
    name = getattr(ufunc, "__name__", None) or ufunc.name
    name = name.removeprefix("cupy_")
    for t in (*inputs, *kwargs.get("out", ())):
        theirs = getattr(type(t), "__array_ufunc__", None)
        if theirs not in (None, array_ufunc, np.ndarray.__array_ufunc__) and not adapter_of(t):
            return NotImplemented
    for option, default in (("casting", "same_kind"), ("order", "K"), ("subok", True)):
        if kwargs.get(option, default) == default:
            kwargs.pop(option, None)
    out = kwargs.get("out")
    if isinstance(out, tuple) and len(out) == 1:
        kwargs["out"] = out[0]
    if method == "__call__":
        return _noted(_call(name, ufunc, inputs, kwargs), kwargs.get("out"), inputs, name)
    handler: dict[str, Callable[..., Any]] = {
        "reduce": _reduce, "accumulate": _accumulate, "outer": _outer, "at": _at
    }  # fmt: skip
    if method not in handler:
        raise without_derivative(f"numpy.{name}.{method}")
    return handler[method](name, ufunc, *inputs, **kwargs)


def _call(name: str, ufunc: Any, inputs: Any, kwargs: Any) -> Any:
    if name in RAW_UFUNCS:
        return _raw_ufunc(name, ufunc, inputs, kwargs)
    function = registry.get(name)
    if function is not None:
        for option in set(kwargs) - {"out", "where", "dtype"}:
            raise TypeError(f"numpy.{name}: {option}= is not there for tensors")
        if not isinstance(function, Ufunc):  # matmul, say: no where=, no dtype=
            if kwargs.get("where", True) is True:
                kwargs.pop("where", None)
            kwargs = {k: v for k, v in kwargs.items() if v is not None}
        return function(*inputs, **kwargs)
    function = getattr(_public, name, None)
    if function is not None and not isinstance(function, np.ufunc):
        return function(*inputs, **kwargs)
    if has_variable(inputs) or has_variable(kwargs):
        raise without_derivative(f"numpy.{name}")
    return as_constants(raw(name, ufunc, inputs, kwargs, flat((inputs, kwargs))))


def _raw_ufunc(name: str, ufunc: Any, inputs: Any, kwargs: Any) -> Any:
    adapter = common_adapter(inputs, name)
    arrays = [as_operand(t, adapter, name) for t in inputs]
    function = ufunc if adapter is get_adapter("numpy") else getattr(adapter.xp, name)
    out = kwargs.get("out")
    result = function(*arrays, **on_data(kwargs))
    return result if out is None else out


def _reduce(
    name: str,
    ufunc: Any,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    if name in RAW_REDUCTIONS:
        function = RAW_REDUCTIONS[name]
        options = {"axis": axis, "keepdims": keepdims}
        return raw(function, getattr(np, function), (x,), options, (x,))
    ours, neutral = REDUCTIONS.get(name, ("", 0))
    if ours not in registry:
        raise without_derivative(f"numpy.{name}.reduce")
    t = _tensor(x)
    if dtype is not None:
        t = registry["astype"](t, dtype)
    if initial is np._NoValue:  # type: ignore[attr-defined]
        initial = None
    where = True if where is np._NoValue else where  # type: ignore[attr-defined]
    keepdims = keepdims is True
    if where is not True:
        t = registry["where"](where, t, neutral if initial is None else initial)
    result = registry[ours](t, axis=axis, keepdims=keepdims)
    if initial is not None:
        result = registry[name](result, initial)
    return _into(out, result, f"numpy.{name}.reduce")


def _accumulate(
    name: str, ufunc: Any, x: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    function = registry.get(ACCUMULATIONS.get(name, f"cumulative_{name}"))
    if function is None:
        raise without_derivative(f"numpy.{name}.accumulate")
    t = _tensor(x) if dtype is None else registry["astype"](x, dtype)
    return _into(out, function(t, axis=axis), f"numpy.{name}.accumulate")


def _outer(name: str, ufunc: Any, a: Any, b: Any, **kwargs: Any) -> Any:
    a, b = _tensor(a), _tensor(b)
    return _call(name, ufunc, (a.reshape(tuple(a.shape) + (1,) * b.ndim), b), kwargs)


def _at(name: str, ufunc: Any, target: Any, index: Any, values: Any = None) -> None:
    if not isinstance(target, Handle):
        raise TypeError(
            f"numpy.{name}.at cannot write tensors into a raw array without losing their "
            f"gradient; make the array a tensor first: mg.tensor(array)"
        )
    if name not in ("add", "subtract"):
        if has_variable((target, values)):
            raise without_derivative(f"numpy.{name}.at")
        raw(name, lambda *args: ufunc.at(*args), (target, index, values), {}, (target,))
        return
    scatter_add: Any = target.scatter_add  # type: ignore[attr-defined]
    scatter_add(index, values if name == "add" else -_tensor(values))


def _tensor(x: Any) -> Any:
    return x if isinstance(x, Handle) else astensor(x, constant=True)


def _into(out: Any, result: Any, name: str) -> Any:
    return result if out is None else write_result(out, result, name)


def _noted(result: Any, out: Any, inputs: Any, name: str) -> Any:
    """A result; it says so if somebody's array holds it now, which carries no gradient.

    ``array += t`` is no such case: the name is the tensor's from there on.
    """
    if out is not None and not isinstance(out, Handle) and has_variable(result):
        if not any(out is t for t in inputs):
            gradient_lost(
                f"numpy.{name}(..., out=array): the tensor that it returns has a gradient, and the "
                f"array has none; make it a tensor first (mg.tensor), or use what is returned"
            )
    return result


def known_array(kind: type) -> bool:
    """Whether this is an array type of a library that mygrad knows."""
    return any(parent in by_type for parent in kind.__mro__)


# --- functions ----------------------------------------------------------------------------
def array_function(self: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``np.sum(t)``, ``np.where(mask, t, 0)``, ``np.concatenate([t, u])``, ..."""
    for kind in types:
        theirs = getattr(kind, "__array_function__", None)
        known = theirs in (None, array_function, np.ndarray.__array_function__)
        if not known and not known_array(kind):
            return NotImplemented
    name = f"{func.__module__}.{func.__name__}"
    handler = _handlers().get(func)
    if handler is not None:
        return _noted(handler(*args, **kwargs), kwargs.get("out"), args, func.__name__)
    if func.__module__ == "numpy" and func.__name__ in RAW_FUNCTIONS:
        if any(adapter is get_adapter("numpy") for adapter in _adapters_in(args, kwargs)):
            return func(*on_data(args), **on_data(kwargs))
        return raw(func.__name__, func, args, kwargs, flat((args, kwargs)))
    if has_variable(args) or has_variable(kwargs):
        raise without_derivative(name)
    return as_constants(raw(func.__name__, func, args, kwargs, flat((args, kwargs))))


def _adapters_in(args: Any, kwargs: Any) -> list[Adapter]:
    found = [adapter_of(t._data) for t in flat((args, kwargs)) if isinstance(t, Handle)]
    return [adapter for adapter in found if adapter is not None]


_table: dict[Any, Callable[..., Any]] = {}


def _handlers() -> dict[Any, Callable[..., Any]]:
    """By NumPy function, what does its work on tensors; made when first needed."""
    if not _table:
        for module, names in ((np.linalg, "linalg"), (np.fft, "fft"), (np, "")):
            ours = getattr(_public, names, None) if names else _public
            for name in dir(module):
                theirs = getattr(module, name)
                if not callable(theirs) or isinstance(theirs, (type, np.ufunc)):
                    continue
                if name in RAW_FUNCTIONS:
                    continue
                function = getattr(ours, name, None) or (not names and registry.get(name))
                if not callable(function) or function is theirs:
                    continue
                if theirs not in _table or name == theirs.__name__:
                    _table[theirs] = adapted(theirs, function)
        _table.update(IN_PLACE)
        _table.update({f: _like(f) for f in (np.zeros, np.ones, np.empty)})
        _table.update(dict.fromkeys((np.asarray, np.array, np.asanyarray), _as_tensor))
    return _table


def implements_numpy_override(numpy_func: Any = None) -> Callable[[Any], Any]:
    """Let a function of yours do the work of one of NumPy's on tensors.

    Parameters
    ----------
    numpy_func
        NumPy's function; the one of the same name if not given.

    Returns
    -------
    Callable
        A decorator, which returns the function as it is.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> from mygrad.tensor_base import implements_numpy_override
    >>> @implements_numpy_override(np.sinc)
    ... def my_sinc(x):
    ...     return mg.sin(mg.pi * x) / (mg.pi * x)
    >>> _ = implements_numpy_override(np.sinc)(mg.sinc)  # as it was
    """

    def register(function: Any) -> Any:
        _handlers()[numpy_func or getattr(np, function.__name__)] = function
        return function

    return register


def adapted(theirs: Any, ours: Callable[..., Any]) -> Callable[..., Any]:
    """`ours` under the parameters of NumPy's function: other names, other defaults."""
    try:
        given = inspect.signature(theirs)
        taken = inspect.signature(ours)
    except (TypeError, ValueError):
        return ours
    names = list(taken.parameters)
    kinds = [p.kind for p in (*given.parameters.values(), *taken.parameters.values())]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return ours
    matched: dict[str, str] = {}
    for k, name in enumerate(given.parameters):
        if name in names:
            matched[name] = name
        elif SYNONYMS.get(name) in names:
            matched[name] = SYNONYMS[name]
        elif k < len(names) and names[k] not in given.parameters and names[k] not in SYNONYMS:
            matched[name] = names[k]

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = given.bind(*args, **kwargs)
        passed: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            default = given.parameters[name].default
            if name == "kwargs" or value is np._NoValue:  # type: ignore[attr-defined]
                continue
            if default is not inspect.Parameter.empty and (
                value is default or (isinstance(value, (str, bool, int)) and value == default)
            ):
                if name in matched and taken.parameters[matched[name]].default != default:
                    passed[matched[name]] = value
                continue
            if name not in matched:
                if theirs.__name__ in BY_REDUCTION:
                    return _reduce(
                        BY_REDUCTION[theirs.__name__], None, bound.arguments.pop("a"),
                        **{"axis": None, **bound.arguments},
                    )  # fmt: skip
                raise TypeError(
                    f"numpy.{theirs.__name__}: {name}= is not there for tensors; mygrad's "
                    f"function takes {', '.join(names)}"
                )
            passed[matched[name]] = value
        positional = []
        for name in names:
            parameter = taken.parameters[name]
            if name not in passed or parameter.kind is parameter.KEYWORD_ONLY:
                break
            positional.append(passed.pop(name))
        return ours(*positional, **passed)

    return call


# --- functions that write, or that make new arrays ----------------------------------------
def _lost(function: Any, name: str) -> Callable[..., Any]:
    """A function that writes into its first argument, where that is no tensor."""

    def call(target: Any, *args: Any, **kwargs: Any) -> Any:
        if has_variable((args, kwargs)):
            gradient_lost(f"{name} wrote a variable into a raw array")
        return function(target, *on_data(args), **on_data(kwargs))

    return call


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    if not isinstance(dst, Handle):
        _lost(np.copyto, "numpy.copyto")(dst, src, casting=casting, where=where)
        return
    mask = None
    if where is not True:
        adapter = adapter_of(dst._data)
        assert adapter is not None
        mask = adapter.xp.asarray(as_operand(where, adapter, "copyto"), copy=True)
    write(dst, None, src, mask=mask, name="numpy.copyto")


def _putmask(a: Any, mask: Any, values: Any) -> None:
    if not isinstance(a, Handle):
        _lost(np.putmask, "numpy.putmask")(a, mask, values)
        return
    if getattr(values, "shape", ()) not in ((), (1,), a._data.shape):
        raise TypeError("numpy.putmask: values has to be one number, or of the tensor's shape")
    _copyto(a, values, where=mask)


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: Any = -1) -> None:
    if not isinstance(arr, Handle):
        _lost(np.put_along_axis, "numpy.put_along_axis")(arr, indices, values, axis)
        return
    target: Any = arr
    if axis is None:
        target, axis = registry["reshape"](arr, -1), 0
    adapter = adapter_of(arr._data)
    assert adapter is not None
    xp = namespace_of(adapter)
    places = _as_places(as_operand(indices, adapter, "put_along_axis"), arr._data, xp)
    places, _ = _matched(places, target._data, axis, adapter.xp)
    target[_along(places, axis, xp)] = values


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    if not isinstance(a, Handle):
        _lost(np.fill_diagonal, "numpy.fill_diagonal")(a, val, wrap)
        return
    if wrap:
        raise TypeError("numpy.fill_diagonal: wrap= is not there for tensors")
    adapter = adapter_of(a._data)
    assert adapter is not None
    target: Any = a
    places = adapter.xp.arange(min(a._data.shape))
    target[(places,) * a._data.ndim] = val


IN_PLACE: dict[Any, Callable[..., Any]] = {
    np.copyto: _copyto,
    np.putmask: _putmask,
    np.put_along_axis: _put_along_axis,
    np.fill_diagonal: _fill_diagonal,
}


def _like(theirs: Any) -> Callable[..., Any]:
    """``np.zeros(shape, like=t)``."""

    def make(shape: Any, dtype: Any = None, order: str = "C", **options: Any) -> Any:
        return getattr(_public, theirs.__name__)(shape, float if dtype is None else dtype)

    return make


def _as_tensor(a: Any, dtype: Any = None, **options: Any) -> Any:
    """``np.asarray(x, like=t)``."""
    return astensor(a, dtype)


# --- CuPy ---------------------------------------------------------------------------------
def cupy_kernel(self: Any, kernel: Any, *args: Any, **kwargs: Any) -> Any:
    """``cp.multiply(a, t)`` and ``a *= t`` with a raw CuPy array `a`."""
    name = getattr(kernel, "__name__", None) or kernel.name
    name = name.removeprefix("cupy_")
    count = getattr(kernel, "nin", len(args))
    if len(args) > count and kwargs.get("out") is None:
        args, kwargs["out"] = args[:count], args[count]
    return array_ufunc(self, kernel, "__call__", *args, **_as_tuple(kwargs))


def _as_tuple(kwargs: dict[str, Any]) -> dict[str, Any]:
    out = kwargs.pop("out", None)
    kwargs = {k: v for k, v in kwargs.items() if v is not None}
    return kwargs if out is None else {**kwargs, "out": out if isinstance(out, tuple) else (out,)}
