"""Quantiles: elements in sorted order, and what lies between two of them.

The derivative follows the permutation that sorts. The methods are those of R. J. Hyndman and
Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996), 361-365,
under NumPy's names, with those that NumPy has besides (documentation of ``numpy.quantile``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mygrad.arrays import Adapter, adapter_of, get_adapter
from mygrad.arrays.portable import is_true
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import common_adapter
from mygrad.math.arithmetic import subtract
from mygrad.math.dtypes import real_only
from mygrad.statistics.layout import (
    adapter_of_tensor,
    axes_of,
    cast,
    delivered,
    is_floating,
    present,
    rows_of,
    without_axes,
)
from mygrad.tensor_manip.array_shape import reshape
from mygrad.tensor_manip.selecting import take, take_along_axis, where
from mygrad.tensor_manip.sorting import partition, sort
from mygrad.tensor_manip.transpose_like import moveaxis
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["nanpercentile", "nanquantile", "percentile", "quantile"]

OFFSETS = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
"""Of the continuous methods, alpha and beta in the paper's formula for the position."""

STEPS = ("lower", "higher", "nearest", "inverted_cdf", "closest_observation")
"""Methods whose results are elements."""

METHODS = ("linear", "midpoint", "averaged_inverted_cdf", *OFFSETS, *STEPS)


class Position(NamedTuple):
    """Where quantiles are among sorted elements.

    Attributes
    ----------
    lower, upper
        The places of the elements on both sides; integers.
    weight
        How far it is from the lower to the upper one, in parts of the whole way; None if the
        lower element is the result.
    slope
        The derivative of the weight by the quantile's order `q`.
    """

    lower: Any
    upper: Any
    weight: Any
    slope: Any


def _position(method: str, n: Any, q: Any, xp: Any) -> Position:
    """Where the quantiles `q` are among `n` sorted elements, both of which may be arrays."""
    last, slope = n - 1, 0.0 * q
    if method == "linear":
        at, slope = last * q, slope + last
    elif method in OFFSETS:
        alpha, beta = OFFSETS[method]
        at = n * q + (alpha + q * (1 - alpha - beta)) - 1
        slope = slope + n + (1 - alpha - beta)
    elif method == "lower":
        at = xp.floor(last * q)
    elif method == "higher":
        at = xp.ceil(last * q)
    elif method == "nearest":
        at = xp.round(last * q)
    elif method == "midpoint":
        at = 0.5 * (xp.floor(last * q) + xp.ceil(last * q))
    else:
        at = n * q - (1.5 if method == "closest_observation" else 1)
        if method != "averaged_inverted_cdf":
            below = xp.floor(at)
            stays = at == below
            if method == "closest_observation":  # an even one, counted from 1
                stays = stays & (below % 2 == 1)
            at = xp.where(stays, below, below + 1)
            at = xp.where(at < 0, 0.0 * at, at)
    below = xp.floor(at)
    weight = at - below
    if method == "averaged_inverted_cdf":
        weight = xp.where(weight == 0, 0.0 * weight + 0.5, 0.0 * weight + 1)
    elif method == "midpoint":
        weight = xp.where(weight == 0, 0.0 * weight, 0.0 * weight + 0.5)
    within = (at >= 0) & (at < last)
    end = xp.where(at < 0, 0.0 * at, 0.0 * at + last)
    lower, upper = xp.where(within, below, end), xp.where(within, below + 1, end)
    return Position(
        xp.astype(lower, xp.int64),
        xp.astype(upper, xp.int64),
        None if method in STEPS else weight,
        xp.where(within, slope, 0.0 * slope),
    )


class Orders(NamedTuple):
    """Which quantiles are asked for.

    Attributes
    ----------
    tensor
        Their orders as the tensor that was given; None if that was a constant.
    host
        The same as an array on the host.
    weak
        Whether it was a Python number, which leaves the dtype of the result to the elements.
    """

    tensor: Any
    host: Any
    weak: bool


