"""The network of `digits.py`, trained eagerly, by `mg.compile`, by PyTorch and by JAX.

    pip install "mygrad[compile,examples]"
    python examples/compiled_digits.py
    python examples/compiled_digits.py --plot compiled.png    # accuracy and loss over time

All start from the same weights, see the same batches, and take the same steps: gradient descent
with momentum, at a rate that falls. Each has one thread, and they take turns, epoch by epoch. The
clock of each runs while it trains, compiling included, and stands still while its accuracy is
looked at, and while the others train. The losses of the first epoch
are compared; later, rounding tells the trainings apart. PyTorch is left out where it is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before what reads them is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("NPROC", "1")  # XLA's pool of threads
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import digits
import numpy as np
from digits import Network, plt

import mygrad as mg
from mygrad.nnet.losses import softmax_crossentropy

try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    print(f'{error}. This example needs: pip install "mygrad[compile,examples]"', file=sys.stderr)
    sys.exit(2)

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)

MOMENTUM = 0.9
CLOSE = 1e-3  # losses of the first epoch, of the first one; float32, and 42 steps on end
GOAL = 0.95

Batches = list[tuple[np.ndarray, np.ndarray]]
Step = Callable[[np.ndarray, np.ndarray], float]


class Trainer(NamedTuple):
    """A step of training, and the network as it is by now."""

    step: Step
    network: Callable[[], Network]


def eager(network: Network, rate: mg.optim.Linear) -> Trainer:
    """mygrad, operation by operation."""
    optimizer = mg.optim.SGD(network, rate, momentum=MOMENTUM)

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        loss = softmax_crossentropy(network(mg.tensor(images, constant=True)), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return Trainer(step, lambda: network)


def compiled(network: Network, rate: mg.optim.Linear) -> Trainer:
    """The same, compiled: `item()` is outside, because it asks for a value."""
    optimizer = mg.optim.SGD(network, rate, momentum=MOMENTUM)

    @mg.compile
    def step(images: mg.Tensor, labels: mg.Tensor) -> mg.Tensor:
        loss = softmax_crossentropy(network(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return Trainer(lambda images, labels: step(images, labels).item(), lambda: network)


def by_torch(network: Network, rate: mg.optim.Linear) -> Trainer:
    """PyTorch, eagerly."""
    weights = [torch.tensor(t.data, requires_grad=True) for t in network.parameters]
    filters1, bias1, filters2, bias2, weight3, bias3, weight4, bias4 = weights
    optimizer = torch.optim.SGD(weights, lr=rate(0), momentum=MOMENTUM)
    falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: rate(k) / rate(0))

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        x = torch.from_numpy(images)
        x = F.max_pool2d(torch.relu(F.conv2d(x, filters1, bias1.flatten(), padding=1)), 2)
        x = F.max_pool2d(torch.relu(F.conv2d(x, filters2, bias2.flatten(), padding=1)), 2)
        x = torch.relu(x.flatten(1) @ weight3 + bias3)
        loss = F.cross_entropy(x @ weight4 + bias4, torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()
        return loss.item()

    return Trainer(step, lambda: with_weights([w.detach().numpy() for w in weights]))


def by_jax(network: Network, rate: mg.optim.Linear) -> Trainer:
    """JAX: a function of all that changes, in `jax.jit`."""

    def pool(x: jax.Array) -> jax.Array:
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def convolved(x: jax.Array, filters: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(x, filters, (1, 1), [(1, 1), (1, 1)])

    def loss_of(weights: list[jax.Array], images: jax.Array, labels: jax.Array) -> jax.Array:
        filters1, bias1, filters2, bias2, weight3, bias3, weight4, bias4 = weights
        x = pool(jax.nn.relu(convolved(images, filters1) + bias1))
        x = pool(jax.nn.relu(convolved(x, filters2) + bias2))
        x = jax.nn.relu(x.reshape(len(x), -1) @ weight3 + bias3)
        scores = jax.nn.log_softmax(x @ weight4 + bias4)
        return -jnp.take_along_axis(scores, labels[:, None], axis=1).mean()

    @jax.jit
    def advance(weights, velocities, rate, images, labels):
        loss, grads = jax.value_and_grad(loss_of)(weights, images, labels)
        velocities = [MOMENTUM * v + g for v, g in zip(velocities, grads, strict=True)]
        weights = [w - rate * v for w, v in zip(weights, velocities, strict=True)]
        return weights, velocities, loss

    weights = [jnp.asarray(t.data) for t in network.parameters]
    velocities = [jnp.zeros_like(w) for w in weights]
    count = 0

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        nonlocal weights, velocities, count
        weights, velocities, loss = advance(weights, velocities, rate(count), images, labels)
        count += 1
        return float(loss)

    return Trainer(step, lambda: with_weights(weights))


TRAINERS = {
    "mygrad": eager,
    "mygrad, compiled": compiled,
    "PyTorch": by_torch,
    "JAX, jit": by_jax,
}


def with_weights(weights: list) -> Network:
    """A network of mygrad's with these weights."""
    network = Network()
    for t, w in zip(network.parameters, weights, strict=True):
        t.data = np.array(w)
    return network


