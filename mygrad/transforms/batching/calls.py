"""How a function of arrays becomes one of batches: by a rule, else composed, else looped.

A *rule* is called with a `Call`, how many examples there are, and the arguments of the function,
some of which are batched. It returns what the function returns. There are rules for functions of
the standard and for primitives, by name; elementwise functions have one in common. A primitive
without one is composed, by its forward function, of functions that have rules. What is neither is
called for one example after the other.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from mygrad.autodiff.namespace import namespace_of, registry, tensor_namespace_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import SCALARS
from mygrad.tensors.telling import level_of_the_user
from mygrad.transforms.batching.array import BatchDependence, BatchedArray, batch_of, opened

__all__ = ["RULES", "BatchLooped", "Call", "Rule", "Standard", "implementation", "looped", "rule"]

Rule = Callable[..., Any]

RULES: dict[str, Rule] = {}
"""By the name of a function of the standard (``linalg.inv``) or of a primitive: its rule."""

ELEMENTWISE: list[Rule] = []
"""The one rule of all functions that go element by element."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Declare a rule, for functions of these names."""

    def note(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return note


class BatchLooped(UserWarning):
    """`mygrad.vmap` calls a function that it cannot batch for one example after the other."""


class Call:
    """A function of the library, or a primitive, as it is called on what is inside of batches.

    Attributes
    ----------
    adapter
        The adapter of the batches.
    name
        The name of the function.
    primitive
        The primitive; None for a function of the library.
    """

    def __init__(
        self, adapter: Any, name: str, primitive: Any = None, function: Any = None
    ) -> None:
        self.adapter, self.name, self.primitive = adapter, name, primitive
        inner = adapter.inner
        self._on_tensors: Any = primitive
        if function is not None:
            self._on_arrays = function
        elif primitive is None:
            self._on_arrays = getattr(namespace_of(inner), name)
        else:
            self._on_arrays = inner.implement(primitive)
            if primitive.residual_names:
                self._on_tensors = self._with_residuals

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call it with what is inside."""
        for value in args:
            if isinstance(value, Handle) or (isinstance(value, (list, tuple)) and _tensors(value)):
                return self.on_tensors(*args, **options)
        return self._on_arrays(*args, **options)

    def on_tensors(self, *args: Any, **options: Any) -> Any:
        """Call it where there is a tensor among the arguments."""
        if self._on_tensors is None:
            self._on_tensors = getattr(tensor_namespace_of(self.adapter.inner), self.name)
        return self._on_tensors(*args, **options)

    def _with_residuals(self, *args: Any) -> tuple[Any, ...]:
        """The result of a primitive on tensors, and its residuals: as tensors, or as indices."""
        primitive, space = self.primitive, tensor_namespace_of(self.adapter.inner)
        out = primitive(*args)
        if not primitive.float_residuals:
            _, *residuals = self._on_arrays(*(getattr(a, "_data", a) for a in args))
        elif primitive.replay is not None:
            residuals = list(primitive.replay(out, *args, xp=space))
        else:
            _, *residuals = primitive.forward(*args, xp=space)
        return (out, *residuals)

    def along(self, value: Any, axis: Any, *rest: Any, **options: Any) -> Any:
        """Call it with an axis, which the standard takes by name."""
        if self.primitive is None:
            return self(value, *rest, axis=axis, **options)
        return self(value, axis, *rest, **options)


def _tensors(values: Any) -> bool:
    return any(isinstance(v, Handle) for v in values)


def implementation(adapter: Any, primitive: Any) -> Callable[..., Any]:
    """A primitive on batched arrays, called as on others; it returns residuals, too."""
    found = RULES.get(primitive.name) if primitive.is_ours else None
    if found is None and primitive.broadcasts == "elements" and not primitive.param_names:
        (found,) = ELEMENTWISE
    if found is None:
        return _composed(adapter, primitive)
    call = Call(adapter, primitive.name, primitive)
    if found is ELEMENTWISE[0]:
        return partial(found, call, None)
    names = (*primitive.operand_names, *primitive.param_names)
    defaults = dict(zip(primitive.param_names, primitive.defaults, strict=True))

    def computed(*args: Any, **named: Any) -> Any:
        if len(args) < len(names):
            args = (*args, *(named[k] if k in named else defaults[k] for k in names[len(args) :]))
        n = batch_of(args)
        if n is None:
            return adapter.wrapped(call(*opened(args)), None)
        return found(call, n, *args)

    return computed


def _composed(adapter: Any, primitive: Any) -> Callable[..., Any]:
    """A primitive without a rule: its forward function, or a loop where that asks for values."""
    call = Call(adapter, primitive.name, primitive)
    loops = partial(looped, call)
    forward = primitive.forward
    if not primitive.takes_xp and not primitive.is_ours:
        return loops  # a function of others, of arrays of their library
    if primitive.takes_xp:
        forward = partial(forward, xp=namespace_of(adapter))
    composes = [True]

    def computed(*args: Any, **options: Any) -> Any:
        if batch_of((*args, *options.values())) is None:
            options = {name: opened(value) for name, value in options.items()}
            return adapter.wrapped(call(*opened(args), **options), None)
        if composes:
            try:
                return forward(*args, **options)
            except (BatchDependence, AttributeError, NotImplementedError):
                composes.clear()
        return loops(*args, **options)

    return computed


_told: set[Any] = set()


def looped(call: Call, *args: Any, **options: Any) -> Any:
    """Call a function for one example after the other, and put the results together."""
    adapter, n = call.adapter, batch_of((*args, *options.values()))
    if n is None:
        inside = {name: opened(value) for name, value in options.items()}
        return adapter.wrapped(call(*opened(args), **inside), None)
    what = call.primitive or call.name
    if what not in _told:
        _told.add(what)
        warnings.warn(
            f"vmap has no rule for {call.name}, and calls it for one example after the other",
            BatchLooped,
            stacklevel=level_of_the_user(),
        )
    found = [
        call(*_example(args, k), **{name: _example(v, k) for name, v in options.items()})
        for k in range(max(n, 1))
    ]
    return adapter.wrapped(_stacked(adapter, found, n), n)


def _example(tree: Any, k: int) -> Any:
    """Nested arguments with what is inside of batched arrays for one example."""
    if isinstance(tree, BatchedArray):
        if tree.n is None:
            return tree.value
        if not tree.n:  # there is none, but results need a shape
            space = tree.adapter.space(tree.value)
            return space.zeros(tree.shape, dtype=tree.dtype)
        return tree.value[(k, ...)]
    if isinstance(tree, (list, tuple)):
        return type(tree)([_example(item, k) for item in tree])
    return tree


def _stacked(adapter: Any, found: list[Any], n: int) -> Any:
    first = found[0]
    if isinstance(first, tuple):
        parts = [_stacked(adapter, list(p), n) for p in zip(*found, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    if not isinstance(first, (*adapter.inside, *SCALARS)):
        if n > 1 and any(other != first for other in found):
            raise BatchDependence(
                "a function returned no arrays, and other things for the examples of a batch: "
                "vmap cannot put these together"
            )
        return first
    arrays = [a if isinstance(a, Handle) else adapter.inner.asarray(a) for a in found]
    whole = adapter.space(*arrays).stack(arrays, axis=0)
    return whole if n else whole[(slice(0, 0), ...)]


class Standard:
    """The functions of the array API standard, on batched arrays.

    What else the library has is there under its own name: dtypes and constants as they are, and
    functions that mygrad does not compose in another way, looped.
    """

    def __init__(self, adapter: Any, room: str = "") -> None:
        self._adapter, self._room = adapter, room

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        adapter, room = self._adapter, self._room
        path = f"{room}.{name}" if room else name
        library = adapter.inner.xp
        found = getattr(getattr(library, room) if room else library, name)
        if (isinstance(found, ModuleType) or name in ROOMS) and not room:
            found = Standard(adapter, name)
        elif callable(found) and not isinstance(found, type):
            found = self._batched(path, found)
        setattr(self, name, found)
        return found

    def _batched(self, path: str, function: Any) -> Callable[..., Any]:
        adapter = self._adapter
        if path in PLAIN:
            return partial(_on_dtypes, function)
        one = RULES.get(path)
        known = registry.get(path)
        if one is None and getattr(known, "broadcasts", None) == "elements":
            if not known.param_names:  # type: ignore[union-attr]
                (one,) = ELEMENTWISE
        if one is None and known is not None:
            raise AttributeError(f"vmap composes {path} of other functions")
        call = Call(adapter, path, None, function if self._room or path not in registry else None)
        if one is None:
            return partial(looped, call)
        if one is ELEMENTWISE[0]:
            return partial(one, call, None)

        def computed(*args: Any, **options: Any) -> Any:
            n = batch_of(args)
            if options:
                several = batch_of((args, tuple(options.values())))
                n = several
            if n is None:
                inside = {name: opened(value) for name, value in options.items()}
                return adapter.wrapped(call(*opened(args), **inside), None)
            return one(call, n, *args, **options)

        computed.__name__ = path
        return computed


ROOMS = frozenset(("fft", "linalg"))
"""The standard's extensions, which an adapter may make of something else than a module."""

PLAIN = frozenset((
    "isdtype", "finfo", "iinfo", "can_cast", "result_type", "__array_namespace_info__", "dtype",
    "errstate", "promote_types", "issubdtype",
))  # fmt: skip
"""Functions of dtypes, which see the dtypes of arrays."""


def _on_dtypes(function: Any, *args: Any, **options: Any) -> Any:
    return function(*[a.dtype if isinstance(a, BatchedArray) else a for a in args], **options)
