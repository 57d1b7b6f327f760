"""What errors and warnings say: each that a user can meet is provoked, and compared as a whole.

The files in `tests/messages` are lists of programs, each with what mygrad says of it in the lines
below that begin with ``>``: an error, warnings, or both. ``...`` stands for what other libraries
say. To see what a change does to messages, write them anew, and read the difference::

    python tests/test_messages.py

That nothing is left out is checked against the source: every ``raise`` and every place that tells
of a lost gradient has to be reached by one of the programs, or to stand in `ELSEWHERE`.
"""

from __future__ import annotations

import ast
import io
import re
import struct
import textwrap
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy_versions import is_at_least, since_numpy

import mygrad as mg
from mygrad.autodiff.namespace import registry

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "tests" / "messages").glob("*.txt"))
OURS = tuple(str(ROOT / folder) for folder in ("mygrad", "backends"))
pytestmark = pytest.mark.numpy_only("the messages are those for NumPy's arrays")

SETUP = """
import copy, io, math, os, pickle, sys
from unittest import mock
import numpy as np
import mygrad as mg
from mygrad.autodiff.primitive import primitive
from mygrad.math.ufunc import ufunc
from mygrad.operation_base import Operation
from mygrad.computational_graph import build_graph, view_graph
from mygrad.nnet.activations import *
from mygrad.nnet.initializers import *
from mygrad.nnet.layers import *
from mygrad.nnet.losses import *
from mygrad.tensors.switches import select_from_environment
from mygrad.testing import assert_allclose, check_backend, check_grads
from test_messages import npy_of, zipped

x = mg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
v = mg.tensor([1.0, 2.0, 3.0])
c = mg.tensor([1.0, 2.0, 3.0], constant=True)
n = mg.tensor([1, 2, 3])
a = np.array([1.0, 2.0, 3.0])
there = mg.tensor([1.0, 2.0, 3.0], backend="array-api-strict")
W = [mg.ones({0: (2, 4), 1: (4, 4), 2: 4}[k % 3]) for k in range(9)]
"""
"""What all programs begin with: two variables, a constant, integers, a raw array, a variable on
another array library, and the weights of a GRU."""

ELSEWHERE = {
    **{
        f"mygrad/compile/{name}.py": "needs JAX, which most runs lack; tests/compile"
        for name in (
            "calls changes engine function graphs libraries meeting memory randomness reaching "
            "rerunning results tracing"
        ).split()
    },
    "mygrad/arrays/protocol.py": "for authors of adapters: what theirs has to have",
    "mygrad/interop/cupy.py": "CuPy alone asks for it; tests/interop/test_cupy.py does",
    **dict.fromkeys(
        ("mygrad/testing/bench.py", "mygrad/testing/conformance.py"),
        "for authors of adapters; tests/testing/test_check_backend.py",
    ),
    "mygrad/testing/kernels.py": "for authors of adapters, as above",
    "mygrad/testing/programs.py": "for authors of adapters, as above",
    "check_backend: {report}": "for authors of adapters, as above",
    "check_grads: the {ordinal": "a gradient of another dtype or shape, which the sweep prevents",
    "mygrad/computational_graph/formulas.py": "caught: what has no formula is told in words",
    "computes with SciPy, on NumPy": "needs a second library; tests/implicit/test_solutions.py",
    "it is called with NumPy's arrays": "as above",
    "the gradients are on several devices": "needs a second library; tests/optim/test_clipping.py",
    "does not say how parameters are updated": "for authors of optimisers",
    "do not go with those of {self.name}": "operands of other libraries are refused before",
    "batched arrays have no {name}": "caught: an array is asked whether it has something",
    "raise AttributeError(name)": "as above",
    "vmap composes {path}": "caught: mygrad's own function takes the place of the library's",
    "{owner.__name__} has no": "Python asks, and takes it for an attribute that is not there",
    "{adapter.name}.asnumpy": "CuPy's way to ask for a host array",
    "wrote a result into out=array": "libraries do that whose functions take tensors: CuPy",
    "never change; out= takes a tensor": "arrays of JAX, in tests/arrays/test_jax.py",
    "compute the gradient after": "gradients that are assigned are on the parameter's device",
    "and its gradient {tuple": "gradients that are assigned have the parameter's shape",
    "tensors are not declared": "replaced when tensors are declared",
    "the graph has a cycle": "graphs of operations have none",
    "mygrad's function takes": "a keyword that a newer NumPy has",
    "'numpy.asarray', 'device'": "NumPy refuses such a device before it asks tensors",
    "'numpy.array', 'ndmax'": "NumPy has the option from 2.4 on",
    "{name}.outer: only": "NumPy refuses that itself; CuPy, whose ufuncs tensors take, does not",
    "leaves cannot be filled with": "modules that fill a structure have counted its leaves",
    "out= has to be a tuple of": "NumPy refuses that itself; CuPy does not",
}
"""What no program reaches on NumPy's arrays, and why: by file, or by a part of what is said."""


