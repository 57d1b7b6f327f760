"""How many functions that vmap batches run within one another, here and now."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.operands import SCALARS

__all__ = ["depth", "depth_of", "lifted_here"]

depth: ContextVar[int] = ContextVar("mygrad_vmap_depth", default=0)


def depth_of(adapter: Any) -> int:
    """How many axes of batches arrays of an adapter have."""
    return getattr(adapter, "depth", 0)


def lifted_here(value: Any) -> Any:
    """An array or a tensor from outside, as a tensor of the innermost vmap, constant there.

    What is differentiated by in a function that vmap batches has to be of its level: the derivative
    is another one for each example. Outside of vmap, and of anything else, it is the value itself.
    """
    level = depth.get()
    if not level or type(value) in SCALARS:
        return value
    adapter: Any = adapter_of(value._data if isinstance(value, Handle) else value)
    if adapter is None or depth_of(adapter) >= level:
        return value
    from mygrad.transforms.batching.adapter import batched

    if not isinstance(value, Handle):
        value = adapter.copy(value)
    while depth_of(adapter) < level:
        adapter = batched(adapter)
    return new_handle(adapter.lift(value), None, None, None, True)
