"""What the updates of all optimisers have in common.

An update is a composition: a formula on arrays that changes the parameter and the accumulators in
place, and returns them. Adapters may bring a kernel of its name, which does all of it in one pass
over memory.

Parameters of 16 bits have a *master*: their values in float32, which is what is updated. Without,
steps smaller than half the distance to the next number would be lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mygrad.autodiff.namespace import composition

__all__ = ["in_pieces", "updated"]

Array = Any
Formula = Callable[..., tuple[Array, ...]]


@composition
def in_pieces(formula: Formula, p: Array, g: Array, *state: Array, xp: Any) -> tuple[Array, ...]:
    """``formula(p, g, *state)``, which changes `p` and the state in place, and returns them.

    It goes element by element, so that adapters may apply it to one piece after the other.
    """
    return formula(p, g, *state)


def updated(
    formula: Formula, p: Array, g: Array, master: Array | None, state: tuple[Array, ...], xp: Any
) -> tuple[Array, ...]:
    """The parameter, its master if it has one, and its state, after ``formula(p, g, *state)``.

    Elements of the parameter that somebody changed since the last update go on from what they are
    now, and not from what the master remembers.
    """
    if master is None:
        return xp.in_pieces(formula, p, g, *state)

    def through_master(p: Array, g: Array, master: Array, *state: Array) -> tuple[Array, ...]:
        kept = xp.astype(master, p.dtype) == p
        values = xp.where(kept, master, xp.astype(p, master.dtype))
        values, *state = formula(values, xp.astype(g, master.dtype), *state)  # type: ignore[assignment]
        assign = xp.adapter.assign
        p = assign(p, ..., xp.astype(values, p.dtype))
        return p, assign(master, ..., values), *state

    return xp.in_pieces(through_master, p, g, master, *state)
