"""What two environments have found: MyGrad 2.5 in one, this library in the other.

::

    python compare.py THEIRS OURS           print the tables; fails where they disagree
    python compare.py --record THEIRS OUT   keep the losses of courses and idioms for the tests

THEIRS and OURS are folders with `programs.json` (see `run.py`) and, for each package whose tests
were run, `PACKAGE.xml` as pytest writes it with ``--junitxml``.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from packages import DEVIATING

RELATIVE = 1e-6
"""How far numbers may be apart: as float32 allows."""


def apart(theirs: list[float], ours: list[float]) -> float:
    """The largest relative difference; infinite if there are more numbers, or fewer.

    What is below a ten-thousandth of the largest number counts as that: it is a difference of
    larger ones.

    Examples
    --------
    >>> apart([1.0, 1.998], [1.0, 2.0])
    0.001
    >>> apart([1.0], [1.0, 2.0])
    inf
    """
    if len(theirs) != len(ours) or not theirs:
        return math.inf
    least = 1e-4 * max(1e-30, *map(abs, theirs), *map(abs, ours))
    differences = [
        abs(a - b) / max(abs(a), abs(b), least) for a, b in zip(theirs, ours, strict=True)
    ]
    return round(max(math.inf if math.isnan(d) else d for d in differences), 12)


def results(file: Path) -> dict[str, str]:
    """Each test that was run, and how it ended: passed, skipped, failure or error."""
    found = {}
    for case in ElementTree.parse(file).iter("testcase"):
        ends = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found[f"{case.get('classname')}::{case.get('name')}"] = ends[0] if ends else "passed"
    return found


def packages_agree(theirs: Path, ours: Path) -> bool:
    """Print a row for each package, and say whether its tests end alike."""
    alike = True
    for file in sorted(theirs.glob("*.xml")):
        before, after = results(file), results(ours / file.name)
        differing = sorted(k for k in before | after if before.get(k) != after.get(k))
        worse = [k for k in differing if after.get(k) != "passed"]
        counts = [list(r.values()).count("passed") for r in (before, after)]
        print(
            f"  {file.stem:<22} {len(before):>4} tests, passed with 2.5: {counts[0]:>3}, "
            f"with us: {counts[1]:>3}"
        )
        for name in differing:
            print(f"    {name}: {before.get(name)} -> {after.get(name)}")
        for name in (k for k in before if before[k] not in ("passed", "skipped")):
            print(f"    {name}: {before[name]} with 2.5 as well")
        alike &= not worse
    return alike


def programs_agree(theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Print a row for each program, and say whether all its losses are the same."""
    alike = True
    print(f"\n  {'program':<58} {'steps':>5} {'last, 2.5':>13} {'last, us':>13} {'apart':>8}")
    for name in theirs | ours:
        a, b = (side.get(name, {"losses": [], "error": "missing"}) for side in (theirs, ours))
        distance, reason = apart(a["losses"], b["losses"]), DEVIATING.get(name.partition("/")[2])
        verdict = "" if distance <= RELATIVE else "differs, as meant" if reason else "DIFFERS"
        last = [f"{s['losses'][-1]:13.6g}" if s["losses"] else f"{'-':>13}" for s in (a, b)]
        print(f"  {name:<58} {len(b['losses']):>5} {last[0]} {last[1]} {distance:8.1e} {verdict}")
        for side, which in ((a, "2.5"), (b, "us")):
            if side["error"]:
                print(f"    with {which}: {side['error']}")
        if reason:
            print(f"    {reason}")
            if distance <= RELATIVE:
                print("    ... but it does not differ any more: take it off the list")
        alike &= not (a["error"] or b["error"]) and (distance > RELATIVE) == bool(reason)
    return alike


def main(*arguments: str) -> int:
    """Print the tables, or record."""
    if arguments[0] == "--record":
        found = json.loads((Path(arguments[1]) / "programs.json").read_text())
        kept = {
            name: [float(f"{loss:.12g}") for loss in result["losses"]]
            for name, result in found["programs"].items()
            if not name.startswith("packages/")
        }
        lines = [f" {json.dumps(name)}: {json.dumps(losses)}" for name, losses in kept.items()]
        Path(arguments[2]).write_text("{\n" + ",\n".join(lines) + "\n}\n")
        return 0
    theirs, ours = (Path(a) for a in arguments)
    sides = [json.loads((folder / "programs.json").read_text()) for folder in (theirs, ours)]
    print(f"MyGrad {sides[0]['mygrad']} and mygrad {sides[1]['mygrad']}")
    alike = packages_agree(theirs, ours)
    alike &= programs_agree(*(side["programs"] for side in sides))
    new = sorted({w for r in sides[1]["programs"].values() for w in r["warnings"]})
    print(f"\n  warnings with us, by line: {len(new)}")
    print(*(f"    {w}" for w in new), sep="\n")
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
