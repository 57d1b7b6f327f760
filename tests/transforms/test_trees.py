"""Nested containers: what comes out is what went in, and errors say where two differ."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import given

from mygrad.transforms.trees import LEAF, flatten, map_leaves

pytestmark = pytest.mark.numpy_only("has nothing to do with the backend")


class Layer(NamedTuple):
    weights: Any
    bias: Any


class Words(list):
    pass


trees = st.recursive(
    st.none() | st.integers(),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.tuples(parts, parts)
        | st.dictionaries(st.text(max_size=2), parts, max_size=3)
        | st.builds(Layer, parts, parts)
    ),
    max_leaves=8,
)


@given(trees)
def test_what_was_taken_apart_is_put_together(tree: Any) -> None:
    leaves, structure = flatten(tree)
    again = structure.filled(leaves)
    assert again == tree
    assert type(again) is type(tree)
    assert structure == flatten(again)[1]
    assert structure.leaves_of(tree, "a", "b") == leaves


@given(trees)
def test_paths_lead_to_the_leaves(tree: Any) -> None:
    leaves, structure = flatten(tree)
    assert structure.count == len(leaves)
    assert [eval(path, {"tree": tree}) for path in structure.paths("tree")] == leaves


@pytest.mark.parametrize(
    "tree",
    [
        OrderedDict(b=1, a=[2]),
        defaultdict(list, x=[1, 2]),
        Words([1, (2, 3)]),
        Layer(1, Layer(2, None)),
        (),
        [[], {}, ()],
    ],
)
def test_containers_keep_their_class(tree: Any) -> None:
    leaves, structure = flatten(tree)
    again = structure.filled(leaves)
    assert again == tree
    assert type(again) is type(tree)
    assert getattr(again, "default_factory", None) is getattr(tree, "default_factory", None)


def test_leaves_are_all_that_is_no_container() -> None:
    for leaf in (1.0, "text", {1, 2}, range(3), object()):
        assert flatten(leaf) == ([leaf], LEAF)
    assert flatten(None)[0] == []


def test_mapping_keeps_the_order_of_the_first() -> None:
    mapped = map_leaves(lambda a, b: a - b, {"x": 3, "y": (4, None)}, {"y": (1, None), "x": 2})
    assert mapped == {"x": 1, "y": (3, None)}
    assert list(mapped) == ["x", "y"]


@pytest.mark.parametrize(
    ("first", "second", "error", "says"),
    [
        ({"a": [1, 2]}, {"a": [1]}, ValueError, r"g\['a'\] .* p\['a'\]: it has 1 items, and not 2"),
        ({"a": 1, "b": 2}, {"a": 1}, ValueError, "g has no 'b'"),
        ({"a": 1}, {"a": 1, "c": 2}, ValueError, "p has no 'c'"),
        ({"a": 1}, {"c": 2}, ValueError, "g has no 'a', and p has no 'c'"),
        ([1, [2]], [1, (2,)], TypeError, r"g\[1\] .* p\[1\]: it is tuple, and not list"),
        ([1, [2]], [1, 2], TypeError, r"p\[1\]: it is int, and not list"),
        ([1, None], [1, 2], TypeError, r"p\[1\]: it is int, and not None"),
        (Layer([1], 2), Layer(None, 2), TypeError, "g.weights .*: it is None, and not list"),
    ],
)
def test_errors_say_where(first: Any, second: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        flatten(first)[1].leaves_of(second, "g", "p")


def test_a_wrong_number_of_leaves() -> None:
    with pytest.raises(ValueError, match="a structure of 2 leaves cannot be filled with 3"):
        flatten([1, 2])[1].filled([1, 2, 3])
