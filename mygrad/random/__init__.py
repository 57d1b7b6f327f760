"""Random tensors. On NumPy the numbers are those of `numpy.random` with the same seed."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from mygrad.arrays import Adapter, get_adapter
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import common_adapter, device_beside
from mygrad.random.covariance import cholesky
from mygrad.tensor_creation.filled import finished, lengths, made, place
from mygrad.tensor_creation.ranges import number
from mygrad.tensors.base import Tensor, as_operand_tensor
from mygrad.tensors.conversion import dtype_of

__all__ = [
    "generator",
    "multivariate_normal",
    "normal",
    "permutation",
    "rand",
    "randint",
    "randn",
    "random",
    "random_sample",
    "ranf",
    "sample",
    "seed",
    "standard_normal",
    "uniform",
]

_generators: dict[tuple[str, Any], Any] = {}
_seed: int | None = None


class _Global:
    """NumPy's global random state, which ``np.random.seed`` sets, as a generator."""

    random = staticmethod(np.random.random_sample)
    standard_normal = staticmethod(np.random.standard_normal)
    integers = staticmethod(np.random.randint)


class _OnDevice:
    """A generator that lives, and draws, on one of several devices."""

    def __init__(self, adapter: Adapter, device: Any) -> None:
        self._adapter, self._device = adapter, device
        self._numbers = made(adapter, device, adapter.rng, _seed)

    def __getattr__(self, name: str) -> Any:
        return partial(made, self._adapter, self._device, getattr(self._numbers, name))


class _Moved:
    """A generator of a library that draws where it makes arrays, for another of its devices."""

    def __init__(self, numbers: Any, adapter: Adapter, device: Any) -> None:
        self._numbers, self._adapter, self._device = numbers, adapter, device

    def __getattr__(self, name: str) -> Any:
        return partial(self._draw, getattr(self._numbers, name))

    def _draw(self, draw: Any, *args: Any, **options: Any) -> Any:
        array = draw(*args, **options)
        here = type(array) not in self._adapter.array_types  # NumPy's scalars
        if here or self._adapter.device(array) == self._device:
            return array
        return self._adapter.to_device(array, self._device)


def generator(adapter: Adapter | None = None, device: Any = None) -> Any:
    """The generator that random numbers on a device of a backend come from.

    There is one for each device, and all of them begin with the same `seed`; where a library has
    no current device, there is one for all, whose numbers are moved to where they are wanted.

    Parameters
    ----------
    adapter, device
        The adapter and the device; those that are selected if no adapter is given. Without a
        device it is the library's current one.

    Returns
    -------
    Generator
        With NumPy's ``random``, ``standard_normal`` and ``integers``, for raw arrays.
    """
    if adapter is None:
        adapter, device = place(None, None)
    wanted = device
    if not adapter.many_devices:
        device = None
    elif device is None:
        device = adapter.go_to(None)
    key = adapter.name, device
    if key not in _generators:
        if adapter is get_adapter("numpy"):
            _generators[key] = _Global()
        elif device is None:
            _generators[key] = adapter.rng(_seed)
        else:
            _generators[key] = _OnDevice(adapter, device)
    numbers = _generators[key]
    follows = adapter.many_devices or wanted is None
    return numbers if follows else _Moved(numbers, adapter, wanted)


def seed(seed_number: int | None) -> None:
    """Begin all sequences of random numbers anew.

    Parameters
    ----------
    seed_number
        The same number gives the same sequences.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.seed(0)
    >>> mg.random.rand(2)
    Tensor([0.5488135 , 0.71518937])
    """
    global _seed
    _seed = seed_number
    np.random.seed(seed_number)
    _generators.clear()


def _drawn(
    name: str, shape: Any, constant: bool | None, device: Any = None, backend: str | None = None
) -> Tensor:
    adapter, device = place(backend, device)
    array = getattr(generator(adapter, device), name)(() if shape is None else lengths(shape))
    if type(array) not in adapter.array_types:
        array = adapter.asarray(array)
    return finished(name, array, adapter, device, constant)


