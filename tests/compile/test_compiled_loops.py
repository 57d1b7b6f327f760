"""Loops of Python's, whose rounds become one loop of the program, where they are alike."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") != "numpy",
    reason="loops are rolled on the host alone",
)

N = 20


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The rounds of the loops in the programs that are compiled."""
    from mygrad.compile.engine import XLA
    from mygrad.compile.rounds import Straight

    found: list[int] = []
    compile_ = XLA._compile

    def look(self: Any, program: Any, jaxpr: Any, consts: Any, name: str) -> None:
        found.extend(loop.rounds for loop in Straight(jaxpr).loops())
        compile_(self, program, jaxpr, consts, name)

    monkeypatch.setattr(XLA, "_compile", look)
    return found


def compared(step: Callable[..., Any], *tensors: Any) -> None:
    """Two steps, compiled and eager: the result, gradients, and what is written."""
    twins = [mg.tensor(np.array(t.data), constant=t.constant) for t in tensors]
    compiled = mg.compile(step)
    for _ in range(2):
        right, found = step(*twins), compiled(*tensors)
        np.testing.assert_allclose(found.data, right.data, rtol=1e-12, atol=1e-12)
        for t, twin in zip(tensors, twins, strict=True):
            np.testing.assert_allclose(t.data, twin.data, rtol=1e-12, atol=1e-12)
            assert (t.grad is None) == (twin.grad is None)
            if t.grad is not None:
                np.testing.assert_allclose(t.grad, twin.grad, rtol=1e-11, atol=1e-12)


def draw(*shape: int) -> Any:
    size = int(np.prod(shape))
    return mg.tensor(np.sin(np.arange(1.0, size + 1) * 1.7).reshape(shape) / 2)


# --- what is one loop -----------------------------------------------------------------------------
def recurrent(x: Any, u: Any, w: Any) -> Any:
    h, loss = mg.zeros(3), 0.0
    for t in range(N):
        h = mg.tanh(x[t] @ u + h @ w)
        loss = loss + (h**2).sum()
    loss.backward()
    return loss


def recurrent_by_columns(x: Any, u: Any, w: Any) -> Any:
    h, states = mg.zeros((2, 3)), []
    for t in reversed(range(N)):
        h = mg.tanh(x[:, t] @ u + h @ w)
        states.append(h)
    loss = (mg.stack(states, axis=1) ** 2).mean()
    loss.backward()
    return loss


def gated(x: Any, u: Any, w: Any) -> Any:
    h = c = mg.zeros(2)
    for t in range(N):
        z = x[t] @ u + h @ w
        gate = mg.nnet.activations.sigmoid(z[:2])
        c = gate * c + (1 - gate) * mg.tanh(z[2:4])
        h = mg.nnet.activations.sigmoid(z[4:]) * mg.tanh(c)
    loss = (h * c).sum()
    loss.backward()
    return loss


@pytest.mark.parametrize(
    ("step", "shapes"),
    [
        (recurrent, [(N, 4), (4, 3), (3, 3)]),
        (recurrent_by_columns, [(2, N, 4), (4, 3), (3, 3)]),
        (gated, [(N, 3), (3, 6), (2, 6)]),
    ],
)
def test_recurrent_networks(loops: list[int], step: Any, shapes: Any) -> None:
    compared(step, *(draw(*shape) for shape in shapes))
    assert len(loops) == 2 and min(loops) >= N - 2  # there and back


def test_rows_that_are_filled(loops: list[int]) -> None:
    def step(x: Any) -> Any:
        rows = mg.zeros((N, 5))
        for k in range(1, N):
            rows[k] = mg.tanh(rows[k - 1] * x + 0.1)
        loss = (rows**2).sum()
        loss.backward()
        return rows

    compared(step, draw(5))
    assert len(loops) == 2


