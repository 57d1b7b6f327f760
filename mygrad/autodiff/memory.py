"""Buffers and their versions, and how tensors look at them.

A *buffer* is memory that one or more tensors look at. It has *versions*: the first is made by
a leaf or by an operation (`mygrad.autodiff.tape.Record`), each in-place write makes the next
(`mygrad.autodiff.tape.Write`). The derivative of the result by a version is that version's
*adjoint*: an array laid out like the buffer, so that a view of the buffer and the same view
of the adjoint are one piece of arithmetic, a `Window`.

References run from tensors to buffers, from buffers to their newest version, and from versions
to older versions; the way back is always weak. Dropping a tensor hence frees, at once, all
that only it needed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any
from weakref import ReferenceType, ref

from mygrad.backends import Adapter, adapter_of

__all__ = ["Buffer", "Gather", "Handle", "Layout", "Version", "Window"]

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
            return adjoint.seen_through(self)
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
        still = tuple(
            k for k, (n, s) in enumerate(zip(self.shape, self.strides, strict=True)) if n > 1 > s > -1
        )
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


CLEARED: tuple[None, ...] = (None, None)


class Version:
    """One version of a buffer; this class itself is a leaf, which nothing recorded made.

    Attributes
    ----------
    seq
        When it was recorded, as a running number; 0 for leaves.
    shape, dtype
        Of the whole buffer.
    parents
        The versions that it was made from, None where an operand is constant. It is `CLEARED`
        where the graph was cleared, so that nothing can be differentiated through it.
    buffer
        A weak reference to the buffer.
    """

    __slots__ = ("__weakref__", "buffer", "dtype", "parents", "seq", "shape")

    parents: tuple[Version | None, ...]
    seq: int
    shape: tuple[int, ...]
    dtype: Any
    buffer: Callable[[], Buffer | None]


def leaf(buffer: Buffer, shape: tuple[int, ...], dtype: Any) -> Version:
    """A version of `buffer` without history."""
    version = Version()
    version.seq = 0
    version.shape = shape
    version.dtype = dtype
    version.parents = ()
    version.buffer = ref(buffer)
    return version


class Buffer:
    """Memory that tensors look at.

    Attributes
    ----------
    version
        The newest version; None for the memory of a constant.
    grad
        The derivative by the newest version, after a backward pass: an array (or a tensor,
        if derivatives of it were asked for) laid out like the buffer.
    layout
        Where the elements lie; None until somebody looks at a part of the buffer.
    readers
        Weak references to the records that hold arrays of this memory; one list for all
        buffers on the same memory.
    guard
        The lock on this memory, if users can reach it (`mygrad.autodiff.guard.Guard`).
    """

    __slots__ = ("__weakref__", "grad", "guard", "layout", "readers", "version")

    version: Version | None
    grad: Any
    layout: Layout | None
    readers: list[ReferenceType[Any]]
    guard: Any

    def __init__(self, version: Version | None = None) -> None:
        self.version = version
        self.grad = self.layout = self.guard = None
        self.readers = []


class Handle:
    """What a tensor is to the core: an array, and how it looks at a buffer.

    Public tensors (`mygrad.Tensor`) add operators and methods to it, and nothing else.
    """

    __slots__ = ("__weakref__", "_base", "_buffer", "_cache", "_constant", "_data", "_window")

    _data: Array
    _buffer: Buffer | None  # made when first needed, see `buffer_of`
    _window: Window | None  # None: looks at the whole buffer, as it lies there
    _base: Handle | None
    _constant: bool
    _cache: Any  # what was handed out: [the array for users, (buffer.grad, grad as seen here)]

    public: type[Handle]  # the class of the tensors that operations return

    def copy(self) -> Handle:
        raise NotImplementedError

    def scatter_add(self, index: Any, values: Any) -> None:
        raise NotImplementedError

    def seen_through(self, window: Window) -> Handle:
        """The view of this tensor, which looks at a whole buffer, that `window` describes."""
        buffer = buffer_of(self)
        layout = layout_of(self, buffer)
        data = layout.adapter.window(self._data, window.offset, window.shape, window.strides)
        view = Window(layout, window.offset, window.shape, window.strides, window.folds)
        return new_handle(data, buffer, view, self, self._constant)


def new_handle(
    data: Array,
    buffer: Buffer | None,
    window: Window | None,
    base: Handle | None,
    constant: bool,
    new: Callable[[type], Any] = object.__new__,
) -> Any:
    """A tensor, made without going through the public constructor."""
    t = new(Handle.public)
    t._data = data
    t._buffer = buffer
    t._window = window
    t._base = base
    t._constant = constant
    t._cache = None
    return t


def buffer_of(t: Handle) -> Buffer:
    """The buffer of a tensor; leaves and constants get theirs here, when it is first needed."""
    buffer = t._buffer
    if buffer is None:
        buffer = t._buffer = Buffer()
        if not t._constant:
            buffer.version = leaf(buffer, t._data.shape, t._data.dtype)
    return buffer


def layout_of(t: Handle, buffer: Buffer) -> Layout:
    """The layout of the buffer; `t` looks at all of it if nobody looked at a part so far."""
    if buffer.layout is None:
        adapter = adapter_of(t._data)
        assert adapter is not None
        buffer.layout = Layout(t._data, adapter)
    return buffer.layout


def protect(buffer: Buffer, region: Array, adapter: Adapter) -> None:
    """Copy what records still need of the memory that is about to be written.

    Only saved arrays that overlap `region` are copied. An array that was checked a few times
    is copied early and forgotten, so a loop of n writes costs O(n) and not O(n²) checks.
    """
    readers = buffer.readers
    if not readers:
        return
    keep = []
    for reader in readers:
        record = reader()
        if record is None:
            continue
        record.checks += 1
        early = record.checks > 4
        values = record.values
        for k, array in enumerate(values):
            if adapter_of(array) is adapter and (
                adapter.owner(array) is adapter.owner(region)
                if early
                else adapter.overlaps(array, region)
            ):
                kept = adapter.xp.asarray(array, copy=True)
                values = record.values = (*values[:k], kept, *values[k + 1 :])
        if not early:
            keep.append(reader)
    readers[:] = keep
