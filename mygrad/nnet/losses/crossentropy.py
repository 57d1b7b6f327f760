"""Cross-entropies of scores: of one class among many, and of yes or no."""

from __future__ import annotations

from math import prod
from numbers import Real
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.operands import as_operand, floating
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import real_only
from mygrad.math.sequential import sum
from mygrad.nnet.activations.functions import logsoftmax
from mygrad.nnet.losses.functions import at_labels, looked_at, row_crossentropy
from mygrad.nnet.losses.reducing import check_reduction, finished, wide, with_targets
from mygrad.tensor_manip.selecting import take, where
from mygrad.tensor_manip.transpose_like import moveaxis
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["binary_cross_entropy_with_logits", "cross_entropy"]

NAME = "cross_entropy"


def _class_axis(axis: Any, x: Tensor) -> int:
    """The axis of the classes: PyTorch's if none is named."""
    if not x.ndim:
        raise ValueError(f"{NAME}: scores have an axis of classes, and these are 0-d")
    if axis is None:
        return min(1, x.ndim - 1)
    if not hasattr(axis, "__index__") or not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"{NAME}: axis is that of the classes, an integer from {-x.ndim} to {x.ndim - 1} for "
            f"scores of shape {tuple(x.shape)}, and not {axis!r}"
        )
    return axis.__index__() % x.ndim


def _labels(labels: Any, x: Any, axis: int, ignore_index: int) -> tuple[Any, Any]:
    """Labels as raw places of classes, shape (M,), and the mask of those to ignore.

    The mask is None where the labels' values are known, and none of them is ignored.
    """
    adapter = adapter_of(x)
    assert adapter is not None
    library, count = adapter.xp, x.shape[axis]
    wanted = (*x.shape[:axis], *x.shape[axis + 1 :])
    if tuple(labels.shape) != wanted:
        raise ValueError(
            f"{NAME}: scores of shape {tuple(x.shape)}, with their classes along axis {axis}, go "
            f"with labels of shape {wanted}, or with probabilities of their own shape; the labels "
            f"have the shape {tuple(labels.shape)}"
        )
    if not library.isdtype(labels.dtype, "integral"):
        raise TypeError(f"{NAME}: labels are integers, and these are of dtype {labels.dtype}")
    labels = library.reshape(library.astype(labels, library.int64), (prod(wanted),))
    ignored = labels == ignore_index
    if looked_at(labels, adapter) and labels.shape[0]:
        if not library.any(ignored):
            ignored = None
        counted = labels if ignored is None else library.where(ignored, 0, labels)
        low, high = int(library.min(counted)), int(library.max(counted))
        if low < 0 or high >= count:
            raise IndexError(
                f"{NAME}: the label {low if low < 0 else high} is none of the {count} classes, 0 "
                f"to {count - 1}, nor ignore_index={ignore_index}"
            )
        return counted, ignored
    # One that is no class stays one, and its row will be nan.
    return library.where(ignored, 0, library.where(labels < 0, count, labels)), ignored


