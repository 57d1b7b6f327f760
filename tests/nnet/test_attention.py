"""Attention: against PyTorch, against differences, masks, far scores, float16, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_second_derivatives, host, raw
from hypothesis import given, settings
from hypothesis import strategies as st

import mygrad as mg
from mygrad.nnet.layers import scaled_dot_product_attention as attention

no_float16 = pytest.mark.skip_on("array-api-strict", "has no float16")
MASK = np.random.default_rng(7).random((3, 4)) < 0.7
MASK[:, 0] = True


def operands(lead: Any, lengths: tuple[int, int, int, int], seed: int = 0) -> list[Any]:
    count, keys, size, width = lengths
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=(*axes, *shape))
        for axes, shape in zip(lead, ((count, size), (keys, size), (keys, width)), strict=True)
    ]


def written_out(q: Any, k: Any, v: Any, mask: Any, scale: float) -> Any:
    """In NumPy, in float64."""
    scores = scale * (q @ np.swapaxes(k, -1, -2))
    scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True) @ v


# --- against PyTorch -----------------------------------------------------------------------------
@pytest.mark.parametrize("lead", [((), (), ()), ((2,), (2,), (2,)), ((2, 2),) * 3])
@pytest.mark.parametrize(
    "options",
    [{}, {"is_causal": True}, {"scale": 0.7}, {"attn_mask": MASK}],
    ids=["plain", "causal", "scaled", "masked"],
)
def test_attention_against_torch(lead: Any, options: dict[str, Any]) -> None:
    oracle = pytest.importorskip("torch_oracle")
    torch, F = oracle.torch, oracle.F
    ours, theirs = dict(options), dict(options)
    if "attn_mask" in options:
        ours["attn_mask"], theirs["attn_mask"] = raw(MASK), torch.tensor(MASK)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        oracle.agree(
            lambda q, k, v: attention(q, k, v, **ours),
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, **theirs),
            *operands(lead, (3, 4, 2, 5)),
        )


def test_what_is_added_to_scores_against_torch() -> None:
    oracle = pytest.importorskip("torch_oracle")
    torch, F = oracle.torch, oracle.F
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        oracle.agree(
            lambda q, k, v, m: attention(q, k, v, m),
            lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m),
            *operands([(2, 2)] * 3, (3, 4, 2, 5)),
            np.random.default_rng(3).normal(size=(2, 1, 3, 4)),
        )


# --- against differences -------------------------------------------------------------------------
@settings(max_examples=min(12, settings.default.max_examples))
@given(data=st.data())
def test_attention_of_any_shape(data: st.DataObject) -> None:
    lengths = data.draw(st.tuples(*[st.integers(1, 3)] * 4), "lengths")
    axes = data.draw(st.lists(st.integers(1, 2), max_size=2), "lead")
    lead = [
        tuple(data.draw(st.sampled_from([n, 1])) for n in axes[data.draw(st.integers(0, 1)) :])
        for _ in range(3)
    ]
    causal = data.draw(st.booleans(), "causal")
    arrays = operands(lead, lengths)
    if data.draw(st.booleans(), "biased"):
        arrays.append(np.random.default_rng(1).normal(size=(lengths[0], 1)))
    check_second_derivatives(lambda *a: attention(*a, is_causal=causal), arrays)


# --- masks ---------------------------------------------------------------------------------------
def test_rows_that_may_look_at_nothing() -> None:
    q, k, v = (mg.tensor(a) for a in operands([()] * 3, (2, 3, 2, 2)))
    for mask in (
        np.array([[True, False, True], [False] * 3]),
        np.array([[0.0, -np.inf, 0.0], [-np.inf] * 3]),
    ):
        y = attention(q, k, v, raw(mask))
        want = written_out(host(q)[:1], host(k), host(v), mask[:1], 0.5**0.5)
        np.testing.assert_allclose(host(y), [*want, [0, 0]])
        y.backward(create_graph=True)
        assert host(q.grad)[1].tolist() == [0, 0]
        (q.grad**2).sum().backward()
        for t in (q, k, v):
            assert np.isfinite(host(t.grad)).all()
            t.null_grad()


def test_a_mask_and_causality_both_count() -> None:
    q, k, v = operands([()] * 3, (3, 3, 2, 2))
    mask = np.array([[True, True, True], [False, True, True], [True, False, True]])
    y = attention(mg.tensor(q), k, v, raw(mask), is_causal=True)
    np.testing.assert_allclose(
        host(y), written_out(q, k, v, mask & np.tri(3, dtype=bool), 0.5**0.5)
    )


@pytest.mark.parametrize("dtype", [pytest.param("float16", marks=no_float16), "float32"])
def test_scores_that_are_far_apart(dtype: str) -> None:
    """Products that float16 has no numbers for, and shares of nearly 1 and 0."""
    q, k, v = (100 * a for a in operands([(2,)] * 3, (5, 6, 8, 3)))
    q, k, v = (a.astype(dtype) for a in (q, k, v))
    leaves = [mg.tensor(a) for a in (q, k, v)]
    y = attention(*leaves)
    y.backward()
    exact = written_out(*(a.astype(float) for a in (q, k, v)), np.array(True), 8**-0.5)
    eps = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(host(y).astype(float), exact, atol=8 * eps * abs(v).max())
    for t in leaves:
        assert t.grad.dtype == t.dtype == y.dtype
        assert np.isfinite(host(t.grad)).all()


def test_dropout_of_weights() -> None:
    q, k = mg.zeros((40, 2), dtype="float64"), mg.zeros((50, 2), dtype="float64")
    v = mg.tensor(np.eye(50))
    mg.random.seed(0)
    y = attention(q, k, v, dropout_p=0.25)
    weights = host(y)
    assert set(np.unique(weights).round(12).tolist()) == {0.0, round(1 / 50 / 0.75, 12)}
    assert abs((weights == 0).mean() - 0.25) < 0.03
    mg.random.seed(0)
    np.testing.assert_array_equal(host(attention(q, k, v, dropout_p=0.25)), weights)
    seed = np.random.default_rng(0).normal(size=(40, 50))
    y.backward(raw(seed))
    np.testing.assert_allclose(host(v.grad), weights.T @ seed, rtol=1e-12)
    arrays = operands([()] * 3, (3, 4, 2, 2))

    def seeded(*a: Any) -> Any:
        mg.random.seed(1)
        return attention(*a, dropout_p=0.4)

    if mg.backends.selected_adapter().name == "numpy":  # the oracle draws NumPy's numbers
        check_second_derivatives(seeded, arrays)
    assert host(attention(*arrays, dropout_p=1.0)).tolist() == [[0, 0]] * 3


def test_some_operands_are_constant() -> None:
    arrays = operands([()] * 3, (3, 4, 2, 5))
    whole = [mg.tensor(a) for a in arrays]
    attention(*whole).backward()
    for k in range(3):
        part = [mg.tensor(a, constant=j != k) for j, a in enumerate(arrays)]
        attention(*part).backward()
        np.testing.assert_allclose(host(part[k].grad), host(whole[k].grad), rtol=1e-12)
        assert all(t.grad is None for j, t in enumerate(part) if j != k)


@pytest.mark.parametrize(
    ("shapes", "options", "error"),
    [
        (((3,), (4, 3), (4, 2)), {}, ValueError),
        (((2, 3), (4, 2), (4, 2)), {}, ValueError),
        (((2, 3), (4, 3), (5, 2)), {}, ValueError),
        (((2, 2, 3), (3, 4, 3), (4, 2)), {}, ValueError),
        (((2, 3), (4, 3), (4, 2)), {"attn_mask": np.ones((4, 2))}, ValueError),
        (((2, 3), (4, 3), (4, 2)), {"attn_mask": np.ones((1, 2, 4))}, ValueError),
        (((2, 3), (4, 3), (4, 2)), {"attn_mask": np.ones((2, 4), int)}, TypeError),
        (((2, 3), (4, 3), (4, 2)), {"dropout_p": 2}, ValueError),
        (((2, 3), (4, 3), (4, 2)), {"scale": "large"}, ValueError),
    ],
)
def test_what_attention_refuses(shapes: Any, options: Any, error: Any) -> None:
    options = {k: raw(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    with pytest.raises(error, match="scaled_dot_product_attention: "):
        attention(*(mg.ones(s) for s in shapes), **options)