def test_a_field_that_is_changed_in_place(loops: list[int]) -> None:
    """The heat equation."""

    def step(u: Any) -> Any:
        v = u * 1.0
        for _ in range(N):
            v[1:-1] += 0.1 * (v[2:] - 2 * v[1:-1] + v[:-2])
        (v**2).sum().backward()
        return v

    compared(step, draw(12))
    assert len(loops) == 2


def test_rounds_of_several_kinds(loops: list[int]) -> None:
    """Every third round is another one: three are one round of the loop."""

    def step(x: Any, w: Any) -> Any:
        y = x
        for k in range(3 * N):
            y = mg.sin(y @ w) if k % 3 else mg.cos(y) * 0.5
        loss = y.sum()
        loss.backward()
        return loss

    compared(step, draw(4), draw(4, 4))
    assert loops and min(loops) >= N - 3


def test_what_two_rounds_before_made(loops: list[int]) -> None:
    def step(w: Any) -> Any:
        a, b = w[0], w[1]
        for _ in range(2 * N):
            a, b = b, mg.sin(a @ w + b)
        loss = b.sum()
        loss.backward()
        return loss

    compared(step, draw(3, 3))
    assert loops


def test_blocks_and_first_rounds(loops: list[int]) -> None:
    """Two rows at a time; and what is read first is no element of the array."""

    def step(x: Any, w: Any) -> Any:
        y, before = 0.0, w[0]
        for k in range(N):
            y = y + mg.exp(x[2 * k : 2 * k + 2] * before).sum() * mg.sin(w).sum()
            before = x[2 * k]
        y.backward()
        return y

    compared(step, draw(2 * N, 3), draw(2, 3))
    assert loops


def test_numbers_and_integers() -> None:
    def step(x: Any) -> Any:
        count, y = mg.zeros(3, dtype=int), x
        for _ in range(N):
            y = mg.where(y > 0.5, y * y, y + 0.1)
            count = count + (y.data > 0.3)
        (y * count).sum().backward()
        return count

    compared(step, draw(3))


def test_each_round_has_other_random_numbers() -> None:
    @mg.compile
    def noise() -> Any:
        y, rows = mg.zeros(4), []
        for _ in range(N):
            y = mg.tanh(y + mg.random.standard_normal((4,)))
            rows.append(y)
        return mg.stack(rows)

    mg.random.seed(3)
    first, second = noise().data, noise().data
    for rows in (first, second):
        assert len(np.unique(rows)) == rows.size
    assert not np.intersect1d(first, second).size
    mg.random.seed(3)
    np.testing.assert_array_equal(noise().data, first)


# --- what is none ---------------------------------------------------------------------------------
def test_what_is_one_kernel_anyway(loops: list[int]) -> None:
    def step(x: Any) -> Any:
        y = x
        for _ in range(50):
            y = y * 1.01 + x
        y.sum().backward()
        return y

    compared(step, draw(4))
    assert not loops


def test_other_arrays_in_each_round(loops: list[int]) -> None:
    """Layers with parameters of their own: these would have to be copied to one array."""
    weights = [draw(3, 3) for _ in range(N)]

    def step(x: Any) -> Any:
        for w in weights:
            x = mg.tanh(x @ w)
        x.sum().backward()
        return x

    compiled = mg.compile(step)
    right = step(draw(3))
    grads = [w.grad for w in weights]
    np.testing.assert_allclose(compiled(draw(3)).data, right.data, rtol=1e-12)
    for w, grad in zip(weights, grads, strict=True):
        np.testing.assert_allclose(w.grad, grad, rtol=1e-9, atol=1e-15)
    assert not loops


def test_updates_of_many_parameters(loops: list[int]) -> None:
    """More of them than there is room for numbers in a program: their step counts are equal."""
    parameters = [draw(3, 2) for _ in range(40)]
    twins = [mg.tensor(np.array(p.data)) for p in parameters]

    def training(tensors: Any) -> Any:
        optimizer = mg.optim.Adam(tensors, learning_rate=0.1)

        def step() -> None:
            sum(((t - 1) ** 2).sum() for t in tensors).backward()
            optimizer.step()

        return step

    eager, compiled = training(twins), mg.compile(training(parameters))
    for _ in range(3):
        eager()
        compiled()
    for p, twin in zip(parameters, twins, strict=True):
        np.testing.assert_allclose(p.data, twin.data, rtol=1e-12)
    assert compiled.cache_info().currsize <= 2 and not loops