def cross_entropy(
    x: Any,
    y_true: Any,
    *,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    axis: int | None = None,
    constant: bool | None = None,
) -> Tensor:
    r"""Cross-entropy of the softmax of scores, of any number of axes.

    Parameters
    ----------
    x
        Scores: shape (C,), (N, C), (N, C, ...), or with the classes along another `axis`.
    y_true
        Integer labels from 0 to C - 1, of the shape of the scores without the axis of the classes;
        or a probability for each class, of the shape of the scores.
    weight
        A factor for each class, shape (C,); ones if not given.
    ignore_index
        A label for which there is no loss and no gradient. It does not count in the mean.
    reduction : {"mean", "sum", "none"}
        What becomes of the losses. The mean of those of labels is weighted: it is the sum,
        divided by the sum of the labels' weights; that of those of probabilities is not.
    label_smoothing
        Which share of the truth is spread evenly over all classes, from 0 to 1.
    axis
        The axis of the classes; by default the second one, or the only one.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        0-d, or with ``reduction="none"`` of the shape of the labels.

    Raises
    ------
    ValueError
        The shapes do not go together, or an option is not known.
    TypeError
        Labels are not integers, and do not have the shape of the scores.
    IndexError
        A label is none of the classes. Where that cannot be seen without waiting for a device, or
        while a program is traced, the loss is nan.

    Notes
    -----
    With weights :math:`w`, smoothing :math:`s` and log-probabilities :math:`\ell` the loss of
    label :math:`y` is :math:`-(1 - s) w_y \ell_y - \frac{s}{C} \sum_c w_c \ell_c`: Szegedy et al.,
    *Rethinking the Inception architecture for computer vision*, CVPR 2016, and for the weights as
    PyTorch has it. Without smoothing the gradient of a sure sample has its digits, as in
    `softmax_crossentropy`. If all labels are ignored the mean is nan, as in PyTorch.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import cross_entropy
    >>> scores = mg.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> cross_entropy(scores, [0, 1])
    Tensor(0.39549474)
    >>> cross_entropy(scores, [0, -100])  # the second one is ignored
    Tensor(0.23954477)

    Texts have an axis of positions before that of the classes:

    >>> cross_entropy(mg.zeros((8, 5, 3)), mg.zeros((8, 5), dtype=int), axis=-1)
    Tensor(1.0986123, dtype=float32)
    """
    check_reduction(reduction, NAME)
    if not isinstance(label_smoothing, Real) or not 0 <= float(label_smoothing) <= 1:
        raise ValueError(
            f"{NAME}: label_smoothing is a share, a number from 0 to 1, and not {label_smoothing!r}"
        )
    smoothing = float(label_smoothing)
    x = as_operand_tensor(x, (y_true,))
    axis = _class_axis(axis, x)
    adapter = adapter_of(x._data)
    assert adapter is not None
    scores, back = wide(x)
    count = scores.shape[axis]
    if weight is not None:
        weight = as_operand_tensor(weight, (x,))
        if tuple(weight.shape) != (count,):
            raise ValueError(
                f"{NAME}: there is one weight for each of the {count} classes, and the weights "
                f"have the shape {tuple(weight.shape)}"
            )
        weight = weight.astype(scores.dtype, copy=False)
    lead = (*scores.shape[:axis], *scores.shape[axis + 1 :])
    if axis != scores.ndim - 1:
        scores = moveaxis(scores, axis, -1)
    rows = scores if scores.ndim == 2 else scores.reshape(prod(lead), count)

    raw = as_operand(y_true, adapter, NAME, (x,))
    if tuple(raw.shape) == tuple(x.shape) and floating[adapter, raw.dtype]:
        targets = as_operand_tensor(y_true, (x,)).astype(scores.dtype, copy=False)
        targets = moveaxis(targets, axis, -1).reshape(prod(lead), count)
        if smoothing:
            targets = targets * (1 - smoothing) + smoothing / count
        terms = logsoftmax(rows) * targets
        losses = -sum(terms if weight is None else terms * weight, axis=1)
        return finished(losses.reshape(lead), reduction, back, constant)

    places, ignored = adapter.following(_labels)(raw, x._data, axis, ignore_index)
    factors = None if weight is None else take(weight, places)
    if smoothing:
        logs = logsoftmax(rows)
        losses = -at_labels(logs, places)
        spread = sum(logs if weight is None else logs * weight, axis=1)
        losses = losses if factors is None else losses * factors
        losses = (1 - smoothing) * losses - (smoothing / count) * spread
    else:
        losses = row_crossentropy(rows, places)
        losses = losses if factors is None else losses * factors
    if ignored is not None:
        losses = where(ignored, 0.0, losses)
        factors = where(ignored, 0.0, 1.0 if factors is None else factors)
    total = None
    if factors is not None and reduction == "mean":
        total = sum(factors.astype(losses.dtype, copy=False))
    return finished(losses.reshape(lead), reduction, back, constant, total)


