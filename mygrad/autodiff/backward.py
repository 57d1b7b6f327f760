"""The reverse sweep: from the adjoint of a result to the gradients of all that it came from.

The sweep goes through versions in the exact reverse of the order in which they were recorded.
When it reaches one, all contributions to its adjoint have arrived: a record hands the adjoint
through its rules on to its operands; a write takes out the part that it overwrote, and hands
the rest down to the version before, without copying. The adjoints belong to the sweep; nothing
is changed in the graph, and no gradient is assigned, before all of it has succeeded.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from mygrad.autodiff.memory import CLEARED, Buffer, Handle, Version, leaf, new_handle
from mygrad.autodiff.tape import Record, Write
from mygrad.backends import adapter_of, by_type
from mygrad.errors import InvalidBackprop, InvalidGradient
from mygrad.namespace import Namespace, namespace_of, tensor_namespace_of
from mygrad.readings import as_of
from mygrad.windows import Gather, Layout, Window

__all__ = ["backward", "clear_graph"]

newest_first = attrgetter("seq")


def backward(root: Handle, seed: Any, create_graph: bool = False, own: bool = False) -> None:
    """Differentiate a tensor by everything that it was computed from.

    Parameters
    ----------
    root
        The tensor.
    seed, own
        The adjoint of `root`: an array (or a tensor) of its shape; whether nobody else holds it.
    create_graph
        Whether to compute on tensors, so that the gradients can be differentiated again.
    """
    start: Version = root._buffer.version  # type: ignore[union-attr, assignment]
    order = reachable(start)
    sweep = Sweep(namespace_of(by_type[type(root._data)]), create_graph)
    if root._window is None:
        sweep.adjoints[start] = seed
        if own:
            sweep.owned.add(start)
    else:
        sweep.accumulate(start, root._window, seed)
    for held, g in sweep.run(order):
        held.grad = g
    if not create_graph:
        clear(order)


def clear_graph(root: Handle) -> None:
    """Make all tensors of a graph leaves, and let go of everything that was saved for it."""
    if root._buffer is not None and root._buffer.version is not None:
        clear(reachable(root._buffer.version, through_cleared=True))


def reachable(start: Version, through_cleared: bool = False) -> list[Version]:
    """The versions with history that `start` came from, newest first."""
    found: list[Version] = []
    if not start.seq:
        return found
    seen, stack = {start}, [start]
    while stack:
        version = stack.pop()
        found.append(version)
        for parent in version.parents:
            if parent is not None and parent.seq and parent not in seen:
                seen.add(parent)
                stack.append(parent)
        if version.parents is CLEARED and not through_cleared:
            raise InvalidBackprop(
                "this result depends on an operation or an in-place write whose graph was "
                "already cleared by another backward(). Compute it again from the leaves, or "
                "call the first backward with create_graph=True, which clears nothing"
            )
    found.sort(key=newest_first, reverse=True)
    return found


def clear(versions: list[Any]) -> None:
    """Let go of what these versions hold; those that a buffer still has become leaves."""
    for version in versions:
        buffer = version.buffer()
        if buffer is not None and buffer.version is version:
            buffer.version = leaf(buffer, version.shape, version.dtype)
        version.clear()


class Sweep:
    """One backward pass.

    Attributes
    ----------
    adjoints
        By version, for those that contributions to the whole have reached.
    owned
        The versions whose adjoint nobody else holds, so that it may be changed in place.
    waiting
        By version, (window, value) pairs: contributions that wait for an adjoint to add them to.
    """

    def __init__(self, namespace: Namespace, on_tensors: bool) -> None:
        self.on_tensors = on_tensors
        self.adjoints: dict[Version, Any] = {}
        self.owned: set[Version] = set()
        self.waiting: dict[Version, list[tuple[Window | Gather, Any]]] = {}
        self.use(namespace)

    def follow(self, g: Any) -> None:
        """Compute with the library of `g` from here on; moves between libraries change it."""
        adapter = adapter_of(g._data if isinstance(g, Handle) else g)
        if adapter is not self.adapter and adapter is not None:
            self.use(namespace_of(adapter))

    def use(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.adapter = namespace.adapter
        self.kind = Handle.public if self.on_tensors else self.adapter.array_types[0]
        self.xp: Any = tensor_namespace_of(self.adapter) if self.on_tensors else namespace

    def accumulate(self, version: Version, window: Window | Gather | None, g: Any) -> None:
        """Add a contribution to the adjoint of what `window` shows of a version."""
        if window is None:
            if g.shape != version.shape:
                g = self.unbroadcast(g, version.shape)
        elif type(window) is Window and g.shape != window.shape:
            g = self.unbroadcast(g, window.shape)
        if g.dtype is not version.dtype:
            g = self.cast(g, version.dtype)
        present = self.adjoints.get(version)
        if window is not None:
            if present is None:
                self.waiting.setdefault(version, []).append((window, g))
            else:
                window.add(self.own(version, window.layout), g, self.xp)
        elif present is None:
            self.adjoints[version] = g
        elif version in self.owned:
            present += g
        else:
            self.total(version, present, g)

    def total(self, version: Version, present: Any, g: Any) -> None:
        """Add a contribution to an adjoint that somebody else holds, too."""
        total = present + g
        if not self.on_tensors:
            self.owned.add(version)
            if type(total) is not self.kind:  # some libraries add 0-d arrays up to scalars
                total = self.adapter.asarray(total)
        self.adjoints[version] = total

    def unbroadcast(self, g: Any, shape: tuple[int, ...]) -> Any:
        """Sum a contribution over the axes along which its operand was broadcast."""
        xp = self.xp
        extra = g.ndim - len(shape)
        if extra > 0:
            g = xp.sum(g, axis=tuple(range(extra)))
        elif extra < 0:
            g = xp.reshape(g, (1,) * -extra + tuple(g.shape))
        axes = tuple(k for k, n in enumerate(shape) if n == 1 and g.shape[k] != 1)
        if axes:
            g = xp.sum(g, axis=axes, keepdims=True)
        if g.shape != shape:
            g = xp.broadcast_to(g, shape)
        return g

    def cast(self, g: Any, dtype: Any) -> Any:
        if g.dtype == dtype:
            return g
        adapter = self.adapter
        data = g._data if isinstance(g, Handle) else g
        if not adapter.xp.isdtype(dtype, "complex floating") and adapter.xp.isdtype(
            data.dtype, "complex floating"
        ):
            g = self.xp.real(g)
        return self.xp.astype(g, dtype)

    def own(self, version: Version, layout: Layout) -> Any:
        """The adjoint of a version, laid out like its buffer and safe to be changed in place."""
        g = self.adjoints[version]
        data = g._data if isinstance(g, Handle) else g
        adapter = layout.adapter
        if version not in self.owned or adapter.strides(data) != layout.strides:
            g = self.adjoints[version] = self.laid_out(g, layout)
            self.owned.add(version)
        return g

    def laid_out(self, g: Any, layout: Layout | None) -> Any:
        """A copy of an adjoint that is laid out like its buffer, safe to be changed in place."""
        data = g._data if isinstance(g, Handle) else g
        fresh = self.adapter.xp.zeros_like(data) if layout is None else layout.zeros()
        if self.on_tensors:
            fresh = new_handle(fresh, None, None, None, False)
        fresh[...] = g
        return fresh

    def adjoint(self, version: Version) -> Any:
        """The adjoint of a version that all contributions have reached; None if none did."""
        waiting = self.waiting.pop(version, None)
        if waiting is not None:
            layout = waiting[0][0].layout
            if layout.adapter is not self.adapter:
                self.use(namespace_of(layout.adapter))
            if version in self.adjoints:
                g = self.own(version, layout)
            else:
                g = layout.zeros()
                if self.on_tensors:
                    g = new_handle(g, None, None, None, False)
                self.owned.add(version)
            for window, part in waiting:
                window.add(g, part, self.xp)
            self.adjoints[version] = g
        return self.adjoints.get(version)

    def run(self, order: list[Any]) -> list[tuple[Buffer, Any]]:
        """Go through the versions, and return the gradients of the buffers still in use."""
        grads: list[tuple[Buffer, Any]] = []
        adjoints, waiting, owned = self.adjoints, self.waiting, self.owned
        on_tensors = self.on_tensors
        for version in order:
            if waiting and version in waiting:
                self.adjoint(version)
            g = adjoints.get(version)
            if g is None:
                continue
            buffer = version.buffer()
            if buffer is not None and buffer.version is version:
                grads.append((buffer, self.for_user(buffer, version, g)))
            if type(version) is not Record:
                self.through_write(version, g)
                del adjoints[version]
                continue
            # Hand the adjoint of an operation's result on to its operands.
            if version.namespace is not self.namespace:
                self.use(version.namespace)
            plan, windows, parents, kind = version.plan, version.windows, version.parents, self.kind
            values = self.as_read(version) if on_tensors else version.values
            for k, rule, needs, only, takes_xp in plan.pulls:
                try:
                    if only is not None:
                        part = rule(g, values[only])
                    elif not needs:
                        part = rule(g, xp=self.xp) if takes_xp else rule(g)
                    else:
                        asked = [values[n] if n >= 0 else plan.asked(values, n, k) for n in needs]
                        part = rule(g, *asked, xp=self.xp) if takes_xp else rule(g, *asked)
                    if on_tensors or type(part) is not kind:
                        part = self.checked(part, plan.primitive.name)
                except Exception as error:
                    name = plan.primitive.name
                    error.add_note(f"while differentiating {name} by its operand number {k}; no "
                                   f"gradient was assigned and the graph is as it was")
                    raise
                if version.mask is not None:
                    part = self.xp.where(version.mask, part, 0.0)
                parent = parents[k]
                if windows is None and part.shape == parent.shape and part.dtype is parent.dtype:
                    # The usual case of `accumulate`, spelled out where every operation passes.
                    present = adjoints.get(parent)
                    if present is None:
                        adjoints[parent] = part
                    elif parent in owned:
                        present += part
                    else:
                        self.total(parent, present, part)
                else:
                    self.accumulate(parent, windows[k] if windows else None, part)
            del adjoints[version]
        for version in dict.fromkeys([*adjoints, *waiting]):  # what is left are leaves
            buffer = version.buffer()
            if buffer is not None and buffer.version is version:
                g = self.adjoint(version) if version in waiting else adjoints[version]
                if type(g) is not self.kind:
                    self.follow(g)
                grads.append((buffer, self.for_user(buffer, version, g)))
        return grads

    def for_user(self, buffer: Buffer, version: Version, g: Any) -> Any:
        """The adjoint as a gradient that nobody else holds, laid out like its buffer."""
        layout = buffer.layout
        if self.on_tensors:
            return g.copy() if layout is None else self.laid_out(g, layout)
        # A write hands its adjoint down, where it is changed.
        private = version in self.owned and type(version) is not Write
        if layout is not None and not (private and layout.adapter.strides(g) == layout.strides):
            return self.laid_out(g, layout)
        return g if private else self.adapter.copy(g)

    def checked(self, part: Any, name: str) -> Any:
        """What a rule returned, if not simply an array of the library in use, made one."""
        self.follow(part)
        if isinstance(part, Handle) or type(part) in self.adapter.array_types:
            return part
        try:
            array = self.adapter.asarray(part)
            if not self.adapter.xp.isdtype(array.dtype, ("numeric", "bool")):
                raise TypeError(f"dtype {array.dtype}")
            return array
        except Exception as error:
            raise InvalidGradient(
                f"the rule of {name} returned {part!r}, which is not an array"
            ) from error

    def as_read(self, version: Record) -> list[Any]:
        """The values of a record, with tensors for what can be differentiated.

        Each stands for an operand *as it was when it was read*: what the rules compute from it
        contributes to that version of its buffer, whatever was written since.
        """
        values = list(version.values)
        first, windows = version.primitive.first_operand, version.windows
        for k, parent in enumerate(version.parents):
            array = values[first + k] if len(values) > first else None
            if adapter_of(array) is None:
                continue
            if parent is not None:
                values[first + k] = as_of(array, parent, windows[k] if windows else None)
            else:  # what is computed now has to survive writes to the constant
                values[first + k] = self.adapter.copy(array)
        if version.values and values[0] is not None:
            values[0] = as_of(values[0], version, None)
        return values

    def through_write(self, version: Write, g: Any) -> None:
        """Take out the adjoint of what was written, and hand the rest down."""
        self.follow(g)
        old, source = version.parents
        window, index = version.window, version.index
        if old is None:
            part = g
        else:
            if window is not None:
                g = self.own(version, window.layout)
            elif not version.sign or version.mask is not None or index is not None:
                g = self.own_whole(version, g)
            seen = g if window is None else window.look(g)
            part = None
            if source is not None:
                part = self.taken(version, seen)
            if not version.sign:
                self.erase(version, seen)
            if old in self.adjoints:
                self.accumulate(old, None, g)
            else:
                self.adjoints[old] = g
                if version in self.owned:
                    self.owned.add(old)
        if source is not None:
            if version.sign < 0:
                part = -part
            if not isinstance(part, Handle) and type(part) not in self.adapter.array_types:
                part = self.adapter.asarray(part)
            self.accumulate(source, version.value_window, part)

    def own_whole(self, version: Write, g: Any) -> Any:
        buffer = version.buffer()
        if buffer is not None and buffer.layout is not None:
            return self.own(version, buffer.layout)
        if version not in self.owned:
            g = self.adjoints[version] = self.laid_out(g, None)
            self.owned.add(version)
        return g

    def taken(self, version: Write, seen: Any) -> Any:
        """A copy of the adjoint of what was written."""
        xp = self.xp
        if version.index is not None:
            part = seen[version.index]
            if not version.sign:
                last = self.adapter.last_occurrences(version.index, tuple(seen.shape))
                if last is not None:
                    part = xp.where(last, part, 0.0)
        else:
            part = seen.copy() if self.on_tensors else self.adapter.copy(seen)
        if version.mask is not None:
            part = xp.where(version.mask, part, 0.0)
        return part

    def erase(self, version: Write, seen: Any) -> None:
        """Put zeros where a write put something else."""
        if version.mask is not None:
            keep = self.xp.where(version.mask, 0.0, seen)
            seen[...] = keep
        elif version.index is None:
            seen[...] = 0.0
        elif self.on_tensors:
            seen[version.index] = 0.0
        else:
            self.adapter.assign(seen, version.index, 0.0)
