"""Array libraries: what mygrad asks of one, which ones are there, and which one is selected."""

from mygrad.arrays.protocol import Adapter
from mygrad.arrays.registry import adapter_of, by_type, elsewhere, get_adapter, register_backend

from mygrad.arrays.selection import (  # isort: skip
    Selection, selected, selected_adapter, selected_device, selection,
)  # fmt: skip

__all__ = [
    "Adapter", "Selection", "adapter_of", "by_type", "elsewhere", "get_adapter",
    "register_backend", "selected", "selected_adapter", "selected_device", "selection",
]  # fmt: skip
