"""Reductions and running totals."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.memory import Handle
from mygrad.autodiff.primitive import primitive

__all__ = [
    "add_sequence", "amax", "amin", "cumprod", "cumsum", "max", "mean", "min",
    "multiply_sequence", "prod", "std", "sum", "var",
]  # fmt: skip


def spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool, xp: Any) -> Any:
    """The adjoint of a sum: `g`, the same for all elements that were reduced to one."""
    if axis is not None and not keepdims and shape:
        g = xp.reshape(g, tuple(1 if k in _axes(axis, shape) else n for k, n in enumerate(shape)))
    return xp.broadcast_to(g, shape)


def _axes(axis: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that are reduced, as numbers from 0."""
    if axis is None:
        return tuple(range(len(shape)))
    return tuple(a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,)))


def _count(axis: Any, shape: tuple[int, ...]) -> int:
    """How many elements are reduced to one."""
    count = 1
    for a in _axes(axis, shape):
        count *= shape[a]
    return count


@primitive(x=lambda g, x_shape, axis, keepdims, xp: spread(g, x_shape, axis, keepdims, xp))
def sum(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None, *, xp: Any) -> Any:  # noqa: A001
    """Sum over axes.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes, to sum over; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.
    dtype
        The data type to sum in.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> mg.sum(x, axis=0)
    Tensor([4., 6.])
    """
    return xp.sum(x, axis=axis, keepdims=keepdims, dtype=dtype)


@primitive(
    x=lambda g, x_shape, axis, keepdims, xp: spread(g, x_shape, axis, keepdims, xp)
    / _count(axis, x_shape)
)
def mean(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None, *, xp: Any) -> Any:
    """Mean over axes.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes, to average over; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.
    dtype
        The data type to compute in.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.mean(mg.tensor([1.0, 2.0, 6.0]))
    Tensor(3.)
    """
    x = x if dtype is None else xp.adapter.xp.astype(x, dtype)
    if xp.adapter.xp.isdtype(x.dtype, ("integral", "bool")):
        x = xp.adapter.xp.astype(x, xp.float64)
    return xp.mean(x, axis=axis, keepdims=keepdims)


def _deviation(x: Any, axis: Any, ddof: int, xp: Any) -> Any:
    """Deviations from the mean, divided by the degrees of freedom."""
    free = _count(axis, tuple(x.shape)) - ddof
    return (x - xp.mean(x, axis=axis, keepdims=True)) / (free if free > 0 else float("nan"))


@primitive(
    x=lambda g, x, axis, ddof, keepdims, xp: spread(g, tuple(x.shape), axis, keepdims, xp)
    * (2 * _deviation(x, axis, ddof, xp))
)
def var(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, *, xp: Any) -> Any:
    """Variance over axes.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    ddof
        Delta degrees of freedom: the sum of squares is divided by ``n - ddof``.
    keepdims
        Whether the reduced axes stay, with length 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.var(mg.tensor([1.0, 2.0, 3.0]), ddof=1)
    Tensor(1.)
    """
    return xp.var(_floats(x, xp), axis=axis, correction=ddof, keepdims=keepdims)


@primitive(
    x=lambda g, x, out, axis, ddof, keepdims, xp: spread(
        g / xp.where(out == 0, 1.0, out), tuple(x.shape), axis, keepdims, xp
    )
    * _deviation(x, axis, ddof, xp)
)
def std(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, *, xp: Any) -> Any:
    """Standard deviation over axes. Its derivative where it is 0 is taken to be 0.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    ddof
        Delta degrees of freedom: the sum of squares is divided by ``n - ddof``.
    keepdims
        Whether the reduced axes stay, with length 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.std(mg.tensor([1.0, 2.0, 3.0]), ddof=1)
    Tensor(1.)
    """
    return xp.std(_floats(x, xp), axis=axis, correction=ddof, keepdims=keepdims)


def _floats(x: Any, xp: Any) -> Any:
    if xp.adapter.xp.isdtype(x.dtype, ("integral", "bool")):
        return xp.adapter.xp.astype(x, xp.float64)
    return x


