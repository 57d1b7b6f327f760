"""The tables, on the terminal and in a file."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.peers import CHECKOUT, OURS, PEERS
from benchmarks.runner import WRONG, Outcome
from benchmarks.table import markdown
from benchmarks.workloads import Workload

RESULTS = Path(__file__).resolve().parent / "results"


def cpu_model() -> str:
    """The name of the processor, as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def commit() -> str:
    """The checkout's commit; "-changed" if the library differs from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        name = git("rev-parse", "--short", "HEAD") or "unknown"
        return name + ("-changed" if git("status", "--porcelain", "mygrad", "backends") else "")
    except OSError:
        return "unknown"


def machine_kind(outcome: Outcome, backend: str) -> str:
    """What ours ran on, for a file's name, such as "amd-epyc-2cpu"."""
    device = cpu_model() if backend == "numpy" else outcome.versions[OURS]["device"]
    words = re.sub(r"\(.*?\)|\bcpu\b|processor|@.*", "", device.lower())
    slug = "-".join(re.findall(r"[a-z0-9]+", words))
    return f"{slug}-{os.cpu_count()}cpu" if backend == "numpy" else f"{slug}-{backend}"


def without_paths(text: str) -> str:
    """Messages of failed imports name files; reports do not."""
    return re.sub(r"(?<![\w.])(?:[A-Za-z]:)?(?:[/\\][\w.+~-]+){2,}", "...", text)


def short(seconds: float) -> str:
    """Three digits, in a fitting unit."""
    scale, unit = next(
        ((s, u) for s, u in ((1.0, "s"), (1e-3, "ms")) if seconds >= s), (1e-6, "µs")
    )
    value = seconds / scale
    return f"{value:.{max(0, 3 - len(str(int(value))))}f} {unit}"


def ratio(value: float) -> str:
    """Two digits after the point, as long as they mean something."""
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def tables(outcome: Outcome, peers: list[str]) -> str:
    """Ratios (peer's time / ours), then times."""
    shown = [name for name in peers if name not in outcome.missing]
    ratios, times = [], []
    for workload, timings in outcome.timings.items():
        seconds = {name: timing.seconds for name, timing in timings.items()}
        ours = seconds.get(OURS)
        absent = {name: WRONG for name, why in outcome.absent[workload].items() if why == WRONG}
        measured = {name: short(value) for name, value in seconds.items()} | absent
        compared = {n: ratio(value / ours) for n, value in seconds.items() if ours} | absent
        ratios.append([workload, measured.get(OURS, "-")] + [compared.get(n, "-") for n in shown])
        times.append([workload] + [measured.get(n, "-") for n in (OURS, *shown)])
    titles = [PEERS[name] for name in shown]
    return (
        "Time of the peer / time of mygrad (above 1: mygrad is faster)\n\n"
        + markdown(["workload", "mygrad takes", *titles], ratios)
        + "\n\nMedian time of a step\n\n"
        + markdown(["workload", "mygrad", *titles], times)
    )


def notes(outcome: Outcome) -> str:
    """What is not in the tables, and why."""
    lines = [
        f"- {PEERS[n]}: not here ({reason})" for n, reason in outcome.missing.items() if n in PEERS
    ]
    lines += [
        f"- {workload}, {PEERS.get(name, name)}: {reason}"
        for workload, reasons in outcome.absent.items()
        for name, reason in reasons.items()
        if reason != WRONG
    ]
    lines += [f"- {remark}" for remark in outcome.remarks]
    lines += [f"- ERROR {error}" for error in outcome.errors]
    return without_paths("\n".join(lines))


def surroundings(outcome: Outcome, backend: str, rounds: int) -> str:
    """What was measured, and on what; nothing that identifies a computer."""
    lines = [
        f"- {datetime.now(UTC):%Y-%m-%d}, commit {commit()}, backend {backend}",
        f"- {cpu_model()}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}; "
        f"one thread, {rounds} interleaved rounds",
    ]
    for name, about in outcome.versions.items():
        title = "mygrad (this checkout)" if name == OURS else PEERS[name]
        lines.append(
            f"- {title}: {about['version']}, Python {about['python']}, NumPy {about['numpy']}, "
            f"on {about['device']}"
        )
    return "\n".join(lines)


def save(
    outcome: Outcome, chosen: list[Workload], peers: list[str], backend: str, rounds: int
) -> Path:
    """Write the report; the name says when, on what kind of machine, and of which commit."""
    RESULTS.mkdir(exist_ok=True)
    name = f"{datetime.now(UTC):%Y-%m-%d}-{machine_kind(outcome, backend)}-{commit()}.md"
    parts = [
        "# Benchmarks",
        surroundings(outcome, backend, rounds),
        tables(outcome, peers),
        "\n".join(f"- `{w.name}`: {w.what}" for w in chosen),
        notes(outcome),
    ]
    path = RESULTS / name
    path.write_text("\n\n".join(filter(None, parts)) + "\n")
    return path
