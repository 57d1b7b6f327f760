"""Derivatives of functions: gradients, products with Jacobians from either side, with Hessians.

Signatures are those of JAX. All of them go backwards: the product of a Jacobian with a tangent is
the derivative of ``u -> vjp(u)``, which is linear in `u`, and whose graph is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from math import prod
from typing import Any

from mygrad.arrays import adapter_of, by_type
from mygrad.autodiff.nodes import Handle
from mygrad.tensors.base import stop_gradient as constant
from mygrad.transforms.pull import Between, pull
from mygrad.transforms.traced import (
    ARGUMENT,
    Inside,
    Traced,
    check_fields,
    chosen,
    entered,
    is_complex,
    is_number,
    like,
)
from mygrad.transforms.trees import LEAF, flatten

__all__ = [
    "Tangents",
    "elementwise_grad",
    "grad",
    "hvp",
    "jvp",
    "linearize",
    "named",
    "value_and_grad",
    "vjp",
]

Function = Callable[..., Any]


def value_and_grad(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The function that returns what `fun` returns, and its gradient.

    Parameters
    ----------
    fun
        A function with a scalar result (shape ()), of arrays, numbers, and nested lists, tuples
        and dictionaries of them. It is called with tensors in place of what is differentiated by.
    argnums
        The number of the argument to differentiate by, or several.
    has_aux
        Whether `fun` returns a pair: the result, and what is not differentiated.
    holomorphic
        Whether `fun` is a complex function that is differentiated as such: arguments and result
        are complex, and the gradient is the derivative.

    Returns
    -------
    function
        It takes what `fun` takes, and returns ``(value, gradient)``, with `has_aux`
        ``((value, aux), gradient)``. The gradient is nested like the argument, for several
        `argnums` in a tuple; each part has its shape, dtype, library and device. It is zero where
        the result does not depend on something.

    Raises
    ------
    TypeError
        The result is no scalar, or not real; an argument to differentiate by is not of
        floating-point numbers; `argnums` names no positional argument.

    Notes
    -----
    Arrays are given for arrays, and tensors on the caller's tape for variables, which can be
    differentiated again; also where `fun` uses variables that are no arguments. What `fun` writes
    into the arguments that are differentiated by does not reach the caller. No ``.grad`` is
    assigned.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> def loss(p, x):
    ...     return np.sum((p["w"] * x + p["b"]) ** 2)
    >>> value, gradient = mg.value_and_grad(loss)({"w": 2.0, "b": -1.0}, np.array([1.0, 2.0]))
    >>> value
    array(10.)
    >>> gradient
    {'w': array(14.), 'b': array(8.)}
    """
    return _differentiated("value_and_grad", fun, argnums, has_aux, holomorphic, True)


