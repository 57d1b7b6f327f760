"""Arguments that are objects: models, optimisers, functions, slices."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax", reason="mg.compile needs JAX, and it is not installed")

import mygrad as mg

pytestmark = pytest.mark.numpy_only("computes on NumPy's arrays")
X = np.random.default_rng(0).standard_normal((6, 2))


class Model:
    def __init__(self) -> None:
        self.w = mg.tensor([1.0, 2.0])
        self.seen = 0

    def __call__(self, x: Any) -> Any:
        self.seen += 1
        return x @ self.w


@dataclass
class Settings:
    scale: float
    weights: Any = field(default_factory=lambda: mg.tensor([1.0, 3.0]))


def train(model: Any, optimizer: Any, x: Any) -> Any:
    loss = (model(x) ** 2).mean()
    loss.backward()
    optimizer.step()
    return loss


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_models_and_optimizers_as_arguments(kind: str) -> None:
    """They change as eagerly; two models of one kind take turns."""
    found = []
    for run in (train, mg.compile(train)):
        models = [Model(), Model()]
        models[1].w.data[...] = [-1.0, 0.5]
        optimizers = [getattr(mg.optim, kind)([m.w], learning_rate=0.1) for m in models]
        losses = [
            run(m, o, X).item() for _ in range(4) for m, o in zip(models, optimizers, strict=True)
        ]
        found.append((losses, [m.w.data.copy() for m in models], [m.seen for m in models],
                      [o.steps for o in optimizers]))  # fmt: skip
    for eager, compiled in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-10)


def test_dataclasses_and_slices_as_arguments() -> None:
    def part(settings: Settings, where: slice) -> Any:
        settings.weights *= settings.scale
        return settings.weights[where] * 2

    run = mg.compile(part)
    for where in (slice(None), slice(1, None)):
        mine, wanted = Settings(2.0), Settings(2.0)
        with mg.no_autodiff:
            for _ in range(3):
                got, right = run(mine, where), part(wanted, where)
                np.testing.assert_allclose(got.data, right.data)
                np.testing.assert_allclose(mine.weights.data, wanted.weights.data)


def test_functions_as_arguments() -> None:
    """What they reach is an input, and one is not taken for another."""
    w, v = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    run = mg.compile(lambda f, x: f(x).sum())
    first, second = (lambda x: w * x), (lambda x: v * x)
    assert [run(first, X[0]).item(), run(second, X[0]).item()] == pytest.approx(
        [w.data @ X[0], v.data @ X[0]]
    )
    w.data[...] = 7.0
    assert run(first, X[0]).item() == pytest.approx(7 * X[0].sum())


def test_second_derivatives_with_a_model_as_argument() -> None:
    settings, x = Settings(1.0), mg.tensor(X[0])
    energy = mg.compile(lambda settings, x: mg.exp(settings.weights * x).sum())
    energy(settings, x).backward(create_graph=True)
    first = x.grad
    x.null_grad()
    first.sum().backward()
    weights = settings.weights.data
    np.testing.assert_allclose(x.grad, weights**2 * np.exp(weights * x.data))


class Compiled(Model):
    @mg.compile
    def step(self, x: Any) -> Any:
        loss = (self(x) ** 2).mean()
        loss.backward()
        self.w.data -= 0.1 * self.w.grad
        return loss


def test_compiled_methods_go_with_their_objects() -> None:
    """Copies have programs of their own, optimisers do not look into them, and nothing is kept."""
    model = Compiled()
    first = model.step(X)
    twin, other = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    losses = [m.step(X).item() for m in (model, twin, other)]
    assert losses[0] == losses[1] == losses[2] < first.item()
    assert model.step is model.step and model.step is not twin.step
    assert list(mg.optim.SGD(model, learning_rate=0.1).state_dict()) == list(
        mg.optim.SGD(Model(), learning_rate=0.1).state_dict()
    )
    assert model.step.cache_info().misses == 1
    gone = weakref.ref(model)
    del model, first
    gc.collect()
    assert gone() is None


def test_asarray() -> None:
    """Of an array or a tensor that comes in, also with another dtype; what is written is shared."""

    @mg.compile
    def f(x: Any, t: Any) -> Any:
        mg.asarray(t)[0] = 7.0
        return np.sqrt(mg.asarray(x * x)) * 2.0, mg.asarray(x, dtype="float32"), t + 0.0

    x, t = np.array([1.0, 2.0]), mg.tensor([3.0, 4.0])
    for _ in range(2):
        twice, single, seen = f(x, t)
        assert twice.data.tolist() == [2.0, 4.0]
        assert single.data.tolist() == [1.0, 2.0] and single.dtype == np.float32
        assert seen.data.tolist() == t.data.tolist() == [7.0, 4.0]
