"""Gated recurrent units.

One operation runs through the whole sequence. The work that does not depend on the order of the
steps is done for all steps at once: the projections of the input before the loop, the gradients
of all weights after the loop back. The loops keep what only they can do: two matrix products in
each step, and the gates. Z and R see the same state, so that they share their matrix products, and
lie side by side in all arrays.

The loops are compositions, `gru_steps` and `gru_steps_adjoint`, for which an adapter may have
kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import composition
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import multiply
from mygrad.random import generator
from mygrad.tensor_manip.array_shape import broadcast_to
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = ["gru"]

Array = Any


@composition
def gru_steps(
    sums: Array, Wzr: Array, Wh: Array, s0: Array, *, xp: Any
) -> tuple[Array, Array, Array]:
    """Run through all steps.

    Takes what the input and the biases contribute to the sums in Z, R and H, (T, N, 3 D), the
    weights of the state for Z and R side by side, (D, 2 D), those for H, (D, D), and the first
    state, (N, D). Returns the states, (T + 1, N, D), the gates Z and R of each step side by side,
    (T, N, 2 D), and H, (T, N, D), all of the dtype of the sums and the weights together.
    """
    count, (batch, size), assign = sums.shape[0], s0.shape, xp.adapter.assign
    s = xp.astype(s0, xp.result_type(sums, Wzr, Wh))
    # Filled step by step: to stack what a loop has left takes twice the memory.
    states, pairs, candidates = (
        xp.empty(shape, dtype=s.dtype, device=device_of(s))
        for shape in ((count + 1, batch, size), (count, batch, 2 * size), (count, batch, size))
    )
    states = assign(states, (0, ...), s)
    for t in range(count):
        zr = xp.sigmoid(xp.matmul(s, Wzr) + sums[t, :, : 2 * size])
        z, r = zr[:, :size], zr[:, size:]
        h = xp.tanh(xp.matmul(r * s, Wh) + sums[t, :, 2 * size :])
        s = h + z * (s - h)
        states = assign(states, (t + 1, ...), s)
        pairs = assign(pairs, (t, ...), zr)
        candidates = assign(candidates, (t, ...), h)
    return states, pairs, candidates


def _back(
    g: Array, s: Array, zr: Array, h: Array, turned_zr: Array, turned_h: Array, xp: Any
) -> list[Array]:
    """Through one step, or through many of which none leads to another.

    Takes the adjoint `g` of the states after, the states `s` before, the gates and the transposed
    weights. Returns the adjoints of the sums in Z and R, side by side, and in H; `s` times the
    reset gate; and the adjoint of `s`.
    """
    size = h.shape[-1]
    z, r = zr[..., :size], zr[..., size:]
    reset = r * s
    by_z = g * z
    by_h = g - by_z
    az = by_h * (s - h) * z
    ah = by_h * (1 - h * h)
    by_reset = xp.matmul(ah, turned_h)
    ar = by_reset * reset * (1 - r)
    azr = xp.concat([az, ar], axis=-1)
    return [azr, ah, reset, by_z + by_reset * r + xp.matmul(azr, turned_zr)]


def _places(count: int, part: Array, xp: Any) -> Any:
    """Places for `count` arrays like `part`: in an array, or in a list for tensors."""
    if isinstance(part, Handle):
        return [None] * count
    return xp.empty((count, *part.shape), dtype=part.dtype, device=device_of(part))


def _put(places: Any, t: int, part: Array, xp: Any) -> Any:
    if isinstance(places, list):
        places[t] = part
        return places
    return xp.adapter.assign(places, (t, ...), part)


@composition
def gru_steps_adjoint(
    g: Array, states: Array, zr: Array, h: Array, Wzr: Array, Wh: Array, bp_lim: int | None,
    *, xp: Any,
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Go back through the steps with the adjoint `g` of the states.

    Takes what `gru_steps` returned, and its weights. Returns the adjoints of the sums in Z and R,
    side by side, (T, N, 2 D), and in H, (T, N, D); the states before the steps times the reset
    gate, (T, N, D); and the adjoint of the first state, (N, D).
    """
    count, before = g.shape[0] - 1, states[:-1, ...]
    turned = xp.matrix_transpose(Wzr), xp.matrix_transpose(Wh)
    if count and bp_lim is None:
        kept: list[Array] = []
        by_s = g[count, ...]
        for t in range(count - 1, -1, -1):
            *found, by_s = _back(by_s, before[t, ...], zr[t, ...], h[t, ...], *turned, xp)
            by_s = by_s + g[t, ...]
            kept = kept or [_places(count, part, xp) for part in found]
            kept = [_put(into, t, part, xp) for into, part in zip(kept, found, strict=True)]
        azr, ah, reset = (xp.stack(a) if isinstance(a, list) else a for a in kept)
        return azr, ah, reset, by_s
    # An adjoint may come from so many steps ahead and no more. It begins as that of the
    # states themselves, and each round brings it one step back, for all steps at once.
    total, start = g[1:, ...], g[0, ...]
    for _ in range(bp_lim or 0):
        by_s = _back(total, before, zr, h, *turned, xp)[-1]
        start = g[0, ...] + by_s[0, ...]
        total = g[1:, ...] + xp.concat([by_s[1:, ...], xp.zeros_like(by_s[:1, ...])])
    azr, ah, reset, _ = _back(total, before, zr, h, *turned, xp)
    return azr, ah, reset, start


