"""Primitives over axes, with the keywords of NumPy's reductions."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from mygrad.arrays import adapter_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.namespace import registry, tensor_namespace_of
from mygrad.autodiff.operands import floating
from mygrad.autodiff.primitive import Primitive
from mygrad.autodiff.tape import apply
from mygrad.math.dtypes import is_narrow
from mygrad.tensor_creation import full_like, ones_like
from mygrad.tensors.base import as_operand_tensor
from mygrad.tensors.leaving import held_elsewhere

__all__ = ["FOLDS", "Reduction", "reduction"]


class Fold(NamedTuple):
    """A reduction that combines elements one by one.

    Attributes
    ----------
    combine
        The function of two operands that it repeats.
    neutral
        The element that changes nothing, among floats.
    has_identity
        Whether that is so for all dtypes. NumPy asks for ``initial=`` where not.
    """

    combine: str
    neutral: float
    has_identity: bool = True


FOLDS = {
    "sum": Fold("add", 0),
    "prod": Fold("multiply", 1),
    "max": Fold("maximum", -float("inf"), False),
    "min": Fold("minimum", float("inf"), False),
    "logsumexp": Fold("logaddexp", -float("inf")),
}
OPTIONS = {
    "sum": ("dtype", "initial", "where"),
    "prod": ("dtype", "initial", "where"),
    "max": ("initial", "where"),
    "min": ("initial", "where"),
    "logsumexp": ("initial", "where"),
    "mean": ("dtype", "where"),
    "var": ("dtype", "where", "mean", "correction"),
    "std": ("dtype", "where", "mean", "correction"),
    "cumsum": ("dtype", "include_initial"),
    "cumprod": ("dtype", "include_initial"),
}
"""By reduction, the keywords that it has besides the parameters of its rule."""

ABSENT = {"where": True}
"""What an option is that was not given, where that is not None."""


class Reduction(Primitive):
    """A primitive over axes, with those options of NumPy that need no rules of their own.

    ``dtype=`` casts the operand first, ``where=`` puts the neutral element in place of what is
    left out, ``initial=`` combines the result with one more value, ``mean=`` is a mean that was
    computed before; ``correction=`` is the standard's name for ``ddof=``. They are compositions
    of primitives, so that gradients follow.
    """

    def _public_signature(self, parameters: Any) -> inspect.Signature:
        signature = super()._public_signature(parameters)
        keyword = inspect.Parameter.KEYWORD_ONLY
        options = [
            inspect.Parameter(name, keyword, default=ABSENT.get(name))
            for name in OPTIONS.get(self.name, ())
        ]
        own = [p for n, p in signature.parameters.items() if n not in ("out", "constant")]
        common = [signature.parameters["out"], signature.parameters["constant"]]
        return signature.replace(parameters=[*own, *options, *common])

    def __call__(self, *args: Any, **kw: Any) -> Any:
        if not kw and len(args) == 1:
            return apply(self, args, self.defaults)
        if len(args) > 2 and self.param_names[1] == "keepdims":
            if len(args) == 5 and not kw:  # as NumPy's methods have them, and CuPy calls them
                *args, kw["dtype"], kw["out"], kw["keepdims"] = args  # type: ignore[assignment]
            else:
                _check_keepdims(args[2], self.name)
        out = kw.get("out")
        if kw.keys().isdisjoint(OPTIONS.get(self.name, ())):
            return held_elsewhere(Primitive.__call__(self, *args, **kw), out)
        return held_elsewhere(self._with_options(tuple(args), kw), out)

    def _with_options(self, args: tuple[Any, ...], kw: dict[str, Any]) -> Any:
        options = {n: kw.pop(n) for n in OPTIONS[self.name] if n in kw}
        given = {n: v for n, v in options.items() if v is not ABSENT.get(n)}
        if not given:
            return Primitive.__call__(self, *args, **kw)
        out, constant = kw.pop("out", None), kw.pop("constant", None)
        (x,), values = self._bind(args, kw)
        params = dict(zip(self.param_names, values, strict=True))
        if "dtype" in given:
            x = registry["astype"](x, given.pop("dtype"))
            if "mean" in given:
                given["mean"] = registry["astype"](given["mean"], x.dtype)
            if self.name in ("mean", "var", "std") and not floating[adapter_of(x._data), x.dtype]:
                raise TypeError(
                    f"{self.name}: dtype= has to be a floating-point one, and is {x.dtype}; "
                    f"use astype on the result"
                )
        if "correction" in given:
            if params["ddof"]:
                raise ValueError(f"{self.name}: ddof= and correction= are two names for one thing")
            params["ddof"] = given.pop("correction")
        if not given:
            result = Primitive.__call__(self, x, constant=constant, **params)
        elif self.name in FOLDS:
            result = self._folded(x, constant=constant, **given, **params)
        elif "include_initial" in given:
            result = self._from_the_start(x, params["axis"], given["include_initial"], constant)
        else:
            result = _of_chosen(self.name, x, constant=constant, **given, **params)
        return result if out is None else write_result(out, result, self.name)

    def _folded(
        self, x: Any, where: Any = True, initial: Any = None, constant: Any = None, **params: Any
    ) -> Any:
        """A sum, product, maximum, ... of the elements that a mask chooses, and one value more."""
        combine, neutral, has_identity = FOLDS[self.name]
        x = as_operand_tensor(x)
        if where is not True:
            if initial is None and not has_identity:
                raise ValueError(
                    f"{self.name}: where= needs initial=, the result where nothing is chosen"
                )
            if not (has_identity or floating[adapter_of(x._data), x.dtype]):
                neutral = registry["astype"](initial, x.dtype)
            x = registry["where"](_mask(self.name, where, x), x, neutral)
        if initial is None:
            return Primitive.__call__(self, x, constant=constant, **params)
        if not has_identity and 0 in x.shape:  # of nothing there is no maximum, but there is a sum
            combine = "add"
            result = registry["astype"](registry["sum"](x, **params), x.dtype)
        else:
            result = Primitive.__call__(self, x, **params)
        initial = registry["astype"](initial, result.dtype)  # as NumPy does, which decides by `x`
        return registry[combine](result, initial, constant=constant)

    def _from_the_start(self, x: Any, axis: Any, include_initial: bool, constant: Any) -> Any:
        """A running total, with what there was before the first element in front."""
        result = Primitive.__call__(self, x, axis=axis, constant=constant)
        if not include_initial:
            return result
        axis = (axis or 0) % result.ndim
        shape = tuple(1 if k == axis else n for k, n in enumerate(result.shape))
        start = full_like(result, 0 if self.name == "cumsum" else 1, shape=shape, constant=True)
        return registry["concatenate"]([start, result], axis=axis, constant=constant)


def _check_keepdims(value: Any, name: str) -> None:
    """Raise where something else, which NumPy's methods take there, was given by position."""
    if not isinstance(value, int):
        raise TypeError(
            f"{name}: after the axis comes keepdims, True or False, and not {value!r}; give dtype= "
            f"and out= by name"
        )


