"""Dtypes of results are those that NumPy gives, where integers and floats meet, too."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") != "numpy",
    reason="looks at NumPy's arrays; test_compiled_on_cupy.py does at CuPy's",
)


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "floor_divide": lambda a, b: a // b,
    "less": lambda a, b: a < b,
    "where": lambda a, b: mg.where(a > 1, a, b),
    "concatenate": lambda a, b: mg.concatenate([a, b]),
    "matmul": lambda a, b: a @ b,
    "in place": lambda a, b: (1.5 * a).__iadd__(b),
    "sqrt": lambda a, b: mg.sqrt(a),
    "a scalar": lambda a, b: b * np.int64(2) + np.float32(1) * a,
    "a number": lambda a, b: a / 3 + 2.0 * b,
    "reductions": lambda a, b: a.mean() + b.sum(),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_integers_and_floats(name: str) -> None:
    function = OPERATIONS[name]
    large = 2**24 + 1  # which float32 has not
    for one, other in (("int64", "float32"), ("int32", "float32"), ("float32", "int64"),
                       ("int16", "float32"), ("uint8", "float64")):  # fmt: skip
        a = mg.tensor(np.array([large % 251 if one[-2:] == "t8" else large % 32003
                                if one == "int16" else large, 2], one))  # fmt: skip
        b = np.array([3, 4], other)
        wanted, found = function(a, b), mg.compile(function)(a, b)
        assert found.dtype == wanted.dtype, (one, other)
        np.testing.assert_allclose(found.data, wanted.data, rtol=1e-6 if other == one else 1e-7)


def test_gradients() -> None:
    for compiled in (lambda f: f, mg.compile):
        w = mg.tensor(np.array([1.0, 2.0], "float32"))
        n = np.array([3, 4])

        @compiled
        def step(w: Any = w, n: Any = n) -> Any:
            loss = (w * n).sum()
            loss.backward()
            return loss

        loss = step()
        assert loss.dtype == np.float64 and w.grad.dtype == np.float32
        assert w.grad.tolist() == [3.0, 4.0]
