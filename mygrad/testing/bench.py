"""Where checks of an adapter are noted, and what they have: a `Bench`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from mygrad.arrays import Adapter

__all__ = ["CHECKS", "Bench", "Skip", "check", "require"]


class Skip(Exception):
    """A check does not apply; the message says why."""


class Bench:
    """An adapter under test, and what checks need: arrays to try it on, and comparisons."""

    def __init__(self, adapter: Adapter, other_device: Any = None) -> None:
        self.adapter, self.other_device = adapter, other_device

    def array(self, values: Any, dtype: Any = "float32") -> Any:
        """An array of the library, with memory of its own."""
        adapter = self.adapter
        return adapter.copy(adapter.from_host(np.asarray(values, dtype)))

    def same(self, got: Any, want: Any, what: str) -> None:
        """Raise unless an array of the library has these values, and this shape."""
        if not isinstance(got, (*self.adapter.array_types, *self.adapter.scalar_types)):
            raise AssertionError(f"{what} is a {type(got).__name__}, which is none of array_types")
        found, wanted = np.asarray(self.adapter.to_host(got)), np.asarray(want)
        if found.shape != wanted.shape or not np.array_equal(found, wanted):
            raise AssertionError(f"{what} is {found.tolist()}, and should be {wanted.tolist()}")

    def need_views(self) -> None:
        if not self.adapter.has_views:
            raise Skip("has_views is False")

    def need_negative_steps(self) -> None:
        try:
            self.array([1.0, 2.0])[::-1]
        except Exception as error:
            raise Skip(f"the library refuses a[::-1]: {error}") from None


Check = Callable[[Bench], None]
F = TypeVar("F", bound=Callable[..., None])
SECTIONS = ("declaration", "host", "devices", "memory", "locking", "writing", "random numbers",
            "kernels", "programs")  # fmt: skip
CHECKS: dict[str, dict[str, Check]] = {section: {} for section in SECTIONS}
"""By section, the checks by name."""


def check(section: str, name: str) -> Callable[[F], F]:
    """Add a check to `CHECKS`."""

    def note(function: F) -> F:
        CHECKS[section][name] = function
        return function

    return note


def require(condition: Any, message: str) -> None:
    if not condition:
        raise AssertionError(message)
