"""Straight programs in which the same equations come again and again: which rounds are alike.

The trace of a Python loop is a straight program: as many copies of the loop's equations as it has
rounds, and as many of their adjoints. Rounds are alike if their equations are of the same kinds, in
order, and each operand is the same in all, comes from the same place in this round or the one
before, or is another element of an array. `mygrad.compile.rolling` makes one loop of them.

Equations that only look at an array (a slice, another shape) are no part of the pattern: they are
made where somebody reads them, and tell which variables are elements of one array.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Element", "Loop", "Run", "Slot", "Straight", "is_elementwise", "is_literal"]

_ROUNDS = 12
"""How many rounds make a loop."""
_PERIODS = 8
"""How many lengths of a round are tried from one equation on."""
_EFFORT = 100
"""How often each equation is looked at on average before the search ends."""
_PIECES = 3
"""Of how many pieces a stack is put together: copies of single arrays would cost more than the
loop saves."""
_LOOKS = frozenset(("slice", "squeeze", "reshape", "broadcast_in_dim"))


class _Source(NamedTuple):
    """Where a variable comes from: looks, the last one first, at a variable `root`, which is result
    `k` of the equation at `place`; of none for place -1."""

    looks: tuple[int, ...]
    root: Any
    place: int
    k: int


class Element(NamedTuple):
    """A variable that is a part of a stack, `width` long along an axis, from `begin` on. The stack
    is a variable, or what a loop returns: (loop, number)."""

    stack: Any
    axis: int
    width: int
    begin: int


class Run(NamedTuple):
    """So many elements of a stack, one after the other; with a negative `step` backwards."""

    first: Element
    length: int
    step: int


class Slot(NamedTuple):
    """What an operand is in each round: a "literal", a result of the same round ("local"), one of
    the round before ("carry"), or from outside, the "same" or "another" in each.

    `what` is a number among the loop's carries, its `same` or its `others`; `variable` is the
    operand in round 1.
    """

    kind: str
    what: int
    variable: Any


class _Carry(NamedTuple):
    """What a round hands on: result `k` of equation `j`, seen as `variable` is by round 1; the
    first round gets another variable."""

    first: Any
    variable: Any
    j: int
    k: int


class Loop:
    """Rounds that are alike.

    Attributes
    ----------
    start, period, rounds
        The place of the first equation, how many a round has, and how many rounds there are.
    slots
        For each equation of a round its operands.
    carries
        What rounds hand on.
    same
        Variables from outside that are the same in each round.
    given, others
        Those that are not, as round 1 has them; and the pieces that they are in all rounds.
    stacked, last
        Results that are read outside, (equation of the round, number): of each round, or only of
        the last.
    """

    def __init__(self, start: int, period: int, rounds: int) -> None:
        self.start, self.period, self.rounds = start, period, rounds
        self.slots: list[list[Slot]] = []
        self.carries: list[_Carry] = []
        self.same: list[Any] = []
        self.given: list[Any] = []
        self.others: list[list[Any]] = []
        self.stacked: list[tuple[int, int]] = []
        self.last: list[tuple[int, int]] = []

    @property
    def end(self) -> int:
        """The place after the last equation."""
        return self.start + self.period * self.rounds


# --- what is alike --------------------------------------------------------------------------------
class Straight:
    """A program, and which of its equations are alike.

    Attributes
    ----------
    jaxpr
        The program.
    equations
        Those that compute something.
    look_of
        By variable: the equation that only looks at another one.
    """

    def __init__(self, jaxpr: Any) -> None:
        self.jaxpr = jaxpr
        self.equations: list[Any] = []
        self.look_of: dict[Any, Any] = {}
        self._place: dict[Any, tuple[int, int]] = {}
        self._sources: dict[Any, _Source] = {}
        self._elements: dict[Any, Element] = {}
        self._stacks: dict[Any, Any] = {}  # by source: variables that are one array
        self._numbers: dict[Any, int] = {}
        self._alike: dict[int, Any] = {}
        self._last_use: dict[Any, int] = {}  # of roots
        for eqn in jaxpr.eqns:
            if _only_looks(eqn):
                self.look_of[eqn.outvars[0]] = eqn
                continue
            for k, v in enumerate(eqn.outvars):
                self._place[v] = len(self.equations), k
            self.equations.append(eqn)
        self._kinds = np.array([self._kind(eqn) for eqn in self.equations], dtype=np.int64)
        for place, eqn in enumerate(self.equations):
            self._used(eqn.invars, place)
        self._used(jaxpr.outvars, len(self.equations))

    def _kind(self, eqn: Any) -> int:
        """A number that equations have in common which differ in their operands alone."""
        key: Any = object()  # like no other
        if not eqn.effects:
            told = tuple((name, _hashable(value)) for name, value in sorted(eqn.params.items()))
            operands, results = map(_described, eqn.invars), map(_described, eqn.outvars)
            key = (eqn.primitive.name, told, tuple(operands), tuple(results))
        return self._numbers.setdefault(key, len(self._numbers))

    def _used(self, variables: Iterable[Any], place: int) -> None:
        for v in variables:
            if not is_literal(v):
                self._last_use[self.source(v).root] = place

    def source(self, v: Any) -> _Source:
        """Where a variable comes from."""
        found = self._sources.get(v)
        if found is None:
            looks, root = [], v
            while root in self.look_of:
                eqn = self.look_of[root]
                looks.append(self._kind(eqn))
                root = eqn.invars[0]
            found = _Source(tuple(looks), root, *self._place.get(root, (-1, 0)))
            self._sources[v] = found
        return found

    def element(self, v: Any) -> Element | None:
        """The stack that a variable is an element of, in another shape perhaps."""
        found, eqn = self._elements.get(v), self.look_of.get(v)
        if found is not None or eqn is None:
            return found
        operand = eqn.invars[0]
        if eqn.primitive.name != "slice":
            return self.element(operand)
        shape = v.aval.shape
        cut = [a for a, n in enumerate(shape) if n != operand.aval.shape[a]]
        if len(cut) != 1 or not v.aval.size:
            return None
        stack = self._stacks.setdefault(self.source(operand)[:2], operand)
        return Element(stack, cut[0], shape[cut[0]], eqn.params["start_indices"][cut[0]])

    def pieces(self, variables: Iterable[Any]) -> list[Any]:
        """What a stack of variables consists of: runs of elements, and single variables."""
        pieces: list[Any] = []
        for v in variables:
            element = self.element(v)
            run = pieces[-1] if pieces and isinstance(pieces[-1], Run) else None
            if element is None:
                pieces.append(v)
            elif run is None or run.first[:3] != element[:3]:
                pieces.append(Run(element, 1, element.width))
            else:
                first, length, step = run
                step = element.begin - first.begin if length == 1 else step
                close = abs(step) == first.width or (step and first.width == 1)
                if close and element.begin == first.begin + length * step:
                    pieces[-1] = Run(first, length + 1, step)
                else:
                    pieces.append(Run(element, 1, element.width))
        return pieces

    # --- loops ------------------------------------------------------------------------------------
    def loops(self) -> Iterator[Loop]:
        """The loops, in order."""
        alike: dict[int, list[int]] = {}
        for place, kind in enumerate(self._kinds.tolist()):
            alike.setdefault(kind, []).append(place)
        number_of = {place: k for same in alike.values() for k, place in enumerate(same)}
        start, count = 0, len(self.equations)
        tried: dict[int, int] = {}  # by period: up to where there is nothing
        effort = 0
        while start < count and effort < _EFFORT * count:
            k, loop = number_of[start], None
            for other in alike[int(self._kinds[start])][k + 1 : k + 1 + _PERIODS]:
                period = other - start
                if period * _ROUNDS > count - start:
                    break
                rounds = 1 + self._repeats(start, period) // period
                if rounds < _ROUNDS or start < tried.get(period, 0):
                    continue
                loop, place = self._loop(start, period, rounds)
                if loop is not None:
                    yield loop
                    break
                tried[period] = place
                effort += period
            start = start + 1 if loop is None else loop.end

    def _repeats(self, start: int, period: int) -> int:
        """For how many equations from a place on those a period later are of the same kind."""
        found = self._alike.get(period)
        if found is None:
            differ = np.flatnonzero(self._kinds[:-period] != self._kinds[period:])
            found = self._alike[period] = np.append(differ, len(self._kinds) - period)
        return int(found[np.searchsorted(found, start)]) - start

    def _loop(self, start: int, period: int, rounds: int) -> tuple[Loop | None, int]:
        """The loop of so many rounds, or of the first of them; None if that is none, or if it would
        cost more than it saves; and from where on another one can be looked for."""
        first, wanted = (self._operands(start, period, k) for k in (0, 1))
        if first is None or wanted is None or any(
            a != b and (a[0], b[0]) != ("outside", "carry")
            for a, b in zip(first, wanted, strict=True)
        ):  # fmt: skip
            return None, start + 1
        good = 2
        while good < rounds and self._operands(start, period, good) == wanted:
            good += 1
        if good < _ROUNDS or not any(kind == "carry" for kind, *_ in wanted):
            return None, start + period * max(1, good - _ROUNDS + 1)
        loop = Loop(start, period, good)
        self._note_operands(loop, iter(wanted))
        if any(len(pieces) > _PIECES for pieces in loop.others):
            return None, loop.end
        self._note_results(loop)
        if not self._is_worth_it(loop):
            return None, loop.end
        self._told_results(loop)
        return loop, loop.end

    def _operands(self, start: int, period: int, number: int) -> list[Any] | None:
        """What the operands of a round are; None if one is of a round before the last one."""
        begin = start + number * period
        found: list[Any] = []
        for eqn in self.equations[begin : begin + period]:
            for v in eqn.invars:
                if is_literal(v):
                    found.append(("literal",))
                    continue
                looks, _, place, k = self.source(v)
                if place < start:
                    found.append(("outside",))
                elif place >= begin:
                    found.append(("local", place - begin, k, looks))
                elif place >= begin - period:
                    found.append(("carry", place - begin + period, k, looks))
                else:
                    return None
        return found

    def _note_operands(self, loop: Loop, described: Iterator[Any]) -> None:
        """Write down what the operands in a loop are."""
        numbers: dict[Any, int] = {}
        others: list[Sequence[Any]] = []  # the variables of each stack

        def number(found: list[Any], key: Any, item: Any) -> int:
            if key not in numbers:
                numbers[key] = len(found)
                found.append(item)
            return numbers[key]

        for j in range(loop.period):
            eqns = self.equations[loop.start + j : loop.end : loop.period]
            slots: list[Slot] = []
            for a, v in enumerate(eqns[1].invars):
                (kind, *source), what = next(described), 0
                if kind == "carry":
                    first = eqns[0].invars[a]
                    what = number(loop.carries, (first, *source), _Carry(first, v, *source[:2]))
                elif kind == "outside":
                    variables: Sequence[Any] = [eqn.invars[a] for eqn in eqns]
                    sources = [self.source(variable)[:2] for variable in variables]
                    kind = "same" if len(set(sources)) == 1 else "another"
                    if kind == "same":
                        what = number(loop.same, sources[0], v)
                    else:
                        variables = self._stacked(variables, [looks for looks, _ in sources])
                        what = number(others, tuple(variables), variables)
                slots.append(Slot(kind, what, v))
            loop.slots.append(slots)
        loop.given = [variables[1] for variables in others]
        loop.others = [self.pieces(variables) for variables in others]

    def _stacked(self, variables: Sequence[Any], looks: Sequence[Any]) -> Sequence[Any]:
        """Variables, or what all of them look at in the same way, if that are elements of one
        array: of ``x[t, 0]`` the rows."""
        seen, depth = variables, 0
        while len(self.pieces(seen)) > _PIECES:
            depth += 1
            if len({found[:depth] for found in looks}) > 1 or depth > len(looks[0]):
                return variables
            seen = [self.look_of[v].invars[0] for v in seen]
        return seen

    def _is_worth_it(self, loop: Loop) -> bool:
        """Whether XLA would not make one kernel of all rounds, as it does of operations element by
        element, on the same data, with one result."""
        eqns = self.equations[loop.start : loop.start + loop.period]
        return bool(loop.stacked or loop.others) or not all(map(is_elementwise, eqns))

    def _note_results(self, loop: Loop) -> None:
        """Write down what the rest of the program reads."""
        for j in range(loop.period):
            eqns = self.equations[loop.start + j : loop.end : loop.period]
            for k in range(len(eqns[0].outvars)):
                read = [self._last_use.get(eqn.outvars[k], -1) >= loop.end for eqn in eqns]
                if any(read[:-1]):
                    loop.stacked.append((j, k))
                elif read[-1]:
                    loop.last.append((j, k))

    def _told_results(self, loop: Loop) -> None:
        """From now on results of rounds are elements of what the loop returns."""
        for n, (j, k) in enumerate(loop.stacked):
            eqns = self.equations[loop.start + j : loop.end : loop.period]
            for index, eqn in enumerate(eqns):
                self._elements[eqn.outvars[k]] = Element((loop, n), 0, 1, index)


def _only_looks(eqn: Any) -> bool:
    """Whether an equation only looks at its operand, with the elements in the same order."""
    if eqn.primitive.name not in _LOOKS or len(eqn.invars) != 1:
        return False
    (v,), (out,) = eqn.invars, eqn.outvars
    if is_literal(v):
        return False
    if eqn.primitive.name == "slice":
        return set(eqn.params["strides"] or (1,)) == {1}
    return bool(out.aval.size == v.aval.size)


def is_literal(v: Any) -> bool:
    """Whether an operand is a number that stands in the program itself."""
    return hasattr(v, "val")


def is_elementwise(eqn: Any) -> bool:
    """Whether all operands and results of an equation have one shape, or none."""
    shapes = {v.aval.shape for v in (*eqn.invars, *eqn.outvars) if v.aval.shape}
    programs = any(hasattr(p, "eqns") or hasattr(p, "jaxpr") for p in eqn.params.values())
    return len(shapes) < 2 and not programs


def _described(v: Any) -> Any:
    aval = v.aval
    told = (getattr(aval, "shape", None), str(getattr(aval, "dtype", aval)))
    return (*told, np.asarray(v.val).tobytes()) if is_literal(v) else told


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    try:
        hash(value)
    except TypeError:
        return id(value)  # the program keeps it alive
    return value
