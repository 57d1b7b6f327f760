"""NumPy's functions on tensors: ``np.sum(t)``, ``np.where(mask, t, 0)``, ``np.stack([t, u])``, ...

What NumPy calls `f` is what mygrad calls `f`: the table is made from the primitives and the
public names, not written down. A function that mygrad does not have raises, rather than
return something without gradient, unless all tensors that it was given are constant.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.interop.arguments import (
    as_constants,
    defers,
    has_variable,
    into,
    not_of_numbers,
    on_arrays,
    on_data,
    on_raw,
    without_derivative,
)
from mygrad.interop.numpy_inplace import IN_PLACE
from mygrad.interop.numpy_keywords import laid_out, special
from mygrad.interop.numpy_rooms import rooms
from mygrad.interop.signatures import Handler, as_it_is, refused, translated
from mygrad.statistics.histograms import histogram_bin_edges
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import as_operand_tensor, astensor

__all__ = ["array_function", "handlers", "implements_numpy_override", "public", "use_names"]

_public: Any = None


def use_names(public: Any) -> None:
    """Take up the public functions: `public` is the module that has them, under NumPy's names."""
    global _public
    _public = public


RAW = frozenset(
    """shape ndim size argmax argmin argsort argpartition nanargmax nanargmin allclose array_equal
    array_equiv isclose any all count_nonzero nonzero flatnonzero argwhere searchsorted digitize
    lexsort result_type can_cast min_scalar_type common_type may_share_memory shares_memory
    iscomplexobj isrealobj iscomplex isreal isposinf isneginf isin array2string array_repr
    array_str tril_indices_from triu_indices_from diag_indices_from save savez
    savez_compressed savetxt einsum_path ravel_multi_index unravel_index ix_ datetime_as_string
    busday_count is_busday packbits unpackbits""".split()
)
"""Functions whose results are no numbers that depend smoothly on their arguments."""


NOT_OF_NUMBERS = {
    "numpy.char.": "strings",
    "numpy.strings.": "strings",
    "numpy.lib.recfunctions.": "records",
    "numpy.busday_offset": "dates",
}
"""What the names of functions begin with that tensors are never right for, and what they are of."""


