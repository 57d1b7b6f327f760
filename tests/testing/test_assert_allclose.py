"""`assert_allclose` on tensors and arrays of any library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import raw

import mygrad as mg
from mygrad.testing import assert_allclose


def test_what_agrees() -> None:
    x = mg.tensor([1.0, 2.0])
    (x * x).backward()
    assert_allclose(x.grad, [2.0, 4.0])
    assert_allclose(x, raw([1.0, 2.0]), check_dtype=True)
    assert_allclose([mg.tensor(1.0), 2.0], x)
    assert_allclose(mg.tensor(np.nan), np.nan)
    assert_allclose(mg.tensor(1.0), 1.0 + 1e-9)
    assert_allclose(mg.tensor([]), [])


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((np.ones((2, 1)), np.ones(2)), {}, r"actual has shape \(2, 1\), desired \(2,\)"),
        ((np.ones(2), 1.0), {}, r"actual has shape \(2,\), desired \(\)"),
        ((None, [1.0]), {}, "actual is None.*constant"),
        ((np.ones(2), np.ones(2, "f4")), {"check_dtype": True}, "float64, desired of float32"),
        ((np.ones(2), [1.0, 2.0]), {"err_msg": "the bias"}, "(?s)the bias.*1 / 2"),
        ((np.nan, np.nan), {"equal_nan": False}, "nan"),
        ((1.0, 1.1), {"rtol": 0.01, "atol": 0.01}, "Max absolute difference"),
    ],
)  # fmt: skip
def test_what_does_not(arguments: Any, options: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_allclose(*arguments, **options)
    tensors = [a if a is None else mg.tensor(a) for a in arguments]
    with pytest.raises(AssertionError, match=words):
        assert_allclose(*tensors, **options)
