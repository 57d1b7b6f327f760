"""Checks of what functions of an adapter's library return, and its random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.math.ufunc import ROUNDING
from mygrad.testing.bench import Bench, check, require

__all__ = ["new_results", "rng"]


@check("memory", "results of functions are new arrays")
def new_results(bench: Bench) -> None:
    bench.need_views()
    adapter, functions = bench.adapter, namespace_of(bench.adapter)
    for primitive in dict.fromkeys(registry.values()):
        if primitive.may_view or len(primitive.operand_names) != 1:
            continue
        rounds = primitive.name in (*ROUNDING, "round")  # of integers mygrad makes copies
        for dtype in ("float32",) if rounds else ("float32", "int64", "bool"):
            array = bench.array([[1, 0], [0, 1]], dtype)
            try:
                with np.errstate(all="ignore"):
                    found = getattr(functions, primitive.name)(array)
            except Exception:  # it has parameters, or is not for this dtype
                continue
            for result in found if isinstance(found, (tuple, list)) else (found,):
                require(
                    not isinstance(result, adapter.array_types)
                    or not adapter.is_view(result, array),
                    f"{primitive.name} of an array of {dtype} is that array or a view of it, and "
                    f"writes to the result would reach the operand: put a kernel into "
                    f"kernels[{primitive.name!r}] that makes a new array",
                )


@check("random numbers", "rng")
def rng(bench: Bench) -> None:
    adapter = bench.adapter

    def draw(generator: Any, name: str, *args: Any) -> Any:
        found = getattr(generator, name)(*args)
        what = f"rng(seed).{name}{args}"
        require(type(found) in adapter.array_types, f"{what} is a {type(found).__name__}")
        require(tuple(found.shape) == (50, 4), f"{what} has shape {tuple(found.shape)}")
        return adapter.to_host(found)

    calls: list[Any] = [
        ("random", (50, 4)), ("standard_normal", (50, 4)), ("integers", 2, 5, (50, 4)),
    ]  # fmt: skip
    first, again, other = (
        [draw(generator, *call) for call in calls]
        for generator in (adapter.rng(3), adapter.rng(3), adapter.rng(4))
    )
    for (name, *_), a, b, c in zip(calls, first, again, other, strict=True):
        require(np.array_equal(a, b), f"rng(3).{name} draws other numbers the second time")
        require(not np.array_equal(a, c), f"rng(3).{name} draws the same numbers as rng(4)")
    uniform, normal, whole = first
    require((uniform >= 0).all() and (uniform < 1).all(), "random() leaves the interval [0, 1)")
    require(normal.min() < -1 and normal.max() > 1, "standard_normal() does not look like it")
    require(set(np.unique(whole)) == {2, 3, 4}, f"integers(2, 5) are {np.unique(whole)}")
    adapter.rng()
