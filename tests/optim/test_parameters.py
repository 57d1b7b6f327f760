"""Which tensors an optimiser finds, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.optim import SGD, Adam


def names(optimizer: mg.optim.Optimizer) -> list[str]:
    return [name for group in optimizer.groups for name in group["parameters"]]


def new(*shape: int) -> mg.Tensor:
    return mg.ones(shape or (2,))


class Dense:
    """As the layers of packages are: their `parameters` are a property."""

    def __init__(self) -> None:
        self.weight, self.bias, self.seen = new(2, 2), new(), new()

    @property
    def parameters(self) -> tuple[mg.Tensor, ...]:
        return self.weight, self.bias


class Method(Dense):
    def parameters(self) -> Iterator[mg.Tensor]:  # type: ignore[override]
        yield self.weight
        yield self.bias


class Slotted:
    __slots__ = ("__weakref__", "bias", "missing", "weight")

    def __init__(self) -> None:
        self.weight, self.bias = new(), new()


@dataclass
class Model:
    layers: list[Any] = field(default_factory=lambda: [Dense(), Method()])
    scale: mg.Tensor = field(default_factory=new)
    mean: mg.Tensor = field(default_factory=lambda: mg.zeros(2, constant=True))
    steps: mg.Tensor = field(default_factory=lambda: mg.tensor([1, 2]))
    name: str = "model"
    rate: float = 0.1
    nothing: None = None
    function: Any = np.sin
    activation: Any = mg.tanh
    array: Any = field(default_factory=lambda: np.ones(3))
    tables: dict[str, Any] = field(default_factory=lambda: {"a": [new()], "b": (new(), 3, "x")})


# --- structures ---------------------------------------------------------------------------------
def test_nested_containers() -> None:
    w, b, c = new(), new(), new()
    optimizer = SGD({"first": [w, (b, None)], "second": {"c": c}})
    assert names(optimizer) == ["first.0", "first.1.0", "second.c"]
    assert all(t is u for t, u in zip(optimizer.parameters, (w, b, c), strict=True))


def test_a_tensor_alone_and_a_generator() -> None:
    w, b = new(3), new()
    assert SGD(w).parameters[0] is w
    assert SGD(t for t in (w, b)).parameters[1] is b
    assert SGD({"w": w, "b": b}.values()).parameters[1] is b


def test_models_and_their_layers() -> None:
    model = Model()
    assert names(SGD(model)) == [
        "layers.0.parameters.0", "layers.0.parameters.1", "layers.1.parameters.0",
        "layers.1.parameters.1", "scale", "tables.a.0", "tables.b.0",
    ]  # fmt: skip
    assert names(SGD(SimpleNamespace(inner=Slotted()))) == ["inner.bias", "inner.weight"]


def test_models_that_refer_to_themselves() -> None:
    model = SimpleNamespace(w=new())
    model.myself, model.parts = model, [model]
    assert names(SGD(model)) == ["w"]


def test_a_frozen_parameter_of_a_layer_is_left_out() -> None:
    layer = Dense()
    layer.bias = mg.ones(2, constant=True)
    assert names(SGD(layer)) == ["parameters.0"]


def test_a_shared_parameter_is_updated_once() -> None:
    w = mg.tensor([1.0, 2.0])
    optimizer = SGD([w, {"tied": w}, w], learning_rate=1.0)
    (w * w).backward()
    optimizer.step()
    assert host(w).tolist() == [-1, -2]


def test_a_view_of_a_parameter_is_no_parameter_of_its_own() -> None:
    model = SimpleNamespace(w=mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    model.wt = model.w.T
    optimizer = SGD(model, learning_rate=1.0)
    assert names(optimizer) == ["w"]
    (model.wt * 2.0).backward()
    optimizer.step()
    assert host(model.wt).tolist() == [[-1, 1], [0, 2]]
    model.rows = mg.broadcast_to(model.w, (3, 2, 2))
    assert names(SGD(model)) == ["w"]
    model.wt, model.w = model.w, model.wt  # whichever is met first
    assert names(SGD(model)) == ["wt"]


def test_views_of_what_is_no_parameter() -> None:
    flat = mg.tensor([1.0, 2.0, 3.0, 4.0])
    first, second = flat[:2], flat[2:].reshape(2, 1)
    optimizer = SGD([first, second], learning_rate=1.0)
    (first * second).backward()
    optimizer.step()
    assert host(flat).tolist() == [-6, -5, 0, 1]
    with pytest.raises(ValueError, match=r"SGD: the parameters 0 and 1 share memory"):
        SGD([flat[:3], flat[2:]])


def test_groups() -> None:
    w, b, c = new(), new(), new()
    optimizer = Adam(
        [{"parameters": {"w": w, "b": b}}, {"params": c, "learning_rate": 0.5}], learning_rate=0.25
    )
    assert names(optimizer) == ["w", "b", "0"]
    (w + b + c).backward()
    optimizer.step()
    assert [float(host(t)[0].round(4)) for t in (w, b, c)] == [0.75, 0.75, 0.5]
    assert repr(optimizer).startswith("<Adam of 3 parameters: learning_rate=0.25, beta1=0.9")


# --- what is refused ----------------------------------------------------------------------------
def test_constants_among_what_was_given() -> None:
    with pytest.raises(ValueError, match=r"SGD: the parameter 1\.b is constant.*constant=True"):
        SGD([new(), {"b": mg.ones(2, constant=True)}])
    with pytest.raises(ValueError, match=r"the parameter 0 is constant.*dtype is.*int64.*float32"):
        SGD([mg.tensor([1, 2])])


@pytest.mark.parametrize("thing", [1.5, "w", np.ones(2), len, SGD, mg.sin])
def test_things_that_are_no_tensors(thing: Any) -> None:
    kind = type(thing).__name__
    with pytest.raises(TypeError, match=rf"SGD: w\.0 is a {kind}; parameters are tensors"):
        SGD({"w": [thing]})


@pytest.mark.parametrize("nothing", [[], {}, None, SimpleNamespace(a=1)])
def test_nothing_to_change(nothing: Any) -> None:
    with pytest.raises(ValueError, match=r"SGD: there are no variables in what it was given"):
        SGD(nothing)


def test_names_that_are_not_unique() -> None:
    with pytest.raises(ValueError, match=r"two parameters called a\.b"):
        SGD({"a.b": new(), "a": {"b": new()}})


def test_a_parameter_in_two_groups() -> None:
    w = new()
    with pytest.raises(ValueError, match=r"SGD: x of group 1 is also 0 of group 0"):
        SGD([{"parameters": [w]}, {"parameters": {"x": w}}])


def test_groups_that_are_none() -> None:
    with pytest.raises(ValueError, match=r"item 1 has to be a dict with \"parameters\""):
        SGD([{"parameters": new()}, new()])
    with pytest.raises(ValueError, match=r"there are no variables in group 1"):
        SGD([{"parameters": new()}, {"parameters": []}])
    with pytest.raises(ValueError, match=r"group 0 has an option 'lr'; there are learning_rate"):
        SGD([{"parameters": new(), "lr": 0.1}])


def test_complex_parameters() -> None:
    z = mg.tensor([1.0, 2.0]) + 1j
    with pytest.raises(TypeError, match=r"SGD: the parameter 0 is complex"):
        SGD([z])


def test_elements_that_share_memory() -> None:
    w = mg.broadcast_to(mg.tensor([1.0, 2.0]), (3, 2))
    with pytest.raises(ValueError, match=r"the parameter 0 has elements that share memory"):
        SGD([w])


# --- options ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("SGD", {"learning_rate": -1.0}, "learning_rate has to be at least 0 and finite"),
        ("SGD", {"learning_rate": float("nan")}, "learning_rate has to be at least 0 and finite"),
        ("SGD", {"momentum": float("inf")}, "momentum has to be at least 0 and finite"),
        ("SGD", {"dampening": float("inf")}, "dampening has to be"),
        ("SGD", {"nesterov": True}, "Nesterov's momentum needs momentum and no dampening"),
        (
            "SGD", {"nesterov": True, "momentum": 0.5, "dampening": 0.1},
            "needs momentum and no dampening",
        ),
        ("Adam", {"beta1": 1.0}, "beta1 has to be at least 0 and below 1"),
        ("AdamW", {"beta2": -0.1}, "beta2 has to be at least 0 and below 1"),
        ("RMSprop", {"alpha": 1.0}, "alpha has to be at least 0 and below 1"),
        ("Adagrad", {"eps": -1e-9}, "eps has to be at least 0"),
    ],
)  # fmt: skip
def test_options_out_of_range(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: .*{message}"):
        getattr(mg.optim, name)([new()], **options)


@pytest.mark.parametrize(
    ("option", "value"),
    [("learning_rate", None), ("momentum", True), ("nesterov", 1), ("learning_rate", np.ones(1))],
)
def test_options_of_another_type(option: str, value: Any) -> None:
    with pytest.raises(TypeError, match=rf"SGD: {option} "):
        SGD([new()], **{option: value})


def test_an_option_that_is_made_wrong_later_changes_nothing() -> None:
    w, b = new(), new()
    optimizer = SGD([{"parameters": w}, {"parameters": b}], learning_rate=0.1)
    (w + b).backward()
    optimizer.groups[1]["learning_rate"] = -1
    with pytest.raises(ValueError, match="learning_rate has to be at least 0"):
        optimizer.step()
    assert host(w).tolist() == [1, 1]
