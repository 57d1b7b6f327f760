"""Joining arrays of CuPy, whatever way they lie in memory, and how often the device is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.autodiff.namespace import namespace_of

cupy = pytest.importorskip("cupy")


@pytest.fixture(autouse=True)
def on_cupy() -> None:
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")


def numbered(*shape: int, kind: str = "f4") -> Any:
    return cupy.arange(np.prod(shape), dtype="f4").reshape(shape).astype(kind)


LAYOUTS: dict[str, Callable[[], list[Any]]] = {
    "transposed": lambda: [numbered(2, 3).T, numbered(3, 2)],
    "every other": lambda: [numbered(3, 4)[:, ::2], numbered(6, 2)[::2]],
    "reversed": lambda: [numbered(3, 2)[::-1], numbered(3, 2)[:, ::-1]],
    "broadcast": lambda: [cupy.broadcast_to(numbered(2), (3, 2)), numbered(3, 2)],
    "unaligned": lambda: [numbered(8, kind="u1")[k : k + 6].reshape(3, 2) for k in range(3)],
    "half aligned": lambda: [numbered(8, kind="f4")[k : k + 6].reshape(3, 2) for k in range(3)],
    "complex": lambda: [numbered(3, 2, kind="c16") * 1j, numbered(3, 2, kind="c16")],
    "mixed": lambda: [numbered(3, 2, kind=k) for k in ("f4", "i4", "f2", "b1")],
    "many": lambda: [numbered(3, 2) + k for k in range(150)],
    "many in part": lambda: [numbered(2, 3).T if k % 3 else numbered(3, 2) for k in range(150)],
    "with empty ones": lambda: [numbered(3, 2), numbered(3, 2)[:, :0].reshape(3, 0)] * 3,
}


@pytest.mark.parametrize("axis", [0, 1, -2, None])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_concatenate(layout: str, axis: int | None) -> None:
    arrays = LAYOUTS[layout]()
    if layout == "with empty ones" and axis in (0, -2):
        arrays = arrays[::2]
    got = mg.concatenate(arrays, axis=axis).data
    want = np.concatenate([a.get() for a in arrays], axis=axis)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got.get(), want)


@pytest.mark.parametrize("axis", [0, 1, 2, -2])
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "with empty ones"])
def test_stack(layout: str, axis: int) -> None:
    arrays = LAYOUTS[layout]()
    got = mg.stack(arrays, axis=axis).data
    want = np.stack([a.get() for a in arrays], axis=axis)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got.get(), want)


def test_sizes_that_no_word_divides() -> None:
    """Rows of 2 to 13 bytes, in words of 1 to 16."""
    for kind in ("u1", "f2", "f4", "f8", "c16"):
        for widths in ((1, 1), (2, 3), (4, 4), (8, 16), (16, 16), (5, 8)):
            arrays = [numbered(3, w, kind=kind) for w in widths]
            want = np.concatenate([a.get() for a in arrays], axis=1)
            np.testing.assert_array_equal(mg.concatenate(arrays, axis=1).data.get(), want)


@pytest.mark.parametrize(
    ("join", "arrays"),
    [
        (mg.concatenate, []),
        (mg.concatenate, [(2, 3), (3,)]),
        (mg.concatenate, [(2, 3), (2, 2)]),
        (mg.stack, []),
        (mg.stack, [(2, 3), (2, 2)]),
    ],
)
def test_what_does_not_fit(join: Any, arrays: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match=r"."):
        join([numbered(*shape) for shape in arrays])


@pytest.fixture
def launches(asked: Any) -> Callable[[Callable[[], Any]], dict[str, int]]:
    """What a program asks of the device, but for memory from the pool: what it asks at all."""
    return lambda program: {e: n for e, n in asked(program).items() if n and e != "pool"}


@pytest.mark.parametrize(("count", "wanted"), [(2, 1), (9, 1), (64, 1), (65, 2)])
@pytest.mark.parametrize("join", [mg.concatenate, mg.stack, mg.hstack])
def test_arrays_are_joined_by_one_launch(join: Any, count: int, wanted: int, launches: Any) -> None:
    arrays = [numbered(3, 2) for _ in range(count)]
    assert launches(lambda: join(arrays)) == {"launch": wanted}


def test_each_strided_array_takes_one_launch(launches: Any) -> None:
    arrays = [numbered(2, 3).T] * 10 + [numbered(3, 2)]
    assert launches(lambda: mg.concatenate(arrays)) == {"launch": 11}


def test_gradients() -> None:
    x, y = mg.tensor(numbered(2, 3)), mg.tensor(numbered(2, 3).T)
    mg.concatenate([x.T, y], axis=1).backward(numbered(3, 4))
    np.testing.assert_array_equal(host(x.grad), [[0, 4, 8], [1, 5, 9]])
    np.testing.assert_array_equal(host(y.grad), [[2, 3], [6, 7], [10, 11]])


def test_arrays_are_joined_where_they_are() -> None:
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one CUDA device only")
    with cupy.cuda.Device(1):
        arrays = [numbered(2, 3), numbered(2, 3)]
    xp = namespace_of(mg.backends.selected_adapter())
    with cupy.cuda.Device(0):
        assert xp.concat(arrays).device.id == xp.stack(arrays).device.id == 1
