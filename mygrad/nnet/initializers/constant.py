"""An import path of MyGrad 2; see `mygrad.nnet.initializers.functions`."""

from mygrad.nnet.initializers.functions import constant

__all__ = ["constant"]
