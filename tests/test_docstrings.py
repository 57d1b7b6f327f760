"""Public docstrings are as numpydoc wants them: ``[tool.numpydoc_validation]`` has the checks."""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mygrad as mg

numpydoc = pytest.importorskip("numpydoc.validate", reason="numpydoc is not installed")
pytestmark = pytest.mark.numpy_only("has nothing to do with the backend")

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
CHECKS = set(tomllib.loads(PROJECT.read_text())["tool"]["numpydoc_validation"]["checks"])
ROOMS = """
    mygrad mygrad.computational_graph mygrad.io mygrad.linalg mygrad.random mygrad.nnet.activations
    mygrad.nnet.initializers mygrad.nnet.layers mygrad.nnet.losses mygrad.tensor_creation
    mygrad.testing mygrad.testing.strategies
""".split()
EVERYWHERE = {"out", "where", "dtype", "constant"}
"""Keywords that mean the same for every operation, and are explained once."""
EXCUSED = set(
    """
    mygrad.arange mygrad.tensor_creation.arange mygrad.mem_guard_off mygrad.mem_guard_on mygrad.to
    mygrad.adapter_of mygrad.ufunc
    """.split()
)
"""Whose signatures say otherwise: `arange` takes its arguments as NumPy does, by position; switches
are entered more often than called; `to` has a parameter of its rule's; the others are for authors
of adapters and operations, who read the module."""


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
        if code == "PR01" and set(re.findall(r"'(\w+)'", text)) <= EVERYWHERE:
            continue
        if code in ("PR01", "PR02") and name in EXCUSED:
            continue
        if code in CHECKS:
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
