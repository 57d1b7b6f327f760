"""Train a small transformer on the reference of the Python language, letter by letter.

    python examples/transformer.py                  # a minute or two on one core
    python examples/transformer.py --steps 3000     # longer, and better

The text is the one that ``help("for")`` and the like show: it comes with Python, in the module
`pydoc_data.topics`, under Python's licence, so nothing has to be downloaded. What the network
has learned is measured on pages that it has not seen, in bits for each letter.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np

import mygrad as mg
from mygrad.nnet.activations import gelu
from mygrad.nnet.initializers import normal
from mygrad.nnet.layers import dropout, embedding, layer_norm, scaled_dot_product_attention
from mygrad.nnet.losses import cross_entropy

CONTEXT = 64  # letters that the network sees at a time
WIDTH, HEADS, BLOCKS = 64, 4, 2
GOAL = 2.8  # bits for each letter of unseen text; with letters drawn by frequency it is about 4.7


class Block:
    """Attention, then two dense layers, each with normalization before and a way around it."""

    def __init__(self) -> None:
        self.scale1, self.shift1 = mg.ones((WIDTH,)), mg.zeros((WIDTH,))
        self.to_heads = normal(WIDTH, 3 * WIDTH, std=WIDTH**-0.5)
        self.from_heads = normal(WIDTH, WIDTH, std=0.5 * WIDTH**-0.5)
        self.scale2, self.shift2 = mg.ones((WIDTH,)), mg.zeros((WIDTH,))
        self.weight1, self.bias1 = normal(WIDTH, 4 * WIDTH, std=WIDTH**-0.5), mg.zeros((4 * WIDTH,))
        self.weight2, self.bias2 = normal(4 * WIDTH, WIDTH, std=0.25 * WIDTH**-0.5), mg.zeros(WIDTH)

    def __call__(self, x: mg.Tensor, training: bool) -> mg.Tensor:
        """The same shape, (N, T, WIDTH), with every letter told of those before it."""
        batch, length, _ = x.shape
        seen = layer_norm(x, gamma=self.scale1, beta=self.shift1) @ self.to_heads
        seen = seen.reshape(batch, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = (seen[:, :, k].swapaxes(1, 2) for k in range(3))
        heads = scaled_dot_product_attention(query, key, value, is_causal=True)
        joined = heads.swapaxes(1, 2).reshape(batch, length, WIDTH)
        x = x + dropout(joined @ self.from_heads, 0.05, training)
        inner = layer_norm(x, gamma=self.scale2, beta=self.shift2)
        inner = gelu(inner @ self.weight1 + self.bias1)
        return x + dropout(inner @ self.weight2 + self.bias2, 0.05, training)


class Transformer:
    """Letters in, scores for each next letter out."""

    def __init__(self, letters: int) -> None:
        self.letters = normal(letters, WIDTH, std=WIDTH**-0.5)
        self.places = normal(CONTEXT, WIDTH, std=WIDTH**-0.5)
        self.blocks = [Block() for _ in range(BLOCKS)]
        self.scale, self.shift = mg.ones((WIDTH,)), mg.zeros((WIDTH,))

    @property
    def parameters(self) -> list[mg.Tensor]:
        """Every tensor that training changes."""
        own = [self.letters, self.places, self.scale, self.shift]
        return own + [p for block in self.blocks for p in vars(block).values()]

    def __call__(self, text: np.ndarray, training: bool = False) -> mg.Tensor:
        """The scores, shape (N, T, letters), given the numbers of letters, (N, T)."""
        x = embedding(text, self.letters) + self.places[: text.shape[1]]
        for block in self.blocks:
            x = block(x, training)
        return layer_norm(x, gamma=self.scale, beta=self.shift) @ self.letters.T


def pages() -> tuple[str, str]:
    """Text to train on, and every tenth page to test with, both of printable ASCII."""
    every = [text.encode("ascii", "ignore").decode() for _, text in sorted(topics.items())]
    kept = [page for page in every if len(page) > 200]
    train = [page for k, page in enumerate(kept) if k % 10]
    return "\n".join(train), "\n".join(kept[::10])


def bits(network: Transformer, text: np.ndarray) -> float:
    """Bits for each letter of a text."""
    count = min((len(text) - 1) // CONTEXT, 200)
    inputs = text[: count * CONTEXT].reshape(count, CONTEXT)
    labels = text[1 : count * CONTEXT + 1].reshape(count, CONTEXT)
    with mg.no_autodiff:
        loss = cross_entropy(network(inputs), labels, axis=-1)
    return loss.item() / np.log(2)


def train(
    network: Transformer, text: np.ndarray, *, steps: int, batch: int, rate: float,
    rng: np.random.Generator,
) -> list[float]:  # fmt: skip
    """Train in place; returns the loss of every step, in bits for each letter."""
    optimizer = mg.optim.AdamW(network.parameters, learning_rate=rate, weight_decay=0.01)
    losses: list[float] = []
    start = time.perf_counter()
    for step in range(steps):
        first = rng.integers(0, len(text) - CONTEXT - 1, (batch, 1))
        windows = text[first + np.arange(CONTEXT + 1)]
        loss = cross_entropy(network(windows[:, :-1], training=True), windows[:, 1:], axis=-1)
        loss.backward()
        warm, left = (step + 1) / 50, 1 - step / steps
        optimizer.learning_rate = rate * min(warm, 1.0) * left
        optimizer.step()
        losses.append(loss.item() / np.log(2))
        if (step + 1) % 100 == 0 or step + 1 == steps:
            mean, seconds = np.mean(losses[-100:]), time.perf_counter() - start
            print(f"step {step + 1:5}: {mean:.2f} bits a letter, {seconds:.0f} s", flush=True)
    return losses


def sample(
    network: Transformer, prompt: str, letters: str, count: int, rng: np.random.Generator
) -> str:
    """Text that the network goes on with, a bit on the sure side."""
    text = [letters.index(c) for c in prompt]
    for _ in range(count):
        with mg.no_autodiff:
            scores = network(np.array([text[-CONTEXT:]]))[0, -1]
        powers = np.exp((s := scores.to("numpy").data.astype(float) / 0.7) - s.max())
        text.append(int(rng.choice(len(letters), p=powers / powers.sum())))
    return "".join(letters[k] for k in text)


def picture(path: Path, losses: list[float], tested: float) -> bool:
    """Save the loss curve, if Matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")  # into a file, with or without a screen
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    width = min(50, len(losses))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    axes.plot(losses, alpha=0.3, label="each step")
    axes.plot(np.arange(len(smooth)) + width - 1, smooth, color="C0", label=f"mean of {width}")
    axes.axhline(tested, color="C1", linestyle="--", label="unseen pages, at the end")
    axes.set(xlabel="step", ylabel="bits for each letter", title="A transformer reads about Python")
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return True


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", help="numpy, cupy, dpnp, ... (default: the best present)")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=4e-3, help="the highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("transformer.png"), help="the picture")
    return parser.parse_args()


