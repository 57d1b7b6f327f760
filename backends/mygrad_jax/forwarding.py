"""Windows while a program is traced: what was written is handed on to those who look for it.

Nothing is written by `lax.dynamic_update_slice`: XLA's compiler for the CPU makes it in place, in
one loop with what computes the value, and does not always see that this reads what was written
already (JAX 0.10.2: ``x[1:] += x[:-1]; x[:-1] *= x[1:]`` came out wrong, and about one random
program in a hundred). The value is put between what is before it and behind, which costs a copy of
the array. So that a loop over its rows does not copy all of it for each, notes are taken of what
writes return:

- Of writes to runs of memory (rows, blocks of rows) which arrays lie there, piece by piece. Their
  result is one concatenation of all pieces, however many writes there were, and who looks at a row
  is given the piece. Nobody reads the results between, so that they are not computed.
- Of other writes (to columns, say) the window, the value, and the array before. Who looks through
  the same window is given the value, and who looks elsewhere looks at the array before.

Notes hold for the very trace in which they were taken. They are kept by the identity of the array,
as long as that lives, and hold only what is older than it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from functools import lru_cache, partial
from math import prod
from threading import Lock
from typing import Any
from weakref import ref

import jax
from jax import lax
from jax.core import Tracer

from mygrad_jax import steps as cutting
from mygrad_jax.steps import Lengths, from_steps, places_of, steps_of, to_steps, trace_state

__all__ = ["add", "added", "look", "looked_at", "put", "written"]

Array = Any

MANY = 500
"""How many pieces are told apart, and how many writes are looked through."""
FEW = 8
"""How many pieces are joined for a look at much of an array, which could be cut from it."""
MUCH = 4
"""One part in this many of an array is much of it."""


class Region:
    """What a window shows of a flat array.

    Attributes
    ----------
    offset, shape, strides
        As they were given, with strides of 0 where there is one element only.
    steps
        The same as steps.
    first, end
        Between which places it lies.
    size
        How many elements it shows.
    once
        Whether it shows each of them once, and is cut and reshaped.
    run
        Whether it shows all elements between `first` and `end`.
    in_order
        Whether it is a run that shows them in their order.
    """

    __slots__ = (
        "end", "first", "in_order", "offset", "once", "run", "shape", "size", "steps", "strides",
    )  # fmt: skip

    def __init__(self, offset: int, shape: Lengths, strides: Lengths) -> None:
        self.offset, self.shape, self.size = offset, shape, prod(shape)
        self.strides = tuple([s if n > 1 else 0 for n, s in zip(shape, strides, strict=True)])
        self.steps = at = steps_of(offset, shape, strides)
        self.first = at.first
        self.end = at.first + sum([(n - 1) * s for n, s in at.axes]) + 1
        self.once = at.nest and prod([n for n, _ in at.axes]) == self.size
        self.run = self.once and self.end - self.first == self.size
        self.in_order = self.run and not at.backwards and at.order == tuple(sorted(at.order))

    def shows_the_same_as(self, other: Region) -> bool:
        """Whether two windows show the same elements in the same order, but for axes of one."""
        mine, theirs = (
            [(n, s) for n, s in zip(r.shape, r.strides, strict=True) if n > 1]
            for r in (self, other)
        )
        return self.offset == other.offset and mine == theirs

    def shows(self, other: Region) -> bool:
        """Whether two runs have the same elements."""
        return (self.first, self.size) == (other.first, other.size)


region_of = lru_cache(1 << 14)(Region)


@lru_cache(1 << 14)
def are_apart(a: Region, b: Region) -> bool:
    """Whether it is clear that two windows show no common element."""
    if a.end <= b.first or b.end <= a.first:
        return True
    axes = (*a.steps.axes, *b.steps.axes)
    return any(
        all(s % period == 0 for _, s in axes if s >= period) and _are_apart_within(a, b, period)
        for period in {s for _, s in axes}
    )


def _are_apart_within(a: Region, b: Region, period: int) -> bool:
    """Whether two windows show other places in periods of this length, that all longer steps keep.

    Within a period the elements lie from the first place on as far as the shorter steps reach.
    """
    spans = []
    for region in (a, b):
        low = region.first % period
        reach = sum((n - 1) * s for n, s in region.steps.axes if s < period)
        if low + reach >= period:
            return False
        spans.append((low, low + reach))
    (low, high), (other_low, other_high) = spans
    return high < other_low or other_high < low


# --- what is noted --------------------------------------------------------------------------------
class Source:
    """An array that pieces come from, of any shape; its elements count in C order."""

    __slots__ = ("array", "cuts", "size")

    def __init__(self, array: Array) -> None:
        self.array = array
        self.size = array.size
        self.cuts: dict[tuple[int, int], Any] = {}

    def part(self, first: int, size: int) -> Array:
        """An array of these elements."""
        if size == self.size:
            return self.array
        known = self.cuts.get((first, size))
        part = None if known is None else known()
        if part is None:
            part = _run(self.array, first, size)
            if isinstance(part, Tracer) and part is not self.array:
                self.cuts[first, size] = ref(part)
        return part


class Piece:
    """Elements of a source that lie behind each other, and an array of them, once it was made."""

    __slots__ = ("_flat", "place", "size", "source")

    def __init__(self, source: Source, place: int, size: int) -> None:
        self.source, self.place, self.size = source, place, size
        self._flat: Any = None

    def flat(self) -> Array:
        if self._flat is None:
            self._flat = _flat(self.source.part(self.place, self.size))
        return self._flat


class Pieces:
    """Where the elements of an array come from.

    Attributes
    ----------
    starts
        Where the pieces begin, and where the last one ends.
    pieces
        The pieces, which other notes may share.
    depth
        How many arrays with notes lie below each other here.
    """

    __slots__ = ("depth", "pieces", "starts")

    def __init__(self, starts: list[int], pieces: list[Piece], depth: int) -> None:
        self.starts, self.pieces, self.depth = starts, pieces, depth

    def between(self, first: int, end: int) -> range:
        """The numbers of the pieces that have elements there."""
        return range(bisect_right(self.starts, first) - 1, bisect_left(self.starts, end))

    def replaced(self, first: int, source: Source, depth: int) -> Pieces:
        """The pieces after a write."""
        end, starts, pieces = first + source.size, self.starts, self.pieces
        touched = self.between(first, end)
        before, behind = touched[0], touched[-1]
        places, made = [first], [Piece(source, 0, source.size)]
        if starts[before] < first:
            old = pieces[before]
            places.insert(0, starts[before])
            made.insert(0, Piece(old.source, old.place, first - starts[before]))
        if end < starts[behind + 1]:
            old = pieces[behind]
            places.append(end)
            made.append(
                Piece(old.source, old.place + end - starts[behind], starts[behind + 1] - end)
            )
        return Pieces(
            [*starts[:before], *places, *starts[behind + 1 :]],
            [*pieces[:before], *made, *pieces[behind + 1 :]],
            max(self.depth, depth),
        )

    def parts(self, first: int, end: int) -> list[Array]:
        """Arrays that have these elements, one after the other."""
        found = []
        for k in self.between(first, end):
            start, piece = self.starts[k], self.pieces[k]
            low, high = max(first, start), min(end, self.starts[k + 1])
            found.append(piece.source.part(piece.place + low - start, high - low))
        return found

    def whole(self) -> Array:
        """All elements, as a flat array."""
        return lax.concatenate([piece.flat() for piece in self.pieces], 0)


class Written:
    """A write through a window that shows each element once, to `before`.

    Attributes
    ----------
    value
        What the window shows since; None while nobody has asked for it.
    sum
        What was added, if `value` is None.
    """

    __slots__ = ("before", "depth", "region", "sum", "value")

    def __init__(self, before: Array, region: Region, depth: int, value: Any, sum: Any) -> None:
        self.before, self.region, self.depth = before, region, depth
        self.value, self.sum = value, sum

    def shown(self) -> Array:
        if self.value is None:
            self.value = _look(self.before, self.region) + self.sum
        return self.value


_notes: dict[int, tuple[Any, Any, Any]] = {}  # by id: the array, weakly, the trace, what is known
_gone: deque[tuple[int, Any]] = deque()
_sweeping = Lock()


def _note(array: Array, note: Any) -> Array:
    """Take a note of an array, and return that."""
    if isinstance(array, Tracer) and note.depth < MANY:
        key = id(array)
        weak = ref(array, lambda weak: _let_go(key, weak))
        _notes[key] = weak, trace_state(), note
    return array


def _let_go(key: int, weak: Any) -> None:
    """Forget an array that is no more; those that go with it one by one, as they may be many."""
    _gone.append((key, weak))
    while _gone and _sweeping.acquire(blocking=False):
        try:
            while _gone:
                key, weak = _gone.popleft()
                found = _notes.get(key)
                if found is not None and found[0] is weak:
                    del _notes[key]
                del found
        finally:
            _sweeping.release()


def _known(array: Array) -> Any:
    found = _notes.get(id(array))
    if found is None or found[0]() is not array or found[1] != trace_state():
        return None
    return found[2]


def _depth(array: Array) -> int:
    known = _known(array)
    return 0 if known is None else known.depth + 1


# --- looking --------------------------------------------------------------------------------------
def look(array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """The elements that a window shows, `offset` and `strides` in elements."""
    return _look(array, region_of(offset, shape, strides))


def _look(array: Array, region: Region) -> Array:
    if region.run:
        return _shaped(_run(array, region.first, region.size), region)
    for _ in range(MANY):
        known = _known(array)
        if type(known) is Written:
            if region.shows_the_same_as(known.region):
                return lax.reshape(known.shown(), region.shape)
            if not are_apart(region, known.region):
                break
            array = known.before
        elif type(known) is Pieces:
            touched = known.between(region.first, region.end)
            if len(touched) > 1:
                break
            piece = known.pieces[touched[0]]
            array, there = piece.source.array, piece.place - known.starts[touched[0]]
            region = region_of(region.offset + there, region.shape, region.strides)
        else:
            break
    return _cut(array, region)


def _run(array: Array, first: int, size: int) -> Array:
    """An array of elements that lie behind each other, in any shape."""
    end = first + size
    if size == array.size:
        return array
    region = region_of(first, (size,), (1,))
    for _ in range(MANY):
        known = _known(array)
        if type(known) is Written and known.region.in_order and known.region.shows(region):
            return known.shown()
        if type(known) is Written and are_apart(region, known.region):
            array = known.before
        elif type(known) is Pieces:
            if len(known.between(first, end)) > FEW and MUCH * size > array.size:
                break
            return _joined(known.parts(first, end))
        else:
            break
    if array.ndim > 1:  # the rows that it lies in, and of these, behind each other, the run
        row = prod(array.shape[1:])
        low, high = first // row, -(-end // row)
        array = lax.slice_in_dim(array, low, high)
        first, end = first - low * row, end - low * row
        if size == array.size:
            return array
    return lax.slice(_flat(array), (first,), (end,))


def _cut(array: Array, region: Region) -> Array:
    """What a window shows of the array itself."""
    if not region.steps.nest:
        return _gathered(array, region.offset, region.shape, region.strides)
    found = cutting.look(_flat(array), region.first, region.steps.axes)
    return from_steps(found, region.shape, region.steps)


def _shaped(found: Array, region: Region) -> Array:
    """The elements of a run as its window shows them."""
    if region.in_order:
        return found if found.shape == region.shape else lax.reshape(found, region.shape)
    found = lax.reshape(found, [n for n, _ in region.steps.axes])
    return from_steps(found, region.shape, region.steps)


def _flat(array: Array) -> Array:
    return array if array.ndim == 1 else lax.reshape(array, (array.size,))


def _joined(parts: list[Array]) -> Array:
    """Arrays behind each other, in any shape."""
    if len(parts) == 1:
        return parts[0]
    row = parts[0].shape[1:]
    if row and all(p.shape[1:] == row for p in parts):
        return lax.concatenate(parts, 0)
    return lax.concatenate([_flat(p) for p in parts], 0)


# --- writing --------------------------------------------------------------------------------------
def put(array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """`array` with `value`, of this shape, in the place of what a window shows."""
    region = region_of(offset, shape, strides)
    return _put(_strong(array), _strong(value), region)


def _put(array: Array, value: Array, region: Region) -> Array:
    if not region.once:
        return written(array, value, region.offset, region.shape, region.strides)
    if not region.run:
        result = written(array, value, region.offset, region.shape, region.strides)
        return _note(result, Written(array, region, _depth(array), value, None))
    if not region.in_order:
        value = to_steps(value, region.shape, region.steps)
    if region.size == array.size:
        return lax.reshape(value, array.shape)
    pieces = _known(array)
    if type(pieces) is not Pieces:
        base = Piece(Source(array), 0, array.size)
        pieces = Pieces([0, array.size], [base], _depth(array))
    pieces = pieces.replaced(region.first, Source(value), _depth(value))
    result = lax.reshape(pieces.whole(), array.shape)
    return _note(result, pieces) if len(pieces.pieces) < MANY else result


def add(array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """`array` with `value`, of this shape, added to what a window shows; also in several places."""
    array, value, region = _strong(array), _strong(value), region_of(offset, shape, strides)
    if region.run and MUCH * region.size <= array.size:
        return _put(array, _look(array, region) + value, region)
    result = added(array, value, offset, shape, strides)
    if not region.once or region.size == array.size:
        return result
    return _note(result, Written(array, region, _depth(array), None, value))


def _strong(array: Array) -> Array:
    """An array whose dtype counts in those of results, as that of what is written to does."""
    weak = getattr(array, "weak_type", False)
    return lax.convert_element_type(array, array.dtype) if weak else array


# --- without notes --------------------------------------------------------------------------------
def looked_at(array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """What `look` returns."""
    return _cut(array, region_of(offset, shape, strides))


def written(array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """What `put` returns, computed from all of the array."""
    at = region_of(offset, shape, strides).steps
    if not at.nest:
        return _scattered(array, value, offset, shape, strides, False)
    value = to_steps(value, shape, at)
    return lax.reshape(cutting.put(_flat(array), at.first, at.axes, value), array.shape)


def added(array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    """What `add` returns, computed from all of the array."""
    region = region_of(offset, shape, strides)
    at = region.steps
    if not region.once:
        return _scattered(array, value, offset, shape, strides, True)
    spread = cutting.spread(to_steps(value, shape, at), at.first, at.axes, array.size)
    return array + lax.reshape(spread, array.shape)


@partial(jax.jit, static_argnums=(1, 2, 3), inline=True)
def _gathered(array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
    return array.reshape(-1)[places_of(offset, shape, strides)]


@partial(jax.jit, static_argnums=(2, 3, 4, 5), inline=True)
def _scattered(
    array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths, adds: bool
) -> Array:
    places = array.reshape(-1).at[places_of(offset, shape, strides)]
    return (places.add(value) if adds else places.set(value)).reshape(array.shape)
