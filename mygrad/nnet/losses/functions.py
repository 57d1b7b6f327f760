"""Loss functions. Labels are raw integer arrays."""

from __future__ import annotations

from numbers import Real
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import composition, tensor_namespace_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand, floating
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import maximum
from mygrad.math.dtypes import floats, is_narrow, real_only
from mygrad.math.exp_log import expm1, log
from mygrad.math.sequential import mean
from mygrad.nnet.activations.functions import logsoftmax
from mygrad.tensor_manip.selecting import take
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = [
    "at_labels", "focal_loss", "looked_at", "margin_ranking_loss", "multiclass_hinge",
    "negative_log_likelihood", "row_crossentropy", "softmax_crossentropy", "softmax_focal_loss",
]  # fmt: skip


def _checked(labels: Any, x: Any, adapter: Adapter, name: str) -> Any:
    """Labels as a raw array of integers, one for each row of `x`.

    One that is no class raises, where seeing that does not mean waiting for a device.
    """
    labels = as_operand(labels, adapter, name, (x,))
    if x.ndim != 2 or tuple(labels.shape) != (x.shape[0],):
        raise ValueError(
            f"{name}: scores of shape (N, C) go with N labels, and the shapes are "
            f"{tuple(x.shape)} and {tuple(labels.shape)}"
        )
    library, count = adapter.xp, x.shape[1]
    if not library.isdtype(labels.dtype, "integral"):
        raise TypeError(f"{name}: labels are integers, and these are of dtype {labels.dtype}")
    if looked_at(labels, adapter) and x.shape[0]:
        low, high = int(library.min(labels)), int(library.max(labels))
        if low < -count or high >= count:
            raise IndexError(
                f"{name}: the label {low if low < -count else high} is none of the {count} "
                f"classes, 0 to {count - 1}"
            )
    return labels


def looked_at(labels: Any, adapter: Adapter) -> bool:
    """Whether the values of labels are checked: not where that means waiting for a device."""
    return type(adapter).synchronize is Adapter.synchronize and adapter.knows(labels)


def _places(labels: Any, count: int, xp: Any) -> Any:
    """Labels as int64 (uint8 cannot count 300 classes), where -1 is the last of them."""
    library = xp.adapter.xp
    labels = library.astype(labels, library.int64)
    return library.where(labels < 0, labels + count, labels)


@composition
def label_mask(labels: Any, count: int, *, xp: Any) -> Any:
    """A mask of shape (N, `count`), True at the label of each row."""
    library = xp.adapter.xp
    labels = _places(labels, count, xp)
    classes = library.arange(count, dtype=labels.dtype, device=device_of(labels))
    return library.expand_dims(labels, axis=1) == library.expand_dims(classes, axis=0)


def _known(labels: Any, count: int, xp: Any) -> tuple[Any, Any]:
    """Places that are all classes, and which labels are; None where they have been checked."""
    places = _places(labels, count, xp)
    if looked_at(labels, xp.adapter):
        return places, None
    known = (places >= 0) & (places < count)
    return xp.adapter.xp.where(known, places, 0), known


@primitive(
    x=lambda g, labels, x_shape, xp: xp.put_at_labels(g, labels, x_shape[1]),
    labels=None,
)
def at_labels(x: Any, labels: Any, *, xp: Any) -> Any:
    """The element at the label of each row: shape (N,). nan where that is none of the classes."""
    library = xp.adapter.xp
    places, known = _known(labels, x.shape[1], xp)
    found = library.take_along_axis(x, places[:, None], axis=1)[:, 0]
    return found if known is None else library.where(known, found, float("nan"))


@primitive(g=lambda h, labels, xp: xp.at_labels(h, labels), labels=None)
def put_at_labels(g: Any, labels: Any, count: int, *, xp: Any) -> Any:
    """The adjoint of `at_labels`: zeros of shape (N, `count`), with `g` at the labels."""
    library, rows = xp.adapter.xp, g.shape[0]
    places, known = _known(labels, count, xp)
    g = g if known is None else library.where(known, g, 0.0)
    out = library.zeros((rows, count), dtype=g.dtype, device=device_of(g))
    at = (library.arange(rows, dtype=places.dtype, device=device_of(g)), places)
    return xp.adapter.scatter_add(out, at, g)


