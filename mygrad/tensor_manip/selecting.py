"""Choosing elements: by a condition, by their positions, by the triangle they are in."""

from __future__ import annotations

import inspect
from math import prod
from typing import Any

from mygrad.arrays.portable import device_of
from mygrad.autodiff.operands import as_operand, common_adapter, device_beside
from mygrad.autodiff.primitive import Primitive, primitive
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor, astensor

__all__ = [
    "compress", "extract", "take", "take_along_axis", "tril", "trim_zeros", "triu", "where",
]  # fmt: skip


class NoValue:
    """What an argument is that was not given."""

    def __repr__(self) -> str:
        return "<no value>"


NO_VALUE = NoValue()


class _Where(Primitive):
    """`where`, whose form with one argument says where the condition holds."""

    def __call__(  # type: ignore[override]
        self,
        condition: Any,
        x: Any = NO_VALUE,
        y: Any = NO_VALUE,
        *,
        out: Any = None,
        constant: bool | None = None,
    ) -> Any:
        missing = (x is NO_VALUE) + (y is NO_VALUE)
        if missing == 1:
            raise ValueError("where() needs both x and y, or neither")
        if missing:
            adapter = common_adapter((condition,), "where")
            array = adapter.asarray(as_operand(condition, adapter, "where"))
            return adapter.xp.nonzero(array)
        return super().__call__(condition, x, y, out=out, constant=constant)


def _truth(condition: Any, xp: Any) -> Any:
    """A condition as an array of booleans."""
    library = xp.adapter.xp
    if isinstance(condition, (bool, int, float)):
        return xp.adapter.asarray(bool(condition))
    return condition if library.isdtype(condition.dtype, "bool") else condition != 0


def _where(condition: Any, x: Any, y: Any, *, xp: Any) -> Any:
    """Choose between two tensors, element by element.

    Parameters
    ----------
    condition : ArrayLike
        Where it is true `x` is chosen, elsewhere `y`. Without `x` and `y`, the positions at
        which it is true are returned, as raw arrays.
    x, y : ArrayLike
        What to choose from; all three broadcast against one another.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor | tuple[array, ...]

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, -2.0])
    >>> mg.where(x > 0, x, 0.0)
    Tensor([1., 0.])
    >>> mg.where([True, False, True])
    (array([0, 2]),)
    """
    if not hasattr(x, "shape") and not hasattr(y, "shape"):
        x = xp.adapter.asarray(x, device=device_beside((condition,), xp.adapter))
    return xp.adapter.xp.where(_truth(condition, xp), x, y)


_where.__name__ = _where.__qualname__ = "where"
where = _Where(
    _where,
    {
        "x": lambda g, condition, xp: xp.where(_truth(condition, xp), g, 0.0),
        "y": lambda g, condition, xp: xp.where(_truth(condition, xp), 0.0, g),
        "condition": None,
    },
    broadcasts="elements",
)
where.__signature__ = inspect.signature(where.__call__)


def as_places(indices: Any, a: Any, xp: Any) -> Any:
    """Places along an axis, as an array of integers that is where the array `a` is."""
    if hasattr(indices, "shape"):
        return indices
    return xp.adapter.asarray(indices, device=xp.adapter.device(a))


def _from_zero(places: Any, n: int, mode: str, library: Any) -> Any:
    """Places along an axis of length `n`, none of them negative if they are on the axis."""
    if library.isdtype(places.dtype, "bool"):
        places = library.astype(places, library.int64)
    if mode == "clip":
        if library.iinfo(places.dtype).max < n:
            places = _wide(places, library)
        return library.clip(places, 0, max(n - 1, 0))
    if mode == "wrap":
        return _wide(places, library) % max(n, 1)
    if mode != "raise":
        raise ValueError(f"take: mode={mode!r} is not known; there are 'raise', 'wrap' and 'clip'")
    if library.isdtype(places.dtype, "unsigned integer"):
        return places
    places = _wide(places, library)
    return library.where((places < 0) & (places >= -n), places + n, places)


def _wide(places: Any, library: Any) -> Any:
    """Places in a dtype that has room for lengths."""
    if not library.isdtype(places.dtype, "integral"):
        raise TypeError(f"places along an axis are integers, and not {places.dtype}")
    return library.astype(places, library.int64, copy=False)


