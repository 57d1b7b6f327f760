"""Embedding: rows of a table, by their numbers."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand
from mygrad.autodiff.primitive import primitive
from mygrad.nnet.losses.functions import looked_at
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["embedding"]


def _without(g: Any, indices: Any, padding_idx: int | None, xp: Any) -> Any:
    """The adjoint of rows, and none for padding."""
    if padding_idx is None:
        return g
    indices = indices._data if isinstance(indices, Handle) else indices
    return xp.where(xp.adapter.xp.expand_dims(indices == padding_idx, axis=-1), 0.0, g)


@primitive(
    weight=lambda g, indices, padding_idx, weight_shape, xp: xp.untake(
        _without(g, indices, padding_idx, xp), indices, 0, weight_shape
    ),
    indices=None,
)
def table_rows(weight: Any, indices: Any, padding_idx: int | None, *, xp: Any) -> Any:
    """The rows of a table; no gradient goes to that of padding."""
    return xp.take(weight, indices, axis=0)


def embedding(
    indices: Any, weight: Any, padding_idx: int | None = None, *, constant: bool | None = None
) -> Tensor:
    """The rows of a table that stand for words, or whatever else is numbered.

    Parameters
    ----------
    indices
        Integers from 0 to V - 1, of any shape.
    weight
        The table, shape (V, D): a row for each word.
    padding_idx
        The word, if any, that fills up texts: its row gets no gradient. Negative ones count from
        the end.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        The shape of `indices`, and an axis of length D behind.

    Raises
    ------
    ValueError
        `weight` is no table, or has no row `padding_idx`.
    TypeError
        `indices` are not integers.
    IndexError
        The table has no such row. On devices, where seeing that would mean waiting for them, and
        while a program is traced, it is not checked.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import embedding
    >>> table = mg.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> y = embedding([2, 0, 2], table)
    >>> y
    Tensor([[5., 6.],
            [1., 2.],
            [5., 6.]])
    >>> y.backward()
    >>> table.grad
    array([[1., 1.],
           [0., 0.],
           [2., 2.]])
    """
    weight = as_operand_tensor(weight, (indices,))
    if weight.ndim != 2:
        raise ValueError(
            f"embedding: weight has a row for each word, shape (V, D), and its shape is "
            f"{tuple(weight.shape)}"
        )
    count = weight.shape[0]
    adapter = adapter_of(weight._data)
    assert adapter is not None
    places = as_operand(indices, adapter, "embedding", (weight,))
    library = adapter.xp
    if isinstance(places, int):
        places = adapter.asarray(places, device=adapter.device(weight._data))
    dtype = getattr(places, "dtype", None)
    if dtype is None or not library.isdtype(dtype, "integral"):
        raise TypeError(f"embedding: indices are integers, and these are of dtype {dtype}")
    if looked_at(places, adapter) and 0 not in places.shape:
        low, high = int(library.min(places)), int(library.max(places))
        if low < 0 or high >= count:
            raise IndexError(
                f"embedding: the table has the rows 0 to {count - 1}, and not "
                f"{low if low < 0 else high}"
            )
    if padding_idx is not None:
        if not hasattr(padding_idx, "__index__") or not -count <= padding_idx < count:
            raise ValueError(
                f"embedding: padding_idx is the number of one of the {count} rows, and not "
                f"{padding_idx!r}"
            )
        padding_idx = padding_idx.__index__() % count
    return table_rows(weight, places, padding_idx, constant=constant)
