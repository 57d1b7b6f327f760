"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

from math import sqrt
from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.optim.optimizer import Arrays, Optimizer, Options
from mygrad.optim.schedules import Schedule
from mygrad.optim.updates import updated

__all__ = ["Adam", "AdamW", "adam_update"]

Array = Any


@composition
def adam_update(
    p: Array, g: Array, master: Array | None, m: Array, v: Array,
    rate: float, beta1: float, beta2: float, eps: float, weight_decay: float, shrink: float,
    step: int, *, xp: Any,
) -> tuple[Array, ...]:  # fmt: skip
    """Step number `step` of `Adam` (weight_decay) or `AdamW` (shrink), in place."""
    forward, part = rate / (1 - beta1**step), 1 - beta2**step
    root = sqrt(part) if type(part) is float else part**0.5  # a number that Python does not know

    def formula(p: Array, g: Array, m: Array, v: Array) -> tuple[Array, ...]:
        if weight_decay:
            g = g + weight_decay * p
        if shrink:
            p *= 1 - shrink
        m *= beta1
        m += (1 - beta1) * g
        squares = g * g
        squares *= 1 - beta2
        v *= beta2
        v += squares
        scale = xp.sqrt(v)
        scale /= root
        scale += eps
        change = m / scale
        change *= forward
        p -= change
        return p, m, v

    return updated(formula, p, g, master, (m, v), xp)


class Adam(Optimizer):
    """Steps of about the learning rate, whatever the size of the gradient.

    With g the gradient, plus `weight_decay` times the parameter p, in step number t::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p = p - learning_rate * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)

    Parameters
    ----------
    parameters
        The tensors to change, as for `Optimizer`.
    learning_rate
        About how far an element moves in a step, at most.
    beta1, beta2
        How much of the averages m, of the gradient, and v, of its square, is left after a step.
    eps
        What keeps the quotient finite.
    weight_decay
        The factor of the parameter in its gradient: the derivative of half its square.

    Notes
    -----
    Algorithm 1 of [1]_, with the formulas of PyTorch.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015,
       arXiv:1412.6980.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, -300.0])
    >>> optimizer = mg.optim.Adam([x], learning_rate=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> x
    Tensor([   0.9, -299.9])
    """

    learning_rate: float | Schedule
    beta1: float | Schedule
    beta2: float
    eps: float
    weight_decay: float

    _below_one = frozenset(("beta1", "beta2"))
    _decoupled = False

    def __init__(
        self, parameters: Any, learning_rate: float | Schedule = 0.001, *,
        beta1: float | Schedule = 0.9, beta2: float = 0.999, eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(
            parameters, learning_rate=learning_rate, beta1=beta1, beta2=beta2, eps=eps,
            weight_decay=weight_decay,
        )  # fmt: skip

    def _accumulators(self, options: Options) -> dict[str, float]:
        return {"first_moment": 0.0, "second_moment": 0.0}

    def _update(
        self, xp: Any, p: Array, g: Array, state: Arrays, options: Options, fresh: bool, step: int
    ) -> Any:
        rate, decay = options["learning_rate"], options["weight_decay"]
        return xp.adam_update(
            p, g, state.get("master"), state["first_moment"], state["second_moment"],
            rate, options["beta1"], options["beta2"], options["eps"],
            0.0 if self._decoupled else decay, rate * decay if self._decoupled else 0.0, step,
        )  # fmt: skip


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: it shrinks all parameters alike.

    A step multiplies the parameter by ``1 - learning_rate * weight_decay``, then does what `Adam`
    does without weight decay.

    Parameters
    ----------
    parameters
        The tensors to change, as for `Optimizer`.
    learning_rate, beta1, beta2, eps
        As for `Adam`.
    weight_decay
        The part of the parameter, in learning rates, that a step takes away.

    Notes
    -----
    Algorithm 2 of [1]_, where the learning rate is also the factor of the decay, as in PyTorch.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, *Decoupled Weight Decay Regularization*, ICLR 2019,
       arXiv:1711.05101.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([10.0, -300.0])
    >>> optimizer = mg.optim.AdamW([x], learning_rate=0.1, weight_decay=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> x
    Tensor([   9.8, -296.9])
    """

    _decoupled = True

    def __init__(
        self, parameters: Any, learning_rate: float | Schedule = 0.001, *,
        beta1: float | Schedule = 0.9, beta2: float = 0.999, eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__(
            parameters, learning_rate, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay
        )