class Layer(NamedTuple):
    """The operands of a call, by gate, and what is computed from them, on arrays or tensors."""

    X: Array
    U: tuple[Array, Array, Array]
    W: tuple[Array, Array, Array]
    b: tuple[Array, Array, Array]
    masks: Any
    xp: Any

    def sums(self) -> Array:
        """What the input and the biases contribute to the sums in Z, R and H, (T, N, 3 D)."""
        xp, (count, batch, channels) = self.xp, self.X.shape
        rows = xp.reshape(self.X, (count * batch, channels))
        sums = xp.matmul(rows, xp.concat(self.U, axis=1))
        sums = xp.reshape(sums, (count, batch, 3 * self.b[0].shape[0]))
        if self.masks is not None:
            sums = sums * xp.concat(self.masks, axis=1)
        return sums + xp.concat(self.b)

    def state_weights(self) -> tuple[Array, Array]:
        """The weights of the state: for Z and R side by side, and for H."""
        return self.xp.concat(self.W[:2], axis=1), self.W[2]

    def gates(self, states: Array) -> tuple[Array, Array]:
        """The gates of all steps, computed without a loop, since all states are known."""
        xp, previous, sums = self.xp, states[:-1, ...], self.sums()
        size = previous.shape[-1]
        Wzr, Wh = self.state_weights()
        zr = xp.sigmoid(xp.matmul(previous, Wzr) + sums[..., : 2 * size])
        h = xp.tanh(xp.matmul(zr[..., size:] * previous, Wh) + sums[..., 2 * size :])
        return zr, h


