"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.optim.optimizer import Arrays, Optimizer, Options
from mygrad.optim.schedules import Schedule
from mygrad.optim.updates import updated

__all__ = ["SGD", "sgd_update"]

Array = Any


@composition
def sgd_update(
    p: Array, g: Array, master: Array | None, velocity: Array | None,
    rate: float, momentum: float, taken: float, weight_decay: float, nesterov: bool,
    *, xp: Any,
) -> tuple[Array, ...]:  # fmt: skip
    """One step of `SGD`, in place; `taken` is the part of the gradient that enters the velocity."""

    def formula(p: Array, g: Array, *state: Array) -> tuple[Array, ...]:
        if weight_decay:
            g = g + weight_decay * p
        if state:
            (v,) = state
            v *= momentum
            v += g if taken == 1 else taken * g
            g = g + momentum * v if nesterov else v
            state = (v,)
        p -= rate * g
        return p, *state

    return updated(formula, p, g, master, () if velocity is None else (velocity,), xp)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov's if asked for.

    With g the gradient, plus `weight_decay` times the parameter p::

        v = momentum * v + (1 - dampening) * g        (v = g in the first step)
        p = p - learning_rate * v                     (Nesterov: g + momentum * v in place of v)

    Parameters
    ----------
    parameters
        The tensors to change, as for `Optimizer`.
    learning_rate
        The length of a step, in gradients.
    momentum
        The part of the velocity v that is left after a step.
    dampening
        The part of the gradient that does not enter the velocity.
    weight_decay
        The factor of the parameter in its gradient: the derivative of half its square.
    nesterov
        Whether to step along the velocity as the next step will have it (Nesterov's momentum);
        needs momentum, and no dampening.

    Notes
    -----
    Momentum is Polyak's [1]_; the form of Nesterov's [2]_ that needs the gradient at the parameters
    alone is that of [3]_, with the learning rate outside of the velocity, as in PyTorch.

    References
    ----------
    .. [1] B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR
       Computational Mathematics and Mathematical Physics 4 (1964).
    .. [2] Y. Nesterov, *A method for solving the convex programming problem with convergence rate
       O(1/k^2)*, Doklady Akademii Nauk SSSR 269 (1983).
    .. [3] I. Sutskever, J. Martens, G. Dahl and G. Hinton, *On the importance of initialization and
       momentum in deep learning*, ICML 2013.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> optimizer = mg.optim.SGD([x], learning_rate=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> x
    Tensor([0.8, 1.6])
    """

    learning_rate: float | Schedule
    momentum: float | Schedule
    dampening: float
    weight_decay: float
    nesterov: bool

    _flags = frozenset(("nesterov",))

    def __init__(
        self, parameters: Any, learning_rate: float | Schedule = 0.001, *,
        momentum: float | Schedule = 0.0, dampening: float = 0.0, weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            parameters, learning_rate=learning_rate, momentum=momentum, dampening=dampening,
            weight_decay=weight_decay, nesterov=nesterov,
        )  # fmt: skip

    def _check(self, options: Options) -> None:
        if options["nesterov"] and (not options["momentum"] or options["dampening"]):
            raise ValueError(
                f"SGD: Nesterov's momentum needs momentum and no dampening, and was given "
                f"momentum={options['momentum']}, dampening={options['dampening']}"
            )

    def _accumulators(self, options: Options) -> dict[str, float]:
        return {"velocity": 0.0} if options["momentum"] else {}

    def _update(
        self, xp: Any, p: Array, g: Array, state: Arrays, options: Options, fresh: bool, step: int
    ) -> Any:
        return xp.sgd_update(
            p, g, state.get("master"), state.get("velocity"),
            options["learning_rate"], options["momentum"],
            1.0 if fresh else 1.0 - options["dampening"],
            options["weight_decay"], options["nesterov"],
        )  # fmt: skip
