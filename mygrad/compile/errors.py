"""What is said of programs that cannot be compiled."""

from __future__ import annotations

import functools
import linecache
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from mygrad.errors import MyGradException

__all__ = ["CannotCompile", "is_library", "refusal", "tidied", "user_line"]

_HERE = Path(__file__).parent.parent
_LIBRARIES = tuple(
    str(Path(path).resolve())
    for path in {*map(str, (*sysconfig.get_paths().values(), _HERE, _HERE.parent / "backends"))}
    if Path(path).resolve() not in (Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve())
    and Path(path).name not in ("bin", "Scripts")
)


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
        "use np.* on the tensor itself; for a[t] and a[t] = value, where a is an array that is "
        "made inside, let it be a tensor, mg.tensor(a, constant=True); for np.asarray(t), in "
        "other people's code, too, `with mg.drop_in():`; or do that part outside",
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
    "unknown function": (
        "a function of NumPy's is called that is not there for tensors of a program",
        "compute it outside, or with the functions of mygrad",
    ),
    "UnexpectedTracerError": (
        "a tensor of another call of a compiled function is used, which somebody kept",
        "return what is to be kept",
    ),
}


_NUMBERS = {"item", "tolist", "_as_number", "__float__", "__int__", "__complex__", "__format__"}
"""Functions of tensors that give numbers to Python."""


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def user_line(trace: TracebackType | None) -> str:
    """The innermost line of a traceback that is the user's: 'train.py, line 7: ...'."""
    found = ""
    for frame, number in _frames(trace):
        file = frame.f_code.co_filename
        if not is_library(file):
            line = linecache.getline(file, number).strip()
            name = file.replace("\\", "/").rpartition("/")[2]
            found = f"{name}, line {number}" + (f": {line}" if line else "")
    return found


def refusal(error: BaseException, name: str) -> CannotCompile | None:
    """What to say of an error that a program met because it was traced; None for others."""
    cause: Any = error
    kind = None
    for _ in range(20):
        if cause is None or kind is not None:
            break
        names = [kind.__name__ for kind in type(cause).__mro__]
        kind = next((kind for kind in names if kind in _ASKED), None)
        if isinstance(cause, TypeError) and "into a NumPy array behind your back" in str(cause):
            kind = "TracerArrayConversionError"
        if isinstance(cause, TypeError) and "requires ndarray or scalar arguments" in str(cause):
            kind = "unknown function"
        cause = cause.__cause__ or cause.__context__
    if kind is None:
        return None
    called = {frame.f_code.co_name for frame, _ in _frames(error.__traceback__)}
    if kind == "TracerArrayConversionError" and called & _NUMBERS:
        kind = "ConcretizationTypeError"
    elif kind == "TracerArrayConversionError" and "__index__" in called:
        kind = "TracerIntegerConversionError"
    what, remedy = _ASKED[kind]
    return CannotCompile(
        f"{name} cannot be compiled: {what} ({user_line(error.__traceback__)}). Way out: {remedy}; "
        f"or run it eagerly, mg.compile(..., fallback=True)"
    )


def tidied(error: BaseException) -> None:
    """Take JAX's remarks from an error, and name the line if a refusal does not."""
    notes = [note for note in getattr(error, "__notes__", ()) if "JAX has removed" not in note]
    if hasattr(error, "__notes__"):
        error.__notes__ = notes
    if isinstance(error, CannotCompile) and ", line " not in str(error):
        line = user_line(error.__traceback__)
        if line:
            error.args = (f"{error} ({line})",)


@functools.cache
def is_library(file: str) -> bool:
    """Whether a source file belongs to Python, to mygrad or to an installed package."""
    if file.startswith("<frozen"):
        return True
    path = str(Path(file).resolve()) if not file.startswith("<") else file
    return path.startswith(_LIBRARIES) or "site-packages" in path
