"""Complex unknowns as pairs of real ones, which is what SciPy's solvers look for.

A problem in z becomes one in u of shape ``(2, *z.shape)``, real parts before imaginary ones. Its
derivatives are those of `joined` and `pairs`, whatever the equations are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mygrad.arrays import get_adapter
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.implicit.solving import raw

__all__ = ["is_complex", "joined", "of_pairs", "pairs", "to_pairs"]

Function = Callable[..., Any]


def is_complex(*values: Any) -> bool:
    """Whether one of these numbers, arrays or tensors is complex."""
    host = get_adapter("numpy")
    dtypes = [host.asarray(raw(value)).dtype for value in values]
    return any(host.xp.isdtype(dtype, "complex floating") for dtype in dtypes)


def pairs(z: Any) -> Any:
    """Real and imaginary parts, along a first axis of two."""
    if isinstance(z, Handle):
        return registry["stack"]([registry["real"](z), registry["imag"](z)])
    z = get_adapter("numpy").asarray(z)
    return get_adapter("numpy").xp.stack([z.real, z.imag])


def joined(u: Any) -> Any:
    """The complex numbers of pairs."""
    return u[0] + 1j * u[1]


def of_pairs(fun: Function, place: int = 0) -> Function:
    """`fun` as a function of pairs in one of its places."""

    def function(*args: Any) -> Any:
        return fun(*args[:place], joined(args[place]), *args[place + 1 :])

    return function


def to_pairs(fun: Function, place: int | None = 0) -> Function:
    """`fun` as a function whose result is pairs, as one of its arguments is (None: as none is)."""
    inner = fun if place is None else of_pairs(fun, place)
    return lambda *args: pairs(inner(*args))
