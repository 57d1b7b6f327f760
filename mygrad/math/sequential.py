"""Reductions."""
from __future__ import annotations

from typing import Any

from mygrad.autodiff.primitive import primitive


@primitive(x=lambda g, x_shape, axis, keepdims, xp: spread(g, x_shape, axis, keepdims, xp))
def sum(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:  # noqa: A001
    """Sum over axes."""
    return xp.sum(x, axis=axis, keepdims=keepdims)


def spread(g: Any, shape: Any, axis: Any, keepdims: bool, xp: Any) -> Any:
    """Undo the shape of a reduction: `g`, the same for all elements that were reduced."""
    if axis is not None and not keepdims:
        axes = axis if isinstance(axis, tuple) else (axis,)
        axes = {a % len(shape) for a in axes}
        g = xp.reshape(g, tuple(1 if k in axes else n for k, n in enumerate(shape)))
    return xp.broadcast_to(g, shape)
