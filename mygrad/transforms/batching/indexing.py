"""Reading and writing parts of batched arrays.

The axis of the batch stands before those of an index: as a slice, or, where what arrays select is
another thing for each example, as an array of the numbers of the examples.
"""

from __future__ import annotations

from math import prod
from typing import Any

from mygrad.autodiff.operands import SCALARS
from mygrad.tensors.base import Tensor
from mygrad.transforms.batching.array import BatchDependence, BatchedArray, batch_of, opened
from mygrad.transforms.batching.calls import Call, looped, rule

__all__ = ["Places"]

Array = Any
ALL = slice(None)
BASIC = frozenset((int, slice, type(None), type(...)))


class Places:
    """What an index selects of arrays of one shape.

    Attributes
    ----------
    index
        The index of what is inside.
    moved
        Where the axis of the batch, or those that arrays select, end up, and where they belong:
        (source, destination) of ``moveaxis``; None where they are there.
    n
        How many examples what is selected has; None where it is the same for all.
    mask
        A mask that is another one for each example, and so cannot be an index.
    """

    def __init__(self, adapter: Any, index: Any, shape: tuple[int, ...], n: int | None) -> None:
        self.adapter, self.shape, self.n = adapter, shape, n
        items = index if isinstance(index, tuple) else (index,)
        self.moved: Any = None
        self.mask: Any = None
        if all(type(i) in BASIC for i in items):
            self.plain = True
            self.index = items if ... in items else (*items, ...)
            if n is not None:
                self.index = (ALL, *self.index)
            return
        items = tuple(i._data if isinstance(i, Tensor) else i for i in items)
        arrays = [i for i in items if _is_array(i)]
        batched = [i for i in arrays if isinstance(i, BatchedArray) and i.n is not None]
        if n is None or not arrays:
            kept = tuple(i.value if isinstance(i, BatchedArray) else i for i in items)
            kept = kept if any(i is ... for i in kept) else (*kept, ...)
            self.plain = not arrays
            self.index = kept if n is None else (ALL, *kept)
            return
        self.plain = False
        if any(_is_mask(i, adapter) for i in batched):
            if len([i for i in items if i is not ...]) > 1:
                raise BatchDependence(_MASK.format("among other indices"))
            (self.mask,) = batched
            return
        self._with_arrays(items, batched)

    def _with_arrays(self, items: tuple[Any, ...], batched: list[Any]) -> None:
        adapter, n = self.adapter, self.n
        groups, inside, rank = 0, False, 0
        front = True
        before = 0  # axes of the result before those that the arrays select
        for item in items:
            if _is_array(item) or isinstance(item, int):
                groups += not inside
                inside = True
                ndim = getattr(item, "ndim", 0)
                rank = max(rank, 1 if _is_mask(item, adapter) else ndim)
            else:
                if not groups:
                    front = False
                    before += self._hidden(items) if item is ... else 1
                inside = False
        values = [i.value if isinstance(i, BatchedArray) else i for i in items]
        if not any(i is ... for i in values):
            values.append(...)
        if not batched:  # the same places in each example
            self.index = (ALL, *values)
            if groups > 1:  # then they come first
                self.moved = (rank, 0)
            return
        for k, item in enumerate(items):
            if isinstance(item, BatchedArray) and item.n is not None:
                values[k] = adapter.aligned(item, rank)
            elif _is_mask(item, adapter):
                raise BatchDependence(_MASK.format("beside indices of a batch"))
        home = batched[0]
        numbers = adapter.inner.xp.arange(n, device=_device(adapter, home))
        numbers = adapter.inner.xp.reshape(numbers, (n, *(1,) * rank))
        self.index = (_raw(numbers), *[_raw(v) for v in values])
        if groups == 1 and not front:
            self.moved = (tuple(range(1, 1 + rank)), tuple(range(1 + before, 1 + before + rank)))

    def _hidden(self, items: tuple[Any, ...]) -> int:
        """How many axes an ``...`` stands for."""
        named = 0
        for item in items:
            if item is not ... and item is not None:
                named += item.ndim if _is_mask(item, self.adapter) else 1
        return len(self.shape) - named

    # --- reading ----------------------------------------------------------------------------------
    def read(self, array: Array) -> Array:
        """``array[index]``."""
        if self.mask is not None:
            raise BatchDependence(_MASK.format("read"))
        value = array.value if self.plain else self._whole(array)
        index = self.index
        if array.n is None and self.plain and self.n is not None:
            index = index[1:]
        n = self.n if array.n is not None or not self.plain else None
        found = value[index]
        if self.moved is not None:
            found = self.adapter.space(found).moveaxis(found, *self.moved)
        return self.adapter.wrapped(found, n)

    def _whole(self, array: Array) -> Any:
        return array.value if self.n is None else self.adapter.whole(array, self.n)

    # --- writing ----------------------------------------------------------------------------------
    def write(self, target: Array, value: Any, adds: bool) -> Array:
        """`target` with `value` in these places, or added to them."""
        adapter, n = self.adapter, self.n
        if self.mask is not None:
            return self._chosen(target, value, adds)
        inner = adapter.inner
        new = value
        inside: Any
        if isinstance(value, BatchedArray):
            if self.index[-1] is ... and len(self.index) <= 2 and self.plain and not adds:
                if value.shape == target.shape and value.dtype == target.dtype:
                    if target.lies is None and (value.n is not None or n is None):
                        return adapter.kind(value.value, value.n)
            new = self._fitted(target, value)
        on_tensors = isinstance(target.value, Tensor) or isinstance(new, Tensor)
        fresh = target
        if n is not None and target.n is None:
            fresh = adapter.spread(target, n) if target.lies is not None else None
            inside = adapter.whole(target, n) if fresh is None else fresh.value
        else:
            inside = target.value
        if on_tensors:
            if target.lies is not None:
                inside = adapter.duplicate(inside)
            else:
                inside = inside.copy() if isinstance(inside, Tensor) else inner.copy(inside)
            inside = adapter.variable(inside)
            if adds:
                inside.scatter_add(self.index, new)
            else:
                inside[self.index] = new
            return adapter.kind(inside, n, target.lies)
        if inner.has_views:
            if target.lies is not None:
                inside = adapter.duplicate(inside)
            else:
                inside = inner.xp.asarray(inside, copy=True)
        write = inner.scatter_add if adds else inner.assign
        return adapter.kind(write(inside, self.index, new), n, target.lies)

    def _fitted(self, target: Array, value: Array) -> Any:
        """What is inside of a value, so that it broadcasts against what is selected inside."""
        adapter, n = self.adapter, self.n
        new = value.value
        if n is None or (value.n is None and self.moved is None):
            return new
        rank = self._rank(target)
        extra = len(value.shape) - rank
        if extra > 0 and value.shape[:extra] == (1,) * extra:  # which NumPy drops
            value = adapter.functions.reshape(value, value.shape[extra:])
        if value.n is None:
            new = value.value
            missing = rank - len(value.shape)
            new = adapter.space(new).reshape(new, (1,) * (missing + 1) + value.shape)
        else:
            new = adapter.aligned(value, rank)
        if self.moved is not None:
            source, destination = self.moved
            new = adapter.space(new).moveaxis(new, destination, source)
        return new

    def _rank(self, target: Array) -> int:
        """How many axes one example of what is selected has."""
        small = adapter_zeros(self.adapter, (self.n or 0, *target.shape))
        return len(small[self.index].shape) - 1

    def _chosen(self, target: Array, value: Any, adds: bool) -> Array:
        """A write where a mask holds that is another one for each example."""
        xp, mask = self.adapter.functions, self.mask
        behind = len(target.shape) - len(mask.shape)
        if mask.shape != target.shape[: len(mask.shape)]:
            raise IndexError(
                f"a mask of shape {mask.shape} does not go with an array of shape {target.shape}"
            )
        if len(getattr(value, "shape", ())) > behind:
            raise BatchDependence(
                _MASK.format("written to, with a value for each place that it selects,")
            )
        if type(value) in SCALARS:
            device = self.adapter.device(target)
            value = self.adapter.inner.asarray(value, device=device)
            value = self.adapter.lift(value)
        value = xp.astype(value, target.dtype)
        mask = xp.reshape(mask, (*mask.shape, *(1,) * behind))
        return xp.where(mask, target + value if adds else value, target)

    # --- repeated places --------------------------------------------------------------------------
    def last(self) -> Any:
        """Which of the places stay where they repeat; None if none can."""
        adapter = self.adapter
        if self.mask is not None:
            return None
        shape = self.shape if self.n is None else (self.n, *self.shape)
        found = adapter.inner.last_occurrences(self.index, shape)
        if found is None:
            return None
        if self.moved is not None:
            found = adapter.inner.xp.moveaxis(found, *self.moved)
        return adapter.wrapped(found, self.n)


