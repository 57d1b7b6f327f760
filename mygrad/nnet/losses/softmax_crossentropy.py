"""An import path of MyGrad 2; see `mygrad.nnet.losses.functions`."""

from mygrad.nnet.losses.functions import softmax_crossentropy

__all__ = ["softmax_crossentropy"]
