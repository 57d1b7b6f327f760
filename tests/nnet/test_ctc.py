"""Connectionist temporal classification: against PyTorch, all ways counted, and differences."""

from __future__ import annotations

from itertools import groupby, product
from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, host, raw
from hypothesis import given, settings
from hypothesis import strategies as st

import mygrad as mg
from mygrad.nnet.activations import logsoftmax
from mygrad.nnet.losses import ctc_loss

no_float16 = pytest.mark.skip_on("array-api-strict", "has no float16")


def likelihood(log_probs: Any, labels: Any, blank: int) -> float:
    """The probability of labels, by counting all the ways to say them."""
    steps, classes = log_probs.shape
    total = 0.0
    for way in product(range(classes), repeat=steps):
        said = [c for c, _ in groupby(way) if c != blank]
        if said == list(labels):
            total += float(np.exp(sum(log_probs[t, c] for t, c in enumerate(way))))
    return total


@settings(max_examples=min(6, settings.default.max_examples))
@given(data=st.data())
def test_all_ways_are_counted(data: st.DataObject) -> None:
    steps, classes = data.draw(st.integers(1, 3), "steps"), data.draw(st.integers(2, 3), "classes")
    count, blank = data.draw(st.integers(0, 3), "labels"), data.draw(st.integers(0, classes - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 99), "seed"))
    a = rng.normal(size=(steps, 3, classes))
    others = [c for c in range(classes) if c != blank]
    labels = rng.choice(others, (3, count))
    sizes, times = rng.integers(0, count + 1, 3), rng.integers(1, steps + 1, 3)
    options = {"blank": blank, "reduction": "none"}
    losses = ctc_loss(mg.tensor(a), raw(labels), raw(times), raw(sizes), **options)
    for n, loss in enumerate(host(losses)):
        exact = likelihood(a[: times[n], n], labels[n, : sizes[n]], blank)
        np.testing.assert_allclose(np.exp(-loss), exact, rtol=1e-10)


def test_derivatives_against_differences() -> None:
    labels, times, sizes = np.array([[1, 1], [2, 0]]), np.array([4, 3]), np.array([2, 1])
    check_second_derivatives(
        lambda x: ctc_loss(x, labels, times, sizes, blank=0, reduction="none"),
        [np.random.default_rng(0).normal(size=(4, 2, 3))],
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ctc_against_torch(reduction: str) -> None:
    oracle = pytest.importorskip("torch_oracle")
    torch, F = oracle.torch, oracle.F
    labels = np.array([[1, 1, 4, 2], [3, 2, 0, 0], [1, 0, 0, 0]])
    times, sizes = np.array([9, 12, 12]), np.array([4, 2, 0])

    def theirs(x: Any) -> Any:
        logs = F.log_softmax(x, -1)
        return F.ctc_loss(
            logs, torch.tensor(labels), torch.tensor(times), torch.tensor(sizes),
            reduction=reduction,
        )  # fmt: skip

    def ours(x: Any) -> Any:
        return ctc_loss(
            logsoftmax(x), raw(labels), raw(times), raw(sizes), reduction=reduction
        )

    # PyTorch cannot differentiate its own twice
    scale = 30.0 if reduction == "sum" else 1.0
    oracle.agree(ours, theirs, scale * oracle.drawn(12, 3, 5), order=1)


def test_labels_for_which_there_is_no_time() -> None:
    x = mg.tensor(np.zeros((2, 2, 3)))
    labels = raw(np.array([[1, 1], [1, 2]]))  # equal ones need a blank in between
    losses = ctc_loss(x, labels, reduction="none")
    assert np.isinf(host(losses)).tolist() == [True, False]
    losses.backward()
    assert np.isfinite(host(x.grad)).all()
    losses = ctc_loss(x, labels, reduction="none", zero_infinity=True)
    assert host(losses)[0] == 0
    losses.backward(create_graph=True)
    assert host(x.grad)[:, 0].tolist() == [[0, 0, 0]] * 2


def test_probabilities_of_0() -> None:
    with np.errstate(divide="ignore"):
        a = np.log(np.array([[[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], [[0.5, 0.25, 0.25]]]))
    x = mg.tensor(a)
    loss = ctc_loss(x, [[1, 2]])
    np.testing.assert_allclose(loss.item(), np.log(4) / 2)
    loss.backward()
    assert np.isfinite(host(x.grad)).all()


@pytest.mark.parametrize("dtype", [pytest.param("float16", marks=no_float16), "float32"])
def test_long_sequences(dtype: str) -> None:
    """Likelihoods far below all numbers of the dtype."""
    rng = np.random.default_rng(0)
    a = (10 * rng.normal(size=(150, 1, 6))).astype(dtype)
    labels = raw(rng.integers(1, 6, (1, 40)))
    found = []
    for kind in (dtype, "float64"):
        x = mg.tensor(a.astype(kind))
        loss = ctc_loss(logsoftmax(x.astype("float32" if kind == dtype else kind), -1), labels)
        loss.backward()
        found.append((loss.item(), host(x.grad).astype("float64")))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-4)
    close = 2e-3 if dtype == "float16" else 2e-4
    np.testing.assert_allclose(found[0][1], found[1][1], atol=close * abs(found[1][1]).max())
    assert ctc_loss(mg.tensor(a), labels).dtype == mg.tensor(a).dtype


@pytest.mark.parametrize(
    ("shape", "targets", "options", "error"),
    [
        ((3, 2), [[1]], {}, ValueError),
        ((0, 1, 2), [[1]], {}, ValueError),
        ((3, 1, 2), [1], {}, ValueError),
        ((3, 1, 2), [[1], [1]], {}, ValueError),
        ((3, 1, 2), [[0.5]], {}, TypeError),
        ((3, 1, 2), [[1]], {"blank": 2}, ValueError),
        ((3, 1, 2), [[1]], {"input_lengths": [1, 2]}, ValueError),
        ((3, 1, 2), [[1]], {"reduction": "all"}, ValueError),
    ],
)
def test_what_ctc_refuses(shape: Any, targets: Any, options: Any, error: Any) -> None:
    with pytest.raises(error, match="ctc_loss: "):
        ctc_loss(mg.zeros(shape), targets, **options)


@pytest.mark.parametrize("options", [{}, {"input_lengths": [4]}, {"target_lengths": [2]}])
def test_what_is_not_there(options: Any) -> None:
    if mg.backends.selected_adapter().name in ("cupy", "dpnp"):
        pytest.skip("a device is not waited for, to see")
    with pytest.raises(IndexError, match="ctc_loss: "):
        ctc_loss(mg.zeros((3, 1, 2)), [[1]] if options else [[2]], **options)
