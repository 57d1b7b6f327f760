"""Losses that measure how far predictions are from targets, or one distribution from another."""

from __future__ import annotations

from numbers import Real
from typing import Any

from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import square
from mygrad.math.dtypes import real_only
from mygrad.math.exp_log import exp
from mygrad.nnet.losses.reducing import REDUCTIONS, check_reduction, finished, with_targets
from mygrad.tensors.base import Tensor

__all__ = ["huber_loss", "kl_div", "mse_loss"]


def mse_loss(
    x: Any, y_true: Any, *, reduction: str = "mean", constant: bool | None = None
) -> Tensor:
    """The mean of the squares of errors.

    Parameters
    ----------
    x
        Predictions, of any shape.
    y_true
        Targets, of the same shape, or one number. Gradients flow to them, too.
    reduction : {"mean", "sum", "none"}
        What becomes of the losses.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        0-d, or with ``reduction="none"`` of the shape of `x`.

    Raises
    ------
    ValueError
        The shapes differ (they do not broadcast: (N, 1) and (N,) would be N² errors), or the
        reduction is not known.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import mse_loss
    >>> mse_loss(mg.tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(2.)
    """
    check_reduction(reduction, "mse_loss")
    x, y, back = with_targets(x, y_true, "mse_loss")
    return finished(square(x - y), reduction, back, constant)


def _limited(error: Any, delta: float, xp: Any) -> Any:
    return xp.minimum(xp.maximum(error, -delta), delta)


@primitive(error=lambda g, error, delta, xp: g * _limited(error, delta, xp))
def huber_curve(error: Any, delta: float, *, xp: Any) -> Any:
    """Half the square, and beyond `delta` the tangent."""
    real_only(error, xp, "huber_curve")
    size = xp.abs(error)
    near = xp.minimum(size, delta)
    return near * (size - 0.5 * near)


def huber_loss(
    x: Any,
    y_true: Any,
    *,
    delta: float = 1.0,
    reduction: str = "mean",
    constant: bool | None = None,
) -> Tensor:
    """Half the square of errors up to `delta`, and their size, times `delta`, beyond.

    Parameters
    ----------
    x
        Predictions, of any shape.
    y_true
        Targets, of the same shape, or one number. Gradients flow to them, too.
    delta
        From which error on the loss is linear; more than 0.
    reduction : {"mean", "sum", "none"}
        What becomes of the losses.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        0-d, or with ``reduction="none"`` of the shape of `x`.

    Raises
    ------
    ValueError
        The shapes differ, or an option is out of range.

    Notes
    -----
    ``error**2 / 2`` where that is at most `delta`, else ``delta * (|error| - delta / 2)``: Huber,
    *Robust estimation of a location parameter*, Annals of Mathematical Statistics 35, 1964. The
    second derivative at `delta` is taken to be 0.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import huber_loss
    >>> huber_loss(mg.tensor([1.0, 5.0]), [0.5, 1.0], reduction="none")
    Tensor([0.125, 3.5  ])
    """
    check_reduction(reduction, "huber_loss")
    if not isinstance(delta, Real) or not float(delta) > 0:
        raise ValueError(f"huber_loss: delta is a number above 0, and not {delta!r}")
    x, y, back = with_targets(x, y_true, "huber_loss")
    return finished(huber_curve(x - y, float(delta)), reduction, back, constant)


def _log_of_some(share: Any, xp: Any) -> Any:
    """The logarithm, and 0 for 0: of a share that is, nothing is taken."""
    return xp.log(xp.where(share == 0, 1.0, share))


def _by_share(g: Any, log_q: Any, p: Any, xp: Any) -> Any:
    return g * (_log_of_some(p, xp) + xp.where(p == 0, 0.0, xp.ones_like(p)) - log_q)


@primitive(
    log_q=lambda g, p: -g * p,
    p=lambda g, log_q, p, xp: _by_share(g, log_q, p, xp),
    broadcasts="elements",
)
def entropy_beyond(log_q: Any, p: Any, *, xp: Any) -> Any:
    """``p (log p - log q)``, given ``log q``; 0 where p is 0."""
    return xp.where(p == 0, 0.0, p * (_log_of_some(p, xp) - log_q))


def kl_div(
    x: Any,
    y_true: Any,
    *,
    reduction: str = "mean",
    log_target: bool = False,
    constant: bool | None = None,
) -> Tensor:
    r"""Kullback-Leibler divergence of the distribution of `x` from that of `y_true`.

    Parameters
    ----------
    x
        Logarithms of probabilities, shape (N, ...).
    y_true
        Probabilities, of the same shape. Gradients flow to them, too.
    reduction : {"mean", "batchmean", "sum", "none"}
        What becomes of the terms. The divergence is their sum; ``"batchmean"`` divides that by N,
        and ``"mean"``, PyTorch's default, by the number of terms.
    log_target
        Whether `y_true` has logarithms of probabilities, too.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        0-d, or with ``reduction="none"`` of the shape of `x`.

    Raises
    ------
    ValueError
        The shapes differ, or the reduction is not known.

    Notes
    -----
    :math:`p (\log p - x)` for each probability p, 0 where p is: Kullback and Leibler, *On
    information and sufficiency*, Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import kl_div
    >>> kl_div(mg.log([[0.5, 0.5]]), mg.tensor([[1.0, 0.0]]), reduction="batchmean")
    Tensor(0.69314718)
    """
    check_reduction(reduction, "kl_div", (*REDUCTIONS, "batchmean"))
    x, y, back = with_targets(x, y_true, "kl_div")
    terms = exp(y) * (y - x) if log_target else entropy_beyond(x, y)
    if reduction != "batchmean":
        return finished(terms, reduction, back, constant)
    if not x.ndim:
        raise ValueError(
            "kl_div: reduction='batchmean' divides by the length of the first axis, and x is 0-d"
        )
    return finished(terms, "mean", back, constant, x.shape[0])
