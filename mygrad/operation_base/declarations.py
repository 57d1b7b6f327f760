"""Operations that are declared outside of mygrad, by a forward function and rules.

They are what mygrad's own operations are, and they are watched: a declaration that may say
something else than its author means raises, and so does a function that writes into what it was
given. What it returns has memory of its own, whatever it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NoReturn

from mygrad.arrays import Adapter, by_type
from mygrad.arrays.registry import names as backend_names
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import Primitive, Rule
from mygrad.math.ufunc import Elementwise

__all__ = ["kernel_for", "primitive", "ufunc"]


class UserPrimitive(Primitive):
    """An operation that was declared outside of mygrad; see `primitive`.

    Attributes
    ----------
    own_kernels
        By the name of a backend, what computes there in place of the forward function.
    """

    of_mygrad = False

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: Mapping[str, Rule | None],
        *,
        joint: Mapping[tuple[str, ...], Rule] | None = None,
        **options: Any,
    ) -> None:
        joint = joint or {}
        self.own_kernels: dict[str, Callable[..., Any]] = {}
        self.name = forward.__name__
        self._check_forward(forward, [*rules, *(name for group in joint for name in group)])
        for option in ("residuals", "index_residuals"):
            if isinstance(options.get(option), str):
                self._refuse(f"{option}= is a tuple of names, ({options[option]!r},)")
        if options.get("broadcasts") not in (None, "elements", "stacks"):
            self._refuse(f"broadcasts={options['broadcasts']!r} is not 'elements' or 'stacks'")
        known = {*inspect.signature(forward).parameters, "out", *options.get("residuals", ())}
        watched = {n: rule and self._watched((n,), rule, known) for n, rule in rules.items()}
        watched_jointly = {}
        for group, rule in joint.items():
            if not isinstance(group, tuple) or len(group) < 2:
                self._refuse(f"joint= is by tuples of two operands and more, and {group!r} is none")
            watched_jointly[group] = self._watched(group, rule, known)
        super().__init__(_by_position(forward), watched, joint=watched_jointly, **options)

    def _refuse(self, what: str) -> NoReturn:
        raise TypeError(f"the declaration of {self.name}: {what}")

    def _check_forward(self, forward: Callable[..., Any], operands: list[str]) -> None:
        if not operands:
            self._refuse("it names no operand; give each its rule, or None: (x=lambda g: ...)")
        between = None
        for name, parameter in inspect.signature(forward).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                self._refuse(
                    f"its parameter {parameter} stands for any number of arguments; for any "
                    f"number of operands take a sequence of them, with variadic=True"
                )
            if name not in operands:
                between = between or name
            elif between is not None:
                self._refuse(
                    f"it says nothing of {between!r}, which stands before the operand {name!r}. "
                    f"If it is an operand, give it a rule, or None; parameters come last"
                )
            elif parameter.default is not parameter.empty:
                self._refuse(f"the operand {name!r} has a default; operands are always given")

    def _watched(self, operands: tuple[str, ...], rule: Rule, known: set[str]) -> Rule:
        """The rule, which can neither write into what it gets nor return too few adjoints."""
        whose = " and ".join(operands)
        try:
            first = next(iter(inspect.signature(rule).parameters), None)
        except (TypeError, ValueError):  # no function, or one of C that does not say what it takes
            self._refuse(f"the rule for {whose} is {rule!r}; it is a Python function, or None")
        if first is None or first in known - {"g"}:
            self._refuse(f"the rule for {whose} takes {first}; the adjoint, g, comes first")

        @wraps(rule)
        def watched(*given: Any, **special: Any) -> Any:
            try:
                adjoints = rule(*[_locked(a) for a in given], **special)
            except ValueError as error:
                self._explain_write(error, f"the rule of {self.name} for {whose}")
            if len(operands) > 1 and not (
                isinstance(adjoints, (tuple, list)) and len(adjoints) == len(operands)
            ):
                raise TypeError(
                    f"the rule of {self.name} for {whose} has to return {len(operands)} adjoints, "
                    f"in this order; it returned {_described(adjoints)}"
                )
            return adjoints

        return watched

    @staticmethod
    def _explain_write(error: ValueError, what: str) -> NoReturn:
        if "read-only" in str(error) or "readonly" in str(error):
            raise ValueError(
                f"{error}: {what} writes into an array that it was given, and that others read. "
                f"Write into a copy, xp.asarray(x, copy=True)"
            ) from error
        raise error

    def compute(self, adapter: Adapter) -> Callable[..., Any]:
        """The forward function on raw arrays, or the kernel for this library."""
        portable = super().compute(adapter)
        own = self.own_kernels.get(adapter.name)
        function = portable if own is None else _first_of(own, portable)
        # What may be a view of its operand has to be as writeable as that.
        locks = adapter.can_lock and not self.may_view
        kinds = adapter.array_types

        def computed(*args: Any, **named: Any) -> Any:
            given = tuple([_locked(a, adapter) for a in args]) if locks else args
            try:
                returned = function(*given, **named)
            except ValueError as error:
                self._explain_write(error, f"the forward function of {self.name}")
            sources = args[0] if self.variadic else (*args, *named.values()) if named else args
            arrays = [a for a in sources if type(a) in kinds]
            others = arrays[1:] if self.may_view else arrays
            if type(returned) in kinds and not self.residual_names:
                return _with_own_memory(returned, others, adapter)
            result, *residuals = self._parts(returned)
            result = _with_own_memory(result, others, adapter)
            if not self.residual_names:
                return result
            arrays.append(result)
            return result, *(_with_own_memory(r, arrays, adapter) for r in residuals)

        return adapter.following(computed)

    def _parts(self, returned: Any) -> tuple[Any, ...]:
        """The result and the residuals that a forward function returned."""
        parts = returned if self.residual_names else (returned,)
        if type(parts) is not tuple or len(parts) != 1 + len(self.residual_names):
            raise TypeError(
                f"the forward function of {self.name} has to return the tuple "
                f"(result, {', '.join(self.residual_names)}), as its declaration says; it returned "
                f"{_described(returned)}"
            )
        if isinstance(parts[0], (tuple, Handle)):
            raise TypeError(
                f"the forward function of {self.name} returned {_described(parts[0])}; it returns "
                f"an array, computed with functions of xp, and what rules shall get besides is "
                f"named in residuals="
            )
        return parts


class UserUfunc(Elementwise, UserPrimitive):
    """An elementwise operation that was declared outside of mygrad; see `ufunc`."""


def _by_position(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, called with all arguments but ``xp`` by position."""
    parameters = inspect.signature(function).parameters
    names = [n for n in parameters if n != "xp"]
    count = sum(parameters[n].kind is not inspect.Parameter.KEYWORD_ONLY for n in names)
    if count == len(names):
        return function

    @wraps(function)
    def by_position(*args: Any, **named: Any) -> Any:
        named.update(zip(names[count:], args[count:], strict=False))
        return function(*args[:count], **named)

    return by_position