def adapter_zeros(adapter: Any, shape: tuple[int, ...]) -> Any:
    """An array of the library, to look at what an index selects."""
    xp = adapter.inner.xp
    return xp.broadcast_to(xp.zeros((), dtype=xp.bool), shape)


def _is_array(item: Any) -> bool:
    return hasattr(item, "shape") and hasattr(item, "dtype")


def _is_mask(item: Any, adapter: Any) -> bool:
    return _is_array(item) and adapter.inner.xp.isdtype(item.dtype, "bool")


def _device(adapter: Any, array: Any) -> Any:
    value = array.value
    while isinstance(value, (BatchedArray, Tensor)):
        value = value.value if isinstance(value, BatchedArray) else value._data
    return getattr(value, "device", None)


def _raw(value: Any) -> Any:
    return value._data if isinstance(value, Tensor) else value


_MASK = (
    "a mask that is another one for each example of a batch is {} here; how many places it selects "
    "is so, too, and arrays have one shape. Write a number (or a value that broadcasts behind the "
    "mask), `x[mask] = 0.0`, or choose by mg.where(mask, a, b)"
)


# --- functions ------------------------------------------------------------------------------------
@rule("gathered")
def gathered(call: Call, n: int, array: Array, index: Any) -> Any:
    return array[index], index


