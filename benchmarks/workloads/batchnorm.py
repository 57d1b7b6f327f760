"""Batch normalisation of images, with a given gradient of the output."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import Arrays, Step, Workload

SHAPE = (64, 64, 32, 32)
EPS = 1e-5


def arrays() -> Arrays:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(SHAPE, dtype="f4") * 2 + 1
    gamma, beta = rng.standard_normal((2, SHAPE[1]), dtype="f4")
    return {"x": x, "gamma": gamma, "beta": beta, "g": rng.standard_normal(SHAPE, dtype="f4")}


def with_numpy(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, g: np.ndarray) -> Step:
    count = x.size // x.shape[1]

    def per_channel(a: np.ndarray) -> np.ndarray:
        return a.reshape(-1, 1, 1)

    def dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Sums of products over all axes but that of channels, without an array of products."""
        n, c = a.shape[:2]
        return (a.reshape(n, c, 1, -1) @ b.reshape(n, c, -1, 1)).sum(axis=(0, 2, 3))

    def step() -> tuple[Any, ...]:
        centred = x - per_channel(x.mean(axis=(0, 2, 3)))
        scale = 1 / np.sqrt(dots(centred, centred) / count + EPS)
        y = centred * per_channel(scale * gamma)
        y += per_channel(beta)

        grad_beta = g.sum(axis=(0, 2, 3))
        grad_gamma = dots(g, centred) * scale
        # (g - mean(g) - normed * mean(g * normed)) * gamma * scale, with fewer passes
        grad_x = centred * per_channel(-grad_gamma * scale / count)
        grad_x += g
        grad_x -= per_channel(grad_beta / count)
        grad_x *= per_channel(scale * gamma)
        return y, grad_x, grad_gamma, grad_beta

    return step


def with_mygrad(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, g: np.ndarray) -> Step:
    import mygrad as mg
    from mygrad.nnet.layers import batchnorm

    tx, tgamma, tbeta = (mg.tensor(a) for a in (x, gamma, beta))
    g = mg.tensor(g).data  # on the device

    def step() -> tuple[Any, ...]:
        y = batchnorm(tx, gamma=tgamma, beta=tbeta, eps=EPS)
        y.backward(g)
        return y, tx.grad, tgamma.grad, tbeta.grad

    return step


def with_torch(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, g: np.ndarray) -> Step:
    import torch
    from torch.nn.functional import batch_norm

    leaves = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    tx, tgamma, tbeta = leaves
    tg = torch.tensor(g)

    def step() -> tuple[Any, ...]:
        for leaf in leaves:
            leaf.grad = None
        y = batch_norm(tx, None, None, tgamma, tbeta, training=True, eps=EPS)
        y.backward(tg)
        return y, *(leaf.grad for leaf in leaves)

    return step


def _expression(xp: Any, x: Any, gamma: Any, beta: Any) -> Any:
    """For libraries without a layer."""
    mean = xp.mean(x, axis=(0, 2, 3), keepdims=True)
    var = xp.var(x, axis=(0, 2, 3), keepdims=True)
    return (x - mean) / xp.sqrt(var + EPS) * gamma[:, None, None] + beta[:, None, None]


def with_jax(jit: Any, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, g: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    jx, jgamma, jbeta, jg = (jnp.asarray(a) for a in (x, gamma, beta, g))

    def both(x: Any, gamma: Any, beta: Any, g: Any) -> tuple[Any, ...]:
        y, pullback = jax.vjp(lambda *a: _expression(jnp, *a), x, gamma, beta)
        return y, *pullback(g)

    compiled = jit(both)
    return lambda: compiled(jx, jgamma, jbeta, jg)


def with_autograd(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, g: np.ndarray) -> Step:
    import autograd
    import autograd.numpy as anp

    forward = autograd.make_vjp(lambda leaves: _expression(anp, *leaves))

    def step() -> tuple[Any, ...]:
        pullback, y = forward((x, gamma, beta))
        return y, *pullback(g)

    return step


WORKLOADS = (
    Workload(
        name="batchnorm",
        what="batchnorm of (64, 64, 32, 32) float32 with gamma and beta, forward and backward",
        arrays=arrays,
        outputs=("value", "x", "gamma", "beta"),
        programs={
            "mygrad": with_mygrad,
            "mygrad2": with_mygrad,
            "torch": with_torch,
            "jax": with_jax,
            "jax-jit": with_jax,
            "autograd": with_autograd,
            "numpy": with_numpy,
        },
        tolerance=1e-4,
    ),
)
