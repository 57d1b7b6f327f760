"""`ci/gpu` runs on machines that are seldom at hand: what it does without a GPU is tested here."""

from __future__ import annotations

import argparse
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CI = Path(__file__).resolve().parent.parent / "ci"
pytestmark = pytest.mark.numpy_only("has nothing to do with the backend")


def script(path: Path) -> ModuleType:
    spec = spec_from_loader(path.stem, SourceFileLoader(path.stem, str(path)))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = kept
    return module


@pytest.fixture(scope="module")
def gpu() -> Any:
    return script(CI / "gpu")


def section(part: int, parts: int, tests: str, *skips: str) -> str:
    lines = [f"== part {part}/{parts}, 2026-01-01T00:00:00Z, 100 s", *skips, f"{tests} in 9.00s"]
    return "\n".join(lines) + "\n"


def test_a_file_says_what_is_missing_and_adds_up(gpu: Any) -> None:
    head = "date:     2026-01-01\ndevice:   a GPU"
    first = section(1, 3, "10 passed, 2 skipped", "2 skipped: no such kernel")
    third = section(3, 3, "1 failed, 5 passed, 1 skipped", "1 skipped: no such kernel")
    text = gpu.together(head, {3: third, 1: first}, 3)
    assert "missing:  2/3\n" in text
    assert "tests:    15 passed, 3 skipped, 1 failed\n" in text
    assert "          3 skipped: no such kernel\n" in text
    assert gpu.sections(text) == {(1, 3): first, (3, 3): third}
    second = section(2, 3, "7 passed")
    whole = gpu.together(head, {1: first, 2: second, 3: third}, 3)
    assert "missing:  nothing" in whole and "22 passed" in whole
    assert whole.index("part 1/3") < whole.index("part 2/3") < whole.index("part 3/3")


def test_a_part_goes_to_the_file_that_others_are_in(gpu: Any, tmp_path: Path) -> None:
    here = tmp_path / "gpu-2026-01-01-A-GPU-abc.txt"
    here.write_text(gpu.together("device:   A GPU", {1: section(1, 3, "7 passed")}, 3))
    assert gpu.result_file(tmp_path, "A GPU", "abc", 3) == here
    for other in (("A GPU", "abc", 4), ("B GPU", "abc", 3), ("A GPU", "def", 3)):
        assert gpu.result_file(tmp_path, *other) != here


@pytest.mark.parametrize(("text", "want"), [("1/1", (1, 1)), ("3/4", (3, 4))])
def test_parts(gpu: Any, text: str, want: tuple[int, int]) -> None:
    assert gpu.part_of(text) == want


@pytest.mark.parametrize("text", ["0/4", "5/4", "2", "a/b", "1/4/5"])
def test_what_is_no_part(gpu: Any, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="from 1 to N"):
        gpu.part_of(text)


def test_the_toolkit_has_to_be_of_the_version_that_cupy_is_made_for(
    gpu: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gpu.cuda_major(tmp_path) is None
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "cuda.h").write_text("#pragma once\n#define CUDA_VERSION 12080\n")
    assert gpu.cuda_major(tmp_path) == 12
    monkeypatch.setenv("CUDA_PATH", str(tmp_path))
    assert gpu.toolkit(13) == tmp_path, "what the user says goes"
    monkeypatch.delenv("CUDA_PATH")
    monkeypatch.setattr(gpu, "Path", lambda *names: tmp_path)
    assert gpu.toolkit(12) == tmp_path
    assert gpu.toolkit(13) is None


def test_every_test_is_in_one_part() -> None:
    part_of = script(CI / "part_of_the_suite.py").part_of
    names = [f"tests/test_{a}.py::test_{b}[{a * b}]" for a in range(40) for b in range(40)]
    for parts in (1, 2, 5):
        sizes = [sum(part_of(name, parts) == k + 1 for name in names) for k in range(parts)]
        assert sum(sizes) == len(names)
        assert min(sizes) > 0.8 * len(names) / parts
