"""Solutions that are complex, and integrals and states: against closed forms, to second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytestmark = pytest.mark.numpy_only("SciPy computes on NumPy's arrays")
pytest.importorskip("scipy")

H = np.array([[1.0, 0.5 - 0.2j], [0.5 + 0.2j, -1.0]])
POSITIVE = H @ H + np.eye(2)
B = np.array([1.0 + 1.0j, 2.0j])
LEVELS, STATES = np.linalg.eigh(H)
solutions = mg.implicit


def after(t: Any) -> Any:
    """The state of a two-level system that began in the first one."""
    return STATES @ (np.exp(-1j * t * LEVELS) * STATES.conj().T[:, 0])


def evolved(w: Any) -> Any:
    start = np.array([1.0 + 0.0j, 0.0])
    return solutions.solve_ivp(
        lambda t, y, w: -1j * w * (H @ y), (0.0, 1.0), start, args=(w,)
    ).y[:, 0]


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "root": (
        lambda w: solutions.root(lambda z, w: z**2 + w, 0.1 + 1.0j, (w,)),
        lambda w: 1j * np.sqrt(w),
    ),
    "root of several": (
        lambda w: solutions.root(lambda z, w: z**3 - w * B, np.ones(2) + 0.2j, (w,)),
        lambda w: w ** (1 / 3) * B ** (1 / 3),
    ),
    "fixed point": (
        lambda w: solutions.fixed_point(lambda z, w: 0.3j * z + w, 0.0j, (w,)),
        lambda w: w / (1 - 0.3j),
    ),
    "minimum": (
        lambda w: solutions.minimize(
            lambda z, w: mg.sum(mg.real(z - w**2 * B) ** 2 + 2 * mg.imag(z - w**2 * B) ** 2),
            np.ones(2) * 1j, (w,), tol=1e-9,
        ),
        lambda w: w**2 * B,
    ),
    "conjugate gradients": (
        lambda w: solutions.cg(lambda x, w: w * (POSITIVE @ x), B, (w,)),
        lambda w: np.linalg.solve(POSITIVE, B) / w,
    ),
    "minimal residuals": (
        lambda w: solutions.gmres(lambda x, w: w * (H @ x), B, (w,)),
        lambda w: np.linalg.solve(H, B) / w,
    ),
    "integral": (
        lambda w: solutions.quad(lambda t, w: np.exp(1j * w * t), 0.0, 1.0, (w,)),
        lambda w: (np.exp(1j * w) - 1) / (1j * w),
    ),
    "integral to there": (
        lambda w: solutions.quad(lambda t: np.exp(1j * t), 0.0, w),
        lambda w: (np.exp(1j * w) - 1) / 1j,
    ),
    "integral to infinity": (
        lambda w: solutions.quad(lambda t, w: np.exp((1j - w) * t), 0.0, np.inf, (w,)),
        lambda w: 1 / (w - 1j),
    ),
    "states by a parameter": (evolved, after),
    "states by time": (
        lambda w: solutions.odeint(
            lambda y, t: -1j * (H @ y), np.array([1.0 + 0.0j, 0.0]), mg.stack([0.0 * w, w])
        )[1],
        after,
    ),
    "states by their beginning": (
        lambda w: solutions.odeint(
            lambda y, t: -1j * (H @ y), w * np.array([1.0 + 0.0j, 0.0]), np.array([0.0, 0.5])
        )[1],
        lambda w: w * after(0.5),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_are_those_of_the_closed_form(name: str) -> None:
    ours, closed = CASES[name]
    w = np.array(1.3)

    def loss(of: Callable[..., Any]) -> Callable[..., Any]:
        def total(w: Any) -> Any:
            z = of(w)
            return mg.sum(mg.real(z) ** 3 + 0.7 * mg.real(z) + mg.imag(z) ** 2)

        return total

    np.testing.assert_allclose(ours(mg.tensor(w)).data, closed(w), rtol=1e-6, atol=1e-9)
    first, second = mg.grad(loss(ours)), mg.grad(mg.grad(loss(ours)))
    np.testing.assert_allclose(first(w), mg.grad(loss(closed))(w), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(second(w), mg.grad(mg.grad(loss(closed)))(w), rtol=1e-4, atol=1e-7)


def test_complex_parameters_of_a_complex_solution() -> None:
    a = np.array([0.4 - 0.2j, 1.5 + 0.3j])
    found = mg.grad(lambda a: mg.sum(mg.absolute(solutions.root(lambda z, a: z**2 - a, a, (a,)))))
    wanted = mg.grad(lambda a: mg.sum(mg.absolute(mg.sqrt(a))))
    np.testing.assert_allclose(found(a), wanted(a), rtol=1e-8)


def test_what_is_known_without_a_variable() -> None:
    state = solutions.odeint(lambda y, t: 1j * y, 1.0 + 0.0j, [0.0, np.pi])
    assert type(state) is np.ndarray
    np.testing.assert_allclose(state, [1.0, -1.0], atol=1e-6)


def test_complex_where_real_was_given() -> None:
    with pytest.raises(TypeError, match=r"begin with complex ones, x0 \+ 0j"):
        solutions.root(lambda z: z**2 + 1j, 1.0)
    with pytest.raises(TypeError, match=r"begin with complex ones, x0 \+ 0j"):
        solutions.solve_ivp(lambda t, y: 1j * y, (0.0, 1.0), [1.0])
