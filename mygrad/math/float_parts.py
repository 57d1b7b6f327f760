"""Numbers as they are stored, and powers in double precision: NumPy's ufuncs of that kind."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import Adapter, get_adapter
from mygrad.math.arithmetic import power_by_base, power_by_exponent
from mygrad.math.dtypes import floats
from mygrad.math.library_functions import (
    LibraryFunction,
    documented,
    library_function,
    several_of,
)

__all__ = ["float_power", "frexp", "ldexp", "modf", "nextafter", "spacing"]


class _FloatPower(LibraryFunction):
    """`float_power`, which computes in double precision whatever is asked for."""

    def __call__(self, *operands: Any, dtype: Any = None, **options: Any) -> Any:  # type: ignore[override]
        if dtype is not None and get_adapter("numpy").xp.dtype(dtype).char not in "dgDG":
            raise TypeError(f"float_power: dtype= is of double precision, and was given {dtype}")
        return super().__call__(*operands, dtype=dtype, **options)

    def find(self, adapter: Adapter) -> Any:
        """NumPy's. Other libraries leave single precision as it is."""
        return super().find(adapter) if adapter is get_adapter("numpy") else None


def _float_power(x1: Any, x2: Any, *, xp: Any) -> Any:
    """Power, in double precision at least, whatever the dtypes.

    >>> mg.float_power([2, 4], -1)
    Tensor([0.5 , 0.25])
    """
    library = xp.adapter.xp
    kind = library.result_type(x1, x2)
    kind = library.complex128 if library.isdtype(kind, "complex floating") else library.float64
    return xp.astype(x1, kind) ** xp.astype(x2, kind)


_float_power.__name__ = _float_power.__qualname__ = "float_power"
float_power = _FloatPower(
    documented(_float_power, ["x1", "x2"]),
    {
        "x1": lambda g, x1, x2, xp: g * power_by_base(x1, x2, xp),
        "x2": lambda g, x1, out, xp: g * power_by_exponent(x1, out, xp),
    },
    None,
)


@library_function(x1=lambda g, x2, xp: xp[ldexp](g, x2), x2=None)
def ldexp(x1: Any, x2: Any, *, xp: Any) -> Any:
    """``x1 * 2**x2``, where `x2` are integers.

    >>> mg.ldexp(mg.tensor([0.5, 0.75]), 3)
    Tensor([4., 6.])
    """
    x1 = floats(x1, xp)
    return x1 * 2.0 ** xp.astype(x2, x1.dtype)


@library_function(part=("frexp", 0), x=lambda g, x, xp: xp[ldexp](g, -xp[_exponent](x)))
def _mantissa(x: Any) -> Any:
    """A number divided by the power of two that makes it at least 0.5, and less than 1."""


@library_function(part=("frexp", 1), x=None)
def _exponent(x: Any) -> Any:
    """The exponent of that power."""


@several_of(_mantissa, _exponent, options=("where", "constant"))
def frexp(x: Any) -> Any:
    """Numbers between 0.5 and 1, and integer exponents of two, whose product is `x`.

    The derivative of the first is one over the power of two; the second are constants.

    >>> mg.frexp(mg.tensor([3.0, 0.75]))
    (Tensor([0.75, 0.75]), Tensor([2, 0], dtype=int32))
    """


@library_function(part=("modf", 0), x=lambda g: g)
def _fraction(x: Any, *, xp: Any) -> Any:
    """What is behind the decimal point, with the sign of the number."""
    x = xp.where(xp.isinf(x), 0.0, x)
    return x - xp.trunc(x)


@library_function(part=("modf", 1), x=None)
def _whole(x: Any, *, xp: Any) -> Any:
    """What is before the decimal point."""
    return xp.trunc(x)


@several_of(_fraction, _whole)
def modf(x: Any) -> Any:
    """What is behind the decimal point, and what is before it, which is a constant.

    Both have the sign of `x`.

    >>> mg.modf(mg.tensor([1.25, -0.5]))
    (Tensor([ 0.25, -0.5 ]), Tensor([ 1., -0.]))
    """


@library_function(x1=lambda g: g, x2=None)
def nextafter(x1: Any, x2: Any) -> Any:
    """The next number after `x1` in the direction of `x2`.

    It is `x1` but for the last bit, so that the derivative by `x1` is taken to be 1.

    >>> mg.nextafter(1.0, 2.0) - 1.0
    Tensor(2.22044605e-16)
    """


@library_function(x=None)
def spacing(x: Any, *, xp: Any) -> Any:
    """The distance to the next number. Piecewise constant: the result is a constant.

    >>> mg.spacing(1.0)
    Tensor(2.22044605e-16)
    """
    size = xp.abs(x)
    above = xp.nextafter(size, float("inf")) - size
    below = size - xp.nextafter(size, 0.0)  # beyond the largest number there is only infinity
    return xp.copysign(xp.where(xp.isinf(above), below, above), x)
