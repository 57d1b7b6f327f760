"""Dropout: how much it drops, and of what; embedding: whose rows get gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host, raw
from hypothesis import given
from hypothesis import strategies as st

import mygrad as mg
from mygrad.nnet.layers import dropout, embedding

WAITS = ("cupy", "dpnp")


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(p: float) -> None:
    mg.random.seed(0)
    x = mg.ones((300, 100), dtype="float64")
    y = dropout(x, p)
    found = host(y)
    assert set(np.unique(found).tolist()) == {0.0, 1 / (1 - p)}
    assert abs((found == 0).mean() - p) < 0.01
    y.backward(raw(np.full((300, 100), 3.0)))
    np.testing.assert_array_equal(host(x.grad), 3 * found)


def test_dropout_that_drops_nothing_or_all() -> None:
    x = mg.tensor([1.0, np.inf, np.nan])
    assert dropout(x, 0.0) is x
    assert dropout(x, 0.7, training=False) is x
    assert dropout(x, 0.0, constant=True).constant
    y = dropout(x, 1.0)
    y.backward()
    assert host(y).tolist() == [0, 0, 0]
    assert host(x.grad).tolist() == [0, 0, 0]


def test_dropout_is_seeded_and_draws_anew() -> None:
    found = []
    for _ in range(2):
        mg.random.seed(3)
        found.append([host(dropout(mg.ones((50,)), 0.5)) for _ in range(2)])
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0][0] != found[0][1]).any()


def test_dropout_differentiates_twice_and_keeps_dtypes() -> None:
    x = mg.tensor(np.linspace(-1, 1, 30))
    mg.random.seed(0)
    dropout(x**3, 0.4).backward(create_graph=True)
    slope = x.grad
    slope.sum().backward()
    kept = host(slope) != 0
    np.testing.assert_allclose(host(x.grad), np.where(kept, 6 * host(x) / 0.6, 0))
    assert dropout(mg.ones((2,), dtype="float32")).dtype == mg.ones((1,), dtype="float32").dtype
    assert dropout(mg.tensor(1.0), 0.5).shape == ()
    assert host(dropout(mg.tensor([1, 2]), 1.0)).tolist() == [0, 0]


@pytest.mark.parametrize("p", [-0.1, 1.5, np.nan, None, "half"])
def test_dropout_with_what_is_no_probability(p: Any) -> None:
    with pytest.raises(ValueError, match="p is the probability to drop an element"):
        dropout(mg.ones((2,)), p)


# --- embedding ------------------------------------------------------------------------------------
@given(data=st.data())
def test_embedding_of_any_shape(data: st.DataObject) -> None:
    count, size = data.draw(st.tuples(st.integers(1, 4), st.integers(0, 3)), "table")
    shape = data.draw(st.lists(st.integers(0, 3), max_size=3), "indices")
    kind = data.draw(st.sampled_from(["int64", "int32", "uint8"]))
    rng = np.random.default_rng(0)
    indices = rng.integers(0, count, shape).astype(kind)
    table = rng.normal(size=(count, size))
    np.testing.assert_array_equal(host(embedding(raw(indices), mg.tensor(table))), table[indices])
    if indices.size and size:
        check_gradients(lambda w: embedding(indices, w), [table])
        check_second_derivatives(lambda w: embedding(indices, w * w), [table])


@pytest.mark.parametrize("padding_idx", [None, 0, 2, -1])
def test_embedding_against_torch(padding_idx: int | None) -> None:
    oracle = pytest.importorskip("torch_oracle")
    indices = np.array([[0, 3, 2], [3, 3, 1]])
    oracle.agree(
        lambda w: embedding(raw(indices), w, padding_idx),
        lambda w: oracle.F.embedding(oracle.torch.tensor(indices), w, padding_idx),
        oracle.drawn(4, 3),
    )


def test_rows_that_the_table_does_not_have() -> None:
    table = mg.ones((3, 2))
    if mg.backends.selected_adapter().name in WAITS:
        pytest.skip("a device is not waited for, to see")
    for wrong in ([0, 3], [-1], 7):
        with pytest.raises(IndexError, match="the table has the rows 0 to 2, and not"):
            embedding(wrong, table)


@pytest.mark.parametrize(
    ("indices", "shape", "options", "error"),
    [
        ([0.0], (3, 2), {}, TypeError),
        ([True], (3, 2), {}, TypeError),
        ([0], (3,), {}, ValueError),
        ([0], (3, 2), {"padding_idx": 3}, ValueError),
        ([0], (3, 2), {"padding_idx": 0.5}, ValueError),
    ],
)
def test_what_embedding_refuses(indices: Any, shape: Any, options: Any, error: Any) -> None:
    with pytest.raises(error, match="embedding: "):
        embedding(indices, mg.ones(shape), **options)
