"""Gated recurrent units.

One operation runs through the whole sequence. The work that does not depend on the order of the
steps is done for all steps at once: the projections of the input before the loop, the gradients
of all weights after the loop back. The loops keep what only they can do, one matrix product for
each weight that meets the hidden state, and the gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from mygrad.arrays import adapter_of
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import multiply
from mygrad.random import generator
from mygrad.tensor_manip.array_shape import broadcast_to
from mygrad.tensors.base import as_operand_tensor, as_operand_tensors

__all__ = ["gru"]

Array = Any


class StepAdjoints(NamedTuple):
    """What the loop back through the steps leaves for the gradients of the operands.

    Attributes
    ----------
    before
        The state before each step, (T, N, D).
    reset
        That state times the reset gate.
    slopes
        The adjoints of the sums in Z, R and H, (T, N, D) each.
    start
        The adjoint of the first state, (N, D).
    """

    before: Array
    reset: Array
    slopes: list[Array]
    start: Array


class Layer:
    """The operands of a call, by gate, and what is computed from them, on arrays or tensors."""

    def __init__(self, X: Array, U: Any, W: Any, b: Any, masks: Array, xp: Any) -> None:
        self.X, self.U, self.W, self.b, self.masks, self.xp = X, U, W, b, masks, xp

    def inputs(self) -> list[Array]:
        """What the input contributes to the sums in Z, R and H, (T, N, D) each."""
        xp, (count, batch, channels) = self.xp, self.X.shape
        size = self.b[0].shape[0]
        rows = xp.reshape(self.X, (count * batch, channels))
        sums = xp.matmul(rows, xp.concat(self.U, axis=1))
        sums = xp.reshape(sums, (count, batch, 3 * size))
        if self.masks is not None:
            sums = sums * xp.concat(self.masks, axis=1)
        sums = sums + xp.concat(self.b)
        return [sums[..., k * size : (k + 1) * size] for k in range(3)]

    def gates(self, states: Array) -> list[list[Array]]:
        """Z, R and H by step, computed without a loop, since all states are known."""
        xp, previous = self.xp, states[:-1, ...]
        for_z, for_r, for_h = self.inputs()
        z = xp.sigmoid(xp.matmul(previous, self.W[0]) + for_z)
        r = xp.sigmoid(xp.matmul(previous, self.W[1]) + for_r)
        h = xp.tanh(xp.matmul(r * previous, self.W[2]) + for_h)
        return [[gate[t, ...] for t in range(self.X.shape[0])] for gate in (z, r, h)]

    def back(self, g: Array, s: Array, z: Array, r: Array, h: Array, turned: Any) -> list[Array]:
        """Through one step, or through many of which none leads to another.

        Takes the adjoint `g` of the states after, the states `s` before, the gates and the
        transposed weights. Returns `s` times the reset gate; the adjoints of the sums in Z, R
        and H; and that of `s`.
        """
        matmul = self.xp.matmul
        reset = r * s
        by_z = g * z
        by_h = g - by_z
        az = by_h * (s - h) * z
        ah = by_h * (1 - h * h)
        by_reset = matmul(ah, turned[2])
        ar = by_reset * reset * (1 - r)
        by_s = by_z + by_reset * r + matmul(az, turned[0]) + matmul(ar, turned[1])
        return [reset, az, ar, ah, by_s]

    def sweep(
        self, g: Array, states: Array, gates: list[list[Array]], bp_lim: int | None
    ) -> StepAdjoints:
        """Go back through the steps with the adjoint `g` of the states."""
        xp, count, before = self.xp, g.shape[0] - 1, states[:-1, ...]
        turned = [xp.matrix_transpose(w) for w in self.W]
        if count and bp_lim is None:
            steps: list[list[Array]] = []
            by_s = g[count, ...]
            z, r, h = gates
            for t in range(count - 1, -1, -1):
                *found, by_s = self.back(by_s, before[t, ...], z[t], r[t], h[t], turned)
                by_s = by_s + g[t, ...]
                steps.append(found)
            reset, *slopes = (xp.stack(list(a)) for a in zip(*reversed(steps), strict=True))
            return StepAdjoints(before, reset, slopes, by_s)
        # An adjoint may come from so many steps ahead and no more. It begins as that of the
        # states themselves, and each round brings it one step back, for all steps at once.
        z, r, h = (xp.stack(a) if count else before for a in gates)
        total, start = g[1:, ...], g[0, ...]
        for _ in range(bp_lim or 0):
            by_s = self.back(total, before, z, r, h, turned)[-1]
            start = g[0, ...] + by_s[0, ...]
            total = g[1:, ...] + xp.concat([by_s[1:, ...], xp.zeros_like(by_s[:1, ...])])
        reset, *slopes, _ = self.back(total, before, z, r, h, turned)
        return StepAdjoints(before, reset, slopes, start)

    # --- from there to the gradients of operands ------------------------------------------------
    def by_projection(self, swept: StepAdjoints, k: int) -> Array:
        """The adjoint of the product of the input and its weight for gate `k`, as a matrix."""
        a = swept.slopes[k]
        return self.rows(a if self.masks is None else a * self.masks[k])

    def by_input(self, swept: StepAdjoints) -> Array:
        xp = self.xp
        z, r, h = (
            xp.matmul(self.by_projection(swept, k), xp.matrix_transpose(self.U[k]))
            for k in range(3)
        )
        return xp.reshape(z + r + h, self.X.shape)

    def by_input_weight(self, swept: StepAdjoints, k: int) -> Array:
        rows = self.xp.matrix_transpose(self.rows(self.X))
        return self.xp.matmul(rows, self.by_projection(swept, k))

    def by_state_weight(self, swept: StepAdjoints, k: int) -> Array:
        rows = self.rows(swept.reset if k == 2 else swept.before)
        return self.xp.matmul(self.xp.matrix_transpose(rows), self.rows(swept.slopes[k]))

    def by_bias(self, swept: StepAdjoints, k: int) -> Array:
        return self.xp.sum(swept.slopes[k], axis=(0, 1))

    def rows(self, a: Array) -> Array:
        """All steps and the whole batch of `a` below one another, for one matrix product."""
        return self.xp.reshape(a, (a.shape[0] * a.shape[1], a.shape[2]))


OPERANDS = "X Uz Wz bz Ur Wr br Uh Wh bh s0".split()


def _adjoints(
    g: Array, X: Array, Uz: Array, Wz: Array, bz: Array, Ur: Array, Wr: Array, br: Array,
    Uh: Array, Wh: Array, bh: Array, masks: Any, bp_lim: int | None, gates: Any, out: Array,
    wanted: tuple[bool, ...], xp: Any,
) -> list[Array]:  # fmt: skip
    """The adjoints of all operands, from one loop back through the steps."""
    layer = Layer(X, (Uz, Ur, Uh), (Wz, Wr, Wh), (bz, br, bh), masks, xp)
    swept = layer.sweep(g, out, gates, bp_lim)
    pieces: list[Callable[[], Array]] = [lambda: layer.by_input(swept)]
    for k in range(3):
        pieces += (
            partial(layer.by_input_weight, swept, k),
            partial(layer.by_state_weight, swept, k),
            partial(layer.by_bias, swept, k),
        )
    pieces.append(lambda: swept.start)
    return [piece() if asked else None for piece, asked in zip(pieces, wanted, strict=True)]


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

    With them come the gates Z, R and H that led to each.
    """
    layer = Layer(X, (Uz, Ur, Uh), (Wz, Wr, Wh), (bz, br, bh), masks, xp)
    inputs = layer.inputs()
    dtype = xp.result_type(*inputs, Wz, Wr, Wh)
    s = xp.astype(s0, dtype)
    states: list[Array] = [s]
    gates: list[list[Array]] = [[], [], []]
    for t in range(X.shape[0]):
        for_z, for_r, for_h = (a[t, ...] for a in inputs)
        z = xp.sigmoid(xp.matmul(s, Wz) + for_z)
        r = xp.sigmoid(xp.matmul(s, Wr) + for_r)
        h = xp.tanh(xp.matmul(r * s, Wh) + for_h)
        s = h + z * (s - h)
        states.append(s)
        for kept, gate in zip(gates, (z, r, h), strict=True):
            kept.append(gate)
    return xp.stack(states), gates


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
) -> Any:  # fmt: skip
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
        s0 = adapter.xp.zeros((batch, size), dtype=like.dtype, device=like.device)
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
