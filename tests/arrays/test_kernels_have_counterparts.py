"""Every kernel of every adapter stands in for a portable function, and does what that does.

`CALLS` has example calls of each. A kernel that it lacks fails here, as does one without a
portable counterpart: a primitive, a composition, or a function of the standard.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest
from numpy.typing import NDArray

import mygrad as mg
from mygrad.autodiff.namespace import Namespace, compositions, registry

Array = NDArray[Any]
BACKENDS = Path(__file__).parent.parent.parent / "backends"
KINDS = ("f2", "f4", "f8", "g", "c8", "c16", "i4", "u1", "b1")
FLOATS = ("f2", "f4", "f8", "g")
DIFFERENTIABLE = (*FLOATS, "c8", "c16")
NUMBERS = tuple(k for k in KINDS if k != "b1")
REAL = tuple(k for k in KINDS if not k.startswith("c"))


def named_kernels(tree: ast.Module) -> Iterator[str]:
    """The names in ``adapter.kernels.update(name=...)`` and ``adapter.kernels["name"] = ...``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "adapter.kernels.update":
            assert not node.args
            yield from (k.arg or "**" for k in node.keywords)
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "adapter.kernels":
            yield ast.literal_eval(node.slice)


def kernels_of(folder: Path) -> list[str]:
    trees = [ast.parse(p.read_text()) for p in folder.glob("*.py")]
    return sorted(name for tree in trees for name in named_kernels(tree))


DECLARED = [(f.name, name) for f in sorted(BACKENDS.glob("mygrad_*")) for name in kernels_of(f)]


# --- example calls --------------------------------------------------------------------------------
Draw = Callable[..., Array]
Call = tuple[Any, ...]


def pooled(draw: Draw) -> Call:
    x, pool, stride = draw(2, 6, 6), (2, 3), (2, 3)
    windows = x.reshape(2, 3, 2, 2, 3)
    with np.errstate(invalid="ignore"):
        return draw(2, 3, 2), x, windows.max((2, 4)), pool, stride


PADDED: list[tuple[tuple[int, ...], list[tuple[int, int]]]] = [
    ((4,), [(2, 1)]),
    ((1, 3), [(3, 2), (0, 4)]),
    ((2, 3, 4), [(0, 0), (7, 1), (0, 0)]),
    ((2, 3, 2, 2), [(1, 0), (0, 0), (0, 0), (5, 5)]),
    ((2, 2), [(0, 0), (0, 0)]),
]
"""Shapes, and how many elements to put before and behind each axis."""


def swept(steps: int, batch: int, size: int, bp_lim: int | None) -> Callable[[Draw], Call]:
    """The way back through a recurrent layer, whose gates lie between 0 and 1."""

    def call(draw: Draw) -> Call:
        gates = abs(draw(steps, batch, 2 * size)) / 8
        arrays = draw(steps + 1, batch, size), draw(steps + 1, batch, size), gates
        return *arrays, draw(steps, batch, size) / 8, draw(size, 2 * size), draw(size, size), bp_lim

    return call


