"""A training step of a small convolutional network, with plain gradient descent.

5x5 convolution, relu, 2x2 max-pooling, twice; then a dense layer and softmax cross-entropy. The
parameters are updated, so that the results of the second step depend on those of the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.workloads import Arrays, Step, Workload

BATCH, FIRST, SECOND, CLASSES = 32, 16, 32, 10
RATE = 0.01


def arrays() -> Arrays:
    rng = np.random.default_rng(0)

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        return rng.standard_normal(shape, dtype="f4") * np.float32(scale)

    return {
        "x": normal(BATCH, 1, 28, 28),
        "labels": rng.integers(0, CLASSES, BATCH),
        "w1": normal(FIRST, 1, 5, 5, scale=0.25),
        "b1": normal(FIRST, scale=0.1),
        "w2": normal(SECOND, FIRST, 5, 5, scale=0.06),
        "b2": normal(SECOND, scale=0.1),
        "w3": normal(SECOND * 16, CLASSES, scale=0.06),
        "b3": normal(CLASSES, scale=0.1),
    }


# --- NumPy ---------------------------------------------------------------------------------


def _columns(x: np.ndarray) -> np.ndarray:
    """All 5x5 windows: (N, C * 25, pixels)."""
    n, c, height, width = x.shape
    pixels = (height - 4, width - 4)
    windows = sliding_window_view(x, pixels, axis=(2, 3))
    return windows.reshape(n, c * 25, pixels[0] * pixels[1])


def _fold(columns: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Add windows back to where they were taken from."""
    n, c, height, width = shape
    windows = columns.reshape(n, c, 5, 5, height - 4, width - 4)
    out = np.zeros(shape, columns.dtype)
    for i in range(5):
        for j in range(5):
            out[:, :, i : i + height - 4, j : j + width - 4] += windows[:, :, i, j]
    return out


def _pool(x: np.ndarray) -> np.ndarray:
    rows = np.maximum(x[:, :, ::2], x[:, :, 1::2])
    return np.maximum(rows[..., ::2], rows[..., 1::2])


