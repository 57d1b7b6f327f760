"""Norms of vectors and of matrices, condition numbers, ranks."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of, is_true
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.primitive import primitive
from mygrad.linalg.factorizations import singular_values
from mygrad.linalg.matrices import (
    linalg_error,
    precision,
    raw,
    unit,
    xp_of,
)
from mygrad.linalg.solving import inv
from mygrad.math.arithmetic import absolute, direction, divide, multiply
from mygrad.math.dtypes import floats, in_float32, is_complex
from mygrad.math.sequential import max, min, spread, sum
from mygrad.tensor_manip.array_shape import expand_dims
from mygrad.tensor_manip.selecting import where
from mygrad.tensor_manip.transpose_like import moveaxis
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["cond", "matrix_norm", "matrix_rank", "norm", "vector_norm"]

INF = float("inf")


def _length_rule(
    g: Any, x: Any, out: Any, axis: Any, keepdims: bool, nan_to_num: bool, xp: Any
) -> Any:
    length = xp.where(out == 0, 1.0, out) if nan_to_num else out
    x = xp.conj(x) if is_complex(x, xp) else x
    return spread(g / length, tuple(x.shape), axis, keepdims, xp) * x


def _p_rule(
    g: Any, x: Any, out: Any, ord: float, axis: Any, keepdims: bool, nan_to_num: bool, xp: Any
) -> Any:
    """The slope is ``(|x| / norm) ** (ord - 1)``, and 0 at 0."""
    shape = tuple(x.shape)
    size, length = xp.abs(x), spread(out, shape, axis, keepdims, xp)
    slope = direction(x, xp)
    if ord != 1 and not nan_to_num:
        slope = slope * (size / length) ** (ord - 1)
    elif ord != 1:
        some = (size > 0) & (length > 0)
        share = xp.where(some, size, 1.0) / xp.where(some, length, 1.0)
        slope = xp.where(some, slope * share ** (ord - 1), 0.0)
    return spread(g, shape, axis, keepdims, xp) * slope


@primitive(
    x=lambda g, x, out, axis, keepdims, nan_to_num, xp: _length_rule(
        g, x, out, axis, keepdims, nan_to_num, xp
    ),
    goes_first=True,
)
def length(
    x: Any, axis: Any = None, keepdims: bool = False, nan_to_num: bool = True, *, xp: Any
) -> Any:
    """Euclidean length over axes; see `norm`."""

    def root(x: Any) -> Any:
        squares = xp.real(x) ** 2 + xp.imag(x) ** 2 if is_complex(x, xp) else x * x
        return xp.sqrt(xp.sum(squares, axis=axis, keepdims=keepdims))

    return in_float32(root, floats(x, xp), xp)


@primitive(
    x=lambda g, x, out, ord, axis, keepdims, nan_to_num, xp: _p_rule(
        g, x, out, ord, axis, keepdims, nan_to_num, xp
    ),
)
def p_norm(
    x: Any, ord: float, axis: Any = None, keepdims: bool = False, nan_to_num: bool = True, *,
    xp: Any,
) -> Any:  # fmt: skip
    """The norm of any order but 0, 2 and infinity; see `norm`."""

    def root(x: Any) -> Any:
        return xp.sum(xp.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)

    return in_float32(root, floats(x, xp), xp)


def norm(
    x: Any,
    ord: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    *,
    nan_to_num: bool = True,
    constant: bool | None = None,
) -> Tensor:
    r"""Norms of vectors or of matrices.

    Parameters
    ----------
    x
        A tensor or array.
    ord
        The order. Of vectors it is a number, :math:`(\sum |x|^{ord})^{1/ord}`, 2 by default;
        ``inf`` and ``-inf`` are the largest and smallest absolute value, and 0 counts what is not
        0, which is constant. Of matrices: "fro", the default, is the length of all elements; "nuc"
        the sum of the singular values; 2 and -2 the largest and smallest of these; 1 and -1 the
        largest and smallest sum of absolute values of a column, ``inf`` and ``-inf`` of a row.
    axis
        The axis that holds vectors, or the two that hold matrices. By default all of `x` is one
        vector (without `ord`; it may have any axes then), or one matrix.
    keepdims
        Whether the reduced axes stay, with length 1.
    nan_to_num
        Whether the derivative at 0 of norms of vectors, which does not exist, is 0 rather than
        nan.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        There is no norm of this order, or of so many axes.

    Notes
    -----
    Of equal largest (or smallest) sums of a row or column the first one gets the gradient. The
    norms 2 and "nuc" have a derivative where the singular values that they take are not equal to
    others, and are not 0; elsewhere the gradient is one of the subgradients.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([3.0, 4.0])
    >>> mg.linalg.norm(x)
    Tensor(5.)
    >>> mg.linalg.norm([[3.0, 0.0], [0.0, -4.0]], "nuc")
    Tensor(7.)
    """
    x = _as_floats(x)
    if isinstance(axis, list):
        axis = tuple(axis)
    if isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    if ord is None and (axis is None or isinstance(axis, int)):
        return length(x, axis, keepdims, nan_to_num, constant=constant)
    count = x.ndim if axis is None else len(axis) if isinstance(axis, tuple) else 1
    if count == 1:
        axis = 0 if axis is None else axis
        return _of_vectors(x, ord, axis, keepdims, nan_to_num, constant)
    if count == 2:
        axis = (0, 1) if axis is None else axis
        return _of_matrices(x, ord, axis, keepdims, nan_to_num, constant)
    raise ValueError(
        f"linalg.norm: one axis holds vectors and two hold matrices, and axis={axis!r} of shape "
        f"{tuple(x.shape)} are {count}; name them, or leave ord= out for the length of all elements"
    )


def _of_vectors(
    x: Any, ord: Any, axis: Any, keepdims: bool, nan_to_num: bool, constant: bool | None
) -> Tensor:
    if isinstance(ord, str):
        raise ValueError(
            f"linalg.norm: Invalid norm order {ord!r} for vectors; it is a norm of matrices"
        )
    if ord is None or ord == 2:
        return length(x, axis, keepdims, nan_to_num, constant=constant)
    if ord == INF:
        return _largest(absolute(x), axis, keepdims, constant)
    if ord == -INF:
        return min(absolute(x), axis=axis, keepdims=keepdims, constant=constant)
    if ord == 0:
        return _counted(x, axis, keepdims)
    return p_norm(x, ord, axis, keepdims, nan_to_num, constant=constant)


def _largest(x: Any, axis: Any, keepdims: bool, constant: bool | None) -> Tensor:
    """The largest of numbers that are not negative; 0 of none, which is their sum."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    some = 0 not in [x.shape[k] for k in axes]
    found: Tensor = (max if some else sum)(x, axis=axis, keepdims=keepdims, constant=constant)
    return found


