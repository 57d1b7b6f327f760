"""One call of a user's function with tensors, so that it can be differentiated by its arguments.

Whatever a transform does happens here: arrays among the arguments become tensors with copies of
their values, so that the function may write into them; the function runs, recorded; and adjoints of
its results are pulled back to these tensors. The tensors of others are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from math import prod
from typing import Any

from mygrad.arrays import Adapter, adapter_of, by_type, selected_adapter, selection
from mygrad.autodiff.guard import expose
from mygrad.autodiff.lost_gradients import tell
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.nodes import Handle, Version, new_handle
from mygrad.autodiff.operands import SCALARS, floating
from mygrad.autodiff.tape import record_call, tracking
from mygrad.settings import recording
from mygrad.tensors.base import Tensor, as_operand_tensor
from mygrad.tensors.conversion import array_of
from mygrad.tensors.telling import ACTIONS
from mygrad.transforms.batching.levels import lifted_here
from mygrad.transforms.devices import go_beside
from mygrad.transforms.pull import Between, pull
from mygrad.transforms.trees import CONTAINERS, LEAF, Structure, flatten

__all__ = [
    "Inside",
    "Traced",
    "check_fields",
    "chosen",
    "entered",
    "is_complex",
    "is_number",
    "like",
]

ARGUMENT = "an argument", LEAF, 0
"""Where a value is that is known to be differentiable."""

SMALL = 8
"""Results of so few elements are copied, which takes less time than to guard them."""


class Inside:
    """While a transform runs: operations are recorded, and what would lose a gradient raises.

    What the user chose with `mygrad.on_detach` stays. Outside of it, `tracked` says whether the
    caller records: under `mygrad.no_autodiff` what a transform returns has no graph.
    """

    __slots__ = ("_came_from", "_recording", "_tell", "tracked")

    def __enter__(self) -> Inside:
        self._tell = self._recording = None
        self._came_from: tuple[Adapter, Any] | None = None
        self.tracked = tracking()
        if not self.tracked:
            self._recording = recording.override.set(True)
        if tell.default is ACTIONS["warn"] and tell.override.get() is None:
            self._tell = tell.override.set(ACTIONS["error"])
        return self

    def follow(self, ts: Sequence[Handle]) -> None:
        """Go to the device of these tensors, for plain arrays that are made from here on."""
        if ts and self._came_from is None:
            self._came_from = go_beside(ts[0])

    def __exit__(self, *_: object) -> None:
        if self._came_from is not None:
            adapter, device = self._came_from
            adapter.go_to(device)
        if self._tell is not None:
            tell.override.reset(self._tell)
        if self._recording is not None:
            recording.override.reset(self._recording)


# --- arguments ------------------------------------------------------------------------------------
def chosen(argnums: Any, count: int, name: str) -> tuple[int, ...]:
    """The numbers of the arguments to differentiate by."""
    if type(argnums) is int and 0 <= argnums < count:
        return (argnums,)
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not numbers or not all(isinstance(k, int) for k in numbers):
        raise TypeError(f"{name}: argnums is the number of an argument or several, not {argnums!r}")
    if not all(-count <= k < count for k in numbers):
        raise TypeError(
            f"{name}: argnums={argnums!r}, and the function was called with {count} "
            f"arguments by position; those that are differentiated by are passed by position"
        )
    numbers = tuple(k % count for k in numbers)
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"{name}: argnums={argnums!r} names an argument twice")
    return numbers


def entered(value: Any, tracked: bool, name: str, where: tuple[str, Structure, int]) -> Any:
    """A variable with a copy of a value, which is where the graph of a call begins.

    Its version is a record, so that writes to it are recorded. If `value` is a variable, and
    `tracked` is true, gradients flow back to that. Errors say `where` it is: in what, how that is
    nested, and the number of the leaf.
    """
    value = lifted_here(value)
    array: Any = value._data if isinstance(value, Handle) else value
    adapter: Any = adapter_of(array)
    if array is value and (adapter is None or not _as_it_is(array, adapter)):
        if adapter is None and type(value) not in (float, complex):
            _refuse(value, name, where)
        array, adapter, _ = array_of(value, None, None, None)
    if not floating[adapter, array.dtype]:
        _refuse(value, name, where)
    live = tracked and isinstance(value, Handle) and not value._constant
    operand = value if live else array
    buffer = value._buffer if live else None
    grad = None if buffer is None else buffer.grad
    copied = adapter.copy(array)
    namespace = namespace_of(adapter)
    t = record_call(registry["copy"], namespace, (operand,), (array,), copied, ("K",), int(live))
    if grad is not None:  # this is no use of it that the user sees
        buffer.grad = grad  # type: ignore[union-attr]
    return t


def _as_it_is(array: Any, adapter: Adapter) -> bool:
    """Whether a raw array may be an operand, without being moved or converted."""
    if type(array) not in adapter.array_types:
        return False
    return selection() is None and (adapter.name != "numpy" or array.dtype.isnative)


def passed(value: Any) -> Any:
    """What the function gets for an argument that is not differentiated by: the same, read-only.

    NumPy's arrays are views that cannot be written through. Where they are not on the selected
    backend, and of other libraries, they are constant tensors, which variables can be computed
    with.
    """
    if isinstance(value, CONTAINERS):
        leaves, structure = flatten(value)
        return structure.filled([passed(leaf) for leaf in leaves])
    if isinstance(value, Handle) or type(value) in SCALARS:
        return value
    adapter = adapter_of(value)
    if adapter is None or type(value) not in adapter.array_types:
        return value
    if adapter.can_lock and selected_adapter() is adapter:
        view = value[...]
        adapter.set_writeable(view, False)
        return view
    if not floating[adapter, value.dtype]:
        return value
    return Tensor(value, constant=True, copy=False)


def _refuse(value: Any, name: str, where: tuple[str, Structure, int]) -> None:
    path = where[1].paths(where[0])[where[2]]
    kind = type(value).__name__
    found = f"of dtype {value.dtype}" if hasattr(value, "dtype") else f"of type {kind}"
    raise TypeError(
        f"{name} differentiates by floating-point numbers and arrays of them, and {path} is "
        f"{found}. Convert it, or leave it out of what is differentiated by (argnums=, or None in "
        f"its place)"
    )


def is_complex(t: Handle) -> bool:
    return _is_complex(by_type[type(t._data)], t._data.dtype)


@cache
def _is_complex(adapter: Adapter, dtype: Any) -> bool:
    return bool(adapter.xp.isdtype(dtype, "complex floating"))


def is_number(value: Any) -> bool:
    """Whether a value may be (an element of) a result: a tensor, an array, a number."""
    return isinstance(value, Handle) or type(value) in SCALARS or adapter_of(value) is not None


def like(value: Any, t: Handle, name: str, path: str, what: str) -> Any:
    """A tangent or an adjoint of a tensor, as an array of its shape and dtype, or a tensor."""
    adapter = by_type[type(t._data)]
    data = t._data
    array: Any = value._data if isinstance(value, Handle) else value
    if not is_number(value):
        raise TypeError(
            f"{name}: {path} is of type {type(value).__name__}; it has to be an array or a number, "
            f"as the {what} is"
        )
    if isinstance(value, Handle) and adapter_of(array) is adapter:
        pass
    elif type(value) in SCALARS:
        array = adapter.asarray(value, dtype=data.dtype, device=adapter.device(data))
    elif adapter_of(value) is not adapter or type(value) not in adapter.array_types:
        array = as_operand_tensor(value, (t,))._data
    if tuple(array.shape) != tuple(data.shape):
        raise ValueError(
            f"{name}: {path} is of shape {tuple(array.shape)}, and has to be of shape "
            f"{tuple(data.shape)}, that of the {what}"
        )
    if array.dtype == data.dtype:
        return value if isinstance(value, Handle) else array
    if not adapter.can_cast(array.dtype, data.dtype):
        raise TypeError(
            f"{name}: {path} is of dtype {array.dtype}, and has to be of dtype {data.dtype}, that "
            f"of the {what}"
        )
    if isinstance(value, Handle):
        return registry["astype"](value, data.dtype)
    return adapter.xp.astype(array, data.dtype)


# --- the call -------------------------------------------------------------------------------------
class Traced:
    """A call of a function, recorded from its arguments on.

    Parameters
    ----------
    name
        What the transform is called, in errors.
    inside
        What it runs in.
    function, args, kwargs
        The call.
    numbers
        Of the arguments to differentiate by.
    has_aux
        Whether the function returns a pair, of which the second is not differentiated.

    Attributes
    ----------
    inputs, structures
        The tensors that stand for the leaves of these arguments; how each argument is nested.
    versions
        The version of each input that the call began with.
    results, structure
        What was returned, as tensors, and how it is nested.
    aux
        What was returned besides.
    on_tape
        Whether what is computed has to be recorded, as it depends on variables of others.
    tensors
        Whether to hand out tensors, and not arrays.
    """

    def __init__(
        self, name: str, inside: Inside, function: Callable[..., Any], args: Sequence[Any],
        kwargs: dict[str, Any], numbers: Sequence[int], has_aux: bool = False,
    ) -> None:  # fmt: skip
        self.name, self.numbers = name, numbers
        given = list(args)
        if len(args) > len(numbers):
            given = [a if k in numbers else passed(a) for k, a in enumerate(args)]
        if kwargs:
            kwargs = {key: passed(value) for key, value in kwargs.items()}
        self.inputs: list[Any] = []
        self.structures: list[Structure] = []
        tracked = inside.tracked
        self.on_tape = self.tensors = self.constant = False
        for k in numbers:
            value = args[k]
            if isinstance(value, CONTAINERS):
                leaves, structure = flatten(value)
            else:
                leaves, structure = [value], LEAF
            entries = []
            for j, leaf in enumerate(leaves):
                if isinstance(leaf, Handle):
                    self.tensors = True
                    self.on_tape = self.on_tape or (tracked and not leaf._constant)
                entries.append(entered(leaf, tracked, name, (f"args[{k}]", structure, j)))
            self.inputs += entries
            self.structures.append(structure)
            given[k] = entries[0] if structure is LEAF else structure.filled(entries)
        self.versions: list[Version] = [t._buffer.version for t in self.inputs]
        inside.follow(self.inputs)
        returned = function(*given, **kwargs)
        self.aux: Any = None
        if has_aux:
            if not isinstance(returned, tuple) or len(returned) != 2:
                raise TypeError(
                    f"{name}: with has_aux=True the function has to return a pair, what is "
                    f"differentiated and what is not; it returned a {type(returned).__name__}"
                )
            returned, self.aux = returned
        if isinstance(returned, Tensor):
            self.results, self.structure = [returned], LEAF
        else:
            found, self.structure = flatten(returned)
            self.results = [self._result(value, j) for j, value in enumerate(found)]
        for j, t in enumerate(self.results):
            if not floating[by_type[type(t._data)], t._data.dtype]:
                raise TypeError(
                    f"{name}: {self.path(j)} is of dtype {t._data.dtype}, which has no "
                    f"derivative; what the function returns besides is aux, with has_aux=True"
                )
        live = [t._buffer.version for t in self.results if not t._constant and t._buffer]
        self.between = Between([v for v in live if v is not None], self.versions)
        if tracked and not self.on_tape:
            self.on_tape = bool(self.between.outside) or self._aux_is_of_others()
        self.tensors = self.tensors or self.on_tape

    def _result(self, value: Any, j: int) -> Tensor:
        if isinstance(value, Tensor):
            return value
        if is_number(value):
            return as_operand_tensor(value, self.inputs)  # type: ignore[no-any-return]
        raise TypeError(
            f"{self.name}: {self.path(j)} is of type {type(value).__name__}; functions return "
            f"tensors, arrays, numbers, and nested lists, tuples and dictionaries of them. What "
            f"they return besides is aux, with has_aux=True"
        )

    def _aux_is_of_others(self) -> bool:
        """Whether what is not differentiated depends on the variables of others."""
        if self.aux is None:
            return False
        found = [
            t._buffer.version
            for t in flatten(self.aux)[0]
            if isinstance(t, Handle) and not t._constant and t._buffer and t._buffer.version
        ]
        between = Between(found, self.versions)
        mine = set(found)  # leaves that were made in the function
        return any(version.seq or version not in mine for version in between.outside)

    def path(self, j: int) -> str:
        """What to call a result in errors."""
        return "the result" if self.structure is LEAF else self.structure.paths("result")[j]

    # --- what is handed out -----------------------------------------------------------------------
    def value(self) -> Any:
        """What the function returned, in the kind of container it was in."""
        if self.structure is LEAF:
            return self.out(self.results[0])
        return self.structure.filled([self.out(t) for t in self.results])

    def extra(self) -> Any:
        """What it returned besides."""
        leaves, structure = flatten(self.aux)
        return structure.filled([self.out(t) if isinstance(t, Handle) else t for t in leaves])

    def out(self, t: Handle) -> Any:
        """A tensor of the function's, for the caller."""
        if self.on_tape:
            return t
        adapter = by_type[type(t._data)]
        small = prod(t._data.shape) <= SMALL
        array = adapter.copy(t._data) if small else expose(t)
        return self.wrapped(array) if self.tensors else array

    def wrapped(self, array: Any) -> Any:
        return new_handle(array, None, None, None, True)

    def owned(self, found: Iterable[tuple[Any, bool]], ts: Sequence[Handle]) -> list[Any]:
        """Adjoints or tangents of these tensors for the caller, who may write into them.

        With each comes whether nobody else holds it.
        """
        handed = []
        for (g, private), t in zip(found, ts, strict=True):
            if g is None:
                g, private = namespace_of(by_type[type(t._data)]).zeros_like(t._data), True
            elif isinstance(g, Handle):
                handed.append(registry["copy"](g))
                continue
            elif not private:
                g = by_type[type(t._data)].copy(g)
            handed.append(self.wrapped(g) if self.tensors else g)
        return handed

    # --- derivatives ------------------------------------------------------------------------------
    def seed(self, t: Handle, create_graph: bool) -> Any:
        """The adjoint to begin with for the derivative of the sum."""
        ones = namespace_of(by_type[type(t._data)]).ones_like(t._data)
        return self.wrapped(ones) if create_graph else ones

    def pulled(self, seeds: Sequence[Any], create_graph: bool) -> list[tuple[Any, bool]]:
        """The adjoint of each input, and whether nobody else holds it."""
        return pull(self.results, seeds, self.versions, create_graph, self.between)

    def gradients(self, found: Iterable[tuple[Any, bool]]) -> list[Any]:
        """The adjoints of inputs for the caller, nested like the arguments, by argument."""
        return self.by_argument(self.owned(found, self.inputs))

    def by_argument(self, leaves: Sequence[Any]) -> list[Any]:
        """What belongs to the inputs, nested like the arguments."""
        nested, start = [], 0
        for structure in self.structures:
            if structure is LEAF:
                nested.append(leaves[start])
                start += 1
            else:
                nested.append(structure.filled(leaves[start : start + structure.count]))
                start += structure.count
        return nested


def check_fields(call: Traced, holomorphic: bool) -> None:
    """Raise unless results are real, or all is complex where the function is holomorphic."""
    for j, t in enumerate(call.results):
        if is_complex(t) != holomorphic:
            found = "complex" if not holomorphic else "real"
            raise TypeError(
                f"{call.name}: {call.path(j)} is {found}; "
                + (
                    "with holomorphic=True it has to be complex"
                    if holomorphic
                    else "say holomorphic=True for the derivative of a holomorphic function, or "
                    "differentiate a real part of it; mg.vjp and mg.jvp are for all functions"
                )
            )
    if holomorphic:
        for t, path in zip(call.inputs, _input_paths(call), strict=True):
            if not is_complex(t):
                raise TypeError(
                    f"{call.name}: with holomorphic=True arguments have to be complex, and {path} "
                    f"is of dtype {t._data.dtype}"
                )


def _input_paths(call: Traced) -> list[str]:
    pairs = zip(call.numbers, call.structures, strict=True)
    return [path for k, structure in pairs for path in structure.paths(f"args[{k}]")]
