"""Layers next to those of PyTorch, on one thread: ``python -m benchmarks.layers``.

Forward and backward. Runs of both libraries take turns, and medians of processor time are compared,
so that it matters little what else the machine does. Results and gradients are compared before
anything is timed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import mygrad as mg
from mygrad.nnet.layers import (
    conv_nd,
    group_norm,
    layer_norm,
    lstm,
    scaled_dot_product_attention,
)

RUNS = 11
Step = Callable[[], list[Any]]


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, dtype="f4")


def pair(
    arrays: list[np.ndarray], ours: Callable[..., Any], theirs: Callable[..., Any]
) -> tuple[Step, Step]:
    """A step of each library: the value and the gradients, for a given adjoint."""
    import torch

    mine = [mg.tensor(a) for a in arrays]
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    g = numbers(*ours(*mine).shape, seed=9)
    tg = torch.tensor(g)

    def step() -> list[Any]:
        y = ours(*mine)
        y.backward(g)
        return [y, *(t.grad for t in mine)]

    def torch_step() -> list[Any]:
        for t in leaves:
            t.grad = None
        y = theirs(*leaves)
        y.backward(tg)
        return [y, *(t.grad for t in leaves)]

    return step, torch_step


def cases() -> dict[str, tuple[Step, Step]]:
    import torch
    from torch.nn import functional as F

    found = {}
    for n, h, t, e, causal in (
        (8, 4, 64, 32, True),
        (4, 8, 256, 64, False),
        (1, 8, 1024, 64, False),
    ):
        name = f"attention, {n} x {h} heads, {t} positions of {e}{', causal' if causal else ''}"
        found[name] = pair(
            [numbers(n, h, t, e, seed=k) for k in range(3)],
            lambda *a, c=causal: scaled_dot_product_attention(*a, is_causal=c),
            lambda *a, c=causal: F.scaled_dot_product_attention(*a, is_causal=c),
        )
    for t, n, c, d in ((20, 1, 16, 32), (64, 32, 64, 128)):
        module = torch.nn.LSTM(c, d)

        def theirs(X: Any, U: Any, W: Any, b: Any, module: Any = module) -> Any:
            weights = {"weight_ih_l0": U.T, "weight_hh_l0": W.T, "bias_ih_l0": b}
            weights["bias_hh_l0"] = torch.zeros_like(b)
            return torch.func.functional_call(module, weights, (X,))[0]

        found[f"lstm, {t} steps, batch {n}, {c} channels, {d} units"] = pair(
            [numbers(t, n, c), numbers(c, 4 * d) / 8, numbers(d, 4 * d) / 8, numbers(4 * d)],
            lambda *a: lstm(*a)[0][1:],
            theirs,
        )
    for shape, groups in (((8, 64, 32, 32), 8), ((32, 32, 8, 8), 4)):
        found[f"group_norm, {shape}, {groups} groups"] = pair(
            [numbers(*shape), numbers(shape[1], seed=1), numbers(shape[1], seed=2)],
            lambda x, a, b, k=groups: group_norm(x, k, gamma=a, beta=b),
            lambda x, a, b, k=groups: F.group_norm(x, k, a, b),
        )
    found["layer_norm, 2048 rows of 256"] = pair(
        [numbers(2048, 256), numbers(256, seed=1), numbers(256, seed=2)],
        lambda x, a, b: layer_norm(x, gamma=a, beta=b),
        lambda x, a, b: F.layer_norm(x, (256,), a, b),
    )
    for x, w, groups in (
        ((8, 64, 32, 32), (64, 1, 3, 3), 64),
        ((16, 32, 16, 16), (32, 1, 5, 5), 32),
        ((8, 64, 32, 32), (64, 16, 3, 3), 4),
    ):
        pad = w[-1] // 2
        found[f"conv_nd, {x}, filters {w}, {groups} groups"] = pair(
            [numbers(*x), numbers(*w, seed=1)],
            lambda x, w, k=groups, p=pad: conv_nd(x, w, 1, p, groups=k),
            lambda x, w, k=groups, p=pad: F.conv2d(x, w, padding=p, groups=k),
        )
    return found


def compare(name: str, step: Step, torch_step: Step) -> None:
    """Raise where the two disagree by more than rounding explains."""
    for ours, theirs in zip(step(), torch_step(), strict=True):
        ours = mg.asarray(ours)
        theirs = theirs.detach().numpy()
        error = abs(ours - theirs).max() / abs(theirs).max()
        assert error < 2e-5, f"{name}: results differ by {error:.1e} of the largest element"


def main() -> int:
    """Print a line for each case."""
    try:
        import torch
    except ImportError as error:
        print(f"{error}: there is nothing to compare with", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    print(f"{'forward and backward, float32':66}  mygrad  PyTorch  ratio")
    for name, steps in cases().items():
        compare(name, *steps)
        taken: list[list[float]] = [[], []]
        for _ in range(RUNS):
            for times, step in zip(taken, steps, strict=True):
                start = time.process_time()
                step()
                times.append(time.process_time() - start)
        ours, theirs = (1e3 * float(np.median(times)) for times in taken)
        print(f"{name:66} {ours:6.1f}ms {theirs:6.1f}ms {ours / theirs:6.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
