"""An import path of MyGrad 2; see `mygrad.nnet.initializers.functions`."""

from mygrad.nnet.initializers.functions import normal

__all__ = ["normal"]
