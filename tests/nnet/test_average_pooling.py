"""Means over windows: against PyTorch, against differences, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, host, raw
from hypothesis import given, settings
from hypothesis import strategies as st

import mygrad as mg
from mygrad.nnet.layers import adaptive_avg_pool, avg_pool

no_float16 = pytest.mark.skip_on("array-api-strict", "has no float16")


@settings(max_examples=min(12, settings.default.max_examples))
@given(data=st.data())
def test_avg_pool_against_torch(data: st.DataObject) -> None:
    oracle = pytest.importorskip("torch_oracle")
    F = oracle.F
    n = data.draw(st.integers(1, 3), "axes")
    pool = data.draw(st.tuples(*[st.integers(1, 3)] * n), "pool")
    stride = data.draw(st.tuples(*[st.integers(1, 3)] * n), "stride")
    out = data.draw(st.tuples(*[st.integers(1, 3)] * n), "output")
    sizes = [s * (o - 1) + k for k, s, o in zip(pool, stride, out, strict=True)]
    padding = tuple(
        data.draw(st.integers(0, min(k // 2, (m - k) // 2)), "padding")
        for k, m in zip(pool, sizes, strict=True)
    )
    include = data.draw(st.booleans(), "include")
    shape = [2, 2, *(m - 2 * p for m, p in zip(sizes, padding, strict=True))]
    theirs = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[n]
    oracle.agree(
        lambda x: avg_pool(x, pool, stride, padding, include),
        lambda x: theirs(x, pool, stride, padding, count_include_pad=include),
        oracle.drawn(*shape),
    )


@given(data=st.data())
def test_adaptive_avg_pool_against_torch(data: st.DataObject) -> None:
    oracle = pytest.importorskip("torch_oracle")
    F = oracle.F
    n = data.draw(st.integers(1, 3), "axes")
    shape = data.draw(st.tuples(*[st.integers(1, 7)] * n), "shape")
    size = data.draw(st.tuples(*[st.one_of(st.integers(1, 8), st.none())] * n), "size")
    if n == 1 and size == (None,):
        size = (3,)  # PyTorch's takes no None there
    theirs = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}[n]
    oracle.agree(
        lambda x: adaptive_avg_pool(x, size),
        lambda x: theirs(x, size),
        oracle.drawn(2, 1, *shape),
    )


@settings(max_examples=min(6, settings.default.max_examples))
@given(data=st.data())
def test_derivatives_against_differences(data: st.DataObject) -> None:
    """Of any number of other axes, none among them."""
    shape = tuple(data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=3), "shape"))
    count = data.draw(st.integers(1, len(shape)), "axes")
    x = np.random.default_rng(0).normal(size=shape)
    check_second_derivatives(lambda x: avg_pool(x * x, (2,) * count, 1, 1), [x])
    check_second_derivatives(lambda x: adaptive_avg_pool(x * x, (3,) * count), [x])


def test_large_windows_side_by_side() -> None:
    x = np.random.default_rng(0).normal(size=(2, 10, 4))
    found = avg_pool(mg.tensor(x), (5, 4))
    np.testing.assert_allclose(host(found), x.reshape(2, 2, 5, 1, 4).mean((2, 4)))
    check_second_derivatives(lambda x: avg_pool(x * x, (5, 4)), [x[:1]])


def test_a_window_sees_what_is_in_it() -> None:
    a = np.arange(1.0, 8)
    a[3] = np.nan
    assert np.isnan(host(adaptive_avg_pool(mg.tensor(a), (3,)))).tolist() == [False, True, False]
    assert np.isnan(host(avg_pool(mg.tensor(a), (1,)))).sum() == 1


@no_float16
def test_float16_adds_up_in_float32() -> None:
    x = mg.tensor(np.full((3, 300, 2), 500, "f2"))
    for y in (avg_pool(x, (300, 2)), adaptive_avg_pool(x, (1, 1)), avg_pool(x, (10, 2))):
        assert y.dtype == x.dtype
        assert set(host(y).ravel().tolist()) == {500}
        y.sum().backward()
        assert x.grad.dtype == x.dtype


def test_the_same_size_is_a_copy() -> None:
    x = mg.tensor([[1.0, 2.0]])
    y = adaptive_avg_pool(x, (None, 2))
    assert y.base is None
    y *= 2.0
    assert host(x).tolist() == [[1, 2]]
    assert host(adaptive_avg_pool(mg.tensor([1, 2, 4]), (3,))).tolist() == [1, 2, 4]
    assert host(avg_pool(raw(np.array([1, 2, 4, 5])), (2,))).tolist() == [1.5, 4.5]


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((6,), {"pool": (4,), "stride": 4}),
        ((2,), {"pool": (3,), "stride": 1}),
        ((4,), {"pool": (2, 2)}),
        ((4,), {"pool": 2}),
        ((4,), {"pool": (2,), "stride": 0}),
        ((4,), {"pool": (2,), "padding": -1}),
        ((4,), {"pool": (2,), "padding": 2}),
    ],
)
def test_windows_that_do_not_fit(shape: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="avg_pool"):
        avg_pool(mg.ones(shape), **options)


@pytest.mark.parametrize("size", [3, (), (1, 1, 1), (0, 1), (1.5, 1), ("a", 1)])
def test_sizes_that_cannot_be(size: Any) -> None:
    with pytest.raises(ValueError, match="adaptive_avg_pool: output_size is a tuple"):
        adaptive_avg_pool(mg.ones((2, 3)), size)
