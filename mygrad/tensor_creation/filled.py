"""Tensors full of one number, and matrices with ones on a diagonal."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from mygrad.arrays import Adapter, adapter_of, get_adapter, selected_adapter, selected_device
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.operands import floating, is_constant
from mygrad.tensors.base import Tensor, astensor
from mygrad.tensors.conversion import dtype_of
from mygrad.tensors.names_elsewhere import explained

__all__ = [
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "identity",
    "ones",
    "ones_like",
    "tri",
    "zeros",
    "zeros_like",
]


def place(backend: str | None, device: Any) -> tuple[Adapter, Any]:
    """The adapter and the device for a new array: what was asked for, or what is selected."""
    adapter = selected_adapter() if backend is None else get_adapter(backend)
    return adapter, selected_device(adapter) if device is None else adapter.parse_device(device)


def stays(name: str, what: str, value: Any, wanted: Adapter) -> None:
    """Raise if what a tensor is to be made of is on another library than the tensor is to be."""
    theirs = adapter_of(getattr(value, "_data", value))
    if theirs is not None and theirs is not wanted:
        raise TypeError(
            f"{name}: {what} is on {theirs.name}, and the tensor is to be on {wanted.name}; "
            f"nothing is moved behind your back"
        )


def made(adapter: Adapter, device: Any, function: Any, *args: Any, **options: Any) -> Any:
    """What a function of the library makes of numbers, made on `device` where that can be said."""
    if device is None or not adapter.many_devices:
        return function(*args, **options)
    before = adapter.go_to(device)
    try:
        return function(*args, **options)
    finally:
        adapter.go_to(before)


def finished(name: str, array: Any, adapter: Adapter, device: Any, constant: bool | None) -> Tensor:
    """The tensor for a new array, on the device that was asked for."""
    if device is not None and adapter.device(array) != device:
        array = adapter.to_device(array, device)
    constant = is_constant(name, constant, 1, floating[adapter, array.dtype], array.dtype)
    return new_handle(array, None, None, None, constant)


def lengths(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple, from an integer or any sequence of them."""
    try:
        return (operator.index(shape),)
    except TypeError:
        return tuple(operator.index(n) for n in shape)


def _filled(
    name: str, shape: Any, dtype: Any, constant: bool | None, device: Any, backend: str | None
) -> Tensor:
    adapter, device = place(backend, device)
    dtype = dtype_of(adapter, float if dtype is None else dtype)
    array = made(adapter, device, getattr(adapter.xp, name), lengths(shape), dtype=dtype)
    return finished(name, array, adapter, device, constant)


