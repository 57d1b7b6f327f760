"""What ``tensor.creator`` tells: the operation that made a tensor, and what it was made from.

Records hold arrays, not tensors, and only those arrays that a derivative rule needs. The
tensors that programs written for MyGrad read from ``creator.variables`` are therefore looked
up when somebody asks: live tensors are found, the others are stood in for.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, WeakKeyDictionary, ref

from mygrad.autodiff.memory import Handle, Version, new_buffer, new_handle
from mygrad.backends import adapter_of

if TYPE_CHECKING:
    from mygrad.autodiff.primitive import Primitive
    from mygrad.autodiff.tape import Record

__all__ = ["Origin", "remember", "variables_of"]


class Origin:
    """The creator of a constant: an operation that is remembered, but not differentiated.

    Attributes
    ----------
    primitive
        The operation.
    variables
        The tensors that it was called with.
    cost
        About how many bytes remembering keeps from being freed.
    """

    __slots__ = ("_operands", "cost", "primitive")

    BUDGET = 1 << 20  # so that loops over constants run in flat memory

    def __init__(self, primitive: Primitive, operands: tuple[Any, ...], cost: int) -> None:
        self.primitive = primitive
        self._operands = operands
        self.cost = cost

    @property
    def variables(self) -> tuple[Any, ...]:
        self._operands = tuple(constant_tensor(t) for t in self._operands)
        return self._operands


def remember(result: Handle, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
    """Note what a constant was made from, unless that keeps too much memory; returns it."""
    cost = 500
    for t in operands:
        if isinstance(t, Handle):
            cost += getattr(t._data, "nbytes", 0)
            if t._cache is not None and type(t._cache[1]) is Origin:
                cost += t._cache[1].cost
    if cost < Origin.BUDGET:
        result._cache = [None, Origin(primitive, operands, cost)]
    return result


def constant_tensor(value: Any) -> Any:
    if isinstance(value, Handle):
        return value
    return Handle.public(value, constant=True, copy=False)  # type: ignore[call-arg]


_stand_ins: WeakKeyDictionary[Version, list[Any]] = WeakKeyDictionary()


def variables_of(record: Record) -> tuple[Any, ...]:
    """The tensors that an operation was called with.

    As long as the record lives, every call gives the same objects: the user's own tensors, or
    stand-ins where those were dropped or written to since.
    """
    if record not in _stand_ins:
        _stand_ins[record] = [None] * len(record.parents)
    found, held = [], _stand_ins[record]
    for k in range(len(held)):
        t = held[k]() if isinstance(held[k], ReferenceType) else held[k]
        if t is None:
            t, live = _variable(record, k)
            held[k] = ref(t) if live else t
        found.append(t)
    return tuple(found)


def _variable(record: Record, k: int) -> tuple[Any, bool]:
    """The tensor for an operand, and whether it is the user's own."""
    parent, first = record.parents[k], record.primitive.first_operand
    value = record.values[first + k] if len(record.values) > first else None
    if parent is None:
        if value is None:
            return new_handle_without_data(new_buffer(), None, True), False
        return constant_tensor(value), isinstance(value, Handle)
    window: Any = record.windows[k] if record.windows else None
    from mygrad.windows import Gather  # which is declared on top of the core

    if isinstance(window, Gather):  # a read through arrays: of the tensor that it looked at
        window = window.window
    buffer = parent.buffer()
    if buffer is not None and buffer.version is parent:
        base = None
        for t in gc.get_referrers(buffer):
            if isinstance(t, Handle) and t._buffer is buffer and not t._constant:
                if _placed(t._window) == _placed(window):
                    return t, True
                base = t if t._window is None else base
        if base is not None and value is None:
            return window.look(base), False
    if adapter_of(value) is not None:
        return new_handle(value, new_buffer(parent), window, None, False), False
    return new_handle_without_data(new_buffer(parent), window, False), False


def _placed(window: Any) -> Any:
    """What tells one view of a buffer from another."""
    return None if window is None else (window.offset, window.shape, window.strides)


def new_handle_without_data(buffer: Any, window: Any, constant: bool) -> Any:
    """A stand-in for a result that nobody refers to and whose values no rule needs."""
    t = new_handle(None, buffer, window, None, constant, lambda _: object.__new__(_forgotten()))
    del t._data
    return t


def _forgotten() -> type:
    """The class of those stand-ins; made when first needed, since tensors are declared later."""
    global _Forgotten
    if _Forgotten is None:

        class Forgotten(Handle.public):  # type: ignore[name-defined, misc, valid-type]
            __slots__ = ()

            def __getattr__(self, name: str) -> Any:
                if name != "_data":
                    raise AttributeError(f"tensors have no attribute {name!r}")
                raise RuntimeError(
                    "the values of this intermediate result were freed: no variable refers to "
                    "it and no derivative needs them. Keep a reference to it to look at it"
                )

            def __repr__(self) -> str:
                return "Tensor(<values freed>)"

        _Forgotten = Forgotten
    return _Forgotten


_Forgotten: type | None = None
