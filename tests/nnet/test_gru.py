"""The recurrent layer: values, gradients, dropout, limited back-propagation, errors."""

from __future__ import annotations

import gc
import importlib
import weakref
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, gradients, host, raw

import mygrad as mg
from mygrad.nnet.layers import gru

layers_gru = importlib.import_module("mygrad.nnet.layers.gru")
Array = np.ndarray[Any, Any]
NAMES = ("X", "Uz", "Wz", "bz", "Ur", "Wr", "br", "Uh", "Wh", "bh", "s0")


def operands(T: int = 3, N: int = 2, C: int = 2, D: int = 3, seed: int = 0) -> list[Array]:
    """All operands, the first state included."""
    rng = np.random.default_rng(seed)
    shapes = [(T, N, C), *[(C, D), (D, D), (D,)] * 3, (N, D)]
    return [rng.normal(size=shape) for shape in shapes]


def weights(rows: int = 4, batch: int = 2, size: int = 3) -> Array:
    """A weight for each element of the states, so that no two gradients look alike."""
    return np.random.default_rng(9).uniform(0.5, 1.5, (rows, batch, size))


def by_hand(a: list[Array]) -> Array:
    """The states, from the equations in the documentation."""
    X, Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh, s = a
    states = [s]
    for x in X:
        z = 1 / (1 + np.exp(-(x @ Uz + s @ Wz + bz)))
        r = 1 / (1 + np.exp(-(x @ Ur + s @ Wr + br)))
        h = np.tanh(x @ Uh + (r * s) @ Wh + bh)
        s = (1 - z) * h + z * s
        states.append(s)
    return np.stack(states)


# --- values and gradients ----------------------------------------------------------------------
def test_values() -> None:
    a = operands()
    s = gru(*[mg.tensor(v) for v in a])
    assert s.shape == (4, 2, 3)
    assert s.base is None
    np.testing.assert_allclose(host(s), by_hand(a), rtol=1e-12)


def test_the_first_state_is_zero_by_default() -> None:
    a = operands()[:-1]
    wanted = by_hand([*a, np.zeros((2, 3))])
    np.testing.assert_allclose(host(gru(*map(mg.tensor, a))), wanted, rtol=1e-12)
    np.testing.assert_array_equal(wanted[0], 0.0)


@pytest.mark.parametrize(("T", "N", "C", "D"), [(5, 3, 4, 2), (1, 1, 1, 1), (0, 2, 3, 2)])
def test_gradients_are_those_of_torch(T: int, N: int, C: int, D: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
    a = operands(T, N, C, D)
    seed = weights(T + 1, N, D)
    leaves = [torch.tensor(v, requires_grad=True) for v in a]
    X, Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh, s = leaves
    states = [s]
    for t in range(T):
        z = torch.sigmoid(X[t] @ Uz + s @ Wz + bz)
        r = torch.sigmoid(X[t] @ Ur + s @ Wr + br)
        h = torch.tanh(X[t] @ Uh + (r * s) @ Wh + bh)
        s = (1 - z) * h + z * s
        states.append(s)
    (torch.stack(states) * torch.tensor(seed)).sum().backward()
    for name, t, got in zip(NAMES, leaves, gradients(gru, a, seed), strict=True):
        want = np.zeros(t.shape) if t.grad is None else t.grad.numpy()
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12, err_msg=name)


def test_gradients_are_those_of_central_differences() -> None:
    check_gradients(gru, operands())


def test_a_long_sequence() -> None:
    """Five hundred steps are one record, and lose no digits that matter."""
    a = operands(500, 1, 1, 2)
    a[1:-1] = [v / 4 for v in a[1:-1]]
    np.testing.assert_allclose(host(gru(*map(mg.tensor, a))), by_hand(a), rtol=1e-9, atol=1e-12)
    got = gradients(gru, a)
    a[0][3] += 1e-5
    high = by_hand(a).sum()
    a[0][3] -= 2e-5
    np.testing.assert_allclose(got[0][3].sum(), (high - by_hand(a).sum()) / 2e-5, rtol=1e-6)


def test_gradients_through_the_last_state_alone() -> None:
    """As in a classifier; the other states get a gradient only from the steps after them."""
    check_gradients(lambda *a: mg.tanh(gru(*a)[-1]), operands())


