"""L-BFGS, for losses without noise: SciPy's, on the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mygrad.arrays import by_type
from mygrad.autodiff.inplace import protect
from mygrad.optim.optimizer import Optimizer, refuse_locked
from mygrad.tensors.base import Tensor
from mygrad.transforms.for_scipy import scipy_module
from mygrad.transforms.vectors import Pieces

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Many steps at once, each along a direction that past gradients tell, as long as pays.

    `step` is given a function that computes the loss, and calls it as often as it needs. The loss
    has to be the same function each time: all data at once, nothing drawn at random. Then it takes
    far fewer gradients than the other optimisers do, and reaches the minimum to many digits.

    Parameters
    ----------
    parameters
        The tensors to change, as for `Optimizer`.
    max_iterations
        How many iterations a step makes at most; each of them calls the function once, or a few
        times.
    history
        How many past gradients it keeps.
    tolerance
        A step ends where no element of the gradient is larger.
    change_tolerance
        A step ends after an iteration that brought the loss down by less than this part of it.

    Attributes
    ----------
    result : scipy.optimize.OptimizeResult
        What SciPy says about the last step: ``nit`` iterations, ``nfev`` calls, ``message``, ...

    Raises
    ------
    ModuleNotFoundError
        SciPy is not there: ``pip install "mygrad[scipy]"``.

    Notes
    -----
    The algorithm of [1]_, with the line search and the code of [2]_ as SciPy has them. It computes
    on one vector of float64 on the host: parameters and gradients on a GPU travel there and back
    at each call. A step begins without a history, and so leaves none to save.

    References
    ----------
    .. [1] D. C. Liu and J. Nocedal, *On the limited memory BFGS method for large scale
       optimization*, Mathematical Programming 45 (1989).
    .. [2] C. Zhu, R. H. Byrd, P. Lu and J. Nocedal, *Algorithm 778: L-BFGS-B*, ACM Transactions on
       Mathematical Software 23 (1997).

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([-1.2, 1.0], dtype="float64")
    >>> def rosenbrock():
    ...     return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    >>> optimizer = mg.optim.LBFGS(x, max_iterations=100)
    >>> loss = optimizer.step(rosenbrock)
    >>> mg.allclose(x, [1.0, 1.0], atol=1e-4), loss < 1e-9
    (True, True)
    """

    max_iterations: float
    history: float
    tolerance: float
    change_tolerance: float

    def __init__(
        self, parameters: Any, *, max_iterations: float = 20, history: float = 10,
        tolerance: float = 1e-7, change_tolerance: float = 1e-12,
    ) -> None:  # fmt: skip
        super().__init__(
            parameters, max_iterations=max_iterations, history=history, tolerance=tolerance,
            change_tolerance=change_tolerance,
        )  # fmt: skip
        if any(len(group) > 1 for group in self.groups):
            raise ValueError("LBFGS: there is one line search for all parameters, so that groups "
                             "cannot have options of their own")  # fmt: skip
        self.result: Any = None

    def step(self, loss: Callable[[], Tensor] | None = None) -> float:  # type: ignore[override]
        """Bring the loss down.

        Parameters
        ----------
        loss
            Called without arguments, it computes the loss, a tensor of one element, from the
            parameters as they are then. It may call ``backward()`` on it, as it would for
            PyTorch, or leave that to the optimiser.

        Returns
        -------
        float
            The loss that was reached. The parameters are left there, without gradients.

        Raises
        ------
        TypeError, ValueError
            The function did not return such a tensor, or it does not depend on the parameters; a
            parameter is read-only. As after all errors, those in the function too, the parameters
            are what they were before the step.
        """
        if not callable(loss):
            raise TypeError(
                "LBFGS: step() wants a function that computes the loss, which it calls again and "
                "again: optimizer.step(lambda: compute_loss(model, data))"
            )
        optimize = scipy_module("scipy.optimize", "mygrad.optim.LBFGS")
        options = self._options_of(0)
        found = [item for group in self.groups for item in group["parameters"].items()]
        tensors, names = [t for _, t in found], [f"LBFGS: the parameter {n}" for n, _ in found]
        pieces = Pieces([t._data for t in tensors], names)
        start = pieces.vector([t._data for t in tensors])

        def value_and_gradient(x: Any) -> tuple[float, Any]:
            _put(tensors, pieces.arrays(x), names)
            return _value(loss, tensors), pieces.vector([_gradient(t) for t in tensors])

        try:
            result = optimize.minimize(
                value_and_gradient, start, jac=True, method="L-BFGS-B",
                options={
                    "maxiter": int(options["max_iterations"]), "maxcor": int(options["history"]),
                    "gtol": options["tolerance"], "ftol": options["change_tolerance"],
                },
            )  # fmt: skip
        except BaseException:
            _put(tensors, pieces.arrays(start), names)
            raise
        _put(tensors, pieces.arrays(result.x), names)
        self.zero_grad()
        self.result = result
        self.steps += 1
        return float(result.fun)


def _value(loss: Callable[[], Tensor], tensors: list[Tensor]) -> float:
    """The loss, after its gradients have been computed."""
    for t in tensors:
        t.null_grad()
    value = loss()
    if not isinstance(value, Tensor) or value.size != 1:
        what = f"shape {value.shape}" if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"LBFGS: the loss has to be a tensor of one element, and is of {what}")
    if all(t.grad is None for t in tensors):
        value.backward()
    if all(t.grad is None for t in tensors):
        raise ValueError("LBFGS: the loss depends on none of the parameters")
    return float(value.item())


def _gradient(t: Tensor) -> Any:
    grad = t.grad
    if grad is None:
        adapter = by_type[type(t._data)]
        return adapter.xp.zeros_like(t._data)
    return grad._data if isinstance(grad, Tensor) else grad


def _put(tensors: list[Tensor], values: list[Any], names: list[str]) -> None:
    """Write new values into the memory of the parameters."""
    for t, value, name in zip(tensors, values, names, strict=True):
        adapter, buffer = by_type[type(t._data)], t._buffer
        refuse_locked(t, adapter, name)
        if buffer is not None and buffer.readers:
            protect(buffer, t._data, adapter)
        p = adapter.assign(t._data, ..., value)
        if not adapter.has_views:
            adapter.take_over(t, None if buffer is None else buffer.layout, p)
