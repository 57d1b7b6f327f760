"""What NumPy's functions cost on tensors: ``python -m benchmarks.dispatch``.

``np.f(t)`` goes through NumPy's dispatch before it arrives at ``mg.f(t)``. Both are timed in turns,
on small arrays. So is a class that does nothing but answer NumPy's protocols: the least that NumPy
takes to hand a call over, whoever answers it.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np

import mygrad as mg

ROUNDS = 41
CALLS = 500


class Returns:
    """Answers NumPy's protocols with nothing."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> None:
        return None

    def __array_function__(self, *args: Any, **kwargs: Any) -> None:
        return None


x, y = (mg.tensor(np.arange(1.0, 5.0).reshape(2, 2)) for _ in range(2))
mask = np.array([[True, False], [False, True]])
nothing = Returns()

CASES: dict[str, Callable[[Any, Any], Any]] = {
    "exp(t)": lambda lib, t: lib.exp(t),
    "add(t, t)": lambda lib, t: lib.add(t, t),
    "matmul(t, t)": lambda lib, t: lib.matmul(t, t),
    "sum(t)": lambda lib, t: lib.sum(t),
    "sum(t, axis=0)": lambda lib, t: lib.sum(t, axis=0),
    "sum(t, axis=0, keepdims=True)": lambda lib, t: lib.sum(t, axis=0, keepdims=True),
    "mean(t, axis=1)": lambda lib, t: lib.mean(t, axis=1),
    "where(mask, t, t)": lambda lib, t: lib.where(mask, t, t),
    "concatenate([t, t])": lambda lib, t: lib.concatenate([t, t]),
    "reshape(t, (4,))": lambda lib, t: lib.reshape(t, (4,)),
    "transpose(t)": lambda lib, t: lib.transpose(t),
}


def compare(case: Callable[[Any, Any], Any]) -> tuple[float, float, float]:
    """Microseconds of mygrad's function, of NumPy's on tensors, of NumPy's handing over alone."""
    calls = (lambda: case(mg, x), lambda: case(np, x), lambda: case(np, nothing))
    times: tuple[list[float], ...] = ([], [], [])
    for _ in range(ROUNDS):
        for call, taken in zip(calls, times, strict=True):
            taken.append(timeit.timeit(call, timer=process_time, number=CALLS) / CALLS * 1e6)
    ours, theirs, least = (median(taken) for taken in times)
    return ours, theirs, least


def main() -> None:
    print(f"{'':32}{'mg.f':>8}{'np.f':>8}{'ratio':>8}{'NumPy alone':>14}   microseconds, medians")
    for name, case in CASES.items():
        ours, theirs, least = compare(case)
        print(f"{name:32}{ours:8.2f}{theirs:8.2f}{theirs / ours:8.2f}{least:14.2f}")


if __name__ == "__main__":
    main()
