"""The adapter that lends CuPy's arrays to mygrad: CUDA GPUs.

Importing it where CuPy or a CUDA device is missing raises `ImportError` with the reason, so
that `mygrad.available_backends` can tell it and nobody selects a backend that cannot run.
"""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

try:
    import cupy
except ImportError as error:
    if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
        raise ImportError("CuPy is not installed", name=error.name) from error
    cause = error.__cause__ or error  # CuPy wraps it in a page of advice
    raise ImportError(f"CuPy is installed but does not load ({cause})") from error

import array_api_compat.cupy as xp
import numpy as np

from mygrad.arrays import Adapter
from mygrad_cupy import (
    activations,
    convolution,
    gather,
    joining,
    losses,
    masks,
    moments,
    normalization,
    padding,
    pooling,
    recurrent,
    reduction,
    scatter,
    softmax,
    updates,
)
from mygrad_cupy.determinism import deterministic, is_deterministic, set_deterministic
from mygrad_cupy.gemm import allow_tf32

__all__ = [
    "adapter", "allow_tf32", "deterministic", "is_deterministic", "set_deterministic",
]  # fmt: skip


def _ask_for_a_device() -> None:
    """Raise, with the reason, if there is no GPU to put arrays on."""
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise ImportError(
            f"CuPy {cupy.__version__} is installed, but finds no CUDA device ({error}); it needs "
            f"an NVIDIA GPU and a driver that is recent enough"
        ) from error
    if not count:
        raise ImportError(f"CuPy {cupy.__version__} is installed, but no CUDA device is visible")


_ask_for_a_device()


class CuPyAdapter(Adapter):
    """Arrays of CuPy, in the memory of a CUDA device.

    CuPy can neither lock arrays nor, without waiting for the device, tell that an index array
    points beyond an axis (it wraps around). Sums over repeated positions are atomic additions:
    their last bits may differ from run to run, unless `deterministic` says otherwise.
    """

    name = "cupy"
    array_types = (cupy.ndarray,)
    xp = xp

    def from_host(self, array: Any, device: Any = None) -> Any:
        with _on(device):
            return cupy.array(np.asarray(array), copy=True)

    def to_host(self, array: Any) -> Any:
        return array.get()

    def device(self, array: Any) -> int:
        return array.device.id

    def parse_device(self, device: Any) -> int | None:
        return _device_number(device)

    def to_device(self, array: Any, device: Any) -> Any:
        with _on(device):
            return cupy.array(array, copy=True)

    def synchronize(self) -> None:
        cupy.cuda.Device().synchronize()

    def address(self, array: Any) -> int:
        return array.data.ptr

    def strides(self, array: Any) -> tuple[int, ...]:
        return array.strides

    def window(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        return cupy.ndarray(shape, array.dtype, memptr=array.data + offset, strides=strides)

    def allocate(self, shape: Any, strides: Any, dtype: Any, device: Any) -> Any:
        dtype = np.dtype(dtype)
        reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True) if 0 not in shape]
        below = -sum(r for r in reach if r < 0)
        above = sum(r for r in reach if r > 0)
        with _on(device):
            storage = cupy.zeros(below + above + dtype.itemsize, dtype=np.uint8)
        return cupy.ndarray(shape, dtype, memptr=storage.data + below, strides=strides)

    def owner(self, array: Any) -> Any:
        return array.data.mem

    def is_view(self, result: Any, source: Any) -> bool:
        return result.data.mem is source.data.mem

    def overlaps(self, a: Any, b: Any) -> bool:
        if not a.size or not b.size:
            return False
        try:  # cupy.shares_memory would wait for the device
            return np.shares_memory(_outline(a), _outline(b), max_work=10_000)  # type: ignore[arg-type]
        except np.exceptions.TooHardError:
            return True

    def can_cast(self, source: Any, target: Any) -> bool:
        return np.can_cast(source, target, "same_kind")

    def assign(self, target: Any, index: Any, value: Any) -> None:
        if not masks.write_number(target, index, value):
            scatter.assign(target, index, value)

    def last_occurrences(self, index: Any, shape: tuple[int, ...]) -> Any:
        return scatter.last_occurrences(index, shape)

    def scatter_add(self, target: Any, index: Any, values: Any) -> None:
        scatter.scatter_add(target, index, values)

    def rng(self, seed: Any = None) -> Any:
        return cupy.random.default_rng(seed)


def _on(device: Any) -> Any:
    """A context in which arrays are made on `device`; on the current one if it is None."""
    number = _device_number(device)
    return nullcontext() if number is None else cupy.cuda.Device(number)


