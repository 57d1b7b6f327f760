"""Differences, difference quotients, and integrals by the trapezoidal rule.

Compositions of operations on tensors: what they are differentiated by follows from these.
"""

from __future__ import annotations

from math import pi
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.operands import SCALARS, common_adapter
from mygrad.math.arithmetic import absolute, add, divide, multiply, remainder, subtract
from mygrad.math.sequential import cumsum
from mygrad.math.sequential import sum as total
from mygrad.tensor_manip.array_shape import broadcast_to, ravel, reshape
from mygrad.tensor_manip.copying import astype
from mygrad.tensor_manip.selecting import where
from mygrad.tensor_manip.tensor_joining import concatenate
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors
from mygrad.typing import AxisLike

__all__ = ["diff", "ediff1d", "gradient", "trapezoid", "trapz", "unwrap"]


def part(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """The slabs of `x` from one place along an axis up to another."""
    first, last, _ = slice(start, stop).indices(x.shape[axis])  # the standard wants no others
    return x[(*(slice(None),) * axis, slice(first, max(first, last)), ...)]


def is_integral(t: Any) -> bool:
    adapter = adapter_of(t._data)
    assert adapter is not None
    return bool(adapter.xp.isdtype(t.dtype, ("integral", "bool")))


def in_floats(t: Any) -> Any:
    """A tensor as it is, or with float64 in place of integers."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    return astype(t, adapter.xp.float64) if is_integral(t) else t


# --- differences ------------------------------------------------------------------------------
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None,
    *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Differences of neighbours along an axis.

    Parameters
    ----------
    a : ArrayLike
        A tensor with one axis at least.
    n : int
        How often to take differences.
    axis : int
        Along which axis.
    prepend, append : Any, optional
        What to put before and behind `a` along the axis: a number, or an array.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shorter than `a` by `n` along the axis. Of booleans: where neighbours differ.

    Raises
    ------
    ValueError
        `n` is negative, or there is no such axis.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.diff(mg.tensor([1.0, 3.0, 6.0]))
    Tensor([2., 3.])
    >>> mg.diff(mg.tensor([1.0, 3.0, 6.0]), prepend=0.0)
    Tensor([1., 2., 3.])
    """
    if n < 0:
        raise ValueError(f"diff: n= says how often differences are taken, and is {n}")
    # NumPy hands its sign for "not given" on where arguments are given by position.
    prepend, append = (
        None if type(t).__name__ == "_NoValueType" else t for t in (prepend, append)
    )
    given = [t for t in (prepend, append) if t is not None]
    a, *given = as_operand_tensors(a, *given)
    axis = axis_number(axis, a.ndim, "diff")
    if n and given:
        one = tuple(1 if k == axis else m for k, m in enumerate(a.shape))
        given = [t if t.ndim else broadcast_to(t, one) for t in given]
        before, behind = given[: prepend is not None], given[prepend is not None :]
        a = concatenate([*before, a, *behind], axis=axis)
    if not n:
        return astype(a, a.dtype, constant=constant)
    adapter = adapter_of(a._data)
    assert adapter is not None
    for k in range(n):
        flags = adapter.xp.isdtype(a.dtype, "bool")
        low, high = part(a, axis, None, -1), part(a, axis, 1, None)
        if flags:
            a = as_operand_tensor(high != low)
        else:
            a = subtract(high, low, constant=constant if k == n - 1 else None)
    return a


def ediff1d(
    ary: Any, to_end: Any = None, to_begin: Any = None, *, constant: bool | None = None
) -> Tensor:
    """Differences of neighbours in the flattened tensor.

    Parameters
    ----------
    ary : ArrayLike
        The tensor.
    to_end, to_begin : Any, optional
        What to put behind and before the differences; it is flattened.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        One-dimensional, of the dtype of `ary`.

    Raises
    ------
    TypeError
        `to_end` or `to_begin` cannot be cast to the dtype of `ary`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.ediff1d(mg.tensor([1.0, 3.0, 6.0]), to_end=[0.0])
    Tensor([2., 3., 0.])
    """
    ary = ravel(as_operand_tensor(ary))
    steps = subtract(part(ary, 0, 1, None), part(ary, 0, None, -1), constant=constant)
    if to_end is None and to_begin is None:
        return steps
    before, behind = (
        [] if t is None else [ravel(astype(as_operand_tensor(t, (ary,)), ary.dtype, "same_kind"))]
        for t in (to_begin, to_end)
    )
    return concatenate([*before, steps, *behind], constant=constant)


# --- difference quotients ---------------------------------------------------------------------
def gradient(
    f: Any,
    *varargs: Any,
    axis: AxisLike = None,
    edge_order: int = 1,
    constant: bool | None = None,
) -> Any:
    r"""Difference quotients, central ones in the interior and one-sided ones at the ends.

    Parameters
    ----------
    f : ArrayLike
        Values on a grid.
    *varargs : ArrayLike
        The spacing: one number for all axes; or for each axis a number, or the coordinates along
        it. Tensors among them are differentiated by.
    axis : int | tuple[int, ...], optional
        Along which axes; all by default.
    edge_order : {1, 2}
        Of which order the quotients at the ends are accurate.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    Tensor | tuple[Tensor, ...]
        Of the shape of `f`; a tuple if there are several axes.

    Raises
    ------
    TypeError
        There are more or fewer spacings than axes.
    ValueError
        Coordinates are no vector of the right length, there are too few points along an axis, or
        `edge_order` is another number.

    Notes
    -----
    With steps h to the left and k to the right the quotient is

    .. math:: \frac{h^2 f(x+k) + (k^2 - h^2) f(x) - k^2 f(x-h)}{hk(h+k)},

    of second order where the steps change slowly (the page of `numpy.gradient` derives it).

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.gradient(mg.tensor([1.0, 4.0, 9.0, 16.0]))
    Tensor([3., 4., 6., 7.])
    >>> mg.gradient(mg.tensor([1.0, 4.0, 9.0]), mg.tensor([1.0, 2.0, 3.0]), edge_order=2)
    Tensor([2., 4., 6.])
    """
    f, *spacings = as_operand_tensors(f, *varargs)
    # Python's numbers do not change the dtype of what they are computed with.
    spacings = [
        given if type(given) in SCALARS else t for given, t in zip(varargs, spacings, strict=True)
    ]
    named = range(f.ndim) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    axes = [axis_number(k, f.ndim, "gradient") for k in named]
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order= is 1 or 2, and not {edge_order!r}")
    if not spacings:
        spacings = [1.0] * len(axes)
    elif len(spacings) == 1 and _is_number(spacings[0]):
        spacings *= len(axes)
    if len(spacings) != len(axes):
        raise TypeError(
            f"gradient: there are {len(spacings)} spacings for {len(axes)} axes; give one number "
            f"for all, or one number or coordinates for each"
        )
    f = in_floats(f)
    results = []
    for k, spacing in zip(axes, spacings, strict=True):
        if f.shape[k] < edge_order + 1:
            raise ValueError(
                f"gradient: along axis {k} there are {f.shape[k]} points, and quotients of "
                f"order {edge_order} at the ends need {edge_order + 1}"
            )
        steps = _steps(spacing, f, k)
        quotient = _quotients(f, steps, k, edge_order, constant)
        results.append(quotient)
    return results[0] if len(results) == 1 else tuple(results)


def _is_number(spacing: Any) -> bool:
    return type(spacing) in SCALARS or not spacing.ndim


def _steps(spacing: Any, f: Any, axis: int) -> Any:
    """The steps along an axis, in a shape that broadcasts, or the one that all of them have."""
    if _is_number(spacing):
        return spacing
    if spacing.ndim != 1 or spacing.shape[0] != f.shape[axis]:
        raise ValueError(
            f"gradient: a spacing is a number, or as many coordinates as there are points along "
            f"axis {axis}, {f.shape[axis]}; its shape is {tuple(spacing.shape)}"
        )
    steps = diff(in_floats(spacing))
    if steps._constant and adapter_of(steps._data).name == "numpy":  # type: ignore[union-attr]
        array = steps._data
        if (array == array[0]).all():  # NumPy rounds otherwise then
            return steps[0]
    return reshape(steps, tuple(-1 if k == axis else 1 for k in range(f.ndim)))


def _quotients(f: Any, steps: Any, axis: int, edge_order: int, constant: bool | None) -> Any:
    even = _is_number(steps)
    if even:
        inner = (part(f, axis, 2, None) - part(f, axis, None, -2)) / (2.0 * steps)
    else:
        left, right = part(steps, axis, None, -1), part(steps, axis, 1, None)
        inner = (
            -right / (left * (left + right)) * part(f, axis, None, -2)
            + (right - left) / (left * right) * part(f, axis, 1, -1)
            + left / (right * (left + right)) * part(f, axis, 2, None)
        )
    ends = []
    for sign in (1, -1):  # the beginning; the end, which is its mirror image
        if even:
            first = second = steps
        else:
            first, second = (_place(steps, axis, k, sign) for k in (0, min(1, edge_order - 1)))
        values = [_place(f, axis, k, sign) for k in range(edge_order + 1)]
        if edge_order == 1:
            ends.append(sign * (values[1] - values[0]) / first)
        elif even:
            ends.append(
                (-1.5 * sign / first) * values[0]
                + (2.0 * sign / first) * values[1]
                + (-0.5 * sign / first) * values[2]
            )
        else:
            ends.append(
                -sign * (2.0 * first + second) / (first * (first + second)) * values[0]
                + sign * (first + second) / (first * second) * values[1]
                - sign * first / (second * (first + second)) * values[2]
            )
    parts = [astype(t, f.dtype) for t in (ends[0], inner, ends[1])]
    return concatenate(parts, axis=axis, constant=constant)


def _place(x: Any, axis: int, k: int, sign: int) -> Any:
    """Place `k` along an axis, which is kept, from the beginning or from the end."""
    if sign > 0:
        return part(x, axis, k, k + 1)
    return part(x, axis, -k - 1, -k or None)


# --- integrals --------------------------------------------------------------------------------
def trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, *, constant: bool | None = None
) -> Tensor:
    """The integral along an axis by the trapezoidal rule.

    Parameters
    ----------
    y : ArrayLike
        The values.
    x : Any, optional
        Where they were taken: along the axis, or for each value.
    dx : ArrayLike
        The spacing, where `x` is not given.
    axis : int
        Along which axis.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Without the axis.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([0.0, 1.0, 3.0])
    >>> area = mg.trapezoid(x**2, x)
    >>> area
    Tensor(10.5)
    >>> area.backward()
    >>> x.grad
    array([-0.5, -1.5, 11. ])
    """
    y, *given = as_operand_tensors(y, *(() if x is None else (x,)))
    k = axis_number(axis, y.ndim, "trapezoid")
    steps = dx
    if given and given[0].ndim == 1:
        steps = reshape(diff(given[0]), tuple(-1 if j == k else 1 for j in range(y.ndim)))
    elif given:
        steps = diff(given[0], axis=axis)
    middles = in_floats(part(y, k, 1, None) + part(y, k, None, -1))
    areas = divide(multiply(steps, middles), 2.0)
    return total(areas, axis=axis, constant=constant)


