"""The namespaces that forward functions and derivative rules are written against.

A rule asks for ``xp`` and calls array-API functions of it. On raw arrays these are the
library's own functions, at full speed; on tensors they are mygrad's primitives, so that what
the rule computes can be differentiated again. Primitives that the standard does not know are
found in both under their own names.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from mygrad.autodiff.memory import Handle
from mygrad.backends import Adapter, adapter_of
from mygrad.operands import floating

__all__ = ["Namespace", "TensorNamespace", "namespace_of"]


class Namespace:
    """The functions of an array library, and mygrad's primitives, on raw arrays."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter

    def __getattr__(self, name: str) -> Any:
        from mygrad.autodiff.primitive import registry

        primitive = registry.get(name)
        found = self.adapter.kernels.get(name) or getattr(self.adapter.xp, name, None)
        if primitive is not None and (found is None or primitive.own):
            found = primitive.raw(self.adapter)
        if found is None:
            raise AttributeError(
                f"neither the namespace of {self.adapter.name} nor mygrad has a {name!r}"
            )
        setattr(self, name, found)  # from now on a plain attribute
        return found


class TensorNamespace:
    """The same functions on tensors; what has no derivative returns raw arrays."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter

    def __getattr__(self, name: str) -> Any:
        from mygrad.autodiff.primitive import registry

        found: Any = registry.get(name)
        if found is None:
            found = getattr(namespace_of(self.adapter), name)
            if callable(found) and not isinstance(found, type):
                found = partial(_on_data, found, name)
        setattr(self, name, found)
        return found


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


_namespaces: dict[Adapter, Namespace] = {}
_on_tensors: dict[Adapter, TensorNamespace] = {}


def namespace_of(adapter: Adapter) -> Namespace:
    """The namespace for raw arrays of this adapter."""
    found = _namespaces.get(adapter)
    if found is None:
        found = _namespaces[adapter] = Namespace(adapter)
    return found


def tensor_namespace_of(adapter: Adapter) -> TensorNamespace:
    """The namespace for tensors on arrays of this adapter."""
    found = _on_tensors.get(adapter)
    if found is None:
        found = _on_tensors[adapter] = TensorNamespace(adapter)
    return found
