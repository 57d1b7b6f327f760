"""What is recorded when operations are called and tensors are written to.

`apply` calls a primitive on operands and records the call. `write` changes a tensor in place
and records the change. Both leave a `Version` of a buffer behind, which says by which rule its
adjoint leads to adjoints of what it was made from; `mygrad.autodiff.backward` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import ref

from mygrad.autodiff.guard import Guard, adopt, guard_of
from mygrad.autodiff.memory import (
    CLEARED,
    Buffer,
    Handle,
    Record,
    Version,
    buffer_of,
    leaf,
    new_handle,
    protect,
)
from mygrad.backends import Adapter, adapter_of, by_type
from mygrad.creators import remember
from mygrad.detach import detached
from mygrad.namespace import Namespace
from mygrad.operands import (
    SCALARS,
    as_operand,
    as_operands,
    common_adapter,
    explain,
    floating,
    is_constant,
)
from mygrad.windows import Window, layout_of, view_of

if TYPE_CHECKING:
    from mygrad.autodiff.primitive import Plan, Primitive

__all__ = ["Record", "Write", "apply", "tracking", "write"]

Array = Any
clock = count(1)
switched_off: ContextVar[bool] = ContextVar("mygrad_no_autodiff", default=False)


def tracking() -> bool:
    """Whether operations are recorded in the current thread or task."""
    return not switched_off.get()


class Write(Version):
    """The version that an in-place write made from the one before, ``parents[0]``.

    Attributes
    ----------
    window, index
        What was written: the part of the buffer seen through `window` (None: all of it) and,
        in it, through integer arrays or a mask. ``parents[1]`` is what the value came from.
    value_window
        How the value looks at its buffer.
    sign
        0 if the value replaced what was there, 1 or -1 if it was added or subtracted.
    mask
        Where in the region the value was written (``where=``); None for everywhere.
    """

    __slots__ = ("index", "mask", "sign", "value_window", "window")

    window: Window | None
    index: Any
    value_window: Window | None
    sign: int
    mask: Any

    def clear(self) -> None:
        """Let go of everything; nothing can be differentiated through this version again."""
        self.parents = CLEARED
        self.window = self.value_window = self.index = self.mask = None


def apply(
    primitive: Primitive,
    operands: tuple[Any, ...],
    params: tuple[Any, ...] = (),
    constant: bool | None = None,
    mask: Any = None,
) -> Any:
    """Call a primitive, and record the call if a gradient may be asked for.

    Parameters
    ----------
    primitive
        The operation.
    operands
        Tensors, arrays, numbers.
    params
        The values of ``primitive.param_names``, in that order.
    constant
        Whether the result is constant; by default it is if all operands are.
    mask
        Where the operation is to be computed; a raw boolean array.

    Returns
    -------
    Tensor
        The result, which nothing else refers to.
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
        arrays = as_operands(operands, adapter, primitive.name)
    else:
        adapter = by_type[kind]
    kernel, namespace, _ = primitive.kernels.get(adapter) or primitive.kernel(adapter)
    try:
        if mask is not None and primitive.masks_itself(adapter):
            out = kernel(*arrays, *params, out=None, where=mask)
        elif params:
            out = kernel(*arrays, *params)
        else:
            out = kernel(*arrays)
        if mask is not None and not primitive.masks_itself(adapter):
            out = namespace.where(mask, out, namespace.zeros_like(out))
    except (ValueError, TypeError, IndexError) as error:
        raise explain(error, primitive.name, arrays) from error
    return conclude(primitive, adapter, operands, arrays, first, out, params, live, constant, mask)


def conclude(
    primitive: Primitive,
    adapter: Adapter,
    operands: tuple[Any, ...],
    arrays: Any,
    first: Array,
    out: Any,
    params: tuple[Any, ...] = (),
    live: int = 0,
    constant: bool | None = None,
    mask: Any = None,
) -> Any:
    """The tensor for what a kernel returned: a view, a constant, or the result of a record."""
    if type(out) not in adapter.array_types:
        out = adapter.asarray(out)
    if constant is not None or not live or out.dtype is not first.dtype:
        differentiable = floating[adapter, out.dtype]
        constant = is_constant(primitive.name, constant, live, differentiable, out.dtype)
        if constant:
            live = 0
    _, namespace, may_view = primitive.kernels[adapter]
    if may_view and adapter.has_views and adapter.is_view(out, arrays[0]):
        if isinstance(operands[0], Handle):
            return view_of(operands[0], out, bool(constant), primitive.folds)
        guard_of(arrays[0], adapter)  # a view of the user's own memory
        t = new_handle(out, None, None, None, bool(constant))
        adopt(t, out, adapter)
        return t
    if switched_off.get():
        return new_handle(out, None, None, None, bool(constant))
    if constant:
        return remember(new_handle(out, None, None, None, True), primitive, operands)
    return record(primitive, namespace, operands, arrays, out, params, live, mask)


