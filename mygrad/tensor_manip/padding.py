"""Padding: larger tensors, with numbers, elements or means of them at the borders."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.namespace import composition, registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import device_beside
from mygrad.autodiff.primitive import Primitive
from mygrad.math import sequential
from mygrad.tensor_manip.array_shape import broadcast_to
from mygrad.tensor_manip.selecting import take_along_axis, where
from mygrad.tensor_manip.tensor_joining import concatenate
from mygrad.tensor_manip.transpose_like import flip, moveaxis
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["pad"]


def _pairs(value: Any, ndim: int, name: str) -> list[tuple[Any, Any]]:
    """What holds before and behind each axis, from any form that NumPy takes."""
    if isinstance(value, dict):
        by_axis = {axis_number(k, ndim, "pad"): v for k, v in value.items()}
        rows = [by_axis.get(k, 0) for k in range(ndim)]
    else:
        plain = _nested(value)
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


def _nested(value: Any) -> Any:
    """Arrays as nested lists; of a tensor, lists of its elements."""
    if isinstance(value, Tensor):
        return [_nested(value[k]) for k in range(value.shape[0])] if value.ndim else value
    return value.tolist() if hasattr(value, "tolist") else value


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


def _sources(n: int, width: tuple[int, int], mode: str, like: Any, xp: Any) -> Any:
    """For each place along a padded axis of length `n`, where its value comes from."""
    if n == 0 and any(width):
        raise ValueError(f"pad: an axis of length 0 has nothing for mode={mode!r} to repeat")
    source = _PERIODIC[mode]
    places = [source(i, n) for i in range(-width[0], n + width[1])]
    return xp.adapter.asarray(places, device=device_beside((like,), xp.adapter))


def _bordered(array: Any, widths: list[tuple[int, int]], values: Any, xp: Any) -> Any:
    """`array` with numbers around it; where borders meet, those of the last axis count."""
    numbers = _pairs(values, array.ndim, "constant_values")
    shape = tuple(b + n + e for (b, e), n in zip(widths, array.shape, strict=True))
    first = numbers[0][0] if numbers else 0
    out = xp.full(shape, first, dtype=array.dtype, device=device_of(array))
    if any(number != first for pair in numbers for number in pair):
        for k, ((before, behind), (low, high)) in enumerate(zip(widths, numbers, strict=True)):
            at = (slice(None),) * k
            out = xp.adapter.assign(out, (*at, slice(0, before), ...), low)
            out = xp.adapter.assign(out, (*at, slice(shape[k] - behind, shape[k]), ...), high)
    place = tuple(slice(b, b + n) for (b, _), n in zip(widths, array.shape, strict=True))
    return xp.adapter.assign(out, (*place, ...), array)


@composition
def pad_from_within(array: Any, widths: list[tuple[int, int]], mode: str, *, xp: Any) -> Any:
    """`array` with elements of it around it, so many before and behind each axis."""
    for k, width in enumerate(widths):
        if any(width):
            array = xp.take(array, _sources(array.shape[k], width, mode, array, xp), axis=k)
    return array


@composition
def unpad_from_within(
    g: Any, widths: list[tuple[int, int]], mode: str, shape: tuple[int, ...], *, xp: Any
) -> Any:
    """The adjoint of `pad_from_within`: sums over the places that have the same element."""
    for k in reversed(range(len(shape))):
        if any(widths[k]):
            smaller = (*g.shape[:k], shape[k], *g.shape[k + 1 :])
            g = xp.untake(g, _sources(shape[k], widths[k], mode, g, xp), k, smaller)
    return g


def _unpadded(g: Any, pad_width: Any, mode: str, shape: tuple[int, ...], xp: Any) -> Any:
    pairs = _widths(pad_width, len(shape))
    if mode == "constant":
        return g[(*(slice(b, b + n) for (b, _), n in zip(pairs, shape, strict=True)), ...)]
    return xp.unpad_from_within(g, pairs, mode, tuple(shape))


class _Pad(Primitive):
    """`pad`, of which the modes that are no choice of elements are made of other operations."""

    def __call__(  # type: ignore[override]
        self,
        array: Any,
        pad_width: Any,
        mode: Any = "constant",
        constant_values: Any = None,
        *,
        end_values: Any = None,
        stat_length: Any = None,
        reflect_type: str | None = None,
        out: Any = None,
        constant: bool | None = None,
        **options: Any,
    ) -> Any:
        given = {
            "constant_values": constant_values is not None, "end_values": end_values is not None,
            "stat_length": stat_length is not None, "reflect_type": reflect_type is not None,
            **dict.fromkeys(options, True),
        }  # fmt: skip
        if callable(mode):
            named = {"constant_values": constant_values, "end_values": end_values,
                     "stat_length": stat_length, "reflect_type": reflect_type}  # fmt: skip
            options = {n: named.get(n, options.get(n)) for n, is_given in given.items() if is_given}
            result: Any = _by_function(array, pad_width, mode, options)
        else:
            for option in (n for n, is_given in given.items() if is_given):
                if mode not in TAKEN.get(option, ()):
                    raise ValueError(f"pad: {option}= does not go with mode={mode!r}")
            result = None
            values = constant_values
            if mode == "constant" and not _plain(values):
                result = _by_parts(array, pad_width, _constants, values)
            elif mode == "linear_ramp":
                ends = 0 if end_values is None else end_values
                result = _by_parts(array, pad_width, _ramps, ends)
            elif mode in STATISTICS:
                result = _by_parts(array, pad_width, STATISTICS[mode], stat_length)
            elif reflect_type == "odd":
                result = _by_parts(array, pad_width, _turned, mode)
            elif reflect_type not in (None, "even"):
                raise ValueError(
                    f"pad: reflect_type={reflect_type!r} is not known; it is 'even' or 'odd'"
                )
            elif mode == "empty":
                mode = "constant"
            if result is None:
                return super().__call__(
                    array, pad_width, mode, constant_values, out=out, constant=constant
                )
        if constant is not None and result.constant is not constant:
            result = registry["copy"](result, constant=constant)
        return result if out is None else write_result(out, result, "pad", constant=constant)


TAKEN = {
    "constant_values": ("constant",), "end_values": ("linear_ramp",),
    "stat_length": ("maximum", "mean", "median", "minimum"),
    "reflect_type": ("reflect", "symmetric"),
}  # fmt: skip
"""Which modes take an option."""


def _plain(values: Any) -> bool:
    """Whether there is no variable among numbers."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, (tuple, list)):
        return all(_plain(value) for value in values)
    return not isinstance(values, Handle) or values._constant


