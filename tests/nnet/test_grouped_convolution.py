"""Grouped, depthwise and transposed convolution: against PyTorch, differences, and one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, host, raw
from hypothesis import given, settings
from hypothesis import strategies as st

import mygrad as mg
from mygrad.nnet.layers import conv_nd, conv_transpose_nd


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def drawn_geometry(data: st.DataObject) -> Any:
    n = data.draw(st.integers(1, 3), "spatial axes")

    def along_axes(low: int, high: int, label: str) -> tuple[int, ...]:
        return tuple(data.draw(st.tuples(*[st.integers(low, high)] * n), label))

    filters, out = along_axes(1, 3, "filter"), along_axes(1, 3, "output")
    stride, dilation = along_axes(1, 3, "stride"), along_axes(1, 2, "dilation")
    sizes = [
        t * (o - 1) + d * (k - 1) + 1
        for k, o, t, d in zip(filters, out, stride, dilation, strict=True)
    ]
    padding = tuple(data.draw(st.integers(0, (s - 1) // 2), "padding") for s in sizes)
    groups = data.draw(st.integers(1, 3), "groups")
    channels, features = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    return n, filters, out, stride, dilation, sizes, padding, groups, channels, features


@settings(max_examples=min(15, settings.default.max_examples))
@given(data=st.data())
def test_grouped_convolution_against_torch(data: st.DataObject) -> None:
    oracle = pytest.importorskip("torch_oracle")
    F = oracle.F
    n, filters, _, stride, dilation, sizes, padding, groups, channels, features = drawn_geometry(
        data
    )
    theirs = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[n]
    x = [s - 2 * p for s, p in zip(sizes, padding, strict=True)]
    oracle.agree(
        lambda x, w: conv_nd(x, w, stride, padding, dilation, groups),
        lambda x, w: theirs(
            x, w, stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        oracle.drawn(2, groups * channels, *x),
        oracle.drawn(groups * features, channels, *filters, seed=1),
    )


@settings(max_examples=min(15, settings.default.max_examples))
@given(data=st.data())
def test_transposed_convolution_against_torch(data: st.DataObject) -> None:
    oracle = pytest.importorskip("torch_oracle")
    F = oracle.F
    n, filters, out, stride, dilation, _, padding, groups, channels, features = drawn_geometry(
        data
    )
    more = tuple(
        data.draw(st.integers(0, max(s, d) - 1), "output_padding")
        for s, d in zip(stride, dilation, strict=True)
    )
    theirs = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}[n]
    oracle.agree(
        lambda x, w: conv_transpose_nd(x, w, stride, padding, more, dilation, groups),
        lambda x, w: theirs(
            x, w, stride=stride, padding=padding, output_padding=more, dilation=dilation,
            groups=groups,
        ),
        oracle.drawn(2, groups * features, *out),
        oracle.drawn(groups * features, channels, *filters, seed=1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((2, 4, 5), (4, 1, 2), {"stride": 1, "groups": 4}),
        ((1, 4, 4, 3), (6, 2, 2, 2), {"stride": (2, 1), "groups": 2, "padding": (0, 1)}),
        ((1, 2, 7), (4, 1, 2), {"stride": 2, "groups": 2, "dilation": 2}),
    ],
)
def test_derivatives_against_differences(x: Any, w: Any, options: Any) -> None:
    check_second_derivatives(lambda x, w: conv_nd(x, w, **options), [normal(*x), normal(*w)])


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((2, 4, 3), (4, 1, 2), {"stride": 2, "groups": 4}),
        ((1, 4, 2, 3), (4, 3, 2, 2), {"stride": 2, "output_padding": (1, 0), "padding": 1}),
        ((1, 2, 3), (2, 1, 2), {"stride": 3, "groups": 2, "output_padding": 2, "dilation": 2}),
    ],
)
def test_transposed_derivatives_against_differences(x: Any, w: Any, options: Any) -> None:
    check_second_derivatives(
        lambda x, w: conv_transpose_nd(x, w, **options), [normal(*x), normal(*w)]
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("channels", "features", "groups"), [(6, 6, 6), (4, 12, 4), (16, 24, 2), (12, 6, 3)]
)
@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [(1, 1, 1), (2, (2, 1), 1), ((1, 2), (0, 2), (2, 1))]
)
def test_groups_are_convolutions_side_by_side(
    dtype: str, channels: int, features: int, groups: int, stride: Any, padding: Any, dilation: Any
) -> None:
    """As large as fast ways of some libraries begin."""
    x, w = normal(3, channels, 17, 15), normal(features, channels // groups, 3, 3, seed=1)
    leaves = [mg.tensor(a.astype(dtype)) for a in (x, w)]
    out = conv_nd(*leaves, stride, padding, dilation, groups)
    g = normal(*out.shape, seed=2)
    out.backward(raw(g.astype(dtype)))
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-11}
    for k in range(groups):
        a, b = (slice(k * c // groups, (k + 1) * c // groups) for c in (channels, features))
        part = [mg.tensor(x[:, a]), mg.tensor(w[b])]
        alone = conv_nd(*part, stride, padding, dilation)
        alone.backward(raw(g[:, b]))
        np.testing.assert_allclose(host(out)[:, b], host(alone), **close)
        np.testing.assert_allclose(host(leaves[0].grad)[:, a], host(part[0].grad), **close)
        np.testing.assert_allclose(host(leaves[1].grad)[b], host(part[1].grad), **close)


def test_transposed_is_the_transpose() -> None:
    """The product of a with the convolved b is that of the transposed convolved a with b."""
    w = normal(4, 3, 3, 2)
    x, y = normal(2, 3, 9, 7, seed=1), normal(2, 4, 4, 6, seed=2)
    ahead = host(conv_nd(mg.tensor(x), w, (2, 1), 0))
    back = host(conv_transpose_nd(mg.tensor(y), w, (2, 1)))
    np.testing.assert_allclose((ahead * y).sum(), (x * back).sum())


def test_constants() -> None:
    x, w = mg.tensor(normal(1, 2, 5)), mg.tensor(normal(2, 1, 2), constant=True)
    y = conv_transpose_nd(x, w, 2, 1, 1, groups=2)
    y.backward()
    assert w.grad is None
    assert x.grad.shape == x.shape
    assert conv_transpose_nd(x, w, 2, groups=2, constant=True).constant
    assert conv_nd(x, w, 1, groups=2, constant=True).constant


@pytest.mark.parametrize(
    ("x", "w", "groups"),
    [((1, 4, 5), (4, 2, 3), 3), ((1, 4, 5), (4, 4, 3), 2), ((1, 4, 5), (3, 2, 3), 2),
     ((1, 4, 5), (4, 2, 3), 0), ((1, 4, 5, 5), (4, 2, 3), 2), ((1, 4, 5), (4, 2, 3), 1.5)],
)  # fmt: skip
def test_groups_that_do_not_fit(x: Any, w: Any, groups: Any) -> None:
    with pytest.raises(ValueError, match="conv_nd"):
        conv_nd(mg.ones(x), mg.ones(w), 1, groups=groups)


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((1, 4, 5), (3, 2, 3), {}),
        ((1, 4, 5), (4, 2, 3), {"groups": 3}),
        ((1, 4), (4, 2), {}),
        ((1, 4, 5), (4, 2, 3, 3), {}),
        ((1, 4, 5), (4, 2, 3), {"output_padding": 1}),
        ((1, 4, 1), (4, 2, 3), {"padding": 2}),
        ((1, 4, 5), (4, 2, 3), {"padding": -1}),
    ],
)
def test_transposed_convolutions_that_do_not_fit(x: Any, w: Any, options: Any) -> None:
    with pytest.raises(ValueError, match="conv_transpose_nd"):
        conv_transpose_nd(mg.ones(x), mg.ones(w), 1, **options)
