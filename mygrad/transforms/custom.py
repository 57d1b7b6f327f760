"""Functions with a derivative of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from types import MethodType
from typing import Any

from mygrad.arrays import adapter_of, by_type
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.tape import clock, tracking
from mygrad.transforms.calls import FUNCTION_CALL, Packing, record
from mygrad.transforms.pull import Between
from mygrad.transforms.traced import ARGUMENT, chosen, entered, is_number, like
from mygrad.transforms.trees import Structure, flatten

__all__ = ["custom_vjp"]

Function = Callable[..., Any]


class custom_vjp:
    """A function that is differentiated by a function of the user's own.

    Parameters
    ----------
    fun
        A function of anything, variables in nested lists, tuples and dictionaries among it, that
        returns tensors, arrays or numbers, or nested ones. It is called where nothing is to be
        differentiated.
    nondiff_argnums
        The numbers of arguments that are never differentiated by.

    Notes
    -----
    A call costs what `fwd` costs, and what its variables and results take to copy. For second
    derivatives `fwd` is called again, and `fwd` and `bwd` are differentiated themselves: `bwd` has
    to be written in operations of mygrad, as functions of tensors are.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> @mg.custom_vjp
    ... def log1pexp(x):
    ...     return np.log1p(np.exp(x))
    >>> def fwd(x):
    ...     return log1pexp(x), x
    >>> def bwd(x, g):
    ...     return (g * (1 - 1 / (1 + np.exp(x))),)
    >>> log1pexp.defvjp(fwd, bwd)
    >>> mg.grad(log1pexp)(100.0)
    array(1.)
    """

    __name__: str

    def __init__(self, fun: Function, nondiff_argnums: Sequence[int] = ()) -> None:
        update_wrapper(self, fun)
        self.fun = fun
        self.nondiff_argnums = tuple(nondiff_argnums)
        self.fwd: Function | None = None
        self.bwd: Function | None = None
        self._count = getattr(getattr(fun, "__code__", None), "co_argcount", None)

    def defvjp(self, fwd: Function, bwd: Function) -> None:
        """Say how the function is differentiated.

        Parameters
        ----------
        fwd
            It takes what the function takes, and returns a pair: the result, and whatever `bwd`
            needs.
        bwd
            It takes the arguments of `nondiff_argnums`, what `fwd` kept for it, and the adjoint of
            the result, nested like it. It returns a tuple with the adjoint of each other argument,
            nested like it, or None in the place of zeros. Arrays are tensors, which are constant
            unless what it returns is to be differentiated.
        """
        self.fwd, self.bwd = fwd, bwd

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.fwd is None or self.bwd is None:
            raise TypeError(
                f"custom_vjp: {self.__name__} has no derivative yet; say "
                f"{self.__name__}.defvjp(fwd, bwd)"
            )
        if kwargs or len(args) != self._count:
            bound = inspect.signature(self.fun).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
            if kwargs:
                raise TypeError(
                    f"custom_vjp: {self.__name__} takes keyword-only arguments, whose adjoints "
                    f"would have no place in what bwd returns; make them positional"
                )
        skipped = set()
        if self.nondiff_argnums:
            skipped = set(chosen(self.nondiff_argnums, len(args), "custom_vjp"))
        call = _Call(self, args, skipped)
        if not tracking() or not call.variables:
            return self.fun(*args)
        return call.results()


class _Call:
    """One call of a function with a derivative of its own.

    Attributes
    ----------
    numbers, structures
        The arguments that may be differentiated by, and how each is nested.
    leaves, paths
        What is in them, and where; in the places of variables there is None.
    places
        Where these are among the leaves.
    residuals
        What `fwd` kept.
    """

    def __init__(self, of: custom_vjp, args: Sequence[Any], skipped: set[int]) -> None:
        self.of = of
        self.args = list(args)
        self.numbers = [k for k in range(len(args)) if k not in skipped]
        self.skipped = [args[k] for k in sorted(skipped)]
        self.leaves: list[Any] = []
        self.structures: list[Structure] = []
        for k in self.numbers:
            found, structure = flatten(args[k])
            self.leaves += found
            self.structures.append(structure)
            self.args[k] = None
        self.places = [
            k for k, t in enumerate(self.leaves) if isinstance(t, Handle) and not t._constant
        ]
        self.variables: list[Any] = [self.leaves[k] for k in self.places]

    def forward(self, variables: Sequence[Any]) -> tuple[Any, Any]:
        """The result of `fwd` for these tensors in the place of the variables, and residuals."""
        leaves, args = list(self.leaves), list(self.args)
        for k, t in zip(self.places, variables, strict=True):
            leaves[k] = t
        start = 0
        for k, structure in zip(self.numbers, self.structures, strict=True):
            args[k] = structure.filled(leaves[start : start + structure.count])
            start += structure.count
        assert self.of.fwd is not None
        returned = self.of.fwd(*args)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise TypeError(
                f"custom_vjp: the fwd of {self.of.__name__} has to return a pair, the result and "
                f"what bwd needs; it returned a {type(returned).__name__}"
            )
        return returned

    def results(self) -> Any:
        copies = [_constant(by_type[type(t._data)].copy(t._data)) for t in self.variables]
        for k in self.places:
            self.leaves[k] = None
        since = next(clock)
        result, residuals = self.forward(copies)
        found, self.structure = flatten(result)
        kept, kept_structure = flatten(residuals)
        live = [t for t in (*found, *kept) if isinstance(t, Handle) and not t._constant]
        starts = [t._buffer.version for t in live if t._buffer and t._buffer.version]
        if Between(starts, (), since).outside:
            raise TypeError(
                f"custom_vjp: the fwd of {self.of.__name__} computes with a variable that is no "
                f"argument, whose derivative would be lost; pass it as an argument, or t.detach()"
            )
        for j, value in enumerate(found):
            if not is_number(value):
                raise TypeError(
                    f"custom_vjp: {self.structure.paths('result')[j]} of {self.of.__name__} is of "
                    f"type {type(value).__name__}; results are tensors, arrays and numbers"
                )
        kept = [_constant(a._data) if isinstance(a, Handle) else a for a in kept]
        self.residuals = kept_structure.filled(kept)
        beside = copies[0]
        adapter = by_type[type(beside._data)]
        arrays = [
            adapter.asarray(_raw(a), device=adapter.device(beside._data))
            if type(_raw(a)) not in adapter.array_types else _raw(a)
            for a in found
        ]  # fmt: skip
        packing = self.packing = Packing(arrays)
        operands, self.variables = self.variables, []
        data = [t._data for t in operands]
        made = record(FUNCTION_CALL, self, operands, data, packing, packing.packed(arrays))
        return self.structure.filled(made)

    def pull(self, g: Any, operands: Sequence[Any], numbers: Sequence[int], out: Any) -> list[Any]:
        """The adjoints of variables, which `bwd` returns."""
        on_tensors = isinstance(g, Handle)
        if on_tensors:
            entries = [entered(t, True, "custom_vjp", ARGUMENT) for t in operands]
            residuals = self.forward(entries)[1]
            parts = self.packing.parts(g.copy())  # type: ignore[attr-defined]
        else:
            residuals = self.residuals
            adapter: Any = adapter_of(g)
            parts = [_constant(part) for part in self.packing.parts(adapter.copy(g))]
        assert self.of.bwd is not None
        adjoints = self.of.bwd(*self.skipped, residuals, self.structure.filled(parts))
        if not isinstance(adjoints, (tuple, list)) or len(adjoints) != len(self.numbers):
            found = f"{len(adjoints)}" if isinstance(adjoints, (tuple, list)) else "no tuple"
            raise TypeError(
                f"custom_vjp: the bwd of {self.of.__name__} has to return a tuple with the adjoint "
                f"of each of its {len(self.numbers)} arguments, None for zeros; it returned {found}"
            )
        leaves: list[Any] = []
        paths: list[str] = []
        for k, structure, adjoint in zip(self.numbers, self.structures, adjoints, strict=True):
            names = structure.paths(f"adjoints[{k}]")
            paths += names
            if adjoint is None:
                leaves += [None] * structure.count
            else:
                leaves += structure.leaves_of(adjoint, f"adjoints[{k}]", f"args[{k}]")
        wanted = []
        for k in numbers:
            place = self.places[k]
            wanted.append(self._array(leaves[place], operands[k], paths[place], on_tensors))
        return wanted

    def _array(self, adjoint: Any, operand: Any, path: str, on_tensors: bool) -> Any:
        t = operand if on_tensors else _constant(operand)
        if adjoint is None:
            adjoint = namespace_of(by_type[type(t._data)]).zeros_like(t._data)
        adjoint = like(adjoint, t, f"the bwd of {self.of.__name__}", path, "argument")
        if on_tensors:
            if isinstance(adjoint, Handle):
                return adjoint
            return _constant(adjoint)
        return _raw(adjoint)


def _raw(value: Any) -> Any:
    return value._data if isinstance(value, Handle) else value


def _constant(array: Any) -> Any:
    return new_handle(array, None, None, None, True)
