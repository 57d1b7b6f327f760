"""Derivative rules as formulas, found by running them on symbols.

A rule is a function that computes an adjoint. Run on `Symbol`s, each an array together with the
formula that it came from, it computes the same adjoint, and what formula it is: with the branches
that it takes for these shapes, dtypes and parameters. So there is no second list of derivatives
that could differ from the rules. Where the formula gets too long to be read, the functions that
the rule calls are left as they are; a rule that symbols cannot go through has no formula.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.namespace import compositions
from mygrad.computational_graph.expressions import (
    Call,
    Expression,
    Index,
    Infix,
    Name,
    Number,
    Prefix,
    Words,
    size_of,
)
from mygrad.computational_graph.rules import called_functions, plain

__all__ = ["LONGEST", "Pulled", "forward_formula", "local_derivative", "pulled_back"]

LONGEST = 24  # parts of a formula that is still read
INFIX = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "matmul": "@",
    "pow": "**", "float_power": "**", "floor_divide": "//", "remainder": "%",
}  # fmt: skip
NAMELESS = "an array"
NUMBERS = (bool, int, float, complex)


class NoFormula(Exception):
    """What a rule does cannot be written as a formula."""


class Symbol:
    """An array, and the formula that it came from."""

    __array_ufunc__ = None  # so that arrays leave their operators to symbols
    __array_priority__ = 2000.0

    def __init__(self, array: Any, formula: Expression) -> None:
        if size_of(formula) > 40 * LONGEST:
            raise NoFormula("it gets too long")
        self.array = array
        self.formula = formula

    def __getattr__(self, name: str) -> Any:
        if name in ("shape", "ndim", "dtype", "size", "device", "itemsize"):
            return getattr(self.array, name)
        if name in ("T", "mT"):
            return Symbol(getattr(self.array, name), Call("matrix_transpose", (self.formula,)))
        raise NoFormula(f"the rule asks for .{name}")

    def __getitem__(self, index: Any) -> Symbol:
        items = index if isinstance(index, tuple) else (index,)
        array = self.array[tuple(map(_array, items)) if isinstance(index, tuple) else _array(index)]
        return Symbol(array, Index(self.formula, ", ".join(map(_item, items))))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise NoFormula("the rule writes in place")

    def __bool__(self) -> bool:
        return bool(self.array)

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        raise NoFormula("the rule goes through elements")

    def __neg__(self) -> Symbol:
        return Symbol(-self.array, Prefix("-", self.formula))

    def __invert__(self) -> Symbol:
        return Symbol(~self.array, Prefix("~", self.formula))

    def __abs__(self) -> Symbol:
        return Symbol(abs(self.array), Call("abs", (self.formula,)))


def _install_operators() -> None:
    signs = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%",
             "pow": "**", "matmul": "@", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "eq": "==",
             "ne": "!=", "and_": "&", "or_": "|"}  # fmt: skip
    for name, sign in signs.items():
        compute: Callable[[Any, Any], Any] = getattr(operator, name)

        def forwards(a: Any, b: Any, compute: Any = compute, sign: str = sign) -> Symbol:
            return Symbol(compute(_array(a), _array(b)), _infix(sign, _formula(a), _formula(b)))

        def backwards(b: Any, a: Any, forwards: Any = forwards) -> Symbol:
            return forwards(a, b)  # type: ignore[no-any-return]

        plain = name.rstrip("_")
        setattr(Symbol, f"__{plain}__", forwards)
        if sign not in ("<", ">", "<=", ">=", "==", "!="):
            setattr(Symbol, f"__r{plain}__", backwards)
    Symbol.__hash__ = object.__hash__  # type: ignore[method-assign]


_install_operators()


class SymbolNamespace:
    """The functions of a namespace on symbols; what is computed of no symbol stays plain.

    Compositions are unfolded, if they are not to be `opaque`.
    """

    def __init__(
        self, functions: Any, adapter: Adapter | None = None, opaque: bool = False
    ) -> None:
        self._functions = functions
        self._opaque = opaque
        if adapter is not None:
            self.adapter = _SymbolAdapter(adapter)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._functions, name)
        if not callable(found) or isinstance(found, type):
            return found
        called = _on_symbols(name, found)
        if name in compositions and not self._opaque:
            return _unfolded(compositions[name].function, called, self)
        return called

    def __getitem__(self, primitive: Any) -> Any:
        return _on_symbols(primitive.name, self._functions[primitive])


class _SymbolAdapter:
    """The adapter as rules see it, whose library takes symbols."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.xp = SymbolNamespace(adapter.xp)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def __hash__(self) -> int:
        return hash(self._adapter)

    def __eq__(self, other: Any) -> bool:
        return self._adapter is getattr(other, "_adapter", other)