@primitive(
    a=lambda g, indices, axis, mode, a_shape, xp: xp.untake(g, indices, axis, a_shape, mode),
    indices=None,
    goes_first=True,
)
def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise", *, xp: Any) -> Any:
    """The elements (or slabs) at given places along an axis.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    indices : ArrayLike
        The places; negative ones count from the end.
    axis : int, optional
        Along which axis; along the flattened tensor if not given.
    mode : {"raise", "wrap", "clip"}
        What places beyond the ends are: an error, places counted round and round, or the ends.

    Returns
    -------
    Tensor
        A copy; the axes of `indices` stand where `axis` was.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.take(mg.tensor([1.0, 2.0, 3.0]), [2, 0, 2])
    Tensor([3., 1., 3.])
    >>> mg.take(mg.tensor([1.0, 2.0, 3.0]), [-1, 5], mode="clip")
    Tensor([1., 3.])
    """
    library = xp.adapter.xp
    if axis is None:
        a, axis = library.reshape(a, (prod(a.shape),)), 0
    axis = axis_number(axis, a.ndim, "take")
    places = as_places(indices, a, xp)
    if a.shape[axis] == 0 and 0 not in places.shape:
        raise IndexError("take: an axis of length 0 has no places to take from")
    flat = library.reshape(places, (prod(places.shape),))
    out = library.take(a, _from_zero(flat, a.shape[axis], mode, library), axis=axis)
    shape = (*a.shape[:axis], *places.shape, *a.shape[axis + 1 :])
    return library.reshape(out, shape)


@primitive(
    g=lambda h, indices, axis, mode, xp: xp.take(h, indices, axis=axis, mode=mode),
    indices=None,
    goes_first=True,
)
def untake(g: Any, indices: Any, axis: Any, shape: Any, mode: str = "raise", *, xp: Any) -> Any:
    """The adjoint of `take`: zeros of a shape, with `g` added at the places.

    Parameters
    ----------
    g : ArrayLike
        What to add, of the shape that `take` gives.
    indices : ArrayLike
        The places.
    axis : int | None
        Along which axis they are.
    shape : tuple[int, ...]
        The shape of the result.
    mode : {"raise", "wrap", "clip"}
        As for `take`.

    Returns
    -------
    Tensor
    """
    library = xp.adapter.xp
    flat = (prod(shape),) if axis is None else tuple(shape)
    out = library.zeros(flat, dtype=g.dtype, device=device_of(g))
    k = 0 if axis is None else axis % len(shape)
    places = as_places(indices, g, xp)
    if mode != "raise" or library.isdtype(places.dtype, "bool"):
        places = _from_zero(places, flat[k], mode, library)
    out = xp.adapter.scatter_add(out, (*(slice(None),) * k, places), g)
    return library.reshape(out, tuple(shape))


def along(indices: Any, axis: int, xp: Any) -> tuple[Any, ...]:
    """Integer arrays, one for each axis, that point where `take_along_axis` looks."""
    library, ndim = xp.adapter.xp, indices.ndim
    return tuple(
        indices
        if k == axis % ndim
        else library.reshape(
            library.arange(n, device=device_of(indices)), (1,) * k + (n,) + (1,) * (ndim - k - 1)
        )
        for k, n in enumerate(indices.shape)
    )


@primitive(
    arr=lambda g, indices, axis, arr_shape, xp: xp.untake_along_axis(g, indices, axis, arr_shape),
    indices=None,
    goes_first=True,
)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1, *, xp: Any) -> Any:
    """Elements at places that are given for each line along an axis, as `argsort` gives them.

    Parameters
    ----------
    arr : ArrayLike
        The tensor.
    indices : ArrayLike
        The places; it broadcasts against `arr` along the other axes.
    axis : int, optional
        Along which axis; None stands for the flattened tensor.

    Returns
    -------
    Tensor
        Of the shape of `indices`.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[3.0, 1.0, 2.0]])
    >>> mg.take_along_axis(x, [[1, 2, 0]], axis=1)
    Tensor([[1., 2., 3.]])
    """
    library = xp.adapter.xp
    places = as_places(indices, arr, xp)
    if axis is None:
        arr, axis = library.reshape(arr, (prod(arr.shape),)), 0
    places, arr = matched(places, arr, axis, library)
    return library.take_along_axis(arr, places, axis=axis)


def matched(places: Any, arr: Any, axis: int, library: Any) -> tuple[Any, Any]:
    """Broadcast places and array against one another, along all axes but one."""
    if places.ndim != arr.ndim:
        raise ValueError(f"the indices have {places.ndim} axes, and the array has {arr.ndim}")
    axis = axis_number(axis, arr.ndim, "take_along_axis")
    common = [max(n, m) if n * m else 0 for n, m in zip(places.shape, arr.shape, strict=True)]
    common[axis] = places.shape[axis]
    places = library.broadcast_to(places, tuple(common))
    common[axis] = arr.shape[axis]
    return places, library.broadcast_to(arr, tuple(common))


