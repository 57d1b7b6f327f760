"""The example, as somebody starts it who lacks something: a sentence, and no traceback.

scikit-learn, Matplotlib and tqdm are stood in for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mygrad as mg

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.numpy_only("chooses its backend itself")

STAND_INS = {
    "matplotlib/__init__.py": "def use(name): pass",
    "matplotlib/pyplot.py": """
class Anything:
    def __getattr__(self, name): return Anything()
    def __call__(self, *args, **kwargs): return Anything()
    def __iter__(self): return iter(())
    def __getitem__(self, index): return Anything()
def figure(**kwargs):
    return Figure()
class Axes(Anything):
    flat = [Anything() for _ in range(20)]
class Figure(Anything):
    def subfigures(self, *args): return Figure(), Figure()
    def subplots(self, *args): return Axes()
    def savefig(self, path, **kwargs): path.write_bytes(b"a picture")
def close(figure): pass
""",
    "sklearn/__init__.py": "",
    "sklearn/datasets.py": """
import numpy as np
from types import SimpleNamespace
def load_digits():
    labels = np.arange(400) % 10
    images = np.zeros((400, 8, 8))
    images[np.arange(400), labels % 8, 1 + labels // 8] = 16.0
    return SimpleNamespace(images=images, target=labels)
""",
    "sklearn/model_selection.py": """
def train_test_split(images, labels, **kwargs):
    return images[:300], images[300:], labels[:300], labels[300:]
""",
    "tqdm.py": """
import sys
class tqdm:
    def __init__(self, total, unit, desc, disable):
        self.shown = sys.stderr.isatty() if disable is None else not disable
    def __enter__(self): return self
    def __exit__(self, *args): pass
    def update(self):
        if self.shown: print("step", file=sys.stderr)
    def set_postfix(self, **kwargs): pass
""",
}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for name, text in STAND_INS.items():
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "packages"


def start(
    packages: Path, *options: str, example: str = "digits.py"
) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("MYGRAD")}
    paths = [str(packages), str(ROOT), str(ROOT / "backends"), *sys.path]
    env["PYTHONPATH"] = os.pathsep.join(paths)
    env["PYTHONIOENCODING"] = "ascii:strict"  # as some consoles of Windows are
    program = [sys.executable, str(ROOT / "examples" / example), *options]
    return subprocess.run(program, env=env, capture_output=True, text=True, cwd=packages.parent)


@pytest.mark.parametrize("backend", ["cupy", "cuda", "torch"])
def test_a_backend_that_is_not_there(backend: str, packages: Path) -> None:
    known = mg.available_backends()
    if backend in known and known[backend].available:
        pytest.skip(f"{backend} is here")
    ended = start(packages, "--backend", backend)
    assert ended.returncode == 2
    assert not ended.stdout
    assert ended.stderr.startswith(f"--backend {backend}: ")
    assert ended.stderr.count("\n") == 1, "more than a sentence"
    if backend == "cuda":
        assert "cupy" in ended.stderr


def test_packages_that_are_not_there(packages: Path) -> None:
    (packages / "sklearn" / "datasets.py").write_text("raise ImportError('No scikit-learn')")
    ended = start(packages)
    assert ended.returncode == 2
    assert ended.stderr == 'No scikit-learn. This example needs: pip install "mygrad[examples]"\n'


def test_a_compiler_that_is_not_there(packages: Path) -> None:
    (packages / "jax.py").write_text("raise ImportError('No JAX')")
    ended = start(packages, example="compiled_digits.py")
    assert ended.returncode == 2
    assert ended.stderr == 'No JAX. This example needs: pip install "mygrad[compile,examples]"\n'


def test_the_compiled_network(packages: Path) -> None:
    """It compares the losses of all that train; two epochs are too few to reach its goal."""
    pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")
    (packages / "torch.py").write_text("raise ImportError('No PyTorch')")
    ended = start(packages, "--epochs", "2", example="compiled_digits.py")
    assert ended.returncode in (0, 1), ended.stderr
    assert "differ" not in ended.stderr
    assert "PyTorch is not installed, and is left out" in ended.stdout
    for name in ("mygrad ", "mygrad, compiled", "JAX, jit"):
        assert f"\n{name}" in ended.stdout
    assert "losses of the first epoch agree to" in ended.stdout


def test_it_is_quiet_where_nobody_watches(packages: Path) -> None:
    """Its output goes into files here, as in a log."""
    ended = start(packages, "--backend", "numpy", "--epochs", "1")
    assert ended.returncode in (0, 1), ended.stderr
    assert "step" not in ended.stderr
    assert ended.stdout.count("\n") == 2
    assert "300 digits to train on, 100 to test, on numpy" in ended.stdout
    assert (packages.parent / "digits.png").exists()


def test_the_command_line_is_explained(packages: Path) -> None:
    ended = start(packages, "--help")
    assert ended.returncode == 0
    assert "--backend" in ended.stdout


@pytest.mark.parametrize(
    ("example", "options", "says"),
    [
        ("double_pendulum.py", ["--seconds", "0.05"], "the energy has changed by"),
        ("lifetimes.py", ["--repeat", "10"], "by the Hessian; fits of new data scatter by"),
    ],
)
def test_examples_of_the_transforms(
    example: str, options: list[str], says: str, packages: Path
) -> None:
    """They check themselves: the status is 1 if energy is lost, or errors are not the scatter."""
    pytest.importorskip("scipy")
    ended = start(packages, *options, example=example)
    assert ended.returncode in ((0,) if "pendulum" in example else (0, 1)), ended.stderr
    assert says in ended.stdout
    assert (packages.parent / example.replace(".py", ".png")).exists()
