"""Joining tensors along an axis, and taking them apart again."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand, common_adapter
from mygrad.autodiff.primitive import Primitive, registry
from mygrad.autodiff.tape import apply
from mygrad.tensor_manip.array_shape import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    ravel,
    reshape,
)
from mygrad.tensor_manip.transpose_like import moveaxis
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = [
    "array_split",
    "column_stack",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "split",
    "stack",
    "unstack",
    "vsplit",
    "vstack",
]


class _Concatenate(Primitive):
    """Concatenation; it notes where each operand lies in the result, and keeps no operand."""

    def __call__(  # type: ignore[override]
        self,
        tensors: Any,
        axis: int | None = 0,
        out: Any = None,
        dtype: Any = None,
        *,
        casting: str = "same_kind",
        constant: bool | None = None,
    ) -> Any:
        tensors = _as_arrays(tensors, self.name)
        if dtype is not None or casting != "same_kind":
            tensors = _cast(tensors, dtype, casting)
        if axis is None:
            tensors, axis = tuple(ravel(t) for t in tensors), 0
        if not tensors or not all(t.ndim for t in tensors):
            raise ValueError(
                "concatenate: there has to be at least one tensor, and each needs an axis"
                " (mg.stack joins 0-d tensors)"
            )
        axis = axis_number(axis, tensors[0].ndim, self.name)
        edges = tuple(accumulate((t.shape[axis] for t in tensors), initial=0))
        if out is None:
            return apply(self, tensors, (axis, edges), constant)
        result = apply(self, tensors, (axis, edges))
        return write_result(out, result, self.name, constant=constant)


def _as_arrays(tensors: Any, name: str) -> tuple[Any, ...]:
    """What is to be joined: tensors as they are, anything else as raw arrays of their library."""
    tensors = tuple(tensors)
    if all(isinstance(t, Handle) for t in tensors):
        return tensors
    adapter = common_adapter(tensors, name)
    return tuple(
        t if isinstance(t, Handle) else adapter.asarray(as_operand(t, adapter, name, tensors))
        for t in tensors
    )


def _cast(tensors: tuple[Any, ...], dtype: Any, casting: str) -> tuple[Any, ...]:
    """What is to be joined in one dtype, where `casting` allows it."""
    if dtype is None and tensors:
        adapter = adapter_of(getattr(tensors[0], "_data", tensors[0]))
        assert adapter is not None
        dtype = adapter.xp.result_type(*(t.dtype for t in tensors))
    return tuple(registry["astype"](t, dtype, casting=casting) for t in tensors)


def _slab(g: Any, axis: int, edges: tuple[int, ...], i: int) -> Any:
    return g[(*(slice(None),) * axis, slice(edges[i], edges[i + 1]), ...)]


def _concatenate(tensors: Any, axis: int = 0, edges: tuple[int, ...] = (), *, xp: Any) -> Any:
    """Join tensors along an axis that they have.

    Parameters
    ----------
    tensors : Sequence[ArrayLike]
        The tensors; their shapes may differ along `axis` only.
    axis : int | None
        Along which axis; None joins them flattened.
    out : Tensor | array, optional
        Where to write the result.
    dtype : DTypeLike, optional
        The data type of the result.
    casting : {"same_kind", "safe", "unsafe", "equiv", "no"}
        Which casts to that are allowed.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.concatenate([mg.tensor([1.0, 2.0]), mg.tensor([3.0])])
    Tensor([1., 2., 3.])
    """
    return xp.concat(tensors, axis=axis)


_concatenate.__name__ = _concatenate.__qualname__ = "concatenate"
concatenate = _Concatenate(_concatenate, {"tensors": _slab}, variadic=True, aliases=("concat",))
concatenate.__signature__ = inspect.signature(concatenate.__call__)


class _Stack(Primitive):
    """`stack`, whose ``out=`` may be given by position, and which casts before it joins."""

    def __call__(  # type: ignore[override]
        self,
        tensors: Any,
        axis: int = 0,
        out: Any = None,
        *,
        dtype: Any = None,
        casting: str = "same_kind",
        constant: bool | None = None,
    ) -> Any:
        if dtype is not None or casting != "same_kind":
            tensors = _cast(_as_arrays(tensors, self.name), dtype, casting)
        return super().__call__(tensors, axis, out=out, constant=constant)


def _stack(tensors: Any, axis: int = 0, *, xp: Any) -> Any:
    """Join tensors of one shape along a new axis.

    Parameters
    ----------
    tensors : Sequence[ArrayLike]
        The tensors.
    axis : int
        Where the new axis is in the result.
    out : Tensor | array, optional
        Where to write the result.
    dtype : DTypeLike, optional
        The data type of the result.
    casting : {"same_kind", "safe", "unsafe", "equiv", "no"}
        Which casts to that are allowed.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.stack([mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])], axis=1)
    Tensor([[1., 3.],
            [2., 4.]])
    """
    if not all(hasattr(t, "shape") for t in tensors):
        tensors = [xp.asarray(t) for t in tensors]
    return xp.stack(tensors, axis=axis)


_stack.__name__ = _stack.__qualname__ = "stack"
stack = _Stack(
    _stack,
    {"tensors": lambda g, axis, i: g[(*(slice(None),) * (axis % g.ndim), i, ...)]},
    variadic=True,
)
stack.__signature__ = inspect.signature(stack.__call__)


def vstack(
    tup: Sequence[Any],
    *,
    dtype: Any = None,
    casting: str = "same_kind",
    constant: bool | None = None,
) -> Tensor:
    """Join tensors along the first of (at least) two axes.

    Parameters
    ----------
    tup : Sequence[ArrayLike]
        The tensors; those with one axis are rows.
    dtype : DTypeLike, optional
        The data type of the result.
    casting : {"same_kind", "safe", "unsafe", "equiv", "no"}
        Which casts to that are allowed.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.vstack([mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])])
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate(
        [atleast_2d(t) for t in tup], 0, dtype=dtype, casting=casting, constant=constant
    )


