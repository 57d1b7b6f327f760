"""The transformer, as somebody starts it: it trains, is tested, writes, and says what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.numpy_only("chooses its backend itself")


def start(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("MYGRAD")}
    paths = [str(folder), str(ROOT), str(ROOT / "backends"), *sys.path]
    env["PYTHONPATH"] = os.pathsep.join(paths)
    env["PYTHONIOENCODING"] = "ascii:strict"  # as some consoles of Windows are
    program = [sys.executable, str(ROOT / "examples" / "transformer.py"), *options]
    return subprocess.run(program, env=env, capture_output=True, text=True, cwd=folder)


def test_a_few_steps_without_matplotlib(tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError")
    ended = start(tmp_path, "--backend", "numpy", "--steps", "3", "--batch", "2")
    assert ended.returncode == 1, ended.stderr  # it has learned nothing yet, and says so
    assert ended.stderr == "that is above the goal of 2.8\n"
    lines = ended.stdout.splitlines()
    assert "letters to train on" in lines[0]
    assert lines[1].startswith("step     3: ")
    assert 'The "for" statement' in ended.stdout
    bits = float(lines[-1].split()[0])
    assert 4 < bits < 9
    assert lines[-1].endswith("no picture without Matplotlib")


def test_a_backend_that_is_not_there(tmp_path: Path) -> None:
    ended = start(tmp_path, "--backend", "nowhere")
    assert ended.returncode == 2
    assert ended.stderr.startswith("--backend nowhere: ")
    assert ended.stderr.count("\n") == 1, "more than a sentence"
