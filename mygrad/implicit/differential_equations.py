"""Solutions of ordinary differential equations, as functions of where they begin and of parameters.

The adjoint of a solution solves a differential equation, too, backwards in time. It needs the
solution on its way: that is integrated again, from states that were kept, a piece at a time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from mygrad.arrays import get_adapter
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.implicit.complex_parts import is_complex, pairs, to_pairs
from mygrad.implicit.solving import (
    NoSolution,
    Parameters,
    differentiable,
    host_function,
    host_values,
    raw,
)
from mygrad.transforms.derivatives import vjp
from mygrad.transforms.for_scipy import scipy_module

__all__ = ["odeint", "solve_ivp"]

Array = Any
Function = Callable[..., Any]


class Solution(NamedTuple):
    """What `solve_ivp` returns.

    Attributes
    ----------
    t
        The times, shape (T,).
    y
        The states at these times: shape ``(*y0.shape, T)``, as SciPy has it.
    """

    t: Any
    y: Any


def solve_ivp(
    fun: Function, t_span: Sequence[Any], y0: Any, method: str = "DOP853", t_eval: Any = None,
    args: Sequence[Any] = (), rtol: float = 1e-8, atol: float = 1e-8, keep_every: int = 100,
) -> Solution:  # fmt: skip
    """Solve ``dy/dt = fun(t, y, *args)`` from `y0`, differentiable in `y0`, times and `args`.

    Parameters
    ----------
    fun
        The derivative: a function of a number, of an array, and of parameters, that returns an
        array of the shape of the first.
    t_span
        The times to begin and to end at; the end may be before the beginning.
    y0
        The state at the beginning: an array of floats of any shape, or a tensor; complex if the
        states that follow are.
    method, rtol, atol
        As for `scipy.integrate.solve_ivp`, but by default for smaller errors, which those of
        gradients are like, and for a method of higher order, which is the faster one then.
    t_eval
        The times at which the state is wanted, in order; by default the end alone.
    args
        The parameters: nested lists, tuples and dictionaries of arrays and tensors.
    keep_every
        After how many steps the state is kept for the backward pass. Each piece in between is
        integrated again there, and all of its steps are remembered meanwhile.

    Returns
    -------
    Solution
        A named tuple ``(t, y)``; `y` is a tensor of shape ``(*y0.shape, T)`` if there are variables
        among what it depends on.

    Raises
    ------
    mygrad.implicit.solving.NoSolution
        The solver did not get to the end.
    ValueError
        The times are not in order.
    TypeError
        An array is not NumPy's; `fun` computes with a variable that is not in `args`.

    Notes
    -----
    The adjoint method of [1]_, with the solution from kept states and not backwards in time, where
    it may not be stable. Second derivatives are those of the equation for the adjoint, in which the
    solution does run backwards.

    References
    ----------
    .. [1] R. T. Q. Chen, Y. Rubanova, J. Bettencourt and D. Duvenaud, *Neural Ordinary Differential
       Equations*, NeurIPS 2018, arXiv:1806.07366.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> rate = mg.tensor(0.5)
    >>> decay = mg.implicit.solve_ivp(lambda t, y, k: -k * y, (0.0, 2.0), [3.0], args=(rate,))
    >>> decay.y.backward()
    >>> np.allclose(decay.y, 3 * np.exp(-1)), np.allclose(rate.grad, -2 * 3 * np.exp(-1))
    (True, True)
    """
    times = [*t_span] if t_eval is None else [t_span[0], *t_eval]
    first, last = (float(raw(t)) for t in t_span)
    until = float(raw(times[-1]))
    if not min(first, last) <= until <= max(first, last):
        raise ValueError(
            f"mygrad.implicit.solve_ivp: t_eval goes to {until}, beyond t_span, which is from "
            f"{first} to {last}"
        )
    stacked = registry["stack"](times)
    stacked = stacked if not stacked.constant else stacked._data
    states = _trajectory(
        fun, stacked, y0, args, _Steps(method, rtol, atol, keep_every), "solve_ivp"
    )
    y = registry["moveaxis"](states[1:], 0, -1)
    return Solution(stacked[1:], y if isinstance(states, Handle) else y._data)


def odeint(
    fun: Function, y0: Any, t: Any, args: Sequence[Any] = (), rtol: float = 1e-8,
    atol: float = 1e-8, method: str = "DOP853", keep_every: int = 100,
) -> Any:  # fmt: skip
    """Solve ``dy/dt = fun(y, t, *args)`` with y = `y0` at ``t[0]``, as `solve_ivp` does.

    Parameters
    ----------
    fun
        The derivative, which takes the state before the time here.
    y0
        The state at ``t[0]``.
    t
        The times at which the state is wanted, shape (T,), in order, either way.
    args, rtol, atol, method, keep_every
        As for `solve_ivp`.

    Returns
    -------
    Tensor or array
        The states, of shape ``(T, *y0.shape)``; the first is `y0`.

    Raises
    ------
    mygrad.implicit.solving.NoSolution, TypeError, ValueError
        As for `solve_ivp`.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> def pendulum(y, t, length):
    ...     return np.stack([y[1], -9.81 / length * np.sin(y[0])])
    >>> length = mg.tensor(1.0)
    >>> states = mg.implicit.odeint(pendulum, [0.1, 0.0], np.linspace(0, 1, 5), (length,))
    >>> states.shape
    (5, 2)
    >>> states[-1, 0].backward()
    >>> round(float(length.grad), 3)
    0.002
    """

    def swapped(time: Any, y: Any, *args: Any) -> Any:
        return fun(y, time, *args)

    return _trajectory(swapped, t, y0, args, _Steps(method, rtol, atol, keep_every), "odeint")


class _Steps(NamedTuple):
    """How to integrate: SciPy's name of the method, the errors, after how many steps to keep."""

    method: str
    rtol: float
    atol: float
    keep_every: int


