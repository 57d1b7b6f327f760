"""What ``tensor.creator.variables`` tells: the tensors that an operation was called with.

Records hold arrays, not tensors, and only those arrays that a derivative rule needs. The
tensors that programs written for MyGrad read from ``creator.variables`` are therefore looked
up when somebody asks: live tensors are found, the others are stood in for.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from functools import cache
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary, ref

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import (
    Extras,
    Handle,
    Record,
    Version,
    new_buffer,
    new_handle,
    tensor_class,
)
from mygrad.autodiff.tape import clock
from mygrad.autodiff.views import Gather

__all__ = [
    "CreatorWithResiduals", "Provenance", "constant_tensor", "creator_of", "creators", "forget",
    "remember", "variables_of",
]  # fmt: skip

creators: dict[Any, Any] = {}
"""What users see of the records of a primitive, where that is not the record."""


def creator_of(t: Handle) -> Any:
    """The operation that made a tensor; None for leaves, and once the graph is cleared."""
    made: Any
    if t._constant:
        made = None if t._extras is None else t._extras.provenance
    else:
        made = None if t._buffer is None else t._buffer.version
    if made is None or not made.seq:
        return None
    primitive = getattr(made, "primitive", None)  # writes have none
    if primitive in creators:
        return creators[primitive](made)
    if isinstance(made, Record) and made.primitive.residual_names:
        return CreatorWithResiduals(made)
    return made


class CreatorWithResiduals:
    """A creator that shows what its operation worked out besides the result, by name.

    After `batchnorm`, say, ``creator.mean`` and ``creator.var`` are those of the channels.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def variables(self) -> tuple[Any, ...]:
        """The tensors that the operation was called with."""
        return variables_of(self.record)

    def __getattr__(self, name: str) -> Any:
        primitive, values = self.record.primitive, self.record.values
        if name in primitive.residual_names and values:
            return values[primitive.positions[name]]
        return getattr(self.record, name)


class Provenance:
    """What made a constant: an operation that is remembered, but not differentiated.

    Attributes
    ----------
    primitive, operands
        The operation, and what it was called with.
    cost
        About how many bytes remembering keeps from being freed.
    seq
        When it was, as a running number.
    operation
        The user's `mygrad.operation_base.Operation`, if it was one.
    """

    __slots__ = ("__weakref__", "cost", "operands", "operation", "primitive", "seq")

    BUDGET = 1 << 20  # so that loops over constants run in flat memory

    def __init__(self, primitive: Any, operands: tuple[Any, ...], cost: int) -> None:
        self.primitive = primitive
        self.operands = operands
        self.cost = cost
        self.seq = next(clock)
        self.operation: Any = None

    @property
    def variables(self) -> tuple[Any, ...]:
        """The tensors that the operation was called with."""
        self.operands = tuple(constant_of(t, self.seq) for t in self.operands)
        return self.operands


def remember(result: Handle, primitive: Any, operands: tuple[Any, ...]) -> Any:
    """Note what a constant was made from, unless that keeps too much memory; returns it."""
    cost = 500
    for t in operands:
        if isinstance(t, Handle):
            cost += getattr(t._data, "nbytes", 0)
            if t._extras is not None and t._extras.provenance is not None:
                cost += t._extras.provenance.cost
    if cost < Provenance.BUDGET:
        result._extras = Extras(None, Provenance(primitive, operands, cost))
    return result


def forget(tensors: Iterable[Any]) -> None:
    """Let constants, and those that they were made of, have no creators from here on.

    Among `tensors` there may be weak references to some, and other things.
    """
    stack = list(tensors)
    while stack:
        t = stack.pop()
        t = t() if isinstance(t, ReferenceType) else t
        if isinstance(t, Handle) and t._extras is not None and t._extras.provenance is not None:
            stack += t._extras.provenance.operands
            t._extras.provenance = None


def constant_tensor(value: Any) -> Any:
    """An operand that no derivative flows to, as a tensor."""
    return value if isinstance(value, Handle) else tensor_class()(value, constant=True, copy=False)


def constant_of(value: Any, seq: int) -> Any:
    """The same, if it still has the values that it had when the operation was called."""
    if isinstance(value, Handle) and value._buffer is not None:
        if (value._buffer.written or 0) > seq:
            return new_handle_without_data(new_buffer(), None, True)
    return constant_tensor(value)


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


def _living(array: Any) -> Any:
    """The user's own constant that holds this very array; None if it is gone."""
    for t in gc.get_referrers(array):
        if isinstance(t, Handle) and t._constant and t._data is array:
            return t
    return None


def _variable(record: Record, k: int) -> tuple[Any, bool]:
    """The tensor for an operand, and whether it is the user's own."""
    parent, first = record.parents[k], record.primitive.first_operand
    value = record.values[first + k] if len(record.values) > first else None
    if parent is None:
        if value is None:
            return new_handle_without_data(new_buffer(), None, True), False
        own = value if isinstance(value, Handle) else _living(value)
        return constant_of(value if own is None else own, record.seq), own is not None
    window: Any = record.windows[k] if record.windows else None
    if isinstance(window, Gather):  # a read through arrays: of the tensor that it looked at
        window = window.window
    buffer = parent.buffer()
    if buffer is not None and buffer.version is parent:
        base = None
        for t in gc.get_referrers(buffer):
            if isinstance(t, Handle) and t._buffer is buffer and not t._constant:
                if t._window is window or (
                    t._window is not None and t._window.sees_the_same_as(window)
                ):
                    return t, True
                base = t if t._window is None else base
        if base is not None and value is None:
            return window.look(base), False
    if adapter_of(value) is not None:
        return new_handle(value, new_buffer(parent), window, None, False), False
    return new_handle_without_data(new_buffer(parent), window, False), False


def new_handle_without_data(buffer: Any, window: Any, constant: bool) -> Any:
    """A stand-in for a result that nobody refers to and whose values no rule needs."""
    t = new_handle(None, buffer, window, None, constant, lambda _: object.__new__(_forgotten()))
    del t._data
    return t


@cache
def _forgotten() -> type:
    """The class of those stand-ins; made when first needed, once tensors are declared."""

    class Forgotten(tensor_class()):  # type: ignore[misc]
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

    return Forgotten
