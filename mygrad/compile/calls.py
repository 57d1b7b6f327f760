"""One call of a compiled function: its program runs, and what the function would do is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mygrad.arrays import get_adapter
from mygrad.autodiff.inplace import protect
from mygrad.autodiff.nodes import buffer_of
from mygrad.autodiff.nodes import leaf as first_version
from mygrad.autodiff.tape import clock
from mygrad.compile.binding import Binding, Plain
from mygrad.compile.effects import Pullback, recorded
from mygrad.compile.engine import memory_of, on_host
from mygrad.compile.randomness import fresh_key
from mygrad.compile.results import Call
from mygrad.compile.tracing import NUMBER_INPUTS, Entry

__all__ = ["Plan", "run"]


class Plan:
    """What calls do with a program, worked out once.

    Attributes
    ----------
    memory, grads, numbers, key
        What goes in, in order: memory, by the numbers of groups; gradients of tensors; Python's
        numbers, by their places; and whether a random key does.
    taken
        Groups whose memory a result takes over: (group, place among the computed results).
    fresh
        Results in memory of their own: (number, place, shape, dtype).
    copies
        Results that share their elements with others: (number, place).
    inputs, fixed
        Results that are inputs, as they are before the call; those that never change.
    """

    def __init__(self, entry: Entry) -> None:
        program = entry.program
        first_number = entry.groups + len(entry.grads_in)
        last = first_number + 2 * NUMBER_INPUTS
        places = entry.host.inputs
        self.memory = [k for k in program.used if k < entry.groups]
        self.grads = [
            entry.grads_in[k - entry.groups] for k in program.used
            if entry.groups <= k < first_number
        ]  # fmt: skip
        self.numbers = [
            places[(k - first_number) % NUMBER_INPUTS] for k in program.used
            if first_number <= k < last
        ]  # fmt: skip
        self.key = last in program.used
        self.taken = list(program.donated)
        owned = {place for _, place in program.donated}
        self.fresh: list[tuple[int, int, Any, Any]] = []
        self.copies: list[tuple[int, int]] = []
        self.inputs: list[tuple[int, int]] = []
        self.fixed: list[tuple[int, Any]] = []
        written = {n: g for g, n, _ in entry.memory}
        by_group = dict(program.donated)
        seen = set(owned)
        for number, (kind, what) in enumerate(program.results):
            if kind == "input":
                self.inputs.append((number, what))
            elif kind == "fixed":
                self.fixed.append((number, what))
            elif what not in seen:
                seen.add(what)
                self.fresh.append((number, what, *program.kinds[what]))
            elif by_group.get(written.get(number)) != what:
                self.copies.append((number, what))


def run(
    name: str, entry: Entry, tensors: Sequence[Any], feeds: Sequence[Any], arrays: Sequence[Any],
    base_of: Callable[[int], int], values: list[Any], binding: Binding,
) -> Any:  # fmt: skip
    """Run a program, and do what the function would have done.

    Parameters
    ----------
    name
        Of the function.
    entry
        The program, and what is done with it.
    tensors, feeds, arrays
        The tensors that the call meets, and their memory: as the program gets it, and as arrays.
    base_of
        The number of the tensor that a tensor is a view of, or its own.
    values
        Python's numbers.
    binding
        What the function reached.
    """
    program, plan = entry.program, entry.plan
    if plan is None:
        plan = entry.plan = Plan(entry)
    for number, _, _ in entry.memory:
        if not arrays[number].flags.writeable:
            raise ValueError(
                f"{name} writes to memory that is read-only: an array that was handed "
                f"in or that a tensor shares, most often since a graph that was not "
                f"differentiated still needs its values; mg.why_read_only(array) says why"
            )
    inputs = [feeds[k].held for k in plan.memory]
    if plan.grads:
        inputs += [tensors[base_of(k)].grad for k in plan.grads]
    if plan.numbers:
        inputs += [values[place] for place in plan.numbers]
    key = fresh_key() if entry.random else None
    if plan.key:
        inputs.append(key)

    def find(k: int) -> Any:
        """An input, by number, as an array of NumPy's or a number."""
        if k < entry.groups:
            return arrays[k]
        first = entry.groups + len(entry.grads_in)
        if k < first:
            return tensors[base_of(entry.grads_in[k - entry.groups])].grad
        if k < first + 2 * NUMBER_INPUTS:
            return values[entry.host.inputs[(k - first) % NUMBER_INPUTS]]
        return key

    results: list[Any] = [None] * len(program.results)
    for number, k in plan.inputs:  # before the call changes them
        results[number] = np.array(find(k))
    for number, array in plan.fixed:
        results[number] = array.copy()
    pullback = Pullback(entry, find) if entry.operands else None
    for number, _, changed in entry.memory:
        for k, _ in changed:
            buffer = tensors[k]._buffer
            if buffer is not None and buffer.readers:
                protect(buffer, arrays[number], get_adapter("numpy"))

    computed: list[Any] = []
    try:
        program.run(inputs, computed)
    finally:  # an interrupt, too, leaves memory with its owner
        if computed:
            for group, place in plan.taken:
                feed = feeds[group]
                if type(feed) is not Plain:
                    feed.held = computed[place]

    for number, place, shape, dtype in plan.fresh:
        results[number] = on_host(computed[place], shape, dtype)
    for number, place in plan.copies:
        results[number] = np.array(computed[place])
    for group, place in plan.taken:
        if type(feeds[group]) is Plain:
            np.copyto(arrays[group], np.asarray(computed[place]).reshape(arrays[group].shape))
    call = Call(results, tensors, values)
    if pullback is not None:
        recorded(entry, call, pullback)
    _write(entry, tensors, arrays, results, base_of)
    answer = entry.result(call)
    _store(entry, call, binding)
    entry.calls += 1
    return answer


