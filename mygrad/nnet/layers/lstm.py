"""Long short-term memory.

One operation runs through the whole sequence, as `gru` does. What does not depend on the order of
the steps is done for all steps at once: the projections of the input before the loop; after it,
and before the loop back, the slopes of all gates; and after that the gradients of all weights. So
the loops keep one matrix product in each step, and few operations beside it.

Inside, the gates lie side by side in the order output, input, forget, candidate: the first three
are sigmoids, and the adjoint of the cell goes to the last three.
"""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import composition
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.tensor_manip.array_shape import broadcast_to
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = ["lstm"]

Array = Any


def _inside(a: Array, xp: Any) -> Array:
    """Columns of i, f, g and o, in the order of this module: o, i, f, g."""
    size = a.shape[-1] // 4
    return xp.concat([a[..., 3 * size :], a[..., : 3 * size]], axis=-1)


def _outside(a: Array, xp: Any) -> Array:
    size = a.shape[-1] // 4
    return xp.concat([a[..., size:], a[..., :size]], axis=-1)


@composition
def lstm_steps(sums: Array, W: Array, h0: Array, c0: Array, *, xp: Any) -> tuple[Array, Array]:
    """Run through all steps.

    Takes what the input and the biases contribute to the gates, (T, N, 4 D), the weights of the
    state, (D, 4 D), and the first state and cell, (N, D). Returns the states and the cells,
    (2, T + 1, N, D), and the gates, (T, N, 4 D).
    """
    (count, batch, _), size, assign = sums.shape, h0.shape[1], xp.adapter.assign
    dtype = xp.result_type(sums, W, h0, c0)
    h, c = xp.astype(h0, dtype), xp.astype(c0, dtype)
    both, gates = (
        xp.empty(shape, dtype=dtype, device=device_of(h))
        for shape in ((2, count + 1, batch, size), (count, batch, 4 * size))
    )
    both = assign(assign(both, (0, 0, ...), h), (1, 0, ...), c)
    for t in range(count):
        total = xp.matmul(h, W) + sums[t, ...]
        oif, g = xp.sigmoid(total[:, : 3 * size]), xp.tanh(total[:, 3 * size :])
        c = oif[:, 2 * size :] * c + oif[:, size : 2 * size] * g
        h = oif[:, :size] * xp.tanh(c)
        both = assign(assign(both, (0, t + 1, ...), h), (1, t + 1, ...), c)
        gates = assign(gates, (t, slice(None), slice(None, 3 * size)), oif)
        gates = assign(gates, (t, slice(None), slice(3 * size, None)), g)
    return both, gates


@composition
def lstm_steps_adjoint(
    g: Array, both: Array, gates: Array, W: Array, *, xp: Any
) -> tuple[Array, Array, Array]:
    """Go back through the steps with the adjoint `g` of the states and cells.

    Takes what `lstm_steps` returned, and its weights. Returns the adjoints of the sums in the
    gates, (T, N, 4 D), and of the first state and cell, (N, D).
    """
    count, size = gates.shape[0], W.shape[0]
    turned = xp.matrix_transpose(W)
    by_h, by_c = g[0, count, ...], g[1, count, ...]
    # What the loop multiplies with: all that is known of all steps.
    o, i, f = (gates[..., k * size : (k + 1) * size] for k in range(3))
    new = gates[..., 3 * size :]
    bent = xp.tanh(both[1, 1:, ...])
    to_cell = o * (1 - bent * bent)
    to_output = bent * o * (1 - o)
    slopes = [new * i * (1 - i), both[1, :-1, ...] * f * (1 - f), i * (1 - new * new)]
    on_tensors = isinstance(g, Handle)
    kept: Any = [None] * count
    if not on_tensors:
        kept = xp.empty(gates.shape, dtype=g.dtype, device=device_of(g))
    for t in range(count - 1, -1, -1):
        by_c = by_c + by_h * to_cell[t, ...]
        parts = [by_h * to_output[t, ...], *(by_c * slope[t, ...] for slope in slopes)]
        by_sums = xp.concat(parts, axis=-1)
        by_c = by_c * f[t, ...] + g[1, t, ...]
        by_h = xp.matmul(by_sums, turned) + g[0, t, ...]
        if on_tensors:
            kept[t] = by_sums
        else:
            kept = xp.adapter.assign(kept, (t, ...), by_sums)
    if on_tensors:
        kept = xp.stack(kept) if count else xp.zeros_like(gates)
    return kept, by_h, by_c


