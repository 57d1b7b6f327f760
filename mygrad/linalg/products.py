"""Products of matrices and tensors."""

from __future__ import annotations

import inspect
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.primitive import Primitive, registry
from mygrad.autodiff.tape import apply
from mygrad.math.dtypes import is_complex
from mygrad.tensors.base import as_operand_tensor

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


class _Matmul(Primitive):
    """`matmul`, with those options that NumPy's ufunc of this name has."""

    def __call__(  # type: ignore[override]
        self,
        x1: Any,
        x2: Any,
        out: Any = None,
        *,
        dtype: Any = None,
        constant: bool | None = None,
    ) -> Any:
        if dtype is not None:
            x1, x2 = registry["astype"](x1, dtype), registry["astype"](x2, dtype)
        if out is None:
            return apply(self, (x1, x2), (), constant)
        return write_result(out, apply(self, (x1, x2)), self.name, constant=constant)


def _matmul(x1: Any, x2: Any, *, xp: Any) -> Any:
    """Matrix product, with NumPy's rules for 1-d operands and stacks of matrices.

    Parameters
    ----------
    x1, x2
        Tensors or arrays of shapes (..., n, k) and (..., k, m), whose leading axes broadcast;
        1-d operands count as a row on the left and as a column on the right.
    out
        Where to write the result.
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


def dot(a: Any, b: Any, *, out: Any = None, constant: bool | None = None) -> Any:
    """Dot product as `numpy.dot` defines it.

    Parameters
    ----------
    a, b
        Tensors, arrays or numbers. The last axis of `a` is summed with the last but one of `b`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.dot(mg.tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.)
    """
    from mygrad.math.arithmetic import multiply
    a, b = as_operand_tensor(a), as_operand_tensor(b)
    if not (a.ndim and b.ndim):
        return multiply(a, b, out=out, constant=constant)
    if b.ndim <= 2 or (a.ndim == 1 and b.ndim == 1):
        return matmul(a, b, out=out, constant=constant)
    return tensordot(a, b, axes=((-1,), (-2,)), constant=constant)


def inner(a: Any, b: Any, *, constant: bool | None = None) -> Any:
    """Sum of products over the last axes.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.inner(mg.tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.)
    """
    from mygrad.math.arithmetic import multiply
    a, b = as_operand_tensor(a), as_operand_tensor(b)
    if not (a.ndim and b.ndim):
        return multiply(a, b, constant=constant)
    return tensordot(a, b, axes=((-1,), (-1,)), constant=constant)


def vdot(a: Any, b: Any, *, constant: bool | None = None) -> Any:
    """Dot product of the flattened operands, of which the first is conjugated if it is complex.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.vdot(mg.tensor([[1.0, 2.0]]), [[3.0, 4.0]])
    Tensor(11.)
    """
    a, b = as_operand_tensor(a), as_operand_tensor(b)
    a, b = a.reshape(-1), b.reshape(-1)
    adapter = adapter_of(a._data)
    if adapter is not None and is_complex(a, namespace_of(adapter)):
        a = registry["conj"](a)
    return matmul(a, b, constant=constant)


def outer(a: Any, b: Any, *, out: Any = None, constant: bool | None = None) -> Any:
    """All products of the elements of two flattened operands.

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
    from mygrad.math.arithmetic import multiply
    rows, columns = as_operand_tensor(a).reshape(-1, 1), as_operand_tensor(b).reshape(1, -1)
    return multiply(rows, columns, out=out, constant=constant)


def tensordot(a: Any, b: Any, axes: Any = 2, *, constant: bool | None = None) -> Any:
    """Sum of products over the axes that are named, or over the last and the first `axes`.

    Parameters
    ----------
    a, b
        Tensors or arrays.
    axes
        A number of axes, or two sequences of axes of `a` and of `b`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.tensordot(mg.ones((2, 3)), mg.ones((3, 2)), axes=1).shape
    (2, 2)
    """
    a, b = as_operand_tensor(a), as_operand_tensor(b)
    if isinstance(axes, int):
        left, right = tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    else:
        left, right = ((k,) if isinstance(k, int) else tuple(k) for k in axes)
    left, right = tuple(k % a.ndim for k in left), tuple(k % b.ndim for k in right)
    rows = tuple(k for k in range(a.ndim) if k not in left)
    columns = tuple(k for k in range(b.ndim) if k not in right)
    count = 1
    for k in left:
        count *= a.shape[k]
    x1 = a.transpose(rows + left).reshape(-1, count) if count else a.transpose(rows + left)
    x2 = b.transpose(right + columns).reshape(count, -1) if count else b
    shape = tuple(a.shape[k] for k in rows) + tuple(b.shape[k] for k in columns)
    if not count:
        from mygrad.tensor_creation import zeros

        return zeros(shape, dtype=a.dtype, constant=True)
    return matmul(x1, x2, constant=constant).reshape(shape)


def multi_matmul(tensors: Any, *, constant: bool | None = None) -> Any:
    """Product of two or more matrices, in the order that costs the fewest multiplications.

    Parameters
    ----------
    tensors
        Matrices; the first and the last may be 1-d.

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
    tensors = [as_operand_tensor(t) for t in tensors]
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
