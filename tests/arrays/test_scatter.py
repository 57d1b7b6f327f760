"""Adding and writing into places that repeat: every index, every dtype, and in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import mygrad as mg

Array = NDArray[Any]
ADAPTER = mg.backends.selected_adapter()
on_cupy = pytest.mark.skipif(ADAPTER.name != "cupy", reason="is about the CuPy adapter's kernels")
pytestmark = [
    pytest.mark.raw_arithmetic,
    pytest.mark.skip_on("dpnp", "takes fewer kinds of indices"),
    pytest.mark.skip_on("array-api-strict", "takes integers next to integer arrays only"),
]


# --- indices --------------------------------------------------------------------------------------
@st.composite
def selections(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """A shape, and an index of it with integer arrays, numbers, slices, `None` and `...`."""
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    common = draw(st.sampled_from([(), (3,), (2, 3), (0,), (1, 3)]))
    used = draw(st.integers(1, len(shape)))
    kinds = draw(st.lists(st.sampled_from("annsr"), min_size=used, max_size=used))
    kinds[draw(st.integers(0, used - 1))] = "a"
    dots = draw(st.none() | st.integers(0, used))
    lengths = shape[:used]
    if dots is not None:
        lengths = shape[:dots] + shape[len(shape) - used + dots :]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    items: list[Any] = []
    for kind, n in zip(kinds, lengths, strict=True):
        if kind == "a":
            own = tuple(1 if draw(st.booleans()) and m == 3 else m for m in common)
            dtype = draw(st.sampled_from(["i8", "i4", "i1", "u1", "u8"]))
            low = 0 if dtype.startswith("u") else -n
            items.append(rng.integers(low, n, own).astype(dtype))
        elif kind == "n":
            items.append(int(rng.integers(-n, n)))
        elif kind == "s":
            items.append(draw(st.sampled_from([slice(None), slice(1, None), slice(None, 0)])))
        else:
            items.append(draw(st.sampled_from([slice(None, None, -1), slice(None, None, 2)])))
    if dots is not None:
        items.insert(dots, ...)
    if draw(st.booleans()):
        items.insert(draw(st.integers(0, len(items))), None)
    return shape, tuple(items)


def there(index: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(raw(item) if isinstance(item, np.ndarray) else item for item in index)


def numbers(shape: tuple[int, ...], dtype: str, seed: int) -> Array:
    values = np.random.default_rng(seed).integers(-4, 5, shape) / 2
    return np.asarray(np.abs(values) if dtype == "u1" else values).astype(dtype)


def target_of(values: Array, turned: bool) -> Any:
    """An array of the backend, C-contiguous or with its axes in reverse order in memory."""
    strides = np.zeros(values.shape[::-1], values.dtype).strides[::-1] if turned else values.strides
    target = ADAPTER.allocate(values.shape, strides, raw(values).dtype, None)
    return ADAPTER.assign(target, ..., raw(values))


KINDS = ["f4", "f8", "c8", "c16", "i8", "i4", "i2", "u1", "f2", "b1"]


@given(selections(), st.sampled_from(KINDS), st.booleans(), st.booleans())
def test_sums_over_repeated_places(
    selection: Any, dtype: str, turned: bool, one_value: bool
) -> None:
    shape, index = selection
    want = numbers(shape, dtype, 0)
    target = target_of(want, turned)
    values = numbers(() if one_value else want[index].shape, dtype, 1)
    np.add.at(want, index, values)
    target = ADAPTER.scatter_add(target, there(index), raw(values))
    np.testing.assert_array_equal(host(target), want)


@given(selections(), st.sampled_from(KINDS), st.booleans())
def test_the_last_of_repeated_places_wins(selection: Any, dtype: str, turned: bool) -> None:
    shape, index = selection
    want = numbers(shape, dtype, 0)
    target = target_of(want, turned)
    values = numbers(want[index].shape, dtype, 1)
    if values.size:
        want[index] = values
        target = ADAPTER.assign(target, there(index), raw(values))
    np.testing.assert_array_equal(host(target), want)


@given(selections())
def test_which_of_repeated_places_stay(selection: Any) -> None:
    shape, index = selection
    places = np.arange(int(np.prod(shape))).reshape(shape)[index]
    written = np.full(int(np.prod(shape)), -1)
    order = np.arange(places.size).reshape(places.shape)
    for place, k in zip(places.flat, order.flat, strict=True):
        written[place] = k
    got = ADAPTER.last_occurrences(there(index), shape)
    np.testing.assert_array_equal(
        np.broadcast_to(host(got), places.shape), written[places] == order
    )


@given(selections())
def test_gradients_of_what_was_read(selection: Any) -> None:
    shape, index = selection
    x = numbers(shape, "f8", 0)
    want = np.zeros(shape)
    t = mg.tensor(x)
    y = t[there(index)]
    np.testing.assert_array_equal(host(y), x[index])
    seed = numbers(x[index].shape, "f8", 1)
    y.backward(raw(seed))
    np.add.at(want, index, seed)
    np.testing.assert_array_equal(host(t.grad), want)


# --- CuPy's kernels -------------------------------------------------------------------------------
@on_cupy
@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("index", [0, 1, 2], ids=["rows", "columns", "both"])
def test_sums_in_order_have_the_bits_of_numpys(dtype: str, index: int) -> None:
    """The terms are of many magnitudes, so that another order rounds to other bits."""
    from mygrad_cupy import deterministic, is_deterministic

    rng = np.random.default_rng(0)
    want = rng.standard_normal((7, 6)).astype(dtype)
    places = rng.integers(-6, 6, 4000)
    at = [(places,), (slice(None), places), (places, places[::-1])][index]
    values = rng.standard_normal(want[at].shape) * 10.0 ** rng.integers(-6, 6, want[at].shape)
    values = (values * (1 + 1j)).astype(dtype) if "c" in dtype else values.astype(dtype)
    reversed_sum, target = want.copy(), raw(want)
    np.add.at(reversed_sum, tuple(np.flip(i) if isinstance(i, np.ndarray) else i for i in at),
              np.flip(values, -1 if index == 1 else 0))  # fmt: skip
    np.add.at(want, at, values)
    assert (reversed_sum != want).any()
    with deterministic():
        assert is_deterministic()
        ADAPTER.scatter_add(target, there(at), raw(values))
    assert host(target).tobytes() == want.tobytes()


@on_cupy
@pytest.mark.parametrize("turned", [False, True])
def test_sums_in_order_over_masks_and_arrays(turned: bool) -> None:
    from mygrad_cupy import deterministic

    rng = np.random.default_rng(0)
    want = rng.standard_normal((4, 5)).astype("f4")
    target = target_of(want, turned)
    index = (np.array([True, False, True, True]), rng.integers(-5, 5, (300, 3)))
    values = (rng.standard_normal((300, 3)) * 10.0 ** rng.integers(-6, 6, (300, 3))).astype("f4")
    np.add.at(want, index, values)
    with deterministic():
        ADAPTER.scatter_add(target, there(index), raw(values))
    assert host(target).tobytes() == want.tobytes()


@on_cupy
def test_the_order_of_sums_is_a_setting() -> None:
    import mygrad_cupy

    @mygrad_cupy.deterministic(False)
    def in_any_order() -> bool:
        return mygrad_cupy.is_deterministic()

    before = mygrad_cupy.is_deterministic()
    mygrad_cupy.set_deterministic(True)
    try:
        assert mygrad_cupy.is_deterministic()
        assert not in_any_order()
        x = mg.tensor(np.zeros((2, 3), "f4"))
        (mg.take_along_axis(x, raw([[0, -1, 2], [1, 1, 1]]), axis=1) * 2).backward()
        np.testing.assert_array_equal(host(x.grad), [[2, 0, 4], [0, 6, 0]])
        mygrad_cupy.set_deterministic(False)
        assert not mygrad_cupy.is_deterministic()
        with mygrad_cupy.deterministic():
            assert mygrad_cupy.is_deterministic()
        assert not mygrad_cupy.is_deterministic()
    finally:
        mygrad_cupy.set_deterministic(before)


@on_cupy
@pytest.mark.parametrize("in_order", [False, True])
def test_float16_adds_up_in_float32(in_order: bool) -> None:
    """In float16, 2048 + 1 is 2048."""
    from mygrad_cupy import deterministic

    target = raw(np.zeros(3, np.float16))
    with deterministic(in_order):
        ADAPTER.scatter_add(target, (raw(np.zeros(5000, int)),), raw(np.ones(5000, np.float16)))
    np.testing.assert_array_equal(host(target), [5000, 0, 0])


@on_cupy
@pytest.mark.parametrize("dtype", ["f2", "f4", "c8"])
def test_values_that_a_mask_selects(dtype: str) -> None:
    rng = np.random.default_rng(0)
    start = numbers((4, 5, 3), dtype, 0)
    for mask in (rng.random((4, 5, 3)) < 0.5, rng.random((4, 5)) < 0.5, np.arange(4) == 2,
                 np.zeros((4, 5), bool)):  # fmt: skip
        for shape in (start[mask].shape, (1, *start.shape[mask.ndim :])):
            want, target, values = start.copy(), raw(start), numbers(shape, dtype, 1)
            want[mask] += values
            ADAPTER.scatter_add(target, raw(mask), raw(values))
            np.testing.assert_array_equal(host(target), want)


@on_cupy
def test_values_that_are_not_as_many_as_a_mask_selects_show() -> None:
    mask = np.array([True, False, True])
    target = raw(np.zeros(3, "f4"))
    ADAPTER.scatter_add(target, raw(mask), raw(np.ones(3, "f4")))
    np.testing.assert_array_equal(host(target), [np.nan, 0, np.nan])


@on_cupy
def test_places_beyond_an_axis_wrap_as_cupys_do() -> None:
    x = mg.tensor(np.arange(4.0))
    places = raw(np.array([5, -6, 4, -1]))
    y = x[places]
    np.testing.assert_array_equal(host(y), [1, 2, 0, 3])
    y.backward(raw(np.array([1.0, 10.0, 100.0, 1000.0])))
    np.testing.assert_array_equal(host(x.grad), [100, 1, 10, 1000])


@on_cupy
@pytest.mark.parametrize("dtype", ["f8", "c8"])
def test_values_that_would_lose_something(dtype: str) -> None:
    target = raw(np.zeros(3, "i4"))
    with pytest.raises(TypeError, match=r"values of dtype .* cannot be added into .* int32"):
        ADAPTER.scatter_add(target, (raw([0, 1]),), raw(np.ones(2, dtype)))
    with pytest.raises(ValueError, match="broadcast"):
        ADAPTER.scatter_add(target, (raw([0, 1]),), raw(np.ones(3, "i4")))
