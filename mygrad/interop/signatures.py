"""Calls of NumPy's functions as calls of ours: arguments are matched by name, or refused by name.

Names are compared once for each function. A call whose arguments are where ours are, which most
are, then costs one comparison more than calling our function.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mygrad.interop.arguments import noted

__all__ = ["Handler", "as_it_is", "refused", "translated"]

OTHER_NAMES = {"shape": "newshape"}
"""What parameters that are no operands are called here, where that differs."""

WITHOUT_EFFECT = frozenset(("subok",))
"""Options that change nothing for tensors, which are no subclass of NumPy's arrays."""

NoValue: Any = np._NoValue  # type: ignore[attr-defined]
EMPTY = inspect.Parameter.empty
BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Handler(NamedTuple):
    """What does the work of one of NumPy's functions on tensors.

    Attributes
    ----------
    ours
        The function.
    direct, alike
        So many arguments by position, and keywords of these names, may be handed to `ours` as
        they are.
    by_name
        What takes any arguments of NumPy's function, and calls `ours`.
    """

    ours: Callable[..., Any]
    direct: int
    alike: frozenset[str]
    by_name: Callable[..., Any]


def as_it_is(function: Callable[..., Any]) -> Handler:
    """The handler for a function that has the parameters of NumPy's itself."""
    return Handler(function, -1, frozenset(), function)


def refused(name: str, option: str, hint: str) -> TypeError:
    return TypeError(f"{name}: {option}= is not there for tensors; {hint}")


def translated(theirs: Any, ours: Callable[..., Any]) -> Handler:
    """The handler that calls `ours` as `theirs` is called.

    Parameters
    ----------
    theirs
        NumPy's function.
    ours
        Ours: parameters of the same name mean the same. Operands, which have no default, are
        matched by position where their names differ.

    Returns
    -------
    Handler
    """
    try:
        # Not every NumPy tells the signature of this one, which is that of its neighbours.
        told = np.zeros_like if theirs is np.empty_like else theirs
        given = inspect.signature(told).parameters
    except (TypeError, ValueError):
        return as_it_is(ours)
    taken = inspect.signature(ours).parameters
    spread = any(p.kind is p.VAR_POSITIONAL for p in given.values())
    if not spread and any(p.kind is p.VAR_POSITIONAL for p in taken.values()):
        return as_it_is(ours)
    name = f"{theirs.__module__}.{theirs.__name__}"
    passes_rest = any(p.kind is p.VAR_KEYWORD for p in given.values())
    takes_rest = any(p.kind is p.VAR_KEYWORD for p in taken.values())
    positional = [n for n, p in taken.items() if p.kind in BY_PLACE]
    places = [n for n, p in given.items() if p.kind in BY_PLACE]

    names = {n: n for n in given if n in taken}
    names |= {n: called for n, called in OTHER_NAMES.items() if n in given and called in taken}
    for n, called in zip(places, positional, strict=False):
        if n not in taken and called not in given and given[n].default is EMPTY:
            names[n] = called
    alike = frozenset(n for n, called in names.items() if n == called) - {"out"}
    if passes_rest:
        alike |= {n for n, p in taken.items() if p.default is not EMPTY and n != "out"}
    direct = 0  # so many leading arguments have the same place in both
    for n, called in zip(places, positional, strict=False):
        if names.get(n) != called or n == "out":
            break
        direct += 1

    if spread:
        direct = sys.maxsize

    def by_name(*args: Any, **kwargs: Any) -> Any:
        if not spread:
            args, kwargs = (), dict(zip(places, args, strict=False)) | kwargs
        passed: dict[str, Any] = {}
        for option, value in kwargs.items():
            if value is NoValue or option in WITHOUT_EFFECT:
                continue
            if option in names:
                passed[names[option]] = value
            elif option not in given and passes_rest and (takes_rest or option in taken):
                passed[option] = value
            elif option not in given or not _is(value, given[option].default):
                raise refused(name, option, f"mygrad's function takes {', '.join(taken)}")
        out = passed.get("out")
        operands = [value for called, value in passed.items() if called != "out"]
        first = []
        for parameter in () if spread else positional:
            if parameter not in passed:
                break
            first.append(passed.pop(parameter))
        return noted(ours(*args, *first, **passed), out, (*args, *operands), name)

    return Handler(ours, direct, alike, by_name)


def _is(value: Any, default: Any) -> bool:
    """Whether an argument is what it would be if it was not given."""
    plain = isinstance(value, (str, bool, int, float)) and type(value) is type(default)
    return value is default or (plain and value == default)
