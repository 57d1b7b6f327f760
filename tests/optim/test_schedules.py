"""Schedules: what they are at which step, beside PyTorch's, and in optimisers."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.optim import SGD, Adam, Cosine, Exponential, Linear, OneCycle, StepDecay, WarmUp

SCHEDULES = [
    StepDecay(0.5, 3, 0.5),
    Exponential(0.5, 0.9),
    Linear(0.5, 8, 0.1),
    Cosine(0.5, 8, 0.1),
    WarmUp(Cosine(0.5, 6), 4),
    WarmUp(0.5, 3, 0.1),
    OneCycle(0.5, 12),
    OneCycle(0.85, 12, start=0.95, end=0.9, rise=0.5),
]


@pytest.mark.parametrize(
    ("schedule", "ours"),
    [
        (lambda t, o: t.StepLR(o, 3, 0.5), StepDecay(0.5, 3, 0.5)),
        (lambda t, o: t.ExponentialLR(o, 0.9), Exponential(0.5, 0.9)),
        (lambda t, o: t.LinearLR(o, 1.0, 0.2, 8), Linear(0.5, 8, 0.1)),
        (lambda t, o: t.CosineAnnealingLR(o, 8, 0.1), Cosine(0.5, 8, 0.1)),
        (lambda t, o: t.LinearLR(o, 0.2, 1.0, 3), WarmUp(0.5, 3, 0.1)),
        (lambda t, o: t.OneCycleLR(o, 0.5, 12, cycle_momentum=False), OneCycle(0.5, 12)),
        (
            lambda t, o: t.OneCycleLR(o, 0.5, 10, pct_start=0.5, cycle_momentum=False),
            OneCycle(0.5, 10, rise=0.5),
        ),
    ],
    ids=["step", "exponential", "linear", "cosine", "warm-up", "one cycle", "half a cycle"],
)
def test_the_values_are_those_of_pytorch(schedule: Any, ours: Any) -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    theirs = schedule(torch.optim.lr_scheduler, optimizer)
    for step in range(8):  # after its end, CosineAnnealingLR rises again
        assert ours(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12), step
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_a_schedule_is_a_plain_value(schedule: Any) -> None:
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert repr(again) == repr(schedule)
    values = [schedule(n) for n in range(40)]
    assert all(type(v) is float and v >= 0 for v in values)
    if not isinstance(schedule, (StepDecay, Exponential)):
        assert values[-1] == values[14]


def test_ends_are_reached_exactly() -> None:
    assert Cosine(0.3, 7, 0.1)(7) == Linear(0.3, 7, 0.1)(7) == 0.1
    assert OneCycle(0.3, 10, end=0.0)(9) == 0.0
    assert WarmUp(0.3, 7)(7) == 0.3


def test_an_optimiser_asks_before_each_step() -> None:
    asked: list[int] = []

    def rate(step: int) -> float:
        asked.append(step)
        return 1.0 / (step + 1)

    x = mg.tensor([0.0])
    optimizer = SGD(x, learning_rate=rate)
    asked.clear()
    for _ in range(3):
        x.sum().backward()
        optimizer.step()
    assert asked == [0, 1, 2]
    assert optimizer.steps == 3
    np.testing.assert_allclose(host(x), [-(1 + 1 / 2 + 1 / 3)], rtol=1e-6)


def test_groups_and_other_options_follow_schedules_of_their_own() -> None:
    x, y = mg.tensor([0.0], dtype="float64"), mg.tensor([0.0], dtype="float64")
    optimizer = SGD(
        [{"parameters": x}, {"parameters": y, "learning_rate": StepDecay(1.0, 1, 0.5)}],
        learning_rate=Linear(1.0, 2),
    )
    optimizer.momentum = WarmUp(0.5, 1, start=0.25)
    for _ in range(2):
        (x + y).sum().backward()
        optimizer.step()
    np.testing.assert_allclose(host(x), [-(1.0 + 0.5 * 1.5)])  # a velocity of 1, then of 1.5
    np.testing.assert_allclose(host(y), [-(1.0 + 0.5 * 1.5)])


def test_a_run_that_stops_goes_on_in_its_schedule() -> None:
    def run(stop: int | None) -> Any:
        x = mg.tensor([1.0, 2.0])

        def optimizer() -> Adam:
            return Adam([{"parameters": x, "beta1": Linear(0.9, 6, 0.5)}], OneCycle(0.1, 6))

        now = optimizer()
        for n in range(6):
            if n == stop:
                file = io.BytesIO()
                np.savez(file, **now.state_dict())
                file.seek(0)
                now = optimizer()
                now.load_state_dict(np.load(file))
            (x**2).backward()
            now.step()
        return host(x)

    straight = run(None)
    for stop in range(6):
        np.testing.assert_array_equal(run(stop), straight)


def test_a_step_that_fails_is_not_counted() -> None:
    x = mg.tensor([1.0])
    optimizer = SGD(x, learning_rate=lambda n: -1.0 if n == 1 else 0.5)
    for count in (1, 1):
        (x**2).backward()
        if optimizer.steps:
            with pytest.raises(ValueError, match="learning_rate has to be at least 0"):
                optimizer.step()
        else:
            optimizer.step()
        assert optimizer.steps == count
    np.testing.assert_array_equal(host(x), [0.0])
