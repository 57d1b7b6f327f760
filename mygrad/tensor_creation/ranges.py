"""Evenly spaced numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from mygrad.arrays import Adapter, adapter_of, get_adapter
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import SCALARS, floating
from mygrad.tensor_creation.filled import finished, made, place, stays
from mygrad.tensors.base import Tensor, astensor, tensor
from mygrad.tensors.conversion import dtype_of
from mygrad.tensors.names_elsewhere import explained

__all__ = ["arange", "geomspace", "linspace", "logspace"]


def _adapter(value: Any) -> Adapter | None:
    """The adapter of an array or tensor; None for numbers and lists."""
    return adapter_of(getattr(value, "_data", value))


def number(value: Any, name: str) -> Any:
    """A parameter as a number, or as an array of NumPy's; it is not fetched from a device."""
    adapter = _adapter(value)
    if adapter is not None and adapter.name != "numpy":
        raise TypeError(
            f"{name}: a parameter that has to be a number is on {adapter.name}; nothing is moved "
            f"behind your back: hand over t.item()"
        )
    if isinstance(value, Handle):
        if not value._constant:
            gradient_lost(f"{name}() took a plain number out of a tensor")
        return value._data if value._data.ndim else value._data.item()
    return value


@explained
def arange(
    start: Any = None,
    stop: Any = None,
    step: Any = None,
    dtype: Any = None,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """Evenly spaced numbers from a start up to, and without, a stop.

    Parameters
    ----------
    start : float
        The first; where there is no `stop` it is that, and the first number is 0.
    stop : float
        Where to stop.
    step : float
        From one to the next; 1 if not given.
    dtype : DTypeLike, optional
        The data type; that of the numbers if not given.
    constant, device, backend
        As for `empty`.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        A number lies on a device, from which it would have to be fetched.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.arange(3)
    Tensor([0, 1, 2])
    >>> mg.arange(1.0, 2.0, 0.5)
    Tensor([1. , 1.5])
    """
    adapter, device = place(backend, device)
    bounds = [number(value, "arange") for value in (start, stop) if value is not None]
    if not bounds:
        raise TypeError("arange: needs a stop, or a start and a stop")
    named = {} if step is None else {"step": number(step, "arange")}
    kind = None if dtype is None else dtype_of(adapter, dtype)
    array = made(adapter, device, adapter.xp.arange, *bounds, dtype=kind, **named)
    return finished("arange", array, adapter, device, constant)


def _spaced(
    name: str,
    bounds: tuple[Any, Any],
    dtype: Any,
    constant: bool | None,
    device: Any,
    backend: str | None,
    **options: Any,
) -> Tensor:
    """What NumPy makes of plain bounds, on the backend that is asked for."""
    adapter, device = place(backend, device)
    plain = [b._data if isinstance(b, Handle) else b for b in bounds]
    values = getattr(np, name)(*plain, **options)
    kind = None if dtype is None else dtype_of(adapter, dtype)
    if name == "linspace" and kind is not None and adapter.xp.isdtype(kind, "integral"):
        values = np.floor(values)
    array = adapter.from_host(values, device)
    if kind is not None:
        array = adapter.xp.astype(array, kind)
    return finished(name, array, adapter, device, constant)


def _computed(*bounds: Any) -> bool:
    """Whether operations compute with bounds: variables, and what is on a device."""
    return any(
        (isinstance(b, Handle) and not b._constant)
        or ((adapter := _adapter(b)) is not None and adapter.name != "numpy")
        for b in bounds
    )


def _operand(bound: Any) -> Any:
    """A number as it is, and anything else as a floating-point tensor; of arrays, a constant."""
    adapter = _adapter(bound)
    if adapter is None:
        return bound
    t: Any = bound if isinstance(bound, Handle) else astensor(bound, constant=True)
    return t if floating[adapter, t.dtype] else registry["astype"](t, float, constant=True)


def _of_axes(a: Any, count: int) -> Any:
    """A tensor with axes of length 1 in front, so that there are so many."""
    if _adapter(a) is None:
        return a
    return a.reshape((1,) * (count - a.ndim) + tuple(a.shape))


def _between(
    name: str, start: Any, stop: Any, num: int, endpoint: bool, axis: int, backend: str | None
) -> Any:
    """Evenly spaced numbers between bounds of which one is a tensor or an array."""
    start, stop = _operand(start), _operand(stop)
    if backend is not None:
        for bound in (start, stop):
            stays(name, "a bound", bound, get_adapter(backend))
    span = stop - start
    steps = np.linspace(0.0, 1.0, num, endpoint=endpoint).reshape((num,) + (1,) * span.ndim)
    where = {"device": span.device, "backend": span.backend}
    places = tensor(steps, dtype=span.dtype, constant=True, **where)
    return registry["moveaxis"](start + span * places, 0, axis)


def _returned(name: str, out: Any, dtype: Any, constant: bool | None, device: Any) -> Any:
    """What was computed from bounds; a tensor of its own, if none of them is a variable."""
    adapter = _adapter(out)
    assert adapter is not None
    if dtype is not None:
        out = registry["astype"](out, dtype_of(adapter, dtype), copy=False)
    device = None if device is None else adapter.parse_device(device)
    if out._constant:
        return finished(name, out._data, adapter, device, constant)
    if device is not None:
        out = registry["to"](out, adapter.name, device)
    return out if constant is None else registry["astype"](out, out.dtype, constant=constant)


def _log(bound: Any) -> Any:
    return float(np.log(bound)) if type(bound) in SCALARS else registry["log"](_operand(bound))


@explained
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """Evenly spaced numbers from a start to a stop.

    Parameters
    ----------
    start, stop : ArrayLike
        The first and the last; gradients flow back to tensors. Where tensors and arrays lie on a
        device, there the numbers are made.
    num : int
        How many.
    endpoint : bool
        Whether `stop` is among them.
    dtype : DTypeLike, optional
        The data type; that of the bounds, and floating-point, if not given.
    axis : int
        Along which axis they lie, if the bounds are arrays.
    constant, device, backend
        As for `empty`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.linspace(0, 1, 5)
    Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    if not _computed(start, stop):
        return _spaced(
            "linspace", (start, stop), dtype, constant, device, backend,
            num=num, endpoint=endpoint, axis=axis,
        )  # fmt: skip
    out = _between("linspace", start, stop, num, endpoint, axis, backend)
    adapter = _adapter(out)
    assert adapter is not None
    kind = out.dtype if dtype is None else dtype_of(adapter, dtype)
    if adapter.xp.isdtype(kind, "integral"):
        out = registry["floor"](out)
    return _returned("linspace", out, kind, constant, device)


@explained
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """Powers of a base, with evenly spaced exponents.

    Parameters
    ----------
    start, stop : ArrayLike
        The first and the last exponent; gradients flow back to tensors.
    num, endpoint
        As for `linspace`.
    base : float
        The base.
    dtype, axis, constant, device, backend
        As for `linspace`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.logspace(0, 2, 3)
    Tensor([  1.,  10., 100.])
    """
    if not _computed(start, stop, base):
        return _spaced(
            "logspace", (start, stop), dtype, constant, device, backend,
            num=num, endpoint=endpoint, base=number(base, "logspace"), axis=axis,
        )  # fmt: skip
    base = _operand(base)
    if _computed(start, stop):
        start, stop = _operand(start), _operand(stop)
    most = max(getattr(a, "ndim", 0) for a in (start, stop, base))
    if getattr(base, "ndim", 0):  # the numbers of each base lie along an axis of their own
        start, stop, base = (_of_axes(a, most) for a in (start, stop, base))
        base = registry["expand_dims"](base, axis)
    if _computed(start, stop):
        exponents = _between("logspace", start, stop, num, endpoint, axis, backend)
    else:
        if backend is not None:
            stays("logspace", "base=", base, get_adapter(backend))
        first, last = (np.array(number(b, "logspace"), ndmin=most) for b in (start, stop))
        places = np.linspace(first, last, num, endpoint, axis=axis)
        exponents = tensor(places, constant=True, backend=base.backend, device=base.device)
    return _returned("logspace", registry["power"](base, exponents), dtype, constant, device)


@explained
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """Numbers from a start to a stop, each a constant multiple of the one before.

    Parameters
    ----------
    start, stop : ArrayLike
        The first and the last; gradients flow back to tensors, which have to be positive.
    num, endpoint, dtype, axis, constant, device, backend
        As for `linspace`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.geomspace(1, 100, 3)
    Tensor([  1.,  10., 100.])
    """
    if not _computed(start, stop):
        return _spaced(
            "geomspace", (start, stop), dtype, constant, device, backend,
            num=num, endpoint=endpoint, axis=axis,
        )  # fmt: skip
    start, stop = _log(start), _log(stop)
    out = registry["exp"](_between("geomspace", start, stop, num, endpoint, axis, backend))
    return _returned("geomspace", out, dtype, constant, device)
