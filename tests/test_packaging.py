"""The shape of the package: what the core may import, how large it is, what is shipped."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import mygrad as mg

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "mygrad" / "autodiff").glob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ARRAY_LIBRARIES = {"numpy", "cupy", "cupyx", "dpnp", "torch", "jax", "array_api_compat", "scipy"}
numpy_only = pytest.mark.numpy_only("has nothing to do with the backend")
pytestmark = numpy_only


def imported(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively, which this test cannot follow"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", CORE, ids=lambda p: p.name)
def test_the_core_imports_no_array_library(path: Path) -> None:
    assert not {name.partition(".")[0] for name in imported(path)} & ARRAY_LIBRARIES


@pytest.mark.parametrize(
    "path", sorted((ROOT / "mygrad").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_only_host_rooms_import_an_array_library(path: Path) -> None:
    """Operations are written against the standard; what is NumPy's protocol may know NumPy."""
    known = {name.partition(".")[0] for name in imported(path)} & ARRAY_LIBRARIES
    room = path.relative_to(ROOT / "mygrad")
    allowed = room.parts[0] in HOST_ROOMS or str(room) in HOST_ROOMS
    allowed_there = {"numpy", "jax"} if str(room) in COMPILERS else {"numpy"}
    assert not known or (allowed and known <= allowed_there)


COMPILERS = {"compile/engine.py", "compile/randomness.py"}
HOST_ROOMS = {
    "__init__.py",  # re-exports NumPy's dtypes and constants, as MyGrad does
    "interop",
    "io",  # .npz files
    "typing.py",  # names NumPy's array-likes
    "computational_graph",  # shows values
    "random",  # seeds, and shapes as NumPy takes them
    "testing",  # compares on the host
    "compile",  # programs that run on the memory of arrays
    "tensor_creation",  # NumPy's defaults for dtypes
}


def test_the_core_does_not_load_an_array_library_by_itself() -> None:
    script = (
        "import sys; import mygrad.arrays; "
        "assert 'mygrad_cupy' not in sys.modules and 'mygrad_dpnp' not in sys.modules; "
        "assert not {'cupy', 'dpnp', 'torch', 'scipy', 'matplotlib', 'graphviz'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, env=_environment())


def _environment() -> dict[str, str]:
    path = [str(ROOT), str(ROOT / "backends"), os.environ.get("PYTHONPATH", "")]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MYGRAD")}
    return {**kept, "PYTHONPATH": os.pathsep.join(path)}


def test_dependencies_are_numpy_and_array_api_compat_alone() -> None:
    names = {d.partition(">")[0] for d in PROJECT["dependencies"]}
    assert names == {"numpy", "array-api-compat"}


def test_the_lowest_versions_promised_are_those_that_ci_tests() -> None:
    script = (ROOT / "ci" / "test").read_text()
    for requirement in PROJECT["dependencies"]:
        name, _, lowest = requirement.partition(">=")
        assert f'"{name}=={lowest}.*"' in script, f"ci/test does not install {name} {lowest}"
    python = PROJECT["requires-python"].removeprefix(">=")
    assert f"interpreter {python})" in script
    versions = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if ":: Python :: 3." in c]
    assert versions[0] == python
    for version in versions[1:]:
        assert f"interpreter {version}" in script, f"ci/test does not look for Python {version}"


def test_every_adapter_has_an_entry_point() -> None:
    points = PROJECT["entry-points"]["mygrad.backends"]
    folders = {p.parent.name for p in (ROOT / "backends").glob("*/__init__.py")}
    assert {value.partition(":")[0] for value in points.values()} == folders
    assert set(points) == {folder.removeprefix("mygrad_") for folder in folders}


def test_the_package_is_typed() -> None:
    assert (ROOT / "mygrad" / "py.typed").exists()
    assert "py.typed" in (ROOT / "pyproject.toml").read_text()


def test_no_file_is_two_rooms() -> None:
    long = {
        str(path.relative_to(ROOT)): n
        for folder in ("mygrad", "backends", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (n := len(path.read_text().splitlines())) > 600
    }
    assert not long, f"split these files: {long}"


def test_the_installed_distribution() -> None:
    try:
        installed = distribution("mygrad")
    except PackageNotFoundError:
        pytest.skip("mygrad is not installed here, it runs from a checkout")
    assert installed.version == mg.__version__ == PROJECT["version"]
    points = {p.name for p in installed.entry_points if p.group == "mygrad.backends"}
    assert points >= {"numpy", "cupy", "dpnp"}
