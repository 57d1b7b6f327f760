"""``with mg.drop_in():`` other people's code that makes plain arrays of all that it is given.

NumPy's functions that make arrays are replaced by ones that leave tensors as they are; where
modules hold them under names of their own (``from numpy import asarray``), there too. They ask
whether the thread or task that calls them is inside, and do what NumPy does if it is not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar, overload

import numpy as np

from mygrad import errors
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.interop.arguments import has_variable, leaves
from mygrad.interop.drop_in_arrays import DropInArray, as_drop_in, as_is, inside, joined, tensor_of
from mygrad.settings import lock
from mygrad.tensors.base import Tensor, astensor
from mygrad.tensors.switches import Override

__all__ = ["drop_in"]

Function = Callable[..., Any]


# --- what NumPy's functions do inside -----------------------------------------------------
def _converted(
    original: Function, a: Any, dtype: Any, order: Any, copy: Any, options: dict[str, Any]
) -> Any:
    """`a` as an array, which for tensors, and lists with tensors, is a tensor."""
    value = tensor_of(a) if type(a) is DropInArray else a
    value = a if value is None else value
    if type(value) in (list, tuple) and any(type(v) is DropInArray for v in leaves(value)):
        value = as_is(value)
    if type(value) in (list, tuple):
        if not has_variable(value):
            return _as_numpy_does(original, value, dtype, order, copy, options)
        value = joined(value)
        copy = None
    if not isinstance(value, Handle) or (dtype is not None and np.dtype(dtype).kind not in "fciub"):
        return _as_numpy_does(original, a, dtype, order, copy, options)
    t: Any = value
    if dtype is not None and t.dtype != np.dtype(dtype):
        t, copy = registry["astype"](t, np.dtype(dtype)), None
    if order in ("C", "F") and not t._data.flags[f"{order}_CONTIGUOUS"]:
        t, copy = registry["copy"](t, order), None
    if copy:
        t = registry["copy"](t, order if order in ("C", "F", "K") else "K")
    more = options.get("ndmin", 0) - t.ndim
    return t.reshape((1,) * more + tuple(t.shape)) if more > 0 else t


def _as_numpy_does(
    original: Function, a: Any, dtype: Any, order: Any, copy: Any, options: dict[str, Any]
) -> Any:
    given = dict(options)
    if dtype is not None:
        given["dtype"] = dtype
    if order is not None:
        given["order"] = order
    if copy is not (True if original is np_array else None):
        given["copy"] = copy
    plain = as_is(a)
    made = original(plain, **given)
    if type(a) is DropInArray and made is plain:
        return a
    if type(a) is np.ndarray and made is a:
        return made
    return as_drop_in(made, (a,))


np_array = np.array


def _asarray(original: Function) -> Function:
    def function(
        a: Any = None, dtype: Any = None, order: Any = None, *, copy: Any = None, **options: Any
    ) -> Any:
        a = options.pop("object", a)
        if copy is not None:
            options["copy"] = copy
        return _converted(original, a, dtype, order, options.pop("copy", None), options)

    return function


def _array(original: Function) -> Function:
    def function(
        object: Any, dtype: Any = None, *, copy: Any = True, order: Any = None, **options: Any
    ) -> Any:
        return _converted(original, object, dtype, order, copy, options)

    return function


def _contiguous(order: str) -> Callable[[Function], Function]:
    def wrapped(original: Function) -> Function:
        def function(a: Any, dtype: Any = None, **options: Any) -> Any:
            if not _is_or_has_tensor(a):
                return as_drop_in(original(as_is(a), dtype, **options), (a,))
            t = _converted(original, a, dtype, order, None, options)
            return t if t.ndim else t.reshape(1)

        return function

    return wrapped


def _chkfinite(original: Function) -> Function:
    def function(a: Any, dtype: Any = None, order: Any = None) -> Any:
        if not _is_or_has_tensor(a):
            return as_drop_in(original(as_is(a), dtype, order), (a,))
        t = _converted(original, a, dtype, order, None, {})
        original(t._data)  # which raises where there are infs or nans
        return t

    return function


def _fromiter(original: Function) -> Function:
    def function(iter: Any, dtype: Any, count: int = -1, **options: Any) -> Any:
        values = list(iter)
        if not has_variable(as_is(values)):
            return as_drop_in(original(as_is(values), dtype, count, **options))
        if 0 <= count > len(values):
            raise ValueError(f"numpy.fromiter: {count} values are asked for, of {len(values)}")
        return astensor(joined(values if count < 0 else values[:count]), np.dtype(dtype))

    return function


def _require(original: Function) -> Function:
    def function(a: Any, dtype: Any = None, requirements: Any = None, **options: Any) -> Any:
        if not _is_or_has_tensor(a):
            return as_drop_in(original(as_is(a), dtype, requirements, **options), (a,))
        wanted = {str(r)[:1].upper() for r in requirements or ()}
        order = "F" if "F" in wanted else "C" if "C" in wanted else None
        return _converted(original, a, dtype, order, None, {})

    return function


def _filled(original: Function) -> Function:
    """``np.full(shape, t)``, ``np.full_like(a, t)``: the value may be a tensor."""

    def function(*args: Any, **kwargs: Any) -> Any:
        first, value, *rest = args if len(args) > 1 else (*args, kwargs.pop("fill_value", 0))
        value = joined(value)
        if not (isinstance(value, Handle) and not value._constant):
            return as_drop_in(original(as_is(first), value, *rest, **kwargs))
        if (rest and rest[0] is None) or (not rest and kwargs.get("dtype") is None):
            if original is np_full:
                kwargs["dtype"], rest = value._data.dtype, rest[1:]
        first = first._data if isinstance(first, Handle) else as_is(first)
        made = as_drop_in(original(first, 0, *rest, **kwargs))
        made[...] = value
        return as_is(made)

    return function


np_full = np.full


def _atleast(original: Function) -> Function:
    def function(*arrays: Any) -> Any:
        return as_drop_in(original(*(joined(a) for a in arrays)), arrays)

    return function


def _made(original: Function) -> Function:
    """A function that makes arrays: tensors can be written into these."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return as_drop_in(original(*as_is(args), **as_is(kwargs)))

    return function


