"""Places for the nodes of a layered drawing.

The steps are those of Sugiyama, Tagawa and Toda ("Methods for visual understanding of
hierarchical system structures", IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981):
put nodes into layers along the longest paths, order each layer by the barycentres of neighbours
so that few edges cross, then choose coordinates. The last is the method of Brandes and Köpf
("Fast and simple horizontal coordinate assignment", Graph Drawing 2001): nodes are put straight
below a median neighbour, once from each of the four corners, and the four drawings are averaged.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Drawing", "lay_out"]

GAP, LAYER_GAP, MARGIN = 26.0, 32.0, 24.0
THIN = 12.0  # the room for an edge that passes through a layer

Point = tuple[float, float]


@dataclass(slots=True)
class Drawing:
    """Where everything goes.

    Attributes
    ----------
    centres
        Of the nodes.
    routes
        For each edge the points that it goes through, from its upper end to its lower one; it
        is vertical in all of them.
    layers
        The numbers of the nodes from top to bottom, each layer from left to right.
    width, height
        Of the whole.
    """

    centres: list[Point]
    routes: list[list[Point]]
    layers: list[list[int]]
    width: float
    height: float


def lay_out(
    sizes: Sequence[Point], edges: Sequence[tuple[int, int]], loose: Collection[int] = ()
) -> Drawing:
    """Lay out a directed graph without cycles, from top to bottom.

    Parameters
    ----------
    sizes
        Width and height of each node.
    edges
        (from, to) pairs of node numbers; a pair may occur several times.
    loose
        The numbers of edges that get no room of their own: they go straight to their end, behind
        other nodes. So can those of a weight that each step of a loop uses.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> from mygrad.computational_graph.layout import lay_out
    >>> drawing = lay_out([(40.0, 20.0)] * 3, [(0, 2), (1, 2)])
    >>> drawing.layers
    [[0, 1], [2]]
    """
    level = _levels(len(sizes), edges)
    chains, level, links = _with_dummies(len(sizes), edges, level, loose)
    above: list[list[int]] = [[] for _ in level]
    below: list[list[int]] = [[] for _ in level]
    for a, b in links:
        above[b].append(a)
        below[a].append(b)
    effort = 12 if len(level) < 3000 else 4
    layers = _ordered(_first_order(level, above, below), above, below, effort)
    widths = [w for w, _ in sizes] + [THIN] * (len(level) - len(sizes))
    x = _coordinates(layers, above, below, widths, len(sizes))

    left = min((x[v] - widths[v] / 2 for v in range(len(level))), default=0.0) - MARGIN
    right = max((x[v] + widths[v] / 2 for v in range(len(level))), default=0.0) + MARGIN
    tops, bottoms, y = [], [], MARGIN
    for layer in layers:
        tops.append(y)
        y += max((sizes[v][1] for v in layer if v < len(sizes)), default=0.0)
        bottoms.append(y)
        y += LAYER_GAP
    centres = [
        (x[v] - left, (tops[level[v]] + bottoms[level[v]]) / 2) for v in range(len(sizes))
    ]
    ports = _ports(edges, sizes, x, chains)
    routes = []
    for k, (a, b) in enumerate(edges):
        start, end = centres[a], centres[b]
        route = [(start[0], start[1] + sizes[a][1] / 2)]
        for d in chains[k]:
            route += [(x[d] - left, tops[level[d]]), (x[d] - left, bottoms[level[d]])]
        route.append((end[0] + ports[k], end[1] - sizes[b][1] / 2))
        routes.append(route)
    named = [[v for v in layer if v < len(sizes)] for layer in layers]
    return Drawing(centres, routes, named, right - left, y - LAYER_GAP + MARGIN)


def _levels(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each node: below all that lead to it, and no higher up than it has to be."""
    into: list[list[int]] = [[] for _ in range(count)]
    out: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        into[b].append(a)
        out[a].append(b)
    missing = [len(i) for i in into]
    ready = [v for v in range(count) if not missing[v]]
    level = [0] * count
    for v in ready:  # grows
        for b in out[v]:
            level[b] = max(level[b], level[v] + 1)
            missing[b] -= 1
            if not missing[b]:
                ready.append(b)
    if len(ready) < count:
        raise ValueError("the graph has a cycle, so it cannot be drawn in layers")
    # What can be further down comes close to where it is used, if that makes edges shorter:
    # what leads to it and to nothing else comes along.
    for v in reversed(ready):
        if out[v] and sum(len(out[a]) > 1 for a in into[v]) <= len(out[v]):
            level[v] = min(level[b] for b in out[v]) - 1
    return level


