"""Solutions of linear equations whose matrix is a function, and nowhere written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mygrad.arrays import get_adapter
from mygrad.autodiff.nodes import Handle
from mygrad.implicit.complex_parts import is_complex, joined, pairs, to_pairs
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

__all__ = ["cg", "gmres"]

Array = Any
Function = Callable[..., Any]


def cg(
    operator: Function, b: Any, args: Sequence[Any] = (), rtol: float = 1e-10,
    maxiter: int | None = None,
) -> Any:  # fmt: skip
    """The solution x of ``operator(x, *args) = b`` by conjugate gradients.

    Parameters
    ----------
    operator
        A function of an array of the shape of `b` and of parameters, which is linear, symmetric (or
        Hermitian) and positive definite in the array, and returns one of the same shape.
    b
        The right-hand side, an array of floats or a tensor; complex if the operator is.
    args
        The parameters: nested lists, tuples and dictionaries of arrays and tensors.
    rtol
        The solution is good enough where the norm of the rest is this part of that of `b`.
    maxiter
        The most iterations to make.

    Returns
    -------
    Tensor or array
        The solution, of the shape of `b`: a tensor if `b` or something in `args` is a variable.

    Raises
    ------
    mygrad.implicit.solving.NoSolution
        The solver did not converge.
    TypeError
        An array is not NumPy's; `operator` computes with a variable that is not in `args`.

    Notes
    -----
    The method of [1]_, as SciPy has it. The adjoint of `b` is the solution for the adjoint of x,
    found in the same way; no matrix is ever made.

    References
    ----------
    .. [1] M. R. Hestenes and E. Stiefel, *Methods of Conjugate Gradients for Solving Linear
       Systems*, Journal of Research of the National Bureau of Standards 49 (1952).

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> stiffness, force = mg.tensor(2.0), np.array([1.0, 0.0, 0.0])
    >>> def springs(x, k):
    ...     return k * (3 * x - np.roll(x, 1) - np.roll(x, -1))
    >>> x = mg.implicit.cg(springs, force, (stiffness,))
    >>> x[0].backward()
    >>> np.allclose(x, [0.25, 0.125, 0.125]), np.allclose(stiffness.grad, -0.125)
    (True, True)
    """
    return _solved("cg", operator, b, args, True, {"rtol": rtol, "maxiter": maxiter})


def gmres(
    operator: Function, b: Any, args: Sequence[Any] = (), rtol: float = 1e-10,
    maxiter: int | None = None, restart: int | None = None,
) -> Any:  # fmt: skip
    """The solution x of ``operator(x, *args) = b`` by the method of generalized minimal residuals.

    Parameters
    ----------
    operator
        As for `cg`, but linear is all that it has to be.
    b, args, rtol, maxiter
        As for `cg`.
    restart
        After how many iterations the solver begins anew; it keeps as many vectors.

    Returns
    -------
    Tensor or array
        As for `cg`.

    Raises
    ------
    mygrad.implicit.solving.NoSolution, TypeError
        As for `cg`.

    Notes
    -----
    The method of [1]_, as SciPy has it. The transposed operator, for the adjoints, is the pullback
    of `operator`.

    References
    ----------
    .. [1] Y. Saad and M. H. Schultz, *GMRES: A Generalized Minimal Residual Algorithm for Solving
       Nonsymmetric Linear Systems*, SIAM Journal on Scientific and Statistical Computing 7 (1986).

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> drift = mg.tensor(0.5)
    >>> x = mg.implicit.gmres(lambda x, a: x - a * np.roll(x, 1), np.array([1.0, 0.0]), (drift,))
    >>> x.backward()
    >>> np.allclose(x, [4 / 3, 2 / 3]), np.allclose(drift.grad, 4.0)
    (True, True)
    """
    options = {"rtol": rtol, "maxiter": maxiter, "restart": restart}
    return _solved("gmres", operator, b, args, False, options)


def _solved(
    name: str, operator: Function, b: Any, args: Sequence[Any], symmetric: bool,
    options: dict[str, Any],
) -> Any:  # fmt: skip
    host_values(name, b=b, args=args)
    if not callable(operator):
        raise TypeError(
            f"mygrad.implicit.{name}: the operator is a function, and not a "
            f"{type(operator).__name__}; for a matrix say lambda x, a: a @ x, with args=(a,)"
        )
    if is_complex(b):
        return joined(_solved(name, to_pairs(operator), pairs(b), args, symmetric, options))
    linalg = scipy_module("scipy.sparse.linalg", f"mygrad.implicit.{name}")
    applied = host_function(name, operator)
    host = get_adapter("numpy")

    def solve(b: Array, *args: Any) -> Array:
        b = host.asarray(b)
        product = linalg.LinearOperator(
            (b.size, b.size), dtype=b.dtype,
            matvec=lambda x: applied(x.reshape(b.shape), *args).reshape(-1),
        )  # fmt: skip
        x, steps = getattr(linalg, name)(product, b.reshape(-1), atol=0.0, **options)
        if steps:
            raise NoSolution(
                f"mygrad.implicit.{name} has found no solution in {steps} iterations to rtol="
                f"{options['rtol']}"
            )
        return x.reshape(b.shape)

    def adjoints(parameters: Parameters, values: Any, x: Any, g: Any) -> tuple[Any, ...]:
        _, *args = parameters.filled(values)
        transposed = operator if symmetric else partial(_transposed, operator, x)
        along = _solved(name, transposed, g, args, symmetric, options)

        def rest(*values: Any) -> Any:
            b, *args = parameters.filled(values)
            return b - operator(x, *args)

        _, pullback = vjp(rest, *values)
        return pullback(along if isinstance(g, Handle) else raw(along))  # type: ignore[no-any-return]

    return differentiable(name, (b, *args), solve, adjoints)


def _transposed(operator: Function, like: Any, y: Any, *args: Any) -> Any:
    """The transposed operator: the pullback of the operator, wherever that is taken."""
    _, pullback = vjp(lambda x: operator(x, *args), raw(like))
    return pullback(y)[0]
