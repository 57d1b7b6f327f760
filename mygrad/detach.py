"""What happens where a gradient would be lost: a warning, an error, or nothing."""

from __future__ import annotations

import os
import sys
import warnings
from contextvars import ContextVar
from functools import wraps
from typing import Any, Literal

from mygrad.errors import GradientDetached

__all__ = ["detached", "on_detach"]

Action = Literal["warn", "error", "ignore"]
_default: Action = "warn"
_local: ContextVar[Action | None] = ContextVar("mygrad_on_detach", default=None)
_package = os.path.dirname(os.path.abspath(__file__)) + os.sep


def detached(message: str) -> None:
    """Tell the user, at the line that they wrote, that a gradient is cut off there."""
    action = _local.get() or _default
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


class on_detach:
    """Choose what happens where a tensor of a live graph loses its gradient silently.

    Called plainly it sets the default of the process; as a context manager, what happens in
    the current thread or task.

    Parameters
    ----------
    action
        ``"warn"`` (the default) warns with `mygrad.errors.GradientDetached`, ``"error"`` raises
        it, ``"ignore"`` does nothing.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> y = 2 * mg.tensor([1.0, 2.0])
    >>> with mg.on_detach("ignore"):
    ...     np.asarray(y)
    array([2., 4.])
    """

    def __init__(self, action: Action) -> None:
        global _default
        if action not in ("warn", "error", "ignore"):
            raise ValueError(
                f"on_detach takes 'warn', 'error' or 'ignore', and was given {action!r}"
            )
        self._action = action
        self._before = _default
        _default = action

    def __enter__(self) -> None:
        global _default
        _default = self._before
        self._token = _local.set(self._action)

    def __exit__(self, *_: object) -> None:
        _local.reset(self._token)

    def __call__(self, function: Any) -> Any:
        """Decorate a function: the action holds while it runs."""
        global _default
        _default = self._before

        @wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            token = _local.set(self._action)
            try:
                return function(*args, **kwargs)
            finally:
                _local.reset(token)

        return decorated
