"""What a compiled function reached when it was last looked at, and whether that still holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from sys import getrefcount
from typing import Any

import numpy as np

from mygrad.autodiff.nodes import Handle, buffer_of, new_handle
from mygrad.compile.engine import engine
from mygrad.compile.guards import Guards, Question, attribute, contents, follows, item, of_tensor
from mygrad.compile.libraries import HOST, OWN, Library, library_of
from mygrad.compile.memory import Located, owner_of
from mygrad.compile.reaching import Place, Reached

__all__ = ["Binding", "Lent", "Plain", "joined", "plain", "take_over"]

_QUESTIONS: dict[str, Callable[[Any, Any], Question]] = {
    "dict": item, "list": item, "names": item, "cell": contents, "attributes": attribute,
}  # fmt: skip
"""What is asked of the places of each kind that `mygrad.compile.reaching` knows."""


class Plain:
    """Memory that is not the engine's, as it goes into programs."""

    __slots__ = ("held",)

    def __init__(self, array: Any) -> None:
        self.held = array


class Lent(Plain):
    """Memory of a device that is not the engine's, as it goes into programs; looked at anew by each
    call."""

    __slots__ = ("array", "given")

    def __init__(self, given: Any, array: Any) -> None:
        self.array, self.given = array, given

    @property
    def held(self) -> Any:  # type: ignore[override]
        return self.given(self.array)


