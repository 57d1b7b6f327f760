"""Convolution and pooling on CuPy: the kernels against the portable functions, in any geometry.

The operands are small integers, so that sums are exact in every dtype and order, and results have
to be equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mygrad as mg
from mygrad.autodiff.namespace import Namespace, registry

adapter = mg.backends.selected_adapter()
if adapter.name != "cupy":
    pytest.skip(f"{adapter.name}: these are kernels of the CuPy adapter", allow_module_level=True)

import cupy  # noqa: E402
from mygrad_cupy import convolution, gemm, windows  # noqa: E402

KINDS = ("f2", "f4", "f8")
without_kernels = Namespace(type(adapter)())


def limit(memory: int = 1 << 28, many: int = 64, narrow: int = 1 << 30) -> None:
    """Set from which sizes on kernels go another way."""
    convolution._MEMORY, convolution._MANY, windows._NARROW = memory, many, narrow
    convolution._remembered.cache_clear()


@pytest.fixture(autouse=True)
def usual_limits() -> Iterator[None]:
    limits = convolution._MEMORY, convolution._MANY, windows._NARROW
    yield
    limit(*limits)


def portable(name: str, *args: Any) -> Any:
    return registry[name].forward(*args, xp=without_kernels)


def drawn(data: st.DataObject, shape: tuple[int, ...], kind: str, span: int = 2) -> Any:
    """Small integers, in memory of some order, direction and distance."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99), "seed"))
    a = cupy.asarray(rng.integers(-span, span + 1, shape).astype(kind))
    layout = data.draw(st.sampled_from(("plain", "turned", "flipped", "spread", "cut")), "layout")
    if layout == "turned":
        a = cupy.moveaxis(cupy.moveaxis(a, 1, -1).copy(), -1, 1) if a.ndim > 1 else a
    elif layout == "flipped":
        a = cupy.flip(cupy.flip(a).copy())
    elif layout == "spread":
        a = cupy.repeat(a, 2, -1)[..., ::2]
    elif layout == "cut":
        a = cupy.concatenate([a, a, a], -1)[..., a.shape[-1] : 2 * a.shape[-1]]
    return a


def equal(name: str, *args: Any) -> Any:
    got, want = adapter.kernels[name](*args), portable(name, *args)
    assert got is not NotImplemented
    assert got.dtype == want.dtype
    assert got.flags.c_contiguous
    np.testing.assert_array_equal(got.get(), want.get(), name)
    return got


def along_axes(data: st.DataObject, least: int, most: int, count: int, name: str) -> Any:
    return data.draw(st.tuples(*[st.integers(least, most)] * count), name)


