"""Functions whose intermediate results are computed again when they are differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import Handle, Record, Version, new_handle
from mygrad.autodiff.tape import clock, tracking
from mygrad.errors import InvalidBackprop
from mygrad.random.replaying import Start
from mygrad.transforms.calls import CHECKPOINTED_CALL, Packing, record, standing_for
from mygrad.transforms.pull import Between, pull
from mygrad.transforms.traced import ARGUMENT, entered
from mygrad.transforms.trees import Structure, flatten

__all__ = ["checkpoint"]

Function = Callable[..., Any]


def checkpoint(fun: Function) -> Function:
    """The same function, which keeps no intermediate results for the backward pass.

    It keeps its arguments, and is called again when it is differentiated. A network of n layers
    that is made of checkpointed parts of about √n layers each needs memory for about 2√n layers
    instead of n, and a second forward pass.

    Parameters
    ----------
    fun
        A function of anything, variables in nested lists, tuples and dictionaries among it; so
        are its results. It may use other variables, which are differentiated by, too.

    Returns
    -------
    function
        It returns what `fun` returns, and has the same derivatives, of any order.

    Raises
    ------
    mygrad.errors.InvalidBackprop
        In the backward pass: `fun` computes something else than it did, since a tensor that it
        uses was written to in between, or since it draws random numbers of its own.
    ValueError
        `fun` writes into a variable that is no argument.

    Notes
    -----
    Numbers of `mygrad.random` and of NumPy's global state are the same in both calls; on other
    libraries they come from generators that are seeded for each call. What `fun` writes into
    arguments that are variables does not reach the caller. The method is that of A. Griewank and
    A. Walther (2000), *Algorithm 799: revolve*, and T. Chen and others (2016), *Training deep nets
    with sublinear memory cost*, with segments that the user chooses.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> @mg.checkpoint
    ... def block(x):
    ...     for _ in range(10):
    ...         x = np.sin(x)
    ...     return x
    >>> x = mg.tensor([0.0, 0.1])
    >>> block(block(x)).sum().backward()
    >>> x.grad.round(6)
    array([1.      , 0.907451])
    """

    @wraps(fun)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if not tracking():
            return fun(*args, **kwargs)
        return _Segment(fun, args, kwargs).results()

    return checkpointed


class _Segment:
    """One call of a checkpointed function.

    Attributes
    ----------
    leaves, structure
        The arguments; in the places of variables there is None.
    places
        Where these are among the leaves.
    outside
        Versions of other variables that the results depend on.
    locks
        What keeps raw arrays that the function reads from being written to.
    """

    def __init__(self, fun: Function, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        self.fun, self.start = fun, Start()
        self.leaves: list[Any]
        self.structure: Structure
        self.leaves, self.structure = flatten((list(args), kwargs))
        self.places = [
            k for k, t in enumerate(self.leaves) if isinstance(t, Handle) and not t._constant
        ]
        self.variables: list[Any] = [self.leaves[k] for k in self.places]
        for k in self.places:
            self.leaves[k] = None
        self.outside: list[Version] = []
        self.locks: list[Any] = []

    def called(self, variables: Sequence[Any]) -> tuple[Any, list[Any], int]:
        """What the function returns for these variables, their versions, and when it began."""
        leaves = list(self.leaves)
        since = next(clock)
        entries = [entered(a, True, "checkpoint", ARGUMENT) for a in variables]
        for k, t in zip(self.places, entries, strict=True):
            leaves[k] = t
        args, kwargs = self.structure.filled(leaves)
        versions = [t._buffer.version for t in entries]
        return self.fun(*args, **kwargs), versions, since

    def results(self) -> Any:
        with self.start.once():
            returned, versions, since = self.called([t._data for t in self.variables])
        found, structure = flatten(returned)
        self.live = [
            k for k, t in enumerate(found)
            if isinstance(t, Handle) and not t._constant and t._buffer and t._buffer.version
        ]  # fmt: skip
        ts: list[Any] = [found[k] for k in self.live]
        between = Between([t._buffer.version for t in ts], versions, since)
        self.outside = between.outside
        starts = {t._buffer.version for t in ts}
        if not (self.outside or between.order or starts.intersection(versions)):
            return returned  # nothing to differentiate by
        self._refuse_writes(between, since, {id(t._buffer) for t in ts})
        arrays = [t._data for t in ts]
        self.packing = Packing(arrays)
        packed = self.packing.packed(arrays)
        adapter, device = self.packing.adapter, self.packing.adapter.device(packed)
        for version in between.met:
            if isinstance(version, Record) and version.locks:
                self.locks += version.locks
        # The graph of the first call is gone when its last results are.
        operands = [*self.variables, *(standing_for(v, adapter, device) for v in self.outside)]
        kept = [t._data for t in self.variables] + [None] * len(self.outside)
        self.variables = []
        del returned, between, ts, arrays
        made = record(CHECKPOINTED_CALL, self, operands, kept, self.packing, packed)
        for k, t in zip(self.live, made, strict=True):
            found[k] = t
        return structure.filled(found)

    def _refuse_writes(self, between: Between, since: int, returned: set[int]) -> None:
        """Raise if the function wrote into variables that it did not make."""
        for version in (*between.outside, *between.overwritten):
            buffer: Any = version.buffer()
            if buffer is None or buffer.version is version or id(buffer) in returned:
                continue
            if buffer.version.seq > since or not version.seq:
                raise ValueError(
                    f"checkpoint: {_name(self.fun)} writes into a tensor that is no argument and "
                    f"that it did not make, and would write again in the backward pass; let it "
                    f"return the values, and write them outside"
                )

    def pull(self, g: Any, operands: Sequence[Any], numbers: Sequence[int], out: Any) -> Any:
        """The adjoints of arguments, and of other variables."""
        count = len(self.places)
        with self.start.again():
            returned, versions, since = self.called(operands[:count])
        found = flatten(returned)[0]
        ts: list[Any] = [found[k] if k < len(found) else None for k in self.live]
        starts: list[Any] = [t._buffer.version for t in ts if isinstance(t, Handle) and t._buffer]
        seen = Between([v for v in starts if v is not None], versions, since).outside
        own = {id(t._buffer) for t in ts if isinstance(t, Handle)}  # that it made, and returned
        seen = [v for v in seen if v.seq or id(v.buffer()) not in own]
        if not set(self.outside).issuperset(seen):
            raise InvalidBackprop(
                f"checkpoint: {_name(self.fun)} uses a tensor that was written to since it was "
                f"called, so that it computes something else now; write to it after backward()"
            )
        self._check(ts, out._data if isinstance(out, Handle) else out)
        inputs = [*versions, *self.outside]
        between = Between(starts, inputs, since)
        on_tensors = isinstance(g, Handle)
        pulled = pull(ts, self.packing.parts(g), inputs, on_tensors, between)
        return [self._array(pulled[k][0], inputs[k], g) for k in numbers]

    def _array(self, adjoint: Any, version: Version, g: Any) -> Any:
        if adjoint is not None:
            return adjoint
        data = g._data if isinstance(g, Handle) else g
        adapter: Any = adapter_of(data)
        where = {"dtype": version.dtype, "device": adapter.device(data)}
        zeros = adapter.xp.zeros(tuple(version.shape), **where)
        return new_handle(zeros, None, None, None, True) if isinstance(g, Handle) else zeros

    def _check(self, ts: Sequence[Any], out: Any) -> None:
        """Raise unless the function returns again what it returned."""
        before = self.packing
        same = all(isinstance(t, Handle) and not t._constant for t in ts)
        same = same and [tuple(t._data.shape) for t in ts] == before.shapes
        same = same and [t._data.dtype for t in ts] == before.dtypes
        adapter: Any = adapter_of(out)
        if same and adapter.has_views:  # those of others may be traced or batched, without values
            same = _close(out, before.packed([t._data for t in ts]), adapter)
        if not same:
            raise InvalidBackprop(
                f"checkpoint: {_name(self.fun)} does not compute the same in the backward pass as "
                f"when it was called: something that it uses has changed since, or it draws random "
                f"numbers from a generator of its own; pass what changes as an argument, and draw "
                f"from mg.random or before the call"
            )


def _close(a: Any, b: Any, adapter: Adapter) -> bool:
    """Whether two arrays are the same up to what sums in another order make of them."""
    xp = namespace_of(adapter)
    if 0 in a.shape:
        return True
    same = (a == b) | ((a != a) & (b != b))
    if bool(xp.all(same)):
        return True
    finite = xp.where(same, xp.zeros_like(a), a - b)
    least = float(xp.finfo(a.dtype).eps) ** 0.5
    largest = xp.max(xp.abs(xp.where(a == a, a, xp.zeros_like(a))))
    return bool(xp.max(xp.abs(finite)) <= least * largest)


def _name(fun: Function) -> str:
    return getattr(fun, "__name__", type(fun).__name__)
