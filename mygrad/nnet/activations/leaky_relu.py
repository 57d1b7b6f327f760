"""An import path of MyGrad 2; see `mygrad.nnet.activations.functions`."""

from mygrad.nnet.activations.functions import leaky_relu

__all__ = ["leaky_relu"]
