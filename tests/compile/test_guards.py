"""What calls ask first: the same answers from lists of questions and from one expression."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")
mg.compile(lambda: None)  # what is behind it is imported then
guards: Any = sys.modules["mygrad.compile.guards"]

pytestmark = pytest.mark.numpy_only("computes on NumPy's arrays")


class Holder:
    """An object with attributes of any names."""


def _questions() -> tuple[Any, list[Any], list[Any], list[tuple[Any, int]]]:
    """Guards of a few places, and what is needed to change them."""
    holder: Any = Holder()
    names = ["weight", "class", "a b", "__private", "\ufb01"]  # a ligature: Python reads fi
    for name in names:
        setattr(holder, name, object())
    mapping: dict[Any, Any] = {"a": object(), (1, "{b}"): object(), 7: object()}
    sequence = [object(), object()]
    inside = object()

    def function() -> Any:
        return inside

    (cell,) = function.__closure__ or ()
    tensors = [mg.tensor([1.0]), mg.tensor([2.0])]
    questions = [guards.attribute(holder, name) for name in names]
    questions += [guards.item(mapping, key) for key in mapping]
    questions += [guards.item(sequence, k) for k in range(2)]
    questions += [guards.contents(cell, "cell")]
    questions += [guards.of_tensor(tensors, k, "_data") for k in range(2)]
    there = [look(owner, key) for look, owner, key, _ in questions]
    sized = [(mapping, 3), (sequence, 2)]

    def put(k: int, value: Any) -> None:
        _, owner, key, _ = questions[k]
        if owner is holder:
            setattr(holder, key, value)
        elif owner is cell:
            cell.cell_contents = value
        elif owner is tensors:
            tensors[key] = mg.tensor(value)
        else:
            owner[key] = value

    found = guards.Guards(questions, there, sized)
    return found, [put, mapping, sequence, holder, tensors], there, sized


@pytest.mark.parametrize("calls", [0, 2 * guards._OFTEN])
@pytest.mark.parametrize("k", range(13))
def test_what_changes_is_seen(calls: int, k: int) -> None:
    found, (put, *_), there, _ = _questions()
    assert all(found.hold() for _ in range(calls + 1))
    put(k, 3.0)
    assert not found.hold()
    question = found._questions[k]
    there[k] = question.look(question.owner, question.key)
    assert found.hold()


@pytest.mark.parametrize("calls", [0, 2 * guards._OFTEN])
def test_what_is_gone_or_new_is_seen(calls: int) -> None:
    for change in ("grows", "shrinks", "is deleted", "has no tensor"):
        found, (_, mapping, sequence, holder, tensors), _, _ = _questions()
        assert all(found.hold() for _ in range(calls + 1))
        if change == "grows":
            mapping["new"] = 1
        elif change == "shrinks":
            sequence.pop()
        elif change == "is deleted":
            del holder.weight
        else:
            tensors.pop()
        assert not found.hold(), change


def test_many_places() -> None:
    """An expression is as long as it needs to be."""
    holders: list[Any] = [Holder() for _ in range(3000)]
    for holder in holders:
        holder.value = object()
    found = guards.Guards(
        [guards.attribute(h, "value") for h in holders], [h.value for h in holders], []
    )
    assert all(found.hold() for _ in range(2 * guards._OFTEN))
    random.Random(0).choice(holders).value = None
    assert not found.hold()


def test_nothing_is_asked() -> None:
    found = guards.Guards([], [], [])
    assert all(found.hold() for _ in range(2 * guards._OFTEN))


def test_calls_of_many_kinds_after_many_calls() -> None:
    """Programs are found again, and changes seen, when the questions are one expression."""
    model: Any = Holder()
    model.weight, model.rate, model.log = mg.tensor([1.0, 2.0]), 0.5, []

    @mg.compile
    def step(x: Any) -> Any:
        y = (model.weight * x).sum()
        return y * model.rate

    for _ in range(2 * guards._OFTEN):
        assert step(mg.tensor([1.0, 1.0])).item() == 1.5
    model.weight = mg.tensor([2.0, 2.0])
    assert step(mg.tensor([1.0, 1.0])).item() == 2.0
    model.rate = 2.0
    assert step(mg.tensor([1.0, 1.0])).item() == 8.0
    model.weight.data[...] = 1.0
    assert step(mg.tensor([1.0, 1.0])).item() == 4.0
    assert step.cache_info().currsize <= 3
