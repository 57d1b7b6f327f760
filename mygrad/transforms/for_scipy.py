"""Functions of nested arrays as SciPy's solvers take them: of one vector of numbers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from math import prod
from typing import Any

from mygrad.arrays import adapter_of, get_adapter
from mygrad.autodiff.nodes import Handle
from mygrad.tensors.base import tensor
from mygrad.tensors.conversion import array_of
from mygrad.transforms.derivatives import hvp, value_and_grad
from mygrad.transforms.jacobians import hessian, jacobian
from mygrad.transforms.trees import flatten, map_leaves
from mygrad.transforms.vectors import Pieces

__all__ = ["VectorFunction", "for_scipy", "scipy_module"]

Vector = Any
Matrix = Any


def scipy_module(name: str, asker: str) -> Any:
    """A module of SciPy, for a function of mygrad's that computes with it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ModuleNotFoundError(
            f"{asker} computes with {name}, which cannot be imported ({error}): install SciPy, "
            f'`pip install "mygrad[scipy]"`'
        ) from error


def for_scipy(fun: Callable[..., Any], like: Any) -> VectorFunction:
    """A function and its derivatives, in the form in which SciPy's solvers ask for them.

    Parameters
    ----------
    fun
        The function. Its first argument is nested lists, tuples and dictionaries of arrays of
        floating-point numbers, on any array library and device; it returns a scalar, or for
        ``least_squares`` and ``root`` an array.
    like
        Such an argument: where the solver is to begin.

    Returns
    -------
    VectorFunction
        Its methods take and return NumPy's float64 on the host, whatever `like` has.

    Raises
    ------
    TypeError
        Something in `like` is no array of real floating-point numbers.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> from scipy.optimize import minimize
    >>> def loss(p):
    ...     return np.sum((p["w"] - np.array([1.0, 2.0])) ** 4) + (p["b"] - 3.0) ** 2
    >>> f = mg.for_scipy(loss, {"w": np.zeros(2, "float32"), "b": 0.0})
    >>> result = minimize(f.value_and_grad, f.x0, jac=True, hess=f.hess, method="trust-ncg")
    >>> p = f.restore(result.x)
    >>> p["w"].dtype, np.allclose(p["w"], [1.0, 2.0], atol=0.1), round(float(p["b"]), 4)
    (dtype('float32'), True, 3.0)
    """
    return VectorFunction(fun, like)


class VectorFunction:
    """What `for_scipy` returns: a function of a vector, and its derivatives.

    All methods take further arguments, which are handed on to the function: the ``args=`` of
    SciPy's solvers.

    Parameters
    ----------
    fun, like
        As for `for_scipy`.

    Attributes
    ----------
    x0 : numpy.ndarray
        Where to begin, as a vector of float64.
    """

    def __init__(self, fun: Callable[..., Any], like: Any) -> None:
        leaves, self._structure = flatten(like)
        arrays = [
            leaf._data if isinstance(leaf, Handle) else array_of(leaf, None, None, None)[0]
            for leaf in leaves
        ]
        self._fun = fun
        names = [f"for_scipy: {path}" for path in self._structure.paths("the argument")]
        self._pieces = Pieces(arrays, names)
        self.x0: Vector = self._pieces.vector(arrays)

    def restore(self, x: Vector) -> Any:
        """The argument for a vector: nested as `like` was, of its dtypes, where its arrays are."""
        return self._structure.filled(self._pieces.arrays(x))

    def __call__(self, x: Vector, *args: Any) -> Any:
        """The value at a vector: a float, or the elements of an array in a row."""
        constants = map_leaves(lambda a: tensor(a, constant=True, copy=False), self.restore(x))
        return _row(self._fun(constants, *args))

    def value_and_grad(self, x: Vector, *args: Any) -> tuple[float, Vector]:
        """The value and the gradient: ``minimize(f.value_and_grad, f.x0, jac=True)``."""
        value, gradient = value_and_grad(self._fun)(self.restore(x), *args)
        return _row(value), self._vector(gradient)

    def grad(self, x: Vector, *args: Any) -> Vector:
        """The gradient: ``minimize(f, f.x0, jac=f.grad)``."""
        return self.value_and_grad(x, *args)[1]

    def jac(self, x: Vector, *args: Any) -> Matrix:
        """The Jacobian, a row for each element of the result: ``least_squares(f, f.x0, f.jac)``."""
        return self._columns(jacobian(self._fun)(self.restore(x), *args))

    def hess(self, x: Vector, *args: Any) -> Matrix:
        """The matrix of second derivatives: ``minimize(..., hess=f.hess)``."""
        rows = self._leaves(hessian(self._fun)(self.restore(x), *args))
        return self._pieces.host.concat([self._columns(row) for row in rows])

    def hessp(self, x: Vector, vector: Vector, *args: Any) -> Vector:
        """The product of that matrix with a vector: ``minimize(..., hessp=f.hessp)``."""
        return self._vector(hvp(self._fun, self.restore(x), self.restore(vector), *args))

    def _leaves(self, nested: Any) -> list[Any]:
        return self._structure.leaves_of(nested, "the derivative", "the argument")

    def _vector(self, nested: Any) -> Vector:
        return self._pieces.vector(self._leaves(nested))

    def _columns(self, nested: Any) -> Matrix:
        """Derivatives by each of the arrays, side by side; all other axes are one."""
        columns = []
        for block, (*_, shape) in zip(self._leaves(nested), self._pieces.places, strict=True):
            rows = block.shape[: len(block.shape) - len(shape)]
            columns.append(self._pieces.host.reshape(_on_host(block), (prod(rows), prod(shape))))
        return self._pieces.host.concat(columns, axis=1)


def _on_host(value: Any) -> Any:
    """What a function returned, as NumPy's float64."""
    array = value._data if isinstance(value, Handle) else value
    adapter, host = adapter_of(array), get_adapter("numpy")
    return host.xp.asarray(array if adapter is None else adapter.to_host(array), dtype="float64")


def _row(value: Any) -> Any:
    array = _on_host(value)
    return array.reshape(-1) if array.ndim else float(array)