class Binding:
    """What a function reached when it was last looked at.

    Attributes
    ----------
    reached
        What the walk met.
    library
        Whose arrays programs run on.
    plain
        Makes `Plain` of an array.
    located
        The tensors, with those that stand for arrays, and where they lie.
    raw, holders
        As `mygrad.compile.tracing.Met` has them.
    feeds, arrays
        The memory, as it goes into programs, and as arrays.
    owners
        The ids of the objects that own memory.
    numbers
        Numbers that are inputs: (place, key).
    met
        The libraries of tensors, each with the path of one.
    run
        Runs a program: `mygrad.compile.calls.run`, on the device.
    number
        Of the signature: all that programs depend on.
    stale
        Whether it is known that something changed.
    objects
        The arguments that were looked through, as their ids are in use.
    """

    met: dict[Library, str]
    run: Callable[..., Any]

    def __init__(self, reached: Reached, extra: list[Any], library: Library) -> None:
        self.reached, self.library = reached, library
        on_host = library is HOST
        self.plain: Any = Plain if on_host else partial(Lent, engine(library).given)
        tensors = [t for _, t in reached.tensors]
        tensors += [t for t in extra if library.mine(t._data)]
        tensors = list({id(t): t for t in tensors}.values())
        known = {id(t) for t in tensors}
        for t in tuple(tensors):
            if t._base is not None and id(t._base) not in known:
                known.add(id(t._base))
                tensors.append(t._base)
        self.raw = [0] * len(tensors)
        self.holders: list[Any] = [None] * len(tensors)
        state = _of_optimizers(reached) if reached.optimizers else set()
        for place, key, array in reached.arrays:
            if array.dtype.kind not in "fiubc" or not array.dtype.isnative:
                continue
            tensors.append(new_handle(plain(array), None, None, None, True))
            self.raw.append(2 if id(place.owner) in state else 1)
            self.holders.append((place, key))
        for t in tensors:
            buffer_of(t)
        self.located = Located(tensors)
        self.arrays = [group.array for group in self.located.groups]
        self.feeds = [self.feed(array) for array in self.arrays]
        self.owners = set(self.located.owners)
        self.plans: dict[Any, Any] = {}
        self.signature: Any = (tuple(reached.signature), self.located.signature, library.key)
        self.moved = not all(map(library.mine, self.arrays))  # or is refused, if it is used
        if self.moved:
            where = tuple(library_of(array) for array in self.arrays)
            self.signature = (*self.signature, where, library.follows())
        self.number, self.stale = 0, False
        self.objects: list[Any] = []
        self.numbers = [
            (place, key) for place, key, _ in reached.numbers
            if place.name(key) in reached.changing
        ]  # fmt: skip
        self._watch(tensors)

    def feed(self, array: Any) -> Any:
        """The memory of an array, as it goes into programs."""
        return self.library.memory_of(array) or self.plain(array)

    # --- whether it still holds -------------------------------------------------------------------
    def _watch(self, tensors: list[Any]) -> None:
        """Write down what `fresh` asks for."""
        free = {(id(place), key) for place, key in self.numbers if place.kind != "tuple"}
        questions: list[Question] = []
        there: list[Any] = []
        sized: list[tuple[Any, int]] = []
        self._where: dict[tuple[int, Any], int] = {}
        for place in self.reached.places:
            if place.kind not in _QUESTIONS or place.grown:
                continue
            if place.kind in ("dict", "list"):
                sized.append((place.owner, len(place.values)))
            for key, value in zip(place.keys, place.values, strict=True):
                if (id(place), key) not in free:
                    self._where[(id(place.owner), key)] = len(questions)
                    questions.append(_QUESTIONS[place.kind](place.owner, key))
                    there.append(value)
        self._first_data = len(questions)
        self._tensors = tensors
        self._leaves = [_is_leaf(t) for t in tensors]
        paths = [(k, "_data") for k in range(len(tensors))]
        for k, t in enumerate(tensors):
            paths.append((k, "_buffer.version.seq" if self._leaves[k] else "_buffer.version"))
            if not self._leaves[k] and t._buffer.version is not None:
                paths.append((k, "_buffer.version.parents"))
        for k, path in paths:
            questions.append(of_tensor(tensors, k, path))
            there.append(attrgetter(path)(tensors[k]))
        if self.moved:
            questions.append(follows(self.library))
            there.append(self.library.follows())
        self._guards = Guards(questions, there, sized)
        self._numbers = {id(t): k for k, t in enumerate(tensors)}
        self._held = Counter(id(v) for place in self.reached.places for v in place.values)

    def fresh(self) -> bool:
        """Whether nothing has changed since but values."""
        return not self.stale and self._guards.hold()

    # --- what calls change ------------------------------------------------------------------------
    def replace(self, k: int, t: Any) -> bool:
        """Let a tensor, or another array of the same one, take the place of tensor number k.

        Programs serve it if it is alike, and shares no memory. If not, nothing is done, and the
        answer is False: the function has to be looked at again.
        """
        if k >= len(self._tensors):
            return True  # an argument
        located, old, array = self.located, self._tensors[k], t._data
        number = located.where[k][0]
        group, version = located.groups[number], buffer_of(t).version
        history = version and not version.seq if self._leaves[k] else version is None
        was = (group.array.shape, group.array.dtype, located.signature[k][3])
        alone = group.base == k and len(group.members) == 1 and t._base is None
        if (
            not self.library.mine(array) or (array.shape, array.dtype, t._constant) != was
            or not alone or t._window is not None or not history
            or not array.flags.c_contiguous
        ):  # fmt: skip
            return False
        owner = owner_of(array)
        if owner is not group.owner:
            if id(owner) in self.owners:
                return False
            self.owners.discard(id(group.owner))
            located.owners.pop(id(group.owner), None)
            self.owners.add(id(owner))
            located.owners[id(owner)] = group.owner = owner
        self._tensors[k] = located.tensors[k] = t
        self._guards.there[self._first_data + k] = group.array = self.arrays[number] = array
        self.feeds[number] = self.feed(array)
        if t is not old:
            self._numbers[id(t)] = k
            self._numbers.pop(id(old), None)
        return True

    def put(self, place: Place, key: Any, value: Any) -> None:
        """Put a value where another one was; what is watched changes with it."""
        position = place.keys.index(key) if key in place.keys else -1
        old = None if position < 0 else place.values[position]
        place.put(key, value)
        k = self._numbers.get(id(old)) if self._held[id(old)] == 1 else None
        known = id(value) in self._numbers or not isinstance(value, Handle)
        if k is None or known or not self.replace(k, value):
            self.stale = True
            return
        self._held[id(value)] = 1
        del self._held[id(old)]
        place.values[position] = value
        self._note(place, key, value)

    def _note(self, place: Place, key: Any, value: Any) -> None:
        """`fresh` is to find another object there."""
        k = self._where.get((id(place.owner), key))
        if k is not None:
            self._guards.there[k] = value

    # --- numbers that are inputs ------------------------------------------------------------------
    def values(self) -> list[Any]:
        """The numbers that are inputs, as they are now."""
        return [place.now(key) for place, key in self.numbers] if self.numbers else []

    def put_number(self, place: Place, key: Any, value: Any) -> None:
        """Put a number where one was."""
        place.values[place.keys.index(key)] = value
        place.put(key, value)
        while place.kind == "tuple":
            held = place.owner
            place, key = place.parent
            place.values[place.keys.index(key)] = held
            self._note(place, key, held)


