"""SciPy's ufuncs on tensors: ``scipy.special.erf(t)`` is ``mygrad.special.erf(t)``.

`scipy.special` has ufuncs, and Python functions on top of ufuncs that are not public. What these
functions do on the way is no matter: in the end they call a ufunc with the tensor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["MODULES", "counterpart", "origin"]

MODULES = ("scipy.special", "cupyx.scipy.special")
"""Whose names are those of `mygrad.special`."""

ROUNDED = frozenset(("round",))
"""Functions that are piecewise constant: the names of SciPy's that are NumPy's, too, and no other's
in `mygrad.special`."""


def origin(name: str, ufunc: Any) -> str | None:
    """Where a ufunc of SciPy is from, and what it is called there; None for those of others."""
    for module in ("scipy.special", "scipy.special._ufuncs"):
        if getattr(sys.modules.get(module), name, None) is ufunc:
            return f"scipy.special.{name}"
    return None


def counterpart(name: str) -> Callable[..., Any] | None:
    """What does the work of SciPy's ufunc of this name on tensors; None if there is nothing."""
    rooms = import_module("mygrad.special"), import_module("mygrad.math")
    if name in ROUNDED:
        return rooms[1].round
    if name.startswith("_"):
        return private().get(name)
    return getattr(rooms[0], name, None) if name in rooms[0].__all__ else None


def private() -> dict[str, Callable[..., Any]]:
    """By the name of a ufunc that is not public, the function here that it belongs to."""
    bessel, gammas = (import_module(f"mygrad.special.{m}") for m in ("bessel", "gamma_functions"))
    integrals = import_module("mygrad.special.integrals")
    found = {
        "_zeta": gammas._zeta,
        "_riemann_zeta": gammas._riemann_zeta,
        "_lambertw": integrals._lambertw,
    }
    for kind in ("jn", "yn", "in", "kn"):
        name = f"_spherical_{kind}"
        found[name] = getattr(bessel, name)
        found[f"{name}_d"] = _derivative_of(getattr(bessel, name[1:]))
    return found


def _derivative_of(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda n, z: function(n, z, True)
