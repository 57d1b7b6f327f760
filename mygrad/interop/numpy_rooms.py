"""NumPy's rooms that mygrad has none for: `numpy.emath`, polynomials of two variables.

And ufuncs made of Python functions (`numpy.frompyfunc`): they are called with the elements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.lib.scimath as scimath
import numpy.polynomial.polynomial as polynomial

from mygrad.arrays import adapter_of
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.tensors.base import as_operand_tensor, as_operand_tensors

__all__ = ["is_of_python", "of_elements", "rooms"]

Function = Callable[..., Any]


def rooms(public: Any) -> dict[Any, Function]:
    """By NumPy's function, what does its work; `public` has mygrad's functions."""
    outside = {"arccos": _beyond_one, "arcsin": _beyond_one, "arctanh": _beyond_one}
    found: dict[Any, Function] = {}
    for name in ("sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh"):
        ours, is_outside = getattr(public, name), outside.get(name, _negative)
        found[getattr(scimath, name)] = _extended(ours, is_outside)

    def logn(n: Any, x: Any) -> Any:
        base, operand = _complex_where(n, _negative), _complex_where(x, _negative)
        return public.log(operand) / public.log(base)

    def power(x: Any, p: Any) -> Any:
        exponent = as_operand_tensor(p)
        if exponent.dtype.kind in "iu" and bool((exponent.data < 0).any()):
            exponent = registry["astype"](exponent, float, constant=True)
        return public.power(_complex_where(x, _negative), exponent)

    def polyval2d(x: Any, y: Any, c: Any) -> Any:
        return _at_points("polyval2d", (x, y), c)

    def polyvalnd(pts: Any, c: Any) -> Any:
        return _at_points("polyvalnd", pts, c)

    def polygrid2d(x: Any, y: Any, c: Any) -> Any:
        x, y, c = as_operand_tensors(x, y, c)
        return _horner(y, _for_each(_horner(x, _for_each(c, x)), y))

    return found | {
        scimath.logn: logn, scimath.power: power, polynomial.polyval2d: polyval2d,
        polynomial.polygrid2d: polygrid2d,
        **({polynomial.polyvalnd: polyvalnd} if hasattr(polynomial, "polyvalnd") else {}),
    }  # fmt: skip


# --- numpy.emath ----------------------------------------------------------------------------
def _negative(array: Any) -> Any:
    return array < 0


def _beyond_one(array: Any) -> Any:
    return abs(array) > 1


def _complex_where(x: Any, outside: Function) -> Any:
    """An operand; as complex numbers, if one of its elements is outside of the real domain."""
    t = as_operand_tensor(x)
    adapter = adapter_of(t._data)
    assert adapter is not None
    xp = adapter.xp
    if xp.isdtype(t.dtype, "complex floating") or not bool(xp.any(outside(t._data))):
        return t
    narrow = xp.isdtype(t.dtype, "real floating") and xp.finfo(t.dtype).bits <= 32
    single = narrow or (xp.isdtype(t.dtype, "integral") and xp.iinfo(t.dtype).bits <= 16)
    constant = None if xp.isdtype(t.dtype, "real floating") else True
    return registry["astype"](t, xp.complex64 if single else xp.complex128, constant=constant)


def _extended(ours: Function, outside: Function) -> Function:
    """``np.emath.sqrt(t)``: the complex values, if there are negative numbers."""
    return lambda x: ours(_complex_where(x, outside))


# --- polynomials ----------------------------------------------------------------------------
def _for_each(c: Any, x: Any) -> Any:
    """Coefficients, with axes behind for the points at which each of the polynomials is taken."""
    return registry["reshape"](c, (*c.shape, *(1,) * x.ndim))


def _at_points(name: str, points: Any, c: Any) -> Any:
    """The polynomial in several variables at points, of which the coordinates are given."""
    *coordinates, c = as_operand_tensors(*points, c)
    shapes = [tuple(x.shape) for x in coordinates]
    if len(set(shapes)) != 1:
        raise ValueError(
            f"numpy.polynomial.polynomial.{name}: the coordinates of points have one shape, and "
            f"not {', '.join(map(str, shapes)) or 'none'}"
        )
    value = _for_each(c, coordinates[0])
    for x in coordinates:
        value = _horner(x, value)
    return value


def _horner(x: Any, c: Any) -> Any:
    """The polynomial whose coefficients are along the first axis, lowest degree first."""
    value = c[-1] + x * 0.0
    for k in range(2, c.shape[0] + 1):
        value = c[-k] + value * x
    return value


# --- Python functions -----------------------------------------------------------------------
def is_of_python(ufunc: Any) -> bool:
    """Whether a ufunc calls a Python function for each element."""
    types = getattr(ufunc, "types", None)
    return bool(types) and types == ["O" * ufunc.nin + "->" + "O" * ufunc.nout]


def of_elements(ufunc: Any, inputs: Any, options: dict[str, Any]) -> Any:
    """Call a ufunc of a Python function with the elements of tensors, which are tensors."""
    results = ufunc(*(_elements(t) for t in inputs), **options)
    if isinstance(results, tuple):
        return tuple(_joined(r) for r in results)
    return _joined(results)


def _elements(t: Any) -> Any:
    if not isinstance(t, Handle):
        return t
    held = np.empty(t._data.shape, object)
    for place in np.ndindex(held.shape):
        held[place] = t[place]  # type: ignore[index]
    return held


def _joined(result: Any) -> Any:
    """Elements as one tensor again, if there are tensors among them."""
    if not isinstance(result, np.ndarray):
        return result
    elements = result.reshape(-1).tolist()
    if not any(isinstance(e, Handle) for e in elements):
        return result
    return registry["reshape"](registry["stack"](as_operand_tensors(*elements)), result.shape)
