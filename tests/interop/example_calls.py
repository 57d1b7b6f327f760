"""What example calls of NumPy's functions are made of: operands, and programs."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Call(NamedTuple):
    """A call: of ``run(function, *args, **kwargs)`` if there is a program."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    run: Callable[..., Any] | None = None


def call(*args: Any, **kwargs: Any) -> Call:
    return Call(args, kwargs)


def program(run: Callable[..., Any], *args: Any) -> Call:
    return Call(args, {}, run)


# --- operands -------------------------------------------------------------------------------
X = np.array([[1.3, -0.7, 2.1], [0.4, 1.9, -1.2]])
Y = np.array([[0.6, 1.1, -0.3], [2.2, -1.4, 0.8]])
P = np.array([[0.7, 1.6, 0.3], [2.4, 0.9, 1.2]])
Q = P * 1.07
U = np.array([[0.3, -0.6, 0.1], [-0.4, 0.9, 0.7]])
V = np.array([0.5, 1.5, -2.0])
W = np.array([1.2, -0.3, 0.9])
T = np.linspace(-1.0, 1.3, 12).reshape(2, 3, 2) ** 3 + np.arange(12.0).reshape(2, 3, 2) % 5
LONG = np.array([0.3, 1.4, -0.5, 2.2, 0.9, -1.1, 0.6, 1.7])
GRID = np.array([0.0, 0.7, 1.8, 3.2])
SQUARE = np.array([[1.5, 0.2, -0.4], [-0.3, 2.5, 0.6], [0.7, -0.1, 1.9]])
STACK = np.stack([SQUARE, SQUARE.T + np.diag([0.5, 0.1, 0.9])])
NAN = np.array([[1.3, np.nan, 2.1], [0.4, 1.9, -1.2], [np.nan, 0.2, 0.7]])
NAN_V = np.array([0.5, np.nan, -2.0, 1.1])
Z = np.array([1.2 + 0.5j, -0.7 - 1.1j, 0.4 + 2.0j])
ZM = np.array([[1.2 + 0.5j, -0.7 - 1.1j], [0.4 + 2.0j, 0.9 - 0.3j]])
ZERO = np.array([0.0, 0.0, 1.5, 0.0, -2.0, 0.0])
MASK = np.array([[True, False, True], [True, True, False]])
PLACES = np.array([2, 0, 1])
INTS = np.array([3, 1, 2, 1, 0])
BYTES = np.array([[1, 0, 7], [255, 3, 2]], np.uint8)
DATES = np.array(["2026-03-02", "2026-03-07"], "datetime64[D]")


# --- programs -------------------------------------------------------------------------------
def written(*arguments: Any, **options: Any) -> Callable[..., Any]:
    """A function that writes: the target as it is afterwards."""

    def run(f: Any, target: Any, *values: Any) -> Any:
        copy = target * 1.0
        f(copy, *arguments, *values, **options)
        return copy

    return run


def liked(*arguments: Any, **options: Any) -> Callable[..., Any]:
    """``np.zeros(shape, like=t)``"""
    return lambda f, x: f(*arguments, like=x, **options)


def symmetric(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of symmetric matrices: of x + transposed x."""
    return lambda f, x: function(f, x + np.swapaxes(x, -1, -2))


def positive_definite(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda f, x: function(f, x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1]))


def squares(found: Any) -> list[Any]:
    """What is determined of matrices whose columns are determined up to a factor of length 1."""
    return [np.absolute(a) ** 2 if np.ndim(a) > 1 else a for a in found]


def saved(f: Any, *args: Any, **kwargs: Any) -> int:
    """How many bytes a function writes."""
    file = io.BytesIO()
    f(file, *args, **kwargs)
    return len(file.getvalue())


def of_file(f: Any, x: Any) -> Any:
    with open(os.devnull, "rb") as file:
        return f(file, like=x)


def trimmed(*arguments: Any, **options: Any) -> Callable[..., Any]:
    """Of an array whose zeros stay zeros when they are moved a little."""
    return lambda f, x: f(np.where(np.absolute(x) > 0.1, x, 0.0), *arguments, **options)


def quiet(f: Any, *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return f(*args, **kwargs)


def each(f: Any, *args: Any, **kwargs: Any) -> Any:
    """Results in a list, from whatever tuple they come in."""
    return list(f(*args, **kwargs))


def first(f: Any, *args: Any, **kwargs: Any) -> Any:
    """The first of several results: the others are what is known beforehand."""
    return f(*args, **kwargs)[0]
