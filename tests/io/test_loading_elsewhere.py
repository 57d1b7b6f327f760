"""Files of tensors on other array libraries load where those libraries are not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from programs import BACKEND

import mygrad as mg

LOADING = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
import numpy as np
import mygrad as mg

loaded = mg.load({file!r})
w = loaded["w"]
assert w.backend == "numpy" and type(w.data) is np.ndarray and w.dtype == np.float32
assert w.data.tolist() == [[1.0, 2.0], [3.0, 4.0]]
assert loaded["n"].data.tolist() == [1, 2, 3] and loaded["n"].constant
if {gradients}:
    assert type(w.grad) is np.ndarray and w.grad.tolist() == [[2.0, 4.0], [6.0, 8.0]]
(w * w).sum().backward()
assert w.grad.tolist() == [[2.0, 4.0], [6.0, 8.0]]
assert not {hidden!r} & {{name.partition(".")[0] for name in sys.modules}}
"""

HIDDEN = {"cupy", "cupyx", "cupy_backends", "dpnp", "dpctl", "torch", "jax", "array_api_strict"}


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_loading_without_the_library(ending: str, tmp_path: Path) -> None:
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    there = "array-api-strict" if BACKEND == "numpy" else BACKEND
    with mg.backend(there):
        w = mg.tensor(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))
        n = mg.tensor(np.array([1, 2, 3]))
    (w * w).sum().backward()
    file = tmp_path / f"tensors.{ending}"
    mg.save(file, w=w, n=n)
    program = LOADING.format(hidden=HIDDEN, file=str(file), gradients=ending == "npz")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
