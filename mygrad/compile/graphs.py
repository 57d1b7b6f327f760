"""The graph that a call of a compiled function leaves outside, and how it is differentiated.

Each tensor that a call returns or writes to, and that comes from variables, is the result of one
operation on the tape outside. Its operands are the variables from outside that it was made of, and
those of the same call that somebody can see: they get gradients of their own. The pullbacks are
parts of the traced program, and compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import ref

import numpy as np

from mygrad.autodiff.inplace import write
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import CLEARED, Handle, Record, buffer_of, leaf, new_buffer, new_handle
from mygrad.autodiff.plan import CompiledRule
from mygrad.autodiff.tape import clock
from mygrad.compile.engine import engine
from mygrad.compile.entries import Again
from mygrad.compile.libraries import HOST, is_array
from mygrad.errors import InvalidBackprop
from mygrad.transforms.calls import FunctionCall, Packing, record, standing_for
from mygrad.transforms.pull import Between, pull

__all__ = ["Graph", "Node", "compiled_graph", "recorded", "saved_inputs", "traced_graph"]


class CompiledCall(FunctionCall):
    """One result of a call; its pullback has copies of what it needs, and nothing is locked."""

    def rules_for(self, flows: tuple[bool, ...]) -> Iterator[tuple[int | None, CompiledRule]]:
        numbers = tuple(k for k, flow in enumerate(flows) if flow)
        (rule,) = self.rules
        assert rule is not None

        def jointly(g: Any, pullback: Any) -> Any:
            return pullback.pull(g, (), numbers, None)

        yield None, CompiledRule(numbers, jointly, rule.needs, frozenset())


def compiled_call(operands: Any, pullback: Any, result: Any) -> Any:
    """Record a result of a compiled function."""
    return result


COMPILED_CALL = CompiledCall(compiled_call, {"operands": lambda g, pullback: None}, variadic=True)


# --- while tracing --------------------------------------------------------------------------------
@dataclass
class Node:
    """A variable that a call makes or writes to.

    Attributes
    ----------
    version
        Its version in the trace.
    number
        The number of the result that is its elements.
    place
        The number of the tensor that is made, or None.
    written
        The number of the tensor from outside that is written to, or None.
    start
        The tensor, while tracing.
    operands
        What it was made of: ("outside", number of the tensor), ("node", number of another one) or
        ("stopped", what was cleared), a version whose history a backward() inside has cleared.
    cleared
        Whether a backward() inside cleared a part of its graph.
    stopped
        What made it, where a backward() inside cut off all of its history.
    outputs
        The numbers of the results that are the adjoints of its operands.
    seed
        The number of the input that is its adjoint.
    pullback
        The program that computes the adjoints.
    packing
        What `record` wants to know of the result.
    leaf
        Which of the leaves of the result of the function it is, or None.
    """

    version: Any
    number: int
    place: int | None
    written: int | None
    start: Any
    operands: list[tuple[str, Any]] = field(default_factory=list)
    cleared: bool = False
    stopped: str | None = None
    outputs: range = range(0)
    seed: int = -1
    pullback: Any = None
    packing: Any = None
    leaf: int | None = None

    @property
    def plain(self) -> bool:
        """Whether it was made of tensors from outside alone."""
        return all(kind == "outside" for kind, _ in self.operands)


@dataclass
class Stopped:
    """A variable that a backward() inside has cut off from what it was made of."""

    shape: tuple[int, ...]
    dtype: Any
    made_by: str | None


@dataclass
class Graph:
    """What a call records.

    Attributes
    ----------
    nodes
        In the order in which they were made.
    used
        The numbers of the inputs that pullbacks depend on.
    makes
        By place: what makes the tensors of a call.
    library
        Whose arrays calls are on.
    rerun
        How the function runs again, or None: a `mygrad.compile.rerunning.Rerun`.
    """

    nodes: list[Node]
    used: list[int] = field(default_factory=list)
    makes: dict[int, Any] = field(default_factory=dict)
    library: Any = HOST
    rerun: Any = None


def traced_graph(outputs: Any, substitution: Any, writes: Sequence[Any], seeds: Any) -> Graph:
    """What is recorded outside of what was traced; the adjoints become results of the program.

    `writes` are (number of a tensor, version, number of a result) for what was written to, and
    `seeds` the tracers of adjoints, by the order of nodes that need one.
    """
    sub, tensors = substitution, substitution.located.tensors
    nodes = [Node(t._buffer.version, number, place, None, t) for place, t, number in outputs.live]
    for k, version, number in writes:
        base, window = tensors[sub.base_of(k)], sub.windows[sub.base_of(k)]
        start = new_handle(base._data, base._buffer, window, base, False)
        nodes.append(Node(version, number, None, k, start))
    nodes.sort(key=lambda node: node.version.seq)
    outside = [(k, b) for k, b in sub.buffers.items()
               if b.first is not None and b.first.parents is not CLEARED]  # fmt: skip
    wanted: list[Any] = []
    for number, node in enumerate(nodes):
        if not node.version.seq:
            node.stopped = node.version.stopped
            continue
        inputs = [b.first for _, b in outside] + [other.version for other in nodes[:number]]
        try:
            between = Between([node.version], inputs, since=1)
            parents = {p for v in between.met for p in v.parents if p is not None and not p.seq}
            stopped = [p for p in parents if p.stopped and p not in between.leads]  # type: ignore[attr-defined]
            if stopped:
                between = Between([node.version], [*inputs, *stopped], since=1)
        except InvalidBackprop:
            node.cleared = True
            continue
        if node.version not in between.leads:
            continue
        array = outputs.arrays[node.number]
        shape = tuple(array.shape)
        wanted.append((shape, np.dtype(array.dtype)))
        if seeds is None or len(wanted) > len(seeds) or not _fits(seeds[len(wanted) - 1], shape):
            continue
        node.seed = len(wanted) - 1
        seed = seeds[node.seed]
        found = pull([node.start], [seed], [*inputs, *stopped], False, between)
        first = len(outputs.arrays)
        for j, (g, _) in enumerate(found):
            if g is None:
                continue
            if j < len(outside):
                k = outside[j][0]
                node.operands.append(("outside", sub.base_of(k)))
                outputs.add(sub.seen_by_base(k, g))
            elif j < len(inputs):
                other = nodes[j - len(outside)]
                node.operands.append(("node", j - len(outside)))
                window = other.start._window
                outputs.add(g if window is None else window.look(g))
            else:
                v = stopped[j - len(inputs)]
                node.operands.append(("stopped", Stopped(tuple(v.shape), v.dtype, v.stopped)))
                outputs.add(g)
        node.outputs = range(first, len(outputs.arrays))
    if wanted and (seeds is None or [tuple(s.shape) for s in seeds] != [s for s, _ in wanted]):
        raise Again("seed", wanted)
    graph = Graph(nodes)
    graph.makes = dict(outputs.made.values())
    return graph


def _fits(seed: Any, shape: tuple[int, ...]) -> bool:
    return tuple(seed.shape) == shape


def compiled_graph(
    graph: Graph, select: Any, arrays: Sequence[Any], first_seed: int, name: str, library: Any
) -> Graph:
    """The same with pullbacks that are compiled, and without what belongs to the trace."""
    used: set[int] = set()
    graph.library = library
    for node in graph.nodes:
        if node.operands:
            node.seed += first_seed
            node.pullback = select(node.outputs, f"{name}_pullback")
            used.update(node.pullback.used)
            used.update(k for kind, k in node.pullback.results if kind == "input")
            array = arrays[node.number]
            node.packing = Packing([library.like(tuple(array.shape), np.dtype(array.dtype))])
        node.version = node.start = None
    graph.used = sorted(used)
    return graph


# --- calls ----------------------------------------------------------------------------------------
class _Pullback:
    """What a recorded result does when it is differentiated: run the compiled pullback."""

    __slots__ = ("call", "node", "rerun", "saved", "versions")

    def __init__(
        self, node: Node, saved: dict[int, Any], versions: list[Any], rerun: Any, call: Any
    ) -> None:
        self.node, self.saved, self.versions = node, saved, versions
        self.rerun, self.call = rerun, None if rerun is None else (call.tensors, call.numbers)

    def pull(self, g: Any, operands: Sequence[Any], numbers: Sequence[int], out: Any) -> Any:
        """The adjoints of the operands."""
        if isinstance(g, Handle):
            return self._on_tensors(g, numbers)
        library = self.node.pullback.library
        found = library.running(self._pull)({**self.saved, self.node.seed: g})
        return [found[k] for k in numbers]

    def _pull(self, values: dict[int, Any]) -> list[Any]:
        program = self.node.pullback
        library = program.library
        given = engine(library).given
        outputs: list[Any] = []
        inputs = [given(values[k]) for k in program.used]
        library.wait()
        program.run(inputs, outputs)
        (computed,), found = outputs, []
        for kind, what in program.results:
            if kind == "computed":
                array = library.result(computed[what], *program.kinds[what])
                found.append(array.copy())  # others may have that memory, too
            else:
                found.append(library.copied(values[what] if kind == "input" else what))
        return found

    def _on_tensors(self, g: Handle, numbers: Sequence[int]) -> Any:
        """The adjoints as tensors, whose own derivatives come from another call of the function."""
        node, library = self.node, self.node.pullback.library
        if self.rerun is not None and node.leaf is not None and node.plain:
            operands = [what for _, what in node.operands]
            found = self.rerun.adjoints(
                self.call, node.leaf, g, operands, self.versions, self.saved
            )
            if all(g is not None for g in found):
                return [found[k] for k in numbers]
        handles = [standing_for(v, library.adapter, library.number) for v in self.versions]
        if not g._constant:
            handles.append(g)
        arrays = self.pull(g._data, (), numbers, None)
        return [
            record(COMPILED_CALL, _Last(), handles, [None] * len(handles), Packing([a]), a)[0]
            for a in arrays
        ]


class _Last:
    """The pullback of a pullback, which is not compiled."""

    def pull(self, g: Any, operands: Sequence[Any], numbers: Sequence[int], out: Any) -> Any:
        raise InvalidBackprop(
            "derivatives of derivatives go through a compiled function where it changes nothing "
            "outside, and this one does: compile the function that takes them (mg.compile of "
            "mg.grad), or call it under `with mg.compile.disabled():`"
        )


def saved_inputs(graph: Graph, find: Callable[[int], Any]) -> dict[int, Any]:
    """Copies of what pullbacks need of the inputs of a call, by number, before it changes them."""
    seeds = {node.seed for node in graph.nodes}
    given = {k: find(k) for k in graph.used if k not in seeds}
    return {k: v.copy() if is_array(v) else v for k, v in given.items()}


def recorded(graph: Graph, call: Any, saved: dict[int, Any]) -> None:
    """Record a call; its results, and what it wrote with a graph, are tensors of that record."""
    outside = {
        what: _standing_for(call.tensors[what])
        for node in graph.nodes for kind, what in node.operands if kind == "outside"
    }  # fmt: skip
    made: list[Any] = []
    for node in graph.nodes:
        operands = [
            outside[what] if kind == "outside" else _standing_for(made[what])
            if kind == "node" else _cut_off(what, graph.library)
            for kind, what in node.operands
        ]  # fmt: skip
        made.append(_recorded_node(node, operands, graph, call, saved))


def _recorded_node(node: Node, operands: list[Any], graph: Graph, call: Any, saved: Any) -> Any:
    """The tensor of a node, on the tape outside."""
    array = call.results[node.number]
    t = None
    if node.operands:
        versions = [o._buffer.version for o in operands]
        pullback = _Pullback(node, saved, versions, graph.rerun, call)
        nothing = [None] * len(operands)
        (t,) = record(COMPILED_CALL, pullback, operands, nothing, node.packing, array.copy())
    if node.written is None:
        if t is not None:
            call.recorded[node.place] = t
        t = graph.makes[node.place](call)  # type: ignore[index]
        if node.cleared:
            buffer = buffer_of(t)
            buffer.version = cleared_version(buffer, array.shape, array.dtype, graph.library)
        return t
    target = call.tensors[node.written]
    base = target if target._base is None else target._base
    if t is not None:
        write(base, None, t, name="a compiled function")
    else:
        buffer = buffer_of(target)
        old: Any = buffer.version
        if node.cleared:
            buffer.version = cleared_version(buffer, old.shape, old.dtype, graph.library)
        else:
            buffer.version = leaf(buffer, old.shape, old.dtype, node.stopped)
    return base


def _standing_for(t: Any) -> Any:
    """A tensor for the present version of another one, whose gradient is not touched."""
    buffer = new_buffer(buffer_of(t).version)
    return new_handle(t._data, buffer, t._window, t, False)


def _cut_off(stopped: Stopped, library: Any) -> Any:
    """A variable whose history is gone, which tells so whoever differentiates by it."""
    buffer = new_buffer()
    buffer.version = leaf(buffer, stopped.shape, np.dtype(stopped.dtype), stopped.made_by)
    nothing = library.zeros((0,), np.dtype(stopped.dtype))
    return new_handle(nothing, buffer, None, None, False)


def cleared_version(buffer: Any, shape: Any, dtype: Any, library: Any = HOST) -> Record:
    """A version of a buffer with a history that was cleared, of which a backward() tells."""
    version = Record()
    version.seq = next(clock)
    version.shape, version.dtype = shape, dtype
    version.plan = COMPILED_CALL.plans.get(1) or COMPILED_CALL.plan(1, 1)
    version.namespace = namespace_of(library.adapter)
    version.checks = 0
    version.buffer = ref(buffer)
    version.parents, version.values = CLEARED, ()
    version.windows = version.mask = version.locks = None
    return version
