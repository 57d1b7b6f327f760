"""The tensor: an array that remembers how it was computed."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from mygrad.arrays import adapter_of, get_adapter, selected_adapter
from mygrad.autodiff.guard import adopt, expose, guard_of
from mygrad.autodiff.inplace import write
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import (
    buffer_of,
    layout_of,
    new_handle,
    seen_by,
    set_tensor_class,
)
from mygrad.autodiff.operands import (
    SCALARS,
    as_operand,
    common_adapter,
    device_beside,
    explain,
    floating,
    is_constant,
)
from mygrad.autodiff.views import Window, overlaps_itself
from mygrad.tensors import indexing
from mygrad.tensors.conversion import array_of
from mygrad.tensors.display import html_of
from mygrad.tensors.gradients import Gradients
from mygrad.tensors.leaving import _restored  # noqa: F401 -- where pickles look for it
from mygrad.tensors.names_elsewhere import explained, names_backend
from mygrad.tensors.provenance import (
    constant_tensor,
    creator_of,
    forget,
    remember,
    variables_of,
)

if TYPE_CHECKING:  # with the operators and methods that tensors are given later
    from mygrad.tensors.installed import Installed as _Base
else:
    _Base = Gradients

__all__ = [
    "Tensor", "as_operand_tensor", "as_operand_tensors", "astensor", "stop_gradient",
    "tensor",
]  # fmt: skip


class Tensor(_Base):
    """An array that remembers how it was computed, so that it can be differentiated.

    A tensor behaves as the array it holds: operators, methods, indexing, in-place updates and
    views do what NumPy does. ``t.backward()`` computes the derivatives of ``t.sum()`` with
    respect to every tensor that `t` was computed from, and leaves them in their ``.grad``.

    Parameters
    ----------
    x
        The values: a number, (nested) list, array or tensor.
    dtype
        The data type; that of `x` if not given.
    constant
        Whether derivatives stop here. By default integer and boolean tensors are constant (they
        must be), and floating-point ones are variables.
    copy
        Whether to copy an array; without, the tensor shares its memory.
    ndmin
        The least number of dimensions; axes of length 1 are put in front.
    device
        The device to put it on, of the selected backend or of `backend`.
    backend
        The name of the array library to put it on; see `mygrad.available_backends`.

    Raises
    ------
    ValueError
        ``constant=False`` was asked for integers or booleans.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.Tensor([1.0, 2.0, 3.0])
    >>> (x * x).backward()
    >>> x.grad
    array([2., 4., 6.])
    """

    __slots__ = ()
    __array_priority__ = 1000.0

    def __init__(
        self,
        x: Any,
        *,
        dtype: Any = None,
        constant: bool | None = None,
        copy: bool = True,
        ndmin: int = 0,
        device: Any = None,
        backend: str | None = None,
    ) -> None:
        if isinstance(x, Tensor):
            if constant is not True:
                x._warn_detached("mg.tensor()")
            x = expose(x)
            if isinstance(x, Tensor) and copy:  # while a function is compiled
                x = x._data
        array, adapter, theirs = array_of(x, dtype, device, backend)
        constant = is_constant("tensor", constant, 1, floating[adapter, array.dtype], array.dtype)
        if theirs and not constant and overlaps_itself(array.shape, adapter.strides(array)):
            copy = True  # its elements could not have gradients of their own
        if copy and theirs:
            array, theirs = adapter.xp.asarray(array, copy=True), False
        more = operator.index(ndmin) - array.ndim
        if more > 0:
            array = adapter.xp.reshape(array, (1,) * more + tuple(array.shape))
        self._data = array
        self._buffer = self._window = self._base = self._extras = None
        self._constant = constant
        if theirs:
            _share_memory(self, array, x, adapter)

    # --- what it is -------------------------------------------------------------------
    @property
    def data(self) -> Any:
        """The array that the tensor holds, of the tensor's array library.

        It is the tensor's own memory. While a graph needs its values it is read-only, where
        the library can lock arrays. Assigning another array rebinds this tensor alone.
        """
        array = expose(self)
        if array is self._data:
            adapter = self._adapter()
            return array if adapter.has_views else adapter.handed_out(array, self)
        return array

    @data.setter
    def data(self, value: Any) -> None:
        extras = self._extras
        if value is self._data or (extras is not None and value is extras.exposed):
            return  # after `t.data -= step`
        if isinstance(value, Tensor):
            if _sees_the_same(self, value):
                return
            value._warn_detached("tensor.data = tensor")
            value = expose(value)
        on_host = adapter_of(value) in (None, get_adapter("numpy"))
        device = device_beside((self,), selected_adapter()) if on_host else None
        array, adapter, theirs = array_of(value, None, device, None)
        adapter.common_device((self._data, array), "tensor.data = array")
        window, grad = self._window, None if self._buffer is None else self._buffer.grad
        shape = self._data.shape
        _leave_views(self)
        self._data = array
        self._buffer = self._window = self._base = self._extras = None
        self._constant = self._constant or not floating[adapter, array.dtype]
        if theirs:
            _share_memory(self, array, value, adapter)
        if grad is not None and window is None and shape == array.shape:
            buffer_of(self).grad = grad

    @property
    def constant(self) -> bool:
        """Whether derivatives stop here."""
        return self._constant

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis. Assigning another shape changes it in place."""
        return self._data.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        adapter = adapter_of(self._data)
        assert adapter is not None
        buffer = buffer_of(self)
        layout = layout_of(self, buffer)
        try:
            data = adapter.xp.reshape(self._data, shape if isinstance(shape, tuple) else (shape,))
        except Exception as error:
            raise explain(error, f"tensor.shape = {shape}", (self._data,)) from error
        seen = None
        if not adapter.has_views:
            seen = seen_by(self, lambda array, _: array.reshape(data.shape))
        if prod(data.shape) and seen is None and not adapter.is_view(data, self._data):
            raise AttributeError(
                f"a tensor of shape {self.shape} and strides {layout.strides} cannot take the "
                f"shape {shape} without a copy; use t.reshape(...)"
            )
        folds = self._window is not None and self._window.folds
        self._window = window = layout.window(data, folds) if seen is None else seen
        window.folds = folds
        self._data = data
        self._extras = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self._data.shape)

    @property
    def dtype(self) -> Any:
        """The data type of the elements."""
        return self._data.dtype

    @property
    def nbytes(self) -> int:
        """The size of the elements in bytes."""
        return self._data.nbytes

    @property
    def itemsize(self) -> int:
        """The size of one element in bytes."""
        return self._data.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes between neighbouring elements, for each axis."""
        adapter = adapter_of(self._data)
        assert adapter is not None
        if self._window is not None and not adapter.has_views:
            return self._window.strides
        return adapter.strides(self._data)

    @property
    def flags(self) -> Any:
        """The flags of the array."""
        return self.data.flags

    @property
    def device(self) -> Any:
        """The device that holds the elements, as its array library names it."""
        adapter = adapter_of(self._data)
        assert adapter is not None
        return adapter.device(self._data)

    @property
    def backend(self) -> str:
        """The name of the array library that holds the elements."""
        adapter = adapter_of(self._data)
        assert adapter is not None
        return adapter.name

    @property
    def base(self) -> Any:
        """The tensor whose memory this one is a view of; None if it owns its memory."""
        return self._base

    @property
    def creator(self) -> Any:
        """The operation that made this tensor; None for leaves, and once the graph is cleared."""
        return creator_of(self)

    # --- moving -----------------------------------------------------------------------
    def to(self, backend: str | None = None, *, device: Any = None) -> Tensor:
        """This tensor on another array library or device; gradients flow back through the move.

        Parameters
        ----------
        backend
            The array library; the tensor's own if not given.
        device
            The device, as that library names it.

        Examples
        --------
        >>> import mygrad as mg
        >>> mg.tensor([1.0, 2.0]).to("numpy").backend
        'numpy'
        """
        if backend is not None and not names_backend(backend):
            raise TypeError(
                f"t.to() takes the name of an array library, and device=, not {backend!r}; for a "
                f"dtype there is t.astype(dtype)"
            )
        buffer = self._buffer
        grad = None if buffer is None else buffer.grad
        moved = registry["to"](self, backend or self.backend, device)
        if buffer is not None and grad is not None:
            buffer.grad = grad  # to move a tensor and look at it is no new use of it
        return moved

    # --- as a sequence ----------------------------------------------------------------
    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self._data.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(self._data.shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool(self._adapter().xp.any(self == value))

    def __hash__(self) -> int:
        raise TypeError("tensors cannot be hashed, since they can be changed; use id(t)")

    _variables_of = staticmethod(variables_of)
    _constant_tensor = staticmethod(constant_tensor)
    _made_of = staticmethod(remember)
    _forget_origins = staticmethod(forget)
    _repr_html_ = html_of

    def copy(self, order: str = "C", *, constant: bool | None = None) -> Tensor:
        """A copy, through which gradients flow back.

        Parameters
        ----------
        order
            The order of the axes in memory: "C", "F", or "K" for that of this tensor.
        constant
            Whether the copy is constant; by default it is if this tensor is.

        Returns
        -------
        Tensor
        """
        return registry["copy"](self, order, constant=constant)

    def __copy__(self) -> Tensor:
        return registry["copy"](self)

    # --- in place ---------------------------------------------------------------------
    def __getitem__(self, index: Any) -> Tensor:
        return indexing.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        indexing.setitem(self, index, value)

    def __iadd__(self, other: Any) -> Tensor:  # type: ignore[misc]
        if self._constant and self._base is not None:  # stops the gradient of what it reads
            return registry["add"](self, other, out=self)
        if self._constant and type(other) is int:
            other = self._weak(other)
        write(self, None, other, 1, name="+=")
        return self

    def __isub__(self, other: Any) -> Tensor:  # type: ignore[misc]
        if self._constant and self._base is not None:
            return registry["subtract"](self, other, out=self)
        if self._constant and type(other) is int:
            other = self._weak(other)
        write(self, None, other, -1, name="-=")
        return self

    def _weak(self, number: int) -> Any:
        """A number as an integer of this tensor's dtype, which it takes on; else as it is."""
        adapter = self._adapter()
        dtype = self._data.dtype
        if not adapter.xp.isdtype(dtype, "integral"):
            return number
        return adapter.asarray(number, dtype=dtype, device=adapter.device(self._data))

    def scatter_add(self, index: Any, values: Any) -> None:
        """Add `values` into ``self[index]``, in place; where positions repeat they add up.

        Parameters
        ----------
        index
            Any index.
        values
            What to add: a tensor, array or number that broadcasts to ``self[index]``.
        """
        adapter = adapter_of(self._data)
        assert adapter is not None
        items, advanced = indexing.parse(index, adapter, self)
        write(self, items, values, 1, name="scatter_add", advanced=advanced)


