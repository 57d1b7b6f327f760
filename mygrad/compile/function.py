"""Compiled functions: what a call looks up, runs and writes back."""

from __future__ import annotations

import functools
import gc
import logging
import warnings
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock, Timer
from typing import Any, NamedTuple
from weakref import ref

from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.tape import tracking
from mygrad.compile.binding import Binding, take_over
from mygrad.compile.calls import run
from mygrad.compile.engine import engine
from mygrad.compile.entries import NUMBER_INPUTS, Again, Entry, Met
from mygrad.compile.errors import CannotCompile
from mygrad.compile.libraries import chosen, kinds_met
from mygrad.compile.meeting import (
    Dynamic,
    elsewhere,
    flat,
    meet,
    objects_of,
    refuse_strangers,
    simple,
)
from mygrad.compile.numbers import kinds_of
from mygrad.compile.reaching import Methods, reach
from mygrad.compile.tracing import traced, tracing
from mygrad.transforms.trees import CONTAINERS, flatten

__all__ = ["CacheInfo", "Compiled", "disabled"]

LOCK = RLock()
"""Held while a function is traced, and while a call reads its inputs and writes back."""

_off: ContextVar[bool] = ContextVar("mygrad_compile_off", default=False)
_ATTEMPTS = 40
_BINDINGS = 16
_MANY = 8
_LONG = 5.0
_log = logging.getLogger("mygrad.compile")
_NONE_SERVES: Any = object()
_METHODS = "_compiled_methods"