def main() -> int:
    """Train, test, write, draw; the exit status is 1 above the goal, 2 without the backend."""
    options = arguments()
    best = "cupy" if mg.available_backends()["cupy"].available else "numpy"
    backend = options.backend or best
    try:
        mg.set_backend(backend)
    except ImportError as error:
        print(f"--backend {backend}: {error}", file=sys.stderr)
        return 2
    mg.random.seed(options.seed)
    rng = np.random.default_rng(options.seed)

    text, unseen = pages()
    letters = "".join(sorted(set(text + unseen)))
    number = {c: k for k, c in enumerate(letters)}
    numbers, tests = (np.array([number[c] for c in t]) for t in (text, unseen))
    network = Transformer(len(letters))
    count = sum(p.size for p in network.parameters)
    print(f"{len(text)} letters to train on, {count} parameters, on {backend}")

    losses = train(
        network, numbers, steps=options.steps, batch=options.batch, rate=options.rate, rng=rng
    )
    found = bits(network, tests)
    print(sample(network, 'The "for" statement', letters, 300, rng))
    drawn = picture(options.out, losses, found)
    said = f"picture: {options.out}" if drawn else "no picture without Matplotlib"
    print(f"{found:.2f} bits for each letter of unseen pages; {said}")
    if found > GOAL:
        print(f"that is above the goal of {GOAL}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
