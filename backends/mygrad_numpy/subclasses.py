"""What becomes of what is not quite an array of NumPy's: memory maps, masks, lists of arrays."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import numbers_alone

__all__ = ["plain", "refuse_foreign_arrays", "without_mask"]

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
_OPERATORS = [f"__{prefix}{name}__" for name in _BINARY for prefix in ("", "r")]


@cache
def _computes_its_own_way(kind: type) -> bool:
    """Whether operators or ufuncs mean something else on this type than on `numpy.ndarray`."""
    return not getattr(kind, "_computes_as_arrays", False) and any(
        getattr(kind, name) is not getattr(np.ndarray, name)
        for name in ("__array_ufunc__", *_OPERATORS)
    )


def plain(array: Any) -> Any:
    """An array of a subclass (a memory map, a record array) as the plain array on its memory."""
    kind = type(array)
    if kind is np.ndarray:
        return array
    if _computes_its_own_way(kind):  # type: ignore[arg-type]
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} gives operators a meaning of its own (masks, "
            f"units, matrix products), which would be lost; hand in np.asarray(a) if its plain "
            f"values are meant, or a.filled(...) of a masked array"
        )
    return np.asarray(array)


def without_mask(value: Any) -> Any:
    """The same value, if it is not an array with masked elements, which have no value."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(
            "an array with masked elements would lose its mask; hand in a.filled(...), or a.data "
            "and the mask as where="
        )
    return value


def refuse_foreign_arrays(items: Any) -> None:
    """Raise for a list with arrays of other libraries in it: NumPy would copy them to the host."""
    if numbers_alone(items):
        return
    for kind in {*map(type, items)}:
        for item in items:
            if type(item) is kind:
                if not issubclass(kind, (list, tuple)):
                    adapter = adapter_of(item)  # which raises where nobody has one
                    if adapter is not None and adapter.name != "numpy":
                        raise TypeError(
                            f"a list with arrays of {adapter.name} in it would become an array of "
                            f"NumPy; put them together with mg.stack"
                        )
                    break
                refuse_foreign_arrays(item)
