"""Random programs of views and in-place writes, and what they must compute.

A program (`Program`) is a list of Python statements that use a small part of MyGrad's API.
It runs twice: with mygrad (`run`), and with a *model* of it (`Model`), which shares no code and
no idea with mygrad: a tensor of the model is an array of positions in a flat vector, and a
write makes a new vector. The derivatives of the model come from PyTorch (`torch_oracle`) or from
complex steps and central differences (`numpy_oracle`).

`random_program` writes programs, `difference` says where the two runs disagree, and `shrink` makes
a program that disagrees shorter. A program prints as the code that ran.
"""

from .generator import Features, random_program
from .model import Model, numpy_oracle, torch_oracle
from .program import Expected, Program
from .runner import BACKEND, difference, features, run, shrink, to_host

__all__ = [
    "BACKEND",
    "Expected",
    "Features",
    "Model",
    "Program",
    "difference",
    "features",
    "numpy_oracle",
    "random_program",
    "run",
    "shrink",
    "to_host",
    "torch_oracle",
]
