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


CALLS: dict[str, tuple[tuple[str, ...], list[Callable[[Draw], Call]]]] = {
    "broadcast_to": (KINDS, [
        lambda draw: (draw(), (2, 3)),
        lambda draw: (draw(), ()),
        lambda draw: (draw(), 3),
        lambda draw: (draw(1), 3),
        lambda draw: (draw(), (0, 2)),
        lambda draw: (draw(3), (2, 3)),
        lambda draw: (draw(2, 1), (2, 0)),
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
        lambda draw: (draw(2, 2, 1500), draw(2, 2, 1500), draw(2)),
        lambda draw: (draw(3, 2), draw(3, 2), draw(2)),
    ]),
    "channels_adjoint": (FLOATS[1:3], [
        lambda draw: (
            draw(2, 2, 1500), draw(2, 2, 1500), draw(2), draw(2), abs(draw(2)), 0.5
        ),
        lambda draw: (draw(3, 2), draw(3, 2), 1.0, draw(2), abs(draw(2)), 0.5),
    ]),
    "normalize_channels": (FLOATS[1:3], [
        lambda draw: (draw(2, 2, 1500), draw(2), draw(2), 0.5),
        lambda draw: (draw(3000, 2), 1.0, 0.0, 0.5),
        lambda draw: (draw(3, 2), 1.0, draw(2), 0.5),
    ]),
    "ones_like": (KINDS, [
        lambda draw: (draw(),),
        lambda draw: (draw(2, 3),),
        lambda draw: (draw(0, 3),),
    ]),
    "sliding_windows": (KINDS, [
        lambda draw: (draw(2, 5, 4), (3, 2), (2, 1), None),
        lambda draw: (draw(7), (2,), 2, 3),
        lambda draw: (draw(7), (1,), 7, (1,)),
        lambda draw: (draw(0, 7), (2,), 2, 3),
    ]),
    "sum": (KINDS, [
        lambda draw: (draw(),),
        lambda draw: (draw(2, 3), 1),
        lambda draw: (draw(2, 3, 4), (0, -1), True),
        lambda draw: (draw(2, 3), ()),
        lambda draw: (draw(0, 3), 0),
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
    "logsoftmax": (REAL, [
        lambda draw: (draw(5, 4),),
        lambda draw: (draw(2, 3, 4), (1, -1)),
        lambda draw: (draw(2, 3, 4), (0, 2)),
        lambda draw: (draw(3, 300), 1),
        lambda draw: (draw(300, 3), 0),
        lambda draw: (draw(40, 3, 50, 2), None),
        lambda draw: (draw(40, 3, 50, 2), -3),
        lambda draw: (draw(),),
        lambda draw: (draw(0, 3), 1),
    ]),
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
    "softmax": (REAL, [
        lambda draw: (draw(5, 4),),
        lambda draw: (draw(2, 3, 4), (1, -1)),
        lambda draw: (draw(2, 3, 4), (0, 2)),
        lambda draw: (draw(3, 300), 1),
        lambda draw: (draw(300, 3), 0),
        lambda draw: (draw(40, 3, 50, 2), None),
        lambda draw: (draw(40, 3, 50, 2), -3),
        lambda draw: (draw(),),
        lambda draw: (draw(0, 3), 1),
    ]),
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

VIEWS = {"broadcast_to", "sliding_windows", "take_diagonals"}
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
    with np.errstate(all="ignore"):
        want = portable(name, without_kernels())(*args)
        got = kernel(*args)
    if got is NotImplemented:
        return
    for found, wanted in zip(
        got if isinstance(got, tuple) else (got,),
        want if isinstance(want, tuple) else (want,), strict=True,
    ):  # fmt: skip
        if layout != "byte order":  # a view keeps it, other results are native
            assert found.dtype == wanted.dtype
        elif name not in VIEWS:
            assert found.dtype.isnative or found.dtype == wanted.dtype
        assert found.shape == wanted.shape
        if name not in VIEWS and isinstance(found, adapter.array_types):
            arrays = [a for a in args if isinstance(a, adapter.array_types)]
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
    assert len(names) == 16
    adapter = mg.backends.selected_adapter()
    declared = {name for folder, name in DECLARED if folder == f"mygrad_{adapter.name}"}
    if adapter.name != "array-api-strict":
        assert set(adapter.kernels) == declared


@pytest.mark.parametrize(("folder", "name"), DECLARED)
def test_each_kernel_has_a_counterpart_and_a_test(folder: str, name: str) -> None:
    assert name in compositions or name in registry or hasattr(array_api_strict, name)
    assert name in CALLS, f"{folder}: put calls of {name} into CALLS"


def kinds_here(name: str) -> list[str]:
    if mg.backends.selected_adapter().name == "numpy":
        return list(CALLS[name][0])
    few = ("f4", "f8", "i4")
    return [k for k in CALLS[name][0] if k != "g" and (k in few or name not in FEW_KINDS)]


LAYOUTS = ("plain", "reversed", "spread", "turned", "byte order")
FEW_KINDS = {"matmul"}  # what devices without other dtypes have kernels for


@pytest.mark.parametrize("special", [False, True], ids=["", "special"])
@pytest.mark.parametrize("name", sorted(CALLS))
def test_kernels_do_what_portable_functions_do(name: str, special: bool) -> None:
    adapter = mg.backends.selected_adapter()
    if name not in adapter.kernels:
        pytest.skip(f"{adapter.name} has no such kernel")
    for kind in kinds_here(name):
        if special and kind in ("i4", "u1", "b1"):
            continue
        for layout in LAYOUTS if adapter.name == "numpy" else LAYOUTS[:-1]:
            for make in CALLS[name][1]:
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
