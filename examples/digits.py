"""Train a small convolutional network on the handwritten digits that scikit-learn ships.

    python examples/digits.py                   # the best backend present
    python examples/digits.py --backend dpnp    # or the one you name

The same source runs on every backend: nothing below names an array library except where the
data comes in (NumPy arrays from scikit-learn) and where the predictions go out (the plot).
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

import mygrad as mg
from mygrad.nnet.activations import relu
from mygrad.nnet.initializers import he_normal
from mygrad.nnet.layers.conv import conv_nd
from mygrad.nnet.layers.pooling import max_pool
from mygrad.nnet.losses import softmax_crossentropy

try:
    import matplotlib

    matplotlib.use("Agg")  # into a file, with or without a screen
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from tqdm import tqdm
except ImportError as error:
    print(f'{error}. This example needs: pip install "mygrad[examples]"', file=sys.stderr)
    sys.exit(2)

CLASSES = 10
GOAL = 0.98


class Network:
    """Two convolutions with pooling, then two dense layers: 8x8 pixels in, ten scores out."""

    def __init__(self) -> None:
        self.filters1 = he_normal(32, 1, 3, 3)
        self.bias1 = mg.zeros((32, 1, 1), dtype="float32")
        self.filters2 = he_normal(64, 32, 3, 3)
        self.bias2 = mg.zeros((64, 1, 1), dtype="float32")
        self.weight3 = he_normal(64 * 2 * 2, 64)
        self.bias3 = mg.zeros((64,), dtype="float32")
        self.weight4 = he_normal(64, CLASSES)
        self.bias4 = mg.zeros((CLASSES,), dtype="float32")

    @property
    def parameters(self) -> list[mg.Tensor]:
        """Every tensor that training changes."""
        return list(vars(self).values())

    def __call__(self, images: mg.Tensor) -> mg.Tensor:
        """The scores, shape (N, 10), of images of shape (N, 1, 8, 8)."""
        x = relu(conv_nd(images, self.filters1, stride=1, padding=1) + self.bias1)
        x = max_pool(x, (2, 2), 2)
        x = relu(conv_nd(x, self.filters2, stride=1, padding=1) + self.bias2)
        x = max_pool(x, (2, 2), 2)
        x = relu(x.reshape(len(x), -1) @ self.weight3 + self.bias3)
        return x @ self.weight4 + self.bias4


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The images, each moved by up to one pixel: the network sees few of them twice."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    dy, dx = rng.choice(3, size=(2, len(images), 1, 1), p=[0.2, 0.6, 0.2])
    rows = np.arange(8)[:, None] + dy
    columns = np.arange(8) + dx
    return padded[np.arange(len(images))[:, None, None], 0, rows, columns][:, None]


def classify(network: Network, images: np.ndarray) -> np.ndarray:
    """The digit that the network sees in each image."""
    with mg.no_autodiff:
        scores = network(mg.tensor(images, constant=True))
    return scores.to("numpy").data.argmax(axis=1)


def train(
    network: Network,
    optimizer: mg.optim.Optimizer,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    batch: int,
    seed: int,
    title: str = "training",
) -> list[float]:
    """Train a network on the images; the loss of every step."""
    rng = np.random.default_rng(seed)
    losses: list[float] = []
    with tqdm(total=steps(images, epochs, batch), unit="step", desc=title, disable=None) as bar:
        for _ in range(epochs):  # the bar is not shown in logs
            order = rng.permutation(len(images))
            for start in range(0, len(images) - batch + 1, batch):
                chosen = order[start : start + batch]
                scores = network(mg.tensor(shifted(images[chosen], rng), constant=True))
                loss = softmax_crossentropy(scores, labels[chosen])
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                bar.update()
                if len(losses) % 10 == 0:
                    bar.set_postfix(loss=f"{np.mean(losses[-10:]):.3f}")
    return losses


def steps(images: np.ndarray, epochs: int, batch: int) -> int:
    """How many steps a training takes."""
    return epochs * (len(images) // batch)


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images to train on and to test, shape (N, 1, 8, 8), and the labels of both."""
    digits = load_digits()
    images = (digits.images[:, None] / 16.0).astype("float32")
    return tuple(
        train_test_split(
            images, digits.target, test_size=0.25, random_state=0, stratify=digits.target
        )
    )


def picture(
    path: Path, losses: list[float], images: np.ndarray, labels: np.ndarray, found: np.ndarray
) -> None:
    """Save the loss curve and some digits with their predictions, the mistakes first."""
    figure = plt.figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subfigures(1, 2)
    axes = left.subplots()
    smooth = np.convolve(losses, np.ones(20) / 20, mode="valid")
    axes.semilogy(losses, color="C0", alpha=0.3, label="each step")
    axes.semilogy(np.arange(len(smooth)) + 19, smooth, color="C0", label="mean of 20")
    axes.set(xlabel="step", ylabel="loss (softmax cross-entropy)", title="Training")
    axes.legend()
    chosen = np.argsort(found == labels, kind="stable")[:20]
    right.suptitle("Test digits: prediction (truth where it differs)")
    for cell, k in zip(right.subplots(4, 5).flat, chosen, strict=True):
        cell.imshow(images[k, 0], cmap="gray_r")
        good = found[k] == labels[k]
        text = f"{found[k]}" if good else f"{found[k]} ({labels[k]})"
        cell.set_title(text, color="green" if good else "red", fontsize=10)
        cell.axis("off")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", help="numpy, cupy, dpnp, ... (default: the best present)")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.03, help="learning rate at the start")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("digits.png"), help="the picture")
    return parser.parse_args()


def main() -> int:
    """Train, test, draw; the exit status is 1 below the goal, and 2 if the backend is not there."""
    options = arguments()
    best = "cupy" if mg.available_backends()["cupy"].available else "numpy"
    backend = options.backend or best
    try:
        mg.set_backend(backend)
    except ImportError as error:
        print(f"--backend {backend}: {error}", file=sys.stderr)
        return 2
    mg.random.seed(options.seed)

    train_images, test_images, train_labels, test_labels = data()
    print(f"{len(train_images)} digits to train on, {len(test_images)} to test, on {backend}")

    start = time.perf_counter()
    network = Network()
    count = steps(train_images, options.epochs, options.batch)
    optimizer = mg.optim.SGD(network, mg.optim.Linear(options.rate, count), momentum=0.9)
    losses = train(
        network,
        optimizer,
        train_images,
        train_labels,
        epochs=options.epochs,
        batch=options.batch,
        seed=options.seed,
    )
    seconds = time.perf_counter() - start
    found = classify(network, test_images)
    accuracy = float(np.mean(found == test_labels))
    picture(options.out, losses, test_images, test_labels, found)
    print(f"test accuracy: {accuracy:.2%} after {seconds:.1f} s; picture: {options.out}")
    if accuracy < GOAL:
        print(f"that is below the goal of {GOAL:.0%}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
