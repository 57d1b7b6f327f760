"""The reverse sweep from several results to chosen versions, which touches nothing else.

`backward` differentiates by everything that a result came from, assigns gradients, and clears the
graph. `pull` runs the same loop (`mygrad.autodiff.backward.Sweep`) over those versions alone that
lie between the results and what is differentiated by. Of an operation it runs only the rules for
operands that lead there, and where it is recorded only what these ask for is replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.backward import Sweep, newest_first
from mygrad.autodiff.namespace import Namespace, namespace_of
from mygrad.autodiff.nodes import CLEARED, Handle, Record, Version
from mygrad.autodiff.plan import Plan
from mygrad.autodiff.replay import replay
from mygrad.errors import InvalidBackprop

__all__ = ["Between", "plan_towards", "pull"]


class Between:
    """The part of a graph that leads from some versions, the inputs, to results.

    Attributes
    ----------
    order
        Its versions, newest first, without the inputs.
    leads
        The same, with the inputs.
    met
        All versions that are not older than `since` and that the results depend on.
    outside
        Other versions that the results depend on, and that somebody could differentiate by: those
        older than `since`, by default than the inputs, and leaves that tensors look at.
    cut
        Whether operations have variables among their operands that lead to no input.
    overwritten
        Leaves whose tensors were written to since.
    """

    def __init__(
        self, results: Iterable[Version], inputs: Iterable[Version], since: int | None = None
    ) -> None:
        self.leads = set(inputs)
        self.outside: list[Version] = []
        self.overwritten: list[Version] = []
        first = min([v.seq for v in self.leads], default=1) if since is None else since
        self.met: list[Version] = []
        found = self.met
        leads = self.leads
        stack = list(results)
        seen = {*leads, *stack}
        stack = [version for version in stack if version not in leads]
        while stack:
            version = stack.pop()
            if version.seq < first or not version.seq:
                buffer = version.buffer()
                if version.seq or (buffer is not None and buffer.version is version):
                    self.outside.append(version)
                elif buffer is not None:
                    self.overwritten.append(version)
                continue
            found.append(version)
            for parent in version.parents:
                if parent is not None and parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        refuse_cleared(found)
        refuse_cleared(leads)
        found.sort(key=newest_first)
        self.order: list[Version] = []
        self.cut = False
        for version in found:
            leading = False
            for parent in version.parents:
                if parent in leads:
                    leading = True
                elif parent is not None:
                    self.cut = True
            if leading:
                leads.add(version)
                self.order.append(version)
        self.order.reverse()


def refuse_cleared(versions: Iterable[Version]) -> None:
    """Raise if a gradient would stop where another sweep has cleared the graph."""
    for version in versions:
        if version.parents is CLEARED:
            raise InvalidBackprop(
                "a backward() has cleared the graph that is differentiated, in the function itself "
                "or since it was called: call it with create_graph=True, which clears nothing, or "
                "use mg.grad in its place"
            )


def plan_towards(version: Record, leads: set[Version]) -> Plan:
    """The plan of a record for those of its operands alone that are among, or lead to, inputs."""
    plan, parents = version.plan, version.parents
    for parent in parents:
        if parent is not None and parent not in leads:
            primitive = plan.primitive
            live = sum(1 << k for k, parent in enumerate(parents) if parent in leads)
            return primitive.plans.get(live) or primitive.plan(live, len(parents))
    return plan


class Pull(Sweep):
    """A sweep over a part of a graph, which leaves the adjoints of the inputs in `adjoints`."""

    def __init__(self, namespace: Namespace, on_tensors: bool, between: Between) -> None:
        super().__init__(namespace, on_tensors)
        self.leads = between.leads
        self.plain = not (on_tensors or between.cut)

    def prepared(self, version: Record) -> tuple[Any, Any]:
        plan = plan_towards(version, self.leads)
        return plan, replay(version, plan) if self.on_tensors else version.values

    def as_gradient(self, buffer: Any, version: Version, g: Any) -> Any:
        """Nothing: no gradient is assigned."""


def pull(
    results: Sequence[Handle],
    seeds: Sequence[Any],
    inputs: Sequence[Version],
    create_graph: bool,
    between: Between | None = None,
) -> list[tuple[Any, bool]]:
    """Pull the adjoints of results back to those of the inputs.

    Parameters
    ----------
    results
        Tensors; those that are constant, or do not come from the inputs, have no influence.
    seeds
        The adjoint of each, in its shape: arrays, or with `create_graph` tensors.
    inputs
        Versions to differentiate by.
    create_graph
        Whether to compute on tensors, so that the adjoints can be differentiated again.
    between
        The part of the graph to go through, where it is known.

    Returns
    -------
    list of (array or tensor, bool)
        The adjoint of each input, or None where no derivative arrives; and whether nobody else
        holds it.
    """
    live = [
        (t._buffer.version, t._window, seed)
        for t, seed in zip(results, seeds, strict=True)
        if not t._constant and t._buffer is not None and t._buffer.version is not None
    ]
    if between is None:
        between = Between([version for version, _, _ in live], inputs)
    else:
        refuse_cleared(between.order)
    leads = between.leads
    live = [start for start in live if start[0] in leads]
    if not live:
        return [(None, True)] * len(inputs)
    array = live[0][2]
    adapter = adapter_of(array._data if isinstance(array, Handle) else array)
    assert adapter is not None
    sweep = Pull(namespace_of(adapter), create_graph, between)
    sweep.seed = list(seeds)
    for version, window, seed in live:
        sweep.accumulate(version, window, seed)
    try:
        sweep.run(between.order)
        adjoints = [sweep.adjoint(version) for version in inputs]
    finally:
        for adapter, device in sweep.came_from.items():
            adapter.go_to(device)
    return [(g, version in sweep.private) for g, version in zip(adjoints, inputs, strict=True)]
