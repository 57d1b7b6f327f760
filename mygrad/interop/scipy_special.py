"""SciPy's ufuncs on tensors: ``scipy.special.erf(t)`` is ``mygrad.special.erf(t)``.

`scipy.special` has ufuncs, and Python functions on top of ufuncs that are not public (`zeta`,
`lambertw`). Those that make arrays of their arguments first (`polygamma`, `logsumexp`, `softmax`)
never ask a tensor; they warn, and are to be called as functions of `mygrad.special`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["MODULES", "counterpart", "origin"]

MODULES = ("scipy.special", "cupyx.scipy.special")
"""Whose names are those of `mygrad.special`."""


def origin(name: str, ufunc: Any) -> str | None:
    """Where a ufunc of SciPy is from, and what it is called there; None for those of others."""
    for module in (*MODULES, "scipy.special._ufuncs"):
        if getattr(sys.modules.get(module), name, None) is ufunc:
            return f"{module.removesuffix('._ufuncs')}.{name}"
    return None


def counterpart(name: str) -> Callable[..., Any] | None:
    """What does the work of SciPy's ufunc of this name on tensors; None if there is nothing."""
    if name == "round":  # which is no other function than NumPy's
        return import_module("mygrad.math").round
    if name.startswith("_"):
        return private().get(name)
    room = import_module("mygrad.special")
    return getattr(room, name) if name in room.__all__ else None


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
