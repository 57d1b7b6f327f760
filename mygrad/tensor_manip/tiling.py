"""Repeating elements."""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.autodiff.namespace import composition, namespace_of
from mygrad.autodiff.primitive import primitive
from mygrad.tensors.axes import axis_number

__all__ = ["repeat", "tile"]


def _unrepeated(
    g: Any, repeats: Any, axis: int | None, places: Any, shape: tuple[int, ...], xp: Any
) -> Any:
    """Sum over the copies that `repeat` made."""
    flat = (prod(shape),) if axis is None or not shape else shape
    k = 0 if axis is None else axis % len(flat)
    if isinstance(repeats, int):
        g = xp.reshape(g, (*flat[: k + 1], repeats, *flat[k + 1 :]))
        return xp.reshape(xp.sum(g, axis=k + 1), shape)
    if places is None:
        places = namespace_of(xp.adapter).repeated_places(repeats, flat[k])
    return xp.reshape(xp.untake(g, places, k, flat), shape)


@composition
def repeated_places(repeats: Any, count: int, *, xp: Any) -> Any:
    """The numbers from 0 to `count`, each repeated as often as is said."""
    library = xp.adapter.xp
    places = library.arange(count, device=xp.adapter.device(repeats))
    return library.repeat(places, library.broadcast_to(repeats, (count,)))


@primitive(
    a=lambda g, repeats, axis, places, a_shape, xp: _unrepeated(
        g, repeats, axis, places, a_shape, xp
    ),
    repeats=None,
    index_residuals=("places",),
)
def repeat(a: Any, repeats: Any, axis: int | None = None, *, xp: Any) -> Any:
    """Repeat each element.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    repeats : int | ArrayLike
        How often; one number for all, or one for each place along `axis`.
    axis : int, optional
        Along which axis; the flattened tensor if not given.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.repeat(mg.tensor([1.0, 2.0]), 2)
    Tensor([1., 1., 2., 2.])
    >>> mg.repeat(mg.tensor([1.0, 2.0]), [1, 3])
    Tensor([1., 2., 2., 2.])
    """
    if not hasattr(a, "shape"):
        a = xp.asarray(a)
    if axis is not None and not a.ndim:  # NumPy takes it for one element; not every library does
        a = xp.reshape(a, (1,))
    library = xp.adapter.xp
    if isinstance(repeats, int) or "repeated_places" not in xp.adapter.kernels:
        return library.repeat(a, repeats, axis=axis), None
    if axis is None:
        a, axis = xp.reshape(a, (prod(a.shape),)), 0
    axis = axis_number(axis, a.ndim, "repeat")
    places = xp.repeated_places(repeats, a.shape[axis])  # which a device looks for only once
    return library.take(a, places, axis=axis), places


def _untiled(g: Any, reps: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """Sum over the copies that `tile` made."""
    counts = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    ndim = max(len(shape), len(counts))
    counts = (1,) * (ndim - len(counts)) + counts
    lengths = (1,) * (ndim - len(shape)) + tuple(shape)
    g = xp.reshape(g, tuple(n for pair in zip(counts, lengths, strict=True) for n in pair))
    return xp.reshape(xp.sum(g, axis=tuple(range(0, 2 * ndim, 2))), shape)


@primitive(A=lambda g, reps, A_shape, xp: _untiled(g, reps, A_shape, xp))
def tile(A: Any, reps: Any, *, xp: Any) -> Any:
    """Put copies of a tensor side by side.

    Parameters
    ----------
    A : ArrayLike
        The tensor.
    reps : int | tuple[int, ...]
        How many copies along each axis, the last one last.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.tile(mg.tensor([1.0, 2.0]), 2)
    Tensor([1., 2., 1., 2.])
    """
    return xp.tile(A, tuple(reps) if isinstance(reps, (tuple, list)) else (reps,))
