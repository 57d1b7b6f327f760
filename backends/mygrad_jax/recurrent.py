"""Recurrent loops as `lax.scan`: compiled once for all steps, and run as one loop."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from mygrad_jax.activations import sigmoid

__all__ = ["gru_steps", "gru_steps_adjoint"]

Array = Any


def _are_real(*arrays: Array) -> bool:
    return all(jnp.isdtype(a.dtype, "real floating") for a in arrays)


@partial(jax.jit, inline=True)
def _steps(sums: Array, Wzr: Array, Wh: Array, s0: Array) -> tuple[Array, Array, Array]:
    dtype, size = jnp.result_type(sums, Wzr, Wh), s0.shape[1]

    def advance(s: Array, x: Array) -> tuple[Array, Any]:
        zr = sigmoid(s @ Wzr + x[:, : 2 * size])
        z, r = zr[:, :size], zr[:, size:]
        h = jnp.tanh((r * s) @ Wh + x[:, 2 * size :])
        s = h + z * (s - h)
        return s, (s, zr, h)

    first = s0.astype(dtype)
    _, (states, zr, h) = lax.scan(advance, first, sums.astype(dtype))
    return jnp.concatenate([first[None], states]), zr, h


def gru_steps(sums: Array, Wzr: Array, Wh: Array, s0: Array) -> Any:
    if not _are_real(sums, Wzr, Wh, s0):
        return NotImplemented
    return _steps(sums, Wzr, Wh, s0)


@partial(jax.jit, inline=True)
def _back(
    g: Array, states: Array, zr: Array, h: Array, Wzr: Array, Wh: Array
) -> tuple[Array, Array, Array, Array]:
    dtype, size = jnp.result_type(g, states, zr, h, Wzr, Wh), h.shape[-1]
    g, states, zr, h = (a.astype(dtype) for a in (g, states, zr, h))

    def back(by_s: Array, at: Any) -> tuple[Array, Any]:
        g, s, zr, h = at
        z, r = zr[:, :size], zr[:, size:]
        reset = r * s
        by_z = by_s * z
        by_h = by_s - by_z
        ah = by_h * (1 - h * h)
        by_reset = ah @ Wh.T
        azr = jnp.concatenate([by_h * (s - h) * z, by_reset * reset * (1 - r)], axis=-1)
        return by_z + by_reset * r + azr @ Wzr.T + g, (azr, ah, reset)

    by_s, found = lax.scan(back, g[-1], (g[:-1], states[:-1], zr, h), reverse=True)
    return (*found, by_s)


def gru_steps_adjoint(
    g: Array, states: Array, zr: Array, h: Array, Wzr: Array, Wh: Array, bp_lim: int | None
) -> Any:
    if bp_lim is not None or not _are_real(g, states, zr, h, Wzr, Wh):
        return NotImplemented
    return _back(g, states, zr, h, Wzr, Wh)
