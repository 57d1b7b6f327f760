"""Random numbers come from the selected backend and device, and are the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases_linalg import without_solver
from gradcheck import host
from programs import BACKEND

import mygrad as mg
from mygrad.nnet import initializers
from mygrad.random import generator

MEAN, COVARIANCE = [1.0, -1.0], [[2.0, 0.5], [0.5, 1.0]]

DRAWS: dict[str, Callable[[], Any]] = {
    "rand": lambda: mg.random.rand(3, 4),
    "randn": lambda: mg.random.randn(3, 4),
    "random": lambda: mg.random.random((3, 4)),
    "random_sample": lambda: mg.random.random_sample((3, 4)),
    "ranf": lambda: mg.random.ranf((3, 4)),
    "sample": lambda: mg.random.sample((3, 4)),
    "randint": lambda: mg.random.randint(0, 1000, (3, 4)),
    "uniform": lambda: mg.random.uniform(-1.0, 2.0, (3, 4)),
    "normal": lambda: mg.random.normal(1.0, 2.0, (3, 4)),
    "standard_normal": lambda: mg.random.standard_normal((3, 4)),
    "multivariate_normal": lambda: mg.random.multivariate_normal(
        mg.tensor(MEAN), mg.tensor(COVARIANCE), 5
    ),
    "permutation": lambda: mg.random.permutation(mg.arange(20.0)),
    "uniform initializer": lambda: initializers.uniform(3, 4),
    "normal initializer": lambda: initializers.normal(3, 4),
    "glorot_uniform": lambda: initializers.glorot_uniform(3, 4),
    "glorot_normal": lambda: initializers.glorot_normal(3, 4),
    "he_uniform": lambda: initializers.he_uniform(3, 4),
    "he_normal": lambda: initializers.he_normal(3, 4),
}


def test_nothing_is_left_out() -> None:
    named = {name.removesuffix(" initializer") for name in DRAWS}
    assert set(mg.random.__all__) - {"generator", "seed"} <= named
    assert {name for name in initializers.__all__ if "normal" in name or "uniform" in name} <= named


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_seed_gives_the_same_numbers(name: str) -> None:
    if name == "multivariate_normal" and without_solver():
        pytest.skip("cuSOLVER is not installed")
    draw = DRAWS[name]

    def drawn(seed: int) -> list[Any]:
        mg.random.seed(seed)
        return [draw(), draw()]

    first, again, other = drawn(3), drawn(3), drawn(4)
    for t in first:
        assert t.backend == BACKEND
        assert t.device == mg.tensor(1.0).device
    assert [host(t).tolist() for t in first] == [host(t).tolist() for t in again]
    assert host(first[0]).tolist() != host(first[1]).tolist()
    assert host(first[0]).tolist() != host(other[0]).tolist()


def test_seeds_of_two_backends_do_not_meet() -> None:
    """What is drawn on one leaves the sequence of another as it is."""
    mg.random.seed(5)
    alone = host(mg.random.rand(4)).tolist()
    mg.random.seed(5)
    mg.random.random(7, backend="array-api-strict" if BACKEND == "numpy" else "numpy")
    assert host(mg.random.rand(4)).tolist() == alone


@pytest.mark.numpy_only("draws on a device of array-api-strict")
def test_a_device_that_is_named() -> None:
    adapter = mg.get_adapter("array-api-strict")
    device = adapter.parse_device("device1")
    mg.random.seed(1)
    t = mg.random.random(3, backend="array-api-strict", device=device)
    array = generator(adapter, device).random((3,))
    assert t.device == device
    assert adapter.device(array) == device
    mg.random.seed(1)
    wanted = [adapter.to_host(generator(adapter).random((3,))) for _ in range(2)]
    np.testing.assert_array_equal(host(t), wanted[0])
    np.testing.assert_array_equal(adapter.to_host(array), wanted[1])
