"""Which tensors an optimiser changes: those in containers, and in the attributes of models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.arrays.immutable import ImmutableAdapter
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import floating
from mygrad.autodiff.primitive import Primitive
from mygrad.tensors.base import Tensor

__all__ = ["check_parameter", "named_parameters", "refuse_shared_memory"]

_CONTAINERS = (list, tuple, set, frozenset, GeneratorType)
_CLOSED = (
    str, bytes, type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, Primitive
)  # fmt: skip


def named_parameters(structure: Any, optimizer: str) -> dict[str, Tensor]:
    """The variables in a structure, each once, by where they were found first.

    What is in containers has to be a variable, None, or an object that has some. Of objects, their
    ``parameters`` are taken (an attribute, or a method without arguments), or all attributes if
    they have none; constants are left out there, since models have them for other ends.
    """
    if isinstance(structure, Handle):
        structure = [structure]
    return _Walk(optimizer).run(structure)


class _Walk:
    """A walk through a structure, which meets each object once."""

    def __init__(self, optimizer: str) -> None:
        self.optimizer = optimizer
        self.found: dict[str, Tensor] = {}
        self.met: dict[int, Any] = {}  # with the objects, whose ids would else be given anew

    def run(self, structure: Any) -> dict[str, Tensor]:
        self.visit(structure, "", given=True, strict=True)
        views = [name for name, t in self.found.items() if id(t.base) in self.met]
        for name in views:  # who updates the base has updated them
            del self.found[name]
        for name, t in self.found.items():
            check_parameter(t, f"{self.optimizer}: the parameter {name}")
        return self.found

    def visit(self, value: Any, path: str, *, given: bool, strict: bool) -> None:
        """Take the variables of `value`.

        `given` is False inside of objects: constants are left out. `strict` is False among
        attributes: what holds no tensors is left out.
        """
        if value is None or id(value) in self.met:
            return
        if isinstance(value, Tensor):
            self.take(value, path, given)
        elif isinstance(value, Mapping):
            self.met[id(value)] = value
            for key, item in value.items():
                self.visit(item, _joined(path, key), given=given, strict=strict)
        elif isinstance(value, _CONTAINERS) or (strict and _can_be_iterated(value)):
            self.met[id(value)] = value
            for k, item in enumerate(value):
                self.visit(item, _joined(path, k), given=given, strict=strict)
        elif _has_attributes(value):
            self.met[id(value)] = value
            listed = getattr(value, "parameters", None)
            if listed is not None:
                listed = listed() if callable(listed) else listed
                path = _joined(path, "parameters")
                self.visit(listed, path, given=False, strict=strict)
            else:
                for name, item in _attributes(value):
                    self.visit(item, _joined(path, name), given=False, strict=False)
        elif strict:
            raise TypeError(
                f"{self.optimizer}: {path or 'what it was given'} is a {type(value).__name__}; "
                f"parameters are tensors (mg.tensor makes one), nested lists, tuples and dicts of "
                f"them, and objects that have them for attributes"
            )

    def take(self, t: Tensor, path: str, given: bool) -> None:
        if not t.constant:
            if path in self.found:
                raise ValueError(f"{self.optimizer}: there are two parameters called {path}")
            self.met[id(t)] = t
            self.found[path] = t
        elif given:
            adapter = adapter_of(t._data)
            why = "constant=True was asked for, or it was computed from constants alone"
            if adapter is not None and not floating[adapter, t.dtype]:
                why = f"its dtype is {t.dtype}; give it a floating-point one, dtype='float32' say"
            raise ValueError(
                f"{self.optimizer}: the parameter {path} is constant, so that it never gets a "
                f"gradient ({why}); make it a variable, or leave it out"
            )


def check_parameter(t: Tensor, what: str) -> None:
    """Raise if no optimiser can change `t`."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    if _is_complex(adapter, t.dtype):
        raise TypeError(
            f"{what} is complex ({t.dtype}), which optimisers do not take: what its square is, "
            f"and which way is down, is a matter of convention; make its real and its imaginary "
            f"part the parameters, and compute the complex number from them"
        )
    if t._window is not None and t._window.folds:
        raise ValueError(
            f"{what} has elements that share memory with one another (it comes from broadcast_to "
            f"or the like), so that it cannot be changed; take its base, or a copy"
        )


@cache
def _is_complex(adapter: Adapter, dtype: Any) -> bool:
    return adapter.xp.isdtype(dtype, "complex floating")


def refuse_shared_memory(parameters: dict[str, Tensor], optimizer: str) -> None:
    """Raise if parts of one memory would be updated twice in a step."""
    by_owner: dict[int, list[str]] = {}
    for name, t in parameters.items():
        adapter = adapter_of(t._data)
        assert adapter is not None
        memory = adapter.owner(t._data) if adapter.has_views else (t if t.base is None else t.base)
        others = by_owner.setdefault(id(memory), [])
        for other in others:
            if _share_memory(t, parameters[other], adapter):
                raise ValueError(
                    f"{optimizer}: the parameters {other} and {name} share memory, which a step "
                    f"would change twice; leave one of them out"
                )
        others.append(name)


def _share_memory(a: Tensor, b: Tensor, adapter: Adapter) -> bool:
    if isinstance(adapter, ImmutableAdapter):
        return adapter.share_memory(a, b)
    return adapter.overlaps(a._data, b._data)


def _joined(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _can_be_iterated(value: Any) -> bool:
    closed = isinstance(value, _CLOSED) or adapter_of(value) is not None
    return isinstance(value, Iterable) and not closed and not _has_attributes(value)


def _has_attributes(value: Any) -> bool:
    if isinstance(value, _CLOSED) or adapter_of(value) is not None:
        return False
    if "__wrapped__" in getattr(value, "__dict__", ()):  # a function, with something around it
        return False
    return hasattr(value, "__dict__") or any(_slots(value)) or hasattr(value, "parameters")


def _slots(value: Any) -> Iterator[str]:
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(value, "__dict__", {}).items()
    for name in _slots(value):
        if name not in ("__dict__", "__weakref__") and hasattr(value, name):
            yield name, getattr(value, name)
