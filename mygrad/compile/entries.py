"""What a call meets, and what a program and a call of it consist of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mygrad.compile.engine import Program
from mygrad.compile.memory import Located
from mygrad.compile.numbers import HostProgram
from mygrad.compile.reaching import Reached

__all__ = ["NUMBER_INPUTS", "Again", "Entry", "Met", "_Dynamic", "_Number"]

NUMBER_INPUTS = 24
"""How many Python floats, and how many integers, can go into a program; more if it needs them."""


class Again(Exception):
    """The trace has to begin again, as something turned out to be an input."""

    def __init__(self, why: str, what: Any) -> None:
        super().__init__(why)
        self.why, self.what = why, what


@dataclass
class Met:
    """What a call meets: all that a trace has to know of it.

    Attributes
    ----------
    reached
        What the function reaches.
    located
        The tensors, those of the arguments too, and where they lie.
    raw
        For each tensor, whether it stands for an array: 0 for no, 1 for one that comes in as a
        constant tensor, 2 for one of an optimiser's, which comes in as it is.
    holders
        For each that stands for an array in a place: the place and the key, else None.
    leaves
        The leaves of the arguments; for tensors and arrays their number among the tensors.
    structure
        How the arguments are nested.
    numbers
        Where the dynamic numbers are: places and keys, or numbers of leaves.
    values
        What these are.
    captured
        How much of the memory was met by closure: the first groups.
    """

    reached: Reached
    located: Located
    raw: list[int]
    holders: list[Any]
    leaves: list[Any]
    structure: Any
    numbers: list[Any]
    values: list[Any]
    captured: int = 0


@dataclass
class Entry:
    """A compiled program, and what a call does with it."""

    program: Program
    host: HostProgram
    result: Any
    memory: list[Any]  # these are described in mygrad.compile.changes
    grads: list[tuple[int, int | None]]
    grad_guards: list[tuple[int, Any]]
    rebound: list[Any]
    shapes: list[tuple[int, tuple[int, ...]]]
    stores: list[Any]
    number_stores: list[Any]
    grads_in: list[int]
    groups: int
    room: int  # for Python floats, and for integers
    random: bool
    pullback: Any = None  # a mygrad.compile.graphs.Graph
    seconds: float = 0.0
    captured: list[str] = field(default_factory=list)
    plan: Any = None  # a mygrad.compile.calls.Plan


@dataclass
class _Number:
    """A leaf of the arguments that is tensor number k."""

    k: int


@dataclass
class _Dynamic:
    """A leaf of the arguments that is dynamic number k."""

    k: int
