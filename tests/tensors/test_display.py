"""What notebooks show of tensors."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import mygrad as mg
from mygrad.operation_base import Operation


def shown(t: Any) -> tuple[str, list[str]]:
    """The values and the facts in the HTML of a tensor."""
    root = ElementTree.fromstring(t._repr_html_())
    facts = root.findtext("small")
    assert facts is not None and "prefers-color-scheme" in (root.findtext("style") or "")
    return root.findtext("pre") or "", facts.split(" · ")


def test_a_leaf_and_what_is_made_of_it() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    values, facts = shown(x)
    assert values == repr(x)
    place = f"{x.backend}, device {x.device}"
    assert facts == ["shape (2, 2)", str(x.dtype), place, "variable", "no gradient", "leaf"]
    y = mg.sin(x)
    assert shown(y)[1][3:] == ["variable", "no gradient", "made by sin"]
    y.sum().backward()
    assert shown(x)[1][4] == "has a gradient"


@pytest.mark.skip_on("dpnp", "x[i] is a view there")
def test_views_writes_and_constants() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    assert shown(x[1:])[1][-1] == "view"
    y = +x
    assert shown(y[1:])[1][-1] == "made by positive, a view of its result"
    y[0] = x[1]
    assert shown(y)[1][-1] == "made by an in-place write"
    assert shown(mg.tensor([1, 2]))[1][3:] == ["constant"]
    assert shown(mg.tensor(1.0, constant=True) * 2.0)[1][3:] == ["constant", "made by multiply"]
    batch = mg.tensor(np.ones((2, 3)))
    normed = mg.nnet.layers.batchnorm(batch, eps=1e-5)
    assert "made by " in shown(normed)[1][-1]


def test_a_result_that_is_gone_is_shown_as_text() -> None:
    x = mg.tensor([1.0, 2.0])
    (gone,) = mg.sum(x + 1.0).creator.variables
    assert "freed" in repr(gone) and gone._repr_html_() is None


class Odd(Operation):
    def __call__(self, x: Any) -> Any:
        self.variables = (x,)
        return x.data + 0.0

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        return grad


def test_names_of_users_operations_are_text_and_no_markup() -> None:
    Odd.__name__ = "Odd<script>"
    t = mg.execute_op(Odd, mg.tensor([1.0]))
    assert shown(t)[1][-1] == "made by Odd<script>"
    assert "<script>" not in t._repr_html_()


def test_it_is_short_and_changes_nothing() -> None:
    x = mg.tensor(np.arange(1e6).reshape(1000, 1000))
    f = mg.sum(x * x)
    assert len(x._repr_html_()) < 3000
    shown(f)
    f.backward()
    assert x.grad is not None and shown(x)[1][4] == "has a gradient"
    writeable = np.arange(3.0)
    t = mg.tensor(writeable, copy=False, backend="numpy")
    shown(t)
    writeable[0] = 7.0  # nothing was locked to show it
    assert "7." in shown(t)[0]
