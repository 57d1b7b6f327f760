"""Layers: what they do with a batch of their own, they do with that of vmap, too."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.namespace import namespace_of
from mygrad.transforms.batching.array import BatchedArray
from mygrad.transforms.batching.calls import Call, rule

__all__: list[str] = []

Array = Any


def _is_batched(x: Any) -> bool:
    return isinstance(x, BatchedArray) and x.n is not None


def _value(x: Any) -> Any:
    return x.value if isinstance(x, BatchedArray) else x


def _folded(call: Call, x: Array) -> Any:
    """What is inside, with the examples along the first axis of each."""
    shape = (x.n * x.shape[0], *x.shape[1:])
    return call.adapter.space(x.value).reshape(x.value, shape)


def _unfolded(call: Call, out: Any, n: int, first: int) -> Array:
    shape = (n, first, *out.shape[1:])
    return call.adapter.wrapped(call.adapter.space(out).reshape(out, shape), n)


def _composed(call: Call, *args: Any) -> Any:
    return call.primitive.forward(*args, xp=namespace_of(call.adapter))


@rule("conv_nd")
def convolved(call: Call, n: int, x: Any, filters: Any, *params: Any) -> Any:
    """Convolution: inputs of all examples go through filters that they have in common."""
    if not _is_batched(filters):
        return _unfolded(call, call(_folded(call, x), _value(filters), *params), n, x.shape[0])
    if not _is_batched(x):  # the filters of all examples are one bank
        out = call(_value(x), _folded(call, filters), *params)
        shape = (out.shape[0], n, filters.shape[0], *out.shape[2:])
        space = call.adapter.space(out)
        return call.adapter.wrapped(space.moveaxis(space.reshape(out, shape), 1, 0), n)
    return _composed(call, x, filters, *params)


@rule("conv_input_gradient")
def input_gradients(call: Call, n: int, g: Any, filters: Any, shape: Any, *params: Any) -> Any:
    """The adjoint of the input, by filters that all examples have in common."""
    if _is_batched(filters) or not _is_batched(g):
        return _composed(call, g, filters, shape, *params)
    folded = (n * shape[0], *shape[1:])
    out = call(_folded(call, g), _value(filters), folded, *params)
    return _unfolded(call, out, n, shape[0])


@rule("conv_filter_gradient")
def filter_gradients(call: Call, n: int, x: Any, g: Any, shape: Any, *params: Any) -> Any:
    """The adjoint of the filters: for an input in common, those of all examples are one bank."""
    if _is_batched(x):
        return _composed(call, x, g, shape, *params)
    space = call.adapter.space(g.value)
    rows = space.moveaxis(g.value, 0, 1)  # (N, n, F, ...)
    rows = space.reshape(rows, (g.shape[0], n * g.shape[1], *g.shape[2:]))
    out = call(_value(x), rows, (n * shape[0], *shape[1:]), *params)
    return _unfolded(call, out, n, shape[0])


@rule("max_pool")
def pooled(call: Call, n: int, x: Array, pool: Any, stride: Any) -> Any:
    """Maxima of windows that slide over the last axes."""
    if not isinstance(pool, tuple) or len(pool) > len(x.shape):
        return _composed(call, x, pool, stride)  # which says what is wrong
    return call.adapter.wrapped(call(x.value, pool, stride), n)


@rule("max_unpool", "max_picked")
def unpooled(call: Call, n: int, *args: Any) -> Any:
    """The adjoint of pooling, and that of this."""
    adapter = call.adapter
    *arrays, pool, stride = args
    lifted = [x if isinstance(x, BatchedArray) else adapter.asarray(x) for x in arrays]
    return adapter.wrapped(call(*(adapter.whole(x, n) for x in lifted), pool, stride), n)
