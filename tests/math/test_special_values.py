"""Values and derivatives at infinities, nan, both zeros, ties, and where 0 meets infinity.

The tables are what mygrad computes, after a comparison with MyGrad 2.5: what differs from it does
so on purpose, mostly as MyGrad has nan or 0 where there is an answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.nnet import activations

pytestmark = [
    pytest.mark.skip_on("dpnp", "its functions have special values of their own"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

no_denormals = pytest.mark.skip_on("jax", "denormals are 0 there")

inf, nan = np.inf, np.nan
PLACES = np.array([nan, inf, -inf, 0.0, -0.0])

ONE = """
absolute     nan:nan  inf:1  inf:-1  0:0  0:0
arccos       nan:nan  nan:nan  nan:nan  1.5707963:-1  1.5707963:-1
arccosh      nan:nan  inf:0  nan:nan  nan:nan  nan:nan
arccot       nan:nan  0:-0  -0:-0  1.5707963:-1  1.5707963:-1
arccoth      nan:nan  0:-0  -0:-0  nan:1  nan:1
arccsc       nan:nan  0:-0  -0:-0  nan:nan  nan:nan
arccsch      nan:nan  0:-0  -0:-0  inf:-inf  -inf:-inf
arcsec       nan:nan  1.5707963:0  1.5707963:0  nan:nan  nan:nan
arcsech      nan:nan  nan:nan  nan:nan  inf:-inf  -inf:inf
arcsin       nan:nan  nan:nan  nan:nan  0:1  -0:1
arcsinh      nan:nan  inf:0  -inf:0  0:1  -0:1
arctan       nan:nan  1.5707963:0  -1.5707963:0  0:1  -0:1
cbrt         nan:nan  inf:0  -inf:0  0:inf  -0:inf
cos          nan:nan  nan:nan  nan:nan  1:-0  1:0
cosh         nan:nan  inf:inf  inf:-inf  1:0  1:-0
cot          nan:nan  nan:nan  nan:nan  inf:-inf  -inf:-inf
coth         nan:nan  1:-0  -1:-0  inf:-inf  -inf:-inf
csc          nan:nan  nan:nan  nan:nan  inf:-inf  -inf:-inf
csch         nan:nan  0:-0  -0:-0  inf:-inf  -inf:-inf
elu          nan:nan  inf:1  -0.5:0  0:1  0:1
exp          nan:nan  inf:inf  0:0  1:1  1:1
exp2         nan:nan  inf:inf  0:0  1:0.6931472  1:0.6931472
expm1        nan:nan  inf:inf  -1:0  0:1  -0:1
gelu         nan:nan  inf:1  -0:0  0:0.5  -0:0.5
hard_tanh    nan:0  1:0  -1:0  0:1  -0:1
leaky_relu   nan:0.1  inf:1  -inf:0.1  0:0.1  -0:0.1
log          nan:nan  inf:0  nan:-0  -inf:inf  -inf:-inf
log10        nan:nan  inf:0  nan:-0  -inf:inf  -inf:-inf
log1p        nan:nan  inf:0  nan:-0  0:1  -0:1
log2         nan:nan  inf:0  nan:-0  -inf:inf  -inf:-inf
mish         nan:nan  inf:1  -0:0  0:0.6  -0:0.6
negative     nan:-1  -inf:-1  inf:-1  -0:-1  0:-1
positive     nan:1  inf:1  -inf:1  0:1  -0:1
reciprocal   nan:nan  0:-0  -0:-0  inf:-inf  -inf:-inf
relu         nan:0  inf:1  0:0  0:0  0:0
sec          nan:nan  nan:nan  nan:nan  1:0  1:-0
sech         nan:nan  0:-0  0:0  1:-0  1:0
selu         nan:nan  inf:1.050701  -1.7580993:0  0:1.050701  0:1.050701
sigmoid      nan:nan  1:0  0:0  0.5:0.25  0.5:0.25
silu         nan:nan  inf:1  -0:0  0:0.5  -0:0.5
sin          nan:nan  nan:nan  nan:nan  0:1  -0:1
sinc         nan:nan  nan:nan  nan:nan  1:-0  1:0
sinh         nan:nan  inf:inf  -inf:inf  0:1  -0:1
soft_sign    nan:nan  nan:0  nan:0  0:1  -0:1
softplus     nan:nan  inf:1  0:0  0.6931472:0.5  0.6931472:0.5
sqrt         nan:nan  inf:0  nan:nan  0:inf  -0:-inf
square       nan:nan  inf:inf  inf:-inf  0:0  0:-0
tan          nan:nan  nan:nan  nan:nan  0:1  -0:1
tanh         nan:nan  1:0  -1:0  0:1  -0:1
"""
"""By function, value and derivative at nan, inf, -inf, 0 and -0."""

PARAMS: dict[str, tuple[Any, ...]] = {"elu": (0.5,), "leaky_relu": (0.1,)}

rows = [line.split() for line in ONE.strip().splitlines()]


def at(f: Any, *places: Any) -> tuple[Any, ...]:
    """The value of `f`, and its derivatives by each operand."""
    leaves = [mg.tensor(np.asarray(p)) for p in places]
    result = f(*leaves)
    result.backward()
    grads = [np.zeros(t.shape) if t.grad is None else host(t.grad) for t in leaves]
    return (host(result), *grads)


@pytest.mark.parametrize("row", rows, ids=[row[0] for row in rows])
def test_functions_of_one_number(row: list[str]) -> None:
    name, *wanted = row
    f = getattr(mg, name, None) or getattr(activations, name)
    value, slope = at(lambda x: f(x, *PARAMS.get(name, ())), PLACES)
    values, slopes = zip(*(map(float, pair.split(":")) for pair in wanted), strict=True)
    np.testing.assert_allclose(value, values, rtol=1e-6)
    np.testing.assert_allclose(slope, slopes, rtol=1e-6)


TWO = [
    # function, operands, value, derivatives
    pytest.param("arctan2", (0.0, 1e-310), 0, (inf, 0), marks=no_denormals),
    ("arctan2", (1.0, 1e200), 1e-200, (1e-200, 0)),
    ("arctan2", (0.0, 0.0), 0, (nan, nan)),
    pytest.param("divide", (0.0, 5e-324), 0, (inf, 0), marks=no_denormals),
    ("divide", (1e200, 1e200), 1, (1e-200, -1e-200)),
    ("divide", (1.0, 0.0), inf, (inf, -inf)),
    ("divide", (1.0, inf), 0, (0, 0)),
    ("hypot", (0.0, 0.0), 0, (0, 0)),
    ("hypot", (3e200, 4e200), 5e200, (0.6, 0.8)),
    ("hypot", (3e-200, 4e-200), 5e-200, (0.6, 0.8)),
    ("logaddexp", (inf, inf), inf, (0.5, 0.5)),
    ("logaddexp", (-inf, -inf), -inf, (0.5, 0.5)),
    ("logaddexp", (inf, 3.0), inf, (1, 0)),
    ("logaddexp", (-inf, 3.0), 3, (0, 1)),
    ("logaddexp", (1e4, 1e4), 1e4 + np.log(2), (0.5, 0.5)),
    ("logaddexp2", (-inf, -inf), -inf, (0.5, 0.5)),
    ("maximum", (1.0, 1.0), 1, (0, 0)),
    ("maximum", (nan, 1.0), nan, (0, 0)),
    ("minimum", (1.0, 1.0), 1, (0, 0)),
    ("minimum", (1.0, nan), nan, (0, 0)),
    ("fmax", (nan, 1.0), 1, (0, 1)),
    ("fmin", (1.0, nan), 1, (1, 0)),
    ("fmod", (-5.0, inf), -5, (1, 0)),
    ("power", (0.0, 0.0), 1, (0, 0)),
    ("power", (0.0, 2.0), 0, (0, 0)),
    ("power", (0.0, 0.5), 0, (inf, 0)),
    ("power", (inf, 0.0), 1, (0, inf)),
    ("power", (inf, -1.0), 0, (0, 0)),
    ("power", (inf, 1.0), inf, (1, inf)),
    pytest.param("power", (5e-324, 0.0), 1, (0, np.log(5e-324)), marks=no_denormals),
    ("power", (2.0, -inf), 0, (nan, 0)),
    pytest.param(
        "remainder", (-5.0, inf), inf, (1, 1),
        marks=pytest.mark.skip_on("cupy", "CuPy's remainder of infinities is nan"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "places", "value", "slopes"), TWO, ids=str)
def test_functions_of_two_numbers(name: str, places: Any, value: float, slopes: Any) -> None:
    got = at(getattr(mg, name), *places)
    np.testing.assert_allclose(got, (value, *slopes), rtol=1e-14)


@pytest.mark.parametrize(("exponent", "value", "slope"), [(0, 1, 0), (1, inf, 1), (2, inf, inf)])
def test_powers_of_infinity(exponent: int, value: float, slope: float) -> None:
    for power in (exponent, float(exponent), np.array(float(exponent))):
        assert at(lambda x, p=power: x**p, inf) == (value, slope)


def test_the_mixed_derivative_of_a_power_does_not_depend_on_the_order() -> None:
    for first, second in ((0, 1), (1, 0)):
        for base, exponent, mixed in ((2.0, 0.0, 0.5), (2.0, 3.0, 4 + 12 * np.log(2))):
            leaves = [mg.tensor(base), mg.tensor(exponent)]
            mg.power(*leaves).backward(create_graph=True)
            leaves[first].grad.backward()
            np.testing.assert_allclose(host(leaves[second].grad), mixed, rtol=1e-14)


ROWS = [
    # function, operand, value, derivative
    ("max", [1.0, 3.0, 3.0], 3, [0, 1, 0]),
    ("max", [1.0, nan, nan], nan, [0, 1, 0]),
    ("min", [1.0, 3.0, 1.0], 1, [1, 0, 0]),
    ("norm", [0.0, 0.0], 0, [0, 0]),
    ("std", [2.0, 2.0], 0, [0, 0]),
    ("prod", [inf, 1.0, 2.0], inf, [2, inf, inf]),
    ("prod", [0.0, 0.0, 3.0], 0, [0, 0, 0]),
    ("prod", [2.0, 0.0, 3.0], 0, [0, 6, 0]),
    ("cumprod", [nan, 1.0, 2.0], [nan, nan, nan], [5 - 1, nan, nan]),
    ("logsumexp", [inf, 1.0], inf, [1, 0]),
    ("logsumexp", [inf, inf], inf, [0.5, 0.5]),
    ("logsumexp", [-inf, -inf], -inf, [0.5, 0.5]),
    ("logsumexp", [1e4, 1e4], 1e4 + np.log(2), [0.5, 0.5]),
    ("logsoftmax", [inf, 1.0], [nan, -inf], None),
    ("logsoftmax", [1e308, 1e308], [-np.log(2), -np.log(2)], [0, 0]),
    ("softmax", [-inf, 1.0], [0, 1], [0, 0]),
    ("softmax", [1e308, -1e308], [1, 0], [0, 0]),
]


@pytest.mark.parametrize(("name", "row", "value", "slope"), ROWS, ids=str)
def test_functions_of_rows(name: str, row: Any, value: Any, slope: Any) -> None:
    f = getattr(mg, name, None) or getattr(activations, name, None) or getattr(mg.linalg, name)
    got = at(f, row)
    np.testing.assert_allclose(got[0], value, rtol=1e-14, atol=1e-15)
    if slope is not None:
        np.testing.assert_allclose(got[1], slope, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("order", [0.5, 1, 1.5, 3, -1, -2])
def test_norms_with_a_zero_among_the_elements(order: float) -> None:
    value, slope = at(lambda x: mg.linalg.norm(x, ord=order), [0.0, 4.0, -9.0])
    np.testing.assert_allclose(value, np.linalg.norm([0.0, 4.0, -9.0], ord=order))
    rest = [0, 0] if order < 0 else at(lambda x: mg.linalg.norm(x, ord=order), [4.0, -9.0])[1]
    np.testing.assert_allclose(slope, [0, *rest], rtol=1e-14)


def test_kinks() -> None:
    assert at(lambda x: mg.clip(x, 0.0, 1.0), [0.0, 1.0])[1].tolist() == [0, 0]
    assert at(mg.absolute, [0.0])[1] == 0
    assert at(lambda x: mg.absolute(x, nan_to_num=False), 0.0)[1] != 0  # nan
    assert at(mg.sqrt, 0.0)[1] == inf
    assert at(activations.relu, 0.0)[1] == 0
    assert at(lambda x: mg.linalg.norm(x, ord=1), [0.0, 2.0])[1].tolist() == [0, 1]
    assert at(lambda x: mg.linalg.norm(x, ord=0.5), [0.0, 0.0])[1].tolist() == [0, 0]


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "sech", "coth", "elu", "selu", "softmax"])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_large_numbers_do_not_overflow_on_the_way(name: str) -> None:
    f = getattr(mg, name, None) or getattr(activations, name)
    for dtype in (np.float32, np.float64):
        big = np.array([-1e4, -700.0, -90.0, 90.0, 700.0, 1e4], dtype)
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            at(lambda x: f(x, *PARAMS.get(name, ())), big)


def test_third_derivatives_of_saturating_functions_at_zero() -> None:
    for f, third in ((mg.tanh, -2.0), (activations.sigmoid, -0.125)):
        x = mg.tensor(0.0)
        y = f(x)
        for _ in range(3):
            y.backward(create_graph=True)
            y = x.grad
            x.null_grad()
        assert host(y) == pytest.approx(third)
