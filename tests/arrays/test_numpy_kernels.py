"""The NumPy adapter's own kernels, against the portable functions that they stand in for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mygrad_numpy import pool, winograd
from numpy.typing import NDArray

import mygrad as mg
from mygrad.arrays import get_adapter
from mygrad.arrays.sliding import Geometry
from mygrad.autodiff.namespace import compositions, namespace_of, registry
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool

pytestmark = pytest.mark.numpy_only("these are kernels of the NumPy adapter")
Array = NDArray[Any]
adapter = get_adapter("numpy")
LARGE_OBJECTS = pool.LARGE // 8
ORDERS = st.sampled_from("CF")


def both(name: str, *args: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of what the kernel and what the portable function return."""
    shared = compositions.get(name)
    portable = registry[name].forward if shared is None else shared.function
    want = portable(*args, xp=namespace_of(adapter))
    got = adapter.kernels[name](*args)
    if got is NotImplemented:  # the kernel leaves this call to the portable function
        got = want
    yield from zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]


def check(name: str, *args: Any, exact: bool = False) -> Any:
    got = None
    for got, want in both(name, *args):
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        arrays = [a for a in args if isinstance(a, np.ndarray)]
        assert not any(np.shares_memory(got, a) for a in arrays)
        if exact:
            np.testing.assert_array_equal(got, want)
        else:
            tolerance = 2e-4 if got.dtype == np.float32 else 1e-9
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
    return got


def draw_array(data: st.DataObject, shape: Any, dtype: Any = np.float64) -> Array:
    rng = np.random.default_rng(data.draw(st.integers(0, 99), "seed"))
    values = rng.standard_normal(tuple(shape)).astype(dtype)
    return np.asarray(values, order=data.draw(ORDERS, "order"))  # type: ignore[call-overload]


