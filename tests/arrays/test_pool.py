"""The memory that the NumPy adapter uses again: lent to one array at a time, by whatever means."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from mygrad_numpy import pool

pytestmark = pytest.mark.numpy_only("this is the pool of the NumPy adapter")
ROOT = Path(__file__).parent.parent.parent
BYTES = np.dtype(np.uint8)


@pytest.fixture(autouse=True)
def empty_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_blocks", [])


def kept() -> int:
    return sum(len(block) for block in pool._blocks) + sum(len(b) for b in pool._returned)


def fill_and_drop(seed: int) -> None:
    """Hold a few arrays and views at a time; what was written to them has to stay."""
    rng, held = Random(seed), []
    for k in range(200):
        a = pool.fresh((pool.LARGE + rng.choice((0, 4096)),), BYTES)
        value = (seed * 67 + k) % 256
        a[::4096] = value
        held.append((rng.choice((a, a[4096:], a[::-4096], memoryview(a))), value))
        if len(held) > 6:
            seen, wanted = held.pop(rng.randrange(len(held)))
            assert (np.asarray(seen)[-4096::-4096] == wanted).all()


def test_live_arrays_do_not_share_memory() -> None:
    fill_and_drop(1)


def test_reference_counts_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """They differ between interpreters: a local variable need not count."""
    monkeypatch.setattr(pool, "getrefcount", lambda block: 3, raising=False)
    fill_and_drop(2)


def test_threads_share_the_pool() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(fill_and_drop, range(4)))
    finally:
        sys.setswitchinterval(before)
    assert not pool._returned
    assert kept() <= pool._KEPT


def test_whoever_holds_the_base_of_an_array_keeps_its_memory() -> None:
    a = pool.fresh((pool.LARGE,), BYTES)
    base, place = a.base, a.ctypes.data
    del a
    b = pool.fresh((pool.LARGE,), BYTES)
    assert b.ctypes.data != place
    del base
    assert pool.fresh((pool.LARGE,), BYTES).ctypes.data == place


def test_what_is_kept_is_bounded() -> None:
    held = [pool.fresh((8 << 20,), BYTES) for _ in range(40)]  # 320 MiB
    del held
    assert 0 < kept() <= pool._KEPT
    small = pool.fresh((pool.LARGE,), BYTES)
    del small
    assert kept() <= pool._KEPT
    assert len(pool._blocks[-1]) == pool.LARGE


def test_memory_comes_back_while_the_pool_is_busy() -> None:
    """As when the garbage collector frees an array within a function of the pool."""
    a = pool.fresh((pool.LARGE,), BYTES)
    place = a.ctypes.data
    with pool._lock:
        del a
        assert not pool._blocks
    other = pool.fresh((2 * pool.LARGE,), BYTES)
    assert pool.fresh((pool.LARGE,), BYTES).ctypes.data == place
    assert other.size


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_process_has_a_pool_of_its_own() -> None:
    program = f"""
import os, sys
sys.path[:0] = {[str(ROOT), str(ROOT / "backends")]!r}
import numpy as np
from mygrad_numpy import pool
dtype = np.dtype(np.uint8)
a = pool.fresh((pool.LARGE,), dtype)
a[:] = 1
with pool._lock:  # held at this moment by a thread that the child will not have
    child = os.fork()
if not child:
    b = pool.fresh((pool.LARGE,), dtype)
    b[:] = 2
    a[:] = 3
    del a
    os._exit(0 if pool.fresh((pool.LARGE,), dtype).max() == 3 else 1)
status = os.waitpid(child, 0)[1]
assert status == 0, status
assert (a == 1).all()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_small_and_huge_arrays_do_not_come_from_the_pool() -> None:
    for shape, dtype in (((pool.LARGE - 1,), BYTES), ((pool.LARGE,), np.dtype(object))):
        a: Any = pool.fresh(shape, dtype)
        assert a.base is None