def _of_chosen(
    name: str,
    x: Any,
    where: Any = True,
    mean: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    ddof: float = 0,
    constant: bool | None = None,
) -> Any:
    """The mean, variance or standard deviation of those elements that a mask chooses.

    The deviations are from `mean`, if that is given: an array with the reduced axes kept.
    """
    x = as_operand_tensor(x)
    adapter = adapter_of(x._data)
    assert adapter is not None
    if is_narrow(x, tensor_namespace_of(adapter)):
        widened = registry["astype"](x, adapter.xp.float32)
        found = _of_chosen(name, widened, where, mean, axis, keepdims, ddof)
        return registry["astype"](found, x.dtype, constant=constant)
    chosen = ones_like(x, dtype=bool) if where is True else _mask(name, where, x)
    if name == "mean":
        total = registry["sum"](_zero_outside(where, chosen, x), axis=axis, keepdims=keepdims)
        return registry["divide"](total, _count(chosen, x, axis, keepdims), constant=constant)
    if mean is None:
        mean = _of_chosen("mean", x, where, axis=axis, keepdims=True)
    deviation = _zero_outside(where, chosen, x - mean)
    total = registry["sum"](_squared_modulus(deviation), axis=axis, keepdims=keepdims)
    freedom = registry["maximum"](_count(chosen, total, axis, keepdims) - ddof, 0)
    variance = registry["divide"](total, freedom, constant=constant)
    if name == "var":
        return variance
    zero = variance == 0  # where the derivative of the root is taken to be 0
    root = registry["sqrt"](registry["where"](zero, 1.0, variance))
    return registry["where"](zero, 0.0, root, constant=constant)


def _mask(name: str, where: Any, x: Any) -> Any:
    """A mask in the shape of what is reduced: it may not have more elements than that."""
    mask = as_operand_tensor(where)
    try:
        return registry["broadcast_to"](mask, x.shape)
    except ValueError as error:
        raise ValueError(
            f"{name}: where= has to broadcast to the shape of what is reduced, {tuple(x.shape)}, "
            f"and has the shape {tuple(mask.shape)}"
        ) from error


def _zero_outside(where: Any, chosen: Any, x: Any) -> Any:
    return x if where is True else registry["where"](chosen, x, 0)


def _count(chosen: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """How many elements were chosen, in the dtype of the result."""
    ones = registry["astype"](chosen, "int64")
    count = registry["sum"](ones, axis=axis, keepdims=keepdims)
    adapter = adapter_of(x._data)
    if not floating[adapter, x.dtype]:
        return count
    return registry["astype"](count, x.dtype, constant=True)


def _squared_modulus(x: Any) -> Any:
    if adapter_of(x._data).xp.isdtype(x.dtype, "complex floating"):  # type: ignore[union-attr]
        return registry["real"](x * registry["conj"](x))
    return registry["square"](x)


def reduction(aliases: tuple[str, ...] = (), **rules: Any) -> Any:
    """Declare a reduction: a rule for its operand."""
    return lambda forward: Reduction(forward, rules, aliases=aliases)