def _is_or_has_tensor(a: Any) -> bool:
    a = as_is(a)
    return isinstance(a, Handle) or (type(a) in (list, tuple) and has_variable(a))


REPLACED: dict[str, Callable[[Function], Function]] = {
    "asarray": _asarray, "asanyarray": _asarray, "array": _array,
    "ascontiguousarray": _contiguous("C"), "asfortranarray": _contiguous("F"),
    "asarray_chkfinite": _chkfinite, "fromiter": _fromiter, "require": _require,
    "full": _filled, "full_like": _filled,
    **dict.fromkeys(("atleast_1d", "atleast_2d", "atleast_3d"), _atleast),
    **dict.fromkeys(
        """zeros ones empty zeros_like ones_like empty_like eye identity arange linspace
        logspace geomspace tri copy""".split(), _made,
    ),
}  # fmt: skip
"""By name in NumPy, what makes the function that does its work inside."""


# --- putting them in place ----------------------------------------------------------------
def _replacement(original: Function, make: Callable[[Function], Function]) -> Function:
    ours = make(original)

    @wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        if inside.get() and kwargs.get("like") is None and _is_others(sys._getframe(1)):
            return ours(*args, **kwargs)
        return original(*args, **kwargs)

    return function


def _is_others(frame: FrameType | None) -> bool:
    """Whether a call comes from code that is neither NumPy's own nor mygrad's."""
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        if not name.startswith("array_api_compat"):  # which does what its caller asks for
            file = frame.f_code.co_filename  # the examples in docstrings are others' code
            return not (name.startswith("mygrad_") or file.startswith(_OURS))
        frame = frame.f_back
    return True


_OURS = tuple(str(Path(file).parent) + os.sep for file in (np.__file__, errors.__file__))
_originals: dict[str, Function] = {name: getattr(np, name) for name in REPLACED}
_replacements: dict[str, Function] = {
    name: _replacement(function, REPLACED[name]) for name, function in _originals.items()
}
_by_id = {id(function): _replacements[name] for name, function in _originals.items()}
_back = {id(_replacements[name]): function for name, function in _originals.items()}


