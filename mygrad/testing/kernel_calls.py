"""Example calls of each kernel of the adapters that come with mygrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CALLS", "EXACT", "FLOATS", "IN_PLACE", "ON_DEVICES", "VIEWS", "Call", "Draw"]

Array = NDArray[Any]
KINDS = ("f2", "f4", "f8", "g", "c8", "c16", "i4", "u1", "b1")
FLOATS = ("f2", "f4", "f8", "g")
DIFFERENTIABLE = (*FLOATS, "c8", "c16")
NUMBERS = tuple(k for k in KINDS if k != "b1")
REAL = tuple(k for k in KINDS if not k.startswith("c"))

Draw = Callable[..., Array]
Call = tuple[Any, ...]
Shape = tuple[int, ...]
Widths = list[tuple[int, int]]


def pooled(draw: Draw) -> Call:
    x, pool, stride = draw(2, 6, 6), (2, 3), (2, 3)
    windows = x.reshape(2, 3, 2, 2, 3)
    with np.errstate(invalid="ignore"):
        return draw(2, 3, 2), x, windows.max((2, 4)), pool, stride


def pooled_apart(*strides: int) -> Callable[[Draw], Call]:
    """Windows of 3 by 2 that overlap, or have gaps between them."""

    def make(draw: Draw) -> Call:
        x = draw(2, 3, 7, 6)
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 2), (2, 3))
        windows = windows[:, :, :: strides[0], :: strides[1]]
        with np.errstate(invalid="ignore"):
            maxima = windows.max((4, 5))
        return draw(*maxima.shape), x, maxima, (3, 2), strides

    return make


PADDED: list[tuple[Shape, Widths]] = [
    ((4,), [(2, 1)]),
    ((1, 3), [(3, 2), (0, 4)]),
    ((2, 3, 4), [(0, 0), (7, 1), (0, 0)]),
    ((2, 3, 2, 2), [(1, 0), (0, 0), (0, 0), (5, 5)]),
    ((2, 2), [(0, 0), (0, 0)]),
]
"""Shapes, and how many elements to put before and behind each axis."""


def padded(mode: str, shape: Shape, widths: Widths) -> Callable[[Draw], Call]:
    return lambda draw: (draw(*shape), widths, mode)


def unpadded(mode: str, shape: Shape, widths: Widths) -> Callable[[Draw], Call]:
    larger = [before + n + behind for n, (before, behind) in zip(shape, widths, strict=True)]
    return lambda draw: (draw(*larger), widths, mode, shape)


def swept(steps: int, batch: int, size: int, bp_lim: int | None) -> Callable[[Draw], Call]:
    """The way back through a recurrent layer, whose gates lie between 0 and 1."""

    def call(draw: Draw) -> Call:
        gates = abs(draw(steps, batch, 2 * size)) / 8
        arrays = draw(steps + 1, batch, size), draw(steps + 1, batch, size), gates
        return *arrays, draw(steps, batch, size) / 8, draw(size, 2 * size), draw(size, size), bp_lim

    return call


def finite(a: Array) -> Array:
    """An array in which each number has its place: sums of infinite ones may be anything."""
    return a if np.isfinite(a).all() else np.nan_to_num(a, nan=1.0, posinf=2.0, neginf=-2.0)


def halved(p: Any, g: Any, state: Any) -> tuple[Any, ...]:
    """A formula of parameter, gradient and state, which it updates in place."""
    state *= 0.5
    p -= g + state
    return p, state


def sigmoid(x: Array) -> Array:
    """What the adjoint of it is given besides its operand."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x)), x.dtype)


def different(a: Array) -> Array:
    """Numbers no two of which are equal (in dtypes that have so many), with one NaN of `a`."""
    order = np.argsort(a, axis=None, kind="stable").reshape(a.shape).astype(a.dtype)
    return np.where(np.isnan(a) & (order == order.min()), a, order).astype(a.dtype)


LABELS = np.asarray([0, -1, 2, 1, 7, -9], "i2")  # the last two are no classes, of four
SURE = np.asarray([0, 3, 2, 1, 0, 3])


