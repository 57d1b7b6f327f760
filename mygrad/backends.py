"""Array libraries: what mygrad asks of one, which ones are there, and which one is selected.

An *adapter* lends the autodiff core the arrays of one library. It names the array types and
the namespace (in the form of the Python array API standard), and supplies the few things that
the standard leaves out and differentiation of in-place programs needs: addresses, windows on
memory, scatter-add, locking. Adapters are found under the entry-point group
``mygrad.backends``; the name of an entry point is the import name of its array library, so
that an array met for the first time finds its adapter by the module its type comes from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

__all__ = [
    "Adapter",
    "Availability",
    "adapter_of",
    "available_backends",
    "backend",
    "get_adapter",
    "register_backend",
    "selected_adapter",
    "set_backend",
]

Array = Any


class Adapter:
    """What an array library lends to mygrad. Subclass it, fill it in, register an instance.

    Attributes
    ----------
    name
        The import name of the library, and the name by which users select it.
    array_types
        The types of its arrays; operands of these types are handed to `xp`.
    scalar_types
        Types that its functions return in place of 0-d arrays (NumPy's scalars).
    xp
        The library's namespace, complying with the array API standard.
    has_views
        Whether slices share memory and can be written. Without it every operation works
        but writing into tensors raises.
    can_lock
        Whether `set_writeable` can protect an array against writes.
    elements_are_copies
        Whether ``x[i]``, where it selects one element, is a copy (NumPy) or a 0-d view.
    kernels
        Fast versions of portable operations, by the name of the primitive: called as the
        primitive's forward function is, without ``xp``.
    """

    name: str = ""
    array_types: tuple[type, ...] = ()
    scalar_types: tuple[type, ...] = ()
    xp: Any = None
    has_views: bool = True
    can_lock: bool = False
    elements_are_copies: bool = False
    kernels: dict[str, Callable[..., Any]]

    def __init__(self) -> None:
        self.kernels = {}

    def __repr__(self) -> str:
        return f"<mygrad adapter {self.name!r}>"

    # --- to and from the host, devices ------------------------------------------------
    def from_host(self, array: Any, device: Any = None) -> Array:
        """Copy a NumPy array to this library (to `device`, or to the current one)."""
        raise NotImplementedError(f"the adapter {self.name!r} cannot take host arrays")

    def to_host(self, array: Array) -> Any:
        """Copy an array of this library to a NumPy array."""
        raise NotImplementedError(f"the adapter {self.name!r} cannot hand arrays to the host")

    def device(self, array: Array) -> Any:
        """The device that holds `array`, as the user would name it in ``device=``."""
        return array.device

    def to_device(self, array: Array, device: Any) -> Array:
        """`array` on another device of the same library."""
        return array.to_device(device)

    def synchronize(self) -> None:
        """Wait until the device has done all work that was queued."""

    # --- memory -----------------------------------------------------------------------
    def address(self, array: Array) -> int:
        """The memory address, in bytes, of the first element."""
        raise NotImplementedError

    def strides(self, array: Array) -> tuple[int, ...]:
        """Bytes between neighbouring elements, for each axis."""
        raise NotImplementedError

    def window(
        self, array: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Array:
        """A view of the memory of `array`: `offset` bytes from its first element.

        `array` is C-contiguous, or was made by `allocate`. The window lies inside its memory.
        """
        raise NotImplementedError

    def allocate(
        self, shape: tuple[int, ...], strides: tuple[int, ...], dtype: Any, device: Any
    ) -> Array:
        """Zeros of this shape and with exactly these strides (in bytes, negative ones too)."""
        raise NotImplementedError

    def owner(self, array: Array) -> Any:
        """The object that owns the memory of `array`: one object for all of its views."""
        raise NotImplementedError

    def is_view(self, result: Array, source: Array) -> bool:
        """Whether `result`, just computed from `source`, looks at the memory of `source`."""
        raise NotImplementedError

    def overlaps(self, a: Array, b: Array) -> bool:
        """Whether a write to one could change the other. May say True when in doubt."""
        raise NotImplementedError

    def set_writeable(self, array: Array, flag: bool) -> None:
        """Lock or unlock an array against writes; only called where `can_lock` is True."""

    def is_writeable(self, array: Array) -> bool:
        """Whether the array may be written to."""
        return True

    # --- writing ----------------------------------------------------------------------
    def assign(self, target: Array, index: Any, value: Any) -> None:
        """``target[index] = value``, in place; among repeated positions the last one wins."""
        target[index] = value

    def masks_ufunc(self, function: Any) -> bool:
        """Whether a function of the namespace takes ``out=`` and ``where=`` as NumPy's do."""
        return False

    def can_cast(self, source: Any, target: Any) -> bool:
        """Whether in-place updates may cast dtype `source` to `target` ("same kind")."""
        return True

    def last_occurrences(self, index: Any, shape: tuple[int, ...]) -> Array | None:
        """Which elements of ``array[index] = values`` stay, where positions repeat.

        Returns a boolean array that broadcasts to the shape of ``array[index]``, or None if no
        position can repeat (no integer array in the index).
        """
        items = index if isinstance(index, tuple) else (index,)
        arrays = [i for i in items if type(i) in self.array_types]
        if not any(self.xp.isdtype(i.dtype, "integral") for i in arrays):
            return None
        size = 1
        for n in shape:
            size *= n
        places = self.xp.reshape(self.xp.arange(size), shape)[index]
        count = places.size
        order = self.xp.arange(count)
        last = self.xp.zeros(max(size, 1), dtype=order.dtype)
        self.assign(last, self.xp.reshape(places, (count,)), order)
        kept = last[self.xp.reshape(places, (count,))] == order
        return self.xp.reshape(kept, places.shape)

    def scatter_add(self, target: Array, index: Any, values: Array) -> None:
        """Add `values` into ``target[index]``, in place; repeated positions add up."""
        raise NotImplementedError

    # --- arrays from other things -----------------------------------------------------
    def asarray(self, value: Any, dtype: Any = None, device: Any = None) -> Array:
        """An array from a scalar, a list, or an array of this library (no copy if possible)."""
        return self.xp.asarray(value, dtype=dtype, device=device)

    def copy(self, array: Array) -> Array:
        """A copy of an array, or of a scalar that a function returned, as an array."""
        return self.asarray(self.xp.asarray(array, copy=True))

    def rng(self, seed: Any = None) -> Any:
        """A generator with NumPy's ``random``, ``standard_normal`` and ``integers``."""
        raise NotImplementedError


@dataclass(frozen=True)
class Availability:
    """Whether a backend can be used here and, if not, why and what to do.

    Attributes
    ----------
    name
        The name to select it by.
    available
        True if its arrays can be used now.
    reason
        Why it is not available; empty if it is.
    install
        A command that may help; empty if it is available.
    """

    name: str
    available: bool
    reason: str = ""
    install: str = ""


_GROUP = "mygrad.backends"
_EXTRAS = {"cupy": "cuda", "dpnp": "sycl"}
_adapters: dict[str, Adapter] = {}
by_type: dict[type, Adapter] = {}
_no_arrays: set[type] = set()  # types met that belong to no array library


def register_backend(adapter: Adapter) -> Adapter:
    """Make an adapter known to mygrad, under ``adapter.name``.

    Packages do not need to call it: an entry point in the group ``mygrad.backends``, named
    after the array library and leading to the adapter, is found when it is needed.

    Parameters
    ----------
    adapter
        The adapter; a second one of the same name replaces the first.

    Returns
    -------
    Adapter
        The same adapter.
    """
    if not adapter.name or not adapter.array_types:
        raise ValueError(
            f"{adapter!r} cannot be registered: an adapter needs a `name` and `array_types`"
        )
    _adapters[adapter.name] = adapter
    _no_arrays.clear()
    for array_type in adapter.array_types + adapter.scalar_types:
        by_type[array_type] = adapter
    return adapter


@cache
def _installed() -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=_GROUP)}