trapz = trapezoid
"""What NumPy calls it up to version 2.3."""


# --- angles -----------------------------------------------------------------------------------
def unwrap(
    p: Any,
    discont: Any = None,
    axis: int = -1,
    *,
    period: Any = 2 * pi,
    constant: bool | None = None,
) -> Tensor:
    """Angles without jumps: multiples of the period are added where neighbours are far apart.

    Parameters
    ----------
    p : ArrayLike
        The angles.
    discont : float, optional
        How far is far; half a period by default, and at least that.
    axis : int
        Along which axis.
    period : ArrayLike
        What angles may differ by and be the same; a tensor, to differentiate by it.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Its derivative by `p` is 1, but for where it jumps.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.unwrap(mg.tensor([0.0, 2.0, 4.0, 1.0]), period=5.0)
    Tensor([0., 2., 4., 6.])
    """
    p = as_operand_tensor(p)
    if type(period) not in SCALARS:
        period = as_operand_tensor(period, (p,))
    axis = axis_number(axis, p.ndim, "unwrap")
    steps = diff(new_handle(p._data, None, None, None, True), axis=axis)  # jumps have no slope
    whole = is_integral(p) and is_integral(as_operand_tensor(period))
    half = period // 2 if whole else period / 2
    jumps = remainder(steps + half, period) - half
    if not whole or _raw(period % 2) == 0:
        adapter = common_adapter((steps,), "unwrap")
        at_half = adapter.following(adapter.xp.logical_and)(jumps == -half, steps > 0)
        jumps = where(at_half, half, jumps)
    far = _raw(period / 2 if discont is None else discont)
    correction = where(absolute(steps) < far, 0 if whole else 0.0, jumps - steps)
    turned = add(part(p, axis, 1, None), cumsum(correction, axis=axis))
    first = astype(part(p, axis, None, 1), turned.dtype)
    return concatenate([first, turned], axis=axis, constant=constant)


def _raw(value: Any) -> Any:
    return value._data if isinstance(value, Handle) else value
