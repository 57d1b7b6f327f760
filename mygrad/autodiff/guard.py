"""Protecting raw arrays that a graph still needs.

Writes through tensors are known to the tape. Writes to raw memory are not: an array that the
user handed in without a copy, or was handed by ``t.data``, is therefore made read-only as long
as a live graph needs its values, where the array library can do that.

Tensors keep to themselves a view of such memory that stays writeable; only the arrays in the
hands of users are locked. Locking is counted by one token per memory: every record that needs
the memory holds the token, and when the last one lets go, the memory is unlocked.

Threads take turns by `mygrad.settings.lock`. The garbage collector may drop tokens while this
thread has it: whoever looks for a token holds on to what is found.
"""

from __future__ import annotations

from typing import Any
from weakref import ReferenceType, ref

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.nodes import Buffer, Extras, Handle, Record, buffer_of
from mygrad.settings import guarding, lock

__all__ = ["Guard", "adopt", "expose", "forget", "guard_of"]


class Token:
    """Held by the records that need a memory. (It has no ``__del__``: while that runs, a weak
    reference brings the object back to life, and a token that is gone must be gone.)"""

    __slots__ = ("__weakref__",)


class Guard:
    """The lock on one piece of memory that users can reach.

    Attributes:
    owner: The object that owns the memory.
    readers: As for `Buffer`, and shared with the buffers on this memory.
    exposed, locked: By id: weak references to the arrays of this memory that users hold; those that
        are locked now, owners first, as they have to be unlocked.
    """

    __slots__ = ("__weakref__", "_token", "adapter", "exposed", "locked", "owner", "readers")

    def __init__(self, owner: Any, adapter: Adapter) -> None:
        self.owner = owner
        self.adapter = adapter
        self.readers: list[ReferenceType[Any]] = []
        self.exposed: dict[int, ReferenceType[Any]] = {}
        self.locked: dict[int, Any] = {}
        self._token: ReferenceType[Token] | None = None

    guard = property(lambda self: self)  # readers are noted here where there is no buffer

    def expose(self, array: Any) -> None:
        """Note that a user holds `array`, and lock it at once if the memory is needed now."""
        known = self.exposed.get(id(array))
        if self.adapter.can_lock and (known is None or known() is not array):
            with lock:
                remember(self.exposed, id(array), array)
                token = self._token and self._token()
                if token is not None:
                    self._close(array)

    def hold(self, record: Record) -> None:
        """Lock the exposed arrays until `record` lets go of what it holds."""
        with lock:
            held: Any = self  # where nothing is locked: all on this memory have to know of it
            if self.adapter.can_lock and guarding.get():
                held = (self._token and self._token()) or self._lock()
            locks, present = [held], record.locks
            if present is None:
                record.locks = locks
            elif held not in present:
                present.append(held)

    def let_go(self, record: Record) -> None:
        """Note that `record` needs this memory no more."""
        with lock:
            token, present = self._token and self._token(), record.locks
            if token is not None and present and token in present:
                present.remove(token)

    def _lock(self) -> Token:
        """Lock the arrays, until nobody holds the new token."""
        token = Token()
        self._token = ref(token, self._unlock)
        _needed.add(self)
        for exposed in tuple(self.exposed.values()):
            array = exposed()
            if array is not None:
                self._close(array)
        return token

    def _close(self, array: Any) -> None:
        if self.adapter.is_writeable(array):
            self.locked[id(array)] = array
            self.adapter.set_writeable(array, False)

    def _unlock(self, token: ReferenceType[Token]) -> None:
        """Unlock the arrays, unless another token was made since."""
        with lock:
            if self._token is token:
                for array in tuple(self.locked.values()):
                    self.adapter.set_writeable(array, True)
                self.locked.clear()
                _needed.discard(self)

    def writeable_view(self, array: Any) -> Any:
        """A view of `array` for mygrad itself, writeable although the user's may be locked.

        (NumPy gives none of a locked array. Other threads may find it unlocked for a moment.)
        """
        with lock:
            locked = [a for a in (self.owner, array) if id(a) in self.locked]
            for a in locked:
                self.adapter.set_writeable(a, True)
            view = array[...]
            for a in locked:
                self.adapter.set_writeable(a, id(a) not in self.locked)
        return view


_guards: dict[int, ReferenceType[Guard]] = {}  # by the id of the owner, which guards keep alive
_needed: set[Guard] = set()  # those of locked memory, which have to see the end of it
_DEAD = frozenset({None})


def remember(known: dict[int, ReferenceType[Any]], key: int, value: Any) -> None:
    """Put a weak reference into a table, from which dead ones are taken as `forget` does."""
    before = len(known)
    known[key] = ref(value)
    if before > 31 and not before & (before - 1) and len(known) > before:
        dead = [(key, held) for key, held in tuple(known.items()) if held() is None]
        for key, held in dead if 2 * len(dead) > before else ():
            if known[key] is held:
                del known[key]


def forget(readers: list[ReferenceType[Any]], done: Any = _DEAD) -> None:
    """Take dead references from a list, if half are dead, or also those to what is `done`.

    Called at powers of two, it takes a constant number of steps for each that is added. Other
    threads may add to the end of the list meanwhile.
    """
    with lock:
        count = len(readers)
        alive = [reader for reader in readers[:count] if reader() not in done]
        if done is not _DEAD or 2 * len(alive) <= count:
            readers[:count] = alive


def guard_of(array: Any, adapter: Adapter, private: bool = False) -> Guard:
    """The guard of the memory of an array, which users hold unless it is `private`."""
    owner = adapter.owner(array)
    with lock:
        known = _guards.get(id(owner))
        guard: Guard | None = None if known is None else known()
        if guard is None:
            guard = Guard(owner, adapter)
            remember(_guards, id(owner), guard)
            if not private and adapter.can_lock and isinstance(owner, adapter.array_types):
                guard.exposed[id(owner)] = ref(owner)
        if not private and array is not owner:
            base = getattr(array, "base", None)
            while base is not owner and isinstance(base, adapter.array_types):
                guard.expose(base)  # of another type, or on memory that is no array's own
                base = getattr(base, "base", None)
            guard.expose(array)
    return guard


def adopt(t: Handle, array: Any, adapter: Adapter) -> None:
    """Let the tensor `t` look at the user's own `array`, which was not copied."""
    guard = guard_of(array, adapter)
    t._data = array
    if adapter.can_lock:
        t._data, t._extras = guard.writeable_view(array), Extras(array)
    _share(buffer_of(t), guard)


def _share(buffer: Buffer, guard: Guard) -> None:
    buffer.guard = guard
    if buffer.readers is not guard.readers:
        readers, buffer.readers = buffer.readers, guard.readers
        guard.readers += readers


def expose(t: Handle) -> Any:
    """The array of a tensor, for the hands of a user."""
    extras = t._extras or Extras()
    if extras.exposed is not None:
        return extras.exposed
    adapter = adapter_of(t._data)
    assert adapter is not None
    if not adapter.can_lock:
        return t._data
    array = t._data[...]
    buffer = buffer_of(t)
    with lock:
        guard = buffer.guard
        if guard is None:
            guard = guard_of(t._data, adapter, private=True)
            _share(buffer, guard)
            for record in [reader() for reader in tuple(buffer.readers)]:
                if record is not None:  # it needs the memory, and locks it from now on
                    guard.hold(record)
                    if not record.values:  # it was cleared in another thread meanwhile
                        record.locks = None
        guard.expose(array)
    extras.exposed, t._extras = array, extras  # now that any use of the memory locks the array
    return array
