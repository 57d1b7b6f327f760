"""What is said of the chain rule of a computation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mygrad.computational_graph.expressions import Expression
from mygrad.computational_graph.narration import as_html, as_latex, as_text

__all__ = ["Explanation", "Flow", "Leaf", "Step"]


@dataclass(slots=True, eq=False)
class Flow:
    """What flows back from an operation to one of its operands.

    Attributes
    ----------
    operand
        What the operation calls it.
    to
        The symbol of the tensor.
    local
        The derivative of the result by it, for operations that work element by element.
    formula
        What is handed back; None where the rule is too long to be read as a formula.
    words
        What the rule says of itself in that case.
    value
        What is handed back, as an array.
    total
        Whether this is all of the derivative by that tensor: nothing else flows to it.
    """

    operand: str
    to: Expression
    local: Expression | None
    formula: Expression | None
    words: str
    value: Any
    total: bool = True


@dataclass(slots=True, eq=False)
class Step:
    """One operation, view, read or in-place write, on the way back.

    Attributes
    ----------
    number
        Its place in the explanation.
    name, kind
        As in `mygrad.computational_graph.trace`.
    result
        The symbol of what it made.
    formula
        What it computed.
    value
        What came out, put into words; "" where that was freed.
    adjoint
        The derivative of the result of all by what this step made, an array.
    parts
        The numbers of the steps that contributed to it.
    flows
        What it hands back.
    """

    number: int
    name: str
    kind: str
    result: Expression
    formula: Expression
    value: str
    adjoint: Any
    parts: list[int]
    flows: list[Flow] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Leaf:
    """Where the chain rule ends.

    Attributes
    ----------
    symbol
        The symbol of the tensor.
    value
        Its value, put into words.
    adjoint
        The derivative by it, an array: what ``backward()`` would leave in its ``grad``.
    parts
        The numbers of the steps that contributed to it.
    note
        What else there is to say.
    """

    symbol: Expression
    value: str
    adjoint: Any
    parts: list[int]
    note: str = ""


class Explanation:
    """The chain rule of a computation; `explain` makes it.

    ``str()`` of it is text; notebooks show it with formulas; `latex` is LaTeX. Its items are the
    steps.

    Parameters
    ----------
    result
        The symbol of the tensor that is differentiated.
    value
        Its value, put into words.
    scalar
        Whether it is one number; otherwise the derivatives are those of the sum of its elements.

    Attributes
    ----------
    steps
        From the result back.
    leaves
        Where the chain rule ends.
    left_out
        How many steps there are besides those that are shown.
    note
        Why there is nothing to explain.
    """

    def __init__(self, result: Expression, value: str, scalar: bool) -> None:
        self.result = result
        self.value = value
        self.scalar = scalar
        self.steps: list[Step] = []
        self.leaves: list[Leaf] = []
        self.left_out = 0
        self.note = ""

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __str__(self) -> str:
        return as_text(self)

    __repr__ = __str__

    @property
    def latex(self) -> str:
        """The steps as LaTeX: an ``aligned`` block for each, without dollar signs around."""
        return as_latex(self)

    def html(self) -> str:
        """The explanation as a piece of HTML that needs nothing from outside.

        Returns
        -------
        str
        """
        return as_html(self)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"

    def _repr_html_(self) -> str:
        return as_html(self)
