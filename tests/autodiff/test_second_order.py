"""Derivatives of derivatives: ``backward(create_graph=True)`` and then ``backward`` again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, hessian, host, raw
from primitive_cases import CASES, UFUNCS, Case, distinct, operands_of, some
from test_primitives import called, caller, calls, ufuncs

import mygrad as mg
from mygrad.autodiff.namespace import registry


# --- every primitive ---------------------------------------------------------------------------
@pytest.mark.parametrize("name", some(ufuncs, 4))
def test_elementwise(name: str) -> None:
    domains = UFUNCS[name]
    check_second_derivatives(registry[name], distinct(((2, 2),) * len(domains), domains))


@pytest.mark.parametrize("name", some([n for n in ufuncs if len(UFUNCS[n]) == 2], 4))
@pytest.mark.parametrize("shapes", [((2, 2), (2,)), ((), (3,)), ((2, 1), (1, 2))])
def test_elementwise_broadcast(name: str, shapes: Any) -> None:
    check_second_derivatives(registry[name], distinct(shapes, UFUNCS[name], seed=5))


@calls()
def test_others(name: str, case: Case) -> None:
    check_second_derivatives(caller(name, case), operands_of(case))


@calls()
def test_others_after_a_square(name: str, case: Case) -> None:
    """Linear operations have no second derivative of their own, but take part in others'."""
    f = caller(name, case)
    if name in ("sort", "max", "min", "clip", "_clip"):
        return  # squaring moves their kinks

    def squared(*operands: Any) -> Any:
        return f(*[mg.multiply(x, x) for x in operands])

    check_second_derivatives(squared, operands_of(case))


@pytest.mark.parametrize("name", some([n for n in ufuncs if len(UFUNCS[n]) == 1], 4))
def test_third_derivative(name: str) -> None:
    """The third derivative of a sum is the slope of the second."""
    f = registry[name]

    def second(x: Any) -> Any:
        f(x).backward(create_graph=True)
        g = x.grad
        x.null_grad()
        g.backward(create_graph=True)
        return x.grad

    (at,) = distinct(((3,),), UFUNCS[name], seed=2)
    x = mg.tensor(at)
    g = second(x)
    x.null_grad()
    if g is not None:
        g.backward()
    got = np.zeros(3) if x.grad is None else host(x.grad)
    h = 1e-4
    with mg.backend("numpy"):
        low, high = (second(mg.tensor(at + d)) for d in (-h, h))
    want = np.zeros(3) if low is None else (host(high) - host(low)) / (2 * h)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-4)


def test_every_family_is_here() -> None:
    """The tables that drive this module are not empty by accident."""
    assert len(ufuncs) >= 40
    assert len({name for name, _ in called}) >= 30
    assert len(CASES) >= 30


# --- Hessians ----------------------------------------------------------------------------------
A = np.array([[2.0, -1.0, 0.5], [0.25, 3.0, 1.0], [1.5, 0.0, -2.0]])
AT = np.array([0.5, -1.25, 2.0])
S = AT.sum()
EYE = np.eye(3)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max())
    return e / e.sum()


P = softmax(AT)
NORM = np.sqrt((AT**2).sum())
SIGMOID = 1 / (1 + np.exp(-AT))


def in_place_through_views(x: Any) -> Any:
    """b = [x0², x1·x0², x2 + x1·x0²]; the sum of b², written through views of views."""
    b = x * 1.0
    pair = b[:2]
    pair[:1] *= x[:1]
    tail = b[::-1][:2]
    pair[1:] *= b[:1]
    tail[:1] += pair[1:]
    return (b**2).sum()


def in_place_hessian() -> np.ndarray:
    """The closed form for the function above: with u = x0², v = x1·u, w = x2 + v."""
    x0, x1, x2 = AT
    du, d2u = np.array([2 * x0, 0, 0]), np.zeros((3, 3))
    d2u[0, 0] = 2
    u = x0**2
    dv = x1 * du + u * EYE[1]
    d2v = x1 * d2u + np.outer(EYE[1], du) + np.outer(du, EYE[1])
    v = x1 * u
    dw, w = EYE[2] + dv, x2 + v
    return 2 * (
        np.outer(du, du) + u * d2u + np.outer(dv, dv) + v * d2v + np.outer(dw, dw) + w * d2v
    )


def overwritten(x: Any) -> Any:
    """Reads before and after a write see the old and the new value: x·x, then x³ in its place."""
    b = +x
    old = b[:] * b[:]
    b[...] = b * b * b
    return (old + b).sum()


def masked_write(x: Any) -> Any:
    b = +x
    b[raw(AT > 0)] = b[raw(AT > 0)] ** 3
    return (b * b).sum()


