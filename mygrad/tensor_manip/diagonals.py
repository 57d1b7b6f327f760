"""Diagonals that are made into matrices."""

from __future__ import annotations

from typing import Any

from mygrad.linalg.vectors import diagonal
from mygrad.tensor_creation.filled import zeros
from mygrad.tensor_manip.array_shape import ravel
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["diag", "diagflat"]


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
