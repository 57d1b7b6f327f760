"""The graph as a drawing that needs a browser and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.computational_graph.folding import Block, condensed, folded, repeated_blocks
from mygrad.computational_graph.layout import Drawing, Point, lay_out
from mygrad.computational_graph.page import PAGE, SVG_STYLE
from mygrad.computational_graph.trace import Graph, Node, OperationNode, TensorNode, trace

__all__ = ["GraphView", "view_graph"]

CHARACTER = 7.3  # the width of one in the labels' monospaced font of 12 pixels
LONGEST = 30  # characters of a label
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LEGEND = {
    "leaf": "leaf variable", "inner": "computed", "constant": "constant", "op": "operation",
    "view": "view or read", "write": "in-place write", "block": "repeated, folded",
}  # fmt: skip
BLOCK = "repeated block"
CROWDED = 120  # nodes, from which on those that say little are left out
OFTEN = 8  # uses of a node, from which on its edges are drawn faintly in such a crowd
FEW = 4  # blocks that can be unfolded one by one


def view_graph(
    fin: Any, names: Mapping[str, Any] | None = None, *, limit: int = 2000, fold: bool = True
) -> GraphView:
    """Draw what a tensor was computed from, as a page to explore in a notebook or a browser.

    Drag and scroll to move and zoom; hover over a tensor for its value and gradient; click an
    operation for its derivative rule, as it stands in the source. With the keyboard, Tab goes
    to the graph, arrows follow its edges, Enter opens and Escape closes, ``+``, ``-`` and ``0``
    zoom. Nothing has to be installed, and nothing is downloaded.

    What repeats, such as the steps of a loop, is folded into one block with a count; a click
    unfolds it. Of many nodes, tensors without a name are left out between two operations. Where
    not all of a graph can be read at once, a map of it shows where you are.

    Parameters
    ----------
    fin
        The tensor.
    names
        Tensors and arrays by name; ``names=locals()`` takes the names of your variables.
    limit
        About how many nodes to draw; of larger graphs, those nearest to `fin` are drawn.
    fold
        Whether to fold what repeats, in graphs of more than twenty operations, and to leave
        tensors out; False draws everything.

    Returns
    -------
    GraphView
        A notebook shows it; ``.save("graph.html")`` and ``.save("graph.svg")`` keep it.

    Notes
    -----
    What is shown is how things are when `view_graph` is called: a ``backward()`` clears the
    graph, so gradients are seen after ``backward(create_graph=True)``, which does not. Values
    of arrays on a device are copied to the host to be shown.

    Values are known of tensors that somebody refers to, and of those that a derivative rule
    needs; the others were freed.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.computational_graph import view_graph
    >>> x = mg.tensor([1.0, 2.0])
    >>> view = view_graph(mg.sum(mg.sin(x)), names=locals())
    >>> view
    <GraphView: 2 operations, 3 tensors>
    >>> view.save("graph.html")  # doctest: +SKIP
    """
    if not isinstance(limit, int) or limit < 1:
        raise ValueError(f"limit= has to be a positive whole number, and is {limit!r}")
    if not isinstance(fold, bool):
        raise TypeError(f"fold= has to be True or False, and is {fold!r}")
    return GraphView(trace(fin, names, limit=limit), fold=fold)


@dataclass(slots=True, eq=False)
class Scene:
    """The graph with some of its blocks folded.

    Attributes
    ----------
    keys, edges
        What is drawn.
    opened
        The blocks that are unfolded.
    drawing
        Where everything goes, by the place in `keys`; None until somebody looks.
    faint
        The numbers of edges that are drawn faintly.
    """

    keys: list[int]
    edges: list[tuple[int, int]]
    opened: list[int]
    drawing: Drawing | None = None
    faint: set[int] = field(default_factory=set)


class GraphView:
    """A drawing of a computational graph; `view_graph` makes it.

    Parameters
    ----------
    graph
        What `mygrad.computational_graph.trace` returned.
    fold
        Whether to fold what repeats.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.computational_graph import view_graph
    >>> x = mg.tensor(2.0)
    >>> view_graph(x * x, names=locals()).svg()[:4]
    '<svg'
    """

    def __init__(self, graph: Graph, *, fold: bool = True) -> None:
        self._counts = len(graph.operations), len(graph.tensors)
        self._result, self._cut, self._empty = graph.result, graph.cut, graph.empty
        uses: list[list[int]] = [[] for _ in graph.nodes]
        for a, b in graph.edges:
            if b not in uses[a]:
                uses[a].append(b)
        self._rules: list[tuple[tuple[str, str], ...]] = []
        self._rule_numbers: dict[Any, int] = {}
        # Everything is put into words now: what the graph holds may be written to later.
        self._cards = [
            self._operation_card(node, uses[node.key])
            if isinstance(node, OperationNode)
            else self._tensor_card(node, uses[node.key])
            for node in graph.nodes
        ]
        self._lines = [_lines(node, self._cards[node.key]) for node in graph.nodes]
        self._classes = [self._class(node) for node in graph.nodes]
        blocks = repeated_blocks(graph) if fold else []
        for block in blocks:
            self._cards.append(_block_card(block))
            self._lines.append([f"{block.count} \N{MULTIPLICATION SIGN} repeated", _steps(block)])
            self._classes.append("op block")
        self._sizes = [
            (max(CHARACTER * max(map(len, lines)) + 20, 44), 24.0 if len(lines) == 1 else 38.0)
            for lines in self._lines
        ]
        said = {node.key for node in graph.tensors if node.name or node.before or node.note}
        said |= {key for key, card in enumerate(self._cards) if card["op"] or card["bad"]}
        middle = {
            node.key
            for node in graph.tensors
            if node.creator is not None and node.key != graph.result and node.key not in said
        }

        def scene(others: list[Block], opened: list[Block]) -> Scene:
            keys, edges = folded(graph, others)
            if fold and len(keys) > CROWDED:
                keys, edges = condensed(keys, edges, middle)
            return Scene(keys, edges, [block.key for block in opened])

        self._scenes = [scene(blocks, [])]
        if 1 < len(blocks) <= FEW:
            for block in blocks:
                self._scenes.append(scene([b for b in blocks if b is not block], [block]))
        if blocks:
            self._scenes.append(scene([], blocks))

    def __repr__(self) -> str:
        operations, tensors = self._counts
        counts = f"{operations} operations, {tensors} tensor{'s' * (tensors != 1)}"
        return f"<GraphView: {counts}>" + (f"\n{self._empty}" if self._empty else "")

    def svg(self) -> str:
        """The drawing as an SVG image, complete in itself, with what repeats folded.

        Returns
        -------
        str
        """
        return self._svg(self._scenes[0].keys)

    def _svg(self, keys: Iterable[int]) -> str:
        """The first scene; nodes among `keys` that are not in it are there, and hidden."""
        scene = self._scenes[0]
        drawing = self._drawing(scene)
        places = dict(zip(scene.keys, drawing.centres, strict=True))
        title = self._escaped(self._title())
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="group" '
            f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" '
            f'width="{drawing.width:.0f}" height="{drawing.height:.0f}" '
            f'data-result="{self._result}" aria-label="{title}">',
            f"<title>{title}</title>",
            f"<style>{SVG_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto" markerUnits="userSpaceOnUse">'
            '<path class="arrow" d="M0 0.8 8 4 0 7.2z"/></marker></defs>',
            '<g class="scene"><g class="edges">',
        ]
        for k, ((a, b), route) in enumerate(zip(scene.edges, drawing.routes, strict=True)):
            kind = "edge faint" if k in scene.faint else "edge"
            parts.append(f'<path class="{kind}" data-a="{a}" data-b="{b}" d="{_path(route)}"/>')
        parts.append("</g>")
        parts += [self._shape(k, places.get(k)) for k in keys]
        parts.append("</g></svg>")
        return "\n".join(parts)

    def html(self) -> str:
        """The drawing as a page to explore, complete in itself.

        With ``#n3`` behind its address the page opens with node 3 chosen.

        Returns
        -------
        str
        """
        scenes = [self._scene(scene) for scene in self._scenes]
        data = {"nodes": self._cards, "rules": self._rules, "scenes": scenes}
        present = " ".join(self._classes).split()
        legend = [
            f'<li><i class="{kind}"></i>{text}</li>'
            for kind, text in LEGEND.items()
            if kind in present or (kind == "view" and "read" in present)
        ]
        page = PAGE.replace("@title@", self._escaped(self._title()))
        page = page.replace("@legend@", "".join(legend))
        page = page.replace("@data@", json.dumps(data).replace("<", "\\u003c"))
        notice = f'<p class="notice">{self._escaped(self._empty)}</p>' if self._empty else ""
        page = page.replace("@notice@", notice)
        return page.replace("@svg@", self._svg(range(len(self._cards))))

    def save(self, path: Any) -> None:
        """Write the drawing to a file.

        Parameters
        ----------
        path
            Its name; it ends in ``.svg`` or in ``.html``.
        """
        path = Path(path)
        if path.suffix not in (".svg", ".html"):
            raise ValueError(f"a graph is saved as .svg or as .html, and not as {path.name!r}")
        text = self.svg() if path.suffix == ".svg" else self.html()
        path.write_text(text, encoding="utf-8")

    def _repr_html_(self) -> str:
        # A frame, so that pages of several graphs in one notebook do not get into each other.
        height = min(max(self._drawing(self._scenes[0]).height + 90, 280), 620)
        return (
            f'<iframe title="{self._escaped(self._title())}" sandbox="allow-scripts" '
            f'style="width: 100%; height: {height:.0f}px; border: 0; border-radius: 8px" '
            f'srcdoc="{escape(self.html())}"></iframe>'
        )

    # --- what there is to say ---------------------------------------------------------
    def _title(self) -> str:
        name = self._cards[self._result]["name"]
        return f"Computational graph of {name}" + (" (the part nearest to it)" if self._cut else "")

    def _tensor_card(self, node: TensorNode, uses: list[int]) -> dict[str, Any]:
        value, grad = _host(node.value), _host(node.grad)
        rows, texts = [], []
        if node.shape is not None:
            rows.append(("shape", str(node.shape)))
        if node.dtype is not None:
            rows.append(("dtype", str(node.dtype)))
        if value is not None:
            rows += _statistics(value, "")
            texts.append(("Value", _printed(value)))
        if grad is not None:
            rows += _statistics(grad, "gradient ")
            texts.append(("Gradient", _printed(grad)))
        if node.before is not None:
            rows.append(("note", f"{node.before}, before an in-place write changed it"))
        if node.note:
            rows.append(("note", node.note))
        if node.constant:
            kind = "constant"
        else:
            kind = "leaf variable" if node.creator is None and not node.note else "variable"
        return {
            "name": _tensor_name(node), "kind": kind, "rows": rows, "texts": texts, "op": False,
            "inputs": [] if node.creator is None else [("made by", node.creator)],
            "outputs": uses, "rule": None,
            "bad": any(name.endswith("not finite") for name, _ in rows),
        }  # fmt: skip

    def _operation_card(self, node: OperationNode, uses: list[int]) -> dict[str, Any]:
        if node.rules not in self._rule_numbers:
            self._rule_numbers[node.rules] = len(self._rules)
            self._rules.append(node.rules)
        kind = {"view": "view", "read": "read of elements", "write": "in-place write"}
        return {
            "name": node.name, "kind": kind.get(node.kind, "operation"), "rows": node.details,
            "texts": [], "op": True, "inputs": node.inputs, "outputs": uses,
            "rule": self._rule_numbers[node.rules], "bad": False,
        }  # fmt: skip

    def _hint(self, k: int) -> str:
        """What hovering over a node tells; also what it is to those who cannot see it."""
        card = self._cards[k]
        lines = [f"{card['name']}: {card['kind']}"]
        lines += [f"{name}: {text}" for name, text in card["rows"]]
        if card["op"]:
            lines += [f"{name}: {self._cards[key]['name']}" for name, key in card["inputs"]]
            lines += [f"result: {self._cards[key]['name']}" for key in card["outputs"]]
            lines.append(
                "Choose it to unfold it." if card["kind"] == BLOCK
                else "Choose it for its derivative rule."
            )  # fmt: skip
        for name, text in card["texts"]:
            if len(text) < 300:
                lines.append(f"{name.lower()}:" + ("\n" if "\n" in text else " ") + text)
        return "\n".join(lines)

    # --- the drawing ------------------------------------------------------------------
    def _drawing(self, scene: Scene) -> Drawing:
        if scene.drawing is None:
            place = {key: k for k, key in enumerate(scene.keys)}
            edges = [(place[a], place[b]) for a, b in scene.edges]
            if len(scene.keys) > CROWDED:
                uses = Counter(a for a, _ in edges)
                scene.faint = {k for k, (a, _) in enumerate(edges) if uses[a] >= OFTEN}
            scene.drawing = lay_out([self._sizes[key] for key in scene.keys], edges, scene.faint)
        return scene.drawing

    def _scene(self, scene: Scene) -> dict[str, Any]:
        """What the page has to know to draw a scene."""
        drawing = self._drawing(scene)
        return {
            "opened": scene.opened,
            "size": [round(drawing.width), round(drawing.height)],
            "places": [
                [key, round(x, 1), round(y, 1)]
                for key, (x, y) in zip(scene.keys, drawing.centres, strict=True)
            ],
            "edges": [
                [a, b, _path(route), int(k in scene.faint)]
                for k, ((a, b), route) in enumerate(
                    zip(scene.edges, drawing.routes, strict=True)
                )
            ],
            "layers": [[scene.keys[k] for k in layer] for layer in drawing.layers],
        }

    def _class(self, node: Node) -> str:
        if isinstance(node, OperationNode):
            return "op" if node.kind == "operation" else f"op {node.kind}"
        kind = "constant" if node.constant else "leaf" if node.creator is None else "inner"
        if self._cards[node.key]["bad"]:
            kind += " bad"
        return kind + " result" if node.key == self._result else kind

    def _shape(self, k: int, place: Point | None) -> str:
        (w, h), lines = self._sizes[k], self._lines[k]
        is_op, x, y = self._cards[k]["op"], *(place or (0.0, 0.0))
        first = "name" if is_op or len(lines) > 1 else ""
        text = f'<text class="{first}" y="{-7 * (len(lines) - 1)}">{self._escaped(lines[0])}</text>'
        if len(lines) > 1:
            text += f'<text class="small" y="9">{self._escaped(lines[1])}</text>'
        box = f'x="{-w / 2:.1f}" y="{-h / 2:.1f}" width="{w:.1f}" height="{h:.1f}"'
        rect = f'<rect {box} rx="{h / 2 if is_op else 5:g}"/>'
        if "block" in self._classes[k]:
            rect = f'<rect class="behind" {box} rx="9" transform="translate(5 5)"/>'
            rect += f'<rect {box} rx="9"/>'
        return (
            f'<g class="node {self._classes[k]}{"" if place else " off"}" id="n{k}" '
            f'transform="translate({x:.1f} {y:.1f})">'
            f"<title>{self._escaped(self._hint(k))}</title>{rect}{text}</g>"
        )

    def _escaped(self, text: str) -> str:
        return escape(NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _block_card(block: Block) -> dict[str, Any]:
    steps = ", ".join(block.steps[:12]) + (", ..." if len(block.steps) > 12 else "")
    return {
        "name": f"{block.count} \N{MULTIPLICATION SIGN} repeated", "kind": BLOCK,
        "rows": [("operations", str(block.operations)), ("each time", steps)],
        "texts": [], "op": True, "inputs": [], "outputs": [], "rule": None, "bad": False,
    }  # fmt: skip


def _steps(block: Block) -> str:
    """What repeats, as long as a label may be."""
    text = ", ".join(block.steps)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3].rsplit(', ', 1)[0]}, ..."


def _path(points: list[Point]) -> str:
    """A smooth line through points that is vertical in each of them."""
    x, y = points[0]
    steps = [f"M{x:.1f} {y:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 == x1:
            steps.append(f"V{y1:.1f}")
        else:
            middle = (y0 + y1) / 2
            steps.append(f"C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}")
    return "".join(steps)


def _tensor_name(node: TensorNode) -> str:
    """What to call a tensor in words."""
    if node.name is not None:
        return node.name
    if node.value is not None and node.shape == ():
        return _scalar(node.value)
    if node.before is not None:
        return f"{node.before} (before)"
    if node.constant:
        return f"constant {node.shape}" if node.shape else "constant"
    return f"tensor {node.shape}" if node.shape else "scalar"


def _lines(node: Node, card: dict[str, Any]) -> list[str]:
    """The label: a name, and below it what is worth knowing at a glance."""
    if isinstance(node, OperationNode):
        lines = [node.name, ", ".join(f"{name}={text}" for name, text in node.details)]
    elif node.name is not None or node.before is not None:
        lines = [card["name"], str(node.shape)]
        if node.shape == ():
            lines[1] = "" if node.value is None else _scalar(node.value)
    elif node.shape and not node.constant:
        lines = [str(node.shape)]
    else:
        lines = [card["name"]]
    return [line if len(line) <= LONGEST else line[: LONGEST - 1] + "…" for line in lines if line]


def _host(value: Any) -> Any:
    """An array on the host, for anything whose value is known."""
    if value is None:
        return None
    adapter = adapter_of(value)
    return np.asarray(value if adapter is None else adapter.to_host(value))


def _scalar(value: Any) -> str:
    number = _host(value)[()]
    return f"{number:.5g}" if number.dtype.kind == "f" else str(number)


def _statistics(array: Any, of: str) -> list[tuple[str, str]]:
    rows = []
    if array.dtype.kind in "fc":
        bad = int(array.size - np.isfinite(array).sum())
        if bad:
            rows.append((f"{of}not finite", f"{bad} of {array.size}"))
    if array.ndim and array.size and array.dtype.kind in "fiu":
        with np.errstate(all="ignore"):
            low, mean, high = array.min(), array.mean(dtype=float), array.max()
        rows.append((f"{of}range", f"{low:.4g} to {high:.4g}, mean {mean:.4g}"))
    return rows


def _printed(array: Any) -> str:
    return np.array2string(array, precision=4, threshold=60, edgeitems=3, max_line_width=44)
