"""Adagrad: gradients divided by the root of the sum of all their squares."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.optim.optimizer import Arrays, Optimizer, Options
from mygrad.optim.schedules import Schedule
from mygrad.optim.updates import updated

__all__ = ["Adagrad", "adagrad_update"]

Array = Any


@composition
def adagrad_update(
    p: Array, g: Array, master: Array | None, squares: Array,
    rate: float, eps: float, weight_decay: float, *, xp: Any,
) -> tuple[Array, ...]:  # fmt: skip
    """One step of `Adagrad`, in place."""

    def formula(p: Array, g: Array, squares: Array) -> tuple[Array, ...]:
        if weight_decay:
            g = g + weight_decay * p
        squares += g * g
        scale = xp.sqrt(squares)
        scale += eps
        change = g / scale
        change *= rate
        p -= change
        return p, squares

    return updated(formula, p, g, master, (squares,), xp)


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares: rare ones count more.

    With g the gradient, plus `weight_decay` times the parameter p, in step number t::

        s = s + g**2
        p = p - learning_rate / (1 + (t - 1) * learning_rate_decay) * g / (sqrt(s) + eps)

    Parameters
    ----------
    parameters
        The tensors to change, as for `Optimizer`.
    learning_rate
        How far an element moves in the first step.
    learning_rate_decay
        By how much a step makes the divisor of the learning rate larger.
    weight_decay
        The factor of the parameter in its gradient: the derivative of half its square.
    initial_accumulator_value
        The sum s before the first step.
    eps
        What keeps the quotient finite.

    Notes
    -----
    The diagonal form of [1]_, with the formulas of PyTorch.

    References
    ----------
    .. [1] J. Duchi, E. Hazan and Y. Singer, *Adaptive Subgradient Methods for Online Learning and
       Stochastic Optimization*, Journal of Machine Learning Research 12 (2011).

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, -300.0])
    >>> optimizer = mg.optim.Adagrad([x], learning_rate=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> x
    Tensor([   0.9, -299.9])
    """

    learning_rate: float | Schedule
    learning_rate_decay: float
    weight_decay: float
    initial_accumulator_value: float
    eps: float

    def __init__(
        self, parameters: Any, learning_rate: float | Schedule = 0.01, *,
        learning_rate_decay: float = 0.0, weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0, eps: float = 1e-10,
    ) -> None:  # fmt: skip
        super().__init__(
            parameters, learning_rate=learning_rate, learning_rate_decay=learning_rate_decay,
            weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value, eps=eps,
        )  # fmt: skip

    def _accumulators(self, options: Options) -> dict[str, float]:
        return {"sum_of_squares": options["initial_accumulator_value"]}

    def _update(
        self, xp: Any, p: Array, g: Array, state: Arrays, options: Options, fresh: bool, step: int
    ) -> Any:
        rate = options["learning_rate"] / (1 + (step - 1) * options["learning_rate_decay"])
        return xp.adagrad_update(
            p, g, state.get("master"), state["sum_of_squares"], rate, options["eps"],
            options["weight_decay"],
        )  # fmt: skip