@pytest.mark.parametrize("k", range(11), ids=NAMES)
def test_one_variable_among_constants(k: int) -> None:
    a = operands()
    wanted = gradients(gru, a)[k]
    leaves = [mg.tensor(v, constant=i != k) for i, v in enumerate(a)]
    s = gru(*leaves)
    assert not s.constant
    s.backward()
    np.testing.assert_allclose(host(leaves[k].grad), wanted, rtol=1e-12)
    assert all(t.grad is None for i, t in enumerate(leaves) if i != k)


def test_constants() -> None:
    a = operands()
    assert gru(*[raw(v) for v in a]).constant
    assert gru(*[mg.tensor(v, constant=True) for v in a]).constant
    assert gru(*map(mg.tensor, a), constant=True).constant
    assert gru(*map(mg.tensor, a), dropout=0.5, constant=True).constant
    assert not gru(*[raw(v) for v in a], constant=False).constant
    assert gru(*[v.tolist() for v in a]).constant
    with mg.no_autodiff:
        assert gru(*map(mg.tensor, a)).creator is None


def test_one_operation_is_recorded() -> None:
    leaves = [mg.tensor(v) for v in operands()]
    s = gru(*leaves)
    assert len(s.creator.variables) == 11
    assert all(u is v for u, v in zip(s.creator.variables, leaves, strict=True))


@pytest.mark.parametrize("bp_lim", [None, 1])
def test_float32_stays(bp_lim: int | None) -> None:
    a = operands()
    leaves = [mg.tensor(v.astype(np.float32)) for v in a]
    s = gru(*leaves, bp_lim=bp_lim, dropout=0.25)
    assert s.dtype == leaves[0].dtype
    s.backward()
    assert all(t.grad.dtype == t.dtype for t in leaves)
    without = gru(*leaves[:-1])
    assert without.dtype == leaves[0].dtype
    gradient = gradients(gru, [v.astype(np.float32) for v in a])
    for got, want in zip(gradient, gradients(gru, a), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)


def test_mixed_floating_dtypes() -> None:
    """The weights and X decide; a wider first state, as np.zeros makes it, is rounded."""
    *a, s0 = operands()
    narrow = [mg.tensor(v.astype(np.float32)) for v in a]
    start = mg.tensor(s0)
    s = gru(*narrow, s0=start)
    assert s.dtype == narrow[0].dtype
    s.backward()
    assert start.grad.dtype == start.dtype
    wide = [mg.tensor(a[0]), *narrow[1:]]
    s = gru(*wide)
    assert s.dtype == wide[0].dtype
    s.backward()
    assert [t.grad.dtype for t in wide] == [t.dtype for t in wide]


def test_views_as_operands() -> None:
    a = operands()
    wanted = gradients(gru, a)
    leaves = [mg.tensor(np.flip(v).copy()) for v in a]
    views = [t[(slice(None, None, -1),) * t.ndim] for t in leaves]
    gru(*views).backward()
    for t, want in zip(leaves, wanted, strict=True):
        np.testing.assert_allclose(np.flip(host(t.grad)), want, rtol=1e-10, atol=1e-13)


def test_writes_after_the_call_change_no_gradient() -> None:
    """Into operands, and into the states themselves, whose gates were kept for the rules."""
    a = operands()
    wanted = gradients(gru, a)
    leaves = [mg.tensor(v) for v in a]
    copies = [+t for t in leaves]
    s = gru(*copies)
    total = s.sum()
    for t in copies:
        t[...] = 7.0
    s[...] = 3.0
    total.backward()
    for t, want in zip(leaves, wanted, strict=True):
        np.testing.assert_allclose(host(t.grad), want, rtol=1e-10, atol=1e-13)