def _unpool(g: np.ndarray, x: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """Through pooling and relu. Ties are of zeros only, where relu has no gradient."""
    out = np.empty_like(x)
    for i in range(2):
        for j in range(2):
            part = x[:, :, i::2, j::2]
            out[:, :, i::2, j::2] = g * ((part == pooled) & (part > 0))
    return out


def with_numpy(x: np.ndarray, labels: np.ndarray, **start: np.ndarray) -> Step:
    parameters = [a.copy() for a in start.values()]
    w1, b1, w2, b2, w3, b3 = parameters
    everyone = np.arange(len(x))

    def step() -> tuple[Any, ...]:
        columns1 = _columns(x)
        h1 = (w1.reshape(FIRST, -1) @ columns1).reshape(BATCH, FIRST, 24, 24)
        h1 += b1[:, None, None]
        np.maximum(h1, 0, out=h1)
        p1 = _pool(h1)
        columns2 = _columns(p1)
        h2 = (w2.reshape(SECOND, -1) @ columns2).reshape(BATCH, SECOND, 8, 8)
        h2 += b2[:, None, None]
        np.maximum(h2, 0, out=h2)
        p2 = _pool(h2)
        flat = p2.reshape(BATCH, -1)
        scores = flat @ w3 + b3
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        loss = -logs[everyone, labels].mean()

        g = np.exp(logs)
        g[everyone, labels] -= 1
        g /= BATCH
        grad_w3, grad_b3 = flat.T @ g, g.sum(axis=0)
        g = _unpool((g @ w3.T).reshape(p2.shape), h2, p2)
        grad_b2 = g.sum(axis=(0, 2, 3))
        g = g.reshape(BATCH, SECOND, -1)
        grad_w2 = (g @ columns2.swapaxes(1, 2)).sum(axis=0).reshape(w2.shape)
        g = _fold(w2.reshape(SECOND, -1).T @ g, p1.shape)
        g = _unpool(g, h1, p1)
        grad_b1 = g.sum(axis=(0, 2, 3))
        g = g.reshape(BATCH, FIRST, -1)
        grad_w1 = (g @ columns1.swapaxes(1, 2)).sum(axis=0).reshape(w1.shape)

        grads = (grad_w1, grad_b1, grad_w2, grad_b2, grad_w3, grad_b3)
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter -= RATE * grad
        return loss, *grads

    return step


# --- libraries -----------------------------------------------------------------------------


def with_mygrad(x: np.ndarray, labels: np.ndarray, **start: np.ndarray) -> Step:
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.layers import conv_nd, max_pool
    from mygrad.nnet.losses import softmax_crossentropy

    parameters = [mg.tensor(a) for a in start.values()]
    w1, b1, w2, b2, w3, b3 = parameters
    images = mg.tensor(x, constant=True)
    truth = mg.tensor(labels, constant=True).data

    def step() -> tuple[Any, ...]:
        y = relu(conv_nd(images, w1, stride=1) + b1.reshape(-1, 1, 1))
        y = max_pool(y, (2, 2), 2)
        y = relu(conv_nd(y, w2, stride=1) + b2.reshape(-1, 1, 1))
        y = max_pool(y, (2, 2), 2)
        loss = softmax_crossentropy(y.reshape(len(images), -1) @ w3 + b3, truth)
        loss.backward()
        for parameter in parameters:
            parameter.data -= RATE * parameter.grad
        return loss, *(parameter.grad for parameter in parameters)

    return step


def with_torch(x: np.ndarray, labels: np.ndarray, **start: np.ndarray) -> Step:
    import torch
    from torch.nn.functional import conv2d, cross_entropy, max_pool2d

    parameters = [torch.tensor(a, requires_grad=True) for a in start.values()]
    w1, b1, w2, b2, w3, b3 = parameters
    images, truth = torch.tensor(x), torch.tensor(labels)
    optimizer = torch.optim.SGD(parameters, lr=RATE)

    def step() -> tuple[Any, ...]:
        optimizer.zero_grad()
        y = max_pool2d(conv2d(images, w1, b1).relu(), 2)
        y = max_pool2d(conv2d(y, w2, b2).relu(), 2)
        loss = cross_entropy(y.flatten(1) @ w3 + b3, truth)
        loss.backward()
        optimizer.step()
        return loss, *(parameter.grad for parameter in parameters)

    return step


def with_jax(jit: Any, x: np.ndarray, labels: np.ndarray, **start: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    images, truth = jnp.asarray(x), jnp.asarray(labels)
    parameters = {name: jnp.asarray(a) for name, a in start.items()}

    def layer(x: Any, w: Any, b: Any) -> Any:
        y = jax.nn.relu(jax.lax.conv(x, w, (1, 1), "VALID") + b[:, None, None])
        window = (1, 1, 2, 2)
        return jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, window, window, "VALID")

    def objective(p: dict[str, Any], images: Any, truth: Any) -> Any:
        y = layer(layer(images, p["w1"], p["b1"]), p["w2"], p["b2"])
        logs = jax.nn.log_softmax(y.reshape(len(images), -1) @ p["w3"] + p["b3"])
        return -logs[jnp.arange(len(truth)), truth].mean()

    def train(p: dict[str, Any], images: Any, truth: Any) -> tuple[Any, ...]:
        loss, grads = jax.value_and_grad(objective)(p, images, truth)
        return {name: p[name] - RATE * grads[name] for name in p}, loss, grads

    compiled = jit(train)

    def step() -> tuple[Any, ...]:
        nonlocal parameters
        parameters, loss, grads = compiled(parameters, images, truth)
        return loss, *(grads[name] for name in start)

    return step


def with_autograd(x: np.ndarray, labels: np.ndarray, **start: np.ndarray) -> Step:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.signal import convolve
    from autograd.scipy.special import logsumexp

    parameters = [a.copy() for a in start.values()]
    everyone = np.arange(len(x))

    def layer(x: Any, w: Any, b: Any) -> Any:
        turned = w[:, :, ::-1, ::-1]  # it convolves; the others correlate
        y = convolve(x, turned, axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")
        y = anp.maximum(y + b[:, None, None], 0)
        n, c, height, width = y.shape
        return anp.max(anp.reshape(y, (n, c, height // 2, 2, width // 2, 2)), axis=(3, 5))

    def objective(parameters: list[Any]) -> Any:
        w1, b1, w2, b2, w3, b3 = parameters
        y = layer(layer(x, w1, b1), w2, b2)
        scores = anp.dot(anp.reshape(y, (len(x), -1)), w3) + b3
        logs = scores - logsumexp(scores, axis=1, keepdims=True)
        return -anp.mean(logs[everyone, labels])

    both = autograd.value_and_grad(objective)

    def step() -> tuple[Any, ...]:
        loss, grads = both(parameters)
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter -= RATE * grad
        return loss, *grads

    return step


WORKLOADS = (
    Workload(
        name="cnn",
        what="training step of a small CNN on (32, 1, 28, 28) float32: conv 5x5 to 16, relu, "
        "pool, conv 5x5 to 32, relu, pool, dense, softmax cross-entropy, SGD",
        arrays=arrays,
        outputs=("loss", "w1", "b1", "w2", "b2", "w3", "b3"),
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
