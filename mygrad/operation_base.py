"""Operations that users write as classes."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.memory import Handle, new_handle
from mygrad.autodiff.primitive import primitive
from mygrad.backends import adapter_of
from mygrad.tensor_manip.array_shape import as_operand_tensor

__all__ = ["BinaryUfunc", "Operation", "Ufunc", "UnaryUfunc", "execute_op"]


class SkipGradient(Exception):
    """Raised by `Operation.backward_var` where an operand gets no gradient."""


class Operation:
    """An operation of your own: a forward pass, and a derivative for each operand.

    Subclasses define ``__call__``, which sets ``self.variables`` to the tuple of its tensors and
    returns an array, and ``backward_var(grad, index)``, which returns the contribution to the
    gradient of ``self.variables[index]``, given the gradient of the result. They are run by
    `execute_op`, and are differentiable once: with ``create_graph=True`` they raise.

    The tensors that ``__call__`` gets hold the values of this call for good: writes to the
    tensors that `execute_op` was called with do not reach them.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.operation_base import Operation
    >>> class Cube(Operation):
    ...     def __call__(self, x):
    ...         self.variables = (x,)
    ...         return x.data ** 3
    ...
    ...     def backward_var(self, grad, index, **kwargs):
    ...         (x,) = self.variables
    ...         return grad * 3 * x.data ** 2
    >>> x = mg.tensor(2.0)
    >>> mg.execute_op(Cube, x).backward()
    >>> x.grad
    array(12.)
    """

    variables: tuple[Any, ...] = ()

    def __call__(self, *input_vars: Any, **kwargs: Any) -> Any:
        """Set ``self.variables``, and return the result as an array."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__")

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        """The contribution to the gradient of ``self.variables[index]``."""
        raise NotImplementedError(f"{type(self).__name__} defines no backward_var")


class Ufunc(Operation):
    """An elementwise operation."""


class UnaryUfunc(Ufunc):
    """An elementwise operation of one operand."""


class BinaryUfunc(Ufunc):
    """An elementwise operation of two operands."""


def _derivative(g: Any, i: int, operation: Operation, xp: Any) -> Any:
    if isinstance(g, Handle):
        raise NotImplementedError(
            f"{type(operation).__name__} is an Operation with a first-order derivative only; "
            f"backward(create_graph=True) needs operations made of mygrad's own functions"
        )
    try:
        return operation.backward_var(g, i)
    except SkipGradient:
        return xp.zeros_like(operation.variables[i]._data)


@primitive(
    tensors=lambda g, i, operation, xp: _derivative(g, i, operation, xp), variadic=True, own=True
)
def custom_operation(tensors: Any, operation: Operation, result: Any, *, xp: Any) -> Any:
    """Record a result that an `Operation` computed."""
    return result


def execute_op(
    op_cls: type[Operation],
    *input_vars: Any,
    op_args: tuple[Any, ...] = (),
    op_kwargs: dict[str, Any] | None = None,
    constant: bool | None = None,
) -> Any:
    """Run an `Operation` on tensors.

    Parameters
    ----------
    op_cls
        The class of the operation.
    *input_vars
        Its tensors; arrays and numbers are constants.
    op_args, op_kwargs
        Other arguments of its ``__call__``.
    constant
        Whether the result is constant; by default it is if all tensors are.

    Returns
    -------
    Tensor
    """
    tensors = [as_operand_tensor(t) for t in input_vars]
    kept = []
    for t in tensors:
        adapter = adapter_of(t._data)
        assert adapter is not None
        array = adapter.xp.asarray(t._data, copy=True)
        kept.append(new_handle(array, None, None, None, t._constant))
    operation = op_cls()
    result = operation(*kept, *op_args, **(op_kwargs or {}))
    return custom_operation(tensors, operation, result, constant=constant)
