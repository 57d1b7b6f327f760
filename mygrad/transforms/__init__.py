"""Transforms of functions: derivatives of any order, of functions of nested arrays.

Signatures are those of JAX. Functions are written for NumPy; they are called with tensors.
"""

from mygrad.transforms.accumulation import GradientSum
from mygrad.transforms.batching.array import BatchDependence
from mygrad.transforms.batching.calls import BatchLooped
from mygrad.transforms.batching.vmap import vmap
from mygrad.transforms.checkpoints import checkpoint
from mygrad.transforms.custom import custom_vjp
from mygrad.transforms.derivatives import (
    elementwise_grad,
    grad,
    hvp,
    jvp,
    linearize,
    stop_gradient,
    value_and_grad,
    vjp,
)
from mygrad.transforms.jacobians import hessian, jacobian

__all__ = [
    "BatchDependence",
    "BatchLooped",
    "GradientSum",
    "checkpoint",
    "custom_vjp",
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]
