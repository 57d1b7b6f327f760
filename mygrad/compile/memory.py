"""Which tensors look at which memory: what goes into a program, and what it writes to.

All tensors and arrays on one owner's memory are a *group*, which is one input of the program: as it
is, where one tensor has all of it in C order, and else as a flat array of all that they reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import CLEARED
from mygrad.compile.errors import CannotCompile
from mygrad.compile.libraries import HOST, Library, bounds, library_of

__all__ = ["Group", "Located", "located", "owner_of"]


class Group:
    """Memory that tensors look at.

    Attributes
    ----------
    array
        What is read, and written to: an array of a tensor's, or a flat view of all that is reached.
    base
        The number of the tensor that has all of it, or None.
    members
        The numbers of the tensors that look at it.
    """

    __slots__ = ("array", "base", "members", "owner")

    def __init__(self, owner: Any, array: Any, base: int | None, members: list[int]) -> None:
        self.owner, self.array, self.base, self.members = owner, array, base, members


class Located:
    """Tensors, and where they lie.

    Attributes
    ----------
    tensors
        The tensors.
    groups
        The memory.
    where
        For each tensor: (number of the group, offset in bytes, strides).
    buffers
        For each tensor the number of its buffer, the number of the first tensor that has it.
    signature
        All that a program depends on.
    """

    __slots__ = ("buffers", "groups", "owners", "signature", "tensors", "where")

    def __init__(self, tensors: Sequence[Any]) -> None:
        self.tensors = list(tensors)
        by_owner: dict[int, list[int]] = {}
        owners: dict[int, Any] = {}
        for k, t in enumerate(self.tensors):
            lies = t if t._base is None or t._data.size else t._base  # nothing lies nowhere
            owner = owner_of(lies._data)
            by_owner.setdefault(id(owner), []).append(k)
            owners[id(owner)] = owner
        self.owners = owners
        self.groups: list[Group] = []
        self.where: list[Any] = [None] * len(self.tensors)
        for key, members in by_owner.items():
            self._add(owners[key], members)
        first: dict[int, int] = {}
        self.buffers = []
        for k, t in enumerate(self.tensors):
            key = id(t._buffer) if t._buffer is not None else -1 - k
            self.buffers.append(first.setdefault(key, k))
        self.signature = tuple(
            (
                self.where[k] if self.groups[self.where[k][0]].base != k else self.where[k][0],
                t._data.shape, t._data.dtype.str, t._constant, self.buffers[k], _history(t),
                t._window is not None and t._window.folds,
            )
            for k, t in enumerate(self.tensors)
        )  # fmt: skip

    def base_of(self, k: int) -> int:
        """The number of the tensor that a tensor is a view of, or its own."""
        base = self.tensors[k]._base
        return k if base is None else next(j for j, t in enumerate(self.tensors) if t is base)

    def _add(self, owner: Any, members: list[int]) -> None:
        number = len(self.groups)
        for k in members:
            dtype = self.tensors[k]._data.dtype
            if not dtype.isnative:
                raise CannotCompile(
                    f"an array of dtype {dtype.str!r} has the byte order of other machines, which "
                    f"programs do not know. Way out: a.astype(a.dtype.newbyteorder('='))"
                )
        arrays = [self.tensors[k]._data for k in members]
        starts: list[Any] = []
        for array in arrays:
            low, high = bounds(array) if array.size else (None, None)
            starts.append((low, high))
        sized = [(low, high) for low, high in starts if low is not None]
        low = min((low for low, _ in sized), default=0)
        high = max((high for _, high in sized), default=0)
        base = None
        for k, (begin, end) in sorted(
            zip(members, starts, strict=True), key=lambda pair: self.tensors[pair[0]]._constant
        ):
            t = self.tensors[k]
            whole = t._base is None and t._window is None and t._data.flags.c_contiguous
            if (whole and (begin, end) == (low, high)) or (whole and not sized):
                base = k
                break
        if base is not None:
            array = self.tensors[base]._data
        else:
            kinds = {a.dtype for a in arrays}
            if len(kinds) > 1:
                raise CannotCompile(
                    "tensors of different dtypes look at one memory: let the function have "
                    "copies of them"
                )
            (dtype,) = kinds
            array = _library(arrays[0]).flat(arrays[0], low, (high - low) // dtype.itemsize)
        for k, (begin, _) in zip(members, starts, strict=True):
            data = self.tensors[k]._data
            if data.dtype != array.dtype:
                raise CannotCompile(
                    "tensors of different dtypes look at one memory: let the function have "
                    "copies of them"
                )
            adapter: Any = adapter_of(data)
            offset = 0 if begin is None else adapter.address(data) - low
            self.where[k] = (number, offset, adapter.strides(data))
        self.groups.append(Group(owner, array, base, members))


def owner_of(array: Any) -> Any:
    """The object that owns the memory of an array."""
    library = _library(array)
    return array if library is HOST and array.base is None else library.adapter.owner(array)


def _library(array: Any) -> Library:
    return library_of(array) or HOST


def _history(t: Any) -> int:
    """0 for a constant, 1 for a leaf, 2 for the result of a graph, 3 if that was cleared."""
    if t._constant and (t._buffer is None or t._buffer.version is None):
        return 0
    version = None if t._buffer is None else t._buffer.version
    if version is None or not version.seq:
        return 1
    return 3 if version.parents is CLEARED else 2


def located(tensors: Sequence[Any]) -> Located:
    """Where tensors lie, with the bases of those that are views."""
    found, seen = list(tensors), {id(t) for t in tensors}
    for t in tensors:
        if t._base is not None and id(t._base) not in seen:
            seen.add(id(t._base))
            found.append(t._base)
    return Located(found)