def scored(draw: Draw) -> Call:
    """Scores, labels, and what `label_crossentropy` finds, next to the adjoint of the mean."""
    x = draw(6, 4)
    wide = np.float32 if x.dtype == np.float16 else x.dtype
    with np.errstate(all="ignore"):
        top = x.max(axis=1, keepdims=True).astype(wide)
        powers = np.exp(x.astype(wide) - top)
        others = np.where(np.arange(4) == SURE[:, None], 0, powers).sum(axis=1, keepdims=True)
        return draw(), x, SURE, top, others, powers.sum(axis=1, keepdims=True)


ALONG_AXES: list[Callable[[Draw], Call]] = [
    lambda draw: (draw(5, 4),),
    lambda draw: (draw(2, 3, 4), (1, -1)),
    lambda draw: (draw(2, 3, 4), (0, 2)),
    lambda draw: (draw(3, 300), 1),
    lambda draw: (draw(300, 3), 0),
    lambda draw: (draw(40, 3, 50, 2), None),
    lambda draw: (draw(40, 3, 50, 2), -3),
    lambda draw: (draw(),),
    lambda draw: (draw(0, 3), 1),
]
"""Calls of a softmax, over one axis and several."""

SPREADS: list[Callable[[Draw], Call]] = [
    lambda draw: (draw(),),
    lambda draw: (draw(2, 3), 1, 1),
    lambda draw: (draw(2, 3, 4), (0, -1), 0.5, True),
    lambda draw: (draw(2, 3, 4), 1),
    lambda draw: (draw(2, 3), (), 0),
    lambda draw: (draw(40, 3), 0, -1),
    lambda draw: (draw(6000, 3, 2), (0, 2), 1, True),
    lambda draw: (draw(5, 40).T, -1),
    lambda draw: (draw(2, 9000), None, 1),
]
"""Calls of a variance and of its root."""

