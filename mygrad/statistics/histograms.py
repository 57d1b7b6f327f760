"""Histograms: how many elements, or how much weight, is between two edges.

Counts are steps of the elements that are counted. They are linear in the weights; densities depend
on the edges as well; and edges that are spread over the range of the elements depend on the
smallest and the largest of them.
"""

from __future__ import annotations

import operator
from math import isfinite, prod
from typing import Any

from mygrad.arrays.portable import device_of, is_true
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.operands import common_adapter
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import real_only
from mygrad.math.sequential import max, min, sum
from mygrad.statistics.layout import adapter_of_tensor, cast
from mygrad.tensor_manip.array_shape import reshape
from mygrad.tensor_manip.selecting import untake, where
from mygrad.tensor_manip.transpose_like import transpose
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors, astensor

__all__ = ["bincount", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]


def _ramp(count: int, like: Any, xp: Any) -> Any:
    """The numbers from 0 to 1 in so many steps."""
    like = like._data if isinstance(like, Tensor) else like
    return xp.adapter.xp.arange(count + 1, dtype=like.dtype, device=device_of(like)) / count


@primitive(
    first=lambda g, first, count, xp: xp.sum(g * (1 - _ramp(count, first, xp))),
    last=lambda g, last, count, xp: xp.sum(g * _ramp(count, last, xp)),
)
def evenly_spaced(first: Any, last: Any, count: int, *, xp: Any) -> Any:
    """The ends of so many intervals of the same length.

    Parameters
    ----------
    first, last : ArrayLike
        The outer ends, two 0-d tensors.
    count : int
        How many intervals.

    Returns
    -------
    Tensor
        With one axis of length ``count + 1``.
    """
    library = xp.adapter.xp
    first = xp.adapter.asarray(first)  # scalars of older NumPy versions are on no device
    steps = library.arange(count, dtype=first.dtype, device=device_of(first))
    inner = steps * ((last - first) / count) + first
    return library.concat([inner, library.reshape(library.astype(last, inner.dtype), (1,))])


def _number(x: Any) -> float:
    return float(x.item() if isinstance(x, Tensor) else x)


def _range(t: Any, given: Any, name: str) -> tuple[Any, Any]:
    """The outer edges: numbers if they are given as such, else 0-d tensors."""
    first: Any
    last: Any
    if given is not None:
        first, last = (x if isinstance(x, Tensor) else float(x) for x in given)
    elif not t.size:
        return 0.0, 1.0
    else:
        library = adapter_of_tensor(t).xp
        if library.isdtype(t.dtype, ("integral", "bool")):
            t = cast(t, library.float64)
        first, last = min(t), max(t)
        if not adapter_of_tensor(t).knows(t._data):
            same = first == last
            return where(same, first - 0.5, first), where(same, last + 0.5, last)
    low, high = _number(first), _number(last)
    if not (isfinite(low) and isfinite(high)):
        raise ValueError(
            f"{name}: there are no edges from {low} to {high}; give a finite range=(first, last)"
        )
    if low > high:
        raise ValueError(f"{name}: range=({low}, {high}) begins above its end")
    return (first - 0.5, last + 0.5) if low == high else (first, last)


def _spread(t: Any, first: Any, last: Any, count: int, dtype: Any = None) -> Any:
    """The edges of `count` bins of one width, of some dtype."""
    adapter = adapter_of_tensor(t)
    if isinstance(first, Tensor) or isinstance(last, Tensor):
        first, last = as_operand_tensors(first, last)
        edges = evenly_spaced(first, last, count)
    else:
        edges = adapter.xp.linspace(
            first, last, count + 1, dtype=adapter.xp.float64, device=device_of(t)
        )
        edges = as_operand_tensor(edges)
    return edges if dtype is None or edges.dtype == dtype else cast(edges, dtype)


def _whole(bins: Any, name: str) -> int:
    try:
        count = operator.index(bins)
    except TypeError as error:
        raise TypeError(
            f"{name}: bins= is how many there are, an integer, or their edges, and is {bins!r}"
        ) from error
    if count < 1:
        raise ValueError(f"{name}: there has to be one bin at least, and bins= is {count}")
    return count


def _ascending(edges: Any, name: str, strictly: bool = False) -> Any:
    def holds(array: Any) -> Any:
        low, high = array[:-1], array[1:]
        return library.all(low < high if strictly else low <= high)

    adapter = adapter_of_tensor(edges)
    library = adapter.xp
    if not is_true(adapter, adapter.following(holds)(edges._data), unknown=True):
        raise ValueError(
            f"{name}: there are more bins than numbers between the edges"
            if strictly
            else f"{name}: the edges in bins= have to be in ascending order"
        )
    return edges


def _is_number(bins: Any) -> bool:
    return not getattr(bins, "ndim", 1 if isinstance(bins, (list, tuple)) else 0)


