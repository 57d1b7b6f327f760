"""Thousands of random programs of views and in-place writes, against an independent oracle.

How many is set by ``MYGRAD_PROGRAMS``, a factor: 1 is what every run does, 10 is a good soak.
"""

from __future__ import annotations

import importlib.util
import os

import numpy as np
import pytest
from programs import (
    BACKEND,
    Program,
    difference,
    features,
    numpy_oracle,
    random_program,
    shrink,
    torch_oracle,
)

HAS_TORCH = importlib.util.find_spec("torch") is not None
ORACLE = torch_oracle if HAS_TORCH else numpy_oracle
CHUNKS = 10  # each order is a few tests, so that a run in parallel can share them out


def programs(order: int) -> int:
    """How many programs of this order to run in one test."""
    count = {1: 3000, 2: 1500} if BACKEND == "numpy" else {1: 300, 2: 150}
    if not HAS_TORCH:  # the other oracle runs a program once for every element
        count = {1: 300, 2: 60}
    return max(1, round(count[order] * float(os.environ.get("MYGRAD_PROGRAMS", "1")) / CHUNKS))


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("order", [1, 2])
def test_random_programs(order: int, chunk: int) -> None:
    """Values, gradients and, for order 2, gradients of gradients are those of the oracle."""
    count = programs(order)
    failures: list[int] = []
    for k in range(count):
        seed = 1_000_000 * order + chunk * count + k
        program = random_program(seed, order, features())
        if difference(program, ORACLE, order) is not None:
            failures.append(seed)
    if failures:
        program = shrink(random_program(failures[0], order, features()), ORACLE, order)
        pytest.fail(
            f"{len(failures)} of {count} programs differ (seeds {failures[:8]}). The first, "
            f"as short as it gets:\n\n{program}\n\n{difference(program, ORACLE, order)}",
            pytrace=False,
        )


@pytest.mark.parametrize("order", [1, 2])
def test_oracles_agree(order: int) -> None:
    """The two oracles, which share the model but not the derivatives, say the same."""
    pytest.importorskip("torch", reason="the oracles are compared where PyTorch is installed")
    for seed in range(12):
        program = random_program(seed, order)
        ends = zip(torch_oracle(program, order), numpy_oracle(program, order), strict=True)
        for torch_end, numpy_end in ends:
            assert torch_end.keys() == numpy_end.keys()
            for name, a in torch_end.items():
                b = numpy_end[name]
                np.testing.assert_allclose(a.value, b.value, rtol=1e-12, atol=1e-12)
                for x, y, atol in ((a.grad, b.grad, 1e-11), (a.second, b.second, 1e-5)):
                    zeros = np.zeros_like(a.value)
                    x, y = (zeros if g is None else g for g in (x, y))
                    scale = max(1.0, float(np.max(np.abs(x), initial=0.0)))
                    np.testing.assert_allclose(
                        x, y, rtol=0, atol=atol * scale, err_msg=str(program)
                    )


def test_programs_have_everything() -> None:
    """The programs of one run contain all that they are meant to be made of."""
    texts = [str(random_program(seed)) for seed in range(300)]
    for part in (
        "'F'", "'reversed'", "np.zeros((0,", ".T", ".reshape(", "einsum", "broadcast_to", "list(",
        "[M", "[I", "[[", ", out=", "where=M", ".shape =", "[1:] +=", "x1[0] = x1[1]",
        "constant=True)", "loss.backward()\nloss = 0.0", "[...]", "[None", " *= ", " -= ",
    ):  # fmt: skip
        assert any(part in text for text in texts), part
    assert any(random_program(seed, 2).between for seed in range(20))


def test_a_program_prints_as_code_that_runs() -> None:
    """What a failure prints can be pasted."""
    program = random_program(3)
    names = {"np": np, "leaf": lambda a, *_, **__: a}
    header = str(program).partition("loss = 0.0")[0]
    exec(header, names)
    assert all(np.array_equal(names[k], a) for k, a in program.arrays.items() if k in names)
    assert isinstance(program, Program)