def repeated_reads(x: Any) -> Any:
    return (x[raw(np.array([0, 0, 2]))] ** 2 * x[raw(np.array([1, 0, 0]))]).sum()


def loop(x: Any) -> Any:
    """b[i] = b[i-1]·x[i], element by element."""
    b = x * 1.0
    for i in range(1, 3):
        b[i] = b[i - 1] * x[i]
    return b[2] ** 2


def where_out(x: Any) -> Any:
    b = x * x
    mg.multiply(x, b, where=raw(AT > 0), out=b)
    return (b * x).sum()


def full(n: int) -> np.ndarray:
    return np.ones((n, n))


X0, X1, X2 = AT
REPEATED = np.array(
    [[2 * X1 + 6 * X0, 2 * X0, 2 * X2], [2 * X0, 0, 0], [2 * X2, 0, 2 * X0]], dtype=float
)
PRODUCT = 2 * np.array(
    [
        [(X1 * X2) ** 2, 2 * X0 * X1 * X2**2, 2 * X0 * X1**2 * X2],
        [2 * X0 * X1 * X2**2, (X0 * X2) ** 2, 2 * X0**2 * X1 * X2],
        [2 * X0 * X1**2 * X2, 2 * X0**2 * X1 * X2, (X0 * X1) ** 2],
    ]
)

HESSIANS: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "square": (lambda x: (x * x).sum(), 2 * EYE),
    "quadratic form": (lambda x: x @ mg.matmul(A, x), A + A.T),
    "cube": (lambda x: mg.sum(x**3), np.diag(6 * AT)),
    "square of sum": (lambda x: x.sum() ** 2, 2 * full(3)),
    "exp of sum": (lambda x: mg.exp(x.sum()), np.exp(S) * full(3)),
    "sum of exp": (lambda x: mg.exp(x).sum(), np.diag(np.exp(AT))),
    "sin": (lambda x: mg.sin(x).sum(), np.diag(-np.sin(AT))),
    "tanh": (
        lambda x: mg.tanh(x).sum(),
        np.diag(-2 * np.tanh(AT) * (1 - np.tanh(AT) ** 2)),
    ),
    "log of square": (lambda x: mg.log(x * x).sum(), np.diag(-2 / AT**2)),
    "reciprocal": (lambda x: (1 / x).sum(), np.diag(2 / AT**3)),
    "norm": (lambda x: mg.sqrt((x * x).sum()), EYE / NORM - np.outer(AT, AT) / NORM**3),
    "log-sum-exp": (lambda x: mg.log(mg.exp(x).sum()), np.diag(P) - np.outer(P, P)),
    "logistic": (
        lambda x: mg.log(1 + mg.exp(x)).sum(),
        np.diag(SIGMOID * (1 - SIGMOID)),
    ),
    "outer product": (
        lambda x: (x[:, None] * x[None, :] * A).sum(),
        A + A.T,
    ),
    "product": (lambda x: mg.prod(x), np.array([[0, X2, X1], [X2, 0, X0], [X1, X0, 0]])),
    "squared product": (lambda x: mg.prod(x) ** 2, PRODUCT),
    "variance": (lambda x: mg.var(x), 2 / 3 * (EYE - full(3) / 3)),
    "mean of square": (lambda x: mg.mean(x * x), 2 / 3 * EYE),
    "square of max": (lambda x: mg.max(x) ** 2, 2 * np.outer(EYE[2], EYE[2])),
    "maximum": (lambda x: mg.maximum(x, 0.0).sum() ** 2, 2 * np.outer(AT > 0, AT > 0)),
    "absolute cubed": (lambda x: (abs(x) ** 3).sum(), np.diag(6 * np.abs(AT))),
    "where": (
        lambda x: mg.sum(mg.where(raw(AT > 0), x**3, x**2)),
        np.diag(np.where(AT > 0, 6 * AT, 2)),
    ),
    "cumulative sum": (
        lambda x: (mg.cumsum(x) ** 2).sum(),
        2 * np.array([[3, 2, 1], [2, 2, 1], [1, 1, 1]]),
    ),
    "power of both": (
        lambda x: x[2] ** x[0],
        np.array(
            [
                [X2**X0 * np.log(X2) ** 2, 0, X2 ** (X0 - 1) * (1 + X0 * np.log(X2))],
                [0, 0, 0],
                [X2 ** (X0 - 1) * (1 + X0 * np.log(X2)), 0, X0 * (X0 - 1) * X2 ** (X0 - 2)],
            ]
        ),
    ),
    "linear": (lambda x: mg.sum(3 * x), np.zeros((3, 3))),
    "neighbours": (
        lambda x: (x[1:] * x[:-1]).sum(),
        np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]),
    ),
    "reversed": (lambda x: (x * x[::-1]).sum(), 2 * np.fliplr(EYE)),
    "integer index": (repeated_reads, REPEATED),
    "in place through views": (in_place_through_views, in_place_hessian()),
    "read, overwritten, read": (overwritten, np.diag(2 + 6 * AT)),
    "masked write": (masked_write, np.diag(np.where(AT > 0, 30 * AT**4, 2))),
    "loop of element writes": (loop, PRODUCT),
    "where= and out=": (where_out, np.diag(np.where(AT > 0, 12 * AT**2, 6 * AT))),
}


