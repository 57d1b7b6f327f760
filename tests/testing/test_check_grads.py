"""`check_grads` accepts what is right, finds what is wrong, and says what may be the reason."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from gradcheck import raw

import mygrad as mg
from mygrad.autodiff.primitive import primitive
from mygrad.math.ufunc import ufunc
from mygrad.testing import check_grads

X = np.array([0.3, 0.7, 1.2])
Y = np.array([2.0, 3.0])
Pair = namedtuple("Pair", "first second")


def complaint(f: Any, *args: Any, **options: Any) -> str:
    """What `check_grads` says of a wrong derivative."""
    with pytest.raises(AssertionError) as raised:
        check_grads(f, *args, **options)
    return str(raised.value)


# --- what is right --------------------------------------------------------------------------------
def write(x: Any, y: Any) -> Any:
    x[1:] *= y
    x[0] = x[1] * x[2]
    return x


def penalty(x: Any) -> Any:
    """A function of a gradient."""
    y = mg.sum(x**3)
    y.backward(create_graph=True)
    return x.grad * x


def nested(parameters: Any, pair: Any) -> Any:
    total = parameters["w"] @ parameters["x"][0] + pair.first
    return {"total": [total, pair.second * total.sum()], "count": mg.tensor([1, 2])}


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x, y: mg.sin(x) * y, (np.ones((2, 1)), X)),
        (write, (X, Y)),
        (penalty, (X,)),
        (
            nested,
            (
                {"w": np.full((2, 3), 0.5), "x": [X.reshape(3, 1)]},
                Pair(np.array(0.25), np.array([2.0])),
            ),
        ),
        (lambda z: mg.absolute(z) * mg.conj(z), (np.array([1 + 2j, 0.5 - 1j]),)),
        (lambda x, z: mg.exp(1j * x) * z, (X, np.array(1 + 2j))),
        (mg.exp, (np.array(1.5),)),
        (lambda x: x.sum(), (np.ones((0, 3)),)),
        (lambda x: (x * 2, mg.sum(x) ** 2), (np.array(0.5),)),
        (lambda x: x, (X,)),
        (lambda x: mg.floor(x) + x.data.shape[0], (X,)),
        (lambda x, axis: mg.sum(x**2, axis=axis), (X, 0)),
    ],
)
def test_what_is_right_passes_at_every_order(f: Any, args: Any) -> None:
    check_grads(f, *args, order=3)


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64"])
def test_tolerances_follow_the_dtype(dtype: str) -> None:
    if dtype == "float16" and mg.backends.selected_adapter().name == "array-api-strict":
        pytest.skip("the standard has no such dtype")
    x = np.asarray([0.3, 0.7], dtype)
    check_grads(lambda x: mg.exp(x) * x, x)
    if dtype != "float16":
        assert complaint(lambda x: mg.exp(x) * x, x, rtol=1e-12, atol=0.0)


def test_arguments_are_left_alone() -> None:
    x, constant = mg.tensor(X), mg.tensor(Y, constant=True)
    integers, options = np.array([0, 2]), {"factor": 2.0}

    def f(x: Any, y: Any, index: Any, options: Any) -> Any:
        assert y.constant
        y *= 2
        index[0] = 1
        x[1:] *= y
        return x[raw(index)] * options.pop("factor")

    check_grads(f, x, constant, integers, options)
    assert x.tolist() == X.tolist() and constant.tolist() == Y.tolist()
    assert integers.tolist() == [0, 2] and options == {"factor": 2.0}
    assert x.grad is None and x.creator is None


def test_tensors_stay_where_they_are() -> None:
    kinds = set()

    def f(x: Any) -> Any:
        kinds.add(x.backend)
        return x * x

    check_grads(f, mg.tensor(X))
    here = mg.backends.selected_adapter().name
    assert kinds == {here}
    check_grads(f, X)
    assert kinds == {here, "numpy"}  # differences of what came from the host are taken there
    kinds.clear()
    check_grads(f, mg.tensor(X, backend="numpy"))
    assert kinds == {"numpy"}


def test_a_reference() -> None:
    def reference(x: Any) -> Any:
        assert type(x) is np.ndarray and x.dtype == np.float64
        return np.exp(x)

    check_grads(mg.exp, X.astype("f4"), reference=reference)
    assert "1.5 times" in complaint(lambda x: 1.5 * mg.exp(x), X, reference=reference)


def test_few_entries_of_many() -> None:
    calls = []

    def reference(x: Any) -> Any:
        calls.append(1)
        return x * x

    check_grads(lambda x: x * x, np.ones(10_000), reference=reference, max_entries=3)
    assert len(calls) < 20


# --- what is wrong --------------------------------------------------------------------------------
@ufunc(x=lambda g, x, xp: g * xp.where(x < 1.0, x, 0.0))
def wrong_at_one_entry(x: Any, *, xp: Any) -> Any:
    """Half of x squared; the rule is wrong from 1 on."""
    return x * x / 2


@ufunc(x=lambda g, x, xp: xp.conj(g * 2 * x))
def conjugated(x: Any, *, xp: Any) -> Any:
    """The square of x, with PyTorch's convention."""
    return x * x


