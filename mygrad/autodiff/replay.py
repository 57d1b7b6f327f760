"""Values as they were read, for sweeps that are recorded themselves.

A record saves arrays. Where its rules run on tensors, each array has to stand for the version of
the buffer that was read, so that what a rule computes from it contributes to that version,
whatever was written since.
"""

from __future__ import annotations

from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.namespace import namespace_of, registry, tensor_namespace_of
from mygrad.autodiff.nodes import Record, Version, new_buffer, new_handle, tensor_class
from mygrad.autodiff.operands import floating
from mygrad.autodiff.tape import record_call

__all__ = ["record_copy", "replay"]


def record_copy(data: Any, adapter: Adapter, version: Version, window: Any) -> Any:
    """A tensor for `data`, recorded as a copy of what `window` shows of a version."""
    source = new_handle(data, new_buffer(version), window, None, False)
    t = record_call(registry["copy"], namespace_of(adapter), (source,), [data], data, ("K",), 1)
    t._buffer.version.values = ()  # which tells it from a copy that somebody asked for
    return t


def as_of(array: Any, version: Version, window: Any) -> Any:
    """A tensor that stands for what `window` shows of a version, whose values are `array`."""
    adapter = adapter_of(array)
    assert adapter is not None
    if getattr(window, "folds", False):  # so that views of it can be told apart
        return record_copy(adapter.copy(array), adapter, version, window)
    t = record_copy(array, adapter, version, window)
    now = version.buffer()
    if now is not None:  # what reads this tensor reads that memory
        t._buffer.readers, t._buffer.guard = now.readers, now.guard
    return t


def replay(version: Record, plan: Any) -> list[Any]:
    """The values of a record that `plan` needs, with tensors for what can be differentiated.

    Operands and result stand for what they were when they were read. Residuals are computed
    again, on these tensors, by the portable forward function.
    """
    values = list(version.values)
    primitive = version.primitive
    first, windows = primitive.first_operand, version.windows
    as_constant = tensor_class()._constant_tensor
    for k, parent in enumerate(version.parents):
        array = values[first + k] if plan.saves[k] and len(values) > first else None
        adapter = adapter_of(array)
        if adapter is None:
            continue
        if parent is not None:
            values[first + k] = as_of(array, parent, windows[k] if windows else None)
        else:  # what is computed now has to survive writes to the constant
            array = values[first + k] = adapter.copy(array)
            if floating[adapter, array.dtype]:  # others select, and rules take them raw
                values[first + k] = as_constant(array)
    if plan.saves_out and values and values[0] is not None:
        values[0] = as_of(values[0], version, None)
    kept = [n for n in primitive.residual_names if values[primitive.positions[n]] is not None]
    if all(plan.saves) and any(_carries_derivatives(values[primitive.positions[n]]) for n in kept):
        again = _residuals_again(version, values)
        for name in kept:
            if _carries_derivatives(again[name]):
                raise NotImplementedError(
                    f"the residual {name!r} of {primitive.name} comes out as plain data where it "
                    f"is computed of tensors (create_graph=True), so that its derivative would be "
                    f"lost; compute it with the functions of xp"
                )
            values[primitive.positions[name]] = again[name]
    return values


def _carries_derivatives(residual: Any) -> bool:
    if isinstance(residual, (tuple, list)):
        return any(_carries_derivatives(part) for part in residual)
    adapter = adapter_of(residual)
    return adapter is not None and floating[adapter, residual.dtype]


def _residuals_again(version: Record, values: list[Any]) -> dict[str, Any]:
    """The residuals as functions of the operands that are in `values`."""
    primitive = version.primitive
    operands = values[primitive.first_operand :]
    params = values[1 : 1 + len(primitive.param_names)]
    xp = tensor_namespace_of(version.namespace.adapter)
    if primitive.variadic:
        operands = [tuple(operands)]
    if primitive.replay is not None:
        residuals = primitive.replay(values[0], *operands, *params, xp=xp)
    else:
        named = {"xp": xp} if primitive.takes_xp else {}
        _, *residuals = primitive.forward(*operands, *params, **named)
    return dict(zip(primitive.residual_names, residuals, strict=True))
