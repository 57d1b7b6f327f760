"""How users are told of a gradient that is lost: at the line that they wrote, or by an error."""

from __future__ import annotations

import os
import sys
import sysconfig
import warnings
from typing import Any, Literal

from mygrad.autodiff.lost_gradients import Teller, tell
from mygrad.tensors.leaving import others_code

__all__ = ["ACTIONS", "Action", "level_of_the_user"]

Action = Literal["warn", "error", "raise", "ignore"]

_OURS = ("mygrad.", "mygrad_")  # modules: mygrad's, and those of adapters
_SHOW = ("matplotlib", "mpl_toolkits", "seaborn", "plotly", "_plotly_utils", "bokeh", "IPython",
         "pandas.io.formats", "pandas.plotting", "numpy.testing", "_pytest")  # fmt: skip
"""Modules that only show or check values, and compute nothing that a gradient is asked of."""

_paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_INSTALLED = tuple(path + os.sep for path in _paths)


def _warn(message: str, category: type[Warning]) -> None:
    modules, found = _modules_up_to_the_user()
    if any(name.startswith(_SHOW) for name in modules):
        return
    outside = [k for k, name in enumerate(modules) if not name.startswith(_OURS)]
    level = len(modules) if found or not outside else outside[0]
    warnings.warn(_with_place(message, modules), category, stacklevel=2 + level)


def _raise(message: str, category: type[Warning]) -> None:
    modules, _ = _modules_up_to_the_user()
    if not any(name.startswith(_SHOW) for name in modules):
        raise category(_with_place(message, modules))


def _ignore(message: str, category: type[Warning]) -> None:
    pass


def _with_place(message: str, modules: list[str]) -> str:
    """The message, with the library that the user called and in which it happened."""
    libraries = [name for name in modules if not name.startswith(_OURS)]
    where = f". This was in {libraries[0]}, which the line called" if libraries else ""
    if libraries and not others_code.get():
        where += "; `with mg.drop_in():` may keep gradients there"
    return f"{message}{where}. mg.on_detach('ignore') silences this"


def _modules_up_to_the_user() -> tuple[list[str], bool]:
    """The modules of installed libraries that called one another, and whether a user called them.

    The innermost comes first; it is the one that says that a gradient is lost.
    """
    modules: list[str] = []
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith(_OURS) and not _installed(frame.f_code.co_filename):
            return modules, True
        modules.append(name)
        frame = frame.f_back
    return modules, False


def level_of_the_user() -> int:
    """The ``stacklevel`` by which the caller warns at the line that the user wrote."""
    modules, found = _modules_up_to_the_user()
    outside = [k for k, name in enumerate(modules) if not name.startswith(_OURS)]
    return 1 + (len(modules) if found or not outside else outside[0])


def _installed(file: str) -> bool:
    """Whether a source file is a library's, and not the user's own."""
    return file.startswith(_INSTALLED) or "site-packages" in file or "dist-packages" in file


ACTIONS: dict[Action, Teller] = {
    "warn": _warn, "error": _raise, "raise": _raise, "ignore": _ignore
}  # fmt: skip
tell.default = _warn
