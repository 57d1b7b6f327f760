"""Products of matrices and tensors."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.tape import apply
from mygrad.math.arithmetic import multiply
from mygrad.math.dtypes import is_complex
from mygrad.math.ufunc import Ufunc
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensors

__all__ = ["dot", "inner", "matmul", "multi_matmul", "outer", "tensordot", "vdot"]


def _by_left(g: Any, x1_shape: tuple[int, ...], x2: Any, xp: Any) -> Any:
    """The adjoint of the left factor of a matrix product."""
    if len(x1_shape) == 1 and x2.ndim == 1:
        return g * x2
    if x2.ndim == 1:
        return xp.expand_dims(g, axis=-1) * x2
    if len(x1_shape) == 1:
        rows = xp.matmul(xp.expand_dims(g, axis=-2), xp.matrix_transpose(x2))
        return xp.squeeze(rows, axis=-2)
    return xp.matmul(g, xp.matrix_transpose(x2))


def _by_right(g: Any, x1: Any, x2_shape: tuple[int, ...], xp: Any) -> Any:
    """The adjoint of the right factor of a matrix product."""
    if len(x2_shape) == 1 and x1.ndim == 1:
        return g * x1
    if x1.ndim == 1:
        return xp.expand_dims(x1, axis=-1) * xp.expand_dims(g, axis=-2)
    if len(x2_shape) == 1:
        columns = xp.matmul(xp.matrix_transpose(x1), xp.expand_dims(g, axis=-1))
        return xp.squeeze(columns, axis=-1)
    return xp.matmul(xp.matrix_transpose(x1), g)


class _Matmul(Ufunc):
    """`matmul`, with those options that NumPy's ufunc of this name has."""

    def __call__(  # type: ignore[override]
        self,
        x1: Any,
        x2: Any,
        out: Any = None,
        *,
        axes: Sequence[Any] | None = None,
        dtype: Any = None,
        constant: bool | None = None,
    ) -> Any:
        if dtype is not None:
            x1, x2 = (registry["astype"](t, dtype, casting="same_kind") for t in (x1, x2))
        if axes is not None:
            x1, x2, theirs = _with_axes_last(x1, x2, axes)
            result = registry["moveaxis"](
                apply(self, (x1, x2), (), constant), tuple(range(-len(theirs), 0)), theirs
            )
        elif out is None:
            return apply(self, (x1, x2), (), constant)
        else:
            result = apply(self, (x1, x2))
        return result if out is None else write_result(out, result, self.name, constant=constant)


def _with_axes_last(x1: Any, x2: Any, axes: Any) -> tuple[Any, Any, tuple[int, ...]]:
    """The operands with the axes of their matrices last, and where those of the result are to be.

    `axes` is NumPy's option: for each operand and for the result, which axes make the matrices.
    """
    operands = as_operand_tensors(x1, x2)
    sizes = [min(t.ndim, 2) for t in operands]
    sizes.append(max(sum(sizes) - 2, 0))
    named = [tuple(k) if isinstance(k, (tuple, list)) else (k,) for k in axes]
    if len(named) == 2 and not sizes[2]:
        named.append(())
    if [len(k) for k in named] != sizes:
        raise ValueError(
            f"matmul: axes={axes!r} has to name {sizes[0]} and {sizes[1]} axes of the operands, "
            f"and {sizes[2]} of the result"
        )
    left, right = (
        registry["moveaxis"](t, of_t, tuple(range(-len(of_t), 0)))
        for t, of_t in zip(operands, named[:2], strict=True)
    )
    return left, right, named[2]


def _matmul(x1: Any, x2: Any, *, xp: Any) -> Any:
    """Matrix product, with NumPy's rules for 1-d operands and stacks of matrices.

    Parameters
    ----------
    x1, x2
        Tensors or arrays of shapes (..., n, k) and (..., k, m), whose leading axes broadcast;
        1-d operands count as a row on the left and as a column on the right.
    out
        Where to write the result.
    axes
        For each operand and for the result, which axes make the matrices; the last by default.
    dtype
        The data type to compute in.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (..., n, m), without the axes that 1-d operands lack.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> mg.matmul(x, [1.0, 1.0])
    Tensor([3., 7.])
    """
    return xp.matmul(x1, x2)


_matmul.__name__ = _matmul.__qualname__ = "matmul"
matmul = _Matmul(
    _matmul,
    {
        "x1": lambda g, x1_shape, x2, xp: _by_left(g, x1_shape, x2, xp),
        "x2": lambda g, x1, x2_shape, xp: _by_right(g, x1, x2_shape, xp),
    },
    broadcasts="stacks",
)
matmul.__signature__ = inspect.signature(matmul.__call__)


def dot(a: Any, b: Any, out: Any = None, *, constant: bool | None = None) -> Tensor:
    """Dot product as `numpy.dot` defines it.

    Parameters
    ----------
    a, b
        Tensors, arrays or numbers. The last axis of `a` is summed with the last but one of `b`.
    out
        Where to write the result.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.dot(mg.tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.)
    """
    a, b = as_operand_tensors(a, b)
    if not (a.ndim and b.ndim):
        return multiply(a, b, out=out, constant=constant)
    if b.ndim <= 2 or (a.ndim == 1 and b.ndim == 1):
        return matmul(a, b, out=out, constant=constant)
    if out is None:
        return tensordot(a, b, axes=((-1,), (-2,)), constant=constant)
    return write_result(out, tensordot(a, b, axes=((-1,), (-2,))), "dot")


