"""What holds for compiled functions on NumPy's arrays and on CuPy's."""

from __future__ import annotations

from typing import Any

import mygrad as mg

__all__ = ["later_writes", "raw_arrays"]


def raw_arrays(xp: Any) -> None:
    """By closure they are inputs; as arguments they are written back."""
    data = xp.arange(6.0).reshape(3, 2)
    row = mg.compile(lambda k: (mg.tensor([1.0, 1.0]) * data[k]).sum())
    assert row(1).item() == 5.0
    data[1] = 10.0
    assert row(1).item() == 20.0 and row.cache_info().misses == 1

    def double(a: Any) -> Any:
        a[0] = a.sum()
        a *= 2
        return a

    a = xp.ones(3)
    assert mg.compile(double)(a) is a and a.tolist() == [6.0, 2.0, 2.0]


def later_writes(xp: Any) -> None:
    """They do not change the gradient of a call, which has the values that it was made with."""
    x, scale = mg.tensor([1.0, 2.0]), xp.asarray([3.0, 4.0])
    w = x * 1.0
    y = mg.compile(lambda s: (w * w * s).sum())(scale)
    scale[:] = 0.0
    w[...] = 0.0
    y.backward()
    assert x.grad.tolist() == [6.0, 16.0]
