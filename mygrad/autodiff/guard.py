"""Protecting raw arrays that a graph still needs.

Writes through tensors are known to the tape. Writes to raw memory are not: an array that the
user handed in without a copy, or was handed by ``t.data``, is therefore made read-only as long
as a live graph needs its values, where the array library can do that.

Tensors keep to themselves a view of such memory that stays writeable; only the arrays in the
hands of users are locked. Locking is counted by one token per memory: every record that needs
the memory holds the token, and the last one to go unlocks.
"""

from __future__ import annotations

from typing import Any
from weakref import ReferenceType, ref

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.nodes import Buffer, Extras, Handle, buffer_of
from mygrad.settings import guarding

__all__ = ["Guard", "adopt", "expose", "guard_of"]


class Token:
    """Held by the records that need a memory; unlocks it when the last one lets go."""

    __slots__ = ("__weakref__", "adapter", "arrays", "guard")

    def __init__(self, guard: Guard) -> None:
        self.guard = guard  # as long as the memory is locked, its guard is known
        self.adapter = guard.adapter
        self.arrays: list[Any] = []

    def lock(self, array: Any) -> None:
        if self.adapter.is_writeable(array):
            self.adapter.set_writeable(array, False)
            self.arrays.append(array)

    def __del__(self) -> None:
        for array in self.arrays:  # owners were locked first, and have to be freed first
            self.adapter.set_writeable(array, True)


class Guard:
    """The lock on one piece of memory that users can reach.

    Attributes
    ----------
    owner
        The object that owns the memory.
    exposed, readers
        Weak references to the arrays of this memory that users hold; as for `Buffer`, shared.
    """

    __slots__ = ("__weakref__", "_token", "adapter", "exposed", "owner", "readers")

    def __init__(self, owner: Any, adapter: Adapter) -> None:
        self.owner = owner
        self.adapter = adapter
        self.exposed: list[ReferenceType[Any]] = []
        self.readers: list[ReferenceType[Any]] = []
        self._token: ReferenceType[Token] | None = None

    def __del__(self) -> None:
        known = _guards.get(id(self.owner))
        if known is not None and known() in (self, None):
            del _guards[id(self.owner)]

    @property
    def token(self) -> Token | None:
        """The token, while any record holds it."""
        return None if self._token is None else self._token()

    def expose(self, array: Any) -> None:
        """Note that a user holds `array`, and lock it at once if the memory is needed now."""
        if not self.adapter.can_lock:
            return
        for known in self.exposed:
            if known() is array:
                break
        else:
            self.exposed = [known for known in self.exposed if known() is not None]
            self.exposed.append(ref(array))
        token = self.token
        if token is not None:
            token.lock(array)

    def hold(self, locks: list[Any] | None) -> list[Any]:
        """Lock the exposed arrays until the token that is added to `locks` is let go."""
        if not self.adapter.can_lock or not guarding.get():
            return [self, *(locks or ())]  # unlocked, but known to all who look at the memory
        token = self.token
        if token is None:
            token = Token(self)
            self._token = ref(token)
            for known in self.exposed:
                array = known()
                if array is not None:
                    token.lock(array)
        if locks is None:
            return [token]
        if token not in locks:
            locks.append(token)
        return locks

    def writeable_view(self, array: Any) -> Any:
        """A view of `array` for mygrad itself, writeable although the user's may be locked."""
        token = self.token
        locked = [] if token is None else token.arrays
        if any(array is held for held in locked):
            for held in locked:
                self.adapter.set_writeable(held, True)
        view = array[...]
        for held in locked:
            self.adapter.set_writeable(held, False)
        return view


_guards: dict[int, ReferenceType[Guard]] = {}  # by the id of the owner, which guards keep alive


def _of_owner(owner: Any, adapter: Adapter) -> tuple[Guard, bool]:
    """The guard of the memory that `owner` owns, and whether it is new."""
    known = _guards.get(id(owner))
    guard = None if known is None else known()
    if guard is not None:
        return guard, False
    guard = Guard(owner, adapter)
    _guards[id(owner)] = ref(guard)
    return guard, True


def guard_of(array: Any, adapter: Adapter) -> Guard:
    """The guard of a raw array in the hands of a user; one for all arrays on its memory."""
    owner = adapter.owner(array)
    guard, new = _of_owner(owner, adapter)
    if new and isinstance(owner, adapter.array_types):
        guard.expose(owner)
    if array is not owner:
        base = getattr(array, "base", None)
        while base is not owner and isinstance(base, adapter.array_types):
            guard.expose(base)  # of another type, or on memory that is no array's own
            base = getattr(base, "base", None)
        guard.expose(array)
    return guard


def adopt(t: Handle, array: Any, adapter: Adapter) -> None:
    """Let the tensor `t` look at the user's own `array`, which was not copied."""
    guard = guard_of(array, adapter)
    t._data = guard.writeable_view(array) if adapter.can_lock else array
    t._extras = Extras(array)
    _share(buffer_of(t), guard)


def _share(buffer: Buffer, guard: Guard) -> None:
    buffer.guard = guard
    if buffer.readers is not guard.readers:
        guard.readers += buffer.readers
        buffer.readers = guard.readers


def expose(t: Handle) -> Any:
    """The array of a tensor, for the hands of a user."""
    extras = t._extras
    if extras is not None and extras.exposed is not None:
        return extras.exposed
    adapter = adapter_of(t._data)
    assert adapter is not None
    if not adapter.can_lock:
        return t._data
    array = t._data[...]
    if extras is None:
        t._extras = Extras(array)
    else:
        extras.exposed = array
    buffer = buffer_of(t)
    if buffer.guard is None:
        _share(buffer, _of_owner(adapter.owner(t._data), adapter)[0])
    guard = buffer.guard
    guard.expose(array)
    for reader in guard.readers:  # the records that need this memory already lock it now
        record = reader()
        if record is not None and record.values:
            record.locks = guard.hold(record.locks)
    return array
