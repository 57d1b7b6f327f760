"""Every kernel of every adapter stands in for a portable function, and does what that does.

`mygrad.testing.kernel_calls` has calls of each. A kernel that it lacks fails here, as does one
without a portable counterpart: a primitive, a composition, or a function of the standard.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import array_api_strict
import numpy as np
import pytest

import mygrad as mg
from mygrad.autodiff.namespace import compositions, registry
from mygrad.testing.kernel_calls import CALLS, FLOATS
from mygrad.testing.kernels import LAYOUTS, CannotCompare, drawing, kinds_on, same

BACKENDS = Path(__file__).parent.parent.parent / "backends"


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


def test_the_adapters_kernels_are_found() -> None:
    names = [name for folder, name in DECLARED if folder == "mygrad_numpy"]
    assert len(names) == 26
    adapter = mg.backends.selected_adapter()
    declared = {name for folder, name in DECLARED if folder == f"mygrad_{adapter.name}"}
    if adapter.name != "array-api-strict":
        assert set(adapter.kernels) == declared


@pytest.mark.parametrize(("folder", "name"), DECLARED)
def test_each_kernel_has_a_counterpart_and_a_test(folder: str, name: str) -> None:
    assert name in compositions or name in registry or hasattr(array_api_strict, name)
    assert name in CALLS, f"{folder}: put calls of {name} into CALLS"


@pytest.mark.parametrize("special", [False, True], ids=["", "special"])
@pytest.mark.parametrize("name", sorted(CALLS))
def test_kernels_do_what_portable_functions_do(name: str, special: bool) -> None:
    adapter = mg.backends.selected_adapter()
    if name not in adapter.kernels:
        pytest.skip(f"{adapter.name} has no such kernel")
    if special and adapter.name == "jax" and name.startswith("conv_"):
        pytest.skip("jax: XLA's convolution leaves out padding, which is nan times infinity")
    for kind in kinds_on(adapter, name):
        if special and kind in ("i4", "u1", "b1"):
            continue
        for layout in LAYOUTS if adapter.name == "numpy" else LAYOUTS[:-1]:
            for make in CALLS[name][1]:
                with np.errstate(invalid="ignore"):
                    call = make(drawing(kind, special, layout))
                try:
                    same(adapter, name, call, layout)
                except CannotCompare as error:
                    assert name == "repeated_places" and adapter.name == "cupy", error
                    pytest.skip("cupy: before 14.2 its own repeat takes no arrays")
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
