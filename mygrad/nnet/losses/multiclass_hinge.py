"""An import path of MyGrad 2; see `mygrad.nnet.losses.functions`."""

from mygrad.nnet.losses.functions import multiclass_hinge

__all__ = ["multiclass_hinge"]
