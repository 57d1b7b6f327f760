"""Linear algebra, whose functions take stacks of matrices: the batch is one of their axes."""

from __future__ import annotations

from typing import Any

from mygrad.transforms.batching.array import BatchedArray, batch_of
from mygrad.transforms.batching.calls import Call, looped, rule

__all__: list[str] = []

Array = Any


@rule(
    *"""
    det sign_and_logarithm hermitian_factors hermitian_values eigen_factors eigen_values cholesky
    qr_factors singular_factors spectrum inv cofactors_of_any triangular_inverse pseudo_inverse
    linalg.det linalg.slogdet linalg.eigh linalg.eigvalsh linalg.eig linalg.eigvals linalg.cholesky
    linalg.qr linalg.svd linalg.svdvals linalg.inv linalg.pinv
    """.split()
)
def of_matrices(call: Call, n: int, a: Array, *params: Any, **options: Any) -> Any:
    """A function of matrices in the last two axes."""
    if len(a.shape) < 2:
        raise ValueError(f"{call.name}: matrices have two axes, and the shape is {a.shape}")
    if batch_of((*params, *options.values())) is not None:
        return looped(call, a, *params, **options)
    return call.adapter.wrapped(call(a.value, *params, **options), n)


@rule("solve", "linalg.solve", "by_minors")
def of_two(call: Call, n: int, a: Any, b: Any, *params: Any) -> Any:
    """A function of matrices, and of other matrices or vectors."""
    adapter = call.adapter
    a, b = (x if isinstance(x, BatchedArray) else adapter.asarray(x) for x in (a, b))
    if len(b.shape) == 1 and len(a.shape) >= 2:  # NumPy takes only 1-d arrays for vectors
        if call.name == "by_minors":
            return looped(call, a, b, *params)
        columns = adapter.functions.expand_dims(b, axis=-1)
        found = of_two(call, n, a, columns, *params)
        return adapter.functions.squeeze(found, axis=-1)
    if call.name == "by_minors":
        return adapter.wrapped(call(adapter.whole(a, n), adapter.whole(b, n), *params), n)
    rank = max(len(a.shape), len(b.shape))
    values = [adapter.aligned(x, rank) for x in (a, b)]
    return adapter.wrapped(call(*values, *params), n)
