"""From a function and what it met to a program: the trace, and what it tells of the function."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Any

import numpy as np

from mygrad import random
from mygrad.arrays import Selection, selected
from mygrad.autodiff.lost_gradients import tell
from mygrad.autodiff.nodes import Handle
from mygrad.compile.changes import Before, Changes
from mygrad.compile.entries import NUMBER_INPUTS, Again, Entry, Met, _Dynamic, _Number
from mygrad.compile.errors import CannotCompile, refusal, tidied, user_line
from mygrad.compile.following import AppendedList, put_back, same_state, state_of
from mygrad.compile.graphs import Graph, compiled_graph, traced_graph
from mygrad.compile.numbers import HostProgram
from mygrad.compile.randomness import Source, undrawn
from mygrad.compile.reaching import Place
from mygrad.compile.rerunning import leaf_of, rerun_of
from mygrad.compile.results import Outputs
from mygrad.compile.substitution import OUTSIDE, Substitution

__all__ = [
    "NUMBER_INPUTS", "Again", "Entry", "Met", "_Dynamic", "_Number", "traced", "tracing",
]  # fmt: skip

_LARGE = 1 << 16
"""Bytes from which on it pays to use the memory of old gradients again."""

tracing: ContextVar[Any] = ContextVar("mygrad_compile_tracing", default=None)
"""The trace that runs in this thread."""


def traced(
    function: Callable[..., Any], met: Met, engine: Any, name: str, tracked: bool, seed: Any = None,
    room: int = NUMBER_INPUTS,
) -> Entry:  # fmt: skip
    """Trace a function and compile what it does."""
    begin = perf_counter()
    trace = _Trace(function, met, engine, name, tracked, seed, room)
    specs: list[Any] = [(g.array.shape, g.array.dtype) for g in met.located.groups]
    for k in trace.grads_in:
        grad = met.located.tensors[met.located.base_of(k)].grad
        specs.append((grad.shape, grad.dtype))
    specs += [1.5] * room + [7] * room
    specs.append(((2,), np.dtype("uint32")))
    specs += seed or []
    before = undrawn(met.reached.generators)
    try:
        program = engine.trace(trace.run, specs)
    except Again:
        raise
    except Exception as error:
        tidied(error)
        said = None if isinstance(error, CannotCompile) else refusal(error, name)
        if said is not None:
            raise said from error
        line = user_line(error.__traceback__)
        if line and not isinstance(error, CannotCompile):
            error.add_note(f"while mg.compile traced {name}: {line}")
        raise
    if any(map(engine.is_tracer, program.consts)):
        raise CannotCompile(
            f"{name} cannot be compiled: it uses a tensor of another call, which it has kept in a "
            f"place that is not found. Way out: return what is to be kept, or keep it in an "
            f"attribute, a list or a dictionary that the function names"
        )
    if undrawn(met.reached.generators) != before:
        raise CannotCompile(
            f"{name} cannot be compiled: it draws random numbers of NumPy or Python, which would "
            f"be the same in every call. Way out: mg.random, or draw them outside and hand them "
            f"over"
        )
    return trace.entry(program, begin)


class _Trace:
    def __init__(
        self, function: Any, met: Met, engine: Any, name: str, tracked: bool, seed: Any, room: int
    ) -> None:
        self.function, self.met, self.engine, self.name = function, met, engine, name
        self.tracked, self.seed, self.room = tracked, seed, room
        tensors = met.located.tensors
        self.grads_in = [
            k for k, t in enumerate(tensors) if met.located.buffers[k] == k and _has_array_grad(t)
        ]
        self.host = HostProgram(met.values)

    # --- the run ----------------------------------------------------------------------------------
    def run(self, *arrays: Any) -> list[Any]:
        """What JAX traces."""
        count = len(self.met.located.groups)
        memory, rest = arrays[:count], arrays[count:]
        grads = dict(zip(self.grads_in, rest, strict=False))
        rest = rest[len(self.grads_in) :]
        room = self.room
        floats, integers, key = rest[:room], rest[room : 2 * room], rest[2 * room]

        def number(position: int, kind: type) -> Any:
            if position >= room:
                raise Again("room", 8 * room)
            return (floats if kind is float else integers)[position]

        self.host.tracers = number
        self.source = Source(key, self.engine.library.adapter.elements_are_copies)
        self.seeds = None if self.seed is None else rest[2 * room + 1 :]
        with self._substituted(memory, grads), self._inside():
            result = self._call()
            self._look(result)
        return self.outputs.arrays

    @contextmanager
    def _inside(self) -> Iterator[None]:
        drawing_from = self.engine.adapter.drawing_from
        kept = {k: v for k, v in random._generators.items() if k[0] == "jax"}
        for k in kept:
            del random._generators[k]
        tokens = (
            (tracing, tracing.set(self)),
            (drawing_from, drawing_from.set(self.source)),
            (tell.override, tell.override.set(self._teller(tell.get()))),
            (selected.override, selected.override.set(Selection(self.engine.adapter, None))),
        )
        try:
            yield
        finally:
            for variable, token in reversed(tokens):
                variable.reset(token)
            for k in [k for k in random._generators if k[0] == "jax"]:
                del random._generators[k]
            random._generators.update(kept)

    def _teller(self, before: Any) -> Any:
        """What tells of lost gradients: where that is a graph outside, the trace has to end."""

        def say(message: str, kind: type[Warning]) -> None:
            if OUTSIDE in message:
                raise CannotCompile(
                    f"{self.name} cannot be compiled here: a backward() in it reaches a tensor "
                    f"whose graph was recorded outside, and would have to go on there. Way out: "
                    f"compute the tensor inside too, call backward() on what the compiled "
                    f"function returns, or hand over t.detach()"
                )
            before(message, kind)

        return say

    @contextmanager
    def _substituted(self, memory: Any, grads: Any) -> Iterator[None]:
        met = self.met
        places = met.reached.places
        saved = [(list(p.keys), list(p.values), p.owner) for p in places]
        self.substitution = Substitution(met.located, memory, grads, self.engine.adapter)
        self.substitution.raw = met.raw  # type: ignore[attr-defined]
        self.source.handed_out = self.substitution.handed_out
        states = [state_of(value) for _, value in met.reached.watched]
        gc_was_on = gc.isenabled()
        gc.disable()  # weak references to what is traced say what they say
        try:
            with self.substitution:
                for k, holder in enumerate(met.holders):
                    if holder is not None:
                        place, key = holder
                        t = met.located.tensors[k]
                        place.put(key, t._data if met.raw[k] == 2 else t)
                for k, (place, key) in enumerate(met.numbers):
                    if place is not None:
                        place.put(key, self.host.number(k))
                stand_ins = self._stand_ins(places)
                now = [place.present() for place in places]
                self.before = Before(now, stand_ins, states)
                yield
        finally:
            if gc_was_on:
                gc.enable()
            for place, (keys, values, owner) in zip(places, saved, strict=True):
                if place.owner is not owner:  # a tuple, which was exchanged
                    place.parent[0].put(place.parent[1], owner)
                place.keys, place.values, place.owner = keys, values, owner
            for place, (keys, values, _) in zip(places, saved, strict=True):
                place.restore(keys, values)
            for (_, value), state in zip(met.reached.watched, states, strict=True):
                if isinstance(state, list) and not same_state(state, state_of(value)):
                    put_back(value, state)

    def _stand_ins(self, places: list[Place]) -> dict[int, AppendedList]:
        """Put stand-ins where lists are held that are appended to."""
        found = {k: AppendedList(p.owner) for k, p in enumerate(places) if p.grown}
        by_id = {id(stand_in.of): stand_in for stand_in in found.values()}
        for place in places if found else ():
            for key, value in zip(place.keys, place.values, strict=True):
                stand_in = by_id.get(id(value))
                if stand_in is not None:
                    place.put(key, stand_in)
        return found

    def _call(self) -> Any:
        met = self.met
        leaves = list(met.leaves)
        for j, leaf in enumerate(leaves):
            if isinstance(leaf, _Number):
                leaves[j] = met.located.tensors[leaf.k]
            elif isinstance(leaf, _Dynamic):
                leaves[j] = self.host.number(leaf.k)
        args, kwargs = met.structure.filled(leaves)
        return self.function(*args, **kwargs)

    # --- what it did ------------------------------------------------------------------------------
    def _look(self, result: Any) -> None:
        """All that goes out: what changed, the result, and what is recorded outside."""
        sub, reached = self.substitution, self.met.reached
        known = {id(place.owner) for place in reached.places} | set(map(id, reached.kept))
        self.outputs = Outputs(sub, self.engine, known)
        self.changes = Changes(self.met, sub, self.outputs, self.before, self.name)
        self.result = self.outputs.value(result, "the result")
        self.forward_count = len(self.outputs.arrays)
        self.graph = Graph([])
        if self.tracked:
            self.graph = traced_graph(self.outputs, sub, self.changes.written, self.seeds)
            self.graph.rerun = rerun_of(self.function, self.met, self.changes, self.source.used)
            for node in self.graph.nodes:
                node.leaf = leaf_of(result, node.start)

    # --- the entry --------------------------------------------------------------------------------
    def _is_large(self, k: int, number: int) -> bool:
        """Whether a gradient is large, and takes the place of one that is not asked for."""
        buffer, array = self.substitution.buffers[k], self.outputs.arrays[number]
        return not buffer.asked and array.size * array.dtype.itemsize >= _LARGE

    def entry(self, program: Any, begin: float) -> Entry:
        met, changes = self.met, self.changes
        overwrites = {w.result: w.group for w in changes.memory if w.group < met.captured}
        scratch = [n for k, n in changes.grads if n is not None and self._is_large(k, n)]
        forward = self.engine.select(
            program, range(self.forward_count), self.name, overwrites, scratch
        )
        captured = [
            path for k, (path, _) in enumerate(met.reached.tensors)
            if met.located.where[k][0] in forward.used
        ]  # fmt: skip
        entry = Entry(
            forward, self.host, self.result, changes.memory, changes.grads, changes.grad_guards,
            changes.rebound, changes.shapes, changes.stores, changes.number_stores,
            self.grads_in, len(met.located.groups), self.room, self.source.used,
        )  # fmt: skip
        if any(
            node.operands or node.cleared or (node.stopped and node.written is not None)
            for node in self.graph.nodes
        ):
            first_seed = entry.groups + len(self.grads_in) + 2 * self.room + 1
            select = lambda numbers, name: self.engine.select(program, numbers, name)
            entry.pullback = compiled_graph(
                self.graph, select, self.outputs.arrays, first_seed, self.name, self.engine.library
            )
            written = {node.written for node in self.graph.nodes if node.written is not None}
            entry.memory = [
                write._replace(buffers=[(k, new and k not in written) for k, new in write.buffers])
                for write in entry.memory
            ]
        entry.captured = captured
        self.outputs.forget()
        self.substitution.forget()
        self.host.tracers = None
        entry.seconds = perf_counter() - begin
        return entry


def _has_array_grad(t: Any) -> bool:
    grad = None if t._buffer is None else t._buffer.grad
    return grad is not None and not isinstance(grad, Handle)
