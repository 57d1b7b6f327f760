"""Activation functions."""

from mygrad.nnet.activations.functions import (
    elu,
    glu,
    hard_tanh,
    leaky_relu,
    logsoftmax,
    relu,
    selu,
    sigmoid,
    soft_sign,
    softmax,
    tanh,
)
from mygrad.nnet.activations.smooth import gelu, mish, silu, softplus

__all__ = [
    "elu",
    "gelu",
    "glu",
    "hard_tanh",
    "leaky_relu",
    "logsoftmax",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softmax",
    "softplus",
    "tanh",
]
