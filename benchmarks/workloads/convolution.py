"""One convolution of 3x3 filters, 64 channels to 64, with a given gradient of the output."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.workloads import Arrays, Step, Workload

INPUT, FILTERS = (16, 64, 32, 32), (64, 64, 3, 3)


def arrays() -> Arrays:
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((2, *INPUT), dtype="f4")
    return {"x": x, "w": rng.standard_normal(FILTERS, dtype="f4") / 24, "g": g}


def with_numpy(x: np.ndarray, w: np.ndarray, g: np.ndarray) -> Step:
    """Matrix products of windows, image by image, so that the windows stay in the cache."""
    (n, c, height, width), f = x.shape, len(w)

    def columns(image: np.ndarray) -> np.ndarray:
        padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
        windows = sliding_window_view(padded, (height, width), axis=(1, 2))
        return windows.reshape(-1, height * width)  # copies, row by row of the image

    def step() -> tuple[Any, ...]:
        y, grad_x = np.empty_like(g), np.empty_like(x)
        flat_w = w.reshape(f, -1)
        # by the input: correlate with the filters turned around, inputs and outputs swapped
        turned = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3).reshape(c, -1)
        grad_w = np.zeros_like(flat_w)
        for i in range(n):
            windows = columns(x[i])
            y[i] = (flat_w @ windows).reshape(f, height, width)
            grad_w += g[i].reshape(f, -1) @ windows.T
            grad_x[i] = (turned @ columns(g[i])).reshape(c, height, width)
        return y, grad_x, grad_w.reshape(w.shape)

    return step


def with_mygrad(x: np.ndarray, w: np.ndarray, g: np.ndarray) -> Step:
    import mygrad as mg
    from mygrad.nnet.layers import conv_nd

    tx, tw = mg.tensor(x), mg.tensor(w)
    g = mg.tensor(g).data  # on the device

    def step() -> tuple[Any, ...]:
        y = conv_nd(tx, tw, stride=1, padding=1)
        y.backward(g)
        return y, tx.grad, tw.grad

    return step


def with_torch(x: np.ndarray, w: np.ndarray, g: np.ndarray) -> Step:
    import torch
    from torch.nn.functional import conv2d

    tx, tw = (torch.tensor(a, requires_grad=True) for a in (x, w))
    tg = torch.tensor(g)

    def step() -> tuple[Any, ...]:
        tx.grad = tw.grad = None
        y = conv2d(tx, tw, padding=1)
        y.backward(tg)
        return y, tx.grad, tw.grad

    return step


def with_jax(jit: Any, x: np.ndarray, w: np.ndarray, g: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    jx, jw, jg = (jnp.asarray(a) for a in (x, w, g))

    def both(x: Any, w: Any, g: Any) -> tuple[Any, ...]:
        y, pullback = jax.vjp(lambda x, w: jax.lax.conv(x, w, (1, 1), "SAME"), x, w)
        return y, *pullback(g)

    compiled = jit(both)
    return lambda: compiled(jx, jw, jg)


def with_autograd(x: np.ndarray, w: np.ndarray, g: np.ndarray) -> Step:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.signal import convolve

    def value(leaves: tuple[Any, Any]) -> Any:
        x, w = leaves
        padded = anp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), "constant")
        turned = w[:, :, ::-1, ::-1]  # it convolves; the others correlate
        return convolve(padded, turned, axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")

    forward = autograd.make_vjp(value)

    def step() -> tuple[Any, ...]:
        pullback, y = forward((x, w))
        return y, *pullback(g)

    return step


WORKLOADS = (
    Workload(
        name="convolution",
        what="3x3 convolution of (16, 64, 32, 32) float32 to 64 channels, stride 1, padding 1, "
        "forward and backward",
        arrays=arrays,
        outputs=("value", "x", "w"),
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