def _edges(t: Any, bins: Any, given: Any, weights: Any, name: str) -> Any:
    """The edges of the bins, a tensor with one axis."""
    adapter = adapter_of_tensor(t)
    library = adapter.xp
    if not isinstance(bins, str) and not _is_number(bins):
        edges = as_operand_tensor(bins, (t,))
        if edges.ndim != 1:
            raise ValueError(f"{name}: edges have one axis, and bins= has {edges.ndim}")
        return _ascending(edges, name)
    if isinstance(bins, str):
        if weights is not None:
            raise TypeError(f"{name}: bins={bins!r} counts no weights=; say how many bins")
        estimate = getattr(library, "histogram_bin_edges", None)
        if estimate is None:
            raise TypeError(
                f"{name}: {adapter.name} has no rule for bins={bins!r}; say how many bins"
            )
        limits = None if given is None else tuple(_number(x) for x in given)
        bins = int(estimate(t._data, bins, limits).shape[0]) - 1
    count = _whole(bins, name)
    first, last = _range(t, given, name)
    exact = library.isdtype(t.dtype, ("integral", "bool"))
    edges = _spread(t, first, last, count, library.float64 if exact else t.dtype)
    return _ascending(edges, name, strictly=True)


def _bins(values: Any, edges: Any, library: Any) -> tuple[Any, Any]:
    """Which bin each value is in, and whether it is in one; the last one has its upper edge."""
    kinds = [library.isdtype(x.dtype, "integral") for x in (values, edges)]
    mixed = kinds[0] != kinds[1]
    dtype = library.float64 if mixed else library.result_type(values.dtype, edges.dtype)
    values, edges = library.astype(values, dtype), library.astype(edges, dtype)
    count = edges.shape[0] - 1
    place = library.searchsorted(edges, values, side="right") - 1
    place = library.where(values == edges[count], count - 1, place)
    inside = (place >= 0) & (place < count)
    return library.where(inside, place, 0), inside


def _numbered(flat: Any, count: int, place: Any, inside: Any, within: Any) -> tuple[Any, Any]:
    """The number of a bin among those of one dimension more, and whether it is one."""
    return flat * count + place, inside & within


def _counted(places: Any, inside: Any, count: int, like: Any) -> Any:
    """Raw: how many places are named how often."""
    adapter = adapter_of_tensor(like)
    library = adapter.xp

    def add_up(places: Any, inside: Any) -> Any:
        out = library.zeros(count, dtype=library.int64, device=device_of(places))
        return adapter.scatter_add(out, (places,), library.astype(inside, library.int64))

    return adapter.following(add_up)(places, inside)


def _flat(a: Any, weights: Any, name: str) -> tuple[Any, Any]:
    """What is counted, and by which weights, as tensors with one axis."""
    t = as_operand_tensor(a)
    if weights is not None:
        weights = as_operand_tensor(weights, (t,))
        if weights.shape != t.shape:
            raise ValueError(
                f"{name}: weights= of shape {tuple(weights.shape)} do not fit what is counted, of "
                f"shape {tuple(t.shape)}"
            )
        weights = reshape(weights, (-1,))
    t = reshape(t, (-1,))
    real_only(t, namespace_of(adapter_of_tensor(t)), name)
    if adapter_of_tensor(t).xp.isdtype(t.dtype, "bool"):
        t = cast(t, "uint8")
    return t, weights


def histogram_bin_edges(
    a: Any, bins: Any = 10, range: Any = None, weights: Any = None, *,
    constant: bool | None = None,
) -> Any:  # fmt: skip
    """The edges of the bins that `histogram` counts in.

    Parameters
    ----------
    a, bins, range, weights
        As for `histogram`.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        With one axis, longer by one than there are bins. Edges that are spread over the range of
        `a` have a derivative by its smallest and its largest element.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([0.0, 3.0, 4.0])
    >>> edges = mg.histogram_bin_edges(x, 2)
    >>> edges
    Tensor([0., 2., 4.])
    >>> edges.backward()
    >>> x.grad
    array([1.5, 0. , 1.5])
    """
    t, weights = _flat(a, weights, "histogram_bin_edges")
    edges = _edges(t, bins, range, weights, "histogram_bin_edges")
    return astensor(edges, constant=constant)


