"""Python numbers that change from call to call, in a program that is traced once.

A step count, a learning rate that follows a schedule: what Python computes with them stays on the
host, is written down here, and is computed again before each call. Where such a number meets a
tensor it is an input of the program; where Python decides by it, the outcome is a condition under
which the program serves.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["HostNumber", "HostProgram", "kinds_of"]

_KINDS = (int, float, bool)


def kinds_of(values: list[Any]) -> Any:
    """The types of numbers, and which are equal: what is assigned one may be any of these."""
    if not values:
        return ()
    first: dict[Any, int] = {}
    return tuple([(type(v), first.setdefault((type(v), v), k)) for k, v in enumerate(values)])


class HostProgram:
    """What Python computes before a call, in order.

    Attributes
    ----------
    leaves
        How many numbers it begins with.
    steps
        What it computes: (function, operands), each operand (True, place) or (False, value).
    conditions
        (place, value): what has to come out.
    inputs
        The places of what goes into the compiled program.
    """

    def __init__(self, leaves: list[Any]) -> None:
        self.leaves = len(leaves)
        self.values = list(leaves)
        self.steps: list[tuple[Callable[..., Any], tuple[tuple[bool, Any], ...]]] = []
        self.conditions: list[tuple[int, Any]] = []
        self.inputs: list[int] = []
        self._known: dict[Any, int] = {}
        self.tracers: Any = None  # while tracing: those of numbers, for floats and integers
        self._first = [first for _, first in kinds_of(leaves)]

    def number(self, place: int) -> HostNumber:
        """The number at a place; those that are equal, as step counts are, are one number here, as
        the program serves only calls where they are."""
        return HostNumber(self, self._first[place])

    def compute(self, function: Callable[..., Any], *operands: Any) -> Any:
        """The number that a function makes of others, now and before each call."""
        described = tuple(
            (True, v.place) if isinstance(v, HostNumber) else (False, v) for v in operands
        )
        key = (function, tuple((is_place, type(v), v) for is_place, v in described))
        try:
            place = self._known.get(key)
        except TypeError:
            key, place = None, None  # type: ignore[assignment]
        if place is None:
            value = function(*[self.values[v] if at else v for at, v in described])
            if value is NotImplemented or type(value) not in _KINDS:
                return value
            place = len(self.values)
            self.values.append(value)
            self.steps.append((function, described))
            if key is not None:
                self._known[key] = place
        return HostNumber(self, place)

    def settle(self, place: int) -> Any:
        """The value here and now; the program serves calls where it is the same."""
        value = self.values[place]
        if (place, value) not in self.conditions:
            self.conditions.append((place, value))
        return value

    def run(self, leaves: list[Any]) -> list[Any] | None:
        """All numbers for a call, or None if the program does not serve it."""
        if not self.steps and not self.conditions:
            return leaves
        values = list(leaves)
        conditions = self.conditions
        try:
            for function, operands in self.steps:
                values.append(function(*[values[v] if at else v for at, v in operands]))
        except Exception:
            return None
        for place, value in conditions:
            found = values[place]
            if found != value or type(found) is not type(value):
                return None
        return values

    def traced(self, place: int) -> Any:
        """The tracer for a number that meets an array."""
        if place not in self.inputs:
            self.inputs.append(place)
        return self.tracers(self.inputs.index(place), type(self.values[place]))


class HostNumber:
    """A Python number of which the next call may have another one."""

    __slots__ = ("place", "program")

    def __init__(self, program: HostProgram, place: int) -> None:
        self.program, self.place = program, place

    @property
    def value(self) -> Any:
        """What it is now."""
        return self.program.values[self.place]

    @property
    def dtype(self) -> Any:
        """The dtype that it would have as an array."""
        return np.asarray(self.value).dtype

    shape = ()
    ndim = 0
    size = 1

    def __jax_array__(self) -> Any:
        return self.program.traced(self.place)

    def apply(self, function: Callable[..., Any]) -> Any:
        """What a function makes of it, computed by Python before each call."""
        return self.program.compute(function, self)

    def _settled(self) -> Any:
        return self.program.settle(self.place)

    def __bool__(self) -> bool:
        test = self.apply(operator.truth)
        return bool(test._settled())

    def __int__(self) -> int:
        return int(self._settled())

    def __float__(self) -> float:
        return float(self._settled())

    def __complex__(self) -> complex:
        return complex(self._settled())

    def __index__(self) -> int:
        return operator.index(self._settled())

    def __hash__(self) -> int:
        return hash(self._settled())

    def __str__(self) -> str:
        return str(self._settled())

    def __format__(self, spec: str) -> str:
        return format(self._settled(), spec)

    def __repr__(self) -> str:
        return f"HostNumber({self.value!r})"

    def is_integer(self) -> bool:
        return bool(self.apply(_is_integer))


def _is_integer(value: Any) -> bool:
    return float(value).is_integer()


def _binary(function: Callable[..., Any], swapped: bool) -> Callable[..., Any]:
    def call(self: HostNumber, other: Any) -> Any:
        if isinstance(other, HostNumber) or type(other) in (int, float, bool):
            pair = (other, self) if swapped else (self, other)
            return self.program.compute(function, *pair)
        if isinstance(other, complex) or not hasattr(other, "__array_priority__"):
            if isinstance(other, (complex, np.generic)):
                pair = (other, self._settled()) if swapped else (self._settled(), other)
                return function(*pair)
            return NotImplemented
        from mygrad.autodiff.nodes import Handle

        if isinstance(other, Handle):
            return NotImplemented
        traced = self.__jax_array__()
        return function(other, traced) if swapped else function(traced, other)

    return call


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *args: self.program.compute(function, self, *args)


for _name in "add sub mul truediv floordiv mod pow".split():
    _function = getattr(operator, _name)
    setattr(HostNumber, f"__{_name}__", _binary(_function, False))
    setattr(HostNumber, f"__r{_name}__", _binary(_function, True))
for _name in "lt le gt ge eq ne".split():
    setattr(HostNumber, f"__{_name}__", _binary(getattr(operator, _name), False))
for _name in "neg pos abs".split():
    setattr(HostNumber, f"__{_name}__", _unary(getattr(operator, _name)))
for _name, _function in (("round", round), ("floor", math.floor), ("ceil", math.ceil)):
    setattr(HostNumber, f"__{_name}__", _unary(_function))
