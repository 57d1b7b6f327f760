"""What happens where a gradient would be lost: a warning, an error, or nothing."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Literal

from mygrad.errors import GradientDetached
from mygrad.settings import Setting

__all__ = ["Action", "action_on_loss", "gradient_lost"]

Action = Literal["warn", "error", "ignore"]
action_on_loss: Setting[Action] = Setting("on_detach", "warn")
_package = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def gradient_lost(message: str) -> None:
    """Tell the user, at the line that they wrote, that a gradient is cut off there."""
    action = action_on_loss.get()
    if action == "ignore":
        return
    message += (
        ". Gradients do not flow back from here. If that is meant, say so with `t.data`, "
        "`mg.asarray(t)` or `t.item()`; mg.on_detach('ignore') silences this warning"
    )
    if action == "error":
        raise GradientDetached(message)
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_package):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, GradientDetached, stacklevel=level)
