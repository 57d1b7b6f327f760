"""Changing the shape of tensors. What the array library returns as a view is a view here."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

from mygrad.autodiff.primitive import primitive, registry
from mygrad.tensors.axes import AxisError
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_to",
    "expand_dims",
    "flatten",
    "meshgrid",
    "ravel",
    "reshape",
    "squeeze",
]


def reordered(x: Any, shape: tuple[int, ...], order: str, xp: Any) -> Any:
    """`x` in another shape; order "F" goes through the elements with the first axis fastest."""
    if order == "C":
        return xp.reshape(x, shape)
    if order != "F":
        raise ValueError(f"order={order!r} is not known here; it is 'C' or 'F'")
    if -1 in shape:
        rest = prod(n for n in shape if n != -1)
        shape = tuple(prod(x.shape) // max(rest, 1) if n == -1 else n for n in shape)
    backwards = xp.permute_dims(x, tuple(range(x.ndim))[::-1])
    return xp.permute_dims(xp.reshape(backwards, shape[::-1]), tuple(range(len(shape)))[::-1])


@primitive(a=lambda g, a_shape, order, xp: reordered(g, a_shape, order, xp), may_view=True)
def reshape(
    a: Any,
    newshape: Any = None,
    order: str = "C",
    shape: Any = None,
    copy: bool | None = None,
    *,
    xp: Any,
) -> Any:
    """Give a tensor another shape, with the same elements in the same order.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    newshape : int | tuple[int, ...]
        The shape; one length may be -1, and follows from the others.
    order : {"C", "F"}
        Whether the last or the first index changes fastest.
    shape : int | tuple[int, ...]
        Another name of `newshape`.
    copy : bool, optional
        Whether to copy; by default only where a view cannot have the shape. False makes that
        an error.

    Returns
    -------
    Tensor
        A view of `a`, where that is possible.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.reshape(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), (4,))
    Tensor([1., 2., 3., 4.])
    """
    newshape = shape if newshape is None else newshape
    if newshape is None:
        raise TypeError("reshape: the new shape is missing, its first argument")
    try:
        lengths: tuple[int, ...] = (operator.index(newshape),)
    except TypeError:
        lengths = tuple(operator.index(n) for n in newshape)
    out = reordered(a, lengths, order, xp)
    if copy is False and xp.adapter.has_views and not xp.adapter.is_view(out, a):
        raise ValueError(f"there is no view of the shape {lengths}, and copy=False was asked for")
    return xp.asarray(out, copy=True) if copy else out


@primitive(a=lambda g, a_shape, order, xp: reordered(g, a_shape, order, xp), may_view=True)
def ravel(a: Any, order: str = "C", *, xp: Any) -> Any:
    """All elements along one axis.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    order : {"C", "F"}
        Whether the last or the first index changes fastest.

    Returns
    -------
    Tensor
        One-dimensional; a view of `a`, where that is possible.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.ravel(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 2., 3., 4.])
    """
    return reordered(a, (prod(a.shape),), order, xp)


@primitive(a=lambda g, a_shape, order, xp: reordered(g, a_shape, order, xp))
def flatten(a: Any, order: str = "C", *, xp: Any) -> Any:
    """A copy of all elements along one axis.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    order : {"C", "F"}
        Whether the last or the first index changes fastest.

    Returns
    -------
    Tensor
        One-dimensional; never a view.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.tensor([[1.0, 2.0], [3.0, 4.0]]).flatten()
    Tensor([1., 2., 3., 4.])
    """
    return xp.asarray(reordered(a, (prod(a.shape),), order, xp), copy=True)


@primitive(a=lambda g, a_shape, xp: xp.reshape(g, a_shape), may_view=True)
def squeeze(a: Any, axis: Any = None, *, xp: Any) -> Any:
    """Leave out axes of length 1.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis : int | tuple[int, ...], optional
        Which; all of length 1 if not given.

    Returns
    -------
    Tensor
        A view of `a`.

    Raises
    ------
    ValueError
        An axis in `axis` has another length.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.squeeze(mg.tensor([[[1.0], [2.0]]])).shape
    (2,)
    """
    if axis is None:
        axis = tuple(k for k, n in enumerate(a.shape) if n == 1)
    return xp.squeeze(a, axis=axis) if axis != () else a[...]


@primitive(a=lambda g, a_shape, xp: xp.reshape(g, a_shape), may_view=True)
def expand_dims(a: Any, axis: Any = 0, *, xp: Any) -> Any:
    """Insert axes of length 1.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    axis : int | tuple[int, ...]
        Where the new axes are in the result.

    Returns
    -------
    Tensor
        A view of `a`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.expand_dims(mg.tensor([1.0, 2.0]), axis=1)
    Tensor([[1.],
            [2.]])
    """
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    ndim = a.ndim + len(axes)
    new = {k + ndim if k < 0 else k for k in axes}
    if len(new) < len(axes) or not all(0 <= k < ndim for k in new):
        raise AxisError(f"axis={axis} has to name {len(axes)} different axes of {ndim}")
    return a[(*(None if k in new else slice(None) for k in range(ndim)), ...)]


@primitive(a=lambda g: g, may_view=True, folds=True, broadcasts="elements")
def broadcast_to(a: Any, shape: Any, *, xp: Any) -> Any:
    """Repeat a tensor, without copying, until it has a shape.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    shape : int | tuple[int, ...]
        The shape; the last lengths of `a` have to be equal to its, or 1.

    Returns
    -------
    Tensor
        A read-only view of `a`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.broadcast_to(mg.tensor([1.0, 2.0]), (2, 2))
    Tensor([[1., 2.],
            [1., 2.]])
    """
    return xp.broadcast_to(a, tuple(shape) if isinstance(shape, (tuple, list)) else (shape,))


def broadcast_arrays(*tensors: Any, constant: bool | None = None) -> list[Tensor]:
    """Broadcast tensors against one another.

    Parameters
    ----------
    *tensors : ArrayLike
        The tensors.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    list[Tensor]
        Read-only views, all of one shape.

    Examples
    --------
    >>> import mygrad as mg
    >>> [t.shape for t in mg.broadcast_arrays(mg.ones(2), mg.ones((3, 1)))]
    [(3, 2), (3, 2)]
    """
    operands = as_operand_tensors(*tensors)
    shape: list[int] = []
    for t in operands:
        missing = t.ndim - len(shape)
        shape = [1] * missing + shape if missing > 0 else shape
        for k, n in enumerate(t.shape, start=len(shape) - t.ndim):
            if n != 1 and shape[k] not in (1, n):
                raise ValueError(
                    "broadcast_arrays: the shapes "
                    f"{', '.join(str(tuple(u.shape)) for u in operands)} do not go together"
                )
            shape[k] = n if n != 1 else shape[k]
    return [broadcast_to(t, tuple(shape), constant=constant) for t in operands]


def meshgrid(
    *xi: Any,
    copy: bool = True,
    sparse: bool = False,
    indexing: str = "xy",
    constant: bool | None = None,
) -> tuple[Tensor, ...]:
    """The coordinates of the points of a grid.

    Parameters
    ----------
    *xi : ArrayLike
        The coordinates along each axis of the grid.
    copy : bool
        Whether the results are copies; otherwise they are views.
    sparse : bool
        Whether to leave out repetitions: results have the length 1 along all axes but their own.
    indexing : {"xy", "ij"}
        Whether the first two axes are exchanged, or each tensor goes along the axis of its number.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    tuple[Tensor, ...]
        One for each of `xi`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.meshgrid([1.0, 2.0], [3.0, 4.0])
    (Tensor([[1., 2.],
            [1., 2.]]), Tensor([[3., 3.],
            [4., 4.]]))
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing={indexing!r} is not known; it is 'xy' or 'ij'")
    tensors = as_operand_tensors(*xi)
    places = list(range(len(tensors)))
    if indexing == "xy" and len(places) > 1:
        places[:2] = [1, 0]
    lines = [
        reshape(t, (1,) * k + (-1,) + (1,) * (len(places) - k - 1), constant=constant)
        for t, k in zip(tensors, places, strict=True)
    ]
    whole = lines if sparse else broadcast_arrays(*lines)
    return tuple(registry["copy"](t) if copy else t for t in whole)


