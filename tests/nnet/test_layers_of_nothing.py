"""Layers of inputs without elements, and of filters that meet nothing but padding."""

from __future__ import annotations

import numpy as np
import pytest
from programs import to_host

import mygrad as mg
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("empty", ["all", "one"])
def test_convolution_over_padding_alone(n: int, dtype: str, empty: str) -> None:
    sizes = [0] * n if empty == "all" else [0, *[2] * (n - 1)]
    x = mg.tensor(np.zeros((1, 2, *sizes), dtype))
    w = mg.tensor(np.ones((3, 2, *[2] * n), dtype))
    y = conv_nd(x, w, stride=1, padding=1)
    assert y.shape == (1, 3, *(k + 1 for k in sizes))
    y.sum().backward(create_graph=True)
    assert x.grad.shape == x.shape
    assert w.grad.dtype == w.dtype
    np.testing.assert_array_equal(to_host(w.grad), np.zeros(w.shape))
    (w.grad * w.grad).sum().backward()


@pytest.mark.parametrize("shape", [(0, 2, 4, 4), (0, 64, 12, 12)])
def test_empty_batches(shape: tuple[int, ...]) -> None:
    x = mg.tensor(np.zeros(shape, np.float32))
    w = mg.tensor(np.ones((64, shape[1], 3, 3), np.float32))
    y = max_pool(conv_nd(x, w, stride=1, padding=1), (2, 2), 2)
    assert y.shape == (0, 64, shape[2] // 2, shape[3] // 2)
    y.sum().backward()
    assert x.grad.shape == shape
    np.testing.assert_array_equal(to_host(w.grad), np.zeros(w.shape))


def test_no_channels() -> None:
    x, w = mg.tensor(np.zeros((2, 0, 5))), mg.tensor(np.zeros((3, 0, 2)))
    y = conv_nd(x, w, stride=1)
    np.testing.assert_array_equal(to_host(y), np.zeros((2, 3, 4)))
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert w.grad.shape == w.shape
    assert batchnorm(mg.tensor(np.zeros((2, 0, 5))), eps=1.0).shape == (2, 0, 5)
