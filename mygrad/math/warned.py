"""Warnings about numbers that NumPy gives too, at the line from which mygrad was called."""

from __future__ import annotations

import sys
import warnings
from typing import Any

__all__ = ["RankWarning", "warn"]

RankWarning: type[Warning] = getattr(
    getattr(sys.modules.get("numpy"), "exceptions", None), "RankWarning", RuntimeWarning
)
"""NumPy's own, which programs filter by it."""


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the innermost line that is not mygrad's."""
    level = 1
    frame: Any = sys._getframe(0)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("mygrad"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