def array_function(self: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """The protocol by which NumPy hands over calls of its functions."""
    for kind in types:
        if kind not in _plain and not _is_plain(kind):
            return NotImplemented
    handler = _table.get(func)
    if handler is not None:
        ours, direct, alike, by_name = handler
        if len(args) <= direct:
            if not kwargs:
                return ours(*args)
            if alike.issuperset(kwargs):
                for value in kwargs.values():
                    if value is NoValue:
                        break
                else:
                    return ours(*args, **kwargs)
        return by_name(*args, **kwargs)
    if not _table:
        _handlers()
        return array_function(self, func, types, args, kwargs)
    name = f"{func.__module__}.{func.__name__}"
    if func.__module__ == "numpy" and func.__name__ in RAW:
        return _raw(name, func, args, kwargs)
    for start, kind in NOT_OF_NUMBERS.items():
        if name.startswith(start):
            raise not_of_numbers(name, kind)
    if has_variable((args, kwargs)):
        raise without_derivative(name)
    return _constant(name, func, args, kwargs)


_plain: set[type] = set()
"""Types of arguments that do not go before tensors."""


def _is_plain(kind: type) -> bool:
    if defers(kind, "__array_function__", (array_function, np.ndarray.__array_function__)):
        return False
    _plain.add(kind)
    return True


def _raw(name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """A function whose results are raw arrays."""
    _, function = on_raw(name, func, (args, kwargs))
    given = dict(kwargs)
    out, args = _without_out(func, args, given)
    return into(out, function(*on_data(args), **on_data(given)), name)


def _constant(name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """A function without derivative, on constants."""
    _, function = on_raw(name, func, (args, kwargs))
    given = dict(kwargs)
    out, rest = _without_out(func, args, given)
    result = function(*on_arrays(rest), **on_arrays(given))
    return into(out, as_constants(result, (rest, given)), name)


def _without_out(func: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The value of ``out=``, which is taken from the arguments: tensors are written by the tape."""
    out = kwargs.pop("out", None)
    names = list(_parameters(func))
    if out is None and "out" in names and len(args) > (k := names.index("out")):
        out, args = args[k], (*args[:k], None, *args[k + 1 :])
    return (None if out is NoValue else out), args


def _parameters(func: Any) -> Any:
    try:
        return inspect.signature(func).parameters
    except (TypeError, ValueError):
        return {}


NoValue: Any = np._NoValue  # type: ignore[attr-defined]


DIRECT: dict[Any, int] = {np.reshape: 2, np.ravel: 1, np.mean: 2, np.std: 2, np.var: 2}
"""How many arguments by position are ours as they are, where those behind are another matter."""


# --- the table ----------------------------------------------------------------------------
_table: dict[Any, Handler] = {}


def _handlers() -> dict[Any, Handler]:
    """By NumPy function, what does its work on tensors; made when first needed."""
    if not _table:
        for module, ours in (
            (np.linalg, _public.linalg), (np.fft, _public.fft), (np, _public),
        ):  # fmt: skip
            for name in dir(module):
                theirs = getattr(module, name)
                if name.startswith("_") or name in RAW or isinstance(theirs, (type, np.ufunc)):
                    continue
                function = getattr(ours, name, None)
                if function is None and module is np:
                    function = registry.get(name)
                if not callable(theirs) or not callable(function) or function is theirs:
                    continue
                if theirs not in _table or name == theirs.__name__:
                    _table[theirs] = translated(theirs, function)
        _table.update({theirs: as_it_is(ours) for theirs, ours in (IN_PLACE | SPECIAL).items()})
        for theirs, by_name in special(_public).items():
            plain = _table.get(theirs) or as_it_is(by_name)
            direct = min(plain.direct, DIRECT.get(theirs, plain.direct))
            _table[theirs] = Handler(plain.ours, direct, plain.alike - {"dtype", "order"}, by_name)
        _table.update({theirs: as_it_is(ours) for theirs, ours in rooms(_public).items()})
        for theirs in (np.eye, np.full):
            plain = _table[theirs]
            _table[theirs] = Handler(plain.ours, plain.direct, plain.alike, _ordered(theirs))
        _table[np.transpose] = Handler(_public.transpose, 2, frozenset(), _transpose)
    return _table


def handlers() -> dict[Any, Handler]:
    """By NumPy function, what does its work on tensors."""
    return _table or _handlers()


def public() -> Any:
    """The module that has the public functions."""
    return _public


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
        _handlers()[numpy_func or getattr(np, function.__name__)] = as_it_is(function)
        return function

    return register


# --- functions whose arguments are another matter here -------------------------------------
def _transpose(a: Any, axes: Any = None) -> Any:
    return _public.transpose(a, axes)


def _filled(theirs: Any) -> Callable[..., Any]:
    """``np.zeros(shape, like=t)``: NumPy's default dtype."""
    name = f"numpy.{theirs.__name__}"

    def make(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
        make = getattr(_public, theirs.__name__)
        made = make(shape, float if dtype is None else dtype, device=device)
        return made if order == "C" else laid_out(made, order, name, new=True)

    return make


def _ordered(theirs: Any) -> Callable[..., Any]:
    """``np.full(shape, 1.0, order="F", like=t)``"""
    name, ours = f"numpy.{theirs.__name__}", getattr(_public, theirs.__name__)
    signature = inspect.signature(theirs)

    def make(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        order = given.pop("order", "C")
        made = ours(**given)
        return made if order == "C" else laid_out(made, order, name, new=made.creator is None)

    return make


def _read(theirs: Any) -> Callable[..., Any]:
    """``np.fromiter(numbers, dtype, like=t)``: a tensor of what NumPy makes."""

    def make(*args: Any, **kwargs: Any) -> Any:
        return astensor(theirs(*args, **kwargs))

    return make


def _asarray(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None
) -> Any:
    """``np.asarray(x, like=t)``: a tensor."""
    if device not in (None, "cpu"):
        raise refused("numpy.asarray", "device", "use t.to(device=...)")
    new = copy and not isinstance(a, Handle)
    t = _public.tensor(a, dtype) if new else astensor(a, dtype)
    t = laid_out(t, order, "numpy.asarray", (a,))
    if copy is False and t is not a and not isinstance(a, np.ndarray):
        raise ValueError("numpy.asarray: copy=False, and no tensor can be made without a copy")
    return registry["copy"](t) if copy and t is a else t


def _contiguous(order: str) -> Callable[..., Any]:
    """``np.ascontiguousarray(x, like=t)``: at least one axis, and that layout."""

    def make(a: Any, dtype: Any = None) -> Any:
        return laid_out(_public.atleast_1d(astensor(a, dtype)), order, "numpy.ascontiguousarray")

    return make


def _require(a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    """``np.require(x, like=t)``: a tensor in that layout."""
    asked = {requirements} if isinstance(requirements, str) else set(requirements or ())
    known = {"C": "C", "C_CONTIGUOUS": "C", "CONTIGUOUS": "C", "F": "F", "F_CONTIGUOUS": "F",
             "FORTRAN": "F"}  # fmt: skip
    order = next((known[r] for r in asked if r in known), None)
    return _asarray(a, dtype, order, copy=True if asked & {"O", "OWNDATA"} else None)


def _array(
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    ndmax: int = 0,
) -> Any:
    """``np.array(x, like=t)``: a tensor."""
    if ndmax:
        raise refused("numpy.array", "ndmax", "make the array first")
    t = _asarray(object, dtype, order, copy=copy)
    return t if t.ndim >= ndmin else t.reshape((1,) * (ndmin - t.ndim) + tuple(t.shape))


def _sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """NumPy has the places of windows where the axes were, and the windows behind."""
    name = "numpy.lib.stride_tricks.sliding_window_view"
    if writeable:
        raise refused(name, "writeable", "windows share elements; copy them, and write to the copy")
    t = as_operand_tensor(x)
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = range(t.ndim) if axis is None else axis if np.iterable(axis) else (axis,)
    places = [axis_number(k, t.ndim, name) for k in axes]
    if len(places) != len(lengths):
        raise ValueError(
            f"{name}: window_shape={window_shape!r} has {len(lengths)} lengths for {len(places)} "
            f"axes"
        )
    for place, length in zip(places, lengths, strict=True):  # an axis may be there twice
        moved = _public.moveaxis(t, place, -1)
        if length > moved.shape[-1]:
            raise ValueError(
                f"{name}: a window of length {length} is longer than axis {place}, which has "
                f"{moved.shape[-1]}"
            )
        # The places come first, the window last.
        t = _public.moveaxis(_public.sliding_window_view(moved, (length,), 1), 0, place)
    return t


SPECIAL: dict[Any, Callable[..., Any]] = {
    np.lib.stride_tricks.sliding_window_view: _sliding_window_view,
    np.asarray: _asarray,
    np.asanyarray: _asarray,
    np.ascontiguousarray: _contiguous("C"),
    np.asfortranarray: _contiguous("F"),
    np.require: _require,
    **{
        f: _read(f)
        for f in (np.frombuffer, np.fromfile, np.fromfunction, np.fromiter, np.fromstring,
                  np.genfromtxt, np.loadtxt)
    },
    np.array: _array,
    **{f: _filled(f) for f in (np.zeros, np.ones, np.empty)},
    # Edges that are spread over the range of what is counted depend on it.
    np.histogram_bin_edges: histogram_bin_edges,
}
