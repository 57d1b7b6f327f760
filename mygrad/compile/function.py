"""Compiled functions: what a call looks up, runs and writes back."""

from __future__ import annotations

import functools
import gc
import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from mygrad.arrays import adapter_of, get_adapter
from mygrad.autodiff.inplace import protect
from mygrad.autodiff.nodes import Handle, buffer_of, new_handle
from mygrad.autodiff.nodes import leaf as first_version
from mygrad.autodiff.tape import clock, tracking
from mygrad.compile.binding import Binding, joined, plain
from mygrad.compile.engine import engine
from mygrad.compile.errors import CannotCompile
from mygrad.compile.graphs import recorded
from mygrad.compile.memory import located
from mygrad.compile.randomness import fresh_key
from mygrad.compile.reaching import NUMBERS, reach
from mygrad.compile.results import Call
from mygrad.compile.running import inputs_of, results_of
from mygrad.compile.tracing import (
    Again,
    Entry,
    Met,
    _Dynamic,
    _Number,
    traced,
    tracing,
)
from mygrad.transforms.trees import flatten

__all__ = ["CacheInfo", "Compiled", "disabled"]

LOCK = RLock()
"""Held while a function is traced, and while a call reads its inputs and writes back."""

_off: ContextVar[bool] = ContextVar("mygrad_compile_off", default=False)
_ATTEMPTS = 40
_LARGE = 1 << 16


class CacheInfo(NamedTuple):
    """How often a compiled function found a program, and how many it has."""

    hits: int
    misses: int
    maxsize: int
    currsize: int


@contextmanager
def disabled() -> Iterator[None]:
    """Run compiled functions eagerly, in this thread or task, to look at what they do.

    Examples
    --------
    >>> import mygrad as mg
    >>> @mg.compile
    ... def f(x):
    ...     return 2 * x
    >>> with mg.compile.disabled():
    ...     f(mg.tensor(3.0))
    Tensor(6.)
    """
    token = _off.set(True)
    try:
        yield
    finally:
        _off.reset(token)


