"""Fourier transforms: NumPy's values, and derivatives against differences."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from against_numpy import needs_transforms
from gradcheck import gradients, host, raw
from numpy.typing import NDArray
from numpy_versions import is_at_least

import mygrad as mg
from mygrad.testing import check_grads

Array = NDArray[Any]


pytestmark = needs_transforms

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn"]
PLANE = ["fft2", "ifft2", "rfft2", "irfft2"]
REAL = ["rfft", "ihfft", "rfftn", "rfft2"]
"""Transforms of real numbers."""


def numbers(name: str, *shape: int, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    return x if name in REAL else x + 1j * rng.normal(size=shape)


def check(name: str, a: Array, *args: Any, order: int = 1, **kw: Any) -> None:
    """Values, and derivatives up to an order."""
    ours, theirs = getattr(mg.fft, name), getattr(np.fft, name)
    wanted = theirs(a, *args, **kw)
    result = ours(mg.tensor(a), *args, **kw)
    assert str(result.dtype).rpartition(".")[2] == str(wanted.dtype)
    np.testing.assert_allclose(host(result), wanted, rtol=1e-12, atol=1e-14)

    def function(x: Any) -> Any:
        return ours(x, *args, **kw)

    check_grads(function, a, reference=function, order=order)


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("n", [None, 2, 3, 5, 6, 7])
def test_along_one_axis(name: str, n: int | None) -> None:
    """Even and odd numbers of points, cut and filled up."""
    check(name, numbers(name, 2, 4), n)
    check(name, numbers(name, 5), n, norm="ortho", order=2)


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
def test_norms_and_axes(name: str, norm: str | None) -> None:
    check(name, numbers(name, 4, 2), axis=0, norm=norm)
    check(name, numbers(name, 1, 3, 2), 4, -2, norm)


@pytest.mark.parametrize("name", SEVERAL + PLANE)
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_over_several_axes(name: str, norm: str | None) -> None:
    a = numbers(name, 2, 3, 4)
    check(name, a, norm=norm)
    check(name, a, axes=(2, 0), norm=norm)
    check(name, a, s=(3, 2), axes=(0, 1), norm=norm)
    check(name, a, s=(-1, 5), axes=(-3, 1), norm=norm)


@pytest.mark.parametrize("name", SEVERAL)
def test_second_derivatives_over_several_axes(name: str) -> None:
    def squares(x: Any) -> Any:
        spectrum = getattr(mg.fft, name)(x, s=(3, 4), axes=(0, 1))
        return mg.real(spectrum * mg.conj(spectrum)) ** 2

    a = numbers(name, 2, 3)
    check_grads(squares, a, reference=squares, order=2)


@pytest.mark.parametrize("name", ["fftn", "ifftn"])
def test_one_axis_and_none(name: str) -> None:
    check(name, numbers(name, 2, 3), axes=(1,), order=2)
    a = numbers(name, 2, 3)
    np.testing.assert_array_equal(host(getattr(mg.fft, name)(a, axes=())), a)
    check_grads(lambda x: getattr(mg.fft, name)(x, axes=()), a)


@pytest.mark.parametrize("name", SEVERAL)
def test_an_axis_named_twice_is_transformed_twice(name: str) -> None:
    a = numbers(name, 4, 3)
    check(name, a, axes=(1, 0, 0))
    if is_at_least("2.4"):  # before, the second length was lost
        check(name, a, s=(2, 5, 4), axes=(0, 0, 1))


@pytest.mark.parametrize("name", ONE)
def test_float32_stays_narrow(name: str) -> None:
    a = numbers(name, 2, 5)
    narrow = a.astype(np.complex64 if a.dtype.kind == "c" else np.float32)
    t = mg.tensor(narrow)
    result = getattr(mg.fft, name)(t)
    wanted = getattr(np.fft, name)(narrow)
    assert str(result.dtype).rpartition(".")[2] == str(wanted.dtype) in ("float32", "complex64")
    assert result.dtype == getattr(mg.fft, name)(narrow).dtype
    np.testing.assert_allclose(host(result), wanted, rtol=1e-5, atol=1e-5)
    seed = np.asarray(np.arange(1.0, 1.0 + wanted.size).reshape(wanted.shape), wanted.dtype)
    result.backward(raw(seed))
    assert t.grad.dtype == t.dtype
    wide = np.complex128 if wanted.dtype.kind == "c" else np.float64
    (precise,) = gradients(getattr(mg.fft, name), [a], seed.astype(wide))
    np.testing.assert_allclose(host(t.grad), precise, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["fft", "ifft", "irfft", "hfft"])
def test_real_operands_of_complex_transforms_have_real_gradients(name: str) -> None:
    a = numbers("rfft", 2, 5)
    t = mg.tensor(a)
    result = getattr(mg.fft, name)(t)
    np.testing.assert_allclose(host(result), getattr(np.fft, name)(a), rtol=1e-12, atol=1e-14)
    result.backward()
    assert t.grad.dtype == t.dtype
    check_grads(lambda x: getattr(mg.fft, name)(x), a, reference=getattr(mg.fft, name))


@pytest.mark.parametrize("name", ["fft", "rfft"])
def test_integers(name: str) -> None:
    result = getattr(mg.fft, name)(mg.tensor([1, 2, 4]))
    assert result.constant
    np.testing.assert_allclose(host(result), getattr(np.fft, name)([1, 2, 4]), rtol=1e-12)


@pytest.mark.parametrize("name", ONE)
def test_reversed_views(name: str) -> None:
    a = numbers(name, 5)
    t = mg.tensor(a[::-1].copy())
    getattr(mg.fft, name)(t[::-1], 7).backward()
    (wanted,) = gradients(lambda x: getattr(mg.fft, name)(x, 7), [a])
    np.testing.assert_allclose(host(t.grad)[::-1], wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ONE)
def test_no_rows(name: str) -> None:
    t = mg.tensor(numbers(name, 0, 4))
    result = getattr(mg.fft, name)(t)
    assert result.shape == getattr(np.fft, name)(numbers(name, 0, 4)).shape
    result.backward()
    assert t.grad.shape == (0, 4)


@pytest.mark.parametrize("name", ONE + SEVERAL)
def test_out_and_constant(name: str) -> None:
    a = numbers(name, 3, 4)
    f = getattr(mg.fft, name)
    t = mg.tensor(a)
    wanted = f(t)
    out = +mg.tensor(np.zeros(wanted.shape, host(wanted).dtype))
    assert f(t, out=out) is out
    np.testing.assert_allclose(host(out), host(wanted), rtol=1e-12)
    out.backward()
    (grad,) = gradients(f, [a])
    np.testing.assert_allclose(host(t.grad), grad, rtol=1e-12, atol=1e-12)
    assert f(t, constant=True).constant
    assert f(a).constant
    assert not f(a, constant=False).constant


def test_out_of_a_transform_in_turn() -> None:
    a = numbers("fftn", 3, 4)
    t, out = mg.tensor(a), +mg.tensor(np.zeros((3, 4), complex))
    assert mg.fft.fftn(t, axes=(0, 0), out=out) is out
    np.testing.assert_allclose(host(out), np.fft.fftn(a, axes=(0, 0)), rtol=1e-12)
    out.backward()
    (grad,) = gradients(lambda x: mg.fft.fftn(x, axes=(0, 0)), [a])
    np.testing.assert_allclose(host(t.grad), grad, rtol=1e-12, atol=1e-12)


def test_parseval() -> None:
    """The energy of a spectrum is that of the signal, so its gradient is known exactly."""
    x = mg.tensor(np.arange(12.0).reshape(3, 4))
    spectrum = mg.fft.rfftn(x, norm="ortho")
    twice = raw(np.array([1.0, 2.0, 1.0]))
    (mg.absolute(spectrum) ** 2 * twice).sum().backward()
    np.testing.assert_allclose(host(x.grad), 2 * host(x), rtol=1e-12, atol=1e-12)


def test_circular_convolution() -> None:
    """A product of spectra; every step in between is complex, and both ends are real."""

    def filtered(x: Any, kernel: Any) -> Any:
        return mg.fft.irfft(mg.fft.rfft(x, 7) * mg.fft.rfft(kernel, 7), 7)

    x, kernel = numbers("rfft", 5), numbers("rfft", 3, seed=1)
    got = host(filtered(mg.tensor(x), kernel))
    np.testing.assert_allclose(got, np.convolve(x, kernel), rtol=1e-12, atol=1e-13)
    check_grads(filtered, x, kernel, reference=filtered, order=2)


# --- under NumPy's names ----------------------------------------------------------------------
@pytest.mark.numpy_only("NumPy's functions take host tensors")
@pytest.mark.parametrize("name", [*ONE, *SEVERAL, *PLANE, "fftshift", "ifftshift"])
def test_numpy_functions_are_ours(name: str) -> None:
    a = numbers(name, 3, 4)
    f, ours = getattr(np.fft, name), getattr(mg.fft, name)
    t = mg.tensor(a)
    result = f(t)
    assert isinstance(result, mg.Tensor)
    np.testing.assert_array_equal(result.data, f(a))
    result.backward()
    np.testing.assert_array_equal(t.grad, gradients(ours, [a])[0])


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_numpy_keywords() -> None:
    a = numbers("fft", 3, 4)
    out = np.zeros((5, 4), complex)
    np.testing.assert_array_equal(
        np.fft.fft(mg.tensor(a), axis=0, n=5, norm="ortho").data,
        np.fft.fft(a, axis=0, n=5, norm="ortho"),
    )
    with pytest.warns(mg.errors.GradientDetached):
        np.fft.fft(mg.tensor(a), n=5, axis=0, out=out)
    np.testing.assert_array_equal(out, np.fft.fft(a, 5, 0))


@pytest.mark.numpy_only("its kernels take memory from a pool")
@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
def test_large_transforms(dtype: str) -> None:
    """What is written into memory of the pool; results are their own, also when used again."""
    a = np.random.default_rng(0).normal(size=(4, 300, 256)).astype(dtype)
    spectrum = a if a.dtype.kind == "c" else np.fft.rfft(a)
    calls: list[Any] = [
        lambda xp, x: xp.fft.fft(x),
        lambda xp, x: xp.fft.ifftn(x),
        lambda xp, x: xp.fft.fftn(x, s=(256, 300), axes=(1, 2)),
        lambda xp, x: xp.fft.irfft(x, 300),
        lambda xp, x: xp.fft.irfft2(x),
        lambda xp, x: xp.fft.rfft2(x.real),
        lambda xp, x: xp.fft.rfftn(x.real, (5, 256, 299), (0, 1, 2)),
    ]
    # Older versions transform without out=, in another order.
    scale = 300 * 256 * np.finfo(a.dtype).eps
    equal = partial(np.testing.assert_allclose, rtol=0, atol=0 if is_at_least("2.4") else scale)
    for call in calls:
        for given in (a, spectrum):
            t = mg.tensor(given)
            result, again = call(mg, t), call(mg, t)
            wanted = call(np, given)
            assert result.dtype == wanted.dtype
            equal(result.data, wanted)
            again *= 2
            equal(result.data, wanted)
            np.testing.assert_array_equal(t.data, given)
    half = mg.tensor(spectrum)
    mg.fft.irfft(half, norm="ortho").backward()
    weights = np.full(half.shape[-1], 2.0)
    weights[[0, -1]] = 1.0
    n = 2 * (half.shape[-1] - 1)
    wanted = np.conj(np.fft.rfft(np.ones((4, 300, n)), norm="ortho")) * weights
    np.testing.assert_allclose(half.grad, wanted, rtol=1e-5, atol=1e-5)
