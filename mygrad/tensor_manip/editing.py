"""Putting elements in, leaving elements out, repeating them until a shape is full.

What is where is decided on the host, from the lengths and the places that are given: the result is
read from the operand by `take`, or joined, so that nothing but those has a derivative.
"""

from __future__ import annotations

import operator
from math import prod
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.tensor_creation.filled import zeros
from mygrad.tensor_manip.array_shape import broadcast_to, ravel, reshape
from mygrad.tensor_manip.selecting import take
from mygrad.tensor_manip.tensor_joining import concatenate
from mygrad.tensor_manip.transpose_like import moveaxis
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = ["append", "block", "delete", "insert", "resize"]


def append(
    arr: Any, values: Any, axis: int | None = None, *, constant: bool | None = None
) -> Tensor:
    """Join values to the end of a tensor.

    Parameters
    ----------
    arr, values : ArrayLike
        What to join; without `axis` both are flattened.
    axis : int, optional
        Along which axis.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.append(mg.tensor([[1.0, 2.0]]), [3.0])
    Tensor([1., 2., 3.])
    """
    return concatenate(as_operand_tensors(arr, values), axis, constant=constant)


def delete(arr: Any, obj: Any, axis: int | None = None, *, constant: bool | None = None) -> Tensor:
    """Leave out the elements (or slabs) at given places.

    Parameters
    ----------
    arr : ArrayLike
        The tensor.
    obj : int | slice | ArrayLike
        The places along the axis: integers, or one boolean for each place.
    axis : int, optional
        Along which axis; along the flattened tensor if not given.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.delete(mg.tensor([1.0, 2.0, 3.0, 4.0]), [0, -1])
    Tensor([2., 3.])
    """
    t, axis = _along(arr, axis, "delete")
    length = t.shape[axis]
    places = _places(obj, length, "delete")
    for place in places if isinstance(places, list) else [places]:
        if not -length <= place < length:
            raise IndexError(
                f"delete: there is no place {place} along axis {axis}, which has length {length}"
            )
    gone = {k % length for k in (places if isinstance(places, list) else [places])}
    return take(t, [k for k in range(length) if k not in gone], axis, constant=constant)


def insert(
    arr: Any, obj: Any, values: Any, axis: int | None = None, *, constant: bool | None = None
) -> Tensor:
    """Put values before given places.

    Parameters
    ----------
    arr : ArrayLike
        The tensor.
    obj : int | slice | ArrayLike
        Before which places along the axis: integers, or one boolean for each place.
    values : ArrayLike
        What to put there, cast to the dtype of `arr`; it broadcasts.
    axis : int, optional
        Along which axis; along the flattened tensor if not given.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.insert(mg.tensor([1.0, 2.0, 3.0]), [1, 3], [10.0, 20.0])
    Tensor([ 1., 10.,  2.,  3., 20.])
    """
    t, axis = _along(arr, axis, "insert")
    length = t.shape[axis]
    places = _places(obj, length, "insert")
    new = as_operand_tensor(values, (t,))
    if new.dtype != t.dtype:
        new = registry["astype"](new, t.dtype)
    new = reshape(new, (1,) * (t.ndim - new.ndim) + tuple(new.shape))
    if isinstance(places, int):
        new, places = moveaxis(new, 0, axis), [places]
    before = places * new.shape[axis] if len(places) == 1 else places
    for place in before:
        if not -length <= place <= length:
            raise IndexError(
                f"insert: there is no place {place} along axis {axis}, which has length {length}"
            )
    shape = (*t.shape[:axis], len(before), *t.shape[axis + 1 :])
    new = new if tuple(new.shape) == shape else broadcast_to(new, shape)
    before = [place + length if place < 0 else place for place in before]
    sources: list[int] = []
    old = 0
    for i in sorted(range(len(before)), key=before.__getitem__):
        sources += [*range(old, before[i]), length + i]
        old = before[i]
    sources += range(old, length)
    return take(concatenate([t, new], axis), sources, axis, constant=constant)


