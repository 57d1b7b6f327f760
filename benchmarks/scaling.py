"""How cost grows: ``python -m benchmarks.scaling [--only CASE ...]``.

Each line is measured in a process of its own: microseconds a row (or operation, or write), and
the most memory that the process ever held. A linear cost is a column of equal microseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

WIDTH = 200
CHECKOUT = Path(__file__).resolve().parent.parent

# The programs import mygrad themselves: this module is also the parent of the measuring
# processes, and a large parent shows in what the system tells of a child's memory.


def fill(count: int, by_rows: bool, higher: bool) -> float:
    """Fill an array in place, each row (or column) from the one before; differentiate."""
    import numpy as np

    import mygrad as mg

    x, w = mg.tensor(np.ones(WIDTH)), mg.tensor(np.full(WIDTH, 0.9))
    start = time.perf_counter()
    out = mg.zeros((count, WIDTH) if by_rows else (WIDTH, count), dtype="float64")
    rows = (lambda i: (i,)) if by_rows else (lambda i: (slice(None), i))
    out[rows(0)] = x
    for i in range(1, count):
        out[rows(i)] = out[rows(i - 1)] * w + x
    loss = (out * out).sum()
    loss.backward(create_graph=higher)
    if higher:
        (w.grad * w.grad).sum().backward()
    seconds = time.perf_counter() - start
    assert np.isfinite(np.asarray(w.grad)).all() and w.grad.any()
    return seconds


def operations(count: int) -> float:
    """A chain of operations, each on the result of the one before."""
    import numpy as np

    import mygrad as mg

    x = mg.tensor(np.ones(4))
    start = time.perf_counter()
    y = x
    for _ in range(count // 2):
        y = y * 0.9999 + 0.1
    y.sum().backward()
    seconds = time.perf_counter() - start
    assert np.allclose(x.grad, 0.9999 ** (count // 2))
    return seconds


def views(count: int) -> float:
    """A chain of views, each of the one before."""
    import numpy as np

    import mygrad as mg

    x = mg.tensor(np.arange(4.0))
    start = time.perf_counter()
    y = x
    for _ in range(count):
        y = y[::-1]
    (y * y).sum().backward()
    seconds = time.perf_counter() - start
    assert np.allclose(x.grad, 2 * np.arange(4.0))
    return seconds


def writes(count: int) -> float:
    """Constants written into a variable that no graph needs: nothing has to be remembered."""
    import numpy as np

    import mygrad as mg

    x = mg.tensor(np.zeros(8))
    start = time.perf_counter()
    for i in range(count):
        x[i % 8] = 1.0
    (x * x).sum().backward()
    seconds = time.perf_counter() - start
    assert np.allclose(x.grad, 2.0)
    return seconds


FILLED, HIGHER = (100, 1000, 5000, 20_000), (100, 500, 1000, 2000)
CASES: dict[str, tuple[Callable[[int], float], tuple[int, ...]]] = {
    "rows": (lambda n: fill(n, True, False), FILLED),
    "columns": (lambda n: fill(n, False, False), FILLED),
    "rows, second order": (lambda n: fill(n, True, True), HIGHER),
    "columns, second order": (lambda n: fill(n, False, True), HIGHER),
    "operations": (operations, (10_000, 50_000, 200_000)),
    "views": (views, (10_000, 50_000, 200_000)),
    "constant writes": (writes, (10_000, 100_000, 1_000_000)),
}


def peak_memory() -> int:
    """Bytes; on Linux of this program alone, since `ru_maxrss` survives from the parent."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def measure(case: str, count: int) -> dict[str, float]:
    """In this process. What importing and a small run take of memory is told too."""
    program = CASES[case][0]
    program(10)  # imports, first calls
    before = peak_memory()
    seconds = program(count)
    return {"seconds": seconds, "peak": peak_memory(), "before": before}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling", description="How cost and memory grow with size."
    )
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--measure", nargs=2, metavar=("CASE", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        case, count = options.measure
        print(json.dumps(measure(case, int(count))))
        return 0

    from benchmarks.peers import ONE_THREAD
    from benchmarks.table import markdown

    paths = [str(CHECKOUT), str(CHECKOUT / "backends"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    lines, status = [], 0
    for case in options.only:
        for count in CASES[case][1]:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.scaling", "--measure", case, str(count)],
                env=environment,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                status = 1
                reason = (done.stderr.strip().splitlines() or ["ended without a message"])[-1]
                print(f"error: {case}, {count}: {reason}", file=sys.stderr)
                continue
            found = json.loads(done.stdout)
            lines.append(
                [
                    case,
                    f"{count:,}",
                    f"{found['seconds'] * 1e6 / count:.1f}",
                    f"{found['seconds']:.2f}",
                    f"{found['peak'] / 2**20:.0f}",
                    f"{(found['peak'] - found['before']) / count:.0f}",
                ]
            )
    header = ["case", "N", "µs each", "s in all", "peak MiB", "bytes each"]
    print(markdown(header, lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
