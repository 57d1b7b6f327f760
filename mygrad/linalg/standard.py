"""Functions that are another matter in ``linalg`` than outside of it.

There they are those of the array API standard: matrices are in the last two axes.
"""

from __future__ import annotations

from typing import Any

from mygrad.linalg import products, vectors
from mygrad.tensor_manip.transpose_like import matrix_transpose
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensors

__all__ = ["cross", "diagonal", "matrix_transpose", "outer", "trace"]


def cross(x1: Any, x2: Any, /, *, axis: int = -1, constant: bool | None = None) -> Tensor:
    """Cross products of vectors of three elements.

    Parameters
    ----------
    x1, x2
        Stacks of vectors, whose other axes broadcast.
    axis
        The axis of both operands, and of the result, that holds vectors.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        The vectors have another number of elements. (`mygrad.cross` takes two, too.)

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.linalg.cross([1.0, 0.0, 0.0], mg.tensor([0.0, 1.0, 0.0]))
    Tensor([0., 0., 1.])
    """
    x1, x2 = as_operand_tensors(x1, x2)
    sizes = [t.shape[axis_number(axis, t.ndim, "linalg.cross")] for t in (x1, x2)]
    if sizes != [3, 3]:
        raise ValueError(
            f"linalg.cross: vectors have three elements, and those of the operands have "
            f"{sizes[0]} and {sizes[1]}; mg.cross takes two, too"
        )
    return vectors.cross(x1, x2, axis=axis, constant=constant)


def diagonal(x: Any, /, *, offset: int = 0, constant: bool | None = None) -> Tensor:
    """The diagonals of matrices in the last two axes: a view.

    Parameters
    ----------
    x
        Matrices, shape (..., m, n).
    offset
        How far above the main diagonal; negative below it.
    constant
        Whether the result is constant; by default it is if `x` is.

    Returns
    -------
    Tensor
        The last axis holds the diagonals.

    Raises
    ------
    ValueError
        There are less than two axes.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.linalg.diagonal(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), offset=1)
    Tensor([2.])
    """
    return vectors.diagonal(x, offset, -2, -1, constant=constant)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None, constant: bool | None = None) -> Tensor:
    """The sums of the diagonals of matrices in the last two axes.

    Parameters
    ----------
    x
        Matrices, shape (..., m, n).
    offset
        How far above the main diagonal; negative below it.
    dtype
        The data type to sum in.
    constant
        Whether the result is constant; by default it is if `x` is.

    Returns
    -------
    Tensor
        Shape (...).

    Raises
    ------
    ValueError
        There are less than two axes.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.linalg.trace(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor(5.)
    """
    return vectors.trace(x, offset, -2, -1, dtype, constant=constant)


def outer(x1: Any, x2: Any, /, *, constant: bool | None = None) -> Tensor:
    """All products of the elements of two vectors.

    Parameters
    ----------
    x1, x2
        Tensors or arrays of one axis.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor
        Shape (x1.size, x2.size).

    Raises
    ------
    ValueError
        An operand has not one axis. (`mygrad.outer` flattens it.)

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.linalg.outer(mg.tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """
    x1, x2 = as_operand_tensors(x1, x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(
            f"linalg.outer: vectors have one axis, and the operands have shapes "
            f"{tuple(x1.shape)} and {tuple(x2.shape)}; mg.outer flattens them"
        )
    return products.outer(x1, x2, constant=constant)