def _is_leaf(t: Any) -> bool:
    version = t._buffer.version
    return version is not None and not version.seq


def plain(array: Any) -> Any:
    return np.asarray(array) if library_of(array) is HOST else array


def _of_optimizers(reached: Reached) -> set[int]:
    """The ids of the dictionaries in the state of optimisers."""
    return {id(p.owner) for p in reached.places if p.kind == "dict" and "._state[" in p.path}


def joined(a: Located, b: Located) -> Located:
    """Two that share no memory, as one."""
    both = Located.__new__(Located)
    groups, count = len(a.groups), len(a.tensors)
    both.tensors = [*a.tensors, *b.tensors]
    both.groups = [*a.groups, *(_shifted(g, count) for g in b.groups)]
    both.where = [*a.where, *((n + groups, o, s) for n, o, s in b.where)]
    both.buffers = [*a.buffers, *(k + count for k in b.buffers)]
    both.owners = a.owners
    both.signature = a.signature + b.signature
    return both


def _shifted(group: Any, count: int) -> Any:
    base = None if group.base is None else group.base + count
    return type(group)(group.owner, group.array, base, [k + count for k in group.members])


# --- memory of the engine's -----------------------------------------------------------------------
def take_over(held: Iterable[Any], xla: Any) -> bool:
    """Move arrays that nobody else has into memory that programs write their results to.

    Parameters
    ----------
    held
        Weak references to tensors; and (place, key) for arrays that optimisers keep.
    xla
        The engine, which copies arrays into such memory.

    Returns
    -------
    bool
        Whether all of them were moved. Users hold the arrays of others.
    """
    everything = True
    for one in held:
        if isinstance(one, tuple):
            place, key = one
            moved = _own_array(place, key, xla)
        else:
            t = one()
            moved = t is None or _own_tensor(t, xla)
        everything = everything and moved
    return everything


def _own_tensor(t: Any, xla: Any) -> bool:
    buffer, extras, library = t._buffer, t._extras, xla.library
    if t._base is not None or t._window is not None or not library.mine(t._data):
        return True  # it cannot be
    if library.memory_of(t._data) is not None:
        return True  # it is already
    if buffer is not None and any(reader() is not None for reader in buffer.readers):
        return False
    if extras is not None and extras.exposed is not None:
        if getrefcount(extras.exposed) > 2:
            return False
        extras.exposed = None
    guard = None if buffer is None else buffer.guard
    ours = 2 + (guard is not None and guard.owner is t._data)  # who has it, and what asks
    if getrefcount(t._data) > ours or not t._data.flags.c_contiguous or t._data.base is not None:
        return False
    if not library.is_alone(t._data, int(guard is not None)):
        return False
    if buffer is not None:
        buffer.guard = None
    t._data = xla.own(t._data)
    return True


def _own_array(place: Place, key: Any, xla: Any) -> bool:
    array, library = place.now(key), xla.library
    if not library.mine(array) or library.memory_of(array) is not None:
        return True
    if getrefcount(array) > OWN + 1 or not array.flags.c_contiguous or array.base is not None:
        return False
    if not library.is_alone(array, 0):
        return False
    place.put(key, xla.own(array))
    return True
