"""One batched sweep gives what a sweep for each row gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.transforms.batching.sweep import batched_pull

RNG = np.random.default_rng(0)
MATRIX = RNG.standard_normal((200, 200)) / 14


def host(array: Any) -> Any:
    return mg.get_adapter(
        array.backend if isinstance(array, mg.Tensor) else backend_of(array)
    ).to_host(array.data if isinstance(array, mg.Tensor) else array)


def backend_of(array: Any) -> str:
    return mg.tensor(array, constant=True).backend


def rows(count: int) -> Any:
    return mg.tensor(np.eye(count), constant=True).data


def by_loop(function: Callable[[Any], Any], x: Any, count: int) -> Any:
    found = []
    for k in range(count):
        function(x)[k].backward()
        found.append(host(x.grad))
    return np.array(found)


@pytest.mark.skip_on("jax", "compiles for each of 200 rows of the loop; the programs below run")
def test_jacobian_of_200_by_200() -> None:
    def function(x: Any) -> Any:
        return mg.tanh(mg.matmul(MATRIX, x)) * x + mg.sum(x**2)

    x = mg.tensor(RNG.standard_normal(200))
    (found,) = batched_pull(function(x), rows(200), [x])
    np.testing.assert_allclose(host(found), by_loop(function, x, 200), rtol=1e-12, atol=1e-12)
    assert x.grad is not None, "the sweep clears no graph and assigns no gradient"


def in_place(x: Any) -> Any:
    y = x * 1.0
    y[1:] += y[:-1] * x[::-1][1:]
    y[[3, 2, 5, 3]] = x[:4] ** 2
    y[y > 1.0] *= 0.5
    part = mg.reshape(y, (4, 3))[:, 1]
    part *= x[:4]
    return y


def transposed(x: Any) -> Any:
    columns = mg.transpose(mg.reshape(x**2, (3, 4))) * 1.0
    copied = columns.copy(order="F")
    copied[1:, 0] += copied[:-1, 2]
    copied[2] = x[:3]
    return mg.reshape(copied[:, ::2] * 2.0, (8,)) + mg.sum(copied)


def folded(x: Any) -> Any:
    spread = mg.broadcast_to(x, (3, 12))
    return mg.sum(spread[:, 2:] * mg.reshape(x, (12,))[:10], axis=0) + x[[0, 0, 1]][2]


def layers(x: Any) -> Any:
    image = mg.reshape(x, (1, 1, 3, 4))
    filters = mg.tensor([[[[1.0, -2.0], [0.5, 3.0]]]])
    return mg.reshape(max_pool(conv_nd(image, filters, stride=1), (2, 1), 1), (3,)) * mg.max(x)


def matrices(x: Any) -> Any:
    a = mg.reshape(x[:9], (3, 3)) + mg.eye(3, dtype=float) * 5.0
    return mg.linalg.solve(a, x[9:]) * mg.linalg.det(a) + mg.einsum("ij,j->i", a, x[:3])


STANDARD = "has no index of arrays beside slices, which the batch needs"
SOLVER = "the pretended device has no cuSOLVER"
PROGRAMS = [
    pytest.param(in_place, marks=pytest.mark.skip_on("array-api-strict", STANDARD)),
    transposed,
    pytest.param(folded, marks=pytest.mark.skip_on("array-api-strict", STANDARD)),
    pytest.param(matrices, marks=pytest.mark.skip_on("cupy", SOLVER)),
]


@pytest.mark.parametrize("function", [*PROGRAMS, layers])
def test_jacobians_of_programs(function: Any) -> None:
    x = mg.tensor(RNG.uniform(0.5, 1.5, 12))
    y = function(x)
    (found,) = batched_pull(y, rows(y.shape[0]), [x])
    expected = by_loop(function, x, y.shape[0])
    np.testing.assert_allclose(host(found), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("function", PROGRAMS)
def test_recorded_sweeps(function: Any) -> None:
    values = RNG.uniform(0.5, 1.5, 12)
    x = mg.tensor(values)
    y = function(x)
    (found,) = batched_pull(y, rows(y.shape[0]), [x], create_graph=True)
    mg.sum(found**2).backward()
    ours = host(x.grad)
    direction = RNG.standard_normal(12)

    def squares(at: Any) -> float:
        x = mg.tensor(at)
        y = function(x)
        (found,) = batched_pull(y, rows(y.shape[0]), [x])
        return float(np.sum(host(found) ** 2))

    step = 1e-6 * direction
    slope = (squares(values + step) - squares(values - step)) / 2e-6
    np.testing.assert_allclose(ours @ direction, slope, rtol=1e-6)


def test_leaves_that_no_derivative_reaches() -> None:
    x, w = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    assert batched_pull(x * 2.0, rows(2), [w]) == [None]
