"""Calls that are made again, eagerly, for who differentiates the gradient of one.

The pullback of a call is a program, which nothing goes through. Where a derivative of it is wanted
the function runs again, on the values that the call had: if it changes nothing outside, if what it
reaches is the same as then, and if its tensors have their memory to themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mygrad.autodiff.nodes import Handle, buffer_of, new_buffer
from mygrad.compile.entries import Met, _Dynamic, _Number
from mygrad.compile.reaching import Reached, reach
from mygrad.errors import InvalidBackprop
from mygrad.transforms.pull import pull
from mygrad.transforms.trees import flatten

__all__ = ["Rerun", "leaf_of", "rerun_of"]

_SLOTS = ("_data", "_buffer", "_window", "_base", "_extras")


def rerun_of(function: Callable[..., Any], met: Met, changes: Any, random: bool) -> Rerun | None:
    """How a function runs again; None if it changes something, or draws random numbers."""
    located = met.located
    alone = all(g.base is not None and len(g.members) == 1 for g in located.groups)
    gradients = any(number is not None for _, number in changes.grads)  # using one nulls it
    changed = (
        changes.memory or gradients or changes.grad_guards or changes.rebound or changes.shapes
        or changes.stores or changes.number_stores
    )  # fmt: skip
    held = any(place is not None for place, _ in met.numbers)
    return None if changed or random or held or not alone else Rerun(function, met)


class Rerun:
    """How a function that was traced runs again."""

    def __init__(self, function: Callable[..., Any], met: Met) -> None:
        self.function, self.leaves, self.structure = function, met.leaves, met.structure
        self.groups = [k for k, _, _ in met.located.where]
        self.first_array = next(
            (k for k, h in enumerate(met.holders) if h is not None), len(self.groups)
        )
        self.signature, self.more = tuple(met.reached.signature), met.reached.more

    def adjoints(
        self, call: Sequence[Any], result: int, g: Any, operands: Sequence[int],
        versions: Sequence[Any], saved: dict[int, Any],
    ) -> list[Any]:  # fmt: skip
        """The adjoints of tensors, as tensors with a graph.

        Parameters
        ----------
        call
            The tensors and the numbers of the call.
        result
            Which of the leaves of what is returned is differentiated.
        g
            Its adjoint, a tensor.
        operands, versions
            The numbers of tensors, and the versions of them that are differentiated by.
        saved
            What the memory of the call held, by the numbers of groups.
        """
        tensors, numbers = call
        reached = reach(self.function, set(), set(), self.more)
        known = {id(t) for t in tensors}
        same = tuple(reached.signature) == self.signature
        if not same or any(id(t) not in known for _, t in reached.tensors):
            raise InvalidBackprop(
                "the derivative of a gradient is wanted, for which a compiled function is called "
                "again, and it meets other tensors, objects or numbers than it did. Take it before "
                "these change, or compile the function that takes both derivatives"
            )
        now = dict(zip(operands, versions, strict=True))
        with self._as_it_was(reached, tensors, now, saved):
            leaves = [
                tensors[leaf.k] if isinstance(leaf, _Number)
                else numbers[leaf.k] if isinstance(leaf, _Dynamic) else leaf
                for leaf in self.leaves
            ]  # fmt: skip
            args, kwargs = self.structure.filled(leaves)
            t = flatten(self.function(*args, **kwargs))[0][result]
            found = pull([t], [g], list(versions), True)
        return [adjoint for adjoint, _ in found]

    @contextmanager
    def _as_it_was(
        self, reached: Reached, tensors: Sequence[Handle], now: Any, saved: Any
    ) -> Iterator[None]:
        """Tensors with the values, and the versions, that they had in the call."""
        before = [[getattr(t, name) for name in _SLOTS] for t in tensors]
        arrays = [
            (place, key, array) for place, key, array in reached.arrays
            if array.dtype.kind in "fiubc" and array.dtype.isnative
        ]  # fmt: skip
        try:
            for k, t in enumerate(tensors):
                values = saved.get(self.groups[k])
                data = t._data if values is None else values.copy()
                buffer = new_buffer(now.get(k) or (None if t._constant else buffer_of(t).version))
                t._data, t._buffer, t._window, t._base, t._extras = data, buffer, None, None, None
            for j, (place, key, _) in enumerate(arrays):
                place.put(key, tensors[self.first_array + j])
            yield
        finally:
            for t, slots in zip(tensors, before, strict=True):
                for name, value in zip(_SLOTS, slots, strict=True):
                    setattr(t, name, value)
            for place, key, array in arrays:
                place.put(key, array)


def leaf_of(result: Any, t: Any) -> int | None:
    """Which of the leaves of a result a tensor is."""
    leaves = flatten(result)[0]
    return next((k for k, leaf in enumerate(leaves) if leaf is t), None)
