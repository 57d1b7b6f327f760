"""What the transforms cost: ``python -m benchmarks.transforms``.

Peak memory of a network of 100 layers with and without checkpoints, by `tracemalloc`, in units of
one layer's result; Jacobians and Hessians against a loop of one ``backward()`` for each row, and
against JAX's where JAX is installed; `value_and_grad` against `backward()`; `jvp` and `vjp` against
the function. Times are of the processor, the least of several.
"""

from __future__ import annotations

import timeit
import tracemalloc
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

import mygrad as mg

LAYERS, WIDTH = 100, 100_000
N = 200


def layers(x: Any, count: int) -> Any:
    for _ in range(count):
        x = np.sin(x)
    return x


def peak(parts: int, wrapped: Callable[..., Any]) -> float:
    """The most memory that a forward and a backward pass need, in results of a layer."""
    x = mg.tensor(np.linspace(0.1, 1.0, WIDTH))
    tracemalloc.start()
    y = x
    for _ in range(parts):
        y = wrapped(y, LAYERS // parts)
    y.sum().backward()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found / (8 * WIDTH)


def least(function: Callable[[], Any], repeat: int = 7, number: int = 1) -> float:
    """The least processor time of a call, in microseconds."""
    function()
    times = timeit.repeat(function, number=number, repeat=repeat, timer=process_time)
    return min(times) / number * 1e6


RNG = np.random.default_rng(0)
MATRIX, POINT = RNG.standard_normal((N, N)) / N**0.5, RNG.standard_normal(N)


def vector(np: Any, matrix: Any, x: Any) -> Any:
    return np.tanh(matrix @ x) * x + np.sum(x**2)


def scalar(np: Any, matrix: Any, x: Any) -> Any:
    return np.sum(np.tanh(matrix @ x) ** 2 * x) + np.sum(x**3)


def jacobian_by_loop() -> Any:
    x, rows = mg.tensor(POINT), []
    for k in range(N):
        vector(np, MATRIX, x)[k].backward()
        rows.append(x.grad)
    return np.array(rows)


def hessian_by_loop() -> Any:
    x, rows = mg.tensor(POINT), []
    scalar(np, MATRIX, x).backward(create_graph=True)
    gradient = x.grad
    for k in range(N):
        x.null_grad()
        gradient[k].backward(create_graph=True)
        rows.append(x.grad.data)
    return np.array(rows)


def of_jax() -> dict[str, float]:
    """JAX's times for the same functions, not compiled, or nothing."""
    try:
        import jax
    except ImportError:
        return {}
    jax.config.update("jax_enable_x64", True)
    matrix, point = jax.numpy.asarray(MATRIX), jax.numpy.asarray(POINT)
    jacobian = jax.jacrev(lambda x: vector(jax.numpy, matrix, x))
    hessian = jax.hessian(lambda x: scalar(jax.numpy, matrix, x))
    return {
        "jacobian": least(lambda: jax.block_until_ready(jacobian(point))),
        "hessian": least(lambda: jax.block_until_ready(hessian(point))),
    }


def main() -> None:
    print(f"peak memory of {LAYERS} layers, in results of one layer")
    print(f"  kept                      {peak(10, layers):6.1f}")
    for parts in (5, 10, 20):
        print(f"  checkpoints, {parts:2} parts     {peak(parts, mg.checkpoint(layers)):6.1f}")

    jacobian = mg.jacobian(lambda x: vector(np, MATRIX, x))
    hessian = mg.hessian(lambda x: scalar(np, MATRIX, x))
    np.testing.assert_allclose(jacobian(POINT), jacobian_by_loop(), atol=1e-12)
    np.testing.assert_allclose(hessian(POINT), hessian_by_loop(), atol=1e-12)
    theirs = of_jax()
    print(f"n = {N}, in ms: one sweep, a loop of backward()" + ", JAX not compiled" * bool(theirs))
    for name, ours, loop in (
        ("jacobian", jacobian, jacobian_by_loop), ("hessian", hessian, hessian_by_loop)
    ):  # fmt: skip
        times = [least(lambda f=ours: f(POINT)), least(loop, 2), theirs.get(name)]
        row = "".join(f"{t / 1e3:9.2f}" for t in times if t is not None)
        print(f"  {name:9}{row}   {times[1] / times[0]:.0f} times as fast as the loop")

    small = np.arange(4.0)

    def by_hand() -> Any:
        x = mg.tensor(small)
        loss = (x * x).sum()
        loss.backward()
        return loss.data, x.grad

    both = mg.value_and_grad(lambda x: (x * x).sum())
    first, second = least(by_hand, 50, 200), least(lambda: both(small), 50, 200)
    print(f"(x * x).sum() of 4 numbers, in us: backward() {first:.1f}, value_and_grad {second:.1f}")

    big = RNG.standard_normal((400, 400))
    net = lambda x: np.tanh(big @ np.tanh(big @ x))
    column = RNG.standard_normal((400, 100))
    alone = least(lambda: net(column))
    _, pullback = mg.vjp(net, column)
    _, along = mg.linearize(net, column)
    costs = {
        "vjp": least(lambda: mg.vjp(net, column)[1](column)),
        "jvp": least(lambda: mg.jvp(net, (column,), (column,))),
        "a pullback": least(lambda: pullback(column)),
        "a linearized tangent": least(lambda: along(column)),
    }
    text = ", ".join(f"{name} {cost / alone:.1f}" for name, cost in costs.items())
    print(f"two products of 400 x 400 matrices, in calls of the function on arrays: {text}")


if __name__ == "__main__":
    main()