def _names() -> list[str]:
    names = ["numpy", *_adapters, *_installed(), "cupy", "dpnp"]
    return list(dict.fromkeys(names))


def get_adapter(name: str) -> Adapter:
    """The adapter of this name, imported now if need be.

    Parameters
    ----------
    name
        As in `available_backends`.

    Raises
    ------
    ImportError
        The backend is unknown, or its library is missing or broken. The message says what
        to install.
    """
    if name in _adapters:
        return _adapters[name]
    try:
        point = _installed().get(name)
        if point is not None:
            return register_backend(point.load())
        if name in ("numpy", "cupy", "dpnp"):  # a checkout that is not installed
            module = __import__(f"mygrad_{name}")
            return register_backend(module.adapter)
    except Exception as error:
        raise ImportError(
            f"the backend {name!r} cannot be used here: {error}. {_remedy(name)}"
        ) from error
    raise ImportError(
        f"there is no backend {name!r}; known are {', '.join(_names())}. A package that brings "
        f"one registers its adapter under the entry-point group {_GROUP!r}."
    )


def _remedy(name: str) -> str:
    if name in _EXTRAS:
        return f'Install it with: pip install "mygrad[{_EXTRAS[name]}]"'
    if name == "numpy":  # which comes with mygrad
        return "mygrad runs from a checkout; install that with: pip install -e ."
    return f"Install the package that provides {name!r}"


