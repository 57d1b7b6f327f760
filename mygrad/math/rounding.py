"""Functions that are constant between jumps, and clip.

The derivative of a piecewise-constant function is zero wherever it exists, so the result is a
constant: nothing is recorded, and no gradient flows.
"""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import is_complex
from mygrad.math.library_functions import library_function
from mygrad.math.ufunc import Elementwise, ufunc
from mygrad.tensors.base import Tensor

__all__ = [
    "around", "ceil", "clip", "divmod", "fix", "floor", "floor_divide", "heaviside", "rint",
    "round", "sign", "trunc",
]  # fmt: skip


@ufunc(x=None)
def floor(x: Any) -> Any:
    """The largest integer that is not greater. Piecewise constant: the result is a constant.

    Parameters
    ----------
    x
        A tensor, array or number.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.floor(mg.tensor([-1.5, 1.5]))
    Tensor([-2.,  1.])
    """


@ufunc(x=None)
def ceil(x: Any) -> Any:
    """The smallest integer that is not less. Piecewise constant: the result is a constant.

    Parameters
    ----------
    x
        A tensor, array or number.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.ceil(mg.tensor([-1.5, 1.5]))
    Tensor([-1.,  2.])
    """


@ufunc(x=None, aliases=("fix",))
def trunc(x: Any) -> Any:
    """The integer part. Piecewise constant: the result is a constant.

    Parameters
    ----------
    x
        A tensor, array or number.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.trunc(mg.tensor([-1.5, 1.5]))
    Tensor([-1.,  1.])
    """


fix = trunc


@ufunc(x=None)
def rint(x: Any, *, xp: Any) -> Any:
    """The nearest integer, halves to even. Piecewise constant: the result is a constant.

    Parameters
    ----------
    x
        A tensor, array or number.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.rint(mg.tensor([0.5, 1.5, 2.2]))
    Tensor([0., 2., 2.])
    """
    return xp.round(x)


class _Sign(Elementwise):
    """`sign`, which is piecewise constant on real numbers alone."""

    only_applies = False

    def __call__(self, *operands: Any, **options: Any) -> Any:
        for x in operands[:1]:
            if isinstance(x, Handle) and not x._constant:
                adapter = adapter_of(x._data)
                if adapter is not None and is_complex(x, namespace_of(adapter)):
                    return _phase(*operands, **options)
        return super().__call__(*operands, **options)


def _phase_slope(g: Any, x: Any, out: Any, xp: Any) -> Any:
    """The adjoint without its part along `x`, as moves along `x` change nothing; 0 at 0."""
    length = xp.abs(x)
    along = xp.conj(out) * xp.real(g * out)
    return xp.where(length == 0, 0.0, (g - along) / xp.where(length == 0, 1.0, length))


@library_function(part=("sign", None), x=_phase_slope)
def _phase(x: Any) -> Any:
    """``x / abs(x)``, the sign of complex numbers."""


def _sign(x: Any) -> Any:
    """-1, 0 or 1. Piecewise constant: the result is a constant.

    Of complex numbers it is ``x / abs(x)``, which is differentiable, and 0 at 0.

    Parameters
    ----------
    x
        Tensors, arrays or numbers.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.sign(mg.tensor([-2.0, 0.0, 3.0]))
    Tensor([-1.,  0.,  1.])
    """


_sign.__name__ = _sign.__qualname__ = "sign"
sign = _Sign(_sign, {"x": None})


@ufunc(x1=None, x2=None)
def floor_divide(x1: Any, x2: Any) -> Any:
    """The quotient, rounded down. Piecewise constant: the result is a constant.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.floor_divide(mg.tensor([5.0, -5.0]), 3)
    Tensor([ 1., -2.])
    """