CALLS: dict[str, tuple[tuple[str, ...], list[Callable[[Draw], Call]]]] = {
    "adagrad_update": (FLOATS[1:3], [
        lambda draw: (draw(2, 3), draw(2, 3), None, draw(2, 3) ** 2, 0.1, 1e-3, 0.0),
        lambda draw: (draw(), draw(), None, draw() ** 2, 0.1, 1e-3, 0.5),
    ]),
    "adam_update": (FLOATS[1:3], [
        lambda draw: (
            draw(2, 3), draw(2, 3), None, draw(2, 3), draw(2, 3) ** 2,
            0.1, 0.9, 0.99, 1e-3, 0.0, 0.0, 2,
        ),
        lambda draw: (
            draw(3), draw(3), None, draw(3), draw(3) ** 2, 0.1, 0.9, 0.99, 1e-3, 0.5, 0.1, 1,
        ),
        lambda draw: (
            draw(0, 2), draw(0, 2), None, draw(0, 2), draw(0, 2),
            0.1, 0.9, 0.99, 1e-3, 0.5, 0.0, 1,
        ),
    ]),
    "broadcast_to": (KINDS, [
        lambda draw: (draw(), (2, 3)),
        lambda draw: (draw(), ()),
        lambda draw: (draw(), 3),
        lambda draw: (draw(1), 3),
        lambda draw: (draw(), (0, 2)),
        lambda draw: (draw(3), (2, 3)),
        lambda draw: (draw(2, 1), (2, 0)),
    ]),
    "concat": (KINDS, [
        lambda draw: ([draw(2, 3)],),
        lambda draw: ([draw(2, 3), draw(2, 1), draw(2, 0), draw(2, 2)], 1),
        lambda draw: ([draw(2, 3, 2), draw(1, 3, 2)], -3),
        lambda draw: ([draw(2, 3), np.zeros((2, 2), "f4")], 1),
        lambda draw: ([draw(2, 3), np.broadcast_to(draw(3), (2, 3)), draw(3, 2).T],),
        lambda draw: ([draw(k % 3, 3) for k in range(70)],),
    ]),
    "copy": (KINDS, [
        lambda draw: (draw(),),
        lambda draw: (draw(2, 3).T,),
        lambda draw: (draw(2, 3).T, "C"),
        lambda draw: (draw(2, 3), "F"),
        lambda draw: (draw(0, 2), "K"),
    ]),
    "conv_nd": (NUMBERS, [
        lambda draw: (draw(2, 3, 7), draw(2, 3, 3), 2, 1, 2),
        lambda draw: (draw(2, 3, 6, 5), draw(2, 3, 3, 3), 1, 1, 1),
        lambda draw: (draw(0, 3, 6, 5), draw(2, 3, 3, 3), 1, 1, 1),
        lambda draw: (draw(2, 0, 6, 5), draw(2, 0, 3, 3), 1, 1, 1),
        lambda draw: (draw(2, 4, 6), draw(6, 2, 3), 1, 1, 1, 2),
    ]),
    "conv_input_gradient": (DIFFERENTIABLE, [
        lambda draw: (draw(2, 2, 3), draw(2, 3, 3), (2, 3, 7), 2, 1, 2),
        lambda draw: (draw(2, 2, 6, 5), draw(2, 3, 3, 3), (2, 3, 6, 5), 1, 1, 1),
        lambda draw: (draw(1, 2, 1), draw(2, 3, 2), (1, 3, 0), 1, 1, 1),
        lambda draw: (draw(2, 6, 6), draw(6, 2, 3), (2, 4, 6), 1, 1, 1, 2),
    ]),
    "conv_filter_gradient": (DIFFERENTIABLE, [
        lambda draw: (draw(2, 3, 7), draw(2, 2, 3), (2, 3, 3), 2, 1, 2),
        lambda draw: (draw(2, 3, 6, 5), draw(2, 2, 6, 5), (2, 3, 3, 3), 1, 1, 1),
        lambda draw: (draw(0, 3, 6, 5), draw(0, 2, 6, 5), (2, 3, 3, 3), 1, 1, 1),
        lambda draw: (draw(2, 4, 6), draw(2, 6, 6), (6, 2, 3), 1, 1, 1, 2),
    ]),
    "conjugate_half": (("c8", "c16"), [
        lambda draw: (finite(draw(2, 4)), 6, -1, 0.5),
        lambda draw: (finite(draw(2, 4)), 7, 1, 2.0),
        lambda draw: (finite(draw(4, 2)), 7, 0, 2.0),
        lambda draw: (finite(draw(0, 1)), 1, 1, 2.0),
    ]),
    "dft": (NUMBERS, [
        lambda draw: (finite(draw(2, 5)), (1,), (5,), None),
        lambda draw: (finite(draw(2, 5)), (0, 1), (3, 4), "ortho", True),
        lambda draw: (finite(draw(3, 2, 4)), (2, 0), (4, 3), "forward"),
    ]),
    "hermitian_dft": (NUMBERS, [
        lambda draw: (finite(draw(2, 5)), (1,), (8,), None),
        lambda draw: (finite(draw(2, 5)), (0, 1), (3, 7), "ortho"),
        lambda draw: (finite(draw(3, 2, 4)), (2, 0), (3, 6), "forward"),
    ]),
    "real_dft": (REAL[:-1], [
        lambda draw: (finite(draw(2, 5)), (1,), (5,), None),
        lambda draw: (finite(draw(2, 5)), (0, 1), (3, 8), "ortho"),
        lambda draw: (finite(draw(3, 2, 4)), (2, 0), (3, 4), "forward"),
    ]),
    "gru_steps": (FLOATS[1:3], [
        lambda draw: (draw(3, 2, 12), draw(4, 8), draw(4, 4), draw(2, 4)),
        lambda draw: (draw(1, 1, 3), draw(1, 2), draw(1, 1), draw(1, 1)),
        lambda draw: (draw(0, 2, 12), draw(4, 8), draw(4, 4), draw(2, 4)),
        lambda draw: (draw(2, 0, 12), draw(4, 8), draw(4, 4), draw(0, 4)),
        lambda draw: (draw(3, 2, 12), draw(8, 4).T, draw(4, 4).T, draw(4, 2).T),
    ]),
    "gru_steps_adjoint": (FLOATS[1:3], [
        swept(3, 2, 4, None),
        swept(1, 1, 1, None),
        swept(0, 2, 4, None),
        swept(4, 3, 2, 0),
        swept(4, 3, 2, 1),
        swept(4, 3, 2, 3),
    ]),
    "max_picked": (FLOATS, [
        lambda draw: (draw(2, 6, 6), *pooled(draw)[1:]),
        lambda draw: (draw(0, 4), draw(0, 4), draw(0, 2), (2,), 2),
    ]),
    "in_pieces": (FLOATS, [
        lambda draw: (halved, draw(2, 3), draw(2, 3), draw(2, 3)),
        lambda draw: (halved, draw(), draw(), draw()),
    ]),
    "gathered": (KINDS, [
        lambda draw: (draw(3, 4), (draw(3, 4) > 0,)),
        lambda draw: (draw(3, 4), (draw(3) > 0, slice(1, None))),
        lambda draw: (draw(3, 4), (..., draw(4) > 0)),
        lambda draw: (draw(3, 4, 2), (1, None, draw(4) > 0, 0)),
        lambda draw: (draw(3, 4, 2), (..., draw(4, 2) > 0)),
        lambda draw: (draw(3, 4), (draw(3, 4) > 9,)),
        lambda draw: (draw(3, 4), (np.asarray([2, 0, 2]), slice(None, None, -1))),
        lambda draw: (draw(0, 4), (draw(0, 4) > 0,)),
    ]),
    "max_pool": (("f2", "f4", "f8", "g", "i4", "u1"), [
        lambda draw: (draw(2, 6, 6), (2, 3), (2, 3)),
        lambda draw: (draw(7), (3,), 2),
        lambda draw: (draw(5), (1,), 1),
        lambda draw: (draw(5), (1,), 2),
        lambda draw: (draw(0, 4), (2,), 2),
    ]),
    "max_unpool": (FLOATS, [
        pooled,
        pooled_apart(1, 1),
        pooled_apart(2, 1),
        pooled_apart(4, 4),
        lambda draw: (draw(0, 2), draw(0, 4), draw(0, 2), (2,), 2),
    ]),
    "channel_sums": (FLOATS[1:3], [
        lambda draw: (draw(2, 2, 1500), draw(2, 2, 1500), draw(2), abs(draw(2)), 0.5),
        lambda draw: (draw(3, 2), draw(3, 2), draw(2), abs(draw(2)), 0.5),
        lambda draw: (draw(900, 2, 11), draw(900, 2, 11), draw(2), abs(draw(2)), 0.5),
    ]),
    "channels_adjoint": (FLOATS[1:3], [
        lambda draw: (
            draw(2, 2, 1500), draw(2, 2, 1500), draw(2), draw(2), abs(draw(2)), 0.5
        ),
        lambda draw: (draw(3, 2), draw(3, 2), 1.0, draw(2), abs(draw(2)), 0.5),
        lambda draw: (
            draw(2, 2, 9000), draw(2, 2, 9000), draw(1), draw(2), abs(draw(2)), 0.5
        ),
    ]),
    "mean": (KINDS, [
        lambda draw: (draw(),),
        lambda draw: (draw(2, 3), 1),
        lambda draw: (draw(2, 3, 4), (0, -1), True),
        lambda draw: (draw(2, 3), ()),
        lambda draw: (draw(40, 3), 0),
        lambda draw: (draw(6000, 3, 2), (0, 2), True),
    ]),
    "normalize_channels": (FLOATS[1:3], [
        lambda draw: (draw(2, 2, 1500), draw(2), draw(2), 0.5),
        lambda draw: (draw(3000, 2), 1.0, 0.0, 0.5),
        lambda draw: (draw(3, 2), 1.0, draw(2), 0.5),
        lambda draw: (draw(2, 2, 9000), draw(), draw(1), 0.5),
    ]),
    "normalize_rows": (FLOATS[1:3], [
        lambda draw: (draw(2, 3, 5), draw(5), draw(5), 1, 0.5),
        lambda draw: (draw(2, 3, 5), draw(3, 5), 0.0, 2, 0.5),
        lambda draw: (draw(2, 9000), 1.0, draw(9000), 1, 0.5),
        lambda draw: (draw(3), 1.0, 0.0, 1, 0.5),
        lambda draw: (draw(700, 5, 10), draw(5, 10), draw(5, 10), 2, 0.5),
    ]),
    "row_sums": (FLOATS[1:3], [
        lambda draw: (draw(2, 3, 5), draw(2, 3, 5), draw(2, 3), abs(draw(2, 3)), 0.5),
        lambda draw: (draw(2, 3, 5), draw(2, 3, 5), draw(2), abs(draw(2)), 0.5),
        lambda draw: (draw(9000, 3), draw(9000, 3), draw(9000), abs(draw(9000)), 0.5),
        lambda draw: (draw(70, 5, 100), draw(70, 5, 100), draw(70), abs(draw(70)), 0.5),
    ]),
    "rows_adjoint": (FLOATS[1:3], [
        lambda draw: (
            draw(2, 3, 5), draw(2, 3, 5), draw(5), draw(2, 3), abs(draw(2, 3)), 0.5
        ),
        lambda draw: (draw(2, 3, 5), draw(2, 3, 5), 2.0, draw(2), abs(draw(2)), 0.5),
        lambda draw: (draw(2, 9000), draw(2, 9000), draw(9000), draw(2), abs(draw(2)), 0.5),
        lambda draw: (
            draw(700, 5, 10), draw(700, 5, 10), draw(5, 10), draw(700), abs(draw(700)), 0.5
        ),
    ]),
    "ones_like": (KINDS, [
        lambda draw: (draw(),),
        lambda draw: (draw(2, 3),),
        lambda draw: (draw(0, 3),),
    ]),
    "pad_from_within": (KINDS, [
        padded(mode, shape, widths)
        for mode in ("wrap", "edge", "symmetric", "reflect")
        for shape, widths in PADDED
    ]),
    "partitioned_places": (("f4", "f8", "i4"), [  # at all positions, so that there is one answer
        lambda draw: (different(draw(5)), [0, 1, 2, 3, 4], 0),
        lambda draw: (different(draw(3, 4)), [2, 0, 1], 0),
        lambda draw: (different(draw(2, 3)), [0, 2], -1),
        lambda draw: (different(draw(2, 3)), [], 1),
    ]),
    "roll": (KINDS, [
        lambda draw: (draw(5), 2),
        lambda draw: (draw(2, 3), -4),
        lambda draw: (draw(2, 3, 4), 7, -2),
        lambda draw: (draw(2, 3, 4), (1, -1), (0, 2)),
        lambda draw: (draw(2, 3, 4), (1, 1, 3), (1, 1, -1)),
        lambda draw: (draw(0, 3), 1, 1),
    ]),
    "rmsprop_update": (FLOATS[1:3], [
        lambda draw: (draw(2, 3), draw(2, 3), None, draw(2, 3) ** 2, None, None,
                      0.1, 0.9, 1e-3, 0.0, 0.0),
        lambda draw: (draw(3), draw(3), None, draw(3) ** 2, draw(3), None,
                      0.1, 0.9, 1e-3, 0.5, 0.0),
        lambda draw: (draw(), draw(), None, draw() ** 2, None, draw(),
                      0.1, 0.9, 1e-3, 0.0, 0.5),
        lambda draw: (draw(2, 3), draw(2, 3), None, draw(2, 3) ** 2, draw(2, 3), draw(2, 3),
                      0.1, 0.9, 1e-3, 0.5, 0.5),
    ]),
    "sgd_update": (FLOATS[1:3], [
        lambda draw: (draw(2, 3), draw(2, 3), None, None, 0.1, 0.0, 1.0, 0.0, False),
        lambda draw: (draw(3), draw(3), None, draw(3), 0.1, 0.9, 1.0, 0.5, False),
        lambda draw: (draw(), draw(), None, draw(), 0.1, 0.9, 0.7, 0.0, True),
    ]),
    "repeated_places": (("i4", "u1"), [
        lambda draw: (abs(draw(5)).astype(draw(5).dtype), 5),
        lambda draw: (np.asarray(3, draw().dtype), 4),
        lambda draw: (np.asarray([2], draw().dtype), 4),
        lambda draw: (np.asarray([0, 0], draw().dtype), 2),
        lambda draw: (np.asarray([], draw().dtype), 0),
    ]),
    "sign": (FLOATS, [
        lambda draw: (draw(),),
        lambda draw: (draw(4, 5),),
        lambda draw: (draw(0, 5),),
    ]),
    "sliding_windows": (KINDS, [
        lambda draw: (draw(2, 5, 4), (3, 2), (2, 1), None),
        lambda draw: (draw(7), (2,), 2, 3),
        lambda draw: (draw(7), (1,), 7, (1,)),
        lambda draw: (draw(0, 7), (2,), 2, 3),
    ]),
    "stack": (KINDS, [
        lambda draw: ([draw(), draw()],),
        lambda draw: ([draw(2, 3)] * 3, 1),
        lambda draw: ([draw(2, 3), draw(3, 2).T], -1),
        lambda draw: ([draw(2, 3), np.zeros((2, 3), "f4")],),
        lambda draw: ([draw(0, 3)] * 2, 2),
        lambda draw: ([draw(1, 3) for _ in range(70)], 1),
    ]),
    "std": (KINDS, SPREADS),
    "stable_sort": (REAL, [
        lambda draw: (draw(5), 0),
        lambda draw: (draw(3, 100), 1),
        lambda draw: (draw(100, 3), 0),
        lambda draw: (draw(200), 0, True),
        lambda draw: (different(draw(200)), 0),
        lambda draw: (different(draw(100, 2)), 0),
        lambda draw: (draw(0, 2), 0),
    ]),
    "sum": (KINDS, [
        lambda draw: (draw(),),
        lambda draw: (draw(2, 3), 1),
        lambda draw: (draw(2, 3, 4), (0, -1), True),
        lambda draw: (draw(2, 3), ()),
        lambda draw: (draw(0, 3), 0),
        lambda draw: (draw(40, 3), 0),
        lambda draw: (draw(3000, 3, 2), (0, 2), True),
        lambda draw: (draw(33, 1, 5), (0, 1)),
        lambda draw: (draw(5, 40).T, -2),
    ]),
    "take": (KINDS, [
        lambda draw: (draw(2, 3), np.asarray([[0, -1], [1, 0]])),
        lambda draw: (draw(2, 3), np.asarray([1, -2, 1], "i1"), 0),
        lambda draw: (draw(2, 3), np.asarray([], int), 1),
        lambda draw: (draw(2, 3), np.asarray([7, -9]), 1, "wrap"),
        lambda draw: (draw(2, 3), np.asarray([7, -9]), 1, "clip"),
    ]),
    "take_diagonals": (KINDS, [
        lambda draw: (draw(3, 3), "ii", "i"),
        lambda draw: (draw(2, 3, 2), "iji", "ji"),
    ]),
    "unpad_from_within": (FLOATS[1:3], [
        unpadded(mode, shape, widths)
        for mode in ("wrap", "edge", "symmetric", "reflect")
        for shape, widths in PADDED
    ]),
    "where": (KINDS, [
        lambda draw: (draw() > 0, draw(), 0.0),
        lambda draw: (draw(2, 3) > 0, draw(2, 3), 0.0),
        lambda draw: (draw(3) > 0, draw(2, 3), 0.0),
        lambda draw: (draw(2, 3) > 0, draw(), 0.0),
        lambda draw: (draw(0, 3) > 0, draw(0, 3), 0.0),
        lambda draw: (draw(2, 3) > 0, draw(2, 3), -0.0),
        lambda draw: (draw(2, 3) > 0, draw(2, 3), 1.0),
        lambda draw: (draw(2, 3) > 0, draw(2, 3), draw(3)),
        lambda draw: (draw(2, 3) > 0, 0.0, draw(2, 3)),
    ]),
    "var": (KINDS, SPREADS),
    "at_labels": (DIFFERENTIABLE, [
        lambda draw: (draw(6, 4), SURE),
        lambda draw: (draw(6, 4), SURE.astype("u1")),
        lambda draw: (draw(0, 4), SURE[:0]),
    ]),
    "crossentropy_adjoint": (FLOATS[:3], [
        scored,
        lambda draw: (
            draw(), draw(0, 4), SURE[:0], draw(0, 1), draw(0, 1), draw(0, 1)
        ),
    ]),
    "elu": (REAL, [lambda draw: (draw(2, 3), 0.7), lambda draw: (draw(), 2)]),
    "elu_adjoint": (FLOATS[:3], [
        lambda draw: (draw(2, 3), draw(2, 3), 0.7, 1.0),
        lambda draw: (np.broadcast_to(draw(), (3,)), draw(3), 2.0, 3),
    ]),
    "focus": (FLOATS[:3], [lambda draw: (draw(4, 3), 1.5), lambda draw: (draw(), 2.0)]),
    "focus_adjoint": (FLOATS[:3], [
        lambda draw: (draw(4, 3), draw(4, 3), 0.5),
        lambda draw: (draw(4, 3), draw(4, 3), 2.0),
    ]),
    "hard_tanh": (FLOATS, [lambda draw: (draw(4, 3), -1, 1.5), lambda draw: (draw(0, 3),)]),
    "hard_tanh_adjoint": (FLOATS[:3], [lambda draw: (draw(4, 3), draw(4, 3), -1, 1.5)]),
    "label_crossentropy": (REAL, [
        lambda draw: (draw(6, 4), SURE),
        lambda draw: (draw(6, 4), SURE.astype("u8")),
        lambda draw: (draw(6, 300), SURE - 300),
        lambda draw: (draw(6, 100), SURE + 3),
        lambda draw: (draw(6, 1), SURE * 0),
        lambda draw: (draw(0, 4), SURE[:0]),
        lambda draw: (draw(2, 9000), SURE[:2]),
    ]),
    "label_hinge": (FLOATS[:3], [
        lambda draw: (draw(6, 4), 1.0, SURE),
        lambda draw: (draw(6, 4), 2, SURE.astype("u1")),
        lambda draw: (draw(6, 1), 0.5, SURE * 0),
        lambda draw: (draw(6, 300), 1.0, SURE - 300),
        lambda draw: (draw(0, 4), 1.0, SURE[:0]),
    ]),
    "label_hinge_adjoint": (FLOATS[:3], [
        lambda draw: (draw(6), draw(6, 4), 1.0, SURE),
        lambda draw: (draw(6), draw(6, 300), 1.0, SURE - 300),
        lambda draw: (draw(0), draw(0, 4), 1.0, SURE[:0]),
    ]),
    "label_mask": (("f4",), [
        lambda draw: (LABELS, 4),
        lambda draw: (SURE.astype("u1"), 300),
        lambda draw: (SURE[:0], 4),
        lambda draw: (SURE, 0),
    ]),
    "leaky_relu": (REAL, [lambda draw: (draw(4, 3), 0.1), lambda draw: (draw(3), 2)]),
    "leaky_relu_adjoint": (FLOATS[:3], [lambda draw: (draw(4, 3), draw(4, 3), 0.1)]),
    "logsoftmax": (REAL, ALONG_AXES),
    "logsoftmax_adjoint": (FLOATS[:3], [
        lambda draw: (draw(5, 4), draw(5, 4), -1),
        lambda draw: (np.broadcast_to(draw(), (2, 3, 4)), draw(2, 3, 4), (1, 2)),
        lambda draw: (draw(2, 3, 4), draw(2, 3, 4), 1),
        lambda draw: (draw(), draw(), -1),
    ]),
    "put_at_labels": (DIFFERENTIABLE, [
        lambda draw: (draw(6), SURE, 4),
        lambda draw: (draw(6), SURE.astype("u1"), 300),
        lambda draw: (draw(0), SURE[:0], 4),
    ]),
    "relu_adjoint": (FLOATS, [lambda draw: (draw(4, 3), draw(4, 3))]),
    "selu": (REAL, [lambda draw: (draw(4, 3),), lambda draw: (draw(),)]),
    "sigmoid": (KINDS[:6], [lambda draw: (draw(4, 3),), lambda draw: (20 * draw(4, 3),)]),
    "sigmoid_adjoint": (FLOATS[:3], [
        lambda draw: (lambda x: (draw(4, 3), x, sigmoid(x)))(draw(4, 3)),
    ]),
    "soft_sign": (NUMBERS[:4], [lambda draw: (draw(4, 3),), lambda draw: (draw(),)]),
    "soft_sign_adjoint": (FLOATS[:3], [lambda draw: (draw(4, 3), draw(4, 3))]),
    "softmax": (REAL, ALONG_AXES),
    "softmax_adjoint": (FLOATS[:3], [
        lambda draw: (draw(5, 4), draw(5, 4), -1),
        lambda draw: (draw(2, 3, 4), draw(2, 3, 4), 1),
        lambda draw: (draw(0, 4), draw(0, 4), 0),
    ]),
    "take_along_axis": (KINDS, [
        lambda draw: (draw(2, 3), np.asarray([[0, -1, 1, 0], [2, 2, -3, 0]]), 1),
        lambda draw: (draw(2, 3), np.asarray([[0, -1, 1]], "i1"), 0),
        lambda draw: (draw(2, 3, 2), np.asarray([[[1], [0], [-1]]], "i1"), 0),
        lambda draw: (draw(6), np.asarray([5, 5, 0], "u1"), None),
        lambda draw: (draw(0, 3), np.zeros((0, 2), int), 1),
    ]),
    "tanh_adjoint": (DIFFERENTIABLE, [
        lambda draw: (draw(4, 3), draw(4, 3)),
        lambda draw: (draw(4, 3), 300 * draw(4, 3)),
    ]),
    "untake_along_axis": (DIFFERENTIABLE, [
        lambda draw: (draw(2, 4), np.asarray([[0, -1, 1, 0], [2, 2, -3, 0]]), 1, (2, 3)),
        lambda draw: (draw(1, 3), np.asarray([[0, -1, 1]], "i1"), 0, (2, 3)),
        lambda draw: (draw(3), np.asarray([5, 5, 0], "u1"), None, (2, 3)),
        lambda draw: (draw(0, 2), np.zeros((0, 2), int), 1, (0, 3)),
    ]),
    "matmul": (FLOATS[1:3], [
        lambda draw: (draw(2, 3), draw(3, 2)),
        lambda draw: (draw(2, 3), np.broadcast_to(draw(), (1, 3, 1))),
        lambda draw: (np.broadcast_to(draw(), (3,)), draw(3, 2)),
        lambda draw: (draw(4, 2, 3), np.broadcast_to(draw(3), (4, 1, 3)).swapaxes(1, 2)),
    ]),
}  # fmt: skip
"""By kernel: the dtypes, and functions that draw operands and return the arguments of a call."""

ON_DEVICES = {
    **dict.fromkeys(("conv_nd", "conv_input_gradient", "conv_filter_gradient"), FLOATS[:3]),
    "matmul": ("f4", "f8", "i4"),
}
"""By kernel, the dtypes to call it with elsewhere than on NumPy, if not with all (but g)."""

IN_PLACE = {"adagrad_update", "adam_update", "in_pieces", "rmsprop_update", "sgd_update"}
"""They change some of their arguments, and return these."""
VIEWS = {"broadcast_to", "sliding_windows", "take_diagonals"}
"""Their results look at the memory of their arguments."""
EXACT = {
    *VIEWS, "at_labels", "concat", "copy", "gathered", "label_mask", "max_pool", "ones_like",
    "pad_from_within", "partitioned_places", "relu_adjoint", "repeated_places", "roll", "sign",
    "stable_sort", "stack", "take", "take_along_axis", "where",
}  # fmt: skip
"""They move elements, and round nothing."""