set_tensor_class(Tensor)


def _leave_views(t: Tensor) -> None:
    """Part a tensor from the views of its buffer, where these know each other, as on JAX."""
    layout = None if t._buffer is None else t._buffer.layout
    if layout is None or layout.adapter.has_views or not layout.views:
        return
    layout.views.pop(id(t), None)
    if t._base is None:  # they look at what it had
        kept = new_handle(t._data, t._buffer, None, None, t._constant)
        for view in tuple(layout.views.values()):
            view._base = kept


def _sees_the_same(t: Tensor, other: Tensor) -> bool:
    """Whether `other` is what `t.data` gave while a function is compiled: a view of all of it."""
    if other._window is None or not getattr(t._adapter(), "detaches_to_views", False):
        return False
    buffer, theirs = t._buffer, other._buffer
    if buffer is None or theirs is None or buffer.layout is None:
        return False
    window = t._window or Window(buffer.layout, 0, buffer.layout.shape, buffer.layout.strides)
    return theirs.layout is buffer.layout and other._window.sees_the_same_as(window)


def _share_memory(t: Tensor, array: Any, given: Any, adapter: Any) -> None:
    """Let `t` look at the user's `array`, and guard what the user holds of that memory."""
    adopt(t, array, adapter)
    if given is not array and isinstance(given, adapter.array_types):  # of a subclass
        guard_of(given, adapter)