def _orders(q: Any, whole: int, name: str) -> Orders:
    """The orders of quantiles, as parts of a whole that is 1, or 100 for percentiles."""
    weak = type(q) in (int, float)
    if isinstance(q, Handle):
        host = adapter_of_tensor(q).to_host(q._data)
        live = not q._constant  # type: ignore[attr-defined]
        tensor: Any = (q if whole == 1 else registry["divide"](q, whole)) if live else None
    else:
        adapter = adapter_of(q)
        host, tensor = q if adapter is None else adapter.to_host(adapter.asarray(q)), None
    host = get_adapter("numpy").xp.asarray(host)
    if whole != 1:
        host = host / whole
    if not bool(((host >= 0) & (host <= 1)).all()):
        raise ValueError(f"{name}: q has to be in the range from 0 to {whole}, and is {q!r}")
    return Orders(tensor, host, weak)


def _checked(a: Any, axis: Any, method: str, weights: Any, name: str) -> tuple[Any, Any]:
    """The tensor, and which axes are reduced."""
    t = as_operand_tensor(a)
    real_only(t, namespace_of(adapter_of_tensor(t)), name)
    if method not in METHODS:
        raise ValueError(f"{name}: method={method!r} is not known; there are {', '.join(METHODS)}")
    if weights is not None and method != "inverted_cdf":
        raise ValueError(
            f"{name}: weights= go with method='inverted_cdf' alone, not with {method!r}"
        )
    return t, axes_of(axis, t.ndim, name)


def _between(lower: Any, upper: Any, weight: Any, rest: Any = None) -> Any:
    """From the lower to the upper element, starting at the nearer one to round less.

    `rest` is ``1 - weight``, where that was rounded by itself.
    """
    step, rest = subtract(upper, lower), 1 - weight if rest is None else rest
    if type(weight) is float:
        return upper - step * rest if weight >= 0.5 else lower + step * weight
    return where(weight >= 0.5, upper - step * rest, lower + step * weight)


def _live(weight: Any, slope: Any, orders: Orders) -> Any:
    """Weights as a tensor, with their derivative by the orders."""
    weight = as_operand_tensor(weight)
    if orders.tensor is None:
        return weight
    q = reshape(orders.tensor, (-1,))
    return weight + (q - q.detach()) * slope  # the second term is 0, and has the derivative


def _of_rows(rows: Any, orders: Orders, method: str) -> Any:
    """Quantiles along the last axis, which becomes one of the orders; NaN where there is one."""
    n = rows.shape[-1]
    host = get_adapter("numpy").xp
    q = host.reshape(orders.host, (-1,))
    whole = orders.host.dtype.kind not in "f"
    position = _position(method, n, host.astype(q, host.float64) if whole else q, host)
    if whole and method == "linear":  # the smallest or the largest
        position = position._replace(weight=None)
    needed = set(position.lower.tolist()) | set(position.upper.tolist())
    last = is_floating(rows)
    rows = partition(rows, sorted(needed | {n - 1} if last else needed))
    lower = _taken(rows, position.lower)
    if position.weight is None:
        result = lower
    else:
        if orders.weak:
            weight: Any = float(position.weight[0])
        else:
            weight, slope = (_beside(x, rows) for x in (position.weight, position.slope))
            weight = _live(weight, slope, orders)
        ends = lower, _taken(rows, position.upper)
        if not last:  # integers
            ends = tuple(cast(x, "float64") for x in ends)
        result = _between(*ends, weight)
    if last:  # NaN is sorted to the end
        end, adapter = rows[..., n - 1 :], adapter_of_tensor(rows)
        result = where(adapter.following(adapter.xp.isnan)(end._data), end, result)
    return result


def _beside(array: Any, t: Any) -> Any:
    """An array on the host as one that is where a tensor is."""
    adapter = adapter_of_tensor(t)
    return adapter.from_host(array, adapter.device(t._data))


def _taken(rows: Any, places: Any) -> Any:
    """Elements of each row at places that are known on the host."""
    if places.shape[0] == 1:
        k = int(places[0])
        return rows[..., k : k + 1]
    return take(rows, _beside(places, rows), axis=rows.ndim - 1)


