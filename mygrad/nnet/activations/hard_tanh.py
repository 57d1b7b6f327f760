"""An import path of MyGrad 2; see `mygrad.nnet.activations.functions`."""

from mygrad.nnet.activations.functions import hard_tanh

__all__ = ["hard_tanh"]