class Case(NamedTuple):
    """A program, and what is said of it."""

    program: str
    says: str


def cases(path: Path) -> Iterator[Case]:
    """The programs of a file; comments are lines that begin with ``# `` after an empty one.

    One that ends in ``since NumPy 2.4`` says which versions are told that.
    """
    for block in re.split(r"\n\s*\n", path.read_text()):
        since = re.search(r"^#.* since NumPy (\d+\.\d+)$", block, re.MULTILINE)
        if since and not is_at_least(since[1]):
            continue
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        program = [line for line in lines if not line.startswith("> ")]
        says = [line[2:] for line in lines if line.startswith("> ")]
        if program:
            yield Case("\n".join(program), " ".join(says))


class Heard(NamedTuple):
    """What a program was told, and the lines that told it."""

    says: str
    places: set[tuple[str, int]]
    warned: list[warnings.WarningMessage]


@cache
def compiled_setup() -> Any:
    return compile(SETUP, "setup", "exec")


def run(program: str, action: Any = "warn") -> Heard:
    """Run a program in a world of its own."""
    known, names = dict(registry), {}
    said: list[str] = []
    places: set[tuple[str, int]] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compiled_setup(), names)
        try:
            with mg.on_detach(action):
                exec(compile(program, "program", "exec"), names)
        except Exception as error:
            places = set(raised_at(error))
            said = [f"{type(error).__name__}: {spelled(error)}", *getattr(error, "__notes__", ())]
            traceback.clear_frames(error.__traceback__)
    mg.set_backend(None)
    registry.clear()
    registry.update(known)
    warned = [w for w in caught if "mygrad" in w.category.__module__]
    said = [f"{w.category.__name__}: {w.message}" for w in warned] + said
    said = [re.sub(r"in numpy\._[\w.]*", "in numpy...", text) for text in said]
    return Heard(re.sub(r"\s+", " ", " | ".join(dict.fromkeys(said))), places, warned)


def spelled(error: BaseException) -> str:
    """An error's message, with dots for what another library says in it."""
    text, cause = str(error), error.__cause__
    while cause is not None:
        last = traceback.extract_tb(cause.__traceback__)[-1]
        if not (last.filename.startswith(OURS) and "raise " in (last.line or "")):
            text = text.replace(str(cause), "...")
        cause = cause.__cause__
    return re.sub(r"0x[0-9a-f]+", "0x...", text)


def raised_at(error: BaseException | None) -> Iterator[tuple[str, int]]:
    """The lines of ours in the tracebacks of an error and of those that led to it."""
    while error is not None:
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.startswith(OURS):
                yield str(Path(file).relative_to(ROOT).as_posix()), trace.tb_lineno
            trace = trace.tb_next
        yield from raised_at(error.__cause__)
        error = error.__context__


CASES = [case for path in FILES for case in cases(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.program.splitlines()[-1][:60])
def test_message(case: Case) -> None:
    heard = run(case.program)
    wanted = ".*".join(re.escape(part) for part in case.says.split("..."))
    assert re.fullmatch(wanted, heard.says), f"{case.program}\nsays: {heard.says}"
    lines = case.program.splitlines()
    lost = [k for k, line in enumerate(lines, 1) if "# warns" in line] or [len(lines)]
    assert {(w.filename, w.lineno) for w in heard.warned} <= {("program", k) for k in lost}


def test_libraries_that_are_not_where_python_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a user's own site-packages, or of Debian's dist-packages, are no user's code."""
    library = tmp_path / "dist-packages"
    library.mkdir()
    (library / "converting.py").write_text("def convert(t):\n    return float(t)\n")
    monkeypatch.syspath_prepend(library)
    heard = run("from converting import convert\nconvert(v[0])")
    assert [(w.filename, w.lineno) for w in heard.warned] == [("program", 2)]
    assert "This was in converting, which the line called" in heard.says


# --- nothing is left out -----------------------------------------------------------------------
class Site(NamedTuple):
    """Where something is said: the lines of a statement."""

    file: str
    first: int
    last: int
    function: str
    text: str


TELLING = {"gradient_lost", "tell.get()"}


def sites() -> Iterator[Site]:
    """Every ``raise`` of an error of ours, and every place that tells of a lost gradient."""
    for top in ("mygrad", "backends/mygrad_numpy"):
        for path in sorted((ROOT / top).rglob("*.py")):
            file = str(path.relative_to(ROOT).as_posix())
            yield from sites_in(ast.parse(path.read_text()), file, "")


def sites_in(node: ast.AST, file: str, function: str) -> Iterator[Site]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}".lstrip(".")
    tells = isinstance(node, ast.Call) and (
        ast.unparse(node.func) in TELLING or ast.unparse(node.func).endswith("_warn_detached")
    )
    if tells or (isinstance(node, ast.Raise) and node.exc is not None):
        yield Site(file, node.lineno, node.end_lineno, function, ast.unparse(node))
    for child in ast.iter_child_nodes(node):
        yield from sites_in(child, file, function)


