"""Random tensors. On NumPy the numbers are those of `numpy.random` with the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from mygrad.arrays import Adapter, get_adapter
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.tensor_creation.filled import finished, lengths, place
from mygrad.tensors.base import Tensor
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

_generators: dict[str, Any] = {}
_seed: int | None = None


class _Global:
    """NumPy's global random state, which ``np.random.seed`` sets, as a generator."""

    random = staticmethod(np.random.random_sample)
    standard_normal = staticmethod(np.random.standard_normal)
    integers = staticmethod(np.random.randint)


def generator(adapter: Adapter | None = None) -> Any:
    """The generator that random numbers on a backend come from.

    Parameters
    ----------
    adapter
        The adapter; that of the selected backend if not given.

    Returns
    -------
    Generator
        With NumPy's ``random``, ``standard_normal`` and ``integers``, for raw arrays.
    """
    adapter = adapter or place(None, None)[0]
    if adapter.name not in _generators:
        numpys = adapter is get_adapter("numpy")
        _generators[adapter.name] = _Global() if numpys else adapter.rng(_seed)
    return _generators[adapter.name]


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
    array = getattr(generator(adapter), name)(() if shape is None else lengths(shape))
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

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.random.randint(0, 5, (2,)).shape
    (2,)
    """
    adapter, device = place(None, None)
    low, high = (0, low) if high is None else (low, high)
    array = generator(adapter).integers(low, high, () if shape is None else lengths(shape))
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
    noise = _drawn("standard_normal", _common_shape(shape, loc, scale), _settled(loc, scale))
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
    noise = _drawn("random", _common_shape(shape, low, high), _settled(low, high))
    return registry["add"](low, noise * (high - low), constant=constant)


def _settled(*parameters: Any) -> bool | None:
    """Noise is constant where there are tensors to differentiate by, and else a variable."""
    return True if any(isinstance(p, Handle) for p in parameters) else None


def multivariate_normal(
    mean: Any, cov: Any, shape: Any = None, *, constant: bool | None = None
) -> Tensor:
    """Random vectors, normally distributed with a covariance.

    Parameters
    ----------
    mean : ArrayLike
        The mean, of length N; gradients flow back to it.
    cov : ArrayLike
        The covariance, N by N; gradients flow back to it through its Cholesky factor.
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
    if isinstance(cov, Handle) and not cov._constant:
        factor = registry["cholesky"](cov)
    else:
        adapter, _ = place(None, None)
        factor = cov._data if isinstance(cov, Handle) else adapter.asarray(cov)
        factor = adapter.xp.linalg.cholesky(factor)
    size = (() if shape is None else lengths(shape)) + (factor.shape[-1],)
    noise = _drawn("standard_normal", size, _settled(mean, cov))
    turned = registry["swapaxes"](factor, -1, -2)
    return registry["add"](registry["matmul"](noise, turned), mean, constant=constant)


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
    adapter, device = place(None, None)
    count = x if isinstance(x, int) else x.shape[0]
    order = adapter.xp.argsort(_drawn("random", (count,), True)._data)
    if isinstance(x, int):
        return finished("permutation", order, adapter, device, None)
    return registry["take"](x, order, 0)
