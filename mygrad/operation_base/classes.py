"""Operations that users write as classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import Handle, Record, new_handle
from mygrad.autodiff.primitive import primitive
from mygrad.tensor_manip.selecting import NO_VALUE
from mygrad.tensors.base import Tensor, as_operand_tensors
from mygrad.tensors.leaving import handed_out
from mygrad.tensors.provenance import Provenance, creators

__all__ = ["BinaryUfunc", "Operation", "Sequential", "Ufunc", "UnaryUfunc", "execute_op"]


class SkipGradient(Exception):
    """Raised by `Operation.backward_var` where an operand gets no gradient."""


class Operation(ABC):
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
    where: Any = True

    @abstractmethod
    def __call__(self, *input_vars: Any, **kwargs: Any) -> Any:
        """Set ``self.variables``, and return the result as an array."""

    @abstractmethod
    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        """The contribution to the gradient of ``self.variables[index]``."""

    @staticmethod
    def grad_post_process_fn(grad: Any, var_shape: tuple[int, ...]) -> Any:
        """What becomes of each contribution: here it is summed over axes that broadcasting made.

        Examples
        --------
        >>> import numpy as np
        >>> from mygrad.operation_base import Operation
        >>> Operation.grad_post_process_fn(np.ones((2, 3)), (3,))
        array([2., 2., 2.])
        """
        lead = grad.ndim - len(var_shape)
        axes = [*range(lead), *(lead + k for k, n in enumerate(var_shape) if n == 1)]
        axes = [k for k in axes if k < lead or grad.shape[k] != 1]
        return grad.sum(axis=tuple(axes)).reshape(var_shape) if axes else grad


class Ufunc(Operation):
    """An elementwise operation, whose forward pass is one of NumPy's ufuncs.

    Attributes
    ----------
    numpy_ufunc
        The ufunc; subclasses set it.
    """

    numpy_ufunc: Any

    def _forward(self, variables: tuple[Any, ...], out: Any, where: Any, dtype: Any) -> Any:
        self.variables, self.where = variables, where
        arrays = [t.data for t in variables]
        return self.numpy_ufunc(*arrays, out=out, where=where, dtype=dtype)


class UnaryUfunc(Ufunc):
    """An elementwise operation of one operand.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> from mygrad.operation_base import UnaryUfunc
    >>> class Sin(UnaryUfunc):
    ...     numpy_ufunc = np.sin
    ...
    ...     def backward_var(self, grad, index, **kwargs):
    ...         (x,) = self.variables
    ...         return grad * np.cos(x.data)
    >>> x = mg.tensor(0.0)
    >>> mg.execute_op(Sin, x).backward()
    >>> x.grad
    array(1.)
    """

    def __call__(  # type: ignore[override]
        self, x1: Any, out: Any = None, *, where: Any = True, dtype: Any = None
    ) -> Any:
        return self._forward((x1,), out, where, dtype)


class BinaryUfunc(Ufunc):
    """An elementwise operation of two operands; see `UnaryUfunc`."""

    def __call__(  # type: ignore[override]
        self, x1: Any, x2: Any, out: Any = None, *, where: Any = True, dtype: Any = None
    ) -> Any:
        return self._forward((x1, x2), out, where, dtype)


class Sequential(Operation):
    """An operation over axes, whose forward pass is a function like `numpy.sum`.

    Subclasses define ``numpy_func(a, axis, dtype, out, *args, **kwargs)`` as a static method.
    ``__call__`` notes what it was given, for ``backward_var``: ``self.axis`` (None, or a tuple),
    ``self.keepdims``, ``self.initial``, ``self.where``, ``self.ddof`` and ``self.out_shape``.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> from mygrad.operation_base import Sequential
    >>> class Sum(Sequential):
    ...     numpy_func = staticmethod(np.sum)
    ...
    ...     def backward_var(self, grad, index, **kwargs):
    ...         (x,) = self.variables
    ...         return np.broadcast_to(np.expand_dims(grad, self.axis), x.shape)
    >>> x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> mg.execute_op(Sum, x, op_kwargs={"axis": 1}).backward()
    >>> x.grad
    array([[1., 1.],
           [1., 1.]])
    """

    numpy_func: Callable[..., Any]

    def __call__(  # type: ignore[override]
        self,
        a: Any,
        axis: int | tuple[int, ...] | None = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = NO_VALUE,
        initial: Any = NO_VALUE,
        *,
        where: Any = NO_VALUE,
        ddof: Any = NO_VALUE,
    ) -> Any:
        self.variables = (a,)
        self.axis = (axis,) if isinstance(axis, int) else axis
        self.keepdims, self.initial, self.ddof = keepdims, initial, ddof
        self.where = True if where is NO_VALUE else where
        options = {"keepdims": keepdims, "initial": initial, "where": where, "ddof": ddof}
        given = {name: value for name, value in options.items() if value is not NO_VALUE}
        result = type(self).numpy_func(a.data, axis, dtype, out, **given)
        self.out_shape = result.shape
        return result


def _raw(result: Any) -> Any:
    """A constant tensor's array: while a function is compiled, users compute with tensors."""
    return result._data if isinstance(result, Handle) and result._constant else result


