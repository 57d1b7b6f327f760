"""An array filled row by row, each row from the one before: in-place writes and views.

The row that is read is an operand of the product with `w`, so its value is needed in the
backward pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import Arrays, Step, Workload

ROWS, WIDTH = 1000, 200


def arrays() -> Arrays:
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal(WIDTH), "w": rng.uniform(0.5, 0.95, WIDTH)}


def with_numpy(x: np.ndarray, w: np.ndarray) -> Step:
    def step() -> tuple[Any, ...]:
        out = np.zeros((ROWS, WIDTH))
        out[0] = x
        for i in range(1, ROWS):
            out[i] = out[i - 1] * w + x
        grad = 2 * out
        grad_w = np.zeros_like(w)
        for i in range(ROWS - 1, 0, -1):
            grad_w += grad[i] * out[i - 1]
            grad[i - 1] += grad[i] * w
        return (out * out).sum(), grad.sum(axis=0), grad_w

    return step


def with_mygrad(x: np.ndarray, w: np.ndarray) -> Step:
    import mygrad as mg

    tx, tw = mg.tensor(x), mg.tensor(w)

    def step() -> tuple[Any, ...]:
        out = mg.zeros((ROWS, WIDTH), dtype=x.dtype)
        out[0] = tx
        for i in range(1, ROWS):
            out[i] = out[i - 1] * tw + tx
        y = (out * out).sum()
        y.backward()
        return y, tx.grad, tw.grad

    return step


def with_torch(x: np.ndarray, w: np.ndarray) -> Step:
    """The row is cloned: PyTorch refuses to differentiate if what it saved was written to."""
    import torch

    tx, tw = (torch.tensor(a, requires_grad=True) for a in (x, w))

    def step() -> tuple[Any, ...]:
        tx.grad = tw.grad = None
        out = torch.zeros((ROWS, WIDTH), dtype=tx.dtype)
        out[0] = tx
        for i in range(1, ROWS):
            out[i] = out[i - 1].clone() * tw + tx
        y = (out * out).sum()
        y.backward()
        return y, tx.grad, tw.grad

    return step


def with_jax(jit: Any, x: np.ndarray, w: np.ndarray) -> Step:
    """Arrays cannot be written to: rows in a list."""
    import jax
    import jax.numpy as jnp

    def value(x: Any, w: Any) -> Any:
        rows = [x]
        for _ in range(1, ROWS):
            rows.append(rows[-1] * w + x)
        out = jnp.stack(rows)
        return (out * out).sum()

    both = jax.value_and_grad(value, argnums=(0, 1))
    jx, jw = jnp.asarray(x), jnp.asarray(w)

    def step() -> tuple[Any, ...]:
        y, grads = both(jx, jw)
        return y, *grads

    return step


def with_jax_scan(jit: Any, x: np.ndarray, w: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    def value(x: Any, w: Any) -> Any:
        def row(last: Any, _: None) -> tuple[Any, Any]:
            new = last * w + x
            return new, new

        _, rows = jax.lax.scan(row, x, None, length=ROWS - 1)
        out = jnp.concatenate([x[None], rows])
        return (out * out).sum()

    both = jit(jax.value_and_grad(value, argnums=(0, 1)))
    jx, jw = jnp.asarray(x), jnp.asarray(w)

    def step() -> tuple[Any, ...]:
        y, grads = both(jx, jw)
        return y, *grads

    return step


def with_autograd(x: np.ndarray, w: np.ndarray) -> Step:
    """Arrays cannot be written to: rows in a list."""
    import autograd
    import autograd.numpy as anp

    def value(both: tuple[Any, Any]) -> Any:
        x, w = both
        rows = [x]
        for _ in range(1, ROWS):
            rows.append(rows[-1] * w + x)
        out = anp.stack(rows)
        return anp.sum(out * out)

    both = autograd.value_and_grad(value)

    def step() -> tuple[Any, ...]:
        y, grads = both((x, w))
        return y, *grads

    return step


WORKLOADS = (
    Workload(
        name="rowfill",
        what="a (1000, 200) array filled in place, row i from row i-1, forward and backward "
        "(JAX and autograd, without in-place writes: a list of rows; JAX jit: a scan)",
        arrays=arrays,
        outputs=("value", "x", "w"),
        programs={
            "mygrad": with_mygrad,
            "mygrad2": with_mygrad,
            "torch": with_torch,
            "jax": with_jax,
            "jax-jit": with_jax_scan,
            "autograd": with_autograd,
            "numpy": with_numpy,
        },
    ),
)
