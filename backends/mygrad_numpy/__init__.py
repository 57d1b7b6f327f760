"""The adapter that lends NumPy's arrays to mygrad."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as xp
import numpy as np

from mygrad.arrays import Adapter, elsewhere
from mygrad_numpy.convolution import conv_filter_gradient, conv_input_gradient, conv_nd
from mygrad_numpy.fourier import conjugate_half, dft, hermitian_dft, real_dft
from mygrad_numpy.memory import can_be_locked, can_be_protected, owner
from mygrad_numpy.normalization import (
    channel_sums,
    channels_adjoint,
    normalize_channels,
    normalize_rows,
    row_sums,
    rows_adjoint,
)
from mygrad_numpy.pool import LARGE, fresh
from mygrad_numpy.pooling import max_pool, max_unpool
from mygrad_numpy.selection import where
from mygrad_numpy.sorting import partitioned_places, stable_sort
from mygrad_numpy.subclasses import plain, refuse_foreign_arrays, without_mask
from mygrad_numpy.updates import in_pieces

__all__ = ["adapter"]


class NumPyAdapter(Adapter):
    """NumPy arrays, in host memory."""

    name = "numpy"
    array_types = (np.ndarray,)
    scalar_types = (np.generic,)
    xp = xp
    can_lock = True
    elements_are_copies = True
    partial_kernels = frozenset((
        "channel_sums", "channels_adjoint", "conjugate_half", "normalize_channels",
        "normalize_rows", "real_dft", "row_sums", "rows_adjoint",
    ))  # fmt: skip

    def from_host(self, array: Any, device: Any = None) -> Any:
        return np.asarray(array)

    def to_host(self, array: Any) -> Any:
        return array.copy()

    def device(self, array: Any) -> str:
        return "cpu"

    def to_device(self, array: Any, device: Any) -> Any:
        if device != "cpu":
            advice = f". {elsewhere(device)}" if elsewhere(device) else ""
            raise ValueError(
                f"NumPy's arrays are on the device 'cpu' only, and not on {device!r}{advice}"
            )
        return array

    def address(self, array: Any) -> int:
        return array.ctypes.data

    def strides(self, array: Any) -> tuple[int, ...]:
        return array.strides

    def window(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        if array.flags.c_contiguous:
            return np.ndarray(shape, array.dtype, array, offset, strides)
        if array.base is None:  # dense, with its axes in another order
            order = sorted(range(array.ndim), key=lambda k: -array.strides[k])
            return np.ndarray(shape, array.dtype, array.transpose(order), offset, strides)
        storage = array.base  # `allocate` made it
        return np.ndarray(
            shape, array.dtype, storage, offset + _reach_below(array.shape, array.strides), strides
        )

    def allocate(self, shape: Any, strides: Any, dtype: Any, device: Any) -> Any:
        below = _reach_below(shape, strides)
        above = sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if s > 0)
        size = 0 if 0 in shape else below + above + dtype.itemsize
        return np.ndarray(shape, dtype, np.zeros(size, np.uint8), below, strides)

    def owner(self, array: Any) -> Any:
        return owner(array)

    def is_view(self, result: Any, source: Any) -> bool:
        base = result.base
        if base is None or result is source:
            return result is source
        return base is source or base is source.base or owner(result) is owner(source)

    def overlaps(self, a: Any, b: Any) -> bool:
        try:
            return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]
        except np.exceptions.TooHardError:
            return True

    def plain(self, array: Any) -> Any:
        if array.base is None and type(array) is np.ndarray:
            return array
        array = plain(array)
        return array if can_be_protected(array) else array.copy()

    def set_writeable(self, array: Any, flag: bool) -> None:
        try:
            array.setflags(flag)  # by position: half the time
        except ValueError:  # a view of memory that was made read-only later
            owner = self.owner(array)
            owner.setflags(True)
            array.setflags(flag)
            owner.setflags(False)

    def is_writeable(self, array: Any) -> bool:
        return array.flags.writeable and can_be_locked(array)

    def masks_ufunc(self, function: Any) -> bool:
        return isinstance(function, np.ufunc)

    def can_cast(self, source: Any, target: Any) -> bool:
        return np.can_cast(source, target, "same_kind")

    def scatter_add(self, target: Any, index: Any, values: Any) -> Any:
        np.add.at(target, index, values)
        return target

    def asarray(self, value: Any, dtype: Any = None, device: Any = None) -> Any:
        if type(value) is list or type(value) is tuple:
            refuse_foreign_arrays(value)
        return np.asarray(without_mask(value), dtype=dtype)

    def copy(self, array: Any) -> Any:
        if type(array) is not np.ndarray:
            return np.array(array)
        if array.nbytes >= LARGE and array.flags.c_contiguous:
            copied = fresh(array.shape, array.dtype)
            np.copyto(copied, array)
            return copied
        return array.copy("K")

    def rng(self, seed: Any = None) -> Any:
        return np.random.default_rng(seed)


def _reach_below(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """How many bytes an array reaches below its first element."""
    if 0 in shape:
        return 0
    return -sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if s < 0)


def _broadcast_to(x: Any, shape: Any) -> Any:
    if x.ndim or type(shape) is not tuple or shape == (-1,):  # which np.ndarray would take
        return np.broadcast_to(x, shape)
    view = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))  # 4 times as fast
    view.setflags(write=False)
    return view


def _sum(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    return np.add.reduce(x, axis, dtype, None, keepdims)  # type: ignore[call-overload]


def _copy(a: Any, order: Any = "K") -> Any:
    return adapter.copy(a) if order == "K" else np.array(a, order=order)


def _take(a: Any, indices: Any, axis: Any = None, mode: Any = "raise") -> Any:
    return np.take(a, indices, axis, mode=mode)  # which counts from the end, and checks, itself


def _take_diagonals(x: Any, subscripts: str, target: str) -> Any:
    return np.einsum(f"{subscripts}->{target}", x)  # unlike np.diagonal, a view to write to


def _ones_like(x: Any) -> Any:
    return np.ones_like(x) if x.ndim else np.array(1, x.dtype)  # the seed of most sweeps


def _sliding_windows(x: Any, window_shape: Any, step: Any, dilation: Any = None) -> Any:
    n = len(window_shape)
    gaps = dilation if isinstance(dilation, (tuple, list)) else (dilation or 1,) * n
    steps = step if isinstance(step, (tuple, list)) else (step,) * n
    reach = [(w - 1) * d + 1 for w, d in zip(window_shape, gaps, strict=True)]
    axes = tuple(range(x.ndim - n, x.ndim))
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, axes)
    at = (slice(None),) * (x.ndim - n)
    every = [slice(None, None, s) for s in (*steps, *gaps)]
    windows = windows[(*at, *every)]
    return np.moveaxis(windows, axes, range(n))


adapter = NumPyAdapter()
adapter.kernels.update(
    broadcast_to=_broadcast_to,
    channel_sums=channel_sums,
    channels_adjoint=channels_adjoint,
    normalize_channels=normalize_channels,
    normalize_rows=normalize_rows,
    row_sums=row_sums,
    rows_adjoint=rows_adjoint,
    conjugate_half=conjugate_half,
    conv_filter_gradient=conv_filter_gradient,
    conv_input_gradient=conv_input_gradient,
    conv_nd=conv_nd,
    copy=_copy,
    dft=dft,
    hermitian_dft=hermitian_dft,
    in_pieces=in_pieces,
    max_pool=max_pool,
    max_unpool=max_unpool,
    ones_like=_ones_like,
    partitioned_places=partitioned_places,
    real_dft=real_dft,
    sliding_windows=_sliding_windows,
    stable_sort=stable_sort,
    sum=_sum,
    take=_take,
    take_diagonals=_take_diagonals,
    where=where,
)
