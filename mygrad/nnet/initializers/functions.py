"""Initial values of parameters."""

from __future__ import annotations

import math
from typing import Any

from mygrad import random, tensor_creation
from mygrad.autodiff.operands import floating
from mygrad.tensor_creation.filled import finished, made, place
from mygrad.tensors.base import Tensor, tensor
from mygrad.tensors.conversion import dtype_of

__all__ = [
    "constant", "dirac", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity",
    "normal", "uniform",
]  # fmt: skip


def _shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """Lengths given one by one, or as one tuple."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape


def _fans(shape: tuple[int, ...], name: str) -> tuple[int, int]:
    """How many inputs an output has, and how many outputs an input, in a layer of this shape."""
    if len(shape) < 2:
        raise ValueError(
            f"{name}: needs a shape of two axes or more, to count inputs and outputs, and was "
            f"given {shape}"
        )
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def normal(
    *shape: Any, mean: float = 0, std: float = 1, dtype: Any = "float32",
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Normally distributed values.

    Parameters
    ----------
    *shape
        The lengths of the axes.
    mean, std
        Mean and standard deviation.
    dtype, constant
        As for `mygrad.tensor`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> from mygrad.nnet.initializers import normal
    >>> normal(2, 3).dtype
    dtype('float32')
    """
    if std < 0:
        raise ValueError(f"normal: std cannot be negative, and is {std}")
    return _normal("normal", shape, mean, std, dtype, constant)


