"""Every optimiser and option against PyTorch, step by step, in float64 and float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import mygrad as mg

torch = pytest.importorskip("torch", reason="PyTorch, the oracle of these tests, is missing")

STEPS = 20
PYTORCH = {
    "learning_rate": "lr",
    "learning_rate_decay": "lr_decay",
}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"learning_rate": 0.1}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.3}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "dampening": 0.4}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "dampening": -0.5, "weight_decay": 0.3}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.3}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.7, "eps": 0.1}),
    ("Adam", {"learning_rate": 0.1, "beta1": 0.0, "beta2": 0.0}),
    ("Adam", {"learning_rate": 0.1, "weight_decay": 0.3}),
    ("AdamW", {}),
    ("AdamW", {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.7, "eps": 0.1}),
    ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.0}),
    ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.3}),
    ("RMSprop", {}),
    ("RMSprop", {"learning_rate": 0.1, "alpha": 0.5, "eps": 0.1, "weight_decay": 0.3}),
    ("RMSprop", {"learning_rate": 0.1, "momentum": 0.9}),
    ("RMSprop", {"learning_rate": 0.1, "centered": True}),
    ("RMSprop", {"learning_rate": 0.1, "centered": True, "momentum": 0.9, "weight_decay": 0.3}),
    ("Adagrad", {}),
    ("Adagrad", {"learning_rate": 0.1, "learning_rate_decay": 0.2, "eps": 0.1}),
    ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.3}),
]
IDS = [f"{name}({', '.join(f'{k}={v}' for k, v in options.items())})" for name, options in CASES]


def theirs(name: str, parameters: Any, options: dict[str, Any]) -> Any:
    """PyTorch's optimiser with the same options."""
    named = {PYTORCH.get(k, k): v for k, v in options.items()}
    if "beta1" in named:
        named["betas"] = named.pop("beta1"), named.pop("beta2")
    return getattr(torch.optim, name)(parameters, **named)


def give_gradient(t: mg.Tensor, g: NDArray[Any]) -> None:
    (t * mg.tensor(g, constant=True)).backward()


def compare(
    name: str, options: dict[str, Any], starts: list[NDArray[Any]], rtol: float, steps: int = STEPS
) -> None:
    """Run both on the same gradients; some parameters have none in some steps."""
    rng = np.random.default_rng(0)
    ours = [mg.tensor(a) for a in starts]
    oracle = [torch.tensor(a, requires_grad=True) for a in starts]
    optimizer = getattr(mg.optim, name)(ours, **options)
    reference = theirs(name, oracle, options)
    for k in range(steps):
        optimizer.zero_grad()
        reference.zero_grad()
        for n, (t, u) in enumerate(zip(ours, oracle, strict=True)):
            if n == 1 and k % 4 == 1:
                continue
            g = np.asarray(rng.standard_normal(t.shape)).astype(starts[n].dtype)
            give_gradient(t, g)
            u.grad = torch.tensor(g)
        optimizer.step()
        reference.step()
        for t, u in zip(ours, oracle, strict=True):
            assert t.dtype == mg.tensor(starts[0]).dtype
            np.testing.assert_allclose(host(t), u.detach().numpy(), rtol=rtol, atol=rtol)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_steps_are_those_of_pytorch(name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    compare(name, options, [rng.standard_normal(s) for s in ((3, 4), (5,), ())], 1e-12)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_steps_in_single_precision(name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    starts = [np.asarray(rng.standard_normal(s), "f4") for s in ((3, 4), (5,), ())]
    compare(name, options, starts, 1e-4)


@given(
    case=st.sampled_from(CASES),
    shape=st.lists(st.integers(0, 4), max_size=4),
    kind=st.sampled_from(["f4", "f8"]),
)
def test_parameters_of_any_shape(
    case: tuple[str, dict[str, Any]], shape: list[int], kind: str
) -> None:
    start = np.asarray(np.random.default_rng(2).standard_normal(shape), kind)
    compare(*case, [start], 1e-4 if kind == "f4" else 1e-12, steps=3)


def test_options_that_change_between_steps() -> None:
    """A schedule of the learning rate, for all groups and for one of them."""
    starts = [np.array([1.0, 2.0]), np.array([3.0])]
    ours = [mg.tensor(a) for a in starts]
    oracle = [torch.tensor(a, requires_grad=True) for a in starts]
    optimizer = mg.optim.SGD(
        [{"parameters": ours[0]}, {"parameters": ours[1:], "momentum": 0.5}], learning_rate=0.1
    )
    reference = torch.optim.SGD(
        [{"params": oracle[0]}, {"params": oracle[1:], "momentum": 0.5}], lr=0.1
    )
    for k in range(6):
        optimizer.learning_rate = reference.param_groups[0]["lr"] = 0.1 / (k + 1)
        optimizer.groups[1]["learning_rate"] = reference.param_groups[1]["lr"] = 0.3 / (k + 1)
        for t, u in zip(ours, oracle, strict=True):
            (t**2).backward()
            (u**2).sum().backward()
        optimizer.step()
        reference.step()
        reference.zero_grad()
    for t, u in zip(ours, oracle, strict=True):
        np.testing.assert_allclose(host(t), u.detach().numpy(), rtol=1e-12)
