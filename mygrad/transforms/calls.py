"""Calls of functions that are recorded as one operation, with a pullback of their own.

The operands are any number of tensors, the results are arrays of any shapes: several are recorded
as one array in a row, of which the results are parts. What the call does when an adjoint arrives is
for its `Pullback`: `mygrad.checkpoint` computes the function again, `mygrad.custom_vjp` asks its
user.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, Protocol

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Handle, Version, new_buffer, new_handle
from mygrad.autodiff.plan import CompiledRule
from mygrad.autodiff.primitive import Primitive
from mygrad.autodiff.tape import record_call
from mygrad.tensors.base import Tensor

__all__ = [
    "CHECKPOINTED_CALL", "FUNCTION_CALL", "Packing", "Pullback", "record", "standing_for",
]  # fmt: skip


class Pullback(Protocol):
    """What a recorded call does when it is differentiated."""

    def pull(self, g: Any, operands: Sequence[Any], numbers: Sequence[int], out: Any) -> Any:
        """The adjoints of those operands whose numbers are given.

        `g` and `operands` are arrays, or tensors where the sweep is recorded itself; so is `out`,
        what was recorded, or None if that is not kept.
        """


class FunctionCall(Primitive):
    """An operation whose one rule returns the adjoints of all operands that are variables."""

    of_mygrad = False  # nobody calls it by name, and what its rule returns may be seen by others

    def rules_for(self, flows: tuple[bool, ...]) -> Iterator[tuple[int | None, CompiledRule]]:
        numbers = tuple(k for k, flow in enumerate(flows) if flow)
        (rule,) = self.rules
        assert rule is not None

        def jointly(g: Any, operands: Any, pullback: Pullback, out: Any = None) -> Any:
            return pullback.pull(g, operands, numbers, out)

        yield None, CompiledRule(numbers, jointly, rule.needs, frozenset())


def function_call(operands: Any, pullback: Any, result: Any) -> Any:
    """Record the results of a function that was called."""
    return result


def checkpointed_call(operands: Any, pullback: Any, result: Any) -> Any:
    """Record the results of a function that will be called again."""
    return result


FUNCTION_CALL = FunctionCall(
    function_call, {"operands": lambda g, operands, pullback: None}, variadic=True
)
CHECKPOINTED_CALL = FunctionCall(
    checkpointed_call, {"operands": lambda g, operands, pullback, out: None}, variadic=True
)


def standing_for(version: Version, adapter: Adapter, device: Any) -> Handle:
    """A tensor for a version of a buffer, for a record to name as an operand."""
    buffer = new_buffer(version)
    held = version.buffer()
    if held is not None:  # so that its memory is locked, and its readers are known
        buffer.readers, buffer.guard = held.readers, held.guard
    nothing = adapter.xp.zeros((0,), dtype=version.dtype, device=device)
    return new_handle(nothing, buffer, None, None, False)  # type: ignore[no-any-return]


class Packing:
    """How several results lie in one array, in a row, and the adjoints of them.

    Parameters
    ----------
    arrays
        The results.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        adapter = adapter_of(arrays[0])
        assert adapter is not None
        self.adapter = adapter
        self.shapes = [tuple(a.shape) for a in arrays]
        self.dtypes = [a.dtype for a in arrays]
        self.dtype = adapter.xp.result_type(*self.dtypes) if len(arrays) > 1 else arrays[0].dtype

    def packed(self, arrays: Sequence[Any]) -> Any:
        """The results as one array that nobody else holds."""
        if len(arrays) == 1:
            return self.adapter.copy(arrays[0])
        xp = namespace_of(self.adapter)
        return xp.concat([xp.astype(xp.reshape(a, (-1,)), self.dtype) for a in arrays])

    def parts(self, row: Any) -> list[Any]:
        """The parts of what is packed, or of its adjoint: arrays, or tensors."""
        if len(self.shapes) == 1:
            return [row]
        on_tensors = isinstance(row, Handle)
        xp: Any = namespace_of(self.adapter)
        found, start = [], 0
        for shape, dtype in zip(self.shapes, self.dtypes, strict=True):
            part: Any = row[start : start + prod(shape)]  # type: ignore[index]
            start += prod(shape)
            part = registry["reshape"](part, shape) if on_tensors else xp.reshape(part, shape)
            if dtype != self.dtype:
                real = not self.adapter.xp.isdtype(dtype, "complex floating")
                if real and self.adapter.xp.isdtype(self.dtype, "complex floating"):
                    part = registry["real"](part) if on_tensors else xp.real(part)
                part = registry["astype"](part, dtype) if on_tensors else xp.astype(part, dtype)
            found.append(part)
        return found


def record(
    primitive: FunctionCall, pullback: Pullback, operands: Sequence[Handle],
    arrays: Sequence[Any], packing: Packing, packed: Any,
) -> list[Tensor]:  # fmt: skip
    """Record a call, and return tensors for its results.

    `operands` are variables, and `arrays` what is kept of each for the pullback, None for nothing.
    """
    live = (1 << len(operands)) - 1
    namespace = namespace_of(packing.adapter)
    params = (pullback, None)
    t = record_call(primitive, namespace, tuple(operands), arrays, packed, params, live)
    return packing.parts(t)