def uniform(
    *shape: Any, lower_bound: float = 0, upper_bound: float = 1, dtype: Any = "float32",
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """Uniformly distributed values.

    Parameters
    ----------
    *shape
        The lengths of the axes.
    lower_bound, upper_bound
        The interval.
    dtype, constant
        As for `mygrad.tensor`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> from mygrad.nnet.initializers import uniform
    >>> uniform(2, 3).shape
    (2, 3)
    """
    if lower_bound >= upper_bound:
        raise ValueError(
            f"uniform: lower_bound has to be less than upper_bound, and they are {lower_bound} "
            f"and {upper_bound}"
        )
    return _uniform("uniform", shape, lower_bound, upper_bound, dtype, constant)


def _normal(
    name: str, shape: tuple[Any, ...], mean: float, std: float, dtype: Any, constant: bool | None
) -> Tensor:
    _check_dtype(name, dtype)
    values: Any = random.standard_normal(_shape(shape), constant=True)
    return _placed(values * std + mean, dtype, constant)


def _uniform(
    name: str, shape: tuple[Any, ...], low: float, high: float, dtype: Any, constant: bool | None
) -> Tensor:
    _check_dtype(name, dtype)
    values: Any = random.random(_shape(shape), constant=True)
    return _placed(values * (high - low) + low, dtype, constant)


def _placed(values: Tensor, dtype: Any, constant: bool | None) -> Tensor:
    return tensor(values._data, dtype=dtype, constant=constant, copy=False)


def _check_dtype(name: str, dtype: Any) -> None:
    """Raise for dtypes in which random numbers would be cut off."""
    adapter = place(None, None)[0]
    if dtype is not None and not floating[adapter, dtype_of(adapter, dtype)]:
        raise ValueError(
            f"{name}: initial values are random numbers, so dtype= has to be a floating-point one, "
            f"and is {dtype!r}"
        )


def he_normal(
    *shape: Any, gain: float = 1, dtype: Any = "float32", constant: bool | None = None
) -> Tensor:
    r"""Normal with standard deviation :math:`gain / \sqrt{fan_{in}}`.

    Parameters
    ----------
    *shape
        The lengths of the axes; two or more.
    gain
        A factor; :math:`\sqrt{2}` suits relu.
    dtype, constant
        As for `mygrad.tensor`.

    Returns
    -------
    Tensor

    Notes
    -----
    He et al., *Delving deep into rectifiers*, ICCV 2015.

    Examples
    --------
    >>> from mygrad.nnet.initializers import he_normal
    >>> he_normal(2, 3).shape
    (2, 3)
    """
    shape = _shape(shape)
    std = gain / math.sqrt(_fans(shape, "he_normal")[0])
    return _normal("he_normal", shape, 0, std, dtype, constant)


def he_uniform(
    *shape: Any, gain: float = 1, dtype: Any = "float32", constant: bool | None = None
) -> Tensor:
    r"""Uniform within :math:`\pm gain \sqrt{3 / fan_{in}}`; otherwise as `he_normal`.

    Examples
    --------
    >>> from mygrad.nnet.initializers import he_uniform
    >>> he_uniform(2, 3).shape
    (2, 3)
    """
    shape = _shape(shape)
    bound = gain * math.sqrt(3 / _fans(shape, "he_uniform")[0])
    return _uniform("he_uniform", shape, -bound, bound, dtype, constant)


def glorot_normal(
    *shape: Any, gain: float = 1, dtype: Any = "float32", constant: bool | None = None
) -> Tensor:
    r"""Normal with standard deviation :math:`gain \sqrt{2 / (fan_{in} + fan_{out})}`.

    Parameters
    ----------
    *shape
        The lengths of the axes; two or more.
    gain
        A factor.
    dtype, constant
        As for `mygrad.tensor`.

    Returns
    -------
    Tensor

    Notes
    -----
    Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural
    networks*, AISTATS 2010.

    Examples
    --------
    >>> from mygrad.nnet.initializers import glorot_normal
    >>> glorot_normal(2, 3).shape
    (2, 3)
    """
    shape = _shape(shape)
    std = gain * math.sqrt(2 / sum(_fans(shape, "glorot_normal")))
    return _normal("glorot_normal", shape, 0, std, dtype, constant)


def glorot_uniform(
    *shape: Any, gain: float = 1, dtype: Any = "float32", constant: bool | None = None
) -> Tensor:
    r"""Uniform within :math:`\pm gain \sqrt{6 / (fan_{in} + fan_{out})}`; see `glorot_normal`.

    Examples
    --------
    >>> from mygrad.nnet.initializers import glorot_uniform
    >>> glorot_uniform(2, 3).shape
    (2, 3)
    """
    shape = _shape(shape)
    bound = gain * math.sqrt(6 / sum(_fans(shape, "glorot_uniform")))
    return _uniform("glorot_uniform", shape, -bound, bound, dtype, constant)


def _filled(*shape: Any, value: float = 0.0, dtype: Any = None, constant: Any = None) -> Tensor:
    """The same value everywhere.

    Parameters
    ----------
    *shape
        The lengths of the axes.
    value
        The value.
    dtype, constant
        As for `mygrad.tensor`; the dtype is that of `value` if not given.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> from mygrad.nnet.initializers import constant
    >>> constant(2, value=1.5)
    Tensor([1.5, 1.5])
    """
    return tensor_creation.full(
        _shape(shape), value, dtype=dtype, constant=constant
    )


constant = _filled
constant.__name__ = constant.__qualname__ = "constant"


def identity(n: int, dtype: Any = float, *, constant: bool | None = None) -> Tensor:
    """The identity matrix.

    Examples
    --------
    >>> from mygrad.nnet.initializers import identity
    >>> identity(2)
    Tensor([[1., 0.],
            [0., 1.]])
    """
    return tensor_creation.eye(n, dtype=dtype, constant=constant)


def dirac(*shape: int, dtype: Any = "float32", constant: bool | None = None) -> Tensor:
    """Filters that hand their input on: 1 in the middle of filter k for channel k, else 0.

    Parameters
    ----------
    *shape
        (filters, channels, sizes of a filter ...).
    dtype, constant
        As for `mygrad.tensor`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> from mygrad.nnet.initializers import dirac
    >>> dirac(1, 1, 3)
    Tensor([[[0., 1., 0.]]], dtype=float32)
    """
    shape = _shape(shape)
    if len(shape) < 2:
        raise ValueError(f"dirac: needs a shape of two axes or more, and was given {shape}")
    adapter, device = place(None, None)
    kind = dtype_of(adapter, dtype)
    values = made(adapter, device, adapter.xp.zeros, shape, dtype=kind)
    for k in range(min(shape[:2])):
        values = adapter.assign(values, (k, k, *(n // 2 for n in shape[2:])), 1)
    return finished("dirac", values, adapter, device, constant)
