"""One reverse sweep for many adjoints of a result: the rows of a jacobian."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mygrad.arrays import adapter_of, by_type
from mygrad.autodiff.backward import Sweep, reachable
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import Handle, Record, buffer_of
from mygrad.autodiff.replay import replay
from mygrad.transforms.batching.adapter import BatchedAdapter, batched

__all__ = ["batched_pull"]


class BatchedSweep(Sweep):
    """A sweep whose adjoints are batches; what records keep is the same for all of them."""

    def __init__(self, adapter: BatchedAdapter, recorded: bool) -> None:
        self.depth, self.recorded = adapter.depth, recorded
        super().__init__(namespace_of(adapter), False)
        self.plain = False

    def use(self, namespace: Any, array: Any = None) -> None:
        """Compute with batches of arrays of the library that a record was made with."""
        adapter = namespace.adapter
        here = adapter if getattr(adapter, "depth", 0) == self.depth else batched(adapter)
        super().use(namespace_of(here), array)
        self.namespace = namespace  # which records are compared with

    def prepared(self, version: Record) -> tuple[Any, Any]:
        """The plan of a record, and its values as arrays that are the same for the whole batch."""
        values = replay(version, version.plan) if self.recorded else version.values
        return version.plan, [self._as_batch(value) for value in values]

    def _as_batch(self, value: Any) -> Any:
        if isinstance(value, Handle) or type(value) in self.adapter.inner.array_types:
            return self.adapter.lift(value)
        return value


def batched_pull(
    root: Handle, seeds: Any, leaves: Sequence[Handle], create_graph: bool = False
) -> list[Any]:
    """Pull many adjoints of a tensor back to others, in one sweep.

    Parameters
    ----------
    root
        A result.
    seeds
        Its adjoints, an array (or tensor) of shape (n, *root.shape).
    leaves
        What to differentiate by: variables that look at the whole of their buffer.
    create_graph
        Whether to record the sweep, so that what it returns can be differentiated.

    Returns
    -------
    list
        For each of `leaves` an array of shape (n, *leaf.shape), a tensor with `create_graph`; None
        where no derivative arrives. Nothing is assigned to ``.grad``, and no graph is cleared.
    """
    adapter: Any = batched(by_type[type(root._data)])
    n = seeds.shape[0]
    start: Any = buffer_of(root).version
    order = reachable(start)
    sweep = BatchedSweep(adapter, create_graph)
    seed = adapter.kind(seeds, n)
    sweep.accumulate(start, root._window, seed)
    try:
        grads = {id(buffer): g for buffer, g in sweep.run(order)}
    finally:
        for library, device in sweep.came_from.items():
            library.go_to(device)
    found: list[Any] = []
    for leaf in leaves:
        g = grads.get(id(buffer_of(leaf)))
        if g is not None:
            here: Any = adapter_of(g)
            value = here.whole(g, n)
            g = value if g.n is not None or isinstance(value, Handle) else here.inner.copy(value)
        found.append(g)
    return found