class StepAdjoints(NamedTuple):
    """What the loop back through the steps leaves, and the gradients of operands from it.

    Attributes
    ----------
    layer
        The operands.
    before
        The state before each step, (T, N, D).
    azr, ah
        The adjoints of the sums in Z and R, side by side, and in H.
    reset
        The state before each step times the reset gate.
    start
        The adjoint of the first state, (N, D).
    """

    layer: Layer
    before: Array
    azr: Array
    ah: Array
    reset: Array
    start: Array

    def by_projections(self) -> tuple[Array, Array]:
        """The adjoints of the products of the input and its weights, as matrices."""
        azr, ah, masks, concat = self.azr, self.ah, self.layer.masks, self.layer.xp.concat
        if masks is not None:
            azr, ah = azr * concat(masks[:2], axis=1), ah * masks[2]
        return self.rows(azr), self.rows(ah)

    def by_input(self, by_zr: Array, by_h: Array) -> Array:
        xp, (Uz, Ur, Uh) = self.layer.xp, self.layer.U
        by_rows = xp.matmul(by_zr, xp.matrix_transpose(xp.concat([Uz, Ur], axis=1)))
        by_rows = by_rows + xp.matmul(by_h, xp.matrix_transpose(Uh))
        return xp.reshape(by_rows, self.layer.X.shape)

    def gradients(self, wanted: Sequence[bool]) -> list[Array]:
        """The adjoints of all operands that are wanted, and perhaps of others."""
        x, *gates = wanted
        xp = self.layer.xp
        found: list[Array] = [None] * 11
        for_z, for_r, for_h = gates[:3], gates[3:6], gates[6:9]
        if x or any((for_z[0], for_r[0], for_h[0])):
            by_zr, by_h = self.by_projections()
            if x:
                found[0] = self.by_input(by_zr, by_h)
            inputs = xp.matrix_transpose(self.rows(self.layer.X))
            if for_z[0] or for_r[0]:
                found[1], found[4] = halves(xp.matmul(inputs, by_zr))
            if for_h[0]:
                found[7] = xp.matmul(inputs, by_h)
        if for_z[1] or for_r[1]:
            before = xp.matrix_transpose(self.rows(self.before))
            found[2], found[5] = halves(xp.matmul(before, self.rows(self.azr)))
        if for_h[1]:
            found[8] = xp.matmul(xp.matrix_transpose(self.rows(self.reset)), self.rows(self.ah))
        if for_z[2] or for_r[2]:
            found[3], found[6] = halves(xp.sum(self.azr, axis=(0, 1)))
        if for_h[2]:
            found[9] = xp.sum(self.ah, axis=(0, 1))
        found[10] = self.start
        return found

    def rows(self, a: Array) -> Array:
        """All steps and the whole batch of `a` below one another, for one matrix product."""
        return self.layer.xp.reshape(a, (a.shape[0] * a.shape[1], a.shape[2]))


def halves(pair: Array) -> tuple[Array, Array]:
    """What belongs to Z and to R, of what lies side by side."""
    size = pair.shape[-1] // 2
    return pair[..., :size], pair[..., size:]


OPERANDS = "X Uz Wz bz Ur Wr br Uh Wh bh s0".split()


def _adjoints(
    g: Array, X: Array, Uz: Array, Wz: Array, bz: Array, Ur: Array, Wr: Array, br: Array,
    Uh: Array, Wh: Array, bh: Array, masks: Any, bp_lim: int | None, gates: Any, out: Array,
    wanted: tuple[bool, ...], xp: Any,
) -> list[Array]:  # fmt: skip
    """The adjoints of all operands, from one loop back through the steps."""
    layer = Layer(X, (Uz, Ur, Uh), (Wz, Wr, Wh), (bz, br, bh), masks, xp)
    swept = xp.gru_steps_adjoint(g, out, *gates, *layer.state_weights(), bp_lim)
    return StepAdjoints(layer, out[:-1, ...], *swept).gradients(wanted)


def _gates(
    out: Array, X: Array, Uz: Array, Wz: Array, bz: Array, Ur: Array, Wr: Array, br: Array,
    Uh: Array, Wh: Array, bh: Array, s0: Array, masks: Any, bp_lim: int | None, *, xp: Any,
) -> tuple[Any]:  # fmt: skip
    return (Layer(X, (Uz, Ur, Uh), (Wz, Wr, Wh), (bz, br, bh), masks, xp).gates(out),)


@primitive(joint={tuple(OPERANDS): _adjoints}, residuals=("gates",), replay=_gates)
def gru_states(
    X: Array, Uz: Array, Wz: Array, bz: Array, Ur: Array, Wr: Array, br: Array,
    Uh: Array, Wh: Array, bh: Array, s0: Array, masks: Any = None, bp_lim: int | None = None,
    *, xp: Any,
) -> Any:  # fmt: skip
    """The states of `gru`, given the masks for the projected input of its gates, or None.

    With them come the gates that led to each, as `gru_steps` returns them.
    """
    layer = Layer(X, (Uz, Ur, Uh), (Wz, Wr, Wh), (bz, br, bh), masks, xp)
    states, *gates = xp.gru_steps(layer.sums(), *layer.state_weights(), s0)
    return states, gates


