"""What compiled functions do otherwise than eagerly, and should not: each with its reason."""

from __future__ import annotations

import os

import numpy as np
import pytest

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") != "numpy",
    reason="mg.compile makes programs for NumPy's arrays",
)


@pytest.mark.parametrize(
    "order",
    [
        "C",
        pytest.param(
            "F",
            marks=pytest.mark.xfail(
                strict=True,
                reason="its memory is a flat array in the trace, of which the tensor is a view, "
                "and operations on views leave the gradient of their base as it is",
            ),
        ),
    ],
)
def test_operations_remove_old_gradients(order: str) -> None:
    w = mg.tensor(np.asarray([[1.0, 2.0], [3.0, 4.0]], order=order), copy=False)  # type: ignore[call-overload]
    w.grad = np.ones((2, 2))
    (w * 2).sum()
    assert w.grad is None
    w.grad = np.ones((2, 2))
    mg.compile(lambda: (w * 2).sum())()
    assert w.grad is None
