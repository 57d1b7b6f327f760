"""Neural networks: activations, layers, losses and initializers."""

from mygrad.nnet import activations, initializers, layers, losses

__all__ = ["activations", "initializers", "layers", "losses"]