def available_backends() -> dict[str, Availability]:
    """Which backends there are and, for those that cannot be used, why and how to install them.

    Returns
    -------
    dict[str, Availability]
        By name. Looking imports the libraries and asks each for a device.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.available_backends()["numpy"].available
    True
    """
    found = {}
    for name in _names():
        try:
            adapter = get_adapter(name)
            adapter.asarray(0.0)  # a library without a device fails here
            adapter.synchronize()
        except Exception as error:
            found[name] = Availability(name, False, str(error), _remedy(name))
        else:
            found[name] = Availability(name, True)
    return found


def adapter_of(array: Any) -> Adapter | None:
    """The adapter that takes arrays of this type, or None if it is no array of any library."""
    kind = type(array)
    found = by_type.get(kind)
    return found if found is not None or kind in _no_arrays else _adopt(kind)


def _adopt(kind: type) -> Adapter | None:
    """Look for the adapter of a type met for the first time, by the module it comes from."""
    for parent in kind.__mro__:
        if parent in by_type:  # a subclass of a known array type
            by_type[kind] = by_type[parent]
            return by_type[kind]
        name = parent.__module__.partition(".")[0]
        if name not in _adapters and (name in _installed() or name in ("numpy", "cupy", "dpnp")):
            get_adapter(name)
            return _adopt(kind)
    _no_arrays.add(kind)
    return None


# --- selection ----------------------------------------------------------------------------
class _Selection:
    __slots__ = ("adapter", "device")

    def __init__(self, adapter: Adapter, device: Any = None) -> None:
        self.adapter = adapter
        self.device = device


_default: _Selection | None = None
_local: ContextVar[_Selection | None] = ContextVar("mygrad_backend", default=None)


def selection() -> _Selection | None:
    """What the user selected for the current task, or for the process; None if nothing."""
    return _local.get() or _default


def selected_adapter() -> Adapter:
    """The adapter that gives arrays to constructors: the selected one, or NumPy's."""
    chosen = selection()
    return chosen.adapter if chosen is not None else get_adapter("numpy")


def set_backend(name: str | None, *, device: Any = None) -> None:
    """Select, for the whole process, the backend that host data goes to.

    Constructors (``mg.tensor([1., 2.])``, ``mg.zeros(3)``) then make arrays of this backend,
    and host operands (lists, NumPy arrays) are copied to it where they meet its tensors.
    Arrays of other libraries are never moved.

    Parameters
    ----------
    name
        As in `available_backends`; None takes the selection back, so that arrays decide for
        themselves again and constructors make NumPy arrays.
    device
        The device of that backend, as its library names it; its current one if not given.

    Raises
    ------
    ImportError
        The backend cannot be used here; the message says why and what to install.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.set_backend("numpy")
    >>> mg.tensor([1.0, 2.0]).backend
    'numpy'
    >>> mg.set_backend(None)
    """
    global _default
    _default = None if name is None else _Selection(get_adapter(name), device)


@contextmanager
def backend(name: str, *, device: Any = None) -> Iterator[None]:
    """Select a backend for the code inside, in this thread or task only.

    Parameters
    ----------
    name, device
        As for `set_backend`.

    Examples
    --------
    >>> import mygrad as mg
    >>> with mg.backend("numpy"):
    ...     x = mg.ones(3)
    """
    token = _local.set(_Selection(get_adapter(name), device))
    try:
        yield
    finally:
        _local.reset(token)


def select_from_environment() -> None:
    """Apply ``MYGRAD_BACKEND``; called once, when mygrad is imported."""
    name = os.environ.get("MYGRAD_BACKEND")
    if name and name != "numpy":
        try:
            set_backend(name)
        except ImportError as error:
            raise ImportError(f"MYGRAD_BACKEND={name}: {error}") from error
