"""Settings: a default for the process, and another value in those threads or tasks that ask.

`Setting` is the one mechanism for all of them: whether operations are recorded, whether memory
is guarded, what happens where a gradient is lost, which array library is selected. What users
switch them with is in `mygrad.tensors.switches`.
"""

from __future__ import annotations

from contextvars import ContextVar
from threading import RLock
from typing import Any, Generic, TypeVar

__all__ = ["Setting", "guarding", "lock", "recording"]

T = TypeVar("T")

lock = RLock()
"""Held while what threads share is changed in more than one step; never for long."""


class Setting(Generic[T]):
    """A value that holds for the process, unless the current thread or task overrides it.

    Attributes:
    default: The value for the process.
    override: The value of the current thread or task, None where it has none of its own. It is a
        `contextvars.ContextVar`: threads begin without an override, tasks with their parent's.
    outer: What overrides within one another go back to: (outer of that, value), or None.
    """

    __slots__ = ("default", "outer", "override")

    def __init__(self, name: str, default: T) -> None:
        self.default = default
        self.override: ContextVar[T | None] = ContextVar(f"mygrad_{name}", default=None)
        self.outer: ContextVar[Any] = ContextVar(f"mygrad_outer_{name}", default=None)

    def get(self) -> T:
        """The value that holds here and now."""
        here = self.override.get()
        return self.default if here is None else here


recording: Setting[bool] = Setting("recording", True)
"""Whether operations are recorded, so that they can be differentiated."""

guarding: Setting[bool] = Setting("guarding", True)
"""Whether raw arrays that a graph needs are made read-only until it needs them no more."""
