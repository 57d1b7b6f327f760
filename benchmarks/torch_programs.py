"""The programs of `benchmarks.compile` on PyTorch's tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

__all__ = ["losses", "step_of"]


def step_of(
    loss: Callable[..., Any], parameters: list[Any], data: list[Any], rate: float
) -> tuple[Callable[[], None], list[Any]]:
    """A step of training, and its parameters; gradients stay in ``.grad`` until the next step."""
    weights = [torch.tensor(a, requires_grad=True) for a in parameters]
    fixed = [torch.tensor(a) for a in data]

    def step() -> None:
        for w in weights:
            w.grad = None
        loss(*weights, *fixed).backward()
        with torch.no_grad():
            for w in weights:
                w.sub_(w.grad, alpha=rate)

    return step, weights


def chain(x: Any) -> Any:
    y = x
    for _ in range(100):
        y = y * 1.01 + x
    return y.sum()


def elementwise(x: Any) -> Any:
    return (torch.tanh(x) * torch.sigmoid(x) + x**2).sum()


def mlp(w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any, x: Any, labels: Any) -> Any:
    x = torch.relu(torch.addmm(b1, x, w1))
    x = torch.relu(torch.addmm(b2, x, w2))
    return F.cross_entropy(torch.addmm(b3, x, w3), labels)


def cnn(f1: Any, f2: Any, w: Any, x: Any, labels: Any) -> Any:
    x = F.max_pool2d(torch.relu(F.conv2d(x, f1, padding=1)), 2)
    x = F.max_pool2d(torch.relu(F.conv2d(x, f2, padding=1)), 2)
    return F.cross_entropy(x.flatten(1) @ w, labels)


def gru(*operands: Any) -> Any:
    """PyTorch's own GRU resets after the product with the state, so that this is written out."""
    *weights, x = operands
    Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh = weights
    zs, rs, hs = x @ Uz + bz, x @ Ur + br, x @ Uh + bh
    s, states = x.new_zeros(x.shape[1], Wz.shape[0]), []
    for z, r, h in zip(zs, rs, hs, strict=True):
        z, r = torch.sigmoid(torch.addmm(z, s, Wz)), torch.sigmoid(torch.addmm(r, s, Wr))
        h = torch.tanh(torch.addmm(h, r * s, Wh))
        s = (1 - z) * h + z * s
        states.append(s)
    return (torch.stack(states) ** 2).mean()


def attention(q: Any, k: Any, v: Any, x: Any) -> Any:
    scores = (x @ q) @ (x @ k).T / q.shape[-1] ** 0.5
    return ((torch.softmax(scores, dim=-1) @ (x @ v)) ** 2).mean()


def layer_norm(g: Any, b: Any, x: Any) -> Any:
    return ((F.layer_norm(x, g.shape, g, b, 1e-5) ** 2 - 1) ** 2).mean()


def rows(count: int) -> Callable[..., Any]:
    """Rows in a list, which takes a third of the time of in-place writes into one tensor."""

    def run(x: Any) -> Any:
        filled = [torch.zeros_like(x)]
        for _ in range(count - 1):
            filled.append(torch.tanh(filled[-1] * x + 0.1))
        return (torch.stack(filled) ** 2).sum()

    return run


def losses(count: int) -> dict[str, Callable[..., Any]]:
    """The programs by name; `count` is how many rows are filled."""
    return {
        "chain of 200": chain,
        "4e6 elementwise": elementwise,
        "MLP": mlp,
        "CNN": cnn,
        "GRU": gru,
        "attention": attention,
        "layer norm": layer_norm,
        "rows in place": rows(count),
    }
