"""Without JAX `mg.compile` says what to install, when a compiled function is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.numpy_only("starts a process of its own")
ROOT = Path(__file__).parent.parent.parent

PROGRAM = """
import sys
import warnings
warnings.simplefilter("error")
import mygrad as mg

@mg.compile
def step(x):
    loss = (x * x).sum()
    loss.backward()
    return loss

x = mg.tensor([1.0, 2.0])
assert "jax" not in sys.modules, "imported before it is needed"
for compiled in (step, step, mg.compile(step.__wrapped__, fallback=True)):
    try:
        compiled(x)
    except ImportError as error:
        assert error.name == "jax", error.name
        print(error)
    assert x.grad is None and x.data.flags.writeable and not x.constant
with mg.compile.disabled():
    print(step(x).item(), x.grad.tolist())
"""


def test_what_to_install_is_said(tmp_path: Path) -> None:
    """A module in the way stands for a JAX that is not there."""
    (tmp_path / "jax.py").write_text("raise ImportError('No JAX')")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MYGRAD")}
    paths = [str(tmp_path), str(ROOT), str(ROOT / "backends"), *sys.path]
    env["PYTHONPATH"] = os.pathsep.join(paths)
    ended = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    *refusals, last = ended.stdout.splitlines()
    assert refusals == [
        "mg.compile needs JAX, whose compiler it uses (No JAX). Install it with: "
        'pip install "mygrad[compile]"'
    ] * 3, refusals  # fmt: skip
    assert last == "5.0 [2.0, 4.0]"
