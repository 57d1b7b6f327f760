"""Drawings of computational graphs: what is in them, and that browsers show it."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import mygrad as mg
from mygrad.arrays import adapter_of
from mygrad.computational_graph import GraphView, build_graph, trace, view_graph
from mygrad.computational_graph.layout import lay_out
from mygrad.computational_graph.rules import derivative_rules
from mygrad.computational_graph.trace import Graph, OperationNode, TensorNode
from mygrad.operation_base import Operation

try:
    import graphviz
except ImportError:
    graphviz = None

needs_graphviz = pytest.mark.skipif(graphviz is None, reason="mygrad[viz] is not installed")
SVG = "{http://www.w3.org/2000/svg}"


def dot(*args: Any, **kwargs: Any) -> str:
    """The source of a drawing."""
    if graphviz is None:
        pytest.skip("mygrad[viz] is not installed")
    return str(build_graph(*args, **kwargs).source)  # type: ignore[union-attr]


def host(array: Any) -> Any:
    """The elements as lists of numbers, wherever the array is."""
    array = array.data if isinstance(array, mg.Tensor) else array
    adapter = adapter_of(array)
    return np.asarray(array if adapter is None else adapter.to_host(array)).tolist()


def operations(graph: Graph) -> list[str]:
    return sorted(op.name for op in graph.operations)


def named(graph: Graph, name: str) -> TensorNode:
    (node,) = [t for t in graph.tensors if t.name == name]
    return node


def op_named(graph: Graph, name: str) -> OperationNode:
    (node,) = [op for op in graph.operations if op.name == name]
    return node


# --- what is in the graph -------------------------------------------------------------------
def test_tensors_operations_and_edges() -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    z = mg.multiply(x, y)
    f = mg.sum(z, axis=0)
    graph = trace(f, {"x": x, "y": y, "z": z, "f": f})
    assert operations(graph) == ["multiply", "sum"]
    assert sorted(t.name or "" for t in graph.tensors) == ["f", "x", "y", "z"]
    multiply, total = op_named(graph, "multiply"), op_named(graph, "sum")
    assert multiply.inputs == [("x1", named(graph, "x").key), ("x2", named(graph, "y").key)]
    assert multiply.output == named(graph, "z").key == total.inputs[0][1]
    assert total.output == graph.result == named(graph, "f").key
    assert total.details == [("axis", "0")]
    assert named(graph, "z").creator == multiply.key
    assert named(graph, "x").shape == (2,) and not named(graph, "x").constant
    assert len(graph.edges) == 5


def test_shared_subexpressions_are_drawn_once() -> None:
    x = mg.tensor([1.0, 2.0])
    s = mg.sin(x)
    graph = trace(s * s + s, {"s": s})
    assert operations(graph) == ["add", "multiply", "sin"]
    s_key = named(graph, "s").key
    assert [a for a, _ in graph.edges].count(s_key) == 3
    source = dot(s * s + s, {"s": s})
    assert source.count("label=Sin") == 1 and source.count("label=s ") == 1


def test_constants() -> None:
    x = mg.tensor([1.0, 2.0])
    raw = mg.asarray(mg.tensor([3.0, 4.0]))
    w = mg.tensor([5.0, 6.0], constant=True)
    graph = trace(x * raw * w * 2.0, {"x": x, "raw": raw, "w": w})
    assert named(graph, "raw").constant and named(graph, "raw").raw
    assert named(graph, "w").constant and not named(graph, "w").raw
    (two,) = [t for t in graph.tensors if t.raw and t.shape == ()]
    assert two.value == 2.0 and two.constant
    alone = trace(w, {"w": w})
    assert alone.nodes == alone.tensors == [named(alone, "w")]
    assert named(alone, "w").constant


def test_constants_that_no_rule_needs() -> None:
    x, w = mg.tensor([1.0, 2.0]), mg.tensor([5.0, 6.0], constant=True)
    graph = trace(x + w + 2.0 + [7.0, 8.0], {"x": x, "w": w})
    assert not named(graph, "w").raw and host(named(graph, "w").value) == [5, 6]
    assert [host(t.value) for t in graph.tensors if t.raw] == [[7.0, 8.0], 2.0]


def test_how_constants_were_made() -> None:
    n = mg.tensor([1.0, 2.0], constant=True)
    m = n * 3.0
    graph = trace(m, {"n": n, "m": m})
    assert operations(graph) == ["multiply"]
    assert all(t.constant for t in graph.tensors)
    assert op_named(graph, "multiply").inputs[0] == ("x1", named(graph, "n").key)
    x = mg.tensor([1.0, 2.0])
    both = trace(x + m, {"n": n, "m": m})
    assert operations(both) == ["add", "multiply"]


def test_values_of_tensors_without_a_name() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x + 1.0
    graph = trace(mg.sum(y + 1.0))  # no rule needs a value
    values = [host(t.value) for t in graph.tensors if t.shape == (2,) and t.value is not None]
    assert sorted(values) == [[1.0, 2.0], [2.0, 3.0]]
    assert sum(t.value is None for t in graph.tensors) == 1  # nobody has y + 1.0


def test_one_array_used_twice_is_one_node() -> None:
    x, w = mg.tensor([1.0, 2.0]), mg.tensor([5.0, 6.0], constant=True)
    graph = trace(x * w * w, {"w": w})
    assert [a for a, _ in graph.edges].count(named(graph, "w").key) == 2


def test_gradients() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * x
    f = mg.sum(y)
    f.backward(create_graph=True)
    graph = trace(f, {"x": x, "y": y, "f": f})
    grads = [host(named(graph, n).grad) for n in ("x", "y", "f")]
    assert grads == [[2.0, 4.0], [1.0, 1.0], 1.0]
    assert "gradient: [2. 4.]" in dot(f, {"x": x})
    view = view_graph(f, {"x": x}).html()
    assert '["Gradient", "[2. 4.]"]' in view


def test_the_gradient_of_a_view_is_that_view_of_it() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    v = x[1:]
    f = mg.sum(v * v)
    f.backward(create_graph=True)
    graph = trace(f, {"v": v, "x": x})
    assert host(named(graph, "v").grad) == [4.0, 6.0]
    assert host(named(graph, "x").grad) == [0.0, 4.0, 6.0]


def test_views_are_drawn_from_their_base() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    v = x[0][1:]
    graph = trace(mg.sum(v) + mg.sum(x[0][1:]), {"x": x, "v": v})
    view = op_named(graph, "view")  # equal views are one
    assert view.kind == "view"
    assert view.inputs == [("base", named(graph, "x").key)]
    assert view.output == named(graph, "v").key
    assert named(graph, "v").shape == (1,)


def test_reading_elements() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    graph = trace(mg.sum(x[[0, 0, 2]]), {"x": x})
    read = op_named(graph, "getitem")
    assert read.kind == "read" and read.inputs == [("tensor", named(graph, "x").key)]
    assert "label=GetItem" in dot(mg.sum(x[[0, 2]]))


@pytest.mark.skip_on("dpnp", "x[i] is a view there")
@pytest.mark.skip_on("cupy", "x[i] is a view there")
def test_one_element_is_read_from_the_whole() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    graph = trace(x[1] * 2.0, {"x": x})
    assert operations(graph) == ["getitem", "multiply"]
    assert op_named(graph, "getitem").inputs == [("tensor", named(graph, "x").key)]


def test_in_place_writes() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    x = +x
    y = mg.sin(x)
    x[1:] = y[1:]
    x += y
    f = mg.sum(x)
    graph = trace(f, {"x": x, "y": y})
    first, second = op_named(graph, "setitem"), op_named(graph, "add in place")
    assert {first.kind, second.kind} == {"write"}
    assert second.output == named(graph, "x").key
    assert [called for called, _ in second.inputs] == ["tensor", "value"]
    assert dict(second.inputs)["tensor"] == first.output
    assert first.details == [("region", "(2,)")]
    before = [t for t in graph.tensors if t.before == "x"]
    assert len(before) == 2
    assert op_named(graph, "sin").inputs == [("x", dict(first.inputs)["tensor"])]
    source = dot(f, {"x": x, "y": y})
    assert "label=SetItem" in source and "label=AddInPlace" in source
    assert "gets their gradient" in view_graph(f).html()


def test_values_from_before_a_write() -> None:
    x = +mg.tensor([1.0, 2.0])
    y = x * x
    x[0] = 10.0
    graph = trace(y, {"x": x, "y": y})
    (before,) = [t for t in graph.tensors if t.before == "x"]
    assert host(before.value) == [1.0, 2.0]


@pytest.mark.raw_arithmetic
def test_a_write_of_constants() -> None:
    x = +mg.tensor([1.0, 2.0, 3.0])
    x[mg.asarray(x) > 1.5] = 0.0
    graph = trace(mg.sum(x), {"x": x})
    write = op_named(graph, "setitem")
    value = graph.nodes[dict(write.inputs)["value"]]
    assert isinstance(value, TensorNode) and value.constant and value.value is None
    assert write.details == [("index", "arrays")]
    assert "*Constant*" in dot(mg.sum(x))


def test_a_cleared_graph_is_its_result() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * x
    z = mg.sum(y)
    other = y * 2.0
    z.backward()
    assert [n.name for n in trace(z, {"z": z}).tensors] == ["z"]
    graph = trace(other)
    assert operations(graph) == ["multiply"]
    assert any("cleared" in t.note for t in graph.tensors)


def test_where_and_variadic_operations() -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    graph = trace(mg.concatenate((x, y)), {"x": x, "y": y})
    keys = [named(graph, "x").key, named(graph, "y").key]
    assert [key for _, key in op_named(graph, "concatenate").inputs] == keys
    masked = trace(mg.sin(x, where=[True, False]))
    assert op_named(masked, "sin").details == [("where", "array of shape (2,)")]


class Cube(Operation):
    def __call__(self, x: Any) -> Any:
        self.variables = (x,)
        return x.data * x.data * x.data

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        (x,) = self.variables
        return 3.0 * grad * x.data * x.data


def test_operations_of_users() -> None:
    x = mg.tensor([1.0, 2.0])
    graph = trace(mg.execute_op(Cube, x), {"x": x})
    op = op_named(graph, "Cube")
    assert [key for _, key in op.inputs] == [named(graph, "x").key]
    assert "return 3.0 * grad" in op.rules[0][1]


def test_graphs_of_gradients() -> None:
    x = mg.tensor([1.0, 2.0])
    f = mg.sum(mg.sin(x))
    f.backward(create_graph=True)
    graph = trace(x.grad, {"x": x})
    assert "cos" in operations(graph)
    # What the sweep read is `x` itself, and no copy of it.
    assert op_named(graph, "cos").inputs == [("x", named(graph, "x").key)]


def test_limit() -> None:
    t = mg.tensor(1.0)
    for _ in range(50):
        t = mg.sin(t)
    graph = trace(t, limit=20)
    assert graph.cut and 20 <= len(graph.nodes) <= 24
    assert sum("more comes before" in n.note for n in graph.tensors) == 1
    assert "nearest" in view_graph(t, limit=20).svg()
    assert not trace(t).cut
    with pytest.raises(ValueError, match="limit="):
        view_graph(t, limit=0)


def test_what_is_asked_for_has_to_make_sense() -> None:
    x = mg.tensor(1.0)
    for draw in trace, build_graph, view_graph:
        with pytest.raises(TypeError, match="fin= has to be a mygrad tensor"):
            draw(1.0)  # type: ignore[operator]
        with pytest.raises(TypeError, match="names= has to be a dictionary"):
            draw(x, ["x"])  # type: ignore[operator]
    with pytest.raises(TypeError, match="dims= has to be True or False"):
        build_graph(x, dims="yes")  # type: ignore[arg-type]


def test_5000_operations() -> None:
    w = mg.tensor(0.5)
    t = w
    for _ in range(5_000):
        t = t * w
    graph = trace(t, {"w": w})
    assert len(graph.operations) == 5_000
    drawing = lay_out([(40.0, 20.0)] * len(graph.nodes), graph.edges)
    assert len(drawing.layers) == 10_001
    assert len(view_graph(t, limit=3000, fold=False).svg()) > 100_000
    assert "1499 \N{MULTIPLICATION SIGN} repeated" in view_graph(t, limit=3000).svg()


def test_tracing_changes_nothing() -> None:
    x = mg.tensor([1.0, 2.0])
    f = mg.sum(mg.sin(x) * x[::-1])
    view = view_graph(f, {"x": x})
    before = view.svg()
    f.backward()
    expected = np.cos([1.0, 2.0]) * [2.0, 1.0] + np.sin([2.0, 1.0])
    assert np.allclose(host(x.grad), expected)
    x[...] = 0.0
    assert view.svg() == before


def test_a_view_keeps_no_tensor() -> None:
    x = mg.tensor([1.0, 2.0])
    f = mg.sum(x * x)
    view, gone = view_graph(f, {"x": x}), weakref.ref(f)
    del f
    assert gone() is None and "multiply" in view.svg()


# --- Graphviz -------------------------------------------------------------------------------
def labels(source: str) -> list[str]:
    found = re.findall(r'label=("(?:[^"\\]|\\.)*"|\S+?)[\s\]]', source)
    return sorted(text.strip('"').replace("\\\\", "\\") for text in found)


@needs_graphviz
def test_labels_with_names() -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    raw = mg.asarray(mg.tensor([1.0, 1.0]))
    f = (x * y * raw * 2.0).sum()
    graph = build_graph(f, names={"x": x, "same": x, "y": y, "f": f, "raw": raw, "n": 3})
    assert isinstance(graph, graphviz.Digraph)
    assert graph.source.startswith("strict digraph")
    assert labels(graph.source) == sorted(
        ["f", "Sum", "Intermediary Tensor", "Multiply", "2.0", "Intermediary Tensor", "Multiply",
         "raw\n*Constant*", "Intermediary Tensor", "Multiply", "x", "y"]
    )  # fmt: skip
    assert graph.source.count("class=op") == 4
    assert graph.source.count("->") == 11


def test_labels_without_names() -> None:
    x = mg.tensor([1.0, 2.0])
    source = dot(mg.sum(x * [3.0, 4.0]))
    assert labels(source) == sorted(
        ["Tensor(11.)", "Sum", f"Tensor(shape=(2,), dtype={x.dtype})", "Multiply",
         "Tensor([1., 2.])", "Tensor([3., 4.])"]
    )  # fmt: skip


def test_labels_with_shapes_dtypes_and_statistics() -> None:
    x = mg.tensor([1.0, 2.0, 6.0])
    f = x.sum()
    options = {"dims": True, "dtypes": True, "sum_stats": True}
    texts = labels(dot(f, names={"x": x, "f": f}, **options))
    dtype = f"Dtype: {x.dtype}"
    assert f"f\n{dtype}" in texts
    assert f"x\nDims: (3,)\n{dtype}\nMin: 1.0\nMedian: 2.0\nMean: 3.0\nMax: 6.0" in texts


@needs_graphviz
def test_kinds_of_nodes_differ_in_the_drawing() -> None:
    x = mg.tensor([1.0, 2.0])
    y = +x
    y[0] = 3.0
    source = dot(mg.sum(y[1:] * 2.0), {"x": x})
    kinds = re.findall(r"class=(\"[^\"]*\"|\w+)", source)
    assert set(kinds) == {'"inner result"', "inner", "op", "view", "write", "leaf", "constant"}


@needs_graphviz
@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz (dot) is not installed")
def test_graphviz_drawings_are_dark_on_dark_pages() -> None:
    x = mg.tensor([1.0, 2.0])
    drawing: Any = build_graph(mg.sum(x * x), {"x": x})
    for svg in drawing.pipe("svg").decode(), drawing._repr_image_svg_xml():
        root = ElementTree.fromstring(svg.encode())
        style = root.findtext(SVG + "style") or ""
        assert root.get("class") == "mygrad-graph" and "prefers-color-scheme: dark" in style
        kinds = {g.get("class") for g in root.iter(SVG + "g")}
        assert {"node op", "node leaf", "node inner result"} <= kinds
        selectors = re.findall(r"([^{}]+)\{ (?:fill|stroke)", style)
        assert len(selectors) > 10
        assert all("svg.mygrad-graph" in each for s in selectors for each in s.split(","))
    assert drawing.pipe("png")[:4] == b"\x89PNG"


def test_labels_are_taken_literally() -> None:
    x = mg.tensor([1.0])
    source = dot(x, names={"<b>x</b>": x})
    assert 'label="<b>x</b>"' in source  # without the quotes it would be markup


@needs_graphviz
def test_no_rendering() -> None:
    assert build_graph(mg.tensor(1.0), render=False) is None


@needs_graphviz
@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz (dot) is not installed")
def test_saving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    x = +mg.tensor([1.0, 2.0])
    x[0] = 3.0
    assert build_graph(mg.sum(x), {"x": x}, save=True, render=False, dims=True) is None
    assert (tmp_path / "computational_graph.pdf").read_bytes()[:4] == b"%PDF"


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ImportError, match=r'pip install "mygrad\[viz\]"'):
        build_graph(mg.tensor(1.0))


# --- derivative rules -----------------------------------------------------------------------
def test_the_text_of_rules() -> None:
    assert dict(derivative_rules(mg.sin))["by x"].startswith("lambda g, x")
    rules = dict(derivative_rules(mg.multiply))
    assert rules["by x1"] == "lambda g, x2: g * x2"
    assert rules["by x2"] == "lambda g, x1: g * x1"
    assert any("def " in text for _, text in derivative_rules(mg.sum))  # what the rule calls


def test_every_rule_has_a_text() -> None:
    from mygrad.autodiff.namespace import registry

    for primitive in set(registry.values()):
        for title, text in derivative_rules(primitive):
            assert text == "no derivative" or text.startswith(("lambda", "def", "@")), (
                primitive, title, text,
            )  # fmt: skip


# --- SVG and HTML ---------------------------------------------------------------------------
def example() -> GraphView:
    """A graph with all kinds of nodes, and names that are text and no markup."""
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    h = mg.sin(x @ mg.tensor([[1.0, 0.0], [0.0, 1.0]], constant=True))
    h[0] = 2.0 * h[1]
    f = mg.sum(h, axis=0)[[0, 1]]
    f.backward(create_graph=True)
    return view_graph(f, {"x": x, "h": h, "</script><b>&\x00": f})


def test_svg_is_well_formed_and_complete() -> None:
    view = example()
    root = ElementTree.fromstring(view.svg())
    assert root.tag == SVG + "svg"
    groups = [g for g in root.iter(SVG + "g") if g.get("class", "").startswith("node")]
    operations, tensors = map(int, re.findall(r"\d+", repr(view)))
    assert len(groups) == operations + tensors
    titles = [g.findtext(SVG + "title") or "" for g in groups]
    assert all(titles)
    (x,) = [t for t in titles if t.startswith("x: leaf variable")]
    assert "shape: (2, 2)" in x and "value:" in x and "gradient:" in x
    kinds = {g.get("class", "").split()[-1] for g in groups}
    assert {"op", "write", "read", "view", "leaf", "constant", "result"} <= kinds
    shown = [t.text for t in root.iter(SVG + "text")]
    assert "matmul" in shown and any((t or "").startswith("</script><b>&") for t in shown)
    edges = [p for p in root.iter(SVG + "path") if p.get("class") == "edge"]
    ids = {g.get("id") for g in groups}
    assert all({f"n{p.get('data-a')}", f"n{p.get('data-b')}"} <= ids for p in edges)


def test_infinite_values_stand_out() -> None:
    with np.errstate(all="ignore"):
        y = mg.log(mg.tensor([0.0, 1.0]))
    view = view_graph(mg.exp(y), {"y": y}).svg()
    assert "not finite: 1 of 2" in view and "inner bad" in view


def test_html_needs_nothing_from_outside() -> None:
    page = example().html()
    assert "http://www.w3.org/2000/svg" in page
    assert re.findall(r"https?://", page) == ["http://"]
    assert not re.search(r"<(link|img|iframe)\b|\bsrc=|@import", page)
    assert page.count("</script>") == 2
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert json.loads(data)["nodes"][0]["name"].startswith("</script><b>&")


def test_saving_a_view(tmp_path: Path) -> None:
    view = example()
    view.save(tmp_path / "graph.svg")
    view.save(str(tmp_path / "graph.html"))
    ElementTree.parse(tmp_path / "graph.svg")
    assert (tmp_path / "graph.html").read_text(encoding="utf-8") == view.html()
    with pytest.raises(ValueError, match=r"\.svg or as \.html"):
        view.save(tmp_path / "graph.png")


def test_notebooks_get_a_frame_of_its_own() -> None:
    view = example()
    frame = ElementTree.fromstring(view._repr_html_())
    assert frame.tag == "iframe" and frame.get("sandbox") == "allow-scripts"
    assert (frame.get("srcdoc") or "").split() == view.html().split()


# --- in a real browser ----------------------------------------------------------------------
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
    --virtual-time-budget=3000 --dump-dom""".split()
