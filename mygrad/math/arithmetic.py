"""Arithmetic, element by element."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.primitive import ufunc

__all__ = ["absolute", "add", "divide", "multiply", "negative", "positive", "power", "square", "subtract"]


@ufunc(
    x1=lambda g: g,
    x2=lambda g: g,
)
def add(x1: Any, x2: Any) -> Any:
    """Add, element by element."""


@ufunc(
    x1=lambda g: g,
    x2=lambda g: -g,
)
def subtract(x1: Any, x2: Any) -> Any:
    """Subtract, element by element."""


@ufunc(
    x1=lambda g, x2: g * x2,
    x2=lambda g, x1: g * x1,
)
def multiply(x1: Any, x2: Any) -> Any:
    """Multiply, element by element."""


@ufunc(
    x1=lambda g, x2: g / x2,
    x2=lambda g, x1, x2: -g * x1 / (x2 * x2),
    aliases=("true_divide",),
)
def divide(x1: Any, x2: Any) -> Any:
    """Divide, element by element."""


@ufunc(
    x1=lambda g, x1, x2, xp: g * x2 * x1 ** xp.where(x2 == 0, 1.0, x2 - 1),
    x2=lambda g, x1, out, xp: g * xp.where(x1 == 0, 0.0, out * xp.log(xp.where(x1 == 0, 1.0, x1))),
    aliases=("pow",),
)
def power(x1: Any, x2: Any) -> Any:
    """Raise to a power, element by element."""


@ufunc(x=lambda g: -g)
def negative(x: Any) -> Any:
    """Negate, element by element."""


@ufunc(x=lambda g: g)
def positive(x: Any) -> Any:
    """A copy, element by element."""


@ufunc(x=lambda g, x, xp: g * xp.sign(x), aliases=("abs",))
def absolute(x: Any) -> Any:
    """Absolute value, element by element."""


@ufunc(x=lambda g, x: g * (2 * x))
def square(x: Any) -> Any:
    """Square, element by element."""