@pytest.mark.parametrize("name", HESSIANS)
def test_hessian(name: str) -> None:
    f, want = HESSIANS[name]
    got = hessian(f, AT)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(got, got.T, rtol=1e-9, atol=1e-10)


def test_hessian_of_a_network() -> None:
    """All second derivatives of a two-layer network with softmax cross-entropy."""
    rng = np.random.default_rng(0)
    data, first = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))
    second, labels = rng.normal(size=(5, 2)), np.eye(2)[[0, 1, 1, 0]]

    def loss(w: Any, v: Any) -> Any:
        scores = mg.tanh(mg.matmul(data, w)) @ v
        z = mg.log(mg.exp(scores).sum(axis=1, keepdims=True))
        return mg.mean(mg.sum(labels * (z - scores), axis=1))

    check_second_derivatives(loss, [first, second])


@pytest.mark.parametrize(
    ("f", "derivatives"),
    [
        (lambda x: x**4, [32.0, 48.0, 48.0, 24.0, 0.0]),
        (lambda x: mg.exp(2 * x), [2**k * np.exp(4.0) for k in range(1, 6)]),
        (lambda x: mg.sin(x), [np.cos(2), -np.sin(2), -np.cos(2), np.sin(2), np.cos(2)]),
        (lambda x: 1 / x, [-1 / 4, 2 / 8, -6 / 16, 24 / 32, -120 / 64]),
        (lambda x: mg.log(x), [1 / 2, -1 / 4, 2 / 8, -6 / 16, 24 / 32]),
    ],
    ids=["power", "exp", "sin", "reciprocal", "log"],
)
def test_higher_orders(f: Callable[[Any], Any], derivatives: list[float]) -> None:
    x = mg.tensor(2.0)
    y = f(x)
    for want in derivatives:
        x.null_grad()
        y.backward(create_graph=True)
        y = mg.tensor(0.0) if x.grad is None else x.grad
        np.testing.assert_allclose(host(y), want, rtol=1e-12, atol=1e-12)


# --- what create_graph means -------------------------------------------------------------------
def test_gradients_are_tensors_and_nothing_is_cleared() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * x
    z = y.sum()
    z.backward(create_graph=True)
    assert isinstance(x.grad, mg.Tensor)
    assert isinstance(y.grad, mg.Tensor)
    assert x.grad.dtype == x.dtype
    assert y.creator is not None
    assert z.creator is not None
    z.backward()
    assert not isinstance(x.grad, mg.Tensor)
    assert host(x.grad).tolist() == [2, 4]
    assert z.creator is None


def test_a_gradient_in_the_objective() -> None:
    """A gradient penalty: (f'(x))² summed, differentiated by x and by the weights."""
    x, w = mg.tensor([0.5, -1.0]), mg.tensor([2.0, 3.0])
    mg.sum(w * x**3).backward(create_graph=True)
    penalty = (x.grad**2).sum()  # (3·w·x²)²
    penalty.backward()
    np.testing.assert_allclose(host(x.grad), 36 * host(w) ** 2 * host(x) ** 3)
    np.testing.assert_allclose(host(w.grad), 18 * host(w) * host(x) ** 4)


def test_seed_may_be_differentiated() -> None:
    x, seed = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 5.0])
    (x**3).backward(seed, create_graph=True)
    x.grad.backward()
    np.testing.assert_allclose(host(seed.grad), [3.0, 12.0])
    np.testing.assert_allclose(host(x.grad), [18.0, 60.0])


def test_a_write_after_the_first_backward() -> None:
    """The second derivative belongs to the values that were read."""
    x = mg.tensor([1.0, 2.0])
    b = +x
    (b**3).backward(create_graph=True)
    g = x.grad
    b[...] = 0.0
    g.backward()
    np.testing.assert_allclose(host(x.grad), [6.0, 12.0])


def test_float32_stays() -> None:
    x = mg.tensor(np.array([1.0, 2.0], np.float32))
    (2.0 * x**3).backward(create_graph=True)
    assert x.grad.dtype == x.dtype
    x.grad.backward()
    assert x.grad.dtype == x.dtype
    np.testing.assert_allclose(host(x.grad), [12.0, 24.0])
