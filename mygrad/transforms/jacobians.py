"""Jacobians and Hessians: all derivatives of all elements of a result."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

from mygrad.arrays import by_type
from mygrad.autodiff.namespace import namespace_of, tensor_namespace_of
from mygrad.autodiff.nodes import Handle, Version, new_handle
from mygrad.tensors.telling import level_of_the_user
from mygrad.transforms.batching.array import OneAtATime
from mygrad.transforms.batching.calls import BatchLooped
from mygrad.transforms.batching.sweep import batched_pull
from mygrad.transforms.derivatives import Tangents, named
from mygrad.transforms.pull import Between, pull
from mygrad.transforms.traced import Inside, Traced, check_fields, chosen, is_complex
from mygrad.transforms.trees import LEAF

__all__ = ["hessian", "jacobian"]

Function = Callable[..., Any]

ELEMENTS = 2**24
"""How many elements the adjoints of one version may have that are pulled back together."""


def jacobian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The function that returns the derivatives of all elements of the result of `fun`.

    Parameters
    ----------
    fun
        A function of arrays, numbers, and nested lists, tuples and dictionaries of them; so is
        its result.
    argnums, has_aux
        As for `value_and_grad`.
    holomorphic
        Whether results and arguments are complex, and `fun` is differentiated as a holomorphic
        function. A real function of complex arguments has the rows ∂L/∂a - i ∂L/∂b; a complex
        function of real ones has complex derivatives.

    Returns
    -------
    function
        It takes what `fun` takes. For each part of the result there is something nested like the
        argument, of arrays with the axes of the result, and then those of the argument. With
        `has_aux` it returns ``(jacobian, aux)``.

    Raises
    ------
    TypeError
        An argument or a result has no derivative; some of the results and arguments are complex,
        so that derivatives would be two numbers.

    Notes
    -----
    It is made of rows, adjoints that are pulled back, or of columns, tangents that are pushed
    forward, whichever are fewer.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> mg.jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """
    return _jacobian("jacobian", fun, argnums, has_aux, holomorphic)


