"""Neural networks: activations, layers, losses and initializers."""

from mygrad.nnet import activations, initializers, layers, losses
from mygrad.nnet.activations import *
from mygrad.nnet.initializers import *
from mygrad.nnet.layers import *
from mygrad.nnet.losses import *

__all__ = [
    "activations",
    "initializers",
    "layers",
    "losses",
    *activations.__all__,
    *initializers.__all__,
    *layers.__all__,
    *losses.__all__,
]