# --- modes that are made of other operations ------------------------------------------------
Borders = tuple[Any, Any]


def _by_parts(array: Any, pad_width: Any, borders: Callable[..., Borders], option: Any) -> Any:
    """Join borders to a tensor, along one axis after the other.

    `borders` is given the tensor as it is by then, the axis, the widths, and the option of the
    mode for that axis; it returns what to put before and behind.
    """
    t = as_operand_tensor(array)
    adapter = adapter_of(t._data)
    assert adapter is not None
    widths = _widths(pad_width, t.ndim)
    if borders is _turned or option is None:
        options = [option] * t.ndim
    else:
        options = _pairs(option, t.ndim, "the option of the mode")
    for k, (width, chosen) in enumerate(zip(widths, options, strict=True)):
        if not any(width):
            continue
        if not t.shape[k] and borders is not _constants:
            raise ValueError(
                f"pad: axis {k} has length 0, and nothing that borders could be made of; only "
                f"mode='constant' pads it"
            )
        before, behind = borders(t, k, width, chosen)
        if borders is not _constants and adapter.xp.isdtype(t.dtype, "integral"):
            before, behind = registry["rint"](before), registry["rint"](behind)
        parts = [p if p.dtype == t.dtype else registry["astype"](p, t.dtype)
                 for p in (before, behind)]  # fmt: skip
        t = concatenate([parts[0], t, parts[1]], k)
    return t if t is not array else registry["copy"](t)


def _part(t: Any, axis: int, *bounds: int | None) -> Any:
    return t[(*(slice(None),) * axis, slice(*bounds), ...)]


def _spread(value: Any, t: Any, axis: int, width: int) -> Any:
    shape = (*t.shape[:axis], width, *t.shape[axis + 1 :])
    return broadcast_to(as_operand_tensor(value, (t,)), shape)


def _constants(t: Any, axis: int, width: tuple[int, int], values: Any) -> Borders:
    return _spread(values[0], t, axis, width[0]), _spread(values[1], t, axis, width[1])