def halved(p: Any, g: Any, state: Any) -> tuple[Any, ...]:
    """A formula of parameter, gradient and state, which it updates in place."""
    state *= 0.5
    p -= g + state
    return p, state
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
    ]),
    "conv_input_gradient": (DIFFERENTIABLE, [
        lambda draw: (draw(2, 2, 3), draw(2, 3, 3), (2, 3, 7), 2, 1, 2),
        lambda draw: (draw(2, 2, 6, 5), draw(2, 3, 3, 3), (2, 3, 6, 5), 1, 1, 1),
        lambda draw: (draw(1, 2, 1), draw(2, 3, 2), (1, 3, 0), 1, 1, 1),
    ]),
    "conv_filter_gradient": (DIFFERENTIABLE, [
        lambda draw: (draw(2, 3, 7), draw(2, 2, 3), (2, 3, 3), 2, 1, 2),
        lambda draw: (draw(2, 3, 6, 5), draw(2, 2, 6, 5), (2, 3, 3, 3), 1, 1, 1),
        lambda draw: (draw(0, 3, 6, 5), draw(0, 2, 6, 5), (2, 3, 3, 3), 1, 1, 1),
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
        lambda draw, mode=mode, shape=shape, widths=widths: (draw(*shape), widths, mode)
        for mode in ("wrap", "edge", "symmetric", "reflect")
        for shape, widths in PADDED
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
    "std": (KINDS, [
        lambda draw: (draw(),),
        lambda draw: (draw(2, 3), 1, 1),
        lambda draw: (draw(2, 3, 4), (0, -1), 0.5, True),
        lambda draw: (draw(2, 3, 4), 1),
        lambda draw: (draw(2, 3), (), 0),
        lambda draw: (draw(40, 3), 0, -1),
        lambda draw: (draw(6000, 3, 2), (0, 2), 1, True),
        lambda draw: (draw(5, 40).T, -1),
        lambda draw: (draw(2, 9000), None, 1),
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
        lambda draw, mode=mode, shape=shape, widths=widths: (
            draw(*(b + n + e for n, (b, e) in zip(shape, widths, strict=True))),
            widths, mode, shape,
        )
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
    "var": (KINDS, [
        lambda draw: (draw(),),
        lambda draw: (draw(2, 3), 1, 1),
        lambda draw: (draw(2, 3, 4), (0, -1), 0.5, True),
        lambda draw: (draw(2, 3, 4), 1),
        lambda draw: (draw(2, 3), (), 0),
        lambda draw: (draw(40, 3), 0, -1),
        lambda draw: (draw(6000, 3, 2), (0, 2), 1, True),
        lambda draw: (draw(5, 40).T, -1),
        lambda draw: (draw(2, 9000), None, 1),
    ]),
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
    "sigmoid_adjoint": (FLOATS[:3], [lambda draw: (draw(4, 3), draw(4, 3), draw(4, 3))]),
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
EXACT = {*VIEWS, "concat", "copy", "max_pool", "ones_like", "stack", "take", "where"}
EXACT |= {"pad_from_within", "roll"}
EXACT = {*VIEWS, "copy", "gathered", "max_pool", "ones_like", "repeated_places", "sign", "take",
         "where"}
EXACT = {
    *VIEWS, "at_labels", "copy", "label_mask", "max_pool", "ones_like", "relu_adjoint", "take",
    "take_along_axis", "where",
}  # fmt: skip
SPECIAL = (np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-45, 5e-324, 6e-8)


def drawing(kind: str, special: bool, layout: str) -> Draw:
    """Draws arrays of a dtype, with few distinct values, on memory of some kind."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> Array:
        values = np.rint(4 * rng.standard_normal(shape)) / 2
        if special and values.size:
            values = np.where(rng.random(shape) < 0.2, rng.choice(SPECIAL, shape), values)
        with np.errstate(invalid="ignore", under="ignore"):
            a = np.asarray(values.astype(kind))
        if layout == "byte order":
            a = a.astype(a.dtype.newbyteorder(">"))
        elif layout == "reversed":
            a = np.flip(np.flip(a).copy())
        elif layout == "spread" and a.ndim:
            a = np.repeat(a, 3, -1)[..., ::3]
        elif layout == "turned" and a.ndim:
            a = np.asfortranarray(a)
        a = np.asarray(a)
        a.flags.writeable = False
        return a

    return draw


def without_kernels() -> Namespace:
    """The selected backend's namespace, if its adapter had none."""
    selected = mg.backends.selected_adapter()
    bare = type(selected)()
    assert not bare.kernels
    return Namespace(bare)


def portable(name: str, xp: Namespace) -> Callable[..., Any]:
    found = compositions.get(name) or registry.get(name)
    if name in compositions:
        return lambda *args: compositions[name].function(*args, xp=xp)
    if found is not None and found.takes_xp:
        return lambda *args: found.forward(*args, xp=xp)
    return getattr(xp.adapter.xp, name)


def same(name: str, call: Call, layout: str) -> None:
    adapter = mg.backends.selected_adapter()

    def moved(a: Any) -> Any:
        if isinstance(a, list):
            return [moved(part) for part in a]
        if isinstance(a, tuple):
            return tuple(moved(item) for item in a)
        return adapter.asarray(a) if isinstance(a, (np.ndarray, np.generic)) else a
        if not isinstance(a, (np.ndarray, np.generic)):
            return a
        there = adapter.asarray(a)
        if adapter.name == "numpy" or not a.ndim or not a.size:
            return there
        laid_out = adapter.allocate(a.shape, a.strides, there.dtype, None)
        laid_out[...] = there
        return laid_out

    kernel = adapter.kernels[name]
    args = [moved(a) for a in call]
    theirs = args
    if name in IN_PLACE:
        arrays = [isinstance(a, (np.ndarray, np.generic)) for a in call]
        args = [adapter.copy(a) if yes else a for a, yes in zip(args, arrays, strict=True)]
        theirs = [adapter.copy(a) if yes else a for a, yes in zip(args, arrays, strict=True)]
    with np.errstate(all="ignore"):
        want = portable(name, without_kernels())(*theirs)
        got = kernel(*args)
    if got is NotImplemented:
        return
    if name == "gathered":  # another index may stand for the same elements
        got, want = ((found, args[0][index]) for found, index in (got, want))
    for found, wanted in zip(
        got if isinstance(got, tuple) else (got,),
        want if isinstance(want, tuple) else (want,), strict=True,
    ):  # fmt: skip
        if layout != "byte order":  # a view keeps it, other results are native
            assert found.dtype == wanted.dtype
        elif name not in VIEWS:
            assert found.dtype.isnative or found.dtype == wanted.dtype
        assert found.shape == wanted.shape
        if name in IN_PLACE:
            assert any(found is a for a in args)
        elif name not in VIEWS and isinstance(found, adapter.array_types):
            parts = [p for a in args for p in (a if isinstance(a, list) else [a])]
            arrays = [a for a in parts if isinstance(a, adapter.array_types)]
            assert not any(adapter.overlaps(found, a) for a in arrays if a.ndim)
            assert adapter.is_writeable(found)
        a, b = (
            adapter.to_host(adapter.asarray(v)) for v in (found, wanted)
        )
        if name in EXACT:
            np.testing.assert_array_equal(a, b)
            if name != "max_pool" and a.dtype.kind == "f":
                np.testing.assert_array_equal(np.signbit(a), np.signbit(b))
        else:
            rtol = {2: 3e-3, 4: 3e-5, 8: 1e-9}.get(a.dtype.itemsize, 1e-9)
            np.testing.assert_allclose(a, b, rtol=max(rtol, 3e-5 * (a.dtype == "c8")), atol=rtol)


# --- tests ----------------------------------------------------------------------------------------
def test_the_adapters_kernels_are_found() -> None:
    names = [name for folder, name in DECLARED if folder == "mygrad_numpy"]
    assert len(names) == 20
    adapter = mg.backends.selected_adapter()
    declared = {name for folder, name in DECLARED if folder == f"mygrad_{adapter.name}"}
    if adapter.name != "array-api-strict":
        assert set(adapter.kernels) == declared


@pytest.mark.parametrize(("folder", "name"), DECLARED)
def test_each_kernel_has_a_counterpart_and_a_test(folder: str, name: str) -> None:
    assert name in compositions or name in registry or hasattr(array_api_strict, name)
    assert name in CALLS, f"{folder}: put calls of {name} into CALLS"


def kinds_here(name: str) -> list[str]:
    kinds = CALLS[name][0]
    if mg.backends.selected_adapter().name == "numpy":
        return list(kinds)
    here = kinds if mg.backends.selected_adapter().name == "cupy" else ("f4", "f8", "i4")
    return [k for k in kinds if k in ON_DEVICES.get(name, here) and k != "g"]


LAYOUTS = ("plain", "reversed", "spread", "turned", "byte order")


@pytest.mark.parametrize("special", [False, True], ids=["", "special"])
@pytest.mark.parametrize("name", sorted(CALLS))
def test_kernels_do_what_portable_functions_do(name: str, special: bool) -> None:
    adapter = mg.backends.selected_adapter()
    if name not in adapter.kernels:
        pytest.skip(f"{adapter.name} has no such kernel")
    if name == "repeated_places":
        try:
            adapter.xp.repeat(adapter.asarray([1]), adapter.asarray([1]))
        except ValueError:
            pytest.skip("cupy: before 14.2 its own repeat takes no arrays")
    for kind in kinds_here(name):
        if special and kind in ("i4", "u1", "b1"):
            continue
        for layout in LAYOUTS if adapter.name == "numpy" else LAYOUTS[:-1]:
            for make in CALLS[name][1]:
                with np.errstate(invalid="ignore"):
                    call = make(drawing(kind, special, layout))
                try:
                    same(name, call, layout)
                except AssertionError as error:
                    raise AssertionError(f"{name}({call}), {kind}, {layout}: {error}") from error


@pytest.mark.numpy_only("bits of NaN")
@pytest.mark.parametrize("kind", FLOATS[:3])
def test_choosing_keeps_bits(kind: str) -> None:
    size = np.dtype(kind).itemsize
    every = np.random.default_rng(0).integers(0, 256, (999, size), np.uint8).view(kind)
    every = np.concatenate([every[:, 0], np.array([np.nan, -np.nan, -0.0, np.inf], kind)])
    mask = np.arange(every.size) % 3 > 0
    got = mg.backends.selected_adapter().kernels["where"](mask, every, 0.0)
    assert got.dtype == every.dtype
    assert got.tobytes() == np.where(mask, every, np.zeros((), kind)).tobytes()