class _Step(NamedTuple):
    """One step of a solver."""

    end: Any
    y: Array
    inside: Function
    direction: float

    def reaches(self, t: Any) -> bool:
        return bool((self.end - t) * self.direction >= 0)

    def at(self, t: Any) -> Array:
        return self.y if t == self.end else self.inside(t)


def _integrated(
    rate: Function, start: Any, y: Array, end: Any, how: _Steps, name: str
) -> Iterator[_Step]:
    """The steps of a solver, one after the other."""
    if start == end:
        return
    integrate = scipy_module("scipy.integrate", f"mygrad.implicit.{name}")
    solver = getattr(integrate, how.method)(rate, start, y, end, rtol=how.rtol, atol=how.atol)
    while solver.status == "running":
        message = solver.step()
        if solver.status == "failed":
            why = str(message).rstrip(".")
            raise NoSolution(f"mygrad.implicit.{name} stopped at t={solver.t}: {why}")
        yield _Step(solver.t, solver.y.copy(), solver.dense_output(), solver.direction)


class _Path:
    """The solution at any time, integrated again from the states that were kept.

    Parameters
    ----------
    kept
        Times, and the state then.
    end
        The last time.
    """

    def __init__(
        self, rate: Function, kept: list[tuple[Any, Array]], end: Any, how: _Steps, name: str
    ) -> None:
        if how.method == "LSODA":  # which cannot run while it waits for the rate of another run
            how = how._replace(method="Radau")
        self.rate, self.kept, self.end, self.how, self.name = rate, kept, end, how, name
        self.direction = _direction(kept[0][0], end)
        self.known: dict[int, list[_Step]] = {}

    def __call__(self, t: Any) -> Array:
        after = bisect_left(self.kept, True, key=lambda at: (at[0] - t) * self.direction > 0)
        steps = self.steps(max(after - 1, 0))
        k = bisect_left(steps, True, key=lambda step: step.reaches(t))
        return steps[min(k, len(steps) - 1)].inside(t)

    def steps(self, k: int) -> list[_Step]:
        """The steps from the k-th state that was kept to the next one."""
        if k not in self.known:
            if len(self.known) > 1:  # a step back may look at two pieces, again and again
                del self.known[max(self.known, key=lambda other: abs(other - k))]
            start, y = self.kept[k]
            end = self.kept[k + 1][0] if k + 1 < len(self.kept) else self.end
            steps = _integrated(self.rate, start, y, end, self.how, self.name)
            self.known[k] = list(steps)
        return self.known[k]


