"""What is asked of the arguments of other libraries' functions, and done with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mygrad.arrays import adapter_of, get_adapter
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.operands import common_adapter, floating

__all__ = ["as_constants", "flat", "has_variable", "on_data", "raw", "without_derivative"]


def has_variable(tree: Any) -> bool:
    """Whether there is a tensor that is no constant among (nested) arguments."""
    if isinstance(tree, Handle):
        return not tree._constant
    if isinstance(tree, (tuple, list)):
        return any(has_variable(branch) for branch in tree)
    return isinstance(tree, dict) and has_variable(list(tree.values()))


def on_data(tree: Any) -> Any:
    """(Nested) arguments with raw arrays in place of tensors."""
    if isinstance(tree, Handle):
        return tree.data  # type: ignore[attr-defined]
    if type(tree) in (tuple, list):
        return type(tree)(on_data(branch) for branch in tree)
    return {k: on_data(v) for k, v in tree.items()} if type(tree) is dict else tree


def as_constants(tree: Any) -> Any:
    """A result with constant tensors in place of floating-point arrays."""
    if isinstance(tree, (tuple, list)):
        return (
            type(tree)(*map(as_constants, tree))
            if hasattr(tree, "_fields")
            else type(tree)(as_constants(branch) for branch in tree)
        )
    adapter = adapter_of(tree)
    if adapter is None or not floating[adapter, tree.dtype]:
        return tree
    return new_handle(adapter.asarray(tree), None, None, None, True)


def without_derivative(name: str) -> TypeError:
    return TypeError(
        f"{name} has no derivative in mygrad, so it does not take tensors that are not constant. "
        f"Write it with functions that mygrad has, or pass `t.data` (mg.asarray(t)) if no "
        f"gradient is to flow through it"
    )


def raw(name: str, function: Callable[..., Any], args: Any, kwargs: Any, spread: Any) -> Any:
    """Call a function on raw arrays: NumPy's own, or that of the library they are of."""
    tensors = [t for t in spread if isinstance(t, Handle)]
    adapter = common_adapter(tensors, name)
    if adapter is not get_adapter("numpy"):
        found = getattr(adapter.xp, name, None)
        if found is None:
            raise TypeError(
                f"{name} is a function of NumPy that {adapter.name} does not have; nothing is "
                f'moved to the host behind your back: use `t.to("numpy")`'
            )
        function = found
    return function(*on_data(args), **on_data(kwargs))


def flat(tree: Any) -> Any:
    """All leaves of (nested) arguments."""
    if isinstance(tree, (tuple, list)):
        for branch in tree:
            yield from flat(branch)
    elif isinstance(tree, dict):
        yield from flat(list(tree.values()))
    else:
        yield tree
