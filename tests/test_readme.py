"""What the front page promises: its first program's output, the extras there are, all pages."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
pytestmark = pytest.mark.numpy_only("has nothing to do with the backend")


def test_the_first_program_prints_what_it_says(tmp_path: Path) -> None:
    (program,) = re.findall(r"^```python\n((?:(?!>>>)[^`])*)^```", README, re.MULTILINE)
    file = tmp_path / "line.py"
    file.write_text(program)
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True)
    assert not done.stderr
    assert done.stdout.strip() == program.rstrip().rpartition("# ")[2]


def test_the_table_of_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    table = README.partition("| extra |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == set(project["project"]["optional-dependencies"])


def test_every_page_is_linked() -> None:
    pages = README.partition("## Pages")[2]
    linked = set(re.findall(r"\]\(docs/([\w.-]+)\)", pages))
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")}


def test_each_command_has_its_windows_counterpart() -> None:
    """What is installed and run is the same in both shells, in the same order."""

    def commands(shell: str) -> list[str]:
        blocks = re.findall(rf"^```{shell}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
        lines = " ".join(blocks).replace("\\", "/").replace("/Scripts/", "/bin/")
        return re.findall(r"\.venv/bin/(\w+ [^\n;]*)", lines)

    ours, theirs = commands("bash"), commands("powershell")
    assert ours
    assert theirs[: len(ours)] == ours


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 250
