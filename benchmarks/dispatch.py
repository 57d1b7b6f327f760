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

ROUNDS = 21
CALLS = 200

BOUND = 1.15
"""What NumPy's function may cost on a small array, mygrad's being 1."""


class Returns:
    """Answers NumPy's protocols with nothing."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> None:
        return None

    def __array_function__(self, *args: Any, **kwargs: Any) -> None:
        return None


x = mg.tensor(np.arange(1.0, 5.0).reshape(2, 2))
v = mg.tensor(np.arange(1.0, 5.0))
symmetric = mg.tensor([[2.0, 0.5], [0.5, 3.0]])
vectors = mg.tensor([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]])
mask = np.array([[True, False], [False, True]])
nothing = Returns()

Case = Callable[[Any, Any], Any]
"""A call of a library's function, on tensors or on what stands for them."""


def calls(names: str, *operands: Any, **options: Any) -> dict[str, Case]:
    """Calls of functions with operands of which the tensors are replaced."""

    def case(path: list[str]) -> Case:
        def call(lib: Any, t: Any) -> Any:
            for name in path:
                lib = getattr(lib, name)
            given = [a if t is None or not isinstance(a, mg.Tensor) else t for a in operands]
            return lib(*given, **options)

        return call

    listed = ", ".join(f"{n}={value}" for n, value in options.items())
    shown = ", ".join(["t" if isinstance(a, mg.Tensor) else "..." for a in operands] + [listed])
    return {f"{name}({shown.removesuffix(', ')})": case(name.split(".")) for name in names.split()}


ONE = """exp log sin cos tanh sqrt square abs negative sum prod max min mean var std cumsum cumprod
    sort median ptp average diff gradient flip fliplr flipud ravel squeeze transpose trace diag
    diagonal tril triu copy rot90 atleast_1d atleast_2d nansum nanmean nanmax nanstd unwrap real
    conj angle sinc i0 nan_to_num trapezoid around cov corrcoef unique zeros_like fft.fft fft.rfft
    fft.fft2"""
TWO = """add subtract multiply divide power maximum minimum arctan2 hypot logaddexp matmul dot
    inner outer kron"""
SOLVED = """linalg.det linalg.inv linalg.norm linalg.cholesky linalg.eigvalsh linalg.slogdet
    linalg.qr"""

CASES: dict[str, Case] = {
    **calls(ONE, x), **calls(TWO, x, x), **calls(SOLVED, symmetric),
    **calls("cross", vectors, vectors),
    **calls("sum mean std max cumsum linalg.norm", x, axis=1),
    **calls("sum mean std", x, axis=0, keepdims=True), **calls("std", x, axis=1, ddof=1),
    **calls("where", mask, x, 0.0), **calls("clip", x, 1.5, 3.0), **calls("roll", x, 1),
    **calls("expand_dims", x, 0), **calls("percentile", x, 30), **calls("reshape", x, (4,)),
    **calls("interp", 1.5, v, v), **calls("convolve polyval", v, v), **calls("tile repeat", x, 2),
    **calls("pad", x, 1), **calls("broadcast_to", x, (3, 2, 2)), **calls("tensordot", x, x, 1),
    **calls("linalg.solve", symmetric, x), **calls("moveaxis swapaxes", x, 0, 1),
    "einsum('ij,jk', t, t)": lambda lib, t: lib.einsum("ij,jk", *[x if t is None else t] * 2),
    "concatenate([t, t])": lambda lib, t: lib.concatenate([x if t is None else t] * 2),
    "stack([t, t])": lambda lib, t: lib.stack([x if t is None else t] * 2),
}  # fmt: skip


def compare(case: Case) -> tuple[float, float, float]:
    """Microseconds of mygrad's function, of NumPy's on tensors, of NumPy's handing over alone."""
    three = (lambda: case(mg, None), lambda: case(np, None), lambda: case(np, nothing))
    times: tuple[list[float], ...] = ([], [], [])
    for _ in range(ROUNDS):
        for call, taken in zip(three, times, strict=True):
            taken.append(timeit.timeit(call, timer=process_time, number=CALLS) / CALLS * 1e6)
    ours, theirs, least = (median(taken) for taken in times)
    return ours, theirs, least


def main() -> None:
    print(f"{'':36}{'mg.f':>8}{'np.f':>8}{'ratio':>8}{'NumPy alone':>14}   microseconds, medians")
    ratios = []
    for name, case in CASES.items():
        ours, theirs, least = compare(case)
        ratios.append(theirs / ours)
        print(f"{name:36}{ours:8.2f}{theirs:8.2f}{ratios[-1]:8.2f}{least:14.2f}")
    over = sum(ratio > BOUND for ratio in ratios)
    print(f"{len(ratios)} calls: median {median(ratios):.2f}, {over} of them above {BOUND}")


if __name__ == "__main__":
    main()
