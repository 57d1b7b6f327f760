"""Normalization: float16, elements far from zero, nothing to normalize, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host, raw

import mygrad as mg
from mygrad.nnet.layers import batchnorm, group_norm, layer_norm

no_float16 = pytest.mark.skip_on("array-api-strict", "has no float16")
BOTH = pytest.mark.parametrize("layer", [batchnorm, layer_norm])


def axes_of(layer: Any, ndim: int) -> tuple[int, ...]:
    return (0, *range(2, ndim)) if layer is batchnorm else (ndim - 1,)


def exactly(layer: Any, a: Any, eps: float) -> Any:
    """Without scale and shift, in float64."""
    a = a.astype(np.float64)
    axes = axes_of(layer, a.ndim)
    deviation = a - a.mean(axes, keepdims=True)
    return deviation / np.sqrt(np.mean(deviation**2, axes, keepdims=True) + eps)


def adjoint(layer: Any, a: Any, g: Any, eps: float) -> Any:
    """That of the input, in float64."""
    a, g = a.astype(np.float64), g.astype(np.float64)
    axes = axes_of(layer, a.ndim)
    y = exactly(layer, a, eps)
    part = g - g.mean(axes, keepdims=True) - y * np.mean(g * y, axes, keepdims=True)
    return part / np.sqrt(a.var(axes, keepdims=True) + eps)


@no_float16
@BOTH
def test_float16_whose_squares_overflow(layer: Any) -> None:
    rng = np.random.default_rng(0)
    a, g = (rng.standard_normal((60, 40)).astype("f2") for _ in range(2))
    a *= np.float16(900)
    x, gamma, beta = mg.tensor(a), mg.tensor(np.ones(40, "f2")), mg.tensor(np.zeros(40, "f2"))
    y = layer(x, gamma=gamma, beta=beta, eps=1e-3)
    assert y.dtype == a.dtype
    assert y.creator.var.dtype == np.float32
    np.testing.assert_allclose(host(y), exactly(layer, a, 1e-3), rtol=2e-3, atol=2e-3)
    y.backward(raw(g))
    assert {t.grad.dtype for t in (x, gamma, beta)} == {a.dtype}
    want = adjoint(layer, a, g, 1e-3)
    np.testing.assert_allclose(host(x.grad), want, atol=2e-3 * abs(want).max())
    want = (g.astype("f8") * exactly(layer, a, 1e-3)).sum(0)
    np.testing.assert_allclose(host(gamma.grad), want, rtol=5e-3, atol=5e-3)
    np.testing.assert_allclose(host(beta.grad), g.astype("f8").sum(0), rtol=5e-3, atol=5e-3)


@no_float16
@BOTH
def test_float16_beside_float32(layer: Any) -> None:
    x = mg.tensor(np.random.default_rng(0).standard_normal((6, 4)).astype("f2"))
    gamma = mg.tensor(np.linspace(1.0, 2.0, 4, dtype="f4"))
    y = layer(x, gamma=gamma, eps=1e-3)
    assert y.dtype == np.float32
    y.backward(create_graph=True)
    assert x.grad.dtype == x.dtype
    assert gamma.grad.dtype == gamma.dtype
    (x.grad * x.grad).sum().backward()


@BOTH
@pytest.mark.parametrize("offset", [0.0, 1e3, -1e3])
@pytest.mark.parametrize("outlier", [False, True])
def test_float32_far_from_zero(layer: Any, offset: float, outlier: bool) -> None:
    """In float32, where a sum of squares less a square has no digits left; also with one element
    that is far from all others, first where an algorithm might compare with it."""
    a = np.random.default_rng(0).standard_normal((600, 70)).astype("f4") + np.float32(offset)
    if outlier:
        a[0, 0] = -3e4
    y = layer(mg.tensor(a), eps=1e-5)
    axes = axes_of(layer, a.ndim)
    exact = a.astype("f8")
    np.testing.assert_allclose(host(y.creator.var), exact.var(axes).ravel(), rtol=2e-6)
    np.testing.assert_allclose(host(y.creator.mean), exact.mean(axes).ravel(), rtol=2e-6, atol=2e-7)
    wanted = exactly(layer, a, 1e-5)
    far = abs(exact.mean(axes, keepdims=True)) / exact.std(axes, keepdims=True)
    assert np.all(abs(host(y) - wanted) <= 3e-6 * (1 + abs(wanted)) + 1e-6 * far)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3), (0,)])
def test_no_rows(shape: tuple[int, ...]) -> None:
    x = mg.tensor(np.zeros(shape, "f4"))
    if not x.shape[-1]:
        tells = x.backend in ("numpy", "array-api-strict")
        with pytest.warns(RuntimeWarning) if tells else np.errstate():
            y = layer_norm(x)
    else:
        gamma, beta = mg.tensor(np.ones(3, "f4")), mg.tensor(np.ones(3, "f4"))
        y = layer_norm(x, gamma=gamma, beta=beta)
        y.backward()
        assert x.grad.shape == shape
        assert host(gamma.grad).tolist() == host(beta.grad).tolist() == [0.0, 0.0, 0.0]
    assert y.shape == shape
    assert y.dtype == x.dtype


@pytest.mark.parametrize(
    ("shape", "axis"), [((3, 4), -1), ((2, 3, 2), (0, 2)), ((2, 3, 2), (1, 2)), ((2, 3), 0)]
)
def test_derivatives_by_finite_differences(shape: tuple[int, ...], axis: Any) -> None:
    rng = np.random.default_rng(0)
    axes = sorted(k % len(shape) for k in ([axis] if isinstance(axis, int) else axis))
    row = [shape[k] for k in axes]
    operands = [rng.uniform(-1, 2, shape), rng.uniform(0.5, 1.5, row), rng.uniform(-1, 1, row)]

    def f(x: Any, gamma: Any, beta: Any) -> Any:
        return layer_norm(x, gamma=gamma, beta=beta, axis=axis, eps=0.1)

    check_gradients(f, operands)
    check_second_derivatives(lambda *t: f(*t) ** 2, operands)


def test_several_axes_are_normalized_as_one() -> None:
    a = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    whole = layer_norm(mg.tensor(a.reshape(2, 3, 20)))
    parts = layer_norm(mg.tensor(a), axis=(-2, -1))
    np.testing.assert_allclose(host(parts).reshape(2, 3, 20), host(whole), rtol=1e-12)
    assert parts.creator.mean.shape == (2, 3)


def test_a_row_does_not_depend_on_the_others() -> None:
    a = np.random.default_rng(0).standard_normal((5, 8)).astype("f4")
    full = host(layer_norm(mg.tensor(a)))
    a[1] = np.nan
    a[2] = np.inf
    with np.errstate(invalid="ignore"):
        rest = host(layer_norm(mg.tensor(a)))
    np.testing.assert_array_equal(rest[[0, 3, 4]], full[[0, 3, 4]])
    assert np.isnan(rest[1:3]).all()


@pytest.mark.parametrize("axis", [2, -3, (), (0, 0), (1, -1)])
def test_axes_that_are_none(axis: Any) -> None:
    with pytest.raises(ValueError, match=r"layer_norm: axis .* \(2, 3\)"):
        layer_norm(mg.tensor(np.ones((2, 3))), axis=axis)


def test_a_scalar_has_no_rows() -> None:
    with pytest.raises(ValueError, match=r"layer_norm: axis .* \(\)"):
        layer_norm(mg.tensor(1.0))


@pytest.mark.parametrize("name", ["gamma", "beta"])
@pytest.mark.parametrize("shape", [(), (1,), (2,), (2, 3), (1, 3)])
def test_scale_and_shift_have_the_shape_of_a_row(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"layer_norm: {name} has to have shape \(3,\)"):
        layer_norm(mg.tensor(np.ones((2, 3))), **{name: mg.tensor(np.ones(shape))})


# --- groups --------------------------------------------------------------------------------------
@pytest.mark.parametrize(("shape", "groups"), [((2, 4), 2), ((3, 6, 2), 3), ((1, 2, 2, 3), 1)])
def test_group_norm_by_finite_differences(shape: tuple[int, ...], groups: int) -> None:
    rng = np.random.default_rng(0)
    operands = [rng.uniform(-1, 2, shape), *rng.uniform(0.5, 1.5, (2, shape[1]))]
    check_second_derivatives(
        lambda x, gamma, beta: group_norm(x, groups, gamma=gamma, beta=beta, eps=0.1), operands
    )


@pytest.mark.parametrize(
    "dtype", [pytest.param("float16", marks=no_float16), "float32", "float64"]
)
def test_group_norm_is_layer_norm_of_groups(dtype: str) -> None:
    """In sizes for which there are kernels, far from zero, and in float16 with large squares."""
    rng = np.random.default_rng(0)
    a = (rng.standard_normal((8, 12, 20, 20)) * 300 + 100).astype(dtype)
    gamma, beta = rng.uniform(0.5, 1.5, (2, 12)).astype(dtype)
    g = rng.standard_normal(a.shape).astype(dtype)
    leaves = [mg.tensor(t) for t in (a, gamma, beta)]
    y = group_norm(leaves[0], 3, gamma=leaves[1], beta=leaves[2])
    np.testing.assert_allclose(host(y.creator.mean), a.astype("f8").reshape(24, -1).mean(1), 1e-5)
    y.backward(raw(g))
    assert all(t.grad.dtype == t.dtype == y.dtype for t in leaves)

    wide = [mg.tensor(t.astype("f8")) for t in (a, gamma, beta)]
    rows = layer_norm(wide[0].reshape(24, 1600)).reshape(a.shape)
    want = rows * wide[1].reshape(12, 1, 1) + wide[2].reshape(12, 1, 1)
    want.backward(raw(g.astype("f8")))
    eps = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(host(y), host(want), atol=16 * eps)
    for got, exact in zip(leaves, wide, strict=True):
        exact = host(exact.grad)
        close = 64 * max(eps, 1e-16) * abs(exact).max()
        np.testing.assert_allclose(host(got.grad), exact, atol=close)


def test_group_norm_of_constants_and_of_nothing() -> None:
    x, gamma = mg.tensor(np.ones((0, 4, 2))), mg.tensor(np.ones(4))
    group_norm(x, 2, gamma=gamma).backward()
    assert host(gamma.grad).tolist() == [0, 0, 0, 0]
    assert x.grad.shape == x.shape
    x = mg.tensor(np.random.default_rng(0).normal(size=(2, 4, 3)))
    y = group_norm(x.data, 2, gamma=gamma, beta=mg.ones((4,), constant=True))
    y.backward()
    np.testing.assert_allclose(host(gamma.grad), host(group_norm(x, 2)).sum((0, 2)), atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "groups", "options"),
    [((4,), 2, {}), ((2, 4), 3, {}), ((2, 4), 0, {}), ((2, 4), 2.0, {}),
     ((2, 4), 2, {"gamma": np.ones(2)}), ((2, 4), 2, {"beta": np.ones((4, 1))})],
)  # fmt: skip
def test_what_group_norm_refuses(shape: Any, groups: Any, options: Any) -> None:
    options = {k: raw(v) for k, v in options.items()}
    with pytest.raises(ValueError, match="group_norm: "):
        group_norm(mg.ones(shape), groups, **options)
