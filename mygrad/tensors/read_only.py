"""Why an array is read-only: which graph needs its values, and how to write to it nevertheless."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.guard import Guard, guard_of
from mygrad.autodiff.nodes import Handle, Record, Version
from mygrad.autodiff.views import overlaps_itself

__all__ = ["why_read_only"]


def why_read_only(a: Any) -> str:
    """Say why an array cannot be written to, and what to do about it.

    NumPy says "assignment destination is read-only", and not why. An array that was handed to
    operations, or that ``t.data`` returned, is read-only as long as a graph needs its values.

    Parameters
    ----------
    a
        An array, or a tensor, which stands for its ``t.data``.

    Returns
    -------
    str
        The operations that need the values, the results that the program still holds and that
        keep these operations alive, and what unlocks the array.

    Raises
    ------
    TypeError
        `a` is neither an array nor a tensor.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> x, weights = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    >>> loss = (x * weights).sum()
    >>> print(mg.why_read_only(weights))
    The array is read-only because gradients need its values: multiply keeps them, for results
    that the program still holds: sum of shape (). To unlock it, call backward() or ...
    >>> loss.backward()
    >>> print(mg.why_read_only(weights))
    The array can be written to.
    """
    array = a._data if isinstance(a, Handle) else a
    adapter = adapter_of(array)
    if adapter is None:
        raise TypeError(f"why_read_only takes an array or a tensor, and was given {a!r}")
    guard = guard_of(array, adapter, private=True)
    token = guard._token and guard._token()
    records: list[Any] = [reader() for reader in guard.readers]
    holding = {r for r in records if r is not None and token in (r.locks or ())}
    if token is None or not guard.locked or not holding:
        return _not_locked(array, adapter)
    if not isinstance(a, Handle) and adapter.is_writeable(array):
        return "The array can be written to."
    return _locked(a, guard, holding)


def _locked(a: Any, guard: Guard, holding: set[Any]) -> str:
    """For an array that a graph has locked."""
    operations = _counted(record.primitive.name for record in holding)
    results = _results_after(holding)
    made = _counted(f"{_maker(t)} of shape {tuple(t._data.shape)}" for t in results)
    held = f", for results that the program still holds: {made}" if results else ""
    subject = "t.data" if isinstance(a, Handle) else "The array"
    text = (
        f"{subject} is read-only because gradients need its values: {operations} "
        f"keep{'s' if len(holding) == 1 else ''} them{held}. To unlock it, call backward() or "
        f"clear_graph() on the results, or drop them. What is never to be differentiated, as in "
        f"validation, should run under mg.no_autodiff, which locks nothing."
    )
    if isinstance(a, Handle):
        return f"{text} The tensor itself can be written to at any time: t[...] = value."
    if id(a) not in guard.locked:
        text += " This array is a view that was taken meanwhile: then take it again."
    return text


def _counted(names: Iterable[str]) -> str:
    """Names, each once, and how often they come."""
    found = Counter(names).most_common()
    shown = [name if n == 1 else f"{name} ({n} times)" for name, n in found[:5]]
    return ", ".join([*shown, "..."] if len(found) > 5 else shown)


def _not_locked(array: Any, adapter: Adapter) -> str:
    """For an array that no graph has locked."""
    flags = getattr(array, "flags", None)
    if getattr(flags, "writeable", True):
        return "The array can be written to."
    if overlaps_itself(array.shape, adapter.strides(array)):
        return (
            "The array is read-only because its elements share memory with one another, as after "
            "broadcast_to; write to a copy."
        )
    base = getattr(array, "base", None)
    if getattr(getattr(base, "flags", None), "writeable", False):
        return (
            "The array is read-only because it is a view that was taken while its base was; the "
            "base can be written to, and so can a view that is taken now."
        )
    return (
        "The array is read-only, and mygrad did not make it so: look where it comes from (its "
        "flags, a file opened for reading, another library); write to a copy."
    )


def _maker(t: Handle) -> str:
    """What made a tensor."""
    version = t._buffer.version if t._buffer is not None else None
    return version.primitive.name if isinstance(version, Record) else "an in-place write"


def _results_after(holding: set[Version]) -> list[Handle]:
    """The tensors that somebody holds and that nothing else was computed from; newest first."""
    found: dict[Version, Handle] = {}
    for t in gc.get_objects():
        if issubclass(type(t), Handle):
            buffer = getattr(t, "_buffer", None)
            if buffer is not None and buffer.version is not None and buffer.version.seq:
                found.setdefault(buffer.version, t)
    seen, stack = set(found), list(found)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    reaching: set[Version] = set()
    for version in sorted(seen, key=lambda v: v.seq):
        if version in holding or any(parent in reaching for parent in version.parents):
            reaching.add(version)
    inner = {parent for version in reaching for parent in version.parents}
    last = sorted((v for v in found if v in reaching - inner), key=lambda v: -v.seq)
    return [found[version] for version in last]
