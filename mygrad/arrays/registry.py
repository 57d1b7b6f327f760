"""Which array libraries there are, and which one an array belongs to.

Adapters are found under the entry-point group ``mygrad.backends``; the name of an entry point is
the import name of its array library, so that an array met for the first time finds its adapter
by the module its type comes from.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any

from mygrad.arrays.protocol import Adapter

__all__ = [
    "adapter_of", "by_type", "elsewhere", "get_adapter", "names", "register_backend", "remedy",
]  # fmt: skip

_GROUP = "mygrad.backends"
_EXTRAS = {"cupy": "cuda", "dpnp": "sycl", "jax": "jax"}
_OURS = ("numpy", *_EXTRAS)
_CALLED = {"cuda": "cupy", "gpu": "cupy", "sycl": "dpnp", "xpu": "dpnp", "cpu": "numpy"}
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
        raise ValueError(f"{adapter!r} cannot be registered without `name` and `array_types`")
    _adapters[adapter.name] = adapter
    _no_arrays.clear()
    for array_type in adapter.array_types + adapter.scalar_types:
        by_type[array_type] = adapter
    return adapter


@cache
def _installed() -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=_GROUP)}


def names() -> list[str]:
    """The backends that are known, here or not; those of batches, ``vmap(...)``, are for mygrad."""
    return [*dict.fromkeys((*_OURS, *_installed(), *(k for k in _adapters if "(" not in k)))]


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
        if name in _OURS:  # a checkout that is not installed
            return register_backend(__import__(f"mygrad_{name}").adapter)
    except Exception as error:
        what = getattr(error, "name", None)  # only what is missing can be installed
        why = f"{error}. {remedy(name)}" if what else str(error)
        raise ImportError(f"the backend {name!r} cannot be used here: {why}", name=what) from error
    known = f"there is no backend {name!r}; known are {', '.join(names())}. "
    raise ImportError(known + (elsewhere(name) or remedy(name)))


def remedy(name: str) -> str:
    """How to get a backend that is not there."""
    if name in _EXTRAS:
        return f'Install it with: pip install "mygrad[{_EXTRAS[name]}]"'
    if name == "numpy":  # which comes with mygrad
        return "mygrad runs from a checkout; install that with: pip install -e ."
    return f"A package that brings one registers its adapter under the entry-point group {_GROUP!r}"


def elsewhere(name: Any) -> str:
    """How to get what other libraries call so, a device mostly; empty for what none does."""
    here = _CALLED.get(str(name).lower().partition(":")[0], "")
    use = f'Use backend="{here}", t.to("{here}") or mg.set_backend("{here}")'
    return here and (f"{use}. {remedy(here)}" if here in _EXTRAS else use)


def adapter_of(array: Any) -> Adapter | None:
    """The adapter that takes arrays of the type of `array`, or None if it is no array at all."""
    kind = type(array)
    found = by_type.get(kind)
    return found if found is not None or kind in _no_arrays else _adopt(kind)


def _adopt(kind: type) -> Adapter | None:
    """Look for the adapter of a type met for the first time, by the module it comes from."""
    for parent in kind.__mro__:
        if parent in by_type:  # a subclass of a known array type
            return by_type.setdefault(kind, by_type[parent])
        name = parent.__module__.partition(".")[0].replace("jaxlib", "jax")  # which JAX is made of
        if name not in _adapters and (name in _installed() or name in _OURS):
            get_adapter(name)
            return _adopt(kind)
    theirs = {*dir(kind)} & {"__array_namespace__", "__dlpack__", "__cuda_array_interface__"}
    if theirs and not any(parent.__module__.startswith("mygrad.") for parent in kind.__mro__):
        library, what = kind.__module__.partition(".")[0], f"{kind.__module__}.{kind.__qualname__}"
        by = f"the entry point {library!r} of {_GROUP!r}. numpy.asarray(array) makes it NumPy's"
        raise TypeError(f"there is no adapter for {what}; install a package with one, by {by}")
    _no_arrays.add(kind)
    return None
