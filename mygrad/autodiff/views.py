"""How views look at strided memory, and how contributions are added through them."""

from __future__ import annotations

from itertools import product
from typing import Any

from mygrad.arrays import Adapter, adapter_of

__all__ = ["Gather", "Layout", "Window", "overlaps_itself"]

Array = Any


class Layout:
    """Where the elements of a buffer lie: what its adjoints have to copy.

    Attributes:
    adapter, address, shape, strides, dtype, device: Of the array that the buffer was made with;
        address and strides in bytes.
    update, views: The view through which the buffer was last written as a whole (weakly), and when;
        what an `ImmutableAdapter` notes.
    """

    __slots__ = ("adapter", "address", "device", "dtype", "shape", "strides", "update", "views")

    def __init__(self, array: Array, adapter: Adapter) -> None:
        self.adapter = adapter
        self.address = adapter.address(array)
        self.shape = array.shape
        self.strides = adapter.strides(array)
        self.dtype = array.dtype
        self.device = adapter.device(array)
        self.update: tuple[Any, int] | None = None
        self.views: Any = None

    def zeros(self, adapter: Any = None) -> Array:
        """An array of zeros, of the same library or a batch, that is laid out like the buffer."""
        return (adapter or self.adapter).allocate(self.shape, self.strides, self.dtype, self.device)

    def fits(self, adjoint: Any) -> bool:
        """Whether an array of any library lies like the buffer."""
        return adapter_of(adjoint).strides(adjoint) == self.strides  # type: ignore[union-attr]

    def window(self, array: Array, folds: bool) -> Window:
        """How `array`, a view of the buffer, looks at it."""
        offset = 0 if 0 in array.shape else self.adapter.address(array) - self.address
        return Window(self, offset, array.shape, self.adapter.strides(array), folds)


class Window:
    """A view of a buffer, and likewise of everything laid out like that buffer.

    A view of a view is again one window: views do not nest, however long their chain. What is
    looked at is an array, or a tensor, which knows how to be looked at (``_seen_through``).

    Attributes:
    layout: The layout of the buffer it looks at.
    offset, shape, strides: Where it looks: bytes from the buffer's first element, and the view's
        own shape and strides.
    folds: Whether elements of the view may share memory (``broadcast_to``, sliding windows).
    """

    __slots__ = ("folds", "layout", "offset", "shape", "strides")

    def __init__(
        self, layout: Layout, offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
        folds: bool = False,
    ) -> None:  # fmt: skip
        self.layout = layout
        self.offset = offset
        self.shape = shape
        self.strides = strides
        self.folds = folds

    def look(self, adjoint: Any) -> Any:
        """The part of an adjoint (an array or a tensor) that this view of the buffer sees."""
        adapter = self.layout.adapter
        if isinstance(adjoint, adapter.array_types):
            return adapter.window(adjoint, self.offset, self.shape, self.strides)
        return adjoint._seen_through(self)

    def sees_the_same_as(self, other: Window | None) -> bool:
        """Whether two windows on one buffer look at the same elements in the same order."""
        return other is not None and (
            (self.offset, self.shape, self.strides) == (other.offset, other.shape, other.strides)
        )

    def put(self, array: Any, value: Any, adds: bool = False) -> Any:
        """An array that never changes, with `value` put into (or added to) what this view sees."""
        where = self.offset, self.shape, self.strides
        return adapter_of(array).put(array, value, *where, adds)  # type: ignore[union-attr]

    def add(self, adjoint: Any, g: Any, xp: Any) -> Any:
        """Add the contribution `g` into the part of an adjoint that this view sees; return it."""
        if not self.folds:
            return self._add_once(adjoint, g)
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
            adjoint = piece._add_once(adjoint, g[tuple(index)] if folded else g)
        return adjoint

    def _add_once(self, adjoint: Any, g: Any) -> Any:
        adapter = adapter_of(adjoint)
        if adapter is not None and not adapter.has_views:
            return self.put(adjoint, g, True)
        seen = self.look(adjoint)
        seen += g
        return adjoint

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
    The window, if there is one, sees each element once.
    """

    __slots__ = ("index", "layout", "window")

    def __init__(self, layout: Layout, window: Window | None, index: Any) -> None:
        self.layout = layout
        self.window = window
        self.index = index

    def add(self, adjoint: Any, g: Any, xp: Any) -> Any:
        """Add the contribution `g` into the elements of an adjoint that were read; return it."""
        seen = adjoint if self.window is None else self.window.look(adjoint)
        adapter = adapter_of(seen)
        if adapter is None:  # a tensor
            seen.scatter_add(self.index, g)
            return adjoint
        seen = adapter.scatter_add(seen, self.index, g)
        if adapter.has_views:
            return adjoint
        return seen if self.window is None else self.window.put(adjoint, seen)
