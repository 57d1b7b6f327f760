"""Padding and rolling arrays of CuPy: layouts in memory, many axes, and launches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg

cupy = pytest.importorskip("cupy")
MODES = ("wrap", "edge", "symmetric", "reflect")


@pytest.fixture(autouse=True)
def on_cupy() -> None:
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "plain": lambda a: a,
    "transposed": lambda a: a.T,
    "reversed": lambda a: a[::-1, :, ::-1],
    "every other": lambda a: a[:, ::2],
    "broadcast": lambda a: cupy.broadcast_to(a[:, :1], a.shape),
    "one axis": lambda a: a[0, 0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mode", MODES)
def test_pad_whatever_the_layout(mode: str, layout: str) -> None:
    a = LAYOUTS[layout](cupy.arange(24.0).reshape(2, 3, 4))
    for width in (1, (3, 0), (0, 5)):
        got = mg.pad(a, width, mode=mode).data
        np.testing.assert_array_equal(got.get(), np.pad(a.get(), width, mode=mode))  # type: ignore[call-overload]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_roll_whatever_the_layout(layout: str) -> None:
    a = LAYOUTS[layout](cupy.arange(24.0).reshape(2, 3, 4))
    last = a.ndim - 1
    for shift, axis in ((2, None), (-1, 0), (9, last), ((1, 1), (0, 0)), ((1, -1), (0, last))):
        got = mg.roll(a, shift, axis).data
        np.testing.assert_array_equal(got.get(), np.roll(a.get(), shift, axis))


def test_many_axes() -> None:
    """Those that move together count as one; with more than 8 others CuPy takes over."""
    a = np.arange(2.0**11).reshape((2,) * 11)
    one, all_but_two = [(0, 0)] * 11, [(0, 1), (1, 0)] * 5 + [(0, 0)]
    one[5] = (1, 2)
    for widths in (one, all_but_two):
        x = mg.tensor(a)
        y = mg.pad(x, widths, mode="symmetric")
        np.testing.assert_array_equal(host(y), np.pad(a, widths, mode="symmetric"))
        y.sum().backward()
        times = np.zeros_like(a)
        np.add.at(times.reshape(-1), host(y).astype(int).reshape(-1), 1.0)
        np.testing.assert_array_equal(host(x.grad), times)
    for axes in ((3,), tuple(range(0, 11, 2)), tuple(range(11))):
        want = np.roll(a, (1,) * len(axes), axes)
        np.testing.assert_array_equal(host(mg.roll(mg.tensor(a), 1, axes)), want)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["f2", "f4", "c8"])
def test_gradients_of_paddings_much_wider_than_the_array(kind: str, mode: str) -> None:
    for n in (1, 2, 3):
        x = mg.tensor(np.arange(n).astype(kind))
        y = mg.pad(x, (11, 8), mode=mode)
        seed = np.random.default_rng(n).integers(0, 9, y.shape)
        y.backward(mg.tensor(seed.astype(kind)).data)
        want = np.zeros(n, kind)
        np.add.at(want, host(y).real.astype(int), seed.astype(kind))
        np.testing.assert_array_equal(host(x.grad), want)


def test_an_empty_axis_has_nothing_to_repeat() -> None:
    with pytest.raises(ValueError, match=r"pad: an axis of length 0"):
        mg.pad(cupy.zeros((2, 0)), 1, mode="wrap")
    assert mg.pad(cupy.zeros((2, 0)), ((1, 1), (0, 0)), mode="wrap").shape == (4, 0)


@pytest.mark.parametrize("shift", [1, (1, 2)])
def test_what_roll_does_not_take(shift: Any) -> None:
    with pytest.raises((ValueError, IndexError), match=r"."):
        mg.roll(cupy.zeros((2, 2)), shift, 5)


@pytest.fixture
def launches(asked: Any) -> Callable[[Callable[[], Any]], dict[str, int]]:
    """What a program asks of the device, but for memory from the pool: what it asks at all."""
    return lambda program: {e: n for e, n in asked(program).items() if n and e != "pool"}


def test_one_launch_whatever_the_number_of_axes(launches: Any) -> None:
    a = cupy.arange(24.0).reshape(2, 3, 4)
    for mode in MODES:
        assert launches(lambda mode=mode: mg.pad(a, 2, mode=mode)) == {"launch": 1}  # type: ignore[misc]
    assert launches(lambda: mg.roll(a, (1, 1, 1), (0, 1, 2))) == {"launch": 1}
    x, g = mg.tensor(a), cupy.ones((4, 5, 6))
    both = launches(lambda: mg.pad(x, 1, mode="edge").backward(g))
    assert not both.keys() & {"to_device", "to_host", "synchronize"}
