"""One call of a compiled function: its program runs, and what the function would do is done."""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from mygrad.autodiff.inplace import protect
from mygrad.autodiff.nodes import buffer_of
from mygrad.autodiff.nodes import leaf as first_version
from mygrad.autodiff.tape import clock
from mygrad.compile.binding import Binding, Plain
from mygrad.compile.engine import engine
from mygrad.compile.entries import Entry
from mygrad.compile.graphs import recorded, saved_inputs
from mygrad.compile.libraries import OWN, Library
from mygrad.compile.memory import owner_of
from mygrad.compile.randomness import fresh_key
from mygrad.compile.results import Call, nothing

__all__ = ["Plan", "run"]


class Plan:
    """What calls do with a program, worked out once.

    Attributes
    ----------
    memory, more
        What goes in: memory, by the numbers of groups; and all else, by the numbers of inputs.
    taken
        Groups whose memory a result takes over: (group, place among the computed results).
    reused
        Gradients that may take the memory of the last ones: (number, place, tensor).
    fresh
        Results in memory of their own: (number, place, and of what kind that is).
    copies
        Results that share their elements with others: (number, place).
    inputs, fixed
        Results that are inputs, as they are before the call; those that never change.
    asked
        The program, what it computes, and what is asked of its library.
    plain
        Whether inputs are the host's memory alone, and all results are computed.
    stores, silent
        Whether anything but memory and gradients changes; whether nothing else comes out.
    """

    def __init__(self, entry: Entry) -> None:
        program = entry.program
        library = program.library
        self.asked: Any = (
            program, program.kinds, library.address, library.result, library.copy_into
        )  # fmt: skip
        self.on_host = library.number is None
        self.groups, self.grads_in, self.places = entry.groups, entry.grads_in, entry.host.inputs
        self.room = entry.room
        self.memory = [k for k in program.used if k < entry.groups]
        self.more = [k for k in program.used if k >= entry.groups]
        entry.plan = self
        self.stores = bool(entry.stores or entry.number_stores or entry.rebound or entry.shapes)
        self.silent = entry.result is nothing and entry.pullback is None and not self.stores
        self.taken = list(program.donated)
        owned = {place for _, place in program.donated}
        self.reused: list[tuple[int, int, int]] = []
        self.fresh: list[tuple[int, int, tuple[int, ...], Any, Any]] = []
        self.copies: list[tuple[int, int]] = []
        self.inputs: list[tuple[int, int]] = []
        self.fixed: list[tuple[int, Any]] = []
        written = {n: g for g, n, _ in entry.memory}
        by_group = dict(program.donated)
        gradients = {n: k for k, n in entry.grads}
        seen = set(owned)
        for number, (kind, what) in enumerate(program.results):
            if kind == "input":
                self.inputs.append((number, what))
            elif kind == "fixed":
                self.fixed.append((number, program.library.copied(what)))
            elif what not in seen:
                seen.add(what)
                if what in program.scratch:
                    self.reused.append((number, what, gradients[number]))
                else:
                    self.fresh.append((number, what, *program.kinds[what]))
            elif number not in written or by_group.get(written[number]) != what:
                self.copies.append((number, what))
        self.plain = self.on_host and not (
            self.more or self.inputs or self.fixed or self.reused or entry.pullback
        )

    def input(
        self, k: int, arrays: Sequence[Any], tensors: Sequence[Any], values: Sequence[Any], key: Any
    ) -> Any:
        """Input number k: memory, then gradients, Python's numbers, a key."""
        if k < self.groups:
            return arrays[k]
        k -= self.groups
        if k < len(self.grads_in):
            return _base(tensors[self.grads_in[k]]).grad
        k -= len(self.grads_in)
        return values[self.places[k % self.room]] if k < 2 * self.room else key


