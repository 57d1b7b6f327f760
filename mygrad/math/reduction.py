"""Primitives over axes, with the keywords of NumPy's reductions."""

from __future__ import annotations

import inspect
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.namespace import tensor_namespace_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import Primitive, registry
from mygrad.autodiff.tape import apply
from mygrad.math.dtypes import is_narrow

__all__ = ["Reduction", "reduction"]

COMBINING = {
    "sum": ("add", 0),
    "prod": ("multiply", 1),
    "max": ("maximum", None),
    "min": ("minimum", None),
}
"""How a reduction takes up ``initial=``, and what masked elements count as; None: `initial`."""


class Reduction(Primitive):
    """A primitive over axes, with those options of NumPy that need no rules of their own.

    ``dtype=`` casts the operand first, ``where=`` puts the neutral element in place of what is
    left out, ``initial=`` combines the result with one more value; ``correction=`` is the
    standard's name for ``ddof=``. They are compositions of primitives, so that gradients follow.
    """

    def _public_signature(self, parameters: Any) -> inspect.Signature:
        kept = list(super()._public_signature(parameters).parameters.values())
        for name in self._options(tuple(parameters)):
            default = True if name == "where" else None
            kept.append(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            )
        return inspect.Signature(kept)

    def _options(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if self.name in ("cumsum", "cumprod"):
            return "dtype", "include_initial"
        if "ddof" in names:
            return "dtype", "where", "correction"
        if self.name in COMBINING:
            where = ("initial", "where")
            return where if COMBINING[self.name][1] is None else ("dtype", *where)
        return ("dtype", "where") if self.name == "mean" else ()

    def __call__(self, *args: Any, **kw: Any) -> Any:
        if not kw and len(args) == 1:
            return apply(self, args, self.defaults)
        if not kw.keys().isdisjoint(OPTIONS):
            return self._with_options(args, kw)
        return Primitive.__call__(self, *args, **kw)

    def _with_options(self, args: tuple[Any, ...], kw: dict[str, Any]) -> Any:
        known = self._options(self.param_names)
        options = {n: kw.pop(n) for n in tuple(kw) if n in OPTIONS and n in known}
        (x,), params = self._bind(args, {n: v for n, v in kw.items() if n not in RESULT})
        kw = {n: v for n, v in kw.items() if n in RESULT} | dict(
            zip(self.param_names, params, strict=True)
        )
        if options.get("dtype") is not None:
            x = registry["astype"](x, options["dtype"])
        if options.get("correction") is not None:
            kw["ddof"] = options["correction"]
        where, initial = options.get("where", True), options.get("initial")
        out = kw.pop("out", None)
        if where is not True and self.name not in COMBINING:
            result = _masked(self.name, x, where, **kw)
        else:
            if where is not True:
                neutral = COMBINING[self.name][1]
                neutral = initial if neutral is None else neutral
                if neutral is None:
                    raise ValueError(
                        f"{self.name}: where= needs initial=, the result where nothing is chosen"
                    )
                x = registry["where"](where, x, neutral)
            result = Primitive.__call__(self, x, **kw)
        if initial is not None:
            combine = registry[COMBINING[self.name][0]]
            result = combine(result, initial, constant=kw.get("constant"))
        if options.get("include_initial"):
            axis = kw["axis"] or 0
            first = (*(slice(None),) * (axis % result.ndim), slice(0, 1))
            fill = registry["where"](False, result[first], 0 if self.name == "cumsum" else 1)
            result = registry["concatenate"]([fill, result], axis=axis)
        return result if out is None else write_result(out, result, self.name)


OPTIONS = frozenset(("dtype", "where", "initial", "correction", "include_initial"))
RESULT = ("out", "constant")


def _masked(
    name: str,
    x: Any,
    where: Any,
    axis: Any = None,
    keepdims: bool = False,
    ddof: float = 0,
    constant: bool | None = None,
) -> Any:
    """The mean, variance or standard deviation of the elements that a mask chooses."""
    from mygrad.tensor_creation import ones_like
    from mygrad.tensors.base import astensor

    add_up = registry["sum"]
    x = astensor(x) if isinstance(x, Handle) else astensor(x, constant=True)
    adapter = adapter_of(x._data)
    assert adapter is not None
    if is_narrow(x, tensor_namespace_of(adapter)):
        widened = registry["astype"](x, adapter.xp.float32)
        found = _masked(name, widened, where, axis, keepdims, ddof)
        return registry["astype"](found, x.dtype, constant=constant)
    ones = ones_like(x, constant=True)
    count = add_up(ones, axis=axis, keepdims=keepdims, where=where)
    if name == "mean":
        total = add_up(x, axis=axis, keepdims=keepdims, where=where)
        return registry["divide"](total, count, constant=constant)
    every = add_up(ones, axis=axis, keepdims=True, where=where)
    centre = add_up(x, axis=axis, keepdims=True, where=where) / every
    squares = registry["square"](registry["where"](where, x - centre, 0.0))
    total = add_up(squares, axis=axis, keepdims=keepdims)
    result = registry["divide"](total, count - ddof, constant=constant)
    if name == "var":
        return result
    zero = result == 0
    root = registry["sqrt"](registry["where"](zero, 1.0, result))
    return registry["where"](zero, 0.0, root)


def reduction(aliases: tuple[str, ...] = (), **rules: Any) -> Any:
    """Declare a reduction: a rule for its operand."""
    return lambda forward: Reduction(forward, rules, aliases=aliases)