def _sums(X: Array, U: Array, b: Array, xp: Any) -> Array:
    """What the input and the biases contribute to the gates, (T, N, 4 D)."""
    count, batch, channels = X.shape
    rows = xp.reshape(X, (count * batch, channels))
    sums = xp.matmul(rows, _inside(U, xp)) + _inside(b, xp)
    return xp.reshape(sums, (count, batch, U.shape[1]))


def _adjoints(
    g: Array, X: Array, U: Array, W: Array, b: Array, gates: Array, out: Array,
    wanted: tuple[bool, ...], xp: Any,
) -> list[Array]:  # fmt: skip
    """The adjoints of all operands, from one loop back through the steps."""
    by_sums, by_h, by_c = xp.lstm_steps_adjoint(g, out, gates, _inside(W, xp))
    found: list[Array] = [None] * 4 + [by_h, by_c]

    def rows(a: Array) -> Array:
        return xp.reshape(a, (a.shape[0] * a.shape[1], a.shape[2]))

    flat = rows(by_sums)
    if wanted[0]:
        by_x = xp.matmul(flat, xp.matrix_transpose(_inside(U, xp)))
        found[0] = xp.reshape(by_x, X.shape)
    if wanted[1]:
        found[1] = _outside(xp.matmul(xp.matrix_transpose(rows(X)), flat), xp)
    if wanted[2]:
        before = xp.matrix_transpose(rows(out[0, :-1, ...]))
        found[2] = _outside(xp.matmul(before, flat), xp)
    if wanted[3]:
        found[3] = _outside(xp.sum(flat, axis=0), xp)
    return found


def _gates(
    out: Array, X: Array, U: Array, W: Array, b: Array, h0: Array, c0: Array, *, xp: Any
) -> tuple[Array]:
    """The gates of all steps, computed without a loop, since all states are known."""
    total = xp.matmul(out[0, :-1, ...], _inside(W, xp)) + _sums(X, U, b, xp)
    size = 3 * W.shape[0]
    return (xp.concat([xp.sigmoid(total[..., :size]), xp.tanh(total[..., size:])], axis=-1),)


@primitive(
    joint={("X", "U", "W", "b", "h0", "c0"): _adjoints}, residuals=("gates",), replay=_gates
)
def lstm_states(
    X: Array, U: Array, W: Array, b: Array, h0: Array, c0: Array, *, xp: Any
) -> tuple[Array, Array]:
    """The states and the cells of `lstm`, (2, T + 1, N, D), and with them the gates."""
    return xp.lstm_steps(_sums(X, U, b, xp), _inside(W, xp), h0, c0)


def _check(X: Tensor, U: Tensor, W: Tensor, b: Tensor) -> None:
    """Raise where shapes do not go together, or weights are not floats."""
    if X.ndim != 3:
        raise ValueError(
            f"lstm: X has to have shape (T, N, C), that is steps, batch and channels, and has "
            f"{tuple(X.shape)}"
        )
    if W.ndim != 2 or W.shape[1] != 4 * W.shape[0]:
        raise ValueError(
            f"lstm: W has to have shape (D, 4 D), with columns for four gates, and has "
            f"{tuple(W.shape)}"
        )
    channels, width = X.shape[2], W.shape[1]
    for name, t, wanted in (("U", U, (channels, width)), ("b", b, (width,))):
        if tuple(t.shape) != wanted:
            form = "(C, 4 D)" if name == "U" else "(4 D,)"
            raise ValueError(
                f"lstm: {name} has to have shape {form}, which is {wanted} for X of shape "
                f"{tuple(X.shape)} and W of shape {tuple(W.shape)}, and has {tuple(t.shape)}"
            )
    adapter = adapter_of(W._data)
    assert adapter is not None
    for t in (U, W, b):
        if not adapter.xp.isdtype(t.dtype, "real floating"):
            raise TypeError(
                f"lstm: weights and biases have to be of a real floating dtype, and one of them "
                f"is of {t.dtype}; convert it with .astype"
            )