class History:
    """What a training was like: losses of all steps; seconds and accuracies after each epoch."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.seconds: list[float] = []
        self.accuracies: list[float] = []
        self.first = 0.0

    @property
    def epoch(self) -> float:
        """Seconds for an epoch without compiling: the median of those after the first."""
        return float(np.median(np.diff(self.seconds))) if len(self.seconds) > 1 else self.seconds[0]

    def go_on(
        self, trainer: Trainer, batches: Batches, images: np.ndarray, labels: np.ndarray
    ) -> None:
        """Train for an epoch, and look at the accuracy on other images."""
        start = perf_counter()
        for batch in batches:
            self.losses.append(trainer.step(*batch))
            self.first = self.first or perf_counter() - start
        self.seconds.append(perf_counter() - start + (self.seconds[-1] if self.seconds else 0.0))
        found = digits.classify(trainer.network(), images)
        self.accuracies.append(float(np.mean(found == labels)))


def drawn(
    images: np.ndarray, labels: np.ndarray, epochs: int, batch: int, seed: int
) -> list[Batches]:
    """The batches of each epoch, drawn and moved about once for all."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(epochs):
        order = rng.permutation(len(images))
        starts = range(0, len(images) - batch + 1, batch)
        chosen = [order[start : start + batch] for start in starts]
        found.append([(digits.shifted(images[c], rng), labels[c]) for c in chosen])
    return found


def picture(path: Path, histories: dict[str, History]) -> None:
    """Draw accuracies and losses over the seconds that each has trained."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for name, h in histories.items():
        per_epoch = np.reshape(h.losses, (len(h.seconds), -1)).mean(axis=1)
        left.plot(h.seconds, h.accuracies, ".-", label=name)
        right.semilogy(h.seconds, per_epoch, ".-", label=f"{name}: {1e3 * h.epoch:.0f} ms an epoch")
    left.set(xlabel="seconds, compiling included", ylabel="test accuracy", title="Accuracy")
    right.set(xlabel="seconds, compiling included", ylabel="mean loss of an epoch", title="Loss")
    left.legend()
    right.legend(loc="lower left", fontsize="small")
    figure.savefig(path, dpi=120)
    plt.close(figure)
    print(f"picture: {path}")


def main() -> int:
    """Train with all of them; 1 if losses of the first epoch differ, or one has not learned."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.03, help="learning rate at the start")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="where to draw accuracy and loss over time")
    options = parser.parse_args()
    mg.set_backend("numpy")
    train_images, test_images, train_labels, test_labels = digits.data()
    epochs = drawn(train_images, train_labels, options.epochs, options.batch, options.seed)
    rate = mg.optim.Linear(options.rate, sum(map(len, epochs)))
    if torch is None:
        print("PyTorch is not installed, and is left out")

    trainers: dict[str, Trainer] = {}
    for name, make in TRAINERS.items():
        if name != "PyTorch" or torch is not None:
            mg.random.seed(options.seed)
            trainers[name] = make(Network(), rate)
    histories = {name: History() for name in trainers}
    for batches in epochs:
        for name, trainer in trainers.items():
            histories[name].go_on(trainer, batches, test_images, test_labels)

    titles = ("ms an epoch", "first step", "all", "right", "last loss")
    print(f"{'':18} {titles[0]:>11} {titles[1]:>10} {titles[2]:>8} {titles[3]:>8} {titles[4]:>10}")
    for name, h in histories.items():
        last = float(np.mean(h.losses[-len(epochs[-1]) :]))
        print(
            f"{name:18} {1e3 * h.epoch:11.1f} {h.first:8.2f} s {h.seconds[-1]:6.2f} s "
            f"{h.accuracies[-1]:8.2%} {last:10.4f}"
        )
    wanted = np.array(histories["mygrad"].losses[: len(epochs[0])])
    worst = 0.0
    for name, h in histories.items():
        off = float(np.abs(np.array(h.losses[: len(wanted)]) - wanted).max() / wanted[0])
        if off > CLOSE:
            print(f"{name}: losses of the first epoch differ by {off:.1e}", file=sys.stderr)
        worst = max(worst, off)
    times = histories["mygrad"].epoch / histories["mygrad, compiled"].epoch
    print(
        f"losses of the first epoch agree to {worst:.1e} of the first loss ({CLOSE:.0e} allowed); "
        f"compiled, an epoch is {times:.1f} times as fast as eagerly"
    )
    if options.plot:
        picture(options.plot, histories)
    learned = min(h.accuracies[-1] for h in histories.values())
    if learned < GOAL:
        print(f"one of them is below the goal of {GOAL:.0%}", file=sys.stderr)
    return 1 if worst > CLOSE or learned < GOAL else 0


if __name__ == "__main__":
    sys.exit(main())
