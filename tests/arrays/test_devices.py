"""Devices of one library: how they are named, and that arrays stay where they are."""

from __future__ import annotations

from typing import Any

import pytest
from gradcheck import host

import mygrad as mg

cupy = pytest.importorskip("cupy")


@pytest.fixture(autouse=True)
def on_cupy() -> None:
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")


@pytest.fixture
def second() -> int:
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one CUDA device only")
    return 1


@pytest.mark.parametrize("name", [0, "cuda:0", "gpu:0", "cuda"])
def test_devices_are_numbers_whatever_they_are_called(name: Any) -> None:
    x = mg.tensor([1.0, 2.0])
    assert x.device == 0
    assert x.to(device=name) is x
    assert mg.tensor([1.0], device=name).device == 0
    assert x.to(device=cupy.cuda.Device(0)) is x


@pytest.mark.parametrize("name", ["cpu", "cuda:7", 7, -1, 1.0])
def test_devices_that_are_not_there(name: Any) -> None:
    with pytest.raises(ValueError, match=r"no CUDA device"):
        mg.tensor([1.0], device=name)


def test_a_device_never_shares_memory_with_the_source() -> None:
    a = cupy.asarray([1.0, 2.0])
    t = mg.tensor(a, device=0)
    t += 10
    assert a.get().tolist() == [1, 2]


def test_moving_to_another_device(second: int) -> None:
    a = cupy.asarray([1.0, 2.0])
    t = mg.tensor(a, device=second)
    assert (t.device, a.device.id) == (second, 0)
    x = mg.tensor([1.0, 2.0], constant=True)
    y = x.to(device=second)
    assert (x.device, y.device) == (0, second)
    assert host(y).tolist() == [1, 2]
    assert cupy.cuda.Device().id == 0
