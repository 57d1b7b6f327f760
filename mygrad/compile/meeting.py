"""What a call meets: its arguments, beside what the function reaches."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from enum import Enum
from types import BuiltinFunctionType, ModuleType
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.primitive import Primitive
from mygrad.autodiff.tape import tracking
from mygrad.compile.binding import Binding, joined, plain
from mygrad.compile.entries import Entry, Met, _Dynamic, _Number
from mygrad.compile.errors import CannotCompile
from mygrad.compile.libraries import HOST, Library, is_array, library_of
from mygrad.compile.memory import located
from mygrad.compile.numbers import kinds_of
from mygrad.compile.reaching import NUMBERS

__all__ = [
    "Dynamic", "elsewhere", "flat", "meet", "objects_of", "refuse_strangers",
    "simple",
]  # fmt: skip

_PLAIN = (
    Handle, np.ndarray, int, float, complex, bool, str, bytes, type(None), type(...), slice, range,
    np.generic, np.dtype, Enum, type, ModuleType, BuiltinFunctionType, np.ufunc, Primitive,
)  # fmt: skip
"""What is no object that holds others."""


class Dynamic:
    """Which Python numbers among the arguments are inputs: all, none, or those of parameters."""

    def __init__(self, function: Callable[..., Any], chosen: bool | Collection[str]) -> None:
        self.all = chosen is True
        self.names = frozenset(() if isinstance(chosen, bool) else chosen)
        self.parameters = tuple(inspect.signature(function).parameters) if self.names else ()

    def __bool__(self) -> bool:
        return self.all or bool(self.names)

    def leaves(self, structure: Any) -> Collection[int]:
        """The numbers of the leaves that are inputs if they are numbers; see `flat`."""
        if isinstance(structure, int):
            chosen = self.parameters[:structure]
            return [k for k, name in enumerate(chosen) if name in self.names] or (
                range(structure) if self.all else ()
            )
        if self.all:
            return range(structure.count)
        found: set[int] = set()
        start = 0
        positional, named = structure.parts
        for k, part in enumerate(positional.parts):
            if k < len(self.parameters) and self.parameters[k] in self.names:
                found.update(range(start, start + part.count))
            start += part.count
        for key, part in zip(named.keys, named.parts, strict=True):
            if key in self.names:
                found.update(range(start, start + part.count))
            start += part.count
        return found


class Same:
    """An object, equal to itself alone."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def objects_of(leaves: Sequence[Any]) -> list[Any]:
    """The arguments that may hold tensors and are looked through: models, optimisers, functions."""
    return [leaf for leaf in leaves if not isinstance(leaf, _PLAIN) and not is_array(leaf)]


def elsewhere(leaf: Any) -> bool:
    """Whether an argument belongs to another transform, or to JAX itself: it is not compiled."""
    array = leaf._data if isinstance(leaf, Handle) else leaf
    if type(array) is np.ndarray or isinstance(array, (int, float, str, np.generic)):
        return False
    adapter = adapter_of(array)
    if adapter is None or library_of(array) is not None or adapter.name == "numpy":
        return False
    if adapter.batches or adapter.name == "jax":
        return True
    raise CannotCompile(
        f"programs are compiled for NumPy's and CuPy's arrays, and an argument is on {adapter.name}"
    )


# --- calls as most are ----------------------------------------------------------------------------
def flat(structure: Any) -> Any:
    """The number of arguments in place of a structure, where nothing is nested."""
    positional, named = structure.parts
    flat = not named.parts and all(part.kind is None for part in positional.parts)
    return len(positional.parts) if flat else structure


def simple(
    leaves: Sequence[Any], structure: Any, taken: set[int], dynamic: Dynamic,
    library: Library = HOST,
) -> tuple[Any, Sequence[Any], Sequence[Any], Sequence[Any]] | None:  # fmt: skip
    """The arguments, if they share no memory, also not with what is `taken`; else None.

    Returns
    -------
    tuple or None
        What programs are found by; the arrays; the tensors and arrays among the leaves, that these
        are of; and the Python numbers that are inputs.
    """
    if not leaves:
        return (structure, tracking()), (), (), ()
    described: list[Any] = [structure, tracking()]
    chosen = dynamic.leaves(structure) if dynamic else ()
    arrays: list[Any] = []
    tensors: list[Any] = []
    numbers: list[Any] = []
    owners: set[int] = set()
    types, on_host = library.types, library is HOST
    for j, leaf in enumerate(leaves):
        kind = type(leaf)
        if kind is types:
            array = leaf
            if array.dtype.kind not in "fiubc":
                return None
            described.append((array.shape, array.dtype))
        elif isinstance(leaf, Handle):
            array, buffer = leaf._data, leaf._buffer
            if type(array) is not types or leaf._base is not None or leaf._window is not None:
                return None
            if buffer is not None and buffer.version is not None and buffer.version.seq:
                return None
            described.append((array.shape, array.dtype, leaf._constant))
        elif kind in NUMBERS:
            if j in chosen:
                described.append(kind)
                numbers.append(leaf)
            else:
                described.append((kind, repr(leaf)))
            continue
        elif kind is bool or kind is str or leaf is None:
            described.append(leaf)
            continue
        elif kind is np.ndarray and library.follows():
            if leaf.dtype.kind not in "fiubc":
                return None
            described.append(("host", leaf.shape, leaf.dtype))
            arrays.append(leaf)
            tensors.append(leaf)
            continue
        elif isinstance(leaf, _PLAIN) or is_array(leaf):
            return None
        else:
            described.append(Same(leaf))
            continue
        owner = array
        if not on_host:
            if not library.mine(array):
                return None
            owner = array.data.mem
        while type(owner) is np.ndarray and owner.base is not None:
            owner = owner.base
        if id(owner) in taken or id(owner) in owners or not array.flags.c_contiguous:
            return None
        owners.add(id(owner))
        arrays.append(array)
        tensors.append(leaf)
    return tuple(described), arrays, tensors, numbers


