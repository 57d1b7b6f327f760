"""Changing shapes, copying, moving."""
from __future__ import annotations

from typing import Any

from mygrad.autodiff.primitive import primitive


@primitive(x=lambda g: g, own=True)
def copy(x: Any, *, xp: Any) -> Any:
    """A copy; gradients flow back through it."""
    return xp.asarray(x, copy=True)


@primitive(x=lambda g: g, own=True)
def astype(x: Any, dtype: Any, *, xp: Any) -> Any:
    """Cast; gradients flow back through it (the engine casts them back)."""
    return xp.adapter.xp.astype(x, dtype)


@primitive(x=lambda g, x_shape, xp: xp.reshape(g, x_shape), may_view=True)
def reshape(x: Any, shape: Any, *, xp: Any) -> Any:
    return xp.reshape(x, shape)


@primitive(x=lambda g, axes, xp: xp.permute_dims(g, tuple(axes.index(k) for k in range(len(axes)))), may_view=True)
def permute_dims(x: Any, axes: Any, *, xp: Any) -> Any:
    return xp.permute_dims(x, axes)


@primitive(x=lambda g: g, may_view=True, folds=True)
def broadcast_to(x: Any, shape: Any, *, xp: Any) -> Any:
    return xp.broadcast_to(x, shape)


@primitive(x=lambda g, condition, xp: xp.where(condition, g, 0.0), y=lambda g, condition, xp: xp.where(condition, 0.0, g), operands=("condition",))
def where(condition: Any, x: Any, y: Any, *, xp: Any) -> Any:
    return xp.where(condition, x, y)
