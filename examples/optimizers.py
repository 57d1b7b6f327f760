"""The network of `digits.py`, trained with each optimiser of `mygrad.optim`, and what they reach.

    python examples/optimizers.py

All start from the same weights and see the same digits in the same order, but for L-BFGS, which
wants a loss without noise: it looks at all digits in each step, without moving them.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import digits
import numpy as np
from digits import Network, plt

import mygrad as mg
from mygrad.nnet.losses import softmax_crossentropy
from mygrad.optim import LBFGS, SGD, Adagrad, Adam, AdamW, Cosine, Linear, OneCycle, RMSprop, WarmUp

Optimizers = dict[str, Callable[[Network, int], mg.optim.Optimizer]]

OPTIMIZERS: Optimizers = {
    "SGD": lambda network, steps: SGD(network, Linear(0.1, steps)),
    "SGD, momentum": lambda network, steps: SGD(network, Linear(0.03, steps), momentum=0.9),
    "SGD, Nesterov, one cycle": lambda network, steps: SGD(
        network,
        OneCycle(0.1, steps),
        momentum=OneCycle(0.85, steps, start=0.95, end=0.95),
        nesterov=True,
    ),
    "Adam": lambda network, steps: Adam(network, Linear(0.003, steps)),
    "AdamW, warm-up, cosine": lambda network, steps: AdamW(
        network, WarmUp(Cosine(0.003, steps - steps // 10), steps // 10), weight_decay=0.05
    ),
    "RMSprop": lambda network, steps: RMSprop(network, Linear(0.001, steps)),
    "Adagrad": lambda network, steps: Adagrad(network, 0.02),
}


def train_at_once(
    network: Network, images: np.ndarray, labels: np.ndarray, iterations: int
) -> list[float]:
    """The losses of L-BFGS, after every five iterations."""
    optimizer = LBFGS(network, max_iterations=5)
    everything = mg.tensor(images, constant=True)
    return [
        optimizer.step(lambda: softmax_crossentropy(network(everything), labels))
        for _ in range(iterations // 5)
    ]


def smooth(losses: list[float], count: int) -> np.ndarray:
    """Means of so many losses on end."""
    return np.convolve(losses, np.ones(count) / count, mode="valid")


def main() -> int:
    """Train with all of them, and draw their losses; 1 if one has learned next to nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("optimizers.png"), help="the picture")
    options = parser.parse_args()
    train_images, test_images, train_labels, test_labels = digits.data()
    count = digits.steps(train_images, options.epochs, options.batch)

    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    print(f"{'optimiser':26} {'last loss':>10} {'right':>8} {'seconds':>8}")
    worst = 1.0
    for name in [*OPTIMIZERS, "L-BFGS, all digits at once"]:
        mg.random.seed(options.seed)
        network = Network()
        start = time.perf_counter()
        if name in OPTIMIZERS:
            losses = digits.train(
                network,
                OPTIMIZERS[name](network, count),
                train_images,
                train_labels,
                epochs=options.epochs,
                batch=options.batch,
                seed=options.seed,
                title=name,
            )
            last = float(np.mean(losses[-20:]))
            at = np.linspace(0, options.epochs, len(losses))[19:]
            axes.semilogy(at, smooth(losses, 20), label=name)
        else:
            losses = train_at_once(network, train_images, train_labels, 5 * options.epochs)
            last = losses[-1]
            axes.semilogy(np.arange(1, len(losses) + 1), losses, "k--", label=name)
        seconds = time.perf_counter() - start
        right = float(np.mean(digits.classify(network, test_images) == test_labels))
        worst = min(worst, right)
        print(f"{name:26} {last:10.4f} {right:8.2%} {seconds:8.1f}")
    axes.set(
        xlabel="epoch (L-BFGS: five iterations on all digits)",
        ylabel="loss (mean of 20 steps)",
        title="Optimisers on handwritten digits",
    )
    axes.legend(fontsize="small")
    figure.savefig(options.out, dpi=120)
    print(f"picture: {options.out}")
    if worst < 0.9:
        print("one of them has learned next to nothing", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
