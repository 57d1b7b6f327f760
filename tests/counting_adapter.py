"""An adapter that counts what a program asks of another one: transfers, waits, and kernel calls.

It stands in for that of array-api-strict, whose arrays are Python objects all of whose methods can
be watched. What would make the host wait for a device is: a number or a truth that Python asks for,
and a shape that depends on data. (`benchmarks.launches` counts the same of CuPy.)
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from types import ModuleType
from typing import Any

import array_api_strict
import numpy as np
import pytest
from array_api_strict._array_object import Array
from strict_adapter import adapter as strict_adapter

import mygrad as mg
from mygrad.arrays import registry

__all__ = ["Counts", "counted"]

ASKED = ("__bool__", "__int__", "__float__", "__complex__", "__index__", "__array__", "__dlpack__")
"""The methods of arrays that hand a value to Python."""

OPERATORS = tuple(
    f"__{prefix}{name}__"
    for name in "add sub mul truediv floordiv mod pow matmul and or xor".split()
    for prefix in ("", "r", "i")
) + tuple(f"__{name}__" for name in "neg pos abs invert lt le gt ge eq ne".split())

SHAPED_BY_DATA = ("nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values")
METADATA = ("can_cast", "finfo", "iinfo", "isdtype", "result_type")
TRANSFERS = ("from_host", "to_host", "to_device")


class Counts:
    """How often what was asked; cleared by hand."""

    def __init__(self) -> None:
        self.transfers: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def clear(self) -> None:
        for counter in vars(self).values():
            counter.clear()


def counting(function: Any, counter: Counter[str], name: str) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        counter[name] += 1
        return function(*args, **options)

    return call


class _Functions:
    """A namespace whose functions are counted."""

    def __init__(self, namespace: Any, counts: Counts) -> None:
        self._namespace, self._counts = namespace, counts

    def __getattr__(self, name: str) -> Any:
        found, counts = getattr(self._namespace, name), self._counts
        if isinstance(found, ModuleType):
            found = _Functions(found, counts)
        elif name == "asarray":
            found = self._asarray
        elif callable(found) and not isinstance(found, type) and name not in METADATA:
            counter = counts.waits if name in SHAPED_BY_DATA else counts.calls
            found = counting(found, counter, name)
        setattr(self, name, found)
        return found

    def _asarray(self, value: Any, **options: Any) -> Any:
        given = isinstance(value, (list, tuple, np.ndarray))
        (self._counts.transfers if given else self._counts.calls)["asarray"] += 1
        return self._namespace.asarray(value, **options)


class _Waiting(type(strict_adapter)):  # type: ignore[misc]
    """The adapter of a library whose arrays are computed later, so that looking at one waits."""

    counts: Counts

    def synchronize(self) -> None:
        self.counts.waits["synchronize"] += 1


def counted(monkeypatch: pytest.MonkeyPatch) -> Counts:
    """Have everything counted that is asked of array-api-strict, till the test ends."""
    counts = Counts()
    adapter: Any = copy(strict_adapter)
    adapter.__class__, adapter.counts = _Waiting, counts
    adapter.xp = _Functions(array_api_strict, counts)
    adapter.kernels = {
        name: counting(kernel, counts.calls, name) for name, kernel in adapter.kernels.items()
    }
    for name in TRANSFERS:
        hook = getattr(strict_adapter, name)
        monkeypatch.setattr(adapter, name, counting(hook, counts.transfers, name), raising=False)
    for name in OPERATORS:
        if hasattr(Array, name):
            watched = counting(getattr(Array, name), counts.calls, name)
            monkeypatch.setattr(Array, name, watched)
    for name in ASKED:
        if hasattr(Array, name):
            monkeypatch.setattr(Array, name, counting(getattr(Array, name), counts.waits, name))
    read = Array.__getitem__

    def getitem(self: Any, key: Any, /) -> Any:
        for item in key if isinstance(key, tuple) else (key,):
            if isinstance(item, Array) and item.dtype == array_api_strict.bool:
                counts.waits["a mask"] += 1
        return read(self, key)

    monkeypatch.setattr(Array, "__getitem__", getitem)
    for kind in adapter.array_types:
        monkeypatch.setitem(registry.by_type, kind, adapter)
    monkeypatch.setitem(registry._adapters, adapter.name, adapter)
    mg.set_backend(adapter.name)
    mg.tensor(1.0) + mg.tensor(1.0)  # what is looked at once, for each adapter
    counts.clear()
    return counts
