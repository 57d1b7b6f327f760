"""Derivatives by other ways than ``backward()``: forwards, and of many examples at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mygrad.autodiff.primitive import registry
from mygrad.tensors.base import Tensor
from mygrad.testing.closeness import on_host
from mygrad.testing.differences import FIVE_POINTS, STEP
from mygrad.testing.report import Entry, Mismatch
from mygrad.transforms.batching.vmap import vmap
from mygrad.transforms.derivatives import grad, jvp

__all__ = ["compare_batches", "compare_tangents"]

EXAMPLES = 3
ORDINALS = {1: "tangent", 2: "tangent of the gradient"}


def compare_tangents(check: Any, order: int, rtol: float, atol: float, like: Any) -> None:
    """Compare `mygrad.jvp` along random directions with differences, for all entries of results.

    `check` is a `mygrad.testing.gradients.Check`; ``like(values, t)`` is a constant beside `t`.
    """
    leaves = [v.tensor() for v in check.variables]
    directions = [like(d, t) for d, t in zip(check.directions, leaves, strict=True)]

    def function(*variables: Tensor) -> list[Any]:
        results = check.results(variables, order)
        adjoints = check.adjoints_of(results, order)
        return [r for r, a in zip(results, adjoints, strict=True) if a is not None]

    given = [[t._data for t in ts] for ts in (leaves, directions)]
    tangents = jvp(function, given[0], given[1])[1]
    wanted = [a for a in check.adjoints[order] if a is not None]
    rows = [
        np.real(on_host(t) * a).ravel().astype(np.float64)
        for t, a in zip(tangents, wanted, strict=True)
    ]
    got = np.concatenate(rows) if rows else np.zeros(0)
    largest = max(float(np.abs(v.precise).max(initial=1.0)) for v in check.variables)
    step = (STEP if check.eps is None else check.eps) * largest
    slope: Any = 0.0
    size: Any = 0.0
    for steps, weight in FIVE_POINTS:
        moved = [
            v.precise + steps * step * d
            for v, d in zip(check.variables, check.directions, strict=True)
        ]
        values = check.values(order, moved)
        slope = slope + weight / step * values
        size = np.maximum(size, np.abs(values))
    noise = 4e-15 / step * size
    entries = [
        Entry((k,), g, w, atol + rtol * abs(w) + r)
        for k, (g, w, r) in enumerate(
            zip(got.tolist(), slope.tolist(), noise.tolist(), strict=True)
        )
    ]
    what = ORDINALS.get(order, f"tangent of the derivative of order {order - 1}")
    told(check, f'modes="jvp": the {what}', "is not what differences say", entries, "result")


def compare_batches(check: Any, order: int, rtol: float, atol: float, like: Any) -> None:
    """Compare `mygrad.vmap` of the function, and of derivatives, with a loop over examples."""
    leaves = [v.tensor() for v in check.variables]
    batches = [
        registry["stack"]([t._data + k / 16 * like(d, t)._data for k in range(EXAMPLES)])
        for d, t in zip(check.directions, leaves, strict=True)
    ]
    batches = [t._data for t in batches]
    numbers = tuple(range(len(leaves)))

    def values(*variables: Any) -> list[Any]:
        results = check.results([as_tensor(t) for t in variables], 1)
        return [r for r in results if isinstance(r, Tensor)]

    def weighted(n: int) -> Callable[..., Any]:
        def total(*variables: Any) -> Any:
            if n == 1:
                results = check.results([as_tensor(t) for t in variables], 1)
                pairs = zip(results, check.adjoints_of(results, 1), strict=True)
                parts = [(r, a) for r, a in pairs if a is not None and isinstance(r, Tensor)]
            else:
                found = grad(weighted(n - 1), numbers)(*variables)
                parts = list(zip(found, check.directions, strict=True))
            summed: Any = 0.0
            for t, a in parts:
                summed = summed + registry["sum"](
                    registry["real"](t * a) if np.iscomplexobj(a) else t * a
                )
            return summed

        return total

    functions: list[tuple[str, Callable[..., Any], Sequence[str]]] = []
    paths = [v.path for v in check.variables]
    if order == 1:
        functions.append(("the value", values, ()))
    functions.append((f"the derivative of order {order}", grad(weighted(order), numbers), paths))
    for what, function, names in functions:
        each = [function(*[b[k, ...] for b in batches]) for k in range(EXAMPLES)]
        found = vmap(function)(*batches)
        for j, rows in enumerate(zip(*each, strict=True)):
            got, want = on_host(found[j]), np.stack([on_host(r) for r in rows])
            entries = [
                Entry(
                    place,
                    got[place].item(),
                    want[place].item(),
                    float(atol + rtol * abs(want[place])),
                )
                for place in np.ndindex(want.shape)
            ]
            name = names[j] if names else f"result[{j}]"
            told(
                check, f'modes="vmap": {what}', "is not that of a loop over examples", entries, name
            )


def as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value, constant=False, copy=False)


def told(check: Any, what: str, how: str, entries: Sequence[Entry], path: str) -> None:
    """Raise, with a report, if one of the entries is wrong."""
    mismatch = Mismatch(path, entries, [])
    if mismatch.wrong:
        name = getattr(check.f, "__name__", None) or type(check.f).__name__
        name = "f" if name == "<lambda>" else name
        raise AssertionError(f"check_grads: {what} of {name} {how}\n{mismatch}")
