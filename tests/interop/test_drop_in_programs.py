"""Random programs that make arrays, look at parts of them, and write numbers and tensors into both.

Run on numbers and, under ``mg.drop_in``, on tensors: the values have to be the same, and the
derivative the one that differences give.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytestmark = [
    pytest.mark.numpy_only("is about NumPy's own functions"),
    pytest.mark.filterwarnings("error::mygrad.errors.GradientDetached"),
]

MAKERS: list[Callable[[], Any]] = [
    lambda: np.zeros((3, 4)),
    lambda: np.ones((3, 4), order="F"),
    lambda: np.full((4, 3), 0.5).T,
    lambda: np.linspace(0.1, 1.0, 12).reshape(3, 4),
    lambda: np.array([[0.1, 0.2, 0.3, 0.4]] * 3),
    lambda: np.eye(3, 4) + 1.0,
]
LOOKS: list[Callable[[Any], Any]] = [
    lambda a: a,
    lambda a: a[1:],
    lambda a: a[::-1, 1:3],
    lambda a: a.T[::2],
    lambda a: np.asarray(a)[:, 2],
    lambda a: a.reshape(-1)[3:9],
    lambda a: a.ravel()[::3],
    lambda a: np.transpose(a)[1],
    lambda a: a[..., None][0],
    lambda a: np.moveaxis(np.atleast_3d(a), 0, 1)[2],
]


def program(seed: int, x: Any) -> Any:
    """Some steps with arrays and parts of them; a number that depends on all of it."""
    rng = random.Random(seed)
    arrays = [rng.choice(MAKERS)() for _ in range(2)]
    parts = [rng.choice(LOOKS)(rng.choice(arrays)) for _ in range(3)] + arrays
    total: Any = 0.0
    for _ in range(7):
        part = rng.choice(parts)
        value: Any = rng.choice([x[0] * x[1], 0.7, np.sin(x[1]), x[2] ** 2, 1.1])
        step = rng.randrange(9)
        if step == 0:
            part[...] = value
        elif step == 1:
            part += value
        elif step == 2:
            part[0] *= value
        elif step == 3:
            np.add(part, value, out=part)
        elif step == 4:
            part[part > 0.4] = value
        elif step == 5:
            np.copyto(part, value)
        elif step == 6:
            part[-1] = part[0] * value
        elif step == 7:
            total = total + np.sum(np.cos(part) * value)
        else:
            parts.append(rng.choice(LOOKS)(rng.choice(arrays)))
    for k, part in enumerate(parts):
        total = total + (k + 1.0) * np.sum(np.sin(part * (1.0 + 0.1 * k)))
    return total


VALUES = np.array([0.6, 0.9, 1.3])


@pytest.mark.parametrize("start", range(0, 100, 20))
def test_random_programs(start: int) -> None:
    for seed in range(start, start + 20):
        x = mg.tensor(VALUES)
        value = mg.drop_in(program)(seed, x)
        np.testing.assert_allclose(float(program(seed, VALUES)), mg.asarray(value), rtol=1e-12)
        h = 1e-5
        wanted = [
            (program(seed, VALUES + d) - program(seed, VALUES - d)) / (2 * h) for d in np.eye(3) * h
        ]
        if isinstance(value, mg.Tensor):
            value.backward()
            grad = np.zeros(3) if x.grad is None else x.grad
            np.testing.assert_allclose(grad, wanted, rtol=1e-6, atol=1e-6, err_msg=f"seed {seed}")
        else:
            np.testing.assert_allclose(wanted, 0.0, atol=1e-6)
