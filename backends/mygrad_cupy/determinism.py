"""Whether sums over repeated positions are the same, bit by bit, from run to run.

By default threads add up atomically, in the order in which they come: one launch, at the speed of
the memory, and last bits that may differ from run to run. That is what the other frameworks for
GPUs do by default, too. Where runs have to be reproduced, the positions are sorted first, and each
sum is made by one thread in the order in which its terms stand, as NumPy's ``add.at`` makes it: in
float32 and float64 with the same bits. This costs a sort of the positions, and as many steps as
the most frequent position has terms. Integers are exact in any case.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from mygrad.settings import Setting

__all__ = ["deterministic", "is_deterministic", "set_deterministic"]

_setting: Setting[bool] = Setting(
    "cupy_deterministic", os.environ.get("MYGRAD_CUPY_DETERMINISTIC", "0") not in ("", "0")
)


def is_deterministic() -> bool:
    """Whether sums over repeated positions are made in a fixed order, here and now.

    Returns
    -------
    bool
    """
    return _setting.get()


def set_deterministic(flag: bool) -> None:
    """Say for the process whether sums over repeated positions are made in a fixed order.

    These are the gradients of indexing with integer arrays and of `take`, and `scatter_add`. The
    environment variable ``MYGRAD_CUPY_DETERMINISTIC=1`` says it before the program starts.

    Parameters
    ----------
    flag : bool
        False is the default: atomic additions, in any order.
    """
    _setting.default = bool(flag)


@contextmanager
def deterministic(flag: bool = True) -> Iterator[None]:
    """Say it for some code: a context manager, and a decorator.

    It holds in the current thread or task, and has to be around the backward pass.

    Parameters
    ----------
    flag : bool
        Whether sums are made in a fixed order there.

    Yields
    ------
    None
        Nothing.
    """
    before = _setting.override.set(bool(flag))
    try:
        yield
    finally:
        _setting.override.reset(before)
