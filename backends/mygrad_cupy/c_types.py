"""What dtypes are called in CUDA C++, and in which of them their elements are added up."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["C_TYPES", "FLOATS", "c_type", "wide"]

C_TYPES = {
    "f2": "__half", "f4": "float", "f8": "double", "b1": "bool",
    "i1": "signed char", "i2": "short", "i4": "int", "i8": "long long",
    "u1": "unsigned char", "u2": "unsigned short", "u4": "unsigned int",
    "u8": "unsigned long long",
}  # fmt: skip
"""By kind and size of a dtype."""

FLOATS = "efd"
"""The characters of the dtypes of real numbers that there are kernels for."""


def c_type(dtype: Any) -> str:
    """What CUDA C++ calls a dtype."""
    return C_TYPES[dtype.str[1:]]


def wide(dtype: Any) -> Any:
    """The dtype to compare and add up in: float32 for float16."""
    return np.dtype(np.float32 if dtype == np.float16 else dtype)