# --- yes or no -----------------------------------------------------------------------------------
def _two_sides(x: Any, xp: Any) -> tuple[Any, Any]:
    """Softplus of `x` and of ``-x``: the losses of no and of yes."""
    rest = xp.log1p(xp.exp(-xp.abs(x)))
    return xp.maximum(x, 0.0) + rest, xp.maximum(-x, 0.0) + rest


def _by_logit(g: Any, x: Any, yes: Any, weight: Any, xp: Any) -> Any:
    return g * ((1 - yes) * xp.sigmoid(x) - weight * yes * xp.sigmoid(-x))


def _by_truth(g: Any, x: Any, weight: Any, xp: Any) -> Any:
    of_no, of_yes = _two_sides(x, xp)
    return g * (weight * of_yes - of_no)


@primitive(
    x=lambda g, x, yes, weight, xp: _by_logit(g, x, yes, weight, xp),
    yes=lambda g, x, weight, xp: _by_truth(g, x, weight, xp),
    weight=lambda g, x, yes, xp: g * (yes * _two_sides(x, xp)[1]),
    broadcasts="elements",
)
def logit_crossentropy(x: Any, yes: Any, weight: Any, *, xp: Any) -> Any:
    """The cross-entropy of the sigmoid of `x`; that of yes times `weight`."""
    real_only(x, xp, "logit_crossentropy")
    of_no, of_yes = _two_sides(x, xp)
    return (1 - yes) * of_no + weight * yes * of_yes


def binary_cross_entropy_with_logits(
    x: Any,
    y_true: Any,
    *,
    weight: Any = None,
    pos_weight: Any = None,
    reduction: str = "mean",
    constant: bool | None = None,
) -> Tensor:
    r"""Cross-entropy of the sigmoid of scores: of as many answers, yes or no, as there are scores.

    Parameters
    ----------
    x
        Scores, of any shape: the logarithm of how many times likelier yes is than no.
    y_true
        1 for yes and 0 for no, or probabilities of yes, of the same shape.
    weight
        A factor for each loss; it broadcasts.
    pos_weight
        A factor for what is lost where the truth is yes; it broadcasts, for example from one number
        for each class along the last axis.
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
        The shapes do not go together, or the reduction is not known.

    Notes
    -----
    :math:`p y \log(1 + e^{-x}) + (1 - y) \log(1 + e^x)`, without overflow, and exact where it is
    close to 0.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.losses import binary_cross_entropy_with_logits
    >>> binary_cross_entropy_with_logits(mg.tensor([0.0, 1000.0]), [1, 1])
    Tensor(0.34657359)
    """
    name = "binary_cross_entropy_with_logits"
    check_reduction(reduction, name)
    x, y, back = with_targets(x, y_true, name)
    shape = tuple(x.shape)
    losses = logit_crossentropy(x, y, 1.0 if pos_weight is None else _factor(pos_weight, x))
    if weight is not None:
        losses = losses * _factor(weight, x)
    if tuple(losses.shape) != shape:
        raise ValueError(
            f"{name}: weight and pos_weight broadcast to the shape of the scores, {shape}, and "
            f"these make it {tuple(losses.shape)}"
        )
    return finished(losses, reduction, back, constant)


def _factor(weight: Any, x: Tensor) -> Any:
    """A factor of losses, in their dtype; numbers as they are."""
    if isinstance(weight, (int, float)):
        return float(weight)
    weight = as_operand_tensor(weight, (x,))
    adapter = adapter_of(x._data)
    assert adapter is not None
    if not floating[adapter, weight.dtype]:
        return weight.astype(x.dtype, constant=True)
    return weight.astype(x.dtype, copy=False)