@since_numpy("2.4")  # which hands over functions that older ones keep
def test_every_place_that_says_something_is_provoked() -> None:
    reached: set[tuple[str, int]] = set()
    for case in CASES:
        reached |= run(case.program, "error").places
        if case.says.startswith("GradientDetached"):  # and what comes after it
            reached |= run(case.program).places
    silent, excused = [], set()
    for site in sites():
        excuse = {key for key in ELSEWHERE if key == site.file or key in site.text}
        if not any((site.file, line) in reached for line in range(site.first, site.last + 1)):
            excused |= excuse
            if not excuse:
                silent.append(f"{site.file}:{site.first} {site.function}: {site.text}")
    assert not silent, "no program is told this:\n" + "\n".join(silent)
    assert excused == set(ELSEWHERE), "take what is reached now out of ELSEWHERE"


def test_messages_are_plain() -> None:
    """None is empty, ends in the middle of nowhere, or shows how an object lies in memory."""
    for case in CASES:
        for said in case.says.split(" | "):
            assert said.count("`") % 2 == 0, said
            assert not said.endswith((".", ",", ":", " ")) or said.endswith("..."), said
            assert " object at 0x" not in said, said
            assert len(said) > 25, said


def test_the_documentation_lists_them() -> None:
    """The tables name every category, and programs provoke all that something raises."""
    page = (ROOT / "docs" / "messages.md").read_text()
    warned, raised = re.split(r"^## Errors", page, flags=re.MULTILINE)
    public = [getattr(mg.errors, name) for name in mg.errors.__all__]
    row = r"^\| `(\w+)` \|"
    categories = {kind.__name__ for kind in public if issubclass(kind, Warning)}
    errors = {kind.__name__ for kind in public} - categories
    assert set(re.findall(row, warned, re.MULTILINE)) == categories
    assert set(re.findall(row, raised, re.MULTILINE)) == errors
    said = {said.partition(":")[0] for case in CASES for said in case.says.split(" | ")}
    assert categories | errors - {"DisconnectedView", "MyGradException"} <= said


# --- files that nobody saved -------------------------------------------------------------------
def zipped(entries: dict[str, Any]) -> io.BytesIO:
    """An archive of arrays, and of bytes as they are."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, entry in entries.items():
            with archive.open(name, "w") as out:
                if isinstance(entry, bytes):
                    out.write(entry)
                else:
                    np.lib.format.write_array(out, entry)
    file.seek(0)
    return file


def npy_of(shape: str) -> bytes:
    """The header of an array of float64, and 16 bytes."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + b"\0" * 16


# --- writing them anew -------------------------------------------------------------------------
def write(path: Path) -> None:
    """Write what is said of the programs of a file now below each."""
    blocks = []
    for block in re.split(r"\n\s*\n", path.read_text().strip()):
        lines = [line for line in block.splitlines() if not line.startswith("> ")]
        program = "\n".join(line for line in lines if not line.startswith("#"))
        if program:
            said = run(program).says or "nothing is said"
            lines += textwrap.wrap(
                said, 100, initial_indent="> ", subsequent_indent="> ",
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
        blocks.append("\n".join(lines))
    path.write_text("\n\n".join(blocks) + "\n")


if __name__ == "__main__":
    import conftest  # noqa: F401 -- registers the adapter that the programs mix NumPy with

    for path in FILES:
        write(path)
