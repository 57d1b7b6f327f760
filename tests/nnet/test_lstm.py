"""LSTM: against PyTorch's, against differences, step by step, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, host, raw
from hypothesis import given, settings
from hypothesis import strategies as st

import mygrad as mg
from mygrad.nnet.activations import sigmoid
from mygrad.nnet.layers import lstm


def operands(steps: int, batch: int, channels: int, size: int, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    shapes = [(steps, batch, channels), (channels, 4 * size), (size, 4 * size), (4 * size,)]
    return [rng.normal(size=s) for s in (*shapes, (batch, size), (batch, size))]


def step_by_step(X: Any, U: Any, W: Any, b: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """The definition, as a program of tensors."""
    size = W.shape[0]
    states, cells = [h], [c]
    for x in X:
        total = mg.matmul(x, U) + mg.matmul(h, W) + b
        i, f, g, o = (total[:, k * size : (k + 1) * size] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * mg.tanh(g)
        h = sigmoid(o) * mg.tanh(c)
        states.append(h)
        cells.append(c)
    return mg.stack(states), mg.stack(cells)


def joined(result: tuple[Any, Any]) -> Any:
    """Both results in one, weighted so that they are told apart."""
    h, c = result
    return mg.concatenate([h, 0.5 * c], axis=-1)


def test_lstm_against_torch() -> None:
    oracle = pytest.importorskip("torch_oracle")
    torch = oracle.torch
    module = torch.nn.LSTM(3, 2).double()
    given = operands(4, 2, 3, 2)

    def theirs(X: Any, U: Any, W: Any, b: Any, h0: Any, c0: Any) -> Any:
        weights = {"weight_ih_l0": U.T, "weight_hh_l0": W.T, "bias_ih_l0": b}
        weights["bias_hh_l0"] = torch.zeros_like(b)
        h, (_, c) = torch.func.functional_call(module, weights, (X, (h0[None], c0[None])))
        return torch.cat([h.reshape(-1), c.reshape(-1)])

    def ours(*arrays: Any) -> Any:
        h, c = lstm(*arrays)
        return mg.concatenate([h[1:].reshape(-1), c[-1].reshape(-1)])

    oracle.agree(ours, theirs, *given)


@settings(max_examples=min(5, settings.default.max_examples))
@given(sizes=st.tuples(st.integers(0, 3), *[st.integers(1, 2)] * 3))
def test_lstm_of_any_shape(sizes: tuple[int, int, int, int]) -> None:
    check_second_derivatives(lambda *a: joined(lstm(*a)), operands(*sizes))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lstm_is_the_program_of_its_definition(dtype: str) -> None:
    arrays = [a.astype(dtype) / 2 for a in operands(7, 3, 4, 5)]
    found = []
    for f in (lstm, step_by_step):
        leaves = [mg.tensor(a) for a in arrays]
        result = joined(f(*leaves))
        seed = np.random.default_rng(1).normal(size=result.shape).astype(dtype)
        result.backward(raw(seed))
        assert all(t.grad.dtype == t.dtype for t in leaves)
        found.append([host(result), *(host(t.grad) for t in leaves)])
    close = {"rtol": 2e-4, "atol": 2e-5} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-12}
    for got, want in zip(*found, strict=True):
        np.testing.assert_allclose(got, want, **close)


def test_first_states_are_zeros_or_broadcast() -> None:
    X, U, W, b, h0, _ = operands(3, 2, 3, 2)
    zeros = np.zeros((2, 2))
    h, c = lstm(mg.tensor(X), U, W, b)
    again, _ = lstm(mg.tensor(X), U, W, b, zeros, zeros)
    np.testing.assert_array_equal(host(h), host(again))
    assert h.shape == c.shape == (4, 2, 2)
    first = mg.tensor(h0[0])
    h, _ = lstm(X, U, W, b, first, mg.tensor(1.0))
    h.backward()
    wide = mg.tensor(np.stack([h0[0]] * 2))
    lstm(X, U, W, b, wide, mg.ones((2, 2)))[0].backward()
    np.testing.assert_allclose(host(first.grad), host(wide.grad).sum(0))


def test_what_is_constant_gets_no_gradient() -> None:
    arrays = operands(3, 2, 3, 2)
    whole = [mg.tensor(a) for a in arrays]
    joined(lstm(*whole)).backward()
    for k in range(6):
        part = [mg.tensor(a, constant=j != k) for j, a in enumerate(arrays)]
        joined(lstm(*part)).backward()
        np.testing.assert_allclose(host(part[k].grad), host(whole[k].grad), rtol=1e-10)
        assert all(t.grad is None for j, t in enumerate(part) if j != k)
    assert all(t.constant for t in lstm(*arrays))
    assert all(t.constant for t in lstm(*whole, constant=True))


@pytest.mark.parametrize(
    ("place", "shape", "error"),
    [
        (0, (3, 2), ValueError),
        (1, (4, 8), ValueError),
        (2, (2, 6), ValueError),
        (3, (2,), ValueError),
        (4, (3, 2), ValueError),
        (5, (1, 2, 2), ValueError),
        (1, None, TypeError),
    ],
)
def test_what_lstm_refuses(place: int, shape: Any, error: Any) -> None:
    arrays = operands(3, 2, 3, 2)
    arrays[place] = np.ones((3, 8), int) if shape is None else np.ones(shape)
    with pytest.raises(error, match="lstm: "):
        lstm(*(raw(a) for a in arrays))