def record(
    primitive: Primitive,
    namespace: Namespace,
    operands: tuple[Any, ...],
    arrays: Sequence[Any],
    out: Array,
    params: tuple[Any, ...],
    live: int,
    mask: Any = None,
) -> Any:
    """Record that `primitive` made `out`, and return the tensor for it."""
    plan = primitive.plans.get(live) or primitive.plan(live, len(arrays))
    version = Record()
    version.locks = None
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
                keep(buffer.readers, buffer.guard, version, reader)
        else:
            parents.append(None)
            if saved and isinstance(t, Handle):
                buffer = t._buffer or buffer_of(t)
                keep(buffer.readers, buffer.guard, version, reader)
            elif saved and type(t) in namespace.adapter.array_types:
                guard = guard_of(t, namespace.adapter)
                keep(guard.readers, guard, version, reader)
    if plan.saves_all:
        values = (out if plan.out else None, *arrays)
    else:
        shapes = [getattr(a, "shape", ()) for a in arrays] if plan.shaped else ()
        values = plan.pick((None, out, *params, *arrays, *operands, *shapes))
    return complete(version, plan, namespace, out, values, tuple(parents), windows, mask)


def complete(
    version: Record,
    plan: Plan,
    namespace: Namespace,
    out: Array,
    values: tuple[Any, ...],
    parents: tuple[Version | None, ...],
    windows: list[Any] | None,
    mask: Any = None,
) -> Any:
    """Fill in a record, and return the tensor for its result."""
    buffer = Buffer()
    buffer.version = version
    buffer.grad = buffer.layout = buffer.guard = None
    buffer.readers = [ref(version)] if plan.out else []
    version.buffer = ref(buffer)
    version.seq = next(clock)
    version.shape = out.shape
    version.dtype = out.dtype
    version.parents = parents
    version.plan = plan
    version.namespace = namespace
    version.values = values
    version.windows = windows
    version.mask = mask
    version.checks = 0
    return new_handle(out, buffer, None, None, False)


def keep(readers: list[Any], guard: Guard | None, record: Record, reader: Any) -> None:
    """Note that a record holds an array of a memory, and lock that if users can reach it."""
    readers.append(reader)
    count = len(readers)
    if count > 31 and not count & (count - 1):
        # At powers of two, forgetting the dead costs a constant number of steps per reader.
        readers[:] = [r for r in readers if r() is not None]
    if guard is not None:
        record.locks = guard.hold(record.locks)


def write(
    target: Handle,
    index: Any,
    value: Any,
    sign: int = 0,
    mask: Any = None,
    name: str = "tensor[...] = value",
) -> None:
    """Change a tensor in place, and record the change if a gradient may be asked for.

    Parameters
    ----------
    target
        The tensor; all tensors on its memory see the change.
    index
        What to change of it: None for everything, else a tuple as `mygrad.indexing.parse`
        makes it.
    value
        What to write: a tensor, an array, a number.
    sign
        0 to put the value there; 1 or -1 to add or subtract it.
    mask
        Where to write; a raw boolean array.
    name
        What to call the operation in errors.
    """
    adapter = by_type[type(target._data)]
    new = as_operand(value, adapter, name)
    if not adapter.has_views:
        raise TypeError(
            f"{name}: the arrays of {adapter.name} are immutable, so tensors on it cannot be "
            f"written to; compute a new tensor instead, with mg.where for example"
        )
    if target._window is not None and target._window.folds:
        raise ValueError(
            f"{name}: elements of this tensor share memory with one another (it comes from "
            f"broadcast_to, sliding_window_view or the like), so it is read-only; write to "
            f"its base, or to a copy"
        )
    buffer = buffer_of(target)
    flows = isinstance(value, Handle) and not value._constant and not switched_off.get()
    if flows and buffer.version is None:
        detached(f"{name}: a variable was written into a constant tensor")
    advanced = index is not None and any(adapter_of(i) is not None for i in index)
    region = target._data
    try:
        if index is not None and not advanced:
            region = region[index if ... in index else (*index, ...)]
        if sign and not adapter.can_cast(adapter.asarray(new).dtype, region.dtype):
            raise TypeError(
                f"values of dtype {adapter.asarray(new).dtype} cannot be added to a tensor of "
                f"integers in place; compute a new tensor, or convert it with astype"
            )
        protect(buffer, region, adapter)
        new = apart(new, value, region, buffer, adapter)
        if mask is not None:
            region[...] = adapter.xp.where(mask, new, region)
        elif advanced and sign:
            adapter.scatter_add(region, index, new if sign > 0 else -new)
        elif sign > 0:
            region += new
        elif sign:
            region -= new
        else:
            adapter.assign(region, index if advanced else ..., new)
    except (ValueError, TypeError, IndexError) as error:
        raise explain(error, name, (target._data, new)) from error

    old = buffer.version
    if old is None:
        return
    if switched_off.get():
        if not old.seq:
            buffer.version = leaf(buffer, old.shape, old.dtype)
        return
    buffer.grad = None
    if not flows and not old.seq:
        buffer.version = leaf(buffer, old.shape, old.dtype)
        return
    version = Write()
    version.window = target._window
    if region is not target._data:
        version.window = layout_of(target, buffer).window(region, False)
    elif advanced or version.window is not None:
        layout_of(target, buffer)
    version.index = index if advanced else None
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
    whole = version.window is None and not advanced and mask is None and not sign
    version.parents = (None if whole else old, source)
    version.seq = next(clock)
    version.shape = old.shape
    version.dtype = old.dtype
    version.buffer = ref(buffer)
    buffer.version = version


def apart(new: Any, value: Any, region: Array, buffer: Buffer, adapter: Adapter) -> Any:
    """What is to be written, copied if the write would change it before it is read."""
    if isinstance(value, Handle):
        held = value._buffer
        if held is None or held.readers is not buffer.readers or new is region:
            return new
    if adapter_of(new) is adapter and adapter.overlaps(new, region):
        return adapter.copy(new)
    return new