def divmod(
    x1: Any,
    x2: Any,
    /,
    out: Any = (None, None),
    *,
    where: Any = True,
    dtype: Any = None,
    constant: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """The quotient, rounded down, and the remainder, which is differentiable.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.
    out
        Where to write the two results.
    where
        Where to compute.
    dtype
        The data type to compute in.
    constant
        Whether the remainder is constant; the quotient always is.

    Returns
    -------
    tuple[Tensor, Tensor]

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.divmod(mg.tensor([5.0, -5.0]), 3)
    (Tensor([ 1., -2.]), Tensor([2., 1.]))
    """
    from mygrad.math.arithmetic import remainder

    first, second = (None, None) if out is None else out
    if first is not None:  # the remainder is of the operands before the quotient is written
        x1, x2 = (registry["copy"](t) if isinstance(t, Handle) else t for t in (x1, x2))
    return (
        floor_divide(x1, x2, out=first, where=where, dtype=dtype),
        remainder(x1, x2, out=second, where=where, dtype=dtype, constant=constant),
    )


@ufunc(x1=None, x2=lambda g, x1, xp: xp.where(x1 == 0, g, 0.0))
def heaviside(x1: Any, x2: Any, *, xp: Any) -> Any:
    """0 below zero, 1 above it, and `x2` at zero. By `x1` there is no derivative.

    Parameters
    ----------
    x1, x2
        Tensors, arrays or numbers, which broadcast.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.heaviside(mg.tensor([-2.0, 0.0, 3.0]), 0.5)
    Tensor([0. , 0.5, 1. ])
    """
    return xp.where(x1 == 0, x2, xp.where(x1 > 0, xp.ones_like(x2), 0.0))


@primitive(a=None, aliases=("around",), goes_first=True)
def round(a: Any, decimals: int = 0, *, xp: Any) -> Any:
    """Round to a number of decimals, halves to even. Piecewise constant: a constant.

    Parameters
    ----------
    a
        A tensor, array or number.
    decimals
        How many decimals to keep; negative ones round to tens, hundreds, ...

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.round(mg.tensor([1.26, -0.54]), 1)
    Tensor([ 1.3, -0.5])
    """
    rounded = xp.adapter.xp.round
    if decimals:
        return rounded(a * 10.0**decimals) / 10.0**decimals
    found = rounded(a)
    return xp.adapter.copy(a) if found is a else found  # which some libraries do with integers


around = round


@primitive(
    a=lambda g, a, a_min, a_max, xp: xp.where(_inside(a, a_min, a_max), g, 0.0),
    a_min=lambda g, a, a_min, a_max, xp: xp.where(_below(a, a_min, a_max), g, 0.0),
    a_max=lambda g, a, a_min, a_max, xp: xp.where((a > a_max) | (a_min > a_max), g, 0.0),
    goes_first=True,
    broadcasts="elements",
)
def _clip(a: Any, a_min: Any, a_max: Any, *, xp: Any) -> Any:
    """`clip` with both bounds; where they cross, the upper one counts."""
    return xp.minimum(xp.maximum(a, a_min), a_max)


def _inside(a: Any, low: Any, high: Any) -> Any:
    return (a > low) & (a < high)


def _below(a: Any, low: Any, high: Any) -> Any:
    return (a < low) & (low < high)


def clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Limit values to an interval. The derivative at its bounds is taken to be 0.

    Parameters
    ----------
    a
        A tensor, array or number.
    a_min, a_max
        The bounds, which broadcast; None for no bound.
    out
        Where to write the result.
    min, max
        Other names of `a_min` and `a_max`.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([-1.0, 0.5, 2.0])
    >>> y = mg.clip(x, 0.0, 1.0)
    >>> y
    Tensor([0. , 0.5, 1. ])
    >>> y.backward()
    >>> x.grad
    array([0., 1., 0.])
    """
    if not (min is None and max is None):
        if not (a_min is None and a_max is None):
            raise ValueError("clip: min= and max= are other names of a_min and a_max; give one")
        a_min, a_max = min, max
    if a_min is None and a_max is None:
        return registry["copy"](a, out=out, constant=constant)
    low = -float("inf") if a_min is None else a_min
    high = float("inf") if a_max is None else a_max
    if a_min is None or a_max is None:
        from mygrad.math.arithmetic import maximum, minimum

        one = minimum if a_min is None else maximum
        return one(a, high if a_min is None else low, out=out, constant=constant)
    return _clip(a, low, high, out=out, constant=constant)
