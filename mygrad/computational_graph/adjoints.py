"""What `backward` would compute, watched: every adjoint, and what it is the sum of.

The sweep is the engine's own. It assigns gradients and clears graphs only in
`mygrad.autodiff.backward.backward`, which is not called here, so that nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mygrad.arrays import by_type
from mygrad.autodiff.backward import Sweep, reachable
from mygrad.autodiff.lost_gradients import tell
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import Version, Write

__all__ = ["Passed", "Share", "watched_sweep"]


@dataclass(slots=True, eq=False)
class Share:
    """What one operand of an operation gets.

    Attributes
    ----------
    operand
        Its number. Of a write, 0 is what was there before and 1 the value.
    target, through
        Whose adjoint it is added to: what `through` shows of a version.
    window
        The view that it is added to. It is `through`, but for reads of elements.
    value
        The contribution, an array.
    summed_from
        The shape that the rule returned, if that was summed over axes along which the operand
        was broadcast.
    """

    operand: int
    target: Version
    through: Any
    value: Any
    window: Any
    summed_from: tuple[int, ...] | None = None


@dataclass(slots=True, eq=False)
class Passed:
    """A version that the sweep passed.

    Attributes
    ----------
    version
        The version.
    adjoint
        Its adjoint, complete.
    shares
        What it handed on.
    """

    version: Any
    adjoint: Any
    shares: list[Share] = field(default_factory=list)


def watched_sweep(root: Any, seed: Any = None) -> tuple[list[Passed], dict[Version, Any]]:
    """Differentiate a tensor without leaving a trace.

    Parameters
    ----------
    root
        The tensor; a variable that something was recorded of.
    seed
        The adjoint to begin with, an array of its shape; ones if not given.

    Returns
    -------
    list of Passed
        In the order of the sweep: the newest first.
    dict
        By version, the adjoints of the leaves.

    Raises
    ------
    mygrad.errors.InvalidBackprop
        A part of the graph was cleared by a ``backward()``.
    """
    start = root._buffer.version
    namespace = namespace_of(by_type[type(root._data)])
    order = reachable(start)
    if seed is None:
        seed = namespace.ones_like(root._data)
    outer = tell.override.set(_nobody)  # what stops a gradient is a part of the explanation
    sweep = _Watched(namespace)
    try:
        sweep.accumulate(start, root._window, seed)
        sweep.run(order)
    finally:
        tell.override.reset(outer)
        for adapter, device in sweep.came_from.items():
            adapter.go_to(device)
    left = dict.fromkeys([*sweep.adjoints, *sweep.waiting])
    return sweep.passed, {version: sweep.adjoint(version) for version in left}


def _nobody(message: str, category: type[Warning]) -> None:
    pass


class _Adjoints(dict[Version, Any]):
    """The adjoints of a sweep, which drops each when it has been handed on."""

    def __init__(self, sweep: _Watched) -> None:
        super().__init__()
        self.sweep = sweep

    def __delitem__(self, version: Version) -> None:
        self.sweep.note(version, self[version])
        super().__delitem__(version)


class _Watched(Sweep):
    """A sweep that keeps copies of what it computes."""

    def __init__(self, namespace: Any) -> None:
        super().__init__(namespace, False)
        self.adjoints = _Adjoints(self)
        self.passed: list[Passed] = []
        self.shares: list[Share] = []
        self.operand: int | None = None
        self.written: Any = None  # the adjoint of a write, from before it was taken apart
        self.before: Version | None = None  # what was there before it, until its share is noted

    def use(self, namespace: Any, array: Any = None) -> None:
        super().use(namespace, array)
        self.kind: Any = None  # so that every contribution goes through `deliver`

    def note(self, version: Version, adjoint: Any) -> None:
        if isinstance(version, Write):
            adjoint, self.written = self.written, None
        else:
            adjoint = self.adapter.copy(adjoint)
        self.passed.append(Passed(version, adjoint, self.shares))
        self.shares = []

    def deliver(self, version: Any, k: int, part: Any) -> None:
        self.operand, first = k, len(self.shares)
        super().deliver(version, k, part)
        self.operand = None
        found = tuple(getattr(part, "shape", ()))
        if found and found != tuple(self.shares[first].value.shape):
            self.shares[first].summed_from = found

    def accumulate(self, version: Version, window: Any, g: Any) -> None:
        if self.before is not None:
            self.note_before()
        if self.operand is not None:
            share = Share(self.operand, version, window, self.adapter.copy(g), window)
            self.shares.append(share)
            self.operand = 1  # of a write: the value comes after what was there before
        super().accumulate(version, window, g)

    def through_write(self, version: Write, g: Any) -> None:
        self.follow(g)
        self.written = self.adapter.copy(g)
        old, _ = version.parents
        if old is None or old in self.adjoints:
            self.operand = int(old is None)
        else:  # the rest of the adjoint becomes that of `old`, without `accumulate`
            self.operand, self.before = 1, old
        super().through_write(version, g)
        if self.before is not None:
            self.note_before()
        self.operand = None

    def note_before(self) -> None:
        old, self.before = self.before, None
        assert old is not None
        self.shares.append(Share(0, old, None, self.adapter.copy(self.adjoints[old]), None))
