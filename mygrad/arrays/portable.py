"""What programs on the arrays of any library ask for in one way, and the standard leaves out."""

from __future__ import annotations

from itertools import chain
from typing import Any

from mygrad.arrays.protocol import Adapter
from mygrad.arrays.registry import get_adapter

__all__ = ["HostGenerator", "add_part", "device_of", "is_true", "numbers_alone"]

_NUMBERS = frozenset((float, int, bool, complex))
_LISTS = frozenset((list, tuple))
_DEEPEST = 64
"""How many axes an array may have; lists that are deeper may be in themselves."""


def device_of(x: Any) -> Any:
    """The device of an array or a tensor, as its library takes it; None while JAX traces it."""
    return getattr(getattr(x, "_data", x), "device", None)


def numbers_alone(items: Any) -> bool:
    """Whether there is nothing but Python's numbers in a list, or in the lists in it.

    It is asked of all lists that become arrays, and takes less time than that: level by level, with
    a loop of Python's own for each.
    """
    for _ in range(_DEEPEST):
        if not items:
            return True
        kinds = [*map(type, items)]
        alike = kinds.count(kinds[0]) == len(kinds)  # half the time of a set of them
        found = {kinds[0]} if alike else {*kinds}
        if not found <= _LISTS:
            return found <= _NUMBERS
        items = [*chain.from_iterable(items)]
    return False


def is_true(adapter: Adapter, condition: Any, unknown: bool) -> bool:
    """The truth of a raw 0-d array; `unknown` while a program is traced, and nobody knows it."""
    return bool(condition) if adapter.knows(condition) else unknown


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
