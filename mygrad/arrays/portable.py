"""What programs on the arrays of any library ask for in one way, and the standard leaves out."""

from __future__ import annotations

from typing import Any

from mygrad.arrays.protocol import Adapter
from mygrad.arrays.registry import get_adapter

__all__ = ["HostGenerator", "add_part", "device_of"]


def device_of(x: Any) -> Any:
    """The device of an array or a tensor, as its library takes it; None while JAX traces it."""
    return getattr(getattr(x, "_data", x), "device", None)


def add_part(adapter: Adapter, target: Any, index: Any, values: Any) -> Any:
    """``target[index] += values``, without arrays in the index; returns as `Adapter.assign`."""
    if not adapter.has_views:
        return adapter.assign(target, index, target[index] + values)
    target[index] += values
    return target


class HostGenerator:
    """NumPy's generator for an adapter whose library has none: what it draws is moved over."""

    def __init__(self, adapter: Adapter, seed: Any = None) -> None:
        self._adapter, self._numbers = adapter, get_adapter("numpy").rng(seed)

    def __getattr__(self, name: str) -> Any:
        draw = getattr(self._numbers, name)

        def drawn(*args: Any, **options: Any) -> Any:
            args = tuple(map(self._on_host, args))
            options = {key: self._on_host(value) for key, value in options.items()}
            return self._adapter.from_host(draw(*args, **options))

        return drawn

    def _on_host(self, value: Any) -> Any:
        is_ours = isinstance(value, self._adapter.array_types)
        return self._adapter.to_host(value) if is_ours else value
