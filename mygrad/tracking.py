"""Switching the recording of operations, and the guarding of memory, off and on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from mygrad.autodiff import guard, tape

__all__ = [
    "mem_guard_active",
    "mem_guard_off",
    "mem_guard_on",
    "no_autodiff",
    "turn_memory_guarding_off",
    "turn_memory_guarding_on",
]


class _Switch:
    """A setting of the current thread or task, as a context manager and as a decorator.

    One object serves all: what was set before is kept per thread or task, so that it may be
    entered from several at once and within itself.
    """

    def __init__(self, variable: ContextVar[Any], value: Any, doc: str) -> None:
        self._variable, self._value = variable, value
        self._before: ContextVar[tuple[Any, ...]] = ContextVar("mygrad_before", default=())
        self.__doc__ = doc

    def __enter__(self) -> None:
        self._before.set((*self._before.get(), self._variable.get()))
        self._variable.set(self._value)

    def __exit__(self, *_: object) -> None:
        *outer, before = self._before.get()
        self._before.set(tuple(outer))
        self._variable.set(before)

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return self._wrapped(func, lambda result: result)

    def _wrapped(self, func: Callable[..., Any], then: Callable[[Any], Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(func):

            @wraps(func)
            async def switched_task(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return then(await func(*args, **kwargs))

            return switched_task

        @wraps(func)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with self:
                return then(func(*args, **kwargs))

        return switched


class _NoAutodiff(_Switch):
    def __call__(self, func: Callable[..., Any], to_numpy: bool = False) -> Callable[..., Any]:
        from mygrad.tensor_base import asarray

        return self._wrapped(func, asarray if to_numpy else lambda result: result)


no_autodiff = _NoAutodiff(
    tape.switched_off,
    True,
    """Record nothing: a context manager and a decorator, for the current thread or task.

    Operations and in-place writes cost little more than those of the array library then. What
    was recorded before still differentiates the values that it read.

    Parameters
    ----------
    func
        The function to decorate.
    to_numpy
        Whether the decorated function returns the raw array in place of a tensor.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> with mg.no_autodiff:
    ...     y = 4 * x
    >>> y.creator is None
    True
    >>> mg.no_autodiff(lambda x: x * 2, to_numpy=True)(x)
    array([2., 4.])
    """,
)

mem_guard_off = _Switch(
    guard._local,
    False,
    """Guard no memory: a context manager and a decorator, for the current thread or task.

    Raw arrays that a graph needs stay writeable then; writing to them makes gradients wrong.

    Examples
    --------
    >>> import mygrad as mg
    >>> with mg.mem_guard_off:
    ...     mg.mem_guard_active()
    False
    """,
)

mem_guard_on = _Switch(
    guard._local,
    True,
    """Guard memory: a context manager and a decorator, for the current thread or task.

    Raw arrays that a graph needs are read-only as long as it needs them, where the array
    library can do that.

    Examples
    --------
    >>> import mygrad as mg
    >>> with mg.mem_guard_on:
    ...     mg.mem_guard_active()
    True
    """,
)


def mem_guard_active() -> bool:
    """Whether memory is guarded, here and now.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.mem_guard_active()
    True
    """
    return guard.guarding()


def turn_memory_guarding_off() -> None:
    """Guard no memory from here on, in the whole process.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.turn_memory_guarding_off()
    >>> mg.mem_guard_active()
    False
    >>> mg.turn_memory_guarding_on()
    """
    guard.set_default_guarding(False)


def turn_memory_guarding_on() -> None:
    """Guard memory from here on, in the whole process. That is the default.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.turn_memory_guarding_on()
    >>> mg.mem_guard_active()
    True
    """
    guard.set_default_guarding(True)