def _first(x: Any, out: Any, axis: Any, keepdims: bool, xp: Any) -> Any:
    """Where, among the elements that were reduced to `out`, the first equal one stands."""
    x, out = (t._data if isinstance(t, Handle) else t for t in (x, out))
    library = xp.adapter.xp
    shape = tuple(x.shape)
    axes = _axes(axis, shape)
    kept = tuple(k for k in range(len(shape)) if k not in axes)
    order = kept + axes
    if not keepdims:
        out = library.reshape(out, tuple(1 if k in axes else n for k, n in enumerate(shape)))
    equal = library.permute_dims(x == out, order) if shape else x == out
    rows = 1
    for k in kept:
        rows *= shape[k]
    flat = library.reshape(equal, (rows, _count(axis, shape)))
    running = library.cumulative_sum(library.astype(flat, library.int64), axis=1)
    first = library.reshape(flat & (running == 1), tuple(shape[k] for k in order))
    back = tuple(order.index(k) for k in range(len(shape)))
    return library.permute_dims(first, back) if shape else first


def _to_first(g: Any, x: Any, out: Any, axis: Any, keepdims: bool, xp: Any) -> Any:
    spread_out = spread(g, tuple(x.shape), axis, keepdims, xp)
    return xp.where(_first(x, out, axis, keepdims, xp), spread_out, 0.0)