def _on_symbols(name: str, function: Any) -> Any:
    def computed(*args: Any, **kw: Any) -> Any:
        out = function(*map(_array, args), **{k: _array(v) for k, v in kw.items()})
        if not any(map(_has_symbol, (*args, *kw.values()))):
            return out
        if isinstance(out, (tuple, list)):
            raise NoFormula(f"{name} returns several arrays")
        if adapter_of(out) is None:
            return out  # a dtype, a shape, a truth value
        if name in ("reshape", "broadcast_to") and args[0].shape == out.shape:
            return Symbol(out, _formula(args[0]))
        if name == "permute_dims" and len(args) > 1:
            order, axes = tuple(args[1]), tuple(range(out.ndim))
            if order == axes:
                return Symbol(out, _formula(args[0]))
            if order == (1, 0):
                return Symbol(out, Call("matrix_transpose", (_formula(args[0]),)))
        return Symbol(out, _called(name, args, kw))

    return computed


def _unfolded(function: Any, called: Any, xp: SymbolNamespace) -> Any:
    """A composition whose arrays are those of its kernel, and whose formula is that of its body."""

    def computed(*args: Any, **kw: Any) -> Any:
        out = called(*args, **kw)
        if not isinstance(out, Symbol):
            return out
        try:
            return Symbol(out.array, function(*args, xp=xp, **kw).formula)
        except Exception:  # whatever stops symbols in there: its name says what it does
            return out

    return computed


def _called(name: str, args: Any, kw: dict[str, Any]) -> Expression:
    operands = tuple(_formula(a) for a in args if a is not None and type(a) is not str)
    if name in ("astype", "asarray"):
        return operands[0]
    if name in INFIX and len(operands) == 2 and not kw:
        return _infix(INFIX[name], *operands)
    if name == "negative":
        return Prefix("-", operands[0])
    if name == "square":
        return Infix("**", operands[0], Number(2))
    if name in ("maximum", "minimum") and _is_guard(operands[-1]):
        return operands[0]
    if name in ("ones_like", "zeros_like"):
        return Number(int(name == "ones_like"))
    return Call(name, operands, tuple((k, _item(v)) for k, v in kw.items()
                                      if v is not None and v is not False))  # fmt: skip


def _is_guard(e: Expression) -> bool:
    """Whether a bound is there to keep exponentials in the range of their dtype, and no more."""
    return isinstance(e, Number) and abs(e.value) > 10 and e.value != int(e.value)


def _infix(sign: str, left: Expression, right: Expression) -> Expression:
    """``left sign right``, without what changes nothing and with squares as such."""
    one = Number(1)
    if sign in "*/" and right in (one, Number(1.0)):
        return left
    if sign == "*" and left in (one, Number(1.0)):
        return right
    if sign == "*" and left == right:
        return Infix("**", left, Number(2))
    if sign == "*" and isinstance(left, Infix) and left.sign == "*" and left.right == right:
        return Infix("*", left.left, Infix("**", right, Number(2)))
    return Infix(sign, left, right)


def _has_symbol(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_has_symbol, value))
    return isinstance(value, Symbol)