@explained
def empty(
    shape: Any,
    dtype: Any = np.float32,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """A tensor whose values are whatever was in memory.

    Parameters
    ----------
    shape : int | Sequence[int]
        Its shape.
    dtype : DTypeLike
        Its data type.
    constant : bool, optional
        Whether derivatives stop here; by default not, for floating-point dtypes.
    device, backend
        Where to make it; the selected backend if not given.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.empty((2, 3)).shape
    (2, 3)
    """
    return _filled("empty", shape, dtype, constant, device, backend)


@explained
def zeros(
    shape: Any,
    dtype: Any = np.float32,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """A tensor of zeros.

    Parameters
    ----------
    shape, dtype, constant, device, backend
        As for `empty`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.zeros(2)
    Tensor([0., 0.], dtype=float32)
    """
    return _filled("zeros", shape, dtype, constant, device, backend)


@explained
def ones(
    shape: Any,
    dtype: Any = np.float32,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """A tensor of ones.

    Parameters
    ----------
    shape, dtype, constant, device, backend
        As for `empty`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.ones(2)
    Tensor([1., 1.], dtype=float32)
    """
    return _filled("ones", shape, dtype, constant, device, backend)


@explained
def full(
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """A tensor with one value everywhere.

    Parameters
    ----------
    shape : int | Sequence[int]
        Its shape.
    fill_value : ArrayLike
        The value, or values that broadcast to the shape; gradients flow back to a tensor.
    dtype : DTypeLike, optional
        Its data type; that of the value if not given.
    constant, device, backend
        As for `empty`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.full(2, 3.0)
    Tensor([3., 3.])
    """
    if isinstance(fill_value, Handle):
        if backend is not None:
            stays("full", "fill_value=", fill_value, get_adapter(backend))
        whole = registry["broadcast_to"](fill_value, lengths(shape))
        return registry["astype"](whole, dtype or fill_value._data.dtype, constant=constant)
    adapter, device = place(backend, device)
    kind = None if dtype is None else dtype_of(adapter, dtype)
    if isinstance(fill_value, (bool, int, float, complex)):
        array = made(adapter, device, adapter.xp.full, lengths(shape), fill_value, dtype=kind)
    else:
        values = astensor(fill_value, constant=True)._data
        theirs = adapter_of(values)
        if theirs is not adapter:
            assert theirs is not None
            if theirs.name != "numpy":
                stays("full", "fill_value=", values, adapter)
            values = adapter.from_host(values, device)
        values = values if kind is None else adapter.xp.astype(values, kind)
        array = adapter.xp.asarray(adapter.xp.broadcast_to(values, lengths(shape)), copy=True)
    return finished("full", array, adapter, device, constant)


def _like(
    name: str, other: Any, dtype: Any, shape: Any, constant: bool | None, *value: Any
) -> Tensor:
    t = astensor(other)
    adapter = adapter_of(t._data)
    assert adapter is not None
    dtype = t._data.dtype if dtype is None else dtype_of(adapter, dtype)
    if constant is None and isinstance(other, Handle):
        constant = other._constant or not floating[adapter, dtype]
    if shape is None:
        array = getattr(adapter.xp, name)(t._data, *value, dtype=dtype)
    else:
        make = getattr(adapter.xp, name.removesuffix("_like"))
        home = adapter.device(t._data)
        array = made(adapter, home, make, lengths(shape), *value, dtype=dtype)
    return finished(name, array, adapter, adapter.device(t._data), constant)


@explained
def empty_like(
    other: Any, dtype: Any = None, shape: Any = None, *, constant: bool | None = None
) -> Tensor:
    """A tensor like another one, whose values are whatever was in memory.

    Parameters
    ----------
    other : ArrayLike
        It gives shape, dtype, device, and whether the new one is constant.
    dtype : DTypeLike, optional
        Another data type.
    shape : int | Sequence[int], optional
        Another shape.
    constant : bool, optional
        Whether derivatives stop here.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.empty_like(mg.tensor([1.0, 2.0])).shape
    (2,)
    """
    return _like("empty_like", other, dtype, shape, constant)


@explained
def zeros_like(
    other: Any, dtype: Any = None, shape: Any = None, *, constant: bool | None = None
) -> Tensor:
    """A tensor of zeros, like another one.

    Parameters
    ----------
    other, dtype, shape, constant
        As for `empty_like`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.zeros_like(mg.tensor([1.0, 2.0]))
    Tensor([0., 0.])
    """
    return _like("zeros_like", other, dtype, shape, constant)


@explained
def ones_like(
    other: Any, dtype: Any = None, shape: Any = None, *, constant: bool | None = None
) -> Tensor:
    """A tensor of ones, like another one.

    Parameters
    ----------
    other, dtype, shape, constant
        As for `empty_like`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.ones_like(mg.tensor([1.0, 2.0]))
    Tensor([1., 1.])
    """
    return _like("ones_like", other, dtype, shape, constant)


@explained
def full_like(
    other: Any,
    fill_value: Any,
    dtype: Any = None,
    shape: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """A tensor with one value everywhere, like another one.

    Parameters
    ----------
    other : ArrayLike
        As for `empty_like`.
    fill_value : ArrayLike
        The value; gradients flow back to a tensor.
    dtype, shape, constant
        As for `empty_like`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.full_like(mg.tensor([1.0, 2.0]), 3.0)
    Tensor([3., 3.])
    """
    if isinstance(fill_value, (bool, int, float, complex)):
        return _like("full_like", other, dtype, shape, constant, fill_value)
    t = astensor(other)
    new = lengths(t.shape if shape is None else shape)
    dtype = t.dtype if dtype is None else dtype
    adapter = adapter_of(t._data)
    assert adapter is not None
    adapter.common_device((t, fill_value), "full_like")
    return full(new, fill_value, dtype, constant=constant, device=t.device, backend=t.backend)


@explained
def eye(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: Any = float,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """A matrix with ones on a diagonal, and zeros elsewhere.

    Parameters
    ----------
    N, M : int
        How many rows and columns; as many columns as rows if not given.
    k : int
        Which diagonal; 0 is the main one, those above are positive.
    dtype, constant, device, backend
        As for `empty`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.eye(2)
    Tensor([[1., 0.],
            [0., 1.]])
    """
    adapter, device = place(backend, device)
    columns, kind = N if M is None else M, dtype_of(adapter, dtype)
    array = made(adapter, device, adapter.xp.eye, N, columns, k=k, dtype=kind)
    return finished("eye", array, adapter, device, constant)


@explained
def identity(
    n: int,
    dtype: Any = float,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """The square matrix with ones on its main diagonal, and zeros elsewhere.

    Parameters
    ----------
    n : int
        How many rows and columns.
    dtype, constant, device, backend
        As for `empty`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.identity(2)
    Tensor([[1., 0.],
            [0., 1.]])
    """
    return eye(n, dtype=dtype, constant=constant, device=device, backend=backend)


@explained
def tri(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: Any = float,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """A matrix with ones on and below a diagonal, and zeros above it.

    Parameters
    ----------
    N, M, k : int
        As for `eye`.
    dtype, constant, device, backend
        As for `empty`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.tri(2)
    Tensor([[1., 0.],
            [1., 1.]])
    """
    adapter, device = place(backend, device)
    shape, kind = (N, N if M is None else M), dtype_of(adapter, dtype)
    array = made(adapter, device, adapter.xp.ones, shape, dtype=kind)
    return finished("tri", adapter.xp.tril(array, k=k), adapter, device, constant)
