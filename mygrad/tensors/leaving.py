"""What leaves a tensor: arrays, numbers, text, copies and pickles, all without its graph.

What the user asks for by name (``t.item()``, ``t.detach()``) is meant. What happens behind the
user's back, where NumPy or Python convert a variable, warns (`mygrad.errors.GradientDetached`).
"""

from __future__ import annotations

import operator
from typing import Any, TypeVar

from mygrad.arrays import Adapter, adapter_of, get_adapter
from mygrad.autodiff.guard import expose
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.nodes import Handle, buffer_of, new_buffer, new_handle

__all__ = ["Leaving"]

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
        return new_handle(self._data, buffer, None, None, True)

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
        if not self._constant:
            gradient_lost(f"{how} turned a variable into plain data")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        adapter = self._adapter()
        if adapter.name != "numpy":
            raise TypeError(
                f"a tensor on {adapter.name} does not turn into a NumPy array behind your back; "
                f't.to("numpy").data is the array on the host'
            )
        self._warn_detached("NumPy")
        array = expose(self)
        if dtype is not None and dtype != array.dtype:
            if copy is False:
                raise ValueError(f"a tensor of dtype {array.dtype} cannot become {dtype} uncopied")
            return array.astype(dtype)
        return array.copy() if copy else array

    def _as_number(self, kind: type[T]) -> T:
        if self._data.size != 1:
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
        if not self._data.size:
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
        return "Tensor" + repr(self._on_host())[len("array") :].replace("\n     ", "\n      ")

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


def _restored(kind: Any, array: Any, constant: bool, grad: Any, backend: str) -> Any:
    t = kind(array, constant=constant, backend=backend)
    if grad is not None:
        buffer_of(t).grad = get_adapter(backend).from_host(grad)
    return t
