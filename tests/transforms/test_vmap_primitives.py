"""vmap of every primitive, and of what is made of them, is a loop over the examples.

The calls are those that the derivatives of primitives are tested with.
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from primitive_cases import CASES, UFUNCS, distinct, operands_of

import mygrad as mg
from mygrad.autodiff.namespace import registry
from mygrad.transforms import BatchDependence, BatchLooped

for module in pkgutil.walk_packages(mg.__path__, "mygrad."):
    importlib.import_module(module.name)  # whatever declares primitives

N = 3
OF_VALUES = {
    "histogram_bin_edges", "quantile", "setxor1d", "trim_zeros", "union1d", "unique_values",
}  # fmt: skip
"""Functions some calls of which give shapes, or take ways, that depend on values."""

STANDARD = (
    "Integer index arrays are only allowed",
    "masking is only specified in the Array API",
    "not specified in the Array API",
)
"""What array-api-strict says of an index that NumPy has and the standard has not."""


def calls_of(name: str) -> list[tuple[Callable[..., Any], list[list[np.ndarray]]]]:
    """Example calls of a function, with operands for each example of a batch."""
    f = registry.get(name) or getattr(mg, name)
    found: list[Any] = []
    if name in UFUNCS:
        domains = UFUNCS[name]
        shapes = [((2, 3),) * len(domains), ((),) * len(domains)]
        shapes += [((3,), (2, 1))] if len(domains) == 2 else []
        for each in shapes:
            found.append((f, [distinct(each, domains, seed) for seed in range(N)]))
    variadic = name in registry and registry[name].variadic
    for case in CASES.get(name, ()):
        leading, extra = (
            [raw(a) if isinstance(a, np.ndarray) else a for a in arguments]
            for arguments in (case.leading, case.extra)
        )

        def call(
            *operands: Any, case: Any = case, leading: Any = leading, extra: Any = extra
        ) -> Any:
            if variadic:
                return f(operands, *extra, **case.params)
            return f(*leading, *operands, *extra, **case.params)

        found.append((call, [operands_of(case, seed) for seed in range(N)]))
    return found


def results(found: Any) -> list[Any]:
    if isinstance(found, (list, tuple)):
        return [part for item in found for part in results(item)]
    return [found if isinstance(found, mg.Tensor) else mg.tensor(found, constant=True)]


def weighted(found: list[Any]) -> Any:
    total: Any = 0.0
    for k, t in enumerate(found):
        if not t.constant:
            weights = np.cos(1.0 + k + np.arange(t.size)).reshape(t.shape)
            total = total + mg.sum(mg.real(t * weights))
    return total


def compare(call: Callable[..., Any], sets: list[list[np.ndarray]], axes: tuple[Any, ...]) -> None:
    values = [
        np.stack([s[k] for s in sets]) if axis == 0 else sets[0][k] for k, axis in enumerate(axes)
    ]
    ours, theirs = ([mg.tensor(v) for v in values] for _ in range(2))
    found = results(mg.vmap(lambda *a: tuple(results(call(*a))), in_axes=axes)(*ours))
    each = [
        results(call(*(t[i] if axis == 0 else t for t, axis in zip(theirs, axes, strict=True))))
        for i in range(N)
    ]
    wanted = [mg.stack(parts) for parts in zip(*each, strict=True)]
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(host(a), host(b), rtol=1e-9, atol=1e-9)
    totals = weighted(found), weighted(wanted)
    if isinstance(totals[1], mg.Tensor) and not totals[1].constant:
        for total in totals:
            total.backward()
        for a, b in zip(ours, theirs, strict=True):
            assert (a.grad is None) is (b.grad is None)
            if a.grad is not None:
                np.testing.assert_allclose(host(a.grad), host(b.grad), rtol=1e-8, atol=1e-9)


def available(name: str) -> bool:
    return name in registry or hasattr(mg, name)


@pytest.mark.parametrize("name", [n for n in sorted({*UFUNCS, *CASES}) if available(n)])
def test_vmap_is_a_loop(name: str) -> None:
    for call, sets in calls_of(name):
        count = len(sets[0])
        mixed = [tuple(0 if j == k else None for j in range(count)) for k in range(count)]
        for axes in [(0,) * count, *(mixed if 1 < count < 4 else [])]:
            try:
                call(*(mg.tensor(a) for a in sets[0]))
            except (TypeError, NotImplementedError, AttributeError, ImportError) as error:
                pytest.skip(f"without vmap it is not there, either: {error}")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", BatchLooped)
                try:
                    compare(call, sets, axes)
                except BatchDependence:
                    assert name in OF_VALUES
                except IndexError as error:
                    if not any(limit in str(error) for limit in STANDARD):
                        raise


def test_what_depends_on_values_says_so() -> None:
    with pytest.raises(BatchDependence, match=r"mg\.where"):
        mg.vmap(mg.unique_values)(np.ones((2, 3)))
