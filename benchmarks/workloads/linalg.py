"""Linear algebra: equations, determinants and Cholesky's factors of a covariance matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import Arrays, Step, Workload

SIZE = 300


def arrays() -> Arrays:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((SIZE, SIZE))
    return {
        "a": a @ a.T / SIZE + np.eye(SIZE),
        "b": rng.standard_normal(SIZE),
        "weights": rng.standard_normal((SIZE, SIZE)) / SIZE,
    }


def program(xp: Any, half: Any, b: Any, weights: Any) -> Any:
    """A quadratic form, a log-determinant, and a function of the Cholesky factor.

    Libraries differ in the gradient by elements that stand for one another; it is asked for by
    what a symmetric matrix is made of.
    """
    a = (half + half.T) / 2
    _, logarithm = xp.linalg.slogdet(a)
    form = xp.sum(b * xp.linalg.solve(a, b))
    return form + logarithm + xp.sum(weights * xp.linalg.cholesky(a))


def with_numpy(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> Step:
    """The derivatives as one would write them down, with nothing but NumPy."""
    half = a

    def step() -> tuple[Any, ...]:
        a = (half + half.T) / 2
        x = np.linalg.solve(a, b)
        factor = np.linalg.cholesky(a)
        value = b @ x + np.linalg.slogdet(a)[1] + (weights * factor).sum()

        by_b = np.linalg.solve(a.T, b)
        grad_b = x + by_b
        grad_a = np.linalg.inv(a).T - np.outer(by_b, x)
        inverse = np.linalg.inv(factor)
        inner = np.tril(factor.T @ weights)
        inner[np.diag_indices(SIZE)] /= 2
        grad_a += inverse.T @ inner @ inverse
        return value, (grad_a + grad_a.T) / 2, grad_b

    return step


def with_mygrad(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> Step:
    import mygrad as mg

    ta, tb = mg.tensor(a), mg.tensor(b)
    weights = mg.tensor(weights).data  # on the device

    def step() -> tuple[Any, ...]:
        value = program(mg, ta, tb, weights)
        value.backward()
        return value, ta.grad, tb.grad

    return step


def with_torch(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> Step:
    import torch

    ta, tb = (torch.tensor(array, requires_grad=True) for array in (a, b))
    tw = torch.tensor(weights)

    def step() -> tuple[Any, ...]:
        ta.grad = tb.grad = None
        value = program(torch, ta, tb, tw)
        value.backward()
        return value, ta.grad, tb.grad

    return step


def with_jax(jit: Any, a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    ja, jb, jw = (jnp.asarray(array) for array in (a, b, weights))
    both = jit(jax.value_and_grad(lambda a, b, w: program(jnp, a, b, w), argnums=(0, 1)))

    def step() -> tuple[Any, ...]:
        value, grads = both(ja, jb, jw)
        return value, *grads

    return step


def with_autograd(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> Step:
    import autograd
    import autograd.numpy as anp

    both = autograd.value_and_grad(lambda leaves: program(anp, *leaves, weights))

    def step() -> tuple[Any, ...]:
        value, grads = both((a, b))
        return value, *grads

    return step


WORKLOADS = (
    Workload(
        name="linalg",
        what="solve, slogdet and cholesky of a 300 x 300 matrix, forward and backward",
        arrays=arrays,
        outputs=("value", "a", "b"),
        programs={
            "mygrad": with_mygrad,
            "mygrad2": "has no linear algebra but einsum, matmul and norm",
            "torch": with_torch,
            "jax": with_jax,
            "jax-jit": with_jax,
            "autograd": with_autograd,
            "numpy": with_numpy,
        },
    ),
)
