"""Raw arrays of a library beside tensors on it: left and right, in place, compared and assigned.

On every array library an expression either keeps the gradient, or gives the user an error or a
warning; nothing is detached silently. (`test_cupy.py` has what CuPy's own functions do.)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host
from programs import BACKEND

import mygrad as mg

pytestmark = pytest.mark.raw_arithmetic

RAW = np.array([[1.0, 2.0], [3.0, 4.0]])
VALUES = np.array([[5.0, 6.0], [7.0, 8.0]])
MASK = np.array([[True, False], [False, True]])
Expression = Callable[[Any, Any, Any], Any]
"""Of a raw array, a tensor, and a raw mask."""


def assigned(index: Any, value: Expression) -> Expression:
    """``t[index] = value``, with the raw mask for `MASK`."""

    def expression(raw: Any, t: Any, mask: Any) -> Any:
        u = t * 1.0
        u[mask if index is MASK else index] = value(raw, t, mask)
        return u

    return expression


def stored(index: Any, part: Any) -> Expression:
    """``raw[index] = t[part]``."""

    def expression(raw: Any, t: Any, mask: Any) -> Any:
        raw[mask if index is MASK else index] = t[mask if part is MASK else part]
        return raw

    return expression


RIGHT: dict[str, Expression] = {
    "t + raw": lambda raw, t, mask: t + raw,
    "t - raw": lambda raw, t, mask: t - raw,
    "t * raw": lambda raw, t, mask: t * raw,
    "t / raw": lambda raw, t, mask: t / raw,
    "t ** raw": lambda raw, t, mask: t**raw,
    "t % raw": lambda raw, t, mask: t % raw,
    "t @ raw": lambda raw, t, mask: t @ raw,
    "mg.multiply(raw, t)": lambda raw, t, mask: mg.multiply(raw, t),
    "mg.where(mask, raw, t)": lambda raw, t, mask: mg.where(mask, raw, t),
    "t += raw": lambda raw, t, mask: operator.iadd(t * 1.0, raw),
    "t *= raw": lambda raw, t, mask: operator.imul(t * 1.0, raw),
    "t[mask]": lambda raw, t, mask: t[mask],
    "t[...] = raw": assigned(..., lambda raw, t, mask: t * raw),
    "t[0] = raw[0, ...]": assigned(0, lambda raw, t, mask: raw[0, ...]),
    "t[mask] = raw[mask]": assigned(MASK, lambda raw, t, mask: raw[mask]),
    "t[mask] = 0": assigned(MASK, lambda raw, t, mask: 0.0),
    "np.float64 * t": lambda raw, t, mask: np.float64(3) * t,
    "np.float64 - t": lambda raw, t, mask: np.float64(3) - t,
    "np.float64 ** t": lambda raw, t, mask: np.float64(3) ** t,
    "t / np.float64": lambda raw, t, mask: t / np.float64(3),
    "np.array(3.0) * t": lambda raw, t, mask: np.array(3.0) * t,
}
"""What the tensor decides: it keeps the gradient on every library."""

LEFT: dict[str, Expression] = {
    "raw + t": lambda raw, t, mask: raw + t,
    "raw - t": lambda raw, t, mask: raw - t,
    "raw * t": lambda raw, t, mask: raw * t,
    "raw / t": lambda raw, t, mask: raw / t,
    "raw ** t": lambda raw, t, mask: raw**t,
    "raw % t": lambda raw, t, mask: raw % t,
    "raw @ t": lambda raw, t, mask: raw @ t,
    "raw[0, 0] * t": lambda raw, t, mask: raw[0, 0] * t,
    "raw += t": lambda raw, t, mask: operator.iadd(raw, t),
    "raw -= t": lambda raw, t, mask: operator.isub(raw, t),
    "raw *= t": lambda raw, t, mask: operator.imul(raw, t),
    "raw /= t": lambda raw, t, mask: operator.itruediv(raw, t),
}
"""What the library decides, which has the array on the left."""

REFUSES = {
    "array-api-strict": "Expected Array or Python scalar; got .*Tensor",
    "dpnp": "An array must be any of supported type, but got .*Tensor",
}
"""Libraries that take no operand of a type that they do not know, and what they say."""

STORED: dict[str, Expression] = {
    "raw[...] = t": stored(..., ...),
    "raw[0, ...] = t[0]": stored((0, ...), 0),
    "raw[mask] = t[mask]": stored(MASK, MASK),
}
"""Writes of tensors into raw arrays, which no graph can see."""

ON_HOST = {name: e for name, e in {**LEFT, **STORED}.items() if "[0, 0]" not in name}
"""Those whose array is none of NumPy's scalars, which go everywhere."""

