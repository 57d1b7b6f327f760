"""Arguments of functions under test: what in them is differentiated, and how to call it again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mygrad.arrays import Adapter, adapter_of, get_adapter
from mygrad.autodiff.operands import floating
from mygrad.tensors.base import Tensor
from mygrad.testing.closeness import on_host

__all__ = ["Arguments", "Variable", "outputs_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Variable:
    """An argument, or a part of one, that is differentiated by.

    Attributes
    ----------
    path
        How the user would write it: ``params['w']``.
    values
        Its values, in its dtype, on the host.
    home
        The library and device of a tensor or device array; (None, None) for data on the host,
        which goes where the user's selection says.
    """

    path: str
    values: Array
    home: tuple[str | None, Any]

    def tensor(self) -> Tensor:
        """A new leaf, in the variable's own dtype and place."""
        backend, device = self.home
        return Tensor(self.values, constant=False, backend=backend, device=device)

    @property
    def precise(self) -> Array:
        """The values in double precision."""
        kind = np.complex128 if self.values.dtype.kind == "c" else np.float64
        return self.values.astype(kind)


class Arguments:
    """The arguments of a call: variables in nested lists, tuples and dictionaries of anything."""

    def __init__(self, f: Callable[..., Any], args: Sequence[Any]) -> None:
        self.args = args
        names = names_of(f, len(args))
        self.variables: list[Variable] = []
        self.libraries: set[str] = set()
        for name, argument in zip(names, args, strict=True):
            for path, value in leaves(argument, name):
                self.note(path, value)

    def note(self, path: str, value: Any) -> None:
        adapter = array_library(value)
        if adapter is None:
            return
        array = value._data if isinstance(value, Tensor) else value
        home: tuple[str | None, Any] = None, None
        if isinstance(value, Tensor) or adapter is not get_adapter("numpy"):
            home = adapter.name, adapter.device(array)
            self.libraries.add(adapter.name)
        if is_variable(value, adapter):
            self.variables.append(Variable(path, on_host(array), home))

    def filled(self, variables: Sequence[Any], constants: Callable[[Any], Any]) -> list[Any]:
        """The arguments with these variables; other tensors and arrays go through `constants`."""
        left = iter(variables)

        def fill(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: fill(item) for key, item in value.items()}
            if isinstance(value, tuple) and hasattr(value, "_fields"):
                return type(value)(*map(fill, value))
            if isinstance(value, (list, tuple)):
                return type(value)(map(fill, value))
            adapter = array_library(value)
            if adapter is None:
                return value
            return next(left) if is_variable(value, adapter) else constants(value)

        return [fill(argument) for argument in self.args]


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """What the function calls its arguments."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[k] if k < len(names) else f"args[{k}]" for k in range(count)]


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What is in nested lists, tuples and dictionaries, and where."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for k, item in enumerate(value):
            yield from leaves(item, f"{path}[{k}]")
    else:
        yield path, value


def array_library(value: Any) -> Adapter | None:
    """The adapter of a tensor or an array; None for numbers and for anything else."""
    if isinstance(value, Tensor):
        return adapter_of(value._data)
    adapter = adapter_of(value)
    return None if adapter is None or isinstance(value, adapter.scalar_types) else adapter


def is_variable(value: Any, adapter: Adapter) -> bool:
    if isinstance(value, Tensor):
        return not value.constant
    return bool(floating[adapter, value.dtype])


def outputs_of(result: Any, path: str = "result") -> list[Any]:
    """The tensors, arrays and numbers in what a function returned, in order."""
    found = []
    for where, value in leaves(result, path):
        if not isinstance(value, (Tensor, bool, int, float, complex)) and adapter_of(value) is None:
            raise TypeError(
                f"check_grads: {where} is a {type(value).__name__}; functions under test return "
                f"tensors, or lists, tuples and dictionaries of them"
                + (" (is there a return?)" if value is None else "")
            )
        found.append(value)
    return found
