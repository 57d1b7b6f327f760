"""A walk through all functions and ufuncs that NumPy lets a class override; none is left out.

Each differentiates, as central differences do, with its keywords; or it has no derivative and gives
NumPy's values; or it is a function of strings, records or dates, and says that it takes no tensors.
"""

from __future__ import annotations

import inspect
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls_of_numpy import CALLS, OF_STRINGS, REFUSED
from numpy_versions import is_at_least, since_numpy
from walking import FUNCTIONS, keywords_of, walked

import mygrad as mg
from mygrad.interop.differentiable import NOT_ON

ROOT = Path(__file__).resolve().parent.parent.parent
host_only = pytest.mark.numpy_only("keywords and counts are those of NumPy's arrays")

NOT_GIVEN: dict[str, str] = {
    "ndmax": "NumPy has it from 2.4 on, and it is refused",
    "einsum_call": "NumPy's own",
    "device": "'cpu' is the only one that NumPy has",
    "like": "given by the programs of the functions that have it",
    "casting": "of functions that have no dtype=, too",
    "order": "the name of a field of records: of sort and its like",
    "subok": "tensors are no subclass of NumPy's arrays",
}
"""Keywords that need not be in a call, and why."""

OF_FILES = ("fromfile", "genfromtxt", "loadtxt", "busday_count", "is_busday")
"""Functions whose keywords say how to read text or dates."""

NUMBERS = sorted(name for name in FUNCTIONS if not name.startswith(OF_STRINGS))


pytestmark = since_numpy("2.4")  # which the calls have the keywords of


@host_only
def test_every_function_has_calls() -> None:
    assert set(NUMBERS) == set(CALLS), set(NUMBERS) ^ set(CALLS)


@pytest.mark.parametrize("name", NUMBERS)
def test_function(name: str) -> None:
    """On every backend; what is not there on another one is known, and raises."""
    backend = mg.zeros(1).backend
    unknown = name.startswith("ufunc ") or backend not in NOT_ON
    if backend != "numpy" and unknown:
        pytest.skip("the walk has not been there")
    if f"numpy.{name}" in NOT_ON.get(backend, "").split():
        with pytest.raises(AssertionError):
            walked(name)
        return
    walked(name)


@host_only
@pytest.mark.parametrize("name", NUMBERS)
def test_every_keyword_is_given(name: str) -> None:
    """In some call that agrees with NumPy's, or which NumPy does not take."""
    missing = set(keywords_of(FUNCTIONS[name])) - walked(name).keywords - NOT_GIVEN.keys()
    missing -= REFUSED.get(name, {}).keys()
    assert name in OF_FILES or not missing, f"{name}: no call has {', '.join(sorted(missing))}"


@host_only
@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - set(NUMBERS)))
def test_functions_of_strings_say_so(name: str) -> None:
    """They take no numbers: neither tensors, nor arrays."""
    f, t = FUNCTIONS[name], mg.tensor([1.0, 2.0])
    count = f.nin if isinstance(f, np.ufunc) else sum(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in inspect.signature(f).parameters.values()
    )  # fmt: skip
    with pytest.raises((TypeError, ValueError, AttributeError)) as raised:
        f(*[t] * count)
    message = str(raised.value)
    assert f.__name__ in message, message
    assert "strings" in message or "records" in message or "dates" in message, message


def test_the_count(record_property: Any) -> None:
    backend = mg.zeros(1).backend
    if backend != "numpy" and backend not in NOT_ON:
        pytest.skip("the walk has not been there")
    left_out = NOT_ON.get(backend, "").split()
    there = [name for name in NUMBERS if f"numpy.{name}" not in left_out
             and (backend == "numpy" or not name.startswith("ufunc "))]  # fmt: skip
    counts: Counter[str] = Counter()
    for name in there:
        counts["differentiable" if walked(name).by else "without derivative"] += 1
        counts["calls"] += walked(name).calls
        counts["gradients"] += walked(name).gradients
    counts["not there"] = len(NUMBERS) - len(there)
    counts["of strings, records, dates"] = len(FUNCTIONS) - len(NUMBERS)
    listed = ", ".join(f"{n} {what}" for what, n in counts.items())
    total = f"{len(FUNCTIONS)} functions and ufuncs of NumPy {np.__version__}"
    record_property("told", f"{total}, on {backend}: {listed}")
    assert counts["differentiable"] > (270 if backend == "numpy" else 100)


@host_only
@pytest.mark.skipif(is_at_least("2.5"), reason="the table was made with NumPy 2.4")
def test_the_table_is_what_the_functions_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that `mg.supports` reads, and the page of the documentation."""
    monkeypatch.syspath_prepend(ROOT / "ci")
    stale = import_module("write_support").stale()
    assert not stale, f"run: python ci/write_support.py, which changes {stale}"
