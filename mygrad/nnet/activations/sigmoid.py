"""An import path of MyGrad 2; see `mygrad.nnet.activations.functions`."""

from mygrad.nnet.activations.functions import sigmoid

__all__ = ["sigmoid"]
