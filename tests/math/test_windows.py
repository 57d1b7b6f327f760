"""Window functions, and the Bessel functions of the Kaiser window."""

from __future__ import annotations

import numpy as np
import pytest
from against_numpy import needs_bessel
from gradcheck import host

import mygrad as mg
from mygrad.math.windows import bessel_i
from mygrad.testing import check_grads


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hanning"])
@pytest.mark.parametrize("M", [-1, 0, 1, 2, 3, 8])
def test_windows(name: str, M: int) -> None:
    window = getattr(mg, name)(M)
    assert window.constant
    np.testing.assert_allclose(host(window), getattr(np, name)(M), rtol=1e-14, atol=1e-16)
    assert not getattr(mg, name)(M, constant=False).constant


@needs_bessel
@pytest.mark.parametrize("M", [0, 1, 2, 7, 8])
def test_kaiser(M: int) -> None:
    for beta in (0.0, 3.0, 8.6, 40.0):
        np.testing.assert_allclose(host(mg.kaiser(M, beta)), np.kaiser(M, beta), rtol=1e-13)
    if M > 1:
        check_grads(lambda b: mg.kaiser(M, b), np.array(3.3), order=3)


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_numpys_own_kaiser_says_that_it_loses_the_gradient() -> None:
    with pytest.warns(mg.errors.GradientDetached):
        np.kaiser(8, mg.tensor(3.0))


@needs_bessel
def test_i0() -> None:
    x = np.array([[-30.0, -3.0, -0.5, 0.0], [0.2, 1.0, 19.5, 25.0]])
    np.testing.assert_allclose(host(mg.i0(mg.tensor(x))), np.i0(x), rtol=1e-14)
    check_grads(mg.i0, x, order=3, rtol=1e-5)
    assert host(mg.i0(mg.tensor(x.astype(np.float32)))).dtype == np.float32
    np.testing.assert_allclose(host(mg.i0(mg.tensor([0, 1, 2]))), np.i0([0, 1, 2]), rtol=1e-14)


@needs_bessel
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_bessel_functions_are_exact(order: int) -> None:
    """On both sides of where the method changes."""
    mpmath = pytest.importorskip("mpmath")
    x = np.concatenate([np.linspace(-25.0, 25.0, 41), [1e-8, 80.0, 300.0, 650.0]])
    wanted = [float(mpmath.besseli(order, v)) for v in x]
    np.testing.assert_allclose(host(bessel_i(mg.tensor(x), order)), wanted, rtol=3e-15)


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_numpy_function_is_ours() -> None:
    check_grads(np.i0, np.array([0.5, -2.0]))
    np.testing.assert_array_equal(np.i0(mg.tensor([0.5, 21.0])).data, np.i0([0.5, 21.0]))
