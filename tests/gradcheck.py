"""`mygrad.testing` as the suite uses it, and derivatives by differences alone.

Functions under test take and return tensors or arrays. The oracle evaluates them on NumPy arrays in
float64, whatever backend is selected; only the derivative under test runs on that backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mygrad as mg
from mygrad.arrays import selected_adapter, selected_device
from mygrad.testing import check_grads
from mygrad.testing.closeness import on_host as host
from mygrad.testing.differences import FIVE_POINTS, STEP, Differences

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
    """The gradients of ``(f(*operands) * seed).sum()``."""
    differences = Differences(lambda point: _values(f, point) * seed, operands)
    grads = [np.zeros(operand.shape) for operand in operands]
    for k, grad in enumerate(grads):
        for place in np.ndindex(grad.shape):
            grad[place] = differences.derivative(k, place)[0].real
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
    """Compare the gradients of `f` with differences of what it does to NumPy's arrays."""
    arrays = [np.asarray(a) for a in operands]
    check_grads(f, *arrays, reference=f, rtol=rtol, atol=atol)


def check_second_derivatives(
    f: Function, operands: Sequence[Array], rtol: float = 1e-5, atol: float = 1e-6
) -> None:
    """Compare first and second derivatives of `f` with differences."""
    check_grads(f, *map(np.asarray, operands), order=2, rtol=rtol, atol=atol)


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
