"""Updates that XLA's CPU compiler gets wrong, and what takes their place.

XLA fuses ``dynamic_update_slice(a, f(a))`` into one loop that writes into the memory of `a`, and
does not always see that the loop reads elements which it has written already (where there is a
reshape between them: ``x[1:] += x[:-1]`` on a column, say). Updates whose value reads what they
write, from other places, are made by concatenation here, which XLA never does in place.
"""

from __future__ import annotations

from math import prod
from typing import Any

__all__ = ["hazards"]

_ELEMENTWISE = frozenset(
    "add sub mul div neg exp log tanh logistic sin cos sqrt rsqrt pow integer_pow max min abs sign "
    "select_n convert_element_type ge gt le lt eq ne and or not square floor ceil copy copy_p "
    "exp2 log1p expm1 is_finite".split()
)
_APART = frozenset(  # computed before, in loops or calls of their own
    "dot_general conv_general_dilated while scan sort cholesky lu eigh qr custom_call fft "
    "triangular_solve cond random_bits threefry2x32".split()
)


def hazards(equations: list[Any], is_literal: Any) -> set[int]:
    """The numbers of the updates that may read what they have written."""
    made = {id(v): (k, eqn) for k, eqn in enumerate(equations) for v in eqn.outvars}

    def root(v: Any) -> Any:
        while id(v) in made:
            eqn = made[id(v)][1]
            if eqn.primitive.name not in ("reshape", "squeeze", "copy", "copy_p"):
                break
            v = eqn.invars[0]
        return v

    found = set()
    for k, eqn in enumerate(equations):
        if eqn.primitive.name == "dynamic_update_slice":
            if _reads_what_it_writes(eqn, made, root, is_literal):
                found.add(k)
    return found


def _reads_what_it_writes(update: Any, made: Any, root: Any, is_literal: Any) -> bool:
    array, piece, *starts = update.invars
    if is_literal(piece):
        return False
    owner = root(array)
    window = None
    if all(is_literal(s) for s in starts):
        window = tuple(int(s.val) for s in starts), tuple(piece.aval.shape)
    written = _span(array.aval.shape, *window) if window else (0, prod(array.aval.shape))
    stack, seen = [(piece, True)], set()
    while stack:
        v, exact = stack.pop()
        if (id(v), exact) in seen or is_literal(v):
            continue
        seen.add((id(v), exact))
        if root(v) is owner:
            return True  # all of it is read
        if id(v) not in made:
            continue
        eqn = made[id(v)][1]
        name = eqn.primitive.name
        if name in _APART:
            continue
        cut = _cut(eqn)
        if cut is not None and root(eqn.invars[0]) is owner:
            shape = eqn.invars[0].aval.shape
            low, high = _span(shape, *cut)
            same = exact and shape == array.aval.shape and cut == window
            if not same and low < written[1] and written[0] < high:
                return True
            continue
        stays = exact and (name in _ELEMENTWISE or name in ("reshape", "squeeze"))
        stack += [(operand, stays) for operand in eqn.invars]
    return False


def _cut(eqn: Any) -> Any:
    """What a slice reads of its operand: where it begins, and how long it is."""
    if eqn.primitive.name == "slice" and eqn.params["strides"] is None:
        first, last = eqn.params["start_indices"], eqn.params["limit_indices"]
    elif eqn.primitive.name == "slice":
        first, last = eqn.params["start_indices"], eqn.params["limit_indices"]
        if any(s != 1 for s in eqn.params["strides"]):  # as if it read all between
            return tuple(first), tuple(b - a for a, b in zip(first, last, strict=True))
    elif eqn.primitive.name == "pad":
        edges = eqn.params["padding_config"]
        if any(low > 0 or high > 0 or inner for low, high, inner in edges):
            return None
        shape = eqn.invars[0].aval.shape
        first = [-low for low, _, _ in edges]
        last = [n + high for n, (_, high, _) in zip(shape, edges, strict=True)]
    else:
        return None
    return tuple(first), tuple(b - a for a, b in zip(first, last, strict=True))


def _span(shape: Any, first: Any, lengths: Any) -> tuple[int, int]:
    """The elements, counted in C order, between which a part of an array lies."""
    low = high = 0
    for n, start, length in zip(shape, first, lengths, strict=True):
        low = low * n + start
        high = high * n + start + max(length, 1) - 1
    return low, high + 1
