"""Identities of the transforms on random programs of views and in-place writes.

How many is set by ``MYGRAD_PROGRAMS``, as in tests/autodiff/test_random_programs.py. Where one
has no limit of the library's, four things hold: `grad` is what ``backward()`` leaves; `jvp` and
`vjp` are transposes of each other; so are they of the gradient, whose jacobian is symmetric; and
`checkpoint` changes none of them.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from program_losses import loss_of
from programs import BACKEND, Program, features, random_program, to_host

import mygrad as mg

FEATURES = replace(features(), layouts=False)
CHUNKS = 4
LIMITS = (
    "not specified in the Array API",
    "may not be separated by basic slicing",
    "Integer index arrays are only allowed with integer indices",
    "masking is only specified in the Array API",
)


def programs() -> int:
    count = 60 if BACKEND == "numpy" else 6
    return max(1, round(count * float(os.environ.get("MYGRAD_PROGRAMS", "1")) / CHUNKS))


def dot(one: Any, other: Any) -> float:
    pairs = zip(one, other, strict=True)
    return float(sum(np.real(np.sum(to_host(a) * to_host(b))) for a, b in pairs))


def close(found: float, want: float, scale: float, what: str) -> None:
    assert abs(found - want) <= 1e-8 * (1 + abs(want) + scale), f"{what}: {found}, and not {want}"


def compare(program: Program) -> None:
    names, function = loss_of(program)
    rng = np.random.default_rng(program.seed)
    arrays = [program.arrays[name] for name in names]
    along = [mg.asarray(rng.uniform(-1, 1, a.shape)) for a in arrays]
    across = [mg.asarray(rng.uniform(-1, 1, a.shape)) for a in arrays]
    given = [mg.asarray(a) for a in arrays]
    numbers = tuple(range(len(names)))
    variables = [mg.tensor(a) for a in given]
    loss = function(*variables)
    if isinstance(loss, mg.Tensor) and not loss.constant:
        loss.backward()
    gradient = mg.grad(function, numbers)
    found = gradient(*given)
    for name, g, t in zip(names, found, variables, strict=True):
        want = np.zeros(t.shape) if t.grad is None else to_host(t.grad)
        np.testing.assert_allclose(to_host(g), want, 1e-10, 1e-10, err_msg=f"gradient by {name}")
    size = float(sum(np.abs(to_host(g)).sum() for g in found))
    tangent = mg.jvp(function, tuple(given), tuple(along))[1]
    close(float(to_host(tangent)), dot(found, along), size, "jvp and vjp")
    _, pullback = mg.vjp(gradient, *given)
    second = mg.jvp(gradient, tuple(given), tuple(along))[1]
    scale = float(sum(np.abs(to_host(g)).sum() for g in second))
    close(dot(second, across), dot(pullback(tuple(across)), along), scale, "of the gradient")
    close(dot(second, across), dot(pullback(tuple(along)), across), scale, "symmetry")
    kept = mg.checkpoint(function)
    for name, g, want in zip(names, mg.grad(kept, numbers)(*given), found, strict=True):
        np.testing.assert_allclose(to_host(g), to_host(want), 1e-12, 1e-12, err_msg=f"kept {name}")
    again = mg.jvp(mg.grad(kept, numbers), tuple(given), tuple(along))[1]
    close(dot(again, across), dot(second, across), scale, "second derivatives of checkpoint")
    for name, a in zip(names, given, strict=True):
        np.testing.assert_array_equal(to_host(a), program.arrays[name])


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_identities(chunk: int) -> None:
    count = programs()
    for k in range(count):
        program = random_program(5_000_000 + chunk * count + k, 1, FEATURES)
        try:
            with warnings.catch_warnings(), mg.on_detach("ignore"):
                warnings.simplefilter("ignore")
                compare(program)
        except Exception as error:
            if any(limit in str(error) for limit in LIMITS):
                continue
            error.add_note(str(program))
            raise
