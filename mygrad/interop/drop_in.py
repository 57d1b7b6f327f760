"""``with mg.drop_in():`` other people's code that makes plain arrays of all that it is given.

NumPy's functions that make arrays are replaced by ones that leave tensors as they are; where
modules hold them under names of their own (``from numpy import asarray``), there too. They ask
whether the thread or task that calls them is inside, and do what NumPy does if it is not.
"""

from __future__ import annotations

import inspect
import math
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import wraps
from operator import attrgetter
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar, overload

import numpy as np

from mygrad import errors
from mygrad.arrays import adapter_of
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.interop.arguments import has_variable, leaves
from mygrad.interop.drop_in_arrays import DropInArray, as_drop_in, as_is, joined, tensor_of
from mygrad.interop.drop_in_scipy import TRANSFORMS
from mygrad.settings import lock
from mygrad.tensors.base import Tensor, astensor
from mygrad.tensors.conversion import dtype_of
from mygrad.tensors.leaving import others_code
from mygrad.tensors.switches import Override

__all__ = ["drop_in"]

Function = Callable[..., Any]
Place = tuple[dict[str, Any], str, Function, Function]
"""Where a function stands: in which dictionary, by which name; it, and what is to stand there."""


COPY_MODES = {
    np._CopyMode.ALWAYS: True, np._CopyMode.IF_NEEDED: None, np._CopyMode.NEVER: False
}  # fmt: skip


# --- what NumPy's functions do inside -----------------------------------------------------
def _converted(
    original: Function, a: Any, dtype: Any, order: Any, copy: Any, options: dict[str, Any]
) -> Any:
    """`a` as an array, which for tensors, and lists with tensors, is a tensor."""
    copy = COPY_MODES.get(copy, copy)
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
    if dtype is not None:
        cast = astensor(t, dtype_of(adapter_of(t._data), dtype))
        t, copy = cast, copy if cast is t else None
    flags = getattr(t._data, "flags", None)  # not every library has them
    if order in ("C", "F") and flags is not None and not flags[f"{order}_CONTIGUOUS"]:
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


def _listed(original: Function) -> Function:
    """A function of arrays, lists of tensors among them, which NumPy does not ask."""

    def function(*args: Any, **kwargs: Any) -> Any:
        given = {name: joined(a) for name, a in kwargs.items()}
        return as_drop_in(original(*map(joined, args), **given), args)

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
    **dict.fromkeys(
        """amax amin average clip cross cumprod cumsum diag diagflat diff dot expand_dims inner
        interp kron max mean median min nanmax nanmean nanmin nansum outer polyval prod ravel
        repeat reshape roll squeeze std sum tensordot tile trace transpose tril triu var vdot where
        linalg.cholesky linalg.det linalg.inv linalg.norm linalg.pinv linalg.solve linalg.svd
        linalg.eigh lib.stride_tricks.as_strided""".split(), _listed,
    ),
}  # fmt: skip
"""By name in NumPy, what makes the function that does its work inside."""


def _of_numbers(theirs: Function) -> Callable[[Function], Function]:
    """A function of Python's ``math``, as `theirs` of NumPy's where there is a tensor."""

    def wrapped(original: Function) -> Function:
        def function(*args: Any) -> Any:
            args = as_is(args)
            return (theirs if has_variable(args) else original)(*args)

        return function

    return wrapped


def _logarithm(x: Any, base: Any = None) -> Any:
    return np.log(x) if base is None else np.log(x) / np.log(base)


