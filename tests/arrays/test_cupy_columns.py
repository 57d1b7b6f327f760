"""CuPy's kernels that read arrays along columns: sums, averages, normalization."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.autodiff.namespace import namespace_of
from mygrad.nnet.layers import batchnorm, layer_norm

cupy = pytest.importorskip("cupy", exc_type=ImportError)

pytestmark = pytest.mark.raw_arithmetic

SHAPES = [
    (3, 2), (300, 40), (2100, 3), (1, 5), (1, 1),  # elements below one another
    (2, 3, 5), (600, 2, 15), (3, 70, 9),  # a few neighbours each
    (3, 2, 700), (1, 2, 9001), (40, 3, 15, 15),
]  # fmt: skip


@pytest.fixture(autouse=True)
def on_cupy() -> None:
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")


@pytest.fixture(params=["f2", "f4", "f8", "f4 with places of 64 bits"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A dtype; very large arrays have kernels of their own, which are tried on small ones."""
    if "64" in request.param:
        monkeypatch.setattr("mygrad_cupy.reduction._MANY", 0)
    return str(request.param[:2])


def drawn(shape: tuple[int, ...], kind: str, seed: int) -> Any:
    return (np.random.default_rng(seed).standard_normal(shape) + 0.5).astype(kind)


def tolerance(kind: str) -> float:
    return {"f2": 2e-3, "f4": 3e-6, "f8": 1e-13}[kind]


def close(found: Any, wanted: Any, kind: str, scale: float = 1.0) -> None:
    assert found.dtype == kind
    atol = scale * tolerance(kind) * max(abs(wanted).max(), 1.0)
    np.testing.assert_allclose(host(found), wanted, rtol=0, atol=atol)


def check(layer: Callable[..., Any], a: Any, g: Any, over: tuple[int, ...]) -> None:
    """Compare a layer, which normalizes over some axes, with the same in float64."""
    kind, eps = a.dtype.str[1:], 1e-2
    kept = tuple(k for k in range(a.ndim) if k not in over)
    own, others = (kept, over) if layer is batchnorm else (over, kept)
    gamma, beta = (drawn(tuple(a.shape[k] for k in own), kind, seed) for seed in (2, 3))
    x, scale, shift = mg.tensor(a), mg.tensor(gamma), mg.tensor(beta)
    y = layer(x, gamma=scale, beta=shift, eps=eps)
    y.backward(raw(g))
    a, g, gamma, beta = (t.astype(np.float64) for t in (a, g, gamma, beta))
    gamma, beta = (np.expand_dims(t, others) for t in (gamma, beta))
    root = np.sqrt(a.var(over, keepdims=True) + eps)
    normalized = (a - a.mean(over, keepdims=True)) / root
    close(y, normalized * gamma + beta, kind)
    t = g * gamma
    t = t - t.mean(over, keepdims=True) - normalized * (t * normalized).mean(over, keepdims=True)
    close(x.grad, t / root, kind, 4)
    length = max(np.sqrt(a.size / gamma.size) / 8, 1)
    close(scale.grad, (g * normalized).sum(others), kind, length)
    close(shift.grad, g.sum(others), kind, length)


@pytest.mark.parametrize("shape", SHAPES)
def test_batchnorm(shape: tuple[int, ...], kind: str) -> None:
    over = tuple(k for k in range(len(shape)) if k != 1)
    check(batchnorm, drawn(shape, kind, 0), drawn(shape, kind, 1), over)


@pytest.mark.parametrize("shape", [(7,), (9001,), *SHAPES])
def test_layer_norm(shape: tuple[int, ...], kind: str) -> None:
    check(layer_norm, drawn(shape, kind, 0), drawn(shape, kind, 1), (len(shape) - 1,))


@pytest.mark.parametrize("shape", SHAPES)
def test_sum(shape: tuple[int, ...], kind: str) -> None:
    a = drawn(shape, kind, 0)
    x, exact = raw(a), a.astype(np.float64)
    total = mg.backends.selected_adapter().kernels["sum"]
    every = tuple(range(len(shape)))
    for axis in (0, (0,), every[:1] + every[2:], every[:-1], (0, -1), -1, None):
        for keepdims in (False, True):
            wanted = exact.sum(axis, keepdims=keepdims)
            if abs(wanted).max() < 6e4:
                found = total(x, axis, keepdims)
                assert found.shape == wanted.shape
                close(found, wanted, kind, np.sqrt(a.size / wanted.size))


@pytest.mark.parametrize("name", ["mean", "var", "std"])
@pytest.mark.parametrize("shape", SHAPES)
def test_averages(shape: tuple[int, ...], kind: str, name: str) -> None:
    a = drawn(shape, kind, 0)
    x, exact = raw(a), a.astype(np.float64)
    function = mg.backends.selected_adapter().kernels[name]
    every = tuple(range(len(shape)))
    for axis in (0, every[:1] + every[2:], every[1:], None):
        for keepdims in (False, True):
            wanted = np.asarray(getattr(exact, name)(axis, keepdims=keepdims))
            found = function(x, axis, keepdims=keepdims)
            assert found.shape == wanted.shape
            close(found, wanted, kind)


def test_variances_far_from_zero() -> None:
    a = drawn((5000, 3), "f4", 0) + np.float32(3e4)
    wanted = a.astype("f8").var(0, ddof=1)
    np.testing.assert_allclose(host(mg.var(mg.tensor(a), 0, ddof=1)), wanted, rtol=2e-6)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:Degrees of freedom:RuntimeWarning")
