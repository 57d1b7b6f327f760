"""Special functions on other array libraries: their own functions, or compositions, or a message.

On NumPy, where SciPy computes, the compositions are compared with it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import numpy as np
import pytest
from cases_special import SPECIAL, operands_of
from gradcheck import host, raw

import mygrad as mg
from mygrad.arrays import selected_adapter
from mygrad.autodiff.namespace import namespace_of
from mygrad.special.declaring import SpecialFunction, of_library

scipy_special = pytest.importorskip("scipy.special")

NAMES = sorted(n for n in SPECIAL if isinstance(getattr(mg.special, n), SpecialFunction))
COMPOSED = [n for n in NAMES if getattr(mg.special, n).takes_xp]


@contextmanager
def on_pretended_devices() -> Iterator[None]:
    """CuPy's kernels call functions of CUDA that a pretended device has no counterpart of."""
    try:
        yield
    except RuntimeError as error:
        missing = re.search(r"\W(\w+)\W was not declared", str(error))
        if "pretended_gpu" not in sys.modules or missing is None:
            raise
        pytest.skip(f"the pretended device has no {missing[1]}")


@pytest.mark.parametrize("name", COMPOSED)
def test_compositions(name: str) -> None:
    """The body of a declaration, on the arrays of any library, against SciPy's function."""
    f, drawn = getattr(mg.special, name), operands_of(name)
    adapter = selected_adapter()
    edges = [a if isinstance(a, float) else np.append(a.ravel(), [0.0, -0.5, 1.0]) for a in drawn]
    for operands in (drawn, edges):
        with np.errstate(all="ignore"), on_pretended_devices():
            want = getattr(scipy_special, name)(*operands)
            got = adapter.following(f.forward)(*map(raw, operands), xp=namespace_of(adapter))
        np.testing.assert_allclose(host(got), want, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_on_the_selected_backend(name: str) -> None:
    """Values and gradients are SciPy's and those on NumPy, where the library has the function."""
    f, drawn = getattr(mg.special, name), operands_of(name)
    adapter = selected_adapter()
    if not f.takes_xp and of_library(adapter, f.library_name) is None:
        with pytest.raises(TypeError, match=f"has no function {f.library_name}"):
            f(*[mg.tensor(a) if isinstance(a, np.ndarray) else a for a in drawn])
        return
    leaves = [mg.tensor(a) if isinstance(a, np.ndarray) else a for a in drawn]
    with on_pretended_devices():
        result = f(*leaves)
    want = getattr(scipy_special, name)(*drawn)
    np.testing.assert_allclose(host(result), want, rtol=1e-9, atol=1e-12)
    with mg.backend("numpy"):
        on_numpy = [mg.tensor(a) if isinstance(a, np.ndarray) else a for a in drawn]
        total = f(*on_numpy)
        (mg.real(total) if np.iscomplexobj(want) else total).sum().backward()
    try:
        with on_pretended_devices():
            (mg.real(result) if np.iscomplexobj(want) else result).sum().backward()
    except TypeError as error:
        assert f"{adapter.name} has no function" in str(error)  # a rule needs another one
        return
    for t, other in zip(leaves, on_numpy, strict=True):
        if isinstance(t, mg.Tensor):
            np.testing.assert_allclose(host(t.grad), other.grad, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", ["erf", "expit", "gammaln", "xlogy", "k0"])
def test_ufuncs_of_cupyx(name: str) -> None:
    if selected_adapter().name != "cupy":
        pytest.skip("CuPy's functions take tensors on CuPy")
    theirs = getattr(import_module("cupyx.scipy.special"), name)
    drawn = operands_of(name)
    leaves, others = ([mg.tensor(a) for a in drawn] for _ in range(2))
    with on_pretended_devices():
        theirs(*leaves).sum().backward()
        getattr(mg.special, name)(*others).sum().backward()
    for t, other in zip(leaves, others, strict=True):
        np.testing.assert_array_equal(host(t.grad), host(other.grad))
