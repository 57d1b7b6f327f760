"""How SciPy's special functions are declared: SciPy computes values, and rules are written here.

A function of `mygrad.special` has the name and the operands that it has in `scipy.special`. Its
values are those of the array library's own special functions: ``scipy.special`` for NumPy's arrays,
``cupyx.scipy.special`` for CuPy's, ``dpnp.scipy.special`` for dpnp's. A declaration may have a body
besides, a composition for libraries that have no such function; NumPy's arrays always need SciPy.

The names are not in the namespace `xp` that rules compute with, where ``beta`` and ``i0`` may be
something else. Rules write ``xp[beta]``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from mygrad.arrays import Adapter
from mygrad.autodiff.plan import Plan
from mygrad.autodiff.primitive import Rule
from mygrad.math.library_functions import LibraryFunction, Part, documented
from mygrad.tensors.documentation import Asked, documentation

__all__ = ["SpecialFunction", "by_series", "of_library", "special"]

LIBRARIES = {
    "numpy": "scipy.special", "cupy": "cupyx.scipy.special", "dpnp": "dpnp.scipy.special",
    "jax": "jax.scipy.special",
}  # fmt: skip
"""By adapter, the module that has its library's special functions."""

OTHERWISE = {"psi": "digamma"}
"""Functions of two names, of which some libraries have the second alone."""

WHY = "SciPy has no function for that derivative"


def of_library(adapter: Adapter, name: str) -> Any:
    """The library's function of this name; None if it has none."""
    module = LIBRARIES.get(adapter.name)
    if module is None:
        return None
    try:
        theirs = import_module(module)
        return getattr(theirs, name, None) or getattr(theirs, OTHERWISE.get(name, ""), None)
    except ImportError as error:
        raise ModuleNotFoundError(
            f"mygrad.special.{name} computes with {module}.{name}, which cannot be imported "
            f'({error}): install SciPy, `pip install "mygrad[scipy]"`'
        ) from error


class SpecialFunction(LibraryFunction):
    """An elementwise function of ``scipy.special``.

    Parameters
    ----------
    forward
        Its operands and text, and maybe a composition for libraries without: it then takes ``xp``.
    rules
        By operand, its rule; None where the function is piecewise constant.
    refused
        The operands by which there is a derivative, and no rule. Variables raise there.
    part
        For one of several results: the function that has them, and the number of this one.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: Mapping[str, Rule | None],
        refused: Sequence[str] = (),
        part: Part | None = None,
    ) -> None:
        self.refused = tuple(refused)
        super().__init__(forward, {**rules, **dict.fromkeys(self.refused, _no_rule)}, part)

    def find(self, adapter: Adapter) -> Any:
        return of_library(adapter, self.library_name)

    def plan(self, live: int, count: int) -> Plan:
        for k, name in enumerate(self.operand_names):
            if live >> k & 1 and name in self.refused:
                raise TypeError(
                    f"scipy.special.{self.library_name} has no derivative by its operand {name!r} "
                    f"in mygrad, so it takes no tensor there that is not constant ({WHY}): pass "
                    f"`t.data` (mg.asarray(t)) if no gradient is to flow through it"
                )
        return super().plan(live, count)


# This room is imported when it is first used, after other kinds of operations were described.
_described: Any = Asked("__doc__", documentation, SpecialFunction.__doc__)
SpecialFunction.__doc__ = _described


def _no_rule(g: Any) -> Any:
    """Nothing, which is no adjoint; but `plan` has raised before."""


def special(
    refused: str = "", part: Part | None = None, **rules: Rule | None
) -> Callable[[Callable[..., Any]], SpecialFunction]:
    """Declare an elementwise function of ``scipy.special``.

    Parameters
    ----------
    refused
        The names of operands by which there is no rule.
    part
        For one of several results: the function that has them, and the number of this one.
    **rules
        By operand, its rule; None where the function is piecewise constant.

    Returns
    -------
    Callable
        A decorator.
    """

    def declare(forward: Callable[..., Any]) -> SpecialFunction:
        names = [n for n in inspect.signature(forward).parameters if n != "xp"]
        text = documented(forward, names, refused)
        return SpecialFunction(text, rules, refused.split(), part)

    return declare


def by_series(
    x: Any, radius: float, coefficients: Sequence[float], far: Callable[[Any], Any], xp: Any
) -> Any:
    """A power series of `x` close to 0, where the closed form `far` cancels, and that elsewhere.

    Both are differentiated, each where it counts. `far` has to be finite at the radius.
    """
    near = xp.abs(x) < radius
    small, total = xp.where(near, x, 0.0), coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * small + coefficient
    return xp.where(near, total, far(xp.where(near, radius, x)))
