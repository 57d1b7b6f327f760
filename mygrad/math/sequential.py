"""Reductions and running totals."""

from __future__ import annotations

import math
from typing import Any

from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.math.dtypes import floats, in_float32, is_complex, real_only
from mygrad.math.reduction import reduction
from mygrad.tensors.base import Tensor
from mygrad.typing import ArrayLike

__all__ = [
    "add_sequence", "amax", "amin", "cumprod", "cumsum", "logsumexp", "max", "mean", "min",
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


def shared(g: Any, count: float) -> Any:
    """`g` over a count, also over one that float16 cannot hold."""
    if not count > 65_000:
        return g / count
    part = 2.0 ** round(math.log2(count) / 2)  # dividing by it rounds nothing
    return g / part / (count / part)


def _deviation(name: str, x: Any, axis: Any, ddof: float, keepdims: bool, xp: Any) -> Any:
    """The library's variance or standard deviation."""
    function, options = getattr(xp.adapter.xp, name), {"correction": ddof, "keepdims": keepdims}
    return in_float32(function, floats(x, xp), xp, axis=axis, **options)


@reduction(x=lambda g, x_shape, axis, keepdims, xp: spread(g, x_shape, axis, keepdims, xp))
def sum(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:
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
    initial
        A number to add.
    where
        Which elements to sum; all by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> mg.sum(x, axis=0)
    Tensor([4., 6.])
    >>> mg.sum(x, where=x.data > 1.5, initial=10.0)
    Tensor(19.)
    """
    return xp.sum(x, axis=axis, keepdims=keepdims)


@reduction(
    x=lambda g, x_shape, axis, keepdims, xp: spread(
        shared(g, _count(axis, x_shape) or 1), x_shape, axis, keepdims, xp
    )
)
def mean(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:
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
    where
        Which elements to average; all by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.mean(mg.tensor([1.0, 2.0, 6.0]))
    Tensor(3.)
    """
    return in_float32(xp.mean, floats(x, xp), xp, axis=axis, keepdims=keepdims)


def _by_freedom(g: Any, x: Any, axis: Any, ddof: float, keepdims: bool, xp: Any) -> Any:
    """`g` times the deviations from the mean, over the degrees of freedom."""
    shape = tuple(x.shape)
    free = _count(axis, shape) - ddof
    g = shared(g, free if free > 0 else float("nan"))
    deviations = x - in_float32(xp.mean, x, xp, axis=axis, keepdims=True)
    if is_complex(x, xp):
        deviations = xp.conj(deviations)
    return spread(g, shape, axis, keepdims, xp) * deviations


@reduction(
    x=lambda g, x, axis, ddof, keepdims, xp: _by_freedom(2 * g, x, axis, ddof, keepdims, xp)
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
    dtype
        The data type to compute in.
    where
        Which elements to include; all by default.
    correction
        The array API's name for `ddof`.
    mean
        The mean, with the reduced axes kept, where it is known already.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.var(mg.tensor([1.0, 2.0, 3.0]), ddof=1)
    Tensor(1.)
    """
    return _deviation("var", x, axis, ddof, keepdims, xp)


@reduction(
    x=lambda g, x, out, axis, ddof, keepdims, xp: _by_freedom(
        xp.where(out == 0, 0.0, g / xp.where(out == 0, 1.0, out)), x, axis, ddof, keepdims, xp
    )
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
    dtype
        The data type to compute in.
    where
        Which elements to include; all by default.
    correction
        The array API's name for `ddof`.
    mean
        The mean, with the reduced axes kept, where it is known already.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.std(mg.tensor([1.0, 2.0, 3.0]), ddof=1)
    Tensor(1.)
    """
    return _deviation("std", x, axis, ddof, keepdims, xp)


def first_extreme(x: Any, name: str, axis: Any, xp: Any) -> Any:
    """A raw mask: for each result, the element that ``argmax`` or ``argmin`` finds first."""
    x = x._data if isinstance(x, Handle) else x
    library = xp.adapter.xp
    shape = tuple(x.shape)
    find = getattr(library, name)
    axes = _axes(axis, shape)
    if len(axes) == 1:
        (a,) = axes
        places = library.arange(shape[a], device=device_of(x))
        places = library.reshape(places, tuple(-1 if k == a else 1 for k in range(len(shape))))
        return places == find(x, axis=a, keepdims=True)
    kept = tuple(k for k in range(len(shape)) if k not in axes)
    order = kept + axes
    rows = library.permute_dims(x, order) if shape else x
    rows = library.reshape(rows, (*(shape[k] for k in kept), _count(axis, shape)))
    places = library.arange(rows.shape[-1], device=device_of(x))
    mask = places == library.expand_dims(find(rows, axis=-1), axis=-1)
    mask = library.reshape(mask, tuple(shape[k] for k in order))
    return library.permute_dims(mask, _inverse(order)) if shape else mask


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(order.index(k) for k in range(len(order)))


def _to_first(g: Any, x: Any, name: str, axis: Any, keepdims: bool, xp: Any) -> Any:
    """`g` for the elements that were chosen, and 0 for the others."""
    if 0 in x.shape:
        return xp.zeros_like(x)
    chosen = first_extreme(x, name, axis, xp)
    return xp.where(chosen, spread(g, tuple(x.shape), axis, keepdims, xp), 0.0)


@reduction(
    x=lambda g, x, axis, keepdims, xp: _to_first(g, x, "argmax", axis, keepdims, xp),
    aliases=("amax",),
)
def max(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:
    """Maximum over axes. The first of equal entries gets the gradient.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.
    initial
        A number that the result is not less than.
    where
        Which elements to compare; needs `initial`.

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


@reduction(
    x=lambda g, x, axis, keepdims, xp: _to_first(g, x, "argmin", axis, keepdims, xp),
    aliases=("amin",),
)
def min(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:
    """Minimum over axes. The first of equal entries gets the gradient.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.
    initial
        A number that the result is not greater than.
    where
        Which elements to compare; needs `initial`.

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


def _shares(x: Any, axis: Any, xp: Any) -> Any:
    """Exponentials over their sum; infinite ones, or none but those of -inf, share equally."""
    if 0 in x.shape:
        return xp.zeros_like(x)
    library, raw = xp.adapter.xp, x._data if isinstance(x, Handle) else x
    top = library.max(raw, axis=axis, keepdims=True)  # counts as constant: it cancels out
    infinite = library.where(library.isfinite(top), library.nan, top)
    powers = xp.exp(xp.where(raw != infinite, x - top, 0.0))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


@reduction(
    x=lambda g, x, axis, keepdims, xp: (
        spread(g, tuple(x.shape), axis, keepdims, xp) * _shares(x, axis, xp)
    ),
)
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:
    r"""Logarithm of the sum of exponentials, :math:`\log \sum_i e^{x_i}`, without overflow.

    Parameters
    ----------
    x
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.
    initial
        One more term of the sum, by its logarithm.
    where
        Which elements to add up; all by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.logsumexp(mg.tensor([1000.0, 1000.0]))
    Tensor(1000.69314718)
    """
    real_only(x, xp, "logsumexp")
    x = floats(x, xp)
    top = xp.max(x, axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0.0)
    total = xp.log(xp.sum(xp.exp(x - top), axis=axis, keepdims=True)) + top
    if keepdims:
        return total
    gone = _axes(axis, tuple(x.shape))
    return xp.reshape(total, tuple(n for k, n in enumerate(x.shape) if k not in gone))


def _others(x: Any, axis: Any, xp: Any) -> Any:
    """For each element the product of the others that are reduced with it."""
    shape = tuple(x.shape)
    axes = _axes(axis, shape)
    kept = tuple(k for k in range(len(shape)) if k not in axes)
    order = kept + axes
    rows = xp.permute_dims(x, order) if shape else x
    rows = xp.reshape(rows, (*(shape[k] for k in kept), _count(axis, shape)))
    one = xp.ones_like(rows[..., :1])
    before = xp.cumulative_prod(xp.concat([one, rows[..., :-1]], axis=-1), axis=-1)
    turned = xp.flip(rows[..., 1:], axis=-1)
    after = xp.cumulative_prod(xp.concat([one, turned], axis=-1), axis=-1)
    others = xp.reshape(before * xp.flip(after, axis=-1), tuple(shape[k] for k in order))
    return xp.permute_dims(others, _inverse(order)) if shape else others


@reduction(
    a=lambda g, a, axis, keepdims, xp: (
        spread(g, tuple(a.shape), axis, keepdims, xp) * _others(a, axis, xp)
        if 0 not in a.shape
        else xp.zeros_like(a)
    )
)
def prod(a: Any, axis: Any = None, keepdims: bool = False, *, xp: Any) -> Any:
    """Product over axes.

    Parameters
    ----------
    a
        A tensor or array.
    axis
        The axis, or a tuple of axes; all by default.
    keepdims
        Whether the reduced axes stay, with length 1.
    dtype
        The data type to multiply in.
    initial
        A number to multiply with.
    where
        Which elements to multiply; all by default.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative by an element is the product of those before it and of those after it, not
    the quotient of the product and the element: it is exact where there are zeros, too.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([2.0, 0.0, 3.0])
    >>> mg.prod(x).backward()
    >>> x.grad
    array([0., 6., 0.])
    """
    return xp.prod(a, axis=axis, keepdims=keepdims)


def _from_end(g: Any, axis: int, xp: Any) -> Any:
    """Running sums from the end."""
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


@reduction(
    a=lambda g, a_shape, axis, xp: xp.reshape(
        _from_end(g, 0 if axis is None else axis, xp), a_shape
    ),
    aliases=("cumulative_sum",),
)
def cumsum(a: Any, axis: int | None = None, *, xp: Any) -> Any:
    """Running sum along an axis.

    Parameters
    ----------
    a
        A tensor or array.
    axis
        The axis; the flattened array by default.
    dtype
        The data type to sum in.
    include_initial
        Whether the result starts with a 0, and so is longer by one.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.cumsum(mg.tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3., 6.])
    """
    a = xp.reshape(a, (-1,)) if axis is None else a
    return xp.adapter.xp.cumulative_sum(a, axis=0 if axis is None else axis)


def _recurrence(g: Any, x: Any, xp: Any) -> Any:
    """Solve ``a[k] = g[k] + x[k] * a[k + 1]`` along the last axis.

    Elements are eliminated in pairs (cyclic reduction): about log2(n) steps on half as many
    elements each.
    """
    n = g.shape[-1]
    if n <= 1:
        return g
    if n % 2:
        zero = xp.zeros_like(g[..., :1])
        g, x = (xp.concat([t, zero], axis=-1) for t in (g, x))
        return _recurrence(g, x, xp)[..., :-1]
    g0, g1, x0, x1 = g[..., ::2], g[..., 1::2], x[..., ::2], x[..., 1::2]
    even = _recurrence(g0 + x0 * g1, x0 * x1, xp)
    following = xp.concat([even[..., 1:], xp.zeros_like(even[..., :1])], axis=-1)
    return xp.reshape(xp.stack([even, g1 + x1 * following], axis=-1), tuple(g.shape))


def _cumprod_rule(g: Any, a: Any, out: Any, axis: int | None, xp: Any) -> Any:
    shape = tuple(a.shape)
    if 0 in shape:
        return xp.zeros_like(a)
    if axis is None:
        a, axis = xp.reshape(a, (-1,)), 0
    g, a, out = (xp.moveaxis(t, axis, -1) if t.ndim > 1 else t for t in (g, a, out))
    # out[k] = out[k - 1] * a[k], so that the adjoint of out[k] is g[k] + a[k + 1] * its next
    following = xp.concat([a[..., 1:], xp.zeros_like(a[..., :1])], axis=-1)
    before = xp.concat([xp.ones_like(out[..., :1]), out[..., :-1]], axis=-1)
    slope = _recurrence(g, following, xp) * before
    return xp.reshape(xp.moveaxis(slope, -1, axis) if slope.ndim > 1 else slope, shape)


@reduction(
    a=lambda g, a, out, axis, xp: _cumprod_rule(g, a, out, axis, xp),
    aliases=("cumulative_prod",),
)
def cumprod(a: Any, axis: int | None = None, *, xp: Any) -> Any:
    """Running product along an axis. Its derivatives are exact where there are zeros, too.

    Parameters
    ----------
    a
        A tensor or array.
    axis
        The axis; the flattened array by default.
    dtype
        The data type to multiply in.
    include_initial
        Whether the result starts with a 1, and so is longer by one.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.cumprod(mg.tensor([1.0, 2.0, 3.0]))
    Tensor([1., 2., 6.])
    """
    a = xp.reshape(a, (-1,)) if axis is None else a
    return xp.adapter.xp.cumulative_prod(a, axis=0 if axis is None else axis)


def add_sequence(*variables: ArrayLike, constant: bool | None = None) -> Tensor:
    """Sum of two or more tensors, element by element.

    Parameters
    ----------
    *variables
        Tensors, arrays or numbers, which broadcast.
    constant
        Whether the result is constant; by default it is if all operands are.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.add_sequence(mg.tensor([1.0]), mg.tensor([2.0]), 3.0)
    Tensor([6.])
    """
    return _folded("add", variables, constant)


def multiply_sequence(*variables: ArrayLike, constant: bool | None = None) -> Tensor:
    """Product of two or more tensors, element by element.

    Parameters
    ----------
    *variables
        Tensors, arrays or numbers, which broadcast.
    constant
        Whether the result is constant; by default it is if all operands are.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.multiply_sequence(mg.tensor([2.0]), mg.tensor([2.0]), 3.0)
    Tensor([12.])
    """
    return _folded("multiply", variables, constant)


def _folded(name: str, variables: tuple[Any, ...], constant: bool | None) -> Any:
    if len(variables) < 2:
        raise ValueError(
            f"{name}_sequence takes two tensors or more, and was given {len(variables)}"
        )
    total = variables[0]
    for variable in variables[1:]:
        total = registry[name](total, variable, constant=constant)
    return total
