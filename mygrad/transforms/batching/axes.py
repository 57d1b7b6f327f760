"""Functions along axes: those of an example are one farther back where the batch comes first."""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.tensors.axes import axis_number
from mygrad.transforms.batching.array import BatchedArray, batch_of
from mygrad.transforms.batching.calls import Call, looped, rule

__all__ = ["behind", "every"]

Array = Any


def behind(axis: Any, ndim: int, name: str) -> Any:
    """An axis, or several, of an example of `ndim` axes, as those of a batch."""
    if isinstance(axis, (tuple, list)):
        return tuple(axis_number(k, ndim, name) + 1 for k in axis)
    return axis_number(axis, ndim, name) + 1


def every(ndim: int) -> tuple[int, ...]:
    """All axes of an example, as those of a batch."""
    return tuple(range(1, ndim + 1))


@rule("sum", "prod", "mean", "var", "std", "max", "min", "logsumexp", "all", "any", "length",
      "p_norm", "count_nonzero")  # fmt: skip
def reduced(call: Call, n: int, x: Array, *params: Any, axis: Any = None, **options: Any) -> Any:
    """A function that sums up axes, or does the like; without an axis, all of them."""
    rest: tuple[Any, ...] = params
    before: tuple[Any, ...] = ()
    if call.name == "p_norm":
        before, rest = params[:1], params[1:]
    if rest:
        axis, *rest = rest  # type: ignore[assignment]
    if batch_of((*before, *rest)) is not None:
        return looped(call, x, *params, **options)
    ndim = len(x.shape)
    axis = every(ndim) if axis is None else behind(axis, ndim, call.name)
    value = x.value
    if not ndim:  # the sum over no axes is not that over all
        value, axis = call.adapter.space(value).expand_dims(value, axis=1), (1,)
        keeps = options.get("keepdims") or (
            rest and call.primitive is not None and _keeps(call, rest)
        )
        if keeps:
            found = _reduced(call, value, before, axis, rest, options)
            return call.adapter.wrapped(call.adapter.space(found).squeeze(found, axis=1), n)
    return call.adapter.wrapped(_reduced(call, value, before, axis, rest, options), n)


def _reduced(
    call: Call, value: Any, before: Any, axis: Any, rest: Any, options: dict[str, Any]
) -> Any:
    if call.primitive is None:
        return call(value, *before, *rest, axis=axis, **options)
    return call(value, *before, axis, *rest, **options)


def _keeps(call: Call, rest: Any) -> bool:
    names = call.primitive.param_names
    return bool(rest[names.index("keepdims") - len(names)])


BY_LAST = frozenset(("argsort", "sort", "partition", "diff", "softmax", "logsoftmax"))
"""Functions that go along the last axis if none is named."""


@rule("argmax", "argmin", "cumsum", "cumprod", "cumulative_sum", "cumulative_prod", "argsort",
      "sort", "partition", "softmax", "logsoftmax", "diff", "median", "nansum")  # fmt: skip
def along_one(call: Call, n: int, x: Array, *params: Any, **options: Any) -> Any:
    """A function along one axis; without one, along the flattened array, or its only axis."""
    adapter, value, shape = call.adapter, x.value, x.shape
    keeps = options.pop("keepdims", False)
    before, rest = (params[:1], params[1:]) if call.name == "partition" else ((), params)
    if rest:
        axis, *rest = rest  # type: ignore[assignment]
    else:
        axis = options.pop("axis", -1 if call.name in BY_LAST else None)
    if batch_of((*before, *rest)) is not None:
        return looped(call, x, *params, **options)
    if not shape:
        value, axis = adapter.space(value).reshape(value, (n, 1)), 1
    elif axis is None and call.name in ("softmax", "logsoftmax"):
        axis = every(len(shape))
    elif axis is None:
        value, axis = adapter.space(value).reshape(value, (n, prod(shape))), 1
        shape = (1,) * len(shape)
    else:
        axis = behind(axis, len(shape), call.name)
    out = adapter.wrapped(_reduced(call, value, before, axis, rest, options), n)
    if not shape and call.name not in ("cumsum", "cumprod"):
        out = tuple(part[0, ...] for part in out) if isinstance(out, tuple) else out[0, ...]
    elif keeps:
        shape = tuple(1 if k == axis else m for k, m in enumerate(shape, 1))
        out = adapter.functions.reshape(out, shape)
    return out


@rule("dft", "real_dft", "hermitian_dft")
def transformed(call: Call, n: int, x: Array, axes: Any, *params: Any) -> Any:
    """A Fourier transform along several axes."""
    return call.adapter.wrapped(call(x.value, behind(axes, len(x.shape), call.name), *params), n)


@rule("fft.fft", "fft.ifft", "fft.rfft", "fft.irfft", "fft.hfft", "fft.ihfft")
def transformed_along(call: Call, n: int, x: Array, *params: Any, axis: int = -1, **kw: Any) -> Any:
    """A Fourier transform along one axis, by name."""
    axis = behind(axis, len(x.shape), call.name)
    return call.adapter.wrapped(call(x.value, *params, axis=axis, **kw), n)


@rule("fft.fftn", "fft.ifftn", "fft.rfftn", "fft.irfftn")
def transformed_over(
    call: Call, n: int, x: Array, *, s: Any = None, axes: Any = None, **kw: Any
) -> Any:
    """A Fourier transform along several axes, by name."""
    if axes is None:
        axes = tuple(range(-len(x.shape if s is None else s), 0))
    axes = behind(tuple(axes), len(x.shape), call.name)
    return call.adapter.wrapped(call(x.value, s=s, axes=axes, **kw), n)


@rule("fft.fftshift", "fft.ifftshift")
def shifted(call: Call, n: int, x: Array, *, axes: Any = None) -> Any:
    """The halves of axes in another order."""
    axes = every(len(x.shape)) if axes is None else behind(axes, len(x.shape), call.name)
    return call.adapter.wrapped(call(x.value, axes=axes), n)


@rule("vecdot")
def vector_product(call: Call, n: int, a: Array, b: Array, *, axis: int = -1) -> Any:
    """Products of vectors along one axis that counts from the end."""
    if axis >= 0:
        return looped(call, a, b, axis=axis)
    adapter = call.adapter
    rank = max(len(a.shape), len(b.shape))
    values = [adapter.aligned(x, rank) if isinstance(x, BatchedArray) else x for x in (a, b)]
    return adapter.wrapped(call(*values, axis=axis), n)
