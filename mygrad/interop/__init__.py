"""Other libraries' functions on tensors: NumPy's, CuPy's, and those of the array API standard."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from mygrad.interop import array_api, cupy, einops, numpy_functions, numpy_ufuncs

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
    numpy_ufuncs.use_names(public)
    numpy_functions.use_names(public)
    array_api.use_names(public)
    cls.__array_ufunc__ = numpy_ufuncs.array_ufunc
    cls.__array_function__ = numpy_functions.array_function
    cls.__cupy_override_elementwise_kernel__ = cupy.elementwise_kernel
    cls.__cupy_override_reduction_kernel__ = cupy.reduction_kernel
    cls.__cupy_get_ndarray__ = property(cupy.get_ndarray)
    cls._scatter_op = cupy.scatter_op
    cls.flags = property(cupy.flags, doc=cupy.flags.__doc__)
    cls.__array_namespace__ = array_api.array_namespace
    einops.install()