def test_two_backward_passes_with_different_seeds() -> None:
    """What is kept for the rules of one adjoint is not taken for another."""
    a = operands()
    leaves = [mg.tensor(v) for v in a]
    s = gru(*leaves)
    for k in (1.0, 2.0):
        (s * k).backward(create_graph=True)
        for t, want in zip(leaves, gradients(gru, a), strict=True):
            np.testing.assert_allclose(host(t.grad), k * want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("create_graph", [False, True])
def test_all_is_freed_at_once(create_graph: bool) -> None:
    a = operands()
    gc.collect()
    gc.disable()
    try:
        leaves = [mg.tensor(v) for v in a]
        s = gru(*leaves)
        seen = [weakref.ref(s), weakref.ref(leaves[2])]
        s.sum().backward(create_graph=create_graph)
        for t in leaves:
            t.null_grad()
        del s, t, leaves
        assert [r() for r in seen] == [None, None]
        assert not gc.collect()
    finally:
        gc.enable()


# --- the first state ---------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(2, 3), (1, 3), (3,), (2, 1), ()])
def test_gradient_of_a_first_state_that_broadcasts(shape: tuple[int, ...]) -> None:
    *a, _ = operands()
    s0 = np.random.default_rng(4).normal(size=shape)
    check_gradients(lambda s: gru(*map(raw, a), s0=s), [s0])


def test_truncated_back_propagation() -> None:
    """The last state of one piece of a sequence starts the next, which continues the gradient."""
    *a, s0 = operands(T=5)
    whole = gradients(lambda *v: gru(*v)[-1], [*a, s0])

    def in_two(X: Any, *rest: Any) -> Any:
        first = gru(X[:2], *rest)
        return gru(X[2:], *rest[:-1], s0=first[-1])[-1]

    for got, want in zip(gradients(in_two, [*a, s0]), whole, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-13)


# --- limited back-propagation ------------------------------------------------------------------
@pytest.mark.parametrize("bp_lim", [0, 1, 2, 3])
def test_bp_lim(bp_lim: int) -> None:
    """As if each state were computed from the one ``bp_lim + 1`` steps before it as a constant."""
    *a, s0 = operands(T=4)
    seed = weights(5)
    got = gradients(lambda *v: gru(*v, bp_lim=bp_lim), [*a, s0], seed)
    states = by_hand([*a, s0])

    def one_by_one(X: Any, *rest: Any) -> Any:
        *rest, start = rest
        total = mg.sum(start * raw(seed[0]))
        for t in range(1, 5):
            first = max(t - bp_lim - 1, 0)
            # the first state itself is reached by what is no more than bp_lim steps from it
            begin = start if t <= bp_lim else raw(states[first])
            s = gru(X[first:t], *rest, s0=begin)[-1]
            total = total + mg.sum(s * raw(seed[t]))
        return total

    for name, g, want in zip(NAMES, got, gradients(one_by_one, [*a, s0]), strict=True):
        np.testing.assert_allclose(g, want, rtol=1e-9, atol=1e-12, err_msg=name)


def test_bp_lim_changes_no_value() -> None:
    leaves = [mg.tensor(v) for v in operands()]
    np.testing.assert_array_equal(host(gru(*leaves, bp_lim=1)), host(gru(*leaves)))


def test_bp_lim_of_all_steps_is_no_limit_for_the_weights() -> None:
    a = operands()
    wanted = gradients(gru, a)
    got = gradients(lambda *v: gru(*v, bp_lim=2), a)
    for g, want in zip(got[:-1], wanted[:-1], strict=True):
        np.testing.assert_allclose(g, want, rtol=1e-10, atol=1e-13)


# --- dropout -----------------------------------------------------------------------------------
def dropped_out(a: list[Array], dropout: float) -> tuple[list[Array], list[Any], Any]:
    """The masks on Uz, Ur, Uh, Wz, Wr, Wh that a call draws; its operands, and its result."""
    batch, size = a[-1].shape
    shapes = [(batch, size)] * 3 + [(size, size)] * 3
    mg.random.seed(1)
    masks = [host(m) for m in layers_gru._masks(shapes, dropout, raw(a[2]))]
    leaves = [mg.tensor(v) for v in a]
    mg.random.seed(1)
    return masks, leaves, gru(*leaves, dropout=dropout)


@pytest.mark.parametrize("dropout", [0.1, 0.5, 0.8])
def test_masks(dropout: float) -> None:
    """Elements are dropped as often as asked for, and the others enlarged to make up for it."""
    mg.random.seed(0)
    masks = layers_gru._masks([(100, 50), (30, 100)], dropout, raw(np.zeros(1, np.float32)))
    for mask, shape in zip(masks, [(100, 50), (30, 100)], strict=True):
        assert mask.shape == shape
        assert mask.dtype == raw(np.zeros(1, np.float32)).dtype
        np.testing.assert_allclose(np.unique(host(mask)), [0.0, 1 / (1 - dropout)], rtol=1e-6)
        assert abs((host(mask) == 0).mean() - dropout) < 0.03
        assert abs(host(mask).mean() - 1) < 0.1


def test_dropout_is_the_same_in_every_step() -> None:
    """One mask for each projection of the input, and one for each weight of the state."""
    a = operands(T=4, N=3, D=4)
    masks, _, s = dropped_out(a, 0.4)
    X, Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh, state = a
    states = [state]
    for x in X:
        z = 1 / (1 + np.exp(-(x @ Uz * masks[0] + state @ (Wz * masks[3]) + bz)))
        r = 1 / (1 + np.exp(-(x @ Ur * masks[1] + state @ (Wr * masks[4]) + br)))
        h = np.tanh(x @ Uh * masks[2] + (r * state) @ (Wh * masks[5]) + bh)
        state = (1 - z) * h + z * state
        states.append(state)
    np.testing.assert_allclose(host(s), np.stack(states), rtol=1e-12)


def test_gradients_with_dropout() -> None:
    def dropped(*a: Any) -> Any:
        # Masks of the host, so that the oracle and every backend use the same ones.
        rng = np.random.default_rng(3)
        draws = [np.where(rng.random((2, 3)) < 0.6, 1 / 0.6, 0.0) for _ in range(3)]
        return layers_gru.gru_states(*a, [mg.asarray(mg.tensor(m)) for m in draws])

    check_gradients(dropped, operands())
    check_second_derivatives(dropped, operands(2, 2, 1, 3))


def test_dropped_weights_get_no_gradient() -> None:
    masks, leaves, s = dropped_out(operands(T=2, N=4, D=6), 0.5)
    s.backward()
    for t, mask in zip((leaves[2], leaves[5], leaves[8]), masks[3:], strict=True):
        np.testing.assert_array_equal(host(t.grad) != 0, mask != 0)


@pytest.mark.numpy_only("other backends draw other numbers")
def test_a_seed_gives_what_it_gave_in_mygrad_2() -> None:
    """Recorded with MyGrad 2.5.0."""

    def ramp(*shape: int, less: float) -> Any:
        return mg.tensor(np.arange(1.0, 1 + np.prod(shape)).reshape(shape) / 4 - less)

    X = mg.tensor([[[0.5]], [[-1.0]]])
    U = [ramp(1, 2, less=v) for v in (0.3, 0.6, 0.9)]
    W = [ramp(2, 2, less=v) for v in (0.5, 0.2, 0.7)]
    b = [ramp(2, less=v) for v in (0.1, 0.4, 0.5)]
    s0 = np.array([[0.5, -0.5]])
    np.random.seed(7)
    gates = [t for group in zip(U, W, b, strict=True) for t in group]
    s = gru(X, *gates, s0=s0, bp_lim=0, dropout=0.4)
    s.backward()
    recorded = [
        (s.data, [[[0.5, -0.5]], [[0.00594088, -0.4496621]], [[-0.1242721, 0.03098743]]]),
        (X.grad, [[[-0.27711711]], [[-0.24401828]]]),
        (U[0].grad, [[0.0635001, 0.0]]),
        (U[1].grad, [[-0.03145526, 0.0]]),
        (U[2].grad, [[0.0, -0.24406347]]),
        (W[0].grad, [[0.17502926, -0.02320899], [-0.22422485, 0.20318417]]),
        (W[1].grad, [[0.0, 0.0], [0.03268235, 0.04160116]]),
        (W[2].grad, [[0.12344038, 0.0], [-0.2807953, -0.22910529]]),
    ]
    for got, want in recorded:
        np.testing.assert_allclose(got, want, atol=2e-8)


# --- derivatives of derivatives ----------------------------------------------------------------
def test_second_derivatives() -> None:
    check_second_derivatives(gru, operands(2, 2, 1, 2))


def test_second_derivatives_with_some_constants() -> None:
    X, *a, s0 = operands(2, 2, 1, 2)
    check_second_derivatives(lambda *v: gru(raw(X), *v, s0=raw(s0)), a)


@pytest.mark.parametrize("bp_lim", [None, 0, 1])
def test_create_graph_gives_the_same_gradients(bp_lim: int | None) -> None:
    a = operands()
    seed = weights()
    leaves = [mg.tensor(v) for v in a]
    gru(*leaves, bp_lim=bp_lim).backward(raw(seed), create_graph=True)
    wanted = gradients(lambda *v: gru(*v, bp_lim=bp_lim), a, seed)
    for t, want in zip(leaves, wanted, strict=True):
        assert isinstance(t.grad, mg.Tensor)
        np.testing.assert_allclose(host(t.grad), want, rtol=1e-10, atol=1e-13)


def test_hessian() -> None:
    """All second derivatives by the weights of the state, against differences of gradients."""
    a = operands(3, 2, 2, 2)

    def loss(W: Any) -> Any:
        rest = [raw(v) for v in a]
        return mg.sum(gru(*rest[:8], W, *rest[9:]) ** 2)

    def slope(W: Array) -> Array:
        return gradients(loss, [W])[0].reshape(-1)

    W = mg.tensor(a[8])
    loss(W).backward(create_graph=True)
    first, rows = mg.reshape(W.grad, (-1,)), []
    for k in range(4):
        W.null_grad()
        first[k].backward(create_graph=True)
        rows.append(host(W.grad).reshape(-1))
    step = 1e-5 * np.eye(4).reshape(4, 2, 2)
    wanted = [(slope(a[8] + h) - slope(a[8] - h)) / 2e-5 for h in step]
    np.testing.assert_allclose(rows, wanted, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(rows, np.transpose(rows), rtol=1e-9, atol=1e-12)


# --- errors ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("k", "shape", "message"),
    [
        (0, (3, 2), r"X has to have shape \(T, N, C\).* and has \(3, 2\)"),
        (0, (3, 2, 5), r"Uz has to have shape \(C, D\), where C is 5 .* and has \(2, 3\)"),
        (1, (2,), r"Uz has to have shape \(C, D\)"),
        (2, (2, 3), r"Wz has to have shape \(D, D\), which is \(3, 3\) .* and has \(2, 3\)"),
        (3, (1, 3), r"bz has to have shape \(D,\), which is \(3,\) .* and has \(1, 3\)"),
        (4, (2, 4), r"Ur has to have shape \(C, D\), which is \(2, 3\)"),
        (5, (3,), r"Wr has to have shape \(D, D\)"),
        (6, (), r"br has to have shape \(D,\)"),
        (7, (3, 2), r"Uh has to have shape \(C, D\)"),
        (8, (4, 3), r"Wh has to have shape \(D, D\)"),
        (9, (2,), r"bh has to have shape \(D,\)"),
        (10, (3, 3), r"s0 has to have shape \(N, D\), which is \(2, 3\), .* and has \(3, 3\)"),
        (10, (1, 2, 3), r"s0 has to have shape \(N, D\)"),
    ],
)
def test_wrong_shapes(k: int, shape: tuple[int, ...], message: str) -> None:
    a = operands()
    a[k] = np.ones(shape)
    with pytest.raises(ValueError, match=f"gru: {message}"):
        gru(*map(mg.tensor, a))


@pytest.mark.parametrize("bp_lim", [-1, 3, 1.5, "2"])
def test_wrong_bp_lim(bp_lim: Any) -> None:
    with pytest.raises(ValueError, match=r"gru: bp_lim has .* less than the number .* which is 3"):
        gru(*map(mg.tensor, operands()), bp_lim=bp_lim)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 2])
def test_wrong_dropout(dropout: float) -> None:
    with pytest.raises(ValueError, match=r"gru: dropout, .* at least 0 and less than 1"):
        gru(*map(mg.tensor, operands()), dropout=dropout)


def test_integer_weights() -> None:
    a: list[Any] = operands()
    a[2] = np.ones((3, 3), int)
    with pytest.raises(
        TypeError, match=r"gru: .* real floating dtype, and one of them is of .*int"
    ):
        gru(*map(mg.tensor, a))
