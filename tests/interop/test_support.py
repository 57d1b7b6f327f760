"""`mg.supports`, and the table that is written from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mygrad.tensor_base import implements_numpy_override
from numpy_versions import is_at_least, since_numpy
from walking import functions

import mygrad as mg
from mygrad.autodiff.primitive import Primitive
from mygrad.interop.differentiable import DIFFERENTIABLE
from mygrad.interop.numpy_functions import handlers
from mygrad.interop.numpy_ufuncs import counterpart

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = [
    since_numpy("2.4"),
    pytest.mark.numpy_only("says the same whatever is selected"),
]


@pytest.mark.skipif(is_at_least("2.5"), reason="the table was made with NumPy 2.4")
def test_the_table_is_what_the_functions_do() -> None:
    done = subprocess.run(
        [sys.executable, "ci/write_support.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert not done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (np.flip, "numpy.flip differentiates by m; done by mygrad.flip; takes axis="),
        (np.dot, "numpy.dot differentiates by a, b; done by mygrad.dot; takes out="),
        (np.argmax, "numpy.argmax has no derivative; takes axis=, out=, keepdims="),
        (np.char.equal, "numpy.char.equal is refused for variables: it is a function of strings"),
    ],
)  # fmt: skip
def test_what_it_says(function: Any, said: str) -> None:
    support = mg.supports(function)
    assert str(support) == repr(support) == said
    assert bool(support) is ("differentiates" in said)


def test_every_function_has_an_answer() -> None:
    kinds = {name: mg.supports(f).kind for name, f in functions().items()}
    assert set(kinds.values()) <= {"differentiable", "without derivative", "refused"}
    assert kinds["add"] == kinds["sum"] == kinds["linalg.matmul"] == "differentiable"
    assert kinds["floor"] == kinds["less"] == kinds["shape"] == "without derivative"


def test_what_never_asks_tensors_raises() -> None:
    with pytest.raises(TypeError, match="is no function of NumPy that asks tensors"):
        mg.supports(np.vectorize)


def test_a_function_of_a_user() -> None:
    def fits(*args: Any) -> Any:
        return args[0]

    before = handlers().get(np.busday_count)
    try:
        implements_numpy_override(np.busday_count)(fits)
        assert "busday_count is done by test_support.fits" in str(mg.supports(np.busday_count))
        implements_numpy_override(np.busday_count)(mg.sin)
        assert mg.supports(np.busday_count).by == ("x",)
    finally:
        if before is None:
            del handlers()[np.busday_count]


def test_declarations_agree() -> None:
    """A primitive that declares a derivative by an operand shows it in the walk, and no other."""
    compared = 0
    for name, f in functions().items():
        handler = handlers().get(f)
        ours = counterpart(f"numpy.{name}") if isinstance(f, np.ufunc) else handler and handler.ours
        if not isinstance(ours, Primitive) or f"numpy.{name}" not in DIFFERENTIABLE:
            continue
        declared = [n for k, n in enumerate(ours.operand_names)
                    if ours.differentiable < 0 or ours.differentiable >> k & 1]  # fmt: skip
        by = DIFFERENTIABLE[f"numpy.{name}"].split()
        assert len(by) >= len(declared), f"{name}: {declared} declared, {by} found"
        compared += 1
    assert compared > 80
