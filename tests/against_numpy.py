"""NumPy's functions on tensors: its values, dtypes and shapes; derivatives by differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases_fft import lacks
from gradcheck import host

import mygrad as mg
from mygrad.testing import check_grads

__all__ = ["agrees", "needs_bessel", "needs_solver", "needs_transforms", "same_values"]


needs_transforms = pytest.mark.skipif(lacks("cufft"), reason="cuFFT is not installed")
needs_solver = pytest.mark.skipif(lacks("cusolver"), reason="cuSOLVER is not installed")
needs_bessel = pytest.mark.skipif(
    lacks("Bessel functions"), reason="a pretended GPU has no Bessel functions"
)


def _name(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


def same_values(name: str, *args: Any, rtol: float = 1e-12, **kw: Any) -> None:
    """mygrad's function of a name gives tensors with what NumPy's gives, part by part."""
    ours, theirs = getattr(mg, name), getattr(np, name)
    given = [mg.tensor(a) if isinstance(a, np.ndarray) else a for a in args]
    got, wanted = ours(*given, **kw), theirs(*args, **kw)
    if not isinstance(wanted, tuple):
        got, wanted = (got,), (wanted,)
    assert len(got) == len(wanted)
    for mine, want in zip(got, map(np.asarray, wanted), strict=True):
        assert isinstance(mine, mg.Tensor)
        values = host(mine)
        assert values.shape == want.shape
        assert _name(values.dtype) == _name(want.dtype)
        np.testing.assert_allclose(values, want, rtol=rtol, atol=rtol / 100)


def agrees(
    name: str, *args: Any, order: int = 2, rtol: float | None = None, values: float = 1e-12,
    **kw: Any,
) -> None:  # fmt: skip
    """Values, and derivatives up to an order by all arrays of floating-point numbers."""
    same_values(name, *args, rtol=values, **kw)
    ours = getattr(mg, name)

    def function(*operands: Any) -> Any:
        return ours(*operands, **kw)

    check_grads(function, *args, order=order, reference=function, rtol=rtol)
