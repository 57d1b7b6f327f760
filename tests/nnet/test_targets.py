"""Losses of scores and targets: extremes, labels to ignore, float16, any shape, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, host, raw
from hypothesis import given
from hypothesis import strategies as st

import mygrad as mg
from mygrad.nnet.losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    mse_loss,
    softmax_crossentropy,
)

no_float16 = pytest.mark.skip_on("array-api-strict", "has no float16")
WAITS = ("cupy", "dpnp")
"""Where seeing a label means waiting for a device, so that none is looked at."""


def away_from(grid: Any) -> Any:
    """Numbers that are not close to where a loss bends."""
    return np.asarray(grid + 0.02 * np.sign(grid) + 0.013, float)


# --- against differences --------------------------------------------------------------------------
@given(data=st.data())
def test_cross_entropy_of_any_shape(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4), "shape"))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1), "axis")
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    classes = shape[axis]
    lead = [n for k, n in enumerate(shape) if k != axis % len(shape)]
    labels = rng.integers(0, classes, lead)
    labels = np.where(rng.random(lead) < 0.2, -7, labels)
    if (labels == -7).all():
        labels = np.zeros(lead, int)
    options = {
        "axis": axis,
        "ignore_index": -7,
        "reduction": data.draw(st.sampled_from(["mean", "sum", "none"])),
        "label_smoothing": data.draw(st.sampled_from([0.0, 0.3])),
    }
    weight = rng.uniform(0.5, 2.0, classes)
    if data.draw(st.booleans(), "weighted"):
        check_gradients(
            lambda x, w: cross_entropy(x, labels, weight=w, **options),
            [rng.normal(size=shape), weight],
        )
    else:
        check_gradients(lambda x: cross_entropy(x, labels, **options), [rng.normal(size=shape)])


@given(data=st.data())
def test_distances_of_any_shape(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(0, 3), max_size=3), "shape")
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    reduction = data.draw(st.sampled_from(["sum", "none"] + ["mean"] * (0 not in shape)))
    x, y = away_from(rng.integers(-3, 3, shape)), rng.uniform(0.1, 0.4, shape)
    for loss in (mse_loss, huber_loss, kl_div, binary_cross_entropy_with_logits):
        check_gradients(lambda x, y, f=loss: f(x, y, reduction=reduction), [x, y])


# --- extremes -------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [pytest.param("float16", marks=no_float16), "float32", "float64"])
def test_scores_as_large_as_they_can_be(dtype: str) -> None:
    high = float(np.finfo(dtype).max) / 4
    scores = np.array([high, -high, 40.0, -40.0, 0.0], dtype)
    for truth in (0.0, 1.0):
        x = mg.tensor(scores)
        loss = binary_cross_entropy_with_logits(x, truth, reduction="none")
        loss.backward()
        wrong = scores.astype(float) * (1 - 2 * truth)
        exact = np.maximum(wrong, 0) + np.log1p(np.exp(-abs(wrong)))
        assert loss.dtype == x.dtype
        np.testing.assert_allclose(host(loss), exact.astype(dtype), rtol=4 * np.finfo(dtype).eps)
        with np.errstate(over="ignore"):
            slope = (1 - 2 * truth) / (1 + np.exp(-wrong))
        tiny = float(np.finfo(dtype).tiny)
        rtol = 8 * float(np.finfo(dtype).eps)
        np.testing.assert_allclose(host(x.grad), slope, rtol=rtol, atol=tiny)
    x = mg.tensor(np.stack([scores, scores[::-1]]))
    loss = cross_entropy(x, raw([1, 4]), reduction="none")
    loss.backward()
    assert loss.dtype == x.dtype
    np.testing.assert_allclose(host(loss).astype(float), [2 * high, 0.0])
    assert host(x.grad).tolist() == [[1, -1, 0, 0, 0], [0, 0, 0, 0, 0]]
    for loss in (mse_loss, huber_loss):
        x = mg.tensor(np.array([high, -high, 0.0], dtype))
        with np.errstate(over="ignore"):
            y = loss(x, high, reduction="none")
        y.backward(raw(np.array([0, 0, 1], dtype)))
        assert np.isfinite(host(x.grad)).all()


@no_float16
def test_many_terms_in_float16() -> None:
    x = mg.tensor(np.zeros((70_000, 2), "f2"))
    labels = raw(np.zeros(70_000, int))
    for loss in (
        cross_entropy(x, labels),
        cross_entropy(x, labels, label_smoothing=0.1),
        binary_cross_entropy_with_logits(x, 1),
    ):
        assert loss.dtype == x.dtype
        np.testing.assert_allclose(loss.item(), np.log(2), rtol=1e-3)
    loss = mse_loss(mg.tensor(np.full(70_000, 300, "f2")), 100)
    assert loss.dtype == np.float16
    np.testing.assert_allclose(loss.item(), 40_000, rtol=1e-3)


def test_without_options_it_is_softmax_crossentropy() -> None:
    rng = np.random.default_rng(0)
    a, labels = 20 * rng.normal(size=(40, 5)), rng.integers(0, 5, 40)
    found = []
    for loss in (cross_entropy, softmax_crossentropy):
        x = mg.tensor(a)
        y = loss(x, raw(labels))
        y.backward()
        found.append((host(y), host(x.grad)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-14)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-14)


# --- labels ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_where_all_labels_are_ignored(smoothing: float) -> None:
    x = mg.tensor(np.array([[1.0, 3.0], [0.0, 2.0]]))
    labels = raw(np.array([-100, -100]))
    total = cross_entropy(x, labels, reduction="sum", label_smoothing=smoothing)
    total.backward()
    assert host(x.grad).tolist() == [[0, 0], [0, 0]]
    assert total.item() == 0
    with np.errstate(invalid="ignore"):
        assert np.isnan(cross_entropy(x[1:], labels[1:]).item())


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int64"])
def test_labels_of_few_bits(dtype: str) -> None:
    x = mg.tensor(np.random.default_rng(0).normal(size=(3, 140)))
    labels = np.array([3, 0, 120], dtype)
    want = cross_entropy(x, [3, 0, 120], reduction="none")
    got = cross_entropy(x, raw(labels), reduction="none")
    np.testing.assert_array_equal(host(got), host(want))
    ignored = cross_entropy(x, raw(labels), reduction="none", ignore_index=120)
    np.testing.assert_array_equal(host(ignored), [*host(want)[:2], 0.0])


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"weight": [1.0, 2.0, 3.0]}])
@pytest.mark.parametrize("label", [-1, 3, 100])
def test_labels_that_are_no_class(label: int, options: dict[str, Any]) -> None:
    """They raise; where that would mean waiting for a device, what they belong to is nan."""
    x = mg.tensor(np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.0, 1.0, 2.0]]))
    labels = raw(np.array([1, label, -100]))
    if mg.backends.selected_adapter().name not in WAITS:
        with pytest.raises(IndexError, match=f"the label {label} is none of the 3 classes"):
            cross_entropy(x, labels, **options)
        return
    if "weight" in options:
        pytest.skip("takes from the weights, where places are not checked on devices")
    loss = cross_entropy(x, labels, reduction="none", **options)
    assert np.isnan(host(loss)).tolist() == [False, True, False]


def test_targets_are_differentiated_by_too() -> None:
    x, y = mg.tensor([0.5, -1.0]), mg.tensor([0.25, 1.0])
    mse_loss(x, y, reduction="sum").backward()
    np.testing.assert_allclose(host(y.grad), -host(x.grad))
    integers = mg.tensor([0, 1])
    assert binary_cross_entropy_with_logits(x, integers).dtype == x.dtype
    assert integers.grad is None


def test_results_are_constant_where_that_is_asked_for() -> None:
    x = mg.tensor([[0.5, -1.0]])
    for reduction in ("mean", "sum", "none"):
        for loss in (mse_loss, huber_loss, kl_div, binary_cross_entropy_with_logits):
            assert loss(x, 0.5, reduction=reduction, constant=True).constant
            assert not loss(x, 0.5, reduction=reduction).constant
        assert cross_entropy(x, [0], reduction=reduction, constant=True).constant
