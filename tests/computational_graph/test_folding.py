"""Repeated blocks: that loops are found, and that folding them loses and invents nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_steps import grown

import mygrad as mg
from mygrad.computational_graph import trace, view_graph
from mygrad.computational_graph.folding import SMALL, condensed, folded, repeated_blocks
from mygrad.computational_graph.layout import lay_out
from mygrad.computational_graph.trace import Graph, OperationNode


def recurrent(steps: int) -> tuple[Any, dict[str, Any]]:
    """A loop of four operations, with weights that each step uses, and an array of its own."""
    rng = np.random.default_rng(0)
    W, U = mg.tensor(rng.normal(size=(4, 4))), mg.tensor(rng.normal(size=(3, 4)))
    h = mg.zeros((2, 4))
    for _ in range(steps):
        h = mg.tanh(rng.normal(size=(2, 3)) @ U + h @ W)
    loss = mg.mean(h * h)
    return loss, {"W": W, "U": U, "h": h, "loss": loss}


def test_a_loop_of_108_operations_is_one_block() -> None:
    loss, names = recurrent(27)
    graph = trace(loss, names)
    assert len(graph.operations) == 110
    (block,) = repeated_blocks(graph)
    assert (block.count, block.operations) == (27, 108)
    assert sorted(block.steps) == ["add", "matmul", "matmul", "tanh"]
    keys, edges = folded(graph, [block])
    shown = {graph.nodes[k].name for k in keys if k < len(graph.nodes)}  # type: ignore[union-attr]
    assert {"W", "U", "h", "loss", "multiply", "mean"} <= shown and len(keys) <= 9
    for name in ("W", "U"):
        (key,) = [t.key for t in graph.tensors if t.name == name]
        assert edges.count((key, block.key)) == 1
    (h,) = [t.key for t in graph.tensors if t.name == "h"]
    assert (block.key, h) in edges


def test_small_graphs_are_drawn_as_they_are() -> None:
    x = t = mg.tensor(0.5)
    for _ in range(SMALL // 2):
        t = mg.sin(t) * x
    assert not repeated_blocks(trace(t))
    assert len(repeated_blocks(trace(mg.sin(t)))) == 1


def test_two_loops_are_two_blocks() -> None:
    t = mg.tensor(0.5)
    for _ in range(12):
        t = mg.sin(mg.exp(t))
    t = mg.log(t)
    for _ in range(15):
        t = mg.tanh(t) * 2.0
    blocks = repeated_blocks(trace(t))
    assert [(b.count, sorted(b.steps)) for b in blocks] == [
        (12, ["exp", "sin"]), (15, ["multiply", "tanh"]),
    ]  # fmt: skip
    view = view_graph(t)
    assert [len(scene.opened) for scene in view._scenes] == [0, 1, 1, 2]


def test_what_changes_its_shape_does_not_repeat() -> None:
    t = mg.tensor([0.5])
    for _ in range(30):
        t = mg.concatenate([t, t[:1]])
    assert not repeated_blocks(trace(t))


def acyclic(count: int, edges: list[tuple[int, int]]) -> bool:
    lay_out([(1.0, 1.0)] * count, edges)  # which refuses cycles
    return True


def check(graph: Graph) -> None:
    """What every folding has to be: a graph of the rest, connected as it was, without cycles."""
    blocks = repeated_blocks(graph)
    for chosen in ([], blocks, blocks[:1], blocks[1:]):
        keys, edges = folded(graph, chosen)
        place = {key: k for k, key in enumerate(keys)}
        assert len(place) == len(keys) and graph.result in place
        assert acyclic(len(keys), [(place[a], place[b]) for a, b in edges])
        hidden = set().union(*(b.members for b in chosen)) if chosen else set()
        assert hidden.isdisjoint(keys)
        assert len(keys) == len(graph.nodes) - len(hidden) + len(chosen)
        assert {e for e in graph.edges if not hidden & set(e)} <= set(edges)
        middle = {
            t.key for t in graph.tensors if t.creator is not None and t.key != graph.result
        } & set(keys)
        fewer, past = condensed(keys, edges, middle)
        assert set(fewer) == set(keys) - middle
        place = {key: k for k, key in enumerate(fewer)}
        assert acyclic(len(fewer), [(place[a], place[b]) for a, b in past])
        reach = {graph.result}
        for _ in fewer:
            reach |= {a for a, b in past if b in reach}
        assert reach == set(fewer)
        # Everything still leads to the result.
        leads = {graph.result}
        for _ in keys:
            leads |= {a for a, b in edges if b in leads}
        assert leads == set(keys)
    for one, other in pairwise(blocks):
        assert one.members.isdisjoint(other.members)


@settings(max_examples=min(30, settings.default.max_examples))  # of some hundred operations each
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=4),
    st.integers(3, 9),
)
def test_foldings_are_graphs(loops: list[list[int]], count: int) -> None:
    x = mg.tensor([0.5, 0.7, 0.9])
    kept: list[Any] = []
    t = x
    for body in loops:
        for _ in range(count):
            for kind in body:
                t = grown(kind, t, x, kept)
    total = t
    for each in kept:
        total = total + each
    check(trace(total, {"x": x}))


def test_operations_are_put_into_the_order_of_the_computation() -> None:
    from mygrad.computational_graph.folding import _in_order

    loss, names = recurrent(6)
    graph = trace(loss, names)
    ordered = _in_order(graph)
    assert len(ordered) == len(graph.operations)
    done: set[int | None] = {None}
    for op in ordered:
        assert isinstance(op, OperationNode)
        assert all(graph.nodes[k].creator in done for _, k in op.inputs)  # type: ignore[union-attr]
        done.add(op.key)
    times = [op.when for op in ordered if op.when]
    assert times == sorted(times)


def test_folding_can_be_turned_off() -> None:
    loss, names = recurrent(27)
    plain = view_graph(loss, names, fold=False)
    assert plain.svg().count('class="node op') == 110
    assert view_graph(loss, names).svg().count('class="node op') == 3
    with pytest.raises(TypeError, match="fold="):
        view_graph(loss, fold="no")  # type: ignore[arg-type]