def _masks(shapes: Sequence[tuple[int, ...]], dropout: float, like: Array) -> list[Array]:
    """Masks that drop a share of the elements, and make up for it by enlarging the others."""
    adapter = adapter_of(like)
    assert adapter is not None
    xp, kept = adapter.xp, 1 - dropout

    def mask(drawn: Array) -> Array:
        # Given a seed, these two branches keep what `numpy.random.binomial` keeps, and MyGrad 2.
        return xp.astype(drawn < kept if kept > 0.5 else drawn > dropout, like.dtype) / kept

    numbers = generator(adapter, adapter.device(like))
    return [adapter.following(mask)(numbers.random(shape)) for shape in shapes]


def _sizes(X: Any, groups: list[tuple[Any, ...]]) -> tuple[int, int]:
    """The batch size and the size of the state, if all shapes go together."""
    shape, Uz = tuple(X.shape), tuple(groups[0][0].shape)
    if len(shape) != 3:
        raise ValueError(
            f"gru: X has to have shape (T, N, C), that is steps, batch and channels, and has "
            f"{shape}"
        )
    if len(Uz) != 2 or Uz[0] != shape[2]:
        raise ValueError(
            f"gru: Uz has to have shape (C, D), where C is {shape[2]} for X of shape {shape}, "
            f"and has {Uz}"
        )
    channels, size = Uz
    for gate, group in zip("zrh", groups, strict=True):
        for letter, t, form, wanted in zip(
            "UWb", group, ("(C, D)", "(D, D)", "(D,)"),
            ((channels, size), (size, size), (size,)), strict=True,
        ):  # fmt: skip
            if tuple(t.shape) != wanted:
                raise ValueError(
                    f"gru: {letter}{gate} has to have shape {form}, which is {wanted} for Uz of "
                    f"shape {Uz}, and has {tuple(t.shape)}"
                )
    return shape[1], size


