"""check_grads forwards and over examples: what is right passes, and what is wrong is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from against_numpy import needs_solver

import mygrad as mg
from mygrad.nnet.layers import conv_nd
from mygrad.testing import check_grads

A = np.array([0.5, -1.0, 2.0])
B = np.array([[1.0, 2.0, 3.0], [0.5, -0.5, 1.5]])
MODES = ("vjp", "jvp", "vmap")


def in_place(x: Any, p: Any) -> Any:
    y = x * 1.0
    y[1:] *= p["b"][0, :2]
    x *= 2.0
    y += x[::-1]
    return {"y": y**2, "sum": mg.sum(p["b"] * y)}


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x, y: mg.sin(x) * y, (A, B)),
        (in_place, (A, {"b": B})),
        pytest.param(
            lambda x: mg.linalg.inv(mg.matmul(x, x.T) + np.eye(2)), (B,), marks=needs_solver
        ),
        (lambda x, w: conv_nd(mg.reshape(x, (1, 1, 6)), w, stride=1), (B, A.reshape(1, 1, 3))),
        (lambda z: mg.absolute(z) ** 2 * mg.exp(z), (A + 0.5j * A[::-1],)),
        (lambda x, n: (mg.cumsum(x) ** n, 3), (A, 3)),
    ],
)
def test_what_is_right_passes(f: Any, args: Any) -> None:
    check_grads(f, *args, order=2, modes=MODES)


def test_single_precision() -> None:
    check_grads(lambda x: mg.exp(x) * x, A.astype("float32"), modes=MODES)


@mg.custom_vjp
def wrong(x: Any) -> Any:
    return x**2


wrong.defvjp(lambda x: (x**2, x), lambda x, g: (3.0 * g * x,))


def test_what_is_wrong_is_found() -> None:
    with pytest.raises(AssertionError, match=r"tangent of .* is not what differences say") as found:
        check_grads(wrong, A, modes="jvp")
    assert "1.5 times what is expected" in str(found.value)


def test_a_function_that_is_another_one_in_a_batch() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x * float(len(calls))

    with pytest.raises(AssertionError, match="that of a loop over examples"):
        check_grads(f, A, modes="vmap")
