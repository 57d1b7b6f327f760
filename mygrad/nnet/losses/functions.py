"""Loss functions. Labels are raw integer arrays."""

from __future__ import annotations

from numbers import Real
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand, floating
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import maximum
from mygrad.math.dtypes import in_float32, real_only
from mygrad.math.exp_log import expm1, log
from mygrad.math.sequential import mean, shared, sum
from mygrad.nnet.activations.functions import logsoftmax
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = [
    "focal_loss", "margin_ranking_loss", "multiclass_hinge", "negative_log_likelihood",
    "softmax_crossentropy", "softmax_focal_loss",
]  # fmt: skip


def _chosen(labels: Any, x: Any, xp: Any, name: str) -> tuple[Any, Any]:
    """`x`, and a mask of its shape, True at the label of each row; the labels are raw.

    A label that is no class raises. Where seeing that would mean waiting for a device, the row
    of `x` becomes nan, and all of it is chosen.
    """
    labels = as_operand(labels, xp.adapter, name, (x,))
    if x.ndim != 2 or tuple(labels.shape) != (x.shape[0],):
        raise ValueError(
            f"{name}: scores of shape (N, C) go with N labels, and the shapes are "
            f"{tuple(x.shape)} and {tuple(labels.shape)}"
        )
    library, count = xp.adapter.xp, x.shape[1]
    if not library.isdtype(labels.dtype, "integral"):
        raise TypeError(f"{name}: labels are integers, and these are of dtype {labels.dtype}")
    if not _asynchronous(xp.adapter) and x.shape[0]:
        low, high = int(library.min(labels)), int(library.max(labels))
        if low < -count or high >= count:
            raise IndexError(
                f"{name}: the label {low if low < -count else high} is none of the {count} "
                f"classes, 0 to {count - 1}"
            )
    mask = _at_labels(labels, count, xp)
    if not _asynchronous(xp.adapter):
        return x, mask
    known = library.any(mask, axis=1, keepdims=True)
    return xp.where(known, x, float("nan")), mask | ~known


def _at_labels(labels: Any, count: int, xp: Any) -> Any:
    """A mask of shape (N, `count`), True at the label of each row."""
    library = xp.adapter.xp
    labels = library.astype(labels, library.int64)  # uint8 cannot count 300 classes
    classes = library.arange(count, dtype=labels.dtype, device=labels.device)
    labels = library.where(labels < 0, labels + count, labels)  # -1 is the last class
    return library.expand_dims(labels, axis=1) == library.expand_dims(classes, axis=0)


def _asynchronous(adapter: Adapter) -> bool:
    """Whether looking at values means waiting for a device."""
    return type(adapter).synchronize is not Adapter.synchronize


def _labelled(x: Any, labels: Any, name: str) -> tuple[Tensor, Any]:
    """Scores as a tensor, and the mask of their labels."""
    from mygrad.autodiff.namespace import tensor_namespace_of

    x = as_operand_tensor(x)
    labels = labels._data if isinstance(labels, Handle) else labels
    adapter = adapter_of(x._data)
    assert adapter is not None
    return adapter.following(_chosen, name)(labels, x, tensor_namespace_of(adapter), name)


def _crossentropy_rule(
    g: Any, x: Any, y_true: Any, top: Any, others: Any, total: Any, xp: Any
) -> Any:
    """Probabilities; at the labels those of the others, negated, and not 1 less, which cancels."""
    labels = y_true._data if isinstance(y_true, Handle) else y_true
    mask = _at_labels(labels, x.shape[1], xp)
    powers = xp.where(~mask, xp.exp(x - top), 0.0) - xp.where(mask, others, 0.0)
    return (shared(g, x.shape[0] or 1) / total) * powers