def _of_rows_without_nan(rows: Any, orders: Orders, method: str) -> Any:
    """Quantiles of those elements of each row that are not NaN."""
    if not is_floating(rows):
        return _of_rows(rows, orders, method)
    adapter = adapter_of_tensor(rows)
    library = adapter.xp
    whole = orders.host.dtype.kind not in "f"
    host = get_adapter("numpy").xp
    q = host.reshape(orders.host, (-1,))
    q = _beside(q.astype("float64") if whole else q, rows)

    def find(array: Any, q: Any) -> Position:
        count = library.astype(present(array, library), q.dtype)
        found = _position(method, count, q, library)
        lower, upper = (library.where(p < 0, 0, p) for p in (found.lower, found.upper))
        return found._replace(lower=lower, upper=upper)

    position = adapter.following(find)(rows._data, q)
    rows = sort(rows)
    lower = take_along_axis(rows, position.lower, -1)
    if position.weight is None or (whole and method == "linear"):
        return lower
    weight = _live(position.weight, position.slope, orders)
    rest = None
    if orders.weak:  # the elements decide upon the dtype
        weight, rest = (cast(x, rows.dtype) for x in (weight, 1 - weight))
    upper = take_along_axis(rows, position.upper, -1)
    return _between(lower, upper, weight, rest)


def _weighted_places(
    array: Any, weights: Any, q: Any, ignores_nan: bool, name: str, adapter: Adapter
) -> Any:
    """Where in each row the sum of the weights, in order of the elements, reaches a part `q`."""
    library = adapter.xp
    order = library.argsort(array, axis=-1, stable=True)
    floating = library.isdtype(array.dtype, "real floating")
    if ignores_nan and floating:
        missing = library.isnan(array)
        weights = library.where(missing, library.zeros_like(weights), weights)
        nothing = library.all(missing, axis=-1, keepdims=True)
        weights = library.where(nothing, library.ones_like(weights), weights)
    ordered = library.take_along_axis(weights, order, axis=-1)
    total = library.cumulative_sum(library.astype(ordered, library.float64), axis=-1)
    share = total / total[..., -1:]
    if is_true(adapter, library.any(library.isnan(share[..., -1:])), unknown=False):
        raise ValueError(f"{name}: weights= has NaN or infinities, or they add up to 0")
    share = library.astype(share, q.dtype)
    share = library.where(share == 0, library.full_like(share, -1.0), share)  # q = 0 is beyond
    before = library.expand_dims(share, axis=-2) < library.expand_dims(q, axis=-1)
    places = library.sum(library.astype(before, library.int64), axis=-1)
    places = library.where(places < array.shape[-1], places, array.shape[-1] - 1)
    places = library.take_along_axis(order, places, axis=-1)
    if floating and not ignores_nan:
        last = order[..., -1:]
        end = library.take_along_axis(array, last, axis=-1)
        places = library.where(library.isnan(end), last, places)
    return places


def _of_weighted_rows(
    t: Any, axes: tuple[int, ...], orders: Orders, weights: Any, ignores_nan: bool, name: str
) -> Any:
    """Quantiles of elements that count by their weights, on which they do not depend smoothly."""
    adapter, rows = adapter_of_tensor(t), rows_of(t, axes)
    w = as_operand_tensor(weights, (t,)).detach()
    common_adapter((t, w), name)
    if w.shape == t.shape:
        w = rows_of(w, axes)
    else:
        if w.shape != tuple(t.shape[k] for k in axes):
            raise ValueError(
                f"{name}: weights= of shape {tuple(w.shape)} fit neither the tensor, of shape "
                f"{tuple(t.shape)}, nor its axes {axes}"
            )
        w = registry["broadcast_to"](reshape(w, (-1,)), rows.shape)
    if is_true(adapter, adapter.following(adapter.xp.any)(w < 0), unknown=False):
        raise ValueError(f"{name}: weights= may not be negative")
    q = get_adapter("numpy").xp.reshape(orders.host, (-1,))
    q = q if q.dtype.kind == "f" else q.astype("float64")
    places = adapter.following(_weighted_places)(
        rows._data, w._data, _beside(q, rows), ignores_nan, name, adapter
    )
    return take_along_axis(rows, places, -1)


