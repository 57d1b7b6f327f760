"""PyTorch in float64 as the oracle for values, first and second derivatives.

It runs on the host, whatever backend the suite runs on. `torch` and `F` are its modules; tests that
import this are skipped where PyTorch is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from numpy.typing import NDArray

import mygrad as mg

torch = pytest.importorskip("torch", reason="PyTorch, the oracle of these tests, is missing")
F = torch.nn.functional

Array = NDArray[Any]
Function = Callable[..., Any]


def drawn(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> Array:
    """Numbers that are all different and no multiples of 0.01, so that none is at a kink."""
    count = int(np.prod(shape))
    steps = np.random.default_rng(seed).permutation(count) + 0.37
    return np.asarray(low + (high - low) * steps / max(count, 1)).reshape(shape)


def weights(arrays: Sequence[Any], seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.uniform(0.5, 1.5, tuple(a.shape))) for a in arrays]


def expected(f: Function, arrays: Sequence[Array], order: int) -> list[list[Array]]:
    """What PyTorch finds: [value], gradients and, of a sum of these, gradients again."""
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    value = f(*leaves)
    found = [[value]]
    for k in range(order):
        seeds = [torch.tensor(w) for w in weights(found[-1], k)]
        scalar = sum((t * w).sum() for t, w in zip(found[-1], seeds, strict=True))
        if not scalar.requires_grad:
            found.append([torch.zeros_like(t) for t in leaves])
            break
        grads = torch.autograd.grad(
            scalar, leaves, create_graph=True, allow_unused=True, materialize_grads=True
        )
        found.append(list(grads))
    return [[t.detach().numpy() for t in row] for row in found]


def obtained(f: Function, arrays: Sequence[Array], order: int) -> list[list[Array]]:
    """The same from mygrad, on the backend of the suite."""
    leaves = [mg.tensor(a) for a in arrays]
    results = [f(*leaves)]
    found = [[host(results[0])]]
    for k in range(order):
        for t in leaves:
            t.null_grad()
        seeds = weights(results, k)
        if k == 0:
            results[0].backward(raw(seeds[0]), create_graph=order > 1)
        else:
            scalar: Any = 0.0
            for t, w in zip(results, seeds, strict=True):
                scalar = scalar + mg.sum(t * raw(w))
            if isinstance(scalar, mg.Tensor):
                scalar.backward()
        grads = [t.grad for t in leaves]
        found.append(
            [
                np.zeros(t.shape) if g is None else host(g)
                for t, g in zip(leaves, grads, strict=True)
            ]
        )
        results = [
            mg.zeros(t.shape, dtype=t.dtype) if g is None else g
            for t, g in zip(leaves, grads, strict=True)
        ]
    return found


def agree(f: Function, reference: Function, *arrays: Array, order: int = 2) -> None:
    want, got = expected(reference, arrays, order), obtained(f, arrays, order)
    for k, (theirs, ours) in enumerate(zip(want, got, strict=False)):
        for i, (a, b) in enumerate(zip(theirs, ours, strict=True)):
            message = f"derivative of order {k} by operand {i}" if k else "value"
            assert a.shape == b.shape, message
            np.testing.assert_allclose(b, a, rtol=1e-8, atol=1e-9, err_msg=message)
