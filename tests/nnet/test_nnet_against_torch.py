"""Layers and activations of `mygrad.nnet`, against PyTorch in float64.

Values, first and second derivatives. The oracle runs in PyTorch on the host, whatever backend
the suite runs on; where PyTorch has no such function, it is written out in PyTorch's functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from hypothesis import given
from hypothesis import strategies as st
from torch_oracle import Array, F, Function, agree, drawn, torch

import mygrad as mg
from mygrad.nnet import activations, layers

# --- convolution -------------------------------------------------------------------------------
CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def convolutions_agree(
    x: Sequence[int], w: Sequence[int], stride: Any, padding: Any, dilation: Any, order: int = 2
) -> None:
    def ours(x: Any, w: Any) -> Any:
        return layers.conv_nd(x, w, stride=stride, padding=padding, dilation=dilation)

    def theirs(x: Any, w: Any) -> Any:
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        return CONVOLVE[x.ndim - 2](x, w, **options)

    agree(ours, theirs, drawn(*x), drawn(*w, seed=1), order=order)


@pytest.mark.parametrize(
    ("x", "w", "stride", "padding", "dilation"),
    [
        ((2, 3, 7), (4, 3, 3), 1, 0, 1),
        ((2, 3, 7), (4, 3, 3), 2, 0, 1),
        ((1, 2, 9), (3, 2, 3), 1, 2, 2),
        ((3, 1, 1), (2, 1, 1), 1, 0, 1),
        ((2, 40, 8), (3, 40, 3), 1, 1, 1),  # enough channels to share columns on NumPy
        ((2, 3, 5, 6), (4, 3, 3, 3), 1, 1, 1),
        ((2, 2, 7, 7), (3, 2, 2, 3), (2, 1), (0, 1), (2, 1)),
        ((2, 2, 7, 7), (3, 2, 3, 2), (1, 2), (2, 0), (1, 2)),
        ((1, 12, 5, 5), (2, 12, 2, 3), 1, (3, 0), 1),  # more padding than the filters reach over
        ((2, 12, 6, 6), (3, 12, 3, 3), (1, 3), 0, 1),
        ((2, 3, 4, 4), (5, 3, 1, 1), 1, 0, 1),
        ((2, 3, 5, 5), (4, 3, 1, 1), 2, 0, 1),
        ((2, 3, 4, 5), (4, 3, 4, 5), 1, 0, 1),
        ((3, 35, 5, 4), (2, 35, 3, 1), 1, (1, 0), 1),  # filters of one element along the last
        ((1, 2, 4, 4, 4), (2, 2, 2, 2, 2), 1, 0, 1),
        ((2, 2, 4, 5, 5), (2, 2, 2, 3, 2), (2, 1, 2), (0, 1, 1), (1, 1, 2)),
    ],
)  # fmt: skip
def test_convolution(x: Any, w: Any, stride: Any, padding: Any, dilation: Any) -> None:
    convolutions_agree(x, w, stride, padding, dilation)


@given(data=st.data())
def test_convolution_of_any_geometry(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 3), "spatial axes")

    def along_axes(low: int, high: int, label: str) -> tuple[int, ...]:
        return tuple(data.draw(st.tuples(*[st.integers(low, high)] * n), label))

    kernel, out = along_axes(1, 3, "filter"), along_axes(1, 4, "output")
    stride, dilation = along_axes(1, 3, "stride"), along_axes(1, 2, "dilation")
    sizes = [
        t * (o - 1) + d * (k - 1) + 1
        for k, o, t, d in zip(kernel, out, stride, dilation, strict=True)
    ]
    padding = tuple(data.draw(st.integers(0, (s - 1) // 2), "padding") for s in sizes)
    x = [s - 2 * p for s, p in zip(sizes, padding, strict=True)]
    batch, channels, features = data.draw(
        st.tuples(st.integers(1, 3), st.sampled_from((1, 2, 17)), st.integers(1, 3))
    )
    convolutions_agree(
        (batch, channels, *x), (features, channels, *kernel), stride, padding, dilation, order=1
    )


def test_convolution_of_other_layouts() -> None:
    """Operands that are views: transposed, reversed, broadcast; and an adjoint that is one."""

    def ours(x: Any, w: Any) -> Any:
        x = mg.permute_dims(x, (3, 2, 0, 1))[:, :, ::-1]
        y = layers.conv_nd(x, mg.permute_dims(w, (1, 0, 3, 2)), stride=1, padding=1)
        return mg.sum(mg.permute_dims(y, (0, 2, 1, 3)), axis=3)

    def theirs(x: Any, w: Any) -> Any:
        x = torch.flip(x.permute(3, 2, 0, 1), (2,))
        return F.conv2d(x, w.permute(1, 0, 3, 2), padding=1).permute(0, 2, 1, 3).sum(3)

    agree(ours, theirs, drawn(4, 5, 3, 2), drawn(3, 2, 3, 2, seed=1))


def test_convolution_of_large_images() -> None:
    """So large that a fast path takes them in parts."""
    convolutions_agree((1, 3, 90, 130), (8, 3, 5, 4), (1, 2), (2, 0), 1, order=1)
    convolutions_agree((2, 16, 60, 130), (4, 16, 3, 3), 1, 1, 1, order=1)
    convolutions_agree((1, 4, 61, 130), (8, 4, 3, 4), (2, 2), 0, 1, order=1)


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((1, 1, 6), (1, 1, 3), {"stride": 2}),  # one element is left over
        ((1, 1, 2), (1, 1, 3), {"stride": 1}),
        ((1, 2, 5), (1, 1, 3), {"stride": 1}),
        ((1, 1, 5, 5), (1, 1, 3), {"stride": 1}),
        ((1, 1, 5), (1, 1, 3), {"stride": (1, 1)}),
        ((1, 1, 5), (1, 1, 3), {"stride": 0}),
        ((1, 1, 5), (1, 1, 3), {"stride": 1, "padding": -1}),
        ((1, 1, 5), (1, 1, 3), {"stride": 1, "dilation": 0}),
    ],
)  # fmt: skip
def test_convolutions_that_do_not_fit(x: Any, w: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="conv_nd"):
        layers.conv_nd(mg.tensor(drawn(*x)), mg.tensor(drawn(*w)), **options)


# --- pooling -----------------------------------------------------------------------------------
POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


def pools_agree(a: Array, pool: tuple[int, ...], stride: Any, order: int = 2) -> None:
    def ours(x: Any) -> Any:
        return layers.max_pool(x, pool, stride)

    def theirs(x: Any) -> Any:
        flat = x.reshape(-1, 1, *x.shape[x.ndim - len(pool) :])  # PyTorch wants (N, C, ...)
        y = POOL[len(pool)](flat, pool, stride)
        return y.reshape(*x.shape[: x.ndim - len(pool)], *y.shape[2:])

    agree(ours, theirs, a, order=order)


@given(data=st.data())
def test_max_pool(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 3), "axes")
    pool = data.draw(st.tuples(*[st.integers(1, 3)] * n), "pool")
    stride = data.draw(st.tuples(*[st.integers(1, 4)] * n), "stride")
    out = data.draw(st.tuples(*[st.integers(1, 3)] * n), "output")
    lead = data.draw(st.lists(st.integers(1, 3), max_size=2), "other axes")
    x = [s * (o - 1) + k for k, s, o in zip(pool, stride, out, strict=True)]
    pools_agree(drawn(*lead, *x, seed=data.draw(st.integers(0, 9))), pool, stride)


@pytest.mark.parametrize(("pool", "stride"), [((2, 2), 2), ((3, 3), 1), ((2, 2), (1, 2))])
def test_max_pool_of_equal_entries(pool: tuple[int, ...], stride: Any) -> None:
    """The first entry, row by row, gets the gradient; as in PyTorch."""
    a = np.random.default_rng(0).integers(0, 3, (2, 3, 6, 6)).astype(np.float64)
    pools_agree(a, pool, stride)


@pytest.mark.parametrize(
    ("shape", "pool", "stride"),
    [((6,), (3,), 2), ((2,), (3,), 1), ((4,), (2, 2), 2), ((4,), (2,), 0), ((4,), 2, 2)],
)
def test_max_pools_that_do_not_fit(shape: Any, pool: Any, stride: Any) -> None:
    with pytest.raises(ValueError, match="max_pool"):
        layers.max_pool(mg.tensor(drawn(*shape)), pool, stride)


# --- batch normalization -----------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(4, 3), (3, 2, 5), (2, 3, 4, 4), (2, 2, 2, 3, 2), (3, 2, 900)])
@pytest.mark.parametrize("gamma", [False, True])
@pytest.mark.parametrize("beta", [False, True])
def test_batchnorm(shape: tuple[int, ...], gamma: bool, beta: bool) -> None:
    operands = [drawn(*shape) + 3.0]
    operands += [drawn(shape[1], seed=k) for k, given in enumerate((gamma, beta)) if given]

    def named(rest: Sequence[Any], **missing: Any) -> dict[str, Any]:
        names = [name for name, is_given in (("gamma", gamma), ("beta", beta)) if is_given]
        return {**missing, **dict(zip(names, rest, strict=True))}

    def theirs(x: Any, *rest: Any) -> Any:
        # PyTorch cannot differentiate twice without a weight
        g = named(rest, gamma=torch.ones(x.shape[1], dtype=x.dtype), beta=None)
        return F.batch_norm(x, None, None, g["gamma"], g["beta"], training=True, eps=1e-2)

    def ours(x: Any, *rest: Any) -> Any:
        return layers.batchnorm(x, **named(rest), eps=1e-2)

    agree(ours, theirs, *operands)


@pytest.mark.parametrize("constants", [{"x"}, {"x", "gamma"}, {"x", "beta"}, {"gamma"}, {"beta"}])
@pytest.mark.parametrize("length", [2, 1200])
def test_batchnorm_of_constants(constants: set[str], length: int) -> None:
    arrays = {"x": drawn(2, 3, length), "gamma": drawn(3, seed=1), "beta": drawn(3, seed=2)}
    seed = drawn(2, 3, length, seed=3)
    t = {name: mg.tensor(a, constant=name in constants) for name, a in arrays.items()}
    layers.batchnorm(t["x"], gamma=t["gamma"], beta=t["beta"], eps=1e-3).backward(raw(seed))
    leaves = {name: torch.tensor(a, requires_grad=True) for name, a in arrays.items()}
    F.batch_norm(
        leaves["x"], None, None, leaves["gamma"], leaves["beta"], training=True, eps=1e-3
    ).backward(torch.tensor(seed))
    for name, tensor in t.items():
        if name in constants:
            assert tensor.grad is None
        else:
            np.testing.assert_allclose(host(tensor.grad), leaves[name].grad.numpy(), rtol=1e-9)


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 1500)])
def test_creator_of_batchnorm_tells_mean_and_variance(shape: tuple[int, ...]) -> None:
    a = drawn(*shape)
    x, gamma = mg.tensor(a), mg.tensor(drawn(3, seed=1))
    y = layers.batchnorm(x, gamma=gamma, eps=1e-3)
    axes = tuple(k for k in range(a.ndim) if k != 1)
    assert not isinstance(y.creator.mean, mg.Tensor)
    np.testing.assert_allclose(host(y.creator.mean), a.mean(axes), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(host(y.creator.var), a.var(axes), rtol=1e-10)
    assert y.creator.variables[0] is x
    assert y.creator.variables[1] is gamma
    assert not hasattr((2 * y).creator, "mean")


def test_batchnorm_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="batchnorm"):
        layers.batchnorm(mg.tensor(drawn(3)), eps=1e-3)
    with pytest.raises(ValueError, match="gamma"):
        layers.batchnorm(mg.tensor(drawn(2, 3)), gamma=mg.tensor(drawn(2)), eps=1e-3)


# --- layer normalization -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((3, 4), -1),
        ((2, 3, 4), 2),
        ((2, 3, 4), (-1, -2)),
        ((2, 3, 4), (0, 1, 2)),
        ((5,), -1),
        ((3, 1, 2), 1),
        ((2, 3, 4), 0),
        ((2, 3, 4), (2, 0)),
        ((2, 4200), 1),
    ],
)
@pytest.mark.parametrize("gamma", [False, True])
@pytest.mark.parametrize("beta", [False, True])
def test_layer_norm(shape: tuple[int, ...], axis: Any, gamma: bool, beta: bool) -> None:
    axes = sorted(k % len(shape) for k in ([axis] if isinstance(axis, int) else axis))
    order = [k for k in range(len(shape)) if k not in axes] + axes
    row = tuple(shape[k] for k in axes)
    names = [name for name, is_given in (("gamma", gamma), ("beta", beta)) if is_given]
    operands = [drawn(*shape) + 3.0, *[drawn(*row, seed=1 + k) for k in range(len(names))]]

    def theirs(x: Any, *rest: Any) -> Any:
        # PyTorch cannot differentiate twice with a bias and no weight
        g = {"gamma": torch.ones(row, dtype=x.dtype), **dict(zip(names, rest, strict=True))}
        y = F.layer_norm(x.permute(*order), row, g["gamma"], g.get("beta"), eps=1e-2)
        return y.permute(*np.argsort(order).tolist())

    def ours(x: Any, *rest: Any) -> Any:
        return layers.layer_norm(x, **dict(zip(names, rest, strict=True)), axis=axis, eps=1e-2)

    agree(ours, theirs, *operands, order=1 if max(shape) > 99 else 2)


@pytest.mark.parametrize("constants", [{"x"}, {"x", "gamma"}, {"x", "beta"}, {"gamma"}, {"beta"}])
def test_layer_norm_of_constants(constants: set[str]) -> None:
    arrays = {"x": drawn(2, 3, 4), "gamma": drawn(4, seed=1), "beta": drawn(4, seed=2)}
    seed = drawn(2, 3, 4, seed=3)
    t = {name: mg.tensor(a, constant=name in constants) for name, a in arrays.items()}
    layers.layer_norm(t["x"], gamma=t["gamma"], beta=t["beta"]).backward(raw(seed))
    leaves = {name: torch.tensor(a, requires_grad=True) for name, a in arrays.items()}
    F.layer_norm(leaves["x"], (4,), leaves["gamma"], leaves["beta"]).backward(torch.tensor(seed))
    for name, tensor in t.items():
        if name in constants:
            assert tensor.grad is None
        else:
            np.testing.assert_allclose(host(tensor.grad), leaves[name].grad.numpy(), rtol=1e-9)


# --- group normalization -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shape", "groups"), [((2, 4), 2), ((3, 6, 2), 3), ((2, 4, 3, 2), 1), ((2, 4, 3, 2), 4)]
)
@pytest.mark.parametrize("gamma", [False, True])
@pytest.mark.parametrize("beta", [False, True])
def test_group_norm(shape: tuple[int, ...], groups: int, gamma: bool, beta: bool) -> None:
    names = [name for name, is_given in (("gamma", gamma), ("beta", beta)) if is_given]
    operands = [drawn(*shape) + 3.0, *[drawn(shape[1], seed=1 + k) for k in range(len(names))]]

    def theirs(x: Any, *rest: Any) -> Any:
        # PyTorch cannot differentiate twice with a bias and no weight
        ones = torch.ones(shape[1], dtype=x.dtype)
        given = {"gamma": ones, **dict(zip(names, rest, strict=True))}
        return F.group_norm(x, groups, given["gamma"], given.get("beta"), eps=1e-2)

    def ours(x: Any, *rest: Any) -> Any:
        return layers.group_norm(x, groups, **dict(zip(names, rest, strict=True)), eps=1e-2)

    agree(ours, theirs, *operands)


# --- activations -------------------------------------------------------------------------------
ACTIVATIONS: dict[str, list[tuple[dict[str, Any], Function]]] = {
    "elu": [({"alpha": a}, lambda x, a=a: F.elu(x, a)) for a in (1.0, 0.3)],
    "gelu": [
        ({}, F.gelu),
        ({"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    ],
    "glu": [({}, F.glu), ({"axis": 0}, lambda x: F.glu(x, 0))],
    "hard_tanh": [
        ({}, F.hardtanh),
        ({"lower_bound": -0.5, "upper_bound": 1.5}, lambda x: F.hardtanh(x, -0.5, 1.5)),
    ],
    "leaky_relu": [({"slope": 0.1}, lambda x: F.leaky_relu(x, 0.1))],
    "logsoftmax": [
        ({}, lambda x: F.log_softmax(x, -1)),
        ({"axis": 0}, lambda x: F.log_softmax(x, 0)),
    ],
    "mish": [({}, F.mish)],
    "relu": [({}, F.relu)],
    "selu": [({}, F.selu)],
    "sigmoid": [({}, F.sigmoid)],
    "silu": [({}, F.silu)],
    "soft_sign": [({}, F.softsign)],
    "softmax": [({}, lambda x: F.softmax(x, -1)), ({"axis": 0}, lambda x: F.softmax(x, 0))],
    "softplus": [
        # PyTorch's is linear from its threshold on
        ({"beta": b}, lambda x, b=b: F.softplus(x, b, threshold=99.0))
        for b in (1, 0.5, 3.0)
    ],
    "tanh": [({}, torch.tanh)],
}


def test_every_activation_is_compared() -> None:
    assert set(activations.__all__) == set(ACTIVATIONS)


@pytest.mark.parametrize("shape", [(4,), (2, 6), (4, 3, 2)])
@pytest.mark.parametrize(
    ("name", "options", "reference"),
    [(name, *case) for name, cases in ACTIVATIONS.items() for case in cases],
)
def test_activation(
    name: str, options: dict[str, Any], reference: Function, shape: tuple[int, ...]
) -> None:
    f = getattr(activations, name)
    for high in (2.0, 30.0):  # as far out as exponentials are to be taken with care
        agree(lambda x: f(x, **options), reference, drawn(*shape, low=-high, high=high))
