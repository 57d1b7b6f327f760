"""What a traced function changed: gradients, memory, tensors, and what places hold."""

from __future__ import annotations

from typing import Any, NamedTuple

from mygrad.autodiff.nodes import Handle
from mygrad.compile.entries import Again, Met
from mygrad.compile.errors import CannotCompile
from mygrad.compile.following import AppendedList, same_state, state_of
from mygrad.compile.numbers import HostNumber
from mygrad.compile.reaching import NUMBERS, Place
from mygrad.compile.results import Outputs

__all__ = ["Before", "Changes", "MemoryWrite", "NumberStore", "Rebound", "Store"]


class MemoryWrite(NamedTuple):
    """A memory (the number of its group) that takes a result; and for each buffer on it, by the
    number of its first tensor, whether it has a new version."""

    group: int
    result: int
    buffers: list[tuple[int, bool]]


class Rebound(NamedTuple):
    """A tensor whose ``.data`` was assigned: the result, and whether its gradient stays."""

    tensor: int
    result: int
    constant: bool
    keeps_gradient: bool


class Store(NamedTuple):
    """What is done to a place: append, fill, delete or set, where, and what makes the value."""

    kind: str
    place: int
    where: Any
    make: Any


class NumberStore(NamedTuple):
    """A place that takes a Python number, the one at `value` among those that Python computed."""

    place: int
    where: Any
    value: int


class Before(NamedTuple):
    """What there was before the trace.

    Attributes
    ----------
    places
        For each place its keys and values.
    stand_ins
        By the number of the place: what stands for lists that are appended to.
    states
        The state of what is watched.
    """

    places: list[tuple[list[Any], list[Any]]]
    stand_ins: dict[int, AppendedList]
    states: list[Any]


