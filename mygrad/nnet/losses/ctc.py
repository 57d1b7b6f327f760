"""Connectionist temporal classification.

No library that mygrad depends on, or might, has this loss for more than its own arrays (PyTorch for
its tensors, Optax for JAX's), so it is made of operations here: the forward variables of Graves go
from step to step by a primitive of their own, one record a step. Logarithms of 0 are a finite
number, far below all others, so that no derivative of any order meets the difference of infinities.
"""

from __future__ import annotations

from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import maximum
from mygrad.math.exp_log import logaddexp
from mygrad.nnet.losses.functions import looked_at
from mygrad.nnet.losses.reducing import check_reduction, finished, wide
from mygrad.tensor_manip.selecting import take_along_axis, where
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the logarithm of 0


def _later(a: Any, k: int, fill: float, xp: Any) -> Any:
    """Each row moved `k` places on, behind as many times `fill`."""
    k = min(k, a.shape[1])
    before = xp.full((a.shape[0], k), fill, dtype=a.dtype, device=device_of(a))
    return xp.concat([before, a[:, : a.shape[1] - k]], axis=1)


def _earlier(a: Any, k: int, xp: Any) -> Any:
    k = min(k, a.shape[1])
    behind = xp.zeros((a.shape[0], k), dtype=a.dtype, device=device_of(a))
    return xp.concat([a[:, k:], behind], axis=1)


def _ways(paths: Any, skips: Any, xp: Any) -> tuple[list[Any], Any]:
    """Logarithms of the three ways to each place, and of their sum."""
    ways = [paths, _later(paths, 1, _NEVER, xp)]
    ways.append(xp.where(skips, _later(paths, 2, _NEVER, xp), _NEVER))
    top = xp.maximum(xp.maximum(ways[0], ways[1]), ways[2])
    powers = [xp.exp(way - top) for way in ways]
    return ways, top + xp.log(powers[0] + powers[1] + powers[2])


def _by_paths(g: Any, paths: Any, skips: Any, lives: Any, xp: Any) -> Any:
    skips, lives = (a._data if isinstance(a, Handle) else a for a in (skips, lives))
    ways, total = _ways(paths, skips, xp)
    stay, step, skip = (xp.where(lives, g, 0.0) * xp.exp(way - total) for way in ways)
    found = stay + _earlier(step, 1, xp) + _earlier(xp.where(skips, skip, 0.0), 2, xp)
    return found + xp.where(lives, 0.0, g)


@primitive(
    paths=lambda g, paths, skips, lives, xp: _by_paths(g, paths, skips, lives, xp),
    scores=lambda g, lives, xp: xp.where(lives, g, 0.0),
    skips=None,
    lives=None,
)
def ctc_step(paths: Any, scores: Any, skips: Any, lives: Any, *, xp: Any) -> Any:
    """The logarithms of what reaches each place of the labels, a step later, (N, L).

    From its own place, the one before, and where it `skips` the one before that, shape (N, L);
    rows whose time is over, where `lives`, (N, 1), is false, stay as they are.
    """
    return xp.where(lives, _ways(paths, skips, xp)[1] + scores, paths)


def _integers(values: Any, shape: tuple[int, ...], what: str, x: Tensor, adapter: Adapter) -> Any:
    """Labels or lengths as a raw array of int64."""
    array = as_operand(values, adapter, "ctc_loss", (x,))
    if tuple(getattr(array, "shape", ())) != shape:
        raise ValueError(
            f"ctc_loss: {what} has to have shape {shape}, and has "
            f"{tuple(getattr(array, 'shape', ()))}"
        )
    if not adapter.xp.isdtype(array.dtype, "integral"):
        raise TypeError(f"ctc_loss: {what} has integers, and is of dtype {array.dtype}")
    return adapter.following(adapter.xp.astype)(array, adapter.xp.int64)


def _filled(like: Any, count: int, value: int) -> Any:
    adapter = adapter_of(like)
    assert adapter is not None
    return adapter.xp.full((count,), value, dtype=adapter.xp.int64, device=device_of(like))


def _check_range(array: Any, low: int, high: int, what: str, adapter: Adapter) -> None:
    if looked_at(array, adapter) and 0 not in array.shape:
        least, most = int(adapter.xp.min(array)), int(adapter.xp.max(array))
        if least < low or most > high:
            raise IndexError(
                f"ctc_loss: {what} has numbers from {low} to {high}, and "
                f"{least if least < low else most} is none"
            )


