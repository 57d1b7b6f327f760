"""A gated recurrent unit over a sequence, by MyGrad's equations:

    Z = sigmoid(X Uz + S Wz + bz),  R = sigmoid(X Ur + S Wr + br)
    H = tanh(X Uh + (R * S) Wh + bh),  next S = (1 - Z) * H + Z * S

(`torch.nn.GRU` computes another formula, so PyTorch runs the loop.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import Absent, Arrays, Step, Workload

T, N, C, D = 64, 32, 64, 128
NAMES = ("X", "Uz", "Wz", "bz", "Ur", "Wr", "br", "Uh", "Wh", "bh")


def arrays() -> Arrays:
    rng = np.random.default_rng(0)
    shapes = {"X": (T, N, C), "U": (C, D), "W": (D, D), "b": (D,)}
    found = {
        name: rng.standard_normal(shapes[name[0]], dtype="f4") * np.float32(scale)
        for name in NAMES
        for scale in [1.0 if name == "X" else 0.08]
    }
    return found | {"g": rng.standard_normal((T + 1, N, D), dtype="f4")}


def with_numpy(g: np.ndarray, **leaves: np.ndarray) -> Step:
    X, Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh = leaves.values()

    def sigmoid(a: np.ndarray) -> np.ndarray:
        """By tanh, which is fast."""
        a *= 0.5
        np.tanh(a, out=a)
        a += 1
        a *= 0.5
        return a

    def step() -> tuple[Any, ...]:
        U = np.concatenate([Uz, Ur, Uh], axis=1)
        W = np.concatenate([Wz, Wr], axis=1)
        flat = X.reshape(T * N, C)
        inputs = (flat @ U + np.concatenate([bz, br, bh])).reshape(T, N, 3 * D)
        S = np.zeros((T + 1, N, D), X.dtype)
        gates = np.empty((T, N, 2 * D), X.dtype)
        H, RS = np.empty((2, T, N, D), X.dtype)
        for t in range(T):
            gates[t] = sigmoid(S[t] @ W + inputs[t, :, : 2 * D])
            z, r = gates[t, :, :D], gates[t, :, D:]
            np.multiply(r, S[t], out=RS[t])
            np.tanh(RS[t] @ Wh + inputs[t, :, 2 * D :], out=H[t])
            S[t + 1] = H[t] + z * (S[t] - H[t])

        grads = np.empty((T, N, 3 * D), X.dtype)  # of what goes into sigmoid, sigmoid, tanh
        ds = g[T]
        for t in range(T - 1, -1, -1):
            z, r = gates[t, :, :D], gates[t, :, D:]
            dz, dr, dh = np.split(grads[t], 3, axis=1)
            np.multiply(ds * (1 - z), 1 - H[t] * H[t], out=dh)
            drs = dh @ Wh.T
            np.multiply(ds * (S[t] - H[t]), z * (1 - z), out=dz)
            np.multiply(drs * S[t], r * (1 - r), out=dr)
            ds = ds * z + drs * r + grads[t, :, : 2 * D] @ W.T + g[t]
        grads = grads.reshape(T * N, 3 * D)
        dU = np.split(flat.T @ grads, 3, axis=1)
        dW = np.split(S[:-1].reshape(T * N, D).T @ grads[:, : 2 * D], 2, axis=1)
        dW.append(RS.reshape(T * N, D).T @ grads[:, 2 * D :])
        db = np.split(grads.sum(axis=0), 3)
        gates_grads = [a for three in zip(dU, dW, db, strict=True) for a in three]
        return S, (grads @ U.T).reshape(X.shape), *gates_grads

    return step


def with_mygrad(g: np.ndarray, **leaves: np.ndarray) -> Step:
    import mygrad as mg

    try:
        from mygrad.nnet.layers.gru import gru
    except ImportError as error:
        raise Absent(f"mygrad.nnet.layers.gru cannot be imported: {error}") from None

    tensors = [mg.tensor(a) for a in leaves.values()]
    g = mg.tensor(g).data  # on the device

    def step() -> tuple[Any, ...]:
        s = gru(*tensors)
        s.backward(g)
        return s, *(t.grad for t in tensors)

    return step


def with_mygrad2(g: np.ndarray, **leaves: np.ndarray) -> Step:
    """Its backward pass writes into the gradient that it is given, which therefore is copied."""
    import mygrad as mg

    try:
        from mygrad.nnet.layers.gru import gru
    except ImportError as error:
        raise Absent(f"mygrad.nnet.layers.gru needs numba: {error}") from None

    tensors = [mg.tensor(a) for a in leaves.values()]

    def step() -> tuple[Any, ...]:
        s = gru(*tensors)
        s.backward(g.copy())
        return s, *(t.grad for t in tensors)

    return step


def _loop(sigmoid: Any, tanh: Any, stack: Any, start: Any, leaves: Any) -> Any:
    """The equations, with the products of the whole sequence taken out of the loop."""
    X, Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh = leaves
    xz, xr, xh = X @ Uz + bz, X @ Ur + br, X @ Uh + bh
    states = [start]
    for t in range(T):
        s = states[-1]
        z = sigmoid(xz[t] + s @ Wz)
        r = sigmoid(xr[t] + s @ Wr)
        h = tanh(xh[t] + (r * s) @ Wh)
        states.append((1 - z) * h + z * s)
    return stack(states)


def with_torch(g: np.ndarray, **leaves: np.ndarray) -> Step:
    import torch

    tensors = [torch.tensor(a, requires_grad=True) for a in leaves.values()]
    tg = torch.tensor(g)
    start = torch.zeros((N, D))

    def step() -> tuple[Any, ...]:
        for t in tensors:
            t.grad = None
        s = _loop(torch.sigmoid, torch.tanh, torch.stack, start, tensors)
        s.backward(tg)
        return s, *(t.grad for t in tensors)

    return step


def with_jax(jit: Any, g: np.ndarray, **leaves: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    start = jnp.zeros((N, D), "f4")

    def states(*leaves: Any) -> Any:
        return _loop(jax.nn.sigmoid, jnp.tanh, jnp.stack, start, leaves)

    return _both_with_jax(jit, states, g, leaves)


def with_jax_scan(jit: Any, g: np.ndarray, **leaves: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    start = jnp.zeros((N, D), "f4")

    def states(X: Any, Uz: Any, Wz: Any, bz: Any, Ur: Any, Wr: Any, br: Any, *rest: Any) -> Any:
        Uh, Wh, bh = rest

        def step(s: Any, x: tuple[Any, ...]) -> tuple[Any, Any]:
            xz, xr, xh = x
            z = jax.nn.sigmoid(xz + s @ Wz)
            r = jax.nn.sigmoid(xr + s @ Wr)
            s = (1 - z) * jnp.tanh(xh + (r * s) @ Wh) + z * s
            return s, s

        _, s = jax.lax.scan(step, start, (X @ Uz + bz, X @ Ur + br, X @ Uh + bh))
        return jnp.concatenate([start[None], s])

    return _both_with_jax(jit, states, g, leaves)


def _both_with_jax(jit: Any, states: Any, g: np.ndarray, leaves: dict[str, np.ndarray]) -> Step:
    import jax
    import jax.numpy as jnp

    arrays, jg = [jnp.asarray(a) for a in leaves.values()], jnp.asarray(g)

    def both(g: Any, *leaves: Any) -> tuple[Any, ...]:
        s, pullback = jax.vjp(states, *leaves)
        return s, *pullback(g)

    compiled = jit(both)
    return lambda: compiled(jg, *arrays)


def with_autograd(g: np.ndarray, **leaves: np.ndarray) -> Step:
    import autograd
    import autograd.numpy as anp

    def sigmoid(a: Any) -> Any:
        return 0.5 * (anp.tanh(0.5 * a) + 1)

    start = np.zeros((N, D), g.dtype)
    forward = autograd.make_vjp(lambda leaves: _loop(sigmoid, anp.tanh, anp.stack, start, leaves))

    def step() -> tuple[Any, ...]:
        pullback, s = forward(tuple(leaves.values()))
        return s, *pullback(g)

    return step


WORKLOADS = (
    Workload(
        name="gru",
        what="a GRU over T=64, N=32, C=64, D=128 float32, forward and backward (MyGrad 2: its "
        "numba layer; PyTorch, JAX, autograd: a loop; JAX jit: a scan)",
        arrays=arrays,
        outputs=("states", *NAMES),
        programs={
            "mygrad": with_mygrad,
            "mygrad2": with_mygrad2,
            "torch": with_torch,
            "jax": with_jax,
            "jax-jit": with_jax_scan,
            "autograd": with_autograd,
            "numpy": with_numpy,
        },
        tolerance=1e-4,
    ),
)
