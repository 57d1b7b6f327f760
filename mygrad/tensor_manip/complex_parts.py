"""The angle of complex numbers, and real numbers out of complex ones that are nearly real."""

from __future__ import annotations

from math import pi
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.math.trigonometric import arctan2
from mygrad.tensor_manip.copying import imag, real
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["angle", "real_if_close"]


def angle(z: Any, deg: bool = False, *, constant: bool | None = None) -> Tensor:
    """The angle of complex numbers in their plane.

    Parameters
    ----------
    z : ArrayLike
        The tensor. Real numbers have the angle 0 or pi, which has no derivative: the result is a
        constant.
    deg : bool
        Whether to return degrees.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Between -pi and pi; at 0, where no derivative exists, that of `arctan2`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.angle(mg.tensor([1.0 + 1.0j]), deg=True)
    Tensor([45.])
    """
    t = as_operand_tensor(z)
    adapter = adapter_of(t._data)
    assert adapter is not None
    if adapter.xp.isdtype(t.dtype, "complex floating"):
        result = arctan2(imag(t), real(t), constant=constant)
    else:
        zero = adapter.xp.zeros_like(t._data)
        result = arctan2(zero, t, constant=True)
    return result * (180 / pi) if deg else result


def real_if_close(a: Any, tol: float = 100, *, constant: bool | None = None) -> Tensor:
    """The real parts, if all imaginary parts are close to 0.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    tol : float
        How close: in multiples of the machine epsilon of the dtype if it is greater than 1, and
        else the largest imaginary part that counts as 0.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Looks at the memory of `a`, if it is real or not close.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.real_if_close(mg.tensor([1.0 + 1e-20j]))
    Tensor([1.])
    """
    t = as_operand_tensor(a)
    adapter = adapter_of(t._data)
    assert adapter is not None
    xp = adapter.xp
    if not xp.isdtype(t.dtype, "complex floating"):
        return t[...]
    bound = tol * float(xp.finfo(t.dtype).eps) if tol > 1 else tol
    far = adapter.following(lambda z: xp.any(xp.abs(xp.imag(z)) >= bound))(t._data)
    return t[...] if bool(far) else real(t, constant=constant)