COMPARED: dict[str, Expression] = {
    "<": lambda raw, t, mask: raw < t,
    ">=": lambda raw, t, mask: raw >= t,
    "==": lambda raw, t, mask: raw == t,
    "!=": lambda raw, t, mask: raw != t,
}


def operands(xp_backend: Any) -> tuple[Any, Any, Any]:
    device = mg.tensor(1.0).device
    raw, mask = (xp_backend.from_host(a.copy(), device) for a in (RAW, MASK))
    return raw, mg.tensor(VALUES), mask


def keeps(expression: Expression, xp_backend: Any) -> None:
    """The value and the gradient of an expression are those of the tensors' own functions."""
    raw, t, mask = operands(xp_backend)
    out = expression(raw, t, mask)
    assert isinstance(out, mg.Tensor), f"the gradient is lost: it is a {type(out).__name__}"
    assert out.backend == BACKEND
    (out * out).sum().backward()
    assert t.grad is not None, "the gradient is lost"
    with mg.backend("numpy"):
        u = mg.tensor(VALUES)
        expected = expression(mg.tensor(RAW), u, MASK)
        (expected * expected).sum().backward()
    np.testing.assert_allclose(host(out), host(expected), rtol=1e-12)
    np.testing.assert_allclose(host(t.grad), host(u.grad), rtol=1e-12)


@pytest.mark.parametrize("expression", RIGHT.values(), ids=RIGHT)
def test_what_the_tensor_decides(expression: Expression, xp_backend: Any) -> None:
    keeps(expression, xp_backend)


@pytest.mark.parametrize("expression", LEFT.values(), ids=LEFT)
def test_what_the_library_decides(expression: Expression, xp_backend: Any) -> None:
    if BACKEND not in REFUSES:
        keeps(expression, xp_backend)
        return
    raw, t, mask = operands(xp_backend)
    with pytest.raises(TypeError, match=REFUSES[BACKEND]):
        expression(raw, t, mask)
    assert host(raw).tolist() == RAW.tolist()


@pytest.mark.parametrize("expression", STORED.values(), ids=STORED)
def test_writes_into_raw_arrays_are_told(expression: Expression, xp_backend: Any) -> None:
    raw, t, mask = operands(xp_backend)
    if BACKEND in ("numpy", "cupy"):
        with pytest.warns(mg.errors.GradientDetached):
            expression(raw, t, mask)
        return
    words = r"does not turn into a NumPy array|can't assign a Tensor|JAX arrays are immutable"
    with pytest.raises(TypeError, match=words):
        expression(raw, t, mask)
    assert host(raw).tolist() == RAW.tolist()


@pytest.mark.parametrize("expression", COMPARED.values(), ids=COMPARED)
def test_comparisons(expression: Expression, xp_backend: Any) -> None:
    raw, t, mask = operands(xp_backend)
    expected = expression(RAW, VALUES, MASK).tolist()
    if BACKEND in REFUSES:
        with pytest.raises(TypeError, match=REFUSES[BACKEND]):
            expression(raw, t, mask)
    else:
        found = expression(raw, t, mask)
        assert isinstance(found, xp_backend.array_types)
        assert host(found).tolist() == expected
    mirrored = expression(t, raw, mask)
    assert isinstance(mirrored, xp_backend.array_types)
    assert host(mirrored).tolist() == expression(VALUES, RAW, MASK).tolist()


@pytest.mark.skipif(BACKEND == "numpy", reason="on NumPy they are the library's own arrays")
@pytest.mark.parametrize("expression", ON_HOST.values(), ids=ON_HOST)
def test_arrays_of_numpy_beside_tensors_elsewhere(expression: Expression) -> None:
    """They are not moved, where no backend is selected for data on the host."""
    t, raw = mg.tensor(VALUES), RAW.copy()
    mg.set_backend(None)
    with pytest.raises(TypeError, match=r"behind your back"):
        expression(raw, t, MASK)
    assert raw.tolist() == RAW.tolist()
