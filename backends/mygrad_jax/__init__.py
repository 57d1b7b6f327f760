"""The adapter that lends JAX's arrays to mygrad, and their tracers while `jax.jit` traces."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from mygrad.arrays import get_adapter
from mygrad.arrays.immutable import ImmutableAdapter
from mygrad.arrays.portable import HostGenerator
from mygrad_jax import indexing, windows
from mygrad_jax.activations import sigmoid, sigmoid_adjoint, tanh_adjoint
from mygrad_jax.convolution import conv_filter_gradient, conv_input_gradient, conv_nd
from mygrad_jax.pooling import max_pool, max_unpool
from mygrad_jax.promotion import like_numpy
from mygrad_jax.recurrent import gru_steps, gru_steps_adjoint

__all__ = ["adapter"]

drawing_from: ContextVar[Any] = ContextVar("mygrad_jax_drawing_from", default=None)
"""Where random numbers come from while a program is traced that is to draw new ones each time."""


def _kinds_of_tracers() -> tuple[type, ...]:
    """The classes of what stands for arrays while JAX transforms a program."""
    found = [Tracer]
    for kind in found:
        found += [k for k in kind.__subclasses__() if k not in found]
    return tuple(found)


def _sized(function: Any) -> Any:
    """A function that raises TypeError for sizes, as it does for types, with ValueError."""

    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except TypeError as error:
            raise ValueError(*error.args) from None

    return call


def _broadcasting(function: Any) -> Any:
    """An elementwise function that raises ValueError for shapes, as NumPy does."""

    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except TypeError as error:
            if "incompatible shapes" not in str(error):
                raise
            raise ValueError(*error.args) from None

    return call


class _LinearAlgebra:
    """`jax.numpy.linalg`, which looks at one triangle of a Hermitian matrix, as LAPACK does."""

    eigh = staticmethod(partial(jnp.linalg.eigh, symmetrize_input=False))
    eigvalsh = staticmethod(partial(jnp.linalg.eigvalsh, symmetrize_input=False))
    cholesky = staticmethod(partial(jnp.linalg.cholesky, symmetrize_input=False))

    def __getattr__(self, name: str) -> Any:
        return getattr(jnp.linalg, name)


class _Standard:
    """The namespace of JAX, with NumPy's kinds of errors, and the standard's integers."""

    permute_dims = staticmethod(_sized(jnp.transpose))  # with negative axes, too
    reshape = staticmethod(_sized(jnp.reshape))

    @property
    def int64(self) -> Any:
        """JAX's widest integers: without its switch for 64 bits it has others, and warns."""
        return jnp.int64 if jax.config.jax_enable_x64 else jnp.int32

    @staticmethod
    def cumulative_prod(x: Any, *, dtype: Any = None, **options: Any) -> Any:
        if dtype is None and x.dtype.kind in "iub":  # JAX lets small ones overflow
            dtype = jax.eval_shape(jnp.prod, x).dtype
        return jnp.cumulative_prod(x, dtype=dtype, **options)

    @staticmethod
    def searchsorted(x1: Any, x2: Any, **options: Any) -> Any:
        return jnp.searchsorted(x1, x2, **options).astype(int)

    linalg = _LinearAlgebra()

    def __getattr__(self, name: str) -> Any:
        found = getattr(jnp, name)
        setattr(self, name, found)
        return found


