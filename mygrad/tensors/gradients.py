"""Gradients of tensors: ``backward()``, which computes them, and ``.grad``, where they are."""

from __future__ import annotations

from typing import Any, Self

from mygrad.arrays import by_type
from mygrad.autodiff import backward as sweep
from mygrad.autodiff.lost_gradients import tell
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Extras, Handle, buffer_of, new_handle
from mygrad.autodiff.operands import SCALARS, as_operand, floating
from mygrad.autodiff.tape import tracking
from mygrad.autodiff.views import Layout, overlaps_itself
from mygrad.errors import NothingToDifferentiate
from mygrad.tensors.leaving import Leaving
from mygrad.tensors.names_elsewhere import explained
from mygrad.tensors.provenance import forget

__all__ = ["Gradients"]


class Gradients(Leaving):
    """How tensors are differentiated; the public class is made of it."""

    __slots__ = ()

    @property
    def grad(self) -> Any:
        """The derivative of the last result that was back-propagated through this tensor.

        An array of the tensor's own shape, dtype and device, or None; a tensor after
        ``backward(create_graph=True)``. The gradient of a view is the same view of the gradient
        of its base.

        It may be changed in place (``t.grad *= 0.5``), and another one may be assigned, until the
        tensor is used again, which sets it to None: an array or a tensor of the tensor's shape,
        dtype and device, which is kept and not copied, a number for a 0-d tensor, or None. What
        is assigned to the gradient of a view is written into that of its base.

        Raises
        ------
        TypeError, ValueError
            What is assigned does not fit; the tensor is constant; or it is a view, and its base
            has no gradient to write into.

        Examples
        --------
        >>> import numpy as np, mygrad as mg
        >>> w = mg.tensor([1.0, 2.0, 3.0])
        >>> (w * w).backward()
        >>> w.grad /= 2.0
        >>> w.grad = np.clip(w.grad, 0.0, 2.0)
        >>> w.grad
        array([1., 2., 2.])
        """
        buffer = self._buffer
        grad = None if buffer is None or self._constant else buffer.grad
        if grad is not None and not isinstance(grad, Handle):
            adapter = by_type[type(grad)]
            if not adapter.has_views:
                grad = buffer.grad = adapter.handed_out(grad)  # type: ignore[union-attr]
        window = self._window
        if grad is None or window is None:
            return grad
        extras = self._extras
        if extras is None:
            extras = self._extras = Extras()
        known = extras.grad_view
        if known is None or known[0] is not grad:
            grad = buffer.grad = _laid_out(grad, window.layout)  # type: ignore[union-attr]
            known = extras.grad_view = (grad, window.look(grad))
        return known[1]

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is None:
            self.null_grad()
            return
        present = self.grad
        if value is present:  # after `t.grad *= 0.5`
            return
        value = self._as_gradient(value)
        if self._window is None:
            buffer_of(self).grad = value
            return
        if present is None and self._base is None:  # it has taken another shape
            buffer_of(self).grad = self._window.layout.zeros()
        elif present is None:
            raise ValueError(
                "t.grad = value: t is a view, so its gradient is a part of that of its base, which "
                "has none; assign t.base.grad"
            )
        grad = self.grad
        on_tensors = isinstance(grad, Handle) or not isinstance(value, Handle)
        value = value if on_tensors else value._data
        if isinstance(grad, Handle) or self._adapter().has_views:
            grad[...] = value
        else:
            buffer = buffer_of(self)
            buffer.grad = self._window.put(buffer.grad, value)

    @grad.deleter
    def grad(self) -> None:
        self.null_grad()

    def _as_gradient(self, value: Any) -> Any:
        """What is assigned to ``t.grad``, once it is known to fit."""
        if self._constant:
            raise ValueError(f"t.grad = value: {self._why_no_gradient()}")
        data, adapter = self._data, self._adapter()
        array = as_operand(value, adapter, "t.grad = value")
        if type(array) in SCALARS:
            array = adapter.asarray(array, dtype=data.dtype, device=adapter.device(data))
        if tuple(array.shape) != tuple(data.shape):
            raise ValueError(
                f"t.grad = value: t is of shape {tuple(data.shape)}, and so is its gradient; the "
                f"value is of shape {tuple(array.shape)}"
            )
        if array.dtype != data.dtype:
            raise TypeError(
                f"t.grad = value: t is of dtype {data.dtype}, and so is its gradient; the value is "
                f"of dtype {array.dtype}, convert it with value.astype(t.dtype)"
            )
        if adapter.device(array) != adapter.device(data):
            raise ValueError(
                f"t.grad = value: t is on the device {adapter.device(data)!r}, and so is its "
                f"gradient; the value is on {adapter.device(array)!r}"
            )
        if isinstance(value, Handle):
            return value if value._window is None else registry["copy"](value)
        if type(array) not in adapter.array_types:
            return adapter.asarray(array)
        folds = overlaps_itself(array.shape, adapter.strides(array))
        return adapter.copy(array) if folds or not adapter.is_writeable(array) else array

    def null_grad(self) -> Self:
        """Set the gradient to None, and return the tensor."""
        if self._buffer is not None:
            self._buffer.grad = None
        return self

    def null_gradients(self, clear_graph: bool = True) -> None:
        """Set the gradients of all tensors of this tensor's graph to None.

        Programs need not call it: tensors lose their gradient when they are used again.

        Parameters
        ----------
        clear_graph
            Without effect, as in MyGrad 2; see `Tensor.clear_graph`.
        """
        if self._buffer is None:
            return
        versions = [self._buffer.version]
        if versions[0] is not None:
            versions += sweep.reachable(versions[0], through_cleared=True)
            versions += [p for v in versions[1:] for p in v.parents]  # type: ignore[union-attr]
        for version in versions:
            buffer = None if version is None else version.buffer()
            if buffer is not None:
                buffer.grad = None

    def clear_graph(self) -> None:
        """Let go of the graph that made this tensor: it, and all in it, become leaves."""
        forget([self])
        sweep.clear_graph(self)

    @explained
    def backward(self, grad: Any = None, *, create_graph: bool = False) -> None:
        """Compute the derivatives of ``(self * grad).sum()``, and leave them in ``.grad``.

        Every variable that this tensor was computed from, and that is still referred to, gets
        its gradient, intermediate results included. Then the graph is cleared.

        Parameters
        ----------
        grad
            The adjoint to begin with; it broadcasts to the shape of this tensor. Ones if not
            given.
        create_graph
            Whether to record the computation of the gradients. They are tensors then, which
            can be differentiated again, and the graph is not cleared.

        Raises
        ------
        ValueError
            `grad` does not broadcast to the shape of this tensor.
        mygrad.errors.InvalidBackprop
            A part of the graph was cleared by another ``backward()``.
        """
        if self._constant or not tracking():
            if tracking():
                forget([self])
            tell.get()(f"backward() did nothing: {self._why_no_gradient()}", NothingToDifferentiate)
            return
        data = self._data
        adapter = by_type[type(data)]
        if grad is None:
            seed = namespace_of(adapter).ones_like(data)
        else:
            seed = as_operand(grad, adapter, "backward", (self,))
            adapter.common_device((data, seed), "backward")
            seed = adapter.asarray(seed, dtype=data.dtype, device=adapter.device(data))
            try:
                seed = adapter.xp.broadcast_to(seed, data.shape)
            except ValueError:
                raise ValueError(
                    f"backward: grad= of shape {tuple(seed.shape)} does not broadcast to the "
                    f"shape of the tensor, {tuple(data.shape)}"
                ) from None
        if create_graph:
            recorded = isinstance(grad, Handle) and grad._data.shape == data.shape
            seed = grad if recorded else new_handle(adapter.copy(seed), None, None, None, True)
        if self._buffer is None:
            buffer_of(self)
        sweep.backward(self, seed, create_graph, grad is None and not create_graph)

    def _why_no_gradient(self) -> str:
        if not self._constant:
            return "under mg.no_autodiff there are no derivatives"
        adapter = self._adapter()
        if not floating[adapter, self._data.dtype]:
            return f"a tensor of dtype {self._data.dtype} is constant, it has no derivative"
        return "the tensor is constant, made of constants alone or with constant=True"


def _laid_out(grad: Any, layout: Layout) -> Any:
    """A gradient whose elements lie like those of its buffer, so that views can look at it."""
    data = grad._data if isinstance(grad, Handle) else grad
    if layout.adapter.strides(data) == layout.strides:
        return grad
    fresh = layout.zeros()
    if not isinstance(grad, Handle):
        return layout.adapter.assign(fresh, ..., grad)
    fresh = new_handle(fresh, None, None, None, grad._constant)
    fresh[...] = grad
    return fresh
