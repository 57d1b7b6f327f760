"""CuPy's functions on tensors, and tensors on CuPy where CuPy asks for an array.

CuPy hands its ufuncs over, ``cp.multiply(a, t)`` and ``a *= t`` with a raw array `a`, and calls
methods, as in ``cp.sum(t)``: these keep the gradient. Where it asks for an array, as in
``a[:] = t``, it is given that of the tensor, and the user is told that the gradient ends there.
Functions that take nothing but CuPy's own arrays say so themselves.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.guard import expose
from mygrad.interop.arguments import into, without_derivative
from mygrad.interop.numpy_ufuncs import array_ufunc, counterpart, origin
from mygrad.math.reduction import Reduction
from mygrad.tensors.dialect import ASSIGNMENT, instruction

__all__ = ["elementwise_kernel", "flags", "get_ndarray", "reduction_kernel", "scatter_op"]

CUPY = ("cupy.", "cupyx.")
"""What the names of CuPy's modules begin with, those whose functions users call."""

TARGETS = ("dst", "out")
"""What CuPy's functions call arrays that they write into."""

MAKES_ARRAYS = "cupy._creation.from_data"
"""The module of ``cp.asarray``, ``cp.array``, ..., which copy data from the host."""


def elementwise_kernel(self: Any, kernel: Any, *args: Any, **kwargs: Any) -> Any:
    """The protocol by which CuPy hands over calls of its ufuncs: NumPy's, but for ``out=``."""
    if kernel.name == "cupy_copy":
        raise _not_copied()
    if kernel.name == "cupy_fill":  # with which CuPy 13 assigns what has one element
        return kernel(_array(args[0], False), *args[1:])
    count = getattr(kernel, "nin", len(args))
    out = kwargs.pop("out", None)
    if len(args) > count and out is None:
        args, out = args[:count], args[count:]
    given = {name: value for name, value in kwargs.items() if value is not None}
    if out is not None:
        given["out"] = out if isinstance(out, tuple) else (out,)
    return array_ufunc(self, kernel, "__call__", *args, **given)


def reduction_kernel(
    self: Any, kernel: Any, axis: Any, dtype: Any, out: Any, keepdims: bool
) -> Any:
    """The protocol by which CuPy hands over what it does not look for among the methods."""
    name = origin(kernel)
    function = counterpart(name)
    if isinstance(function, Reduction):
        options = {} if dtype is None else {"dtype": dtype}
        return function(self, axis=axis, out=out, keepdims=keepdims, **options)
    if not self._constant:
        raise without_derivative(name)
    return into(out, kernel(self._data, axis, dtype, None, keepdims), name)


def get_ndarray(self: Any) -> Any:
    """The attribute by which CuPy asks for an array: a function that gives it, and says so.

    CuPy looks for it, too, to decide whether it or the tensor does the work of one of NumPy's
    functions, ``np.matmul(a, t)`` with a raw array `a`. So that this stays with the tensor, the
    attribute is there only where CuPy is going to ask, and only to read: in its functions that are
    written in Python, and where its arrays are indexed, ``a[index] = t`` and ``a[t]``.
    """
    frame = sys._getframe(1)
    module = frame.f_globals.get("__name__", "")
    if module.startswith(CUPY):
        if any(frame.f_locals.get(name) is self for name in TARGETS):
            raise TypeError(
                f"cupy.{frame.f_code.co_name} does not write into tensors; t[index] = value does"
            )
        return partial(_array, self, module == MAKES_ARRAYS)
    adapter = adapter_of(self._data)
    assert adapter is not None
    doing = instruction(frame)
    if doing in ASSIGNMENT or (doing == "BINARY_SUBSCR" and adapter.name == "cupy"):
        return partial(_array, self, False)
    raise AttributeError("__cupy_get_ndarray__")


def flags(self: Any) -> Any:
    """The flags of the array."""
    frame = sys._getframe(1)
    if frame.f_code.co_name == "_can_memcpy" and frame.f_globals["__name__"].startswith(CUPY):
        raise _not_copied()  # before it looks for an address in `t.data`
    return self.data.flags


def _not_copied() -> TypeError:
    return TypeError(
        "cupy.copyto, and what calls it, takes no tensors: write array[...] = t, or t[...] = array"
    )


def _array(t: Any, is_data: bool) -> Any:
    """The array of a tensor, without its gradient; a copy if it comes from the host."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    if adapter.name != "cupy" and not is_data:
        raise TypeError(
            f"a function of CuPy was given a tensor on {adapter.name}. Nothing is moved behind "
            f'your back: move it with t.to("cupy"), through which gradients flow back'
        )
    t._warn_detached("CuPy")
    if adapter.name == "cupy":
        return expose(t)
    return sys.modules["cupy"].array(adapter.to_host(t._data))


def scatter_op(self: Any, index: Any, values: Any, op: str) -> None:
    """What ``cp.add.at(t, index, values)`` calls."""
    if op != "add":
        raise without_derivative(f"cupy.{op}imum.at")
    self.scatter_add(index, values)