def gru(
    X: Any, Uz: Any, Wz: Any, bz: Any, Ur: Any, Wr: Any, br: Any, Uh: Any, Wh: Any, bh: Any,
    s0: Any = None, bp_lim: int | None = None, dropout: float = 0.0,
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    r"""Run a sequence through a layer of gated recurrent units.

    The states follow from the first one, :math:`S_0`, by

    .. math::

        Z_t &= \sigma(X_t U_z + S_{t-1} W_z + b_z) \\
        R_t &= \sigma(X_t U_r + S_{t-1} W_r + b_r) \\
        H_t &= \tanh(X_t U_h + (R_t * S_{t-1}) W_h + b_h) \\
        S_t &= (1 - Z_t) * H_t + Z_t * S_{t-1}

    Parameters
    ----------
    X : ArrayLike
        The sequence, shape (T, N, C): T steps, batches of N, C channels.
    Uz, Ur, Uh : ArrayLike
        The weights of the input, shape (C, D).
    Wz, Wr, Wh : ArrayLike
        The weights of the state, shape (D, D).
    bz, br, bh : ArrayLike
        The biases, shape (D,).
    s0 : ArrayLike, optional
        The first state, shape (N, D) or one that broadcasts to it; zeros if not given.
        Derivatives flow to it too.
    bp_lim : int, optional
        How many steps derivatives flow back, at most: that of the state of step t reaches what
        went into the steps t, t - 1, ..., t - bp_lim. At least 0 and less than T. All the way
        if not given.
    dropout : float
        The probability, at least 0 and less than 1, with which an element is dropped from
        ``Wz``, ``Wr`` and ``Wh`` and from each step's ``X_t Uz``, ``X_t Ur`` and ``X_t Uh``; see
        the notes.
    constant : bool, optional
        Whether the result is constant; by default it is if all operands are.

    Returns
    -------
    Tensor
        All states, the first one included: shape (T + 1, N, D).

    Raises
    ------
    ValueError
        The shapes do not go together, or `bp_lim` or `dropout` is out of range.

    Notes
    -----
    The unit is that of [1]_. With dropout, random elements become zero and the others are
    divided by ``1 - dropout``. The projections of the input have *variational* dropout [2]_: one
    mask of shape (N, D) for each of the three, the same in every step. The weights of the state
    have *weight* dropout [3]_: a mask of shape (D, D) for each of the three, the same in every
    step and for the whole batch. There is no switch for inference: leave `dropout` out there.
    The random numbers are those of `mygrad.random`.

    References
    ----------
    .. [1] K. Cho et al., *Learning phrase representations using RNN encoder-decoder for
       statistical machine translation*, EMNLP 2014, arXiv:1406.1078.
    .. [2] Y. Gal and Z. Ghahramani, *A theoretically grounded application of dropout in
       recurrent neural networks*, NIPS 2016, arXiv:1512.05287.
    .. [3] S. Merity, N. S. Keskar and R. Socher, *Regularizing and optimizing LSTM language
       models*, ICLR 2018, arXiv:1708.02182.

    Examples
    --------
    Two steps of one unit, whose gates are half open as long as their weights are zero:

    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import gru
    >>> x = mg.tensor([[[1.0]], [[2.0]]])
    >>> U, W, b = mg.tensor([[0.0]]), mg.tensor([[0.0]]), mg.tensor([0.0])
    >>> Uh = mg.tensor([[1.0]])
    >>> s = gru(x, U, W, b, U, W, b, Uh, W, b)
    >>> s.shape
    (3, 1, 1)
    >>> s[:, 0, 0]
    Tensor([0.        , 0.38079708, 0.67241233])
    >>> s[-1].backward()
    >>> Uh.grad
    array([[0.17564441]])
    """
    X, *rest = as_operand_tensors(X, Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh)
    groups: list[tuple[Any, ...]] = [tuple(rest[k : k + 3]) for k in (0, 3, 6)]
    batch, size = _sizes(X, groups)
    like = groups[0][0]._data
    adapter = adapter_of(like)
    assert adapter is not None
    for t in rest:
        if not adapter.xp.isdtype(t.dtype, "real floating"):
            raise TypeError(
                f"gru: weights and biases have to be of a real floating dtype, and one of them "
                f"is of {t.dtype}; convert it with .astype"
            )
    if bp_lim is not None and not (hasattr(bp_lim, "__index__") and 0 <= bp_lim < len(X)):
        raise ValueError(
            f"gru: bp_lim has to be an integer of at least 0 and less than the number of steps "
            f"in X, which is {len(X)}, or None for no limit; it is {bp_lim!r}"
        )
    if not 0 <= dropout < 1:
        raise ValueError(
            f"gru: dropout, the probability to drop an element, has to be at least 0 and less "
            f"than 1, and is {dropout!r}"
        )
    if s0 is None:
        s0 = adapter.xp.zeros((batch, size), dtype=like.dtype, device=device_of(like))
    else:
        s0 = as_operand_tensor(s0, (X,))
        shape = tuple(s0.shape)
        if len(shape) > 2 or any(
            n not in (1, m) for n, m in zip(shape[::-1], (size, batch), strict=False)
        ):
            raise ValueError(
                f"gru: s0 has to have shape (N, D), which is {(batch, size)}, or one that "
                f"broadcasts to it, and has {shape}"
            )
        if shape != (batch, size):
            s0 = broadcast_to(s0, (batch, size))
    masks = None
    if dropout:
        drawn = _masks([(batch, size)] * 3 + [(size, size)] * 3, dropout, like)
        masks = drawn[:3]
        groups = [
            (U, multiply(W, mask), b) for (U, W, b), mask in zip(groups, drawn[3:], strict=True)
        ]
    operands = (X, *groups[0], *groups[1], *groups[2], s0)
    return gru_states(*operands, masks, bp_lim, constant=constant)
