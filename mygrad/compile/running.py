"""What goes into a compiled program, and what comes out of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mygrad.compile.engine import on_host
from mygrad.compile.memory import Located
from mygrad.compile.tracing import NUMBER_INPUTS, Entry

__all__ = ["inputs_of", "results_of"]


def inputs_of(entry: Entry, program: Any, here: Located, values: list[Any], key: Any) -> Any:
    """What goes into a program, by number."""
    groups, grads = here.groups, entry.grads_in
    first_grad = entry.groups
    first_number = first_grad + len(grads)
    last = first_number + 2 * NUMBER_INPUTS
    places = entry.host.inputs

    def find(k: int) -> Any:
        if k < first_grad:
            return groups[k].array
        if k < first_number:
            return here.tensors[here.base_of(grads[k - first_grad])].grad
        if k < last:
            j = k - first_number
            return values[places[j if j < NUMBER_INPUTS else j - NUMBER_INPUTS]]
        return key

    return find


def results_of(program: Any, computed: Any, inputs: Any) -> list[Any]:
    """The results of a program, each in memory of its own."""
    taken: dict[int, Any] = {}
    results = []
    for kind, what in program.results:
        if kind == "computed":
            if what in taken:
                results.append(taken[what].copy())
            else:
                taken[what] = on_host(computed[what])
                results.append(taken[what])
        elif kind == "input":
            results.append(np.array(inputs(what)))
        else:
            results.append(what.copy())
    return results
