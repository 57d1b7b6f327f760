"""The graph as a drawing that needs a browser and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.computational_graph.layout import Drawing, Point, lay_out
from mygrad.computational_graph.page import PAGE, SVG_STYLE
from mygrad.computational_graph.trace import Graph, Node, OperationNode, TensorNode, trace

__all__ = ["GraphView", "view_graph"]

CHARACTER = 7.3  # the width of one in the labels' monospaced font of 12 pixels
LONGEST = 30  # characters of a label
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LEGEND = {
    "leaf": "leaf variable", "inner": "computed", "constant": "constant", "op": "operation",
    "view": "view or read", "write": "in-place write",
}  # fmt: skip


def view_graph(
    fin: Any, names: Mapping[str, Any] | None = None, *, limit: int = 2000
) -> GraphView:
    """Draw what a tensor was computed from, as a page to explore in a notebook or a browser.

    Drag and scroll to move and zoom; hover over a tensor for its value and gradient; click an
    operation for its derivative rule, as it stands in the source. With the keyboard, Tab goes
    to the graph, arrows follow its edges, Enter opens and Escape closes, ``+``, ``-`` and ``0``
    zoom. Nothing has to be installed, and nothing is downloaded.

    Parameters
    ----------
    fin
        The tensor.
    names
        Tensors and arrays by name; ``names=locals()`` takes the names of your variables.
    limit
        About how many nodes to draw; of larger graphs, those nearest to `fin` are drawn.

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
    return GraphView(trace(fin, names, limit=limit))


class GraphView:
    """A drawing of a computational graph; `view_graph` makes it.

    Parameters
    ----------
    graph
        What `mygrad.computational_graph.trace` returned.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.computational_graph import view_graph
    >>> x = mg.tensor(2.0)
    >>> view_graph(x * x, names=locals()).svg()[:4]
    '<svg'
    """

    def __init__(self, graph: Graph) -> None:
        self._counts = len(graph.operations), len(graph.tensors)
        self._result, self._cut = graph.result, graph.cut
        self._edges = graph.edges
        uses: list[list[int]] = [[] for _ in graph.nodes]
        for a, b in self._edges:
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
        self._drawn: Drawing | None = None

    def __repr__(self) -> str:
        operations, tensors = self._counts
        return f"<GraphView: {operations} operations, {tensors} tensors>"

    def svg(self) -> str:
        """The drawing as an SVG image, complete in itself.

        Returns
        -------
        str
        """
        drawing = self._drawing()
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="group" '
            f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" '
            f'width="{drawing.width:.0f}" height="{drawing.height:.0f}" '
            f'data-result="{self._result}" aria-label="{self._escaped(self._title())}">',
            f"<title>{self._escaped(self._title())}</title>",
            f"<style>{SVG_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto" markerUnits="userSpaceOnUse">'
            '<path class="arrow" d="M0 0.8 8 4 0 7.2z"/></marker></defs>',
            '<g class="scene">',
        ]
        for (a, b), route in zip(self._edges, drawing.routes, strict=True):
            parts.append(f'<path class="edge" data-a="{a}" data-b="{b}" d="{_path(route)}"/>')
        for k, (x, y) in enumerate(drawing.centres):
            parts.append(self._shape(k, x, y))
        parts.append("</g></svg>")
        return "\n".join(parts)

    def html(self) -> str:
        """The drawing as a page to explore, complete in itself.

        With ``#n3`` behind its address the page opens with node 3 chosen.

        Returns
        -------
        str
        """
        data = {"nodes": self._cards, "rules": self._rules, "layers": self._drawing().layers}
        present = " ".join(self._classes).split()
        legend = [
            f'<li><i class="{kind}"></i>{text}</li>'
            for kind, text in LEGEND.items()
            if kind in present or (kind == "view" and "read" in present)
        ]
        page = PAGE.replace("@title@", self._escaped(self._title()))
        page = page.replace("@legend@", "".join(legend))
        page = page.replace("@data@", json.dumps(data).replace("<", "\\u003c"))
        return page.replace("@svg@", self.svg())

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
        height = min(max(self._drawing().height + 60, 260), 620)
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
            lines.append("Choose it for its derivative rule.")
        for name, text in card["texts"]:
            if len(text) < 300:
                lines.append(f"{name.lower()}:" + ("\n" if "\n" in text else " ") + text)
        return "\n".join(lines)

    # --- the drawing ------------------------------------------------------------------
    def _drawing(self) -> Drawing:
        if self._drawn is None:
            sizes = [
                (max(CHARACTER * max(map(len, lines)) + 20, 44), 24.0 if len(lines) == 1 else 38.0)
                for lines in self._lines
            ]
            self._drawn = lay_out(sizes, self._edges)
            self._sizes = sizes
        return self._drawn

    def _class(self, node: Node) -> str:
        if isinstance(node, OperationNode):
            return "op" if node.kind == "operation" else f"op {node.kind}"
        kind = "constant" if node.constant else "leaf" if node.creator is None else "inner"
        if self._cards[node.key]["bad"]:
            kind += " bad"
        return kind + " result" if node.key == self._result else kind

    def _shape(self, k: int, x: float, y: float) -> str:
        (w, h), lines = self._sizes[k], self._lines[k]
        is_op = self._cards[k]["op"]
        first = "name" if is_op or len(lines) > 1 else ""
        text = f'<text class="{first}" x="{x:.1f}" y="{y - 7 * (len(lines) - 1):.1f}">'
        text += f"{self._escaped(lines[0])}</text>"
        if len(lines) > 1:
            text += f'<text class="small" x="{x:.1f}" y="{y + 9:.1f}">'
            text += f"{self._escaped(lines[1])}</text>"
        return (
            f'<g class="node {self._classes[k]}" id="n{k}">'
            f"<title>{self._escaped(self._hint(k))}</title>"
            f'<rect x="{x - w / 2:.1f}" y="{y - h / 2:.1f}" width="{w:.1f}" height="{h:.1f}" '
            f'rx="{h / 2 if is_op else 5:g}"/>{text}</g>'
        )

    def _escaped(self, text: str) -> str:
        return escape(NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))


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
