"""What adapters of libraries have in common whose arrays never change.

Such an array has its memory to itself, as far as anybody can see: it lies there in C order, without
gaps, from address 0 on. What a program would see of it through slices, transposes and so on is
worked out on an array of NumPy's that lies like it, so that it is NumPy's views that there are. A
write returns the array that takes the place of the one that was written to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from mygrad.arrays.protocol import Adapter
from mygrad.arrays.registry import get_adapter

__all__ = ["ImmutableAdapter"]

Array = Any
Lengths = tuple[int, ...]


class ImmutableAdapter(Adapter):
    """The adapter of a library whose arrays never change.

    Subclasses write `assign` and `scatter_add` so that they return a new array, for every kind of
    index, arrays of integers among them. `window` and `put` are made of these two, element by
    element; libraries that can do better replace them.
    """

    has_views = False
    elements_are_copies = True  # as NumPy's

    def address(self, array: Array) -> int:
        return 0

    def strides(self, array: Array) -> Lengths:
        steps = [array.dtype.itemsize]
        for n in reversed(array.shape):
            steps.append(steps[-1] * n)
        return tuple(reversed(steps[:-1]))

    def owner(self, array: Array) -> Any:
        return array

    def is_view(self, result: Array, source: Array) -> bool:
        return result is source

    def overlaps(self, a: Array, b: Array) -> bool:
        return False

    def allocate(self, shape: Lengths, strides: Lengths, dtype: Any, device: Any) -> Array:
        return self.xp.zeros(shape, dtype=dtype, device=device)

    def seen(
        self, look: Callable[[Array, Adapter], Array], shape: Lengths, strides: Lengths, dtype: Any
    ) -> tuple[int, Lengths, Lengths] | None:
        """Offset, shape and strides of the view that `look` makes of an array that lies so.

        `look` is a function of an array, of any library, and of its adapter. None where it copies.
        """
        host = get_adapter("numpy")
        like = host.asarray(0, dtype=dtype)
        memory = host.allocate(tuple(shape), tuple(strides), like.dtype, "cpu")
        found = look(memory, host)
        if type(found) not in host.array_types or not host.is_view(found, memory):
            return None
        offset = host.address(found) - host.address(memory) if found.size else 0
        return offset, found.shape, host.strides(found)

    # --- tensors that look at one buffer ------------------------------------------------------
    def seen_by(
        self, t: Any, layout: Any, look: Callable[[Array, Adapter], Array]
    ) -> tuple[int, Lengths, Lengths] | None:
        """What `look` sees of a tensor: where in its buffer, and how it lies there."""
        offset, strides = 0, layout.strides
        if t._window is not None:
            offset, strides = t._window.offset, t._window.strides
        seen = self.seen(look, t._data.shape, strides, t._data.dtype)
        return None if seen is None else (offset + seen[0], *seen[1:])

    def shown(self, t: Any, window: Any, index: Any) -> Array:
        """``t[index]``, a basic index: what `window` shows of the buffer of a tensor."""
        return t._data[index]

    def noted(self, layout: Any, view: Any) -> Any:
        """A tensor that is a view, which from now on sees what is written to its buffer."""
        if layout.views is None:
            layout.views = WeakValueDictionary()
        layout.views[id(view)] = view
        return view

    def updated(self, array: Array, result: Array) -> Array:
        """The result of ``array += ...``, with the dtype of the array.

        Raises
        ------
        ValueError
            It is of another shape. (What is assigned may have more axes, of length 1.)
        """
        if tuple(result.shape) != tuple(array.shape):
            raise ValueError(
                f"an operand of shape {tuple(array.shape)} cannot take a result of shape "
                f"{tuple(result.shape)}"
            )
        return self.assign(array, ..., result)

    def handed_out(self, array: Array, of: Any = None) -> Any:
        """A raw array as users get it: a mask, a gradient, or the array that is all `of` a tensor.

        While a function is compiled, it is a tensor.
        """
        return array

    def memory(self, t: Any, layout: Any) -> Any:
        """The tensor whose array is all that a buffer has."""
        return getattr(layout, "memory", t if t._base is None else t._base)

    def take_over(self, t: Any, layout: Any, data: Array) -> Array:
        """Give new elements to a tensor, and to all that look at its buffer; return them."""
        base, t._data = self.memory(t, layout), data
        if base is not t:
            base._data = data if t._window is None else t._window.put(base._data, data)
        for view in tuple(layout.views.values()) if layout is not None and layout.views else ():
            if view is not t:
                view._data = view._window.look(base._data)
        return data

    def share_memory(self, t: Any, other: Any) -> bool:
        """Whether two tensors look at common elements of one buffer."""
        host = get_adapter("numpy")
        base = t if t._base is None else t._base
        if base is not (other if other._base is None else other._base):
            return False
        memory = host.allocate(base.shape, self.strides(base._data), base.dtype, "cpu")
        windows = [x._window for x in (t, other) if x._window is not None]
        seen = [host.window(memory, w.offset, w.shape, w.strides) for w in windows]
        return host.overlaps(*seen) if len(seen) == 2 else bool(memory.size)

    # --- windows ------------------------------------------------------------------------------
    def window(self, array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
        return self._flat(array)[self._places(array, offset, shape, strides),]

    def put(
        self, array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths, adds: bool
    ) -> Array:
        """`array` with `value` in the place of, or added to, what `window` shows of it."""
        write = self.scatter_add if adds else self.assign
        changed = write(self._flat(array), (self._places(array, offset, shape, strides),), value)
        return self.xp.reshape(changed, array.shape)

    def _flat(self, array: Array) -> Array:
        return self.xp.reshape(array, (-1,))

    def _places(self, array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
        """The positions, in a flat array, that a window shows."""
        size = array.dtype.itemsize
        places = self.xp.asarray(offset // size)
        for n, step in zip(shape, strides, strict=True):
            along = self.xp.arange(n) * (step // size)
            places = self.xp.expand_dims(places, axis=-1) + along
        return places
