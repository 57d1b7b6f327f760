"""RMSprop: gradients divided by the root of their mean square."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.optim.optimizer import Arrays, Optimizer, Options
from mygrad.optim.schedules import Schedule
from mygrad.optim.updates import updated

__all__ = ["RMSprop", "rmsprop_update"]

Array = Any


@composition
def rmsprop_update(
    p: Array, g: Array, master: Array | None, squares: Array, mean: Array | None,
    velocity: Array | None, rate: float, alpha: float, eps: float, weight_decay: float,
    momentum: float, *, xp: Any,
) -> tuple[Array, ...]:  # fmt: skip
    """One step of `RMSprop`, in place; with a `mean` it is centred."""
    centered, moves = mean is not None, velocity is not None

    def formula(p: Array, g: Array, squares: Array, *more: Array) -> tuple[Array, ...]:
        if weight_decay:
            g = g + weight_decay * p
        squares *= alpha
        squares += (1 - alpha) * (g * g)
        scale = squares
        if centered:
            mean = more[0]
            mean *= alpha
            mean += (1 - alpha) * g
            scale = squares - mean * mean
            scale = xp.where(scale < 0, 0.0, scale)  # by rounding, where gradients are all alike
            more = (mean, *more[1:])
        scale = xp.sqrt(scale)
        scale += eps
        change = g / scale
        if moves:
            velocity = more[-1]
            velocity *= momentum
            velocity += change
            change = velocity
            more = (*more[:-1], velocity)
        p -= rate * change
        return p, squares, *more

    state = tuple(a for a in (squares, mean, velocity) if a is not None)
    return updated(formula, p, g, master, state, xp)


class RMSprop(Optimizer):
    """Gradients divided by the root of their mean square over the last steps.

    With g the gradient, plus `weight_decay` times the parameter p::

        s = alpha * s + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g               (a = 0 if not centered)
        v = momentum * v + g / (sqrt(s - a**2) + eps)
        p = p - learning_rate * v

    Parameters
    ----------
    parameters
        The tensors to change, as for `Optimizer`.
    learning_rate
        The length of a step.
    alpha
        How much of the averages is left after a step.
    eps
        What keeps the quotient finite.
    weight_decay
        The factor of the parameter in its gradient: the derivative of half its square.
    momentum
        The part of the velocity v that is left after a step.
    centered
        Whether to divide by the standard deviation, and not by the root of the mean square.

    Notes
    -----
    The method is that of [1]_, the centred one that of [2]_, with the formulas of PyTorch. Where
    rounding makes the variance negative it counts as 0 (PyTorch's is NaN then).

    References
    ----------
    .. [1] T. Tieleman and G. Hinton, *Lecture 6.5: rmsprop*, Neural Networks for Machine Learning,
       2012.
    .. [2] A. Graves, *Generating Sequences With Recurrent Neural Networks*, arXiv:1308.0850.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, -300.0])
    >>> optimizer = mg.optim.RMSprop([x], learning_rate=0.1, alpha=0.75)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> x
    Tensor([   0.8, -299.8])
    """

    learning_rate: float | Schedule
    alpha: float
    eps: float
    weight_decay: float
    momentum: float | Schedule
    centered: bool

    _flags = frozenset(("centered",))
    _below_one = frozenset(("alpha",))

    def __init__(
        self, parameters: Any, learning_rate: float | Schedule = 0.01, *, alpha: float = 0.99,
        eps: float = 1e-8, weight_decay: float = 0.0, momentum: float | Schedule = 0.0,
        centered: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            parameters, learning_rate=learning_rate, alpha=alpha, eps=eps,
            weight_decay=weight_decay, momentum=momentum, centered=centered,
        )  # fmt: skip

    def _accumulators(self, options: Options) -> dict[str, float]:
        names = ["square_average"]
        names += ["gradient_average"] if options["centered"] else []
        names += ["velocity"] if options["momentum"] else []
        return dict.fromkeys(names, 0.0)

    def _update(
        self, xp: Any, p: Array, g: Array, state: Arrays, options: Options, fresh: bool, step: int
    ) -> Any:
        return xp.rmsprop_update(
            p, g, state.get("master"), state["square_average"], state.get("gradient_average"),
            state.get("velocity"), options["learning_rate"], options["alpha"], options["eps"],
            options["weight_decay"], options["momentum"],
        )  # fmt: skip
