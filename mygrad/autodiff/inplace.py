"""In-place writes: what is recorded of them, and what has to be copied before they happen."""

from __future__ import annotations

from operator import iadd, isub
from typing import Any
from weakref import ref

from mygrad.arrays import Adapter, adapter_of, by_type
from mygrad.autodiff.guard import adopt, forget
from mygrad.autodiff.lost_gradients import gradient_lost

from mygrad.autodiff.nodes import (  # isort: skip
    Buffer, Handle, Write, buffer_of, layout_of, leaf, new_handle, seen_by, view_of,
)  # fmt: skip
from mygrad.autodiff.operands import as_operand, explain, floating, is_constant
from mygrad.autodiff.tape import clock, tracking
from mygrad.autodiff.views import Layout
from mygrad.settings import lock

__all__ = ["write", "write_result"]

Array = Any


def write(
    target: Handle, index: Any, value: Any, sign: int = 0, mask: Any = None,
    name: Any = "tensor[...] = value", advanced: bool = False,
) -> None:  # fmt: skip
    """Change a tensor in place, and record the change if a gradient may be asked for.

    Parameters
    ----------
    target
        The tensor; all tensors on its memory see the change.
    index
        What to change of it: None for everything, else a tuple as `mygrad.tensors.indexing.parse`
        makes it.
    value
        What to write: a tensor, an array, a number.
    sign
        0 to put the value there; 1 or -1 to add or subtract it.
    mask
        Where to write; a raw boolean array.
    name, advanced
        What to call the operation in errors; whether there are arrays in `index`.
    """
    adapter = by_type[type(target._data)]
    new = as_operand(value, adapter, name, (target,))
    if target._window is not None and target._window.folds:
        raise ValueError(
            f"{name}: elements of this tensor share memory with one another (it comes from "
            f"broadcast_to, sliding_window_view or the like), so it is read-only; write to "
            f"its base, or to a copy"
        )
    buffer = buffer_of(target)
    recorded = tracking()
    flows = recorded and isinstance(value, Handle) and not value._constant and new is value._data
    if flows and buffer.version is None:
        gradient_lost(f"{name}: a variable was written into a constant tensor")
    whole = target._base is None and not index and mask is None and not sign
    given, region, before = target, target._data, None
    try:
        if adapter.many_devices:
            before = adapter.go_to(adapter.common_device((region, new, index, mask)))
        if index is not None and not advanced:
            part = index if ... in index else (*index, ...)
            seen = None if adapter.has_views else seen_by(target, lambda array, _: array[part])
            assert seen or adapter.has_views, "what is written to a copy would be lost"
            region = region[part] if seen is None else adapter.shown(target, seen, part)
            target = view_of(target, region, target._constant, False, seen) if seen else target
            if not sign and isinstance(value, Handle) and value._buffer is buffer:
                if finishes_update(value, region, seen, buffer.layout):
                    return
        if sign and not adapter.can_cast(adapter.asarray(new).dtype, region.dtype):
            raise TypeError(
                f"values of dtype {adapter.asarray(new).dtype} cannot be added to a tensor of "
                f"integers in place; compute a new tensor, or convert it with astype"
            )
        protect(buffer, region, adapter)
        new = copy_if_overlapping(new, value, region, buffer, adapter)
        if mask is not None:
            data = adapter.assign(region, ..., adapter.xp.where(mask, new, region))
        elif advanced and sign:
            data = adapter.scatter_add(region, index, new if sign > 0 else -new)
        elif sign and not adapter.has_views:
            data = adapter.updated(region, region + new if sign > 0 else region - new)
        elif sign:
            (iadd if sign > 0 else isub)(region, new)
        else:
            data = adapter.assign(region, index if advanced else ..., new)
        if not adapter.has_views:
            region = adapter.take_over(target, buffer.layout, data)
    except Exception as error:
        raise explain(error, name, (given._data, new)) from error
    finally:
        if before is not None:
            adapter.go_to(before)

    old, buffer.written = buffer.version, next(clock)
    if old is not None:
        if recorded:
            buffer.grad = None
        if not old.seq and not flows:
            buffer.version = leaf(buffer, old.shape, old.dtype, None if whole else old.stopped)
        elif recorded:
            target = given if whole and not old.seq else target
            part = None if region is target._data or (whole and not old.seq) else region
            record_write(target, part, index if advanced else None, value, flows, sign, mask)
    if index is None and target._base is not None:
        layout_of(target, buffer).update = (ref(target), next(clock))


