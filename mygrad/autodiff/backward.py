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

from mygrad.arrays import Adapter, adapter_of, by_type
from mygrad.autodiff.lost_gradients import tell
from mygrad.autodiff.namespace import Namespace, namespace_of, tensor_namespace_of

from mygrad.autodiff.nodes import (  # isort: skip
    CLEARED, Buffer, Handle, Record, Version, Write, leaf, new_handle, tensor_class,
)  # fmt: skip
from mygrad.autodiff.operands import SCALARS
from mygrad.autodiff.replay import replay
from mygrad.autodiff.views import Gather, Layout, Window
from mygrad.errors import GradientStopped, InvalidBackprop, InvalidGradient

__all__ = ["backward", "clear_graph", "reachable"]

newest_first = attrgetter("seq")
WRITE = "an in-place write"
STOPPED = (
    "a gradient stops at a tensor computed by {}, whose graph an earlier backward() cleared: call "
    "backward() once, on the sum, or say `t.detach()` if it is meant (truncated back-propagation)"
)


def backward(
    root: Handle, seed: Any, create_graph: bool = False, private_seed: bool = False
) -> None:
    """Differentiate a tensor by everything that it was computed from.

    Parameters
    ----------
    root
        The tensor.
    seed, private_seed
        The adjoint of `root`: an array (or a tensor) of its shape; whether nobody else holds it.
    create_graph
        Whether to compute on tensors, so that the gradients can be differentiated again.
    """
    start: Version = root._buffer.version  # type: ignore[union-attr, assignment]
    order = reachable(start)
    sweep = Sweep(namespace_of(by_type[type(root._data)]), create_graph)
    sweep.seed = seed
    if root._window is None:
        sweep.adjoints[start] = seed
        if private_seed:
            sweep.private.add(start)
    else:
        sweep.accumulate(start, root._window, seed)
    try:
        grads = sweep.with_leaves(sweep.run(order))
    finally:
        for adapter, device in sweep.came_from.items():
            adapter.go_to(device)
    for held, g in grads:
        held.grad = g
    if not create_graph:
        clear(order)


def clear_graph(root: Handle) -> None:
    """Make all tensors of a graph leaves, and let go of everything that was saved for it."""
    if root._buffer is not None and root._buffer.version is not None:
        clear(reachable(root._buffer.version, through_cleared=True), on_purpose=True)


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
            made = version.primitive.name if isinstance(version, Record) else WRITE
            raise InvalidBackprop(
                f"the result depends on {made}, whose graph another backward() has cleared. Call "
                f"backward() once, on the sum, compute it again from the leaves, or call the first "
                f"backward() with create_graph=True, which clears nothing"
            )
    found.sort(key=newest_first, reverse=True)
    return found


def clear(versions: list[Any], on_purpose: bool = False) -> None:
    """Let go of what these versions hold; those that a buffer still has become leaves."""
    for version in versions:
        buffer = version.buffer()
        if buffer is not None and buffer.version is version:
            made = buffer.version = leaf(buffer, version.shape, version.dtype)
            if version is versions[0] and type(version) is Record and not on_purpose:
                made.stopped = version.plan.primitive.name
            elif not on_purpose:
                made.stopped = lost_history(version, buffer)
        version.clear()


def lost_history(version: Any, buffer: Buffer) -> str | None:
    """What made this version, if a leaf in its place cuts off tensors that somebody looks at."""
    first = version
    while type(first) is Write and first.parents[0] is not None:
        first = first.parents[0]
    made = first.plan.primitive.name if type(first) is Record and first.seq else WRITE
    stack = [version]
    for version in stack:
        for parent in version.parents:
            if parent is not None:
                if len(stack) > 99 or parent.buffer() not in (None, buffer):
                    return made
                if parent.seq:
                    stack.append(parent)
    return None if first.seq else first.stopped


