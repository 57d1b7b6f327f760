"""What differs between the versions of CuPy that are known here."""

from __future__ import annotations

import importlib.metadata
from importlib import import_module
from typing import Any

__all__ = ["ABSENT", "KNOWN", "before_import", "cuda_version", "cupy_version"]

ABSENT = {
    "13.6": {"pointerGetMemoryType", "streamCreateWithPriority"},
    "14.0": {"pointerGetMemoryType"},
    "14.2": set[str](),
}
"""By version (major.minor): functions of the stand-in that CuPy does not ask for."""

KNOWN = tuple(ABSENT)
"""The versions that the suite ran on."""

WHEELS = {"cupy-cuda13x": 13, "cupy-cuda12x": 12}
"""CuPy's wheels for Linux, and the CUDA of each."""


def _wheel() -> tuple[str, str] | None:
    for name in WHEELS:
        try:
            return name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def cupy_version() -> str | None:
    """The version of the installed CuPy, found without importing it."""
    found = _wheel()
    return found[1] if found else None


def cuda_version() -> int:
    """The version of CUDA that the installed CuPy is made for, as CUDA tells it: 13000."""
    found = _wheel()
    assert found is not None
    return 1000 * WHEELS[found[0]]


def before_import(libraries: tuple[str, ...]) -> None:
    """Do what has to be done before a module of CuPy is imported."""
    try:
        finder: Any = import_module("cuda.pathfinder")
    except ImportError:  # 13.6 has none
        return
    find = finder.load_nvidia_dynamic_lib
    # CuPy 14 looks for CUDA's libraries with it. The stand-ins are loaded already; cuSOLVER has
    # none, but is asked for when CuPy is imported.
    there = {*libraries, "cusolver"}
    finder.load_nvidia_dynamic_lib = lambda name: None if name in there else find(name)
