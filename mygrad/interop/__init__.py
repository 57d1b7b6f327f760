"""Other libraries' functions on tensors: NumPy's, CuPy's, and those of the array API standard."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from mygrad.interop import array_api, numpy_protocol

__all__ = ["install"]


def install(cls: Any, public: ModuleType) -> None:
    """Give tensors the protocols by which other libraries hand calls over.

    Parameters
    ----------
    cls
        The class of tensors.
    public
        The module that has the public functions, under NumPy's names.
    """
    numpy_protocol.use_names(public)
    array_api.use_names(public)
    cls.__array_ufunc__ = numpy_protocol.array_ufunc
    cls.__array_function__ = numpy_protocol.array_function
    cls.__cupy_override_elementwise_kernel__ = numpy_protocol.cupy_kernel
    cls.__array_namespace__ = array_api.array_namespace
