"""Calls of compiled functions on the tape outside: one operation, whose pullback is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mygrad.autodiff.inplace import write
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle, buffer_of
from mygrad.compile.results import Call
from mygrad.errors import InvalidBackprop
from mygrad.transforms.calls import FUNCTION_CALL, Packing, record, standing_for

__all__ = ["Pullback", "recorded"]


class Pullback:
    """What a recorded call does when it is differentiated: run the compiled pullback."""

    def __init__(self, entry: Any, inputs: Any) -> None:
        self.program, self.count = entry.pullback, len(entry.operands)
        self.versions: list[Any] = []
        every = set(self.program.used) | {k for kind, k in self.program.results if kind == "input"}
        self.seed = self._seed_number(entry)
        given = {k: inputs(k) for k in every if k != self.seed}
        self.saved = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in given.items()}

    @staticmethod
    def _seed_number(entry: Any) -> int:
        from mygrad.compile.tracing import NUMBER_INPUTS

        return int(entry.groups + len(entry.grads_in) + 2 * NUMBER_INPUTS + 1)

    def pull(self, g: Any, operands: Sequence[Any], numbers: Sequence[int], out: Any) -> Any:
        """The adjoints of the operands."""
        if isinstance(g, Handle):
            return self._on_tensors(g, numbers)
        values = {**self.saved, self.seed: g}
        computed: list[Any] = []
        self.program.run([values[k] for k in self.program.used], computed)
        found = []
        for kind, what in self.program.results:
            if kind == "computed":
                found.append(np.array(computed[what]))
            else:
                found.append(np.array(values[what] if kind == "input" else what))
        return [found[k] for k in numbers]

    def _on_tensors(self, g: Handle, numbers: Sequence[int]) -> Any:
        """The adjoints as tensors; who differentiates them again is told that it is not there."""
        found = self.pull(g._data, (), numbers, None)
        versions = [v for v in self.versions if v is not None]
        handles = [standing_for(version, _numpy(), None) for version in versions]
        if not g._constant:
            handles.append(g)
        packing = Packing(found)
        again = record(
            FUNCTION_CALL, _Last(), handles, [None] * len(handles), packing, packing.packed(found)
        )
        return [t if t._base is None else registry["copy"](t) for t in again]


class _Last:
    """The pullback of a pullback, which is not compiled."""

    def pull(self, g: Any, operands: Sequence[Any], numbers: Sequence[int], out: Any) -> Any:
        raise InvalidBackprop(
            "derivatives of derivatives do not go through a compiled function: compile the "
            "function that takes them (mg.compile of mg.grad), or call it under "
            "`with mg.compile.disabled():`"
        )


def recorded(entry: Any, call: Call, pullback: Pullback) -> None:
    """Record a call; its results, and what it wrote with a graph, are tensors of that record."""
    numbers = [number for _, number in (*entry.live, *entry.live_writes)]
    packed = entry.packing.packed([call.results[number] for number in numbers])
    operands = [call.tensors[k] for k in entry.operands]
    pullback.versions = [buffer_of(t).version for t in operands]
    found = record(
        FUNCTION_CALL, pullback, operands, [None] * len(operands),
        _on_numpy(entry.packing, packed), packed,
    )  # fmt: skip
    for (place, _), t in zip(entry.live, found, strict=False):
        # parts of a row are views of it, and results are not
        call.recorded[place] = t if t._base is None else registry["copy"](t)
    for (k, _), t in zip(entry.live_writes, found[len(entry.live) :], strict=True):
        write(call.tensors[k], None, t, name="a compiled function")


def _on_numpy(packing: Any, packed: Any) -> Any:
    """The packing of arrays on NumPy that were traced on JAX."""
    again = object.__new__(Packing)
    again.adapter = _numpy()
    again.shapes, again.dtype = packing.shapes, packed.dtype
    again.dtypes = [np.dtype(d) for d in packing.dtypes]
    return again


def _numpy() -> Any:
    from mygrad.arrays import get_adapter

    return get_adapter("numpy")