def _with_dummies(
    count: int, edges: Sequence[tuple[int, int]], level: list[int], loose: Collection[int]
) -> tuple[list[list[int]], list[int], list[tuple[int, int]]]:
    """Break edges that pass through layers up into links from one layer to the next.

    Returns, for each edge, the dummy nodes it passes through, the layer of all nodes, and the
    links. The longest edges are left whole where there would be too many dummies: a weight that
    each of 10,000 steps uses would make 50 million. They are drawn straight to their end.
    """
    room = 2000 + 4 * count
    level = list(level)
    links: list[tuple[int, int]] = []
    chains: list[list[int]] = [[] for _ in edges]
    for k in sorted(range(len(edges)), key=lambda k: level[edges[k][1]] - level[edges[k][0]]):
        a, b = edges[k]
        span = level[b] - level[a] - 1
        if span and k in loose:
            continue
        room -= span
        if room < 0:
            break
        chains[k] = list(range(len(level), len(level) + span))
        level += range(level[a] + 1, level[b])
        path = [a, *chains[k], b]
        links += pairwise(path)
    return chains, level, links


def _first_order(
    level: list[int], above: list[list[int]], below: list[list[int]]
) -> list[list[int]]:
    """Layers in the order of a depth-first walk: neighbours begin near each other."""
    layers: list[list[int]] = [[] for _ in range(max(level, default=-1) + 1)]
    seen = [False] * len(level)
    for start in range(len(level)):
        stack = [start]
        while stack:
            v = stack.pop()
            if not seen[v]:
                seen[v] = True
                layers[level[v]].append(v)
                stack += reversed(below[v])
                stack += reversed(above[v])
    return layers


def _ordered(
    layers: list[list[int]], above: list[list[int]], below: list[list[int]], effort: int
) -> list[list[int]]:
    """The layers in an order with few crossings, by sweeps of the barycentre method."""
    best, fewest = layers, _crossings(layers, below)
    for sweep in range(effort):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        near = above if downwards else below
        layers = list(layers)
        place = [0.0] * len(above)
        for layer in layers:
            for k, v in enumerate(layer):
                place[v] = k
        for i in range(len(layers)) if downwards else reversed(range(len(layers))):
            # What has no neighbour on that side stays where it is.
            wanted = {
                v: sum(place[u] for u in near[v]) / len(near[v]) if near[v] else place[v]
                for v in layers[i]
            }
            layers[i] = sorted(layers[i], key=wanted.__getitem__)
            for k, v in enumerate(layers[i]):
                place[v] = k
        count = _crossings(layers, below)
        if count < fewest:
            best, fewest = layers, count
    return best


def _crossings(layers: list[list[int]], below: list[list[int]]) -> int:
    """How many links cross: inversions in the order of their lower ends."""
    place = {v: k for layer in layers for k, v in enumerate(layer)}
    crossings = 0
    for layer in layers:
        ends: list[int] = []
        for v in layer:
            lower = sorted(place[u] for u in below[v])
            crossings += sum(len(ends) - bisect_left(ends, p + 1) for p in lower)
            for p in lower:
                insort(ends, p)
    return crossings


def _coordinates(
    layers: list[list[int]],
    above: list[list[int]],
    below: list[list[int]],
    widths: list[float],
    real: int,
) -> list[float]:
    """The x of every node: the middle of four drawings, each pushed into one corner."""
    crossing = _conflicts(layers, above, real)
    drawings = []
    for near, rows in (above, layers), (below, layers[::-1]):
        for mirrored in False, True:
            order = [row[::-1] for row in rows] if mirrored else rows
            x = _compact(order, _blocks(order, near, crossing), widths, real)
            drawings.append([-v for v in x] if mirrored else x)
    if not layers:
        return []
    ends = [(min(x), max(x)) for x in drawings]
    low, high = min(ends, key=lambda end: end[1] - end[0])
    for k, x in enumerate(drawings):  # those pushed to the left meet at the left, the others right
        shift = high - ends[k][1] if k % 2 else low - ends[k][0]
        drawings[k] = [v + shift for v in x]
    x = [sum(sorted(four)[1:3]) / 2 for four in zip(*drawings, strict=True)]
    for row in layers:
        _draw_in(row, above, below, widths, real, x)
    return x


