"""The functions of the namespace: of mygrad's under the standard's names and parameters.

What is the same but for the names of its parameters is in `CALLED_OTHERWISE`; what the standard
says differently from NumPy, and so from mygrad, is a function here, which is handed the namespace
first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of, selected_adapter
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.operands import SCALARS, as_operand, common_adapter, floating
from mygrad.interop.arguments import has_variable, on_arrays, without_derivative
from mygrad.interop.drop_in_arrays import joined
from mygrad.tensors.base import Tensor, as_operand_tensor
from mygrad.tensors.conversion import dtype_of

__all__ = ["CALLED_OTHERWISE", "OWN", "as_tensors", "called_as", "of_library", "untouched"]

CALLED_OTHERWISE = {
    "abs": "absolute", "cumulative_prod": "cumprod", "cumulative_sum": "cumsum", "pow": "power",
}  # fmt: skip
"""What mygrad's function is called, where the registry does not know the standard's name."""

OWN: dict[str, Callable[..., Any]] = {}
"""The functions of this module, by name; those of an extension as ``"fft.fftfreq"``."""


def called_as(name: str, parameters: str, function: Callable[..., Any], room: str) -> Any:
    """A function of this name with these parameters, which calls `function` with all of them.

    Parameters
    ----------
    name
        What it is called.
    parameters
        As Python writes them, and as `mygrad.arrays.standard` has them.
    function
        What it calls: with those by position that have no default, and all others by name.
    room
        The name of the namespace.

    Returns
    -------
    Callable
    """
    given = []
    for parameter in filter(None, (p.strip() for p in parameters.split(","))):
        called, _, default = parameter.partition("=")
        if parameter not in ("/", "*"):
            given.append(f"{called}={called}" if default else called)
    names: dict[str, Any] = {"function": function}
    source = f"def {name}({parameters}):\n    return function({', '.join(given)})"
    exec(compile(source, f"<{room}.{name}>", "exec"), names)  # our own table, and nobody's input
    made = names[name]
    made.__module__ = room
    made.__doc__ = f"`{name}` of the Python array API standard, on tensors."
    return made


def as_tensors(result: Any) -> Any:
    """A result with constant tensors in place of raw arrays and of the library's scalars."""
    if isinstance(result, Handle):
        return result
    if isinstance(result, (tuple, list)):
        parts = [as_tensors(part) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    adapter = adapter_of(result)
    if adapter is None:
        return result
    return new_handle(adapter.asarray(result), None, None, None, True)


def of_library(space: Any, name: str, function: Callable[..., Any], refuses: bool) -> Any:
    """A function of the array library on tensors; what it returns is constant.

    Parameters
    ----------
    space
        The namespace.
    name, function
        The function.
    refuses
        Whether variables are refused, because the result might have a derivative.
    """
    adapter = space._adapter
    function = adapter.following(function, name)

    def array(value: Any, beside: tuple[Any, ...]) -> Any:
        if isinstance(value, Handle) or adapter_of(value) is not None:
            return as_operand(value, adapter, name, beside)
        return value

    def on_tensors(*args: Any, **options: Any) -> Any:
        if refuses and (has_variable(args) or has_variable(options)):
            raise without_derivative(name)
        arrays = [array(a, args) for a in args]
        return as_tensors(function(*arrays, **{n: array(o, args) for n, o in options.items()}))

    return on_tensors


def untouched(space: Any, name: str, function: Callable[..., Any]) -> Any:
    """A function of the array library whose result is no array."""
    if name in ("finfo", "iinfo"):
        return lambda type: function(_dtype_in(type))
    return lambda *args: function(*on_arrays(args))


def _dtype_in(type: Any) -> Any:
    """A dtype, or that of an array, from which not every library takes it."""
    return type.dtype if isinstance(type, Handle) or adapter_of(type) is not None else type


def own(function: Callable[..., Any]) -> Callable[..., Any]:
    """Note that the standard's function of this name is this one."""
    OWN[function.__name__.strip("_").replace("__", ".")] = function
    return function


# --- arrays that are made ---------------------------------------------------------------------
@own
def _asarray(space: Any, obj: Any, dtype: Any, device: Any, copy: bool | None) -> Any:
    """A tensor: `obj` itself if it is one and nothing is to be changed."""
    adapter = space._adapter
    if type(obj) in (list, tuple) and has_variable(obj):
        obj, copy = joined(obj), None
    if isinstance(obj, Handle):
        common_adapter((adapter, obj), "asarray")
        return _changed(adapter, obj, dtype, device, copy)
    theirs = adapter_of(obj)
    if copy is False and (theirs is not adapter or (dtype is not None and obj.dtype != dtype)):
        raise ValueError(
            f"asarray: copy=False, and {type(obj).__name__} data cannot become a tensor of "
            f"{dtype or 'its dtype'} on {adapter.name} without a copy"
        )
    number = type(obj) in SCALARS
    if device is not None and theirs is None:
        obj, theirs, dtype = _numbers_on(space, obj, dtype, device)
    return Tensor(
        obj,
        dtype=dtype,
        constant=True if number else None,  # nobody writes to a number
        copy=bool(copy),
        device=device,
        backend=None if theirs is adapter else adapter.name,
    )


def _numbers_on(space: Any, numbers: Any, dtype: Any, device: Any) -> tuple[Any, Any, Any]:
    """Python's numbers as an array, its adapter, and its dtype, which is the device's default."""
    adapter = space._adapter
    host = Tensor(numbers, constant=True, backend="numpy")._data
    dtype = dtype or _default(space, _NUMBERS.get(host.dtype.kind, bool), device)
    if dtype is None or dtype == dtype_of(adapter, host.dtype):
        return host, adapter_of(host), dtype
    cast = Tensor(host, dtype=dtype, constant=True, backend=adapter.name)._data
    return adapter.to_device(cast, adapter.parse_device(device)), adapter, dtype


def _changed(adapter: Any, t: Any, dtype: Any, device: Any, copy: bool | None) -> Any:
    """A tensor with another dtype and on another device, on the same tape."""
    same = t
    if dtype is not None and t._data.dtype != dtype:
        same = registry["astype"](same, dtype)
    if device is not None:
        same = registry["to"](same, adapter.name, device)
    if copy is False and same is not t:
        raise ValueError(
            f"copy=False, and a tensor of {t._data.dtype} on {adapter.device(t._data)} cannot "
            f"become one of {same._data.dtype} on {adapter.device(same._data)} without a copy"
        )
    return registry["copy"](t) if copy and same is t else same


@own
def _from_dlpack(space: Any, x: Any, device: Any, copy: bool | None) -> Any:
    if isinstance(x, Handle):  # on the same tape
        return _changed(space._adapter, x, None, device, copy)
    how = {n: v for n, v in (("device", device), ("copy", copy)) if v is not None}
    return Tensor(space._adapter.xp.from_dlpack(x, **how), copy=False)


_KINDS = {int: "integral", float: "real floating", complex: "complex floating"}
"""What the standard calls the dtypes of Python's numbers."""

_NUMBERS = {"i": int, "f": float, "c": complex}
"""Which of Python's numbers an array on the host has been made of."""


def _default(space: Any, number: type, device: Any) -> Any:
    """The dtype that Python's numbers of a type get on a device that is named, which may be
    another one than elsewhere; None if there is none to say."""
    adapter = space._adapter
    info = getattr(adapter.xp, "__array_namespace_info__", None)
    if device is None or info is None or number not in _KINDS:
        return None
    return info().default_dtypes(device=adapter.parse_device(device))[_KINDS[number]]


def _widest(*numbers: Any) -> type:
    """The type of Python's numbers that holds all of these; none of theirs if others are there."""
    types = {type(n) for n in numbers if n is not None}
    if not types <= _KINDS.keys():
        return object
    return next((t for t in (complex, float) if t in types), int)


def _make(space: Any, name: str, *args: Any, device: Any, **options: Any) -> Any:
    backend = space._adapter.name
    return getattr(space._public, name)(*args, device=device, backend=backend, **options)


def _like(space: Any, name: str, x: Any, *value: Any, dtype: Any, device: Any) -> Any:
    """A tensor like another one; a variable, for variables may be written into it."""
    adapter, function = space._adapter, getattr(space._public, name)
    common_adapter((adapter, as_operand_tensor(x)), name)
    made = function(x, *value, dtype=dtype)
    if made._constant and floating[adapter, made.dtype]:
        made = function(x, *value, dtype=dtype, constant=False)
    return made if device is None else made.to(device=device)


def _filling(name: str) -> None:
    def make(space: Any, shape: Any, dtype: Any, device: Any) -> Any:
        dtype = dtype or _default(space, float, device) or float
        return _make(space, name, shape, dtype=dtype, device=device)

    def make_like(space: Any, x: Any, dtype: Any, device: Any) -> Any:
        return _like(space, f"{name}_like", x, dtype=dtype, device=device)

    OWN[name], OWN[f"{name}_like"] = make, make_like


for _name in ("empty", "ones", "zeros"):
    _filling(_name)


@own
def _full(space: Any, shape: Any, fill_value: Any, dtype: Any, device: Any) -> Any:
    dtype = dtype or _default(space, type(fill_value), device)
    return _make(space, "full", shape, fill_value, dtype=dtype, device=device)


@own
def _full_like(space: Any, x: Any, fill_value: Any, dtype: Any, device: Any) -> Any:
    return _like(space, "full_like", x, fill_value, dtype=dtype, device=device)


@own
def _arange(space: Any, start: Any, stop: Any, step: Any, dtype: Any, device: Any) -> Any:
    dtype = dtype or _default(space, _widest(start, stop, step), device)
    return _make(space, "arange", start, stop, step, dtype=dtype, device=device)


@own
def _eye(space: Any, n_rows: int, n_cols: int | None, k: int, dtype: Any, device: Any) -> Any:
    dtype = dtype or _default(space, float, device) or float
    return _make(space, "eye", n_rows, n_cols, k, dtype=dtype, device=device)


@own
def _linspace(
    space: Any, start: Any, stop: Any, num: int, dtype: Any, device: Any, endpoint: bool
) -> Any:
    dtype = dtype or _default(space, _widest(start, stop, 1.0), device)
    return _make(space, "linspace", start, stop, num, endpoint=endpoint, dtype=dtype, device=device)


# --- shapes and places ------------------------------------------------------------------------
@own
def _broadcast_shapes(space: Any, *shapes: Any) -> tuple[int, ...]:
    return np.broadcast_shapes(*shapes)


@own
def _broadcast_arrays(space: Any, *arrays: Any) -> tuple[Any, ...]:
    return tuple(space._public.broadcast_arrays(*arrays))


@own
def _astype(space: Any, x: Any, dtype: Any, copy: bool, device: Any) -> Any:
    adapter = space._adapter
    x = as_operand_tensor(x)
    common_adapter((adapter, x), "astype")
    if adapter.xp.isdtype(x.dtype, "complex floating") and not adapter.xp.isdtype(
        dtype_of(adapter, dtype), "complex floating"
    ):
        raise TypeError(
            f"astype: {x.dtype} does not become {dtype}, as the imaginary part would be lost; "
            f"take xp.real(x) or xp.abs(x)"
        )
    cast = registry["astype"](x, dtype, copy=copy)
    return cast if device is None else registry["to"](cast, adapter.name, device)


@own
def _take(space: Any, x: Any, indices: Any, axis: int | None) -> Any:
    return registry["take"](x, indices, axis=_of_one_axis("take", x, axis))


@own
def _cumulative_sum(space: Any, x: Any, axis: Any, dtype: Any, include_initial: bool) -> Any:
    axis = _of_one_axis("cumulative_sum", x, axis)
    return registry["cumsum"](x, axis=axis, dtype=dtype, include_initial=include_initial)


@own
def _cumulative_prod(space: Any, x: Any, axis: Any, dtype: Any, include_initial: bool) -> Any:
    axis = _of_one_axis("cumulative_prod", x, axis)
    return registry["cumprod"](x, axis=axis, dtype=dtype, include_initial=include_initial)


@own
def _std(space: Any, x: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    return registry["std"](x, axis, correction, keepdims)


@own
def _var(space: Any, x: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    return registry["var"](x, axis, correction, keepdims)


def _of_one_axis(name: str, x: Any, axis: int | None) -> int:
    """The axis; it may be left out where there is no other."""
    if axis is None and x.ndim != 1:
        raise ValueError(
            f"{name}: axis= says along which axis; it may be left out where there is one, and x "
            f"has {x.ndim}"
        )
    return -1 if axis is None else axis


@own
def _clip(space: Any, x: Any, min: Any, max: Any) -> Any:
    """Limited to bounds that take the dtype of `x`, as the result does."""
    x = as_operand_tensor(x)
    bounds = [
        b if b is None or type(b) in SCALARS or as_operand_tensor(b).dtype == x.dtype
        else registry["astype"](b, x.dtype)
        for b in (min, max)
    ]  # fmt: skip
    return space._public.clip(x, *bounds)


@own
def _isin(space: Any, x1: Any, x2: Any, invert: bool) -> Any:
    adapter = space._adapter
    arrays = [as_operand(x, adapter, "isin", (x1, x2)) for x in (x1, x2)]
    found = adapter.following(adapter.xp.isin)(*arrays)
    # Not every library inverts what it finds where that is asked of its function.
    return as_tensors(adapter.following(adapter.xp.logical_not)(found) if invert else found)


def _unique(name: str) -> None:
    def unique(space: Any, x: Any) -> Any:
        function = getattr(space._public, name)
        x = as_operand_tensor(x)
        library = space._adapter.xp
        if not library.isdtype(x.dtype, "bool"):
            return as_tensors(function(x))
        found = function(registry["astype"](x, library.uint8))  # the standard sorts no booleans
        if isinstance(found, Handle):
            return registry["astype"](found, library.bool)
        return as_tensors(found._replace(values=registry["astype"](found.values, library.bool)))

    OWN[name] = unique


for _name in ("unique_all", "unique_counts", "unique_inverse", "unique_values"):
    _unique(_name)


# --- dtypes -----------------------------------------------------------------------------------
class FloatingInfo:
    """What the library says of a floating-point dtype, with the limits as Python's numbers.

    NumPy's are scalars of the dtype, which take part in promotion.
    """

    def __init__(self, info: Any) -> None:
        self._info = info

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._info, name)
        return float(found) if name in ("eps", "max", "min", "smallest_normal") else found

    def __repr__(self) -> str:
        return repr(self._info)


@own
def _finfo(space: Any, type: Any) -> FloatingInfo:
    return FloatingInfo(space._adapter.xp.finfo(_dtype_in(type)))


# --- extensions -------------------------------------------------------------------------------
def _frequencies(name: str) -> None:
    def make(space: Any, n: int, d: float, dtype: Any, device: Any) -> Any:
        function = getattr(space._public.fft, name)
        dtype = dtype or _default(space, float, device)
        # The device that is named might not have the dtype that they are made with.
        where = None if dtype else device
        if selected_adapter() is space._adapter:
            made = function(n, d, device=where)
        else:
            with space._public.backend(space._adapter.name):
                made = function(n, d, device=where)
        made = made if dtype is None else registry["astype"](made, dtype, copy=False)
        return made if device is where else made.to(device=device)

    OWN[f"fft.{name}"] = make


def _as_complex(space: Any, t: Any) -> Any:
    library = space._adapter.xp
    return registry["astype"](t, library.result_type(t.dtype, library.complex64), copy=False)


@own
def _linalg__eig(space: Any, x: Any) -> Any:
    """Complex also where the library has real numbers, because all of them are real."""
    return type(found := space._public.linalg.eig(x))(*(_as_complex(space, t) for t in found))


@own
def _linalg__eigvals(space: Any, x: Any) -> Any:
    return _as_complex(space, space._public.linalg.eigvals(x))


for _name in ("fftfreq", "rfftfreq"):
    _frequencies(_name)
