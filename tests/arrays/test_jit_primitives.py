"""Inside of `jax.jit` every primitive has the values and derivatives that it has elsewhere.

The calls are those of the tables that the rest of the suite goes through. A program of each makes
the value, the first and the second derivatives in one trace; NumPy says what they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases_special import SPECIAL
from cases_special import operands_of as operands_of_special
from primitive_cases import UFUNCS, Case, distinct, operands_of
from test_primitives import called, called_ids, caller, ufuncs

import mygrad as mg
from mygrad.arrays import get_adapter
from mygrad.autodiff.namespace import registry
from mygrad.errors import InvalidGradient
from mygrad.special.declaring import SpecialFunction, of_library

jax = pytest.importorskip("jax", reason="JAX is not installed")

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("MYGRAD_TEST_BACKEND", "numpy") not in ("numpy", "jax"),
        reason="is about JAX, whatever the backend",
    ),
    pytest.mark.filterwarnings("ignore:backward"),
]

SPECIAL_FUNCTIONS = [n for n in SPECIAL if isinstance(getattr(mg.special, n), SpecialFunction)]

OF_VALUES = {
    "extract", "repeat 2 repeats=(2,)", "setxor1d", "trim_zeros", "union1d", "unique_values",
}  # fmt: skip
"""Primitives, or calls of them, whose results have shapes that depend on values."""


def program(f: Callable[..., Any]) -> Callable[..., Any]:
    """The value, the gradient of its weighted sum, and that of the gradient's squares, added up."""

    def run(*arrays: Any) -> list[Any]:
        leaves = [mg.tensor(a) for a in arrays]
        result = f(*leaves)
        if result.constant:
            return [result.data]
        w = np.cos(np.arange(result.size)).reshape(result.shape)
        mg.sum(result * w).backward(create_graph=True)
        first = [t.grad for t in leaves]
        found = [result, *first]
        live = [mg.sum(g * g) for g in first if g is not None and not g.constant]
        for t in leaves:
            t.null_grad()
        if live:
            sum(live[1:], live[0]).backward()
        found += [t.grad for t in leaves]
        return [x.data if isinstance(x, mg.Tensor) else x for x in found]

    return run


def compare(f: Callable[..., Any], operands: list[Any]) -> None:
    with mg.backend("numpy"):
        wanted = program(f)(*operands)
    with mg.backend("jax"):
        found = jax.jit(program(f))(*map(jax.numpy.asarray, operands))
    assert len(found) == len(wanted)
    for mine, want in zip(found, wanted, strict=True):
        assert (mine is None) == (want is None)
        if want is not None:
            assert mine.dtype == want.dtype
            np.testing.assert_allclose(mine, want, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", ufuncs)
def test_elementwise(name: str) -> None:
    shapes = ((2, 3), (3,))[: len(UFUNCS[name])]
    compare(registry[name], distinct(shapes, UFUNCS[name]))


@pytest.mark.parametrize(("name", "case"), called, ids=called_ids)
def test_others(name: str, case: Case) -> None:
    if name in OF_VALUES or f"{name} {case}" in OF_VALUES:
        with pytest.raises((jax.errors.ConcretizationTypeError, TypeError)):
            compare(caller(name, case), operands_of(case))
        return
    compare(caller(name, case), operands_of(case))


@pytest.mark.parametrize("name", SPECIAL_FUNCTIONS)
def test_special_functions(name: str) -> None:
    f = getattr(mg.special, name)
    if not f.takes_xp and of_library(get_adapter("jax"), f.library_name) is None:
        with pytest.raises(TypeError, match="has no function"):
            compare(lambda *operands: f(*operands), operands_of_special(name))
        return
    fixed = operands_of_special(name)
    compare(
        lambda *live: f(*_among(fixed, live)),
        [a for a in fixed if isinstance(a, np.ndarray)],
    )


def _among(fixed: list[Any], live: tuple[Any, ...]) -> list[Any]:
    left = list(live)
    return [left.pop(0) if isinstance(a, np.ndarray) else a for a in fixed]


def test_what_depends_on_phases_is_nan() -> None:
    """Where it would raise elsewhere: while a program is traced nothing is known of values."""
    a = np.array([[2.0, 1.0 - 1.0j], [1.0 + 1.0j, 5.0]])

    def slope(a: Any) -> Any:
        t = mg.tensor(a)
        mg.sum(mg.imag(mg.linalg.eigh(t).eigenvectors * (1.0 + 2.0j))).backward()
        return t.grad

    with mg.backend("numpy"), pytest.raises(InvalidGradient):
        slope(a)
    assert np.isnan(jax.jit(slope)(jax.numpy.asarray(a))).any()
