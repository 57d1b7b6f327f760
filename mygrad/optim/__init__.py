"""Optimisers: what changes parameters by their gradients."""

from mygrad.optim.adagrad import Adagrad
from mygrad.optim.adam import Adam, AdamW
from mygrad.optim.clipping import clip_by_norm, clip_by_value
from mygrad.optim.lbfgs import LBFGS
from mygrad.optim.optimizer import Optimizer
from mygrad.optim.rmsprop import RMSprop
from mygrad.optim.schedules import (
    Cosine,
    Exponential,
    Linear,
    OneCycle,
    Schedule,
    StepDecay,
    WarmUp,
)
from mygrad.optim.sgd import SGD

__all__ = [
    "LBFGS", "SGD", "Adagrad", "Adam", "AdamW", "Cosine", "Exponential", "Linear", "OneCycle",
    "Optimizer", "RMSprop", "Schedule", "StepDecay", "WarmUp", "clip_by_norm", "clip_by_value",
]  # fmt: skip