@primitive(
    x=lambda g, x, y_true, top, others, total, xp: _crossentropy_rule(
        g, x, y_true, top, others, total, xp
    ),
    y_true=None,
    residuals=("top", "others", "total"),
)
def softmax_crossentropy(x: Any, y_true: Any, *, xp: Any) -> Any:
    """Mean cross-entropy of the softmax of scores, as one operation.

    Parameters
    ----------
    x
        Scores, shape (N, C).
    y_true
        Integer labels from 0 to C - 1, shape (N,). A label that is none raises; where that cannot
        be seen without waiting for a device, the loss is nan.

    Returns
    -------
    Tensor
        0-d.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import softmax_crossentropy
    >>> softmax_crossentropy(mg.tensor([[1.0, 1.0], [1.0, 1.0]]), [0, 1])
    Tensor(0.69314718)
    """
    real_only(x, xp, "softmax_crossentropy")
    x, mask = _chosen(y_true, x, xp, "softmax_crossentropy")
    top = xp.max(x, axis=1, keepdims=True)
    shifted = x - top
    label = xp.sum(xp.where(mask, shifted, 0.0), axis=1, keepdims=True)
    others = xp.sum(xp.where(~mask, xp.exp(shifted), 0.0), axis=1, keepdims=True)
    total = others + xp.exp(label)
    # The loss of a sure sample is close to 0: the logarithm of 1 + the others.
    losses = xp.where(label == 0, xp.log1p(others), xp.log(total) - label)
    return in_float32(xp.mean, losses, xp), top, others, total


def negative_log_likelihood(
    x: Any, y_true: Any, *, weights: Any = None, constant: bool | None = None
) -> Any:
    """Mean of the negated log-probabilities of the labels.

    Parameters
    ----------
    x
        Log-probabilities, shape (N, C).
    y_true
        Integer labels, shape (N,).
    weights
        A factor for each class, shape (C,); ones if not given.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        0-d.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import negative_log_likelihood
    >>> negative_log_likelihood(mg.log(mg.tensor([[0.5, 0.5]])), [0])
    Tensor(0.69314718)
    """
    from mygrad.tensor_manip import where

    x, mask = _labelled(x, y_true, "negative_log_likelihood")
    if weights is not None:
        weights = as_operand_tensor(weights, (x,))
        if tuple(weights.shape) != (x.shape[1],):
            raise ValueError(
                f"negative_log_likelihood: there is one weight for each of the {x.shape[1]} "
                f"classes, and the weights have the shape {tuple(weights.shape)}"
            )
        x = x * weights
    picked = where(mask, x, 0.0)
    return mean(-sum(picked, axis=1), constant=constant)


def multiclass_hinge(
    x: Any, y_true: Any, hinge: float = 1.0, *, constant: bool | None = None
) -> Any:
    """Mean over samples of the scores that come within `hinge` of the label's.

    Parameters
    ----------
    x
        Scores, shape (N, C).
    y_true
        Integer labels, shape (N,).
    hinge
        The margin.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        0-d.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import multiclass_hinge
    >>> multiclass_hinge(mg.tensor([[2.0, 1.5, 0.0]]), [0])
    Tensor(0.5)
    """
    from mygrad.tensor_manip import where

    x, mask = _labelled(x, y_true, "multiclass_hinge")
    correct = sum(where(mask, x, 0.0), axis=1, keepdims=True)
    adapter = adapter_of(x._data)
    assert adapter is not None
    settled = adapter.xp.logical_and(mask, x == x)
    margins = where(settled, 0.0, maximum(x - correct + hinge, 0.0))
    return mean(sum(margins, axis=1), constant=constant)


