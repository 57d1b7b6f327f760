"""SciPy's solvers with functions of nested arrays, on every array library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host
from scipy import optimize

import mygrad as mg


def rosenbrock(p: dict[str, Any]) -> Any:
    """Its minimum is 0, where all are 1; of a scalar, a matrix and a vector."""
    x = mg.concatenate([mg.reshape(p["s"], (1,)), mg.reshape(p["m"], (4,)), p["v"]])
    return mg.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def start(dtype: str = "float64") -> dict[str, Any]:
    values = {"s": np.array(1.2), "m": np.array([[1.0, 0.5], [2.0, 1.5]]), "v": np.array([0.0])}
    return {name: mg.tensor(value, dtype=dtype) for name, value in values.items()}


def test_derivatives_are_those_of_the_vector() -> None:
    f = mg.for_scipy(rosenbrock, start())
    x = np.array([1.2, 1.0, 0.5, 2.0, 1.5, 0.0])
    np.testing.assert_array_equal(f.x0, x)
    value, gradient = f.value_and_grad(x)
    assert type(value) is type(f(x)) is float
    assert value == f(x) == pytest.approx(optimize.rosen(x))
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient, optimize.rosen_der(x))
    np.testing.assert_array_equal(f.grad(x), gradient)
    np.testing.assert_allclose(f.hess(x), optimize.rosen_hess(x))
    v = np.arange(6.0)
    np.testing.assert_allclose(f.hessp(x, v), optimize.rosen_hess_prod(x, v))


@pytest.mark.parametrize(
    ("method", "derivatives"),
    [("BFGS", ()), ("trust-ncg", ("hess",)), ("Newton-CG", ("hessp",))],
)
def test_minimize(method: str, derivatives: tuple[str, ...]) -> None:
    f = mg.for_scipy(rosenbrock, start())
    given = {name: getattr(f, name) for name in derivatives}
    found = optimize.minimize(f.value_and_grad, f.x0, jac=True, method=method, tol=1e-10, **given)
    p = f.restore(found.x)
    assert p["m"].shape == (2, 2)
    for array, like in zip(p.values(), start().values(), strict=True):
        assert type(array) is type(like.data)
        assert array.dtype == like.dtype
        np.testing.assert_allclose(host(array), np.ones(array.shape), rtol=1e-3)


def test_short_numbers_travel_as_float64() -> None:
    f = mg.for_scipy(rosenbrock, start("float32"))
    value, gradient = f.value_and_grad(f.x0)
    assert f.x0.dtype == gradient.dtype == np.float64
    assert value == pytest.approx(optimize.rosen(f.x0), rel=1e-5)
    assert str(f.restore(f.x0)["v"].dtype).endswith("float32")


def test_residuals_and_roots_with_further_arguments() -> None:
    t = np.linspace(0, 3, 20)

    def residuals(p: list[Any], t: np.ndarray, scale: float) -> Any:
        times = mg.tensor(t, constant=True)
        return (p[1] * mg.exp(-p[0] * times) - 2 * mg.exp(-0.5 * times)) * scale

    f = mg.for_scipy(residuals, [1.0, np.array([1.0])])
    found = optimize.least_squares(f, f.x0, jac=f.jac, args=(t, 10.0))
    np.testing.assert_allclose(found.x, [0.5, 2.0], rtol=1e-6)
    wanted = np.stack([-t * 2 * np.exp(-0.5 * t), np.exp(-0.5 * t)], axis=1)
    np.testing.assert_allclose(f.jac(found.x, t, 1.0), wanted, rtol=1e-5)

    def equations(x: Any) -> Any:
        return mg.stack([x[0] ** 2 + x[1] ** 2 - 5.0, x[0] * x[1] - 2.0])

    g = mg.for_scipy(equations, np.array([2.5, 0.5]))
    np.testing.assert_allclose(optimize.root(g, g.x0, jac=g.jac).x, [2.0, 1.0], rtol=1e-8)


@pytest.mark.numpy_only("the vector itself is a NumPy array")
def test_a_function_of_one_vector_needs_nothing() -> None:
    def f(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = optimize.minimize(
        mg.value_and_grad(f), np.zeros(3), jac=True, hess=mg.hessian(f), method="trust-exact"
    )
    np.testing.assert_allclose(found.x, np.ones(3), rtol=1e-4)
