"""An import path of MyGrad 2; see `mygrad.nnet.losses.functions`."""

from mygrad.nnet.losses.functions import margin_ranking_loss

__all__ = ["margin_ranking_loss"]
