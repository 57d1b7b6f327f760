"""An import path of MyGrad 2; see `mygrad.nnet.losses.functions`."""

from mygrad.nnet.losses.functions import negative_log_likelihood

__all__ = ["negative_log_likelihood"]
