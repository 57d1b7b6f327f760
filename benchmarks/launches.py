"""``python -m benchmarks.launches [WORKLOAD ...]``: what a step asks of a GPU, and from which line.

Counts kernel launches, memory that is taken from CuPy's pool and what the pool takes from the
device, copies to, from and on the device, fills and synchronizations of one step, after two to warm
up. It runs real CuPy on a pretended device (`ci/pretended_gpu`), so it needs no GPU: what it shows
is how often the device is asked, not how long it takes. Arrays are small for that reason. With
``--real`` it counts the same on a GPU, but for the matrix products.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import markdown
from benchmarks.workloads import Arrays, members, workloads

__all__ = ["EVENTS", "OWN", "WAITS", "counted_step", "counting", "programs", "totals"]

ROOT = Path(__file__).resolve().parent.parent
OURS = tuple(str(ROOT / folder) + "/" for folder in ("mygrad", "backends"))
EVENTS = (
    "launch", "gemm", "pool", "allocate", "to_device", "to_host", "on_device", "fill",
    "synchronize",
)  # fmt: skip
"""What is counted: `pool` is memory that is taken from CuPy's pool, `allocate` what that takes."""

WAITS = ("to_device", "to_host", "synchronize")
"""The events that make the host wait, or cross the bus; their places are worth a line."""

Counted = Counter[tuple[str, str, str]]


def place() -> str:
    """The line of ours that led here, and the one outside that it called."""
    frame, outside = sys._getframe(2), ""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(OURS):
            return f"{Path(file).relative_to(ROOT)}:{frame.f_lineno}{outside}"
        if "site-packages" in file and not outside:
            outside = f" ({file.partition('site-packages/')[2]}:{frame.f_lineno})"
        frame = frame.f_back  # type: ignore[assignment]
    return "elsewhere"


@contextmanager
def counting(runtime: Any) -> Iterator[Counted]:
    """Count what happens inside, by event, what it was, and the place in our code.

    Parameters
    ----------
    runtime
        That of the pretended GPU, ``pretended_gpu.runtime``.
    """
    import cupy

    counted: Counted = Counter()

    class Taken(cupy.cuda.MemoryHook):
        """Told of each array that finds its memory in the pool."""

        name = "benchmarks.launches"

        def malloc_postprocess(self, **taken: Any) -> None:
            counted["pool", "malloc", place()] += 1

    def listen(event: str, what: str, size: int) -> None:
        counted["gemm" if what == "gemm" else event, what, place()] += 1

    runtime.set_listener(listen)
    try:
        with Taken():
            yield counted
    finally:
        runtime.set_listener(None)


def counted_step(step: Callable[[], Any], runtime: Any) -> Counted:
    """What a step asks of the device, after two to warm up."""
    step()
    step()
    with counting(runtime) as counted:
        step()
    return counted


def totals(counted: Counted) -> dict[str, int]:
    """How often each event happened."""
    total = dict.fromkeys(EVENTS, 0)
    for (event, _, _), count in counted.items():
        if event in total:
            total[event] += count
    return total


# --- workloads ------------------------------------------------------------------------------------
def op_small() -> Callable[[], Any]:
    """Forward and backward of ``(x*x + x).sum()``."""
    import mygrad as mg

    x = mg.tensor(np.ones((5, 5), "f4"))

    def step() -> Any:
        y = (x * x + x).sum()
        y.backward()
        return y

    return step


