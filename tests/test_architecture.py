"""The layers of the package: what may import what, and that no imports go round in circles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.numpy_only("has nothing to do with the backend")

LAYERS = [
    {"settings", "errors"},
    {"arrays"},
    {"autodiff"},
    {"tensors", "typing"},
    {
        "math", "linalg", "fft", "special", "statistics", "tensor_manip", "tensor_creation",
        "random",
    },
    {"nnet", "operation_base", "io", "testing", "transforms"},
    {"optim", "implicit"},
    {"interop", "computational_graph", "compile"},
    {"compat"},
    {"__init__"},
]
"""From the ground up: a module imports from its own layer and from those above it in this list."""

CORE_LINES = 3000


@cache
def modules() -> dict[str, Path]:
    """Every module of the package and of the adapters, by its name."""
    found = {}
    for top in (ROOT, ROOT / "backends"):
        for path in top.glob("mygrad*/**/*.py"):
            parts = path.relative_to(top).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str) -> Iterator[str]:
    """The modules that one imports: at the top, in functions, and for annotations alone."""
    for node in ast.walk(ast.parse(modules()[name].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in modules():
                    yield whole
                elif node.module in modules():
                    yield node.module


@cache
def graph() -> dict[str, frozenset[str]]:
    return {name: frozenset(imports(name)) - {name} for name in modules()}


def layer(name: str) -> int:
    room = name.split(".")[1] if "." in name else "__init__"
    (found,) = [k for k, rooms in enumerate(LAYERS) if room in rooms]
    return found


@pytest.mark.parametrize("name", sorted(n for n in modules() if n.split(".")[0] == "mygrad"))
def test_a_module_imports_from_its_layer_and_from_lower_ones(name: str) -> None:
    upward = sorted(other for other in graph()[name] if layer(other) > layer(name))
    assert not upward


def test_no_imports_go_round_in_circles() -> None:
    """A depth-first walk meets no module that it is still inside of."""
    state: dict[str, int] = {}
    circles = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        state[name] = 1
        for other in sorted(graph()[name]):
            if state.get(other) == 1:
                circles.append(" -> ".join((*path[path.index(other) :], other)))
            elif other not in state:
                visit(other, (*path, other))
        state[name] = 2

    for name in sorted(modules()):
        if name not in state:
            visit(name, (name,))
    assert not circles


@pytest.mark.parametrize("name", sorted(n for n in modules() if n.split(".")[0] != "mygrad"))
def test_adapters_import_nothing_from_above_arrays(name: str) -> None:
    theirs = {n for n in graph()[name] if n.split(".")[0] == "mygrad"}
    assert all(layer(n) <= 1 for n in theirs), theirs
    assert not {n.split(".")[0] for n in graph()[name] - theirs} - {name.split(".")[0]}


def test_the_core_is_small() -> None:
    """All that the core imports from the project counts, docstrings and blank lines included."""
    seen: set[str] = set()
    todo = [name for name in modules() if name.startswith("mygrad.autodiff")]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += graph()[name]
    lines = sum(len(modules()[name].read_text().splitlines()) for name in seen)
    assert lines <= CORE_LINES, f"the core has {lines} lines, in {len(seen)} files"


def test_the_top_of_the_package_is_tidy() -> None:
    """Everything lives in a room: the only loose modules are those that have no better place."""
    loose = {path.stem for path in (ROOT / "mygrad").glob("*.py")}
    assert loose == {"__init__", "errors", "settings", "typing"}


def test_the_tests_mirror_the_house() -> None:
    """A test of a room stands in the folder of its name; programs are what several of them run.

    Clients and third parties are others' packages and courses, which live in no room.
    """
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}
    folders -= {"programs", "clients", "third_party"}
    assert folders <= {room for rooms in LAYERS for room in rooms} - {"__init__"}


def test_the_drawing_in_the_design_notes() -> None:
    """It has these layers, the ground at the bottom."""
    notes = (ROOT / "docs" / "design-notes.md").read_text()
    drawing = notes.partition("```layers\n")[2].partition("```")[0]
    drawn = [set(line.partition("|")[0].split()) for line in drawing.splitlines()]
    assert drawn[::-1] == LAYERS


def test_the_core_in_the_design_notes() -> None:
    notes = (ROOT / "docs" / "design-notes.md").read_text()
    table = notes.partition("The core in reading order:")[2].partition("##")[0]
    core = {path.name for path in (ROOT / "mygrad" / "autodiff").glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"`(\w+\.py)`", table)) == core
