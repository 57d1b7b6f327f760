"""A program that uses mygrad. It is not run: type checkers have to find nothing wrong with it.

`ci/types` puts it to them, where mygrad is installed from a wheel.
"""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import mygrad as mg
from mygrad import Tensor
from mygrad.linalg import norm
from mygrad.nnet.activations import leaky_relu, relu, sigmoid, softmax, tanh
from mygrad.nnet.initializers import glorot_uniform
from mygrad.nnet.layers import batchnorm, conv_nd, gru, max_pool
from mygrad.nnet.losses import softmax_crossentropy
from mygrad.typing import ArrayLike


def tensors_they_are(x: Tensor, a: NDArray[np.float64]) -> None:
    assert_type(mg.tensor([1.0]), Tensor)
    assert_type(x * 2, Tensor)
    assert_type(a * x, Tensor)
    assert_type(a @ x, Tensor)
    assert_type(np.float64(2.0) / x, Tensor)
    assert_type(-x, Tensor)
    assert_type(x[0], Tensor)
    assert_type(x.T, Tensor)
    assert_type(x.sum(), Tensor)
    assert_type(mg.exp(x), Tensor)
    assert_type(mg.sum(a), Tensor)
    assert_type(mg.add.accumulate(x), Tensor)
    assert_type(relu(x), Tensor)
    assert_type(norm(x), Tensor)
    assert_type(mg.dot(x, a), Tensor)
    assert_type(mg.einsum("i,i", x, a), Tensor)
    assert_type(mg.zeros(3), Tensor)
    assert_type(mg.random.rand(3), Tensor)
    assert_type(conv_nd(x, x, stride=1), Tensor)
    assert_type(list(x), list[Tensor])


def operators(x: Tensor, a: NDArray[np.float64]) -> Tensor:
    y: Tensor = x * 2 + 1.5 - a
    y = 2.0 * x - 1 + x / 3 + x**2 + 2**x + x % 2 + x // 2
    y = a * x + a @ x + x @ a
    y = np.float64(2.0) * x
    y = -x + abs(x) + (+x)
    y += x
    y -= 1.0
    y *= a
    y /= 2
    y **= 2
    mask: Any = x > 0.0
    y[mask] = 0.0
    y[0] = x[1]
    y[1:3, ...] += 1
    y[[0, 1]] = np.zeros(2)
    quotient, rest = divmod(x, 2.0)
    return y[mask] + quotient + rest + x[None, :, ::2].T


def methods(x: Tensor) -> Tensor:
    y: Tensor = x.sum(axis=(0, 1), keepdims=True) + x.mean(0) + x.var(ddof=1) + x.std()
    y = x.reshape(3, -1) + x.reshape((3, 4)) + x.ravel() + x.T.transpose(1, 0)
    y = y.astype(np.float32).squeeze().swapaxes(0, 1).clip(0, 1).copy().detach()
    y = y.max() + y.min(axis=0) + y.prod() + y.cumsum(0)
    shape: tuple[int, ...] = y.shape
    constant: bool = y.constant
    number: float = float(y.sum()) + y.item() + shape[0] + y.ndim + constant
    y.backward()
    y.backward(np.ones(3), create_graph=True)
    y.null_grad()
    y.null_gradients()
    y.clear_graph()
    if y.base is not None and y.grad is not None:
        y.data -= 0.1 * y.grad
    return y.to("numpy", device=None) * number


def functions(x: Tensor, a: NDArray[np.float64], values: list[float]) -> Tensor:
    y: Tensor = mg.tensor(values, dtype=np.float32, constant=False)
    y = mg.sin(x) + mg.exp(a) + mg.multiply(x, values, where=a > 0) + mg.add(x, 1.0, out=y)
    y = mg.sum(x, axis=0) + mg.mean(a, dtype=float) + mg.max(x, initial=0.0, keepdims=True)
    y = mg.matmul(x, a) + mg.einsum("ij,jk->ik", x, a) + mg.tensordot(x, a, axes=1)
    y = mg.concatenate([x, a]) + mg.stack([x, x], axis=1) + mg.where(a > 0, x, 0.0)
    y = mg.reshape(x, (2, 3)) + mg.transpose(x) + mg.swapaxes(x, 0, 1) + mg.roll(x, 1, axis=0)
    y = mg.zeros((2, 3)) + mg.ones_like(x) + mg.arange(3.0) + mg.linspace(0, 1, 5) + mg.eye(3)
    y = norm(x, axis=1) + mg.linalg.norm(a) + mg.random.rand(3, 2) + mg.clip(x, 0, None)
    parts: list[Tensor] = mg.split(x, 3)
    count: int = mg.add.nin
    total: Tensor = mg.add.reduce(x, axis=0) + mg.multiply.outer(x, a)
    return y + parts[0] + total * count


def numpys(x: Tensor, a: NDArray[np.float64]) -> None:
    np.exp(x)
    np.sum(x, axis=0)
    np.multiply(x, a)
    np.stack([x, x])
    np.where(a > 0, x, 0.0)
    np.linalg.norm(x)


def layers(x: Tensor, labels: NDArray[np.int64]) -> Tensor:
    w: Tensor = glorot_uniform(4, 1, 3, 3, dtype=np.float32)
    y: Tensor = max_pool(relu(conv_nd(x, w, stride=1, padding=(1, 1))), (2, 2), 2)
    y = batchnorm(y, gamma=mg.ones(4), beta=None, eps=1e-8)
    y = softmax(leaky_relu(sigmoid(tanh(y)), 0.1), axis=1)
    y = gru(y, w, w, w, w, w, w, w, w, w, dropout=0.5)
    return softmax_crossentropy(y, labels)


@mg.no_autodiff
def predict(x: ArrayLike) -> Tensor:
    return mg.tensor(x) + mg.tensor(1.0)


def switches(x: Tensor) -> Tensor:
    with mg.no_autodiff:
        y = predict(x)
    with mg.backend("numpy"):
        y = y + 1
    with mg.mem_guard_off:
        y = y * 2
    with mg.on_detach("ignore"):
        a: NDArray[Any] = np.asarray(y)
    mg.save("x.npz", mg.tensor(a))
    loaded: Tensor = mg.load("x.npz")
    return loaded
