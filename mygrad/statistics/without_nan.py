"""Reductions and running totals that leave NaN out, and what to put in its place."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.inplace import write
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Handle
from mygrad.math.arithmetic import add, multiply
from mygrad.math.dtypes import is_narrow
from mygrad.math.sequential import cumprod, cumsum, max, mean, min, prod, std, sum, var
from mygrad.statistics.layout import (
    adapter_of_tensor,
    axes_of,
    cast,
    delivered,
    is_floating,
    rows_of,
    without_axes,
)
from mygrad.tensor_manip.copying import imag, real
from mygrad.tensor_manip.selecting import take_along_axis, where
from mygrad.tensors.base import Tensor, as_operand_tensor, astensor

__all__ = [
    "nan_to_num", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd",
    "nansum", "nanvar",
]  # fmt: skip


def _missing(t: Any) -> Any:
    """Raw: where a tensor is NaN; None if its dtype has no NaN."""
    if not is_floating(t):
        return None
    adapter = adapter_of_tensor(t)
    return adapter.following(adapter.xp.isnan)(t._data)


def _filled(a: Any, value: float) -> Any:
    """A tensor with a number in place of NaN."""
    t = as_operand_tensor(a)
    missing = _missing(t)
    return t if missing is None else registry["where"](missing, value, t)


def _chosen(t: Any, mask: Any) -> Any:
    """Raw: which elements are not NaN, and chosen by a mask; True for all."""
    missing = _missing(t)
    if missing is None:
        return mask
    adapter = adapter_of_tensor(t)
    present = adapter.following(adapter.xp.logical_not)(missing)
    if mask is True:
        return present
    asked = registry["broadcast_to"](as_operand_tensor(mask, (t,)), t.shape)._data
    return adapter.following(adapter.xp.logical_and)(present, asked)


def nansum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Sum over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, dtype, out, keepdims, initial, where, constant
        As for `sum`.

    Returns
    -------
    Tensor
        0 where there is nothing else. Elements that are NaN get the gradient 0.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nansum(mg.tensor([1.0, mg.nan, 2.0]))
    Tensor(3.)
    """
    return sum(
        _filled(a, 0.0), axis=axis, keepdims=keepdims, dtype=dtype, initial=initial, where=where,
        out=out, constant=constant,
    )  # fmt: skip


def nanprod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Product over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, dtype, out, keepdims, initial, where, constant
        As for `prod`.

    Returns
    -------
    Tensor
        1 where there is nothing else. Elements that are NaN get the gradient 0.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nanprod(mg.tensor([3.0, mg.nan, 2.0]))
    Tensor(6.)
    """
    return prod(
        _filled(a, 1.0), axis=axis, keepdims=keepdims, dtype=dtype, initial=initial, where=where,
        out=out, constant=constant,
    )  # fmt: skip


def nancumsum(
    a: Any, axis: int | None = None, dtype: Any = None, out: Any = None, *,
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Running sum along an axis; NaN counts as 0.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, dtype, out, constant
        As for `cumsum`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nancumsum(mg.tensor([1.0, mg.nan, 2.0]))
    Tensor([1., 1., 3.])
    """
    return cumsum(_filled(a, 0.0), axis, dtype=dtype, out=out, constant=constant)


