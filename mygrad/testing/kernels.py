"""Kernels do what the portable functions do that they stand in for.

They are compared by the calls in `kernel_calls`, which kernels of other adapters that have the same
names are checked with, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

import numpy as np

from mygrad.arrays import Adapter
from mygrad.autodiff.namespace import Namespace, compositions, registry
from mygrad.testing.bench import Bench, Skip, check
from mygrad.testing.kernel_calls import CALLS, EXACT, IN_PLACE, ON_DEVICES, VIEWS, Array, Call, Draw

__all__ = ["LAYOUTS", "CannotCompare", "drawing", "kinds_on", "portable", "same"]

LAYOUTS = ("plain", "reversed", "spread", "turned", "byte order")
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


def moved(argument: Any, adapter: Adapter, as_it_lies: bool) -> Any:
    """An argument with its arrays on the adapter's library, laid out as they were or densely."""
    if isinstance(argument, (list, tuple)):
        return type(argument)(moved(part, adapter, as_it_lies) for part in argument)
    if not isinstance(argument, (np.ndarray, np.generic)):
        return argument
    if np.ndarray in adapter.array_types:
        return adapter.asarray(argument)
    if not as_it_lies or not argument.ndim or not argument.size or not adapter.has_views:
        return adapter.from_host(argument)
    one = tuple(slice(None) if step else slice(1) for step in argument.strides)
    there = adapter.from_host(np.asarray(argument)[one])  # without what broadcasting repeats
    laid_out = adapter.allocate(there.shape, argument.strides, there.dtype, None)
    laid_out[...] = there
    return adapter.xp.broadcast_to(laid_out, argument.shape)


def arrays_in(arguments: Any, adapter: Adapter) -> Iterator[Any]:
    for argument in arguments:
        if isinstance(argument, list):
            yield from arrays_in(argument, adapter)
        elif isinstance(argument, adapter.array_types):
            yield argument


class CannotCompare(Exception):
    """The library itself cannot compute what a kernel is to be compared with."""


def same(adapter: Adapter, name: str, call: Call, layout: str = "plain") -> None:
    """Raise unless a kernel does with a call what the portable function does."""
    args = [moved(a, adapter, as_it_lies=True) for a in call]
    theirs = [moved(a, adapter, as_it_lies=False) for a in call]
    if name in IN_PLACE:
        args, theirs = (
            [adapter.copy(a) if isinstance(a, adapter.array_types) else a for a in given]
            for given in (args, theirs)
        )
    with np.errstate(all="ignore"):
        try:
            want = portable(name, without_kernels(adapter))(*theirs)
        except Exception as error:
            raise CannotCompare(f"{name}, since the portable function fails: {error}") from error
        got = adapter.kernels[name](*args)
    if got is NotImplemented:
        return
    if name == "gathered":  # another index may stand for the same elements
        got, want = ((found, args[0][index]) for found, index in (got, want))
    for found, wanted in zip(
        got if isinstance(got, tuple) else (got,),
        want if isinstance(want, tuple) else (want,), strict=True,
    ):  # fmt: skip
        if layout != "byte order":  # a view keeps it, other results are native
            assert found.dtype == wanted.dtype, f"{found.dtype}, not {wanted.dtype}"
        elif name not in VIEWS:
            assert found.dtype.isnative or found.dtype == wanted.dtype
        assert found.shape == wanted.shape, f"shape {found.shape}, not {wanted.shape}"
        if name in IN_PLACE:
            assert any(found is a for a in args), "it returns something else than it changed"
        elif name not in VIEWS and isinstance(found, adapter.array_types):
            others = [a for a in arrays_in(args, adapter) if a.ndim]
            assert not any(adapter.overlaps(found, a) for a in others), "it lends out an argument"
            assert adapter.is_writeable(found), "its result cannot be written to"
        a, b = (adapter.to_host(adapter.asarray(v)) for v in (found, wanted))
        if name in EXACT:
            np.testing.assert_array_equal(a, b)
            if name != "max_pool" and a.dtype.kind == "f":
                np.testing.assert_array_equal(np.signbit(a), np.signbit(b))
        else:
            rtol = {2: 3e-3, 4: 3e-5, 8: 1e-9}.get(a.dtype.itemsize, 1e-9)
            np.testing.assert_allclose(a, b, rtol=max(rtol, 3e-5 * (a.dtype == "c8")), atol=rtol)


def kinds_on(adapter: Adapter, name: str) -> list[str]:
    """The dtypes that a kernel is called with on an adapter's library."""
    kinds = CALLS[name][0]
    if adapter.name == "numpy":
        return list(kinds)
    there = kinds if adapter.name == "cupy" else ("f4", "f8", "i4")
    return [k for k in kinds if k in ON_DEVICES.get(name, there) and k != "g"]


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
    unknown: list[str] = []
    for name in sorted(adapter.kernels):
        if not (name in compositions or name in registry or hasattr(adapter.xp, name)):
            raise AssertionError(f"the kernel {name!r} stands in for nothing of this name")
        if name not in CALLS:
            unknown.append(name)
            continue
        for kind in ("f4", "f8", "i4"):
            if kind not in kinds_on(adapter, name):
                continue
            for make in CALLS[name][1]:
                call = make(drawing(kind, special=False, layout="plain"))
                try:
                    same(adapter, name, call)
                except CannotCompare as error:
                    unknown.append(str(error))
                except AssertionError as error:
                    raise AssertionError(f"{name}({told(call)}): {error}") from error
    if unknown:
        alone = ", ".join(dict.fromkeys(unknown))
        raise Skip(f"there is nothing to compare these with: {alone}; the others are right")
