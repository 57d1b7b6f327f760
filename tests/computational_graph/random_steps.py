"""Steps of random programs whose graphs are explained and folded."""

from __future__ import annotations

from typing import Any

import mygrad as mg

__all__ = ["grown"]


def grown(kind: int, t: Any, x: Any, kept: list[Any]) -> Any:
    """What follows `t`: computed, written to, kept, or joined with what was kept."""
    if kind == 0:
        return mg.sin(t)
    if kind == 1:
        return t * x
    if kind == 2:
        return mg.maximum(t, x[1:2])
    if kind == 3:
        t = +t
        t[0] = t[1] * 2.0
    elif kind == 4:
        kept.append(t)
    elif kind == 5:
        return t + (kept[-1] if kept else 1.0)
    else:
        t = +t
        t[1:] += t[:2]
    return t