def hessian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The function that returns the second derivatives of `fun`.

    Parameters
    ----------
    fun, argnums, has_aux, holomorphic
        As for `jacobian`.

    Returns
    -------
    function
        It takes what `fun` takes. For a scalar result it returns, for each part of the argument,
        something nested like the argument, of arrays with the axes of the one and then those of the
        other; the axes of any other result come first.

    Raises
    ------
    TypeError
        As for `jacobian`.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> mg.hessian(lambda x: np.prod(x))(np.array([1.0, 2.0, 3.0]))
    array([[0., 3., 2.],
           [3., 0., 1.],
           [2., 1., 0.]])
    """
    first = _jacobian("hessian", fun, argnums, has_aux, holomorphic)
    return _jacobian("hessian", first, argnums, has_aux, holomorphic, of=fun)


def _jacobian(
    name: str, fun: Function, argnums: Any, has_aux: bool, holomorphic: bool, of: Any = None
) -> Function:
    one = isinstance(argnums, int)

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        numbers = chosen(argnums, len(args), name)
        with Inside() as inside:
            call = Traced(name, inside, fun, args, kwargs, numbers, has_aux)
            forward = goes_forward(call, holomorphic)
            blocks = (by_columns if forward else by_rows)(call)  # by result, then by input
            nested = []
            for row in blocks:
                arguments = call.by_argument(row)
                nested.append(arguments[0] if one else tuple(arguments))
            found = nested[0] if call.structure is LEAF else call.structure.filled(nested)
            return (found, call.extra()) if has_aux else found

    return named(differentiated, fun if of is None else of, name)


def goes_forward(call: Traced, holomorphic: bool) -> bool:
    """Whether a Jacobian is made of columns, because they are fewer, or have a meaning."""
    results, arguments = ([is_complex(t) for t in ts] for ts in (call.results, call.inputs))
    if not holomorphic and any(results) and not any(arguments):
        return True
    check_fields(call, holomorphic)
    if any(arguments) and not holomorphic:
        return False
    return _size(call.inputs) < _size(call.results)


def _size(ts: Iterable[Handle]) -> int:
    return sum(prod(t._data.shape) for t in ts)


def by_rows(call: Traced) -> list[list[Any]]:
    """For each result, its derivatives by each input: adjoints pulled back, one per element."""
    return [
        _with_axes(call, rows_of(t, call.versions, call.between, call.on_tape), t, call.inputs, 0)
        for t in call.results
    ]


def by_columns(call: Traced) -> list[list[Any]]:
    """For each result, its derivatives by each input: tangents pushed forward, one per element."""
    lines = Tangents(call)
    columns = []
    for j, t in enumerate(call.inputs):
        pulled = lines.pulled[j] if j in lines.live else None
        found = [None] * len(call.results)
        if pulled is not None:
            found = rows_of(pulled, lines.versions, lines.between, call.on_tape)
        columns.append(_with_axes(call, found, t, call.results, -1))
    return [list(block) for block in zip(*columns, strict=True)]


def _with_axes(
    call: Traced, found: Sequence[Any], t: Handle, others: Sequence[Handle], axis: int
) -> list[Any]:
    """Rows by `others`, with the axes of `t` in the place of their first: before theirs, or after.

    They are for the caller: arrays or tensors.
    """
    shape = tuple(t._data.shape)
    blocks = []
    for rows, other in zip(found, others, strict=True):
        theirs, adapter = tuple(other._data.shape), by_type[type(other._data)]
        xp: Any = namespace_of(adapter)
        if rows is None:
            where = {"dtype": other._data.dtype, "device": adapter.device(other._data)}
            rows = xp.zeros((prod(shape), *theirs), **where)
        if isinstance(rows, Handle):
            xp = tensor_namespace_of(adapter)
        if axis:
            rows = xp.moveaxis(rows, 0, -1)
        block = xp.reshape(rows, shape + theirs if not axis else theirs + shape)
        blocks.append(
            call.wrapped(block) if call.tensors and not isinstance(block, Handle) else block
        )
    return blocks


def rows_of(
    t: Handle, inputs: Sequence[Version], between: Between, create_graph: bool
) -> list[Any]:
    """The derivatives of all elements of a tensor, in a row, by each input; None for zeros.

    They are adjoints that one sweep pulls back together (`mygrad.transforms.batching`), as many at
    a time as memory should hold.
    """
    if t._constant or t._buffer is None or t._buffer.version not in between.leads:
        return [None] * len(inputs)
    data = t._data
    adapter = by_type[type(data)]
    count, shape = prod(data.shape), tuple(data.shape)
    where = {"dtype": data.dtype, "device": adapter.device(data)}
    largest = max([prod(version.shape) for version in (*between.order, *inputs)], default=1)
    step = max(1, min(count, ELEMENTS // max(1, largest)))
    parts = []
    for start in range(0, count, step):
        stop = min(start + step, count)
        seeds = adapter.xp.eye(stop - start, count, k=start, **where)
        seeds = adapter.xp.reshape(seeds, (stop - start, *shape))
        if create_graph:
            seeds = new_handle(seeds, None, None, None, True)
        try:
            rows = batched_pull(t, seeds, inputs, create_graph, between.order, between.leads)
        except OneAtATime:
            rows = _one_by_one(t, seeds, inputs, between, create_graph)
        except Exception as error:  # a rule of a user's, or a library, that takes one at a time
            rows = _one_by_one(t, seeds, inputs, between, create_graph)
            warnings.warn(
                f"the rows of a jacobian are computed one after the other, as a rule cannot take "
                f"many: {type(error).__name__}: {error}",
                BatchLooped,
                stacklevel=level_of_the_user(),
            )
        parts.append(rows)
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return [None] * len(inputs)
    xp: Any = tensor_namespace_of(adapter) if create_graph else namespace_of(adapter)
    return [
        None if column[0] is None else xp.concat(column, axis=0)
        for column in zip(*parts, strict=True)
    ]


def _one_by_one(
    t: Handle, seeds: Any, inputs: Sequence[Version], between: Between, create_graph: bool
) -> list[Any]:
    """What a batched sweep would return, by a sweep for each row."""
    adapter = by_type[type(t._data)]
    xp: Any = tensor_namespace_of(adapter) if create_graph else namespace_of(adapter)
    rows = [
        pull([t], [seeds[k, ...]], inputs, create_graph, between) for k in range(seeds.shape[0])
    ]
    columns = [[g for g, _ in column] for column in zip(*rows, strict=True)]
    return [
        None
        if all(g is None for g in column)
        else xp.stack([xp.zeros_like(_some(column)) if g is None else g for g in column], axis=0)
        for column in columns
    ]


def _some(column: Sequence[Any]) -> Any:
    return next(g for g in column if g is not None)
