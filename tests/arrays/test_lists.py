"""Lists become arrays: of numbers at once, and with anything else in them after a look at it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.arrays.portable import numbers_alone
from mygrad.errors import GradientDetached

NUMBERS: list[Any] = [
    [], [[], []], [1.0], (1, 2.5, True, 1j), [[1, 2], (3.0, 4)], [[[1.0]], [[2.0]]], [[1], [2, 3]]
]
OTHERS: list[Any] = [
    [np.float64(1)], [1.0, np.ones(())], [[1.0, 2.0], [3.0, np.int8(4)]], ["1"], [1.0, [2.0]],
    [Fraction(1, 2)], [None], [{}], [[1.0], np.ones(1)], [[[1.0]], [[mg.tensor(1.0)]]],
]  # fmt: skip


def inside_itself() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


def test_numbers_alone() -> None:
    assert [items for items in NUMBERS if not numbers_alone(items)] == []
    assert [items for items in [*OTHERS, inside_itself()] if numbers_alone(items)] == []


@pytest.mark.numpy_only("asks what NumPy makes of lists")
@pytest.mark.parametrize("items", [*NUMBERS[:-1], [np.float32(1), 2.5], [Fraction(1, 2).numerator]])
def test_lists_are_what_numpy_makes_of_them(items: Any) -> None:
    for found in (mg.tensor(items), mg.tensor(0, dtype=np.int8) + items):
        np.testing.assert_array_equal(found.data, np.asarray(items), strict=True)


@pytest.mark.numpy_only("asks what NumPy makes of lists")
@pytest.mark.parametrize("items", [["1"], [1.0, [2.0]], [None], [{}], inside_itself()])
def test_lists_of_no_numbers(items: Any) -> None:
    for use in (mg.tensor, lambda items: mg.tensor(1.0) + items):
        with pytest.raises((TypeError, ValueError, RecursionError)):
            use(items)


@pytest.mark.parametrize("place", [0, 1, -1])
def test_no_array_of_another_library_is_moved_wherever_it_stands(place: int) -> None:
    other = mg.get_adapter("array-api-strict").asarray(2.0)
    items: list[Any] = [1.0, 2.0, 3.0]
    items[place] = other
    x = mg.tensor([1.0, 2.0, 3.0], backend="numpy")
    for listed in (items, [[1.0, 2.0, 3.0], items], [[[*items], (1.0, 2.0, 3.0)]]):
        for use in (lambda a: mg.tensor(a, backend="numpy"), lambda a: x * a):
            with pytest.raises(TypeError, match="arrays of array-api-strict in it"):
                use(listed)


@pytest.mark.numpy_only("asks what is warned of, not where")
def test_tensors_among_numbers() -> None:
    x = mg.tensor(2.0)
    with pytest.warns(GradientDetached, match="values out of a list"):
        assert mg.tensor([[1.0, 2.0], [3.0, x]]).tolist() == [[1.0, 2.0], [3.0, 2.0]]