class Changes:
    """What a trace changed, and how a call changes it again.

    Parameters
    ----------
    met, substitution
        What the function met, and the tracers in it.
    outputs
        Takes what becomes a result of the program.
    before
        What there was before.
    name
        What the function is called.

    Attributes
    ----------
    grads
        (tensor, result or None): gradients that were assigned.
    grad_guards
        (tensor, None or shape and dtype): gradients that were read.
    memory, rebound, stores, number_stores
        See their classes.
    shapes
        (tensor, shape): shapes that were assigned.
    written
        (tensor, version, result): variables that were written to.
    """

    def __init__(
        self, met: Met, substitution: Any, outputs: Outputs, before: Before, name: str
    ) -> None:
        self.before, self.stand_ins, self.states = before
        self.met, self.substitution, self.outputs, self.name = met, substitution, outputs, name
        self.grads: list[tuple[int, int | None]] = []
        self.grad_guards: list[tuple[int, Any]] = []
        self.memory: list[MemoryWrite] = []
        self.written: list[tuple[int, Any, int]] = []
        self.rebound: list[Rebound] = []
        self.shapes: list[tuple[int, tuple[int, ...]]] = []
        self.stores: list[Store] = []
        self.number_stores: list[NumberStore] = []
        self._in_optimizers: dict[int, Any] = {}  # new elements of arrays in their state
        self._watched()
        self._gradients()  # first, so that who returns one returns the array that tensors have
        self._memory()
        self._tensors()
        self._changing: set[str] = set()
        for number, place in enumerate(met.reached.places):
            self._place(number, place)
        if self._changing:
            raise Again("changing", self._changing)
        for k, value in self._in_optimizers.items():
            self.memory.append(MemoryWrite(met.located.where[k][0], outputs.add(value), []))

    def _refuse(self, what: str) -> None:
        raise CannotCompile(f"{self.name} cannot be compiled: {what}")

    # --- tensors ----------------------------------------------------------------------------------
    def _gradients(self) -> None:
        sub = self.substitution
        for k, buffer in sub.buffers.items():
            if buffer.asked:
                old = sub.saved[k][1]
                grad = None if old is None else old.grad
                if isinstance(grad, Handle):
                    self._refuse(
                        "it reads a gradient that is a tensor (create_graph=True). Way out: "
                        "compute it inside"
                    )
                self.grad_guards.append((k, None if grad is None else (grad.shape, grad.dtype)))
            changed, g = buffer.left()
            if not changed:
                continue
            if isinstance(g, Handle):
                self._refuse(
                    "gradients that are tensors (create_graph=True) stay on a tensor from outside. "
                    "Way out: t.null_grad() or mg.grad, and return what is needed"
                )
            result = None if g is None else self.outputs.grad(sub.seen_by_base(k, g))
            self.grads.append((k, result))

    def _memory(self) -> None:
        sub, located = self.substitution, self.met.located
        for number, root in enumerate(sub.roots):
            before, after = sub.arrays[number], root._base._data
            if after.shape != before.shape:  # its shape was assigned
                after = after.reshape(before.shape)
            buffers = []
            for k in sorted({located.buffers[k] for k in located.groups[number].members}):
                buffer = sub.buffers[k]
                buffers.append((k, buffer.version is not buffer.first))
            if after is before and not any(new for _, new in buffers):
                continue
            whole = self.outputs.add(after)
            for k, new in buffers:
                version = sub.buffers[k].version
                if new and version is not None:
                    result = whole  # of leaves nothing is recorded
                    if version.seq:
                        result = self.outputs.add(sub.seen_by_base(k, after))
                    self.written.append((k, version, result))
            self.memory.append(MemoryWrite(number, whole, buffers))

    def _tensors(self) -> None:
        sub, located = self.substitution, self.met.located
        for k, t in enumerate(located.tensors):
            traced = sub.buffers[located.buffers[k]]
            if t._buffer is traced:
                if t._window is not sub.windows[k]:
                    self.shapes.append((k, tuple(t._data.shape)))
                continue
            buffer: Any = t._buffer
            if buffer is not None and buffer.version is not None and buffer.version.seq:
                self._refuse("a graph is left on a tensor whose .data was assigned")
            grad = None if buffer is None else buffer.grad
            keeps = grad is not None and traced.left()[0] and grad is traced.grad
            self.rebound.append(Rebound(k, self.outputs.add(t._data), t._constant, keeps))

    # --- places -----------------------------------------------------------------------------------
    def _place(self, number: int, place: Place) -> None:
        """What a container, an object, a cell or a module holds now."""
        if place.kind == "tuple":
            return
        keys, before = self.before[number]
        now_keys, after = place.present()
        if place.grown:
            self._appended(number, place, before, after)
            return
        if place.kind == "list":
            longer = len(after) - len(before)
            if longer > 0 and _same(before, after):
                if not place.read:
                    raise Again("grown", place.path)
                self._append(number, place, after[len(before) :])
                return
            if longer:
                makes = [self.outputs.value(v, f"{place.path}[{j}]") for j, v in enumerate(after)]
                self.stores.append(Store("fill", number, None, makes))
                return
        old = dict(zip(keys, before, strict=True))
        for key in keys:
            if key not in now_keys:
                self.stores.append(Store("delete", number, key, None))
        for key, value in zip(now_keys, after, strict=True):
            if key not in old:
                make = self.outputs.value(value, place.name(key))
                self.stores.append(Store("set", number, key, make))
            elif value is not old[key]:
                self._entry(number, place, key, old[key], value)

    def _appended(self, number: int, place: Place, before: list[Any], after: list[Any]) -> None:
        """What is new in a list that should only be appended to."""
        stand_in = self.stand_ins[number]
        items = stand_in.items()
        begins = len(items) >= len(before) and _same(before, items)
        if stand_in.read or not begins or not _same(before, after):
            raise Again("grown", ("read", place.path))
        self._append(number, place, [*after[len(before) :], *items[len(before) :]])

    def _append(self, number: int, place: Place, items: list[Any]) -> None:
        for item in items:
            make = self.outputs.value(item, f"{place.path}[-1]")
            self.stores.append(Store("append", number, None, make))

    def _watched(self) -> None:
        """Sets, queues and iterators are as they were, or the program would do too little."""
        for (path, value), state in zip(self.met.reached.watched, self.states, strict=True):
            if not same_state(state, state_of(value)):
                kind = type(value).__name__
                self._refuse(
                    f"{path}, a {kind}, is changed by it, which later calls would not do. Way "
                    f"out: do that outside, with what the function returns; or take a list, which "
                    f"may be appended to"
                )

    def _entry(self, number: int, place: Place, key: Any, old: Any, new: Any) -> None:
        """What a place holds under a key is another object."""
        if isinstance(new, HostNumber):
            if not (isinstance(old, HostNumber) and new.place == old.place):
                self.number_stores.append(NumberStore(number, key, new.place))
            return
        if type(old) in NUMBERS and type(new) in NUMBERS:
            if old != new or type(old) is not type(new):
                self._changing.add(place.name(key))
            return
        if self._in_state(place, key, old, new):
            return
        for k, holder in enumerate(self.met.holders):
            if holder is not None and self.met.raw[k] == 2 and holder == (place, key):
                is_tracer = self.outputs.engine.is_tracer(new)
                if is_tracer and (new.shape, new.dtype) == (old.shape, old.dtype):
                    self._in_optimizers[k] = new
                    return
        self.stores.append(Store("set", number, key, self.outputs.value(new, place.name(key))))

    def _in_state(self, place: Place, key: Any, old: Any, new: Any) -> bool:
        """Whether this is an entry of an optimiser's state, of which only parts are others.

        The state of a parameter is a tuple with a dictionary of arrays and numbers in it.
        """
        if isinstance(old, tuple) and place.path.endswith("._state"):
            if type(new) is not type(old) or len(new) != len(old):
                return False
            inside = self._number(lambda p: p.kind == "tuple" and p.parent == (place, key))
            pairs = list(zip(range(len(old)), old, new, strict=True))
        elif isinstance(old, dict) and place.kind == "tuple" and "._state" in place.path:
            if type(new) is not dict or old.keys() != new.keys():
                return False
            inside = self._number(lambda p: p.owner is old)
            pairs = [(j, old[j], new[j]) for j in old]
        else:
            return False
        if inside is None:
            return False
        held = self.met.reached.places[inside]
        for j, a, b in pairs:
            if a is not b:
                self._entry(inside, held, j, a, b)
        return True

    def _number(self, is_wanted: Any) -> int | None:
        places = self.met.reached.places
        return next((k for k, place in enumerate(places) if is_wanted(place)), None)


def _same(before: list[Any], after: list[Any]) -> bool:
    return all(a is b for a, b in zip(before, after, strict=False))
