"""Options that change from step to step: functions of the number of steps taken so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, isfinite, pi

__all__ = ["Cosine", "Exponential", "Linear", "OneCycle", "Schedule", "StepDecay", "WarmUp"]

Schedule = Callable[[int], float]
"""A value for each step, by the number of steps before it: 0 for the first one."""


@dataclass(frozen=True)
class StepDecay:
    """A value that is multiplied by a factor every so many steps.

    After n steps it is ``start * factor**(n // every)``.

    Parameters
    ----------
    start
        The value of the first steps.
    every
        How many steps it stays the same.
    factor
        What it is multiplied by then.

    Examples
    --------
    >>> import mygrad as mg
    >>> rate = mg.optim.StepDecay(0.5, every=10, factor=0.5)
    >>> rate(0), rate(9), rate(10), rate(20)
    (0.5, 0.5, 0.25, 0.125)
    """

    start: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check(self, "every")

    def __call__(self, step: int) -> float:
        return self.start * self.factor ** (step // self.every)


@dataclass(frozen=True)
class Exponential:
    """A value that is multiplied by a factor in each step: ``start * factor**n`` after n steps.

    Parameters
    ----------
    start
        The value of the first step.
    factor
        What it is multiplied by in each step.

    Examples
    --------
    >>> import mygrad as mg
    >>> rate = mg.optim.Exponential(1.0, factor=0.5)
    >>> rate(0), rate(1), rate(3)
    (1.0, 0.5, 0.125)
    """

    start: float
    factor: float

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, step: int) -> float:
        return self.start * self.factor**step


@dataclass(frozen=True)
class Linear:
    """A value that goes from one number to another in a straight line, and stays there.

    Parameters
    ----------
    start
        The value of the first step.
    steps
        After how many steps it has reached the end.
    end
        The value from then on.

    Examples
    --------
    >>> import mygrad as mg
    >>> rate = mg.optim.Linear(1.0, steps=4)
    >>> rate(0), rate(1), rate(4), rate(100)
    (1.0, 0.75, 0.0, 0.0)
    """

    start: float
    steps: int
    end: float = 0.0

    def __post_init__(self) -> None:
        _check(self, "steps")

    def __call__(self, step: int) -> float:
        return _between(self.start, self.end, min(step / self.steps, 1.0))


@dataclass(frozen=True)
class Cosine:
    """A value that goes from one number to another along half a wave, and stays there.

    Parameters
    ----------
    start
        The value of the first step.
    steps
        After how many steps it has reached the end.
    end
        The value from then on.

    Notes
    -----
    Equation 5 of [1]_, without restarts.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts*,
       ICLR 2017, arXiv:1608.03983.

    Examples
    --------
    >>> import mygrad as mg
    >>> rate = mg.optim.Cosine(1.0, steps=4)
    >>> [round(rate(n), 3) for n in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    start: float
    steps: int
    end: float = 0.0

    def __post_init__(self) -> None:
        _check(self, "steps")

    def __call__(self, step: int) -> float:
        return _along_a_wave(self.start, self.end, step, self.steps)


@dataclass(frozen=True)
class WarmUp:
    """A value that rises in a straight line to another schedule, and then follows it.

    Parameters
    ----------
    then
        The schedule that follows, which begins after the rise; or a number, to stay there.
    steps
        How many steps the rise takes.
    start
        The value of the first step.

    Examples
    --------
    >>> import mygrad as mg
    >>> rate = mg.optim.WarmUp(mg.optim.Linear(1.0, steps=2), steps=4)
    >>> [rate(n) for n in range(7)]
    [0.0, 0.25, 0.5, 0.75, 1.0, 0.5, 0.0]
    """

    then: float | Schedule
    steps: int
    start: float = 0.0

    def __post_init__(self) -> None:
        _check(self, "steps")

    def __call__(self, step: int) -> float:
        after = max(step - self.steps, 0)
        goal = self.then(after) if callable(self.then) else self.then
        return _between(self.start, goal, min(step / self.steps, 1.0))


@dataclass(frozen=True)
class OneCycle:
    """A value that rises to a peak along half a wave, and falls along another, far below the start.

    With ``OneCycle(0.85, steps, start=0.95, end=0.95)`` a momentum makes the cycle in the other
    direction.

    Parameters
    ----------
    peak
        The value at the top.
    steps
        How many steps the cycle takes.
    start, end
        The values at its beginning and its end: a 25th of the peak, and a 10,000th of the start, if
        they are not given.
    rise
        The part of the steps that the rise takes, between 0 and 1.

    Notes
    -----
    The policy of [1]_, with the defaults of PyTorch's OneCycleLR and cosines for lines. It is
    at its start in step 0, at its peak in step ``rise * steps - 1``, and at its end in the last
    one, number ``steps - 1``, where it stays.

    References
    ----------
    .. [1] L. N. Smith and N. Topin, *Super-Convergence: Very Fast Training of Neural Networks Using
       Large Learning Rates*, 2018, arXiv:1708.07120.

    Examples
    --------
    >>> import mygrad as mg
    >>> rate = mg.optim.OneCycle(1.0, steps=10, start=0.5, end=0.0)
    >>> [round(rate(n), 2) for n in range(10)]
    [0.5, 0.75, 1.0, 0.95, 0.81, 0.61, 0.39, 0.19, 0.05, 0.0]
    """

    peak: float
    steps: int
    start: float | None = None
    end: float | None = None
    rise: float = 0.3

    def __post_init__(self) -> None:
        _check(self, "steps")
        if not 0 < self.rise < 1:
            raise ValueError(f"OneCycle: rise has to be between 0 and 1, and is {self.rise!r}")

    def __call__(self, step: int) -> float:
        start = self.peak / 25 if self.start is None else self.start
        end = start / 10_000 if self.end is None else self.end
        top = self.rise * self.steps - 1
        if step <= top:
            return _along_a_wave(start, self.peak, step, top)
        return _along_a_wave(self.peak, end, step - top, self.steps - 1 - top)


def _between(start: float, end: float, part: float) -> float:
    """Where a line from `start` to `end` is after this part of it: the ends are exact."""
    return end if part >= 1 else start + (end - start) * part


def _along_a_wave(start: float, end: float, step: float, steps: float) -> float:
    part = 1.0 if step >= steps else (1 - cos(pi * step / steps)) / 2
    return _between(start, end, part)


def _check(schedule: object, *counts: str) -> None:
    """Raise if a schedule's numbers cannot be: `counts` are positive, and all are finite."""
    name = type(schedule).__name__
    for field, value in vars(schedule).items():
        if field in counts:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}: {field} has to be a positive integer, and is {value!r}")
        elif value is not None and not callable(value) and not isfinite(value):
            raise ValueError(f"{name}: {field} has to be finite, and is {value!r}")