def histogram(
    a: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
    *,
    constant: bool | None = None,
) -> Any:
    """How many elements, or how much weight, is in each of the bins between edges.

    Parameters
    ----------
    a : ArrayLike
        What is counted; it is flattened. Elements beyond the outer edges are not counted.
    bins : int | ArrayLike | str
        How many bins of one width there are; or all their edges; or the name of a rule by which
        NumPy chooses how many.
    range : tuple[float, float], optional
        The outer edges, if `bins` is a number; the smallest and the largest element if not given.
    density : bool, optional
        Whether to divide by the width of the bins and by the whole, so that the integral is 1.
    weights : ArrayLike, optional
        How much each element counts, in the shape of `a`.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    tuple[Tensor | array, Tensor]
        The histogram, of the dtype of `weights`, and the edges. Counts without weights are a raw
        array of integers.

    Notes
    -----
    It is differentiated by the weights; densities also by the edges, and so by the smallest and the
    largest element of `a` where the edges come from there. That which bin an element is in changes
    in steps is left out. A bin has its lower edge, and the last one its upper edge as well.

    Examples
    --------
    >>> import mygrad as mg
    >>> w = mg.tensor([1.0, 2.0, 3.0])
    >>> total, edges = mg.histogram([0.1, 0.2, 0.9], 2, (0, 1), weights=w)
    >>> total, edges
    (Tensor([3., 3.]), Tensor([0. , 0.5, 1. ]))
    >>> (total * [1.0, 10.0]).backward()
    >>> w.grad
    array([ 1.,  1., 10.])
    """
    t, weights = _flat(a, weights, "histogram")
    edges = _edges(t, bins, range, weights, "histogram")
    adapter, count = adapter_of_tensor(t), edges.size - 1
    places, inside = adapter.following(_bins)(t._data, edges._data, adapter.xp)
    if weights is None:
        found: Any = _counted(places, inside, count, t)
    else:
        found = untake(where(inside, weights, 0), places, 0, (count,))
    if density:
        found = as_operand_tensor(found)
        if adapter.xp.isdtype(found.dtype, ("integral", "bool")):
            found = cast(found, "float64")
        width = cast(edges[1:] - edges[:-1], "float64")
        found = found / width / sum(found)
    if isinstance(found, Tensor):
        found = astensor(found, constant=constant)
    return found, astensor(edges, constant=constant)


def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
    *,
    constant: bool | None = None,
) -> Any:
    """A histogram in several dimensions: how many points, or how much weight, is in each box.

    Parameters
    ----------
    sample : ArrayLike | Sequence[ArrayLike]
        The points: a tensor with one row for each, or a sequence of their coordinates, one tensor
        for each dimension.
    bins : int | Sequence[int | ArrayLike]
        How many bins there are in each dimension, or their edges.
    range : Sequence[tuple[float, float] | None], optional
        By dimension, the outer edges; the smallest and the largest coordinate if not given.
    density : bool, optional
        Whether to divide by the volume of the boxes and by the whole.
    weights : ArrayLike, optional
        How much each point counts.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    tuple[Tensor, list[Tensor]]
        The histogram, in float64, and the edges of each dimension. It is differentiated by the
        same things as `histogram`.

    Examples
    --------
    >>> import mygrad as mg
    >>> w = mg.tensor([1.0, 2.0, 3.0])
    >>> points = mg.tensor([[0.0, 0.0], [0.1, 0.9], [1.0, 1.0]])
    >>> found, edges = mg.histogramdd(points, 2, weights=w)
    >>> found
    Tensor([[1., 2.],
            [0., 3.]])
    """
    columns = _columns(sample)
    found, edges = _boxes("histogramdd", columns, bins, range, density, weights)
    return astensor(found, constant=constant), [astensor(e, constant=constant) for e in edges]


def _columns(sample: Any) -> list[Any]:
    """The coordinates of points, one tensor for each dimension."""
    if hasattr(sample, "shape") and len(sample.shape) == 2:
        t = as_operand_tensor(sample)
    elif isinstance(sample, (list, tuple)) and any(hasattr(x, "shape") for x in sample):
        return as_operand_tensors(*sample)
    else:  # lists of lists are coordinates for NumPy, too
        t = as_operand_tensor(sample)
        t = transpose(t) if t.ndim > 1 else reshape(t, (-1, 1))
    return [t[:, k] for k in range(t.shape[1])]


