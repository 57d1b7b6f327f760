"""What ``help()``, ``inspect.signature`` and type hints say of operations.

A declaration says what is particular: its operands, its parameters, its text. What all operations
have in common (``out=``, ``where=``, ``constant=``, ..., that operands are array-like and results
tensors) is said here, once, and put together with the declaration when somebody asks.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from mygrad import typing
from mygrad.autodiff.nodes import tensor_class
from mygrad.autodiff.primitive import Primitive

__all__ = ["KINDS", "documentation", "hints", "install", "signature"]

KINDS = {
    "axis": "AxisLike", "axes": "AxisLike", "source": "AxisLike", "destination": "AxisLike",
    "constant": "bool | None", "dtype": "DTypeLikeReals", "where": "ArrayLike",
    "initial": "ArrayLike | None", "mean": "ArrayLike | None", "correction": "float | None",
    "include_initial": "bool | None", "nan_to_num": "bool", "shape": "int | Shape | None",
    "newshape": "int | Shape | None", "shift": "int | Shape", "reps": "int | Shape",
    "stride": "int | Shape", "padding": "int | Shape", "dilation": "int | Shape", "pool": "Shape",
    "x": "ArrayLike", "y": "ArrayLike", "condition": "ArrayLike",
}  # fmt: skip
"""The types of parameters that declarations leave open, by name; an operand is an ArrayLike."""

TEXTS = {
    "out": "A tensor or array to write the result into, which is returned, as a tensor.",
    "where": "Where to compute: booleans that broadcast. Elsewhere is what `out` had, or anything.",
    "dtype": "The data type to compute in; by default that of the operands.",
    "constant": "Whether the result is constant; by default it is if all operands are.",
}
"""What parameters mean that declarations do not explain, by name."""

OPEN = ("Any", Any, inspect.Parameter.empty)


def signature(operation: Any, declared: inspect.Signature) -> inspect.Signature:
    """The signature of an operation, with the types that its declaration leaves open."""
    operand = "Sequence[ArrayLike] | Tensor" if operation.variadic else "ArrayLike"
    common = dict.fromkeys(operation.operand_names, operand)
    parameters = [
        p.replace(annotation=common.get(p.name) or KINDS.get(p.name, "Any"))
        if p.annotation in OPEN else p
        for p in declared.parameters.values() if p.name != "self"
    ]  # fmt: skip
    return declared.replace(parameters=parameters, return_annotation="Tensor")


def hints(operation: Any, _: Any) -> dict[str, Any]:
    """The types of an operation's signature, for `typing.get_type_hints`."""
    found = inspect.signature(operation)
    kinds = {n: p.annotation for n, p in found.parameters.items()}
    kinds["return"] = found.return_annotation
    names = {**vars(typing), **operation.forward.__globals__, "Tensor": tensor_class()}
    return {n: eval(k, names) if isinstance(k, str) else k for n, k in kinds.items()}


def documentation(operation: Any, declared: str | None) -> str | None:
    """The docstring of an operation, with those of its parameters that all operations have."""
    if not declared:
        return declared
    summary, *sections = _sections(declared)
    titles = [section.partition("\n")[0] for section in sections]
    if "Parameters" in titles:
        k = titles.index("Parameters")
    else:
        k = 0
        sections.insert(0, "Parameters\n----------")
        titles.insert(0, "Parameters")
    title, *entries = re.split(r"\n(?=\S)(?!-)", sections[k])
    explained = {name: entry for entry in entries for name in _names(entry)}
    for name in inspect.signature(operation).parameters:
        if name not in explained and name in TEXTS:
            explained[name] = f"{name}\n    {TEXTS[name]}"
    in_order = [explained.pop(n) for n in inspect.signature(operation).parameters if n in explained]
    sections[k] = "\n".join([title, *dict.fromkeys([*in_order, *explained.values()])])
    if not {"Returns", "Yields"} & set(titles):
        sections.insert(k + 1, "Returns\n-------\nTensor")
    return "\n\n".join([summary, *sections]) + "\n"


def _sections(text: str) -> list[str]:
    """What a docstring begins with, and its sections."""
    return re.split(r"\n\n(?=[A-Z][\w ]+\n---+\n)", inspect.cleandoc(text))


def _names(entry: str) -> list[str]:
    """The parameters that an entry of a docstring explains: ``x1, x2 : ArrayLike``."""
    return re.findall(r"\w+", entry.partition("\n")[0].partition(" :")[0])


class Asked:
    """An attribute of operations that is worked out when somebody asks for it.

    Parameters
    ----------
    name
        What it is called.
    work_out
        Makes it from the operation, and from what its declaration says there.
    of_class
        What the class itself has under that name; it has none if that is not given.
    """

    def __init__(
        self, name: str, work_out: Callable[[Any, Any], Any], of_class: Any = OPEN
    ) -> None:
        self.name, self.work_out, self.of_class = name, work_out, of_class
        self.place = f"_{name.strip('_')}"

    def __get__(self, operation: Any, owner: Any = None) -> Any:
        if operation is None:
            if self.of_class is OPEN:
                raise AttributeError(f"{owner.__name__} has no {self.name}")
            return self.of_class
        known = vars(operation)
        if self.place not in known:
            known[self.place] = self.work_out(operation, known.get(self.name))
        return known[self.place]

    def items(self) -> Any:
        """Type hints of a class are looked for in its ``__dict__``, where this is."""
        return self.of_class.items()

    def __set__(self, operation: Any, value: Any) -> None:
        known = vars(operation)
        known[self.name] = value
        known.pop(self.place, None)


def install(_: Any) -> None:
    """Let operations, also those that are declared later, be described when somebody asks."""
    kinds: list[Any] = [Primitive]
    made_of = _sections(Primitive.__doc__ or "")[1:2]
    for kind in kinds:
        kinds += kind.__subclasses__()
        text = kind.__doc__
        if text and "Parameters\n" not in text:  # it is made as any other
            text = "\n\n".join([inspect.cleandoc(text), *made_of]) + "\n"
        kind.__doc__ = Asked("__doc__", documentation, text)
        kind.__annotations__ = Asked("__annotations__", hints, {})
    Primitive.__signature__ = Asked("__signature__", signature)  # type: ignore[assignment]
