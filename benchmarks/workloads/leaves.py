"""Very many leaves, each used once."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np

from benchmarks.workloads import Arrays, Step, Workload

COUNT = 10_000


def arrays() -> Arrays:
    return {"rows": np.random.default_rng(0).standard_normal((COUNT, 4))}


def with_numpy(rows: np.ndarray) -> Step:
    leaves = list(rows)

    def step() -> tuple[Any, ...]:
        total = reduce(add, leaves)
        grad = 2 * total
        return (total * total).sum(), [grad.copy() for _ in leaves]

    return step


def with_mygrad(rows: np.ndarray) -> Step:
    import mygrad as mg

    leaves = [mg.tensor(row) for row in rows]

    def step() -> tuple[Any, ...]:
        total = reduce(add, leaves)
        y = (total * total).sum()
        y.backward()
        return y, [leaf.grad for leaf in leaves]

    return step


def with_torch(rows: np.ndarray) -> Step:
    import torch

    leaves = [torch.tensor(row, requires_grad=True) for row in rows]

    def step() -> tuple[Any, ...]:
        for leaf in leaves:
            leaf.grad = None
        total = reduce(add, leaves)
        y = (total * total).sum()
        y.backward()
        return y, [leaf.grad for leaf in leaves]

    return step


def with_jax(jit: Any, rows: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    leaves = [jnp.asarray(row) for row in rows]

    def value(leaves: list[Any]) -> Any:
        total = reduce(add, leaves)
        return (total * total).sum()

    both = jit(jax.value_and_grad(value))
    return lambda: both(leaves)


WORKLOADS = (
    Workload(
        name="leaves10000",
        what="the sum of 10,000 leaves of 4 elements, squared, forward and backward",
        arrays=arrays,
        outputs=("value", "rows"),
        programs={
            "mygrad": with_mygrad,
            "mygrad2": with_mygrad,
            "torch": with_torch,
            "jax": with_jax,
            "jax-jit": "compiling for 10,000 arguments takes minutes",
            "autograd": "its cost is quadratic in the number of arguments",
            "numpy": with_numpy,
        },
    ),
)
