"""The device that a user's function runs on: that of its arguments, whichever is the current one.

Tensors and operations find their device by themselves. Plain arrays that a function makes, or
computes with, are left to their library, which uses the device that is current.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.nodes import Handle

__all__ = ["Beside", "go_beside"]


def go_beside(value: Any) -> tuple[Adapter, Any] | None:
    """Go to the device of an array or a tensor.

    Returns its library with the device that was current there, to go back to; None for what is on
    no device, or of a library that has one alone.
    """
    array = value._data if isinstance(value, Handle) else value
    adapter = adapter_of(array)
    if adapter is None or not adapter.many_devices:
        return None
    return adapter, adapter.go_to(adapter.common_device((array,)))


class Beside:
    """Inside, the device of the first of these values that is on one is the current one."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = values

    def __enter__(self) -> None:
        found = (go_beside(value) for value in self.values)
        self.before = next((before for before in found if before is not None), None)

    def __exit__(self, *_: object) -> None:
        if self.before is not None:
            adapter, device = self.before
            adapter.go_to(device)
