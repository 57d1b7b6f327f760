"""Write what NumPy's functions do on tensors: ``python ci/write_support.py``.

The example calls of ``tests/interop/calls_of_numpy.py`` are made; a parameter by which a gradient
came, and agreed with central differences, is one that a function differentiates by. That goes into
``mygrad/interop/differentiable.py``, which `mg.supports` reads, and with it, from the functions
themselves, into the table of ``docs/numpy-functions.md``.

With ``MYGRAD_BACKEND=dpnp`` it is found out which functions do not run on that backend, and nothing
else is changed. Tests say which file is not what this would write.
"""

from __future__ import annotations

import inspect
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / part) for part in ("", "backends", "tests", "tests/interop")]

from calls_of_numpy import OF_STRINGS, REFUSED  # noqa: E402
from walking import FUNCTIONS, walked  # noqa: E402

from mygrad.interop import differentiable  # noqa: E402
from mygrad.interop.support import Support, supports  # noqa: E402

DATA = ROOT / "mygrad" / "interop" / "differentiable.py"
PAGE = ROOT / "docs" / "numpy-functions.md"


def names() -> list[str]:
    return sorted(n for n in FUNCTIONS if not n.startswith(OF_STRINGS) and "ufunc " not in n)


def measured() -> dict[str, str]:
    """By function, the parameters by which it differentiates, in the order of its own."""
    found = {}
    for name in names():
        if by := walked(name).by:
            found[f"numpy.{name}"] = " ".join(sorted(by, key=_order(FUNCTIONS[name]).index))
    return found


def _order(f: object) -> list[str]:
    try:
        known = list(inspect.signature(f).parameters)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        known = []
    return [*known, "x", "x1", "x2", "constant_values", "end_values", "where", "out"]


def fails() -> str:
    """The functions that do not run on the backend that is selected."""
    found = []
    for name in names():
        try:
            walked(name)
        except AssertionError:
            found.append(f"numpy.{name}")
    return " ".join(found)


# --- the data ---------------------------------------------------------------------------------
def data(by: dict[str, str], not_on: dict[str, str]) -> str:
    refused = {f"numpy.{n}": " ".join(sorted(options)) for n, options in REFUSED.items()}
    lines = [
        '"""By what NumPy\'s functions differentiate. Written by ci/write_support.py."""',
        "",
        "from __future__ import annotations",
        "",
        '__all__ = ["DIFFERENTIABLE", "NOT_ON", "REFUSED_KEYWORDS"]',
        "",
        "DIFFERENTIABLE: dict[str, str] = {",
        *(f'    "{name}": "{by[name]}",' for name in sorted(by)),
        "}",
        '"""By function, the parameters by which gradients were compared with differences."""',
        "",
        "REFUSED_KEYWORDS: dict[str, str] = {",
        *(f'    "{name}": "{refused[name]}",' for name in sorted(refused)),
        "}",
        '"""By function, the keywords that raise."""',
        "",
        "NOT_ON: dict[str, str] = {",
    ]
    for backend in sorted(not_on):
        text = textwrap.wrap(not_on[backend], 88, break_on_hyphens=False, break_long_words=False)
        lines += [f'    "{backend}": (', *(f'        "{part} "' for part in text), "    ),"]
    return "\n".join([*lines, "}", '"""By backend, functions that raise there."""', ""])


# --- the page -----------------------------------------------------------------------------------
HEAD = """# NumPy's functions on tensors

<!-- Written by ci/write_support.py. -->

`np.f(t)` asks the tensor `t`, and the tensor does the work. This table is made by running the
functions: "by" are the parameters by which gradients came and agreed with central differences.
`mg.supports(np.f)` says the same of one function. Keywords that NumPy has and that are not named
in the last column are followed.

A ufunc of a Python function, `np.frompyfunc(f, 1, 1)(t)`, is called with the elements, and
differentiates. `np.vectorize(f)(t)` makes plain arrays first: it warns, and has no gradient.

"""


def page() -> Iterator[str]:
    found: list[Support] = [supports(FUNCTIONS[name]) for name in names()]
    kinds = {kind: [s for s in found if s.kind == kind]
             for kind in ("differentiable", "without derivative", "refused")}  # fmt: skip
    yield HEAD
    yield f"## Differentiable: {len(kinds['differentiable'])}\n\n"
    yield "| function | by | done by | not there |\n|---|---|---|---|\n"
    for s in kinds["differentiable"]:
        missing = [*(f"`{k}=`" for k in s.refused), *(f"on {backend}" for backend in s.not_on)]
        yield (
            f"| `{s.name.replace('numpy', 'np', 1)}` | {', '.join(f'`{n}`' for n in s.by)} | "
            f"{f'`{s.done_by}`'.replace('mygrad', 'mg', 1) if s.done_by else ''} | "
            f"{', '.join(missing)} |\n"
        )
    yield f"\n## Without derivative: {len(kinds['without derivative'])}\n\n"
    yield "They give NumPy's values: these do not depend smoothly on anything.\n\n"
    yield _wrapped(kinds["without derivative"])
    if kinds["refused"]:
        yield f"\n## Refused: {len(kinds['refused'])}\n\n"
        yield "With a variable they raise, and say what to use.\n\n"
        yield _wrapped(kinds["refused"])
    others = sum(n.startswith(OF_STRINGS) for n in FUNCTIONS)
    yield f"\nThe {others} functions of strings, records and dates take no tensors, and say so.\n"


def _wrapped(found: list[Support]) -> str:
    text = ", ".join(f"`{s.name.replace('numpy', 'np', 1)}`" for s in found) + "."
    return textwrap.fill(text, 100, break_on_hyphens=False, break_long_words=False) + "\n"


def stale() -> list[str]:
    """The files that are not what this would write."""
    wanted = {DATA: data(measured(), differentiable.NOT_ON), PAGE: "".join(page())}
    return [str(p.relative_to(ROOT)) for p, text in wanted.items() if p.read_text() != text]


def main() -> int:
    backend = os.environ.get("MYGRAD_BACKEND", "numpy")
    if backend != "numpy":
        not_on = {**differentiable.NOT_ON, backend: fails()}
        DATA.write_text(data(differentiable.DIFFERENTIABLE, not_on))
        return 0
    by = measured()
    DATA.write_text(data(by, differentiable.NOT_ON))
    differentiable.DIFFERENTIABLE.clear()
    differentiable.DIFFERENTIABLE.update(by)
    differentiable.REFUSED_KEYWORDS.update(
        {f"numpy.{n}": " ".join(sorted(options)) for n, options in REFUSED.items()}
    )
    PAGE.write_text("".join(page()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
