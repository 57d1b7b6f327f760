"""What is timed. A module for each family; in it, the natural program for each library.

The module is imported by every worker, under any interpreter: libraries other than NumPy are
imported inside the programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Step = Callable[[], tuple[Any, ...]]
Program = Callable[..., Step]

FAMILIES = (
    "overhead", "chains", "leaves", "rows", "batchnorm", "convolution", "cnn", "gru", "linalg",
    "fft",
)  # fmt: skip
NNET = ("batchnorm", "convolution", "cnn", "gru")
SAME_PROGRAM = {"earlier": "mygrad", "torch-compile": "torch", "cupy": "numpy"}
"""Peers that run the programs of another, where a workload has none for them."""


class Absent(Exception):
    """Raised by a program that cannot be run with the library at hand; the message says why."""


@dataclass(frozen=True)
class Workload:
    """One line of the table.

    Attributes
    ----------
    name
        As given to ``--only``.
    what
        A sentence for the report.
    arrays
        Makes the input, the same at each call.
    outputs
        What each call of a step returns: the value, then gradients.
    programs
        For each peer a function of the arrays that returns a step, or the reason why there is
        none. Everything outside the step (handing over the input) is not timed. Programs for
        JAX take ``jax.jit``, or a function that leaves its operand as it is, before the arrays.
    tolerance
        The largest error, relative to the largest element of the reference.
    """

    name: str
    what: str
    arrays: Callable[[], Arrays]
    outputs: tuple[str, ...]
    programs: Mapping[str, Program | str]
    tolerance: float = 1e-9

    def program(self, peer: str) -> Program | str:
        """The program of a peer, or the reason why there is none."""
        found = self.programs.get(peer)
        return self.programs[SAME_PROGRAM[peer]] if found is None else found


def workloads() -> dict[str, Workload]:
    """All workloads, by name."""
    modules = [import_module(f"{__name__}.{family}") for family in FAMILIES]
    return {workload.name: workload for module in modules for workload in module.WORKLOADS}


def members(name: str) -> list[str]:
    """The workloads that a name given to ``--only`` stands for: one, a family, or "nnet"."""
    families = NNET if name == "nnet" else (name,) if name in FAMILIES else ()
    found = [w.name for f in families for w in import_module(f"{__name__}.{f}").WORKLOADS]
    return found or [name]