def margin_ranking_loss(
    x1: Any, x2: Any, y: Any, margin: float, *, constant: bool | None = None
) -> Any:
    """Mean of ``max(0, margin - y * (x1 - x2))``.

    Parameters
    ----------
    x1, x2
        Scores to compare, shape (N,) or (N, D).
    y
        1 where `x1` should be ranked higher and -1 where `x2` should, a number or shape (N,).
    margin
        The margin.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        0-d.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import margin_ranking_loss
    >>> margin_ranking_loss(mg.tensor([1.0]), mg.tensor([2.0]), 1, 0.5)
    Tensor(1.5)
    """
    x1, x2 = as_operand_tensors(x1, x2)
    if x1.shape != x2.shape or x1.ndim not in (1, 2):
        raise ValueError(
            f"margin_ranking_loss: the scores have the same shape, (N,) or (N, D), and their "
            f"shapes are {tuple(x1.shape)} and {tuple(x2.shape)}"
        )
    for x in (x1, x2):
        adapter = adapter_of(x._data)
        if adapter is None or not floating[adapter, x.dtype]:
            raise TypeError(f"margin_ranking_loss: scores are floats, and these are {x.dtype}")
    if not isinstance(margin, Real) or not float(margin) >= 0:
        raise ValueError(f"margin_ranking_loss: the margin is a number from 0, not {margin!r}")
    if not isinstance(y, (int, float)):
        y = as_operand_tensor(y, (x1,)).astype(x1.dtype)
        if y.ndim and tuple(y.shape) != (x1.shape[0],):
            raise ValueError(
                f"margin_ranking_loss: y is a number or of shape ({x1.shape[0]},), and its shape "
                f"is {tuple(y.shape)}"
            )
        y = y.reshape(-1, 1) if y.ndim and x1.ndim == 2 else y
    return mean(maximum(margin - y * (x1 - x2), 0.0), constant=constant)


def focal_loss(
    class_probs: Any, targets: Any, *, alpha: float = 1, gamma: float = 0,
    constant: bool | None = None,
) -> Any:  # fmt: skip
    r"""Focal loss of each sample, :math:`-\alpha (1 - p)^\gamma \log p`.

    Parameters
    ----------
    class_probs
        Probabilities, shape (N, C).
    targets
        Integer labels, shape (N,).
    alpha, gamma
        The factor and the exponent; with 1 and 0 it is the cross-entropy.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (N,).

    Notes
    -----
    Lin et al., *Focal loss for dense object detection*, ICCV 2017.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import focal_loss
    >>> focal_loss(mg.tensor([[0.5, 0.5]]), [0], gamma=1)
    Tensor([0.34657359])
    """
    from mygrad.tensor_manip import where

    class_probs, mask = _labelled(class_probs, targets, "focal_loss")
    p = sum(where(mask, class_probs, 0.0), axis=1)
    return _focused(log(p), 1 - p, alpha, gamma, constant)


def _focused(log_p: Any, rest: Any, alpha: Any, gamma: Any, constant: bool | None) -> Any:
    """The focal loss, given the logarithm of a probability and what that lacks to 1."""
    from mygrad.math.arithmetic import multiply
    from mygrad.tensor_manip import where

    if not isinstance(gamma, Real) or not float(gamma) >= 0:
        raise ValueError(f"focal_loss: gamma is a number from 0, not {gamma!r}")
    if not gamma:
        return multiply(-alpha, log_p, constant=constant)
    # Of a sure sample both factors are 0, and so is the derivative, whatever that of the power.
    some = rest > 0
    focus = where(some, where(some, rest, 1.0) ** float(gamma), 0.0)
    return multiply(-alpha * log_p, focus, constant=constant)


def softmax_focal_loss(
    scores: Any, targets: Any, *, alpha: float = 1, gamma: float = 0,
    constant: bool | None = None,
) -> Any:  # fmt: skip
    """`focal_loss` of the softmax of scores.

    Parameters
    ----------
    scores
        Shape (N, C).
    targets, alpha, gamma, constant
        As for `focal_loss`.

    Returns
    -------
    Tensor
        Shape (N,).

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import softmax_focal_loss
    >>> softmax_focal_loss(mg.tensor([[1.0, 1.0]]), [0], gamma=1)
    Tensor([0.34657359])
    """
    from mygrad.tensor_manip import where

    scores, mask = _labelled(scores, targets, "softmax_focal_loss")
    log_p = sum(where(mask, logsoftmax(scores, axis=1), 0.0), axis=1)
    return _focused(log_p, -expm1(log_p), alpha, gamma, constant)
