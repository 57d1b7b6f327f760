"""Which element of a window is its maximum, where several are equal or NaN."""

from __future__ import annotations

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.nnet.layers import max_pool

NAN = np.nan


@pytest.mark.parametrize(
    ("values", "winner"),
    [
        ([1.0, 3.0, 3.0, 2.0], 1),
        ([2.0, 2.0, 2.0, 2.0], 0),
        ([1.0, 5.0, NAN, 9.0], 2),
        ([1.0, NAN, NAN, 9.0], 1),
        ([np.inf, NAN, 0.0, 0.0], 1),
        ([-np.inf, -np.inf, -np.inf, -np.inf], 0),
        ([1.0, np.inf, np.inf, 0.0], 1),
        ([-1.0, -0.0, 0.0, -2.0], 1),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("pool", [(4,), (2, 2)])
def test_the_first_maximum_or_nan_wins(
    values: list[float], winner: int, dtype: str, pool: tuple[int, ...]
) -> None:
    """As for `mygrad.max`."""
    a = np.asarray(values, dtype)
    x = mg.tensor(a.reshape(pool))
    y = max_pool(x, pool, 1)
    np.testing.assert_array_equal(host(y).ravel(), [a.max()])
    y.sum().backward()
    want = np.arange(4) == winner
    np.testing.assert_array_equal(host(x.grad).ravel(), want)
    x = mg.tensor(a)
    mg.max(x).backward()
    np.testing.assert_array_equal(host(x.grad), want)


@pytest.mark.parametrize("stride", [1, 2])
def test_windows_without_nan_are_as_ever(stride: int) -> None:
    a = np.random.default_rng(0).standard_normal((3, 7, 9))
    plain, holed = mg.tensor(a), a.copy()
    holed[1, 2, 4] = NAN
    with_nan = mg.tensor(holed)
    for x in (plain, with_nan):
        max_pool(x, (3, 3), stride).sum().backward()
    same = np.ones(a.shape, bool)
    same[1, :5, 2:7] = False
    np.testing.assert_array_equal(host(plain.grad)[same], host(with_nan.grad)[same])
    assert host(with_nan.grad).sum() == host(plain.grad).sum()


def test_values_are_those_that_were_read() -> None:
    """The input may be written to between the first and the second sweep."""
    x = mg.tensor([1.0, 3.0, 2.0, 5.0])
    y = x * 1.0
    p = max_pool(y, (2,), 2)
    (p**3).sum().backward(create_graph=True)
    first = x.grad
    y[...] = -y
    x.null_grad()
    (first**2).sum().backward()
    np.testing.assert_allclose(host(x.grad), [0.0, 972.0, 0.0, 4500.0])