MATH: dict[str, Function] = {
    **{name: getattr(np, name) for name in """sin cos tan sinh cosh tanh exp expm1 log1p log2 log10
    sqrt hypot degrees radians fabs copysign floor ceil trunc""".split()},
    **{f"a{name}": getattr(np, f"arc{name}") for name in
       ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
    "pow": np.power, "log": _logarithm, "fsum": np.sum, "isnan": np.isnan,
}  # fmt: skip
"""By name in Python's ``math``, NumPy's function."""


def _array_namespace(original: Function) -> Function:
    """The namespace of the tensors; NumPy's arrays beside them (masks, say) are operands."""

    def function(*arrays: Any, **options: Any) -> Any:
        arrays = as_is(arrays)
        if any(isinstance(a, Handle) for a in arrays):
            arrays = tuple(a for a in arrays if not isinstance(a, (np.ndarray, np.generic)))
        return original(*arrays, **options)

    return function


# --- putting them in place ----------------------------------------------------------------
def _replacement(original: Function, make: Callable[[Function], Function]) -> Function:
    ours = make(original)

    @wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        if others_code.get() and kwargs.get("like") is None and _is_others(sys._getframe(1)):
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
_pairs: list[tuple[Function, Function]] = [
    (original, _replacement(original, make))
    for original, make in [
        *((attrgetter(name)(np), make) for name, make in REPLACED.items()),
        *((getattr(math, name), _of_numbers(theirs)) for name, theirs in MATH.items()),
    ]
]
"""NumPy's and Python's functions, and what stands in their place."""

_by_id = {id(original): ours for original, ours in _pairs}
_back = {id(ours): original for original, ours in _pairs}

ASKING = ("array_api_compat.common._helpers", "scipy._lib._array_api_override")
"""The modules, packages' copies among them, that ask arrays for their namespace."""


def _replace(original: Any, make: Callable[[Function], Function]) -> None:
    """Take up a function of another library, if it is there and not known."""
    if original is not None and id(original) not in _by_id and id(original) not in _back:
        ours = _replacement(original, make)
        _pairs.append((original, ours))  # which keeps both alive
        _by_id[id(original)], _back[id(ours)] = ours, original


NUMPYS = ("numpy", "numpy.linalg")
"""The modules of NumPy in which users call its functions."""


class _Places:
    """The names in modules under which these functions stand, and whether they are replaced."""

    def __init__(self) -> None:
        self.users = 0
        self.known: tuple[int, str] = (0, "")  # what `_modules` was when they were looked through
        self.found: list[Place] = []
        self.others: dict[int, tuple[int, list[Place]]] = {}

    def enter(self, names: dict[str, Any]) -> None:
        """Put ours in place, in `names` as well."""
        with lock:
            self.users += 1
            if self.users == 1:
                if self.known != self._modules():
                    np.shape(Tensor(0.0))  # makes the table of NumPy's functions, of the originals
                    self.found = list(self._names(_by_id))
                    self.known = self._modules()
                for table, name, original, ours in self.found:
                    if table.get(name) is original:
                        table[name] = ours
            users, found = self.others.get(id(names), (0, []))
            if not users:
                found = list(_in_tables(names, _by_id))
                for table, name, _, ours in found:
                    table[name] = ours
            self.others[id(names)] = users + 1, found

    def leave(self, names: dict[str, Any]) -> None:
        """Put theirs back, when nobody needs ours any more."""
        with lock:
            users, found = self.others.pop(id(names))
            if users > 1:
                self.others[id(names)] = users - 1, found
            else:
                for table, name, original, ours in found:
                    if table.get(name) is ours:
                        table[name] = original
            self.users -= 1
            if self.users == 0:
                for table, name, original, ours in self.found:
                    if table.get(name) is ours:
                        table[name] = original
                if self.known != self._modules():  # what was imported meanwhile took ours
                    for table, name, _, original in self._names(_back):
                        table[name] = original

    def _modules(self) -> tuple[int, str]:
        return len(sys.modules), next(reversed(sys.modules))

    def _names(self, wanted: dict[int, Function]) -> Iterator[Place]:
        """Where such functions stand: the table, the name, the function, and that to put there."""
        modules = tuple(sys.modules.items())
        for title, module in modules if wanted is _by_id else ():
            if title.endswith(ASKING):
                _replace(getattr(module, "array_namespace", None), _array_namespace)
            for name, make in TRANSFORMS.items() if title == "scipy.fft" else ():
                _replace(getattr(module, name, None), make)
        for title, module in modules:
            names = getattr(module, "__dict__", None)
            if type(names) is dict and _is_looked_at(title, names):
                yield from _in_tables(names, wanted)


def _in_tables(names: dict[str, Any], wanted: dict[int, Function]) -> Iterator[Place]:
    """Where functions stand among names, and in the dictionaries among these."""
    held = [v for v in names.copy().values() if type(v) is dict and len(v) < LARGE]
    for table in (names, *held):
        for name, value in table.copy().items():
            if id(value) in wanted:
                yield table, name, value, wanted[id(value)]


LARGE = 2000
"""So many entries no table of functions has: it is somebody's data."""

THEIRS = ("numpy", "numpy.linalg", "numpy.lib.stride_tricks", "math")
"""The modules in which users call these functions."""


def _is_looked_at(title: str, names: dict[str, Any]) -> bool:
    """Whether names in a module are replaced: those of NumPy itself, and of Python, are not."""
    if title in THEIRS or title == "__main__":
        return True
    file = str(names.get("__file__") or "")
    library = file.startswith(_PYTHON) and "-packages" not in file
    return not library and not file.startswith(_OURS) and not title.startswith("mygrad_")


_PYTHON = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))
_places = _Places()


class _DropIn(Override[bool]):
    """What `drop_in` returns: a context manager and a decorator."""

    def __init__(self) -> None:
        super().__init__(others_code, True)
        self._names: dict[str, Any] = {}  # those that the function sees, which may be no module's

    def __enter__(self) -> None:
        _places.enter(self._names)
        try:
            super().__enter__()
        except BaseException:
            _places.leave(self._names)
            raise

    def __exit__(self, *error: object) -> None:
        try:
            super().__exit__(*error)
        finally:
            _places.leave(self._names)

    def __call__(self, func: Function) -> Function:
        decorator = _DropIn()
        names = getattr(inspect.unwrap(func), "__globals__", {})
        if _is_looked_at(names.get("__name__", ""), names):
            decorator._names = names
        if any(asks(func) for asks in NOT_CALLED_ONCE):
            return decorator.decorate(func, _handed_out)

        @wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            return func(*map(_handed_in, args), **{k: _handed_in(a) for k, a in kwargs.items()})

        return decorator.decorate(call, _handed_out)


NOT_CALLED_ONCE = (
    inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction
)  # fmt: skip


def _handed_in(value: Any) -> Any:
    """An argument: where it stands for a number, ``x *= 2`` does not change it for the caller."""
    return registry["copy"](value) if isinstance(value, Tensor) and not value.ndim else value


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
