"""Whether the code that compares tensors is written for the array API standard.

What MyGrad's programs get of ``t > 0`` is a raw array of booleans. Code for the standard takes the
mask and the numbers for arrays of one kind, and asks both for their namespace: it has to get a
tensor. It is known by ``xp``, its name for the namespace, which stands for one of mygrad's there.

Nobody's code is looked at before somebody has asked a tensor for its namespace, or has taken a name
from `mygrad.interop.array_api`.
"""

from __future__ import annotations

from inspect import CO_NESTED
from types import FrameType
from typing import Any

__all__ = ["spoken", "take_up", "speaks"]

NAME = "xp"
ASKING = "array_namespace"
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
"""What Python 3.11 runs in frames of their own, which have no names that they do not use."""

spoken: set[type] = set()
"""The types of the namespaces that were asked for."""


def take_up(namespace: Any) -> None:
    """Note that somebody asked for this namespace."""
    spoken.add(type(namespace))


def speaks(frame: FrameType) -> bool:
    """Whether the code in a frame is written for the standard, and computes with tensors.

    Parameters
    ----------
    frame
        Of the function that compares.

    Returns
    -------
    bool
        A variable, argument, closure or global ``xp`` is a namespace of mygrad's; or its module has
        the ``array_namespace`` that such code asks for it with.
    """
    names = frame.f_globals
    if ASKING in names or (NAME in names and type(names[NAME]) in spoken):
        return True
    code = frame.f_code
    if NAME in code.co_varnames or (code.co_flags & CO_NESTED and NAME in code.co_freevars):
        return type(frame.f_locals.get(NAME)) in spoken
    inside = code.co_flags & CO_NESTED and code.co_name in COMPREHENSIONS
    return bool(inside and frame.f_back is not None and speaks(frame.f_back))