# Runs after the page's own script; what it finds wrong ends up in the document.
DRIVER = """<script>
const report = document.body.dataset;
addEventListener("error", e => { report.error = e.message; });
try { %s } catch (error) { report.error = String(error); }
</script></body>"""


def dom(page: str, folder: Path, fragment: str = "", script: str = "") -> str:
    """The document of a page after its script has run, in headless Chromium."""
    if BROWSER is None:
        pytest.skip("no chromium on the path")
    assert page.count("</body>") == 1
    path = folder / "page.html"
    path.write_text(page.replace("</body>", DRIVER % script), encoding="utf-8")
    result = subprocess.run(
        [BROWSER, *OPTIONS, f"--user-data-dir={folder / 'profile'}", path.as_uri() + fragment],
        capture_output=True, text=True, timeout=120, check=True,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    assert "data-error" not in result.stdout, re.findall(r'data-error="[^"]*"', result.stdout)
    return result.stdout


def panel(document: str) -> str:
    (found,) = re.findall(r"<aside.*?</aside>", document, re.S)
    return html.unescape(re.sub(r"<[^>]*>", " ", found))


def key_of(view: GraphView, name: str) -> int:
    return next(k for k, card in enumerate(view._cards) if card["name"] == name)


def test_browser_shows_the_rule_of_an_operation(tmp_path: Path) -> None:
    view = example()
    document = dom(view.html(), tmp_path, f"#n{key_of(view, 'sin')}")
    text = " ".join(panel(document).split())
    assert "sin operation" in text and "Derivative rule by x" in text
    assert "lambda g, x" in text and "g * xp.cos(x)" in text
    assert re.search(r'class="node op chosen"', document)


def test_browser_click_hover_and_keys(tmp_path: Path) -> None:
    view = example()
    x, matmul = key_of(view, "x"), key_of(view, "matmul")
    script = f"""
    const press = key => document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", {{ key, bubbles: true }}));
    shapes[{matmul}].dispatchEvent(new MouseEvent("click", {{ bubbles: true }}));
    report.clicked = panel.querySelector("h2").textContent;
    press("Escape");
    report.closed = panel.hidden;
    shapes[{matmul}].focus();
    press("ArrowUp");
    report.focused = document.activeElement.id;
    press("Enter");
    report.chosen = panel.querySelector("h2").textContent;
    shapes[{x}].dispatchEvent(new PointerEvent("pointerenter"));
    report.tip = tip.hidden ? "" : tip.textContent;
    const scale = at.k;
    document.getElementById("in").click();
    report.zoomed = at.k > scale;
    fit();
    report.fits = scene.getBoundingClientRect().width <= svg.clientWidth;
    report.labelled = shapes.every(s => s.getAttribute("aria-label"));
    report.stops = svg.querySelectorAll('[tabindex="0"]').length;
    """
    document = dom(view.html(), tmp_path, script=script)
    body = re.findall(r"<body([^>]*)>", document)[0]
    found = {k: html.unescape(v) for k, v in re.findall(r'data-(\w+)="([^"]*)"', body)}
    assert found["clicked"] == "matmul" and found["closed"] == "true"
    assert found["focused"] == f"n{x}" and found["chosen"] == "x"
    assert "x: leaf variable" in found["tip"] and "gradient:" in found["tip"]
    assert found["zoomed"] == found["fits"] == found["labelled"] == "true"
    assert found["stops"] == "1"


def reports(document: str) -> dict[str, str]:
    """What a driving script has found, by name."""
    (body,) = re.findall(r"<body([^>]*)>", document)
    return {k: html.unescape(v) for k, v in re.findall(r'data-(\w+)="([^"]*)"', body)}


def loop(steps: int) -> Any:
    """What a loop of two operations a step computes."""
    x = t = mg.tensor(0.5)
    for _ in range(steps):
        t = mg.sin(t) * x
    return mg.exp(t)


def test_browser_opens_a_folded_loop_fitted_and_unfolds_it(tmp_path: Path) -> None:
    view = view_graph(loop(54))
    script = """
    const inside = () => {
      const box = scene.getBoundingClientRect(), all = svg.getBoundingClientRect();
      return box.left >= all.left && box.right <= all.right && box.top >= all.top
        && box.bottom <= all.bottom;
    };
    const there = () => shapes.filter(s => s.getBoundingClientRect().width).length;
    report.opened = `${inside()} ${map.hidden} ${there()} ${layer.children.length}`;
    const block = nodes.findIndex(n => n.kind === BLOCK);
    shapes[block].dispatchEvent(new MouseEvent("click", { bubbles: true }));
    report.unfolded = `${inside()} ${map.hidden} ${there()} ${folding.textContent}`;
    report.readable = at.k >= 0.75;
    const result = shapes[Number(svg.dataset.result)].getBoundingClientRect();
    report.sees = result.top > 0 && result.bottom < innerHeight && result.left > 0;
    all();
    report.fits = inside();
    folding.click();
    report.folded = `${inside()} ${there()} ${folding.textContent}`;
    choose(nodes.findIndex(n => n.name === "sin"), true);
    report.found = `${there()} ${panel.querySelector("h2").textContent}`;
    const made = [...panel.querySelectorAll("dt")].find(d => d.textContent === "result");
    made.nextSibling.querySelector("button").click();  // a tensor that is not drawn
    const links = panel.querySelectorAll("dd button").length;
    report.between = `${panel.querySelector(".kind").textContent} ${links}`;
    panel.querySelector(".close").click();
    report.closed = panel.hidden;
    """
    found = reports(dom(view.html(), tmp_path, script=script))
    nodes = 109 + 2  # without the tensors between operations
    assert found["opened"] == "true true 5 4"  # x, the block, its result, exp and the result
    assert found["unfolded"] == f"false false {nodes} Fold"
    assert found["readable"] == found["sees"] == found["fits"] == "true"
    assert found["folded"] == "true 5 Unfold"
    assert found["found"] == f"{nodes} sin"
    assert found["between"] == "variable 2" and found["closed"] == "true"


def test_browser_shows_a_map_of_a_thousand_operations(tmp_path: Path) -> None:
    x = t = mg.tensor(0.5)
    for k in range(500):  # no two steps of which are alike for long
        t = (mg.sin, mg.cos, mg.tanh)[k * k % 7 % 3](t)
        t = t * x if k % 5 and k % 11 else t + x
    script = """
    const label = shapes[Number(svg.dataset.result)].querySelector("text");
    report.height = label.getBoundingClientRect().height;
    const before = at.y, box = map.getBoundingClientRect();
    report.map = `${map.hidden} ${box.height > 300} ${box.bottom <= innerHeight}`;
    map.dispatchEvent(new PointerEvent("pointermove",
      { buttons: 1, clientX: box.left + 20, clientY: box.top + 2 }));
    report.moved = at.y > before + 1000;
    """
    view = view_graph(t, {"x": x}, limit=5000)
    assert repr(view).startswith("<GraphView: 1000 operations")
    found = reports(dom(view.html(), tmp_path, script=script))
    assert float(found["height"]) > 8
    assert found["map"] == "false true true" and found["moved"] == "true"


# --- why there is nothing -------------------------------------------------------------------
def test_a_graph_that_backward_has_cleared_says_so() -> None:
    x = mg.tensor([1.0, 2.0])
    f = mg.sum(x * x)
    f.backward()
    view = view_graph(f, {"f": f})
    for text in repr(view), view.html():
        assert "made by sum" in text and "before backward(), or" in text
        assert "backward(create_graph=True)" in text
    assert repr(view).startswith("<GraphView: 0 operations, 1 tensor>")
    assert "leaf" in repr(view_graph(x)) and "constant" in repr(view_graph(mg.tensor([1])))
    cleared = mg.sum(x * x)
    cleared.clear_graph()
    assert "clear_graph()" in repr(view_graph(cleared))
    if graphviz is not None:
        label = " ".join(dot(f, {"f": f}).split())
        assert "backward() was called" in label and "backward() was called" not in dot(x * x)
    assert repr(view_graph(mg.sum(x * x))) == "<GraphView: 2 operations, 3 tensors>"


def test_browser_says_why_there_is_nothing(tmp_path: Path) -> None:
    x = mg.tensor([1.0, 2.0])
    f = mg.sum(x * x)
    f.backward()
    script = """
    const box = document.querySelector(".notice").getBoundingClientRect();
    report.seen = box.width > 300 && box.height > 20 && box.top > 0;
    """
    assert reports(dom(view_graph(f).html(), tmp_path, script=script))["seen"] == "true"