@explained
def tensor(
    arr_like: Any,
    dtype: Any = None,
    *,
    constant: bool | None = None,
    copy: bool = True,
    ndmin: int = 0,
    device: Any = None,
    backend: str | None = None,
) -> Tensor:
    """Make a tensor: a leaf, with its own copy of the values.

    Parameters
    ----------
    arr_like
        The values: a number, (nested) list, array or tensor. Of a variable a new leaf is made,
        with a warning, but for ``copy=False``: that gives the tensor itself if nothing is to
        change, and otherwise a tensor that gradients flow back from.
    dtype, constant, copy, ndmin, device, backend
        As for `Tensor`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.tensor([1.0, 2.0, 3.0], dtype="float32")
    Tensor([1., 2., 3.], dtype=float32)
    """
    if isinstance(arr_like, Tensor) and not copy and device is None and backend is None:
        t = astensor(arr_like, dtype, constant=constant)
        more = operator.index(ndmin) - t.ndim
        return registry["reshape"](t, (1,) * more + tuple(t.shape)) if more > 0 else t
    return Tensor(
        arr_like,
        dtype=dtype,
        constant=constant,
        copy=copy,
        ndmin=ndmin,
        device=device,
        backend=backend,
    )


@explained
def astensor(t: Any, dtype: Any = None, *, constant: bool | None = None) -> Tensor:
    """`t` itself if it is a tensor (of that dtype and constancy), else a tensor on its memory.

    Parameters
    ----------
    t
        A tensor, array, number or list.
    dtype, constant
        As for `Tensor`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> mg.astensor(x) is x
    True
    """
    if isinstance(t, Tensor):
        if dtype is not None and t.dtype != dtype:
            return registry["astype"](t, dtype, constant=constant)
        if constant is None or constant is t.constant:
            return t
        if constant is True:
            return t.detach()
    return Tensor(t, dtype=dtype, constant=constant, copy=False)


