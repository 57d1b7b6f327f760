"""The namespace of the Python array API standard, on tensors: a module for each array library."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from mygrad.arrays import Adapter, adapter_of, selected_adapter
from mygrad.arrays.standard import (
    CONSTANTS,
    DTYPES,
    FFT,
    LINALG,
    MAIN,
    UNTOUCHED,
    VERSION,
    VERSIONS,
    WITHOUT_DERIVATIVE,
)
from mygrad.autodiff.namespace import registry
from mygrad.interop.array_api.functions import (
    CALLED_OTHERWISE,
    OWN,
    as_tensors,
    called_as,
    of_library,
    untouched,
)
from mygrad.tensors import dialect

__all__ = ["StandardNamespace", "array_namespace", "namespace_for", "use_names"]

EXTENSIONS = {"fft": FFT, "linalg": LINALG, "special": {}}
"""What the standard calls so: further functions, in namespaces of their own. It has no `special`
yet, for which SciPy asks nevertheless: its functions have SciPy's parameters."""


class StandardNamespace(ModuleType):
    """The standard's functions for tensors on the arrays of one library.

    What is asked for is made then, and kept. Names that the standard does not know are mygrad's
    functions as they are, and then those of the library, as far as they need no derivative.
    """

    def __init__(self, adapter: Adapter, public: Any) -> None:
        name = f"{__name__.rpartition('.')[0]}.on_{adapter.name.replace('-', '_')}"
        super().__init__(name, f"The Python array API standard, on tensors of {adapter.name}.")
        self._adapter = adapter
        self._public = public
        self.__array_api_version__ = VERSION
        self.__all__ = sorted((*MAIN, *CONSTANTS, *DTYPES, "fft", "linalg", "special"))

    def __repr__(self) -> str:
        return f"<array API namespace of mygrad on {self._adapter.name}>"

    def __dir__(self) -> list[str]:
        return [*self.__all__, "__array_api_version__", "__name__", "__doc__"]

    def __getattr__(self, name: str) -> Any:
        found = self._found(name)
        setattr(self, name, found)  # from now on a plain attribute
        return found

    def _found(self, name: str) -> Any:
        if name in MAIN:
            return self._function(name, name, MAIN[name], self._public, self._adapter.xp, self)
        if name in EXTENSIONS:
            return _Extension(name, self)
        if name == "newaxis":
            return None
        library = getattr(self._adapter.xp, name, None)
        if (name in CONSTANTS or name in DTYPES) and library is not None:
            return library
        ours = registry.get(name) or getattr(self._public, name, None)
        if callable(ours) and _is_ours(ours) and not name.startswith("_"):
            return ours
        if library is None or name.startswith("_"):
            raise self._lacks(name)
        if callable(library) and not isinstance(library, type):
            return of_library(self, name, library, refuses=True)
        return library

    def _function(
        self, name: str, path: str, parameters: str, public: Any, library: Any, room: Any
    ) -> Any:
        """The function of the standard: one of this package, or of mygrad, or of the library."""
        theirs: Any = getattr(library, name, None)
        has_rule = name not in UNTOUCHED and name not in WITHOUT_DERIVATIVE
        known = registry.get(name) if room is self else None
        ours = known or getattr(public, CALLED_OTHERWISE.get(name, name), None)
        if path in OWN:
            function = _first(OWN[path], self)
        elif ours is None if has_rule else theirs is None:
            raise self._lacks(path)
        elif has_rule:
            function = ours if known is not None else _tensors_of(ours)
        elif name in UNTOUCHED:
            function = untouched(self, name, theirs)
        else:
            function = of_library(self, name, theirs, refuses=False)
        return called_as(name, parameters, function, room.__name__)

    def _lacks(self, name: str) -> AttributeError:
        return AttributeError(
            f"the namespace for tensors on {self._adapter.name} has no {name!r}: neither mygrad "
            f"nor {self._adapter.name} has it"
        )


def _first(function: Any, space: Any) -> Any:
    return lambda *args, **options: function(space, *args, **options)


def _tensors_of(function: Any) -> Any:
    """A function, with tensors in place of the raw arrays among its results."""
    return lambda *args, **options: as_tensors(function(*args, **options))


def _is_ours(function: Any) -> bool:
    return (getattr(function, "__module__", None) or "").partition(".")[0] == "mygrad"


class _Extension(ModuleType):
    """The functions of an extension, and beyond the standard those that mygrad has."""

    def __init__(self, name: str, space: StandardNamespace) -> None:
        super().__init__(f"{space.__name__}.{name}", f"The extension `{name}` of the standard.")
        self._name, self._space = name, space
        self.__all__ = sorted(EXTENSIONS[name])

    def __repr__(self) -> str:
        return f"<the {self._name} of {self._space!r}>"

    def __dir__(self) -> list[str]:
        return [*self.__all__, "__name__", "__doc__"]

    def __getattr__(self, name: str) -> Any:
        space = self._space
        public = getattr(space._public, self._name, None)
        library = getattr(space._adapter.xp, self._name, None)
        parameters = EXTENSIONS[self._name].get(name)
        if parameters is not None:
            path = f"{self._name}.{name}"
            found = space._function(name, path, parameters, public, library, self)
        else:
            found = getattr(public, name, None) if name in getattr(public, "__all__", ()) else None
            theirs: Any = None if name.startswith("_") else getattr(library, name, None)
            if found is None and theirs is None:
                raise space._lacks(f"{self._name}.{name}")
            if found is None:
                found = of_library(space, f"{self._name}.{name}", theirs, refuses=True)
        setattr(self, name, found)
        return found


_namespaces: dict[str, StandardNamespace] = {}
_public: Any = None


def use_names(public: Any) -> None:
    """Take up the public functions: `public` is the module that has them."""
    global _public
    _public = public


def namespace_for(adapter: Adapter | None = None) -> StandardNamespace:
    """The namespace for tensors on one array library, always the same object.

    Parameters
    ----------
    adapter
        The adapter of the library; the selected one if not given.

    Returns
    -------
    module
    """
    adapter = selected_adapter() if adapter is None else adapter
    found = _namespaces.get(adapter.name)
    if found is None or found._adapter is not adapter:
        found = _namespaces[adapter.name] = StandardNamespace(adapter, _public)
        sys.modules[found.__name__] = found
    return found


def array_namespace(t: Any, /, *, api_version: str | None = None) -> StandardNamespace:
    """The standard's namespace for a tensor: one module for each array library.

    Parameters
    ----------
    t
        A tensor.
    api_version
        The version of the standard; all since 2021.12 up to 2025.12 are the newest one.

    Returns
    -------
    module

    Raises
    ------
    ValueError
        The version is not known.
    """
    if api_version is not None and api_version not in VERSIONS:
        raise ValueError(f"mygrad knows the array API standard up to {VERSION}, not {api_version}")
    adapter = adapter_of(t._data)
    assert adapter is not None
    found = namespace_for(adapter)
    dialect.take_up(found)
    return found