def _ramps(t: Any, axis: int, width: tuple[int, int], ends: Any) -> Borders:
    """Straight lines, from the end values to the first and to the last element."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    edges = _part(t, axis, 0, 1), _part(t, axis, -1, None)
    ramps = []
    for edge, end, n in zip(edges, ends, width, strict=True):
        floats = adapter.xp.isdtype(t.dtype, ("real floating", "complex floating"))
        steps = adapter.xp.arange(n, dtype=t.dtype if floats else adapter.xp.float64,
                                  device=adapter.device(t._data))  # fmt: skip
        steps = adapter.xp.reshape(steps, (n, *(1,) * (t.ndim - axis - 1)))
        ramp = (edge - end) / max(n, 1) * steps + end
        ramps.append(ramp if floats else registry["floor"](ramp))
    return ramps[0], flip(ramps[1], axis)


def _statistic(function: Callable[..., Any]) -> Callable[..., Borders]:
    def borders(t: Any, axis: int, width: tuple[int, int], lengths: Any) -> Borders:
        n = t.shape[axis]
        low, high = (n if m is None else min(operator.index(m), n) for m in lengths or (None, None))
        least = 0 if function is sequential.mean else 1
        if min(low, high) < least:
            raise ValueError(f"pad: stat_length={tuple(lengths)} leaves nothing to compute from")
        before = function(_part(t, axis, 0, low), axis=axis, keepdims=True)
        behind = function(_part(t, axis, n - high, None), axis=axis, keepdims=True)
        return _spread(before, t, axis, width[0]), _spread(behind, t, axis, width[1])

    return borders


def _median(t: Any, axis: int, keepdims: bool) -> Any:
    """The element in the middle, or the mean of the two; nan where there is one."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    xp = adapter.xp
    n = t.shape[axis]
    places = moveaxis(as_operand_tensor(xp.argsort(t._data, axis=axis)), axis, 0)._data
    middle = xp.moveaxis(places[(n - 1) // 2 : n // 2 + 1, ...], 0, axis)
    found = sequential.mean(take_along_axis(t, middle, axis), axis=axis, keepdims=keepdims)
    if not xp.isdtype(t.dtype, "real floating"):
        return found
    bad = xp.any(xp.isnan(t._data), axis=axis, keepdims=keepdims)
    return where(bad, float("nan"), found)


STATISTICS = {
    "maximum": _statistic(sequential.max), "mean": _statistic(sequential.mean),
    "median": _statistic(_median), "minimum": _statistic(sequential.min),
}  # fmt: skip


def _turned(t: Any, axis: int, width: tuple[int, int], mode: str) -> Borders:
    """Mirror images that are turned upside down at the border, too: 2 edge - element.

    Where the border is wider than the image, the next image is one of all that there is by then.
    """
    if t.shape[axis] == 1:
        return _spread(t, t, axis, width[0]), _spread(t, t, axis, width[1])
    with_edge = mode == "symmetric"
    period = t.shape[axis] - (not with_edge)
    inner = t
    missing = list(width)
    done = [0, 0]
    while any(missing):
        length = inner.shape[axis] - (not with_edge)
        length -= length % period
        chunks = [min(length, n) for n in missing]
        first = 0 if with_edge else 1
        front = flip(_part(inner, axis, first, first + chunks[0]), axis)
        end = inner.shape[axis] - first
        back = flip(_part(inner, axis, end - chunks[1], end), axis)
        front = 2 * _part(inner, axis, 0, 1) - front
        back = 2 * _part(inner, axis, -1, None) - back
        inner = concatenate([front, inner, back], axis)
        missing = [n - m for n, m in zip(missing, chunks, strict=True)]
        done = [n + m for n, m in zip(done, chunks, strict=True)]
    return _part(inner, axis, 0, done[0]), _part(inner, axis, inner.shape[axis] - done[1], None)


def _by_function(array: Any, pad_width: Any, function: Any, options: dict[str, Any]) -> Tensor:
    """Zeros at the borders, which a function writes to: it is given each line, as a view."""
    widths = _widths(pad_width, as_operand_tensor(array).ndim)
    padded: Any = pad(array, widths)
    for k, width in enumerate(widths):
        lines = moveaxis(padded, k, -1)
        places: list[tuple[int, ...]] = [()]
        for n in lines.shape[:-1]:
            places = [(*place, i) for place in places for i in range(n)]
        for place in places:
            function(lines[(*place, ...)], width, k, options)
    return padded


def _pad(
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
    mode : str | Callable
        What to put there: numbers (``"constant"``), the border (``"edge"``), mirror images without
        or with the border (``"reflect"``, ``"symmetric"``), the other side (``"wrap"``), a straight
        line to a number (``"linear_ramp"``), the ``"maximum"``, ``"mean"``, ``"median"`` or
        ``"minimum"`` of the elements next to the border, zeros (``"empty"``). Or a function
        ``mode(line, widths, axis, options)``, which writes to the borders of each line.
    constant_values : float | tuple
        The numbers for ``"constant"``, in the forms of `pad_width`; 0 if not given. Gradients flow
        to tensors among them.
    end_values : float | tuple
        Likewise, to where ``"linear_ramp"`` leads.
    stat_length : int | tuple, optional
        Of how many elements next to the border to take the maximum, mean, median or minimum; of all
        if not given.
    reflect_type : {"even", "odd"}
        Whether mirror images are also turned upside down: 2 edge - element.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.
    **options
        Further arguments for a function that is the mode.

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
            f"pad: mode={mode!r} is not known; there are constant, empty, linear_ramp, "
            f"{', '.join((*_PERIODIC, *STATISTICS))}, and functions"
        )
    return xp.pad_from_within(array, pairs, mode)

_pad.__name__ = _pad.__qualname__ = "pad"
pad = _Pad(
    _pad,
    {
        "array": lambda g, pad_width, mode, array_shape, xp: _unpadded(
            g, pad_width, mode, array_shape, xp
        )
    },
)
pad.__signature__ = inspect.signature(pad.__call__)
