"""Buffers and their versions, and the tensors that look at them.

A *buffer* is memory that one or more tensors look at. It has *versions*: the first is made by
a leaf or by an operation (`Record`), each in-place write makes the next (`Write`). The
derivative of the result by a version is that version's *adjoint*: an array laid out like the
buffer, so that a view of the buffer and the same view of the adjoint are one piece of
arithmetic, a `mygrad.autodiff.views.Window`.

References run from tensors to buffers, from buffers to their newest version, and from versions
to older versions; the way back is always weak. Dropping a tensor hence frees, at once, all
that only it needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ReferenceType, ref

from mygrad.arrays import adapter_of
from mygrad.autodiff.plan import Plan
from mygrad.autodiff.views import Gather, Layout, Window
from mygrad.settings import lock

__all__ = [
    "CLEARED", "Buffer", "Extras", "Handle", "Record", "Version", "Write", "buffer_of",
    "layout_of", "leaf", "new_buffer", "new_handle", "seen_by", "set_tensor_class", "tensor_class",
    "view_of",
]  # fmt: skip

Array = Any

CLEARED: tuple[None, ...] = (None, None)
"""The parents of versions whose graph was cleared: nothing is differentiated through them."""


class Version:
    """One version of a buffer.

    Attributes:
    seq: When it was recorded, as a running number; 0 for leaves.
    shape, dtype: Of the whole buffer.
    parents: The versions that it was made from, None where an operand is constant. It is `CLEARED`
        where the graph was cleared.
    buffer: A weak reference to the buffer.
    """

    __slots__ = ("__weakref__", "buffer", "dtype", "parents", "seq", "shape")

    parents: tuple[Version | None, ...]
    seq: int
    stopped: str | None
    shape: tuple[int, ...]
    dtype: Any
    buffer: Callable[[], Buffer | None]


class Record(Version):
    """The version that an operation made; with ``seq`` 0 a leaf, which has nothing of these.

    Attributes:
    plan: The operation, its rules for the operands that are variables, and what they need.
    values: What its rules may ask for: result, parameters, residuals, shapes, operands, at
        ``primitive.positions``; None for what no rule needs. (A tuple: the garbage collector soon
        stops looking at tuples of arrays and numbers, and graphs can be large.)
    namespace: The namespace to run the rules in.
    windows: How each operand looks at its buffer; None if all look at the whole.
    mask: Where the operation was computed (``where=``), or None for everywhere.
    locks: Tokens that keep the user's arrays among `values` from being written; and, weakly, those
        constants among the operands that may know what made them.
    checks: How often writes have checked the saved arrays for overlap.
    stopped: Of leaves alone: what made the version whose place it took when a graph was cleared.
    """

    __slots__ = ("checks", "locks", "mask", "namespace", "plan", "stopped", "values", "windows")

    plan: Plan
    values: tuple[Any, ...]
    namespace: Any
    windows: list[Window | Gather | None] | None
    mask: Any
    locks: list[Any] | None
    checks: int

    @property
    def primitive(self) -> Any:
        """The operation."""
        return self.plan.primitive

    @property
    def variables(self) -> tuple[Any, ...]:
        """The tensors that the operation was called with."""
        return _tensor_class._variables_of(self)

    def clear(self) -> None:
        """Let go of everything; nothing can be differentiated through this version again."""
        self.parents = CLEARED
        if self.locks:
            _tensor_class._forget_origins(self.locks)
        self.values = ()
        self.windows = self.mask = self.locks = None


class Write(Version):
    """The version that an in-place write made from the one before, ``parents[0]``.

    Attributes:
    window, index: What was written: the part of the buffer seen through `window` (None: all of it)
        and, in it, through integer arrays or a mask. ``parents[1]`` is what the value came from.
    value_window: How the value looks at its buffer.
    sign: 0 if the value replaced what was there, 1 or -1 if it was added or subtracted.
    mask: Where in the region the value was written (``where=``); None for everywhere.
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


def leaf(buffer: Buffer, shape: tuple[int, ...], dtype: Any, stopped: str | None = None) -> Record:
    """A version of `buffer` without history."""
    version = Record()
    version.seq = 0
    version.stopped = stopped
    version.shape = shape
    version.dtype = dtype
    version.parents = ()
    version.buffer = ref(buffer)
    return version


class Buffer:
    """Memory that tensors look at.

    Attributes:
    version: The newest version; None for the memory of a constant.
    grad: The derivative by the newest version, after a backward pass: an array (or a tensor, if
        derivatives of it were asked for) laid out like the buffer.
    layout: Where the elements lie; None until somebody looks at a part of the buffer.
    readers: Weak references to the records that hold arrays of this memory; one list for all
        buffers on the same memory.
    guard: The lock on this memory, if users can reach it (`mygrad.autodiff.guard.Guard`).
    written: Of constants: when they were last written to, as a running number; None for never.
    """

    __slots__ = ("__weakref__", "grad", "guard", "layout", "readers", "version", "written")

    version: Version | None
    grad: Any
    layout: Layout | None
    readers: list[ReferenceType[Any]]
    guard: Any
    written: int | None


