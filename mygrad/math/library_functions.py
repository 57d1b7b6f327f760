"""Elementwise functions that libraries have, and rules of others do not call by name.

Their names are not in the namespace `xp`: another library, or another room, may call something else
so. Rules that need one write ``xp[function]``. A function of several results is made of one
primitive for each.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from mygrad.arrays import Adapter
from mygrad.autodiff.nodes import tensor_class
from mygrad.autodiff.primitive import Rule
from mygrad.math.ufunc import Elementwise
from mygrad.tensors.documentation import TEXTS

__all__ = ["LibraryFunction", "documented", "library_function", "several_of"]

Part = tuple[str, int | None]


class LibraryFunction(Elementwise):
    """An elementwise function of array libraries.

    Parameters
    ----------
    forward
        Its operands and text, and maybe a composition for libraries without: it then takes ``xp``.
    rules
        By operand, its rule; None where the function is piecewise constant.
    part
        For one of several results: the function that has them, and the number of this one.
    """

    of_mygrad = False

    def __init__(
        self, forward: Callable[..., Any], rules: Mapping[str, Rule | None], part: Part | None
    ) -> None:
        self.library_name, self.part = part or (forward.__name__.lstrip("_"), None)
        super().__init__(forward, rules)
        self.is_ours = True  # the sweep need not copy what its rules return

    def find(self, adapter: Adapter) -> Any:
        """The library's function; None if it has none."""
        return getattr(adapter.xp, self.library_name, None)

    def compute(self, adapter: Adapter) -> Callable[..., Any]:
        found, part = self.find(adapter), self.part
        if found is None and self.takes_xp:
            return super().compute(adapter)
        if found is None:
            raise TypeError(
                f"{adapter.name} has no function {self.library_name}, and nothing is moved to the "
                f'host behind your back: use `t.to("numpy")`'
            )
        return adapter.following(
            found if part is None else lambda *operands: found(*operands)[part]
        )


def library_function(
    part: Part | None = None, **rules: Rule | None
) -> Callable[[Callable[..., Any]], LibraryFunction]:
    """Declare an elementwise function of array libraries: a rule for each operand, or None."""

    def declare(forward: Callable[..., Any]) -> LibraryFunction:
        names = [n for n in inspect.signature(forward).parameters if n != "xp"]
        return LibraryFunction(documented(forward, names), rules, part)

    return declare


def several_of(
    *parts: LibraryFunction, options: tuple[str, ...] = ("where", "dtype", "constant")
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function of several results: one function for each, of the same operands."""

    def declare(forward: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(forward)
        def function(*operands: Any, out: Any = None, **given: Any) -> Any:
            if unknown := given.keys() - set(options):
                raise TypeError(f"{forward.__name__}() has no argument {min(unknown)!r}")
            outs = (None,) * len(parts) if out is None else out
            if any(o is not None for o in outs):  # all results are of the operands as they were
                kind = tensor_class()
                operands = tuple(t.copy() if isinstance(t, kind) else t for t in operands)
            return tuple(
                part(*operands, out=o, **given) for part, o in zip(parts, outs, strict=True)
            )

        own = inspect.signature(forward).parameters
        tail = inspect.signature(_tail).parameters
        function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [*own.values(), *(p for n, p in tail.items() if n in ("out", *options))],
            return_annotation=f"tuple[{', '.join(['Tensor'] * len(parts))}]",
        )
        return documented(function, list(own), "", "tuple[Tensor, ...]", options)

    return declare


def _tail(
    *, out: Any = None, where: Any = True, dtype: Any = None, constant: bool | None = None
) -> None:
    """The parameters that functions of several results have after their operands."""


def documented(
    function: Callable[..., Any], names: list[str], refused: str = "", returns: str = "Tensor",
    options: tuple[str, ...] = (),
) -> Callable[..., Any]:  # fmt: skip
    """Put in what all these functions have in common between the text and the example."""
    text, _, example = inspect.cleandoc(function.__doc__ or "").partition("\n>>> ")
    listed = [f"{', '.join(names)}\n    Tensors, arrays or numbers"]
    listed[0] += ", which broadcast." if len(names) > 1 else "."
    if refused:
        listed[0] += f" There is no derivative by {', '.join(refused.split())}."
    if options:
        listed.append("out\n    Where to write the results.")
        listed += [f"{option}\n    {TEXTS[option]}" for option in options]
    parts = [text.strip(), "\n".join(["Parameters\n----------", *listed])]
    parts.append(f"Returns\n-------\n{returns}")
    if example:
        parts.append(f"Examples\n--------\n>>> import mygrad as mg\n>>> {example}")
    function.__doc__ = "\n\n".join(parts) + "\n"
    return function
