"""What courses and blogs written with MyGrad do: small models, trained as their pages train them.

Each program is one function without parameters that returns its losses, step by step. It asks for
nothing but NumPy and the MyGrad 2 API, so that it runs unchanged with MyGrad 2.5 and here, and it
draws everything random from a seed of its own. `test_courses.py` compares the losses with those
recorded from MyGrad 2.5, `ci/clients` with those of MyGrad 2.5 itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import mygrad as mg
from mygrad import Tensor
from mygrad.nnet import gru
from mygrad.nnet.activations import relu, sigmoid, softmax, tanh
from mygrad.nnet.initializers import glorot_normal, he_normal, normal, uniform
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool
from mygrad.nnet.losses import (
    margin_ranking_loss,
    multiclass_hinge,
    negative_log_likelihood,
    softmax_crossentropy,
)

Losses = list[float]
PROGRAMS: dict[str, Callable[[], Losses]] = {}


def course(program: Callable[[], Losses]) -> Callable[[], Losses]:
    """Add the program to `PROGRAMS`."""
    PROGRAMS[program.__name__] = program
    return program


def descend(parameters: Any, rate: float) -> None:
    """One step of gradient descent, as courses write it."""
    for parameter in parameters:
        parameter.data -= rate * parameter.grad


def spirals(rng: np.random.Generator, points: int = 60, arms: int = 3) -> tuple[Any, Any]:
    """Points on intertwined arms, shape (arms * points, 2), and the arm of each."""
    radius = np.linspace(0.05, 1.0, points)
    angle = (
        np.linspace(0.0, 1.2 * np.pi, points)[None] + 2 * np.pi * np.arange(arms)[:, None] / arms
    )
    angle = angle + 0.08 * rng.standard_normal(angle.shape)
    x = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1).reshape(-1, 2)
    return x, np.repeat(np.arange(arms), points)


@course
def line_by_gradient_descent() -> Losses:
    """A line through points: slope and intercept are 0-d tensors, the loss is a mean square."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-2.0, 2.0, 50)
    y = 3.0 * x - 1.0 + 0.1 * rng.standard_normal(50)
    slope, intercept = mg.Tensor(0.0), mg.Tensor(0.0)
    losses = []
    for _ in range(60):
        loss = mg.mean((y - (slope * x + intercept)) ** 2)
        loss.backward()
        descend((slope, intercept), 0.1)
        loss.null_gradients()
        losses.append(loss.item())
    best = np.polyfit(x, y, 1)
    assert np.allclose([slope.item(), intercept.item()], best, atol=1e-3)
    return losses


@course
def line_of_best_fit_by_matrix() -> Losses:
    """Least squares with a design matrix, and NumPy's functions called on tensors."""
    rng = np.random.default_rng(1)
    x = np.stack([np.ones(40), rng.standard_normal(40), rng.standard_normal(40)], axis=1)
    y = x @ np.array([1.0, -2.0, 0.5])
    w = mg.tensor(np.zeros(3))
    losses = []
    for _ in range(50):
        loss = np.sum((np.matmul(x, w) - y) ** 2) / len(y)
        loss.backward()
        w = mg.tensor(w.data - 0.2 * w.grad)
        losses.append(loss.item())
    assert np.allclose(w, [1.0, -2.0, 0.5], atol=1e-3)
    return losses


@course
def logistic_regression() -> Losses:
    """Two clouds of points; the cross-entropy is written with `mg.log`."""
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.normal(-1.0, 1.0, (40, 2)), rng.normal(1.0, 1.0, (40, 2))])
    y = np.repeat([0.0, 1.0], 40)
    w, b = mg.zeros((2,)), mg.zeros(())
    losses = []
    for _ in range(40):
        p = 1 / (1 + mg.exp(-(x @ w + b)))
        loss = -mg.mean(y * mg.log(p) + (1 - y) * mg.log(1 - p))
        loss.backward()
        descend((w, b), 1.0)
        losses.append(float(loss))
    assert np.mean((p.data > 0.5) == y) > 0.85
    return losses


@course
def universal_function_approximation() -> Losses:
    """The cosine as a sum of sigmoids: mini-batches, and the mean absolute error."""
    np.random.seed(3)
    neurons = 12
    w, b, v = normal(1, neurons), normal(neurons), normal(neurons, 1, std=0.5)
    x = np.linspace(-np.pi, np.pi, 120).reshape(120, 1)
    losses = []
    for _ in range(15):
        order = np.arange(len(x))
        np.random.shuffle(order)
        for start in range(0, len(x), 24):
            batch = x[order[start : start + 24]]
            loss = mg.mean(mg.abs(sigmoid(batch @ w + b) @ v - np.cos(batch)))
            loss.backward()
            descend((w, b, v), 0.02)
            losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    return losses