def test_variances_without_freedom() -> None:
    x = raw(np.ones((2, 3), "f4"))
    assert host(cupy.isnan(mg.var(x, axis=0, ddof=2).data)).all()


def test_sums_add_half_precision_up_in_single() -> None:
    ones = raw(np.ones((6000, 3), "f2"))
    assert host(mg.sum(ones, axis=0)).tolist() == [6000.0, 6000.0, 6000.0]


@pytest.mark.parametrize("axis", [2, -3, (0, 2), (0, 0), (0, -2)])
def test_sums_along_axes_that_are_none(axis: Any) -> None:
    with pytest.raises((ValueError, np.exceptions.AxisError)):
        mg.backends.selected_adapter().kernels["sum"](raw(np.ones((40, 3))), axis)


def turned(x: Any) -> Any:
    """The same in Fortran's order; `cupy.asfortranarray` asks cuBLAS, maybe a pretended one."""
    found = cupy.empty(x.shape, x.dtype, order="F")
    found[...] = x
    return found


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "turned": turned,
    "spread": lambda x: cupy.repeat(x, 2, -1)[..., ::2],
    "reversed": lambda x: cupy.flip(cupy.flip(x).copy()),
    "broadcast": lambda x: cupy.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_operands_of_any_layout(layout: str) -> None:
    kernels = mg.backends.selected_adapter().kernels
    shapes = (40, 3, 5), (40, 3, 5), (3,), (5,), (3,), (40, 3)
    laid = [LAYOUTS[layout](raw(drawn(s, "f8", k))) for k, s in enumerate(shapes)]
    plain = [a.copy(order="C") for a in laid]

    def every(x: Any, g: Any, gamma: Any, weight: Any, mean: Any, means: Any) -> list[Any]:
        var, variances = cupy.abs(mean), cupy.abs(means)
        return [
            *kernels["normalize_channels"](x, gamma, gamma, 0.1),
            *kernels["channel_sums"](g, x, mean, var, 0.1),
            *kernels["channels_adjoint"](g, x, gamma, mean, var, 0.1),
            *kernels["normalize_rows"](x, weight, weight, 1, 0.1),
            *kernels["row_sums"](g, x, means, variances, 0.1),
            kernels["rows_adjoint"](g, x, weight, means, variances, 0.1),
            kernels["sum"](x, 0),
        ]

    for found, wanted in zip(every(*laid), every(*plain), strict=True):
        np.testing.assert_allclose(host(found), host(wanted), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("layer", [batchnorm, layer_norm])
def test_other_dtypes_are_computed_by_the_library(layer: Any) -> None:
    a = drawn((6, 4), "f4", 0)
    x, gamma = mg.tensor(a), mg.tensor(np.linspace(1.0, 2.0, 4))
    y = layer(x, gamma=gamma, eps=1e-3)
    assert y.dtype == np.float64
    y.backward()
    assert (x.grad.dtype, gamma.grad.dtype) == (x.dtype, gamma.dtype)
    assert layer(mg.tensor(np.arange(8).reshape(2, 4)), eps=1.0).dtype == np.float64


def test_on_a_device_that_is_not_the_current_one() -> None:
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one CUDA device only")
    xp = namespace_of(mg.backends.selected_adapter())
    x = mg.tensor(drawn((64, 3), "f4", 0), device=1).data
    with cupy.cuda.Device(0):
        for result in (
            xp.normalize_channels(x, 1.0, 0.0, 0.1),
            xp.normalize_rows(x, 1.0, 0.0, 1, 0.1),
            xp.sum(x, axis=0),
        ):
            assert result.device.id == 1
        assert cupy.cuda.Device().id == 0


@pytest.fixture
def launches() -> Iterator[Callable[[], list[str]]]:
    """The kernels that were launched since the last call."""
    pretended = sys.modules.get("pretended_gpu")
    if pretended is None:
        pytest.skip("launches are counted on a pretended GPU")
    seen: list[str] = []

    def taken() -> list[str]:
        found = seen[:]
        seen.clear()
        return found

    pretended.runtime.set_listener(
        lambda event, what, size: seen.append(what) if event == "launch" else None
    )
    yield taken
    pretended.runtime.set_listener(None)


@pytest.mark.parametrize(
    ("layer", "shape", "forward", "back"),
    [
        (batchnorm, (8, 3, 100, 90), 2, 2),
        (batchnorm, (3000, 40), 2, 2),
        (batchnorm, (8, 3, 9, 9), 1, 1),
        (batchnorm, (64, 40), 1, 1),
        (layer_norm, (64, 40), 1, 2),
        (layer_norm, (3000, 40), 1, 3),
    ],
)
def test_how_many_kernels_it_takes(
    layer: Any, shape: tuple[int, ...], forward: int, back: int, launches: Any
) -> None:
    a, g = drawn(shape, "f4", 0), raw(drawn(shape, "f4", 1))
    size = shape[1] if layer is batchnorm else shape[-1]
    gamma, beta = (mg.tensor(drawn((size,), "f4", k)) for k in (2, 3))
    x = mg.tensor(a)
    launches()
    y = layer(x, gamma=gamma, beta=beta, eps=1e-3)
    assert len(launches()) == forward
    y.backward(g)
    copies = "cupy_copy__float32_float32"
    assert len([name for name in launches() if name != copies]) == back
