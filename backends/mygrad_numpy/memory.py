"""Whose memory a NumPy array looks at.

Arrays keep what they look at in ``base``. Down that chain there is an array that owns its memory,
or one that lies on the memory of something else: a bytearray, a memory map, a ctypes object, an
array of another library. Of the latter there may be several on the same memory, which do not know
of one another; the one met first stands for all that overlap it, as long as it lives.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary, ref

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.lib.stride_tricks import as_strided

__all__ = ["can_be_locked", "can_be_protected", "owner"]

_Strided: Any = type(as_strided(np.zeros(1)).base)  # keeps the array that `as_strided` looks at

_lock = Lock()
_by_keeper: WeakValueDictionary[int, Any] = WeakValueDictionary()  # by the id of what keeps it
_starts: list[int] = []  # where the memory of these arrays begins, in order
_extents: dict[int, tuple[int, Any]] = {}  # by its beginning: its end, and weakly the array


def owner(array: Any) -> Any:
    """The array that stands for the memory of `array`: one object for all that share it."""
    while True:
        base = array.base
        if base is None:
            return array
        if isinstance(base, np.ndarray):
            array = base
        elif isinstance(base, _Strided):
            array = base.base
        else:
            return _first_on(array, base)


def can_be_locked(array: Any) -> bool:
    """Whether an array can be made read-only, and be made writeable again afterwards.

    The latter NumPy allows only for memory of arrays and of what has a writeable buffer.
    """
    base = array.base
    if base is None or isinstance(base, np.ndarray):
        return True
    try:
        return not memoryview(base).readonly
    except TypeError:
        return False


def can_be_protected(array: Any) -> bool:
    """Whether arrays on this memory can be locked, or none of them can be written to anyway."""
    while array.base is not None:
        base = array.base
        if isinstance(base, np.ndarray):
            array = base
        elif array.flags.writeable:
            return can_be_locked(array)
        elif isinstance(base, _Strided):
            array = base.base
        else:
            return True
    return True


def _first_on(array: Any, keeper: Any) -> Any:
    """The array that was met first on this memory, which is kept by something else."""
    while isinstance(keeper, memoryview):
        keeper = keeper.obj
    while getattr(keeper, "_b_base_", None) is not None:  # a part of a ctypes object
        keeper = keeper._b_base_
    found = _by_keeper.get(id(keeper))
    if found is None:
        with _lock:
            found = _found_on(array)
            if found is array:  # which keeps the keeper, so that its id is its own
                _by_keeper[id(keeper)] = array
    return found


def _found_on(array: Any) -> Any:
    """The array that is known on memory that `array` overlaps, or else that one from now on."""
    if not array.size:
        return array
    start, end = byte_bounds(array)
    for k in range(bisect_left(_starts, end) - 1, -1, -1):
        known_end, known = _extents[_starts[k]]
        found = known()
        if found is None:
            del _extents[_starts.pop(k)]
        elif known_end > start:
            return found
        else:
            break
    insort(_starts, start)
    _extents[start] = end, ref(array)
    count = len(_starts)
    if count > 63 and not count & (count - 1):  # forgetting the dead: constant steps for each
        for start in [s for s in _starts if _extents[s][1]() is None]:
            del _extents[start]
        _starts[:] = sorted(_extents)
    return array
