"""Piecewise linear interpolation."""

from __future__ import annotations

from typing import Any

from mygrad.arrays.portable import is_true
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.operands import common_adapter
from mygrad.math.arithmetic import remainder
from mygrad.math.dtypes import is_complex, real_only
from mygrad.tensor_manip.array_shape import reshape
from mygrad.tensor_manip.copying import astype
from mygrad.tensor_manip.selecting import take, where
from mygrad.tensor_manip.tensor_joining import concatenate
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = ["interp"]


def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None,
    period: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The piecewise linear function through given points.

    Parameters
    ----------
    x : ArrayLike
        Where to evaluate it.
    xp : ArrayLike
        The places of the points, shape (n,); they increase, unless there is a `period`.
    fp : ArrayLike
        The values there, shape (n,), real or complex.
    left, right : Any, optional
        The values below the first and above the last place; by default those there.
    period : float, optional
        Of the function; places may then be in any order, and `left` and `right` do not count.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Of the shape of `x`, in float64 (or complex128), as NumPy's.

    Raises
    ------
    ValueError
        `xp` and `fp` are no vectors of one length, or there are no points, or the period is 0.
    TypeError
        `x` or `xp` is complex.

    Notes
    -----
    It is differentiable by `x`, `xp`, `fp`, `left` and `right`. At the places of points, where the
    function has a kink, the derivative is that to the right of it; at the last one, that to the
    left. Beyond the first and the last place the function does not depend on `x`.

    Examples
    --------
    >>> import mygrad as mg
    >>> x, values = mg.tensor([0.5, 1.5]), mg.tensor([0.0, 2.0, 10.0])
    >>> y = mg.interp(x, [0.0, 1.0, 2.0], values)
    >>> y
    Tensor([1., 6.])
    >>> y.backward()
    >>> x.grad, values.grad
    (array([2., 8.]), array([0.5, 1. , 0.5]))
    """
    x, xp, fp = as_operand_tensors(x, xp, fp)
    adapter = common_adapter((x, xp, fp), "interp")
    library, space = adapter.xp, namespace_of(adapter)
    for t in (x, xp):
        real_only(t, space, "interp")
    _check(xp, fp)
    x, xp = astype(x, library.float64), astype(xp, library.float64)
    fp = astype(fp, library.complex128 if is_complex(fp, space) else library.float64)
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period, library)
        left = right = None
    left, right = (
        edge if given is None else as_operand_tensor(given, (fp,))
        for given, edge in ((left, fp[0]), (right, fp[-1]))
    )
    below, above = x < xp[0], x > xp[-1]
    inside = fp[0]
    if xp.shape[0] > 1:  # infinite places would make nan of gradients
        outside = adapter.following(library.logical_or)(below, above)
        inside = _between(where(outside, xp._data[0], x), xp, fp, library)
    return where(below, left, where(above, right, inside), constant=constant)


def _check(xp: Any, fp: Any) -> None:
    if xp.ndim != 1 or fp.ndim != 1 or xp.shape != fp.shape or not xp.shape[0]:
        raise ValueError(
            f"interp: the places and values of points are vectors of one length, one element at "
            f"least; the shapes are {tuple(xp.shape)} and {tuple(fp.shape)}"
        )


def _periodic(x: Any, xp: Any, fp: Any, period: Any, library: Any) -> tuple[Any, Any, Any]:
    """All places within one period, in order, and one point more at either end."""
    period = as_operand_tensor(period, (fp,))
    adapter = common_adapter((period,), "interp")
    nothing = adapter.following(lambda length: length == 0)(period._data)
    if period.ndim or is_true(adapter, nothing, unknown=False):
        raise ValueError("interp: period= is a number other than 0")
    period = abs(period)
    x, xp = remainder(x, period), remainder(xp, period)
    order = adapter.following(library.argsort)(xp._data)
    xp, fp = take(xp, order), take(fp, order)
    places = concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, places, concatenate([fp[-1:], fp, fp[:1]])


def _between(x: Any, xp: Any, fp: Any, library: Any) -> Any:
    """The values between points."""
    flat = reshape(x, (-1,))

    def pieces(places: Any, wanted: Any) -> tuple[Any, Any]:
        after = library.searchsorted(places, wanted, side="right")
        first = library.clip(after - 1, 0, places.shape[0] - 2)
        return first, first + 1

    piece, following = common_adapter((x, xp), "interp").following(pieces)(xp._data, flat._data)
    x0, x1 = take(xp, piece), take(xp, following)
    f0, f1 = take(fp, piece), take(fp, following)
    width = x1 - x0
    slope = (f1 - f0) / where(width == 0, 1.0, width)
    at_end = flat == x1  # the last point: its value exactly
    base, value = where(at_end, x1, x0), where(at_end, f1, f0)
    return reshape(slope * (flat - base) + value, x.shape)
