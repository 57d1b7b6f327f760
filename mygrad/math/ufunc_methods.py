"""The methods of ufuncs: reductions, running totals, all pairs, writes at places.

They are made of primitives, so that gradients follow: ``mg.add.reduce`` is `mygrad.sum`. NumPy's
``np.add.reduce(t)`` arrives here as well.
"""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.math.reduction import FOLDS
from mygrad.tensors.base import as_operand_tensors

__all__ = ["accumulate", "accumulates", "at", "outer", "reduce", "reduceat", "reduces"]

REDUCED = {fold.combine: name for name, fold in FOLDS.items()}
ACCUMULATED = {"add": "cumsum", "multiply": "cumprod"}


def reduces(name: str) -> bool:
    """Whether the reduction by the ufunc of this name is differentiable here."""
    return REDUCED.get(name) in registry


def accumulates(name: str) -> bool:
    """Whether the running totals by the ufunc of this name are differentiable here."""
    return ACCUMULATED.get(name) in registry


def reduce(
    self: Any,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Combine all elements along axes, the first by default, as NumPy's ufuncs do.

    Parameters
    ----------
    array
        A tensor or array.
    axis
        The axis, or a tuple of axes; None for all.
    dtype
        The data type to compute in.
    out
        Where to write the result.
    keepdims
        Whether the reduced axes stay, with length 1.
    initial
        A value to begin with.
    where
        Which elements to combine; all by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.add.reduce(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([4., 6.])
    """
    _check_binary(self, "reduce")
    if not reduces(self.name):
        raise _missing(self, "reduce", sorted(n for n, f in REDUCED.items() if f in registry))
    if dtype is not None:
        array = registry["astype"](array, dtype)
    return registry[REDUCED[self.name]](
        array, axis=axis, keepdims=bool(keepdims), initial=initial, where=where, out=out
    )


def accumulate(self: Any, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """Combine the elements along an axis one after the other, and keep what there is each time.

    Parameters
    ----------
    array
        A tensor or array.
    axis
        Along which axis.
    dtype
        The data type to compute in.
    out
        Where to write the result.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.multiply.accumulate(mg.tensor([1.0, 2.0, 3.0]))
    Tensor([1., 2., 6.])
    """
    _check_binary(self, "accumulate")
    if not accumulates(self.name):
        raise _missing(self, "accumulate", sorted(ACCUMULATED))
    return registry[ACCUMULATED[self.name]](array, axis=axis, dtype=dtype, out=out)


def reduceat(self: Any, array: Any, indices: Any, *args: Any, **kwargs: Any) -> Any:
    """Not there for tensors: `reduce` the parts, which indexing gives."""
    _check_binary(self, "reduceat")
    raise _missing(self, "reduceat", ())


def outer(self: Any, A: Any, B: Any, /, **options: Any) -> Any:
    """Combine each element of one operand with each element of the other.

    Parameters
    ----------
    A, B
        Tensors or arrays.
    **options
        ``out=``, ``where=``, ``dtype=``, ``constant=``, as for the ufunc itself.

    Returns
    -------
    Tensor
        Of shape ``A.shape + B.shape``.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.subtract.outer(mg.tensor([1.0, 2.0]), [1.0, 5.0])
    Tensor([[ 0., -4.],
            [ 1., -3.]])
    """
    _check_binary(self, "outer")
    left, right = as_operand_tensors(A, B)
    return self(left.reshape((*left.shape, *(1,) * right.ndim)), right, **options)


def at(self: Any, a: Any, indices: Any, b: Any = None, /) -> None:
    """Add to, or subtract from, a tensor at places, in place; where they repeat all count.

    Parameters
    ----------
    a : Tensor
        What to change.
    indices
        The places: anything that tensors are indexed by.
    b
        What to add or subtract.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.zeros(3)
    >>> mg.add.at(x, [0, 2, 2], 1.0)
    >>> x
    Tensor([1., 0., 2.], dtype=float32)
    """
    if self.name not in ("add", "subtract"):
        raise _missing(self, "at", ("add", "subtract"))
    if not isinstance(a, Handle):
        raise TypeError(
            f"{self.name}.at writes into a tensor, and was given something of type "
            f"{type(a).__name__}: a raw array would lose the gradient; make it a tensor first, "
            f"mg.tensor(array)"
        )
    values = b if self.name == "add" else registry["negative"](b)
    a.scatter_add(indices, values)  # type: ignore[attr-defined]


def _check_binary(ufunc: Any, method: str) -> None:
    if ufunc.nin != 2 or ufunc.signature is not None:
        raise ValueError(
            f"{ufunc.name}.{method}: only elementwise functions of two operands have that method"
        )


def _missing(ufunc: Any, method: str, others: Any) -> NotImplementedError:
    known = f"; there are {', '.join(f'{name}.{method}' for name in others)}" if others else ""
    return NotImplementedError(
        f"{ufunc.name}.{method} has no derivative here{known}. Write it with other functions, or "
        f"pass `t.data` to NumPy's if no gradient is to flow through it"
    )
