"""The graph drawn with Graphviz: labels as in MyGrad 2, colours as in `view_graph`.

In a browser the drawing is light or dark as the page around it. Graphviz itself knows colours
only, so that the drawing has those of the light one, and SVG gets a style sheet for the dark.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.computational_graph.trace import Graph, OperationNode, TensorNode, trace

if TYPE_CHECKING:
    from graphviz import Digraph

__all__ = ["build_graph"]

FONT = "DejaVu Sans Mono,Menlo,Consolas,monospace"
LIGHT = {
    "op": ("#2c66ab", "#2c66ab", "#ffffff"), "view": ("#fafbfc", "#2c66ab", "#2c66ab"),
    "write": ("#b4530f", "#b4530f", "#ffffff"), "leaf": ("#e2f3e7", "#35884f", "#1d2430"),
    "constant": ("#eff0f3", "#989fac", "#1d2430"), "inner": ("#ffffff", "#b4bcc9", "#1d2430"),
}  # fmt: skip
DARK = {
    "op": ("#3b7bc8", "#3b7bc8", "#ffffff"), "view": ("#14181f", "#6cb2ff", "#6cb2ff"),
    "write": ("#c8651d", "#c8651d", "#ffffff"), "leaf": ("#1b3a27", "#5fbf80", "#e4e8ee"),
    "constant": ("#23262c", "#7a8291", "#e4e8ee"), "inner": ("#20262f", "#56606f", "#e4e8ee"),
}  # fmt: skip
"""By kind of node the colours of the ground, of the line around it and of the text."""
LINE, DARK_LINE, DARK_GROUND, DARK_RESULT = "#9ba5b5", "#667083", "#14181f", "#e4e8ee"
GROUND, RESULT = "#fafbfc", "#1d2430"

# Where the names of MyGrad 2 are not ours in camel case.
OTHER_NAMES = {
    "getitem": "GetItem",
    "matmul": "MatMul",
    "setitem": "SetItem",
    "sum_of_products": "EinSum",
}


def build_graph(
    fin: Any,
    names: Mapping[str, Any] | None = None,
    *,
    render: bool = True,
    save: bool = False,
    dims: bool = False,
    dtypes: bool = False,
    sum_stats: bool = False,
) -> Digraph | None:
    """Draw what a tensor was computed from, with Graphviz.

    Colours are those of `view_graph`, light or dark as the browser or notebook that shows it.
    The Python package is installed with ``pip install "mygrad[viz]"``; showing or saving the
    drawing needs Graphviz itself too. `mygrad.computational_graph.view_graph` needs neither.

    Parameters
    ----------
    fin
        The tensor.
    names
        Tensors and arrays by name, used as labels; ``names=locals()`` takes the names of your
        variables. Without, tensors are labelled with their values. A tensor without a name is
        an "Intermediary Tensor", an array or a number a "*Constant*", and what has no
        dimensions is labelled with its value.
    render
        Whether to return the drawing, which a notebook shows.
    save
        Whether to save the drawing in the current directory, as ``computational_graph.pdf``.
    dims
        Whether to add shapes to labels (but for scalars).
    dtypes
        Whether to add data types to labels.
    sum_stats
        Whether to add minimum, median, mean and maximum to labels (but for scalars).

    Returns
    -------
    graphviz.Digraph or None
        None for ``render=False``.

    Raises
    ------
    ImportError
        The Python package ``graphviz`` is not installed.

    Notes
    -----
    Of a tensor that nobody refers to and no derivative rule needs, shape and data type alone
    are known: its values were freed. Gradients are in the tooltips of the nodes. Of a graph that
    ``backward()`` has cleared one node is left, and the drawing says so.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.computational_graph import build_graph
    >>> x = mg.tensor([1.0, 2.0])
    >>> y = mg.sum(2 * x)
    >>> build_graph(y, names=locals(), dims=True)  # doctest: +SKIP
    <graphviz.graphs.Digraph object at 0x7f6e2c1b6d90>
    """
    switches = {"render": render, "save": save, "dims": dims, "dtypes": dtypes,
                "sum_stats": sum_stats}  # fmt: skip
    for switch, value in switches.items():
        if not isinstance(value, bool):
            raise TypeError(f"{switch}= has to be True or False, and is {value!r}")
    graph = trace(fin, names)
    try:
        import graphviz
    except ImportError:
        raise ImportError(
            'build_graph draws with Graphviz: pip install "mygrad[viz]". '
            "mygrad.computational_graph.view_graph draws without"
        ) from None

    drawing = _drawing_class()(
        strict=True,
        graph_attr={"bgcolor": GROUND, "nodesep": "0.3", "ranksep": "0.35", "pad": "0.2"},
        node_attr={"fontsize": "12", "fontname": FONT, "height": "0.35", "margin": "0.14,0.06"},
        edge_attr={"color": LINE, "arrowsize": "0.6", "penwidth": "1.1"},
    )
    if graph.empty:
        drawing.attr(label=graphviz.escape(fill(graph.empty, 60)), fontname="sans-serif",
                     fontsize="11", fontcolor="#5d6778")  # fmt: skip
    for node in _backwards(graph):
        if isinstance(node, OperationNode):
            label = graphviz.escape(_camel_case(node.name))
            kind = {"write": "write", "operation": "op"}.get(node.kind, "view")
            drawing.node(str(node.key), label, **_style(kind, "rounded,filled"))
            drawing.edge(str(node.key), str(node.output))
            continue
        label = _label(node, names is not None, dims, dtypes, sum_stats)
        look = _tensor_style(node, graph)
        look |= _tooltip(node, graphviz.escape)
        drawing.node(str(node.key), graphviz.escape(label), **look)
    for op in graph.operations:
        for key in dict.fromkeys(key for _, key in op.inputs):
            drawing.edge(str(key), str(op.key))
    if save:
        drawing.render(filename="computational_graph")
    return drawing if render else None


@cache
def _drawing_class() -> Any:
    """Graphviz's class of drawings, whose SVG is dark where the page around it is.

    It is made when it is first needed: the package may not be installed.
    """
    import graphviz

    class Drawing(graphviz.Digraph):  # type: ignore[misc, unused-ignore]
        def pipe(self, format: str | None = None, *args: Any, **kwargs: Any) -> Any:
            image = super().pipe(format, *args, **kwargs)
            if (format or self.format) != "svg":
                return image
            if isinstance(image, bytes):
                return _with_dark_style(image.decode()).encode()
            return _with_dark_style(image)

    Drawing.__name__ = Drawing.__qualname__ = "Digraph"
    return Drawing


def _with_dark_style(svg: str) -> str:
    """An SVG of Graphviz's with a style sheet behind its first tag."""
    scope = "svg.mygrad-graph"  # on a page the style is to change nothing else
    rules = [
        f"{scope} > g > polygon {{ fill: {DARK_GROUND}; }}",
        f"{scope} > g > text {{ fill: #9aa5b5; }}",
        f"{scope} .edge path, {scope} .edge polygon {{ stroke: {DARK_LINE}; }}",
        f"{scope} .edge polygon {{ fill: {DARK_LINE}; }}",
    ]
    for kind, (ground, line, ink) in DARK.items():
        rules.append(
            f"{scope} .{kind} path, {scope} .{kind} polygon "
            f"{{ fill: {ground}; stroke: {line}; }} {scope} .{kind} text {{ fill: {ink}; }}"
        )
    rules.append(f"{scope} .result polygon {{ stroke: {DARK_RESULT}; }}")
    style = "\n".join(["@media (prefers-color-scheme: dark) {", *rules, "}"])
    svg = svg.replace("<svg ", '<svg class="mygrad-graph" ', 1)
    start = svg.index(">", svg.index("<svg ")) + 1
    return f"{svg[:start]}\n<style>\n{style}\n</style>{svg[start:]}"


