"""One reverse sweep for many adjoints of a result: the rows of a jacobian."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mygrad.arrays import adapter_of, by_type
from mygrad.autodiff.backward import Sweep, reachable
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import Handle, Record, Version, buffer_of
from mygrad.autodiff.replay import replay
from mygrad.transforms.batching.adapter import BatchedAdapter, batched
from mygrad.transforms.devices import Beside
from mygrad.transforms.pull import plan_towards

__all__ = ["batched_pull"]


class BatchedSweep(Sweep):
    """A sweep whose adjoints are batches; what records keep is the same for all of them."""

    def __init__(
        self, adapter: BatchedAdapter, recorded: bool, leads: set[Version] | None = None
    ) -> None:
        self.depth, self.recorded, self.leads = adapter.depth, recorded, leads
        super().__init__(namespace_of(adapter), False)
        self.plain = False

    def use(self, namespace: Any, array: Any = None) -> None:
        """Compute with batches of arrays of the library that a record was made with."""
        adapter = namespace.adapter
        self.adapter: Any
        here = adapter if getattr(adapter, "depth", 0) == self.depth else batched(adapter)
        super().use(namespace_of(here), array)
        self.namespace = namespace  # which records are compared with

    def prepared(self, version: Record) -> tuple[Any, Any]:
        """The plan of a record, and its values as arrays that are the same for the whole batch."""
        plan = version.plan if self.leads is None else plan_towards(version, self.leads)
        values = replay(version, plan) if self.recorded else version.values
        values = [self._as_batch(value) for value in values]
        primitive = version.primitive
        for name in primitive.residual_names:
            k = primitive.positions[name]
            if isinstance(values[k], (list, tuple)):
                values[k] = [self._as_batch(part) for part in values[k]]
        return plan, values

    def as_gradient(self, buffer: Any, version: Version, g: Any) -> Any:
        """Nothing: no gradient is assigned."""

    def _as_batch(self, value: Any) -> Any:
        if isinstance(value, Handle) or type(value) in self.adapter.inner.array_types:
            return self.adapter.lift(value)
        return value


def batched_pull(
    root: Handle,
    seeds: Any,
    inputs: Sequence[Handle | Version],
    create_graph: bool = False,
    order: list[Version] | None = None,
    leads: set[Version] | None = None,
) -> list[Any]:
    """Pull many adjoints of a tensor back to others, in one sweep.

    Parameters
    ----------
    root
        A result.
    seeds
        Its adjoints, an array (or tensor) of shape (n, *root.shape).
    inputs
        What to differentiate by: variables that look at the whole of their buffer, or versions.
    create_graph
        Whether to record the sweep, so that what it returns can be differentiated.
    order
        The versions to go through, newest first, where they are known: without `inputs`.
    leads
        Those from which `inputs` are reached, where they are known; the rules for others do not
        run.

    Returns
    -------
    list
        For each of `inputs` an array of shape (n, *its shape), a tensor with `create_graph`; None
        where no derivative arrives. Nothing is assigned to ``.grad``, and no graph is cleared.
    """
    adapter: Any = batched(by_type[type(root._data)])
    n = seeds.shape[0]
    start: Any = buffer_of(root).version
    versions: list[Any] = [buffer_of(t).version if isinstance(t, Handle) else t for t in inputs]
    if order is None:
        order = [version for version in reachable(start) if version not in versions]
    sweep = BatchedSweep(adapter, create_graph, leads)
    with Beside((root,)):
        sweep.accumulate(start, root._window, adapter.kind(seeds, n))
        sweep.run(order)
        adjoints = [sweep.adjoint(version) for version in versions]
        homes: list[Any] = [adapter_of(g) for g in adjoints]
        return [home and home.whole(g, n) for home, g in zip(homes, adjoints, strict=True)]