def _quantiles(
    name: str, a: Any, q: Any, axis: Any, out: Any, method: str, keepdims: bool, weights: Any,
    constant: bool | None, whole: int = 1,
) -> Any:  # fmt: skip
    t, axes = _checked(a, axis, method, weights, name)
    orders = _orders(q, whole, name)
    ignores_nan = name.startswith("nan")
    if weights is not None:
        result = _of_weighted_rows(t, axes, orders, weights, ignores_nan, name)
    else:
        rows = rows_of(t, axes)
        if not rows.shape[-1]:
            raise ValueError(f"{name}: there are no elements, so there is no quantile of them")
        result = (_of_rows_without_nan if ignores_nan else _of_rows)(rows, orders, method)
    kept = tuple(result.shape[:-1])
    result = moveaxis(result, -1, 0) if kept else result
    result = reshape(result, (*orders.host.shape, *kept))
    return delivered(without_axes(result, axes, t.shape, keepdims), out, constant, name)


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Quantiles over axes.

    Parameters
    ----------
    a : ArrayLike
        The tensor, of real numbers.
    q : ArrayLike
        The orders of the quantiles, from 0 to 1.
    axis : int | tuple[int, ...], optional
        The axes to reduce; all by default.
    out : Tensor | array, optional
        Where to write the result.
    overwrite_input
        Without effect: `a` stays as it is.
    method : str
        What a quantile is that lies between two elements: "linear", "lower", "higher", "midpoint",
        "nearest", "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
        "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased" or "normal_unbiased".
    keepdims : bool
        Whether the reduced axes stay, with length 1.
    weights : ArrayLike, optional
        How much each element counts, of the shape of `a` or of its reduced axes. Only
        ``method="inverted_cdf"`` has weights.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        The axes of `q` come first, then those of `a` that are not reduced.

    Raises
    ------
    ValueError
        There is no such method, `q` is not in its range, or there are no elements.
    TypeError
        `a` is complex.

    Notes
    -----
    The derivative by `a` goes to the one or two elements that the result is made of; of equal ones
    to one of them. It has a derivative by `q` for "linear" and for all methods with offsets
    ("interpolated_inverted_cdf" and those named after it): the distance of the two elements, times
    the derivative of the position. That is the one to the right where `q` hits an element, and 0
    beyond the first or at the last one. Other methods, and weights, are steps. NaN is the result
    of rows that have one, and its gradient goes there.

    Examples
    --------
    >>> import mygrad as mg
    >>> x, q = mg.tensor([10.0, 4.0, 8.0]), mg.tensor(0.75)
    >>> y = mg.quantile(x, q)
    >>> y
    Tensor(9.)
    >>> y.backward()
    >>> x.grad, q.grad
    (array([0.5, 0. , 0.5]), array(4.))
    """
    return _quantiles("quantile", a, q, axis, out, method, keepdims, weights, constant)


def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Percentiles over axes: `quantile`, with orders from 0 to 100.

    Parameters
    ----------
    a : ArrayLike
        The tensor, of real numbers.
    q : ArrayLike
        The orders of the percentiles, from 0 to 100.
    axis, out, overwrite_input, method, keepdims, weights, constant
        As for `quantile`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.percentile(mg.tensor([10.0, 4.0, 8.0]), [50, 75])
    Tensor([8., 9.])
    """
    return _quantiles("percentile", a, q, axis, out, method, keepdims, weights, constant, 100)


def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Quantiles over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor, of real numbers.
    q : ArrayLike
        The orders of the quantiles, from 0 to 1.
    axis, out, overwrite_input, method, keepdims, weights, constant
        As for `quantile`.

    Returns
    -------
    Tensor
        NaN where there is nothing else.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nanquantile(mg.tensor([10.0, 4.0, mg.nan, 8.0]), 0.75)
    Tensor(9.)
    """
    return _quantiles("nanquantile", a, q, axis, out, method, keepdims, weights, constant)


def nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Percentiles over axes, of all elements that are not NaN.

    Parameters
    ----------
    a : ArrayLike
        The tensor, of real numbers.
    q : ArrayLike
        The orders of the percentiles, from 0 to 100.
    axis, out, overwrite_input, method, keepdims, weights, constant
        As for `quantile`.

    Returns
    -------
    Tensor
        NaN where there is nothing else.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.nanpercentile(mg.tensor([10.0, 4.0, mg.nan, 8.0]), 75)
    Tensor(9.)
    """
    return _quantiles("nanpercentile", a, q, axis, out, method, keepdims, weights, constant, 100)
