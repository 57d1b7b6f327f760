"""Inside `jax.jit` programs have the values, gradients and updates that they have outside of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from program_losses import loss_of
from programs import features, random_program

import mygrad as mg
from mygrad.nnet import activations, losses
from mygrad.nnet.layers import batchnorm, conv_nd, gru, layer_norm, max_pool

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") not in ("numpy", "jax"),
    reason="is about JAX, whatever the backend",
)


@pytest.fixture(autouse=True)
def selected() -> Iterator[None]:
    """Data on the host go to JAX, whatever the suite runs on."""
    with mg.backend("jax"):
        yield


Loss = Callable[..., Any]
LABELS = np.array([2, 0, 1, 2])
WORDS = np.array([[1, 4, 1], [0, 4, 2]])


def attention(q: Any, k: Any, v: Any) -> Any:
    """Each row looks at those before it, and at itself."""
    scores = q @ k.T / np.sqrt(q.shape[-1])
    seen = np.tri(*scores.shape, dtype=bool)
    return activations.softmax(mg.where(seen, scores, -1e9), axis=-1) @ v


def embedded(table: Any, w: Any, words: Any) -> Any:
    """Rows by number, some of them more than once."""
    return mg.tanh(table[words]).mean(axis=1) @ w


def written(x: Any, rows: Any, places: Any) -> Any:
    y = x * 2.0
    y[places] = rows
    y[:, 1] += y[:, 0]
    return y * mg.cumsum(y, axis=0)


def network(f: Any, gamma: Any, beta: Any, w: Any, x: Any, labels: Any) -> Any:
    x = batchnorm(conv_nd(x, f, stride=1, padding=1), gamma=gamma, beta=beta, eps=1e-5)
    x = max_pool(activations.relu(x), (2, 2), 2)
    return losses.softmax_crossentropy(x.reshape(x.shape[0], -1) @ w, labels)


def elementwise(x: Any) -> Any:
    names = ("elu", "hard_tanh", "leaky_relu", "logsoftmax", "relu", "selu", "sigmoid",
             "soft_sign", "softmax", "tanh")  # fmt: skip
    slopes = {"elu": 0.5, "leaky_relu": 0.1}
    total = activations.glu(x, axis=1).sum()
    for name in names:
        options = {name: slopes[name]} if name in slopes else {}
        total = total + (getattr(activations, name)(x, *options.values()) * x).sum()
    return total


def statistics(x: Any) -> Any:
    parts = [x.mean(0), x.var(0), x.std(0, ddof=1), mg.logsumexp(x, 0), x.max(0), mg.median(x, 0)]
    parts += [mg.sort(x, axis=0)[1], mg.linalg.norm(x, axis=0), mg.prod(x, axis=0), abs(x[0])]
    return mg.stack(parts)


CASES: dict[str, tuple[Loss, list[Any], list[Any]]] = {
    "GRU": (
        gru, [(3, 2, 2), *[(2, 3), (3, 3), (3,)] * 3], [],
    ),
    "GRU, back two steps at most": (
        lambda *a: gru(*a, bp_lim=2), [(4, 2, 2), *[(2, 3), (3, 3), (3,)] * 3], [],
    ),
    "attention": (attention, [(4, 3), (4, 3), (4, 2)], []),
    "layer norm": (lambda x, g, b: layer_norm(x, gamma=g, beta=b), [(4, 3), (3,), (3,)], []),
    "batch norm": (
        lambda x, g, b: batchnorm(x, gamma=g, beta=b, eps=1e-5), [(4, 3), (3,), (3,)], [],
    ),
    "embedding": (embedded, [(5, 3), (3, 2)], [WORDS]),
    "writes": (written, [(4, 3), (4, 3)], [np.array([3, 0, 0, 1])]),
    "convolutional network": (
        network, [(2, 1, 3, 3), (2,), (2,), (8, 3)], [np.linspace(-1, 1, 64).reshape(4, 1, 4, 4),
                                                     LABELS],
    ),
    "activations": (elementwise, [(3, 4)], []),
    "statistics": (statistics, [(4, 3)], []),
    "softmax crossentropy": (losses.softmax_crossentropy, [(4, 3)], [LABELS]),
    "softmax focal loss": (losses.softmax_focal_loss, [(4, 3)], [LABELS]),
    "focal loss": (lambda x, y: losses.focal_loss(activations.softmax(x), y), [(4, 3)], [LABELS]),
    "negative log-likelihood": (
        lambda x, y: losses.negative_log_likelihood(activations.logsoftmax(x), y), [(4, 3)],
        [LABELS],
    ),
    "hinge": (losses.multiclass_hinge, [(4, 3)], [LABELS]),
    "margin ranking": (
        lambda a, b, y: losses.margin_ranking_loss(a, b, y, 0.5), [(4,), (4,)],
        [np.array([1, -1, -1, 1])],
    ),
}  # fmt: skip


def drawn(shapes: list[Any]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [jnp.asarray(rng.uniform(-1, 1, shape)) for shape in shapes]


def step(loss: Loss, parameters: Any, data: Any) -> Any:
    """The loss, the gradients, and the parameters after an update."""
    tensors = [mg.tensor(p) for p in parameters]
    value = (loss(*tensors, *data) ** 2).sum()
    value.backward()
    for t in tensors:
        t.data -= 0.1 * t.grad
    return value.data, [t.grad for t in tensors], [t.data for t in tensors]


def assert_same(compiled: Any, eager: Any) -> None:
    found, wanted = (jax.tree_util.tree_leaves(part) for part in (compiled, eager))
    assert len(found) == len(wanted)
    close = 1e-9 if wanted[0].dtype == "float64" else 2e-4
    for mine, want in zip(found, wanted, strict=True):
        assert (mine.shape, mine.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(mine, want, rtol=close, atol=close)


@pytest.mark.parametrize("name", CASES)
def test_programs(name: str) -> None:
    """Their data, labels and places too, are not known while they are traced."""
    loss, shapes, data = CASES[name]
    operands = drawn(shapes), [jnp.asarray(d) for d in data]
    eager = step(loss, *operands)
    assert any(bool((g != 0).any()) for g in eager[1])
    assert_same(jax.jit(lambda p, d: step(loss, p, d))(*operands), eager)


OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "Adam": {},
    "AdamW": {"weight_decay": 0.1},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Adagrad": {},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str) -> None:
    """Three steps; what was remembered between them is returned, too."""

    def train(parameters: Any, x: Any) -> Any:
        w, b = tensors = [mg.tensor(p) for p in parameters]
        optimizer = getattr(mg.optim, name)(tensors, learning_rate=0.05, **OPTIMIZERS[name])
        values = []
        for _ in range(3):
            loss = ((mg.tanh(x @ w + b) - 0.5) ** 2).mean()
            loss.backward()
            optimizer.step()
            values.append(loss.data)
        kept = [arrays for _, arrays in optimizer._state.values()]
        return values, [t.data for t in tensors], kept

    operands = drawn([(3, 2), (2,)]), drawn([(4, 3)])[0]
    eager = train(*operands)
    assert not np.allclose(eager[1][0], operands[0][0])
    assert_same(jax.jit(train)(*operands), eager)


# --- writes that read what they write -------------------------------------------------------------
def sums(t: Any) -> None:
    t[1:] += t[:-1]
    t[:-1] *= t[1:]


def row_backwards(t: Any) -> None:
    t[0, ::-1] -= t[0]
    t[:2] += t[1:3]


def every_other(t: Any) -> None:
    t[::2] += t[1::2]
    t[1:] -= t[:-1] * t[0]


def one_place(t: Any) -> None:
    t[np.array([0])] -= t[0, ::-1]
    t[np.array([1])] = t[:2].sum(axis=0)[::-1] * t[1]
    t[[2]] += t[2, ::-1]


@pytest.mark.parametrize("write", [sums, row_backwards, every_other, one_place])
@pytest.mark.parametrize("shape", [(4, 1), (6, 3), (64, 64)])
def test_overlapping_writes(write: Any, shape: tuple[int, ...]) -> None:
    """XLA makes some of them in place, and reads what it has written: see `windows`."""
    start = np.random.default_rng(0).uniform(-1, 1, shape)
    wanted = start.copy()
    write(wanted)

    def written(x: Any) -> Any:
        t = mg.tensor(x) * 1.0
        write(t)
        return t.data

    np.testing.assert_allclose(jax.jit(written)(jnp.asarray(start)), wanted, rtol=1e-12)


SEEDS = range(max(3, round(30 * float(os.environ.get("MYGRAD_PROGRAMS", "1")))))


@pytest.mark.parametrize("seed", [179, 353, 427, 474, *SEEDS])
def test_random_programs(seed: int) -> None:
    """Of views and writes; inside `jax.jit` they compute what they compute on NumPy."""
    program = random_program(seed, features=features())
    names, function = loss_of(program)
    numbers = tuple(range(len(names)))
    arrays = [np.asarray(program.arrays[name], dtype=float) for name in names]
    differentiated = mg.value_and_grad(function, numbers)
    with mg.backend("numpy"), np.errstate(all="ignore"):
        wanted = differentiated(*arrays)
    with mg.backend("jax"):
        try:
            found = jax.jit(differentiated)(*[jnp.asarray(a) for a in arrays])
        except IndexError as error:
            if "boolean indices must be concrete" not in str(error):
                raise
            pytest.skip(str(error).partition("\n")[0])
    for one, other in zip([found[0], *found[1]], [wanted[0], *wanted[1]], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8)
