"""Forward and backward of ``(x*x + x).sum()`` on four elements: what a library costs by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import Arrays, Step, Workload


def arrays() -> Arrays:
    return {"x": np.array([0.5, -1.0, 2.0, 3.0])}


def with_numpy(x: np.ndarray) -> Step:
    def step() -> tuple[Any, ...]:
        return (x * x + x).sum(), 2 * x + 1

    return step


def with_mygrad(x: np.ndarray) -> Step:
    import mygrad as mg

    t = mg.tensor(x)

    def step() -> tuple[Any, ...]:
        y = (t * t + t).sum()
        y.backward()
        return y, t.grad

    return step


def with_torch(x: np.ndarray) -> Step:
    import torch

    t = torch.tensor(x, requires_grad=True)

    def step() -> tuple[Any, ...]:
        t.grad = None
        y = (t * t + t).sum()
        y.backward()
        return y, t.grad

    return step


def with_jax(jit: Any, x: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    t = jnp.asarray(x)
    both = jit(jax.value_and_grad(lambda t: (t * t + t).sum()))
    return lambda: both(t)


def with_autograd(x: np.ndarray) -> Step:
    import autograd
    import autograd.numpy as anp

    both = autograd.value_and_grad(lambda t: anp.sum(t * t + t))
    return lambda: both(x)


WORKLOADS = (
    Workload(
        name="overhead",
        what="(x*x + x).sum() on 4 float64 elements, forward and backward",
        arrays=arrays,
        outputs=("value", "x"),
        programs={
            "mygrad": with_mygrad,
            "mygrad2": with_mygrad,
            "torch": with_torch,
            "jax": with_jax,
            "jax-jit": with_jax,
            "autograd": with_autograd,
            "numpy": with_numpy,
        },
    ),
)
