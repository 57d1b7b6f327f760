"""What an operation is: its signature, docs, forward function and derivative rules, in one.

A primitive is declared by a decorator that names its differentiable operands and, for each,
the rule that turns the adjoint `g` of the result into the adjoint of that operand::

    @ufunc(x1=lambda g, x2: g * x2,
           x2=lambda g, x1: g * x1)
    def multiply(x1, x2):
        \"\"\"Multiply, element by element.\"\"\"

A rule asks for what it needs by name: operands, parameters, ``out`` (the result), ``xp`` (the
namespace to compute in), ``x_shape`` (the shape of operand ``x``). Only what the rules of live
operands name is kept until the backward pass. The engine undoes broadcasting and casting, so
that elementwise rules need not know of shapes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from operator import itemgetter
from types import MethodType
from typing import Any

from mygrad.autodiff.tape import apply
from mygrad.backends import Adapter
from mygrad.destinations import into
from mygrad.namespace import Namespace, namespace_of

__all__ = ["Primitive", "primitive", "registry"]

Rule = Callable[..., Any]

registry: dict[str, Primitive] = {}
"""Every primitive, by its name and by its other names."""


class Plan:
    """What to keep of a call with certain live operands.

    Attributes
    ----------
    flows
        For each operand, whether its adjoint is wanted.
    pulls
        For each of these (its number, and its entry of ``Primitive.rules``).
    saves, saves_any, saves_all, out
        For each operand, whether its array is kept; whether any array is; whether all operands
        are, and nothing else could be but the result; whether the result is.
    pick, shaped
        What a record keeps of ``(None, out, *params, *arrays, *operands, *their shapes)``, in
        the order of ``Primitive.positions``; whether shapes are among it. In the place of arrays
        that no rule needs are those constants that were operands, which somebody may ask for.
    """

    __slots__ = (
        "flows", "out", "pick", "primitive", "pulls", "saves", "saves_all", "saves_any", "shaped",
    )  # fmt: skip

    def __init__(
        self,
        primitive: Primitive,
        flows: tuple[bool, ...],
        saves: tuple[bool, ...],
        out: bool,
        shapes: list[int | None],
    ) -> None:
        self.primitive = primitive
        self.flows, self.saves, self.out = flows, saves, out
        self.saves_any = out or any(saves)
        self.saves_all = all(saves) and not shapes and not primitive.param_names
        rules = primitive.rules
        self.pulls = tuple(
            (k, *rules[0 if primitive.variadic else k]) for k, flow in enumerate(flows) if flow
        )
        self.shaped = any(k is not None for k in shapes)
        count, arrays = len(flows), 2 + len(primitive.param_names)
        self.pick = itemgetter(
            int(out),
            *range(2, arrays),
            *(0 if k is None else arrays + 2 * count + k for k in shapes),
            *(
                arrays + k if saved else 0 if flow else arrays + count + k
                for k, (saved, flow) in enumerate(zip(saves, flows, strict=True))
            ),
        )

    def asked(self, values: Sequence[Any], need: int, k: int) -> Any:
        """What a variadic rule asked for: its operand's number, or all operands."""
        return k if need == -2 else values[self.primitive.first_operand :]


