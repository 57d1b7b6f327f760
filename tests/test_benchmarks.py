"""The benchmarks still run, and what they time is right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.numpy_only("starts processes of its own")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    path = [str(ROOT), str(ROOT / "backends"), os.environ.get("PYTHONPATH", "")]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MYGRAD")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_results_are_verified_and_timed() -> None:
    names = ("overhead", "chain200", "rowfill", "batchnorm", "gru", "fft-filter", "fft-wave")
    done = run("-m", "benchmarks", "--only", *names, "--peers", "numpy", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    for name in names:
        assert f"| {name} " in done.stdout


def test_the_transforms() -> None:
    done = run("-m", "benchmarks.transforms")
    assert done.returncode == 0, done.stderr
    assert "times as fast as the loop" in done.stdout


def test_the_bare_tape() -> None:
    done = run("-m", "benchmarks.bare_tape")
    assert done.returncode == 0, done.stderr
    assert "times as much" in done.stdout


def test_compiled_steps() -> None:
    """All programs of `benchmarks.compile` do the same eagerly, compiled, by JAX and by PyTorch."""
    pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")
    done = run("-m", "benchmarks.compile", "--small", "--float64")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("-m", "benchmarks.compile", "--small", "chain of 200")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| chain of 200 |" in done.stdout
    assert "guards for 50 tensors" in done.stdout