def _labelled(x: Any, labels: Any, name: str) -> tuple[Tensor, Any]:
    """Scores as a tensor of floats, and the raw labels."""
    x = as_operand_tensor(x)
    adapter = adapter_of(x._data)
    assert adapter is not None
    labels = _checked(labels, x, adapter, name)
    return floats(x, tensor_namespace_of(adapter)), labels


def _widened(x: Any, xp: Any) -> Any:
    """float16 as float32, in which powers add up, and integers as float64."""
    return xp.astype(x, xp.adapter.xp.float32) if is_narrow(x, xp) else floats(x, xp)


def _masked(x: Any, labels: Any, xp: Any) -> tuple[Any, Any]:
    """`x`, and the mask of its labels; rows whose label is no class are nan, and all is chosen."""
    mask = xp.label_mask(labels, x.shape[1])
    if looked_at(labels, xp.adapter):
        return x, mask
    known = xp.adapter.xp.any(mask, axis=1, keepdims=True)
    return xp.where(known, x, float("nan")), mask | ~known


@composition
def label_crossentropy(x: Any, labels: Any, *, xp: Any) -> Any:
    """For each row its cross-entropy, largest score, and powers: the others', and all of them.

    Of shape (N, 1), and for float16 in float32. Rows whose label is no class are nan.
    """
    x, mask = _masked(_widened(x, xp), labels, xp)
    top = xp.max(x, axis=1, keepdims=True)
    shifted = x - top
    label = xp.sum(xp.where(mask, shifted, 0.0), axis=1, keepdims=True)
    others = xp.sum(xp.where(~mask, xp.exp(shifted), 0.0), axis=1, keepdims=True)
    total = others + xp.exp(label)
    # The loss of a sure sample is close to 0: the logarithm of 1 + the others.
    losses = xp.where(label == 0, xp.log1p(others), xp.log(total) - label)
    return losses, top, others, total


@composition
def crossentropy_adjoint(
    g: Any, x: Any, labels: Any, top: Any, others: Any, total: Any, *, xp: Any
) -> Any:
    """Probabilities; at the labels those of the others, negated, and not 1 less, which cancels.

    Times `g`, over the number of rows.
    """
    return xp.row_crossentropy_adjoint(
        _widened(g, xp) / (x.shape[0] or 1), x, labels, top, others, total
    )


@composition
def row_crossentropy_adjoint(
    g: Any, x: Any, labels: Any, top: Any, others: Any, total: Any, *, xp: Any
) -> Any:
    """The same times `g`, the adjoints of the rows, of shape (N, 1) or 0-d."""
    mask = xp.label_mask(labels, x.shape[1])
    powers = xp.where(~mask, xp.exp(_widened(x, xp) - top), 0.0) - xp.where(mask, others, 0.0)
    adjoint = (g / total) * powers
    return xp.astype(adjoint, x.dtype) if is_narrow(x, xp) else adjoint


def _row_rule(g: Any, x: Any, labels: Any, top: Any, others: Any, total: Any, xp: Any) -> Any:
    labels = labels._data if isinstance(labels, Handle) else labels
    return xp.row_crossentropy_adjoint(xp.expand_dims(g, axis=1), x, labels, top, others, total)


@primitive(
    x=lambda g, x, labels, top, others, total, xp: _row_rule(
        g, x, labels, top, others, total, xp
    ),
    labels=None,
    residuals=("top", "others", "total"),
)
def row_crossentropy(x: Any, labels: Any, *, xp: Any) -> Any:
    """The cross-entropy of each row, shape (N,), and for float16 in float32.

    nan where a label is none of the classes.
    """
    losses, *found = xp.label_crossentropy(x, labels)
    return xp.reshape(losses, (x.shape[0],)), *found


def _crossentropy_rule(
    g: Any, x: Any, y_true: Any, top: Any, others: Any, total: Any, xp: Any
) -> Any:
    labels = y_true._data if isinstance(y_true, Handle) else y_true
    return xp.crossentropy_adjoint(g, x, labels, top, others, total)


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
    labels = _checked(y_true, x, xp.adapter, "softmax_crossentropy")
    losses, top, others, total = xp.label_crossentropy(x, labels)
    loss = xp.mean(losses)
    return xp.astype(loss, x.dtype) if is_narrow(x, xp) else loss, top, others, total