def hstack(
    tup: Sequence[Any],
    *,
    dtype: Any = None,
    casting: str = "same_kind",
    constant: bool | None = None,
) -> Tensor:
    """Join tensors along the second axis, or along the only one.

    Parameters
    ----------
    tup : Sequence[ArrayLike]
        The tensors.
    dtype : DTypeLike, optional
        The data type of the result.
    casting : {"same_kind", "safe", "unsafe", "equiv", "no"}
        Which casts to that are allowed.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.hstack([mg.tensor([1.0, 2.0]), 3.0])
    Tensor([1., 2., 3.])
    """
    tensors = [atleast_1d(t) for t in tup]
    axis = 1 if tensors and tensors[0].ndim > 1 else 0
    return concatenate(tensors, axis, dtype=dtype, casting=casting, constant=constant)


def dstack(tup: Sequence[Any], *, constant: bool | None = None) -> Tensor:
    """Join tensors along the third of (at least) three axes.

    Parameters
    ----------
    tup : Sequence[ArrayLike]
        The tensors; see `atleast_3d`.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.dstack([mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])]).shape
    (1, 2, 2)
    """
    return concatenate([atleast_3d(t) for t in tup], 2, constant=constant)


def column_stack(tup: Sequence[Any], *, constant: bool | None = None) -> Tensor:
    """Join tensors as the columns of a matrix.

    Parameters
    ----------
    tup : Sequence[ArrayLike]
        The tensors; those with two axes are several columns.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.column_stack([mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])])
    Tensor([[1., 3.],
            [2., 4.]])
    """
    columns = []
    for t in as_operand_tensors(*tup):
        columns.append(t if t.ndim > 1 else reshape(t, (-1, 1)))
    return concatenate(columns, 1, constant=constant)


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Take a tensor apart along an axis, into parts that may differ in length.

    Parameters
    ----------
    ary : ArrayLike
        The tensor.
    indices_or_sections : int | Sequence[int]
        How many parts, or where each but the first begins.
    axis : int
        Along which axis.

    Returns
    -------
    list[Tensor]
        Views of `ary`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.array_split(mg.tensor([1.0, 2.0, 3.0]), 2)
    [Tensor([1., 2.]), Tensor([3.])]
    """
    t = as_operand_tensor(ary)
    axis = axis_number(axis, t.ndim, "split")
    length, before = t.shape[axis], (slice(None),) * axis
    try:
        inner = [operator.index(k) for k in indices_or_sections]
    except TypeError:
        count = operator.index(indices_or_sections)
        if count < 1:
            raise ValueError(f"split: a tensor cannot be split into {count} parts") from None
        short, longer = divmod(length, count)
        inner = [k * short + min(k, longer) for k in range(1, count)]
    return [t[(*before, slice(a, b), ...)] for a, b in pairwise([0, *inner, length])]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Take a tensor apart along an axis, into equal parts or at given places.

    Parameters
    ----------
    ary : ArrayLike
        The tensor.
    indices_or_sections : int | Sequence[int]
        How many equal parts, or where each but the first begins.
    axis : int
        Along which axis.

    Returns
    -------
    list[Tensor]
        Views of `ary`.

    Raises
    ------
    ValueError
        There are no so many equal parts; `array_split` makes unequal ones.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.split(mg.tensor([1.0, 2.0, 3.0, 4.0]), 2)
    [Tensor([1., 2.]), Tensor([3., 4.])]
    """
    t = as_operand_tensor(ary)
    if getattr(indices_or_sections, "ndim", 0) == 0 and hasattr(indices_or_sections, "__index__"):
        count = operator.index(indices_or_sections)
        axis = axis_number(axis, t.ndim, "split")
        if count > 0 and t.shape[axis] % count:
            raise ValueError(
                f"split: {t.shape[axis]} elements along axis {axis} do not make {count} equal "
                f"parts; mg.array_split makes parts that differ in length"
            )
    return array_split(t, indices_or_sections, axis)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the first axis.

    Parameters
    ----------
    ary, indices_or_sections
        As for `split`.

    Returns
    -------
    list[Tensor]

    Examples
    --------
    >>> import mygrad as mg
    >>> [t.shape for t in mg.vsplit(mg.ones((4, 2)), 2)]
    [(2, 2), (2, 2)]
    """
    return split(ary, indices_or_sections, 0)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the second axis, or along the only one.

    Parameters
    ----------
    ary, indices_or_sections
        As for `split`.

    Returns
    -------
    list[Tensor]

    Examples
    --------
    >>> import mygrad as mg
    >>> [t.shape for t in mg.hsplit(mg.ones((4, 2)), 2)]
    [(4, 1), (4, 1)]
    """
    t = as_operand_tensor(ary)
    return split(t, indices_or_sections, 1 if t.ndim > 1 else 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the third axis.

    Parameters
    ----------
    ary, indices_or_sections
        As for `split`.

    Returns
    -------
    list[Tensor]

    Examples
    --------
    >>> import mygrad as mg
    >>> [t.shape for t in mg.dsplit(mg.ones((1, 2, 4)), 2)]
    [(1, 2, 2), (1, 2, 2)]
    """
    return split(ary, indices_or_sections, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The parts of a tensor along an axis, without that axis.

    Parameters
    ----------
    x : ArrayLike
        The tensor.
    axis : int
        Along which axis.

    Returns
    -------
    tuple[Tensor, ...]
        What iterating over that axis gives.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.unstack(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    (Tensor([1., 3.]), Tensor([2., 4.]))
    """
    t = moveaxis(as_operand_tensor(x), axis, 0)
    return tuple(t[i, ...] for i in range(t.shape[0]))
