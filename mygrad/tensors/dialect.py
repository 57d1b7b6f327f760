"""Whether the code that compares tensors is written for the array API standard.

What MyGrad's programs get of ``t > 0`` is a raw array of booleans. Code for the standard takes the
mask and the numbers for arrays of one kind, and asks both for their namespace: it has to get a
tensor. It is known by ``xp``, its name for the namespace, which stands for one of mygrad's there,
by asking for a namespace itself, or by calling `array-api-extra`, whose functions ask for it.

Nobody's code is looked at before somebody has asked a tensor for its namespace, has taken a name
from `mygrad.interop.array_api`, or has imported `array-api-extra`.
"""

from __future__ import annotations

import dis
from inspect import CO_NESTED
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

__all__ = ["ASSIGNMENT", "EXTRA", "instruction", "spoken", "take_up", "speaks"]

NAME, CALLING = "xp", "xpx"
"""What such code calls the namespace and, as it is told to, `array-api-extra`."""
ASKING = "array_namespace"
EXTRA = "array_api_extra"
WRITTEN = frozenset((ASKING, f"__{ASKING}__", EXTRA))
"""Names that only code for the standard has in it."""
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
"""What Python 3.11 runs in frames of their own, which have no names that they do not use."""

SILENT, NAMES_IT, INSIDE, SPEAKS = range(4)
"""What the text of a function says: nothing; it has variables of these names; what its caller's
says, whose comprehension it is; that it is written for the standard."""

ASSIGNMENT = frozenset(("STORE_SUBSCR", "STORE_SLICE"))
SUBSCRIPT = 26
"""Which of the binary operators ``a[index]`` is, since Python 3.14."""

spoken: set[type] = set()
"""The types of the namespaces that were asked for."""

_texts: dict[int, tuple[int, CodeType]] = {}
"""What is known of functions, by the identity of their code, which is kept alive for that."""
MANY = 10_000


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
        A variable, argument, closure or global ``xp`` is a namespace of mygrad's; its module has
        the ``array_namespace`` that such code asks for it with; or its text names that method,
        `array-api-extra` or something of it.
    """
    names = frame.f_globals
    if ASKING in names or (NAME in names and type(names[NAME]) in spoken):
        return True
    code = frame.f_code
    known = _texts.get(id(code))
    says = _read(code, names) if known is None else known[0]
    if says is NAMES_IT:
        variables = frame.f_locals
        return type(variables.get(NAME)) in spoken or _is_extra(variables.get(CALLING))
    if says is INSIDE:
        return frame.f_back is not None and speaks(frame.f_back)
    return says is SPEAKS


def _read(code: CodeType, names: dict[str, Any]) -> int:
    """What the text of a function says, which is noted: comparisons ask for it each time."""
    nested, says = code.co_flags & CO_NESTED, SILENT
    variables = {*code.co_varnames, *(code.co_freevars if nested else ())}
    if any(name in WRITTEN or _is_extra(names.get(name)) for name in code.co_names):
        says = SPEAKS
    elif NAME in variables or CALLING in variables:
        says = NAMES_IT
    elif nested and code.co_name in COMPREHENSIONS:
        says = INSIDE
    if len(_texts) >= MANY:  # of a program that goes on making functions
        _texts.clear()
    _texts[id(code)] = says, code
    return says


def _is_extra(value: Any) -> bool:
    """Whether a global is `array-api-extra`, or a function or class of it."""
    if isinstance(value, ModuleType):
        return value.__name__ == EXTRA
    return isinstance(value, (FunctionType, type)) and str(value.__module__).startswith(EXTRA)


def instruction(frame: FrameType) -> str:
    """What a frame is doing, as Python's `dis` calls it.

    Parameters
    ----------
    frame
        Of the user's function, which has called compiled code.

    Returns
    -------
    str
    """
    code, k = frame.f_code.co_code, frame.f_lasti
    name = dis.opname[code[k]]
    return "BINARY_SUBSCR" if name == "BINARY_OP" and code[k + 1] == SUBSCRIPT else name
