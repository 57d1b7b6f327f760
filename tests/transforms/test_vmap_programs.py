"""Random programs of views and in-place writes: vmap of one is a loop over the examples."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from program_losses import loss_of
from programs import BACKEND, Program, features, random_program, to_host

import mygrad as mg
from mygrad.transforms.batching.vmap import vmap

N = 3
FEATURES = replace(features(), layouts=False)  # batches lie in C order
CHUNKS = 4
LIMITS = (
    "not specified in the Array API",
    "may not be separated by basic slicing",
    "Integer index arrays are only allowed with integer indices",
    "masking is only specified in the Array API",
)


def programs() -> int:
    count = 25 if BACKEND == "numpy" else 4
    return max(1, round(count * float(os.environ.get("MYGRAD_PROGRAMS", "1"))))


def examples(program: Program, name: str) -> np.ndarray:
    array = program.arrays[name]
    rng = np.random.default_rng(program.seed)
    moved = rng.uniform(-0.2, 0.2, (N, *array.shape))
    return array + moved


def gradient(function: Callable[..., Any], leaves: Any) -> list[Any]:
    """The gradients of a loss, by way of its own graph."""
    variables = [mg.tensor(t.data, constant=False) for t in leaves]
    loss = function(*variables)
    if isinstance(loss, mg.Tensor) and not loss.constant:
        loss.backward()
    return [mg.zeros_like(v) if v.grad is None else v.grad for v in variables]


def close(found: Any, wanted: Any, what: str) -> None:
    np.testing.assert_allclose(to_host(found), to_host(wanted), 1e-9, 1e-9, err_msg=what)


def compare(program: Program) -> None:
    names, function = loss_of(program)
    arrays = [examples(program, name) for name in names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = ([mg.tensor(a) for a in arrays] for _ in range(2))
        found = vmap(function)(*ours)
        each = [function(*(t[k] for t in theirs)) for k in range(N)]
        losses = mg.stack([mg.astensor(loss) for loss in each])
        close(found, losses, "values")
        weights = np.array([1.0, -2.0, 0.5])
        if not losses.constant:
            mg.sum(weights * found).backward()
            mg.sum(weights * losses).backward()
        for name, t, other in zip(names, ours, theirs, strict=True):
            if other.grad is not None or t.grad is not None:
                zeros = mg.zeros_like(t)
                pair = (zeros if g is None else g for g in (t.grad, other.grad))
                close(*pair, f"gradient of vmap by {name}")
        inside = vmap(lambda *leaves: gradient(function, leaves))(*(t.data for t in ours))
        for name, g, other, w in zip(names, inside, theirs, (weights,) * len(names), strict=True):
            if other.grad is not None:
                by = w.reshape((N,) + (1,) * (other.ndim - 1))
                close(to_host(g) * by, other.grad, f"vmap of the gradient by {name}")


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_programs(chunk: int) -> None:
    count = programs()
    for k in range(count):
        program = random_program(3_000_000 + chunk * count + k, 1, FEATURES)
        try:
            compare(program)
        except Exception as error:
            if any(limit in str(error) for limit in LIMITS):
                continue
            error.add_note(str(program))
            raise