@rule("take")
def taken(call: Call, n: int, a: Array, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    """Places along an axis, that are the same for all examples or not."""
    adapter, xp = call.adapter, call.adapter.functions
    if not isinstance(a, BatchedArray):
        a = adapter.lift(a)
    if axis is None:
        a, axis = xp.reshape(a, (prod(a.shape),)), 0
    axis = axis % max(len(a.shape), 1)
    if isinstance(indices, BatchedArray) and indices.n is not None:
        if mode != "raise":
            m = a.shape[axis]
            indices = xp.clip(indices, 0, max(m - 1, 0)) if mode == "clip" else indices % max(m, 1)
        if a.n is None and a.shape:
            return _taken_in_common(adapter, n, a, indices, axis)
        return a[(*(ALL,) * axis, indices, ...)]
    places = indices.value if isinstance(indices, BatchedArray) else indices
    if call.primitive is None:
        found = adapter.space(a.value).take(a.value, places, axis=axis + 1)
    else:
        found = call(a.value, places, axis + 1, mode)
    return adapter.wrapped(found, n)


def _taken_in_common(adapter: Any, n: int, a: Array, indices: Array, axis: int) -> Array:
    """Places, another one for each example, in an array that all of them share: taken at once."""
    space, places = adapter.space(a.value), adapter.space(indices.value)
    shape = (*a.shape[:axis], n, *indices.shape, *a.shape[axis + 1 :])
    found = space.take(a.value, places.reshape(indices.value, (-1,)), axis=axis)
    return adapter.kind(space.moveaxis(space.reshape(found, shape), axis, 0), n)


@rule("take_along_axis")
def taken_along(call: Call, n: int, a: Any, indices: Any, axis: Any = -1) -> Any:
    """Places for each line along an axis."""
    adapter, xp = call.adapter, call.adapter.functions
    a, indices = (x if isinstance(x, BatchedArray) else adapter.asarray(x) for x in (a, indices))
    if axis is None:
        a, axis = xp.reshape(a, (prod(a.shape),)), 0
    if len(a.shape) != len(indices.shape):
        raise ValueError(
            f"the indices have {len(indices.shape)} axes, and the array has {len(a.shape)}"
        )
    axis = axis % len(a.shape) + 1
    values = [adapter.whole(a, n), adapter.whole(indices, n)]
    return adapter.wrapped(adapter.space(values[0]).take_along_axis(*values, axis=axis), n)


@rule("searchsorted")
def searched(call: Call, n: int, line: Any, values: Any, **options: Any) -> Any:
    """Where values belong in a line: in one that all examples share, all of them at once."""
    rest = [x for x in options.values() if isinstance(x, BatchedArray)]
    if rest or not isinstance(values, BatchedArray) or batch_of((line,)) is not None:
        return looped(call, line, values, **options)
    return call.adapter.wrapped(call(opened(line), values.value, **options), n)


@rule("interp", "isin", "unwrap", "histogram", "digitize", "bincount")
def one_by_one(call: Call, n: int, *args: Any, **options: Any) -> Any:
    """Searches, which the library has for one array at a time."""
    return looped(call, *args, **options)


@rule("clip")
def clipped(call: Call, n: int, x: Any, *bounds: Any, **named: Any) -> Any:
    """Elements between bounds, some of which may be missing."""
    low = named.get("min", bounds[0] if bounds else None)
    high = named.get("max", bounds[1] if len(bounds) > 1 else None)
    xp = call.adapter.functions
    if low is not None:
        x = xp.maximum(x, low)
    return x if high is None else xp.minimum(x, high)
