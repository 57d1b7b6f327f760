"""Explanations: that their numbers are those of `backward`, and their formulas those of the rules."""

from __future__ import annotations

import gc
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from gradcheck import host
from hypothesis import given
from hypothesis import strategies as st
from primitive_cases import CASES, UFUNCS, Case, distinct, operands_of
from test_primitives import called, called_ids, caller, ufuncs

import mygrad as mg
from mygrad.autodiff.namespace import registry
from mygrad.computational_graph import Explanation, explanation
from mygrad.computational_graph.expressions import LATEX, TEXT
from mygrad.computational_graph.regions import index_of
from mygrad.errors import InvalidBackprop
from mygrad.operation_base import Operation


# --- every primitive --------------------------------------------------------------------------
@pytest.fixture
def rules_met(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every rule that was put into a formula, compared with what it computes on arrays."""
    met: list[Any] = []
    original = explanation.pulled_back

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

    monkeypatch.setattr(explanation, "pulled_back", compared)
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