def test_numbers_that_are_many() -> None:
    """Each of them is an input."""
    numbers = [0.5 + k for k in range(60)]
    t = mg.tensor(np.ones(2))

    f = mg.compile(lambda factors: sum(t * f for f in factors), dynamic=True)
    for shift in (0.0, 1.25):
        given = [n + shift for n in numbers]
        np.testing.assert_allclose(f(given).data, np.full(2, sum(given)), rtol=1e-12)
    assert f.cache_info().currsize == 1


# --- random loops ---------------------------------------------------------------------------------
STATEMENTS = (
    "a = mg.tanh(a @ w + x[t])",
    "a = a * 0.5 + mg.sin(b)",
    "b = b - 0.1 * a * x[t, 0]",
    "b = mg.where(b > a, b, 0.5 * a)",
    "a, b = b, a + 0.1 * w[1]",
    "b = b + (x[:, 2] * 0.1).sum() + y[:, t]",
    "c = c + (a * b).sum()",
    "c = c + x[n - 1 - t].sum()",
    "rows[t] = a",
    "rows[t] += 0.5 * rows[t - 1]",
    "rows[t, 1:] *= b[1:]",
    "kept.append(b)",
    "a = a + kept[-1] if kept else a",
    "b = mg.concatenate([b[2:], a[:2]])",
    "b = b.reshape(2, 2).T.reshape(4)",
    "a = a / (1 + (a * a).sum())",
    "b = b + w[t % 2]",
    "b = mg.sort(b) + w[0]",
    "a = a + x[t // 20]",
)
"""Of a body: `a`, `b` and `c` go from round to round; `w`, `x` and `y` are data."""


def random_loop(seed: int) -> str:
    rng = np.random.default_rng(seed)
    picked = [STATEMENTS[k] for k in rng.integers(0, len(STATEMENTS), rng.integers(2, 7))]
    return "\n".join([
        "a, b, c, kept = w[0], w[1] * 1.0, 0.0, []",
        f"n = {rng.integers(30, 40)}",
        "rows = mg.zeros((n, 4), dtype=float)",
        f"for t in range({rng.integers(0, 2)}, n):",
        *("    " + statement for statement in picked),
        "result = (a * b).sum() + c + (rows**2).sum() + sum((k * a).sum() for k in kept)",
        "result.backward()",
    ])  # fmt: skip


def test_random_loops(loops: list[int]) -> None:
    """As eagerly: what comes out, and gradients."""
    count = max(4, round(12 * float(os.environ.get("MYGRAD_PROGRAMS", "1"))))
    first = int(os.environ.get("MYGRAD_FIRST_PROGRAM", "0"))
    for seed in range(first, first + count):
        code = random_loop(seed)

        def step(w: Any, x: Any, y: Any, code: str = code) -> Any:
            names = {"mg": mg, "w": w, "x": x, "y": y}
            exec(code, names)
            return mg.stack([names["result"], *names["a"], *names["b"]])

        given = [draw(4, 4), draw(40, 4), draw(4, 40)]
        twins = [mg.tensor(t.data.copy()) for t in given]
        found, right = mg.compile(step)(*given), step(*twins)
        np.testing.assert_allclose(found.data, right.data, rtol=1e-9, atol=1e-12, err_msg=code)
        for t, twin in zip(given, twins, strict=True):
            assert (t.grad is None) == (twin.grad is None), code
            if twin.grad is not None:
                close = 1e-9 * max(1.0, float(np.abs(twin.grad).max()))
                np.testing.assert_allclose(t.grad, twin.grad, rtol=1e-8, atol=close, err_msg=code)
    assert len(loops) >= count // 3
