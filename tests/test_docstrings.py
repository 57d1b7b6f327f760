"""Public docstrings are as numpydoc wants them: ``[tool.numpydoc_validation]`` has the checks."""

from __future__ import annotations

import importlib
import inspect
import pydoc
import re
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mygrad as mg
from mygrad.math.ufunc import ufunc

numpydoc = pytest.importorskip("numpydoc.validate", reason="numpydoc is not installed")
pytestmark = pytest.mark.numpy_only("has nothing to do with the backend")

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
CHECKS = set(tomllib.loads(PROJECT.read_text())["tool"]["numpydoc_validation"]["checks"])
ROOMS = """
    mygrad mygrad.computational_graph mygrad.fft mygrad.io mygrad.linalg mygrad.random
    mygrad.nnet.activations
    mygrad.nnet.initializers mygrad.nnet.layers mygrad.nnet.losses mygrad.optim
    mygrad.special mygrad.tensor_creation mygrad.testing mygrad.testing.strategies
""".split()
EXCUSED = {"mygrad.adapter_of": "array"}
"""What the summary says already: by function, the parameter that has no entry of its own."""


def public() -> Iterator[str]:
    """Functions, operations and classes that users call, and what tensors have."""
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in getattr(module, "__all__", None) or dir(module):
            value = getattr(module, name)
            ours = (getattr(value, "__module__", None) or "").startswith("mygrad")
            if not name.startswith("_") and ours and not inspect.ismodule(value):
                yield f"{room}.{name}"
    for name in dir(mg.Tensor):
        if not name.startswith("_") and hasattr(mg.Tensor, name):
            yield f"mygrad.Tensor.{name}"


def complaints(name: str) -> list[str]:
    found = []
    for code, text in numpydoc.validate(name)["errors"]:
        if code in CHECKS and not (code == "PR01" and name in EXCUSED):
            found.append(f"{code}: {text}")
    return found


@pytest.mark.parametrize("name", sorted(set(public())))
def test_public_docstrings(name: str) -> None:
    assert not complaints(name)


def test_the_checks_can_fail(monkeypatch: Any) -> None:
    def sloppy(x: Any) -> None:
        """does something"""

    monkeypatch.setattr(mg, "sloppy", sloppy, raising=False)
    found = " ".join(complaints("mygrad.sloppy"))
    assert "GL" in found or "SS" in found


def test_operations_of_users_are_described_as_well() -> None:
    @ufunc(x=lambda g, x: 3 * g * x**2)
    def cube(x: Any) -> Any:
        """The third power.

        Parameters
        ----------
        where
            Where it is of interest.
        x
            A tensor.

        Examples
        --------
        None.
        """
        return x**3

    text = inspect.getdoc(cube) or ""
    names = [line for line in text.splitlines() if re.fullmatch(r"[a-z]+", line)]
    assert names == ["x", "out", "where", "dtype", "constant"]
    assert "Where it is of interest." in text
    assert text.index("constant") < text.index("Returns\n-------\nTensor") < text.index("Examples")
    assert list(inspect.signature(cube).parameters) == names
    assert inspect.signature(cube).return_annotation == "Tensor"
    assert typing.get_type_hints(cube)["return"] is mg.Tensor


@pytest.mark.parametrize("name", ["add", "sum", "reshape", "matmul"])
def test_pydoc_shows_operations_as_functions(name: str) -> None:
    shown = pydoc.render_doc(getattr(mg, name), renderer=pydoc.plaintext)
    assert re.search(rf"^{name}\(\w+: 'ArrayLike', .*\) -> 'Tensor'$", shown, re.MULTILINE)
    assert inspect.isroutine(getattr(mg, name))


@pytest.mark.parametrize("room", ["linalg", "nnet.activations", "nnet.layers", "nnet.losses"])
def test_pydoc_lists_the_functions_of_a_room(room: str) -> None:
    module = importlib.import_module(f"mygrad.{room}")
    shown = pydoc.render_doc(module, renderer=pydoc.plaintext)
    functions = shown.partition("\nFUNCTIONS\n")[2].partition("\nDATA\n")[0]
    for name in module.__all__:
        assert re.search(rf"^    {name}(\(| = )", functions, re.MULTILINE), name