def _as_floats(x: Any) -> Any:
    """A tensor of floating-point numbers: integers as float64, constant as they are."""
    x = as_operand_tensor(x)
    adapter = adapter_of(x._data)
    assert adapter is not None
    numbers = adapter.following(floats)(x._data, namespace_of(adapter))
    return x if numbers is x._data else Tensor(numbers, constant=True, copy=False)


def _counted(x: Any, axis: Any, keepdims: bool) -> Tensor:
    """How many elements are not 0, as a float: a constant."""
    adapter = adapter_of(x._data)
    assert adapter is not None
    library = adapter.xp

    def count(array: Any) -> Any:
        sizes = library.abs(array)
        there = library.astype(sizes != 0, sizes.dtype)
        return adapter.asarray(library.sum(there, axis=axis, keepdims=keepdims, dtype=sizes.dtype))

    return Tensor(adapter.following(count)(x._data), constant=True, copy=False)


def _of_matrices(
    x: Any, ord: Any, axis: Any, keepdims: bool, nan_to_num: bool, constant: bool | None
) -> Tensor:
    row, column = (axis_number(k, x.ndim, "linalg.norm") for k in axis)
    if row == column:
        raise ValueError(f"linalg.norm: axis={axis!r} names one axis twice; a matrix has two")
    if ord is None or (isinstance(ord, str) and ord in ("fro", "f")):
        return length(x, (row, column), keepdims, nan_to_num, constant=constant)
    named = isinstance(ord, str) and ord == "nuc"
    if not named and (isinstance(ord, str) or ord not in (1, -1, 2, -2, INF, -INF)):
        raise ValueError(
            f"linalg.norm: Invalid norm order {ord!r} for matrices; there are 'fro', 'nuc', 1, -1, "
            f"2, -2, inf and -inf"
        )
    if named or ord in (2, -2):
        s = singular_values(moveaxis(x, (row, column), (-2, -1)))
        if named:
            found = sum(s, axis=-1, constant=constant)
        elif ord == 2:
            found = _largest(s, -1, False, constant)
        else:
            found = min(s, axis=-1, constant=constant)
    else:
        along, across = (row, column) if ord in (1, -1) else (column, row)
        sums = sum(absolute(x), axis=along)
        across -= across > along
        if ord > 0:
            found = _largest(sums, across, False, constant)
        else:
            found = min(sums, axis=across, constant=constant)
    if keepdims:
        for k in sorted((row, column)):
            found = expand_dims(found, k, constant=constant)
    return found


