"""The recurrent layer on kernels of the backend, where it has some: values, launches, devices."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.autodiff.namespace import compositions, namespace_of

layers_gru = importlib.import_module("mygrad.nnet.layers.gru")
gru = layers_gru.gru
LOOPS = ("gru_steps", "gru_steps_adjoint")


def operands(kind: str, T: int = 5, N: int = 3, C: int = 2, D: int = 40) -> list[Any]:
    """Operands of a layer, the first state included; small weights, so that errors stay small."""
    rng = np.random.default_rng(T)
    shapes = [(T, N, C), *[(C, D), (D, D), (D,)] * 3, (N, D)]
    return [(rng.normal(size=s) / s[-1] ** 0.5).astype(kind) for s in shapes]


def swept(a: list[Any], g: Any = None, **options: Any) -> list[Any]:
    """The states, and the gradients of all operands."""
    mg.random.seed(3)
    leaves = [mg.tensor(v) for v in a]
    s = gru(*leaves, **options)
    states = host(s)
    s.backward(g)
    assert all(t.grad.dtype == t.dtype for t in leaves)
    return [states, *(host(t.grad) for t in leaves)]


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("bp_lim", [None, 0, 1, 4])
def test_kernels_follow_the_formulas(
    bp_lim: int | None, dropout: float, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = mg.backends.selected_adapter()
    if not set(LOOPS) & set(adapter.kernels):
        pytest.skip(f"{adapter.name} has no kernels for recurrent layers")
    a = operands(kind)
    g = raw(np.random.default_rng(8).normal(size=(6, 3, 40)).astype(kind))
    got = swept(a, g, bp_lim=bp_lim, dropout=dropout)
    xp = namespace_of(adapter)
    for name in LOOPS:
        monkeypatch.setattr(xp, name, partial(compositions[name].function, xp=xp))
    want = swept(a, g, bp_lim=bp_lim, dropout=dropout)
    rtol = {"f4": 2e-6, "f8": 4e-15}[kind]
    for found, wanted in zip(got, want, strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=0, atol=rtol * np.abs(wanted).max())


@pytest.mark.skip_on("array-api-strict", "has no float16")
@pytest.mark.parametrize("bp_lim", [None, 2])
def test_float16(bp_lim: int | None) -> None:
    """As if computed in float64, but for rounding in each step."""
    a = operands("f2")
    got = swept(a, bp_lim=bp_lim)
    with mg.backend("numpy"):
        want = swept([v.astype("f8") for v in a], bp_lim=bp_lim)
    for found, wanted in zip(got, want, strict=True):
        assert found.dtype == np.float16
        np.testing.assert_allclose(found, wanted, rtol=0, atol=4e-3 * np.abs(wanted).max())


def test_gates_that_are_shut_or_open_to_the_last_digit() -> None:
    """Sums far beyond those whose exponential is finite, and NaN, as formulas have them."""
    a = operands("f4", T=1, N=1, C=1, D=4)
    a[0][...], a[-1][...] = 1.0, 0.5
    for v in a[1:-1]:
        v[...] = 0.0
    a[3][:] = (200.0, -200.0, np.nan, -90.0)  # bz
    a[9][:] = 100.0  # bh: H is 1
    states = host(gru(*map(mg.tensor, a)))[1, 0]
    np.testing.assert_array_equal(states, np.float32([0.5, 1.0, np.nan, 1.0]))


def test_adjoints_of_any_layout() -> None:
    a = operands("f8")
    seed = np.random.default_rng(1).normal(size=(40, 3, 6))
    got = swept(a, mg.tensor(seed).T.data)
    want = swept(a, raw(np.ascontiguousarray(seed.T)))
    for found, wanted in zip(got, want, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


# --- what is asked of a device ------------------------------------------------------------------
@pytest.fixture
def counted(asked: Any) -> Any:
    """How often the device is asked for what, in a forward and a backward pass of T steps."""
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")

    def count(T: int, bp_lim: int | None = None) -> dict[str, int]:
        leaves = [mg.tensor(v) for v in operands("f4", T)]
        found: dict[str, int] = asked(lambda: gru(*leaves, bp_lim=bp_lim).sum().backward())
        return found

    return count


def test_a_step_is_four_products_and_four_kernels(counted: Any) -> None:
    short, long = counted(4), counted(10)
    assert long["launch"] - short["launch"] == 4 * 6
    assert long["gemm"] - short["gemm"] == 4 * 6
    assert short["launch"] <= 4 * 4 + 40
    assert short["gemm"] == 4 * 4 + 7
    assert not long["to_device"] + long["to_host"] + long["synchronize"]


def test_limited_back_propagation_takes_no_kernels_by_step(counted: Any) -> None:
    """Its rounds are for all steps at once; the forward pass is two kernels for each step."""
    short, long = counted(4, 2), counted(10, 2)
    assert long["launch"] - short["launch"] == 2 * 6
    assert long["gemm"] - short["gemm"] == 2 * 6


def test_the_layer_runs_where_its_operands_are() -> None:
    cupy = pytest.importorskip("cupy")
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one CUDA device only")
    a = operands("f4")
    want = swept(a)
    with cupy.cuda.Device(1):
        leaves = [mg.tensor(v, device=1) for v in a]
        s = gru(*leaves)
        s.backward()
    assert s.device == 1
    for t, wanted in zip(leaves, want[1:], strict=True):
        assert t.grad.device.id == 1
        np.testing.assert_array_equal(host(t.grad), wanted)
