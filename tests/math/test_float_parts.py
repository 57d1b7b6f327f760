"""`float_power`, `frexp`, `ldexp`, `modf`, `nextafter`, `spacing` on the arrays of any library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.arrays import selected_adapter

A = np.array([[1.3, -0.7, 2.25], [0.4, -9.5, 1.2]])
WHOLE = np.array([[1, -3, 2], [4, 2, 1]])
WEIGHTS = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]])

CASES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "float_power": ((np.abs(A), WEIGHTS), WEIGHTS * np.abs(A) ** (WEIGHTS - 1)),
    "frexp": ((A,), 2.0 ** -np.frexp(A)[1]),
    "ldexp": ((A, WHOLE), 2.0**WHOLE),
    "modf": ((A,), np.ones_like(A)),
    "nextafter": ((A, WEIGHTS), np.ones_like(A)),
    "spacing": ((A,), None),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_values_and_gradients(name: str) -> None:
    (first, *rest), slope = CASES[name]
    library = selected_adapter().xp
    composed = ("float_power", "ldexp", "modf", "spacing")
    x = mg.tensor(first)
    operands = (x, *map(raw, rest))
    if not hasattr(library, name) and name not in composed:
        with pytest.raises(TypeError, match=f"has no function {name}"):
            getattr(mg, name)(*operands)
        return
    got, want = getattr(mg, name)(*operands), getattr(np, name)(first, *rest)
    several = isinstance(want, tuple)
    for t, wanted in zip(got if several else [got], want if several else [want], strict=True):
        np.testing.assert_allclose(host(t), wanted, rtol=1e-15)
    y = got[0] if several else got
    assert y.constant == (slope is None)
    if several:
        assert got[1].constant
    if slope is not None:
        (y * raw(WEIGHTS)).sum().backward(create_graph=True)
        np.testing.assert_allclose(host(x.grad), slope * WEIGHTS, rtol=1e-14)


def test_compositions() -> None:
    """For libraries that have no such function."""
    from mygrad.autodiff.namespace import namespace_of
    from mygrad.math import float_parts

    adapter = selected_adapter()
    xp = namespace_of(adapter)
    power = adapter.following(mg.float_power.forward)(raw(np.abs(A)), raw(WEIGHTS), xp=xp)
    np.testing.assert_allclose(host(power), np.abs(A) ** WEIGHTS, rtol=1e-15)
    for a in (A, np.array([np.inf, -np.inf, -0.0])):
        parts = [
            adapter.following(f.forward)(raw(a), xp=xp)
            for f in (float_parts._fraction, float_parts._whole)
        ]
        for got, want in zip(parts, np.modf(a), strict=True):
            np.testing.assert_array_equal(host(got), want)
    scaled = adapter.following(mg.ldexp.forward)(raw(A), raw(WHOLE), xp=xp)
    np.testing.assert_array_equal(host(scaled), np.ldexp(A, WHOLE))
