"""NumPy's arrays on one memory have one owner, whatever kept that memory; so they are protected."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import mygrad as mg

pytestmark = pytest.mark.numpy_only("is about NumPy's memory")

VALUES = np.arange(1.0, 7.0)


def of_a_file(folder: Path) -> Any:
    VALUES.tofile(folder / "values")
    mapped = np.memmap(folder / "values", float, "r+")
    return lambda: mapped[...]


def memory_map(folder: Path) -> Any:
    anonymous = mmap.mmap(-1, VALUES.nbytes)
    anonymous[:] = VALUES.tobytes()
    return lambda: np.frombuffer(anonymous)


def of_ctypes(folder: Path) -> Any:
    whole = (ctypes.c_double * 6)(*VALUES)
    return lambda: np.ctypeslib.as_array(whole)


def by_pointer(folder: Path) -> Any:
    whole = (ctypes.c_double * 6)(*VALUES)
    pointer = ctypes.cast(whole, ctypes.POINTER(ctypes.c_double))
    return lambda kept=whole: np.ctypeslib.as_array(pointer, shape=(6,))


class Named(np.ndarray):
    """A subclass that computes as its parent does."""

    name = "n"


class Exporting:
    """Lends its memory in NumPy's oldest way, by address."""

    def __init__(self, a: Any) -> None:
        self.__array_interface__ = a.__array_interface__
        self.kept = a


def imported(folder: Path) -> Any:
    a = VALUES.copy()
    return lambda: np.asarray(Exporting(a.view()))


def of_torch(folder: Path) -> Any:
    torch = pytest.importorskip("torch")
    t = torch.tensor(VALUES)
    return lambda: t.view(2, 3).numpy().reshape(6)


def by_dlpack(folder: Path) -> Any:
    torch = pytest.importorskip("torch")
    t = torch.tensor(VALUES)
    return lambda: np.from_dlpack(t)


def lending(memory: Any, look: Callable[[Any], Any]) -> Callable[[Path], Callable[[], Any]]:
    def lend(folder: Path) -> Callable[[], Any]:
        kept = memory()
        return lambda: look(kept)

    return lend


def in_bytes() -> bytearray:
    return bytearray(VALUES.tobytes())


LENDERS: dict[str, Callable[[Path], Callable[[], Any]]] = {
    "an array": lending(VALUES.copy, lambda a: a[...]),
    "as_strided": lending(VALUES.copy, lambda a: as_strided(a, (6,), (8,))),
    "windows": lending(VALUES.copy, lambda a: sliding_window_view(a, 1)[:, 0]),
    "windows of bytes": lending(
        in_bytes, lambda b: sliding_window_view(np.frombuffer(b), 1, writeable=True)[:, 0]
    ),
    "a bytearray": lending(in_bytes, np.frombuffer),
    "bytes": lending(VALUES.tobytes, np.frombuffer),
    "a memoryview": lending(in_bytes, lambda b: np.asarray(memoryview(b).cast("d"))),
    "an array.array": lending(lambda: array.array("d", VALUES), np.asarray),
    "a memory map": memory_map,
    "a file": of_a_file,
    "records": lending(lambda: VALUES.copy().view(np.recarray), lambda a: a[...]),
    "a field of records": lending(lambda: np.rec.fromarrays([VALUES, VALUES]), lambda a: a.f0),
    "a subclass": lending(lambda: VALUES.copy().view(Named), lambda a: a[...]),
    "ctypes": of_ctypes,
    "a pointer": by_pointer,
    "an array interface": imported,
    "torch": of_torch,
    "dlpack": by_dlpack,
}


@pytest.fixture(params=LENDERS)
def lend(request: Any, tmp_path: Path) -> Any:
    return LENDERS[request.param](tmp_path)


def test_one_memory_has_one_owner(lend: Any, xp_backend: mg.backends.Adapter) -> None:
    first, second = lend(), lend()
    owner = xp_backend.owner
    for a in (first, second):
        for view in (a, a[1:], a[::2], a.reshape(2, 3).T, as_strided(a, (2,), (8,))):
            assert owner(view) is owner(first)
        assert isinstance(owner(a), np.ndarray)
    assert np.shares_memory(first, second)
    assert owner(VALUES.copy()) is not owner(first)
    assert owner(np.frombuffer(bytearray(48))) is not owner(first)


@pytest.mark.parametrize("part", [slice(None), slice(1, 5), slice(None, None, -1)])
def test_a_write_through_another_array_changes_no_gradient(lend: Any, part: Any) -> None:
    """The first array is an operand; a tensor on the second is written to."""
    first, second = lend()[part], lend()[part]
    values = np.array(first)
    x = mg.tensor(np.ones(values.shape))
    result = x * first
    if second.flags.writeable:
        t = mg.tensor(second, copy=False)
        t[...] = 100.0
        assert (np.asarray(first) == 100).all()
    result.backward()
    assert x.grad.tolist() == values.tolist()


def test_raw_operands_are_locked_with_all_that_they_are_views_of(lend: Any) -> None:
    view = lend()[1:4]
    chain = [view]
    while isinstance(chain[-1].base, np.ndarray):
        chain.append(chain[-1].base)
    was = [a.flags.writeable for a in chain]
    x = mg.tensor(np.ones(3))
    result = x * view
    for a in chain:
        if a.dtype != float:
            continue
        try:  # what cannot be locked, as NumPy could not unlock it, was copied
            a[a == 3] = 100.0
        except ValueError as error:
            assert "read-only" in str(error)
    result.backward()
    assert x.grad.tolist() == [2, 3, 4]
    assert [a.flags.writeable for a in chain] == was


def test_windows_are_views_of_what_they_slide_over() -> None:
    x = mg.tensor([1.0, 2.0, 3.0, 4.0])
    y = x * 1.0
    windows = mg.sliding_window_view(y, 3, 1)
    assert windows.base is y
    result = (windows * windows).sum()
    y[1] = 100.0
    result.backward()
    assert x.grad.tolist() == [2, 8, 12, 8]


def test_parts_of_one_memory_that_do_not_overlap_have_one_owner_if_one_object_keeps_it(
    xp_backend: mg.backends.Adapter,
) -> None:
    memory = bytearray(160)
    low, high = np.frombuffer(memory, count=10), np.frombuffer(memory, offset=80)
    assert xp_backend.owner(low) is xp_backend.owner(high)


def test_what_is_gone_is_no_owner(xp_backend: mg.backends.Adapter) -> None:
    from mygrad_numpy import memory

    for _ in range(500):
        a = np.frombuffer(bytearray(64))
        assert xp_backend.owner(a) is a
    kept = [np.frombuffer(bytearray(64)) for _ in range(200)]
    assert all(xp_backend.owner(a) is a for a in kept)
    del a, kept
    gc.collect()
    again = [np.frombuffer(bytearray(64)) for _ in range(300)]
    assert all(xp_backend.owner(a) is a for a in again)
    assert len(memory._starts) == len(memory._extents) < 1024
