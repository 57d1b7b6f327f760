"""Losses of `mygrad.nnet`, against PyTorch in float64: values, first and second derivatives.

Where PyTorch has no such function, it is written out in PyTorch's functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from gradcheck import raw
from torch_oracle import Array, F, Function, agree, drawn, torch

import mygrad as mg
from mygrad.nnet import losses

LABELS = np.array([2, 0, 3, 2, 1])
TARGETS = torch.tensor(LABELS)
SCORES = drawn(5, 4)
PROBABILITIES = np.exp(SCORES) / np.exp(SCORES).sum(1, keepdims=True)
CLASS_WEIGHTS = drawn(4, low=0.5, high=2.0, seed=3)
RANKED = np.array([1.0, -1.0, -1.0, 1.0, 1.0])


def focal(p: Any, alpha: float, gamma: float) -> Any:
    p = p[torch.arange(5), TARGETS]
    return -alpha * (1 - p) ** gamma * torch.log(p)


FOCAL = [{}, {"alpha": 0.3}, {"gamma": 2.0}, {"alpha": 2.0, "gamma": 0.5}, {"gamma": 1}]

MIXED = np.array([0.0, 1.0, 0.25, 0.9, 1.0])[:, None] * np.array([1.0, 0.0, 0.5, 1.0])
IMAGES = drawn(2, 4, 3, 2)
IMAGE_LABELS = np.array([[[0, 3], [2, 1], [-100, 1]], [[0, -100], [3, 3], [2, 0]]])


def cross_entropies() -> Iterator[tuple[tuple[Array, ...], Function, Function]]:
    """Hard labels and probabilities, weighted and not, smoothed and not, of several ranks."""
    for reduction, smoothing, weighted in product(("mean", "sum", "none"), (0.0, 0.2), (0, 1)):
        options = {"reduction": reduction, "label_smoothing": smoothing}
        ours = {**options, "weight": raw(CLASS_WEIGHTS)} if weighted else options
        theirs = {**options, "weight": torch.tensor(CLASS_WEIGHTS)} if weighted else options
        for x, labels in ((SCORES, LABELS), (IMAGES, IMAGE_LABELS), (30 * SCORES[0], LABELS[0])):
            yield (
                (x,),
                lambda x, labels=labels, o=ours: losses.cross_entropy(x, raw(labels), **o),
                lambda x, labels=labels, o=theirs: F.cross_entropy(x, torch.tensor(labels), **o),
            )
        yield (
            (IMAGES, np.exp(drawn(2, 4, 3, 2, seed=5))),
            lambda x, p, o=ours: losses.cross_entropy(x, p, **o),
            lambda x, p, o=theirs: F.cross_entropy(x, p, **o),
        )
    yield (
        (IMAGES,),
        lambda x: losses.cross_entropy(mg.moveaxis(x, 1, -1), IMAGE_LABELS, axis=-1),
        lambda x: F.cross_entropy(x, torch.tensor(IMAGE_LABELS)),
    )
    yield (
        (SCORES,),
        lambda x: losses.cross_entropy(x, LABELS, ignore_index=2),
        lambda x: F.cross_entropy(x, TARGETS, ignore_index=2),
    )


def answers() -> Iterator[tuple[tuple[Array, ...], Function, Function]]:
    """Yes and no with all combinations of weights."""
    f, reference = losses.binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits
    factors = {"weight": drawn(5, 1, seed=6) ** 2, "pos_weight": CLASS_WEIGHTS}
    for reduction, names in product(
        ("mean", "sum", "none"), ((), ("weight",), ("pos_weight",), tuple(factors))
    ):
        o = {"reduction": reduction}
        ours = {**o, **{n: raw(factors[n]) for n in names}}
        theirs = {**o, **{n: torch.tensor(factors[n]) for n in names}}
        for x in (SCORES, 20 * SCORES):
            yield (
                (x,),
                lambda x, o=ours: f(x, raw(MIXED), **o),
                lambda x, o=theirs: reference(x, torch.tensor(MIXED), **o),
            )
    yield (SCORES, 0.5 + drawn(5, 4, seed=7) / 5), f, reference
    yield (
        (SCORES, CLASS_WEIGHTS),
        lambda x, p: f(x, raw(MIXED), pos_weight=p),
        # PyTorch does not differentiate by pos_weight twice
        lambda x, p: (
            -(
                p * torch.tensor(MIXED) * F.logsigmoid(x)
                + (1 - torch.tensor(MIXED)) * F.logsigmoid(-x)
            ).mean()
        ),
    )


def between(
    f: Function, reference: Function, first: Array, second: Array, options: list[dict[str, Any]]
) -> list[tuple[tuple[Array, ...], Function, Function]]:
    """Losses of predictions and targets, by both."""
    return [
        ((first, second), lambda x, y, o=o: f(x, y, **o), lambda x, y, o=o: reference(x, y, **o))
        for o in options
    ]


REDUCED: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}]
LOGS = np.log(PROBABILITIES)

LOSSES: dict[str, list[tuple[tuple[Array, ...], Function, Function]]] = {
    "binary_cross_entropy_with_logits": list(answers()),
    "cross_entropy": list(cross_entropies()),
    "huber_loss": between(
        losses.huber_loss,
        F.huber_loss,
        SCORES,
        drawn(5, 4, seed=8),
        [*REDUCED, {"delta": 0.4}, {"delta": 3.0, "reduction": "sum"}],
    ),
    "kl_div": [
        *between(
            losses.kl_div,
            F.kl_div,
            LOGS,
            PROBABILITIES[::-1].copy(),
            [*REDUCED, {"reduction": "batchmean"}],
        ),
        *between(
            losses.kl_div,
            F.kl_div,
            LOGS,
            LOGS[::-1].copy(),
            [{"log_target": True}, {"log_target": True, "reduction": "batchmean"}],
        ),
    ],
    "mse_loss": between(losses.mse_loss, F.mse_loss, SCORES, drawn(5, 4, seed=8), REDUCED),
    "focal_loss": [
        (
            (PROBABILITIES,),
            lambda p, o=o: losses.focal_loss(p, LABELS, **o),
            lambda p, o=o: focal(p, **{"alpha": 1.0, "gamma": 0.0, **o}),
        )
        for o in FOCAL
    ],
    "softmax_focal_loss": [
        (
            (SCORES,),
            lambda x, o=o: losses.softmax_focal_loss(x, LABELS, **o),
            lambda x, o=o: focal(F.softmax(x, 1), **{"alpha": 1.0, "gamma": 0.0, **o}),
        )
        for o in FOCAL
    ],
    "margin_ranking_loss": [
        (
            (drawn(*shape), drawn(*shape, seed=1)),
            lambda a, b, m=m: losses.margin_ranking_loss(a, b, RANKED, m),
            lambda a, b, m=m: torch.relu(
                m - torch.tensor(RANKED).reshape(-1, *[1] * (a.ndim - 1)) * (a - b)
            ).mean(),
        )
        for shape in ((5,), (5, 3))
        for m in (0.5, 2.0)
    ],
    "multiclass_hinge": [
        (
            (SCORES,),
            lambda x, h=h: losses.multiclass_hinge(x, LABELS, hinge=h),
            lambda x, h=h: 4 * F.multi_margin_loss(x, TARGETS, margin=h),
        )
        for h in (1.0, 0.31)
    ],
    "negative_log_likelihood": [
        (
            (np.log(PROBABILITIES),),
            lambda x: losses.negative_log_likelihood(x, LABELS),
            lambda x: F.nll_loss(x, TARGETS),
        ),
        (
            (np.log(PROBABILITIES),),
            lambda x: losses.negative_log_likelihood(x, LABELS, weights=raw(CLASS_WEIGHTS)),
            lambda x: F.nll_loss(x, TARGETS, torch.tensor(CLASS_WEIGHTS), reduction="none").mean(),
        ),
    ],
    "softmax_crossentropy": [
        (
            (scale * SCORES,),
            lambda x: losses.softmax_crossentropy(x, LABELS),
            lambda x: F.cross_entropy(x, TARGETS),
        )
        for scale in (1.0, 50.0)
    ],
}


def test_every_loss_is_compared() -> None:
    assert set(losses.__all__) == {*LOSSES, "ctc_loss"}  # which is in test_ctc


@pytest.mark.parametrize(
    ("name", "arrays", "f", "reference"),
    [(name, *case) for name, cases in LOSSES.items() for case in cases],
)
@pytest.mark.filterwarnings("ignore:reduction:UserWarning")
def test_loss(name: str, arrays: Any, f: Function, reference: Function) -> None:
    # PyTorch has no second derivative of its multi-class hinge, which is piecewise linear
    agree(f, reference, *arrays, order=1 if name == "multiclass_hinge" else 2)
