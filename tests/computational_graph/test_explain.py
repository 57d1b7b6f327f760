"""Explanations: their numbers are those of `backward`, and their formulas those of the rules."""

from __future__ import annotations

import gc
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from gradcheck import host
from hypothesis import given
from hypothesis import strategies as st
from primitive_cases import UFUNCS, Case, distinct, operands_of
from random_steps import grown
from test_computational_graph import dom, reports
from test_primitives import called, called_ids, caller, ufuncs

import mygrad as mg
from mygrad.autodiff.namespace import registry
from mygrad.computational_graph import Explanation, chain_rule
from mygrad.computational_graph.expressions import LATEX, TEXT
from mygrad.computational_graph.regions import index_of
from mygrad.errors import InvalidBackprop
from mygrad.operation_base import Operation


# --- every primitive --------------------------------------------------------------------------
@pytest.fixture
def rules_met(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every rule that was put into a formula, compared with what it computes on arrays."""
    met: list[Any] = []
    original = chain_rule.pulled_back

    def compared(rule: Any, g: Any, values: Any, namespace: Any) -> Any:
        pulled = original(rule, g, values, namespace)
        met.append(pulled)
        if pulled is not None:
            xp = {} if namespace is None else {"xp": namespace}
            want = rule(g[0], *[value for value, _ in values], **xp)
            want = want if isinstance(want, (tuple, list)) else [want]
            for (array, _), exact in zip(pulled.parts, want, strict=True):
                np.testing.assert_array_equal(host(array), host(exact))
        return pulled

    monkeypatch.setattr(chain_rule, "pulled_back", compared)
    return met


def check_explained(f: Any, arrays: list[Any]) -> Explanation:
    """Explain ``f`` of leaves and of views of leaves, and compare with `backward`."""
    leaves = [mg.tensor(a) for a in arrays]
    names = {f"operand_{k}": t for k, t in enumerate(leaves)}
    result = f(*[+t for t in leaves])
    explained = mg.explain(result, names)
    for text in (str(explained), explained.latex, explained._repr_latex_()):
        assert text and "None" not in text.replace("=None", ""), text
    ElementTree.fromstring(explained.html().replace("&nbsp;", " "))
    assert not any(t.grad is not None for t in leaves)
    result.backward()
    shown = {TEXT.write(leaf.symbol): leaf.adjoint for leaf in explained.leaves}
    for name, t in names.items():
        assert (t.grad is None) == (name not in shown)
        if t.grad is not None:
            assert shown[name].dtype == t.grad.dtype
            np.testing.assert_array_equal(host(shown[name]), host(t.grad))
    return explained


@pytest.mark.parametrize("name", ufuncs)
def test_elementwise(name: str, rules_met: list[Any]) -> None:
    arrays = distinct(((2, 3),) * len(UFUNCS[name]), UFUNCS[name])
    explained = check_explained(registry[name], arrays)
    if explained.steps:
        assert rules_met and all(pulled is not None for pulled in rules_met)
    for step in explained:
        for flow in step.flows:
            assert flow.formula is not None and flow.local is not None, (name, str(explained))


@pytest.mark.parametrize(("name", "case"), called, ids=called_ids)
def test_others(name: str, case: Case, rules_met: list[Any]) -> None:
    explained = check_explained(caller(name, case), operands_of(case))
    assert explained.steps
    for step in explained:
        for flow in step.flows:
            assert flow.formula is not None or flow.words, (name, str(explained))


# --- programs ---------------------------------------------------------------------------------
def symbols(explained: Explanation) -> list[str]:
    return [TEXT.write(step.result) for step in explained]


def steps_named(explained: Explanation, name: str) -> list[Any]:
    return [step for step in explained if step.name == name]


def test_local_derivative_and_chain_rule() -> None:
    x, y = mg.tensor(2.0), mg.tensor(3.0)
    z = mg.sin(x) * y
    explained = mg.explain(z, {"x": x, "y": y, "z": z})
    first, second = explained
    assert (first.name, second.name) == ("multiply", "sin")
    assert [TEXT.write(flow.local) for flow in first.flows] == ["y", "v1"]
    (flow,) = second.flows
    assert TEXT.write(flow.local) == "cos(x)"
    assert TEXT.write(flow.formula) == "∂z/∂v1 · cos(x)"
    assert LATEX.write(flow.formula) == (
        r"\frac{\partial z}{\partial v_{1}} \cdot \cos\left(x\right)"
    )
    np.testing.assert_allclose(host(flow.value), 3.0 * np.cos(2.0))
    assert [(TEXT.write(leaf.symbol), leaf.parts) for leaf in explained.leaves] == [
        ("y", [1]), ("x", [2]),
    ]  # fmt: skip


def test_contributions_add_up() -> None:
    x = mg.tensor(3.0)
    y = x * x
    f = y * y + x
    explained = mg.explain(f, {"x": x, "y": y, "f": f})
    assert [step.parts for step in explained] == [[], [1], [2]]
    assert [len(step.flows) for step in explained] == [2, 2, 2]
    assert [flow.total for step in explained for flow in step.flows] == [
        True, False, False, False, False, False,
    ]  # fmt: skip
    (leaf,) = explained.leaves
    assert leaf.parts == [1, 3] and float(leaf.adjoint) == 4 * 27 + 1
    assert "∂f/∂y += ∂f/∂v1 · y" in str(explained)
    assert "∂f/∂x = 109, from steps 1 and 3" in str(explained)


def test_broadcasting_is_a_sum() -> None:
    x, b = mg.tensor(np.ones((2, 3))), mg.tensor(np.ones((2, 1)))
    (step,) = mg.explain(x + b, {"x": x, "b": b})
    assert TEXT.write(step.flows[1].formula) == "sum(∂f/∂f, axis=1)"
    c = mg.tensor(1.0)
    (step,) = mg.explain(x * c, {"x": x, "c": c})
    assert TEXT.write(step.flows[1].formula) == "sum(∂f/∂f · x, axis=(0, 1))"
    assert TEXT.write(step.flows[1].local) == "x"


@pytest.mark.skip_on("dpnp", "x[i] is a view there")
@pytest.mark.skip_on("array-api-strict", "it has no strides")
def test_views_and_writes_are_steps() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    y = x * 1.0
    row = y[0]
    row *= 10.0
    y[1, 1:] = x[0, :1]
    y[:, 0] += 1.0
    f = mg.sum(y * y)
    names = {"x": x, "y": y, "row": row, "f": f}
    explained = mg.explain(f, names)
    text = str(explained)
    assert [step.kind for step in explained].count("write") == 3
    assert "y = y⟨2⟩ with [:, 0] += " in text
    assert "y⟨2⟩ = y⟨1⟩ with [1, 1:2] = x[0, 0:1]" in text
    assert "y⟨1⟩ = y⟨0⟩ with [0] = " in text and "but zero where it was overwritten" in text
    f.backward()
    adjoints = {TEXT.write(step.result): host(step.adjoint) for step in explained}
    np.testing.assert_array_equal(adjoints["y"], host(y.grad))
    (leaf,) = explained.leaves
    np.testing.assert_array_equal(host(leaf.adjoint), host(x.grad))


def test_reads_of_elements() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    f = mg.sum(x[[0, 0, 2]] ** 2)
    (read,) = steps_named(mg.explain(f, {"x": x}), "getitem")
    assert read.kind == "read" and "elements that were read" in read.flows[0].words
    np.testing.assert_array_equal(host(read.adjoint), [2.0, 2.0, 6.0])


def test_masked_operations() -> None:
    x = mg.tensor([1.0, 2.0])
    (step,) = mg.explain(mg.multiply(x, 3.0, where=np.array([True, False])), {"x": x})
    assert TEXT.write(step.flows[0].formula) == "(∂f/∂f · 3 where mask, else 0)"
    np.testing.assert_array_equal(host(step.flows[0].value), [3.0, 0.0])


class Cube(Operation):
    calls = 0

    def __call__(self, x: Any) -> Any:
        self.variables = (x,)
        return x.data * x.data * x.data

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        Cube.calls += 1
        return 3.0 * grad * self.variables[0].data * self.variables[0].data


def test_operations_of_users_run_once_and_are_named() -> None:
    x = mg.tensor([1.0, 2.0])
    (step,) = mg.explain(mg.execute_op(Cube, x), {"x": x})
    assert step.name == "Cube" and Cube.calls == 1
    assert step.flows[0].formula is None and step.flows[0].words == "by Cube.backward_var"
    np.testing.assert_array_equal(host(step.flows[0].value), [3.0, 12.0])


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_random_programs(body: list[int]) -> None:
    """Adjoints of leaves and of what was computed, with views and writes in all orders."""
    x = mg.tensor([0.5, 0.7, 0.9])
    kept: list[Any] = []
    t = +x
    for kind in body:
        t = grown(kind, t, x, kept)
    f = mg.sum(t) + sum(mg.sum(each * x) for each in kept)
    names = {"x": x, "t": t, "f": f} | {f"kept_{k}": each for k, each in enumerate(kept)}
    explained = mg.explain(f, names)
    str(explained), explained.latex
    f.backward()
    (leaf,) = explained.leaves
    np.testing.assert_array_equal(host(leaf.adjoint), host(x.grad))
    adjoints = {TEXT.write(step.result): host(step.adjoint) for step in explained}
    for name, each in names.items():
        if name in adjoints:
            np.testing.assert_array_equal(adjoints[name], host(each.grad))
    assert {"f"} <= set(adjoints) and len(explained) >= len(adjoints)


def test_an_explained_view() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    v = (x * 2.0)[1:]
    explained = mg.explain(v, {"x": x, "v": v})
    v.backward()
    np.testing.assert_array_equal(host(explained.leaves[0].adjoint), [0.0, 2.0, 2.0])
    np.testing.assert_array_equal(host(x.grad), [0.0, 2.0, 2.0])


def test_derivatives_of_derivatives() -> None:
    x = mg.tensor([1.0, 2.0])
    mg.sum(x**3).backward(create_graph=True)
    g = x.grad
    explained = mg.explain(g, {"x": x, "g": g})
    x.null_grad()
    g.backward()
    shown = {TEXT.write(leaf.symbol): host(leaf.adjoint) for leaf in explained.leaves}
    np.testing.assert_array_equal(shown["x"], host(x.grad))


# --- what it leaves alone, and when it has nothing to say -------------------------------------
def test_nothing_is_changed() -> None:
    x, w = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    mg.sum(x * x).backward()
    before = x.grad
    y = +w
    y[0] = mg.sin(w[1])
    f = mg.sum(y * w)
    version, adjoint = f._buffer.version, w.grad
    values = version.values
    mg.explain(f, {"y": y})
    assert f._buffer.version is version and version.values is values
    assert x.grad is before and w.grad is adjoint and y.grad is None and f.grad is None
    f.backward()
    assert w.grad is not None


def test_nothing_is_kept() -> None:
    import weakref

    x = mg.tensor([1.0, 2.0])
    f = mg.sum(x * x)
    explained, gone = mg.explain(f, {"x": x}), weakref.ref(f)
    before = str(explained)
    del f
    gc.collect()
    assert gone() is None
    x[...] = 0.0
    assert str(explained) == before


def test_after_backward_it_says_why_not() -> None:
    x = mg.tensor([1.0, 2.0])
    f = mg.sum(x * x)
    f.backward()
    explained = mg.explain(f, {"f": f})
    assert len(explained) == 0 and not explained.leaves
    for text in str(explained), explained.latex, explained.html():
        assert "made by sum" in text.replace("\\", "") and "before backward()" in text
    assert "leaf" in str(mg.explain(x))
    assert "int" in str(mg.explain(mg.tensor([1, 2])))
    assert "constant" in str(mg.explain(mg.tensor(1.0, constant=True)))


def test_a_gradient_that_stops_is_said_and_not_warned_of(
    recwarn: pytest.WarningsRecorder,
) -> None:
    x = mg.tensor([1.0, 2.0])
    s = mg.sum(x)
    s.backward()
    explained = mg.explain(s * 2.0, {"s": s})
    assert "computed by sum" in explained.leaves[0].note and "stops here" in str(explained)
    assert not recwarn.list


def test_a_graph_that_is_cleared_in_part() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * x
    f = mg.sum(y) * 2.0
    mg.sum(y).backward()
    with pytest.raises(InvalidBackprop):
        mg.explain(f)


def test_what_is_asked_for_has_to_make_sense() -> None:
    x = mg.tensor(1.0)
    with pytest.raises(TypeError, match="mygrad tensor"):
        mg.explain(1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="names="):
        mg.explain(x, ["x"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="limit="):
        mg.explain(x, limit=0)


def test_long_computations_are_cut() -> None:
    x = t = mg.tensor(0.5)
    for _ in range(40):
        t = mg.sin(t)
    explained = mg.explain(t, {"x": x}, limit=10)
    assert len(explained) == 10 and explained.left_out == 30
    assert "30 more steps" in str(explained) and "30 more steps" in explained.latex
    assert explained.leaves[0].parts == [40]
    t.backward()
    assert float(explained.leaves[0].adjoint) == float(x.grad)


def test_large_arrays_are_abbreviated() -> None:
    x = mg.tensor(np.ones((300, 300)))
    explained = mg.explain(mg.sum(x @ x), {"x": x})
    assert len(str(explained)) < 4000 and len(explained.html()) < 15_000
    assert "..." in str(explained) and r"\cdots" in explained.latex


def test_names_are_text_and_no_markup() -> None:
    x, y = mg.tensor(1.0), mg.tensor(2.0)
    explained = mg.explain(x * y, {"</math><script>": x, r"100%_\of{it}": y})
    assert "<script>" not in explained.html()
    ElementTree.fromstring(explained.html())
    assert r"\text{100\%\_\textbackslash{}of\{it\}}" in explained.latex


def test_names_that_would_be_given_are_left_to_the_user() -> None:
    v1, x1, f = mg.tensor(1.0), mg.tensor(2.0), mg.tensor(3.0)
    result = mg.sin(v1 * x1) * f * mg.tensor(4.0)
    text = symbols(mg.explain(result, {"v1": v1, "x1": x1, "f": f}))
    assert len(set(text)) == len(text) == 4 and not {"v1", "x1", "f"} & set(text)


def test_latex_is_balanced() -> None:
    x = mg.tensor([[1.0, -2.0], [3.0, 4.0]])
    f = mg.sum(mg.maximum(x, 0.5) ** 2 / mg.sqrt(abs(x)))
    latex = mg.explain(f, {"x": x}).latex
    assert latex.count(r"\left") == latex.count(r"\right")
    assert latex.count(r"\begin{") == latex.count(r"\end{")
    plain = re.sub(r"\\[{}]", "", latex)
    assert plain.count("{") == plain.count("}")
    assert r"\sqrt{" in latex and r"\frac{" in latex and r"\begin{cases}" in latex


# --- indices of views -------------------------------------------------------------------------
@given(st.data())
def test_the_index_of_a_view(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    a = np.arange(float(np.prod(shape))).reshape(shape)
    if data.draw(st.booleans()):
        a = np.asfortranarray(a)
    items = [
        data.draw(
            st.one_of(
                st.integers(0, n - 1),
                st.builds(
                    slice, st.integers(0, n - 1), st.none() | st.integers(1, n),
                    st.sampled_from([None, 1, 2, -1]),
                ),
            )
        )
        for n in shape
    ]  # fmt: skip
    seen = a[tuple(items)]
    if not isinstance(seen, np.ndarray) or not seen.size:
        return
    offset = seen.__array_interface__["data"][0] - a.__array_interface__["data"][0]
    text = index_of(a, offset, seen.shape, seen.strides)
    if 1 not in shape:
        assert text is not None
    if text is not None:
        np.testing.assert_array_equal(eval(f"a[{text}]"), seen)


def test_what_is_no_basic_index() -> None:
    a = np.zeros((3, 4))
    for view in a.T, a.reshape(-1), np.broadcast_to(a[0], (3, 4)), a[:, None]:
        offset = view.__array_interface__["data"][0] - a.__array_interface__["data"][0]
        assert index_of(a, offset, view.shape, view.strides) is None


# --- in a real browser ------------------------------------------------------------------------
def test_browser_shows_formulas(tmp_path: Path) -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    f = mg.sum(mg.maximum(mg.sqrt(x), 1.5) / x[0])
    page = f"<html><body>{mg.explain(f, {'x': x})._repr_html_()}</body></html>"
    script = """
    const math = [...document.querySelectorAll("math")];
    report.math = math.length > 10 && math.every(m => m.getBoundingClientRect().height > 5);
    const root = document.querySelector("msqrt"), fraction = document.querySelector("mfrac");
    report.kinds = `${root instanceof MathMLElement} ${fraction instanceof MathMLElement}`;
    report.tall = fraction.getBoundingClientRect().height > 20;
    report.inside = math.every(m => m.getBoundingClientRect().right < innerWidth);
    """
    found = reports(dom(page, tmp_path, script=script))
    assert found["math"] == found["tall"] == found["inside"] == "true"
    assert found["kinds"] == "true true"
