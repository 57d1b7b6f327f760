"""The adapter that lends CuPy's arrays to mygrad: CUDA GPUs.

Importing it where CuPy or a CUDA device is missing raises `ImportError` with the reason, so
that `mygrad.available_backends` can tell it and nobody selects a backend that cannot run.
"""

from __future__ import annotations

try:
    import cupy
except ImportError as error:
    if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
        raise ImportError("CuPy is not installed", name=error.name) from error
    cause = error.__cause__ or error  # CuPy wraps it in a page of advice
    raise ImportError(f"CuPy is installed but does not load ({cause})") from error

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
    softmax,
    updates,
    windows,
)
from mygrad_cupy.adapter import CuPyAdapter
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

adapter = CuPyAdapter()
# Kernels that answer every call, and such as leave some calls to the portable functions.
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
    sliding_windows=windows.sliding_windows,
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