def run(
    name: str, entry: Entry, tensors: list[Any], feeds: Sequence[Any], arrays: Sequence[Any],
    values: list[Any], binding: Binding,
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
    values
        Python's numbers.
    binding
        What the function reached.
    """
    plan = entry.plan or Plan(entry)
    program, kinds, address, make, copy_into = plan.asked
    for number, _, changed in entry.memory:
        if plan.on_host and not arrays[number].flags.writeable:
            raise ValueError(
                f"{name} writes to memory that is read-only: an array that was handed "
                f"in or that a tensor shares, most often since a graph that was not "
                f"differentiated still needs its values; mg.why_read_only(array) says why"
            )
        for k, _ in changed:
            buffer = tensors[k]._buffer
            if buffer is not None and buffer.readers:
                protect(buffer, arrays[number], program.library.adapter)
    inputs = [feeds[k].held for k in plan.memory]
    results: list[Any] = [None] * len(program.results)
    reused = saved = None
    if not plan.plain:
        reused, saved = _more(entry, tensors, feeds, arrays, values, inputs, results)

    outputs: list[Any] = []
    try:
        program.run(inputs, outputs)
        (computed,) = outputs
        for group, place in plan.taken:
            feed, new = feeds[group], computed[place]
            if isinstance(feed, Plain):
                array = arrays[group]
                copy_into(array, make(new, *kinds[place]).reshape(array.shape))
                continue
            feed.held = new
            if new.unsafe_buffer_pointer() != address(feed):
                raise RuntimeError(
                    f"XLA did not take the memory of a parameter that {name} handed over, and the "
                    f"parameter is lost; this is an error in mygrad or JAX, please report it"
                )
    except BaseException as error:  # an interrupt may have come between any two steps
        if outputs:
            _settle(plan.taken, feeds, outputs[0])
        else:
            _tell_of_losses(name, plan.taken, feeds, arrays, tensors, binding, error)
        raise
    for number, place, shape, dtype, kind in plan.fresh:
        results[number] = make(computed[place], shape, dtype, kind)
    if reused:
        for (number, place, _), (old, memory) in zip(plan.reused, reused, strict=True):
            if old is not None and computed[place].unsafe_buffer_pointer() == address(memory):
                memory.held = computed[place]
                results[number] = old
            else:
                results[number] = make(computed[place], *kinds[place])
    for number, place in plan.copies:
        results[number] = make(computed[place], *kinds[place]).copy()
    if plan.silent:
        _write(entry, tensors, arrays, results, copy_into)
        return None
    call = Call(results, tensors, values)
    if saved is not None:
        recorded(entry.pullback, call, saved)
    _write(entry, tensors, arrays, results, copy_into)
    answer = entry.result(call)
    if plan.stores:
        _store(entry, call, binding)
    return answer


def _more(
    entry: Entry, tensors: list[Any], feeds: Sequence[Any], arrays: Sequence[Any],
    values: list[Any], inputs: list[Any], results: list[Any],
) -> tuple[list[Any], Any]:  # fmt: skip
    """Inputs that are no memory of the host's, and results that are not computed.

    Returns
    -------
    list, dict or None
        The gradients whose memory goes into the program, each with that; and what the pullback
        needs of the inputs.
    """
    plan, library = entry.plan, entry.program.library
    key = fresh_key() if plan.more and entry.random else None

    def now(k: int) -> Any:
        return plan.input(k, arrays, tensors, values, key)

    inputs += map(now, plan.more)
    for number, k in plan.inputs:  # before the call changes them
        results[number] = library.copied(now(k))
    for number, array in plan.fixed:
        results[number] = array.copy()
    saved = None if entry.pullback is None else saved_inputs(entry.pullback, now)
    if not plan.on_host:
        _prepare(library, plan, feeds, inputs)
    reused: list[Any] = []
    for _, place, k in plan.reused:
        old, memory = _unshared(tensors[k]._buffer, library)
        reused.append((old, memory))
        empty = engine(library).empty
        inputs.append(empty(*entry.program.kinds[place][:2]) if old is None else memory.held)
    return reused, saved


def _settle(taken: list[tuple[int, int]], feeds: Sequence[Any], computed: list[Any]) -> None:
    """Memory that the program took belongs to its results now."""
    for group, place in taken:
        if not isinstance(feeds[group], Plain):
            feeds[group].held = computed[place]


def _tell_of_losses(
    name: str, taken: list[tuple[int, int]], feeds: Sequence[Any], arrays: Sequence[Any],
    tensors: Sequence[Any], binding: Binding, error: BaseException,
) -> None:  # fmt: skip
    """Give tensors other memory if an interrupt inside of JAX has cost them theirs, and say so."""
    library, lost = binding.library, False
    for number, _ in taken:
        if isinstance(feeds[number], Plain) or not feeds[number].held.is_deleted():
            continue
        old = arrays[number]
        array, owner = library.zeros(old.shape, old.dtype), owner_of(old)
        array[...] = float("nan") if array.dtype.kind in "fc" else 0
        for k, t in enumerate(tensors):
            if not library.mine(t._data) or owner_of(t._data) is not owner:
                continue
            t._data = array if t._window is None else t._window.look(array)
            if k < len(binding.holders) and binding.holders[k] is not None:
                place, key = binding.holders[k]
                place.put(key, array)
        lost = binding.stale = True
    if lost:
        error.add_note(
            f"This came while JAX had the memory of parameters that {name} changes: they are NaN"
        )


def _prepare(library: Library, plan: Plan, feeds: Sequence[Any], inputs: list[Any]) -> None:
    """Make inputs of arrays on a device, and wait for what is asked of it."""
    xla = engine(library)
    inputs[:] = map(xla.given, inputs)
    for group, _ in plan.taken:
        if isinstance(feeds[group], Plain):
            k = plan.memory.index(group)
            inputs[k] = xla.taken(inputs[k])
    library.wait()


def _unshared(buffer: Any, library: Library) -> tuple[Any, Any]:
    """The gradient that a call will replace, and its memory, if that is XLA's and nobody else has
    it."""
    if buffer is None or type(buffer.grad) is not library.types:
        return None, None
    grad, buffer.grad = buffer.grad, None
    memory = library.memory_of(grad)
    alone = memory is not None and getrefcount(grad) == OWN and getrefcount(memory) == OWN + 1
    return (grad, memory) if alone and library.is_alone(grad, 1) else (None, None)


def _base(t: Any) -> Any:
    return t if t._base is None else t._base


def _write(
    entry: Entry, tensors: Sequence[Any], arrays: Sequence[Any], results: list[Any],
    copy_into: Any = np.copyto,
) -> None:  # fmt: skip
    """What changes of tensors: memory, versions, gradients, ``.data`` that is assigned."""
    for number, result, changed in entry.memory:
        new = results[result]
        if new is not None:
            array = arrays[number]
            copy_into(array, new if new.shape == array.shape else new.reshape(array.shape))
        for k, is_new in changed:
            buffer = tensors[k]._buffer
            if buffer is None:
                continue
            buffer.written = next(clock)
            old = buffer.version
            if is_new and old is not None and (old.seq or getrefcount(old) > OWN + 1):
                buffer.version = first_version(buffer, old.shape, old.dtype)
    for k, result in entry.grads:  # type: ignore[assignment]
        buffer = tensors[k]._buffer or buffer_of(tensors[k])
        buffer.grad = None if result is None else results[result]
        if result is not None and buffer.layout is not None:
            base = _base(tensors[k])
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
        elif kind == "set":
            binding.put(place, where, make(call))
        else:
            if kind == "fill":
                place.owner[:] = [m(call) for m in make]
            else:
                del place.owner[where]
            binding.stale = True
    for number, where, value in entry.number_stores:
        binding.put_number(places[number], where, call.numbers[value])
    for k, _, _, _ in entry.rebound:
        if not binding.replace(k, call.tensors[k]):
            binding.stale = True
    if entry.shapes:
        binding.stale = True
