"""Saving tensors to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import Handle, buffer_of
from mygrad.tensors.base import Tensor

__all__ = ["load", "save"]


def save(file: str | Path | BinaryIO, tensor: Tensor) -> None:
    """Save a tensor and its gradient to a file, in NumPy's ``.npz`` format.

    Parameters
    ----------
    file
        The name of the file (``.npz`` is added if it is not there), or an open binary file.
    tensor
        The tensor, on any backend.

    Examples
    --------
    >>> import io, mygrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> (x * x).backward()
    >>> file = io.BytesIO()
    >>> mg.save(file, x)
    >>> _ = file.seek(0)
    >>> mg.load(file).grad
    array([2., 4.])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"mygrad.save requires a Tensor-type object, got type {type(tensor)}; "
            f"mg.astensor makes one"
        )
    adapter = adapter_of(tensor._data)
    assert adapter is not None
    arrays: dict[str, Any] = {"data": adapter.to_host(tensor._data)}
    grad = tensor.grad
    if grad is not None:
        arrays["grad"] = adapter.to_host(grad._data if isinstance(grad, Handle) else grad)
    np.savez(file, **arrays)


def load(file: str | Path | BinaryIO) -> Tensor:
    """Load a tensor, and its gradient if it had one, from a file that `save` wrote.

    Parameters
    ----------
    file
        The name of the file, or an open binary file.

    Returns
    -------
    Tensor
        On the backend that is selected.

    Examples
    --------
    >>> import io, mygrad as mg
    >>> file = io.BytesIO()
    >>> mg.save(file, mg.tensor([1.0, 2.0]))
    >>> _ = file.seek(0)
    >>> mg.load(file)
    Tensor([1., 2.])
    """
    with np.load(file) as arrays:
        loaded = Tensor(arrays["data"])
        if "grad" in arrays:
            buffer_of(loaded).grad = Tensor(arrays["grad"])._data
    return loaded
