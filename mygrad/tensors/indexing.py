"""Reading and writing parts of tensors: every kind of index that NumPy knows.

Basic indices (integers, slices, ``...``, ``None``) look at the memory of the tensor. An index
with arrays (integers or a mask) reads a copy; its gradient is added in place, into the
elements that were read.
"""

from __future__ import annotations

import operator
from typing import Any

from mygrad.arrays import Adapter, adapter_of, by_type, get_adapter
from mygrad.autodiff.inplace import write
from mygrad.autodiff.namespace import composition, namespace_of, registry
from mygrad.autodiff.nodes import Handle, buffer_of, layout_of, new_handle, seen_by, view_of
from mygrad.autodiff.operands import explain, floating
from mygrad.autodiff.replay import record_copy
from mygrad.autodiff.tape import tracking
from mygrad.autodiff.views import Gather, Window

__all__ = ["getitem", "parse", "setitem"]

_BASIC = (int, slice, type(None), type(Ellipsis))


def parse(index: Any, adapter: Adapter, t: Handle) -> tuple[tuple[Any, ...], bool]:
    """An index of `t` as a tuple that `adapter` takes, and whether there are arrays in it.

    Tensors in it become raw arrays, lists and ranges become arrays where `t` is, and arrays that
    a user could still write to are copied.
    """
    items = index if isinstance(index, tuple) else (index,)
    parsed, advanced = [], False
    for item in items:
        kind = type(item)
        if kind in _BASIC:
            parsed.append(item)
            continue
        if isinstance(item, Handle):
            item = item._data
        theirs = adapter_of(item)
        if adapter.batches and adapter.batches.lifts(theirs) and item.ndim:
            item, theirs = adapter.batches.lift(item), adapter
        if theirs is adapter and type(item) in adapter.array_types:
            if item.ndim == 0 and adapter.xp.isdtype(item.dtype, "integral"):
                if adapter.name == "numpy":
                    parsed.append(operator.index(item))
                    continue
            item, advanced = adapter.copy(item), True
        elif kind is not bool and hasattr(item, "__index__") and theirs is None:
            item = operator.index(item)
        elif theirs is not None and type(item) in theirs.scalar_types:
            item = item.item()
        else:
            host = get_adapter("numpy").asarray(item)
            if not host.size and host.dtype.kind == "f":
                host = host.astype(int)
            if host.dtype.kind not in "biu":
                raise IndexError(
                    f"tensors are indexed by integers, slices, `...`, `None`, and arrays of "
                    f"integers or booleans, not by {item!r}"
                )
            # A list, range or host mask says where to look; it is no data that would move.
            here = adapter.name == "numpy"
            item = host.copy() if here else adapter.from_host(host, adapter.device(t._data))
            advanced = True
        parsed.append(item)
    return tuple(parsed), advanced


def _batches_of(index: Any, adapter: Adapter) -> Any:
    """The adapter of batched arrays in an index, if arrays of `adapter` are none."""
    for item in index if isinstance(index, tuple) else (index,):
        if type(item) not in _BASIC:
            theirs = by_type.get(type(item._data if isinstance(item, Handle) else item))
            if theirs is not None and theirs.batches and theirs is not adapter:
                return theirs.batches
    return None


@composition
def gathered(array: Any, index: tuple[Any, ...], *, xp: Any) -> tuple[Any, tuple[Any, ...]]:
    """What an index with arrays selects; and an index that selects it again, at less cost."""
    return array[index], index


def getitem(t: Handle, index: Any) -> Any:
    """``t[index]``."""
    data = t._data
    adapter = adapter_of(data)
    assert adapter is not None
    kind = type(index)
    if kind in _BASIC:
        items, advanced = (index,), False
    else:
        batches = _batches_of(index, adapter)
        if batches is not None:  # another place for each example
            ((t,), _), adapter = batches.lifted((t,), 0), batches
            data = t._data
        items, advanced = parse(index, adapter, t)
    seen = None
    try:
        if advanced:
            found, items = namespace_of(adapter).gathered(data, items)
        else:  # with the `...` one element, too, is an array that looks at the memory
            places = items if ... in items else (*items, ...)
            if not adapter.has_views:
                seen = seen_by(t, lambda array, _: array[places])
            found = data[places] if seen is None else adapter.shown(t, seen, places)
    except Exception as error:
        raise explain(error, f"tensor[{shown(index)}]", (data,)) from error
    if not advanced and not (
        adapter.elements_are_copies and not found.shape and ... not in items
    ):
        return view_of(t, found, t._constant, False, seen)
    if t._constant:
        return _read(t, adapter.copy(found), None, True)  # type: ignore[arg-type]
    if advanced and t._window is not None and t._window.folds:
        t = registry["copy"](t)  # so that a gather sees each element once
    layout = layout_of(t, buffer_of(t))
    if advanced:
        if type(found) not in adapter.array_types:
            found = adapter.asarray(found)
        return _read(t, found, Gather(layout, t._window, items), False)
    window = layout.window(found, False) if seen is None else seen
    return _read(t, adapter.copy(found), window, False)


def _read(t: Handle, data: Any, window: Window | Gather, constant: bool) -> Any:
    """A tensor for `data`, a copy of what `window` shows of the buffer of `t`."""
    adapter = adapter_of(data)
    assert adapter is not None
    if constant or not tracking() or not floating[adapter, data.dtype]:
        return new_handle(data, None, None, None, constant)
    buffer = buffer_of(t)
    assert buffer.version is not None
    if t._base is None:
        buffer.grad = None
    return record_copy(data, adapter, buffer.version, window)


class _Assignment:
    """What ``t[index] = value`` is called in errors: put into words only if there is one.

    (The words for an index array on a device would have to be fetched from there.)
    """

    __slots__ = ("index",)

    def __init__(self, index: Any) -> None:
        self.index = index

    def __str__(self) -> str:
        return f"tensor[{shown(self.index)}] = value"


def shown(index: Any) -> str:
    """An index as it is written: ``1:3`` for a slice."""
    if isinstance(index, tuple) and index:
        return ", ".join(map(shown, index))
    if isinstance(index, slice):
        start, stop, step = ("" if k is None else repr(k) for k in
                             (index.start, index.stop, index.step))  # fmt: skip
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    if isinstance(index, list) or adapter_of(index) is not None or isinstance(index, Handle):
        text = repr(index)
        return text if len(text) < 40 and "\n" not in text else f"<{type(index).__name__}>"
    return "..." if index is ... else repr(index)


def setitem(t: Handle, index: Any, value: Any) -> None:
    """``t[index] = value``."""
    if index is ...:  # all of it: what was there before gets zeros, as from any other index
        write(t, (), value)
        return
    if type(index) in _BASIC:
        write(t, (index,), value, 0, None, _Assignment(index))
        return
    adapter = adapter_of(t._data)
    assert adapter is not None
    batches = _batches_of(index, adapter)
    if batches is not None:
        batches.lift(t, _Assignment(index), adapter)  # which says what to do
    items, advanced = parse(index, adapter, t)
    write(t, items, value, 0, None, _Assignment(index), advanced)
