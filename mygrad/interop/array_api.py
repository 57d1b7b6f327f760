"""The namespace of the Python array API standard, on tensors.

``t.__array_namespace__()`` hands it to code that was written for the standard. Its functions
are mygrad's primitives under the standard's names; what makes new arrays makes tensors with
the standard's default dtype, and what has no derivative returns raw arrays.
"""

from __future__ import annotations

from typing import Any

from mygrad.arrays import Adapter, adapter_of, get_adapter
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import SCALARS, floating
from mygrad.interop.arguments import has_variable, on_data, without_derivative
from mygrad.tensors.base import Tensor

__all__ = ["StandardNamespace", "array_namespace"]

VERSION = "2024.12"
CREATION = frozenset(
    """arange empty empty_like eye full full_like linspace ones ones_like tri zeros
    zeros_like""".split()
)
RAW = frozenset(
    """equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor
    logical_not isnan isinf isfinite signbit bitwise_and bitwise_or bitwise_xor bitwise_invert
    bitwise_left_shift bitwise_right_shift any all argmax argmin argsort nonzero count_nonzero
    searchsorted can_cast finfo iinfo isdtype result_type""".split()
)
"""Functions whose results have no derivative."""


class StandardNamespace:
    """The standard's functions for tensors on the arrays of one library."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._public = _public
        self.__name__ = "mygrad"
        self.__array_api_version__ = VERSION

    def __repr__(self) -> str:
        return f"<array API namespace of mygrad on {self._adapter.name}>"

    def __getattr__(self, name: str) -> Any:
        found = self._function(name)
        setattr(self, name, found)  # from now on a plain attribute
        return found

    def _function(self, name: str) -> Any:
        if name in EXTENSIONS:
            return _Extension(name, self._adapter)
        if name in CREATION:
            return self._creation(getattr(self._public, name))
        library = getattr(self._adapter.xp, name, None)
        if name not in RAW:
            function = registry.get(name) or getattr(self._public, name, None)
            if callable(function) and not isinstance(function, type):
                return function
        if name == "newaxis":
            return None
        if name.startswith("_") or library is None:
            if name == "__array_namespace_info__" and library is not None:
                return library
            raise AttributeError(f"mygrad has no {name!r} among the functions of the standard")
        if not callable(library) or isinstance(library, type):
            return library  # dtypes and constants

        def on_raw(*args: Any, **kwargs: Any) -> Any:
            if name not in RAW and (has_variable(args) or has_variable(kwargs)):
                raise without_derivative(name)
            return library(*on_data(args), **on_data(kwargs))

        on_raw.__name__ = name
        return on_raw

    def _creation(self, function: Any) -> Any:
        backend = self._adapter.name
        like = function.__name__.endswith("_like")
        floats = function.__name__ in ("empty", "eye", "ones", "tri", "zeros")
        name = function.__name__

        def make(*args: Any, dtype: Any = None, device: Any = None, **options: Any) -> Any:
            if floats:
                dtype = float if dtype is None else dtype
            if like:
                made = function(*args, dtype=dtype, **options)
                if made._constant and floating[self._adapter, made.dtype]:
                    # the standard has no constants: variables may be written into what is made
                    made = function(*args, dtype=dtype, **options, constant=False)
                return made if device is None else made.to(device=device)
            return function(*args, dtype=dtype, device=device, backend=backend, **options)

        make.__name__ = name
        return make

    def asarray(
        self, obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Any:
        """A tensor: `obj` itself if it is one and nothing is to be changed."""
        if isinstance(obj, Handle):
            t = obj if dtype is None or obj._data.dtype == dtype else registry["astype"](obj, dtype)
            t = registry["copy"](t) if copy and t is obj else t
            return t if device is None else registry["to"](t, self._adapter.name, device)
        return Tensor(
            obj,
            dtype=dtype,
            constant=True if type(obj) in SCALARS else None,  # nobody writes to a number
            copy=bool(copy),
            device=device,
            backend=None if adapter_of(obj) is self._adapter else self._adapter.name,
        )


EXTENSIONS = ("fft", "linalg", "special")
"""What the standard calls so: further functions, in namespaces of their own. It has no `special`
yet, for which SciPy asks nevertheless."""


class _Extension:
    """The functions of an extension: ours, where there is one, and else the library's."""

    def __init__(self, name: str, adapter: Adapter) -> None:
        self.__name__ = f"mygrad.{name}"
        self._ours = getattr(_public, name, None)
        self._library = getattr(adapter.xp, name, None)

    def __getattr__(self, name: str) -> Any:
        ours = getattr(self._ours, name, None)
        return ours if callable(ours) else getattr(self._library, name)


_namespaces: dict[str, StandardNamespace] = {}
_public: Any = None


def use_names(public: Any) -> None:
    """Take up the public functions: `public` is the module that has them."""
    global _public
    _public = public


def array_namespace(t: Any, *, api_version: str | None = None) -> StandardNamespace:
    """The standard's namespace for a tensor: one object for each array library."""
    if api_version not in (None, "2021.12", "2022.12", "2023.12", VERSION):
        raise ValueError(f"mygrad knows the array API standard up to {VERSION}, not {api_version}")
    adapter = adapter_of(t._data)
    assert adapter is not None
    if adapter.name not in _namespaces:
        _namespaces[adapter.name] = StandardNamespace(get_adapter(adapter.name))
    return _namespaces[adapter.name]
