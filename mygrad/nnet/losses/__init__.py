"""Loss functions."""

from mygrad.nnet.losses.crossentropy import binary_cross_entropy_with_logits, cross_entropy
from mygrad.nnet.losses.ctc import ctc_loss
from mygrad.nnet.losses.distances import huber_loss, kl_div, mse_loss
from mygrad.nnet.losses.functions import (
    focal_loss,
    margin_ranking_loss,
    multiclass_hinge,
    negative_log_likelihood,
    softmax_crossentropy,
    softmax_focal_loss,
)

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "ctc_loss",
    "focal_loss",
    "huber_loss",
    "kl_div",
    "margin_ranking_loss",
    "mse_loss",
    "multiclass_hinge",
    "negative_log_likelihood",
    "softmax_crossentropy",
    "softmax_focal_loss",
]