class JAXAdapter(ImmutableAdapter):
    """JAX's arrays, which never change."""

    name = "jax"
    with jax.ensure_compile_time_eval():  # it may be that a program is traced already
        array_types = (type(jnp.zeros(())), *_kinds_of_tracers())
    xp = _Standard()
    drawing_from = drawing_from
    partial_kernels = frozenset((
        "conv_filter_gradient", "conv_input_gradient", "conv_nd", "gru_steps", "gru_steps_adjoint",
        "max_pool", "max_unpool", "sigmoid", "sigmoid_adjoint", "tanh_adjoint",
    ))  # fmt: skip

    def implement(self, primitive: Any) -> Any:
        function = super().implement(primitive)
        if primitive.broadcasts == "elements":
            function = _broadcasting(function)
        host = get_adapter("numpy")
        return like_numpy(function, primitive, drawing_from.get, lambda: primitive.kernel(host)[0])

    # to and from the host, devices
    def from_host(self, array: Any, device: Any = None) -> Any:
        if drawing_from.get() is None:
            return jax.device_put(np.array(array), device)  # jnp.array compiles a copy by shape
        with jax.ensure_compile_time_eval():  # so that masks and places of the host stay known
            return jnp.array(np.asarray(array), device=device)

    def to_host(self, array: Any) -> Any:
        return np.array(array)

    def device(self, array: Any) -> Any:
        return None if isinstance(array, Tracer) else array.device

    def parse_device(self, device: Any) -> Any:
        if not isinstance(device, str):
            return device
        platform, _, number = device.partition(":")
        return jax.devices(platform)[int(number or 0)]

    def to_device(self, array: Any, device: Any) -> Any:
        return jax.device_put(array, self.parse_device(device))

    # memory
    def window(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        size = array.dtype.itemsize
        steps = tuple([s // size for s in strides])
        return windows.look(array, offset // size, tuple(shape), steps)

    def put(
        self, array: Any, value: Any, offset: int, shape: Any, strides: Any, adds: bool
    ) -> Any:
        size = array.dtype.itemsize
        steps = tuple([s // size for s in strides])
        value = _fitted(value, tuple(shape), array.dtype)
        write = windows.add if adds else windows.put
        return write(array, value, offset // size, tuple(shape), steps)

    def shown(self, t: Any, window: Any, index: Any) -> Any:
        base = self.memory(t, window.layout)
        if not isinstance(base._data, Tracer) or (base is t and t._window is not None):
            return t._data[index]
        return window.look(base._data)  # what was written there may be known

    @property
    def elements_are_copies(self) -> bool:  # type: ignore[override]
        """As NumPy's; or as those of the library that a program is traced for."""
        return getattr(drawing_from.get(), "elements_are_copies", True)

    @property
    def detaches_to_views(self) -> bool:
        """Whether ``t.detach()`` has to see later writes, though it keeps `t` alive."""
        return drawing_from.get() is not None

    def handed_out(self, array: Any, of: Any = None) -> Any:
        """What stands for raw arrays in a program of NumPy's that is traced."""
        source = drawing_from.get()
        return array if source is None else source.handed_out(array, of)

    # writing
    def knows(self, array: Any) -> bool:
        return not isinstance(array, Tracer)

    def can_cast(self, source: Any, target: Any) -> bool:
        return bool(jnp.can_cast(source, target, "same_kind"))

    def assign(self, target: Any, index: Any, value: Any) -> Any:
        if index is ...:
            return _fitted(value, target.shape, target.dtype)
        items = index if isinstance(index, tuple) else (index,)
        if not any(isinstance(i, (*self.array_types, np.ndarray)) for i in items):
            return self._at(target, index, value, False)
        items = places_of(items, target)
        last = self._kept(items, target.shape)
        where = _mask_of(items, target, value)
        if where is not None:
            return jnp.where(where, _cast(value, target.dtype), target)
        if last is None or (isinstance(last, np.ndarray) and last.all()):
            return indexing.put(target, items, _cast(value, target.dtype))
        value = jnp.broadcast_to(_fitted(value, last.shape, target.dtype), last.shape)
        # Where a place repeats, the last value stays: the others go nowhere.
        every = jnp.arange(target.size).reshape(target.shape)[items]
        places = jnp.where(last, every, target.size)
        flat = target.reshape(-1).at[places].set(value, mode="drop")
        return flat.reshape(target.shape)

    def _at(self, target: Any, index: Any, value: Any, adds: bool) -> Any:
        items = index if isinstance(index, tuple) else (index,)
        items = items if ... in items else (*items, ...)
        lies = target.shape, self.strides(target), target.dtype
        seen = self.seen(lambda array, _: array[items], *lies)
        assert seen is not None
        offset, shape, strides = seen
        return self.put(target, value, offset, shape, strides, adds)

    def last_occurrences(self, index: Any, shape: tuple[int, ...]) -> Any:
        found = self._kept(index if isinstance(index, tuple) else (index,), shape)
        return jax.device_put(found) if isinstance(found, np.ndarray) else found

    def _kept(self, items: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
        """What `last_occurrences` returns, on the host unless a program is traced."""
        arrays: list[Any] = [i for i in items if isinstance(i, (*self.array_types, np.ndarray))]
        if not any(i.dtype.kind in "iu" for i in arrays):
            return None
        if any(isinstance(i, Tracer) for i in arrays):
            places = jnp.arange(prod(shape)).reshape(shape)[items]
            order = jnp.arange(places.size).reshape(places.shape)
            latest = jnp.zeros(prod(shape), order.dtype).at[places].max(order)
            return latest[places] == order
        here = tuple(np.asarray(i) if isinstance(i, self.array_types) else i for i in items)
        places = np.arange(prod(shape)).reshape(shape)[here]
        order = np.arange(places.size).reshape(places.shape)
        latest = np.zeros(prod(shape), order.dtype)
        latest[places] = order
        return latest[places] == order

    def scatter_add(self, target: Any, index: Any, values: Any) -> Any:
        items = index if isinstance(index, tuple) else (index,)
        kind = getattr(values, "dtype", None) or np.result_type(values)
        if not self.can_cast(kind, target.dtype):
            raise TypeError(f"values of dtype {kind} cannot be added to an array of {target.dtype}")
        if not any(isinstance(i, (*self.array_types, np.ndarray)) for i in items):
            return self._at(target, index, values, True)
        items = places_of(items, target)
        values = _cast(values, target.dtype)
        where = _mask_of(items, target, values)
        if where is not None:
            return jnp.where(where, target + values, target)
        return indexing.add(target, items, values)

    # arrays from other things
    def asarray(self, value: Any, dtype: Any = None, device: Any = None) -> Any:
        if isinstance(value, self.array_types):
            value = jnp.asarray(value, dtype=dtype)
            return value if device is None else self.to_device(value, device)
        return jnp.asarray(np.asarray(value), dtype=dtype, device=device)

    def copy(self, array: Any) -> Any:
        return array if isinstance(array, self.array_types) else jnp.asarray(np.asarray(array))

    def rng(self, seed: Any = None) -> Any:
        source = drawing_from.get()
        return HostGenerator(self, seed) if source is None else source.rng(seed)

    def plain(self, array: Any) -> Any:
        made = getattr(array, "__jax_array__", None)  # of numbers that stand for inputs
        return array if made is None else made()


def _cast(value: Any, dtype: Any) -> Any:
    """A value as NumPy casts it when it is written into an array."""
    if not hasattr(value, "dtype"):
        return jnp.asarray(np.asarray(value).astype(dtype))
    if value.dtype == dtype:
        return value
    if jnp.isdtype(value.dtype, "complex floating") and not jnp.isdtype(dtype, "complex floating"):
        value = jnp.real(value)
    return value.astype(dtype)


def _fitted(value: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """A value as it is written to a place of this shape: cast, broadcast, without axes before."""
    value = _cast(value, dtype)
    if value.shape == shape:
        return value
    extra = value.ndim - len(shape)
    if extra > 0 and value.shape[:extra] == (1,) * extra:
        value = value.reshape(value.shape[extra:])
    try:
        return jnp.broadcast_to(value, shape)
    except ValueError:
        raise ValueError(
            f"values of shape {value.shape} do not broadcast to the shape {shape} of the place"
        ) from None


def places_of(index: tuple[Any, ...], array: Any) -> tuple[Any, ...]:
    """An index with arrays in it, whose integers have room for lengths.

    Raises NumPy's IndexError for places that the array does not have: JAX would look elsewhere.
    While a program is traced nobody knows.
    """
    if not any(isinstance(i, Tracer) for i in index):
        here = tuple(np.asarray(i) if isinstance(i, adapter.array_types) else i for i in index)
        np.broadcast_to(np.False_, array.shape)[here]
    return tuple(map(_wide, index))


def _wide(item: Any) -> Any:
    """An item of an index, with room for lengths if it is an array of integers."""
    is_array = isinstance(item, (*adapter.array_types, np.ndarray))
    small = is_array and item.dtype.kind in "iu" and item.dtype.itemsize < 4
    return jnp.asarray(item, dtype=int) if small else item


def _mask_of(index: tuple[Any, ...], array: Any, value: Any) -> Any:
    """A traced mask that is the whole index of a value that is the same at all places, else None.

    How many places it selects nobody knows, so that JAX refuses it as an index.
    """
    mask = index[0]
    if len([i for i in index if i is not ...]) != 1 or not isinstance(mask, Tracer):
        return None
    behind = array.ndim - mask.ndim
    if mask.dtype != bool or np.ndim(value) > behind:
        return None
    return mask.reshape(mask.shape + (1,) * behind)


def _gathered(array: Any, index: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    return indexing.look(array, places_of(index, array)), index


adapter = JAXAdapter()
adapter.kernels.update(
    conv_filter_gradient=conv_filter_gradient,
    conv_input_gradient=conv_input_gradient,
    conv_nd=conv_nd,
    gathered=_gathered,
    gru_steps=gru_steps,
    gru_steps_adjoint=gru_steps_adjoint,
    matmul=_sized(jnp.matmul),
    max_pool=max_pool,
    max_unpool=max_unpool,
    sigmoid=sigmoid,
    sigmoid_adjoint=sigmoid_adjoint,
    tanh_adjoint=tanh_adjoint,
)
