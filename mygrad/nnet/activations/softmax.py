"""An import path of MyGrad 2; see `mygrad.nnet.activations.functions`."""

from mygrad.nnet.activations.functions import logsoftmax, softmax

__all__ = ["logsoftmax", "softmax"]
