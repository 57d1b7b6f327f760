"""Random programs as functions of their leaves, for the tests of transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import mygrad as mg
from mygrad.testing.programs import Program

__all__ = ["loss_of"]


def loss_of(program: Program) -> tuple[list[str], Callable[..., Any]]:
    """The names of the leaves of a program, and its loss as a function of them."""
    names = [name for name in program.arrays if name[0] == "A"]

    def function(*leaves: Any) -> Any:
        here = dict(zip(names, leaves, strict=True))

        def leaf(name: Any, layout: str = "C", constant: bool = False) -> Any:
            return name * 1.0  # all are variables: those written into constants would be lost

        env = {"mg": mg, "np": np, "leaf": leaf, **program.arrays, **here, "loss": 0.0}
        exec(program.code[0], env)
        return env["loss"]

    return names, function