@course
def spirals_by_a_dense_network() -> Losses:
    """Two dense layers written by hand, `relu`, and the cross-entropy of softmax scores."""
    rng = np.random.default_rng(4)
    x, y = spirals(rng)
    w1 = Tensor(rng.standard_normal((2, 40)))
    b1 = Tensor(np.zeros(40))
    w2 = Tensor(rng.standard_normal((40, 3)) * 0.2)
    losses = []
    for _ in range(120):
        scores = mg.matmul(relu(mg.matmul(x, w1) + b1), w2)
        loss = softmax_crossentropy(scores, y)
        accuracy = np.mean(np.argmax(scores, axis=1) == y)
        loss.backward()
        descend((w1, b1, w2), 1.0)
        losses.append(loss.item())
    assert accuracy > 0.85
    return losses


@course
def spirals_by_hinge_loss_and_momentum() -> Losses:
    """The same data with `multiclass_hinge`, and momentum kept in NumPy arrays."""
    rng = np.random.default_rng(5)
    x, y = spirals(rng)
    parameters = [
        mg.tensor(rng.standard_normal((2, 30))),
        mg.zeros((30,)),
        mg.tensor(rng.standard_normal((30, 3)) * 0.2),
    ]
    moments = [np.zeros_like(p.data) for p in parameters]
    losses = []
    for _ in range(60):
        w1, b1, w2 = parameters
        loss = multiclass_hinge(relu(x @ w1 + b1) @ w2, y) + 1e-3 * (w1**2).sum()
        loss.backward()
        for p, moment in zip(parameters, moments, strict=True):
            moment *= 0.9
            moment -= 0.05 * p.grad
            p.data += moment
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
    return losses