class Sweep:
    """One backward pass.

    Attributes:
    adjoints: By version, for those that contributions to the whole have reached.
    private: The versions whose adjoint nobody else holds, so that it may be changed in place.
    waiting: By version, (window, value) pairs: contributions that wait for an adjoint to add them
        to.
    overwritten: The leaves that the sweep reached through a write onto them.
    came_from: By adapter, the device that was current before the sweep.
    seed: What it began with, which somebody else may hold.
    """

    def __init__(self, namespace: Namespace, on_tensors: bool) -> None:
        self.on_tensors, self.plain = on_tensors, not on_tensors  # plain: nothing is `prepared`
        self.adjoints: dict[Version, Any] = {}
        self.private: set[Version] = set()
        self.waiting: dict[Version, list[tuple[Window | Gather, Any]]] = {}
        self.overwritten: set[Version] = set()
        self.came_from: dict[Adapter, Any] = {}
        self.seed: Any = None
        self.use(namespace)

    def follow(self, g: Any) -> None:
        """Compute with the library of `g`, on its device, from here on; moves change them."""
        array = g._data if isinstance(g, Handle) else g
        adapter = adapter_of(array)
        if adapter is not None and (adapter is not self.adapter or adapter.many_devices):
            self.use(namespace_of(adapter), array)

    def use(self, namespace: Namespace, array: Any = None) -> None:
        self.namespace: Any = namespace
        self.adapter = adapter = namespace.adapter
        self.kind: Any = tensor_class() if self.on_tensors else adapter.array_types[0]
        self.xp: Any = tensor_namespace_of(adapter) if self.on_tensors else namespace
        if adapter.many_devices:  # each record and each contribution is asked where it is
            self.namespace = self.kind = None
            self.came_from.setdefault(adapter, adapter.go_to(adapter.common_device((array,))))

    # --- the loop -----------------------------------------------------------------------------
    def run(self, order: list[Any]) -> list[tuple[Buffer, Any]]:
        """Go through versions with history; return the gradients of their buffers still in use."""
        grads: list[tuple[Buffer, Any]] = []
        adjoints, waiting, private = self.adjoints, self.waiting, self.private
        plain = self.plain
        for version in order:
            if waiting and version in waiting:
                self.adjoint(version)
            g = adjoints.get(version)
            if g is None:
                continue
            buffer = version.buffer()
            if buffer is not None and buffer.version is version:
                grads.append((buffer, self.as_gradient(buffer, version, g)))
            if type(version) is not Record:
                self.through_write(version, g)
                del adjoints[version]
                continue
            # Hand the adjoint of an operation's result on to its operands.
            if version.namespace is not self.namespace:
                self.use(version.namespace)
                self.follow(g)
            plan, windows, parents = version.plan, version.windows, version.parents
            values, kind = version.values, self.kind
            if not plain:
                plan, values = self.prepared(version)
            k: int | None = None
            parent: Any
            try:
                for k, rule, needs, only, takes_xp in plan.pulls:
                    if only is not None:
                        part = rule(g, values[only])
                    elif not needs:
                        part = rule(g, xp=self.xp) if takes_xp else rule(g)
                    elif takes_xp:
                        part = rule(g, *[values[n] for n in needs], xp=self.xp)
                    else:
                        part = rule(g, *[values[n] for n in needs])
                    parent = parents[k]
                    # The usual cases of `deliver`, spelled out where every operation passes.
                    if type(part) is not kind or version.mask is not None:
                        self.deliver(version, k, part)
                    elif windows is not None:
                        window = windows[k]
                        if type(window) is Window and part.shape == window.shape:
                            self.accumulate(parent, window, part)
                        else:
                            self.deliver(version, k, part)
                    elif part.shape == parent.shape and part.dtype is parent.dtype:
                        present = adjoints.get(parent)
                        if present is None:
                            adjoints[parent] = part
                        elif parent in private:
                            present += part
                            adjoints[parent] = present
                        else:
                            self.total(parent, present, part)
                    else:
                        self.deliver(version, k, part)
                if plan.joint_pulls:
                    self.pull_jointly(version, plan, g, values)
            except Exception as error:
                operand = "" if k is None else f" by its operand {name_of_operand(version, k)}"
                error.add_note(
                    f"while differentiating {plan.primitive.name}{operand}; no gradient was "
                    f"assigned and the graph is as it was"
                )
                raise
            del adjoints[version]
        find = self.adapter.unshared
        if find is not None and not self.on_tensors and len(order) < 16 * len(adjoints):
            # Rules of mygrad return what they made or were given: adjoints and saved values.
            records = [version for version in order if type(version) is Record]
            if all(record.primitive.is_ours for record in records):
                seen = [self.seed, grads, [adjoints[v] for v in private if v in adjoints]]
                others = {v: g for v, g in adjoints.items() if v not in private}
                found = find(others, [seen, [record.values for record in records]])
                adjoints.update(found)
                private.update(found)
        return grads

    def prepared(self, version: Record) -> tuple[Any, Any]:
        """The plan to follow for a record, and its values, where these are not its own."""
        return version.plan, replay(version, version.plan)

    def with_leaves(self, grads: list[tuple[Buffer, Any]]) -> list[tuple[Buffer, Any]]:
        """Add the gradients of leaves, which are what the sweep left."""
        for version in dict.fromkeys([*self.adjoints, *self.waiting]):
            # Loops that write the same parts of a tensor again in each step lose nothing.
            if version.stopped and (version.stopped != WRITE or version not in self.overwritten):
                tell.get()(STOPPED.format(version.stopped), GradientStopped)
            buffer = version.buffer()
            if buffer is not None and buffer.version is version:
                grads.append((buffer, self.as_gradient(buffer, version, self.adjoint(version))))
        return grads

    def as_gradient(self, buffer: Buffer, version: Version, g: Any) -> Any:
        """The adjoint as a gradient that nobody else holds, laid out like its buffer."""
        layout = buffer.layout
        if type(g) is not self.kind:
            self.follow(g)
        if self.on_tensors:
            return g.copy() if layout is None else self.laid_out(g, layout)
        # A write hands its adjoint down, where it is changed.
        private = version in self.private and type(version) is not Write
        if layout is not None and not (private and layout.fits(g)):
            return self.laid_out(g, layout)
        return g if private else self.adapter.copy(g)

    def pull_jointly(self, version: Record, plan: Any, g: Any, values: Any) -> None:
        """Run those rules of a record that return the adjoints of several operands at once."""
        for numbers, rule, needs, takes_xp in plan.joint_pulls:
            arguments = [values[n] for n in needs]
            parts = rule(g, *arguments, xp=self.xp) if takes_xp else rule(g, *arguments)
            for k, part in zip(numbers, parts, strict=True):
                if plan.flows[k]:
                    self.deliver(version, k, part)

    # --- contributions ------------------------------------------------------------------------
    def deliver(self, version: Record, k: int, part: Any) -> None:
        """Add what a rule returned to the adjoint of its operand, once it is known to fit."""
        parent, window = version.parents[k], version.windows[k] if version.windows else None
        assert parent is not None
        shape = parent.shape if window is None else getattr(window, "shape", version.shape)
        if isinstance(part, Handle) or type(part) in self.adapter.array_types:
            self.follow(part)
        else:
            array = self.as_array(part, version, k)  # a number is the same for all elements
            part = self.xp.broadcast_to(array, shape) if type(part) in SCALARS else array
        if version.mask is not None:
            part = self.xp.where(version.mask, part, 0.0)
        if part.shape != shape:
            part = self.unbroadcast(part, shape, version, k)
        self.accumulate(parent, window, part)

    def as_array(self, part: Any, version: Record, k: int) -> Any:
        """What a rule returned, if not simply an array of the library in use, made one."""
        self.follow(part)
        if type(part) in self.adapter.array_types:
            return part
        try:
            array = self.adapter.asarray(part)
            if not self.adapter.xp.isdtype(array.dtype, ("numeric", "bool")):
                raise TypeError(f"dtype {array.dtype}")
            return array
        except Exception as error:
            raise InvalidGradient(
                f"the rule of {version.primitive.name} for {name_of_operand(version, k)} returned "
                f"{part!r}, which is not an array"
            ) from error

    def unbroadcast(self, g: Any, shape: tuple[int, ...], version: Record, k: int) -> Any:
        """Sum a contribution over the axes along which its operand was broadcast."""
        broadcasts, found = version.primitive.broadcasts, tuple(g.shape)
        extra = len(found) - len(shape)
        fits = (
            broadcasts is not None
            and extra >= 0
            and all(n in (1, m) for n, m in zip(shape, found[extra:], strict=True))
            and (broadcasts == "stacks" or found == tuple(version.shape))
        )
        if not fits:
            raise InvalidGradient(
                f"the rule of {version.primitive.name} for {name_of_operand(version, k)} returned "
                f"an array of shape {found}, and the operand has shape {tuple(shape)} (the result "
                f"{tuple(version.shape)}). A rule returns an adjoint in its operand's shape"
            )
        return self.summed_to(g, shape)

    def summed_to(self, g: Any, shape: tuple[int, ...]) -> Any:
        """Sum over the axes along which an array of this shape was broadcast to that of `g`."""
        xp, extra = self.xp, g.ndim - len(shape)
        if extra < 0:  # axes of length 1 that a write dropped
            g, extra = xp.reshape(g, (1,) * -extra + tuple(g.shape)), 0
        ones = tuple(j for j, n in enumerate(shape, extra) if n == 1 and g.shape[j] != 1)
        if extra or ones:
            g = xp.sum(g, axis=(*range(extra), *ones))
        return xp.reshape(g, shape) if ones else g

    def accumulate(self, version: Version, window: Window | Gather | None, g: Any) -> None:
        """Add a contribution to the adjoint of what `window` shows of a version."""
        if g.dtype is not version.dtype:
            g = self.cast(g, version.dtype)
        present = self.adjoints.get(version)
        if window is not None:
            if present is None:
                self.waiting.setdefault(version, []).append((window, g))
            else:
                present = self.writeable_adjoint(version, window.layout)
                self.adjoints[version] = window.add(present, g, self.xp)
        elif present is None:
            self.adjoints[version] = g
        elif version in self.private:
            present += g
            self.adjoints[version] = present
        else:
            self.total(version, present, g)

    def total(self, version: Version, present: Any, g: Any) -> None:
        """Add a contribution to an adjoint that somebody else holds, too."""
        total = present + g
        if not self.on_tensors:
            self.private.add(version)
            if type(total) is not self.kind:  # some libraries add 0-d arrays up to scalars
                total = self.adapter.asarray(total)
        self.adjoints[version] = total

    def cast(self, g: Any, dtype: Any) -> Any:
        if g.dtype == dtype:
            return g
        isdtype = self.adapter.xp.isdtype
        if isdtype(g.dtype, "complex floating") and not isdtype(dtype, "complex floating"):
            g = self.xp.real(g)
        return self.xp.astype(g, dtype)

    # --- adjoints of whole buffers ------------------------------------------------------------
    def writeable_adjoint(self, version: Version, layout: Layout | None) -> Any:
        """The adjoint of a version, laid out like its buffer and safe to be changed in place."""
        g = self.adjoints[version]
        if version not in self.private or (layout and not layout.fits(getattr(g, "_data", g))):
            g = self.adjoints[version] = self.laid_out(g, layout)
            self.private.add(version)
        return g

    def laid_out(self, g: Any, layout: Layout | None) -> Any:
        """A copy of an adjoint that is laid out like its buffer, safe to be changed in place."""
        data = g._data if isinstance(g, Handle) else g
        if not (self.on_tensors or self.adapter.has_views) and (not layout or layout.fits(data)):
            return g
        fresh = layout.zeros(adapter_of(data)) if layout else self.adapter.xp.zeros_like(data)
        if self.on_tensors:
            fresh = new_handle(fresh, None, None, None, False)
            fresh[...] = g
        else:
            fresh = self.adapter.assign(fresh, ..., g)
        return fresh

    def adjoint(self, version: Version) -> Any:
        """The adjoint of a version that all contributions have reached; None if none did."""
        waiting = self.waiting.pop(version, None)
        if waiting is not None:
            layout = waiting[0][0].layout
            if layout.adapter is not self.adapter or self.kind is None:
                self.follow(waiting[0][1])
            if version in self.adjoints:
                g = self.writeable_adjoint(version, layout)
            else:
                g = layout.zeros(self.adapter)
                if self.on_tensors:
                    g = new_handle(g, None, None, None, False)
                self.private.add(version)
            for window, part in waiting:
                g = window.add(g, part, self.xp)
            self.adjoints[version] = g
        return self.adjoints.get(version)

    # --- writes -------------------------------------------------------------------------------
    def through_write(self, version: Write, g: Any) -> None:
        """Take out the adjoint of what was written, and hand the rest down."""
        self.follow(g)
        old, source = version.parents
        window, index = version.window, version.index
        if window is not None:
            g = self.writeable_adjoint(version, window.layout)
        elif old is not None and not (version.sign and version.mask is None and index is None):
            buffer = version.buffer()
            g = self.writeable_adjoint(version, None if buffer is None else buffer.layout)
        seen = g if window is None else window.look(g)
        part = g
        if source is not None and (old is not None or window is not None):
            part = self.taken(version, seen)
        if old is not None:
            if not version.sign:
                g = self.erase(version, g, seen)
            if not old.seq:
                self.overwritten.add(old)
            if old in self.adjoints:
                self.accumulate(old, None, g)
            else:
                self.adjoints[old] = g
                if version in self.private:
                    self.private.add(old)
        if source is not None:
            if version.sign < 0:
                part = -part
            if not isinstance(part, Handle) and type(part) not in self.adapter.array_types:
                part = self.adapter.asarray(part)
            look = version.value_window
            shape = source.shape if look is None else look.shape
            if part.shape != shape:  # the value was broadcast to the region
                part = self.summed_to(part, shape)
            self.accumulate(source, look, part)

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

    def erase(self, version: Write, g: Any, seen: Any) -> Any:
        """Put zeros where a write put something else into what is `seen` of `g`; return that."""
        index, value = version.index, 0.0
        if version.mask is not None:
            value = self.xp.where(version.mask, 0.0, seen)
        if self.on_tensors:
            seen[... if index is None else index] = value
            return g
        seen = self.adapter.assign(seen, ... if index is None else index, value)
        if self.adapter.has_views:
            return g
        return seen if version.window is None else version.window.put(g, seen)


def name_of_operand(version: Record, k: int) -> str:
    """What to call an operand of a record in errors."""
    names = version.primitive.operand_names
    return f"number {k}" if version.primitive.variadic else names[k]
