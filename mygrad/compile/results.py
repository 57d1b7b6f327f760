"""What a traced function returned or left somewhere, and how a call makes it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of, get_adapter
from mygrad.autodiff.guard import expose
from mygrad.autodiff.nodes import Handle, buffer_of, leaf, new_buffer, new_handle, view_of
from mygrad.compile.errors import CannotCompile
from mygrad.compile.following import AppendedList
from mygrad.compile.libraries import HOST, library_of
from mygrad.compile.numbers import HostNumber
from mygrad.transforms.trees import CONTAINERS, flatten

__all__ = ["Call", "Outputs", "nothing"]


class Call:
    """One call of a compiled function, while its results are made.

    Attributes
    ----------
    results
        What the program computed, as NumPy arrays, by number.
    tensors
        Those that the function was called with or met.
    numbers
        What Python computed.
    made
        New tensors, by number.
    """

    __slots__ = ("made", "numbers", "recorded", "results", "tensors")

    def __init__(self, results: list[Any], tensors: list[Any], numbers: list[Any]) -> None:
        self.results, self.tensors, self.numbers = results, tensors, numbers
        self.made: dict[int, Any] = {}
        self.recorded: dict[int, Any] = {}


Make = Callable[[Call], Any]


def nothing(call: Any) -> None:
    """What makes None."""


class Outputs:
    """What goes out of a trace.

    Attributes
    ----------
    arrays
        The tracers, in order.
    live
        Variables that the function made: (place, tensor, number of the result).
    made
        By what memory is its: (place, what makes the tensor).
    """

    def __init__(self, substitution: Any, engine: Any, known: set[int]) -> None:
        self.substitution, self.engine, self.known = substitution, engine, known
        self.arrays: list[Any] = []
        self.live: list[Any] = []
        self.made: dict[int, tuple[int, Any]] = {}
        self._grads: dict[int, int] = {}
        self._kept: list[Any] = []

    def add(self, array: Any) -> int:
        """A new result of the program; its number."""
        self.arrays.append(array)
        return len(self.arrays) - 1

    def grad(self, tracer: Any) -> int:
        """The result that is a gradient; whoever returns the same array returns that."""
        number = self.add(tracer)
        self._grads.setdefault(id(tracer), number)
        return number

    def forget(self) -> None:
        """Let go of what was traced."""
        self.arrays, self.live, self._kept = [], [], []

    # --- values ---------------------------------------------------------------------------------
    def value(self, value: Any, what: str) -> Make:
        """How a call makes a value again."""
        if value is None:
            return nothing
        if isinstance(value, Handle):
            if not self.substitution.handed_out.has(value):
                return self.tensor(value, what)
            value = value._data
        if self.engine.is_tracer(value):
            known = self._grads.get(id(value))
            number = self.add(value) if known is None else known
            return lambda call: call.results[number]
        if isinstance(value, HostNumber):
            place = value.place
            return lambda call: call.numbers[place]
        if isinstance(value, AppendedList):
            owner = value.of
            return lambda call: owner
        if isinstance(value, self.engine.adapter.array_types):
            array = self.engine.library.copied(np.asarray(value))
            return lambda call: array.copy()
        if isinstance(value, CONTAINERS) and value is not None and id(value) not in self.known:
            leaves, structure = flatten(value)
            paths = structure.paths(what)
            makes = [self.value(v, path) for v, path in zip(leaves, paths, strict=True)]
            return lambda call: structure.filled([make(call) for make in makes])
        if is_dataclass(value) and not isinstance(value, type) and id(value) not in self.known:
            return self._dataclass(value, what)
        if id(value) not in self.known:
            self._refuse_tracers(value, what)
        return lambda call: value

    def _dataclass(self, value: Any, what: str) -> Make:
        """A new object with the same class and new fields."""
        kind = type(value)
        makes = {f.name: self.value(getattr(value, f.name), f"{what}.{f.name}")
                 for f in fields(value) if hasattr(value, f.name)}  # fmt: skip

        def make(call: Call) -> Any:
            made = object.__new__(kind)
            for name, of_field in makes.items():
                object.__setattr__(made, name, of_field(call))
            return made

        return make

    def _refuse_tracers(self, value: Any, what: str) -> None:
        for held in getattr(value, "__dict__", {}).values():
            if isinstance(held, Handle) or self.engine.is_tracer(held):
                raise CannotCompile(
                    f"{what} is an object of type {type(value).__name__} that was made in the "
                    f"compiled function and holds tensors. Return tensors in lists, tuples and "
                    f"dictionaries, or make the object outside and assign to its attributes"
                )

    # --- tensors --------------------------------------------------------------------------------
    def tensor(self, t: Handle, what: str) -> Make:
        """How a call makes a tensor again, or finds it."""
        known = self._from_outside(t)
        if known is not None:
            return known
        if not isinstance(t._data, self.engine.adapter.array_types):
            raise CannotCompile(
                f"{what} is a tensor on {adapter_of(t._data)}, made in a compiled function with "
                f"backend= or .to(): make it outside"
            )
        base = t._base
        if base is None or t._buffer is None:
            return self._new(t, what)
        shared = next((k for k, b in self.substitution.buffers.items() if b is t._buffer), None)
        if shared is not None:
            return self._view_of_outside(t, shared)
        root = next(
            (
                k
                for k, r in enumerate(self.substitution.roots)
                if r._buffer.layout is t._buffer.layout
            ),
            None,
        )
        if root is not None:  # detached from a tensor from outside
            return self._alias_of_outside(t, root)
        whole = self._new(base, what) if t._buffer is base._buffer else None
        if whole is None:  # detached from one that was made here
            return self._new(t, what)
        window, constant = t._window, t._constant

        def make(call: Call) -> Any:
            owner = whole(call)
            return _view(owner, window, constant)

        return make

    def _from_outside(self, t: Handle) -> Make | None:
        for k, other in enumerate(self.substitution.located.tensors):
            if other is t:
                if self.substitution.raw[k]:
                    return lambda call: call.tensors[k]._data
                return lambda call: call.tensors[k]
        k = self.substitution.exposed.get(id(t))  # type: ignore[assignment]
        return None if k is None else (lambda call: expose(call.tensors[k]))

    def _view_of_outside(self, t: Handle, number: int) -> Make:
        number = self.substitution.base_of(number)
        own, window, constant = self.substitution.windows[number], t._window, t._constant
        start = 0 if own is None else own.offset

        def make(call: Call) -> Any:
            base = call.tensors[number]
            return _view(base, window, constant, start)

        return make

    def _alias_of_outside(self, t: Handle, root: int) -> Make:
        group = self.substitution.located.groups[root]
        number = group.members[0] if group.base is None else group.base
        start = self.substitution.located.where[number][1]
        window = t._window

        def make(call: Call) -> Any:
            twin = call.tensors[number].detach()
            twin._data = _look(twin._data, start, window)
            return twin

        return make

    def _new(self, t: Handle, what: str) -> Make:
        """A tensor that has its memory to itself."""
        key = id(t) if t._buffer is None else id(t._buffer)
        if t._base is not None:
            key = id(t)
        known = self.made.get(key)
        if known is not None:
            return known[1]  # type: ignore[no-any-return]
        self._kept.append(t)
        number, constant = self.add(t._data), t._constant
        version: Any = None if t._buffer is None else t._buffer.version
        place = len(self.made)
        if version is not None:
            self.live.append((place, t, number))
        stopped = None if version is None or version.seq else version.stopped
        grad = None if t._buffer is None or constant else t.grad  # type: ignore[attr-defined]
        if isinstance(grad, Handle) and grad._constant:
            grad = grad._data
        grad_number = None if not self.engine.is_tracer(grad) else self.grad(grad)

        def make(call: Call) -> Any:
            made = call.made.get(place)
            if made is None:
                made = call.recorded.get(place)
                if made is None:
                    array = call.results[number]
                    made = new_handle(array, None, None, None, constant)
                    if stopped is not None:
                        buffer = made._buffer = new_buffer()
                        buffer.version = leaf(buffer, array.shape, array.dtype, stopped)
                if grad_number is not None:
                    buffer_of(made).grad = call.results[grad_number]
                call.made[place] = made
            return made

        self.made[key] = (place, make)
        return make


def _look(array: Any, start: int, window: Any) -> Any:
    """What a window shows of the memory of an array, whose first element is at `start` there."""
    library = library_of(array)
    if 0 in window.shape:
        return (library or HOST).zeros(window.shape, array.dtype)
    if library is not HOST:
        adapter: Any = adapter_of(array)
        return adapter.window(array, window.offset - start, window.shape, window.strides)
    owner = get_adapter("numpy").owner(array)
    if isinstance(owner, np.ndarray):
        memory = owner.transpose(sorted(range(owner.ndim), key=lambda k: -owner.strides[k]))
        if memory.flags.c_contiguous:
            begin = array.ctypes.data + window.offset - start - memory.ctypes.data
            return np.ndarray(window.shape, array.dtype, memory, begin, window.strides)
    return np.asarray(_At(array, array.ctypes.data + window.offset - start, window, array.dtype))


class _At:
    """Elements at an address, in memory that belongs to no array of NumPy's."""

    __slots__ = ("__array_interface__", "_held")

    def __init__(self, held: Any, address: int, window: Any, dtype: Any) -> None:
        self._held = held
        self.__array_interface__ = {
            "data": (address, False), "shape": tuple(window.shape),
            "strides": tuple(window.strides), "typestr": dtype.str, "version": 3,
        }  # fmt: skip


def _view(base: Any, window: Any, constant: bool, start: int = 0) -> Any:
    """A tensor that is a view of another one."""
    return view_of(base, _look(base._data, start, window), constant, window.folds)