@primitive(
    x=lambda g, x, out, axis, keepdims, xp: _to_first(g, x, out, axis, keepdims, xp),
    aliases=("amax",),
)
def max(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:  # noqa: A001
    """Maximum over axes. The first of equal entries gets the gradient.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 3.0, 3.0])
    >>> mg.max(x).backward()
    >>> x.grad
    array([0., 1., 0.])
    """
    return xp.max(x, axis=axis, keepdims=keepdims)


@primitive(
    x=lambda g, x, out, axis, keepdims, xp: _to_first(g, x, out, axis, keepdims, xp),
    aliases=("amin",),
)
def min(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:  # noqa: A001
    """Minimum over axes. The first of equal entries gets the gradient.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.min(mg.tensor([[1.0, 3.0], [4.0, 0.5]]), axis=1)
    Tensor([1. , 0.5])
    """
    return xp.min(x, axis=axis, keepdims=keepdims)


amax, amin = max, min


def _rows(x: Any, axis: Any, xp: Any) -> tuple[Any, tuple[int, ...]]:
    """`x` with its reduced axes flattened into a last one, and the order of axes used."""
    shape = tuple(x.shape)
    axes = _axes(axis, shape)
    kept = tuple(k for k in range(len(shape)) if k not in axes)
    moved = xp.permute_dims(x, kept + axes) if len(shape) > 1 else x
    return xp.reshape(moved, (*(shape[k] for k in kept), _count(axis, shape))), kept + axes


def _others(x: Any, axis: Any, xp: Any) -> Any:
    """For each element the product of the others along the axes; exact with zeros too."""
    shape = tuple(x.shape)
    rows, order = _rows(x, axis, xp)
    n = rows.shape[-1]
    parts = [rows[..., k] for k in range(n)]
    before, after = [xp.ones_like(parts[0])], [xp.ones_like(parts[0])]
    for k in range(n - 1):
        before.append(before[-1] * parts[k])
        after.append(after[-1] * parts[n - 1 - k])
    others = xp.stack([b * a for b, a in zip(before, reversed(after), strict=True)], axis=-1)
    others = xp.reshape(others, tuple(shape[k] for k in order))
    back = tuple(order.index(k) for k in range(len(shape)))
    return xp.permute_dims(others, back) if len(shape) > 1 else xp.reshape(others, shape)



def _prod_rule(g: Any, x: Any, out: Any, axis: Any, keepdims: bool, xp: Any) -> Any:
    shape = tuple(x.shape)
    if 0 in shape:
        return xp.zeros_like(x)
    library = xp.adapter.xp
    raw = x._data if isinstance(x, Handle) else x
    if library.any(raw == 0):
        return spread(g, shape, axis, keepdims, xp) * _others(x, axis, xp)
    return spread(g * out, shape, axis, keepdims, xp) / x


@primitive(x=lambda g, x, out, axis, keepdims, xp: _prod_rule(g, x, out, axis, keepdims, xp))
def prod(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:
    """Product over axes. Its derivatives are exact where there are zeros, too.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([2.0, 0.0, 3.0])
    >>> mg.prod(x).backward()
    >>> x.grad
    array([0., 6., 0.])
    """
    return xp.prod(x, axis=axis, keepdims=keepdims)


def _backwards(g: Any, axis: int, xp: Any) -> Any:
    """Running sums from the end."""
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


@primitive(
    x=lambda g, x_shape, axis, xp: xp.reshape(_backwards(g, 0 if axis is None else axis, xp), x_shape),
    aliases=("cumulative_sum",),
)
def cumsum(x: Any, axis: int | None = None, *, xp: Any) -> Any:
    """Running sum along an axis.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis; the flattened array by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.cumsum(mg.tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3., 6.])
    """
    x = xp.reshape(x, (-1,)) if axis is None else x
    return xp.cumulative_sum(x, axis=0 if axis is None else axis)


def _cumprod_rule(g: Any, x: Any, out: Any, axis: int | None, xp: Any) -> Any:
    shape = tuple(x.shape)
    if axis is None:
        return xp.reshape(_cumprod_rule(g, xp.reshape(x, (-1,)), out, 0, xp), shape)
    if 0 in shape:
        return xp.zeros_like(x)
    raw = x._data if isinstance(x, Handle) else x
    if not xp.adapter.xp.any(raw == 0):
        return _backwards(g * out, axis, xp) / x
    # out[k] = out[k-1] x[k], so its adjoint is a[k] = g[k] + x[k+1] a[k+1], exact with zeros.
    axis = axis % len(shape)
    at = [(*(slice(None),) * axis, k, ...) for k in range(shape[axis])]
    adjoint = g[at[-1]]
    parts = []
    for k in reversed(range(shape[axis])):
        parts.append(adjoint * out[at[k - 1]] if k else adjoint)
        if k:
            adjoint = g[at[k - 1]] + x[at[k]] * adjoint
    return xp.stack(parts[::-1], axis=axis)


@primitive(
    x=lambda g, x, out, axis, xp: _cumprod_rule(g, x, out, axis, xp), aliases=("cumulative_prod",)
)
def cumprod(x: Any, axis: int | None = None, *, xp: Any) -> Any:
    """Running product along an axis. Its derivatives are exact where there are zeros, too.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis; the flattened array by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.cumprod(mg.tensor([1.0, 2.0, 3.0]))
    Tensor([1., 2., 6.])
    """
    x = xp.reshape(x, (-1,)) if axis is None else x
    return xp.cumulative_prod(x, axis=0 if axis is None else axis)


def add_sequence(*variables: Any, constant: bool | None = None) -> Any:
    """The sum of two or more tensors, element by element.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.add_sequence(mg.tensor([1.0]), mg.tensor([2.0]), 3.0)
    Tensor([6.])
    """
    return _folded("add", variables, constant)


def multiply_sequence(*variables: Any, constant: bool | None = None) -> Any:
    """The product of two or more tensors, element by element.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.multiply_sequence(mg.tensor([2.0]), mg.tensor([2.0]), 3.0)
    Tensor([12.])
    """
    return _folded("multiply", variables, constant)


def _folded(name: str, variables: tuple[Any, ...], constant: bool | None) -> Any:
    from mygrad.math import arithmetic

    if len(variables) < 2:
        raise ValueError(
            f"{name}_sequence takes two tensors or more, and was given {len(variables)}"
        )
    total = variables[0]
    for variable in variables[1:]:
        total = getattr(arithmetic, name)(total, variable, constant=constant)
    return total