def _trajectory(
    fun: Function, times: Any, y0: Any, args: Sequence[Any], how: _Steps, name: str
) -> Any:
    """The states at all times, of which the first is `y0`."""
    host_values(name, t=times, y0=y0, args=args)
    if is_complex(y0):
        found = _trajectory(to_pairs(fun, 1), times, pairs(y0), args, how, name)
        return found[:, 0] + 1j * found[:, 1]
    rate = host_function(name, fun)
    host = get_adapter("numpy")
    kept: list[tuple[Any, Array]] = []

    def solve(times: Any, y0: Any, *args: Any) -> Array:
        times, y0 = host.asarray(times, dtype="float64"), host.asarray(y0)
        if times.ndim != 1 or not (abs(sum(steps := times[1:] - times[:-1])) == sum(abs(steps))):
            raise ValueError(f"mygrad.implicit.{name}: the times have to be in order, in one axis")
        states = [y0.reshape(-1).astype("float64")]
        kept[:] = [(times[0], states[0])]
        flat = _flat(rate, y0.shape, args)
        steps = _integrated(flat, times[0], states[0], times[-1], how, name)
        for count, step in enumerate(steps, 1):
            while len(states) < len(times) and step.reaches(times[len(states)]):
                states.append(step.at(times[len(states)]))
            if count % how.keep_every == 0 and step.end != times[-1]:
                kept.append((step.end, step.y))
        states += states[:1] * (len(times) - len(states))  # where all times are the first
        dtype = y0.dtype if host.xp.isdtype(y0.dtype, "real floating") else "float64"
        return host.xp.stack(states).reshape(len(times), *y0.shape).astype(dtype)

    def adjoints(parameters: Parameters, values: Any, states: Any, g: Any) -> list[Any]:
        if not isinstance(g, Handle):
            times, _, *args = parameters.filled(values)
            path = _Path(_flat(rate, states.shape[1:], args), kept, times[-1], how, name)
            back: Any = partial(_back, path=path)
        else:
            back = _back_on_tape
        problem = _Adjoint(fun, parameters, values, how, name)
        return problem.adjoints(states, g, back)

    return differentiable(name, (times, y0, *args), solve, adjoints)


def _flat(rate: Function, shape: tuple[int, ...], args: Sequence[Any]) -> Function:
    """The rate of change of a state whose elements are in a row."""
    return lambda t, y: rate(t, y.reshape(shape), *args).reshape(-1)