def _at_least(ndim: int, tensors: tuple[Any, ...], constant: bool | None) -> Any:
    results = []
    for given in tensors:
        t = as_operand_tensor(given)
        shape = tuple(t.shape)
        if ndim == 3 and 0 < len(shape) < 3:  # the new axes enclose those that there are
            shape = (*((1,) if len(shape) == 1 else ()), *shape, 1)
        shape = (1,) * (ndim - len(shape)) + shape
        whole = len(shape) == t.ndim and constant in (None, t.constant)
        results.append(t if whole else reshape(t, shape, constant=constant))
    return results[0] if len(results) == 1 else results


def atleast_1d(*tensors: Any, constant: bool | None = None) -> Any:
    """Views of tensors that have one axis or more.

    Parameters
    ----------
    *tensors : ArrayLike
        The tensors.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    Tensor | list[Tensor]
        A list if more than one was given.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.atleast_1d(mg.tensor(1.0))
    Tensor([1.])
    """
    return _at_least(1, tensors, constant)


def atleast_2d(*tensors: Any, constant: bool | None = None) -> Any:
    """Views of tensors that have two axes or more; the new ones are in front.

    Parameters
    ----------
    *tensors : ArrayLike
        The tensors.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    Tensor | list[Tensor]
        A list if more than one was given.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.atleast_2d(mg.tensor([1.0, 2.0]))
    Tensor([[1., 2.]])
    """
    return _at_least(2, tensors, constant)


def atleast_3d(*tensors: Any, constant: bool | None = None) -> Any:
    """Views of tensors that have three axes or more.

    Parameters
    ----------
    *tensors : ArrayLike
        The tensors; shape (N,) becomes (1, N, 1), and (M, N) becomes (M, N, 1).
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    Tensor | list[Tensor]
        A list if more than one was given.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.atleast_3d(mg.tensor([1.0, 2.0])).shape
    (1, 2, 1)
    """
    return _at_least(3, tensors, constant)
