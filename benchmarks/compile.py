"""Training steps on NumPy's arrays: eagerly, compiled by `mygrad.compile`, and by JAX itself.

    python -m benchmarks.compile [NAME ...]

Each is the gradients of a loss by all parameters, and an update of them. The results of one step
are compared first; then all take turns, and medians are printed. For mygrad the parameters are
tensors on NumPy's arrays, met by closure, and data are NumPy's; for ``jax.jit(jax.grad)`` all of
it is JAX's, and stays on its side.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import mygrad as mg
from benchmarks.jit import RATE, Program, programs, theirs

__all__ = ["ours", "more"]


def ours(program: Program) -> tuple[Callable[..., Any], list[Any]]:
    """A step on tensors, and the tensors."""
    tensors = [mg.tensor(np.array(p)) for p in program.parameters]

    def step(*data: Any) -> None:
        program.ours(*tensors, *data).backward()
        for t in tensors:
            t.data -= RATE * t.grad

    return step, tensors


def filled(x: Any, y: Any) -> Any:
    """A matrix that is filled row by row, each from the one before."""
    for k in range(1, y.shape[0]):
        y[k] = mg.tanh(y[k - 1] * x + 0.1)
    return (y**2).sum()


def their_filled(x: Any) -> Any:
    def advance(row: Any, _: Any) -> Any:
        row = jnp.tanh(row * x + 0.1)
        return row, row

    first = jnp.zeros_like(x)
    _, rows = lax.scan(advance, first, None, length=199)
    return (rows**2).sum()


def more(small: bool = False) -> dict[str, Program]:
    """The programs of `benchmarks.jit`, attention, a layer norm, and in-place writes."""
    rng = np.random.default_rng(1)

    def draw(*shape: int) -> Any:
        return jnp.asarray((rng.standard_normal(shape) / np.sqrt(shape[-1])).astype("float32"))

    n, d = (8, 4) if small else (256, 64)

    def attention(q: Any, k: Any, v: Any, x: Any) -> Any:
        scores = (x @ q) @ (x @ k).T / np.float32(np.sqrt(d))
        return ((mg.nnet.activations.softmax(scores, axis=-1) @ (x @ v)) ** 2).mean()

    def their_attention(q: Any, k: Any, v: Any, x: Any) -> Any:
        scores = (x @ q) @ (x @ k).T / np.float32(np.sqrt(d))
        return ((jax.nn.softmax(scores, axis=-1) @ (x @ v)) ** 2).mean()

    def norm(g: Any, b: Any, x: Any) -> Any:
        return (mg.nnet.layers.layer_norm(x, gamma=g, beta=b, eps=1e-5) ** 3).mean()

    def their_norm(g: Any, b: Any, x: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return ((scaled * g + b) ** 3).mean()

    width = 16 if small else 512
    return {
        **programs(small),
        "attention": Program(attention, their_attention, [draw(d, d) for _ in range(3)],
                             [draw(n, d)]),
        "layer norm": Program(norm, their_norm, [jnp.ones(width, "float32"), draw(1, width)[0]],
                              [draw(n * 4, width)]),
        "200 rows in place": Program(
            lambda x: filled(x, mg.zeros((200, x.shape[0]), dtype="float32")), their_filled,
            [draw(1, 256)[0]],
        ),
    }  # fmt: skip


def seconds(step: Any, *arguments: Any) -> float:
    start = perf_counter()
    jax.block_until_ready(step(*arguments))
    return perf_counter() - start


def main(names: Sequence[str]) -> None:
    for name, program in more().items():
        if names and name not in names:
            continue
        data = [np.array(a) for a in program.data]
        eager, slow = ours(program)
        step, tensors = ours(program)
        compiled = mg.compile(step)
        jitted = jax.jit(theirs(program))
        given = list(program.parameters), list(program.data)
        wanted = jitted(*given)
        eager(*data)
        begin = perf_counter()
        compiled(*data)
        took = perf_counter() - begin
        for other in (slow, tensors):
            for t, want in zip(other, wanted, strict=True):
                np.testing.assert_allclose(t.data, want, rtol=2e-3, atol=2e-5)
        taken: list[list[float]] = [[], [], []]
        for _ in range(15):
            for times, run, arguments in zip(
                taken, (eager, compiled, jitted), (data, data, given), strict=True
            ):
                times.append(seconds(run, *arguments))
        there = median(taken[2])
        slowly, here = median(taken[0]), median(taken[1])
        print(
            f"{name}: {1e3 * slowly:.3f} ms eagerly, {1e3 * here:.3f} ms compiled, "
            f"{1e3 * there:.3f} ms by jax.jit(jax.grad): {slowly / here:.1f} times as fast, "
            f"{here / there:.2f} times JAX's; the first call took {took:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
