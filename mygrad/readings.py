"""Tensors that stand for what was read: parts of a version of a buffer, as they were then."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.memory import Version, new_buffer, new_handle
from mygrad.autodiff.tape import record
from mygrad.backends import Adapter, adapter_of
from mygrad.namespace import namespace_of

__all__ = ["as_of", "record_copy"]


def record_copy(data: Any, adapter: Adapter, version: Version, window: Any) -> Any:
    """A tensor for `data`, recorded as a copy of what `window` shows of a version."""
    from mygrad.autodiff.primitive import registry

    source = new_handle(data, new_buffer(version), window, None, False)
    t = record(registry["copy"], namespace_of(adapter), (source,), [data], data, (), 1)
    t._buffer.version.values = ()  # which tells it from a copy that somebody asked for
    return t


def as_of(array: Any, version: Version, window: Any) -> Any:
    """A tensor that stands for what `window` shows of a version, whose values are `array`."""
    adapter = adapter_of(array)
    assert adapter is not None
    if getattr(window, "folds", False):  # so that views of it can be told apart
        return record_copy(adapter.copy(array), adapter, version, window)
    t = record_copy(array, adapter, version, window)
    now = version.buffer()
    if now is not None:  # what reads this tensor reads that memory
        t._buffer.readers, t._buffer.guard = now.readers, now.guard
    return t