def _write(
    entry: Entry, tensors: Sequence[Any], arrays: Sequence[Any], results: list[Any],
    base_of: Callable[[int], int],
) -> None:  # fmt: skip
    """What changes of tensors: memory, versions, gradients, ``.data`` that is assigned."""
    for number, result, changed in entry.memory:
        new = results[result]
        if new is not None:
            array = arrays[number]
            np.copyto(array, new if new.shape == array.shape else new.reshape(array.shape))
        for k, is_new in changed:
            buffer = tensors[k]._buffer
            if buffer is None:
                continue
            buffer.written = next(clock)
            if is_new and buffer.version is not None:
                old = buffer.version
                buffer.version = first_version(buffer, old.shape, old.dtype)
    for k, result in entry.grads:  # type: ignore[assignment]
        buffer = tensors[k]._buffer or buffer_of(tensors[k])
        buffer.grad = None if result is None else results[result]
        if result is not None and buffer.layout is not None:
            base = tensors[base_of(k)]
            if base._window is not None:  # it took another shape than its memory has
                buffer.grad = buffer.layout.zeros()
                base._window.look(buffer.grad)[...] = results[result]
    for k, result, constant, keeps in entry.rebound:
        t = tensors[k]
        t.data = results[result]
        if constant:
            t._constant = True
        if not keeps:
            t.null_grad()
    for k, shape in entry.shapes:
        tensors[k].shape = shape


def _store(entry: Entry, call: Call, binding: Binding) -> None:
    """What changes in attributes, containers, and the numbers in them."""
    places = binding.reached.places
    for kind, number, where, make in entry.stores:
        place = places[number]
        if kind == "append":
            place.owner.append(make(call))
        elif kind == "fill":
            place.owner[:] = [m(call) for m in make]
        elif kind == "delete":
            del place.owner[where]
        else:
            place.put(where, make(call))
    for number, where, value in entry.number_stores:
        binding.put_number(places[number], where, call.numbers[value])
    if entry.rebound or entry.shapes or any(kind != "append" for kind, *_ in entry.stores):
        binding.stale = True


def feeds_of(arrays: Sequence[Any]) -> list[Any]:
    """How memory goes into programs."""
    return [memory_of(array) or Plain(array) for array in arrays]
