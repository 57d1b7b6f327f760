"""Convolution on NumPy: errors, and what is not finite, against the portable functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mygrad_numpy import winograd
from numpy.typing import NDArray

from mygrad.arrays import get_adapter
from mygrad.arrays.sliding import Geometry
from mygrad.autodiff.namespace import namespace_of, registry

pytestmark = pytest.mark.numpy_only("these are kernels of the NumPy adapter")
Array = NDArray[Any]
adapter = get_adapter("numpy")
EPS = float(np.finfo(np.float32).eps)
CHANNELS, FEATURES, SIZE = 56, 48, (12, 13)  # enough for fewer products


def kernel(name: str, *args: Any) -> Array:
    with np.errstate(all="ignore"):
        return adapter.kernels[name](*args)


def portable(name: str, *args: Any) -> Array:
    with np.errstate(all="ignore"):
        return registry[name].forward(*args, xp=namespace_of(adapter))


def operands(rng: Any, padding: int = 1) -> tuple[Array, Array, Array]:
    x = rng.standard_normal((2, CHANNELS, *SIZE))
    w = rng.standard_normal((FEATURES, CHANNELS, 3, 3))
    g = rng.standard_normal((2, FEATURES, *(n + 2 * padding - 2 for n in SIZE)))
    x, w, g = (a.astype(np.float32) for a in (x, w, g))
    geometry = Geometry(x.shape, w.shape, 1, padding, 1)
    assert winograd.is_faster(geometry, CHANNELS, FEATURES)
    return x, w, g


def calls(x: Array, w: Array, g: Array, padding: int = 1) -> list[tuple[Any, ...]]:
    return [
        ("conv_nd", x, w, 1, padding, 1),
        ("conv_input_gradient", g, w, x.shape, 1, padding, 1),
        ("conv_filter_gradient", x, g, w.shape, 1, padding, 1),
    ]


def error_bounds(x: Array, w: Array, g: Array, padding: int = 1) -> list[Array]:
    """What the docstring of `mygrad_numpy.winograd` promises, for each of `calls`."""
    x, w, g = (np.abs(a).astype(np.float64) for a in (x, w, g))
    filters = np.broadcast_to(w.sum((2, 3), keepdims=True), w.shape)
    by_result, by_input, by_filter = (portable(*c) for c in calls(x, filters, g, padding))
    by_filter = np.broadcast_to(by_filter.sum((2, 3), keepdims=True), w.shape)
    count = g.size // FEATURES
    return [
        2 * (CHANNELS + 12) * EPS * by_result,
        2 * (FEATURES + 12) * EPS * by_input,
        2 * (count + 12) * EPS * by_filter,
    ]


def scattered(rng: Any, a: Array, kind: str) -> Array:
    """Values that differ much from one another, or are mostly zero."""
    if kind == "magnitudes":
        return (a * 10.0 ** rng.uniform(-6, 8, a.shape)).astype(a.dtype)
    if kind == "outliers":
        a[rng.random(a.shape) < 3e-3] *= 1e8
        return a
    rows = np.where(rng.random(a.shape[:3]) < 0.6, 0, 10.0 ** rng.uniform(-3, 3, a.shape[:3]))
    return (a * rows[..., None]).astype(a.dtype)


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("kind", ["magnitudes", "outliers", "rows of zeros"])
def test_each_result_has_the_error_of_its_own_window(kind: str, padding: int) -> None:
    rng = np.random.default_rng(padding)
    for _ in range(3):
        x, w, g = (scattered(rng, a, kind) for a in operands(rng, padding))
        exactly = calls(*(a.astype(np.float64) for a in (x, w, g)), padding)
        bounds = error_bounds(x, w, g, padding)
        for call, exact, bound in zip(calls(x, w, g, padding), exactly, bounds, strict=True):
            error = np.abs(kernel(*call) - portable(*exact))
            assert (error <= bound).all(), call[0]


def test_errors_are_near_those_of_plain_sums() -> None:
    """Not only bounded: without outliers as small as those of one matrix product."""
    rng = np.random.default_rng(0)
    x, w, g = operands(rng)
    exactly = calls(*(a.astype(np.float64) for a in (x, w, g)))
    for call, exact in zip(calls(x, w, g), exactly, strict=True):
        want = portable(*exact)
        fast, plain = (np.sqrt(np.mean((f(*call) - want) ** 2)) for f in (kernel, portable))
        assert fast < 3 * plain, call[0]


def test_outliers_change_what_sees_them_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    x, w, g = operands(rng)
    for image, channel, row, column in rng.integers(0, (2, CHANNELS, *SIZE), (20, 4)):
        changed = x.copy()
        changed[image, channel, row, column] = 1e8
        before, after = (kernel("conv_nd", a, w, 1, 1, 1) for a in (x, changed))
        seen = np.zeros(before.shape, bool)
        seen[image, :, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = True
        np.testing.assert_array_equal(before[~seen], after[~seen])
        assert (before[seen] != after[seen]).all()
        by_filter = [kernel("conv_filter_gradient", a, g, w.shape, 1, 1, 1) for a in (x, changed)]
        others = np.arange(CHANNELS) != channel
        np.testing.assert_array_equal(*(a[:, others] for a in by_filter))


PLACES = ("x", "w", "g")
VALUES = (np.nan, np.inf, -np.inf, 3e38)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", VALUES)
def test_what_is_not_finite(place: str, value: float) -> None:
    """NaN and infinities stand where they do in the plain convolution; nothing overflows."""
    rng = np.random.default_rng(2)
    for count in (1, 2, 5):
        found = dict(zip(PLACES, (0.01 * a for a in operands(rng)), strict=True))
        a = found[place]
        a.flat[rng.integers(0, a.size, count)] = value
        first = a.size // 2 // a.shape[3] * a.shape[3]
        a.flat[first : first + 2] = value  # side by side, where sums of two overflow
        with np.errstate(all="ignore"):
            exactly = calls(*(b.astype(np.float64) for b in found.values()))
        for call, exact in zip(calls(**found), exactly, strict=True):
            got, want = kernel(*call), portable(*exact)
            assert np.isfinite(want).any()
            np.testing.assert_array_equal(np.isnan(got), np.isnan(want), call[0])
            for sign in (1, -1):
                np.testing.assert_array_equal(got == sign * np.inf, want == sign * np.inf)


@pytest.mark.parametrize(
    ("first", "taps", "stride", "padding", "dilation"),
    [
        ((4,), (3,), (1,), (1,), (1,)),
        ((5,), (3,), (2,), (0,), (1,)),
        ((5,), (2,), (1,), (1,), (2,)),
        ((1,), (1,), (1,), (0,), (1,)),
        ((3, 2), (2, 1), (1, 1), (0, 1), (1, 3)),
    ],
)
def test_more_axes_than_two(
    first: tuple[int, ...], taps: Any, stride: Any, padding: Any, dilation: Any
) -> None:
    """Windows along the first axes are channels of images."""
    rng = np.random.default_rng(0)
    channels = -(-CHANNELS // int(np.prod(taps)))
    x = rng.standard_normal((2, channels, *first, *SIZE)).astype(np.float32)
    w = rng.standard_normal((FEATURES, channels, *taps, 3, 3)).astype(np.float32)
    options = (*stride, 1, 1), (*padding, 1, 0), (*dilation, 1, 1)
    geometry = Geometry(x.shape, w.shape, *options)
    assert winograd.Images(x.shape, FEATURES, geometry).take_fewer_products()
    for value in (0.0, np.nan, -np.inf):
        x[1, 1, 0, ..., 5, 7] = value
        g = rng.standard_normal((2, FEATURES, *geometry.out)).astype(np.float32)
        for name, *args in (
            ("conv_nd", x, w, *options),
            ("conv_input_gradient", g, w, x.shape, *options),
            ("conv_filter_gradient", x, g, w.shape, *options),
        ):
            exact = [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in args]
            got, want = kernel(name, *args), portable(name, *exact)
            assert got.dtype == np.float32
            assert got.flags.c_contiguous
            scale = np.abs(want[np.isfinite(want)]).max(initial=1.0)
            np.testing.assert_allclose(got, want, atol=3e-6 * scale, err_msg=name)


@given(data=st.data())
def test_what_is_not_finite_in_any_geometry(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 2), "axes")
    sizes = [st.tuples(*[st.integers(low, 3)] * n) for low in (1, 1, 0, 1)]
    taps, stride, padding, dilation = (data.draw(s) for s in sizes)
    x_shape = []
    for k, t, p, d in zip(taps, stride, padding, dilation, strict=True):
        reach = d * (k - 1) + 1
        least = max(0, -(-(2 * p + 1 - reach) // t))
        x_shape.append(reach + t * (least + data.draw(st.integers(0, 4))) - 2 * p)
    channels = data.draw(st.sampled_from((1, 33)), "channels")
    rng = np.random.default_rng(data.draw(st.integers(0, 99), "seed"))
    x, w = rng.standard_normal((2, channels, *x_shape)), rng.standard_normal((2, channels, *taps))
    options = stride, padding, dilation
    g = rng.standard_normal(kernel("conv_nd", x, w, *options).shape)
    a = data.draw(st.sampled_from((x, w, g)))
    a.flat[rng.integers(0, a.size, 2)] = data.draw(st.sampled_from((np.nan, np.inf, -np.inf)))
    for call in (
        ("conv_nd", x, w, *options),
        ("conv_input_gradient", g, w, x.shape, *options),
        ("conv_filter_gradient", x, g, w.shape, *options),
    ):
        np.testing.assert_allclose(kernel(*call), portable(*call), 1e-9, 1e-9, err_msg=call[0])


def test_signals_of_arithmetic_stay_silent_where_plain_sums_are() -> None:
    """Sums of inputs may overflow where no result does; that is nobody's business."""
    x, w, g = (np.full_like(a, 2e38) if k == 0 else a * 0 for k, a in enumerate(
        operands(np.random.default_rng(0))
    ))  # fmt: skip
    with np.errstate(all="raise"):
        for call in calls(x, w, g):
            assert not adapter.kernels[call[0]](*call[1:]).any()


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("channels", [2, CHANNELS])
def test_convolution_of_any_memory(order: str, channels: int) -> None:
    """Byte order, strides, read-only."""
    rng = np.random.default_rng(0)
    x, w, g = operands(rng)
    x, w = x[:, :channels], w[:, :channels]
    for change in (
        lambda a: a.astype(f"{order}f4"),
        lambda a: np.asfortranarray(a),
        lambda a: np.flip(np.flip(a).copy()),
        lambda a: np.repeat(a, 2, 3)[..., ::2],
        lambda a: np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1),
    ):
        changed = [change(a) for a in (x, w, g)]
        for a in changed:
            a.flags.writeable = False
        for call, plain in zip(calls(*changed), calls(x, w, g), strict=True):
            got, want = kernel(*call), kernel(*plain)
            assert got.dtype == want.dtype
            assert got.flags.writeable
            # A matrix product of other strides may add up in another order.
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
