"""Sorting: the derivative follows the permutation that was applied.

Where the permutation is constant, which it is but for ties, so is the derivative. Among equal
elements the one that stands first stays first (the sort is stable), and gradients go by that.
"""

from __future__ import annotations

import operator
from math import prod
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import composition, registry
from mygrad.autodiff.primitive import primitive
from mygrad.tensor_manip.selecting import along
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor, astensor

__all__ = ["partition", "sort", "sort_complex"]


@primitive(g=lambda h, places, axis, xp: xp.take_along_axis(h, places, axis=axis), places=None)
def put_back(g: Any, places: Any, axis: int, *, xp: Any) -> Any:
    """The adjoint of a permutation along an axis: each element goes back to where it was.

    Parameters
    ----------
    g : ArrayLike
        What was taken from the places.
    places : ArrayLike
        Where, as `argsort` says it; every place along the axis is named once.
    axis : int
        Along which axis.

    Returns
    -------
    Tensor
    """
    out = xp.adapter.xp.zeros(g.shape, dtype=g.dtype, device=device_of(g))
    return xp.adapter.assign(out, along(places, axis, xp), g)


@composition
def stable_sort(a: Any, axis: int, descending: bool = False, *, xp: Any) -> tuple[Any, Any]:
    """The elements along an axis in order, and where they were; equal ones stay in their order."""
    library = xp.adapter.xp
    places = library.argsort(a, axis=axis, descending=descending, stable=True)
    return library.take_along_axis(a, places, axis=axis), places


def _unsorted(g: Any, places: Any, axis: int | None, shape: tuple[int, ...], xp: Any) -> Any:
    if axis is None:
        return xp.reshape(xp.put_back(g, places, 0), shape)
    return xp.put_back(g, places, axis)


def _without_fields(name: str, order: Any) -> None:
    if order is not None:
        raise ValueError(f"{name}: order= names fields, and tensors have none; leave it out")


@primitive(
    a=lambda g, places, axis, a_shape, xp: _unsorted(g, places, axis, a_shape, xp),
    index_residuals=("places",),
)
def sort(
    a: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: Any = None,
    stable: bool | None = None,
    descending: bool | None = None,
    *,
    xp: Any,
) -> Any:
    """The elements along an axis, in ascending order.

    The gradient of each element of the result goes to the element that it is. Among equal ones
    that is the one that stands first in `a`, for the first of them in the result. NaN is sorted to
    the end.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis : int, optional
        Along which axis; None stands for the flattened tensor.
    kind
        Without effect: the sort is always a stable one.
    order
        Not there for tensors, which have no fields.
    stable
        Without effect.
    descending : bool, optional
        Whether the largest come first.

    Returns
    -------
    Tensor
        Of the shape of `a`, and of its dtype.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([3.0, 1.0, 2.0])
    >>> y = mg.sort(x)
    >>> y
    Tensor([1., 2., 3.])
    >>> (y * [1.0, 10.0, 100.0]).backward()
    >>> x.grad
    array([100.,   1.,  10.])
    """
    _without_fields("sort", order)
    if kind is not None and (stable is not None or descending is not None):
        raise ValueError("sort: kind= goes without stable= and descending=; give these alone")
    library = xp.adapter.xp
    if axis is None:
        a, axis = library.reshape(a, (prod(a.shape),)), 0
    axis = axis_number(axis, a.ndim, "sort")
    ordered, places = xp.stable_sort(a, axis, bool(descending))
    return ordered, places


@primitive(
    a=lambda g, places, axis, a_shape, xp: _unsorted(g, places, axis, a_shape, xp),
    index_residuals=("places",),
)
def partition(
    a: Any,
    kth: Any,
    axis: int | None = -1,
    kind: str = "introselect",
    order: Any = None,
    *,
    xp: Any,
) -> Any:
    """The elements along an axis, with some of them in their sorted position.

    The smaller ones are in front of these, the others behind, in no particular order. The
    gradient of each element goes to the one that it is; which of equal ones that is the array
    library decides (`sort` says it).

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    kth : int | Sequence[int]
        The positions that are to be right.
    axis : int, optional
        Along which axis; None stands for the flattened tensor.
    kind
        Without effect.
    order
        Not there for tensors, which have no fields.

    Returns
    -------
    Tensor
        Of the shape of `a`, and of its dtype. Array libraries that cannot do it in parts sort.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([3.0, 1.0, 2.0, 5.0])
    >>> mg.partition(x, 1)[1].backward()
    >>> x.grad
    array([0., 0., 1., 0.])
    """
    _without_fields("partition", order)
    library = xp.adapter.xp
    if axis is None:
        a, axis = library.reshape(a, (prod(a.shape),)), 0
    axis = axis_number(axis, a.ndim, "partition")
    places = _partitioned(a, kth, axis, xp)
    return library.take_along_axis(a, places, axis=axis), places


@composition
def partitioned_places(a: Any, kth: list[int], axis: int, *, xp: Any) -> Any:
    """Places such that the elements there are partitioned: sorted, where that is no more work."""
    return xp.adapter.xp.argsort(a, axis=axis, stable=True)


def _partitioned(a: Any, kth: Any, axis: int, xp: Any) -> Any:
    """Places such that the elements there are partitioned, once `kth` was looked at."""
    if hasattr(kth, "tolist"):
        kth = kth.tolist()
    kth = [operator.index(k) for k in (kth if isinstance(kth, (list, tuple)) else [kth])]
    for k in kth:
        if not -a.shape[axis] <= k < a.shape[axis]:
            raise ValueError(
                f"partition: kth={k} is no position along an axis of length {a.shape[axis]}"
            )
    return xp.partitioned_places(a, kth, axis)


def sort_complex(a: Any, *, constant: bool | None = None) -> Tensor:
    """The elements along the last axis as complex numbers, by their real, then imaginary part.

    Parameters
    ----------
    a : ArrayLike
        The tensor. The array library has to be able to sort complex numbers, if it has some.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Of complex128, unless `a` is complex64, or of integers of at most 16 bits.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.sort_complex(mg.tensor([2.0, 1.0]))
    Tensor([1.+0.j, 2.+0.j])
    """
    a = as_operand_tensor(a)
    adapter = adapter_of(a._data)
    assert adapter is not None
    library = adapter.xp
    if library.isdtype(a.dtype, "complex floating"):
        return sort(a, constant=constant)
    narrow = (library.int8, library.int16, library.uint8, library.uint16)
    small = any(library.isdtype(a.dtype, dtype) for dtype in narrow)
    ordered = sort(a)  # as their real parts are, all others being 0
    wanted = library.complex64 if small else library.complex128
    made = registry["astype"](ordered, wanted, constant=True if ordered.constant else None)
    return astensor(made, constant=constant)
