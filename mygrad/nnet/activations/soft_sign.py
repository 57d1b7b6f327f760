"""An import path of MyGrad 2; see `mygrad.nnet.activations.functions`."""

from mygrad.nnet.activations.functions import soft_sign

__all__ = ["soft_sign"]
