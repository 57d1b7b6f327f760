"""The methods of ufuncs: reductions, running totals, all pairs, writes at places.

They are made of primitives, so that gradients follow. ``mg.add.reduce`` is `mygrad.sum`; what has
no reduction of its own is combined step by step, or, where brackets do not matter, by halves.
NumPy's ``np.add.reduce(t)`` arrives here as well.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import Any

from mygrad.arrays import adapter_of, get_adapter
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.math.reduction import FOLDS
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import as_operand_tensor, as_operand_tensors
from mygrad.tensors.indexing import parse

__all__ = ["accumulate", "at", "outer", "reduce", "reduceat"]

REDUCED = {fold.combine: name for name, fold in FOLDS.items()}
ACCUMULATED = {"add": "cumsum", "multiply": "cumprod"}
PROMOTING = ("add", "multiply")
"""Where sums of small integers are of a larger dtype."""

ASSOCIATIVE = frozenset("maximum minimum fmax fmin logaddexp logaddexp2 hypot".split())
"""Where brackets do not matter, and the order of the operands does not, either."""


def ours(ufunc: Any) -> str:
    """The name of one of mygrad's ufuncs; what users declare may be called so, and be another."""
    return ufunc.name if ufunc.is_ours else ""


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
    x = as_operand_tensor(array)
    if dtype is not None or ours(self) not in PROMOTING:
        x = _in_its_dtype(self, x, dtype)
    if ours(self) in REDUCED and not (self.name == "logaddexp" and 0 in x.shape):
        axis = axis if x.ndim else None
        return registry[REDUCED[self.name]](
            x, axis=axis, keepdims=bool(keepdims), initial=initial, where=where, out=out
        )
    axes = _axes(axis, x.ndim, self.name)
    if len(axes) > 1 and ours(self) not in ASSOCIATIVE:
        raise ValueError(
            f"{self.name}.reduce: the order of its operands matters, so it takes one axis at most, "
            f"and was given {axes}"
        )
    if where is not True and initial is None and self.identity is None:
        raise ValueError(
            f"{self.name}.reduce: nothing is neutral to {self.name}, so where= needs initial="
        )
    rows = _in_rows(x, axes)
    chosen = None
    if where is not True:
        chosen = _in_rows(registry["broadcast_to"](where, x.shape), axes)._data
    result = _combined(self, rows, initial, chosen)
    if keepdims:
        result = result.reshape([1 if k in axes else n for k, n in enumerate(x.shape)])
    return result if out is None else write_result(out, result, f"{self.name}.reduce")


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
    x = as_operand_tensor(array)
    if not x.ndim:
        raise TypeError(f"{self.name}.accumulate: a number has no axis to go along")
    (axis,) = _axes(operator.index(axis), x.ndim, self.name)
    if ours(self) in ACCUMULATED:
        return registry[ACCUMULATED[self.name]](x, axis=axis, dtype=dtype, out=out)
    rows = registry["moveaxis"](_in_its_dtype(self, x, dtype), axis, 0)
    join, count, step = registry["concatenate"], len(rows), 1
    if ours(self) in ASSOCIATIVE:
        while step < count:  # each row has `step` rows combined in it, and from here on twice that
            rows = join([rows[:step], self(rows[:-step], rows[step:])])
            step *= 2
    elif count:
        totals = [rows[0]]
        for k in range(1, count):
            totals.append(self(totals[-1], rows[k]))
        rows = registry["stack"](totals)
    result = registry["moveaxis"](rows, 0, axis)
    if out is None:
        return result if count > 1 else registry["copy"](result)
    return write_result(out, result, f"{self.name}.accumulate")


