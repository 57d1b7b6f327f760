"""Derivatives by finite differences, to compare mygrad's with.

Functions under test take and return tensors or arrays. The oracle evaluates them on NumPy in
float64, whatever backend is selected; only the derivative under test runs on that backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mygrad as mg
from mygrad.arrays import adapter_of, selected_adapter, selected_device

__all__ = [
    "check_gradients",
    "check_second_derivatives",
    "gradients",
    "hessian",
    "host",
    "numerical_gradients",
    "numerical_slope",
    "raw",
    "unbroadcast",
]

Array = NDArray[Any]
Function = Callable[..., Any]
STEP = 1e-3
FIVE_POINTS = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))


def host(a: Any) -> Array:
    """A copy in NumPy of a tensor, or of an array of any library."""
    a = a.data if isinstance(a, mg.Tensor) else a
    adapter = adapter_of(a)
    return np.asarray(a) if adapter is None else np.asarray(adapter.to_host(a))


def raw(a: Any) -> Any:
    """A host array as a raw array of the selected backend, on the selected device."""
    adapter = selected_adapter()
    return adapter.from_host(np.asarray(a), selected_device(adapter))


def _values(f: Function, operands: Sequence[Any]) -> Array:
    with mg.backend("numpy"), np.errstate(all="ignore"):
        return host(f(*operands)).astype(np.float64)


def numerical_slope(f: Function, operands: Sequence[Array], k: int) -> Array:
    """The derivative of an elementwise `f` by operand `k`, in the shape of the result."""
    slope: Any = 0.0
    for steps, weight in FIVE_POINTS:
        moved = list(operands)
        moved[k] = operands[k] + steps * STEP
        slope = slope + weight / STEP * _values(f, moved)
    return np.asarray(slope)


def numerical_gradients(f: Function, operands: Sequence[Array], seed: Any = 1.0) -> list[Array]:
    """The gradients of ``(f(*operands) * seed).sum()``, by five-point central differences."""
    grads = []
    for k, operand in enumerate(operands):
        grad = np.zeros(operand.shape)
        for place in np.ndindex(operand.shape):
            for steps, weight in FIVE_POINTS:
                moved = list(operands)
                moved[k] = operand.copy()
                moved[k][place] += steps * STEP
                grad[place] += weight / STEP * np.sum(_values(f, moved) * seed)
        grads.append(grad)
    return grads


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum `g` over the axes along which an operand of that shape was broadcast."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    axes = tuple(k for k, n in enumerate(shape) if n == 1)
    return g.sum(axis=axes, keepdims=True).reshape(shape) if axes else g.reshape(shape)


def gradients(f: Function, operands: Sequence[Array], seed: Any = None) -> list[Array]:
    """The gradients that mygrad finds, on the selected backend; zeros where it finds none."""
    leaves = [mg.tensor(a) for a in operands]
    f(*leaves).backward(None if seed is None else raw(seed))
    return [np.zeros(t.shape) if t.grad is None else host(t.grad) for t in leaves]


def check_gradients(
    f: Function, operands: Sequence[Array], rtol: float = 1e-6, atol: float = 1e-7
) -> None:
    """Compare the gradients of `f` with finite differences, for a random seed."""
    operands = [np.asarray(a) for a in operands]
    shape = _values(f, operands).shape
    seed = np.asarray(np.random.default_rng(0).uniform(0.5, 1.5, shape))
    wanted = numerical_gradients(f, operands, seed)
    for k, (got, want) in enumerate(zip(gradients(f, operands, seed), wanted, strict=True)):
        message = f"gradient by operand {k}"
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol, err_msg=message)


def _directional(f: Function, seed: Any, directions: Sequence[Any], leaves: Sequence[Any]) -> Any:
    """The derivative of ``(f(*leaves) * seed).sum()`` along `directions`, as a tensor."""
    f(*leaves).backward(seed, create_graph=True)
    total: Any = 0.0
    for t, v in zip(leaves, directions, strict=True):
        if t.grad is not None:
            total = total + mg.sum(t.grad * v)
    return total


def check_second_derivatives(
    f: Function, operands: Sequence[Array], rtol: float = 1e-5, atol: float = 1e-6
) -> None:
    """Compare Hessian-vector products with finite differences of mygrad's first derivatives."""
    operands = [np.asarray(a) for a in operands]
    rng = np.random.default_rng(1)
    seed = np.asarray(rng.uniform(0.5, 1.5, _values(f, operands).shape))
    directions = [np.asarray(rng.uniform(0.5, 1.5, a.shape)) for a in operands]

    def slope(*arrays: Array) -> Any:
        return _directional(f, seed, directions, [mg.tensor(a) for a in arrays])

    wanted = numerical_gradients(slope, operands)
    leaves = [mg.tensor(a) for a in operands]
    total = _directional(f, raw(seed), [raw(v) for v in directions], leaves)
    for t in leaves:
        t.null_grad()
    if isinstance(total, mg.Tensor):
        total.backward()
    for k, (t, want) in enumerate(zip(leaves, wanted, strict=True)):
        got = np.zeros(t.shape) if t.grad is None else host(t.grad)
        message = f"second derivative by operand {k}"
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol, err_msg=message)


def hessian(f: Function, at: Any) -> Array:
    """The Hessian of a scalar function of one operand, by differentiating twice."""
    x = mg.tensor(at)
    f(x).backward(create_graph=True)
    first = x.grad
    rows = np.zeros((x.size, x.size))
    for k in range(x.size):
        x.null_grad()
        mg.reshape(first, (-1,))[k].backward(create_graph=True)
        if x.grad is not None:
            rows[k] = host(x.grad).reshape(-1)
    return rows
