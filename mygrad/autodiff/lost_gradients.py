"""What happens where a gradient would be lost: a warning, an error, or nothing."""

from __future__ import annotations

import os
import sys
import sysconfig
import warnings
from typing import Any, Literal

from mygrad.errors import GradientDetached
from mygrad.settings import Setting, recording

__all__ = ["Action", "action_on_loss", "gradient_lost", "warn_user"]

Action = Literal["warn", "error", "ignore"]
action_on_loss: Setting[Action] = Setting("on_detach", "warn")

_OURS = ("mygrad.", "mygrad_")  # modules: mygrad's, and those of adapters
_SHOW = ("matplotlib", "mpl_toolkits", "seaborn", "plotly", "_plotly_utils", "bokeh", "IPython",
         "pandas.io.formats", "pandas.plotting")  # fmt: skip
_installed = {sysconfig.get_path(k) for k in ("stdlib", "platstdlib", "purelib", "platlib")}
_INSTALLED = tuple(path + os.sep for path in _installed)


def gradient_lost(message: str) -> None:
    """Tell the user, at the line that they wrote, that a gradient is cut off there."""
    if recording.get():
        warn_user(f"{message}. Gradients do not flow back from here. If that is meant, say so with "
                  f"`t.detach()`, `t.data`, `mg.asarray(t)` or `t.item()`", GradientDetached)


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user, or raise, as `mygrad.on_detach` asks for."""
    action = action_on_loss.get()
    if action == "ignore":
        return
    modules, found = _modules_up_to_the_user()
    if any(module.startswith(_SHOW) for module in modules):
        return  # a library that only shows values, and computes nothing from them
    level = len(modules)
    outside = [k for k, name in enumerate(modules) if not name.startswith(_OURS)]
    if outside:
        message += f" (in {modules[outside[0]]})"
        level = level if found else outside[0]
    message += ". mg.on_detach('ignore') silences this"
    if action == "error":
        raise category(message)
    warnings.warn(message, category, stacklevel=2 + level)


def _modules_up_to_the_user() -> tuple[list[str], bool]:
    """The modules of installed libraries that called one another, and whether a user called them.

    The innermost comes first; it is the one that warns.
    """
    modules: list[str] = []
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith(_OURS) and not frame.f_code.co_filename.startswith(_INSTALLED):
            return modules, True
        modules.append(name)
        frame = frame.f_back
    return modules, False
