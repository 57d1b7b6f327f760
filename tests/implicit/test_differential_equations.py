"""Derivatives of solutions of differential equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import linalg

import mygrad as mg
from mygrad.implicit import NoSolution, odeint, solve_ivp

pytestmark = pytest.mark.numpy_only("SciPy computes on NumPy's arrays")

TIMES = np.array([0.0, 0.4, 0.5, 1.3])
START = np.array([1.0, -0.5])


def linear(t: Any, y: Any, a: Any) -> Any:
    return a @ y


def pendulum(y: Any, t: Any, length: Any, drive: Any) -> Any:
    return np.stack([y[1], -np.sin(y[0]) / length + drive * np.cos(t)])


def difference(f: Any, x: Any, step: float = 1e-5) -> np.ndarray:
    """Central differences of a scalar function."""
    x = np.asarray(x, float)
    found = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        at = np.zeros(x.shape)
        at[k] = step
        found[k] = (np.asarray(f(x + at)) - np.asarray(f(x - at))) / (2 * step)
    return found


@pytest.mark.parametrize("method", ["RK45", "DOP853", "LSODA"])
@pytest.mark.parametrize("end", [1.5, -0.5])
def test_linear_equations_are_the_exponential(method: str, end: float) -> None:
    matrix = np.array([[0.1, 1.0], [-1.0, -0.3]])

    def loss(a: Any, y0: Any) -> Any:
        solution = solve_ivp(linear, (0.0, end), y0, method, args=(a,), rtol=1e-9, atol=1e-9)
        assert solution.y.shape == (2, 1)
        return mg.sum(solution.y[:, 0] * np.array([1.0, 2.0]))

    wanted = linalg.expm(matrix * end)
    np.testing.assert_allclose(mg.grad(loss, 1)(matrix, START), wanted.T @ [1.0, 2.0], rtol=1e-6)
    by_matrix = difference(lambda a: linalg.expm(a * end) @ START @ [1.0, 2.0], matrix)
    np.testing.assert_allclose(mg.grad(loss)(matrix, START), by_matrix, rtol=1e-5, atol=1e-6)


def test_parameters_start_and_times_to_second_order() -> None:
    def loss(length: Any, drive: Any, y0: Any, times: Any) -> Any:
        states = odeint(pendulum, y0, times, (length, drive))
        assert states.shape == (4, 2)
        return mg.sum(states**2 * np.arange(1.0, 9.0).reshape(4, 2))

    at = (1.2, 0.3, START, TIMES)
    found = mg.grad(loss, (0, 1, 2, 3))(*at)
    for k, gradient in enumerate(found):

        def along(x: Any, k: int = k) -> Any:
            return mg.asarray(loss(*at[:k], x, *at[k + 1 :]))

        np.testing.assert_allclose(gradient, difference(along, at[k]), rtol=1e-5, atol=1e-6)

    def slope(length: Any) -> Any:
        return mg.grad(loss)(length, *at[1:])

    second = mg.grad(mg.grad(loss))(*at)
    np.testing.assert_allclose(second, difference(slope, 1.2, 1e-4), rtol=1e-5)


@pytest.mark.parametrize("keep_every", [1, 3, 1000])
def test_states_that_are_kept_change_nothing(keep_every: int) -> None:
    def loss(length: Any) -> Any:
        solution = solve_ivp(
            lambda t, y, *args: pendulum(y, t, *args),
            (0.0, 4.0),
            START,
            t_eval=[1.0, 3.0],
            args=(length, 0.2),
            keep_every=keep_every,
        )
        np.testing.assert_array_equal(solution.t, [1.0, 3.0])
        return mg.sum(solution.y)

    exact = difference(lambda x: mg.asarray(loss(x)), 1.1)
    np.testing.assert_allclose(mg.grad(loss)(1.1), exact, rtol=1e-5)


def test_states_of_any_shape_and_dtype() -> None:
    rate = mg.tensor(0.5)
    y0 = np.ones((2, 3), "float32")
    states = odeint(lambda y, t, k: -k * y, y0, [0.0, 1.0], (rate,))
    assert states.shape == (2, 2, 3)
    assert states.dtype == np.float32
    states[-1].sum().backward()
    np.testing.assert_allclose(rate.grad, -6 * np.exp(-0.5), rtol=1e-5)


def test_one_time_is_the_beginning() -> None:
    y0 = mg.tensor([1.0, 2.0])
    states = odeint(lambda y, t: -y, y0, [0.0])
    np.testing.assert_array_equal(states, [[1.0, 2.0]])
    states.sum().backward()
    np.testing.assert_array_equal(y0.grad, [1.0, 1.0])


def test_a_solution_that_ends_too_early_raises() -> None:
    with pytest.raises(NoSolution, match="stopped at t="), np.errstate(all="ignore"):
        odeint(lambda y, t: y**2, np.array([1.0]), [0.0, 2.0])
