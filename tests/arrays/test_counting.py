"""Steps of training ask a device for nothing that makes the host wait, on any array library.

Counted by an adapter; `test_launches.py` counts kernel launches of CuPy.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from counting_adapter import Counts, counted

import mygrad as mg
from mygrad.nnet import (
    batchnorm,
    conv_nd,
    gru,
    max_pool,
    relu,
    softmax_crossentropy,
)  # fmt: skip
from mygrad.optim import SGD, Adam

pytestmark = pytest.mark.numpy_only("counts what is asked of array-api-strict")


def drawn(*shape: int) -> mg.Tensor:
    rng = np.random.default_rng(sum(shape))
    return mg.tensor(rng.standard_normal(shape))


def data(*shape: int) -> mg.Tensor:
    """A constant on the selected backend."""
    return mg.tensor(drawn(*shape), constant=True)


def labels(count: int) -> Any:
    return mg.asarray(mg.tensor(np.arange(count) % 3))


def mlp() -> Callable[[], mg.Tensor]:
    weights = [drawn(4, 16), drawn(16), drawn(16, 3), drawn(3)]
    x, y, optimizer = data(8, 4), labels(8), Adam(weights)

    def step() -> mg.Tensor:
        a, b, c, d = weights
        loss = softmax_crossentropy(relu(x @ a + b) @ c + d, y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def cnn() -> Callable[[], mg.Tensor]:
    weights = [drawn(4, 2, 3, 3), drawn(4), drawn(4), drawn(16, 3)]
    x, y, optimizer = data(2, 2, 4, 4), labels(2), SGD(weights, learning_rate=0.1, momentum=0.9)

    def step() -> mg.Tensor:
        filters, gamma, beta, last = weights
        hidden = conv_nd(x, filters, stride=1, padding=1)
        hidden = batchnorm(hidden, gamma=gamma, beta=beta, eps=1e-5)
        pooled = max_pool(relu(hidden), (2, 2), 2).reshape(2, -1)
        loss = softmax_crossentropy(pooled @ last, y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def recurrent() -> Callable[[], mg.Tensor]:
    weights = [drawn(*shape) for shape in [(3, 5), (5, 5), (5,)] * 3 + [(5, 3)]]
    x, y, optimizer = data(4, 2, 3), labels(2), Adam(weights)

    def step() -> mg.Tensor:
        *cell, last = weights
        loss = softmax_crossentropy(gru(x, *cell)[-1] @ last, y)
        loss.backward()
        optimizer.step()
        return loss

    return step


MOST_CALLS = {"mlp": 125, "cnn": 170, "gru": 380}
"""By program, the calls of functions and operators that a step makes."""

STEPS = {"mlp": mlp, "cnn": cnn, "gru": recurrent}


@pytest.mark.parametrize("name", STEPS)
def test_steps_neither_wait_nor_transfer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = counted(monkeypatch)
    step = STEPS[name]()
    step()
    counts.clear()
    step()
    assert counts.transfers == {}
    assert counts.waits == {}
    assert 20 < counts.calls.total() <= MOST_CALLS[name], counts.calls


def test_what_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: Counts = counted(monkeypatch)
    x = mg.tensor([1.0, 2.0])
    assert counts.transfers == {"from_host": 1}
    assert x[x > 1.5].sum().item() == 2.0
    assert counts.waits["a mask"] == 1
    assert counts.transfers["to_host"] == 1
    assert x.sum() > 1.0
    assert counts.waits["__bool__"] == 1
    counts.clear()
    x * x + x
    assert counts.calls.total() == 2
    assert not counts.waits


# --- devices --------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", STEPS)
def test_gradients_live_where_their_tensors_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted(monkeypatch)
    device = mg.get_adapter("array-api-strict").parse_device("device1")
    with mg.backend("array-api-strict", device=device):
        step = STEPS[name]()
    loss = step()  # where another device is selected again
    assert mg.tensor(1.0).device != device
    assert loss.device == device
    tensors = [loss, *(t for t in inspect.getclosurevars(step).nonlocals["weights"])]
    assert [t.grad.device for t in tensors] == [device] * len(tensors)
