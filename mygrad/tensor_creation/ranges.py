"""Evenly spaced numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from mygrad.arrays import adapter_of, by_type
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.tensor_creation.filled import finished, made, place
from mygrad.tensors.base import Tensor, tensor
from mygrad.tensors.conversion import dtype_of
from mygrad.tensors.names_elsewhere import explained

__all__ = ["arange", "geomspace", "linspace", "logspace"]


def _number(value: Any, name: str) -> Any:
    """A bound as a plain number."""
    if isinstance(value, Handle):
        if not value._constant:
            gradient_lost(f"{name}() took a plain number out of a tensor")
        return value._data.item()
    adapter_of(value)  # which raises for an array that nobody has an adapter for
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

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.arange(3)
    Tensor([0, 1, 2])
    >>> mg.arange(1.0, 2.0, 0.5)
    Tensor([1. , 1.5])
    """
    adapter, device = place(backend, device)
    bounds = [_number(value, "arange") for value in (start, stop) if value is not None]
    if not bounds:
        raise TypeError("arange: needs a stop, or a start and a stop")
    named = {} if step is None else {"step": _number(step, "arange")}
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


def _varies(*bounds: Any) -> bool:
    tensors = [b for b in bounds if isinstance(b, Handle)]
    return any(not t._constant or by_type[type(t._data)].batches for t in tensors)


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
        The first and the last; gradients flow back to tensors.
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
    if not _varies(start, stop):
        return _spaced(
            "linspace", (start, stop), dtype, constant, device, backend,
            num=num, endpoint=endpoint, axis=axis,
        )  # fmt: skip
    t: Any = start if isinstance(start, Handle) else stop
    span = stop - start
    steps = np.linspace(0.0, 1.0, num, endpoint=endpoint).reshape((num,) + (1,) * span.ndim)
    where = {"device": t.device, "backend": t.backend}
    places = tensor(steps, dtype=span.dtype, constant=True, **where)
    out = registry["moveaxis"](start + span * places, 0, axis)
    return out if dtype is None else registry["astype"](out, dtype, constant=constant)


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
    if not _varies(start, stop, base):
        return _spaced(
            "logspace", (start, stop), dtype, constant, device, backend,
            num=num, endpoint=endpoint, base=_number(base, "logspace"), axis=axis,
        )  # fmt: skip
    exponents = linspace(start, stop, num, endpoint, axis=axis, device=device, backend=backend)
    out = registry["power"](base, exponents)
    return out if dtype is None else registry["astype"](out, dtype, constant=constant)


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
    if not _varies(start, stop):
        return _spaced(
            "geomspace", (start, stop), dtype, constant, device, backend,
            num=num, endpoint=endpoint, axis=axis,
        )  # fmt: skip
    first, last = (registry["log"](bound) for bound in (start, stop))
    out = registry["exp"](linspace(first, last, num, endpoint, axis=axis))
    return out if dtype is None else registry["astype"](out, dtype, constant=constant)
