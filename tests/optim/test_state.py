"""State that is saved and loaded: a run that goes on from it is the run that did not stop."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.optim import SGD, Adam, Optimizer

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"momentum": 0.9, "dampening": 0.5}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"weight_decay": 0.1}),
    ("AdamW", {"beta1": 0.8}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {"learning_rate_decay": 0.1, "initial_accumulator_value": 0.5}),
]
KINDS = ("float16", "float32", "float64")


def through_memory(state: dict[str, Any]) -> Any:
    return state


def through_a_file(state: dict[str, Any]) -> Any:
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    return np.load(file)


def through_pickle(state: dict[str, Any]) -> Any:
    return pickle.loads(pickle.dumps(state))


def model(kind: str) -> dict[str, Any]:
    if mg.backends.selected_adapter().name == "array-api-strict" and kind == "float16":
        pytest.skip("array-api-strict has no float16")
    rng = np.random.default_rng(0)
    shapes = {"w": (4, 3), "b": (3,), "scale": ()}
    return {n: mg.tensor(rng.standard_normal(s), dtype=kind) for n, s in shapes.items()}


def train(parameters: dict[str, Any], optimizer: Optimizer, steps: range) -> None:
    """Steps by gradients that depend on their numbers; `scale` has one in every other step."""
    x = mg.tensor(np.linspace(-1, 1, 20).reshape(5, 4), dtype=parameters["w"].dtype, constant=True)
    for k in steps:
        optimizer.zero_grad()
        out = mg.tanh(x @ parameters["w"] + parameters["b"]) * (k + 1) / 8
        (out * parameters["scale"] if k % 2 else out).backward()
        optimizer.learning_rate = 0.1 / (k + 1)  # type: ignore[attr-defined]
        optimizer.step()


def groups(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"parameters": {"w": parameters["w"], "scale": parameters["scale"]}},
        {"parameters": {"b": parameters["b"]}, "weight_decay": 0.3},
    ]


def same(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert a.keys() == b.keys()
    for key, value in a.items():
        assert type(value) is type(b[key])
        assert getattr(value, "dtype", None) == getattr(b[key], "dtype", None)
        np.testing.assert_array_equal(value, b[key])


WAYS: list[tuple[Callable[[Any], Any], str, dict[str, Any]]] = [
    *((through_a_file, name, options) for name, options in CASES),
    (through_memory, "Adam", {}),
    (through_pickle, "Adam", {}),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("carry", "name", "options"), WAYS)
def test_a_run_that_was_stopped_goes_on_bit_for_bit(
    carry: Callable[[Any], Any], name: str, options: dict[str, Any], kind: str
) -> None:
    whole = model(kind)
    optimizer = getattr(mg.optim, name)(groups(whole), **options)
    train(whole, optimizer, range(9))

    first = model(kind)
    stopped = getattr(mg.optim, name)(groups(first), **options)
    train(first, stopped, range(4))
    saved = carry(stopped.state_dict())
    values = {n: host(t) for n, t in first.items()}
    second = {n: mg.tensor(a) for n, a in values.items()}
    again = getattr(mg.optim, name)([{"parameters": g["parameters"]} for g in groups(second)])
    again.load_state_dict(saved)
    train(second, again, range(4, 9))

    for n, t in whole.items():
        assert host(t).dtype == host(second[n]).dtype
        np.testing.assert_array_equal(host(t), host(second[n]))
    same(optimizer.state_dict(), again.state_dict())
    assert again.groups[1]["weight_decay"] == 0.3


def test_state_is_numbers_and_arrays_of_numpy() -> None:
    parameters = model("float32")
    optimizer = Adam(groups(parameters))
    train(parameters, optimizer, range(3))
    state = optimizer.state_dict()
    assert {type(v) for v in state.values()} == {int, float, np.ndarray}
    assert sorted(key for key in state if key.startswith(("group", "state.1"))) == [
        "group.1.weight_decay", "state.1.b.first_moment", "state.1.b.second_moment",
        "state.1.b.step",
    ]  # fmt: skip
    assert (state["state.0.w.step"], state["state.0.scale.step"]) == (3, 1)


def test_saved_state_is_a_copy() -> None:
    parameters = model("float64")
    optimizer = Adam(parameters)
    train(parameters, optimizer, range(2))
    saved, again = optimizer.state_dict(), optimizer.state_dict()
    train(parameters, optimizer, range(2, 4))
    same(saved, again)
    optimizer.load_state_dict(saved)
    train(parameters, optimizer, range(4, 6))
    same(saved, again)


@pytest.mark.skip_on("numpy", "there is no second library")
@pytest.mark.parametrize("kind", KINDS[1:])
def test_state_goes_across_libraries(kind: str) -> None:
    parameters = model(kind)
    optimizer = Adam(parameters)
    train(parameters, optimizer, range(3))
    values, name = {n: host(t) for n, t in parameters.items()}, parameters["w"].backend
    with mg.backend("numpy"):
        here = {n: mg.tensor(a) for n, a in values.items()}
        other = Adam(here)
        other.load_state_dict(optimizer.state_dict())
        same(other.state_dict(), optimizer.state_dict())
        train(here, other, range(3, 5))
        assert here["w"].backend == "numpy"
    train(parameters, optimizer, range(3, 5))
    assert parameters["w"].backend == name
    rtol = 1e-12 if kind == "float64" else 1e-5
    for n, t in here.items():
        np.testing.assert_allclose(t.data, host(parameters[n]), rtol=rtol)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
def test_copies_of_a_model_with_its_optimiser(copied: Callable[[Any], Any]) -> None:
    if mg.backends.selected_adapter().name in ("array-api-strict", "dpnp"):
        pytest.skip("its arrays cannot be copied so")
    parameters = model("float64")
    optimizer = Adam(parameters)
    train(parameters, optimizer, range(3))
    twin, twins = copied((parameters, optimizer))
    assert twins.parameters[0] is twin["w"]
    train(parameters, optimizer, range(3, 5))
    train(twin, twins, range(3, 5))
    np.testing.assert_array_equal(host(twin["w"]), host(parameters["w"]))
    same(twins.state_dict(), optimizer.state_dict())


# --- what is refused ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state.0.x.velocity": np.ones(2)}, r"Adam: load_state_dict was given 'state\.0\.x\.velo"),
        ({"state.3.w.step": 1}, r"was given 'state\.3\.w\.step'; here are the options learning_r"),
        ({"momentum": 0.5}, r"was given 'momentum'"),
        ({"group.0.momentum": 0.5}, r"was given 'group\.0\.momentum'"),
        ({"learning_rate": -1.0}, r"learning_rate has to be at least 0"),
        ({"state.0.w.first_moment": np.ones(2)}, r"first_moment of shape \(2,\) for the param"),
        ({"state.0.b.step": None}, r"load_state_dict was given no step of b"),
    ],
)
def test_state_that_does_not_fit_changes_nothing(change: dict[str, Any], message: str) -> None:
    parameters = model("float64")
    optimizer = Adam(parameters)
    train(parameters, optimizer, range(2))
    before = optimizer.state_dict()
    wrong = {**before, "learning_rate": 0.5, "group.0.eps": 1.0, **change}
    wrong = {key: value for key, value in wrong.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(wrong)
    same(optimizer.state_dict(), before)


def test_state_of_another_precision_is_cast() -> None:
    parameters = model("float64")
    optimizer = SGD(parameters, momentum=0.5)
    train(parameters, optimizer, range(2))
    other = {n: mg.tensor(host(t), dtype="float32") for n, t in parameters.items()}
    again = SGD(other)
    again.load_state_dict(optimizer.state_dict())
    train(other, again, range(2, 4))
    assert again.state_dict()["state.0.w.velocity"].dtype == np.float32