class _Places:
    """The names in modules under which NumPy's functions stand, and whether they are replaced."""

    def __init__(self) -> None:
        self.users = 0
        self.known: dict[str, Any] = {}  # the modules that were looked through
        self.found: list[tuple[dict[str, Any], str, Function]] = []

    def enter(self) -> None:
        with lock:
            self.users += 1
            if self.users == 1:
                np.shape(Tensor(0.0))  # makes the table of NumPy's functions, of the originals
                self._look()
                for names, name, function in self.found:
                    if names.get(name) is function:
                        names[name] = _by_id[id(function)]

    def leave(self) -> None:
        with lock:
            self.users -= 1
            if self.users == 0:
                for names, name, function in self.found:
                    if names.get(name) is _by_id[id(function)]:
                        names[name] = function
                if self._new_modules():  # what was imported meanwhile has our functions
                    for names, name, value in self._names(_back):
                        names[name] = _back[id(value)]

    def _new_modules(self) -> bool:
        return len(self.known) != len(sys.modules) or any(
            self.known.get(name) is not module for name, module in tuple(sys.modules.items())
        )

    def _look(self) -> None:
        if self._new_modules():
            self.found = list(self._names(_by_id))
            self.known = dict(sys.modules)

    def _names(self, wanted: dict[int, Function]) -> Any:
        for title, module in tuple(sys.modules.items()):
            names = getattr(module, "__dict__", None)
            ours = title.partition(".")[0] in ("mygrad", "numpy") and title != "numpy"
            if names is None or ours or title.startswith("mygrad_"):
                continue
            for name, value in tuple(names.items()):
                if id(value) in wanted:
                    yield names, name, value


_places = _Places()


class _DropIn(Override[bool]):
    """What `drop_in` returns: a context manager and a decorator."""

    def __init__(self) -> None:
        super().__init__(inside, True)

    def __enter__(self) -> None:
        _places.enter()
        try:
            super().__enter__()
        except BaseException:
            _places.leave()
            raise

    def __exit__(self, *error: object) -> None:
        try:
            super().__exit__(*error)
        finally:
            _places.leave()

    def __call__(self, func: Function) -> Function:
        return self.decorate(func, _handed_out)


def _handed_out(result: Any) -> Any:
    """A result for code outside: tensors, and plain arrays of what never met a variable."""
    if type(result) in (list, tuple, dict) or type(result) is DropInArray:
        return as_is(result)
    return result


F = TypeVar("F", bound=Function)


@overload
def drop_in(function: None = None) -> _DropIn: ...
@overload
def drop_in(function: F) -> F: ...


def drop_in(function: Any = None) -> Any:
    """Let other people's code keep tensors where it asks NumPy for arrays.

    Inside, NumPy's functions that make arrays leave tensors as they are: ``np.asarray(t)`` is
    `t`, ``np.array([t0, t1])`` is ``mg.stack([t0, t1])``. What ``np.zeros(n)`` and its like make
    is an array into which tensors can be written: it becomes a tensor then. It holds for the
    current thread or task, and also for names that modules have of these functions
    (``from numpy import asarray``).

    Parameters
    ----------
    function
        A function that is to run so. Of its results, those that depend on a variable are
        tensors, and the others plain arrays. Not given: a context manager, and a decorator.

    Returns
    -------
    Callable or context manager

    Notes
    -----
    Compiled code is out of reach, as is what it does with arrays; see ``docs/drop-in.md``.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> def squares(x):  # someone else's function
    ...     x = np.asarray(x)
    ...     out = np.zeros(len(x))
    ...     for k in range(len(x)):
    ...         out[k] = x[k] ** 2
    ...     return out
    >>> x = mg.tensor([1.0, 2.0])
    >>> with mg.drop_in():
    ...     y = squares(x)
    >>> y.backward()
    >>> x.grad
    array([2., 4.])
    >>> mg.drop_in(squares)(x)
    Tensor([1., 4.])
    """
    return _DropIn() if function is None else _DropIn()(function)
