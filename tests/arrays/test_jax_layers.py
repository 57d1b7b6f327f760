"""Layers and losses inside of `jax.jit`, where nothing has a value that could be looked at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.nnet import activations, layers, losses

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") not in ("numpy", "jax"),
    reason="is about JAX, whatever the backend",
)


@pytest.fixture(autouse=True)
def selected() -> Iterator[None]:
    """Data on the host go to JAX, whatever the suite runs on."""
    with mg.backend("jax"):
        yield


PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "activations": lambda x, k: (
        activations.gelu(x) + activations.silu(x) + activations.mish(x) + activations.softplus(x)
    ),
    "cross_entropy": lambda x, k: losses.cross_entropy(x, k, ignore_index=2, label_smoothing=0.1),
    "ctc_loss": lambda x, k: losses.ctc_loss(x.reshape(4, 1, 4), k[None, :2], [4], k[:1] + 1),
    "distances": lambda x, k: (
        losses.mse_loss(x, 0.5) + losses.huber_loss(x, 0.5) + losses.kl_div(x, 0.5)
        + losses.binary_cross_entropy_with_logits(x, 1, pos_weight=2.0)
    ),
    "embedding": lambda x, k: layers.embedding(k, x, padding_idx=0),
    "attention": lambda x, k: layers.scaled_dot_product_attention(x, x, x, is_causal=True),
    "convolution": lambda x, k: layers.conv_transpose_nd(
        layers.conv_nd(x.reshape(1, 4, 4), x.reshape(8, 1, 2), 1, groups=4),
        x.reshape(8, 1, 2), 2, output_padding=1, groups=2,
    ),
    "pools": lambda x, k: layers.avg_pool(x, (2, 2), 1, 1).sum()
    + layers.adaptive_avg_pool(x, (3, 2)).sum(),
    "lstm": lambda x, k: layers.lstm(x.reshape(4, 4, 1), x[:1], x[1:2], x[2])[0],
    "group_norm": lambda x, k: layers.group_norm(x, 2, gamma=x[0], eps=0.1),
    "dropout": lambda x, k: layers.dropout(x, 0.0) + layers.dropout(x, 1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_inside_of_jit_it_is_what_it_is_outside(name: str) -> None:
    def step(x: Any, k: Any) -> Any:
        t = mg.tensor(x)
        y = PROGRAMS[name](t, k)
        (y * y).sum().backward()
        return y.data, t.grad

    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 4)))
    k = jnp.asarray([0, 3, 2, 1])
    for got, want in zip(jax.jit(step)(x, k), step(x, k), strict=True):
        np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-5, atol=1e-6)
