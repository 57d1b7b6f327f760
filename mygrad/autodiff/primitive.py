"""What an operation is: its signature, docs, forward function and derivative rules, in one.

A primitive is declared by a decorator that says of each operand by which rule the adjoint `g` of
the result becomes the adjoint of that operand, or None where there is no derivative::

    @ufunc(x1=lambda g, x2: g * x2, x2=lambda g, x1: g * x1)
    def multiply(x1, x2):
        \"\"\"Multiply, element by element.\"\"\"

A rule asks for what it needs by name: operands, parameters, ``out`` (the result), residuals,
``xp`` (the namespace to compute in), ``x_shape`` (the shape of operand ``x``). Only what the
rules of live operands name is kept. The engine undoes broadcasting and casts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, update_wrapper
from types import MethodType
from typing import Any

from mygrad.arrays import Adapter, adapter_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.namespace import Namespace, namespace_of, registry, with_kernel
from mygrad.autodiff.plan import CompiledRule, Plan
from mygrad.autodiff.tape import apply

__all__ = ["Primitive", "primitive", "registry"]

Rule = Callable[..., Any]
MISSING = inspect.Parameter.empty


class Primitive:
    """An operation with a derivative; calling it is calling the operation.

    Parameters
    ----------
    forward
        The forward function, on raw arrays. It takes operands, parameters, and ``xp`` if it asks.
    rules
        By operand, its rule; None for an operand that has no derivative.
    joint
        By the names of several operands, the rule that returns their adjoints, in this order. It
        may ask for ``wanted``: for each of them, whether its adjoint is needed.
    aliases
        Other names.
    residuals, index_residuals
        What `forward` has worked out besides the result and rules can use again: it returns
        ``(result, *residuals)``, in this order. Where a sweep is recorded itself
        (``create_graph=True``) residuals are computed again, on tensors, by `forward`; index
        residuals (integers, booleans) have no derivative and are used as they are.
    replay
        What computes the residuals again in place of `forward`, if that can be done from the
        result: takes ``(out, *operands, *params)`` and ``xp``, and returns the residuals.
    variadic
        Whether the first parameter is a sequence of operands. Its one rule may ask for ``i``, the
        number of the operand, and for the sequence.
    may_view, folds
        Whether the library may return a view, and whether elements of it may share memory.
    goes_first
        Whether its forward function goes before a function of the same name of the library.
    broadcasts
        Whether operands broadcast against one another, so that their adjoints are sums over the
        axes along which they did: ``"elements"`` (a rule returns an array of the result's shape)
        or ``"stacks"`` (as matrices do). Otherwise rules return the operand's shape.

    Attributes
    ----------
    operand_names, param_names
        Its parameters: those that may be tensors, and the others.
    rules
        For each operand, its rule; None for one without, or with a joint rule. A variadic
        primitive has one rule.
    differentiable
        One bit for each operand that has a derivative.
    positions, first_operand
        Where ``Record.values`` has what rules may ask for: the result, parameters, residuals,
        shapes, and from `first_operand` on the operands.
    """

    of_mygrad = True  # unless what declares it is for others

    def __init__(
        self, forward: Callable[..., Any], rules: Mapping[str, Rule | None], *,
        joint: Mapping[tuple[str, ...], Rule] | None = None, aliases: Sequence[str] = (),
        residuals: Sequence[str] = (), index_residuals: Sequence[str] = (),
        replay: Callable[..., Any] | None = None, variadic: bool = False, may_view: bool = False,
        folds: bool = False, goes_first: bool = False, broadcasts: str | None = None,
    ) -> None:  # fmt: skip
        self.name = forward.__name__
        self.forward = forward
        self.aliases = tuple(aliases)
        self.variadic, self.may_view, self.folds = variadic, may_view, folds
        self.broadcasts = broadcasts
        update_wrapper(self, forward)
        # What others declare never stands in for what libraries or mygrad call so.
        self.is_ours = self.of_mygrad and (forward.__module__ or "").split(".")[0] == "mygrad"
        self.goes_first = goes_first or not self.is_ours
        parameters = inspect.signature(forward).parameters
        names = [n for n in parameters if n != "xp"]
        joint = joint or {}
        declared = [*rules, *(name for group in joint for name in group)]
        self._check_declaration(names, declared)
        self.operand_names = tuple(n for n in names if n in declared)
        self.param_names = tuple(n for n in names if n not in declared)
        self.defaults = tuple(parameters[n].default for n in self.param_names)
        self.needs_params = MISSING in self.defaults
        self.takes_xp = "xp" in parameters
        self.float_residuals = tuple(residuals)
        self.residual_names = (*residuals, *index_residuals)
        self.replay = replay
        self.__signature__ = self._public_signature(parameters)
        every_rule = [r for r in (*rules.values(), *joint.values()) if r is not None]
        asked = {n for rule in every_rule for n in inspect.signature(rule).parameters}
        self.shape_names = tuple(f"{n}_shape" for n in self.operand_names if f"{n}_shape" in asked)
        names = ["out", *self.param_names, *self.residual_names, *self.shape_names]
        self.first_operand = len(names)
        self.positions = {name: k for k, name in enumerate(names)}
        if not variadic:
            for name in self.operand_names:
                self.positions[name] = len(self.positions)
        number = {name: k for k, name in enumerate(self.operand_names)}
        self.rules = tuple(self._compiled((n,), number, rules.get(n)) for n in self.operand_names)
        self.joint_rules = tuple(
            self._compiled(group, number, rule) for group, rule in joint.items()
        )
        self.differentiable = -1 if variadic else sum(
            1 << k
            for rule in (*self.rules, *self.joint_rules) if rule is not None
            for k in rule.operands
        )  # fmt: skip
        self.plans: dict[int, Plan] = {}
        self.kernels: dict[Adapter, tuple[Callable[..., Any], Namespace, bool]] = {}
        if self.is_ours:
            for name in (self.name, *self.aliases):
                if registry.setdefault(name, self).__module__ != self.__module__:
                    raise ValueError(f"there are two primitives of the name {name!r}")
                registry[name] = self

    def __repr__(self) -> str:
        return f"<mygrad function {self.name!r}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method of tensors: the tensor becomes the first operand."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        return self.name  # a global of its module, like a function

    # --- the declaration ----------------------------------------------------------------------
    def _check_declaration(self, names: list[str], declared: list[str]) -> None:
        for name in declared:
            if name not in names:
                raise TypeError(
                    f"the declaration of {self.name} has a rule for {name!r}, and its parameters "
                    f"are {', '.join(names)}"
                )
            if declared.count(name) > 1:
                raise TypeError(f"the declaration of {self.name} has two rules for {name!r}")

    def _public_signature(self, parameters: Any) -> inspect.Signature:
        kept = [p for n, p in parameters.items() if n != "xp"]
        extra = ["constant"] if self.may_view else ["out", "constant"]
        keyword = inspect.Parameter.KEYWORD_ONLY
        kept += [inspect.Parameter(n, keyword, default=None) for n in extra if n not in parameters]
        return inspect.Signature(kept)

    def _compiled(
        self, operands: tuple[str, ...], number: dict[str, int], rule: Rule | None
    ) -> CompiledRule | None:
        """The rule, and where what it names is."""
        if rule is None:
            return None
        known: dict[str, int | slice] = dict(self.positions)
        special = {"xp"}
        if self.variadic:
            known[operands[0]] = slice(self.first_operand, None)
            special.add("i")
        if len(operands) > 1:
            special.add("wanted")
        names = list(inspect.signature(rule).parameters)[1:]
        for name in names:
            if name not in special and name not in known:
                raise TypeError(
                    f"the rule of {self.name} for {' and '.join(operands)} asks for {name!r}; it "
                    f"may ask for {', '.join((*sorted(special), *known))}"
                )
        if names != sorted(names, key=lambda n: n in special):
            raise TypeError(
                f"the rule of {self.name} for {' and '.join(operands)} has to ask for "
                f"{', '.join(sorted(special))} last"
            )
        needs = tuple(known[n] for n in names if n not in special)
        asked = frozenset(n for n in names if n in special)
        return CompiledRule(tuple(number[n] for n in operands), rule, needs, asked)

    # --- what the tape asks -------------------------------------------------------------------
    def rules_for(self, flows: tuple[bool, ...]) -> Iterator[tuple[int | None, CompiledRule]]:
        """The rules that are needed if derivatives flow to these operands.

        With each comes the number of its operand, or None if it is a joint one.
        """
        for k, flow in enumerate(flows):
            rule = self.rules[0 if self.variadic else k]
            if flow and rule is not None:
                yield k, rule
        for rule in self.joint_rules:
            if rule is not None and any(flows[k] for k in rule.operands):
                yield None, rule

    def plan(self, live: int, count: int) -> Plan:
        """What has to be kept if the operands whose bits are set in `live` are variables."""
        plan = Plan(self, live, count)
        if not self.variadic:
            self.plans[live] = plan
        return plan

    def compute(self, adapter: Adapter) -> Callable[..., Any]:
        """The forward function on raw arrays, called as the public function is.

        An adapter's own kernel goes first; one that returns NotImplemented leaves the call to the
        portable composition. It returns the residuals, too.
        """
        composed = self.forward
        if self.takes_xp:
            composed = partial(composed, xp=namespace_of(adapter))
        return with_kernel(adapter, self.name if self.is_ours else "", composed)

    def on_arrays(self, adapter: Adapter) -> Callable[..., Any]:
        """The operation on raw arrays, without its residuals: what rules call."""
        function = adapter.implement(self)
        return (lambda *args, **kw: function(*args, **kw)[0]) if self.residual_names else function

    def kernel(self, adapter: Adapter) -> tuple[Callable[..., Any], Namespace, bool]:
        """The forward function, called with operands and parameters, its namespace, `may_view`."""
        function = adapter.implement(self)
        if self.variadic:
            inner, count = function, len(self.param_names)

            def function(*args: Any) -> Any:
                return inner(args[: len(args) - count], *args[len(args) - count :])

        self.kernels[adapter] = function, namespace_of(adapter), self.may_view
        return self.kernels[adapter]

    def masks_itself(self, adapter: Adapter) -> bool:
        """Whether the kernel takes ``where=``."""
        return False

    # --- calls --------------------------------------------------------------------------------
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
        return write_result(out, apply(self, operands, params), self.name, constant=constant)

    def _bind(self, args: Any, kw: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Sort the arguments of a call into operands and parameters."""
        names = (*self.operand_names, *self.param_names)
        if len(args) > len(names):
            raise TypeError(
                f"{self.name}() takes {len(names)} arguments at most and was given {len(args)}"
            )
        values = list(args) + [MISSING] * len(self.operand_names[len(args) :])
        values += self.defaults[len(values) - len(self.operand_names) :]
        for name, value in kw.items():
            if name not in names:
                takes = ", ".join(self.__signature__.parameters)
                raise TypeError(f"{self.name}() has no argument {name!r}; it takes {takes}")
            k = names.index(name)
            if k < len(args):
                raise TypeError(f"{self.name}() was given the argument {name!r} twice")
            values[k] = value
        count = len(self.operand_names)
        for name, value in zip(names, values, strict=True):
            if value is MISSING:
                raise TypeError(f"{self.name}() needs the argument {name!r}")
        return tuple(values[:count]), tuple(own_copy(value) for value in values[count:])


def own_copy(option: Any) -> Any:
    """An option as it is now: lists and arrays that the caller may change later are copied."""
    kind = type(option)
    if kind is int or kind is bool or option is None:
        return option
    if kind is tuple or kind is list:
        return kind([own_copy(item) for item in option])
    if kind is dict:
        return {name: own_copy(item) for name, item in option.items()}
    adapter = adapter_of(option)
    return option if adapter is None or kind in adapter.scalar_types else adapter.copy(option)


OPTIONS = frozenset(inspect.getfullargspec(Primitive).kwonlyargs)


def primitive(**declaration: Any) -> Callable[[Callable[..., Any]], Primitive]:
    """Declare an operation: by operand its rule or None, and the options of `Primitive`."""
    options = {name: declaration.pop(name) for name in OPTIONS & declaration.keys()}
    return lambda forward: Primitive(forward, declaration, **options)