def _draw_in(
    row: list[int],
    above: list[list[int]],
    below: list[list[int]],
    widths: list[float],
    real: int,
    x: list[float],
) -> None:
    """Move nodes that nothing leads to towards where they are used; the others stay."""
    for k in [*range(len(row)), *reversed(range(len(row)))]:
        v = row[k]
        if above[v] or not below[v]:
            continue
        goal = sum(x[u] for u in below[v]) / len(below[v])
        if goal < x[v]:
            if k:
                goal = max(goal, x[row[k - 1]] + _apart(row[k - 1], v, widths, real))
            x[v] = min(x[v], goal)
        else:
            if k + 1 < len(row):
                goal = min(goal, x[row[k + 1]] - _apart(v, row[k + 1], widths, real))
            x[v] = max(x[v], goal)


def _apart(u: int, v: int, widths: list[float], real: int) -> float:
    """How far apart the middles of two neighbours in a layer are at least."""
    return (widths[u] + widths[v]) / 2 + (GAP if u < real and v < real else THIN)


def _conflicts(
    layers: list[list[int]], above: list[list[int]], real: int
) -> set[tuple[int, int]]:
    """The links that cross a link between two dummies; that one is to be the straight one."""
    crossing = set()
    for upper, lower in pairwise(layers):
        place = {v: k for k, v in enumerate(upper)}
        left, done = 0, 0
        for k, v in enumerate(lower):
            dummies = [u for u in above[v] if u >= real] if v >= real else []
            if dummies or k == len(lower) - 1:
                right = place[dummies[0]] if dummies else len(upper)
                for b in lower[done : k + 1]:
                    for a in above[b]:
                        if not left <= place[a] <= right and not (a >= real and b >= real):
                            crossing.add((min(a, b), max(a, b)))
                left, done = right, k + 1
    return crossing


def _blocks(
    rows: list[list[int]], near: list[list[int]], crossing: set[tuple[int, int]]
) -> list[int]:
    """Which nodes stand exactly below one another: each node's first in its block."""
    root = list(range(len(near)))
    taken = [False] * len(near)
    place = [0] * len(near)
    for row in rows:
        for k, v in enumerate(row):
            place[v] = k
    for row in rows:
        last = -1
        for v in row:
            neighbours = sorted({*near[v]}, key=place.__getitem__)
            count = len(neighbours)
            for u in neighbours[max((count - 1) // 2, 0) : count // 2 + 1]:  # the median, or both
                if (
                    root[v] == v
                    and not taken[u]
                    and last < place[u]
                    and (min(u, v), max(u, v)) not in crossing
                ):
                    root[v], taken[u], last = root[u], True, place[u]
    return root


def _compact(
    rows: list[list[int]], root: list[int], widths: list[float], real: int
) -> list[float]:
    """The x of each node if every block is as far to the left as it can be."""
    after: dict[int, dict[int, float]] = {}
    waiting = [0] * len(root)
    for row in rows:
        for u, v in pairwise(row):
            room = _apart(u, v, widths, real)
            neighbours = after.setdefault(root[u], {})
            waiting[root[v]] += root[v] not in neighbours
            neighbours[root[v]] = max(room, neighbours.get(root[v], 0.0))
    ready = [v for v in range(len(root)) if root[v] == v and not waiting[v]]
    x = [0.0] * len(root)
    for u in ready:  # grows
        for v, room in after.get(u, {}).items():
            x[v] = max(x[v], x[u] + room)
            waiting[v] -= 1
            if not waiting[v]:
                ready.append(v)
    for u in reversed(ready):  # what is left of something comes close to it
        if u in after:
            x[u] = max(x[u], min(x[v] - room for v, room in after[u].items()))
    return [x[r] for r in root]


def _ports(
    edges: Sequence[tuple[int, int]],
    sizes: Sequence[Point],
    x: list[float],
    chains: Iterable[list[int]],
) -> list[float]:
    """How far from the middle of its lower node each edge ends, so that edges keep apart."""
    ports = [0.0] * len(edges)
    into: dict[int, list[tuple[float, int]]] = {}
    for k, ((a, b), chain) in enumerate(zip(edges, chains, strict=True)):
        into.setdefault(b, []).append((x[chain[-1] if chain else a], k))
    for b, ends in into.items():
        step = min(14.0, sizes[b][0] / (len(ends) + 1))
        for k, (_, edge) in enumerate(sorted(ends)):
            ports[edge] = (k - (len(ends) - 1) / 2) * step
    return ports
