"""Integrals, as functions of their ends and of the parameters of what is integrated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.implicit.complex_parts import is_complex, joined, to_pairs
from mygrad.implicit.solving import (
    NoSolution,
    Parameters,
    differentiable,
    host_function,
    host_values,
    raw,
)
from mygrad.transforms.derivatives import vjp
from mygrad.transforms.for_scipy import scipy_module
from mygrad.transforms.trees import flatten

__all__ = ["quad"]

Function = Callable[..., Any]


def quad(
    fun: Function, a: Any, b: Any, args: Sequence[Any] = (), epsabs: float = 1e-10,
    epsrel: float = 1e-8, limit: int = 10_000,
) -> Any:  # fmt: skip
    """The integral of ``fun(t, *args)`` over t from `a` to `b`, differentiable in these and `args`.

    Parameters
    ----------
    fun
        A function of a number and of parameters, that returns a number or an array, which may be
        complex.
    a, b
        The ends: numbers, infinite ones too, or tensors of shape ().
    args
        The parameters: nested lists, tuples and dictionaries of arrays and tensors.
    epsabs, epsrel, limit
        As for `scipy.integrate.quad_vec`: the errors that are good enough, and the most intervals
        to split the way into.

    Returns
    -------
    Tensor or array
        The integral, of the shape of what `fun` returns: a tensor if there are variables among the
        ends and parameters.

    Raises
    ------
    mygrad.implicit.solving.NoSolution
        The integral did not converge.
    TypeError
        An array is not NumPy's; `fun` computes with a variable that is not in `args`.

    Notes
    -----
    Leibniz' rule: the derivative by a parameter is the integral of the derivative, which is
    computed to the same errors; those by the ends are the values of `fun` there. What depends on
    the parameters has to be smooth in them for all t, or the ends have to be put where it is not.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> rate = mg.tensor(2.0)
    >>> total = mg.implicit.quad(lambda t, k: np.exp(-k * t), 0.0, np.inf, (rate,))
    >>> total.backward()
    >>> np.allclose(total, 1 / 2), np.allclose(rate.grad, -1 / 4)
    (True, True)
    """
    host_values("quad", a=a, b=b, args=args)
    integrate = scipy_module("scipy.integrate", "mygrad.implicit.quad")
    integrand = host_function("quad", fun, real=False)
    if is_complex(integrand(_between(float(raw(a)), float(raw(b))), *_raw_leaves(args))):
        return joined(quad(to_pairs(fun, None), a, b, args, epsabs, epsrel, limit))

    def solve(a: Any, b: Any, *args: Any) -> Any:
        total, error, info = integrate.quad_vec(
            lambda t: integrand(t, *args),
            float(a),
            float(b),
            epsabs,
            epsrel,
            limit=limit,
            full_output=True,
        )
        if not info.success:
            why = str(info.message).rstrip(".")
            raise NoSolution(
                f"mygrad.implicit.quad has not found the integral, which may be off by {error}: "
                f"{why}"
            )
        return total

    def adjoints(parameters: Parameters, values: Any, total: Any, g: Any) -> list[Any]:
        filled = parameters.filled
        a, b, *args = filled(values)
        found: list[Any] = [None] * len(values)
        for end, k, sign in ((a, parameters.number(0), -1.0), (b, parameters.number(1), 1.0)):
            if k is not None:
                at_end = registry["sum"](g * fun(end, *args)) * sign
                found[k] = at_end if isinstance(g, Handle) else raw(at_end)
        for k in range(len(values)):
            if k in (parameters.number(0), parameters.number(1)):
                continue

            def slope(t: Any, g: Any, values: Any, k: int = k) -> Any:
                def of_one(value: Any) -> Any:
                    return fun(t, *filled([*values[:k], value, *values[k + 1 :]])[2:])

                return vjp(of_one, values[k])[1](g)[0]

            found[k] = quad(slope, a, b, (g, list(values)), epsabs, epsrel, limit)
        return found

    return differentiable("quad", (a, b, *args), solve, adjoints)


def _between(a: float, b: float) -> float:
    """A number between the ends."""
    if isfinite(a) and isfinite(b):
        return (a + b) / 2
    return a + 1.0 if isfinite(a) else b - 1.0 if isfinite(b) else 0.0


def _raw_leaves(tree: Any) -> Any:
    """Nested arguments with the arrays of tensors."""
    leaves, structure = flatten(tuple(tree))
    return structure.filled([raw(leaf) for leaf in leaves])