def _style(kind: str, style: str) -> dict[str, str]:
    ground, line, ink = LIGHT[kind]
    return {"class": kind, "shape": "box", "style": style, "fillcolor": ground, "color": line,
            "fontcolor": ink}  # fmt: skip


def _tensor_style(node: TensorNode, graph: Graph) -> dict[str, str]:
    kind = "constant" if node.constant else "leaf" if node.creator is None else "inner"
    look = _style(kind, "filled,dashed" if node.constant else "filled")
    if node.key == graph.result:
        look |= {"class": f"{kind} result", "color": RESULT, "penwidth": "2"}
    return look


def _backwards(graph: Graph) -> list[Any]:
    """The nodes with the result first."""
    first = graph.nodes[graph.result]
    return [first, *(node for node in graph.nodes if node is not first)]


def _camel_case(name: str) -> str:
    words = name.replace("_", " ").split()
    return OTHER_NAMES.get(name) or "".join(word[0].upper() + word[1:] for word in words)


def _host(value: Any) -> Any:
    adapter = adapter_of(value)
    return value if adapter is None else adapter.to_host(value)


def _repr(value: Any) -> str:
    return "Tensor" + repr(np.asarray(value))[len("array") :].replace("\n", "\n ")


def _label(node: TensorNode, named: bool, dims: bool, dtypes: bool, sum_stats: bool) -> str:
    value, shape = _host(node.value), node.shape
    if node.name is not None:
        lines = [node.name, "*Constant*"] if node.raw else [node.name]
    elif value is not None and (not named or shape == ()):
        lines = [str(value) if named else _repr(value)]
    elif node.constant:
        lines = ["*Constant*"]
    elif named:
        lines = ["Intermediary Tensor"]
    else:
        lines = [f"Tensor(shape={shape}, dtype={node.dtype})"]
    if dims and shape:
        lines.append(f"Dims: {shape}")
    if dtypes and node.dtype is not None:
        lines.append(f"Dtype: {node.dtype}")
    if sum_stats and shape and value is not None and value.size:
        for name in ("Min", "Median", "Mean", "Max"):
            lines.append(f"{name}: {getattr(np, name.lower())(value)}")
    return "\n".join(lines)


def _tooltip(node: TensorNode, escape: Any) -> dict[str, str]:
    """The gradient, which MyGrad 2 did not show, where it leaves the labels as they were."""
    if node.grad is None:
        return {}
    return {"tooltip": escape(f"gradient: {np.asarray(_host(node.grad))}")}
