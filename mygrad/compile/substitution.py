"""Tensors with tracers in the place of their arrays, while a function is traced.

The very objects that the function meets by closure stand for inputs meanwhile, so that ``w.grad``,
``w.data -= ...``, views and optimisers do what they do. Everything is put back afterwards.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Buffer, Extras, Handle, leaf, new_buffer, new_handle
from mygrad.autodiff.tape import tracking
from mygrad.autodiff.views import Layout, Window
from mygrad.compile.graphs import cleared_version
from mygrad.compile.memory import Located

__all__ = ["OUTSIDE", "Substitution", "TracedBuffer"]

_SLOTS = ("_data", "_buffer", "_window", "_base", "_constant", "_extras")
OUTSIDE = "an operation outside of the compiled function"
_grad = Buffer.__dict__["grad"]


class TracedLayout(Layout):
    """The layout of traced memory.

    Attributes
    ----------
    memory
        The tensor that has all of it: of a tensor that does not lie in C order, or that shares
        memory and is nobody's view, it is not the base.
    """

    __slots__ = ("memory",)

    memory: Any


class TracedBuffer(Buffer):
    """The buffer of a tensor from outside, which notes whether its gradient was asked for first.

    Attributes
    ----------
    entry
        Makes the gradient that was there before the call.
    asked, assigned
        Whether that was read; whether another took its place.
    before
        That gradient, once it was read: a tracer.
    first
        The version that the call began with.
    """

    __slots__ = ("asked", "assigned", "before", "entry", "first")

    asked: bool
    assigned: bool
    before: Any
    entry: Any
    first: Any

    @property  # type: ignore[override]
    def grad(self) -> Any:
        if not self.assigned and not self.asked:
            self.asked = True
            self.before = None if self.entry is None else self.entry()
            _grad.__set__(self, self.before)
        return _grad.__get__(self)

    @grad.setter
    def grad(self, value: Any) -> None:
        if self.asked and not self.assigned and value is self.before:
            return
        self.assigned = True
        _grad.__set__(self, value)

    def left(self) -> tuple[bool, Any]:
        """Whether the gradient is another one than before the call; and which, as a tracer, or as a
        tensor if it has a graph."""
        if not self.assigned:
            return False, None
        grad = _grad.__get__(self)
        if isinstance(grad, Handle) and grad._constant:
            grad = grad._data
        return not self.asked or grad is not self.before, grad


class HandedOut:
    """The constant tensors that users get in the place of raw arrays: masks, gradients, `t.data`.

    NumPy's functions take them, and they can be written to. What is returned of them is an array.
    """

    def __init__(self) -> None:
        self._tensors: dict[int, Any] = {}

    def __call__(self, array: Any, of: Any = None) -> Any:
        t = new_handle(array, new_buffer(), None, None, True) if of is None else of.detach()
        self._tensors[id(t)] = t
        return t

    def has(self, t: Any) -> bool:
        """Whether it is one of them, or a part of one."""
        return id(t) in self._tensors or id(t._base) in self._tensors

    def forget(self) -> None:
        """Let go of the tracers."""
        self._tensors.clear()


class Substitution:
    """The tensors of a call, made to stand for tracers.

    Parameters
    ----------
    located
        The tensors.
    arrays
        The tracers, one for each group.
    grads
        By number of a buffer: the tracer of its gradient.
    adapter
        That of the tracers.

    Attributes
    ----------
    buffers
        By number: the traced buffers.
    roots
        For each group a tensor that sees all of its memory, whatever happens.
    exposed
        By id: the number of the tensor whose ``t.data`` a tensor is.
    handed_out
        The tensors that stand for raw arrays inside.
    """

    def __init__(self, located: Located, arrays: Any, grads: dict[int, Any], adapter: Any) -> None:
        self.located, self.arrays, self.grads, self.adapter = located, arrays, grads, adapter
        self.saved = [[getattr(t, name) for name in _SLOTS] for t in located.tensors]
        self.buffers: dict[int, TracedBuffer] = {}
        self.roots: list[Any] = []
        self.exposed: dict[int, int] = {}
        self.handed_out = HandedOut()
        self.windows: list[Window | None] = []
        self.kept: list[Any] = []

    def __enter__(self) -> Substitution:
        try:
            self._enter()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for t, values in zip(self.located.tensors, self.saved, strict=True):
            for name, value in zip(_SLOTS, values, strict=True):
                setattr(t, name, value)

    def forget(self) -> None:
        """Let go of the tracers, when the trace has ended."""
        self.roots, self.arrays, self.kept = [], [], []
        self.buffers, self.grads = {}, {}
        self.handed_out.forget()

    def _enter(self) -> None:
        tensors, where = self.located.tensors, self.located.where
        layouts: list[TracedLayout] = []
        bases: list[Any] = []
        for group, array in zip(self.located.groups, self.arrays, strict=True):
            layout = TracedLayout(array, self.adapter)
            base = tensors[group.base] if group.base is not None else None
            if base is None:
                base = new_handle(array, new_buffer(), None, None, True)
                base._buffer.layout = layout
            layout.memory = base
            root = new_handle(array, new_buffer(), _full(layout), base, True)
            root._buffer.layout = layout
            self.roots.append(self.adapter.noted(layout, root))
            layouts.append(layout)
            bases.append(base)
        for k, t in enumerate(tensors):
            number, offset, strides = where[k]
            layout, base = layouts[number], bases[number]
            shape, folds = t._data.shape, t._window is not None and t._window.folds
            first = self.located.buffers[k]
            buffer = self.buffers.get(first)
            if buffer is None:
                buffer = self.buffers[first] = self._buffer(first, tensors[first], layout)
            array = self.arrays[number]
            window = None
            if t is not base:
                window = Window(layout, offset, shape, strides, folds)
                array = window.look(array)
            self.windows.append(window)
            t._data, t._buffer, t._window = array, buffer, window
            own = t is base or self.saved[k][3] is None  # it is nobody's view, however it lies
            t._base = None if own else base
            exposed = new_handle(array, new_buffer(), window or _full(layout), base, True)
            exposed._buffer.layout = layout
            exposed._window.folds = folds
            t._extras = Extras(self.adapter.noted(layout, exposed))
            self.exposed[id(exposed)] = k
            self.kept.append(exposed)  # so that nothing else has its id
            if t is not base:
                self.adapter.noted(layout, t)

    def _buffer(self, number: int, t: Handle, layout: TracedLayout) -> TracedBuffer:
        buffer = TracedBuffer()
        buffer.version = buffer.guard = buffer.written = None
        buffer.readers = []
        buffer.layout = layout
        buffer.asked = buffer.assigned = False
        buffer.entry, buffer.before = None, None
        old = t._buffer
        if not t._constant or (old is not None and old.version is not None):
            stopped = getattr(old.version, "stopped", None) if old and old.version else None
            history = self.located.signature[number][5]
            if history == 2 and tracking():
                buffer.version = self._made_outside(buffer, layout)
            elif history == 3:
                buffer.version = cleared_version(buffer, layout.shape, layout.dtype)
            else:
                buffer.version = leaf(buffer, layout.shape, layout.dtype, stopped)
        buffer.first = buffer.version
        if number in self.grads:
            buffer.entry = lambda: self._entry(number)
        return buffer

    def _made_outside(self, buffer: TracedBuffer, layout: TracedLayout) -> Any:
        """The version of what an operation outside has made: no leaf, so that writes to parts of it
        leave the rest of its history. A sweep that would have to go on there says so."""
        source = new_handle(layout.memory._data, new_buffer(), None, None, False)
        source._buffer.version = leaf(source._buffer, layout.shape, layout.dtype, OUTSIDE)
        made = registry["positive"](source)
        self.kept += [source, made]
        version = made._buffer.version
        version.buffer = ref(buffer)
        return version

    def _entry(self, number: int) -> Any:
        """The gradient that was there, laid out like the traced memory."""
        base = self.base_of(number)
        grad, window = self.grads[number], self.windows[base]
        if window is None:
            return grad
        return window.put(window.layout.zeros(), grad)

    def base_of(self, number: int) -> int:
        """The number of the tensor that has all of a buffer, as it is outside."""
        tensors = self.located.tensors
        base = self.saved[number][3]
        if base is None:
            return number
        return next(k for k, t in enumerate(tensors) if t is base)

    def seen_by_base(self, number: int, grad: Any) -> Any:
        """What the base of a buffer sees of a gradient that lies like the traced memory."""
        window = self.windows[self.base_of(number)]
        return grad if window is None else window.look(grad)


def _full(layout: Layout) -> Window:
    return Window(layout, 0, layout.shape, layout.strides)
