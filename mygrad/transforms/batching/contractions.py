"""Sums of products: the batch is one more axis that the operands have in common."""

from __future__ import annotations

from typing import Any

from mygrad.transforms.batching.array import BatchedArray
from mygrad.transforms.batching.calls import Call, rule

__all__: list[str] = []

Array = Any


@rule("matmul")
def matrix_product(call: Call, n: int, a: Any, b: Any) -> Any:
    """Products of matrices and vectors, of which stacks broadcast."""
    adapter = call.adapter
    a, b = (x if isinstance(x, BatchedArray) else adapter.asarray(x) for x in (a, b))
    left, right = len(a.shape), len(b.shape)
    if not (left and right):
        raise ValueError("matmul: the operands need at least one axis each")
    if b.n is None and right == 2 and left == 2:  # one product of a large matrix is faster
        m, k = a.shape
        out = call(adapter.space(a.value).reshape(a.value, (n * m, k)), b.value)
        return adapter.wrapped(adapter.space(out).reshape(out, (n, m, b.shape[1])), n)
    x, y = a.value, b.value
    if left == 1 and a.n is not None:
        if right <= 2 and b.n is None:
            return adapter.wrapped(call(x, y), n)
        x = adapter.space(x).expand_dims(x, axis=1)
    elif left == 1 and right > 1:
        return adapter.wrapped(call(x, y), n)
    if right == 1 and b.n is not None:
        if left == 1 and a.n is None:
            return adapter.wrapped(call(y, x), n)
        y = adapter.space(y).expand_dims(y, axis=-1)
    rank = max(left, right, 2)
    x = _stacked(adapter, x, max(left, 2), rank) if a.n is not None else x
    y = _stacked(adapter, y, max(right, 2), rank) if b.n is not None else y
    out = call(x, y)
    if left == 1 and a.n is not None:
        out = adapter.space(out).squeeze(out, axis=-2)
    if right == 1 and b.n is not None:
        out = adapter.space(out).squeeze(out, axis=-1)
    return adapter.wrapped(out, n)


def _stacked(adapter: Any, value: Any, rank: int, wanted: int) -> Any:
    """What is inside, with axes of length 1 behind the batch where stacks have more axes."""
    if rank == wanted:
        return value
    shape = (value.shape[0], *(1,) * (wanted - rank), *value.shape[1:])
    return adapter.space(value).reshape(value, shape)


@rule("sum_of_products")
def sum_of_products(call: Call, n: int, *args: Any) -> Any:
    """An einsum: the batch is one more letter."""
    *factors, subscripts = args
    if len(factors) == 1 and isinstance(factors[0], (tuple, list)):
        factors = list(factors[0])
    adapter = call.adapter
    inputs, output = subscripts.split("->")
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    batch = next(letter for letter in letters if letter not in subscripts)
    terms, values = [], []
    for term, x in zip(inputs.split(","), factors, strict=True):
        is_batched = isinstance(x, BatchedArray) and x.n is not None
        terms.append(batch + term if is_batched else term)
        values.append(x.value if isinstance(x, BatchedArray) else x)
    return adapter.wrapped(call(tuple(values), f"{','.join(terms)}->{batch}{output}"), n)


@rule("take_diagonals")
def diagonals(call: Call, n: int, x: Array, subscripts: str, target: str) -> Any:
    """Diagonals, named by letters."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    batch = next(letter for letter in letters if letter not in subscripts)
    return call.adapter.wrapped(call(x.value, batch + subscripts, batch + target), n)


@rule("tensordot")
def tensor_product(call: Call, n: int, a: Array, b: Array, *, axes: Any = 2) -> Any:
    """Sums over pairs of axes."""
    xp = call.adapter.functions
    pairs: list[Any]
    if isinstance(axes, int):
        pairs = [range(len(a.shape) - axes, len(a.shape)), range(axes)]
    else:
        pairs = [[k % len(x.shape) for k in of] for x, of in zip((a, b), axes, strict=True)]
    left, right = (tuple(p) for p in pairs)
    rows = tuple(k for k in range(len(a.shape)) if k not in left)
    columns = tuple(k for k in range(len(b.shape)) if k not in right)
    shape = tuple(a.shape[k] for k in rows), tuple(b.shape[k] for k in columns)
    x = xp.reshape(xp.permute_dims(a, rows + left), (_size(shape[0]), -1))
    y = xp.reshape(xp.permute_dims(b, right + columns), (-1, _size(shape[1])))
    return xp.reshape(xp.matmul(x, y), shape[0] + shape[1])


def _size(shape: tuple[int, ...]) -> int:
    found = 1
    for m in shape:
        found *= m
    return found
