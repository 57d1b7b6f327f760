"""Comparing tensors and arrays of any library."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mygrad.arrays import adapter_of
from mygrad.tensors.base import Tensor

__all__ = ["assert_allclose", "on_host"]


def on_host(value: Any) -> NDArray[Any]:
    """A copy in NumPy of a tensor, of an array of any library, or of (nested lists of) numbers."""
    if isinstance(value, Tensor):
        value = value._data
    if isinstance(value, (list, tuple)):
        return np.asarray([on_host(item) for item in value])
    adapter = adapter_of(value)
    return np.array(value) if adapter is None else np.array(adapter.to_host(value))


def assert_allclose(
    actual: Any,
    desired: Any,
    rtol: float = 1e-7,
    atol: float = 0.0,
    *,
    equal_nan: bool = True,
    check_dtype: bool = False,
    err_msg: str = "",
) -> None:
    """Raise unless two tensors or arrays agree in their values, and have one shape.

    Parameters
    ----------
    actual, desired
        Tensors, arrays of any library, numbers, or nested lists of them. They may be on different
        libraries and devices; they are compared on the host.
    rtol, atol
        How far values may be apart: ``atol + rtol * abs(desired)``.
    equal_nan
        Whether nan equals nan.
    check_dtype
        Whether the dtypes have to agree, too.
    err_msg
        What the error says first.

    Raises
    ------
    AssertionError
        They differ: in shape (nothing is broadcast, not even a number), dtype or values. It says
        where, as `numpy.testing.assert_allclose` does.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.testing import assert_allclose
    >>> x = mg.tensor([1.0, 2.0])
    >>> (x * x).backward()
    >>> assert_allclose(x.grad, [2.0, 4.0])
    """
    prefix = f"{err_msg}\n" if err_msg else ""
    for name, value in (("actual", actual), ("desired", desired)):
        if value is None:
            raise AssertionError(
                f"{prefix}assert_allclose: {name} is None. If it is a .grad: nothing that was "
                f"differentiated depends on that tensor, or it is constant"
            )
    got, want = on_host(actual), on_host(desired)
    if got.shape != want.shape:
        raise AssertionError(
            f"{prefix}assert_allclose: actual has shape {got.shape}, desired {want.shape}"
        )
    if check_dtype and got.dtype != want.dtype:
        raise AssertionError(
            f"{prefix}assert_allclose: actual is of dtype {got.dtype}, desired of {want.dtype}"
        )
    np.testing.assert_allclose(got, want, rtol, atol, equal_nan, err_msg)
