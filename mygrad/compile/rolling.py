"""Straight programs whose rounds are alike, run as loops.

XLA would compile each round that `mygrad.compile.rounds` finds, which takes seconds for a few
hundred, and run it in kernels of its own. They become one ``jax.lax.scan`` here, as one would have
written it by hand:

- what a round takes from the one before is carried,
- what is another element of an array in each round, such as its rows, goes in stacked,
- what the rest of the program reads of each round comes out stacked,
- what is computed of these stacks alone is computed before, in one step for all rounds, and what is
  the same in all of them once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from mygrad.compile.rounds import Element, Loop, Run, Slot, Straight, is_elementwise, is_literal

__all__ = ["rolled"]

_SMALL = 2**15
"""Of how many elements a result of a round may be to be computed for all rounds in one step; those
that are larger keep a processor busy by themselves, and would lie in its caches no more."""
_ROOM = 2**22
"""Of how many elements all of them may be together, as they are kept meanwhile."""
_MERGED = ("dot_general", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod")


def rolled(jax: Any, jaxpr: Any, consts: Sequence[Any]) -> Callable[..., list[Any]] | None:
    """A function that does what a program does, with loops; None where there is nothing to roll.

    Parameters
    ----------
    jax
        The module.
    jaxpr
        The program; its equations have to be in order.
    consts
        The values of its constants.

    Returns
    -------
    callable or None
        Of the inputs of the program; it returns the list of the results.
    """
    straight = Straight(jaxpr)
    loops = {loop.start: loop for loop in straight.loops()}
    if not loops:
        return None
    return lambda *arrays: _Evaluation(jax, straight, loops).run(consts, arrays)


class _Evaluation:
    """One run of a program, while JAX traces it.

    Parameters
    ----------
    jax
        The module.
    straight
        The program.
    loops
        By the place that they begin at.
    """

    def __init__(self, jax: Any, straight: Straight, loops: dict[int, Loop]) -> None:
        self.jax, self.straight, self.loops = jax, straight, loops
        self.values: dict[Any, Any] = {}  # of variables, and what loops return

    def run(self, consts: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
        """The results of the program."""
        jaxpr, equations = self.straight.jaxpr, self.straight.equations
        self.values.update(zip(jaxpr.constvars, consts, strict=True))
        self.values.update(zip(jaxpr.invars, arrays, strict=True))
        place = 0
        while place < len(equations):
            loop, eqn = self.loops.get(place), equations[place]
            if loop is not None:
                _Rounds(self, loop).run()
                place = loop.end
                continue
            joined = self._joined(eqn) if eqn.primitive.name == "concatenate" else None
            found = _results(eqn, map(self.read, eqn.invars)) if joined is None else [joined]
            self.values.update(zip(eqn.outvars, found, strict=True))
            place += 1
        return [self.read(v) for v in jaxpr.outvars]

    def read(self, v: Any) -> Any:
        """The value of a variable."""
        if is_literal(v):
            return v.val
        found = self.values.get(v)
        if found is None:
            element = self.straight.element(v)
            if element is None:
                found = self.seen(v, self.values)
            else:
                found = self.stack([Run(element, 1, element.width)], v.aval.shape)[0]
            self.values[v] = found
        return found

    def array(self, element: Element) -> Any:
        """The array that has an element."""
        stack = element.stack
        return self.values[stack] if isinstance(stack, tuple) else self.read(stack)

    def stack(self, pieces: Iterable[Any], shape: tuple[int, ...]) -> Any:
        """Pieces as one array, along a new first axis; each element is seen with this shape."""
        lax, made = self.jax.lax, []
        for piece in pieces:
            if not isinstance(piece, Run):
                made.append(self.read(piece).reshape(1, *shape))
                continue
            (_, axis, width, first), count, step = piece
            array = self.array(piece.first)
            low, reach = min(first, first + (count - 1) * step), abs((count - 1) * step) + width
            stride = abs(step) if width == 1 else 1
            part = lax.slice_in_dim(array, low, low + reach, stride, axis)
            part = part.reshape(*array.shape[:axis], count, width, *array.shape[axis + 1 :])
            part = self.jax.numpy.moveaxis(part, axis, 0).reshape(count, *shape)
            made.append(part if step > 0 else lax.rev(part, (0,)))
        return made[0] if len(made) == 1 else lax.concatenate(made, 0)

    def _joined(self, eqn: Any) -> Any:
        """What a concatenation makes of the elements of stacks; None for all others."""
        axis, (out,) = eqn.params["dimension"], eqn.outvars
        shapes = {v.aval.shape for v in eqn.invars}
        if len(shapes) > 1 or any(is_literal(v) for v in eqn.invars):
            return None
        (shape,) = shapes
        if axis and shape[axis] != 1:
            return None
        pieces = self.straight.pieces(eqn.invars)
        if 2 * len(pieces) > len(eqn.invars):
            return None
        if axis:
            shape = shape[:axis] + shape[axis + 1 :]
        joined = self.jax.numpy.moveaxis(self.stack(pieces, shape), 0, axis)
        return joined.reshape(out.aval.shape)

    def seen(self, v: Any, values: dict[Any, Any]) -> Any:
        """A variable that is one of these values, or looks at one."""
        if v in values:
            return values[v]
        eqn = self.straight.look_of[v]
        read = self.read if values is self.values else partial(self.seen, values=values)
        return _results(eqn, map(read, eqn.invars))[0]


class _Rounds:
    """The rounds of a loop, while JAX traces them.

    Parameters
    ----------
    whole
        The run of the program.
    loop
        The loop.

    Attributes
    ----------
    eqns
        The equations of round 1, which stand for those of all.
    same
        What is the same in each round.
    others
        What is another in each: an array, the axis, and how many elements of that make one, from
        where on, and how far it is to the next.
    fixed, before
        By variable: what is computed once; what is computed before the loop, for all rounds.
    """

    def __init__(self, whole: _Evaluation, loop: Loop) -> None:
        self.whole, self.loop = whole, loop
        begin = loop.start + loop.period
        self.eqns = whole.straight.equations[begin : begin + loop.period]
        self.same = [whole.read(v) for v in loop.same]
        self.others = list(map(self._other, loop.given, loop.others))
        self._stacks: dict[int, Any] = {}
        self.fixed: dict[Any, Any] = {}
        self.before: dict[Any, Any] = {}
        for eqn, slots in zip(self.eqns, loop.slots, strict=True):
            self._compute_before(eqn, slots)

    def _root(self, v: Any) -> Any:
        return self.whole.straight.source(v).root

    def _other(self, v: Any, pieces: Sequence[Any]) -> tuple[Any, int, int, int, int]:
        if len(pieces) == 1 and isinstance(pieces[0], Run):  # the array is read where it lies
            ((_, axis, width, begin), _, step) = pieces[0]
            return self.whole.array(pieces[0].first), axis, width, begin, step
        return self.whole.stack(pieces, v.aval.shape), 0, 1, 0, 1

    def _in_round(self, number: int, k: Any) -> Any:
        """What is another in each round, in round k."""
        array, axis, width, begin, step = self.others[number]
        part = self.whole.jax.lax.dynamic_slice_in_dim(array, begin + k * step, width, axis)
        return part.reshape(self.loop.given[number].aval.shape)

    def _in_all(self, number: int) -> Any:
        """What is another in each round, for all rounds."""
        if number not in self._stacks:
            shape = self.loop.given[number].aval.shape
            self._stacks[number] = self.whole.stack(self.loop.others[number], shape)
        return self._stacks[number]

    def _compute_before(self, eqn: Any, slots: Sequence[Slot]) -> None:
        """Compute an equation for all rounds, if it needs nothing of other rounds."""
        operands: list[Any] = []
        for kind, what, v in slots:
            root = None if kind == "literal" else self._root(v)
            if kind == "literal":
                operands.append((v.val, None))
            elif kind == "same":
                operands.append((self.same[what], None))
            elif kind == "local" and root in self.fixed:
                operands.append((self.whole.seen(v, self.fixed), None))
            elif kind == "another":
                operands.append((self._looked(v, self.loop.given[what], self._in_all(what)), 0))
            elif kind == "local" and root in self.before:
                operands.append((self._looked(v, root, self.before[root]), 0))
            else:
                return
        values, axes = zip(*operands, strict=True) if operands else ((), ())
        if 0 not in axes:
            self.fixed.update(zip(eqn.outvars, _results(eqn, values), strict=True))
        elif _is_merged(eqn, axes, self.loop.rounds):
            compute = self.whole.jax.vmap(lambda *operands: list(_results(eqn, operands)), axes)
            try:
                self.before.update(zip(eqn.outvars, compute(*values), strict=True))
            except NotImplementedError:  # JAX has no rule for it
                return

    def _looked(self, v: Any, root: Any, stack: Any) -> Any:
        """What a variable that looks at `root` sees, for a stack of what is there in all rounds."""
        if v is root:
            return stack
        return self.whole.jax.vmap(lambda value: self.whole.seen(v, {root: value}))(stack)

    def run(self) -> None:
        """Run the loop, and keep what it returns."""
        whole, loop = self.whole, self.loop
        lax, equations = whole.jax.lax, whole.straight.equations
        handed_on = {(j, k): n for n, (_, v, j, k) in enumerate(loop.carries)
                     if v not in whole.straight.look_of}  # fmt: skip
        last = [self.eqns[j].outvars[k] for j, k in loop.last if (j, k) not in handed_on]
        begin = [_strong(lax, whole.read(carry.first)) for carry in loop.carries]
        begin += [lax.full(v.aval.shape, 0, v.aval.dtype) for v in last]
        stacked = [self.eqns[j].outvars[k] for j, k in loop.stacked]
        inside = [v for v in stacked if v not in self.before]

        def advance(carried: Any, given: Any) -> tuple[list[Any], list[Any]]:
            k, before = given
            local = self._round(carried, k, before)
            after = []
            for _, v, j, k in loop.carries:
                seen = {self._root(v): local[self.eqns[j].outvars[k]]}  # by the next round
                after.append(_strong(lax, whole.seen(v, seen)))
            after += [_strong(lax, local[v]) for v in last]
            return after, [local[v] for v in inside]

        numbers = lax.iota("int32", loop.rounds)
        after, out = lax.scan(advance, begin, (numbers, list(self.before.values())))
        found = {**self.before, **dict(zip(inside, out, strict=True))}
        whole.values.update(((loop, n), found[v]) for n, v in enumerate(stacked))
        final = equations[loop.end - loop.period : loop.end]
        others = iter(after[len(loop.carries) :])
        for place in loop.last:
            j, k = place
            value = after[handed_on[place]] if place in handed_on else next(others)
            whole.values[final[j].outvars[k]] = value

    def _round(self, carried: Any, number: Any, before: Any) -> dict[Any, Any]:
        """All that is computed in round `number`, by the variables of round 1."""
        local = {**self.fixed, **dict(zip(self.before, before, strict=True))}

        def operand(slot: Slot) -> Any:
            kind, what, v = slot
            if kind == "literal":
                return v.val
            if kind in ("carry", "same"):
                return (carried if kind == "carry" else self.same)[what]
            if kind == "local":
                return self.whole.seen(v, local)
            return self.whole.seen(v, {self.loop.given[what]: self._in_round(what, number)})

        for eqn, slots in zip(self.eqns, self.loop.slots, strict=True):
            if eqn.outvars[0] not in local:
                results = _results(eqn, map(operand, slots))
                local.update(zip(eqn.outvars, results, strict=True))
        return local


def _is_merged(eqn: Any, axes: Sequence[int | None], rounds: int) -> bool:
    """Whether an equation is one step for all rounds, given which operands differ."""
    size = max(v.aval.size for v in eqn.outvars)
    if size > _SMALL or size * rounds > _ROOM:
        return False
    if eqn.primitive.name == "dot_general" and axes.count(0) > 1:
        return False  # many small products are not faster as one
    return eqn.primitive.name in _MERGED or is_elementwise(eqn)


def _results(eqn: Any, operands: Iterable[Any]) -> Sequence[Any]:
    """What an equation makes of operands."""
    bound = eqn.primitive.get_bind_params(eqn.params)
    functions, params = bound if isinstance(bound, tuple) else ((), bound)  # JAX 0.7 and later ones
    with eqn.ctx.manager:
        found = eqn.primitive.bind(*functions, *operands, **params)
    return found if eqn.primitive.multiple_results else [found]


def _strong(lax: Any, value: Any) -> Any:
    """A value that keeps its dtype beside others: what is carried has to have one type."""
    weak = getattr(value, "weak_type", False)
    return lax.convert_element_type(value, value.dtype) if weak else value