def stop_gradient(a: Any) -> Tensor:
    """A constant tensor with the values of `a`, for code whose arguments may be no tensors.

    Parameters
    ----------
    a
        A tensor, array, number or list.

    Returns
    -------
    Tensor
        For a tensor, ``a.detach()``: on the same memory, cut from the graph.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor(3.0)
    >>> (x * mg.stop_gradient(x)).backward()
    >>> x.grad
    array(3.)
    """
    return a.detach() if isinstance(a, Tensor) else astensor(a, constant=True)


def as_operand_tensor(a: Any, beside: Any = ()) -> Any:
    """A tensor as it is, and anything else as a constant one: what operations make of it.

    Data on the host go to the device of the operands that are `beside` them.
    """
    if isinstance(a, Tensor):
        return a
    adapter = common_adapter((a,), "an operation")
    array = as_operand(a, adapter, "an operation", beside)
    device = device_beside(beside, adapter) if type(array) in SCALARS else None
    t = Tensor(array, constant=True, copy=False, device=device)
    if isinstance(a, adapter.array_types):
        guard_of(a, adapter)
    return t


def as_operand_tensors(*operands: Any) -> list[Any]:
    """The operands of one operation as tensors; data on the host go where the others are."""
    return [as_operand_tensor(a, operands) for a in operands]
