"""NumPy's functions that write into their first argument: ``np.copyto(t, values)``, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.inplace import write
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand
from mygrad.interop.arguments import has_variable, on_data
from mygrad.interop.signatures import refused
from mygrad.tensor_manip.selecting import along, as_places, matched
from mygrad.tensors.base import as_operand_tensor

__all__ = ["IN_PLACE"]


def _writes(theirs: Any) -> Callable[[Any], Callable[..., Any]]:
    """The decorator of what does the work of `theirs` on a tensor, its first argument.

    Where that is a raw array NumPy writes: variables among the other arguments are lost.
    """
    name = f"numpy.{theirs.__name__}"

    def decorate(ours: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(target, Handle):
                return _adapter(target).following(ours, name)(target, *args, **kwargs)
            if has_variable((args, kwargs)):
                gradient_lost(f"{name} wrote a variable into a raw array")
            return theirs(target, *on_data(args), **on_data(kwargs))

        call.__name__ = theirs.__name__
        return call

    return decorate


@_writes(np.copyto)
def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    adapter = _adapter(dst)
    source = as_operand(src, adapter, "numpy.copyto", (dst,))
    if type(source) in adapter.array_types or type(source) in adapter.scalar_types:
        source = src if isinstance(src, Handle) else source
        src = registry["astype"](source, dst.dtype, casting=casting, copy=False)
    elif casting not in ("same_kind", "unsafe"):
        raise refused("numpy.copyto", "casting", "give an array of the tensor's dtype")
    mask = None
    if where is not True:
        mask = adapter.xp.asarray(as_operand(where, adapter, "numpy.copyto", (dst,)), copy=True)
    write(dst, None, src, mask=mask, name="numpy.copyto")


@_writes(np.putmask)
def _putmask(a: Any, /, mask: Any, values: Any) -> None:
    values = as_operand_tensor(values, (a,))
    if values.ndim and values.shape != a.shape:  # they are repeated, in order of the elements
        if not values.size:
            return
        places = _adapter(a).xp.arange(a.size) % values.size
        values = values.reshape(-1)[places].reshape(a.shape)
    IN_PLACE[np.copyto](a, values, where=_as_booleans(mask, a))


@_writes(np.place)
def _place(arr: Any, mask: Any, vals: Any) -> None:
    chosen = _as_booleans(mask, arr)
    xp = _adapter(arr).xp
    positions = xp.nonzero(xp.reshape(chosen, arr.shape))
    count = positions[0].shape[0] if positions else 0
    values = as_operand_tensor(vals, (arr,)).reshape(-1)
    if count and not values.size:
        raise ValueError("numpy.place: there are no values to put where the mask is true")
    if count:
        arr[positions] = values[xp.arange(count) % values.size]


@_writes(np.put)
def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    xp = _adapter(a).xp
    places = xp.astype(as_places(ind, a._data, namespace_of(_adapter(a))), xp.int64)
    places = xp.reshape(places, (-1,))
    if mode == "clip":
        places = xp.clip(places, 0, a.size - 1)
    elif mode == "wrap":
        places = places % a.size
    elif mode != "raise":
        raise ValueError(f"numpy.put: mode={mode!r} is not known; it is raise, wrap or clip")
    values = as_operand_tensor(v, (a,)).reshape(-1)
    if not places.shape[0] or not values.size:
        return
    a[_unraveled(places, a, "put")] = values[xp.arange(places.shape[0]) % values.size]


@_writes(np.put_along_axis)
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: Any = -1) -> None:
    adapter = _adapter(arr)
    xp = namespace_of(adapter)
    places = as_places(as_operand(indices, adapter, "put_along_axis", (arr,)), arr._data, xp)
    if axis is None:
        arr[_unraveled(adapter.xp.astype(places, adapter.xp.int64), arr, "put_along_axis")] = values
        return
    places, _ = matched(places, arr._data, axis, adapter.xp)
    arr[along(places, axis, xp)] = values


@_writes(np.fill_diagonal)
def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    if a.ndim < 2:
        raise ValueError("numpy.fill_diagonal: only a tensor of two axes or more has a diagonal")
    if a.ndim > 2 and len(set(a.shape)) > 1:
        raise ValueError("numpy.fill_diagonal: more than two axes have to be equally long")
    xp = _adapter(a).xp
    values = as_operand_tensor(val, (a,))
    if wrap and a.ndim == 2:  # below the end of the diagonal another one begins
        places = xp.arange(0, a.size, a.shape[1] + 1)
        index = _unraveled(places, a, "fill_diagonal")
    else:
        places = xp.arange(min(a.shape))
        index = (places,) * a.ndim
    if values.ndim:
        values = values.reshape(-1)[xp.arange(places.shape[0]) % values.size]
    a[index] = values


def _adapter(t: Any) -> Adapter:
    adapter = adapter_of(t._data)
    assert adapter is not None
    return adapter


def _as_booleans(mask: Any, t: Any) -> Any:
    adapter = _adapter(t)
    array = adapter.asarray(as_operand(mask, adapter, "mask", (t,)))
    return array if adapter.xp.isdtype(array.dtype, "bool") else array != 0


def _unraveled(places: Any, t: Any, name: str) -> tuple[Any, ...]:
    """Places in the flattened tensor as an index of the tensor."""
    xp = _adapter(t).xp
    if bool(xp.any((places < -t.size) | (places >= t.size))):
        raise IndexError(f"numpy.{name}: there are places outside of a tensor of {t.size} elements")
    places = xp.where(places < 0, places + t.size, places)
    index = []
    for n in reversed(t.shape):
        index.append(places % n)
        places = places // n
    return tuple(reversed(index))


IN_PLACE: dict[Any, Callable[..., Any]] = {
    np.copyto: _copyto,
    np.putmask: _putmask,
    np.place: _place,
    np.put: _put,
    np.put_along_axis: _put_along_axis,
    np.fill_diagonal: _fill_diagonal,
}
