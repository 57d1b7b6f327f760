"""Whole programs inside `jax.jit`, on mygrad's tape and on `jax.grad`.

    python -m benchmarks.jit [NAME ...]

Each is a step: the gradients of a loss by all parameters, and the parameters after an update. The
results are compared first; then both take turns, and medians are printed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import mygrad as mg
from mygrad.nnet.layers import conv_nd, gru, max_pool
from mygrad.nnet.losses import softmax_crossentropy

__all__ = ["PROGRAMS", "Program", "ours", "theirs"]

Loss = Callable[..., Any]
RATE = 0.1


class Program(NamedTuple):
    """A loss on tensors, the same formulas on JAX's arrays, parameters, and data, of NumPy's."""

    ours: Loss
    theirs: Loss
    parameters: Sequence[Any]
    data: Sequence[Any] = ()


def ours(program: Program) -> Callable[..., Any]:
    """A step on the tape."""

    def step(parameters: Any, data: Any) -> Any:
        tensors = [mg.tensor(p, copy=False) for p in parameters]
        program.ours(*tensors, *data).backward()
        for t in tensors:
            t.data -= RATE * t.grad
        return [t.data for t in tensors]

    return step


def theirs(program: Program) -> Callable[..., Any]:
    """The same step by `jax.grad`."""

    def step(parameters: Any, data: Any) -> Any:
        grads = jax.grad(lambda ps: program.theirs(*ps, *data))(parameters)
        return [p - RATE * g for p, g in zip(parameters, grads, strict=True)]

    return step


# --- the programs ---------------------------------------------------------------------------------
def chain(x: Any) -> Any:
    y = x
    for _ in range(100):
        y = y * 1.01 + x
    return y.sum()


def crossentropy(scores: Any, labels: Any) -> Any:
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), labels[:, None], axis=1).mean()


def mlp(relu: Any, loss: Any) -> Loss:
    def run(w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any, x: Any, labels: Any) -> Any:
        return loss(relu(relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3, labels)

    return run


def cnn(convolve: Any, pool: Any, relu: Any, loss: Any) -> Loss:
    def run(f1: Any, f2: Any, w: Any, x: Any, labels: Any) -> Any:
        x = pool(relu(convolve(x, f1)))
        x = pool(relu(convolve(x, f2)))
        return loss(x.reshape((x.shape[0], -1)) @ w, labels)

    return run


def their_convolution(x: Any, filters: Any) -> Any:
    return lax.conv_general_dilated(x, filters, (1, 1), [(1, 1), (1, 1)])


def their_pool(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def their_gru(*operands: Any) -> Any:
    *weights, x = operands
    Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh = weights

    def advance(s: Any, x: Any) -> Any:
        z, r = jax.nn.sigmoid(x @ Uz + s @ Wz + bz), jax.nn.sigmoid(x @ Ur + s @ Wr + br)
        h = jnp.tanh(x @ Uh + (r * s) @ Wh + bh)
        s = (1 - z) * h + z * s
        return s, s

    _, states = lax.scan(advance, jnp.zeros((x.shape[1], Wz.shape[0]), x.dtype), x)
    return (states**2).mean()


def our_gru(*operands: Any) -> Any:
    *weights, x = operands
    return (gru(x, *weights)[1:] ** 2).mean()


def programs(small: bool = False, dtype: str = "float32") -> dict[str, Program]:
    """All programs, on data from one seed; `small` ones for tests."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> Any:
        scale = 1 / np.sqrt(shape[0] if len(shape) == 2 else np.prod(shape[1:]))
        return (rng.standard_normal(shape) * scale).astype(dtype)

    def labels(n: int) -> Any:
        return rng.integers(0, 10, n)

    many = 400 if small else 4_000_000
    batch, width = (4, 8) if small else (128, 512)
    size, channels = (8, 4) if small else (28, 16)
    steps, state = (5, 6) if small else (64, 64)
    relu = mg.nnet.activations.relu
    return {
        "chain of 200": Program(chain, chain, [np.ones(4, dtype)]),
        "4e6 elementwise": Program(
            lambda x: (mg.tanh(x) * mg.nnet.activations.sigmoid(x) + x**2).sum(),
            lambda x: (jnp.tanh(x) * jax.nn.sigmoid(x) + x**2).sum(),
            [draw(1, many)[0]],
        ),
        "MLP": Program(
            mlp(relu, softmax_crossentropy),
            mlp(jax.nn.relu, crossentropy),
            [draw(784, width), draw(1, width)[0], draw(width, width), draw(1, width)[0],
             draw(width, 10), draw(1, 10)[0]],
            [draw(batch, 784), labels(batch)],
        ),
        "CNN": Program(
            cnn(
                lambda x, f: conv_nd(x, f, stride=1, padding=1),
                lambda x: max_pool(x, (2, 2), 2), relu, softmax_crossentropy,
            ),
            cnn(their_convolution, their_pool, jax.nn.relu, crossentropy),
            [draw(channels, 1, 3, 3), draw(channels, channels, 3, 3),
             draw(channels * (size // 4) ** 2, 10)],
            [draw(batch, 1, size, size), labels(batch)],
        ),
        "GRU": Program(
            our_gru, their_gru,
            [part for _ in range(3) for part in (draw(16, state), draw(state, state),
                                                 draw(1, state)[0])],
            [draw(steps, batch, 16)],
        ),
    }  # fmt: skip


PROGRAMS = tuple(programs(small=True))


def seconds(step: Any, *arguments: Any) -> float:
    start = time.perf_counter()
    jax.block_until_ready(step(*arguments))
    return time.perf_counter() - start


def main(names: Sequence[str]) -> None:
    for name, program in programs().items():
        if names and name not in names:
            continue
        arguments = (
            [jnp.asarray(a) for a in program.parameters],
            [jnp.asarray(a) for a in program.data],
        )
        steps = [jax.jit(ours(program)), jax.jit(theirs(program))]
        for mine, wanted in zip(*(step(*arguments) for step in steps), strict=True):
            np.testing.assert_allclose(mine, wanted, rtol=2e-3, atol=2e-5)
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(21):
            for times, step in zip(taken, steps, strict=True):
                times.append(seconds(step, *arguments))
        here, there = (1e3 * median(times) for times in taken)
        print(
            f"{name}: {here:.3f} ms on the tape, {there:.3f} ms by jax.grad, "
            f"{here / there:.2f} times"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