# --- all calls ------------------------------------------------------------------------------------
def meet(
    binding: Binding, leaves: list[Any], structure: Any, dynamic: Dynamic
) -> tuple[Met, Any]:  # fmt: skip
    """All that a call meets, and what its programs are found by."""
    leaves = list(leaves)
    given: list[Any] = []
    raw: list[int] = []
    described: list[Any] = []
    values = binding.values()
    numbers: list[Any] = list(binding.numbers)
    library = binding.library
    here = binding.located
    count = len(here.tensors)
    chosen = dynamic.leaves(structure) if dynamic else ()
    for j, leaf in enumerate(leaves):
        kind = type(leaf)
        if isinstance(leaf, Handle):
            given.append(leaf)
            raw.append(0)
            leaves[j] = _Number(count + len(given) - 1)
            described.append("t")
        elif is_array(leaf) and leaf.dtype.kind in "fiubc":
            given.append(new_handle(plain(leaf), None, None, None, True))
            raw.append(1)
            leaves[j] = _Number(count + len(given) - 1)
            theirs = library_of(leaf)
            described.append("a" if theirs is library else (theirs, library.follows()))
        elif kind in NUMBERS:
            if j in chosen:
                leaves[j] = _Dynamic(len(values))
                values.append(leaf)
                numbers.append((None, j))
                described.append(("n", kind))
            else:
                described.append((kind, repr(leaf)))
        else:
            described.append(_described(leaf))
    shared = False
    own = located(given) if len({id(t) for t in given}) == len(given) else None
    if not given:
        everything = here
    elif own is not None and own.owners.keys().isdisjoint(here.owners):
        everything = joined(here, own)
        described.append(own.signature)
    else:
        everything, raw = _together(here, given, raw, leaves)
        described.append(tuple(leaf.k for leaf in leaves if isinstance(leaf, _Number)))
        described.append(everything.signature)
        shared = True
    more = len(everything.tensors) - count
    raw = [*binding.raw, *raw]
    raw += [0] * (len(everything.tensors) - len(raw))
    holders = [*binding.holders, *[None] * more]
    key = (
        binding.number, structure, tuple(described), tracking(), shared, kinds_of(values),
    )  # fmt: skip
    met = Met(
        binding.reached, everything, raw, holders, leaves, structure, numbers, values,
        len(here.groups),
    )  # fmt: skip
    return met, key


def _together(here: Any, given: list[Any], raw: list[int], leaves: list[Any]) -> tuple[Any, Any]:
    """What is reached and arguments that share memory with it, or with one another."""
    count = len(here.tensors)
    everything = list(here.tensors)
    known = {id(t): k for k, t in enumerate(everything)}
    for j, leaf in enumerate(leaves):
        if isinstance(leaf, _Number):
            t = given[leaf.k - count]
            k = known.get(id(t))
            if k is None:
                k = known[id(t)] = len(everything)
                everything.append(t)
            leaves[j] = _Number(k)
    kinds = {id(t): r for t, r in zip(given, raw, strict=True)}
    whole = located(everything)
    return whole, [kinds.get(id(t), 0) for t in whole.tensors[count:]]


def _described(leaf: Any) -> Any:
    if not isinstance(leaf, _PLAIN):
        return Same(leaf)
    if isinstance(leaf, slice):
        return (slice, _described(leaf.start), _described(leaf.stop), _described(leaf.step))
    try:
        hash(leaf)
    except TypeError:
        raise CannotCompile(
            f"an argument of type {type(leaf).__name__} cannot be told apart from others: compiled "
            f"functions take tensors, arrays, numbers, what can be hashed, and containers of these"
        ) from None
    return (type(leaf), leaf)


def refuse_strangers(name: str, entry: Entry, met: Met, library: Library) -> None:
    """An error for raw arrays on another library than the tensors that a program has to do with.

    Data on the host go to the library that the user selected, as they do eagerly; but what a
    function writes to them would have to come back.
    """
    groups = met.located.groups
    others = {k for k, group in enumerate(groups) if library_of(group.array) is not library}
    if not others:
        return
    written = others & {write.group for write in entry.memory}
    read = set(entry.program.used) | set(entry.pullback.used if entry.pullback else ())
    read |= {what for kind, what in entry.program.results if kind == "input"}
    if library.follows():
        read -= {k for k in others if library_of(groups[k].array) is HOST}
    for k in sorted(others & (read | written)):
        holder = met.holders[groups[k].members[0]]
        path = "an argument" if holder is None else holder[0].name(holder[1])
        raise CannotCompile(
            f"{name} cannot be compiled: {path} is an array of {library_of(groups[k].array)!r}, "
            f"{'written to' if k in written else 'used'} where tensors are on {library!r}. Nothing "
            f"is moved behind your back. Way out: make it a tensor there, outside, with "
            f'mg.tensor(array, backend="{library.name}")'
        )
