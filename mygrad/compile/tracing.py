"""From a function and what it met to a program: the trace, and what it tells of the function."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from mygrad import random
from mygrad.arrays import Selection, selected
from mygrad.autodiff.lost_gradients import tell
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.compile.engine import Program
from mygrad.compile.errors import CannotCompile, refusal
from mygrad.compile.memory import Located
from mygrad.compile.numbers import HostNumber, HostProgram
from mygrad.compile.randomness import Source, undrawn
from mygrad.compile.reaching import NUMBERS, Place, Reached
from mygrad.compile.results import Outputs
from mygrad.compile.substitution import OUTSIDE, Substitution
from mygrad.errors import InvalidBackprop
from mygrad.transforms.calls import Packing
from mygrad.transforms.pull import Between, pull

__all__ = ["Again", "Entry", "Met", "tracing", "traced"]

NUMBER_INPUTS = 24
_LARGE = 1 << 16
"""Bytes from which on it pays to use the memory of old gradients again."""
tracing: ContextVar[Any] = ContextVar("mygrad_compile_tracing", default=None)
"""The trace that runs in this thread."""


class Again(Exception):
    """The trace has to begin again, as something turned out to be an input."""

    def __init__(self, why: str, what: Any) -> None:
        super().__init__(why)
        self.why, self.what = why, what


@dataclass
class Met:
    """What a call meets: all that a trace has to know of it.

    Attributes
    ----------
    reached
        What the function reaches.
    located
        The tensors, those of the arguments too, and where they lie.
    raw
        For each tensor, whether it stands for an array: 0 for no, 1 for one that comes in as a
        constant tensor, 2 for one of an optimiser's, which comes in as it is.
    holders
        For each that stands for an array in a place: the place and the key, else None.
    leaves
        The leaves of the arguments; for tensors and arrays their number among the tensors.
    structure
        How the arguments are nested.
    numbers
        Where the dynamic numbers are: places and keys, or numbers of leaves.
    values
        What these are.
    captured
        How much of the memory was met by closure: the first groups.
    """

    reached: Reached
    located: Located
    raw: list[int]
    holders: list[Any]
    leaves: list[Any]
    structure: Any
    numbers: list[Any]
    values: list[Any]
    captured: int = 0


@dataclass
class Entry:
    """A compiled program, and what a call does with it."""

    program: Program
    host: HostProgram
    result: Any
    memory: list[tuple[int, int, list[tuple[int, bool]]]]  # group, result, (buffer, new version)
    grads: list[tuple[int, int | None]]  # tensor with the buffer, result
    grad_guards: list[tuple[int, Any]]
    rebound: list[tuple[int, int, bool, bool]]
    shapes: list[tuple[int, tuple[int, ...]]]
    stores: list[tuple[str, int, Any, Any]]
    number_stores: list[tuple[int, Any, int]]
    grads_in: list[int]
    groups: int
    random: bool
    located_count: int
    live: list[tuple[int, int]] = field(default_factory=list)
    live_writes: list[tuple[int, int]] = field(default_factory=list)
    operands: list[int] = field(default_factory=list)
    pullback: Program | None = None
    packing: Any = None
    seconds: float = 0.0
    captured: list[str] = field(default_factory=list)
    plan: Any = None


def traced(
    function: Callable[..., Any], met: Met, engine: Any, name: str, tracked: bool, dynamic: bool,
    seed: Any = None,
) -> Entry:  # fmt: skip
    """Trace a function and compile what it does."""
    begin = perf_counter()
    trace = _Trace(function, met, engine, name, tracked, seed)
    specs: list[Any] = [(g.array.shape, g.array.dtype) for g in met.located.groups]
    for k in trace.grads_in:
        grad = met.located.tensors[met.located.base_of(k)].grad
        specs.append((grad.shape, grad.dtype))
    specs += [1.5] * NUMBER_INPUTS + [7] * NUMBER_INPUTS
    specs.append(((2,), np.dtype("uint32")))
    if seed is not None:
        specs.append(seed)
    before = undrawn(met.reached.generators)
    try:
        program = engine.trace(trace.run, specs)
    except (Again, CannotCompile):
        raise
    except Exception as error:
        said = refusal(error, name)
        if said is not None:
            raise said from error
        raise
    if undrawn(met.reached.generators) != before:
        raise CannotCompile(
            f"{name} cannot be compiled: it draws random numbers of NumPy or Python, which would "
            f"be the same in every call. Way out: mg.random, or draw them outside and hand them "
            f"over"
        )
    return trace.entry(program, begin)


class _Trace:
    def __init__(
        self, function: Any, met: Met, engine: Any, name: str, tracked: bool, seed: Any
    ) -> None:
        self.function, self.met, self.engine, self.name = function, met, engine, name
        self.tracked, self.seed = tracked, seed
        tensors = met.located.tensors
        self.grads_in = [
            k for k, t in enumerate(tensors) if met.located.buffers[k] == k and _has_array_grad(t)
        ]
        self.host = HostProgram(met.values)

    # --- the run ----------------------------------------------------------------------------------
    def run(self, *arrays: Any) -> list[Any]:
        """What JAX traces."""
        _met, count = self.met, len(self.met.located.groups)
        memory, rest = arrays[:count], arrays[count:]
        grads = dict(zip(self.grads_in, rest, strict=False))
        rest = rest[len(self.grads_in) :]
        floats, integers = rest[:NUMBER_INPUTS], rest[NUMBER_INPUTS : 2 * NUMBER_INPUTS]
        key = rest[2 * NUMBER_INPUTS]

        def number(position: int, kind: type) -> Any:
            if position >= NUMBER_INPUTS:
                raise CannotCompile(
                    f"{self.name} cannot be compiled: more than {NUMBER_INPUTS} Python numbers "
                    f"that change meet tensors. Way out: put them into one array"
                )
            return (floats if kind is float else integers)[position]

        self.host.tracers = number
        self.source = Source(key)
        self.seed_tracer = arrays[-1] if self.seed is not None else None
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
        gc_was_on = gc.isenabled()
        gc.disable()  # weak references to what is traced say what they say
        try:
            with self.substitution:
                for k, holder in enumerate(met.holders):
                    if holder is not None:
                        place, key = holder
                        t = met.located.tensors[k]
                        _put(place, key, t._data if met.raw[k] == 2 else t)
                for k, (place, key) in enumerate(met.numbers):
                    if place is not None:
                        _put(place, key, self.host.number(k))
                self.now = [self._snapshot(place) for place in places]
                yield
        finally:
            if gc_was_on:
                gc.enable()
            for place, (keys, values, owner) in zip(places, saved, strict=True):
                place.keys, place.values, place.owner = keys, values, owner
            for place, (keys, values, _) in zip(places, saved, strict=True):
                place.restore(keys, values)

    def _snapshot(self, place: Place) -> tuple[list[Any], list[Any]]:
        return place.present()

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
        met, sub = self.met, self.substitution
        places = met.reached.places
        known = {id(p.owner) for p in places} | set(map(id, met.reached.kept))
        self.outputs = out = Outputs(sub, self.engine, known)
        self.host_stores: list[tuple[int, Any, int]] = []
        self.stores: list[tuple[str, int, Any, Any]] = []
        array_writes: dict[int, Any] = {}
        self.changing: set[str] = set()

        # gradients first, so that who returns one returns the array that tensors have
        self.grads: list[tuple[int, int | None]] = []
        self.grad_guards: list[tuple[int, Any]] = []
        for k, buffer in sub.buffers.items():
            t = met.located.tensors[k]
            if buffer.asked:
                old = sub.saved[k][1]
                grad = None if old is None else old.grad
                if isinstance(grad, Handle):
                    raise CannotCompile(
                        f"{self.name} cannot be compiled: it reads a gradient that is a tensor "
                        f"(create_graph=True). Way out: compute it inside"
                    )
                self.grad_guards.append((k, None if grad is None else (grad.shape, grad.dtype)))
            if not buffer.assigned:
                continue
            g = buffer.grad
            if g is None:
                self.grads.append((k, None))
                continue
            if isinstance(g, Handle):
                raise CannotCompile(
                    f"{self.name} cannot be compiled: gradients that are tensors "
                    f"(create_graph=True) stay on a tensor from outside. Way out: t.null_grad() "
                    f"or mg.grad, and return what is needed"
                )
            self.grads.append((k, out.grad(sub.seen_by_base(k, g))))
            if t._buffer is buffer and sub.windows[sub.base_of(k)] is None:
                pass

        # memory
        self.memory: list[tuple[int, int, list[Any]]] = []
        self.live_writes: list[Any] = []
        for number, root in enumerate(sub.roots):
            base = root._base
            final = base._data
            if final.shape != sub.arrays[number].shape:  # its shape was assigned
                final = self.engine.jax.numpy.reshape(final, sub.arrays[number].shape)
            if final is sub.arrays[number]:
                continue
            members = {met.located.buffers[k] for k in met.located.groups[number].members}
            changed = []
            for k in sorted(members):
                buffer = sub.buffers[k]
                version = buffer.version
                new = version is not buffer.first
                if version is not None and version.seq:
                    seen = out.add(sub.seen_by_base(k, final))
                    self.live_writes.append((k, version, seen))
                changed.append((k, new))
            self.memory.append((number, out.add(final), changed))

        self.rebound: list[Any] = []
        self.shapes: list[Any] = []
        for k, t in enumerate(met.located.tensors):
            window, first = sub.windows[k], sub.buffers[met.located.buffers[k]]
            if t._buffer is not first:
                twin = new_handle(t._data, t._buffer, None, None, t._constant)
                grad = None if t._buffer is None else t._buffer.grad
                if grad is not None and first.assigned and grad is first.grad:
                    grad = "kept"
                self.rebound.append((k, out.add(twin._data), t._constant, grad == "kept"))
                if (
                    t._buffer is not None
                    and t._buffer.version is not None
                    and t._buffer.version.seq
                ):
                    raise CannotCompile(
                        f"{self.name} cannot be compiled: a graph is left on a tensor whose .data "
                        f"was assigned"
                    )
            elif t._window is not window:
                self.shapes.append((k, tuple(t._data.shape)))

        # places
        for number, place in enumerate(places):
            if place.grown and place.kind == "list":
                before = self.now[number][1]
                after = list(place.owner)
                if len(after) >= len(before) and all(
                    a is b for a, b in zip(before, after, strict=False)
                ):
                    for j, item in enumerate(after[len(before) :]):
                        make = out.value(item, f"{place.path}[{len(before) + j}]")
                        self.stores.append(("append", number, None, make))
                    continue
                raise Again("ungrown", place.path)
            self._changes(number, place, array_writes)
        if self.changing:
            raise Again("changing", self.changing)
        for k, value in array_writes.items():
            self.memory.append((met.located.where[k][0], out.add(value), []))

        self.result = out.value(result, "the result")
        self._graphs()

    def _changes(self, number: int, place: Place, array_writes: dict[int, Any]) -> None:
        keys, before = self.now[number]
        if place.kind == "tuple":
            return
        now_keys, after = place.present()
        if (
            place.kind == "list"
            and len(after) > len(before)
            and all(a is b for a, b in zip(before, after, strict=False))
        ):
            raise Again("grown", place.path)
        if place.kind == "list" and len(after) != len(before):
            makes = [self.outputs.value(v, f"{place.path}[{j}]") for j, v in enumerate(after)]
            self.stores.append(("fill", number, None, makes))
            return
        old = dict(zip(keys, before, strict=True))
        for key in keys:
            if key not in now_keys:
                self.stores.append(("delete", number, key, None))
        for key, value in zip(now_keys, after, strict=True):
            if key not in old:
                make = self.outputs.value(value, place.name(key))
                self.stores.append(("set", number, key, make))
            elif value is not old[key]:
                self._changed(number, place, key, old[key], value, array_writes)

    def _changed(
        self, number: int, place: Place, key: Any, old: Any, new: Any, array_writes: dict[int, Any]
    ) -> None:
        """What a place holds is another object."""
        met = self.met
        if isinstance(new, HostNumber):
            if isinstance(old, HostNumber) and new.place == old.place:
                return
            self.host_stores.append((number, key, new.place))
            return
        if type(old) in NUMBERS and type(new) in NUMBERS:
            if old == new and type(old) is type(new):
                return
            self.changing.add(place.name(key))
            return
        if isinstance(old, tuple) and type(new) is type(old) and len(old) == len(new):
            inner = next(
                (k for k, p in enumerate(met.reached.places)
                 if p.kind == "tuple" and p.parent == (place, key)), None,
            )  # fmt: skip
            if inner is not None and place.path.endswith("._state"):
                child = met.reached.places[inner]
                for j, (a, b) in enumerate(zip(old, new, strict=True)):
                    if a is not b:
                        self._changed(inner, child, j, a, b, array_writes)
                return
        if isinstance(old, dict) and type(new) is dict and old.keys() == new.keys():
            inner = next((k for k, p in enumerate(met.reached.places) if p.owner is old), None)
            if inner is not None and place.kind == "tuple" and "._state" in place.path:
                child = met.reached.places[inner]
                for j in old:
                    if old[j] is not new[j]:
                        self._changed(inner, child, j, old[j], new[j], array_writes)
                return
        for k, holder in enumerate(met.holders):
            if holder is not None and met.raw[k] == 2 and holder == (place, key):
                if self.engine.is_tracer(new) and (new.shape, new.dtype) == (old.shape, old.dtype):
                    array_writes[k] = new
                    return
        make = self.outputs.value(new, place.name(key))
        self.stores.append(("set", number, key, make))

    # --- graphs that lead outside -----------------------------------------------------------------
    def _graphs(self) -> None:
        """What is recorded outside: results that come from variables there, and its pullback."""
        out, sub, met = self.outputs, self.substitution, self.met
        self.live: list[tuple[int, int]] = []
        self.operands: list[int] = []
        self.packing = None
        self.forward_count = len(out.arrays)
        candidates = [(place, t._buffer.version, number) for place, t, number in out.live]
        writes = self.live_writes
        candidates = [c for c in candidates if not self._cleared(c[1], c[0])]
        writes = self.live_writes = [w for w in writes if not self._cleared(w[1])]
        versions = [v for _, v, _ in candidates] + [v for _, v, _ in writes]
        if not versions or not self.tracked:
            return
        buffers = {k: b for k, b in sub.buffers.items() if b.first is not None}
        inputs = [b.first for b in buffers.values()]
        between = Between(versions, inputs)
        made = {id(t._buffer) for _, t, _ in out.live} | {
            id(t._buffer) for t in out._kept if t._buffer is not None
        }
        for version in between.outside:
            held = version.buffer()
            if held is not None and id(held) in made and version.stopped is None:
                raise CannotCompile(
                    f"{self.name} cannot be compiled: it returns a tensor and a result of it, made "
                    f"inside, with the graph between them. Way out: call backward() inside, or "
                    f"make the tensor outside"
                )
        for place, version, _ in candidates:
            gone = [v for v in Between([version], inputs).outside if v.stopped is not None]
            if version not in between.leads and gone:
                out.stopped[place] = gone[0].stopped  # type: ignore[assignment]
        live = [c for c in candidates if c[1] in between.leads]
        live_writes = [w for w in writes if w[1] in between.leads]
        if not live and not live_writes:
            return
        chosen = [*live, *live_writes]
        arrays = [out.arrays[number] for _, _, number in chosen]
        self.packing = Packing(arrays)
        if self.seed is None:
            size = sum(int(np.prod(a.shape)) for a in arrays)
            shape = arrays[0].shape if len(arrays) == 1 else (size,)
            raise Again("seed", (tuple(shape), self.packing.dtype))
        parts = self.packing.parts(self.seed_tracer)
        starts = [next(t for p, t, _ in out.live if p == place) for place, _, _ in live]
        for k, _, _ in live_writes:
            base, window = met.located.tensors[sub.base_of(k)], sub.windows[sub.base_of(k)]
            starts.append(new_handle(base._data, base._buffer, window, base, False))
        found = pull(starts, parts, inputs, False, between)
        for (k, _), (g, _) in zip(buffers.items(), found, strict=True):
            if g is not None:
                self.operands.append(sub.base_of(k))
                out.add(sub.seen_by_base(k, g))
        self.live = [(place, number) for place, _, number in live]
        self.live_bases = [(k, version) for k, version, _ in live_writes]
        self.live_writes = [(sub.base_of(k), number) for k, _, number in live_writes]

    def _cleared(self, version: Any, place: int | None = None) -> bool:
        """Whether a backward() cleared a part of the graph of a result."""
        try:
            Between([version], ())
        except InvalidBackprop:
            if place is not None:
                self.outputs.stopped[place] = "a compiled function"
            return True
        return False

    def _is_large(self, k: int, number: int) -> bool:
        """Whether a gradient is large, and takes the place of one that is not asked for."""
        buffer, array = self.substitution.buffers[k], self.outputs.arrays[number]
        return not buffer.asked and array.size * array.dtype.itemsize >= _LARGE

    # --- the entry --------------------------------------------------------------------------------
    def entry(self, program: Any, begin: float) -> Entry:
        overwrites = {n: g for g, n, _ in self.memory if g < self.met.captured}
        scratch = [n for k, n in self.grads if n is not None and self._is_large(k, n)]
        forward = self.engine.select(
            program, range(self.forward_count), self.name, overwrites, scratch
        )
        pullback = None
        if self.operands:
            rest = range(self.forward_count, len(self.outputs.arrays))
            pullback = self.engine.select(program, rest, f"{self.name}_pullback")
        met = self.met
        captured = [
            path for k, (path, _) in enumerate(met.reached.tensors)
            if met.located.where[k][0] in forward.used
        ]  # fmt: skip
        self.outputs.arrays = []
        self.outputs.live = []
        self.outputs._kept = []
        self.host.tracers = None
        if self.operands:  # what has a graph is written with it
            kept = {k for k, _ in self.live_bases}
            self.memory = [
                (g, n, [(k, new and k not in kept) for k, new in changed])
                for g, n, changed in self.memory
            ]
        else:
            self.live_writes = []
        entry = Entry(
            forward, self.host, self.result,
            self.memory,
            self.grads, self.grad_guards, self.rebound, self.shapes,
            self.stores, self.host_stores, self.grads_in, len(met.located.groups),
            self.source.used, len(met.located.tensors),
        )  # fmt: skip
        if self.operands:
            entry.live, entry.live_writes = self.live, list(self.live_writes)
            entry.operands, entry.pullback, entry.packing = self.operands, pullback, self.packing
        entry.captured = captured
        entry.seconds = perf_counter() - begin
        self.substitution.roots = []
        self.substitution.arrays = []
        self.substitution.buffers = {}
        self.substitution.grads = {}
        self.substitution.kept = []
        return entry


def _put(place: Place, key: Any, value: Any) -> None:
    place.put(key, value)


def _has_array_grad(t: Any) -> bool:
    grad = None if t._buffer is None else t._buffer.grad
    return isinstance(grad, np.ndarray)


@dataclass
class _Number:
    """A leaf of the arguments that is tensor number k."""

    k: int


@dataclass
class _Dynamic:
    """A leaf of the arguments that is dynamic number k."""

    k: int
