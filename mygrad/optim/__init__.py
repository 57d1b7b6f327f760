"""Optimisers: what changes parameters by their gradients."""

from mygrad.optim.adagrad import Adagrad
from mygrad.optim.adam import Adam, AdamW
from mygrad.optim.optimizer import Optimizer
from mygrad.optim.rmsprop import RMSprop
from mygrad.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]