def vector_norm(
    x: Any,
    /,
    *,
    axis: Any = None,
    keepdims: bool = False,
    ord: Any = 2,
    constant: bool | None = None,
) -> Tensor:
    """Norms of vectors, as the array API standard has them.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes, whose elements make a vector; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.
    ord
        The order, a number, or plus or minus infinity; see `norm`.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        `ord` is no number.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.linalg.vector_norm([[3.0, 0.0], [0.0, 4.0]])
    Tensor(5.)
    """
    x = _as_floats(x)
    axes = axis if isinstance(axis, tuple) or axis is None else (axis,)
    return _of_vectors(x, ord, axes, keepdims, True, constant)


def matrix_norm(
    x: Any, /, *, keepdims: bool = False, ord: Any = "fro", constant: bool | None = None
) -> Tensor:
    """Norms of matrices, as the array API standard has them.

    Parameters
    ----------
    x
        Matrices, shape (..., m, n).
    keepdims
        Whether the last two axes stay, with length 1.
    ord
        The order: "fro", "nuc", 1, -1, 2, -2, or plus or minus infinity; see `norm`.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (...).

    Raises
    ------
    ValueError
        There are no matrices, or no such norm.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.linalg.matrix_norm([[3.0, 0.0], [0.0, 4.0]], ord="nuc")
    Tensor(7.)
    """
    x = _as_floats(x)
    if x.ndim < 2:
        raise ValueError(
            f"linalg.matrix_norm: matrices have two axes, and the operand has shape "
            f"{tuple(x.shape)}; use linalg.vector_norm"
        )
    return _of_matrices(x, ord, (-2, -1), keepdims, True, constant)