def _along(arr: Any, axis: Any, name: str) -> tuple[Any, int]:
    """A tensor and an axis of it; the flattened one if no axis is named."""
    t = as_operand_tensor(arr)
    if axis is None:
        return (t if t.ndim == 1 else ravel(t)), 0
    return t, axis_number(axis, t.ndim, name)


def _places(obj: Any, length: int, name: str) -> int | list[int]:
    """Places along an axis as integers, from all forms that NumPy takes."""
    if isinstance(obj, slice):
        return list(range(*obj.indices(length)))
    plain = obj
    if isinstance(obj, Handle) or adapter_of(obj) is not None:
        plain = as_operand_tensor(obj).tolist()
    if not isinstance(plain, (list, tuple, range)):
        if isinstance(plain, bool):
            raise ValueError(f"{name}: places are integers, or one boolean for each; not {obj!r}")
        return operator.index(plain)
    flags = [k for k in plain if isinstance(k, bool)]
    if flags:
        if len(flags) != length:
            raise ValueError(
                f"{name}: there are {len(plain)} booleans for an axis of length {length}; each "
                f"place needs one"
            )
        return [k for k, flag in enumerate(flags) if flag]
    return [operator.index(k) for k in plain]


def resize(a: Any, new_shape: Any, *, constant: bool | None = None) -> Tensor:
    """The elements in another shape, from the beginning again where there are too few.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    new_shape : int | tuple[int, ...]
        The shape.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A copy. The method of NumPy's arrays, which changes them, fills up with zeros.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.resize(mg.tensor([1.0, 2.0, 3.0]), (2, 2))
    Tensor([[1., 2.],
            [3., 1.]])
    """
    t = ravel(a)
    try:
        shape: tuple[int, ...] = (operator.index(new_shape),)
    except TypeError:
        shape = tuple(operator.index(n) for n in new_shape)
    if any(n < 0 for n in shape):
        raise ValueError(f"resize: there are negative lengths in new_shape={new_shape!r}")
    count = prod(shape)
    if not t.size:
        return zeros(shape, t.dtype, constant=True, device=t.device, backend=t.backend)
    whole, rest = divmod(count, t.size)
    parts = [t] * whole + ([t[:rest]] if rest or not whole else [])
    return reshape(concatenate(parts), shape, constant=constant)


def block(arrays: Any, *, constant: bool | None = None) -> Tensor:
    """Join nested lists of tensors as the parts of a matrix are written.

    Parameters
    ----------
    arrays : nested lists of ArrayLike
        What the innermost lists have is joined along the last axis, what those around them have
        along the axis before, and so on.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, 2.0]])
    >>> mg.block([[x, 0.0], [x, 1.0]])
    Tensor([[1., 2., 0.],
            [1., 2., 1.]])
    """
    depth = _depth(arrays)
    tensors = iter(as_operand_tensors(*_leaves(arrays)))

    def as_tensors(branch: Any) -> Any:
        return [as_tensors(b) for b in branch] if isinstance(branch, list) else next(tensors)

    nested = as_tensors(arrays)
    ndim = max(depth, *(t.ndim for t in _leaves(nested)))

    def joined(branch: Any, axis: int) -> Any:
        if not isinstance(branch, list):
            return reshape(branch, (1,) * (ndim - branch.ndim) + tuple(branch.shape))
        last = constant if axis == ndim - depth else None
        return concatenate([joined(b, axis + 1) for b in branch], axis, constant=last)

    return joined(nested, ndim - depth) if depth else registry["copy"](nested, constant=constant)


def _leaves(arrays: Any) -> list[Any]:
    if isinstance(arrays, tuple):
        raise TypeError("block: parts are nested in lists, and not in tuples, as NumPy's are")
    return [leaf for b in arrays for leaf in _leaves(b)] if isinstance(arrays, list) else [arrays]


def _depth(arrays: Any) -> int:
    if not isinstance(arrays, list):
        return 0
    depths = {_depth(branch) for branch in arrays}
    if len(depths) != 1:
        what = "are lists of different depth" if depths else "is an empty list"
        raise ValueError(f"block: there {what} among the parts")
    return 1 + depths.pop()