@primitive(
    g=lambda h, indices, axis, xp: xp.take_along_axis(h, indices, axis=axis),
    indices=None,
    goes_first=True,
)
def untake_along_axis(g: Any, indices: Any, axis: Any, shape: Any, *, xp: Any) -> Any:
    """The adjoint of `take_along_axis`: zeros of a shape, with `g` added at the places.

    Parameters
    ----------
    g : ArrayLike
        What to add, of the shape that `take_along_axis` gives.
    indices : ArrayLike
        The places.
    axis : int | None
        Along which axis they are.
    shape : tuple[int, ...]
        The shape of the result.

    Returns
    -------
    Tensor
    """
    library = xp.adapter.xp
    flat = (prod(shape),) if axis is None else tuple(shape)
    axis = 0 if axis is None else axis
    out = library.zeros(flat, dtype=g.dtype, device=device_of(g))
    places, _ = matched(as_places(indices, g, xp), out, axis, library)
    index = list(along(places, axis, xp))
    for k, n in enumerate(flat):
        if n == 1 and k != axis % len(flat):  # the array was broadcast along this axis
            index[k] = library.zeros_like(index[k])
    out = xp.adapter.scatter_add(out, tuple(index), library.broadcast_to(g, places.shape))
    return library.reshape(out, tuple(shape))


def compress(
    condition: Any,
    a: Any,
    axis: int | None = None,
    out: Any = None,
    *,
    constant: bool | None = None,
) -> Tensor:
    """The elements (or slabs) at which a one-dimensional condition holds.

    Parameters
    ----------
    condition : ArrayLike
        Booleans; if there are fewer than places, the rest is left out.
    a : ArrayLike
        The tensor.
    axis : int, optional
        Along which axis; along the flattened tensor if not given.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.compress([True, False, True], mg.tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3.])
    """
    places = where(condition)
    if len(places) != 1:
        raise ValueError(f"compress: the condition has to have one axis, and has {len(places)}")
    return take(a, places[0], axis, out=out, constant=constant)


def extract(condition: Any, arr: Any, *, constant: bool | None = None) -> Tensor:
    """The elements at which a condition holds, as a tensor with one axis.

    Parameters
    ----------
    condition : ArrayLike
        Booleans, or numbers that are not 0; as many as `arr` has elements.
    arr : ArrayLike
        The tensor.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[1.0, -2.0], [-3.0, 4.0]])
    >>> mg.extract(x > 0, x)
    Tensor([1., 4.])
    """
    adapter = common_adapter((condition, arr), "extract")
    chosen = adapter.asarray(as_operand(condition, adapter, "extract", (arr,)))
    (places,) = where(adapter.following(adapter.xp.reshape)(chosen, (-1,)))
    return take(arr, places, constant=constant)


def trim_zeros(
    filt: Any, trim: str = "fb", axis: Any = None, *, constant: bool | None = None
) -> Tensor:
    """A tensor without the zeros at its ends.

    Parameters
    ----------
    filt : ArrayLike
        The tensor.
    trim : {"fb", "f", "b"}
        Whether to trim the front, the back, or both.
    axis : int | tuple[int, ...], optional
        Along which axes, all if not given: slabs that are 0 throughout are trimmed.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.trim_zeros(mg.tensor([0.0, 1.0, 0.0, 2.0, 0.0]))
    Tensor([1., 0., 2.])
    """
    sides = trim.lower()
    if sides not in ("fb", "bf", "f", "b"):
        raise ValueError(f"trim_zeros: trim={trim!r} is not known; there are 'fb', 'f' and 'b'")
    t = as_operand_tensor(filt)
    axes: Any = range(t.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    numbers = {axis_number(k, t.ndim, "trim_zeros") for k in axes}
    index = []
    adapter = common_adapter((t,), "trim_zeros")
    least, last = (adapter.following(f) for f in (adapter.xp.min, adapter.xp.max))
    for k, places in enumerate(where(t) if t.ndim else ()):
        first, end = 0, 0  # nothing is left where all are zeros
        if prod(places.shape):
            first, end = int(least(places)), int(last(places)) + 1
            first, end = first if "f" in sides else 0, end if "b" in sides else t.shape[k]
        index.append(slice(first, end) if k in numbers else slice(None))
    return astensor(t[tuple(index)] if numbers else t, constant=constant)


@primitive(x=lambda g, k, xp: xp.tril(g, k=k))
def tril(x: Any, k: int = 0, *, xp: Any) -> Any:
    """The lower triangle of a matrix; zeros above it.

    Parameters
    ----------
    x : ArrayLike
        A matrix, or a stack of them.
    k : int
        The highest diagonal that is kept; 0 is the main one, those above are positive.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.tril(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]])
    """
    return xp.tril(x, k=k)


@primitive(x=lambda g, k, xp: xp.triu(g, k=k))
def triu(x: Any, k: int = 0, *, xp: Any) -> Any:
    """The upper triangle of a matrix; zeros below it.

    Parameters
    ----------
    x : ArrayLike
        A matrix, or a stack of them.
    k : int
        The lowest diagonal that is kept; 0 is the main one, those above are positive.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.triu(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 2.],
            [0., 4.]])
    """
    return xp.triu(x, k=k)
