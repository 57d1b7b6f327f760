"""Derivatives of roots, fixed points, minima, linear solutions and integrals, to second order.

The oracles are what the solutions are in closed form, differentiated by mygrad's operations, and
central differences of the solutions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import mygrad as mg
from mygrad.implicit import NoSolution, cg, fixed_point, gmres, minimize, quad, root

numpy_only = pytest.mark.numpy_only("SciPy computes on NumPy's arrays")

STIFF = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
FORCE = np.array([1.0, -2.0, 0.5])
OBSERVED = np.array([0.3, 1.1, 2.5])


def springs(k: Any) -> Any:
    """A symmetric, positive definite matrix that depends on a number."""
    return STIFF + k * np.eye(3)


def drifting(k: Any) -> Any:
    return np.eye(3) - k * np.roll(np.eye(3), 1, axis=0)


# name: the solution, the same in closed form, where
SOLUTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "root of one equation": (
        lambda a: root(lambda x, a: x**3 - a, 1.0, (a,)),
        lambda a: a ** (1 / 3),
        (2.0,),
    ),
    "root of several": (
        lambda a, b: root(
            lambda x, p: STIFF @ x + p["b"] * x - p["a"], np.zeros(3), ({"a": a, "b": b},)
        ),
        lambda a, b: np.linalg.solve(STIFF + b * np.eye(3), a),
        (FORCE, 0.5),
    ),
    "root of a matrix": (
        lambda a: root(lambda x, a: x @ x - a, np.eye(3), (a,)),
        lambda a: _matrix_root(a),
        (STIFF,),
    ),
    "fixed point": (
        lambda a: fixed_point(lambda x, a: (x + a / x) / 2, np.ones(2), (a,)),
        lambda a: a**0.5,
        (np.array([2.0, 9.0]),),
    ),
    "fixed point by iteration": (
        lambda a: fixed_point(lambda x, a: x @ a + 1.0, np.ones(3), (a,), method="iteration"),
        lambda a: np.linalg.solve(np.eye(3) - a.T, np.ones(3)),
        (STIFF / 10,),
    ),
    "minimum": (
        lambda s, y: minimize(
            lambda w, s, y: np.sum((STIFF @ w - y) ** 2) + s * np.sum(w**2), np.zeros(3), (s, y),
            tol=1e-9,
        ),
        lambda s, y: np.linalg.solve(STIFF @ STIFF + s * np.eye(3), STIFF @ y),
        (0.5, FORCE),
    ),
    "minimum by Newton's method": (
        lambda a: minimize(
            lambda x, a: mg.exp(x) - a * x, 1.0, (a,), method="trust-exact", tol=1e-12
        ),
        lambda a: np.log(a),
        (2.0,),
    ),
    "minimum by products with the Hessian": (
        lambda a: minimize(
            lambda x, a: np.sum(np.exp(x) - a * x), np.ones(3), (a,), method="Newton-CG",
            tol=1e-12,
        ),
        lambda a: np.log(a),
        (np.array([2.0, 0.5, 1.0]),),
    ),
    "conjugate gradients": (
        lambda k, b: cg(lambda x, k: springs(k) @ x, b, (k,)),
        lambda k, b: np.linalg.solve(springs(k), b),
        (0.5, FORCE),
    ),
    "minimal residuals": (
        lambda k, b: gmres(lambda x, k: drifting(k) @ x, b, (k,)),
        lambda k, b: np.linalg.solve(drifting(k), b),
        (0.5, FORCE),
    ),
    "integral": (
        lambda k, a, b: quad(lambda t, k: np.exp(-k * t), a, b, (k,)),
        lambda k, a, b: (np.exp(-k * a) - np.exp(-k * b)) / k,
        (2.0, 0.3, 1.5),
    ),
    "integral to infinity": (
        lambda k: quad(lambda t, k: np.exp(-k * t**2), -np.inf, np.inf, (k,)),
        lambda k: (np.pi / k) ** 0.5,
        (2.0,),
    ),
    "integral of an array": (
        lambda k: quad(lambda t, k: np.sin(k * t), 0.0, 1.0, (k,)),
        lambda k: (1 - np.cos(k)) / k,
        (np.array([1.0, 2.0, 3.0]),),
    ),
    "Bessel's integral": (
        lambda x: quad(lambda t, x: np.cos(x * np.sin(t)) / np.pi, 0.0, np.pi, (x,)),
        lambda x: special.j0(x),
        (1.3,),
    ),
}  # fmt: skip


def _matrix_root(a: Any) -> Any:
    values, vectors = np.linalg.eigh(a)
    return (vectors * values**0.5) @ vectors.T


@numpy_only
@pytest.mark.parametrize("name", SOLUTIONS)
def test_derivatives_are_those_of_the_closed_form(name: str) -> None:
    solution, closed, at = SOLUTIONS[name]
    weights = np.linspace(1.0, 2.0, 9).reshape(3, 3)

    def scalar(of: Callable[..., Any]) -> Callable[..., Any]:
        def loss(*args: Any) -> Any:
            x = of(*args)
            if name == "root of a matrix":  # eigh has the derivatives of one triangle
                x = x + x.T
            return mg.sum(np.sin(x) * (weights if np.ndim(x) == 2 else weights[0, : np.size(x)]))

        return loss

    numbers = tuple(range(len(at)))
    ours, wanted = scalar(solution), scalar(closed)
    np.testing.assert_allclose(float(ours(*at)), float(wanted(*at)), rtol=1e-7)
    for one, other in zip(mg.grad(ours, numbers)(*at), mg.grad(wanted, numbers)(*at), strict=True):
        if name == "root of a matrix":
            one, other = one + one.T, other + other.T
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
    if name == "root of a matrix":
        return
    for row, others in zip(
        mg.hessian(ours, numbers)(*at), mg.hessian(wanted, numbers)(*at), strict=True
    ):
        for one, other in zip(row, others, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@numpy_only
def test_constants_and_other_objects_among_the_parameters() -> None:
    def equation(x: Any, options: dict[str, Any]) -> Any:
        assert options["name"] == "cube"
        return x ** options["power"] - options["a"] + options["nothing"]

    a = mg.tensor(8.0)
    options = {"name": "cube", "power": 3, "a": a, "nothing": mg.tensor(0.0, constant=True)}
    x = root(equation, 1.0, (options,))
    assert isinstance(x, mg.Tensor)
    x.backward()
    np.testing.assert_allclose(a.grad, 1 / 12)
    x = root(equation, 1.0, ({**options, "a": 8.0},))
    np.testing.assert_allclose(float(x), 2.0)
    assert x.constant if isinstance(x, mg.Tensor) else isinstance(x, np.ndarray)


@numpy_only
def test_steps_of_the_solver_leave_nothing_behind() -> None:
    calls = []

    def equation(x: Any, a: Any) -> Any:
        calls.append(isinstance(a, mg.Tensor))
        return x**2 - a

    a = mg.tensor(2.0)
    x = root(equation, 1.0, (a * 1.0,))
    assert calls
    x.backward()
    np.testing.assert_allclose(a.grad, 0.5 / 2**0.5)


@numpy_only
@pytest.mark.parametrize(
    "fails",
    [
        lambda: root(lambda x: x**2 + 1.0, 1.0),
        lambda: fixed_point(lambda x: 2 * x + 1.0, 1.0, method="iteration"),
        lambda: minimize(lambda x: mg.exp(x), 1.0, options={"maxiter": 3}),
        lambda: cg(lambda x: STIFF @ x, FORCE, maxiter=1),
        lambda: quad(lambda t: 1 / t, 0.0, 1.0, limit=5),
    ],
)
def test_what_is_not_found_raises(fails: Callable[[], Any]) -> None:
    with pytest.raises(NoSolution), np.errstate(all="ignore"):
        fails()


@numpy_only
def test_variables_that_are_no_parameters_are_refused() -> None:
    a = mg.tensor(2.0)
    with pytest.raises(TypeError, match="variable that is none of its parameters"):
        root(lambda x, b: x**2 - a * b, 1.0, (mg.tensor(1.0),))


@pytest.mark.skip_on("numpy", "there is no second library")
def test_arrays_of_other_libraries_are_refused() -> None:
    a = mg.tensor([1.0, 4.0])
    with pytest.raises(TypeError, match=r"args\[0\] is an array of .*to\('numpy'\)"):
        root(lambda x, a: x**2 - a, np.ones(2), (a,))
    with pytest.raises(TypeError, match="the function returned an array of"):
        root(lambda x: a.data, np.ones(2))
