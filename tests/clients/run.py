"""Run programs with whatever mygrad is installed, and write down what they return.

::

    python run.py OUT.json MODULE...

MODULE is `courses`, `idioms` or `packages`.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
import warnings
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any


def outcome(program: Any) -> dict[str, Any]:
    """What a program returns, how long it takes, and what it warns of, once for each line."""
    begun = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found: dict[str, Any] = {"losses": program(), "error": None}
        except Exception as error:
            traceback.print_exc()
            found = {"losses": [], "error": f"{type(error).__name__}: {error}"}
    places = {(w.category.__name__, Path(w.filename).name, w.lineno) for w in caught}
    found["warnings"] = sorted(f"{kind} at {file}:{line}" for kind, file, line in places)
    found["seconds"] = round(time.perf_counter() - begun, 2)
    return found


def main(out: str, *modules: str) -> None:
    """Run the programs of the modules."""
    found = {
        f"{module}/{name}": outcome(program)
        for module in modules
        for name, program in import_module(module).PROGRAMS.items()
    }
    Path(out).write_text(json.dumps({"mygrad": version("mygrad"), "programs": found}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