class _Adjoint:
    """The differential equation of the adjoint of a state, and of those of parameters.

    Its unknowns are in a row: the adjoint, and what has come together for each parameter.

    Attributes
    ----------
    inner
        The numbers of the variables that are parameters, and neither times nor the first state.
    """

    def __init__(
        self, fun: Function, parameters: Parameters, values: Sequence[Any], how: _Steps, name: str
    ) -> None:
        self.fun, self.parameters, self.values = fun, parameters, list(values)
        self.how, self.name = how, name
        self.ends = [parameters.number(0), parameters.number(1)]
        self.inner = [k for k in range(len(values)) if k not in self.ends]
        self.chosen = [self.values[k] for k in self.inner]

    def pulled(self, t: Any, y: Any, adjoint: Any, chosen: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The rate of change of the state, and of the unknowns backwards in time."""

        def rate(y: Any, *chosen: Any) -> Any:
            values = list(self.values)
            for k, value in zip(self.inner, chosen, strict=True):
                values[k] = value
            return self.fun(t, y, *self.parameters.filled(values)[2:])

        value, pullback = vjp(rate, y, *chosen)
        return value, list(pullback(adjoint))

    def adjoints(self, states: Any, g: Any, back: Function) -> list[Any]:
        """The adjoint of each variable, from those of the states."""
        times, _, *args = self.parameters.filled(self.values)
        adjoint, parts = g[-1] * 0.0, [value * 0.0 for value in self.chosen]
        for k in range(len(states) - 1, 0, -1):
            adjoint, parts = back(self, times[k], times[k - 1], states[k], adjoint + g[k], parts)
        found: list[Any] = [None] * len(self.values)
        for k, part in zip(self.inner, parts, strict=True):
            found[k] = part
        of_times, of_start = self.ends
        if of_times is not None:
            xp: Any = registry
            rates = [self.fun(t, y, *args) for t, y in zip(times, states, strict=True)]
            along = [xp["sum"](r * a) for r, a in zip(rates, (-adjoint, *g[1:]), strict=True)]
            slopes = xp["stack"](along)
            found[of_times] = slopes if isinstance(g, Handle) else raw(slopes)
        if of_start is not None:
            found[of_start] = adjoint + g[0]
        return found


def _back(
    equation: _Adjoint, start: Any, end: Any, y: Any, adjoint: Any, parts: list[Any], path: _Path
) -> tuple[Any, list[Any]]:
    """The adjoints at an earlier time, from those at a later one, as arrays."""
    host = get_adapter("numpy").xp
    shape, size = adjoint.shape, adjoint.size

    def change(t: Any, unknowns: Array) -> Array:
        y = path(t).reshape(shape)
        _, found = equation.pulled(t, y, unknowns[:size].reshape(shape), equation.chosen)
        return -host.concat([host.reshape(raw(f), (-1,)) for f in found])

    unknowns = host.concat([host.reshape(a, (-1,)) for a in (adjoint, *parts)])
    for step in _integrated(change, start, unknowns, end, equation.how, equation.name):
        unknowns = step.y
    return unknowns[:size].reshape(shape), _parts(unknowns[size:], parts)


def _back_on_tape(
    equation: _Adjoint, start: Any, end: Any, y: Any, adjoint: Any, parts: list[Any]
) -> tuple[Any, list[Any]]:
    """The same on tensors: the solution of a differential equation that has the state in it."""
    xp: Any = registry
    shape, size = y.shape, y.size

    def row(arrays: Sequence[Any]) -> Any:
        return xp["concatenate"]([xp["reshape"](a, (-1,)) for a in arrays])

    def change(t: Any, unknowns: Any, *chosen: Any) -> Any:
        y, adjoint = (xp["reshape"](unknowns[k * size : (k + 1) * size], shape) for k in range(2))
        value, found = equation.pulled(t, y, adjoint, chosen)
        return row([value, *[-f for f in found]])

    times = xp["stack"]([start, end])
    unknowns = row([y, adjoint, *parts])
    states = _trajectory(change, times, unknowns, equation.chosen, equation.how, equation.name)
    end_of = states[-1]
    return xp["reshape"](end_of[size : 2 * size], shape), _parts(end_of[2 * size :], parts)


def _parts(row: Any, like: Sequence[Any]) -> list[Any]:
    """What lies in a row, in the shapes and dtypes of these."""
    found, start = [], 0
    for value in like:
        part = row[start : start + value.size]
        start += value.size
        found.append(part.reshape(value.shape).astype(value.dtype))
    return found


def _direction(start: Any, end: Any) -> float:
    return 1.0 if end >= start else -1.0
