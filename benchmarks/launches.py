"""``python -m benchmarks.launches [WORKLOAD ...]``: what a step asks of a GPU, and from which line.

Counts kernel launches, allocations, copies to, from and on the device, fills and synchronizations
of one step, after two to warm up. It runs real CuPy on a pretended device (`ci/pretended_gpu`), so
it needs no GPU: what it shows is how often the device is asked, not how long it takes. With
``--real`` it counts the same on a GPU, but for the matrix products.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import markdown
from benchmarks.workloads import members, workloads

ROOT = Path(__file__).resolve().parent.parent
OURS = tuple(str(ROOT / folder) + "/" for folder in ("mygrad", "backends"))
EVENTS = ("launch", "gemm", "allocate", "to_device", "to_host", "on_device", "fill", "synchronize")
SHOWN = ("to_device", "to_host", "synchronize")
"""The events whose places are worth a line: they make the host wait, or cross the bus."""


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
def counting(runtime: Any) -> Iterator[Counter[tuple[str, str, str]]]:
    """Count what happens inside, by event, what it was, and the place in our code."""
    counted: Counter[tuple[str, str, str]] = Counter()

    def listen(event: str, what: str, size: int) -> None:
        counted["gemm" if what == "gemm" else event, what, place()] += 1

    runtime.set_listener(listen)
    try:
        yield counted
    finally:
        runtime.set_listener(None)


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


OWN = {"op_small": op_small, "mlp": mlp, "crossentropy": crossentropy}


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
            found[member] = program(**workload.arrays())
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
    for name, step in programs(options.names or list(OWN)).items():
        step()
        step()
        with counting(runtime) as counted:
            step()
        total: Counter[str] = Counter()
        for (event, _, _), count in counted.items():
            total[event] += count
        unseen = ("gemm",) if options.real else ()
        rows.append([name, *("?" if e in unseen else str(total[e]) for e in EVENTS)])
        shown = EVENTS if options.lines else SHOWN
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
