"""L-BFGS: what it reaches, where, and what it leaves when something fails."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from gradcheck import host
from scipy import optimize

import mygrad as mg
from mygrad.optim import LBFGS


def least_squares(dtype: str = "float64") -> tuple[dict[str, Any], Any, np.ndarray]:
    """Parameters of a linear model, its loss, and where that is smallest."""
    rng = np.random.default_rng(1)
    points, wanted = rng.standard_normal((30, 4)), rng.standard_normal(30)
    known = mg.tensor(points, dtype=dtype, constant=True)
    values = mg.tensor(wanted, dtype=dtype, constant=True)
    model = {"w": mg.tensor(np.zeros(4), dtype=dtype), "b": mg.tensor(0.0, dtype=dtype)}

    def loss() -> Any:
        return ((known @ model["w"] + model["b"] - values) ** 2).mean()

    best = np.linalg.lstsq(np.c_[points, np.ones(30)], wanted, rcond=None)[0]
    return model, loss, best


@pytest.mark.parametrize(("dtype", "digits"), [("float64", 1e-6), ("float32", 1e-3)])
def test_it_finds_the_minimum(dtype: str, digits: float) -> None:
    model, loss, best = least_squares(dtype)
    memory = model["w"].data
    optimizer = LBFGS(model, max_iterations=100)
    reached = optimizer.step(loss)
    np.testing.assert_allclose(host(model["w"]), best[:4], rtol=digits, atol=digits)
    np.testing.assert_allclose(host(model["b"]), best[4], rtol=digits)
    assert reached == pytest.approx(loss().item(), rel=1e-6)
    assert str(model["w"].dtype).endswith(dtype)
    assert model["w"].grad is None
    if mg.backends.selected_adapter().has_views:  # the memory is that of before
        np.testing.assert_array_equal(host(memory), host(model["w"]))


def test_the_path_is_that_of_scipy() -> None:
    calls = []

    def f(x: Any) -> Any:
        return ((x[1:] - x[:-1] ** 2) ** 2).sum() * 100 + ((1 - x[:-1]) ** 2).sum()

    def derivative(x: np.ndarray) -> np.ndarray:
        return np.asarray(optimize.rosen_der(x))

    x = mg.tensor(np.array([-1.2, 1.0, 0.5, 2.0]))
    optimizer = LBFGS(x, max_iterations=15, tolerance=1e-9, change_tolerance=0.0)

    def loss() -> Any:
        calls.append(host(x).copy())
        return f(x)

    reached = optimizer.step(loss)
    theirs = optimize.minimize(
        optimize.rosen, [-1.2, 1.0, 0.5, 2.0], jac=derivative, method="L-BFGS-B",
        options={"maxiter": 15, "maxcor": 10, "gtol": 1e-9, "ftol": 0.0},
    )  # fmt: skip
    assert optimizer.result.nfev == len(calls) == theirs.nfev
    assert optimizer.result.nit == theirs.nit == 15
    np.testing.assert_allclose(host(x), theirs.x, rtol=1e-6)
    assert reached == pytest.approx(theirs.fun, rel=1e-6)


def test_losses_that_call_backward_themselves() -> None:
    model, loss, _ = least_squares()
    other, same, _ = least_squares()

    def with_backward() -> Any:
        value = loss()
        value.backward()
        return value

    LBFGS(model).step(with_backward)
    LBFGS(other).step(same)
    np.testing.assert_array_equal(host(model["w"]), host(other["w"]))


def test_steps_go_on_from_what_was_saved() -> None:
    model, loss, _ = least_squares()
    optimizer = LBFGS(model, max_iterations=2)
    optimizer.step(loss)
    file = io.BytesIO()
    np.savez(file, **optimizer.state_dict())
    file.seek(0)
    again, same, _ = least_squares()
    with mg.no_autodiff:
        for name, t in again.items():
            t[...] = model[name]
    other = LBFGS(again)
    other.load_state_dict(np.load(file))
    assert other.steps == 1
    assert other.max_iterations == 2
    optimizer.step(loss)
    other.step(same)
    np.testing.assert_array_equal(host(model["w"]), host(again["w"]))


@pytest.mark.parametrize("after", [0, 3])
def test_an_error_leaves_the_parameters_as_they_were(after: int) -> None:
    model, loss, _ = least_squares()
    calls = iter(range(100))

    def fails() -> Any:
        if next(calls) == after:
            raise ZeroDivisionError
        return loss()

    before = {name: host(t).copy() for name, t in model.items()}
    optimizer = LBFGS(model)
    with pytest.raises(ZeroDivisionError):
        optimizer.step(fails)
    for name, t in model.items():
        np.testing.assert_array_equal(host(t), before[name])
    assert optimizer.steps == 0


def test_parameters_that_the_loss_does_not_use_stay() -> None:
    model, loss, _ = least_squares()
    unused = mg.tensor([1.0, 2.0])
    LBFGS([model, unused]).step(loss)
    np.testing.assert_array_equal(host(unused), [1.0, 2.0])