class Places:
    """Raw arrays that say where paths through labels and blanks may lead, (N, L) for 2 S + 1 = L.

    Attributes
    ----------
    labels
        The labels, blank behind the end of each sample.
    every
        The class at each place, for all steps, (T, N, L).
    start
        The places that are reached in the first step.
    skips
        The places that are reached from the label before, as that is another one.
    lives
        For each step after the first one, whose time is not over, (N, 1).
    ends
        The last blank and the last label, (N, 1) each.
    some, count
        Whether there are labels, and how many, but 1 at least, (N,).
    """

    def __init__(self, labels: Any, times: Any, sizes: Any, like: Any, blank: int) -> None:
        adapter = adapter_of(like)
        assert adapter is not None
        library, (batch, count) = adapter.xp, labels.shape
        here = {"dtype": library.int64, "device": device_of(like)}
        column = library.expand_dims(sizes, axis=1)
        counted = library.expand_dims(library.arange(count, **here), axis=0) < column
        self.labels = library.where(counted, labels, blank)
        blanks = library.full((batch, count + 1), blank, **here)
        pairs = library.stack([blanks[:, 1:], self.labels], axis=2)
        pairs = library.reshape(pairs, (batch, 2 * count))
        whole = library.concat([pairs, blanks[:, :1]], axis=1)
        length = 2 * count + 1
        two_before = [whole[:, : min(2, length)], whole[:, : max(length - 2, 0)]]
        self.skips = (whole != blank) & (whole != library.concat(two_before, axis=1))
        every = library.expand_dims(whole, axis=0)
        self.every = library.broadcast_to(every, (like.shape[0], batch, length))
        start = library.arange(length, **here) < 2
        self.start = library.broadcast_to(start, (batch, length))
        self.lives = [library.expand_dims(times, axis=1) > t for t in range(1, like.shape[0])]
        self.some = sizes > 0
        self.ends = 2 * column, library.where(column > 0, 2 * column - 1, 0)
        self.count = library.astype(library.where(self.some, sizes, 1), like.dtype)


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any = None,
    target_lengths: Any = None,
    *,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
    constant: bool | None = None,
) -> Tensor:
    r"""How unlikely sequences of labels are, wherever in time each label may be.

    The negated logarithm of the sum of the probabilities of all ways to say the labels in order,
    each for one step or for several, with or without blanks in between, and with a blank between
    equal ones.

    Parameters
    ----------
    log_probs
        Log-probabilities, as of `logsoftmax`: shape (T, N, C) for T steps, a batch of N, C classes.
    targets
        Integer labels, shape (N, S); what is behind the length of a row counts for nothing.
    input_lengths
        How many steps there are in each sample, shape (N,); all if not given.
    target_lengths
        How many labels there are in each sample, shape (N,); all if not given.
    blank
        The class that stands for no label.
    reduction : {"mean", "sum", "none"}
        What becomes of the losses; the mean is that of losses divided by the lengths of targets.
    zero_infinity
        Whether the loss of what cannot be is 0 and not infinite: more labels than there are steps
        for. It has no gradient either way.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        0-d, or with ``reduction="none"`` of shape (N,).

    Raises
    ------
    ValueError
        The shapes do not go together, or an option is not known.
    TypeError
        Labels or lengths are not integers.
    IndexError
        A label is none of the classes, or a length is not there. On devices, where seeing that
        would mean waiting for them, and while a program is traced, it is not checked.

    Notes
    -----
    Graves et al., *Connectionist temporal classification*, ICML 2006. Gradients are those by
    `log_probs`, whatever these are; PyTorch's are only right behind a ``log_softmax``, where both
    are the same.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import logsoftmax
    >>> from mygrad.nnet.losses import ctc_loss
    >>> scores = mg.zeros((3, 1, 2), dtype="float64")  # three steps, blank or 1
    >>> loss = ctc_loss(logsoftmax(scores), [[1]])  # 6 of the 8 ways
    >>> float(mg.exp(-loss).data.round(6))
    0.75
    >>> loss.backward()
    """
    name = "ctc_loss"
    check_reduction(reduction, name)
    x = as_operand_tensor(log_probs, (targets,))
    if x.ndim != 3 or not x.shape[0]:
        raise ValueError(
            f"{name}: log_probs has shape (T, N, C), at least one step, batch and classes, and has "
            f"{tuple(x.shape)}"
        )
    adapter = adapter_of(x._data)
    assert adapter is not None
    steps, batch, classes = x.shape
    if not hasattr(blank, "__index__") or not 0 <= blank < classes:
        raise ValueError(f"{name}: blank is one of the {classes} classes, and not {blank!r}")
    x, back = wide(x)

    labels = as_operand(targets, adapter, name, (x,))
    count = labels.shape[1] if getattr(labels, "ndim", 0) == 2 else 0
    labels = _integers(labels, (batch, count), "targets", x, adapter)
    times, sizes = (
        adapter.following(_filled)(x._data, batch, most)
        if given is None
        else _integers(given, (batch,), what, x, adapter)
        for what, given, most in (
            ("input_lengths", input_lengths, steps),
            ("target_lengths", target_lengths, count),
        )
    )
    _check_range(times, 1, steps, "input_lengths", adapter)
    _check_range(sizes, 0, count, "target_lengths", adapter)
    places = adapter.following(Places)(labels, times, sizes, x._data, blank.__index__())
    _check_range(places.labels, 0, classes - 1, "targets", adapter)

    scores = maximum(take_along_axis(x, places.every, axis=2), _NEVER)
    paths = where(places.start, scores[0], _NEVER)
    for t, lives in enumerate(places.lives, 1):
        paths = ctc_step(paths, scores[t], places.skips, lives)
    last, before = (take_along_axis(paths, end, axis=1)[:, 0] for end in places.ends)
    losses = -logaddexp(last, where(places.some, before, _NEVER))
    possible = adapter.following(lambda a: a < -_NEVER / 2)(losses._data)
    losses = where(possible, losses, 0.0 if zero_infinity else float("inf"))
    if reduction == "mean":
        losses = losses / places.count
    return finished(losses, reduction, back, constant)