def grad(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The function that returns the gradient of `fun`.

    Parameters
    ----------
    fun, argnums, has_aux, holomorphic
        As for `value_and_grad`.

    Returns
    -------
    function
        It takes what `fun` takes, and returns the gradient; with `has_aux` the pair
        ``(gradient, aux)``.

    Raises
    ------
    TypeError
        As for `value_and_grad`.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> mg.grad(np.sin)(0.0)
    array(1.)
    >>> mg.grad(mg.grad(lambda x: x ** 3))(2.0)
    array(12.)
    >>> mg.grad(lambda z: z ** 2, holomorphic=True)(1 + 1j)
    array(2.+2.j)
    """
    return _differentiated("grad", fun, argnums, has_aux, holomorphic, False)


def _differentiated(
    name: str, fun: Function, argnums: Any, has_aux: bool, holomorphic: bool, with_value: bool
) -> Function:
    one = isinstance(argnums, int)

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        numbers = chosen(argnums, len(args), name)
        with Inside() as inside:
            call = Traced(name, inside, fun, args, kwargs, numbers, has_aux)
            t = _scalar(call)
            check_fields(call, holomorphic)
            gradients = call.gradients(call.pulled([call.seed(t, call.on_tape)], call.on_tape))
            gradient = gradients[0] if one else tuple(gradients)
            if not with_value:
                return (gradient, call.extra()) if has_aux else gradient
            value = call.out(t)
            return ((value, call.extra()) if has_aux else value), gradient

    return named(differentiated, fun, name)


def elementwise_grad(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The derivative of a function that works element by element: the gradient of its sum.

    Parameters
    ----------
    fun
        A function with one result, of any shape.
    argnums, has_aux, holomorphic
        As for `value_and_grad`.

    Returns
    -------
    function
        It takes what `fun` takes, and returns the gradient of the sum of its result.

    Raises
    ------
    TypeError
        As for `value_and_grad`, but for the shape of the result.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> mg.elementwise_grad(np.square)(np.array([1.0, 2.0, 3.0]))
    array([2., 4., 6.])
    """
    one = isinstance(argnums, int)

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        numbers = chosen(argnums, len(args), "elementwise_grad")
        with Inside() as inside:
            call = Traced("elementwise_grad", inside, fun, args, kwargs, numbers, has_aux)
            t = _single(call)
            check_fields(call, holomorphic)
            gradients = call.gradients(call.pulled([call.seed(t, call.on_tape)], call.on_tape))
            gradient = gradients[0] if one else tuple(gradients)
            return (gradient, call.extra()) if has_aux else gradient

    return named(differentiated, fun, "elementwise_grad")


def named(differentiated: Function, fun: Function, name: str) -> Function:
    """The function under the name of the one that it is made of."""
    differentiated = wraps(fun, updated=())(differentiated)
    differentiated.__name__ = f"{name}({getattr(fun, '__name__', type(fun).__name__)})"
    return differentiated


def _single(call: Traced) -> Handle:
    if call.structure is not LEAF:
        kind = "None" if call.structure.kind is type(None) else call.structure.kind
        kind = kind if isinstance(kind, str) else f"a {kind.__name__}"  # type: ignore[union-attr]
        raise TypeError(
            f"{call.name} is for functions that return one array, and this one returned {kind}; "
            f"with has_aux=True it may return a pair, and mg.vjp takes nested results"
            + (" (is there a return?)" if kind == "None" else "")
        )
    return call.results[0]


def _scalar(call: Traced) -> Handle:
    t = _single(call)
    if tuple(t._data.shape):
        raise TypeError(
            f"{call.name} is for functions with a scalar result, and this one returned an array of "
            f"shape {tuple(t._data.shape)}: take its sum or a part of it; or use mg.jacobian, "
            f"mg.elementwise_grad, mg.vjp"
        )
    return t


# --- products with the Jacobian -------------------------------------------------------------------
def vjp(fun: Function, *primals: Any, has_aux: bool = False) -> Any:
    """What a function returns, and the function that pulls adjoints of it back to its arguments.

    Parameters
    ----------
    fun
        A function of arrays, numbers, and nested lists, tuples and dictionaries of them; so is
        its result.
    *primals
        Its arguments; it is differentiated by all of them.
    has_aux
        Whether `fun` returns a pair: the result, and what is not differentiated.

    Returns
    -------
    tuple
        ``(value, pullback)``, with `has_aux` ``(value, pullback, aux)``. ``pullback(adjoint)``
        takes something nested like the value, of the same shapes, and returns a tuple with the
        adjoint of each argument. It may be called any number of times.

    Raises
    ------
    TypeError, ValueError
        An argument or result has no derivative; an adjoint is not of the shape and dtype of the
        value, or not nested like it.

    Notes
    -----
    Adjoints are multiplied from the left, without conjugation: for a complex argument the pullback
    of a real result is ∂L/∂a - i ∂L/∂b.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> value, pullback = mg.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), 3.0)
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 30.]), array(21.))
    """
    with Inside() as inside:
        call = Traced("vjp", inside, fun, primals, {}, range(len(primals)), has_aux)
        value = call.value()
        aux = (call.extra(),) if has_aux else ()

    def pullback(adjoint: Any) -> tuple[Any, ...]:
        """The adjoints of the arguments, given that of the value."""
        with Inside() as inside:
            inside.follow(call.inputs)
            seeds = _leaves(call, adjoint, "adjoint", "result", inside)
            on_tensors = any(isinstance(seed, Handle) for seed in seeds)
            return tuple(call.gradients(call.pulled(seeds, on_tensors)))

    return (value, pullback, *aux)


def _leaves(call: Traced, tree: Any, name: str, what: str, inside: Inside) -> list[Any]:
    """The leaves of adjoints of results, all tensors if one of them is on the tape."""
    if call.structure is LEAF:
        leaves, paths = [tree], [name]
    else:
        leaves = call.structure.leaves_of(tree, name, "result")
        paths = call.structure.paths(name)
    return _alike(call, leaves, paths, call.results, what, inside)


def _alike(
    call: Traced, leaves: Sequence[Any], paths: Sequence[str], ts: Sequence[Handle], what: str,
    inside: Inside,
) -> list[Any]:  # fmt: skip
    found = [
        like(leaf, t, call.name, path, what)
        for leaf, path, t in zip(leaves, paths, ts, strict=True)
    ]
    variable = any(isinstance(a, Handle) and not a._constant for a in found)
    if inside.tracked and (call.on_tape or variable):
        return [a if isinstance(a, Handle) else call.wrapped(a) for a in found]
    return [a._data if isinstance(a, Handle) else a for a in found]


class Tangents:
    """The derivative of a call along tangents: the pullback, recorded, and pulled back itself.

    The pullback is linear in the adjoint `u` that it is given. So its derivative by `u`, whose
    adjoint is the tangent, is the same whatever `u` is.
    """

    def __init__(self, call: Traced) -> None:
        self.call = call
        self.adjoints = [entered(_generic(t), False, call.name, ARGUMENT) for t in call.results]
        self.versions: list[Any] = [u._buffer.version for u in self.adjoints]  # type: ignore[union-attr]
        self.pulled = [g for g, _ in call.pulled(self.adjoints, True)]
        self.live = [
            k for k, g in enumerate(self.pulled) if isinstance(g, Handle) and not g._constant
        ]
        starts = [self.pulled[k]._buffer.version for k in self.live]
        self.between = Between(starts, self.versions)

    def along(self, tangents: Sequence[Any], on_tensors: bool) -> list[tuple[Any, bool]]:
        """The tangent of each result, given that of each input."""
        ts = [self.pulled[k] for k in self.live]
        return pull(ts, [tangents[k] for k in self.live], self.versions, on_tensors, self.between)


def _generic(t: Handle) -> Any:
    """Numbers of which none is zero or like another, so that nothing is left out for them."""
    adapter = by_type[type(t._data)]
    xp, data = adapter.xp, t._data
    real = xp.real(data).dtype if is_complex(t) else data.dtype
    where = {"dtype": real, "device": adapter.device(data)}
    numbers = xp.reshape(xp.linspace(1.0, 1.9, prod(data.shape), **where), tuple(data.shape))
    return xp.astype(numbers, data.dtype) * (1 + 0.5j) if is_complex(t) else numbers


def _tangent_leaves(call: Traced, tangents: Sequence[Any], inside: Inside) -> list[Any]:
    """The leaves of tangents of the arguments, as arrays or tensors."""
    if len(tangents) != len(call.structures):
        raise TypeError(
            f"{call.name}: there are {len(call.structures)} arguments, and {len(tangents)} tangents"
        )
    leaves, paths = [], []
    for k, (structure, tangent) in enumerate(zip(call.structures, tangents, strict=True)):
        leaves += structure.leaves_of(tangent, f"tangents[{k}]", f"primals[{k}]")
        paths += structure.paths(f"tangents[{k}]")
    return _alike(call, leaves, paths, call.inputs, "argument", inside)


def _along(call: Traced, lines: Tangents, tangents: Sequence[Any], inside: Inside) -> Any:
    leaves = _tangent_leaves(call, tangents, inside)
    on_tensors = any(isinstance(leaf, Handle) for leaf in leaves)
    owned = call.owned(lines.along(leaves, on_tensors), call.results)
    return owned[0] if call.structure is LEAF else call.structure.filled(owned)


def jvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """What a function returns, and how that changes as its arguments move along tangents.

    Parameters
    ----------
    fun
        As for `vjp`.
    primals
        A tuple or list with its arguments.
    tangents
        A tuple or list with the tangent of each argument, nested like it and of the same shapes.
    has_aux
        Whether `fun` returns a pair: the result, and what is not differentiated.

    Returns
    -------
    tuple
        ``(value, tangent)``, the tangent nested like the value; with `has_aux`
        ``(value, tangent, aux)``.

    Raises
    ------
    TypeError, ValueError
        As for `vjp`.

    Notes
    -----
    There are no rules for this direction. The pullback of `fun` is linear in the adjoint, so the
    product is the pullback's own pullback, by B. Pearlmutter and J. Siskind (2008), *Reverse-mode
    AD in a functional framework*, and for arrays J. Townsend (2017), *A new trick for calculating
    Jacobian vector products*. It costs a call of `fun`, its pullback, recorded, and the part of
    that graph that is linear: five or six times the function.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> mg.jvp(np.sin, (np.array([0.0, np.pi]),), (np.array([1.0, 1.0]),))[1]
    array([ 1., -1.])
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError(
            f"jvp takes a tuple of arguments and a tuple of tangents, jvp(f, (x,), (v,)); it was "
            f"given {type(primals).__name__} and {type(tangents).__name__}"
        )
    with Inside() as inside:
        call = Traced("jvp", inside, fun, primals, {}, range(len(primals)), has_aux)
        tangent = _along(call, Tangents(call), tangents, inside)
        return (call.value(), tangent, *((call.extra(),) if has_aux else ()))


def linearize(fun: Function, *primals: Any, has_aux: bool = False) -> Any:
    """What a function returns, and the linear function that it is close to its arguments.

    Parameters
    ----------
    fun, *primals, has_aux
        As for `vjp`.

    Returns
    -------
    tuple
        ``(value, along)``, with `has_aux` ``(value, along, aux)``. ``along(*tangents)`` is what
        `jvp` returns as the tangent. `fun` is called once: each call of `along` goes over the graph
        that was recorded, and costs about twice the function.

    Raises
    ------
    TypeError, ValueError
        As for `vjp`.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> value, along = mg.linearize(np.exp, np.array([0.0, 1.0]))
    >>> along(np.array([1.0, 0.0]))
    array([1., 0.])
    """
    with Inside() as inside:
        call = Traced("linearize", inside, fun, primals, {}, range(len(primals)), has_aux)
        lines = Tangents(call)
        value = call.value()
        aux = (call.extra(),) if has_aux else ()

    def along(*tangents: Any) -> Any:
        """The tangent of the value, given those of the arguments."""
        with Inside() as inside:
            inside.follow(call.inputs)
            return _along(call, lines, tangents, inside)

    return (value, along, *aux)


def hvp(fun: Function, primal: Any, tangent: Any, *args: Any, **kwargs: Any) -> Any:
    """The product of the Hessian of a function with a tangent, without the Hessian.

    Parameters
    ----------
    fun
        A function with a scalar result, which is differentiated by its first argument.
    primal
        That argument: an array, or nested ones.
    tangent
        What to multiply with, nested like it and of the same shapes.
    *args, **kwargs
        Further arguments, so that ``functools.partial(mg.hvp, fun)`` is what SciPy takes as
        ``hessp=``.

    Returns
    -------
    array or nested arrays
        Nested like `primal`, of the same shapes.

    Raises
    ------
    TypeError, ValueError
        As for `grad` and `jvp`.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> mg.hvp(lambda x: np.sum(x ** 3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    with Inside() as inside:
        call = Traced("hvp", inside, fun, (primal, *args), kwargs, (0,))
        t = _scalar(call)
        check_fields(call, False)
        leaves = _tangent_leaves(call, (tangent,), inside)
        first = [g for g, _ in call.pulled([call.seed(t, True)], True)]
        live = [k for k, g in enumerate(first) if isinstance(g, Handle)]
        on_tensors = any(isinstance(leaf, Handle) for leaf in leaves)
        along = pull([first[k] for k in live], [leaves[k] for k in live], call.versions, on_tensors)
        return call.gradients(along)[0]


def stop_gradient(a: Any) -> Any:
    """Constant tensors with the values of `a`, for code whose arguments may be no tensors.

    Parameters
    ----------
    a
        A tensor, array, number or list of numbers; or nested lists, tuples and dictionaries with
        tensors or arrays in them.

    Returns
    -------
    Tensor or nested tensors
        For a tensor, ``a.detach()``: on the same memory, cut from the graph.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor(3.0)
    >>> (x * mg.stop_gradient(x)).backward()
    >>> x.grad
    array(3.)
    """
    leaves, structure = flatten(a)
    arrays = any(isinstance(leaf, Handle) or adapter_of(leaf) is not None for leaf in leaves)
    if structure is LEAF or not (arrays or isinstance(a, dict)):
        return constant(a)
    return structure.filled([constant(leaf) if is_number(leaf) else leaf for leaf in leaves])
