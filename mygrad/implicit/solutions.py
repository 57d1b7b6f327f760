"""Roots, fixed points and minima, as functions of the parameters of the equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mygrad.arrays import get_adapter
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.implicit.complex_parts import is_complex, joined, of_pairs, pairs, to_pairs
from mygrad.implicit.solving import (
    NoSolution,
    Parameters,
    differentiable,
    host_function,
    host_values,
    raw,
)
from mygrad.transforms.derivatives import grad, hvp, vjp
from mygrad.transforms.for_scipy import scipy_module
from mygrad.transforms.jacobians import hessian, jacobian

__all__ = ["fixed_point", "minimize", "root"]

Array = Any
Function = Callable[..., Any]


def root(
    fun: Function, x0: Any, args: Sequence[Any] = (), method: str = "hybr",
    tol: float | None = None, options: Mapping[str, Any] | None = None,
) -> Any:  # fmt: skip
    """A solution x of ``fun(x, *args) = 0``, differentiable in `args`.

    Parameters
    ----------
    fun
        The equations: a function of an array and of parameters, that returns an array of the shape
        of the first.
    x0
        Where to look for a solution: an array of floats, or a number. Complex ones are pairs of
        real ones to SciPy.
    args
        The parameters: nested lists, tuples and dictionaries of arrays and tensors.
    method, tol, options
        As for `scipy.optimize.root`; the Jacobian is computed here.

    Returns
    -------
    Tensor or array
        The solution, of the shape of `x0`: a tensor if there are variables in `args`.

    Raises
    ------
    mygrad.implicit.solving.NoSolution
        The solver did not converge.
    numpy.linalg.LinAlgError
        In the backward pass: the Jacobian at the solution is singular, so that there is no
        derivative.
    TypeError
        An array is not NumPy's; `fun` computes with a variable that is not in `args`.

    Notes
    -----
    By the implicit function theorem, with A the derivative of `fun` by x at the solution and B that
    by a parameter, the derivative of the solution is the solution D of ``A D = -B``. Its
    derivatives are found in the same way, to any order.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> def kepler(anomaly, e, mean):
    ...     return anomaly - e * np.sin(anomaly) - mean
    >>> e = mg.tensor(0.3)
    >>> anomaly = mg.implicit.root(kepler, 1.0, (e, 1.0))
    >>> anomaly.backward()
    >>> np.allclose(e.grad, np.sin(anomaly.data) / (1 - 0.3 * np.cos(anomaly.data)))
    True
    """
    host_values("root", x0=x0, args=args)
    if is_complex(x0):
        return joined(root(to_pairs(fun), pairs(raw(x0)), args, method, tol, options))
    optimize = scipy_module("scipy.optimize", "mygrad.implicit.root")
    start = _start(x0)
    equations = host_function("root", fun)

    def solve(*args: Any) -> Array:
        def of_vector(x: Array) -> Array:
            return equations(x.reshape(start.shape), *args).reshape(-1)

        def derivative(x: Array) -> Array:
            return _square(jacobian(fun)(x.reshape(start.shape), *args), x.size)

        found = optimize.root(
            of_vector, start.reshape(-1), jac=derivative, method=method, tol=tol, options=options
        )
        if not found.success:
            raise NoSolution(f"mygrad.implicit.root has found no solution: {_said(found)}")
        return found.x.reshape(start.shape)

    return differentiable("root", args, solve, partial(_adjoints, fun))


def fixed_point(
    fun: Function, x0: Any, args: Sequence[Any] = (), xtol: float = 1e-10, maxiter: int = 500,
    method: str = "del2",
) -> Any:  # fmt: skip
    """A solution x of ``x = fun(x, *args)``, differentiable in `args`.

    Parameters
    ----------
    fun
        A function of an array and of parameters, that returns an array of the shape of the first.
    x0
        Where to begin: an array of floats, real or complex, or a number.
    args
        The parameters, as for `root`.
    xtol, maxiter, method
        As for `scipy.optimize.fixed_point`: ``"iteration"`` applies `fun` again and again,
        ``"del2"`` is faster where elements do not depend on one another.

    Returns
    -------
    Tensor or array
        The solution, as `root` returns it.

    Raises
    ------
    mygrad.implicit.solving.NoSolution
        The iteration did not converge.
    TypeError
        As for `root`.

    Notes
    -----
    The derivative is that of the root of ``x - fun(x, *args)``. How often `fun` was called does not
    matter for it, and nothing of these calls is kept.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> a = mg.tensor([2.0, 9.0])
    >>> x = mg.implicit.fixed_point(lambda x, a: (x + a / x) / 2, np.ones(2), (a,))
    >>> x.backward()
    >>> np.allclose(x, [2**0.5, 3.0]), np.allclose(a.grad, [0.5 / 2**0.5, 1 / 6])
    (True, True)
    """
    host_values("fixed_point", x0=x0, args=args)
    of_complex = is_complex(x0)
    optimize = scipy_module("scipy.optimize", "mygrad.implicit.fixed_point")
    start = _start(x0)
    step = host_function("fixed_point", fun, not of_complex)

    def solve(*args: Any) -> Array:
        try:
            found = optimize.fixed_point(
                step, start, args=args, xtol=xtol, maxiter=maxiter, method=method
            )
            return pairs(found) if of_complex else found
        except RuntimeError as error:
            raise NoSolution(f"mygrad.implicit.fixed_point has found none: {error}") from error

    def difference(x: Any, *args: Any) -> Any:
        return x - fun(x, *args)

    if of_complex:
        adjoints = partial(_adjoints, to_pairs(difference))
        return joined(differentiable("fixed_point", args, solve, adjoints))
    return differentiable("fixed_point", args, solve, partial(_adjoints, difference))


def minimize(
    fun: Function, x0: Any, args: Sequence[Any] = (), method: str = "BFGS",
    tol: float | None = None, options: Mapping[str, Any] | None = None,
) -> Any:  # fmt: skip
    """Where ``fun(x, *args)`` is smallest, differentiable in `args`.

    Parameters
    ----------
    fun
        A function of an array and of parameters, with a scalar result, that can be differentiated
        twice.
    x0
        Where to begin: an array of floats, real or complex, or a number.
    args
        The parameters, as for `root`.
    method, tol, options
        As for `scipy.optimize.minimize`; gradient and Hessian are computed here. Minima within
        bounds or under constraints are not differentiated.

    Returns
    -------
    Tensor or array
        The place of the minimum, as `root` returns a solution.

    Raises
    ------
    mygrad.implicit.solving.NoSolution
        The solver did not converge.
    numpy.linalg.LinAlgError
        In the backward pass: the Hessian at the minimum is singular.
    TypeError
        As for `root`.

    Notes
    -----
    The place is where the gradient by x is zero, and the derivative is that of this root: it is
    as exact as the gradient there is small, so that a smaller `tol` makes it better. (Of the
    smallest value itself the derivative is that of `fun` by its parameters, at that place.)

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> def ridge(w, x, y, strength):
    ...     return np.sum((x @ w - y) ** 2) + strength * np.sum(w**2)
    >>> x, y = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 1.0])
    >>> strength = mg.tensor(1.0)
    >>> w = mg.implicit.minimize(ridge, np.zeros(2), (x, y, strength), tol=1e-9)
    >>> w.backward()
    >>> np.allclose(w, [1 / 2, 2 / 5]), np.allclose(strength.grad, -1 / 4 - 2 / 25)
    (True, True)
    """
    host_values("minimize", x0=x0, args=args)
    if is_complex(x0):
        return joined(minimize(of_pairs(fun), pairs(raw(x0)), args, method, tol, options))
    optimize = scipy_module("scipy.optimize", "mygrad.implicit.minimize")
    start = _start(x0)
    value = host_function("minimize", fun)
    slope = host_function("minimize", grad(fun))

    def solve(*args: Any) -> Array:
        shape = start.shape
        given: dict[str, Any] = {}
        if method in ("Newton-CG", "trust-ncg", "trust-krylov"):
            product = host_function("minimize", lambda x, p: hvp(fun, x, p, *args))
            given["hessp"] = lambda x, p: product(x.reshape(shape), p.reshape(shape)).reshape(-1)
        elif method in ("dogleg", "trust-exact"):
            given["hess"] = lambda x: _square(hessian(fun)(x.reshape(shape), *args), x.size)
        if method not in ("Nelder-Mead", "Powell", "COBYLA", "COBYQA"):
            given["jac"] = lambda x: slope(x.reshape(shape), *args).reshape(-1)
        found = optimize.minimize(
            lambda x: float(value(x.reshape(shape), *args)), start.reshape(-1), method=method,
            tol=tol, options=options, **given,
        )  # fmt: skip
        if not found.success:
            raise NoSolution(f"mygrad.implicit.minimize has found no minimum: {_said(found)}")
        return found.x.reshape(shape)

    return differentiable("minimize", args, solve, partial(_adjoints, grad(fun)))


def _said(result: Any) -> str:
    return str(result.message).rstrip(".")


def _start(x0: Any) -> Array:
    host = get_adapter("numpy")
    array = host.asarray(x0._data if isinstance(x0, Handle) else x0)
    floats = host.xp.isdtype(array.dtype, ("real floating", "complex floating"))
    return array if floats else array.astype("float64")


def _square(derivative: Any, size: int) -> Array:
    """The derivatives of as many equations as there are unknowns, as a matrix."""
    return raw(derivative).reshape(size, size)


def _adjoints(
    equations: Function, parameters: Parameters, values: Sequence[Any], x: Any, g: Any
) -> tuple[Any, ...]:
    """The adjoints of the parameters of equations that x solves: ``-B.T @ solve(A.T, g)``."""
    size = g.size
    matrix = registry["reshape"](jacobian(equations)(x, *parameters.filled(values)), (size, size))
    along = registry["solve"](
        registry["matrix_transpose"](matrix), registry["reshape"](-g, (size,))
    )
    along = registry["reshape"](along, x.shape)
    _, pullback = vjp(lambda *values: equations(x, *parameters.filled(values)), *values)
    return pullback(along if isinstance(g, Handle) else along._data)  # type: ignore[no-any-return]
