"""The Cholesky factor of a covariance, through which samples depend on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.linalg.factorizations import cholesky as factor_of
from mygrad.tensors.base import Tensor, tensor
from mygrad.tensors.leaving import asarray

__all__ = ["cholesky"]


def cholesky(cov: Any, adapter: Adapter, device: Any) -> Tensor:
    """The lower triangular factor L of a covariance, ``L @ L.T``, as a tensor.

    That of a constant is computed on the host, where the covariance often is to begin with: it is
    small, and all backends can do that. Of a variable it is what `mygrad.linalg.cholesky` finds.

    Parameters
    ----------
    cov : ArrayLike
        Shape (N, N), positive definite.
    adapter, device
        Where the factor of a constant is to be.

    Returns
    -------
    Tensor
        Shape (N, N).

    Raises
    ------
    ValueError
        `cov` is no square matrix, or (where that is seen without waiting for a device) not
        positive definite.
    """
    shape = tuple(getattr(cov, "shape", None) or np.shape(cov))
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(
            f"multivariate_normal: cov= has to be a matrix of shape (N, N), and its shape is "
            f"{shape}"
        )
    if isinstance(cov, Handle) and not cov._constant:
        # It counts by its symmetric part, and so does its gradient.
        symmetric = (cov + registry["swapaxes"](cov, 0, 1)) / 2
        try:
            return factor_of(symmetric)
        except np.linalg.LinAlgError:
            raise _not_definite() from None
    array: Any = asarray(cov) if isinstance(cov, Handle) else cov
    theirs = adapter_of(array)
    on_host = np.asarray(array if theirs is None else theirs.to_host(array))
    try:
        factor = np.linalg.cholesky((on_host + on_host.T) / 2)
    except np.linalg.LinAlgError:
        raise _not_definite() from None
    return tensor(factor, constant=True, device=device, backend=adapter.name)


def _not_definite() -> ValueError:
    return ValueError(
        "multivariate_normal: cov= has to be positive definite, and is not; a small multiple of "
        "the identity that is added to it makes up for rounding"
    )
