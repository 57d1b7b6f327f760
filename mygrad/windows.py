"""How views look at strided memory, and how contributions are added through them."""

from __future__ import annotations

from itertools import product
from typing import Any

from mygrad.autodiff.memory import Buffer, Handle, buffer_of, leaf, new_handle
from mygrad.backends import Adapter, adapter_of

__all__ = ["Gather", "Layout", "Window", "layout_of", "overlaps_itself", "view_of"]

Array = Any


class Layout:
    """Where the elements of a buffer lie: what its adjoints have to copy.

    Attributes
    ----------
    adapter, address, shape, strides, dtype, device
        Of the array that the buffer was made with; address and strides in bytes.
    """

    __slots__ = ("adapter", "address", "device", "dtype", "shape", "strides")

    def __init__(self, array: Array, adapter: Adapter) -> None:
        self.adapter = adapter
        self.address = adapter.address(array)
        self.shape = array.shape
        self.strides = adapter.strides(array)
        self.dtype = array.dtype
        self.device = adapter.device(array)

    def zeros(self) -> Array:
        """An array of zeros that is laid out like the buffer."""
        return self.adapter.allocate(self.shape, self.strides, self.dtype, self.device)

    def window(self, array: Array, folds: bool) -> Window:
        """How `array`, a view of the buffer, looks at it."""
        offset = self.adapter.address(array) - self.address if array.size else 0
        return Window(self, offset, array.shape, self.adapter.strides(array), folds)


class Window:
    """A view of a buffer, and likewise of everything laid out like that buffer.

    A view of a view is again one window: views do not nest, however long their chain.

    Attributes
    ----------
    layout
        The layout of the buffer it looks at.
    offset, shape, strides
        Where it looks: bytes from the buffer's first element, and the view's own shape and
        strides.
    folds
        Whether elements of the view may share memory (``broadcast_to``, sliding windows).
    """

    __slots__ = ("folds", "layout", "offset", "shape", "strides")

    def __init__(
        self,
        layout: Layout,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        folds: bool = False,
    ) -> None:
        self.layout = layout
        self.offset = offset
        self.shape = shape
        self.strides = strides
        self.folds = folds

    def look(self, adjoint: Any) -> Any:
        """The part of an adjoint (an array or a tensor) that this view of the buffer sees."""
        if isinstance(adjoint, Handle):
            return seen_through(adjoint, self)
        return self.layout.adapter.window(adjoint, self.offset, self.shape, self.strides)

    def read(self, adjoint: Any) -> Any:
        """A copy of what `look` sees."""
        seen = self.look(adjoint)
        return seen.copy() if isinstance(seen, Handle) else self.layout.adapter.xp.asarray(
            seen, copy=True
        )

    def add(self, adjoint: Any, g: Any, xp: Any) -> None:
        """Add the contribution `g` into the part of an adjoint that this view sees."""
        if not self.folds:
            self._add_once(adjoint, g, xp)
            return
        g = xp.broadcast_to(g, self.shape)
        steps = enumerate(zip(self.shape, self.strides, strict=True))
        still = tuple(k for k, (n, s) in steps if n > 1 and s == 0)
        if still:  # all positions along these axes are one place: their contributions add up
            g = xp.sum(g, axis=still, keepdims=True)
        shape = [1 if k in still else n for k, n in enumerate(self.shape)]
        folded = self._folded_axes(shape)
        for position in product(*(range(shape[k]) for k in folded)):
            index: list[Any] = [slice(None)] * len(shape)
            part, offset = list(shape), self.offset
            for k, i in zip(folded, position, strict=True):
                index[k], part[k] = slice(i, i + 1), 1
                offset += i * self.strides[k]
            piece = Window(self.layout, offset, tuple(part), self.strides)
            piece._add_once(adjoint, g[tuple(index)] if folded else g, xp)

    def _add_once(self, adjoint: Any, g: Any, xp: Any) -> None:
        seen = self.look(adjoint)
        seen += g

    def _folded_axes(self, shape: list[int]) -> list[int]:
        """The axes to go through one by one, so that what is left overlaps itself no more."""
        axes = sorted(
            (k for k, n in enumerate(shape) if n > 1),
            key=lambda k: (abs(self.strides[k]), -shape[k]),
        )
        reach, folded = 1, []
        for k in axes:
            if abs(self.strides[k]) >= reach:
                reach += abs(self.strides[k]) * (shape[k] - 1)
            else:
                folded.append(k)
        return folded


def overlaps_itself(shape: Any, strides: Any) -> bool:
    """Whether elements of an array of this shape and these strides (in bytes) share memory."""
    window = Window(None, 0, tuple(shape), tuple(strides))  # type: ignore[arg-type]
    return bool(window._folded_axes(list(shape)))


class Gather:
    """A read through integer arrays or a mask: ``look(buffer)[index]``.

    Its contribution is added in place, at the cost of what was read and not of the buffer.
    """

    __slots__ = ("index", "layout", "window")

    def __init__(self, layout: Layout, window: Window | None, index: Any) -> None:
        self.layout = layout
        self.window = window
        self.index = index

    def add(self, adjoint: Any, g: Any, xp: Any) -> None:
        """Add the contribution `g` into the elements of an adjoint that were read."""
        window, layout = self.window, self.layout
        if window is not None and window.folds:
            seen = window.look(adjoint)
            part: Any
            if isinstance(seen, Handle):
                zeros = layout.adapter.xp.zeros_like(seen._data)
                part = new_handle(zeros, None, None, None, False)
            else:
                part = layout.adapter.xp.zeros_like(seen)
            Gather(layout, None, self.index).add(part, g, xp)
            window.add(adjoint, part, xp)
            return
        seen = adjoint if window is None else window.look(adjoint)
        if isinstance(seen, Handle):
            seen.scatter_add(self.index, g)
        else:
            layout.adapter.scatter_add(seen, self.index, g)


def layout_of(t: Handle, buffer: Buffer) -> Layout:
    """The layout of the buffer; `t` looks at all of it if nobody looked at a part so far."""
    if buffer.layout is None:
        adapter = adapter_of(t._data)
        assert adapter is not None
        buffer.layout = Layout(t._data, adapter)
    return buffer.layout


def seen_through(t: Handle, window: Window) -> Handle:
    """The view of a tensor, which looks at a whole buffer, that `window` describes."""
    buffer = buffer_of(t)
    layout = layout_of(t, buffer)
    data = layout.adapter.window(t._data, window.offset, window.shape, window.strides)
    view = Window(layout, window.offset, window.shape, window.strides, window.folds)
    return new_handle(data, buffer, view, t, t._constant)


def view_of(t: Handle, data: Array, constant: bool, folds: bool = False) -> Any:
    """A tensor for `data`, which is a view of the array of `t`."""
    buffer = t._buffer
    if buffer is None:
        buffer = buffer_of(t)
    layout = buffer.layout
    if layout is None:
        layout = layout_of(t, buffer)
    if not constant and buffer.version is None:
        buffer.version = leaf(buffer, layout.shape, layout.dtype)
    if t._window is not None:
        folds = folds or t._window.folds
    window = layout.window(data, folds)
    return new_handle(data, buffer, window, t if t._base is None else t._base, constant)