def mlp() -> Callable[[], Any]:
    """A training step of two linear layers: forward, backward, update."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    rng = np.random.default_rng(0)
    shapes = ((20, 16), (16,), (16, 10), (10,))
    parameters = [mg.tensor(0.1 * rng.standard_normal(s).astype("f4")) for s in shapes]
    x = mg.tensor(rng.standard_normal((8, 20)).astype("f4"), constant=True)
    labels = mg.tensor(rng.integers(0, 10, 8)).data

    def step() -> Any:
        w1, b1, w2, b2 = parameters
        loss = softmax_crossentropy(relu(x @ w1 + b1) @ w2 + b2, labels)
        loss.backward()
        for p in parameters:
            p.data -= 0.1 * p.grad
        return loss

    return step


def crossentropy() -> Callable[[], Any]:
    """Forward and backward of the softmax cross-entropy."""
    import mygrad as mg
    from mygrad.nnet.losses import softmax_crossentropy

    scores = mg.tensor(np.random.default_rng(0).standard_normal((8, 10)).astype("f4"))
    labels = mg.tensor(np.arange(8)).data

    def step() -> Any:
        loss = softmax_crossentropy(scores, labels)
        loss.backward()
        return loss

    return step


def indexing() -> Callable[[], Any]:
    """Reads and writes through arrays of integers and through a mask, and their gradients."""
    import mygrad as mg

    rng = np.random.default_rng(0)
    x, rows = (mg.tensor(rng.standard_normal(shape).astype("f4")) for shape in ((8, 6), (3, 6)))
    some = mg.tensor([1, 5, 1]).data
    others = mg.tensor([0, 2, 4]).data
    mask = mg.tensor(rng.random((8, 6)) < 0.5).data

    def step() -> Any:
        y = x * 2.0
        y[some] = rows
        y[mask] = 0.0
        y[others] *= 3.0
        y[some, others] += 1.0
        loss = (y[mask] ** 2).sum() + (x[some] * rows).sum() + mg.where(mask, y, 0.0).sum()
        loss.backward()
        x.data -= 0.1 * x.grad
        return loss

    return step


def leaves() -> Callable[[], Any]:
    """The sum of 100 leaves, squared, forward and backward."""
    import mygrad as mg

    tensors = [mg.tensor(row) for row in np.random.default_rng(0).standard_normal((100, 4))]

    def step() -> Any:
        total = reduce(add, tensors)
        loss = (total * total).sum()
        loss.backward()
        return loss

    return step


OWN = {
    "op_small": op_small, "mlp": mlp, "crossentropy": crossentropy, "indexing": indexing,
    "leaves": leaves,
}  # fmt: skip
"""The workloads of this file."""

TIMED = ("batchnorm", "cnn", "gru", "convolution")
"""Those of the timed ones that are counted if none is named."""

BATCHES = {
    "batchnorm": {"x": 0, "g": 0}, "cnn": {"x": 0, "labels": 0}, "convolution": {"x": 0, "g": 0},
    "gru": {"X": 1, "g": 1},
}  # fmt: skip
"""By timed workload, the arrays that hold a batch, and along which axis."""


def smaller(name: str, arrays: Arrays) -> Arrays:
    """The input of a timed workload with a batch of two: as many launches, and less to compute."""
    axes = BATCHES.get(name, {})
    return {key: a.take([0, 1], axes[key]) if key in axes else a for key, a in arrays.items()}


def programs(names: list[str]) -> dict[str, Callable[[], Any]]:
    """The steps to count: those of this file, and of the workloads that are timed."""
    known = workloads()
    found: dict[str, Callable[[], Any]] = {}
    for name in names:
        if name in OWN:
            found[name] = OWN[name]()
            continue
        for member in members(name):
            workload = known[member]
            program = workload.programs["mygrad"]
            assert not isinstance(program, str)
            found[member] = program(**smaller(member, workload.arrays()))
    return found


def main() -> int:
    known = (*OWN, *workloads())
    parser = argparse.ArgumentParser(prog="python -m benchmarks.launches", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="WORKLOAD", help=", ".join(known))
    parser.add_argument("--lines", action="store_true", help="show the lines of all events")
    parser.add_argument(
        "--real", action="store_true", help="count on a real GPU; what libraries launch is unseen"
    )
    options = parser.parse_args()
    unknown = [n for n in options.names if n not in known and members(n) == [n]]
    if unknown:
        parser.error(f"there is no workload {unknown[0]!r}; there are {', '.join(known)}")
    runtime: Any
    if options.real:
        from benchmarks.watch import Watch

        runtime = Watch()
    else:
        sys.path.insert(0, str(ROOT / "ci"))
        import pretended_gpu

        pretended_gpu.install()
        runtime = pretended_gpu.runtime
    import mygrad as mg

    mg.set_backend("cupy")
    rows, notes = [], []
    unseen = ("gemm",) if options.real else ()
    for name, step in programs(options.names or [*OWN, *TIMED]).items():
        counted = counted_step(step, runtime)
        found = totals(counted).items()
        rows.append([name, *("?" if event in unseen else str(n) for event, n in found)])
        shown = EVENTS if options.lines else WAITS
        notes += [
            f"- {name}: {count} x {event} {what}, {where}"
            for (event, what, where), count in counted.most_common()
            if event in shown
        ]
    print(markdown(["workload", *EVENTS], rows))
    print("\n".join(["", *notes]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
