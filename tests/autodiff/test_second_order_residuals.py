"""Second derivatives of primitives that keep residuals, or whose rules are joint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host
from numpy.typing import NDArray
from primitive_cases import CASES, Case, operands_of
from primitive_cases import ELSEWHERE as IN_OTHER_FILES

import mygrad as mg
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.primitive import Primitive, primitive

Array = NDArray[Any]
MASK = np.array([[True, True, False, True], [True, False, True, True], [False, True, True, False]])
ELSEWHERE = {
    "attend": [
        Case(((2, 3, 4), (2, 5, 4), (2, 5, 2), (2, 3, 5)), extra=(True, True, 0.5, 1.0)),
        Case(((3, 2), (4, 2), (4, 1), ()), extra=(MASK, True, 0.7, 1.0)),
    ],
    "gelu": [Case(((2, 3),)), Case(((4,),), params={"approximate": "tanh"})],
    "lstm_states": [Case(((3, 2, 2), (2, 12), (3, 12), (12,), (2, 3), (2, 3)))],
    "normalize_groups": [Case(((2, 4, 3), (4,), (4,)), extra=(2, 0.1))],
    "normalize_channels": [
        Case(((3, 2), (2,), (2,)), extra=(0.1,)),
        Case(((2, 2, 3), (), (1,)), extra=(0.1,)),
        Case(((2, 1, 2, 2), (1,), ()), extra=(0.0,)),
    ],
    "normalize_rows": [
        Case(((2, 3), (3,), (3,)), extra=(1, 0.1)),
        Case(((2, 1, 4), (1, 4), (1, 4)), extra=(2, 0.0)),
        Case(((3,), (3,), (3,)), extra=(1, 0.1)),
    ],
}
"""Cases of primitives that are not in the table for gradients."""


def keeping_residuals() -> list[str]:
    found = {p.name for p in registry.values() if p.residual_names or p.joint_rules}
    return sorted(found)


NAMES = keeping_residuals()
CALLS = [(name, case) for name in NAMES for case in CASES.get(name) or ELSEWHERE.get(name, ())]


def test_every_one_has_a_case() -> None:
    assert len(NAMES) >= 2
    missing = set(NAMES) - CASES.keys() - ELSEWHERE.keys() - IN_OTHER_FILES.keys()
    assert not missing, "put example calls into `ELSEWHERE`"


def restricted(name: str, case: Case, live: Sequence[int]) -> tuple[Any, list[Array]]:
    """A primitive as a function of some of its operands, and these."""
    operands = operands_of(case)

    def f(*some: Any) -> Any:
        given: list[Any] = list(operands)
        for k, t in zip(live, some, strict=True):
            given[k] = t
        return registry[name](*case.leading, *given, *case.extra, **case.params)

    return f, [operands[k] for k in live]


@pytest.mark.parametrize(("name", "case"), CALLS, ids=[f"{n} {c}" for n, c in CALLS])
def test_second_derivatives(name: str, case: Case) -> None:
    """By all operands, by some of them alone, and by all but one."""
    count = len(case.shapes)
    ends = sorted({0, 1, count - 1} & set(range(count)))
    groups: list[Sequence[int]] = [range(count), *([k] for k in ends)]
    if count > 1:
        groups += [[j for j in range(count) if j != k] for k in ends[:2]]
    for live in groups:
        f, operands = restricted(name, case, live)
        check_gradients(f, operands)
        check_second_derivatives(f, operands)


@pytest.mark.parametrize(("name", "case"), CALLS, ids=[f"{n} {c}" for n, c in CALLS])
def test_what_was_read_counts(name: str, case: Case) -> None:
    """Operands and result may be written to before the second sweep."""

    def twice(write: bool) -> list[Array]:
        f, arrays = restricted(name, case, range(len(case.shapes)))
        leaves = [mg.tensor(a) for a in arrays]
        operands = [t * 1.0 for t in leaves]
        out = f(*operands)
        (out * out).sum().backward(create_graph=True)
        slopes = [t.grad for t in leaves]
        if write:
            for t in (*operands, out):
                t[...] = 0.5
        total: Any = 0.0
        for slope in slopes:
            total = total + (slope * slope).sum()
        for t in leaves:
            t.null_grad()
        total.backward()
        return [host(t.grad) for t in leaves]

    for got, want in zip(twice(True), twice(False), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


# --- residuals that cannot be computed on tensors -------------------------------------------------
def scaled_by(length: Any) -> Primitive:
    """A primitive that scales to unit length, whose residual comes from a given function."""

    @primitive(x=lambda g, out, size, xp: (g - out * xp.sum(g * out)) / size, residuals=("size",))
    def unit(x: Any, *, xp: Any) -> Any:
        size = length(x, xp)
        return x / size, size

    return unit


def differentiated_twice(unit: Any) -> Array:
    x = mg.tensor([3.0, 4.0])
    (unit(x) * np.array([1.0, 2.0])).sum().backward(create_graph=True)
    first = x.grad
    x.null_grad()
    (first * first).sum().backward()
    return host(x.grad)


def plain_data(x: Any, xp: Any) -> Any:
    array = mg.asarray(x) if isinstance(x, mg.Tensor) else x
    return xp.adapter.xp.sqrt(xp.adapter.xp.sum(array * array))


def test_residuals_are_computed_again() -> None:
    unit = scaled_by(lambda x, xp: xp.sqrt(xp.sum(x * x)))
    check_second_derivatives(unit, [np.array([3.0, 4.0])])


def test_a_residual_that_leaves_tensors_raises() -> None:
    """Plain data in the place of a residual would be a constant: its derivative lost."""
    unit = scaled_by(plain_data)
    x = mg.tensor([3.0, 4.0])
    unit(x).backward()
    assert x.grad is not None
    x = mg.tensor([3.0, 4.0])
    y = unit(x)
    with pytest.raises(NotImplementedError, match=r"residual 'size' of unit .* plain data"):
        y.backward(create_graph=True)
    assert x.grad is None
    y.backward()  # the graph is as it was
    assert x.grad is not None


def test_a_residual_by_a_function_without_derivative_raises() -> None:
    unit = scaled_by(lambda x, xp: xp.sqrt(xp.nextafter(xp.sum(x * x), xp.sum(x * x))))
    if not hasattr(mg.backends.selected_adapter().xp, "nextafter"):
        pytest.skip("no nextafter")
    with pytest.raises(NotImplementedError, match="nextafter"):
        differentiated_twice(unit)


def test_index_residuals_are_used_as_they_are() -> None:
    calls = []

    @primitive(
        x=lambda g, x, where, xp: 2 * xp.where(where, g * x, 0.0), index_residuals=("where",)
    )
    def positive_squares(x: Any, *, xp: Any) -> Any:
        calls.append(x)
        where = x > 0
        return xp.where(where, x * x, 0.0), where

    x = mg.tensor([1.0, -2.0, 3.0])
    positive_squares(x).sum().backward(create_graph=True)
    first = x.grad
    x.null_grad()
    (first * first).sum().backward()
    np.testing.assert_array_equal(host(x.grad), [8.0, 0.0, 24.0])
    assert len(calls) == 1


def test_constant_operands_of_residuals_may_be_plain() -> None:
    """A residual of constants alone is no derivative lost."""

    @primitive(
        x=lambda g, x, factor: g * x * factor,
        scale=lambda g, x, scale, xp: xp.sum(g * x * x * scale),
        residuals=("factor",),
    )
    def scaled_squares(x: Any, scale: Any, *, xp: Any) -> Any:
        factor = scale * scale
        return x * x * factor / 2, factor

    x = mg.tensor([1.0, 2.0])
    scaled_squares(x, np.array(3.0)).sum().backward(create_graph=True)
    first = x.grad
    x.null_grad()
    first.sum().backward()
    np.testing.assert_array_equal(host(x.grad), [9.0, 9.0])
    check_second_derivatives(scaled_squares, [np.array([1.0, 2.0]), np.array(3.0)])