def negative_log_likelihood(
    x: Any, y_true: Any, *, weights: Any = None, constant: bool | None = None
) -> Tensor:
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
    x, labels = _labelled(x, y_true, "negative_log_likelihood")
    picked = at_labels(x, labels)
    if weights is not None:
        weights = as_operand_tensor(weights, (x,))
        if tuple(weights.shape) != (x.shape[1],):
            raise ValueError(
                f"negative_log_likelihood: there is one weight for each of the {x.shape[1]} "
                f"classes, and the weights have the shape {tuple(weights.shape)}"
            )
        picked = picked * take(weights, labels)
    return mean(-picked, constant=constant)


def _margins(x: Any, hinge: Any, labels: Any, xp: Any) -> tuple[Any, Any]:
    """How far scores come above those `hinge` below the label's (0 there), and the labels' mask."""
    x, mask = _masked(x, labels, xp)
    correct = xp.sum(xp.where(mask, x, 0.0), axis=1, keepdims=True)
    return xp.where(mask & (x == x), 0.0, x - correct + hinge), mask


def _each_beyond(g: Any, x: Any, hinge: Any, labels: Any, xp: Any) -> tuple[Any, Any]:
    """The adjoint of each margin that counts, and the mask of the labels."""
    labels = labels._data if isinstance(labels, Handle) else labels
    margins, mask = _margins(x, hinge, labels, xp)
    return xp.where(margins > 0, xp.expand_dims(g, axis=1), 0.0), mask


@composition
def label_hinge_adjoint(g: Any, x: Any, hinge: Any, labels: Any, *, xp: Any) -> Any:
    """The adjoint of scores, by that of their `label_hinge`."""
    each, mask = _each_beyond(g, x, hinge, labels, xp)
    return each - xp.where(mask, xp.sum(each, axis=1, keepdims=True), 0.0)


@primitive(
    x=lambda g, x, hinge, labels, xp: xp.label_hinge_adjoint(g, x, hinge, labels),
    hinge=lambda g, x, hinge, labels, xp: xp.sum(_each_beyond(g, x, hinge, labels, xp)[0]),
    labels=None,
)
def label_hinge(x: Any, hinge: Any, labels: Any, *, xp: Any) -> Any:
    """For each row, the sum of the scores' margins above those `hinge` below the label's."""
    return xp.sum(xp.maximum(_margins(x, hinge, labels, xp)[0], 0.0), axis=1)


def multiclass_hinge(
    x: Any, y_true: Any, hinge: float = 1.0, *, constant: bool | None = None
) -> Tensor:
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
    x, labels = _labelled(x, y_true, "multiclass_hinge")
    return mean(label_hinge(x, hinge, labels), constant=constant)


def margin_ranking_loss(
    x1: Any, x2: Any, y: Any, margin: float, *, constant: bool | None = None
) -> Tensor:
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
) -> Tensor:  # fmt: skip
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
    class_probs, labels = _labelled(class_probs, targets, "focal_loss")
    p = at_labels(class_probs, labels)
    return _focused(log(p), 1 - p, alpha, gamma, constant)


@composition
def focus_adjoint(g: Any, rest: Any, gamma: float, *, xp: Any) -> Any:
    """The adjoint of `rest`, by that of its `focus`."""
    some = rest > 0
    return g * xp.where(some, gamma * xp.where(some, rest, 1.0) ** (gamma - 1), 0.0)


@primitive(rest=lambda g, rest, gamma, xp: xp.focus_adjoint(g, rest, gamma))
def focus(rest: Any, gamma: float, *, xp: Any) -> Any:
    """``rest**gamma``; from 0 down 0, and so is the derivative, whatever that of the power."""
    some = rest > 0
    return xp.where(some, xp.where(some, rest, 1.0) ** gamma, 0.0)


def _focused(log_p: Any, rest: Any, alpha: Any, gamma: Any, constant: bool | None) -> Any:
    """The focal loss, given the logarithm of a probability and what that lacks to 1."""
    from mygrad.math.arithmetic import multiply
    if not isinstance(gamma, Real) or not float(gamma) >= 0:
        raise ValueError(f"focal_loss: gamma is a number from 0, not {gamma!r}")
    if not gamma:
        return multiply(-alpha, log_p, constant=constant)
    return multiply(-alpha * log_p, focus(rest, float(gamma)), constant=constant)


def softmax_focal_loss(
    scores: Any, targets: Any, *, alpha: float = 1, gamma: float = 0,
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
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
    scores, labels = _labelled(scores, targets, "softmax_focal_loss")
    log_p = at_labels(logsoftmax(scores, axis=1), labels)
    return _focused(log_p, -expm1(log_p), alpha, gamma, constant)
