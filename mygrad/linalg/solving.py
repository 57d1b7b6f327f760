"""Linear equations: solutions, inverses, least squares."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

from mygrad.arrays.portable import device_of, is_true
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.linalg.factorizations import svd_shapes
from mygrad.linalg.matrices import (
    columns,
    conjugate,
    conjugate_transpose,
    copied_across,
    depends_on,
    linalg_error,
    matrix_operation,
    precision,
    raw,
    real_part,
    rows,
    same_dtype,
    unit,
    unpacked,
    xp_of,
)
from mygrad.linalg.products import matmul
from mygrad.math.arithmetic import absolute, square
from mygrad.math.dtypes import floats
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = ["inv", "lstsq", "matrix_power", "pinv", "solve", "tensorinv", "tensorsolve"]


def _by_equations(g: Any, a: Any, out: Any, b_shape: Any, wanted: Any, xp: Any) -> Any:
    """The adjoint of the right side solves the transposed equations."""
    vector = len(b_shape) == 1
    by_b = xp.solve(xp.matrix_transpose(a), columns(g, xp) if vector else g)
    by_a = None
    if wanted[0]:
        x = columns(out, xp) if vector else out
        by_a = -xp.matmul(by_b, xp.matrix_transpose(x))
    return by_a, xp.squeeze(by_b, axis=-1) if vector else by_b


@matrix_operation(
    "solve",
    joint={
        ("a", "b"): lambda g, a, out, b_shape, wanted, xp: _by_equations(
            g, a, out, b_shape, wanted, xp
        )
    },
    broadcasts="stacks",
)
def solve(a: Any, b: Any, *, xp: Any) -> Any:
    """Solve systems of linear equations.

    Parameters
    ----------
    a
        The coefficients: square matrices, shape (..., n, n).
    b
        The right sides: one vector of shape (n,), or matrices of shape (..., n, k), whose
        leading axes broadcast against those of `a`.

    Returns
    -------
    Tensor
        What makes ``a @ x`` equal to `b`; shape (..., n) for a vector, (..., n, k) otherwise.

    Raises
    ------
    LinAlgError
        A matrix is not square, or singular.

    Notes
    -----
    The adjoint of `b` is solve(aᵀ, g), that of `a` minus its product with xᵀ (Giles 2008,
    section 2.3).

    Examples
    --------
    >>> import mygrad as mg
    >>> a, b = mg.tensor([[2.0, 0.0], [1.0, 4.0]]), mg.tensor([2.0, 9.0])
    >>> x = mg.linalg.solve(a, b)
    >>> x
    Tensor([1., 2.])
    >>> x[1].backward()
    >>> b.grad.tolist()
    [-0.125, 0.25]
    """
    a, b = floats(a, xp), floats(b, xp)
    return xp.adapter.xp.linalg.solve(a, b)


@matrix_operation(
    "inv",
    a=lambda g, out, xp: (
        -xp.matmul(xp.matrix_transpose(out), xp.matmul(g, xp.matrix_transpose(out)))
    ),
)
def inv(a: Any, *, xp: Any) -> Any:
    """Invert square matrices.

    Parameters
    ----------
    a
        Matrices, shape (..., n, n).

    Returns
    -------
    Tensor
        The inverses, of the same shape.

    Raises
    ------
    LinAlgError
        A matrix is not square, or singular.

    Notes
    -----
    The adjoint is -yᵀ g yᵀ, where y is the inverse (Giles 2008, section 2.2.3).

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[2.0, 1.0], [1.0, 1.0]])
    >>> mg.trace(mg.linalg.inv(x)).backward()
    >>> x.grad.round(3)
    array([[-2.,  3.],
           [ 3., -5.]])
    """
    return xp.adapter.xp.linalg.inv(floats(a, xp))


def _by_pseudo_inverse(g: Any, a: Any, out: Any, rtol: Any, xp: Any) -> Any:
    """Golub and Pereyra's derivative at constant rank, transposed.

    dP = -P dA P + P Pᴴ dAᴴ (1 - A P) + (1 - P A) dAᴴ Pᴴ P
    """
    p, g = out, conjugate(g, xp)
    within = xp.matmul(p, a)
    if _leaves_some_out(a, within, xp):
        return conjugate(_by_truncated(g, a, rtol, xp), xp)
    adjoint = conjugate_transpose(p, xp)
    by_a = -xp.matmul(adjoint, xp.matmul(g, adjoint))
    # Of full rank one of the projectors is 0, and what is left of it is rounding errors.
    from_left = xp.matmul(xp.matmul(p, adjoint), g)
    from_left = from_left - xp.matmul(xp.matmul(from_left, a), p)
    from_right = xp.matmul(g, xp.matmul(adjoint, p))
    from_right = from_right - xp.matmul(within, from_right)
    by_a = by_a + conjugate_transpose(from_left, xp) + conjugate_transpose(from_right, xp)
    return conjugate(by_a, xp)


def _leaves_some_out(a: Any, within: Any, xp: Any) -> bool:
    """Whether singular values that are not 0 were counted as 0, so that A P A is not A.

    While a program is traced they may have been: the rule for that is right for all matrices.
    """
    library, a, within = xp.adapter.xp, raw(a), raw(within)
    if 0 in a.shape:
        return False
    if not xp.adapter.knows(a):  # a batch: what is true where some are left out always is
        return True
    rest = library.abs(a - library.matmul(a, within))
    least = 100 * sum(a.shape[-2:]) * precision(a, xp) * library.max(library.abs(a))
    return is_true(xp.adapter, library.max(rest) > least, unknown=True)


def _by_truncated(g: Any, a: Any, rtol: Any, xp: Any) -> Any:
    """The rule where small singular values are left out: by divided differences of 1/s.

    Pᴴ = U f(S) Vᴴ with f(s) = 1/s for those that are kept, and 0 for the others. The symmetric
    part of Uᴴ dA V changes it by (f_i - f_j) / (s_i - s_j), the antisymmetric part by
    (f_i + f_j) / (s_i + s_j).
    """
    library = xp.adapter.xp
    s, u, vh = unpacked(xp.singular_factors(a), svd_shapes(a.shape, False), xp)
    s, v = real_part(s, xp), conjugate_transpose(vh, xp)
    found = raw(s)
    limit = library.asarray(rtol, dtype=found.dtype, device=device_of(found))
    limit = library.expand_dims(limit, axis=-1) * library.max(found, axis=-1, keepdims=True)
    kept = found > limit
    f = xp.where(kept, 1.0 / xp.where(kept, s, 1.0), 0.0)
    across, down = library.expand_dims(kept, axis=-2), library.expand_dims(kept, axis=-1)
    one = across != down
    gaps, sums = rows(s, xp) - columns(s, xp), rows(s, xp) + columns(s, xp)
    falls = (rows(f, xp) - columns(f, xp)) / xp.where(one, gaps, 1.0)
    falls = xp.where(one, falls, -rows(f, xp) * columns(f, xp))
    turns = (rows(f, xp) + columns(f, xp)) / xp.where(across | down, sums, 1.0)
    g = conjugate_transpose(g, xp)
    left, right = xp.matmul(conjugate_transpose(u, xp), g), xp.matmul(g, v)
    inner = xp.matmul(left, v)
    mirrored = conjugate_transpose(inner, xp)
    falls, turns = same_dtype(falls, inner, xp), same_dtype(turns, inner, xp)
    middle = (falls * (inner + mirrored) + turns * (inner - mirrored)) / 2
    squares = same_dtype(f * f, inner, xp)
    outside_left = (right - xp.matmul(u, inner)) * rows(squares, xp)
    outside_right = columns(squares, xp) * (left - xp.matmul(inner, vh))
    return xp.matmul(xp.matmul(u, middle) + outside_left, vh) + xp.matmul(u, outside_right)


@matrix_operation("pinv", a=lambda g, a, out, rtol, xp: _by_pseudo_inverse(g, a, out, rtol, xp))
def pseudo_inverse(a: Any, rtol: Any, hermitian: bool = False, *, xp: Any) -> Any:
    """The pseudo-inverses of matrices; see `pinv`."""
    options = {"hermitian": True} if hermitian and xp.adapter.name == "numpy" else {}
    return xp.adapter.xp.linalg.pinv(floats(a, xp), rtol=rtol, **options)


def pinv(
    a: Any,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    rtol: Any = 1e-15,
    constant: bool | None = None,
) -> Tensor:
    """Moore-Penrose pseudo-inverses of matrices.

    Parameters
    ----------
    a
        Matrices, shape (..., m, n).
    rcond
        Singular values that are not larger than this times the largest count as 0: a number, or
        one for each matrix.
    hermitian
        Whether the matrices are Hermitian; only their lower triangles are looked at then.
    rtol
        The standard's name for `rcond`; 1e-15 by default. None means max(m, n) times the precision
        of the dtype.
    constant
        Whether the result is constant; by default it is if `a` is.

    Returns
    -------
    Tensor
        Shape (..., n, m).

    Raises
    ------
    LinAlgError
        The singular values were not found.
    ValueError
        Both `rcond` and `rtol` were given.

    Notes
    -----
    The derivative is that at constant rank (G. H. Golub and V. Pereyra, *The differentiation of
    pseudo-inverses and nonlinear least squares problems*, 1973), or with constantly many singular
    values, if some are left out that are not 0. Where a change of the matrix changes their number,
    the pseudo-inverse jumps, and has no derivative.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    >>> y = mg.linalg.pinv(x)
    >>> y.round(3)
    Tensor([[0.5 , 0.  , 0.  ],
            [0.  , 0.25, 0.  ]])
    >>> y.sum().backward()
    >>> x.grad.round(3)
    array([[-0.25 , -0.125],
           [-0.125, -0.062],
           [ 0.25 ,  0.062]])
    """
    a = as_operand_tensor(a)
    if rcond is not None:
        if rtol is None or not isinstance(rtol, float) or rtol != 1e-15:
            raise ValueError("linalg.pinv: rcond= and rtol= mean the same; give one of them")
        rtol = rcond
    elif rtol is None:
        rtol = max(a.shape[-2:]) * precision(floats(a, xp_of(a)), xp_of(a))
    if hermitian:
        a = copied_across(a, xp_of(a))
    return pseudo_inverse(a, raw(rtol), hermitian, constant=constant)


# --- least squares ------------------------------------------------------------------------
def _by_least_squares(
    g: Any, a: Any, b: Any, out: Any, rcond: float, wanted: Any, xp: Any
) -> tuple[Any, Any]:
    """x is P b with the pseudo-inverse P of `a`, whose derivative has r = b - a x in it.

    dx = P db - P dA x + P Pᴴ dAᴴ r + (1 - P A) dAᴴ Pᴴ x
    """
    shapes = _least_squares_shapes(a, b)
    x, _ = unpacked(out, shapes, xp)
    by_x, by_s = unpacked(conjugate(g, xp), shapes, xp)
    vector = len(b.shape) == 1
    if vector:
        x, by_x, b = columns(x, xp), columns(by_x, xp), columns(b, xp)
    p = xp.pseudo_inverse(a, rcond)
    adjoint = conjugate_transpose(p, xp)
    by_b = xp.matmul(adjoint, by_x)
    by_a = None
    if wanted[0] and _leaves_some_out(a, xp.adapter.xp.matmul(raw(p), raw(a)), xp):
        by_a = _by_truncated(xp.matmul(by_x, conjugate_transpose(b, xp)), a, rcond, xp)
    elif wanted[0]:
        across = conjugate_transpose(xp.matmul(p, by_b), xp)
        within = by_x - xp.matmul(p, xp.matmul(a, by_x))
        by_a = xp.matmul(b - xp.matmul(a, x), across)
        by_a = by_a - xp.matmul(by_b, conjugate_transpose(x, xp))
        by_a = by_a + xp.matmul(xp.matmul(adjoint, x), conjugate_transpose(within, xp))
    if by_a is not None:
        if isinstance(g, Handle) or depends_on(by_s, xp):
            _, u, vh = unpacked(xp.singular_factors(a), svd_shapes(a.shape, False), xp)
            by_s = same_dtype(real_part(by_s, xp), u, xp)
            by_a = by_a + xp.matmul(u * rows(by_s, xp), vh)
        by_a = conjugate(by_a, xp)
    by_b = xp.squeeze(by_b, axis=-1) if vector else by_b
    return by_a, conjugate(by_b, xp)


def _least_squares_shapes(a: Any, b: Any) -> list[tuple[int, ...]]:
    """Of the solution and of the singular values."""
    m, n = a.shape[-2:]
    return [(n, *b.shape[1:]), (min(m, n),)]


@matrix_operation(
    "lstsq",
    joint={
        ("a", "b"): lambda g, a, b, out, rcond, wanted, xp: _by_least_squares(
            g, a, b, out, rcond, wanted, xp
        )
    },
)
def least_squares(a: Any, b: Any, rcond: float, *, xp: Any) -> Any:
    """The solution and the singular values, packed; see `lstsq`."""
    a, b = floats(a, xp), floats(b, xp)
    library = xp.adapter.xp
    both = library.result_type(a.dtype, b.dtype)
    a, b = library.astype(a, both), library.astype(b, both)
    if hasattr(library.linalg, "lstsq") and not xp.adapter.batches:  # whose residuals may be none
        x, _, _, s = library.linalg.lstsq(a, b, rcond=rcond)
        if not s.shape[0]:  # some of PyTorch's solvers do not know them
            s = library.linalg.svdvals(a)
    else:
        x, s = xp.matmul(xp.pseudo_inverse(a, rcond), b), library.linalg.svdvals(a)
    flat = [library.reshape(x, (-1,)), library.astype(s, both)]
    return library.concat(flat)


def lstsq(
    a: Any, b: Any, rcond: float | None = None, *, constant: bool | None = None
) -> tuple[Any, Any, Any, Any]:
    """Least-squares solutions of linear equations.

    Parameters
    ----------
    a
        The coefficients, a matrix of shape (m, n).
    b
        The right sides: shape (m,), or (m, k) for several of them.
    rcond
        Singular values of `a` that are not larger than this times the largest count as 0; by
        default the precision of the dtype times max(m, n).
    constant
        Whether the results are constant; by default they are if both operands are.

    Returns
    -------
    x : Tensor
        What makes the length of ``b - a @ x`` smallest; the shortest one if there are several.
        Shape (n,) or (n, k).
    residuals : Tensor
        The squares of these lengths, shape (1,) or (k,). Empty where the rank of `a` is less than
        n, and where m <= n.
    rank : int
        How many singular values do not count as 0. A tensor where numbers are not known: in a
        function that `mygrad.vmap` batches or ``jax.jit`` compiles; residuals are not empty there
        where the rank may be n.
    s : Tensor
        The singular values of `a`, shape (min(m, n),).

    Raises
    ------
    LinAlgError
        An operand has other axes, or their lengths do not fit.

    Notes
    -----
    The derivative is that at constant rank; see `pinv`.

    Examples
    --------
    >>> import mygrad as mg
    >>> a = mg.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> b = mg.tensor([1.0, 2.0, 4.0])
    >>> x, residuals, rank, s = mg.linalg.lstsq(a, b)
    >>> x.round(3), rank
    (Tensor([0.833, 1.5  ]), 2)
    >>> x[1].backward()  # the slope of the line
    >>> b.grad.round(3)
    array([-0.5, -0. ,  0.5])
    """
    a, b = as_operand_tensors(a, b)
    xp = xp_of(a)
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise linalg_error(
            f"linalg.lstsq: the coefficients are a matrix of shape (m, n), the right sides of "
            f"shape (m,) or (m, k), and they have shapes {tuple(a.shape)} and {tuple(b.shape)}",
            a,
        )
    if rcond is None:
        rcond = max(a.shape) * precision(floats(a, xp), xp)
    m, n = a.shape
    whole = least_squares(a, b, rcond, constant=constant)
    x, s = unpacked(whole, _least_squares_shapes(a, b), xp)
    s = real_part(s, xp)
    rank: Any = 0
    if s.size:
        rank = xp.adapter.xp.count_nonzero(raw(s) > rcond * raw(s)[:1])
    known = not s.size or xp.adapter.knows(rank)
    rank = int(rank) if known else Tensor(rank, constant=True)
    error = b - matmul(a, x)
    residuals = square(absolute(error)).sum(axis=0, constant=constant)
    full = not known or rank == n
    residuals = residuals.reshape(-1) if n < m and full else residuals.reshape(-1)[:0]
    return x, residuals, rank, s


# --- made of others -----------------------------------------------------------------------
def matrix_power(a: Any, n: int, *, constant: bool | None = None) -> Tensor:
    """Powers of square matrices, by repeated squaring.

    Parameters
    ----------
    a
        Matrices, shape (..., m, m).
    n
        The exponent, an integer; matrices are inverted for negative ones.
    constant
        Whether the result is constant; by default it is if `a` is.

    Returns
    -------
    Tensor
        Of the same shape.

    Raises
    ------
    LinAlgError
        A matrix is not square, or is singular and the exponent negative.
    TypeError
        The exponent is no integer.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, 1.0], [0.0, 1.0]])
    >>> y = mg.linalg.matrix_power(x, 3)
    >>> y
    Tensor([[1., 3.],
            [0., 1.]])
    >>> y[0, 1].backward()
    >>> x.grad
    array([[3., 3.],
           [1., 3.]])
    """
    a = as_operand_tensor(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise linalg_error(
            f"linalg.matrix_power: square matrices are raised to powers, and the operand has "
            f"shape {tuple(a.shape)}",
            a,
        )
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(f"linalg.matrix_power: the exponent is an integer, not {n!r}") from None
    if n == 0:
        ones = xp_of(a).adapter.xp.zeros_like(a._data) + unit(a, a.shape[-1], xp_of(a))
        return Tensor(ones, constant=True if constant is None else constant, copy=False)
    z = inv(a) if n < 0 else a
    n, factors = abs(n), []
    if n == 3:  # as NumPy does
        return matmul(matmul(z, z), z, constant=constant)
    while n:
        n, bit = divmod(n, 2)
        if bit:
            factors.append(z)
        z = matmul(z, z) if n else z
    power, *others = factors
    for z in others:
        power = matmul(power, z)
    if power is a or constant is not None:
        power = registry["copy"](power, constant=constant)
    found: Tensor = power
    return found


def tensorsolve(a: Any, b: Any, axes: Any = None, *, constant: bool | None = None) -> Tensor:
    """Solve ``tensordot(a, x, x.ndim) == b``.

    Parameters
    ----------
    a
        The coefficients, of shape ``b.shape + x.shape``; the two have equally many elements.
    b
        The right side.
    axes
        Axes of `a` that are moved to its end before.
    constant
        Whether the result is constant; by default it is if both operands are.

    Returns
    -------
    Tensor
        What solves the equation.

    Raises
    ------
    LinAlgError
        `a` has not the shape of a square matrix, or is singular.

    Examples
    --------
    >>> import mygrad as mg
    >>> a = mg.reshape(2 * mg.eye(6), (2, 3, 6))
    >>> mg.linalg.tensorsolve(a, mg.ones((2, 3))).tolist()
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    """
    a, b = as_operand_tensors(a, b)
    if axes is not None:
        moved = [k % a.ndim for k in axes]
        a = a.transpose([k for k in range(a.ndim) if k not in moved] + moved)
    shape = tuple(a.shape[b.ndim :])
    n = prod(shape)
    if a.size != n**2 or b.size != n:
        raise linalg_error(
            f"linalg.tensorsolve: coefficients have the shape of the right side and then that of "
            f"the unknowns, which are as many; theirs is {tuple(a.shape)}, that of the right side "
            f"{tuple(b.shape)}",
            a,
        )
    return solve(a.reshape(n, n), b.reshape(n), constant=constant).reshape(shape)


def tensorinv(a: Any, ind: int = 2, *, constant: bool | None = None) -> Tensor:
    """The inverse for `tensordot`: ``tensordot(tensorinv(a, ind), a, ind)`` is the identity.

    Parameters
    ----------
    a
        A tensor whose first `ind` axes have as many elements as the others.
    ind
        How many of the first axes stand for the rows of a matrix.
    constant
        Whether the result is constant; by default it is if `a` is.

    Returns
    -------
    Tensor
        Shape ``a.shape[ind:] + a.shape[:ind]``.

    Raises
    ------
    LinAlgError
        `a` has not the shape of a square matrix, or is singular.
    ValueError
        `ind` is not positive.

    Examples
    --------
    >>> import mygrad as mg
    >>> a = mg.reshape(2 * mg.eye(4), (4, 2, 2))
    >>> mg.linalg.tensorinv(a, ind=1).shape
    (2, 2, 4)
    """
    a = as_operand_tensor(a)
    if ind <= 0:
        raise ValueError(f"linalg.tensorinv: ind= counts axes, and is {ind!r}")
    left, right = tuple(a.shape[:ind]), tuple(a.shape[ind:])
    if prod(left) != prod(right):
        raise linalg_error(
            f"linalg.tensorinv: with ind={ind} shape {tuple(a.shape)} is that of a matrix of "
            f"{prod(left)} rows and {prod(right)} columns, which has no inverse",
            a,
        )
    square_matrix = a.reshape(prod(left), prod(right))
    return inv(square_matrix, constant=constant).reshape(right + left)
