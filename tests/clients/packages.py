"""Programs for the packages on PyPI that depend on MyGrad, from what their documentation shows.

A package that is not installed is left out: its programs are defined only where it imports. As in
`courses.py`, each program returns its losses, which MyGrad 2.5 and this library must agree on.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from courses import bars, spirals

import mygrad as mg

os.environ.setdefault("MPLBACKEND", "agg")  # no windows

Losses = list[float]
PROGRAMS: dict[str, Callable[[], Losses]] = {}
DEVIATING = {
    "helixnet: tied_autoencoder": (
        "its decoder keeps `weights.T`, made once; in MyGrad 2.5 that is no view of the weights "
        "any more after the first backward(), and their gradient loses the decoder's part"
    ),
}
"""Programs whose losses are meant to differ, and why (see docs/deviations.md)."""


def client(package: str) -> Callable[[Callable[[], Losses]], Callable[[], Losses]]:
    """Add the program to `PROGRAMS`, as ``package: program``, if the package is installed."""

    def added(program: Callable[[], Losses]) -> Callable[[], Losses]:
        if find_spec(package):
            PROGRAMS[f"{package}: {program.__name__}"] = program
        return program

    return added


# --- mynn: layers, losses and optimizers


def trained(model: Any, parameters: Any, loss: Any, optimizer: Any, steps: int) -> Losses:
    """The losses of some steps with the whole data."""
    losses = []
    for _ in range(steps):
        value = loss(model())
        value.backward()
        optimizer.step()
        value.null_gradients()
        losses.append(value.item())
    assert all(p.data.dtype == np.float32 for p in parameters)
    return losses


@client("mynn")
def spirals_by_sgd() -> Losses:
    from mynn.activations import relu
    from mynn.layers.dense import dense
    from mynn.losses.cross_entropy import softmax_cross_entropy
    from mynn.optimizers.sgd import SGD

    np.random.seed(0)
    x, y = spirals(np.random.default_rng(0))
    first, second = dense(2, 40), dense(40, 3)
    parameters = first.parameters + second.parameters
    optimizer = SGD(parameters, learning_rate=0.1, momentum=0.9, weight_decay=1e-4)
    losses = trained(
        lambda: second(relu(first(x.astype("float32")))),
        parameters,
        lambda scores: softmax_cross_entropy(scores, y),
        optimizer,
        60,
    )
    assert losses[-1] < 0.8 * losses[0]
    return losses


@client("mynn")
def pictures_by_convolution() -> Losses:
    from mynn.activations import relu
    from mynn.initializers import glorot_uniform
    from mynn.layers.conv import conv
    from mynn.layers.dense import dense
    from mynn.layers.dropout import dropout
    from mynn.losses.cross_entropy import softmax_cross_entropy
    from mynn.optimizers.adam import Adam

    from mygrad.nnet.layers import max_pool

    np.random.seed(1)
    images, kinds = bars(np.random.default_rng(1), 48)
    gain = {"gain": np.sqrt(2)}
    layer = conv(1, 6, 3, 3, weight_initializer=glorot_uniform, weight_kwargs=gain)
    drop = dropout(0.25)
    last = dense(6 * 2 * 2, 3, weight_initializer=glorot_uniform, weight_kwargs=gain)

    def model(test: bool = False) -> Any:
        h = max_pool(relu(layer(images)), (3, 3), 3)
        h = h.reshape(len(images), -1)
        return last(h if test else drop(h))

    parameters = (*layer.parameters, *last.parameters)
    optimizer = Adam(parameters, learning_rate=0.02)
    losses = trained(
        model, parameters, lambda scores: softmax_cross_entropy(scores, kinds), optimizer, 25
    )
    with mg.no_autodiff:
        assert np.mean(model(test=True).data.argmax(axis=1) == kinds) > 0.8
    return losses


@client("mynn")
def optimizers_and_losses() -> Losses:
    from mynn.layers.dense import dense
    from mynn.layers.prelu import prelu
    from mynn.losses.focal_loss import focal_loss, softmax_focal_loss
    from mynn.losses.huber_loss import huber_loss
    from mynn.losses.kl_divergence import kl_divergence
    from mynn.losses.l1_loss import l1_loss
    from mynn.losses.mean_squared_loss import mean_squared_loss
    from mynn.losses.negative_log_likelihood import negative_log_likelihood
    from mynn.optimizers.adadelta import Adadelta
    from mynn.optimizers.adam import Adam
    from mynn.optimizers.adamax import AdaMax
    from mynn.optimizers.sgd import SGD

    rng = np.random.default_rng(2)
    x = rng.standard_normal((24, 5)).astype("float32")
    goal = rng.random((24, 3)).astype("float32") + 0.1
    kinds = rng.integers(0, 3, 24)
    softmax, logsoftmax = mg.nnet.softmax, mg.nnet.logsoftmax
    cases: list[tuple[Any, Any]] = [
        (SGD, lambda out: mean_squared_loss(out, goal)),
        (SGD, lambda out: l1_loss(out, goal)),
        (AdaMax, lambda out: huber_loss(out, goal, delta=0.5)),
        (Adadelta, lambda out: kl_divergence(logsoftmax(out), goal)),
        (Adadelta, lambda out: softmax_focal_loss(out, kinds, alpha=0.5, gamma=2.0)),
        (Adam, lambda out: focal_loss(softmax(out), kinds, gamma=1.0)),
        (Adam, lambda out: negative_log_likelihood(logsoftmax(out), kinds)),
    ]
    losses = []
    for make, loss in cases:
        np.random.seed(2)
        layer, slope = dense(5, 3), prelu(0.2)
        slope.slope.data = slope.slope.data.astype("float32")
        parameters = layer.parameters + slope.parameters
        losses += trained(
            lambda layer=layer, slope=slope: slope(layer(x)), parameters, loss, make(parameters), 8
        )
    return losses


@client("mynn")
def captions_of_pictures() -> Losses:
    from mynn.layers.dense import dense
    from mynn.optimizers.sgd import SGD

    from mygrad.nnet.initializers import glorot_normal
    from mygrad.nnet.losses import margin_ranking_loss

    np.random.seed(3)
    rng = np.random.default_rng(3)
    pictures = rng.standard_normal((32, 16)).astype("float32")
    captions = pictures @ rng.standard_normal((16, 4)).astype("float32")
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    encode = dense(16, 4, weight_initializer=glorot_normal, bias=False)
    optimizer = SGD(encode.parameters, learning_rate=0.1, momentum=0.9)
    losses = []
    for _ in range(25):
        true, false = encode(pictures), encode(pictures[rng.permutation(32)])
        good = mg.einsum("nd,nd -> n", true / mg.linalg.norm(true, axis=1, keepdims=True), captions)
        bad = mg.einsum(
            "nd,nd -> n", false / mg.linalg.norm(false, axis=1, keepdims=True), captions
        )
        loss = margin_ranking_loss(good, bad, 1, margin=0.25)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# --- noggin: a log of losses and accuracies


@client("noggin")
def logged_losses() -> Losses:
    from noggin import LiveLogger

    rng = np.random.default_rng(4)
    x, y = spirals(rng, 20)
    w = mg.tensor(rng.standard_normal((2, 3)))
    logger = LiveLogger()
    for _ in range(3):
        for start in range(0, 60, 20):
            batch = slice(start, start + 20)
            scores = x[batch] @ w
            loss = mg.nnet.losses.softmax_crossentropy(scores, y[batch])
            accuracy = np.mean(np.argmax(scores, axis=1) == y[batch])
            loss.backward()
            w.data -= 0.5 * w.grad
            logger.set_train_batch({"loss": loss.item(), "accuracy": accuracy}, batch_size=20)
            logger.set_test_batch({"loss": loss, "accuracy": accuracy}, batch_size=20)
        logger.set_train_epoch()
        logger.set_test_epoch()
    batches, epochs = logger.to_xarray("train")
    _, tested = logger.to_xarray("test")
    return [*map(float, batches.loss), *map(float, epochs.accuracy), *map(float, tested.loss)]


# --- helixnet: models of layers, trained by optimizers that hold the loop


def stepped(model: Any, optimizer: Any, loss: Any, steps: int) -> Losses:
    """The losses of `Optimizer.optimize`, which adds regularizers, differentiates and updates."""
    losses = []
    for _ in range(steps):
        value = loss(model)
        optimizer.optimize(model, value)
        model.null_grads()
        optimizer.epoch_done()
        losses.append(value.item())
    return losses


@client("helixnet")
def spirals_by_each_optimizer() -> Losses:
    from helixnet import activations, layers, models, optimizers

    x, y = spirals(np.random.default_rng(5))
    x_tensor, y_tensor = mg.tensor(x), mg.tensor(y, dtype=int)
    losses = []
    for make in (
        lambda: optimizers.SGD(0.5, momentum=0.9, clip=1.0),
        lambda: optimizers.Adam(0.05, regularizers=[optimizers.L2(1e-4), optimizers.L1(1e-5)]),
        lambda: optimizers.RMSProp(optimizers.ExpDecay(0.02, 0.01)),
        lambda: optimizers.NesterovSGD(optimizers.LinearDecay(0.3, -1e-3)),
    ):
        np.random.seed(5)
        model = models.Sequential(
            [
                layers.Dense(2, 24, activation=activations.ReLU),
                layers.Dense(24, 3, activation=lambda x: x),
            ]
        )
        losses += stepped(
            model,
            make(),
            lambda m: mg.nnet.losses.softmax_crossentropy(m.forward(x_tensor), y_tensor),
            15,
        )
    return losses


@client("helixnet")
def pictures_by_a_sequential_model() -> Losses:
    from helixnet import activations, layers, models, optimizers

    np.random.seed(6)
    images, kinds = bars(np.random.default_rng(6), 40)
    model = models.Sequential(
        [
            layers.InputShape((1, 8, 8)),
            layers.Conv2D(1, 6, 3, activation=activations.ReLU),
            layers.MaxPooling2D(4, stride=2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(24, 10, activation=activations.tanh),
            layers.Dense(10, 3, activation=activations.softmax),
        ]
    )
    assert model.output_shape() == (3,)
    targets = np.eye(3)[kinds]
    losses = stepped(
        model,
        optimizers.SGD(0.1),
        lambda m: -mg.mean(mg.sum(targets * mg.log(m.forward(mg.tensor(images)) + 1e-8), axis=1)),
        20,
    )
    guesses = model.predict(mg.tensor(images))
    assert guesses.shape == (40, 3)
    return losses


@client("helixnet")
def sequences_by_lstm_and_embedding() -> Losses:
    from helixnet import layers, models, optimizers

    np.random.seed(7)
    words = np.random.default_rng(7).integers(0, 6, (20, 5))
    model = models.Sequential(
        [
            layers.Embedding(6, 4),
            layers.LSTMLayer(4, 8, return_sequences=False),
            layers.Dense(8, 6, activation=lambda x: x),
        ]
    )
    return stepped(
        model,
        optimizers.SGD(0.3),
        lambda m: mg.nnet.losses.softmax_crossentropy(m.forward(words), words[:, 0]),
        20,
    )


@client("helixnet")
def normalized_and_deconvolved() -> Losses:
    from helixnet import activations, layers, loss, models, optimizers

    np.random.seed(8)
    rng = np.random.default_rng(8)
    data = rng.standard_normal((30, 6)).astype("float32")
    model = models.Sequential(
        [layers.BatchNorm((30, 6)), layers.Dense(6, 6, activation=activations.tanh)]
    )
    optimizer = optimizers.SGD(0.1)
    losses = stepped(model, optimizer, lambda m: loss.MeanSquaredError(m.forward(data), data), 20)
    up = layers.ConvTranspose2D(1, 2, 3, stride=2, activation=activations.sigmoid)
    out = up.forward(mg.tensor(data[:2].reshape(2, 1, 2, 3)))
    loss.MeanAbsError(out, 1.0).backward()
    return [*losses, float(out.data.sum()), *map(float, up.weights.grad.ravel())]


@client("helixnet")
def tied_autoencoder() -> Losses:
    from helixnet import activations, layers, loss, models, optimizers

    np.random.seed(12)
    rng = np.random.default_rng(12)
    data = (rng.standard_normal((30, 2)) @ rng.standard_normal((2, 6))).astype("float32")
    inner = layers.Dense(6, 3, activation=activations.tanh)
    model = models.Sequential([inner, layers.DenseTranspose(inner, activation=lambda x: x)])
    optimizer = optimizers.SGD(0.05)
    return stepped(model, optimizer, lambda m: loss.MeanSquaredError(m.forward(data), data), 20)


@client("helixnet")
def each_loss_and_metric() -> Losses:
    from helixnet import loss, metrics

    rng = np.random.default_rng(9)
    truth, chances = rng.random((6, 3)) + 0.1, 0.1 + 0.8 * rng.random((6, 3))
    bits, signs = (chances > 0.5).astype(float), np.sign(chances - 0.5)
    values = []
    for f, goal in (
        (loss.CatCrossEntropy, bits), (loss.MeanSquaredError, truth), (loss.MeanAbsError, truth),
        (loss.Kullback_Leibler, 0.9 * chances), (loss.HuberLoss, truth), (loss.LogCoshLoss, truth),
        (loss.FocalLoss, bits), (loss.HingeLoss, signs), (loss.CosineSimilarityLoss, truth),
        (loss.BinaryCrossEntropy, bits),
    ):  # fmt: skip
        x = mg.tensor(chances)
        value = mg.mean(f(x, goal))
        value.backward()
        values += [value.item(), *map(float, x.grad.ravel())]
    guess, true = (chances[:, 0] > 0.5).astype(int), np.array([0, 1, 1, 0, 1, 1])
    for metric in (metrics.precision, metrics.recall, metrics.f1_score):
        values.append(metric(guess, true).item())
    values.append(float(metrics.accuracy(chances, true)))
    values += [float(metrics.rmse(chances, truth)), float(metrics.r_squared(chances, truth))]
    return values


@client("helixnet")
def models_on_disk_and_fit() -> Losses:
    import tempfile
    from pathlib import Path

    from helixnet import activations, layers, loss, models, optimizers
    from helixnet import io as files

    np.random.seed(10)
    x = np.random.default_rng(10).standard_normal((16, 4))
    model = models.Sequential(
        [layers.Dense(4, 6, activations.sigmoid), layers.Dense(6, 2, activations.tanh)]
    )
    with contextlib.redirect_stdout(io.StringIO()):
        model.summary()
        model.fit(x, x[:, :2], loss.MeanSquaredError, optimizers.SGD(0.1), epochs=5)
        model.fit(x, x[:, :2], loss.MeanSquaredError, optimizers.SGD(0.1), epochs=2, batch_size=8)
    with tempfile.TemporaryDirectory() as folder:
        files.save_model(model, str(Path(folder) / "model.json"))
        back = files.load_model(str(Path(folder) / "model.json"))
    ours, theirs = model.predict(x), back.predict(x)
    assert np.allclose(ours, theirs)
    return [float(w.sum()) for w in model.get_weights()] + [float(ours.data.sum())]


# --- ionbench: models of ion channels; what of it differentiates needs no compiler


@client("ionbench")
def bounds_by_penalty() -> Losses:
    import ionbench

    with contextlib.redirect_stdout(io.StringIO()):
        problem = ionbench.problems.test.Test()
    problem.parameters_bounded = True
    problem.add_parameter_bounds()
    at = np.array([4.5, 9.0])
    losses = []
    for _ in range(12):
        gradient, cost = problem.grad(at, returnCost=True)[::-1]
        at = at - 1e-5 * gradient
        losses += [float(cost), *map(float, gradient)]
    return losses


@client("ionbench")
def steady_state_of_a_markov_model() -> Losses:
    import ionbench
    from ionbench.utils.autodiff import get_matrix_function, linalg_solve

    with contextlib.redirect_stdout(io.StringIO()):
        problem = ionbench.problems.moreno2016.INa()
        problem.set_steady_state(problem._TRUE_PARAMETERS)
    matrix = get_matrix_function(problem._ANALYTICAL_MODEL)
    true = problem._TRUE_PARAMETERS

    def occupied(scale: Any) -> Any:
        a, _ = matrix(*[p * s for p, s in zip(true, scale, strict=True)], -120.0)
        last = a[:-1, -1:]
        return linalg_solve(a[:-1, :-1] - last, -last)

    goal = occupied(mg.ones((16,))).data
    scale = mg.tensor(np.random.default_rng(11).uniform(0.8, 1.25, 16))
    losses = []
    for _ in range(6):
        loss = mg.sum((occupied(scale) - goal) ** 2)
        loss.backward()
        scale = mg.tensor(scale.data - 0.5 * scale.grad)
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    return losses


@client("ionbench")
def steady_state_of_a_hodgkin_huxley_model() -> Losses:
    import ionbench

    with contextlib.redirect_stdout(io.StringIO()):
        problem = ionbench.problems.loewe2016.IKr()
        problem.set_steady_state(problem._TRUE_PARAMETERS)
    numbers = []
    for volts in (-80.0, -20.0, 20.0):
        parameters = [mg.tensor(p, dtype=np.double) for p in problem._TRUE_PARAMETERS]
        for state in problem._ANALYTICAL_MODEL._steady_state_function(volts, *parameters):
            if not isinstance(state, mg.Tensor) or state.constant:
                continue
            state.backward()
            numbers.append(state.item())
            numbers += [0.0 if p.grad is None else float(p.grad) for p in parameters]
    return numbers