def _device_number(device: Any) -> int | None:
    """The number of a device, from what users call it: 1, "cuda:1", cupy.cuda.Device(1)."""
    if device is None:
        return None
    if isinstance(device, cupy.cuda.Device):
        return int(device.id)
    name = device if isinstance(device, str) else f"cuda:{device}"
    kind, colon, number = name.partition(":")
    count = cupy.cuda.runtime.getDeviceCount()
    if kind in ("cuda", "gpu") and not colon:
        return int(cupy.cuda.Device().id)
    if kind in ("cuda", "gpu") and number.isdecimal() and int(number) < count:
        return int(number)
    raise ValueError(
        f"there is no CUDA device {device!r}: CuPy's devices are numbers (0 is the first GPU), "
        f"'cuda:0' or cupy.cuda.Device objects, and there are {count} here; to copy a tensor to "
        f"the host use .to('numpy')"
    )


def _outline(array: Any) -> Any:
    """A NumPy array with the addresses of `array`; they are the device's, so none can be read."""
    lies = {
        "version": 3,
        "data": (array.data.ptr, True),
        "typestr": f"|V{array.itemsize}",
        "shape": array.shape,
        "strides": array.strides,
    }
    return np.asarray(SimpleNamespace(__array_interface__=lies))


def _sliding_windows(x: Any, window_shape: Any, step: Any, dilation: Any = None) -> Any:
    n = len(window_shape)
    gaps = dilation if isinstance(dilation, (tuple, list)) else (dilation or 1,) * n
    steps = step if isinstance(step, (tuple, list)) else (step,) * n
    lead, tail = x.shape[: x.ndim - n], x.strides[x.ndim - n :]
    counts = tuple(
        (m - (w - 1) * d - 1) // s + 1
        for m, w, s, d in zip(x.shape[x.ndim - n :], window_shape, steps, gaps, strict=True)
    )
    return cupy.lib.stride_tricks.as_strided(
        x,
        (*counts, *lead, *window_shape),
        (
            *(t * s for t, s in zip(tail, steps, strict=True)),
            *x.strides[: x.ndim - n],
            *(t * d for t, d in zip(tail, gaps, strict=True)),
        ),
    )


adapter = CuPyAdapter()
adapter.kernels.update(
    adagrad_update=updates.adagrad_update,
    adam_update=updates.adam_update,
    concat=joining.concat,
    gathered=masks.gathered,
    label_mask=losses.label_mask,
    mean=reduction.mean_of_elements,
    put_at_labels=losses.put_at_labels,
    repeated_places=masks.repeated_places,
    rmsprop_update=updates.rmsprop_update,
    roll=padding.roll,
    sgd_update=updates.sgd_update,
    sign=masks.sign,
    sliding_windows=_sliding_windows,
    stack=joining.stack,
    std=moments.std,
    sum=reduction.sum_elements,
    var=moments.var,
)
_always_answer = frozenset(adapter.kernels)
adapter.kernels.update(
    at_labels=losses.at_labels,
    channel_sums=normalization.channel_sums,
    channels_adjoint=normalization.channels_adjoint,
    conv_filter_gradient=convolution.conv_filter_gradient,
    conv_input_gradient=convolution.conv_input_gradient,
    conv_nd=convolution.conv_nd,
    crossentropy_adjoint=losses.crossentropy_adjoint,
    elu=activations.elu,
    elu_adjoint=activations.elu_adjoint,
    focus=losses.focus,
    focus_adjoint=losses.focus_adjoint,
    gru_steps=recurrent.gru_steps,
    gru_steps_adjoint=recurrent.gru_steps_adjoint,
    hard_tanh=activations.hard_tanh,
    hard_tanh_adjoint=activations.hard_tanh_adjoint,
    label_crossentropy=losses.label_crossentropy,
    label_hinge=losses.label_hinge,
    label_hinge_adjoint=losses.label_hinge_adjoint,
    leaky_relu=activations.leaky_relu,
    leaky_relu_adjoint=activations.leaky_relu_adjoint,
    logsoftmax=softmax.logsoftmax,
    logsoftmax_adjoint=softmax.logsoftmax_adjoint,
    max_picked=pooling.max_picked,
    max_pool=pooling.max_pool,
    max_unpool=pooling.max_unpool,
    normalize_channels=normalization.normalize_channels,
    normalize_rows=normalization.normalize_rows,
    pad_from_within=padding.pad_from_within,
    relu_adjoint=activations.relu_adjoint,
    row_sums=normalization.row_sums,
    rows_adjoint=normalization.rows_adjoint,
    selu=activations.selu,
    sigmoid=activations.sigmoid,
    sigmoid_adjoint=activations.sigmoid_adjoint,
    soft_sign=activations.soft_sign,
    soft_sign_adjoint=activations.soft_sign_adjoint,
    softmax=softmax.softmax,
    softmax_adjoint=softmax.softmax_adjoint,
    take=gather.take,
    take_along_axis=gather.take_along_axis,
    tanh_adjoint=activations.tanh_adjoint,
    unpad_from_within=padding.unpad_from_within,
    untake_along_axis=gather.untake_along_axis,
)
adapter.partial_kernels = frozenset(adapter.kernels) - _always_answer