def reduceat(
    self: Any, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """Combine the elements of parts of an axis, which begin where the indices say.

    Parameters
    ----------
    array
        A tensor or array.
    indices
        Where parts begin. Each ends where the next begins; one that does not begin before the
        next is one element. The last one goes to the end.
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
    >>> mg.add.reduceat(mg.tensor([1.0, 2.0, 3.0, 4.0]), [0, 3])
    Tensor([6., 4.])
    """
    _check_binary(self, "reduceat")
    x = as_operand_tensor(array)
    (axis,) = _axes(operator.index(axis), x.ndim, self.name)
    starts = get_adapter("numpy").asarray(_on_host(indices)).astype(int)
    if starts.ndim != 1:
        raise ValueError(f"{self.name}.reduceat: indices are of one axis, not of {starts.ndim}")
    if dtype is not None or ours(self) not in PROMOTING:
        x = _in_its_dtype(self, x, dtype)
    rows = registry["moveaxis"](x, axis, 0)
    parts, count = [], len(rows)
    for start, stop in zip(starts.tolist(), [*starts.tolist()[1:], count], strict=False):
        if not 0 <= start < count:
            raise IndexError(f"{self.name}.reduceat: index {start} is not in [0, {count})")
        single = stop <= start + 1
        part = rows[start : start + 1 if single else stop]
        parts.append(part[0] if single and ours(self) not in PROMOTING else reduce(self, part))
    result = registry["moveaxis"](registry["stack"](parts) if parts else rows[:0], 0, axis)
    return result if out is None else write_result(out, result, f"{self.name}.reduceat")


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
    """Compute a tensor's elements at places again, in place; where they repeat, again each time.

    Parameters
    ----------
    a : Tensor
        What to change.
    indices
        The places: anything that tensors are indexed by.
    b
        The second operand, for functions that have one.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.zeros(3)
    >>> mg.add.at(x, [0, 2, 2], 1.0)
    >>> x
    Tensor([1., 0., 2.], dtype=float32)
    """
    if self.signature is not None:
        raise TypeError(f"{self.name}.at: only elementwise functions have that method")
    if not isinstance(a, Handle):
        raise TypeError(
            f"{self.name}.at writes into a tensor, and was given something of type "
            f"{type(a).__name__}: a raw array would lose the gradient; make it a tensor first, "
            f"mg.tensor(array)"
        )
    if (b is None) is (self.nin == 2):
        raise ValueError(
            f"{self.name}.at: {self.name} takes {self.nin} operands, and of those the tensor is one"
        )
    if ours(self) in ("add", "subtract"):
        values = b if self.name == "add" else registry["negative"](b)
        a.scatter_add(indices, values)  # type: ignore[attr-defined]
        return
    for places, chosen in _in_rounds(a, indices):
        operands = [a[places]]  # type: ignore[index]
        if b is not None:
            operands.append(b if chosen is None else _at_places(b, *chosen))
        result = self(*operands)
        adapter = adapter_of(a._data)
        if adapter is not None and not adapter.can_cast(result.dtype, a._data.dtype):
            raise TypeError(
                f"{self.name}.at: a result of dtype {result.dtype} cannot be written to a tensor "
                f"of dtype {a._data.dtype}"
            )
        a[places] = result  # type: ignore[index]


def _in_rounds(a: Any, indices: Any) -> Iterator[tuple[Any, Any]]:
    """The places, in rounds that have each place once; and which of the values belong to them.

    Those are told by the shape of what is indexed, and by positions in that. It is None where
    there is one round, of all places.
    """
    adapter, host = adapter_of(a._data), get_adapter("numpy").xp
    assert adapter is not None
    parsed, advanced = parse(indices, adapter, a)
    if not advanced:
        yield parsed, None
        return
    items = tuple(_on_host(item) for item in parsed)
    places = host.reshape(host.arange(math.prod(a.shape)), a.shape)[items]
    flat = places.ravel()
    order = host.argsort(flat, stable=True)
    ranks = host.arange(len(flat))
    first = host.searchsorted(flat[order], flat[order])
    ranks[order] = host.arange(len(flat)) - first  # how often the place was there before
    if not ranks.any():
        yield parsed, None
        return
    for k in range(int(ranks.max()) + 1):
        chosen = host.nonzero(ranks == k)[0]
        where = host.unravel_index(flat[chosen], a.shape)
        yield where, (places.shape, host.unravel_index(chosen, places.shape))


def _at_places(b: Any, shape: tuple[int, ...], places: Any) -> Any:
    return registry["broadcast_to"](as_operand_tensor(b), shape)[places]


def _on_host(value: Any) -> Any:
    """An index on the host, where positions are counted."""
    value = value._data if isinstance(value, Handle) else value
    adapter = adapter_of(value)
    return value if adapter is None else adapter.to_host(value)


def _axes(axis: Any, ndim: int, name: str) -> tuple[int, ...]:
    """The numbers of the axes, from 0 up; a number has none."""
    if not ndim:
        return ()
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(axis_number(k, ndim, name) for k in axes)


def _in_its_dtype(ufunc: Any, x: Any, dtype: Any) -> Any:
    """The operand in the dtype of the results: that which is asked for, or the function's."""
    adapter = adapter_of(x._data)
    assert adapter is not None
    if dtype is None:
        nothing = adapter.xp.zeros((0,), dtype=x.dtype)
        dtype = ufunc(nothing, nothing).dtype
        return registry["astype"](x, dtype, copy=False)
    x = registry["astype"](x, dtype, copy=False)
    nothing = adapter.xp.zeros((0,), dtype=x.dtype)
    computed = ufunc(nothing, nothing).dtype
    if computed != x.dtype:
        raise TypeError(f"{ufunc.name}: it computes in {computed}, and not in dtype={dtype}")
    return x


def _in_rows(x: Any, axes: tuple[int, ...]) -> Any:
    """The elements along these axes as rows, in order, of what is along the others."""
    x = as_operand_tensor(x)
    rest = [n for k, n in enumerate(x.shape) if k not in axes]
    x = registry["moveaxis"](x, axes, tuple(range(len(axes)))) if axes else x
    return x.reshape((math.prod(x.shape[: len(axes)]), *rest))


def _combined(ufunc: Any, rows: Any, initial: Any, chosen: Any) -> Any:
    """All rows, combined from the first on, or those of each column that are `chosen`."""
    count = len(rows)
    if initial is None and (chosen is not None or not count):
        initial = ufunc.identity
        if initial is None:
            raise ValueError(f"{ufunc.name}.reduce: nothing is combined, and nothing is neutral")
    while chosen is None and ours(ufunc) in ASSOCIATIVE and count > 1:
        half = count // 2
        halves = ufunc(rows[:half], rows[half : 2 * half])
        rows = registry["concatenate"]([halves, rows[2 * half :]]) if count % 2 else halves
        count -= half
    total: Any = rows[0] if initial is None else registry["astype"](initial, rows.dtype)
    if initial is None and ufunc.identity is not None:
        total = ufunc(ufunc.identity, total)
    if total.shape != rows.shape[1:]:
        total = registry["broadcast_to"](total, rows.shape[1:])
    for k in range(initial is None, count):
        if chosen is None:
            total = ufunc(total, rows[k])
        else:
            step = ufunc(total, rows[k], where=chosen[k, ...])
            total = registry["where"](chosen[k, ...], step, total)
    return total if total.base is None else registry["copy"](total)


def _check_binary(ufunc: Any, method: str) -> None:
    if ufunc.nin != 2 or ufunc.signature is not None:
        raise ValueError(
            f"{ufunc.name}.{method}: only elementwise functions of two operands have that method"
        )
