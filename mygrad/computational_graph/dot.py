"""The graph drawn with Graphviz, as MyGrad 2 draws it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.computational_graph.trace import Graph, OperationNode, TensorNode, trace

if TYPE_CHECKING:
    from graphviz import Digraph

__all__ = ["build_graph"]

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
    are known: its values were freed. Gradients are in the tooltips of the nodes.

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

    drawing = graphviz.Digraph(strict=True, node_attr={"fontsize": "12"})
    for node in _backwards(graph):
        if isinstance(node, OperationNode):
            label = graphviz.escape(_camel_case(node.name))
            drawing.node(str(node.key), label, style="filled", fillcolor="red")
            drawing.edge(str(node.key), str(node.output))
            continue
        label = _label(node, names is not None, dims, dtypes, sum_stats)
        drawing.node(str(node.key), graphviz.escape(label), **_tooltip(node, graphviz.escape))
    for op in graph.operations:
        for key in dict.fromkeys(key for _, key in op.inputs):
            drawing.edge(str(key), str(op.key))
    if save:
        drawing.render(filename="computational_graph")
    return drawing if render else None


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
