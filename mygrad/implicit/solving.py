"""What all functions here share: values for SciPy, and what makes a solution differentiable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mygrad.arrays import adapter_of, get_adapter
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.tape import clock
from mygrad.errors import MyGradException
from mygrad.transforms.batching.array import OneAtATime
from mygrad.transforms.custom import custom_vjp
from mygrad.transforms.pull import Between
from mygrad.transforms.trees import flatten

__all__ = [
    "NoSolution", "Parameters", "differentiable", "host_function", "host_values", "raw",
]  # fmt: skip

Function = Callable[..., Any]


class NoSolution(MyGradException):
    """A solver of SciPy's has not found what it looked for, so that there is no derivative."""


def host_values(function: str, **trees: Any) -> None:
    """Raise unless all arrays among these arguments are NumPy's."""
    host = get_adapter("numpy")
    for name, tree in trees.items():
        leaves, structure = flatten(tree)
        for leaf, path in zip(leaves, structure.paths(name), strict=True):
            adapter = adapter_of(leaf._data if isinstance(leaf, Handle) else leaf)
            if adapter is not None and adapter.batches:
                raise OneAtATime(
                    f"mygrad.implicit.{function} computes with SciPy, which takes one problem at a "
                    f"time, and {path} is batched by vmap; loop over the examples in its place"
                )
            if adapter is not None and adapter is not host:
                raise TypeError(
                    f"mygrad.implicit.{function} computes with SciPy, on NumPy's arrays, and "
                    f"{path} is an array of {adapter.name}; hand over {path}.to('numpy') if it is "
                    f"a tensor, and take the solution back with .to({adapter.name!r})"
                )


def host_function(function: str, fun: Function, real: bool = True) -> Function:
    """A user's function of arrays, for a solver: its result as NumPy's array.

    It raises where that is complex, unless `real` is False.
    """
    host = get_adapter("numpy")

    def evaluated(*args: Any) -> Any:
        since = next(clock)
        value = fun(*args)
        if isinstance(value, Handle):
            if not value._constant and value._buffer and value._buffer.version:
                if Between([value._buffer.version], (), since).outside:
                    raise TypeError(
                        f"mygrad.implicit.{function}: the function computes with a variable that "
                        f"is none of its parameters, whose derivative would be lost; pass it in "
                        f"args=, or t.detach()"
                    )
            value = value._data
        adapter = adapter_of(value)
        if adapter is not None and adapter is not host:
            raise TypeError(
                f"mygrad.implicit.{function}: the function returned an array of {adapter.name}; "
                f"it is called with NumPy's arrays, and has to compute with them"
            )
        array = host.asarray(value)
        if real and host.xp.isdtype(array.dtype, "complex floating"):
            raise TypeError(
                f"mygrad.implicit.{function}: the function returned complex numbers where it was "
                f"given real ones; if the unknowns are complex, begin with complex ones, x0 + 0j"
            )
        return array

    return evaluated


class Parameters:
    """The parameters of a problem, of which some are variables.

    Attributes
    ----------
    variables
        The tensors to differentiate by, in a row.
    """

    def __init__(self, args: Sequence[Any]) -> None:
        leaves, self._structure = flatten(tuple(args))
        self._places = [
            k for k, t in enumerate(leaves) if isinstance(t, Handle) and not t._constant
        ]
        self.variables: list[Any] = [leaves[k] for k in self._places]
        self._leaves = [raw(leaf) for leaf in leaves]

    def number(self, leaf: int) -> int | None:
        """Which of the variables a leaf of the parameters is."""
        return self._places.index(leaf) if leaf in self._places else None

    def filled(self, values: Sequence[Any]) -> Any:
        """All parameters, nested as they were, with these values in the place of the variables."""
        leaves = list(self._leaves)
        for k, value in zip(self._places, values, strict=True):
            leaves[k] = value
        return self._structure.filled(leaves)


def differentiable(
    name: str, args: Sequence[Any], solve: Function, adjoints: Callable[..., Sequence[Any]]
) -> Any:
    """A solution, as a function of parameters.

    Parameters
    ----------
    name
        The public function.
    args
        The parameters: nested arrays and tensors.
    solve
        Called with raw parameters, it returns the solution, an array.
    adjoints
        Called with the parameters, the values of the variables, the solution and its adjoint, all
        tensors or all arrays, it returns the adjoint of each variable. On tensors it computes with
        operations that differentiate.
    """
    parameters = Parameters(args)

    def solution(*values: Any) -> Any:
        return solve(*parameters.filled([raw(value) for value in values]))

    def fwd(*values: Any) -> tuple[Any, Any]:
        x = solved(*values)  # a function of the parameters itself, where these are variables
        return x, (values, x)

    def bwd(kept: Any, g: Any) -> tuple[Any, ...]:
        values, x = kept
        host_values(name, adjoint=g)
        return tuple(adjoints(parameters, values, x, g))

    solution.__name__ = solution.__qualname__ = f"implicit.{name}"
    solved = custom_vjp(solution)
    solved.defvjp(fwd, bwd)
    variables, parameters.variables = parameters.variables, []
    return solved(*variables)


def raw(value: Any) -> Any:
    """The array of a tensor, or what is no tensor."""
    return value._data if isinstance(value, Handle) else value
