"""Long sequences of small operations: what one operation costs, and whether depth is safe."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.workloads import Arrays, Step, Workload


def arrays() -> Arrays:
    return {"x": np.array([0.5, -1.0, 2.0, 3.0])}


def chain(x: Any, factor: float, length: int) -> Any:
    """`length` operations, one after the other."""
    for _ in range(length // 2):
        x = x * factor + 0.1
    return x


def with_numpy(x: np.ndarray, factor: float, length: int) -> Step:
    def step() -> tuple[Any, ...]:
        y = chain(x, factor, length).sum()
        grad = np.ones_like(x)
        for _ in range(length // 2):
            grad = grad * factor
        return y, grad

    return step


def with_mygrad(x: np.ndarray, factor: float, length: int) -> Step:
    import mygrad as mg

    t = mg.tensor(x)

    def step() -> tuple[Any, ...]:
        y = chain(t, factor, length).sum()
        y.backward()
        return y, t.grad

    return step


def with_torch(x: np.ndarray, factor: float, length: int) -> Step:
    import torch

    t = torch.tensor(x, requires_grad=True)

    def step() -> tuple[Any, ...]:
        t.grad = None
        y = chain(t, factor, length).sum()
        y.backward()
        return y, t.grad

    return step


def with_jax(jit: Any, x: np.ndarray, factor: float, length: int) -> Step:
    import jax
    import jax.numpy as jnp

    t = jnp.asarray(x)
    both = jit(jax.value_and_grad(lambda t: chain(t, factor, length).sum()))
    return lambda: both(t)


def with_jax_loop(jit: Any, x: np.ndarray, factor: float, length: int) -> Step:
    """A loop of XLA's: compiling thousands of operations written out takes minutes."""
    import jax
    import jax.numpy as jnp

    t = jnp.asarray(x)

    def value(t: Any) -> Any:
        return jax.lax.fori_loop(0, length // 2, lambda _, y: y * factor + 0.1, t).sum()

    both = jit(jax.value_and_grad(value))
    return lambda: both(t)


def with_autograd(x: np.ndarray, factor: float, length: int) -> Step:
    import autograd
    import autograd.numpy as anp

    both = autograd.value_and_grad(lambda t: anp.sum(chain(t, factor, length)))
    return lambda: both(x)


# --- without gradients ---------------------------------------------------------------------


def values_with_numpy(x: np.ndarray, factor: float, length: int) -> Step:
    return lambda: (chain(x, factor, length),)


def values_with_mygrad(x: np.ndarray, factor: float, length: int) -> Step:
    import mygrad as mg

    t = mg.tensor(x)

    def step() -> tuple[Any, ...]:
        with mg.no_autodiff:
            return (chain(t, factor, length),)

    return step


def values_with_torch(x: np.ndarray, factor: float, length: int) -> Step:
    import torch

    t = torch.tensor(x, requires_grad=True)

    def step() -> tuple[Any, ...]:
        with torch.no_grad():
            return (chain(t, factor, length),)

    return step


def values_with_jax(jit: Any, x: np.ndarray, factor: float, length: int) -> Step:
    import jax.numpy as jnp

    t = jnp.asarray(x)
    values = jit(lambda t: chain(t, factor, length))
    return lambda: (values(t),)


def values_with_autograd(x: np.ndarray, factor: float, length: int) -> Step:
    import autograd.numpy as anp

    t = anp.array(x)
    return lambda: (chain(t, factor, length),)


def _with(programs: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    return {
        peer: p if isinstance(p, str) else partial(p, **parameters) for peer, p in programs.items()
    }


_PROGRAMS = {
    "mygrad": with_mygrad,
    "mygrad2": with_mygrad,
    "torch": with_torch,
    "jax": with_jax,
    "jax-jit": with_jax,
    "autograd": with_autograd,
    "numpy": with_numpy,
}
_VALUES = {
    "mygrad": values_with_mygrad,
    "mygrad2": values_with_mygrad,
    "torch": values_with_torch,
    "jax": values_with_jax,
    "jax-jit": values_with_jax,
    "autograd": values_with_autograd,
    "numpy": values_with_numpy,
}

WORKLOADS = (
    Workload(
        name="chain200",
        what="200 elementwise operations in sequence on 4 elements, forward and backward",
        arrays=arrays,
        outputs=("value", "x"),
        programs=_with(_PROGRAMS, factor=1.01, length=200),
    ),
    Workload(
        name="chain200_no_autodiff",
        what="the same under no_autodiff, forward only",
        arrays=arrays,
        outputs=("value",),
        programs=_with(_VALUES, factor=1.01, length=200),
    ),
    Workload(
        name="deep20000",
        what="20,000 elementwise operations in sequence on 4 elements, forward and backward "
        "(JAX jit: a fori_loop)",
        arrays=arrays,
        outputs=("value", "x"),
        programs=_with(_PROGRAMS | {"jax-jit": with_jax_loop}, factor=1.0001, length=20_000),
    ),
)
