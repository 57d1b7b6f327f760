"""The namespaces that forward functions and derivative rules are written against.

A rule asks for ``xp`` and calls array-API functions of it. On raw arrays these are the
library's own functions, at full speed; on tensors they are mygrad's primitives, so that what
the rule computes can be differentiated again. Primitives that the standard does not know are
found in both under their own names. A primitive that another package declares is not found by
name; ``xp[its_primitive]`` is its function for these arrays.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import floating

__all__ = [
    "Composition", "Namespace", "TensorNamespace", "composition", "namespace_of", "registry",
    "tensor_namespace_of", "with_kernel",
]  # fmt: skip

registry: dict[str, Any] = {}
"""Every primitive of mygrad, by its name and by its other names."""

compositions: dict[str, Composition] = {}
"""What the rules of primitives share, by name."""


class Composition:
    """A function that forward functions and rules share, written with ``xp`` like them.

    Namespaces have it under its name. An adapter may replace it by a kernel of that name, which
    may return NotImplemented to leave a call to the composition; on tensors it is always the
    composition, which is differentiated through.
    """

    def __init__(self, function: Any) -> None:
        self.function = function
        self.name = function.__name__
        compositions[self.name] = self

    def on_arrays(self, adapter: Adapter) -> Any:
        return with_kernel(adapter, self.name, partial(self.function, xp=namespace_of(adapter)))


def composition(function: Any) -> Composition:
    """Declare a function that forward functions and rules share."""
    return Composition(function)


def with_kernel(adapter: Adapter, name: str, composed: Any) -> Any:
    """The adapter's kernel of this name, or the composition where there is none or it declines."""
    kernel = adapter.kernels.get(name, composed)
    if name not in adapter.partial_kernels:
        return adapter.following(kernel)

    def computed(*args: Any, **kw: Any) -> Any:
        out = kernel(*args, **kw)
        return composed(*args, **kw) if out is NotImplemented else out

    return adapter.following(computed)


class Namespace:
    """The functions of an array library, and mygrad's primitives, on raw arrays."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter

    def __getattr__(self, name: str) -> Any:
        primitive, found = registry.get(name), getattr(self.adapter.xp, name, None)
        if name in compositions:
            found = compositions[name].on_arrays(self.adapter)
        elif primitive is not None and (found is None or primitive.goes_first):
            found = primitive.on_arrays(self.adapter)
        elif name in self.adapter.kernels:
            found = with_kernel(self.adapter, name, found)
        if found is None:
            raise AttributeError(
                f"neither the namespace of {self.adapter.name} nor mygrad has a {name!r}"
            )
        setattr(self, name, found)  # from now on a plain attribute
        return found

    def __getitem__(self, primitive: Any) -> Any:
        return primitive.on_arrays(self.adapter)


class TensorNamespace:
    """The same functions on tensors; what has no derivative returns raw arrays."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter

    def __getattr__(self, name: str) -> Any:
        found: Any = registry.get(name)
        if name in compositions:
            found = partial(compositions[name].function, xp=self)
        elif found is None:
            found = getattr(namespace_of(self.adapter), name)
            if callable(found) and not isinstance(found, type):
                found = partial(_on_data, found, name)
        setattr(self, name, found)
        return found

    def __getitem__(self, primitive: Any) -> Any:
        return primitive


_LIKE = frozenset(("empty_like", "full_like", "ones_like", "zeros_like"))


def _on_data(function: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a function that is no primitive, on the arrays in its operands."""
    operands = [a for a in (*args, *kwargs.values()) if isinstance(a, Handle)]
    args = tuple(a._data if isinstance(a, Handle) else a for a in args)
    kwargs = {k: a._data if isinstance(a, Handle) else a for k, a in kwargs.items()}
    out = function(*args, **kwargs)
    if name not in _LIKE and any(not t._constant for t in operands):
        adapter = adapter_of(out)
        if adapter is not None and floating[adapter, out.dtype]:
            raise NotImplementedError(
                f"a derivative rule uses {name}, which has no derivative here, so that what the "
                f"rule computes cannot be differentiated again (create_graph=True)"
            )
    return out


@cache
def namespace_of(adapter: Adapter) -> Namespace:
    """The namespace for raw arrays of this adapter."""
    return Namespace(adapter)


@cache
def tensor_namespace_of(adapter: Adapter) -> TensorNamespace:
    """The namespace for tensors on arrays of this adapter."""
    return TensorNamespace(adapter)
