"""Type checkers and editors see operations and what tensors have; ``ci/types`` asks them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mygrad as mg

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.numpy_only("types have nothing to do with the backend")


def test_stubs_are_what_the_declarations_say() -> None:
    done = subprocess.run(
        [sys.executable, "ci/write_stubs.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert not done.returncode, done.stdout + done.stderr


def test_completion_shows_what_users_call() -> None:
    shown = {name for name in dir(mg) if not name.startswith("_")}
    assert {"tensor", "Tensor", "exp", "sum", "no_autodiff", "nnet", "linalg", "random"} <= shown
    modules = {n for n in shown if type(getattr(mg, n)) is type(sys)}
    public = {
        "errors",
        "fft",
        "linalg",
        "nnet",
        "implicit",
        "optim",
        "random",
        "special",
        "transforms",
        "typing",
    }
    assert modules == public
