"""Diagonals of matrices: read, and made into matrices."""

from __future__ import annotations

from typing import Any

from mygrad.linalg.einsum import LETTERS, take_diagonals
from mygrad.tensor_creation.filled import zeros
from mygrad.tensor_manip.array_shape import ravel
from mygrad.tensor_manip.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["diag", "diagflat", "diagonal"]


def diagonal(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, *, constant: bool | None = None
) -> Tensor:
    """A diagonal of each matrix of a stack.

    Parameters
    ----------
    a : ArrayLike
        The tensor, of two axes or more.
    offset : int
        Which diagonal; 0 is the main one, those above are positive.
    axis1, axis2 : int
        The axes of rows and of columns.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A view of `a`, where the array library has views of diagonals; the diagonal is the last
        axis. NumPy's may not be written to; this one may, unless the library refuses.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.diagonal(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 4.])
    """
    t = as_operand_tensor(a)
    if t.ndim < 2:
        shape = tuple(t.shape)
        raise ValueError(f"diagonal: a tensor of shape {shape} has no diagonal; it needs two axes")
    row, column = axis_number(axis1, t.ndim, "diagonal"), axis_number(axis2, t.ndim, "diagonal")
    if row == column:
        raise ValueError(f"diagonal: axis1 and axis2 are both axis {row}; they have to differ")
    first = {row: max(-offset, 0), column: max(offset, 0)}
    length = max(min(t.shape[k] - first[k] for k in first), 0)
    first = first if length else dict.fromkeys(first, 0)
    square = tuple(
        slice(first[k], first[k] + length) if k in first else slice(None) for k in range(t.ndim)
    )
    letters = list(LETTERS[: t.ndim])
    letters[column] = letters[row]
    target = [c for k, c in enumerate(letters) if k not in first] + [letters[row]]
    whole = t if all(t.shape[k] == length for k in first) else t[square]
    return take_diagonals(whole, "".join(letters), "".join(target), constant=constant)


def diag(v: Any, k: int = 0, *, constant: bool | None = None) -> Tensor:
    """The matrix with a diagonal, or the diagonal of a matrix.

    Parameters
    ----------
    v : ArrayLike
        A vector, which is put on a diagonal of zeros; or a matrix, whose diagonal is returned.
    k : int
        Which diagonal; 0 is the main one, those above are positive.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.diag(mg.tensor([1.0, 2.0]))
    Tensor([[1., 0.],
            [0., 2.]])
    """
    t = as_operand_tensor(v)
    if t.ndim == 2:
        return diagonal(t, k, constant=constant)
    if t.ndim != 1:
        raise ValueError(f"diag: takes a vector or a matrix, and not shape {tuple(t.shape)}")
    n = t.size + abs(k)
    constant = t.constant if constant is None else constant
    matrix = zeros((n, n), t.dtype, constant=constant, device=t.device, backend=t.backend)
    diagonal(matrix, k)[...] = t
    return matrix


def diagflat(v: Any, k: int = 0, *, constant: bool | None = None) -> Tensor:
    """The matrix with all elements of a tensor on a diagonal.

    Parameters
    ----------
    v : ArrayLike
        The tensor.
    k : int
        Which diagonal; 0 is the main one, those above are positive.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.diagflat(mg.tensor([[1.0, 2.0]]), 1)
    Tensor([[0., 1., 0.],
            [0., 0., 2.],
            [0., 0., 0.]])
    """
    return diag(ravel(v), k, constant=constant)
