"""Which frequency stands where in a spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.testing import check_grads


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
@pytest.mark.parametrize("axes", [None, 0, -1, (0, 1), (1,)])
def test_shifts(name: str, axes: Any) -> None:
    a = np.arange(12.0).reshape(3, 4) * (1 + 0.5j)
    result = getattr(mg.fft, name)(mg.tensor(a), axes)
    np.testing.assert_array_equal(host(result), getattr(np.fft, name)(a, axes))
    check_grads(lambda x: getattr(mg.fft, name)(x, axes=axes), a, order=2)


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
@pytest.mark.parametrize("n", [1, 2, 7, 8])
def test_frequencies(name: str, n: int) -> None:
    function = getattr(mg.fft, name)
    result = function(n, d=0.3)
    assert result.constant
    np.testing.assert_array_equal(host(result), getattr(np.fft, name)(n, d=0.3))
    check_grads(
        lambda d: function(n, d), np.array(0.7), reference=lambda d: function(n, d), order=2
    )


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_numpy_frequencies_by_their_spacing() -> None:
    check_grads(lambda d: np.fft.fftfreq(5, d), np.array(0.7))
    check_grads(lambda d: np.fft.rfftfreq(5, d), np.array(0.7))
