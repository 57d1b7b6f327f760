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
from functools import wraps
from importlib import import_module
from typing import Any

from mygrad.arrays import Adapter
from mygrad.autodiff.nodes import tensor_class
from mygrad.autodiff.plan import Plan
from mygrad.autodiff.primitive import Rule
from mygrad.math.ufunc import Elementwise
from mygrad.tensors.documentation import TEXTS, Asked, documentation

__all__ = ["SpecialFunction", "by_series", "several_of", "special"]

LIBRARIES = {
    "numpy": "scipy.special", "cupy": "cupyx.scipy.special", "dpnp": "dpnp.scipy.special",
}  # fmt: skip
"""By adapter, the module that has its library's special functions."""

WHY = "SciPy has no function for that derivative"


def of_library(adapter: Adapter, name: str) -> Any:
    """The library's function of this name; None if it has none."""
    module = LIBRARIES.get(adapter.name)
    if module is None:
        return None
    try:
        return getattr(import_module(module), name, None)
    except ImportError as error:
        raise ModuleNotFoundError(
            f"mygrad.special.{name} computes with {module}.{name}, which cannot be imported "
            f'({error}): install SciPy, `pip install "mygrad[scipy]"`'
        ) from error


class SpecialFunction(Elementwise):
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

    of_mygrad = False  # what libraries call so may be something else: NumPy has an `i0`

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: Mapping[str, Rule | None],
        refused: Sequence[str] = (),
        part: tuple[str, int | None] | None = None,
    ) -> None:
        self.refused = tuple(refused)
        self.library_name, self.part = part or (forward.__name__.lstrip("_"), None)
        super().__init__(forward, {**rules, **dict.fromkeys(self.refused, _no_rule)})
        # The sweep need not copy what rules return: these are mygrad's.
        self.is_ours = True

    def compute(self, adapter: Adapter) -> Callable[..., Any]:
        found = of_library(adapter, self.library_name)
        if found is None and self.takes_xp:
            return super().compute(adapter)
        if found is None:
            raise TypeError(
                f"{adapter.name} has no special function {self.library_name}, and nothing is moved "
                f'to the host behind your back: use `t.to("numpy")`'
            )
        if self.part is None:
            return adapter.following(found)
        return adapter.following(lambda *operands: found(*operands)[self.part])

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
    refused: str = "", part: tuple[str, int | None] | None = None, **rules: Rule | None
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


def documented(
    function: Callable[..., Any], names: list[str], refused: str = "", several: str = ""
) -> Callable[..., Any]:
    """Put in what all these functions have in common between the text and the example."""
    text, _, example = inspect.cleandoc(function.__doc__ or "").partition("\n>>> ")
    listed = [f"{', '.join(names)}\n    Tensors, arrays or numbers"]
    listed[0] += ", which broadcast." if len(names) > 1 else "."
    if refused:
        listed[0] += f" There is no derivative by {', '.join(refused.split())}."
    if several:
        listed.append("out\n    Where to write the results.")
        listed += [f"{option}\n    {TEXTS[option]}" for option in ("where", "dtype", "constant")]
    parts = [text.strip(), "\n".join(["Parameters\n----------", *listed])]
    parts.append(f"Returns\n-------\n{several or 'Tensor'}")
    if example:
        parts.append(f"Examples\n--------\n>>> import mygrad as mg\n>>> {example}")
    function.__doc__ = "\n\n".join(parts) + "\n"
    return function


def several_of(*parts: SpecialFunction) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function of several results: one function for each, of the same operands."""

    def declare(forward: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(forward)
        def function(*operands: Any, out: Any = None, **options: Any) -> Any:
            outs = (None,) * len(parts) if out is None else out
            if any(o is not None for o in outs):  # all results are of the operands as they were
                kind = tensor_class()
                operands = tuple(t.copy() if isinstance(t, kind) else t for t in operands)
            return tuple(
                part(*operands, out=o, **options) for part, o in zip(parts, outs, strict=True)
            )

        own = inspect.signature(forward).parameters
        function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [*own.values(), *inspect.signature(_tail).parameters.values()],
            return_annotation=f"tuple[{', '.join(['Tensor'] * len(parts))}]",
        )
        return documented(function, list(own), several="tuple[Tensor, ...]")

    return declare


def _tail(
    *, out: Any = None, where: Any = True, dtype: Any = None, constant: bool | None = None
) -> None:
    """The parameters that functions of several results have after their operands."""


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
