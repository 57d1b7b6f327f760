"""Numbers are made where their bounds lie, or it is an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.errors import GradientDetached
from mygrad.testing import check_grads

RANGES: dict[str, Any] = {
    "linspace": lambda module, x, **k: module.linspace(x, 4.0, 5, **k),
    "linspace to": lambda module, x, **k: module.linspace(1, x, 4, endpoint=False, **k),
    "logspace": lambda module, x, **k: module.logspace(0, x, 3, **k),
    "logspace of a base": lambda module, x, **k: module.logspace(0, 1.5, 3, base=x, **k),
    "geomspace": lambda module, x, **k: module.geomspace(0.5, x, 4, **k),
}


@pytest.mark.parametrize("name", RANGES)
def test_gradients(name: str) -> None:
    check_grads(lambda x: RANGES[name](mg, x), np.asarray(1.7))
    check_grads(lambda x: RANGES[name](mg, x, axis=1), np.array([1.7, 2.1]))


@pytest.mark.parametrize("axis", [0, -1])
def test_bounds_and_bases_of_several_axes(axis: int) -> None:
    start, base = np.array([[0.1], [0.3]]), np.array([1.5, 2.0, 2.5])
    wanted = np.logspace(start, 1.2, 4, base=base, axis=axis)
    made = mg.logspace(mg.tensor(start), 1.2, 4, base=raw(base), axis=axis)
    np.testing.assert_allclose(host(made.data), wanted, rtol=1e-13)
    check_grads(lambda s, b: mg.logspace(s, 1.2, 4, base=b, axis=axis), start, base)


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("value", [2.5, np.array([2.0, 3.5]), 2])
def test_arrays_of_the_library(name: str, value: Any) -> None:
    """They are constants, and what is made of them is a tensor of its own, as of numbers."""
    wanted = RANGES[name](np, value)
    for bound in (raw(value), mg.tensor(value, constant=True)):
        made = RANGES[name](mg, bound)
        assert made.backend == mg.tensor(1.0).backend
        assert not made.constant
        assert made.creator is None
        np.testing.assert_allclose(host(made.data), wanted, rtol=1e-13)
        assert RANGES[name](mg, bound, constant=True).constant


@pytest.mark.parametrize("name", RANGES)
def test_constant_results_and_dtypes(name: str) -> None:
    x = mg.tensor(2.5)
    assert RANGES[name](mg, x, constant=True).constant
    assert not RANGES[name](mg, x).constant
    whole = RANGES[name](mg, x, dtype=int)
    assert whole.constant
    if name.startswith("linspace"):
        np.testing.assert_array_equal(host(whole.data), RANGES[name](np, 2.5, dtype=int))
    assert host(RANGES[name](mg, x, dtype="float32").data).dtype == np.float32


@pytest.mark.parametrize("name", RANGES)
def test_nothing_is_moved(name: str) -> None:
    """From a library that is not the one of the tensors, to that and from it."""
    other = "array-api-strict" if mg.tensor(1.0).backend != "array-api-strict" else "numpy"
    here, there = mg.tensor(1.0).backend, mg.tensor(2.5, backend=other)
    if other != "numpy":
        for bound in (there, mg.asarray(there), there.detach()):
            assert RANGES[name](mg, bound).backend == other
            with pytest.raises(TypeError, match="nothing is moved behind your back"):
                RANGES[name](mg, bound, backend=here)
    with pytest.raises(TypeError, match="nothing is moved behind your back"):
        RANGES[name](mg, mg.tensor(2.5), backend=other)
    with pytest.raises(TypeError, match="nothing is moved behind your back"):
        mg.full(2, mg.tensor(2.5), backend=other)


def test_numbers_are_not_fetched() -> None:
    there = mg.tensor(3, backend="array-api-strict")
    for use in (mg.arange, mg.random.randint, lambda b: mg.random.randint(0, b, 2),
                lambda b: mg.arange(0, 2, b)):  # fmt: skip
        for bound in (there, mg.asarray(there)):
            with pytest.raises(TypeError, match=r"on array-api-strict; .* hand over t\.item\(\)"):
                use(bound)
        use(there.item())


@pytest.mark.numpy_only("numbers on the host")
def test_numbers_on_the_host() -> None:
    assert mg.arange(mg.tensor(3)).tolist() == [0, 1, 2]
    assert mg.random.randint(mg.tensor([1, 1]), np.array([2, 2]), 2).tolist() == [1, 1]
    for use in (mg.arange, mg.random.randint):
        with pytest.warns(GradientDetached, match="took a plain number out of a tensor"):
            use(mg.tensor(3.0))
