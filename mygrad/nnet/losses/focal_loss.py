"""An import path of MyGrad 2; see `mygrad.nnet.losses.functions`."""

from mygrad.nnet.losses.functions import focal_loss, softmax_focal_loss

__all__ = ["focal_loss", "softmax_focal_loss"]
