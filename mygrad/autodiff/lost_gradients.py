"""Where a gradient is lost, the core says so; what happens then is for `mygrad.on_detach`."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from mygrad.errors import GradientDetached
from mygrad.settings import Setting, recording

__all__ = ["Teller", "gradient_lost", "tell"]

Teller = Callable[[str, type[Warning]], None]
tell: Setting[Teller] = Setting("on_detach", warnings.warn)


def gradient_lost(message: str) -> None:
    """Tell the user that a gradient is cut off here, where it would not be seen."""
    if recording.get():
        tell.get()(
            f"{message}. Gradients do not flow back from here. If that is meant, say so with "
            f"`t.detach()`, `t.data`, `mg.asarray(t)` or `t.item()`", GradientDetached,
        )  # fmt: skip
