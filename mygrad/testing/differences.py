"""Derivatives by central differences in double precision.

Five points: with step h, the derivative is

    (v(x - 2h) - 8 v(x - h) + 8 v(x + h) - v(x + 2h)) / 12h + O(h⁴)

(Abramowitz and Stegun, 25.3.6). Each entry of an argument takes a step of its own, and a complex
one two: the derivative by a complex number is ∂L/∂a - i ∂L/∂b, as everywhere in mygrad.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Differences"]

Array = NDArray[Any]
FIVE_POINTS = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
STEP = 1e-3


class Differences:
    """Differences of a function at a point.

    Parameters
    ----------
    values
        The function: from the list of its arguments to an array of numbers, whose sum is what is
        differentiated. (Differences are taken before the sum, where less cancels.)
    point
        Its arguments, in float64 or complex128.
    step
        The step for numbers up to 1; for larger ones it grows as they do.
    """

    def __init__(
        self,
        values: Callable[[Sequence[Array]], Array],
        point: Sequence[Array],
        step: float | None = None,
    ) -> None:
        self.values, self.point = values, list(point)
        self.step = STEP if step is None else step

    def step_at(self, k: int, place: tuple[int, ...]) -> float:
        """The step from this entry of argument `k`."""
        return self.step * max(1.0, float(abs(self.point[k][place])))

    def at(self, k: int, place: tuple[int, ...], move: complex) -> Array:
        """The values when one entry of argument `k` is moved."""
        moved = list(self.point)
        moved[k] = self.point[k].copy()
        moved[k][place] += move if moved[k].dtype.kind == "c" else move.real
        return self.values(moved)

    def along(
        self, k: int, place: tuple[int, ...], direction: complex, h: float
    ) -> tuple[float, float]:
        """The slope at one entry along 1 or 1j, and how much of it may be rounding."""
        slope: Any = 0.0
        size: Any = 0.0
        for steps, weight in FIVE_POINTS:
            values = self.at(k, place, steps * h * direction)
            slope = slope + weight / h * values
            size = np.maximum(size, np.abs(values))
        size = np.where(slope != 0, size, 0.0)
        return float(np.sum(slope)), float(4e-16 / h * np.sum(size))

    def derivative(self, k: int, place: tuple[int, ...]) -> tuple[complex, float]:
        """The derivative by one entry of argument `k`, and how much of it may be rounding."""
        h = self.step_at(k, place)
        real, noise = self.along(k, place, 1.0, h)
        if self.point[k].dtype.kind != "c":
            return real, noise
        imaginary, more = self.along(k, place, 1j, h)
        return complex(real, -imaginary), noise + more

    def has_kink(self, k: int, place: tuple[int, ...]) -> tuple[float, float] | None:
        """The slopes on both sides of an entry, if they differ however close to it."""
        for direction in (1.0, 1j) if self.point[k].dtype.kind == "c" else (1.0,):
            gaps = []
            h = self.step_at(k, place)
            for part in (h / 64, h / 4096):
                here = self.at(k, place, 0.0)
                right = float(np.sum((self.at(k, place, part * direction) - here) / part))
                left = float(np.sum((here - self.at(k, place, -part * direction)) / part))
                gaps.append(abs(right - left))
            # The gap shrinks with the step where the function is smooth.
            if gaps[1] > 1e-6 * max(1.0, abs(left), abs(right)) and gaps[1] > gaps[0] / 4:
                return left, right
        return None
