"""``numpy.lib.scimath`` on tensors: square roots, logarithms and the like that turn complex.

Each is the ufunc of its name; where a real operand has an element outside of the domain it is made
complex first. Whether one has is a question about values, so that a device is waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.autodiff.namespace import registry
from mygrad.tensor_manip.copying import astype
from mygrad.tensors.base import as_operand_tensor, as_operand_tensors

__all__ = ["SCIMATH"]


def _leaves(t: Any, outside: Callable[[Any], Any]) -> bool:
    """Whether an element of a real tensor is where `outside` is true."""
    library = adapter_of(t._data).xp  # type: ignore[union-attr]
    if library.isdtype(t.dtype, "complex floating"):
        return False
    return bool(library.any(outside(t._data)))


def _complex(t: Any) -> Any:
    """A tensor as complex numbers: of single precision for what has no more than that."""
    short = t.dtype.itemsize <= 4 if t.dtype.kind == "f" else t.dtype.itemsize <= 2
    return astype(t, "complex64" if short else "complex128", constant=t.constant)


def _below_zero(a: Any) -> Any:
    return a < 0


def _beyond_one(a: Any) -> Any:
    return (a > 1) | (a < -1)


def _in_domain(name: str, outside: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def compute(x: Any) -> Any:
        t = as_operand_tensor(x, (x,))
        return registry[name](_complex(t) if _leaves(t, outside) else t)

    compute.__name__ = name
    return compute


_log = _in_domain("log", _below_zero)


def _logn(n: Any, x: Any) -> Any:
    return _log(x) / _log(n)


def _power(x: Any, p: Any) -> Any:
    x, p = as_operand_tensors(x, p)
    if _leaves(x, _below_zero):
        x = _complex(x)
    if p.dtype.kind == "i" and _leaves(p, _below_zero):
        p = p * 1.0
    return registry["power"](x, p)


SCIMATH: dict[Any, Callable[..., Any]] = {
    np.lib.scimath.arccos: _in_domain("arccos", _beyond_one),
    np.lib.scimath.arcsin: _in_domain("arcsin", _beyond_one),
    np.lib.scimath.arctanh: _in_domain("arctanh", _beyond_one),
    np.lib.scimath.log: _log,
    np.lib.scimath.log2: _in_domain("log2", _below_zero),
    np.lib.scimath.log10: _in_domain("log10", _below_zero),
    np.lib.scimath.logn: _logn,
    np.lib.scimath.power: _power,
    np.lib.scimath.sqrt: _in_domain("sqrt", _below_zero),
}
"""By function of NumPy's, what does its work on tensors."""
