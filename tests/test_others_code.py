"""The example that fits others' code, as somebody starts it who lacks a package: a sentence.

``ci/third_party`` runs all of it, with the packages.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.numpy_only("SciPy and scikit-learn compute on NumPy's arrays")


def test_packages_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('No Matplotlib')")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MYGRAD")}
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(ROOT), str(ROOT / "backends")])
    program = [sys.executable, str(ROOT / "examples" / "others_code.py")]
    ended = subprocess.run(program, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr == 'No Matplotlib. This example needs: pip install "mygrad[examples]"\n'
