"""Softmax and losses: sure samples, far tails, many elements in float16, what they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, host, raw

import mygrad as mg
from mygrad.nnet.activations import glu, logsoftmax, softmax
from mygrad.nnet.losses import (
    focal_loss,
    margin_ranking_loss,
    multiclass_hinge,
    negative_log_likelihood,
    softmax_crossentropy,
    softmax_focal_loss,
)

LABELLED = [
    softmax_crossentropy, negative_log_likelihood, multiclass_hinge, focal_loss,
    softmax_focal_loss,
]  # fmt: skip
no_float16 = pytest.mark.skip_on("array-api-strict", "has no float16")

SCORES = [
    [0.0, -20.0, -30.0],
    [3.0, 3.0, 1.0],
    [-50.0, 0.0, 30.0],
    [1e4, 1e4, 1e4 - 3],
    [0.25, -0.5, 2.0],
    [-80.0, 0.0, 2.0],
]


def exactly(scores: Any) -> tuple[Any, Any]:
    """The softmax and its logarithm, in mpmath."""
    mp = pytest.importorskip("mpmath")
    with mp.workprec(300):
        powers = [[mp.exp(mp.mpf(float(s))) for s in row] for row in scores]
        shares = [[p / mp.fsum(row) for p in row] for row in powers]
        logs = [[mp.log(p) for p in row] for row in shares]
    return np.array(shares, float), np.array(logs, float)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scores_are_exact_in_every_element(dtype: str) -> None:
    x = np.array(SCORES, dtype)
    eps = float(np.finfo(dtype).eps)
    shares, logs = exactly(x)
    np.testing.assert_allclose(host(softmax(x)), shares, rtol=8 * eps, atol=1e-45)
    np.testing.assert_allclose(host(logsoftmax(x)), logs, rtol=8 * eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label", [0, 1, 2])
def test_crossentropy_of_sure_samples(dtype: str, label: int) -> None:
    """The loss and every element of the gradient, relative to themselves."""
    eps = float(np.finfo(dtype).eps)
    for row in SCORES:
        x = np.array([row], dtype)
        shares, logs = exactly(x)
        leaf = mg.tensor(x)
        loss = softmax_crossentropy(leaf, raw([label]))
        loss.backward()
        np.testing.assert_allclose(host(loss), -logs[0, label], rtol=8 * eps)
        others = np.where(np.arange(3) == label, 0.0, shares[0])
        want = np.where(np.arange(3) == label, -others.sum(), others)
        np.testing.assert_allclose(host(leaf.grad)[0], want, rtol=16 * eps, atol=1e-45)


@pytest.mark.parametrize("f", [softmax, logsoftmax])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_scores_are_exact_as_rows(f: Any, dtype: str) -> None:
    x = np.array(SCORES, dtype)
    shares, _ = exactly(x)
    seed = np.array([0.5, -1.0, 2.0], dtype)
    leaf = mg.tensor(x)
    f(leaf).backward(raw(np.broadcast_to(seed, x.shape)))
    mean = (shares * seed).sum(axis=1, keepdims=True)
    want = shares * (seed - mean) if f is softmax else seed - shares * seed.sum()
    np.testing.assert_allclose(host(leaf.grad), want, atol=8 * float(np.finfo(dtype).eps))


def test_the_gradient_of_logsumexp_of_large_numbers() -> None:
    x = mg.tensor(np.array([1e4, 1e4, 1e4 - 1], "float32"))
    mg.logsumexp(x).backward()
    shares, _ = exactly([host(x)])
    np.testing.assert_allclose(host(x.grad), shares[0], rtol=1e-6)


def test_crossentropy_differentiates_twice_through_its_residuals() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))
    labels = np.array([0, 2, 1, -1])
    check_second_derivatives(lambda t: softmax_crossentropy(t, labels), [x])
    check_second_derivatives(
        lambda t: softmax_focal_loss(t, labels, alpha=0.5, gamma=1.5), [x]
    )


@pytest.mark.parametrize("gamma", [0.3, 0.5, 1, 2.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_focal_losses_of_sure_samples(gamma: float, dtype: str) -> None:
    x = mg.tensor(np.array([[200.0, 0.0], [0.0, 0.0], [20.0, 0.0]], dtype))
    loss = softmax_focal_loss(x, raw([0, 0, 0]), gamma=gamma)
    loss.backward()
    rest = np.exp(-20.0) / (1 + np.exp(-20.0))
    assert host(loss)[0] < 1e-80 if dtype == "float64" else host(loss)[0] < 1e-37
    assert np.abs(host(x.grad)[0]).max() < 1e-25
    assert np.isfinite(host(x.grad)).all()
    np.testing.assert_allclose(host(loss)[2], rest**gamma * -np.log1p(-rest), rtol=1e-5)
    want = rest * (gamma * rest ** (gamma - 1) * -np.log1p(-rest) * (1 - rest) + rest**gamma)
    np.testing.assert_allclose(host(x.grad)[2, 1], want, rtol=1e-5)

    p = mg.tensor(np.array([[1.0, 0.0], [0.75, 0.25]], dtype))
    loss = focal_loss(p, raw([0, 0]), gamma=gamma)
    loss.backward()
    assert host(loss)[0] == 0
    slope = gamma * 0.25 ** (gamma - 1) * np.log(0.75) - 0.25**gamma / 0.75
    np.testing.assert_allclose(host(p.grad), [[0, 0], [slope, 0]], rtol=1e-6)


def test_focal_loss_clips_probabilities() -> None:
    for excess, gamma in ((1e-7, 0.5), (1.0, 1)):
        p = mg.tensor(np.array([[1.0 + excess, 0.0]]))
        loss = focal_loss(p, raw([0]), gamma=gamma)
        loss.backward()
        assert host(loss).tolist() == [0]
        assert host(p.grad).tolist() == [[0, 0]]


@pytest.mark.parametrize("loss", [focal_loss, softmax_focal_loss])
@pytest.mark.parametrize("gamma", [-1.0, [1.0], np.nan, None])
def test_gamma_is_a_number_from_0(loss: Any, gamma: Any) -> None:
    with pytest.raises(ValueError, match="gamma is a number from 0"):
        loss(mg.tensor([[0.5, 0.5]]), raw([0]), gamma=gamma)


@pytest.mark.parametrize("loss", LABELLED)
@pytest.mark.parametrize(("dtype", "count"), [("uint8", 300), ("int8", 200), ("uint16", 70000)])
def test_labels_of_few_bits_and_many_classes(loss: Any, dtype: str, count: int) -> None:
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=(3, count))) + 0.1
    x /= x.sum(axis=1, keepdims=True)
    labels = np.array([0, 120, 5])
    got, want = [], []
    for kind, found in (("int64", want), (dtype, got)):
        leaf = mg.tensor(x)
        out = loss(leaf, raw(labels.astype(kind)))
        out.backward()
        found += [host(out), host(leaf.grad)]
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


@pytest.mark.parametrize("loss", LABELLED)
@pytest.mark.parametrize("label", [3, -4, 100])
def test_labels_that_are_no_class(loss: Any, label: int) -> None:
    """They raise; where that would mean waiting for a device, what they belong to is nan."""
    x = mg.tensor(np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]]))
    if mg.backends.selected_adapter().name not in ("cupy", "dpnp"):
        with pytest.raises(IndexError, match=f"the label {label} is none of the 3 classes"):
            loss(x, raw([1, label]))
        return
    found = loss(x, raw([1, label]))
    values = np.atleast_1d(host(found))
    np.testing.assert_array_equal(np.isnan(values), [False, True] if found.ndim else [True])
    found.sum().backward()
    assert np.isfinite(host(x.grad)[0]).all()
    alone = mg.tensor(host(x)[:1])
    loss(alone, raw([1])).sum().backward()
    share = 1 if found.ndim else 2
    np.testing.assert_allclose(host(x.grad)[:1] * share, host(alone.grad), rtol=1e-12)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_hinge_losses_of_scores_that_are_not_finite(bad: float) -> None:
    for row, label, want in (
        ([bad, 1.0, 2.0], 0, np.nan if np.isnan(bad) else 0.0 if bad > 0 else np.inf),
        ([bad, 1.0, 2.0], 2, np.nan if np.isnan(bad) else np.inf if bad > 0 else 0.0),
    ):
        x = mg.tensor(np.array([row]))
        with np.errstate(invalid="ignore"):
            loss = multiclass_hinge(x, raw([label]), 0.5)
            loss.backward()
        np.testing.assert_array_equal(host(loss), want)
        assert np.isfinite(host(x.grad)).all()


def test_a_variable_as_hinge() -> None:
    hinge, x = mg.tensor(0.75), mg.tensor(np.array([[1.0, 2.0, 1.5], [0.0, 3.0, -1.0]]))
    multiclass_hinge(x, raw([2, 1]), hinge).backward()
    assert host(hinge.grad) == 1.0  # two margins of the first row, none of the second, over 2
    np.testing.assert_array_equal(host(x.grad), [[0.5, 0.5, -1.0], [0, 0, 0]])


@no_float16
def test_crossentropy_of_more_classes_than_float16_adds_up() -> None:
    """A sum of 70,000 powers is infinite in float16."""
    x = mg.tensor(np.zeros((2, 70_000), np.float16))
    loss = softmax_crossentropy(x, raw([0, 69_999]))
    (loss * 1000).backward()
    np.testing.assert_allclose(host(loss), np.log(70_000), rtol=1e-3)
    np.testing.assert_allclose(host(x.grad)[0, 0], -500, rtol=1e-3)
    np.testing.assert_allclose(host(x.grad)[0, 1], 500 / 70_000, rtol=1e-3)


@no_float16
def test_crossentropy_of_more_samples_than_float16_counts() -> None:
    count = 70_000
    x = mg.tensor(np.zeros((count, 2), np.float16))
    loss = softmax_crossentropy(x, raw(np.zeros(count, int)))
    (loss * 1000).backward()
    rounded = 1e-3 if mg.backends.selected_adapter().name == "numpy" else 2e-3  # 1 and 2 ulp
    assert host(loss) == pytest.approx(np.log(2), rel=rounded)
    np.testing.assert_allclose(host(x.grad)[:2], np.array([[-0.5, 0.5]] * 2) / 70, rtol=2e-3)


@no_float16
@pytest.mark.parametrize("name", ["mean", "var", "std"])
@pytest.mark.parametrize("masked", [False, True])
def test_statistics_of_more_elements_than_float16_counts(name: str, masked: bool) -> None:
    count = 70_000
    data = (np.arange(count) % 7).astype(np.float16)
    options: dict[str, Any] = {"where": raw(np.ones(count, bool))} if masked else {}
    x, exact = mg.tensor(data), mg.tensor(data.astype(float))
    for t in (exact, x):
        value = getattr(mg, name)(t, **options)
        (value * 1000).backward()
    assert value.dtype == x.dtype
    np.testing.assert_allclose(host(value), getattr(np, name)(data.astype(float)), rtol=2e-3)
    np.testing.assert_allclose(host(x.grad), host(exact.grad), rtol=3e-3, atol=1e-6)


@no_float16
def test_norms_of_float16_beyond_its_squares() -> None:
    for order in (2, 3, 1.5):
        x = mg.tensor(np.array([3000.0, 4000.0], np.float16))
        y = mg.linalg.norm(x, ord=order)
        y.backward()
        exact = np.linalg.norm([3000.0, 4000.0], ord=order)
        assert y.dtype == x.dtype
        np.testing.assert_allclose(host(y), exact, rtol=1e-3)
        slope = (np.array([3000.0, 4000.0]) / exact) ** (order - 1)
        np.testing.assert_allclose(host(x.grad), slope, rtol=2e-3)


# --- what they are given -----------------------------------------------------------------------
@pytest.mark.parametrize("f", [softmax, logsoftmax])
def test_softmax_of_nothing_and_of_integers(f: Any) -> None:
    for shape, axis in (((0, 2), 0), ((0, 2), 1), ((2, 0), -1), ((0,), None)):
        for dtype in ("float32", "float64"):
            got = f(mg.tensor(np.ones(shape, dtype)), axis=axis)
            assert got.shape == shape
            assert str(got.dtype).endswith(dtype)
    for dtype in ("int8", "int64", "uint16"):
        got = f(mg.tensor(np.array([1, 2], dtype)))
        assert str(got.dtype).endswith("float64")
        np.testing.assert_allclose(host(got), host(f(mg.tensor([1.0, 2.0]))), rtol=1e-15)
    assert str(f(mg.tensor(1)).dtype).endswith("float64")


def test_a_tensor_as_axis_of_glu() -> None:
    x = np.arange(8.0).reshape(4, 2)
    got = glu(mg.tensor(x), axis=mg.tensor(0))
    np.testing.assert_array_equal(host(got), host(glu(mg.tensor(x), axis=0)))


@pytest.mark.parametrize(
    ("x1", "x2", "y", "margin", "error"),
    [
        (np.ones((2, 2, 2)), np.ones((2, 2, 2)), 1, 0.5, ValueError),
        (np.ones(2), np.ones((2, 2)), 1, 0.5, ValueError),
        (np.ones(2), np.ones(1), 1, 0.5, ValueError),
        (np.array([1, 2]), np.ones(2), 1, 0.5, TypeError),
        (np.ones(2), np.ones(2), 1, -0.5, ValueError),
        (np.ones(2), np.ones(2), 1, None, ValueError),
        (np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)), 0.5, ValueError),
        (np.ones((2, 3)), np.ones((2, 3)), np.ones(3), 0.5, ValueError),
    ],
)
def test_margin_ranking_loss_says_what_it_takes(
    x1: Any, x2: Any, y: Any, margin: Any, error: type[Exception]
) -> None:
    y = y if isinstance(y, int) else raw(y)
    with pytest.raises(error, match="margin_ranking_loss"):
        margin_ranking_loss(mg.tensor(x1), mg.tensor(x2), y, margin)


@pytest.mark.parametrize("shape", [(1,), (2, 2), (3,), ()])
def test_there_is_one_weight_for_each_class(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="one weight for each of the 2 classes"):
        negative_log_likelihood(mg.tensor([[0.5, 0.5]]), raw([0]), weights=raw(np.ones(shape)))
    got = negative_log_likelihood(mg.tensor([[0.5, 0.5]]), raw([0]), weights=raw([2.0, 1.0]))
    assert host(got) == -1
