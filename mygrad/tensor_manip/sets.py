"""Unique elements, and tensors as sets of their elements.

Which elements are in the result is decided on the values; they are then taken from the operand,
so that gradients flow back to where they were found: of equal elements to the first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mygrad.arrays import Adapter, adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import namespace_of
from mygrad.tensor_manip.array_shape import reshape
from mygrad.tensor_manip.selecting import take
from mygrad.tensor_manip.tensor_joining import concatenate
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors, astensor

__all__ = [
    "intersect1d", "setdiff1d", "setxor1d", "union1d", "unique", "unique_all", "unique_counts",
    "unique_inverse", "unique_values",
]  # fmt: skip


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Any
    inverse_indices: Any


def _adapter(t: Any) -> Adapter:
    adapter = adapter_of(t._data)
    assert adapter is not None
    return adapter


def _flat(t: Any) -> Any:
    return t if t.ndim == 1 else reshape(t, (-1,))


def _found(function: Any, t: Any, *args: Any) -> Any:
    """What a function finds out of the raw array of a tensor; it is handed the library last."""
    adapter = _adapter(t)
    return adapter.following(function)(t._data, *args, adapter.xp)


def _first_places(
    t: Any, axis: int | None, equal_nan: bool, inverse: bool = False
) -> tuple[Any, Any, Any]:
    """Raw: where each unique element is found first, how often, and which one each element is.

    The last is None if `inverse` is not asked for.
    """
    adapter = _adapter(t)
    found: tuple[Any, Any, Any]
    if axis is None:
        found = _found(_grouped, _flat(t), equal_nan, inverse, namespace_of(adapter))
        return found
    if not hasattr(adapter.xp, "unique"):
        raise TypeError(
            f"unique: {adapter.name} has no unique elements along an axis; "
            f't.to("numpy") is the tensor on the host'
        )
    _, places, which, counts = adapter.following(adapter.xp.unique)(
        t._data, return_index=True, return_inverse=True, return_counts=True, axis=axis,
        equal_nan=equal_nan,
    )  # fmt: skip
    return places, counts, which


def _sorted(array: Any, xp: Any, library: Any) -> tuple[Any, Any]:
    """A vector, sorted, and where each element was; what is not a number comes last."""
    try:
        return xp.stable_sort(array, 0)
    except TypeError:  # a library that sorts real numbers alone, as the standard asks of it
        if not library.isdtype(array.dtype, "complex floating"):
            raise
    missing = library.isnan(array)
    real, imag = (
        library.where(missing, float("nan"), part(array)) for part in (library.real, library.imag)
    )
    order = library.argsort(imag, stable=True)
    order = library.take(order, library.argsort(library.take(real, order), stable=True))
    return library.take(array, order), order


def _grouped(
    array: Any, equal_nan: bool, inverse: bool, xp: Any, library: Any
) -> tuple[Any, Any, Any]:
    """The same along the only axis, by sorting."""
    ordered, order = _sorted(array, xp, library)
    if not array.shape[0]:
        return order, order, order
    begins = ordered[1:] != ordered[:-1]
    if equal_nan and library.isdtype(array.dtype, ("real floating", "complex floating")):
        missing = library.isnan(ordered)  # all at the end
        begins = begins & ~(missing[1:] & missing[:-1])
    begins = library.concat([library.ones_like(order[:1], dtype=library.bool), begins])
    (starts,) = library.nonzero(begins)
    ends = library.concat([starts[1:], library.full_like(starts[:1], array.shape[0])])
    places, counts, which = library.take(order, starts), ends - starts, None
    if inverse:
        group = library.cumulative_sum(library.astype(begins, order.dtype)) - 1
        which = xp.put_back(group, order, 0)
    return places, counts, which


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
    constant: bool | None = None,
) -> Any:
    """The unique elements, in ascending order.

    Their gradients go to where they are found first.

    Parameters
    ----------
    ar : ArrayLike
        The tensor.
    return_index, return_inverse, return_counts : bool
        Whether to return also where each of them is found first, which of them each element of
        `ar` is, and how often each of them is there: raw arrays of integers, in this order.
    axis : int, optional
        Find the unique slabs along this axis; the unique elements of all if not given.
    equal_nan : bool
        Whether all NaN count as one element.
    sorted
        Without effect: they are always sorted.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor | tuple[Tensor, array, ...]

    Raises
    ------
    TypeError
        An `axis`, on an array library that has nothing but the standard's functions.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([2.0, 1.0, 2.0])
    >>> values, counts = mg.unique(x, return_counts=True)
    >>> values, counts
    (Tensor([1., 2.]), array([1, 2]))
    >>> (values * [1.0, 10.0]).backward()
    >>> x.grad
    array([10.,  1.,  0.])
    """
    t = as_operand_tensor(ar)
    places, counts, inverse = _first_places(t, axis, equal_nan, return_inverse)
    values = take(_flat(t) if axis is None else t, places, 0 if axis is None else axis)
    values = astensor(values, constant=constant)
    if axis is None and return_inverse:
        inverse = _adapter(t).xp.reshape(inverse, t.shape)
    asked = ((return_index, places), (return_inverse, inverse), (return_counts, counts))
    results = [found for wanted, found in asked if wanted]
    return (values, *results) if results else values


def unique_values(x: Any, *, constant: bool | None = None) -> Tensor:
    """The unique elements, in ascending order; every NaN is one.

    Parameters
    ----------
    x : ArrayLike
        The tensor.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Their gradients go to where they are found first.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.unique_values(mg.tensor([2.0, 1.0, 2.0]))
    Tensor([1., 2.])
    """
    values: Tensor = unique(x, equal_nan=False, constant=constant)
    return values


def unique_counts(x: Any, *, constant: bool | None = None) -> Any:
    """The unique elements, in ascending order, and how often each is there.

    Parameters
    ----------
    x : ArrayLike
        The tensor.
    constant : bool, optional
        Whether the values are constant.

    Returns
    -------
    tuple[Tensor, array]
        The `values`, and their `counts`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.unique_counts(mg.tensor([2.0, 1.0, 2.0])).counts
    array([1, 2])
    """
    return UniqueCounts(*unique(x, return_counts=True, equal_nan=False, constant=constant))


def unique_inverse(x: Any, *, constant: bool | None = None) -> Any:
    """The unique elements, in ascending order, and which of them each element is.

    Parameters
    ----------
    x : ArrayLike
        The tensor.
    constant : bool, optional
        Whether the values are constant.

    Returns
    -------
    tuple[Tensor, array]
        The `values`, and `inverse_indices`, of the shape of `x`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.unique_inverse(mg.tensor([2.0, 1.0, 2.0])).inverse_indices
    array([1, 0, 1])
    """
    return UniqueInverse(*unique(x, return_inverse=True, equal_nan=False, constant=constant))


def unique_all(x: Any, *, constant: bool | None = None) -> Any:
    """The unique elements, in ascending order, and all that can be said of them.

    Parameters
    ----------
    x : ArrayLike
        The tensor.
    constant : bool, optional
        Whether the values are constant.

    Returns
    -------
    tuple[Tensor, array, array, array]
        The `values`; the `indices` where they are found first; the `inverse_indices`, which of
        them each element is, in the shape of `x`; their `counts`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.unique_all(mg.tensor([2.0, 1.0, 2.0])).indices
    array([1, 0])
    """
    return UniqueAll(*unique(x, True, True, True, equal_nan=False, constant=constant))


def _joined(ar1: Any, ar2: Any, assume_unique: bool) -> tuple[Any, int]:
    """The elements of both, one after the other, each once; how many are of the first."""
    first, second = (_flat(t) for t in as_operand_tensors(ar1, ar2))
    if not assume_unique:
        first, second = unique(first), unique(second)
    return concatenate([first, second]), first.size


def union1d(ar1: Any, ar2: Any, *, constant: bool | None = None) -> Tensor:
    """The elements of one or the other, each once, in ascending order.

    Parameters
    ----------
    ar1, ar2 : ArrayLike
        Two tensors, which are flattened.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Gradients of elements that are in both go to `ar1`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.union1d(mg.tensor([3.0, 1.0]), mg.tensor([2.0, 3.0]))
    Tensor([1., 2., 3.])
    """
    first, second = (_flat(t) for t in as_operand_tensors(ar1, ar2))
    values: Tensor = unique(concatenate([first, second]), constant=constant)
    return values


def intersect1d(
    ar1: Any,
    ar2: Any,
    assume_unique: bool = False,
    return_indices: bool = False,
    *,
    constant: bool | None = None,
) -> Any:
    """The elements that are in both, each once, in ascending order.

    Parameters
    ----------
    ar1, ar2 : ArrayLike
        Two tensors, which are flattened.
    assume_unique : bool
        Whether no element is in one of them twice, which is not checked.
    return_indices : bool
        Whether to return also where each is found first, in `ar1` and in `ar2`.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor | tuple[Tensor, array, array]
        Gradients go to `ar1`.

    Examples
    --------
    >>> import mygrad as mg
    >>> x, y = mg.tensor([3.0, 1.0]), mg.tensor([2.0, 3.0])
    >>> mg.intersect1d(x, y)
    Tensor([3.])
    """
    both, n = _joined(ar1, ar2, assume_unique)
    here, there = _found(_twice, both)
    values = astensor(take(both, here), constant=constant)
    if not return_indices:
        return values
    adapter = _adapter(both)
    there = adapter.following(lambda places: places - n)(there)
    if not assume_unique:
        pick = adapter.following(adapter.xp.take)
        first, second = (_flat(t) for t in as_operand_tensors(ar1, ar2))
        here = pick(_first_places(first, None, True)[0], here)
        there = pick(_first_places(second, None, True)[0], there)
    return values, here, there


def _twice(array: Any, library: Any) -> tuple[Any, Any]:
    """The two places of each element that is there twice, of the smallest first."""
    order = library.argsort(array, stable=True)
    if not array.shape[0]:
        return order, order
    ordered = library.take(array, order)
    (chosen,) = library.nonzero(ordered[1:] == ordered[:-1])
    return library.take(order, chosen), library.take(order, chosen + 1)


def setxor1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, *, constant: bool | None = None
) -> Tensor:
    """The elements that are in one, but not in both, each once, in ascending order.

    Parameters
    ----------
    ar1, ar2 : ArrayLike
        Two tensors, which are flattened.
    assume_unique : bool
        Whether no element is in one of them twice, which is not checked.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.setxor1d(mg.tensor([3.0, 1.0]), mg.tensor([2.0, 3.0]))
    Tensor([1., 2.])
    """
    both, _ = _joined(ar1, ar2, assume_unique)
    return astensor(take(both, _found(_once, both)), constant=constant)


def _once(array: Any, library: Any) -> Any:
    """The place of each element that is there once, of the smallest first."""
    order = library.argsort(array, stable=True)
    if not array.shape[0]:
        return order
    ordered = library.take(array, order)
    differs = ordered[1:] != ordered[:-1]
    end = library.ones_like(ordered[:1], dtype=library.bool)
    (chosen,) = library.nonzero(library.concat([end, differs]) & library.concat([differs, end]))
    return library.take(order, chosen)


def setdiff1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, *, constant: bool | None = None
) -> Tensor:
    """The elements of the first that are not in the second.

    Parameters
    ----------
    ar1, ar2 : ArrayLike
        Two tensors, which are flattened.
    assume_unique : bool
        Whether no element is in one of them twice, which is not checked. The result is in the
        order of `ar1` then; it is in ascending order otherwise.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.setdiff1d(mg.tensor([3.0, 1.0]), mg.tensor([2.0, 3.0]))
    Tensor([1.])
    """
    first, second = (_flat(t) for t in as_operand_tensors(ar1, ar2))
    if not assume_unique:
        first, second = unique(first), unique(second)
    both = concatenate([first, second])  # of one dtype
    return astensor(take(first, _found(_missing, both, first.size)), constant=constant)


def _missing(array: Any, n: int, library: Any) -> Any:
    """The places of those of the first `n` elements that are not among the others."""
    if array.shape[0] == n:
        return library.arange(n, device=device_of(array))
    ordered = library.sort(array[n:])
    place = library.searchsorted(ordered, array[:n])
    place = library.where(place < ordered.shape[0], place, ordered.shape[0] - 1)
    (chosen,) = library.nonzero(library.take(ordered, place) != array[:n])
    return chosen
