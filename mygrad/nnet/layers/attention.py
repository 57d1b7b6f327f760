"""Scaled dot-product attention, as one operation.

Between the two matrix products of each direction there are but the passes over the scores that
cannot be had elsewhere: what rows are divided by divides the (shorter) rows of the result and of
its adjoint.
"""

from __future__ import annotations

from math import inf, sqrt
from numbers import Real
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import composition, tensor_namespace_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand, floating
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import floats, is_narrow, real_only
from mygrad.nnet.layers.batchnorm import in_float32
from mygrad.nnet.layers.dropout import check_probability, drawn_mask
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["scaled_dot_product_attention"]

NAME = "scaled_dot_product_attention"


def _dropped(powers: Any, kept: Any, factor: float, xp: Any) -> Any:
    return powers if kept is True else xp.where(kept, powers * factor, 0.0)


@composition
def attention_adjoints(
    g: Any, query: Any, key: Any, value: Any, kept: Any, scale: float, factor: float,
    powers: Any, total: Any, out: Any, wanted: Any, *, xp: Any,
) -> list[Any]:  # fmt: skip
    """The adjoints of queries, keys and values, and of what was added to the scores."""
    turned = xp.matrix_transpose
    g = g / total
    found: list[Any] = [None] * 4
    if wanted[2]:
        found[2] = xp.matmul(turned(_dropped(powers, kept, factor, xp)), g)
    if wanted[0] or wanted[1] or wanted[3]:
        along = xp.sum(g * out, axis=-1, keepdims=True)
        by_power = _dropped(xp.matmul(g, turned(value)), kept, factor, xp)
        by_score = powers * (by_power - along)
        if wanted[0]:
            found[0] = xp.matmul(by_score, key) * scale
        if wanted[1]:
            found[1] = xp.matmul(turned(by_score), query * scale)
        found[3] = by_score
    return found


def _adjoints(
    g: Any, query: Any, key: Any, value: Any, kept: Any, scale: float, factor: float,
    powers: Any, total: Any, out: Any, wanted: Any, xp: Any,
) -> list[Any]:  # fmt: skip
    kept = kept._data if isinstance(kept, Handle) else kept
    narrow = g.dtype if is_narrow(g, xp) else None
    if narrow is not None:
        g, query, key, value, out = in_float32((g, query, key, value, out), xp)
    found = xp.attention_adjoints(
        g, query, key, value, kept, scale, factor, powers, total, out, wanted
    )
    if narrow is None:
        return found
    return [a if a is None else xp.astype(a, narrow) for a in found]


@primitive(
    joint={("query", "key", "value", "bias"): _adjoints},
    allowed=None,
    kept=None,
    residuals=("powers", "total"),
    broadcasts="stacks",
)
def attend(
    query: Any, key: Any, value: Any, bias: Any, allowed: Any, kept: Any, scale: float,
    factor: float, *, xp: Any,
) -> Any:  # fmt: skip
    """Attention, given what is added to the scores, or a number, and masks, or True.

    `kept` is the mask of dropout, and `factor` makes up for it. Besides the result there are the
    exponentials of the scores, and what they are divided by.
    """
    if is_narrow(query, xp):
        wide = in_float32((query, key, value), xp)
        if hasattr(bias, "dtype"):
            (bias,) = in_float32((bias,), xp)
        out, *found = attend.forward(*wide, bias, allowed, kept, scale, factor, xp=xp)
        return xp.astype(out, query.dtype), *found
    scores = xp.matmul(query * scale, xp.matrix_transpose(key))
    plain = allowed is True
    if hasattr(bias, "dtype"):
        scores, plain = scores + bias, False
    if allowed is not True:
        scores = xp.where(allowed, scores, -inf)
    top = xp.max(scores, axis=-1, keepdims=True)
    if plain:
        powers = xp.exp(scores - top)
        total = xp.sum(powers, axis=-1, keepdims=True)
    else:  # rows in which nothing is allowed are 0
        powers = xp.exp(scores - xp.where(top == -inf, 0.0, top))
        total = xp.sum(powers, axis=-1, keepdims=True)
        total = xp.where(total == 0, 1.0, total)
    out = xp.matmul(_dropped(powers, kept, factor, xp), value) / total
    return out, powers, total


def _causal(allowed: Any, like: Any, length: int, keys: int) -> Any:
    """A raw mask, beside the array `like`: what is `allowed` of the keys up to each query."""
    adapter = adapter_of(like)
    assert adapter is not None
    library, device = adapter.xp, device_of(like)
    rows, columns = (library.arange(n, device=device) for n in (length, keys))
    before = library.expand_dims(rows, axis=1) >= library.expand_dims(columns, axis=0)
    return before if allowed is True else allowed & before


