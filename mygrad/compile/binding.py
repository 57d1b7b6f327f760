"""What a compiled function reached when it was last looked at, and whether that still holds."""

from __future__ import annotations

from operator import attrgetter, is_
from typing import Any

import numpy as np

from mygrad.autodiff.nodes import buffer_of, new_handle
from mygrad.compile.memory import Located
from mygrad.compile.reaching import Reached

__all__ = ["Binding", "joined", "plain"]

_data = attrgetter("_data")
_version = attrgetter("_buffer.version")


class Binding:
    """What a function reached when it was last looked at."""

    def __init__(self, reached: Reached, extra: list[Any]) -> None:
        self.reached = reached
        tensors: list[Any] = []
        self.foreign: Any = None
        for path, t in reached.tensors:
            if type(t._data) is not np.ndarray:
                self.foreign = (path, t)
                continue
            tensors.append(t)
        tensors += [t for t in extra if type(t._data) is np.ndarray]
        tensors = list({id(t): t for t in tensors}.values())
        known = {id(t) for t in tensors}
        for t in tuple(tensors):
            if t._base is not None and id(t._base) not in known:
                known.add(id(t._base))
                tensors.append(t._base)
        self.raw = [0] * len(tensors)
        self.holders: list[Any] = [None] * len(tensors)
        optimizers = reached.optimizers
        state = _of_optimizers(reached) if optimizers else set()
        for place, key, array in reached.arrays:
            if array.dtype.kind not in "fiubc" or not array.dtype.isnative:
                continue
            tensors.append(new_handle(plain(array), None, None, None, True))
            self.raw.append(2 if id(place.owner) in state else 1)
            self.holders.append((place, key))
        for t in tensors:
            buffer_of(t)
        self.located = Located(tensors)
        self.datas = list(map(_data, tensors))
        self.versions = list(map(_version, tensors))
        self.places = [p for p in reached.places if p.kind != "tuple" and not p.grown]
        self.numbers: list[Any] = []
        for place, key, _ in reached.numbers:
            if place.name(key) in reached.changing:  # type: ignore[attr-defined]
                self.numbers.append((place, place.keys.index(key), key))
        self.signature = (tuple(reached.signature), self.located.signature)
        self.stale = False
        self.number = 0

    def fresh(self) -> bool:
        """Whether nothing has changed since but values."""
        if self.stale:
            return False
        tensors = self.located.tensors
        for place in self.places:
            if not place.unchanged():
                return False
        return all(map(is_, map(_data, tensors), self.datas)) and all(
            map(is_, map(_version, tensors), self.versions)
        )


def plain(array: Any) -> Any:
    return array if type(array) is np.ndarray else np.asarray(array)


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