# --- condition and rank -------------------------------------------------------------------
def cond(x: Any, p: Any = None, *, constant: bool | None = None) -> Tensor:
    """Condition numbers of matrices.

    Parameters
    ----------
    x
        Matrices, shape (..., m, n); square ones unless `p` is 2 or -2.
    p
        The order of the norm, as in `norm`: the condition number is ``norm(x, p) * norm(inv(x),
        p)``. By default it is 2, the largest singular value over the smallest; -2 is the inverse
        of that.
    constant
        Whether the result is constant; by default it is if `x` is.

    Returns
    -------
    Tensor
        Shape (...). It is infinite, and has derivative 0, for singular matrices.

    Raises
    ------
    LinAlgError
        There are no elements, or the matrices are not square and `p` is not 2 or -2.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.linalg.cond([[2.0, 0.0], [0.0, 8.0]])
    Tensor(4.)
    """
    x = _as_floats(x)
    if x.ndim < 2 or 0 in x.shape[-2:]:
        raise linalg_error(
            f"linalg.cond: matrices with elements have a condition number, and the operand has "
            f"shape {tuple(x.shape)}",
            x,
        )
    if p is None or (not isinstance(p, str) and p in (2, -2)):
        s = singular_values(x)
        first, last = s[..., 0], s[..., -1]
        above, below = (last, first) if p == -2 else (first, last)
        return _ratio(above, below, constant)
    library, a = xp_of(x).adapter.xp, x._data
    if x.shape[-1] != x.shape[-2]:
        raise linalg_error(
            f"linalg.cond: matrices that are not square, of shape {tuple(x.shape)}, have condition "
            f"numbers of orders 2 and -2 alone, and p={p!r}",
            x,
        )
    adapter = xp_of(x).adapter
    singular = adapter.following(_singular)(a, library)
    some = is_true(adapter, adapter.following(library.any)(singular), unknown=True)
    if some:  # they do not keep the others from being inverted
        mask = library.expand_dims(library.asarray(singular), axis=(-1, -2))
        x = where(mask, unit(x, x.shape[-1], xp_of(x)), x)
    sizes = norm(x, p, axis=(-2, -1)), norm(inv(x), p, axis=(-2, -1))
    if not some:
        return multiply(*sizes, constant=constant)
    return where(singular, INF, multiply(*sizes), constant=constant)


def _ratio(above: Any, below: Any, constant: bool | None) -> Tensor:
    """A quotient that is infinite where the divisor is 0."""
    nothing = below == 0
    adapter = xp_of(below).adapter
    if not is_true(adapter, adapter.following(adapter.xp.any)(nothing), unknown=True):
        found: Tensor = divide(above, below, constant=constant)
        return found
    safe = above / where(nothing, 1.0, below)
    return where(nothing, INF, safe, constant=constant)


def _singular(a: Any, library: Any) -> Any:
    """A raw mask: which matrices cannot be inverted."""
    sign, _ = library.linalg.slogdet(a)
    return sign == 0


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The number of singular values that do not count as 0: an array of integers.

    Parameters
    ----------
    A
        Matrices, shape (..., m, n); a vector has rank 1, or 0 if all its elements are 0.
    tol
        Singular values that are not larger than this count as 0.
    hermitian
        Whether the matrices are Hermitian; only their lower triangles are looked at then.
    rtol
        The same, times the largest singular value; by default max(m, n) times the precision of
        the dtype.

    Returns
    -------
    Array
        A raw array of shape (...), as a rank has no derivative.

    Raises
    ------
    ValueError
        Both `tol` and `rtol` were given.

    Examples
    --------
    >>> import mygrad as mg
    >>> int(mg.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    t = as_operand_tensor(A)
    if tol is not None and rtol is not None:
        raise ValueError("linalg.matrix_rank: give tol= or rtol=, the limit or its ratio, not both")
    xp, library, following = xp_of(t), xp_of(t).adapter.xp, xp_of(t).adapter.following
    if t.ndim < 2:
        return library.astype(following(library.any)(t != 0), library.int64)
    s = singular_values(t.detach(), hermitian)._data
    if tol is None:
        ratio = sorted(t.shape[-2:])[-1] * precision(s, xp) if rtol is None else raw(rtol)
        ratio = library.expand_dims(library.asarray(ratio, device=device_of(s)), axis=-1)
        if s.shape[-1]:
            ratio = following(lambda s, r: r * library.max(s, axis=-1, keepdims=True))(s, ratio)
        limit = ratio
    else:
        limit = library.expand_dims(library.asarray(raw(tol), device=device_of(s)), axis=-1)
    return following(lambda s, limit: library.count_nonzero(s > limit, axis=-1))(s, limit)
