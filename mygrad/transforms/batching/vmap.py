"""`vmap`: a function of one example becomes one of a batch of them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import wraps
from typing import Any

from mygrad.arrays import Selection, adapter_of, get_adapter, selected, selection
from mygrad.autodiff.nodes import new_handle
from mygrad.autodiff.operands import SCALARS, floating
from mygrad.tensors.base import Tensor
from mygrad.transforms.batching.adapter import batched
from mygrad.transforms.batching.array import BatchedArray
from mygrad.transforms.batching.levels import depth, depth_of
from mygrad.transforms.batching.randomness import drawing
from mygrad.transforms.devices import Beside
from mygrad.transforms.trees import LEAF, Structure, flatten

__all__ = ["vmap"]

Array = Any


def vmap(
    function: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, *, randomness: str = "error"
) -> Callable[..., Any]:
    """A function of one example, as a function of a batch of them that runs once for all.

    In `function` each batched argument is a tensor with the shape of one example. What it computes
    is batched operation by operation; there is no loop over the examples.

    Parameters
    ----------
    function
        A function of arrays, or of nested lists, tuples and dictionaries of arrays.
    in_axes
        For each positional argument the axis of the batch, or None where it is the same for all
        examples: a number for all arguments, or a sequence with an item for each. The item for a
        nested argument may be nested like it, down to where one number holds for all below.
        Arguments that are given by name are batched along their first axis.
    out_axes
        The axis of the batch in the results, in the same form. Where it is None the result has to
        be the same for all examples.
    randomness : {"error", "different", "same"}
        What `mygrad.random` does in `function`: raises, draws other numbers for each example, or
        the same for all. Both draw from the generator that `mygrad.random.seed` sets.

    Returns
    -------
    Callable
        It takes what `function` takes, with an axis more. It returns raw arrays if all arguments
        were raw arrays, and tensors if there were tensors: gradients flow back through them.

    Raises
    ------
    ValueError
        The axes of two arguments have other lengths, or an argument has no such axis.
    TypeError
        A batched value is written into a tensor from outside of the function.
    mygrad.transforms.BatchDependence
        The function asks for what is another thing for each example: a branch on a value, a number,
        a shape.

    Notes
    -----
    A batched value cannot be written into a tensor from outside of `function`. An operation that
    has no rule for batches is called for one example after the other, with the warning
    `mygrad.transforms.BatchLooped`.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> def distance(a, b):
    ...     return np.sqrt(np.sum((a - b) ** 2))
    >>> points = np.array([[3.0, 4.0], [6.0, 8.0]])
    >>> mg.vmap(distance, in_axes=(0, None))(points, np.zeros(2))
    array([ 5., 10.])
    """
    if randomness not in ("error", "different", "same"):
        raise ValueError(
            f"vmap: randomness= is 'error', 'different' or 'same', and not {randomness!r}"
        )

    @wraps(function)
    def batched_function(*args: Any, **named: Any) -> Any:
        leaves, rows = [], []
        axes = _per_argument(in_axes, len(args))
        given = [*zip(range(len(args)), args, axes, strict=True)]
        given += [(name, value, 0) for name, value in named.items()]  # type: ignore[misc]
        structures: dict[Any, Structure] = {}
        for key, value, axis in given:
            name = f"argument {key}" if isinstance(key, int) else key
            found, structures[key] = flatten(value)
            named_axes = spread_axes(axis, structures[key], name, "in_axes")
            paths = structures[key].paths(str(name))
            rows += [_Argument(*row) for row in zip(found, named_axes, paths, strict=True)]
            leaves += found
        n = _common_length(rows)
        level = depth.get() + 1
        on_tensors = any(isinstance(leaf, Tensor) for leaf in leaves)
        with Beside(leaves):
            inputs = iter([row.batched(level, n) for row in rows])
            taken = {
                key: structure.filled([next(inputs) for _ in range(structure.count)])
                for key, structure in structures.items()
            }
            with _Level(level, randomness, n):
                result = function(
                    *(taken[k] for k in range(len(args))), **{name: taken[name] for name in named}
                )
            outs, structure = flatten(result)
            placed = spread_axes(out_axes, structure, "the result", "out_axes")
            paths = structure.paths("the result")
            raw_leaves = [leaf for leaf in leaves if not isinstance(leaf, Tensor)]
            return structure.filled(
                [
                    _result(out, axis, n, level, on_tensors, raw_leaves, path)
                    for out, axis, path in zip(outs, placed, paths, strict=True)
                ]
            )

    return batched_function


class _Level:
    """The code inside runs in a function that is batched: new arrays are arrays of batches."""

    def __init__(self, level: int, randomness: str, n: int) -> None:
        self.level, self.randomness, self.n = level, randomness, n

    def __enter__(self) -> None:
        chosen = selection()
        if chosen is None:
            here = Selection(batched(get_adapter("numpy")))
            for _ in range(self.level - 1):
                here = Selection(batched(here.adapter))
        else:
            here = Selection(batched(chosen.adapter), chosen.device)
        self.tokens = (
            depth.set(self.level), drawing.set((*drawing.get(), (self.randomness, self.n))),
            selected.override.set(here),
        )  # fmt: skip

    def __exit__(self, *error: Any) -> None:
        level, numbers, chosen = self.tokens
        selected.override.reset(chosen)
        drawing.reset(numbers)
        depth.reset(level)


class _Argument:
    """A leaf of the arguments, the axis of its batch, and what to call it."""

    def __init__(self, value: Any, axis: int | None, path: str) -> None:
        self.path = path
        if axis is not None and not hasattr(value, "shape"):
            if not isinstance(value, (*SCALARS, list)):
                raise TypeError(
                    f"vmap: {path} is of type {type(value).__name__}, and has no axis to map over; "
                    f"give it in_axes None"
                )
            value = get_adapter("numpy").asarray(value)
        if axis is not None:
            ndim = len(value.shape)
            if not -ndim <= axis < ndim:
                raise ValueError(
                    f"vmap: {path} of shape {tuple(value.shape)} has no axis {axis} to map over; "
                    f"in_axes None hands it to every example as it is"
                )
            axis %= ndim
        self.value, self.axis = value, axis

    def batched(self, level: int, n: int) -> Any:
        """What the function gets."""
        value, axis = self.value, self.axis
        if axis is None:
            return value
        data = value._data if isinstance(value, Tensor) else value
        adapter = adapter_of(data)
        if adapter is None or floating[adapter, data.dtype] is None:
            what = type(value).__name__ if adapter is None else f"an array of {data.dtype}"
            raise TypeError(f"vmap: {self.path} is {what}, and batches are of numbers")
        if not isinstance(value, Tensor):
            value = adapter.plain(data) if type(data) not in adapter.array_types else data
        while depth_of(adapter) < level - 1:  # of a level farther out than where this vmap runs
            adapter = batched(adapter)
            value = adapter.lift(value)
        here = batched(adapter)
        if axis:
            value = here.space(value).moveaxis(value, axis, 0)
        return new_handle(here.kind(value, n), None, None, None, True)


def _per_argument(in_axes: Any, count: int) -> list[Any]:
    """The axes of each positional argument."""
    if in_axes is None or isinstance(in_axes, int):
        return [in_axes] * count
    if not isinstance(in_axes, (tuple, list)):
        raise TypeError(
            f"vmap: in_axes is an integer, None, or a sequence with an item for each argument, and "
            f"not {in_axes!r}"
        )
    if len(in_axes) != count:
        raise ValueError(
            f"vmap: in_axes has {len(in_axes)} items, and the function was called with {count} "
            f"positional arguments"
        )
    return list(in_axes)


def spread_axes(axes: Any, structure: Structure, name: str, option: str) -> list[int | None]:
    """The axis of each leaf: `axes` is nested like them, down to where one holds for all below."""
    if axes is None or (isinstance(axes, int) and not isinstance(axes, bool)):
        return [axes] * structure.count
    if structure == LEAF or not isinstance(axes, (list, tuple, dict)):
        try:
            return [operator.index(axes)] * structure.count
        except TypeError:
            raise TypeError(
                f"vmap: {option} for {name} is an integer or None, or nested like it, and not "
                f"{axes!r}"
            ) from None
    keys = list(axes) if isinstance(axes, dict) else range(len(axes))
    wanted = list(structure.keys)
    if hasattr(structure.kind, "_fields"):
        wanted = list(range(len(wanted)))
    if {*keys} != {*wanted} or isinstance(axes, dict) is not issubclass(
        structure.kind or int, dict
    ):
        raise ValueError(
            f"vmap: {option} for {name} is not nested like it: it has the items "
            f"{', '.join(map(repr, keys)) or 'none'}, and not {', '.join(map(repr, wanted))}"
        )
    found: list[int | None] = []
    for key, part in zip(wanted, structure.parts, strict=True):
        found += spread_axes(axes[key], part, f"{name}[{key!r}]", option)
    return found


def _common_length(rows: list[_Argument]) -> int:
    mapped = [row for row in rows if row.axis is not None]
    if not mapped:
        raise ValueError("vmap: no argument has an axis to map over; in_axes is None for all")
    first = mapped[0]
    assert first.axis is not None
    n = int(first.value.shape[first.axis])
    for row in mapped[1:]:
        assert row.axis is not None
        if row.value.shape[row.axis] != n:
            raise ValueError(
                f"vmap: the axes to map over have other lengths: axis {first.axis} of {first.path} "
                f"has {n} examples (its shape is {tuple(first.value.shape)}), and axis {row.axis} "
                f"of {row.path} {row.value.shape[row.axis]} ({tuple(row.value.shape)})"
            )
    return n


def _result(
    out: Any, axis: int | None, n: int, level: int, on_tensors: bool, leaves: list[Any], path: str
) -> Any:
    """A result of the function, with the axis of the batch where it belongs."""
    data = out._data if isinstance(out, Tensor) else out
    adapter: Any = adapter_of(data)
    if adapter is None:
        if type(data) not in SCALARS:
            raise TypeError(
                f"vmap: {path} is of type {type(data).__name__}; the function has to return "
                f"arrays, numbers, and nested lists, tuples and dictionaries of them"
            )
        adapter = get_adapter("numpy")
        out = data = adapter.asarray(data)
    if depth_of(adapter) < level:
        value, size = out, None
        inner = adapter
    else:
        value, size, inner = data.value, data.n, adapter.inner
    space = tensor_space(inner, value)
    if axis is None:
        if size is not None:
            raise ValueError(
                f"vmap: {path} is another one for each example, and out_axes is None for it; give "
                f"the axis where the batch is to be"
            )
    else:
        shape = tuple(value.shape) if size is None else tuple(value.shape[1:])
        if not -len(shape) - 1 <= axis <= len(shape):
            raise ValueError(
                f"vmap: {path} has {len(shape) + 1} axes with that of the batch, and none of them "
                f"is axis {axis} of out_axes"
            )
        if size is None:
            value = space.broadcast_to(value, (n, *shape))
            value = value.copy() if isinstance(value, Tensor) else inner.copy(value)
        if axis % (len(shape) + 1):
            value = space.moveaxis(value, 0, axis)
    if isinstance(value, Tensor):
        return value
    value = _unshared(value, inner, leaves)
    return new_handle(value, None, None, None, True) if on_tensors else value


def tensor_space(inner: Any, value: Any) -> Any:
    """The functions for a value, which is an array or a tensor."""
    return batched(inner).space(value)


def _unshared(value: Any, inner: Any, leaves: list[Any]) -> Any:
    """A raw result that is no view of what the caller handed in."""
    if not inner.has_views or isinstance(value, BatchedArray):
        return value
    for leaf in leaves:
        if type(leaf) in inner.array_types and inner.owner(value) is inner.owner(leaf):
            return inner.copy(value)
    return value
