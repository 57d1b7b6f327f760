"""Which array library the user selected: where constructors and host data go."""

from __future__ import annotations

from typing import Any

from mygrad.arrays.protocol import Adapter
from mygrad.arrays.registry import get_adapter
from mygrad.settings import Setting

__all__ = ["Selection", "selected", "selected_adapter", "selected_device", "selection"]


class Selection:
    """A backend that was selected, and a device of it (None: its current one)."""

    __slots__ = ("adapter", "device")

    def __init__(self, adapter: Adapter, device: Any = None) -> None:
        self.adapter = adapter
        self.device = None if device is None else adapter.parse_device(device)


selected: Setting[Selection | None] = Setting("backend", None)
selection = selected.get
"""What the user selected for the current task, or for the process; None if nothing."""


def selected_adapter() -> Adapter:
    """The adapter that gives arrays to constructors: the selected one, or NumPy's."""
    chosen = selection()
    return chosen.adapter if chosen is not None else get_adapter("numpy")


def selected_device(adapter: Adapter) -> Any:
    """The device that the user selected for new arrays of this adapter, None if none."""
    chosen = selection()
    return chosen.device if chosen is not None and chosen.adapter is adapter else None
