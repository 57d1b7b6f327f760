"""The adapter of batched arrays: they are an array library, whose functions are batched ones.

There is one for each library, and one for each of these in turn, for a vmap inside of another. It
is the adapter of arrays that never change: a write returns the array that takes the place of the
one that was written to. An array that is the same for all examples stays so until a batch meets it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from mygrad.arrays import Adapter, adapter_of, by_type, register_backend
from mygrad.arrays.immutable import ImmutableAdapter
from mygrad.autodiff.namespace import Namespace, namespace_of, tensor_namespace_of
from mygrad.autodiff.nodes import new_handle
from mygrad.autodiff.operands import SCALARS, floating
from mygrad.autodiff.views import Layout, Window, overlaps_itself
from mygrad.tensors.base import Tensor
from mygrad.transforms.batching import (  # noqa: F401 -- their rules
    axes,
    contractions,
    elementwise,
    layers,
    matrices,
    shapes,
)
from mygrad.transforms.batching.array import BatchedArray, batch_of, opened
from mygrad.transforms.batching.calls import Standard, implementation
from mygrad.transforms.batching.indexing import Places
from mygrad.transforms.batching.randomness import BatchedGenerator

__all__ = ["BatchedAdapter", "batched"]

Array = Any
Lengths = tuple[int, ...]


class BatchedAdapter(ImmutableAdapter):
    """The adapter of batches of arrays of another one.

    Attributes
    ----------
    inner
        The adapter of what is inside: of a library, or of batches itself.
    depth
        How many axes of batches there are.
    kind
        The class of its arrays.
    follows
        Whether functions of the library have to be told on which device they compute.
    functions
        The namespace that rules compute with.
    """

    def __init__(self, inner: Adapter) -> None:
        super().__init__()
        self.inner = inner
        self.name = f"vmap({inner.name})"
        self.batches = self
        self.depth: int = getattr(inner, "depth", 0) + 1
        self.follows = inner.many_devices or getattr(inner, "follows", False)
        self.kind: type[Any] = type(
            "BatchedArray", (BatchedArray,), {"adapter": self, "__slots__": ()}
        )
        self.array_types = (self.kind,)
        self.inside = (*inner.array_types, *inner.scalar_types, Tensor)
        self.xp = Standard(self)
        self._implementations: dict[Any, Any] = {}
        self._host_dtypes: dict[Any, Any] = {}

    @property
    def functions(self) -> Namespace:
        """The namespace that rules compute with."""
        return namespace_of(self)

    # --- what is inside -------------------------------------------------------------------------
    def lifts(self, adapter: Any) -> bool:
        """Whether arrays of another adapter become arrays of this one, the same for all."""
        return adapter is self.inner or (
            bool(self.inner.batches) and self.inner.batches.lifts(adapter)
        )

    def lift(self, value: Any, name: str = "an operation", into: Any = None) -> Array:
        """An array, or a tensor, of the library inside, the same for all examples.

        `into` is the adapter of the array that it is to be written into, or compared with.
        """
        if into is not None and into is not self:
            raise TypeError(
                f"{name}: a batch cannot be written into a tensor that vmap does not batch, as it "
                f"was made outside of the function and would have to hold all examples. Write into "
                f"a copy that is made inside, `t = t + mg.zeros_like(x)` or `mg.zeros(shape)`"
            )
        if type(value) is self.kind:
            return value
        theirs = adapter_of(value._data if isinstance(value, Tensor) else value)
        if theirs is self and isinstance(value, Tensor):
            return value._data
        if theirs is not None and not self.lifts(theirs):
            raise TypeError(f"{name}: arrays of {theirs.name} do not go with those of {self.name}")
        if theirs is not self.inner:
            lift = getattr(self.inner, "lift", None)
            value = self.inner.asarray(value) if lift is None else lift(value)
        return self.kind(value)

    def lifted(self, operands: tuple[Any, ...], live: int) -> tuple[tuple[Any, ...], int]:
        """The operands of a call, with those that other levels differentiate as constants here."""
        found = []
        for k, t in enumerate(operands):
            if isinstance(t, Tensor) and type(t._data) is not self.kind:
                live &= ~(1 << k)
                t = new_handle(self.lift(t), None, None, None, True)
            found.append(t)
        return tuple(found), live

    def takes(self, value: Any) -> bool:
        """Whether a value may be an operand beside arrays of this adapter."""
        if type(value) in SCALARS or type(value) is self.kind:
            return True
        theirs = None if isinstance(value, Tensor) else adapter_of(value)
        return theirs is not None and self.lifts(theirs)

    def wrapped(self, value: Any, n: int | None) -> Any:
        """What a function inside returned: arrays, in tuples maybe, as batched arrays."""
        if isinstance(value, self.inside):
            if not isinstance(value, Tensor) and type(value) not in self.inner.array_types:
                value = self.inner.asarray(value)
            return self.kind(value, n)
        if isinstance(value, tuple):
            parts = [self.wrapped(part, n) for part in value]
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        if isinstance(value, list):
            return [self.wrapped(part, n) for part in value]
        return value

    def space(self, *values: Any) -> Any:
        """The functions for what is inside: of tensors, if one of these is one."""
        if any(isinstance(value, Tensor) for value in values):
            return tensor_namespace_of(self.inner)
        return namespace_of(self.inner)

    def whole(self, array: Array, n: int) -> Any:
        """What is inside of an array, with the axis of the batch."""
        if array.n is not None:
            return array.value
        return self.space(array.value).broadcast_to(array.value, (n, *array.shape))

    def aligned(self, array: Array, rank: int) -> Any:
        """What is inside, so that it broadcasts against batches of arrays of `rank` axes."""
        missing = rank - len(array.shape)
        if array.n is None or missing <= 0:
            return array.value
        shape = (array.n, *(1,) * missing, *array.shape)
        return self.space(array.value).reshape(array.value, shape)

    # --- to and from the host, devices ----------------------------------------------------------
    def from_host(self, array: Any, device: Any = None) -> Array:
        return self.lift(self.inner.from_host(array, device))

    def to_host(self, array: Array) -> Any:
        if array.n is None:
            inside = array.value._data if isinstance(array.value, Tensor) else array.value
            return self.inner.to_host(inside)
        return array._number(None, "a number or a NumPy array")  # which says what to do

    def device(self, array: Array) -> Any:
        value = array.value
        return value.device if isinstance(value, Tensor) else self.inner.device(value)

    def parse_device(self, device: Any) -> Any:
        return self.inner.parse_device(device)

    def to_device(self, array: Array, device: Any) -> Array:
        value = array.value
        if isinstance(value, Tensor):
            return self.kind(value.to(device=device), array.n)
        return self.kind(self.inner.to_device(value, device), array.n)

    def synchronize(self) -> None:
        self.inner.synchronize()

    def check_in_place(self) -> None:
        """`a += b` makes a new array, as has_views says."""

    # --- memory ---------------------------------------------------------------------------------
    def host_dtype(self, dtype: Any) -> Any:
        """NumPy's dtype of the same name; most libraries have no others."""
        found = dtype if hasattr(dtype, "kind") else self._host_dtypes.get(dtype)
        if found is None:
            base: Any = self
            while isinstance(base, BatchedAdapter):
                base = base.inner
            found = base.to_host(base.xp.zeros((1,), dtype=dtype)).dtype
            self._host_dtypes[dtype] = found
        return found

    def strides(self, array: Array) -> Lengths:
        if array.lies is not None:
            return array.lies  # type: ignore[no-any-return]
        steps = [self.host_dtype(array.dtype).itemsize]
        for n in reversed(array.shape):
            steps.append(steps[-1] * n)
        return tuple(reversed(steps[:-1]))

    def seen(self, look: Any, shape: Lengths, strides: Lengths, dtype: Any) -> Any:
        def looked(array: Any, host: Any) -> Any:
            try:
                return look(array, host)
            except TypeError:  # it was told to convert to a dtype that NumPy does not know
                return None

        return super().seen(looked, shape, strides, self.host_dtype(dtype))

    def allocate(self, shape: Lengths, strides: Lengths, dtype: Any, device: Any) -> Array:
        memory = self.inner.allocate(shape, strides, dtype, device)
        made = self.kind(memory)
        if tuple(strides) != self.strides(made):
            made.lies = tuple(strides)
        return made

    def lying(self, array: Array, strides: Lengths) -> Array:
        """The same elements, laid out with these strides for each example."""
        if self.strides(array) == tuple(strides) or not array.size:
            return array
        device = self.device(array)
        return self.assign(self.allocate(array.shape, strides, array.dtype, device), ..., array)

    def _memory(self, array: Array, n: int | None, copies: bool) -> tuple[Any, int]:
        """What is inside, laid out as windows count, with the bytes from example to example."""
        value, lies = array.value, array.lies
        if n is not None and array.n is None:
            if lies is not None:
                array = self.spread(array, n)
                return array.value, self._strides(array.value)[0]
            value = self.whole(array, n)
        span = array.nbytes
        if lies is not None:  # made by `allocate` of the library
            if copies:
                value = self.duplicate(value)
            return value, 0 if n is None else self._strides(value)[0]
        if isinstance(value, Tensor):
            if (
                copies
                or value._window is not None
                or not _in_c_order(value._data, self.inner, array.itemsize)
            ):
                value = value.copy("C")
        elif copies and self.inner.has_views:
            value = self.inner.xp.asarray(value, copy=True)
        if not isinstance(value, Tensor) and not _in_c_order(value, self.inner, array.itemsize):
            fresh = self.inner.xp.zeros(value.shape, dtype=value.dtype, device=array.device)
            value = self.inner.assign(fresh, ..., value)
        return value, span

    def _strides(self, value: Any) -> Lengths:
        """The strides of what is inside, an array or a tensor."""
        return self.inner.strides(value._data if isinstance(value, Tensor) else value)

    def _allocated(self, value: Any, shape: Lengths, strides: Lengths) -> Any:
        """Memory of the library laid out like that, filled with an array, or a tensor for one."""
        data, inner = value._data if isinstance(value, Tensor) else value, self.inner
        memory = inner.allocate(shape, strides, data.dtype, inner.device(data))
        if not isinstance(value, Tensor):
            return inner.assign(memory, ..., value)
        t = self.variable(memory)
        t[...] = value
        return t

    def duplicate(self, value: Any) -> Any:
        """A copy of what is inside of an array that `allocate` made, with its strides."""
        return self._allocated(value, tuple(value.shape), self._strides(value))

    def spread(self, array: Array, n: int) -> Array:
        """An array that `allocate` made, the same for all examples, for `n` of them."""
        value = array.value
        strides = self._strides(value)
        steps = [abs(s) * m for s, m in zip(strides, array.shape, strict=True)]
        span = max([*steps, array.itemsize])
        memory = self._allocated(value, (n, *array.shape), (span, *strides))
        return self.kind(memory, n, array.lies)

    def window(self, array: Array, offset: int, shape: Lengths, strides: Lengths) -> Array:
        if array.uncut is not None:
            cut = self.window(self._alone(array), offset, shape, strides)
            cut.uncut = self.window(array.uncut, offset, shape, strides)
            return cut
        n = array.n
        value, span = self._memory(array, n, False)
        lengths, steps = (shape, strides) if n is None else ((n, *shape), (span, *strides))
        if 0 in lengths:
            where = {"dtype": array.dtype, "device": self.device(array)}
            return self.kind(self.inner.xp.zeros(lengths, **where), n)
        if isinstance(value, Tensor):
            layout = Layout(value._data, self.inner)
            folds = overlaps_itself(lengths, steps)
            seen = value._seen_through(Window(layout, offset, lengths, steps, folds))
            return self.kind(seen, n)
        return self.kind(self.inner.window(value, offset, lengths, steps), n)

    def put(
        self, array: Array, value: Array, offset: int, shape: Lengths, strides: Lengths, adds: bool
    ) -> Array:
        value = self.lift(value) if not isinstance(value, BatchedArray) else value
        n = batch_of((array, value))
        on_tensors = isinstance(value.value, Tensor) or isinstance(array.value, Tensor)
        inside, span = self._memory(array, n, self.inner.has_views or on_tensors)
        lengths, steps = (shape, strides) if n is None else ((n, *shape), (span, *strides))
        new = self.aligned(value, len(shape))
        lies = array.lies
        if 0 in lengths:
            pass
        elif on_tensors:
            inside = self.variable(inside)
            layout = Layout(inside._data, self.inner)
            part = inside._seen_through(Window(layout, offset, lengths, steps))
            if adds:
                part += new
            else:
                part[...] = new
        elif self.inner.has_views:
            part = self.inner.window(inside, offset, lengths, steps)
            if adds:
                part += new
            else:
                self.inner.assign(part, ..., new)
        else:
            new = self.inner.xp.broadcast_to(new, lengths)
            inside = self.inner.put(inside, new, offset, lengths, steps, adds)
        return self.kind(inside, n, lies)

    def variable(self, value: Any) -> Any:
        """A tensor for what is inside, into which variables can be written."""
        data = value._data if isinstance(value, Tensor) else value
        if not floating[self.inner, data.dtype]:
            return new_handle(data, None, None, None, True)
        if isinstance(value, Tensor) and not value._constant:
            return value
        return new_handle(data, None, None, None, False)

    # --- reading and writing --------------------------------------------------------------------
    def part(self, array: Array, index: Any) -> Array:
        """``array[index]``."""
        places = Places(self, index, array.shape, batch_of((array, _items(index))))
        found = places.read(array)
        if array.uncut is not None:
            found.uncut = places.read(array.uncut)
        return found

    def _alone(self, array: Array) -> Array:
        return self.kind(array.value, array.n, array.lies)

    def knows(self, array: Array) -> bool:
        return array.n is None and self.inner.knows(opened(array))

    def can_cast(self, source: Any, target: Any) -> bool:
        return self.inner.can_cast(source, target)

    def assign(self, target: Array, index: Any, value: Any) -> Array:
        return self._written(target, index, value, False)

    def scatter_add(self, target: Array, index: Any, values: Any) -> Array:
        return self._written(target, index, values, True)

    def _written(self, target: Array, index: Any, value: Any, adds: bool) -> Array:
        if type(value) not in SCALARS:
            value = self.lift(value)
        n = batch_of((target, value, _items(index)))
        places = Places(self, index, target.shape, n)
        found = places.write(target, value, adds)
        if target.uncut is not None:
            found.uncut = places.write(target.uncut, value, adds)
        return found

    def last_occurrences(self, index: Any, shape: Lengths) -> Any:
        return Places(self, index, tuple(shape), batch_of(_items(index))).last()

    # --- arrays from other things ---------------------------------------------------------------
    def asarray(self, value: Any, dtype: Any = None, device: Any = None) -> Array:
        if isinstance(value, BatchedArray):
            if dtype is not None and dtype != value.dtype:
                value = self.functions.astype(value, dtype)
            if device is not None and device != self.device(value):
                value = self.to_device(value, device)
            return value
        if self.takes(value) and type(value) not in SCALARS:
            return self.asarray(self.lift(value), dtype, device)
        inside = self.inner.asarray(value, dtype=dtype, device=device)
        return self.kind(inside)

    def copy(self, array: Array) -> Array:
        return array if type(array) is self.kind else self.lift(array)

    def detached(self, array: Array) -> Array:
        """The same values, cut from the graphs of all levels."""
        value = array.value
        if isinstance(value, Tensor):
            value = value.detach()
        elif isinstance(value, BatchedArray):
            value = self.inner.detached(value)  # type: ignore[attr-defined]
        cut = self.kind(value, array.n, array.lies)
        cut.uncut = array
        return cut

    def take_over(self, t: Any, layout: Any, data: Array) -> Array:
        """Give new elements to all tensors of a buffer; those that are cut stay so."""
        base, window = t if t._base is None else t._base, t._window
        t._data = data
        if window is None:
            base._data = data if t is base or base._data.uncut is not None else _uncut(data)
        else:
            before = base._data
            whole = before.uncut is not None
            base._data = window.put(before, data if whole else _uncut(data))
            if whole:
                base._data.uncut = window.put(before.uncut, _uncut(data))
        for view in tuple(layout.views.values()) if layout is not None and layout.views else ():
            if view is not t:
                seen = view._window.look(base._data)
                was_cut = view._data.uncut is not None and seen.uncut is None
                view._data = self.detached(seen) if was_cut else seen
        return data

    def rng(self, seed: Any = None) -> Any:
        return BatchedGenerator(self, seed)

    # --- how operations are computed --------------------------------------------------------------
    def implement(self, primitive: Any) -> Callable[..., Any]:
        found = self._implementations.get(primitive)
        if found is None:
            found = self._implementations[primitive] = implementation(self, primitive)
        return found  # type: ignore[no-any-return]


def _uncut(array: Array) -> Array:
    return array if array.uncut is None else array.uncut


def _items(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _in_c_order(array: Any, adapter: Adapter, size: int) -> bool:
    """Whether the elements, of `size` bytes, lie one after the other."""
    steps = [(n, s) for n, s in zip(array.shape, adapter.strides(array), strict=True) if n > 1]
    expected: int | None = None
    for n, s in reversed(steps):
        if s <= 0 or (expected is not None and s != expected):
            return False
        expected = s * n
    return not steps or steps[-1][1] == size


@cache
def _made(inner: Adapter) -> BatchedAdapter:
    return BatchedAdapter(inner)


def batched(inner: Adapter) -> BatchedAdapter:
    """The adapter of batches of arrays of `inner`."""
    adapter = _made(inner)
    if by_type.get(adapter.kind) is not adapter:  # who takes a registration back takes all
        register_backend(adapter)
    return adapter
