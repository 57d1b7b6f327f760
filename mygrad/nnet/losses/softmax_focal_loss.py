"""An import path of MyGrad 2; see `mygrad.nnet.losses.functions`."""

from mygrad.nnet.losses.functions import softmax_focal_loss

__all__ = ["softmax_focal_loss"]
