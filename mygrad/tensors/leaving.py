"""What leaves a tensor: arrays, numbers, text, copies and pickles, all without its graph.

What the user asks for by name (``t.item()``, ``t.detach()``) is meant. What happens behind the
user's back, where NumPy or Python convert a variable, warns (`mygrad.errors.GradientDetached`).
"""

from __future__ import annotations

import operator
import sys
from math import prod
from types import FrameType
from typing import Any, TypeVar

from mygrad.arrays import Adapter, adapter_of, get_adapter, selected_adapter
from mygrad.autodiff.guard import expose
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import CLEARED, Handle, buffer_of, layout_of, new_buffer, new_handle
from mygrad.autodiff.views import Window
from mygrad.settings import Setting
from mygrad.tensors.conversion import dtype_of

__all__ = ["Leaving", "asarray", "handed_out", "held_elsewhere", "others_code"]

others_code: Setting[bool] = Setting("drop_in", False)
"""Whether the current thread or task runs other people's code under `mygrad.drop_in`."""

T = TypeVar("T", float, complex, int)


class Leaving(Handle):
    """How tensors turn into something else; the public class is made of it."""

    __slots__ = ()

    # --- asked for ----------------------------------------------------------------------------
    def detach(self) -> Any:
        """A constant tensor on the same memory, cut from the graph: no gradient flows through it.

        It keeps nothing of the graph alive. Writing to it changes this tensor, too, and like a
        write to ``t.data`` is not recorded.

        Examples
        --------
        >>> import mygrad as mg
        >>> x = mg.tensor([1.0, 2.0])
        >>> (x * x.detach()).backward()
        >>> x.grad
        array([1., 2.])
        """
        expose(self)  # after which all tensors on this memory have one guard
        source, buffer = buffer_of(self), new_buffer()
        buffer.readers, buffer.guard = source.readers, source.guard
        adapter = self._adapter()
        batches = adapter.batches  # which tensors may be inside of
        if getattr(adapter, "detaches_to_views", False):  # a compiled program, as on NumPy
            layout = buffer.layout = layout_of(self, source)
            window = self._window or Window(layout, 0, layout.shape, layout.strides)
            base = self if self._base is None else self._base
            return adapter.noted(layout, new_handle(self._data, buffer, window, base, True))
        data = self._data if batches is None else batches.detached(self._data)
        return new_handle(data, buffer, None, None, True)

    def item(self) -> Any:
        """The only element, as a Python number, without its gradient."""
        return self._on_host().item()

    def tolist(self) -> Any:
        """The elements as (nested lists of) Python numbers, without their gradients."""
        return self._on_host().tolist()

    def _adapter(self) -> Adapter:
        adapter = adapter_of(self._data)
        assert adapter is not None
        return adapter

    def _on_host(self) -> Any:
        return self._adapter().to_host(self._data)

    # --- behind the user's back ---------------------------------------------------------------
    def _warn_detached(self, how: str) -> None:
        if not self._constant and not self._graph_is_gone():
            gradient_lost(f"{how} turned a variable into plain data")

    def _graph_is_gone(self) -> bool:
        """Whether this is a result whose graph `backward` cleared: no gradient would pass here."""
        version = None if self._buffer is None else self._buffer.version
        return version is not None and not version.seq and version.stopped is not None

    def _is_needed(self) -> bool:
        """Whether a live graph holds the memory of this tensor, and a write would change that."""
        readers = [] if self._buffer is None else tuple(self._buffer.readers)
        records = [record for reader in readers if (record := reader()) is not None]
        return any(record.values for record in records)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        adapter = self._adapter()
        if adapter.name == "numpy":
            self._warn_detached("NumPy")
            array = expose(self)
        elif _asks_for_the_host(sys._getframe(1), adapter.name):
            self._warn_detached(f"{adapter.name}.asnumpy")
            array = self._on_host()
        else:
            if adapter.batches:
                self._on_host()  # which says what to do
            raise TypeError(
                f"a tensor on {adapter.name} does not turn into a NumPy array behind your back; "
                f't.to("numpy").data is the array on the host, and t.data that on {adapter.name}'
            )
        if dtype is not None and dtype != array.dtype:
            if copy is False:
                raise ValueError(f"a tensor of dtype {array.dtype} cannot become {dtype} uncopied")
            return array.astype(dtype)
        if others_code.get() and not copy and adapter.name == "numpy":
            array = array[...]  # compiled code, which takes what it is given for its own copy
            array.flags.writeable = False
        return array.copy() if copy else array

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None,
        copy: bool | None = None,
    ) -> Any:  # fmt: skip
        """The memory of this tensor for another library; see the array API standard."""
        version = None if self._constant or self._buffer is None else self._buffer.version
        if version is not None and version.seq and version.parents is not CLEARED:
            raise BufferError(
                "this tensor is the result of a graph, and another library would compute with its "
                "memory without a gradient; hand over `t.data`, or t.detach()"
            )
        if not copy and self._is_needed():
            raise BufferError(
                "a live graph needs the values of this tensor, and another library may write to "
                "its memory, locked or not; hand over `t.data` if it does not, or ask for a copy "
                "(copy=True)"
            )
        self._warn_detached("__dlpack__()")
        asked = {
            "stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy
        }  # fmt: skip
        given = {name: value for name, value in asked.items() if value is not None}
        return expose(self).__dlpack__(**given)

    def __dlpack_device__(self) -> tuple[Any, int]:
        """The kind and the number of the device, as DLPack counts them."""
        return self._data.__dlpack_device__()

    def _as_number(self, kind: type[T]) -> T:
        if prod(self._data.shape) != 1:
            raise TypeError(
                f"{kind.__name__}() takes a tensor with one element, and this one has the shape "
                f"{tuple(self._data.shape)}"
            )
        self._warn_detached(f"{kind.__name__}()")
        return kind(self._on_host().item())

    def __float__(self) -> float:
        return self._as_number(float)

    def __int__(self) -> int:
        return self._as_number(int)

    def __complex__(self) -> complex:
        return self._as_number(complex)

    def __bool__(self) -> bool:
        if 0 in self._data.shape:
            raise ValueError("an empty tensor is neither true nor false; ask for t.size > 0")
        return bool(self._data)

    def __index__(self) -> int:
        whole = self._adapter().xp.isdtype(self._data.dtype, ("integral", "bool"))
        if self._data.ndim or not whole:
            raise TypeError(
                f"only 0-d tensors of integers serve as an index, and this one is of dtype "
                f"{self._data.dtype} and of shape {tuple(self._data.shape)}"
            )
        return operator.index(self._on_host().item())

    # --- shown --------------------------------------------------------------------------------
    def __repr__(self) -> str:
        adapter = self._adapter()
        if not (adapter.batches or adapter.knows(self._data)):
            return f"Tensor({self._data!r})"
        shown = self._data if adapter.batches else self._on_host()
        return "Tensor" + repr(shown)[len("array") :].replace("\n     ", "\n      ")

    def __format__(self, spec: str) -> str:
        return format(self._on_host().item(), spec) if spec and not self._data.ndim else repr(self)

    # --- copied and stored --------------------------------------------------------------------
    def _warn_of_lost_graph(self, how: str) -> None:
        version = None if self._buffer is None else self._buffer.version
        if version is not None and version.seq and not self._constant:
            gradient_lost(f"{how} keeps the values of a tensor, and not the graph that made it")

    def _gradient_array(self) -> Any:
        grad = self.grad  # type: ignore[attr-defined]
        return grad._data if isinstance(grad, Handle) else grad

    def __reduce__(self) -> Any:
        self._warn_of_lost_graph("a pickle")
        adapter = self._adapter()
        grad = self._gradient_array()
        host = None if grad is None else adapter.to_host(grad)
        return _restored, (
            type(self), adapter.to_host(self._data), self._constant, host, adapter.name,
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        self._warn_of_lost_graph("a deep copy")
        adapter = self._adapter()
        twin = new_handle(adapter.copy(self._data), None, None, None, self._constant)
        grad = self._gradient_array()
        if grad is not None:
            buffer_of(twin).grad = adapter.copy(grad)
        memo[id(self)] = twin
        return twin


def handed_out(result: Any) -> Any:
    """Raw arrays, in tuples and lists too, as users get them; compiled functions get tensors."""
    if isinstance(result, (tuple, list)):
        parts = [handed_out(part) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    adapter = adapter_of(result)
    return result if adapter is None or adapter.has_views else adapter.handed_out(result)


def held_elsewhere(result: Any, out: Any) -> Any:
    """A result; it says so if a function of an array library keeps it in its user's ``out=``.

    Such a function, ``cp.sum(t, out=array)``, calls the tensor's method, where `out` is as good
    as what is returned. Its user goes on with the array, which has no gradient.
    """
    if out is None or isinstance(out, Handle) or result._constant:
        return result
    library = sys._getframe(2).f_globals.get("__name__", "").partition(".")[0]
    if library == result._adapter().name:
        gradient_lost(
            f"{library} wrote a result into out=array: the tensor that it returns has a gradient, "
            f"and the array has none"
        )
    return result


def _asks_for_the_host(frame: FrameType, library: str) -> bool:
    """Whether a frame is in ``library.asnumpy``, which users call to copy arrays to the host."""
    module = frame.f_globals.get("__name__", "")
    return frame.f_code.co_name == "asnumpy" and module.partition(".")[0] == library


def _restored(kind: Any, array: Any, constant: bool, grad: Any, backend: str) -> Any:
    t = kind(array, constant=constant, backend=backend)
    if grad is not None:
        adapter = get_adapter(backend)
        buffer_of(t).grad = adapter.from_host(grad, adapter.device(t._data))
    return t


def asarray(a: Any, dtype: Any = None, order: str | None = None) -> Any:
    """The array in a tensor (or an array-like), without its gradient.

    Parameters
    ----------
    a
        A tensor, array, number or list.
    dtype
        The data type; the present one if not given.
    order : {"K", "A", "C", "F"}
        The layout in memory, for libraries that let it be chosen.

    Returns
    -------
    array
        Of the tensor's own array library; not a copy if that can be avoided.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.asarray(mg.tensor([1.0, 2.0]))
    array([1., 2.])
    """
    array = a.data if isinstance(a, Handle) else a  # type: ignore[attr-defined]
    if isinstance(array, Handle):  # while a function is compiled
        return array if dtype is None else registry["astype"](array, dtype, copy=False)
    adapter = adapter_of(array) or selected_adapter()
    array = adapter.asarray(array)
    if dtype is not None:
        array = adapter.xp.astype(array, dtype_of(adapter, dtype), copy=False)
    return array if order is None else adapter.xp.asarray(array, order=order)