@given(data=st.data())
def test_convolutions(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 3), "axes")
    sizes = [st.tuples(*[st.integers(low, 3)] * n) for low in (1, 1, 0, 1)]
    kernel, stride, padding, dilation = (data.draw(s) for s in sizes)
    x_shape = []
    for k, t, p, d in zip(kernel, stride, padding, dilation, strict=True):
        reach = d * (k - 1) + 1
        least = max(0, -(-(2 * p + 1 - reach) // t))  # x has one element at least
        x_shape.append(reach + t * (least + data.draw(st.integers(0, 5))) - 2 * p)
    batch, features = data.draw(st.tuples(st.integers(0, 3), st.integers(1, 3)))
    channels = data.draw(st.sampled_from((1, 2, 33)), "channels")
    dtype = data.draw(st.sampled_from(("f4", "f8", "c16")), "dtype")
    x = draw_array(data, (batch, channels, *x_shape), dtype)
    w = draw_array(data, (features, channels, *kernel), dtype)
    options = stride, padding, dilation
    with pytest.MonkeyPatch.context() as patch:  # small images in parts, as large ones are
        module = sys.modules["mygrad_numpy.convolution"]
        patch.setattr(module, "CACHE", data.draw(st.sampled_from((1 << 19, 4000)), "cache"))
        y = check("conv_nd", x, w, *options)
        g = draw_array(data, y.shape, dtype)
        check("conv_input_gradient", g, w, x.shape, *options)
        check("conv_filter_gradient", x, g, w.shape, *options)


@given(data=st.data())
def test_convolution_by_fewer_products(data: st.DataObject) -> None:
    """In float64, so that nothing but a mistake makes a difference."""
    out = data.draw(st.tuples(*[st.integers(1, 11)] * 2), "output")
    padding = tuple(data.draw(st.integers(0, min(3, (n + 1) // 2)), "padding") for n in out)
    batch, channels, features = data.draw(st.tuples(*[st.integers(1, 3)] * 3))
    inner = [n + 2 - 2 * p for n, p in zip(out, padding, strict=True)]
    x = draw_array(data, (batch, channels, *inner))
    w = draw_array(data, (features, channels, 3, 3))
    g = draw_array(data, (batch, features, *out))
    options = 1, padding, 1
    geometry = Geometry(x.shape, w.shape, *options)
    xp = namespace_of(adapter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "_BLOCK", data.draw(st.sampled_from((1 << 19, 2000)), "block"))
        y = winograd.convolve(x, w, geometry)
        by_w = winograd.filter_gradient(x, g, geometry)
    np.testing.assert_allclose(y, registry["conv_nd"].forward(x, w, *options, xp=xp), atol=1e-10)
    want = registry["conv_filter_gradient"].forward(x, g, w.shape, *options, xp=xp)
    np.testing.assert_allclose(by_w, want, atol=1e-10)


def test_convolution_of_integers() -> None:
    x, w = np.arange(24).reshape(1, 2, 3, 4), np.arange(8, dtype=np.int8).reshape(1, 2, 2, 2)
    check("conv_nd", x, w, 1, 0, 1, exact=True)
    assert conv_nd(mg.tensor(x), w.astype(np.float32), stride=1).dtype == np.float64


@given(data=st.data())
def test_pooling(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 3), "axes")
    pool = data.draw(st.tuples(*[st.integers(1, 3)] * n), "pool")
    stride = data.draw(st.tuples(*[st.integers(1, 4)] * n), "stride")
    counts = data.draw(st.tuples(*[st.integers(1, 4)] * n), "windows")
    lead = data.draw(st.lists(st.integers(0, 3), max_size=2), "other axes")
    x = draw_array(
        data,
        [*lead, *(s * (c - 1) + k for k, s, c in zip(pool, stride, counts, strict=True))],
        data.draw(st.sampled_from(("f2", "f4", "f8", "g")), "dtype"),
    )
    if data.draw(st.booleans(), "equal entries"):
        x = np.rint(x)
    if x.size and data.draw(st.booleans(), "nan"):
        x.flat[0] = np.nan
    out = check("max_pool", x, pool, stride, exact=True)
    g = draw_array(data, out.shape, x.dtype)
    if g.size and data.draw(st.booleans(), "inf"):
        g.flat[-1] = np.inf
    check("max_unpool", g, x, out, pool, stride, exact=True)


@given(data=st.data())
def test_normalization(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(((3, 2), (2, 3, 5), (3, 2, 800), (4, 2, 32, 20), (2500, 2))))
    dtype = data.draw(st.sampled_from(("f4", "f8")), "dtype")
    x = draw_array(data, shape, dtype) + data.draw(st.sampled_from((0, 20)), "offset")
    x = x.astype(dtype)
    gamma, beta = (
        draw_array(data, (shape[1],), dtype) if data.draw(st.booleans()) else plain
        for plain in (1.0, 0.0)
    )
    check("normalize_channels", x, gamma, beta, 1e-2)
    _, mean, var = next(zip(*both("normalize_channels", x, gamma, beta, 1e-2), strict=True))
    g = draw_array(data, shape, dtype)
    if dtype == "f8":  # float32 sums of this length differ by rounding
        check("channels_adjoint", g, x, gamma, mean, var, 1e-2)
        check("channel_sums", g, x, mean, var, 1e-2)


def test_batchnorm_far_from_zero() -> None:
    """The mean is taken off before squares are summed; float32 leaves no digits otherwise."""
    a = np.random.default_rng(0).standard_normal((16, 3, 40, 40)).astype("f4") + 1000
    exact = a.astype(np.float64)
    mean, var = (f(exact, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.var))
    y = batchnorm(mg.tensor(a), eps=1e-5)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, (exact - mean) / np.sqrt(var + 1e-5), atol=2e-4)
    np.testing.assert_allclose(y.creator.var, var.ravel(), rtol=1e-5)


def test_sums_over_many_elements() -> None:
    """Rows of millions of elements are no less exact than short ones."""
    x = np.random.default_rng(0).standard_normal((1, 1, 1201, 1301)).astype("f4")
    out, mean, var = adapter.kernels["normalize_channels"](x, 1.0, 0.0, 1e-5)
    exact = x.astype(np.float64)
    assert abs(mean[0] - exact.mean()) < 1e-7
    np.testing.assert_allclose(var, exact.var(), rtol=3e-7)
    np.testing.assert_allclose(out, (exact - exact.mean()) / np.sqrt(exact.var() + 1e-5), atol=2e-6)
    sums = adapter.kernels["channel_sums"](x, x, mean, np.ones_like(var), 0.0)
    np.testing.assert_allclose(sums[0], exact.var() * x.size, rtol=3e-7)


@given(data=st.data())
def test_where(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(((), (5,), (3, 4), (0, 2))))
    dtype = data.draw(st.sampled_from(("f2", "f4", "f8", "g", "c8", "i4")), "dtype")
    x = draw_array(data, shape, "f8").astype(dtype)
    if x.size and x.dtype.kind == "f":
        x.flat[0] = data.draw(st.sampled_from((np.nan, np.inf, -0.0)))
    mask = draw_array(data, shape) > 0
    for condition in (mask, mask[..., :1] if mask.ndim else mask):
        got = np.asarray(adapter.kernels["where"](condition, x, 0.0))
        want = np.where(condition, x, 0.0)
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        np.testing.assert_array_equal(got, want)


def test_results_do_not_share_the_memory_that_kernels_use_again() -> None:
    rng = np.random.default_rng(0)
    x, w = mg.tensor(rng.random((2, 16, 9, 9))), mg.tensor(rng.random((4, 16, 3, 3)))

    def run() -> list[Array]:
        y = conv_nd(x, w, stride=1, padding=1)
        z = max_pool(batchnorm(y, eps=1e-3), (3, 3), 2)
        z.sum().backward()
        return [y.data, z.data, x.grad, w.grad]

    first = run()
    copies = [a.copy() for a in first]
    run()
    for a, b in zip(first, copies, strict=True):
        np.testing.assert_array_equal(a, b)


def test_large_results_use_memory_again_that_nobody_looks_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape, dtype = (700, 1000), np.dtype("f4")
    monkeypatch.setattr(pool, "_blocks", [])

    def place(*shape: int) -> int:
        return pool.fresh(shape, dtype).ctypes.data

    a = pool.fresh(shape, dtype)
    first, view = a.ctypes.data, a[3:5].T
    b = pool.fresh(shape, dtype)
    assert not np.shares_memory(a, b)
    assert view.base is a  # as if `a` owned its memory
    assert a.flags.c_contiguous
    assert a.flags.writeable
    del a
    assert place(*shape) != first  # the view still looks at it
    held = pool.fresh(shape, dtype)
    del view
    assert place(1000, 700) == first
    assert not np.shares_memory(held, b)


def test_the_pool_is_bounded() -> None:
    held = [pool.fresh((1 << 20,), np.dtype("f8")) for _ in range(40)]  # 320 MiB
    for k, a in enumerate(held):
        a[...] = k
    assert [a[7] for a in held] == list(range(40))
    assert sum(len(block) for block in pool._blocks) <= pool._KEPT
    assert pool.fresh((0, 3), np.dtype("f4")).shape == (0, 3)


def test_object_arrays_are_not_taken_from_the_pool() -> None:
    copied = adapter.copy(np.full(LARGE_OBJECTS, "x", dtype=object))
    assert copied.flags.owndata


def test_threads_get_memory_of_their_own() -> None:
    def work(k: int) -> bool:
        for _ in range(50):
            a = pool.fresh((1 << 18,), np.dtype("f4"))
            a[...] = k
            if not (a == k).all():
                return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(8)))


def test_threads_do_not_share_the_memory_that_kernels_use_again() -> None:
    rng = np.random.default_rng(0)
    images = rng.standard_normal((8, 2, 48, 12, 12)).astype("f4")
    w = rng.standard_normal((48, 48, 3, 3)).astype("f4")

    def work(k: int) -> list[Array]:
        x, filters = mg.tensor(images[k]), mg.tensor(w)
        y = conv_nd(x, filters, stride=1, padding=1)
        z = max_pool(batchnorm(y, eps=1e-3), (3, 3), 3)
        (z * z).sum().backward()
        return [z.data, x.grad, filters.grad]

    alone = [work(k) for k in range(8)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(work, [*range(8)] * 3))
    for k, found in enumerate(together):
        for got, want in zip(found, alone[k % 8], strict=True):
            np.testing.assert_array_equal(got, want)


def test_gradients_in_pooled_memory_are_kept_apart() -> None:
    """Steps that drop their results while gradients of earlier steps are still held."""
    x = mg.tensor(np.random.default_rng(0).standard_normal((8, 8, 64, 72)).astype("f4"))
    kept, copies = [], []
    for k in range(6):
        batchnorm(x, eps=1e-3).backward(np.full(x.shape, k + 1, "f4") * x.data)
        kept.append(x.grad)
        copies.append(x.grad.copy())
    for a, b in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(a, b)