def bars(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    """Images of a horizontal, vertical or diagonal bar, shape (n, 1, 8, 8), and which it is."""
    images = 0.1 * rng.standard_normal((n, 1, 8, 8)).astype("float32")
    kinds = rng.integers(0, 3, n)
    for image, kind, at in zip(images[:, 0], kinds, rng.integers(1, 7, n), strict=True):
        if kind == 0:
            image[at] += 1
        elif kind == 1:
            image[:, at] += 1
        else:
            np.fill_diagonal(image, 1.0)
    return images, kinds


@course
def images_by_a_convolutional_network() -> Losses:
    """`conv_nd`, `relu`, `max_pool` and a dense layer on float32 images; tested without graph."""
    rng = np.random.default_rng(6)
    np.random.seed(6)
    images, kinds = bars(rng, 96)
    filters, bias = he_normal(6, 1, 3, 3), mg.zeros((1, 6, 1, 1), dtype="float32")
    w = glorot_normal(6 * 2 * 2, 3, gain=np.sqrt(2))

    def model(x: Any) -> Any:
        x = relu(conv_nd(x, filters, stride=1, padding=0) + bias)
        x = max_pool(x, (3, 3), 3)
        return x.reshape(x.shape[0], -1) @ w

    losses = []
    for _ in range(10):
        for start in range(0, len(images), 32):
            batch = slice(start, start + 32)
            loss = softmax_crossentropy(model(images[batch]), kinds[batch])
            loss.backward()
            descend((filters, bias, w), 0.3)
            losses.append(loss.item())
    with mg.no_autodiff:
        fresh, truth = bars(rng, 60)
        assert np.mean(np.argmax(model(fresh), axis=-1) == truth) > 0.9
    return losses


@course
def parity_by_a_recurrent_network() -> Losses:
    """Is the number of ones even? A simple cell, unrolled in a Python loop over (T, N, C)."""
    rng = np.random.default_rng(7)
    u, w = (Tensor(0.5 * rng.standard_normal(s)) for s in ((2, 10), (10, 10)))
    v, b = Tensor(0.5 * rng.standard_normal((10, 2))), mg.zeros((10,))
    losses = []
    for _ in range(40):
        bits = rng.integers(0, 2, (5, 16))
        x = np.zeros((5, 16, 2))
        x[np.arange(5)[:, None], np.arange(16), bits] = 1
        h: Any = np.zeros((16, 10))
        for x_t in x:
            h = tanh(x_t @ u + h @ w + b)
        loss = softmax_crossentropy(h @ v, bits.sum(axis=0) % 2)
        loss.backward()
        descend((u, w, v, b), 0.3)
        losses.append(loss.item())
    return losses


@course
def first_symbol_by_gru() -> Losses:
    """Which symbol came first? `mygrad.nnet.gru` must carry it to the end of the sequence."""
    rng = np.random.default_rng(8)
    shapes = [(4, 8), (8, 8), (8,)] * 3
    gates = [Tensor(0.4 * rng.standard_normal(shape)) for shape in shapes]
    v = Tensor(0.4 * rng.standard_normal((8, 4)))
    losses = []
    for _ in range(20):
        symbols = rng.integers(0, 4, (6, 20))
        x = np.eye(4)[symbols]
        states = gru(x, *gates)
        loss = softmax_crossentropy(states[-1] @ v, symbols[0])
        loss.backward()
        descend((*gates, v), 0.5)
        losses.append(loss.item())
    return losses


@course
def reversal_by_attention() -> Losses:
    """An encoder and a decoder that looks back at all states, weighted by `softmax(axis=0)`."""
    rng = np.random.default_rng(9)
    d, k, t, n = 10, 5, 4, 12
    u, s = (Tensor(0.4 * rng.standard_normal((k, d))) for _ in range(2))
    we, wd, wa = (Tensor(0.4 * rng.standard_normal((d, d))) for _ in range(3))
    v = Tensor(0.4 * rng.standard_normal((2 * d, k)))
    losses = []
    for _ in range(25):
        digits = rng.integers(0, k, (t, n))
        x = np.eye(k)[digits]
        h: Any = np.zeros((n, d))
        states = []
        for x_t in x:
            h = tanh(x_t @ u + h @ we)
            states.append(h)
        seen = mg.stack(states)
        keys = seen @ wa
        last: Any = np.zeros((n, k))
        scores = []
        for _ in range(t):
            h = tanh(last @ s + h @ wd)
            weights = softmax((keys * h).sum(axis=-1), axis=0)
            context = (weights[..., None] * seen).sum(axis=0)
            y_t = mg.concatenate([h, context], axis=-1) @ v
            scores.append(y_t)
            last = (y_t.data == y_t.data.max(axis=-1, keepdims=True)).astype(float)
        every = mg.concatenate(scores, axis=0)
        loss = softmax_crossentropy(every, digits[::-1].reshape(-1))
        loss.backward()
        descend((u, s, we, wd, wa, v), 0.3)
        losses.append(loss.item())
    return losses


@course
def word_embeddings_by_context() -> Losses:
    """A continuous bag of words: rows of a table are averaged, words of a context may recur."""
    rng = np.random.default_rng(10)
    words = rng.integers(0, 12, 200)
    words[1::2] = (words[::2] + 1) % 12
    table, out = Tensor(0.3 * rng.standard_normal((12, 6))), Tensor(np.zeros((6, 12)))
    contexts = np.stack([words[:-3], words[:-3], words[1:-2], words[3:]], axis=1)
    losses = []
    for _ in range(30):
        loss = softmax_crossentropy(table[contexts].mean(axis=1) @ out, words[2:-1])
        loss.backward()
        descend((table, out), 1.0)
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    return losses


@course
def captions_by_triplets() -> Losses:
    """A picture's embedding shall be nearer to its caption than another's: margin ranking."""
    rng = np.random.default_rng(11)
    np.random.seed(11)
    pictures = rng.standard_normal((40, 16)).astype("float32")
    captions = pictures @ rng.standard_normal((16, 5)).astype("float32")
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    m = glorot_normal(16, 5)
    losses = []

    def embed(x: Any) -> Any:
        e = x @ m
        return e / mg.sqrt(mg.sum(e**2, axis=1, keepdims=True))

    for _ in range(30):
        others = rng.permutation(40)
        true = mg.einsum("nd,nd -> n", embed(pictures), captions)
        false = mg.einsum("nd,nd -> n", embed(pictures[others]), captions)
        loss = margin_ranking_loss(true, false, 1, margin=0.25)
        accuracy = np.mean(true.data >= false.data)
        loss.backward()
        descend((m,), 2.0)
        losses.append(loss.item())
    assert accuracy > 0.9
    return losses


@course
def autoencoder() -> Losses:
    """Four measured lengths through two numbers and back; float32, `uniform` weights."""
    np.random.seed(12)
    rng = np.random.default_rng(12)
    data = (rng.standard_normal((60, 2)) @ rng.standard_normal((2, 4))).astype("float32")
    down, up = uniform(4, 2, lower_bound=-0.5), uniform(2, 4, lower_bound=-0.5)
    losses = []
    for _ in range(60):
        loss = mg.mean(mg.square((data @ down) @ up - data))
        loss.backward()
        descend((down, up), 0.1)
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    return losses


@course
def normalized_network() -> Losses:
    """`batchnorm`, with moving averages taken from `creator.mean` and `creator.var`."""
    rng = np.random.default_rng(13)
    x, y = spirals(rng, 30)
    x = 5.0 + 3.0 * x
    w1, w2 = Tensor(rng.standard_normal((2, 24))), Tensor(0.2 * rng.standard_normal((24, 3)))
    gamma, beta = mg.ones((24,)), mg.zeros((24,))
    mean, variance = np.zeros(24), np.ones(24)
    losses = []
    for _ in range(40):
        normed = batchnorm(x @ w1, gamma=gamma, beta=beta, eps=1e-8)
        mean += 0.1 * (normed.creator.mean.reshape(-1) - mean)
        variance += 0.1 * (normed.creator.var.reshape(-1) - variance)
        loss = negative_log_likelihood(mg.log(softmax(relu(normed) @ w2)), y)
        loss.backward()
        descend((w1, w2, gamma, beta), 0.3)
        losses.append(loss.item())
    return [*losses, float(mean.sum()), float(variance.sum())]


@course
def actions_by_policy_gradient() -> Losses:
    """A player of games: the hidden layer's negative part is set to zero in place."""
    rng = np.random.default_rng(14)
    w1, w2 = Tensor(rng.standard_normal((6, 10))), Tensor(0.3 * rng.standard_normal((10, 3)))
    losses = []
    for _ in range(60):
        board = rng.integers(0, 2, 6).astype(float)
        hidden = mg.matmul(board, w1)
        hidden[hidden < 0] = 0
        scores = mg.matmul(hidden, w2)
        chances = softmax(scores).data
        action = rng.choice(3, p=chances / chances.sum())
        reward = 1.0 if action == int(board[:3].sum() % 3) else -0.3
        loss = reward * softmax_crossentropy(scores.reshape(1, 3), np.array([action]))
        loss.backward()
        descend((w1, w2), 0.05)
        losses.append(loss.item())
    return losses


@course
def constants_of_a_formula() -> Losses:
    """The constants of a given formula, fitted to data: any NumPy code, called with tensors."""
    x = np.linspace(0.1, 2.0, 30)

    def formula(x: Any, c: Any) -> Any:
        return c[0] * np.sin(c[1] * x) + np.exp(-c[2] * x) / np.sqrt(1 + x**2)

    data = formula(x, [1.5, 2.0, 0.7])
    constants = np.ones(3)
    losses = []
    for _ in range(80):
        with mg.mem_guard_off:
            c = mg.tensor(constants, copy=False)
            loss = np.mean((data - formula(x, c)) ** 2)
            loss.backward()
        constants = constants - 0.3 * c.grad
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]
    return losses


