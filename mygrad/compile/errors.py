"""What is said of programs that cannot be compiled."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from mygrad.errors import MyGradException

__all__ = ["CannotCompile", "refusal", "user_line"]


class CannotCompile(MyGradException, TypeError):
    """A function does something that `mygrad.compile` cannot make a program of."""


_ASKED = {
    "TracerBoolConversionError": (
        "Python branches on a value of a tensor, which is not known while the program is made",
        "write mg.where(condition, a, b), or let what decides be a Python number or bool: each "
        "value of it gets a program of its own",
    ),
    "TracerIntegerConversionError": (
        "a value of a tensor is used as a Python integer: an index, a length, a range",
        "index with the tensor itself, or let the integer be an argument of Python's",
    ),
    "TracerArrayConversionError": (
        "a tensor is turned into a NumPy array, for a library that knows nothing of tensors",
        "use the functions of mygrad or np.* on the tensor itself, or do that part outside",
    ),
    "NonConcreteBooleanIndexError": (
        "the shape of a result depends on values: a mask selects as many elements as it has Trues",
        "write mg.where(mask, x, 0.0), or assign through the mask, x[mask] = number",
    ),
    "ConcretizationTypeError": (
        "a value of a tensor is asked for by Python: float(t), t.item(), t.tolist(), a shape or "
        "an option that depends on values",
        "return the tensor and look at it outside, or let the value be an argument of Python's",
    ),
    "UnexpectedTracerError": (
        "a tensor of another call of a compiled function is used, which somebody kept",
        "return what is to be kept",
    ),
}


def user_line(trace: TracebackType | None) -> str:
    """The innermost line of a traceback that is the user's: 'train.py, line 7: ...'."""
    import linecache

    from mygrad.compile.reaching import is_library

    found = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not is_library(file):
            line = linecache.getline(file, trace.tb_lineno).strip()
            name = file.replace("\\", "/").rpartition("/")[2]
            found = f"{name}, line {trace.tb_lineno}" + (f": {line}" if line else "")
        trace = trace.tb_next
    return found


def refusal(error: BaseException, name: str) -> CannotCompile | None:
    """What to say of an error that a program met because it was traced; None for others."""
    cause: Any = error
    for _ in range(20):
        if cause is None:
            return None
        names = [kind.__name__ for kind in type(cause).__mro__]
        kind = next((kind for kind in names if kind in _ASKED), None)
        if kind is not None:
            what, remedy = _ASKED[kind]
            return CannotCompile(
                f"{name} cannot be compiled: {what} ({user_line(error.__traceback__)}). "
                f"Way out: {remedy}; or run it eagerly, mg.compile(..., fallback=True)"
            )
        cause = cause.__cause__ or cause.__context__
    return None
