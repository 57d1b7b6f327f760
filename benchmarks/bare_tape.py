"""How much of an operation's cost is a tape as such: ``python -m benchmarks.bare_tape``.

The tape below gets the gradient of ``(x*x + x).sum()`` right, and nothing else: no views, writes,
masks, dtypes, broadcasting, guarding, constants, errors, and no result is freed before its graph.
It is what any tape written in Python has to pay for, timed in turns with mygrad.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from itertools import count
from operator import attrgetter
from statistics import median
from typing import Any

import numpy as np

import mygrad as mg

clock = count(1)
newest_first = attrgetter("seq")


class Node:
    __slots__ = ("arrays", "grad", "parents", "rules", "seq")


class Bare:
    """A tensor that can do no more than the expression needs."""

    __slots__ = ("array", "node")

    array: Any
    node: Node

    def __mul__(self, other: Bare) -> Bare:
        return record(np.multiply, (self, other), (lambda g, x, y: g * y, lambda g, x, y: g * x))

    def __add__(self, other: Bare) -> Bare:
        return record(np.add, (self, other), (lambda g, x, y: g, lambda g, x, y: g))

    def sum(self) -> Bare:
        return record(np.add.reduce, (self,), (spread,))

    def backward(self) -> None:
        order, seen, stack = [], {self.node}, [self.node]
        while stack:
            node = stack.pop()
            order.append(node)
            for parent in node.parents:
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        order.sort(key=newest_first, reverse=True)
        adjoints: dict[Node, Any] = {self.node: np.array(1.0)}
        for node in order:
            g = adjoints[node]
            if not node.rules:
                node.grad = g
            for parent, rule in zip(node.parents, node.rules, strict=True):
                part = rule(g, *node.arrays)
                adjoints[parent] = adjoints[parent] + part if parent in adjoints else part


def spread(g: Any, x: Any) -> Any:
    return np.ndarray(x.shape, g.dtype, g, 0, (0,) * x.ndim)


def record(function: Callable[..., Any], operands: Any, rules: Any) -> Bare:
    node, result = Node(), Bare()
    node.arrays = [t.array for t in operands]
    node.parents = [t.node for t in operands]
    node.seq, node.rules = next(clock), rules
    result.array, result.node = np.asarray(function(*node.arrays)), node
    return result


def leaf(array: Any) -> Bare:
    node, result = Node(), Bare()
    node.seq, node.parents, node.rules, node.arrays = 0, (), (), ()
    result.array, result.node = array, node
    return result


def main() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    bare, ours = leaf(values), mg.tensor(values)

    def with_bare() -> None:
        (bare * bare + bare).sum().backward()

    def with_mygrad() -> None:
        (ours * ours + ours).sum().backward()

    with_bare()
    with_mygrad()
    for grad in (bare.node.grad, ours.grad):
        np.testing.assert_array_equal(grad, 2 * values + 1)
    rounds = [
        [min(timeit.repeat(step, number=1000, repeat=3)) * 1e3 for step in (with_bare, with_mygrad)]
        for _ in range(15)
    ]
    least, mine = (median(column) for column in zip(*rounds, strict=True))
    print(f"bare tape {least:.1f} us, mygrad {mine:.1f} us: {mine / least:.2f} times as much")


if __name__ == "__main__":
    main()