def _checked(operands: list[Tensor]) -> tuple[tuple[int, ...], int, int]:
    """The leading axes of the result, and how many queries and keys there are."""
    q, k, v = (tuple(t.shape) for t in operands)
    fits = min(len(q), len(k), len(v)) >= 2 and q[-1] == k[-1] and k[-2] == v[-2]
    lead: list[int] = []
    if fits:
        count = max(len(q), len(k), len(v)) - 2
        axes = zip(*((1,) * (count + 2 - len(s)) + s[:-2] for s in (q, k, v)), strict=True)
        for lengths in axes:
            several = {n for n in lengths if n != 1}
            fits = fits and len(several) <= 1
            lead.append(several.pop() if several else 1)
    if not fits:
        raise ValueError(
            f"{NAME}: query, key and value have the shapes (..., L, E), (..., S, E) and (..., S, "
            f"V), whose other axes broadcast, and these have {q}, {k} and {v}"
        )
    return tuple(lead), q[-2], k[-2]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    constant: bool | None = None,
) -> Tensor:
    r"""Means of values, weighted by how well their keys match a query.

    .. math::

        \operatorname{softmax}\left(s Q K^\top + M\right) V

    Parameters
    ----------
    query
        Q, shape (..., L, E).
    key
        K, shape (..., S, E).
    value
        V, shape (..., S, D). The leading axes of all three broadcast: batch and heads.
    attn_mask
        Booleans, True where a query may look at a key, or floats to be added to the scores, which
        gradients flow to; of a shape that broadcasts to (..., L, S).
    dropout_p
        The probability with which a weight is dropped, from 0 to 1. There is no switch for
        inference: give 0 there.
    is_causal
        Whether query i may look at the keys 0 to i alone.
    scale
        The factor s of the scores; 1 / sqrt(E) if not given.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (..., L, D). Rows of queries that may look at nothing are 0, and so are gradients
        through them.

    Raises
    ------
    ValueError
        The shapes do not go together, or an option is out of range.

    Notes
    -----
    Vaswani et al., *Attention is all you need*, NIPS 2017. Names and options are those of PyTorch's
    function, where `attn_mask` and `is_causal` exclude each other; here both count. The scores are
    kept for the backward pass, L S numbers for each head, as exponentials that are not yet divided
    by their sums.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import scaled_dot_product_attention
    >>> q, k = mg.tensor([[1.0, 0.0]]), mg.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> v = mg.tensor([[10.0], [20.0]])
    >>> scaled_dot_product_attention(q, k, v)
    Tensor([[13.30238451]])
    >>> scaled_dot_product_attention(q, k, v, is_causal=True)
    Tensor([[10.]])
    """
    p = check_probability(dropout_p, NAME, "dropout_p")
    given = (query, key, value)
    operands = [as_operand_tensor(t, given) for t in given]
    lead, length, keys = _checked(operands)
    adapter = adapter_of(operands[0]._data)
    assert adapter is not None
    on_tensors = tensor_namespace_of(adapter)
    for t in operands:
        real_only(t, on_tensors, NAME)
    operands = [floats(t, on_tensors) for t in operands]
    if scale is None:
        scale = 1 / sqrt(operands[0].shape[-1] or 1)
    elif not isinstance(scale, Real):
        raise ValueError(f"{NAME}: scale is a number, and not {scale!r}")
    like = operands[0]._data
    bias: Any = 0.0
    allowed: Any = True
    if attn_mask is not None:
        mask = as_operand(attn_mask, adapter, NAME, operands)
        shape = tuple(mask.shape)
        wanted = (*lead, length, keys)
        ends = wanted[len(wanted) - len(shape) :]
        if len(shape) > len(wanted) or any(
            n not in (1, m) for n, m in zip(shape, ends, strict=True)
        ):
            raise ValueError(
                f"{NAME}: attn_mask broadcasts to the shape of the scores, {wanted}, and its shape "
                f"is {shape}"
            )
        if adapter.xp.isdtype(mask.dtype, "bool"):
            allowed = mask
        elif floating[adapter, mask.dtype]:
            bias = attn_mask if isinstance(attn_mask, Handle) else mask
        else:
            raise TypeError(
                f"{NAME}: attn_mask has booleans, or floats to add to the scores, and this one is "
                f"of dtype {mask.dtype}"
            )
    if is_causal:
        allowed = adapter.following(_causal)(allowed, like, length, keys)
    kept: Any = True
    if p:
        kept = drawn_mask((*lead, length, keys), p, like)
    factor = 1 / (1 - p) if p < 1 else 1.0
    return attend(*operands, bias, allowed, kept, float(scale), factor, constant=constant)