@course
def image_that_a_model_likes() -> Losses:
    """Gradient ascent on the input: the weights are constant, the picture is the variable."""
    rng = np.random.default_rng(15)
    w = mg.tensor(rng.standard_normal((9, 4)), constant=True)
    picture = mg.tensor(0.1 * rng.standard_normal((3, 3)))
    losses = []
    for _ in range(30):
        score = softmax(picture.reshape(1, 9) @ w)[0, 2]
        loss = -mg.log(score) + 0.05 * mg.linalg.norm(picture)
        loss.backward()
        picture.data -= 0.2 * picture.grad
        assert w.grad is None
        losses.append(loss.item())
    assert score > 0.9
    return losses


@course
def valley_by_adam() -> Losses:
    """Rosenbrock's valley: partial derivatives of a function of two numbers, and Adam by hand."""
    x, y = mg.tensor(-1.2), mg.tensor(1.0)
    first, second = np.zeros(2), np.zeros(2)
    losses = []
    for step in range(1, 101):
        f = (1 - x) ** 2 + 100 * (y - x**2) ** 2
        f.backward()
        gradient = np.array([x.grad, y.grad])
        first += 0.1 * (gradient - first)
        second += 0.001 * (gradient**2 - second)
        move = 0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        x, y = mg.tensor(x - move[0]), mg.tensor(y - move[1])
        losses.append(f.item())
    return losses
