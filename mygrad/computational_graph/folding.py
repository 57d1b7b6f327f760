"""Repeated blocks of a graph, such as the steps of a loop, folded into one node each.

Operations are put into the order in which they were computed. In that order the steps of a loop
are a *tandem repeat*: the same few operations, on the same shapes, over and over. What lies
between two operations of such a stretch lies in the stretch, too, so that folding it into one
node makes no cycle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np

from mygrad.computational_graph.trace import Graph, OperationNode, TensorNode

__all__ = ["Block", "condensed", "folded", "repeated_blocks"]

SMALL = 20  # graphs with no more operations are drawn as they are
LEAST = 3  # repetitions
SHORTEST = 9  # operations that are worth folding
LONGEST_PERIOD = 400
OUTPUTS, INPUTS = 3, 6  # tensors of a block that are drawn beside it, at most


@dataclass(slots=True, eq=False)
class Block:
    """A stretch of operations that repeats.

    Attributes
    ----------
    key
        Its number as a node, above those of the graph's own nodes.
    count
        How often it repeats.
    steps
        The names of the operations that repeat, in order.
    members
        The keys of the nodes that it stands for: operations, and tensors that nothing else uses.
    operations
        How many operations there are in it.
    """

    key: int
    count: int
    steps: list[str]
    members: frozenset[int]
    operations: int


def repeated_blocks(graph: Graph) -> list[Block]:
    """Find the stretches of a graph that repeat.

    Parameters
    ----------
    graph
        What `mygrad.computational_graph.trace` returned.

    Returns
    -------
    list of Block
        In the order of the computation; none for small graphs.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.computational_graph import trace
    >>> from mygrad.computational_graph.folding import repeated_blocks
    >>> x = t = mg.tensor(0.5)
    >>> for _ in range(12):
    ...     t = mg.sin(t) * x
    >>> [(block.count, block.steps) for block in repeated_blocks(trace(t))]
    [(12, ['sin', 'multiply'])]
    """
    operations = _in_order(graph)
    if len(operations) <= SMALL:
        return []
    numbers: dict[Any, int] = {}
    text = np.array([numbers.setdefault(_looks(graph, op), len(numbers)) for op in operations])
    blocks: list[Block] = []
    for start, period, count in sorted(_repeats(text, 0, len(text))):
        inside = operations[start : start + period * count]
        steps = [op.name for op in inside[:period]]
        key = len(graph.nodes) + len(blocks)
        blocks.append(Block(key, count, steps, _members(graph, inside), len(inside)))
    return blocks


def folded(
    graph: Graph, blocks: list[Block]
) -> tuple[list[int], list[tuple[int, int]]]:
    """The nodes and edges of a graph in which these blocks are one node each.

    Parameters
    ----------
    graph
        The graph.
    blocks
        Those of its blocks that are folded.

    Returns
    -------
    list of int, list of (int, int)
        The keys of what is to be drawn, and its edges.
    """
    block_of = {key: block for block in blocks for key in block.members}
    stands_for = {key: block.key for key, block in block_of.items()}
    keys = [node.key for node in graph.nodes if node.key not in block_of]
    keys += [block.key for block in blocks]
    edges: list[tuple[int, int]] = []
    drawn: set[tuple[int, int]] = set()
    for a, b in graph.edges:
        edge = stands_for.get(a, a), stands_for.get(b, b)
        if edge == (a, b):
            edges.append(edge)
            continue
        made = graph.nodes[a]
        own = isinstance(made, TensorNode) and stands_for.get(made.creator or -1) == edge[1]
        if edge[0] != edge[1] and edge not in drawn and not own:  # `own`: used inside again
            drawn.add(edge)
            edges.append(edge)
    return keys, edges


def condensed(
    keys: list[int], edges: list[tuple[int, int]], left_out: Collection[int]
) -> tuple[list[int], list[tuple[int, int]]]:
    """A graph without some of its tensors: edges lead past them.

    Parameters
    ----------
    keys, edges
        The graph.
    left_out
        The keys of what is to go; of two that are neighbours not both.

    Returns
    -------
    list of int, list of (int, int)
        The graph that is left.
    """
    users: dict[int, list[int]] = {}
    for a, b in edges:
        if a in left_out:
            users.setdefault(a, []).append(b)
    found: list[tuple[int, int]] = []
    for a, b in edges:
        if b in left_out:
            found += [(a, user) for user in users.get(b, ())]
        elif a not in left_out:
            found.append((a, b))
    return [key for key in keys if key not in left_out], found


def _in_order(graph: Graph) -> list[OperationNode]:
    """The operations in the order of the computation.

    Views and what constants were made from have no time of their own: they come right before
    they are first used.
    """
    users: Counter[int] = Counter()
    makers: dict[int, set[int]] = {}
    for op in graph.operations:
        makers[op.key] = set()
        for _, key in op.inputs:
            made = graph.nodes[key]
            assert isinstance(made, TensorNode)
            if made.creator is not None:
                makers[op.key].add(made.creator)
        users.update(makers[op.key])
    ready: list[tuple[int, int]] = []

    def add(key: int) -> None:
        op = graph.nodes[key]
        assert isinstance(op, OperationNode)
        heappush(ready, (-op.when if op.when else -(1 << 62), key))

    for op in graph.operations:
        if not users[op.key]:
            add(op.key)
    found: list[OperationNode] = []
    while ready:
        _, key = heappop(ready)
        last = graph.nodes[key]
        assert isinstance(last, OperationNode)
        found.append(last)
        for maker in sorted(makers[key]):
            users[maker] -= 1
            if not users[maker]:
                add(maker)
    return found[::-1]


def _looks(graph: Graph, op: OperationNode) -> Any:
    """What operations that repeat have in common."""
    made = graph.nodes[op.output]
    assert isinstance(made, TensorNode)
    return op.name, op.kind, made.shape, str(made.dtype), tuple(name for name, _ in op.details)


def _repeats(text: Any, start: int, stop: int) -> list[tuple[int, int, int]]:
    """Stretches between two places that repeat: (start, period, count), the longest first."""
    best = None
    piece = text[start:stop]
    for period in range(1, min(len(piece) // LEAST, LONGEST_PERIOD) + 1):
        same = np.concatenate(([False], piece[period:] == piece[:-period], [False]))
        ends = np.flatnonzero(same[1:] != same[:-1])
        for first, last in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
            count = (last - first) // period + 1
            covered = count * period
            if count >= LEAST and covered >= SHORTEST and (best is None or covered > best[0]):
                best = covered, start + first, period, count
    if best is None:
        return []
    covered, first, period, count = best
    return [
        (first, period, count),
        *_repeats(text, start, first),
        *_repeats(text, first + covered, stop),
    ]


def _members(graph: Graph, inside: list[OperationNode]) -> frozenset[int]:
    """The operations of a block, and the tensors that need not be drawn beside it."""
    within = {op.key for op in inside}
    users: dict[int, set[int]] = {}
    for op in graph.operations:
        for _, key in op.inputs:
            users.setdefault(key, set()).add(op.key)
    hidden, outputs = set(within), []
    for op in inside:
        if op.output == graph.result or users.get(op.output, set()) - within:
            outputs.append(op.output)
        else:
            hidden.add(op.output)
    if len(outputs) > OUTPUTS:
        hidden.update(key for key in outputs if key != graph.result)
    inputs: list[TensorNode] = []
    for key in dict.fromkeys(key for op in inside for _, key in op.inputs):
        node = graph.nodes[key]
        if isinstance(node, TensorNode) and node.creator is None and users[key] <= within:
            if node.name is None and node.constant:
                hidden.add(key)
            else:
                inputs.append(node)
    if len(inputs) > INPUTS:
        hidden.update(_seldom_used(inputs, users))
    return frozenset(hidden)


def _seldom_used(inputs: list[TensorNode], users: dict[int, set[int]]) -> Collection[int]:
    """Of many inputs of a block those that are not used again and again in it."""
    return [node.key for node in inputs if len(users[node.key]) < LEAST]