def nancumprod(
    a: Any, axis: int | None = None, dtype: Any = None, out: Any = None, *,
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Running product along an axis; NaN counts as 1.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, dtype, out, constant
        As for `cumprod`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nancumprod(mg.tensor([3.0, mg.nan, 2.0]))
    Tensor([3., 3., 6.])
    """
    return cumprod(_filled(a, 1.0), axis, dtype=dtype, out=out, constant=constant)


def _extreme(
    name: str, a: Any, axis: Any, out: Any, keepdims: bool, initial: Any, mask: Any,
    constant: bool | None,
) -> Any:  # fmt: skip
    """The first of the smallest or largest elements that are not NaN."""
    t = as_operand_tensor(a)
    plain, pairwise, worst = EXTREMES[name]
    if _missing(t) is None or 0 in t.shape:
        return plain(
            t, axis=axis, keepdims=keepdims, initial=initial, where=mask, out=out,
            constant=constant,
        )  # fmt: skip
    if mask is not True and initial is None:
        raise ValueError(f"{name}: where= needs initial=, the result where nothing is chosen")
    adapter, axes = adapter_of_tensor(t), axes_of(axis, t.ndim, name)
    library, rows = adapter.xp, rows_of(t, axes)
    chosen = rows_of(as_operand_tensor(_chosen(t, mask)), axes)._data

    def find(array: Any, chosen: Any) -> tuple[Any, Any]:
        candidates = namespace_of(adapter).where(chosen, array, worst)
        best = getattr(library, plain.name)(candidates, axis=-1, keepdims=True)
        found = library.astype((array == best) & chosen, library.int8)
        some = library.any(chosen, axis=-1, keepdims=True)
        return library.argmax(found, axis=-1, keepdims=True), some

    places, some = adapter.following(find)(rows._data, chosen)
    result = take_along_axis(rows, places, -1)  # NaN where there is nothing else
    if initial is not None:
        initial = cast(as_operand_tensor(initial, (t,)), t.dtype)
        result = where(some, registry[pairwise](result, initial), initial)
    return delivered(without_axes(result[..., 0], axes, t.shape, keepdims), out, constant, name)


EXTREMES: dict[str, Any] = {
    "nanmin": (min, "fmin", float("inf")),
    "nanmax": (max, "fmax", -float("inf")),
}
"""What does the work where nothing is NaN; its form for two operands; what everything beats."""


def nanmin(
    a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = True, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Minimum over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, out, keepdims, initial, where, constant
        As for `min`.

    Returns
    -------
    Tensor
        NaN where there is nothing else. The first of equal entries gets the gradient.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nanmin(mg.tensor([3.0, mg.nan, 2.0]))
    Tensor(2.)
    """
    found: Tensor = _extreme("nanmin", a, axis, out, keepdims, initial, where, constant)
    return found


def nanmax(
    a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = True, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Maximum over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, out, keepdims, initial, where, constant
        As for `max`.

    Returns
    -------
    Tensor
        NaN where there is nothing else. The first of equal entries gets the gradient.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nanmax(mg.tensor([3.0, mg.nan, 2.0]))
    Tensor(3.)
    """
    found: Tensor = _extreme("nanmax", a, axis, out, keepdims, initial, where, constant)
    return found


def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *,
    where: Any = True, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Mean over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, dtype, out, keepdims, where, constant
        As for `mean`.

    Returns
    -------
    Tensor
        NaN where there is nothing else.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nanmean(mg.tensor([3.0, mg.nan, 2.0]))
    Tensor(2.5)
    """
    t = as_operand_tensor(a)
    return mean(
        t, axis=axis, keepdims=keepdims, dtype=dtype, where=_chosen(t, where), out=out,
        constant=constant,
    )  # fmt: skip


def _deviation(
    function: Any, a: Any, axis: Any, dtype: Any, out: Any, ddof: float, keepdims: bool,
    mask: Any, centre: Any, correction: Any, constant: bool | None,
) -> Any:  # fmt: skip
    t, name = as_operand_tensor(a), f"nan{function.name}"
    if ddof and correction is not None:
        raise ValueError(f"{name}: ddof= and correction= are two names for one thing")
    ddof = ddof if correction is None else correction
    options = {"axis": axis, "keepdims": keepdims}
    if _missing(t) is None:
        return function(
            t, ddof=ddof, **options, dtype=dtype, where=mask, mean=centre, out=out,
            constant=constant,
        )  # fmt: skip
    if dtype is not None:
        t = cast(t, dtype)
        if _missing(t) is None:
            raise TypeError(f"{name}: dtype= has to be a floating-point one, and is {t.dtype}")
    result = _moment(function is std, t, _chosen(t, mask), centre, ddof, options)
    return delivered(result, out, constant, name)


def _moment(
    root: bool, t: Any, chosen: Any, centre: Any, ddof: float, options: dict[str, Any]
) -> Any:
    """The variance of chosen elements, or its root; NaN where they are not more than `ddof`.

    No division by 0 is left in the graph: its derivative would be NaN, used or not.
    """
    adapter, dtype = adapter_of_tensor(t), t.dtype
    if is_narrow(t, namespace_of(adapter)):
        t = cast(t, adapter.xp.float32)
    if centre is None:
        centre = mean(t, axis=options["axis"], keepdims=True, where=chosen)
    deviation = where(chosen, t - centre, 0)
    if adapter.xp.isdtype(dtype, "complex floating"):
        squares = real(deviation * registry["conj"](deviation))
    else:
        squares = registry["square"](deviation)
    total = sum(squares, **options)
    ones = cast(as_operand_tensor(chosen), total.dtype)
    freedom = sum(ones, **options) - ddof
    few = freedom <= 0
    variance = total / where(few, 1.0, freedom)
    if root:
        zero = variance == 0  # where the derivative of the root is taken to be 0
        variance = where(zero, 0.0, registry["sqrt"](where(zero, 1.0, variance)))
    found = where(few, float("nan"), variance)
    return found if t.dtype == dtype else cast(found, dtype)


def nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = False, *, where: Any = True, mean: Any = None, correction: Any = None,
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Variance over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, dtype, out, ddof, keepdims, where, mean, correction, constant
        As for `var`.

    Returns
    -------
    Tensor
        NaN where there are not more elements than `ddof`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nanvar(mg.tensor([3.0, mg.nan, 2.0]))
    Tensor(0.25)
    """
    found: Tensor = _deviation(
        var, a, axis, dtype, out, ddof, keepdims, where, mean, correction, constant
    )
    return found


def nanstd(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = False, *, where: Any = True, mean: Any = None, correction: Any = None,
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Standard deviation over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis, dtype, out, ddof, keepdims, where, mean, correction, constant
        As for `std`.

    Returns
    -------
    Tensor
        NaN where there are not more elements than `ddof`. Its derivative where it is 0 is taken
        to be 0.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nanstd(mg.tensor([3.0, mg.nan, 2.0]))
    Tensor(0.5)
    """
    found: Tensor = _deviation(
        std, a, axis, dtype, out, ddof, keepdims, where, mean, correction, constant
    )
    return found


def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None, *,
    constant: bool | None = None,
) -> Any:  # fmt: skip
    """Numbers in place of NaN and of infinities.

    Parameters
    ----------
    x : ArrayLike
        The tensor. Of complex numbers both parts are replaced.
    copy : bool
        If not, the numbers are written into `x`, a tensor or array, which is returned; the write
        is recorded.
    nan : ArrayLike
        What to put in place of NaN.
    posinf, neginf : ArrayLike, optional
        What to put in place of infinity and -infinity: the largest and the smallest number of the
        dtype if not given.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        What is put in has the gradient of its place; the element that stood there gets 0.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, mg.nan, mg.inf])
    >>> y = mg.nan_to_num(x, posinf=9.0)
    >>> y
    Tensor([1., 0., 9.])
    >>> y.backward()
    >>> x.grad
    array([1., 0., 0.])
    """
    t = as_operand_tensor(x)
    adapter = adapter_of_tensor(t)
    if adapter.xp.isdtype(t.dtype, "complex floating"):
        parts = [_numbers(part, nan, posinf, neginf) for part in (real(t), imag(t))]
        result = add(parts[0], multiply(parts[1], 1j))
    else:
        result = _numbers(t, nan, posinf, neginf)
    if copy:
        return astensor(registry["copy"](t) if result is t else result, constant=constant)
    if isinstance(x, Handle):
        write(x, None, result, name="nan_to_num")
        return x
    return delivered(result, None if adapter_of(x) is None else x, constant, "nan_to_num")


def _numbers(t: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    """Numbers in place of what is not finite in a tensor of real ones."""
    missing = _missing(t)
    if missing is None:
        return t
    adapter = adapter_of_tensor(t)
    limits = adapter.xp.finfo(t.dtype)
    large = float(limits.max) if posinf is None else posinf
    small = float(limits.min) if neginf is None else neginf
    for holes, value in (
        (missing, nan), (t == float("inf"), large), (t == -float("inf"), small)
    ):  # fmt: skip
        number = value if type(value) in (int, float, bool) else as_operand_tensor(value, (t,))
        chosen = where(holes, number if number is value else cast(number, t.dtype), t)
        t = chosen if chosen.dtype == t.dtype else cast(chosen, t.dtype)  # CuPy 13 widens
    return t
