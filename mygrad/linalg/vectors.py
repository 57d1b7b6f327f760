"""Products of vectors, of stacks of them, and of blocks."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.primitive import primitive
from mygrad.linalg.einsum import LETTERS, take_diagonals
from mygrad.linalg.matrices import conjugate, xp_of
from mygrad.linalg.products import matmul, multi_matmul
from mygrad.math.arithmetic import multiply, subtract
from mygrad.math.sequential import sum
from mygrad.tensor_manip.array_shape import expand_dims, reshape, squeeze
from mygrad.tensor_manip.copying import astype
from mygrad.tensor_manip.tensor_joining import concatenate
from mygrad.tensor_manip.transpose_like import moveaxis, transpose
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = [
    "cross", "diagonal", "kron", "matvec", "multi_dot", "trace", "vecdot", "vecmat",
]  # fmt: skip


# --- cross products -----------------------------------------------------------------------
@primitive(
    a=lambda g, b, xp: xp.cross_product(b, g),
    b=lambda g, a, xp: xp.cross_product(g, a),
    broadcasts="elements",
)
def cross_product(a: Any, b: Any, *, xp: Any) -> Any:
    """Cross products of vectors of three elements, along the last axis; see `cross`."""
    a0, a1, a2 = (a[..., k] for k in range(3))
    b0, b1, b2 = (b[..., k] for k in range(3))
    parts = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0]
    return xp.adapter.xp.stack(parts, axis=-1)


def cross(
    a: Any,
    b: Any,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
    *,
    constant: bool | None = None,
) -> Tensor:
    """Cross products of vectors of two or three elements.

    Parameters
    ----------
    a, b
        Stacks of vectors, whose other axes broadcast. A vector of two elements lies in the plane
        of the first two axes.
    axisa, axisb
        The axes of `a` and of `b` that hold vectors.
    axisc
        The axis of the result that holds vectors. If both operands have vectors of two elements,
        the result is the third element alone, without such an axis.
    axis
        All of them at once.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        The vectors have another number of elements.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.cross([1.0, 0.0, 0.0], mg.tensor([0.0, 1.0, 0.0]))
    Tensor([0., 0., 1.])
    """
    a, b = as_operand_tensors(a, b)
    if axis is not None:
        axisa, axisb, axisc = (axis,) * 3
    a = moveaxis(a, axis_number(axisa, a.ndim, "cross"), -1)
    b = moveaxis(b, axis_number(axisb, b.ndim, "cross"), -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(
            f"cross: vectors have two or three elements, and those of the operands have "
            f"{a.shape[-1]} and {b.shape[-1]}"
        )
    if a.shape[-1] == b.shape[-1] == 2:
        return subtract(a[..., 0] * b[..., 1], a[..., 1] * b[..., 0], constant=constant)
    found = cross_product(_in_space(a), _in_space(b), constant=constant)
    return moveaxis(found, -1, axis_number(axisc, found.ndim, "cross"))


def _in_space(a: Any) -> Any:
    """Vectors of two elements with a third one, 0."""
    if a.shape[-1] == 3:
        return a
    zeros = xp_of(a).adapter.xp.zeros_like(a._data[..., :1])
    return concatenate([a, zeros], axis=-1)


# --- diagonals ----------------------------------------------------------------------------
def diagonal(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, *, constant: bool | None = None
) -> Tensor:
    """The diagonals of matrices: a view.

    Parameters
    ----------
    a
        A tensor or array of two axes or more.
    offset
        How far above the main diagonal; negative below it.
    axis1, axis2
        The axes that hold the matrices.
    constant
        Whether the result is constant; by default it is if `a` is.

    Returns
    -------
    Tensor
        The other axes, and behind them one for the diagonals.

    Raises
    ------
    ValueError
        There are less than two axes, or the two are the same.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.diagonal(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 4.])
    """
    a = as_operand_tensor(a)
    if a.ndim < 2:
        raise ValueError(
            f"diagonal: matrices have two axes, and the operand has shape {tuple(a.shape)}"
        )
    row, column = axis_number(axis1, a.ndim, "diagonal"), axis_number(axis2, a.ndim, "diagonal")
    if row == column:
        raise ValueError(f"diagonal: axis1={axis1} and axis2={axis2} are the same axis")
    others = [k for k in range(a.ndim) if k not in (row, column)]
    a = transpose(a, (*others, row, column))
    first, second = (-offset, 0) if offset < 0 else (0, offset)
    n = max(0, min(a.shape[-2] - first, a.shape[-1] - second))
    first, second = (first, second) if n else (0, 0)  # the standard keeps slices within the axis
    square = a[..., first : first + n, second : second + n]
    letters = LETTERS[: square.ndim - 1]
    return take_diagonals(square, letters + letters[-1], letters, constant=constant)


def trace(
    a: Any,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: Any = None,
    *,
    constant: bool | None = None,
) -> Tensor:
    """The sums of the diagonals of matrices.

    Parameters
    ----------
    a
        A tensor or array of two axes or more.
    offset
        How far above the main diagonal; negative below it.
    axis1, axis2
        The axes that hold the matrices.
    dtype
        The data type to sum in.
    out
        Where to write the result.
    constant
        Whether the result is constant; by default it is if `a` is.

    Returns
    -------
    Tensor
        The other axes.

    Raises
    ------
    ValueError
        There are less than two axes, or the two are the same.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.trace(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor(5.)
    """
    return sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out, constant=constant)


# --- stacks of vectors --------------------------------------------------------------------
def _product(
    name: str,
    operands: tuple[Any, Any],
    counts: tuple[int, int, int],
    axes: Any,
    dtype: Any,
    out: Any,
    constant: bool | None,
) -> Tensor:
    """A product of stacks, with the options of NumPy's ufuncs.

    Parameters
    ----------
    name
        What is computed.
    operands
        Stacks of matrices or vectors.
    counts
        How many axes make one of them: of each operand, and of the result.
    axes
        For each operand and the result, which axes these are; the last by default.
    dtype, out, constant
        As the public functions take them.

    Returns
    -------
    Tensor
    """
    x1, x2 = as_operand_tensors(*operands)
    for t, count in zip((x1, x2), counts, strict=False):
        if t.ndim < count:
            what = "a vector has one axis" if count == 1 else "a matrix has two axes"
            raise ValueError(f"{name}: {what}, and an operand has shape {tuple(t.shape)}")
    if dtype is not None:
        x1, x2 = (astype(t, dtype, casting="same_kind", copy=False) for t in (x1, x2))
    placed: tuple[int, ...] | None = None
    if axes is not None:
        named = [tuple(k) if isinstance(k, (tuple, list)) else (k,) for k in axes]
        if len(named) == 2 and not counts[2]:
            named.append(())
        if [len(k) for k in named] != list(counts):
            raise ValueError(
                f"{name}: axes={axes!r} has to name {counts[0]} and {counts[1]} axes of the "
                f"operands, and {counts[2]} of the result"
            )
        x1, x2 = (
            moveaxis(t, k, tuple(range(-len(k), 0))) for t, k in zip((x1, x2), named, strict=False)
        )
        placed = named[2]
    if counts[0] == 1:  # the vectors on the left are conjugated
        x1 = expand_dims(conjugate(x1, xp_of(x1)), -2)
    if counts[1] == 1:
        x2 = expand_dims(x2, -1)
    found = matmul(x1, x2, constant=constant)
    gone = tuple(k for k, count in zip((-2, -1), counts, strict=False) if count == 1)
    found = squeeze(found, axis=gone)
    if placed:
        found = moveaxis(found, tuple(range(-len(placed), 0)), placed)
    return found if out is None else write_result(out, found, name, constant=constant)


def vecdot(
    x1: Any,
    x2: Any,
    /,
    out: Any = None,
    *,
    axes: Any = None,
    axis: int = -1,
    keepdims: bool = False,
    dtype: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Dot products of stacks of vectors, of which the first are conjugated.

    Parameters
    ----------
    x1, x2
        Stacks of vectors of equal length, whose other axes broadcast.
    out
        Where to write the result.
    axes
        The axis of each operand that holds vectors, in a list.
    axis
        The axis of both operands that holds vectors.
    keepdims
        Whether that axis stays, with length 1.
    dtype
        The data type to compute in.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor
        Without that axis.

    Raises
    ------
    ValueError
        The vectors have different lengths, or an operand is a number.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.vecdot(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])
    Tensor([3., 7.])
    """
    if axes is None and axis != -1:
        axes = [axis, axis]
    written = None if keepdims else out
    found = _product("vecdot", (x1, x2), (1, 1, 0), axes, dtype, written, constant)
    if not keepdims:
        return found
    found = expand_dims(found, axis)
    return found if out is None else write_result(out, found, "vecdot", constant=constant)


def matvec(
    x1: Any,
    x2: Any,
    /,
    out: Any = None,
    *,
    axes: Any = None,
    dtype: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Products of stacks of matrices and stacks of vectors.

    Parameters
    ----------
    x1, x2
        Matrices, shape (..., m, n), and vectors, shape (..., n), whose other axes broadcast.
    out
        Where to write the result.
    axes
        For each operand and for the result, which axes hold matrices and vectors.
    dtype
        The data type to compute in.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor
        Shape (..., m).

    Raises
    ------
    ValueError
        The lengths do not fit, or an operand has too few axes.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.matvec(mg.tensor([[0.0, 1.0], [2.0, 0.0]]), [[1.0, 2.0], [3.0, 4.0]])
    Tensor([[2., 2.],
            [4., 6.]])
    """
    return _product("matvec", (x1, x2), (2, 1, 1), axes, dtype, out, constant)


def vecmat(
    x1: Any,
    x2: Any,
    /,
    out: Any = None,
    *,
    axes: Any = None,
    dtype: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Products of stacks of vectors, which are conjugated, and stacks of matrices.

    Parameters
    ----------
    x1, x2
        Vectors, shape (..., n), and matrices, shape (..., n, m), whose other axes broadcast.
    out
        Where to write the result.
    axes
        For each operand and for the result, which axes hold vectors and matrices.
    dtype
        The data type to compute in.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor
        Shape (..., m).

    Raises
    ------
    ValueError
        The lengths do not fit, or an operand has too few axes.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.vecmat([1.0, 2.0], mg.tensor([[0.0, 1.0], [2.0, 0.0]]))
    Tensor([4., 1.])
    """
    return _product("vecmat", (x1, x2), (1, 2, 1), axes, dtype, out, constant)


# --- blocks, chains -----------------------------------------------------------------------
def kron(a: Any, b: Any, *, constant: bool | None = None) -> Tensor:
    """Kronecker products: blocks of `b`, one times each element of `a`.

    Parameters
    ----------
    a, b
        Tensors, arrays or numbers. Axes of length 1 are put in front of the one that has fewer.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor
        Along each axis as long as the product of the operands' lengths.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.kron(mg.tensor([1.0, 10.0]), [1.0, 2.0])
    Tensor([ 1.,  2., 10., 20.])
    """
    a, b = as_operand_tensors(a, b)
    ndim = a.ndim if a.ndim > b.ndim else b.ndim
    of_a, of_b = ((1,) * (ndim - t.ndim) + tuple(t.shape) for t in (a, b))
    blocks = [n for m in of_a for n in (m, 1)]
    within = [n for m in of_b for n in (1, m)]
    product = multiply(reshape(a, blocks), reshape(b, within), constant=constant)
    return reshape(product, tuple(m * n for m, n in zip(of_a, of_b, strict=True)))


def multi_dot(arrays: Any, *, out: Any = None, constant: bool | None = None) -> Tensor:
    """Product of two or more matrices, in the order that costs the fewest multiplications.

    Parameters
    ----------
    arrays
        Matrices; the first and the last may be 1-d.
    out
        Where to write the result.
    constant
        Whether the result is constant; by default it is if all operands are.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        There are less than two matrices, or their shapes do not fit.

    Examples
    --------
    >>> import mygrad as mg
    >>> a, b, c = mg.ones((2, 3)), mg.ones((3, 4)), mg.ones((4, 2))
    >>> mg.linalg.multi_dot([a, b, c]).shape
    (2, 2)
    """
    found = multi_matmul(arrays, constant=constant)
    return found if out is None else write_result(out, found, "multi_dot", constant=constant)
