"""Places for the nodes of drawings: layers, room, and straight edges."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mygrad.computational_graph.layout import lay_out


def test_layers_and_room() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        count = int(rng.integers(2, 60))
        edges = [
            (int(rng.integers(0, b)), b) for b in range(1, count) for _ in range(rng.integers(1, 4))
        ]
        sizes = [(float(rng.integers(20, 90)), 20.0) for _ in range(count)]
        drawing = lay_out(sizes, edges)
        layer = {v: k for k, row in enumerate(drawing.layers) for v in row}
        assert sorted(layer) == list(range(count))
        assert all(layer[a] < layer[b] for a, b in edges)
        for row in drawing.layers:
            for a, b in pairwise(row):
                room = drawing.centres[b][0] - drawing.centres[a][0]
                assert room >= (sizes[a][0] + sizes[b][0]) / 2 + 5
        for (x, y), (w, h) in zip(drawing.centres, sizes, strict=True):
            assert w / 2 <= x <= drawing.width - w / 2
            assert h / 2 <= y <= drawing.height - h / 2
        for (a, b), route in zip(edges, drawing.routes, strict=True):
            assert route[0][1] == drawing.centres[a][1] + 10
            assert route[-1][1] == drawing.centres[b][1] - 10
            assert [y for _, y in route] == sorted(y for _, y in route)


def test_long_edges_are_straight_and_crossings_are_avoided() -> None:
    # a chain of five, and an edge from its first to its last; two nodes with two users each
    chain = lay_out([(30.0, 20.0)] * 5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)])
    assert len({round(x, 6) for x, _ in chain.routes[-1][1:-1]}) == 1
    pairs = lay_out([(30.0, 20.0)] * 6, [(4, 0), (4, 1), (5, 2), (5, 3)])
    place = {v: k for row in pairs.layers for k, v in enumerate(row)}
    assert (place[4] < place[5]) == (max(place[0], place[1]) < min(place[2], place[3]))


def test_loose_edges_take_no_room() -> None:
    # two chains of twenty, and a node with edges to all of them
    edges = [(k, k + 1) for k in range(19)] + [(20 + k, 21 + k) for k in range(19)]
    uses = [(40, k) for k in range(40)]
    sizes = [(30.0, 20.0)] * 41
    tight, loose = (
        lay_out(sizes, [*edges, *uses], numbers)
        for numbers in ((), range(len(edges), len(edges) + 40))
    )
    assert loose.width < tight.width / 3
    assert loose.layers[1:] and sorted(v for row in loose.layers for v in row) == list(range(41))
    straight = loose.routes[len(edges) + 19]
    assert len(straight) == 2 and straight[0][1] == loose.centres[40][1] + 10


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="cycle"):
        lay_out([(1.0, 1.0)] * 2, [(0, 1), (1, 0)])