def record_write(
    target: Handle, part: Array, index: Any, value: Any, flows: bool, sign: int, mask: Any
) -> None:
    """Make the next version of the target's buffer, where derivatives may flow to `value`.

    What was written is `part` of the target's array (None: all), and in it what `index`, if there
    are arrays in it, selects.
    """
    buffer = buffer_of(target)
    old = buffer.version
    assert old is not None
    version = Write()
    version.window = target._window
    if part is not None:
        version.window = layout_of(target, buffer).window(part, False)
    elif index is not None or version.window is not None:
        layout_of(target, buffer)
    version.index = index
    version.mask = mask
    version.sign = sign
    version.value_window = None
    source = None
    if flows:
        held = buffer_of(value)
        source = held.version
        version.value_window = value._window
        if value._base is None:
            held.grad = None
    whole = target._base is None and part is None and index is None and mask is None and not sign
    version.parents = (None if whole else old, source)
    version.seq = next(clock)
    version.shape = old.shape
    version.dtype = old.dtype
    version.buffer = ref(buffer)
    buffer.version = version


def write_result(
    out: Any, result: Handle, name: str, mask: Any = None, constant: bool | None = None
) -> Any:
    """Write a result into ``out=``, and return that as a tensor; `constant` is for raw arrays."""
    if isinstance(out, tuple):
        (out,) = out
    adapter = adapter_of(result._data)
    assert adapter is not None
    if not isinstance(out, Handle):
        if adapter_of(out) is not adapter:
            raise TypeError(
                f"{name}: out= has to be a tensor or an array of {adapter.name}, and is of type "
                f"{type(out).__name__}"
            )
        live, floats = not result._constant, floating[adapter, out.dtype]
        constant = is_constant(name, constant, live, floats, out.dtype)
        if constant:
            result = new_handle(result._data, None, None, None, True)
        if not adapter.has_views:
            raise TypeError(f"{name}: arrays of {adapter.name} never change; out= takes a tensor")
        memory, out = out, new_handle(out, None, None, None, constant)
        adopt(out, memory, adapter)
    if not adapter.can_cast(result._data.dtype, out._data.dtype):
        raise TypeError(
            f"{name}: a result of dtype {result._data.dtype} cannot be written to out= of dtype "
            f"{out._data.dtype}; give an out= of that dtype"
        )
    if result._data.ndim > out._data.ndim:
        raise ValueError(
            f"{name}: out= of shape {tuple(out._data.shape)} cannot take a result of shape "
            f"{tuple(result._data.shape)}"
        )
    write(out, None, result, mask=mask, name=f"{name}(..., out=)")
    return out


def protect(buffer: Buffer, region: Array, adapter: Adapter) -> None:
    """Copy what records still need of the memory that is about to be written.

    Only saved arrays that overlap `region` are copied. An array that was checked a few times
    is copied early and forgotten, so a loop of n writes costs O(n) and not O(n²) checks.
    """
    readers = buffer.readers
    if not readers or not adapter.has_views:
        return
    owner = adapter.owner(region)
    done: set[Any] = set()  # all that these hold of the memory is copied
    for reader in tuple(readers):
        record = reader()
        if record is None:
            done.add(None)
            continue
        record.checks += 1
        early, copied = record.checks > 4, False
        for k, array in enumerate(record.values):
            if adapter_of(array) is adapter and (
                adapter.owner(array) is owner if early else adapter.overlaps(array, region)
            ):
                copied = True
                kept = adapter.copy(array)
                with lock:  # another thread may write to another operand, or clear the graph
                    if record.values:
                        record.values = (*record.values[:k], kept, *record.values[k + 1 :])
        if copied and not early:
            early = not any(
                adapter_of(a) is adapter and adapter.owner(a) is owner for a in record.values
            )
        if early:
            done.add(record)
            if buffer.guard is not None:
                buffer.guard.let_go(record)
    if done:
        forget(readers, done | {None})


def copy_if_overlapping(
    new: Any, value: Any, region: Array, buffer: Buffer, adapter: Adapter
) -> Any:
    """What is to be written, copied if the write would change it before it is read."""
    if isinstance(value, Handle):
        held = value._buffer
        if held is None or held.readers is not buffer.readers or new is region:
            return new
    if adapter_of(new) is adapter and adapter.overlaps(new, region):
        return adapter.copy(new)
    return new


def finishes_update(value: Handle, region: Array, seen: Any, layout: Layout | None) -> bool:
    """Whether a write of `value` to `region` is the end of an update of a view.

    Python runs ``x[1:3] += y`` as ``v = x[1:3]; v += y; x[1:3] = v``. The last step writes a
    region onto itself; the one before wrote it, through `v`, and was recorded.
    """
    if layout is None or layout.update is None:
        return False
    written, when = layout.update
    return (
        written() is value
        and next(clock) == when + 1
        and (seen or layout.window(region, False)).sees_the_same_as(value._window)
    )