def inner(a: Any, b: Any, *, constant: bool | None = None) -> Tensor:
    """Sum of products over the last axes.

    Parameters
    ----------
    a, b
        Tensors, arrays or numbers; their last axes have the same length.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.inner(mg.tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.)
    """
    a, b = as_operand_tensors(a, b)
    if not (a.ndim and b.ndim):
        return multiply(a, b, constant=constant)
    return tensordot(a, b, axes=((-1,), (-1,)), constant=constant)


def vdot(a: Any, b: Any, *, constant: bool | None = None) -> Tensor:
    """Dot product of the flattened operands, of which the first is conjugated if it is complex.

    Parameters
    ----------
    a, b
        Tensors, arrays or numbers, of the same number of elements.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor
        0-d.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.vdot(mg.tensor([[1.0, 2.0]]), [[3.0, 4.0]])
    Tensor(11.)
    """
    a, b = as_operand_tensors(a, b)
    a, b = a.reshape(-1), b.reshape(-1)
    adapter = adapter_of(a._data)
    if adapter is not None and is_complex(a, namespace_of(adapter)):
        a = registry["conj"](a)
    return matmul(a, b, constant=constant)


def outer(a: Any, b: Any, *, out: Any = None, constant: bool | None = None) -> Tensor:
    """All products of the elements of two flattened operands.

    Parameters
    ----------
    a, b
        Tensors, arrays or numbers.
    out
        A tensor or array to write the result into.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor
        Shape (a.size, b.size).

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.outer(mg.tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """
    a, b = as_operand_tensors(a, b)
    rows, columns = a.reshape(-1, 1), b.reshape(1, -1)
    return multiply(rows, columns, out=out, constant=constant)


def tensordot(a: Any, b: Any, axes: Any = 2, *, constant: bool | None = None) -> Tensor:
    """Sum of products over the axes that are named, or over the last and the first `axes`.

    Parameters
    ----------
    a, b
        Tensors or arrays.
    axes
        A number of axes, or two sequences of axes of `a` and of `b`.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.tensordot(mg.ones((2, 3)), mg.ones((3, 2)), axes=1).shape
    (2, 2)
    """
    a, b = as_operand_tensors(a, b)
    left, right = _summed_axes(a, b, axes)
    rows = tuple(k for k in range(a.ndim) if k not in left)
    columns = tuple(k for k in range(b.ndim) if k not in right)
    shape = tuple(a.shape[k] for k in rows), tuple(b.shape[k] for k in columns)
    count = prod(a.shape[k] for k in left)
    x1 = a.transpose(rows + left).reshape(prod(shape[0]), count)
    x2 = b.transpose(right + columns).reshape(count, prod(shape[1]))
    return matmul(x1, x2, constant=constant).reshape(shape[0] + shape[1])


def _summed_axes(a: Any, b: Any, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of `a` and of `b` that `tensordot` sums over, in pairs."""
    try:
        left, right = axes
    except TypeError:
        n = operator.index(axes)
        if not 0 <= n <= min(a.ndim, b.ndim):
            raise ValueError(
                f"tensordot: axes={n} sums over so many axes of each operand, and they have "
                f"{a.ndim} and {b.ndim}"
            ) from None
        left, right = range(a.ndim - n, a.ndim), range(n)
    pairs = []
    for t, named in ((a, left), (b, right)):
        named = named if isinstance(named, Iterable) else (named,)
        pairs.append(tuple(axis_number(k, t.ndim, "tensordot") for k in named))
    left, right = pairs
    if len(left) != len(right) or len(set(left)) < len(left) or len(set(right)) < len(right):
        raise ValueError(f"tensordot: axes={axes!r} does not name axes in pairs, each once")
    for j, k in zip(left, right, strict=True):
        if a.shape[j] != b.shape[k]:
            raise ValueError(
                f"tensordot: axis {j} of shape {tuple(a.shape)} and axis {k} of shape "
                f"{tuple(b.shape)} are summed together, and differ in length"
            )
    return left, right


def multi_matmul(tensors: Any, *, constant: bool | None = None) -> Tensor:
    """Product of two or more matrices, in the order that costs the fewest multiplications.

    Parameters
    ----------
    tensors
        Matrices; the first and the last may be 1-d.
    constant
        Whether the result is constant; by default it is if all operands are.

    Returns
    -------
    Tensor

    Notes
    -----
    The order is found by dynamic programming (Cormen et al., *Introduction to Algorithms*,
    section 14.2).

    Examples
    --------
    >>> import mygrad as mg
    >>> a, b, c = mg.ones((2, 3)), mg.ones((3, 4)), mg.ones((4, 2))
    >>> mg.multi_matmul([a, b, c]).shape
    (2, 2)
    """
    tensors = as_operand_tensors(*tensors)
    if len(tensors) < 2:
        raise ValueError(f"multi_matmul takes two matrices or more, and was given {len(tensors)}")
    first, last = tensors[0], tensors[-1]
    sizes = [1 if first.ndim == 1 else first.shape[0]]
    sizes += [t.shape[0] if k and t.ndim == 1 else t.shape[-1] for k, t in enumerate(tensors)]
    if last.ndim == 1:
        sizes[-2:] = [last.shape[0], 1]
    n = len(tensors)
    cost = [[0.0] * n for _ in range(n)]
    cut = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i][j], cut[i][j] = min(
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def product(i: int, j: int) -> Any:
        if i == j:
            return tensors[i]
        return matmul(product(i, cut[i][j]), product(cut[i][j] + 1, j), constant=constant)

    return product(0, n - 1)