class Primitive:
    """An operation with a derivative; calling it is calling the operation.

    Attributes
    ----------
    operand_names, param_names
        Its parameters: those that may be tensors, and the others.
    rules
        For each operand (rule, where its arguments lie in ``Record.values``, the place of the
        argument if there is but one, whether it takes ``xp``); None for an operand without
        derivative. A variadic primitive has one rule.
    may_view, folds
        Whether the library may return a view, and whether elements of it may share memory.
    own
        Whether its forward function goes before a function of the same name of the library.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: dict[str, Rule],
        operands: Sequence[str] = (),
        aliases: Sequence[str] = (),
        variadic: bool = False,
        may_view: bool = False,
        folds: bool = False,
        own: bool = False,
    ) -> None:
        self.name = forward.__name__
        self.forward = forward
        self.aliases = tuple(aliases)
        self.variadic, self.may_view, self.folds, self.own = variadic, may_view, folds, own
        update_wrapper(self, forward)
        parameters = inspect.signature(forward).parameters
        names = [n for n in parameters if n != "xp"]
        self.operand_names = tuple(n for n in names if n in rules or n in operands)
        self.param_names = tuple(n for n in names if n not in self.operand_names)
        self.defaults = tuple(parameters[n].default for n in self.param_names)
        self.needs_params = inspect.Parameter.empty in self.defaults
        self.takes_xp = "xp" in parameters
        self.__signature__ = self._public_signature(parameters)
        shapes = [f"{n}_shape" for n in self.operand_names]
        asked = [n for rule in rules.values() for n in inspect.signature(rule).parameters]
        self.shape_names = tuple(n for n in shapes if n in asked)
        self.value_names = ("out", *self.param_names, *self.shape_names)
        self.first_operand = len(self.value_names)
        self.positions = {name: k for k, name in enumerate(self.value_names)}
        if not variadic:
            for name in self.operand_names:
                self.positions[name] = len(self.positions)
        self.rules = tuple(self._compiled(n, rules.get(n)) for n in self.operand_names)
        # one bit for each operand that has a rule
        self.differentiable = -1 if variadic else sum(
            1 << k for k, rule in enumerate(self.rules) if rule is not None
        )
        self.plans: dict[int, Plan] = {}
        self.kernels: dict[Adapter, tuple[Callable[..., Any], Namespace, bool]] = {}
        for name in (self.name, *self.aliases):
            if registry.setdefault(name, self) is not self:
                raise ValueError(f"there are two primitives of the name {name!r}")

    def __repr__(self) -> str:
        return f"<mygrad function {self.name!r}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method of tensors: the tensor becomes the first operand."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        return self.name  # a global of its module, like a function

    def _public_signature(self, parameters: Any) -> inspect.Signature:
        kept = [p for n, p in parameters.items() if n != "xp"]
        extra = ["constant"] if self.may_view else ["out", "constant"]
        keyword = inspect.Parameter.KEYWORD_ONLY
        kept += [
            inspect.Parameter(n, keyword, default=None) for n in extra if n not in parameters
        ]
        return inspect.Signature(kept)

    def _compiled(self, operand: str, rule: Rule | None) -> Any:
        """The rule, where what it names is, where that is if it is one thing, if it takes xp."""
        if rule is None:
            return None
        special = {"i": -2, operand: -3} if self.variadic else {}
        names = list(inspect.signature(rule).parameters)[1:]
        takes_xp = "xp" in names
        known = {**self.positions, **special}
        for name in names:
            if name != "xp" and name not in known:
                raise TypeError(
                    f"the rule of {self.name} for {operand} asks for {name!r}; it may ask for "
                    f"xp, {', '.join(known)}"
                )
        needs = tuple(known[name] for name in names if name != "xp")
        only = needs[0] if len(needs) == 1 and not takes_xp and not self.variadic else None
        return rule, needs, only, takes_xp

    def plan(self, live: int, count: int) -> Plan:
        """What has to be kept if the operands whose bits are set in `live` are variables."""
        needed: set[int] = set()
        for k in range(count):
            if live >> k & 1:
                needed.update(self.rules[0 if self.variadic else k][1])
        first = self.first_operand
        saves = tuple(-3 in needed or first + k in needed for k in range(count))
        shapes = [
            self.operand_names.index(n[: -len("_shape")]) if self.positions[n] in needed else None
            for n in self.shape_names
        ]
        flows = tuple(bool(live >> k & 1) for k in range(count))
        plan = Plan(self, flows, saves, 0 in needed, shapes)
        if not self.variadic:
            self.plans[live] = plan
        return plan

    def raw(self, adapter: Adapter) -> Callable[..., Any]:
        """The forward function on raw arrays, called as the public function is."""
        kernel = adapter.kernels.get(self.name)
        if kernel is not None:
            return kernel
        if self.takes_xp:
            return partial(self.forward, xp=namespace_of(adapter))
        return self.forward

    def kernel(self, adapter: Adapter) -> tuple[Callable[..., Any], Namespace, bool]:
        """The forward function, called with operands and parameters, its namespace, `may_view`."""
        function = self.raw(adapter)
        if self.variadic:
            inner, count = function, len(self.param_names)

            def function(*args: Any) -> Any:
                return inner(args[: len(args) - count], *args[len(args) - count :])

        self.kernels[adapter] = function, namespace_of(adapter), self.may_view
        return self.kernels[adapter]

    def masks_itself(self, adapter: Adapter) -> bool:
        """Whether the kernel takes ``where=``."""
        return False

    def __call__(self, *args: Any, out: Any = None, constant: bool | None = None, **kw: Any) -> Any:
        count = len(self.operand_names)
        if len(args) == count and not kw and not self.needs_params:
            operands, params = args, self.defaults
        else:
            operands, params = self._bind(args, kw)
        if self.variadic:
            operands = tuple(operands[0])
        if out is None:
            return apply(self, operands, params, constant)
        return into(out, apply(self, operands, params), self.name)

    def _bind(self, args: Any, kw: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Sort the arguments of a call into operands and parameters."""
        names = (*self.operand_names, *self.param_names)
        if len(args) > len(names):
            raise TypeError(
                f"{self.name}() takes {len(names)} arguments at most and was given {len(args)}"
            )
        values = list(args) + [inspect.Parameter.empty] * len(self.operand_names[len(args) :])
        values += self.defaults[len(values) - len(self.operand_names) :]
        for name, value in kw.items():
            if name not in names:
                raise TypeError(
                    f"{self.name}() has no argument {name!r}; it takes {', '.join(names)}"
                )
            k = names.index(name)
            if k < len(args):
                raise TypeError(f"{self.name}() was given the argument {name!r} twice")
            values[k] = value
        count = len(self.operand_names)
        for name, value in zip(names, values, strict=True):
            if value is inspect.Parameter.empty:
                raise TypeError(f"{self.name}() needs the argument {name!r}")
        return tuple(values[:count]), tuple(values[count:])


def primitive(**declaration: Any) -> Callable[[Callable[..., Any]], Primitive]:
    """Declare an operation: rules by operand, and the options of `Primitive`."""
    options = {
        name: declaration.pop(name)
        for name in ("operands", "aliases", "variadic", "may_view", "folds", "own")
        if name in declaration
    }
    return lambda forward: Primitive(forward, declaration, **options)
