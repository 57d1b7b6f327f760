"""What is recorded when operations are called.

`apply` calls a primitive on operands and records the call: the result is the first `Version` of
a new buffer, which says by which rules its adjoint leads to adjoints of what it was made from.
`mygrad.autodiff.inplace` records writes, and `mygrad.autodiff.backward` reads both.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any
from weakref import ref

from mygrad.arrays import Adapter, by_type
from mygrad.autodiff.guard import Guard, adopt, forget, guard_of
from mygrad.autodiff.namespace import Namespace

from mygrad.autodiff.nodes import (  # isort: skip
    Buffer, Handle, Record, Version, buffer_of, new_handle, seen_by, tensor_class, view_of,
)  # fmt: skip
from mygrad.autodiff.operands import (  # isort: skip
    SCALARS, as_operands, common_adapter, explain, floating, is_constant,
)  # fmt: skip
from mygrad.autodiff.plan import Plan
from mygrad.settings import recording

__all__ = [
    "apply", "clock", "finish_record", "note_reader", "record_call", "tracking", "wrap_result",
]  # fmt: skip

Array = Any
clock = count(1)
_override = recording.override.get  # the process's default is to record


def tracking() -> bool:
    """Whether operations are recorded in the current thread or task."""
    return _override() is not False


def apply(
    primitive: Any, operands: tuple[Any, ...], params: tuple[Any, ...] = (),
    constant: bool | None = None, mask: Any = None,
) -> Any:  # fmt: skip
    """Call a primitive, and record the call if a gradient may be asked for.

    `params` are the values of ``primitive.param_names``, in that order, and `mask` is a raw array
    of booleans, where to compute. The result is constant if all operands are, unless `constant`
    says otherwise. Nothing else refers to it.
    """
    arrays: list[Any] = []
    live, bit = 0, 1  # live: one bit for each operand that derivatives may flow to
    kind: Any = None
    first: Any = None
    foreign = False
    for t in operands:
        if isinstance(t, Handle):
            array = t._data
            if not t._constant:
                live |= bit
            if type(array) is not kind:
                foreign = foreign or kind is not None
                kind, first = type(array), array
        else:
            array = t
            if type(t) not in SCALARS:
                foreign = True
        arrays.append(array)
        bit <<= 1
    live &= primitive.differentiable
    if foreign or kind is None:
        adapter = common_adapter(operands, primitive.name)
        if adapter.batches:
            operands, live = adapter.batches.lifted(operands, live)
        arrays = as_operands(operands, adapter, primitive.name)
    else:
        adapter = by_type[kind]
    kernel, namespace, _ = primitive.kernels.get(adapter) or primitive.kernel(adapter)
    residuals: Any = ()
    try:
        if mask is not None and primitive.masks_itself(adapter):
            out = kernel(*arrays, *params, out=None, where=mask)
        elif params:
            out = kernel(*arrays, *params)
        else:
            out = kernel(*arrays)
        if primitive.residual_names:
            out, *residuals = out
        if mask is not None and not primitive.masks_itself(adapter):
            out = namespace.where(mask, out, namespace.zeros_like(out))
    except (ValueError, TypeError, IndexError) as error:
        raise explain(error, primitive.name, arrays) from error
    return wrap_result(
        primitive, adapter, operands, arrays, first, out, params, live, constant, mask, residuals
    )


def wrap_result(
    primitive: Any, adapter: Adapter, operands: tuple[Any, ...], arrays: Any, first: Array,
    out: Any, params: tuple[Any, ...] = (), live: int = 0, constant: bool | None = None,
    mask: Any = None, residuals: Sequence[Any] = (),
) -> Any:  # fmt: skip
    """The tensor for what a kernel returned: a view, a constant, or the result of a record."""
    if type(out) not in adapter.array_types:
        if out is None:
            raise TypeError(f"the forward function of {primitive.name} returned None; return the "
                            f"result, an array")
        out = adapter.asarray(out)
    if constant is not None or not live or out.dtype is not first.dtype:
        if constant and adapter.batches:  # which tensors that others differentiate may be inside of
            out = adapter.batches.detached(out)
        differentiable = floating[adapter, out.dtype]
        constant = is_constant(primitive.name, constant, live, differentiable, out.dtype)
    _, namespace, may_view = primitive.kernels[adapter]
    if may_view and not adapter.has_views:
        if len(operands) == 1 and isinstance(operands[0], Handle):
            window = seen_by(operands[0], lambda a, host: primitive.kernel(host)[0](a, *params))
            if window is not None:
                return view_of(operands[0], out, bool(constant), primitive.folds, window)
    elif may_view and adapter.is_view(out, arrays[0]):
        if isinstance(operands[0], Handle):
            return view_of(operands[0], out, bool(constant), primitive.folds)
        guard_of(arrays[0], adapter)  # a view of the user's own memory
        t = new_handle(out, None, None, None, bool(constant))
        adopt(t, out, adapter)
        return t
    if _override() is False:
        return new_handle(out, None, None, None, bool(constant))
    if constant:
        for t in operands if live else ():  # they are used, as for any other result
            if isinstance(t, Handle) and t._base is None:
                buffer_of(t).grad = None
        return tensor_class()._made_of(new_handle(out, None, None, None, True), primitive, operands)
    return record_call(primitive, namespace, operands, arrays, out, params, live, mask, residuals)


def record_call(
    primitive: Any, namespace: Namespace, operands: tuple[Any, ...], arrays: Sequence[Any],
    out: Array, params: tuple[Any, ...], live: int, mask: Any = None, residuals: Sequence[Any] = (),
) -> Any:  # fmt: skip
    """Record that `primitive` made `out`, and return the tensor for it."""
    plan = primitive.plans.get(live) or primitive.plan(live, len(arrays))
    version = Record()
    version.locks = None
    version.checks = 0
    if plan.saves_all:
        version.values = (out if plan.saves_out else None, *arrays)
    else:
        shapes = [getattr(a, "shape", ()) for a in arrays] if plan.saves_shapes else ()
        version.values = plan.select_saved(
            (None, out, *params, *residuals, *arrays, *operands, *shapes)
        )
    reader: Any = ref(version) if plan.saves_any else None
    parents: list[Version | None] = []
    windows: list[Any] | None = None
    for t, flows, saved in zip(operands, plan.flows, plan.saves):  # noqa: B905 -- 100 ns
        if flows:
            buffer = t._buffer or buffer_of(t)
            if t._window is not None:
                windows = windows or [None] * len(operands)
                windows[len(parents)] = t._window
            if t._base is None:
                buffer.grad = None
            parents.append(buffer.version)
            if saved:
                note_reader(buffer, version, reader)
        else:
            parents.append(None)
            if isinstance(t, Handle) and t._extras is not None:  # it may know what made it
                version.locks = [*(version.locks or ()), ref(t)]
            if saved and isinstance(t, Handle):
                note_reader(t._buffer or buffer_of(t), version, reader)
            elif saved and isinstance(t, namespace.adapter.array_types):
                note_reader(guard_of(t, namespace.adapter), version, reader)
    return finish_record(version, plan, namespace, out, tuple(parents), windows, mask)


def finish_record(
    version: Record, plan: Plan, namespace: Namespace, out: Array,
    parents: tuple[Version | None, ...], windows: list[Any] | None, mask: Any = None,
) -> Any:  # fmt: skip
    """Fill in the rest of a record, and return the tensor for its result."""
    buffer = Buffer()
    buffer.version = version
    buffer.grad = buffer.layout = buffer.guard = None
    buffer.readers = [ref(version)] if plan.saves_out else []
    version.buffer = ref(buffer)
    version.seq = next(clock)
    version.shape = out.shape
    version.dtype = out.dtype
    version.parents = parents
    version.plan = plan
    version.namespace = namespace
    version.windows = windows
    version.mask = mask
    return new_handle(out, buffer, None, None, False)


def note_reader(memory: Buffer | Guard, record: Record, reader: Any) -> None:
    """Note that a record holds an array of a memory, and lock that if users can reach it.

    Other threads may look at the record at once: it has its values already. What they may just
    give to `memory` is asked for at the end: either it is seen here, or they see the reader.
    """
    readers = memory.readers
    readers.append(reader)
    count = len(readers)
    if count > 31 and not count & (count - 1):
        forget(readers)
    guard = memory.guard
    if guard is not None:
        if guard.readers is not readers:
            guard.readers.append(reader)
        guard.hold(record)
