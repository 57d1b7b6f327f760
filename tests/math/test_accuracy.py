"""Elementwise values and derivatives over all of the floating-point range, in ulp.

Each function is evaluated at magnitudes from the smallest denormal to the largest number, of both
signs, and close to where it has zeros, poles and the ends of its domain; mpmath says what the
results would be exactly. One ulp is the distance of the two numbers of the dtype that enclose the
exact result. Where that is smaller than the smallest normal number, an error of one such number
is within the bound, too: libraries and processors may flush denormals to zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from gradcheck import host
from primitive_cases import UFUNCS

import mygrad as mg
from mygrad.autodiff.primitive import registry
from mygrad.nnet import activations

mp = pytest.importorskip("mpmath")

pytestmark = [
    pytest.mark.skip_on("dpnp", "its functions have errors of their own"),
    pytest.mark.skip_on("jax", "its functions have errors of their own, and denormals are 0"),
]

DTYPES = [
    pytest.param("float16", marks=pytest.mark.skip_on("array-api-strict", "has no float16")),
    "float32",
    "float64",
]
DIGITS = {"float16": 11, "float32": 24, "float64": 53}
LOWEST = {"float16": -14, "float32": -126, "float64": -1022}

Real = Callable[[Any], Any]


@dataclass(frozen=True)
class Exact:
    """A function in mpmath, its derivative, and how far ours may be off, in ulp.

    Attributes
    ----------
    value, slope
        The function and its derivative, on numbers of any precision.
    bound, slope_bound
        The largest error of each.
    low, high
        The open interval in which it is checked.
    outside
        It is checked at numbers of a larger size than this.
    near
        Numbers close to which it is checked closely.
    envelope
        What the errors are measured by in place of the results, if that is larger.
    """

    value: Real
    slope: Real
    bound: float = 3.0
    slope_bound: float = 5.0
    low: float = -math.inf
    high: float = math.inf
    outside: float = 0.0
    near: tuple[float, ...] = (1.0,)
    envelope: Real | None = None


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x)) if x > -1e6 else mp.exp(x)


def softplus(x: Any) -> Any:
    if abs(x) > 1e6:
        return x if x > 0 else mp.exp(x)
    return mp.log1p(mp.exp(x))


def gated(gate: Real, gate_slope: Real, **options: Any) -> Exact:
    """x times a gate. Its slope is a sum, which is 0 somewhere: errors are those of its terms."""

    def slope(x: Any) -> Any:
        return gate(x) + (x * gate_slope(x) if abs(x) < 1e6 else 0)

    def size(x: Any) -> Any:
        return gate(x) + (abs(x) * gate_slope(x) if abs(x) < 1e6 else 0)

    return Exact(lambda x: x * gate(x), slope, envelope=size, near=(1.0, 0.75, 1.2), **options)


def mish_gate(x: Any) -> Any:
    return 1 if x > 1e6 else mp.tanh(softplus(x))


def sinc_slope(x: Any) -> Any:
    if abs(x) < 1e-30:
        return -(mp.pi**2) * x / 3
    with mp.workprec(mp.mp.prec + 250):
        return (mp.cospi(x) - mp.sincpi(x)) / x


ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805

TABLE: dict[str, Exact] = {
    "absolute": Exact(abs, mp.sign, 0, 0),
    "arccos": Exact(mp.acos, lambda x: -1 / mp.sqrt((1 - x) * (1 + x)), low=-1, high=1),
    "arccosh": Exact(
        mp.acosh, lambda x: 1 / mp.sqrt((x - 1) * (x + 1)), low=1, near=(1.0, 2.0)
    ),
    "arccot": Exact(lambda x: mp.atan(1 / x), lambda x: -1 / (1 + x * x)),
    "arccoth": Exact(
        lambda x: mp.log1p(2 / (x - 1)) / 2 if x > 0 else -mp.log1p(2 / (-x - 1)) / 2,
        lambda x: 1 / ((1 - x) * (1 + x)), outside=1,
    ),
    "arccsc": Exact(
        lambda x: mp.asin(1 / x), lambda x: -1 / (abs(x) * mp.sqrt((x - 1) * (x + 1))), outside=1
    ),
    "arccsch": Exact(lambda x: mp.asinh(1 / x), lambda x: -1 / (abs(x) * mp.sqrt(1 + x * x))),
    "arcsec": Exact(
        lambda x: mp.acos(1 / x), lambda x: 1 / (abs(x) * mp.sqrt((x - 1) * (x + 1))), outside=1
    ),
    "arcsech": Exact(
        lambda x: mp.acosh(1 / x), lambda x: -1 / (x * mp.sqrt((1 - x) * (1 + x))), low=0, high=1
    ),
    "arcsin": Exact(mp.asin, lambda x: 1 / mp.sqrt((1 - x) * (1 + x)), low=-1, high=1),
    "arcsinh": Exact(mp.asinh, lambda x: 1 / mp.sqrt(x * x + 1)),
    "arctan": Exact(mp.atan, lambda x: 1 / (1 + x * x)),
    "arctanh": Exact(mp.atanh, lambda x: 1 / ((1 - x) * (1 + x)), low=-1, high=1),
    "cbrt": Exact(
        lambda x: mp.sign(x) * mp.cbrt(abs(x)), lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2)
    ),
    "cos": Exact(mp.cos, lambda x: -mp.sin(x), near=(1.5707963, 3.1415927)),
    "cosh": Exact(mp.cosh, mp.sinh),
    "cot": Exact(mp.cot, lambda x: -mp.csc(x) ** 2, near=(1.5707963, 3.1415927)),
    "coth": Exact(mp.coth, lambda x: -mp.csch(x) ** 2),
    "csc": Exact(mp.csc, lambda x: -mp.csc(x) * mp.cot(x), near=(1.5707963, 3.1415927)),
    "csch": Exact(mp.csch, lambda x: -mp.csch(x) * mp.coth(x)),
    "deg2rad": Exact(lambda x: x * mp.pi / 180, lambda x: mp.pi / 180),
    "exp": Exact(mp.exp, mp.exp),
    "exp2": Exact(lambda x: mp.mpf(2) ** x, lambda x: mp.log(2) * mp.mpf(2) ** x),
    "expm1": Exact(mp.expm1, mp.exp),
    "log": Exact(mp.log, lambda x: 1 / x, low=0),
    "log10": Exact(lambda x: mp.log(x) / mp.log(10), lambda x: 1 / (x * mp.log(10)), low=0),
    "log1p": Exact(mp.log1p, lambda x: 1 / (1 + x), low=-1),
    "log2": Exact(lambda x: mp.log(x) / mp.log(2), lambda x: 1 / (x * mp.log(2)), low=0),
    "negative": Exact(lambda x: -x, lambda x: -1, 0, 0),
    "positive": Exact(lambda x: x, lambda x: 1, 0, 0),
    "rad2deg": Exact(lambda x: x * 180 / mp.pi, lambda x: 180 / mp.pi),
    "reciprocal": Exact(lambda x: 1 / x, lambda x: -1 / (x * x)),
    "sec": Exact(mp.sec, lambda x: mp.sec(x) * mp.tan(x), near=(1.5707963, 3.1415927)),
    "sech": Exact(mp.sech, lambda x: -mp.sech(x) * mp.tanh(x)),
    "sin": Exact(mp.sin, mp.cos, near=(1.5707963, 3.1415927)),
    "sinc": Exact(mp.sincpi, sinc_slope, envelope=lambda x: 1 / (1 + abs(x))),
    "sinh": Exact(mp.sinh, mp.cosh),
    "sqrt": Exact(mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), low=0),
    "square": Exact(lambda x: x * x, lambda x: 2 * x),
    "strict_absolute": Exact(abs, mp.sign, 0, 0),
    "tan": Exact(mp.tan, lambda x: mp.sec(x) ** 2, near=(1.5707963, 3.1415927)),
    "tanh": Exact(mp.tanh, lambda x: mp.sech(x) ** 2),
    # activations
    "elu": Exact(
        lambda x: x if x > 0 else mp.mpf(0.5) * mp.expm1(x),
        lambda x: 1 if x > 0 else mp.mpf(0.5) * mp.exp(x),
    ),
    # Normal shares, for which powers of a rounded square are taken, to a few units around 0.
    "gelu": gated(mp.ncdf, mp.npdf, low=-4, bound=8, slope_bound=16),
    "hard_tanh": Exact(lambda x: min(max(x, -1), 1), lambda x: int(-1 < x < 1), 0, 0),
    "leaky_relu": Exact(
        lambda x: x if x > 0 else mp.mpf(0.25) * x, lambda x: 1 if x > 0 else mp.mpf(0.25), 0, 0
    ),
    "mish": gated(mish_gate, lambda x: sigmoid(x) * mp.sech(softplus(x)) ** 2, slope_bound=8),
    "relu": Exact(lambda x: max(x, 0), lambda x: int(x > 0), 0, 0),
    "selu": Exact(
        lambda x: SCALE * x if x > 0 else mp.mpf(SCALE) * ALPHA * mp.expm1(x),
        lambda x: SCALE if x > 0 else mp.mpf(SCALE) * ALPHA * mp.exp(x),
    ),
    "silu": gated(sigmoid, lambda x: mp.sech(x / 2) ** 2 / 4),
    "softplus": Exact(softplus, sigmoid),
    "sigmoid": Exact(sigmoid, lambda x: mp.sech(x / 2) ** 2 / 4),
    "soft_sign": Exact(lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
}
"""The functions of one operand."""

PARAMS: dict[str, tuple[Any, ...]] = {"elu": (0.5,), "leaky_relu": (0.25,)}


def floor_of_quotient(x: Any, y: Any) -> Any:
    with mp.workprec(3000):
        return mp.floor(x / y)


def trunc_of_quotient(x: Any, y: Any) -> Any:
    with mp.workprec(3000):
        return mp.sign(x / y) * mp.floor(abs(x / y))


def log_of_sum(x: Any, y: Any, base: Any) -> Any:
    top, difference = max(x, y), -abs(x - y) * mp.log(base)
    return top + mp.log1p(mp.exp(difference)) / mp.log(base)


def logistic_of(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def square_sum(x: Any, y: Any) -> Any:
    return x * x + y * y


@dataclass(frozen=True)
class Pair:
    """A function of two numbers in mpmath, and its derivatives by either.

    Attributes
    ----------
    value, slopes
        The function and its derivatives; None is not checked.
    bound, slope_bound
        The largest error of each, in ulp.
    positive
        Whether the first number has to be, and normal (the derivative of a power takes its
        reciprocal).
    by_value
        Whether the derivatives are computed from the value, and are as exact as that: they are
        checked where it is a normal number.
    envelope
        What errors of the value are measured by, if that is larger than it.
    """

    value: Callable[[Any, Any], Any] | None
    slopes: tuple[Callable[[Any, Any], Any] | None, ...]
    bound: float = 3.0
    slope_bound: float = 5.0
    positive: bool = False
    by_value: bool = False
    envelope: Callable[[Any, Any], Any] | None = None


def larger(x: Any, y: Any) -> Any:
    return max(abs(x), abs(y))


PAIRS: dict[str, Pair] = {
    "add": Pair(lambda x, y: x + y, (lambda x, y: 1, lambda x, y: 1), 0.5, 0),
    "arctan2": Pair(
        mp.atan2, (lambda x, y: y / square_sum(x, y), lambda x, y: -x / square_sum(x, y))
    ),
    "copysign": Pair(
        lambda x, y: abs(x) * mp.sign(y), (lambda x, y: mp.sign(x) * mp.sign(y), None), 0, 0
    ),
    "divide": Pair(lambda x, y: x / y, (lambda x, y: 1 / y, lambda x, y: -x / (y * y))),
    "fmax": Pair(max, (lambda x, y: int(x > y), lambda x, y: int(y > x)), 0, 0),
    "fmin": Pair(min, (lambda x, y: int(x < y), lambda x, y: int(y < x)), 0, 0),
    "fmod": Pair(None, (lambda x, y: 1, lambda x, y: -trunc_of_quotient(x, y))),
    "hypot": Pair(
        lambda x, y: mp.sqrt(square_sum(x, y)),
        (lambda x, y: x / mp.sqrt(square_sum(x, y)), lambda x, y: y / mp.sqrt(square_sum(x, y))),
        by_value=True,
    ),
    "logaddexp": Pair(
        lambda x, y: log_of_sum(x, y, mp.e),
        (lambda x, y: logistic_of(x - y), lambda x, y: logistic_of(y - x)),
        slope_bound=100.0, envelope=larger,
    ),
    "logaddexp2": Pair(
        lambda x, y: log_of_sum(x, y, 2),
        (lambda x, y: logistic_of(mp.ln2 * (x - y)), lambda x, y: logistic_of(mp.ln2 * (y - x))),
        slope_bound=100.0, envelope=larger,
    ),
    "maximum": Pair(max, (lambda x, y: int(x > y), lambda x, y: int(y > x)), 0, 0),
    "minimum": Pair(min, (lambda x, y: int(x < y), lambda x, y: int(y < x)), 0, 0),
    "multiply": Pair(lambda x, y: x * y, (lambda x, y: y, lambda x, y: x), 0.5, 0),
    "power": Pair(
        lambda x, y: x**y,
        (lambda x, y: y * x ** (y - 1), lambda x, y: x**y * mp.log(x)),
        slope_bound=400.0, positive=True,
    ),
    "remainder": Pair(None, (lambda x, y: 1, lambda x, y: -floor_of_quotient(x, y))),
    "subtract": Pair(lambda x, y: x - y, (lambda x, y: 1, lambda x, y: -1), 0.5, 0),
}
"""The functions of two numbers. Those that mygrad leaves to the library have no `value` here."""


def pairs(dtype: str, positive: bool) -> tuple[Any, Any]:
    """Pairs of numbers of a dtype, far from and close to each other."""
    sizes = np.concatenate([magnitudes(dtype, 7), 10.0 ** np.linspace(-2, 2, 5)])
    numbers = np.concatenate([sizes, -sizes])
    first = sizes[sizes >= 2.0 ** LOWEST[dtype]] if positive else numbers
    x, y = (a.ravel() for a in np.meshgrid(first, numbers))
    close = 1 + np.outer([1.0, -1.0], 2.0 ** -np.arange(1.0, DIGITS[dtype] - 1, 4)).ravel()
    near = np.outer([0.1, 1.0, 3.0], close).ravel()
    there = np.repeat([0.1, 1.0, 3.0], len(close))
    x, y = np.concatenate([x, near, near]), np.concatenate([y, there, -there])
    different = x != y
    return x[different].astype(dtype), y[different].astype(dtype)


def magnitudes(dtype: str, count: int) -> Any:
    """From the smallest denormal close to the largest number, on a logarithmic scale."""
    info = np.finfo(np.dtype(dtype).type)
    first, last = math.log2(float(info.smallest_subnormal)), math.log2(float(info.max))
    return 2.0 ** np.linspace(first, last * 0.9999, count)


def points(dtype: str, exact: Exact) -> Any:
    """Numbers of a dtype, on a logarithmic scale and close to some."""
    middle = 10.0 ** np.linspace(-3, 3, 41)  # where most happens
    sizes = [magnitudes(dtype, 60), middle, [1e-2, 5.0, 20.0, 88.0, 100.0, 700.0]]
    for centre in exact.near:
        steps = 2.0 ** -np.arange(1.0, DIGITS[dtype])
        sizes += [centre * (1 + steps), centre * (1 - steps)]
    size = np.concatenate(sizes)
    with np.errstate(over="ignore"):
        x = np.concatenate([size, -size]).astype(dtype)
    inside = (x > exact.low) & (x < exact.high) & (np.abs(x) > exact.outside) & np.isfinite(x)
    return np.unique(x[inside])


def errors(got: Any, exact: list[Any], dtype: str, envelope: list[Any] | None = None) -> Any:
    """The errors in ulp of results whose exact values are known."""
    off = np.zeros(len(exact))
    largest, digits, lowest = float(np.finfo(dtype).max), DIGITS[dtype], LOWEST[dtype]
    for k, (number, true) in enumerate(zip(got.astype(np.float64).tolist(), exact, strict=True)):
        size = abs(mp.mpf(true))
        if size > largest:  # the largest number and infinity enclose it
            true = math.copysign(largest, true)
            number = math.copysign(min(abs(number), largest), number)
        elif size < 2.0**lowest and abs(number) <= 2.0**lowest:
            continue
        scale = size if envelope is None else max(size, envelope[k])
        exponent = max(mp.frexp(min(scale, largest))[1] - 1, lowest) if scale else lowest
        ulp = mp.ldexp(1, exponent - digits + 1)
        off[k] = min(float(abs(number - true) / ulp), 1e18) if number == number else math.inf
    return off


def function_of(name: str) -> Any:
    return getattr(mg, name, None) or getattr(activations, name, None) or registry[name]


def complaint(what: str, off: Any, bound: float, x: Any, got: Any, exact: list[Any]) -> str:
    """What is wrong where the error is the largest; nothing if it is within the bound."""
    k = int(off.argmax())
    if off[k] <= bound:
        return ""
    at = tuple(float(a[k]) for a in x)
    return f"{what} is off by {off[k]:.3g} ulp at {at}: {got[k]}, exactly {float(exact[k])}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TABLE)
def test_functions_of_one_number(name: str, dtype: str) -> None:
    exact = TABLE[name]
    x = points(dtype, exact)
    leaf = mg.tensor(x)
    with np.errstate(all="ignore"), mp.workprec(200):
        result = function_of(name)(leaf, *PARAMS.get(name, ()))
        result.backward()
        places = [mp.mpf(float(a)) for a in x]
        envelope = [exact.envelope(a) for a in places] if exact.envelope else None
        values, slopes = ([f(a) for a in places] for f in (exact.value, exact.slope))
        value, slope = host(result), host(leaf.grad)
        off = errors(value, values, dtype, envelope), errors(slope, slopes, dtype, envelope)
    said = [
        complaint("the value", off[0], exact.bound, (x,), value, values),
        complaint("the derivative", off[1], exact.slope_bound, (x,), slope, slopes),
    ]
    assert not any(said), said


ROUNDED_QUOTIENT = pytest.mark.skip_on("cupy", "CuPy's floor_divide rounds the quotient first")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=ROUNDED_QUOTIENT) if n == "remainder" else n for n in PAIRS]
)
def test_functions_of_two_numbers(name: str, dtype: str) -> None:
    exact = PAIRS[name]
    arrays = pairs(dtype, exact.positive)
    leaves = [mg.tensor(a) for a in arrays]
    said = []
    with np.errstate(all="ignore"), mp.workprec(200):
        result = function_of(name)(*leaves)
        result.backward()
        size = np.abs(host(result))
        normal = np.isfinite(size) & (size >= 2.0 ** LOWEST[dtype])
        places = [(mp.mpf(float(a)), mp.mpf(float(b))) for a, b in zip(*arrays, strict=True)]
        for k, f in enumerate((exact.value, *exact.slopes)):
            if f is None:
                continue
            got = host(leaves[k - 1].grad if k else result)
            envelope = [exact.envelope(*p) for p in places] if exact.envelope and not k else None
            true = [f(*p) for p in places]
            bound = exact.slope_bound if k else exact.bound
            what = f"the derivative by operand {k}" if k else "the value"
            off = errors(got, true, dtype, envelope)
            off = np.where(normal, off, 0.0) if k and exact.by_value else off
            said.append(complaint(what, off, bound, arrays, got, true))
    assert not any(said), said


def test_every_elementwise_function_is_checked() -> None:
    names = {registry[n].name for n in UFUNCS if n in registry}
    assert names == (set(TABLE) | set(PAIRS)) - {"elu", "leaky_relu"}


@pytest.mark.parametrize("name", TABLE)
def test_second_derivatives(name: str) -> None:
    """Relative to themselves, and absolutely where they are close to 0."""
    exact = TABLE[name]
    sizes = np.array([1e-8, 1e-3, 0.01, 0.1, 0.3, 0.7, 0.9, 0.999, 1.001, 1.3, 3.0, 30.0, 100.0])
    x = np.concatenate([sizes, -sizes])
    x = x[(x > exact.low) & (x < exact.high) & (np.abs(x) > exact.outside)]
    leaf = mg.tensor(x)
    with np.errstate(all="ignore"):
        function_of(name)(leaf, *PARAMS.get(name, ())).backward(create_graph=True)
        slope = leaf.grad
        leaf.null_grad()
        if not slope.constant:
            slope.backward()
    got = np.zeros(x.shape) if leaf.grad is None else host(leaf.grad)
    with mp.workprec(400):
        steps = [(mp.mpf(float(a)), mp.mpf(2) ** -100 * float(a)) for a in x]
        want = [(exact.slope(a + h) - exact.slope(a - h)) / (2 * h) for a, h in steps]
    np.testing.assert_allclose(got, np.array(want, float), rtol=1e-13, atol=1e-16)
