"""custom_vjp: the user's derivative is taken, of first and second order, and mistakes are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg

A = np.array([0.5, -1.0, 2.0])


def assert_close(found: Any, want: Any) -> None:
    np.testing.assert_allclose(host(found), np.asarray(want), rtol=1e-12, atol=1e-14)


@mg.custom_vjp
def times(x: Any, p: Any, power: Any) -> Any:
    """The product of x with p["a"], to a power, and the sum."""
    y = (x * p["a"]) ** power
    return {"y": y, "total": mg.sum(y)}


def forward(x: Any, p: Any, power: Any) -> Any:
    return times.fun(x, p, power), (x, p["a"], power)


def backward(kept: Any, g: Any) -> Any:
    """Ten times the derivative by x, so that it can be told from the usual one."""
    x, a, power = kept
    inner = power * (x * a) ** (power - 1) * (g["y"] + g["total"])
    return 10 * inner * a, {"a": mg.sum(inner * x), "b": None}, None


times.defvjp(forward, backward)


def test_the_users_derivative_is_taken() -> None:
    def f(x: Any, a: Any) -> Any:
        r = times(x, {"a": a, "b": 2.0}, 3)
        return mg.sum(r["y"]) + r["total"]

    by_x, by_a = mg.grad(f, (0, 1))(raw(A), 2.0)
    assert_close(by_x, 10 * 2 * 3 * 8 * A**2)
    assert_close(by_a, (2 * 3 * 4 * A**3).sum())
    second = mg.jacobian(mg.grad(f))(raw(A), 2.0)
    assert_close(second, np.diag(10 * 2 * 3 * 8 * 2 * A))
    x, a = mg.tensor(A), mg.tensor(2.0)
    f(x, a).backward(create_graph=True)
    first = x.grad
    x.null_grad()
    mg.sum(first).backward()
    assert_close(x.grad, 10 * 2 * 3 * 8 * 2 * A)
    tangent = mg.jvp(lambda x: times(x, {"a": 2.0, "b": 2.0}, 3)["y"], (raw(A),), (raw(A),))[1]
    assert_close(tangent, 10 * 3 * 8 * A**3)


@pytest.mark.raw_arithmetic
def test_without_variables_the_function_itself_runs() -> None:
    ran = []

    @mg.custom_vjp
    def f(x: Any) -> Any:
        ran.append(1)
        return x * 2

    f.defvjp(lambda x: (x * 2, None), lambda _, g: (g,))
    f(raw(A))
    with mg.no_autodiff:
        f(mg.tensor(A))
    assert len(ran) == 2
    assert_close(mg.grad(lambda x: mg.sum(f(x)))(raw(A)), np.ones(3))
    assert len(ran) == 2
    assert f.__name__ == "f"


def test_nondiff_argnums_and_keywords() -> None:
    @lambda f: mg.custom_vjp(f, nondiff_argnums=(0,))
    def apply(function: Any, x: Any, factor: Any = 2.0) -> Any:
        return function(x) * factor

    apply.defvjp(
        lambda function, x, factor: (function(x) * factor, x),
        lambda function, x, g: (g * function(x) * 100, 0.0),
    )
    assert_close(mg.grad(lambda x: mg.sum(apply(mg.sin, x)))(raw(A)), 100 * np.sin(A))
    assert_close(mg.grad(lambda x: mg.sum(apply(mg.sin, x=x)))(raw(A)), 100 * np.sin(A))


def test_a_method() -> None:
    class Model:
        @mg.custom_vjp
        def f(self, x: Any) -> Any:
            return x**2

        f.defvjp(lambda self, x: (x**2, x), lambda x, g: (None, 7.0 * g * x))

    assert_close(mg.grad(lambda x: mg.sum(Model().f(x)))(raw(A)), 7 * A)


def test_results_of_several_dtypes() -> None:
    @mg.custom_vjp
    def f(x: Any) -> Any:
        return mg.astype(x, "float32"), x * 1j, x[:2]

    f.defvjp(
        lambda x: (f.fun(x), None),
        lambda _, g: (
            mg.astype(g[0], "float64") + mg.real(g[1] * 1j) + mg.concatenate([g[2], g[2][:1] * 0]),
        ),
    )
    single, double, part = f(mg.tensor(A))
    assert [str(host(t).dtype) for t in (single, double, part)] == [
        "float32", "complex128", "float64",
    ]  # fmt: skip

    def loss(x: Any) -> Any:
        single, double, part = f(x)
        return mg.sum(single) * 1.0 + mg.sum(mg.imag(double)) * 2.0 + mg.sum(part * part)

    assert_close(mg.grad(loss)(raw(A)), [4.0, 1.0, 3.0])


def test_what_it_was_given_stays() -> None:
    @mg.custom_vjp
    def f(x: Any) -> Any:
        return x * 1.0

    def forward(x: Any) -> Any:
        x *= 2.0
        return x, None

    def backward(_: Any, g: Any) -> Any:
        g *= 2.0
        return (g,)

    f.defvjp(forward, backward)
    x = mg.tensor(A)
    y = f(x)
    z = y * 1.0
    mg.sum(z).backward()
    assert_close(x, A)
    assert_close(y.grad, np.ones(3))
    assert_close(x.grad, 2 * np.ones(3))


def test_variables_that_are_no_arguments() -> None:
    w = mg.tensor(A)

    @mg.custom_vjp
    def f(x: Any) -> Any:
        return x * w

    f.defvjp(lambda x: (x * w, None), lambda _, g: (g,))
    with pytest.raises(TypeError, match="no argument"):
        f(mg.tensor(A))


def test_accumulated_gradients() -> None:
    params = {"w": mg.tensor(A), "b": mg.tensor(1.0)}
    total = mg.GradientSum(params)
    for x in (1.0, 2.0):
        mg.sum(params["w"] ** 2 * x + params["b"]).backward()
        total.add(weight=0.5)
    total.add({"w": raw(np.ones(3)), "b": None})
    total.assign()
    assert_close(params["w"].grad, 3 * A + 1)
    assert_close(params["b"].grad, 3.0)
    total.clear()
    assert total.value == {"w": None, "b": None}
