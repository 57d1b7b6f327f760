"""The guide, ``docs/writing-operations.md``: its sections are programs, and its rules are right."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host

import mygrad as mg

GUIDE = Path(__file__).parent.parent.parent / "docs" / "writing-operations.md"
SECTIONS = {
    text.partition("\n")[0]: re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    for text in re.split(r"^## ", GUIDE.read_text(), flags=re.MULTILINE)[1:]
    if ">>>" in text
}


@pytest.mark.numpy_only("the guide shows NumPy's arrays")
@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_is_a_program(title: str) -> None:
    """It runs on its own: what it uses it imports and declares."""
    session = doctest.DocTestParser().get_doctest(SECTIONS[title], {}, title, str(GUIDE), 0)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert not doctest.DocTestRunner(optionflags=flags).run(session).failed


def names(title: str) -> dict[str, Any]:
    """What a section declares."""
    found: dict[str, Any] = {"__name__": "__main__"}
    for example in doctest.DocTestParser().get_examples(SECTIONS[title]):
        if example.source.startswith(("import", "from", "@", "def")) and example.exc_msg is None:
            exec(example.source, found)
    return found


ROWS = np.array([[0.3, -1.7], [2.6, 0.4]])


@pytest.mark.parametrize(
    ("title", "call", "operands"),
    [
        ("An elementwise operation", "logistic", [ROWS]),
        ("A reduction, with a parameter", "total", [ROWS]),
        ("Operands that broadcast", "huber", [ROWS, np.array([0.1, 0.2])]),
        ("Operands that broadcast", "similarities", [np.stack([ROWS, ROWS + 1]), ROWS]),
        ("Operands that broadcast", "huber_integral", [ROWS]),
        ("Residuals", "log_norm_squared", [ROWS[0]]),
        ("Residuals", "largest", [ROWS[0]]),
        ("Residuals", "bell", [ROWS]),
        ("Joint rules", "rescaled", [ROWS[0], np.array(2.0)]),
        ("Views", "evens", [np.array([0.3, -1.0, 2.0, 5.0])]),
        ("A kernel for one array library", "gate", [ROWS]),
        ("Higher derivatives, and how to test rules", "cube", [ROWS]),
    ],
)
def test_the_rules_of_the_guide(title: str, call: str, operands: list[Any]) -> None:
    f = names(title)[call]
    check_gradients(f, operands)
    check_second_derivatives(f, operands)


def test_the_variadic_rule_of_the_guide() -> None:
    chained = names("Any number of operands")["chained"]
    operands = [np.array([1.0]), np.array([2.0, 3.0]), np.array([4.0])]
    check_gradients(lambda *vectors: chained(vectors), operands)
    check_second_derivatives(lambda *vectors: chained(vectors), operands)


@pytest.mark.raw_arithmetic
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_the_kernels_of_the_guide(dtype: str, shape: tuple[int, ...]) -> None:
    """On NumPy and on CuPy; other libraries take the forward function."""
    found = names("A kernel for one array library")
    gate = found["gate"]
    backend = mg.tensor(1.0).backend
    assert set(gate.own_kernels) == {"numpy", "cupy"}
    if dtype == "int64" and backend not in gate.own_kernels:
        pytest.skip(f"{backend} has no exp of integers")
    a = np.linspace(-3, 3, int(np.prod(shape))).reshape(shape).astype(dtype)
    x = mg.tensor(a)
    np.testing.assert_allclose(host(gate(x)), 1 / (1 + np.exp(-a)), rtol=1e-6)
    if backend in gate.own_kernels:
        left = gate.own_kernels[backend](x.data) is NotImplemented
        assert left == (dtype == "int64")