def _boxes(
    name: str, columns: list[Any], bins: Any, ranges: Any, density: bool | None, weights: Any
) -> tuple[Any, list[Any]]:
    """The histogram of points, and the edges, by dimension."""
    dimensions = len(columns)
    bins = [bins] * dimensions if _is_number(bins) else list(bins)
    ranges = [None] * dimensions if ranges is None else list(ranges)
    for option, values in (("bins", bins), ("range", ranges)):
        if len(values) != dimensions:
            raise ValueError(
                f"{name}: {option}= has {len(values)} entries, and there are {dimensions} "
                f"dimensions"
            )
    adapter = common_adapter(columns, name)
    edges, flat, inside = [], 0, True
    for t, wanted, limits in zip(columns, bins, ranges, strict=True):
        if _is_number(wanted):
            count = _whole(wanted, name)
            first, last = _range(t, limits, name)
            own = _spread(t, first, last, count)
        else:
            own = _ascending(as_operand_tensor(wanted, (t,)), name)
        place, within = adapter.following(_bins)(t._data, own._data, adapter.xp)
        flat, inside = adapter.following(_numbered)(flat, own.size - 1, place, inside, within)
        edges.append(own)
    shape = tuple(own.size - 1 for own in edges)
    if weights is None:
        found = as_operand_tensor(_counted(flat, inside, prod(shape), columns[0]))
        found = cast(found, "float64")
    else:
        w = as_operand_tensor(weights, columns)
        if w.shape != columns[0].shape:
            raise ValueError(
                f"{name}: weights= of shape {tuple(w.shape)} do not fit "
                f"{columns[0].shape[0]} points"
            )
        real_only(w, namespace_of(adapter), f"{name}(weights=)")
        w = cast(w, "float64")
        found = untake(where(inside, w, 0), flat, 0, (prod(shape),))
    found = reshape(found, shape)
    if density:
        whole = sum(found)
        for k, own in enumerate(edges):
            width = reshape(own[1:] - own[:-1], (-1,) + (1,) * (dimensions - k - 1))
            found = found / width
        found = found / whole
    return found, edges


def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
    *,
    constant: bool | None = None,
) -> Any:
    """A histogram in two dimensions: how many points, or how much weight, is in each rectangle.

    Parameters
    ----------
    x, y : ArrayLike
        The coordinates of the points.
    bins : int | ArrayLike | Sequence[int | ArrayLike]
        How many bins there are, or their edges, in both dimensions or in each.
    range, density, weights, constant
        As for `histogramdd`.

    Returns
    -------
    tuple[Tensor, Tensor, Tensor]
        The histogram, in float64, and the edges along `x` and along `y`.

    Examples
    --------
    >>> import mygrad as mg
    >>> found, xedges, yedges = mg.histogram2d([0.0, 0.1, 1.0], [0.0, 0.9, 1.0], bins=2)
    >>> found
    Tensor([[1., 1.],
            [0., 1.]])
    """
    columns = as_operand_tensors(x, y)
    if columns[0].shape != columns[1].shape or columns[0].ndim != 1:
        raise ValueError(
            f"histogram2d: the coordinates are one of shape {tuple(columns[0].shape)} and one of "
            f"shape {tuple(columns[1].shape)}; they have one axis, of one length"
        )
    several = 0 if _is_number(bins) else bins.shape[0] if hasattr(bins, "shape") else len(bins)
    if several > 2:  # the edges of both
        bins = [bins, bins]
    found, edges = _boxes("histogram2d", columns, bins, range, density, weights)
    found, first, second = (astensor(part, constant=constant) for part in (found, *edges))
    return found, first, second


def bincount(
    x: Any, weights: Any = None, minlength: int = 0, *, constant: bool | None = None
) -> Any:
    """How often each number from 0 on is there, or how much weight it has.

    Parameters
    ----------
    x : ArrayLike
        Integers from 0 on, along one axis.
    weights : ArrayLike, optional
        How much each of them counts.
    minlength : int
        The least length of the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor | array
        With weights a tensor of float64, whose gradient goes to the weights; else a raw array of
        integers.

    Raises
    ------
    TypeError
        `x` is not of integers, or weights are complex.
    ValueError
        `x` has negative elements, another shape than `weights`, or not one axis.

    Examples
    --------
    >>> import mygrad as mg
    >>> w = mg.tensor([1.0, 2.0, 3.0])
    >>> mg.bincount([0, 2, 0], weights=w)
    Tensor([4., 0., 2.])
    """
    given = [] if weights is None else [as_operand_tensor(weights)]
    t = as_operand_tensor(x, given)
    adapter = common_adapter((t, *given), "bincount")
    library = adapter.xp
    if t.ndim != 1:
        raise ValueError(f"bincount: the numbers are along one axis, and x has {t.ndim}")
    if t.size and not library.isdtype(t.dtype, ("integral", "bool")):
        raise TypeError(f"bincount: x is of {t.dtype}, and integers are counted")
    places = adapter.following(library.astype)(t._data, library.int64)
    negative = as_operand_tensor(places) < 0
    if t.size and is_true(adapter, adapter.following(library.any)(negative), unknown=False):
        raise ValueError("bincount: x has negative elements")
    length = int(adapter.following(library.max)(places)) + 1 if t.size else 0
    length = length if length > minlength else operator.index(minlength)
    if weights is None:
        ones = adapter.following(library.ones_like)(places)
        return _counted(places, ones, length, t)
    (w,) = given
    if w.shape != t.shape:
        raise ValueError(
            f"bincount: weights= of shape {tuple(w.shape)} do not fit x, of shape {tuple(t.shape)}"
        )
    real_only(w, namespace_of(adapter), "bincount(weights=)")
    w = cast(w, library.float64)
    return astensor(untake(w, places, 0, (length,)), constant=constant)
