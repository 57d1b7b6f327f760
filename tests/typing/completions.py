"""Asks jedi, which many editors ask, what it completes: ``python completions.py``."""

from __future__ import annotations

import sys

import jedi

WANTED = {
    "x.": {"backward", "grad", "sum", "reshape", "T", "data", "constant"},
    "x.sum().": {"backward", "grad"},
    "(x * 2).": {"backward"},
    "x[0].": {"backward"},
    "mg.exp(x).": {"backward"},
    "mg.exp.": {"reduce", "outer", "nin"},
    "mg.sum(x).": {"backward"},
    "mg.": {"tensor", "no_autodiff", "nnet", "matmul"},
    "mg.zeros(3).ba": {"backward", "base"},
    "mg.linalg.norm(x).": {"backward"},
    "relu(x).": {"backward"},
}
"""By the end of a program, names that have to be among the completions."""
BEGIN = """\
import mygrad as mg
from mygrad.nnet.activations import relu
x = mg.tensor([1.0])
"""


def main() -> int:
    failed = 0
    for end, wanted in WANTED.items():
        script = jedi.Script(BEGIN + end)
        found = {c.name for c in script.complete(4, len(end))}
        missing = wanted - found
        failed += bool(missing)
        print(f"{end:20} {len(found):4} completions{f', missing {missing}' if missing else ''}")
    call = jedi.Script(BEGIN + "mg.sum(x, ").get_signatures(4, 10)
    names = [p.name for p in call[0].params] if call else []
    print("mg.sum(", ", ".join(names), ")")
    return int(failed or not {"axis", "keepdims", "constant"} <= set(names))


if __name__ == "__main__":
    sys.exit(main())
