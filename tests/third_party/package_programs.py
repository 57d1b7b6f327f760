"""Programs that call functions of published packages, unchanged, on numbers that may be tensors.

A program is a function of arrays; it imports the package when it is called. `PROGRAMS` has them by
``package::function``, with what it takes to differentiate them:

possible
    nothing: each step goes through NumPy's protocols, in-place writes, or the array API.
coercion
    `mygrad.drop_in`: somewhere the package makes plain arrays of what it is given.
typecheck
    it cannot be: the package asks for the types of its arguments, or computes on Python's floats.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

__all__ = ["PROGRAMS", "Program", "direct", "found", "program"]


class Program(NamedTuple):
    """A call of somebody's function.

    Attributes
    ----------
    needs
        As above: possible, coercion or typecheck.
    call
        Takes arrays or tensors; returns an array or tensor, or a (nested) tuple, list or
        dictionary of them.
    arguments
        Arrays and numbers to call it with.
    step
        Of the differences that its derivatives are compared with, relative to the arguments.
    accuracy
        Relative, of the comparison.
    """

    needs: str
    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    step: float
    accuracy: float


PROGRAMS: dict[str, Program] = {}


def program(
    needs: str, name: str, *arguments: Any, step: float = 1e-6, accuracy: float = 1e-5
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the program for a function of a package, and its arguments."""

    def declare(call: Callable[..., Any]) -> Callable[..., Any]:
        assert name not in PROGRAMS, name
        values = tuple(np.asarray(a, dtype=float)[()] for a in arguments)
        PROGRAMS[name] = Program(needs, call, values, step, accuracy)
        return call

    return declare


def found(path: str) -> Any:
    """What stands at ``module:name.name``."""
    module, _, names = path.partition(":")
    return attrgetter(names)(import_module(module))


def direct(needs: str, name: str, path: str, *arguments: Any, **options: Any) -> None:
    """Declare the program that calls a function with the arguments, and does nothing else."""
    program(needs, name, *arguments, **options)(lambda *given: found(path)(*given))
