"""CuPy's functions on tensors: ``cp.multiply(a, t)``, and ``a *= t`` with a raw CuPy array `a`."""

from __future__ import annotations

from typing import Any

from mygrad.interop.numpy_ufuncs import array_ufunc

__all__ = ["elementwise_kernel"]


def elementwise_kernel(self: Any, kernel: Any, *args: Any, **kwargs: Any) -> Any:
    """The protocol by which CuPy hands over calls of its ufuncs: NumPy's, but for ``out=``."""
    count = getattr(kernel, "nin", len(args))
    out = kwargs.pop("out", None)
    if len(args) > count and out is None:
        args, out = args[:count], args[count:]
    given = {name: value for name, value in kwargs.items() if value is not None}
    if out is not None:
        given["out"] = out if isinstance(out, tuple) else (out,)
    return array_ufunc(self, kernel, "__call__", *args, **given)
