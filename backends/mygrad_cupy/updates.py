"""The updates of optimisers, each in one kernel.

Parameter, master and accumulators are read and written once, in place; the scalars of a step are
arguments of the launch, so that nothing is copied and nobody waits. Composed of CuPy's functions an
update of Adam is 13 launches, and as many passes over memory.

The arithmetic is in the precision of the accumulators: float32 for parameters of 16 bits.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cupy
import numpy as np

__all__ = ["adagrad_update", "adam_update", "rmsprop_update", "sgd_update"]

# In the formulas `value` is the parameter and `grad` its gradient, in the precision of the state.
_DECAY = "if (weight_decay != 0) grad += weight_decay * value;"
_ADAM = f"""
    {_DECAY}
    value *= kept;
    const auto first = beta1 * m + rest1 * grad;
    const auto second = beta2 * v + rest2 * (grad * grad);
    m = first;
    v = second;
    value -= forward * (first / (sqrt(second) / root + eps));
"""
_ADAGRAD = f"""
    {_DECAY}
    const auto total = squares + grad * grad;
    squares = total;
    value -= rate * (grad / (sqrt(total) + eps));
"""
_SGD = {
    "": "value -= rate * grad;",
    "velocity": """
        const auto moved = momentum * velocity + taken * grad;
        velocity = moved;
        value -= rate * (nesterov ? grad + momentum * moved : moved);
    """,
}
_SCALE = {
    "": "const auto scale = sqrt(square) + eps;",
    "mean": """
        const auto average = alpha * mean + rest * grad;
        mean = average;
        const auto variance = square - average * average;
        const auto scale = sqrt(variance < 0 ? 0 : variance) + eps;
    """,
}
_MOVE = {
    "": "value -= rate * (grad / scale);",
    "velocity": """
        const auto moved = momentum * velocity + grad / scale;
        velocity = moved;
        value -= rate * moved;
    """,
}


@cache
def _kernel(name: str, formula: str, scalars: str, state: str, dtype: str, short: bool) -> Any:
    """The kernel of a formula: gradient and scalars come in, parameter and state are updated."""
    taken = "static_cast<float>(p)"
    if short:  # elements that somebody changed since go on from what they are now
        taken = f"static_cast<float>(static_cast<T>(master)) == {taken} ? master : {taken}"
    outs = ["T p", *(["float32 master"] if short else []), *(f"{dtype} {s}" for s in state.split())]
    number = {"float32": "float", "float64": "double"}[dtype]
    return cupy.ElementwiseKernel(
        ", ".join(["G g", *(f"{dtype} {s}" for s in scalars.split())]),
        ", ".join(outs),
        f"""
        {number} value = {taken if short else "p"};
        {number} grad = static_cast<{number}>(g);
        {formula}
        {"master = value;" if short else ""}
        p = static_cast<T>(value);
        """,
        f"mygrad_{name}",
    )


def _update(
    name: str, formula: str, p: Any, g: Any, master: Any, scalars: dict[str, Any],
    state: dict[str, Any],
) -> tuple[Any, ...]:  # fmt: skip
    """Launch the kernel of a formula."""
    arrays = {slot: array for slot, array in state.items() if array is not None}
    dtype = np.dtype(np.float32) if master is not None else p.dtype
    kernel = _kernel(
        name, formula, " ".join(scalars), " ".join(arrays), dtype.name, master is not None
    )
    changed = (p, *(() if master is None else (master,)), *arrays.values())
    kernel(g, *scalars.values(), *changed)
    return changed


def sgd_update(
    p: Any, g: Any, master: Any, velocity: Any,
    rate: float, momentum: float, taken: float, weight_decay: float, nesterov: bool,
) -> tuple[Any, ...]:  # fmt: skip
    formula = _DECAY + _SGD["" if velocity is None else "velocity"]
    scalars: dict[str, Any] = {"rate": rate, "weight_decay": weight_decay}
    if velocity is not None:
        scalars |= {"momentum": momentum, "taken": taken, "nesterov": float(nesterov)}
    return _update("sgd", formula, p, g, master, scalars, {"velocity": velocity})


def adam_update(
    p: Any, g: Any, master: Any, m: Any, v: Any,
    rate: float, beta1: float, beta2: float, eps: float, weight_decay: float, shrink: float,
    step: int,
) -> tuple[Any, ...]:  # fmt: skip
    scalars = {
        "forward": rate / (1 - beta1**step),
        "root": (1 - beta2**step) ** 0.5,
        "beta1": beta1,
        "rest1": 1 - beta1,
        "beta2": beta2,
        "rest2": 1 - beta2,
        "eps": eps,
        "weight_decay": weight_decay,
        "kept": 1 - shrink,
    }
    return _update("adam", _ADAM, p, g, master, scalars, {"m": m, "v": v})


def rmsprop_update(
    p: Any, g: Any, master: Any, squares: Any, mean: Any, velocity: Any,
    rate: float, alpha: float, eps: float, weight_decay: float, momentum: float,
) -> tuple[Any, ...]:  # fmt: skip
    formula = f"""
        {_DECAY}
        const auto square = alpha * squares + rest * (grad * grad);
        squares = square;
        {_SCALE["" if mean is None else "mean"]}
        {_MOVE["" if velocity is None else "velocity"]}
    """
    scalars = {
        "rate": rate, "alpha": alpha, "rest": 1 - alpha, "eps": eps, "weight_decay": weight_decay,
        "momentum": momentum,
    }  # fmt: skip
    state = {"squares": squares, "mean": mean, "velocity": velocity}
    return _update("rmsprop", formula, p, g, master, scalars, state)


def adagrad_update(
    p: Any, g: Any, master: Any, squares: Any, rate: float, eps: float, weight_decay: float
) -> tuple[Any, ...]:
    scalars = {"rate": rate, "eps": eps, "weight_decay": weight_decay}
    return _update("adagrad", _ADAGRAD, p, g, master, scalars, {"squares": squares})
