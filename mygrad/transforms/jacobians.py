"""Jacobians and Hessians: all derivatives of all elements of a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

from mygrad.arrays import by_type
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.transforms.derivatives import Tangents, named
from mygrad.transforms.traced import Inside, Traced, check_fields, chosen, is_complex
from mygrad.transforms.trees import LEAF

__all__ = ["hessian", "jacobian"]

Function = Callable[..., Any]
Pullback = Callable[[Any], list[Any]]


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
    blocks = []
    for j, t in enumerate(call.results):

        def row(seed: Any, j: int = j) -> list[Any]:
            seeds = [
                seed if k == j else _zeros(other, call.on_tape)
                for k, other in enumerate(call.results)
            ]
            return [g for g, _ in call.pulled(seeds, call.on_tape)]

        blocks.append(_stacked(call, row, t, call.inputs, first=True))
    return blocks


def by_columns(call: Traced) -> list[list[Any]]:
    """For each result, its derivatives by each input: tangents pushed forward, one per element."""
    lines = Tangents(call)
    columns = []
    for j, t in enumerate(call.inputs):

        def column(tangent: Any, j: int = j) -> list[Any]:
            tangents = [
                tangent if k == j else _zeros(other, call.on_tape)
                for k, other in enumerate(call.inputs)
            ]
            return [g for g, _ in lines.along(tangents, call.on_tape)]

        columns.append(_stacked(call, column, t, call.results, first=False))
    return [list(block) for block in zip(*columns, strict=True)]


def _stacked(
    call: Traced, pull: Pullback, t: Handle, others: Sequence[Handle], first: bool
) -> list[Any]:
    """What `pull` makes of each basis vector of `t`, by `others`, with the axes of `t` added."""
    found = rows_of(pull, t, call.on_tape)
    shape = tuple(t._data.shape)
    blocks = []
    for other, parts in zip(others, zip(*found, strict=True), strict=True):
        adapter, theirs = by_type[type(other._data)], tuple(other._data.shape)
        if call.on_tape:
            xp: Any = registry
            parts = [_zeros(other, True) if g is None else g for g in parts]
            stacked = xp["stack"](parts, 0 if first else -1)
            blocks.append(xp["reshape"](stacked, shape + theirs if first else theirs + shape))
            continue
        xp = namespace_of(adapter)
        parts = [_zeros(other, False) if g is None else g for g in parts]
        if not parts:
            where = {"dtype": other._data.dtype, "device": adapter.device(other._data)}
            block = xp.zeros(shape + theirs if first else theirs + shape, **where)
        else:
            stacked = xp.stack(parts, axis=0 if first else -1)
            block = xp.reshape(stacked, shape + theirs if first else theirs + shape)
        blocks.append(call.wrapped(block) if call.tensors else block)
    return blocks


def rows_of(pull: Pullback, t: Handle, create_graph: bool) -> list[list[Any]]:
    """What `pull` makes of each basis vector of the shape of a tensor."""
    rows = []
    for k in range(prod(t._data.shape)):
        seed = _basis_vector(t, k)
        rows.append(pull(new_handle(seed, None, None, None, True) if create_graph else seed))
    return rows


def _basis_vector(t: Handle, k: int) -> Any:
    """Zeros in the shape of a tensor, but for its k-th element."""
    data = t._data
    adapter = by_type[type(data)]
    flat = adapter.xp.zeros(data.size, dtype=data.dtype, device=adapter.device(data))
    return adapter.xp.reshape(adapter.assign(flat, k, 1.0), tuple(data.shape))


def _zeros(t: Handle, create_graph: bool) -> Any:
    zeros = namespace_of(by_type[type(t._data)]).zeros_like(t._data)
    return new_handle(zeros, None, None, None, True) if create_graph else zeros
