"""Gradients of several losses, added up."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.nodes import Handle
from mygrad.tensors.base import Tensor
from mygrad.transforms.devices import Beside
from mygrad.transforms.traced import is_number
from mygrad.transforms.trees import flatten

__all__ = ["GradientSum"]


class GradientSum:
    """The sum of the gradients of several losses, computed one after another.

    A ``backward()`` replaces the gradients of the one before. Where the losses do not fit into
    memory at once, their gradients are added up here.

    Parameters
    ----------
    parameters
        A tensor, or nested lists, tuples and dictionaries of tensors; arrays and numbers, where
        gradients come from `mygrad.grad` alone.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> w = mg.tensor([1.0, 2.0])
    >>> total = mg.GradientSum(w)
    >>> for x in (np.array([1.0, 0.0]), np.array([3.0, 1.0])):
    ...     np.sum(w * x).backward()
    ...     total.add(weight=0.5)
    >>> total.assign()
    >>> w.grad
    array([2. , 0.5])
    """

    def __init__(self, parameters: Any) -> None:
        self._parameters, self._structure = flatten(parameters)
        self._paths = self._structure.paths("parameters")
        for path, value in zip(self._paths, self._parameters, strict=True):
            if not is_number(value):
                raise TypeError(
                    f"GradientSum: {path} is of type {type(value).__name__}; parameters are "
                    f"tensors, arrays and numbers, and nested lists, tuples and dictionaries of "
                    f"them"
                )
        self.clear()

    def clear(self) -> None:
        """Begin again, with nothing."""
        self._sums: list[Any] = [None] * len(self._parameters)

    def add(self, gradients: Any = None, *, weight: float = 1.0) -> None:
        """Add gradients: the present ones of the parameters, or those that are given.

        Parameters
        ----------
        gradients
            What `mygrad.grad` returned, nested like the parameters; or None for their ``.grad``,
            as the last ``backward()`` left them. None in place of an array counts as zeros.
        weight
            What to multiply them with, 1 / n for the mean of n losses.
        """
        if gradients is None:
            found = [t.grad if isinstance(t, Tensor) else None for t in self._parameters]
            if not any(g is not None for g in found):
                raise ValueError(
                    "GradientSum.add: no parameter has a gradient; call backward() just before, or "
                    "pass what mg.grad returned"
                )
        else:
            found = self._structure.leaves_of(gradients, "gradients", "parameters")
        sums = list(self._sums)
        for k, (g, t) in enumerate(zip(found, self._parameters, strict=True)):
            if g is None:
                continue
            if tuple(getattr(g, "shape", ())) != tuple(getattr(t, "shape", ())):
                raise ValueError(
                    f"GradientSum.add: the gradient of {self._paths[k]} is of shape "
                    f"{tuple(getattr(g, 'shape', ()))}, and the parameter of shape "
                    f"{tuple(getattr(t, 'shape', ()))}"
                )
            with Beside((g,)):
                part = weight * g
                sums[k] = part if sums[k] is None else sums[k] + part
        self._sums = sums

    @property
    def value(self) -> Any:
        """The sums, nested like the parameters; None where nothing was added."""
        return self._structure.filled(self._sums)

    def assign(self) -> None:
        """Make the sums the gradients of the parameters, which have to be tensors."""
        for path, t in zip(self._paths, self._parameters, strict=True):
            if not isinstance(t, Tensor):
                raise TypeError(
                    f"GradientSum.assign: {path} is of type {type(t).__name__}, which has no "
                    f"gradient to assign; take total.value"
                )
        for t, total in zip(self._parameters, self._sums, strict=True):
            t.grad = _for(t, total)


def _for(t: Tensor, total: Any) -> Any:
    """A sum in the dtype of its parameter: NumPy adds 0-d arrays up to scalars."""
    if total is None or isinstance(total, Handle):
        return total
    adapter = t._adapter()
    return adapter.asarray(total, dtype=t._data.dtype, device=adapter.device(t._data))
