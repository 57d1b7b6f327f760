"""What users switch settings with: plainly for the process, or as overrides for some code.

An `Override` is a context manager and a decorator, and holds in the current thread or task.
"""

from __future__ import annotations

import inspect
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from functools import wraps
from typing import Any, Generic, TypeVar

from mygrad.arrays import Selection, get_adapter, selected
from mygrad.autodiff.lost_gradients import Teller, tell
from mygrad.settings import Setting, guarding, lock, recording
from mygrad.tensors.leaving import asarray
from mygrad.tensors.telling import ACTIONS, Action

__all__ = [
    "backend",
    "mem_guard_active",
    "mem_guard_off",
    "mem_guard_on",
    "no_autodiff",
    "on_detach",
    "set_backend",
    "turn_memory_guarding_off",
    "turn_memory_guarding_on",
]

C = TypeVar("C", bound=Callable[..., Any])
T = TypeVar("T")

if hasattr(os, "register_at_fork"):  # no process is born with a lock that another thread held
    os.register_at_fork(
        before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
    )


class Override(Generic[T]):
    """A value for a setting in the current thread or task: a context manager and a decorator.

    One object may be entered from several threads or tasks at once, and within itself.
    Decorated generators, coroutines and asynchronous generators have the value while their own
    code runs, and not while they wait.

    Parameters
    ----------
    setting, value
        What is set, and to what.
    """

    def __init__(self, setting: Setting[T], value: T) -> None:
        self._setting, self._value = setting, value

    def __enter__(self) -> None:
        outer, override = self._setting.outer, self._setting.override
        outer.set((outer.get(), override.get()))
        override.set(self._value)

    def __exit__(self, *_: object) -> None:
        outer, override = self._setting.outer, self._setting.override
        if outer.get() is not None:  # it was entered here, and not where a generator began
            around, before = outer.get()
            outer.set(around)
            override.set(before)

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return self.decorate(func, lambda result: result)

    def decorate(
        self, function: Callable[..., Any], convert: Callable[[Any], Any]
    ) -> Callable[..., Any]:
        """`function` with this value set while it runs, and `convert` applied to its results."""
        wrapped: Callable[..., Any]
        if inspect.iscoroutinefunction(function):

            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return convert(await function(*args, **kwargs))

        elif inspect.isasyncgenfunction(function):

            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                steps = function(*args, **kwargs)
                sent: Any = None
                try:
                    while True:
                        with self:
                            result = convert(await _next_async(steps, sent))
                        try:
                            sent = yield result
                        except GeneratorExit:
                            raise
                        except BaseException as error:
                            sent = error
                except StopAsyncIteration:
                    return
                finally:
                    with self:
                        await steps.aclose()

        elif inspect.isgeneratorfunction(function):

            def wrapped(*args: Any, **kwargs: Any) -> Any:
                steps = function(*args, **kwargs)
                sent: Any = None
                try:
                    while True:
                        try:
                            with self:
                                result = convert(_next(steps, sent))
                        except StopIteration as stop:
                            return stop.value
                        try:
                            sent = yield result
                        except GeneratorExit:
                            raise
                        except BaseException as error:
                            sent = error
                finally:
                    with self:
                        steps.close()

        else:

            def wrapped(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return convert(function(*args, **kwargs))

        return wraps(function)(wrapped)


def _next(steps: Generator[Any, Any, Any], sent: Any) -> Any:
    """Go on with a generator: with a value, or with an exception that was thrown into it."""
    return steps.throw(sent) if isinstance(sent, BaseException) else steps.send(sent)


async def _next_async(steps: AsyncGenerator[Any, Any], sent: Any) -> Any:
    step = steps.athrow(sent) if isinstance(sent, BaseException) else steps.asend(sent)
    return await step


# --- which array library is selected ------------------------------------------------------
def set_backend(name: str | None, *, device: Any = None) -> None:
    """Select, for the whole process, the backend that host data goes to.

    Constructors (``mg.tensor([1., 2.])``, ``mg.zeros(3)``) then make arrays of this backend,
    and host operands (lists, NumPy arrays) are copied to it where they meet its tensors.
    Arrays of other libraries are never moved.

    Parameters
    ----------
    name
        As in `available_backends`; None takes the selection back, so that arrays decide for
        themselves again and constructors make NumPy arrays.
    device
        The device of that backend, as its library names it; its current one if not given.

    Raises
    ------
    ImportError
        The backend cannot be used here; the message says why and what to install.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.set_backend("numpy")
    >>> mg.tensor([1.0, 2.0]).backend
    'numpy'
    >>> mg.set_backend(None)
    """
    selected.default = None if name is None else Selection(get_adapter(name), device)


class backend(Override[Selection | None]):
    """Select a backend for the code inside, in this thread or task only.

    It is a context manager and a decorator.

    Parameters
    ----------
    name, device
        As for `set_backend`.

    Examples
    --------
    >>> import mygrad as mg
    >>> with mg.backend("numpy"):
    ...     x = mg.ones(3)
    """

    def __init__(self, name: str, *, device: Any = None) -> None:
        super().__init__(selected, Selection(get_adapter(name), device))


def select_from_environment() -> None:
    """Apply ``MYGRAD_BACKEND``, as in ``cupy`` or ``cupy:1``; called once, at the import."""
    spelled = os.environ.get("MYGRAD_BACKEND", "")
    name, _, device = spelled.partition(":")
    if name and name != "numpy":
        try:
            set_backend(name, device=device or None)
        except (ImportError, ValueError) as error:
            raise ImportError(f"MYGRAD_BACKEND={spelled}: {error}") from error


# --- what happens where a gradient is lost ------------------------------------------------
_defaults: deque[on_detach] = deque(maxlen=100)
"""What was called plainly, or is about to be entered; the last one says what holds."""


class on_detach(Override[Teller]):
    """Choose what happens where a gradient would be lost silently.

    Called plainly it sets the default of the process; as a context manager or a decorator, what
    happens in the current thread or task.

    Parameters
    ----------
    action
        ``"warn"`` (the default) warns, with `mygrad.errors.GradientDetached` where a variable
        becomes plain data, `mygrad.errors.GradientStopped` where a gradient ends at a graph that
        was cleared, and `mygrad.errors.NothingToDifferentiate` where ``backward()`` does nothing.
        ``"error"`` (or ``"raise"``) raises these, ``"ignore"`` does nothing.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> y = 2 * mg.tensor([1.0, 2.0])
    >>> with mg.on_detach("ignore"):
    ...     np.asarray(y)
    array([2., 4.])
    """

    def __init__(self, action: Action) -> None:
        if action not in ACTIONS:
            raise ValueError(
                f"on_detach takes 'warn', 'error' (or 'raise') or 'ignore', and was given "
                f"{action!r}"
            )
        super().__init__(tell, ACTIONS[action])
        with lock:
            _defaults.append(self)
            tell.default = ACTIONS[action]

    def _undo(self) -> None:
        """It was not called plainly after all."""
        with lock:  # other threads may have done the same in between
            if self in _defaults:
                _defaults.remove(self)
                tell.default = _defaults[-1]._value if _defaults else ACTIONS["warn"]

    def __enter__(self) -> None:
        self._undo()
        super().__enter__()

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function: the action holds while it runs."""
        self._undo()
        return super().__call__(func)


# --- recording, guarding ------------------------------------------------------------------
class _Switch(Override[bool]):
    """A setting switched on or off in the current thread or task, and its documentation."""

    def __init__(self, name: str, setting: Setting[bool], value: bool, doc: str) -> None:
        super().__init__(setting, value)
        self.__name__, self.__doc__ = name, doc


def _without_brackets(call: C) -> C:
    """Say how a switch is used to those who call it, as they do those of other libraries."""

    @wraps(call)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not args and "func" not in kwargs:
            name = f"mg.{self.__name__}"
            raise TypeError(f"write `with {name}:` or `@{name}`, and no brackets after it")
        return call(self, *args, **kwargs)

    return checked  # type: ignore[return-value]


class _NoAutodiff(_Switch):
    @_without_brackets
    def __call__(self, func: Callable[..., Any], to_numpy: bool = False) -> Callable[..., Any]:
        return self.decorate(func, asarray) if to_numpy else super().__call__(func)


class _MemGuard(_Switch):
    __call__ = _without_brackets(_Switch.__call__)


no_autodiff = _NoAutodiff(
    "no_autodiff",
    recording,
    False,
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

mem_guard_off = _MemGuard(
    "mem_guard_off",
    guarding,
    False,
    """Guard no memory: a context manager and a decorator, for the current thread or task.

    Raw arrays that a graph needs stay writeable then; writing to them makes gradients wrong.

    Parameters
    ----------
    func
        The function to decorate.

    Examples
    --------
    >>> import mygrad as mg
    >>> with mg.mem_guard_off:
    ...     mg.mem_guard_active()
    False
    """,
)

mem_guard_on = _MemGuard(
    "mem_guard_on",
    guarding,
    True,
    """Guard memory: a context manager and a decorator, for the current thread or task.

    Raw arrays that a graph needs are read-only as long as it needs them, where the array
    library can do that.

    Parameters
    ----------
    func
        The function to decorate.

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
    return guarding.get()


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
    guarding.default = False


def turn_memory_guarding_on() -> None:
    """Guard memory from here on, in the whole process. That is the default.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.turn_memory_guarding_on()
    >>> mg.mem_guard_active()
    True
    """
    guarding.default = True
