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
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from mygrad.backends import Adapter, adapter_of

if TYPE_CHECKING:
    from mygrad.autodiff.primitive import Plan, Primitive
    from mygrad.namespace import Namespace
    from mygrad.windows import Gather, Layout, Window

__all__ = ["Buffer", "Handle", "Record", "Version"]

Array = Any


CLEARED: tuple[None, ...] = (None, None)


class Version:
    """One version of a buffer.

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


class Record(Version):
    """The version that an operation made; with ``seq`` 0 a leaf, which has nothing of these.

    Attributes
    ----------
    plan
        The operation, its rules for the operands that are variables, and what they need.
    values
        What its rules may ask for: output, parameters, shapes, operands, at
        ``primitive.positions``; None for what no rule needs. (A tuple: the garbage collector
        soon stops looking at tuples of arrays and numbers, and graphs can be large.)
    namespace
        The namespace to run the rules in.
    windows
        How each operand looks at its buffer; None if all look at the whole.
    mask
        Where the operation was computed (``where=``), or None for everywhere.
    locks
        Tokens that keep the user's arrays among `values` from being written.
    checks
        How often writes have checked the saved arrays for overlap.
    """

    __slots__ = ("checks", "locks", "mask", "namespace", "plan", "values", "windows")

    plan: Plan
    values: tuple[Any, ...]
    namespace: Namespace
    windows: list[Window | Gather | None] | None
    mask: Any
    locks: list[Any] | None
    checks: int

    @property
    def primitive(self) -> Primitive:
        """The operation."""
        return self.plan.primitive

    @property
    def variables(self) -> tuple[Any, ...]:
        """The tensors that the operation was called with."""
        from mygrad.creators import variables_of

        return variables_of(self)

    def clear(self) -> None:
        """Let go of everything; nothing can be differentiated through this version again."""
        self.parents = CLEARED
        self.values = ()
        self.windows = self.mask = self.locks = None


def leaf(buffer: Buffer, shape: tuple[int, ...], dtype: Any) -> Record:
    """A version of `buffer` without history."""
    version = Record()
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


def new_buffer(version: Version | None = None) -> Buffer:
    """A buffer with nothing in it."""
    buffer = Buffer()
    buffer.version = version
    buffer.grad = buffer.layout = buffer.guard = None
    buffer.readers = []
    return buffer


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
    # [the array that was handed out, the buffer's gradient and how it is seen here]; in place
    # of the gradient, constants have their `mygrad.creators.Origin`
    _cache: Any

    public: type[Handle]  # the class of the tensors that operations return

    copy: Callable[[], Handle]
    scatter_add: Callable[[Any, Any], None]


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
        buffer = t._buffer = new_buffer()
        if not t._constant:
            buffer.version = leaf(buffer, t._data.shape, t._data.dtype)
    return buffer


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
                kept = adapter.copy(array)
                values = record.values = (*values[:k], kept, *values[k + 1 :])
        if not early:
            keep.append(reader)
    readers[:] = keep
