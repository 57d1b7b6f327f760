"""Kernels do what the portable functions do that they stand in for: example calls, comparisons.

`CALLS` has examples of each kernel of the adapters that come with mygrad; kernels of other adapters
that have the same names are checked with them.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mygrad.arrays import Adapter
from mygrad.autodiff.namespace import Namespace, compositions, registry
from mygrad.testing.conformance import Bench, Skip, check

__all__ = ["CALLS", "drawing", "portable", "same"]

Array = NDArray[Any]
KINDS = ("f2", "f4", "f8", "g", "c8", "c16", "i4", "u1", "b1")
FLOATS = ("f2", "f4", "f8", "g")
DIFFERENTIABLE = (*FLOATS, "c8", "c16")
NUMBERS = tuple(k for k in KINDS if k != "b1")

# --- example calls --------------------------------------------------------------------------------
Draw = Callable[..., Array]
Call = tuple[Any, ...]


def pooled(draw: Draw) -> Call:
    x, pool, stride = draw(2, 6, 6), (2, 3), (2, 3)
    windows = x.reshape(2, 3, 2, 2, 3)
    with np.errstate(invalid="ignore"):
        return draw(2, 3, 2), x, windows.max((2, 4)), pool, stride


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
    "matmul": (FLOATS[1:3], [
        lambda draw: (draw(2, 3), draw(3, 2)),
        lambda draw: (draw(2, 3), np.broadcast_to(draw(), (1, 3, 1))),
        lambda draw: (np.broadcast_to(draw(), (3,)), draw(3, 2)),
        lambda draw: (draw(4, 2, 3), np.broadcast_to(draw(3), (4, 1, 3)).swapaxes(1, 2)),
    ]),
}  # fmt: skip
"""By kernel: the dtypes, and functions that draw operands and return the arguments of a call."""

VIEWS = {"broadcast_to", "sliding_windows", "take_diagonals"}
EXACT = {*VIEWS, "copy", "max_pool", "ones_like", "take", "where"}
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


def without_kernels(adapter: Adapter) -> Namespace:
    """The namespace that an adapter would have without its kernels."""
    bare = copy(adapter)
    bare.kernels, bare.partial_kernels = {}, frozenset()
    return Namespace(bare)


def portable(name: str, xp: Namespace) -> Callable[..., Any]:
    if name in compositions:
        return lambda *args: compositions[name].function(*args, xp=xp)
    found = registry.get(name)
    if found is not None and found.takes_xp:
        return lambda *args: found.forward(*args, xp=xp)
    return getattr(xp.adapter.xp, name)


def same(adapter: Adapter, name: str, call: Call, layout: str = "plain") -> None:
    """Raise unless a kernel does with a call what the portable function does."""

    def moved(a: Any) -> Any:
        if not isinstance(a, (np.ndarray, np.generic)):
            return a
        return adapter.asarray(a) if np.ndarray in adapter.array_types else adapter.from_host(a)

    args = [moved(a) for a in call]
    with np.errstate(all="ignore"):
        want = portable(name, without_kernels(adapter))(*args)
        got = adapter.kernels[name](*args)
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
            arrays: list[Any] = [a for a in args if isinstance(a, adapter.array_types)]
            assert not any(adapter.overlaps(found, a) for a in arrays if a.ndim)
            assert adapter.is_writeable(found)
        a, b = (adapter.to_host(adapter.asarray(v)) for v in (found, wanted))
        if name in EXACT:
            np.testing.assert_array_equal(a, b)
            if name != "max_pool" and a.dtype.kind == "f":
                np.testing.assert_array_equal(np.signbit(a), np.signbit(b))
        else:
            rtol = {2: 3e-3, 4: 3e-5, 8: 1e-9}.get(a.dtype.itemsize, 1e-9)
            np.testing.assert_allclose(a, b, rtol=max(rtol, 3e-5 * (a.dtype == "c8")), atol=rtol)


def told(call: Call) -> str:
    """The arguments of a call, arrays by dtype and shape."""
    return ", ".join(
        f"{a.dtype}{list(a.shape)}" if isinstance(a, np.ndarray) else repr(a) for a in call
    )


@check("kernels", "do what portable functions do")
def kernels(bench: Bench) -> None:
    adapter = bench.adapter
    if not adapter.kernels:
        raise Skip("the adapter has none")
    unknown = []
    for name in sorted(adapter.kernels):
        if not (name in compositions or name in registry or hasattr(adapter.xp, name)):
            raise AssertionError(f"the kernel {name!r} stands in for nothing of this name")
        if name not in CALLS:
            unknown.append(name)
            continue
        for kind in ("f4", "f8", "i4"):
            if kind not in CALLS[name][0]:
                continue
            for make in CALLS[name][1]:
                call = make(drawing(kind, special=False, layout="plain"))
                try:
                    same(adapter, name, call)
                except AssertionError as error:
                    raise AssertionError(f"{name}({told(call)}): {error}") from error
    if unknown:
        raise Skip(f"there are no example calls of {', '.join(unknown)}; the others are right")