class Compiled:
    """A compiled function; `mygrad.compile` makes it.

    Parameters
    ----------
    function
        What is compiled.
    dynamic
        Which Python numbers among the arguments are inputs: True for all, or names of parameters.
    fallback
        Whether to run eagerly what cannot be compiled.
    maxsize
        How many programs are kept.
    """

    def __init__(
        self, function: Callable[..., Any], dynamic: bool | Collection[str] = False,
        fallback: bool = False, maxsize: int = 64,
    ) -> None:  # fmt: skip
        functools.update_wrapper(self, function)
        self._function = function
        self._name = getattr(function, "__name__", type(function).__name__)
        self._dynamic = (dynamic,) if isinstance(dynamic, str) else dynamic
        self._fallback, self._maxsize = fallback, maxsize
        self._parameters = _parameters(function) if self._dynamic not in (True, False) else ()
        self._entries: OrderedDict[Any, list[Entry]] = OrderedDict()
        self._binding: Binding | None = None
        self._signatures: dict[Any, int] = {}
        self._changing: set[str] = set()
        self._grown: set[str] = set()
        self._static: set[str] = set()
        self._met_before: dict[str, Any] = {}
        self._extra: list[Any] = []
        self._eager = False
        self._hits = self._misses = 0
        self._log: list[str] = []
        self._last_key: Any = None

    def __repr__(self) -> str:
        return f"<compiled function {self._name!r}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: bound, with programs of its own for each object."""
        if instance is None:
            return self
        key = f"_compiled_{self._name}"
        try:
            found = instance.__dict__.get(key)
        except AttributeError:
            found = None
        if found is None:
            found = Compiled(
                self._function.__get__(instance, owner), self._dynamic, self._fallback,
                self._maxsize,
            )  # fmt: skip
            held = _methods.setdefault(id(instance), {})
            known = held.get(id(self))
            if known is not None:
                return known
            held[id(self)] = found
            try:
                number, known_methods = id(instance), _methods
                _finalizers[number] = ref(instance, lambda _: known_methods.pop(number, None))
            except TypeError:
                pass
        return found

    # --- calls ------------------------------------------------------------------------------------
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._eager or _off.get() or tracing.get() is not None:
            return self._function(*args, **kwargs)
        with LOCK:
            leaves, structure = flatten((args, kwargs))
            if any(_elsewhere(leaf) for leaf in leaves):
                return self._function(*args, **kwargs)
            try:
                return self._run(leaves, structure, args)
            except CannotCompile as error:
                if not self._fallback:
                    raise
                self._eager = True
                warnings.warn(f"{error}. It runs eagerly from here on", stacklevel=2)
        return self._function(*args, **kwargs)

    def _bind(self) -> Binding:
        """Look at what the function reaches."""
        reached = reach(self._function, self._changing, self._grown)
        reached.changing = self._changing  # type: ignore[attr-defined]
        self._extra = [t for t in self._extra if t() is not None]
        extra = [t for t in (held() for held in self._extra) if t is not None]
        binding = Binding(reached, extra)
        if binding.foreign is not None:
            path, t = binding.foreign
            raise CannotCompile(
                f"{self._name} cannot be compiled: {path} is a tensor on {adapter_of(t._data).name}"  # type: ignore[union-attr]
                f", and programs are compiled for NumPy's arrays. Way out: {path}.to('numpy')"
            )
        signatures = self._signatures
        if len(signatures) > 16 * self._maxsize:
            signatures.clear()
            self._entries.clear()
        binding.number = signatures.setdefault(binding.signature, len(signatures))
        self._binding = binding
        return binding

    def _run(self, leaves: list[Any], structure: Any, args: Any) -> Any:
        binding = self._binding
        if binding is None or not binding.fresh():
            binding = self._bind()
        met, key = self._met(binding, list(leaves), structure, args)
        found = self._entries.get(key)
        if found is not None:
            for entry in found:
                if not self._serves(entry, met):
                    continue
                values = entry.host.run(met.values)
                if values is not None:
                    self._hits += 1
                    if self._last_key is not key:
                        self._entries.move_to_end(key)
                    return self._apply(entry, met, values, binding)
        self._misses += 1
        return self._traced(leaves, structure, args)

    def _met(
        self, binding: Binding, leaves: list[Any], structure: Any, args: Any
    ) -> tuple[Met, Any]:
        """All that a call meets, and what its programs are found by."""
        given: list[Any] = []
        raw: list[int] = []
        described: list[Any] = []
        values = [place.values[k] for place, k, _ in binding.numbers]
        numbers: list[Any] = [(place, key) for place, _, key in binding.numbers]
        count = len(binding.located.tensors)
        dynamic: Any = self._dynamic
        chosen = None if dynamic in (True, False) else self._chosen(structure)
        for j, leaf in enumerate(leaves):
            kind = type(leaf)
            if isinstance(leaf, Handle):
                given.append(leaf)
                raw.append(0)
                leaves[j] = _Number(count + len(given) - 1)
                described.append("t")
            elif isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fiubc":
                given.append(new_handle(plain(leaf), None, None, None, True))
                raw.append(1)
                leaves[j] = _Number(count + len(given) - 1)
                described.append("a")
            elif kind in NUMBERS:
                if dynamic is True or (chosen is not None and j in chosen):
                    leaves[j] = _Dynamic(len(values))
                    values.append(leaf)
                    numbers.append((None, j))
                    described.append(("n", kind))
                else:
                    described.append((kind, leaf if leaf == leaf else "nan", str(leaf)))
            else:
                described.append(_described(leaf))
        shared = False
        unique = {id(t): k for k, t in enumerate(given)}
        here = binding.located
        if given:
            own = located(given) if len(unique) == len(given) else None
            if own is None or not own.owners.keys().isdisjoint(here.owners):
                everything, again = list(here.tensors), {}
                again = {id(t): k for k, t in enumerate(everything)}
                for j, leaf in enumerate(leaves):
                    if isinstance(leaf, _Number):
                        t = given[leaf.k - count]
                        k = again.get(id(t))
                        if k is None:
                            k = again[id(t)] = len(everything)
                            everything.append(t)
                        leaves[j] = _Number(k)
                kinds = {id(t): r for t, r in zip(given, raw, strict=True)}
                whole = located(everything)
                raw = [kinds.get(id(t), 0) for t in whole.tensors[len(here.tensors) :]]
                described.append(tuple(leaf.k for leaf in leaves if isinstance(leaf, _Number)))
                described.append(whole.signature)
                shared = True
                met_located = whole
            else:
                met_located = joined(here, own)
                described.append(own.signature)
        else:
            met_located = here
        raw = [*binding.raw, *raw]
        raw += [0] * (len(met_located.tensors) - len(raw))
        holders = [*binding.holders, *[None] * (len(met_located.tensors) - len(binding.holders))]
        pattern = None
        if len(values) > 1:
            first: dict[Any, int] = {}
            pattern = tuple([first.setdefault((type(v), v), k) for k, v in enumerate(values)])
        key = (
            binding.number, structure, tuple(described), tracking(), shared, pattern,
            tuple(map(type, values)) if values else None,
        )  # fmt: skip
        return Met(
            binding.reached, met_located, raw, holders, leaves, structure, numbers, values
        ), key

    def _chosen(self, structure: Any) -> set[int]:
        """The numbers of the leaves that belong to dynamic parameters."""
        wanted = set(self._dynamic)  # type: ignore[arg-type]
        found: set[int] = set()
        start = 0
        positional, named = structure.parts
        for k, part in enumerate(positional.parts):
            if k < len(self._parameters) and self._parameters[k] in wanted:
                found.update(range(start, start + part.count))
            start += part.count
        for key, part in zip(named.keys, named.parts, strict=True):
            if key in wanted:
                found.update(range(start, start + part.count))
            start += part.count
        return found

    def _serves(self, entry: Entry, met: Met) -> bool:
        """Whether the gradients that a program reads are what they were."""
        for k, wanted in entry.grad_guards:
            grad = met.located.tensors[k].grad
            if wanted is None:
                if grad is not None:
                    return False
            elif type(grad) is not np.ndarray or (grad.shape, grad.dtype) != wanted:
                return False
        return True

    # --- tracing ----------------------------------------------------------------------------------
    def _traced(self, given: list[Any], structure: Any, args: Any) -> Any:
        """Make a program for a call, and run it."""
        xla = engine()
        original, seed, searched = given, None, False
        automatic = self._notice_changes()
        for _ in range(_ATTEMPTS):
            binding = self._bind()
            met, key = self._met(binding, list(original), structure, args)
            try:
                entry = traced(
                    self._function, met, xla, self._name, tracking(), bool(self._dynamic), seed
                )
            except Again as again:
                if again.why == "seed":
                    seed = again.what
                elif again.why == "changing":
                    self._changing.add(again.what)
                elif again.why == "grown":
                    self._grown.add(again.what)
                else:
                    self._grown.discard(again.what)
                continue
            except Exception as error:
                if automatic:  # numbers that changed, and cannot be inputs
                    self._changing -= automatic
                    self._static |= automatic
                    automatic = set()
                    continue
                if not searched and "different array libraries" in str(error):
                    searched = True
                    self._search(met)
                    continue
                raise
            break
        else:
            raise CannotCompile(
                f"{self._name} cannot be compiled: what it changes is not the same from trace to "
                f"trace. Way out: fallback=True"
            )
        if searched:
            self._keep_used(binding, entry)
            binding = self._bind()
            return self._traced(original, structure, args)
        self._remember(binding)
        values = entry.host.run(met.values)
        if values is None:
            raise CannotCompile(f"{self._name} cannot be compiled: its conditions do not hold")
        self._entries.setdefault(key, []).insert(0, entry)
        self._entries.move_to_end(key)
        self._log.append(self._reason(key, entry))
        self._shrink()
        return self._apply(entry, met, values, binding)

    def _shrink(self) -> None:
        while sum(map(len, self._entries.values())) > self._maxsize:
            oldest = next(iter(self._entries))
            self._entries[oldest].pop()
            if not self._entries[oldest]:
                del self._entries[oldest]

    def _notice_changes(self) -> set[str]:
        """Numbers that are others than in the last trace become inputs."""
        assert self._binding is not None
        found = set()
        for place, key, value in self._binding.reached.numbers:
            path = place.name(key)
            before = self._met_before.get(path)
            if type(before) is type(value) and before != value:
                if path not in self._changing and path not in self._static:
                    found.add(path)
        self._changing |= found
        return found

    def _remember(self, binding: Binding) -> None:
        for place, key, value in binding.reached.numbers:
            self._met_before[place.name(key)] = value

    def _search(self, met: Met) -> None:
        """Take all live tensors for inputs: one was met that was not found."""
        known = {id(t) for t in met.located.tensors}
        self._extra = [
            ref(t)
            for t in gc.get_objects()
            if isinstance(t, Handle) and id(t) not in known and hasattr(t, "_data")
            and type(t._data) is np.ndarray
        ]  # fmt: skip

    def _keep_used(self, binding: Binding, entry: Entry) -> None:
        """Keep those of them that the program uses."""
        where = binding.located.where
        used = set(entry.program.used) | {g for g, _, _ in entry.memory}
        if entry.pullback is not None:
            used |= set(entry.pullback.used)
        extra = {id(held()) for held in self._extra}
        self._extra = [
            ref(t)
            for t, place in zip(binding.located.tensors, where, strict=True)
            if id(t) in extra and place[0] in used
        ]

    def _reason(self, key: Any, entry: Entry) -> str:
        """Why a program was made, for `explain`."""
        others = [other for other in self._entries if other is not key and other != key]
        if not others:
            why = "first call" if len(self._entries[key]) == 1 else "a number decides otherwise"
        else:
            names = (
                "what it reaches", "how arguments are nested", "arguments", "no_autodiff",
                "shared memory", "equal numbers", "kinds of numbers",
            )  # fmt: skip
            last = others[-1]
            differ = [n for n, a, b in zip(names, key, last, strict=True) if a != b]
            why = "changed: " + ", ".join(differ) if differ else "a gradient is there, or is not"
        return f"{why} ({entry.program.operations} operations, {entry.seconds:.2f} s)"

    # --- running ----------------------------------------------------------------------------------
    def _apply(self, entry: Entry, met: Met, values: list[Any], binding: Binding) -> Any:
        """Run a program, and do what the function would have done."""
        here = met.located
        tensors, groups = here.tensors, here.groups
        program = entry.program
        key = fresh_key() if entry.random else None
        inputs = inputs_of(entry, program, here, values, key)
        for number, _, _ in entry.memory:
            if not groups[number].array.flags.writeable:
                raise ValueError(
                    f"{self._name} writes to memory that is read-only: an array that was handed "
                    f"in or that a tensor shares, most often since a graph that was not "
                    f"differentiated still needs its values; mg.why_read_only(array) says why"
                )
        computed = program.run(*[inputs(k) for k in program.used])
        results = results_of(program, computed, inputs)
        call = Call(results, tensors, values)
        if entry.operands:
            recorded(entry, call, inputs)
        host = get_adapter("numpy")
        for number, result, changed in entry.memory:
            array = groups[number].array
            for k, _ in changed:
                buffer = tensors[k]._buffer
                if buffer is not None and buffer.readers:
                    protect(buffer, array, host)
            self._write(groups[number], results[result], tensors, binding)
            for k, is_new in changed:
                buffer = tensors[k]._buffer
                if buffer is None:
                    continue
                buffer.written = next(clock)
                if is_new and buffer.version is not None:
                    old = buffer.version
                    buffer.version = first_version(buffer, old.shape, old.dtype)
        for k, result in entry.grads:  # type: ignore[assignment]
            buffer = buffer_of(tensors[k])
            buffer.grad = None if result is None else results[result]
            if result is not None and buffer.layout is not None:
                base = tensors[here.base_of(k)]
                if base._window is not None:  # it took another shape than its memory has
                    buffer.grad = buffer.layout.zeros()
                    base._window.look(buffer.grad)[...] = results[result]
        for k, result, constant, keeps in entry.rebound:
            t = tensors[k]
            t.data = results[result]
            if constant:
                t._constant = True
            if not keeps:
                t.null_grad()
        for k, shape in entry.shapes:
            tensors[k].shape = shape
            binding.stale = True
        answer = entry.result(call)
        places = met.reached.places
        for kind, number, where, make in entry.stores:
            place = places[number]
            if kind == "append":
                place.owner.append(make(call))
                continue
            binding.stale = True
            if kind == "fill":
                place.owner[:] = [m(call) for m in make]
            elif kind == "delete":
                del place.owner[where]
            else:
                place.put(where, make(call))
        for number, where, value in entry.number_stores:
            place = places[number]
            k = place.keys.index(where)
            place.values[k] = values[value]
            place.put(where, values[value])
            while place.kind == "tuple":
                holder, slot = place.parent
                holder.values[holder.keys.index(slot)] = place.owner
                place = holder
        if binding is self._binding and (entry.rebound or entry.memory):
            self._settle(binding, entry)
        entry.calls += 1
        return answer

    def _write(self, group: Any, new: Any, tensors: list[Any], binding: Binding) -> None:
        """New elements for a memory: copied into it, or in its place where nobody would see that.

        A large array that one tensor has to itself, and that no user was handed, is exchanged. The
        new one is aligned as XLA wants it, and goes into the next call without a copy.
        """
        array = group.array
        if new.shape != array.shape:
            new = new.reshape(array.shape)
        if array.nbytes >= _LARGE and group.base is not None and len(group.members) == 1:
            t = tensors[group.base]
            buffer = t._buffer
            own = buffer is not None and buffer.guard is None and not buffer.readers
            if (
                own
                and t._extras is None
                and buffer.layout is None
                and group.base < len(binding.datas)
            ):
                if binding.datas[group.base] is array:
                    t._data = group.array = binding.datas[group.base] = new
                    group.owner = new
                    return
        np.copyto(array, new)

    def _settle(self, binding: Binding, entry: Entry) -> None:
        """Versions are new where the call wrote; that is nothing to look at again."""
        if entry.rebound or entry.live_writes:
            binding.stale = True
            return
        tensors, versions = binding.located.tensors, binding.versions
        for _, _, changed in entry.memory:
            for _k, is_new in changed:
                if is_new:
                    for j in range(len(tensors)):
                        if tensors[j]._buffer.version is not versions[j]:
                            versions[j] = tensors[j]._buffer.version
                    return

    # --- what users ask ---------------------------------------------------------------------------
    def cache_info(self) -> CacheInfo:
        """How many calls found a program, how many made one, and how many programs there are."""
        return CacheInfo(
            self._hits, self._misses, self._maxsize, sum(map(len, self._entries.values()))
        )

    def cache_clear(self) -> None:
        """Forget all programs."""
        with LOCK:
            self._entries.clear()
            self._signatures.clear()
            self._binding = None
            self._hits = self._misses = 0
            self._log.clear()

    def explain(self) -> str:
        """What was captured, and why it was compiled how often, in words."""
        lines = [f"{self._name}: {self._hits} calls of {len(self._log)} compiled programs"]
        entries = [entry for found in self._entries.values() for entry in found]
        if self._eager:
            lines.append("runs eagerly: it cannot be compiled")
        if entries:
            newest = next(reversed(self._entries.values()))[0]
            captured = ", ".join(newest.captured) or "nothing"
            lines.append(f"meets by closure: {captured}")
            if self._changing:
                lines.append(f"numbers that are inputs: {', '.join(sorted(self._changing))}")
        lines += [f"{k}. {why}" for k, why in enumerate(self._log, 1)]
        return "\n".join(lines)


_methods: dict[int, dict[int, Compiled]] = {}
_finalizers: dict[int, Any] = {}


def _parameters(function: Any) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def _elsewhere(leaf: Any) -> bool:
    """Whether an argument belongs to another transform, or to JAX itself: it is not compiled."""
    array = leaf._data if isinstance(leaf, Handle) else leaf
    if type(array) is np.ndarray or isinstance(array, (int, float, str, np.generic)):
        return False
    adapter = adapter_of(array)
    if adapter is None or adapter.name == "numpy":
        return False
    if adapter.batches or adapter.name == "jax":
        return True
    raise CannotCompile(
        f"programs are compiled for NumPy's arrays, and an argument is on {adapter.name}"
    )


def _described(leaf: Any) -> Any:
    try:
        hash(leaf)
    except TypeError:
        raise CannotCompile(
            f"an argument of type {type(leaf).__name__} cannot be told apart from others: compiled "
            f"functions take tensors, arrays, numbers, what can be hashed, and containers of these"
        ) from None
    return (type(leaf), leaf)