class _NotTraced(Exception):
    """Tracing has failed for another reason than those that are known."""


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say so if a compilation takes long."""
    told = "mg.compile is at work on %s for %g s; later calls will not have to wait"
    timer = Timer(_LONG, _log.warning, (told, name, _LONG))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_number(part: Any) -> bool:
    """Whether a part of a key is a number among the arguments."""
    return isinstance(part, tuple) and part[:1] in ((int,), (float,))


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
        self._options = dynamic, fallback, maxsize
        self._dynamic = Dynamic(function, (dynamic,) if isinstance(dynamic, str) else dynamic)
        self._fallback, self._maxsize = fallback, maxsize
        self._entries: OrderedDict[Any, list[Entry]] = OrderedDict()
        self._bindings: OrderedDict[tuple[int, ...], Binding] = OrderedDict()
        self._signatures: dict[Any, int] = {}
        self._changing: set[str] = set()
        self._grown: set[str] = set()
        self._static: set[str] = set()
        self._met_before: dict[str, Any] = {}
        self._moving: Any = None  # the engine, and what goes into memory of its
        self._extra: list[Any] = []
        self._room = NUMBER_INPUTS
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
        space = getattr(instance, "__dict__", None)
        if type(space) is dict:  # so that it goes with the object, which it holds
            methods = space.get(_METHODS) or space.setdefault(_METHODS, Methods())
        else:
            methods = _of_others.setdefault(id(instance), Methods())
        found = methods.bound.get(id(self))
        if found is None:
            found = Compiled(self._function.__get__(instance, owner), *self._options)
            found = methods.bound.setdefault(id(self), found)
        return found

    # --- calls ------------------------------------------------------------------------------------
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._eager or _off.get() or tracing.get() is not None:
            return self._function(*args, **kwargs)
        with LOCK:
            leaves: Any = args
            structure: Any = None
            if not args and not kwargs:
                found = self._fast(args, 0)
            elif kwargs or any(isinstance(a, CONTAINERS) for a in args):
                leaves, structure = flatten((args, kwargs))
                found = self._fast(leaves, structure)
            else:  # nothing is nested
                found = self._fast(args, len(args))
            if found is not _NONE_SERVES:
                return found
            leaves = list(leaves)
            if any(elsewhere(leaf) for leaf in leaves):
                return self._function(*args, **kwargs)
            why: BaseException | None = None
            if structure is None:
                structure = flatten((args, kwargs))[1]
            try:
                return self._run(leaves, structure)
            except CannotCompile as error:
                if not self._fallback:
                    raise
                self._eager = True
                warnings.warn(f"{error}. It runs eagerly from here on", stacklevel=2)
            except _NotTraced as error:
                why = error.__cause__
        answer = self._function(*args, **kwargs)
        if not self._eager:  # and it does not raise the same then
            self._eager = True
            said = f"{self._name} cannot be compiled ({type(why).__name__}: {why})"
            warnings.warn(f"{said}. It runs eagerly from here on", stacklevel=2)
        return answer

    def _fast(self, leaves: Sequence[Any], structure: Any) -> Any:
        """A call that shares no memory, as nearly all do, if there is a program for it.

        `structure` is the number of the arguments where nothing is nested.
        """
        known = tuple(map(id, objects_of(leaves))) if leaves else ()
        binding = self._bindings.get(known)
        if binding is None:
            return _NONE_SERVES
        if not binding.fresh():
            del self._bindings[known]
            return _NONE_SERVES
        given = simple(leaves, structure, binding.owners, self._dynamic, binding.library)
        if given is None:
            return _NONE_SERVES
        described, handed, of, numbers = given
        found = binding.plans.get(described)
        if found is None:
            return _NONE_SERVES
        tensors, feeds, arrays = binding.located.tensors, binding.feeds, binding.arrays
        if handed:
            feeds, arrays = [*feeds, *map(binding.feed, handed)], [*arrays, *handed]
            tensors = tensors + [
                new_handle(array, None, None, None, True) if leaf is array else leaf
                for leaf, array in zip(of, handed, strict=True)
            ]
        values: Any = []
        if numbers or binding.numbers:
            values = [*binding.values(), *numbers]
        pattern = kinds_of(values) if values else ()
        for wanted, key, entry in found:
            if wanted != pattern or (entry.grad_guards and not _serves(entry, tensors)):
                continue
            now = entry.host.run(values) if values else values
            if now is None:
                continue
            self._hits += 1
            if self._last_key is not key:
                self._entries.move_to_end(key)
                self._last_key = key
            return binding.run(self._name, entry, tensors, feeds, arrays, now, binding)
        return _NONE_SERVES

    def _bind(self, leaves: list[Any]) -> Binding:
        """Look at what the function and its arguments reach."""
        objects = objects_of(leaves)
        key = tuple(map(id, objects))
        self._bindings.pop(key, None)
        if self._moving:
            self._bindings.clear()  # they hold the arrays
            xla, held = self._moving
            if not take_over(held, xla):
                gc.collect()  # cycles that the trace has left may hold some
                take_over(held, xla)
            self._moving = None
        named = [(f"argument {k}", given) for k, given in enumerate(objects)]
        reached = reach(self._function, self._changing, self._grown, named)
        self._extra = [t for t in self._extra if t() is not None]
        extra = [t for t in (held() for held in self._extra) if t is not None]
        met = kinds_met(reached.tensors, self._name)
        binding = Binding(reached, extra, self._library(met, leaves, reached))
        binding.met, binding.run = met, binding.library.running(run)
        signatures = self._signatures
        if len(signatures) > 16 * self._maxsize:
            signatures.clear()
            self._entries.clear()
        binding.number = signatures.setdefault(binding.signature, len(signatures))
        binding.objects = objects
        self._bindings[key] = binding
        while len(self._bindings) > _BINDINGS:
            self._bindings.popitem(last=False)
        return binding

    def _library(self, met: Any, leaves: list[Any], reached: Any) -> Any:
        """The library that a call uses."""
        return chosen(met, leaves, [array for _, _, array in reached.arrays], self._name)

    def _run(self, leaves: list[Any], structure: Any) -> Any:
        """A call in all generality."""
        binding = self._bindings.get(tuple(map(id, objects_of(leaves))))
        if binding is None or (  # `_fast` would have taken it away
            self._library(binding.met, leaves, binding.reached) is not binding.library
        ):
            binding = self._bind(leaves)
        met, key = meet(binding, leaves, structure, self._dynamic)
        for entry in self._entries.get(key, ()):
            if _serves(entry, met.located.tensors):
                values = entry.host.run(met.values)
                if values is not None:
                    self._hits += 1
                    self._entries.move_to_end(key)
                    self._last_key = key
                    return self._apply(entry, key, met, values, binding, leaves)
        self._misses += 1
        return self._traced(leaves, structure, self._notice_changes(binding))

    def _apply(
        self, entry: Entry, key: Any, met: Met, values: list[Any], binding: Binding,
        leaves: list[Any],
    ) -> Any:  # fmt: skip
        """Run a program, and write down which calls it serves."""
        library = binding.library
        given = simple(leaves, flat(met.structure), binding.owners, self._dynamic, library)
        if given is not None:
            pattern = kinds_of(met.values)
            served = binding.plans.setdefault(given[0], [])
            if not any(other is entry for _, _, other in served):
                served.append((pattern, key, entry))
        here = met.located
        arrays = [group.array for group in here.groups]
        feeds = [binding.feed(array) for array in arrays]
        return binding.run(self._name, entry, here.tensors, feeds, arrays, values, binding)

    # --- tracing ----------------------------------------------------------------------------------
    def _traced(self, leaves: list[Any], structure: Any, automatic: set[str]) -> Any:
        """Make a program for a call, and run it.

        `automatic` are numbers that became inputs as they change, if that is possible.
        """
        seed, searched = None, False
        for _ in range(_ATTEMPTS):
            binding = self._bind(leaves)
            xla = engine(binding.library)
            met, key = meet(binding, leaves, structure, self._dynamic)
            try:
                with _told(self._name):
                    entry = traced(
                        self._function, met, xla, self._name, tracking(), seed, self._room
                    )
            except Again as again:
                if again.why == "seed":
                    seed = again.what
                elif again.why == "room":
                    self._room = again.what
                elif again.why == "changing":
                    self._changing |= again.what
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
                    self._search(met, binding.library)
                    continue
                if self._fallback and not isinstance(error, CannotCompile):
                    raise _NotTraced from error
                raise
            break
        else:
            raise CannotCompile(
                f"{self._name} cannot be compiled: what it changes is not the same from trace to "
                f"trace. Way out: fallback=True"
            )
        if searched:
            self._keep_used(binding, entry)
            return self._traced(leaves, structure, automatic)
        refuse_strangers(self._name, entry, met, binding.library)
        self._remember(binding)
        values = entry.host.run(met.values)
        if values is None:
            raise CannotCompile(f"{self._name} cannot be compiled: its conditions do not hold")
        self._entries.setdefault(key, []).insert(0, entry)
        self._entries.move_to_end(key)
        self._log.append(self._reason(key, entry))
        if len(self._log) == _MANY and any(_is_number(part) for part in key[2]):
            _log.warning(
                "%s was compiled %d times: for each value of the numbers among its arguments. "
                "mg.compile(..., dynamic=True) makes them inputs", self._name, _MANY,
            )  # fmt: skip
        self._shrink()
        self._move(binding, met, entry)
        return self._apply(entry, key, met, values, binding, leaves)

    def _move(self, binding: Binding, met: Met, entry: Entry) -> None:
        """Before the next call, what programs use moves into memory that they can write to.

        Arguments, too: the next call may be given the same ones.
        """
        used = {*entry.program.used, *(k for k, _, _ in entry.memory)}
        moving: list[Any] = []
        memory_of = binding.library.memory_of
        for k, group in enumerate(met.located.groups):
            if k not in used or group.base is None or memory_of(group.array) is not None:
                continue
            holder = met.holders[group.base]
            if holder is None and not met.raw[group.base]:
                moving.append(ref(met.located.tensors[group.base]))
            elif met.raw[group.base] == 2:
                moving.append(holder)
        if moving:
            self._moving, binding.stale = (engine(binding.library), moving), True

    def _shrink(self) -> None:
        while sum(map(len, self._entries.values())) > self._maxsize:
            oldest = next(iter(self._entries))
            self._entries[oldest].pop()
            if not self._entries[oldest]:
                del self._entries[oldest]
            for binding in self._bindings.values():
                binding.plans.clear()

    def _notice_changes(self, binding: Binding) -> set[str]:
        """Numbers that are others than in the last trace become inputs."""
        found = set()
        for place, key, value in binding.reached.numbers:
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

    def _search(self, met: Met, library: Any) -> None:
        """Take all live tensors for inputs: one was met that was not found."""
        known = {id(t) for t in met.located.tensors}
        self._extra = [
            ref(t)
            for t in gc.get_objects()
            if isinstance(t, Handle) and id(t) not in known and hasattr(t, "_data")
            and library.mine(t._data)
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
                "shared memory", "kinds of numbers",
            )  # fmt: skip
            last = others[-1]
            differ = [n for n, a, b in zip(names, key, last, strict=True) if a != b]
            why = "changed: " + ", ".join(differ) if differ else "a gradient is there, or is not"
        return f"{why} ({entry.program.operations} operations, {entry.seconds:.2f} s)"

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
            self._bindings.clear()
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


_of_others: dict[int, Methods] = {}  # of objects without a dictionary; it keeps these alive


def _serves(entry: Entry, tensors: list[Any]) -> bool:
    """Whether the gradients that a program reads are what they were."""
    for k, wanted in entry.grad_guards:
        grad = tensors[k].grad
        if wanted is None:
            if grad is not None:
                return False
        elif isinstance(grad, Handle) or (grad.shape, grad.dtype) != wanted:
            return False
    return True
