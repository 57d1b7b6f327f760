"""mygrad.nnet.losses, to type checkers. Written by ci/write_stubs.py from the declarations."""

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
