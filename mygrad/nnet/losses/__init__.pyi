"""mygrad.nnet.losses, to type checkers. Written by ci/write_stubs.py from the declarations."""

from mygrad.nnet.losses.crossentropy import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from mygrad.nnet.losses.crossentropy import cross_entropy as cross_entropy
from mygrad.nnet.losses.ctc import ctc_loss as ctc_loss
from mygrad.nnet.losses.distances import huber_loss as huber_loss
from mygrad.nnet.losses.distances import kl_div as kl_div
from mygrad.nnet.losses.distances import mse_loss as mse_loss
from mygrad.nnet.losses.functions import focal_loss as focal_loss
from mygrad.nnet.losses.functions import margin_ranking_loss as margin_ranking_loss
from mygrad.nnet.losses.functions import multiclass_hinge as multiclass_hinge
from mygrad.nnet.losses.functions import negative_log_likelihood as negative_log_likelihood
from mygrad.nnet.losses.functions import softmax_focal_loss as softmax_focal_loss
from mygrad.tensors.base import Tensor
from mygrad.typing import ArrayLike
from typing import Any

__all__: list[str]
def softmax_crossentropy(
    x: ArrayLike, y_true: ArrayLike, *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