def _array(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(map(_array, value))
    return value.array if isinstance(value, Symbol) else value


def _formula(value: Any) -> Expression:
    if isinstance(value, Symbol):
        return value.formula
    if isinstance(value, NUMBERS):
        return Number(value)
    adapter = adapter_of(value)
    if adapter is not None:
        if not value.shape and adapter.name == "numpy":
            return Number(value.item())
        return Words(NAMELESS)
    if isinstance(value, (tuple, list)) and _has_symbol(value):
        return Call("", tuple(map(_formula, value)))
    return Words(_item(value))


def _item(value: Any) -> str:
    """An index or an option as it is written in Python."""
    if isinstance(value, slice):
        parts = ["" if v is None else str(v) for v in (value.start, value.stop)]
        return ":".join(parts) + (f":{value.step}" if value.step not in (None, 1) else "")
    if value is Ellipsis:
        return "..."
    if isinstance(value, Symbol):
        return value.formula.text if isinstance(value.formula, Name) else "…"
    if adapter_of(value) is not None:
        return f"array of shape {tuple(value.shape)}"
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


# --- the formulas of operations -------------------------------------------------------------
def forward_formula(
    name: str, operands: list[Expression], options: list[tuple[str, str]]
) -> Expression:
    """What an operation computes.

    Parameters
    ----------
    name
        Of the operation.
    operands
        What it was called with.
    options
        (name, text) pairs: its parameters.

    Returns
    -------
    Expression
    """
    plain = not options
    if plain and name in INFIX and len(operands) == 2:
        return Infix(INFIX[name], operands[0], operands[1])
    if plain and name == "negative":
        return Prefix("-", operands[0])
    if plain and name == "reciprocal":
        return Infix("/", Number(1), operands[0])
    if plain and name == "square":
        return Infix("**", operands[0], Number(2))
    return Call(name, tuple(operands), tuple(options))


class Pulled(NamedTuple):
    """What a rule computes.

    Attributes
    ----------
    parts
        For each operand that the rule is for, its adjoint computed along with the formula.
    opaque
        Whether functions that the rule calls stand in the formulas.
    """

    parts: list[tuple[Any, Expression]]
    opaque: bool


def pulled_back(
    rule: Any, g: Any, values: list[tuple[Any, Any]], namespace: Any
) -> Pulled | None:
    """What a rule computes from the adjoint of a result, as formulas.

    Parameters
    ----------
    rule
        The rule, as the plan of a record has it.
    g
        The adjoint and its formula.
    values
        The other arguments, each with the formula that stands for it, or None; a tuple of
        arrays with a tuple of formulas.
    namespace
        The namespace to compute in; None for a rule that does not ask for it.

    Returns
    -------
    Pulled or None
        None where there is no formula that could be read.
    """
    for opaque in False, True:
        found = _run(rule, g, values, namespace, opaque)
        if found is not None and all(
            size_of(e) <= LONGEST and not _contains(e, Words(NAMELESS)) for _, e in found
        ):
            return Pulled(found, opaque)
    return None


def _run(
    rule: Any, g: Any, values: list[tuple[Any, Any]], namespace: Any, opaque: bool
) -> list[tuple[Any, Expression]] | None:
    """A rule run on symbols; `opaque` leaves the functions that it calls as they are."""
    arguments = [
        tuple(map(_symbolic, value, formula))
        if isinstance(formula, tuple)
        else _symbolic(value, formula)
        for value, formula in values
    ]
    named = {}
    if namespace is not None:
        named["xp"] = SymbolNamespace(namespace, namespace.adapter, opaque)
    function = _with_opaque_calls(rule, namespace) if opaque else rule
    try:
        with np.errstate(all="ignore"):  # what the numbers have to say the sweep has said
            found = function(Symbol(*g), *arguments, **named)
    except Exception:  # whatever stops symbols: the rule itself has run on arrays
        return None
    parts = list(found) if isinstance(found, (tuple, list)) else [found]
    return [(_array(part), _formula(part)) for part in parts]


def _symbolic(value: Any, formula: Expression | None) -> Any:
    if formula is None or adapter_of(value) is None:
        return value
    return Symbol(value, formula)


def _with_opaque_calls(rule: Any, namespace: Any) -> Any:
    """A rule whose own functions are computed on arrays, and stand by name in formulas."""
    options = rule.keywords if isinstance(rule, partial) else {}
    function = plain(rule)
    calls = {
        helper.__name__: _opaque(helper, namespace) for helper in called_functions(function)
    }
    copied = FunctionType(
        function.__code__, {**function.__globals__, **calls}, None, function.__defaults__,
        function.__closure__,
    )  # fmt: skip
    return partial(copied, **options)


def _opaque(helper: Any, namespace: Any) -> Any:
    def called(*args: Any, **kw: Any) -> Any:
        args = tuple(namespace if isinstance(a, SymbolNamespace) else a for a in args)
        out = helper(*map(_array, args), **{k: _array(v) for k, v in kw.items()})
        symbols = tuple(a.formula for a in (*args, *kw.values()) if isinstance(a, Symbol))
        if not symbols or adapter_of(out) is None:
            return out
        return Symbol(out, Call(helper.__name__.lstrip("_"), symbols))

    return called


def local_derivative(e: Expression, g: Expression) -> Expression | None:
    """By what an elementwise rule multiplies the adjoint `g`; None if that cannot be seen."""
    one = Number(1)
    if e == g:
        return one
    if not _contains(e, g):
        return e if e in (Number(0), Number(0.0)) else None
    match e:
        case Prefix("-", operand):
            inner = local_derivative(operand, g)
            if inner is None:
                return None
            return Prefix("-", inner) if inner != one else Number(-1)
        case Infix("*", left, right):
            if _contains(left, g) and _contains(right, g):
                return None
            with_g, other = (left, right) if _contains(left, g) else (right, left)
            inner = local_derivative(with_g, g)
            if inner is None:
                return None
            if inner == Number(-1):
                return Prefix("-", other)
            return _infix("*", inner, other)
        case Infix("/", left, right) if not _contains(right, g):
            inner = local_derivative(left, g)
            return None if inner is None else Infix("/", inner, right)
        case Call("where", (condition, yes, no), ()) if not _contains(condition, g):
            first, second = local_derivative(yes, g), local_derivative(no, g)
            if first is None or second is None:
                return None
            return Call("where", (condition, first, second))
        case _:
            return None


def _contains(e: Expression, part: Expression) -> bool:
    if e == part:
        return True
    match e:
        case Prefix(_, a) | Index(a, _):
            return _contains(a, part)
        case Infix(_, a, b):
            return _contains(a, part) or _contains(b, part)
        case Call(_, operands, _):
            return any(_contains(a, part) for a in operands)
        case _:
            return False