def new_buffer(version: Version | None = None) -> Buffer:
    """A buffer with nothing in it."""
    buffer = Buffer()
    buffer.version = version
    buffer.grad = buffer.layout = buffer.guard = buffer.written = None
    buffer.readers = []
    return buffer


class Extras:
    """What few tensors have.

    Attributes:
    exposed: The array that was handed out to the user as ``t.data``.
    grad_view: The buffer's gradient, and what this tensor sees of it: ``t.grad`` of a view.
    provenance: What a constant was made from, for users to look at.
    """

    __slots__ = ("exposed", "grad_view", "provenance")

    def __init__(self, exposed: Any = None, provenance: Any = None) -> None:
        self.exposed = exposed
        self.grad_view: tuple[Any, Any] | None = None
        self.provenance = provenance


class Handle:
    """What a tensor is to the core: an array, and how it looks at a buffer.

    Public tensors (`mygrad.Tensor`) add operators and methods to it, and nothing else.
    """

    __slots__ = ("__weakref__", "_base", "_buffer", "_constant", "_data", "_extras", "_window")

    _data: Array
    _buffer: Buffer | None  # made when first needed, see `buffer_of`
    _window: Window | None  # None: looks at the whole buffer, as it lies there
    _base: Handle | None
    _constant: bool
    _extras: Extras | None

    @staticmethod
    def _variables_of(record: Record) -> tuple[Any, ...]:
        """The tensors for the operands of a record; the public class makes them."""
        raise NotImplementedError("tensors are not declared")

    @staticmethod
    def _made_of(result: Handle, primitive: Any, operands: tuple[Any, ...]) -> Handle:
        """A constant; the public class remembers what it was made of."""
        return result

    @staticmethod
    def _forget_origins(tensors: Any) -> None:
        """Forget what made these constants, as the graph that they were used in is cleared."""

    def _seen_through(self, window: Window) -> Handle:
        """The view that `window` describes of this tensor, which looks at a whole buffer."""
        buffer = buffer_of(self)
        layout = layout_of(self, buffer)
        data = layout.adapter.window(self._data, window.offset, window.shape, window.strides)
        view = Window(layout, window.offset, window.shape, window.strides, window.folds)
        t = new_handle(data, buffer, view, self, self._constant)
        return t if layout.adapter.has_views else layout.adapter.noted(layout, t)


_tensor_class: type[Handle] = Handle


def set_tensor_class(cls: type[Handle]) -> None:
    """Name the class of the tensors that operations return."""
    global _tensor_class
    _tensor_class = cls


def tensor_class() -> type[Any]:
    """The class of the tensors that operations return."""
    return _tensor_class


def new_handle(
    data: Array, buffer: Buffer | None, window: Window | None, base: Handle | None, constant: bool,
    new: Callable[[type], Any] = object.__new__,
) -> Any:  # fmt: skip
    """A tensor, made without going through the public constructor."""
    t = new(_tensor_class)
    t._data = data
    t._buffer = buffer
    t._window = window
    t._base = base
    t._constant = constant
    t._extras = None
    return t


def buffer_of(t: Handle) -> Buffer:
    """The buffer of a tensor; leaves and constants get theirs here, when it is first needed."""
    buffer = t._buffer
    if buffer is None:
        buffer = new_buffer()
        if not t._constant:
            buffer.version = leaf(buffer, t._data.shape, t._data.dtype)
        with lock:  # another thread may have been faster
            if t._buffer is None:
                t._buffer = buffer
            buffer = t._buffer
    return buffer


def layout_of(t: Handle, buffer: Buffer) -> Layout:
    """The layout of the buffer; `t` looks at all of it if nobody looked at a part so far."""
    if buffer.layout is None:
        adapter = adapter_of(t._data)
        assert adapter is not None
        buffer.layout = Layout(t._data, adapter)
    return buffer.layout


def seen_by(t: Handle, look: Callable[[Array, Any], Array]) -> Window | None:
    """What a function of (an array, its adapter) sees of a tensor of an `ImmutableAdapter`."""
    layout = layout_of(t, t._buffer or buffer_of(t))
    seen = layout.adapter.seen_by(t, layout, look)
    return None if seen is None else Window(layout, *seen)


def view_of(
    t: Handle, data: Array, constant: bool, folds: bool = False, window: Window | None = None
) -> Any:
    """A tensor for `data`, which is a view of the array of `t` (`window`, if that is known)."""
    buffer = t._buffer or buffer_of(t)
    layout = buffer.layout or layout_of(t, buffer)
    if not constant and buffer.version is None:
        with lock:
            buffer.version = buffer.version or leaf(buffer, layout.shape, layout.dtype)
    if t._window is not None:
        folds = folds or t._window.folds
    base = t if t._base is None else t._base
    if window is None:
        return new_handle(data, buffer, layout.window(data, folds), base, constant)
    window.folds = folds
    return layout.adapter.noted(layout, new_handle(data, buffer, window, base, constant))