def _first_of(kernel: Callable[..., Any], portable: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel, and the portable function where it leaves a call."""

    def function(*args: Any, **named: Any) -> Any:
        returned = kernel(*args, **named)
        return portable(*args, **named) if returned is NotImplemented else returned

    return function


def _locked(a: Any, adapter: Adapter | None = None) -> Any:
    """An array (or those in a tuple) that can be read only, where the library can do that."""
    if type(a) is tuple:
        return tuple([_locked(part, adapter) for part in a])
    adapter = adapter or by_type.get(type(a))
    if adapter is not None and adapter.can_lock and type(a) in adapter.array_types:
        a = a[...]
        adapter.set_writeable(a, False)
    return a


def _with_own_memory(part: Any, others: list[Any], adapter: Adapter) -> Any:
    """What was returned, in memory that is not changed where others are written to."""
    if type(part) in (tuple, list):
        return type(part)([_with_own_memory(p, others, adapter) for p in part])
    if type(part) in adapter.array_types and adapter.has_views:
        for other in others:
            if adapter.is_view(part, other):
                return adapter.copy(part)
    return part


def _described(returned: Any) -> str:
    if isinstance(returned, (tuple, list)):
        return f"a {type(returned).__name__} of {len(returned)}"
    if isinstance(returned, Handle):
        return f"a tensor of shape {tuple(returned._data.shape)}"
    shape = getattr(returned, "shape", None)
    return repr(returned) if shape is None else f"an array of shape {tuple(shape)}"


def primitive(
    forward: None = None,
    /,
    *,
    joint: Mapping[tuple[str, ...], Rule] | None = None,
    residuals: Sequence[str] = (),
    index_residuals: Sequence[str] = (),
    replay: Callable[..., Any] | None = None,
    broadcasts: str | None = None,
    variadic: bool = False,
    may_view: bool = False,
    folds: bool = False,
    **rules: Rule | None,
) -> Callable[[Callable[..., Any]], UserPrimitive]:
    """Declare an operation: its forward function, and by operand the rule of its derivative.

    The guide, ``docs/writing-operations.md``, has a program for each of the options.

    Parameters
    ----------
    forward
        Nothing: the decorator is always called.
    joint
        By the names of several operands, the rule that returns all their adjoints, in this order.
        It may ask for ``wanted``: for each, whether its adjoint is needed.
    residuals, index_residuals
        Names for what the forward function returns after the result, for rules to ask for.
        Index residuals are integers or booleans.
    replay
        What computes the residuals from ``(out, *operands, *params)`` and ``xp``, for derivatives
        of derivatives; without, the forward function is called again.
    broadcasts
        Whether operands broadcast against one another: as ``"elements"``, or as ``"stacks"`` of
        matrices do. Then rules need not sum over the axes along which theirs did.
    variadic
        Whether the first parameter is a sequence of operands, with one rule, which may ask for
        ``i``, the number of the operand.
    may_view, folds
        Whether the result may look at the memory of the first operand, and whether elements of it
        may share memory.
    **rules
        By operand, its rule; None for an operand without derivative. A rule takes the adjoint
        ``g`` of the result first, and asks for what else it needs by name: operands, parameters,
        ``out``, residuals, ``x_shape`` for an operand ``x``, and ``xp`` last.

    Returns
    -------
    Callable
        A decorator, which makes the operation of a forward function on raw arrays. Functions of
        the array library are those of ``xp``, if the forward function has a parameter of the name.

    Raises
    ------
    TypeError
        The declaration names what is not there, or leaves open what is meant.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.operation_base import primitive
    >>> @primitive(x=lambda g, x_shape, axis, xp:
    ...            xp.broadcast_to(xp.expand_dims(g, axis=axis), x_shape))
    ... def total(x, axis=0, *, xp):
    ...     return xp.sum(x, axis=axis)
    >>> x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> (total(x, axis=1) * [1.0, 10.0]).backward()
    >>> x.grad
    array([[ 1.,  1.],
           [10., 10.]])
    """
    _refuse_plain_use(forward, "primitive")
    return lambda forward: UserPrimitive(
        forward, rules,
        joint=joint, residuals=residuals, index_residuals=index_residuals, replay=replay,
        broadcasts=broadcasts, variadic=variadic, may_view=may_view, folds=folds,
    )  # fmt: skip


def ufunc(
    forward: None = None, /, **rules: Rule | None
) -> Callable[[Callable[..., Any]], UserUfunc]:
    """Declare an elementwise operation, with ``out=``, ``where=``, ``dtype=`` and broadcasting.

    Parameters
    ----------
    forward
        Nothing: the decorator is always called.
    **rules
        For each operand its rule, as in `primitive`, or None if it has no derivative.

    Returns
    -------
    Callable
        A decorator, which makes the operation of a forward function on raw arrays.

    Raises
    ------
    TypeError
        The declaration names what is not there, or leaves open what is meant.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.operation_base import ufunc
    >>> @ufunc(x=lambda g, out: g * out * (1 - out))
    ... def logistic(x, *, xp):
    ...     return 1 / (1 + xp.exp(-x))
    >>> x = mg.tensor([0.0, 1.0])
    >>> logistic(x).backward()
    >>> x.grad.round(4)
    array([0.25  , 0.1966])
    """
    _refuse_plain_use(forward, "ufunc")
    return lambda forward: UserUfunc(forward, rules)


def _refuse_plain_use(forward: Any, name: str) -> None:
    if forward is not None:
        raise TypeError(f"@{name} needs the rules: write @{name}(x=lambda g, ...: ...)")


def kernel_for(
    operation: Primitive, backend: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what computes an operation of yours on one array library.

    Parameters
    ----------
    operation
        What `primitive` or `ufunc` declared.
    backend
        The array library, by its name in `mygrad.available_backends`; it need not be installed.

    Returns
    -------
    Callable
        A decorator for a function of raw arrays of that library. It is called as the forward
        function is, without ``xp``, and returns what that returns, residuals included; or
        ``NotImplemented``, to leave a call to the forward function. The last one declared counts.

    Raises
    ------
    TypeError
        `operation` was not declared with `primitive` or `ufunc` of this module.
    ValueError
        There is no such backend.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> from mygrad.operation_base import kernel_for, ufunc
    >>> @ufunc(x=lambda g, x: 2 * g * x)
    ... def squared(x):
    ...     return x * x
    >>> @kernel_for(squared, "numpy")
    ... def squared_by_numpy(x):
    ...     return np.square(x)
    >>> squared(mg.tensor([1.0, 3.0]))
    Tensor([1., 9.])
    """
    if not isinstance(operation, UserPrimitive):
        raise TypeError(
            f"kernel_for: {operation!r} was not declared with primitive or ufunc of "
            f"mygrad.operation_base; kernels of mygrad's own operations belong to adapters"
        )
    if backend not in backend_names():
        known = ", ".join(backend_names())
        raise ValueError(f"kernel_for: there is no backend {backend!r}; known are {known}")

    def register(kernel: Callable[..., Any]) -> Callable[..., Any]:
        operation.own_kernels[backend] = _by_position(kernel)
        operation.kernels.clear()  # what calls have found so far
        return kernel

    return register