def lstm(
    X: Any, U: Any, W: Any, b: Any, h0: Any = None, c0: Any = None, *, constant: bool | None = None
) -> tuple[Tensor, Tensor]:
    r"""Run a sequence through a layer of long short-term memory.

    States and cells follow from the first ones by

    .. math::

        (i_t, f_t, g_t, o_t) &= X_t U + h_{t-1} W + b \\
        c_t &= \sigma(f_t) * c_{t-1} + \sigma(i_t) * \tanh(g_t) \\
        h_t &= \sigma(o_t) * \tanh(c_t)

    Parameters
    ----------
    X : ArrayLike
        The sequence, shape (T, N, C): T steps, batches of N, C channels.
    U : ArrayLike
        The weights of the input, shape (C, 4 D): side by side those of the input gate, the forget
        gate, the candidate and the output gate.
    W : ArrayLike
        The weights of the state, shape (D, 4 D), in the same order.
    b : ArrayLike
        The biases, shape (4 D,).
    h0, c0 : ArrayLike, optional
        The first state and the first cell, shape (N, D) or one that broadcasts to it; zeros if not
        given. Derivatives flow to them, too.
    constant : bool, optional
        Whether the results are constant; by default they are if all operands are.

    Returns
    -------
    tuple[Tensor, Tensor]
        All states and all cells, the first ones included, each of shape (T + 1, N, D): views of one
        tensor.

    Raises
    ------
    ValueError
        The shapes do not go together.
    TypeError
        Weights are not of a floating dtype.

    Notes
    -----
    Hochreiter and Schmidhuber, *Long short-term memory*, Neural Computation 9, 1997, with the
    forget gates of Gers, Schmidhuber and Cummins, *Learning to forget*, Neural Computation 12,
    2000. The order of the gates is PyTorch's: with the weights of its ``LSTM`` ``U`` is
    ``weight_ih.T``, ``W`` is ``weight_hh.T`` and ``b`` is ``bias_ih + bias_hh``. Layers on top of
    one another are calls with ``h[1:]`` for ``X``; one that runs backwards gets ``X[::-1]``.

    Examples
    --------
    One unit, whose gates are half open as long as their weights are zero:

    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import lstm
    >>> X = mg.tensor([[[1.0]], [[2.0]]])
    >>> U, W, b = mg.tensor([[0.0, 0.0, 1.0, 0.0]]), mg.zeros((1, 4)), mg.zeros((4,))
    >>> h, c = lstm(X, U, W, b)
    >>> h[:, 0, 0]
    Tensor([0.        , 0.18169974, 0.29328224])
    >>> h[-1].backward()
    >>> U.grad.round(4)
    array([[0.1893, 0.0624, 0.0576, 0.2933]])
    """
    X, U, W, b = as_operand_tensors(X, U, W, b)
    _check(X, U, W, b)
    shape = X.shape[1], W.shape[0]
    adapter = adapter_of(W._data)
    assert adapter is not None
    first = []
    for name, given in (("h0", h0), ("c0", c0)):
        if given is None:
            dtype, device = W.dtype, device_of(W._data)
            first.append(adapter.xp.zeros(shape, dtype=dtype, device=device))
            continue
        t = as_operand_tensor(given, (X,))
        lengths = tuple(t.shape)
        if len(lengths) > 2 or any(
            n not in (1, m) for n, m in zip(lengths[::-1], shape[::-1], strict=False)
        ):
            raise ValueError(
                f"lstm: {name} has to have shape (N, D), which is {shape}, or one that broadcasts "
                f"to it, and has {lengths}"
            )
        first.append(t if lengths == shape else broadcast_to(t, shape))
    states = lstm_states(X, U, W, b, *first, constant=constant)
    return states[0], states[1]