def _derivative(g: Any, operation: Operation, i: int, xp: Any) -> Any:
    if isinstance(g, Handle):
        raise NotImplementedError(
            f"{type(operation).__name__} is an Operation with a first-order derivative only; "
            f"backward(create_graph=True) needs operations made of mygrad's own functions"
        )
    data = operation.variables[i]._data
    try:
        contribution = _raw(operation.backward_var(handed_out(g), i))
    except SkipGradient:
        return xp.zeros_like(data)
    if isinstance(operation, Ufunc) and operation.where is not True:
        contribution = xp.where(xp.asarray(operation.where), contribution, 0.0)
    finish = operation.grad_post_process_fn
    if finish is Operation.grad_post_process_fn:
        return contribution  # the engine undoes broadcasting
    return finish(contribution, data.shape)


@primitive(
    tensors=lambda g, operation, i, xp: _derivative(g, operation, i, xp),
    variadic=True, goes_first=True,
    broadcasts="stacks",
)
def custom_operation(tensors: Any, operation: Operation, result: Any, *, xp: Any) -> Any:
    """Record a result that an `Operation` computed."""
    return result


custom_operation.is_ours = False  # what its rule returns may be seen by others
class Creator:
    """What users see as the creator of a result: their operation, and the tensors it was given.

    It passes for an instance of the user's class, and has what is set on that.
    """

    def __init__(self, made: Record | Provenance) -> None:
        self._made = made
        if isinstance(made, Provenance):
            self._operation = made.operation
        else:
            self._operation = made.values[OPERATION]

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._operation)

    @property
    def variables(self) -> tuple[Any, ...]:
        """The tensors that `execute_op` was called with."""
        return self._made.variables

    def __repr__(self) -> str:
        return repr(self._operation)

    def __getattr__(self, name: str) -> Any:
        holder = self._operation if hasattr(self._operation, name) else self._made
        return getattr(holder, name)


OPERATION = custom_operation.positions["operation"]
creators[custom_operation] = Creator


def execute_op(
    Op: type[Operation],
    *input_vars: Any,
    op_args: Sequence[Any] | None = None,
    op_kwargs: dict[str, Any] | None = None,
    constant: bool | None = None,
    out: Any = None,
) -> Tensor:
    """Run an `Operation` on tensors.

    Parameters
    ----------
    Op
        The class of the operation.
    *input_vars
        Its tensors; arrays and numbers are constants.
    op_args, op_kwargs
        Other arguments of its ``__call__``.
    constant
        Whether the result is constant; by default it is if all tensors are.
    out
        A tensor or array to write the result into.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.operation_base import Operation
    >>> class Scale(Operation):
    ...     def __call__(self, x, factor):
    ...         self.variables = (x,)
    ...         self.factor = factor
    ...         return factor * x.data
    ...
    ...     def backward_var(self, grad, index, **kwargs):
    ...         return self.factor * grad
    >>> mg.execute_op(Scale, mg.tensor([1.0, 2.0]), op_args=(3.0,))
    Tensor([3., 6.])
    """
    tensors = as_operand_tensors(*input_vars)
    kept = []
    for t in tensors:
        adapter = adapter_of(t._data)
        assert adapter is not None
        array = adapter.xp.asarray(t._data, copy=True)
        kept.append(new_handle(array, None, None, None, t._constant))
    operation = Op()
    compute: Callable[..., Any] = operation
    if kept and adapter is not None:
        compute = adapter.following(operation)
    result = _raw(compute(*kept, *(op_args or ()), **(op_kwargs or {})))
    made = custom_operation(tensors, operation, result, out=out, constant=constant)
    provenance = None if made._extras is None else made._extras.provenance
    if provenance is not None and provenance.primitive is custom_operation:
        provenance.operation = operation
    return made


def install(cls: Any) -> None:
    """Give tensors the older name of `execute_op`, which packages call."""

    def _op(cls: Any, op_cls: Any, *input_vars: Any, **options: Any) -> Any:
        return execute_op(op_cls, *input_vars, **options)

    cls._op = classmethod(_op)
