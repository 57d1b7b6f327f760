"""Repeating elements, and padding."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

from mygrad.autodiff.namespace import composition, namespace_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.tensor_manip.axes import axis_number

__all__ = ["pad", "repeat", "tile"]


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


def _pairs(value: Any, ndim: int, name: str) -> list[tuple[Any, Any]]:
    """What holds before and behind each axis, from any form that NumPy takes."""
    if isinstance(value, dict):
        by_axis = {axis_number(k, ndim, "pad"): v for k, v in value.items()}
        rows = [by_axis.get(k, 0) for k in range(ndim)]
    else:
        plain = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(plain, (tuple, list)) and any(isinstance(v, (tuple, list)) for v in plain):
            rows = list(plain) * (ndim if len(plain) == 1 else 1)
        else:
            rows = [plain] * ndim
    pairs = []
    for row in rows:
        pair = tuple(row) if isinstance(row, (tuple, list)) else (row, row)
        pairs.append(pair * 2 if len(pair) == 1 else pair)
    if len(pairs) != ndim or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"pad: {name}={value!r} does not fit a tensor of {ndim} axes")
    return pairs


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """How many places before and behind each axis."""
    pairs = _pairs(pad_width, ndim, "pad_width")
    pairs = [(operator.index(before), operator.index(behind)) for before, behind in pairs]
    if any(min(pair) < 0 for pair in pairs):
        raise ValueError(f"pad: pad_width={pad_width!r} has negative widths; slices cut parts off")
    return pairs


_PERIODIC = {
    "wrap": lambda i, n: i % n,
    "edge": lambda i, n: min(max(i, 0), n - 1),
    "symmetric": lambda i, n: min(i % (2 * n), 2 * n - 1 - i % (2 * n)),
    "reflect": lambda i, n: 0 if n == 1 else min(i % (2 * n - 2), 2 * n - 2 - i % (2 * n - 2)),
}


def _sources(n: int, width: tuple[int, int], mode: str, xp: Any) -> Any:
    """For each place along a padded axis of length `n`, where its value comes from."""
    if n == 0 and any(width):
        raise ValueError(f"pad: an axis of length 0 has nothing for mode={mode!r} to repeat")
    source = _PERIODIC[mode]
    return xp.adapter.asarray([source(i, n) for i in range(-width[0], n + width[1])])


def _check_numbers(values: Any) -> None:
    if isinstance(values, (tuple, list)):
        for value in values:
            _check_numbers(value)
    elif isinstance(values, Handle) and not values._constant:
        raise TypeError(
            "pad: constant_values= are numbers, and gradients do not flow to them; join tensors "
            "with mg.concatenate instead, or pass `t.item()`"
        )


def _bordered(array: Any, widths: list[tuple[int, int]], values: Any, xp: Any) -> Any:
    """`array` with numbers around it; where borders meet, those of the last axis count."""
    _check_numbers(values)
    numbers = _pairs(values, array.ndim, "constant_values")
    shape = tuple(b + n + e for (b, e), n in zip(widths, array.shape, strict=True))
    first = numbers[0][0] if numbers else 0
    out = xp.full(shape, first, dtype=array.dtype, device=array.device)
    if any(number != first for pair in numbers for number in pair):
        for k, ((before, behind), (low, high)) in enumerate(zip(widths, numbers, strict=True)):
            at = (slice(None),) * k
            xp.adapter.assign(out, (*at, slice(0, before), ...), low)
            xp.adapter.assign(out, (*at, slice(shape[k] - behind, shape[k]), ...), high)
    place = tuple(slice(b, b + n) for (b, _), n in zip(widths, array.shape, strict=True))
    xp.adapter.assign(out, (*place, ...), array)
    return out


@composition
def pad_from_within(array: Any, widths: list[tuple[int, int]], mode: str, *, xp: Any) -> Any:
    """`array` with elements of it around it, so many before and behind each axis."""
    for k, width in enumerate(widths):
        if any(width):
            array = xp.take(array, _sources(array.shape[k], width, mode, xp), axis=k)
    return array


@composition
def unpad_from_within(
    g: Any, widths: list[tuple[int, int]], mode: str, shape: tuple[int, ...], *, xp: Any
) -> Any:
    """The adjoint of `pad_from_within`: sums over the places that have the same element."""
    for k in reversed(range(len(shape))):
        if any(widths[k]):
            smaller = (*g.shape[:k], shape[k], *g.shape[k + 1 :])
            g = xp.untake(g, _sources(shape[k], widths[k], mode, xp), k, smaller)
    return g


def _unpadded(g: Any, pad_width: Any, mode: str, shape: tuple[int, ...], xp: Any) -> Any:
    pairs = _widths(pad_width, len(shape))
    if mode == "constant":
        return g[(*(slice(b, b + n) for (b, _), n in zip(pairs, shape, strict=True)), ...)]
    return xp.unpad_from_within(g, pairs, mode, tuple(shape))


@primitive(
    array=lambda g, pad_width, mode, array_shape, xp: _unpadded(g, pad_width, mode, array_shape, xp)
)
def pad(
    array: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None, *, xp: Any
) -> Any:
    """Make a tensor larger at its borders.

    Parameters
    ----------
    array : ArrayLike
        The tensor.
    pad_width : int | tuple | dict
        How many places to add before and behind each axis: ``((before, behind), ...)``, or one
        pair or number for all axes.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What to put there: numbers, the border, mirror images without or with the border, or
        the other side.
    constant_values : float | tuple
        The numbers for ``"constant"``, in the forms of `pad_width`; 0 if not given.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.pad(mg.tensor([1.0, 2.0]), (1, 2))
    Tensor([0., 1., 2., 0., 0.])
    >>> mg.pad(mg.tensor([1.0, 2.0, 3.0]), 1, mode="reflect")
    Tensor([2., 1., 2., 3., 2.])
    """
    pairs = _widths(pad_width, array.ndim)
    if mode == "constant":
        return _bordered(array, pairs, 0 if constant_values is None else constant_values, xp)
    if mode not in _PERIODIC:
        raise ValueError(
            f"pad: mode={mode!r} is not known here; there are constant, {', '.join(_PERIODIC)}"
        )
    if constant_values is not None:
        raise ValueError(f"pad: constant_values= goes with mode='constant', not with {mode!r}")
    return xp.pad_from_within(array, pairs, mode)
