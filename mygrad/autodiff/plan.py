"""What is kept of a call of a primitive, and which rules a sweep runs for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any

__all__ = ["CompiledRule", "Plan"]


class CompiledRule:
    """A derivative rule, and where what it asks for lies in ``Record.values``.

    Attributes:
    operands: The numbers of the operands whose adjoints it returns.
    function: The rule itself.
    needs: For each argument after the adjoint, its place among the values. (A slice of them for a
        rule of all operands of a variadic primitive.)
    takes_xp, takes_wanted, takes_i: Whether it asks for the namespace; for which of its operands'
        adjoints are wanted; for the number of its operand.
    """

    __slots__ = ("function", "needs", "operands", "takes_i", "takes_wanted", "takes_xp")

    def __init__(
        self, operands: tuple[int, ...], function: Callable[..., Any],
        needs: tuple[int | slice, ...], special: frozenset[str],
    ) -> None:  # fmt: skip
        self.operands = operands
        self.function = function
        self.needs = needs
        self.takes_xp = "xp" in special
        self.takes_wanted = "wanted" in special
        self.takes_i = "i" in special


class Plan:
    """What to keep of a call with certain live operands, and the rules that will need it.

    Attributes:
    primitive: The operation.
    flows: For each operand, whether its adjoint is wanted.
    pulls: For each operand with a rule of its own: (its number, rule, places of the rule's
        arguments, the place if there is but one, whether it takes ``xp``).
    joint_pulls: For each rule of several operands: (their numbers, rule, places, whether it takes
        ``xp``).
    saves, saves_any, saves_all, saves_out, saves_shapes: For each operand, whether its array is
        kept; whether any array is; whether all operands are, and nothing else could be but the
        result; whether the result is; whether shapes are.
    select_saved: Takes from ``(None, out, *params, *residuals, *arrays, *operands, *their shapes)``
        what a record keeps, in the order of ``Primitive.positions``. In the place of arrays that no
        rule needs are those constants that were operands, which somebody may ask for.
    """

    __slots__ = (
        "flows", "joint_pulls", "primitive", "pulls", "saves", "saves_all", "saves_any",
        "saves_out", "saves_shapes", "select_saved",
    )  # fmt: skip

    def __init__(self, primitive: Any, live: int, count: int) -> None:
        self.primitive = primitive
        self.flows = flows = tuple(bool(live >> k & 1) for k in range(count))
        needed: set[int] = set()
        everything = False
        pulls: list[tuple[Any, ...]] = []
        joint: list[tuple[Any, ...]] = []
        for k, rule in primitive.rules_for(flows):
            function, needs = rule.function, rule.needs
            if rule.takes_i:
                function = partial(function, i=k)
            if rule.takes_wanted:
                function = partial(function, wanted=tuple(flows[j] for j in rule.operands))
            if k is None:
                joint.append((rule.operands, function, needs, rule.takes_xp))
            else:
                only = None
                if len(needs) == 1 and not rule.takes_xp and not isinstance(needs[0], slice):
                    (only,) = needs
                pulls.append((k, function, needs, only, rule.takes_xp))
            everything = everything or any(isinstance(n, slice) for n in needs)
            needed.update(n for n in needs if not isinstance(n, slice))
        self.pulls, self.joint_pulls = tuple(pulls), tuple(joint)

        positions, first = primitive.positions, primitive.first_operand
        residuals = primitive.residual_names
        # Residuals are computed again from the operands where they have to be differentiated.
        again = any(positions[n] in needed for n in primitive.float_residuals)
        everything = everything or again
        self.saves_out = 0 in needed or (again and primitive.replay is not None)
        self.saves = tuple(everything or first + k in needed for k in range(count))
        self.saves_any = self.saves_out or any(self.saves)
        shapes = [
            primitive.operand_names.index(name.removesuffix("_shape"))
            if positions[name] in needed else None
            for name in primitive.shape_names
        ]  # fmt: skip
        self.saves_shapes = any(k is not None for k in shapes)
        params = len(primitive.param_names)
        self.saves_all = all(self.saves) and not (shapes or params or residuals)
        arrays = 2 + params + len(residuals)
        self.select_saved = itemgetter(
            int(self.saves_out),
            *range(2, 2 + params),
            *(2 + params + k if positions[n] in needed else 0 for k, n in enumerate(residuals)),
            *(0 if k is None else arrays + 2 * count + k for k in shapes),
            *(
                arrays + k if saved else 0 if flow else arrays + count + k
                for k, (saved, flow) in enumerate(zip(self.saves, flows, strict=True))
            ),
        )
