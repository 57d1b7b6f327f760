"""The methods and properties of tensors whose form differs from the function's of that name."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.inplace import write
from mygrad.autodiff.nodes import Handle
from mygrad.linalg.products import dot
from mygrad.linalg.vectors import diagonal, trace
from mygrad.math.rounding import clip, divmod
from mygrad.tensor_manip.array_shape import reshape
from mygrad.tensor_manip.copying import imag, real, to
from mygrad.tensor_manip.selecting import compress, take
from mygrad.tensor_manip.sorting import partition, sort
from mygrad.tensor_manip.transpose_like import matrix_transpose, transpose
from mygrad.tensors.leaving import handed_out, held_elsewhere

__all__ = ["install"]

NUMBERS = (
    "any", "all", "argmax", "argmin", "argpartition", "argsort", "nonzero", "searchsorted",
)  # fmt: skip
"""Methods that return raw arrays: their results have no derivative."""


def _reshape(
    self: Any, *newshape: Any, order: str = "C", constant: bool | None = None, **kw: Any
) -> Any:
    """`mygrad.reshape`; the lengths may be given one by one.

    Parameters
    ----------
    *newshape
        The length of each axis, or a tuple of them; -1 for what is left.
    order
        As for `mygrad.reshape`.
    constant
        Whether the result is constant.
    **kw
        ``shape=``, the standard's name for the lengths, and ``copy=``.

    Returns
    -------
    Tensor
    """
    shape = newshape[0] if len(newshape) == 1 else newshape or kw.pop("shape", None)
    return reshape(self, shape, order, constant=constant, **kw)


def _take(
    self: Any,
    indices: Any,
    axis: int | None = None,
    out: Any = None,
    mode: str = "raise",
    *,
    constant: bool | None = None,
) -> Any:
    """`mygrad.take`, with its arguments in the order of NumPy's method.

    Parameters
    ----------
    indices, axis, out, mode, constant
        As for `mygrad.take`.

    Returns
    -------
    Tensor
    """
    return held_elsewhere(take(self, indices, axis, mode, out=out, constant=constant), out)


def _clip(
    self: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    constant: bool | None = None,
) -> Any:
    """`mygrad.clip`.

    Parameters
    ----------
    a_min, a_max, out, min, max, constant
        As for `mygrad.clip`.

    Returns
    -------
    Tensor
    """
    result = clip(self, a_min, a_max, out, min=min, max=max, constant=constant)
    return held_elsewhere(result, out)


def _dot(self: Any, b: Any, out: Any = None, *, constant: bool | None = None) -> Any:
    """`mygrad.dot`.

    Parameters
    ----------
    b, out, constant
        As for `mygrad.dot`.

    Returns
    -------
    Tensor
    """
    return held_elsewhere(dot(self, b, out, constant=constant), out)


def _compress(
    self: Any,
    condition: Any,
    axis: int | None = None,
    out: Any = None,
    *,
    constant: bool | None = None,
) -> Any:
    """`mygrad.compress`.

    Parameters
    ----------
    condition, axis, out, constant
        As for `mygrad.compress`.

    Returns
    -------
    Tensor
    """
    return held_elsewhere(compress(condition, self, axis, out, constant=constant), out)


def _sort(
    self: Any,
    axis: int = -1,
    kind: str | None = None,
    order: Any = None,
    *,
    stable: bool | None = None,
) -> None:
    """Sort the elements along an axis in place; the write is recorded.

    Parameters
    ----------
    axis, kind, order, stable
        As for `mygrad.sort`.
    """
    write(self, None, sort(self, axis, kind, order, stable), name="sort")


def _partition(
    self: Any, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
) -> None:
    """Partition the elements along an axis in place; the write is recorded.

    Parameters
    ----------
    kth, axis, kind, order
        As for `mygrad.partition`.
    """
    write(self, None, partition(self, kth, axis, kind, order), name="partition")


def _raw(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        adapter = adapter_of(self._data)
        assert adapter is not None
        args = tuple(a._data if isinstance(a, Handle) else a for a in args)
        out = kwargs.pop("out", None)
        if name in ("argmax", "argmin", "any", "all") and args:
            kwargs["axis"], args = args[0], args[1:]
            if args:
                out, args = args[0], args[1:]
            if args:
                kwargs["keepdims"] = args[0]
        elif name == "argsort" and args:
            kwargs["axis"], args = args[0], args[1:]
        result = getattr(adapter.xp, name)(self._data, *args, **kwargs)
        if out is not None:
            adapter.following(operator.setitem)(out, ..., result)
            return out
        return handed_out(result)

    method.__name__ = name
    method.__doc__ = f"""`{name}` of the array library, on the raw array.

    Parameters
    ----------
    *args, **kwargs
        As for the library's function, after the array.

    Returns
    -------
    Any
        A raw array, or a number: it has no derivative.
    """
    return method


def _to_device(self: Any, device: Any, /, *, stream: Any = None) -> Any:
    """The standard's name for ``t.to(device=device)``.

    Parameters
    ----------
    device
        The device, as the tensor's array library names it.
    stream
        Without effect.

    Returns
    -------
    Tensor
    """
    return to(self, self.backend, device)


def install(cls: Any) -> None:
    """Give a class of tensors these methods."""
    cls.reshape = _reshape
    cls.transpose = transpose
    cls.diagonal, cls.trace = diagonal, trace
    cls.to_device = _to_device
    cls.clip = _clip
    cls.dot = _dot
    cls.take = _take
    cls.compress = _compress
    cls.sort = _sort
    cls.partition = _partition
    cls.__divmod__ = divmod
    cls.__rdivmod__ = lambda self, other: divmod(other, self)
    for name in NUMBERS:
        setattr(cls, name, _raw(name))
    cls.T = property(transpose, doc="The tensor with its axes in reverse order; a view.")
    cls.mT = property(matrix_transpose, doc="The tensor with its last two axes exchanged; a view.")
    cls.real = property(real, doc="The real part.")
    cls.imag = property(imag, doc="The imaginary part.")