@given(data=st.data())
def test_convolution_of_any_geometry(data: st.DataObject) -> None:
    axes = data.draw(st.integers(1, 3), "axes")
    taps, stride, dilation = (along_axes(data, 1, 3, axes, n) for n in ("taps", "step", "gap"))
    padding, more = (along_axes(data, 0, 2, axes, name) for name in ("padding", "more"))
    x_shape = []
    for k, t, p, d, m in zip(taps, stride, padding, dilation, more, strict=True):
        reach = d * (k - 1) + 1
        x_shape.append(reach + t * max(m, -(-(2 * p + 1 - reach) // t)) - 2 * p)
    count, channels, features = (data.draw(st.integers(low, 3)) for low in (0, 0, 1))
    kinds = st.sampled_from(KINDS)
    x = drawn(data, (count, channels, *x_shape), data.draw(kinds, "x"))
    w = drawn(data, (features, channels, *taps), data.draw(kinds, "w"))
    limit(
        data.draw(st.sampled_from((1 << 28, 3000)), "memory"),
        data.draw(st.sampled_from((1, 4, 1 << 20)), "many"),
        data.draw(st.sampled_from((1 << 30, 0)), "narrow"),
    )
    out = equal("conv_nd", x, w, stride, padding, dilation)
    g = drawn(data, out.shape, data.draw(kinds, "g"))
    equal("conv_input_gradient", g, w, x.shape, stride, padding, dilation)
    equal("conv_filter_gradient", x, g, w.shape, stride, padding, dilation)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("memory", [1 << 28, 2000])
@pytest.mark.parametrize("many", [1, 1 << 20])
@pytest.mark.parametrize("axes", [1, 2, 4])
def test_filters_of_one_element(kind: str, memory: int, many: int, axes: int) -> None:
    """They read the input itself, with and without a stride, in one piece and in several."""
    limit(memory, many)
    rng = np.random.default_rng(0)
    x, w = (
        cupy.asarray(rng.integers(-2, 3, shape).astype(kind))
        for shape in ((3, 4, *(5, 3, 3, 1)[:axes]), (2, 4, *(1,) * axes))
    )
    for stride in (1, (2, 1, 2, 1)[:axes]):
        out = equal("conv_nd", x, w, stride, 0, 1)
        equal("conv_input_gradient", out, w, x.shape, stride, 0, 1)
        equal("conv_filter_gradient", x, out, w.shape, stride, 0, 1)
        assert not adapter.overlaps(out, x)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_padding_is_multiplied_with_what_is_not_finite(value: float, place: int) -> None:
    """As in the portable function, where an infinite filter makes NaN of the zeros around `x`."""
    x, w = cupy.ones((2, 1, 4, 4), "f4"), cupy.ones((1, 1, 3, 3), "f4")
    (x, w)[place][..., 0, 0] = value
    g = equal("conv_nd", x, w, 1, 1, 1)
    g = cupy.where(cupy.isfinite(g), g, 1)
    equal("conv_input_gradient", g, w, x.shape, 1, 1, 1)
    equal("conv_filter_gradient", x, g, w.shape, 1, 1, 1)


def test_sums_of_halves_are_taken_in_single_precision() -> None:
    x, w = cupy.ones((1, 5000, 1), "f2"), cupy.full((1, 5000, 1), 0.5, "f2")
    assert adapter.kernels["conv_nd"](x, w, 1).item() == 2500  # halves stop counting at 1024
    g = cupy.ones((3000, 1, 1), "f2")
    limit(memory=2)  # one image at a time
    x = cupy.full((3000, 1, 1), 0.5, "f2")
    assert adapter.kernels["conv_filter_gradient"](x, g, (1, 1, 1), 1, 0, 1).item() == 1500


def test_other_dtypes_are_left_to_the_portable_functions() -> None:
    x, w = cupy.ones((1, 1, 3), "c8"), cupy.ones((1, 1, 2), "c8")
    assert adapter.kernels["conv_nd"](x, w, 1) is NotImplemented
    out = mg.nnet.layers.conv_nd(mg.tensor(x), mg.tensor(w), 1)
    np.testing.assert_array_equal(adapter.to_host(out.data), [[[2, 2]]])


def test_options_that_are_equal_but_not_integers() -> None:
    """They are errors, also after a call with the integers."""
    x, w = cupy.ones((1, 1, 4), "f4"), cupy.ones((1, 1, 2), "f4")
    for wrong in (1.0, (1.0,), [1.0], None):
        adapter.kernels["conv_nd"](x, w, 1)
        adapter.kernels["max_pool"](x, (2,), (1,))
        with pytest.raises(ValueError, match="conv_nd: stride"):
            adapter.kernels["conv_nd"](x, w, wrong)
        with pytest.raises(ValueError, match="max_pool: stride"):
            adapter.kernels["max_pool"](x, (2,), wrong)
    equal("conv_nd", x, w, [np.int64(2)])
    equal("max_pool", x, [2], [np.int64(2)])


@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
@pytest.mark.parametrize("stacks", [(None, None), (None, 3), (3, None), (3, 3)])
def test_products(turn_a: bool, turn_b: bool, stacks: tuple[int | None, int | None]) -> None:
    rng = np.random.default_rng(0)

    def matrices(count: int | None, rows: int, columns: int, turned: bool) -> Any:
        shape = (columns, rows) if turned else (rows, columns)
        return rng.standard_normal(shape if count is None else (count, *shape))

    a, b = matrices(stacks[0], 2, 4, turn_a), matrices(stacks[1], 4, 5, turn_b)
    want = (a.swapaxes(-1, -2) if turn_a else a) @ (b.swapaxes(-1, -2) if turn_b else b)
    out = cupy.full(want.shape, np.nan)
    gemm.multiply(cupy.asarray(a), cupy.asarray(b), out, turn_a, turn_b)
    np.testing.assert_allclose(out.get(), want, rtol=1e-13)


# --- pooling --------------------------------------------------------------------------------------
@given(data=st.data())
def test_pooling_of_any_geometry(data: st.DataObject) -> None:
    axes = data.draw(st.integers(1, 3), "axes")
    pool, stride = (along_axes(data, 1, 3, axes, name) for name in ("pool", "stride"))
    more = along_axes(data, 0, 3, axes, "more")
    lead = data.draw(st.sampled_from(((), (2,), (2, 3), (0, 2))), "lead")
    shape = *lead, *(k + t * m for k, t, m in zip(pool, stride, more, strict=True))
    kind = data.draw(st.sampled_from((*KINDS, "i4", "u1", "i8", "?")), "x")
    x = drawn(data, shape, kind if kind not in "u1?" else "i4").astype(kind)
    if kind in KINDS and x.size:
        for _ in range(data.draw(st.integers(0, 2), "special")):
            at = data.draw(st.integers(0, x.size - 1))
            x.reshape(-1)[at] = data.draw(st.sampled_from((np.nan, np.inf, -np.inf)))
    limit(narrow=data.draw(st.sampled_from((1 << 30, 0)), "narrow"))
    out = equal("max_pool", x, pool, stride)
    kind = data.draw(st.sampled_from(KINDS), "g")
    equal("max_unpool", drawn(data, out.shape, kind), x, out, pool, stride)
    equal("max_picked", drawn(data, x.shape, kind), x, out, pool, stride)


def test_more_axes_than_anyone_needs() -> None:
    x = cupy.asarray(np.random.default_rng(0).integers(0, 5, (2, 3, 4, 3, 4)).astype("f4"))
    pool, stride = (2, 2, 3, 2), (1, 2, 1, 1)
    out = equal("max_pool", x, pool, stride)
    equal("max_unpool", out, x, out, pool, stride)
    w = cupy.ones((2, 3, 2, 1, 2), "f4")
    y = equal("conv_nd", x, w, (1, 2, 1), 0, 1)
    equal("conv_input_gradient", y, w, x.shape, (1, 2, 1), 0, 1)
    assert prod(y.shape[2:]) > 1


def test_maxima_that_are_none_get_nothing() -> None:
    """Where what is given for a maximum stands nowhere in its window."""
    x = cupy.arange(8, dtype="f4").reshape(2, 4)
    maxima = cupy.asarray([[9, 3], [5, 9]], "f4")
    g = cupy.ones((2, 2), "f4")
    total = equal("max_unpool", g, x, maxima, (2,), 2)
    np.testing.assert_array_equal(total.get(), [[0, 0, 0, 1], [0, 1, 0, 0]])
    equal("max_picked", x, x, maxima, (2,), 2)


def test_on_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pretended device has one thread walk over all work, unless a kernel has barriers."""
    monkeypatch.setattr(windows, "_NUMBER", windows._NUMBER + "// __syncthreads\n")
    monkeypatch.setattr(windows, "_BLOCKS", 2)
    monkeypatch.setattr(windows, "_THREADS", 64)
    windows._compiled.cache_clear()
    rng = np.random.default_rng(0)
    x, w = (cupy.asarray(rng.integers(-2, 3, s).astype("f4")) for s in ((3, 2, 9, 7), (2, 2, 3, 3)))
    options = (2, 1), (0, 1), 1
    out = equal("conv_nd", x, w, *options)
    equal("conv_input_gradient", out, w, x.shape, *options)
    equal("conv_filter_gradient", x, out, w.shape, *options)
    out = equal("max_pool", x, (3, 3), (2, 1))
    equal("max_unpool", out, x, out, (3, 3), (2, 1))
    equal("max_picked", x, x, out, (3, 3), (2, 1))
    monkeypatch.undo()
    windows._compiled.cache_clear()


# --- what the device is asked ---------------------------------------------------------------------
def asked(name: str, *args: Any) -> dict[str, int]:
    """Launches, products and copies of a call that has been made before."""
    pretended = pytest.importorskip("pretended_gpu", reason="only a pretended device counts")
    if pretended.runtime is None:
        pytest.skip("only a pretended device counts")
    adapter.kernels[name](*args)
    counted: Counter[str] = Counter()

    def listen(event: str, what: str, size: int) -> None:
        counted["gemm" if what == "gemm" else event] += 1

    pretended.runtime.set_listener(listen)
    try:
        adapter.kernels[name](*args)
    finally:
        pretended.runtime.set_listener(None)
    counted.pop("allocate", None)
    return dict(counted)


ONE, TWO, PRODUCT = {"launch": 1, "gemm": 1}, {"launch": 2, "gemm": 1}, {"gemm": 1}


@pytest.mark.parametrize(
    ("size", "taps", "parts", "wanted"),
    [
        (10, 3, 1, (ONE, ONE, TWO)),  # images are large enough for a product each
        (6, 3, 1, (TWO, TWO, TWO)),
        (10, 1, 1, (PRODUCT, PRODUCT, TWO)),
        (10, 3, 4, ({"launch": 4, "gemm": 4}, {"launch": 4, "gemm": 4}, {"launch": 7, "gemm": 4})),
    ],
)
def test_launches_of_convolution(
    size: int, taps: int, parts: int, wanted: tuple[dict[str, int], ...]
) -> None:
    x, w = cupy.ones((4, 3, size, size), "f4"), cupy.ones((2, 3, taps, taps), "f4")
    if parts > 1:
        limit(memory=1)  # one image at a time
    g = adapter.kernels["conv_nd"](x, w, 1)
    assert asked("conv_nd", x, w, 1) == wanted[0]
    assert asked("conv_input_gradient", g, w, x.shape, 1, 0, 1) == wanted[1]
    assert asked("conv_filter_gradient", x, g, w.shape, 1, 0, 1) == wanted[2]


def test_launches_of_pooling() -> None:
    x = cupy.ones((2, 3, 7, 7), "f4")
    out = adapter.kernels["max_pool"](x, (3, 3), 2)
    assert asked("max_pool", x, (3, 3), 2) == {"launch": 1}
    assert asked("max_unpool", out, x, out, (3, 3), 2) == {"launch": 1}
    assert asked("max_picked", x, x, out, (3, 3), 2) == {"launch": 1}
