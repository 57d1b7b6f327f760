"""What losses that are made of terms have in common: two operands of one shape, and a reduction."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.namespace import tensor_namespace_of
from mygrad.autodiff.operands import SCALARS, floating
from mygrad.math.arithmetic import divide, positive
from mygrad.math.dtypes import is_narrow, real_only
from mygrad.math.sequential import mean, sum
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["check_reduction", "finished", "wide", "with_targets"]

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(reduction: Any, name: str, known: tuple[str, ...] = REDUCTIONS) -> None:
    """Raise for a reduction that there is not."""
    if reduction not in known:
        raise ValueError(
            f"{name}: reduction is one of {', '.join(map(repr, known))}, and not {reduction!r}"
        )


def wide(x: Tensor) -> tuple[Tensor, Any]:
    """A tensor to compute losses with, and the dtype that they go back to, None for theirs.

    float16 becomes float32, in which many terms add up, and integers become float64.
    """
    adapter = adapter_of(x._data)
    assert adapter is not None
    real_only(x, tensor_namespace_of(adapter), "a loss")
    if is_narrow(x, tensor_namespace_of(adapter)):
        return x.astype(adapter.xp.float32), x.dtype
    if floating[adapter, x.dtype]:
        return x, None
    return x.astype(adapter.xp.float64, constant=True), None


def with_targets(x: Any, y_true: Any, name: str) -> tuple[Tensor, Tensor, Any]:
    """Predictions and targets of the same shape, to compute with, and the dtype of the loss."""
    x = as_operand_tensor(x, (y_true,))
    y = as_operand_tensor(y_true, (x,))
    if y.ndim and tuple(x.shape) != tuple(y.shape):
        raise ValueError(
            f"{name}: targets have the shape of the predictions, or are one number for all, and "
            f"the shapes are {tuple(y.shape)} and {tuple(x.shape)}; reshape one of them, or "
            f"broadcast it with mg.broadcast_to"
        )
    x, back = wide(x)
    adapter = adapter_of(x._data)
    assert adapter is not None
    if type(y_true) in SCALARS or not floating[adapter, y.dtype]:
        return x, y.astype(x.dtype, constant=True), back
    return x, wide(y)[0], back


def finished(
    losses: Tensor, reduction: str, back: Any, constant: bool | None, count: Any = None
) -> Tensor:
    """Losses, reduced, in the dtype `back`. Divided by `count` where that is given."""
    settled = constant if back is None else None
    if reduction == "none":
        found = losses if settled is None else positive(losses, constant=settled)
    elif reduction == "sum":
        found = sum(losses, constant=settled)
    elif count is None:
        found = mean(losses, constant=settled)
    else:
        found = divide(sum(losses), count, constant=settled)
    return found if back is None else found.astype(back, constant=constant)
