"""SciPy's transforms under `mg.drop_in`, against central differences and SciPy's own values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mygrad as mg

fft = pytest.importorskip("scipy.fft")
pytestmark = pytest.mark.numpy_only("SciPy's transforms are of NumPy's arrays")

X = np.random.default_rng(3).normal(size=(4, 6))
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("fft", (), {}),
    ("fft", (8, 0, "ortho"), {"workers": 1}),
    ("ifft", (), {"norm": "forward", "axis": 0}),
    ("rfft", (5,), {"overwrite_x": True}),
    ("irfft", (), {"n": 9}),
    ("hfft", (), {}),
    ("ihfft", (), {}),
    ("fft2", (), {}),
    ("rfftn", (), {"axes": (1, 0)}),
    ("irfftn", (), {"axes": (0, 1)}),
    *[(name, (kind, n, axis, norm), {})
      for name in ("dct", "idct", "dst", "idst") for kind in (1, 2, 3, 4)
      for n, axis, norm in [(None, -1, None), (5, 0, "ortho")]],
    ("dct", (), {"norm": "ortho", "orthogonalize": False}),
]  # fmt: skip


def number(result: Any) -> Any:
    weights = np.cos(np.arange(result.size)).reshape(result.shape)
    return (result.real * weights).sum() + (result.imag * weights[::-1]).sum()


@pytest.mark.parametrize(("name", "args", "options"), CALLS)
def test_transforms(name: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    def transform(x: Any) -> Any:
        return getattr(fft, name)(x, *args, **options)

    x = mg.tensor(X)
    result = mg.drop_in(transform)(x)
    assert isinstance(result, mg.Tensor)
    np.testing.assert_allclose(result.data, transform(X.copy()), rtol=1e-12, atol=1e-12)
    number(result).backward()
    wanted = np.zeros_like(X)
    for place in np.ndindex(X.shape):
        unit = np.zeros_like(X)
        unit[place] = 1.0  # they are linear
        wanted[place] = number(transform(unit))
    np.testing.assert_allclose(x.grad, wanted, rtol=1e-10, atol=1e-10)


def test_arrays_are_transformed_by_scipy_inside_too() -> None:
    with mg.drop_in():
        inside = [fft.rfft(X), fft.dct(X), fft.dct(X, n=9)]
    outside = [fft.rfft(X), fft.dct(X), fft.dct(X, n=9)]
    for found, wanted in zip(inside, outside, strict=True):
        assert not isinstance(found, mg.Tensor)
        np.testing.assert_array_equal(np.asarray(found), wanted)


def test_a_variable_may_be_written_into_what_they_return() -> None:
    x = mg.tensor(2.0)
    with mg.drop_in():
        found = fft.dct(X[0])
        found[1] = x**2
        found.sum().backward()
    assert x.grad == 4


def test_names_are_put_back() -> None:
    before = fft.rfft, fft.dct
    with mg.drop_in():
        assert fft.rfft is not before[0]
    assert (fft.rfft, fft.dct) == before


def test_single_precision_stays() -> None:
    x = mg.tensor(X.astype(np.float32))
    with mg.drop_in():
        assert fft.dct(x).dtype == np.float32
        assert fft.rfft(x).dtype == np.complex64
