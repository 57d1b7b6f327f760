"""``python -m benchmarks.vmap``: functions of one example on a batch of them.

Compares `mygrad.vmap` with a Python loop over the examples and, where JAX is installed, with
``jax.vmap`` without ``jax.jit``, on the CPU in float64. Results are verified first. Times are the
shortest of several rounds, for one call, in microseconds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

import mygrad as mg

RNG = np.random.default_rng(0)
N = 64
W = RNG.standard_normal((32, 32)) / 6
V = RNG.standard_normal((32, 32)) / 6


def elementwise(xp: Any, x: Any) -> Any:
    return xp.exp(-(x**2)) * xp.sin(x) + 2.0 * x


def layer(xp: Any, x: Any) -> Any:
    return xp.tanh(xp.tanh(x @ W) @ V)


def reductions(xp: Any, x: Any) -> Any:
    return xp.sum((x - xp.mean(x)) ** 2) / xp.max(x)


def views(xp: Any, x: Any) -> Any:
    return xp.sum(x[1:] * x[:-1]) + xp.sum(xp.reshape(x, (8, 4)).T[1] ** 2)


def squared_norm(xp: Any, x: Any) -> Any:
    return xp.sum(layer(xp, x) ** 2)


PROGRAMS: dict[str, Any] = {
    "elementwise": elementwise, "two layers": layer, "reductions": reductions, "views": views,
}  # fmt: skip


def shortest(call: Callable[[], Any], rounds: int, seconds: float = 0.2) -> float:
    """The time of one call, in microseconds."""
    call()
    start = time.perf_counter()
    call()
    once = max(time.perf_counter() - start, 1e-7)
    count = max(1, int(seconds / rounds / once))
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(count):
            call()
        best = min(best, (time.perf_counter() - start) / count)
    return best * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vmap", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    try:
        import jax
    except ImportError:
        jax = None  # type: ignore[assignment]
    x = RNG.standard_normal((N, 32))
    print(f"{N} examples of 32 numbers; microseconds for a call")
    print("| program | mygrad.vmap | loop | NumPy, by hand | jax.vmap |\n|---|---|---|---|---|")
    rows: list[tuple[str, Any, Any, Any, Any]] = []
    for name, program in PROGRAMS.items():

        def ours(row: Any, program: Any = program) -> Any:
            return program(np, row)

        batched = mg.vmap(ours)

        def loop(program: Any = program) -> Any:
            return np.stack([program(np, row) for row in x])

        theirs: Any = None
        if jax is not None:
            theirs = jax.vmap(lambda row, program=program: program(jax.numpy, row))
        rows.append((name, lambda f=batched: f(x), loop, theirs, program))
    gradients = mg.vmap(mg.grad(lambda row: squared_norm(np, row)))
    one = mg.grad(lambda row: squared_norm(np, row))
    theirs = None
    if jax is not None:
        theirs = jax.vmap(jax.grad(lambda row: squared_norm(jax.numpy, row)))
    rows.append((
        "gradients", lambda: gradients(x), lambda: np.stack([one(row) for row in x]), theirs, None
    ))
    by_hand = {"elementwise": lambda: elementwise(np, x), "two layers": lambda: layer(np, x)}
    for name, ours_called, loop, theirs, _ in rows:
        expected = loop()
        np.testing.assert_allclose(ours_called(), expected, rtol=1e-10, atol=1e-12)
        figures = [shortest(ours_called, options.rounds), shortest(loop, options.rounds)]
        hand = shortest(by_hand[name], options.rounds) if name in by_hand else None
        jaxs = None
        if theirs is not None:
            given = jax.numpy.asarray(x)
            np.testing.assert_allclose(np.asarray(theirs(given)), expected, rtol=1e-10, atol=1e-12)
            jaxs = shortest(lambda f=theirs, a=given: f(a).block_until_ready(), options.rounds)
        cells = ["-" if f is None else f"{f:.0f}" for f in (*figures, hand, jaxs)]
        print(f"| {name} | {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