@primitive(x=lambda g, x: 3 * g * x * x.data if isinstance(x, mg.Tensor) else 3 * g * x * x)
def wrong_twice(x: Any) -> Any:
    """The cube of x; its rule forgets a derivative of its own."""
    return x * x * x


def test_the_report() -> None:
    report = complaint(wrong_at_one_entry, X)
    lines = report.splitlines()
    assert lines[0].endswith("the gradient of wrong_at_one_entry is not what differences say")
    assert lines[1] == "by x: 1 of 3 entries (33%) differ"
    assert lines[2].split() == ["got", "expected", "error", "tolerated"]
    name, got, want, error, tolerated = lines[3].split()
    assert name == "x[2]"
    assert float(got) == 0.0
    assert float(want) == pytest.approx(float(error), rel=1e-2)
    assert float(tolerated) < 1e-5
    assert len(lines) == 4


def test_the_worst_come_first() -> None:
    report = complaint(lambda x: x * x.data, np.arange(1.0, 9.0))
    assert "8 of 8 entries (100%)" in report
    assert "and 3 more" in report
    errors = [float(line.split()[3]) for line in report.splitlines() if " x[" in line]
    assert len(errors) == 5 and errors == sorted(errors, reverse=True)


def test_paths_of_nested_arguments() -> None:
    def f(parameters: Any, y: Any) -> Any:
        return parameters["w"][1] * parameters["w"][0].data * y

    report = complaint(f, {"w": [mg.tensor(X), mg.tensor(X)]}, np.array(2.0))
    assert "by parameters['w'][0]: 3 of 3" in report
    assert "parameters['w'][0][2]" in report
    assert "no gradient arrived" in report
    assert "by y" not in report and "by parameters['w'][1]" not in report


def test_second_derivatives_are_checked_on_request() -> None:
    check_grads(wrong_twice, X)
    report = complaint(wrong_twice, X, order=2)
    assert "the second derivative of wrong_twice" in report
    assert "0.5 times" in report


@pytest.mark.raw_arithmetic
@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (lambda x: x * x.data, X, "0.5 times what is expected, throughout"),
        (conjugated, X + 1j, "complex conjugate"),
        (lambda x: x.data * 2, X, "f returns no tensor"),
        (lambda x: mg.tensor(x.data * 2, constant=True), X, "f returns a constant"),
        (lambda x: mg.where(x > 1, x, 2 * x - 1), np.array([1.0]), "a kink .* is 2 on .* 1 on"),
        (mg.sqrt, np.array([1e-4, 1.0]), "leave the domain of f"),
        (lambda x: mg.sin(1e4 * x), X, "depend on the step"),
    ],
)  # fmt: skip
def test_what_the_reason_may_be(f: Any, x: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_grads(f, x)


def test_functions_that_are_not_deterministic() -> None:
    rng = np.random.default_rng(0)
    report = complaint(lambda x: x * float(rng.random()), X)
    assert "not deterministic" in report
    assert "kink" not in report


def test_gradients_of_another_dtype(monkeypatch: Any) -> None:
    """It cannot happen unless mygrad is broken."""
    monkeypatch.setattr(mg.Tensor, "grad", property(lambda t: raw(np.ones(3, "f4"))))
    assert "is float32[3], and x is float64[2]" in complaint(lambda x: x, Y)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: check_grads(mg.sin, 1.0), ValueError, "nothing to differentiate by"),
        (lambda: check_grads(mg.sin, mg.tensor(X, constant=True)), ValueError, "nothing to"),
        (lambda: check_grads(mg.sin, X, modes=("vjp", "jwp")), ValueError, "no mode 'jwp'.*'vjp'"),
        (lambda: check_grads(mg.sin, X, modes="map"), ValueError, "no mode 'map'"),
        (lambda: check_grads(mg.sin, X, order=0), ValueError, "order 1, 2"),
        (lambda: check_grads(lambda x: None, X), TypeError, "is there a return?"),
        (lambda: check_grads(lambda x: [x, "x"], X), TypeError, r"result\[1\] is a str"),
    ],
)
def test_what_cannot_be_checked(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call()