def random(
    shape: Any = None,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """Random numbers, evenly distributed over [0, 1).

    Parameters
    ----------
    shape : int | Sequence[int], optional
        The shape; one number if not given.
    constant : bool, optional
        Whether derivatives stop here.
    device, backend
        Where to make it; the selected backend if not given.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.random((2, 3)).shape
    (2, 3)
    """
    return _drawn("random", shape, constant, device, backend)


random_sample = ranf = sample = random


def standard_normal(
    shape: Any = None,
    *,
    constant: bool | None = None,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """Random numbers, normally distributed with mean 0 and standard deviation 1.

    Parameters
    ----------
    shape, constant, device, backend
        As for `random`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.standard_normal(3).shape
    (3,)
    """
    return _drawn("standard_normal", shape, constant, device, backend)


def rand(*shape: int, constant: bool | None = None) -> Tensor:
    """Random numbers, evenly distributed over [0, 1).

    Parameters
    ----------
    *shape : int
        The length of each axis.
    constant : bool, optional
        Whether derivatives stop here.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.rand(2, 3).shape
    (2, 3)
    """
    return _drawn("random", shape, constant)


def randn(*shape: int, constant: bool | None = None) -> Tensor:
    """Random numbers, normally distributed with mean 0 and standard deviation 1.

    Parameters
    ----------
    *shape : int
        The length of each axis.
    constant : bool, optional
        Whether derivatives stop here.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.randn(2, 3).shape
    (2, 3)
    """
    return _drawn("standard_normal", shape, constant)


def randint(low: Any, high: Any = None, shape: Any = None, dtype: Any = int) -> Tensor:
    """Random integers, evenly distributed over [low, high).

    Parameters
    ----------
    low, high : int
        The bounds; [0, low) if only one is given.
    shape : int | Sequence[int], optional
        The shape; one number if not given.
    dtype : DTypeLike
        The data type.

    Returns
    -------
    Tensor
        Constant.

    Raises
    ------
    TypeError
        A bound lies on a device, from which it would have to be fetched.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.randint(0, 5, (2,)).shape
    (2,)
    """
    adapter, device = place(None, None)
    low, high = (0, low) if high is None else (low, high)
    low, high = number(low, "randint"), number(high, "randint")
    draw = generator(adapter, device).integers
    array = draw(low, high, () if shape is None else lengths(shape))
    array = adapter.xp.astype(adapter.asarray(array), dtype_of(adapter, dtype))
    return finished("randint", array, adapter, device, None)


def _common_shape(shape: Any, *parameters: Any) -> Any:
    """The shape of a sample: what was asked for, or what the parameters broadcast to."""
    if shape is not None:
        return lengths(shape)
    return np.broadcast_shapes(*(tuple(getattr(p, "shape", np.shape(p))) for p in parameters))


def normal(
    loc: Any = 0.0, scale: Any = 1.0, shape: Any = None, *, constant: bool | None = None
) -> Tensor:
    """Random numbers, normally distributed; gradients flow back to mean and deviation.

    Parameters
    ----------
    loc, scale : ArrayLike
        Mean and standard deviation.
    shape : int | Sequence[int], optional
        The shape; that of the parameters if not given.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> scale = mg.tensor(2.0)
    >>> mg.random.normal(0.0, scale, 3).shape
    (3,)
    """
    noise = _noise("standard_normal", _common_shape(shape, loc, scale), loc, scale)
    return registry["add"](loc, noise * scale, constant=constant)


def uniform(
    low: Any = 0.0, high: Any = 1.0, shape: Any = None, *, constant: bool | None = None
) -> Tensor:
    """Random numbers, evenly distributed over [low, high); gradients flow to the bounds.

    Parameters
    ----------
    low, high : ArrayLike
        The bounds.
    shape : int | Sequence[int], optional
        The shape; that of the bounds if not given.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.uniform(-1.0, 1.0, (2, 2)).shape
    (2, 2)
    """
    noise = _noise("random", _common_shape(shape, low, high), low, high)
    numbers = not hasattr(low, "shape") and not hasattr(high, "shape")
    width = high - low if numbers else registry["subtract"](high, low)
    return registry["add"](low, noise * width, constant=constant)


def _noise(name: str, shape: tuple[int, ...], *parameters: Any) -> Tensor:
    """Random numbers on the device of the parameters of a distribution.

    They are constant where there are tensors to differentiate by, and else a variable.
    """
    adapter = common_adapter(parameters, name)
    device = device_beside(parameters, adapter)
    settled = True if any(isinstance(p, Handle) for p in parameters) else None
    return _drawn(name, shape, settled, device, adapter.name)


def multivariate_normal(
    mean: Any, cov: Any, shape: Any = None, *, constant: bool | None = None
) -> Tensor:
    """Random vectors, normally distributed with a covariance.

    Parameters
    ----------
    mean : ArrayLike
        The mean, of length N; gradients flow back to it.
    cov : ArrayLike
        The covariance, N by N and positive definite; gradients flow back to it through its
        Cholesky factor L. A sample is ``mean + L @ standard_normal(N)``.
    shape : int | Sequence[int], optional
        How many vectors; one if not given.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Of shape ``(*shape, N)``.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.multivariate_normal([0.0, 1.0], [[2.0, 0.0], [0.0, 1.0]], 4).shape
    (4, 2)
    """
    adapter = common_adapter((mean, cov), "multivariate_normal")
    factor = cholesky(cov, adapter, device_beside((mean, cov), adapter))
    size = (() if shape is None else lengths(shape)) + (factor.shape[-1],)
    noise = _noise("standard_normal", size, mean, cov, factor)
    turned = registry["matmul"](noise, registry["swapaxes"](factor, -1, -2))
    return registry["add"](turned, mean, constant=constant)


def permutation(x: Any) -> Tensor:
    """The numbers below `x`, or a tensor along its first axis, in random order.

    Parameters
    ----------
    x : int | ArrayLike
        How many numbers, or what to shuffle a copy of; gradients flow back to it.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.permutation(3).shape
    (3,)
    """
    if isinstance(x, int):
        adapter, device = place(None, None)
        order = adapter.xp.argsort(_drawn("random", (x,), True)._data)
        return finished("permutation", order, adapter, device, None)
    x = as_operand_tensor(x)
    drawn = _drawn("random", (x.shape[0],), True, x.device, x.backend)._data
    return registry["take"](x, get_adapter(x.backend).xp.argsort(drawn), 0)
