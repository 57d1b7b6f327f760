"""The chain rule of a computation, step by step: what `mygrad.explain` goes through."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of, by_type
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import Record, Version
from mygrad.computational_graph.adjoints import Passed, Share, watched_sweep
from mygrad.computational_graph.explanation import Explanation, Flow, Leaf, Step
from mygrad.computational_graph.expressions import (
    Call,
    Derivative,
    Expression,
    Index,
    Infix,
    Name,
    Number,
    Phrase,
    Words,
)
from mygrad.computational_graph.formulas import forward_formula, local_derivative, pulled_back
from mygrad.computational_graph.narration import printed
from mygrad.computational_graph.regions import index_of
from mygrad.computational_graph.rules import summary_of
from mygrad.computational_graph.trace import (
    OperationNode,
    TensorNode,
    Tracer,
    check,
    look_of,
    reads_elements,
    recorded,
    why_no_graph,
)

__all__ = ["explain"]


def explain(
    fin: Any, names: Mapping[str, Any] | None = None, *, limit: int = 100
) -> Explanation:
    """Explain how a tensor is differentiated: the chain rule, operation by operation.

    From the result back to the leaves it says of each operation what it computed, which
    derivative arrives, what its local derivative is, and what flows back to each operand; and
    where several contributions add up to one derivative. In-place writes and views are steps,
    too. The formulas are those of the derivative rules themselves, and the numbers are those
    that ``backward()`` would compute.

    Nothing is changed: neither the graph nor any ``grad``.

    Parameters
    ----------
    fin
        The tensor, before its ``backward()``, which clears the graph.
    names
        Tensors and arrays by name; ``names=locals()`` takes the names of your variables.
        Others are called ``x1``, ``x2``, ... (leaves), ``v1``, ``v2``, ... (what was computed)
        and ``c1``, ... (constants).
    limit
        How many steps to write; those nearest to the result are written.

    Returns
    -------
    Explanation
        ``print`` it, let a notebook show it, or take its ``latex``.

    Raises
    ------
    TypeError
        `fin` is no tensor, or `names` no dictionary.
    mygrad.errors.InvalidBackprop
        A part of the graph was cleared by a ``backward()`` of another result.

    Notes
    -----
    All derivatives are computed and kept for the explanation, about as much memory as the
    results of all operations take.

    Examples
    --------
    >>> import mygrad as mg
    >>> x, y = mg.tensor(2.0), mg.tensor(3.0)
    >>> f = x * y + x
    >>> print(mg.explain(f, names={"x": x, "y": y, "f": f}))
    The chain rule of f, from the result back to the leaves.
    f = 8, and ∂f/∂f = 1.
    <BLANKLINE>
    1. add         f = v1 + x
                     = 8
       arrives     ∂f/∂f = 1
       back to v1  ∂f/∂v1 = ∂f/∂f
                          = 1
       back to x   ∂f/∂x += ∂f/∂f
                          = 1
    <BLANKLINE>
    2. multiply   v1 = x · y
       arrives    ∂f/∂v1 = 1
       back to x  ∂v1/∂x = y
                  ∂f/∂x += ∂f/∂v1 · y
                         = 3
       back to y  ∂v1/∂y = x
                  ∂f/∂y = ∂f/∂v1 · x
                        = 2
    <BLANKLINE>
    Leaves, and what backward() leaves in their .grad:
       x = 2       ∂f/∂x = 4, from steps 1 and 2
       y = 3       ∂f/∂y = 2, from step 2
    """
    check(fin, names)
    if not isinstance(limit, int) or limit < 1:
        raise ValueError(f"limit= has to be a positive whole number, and is {limit!r}")
    adapter = adapter_of(fin._data)
    assert adapter is not None
    before = adapter.go_to(adapter.common_device((fin._data,)))
    try:
        return _Explainer(fin, names or {}, limit).run()
    finally:
        adapter.go_to(before)


class _Explainer:
    """Puts together what was recorded, what the sweep computed, and the formulas of the rules."""

    def __init__(self, fin: Any, names: Mapping[str, Any], limit: int) -> None:
        self.fin, self.limit = fin, limit
        self.tracer = Tracer(fin, names)
        self.graph = self.tracer.run(None)
        self.taken = {n.name for n in self.graph.tensors if n.name is not None}
        self.numbers = {letter: count(1) for letter in "xvc"}
        self.symbols: dict[int, Expression] = {}
        self.parts: dict[Any, list[int]] = {}  # by what it is added to, the steps
        self.incoming: dict[Any, list[tuple[Any, Any]]] = {}  # what views pass on, by version
        self.expected: dict[Any, int] = {}  # how many contributions flow to something
        self.steps: list[Step] = []
        self.more = 0

    # --- symbols ----------------------------------------------------------------------
    def name_all(self) -> None:
        """Give everything a symbol: leaves and constants first, then in the order of computing."""
        seen = {node.key: key for key, node in self.tracer.found.items()}

        def when(node: TensorNode) -> tuple[int, int]:
            key = seen.get(node.key)
            version = key[0] if isinstance(key, tuple) else None
            return (getattr(version, "seq", 0), node.key)

        result = self.graph.nodes[self.graph.result]
        befores: dict[str, int] = {}
        nodes = sorted(self.graph.tensors, key=when)
        for node in nodes:
            if node.name is not None:
                self.symbols[node.key] = Name(node.name)
            elif node.before is not None:
                k = befores[node.before] = befores.get(node.before, -1) + 1
                self.symbols[node.key] = Name(node.before, k)
            elif node is result and "f" not in self.taken and node.creator is not None:
                self.taken.add("f")
                self.symbols[node.key] = Name("f")
        for node in nodes:
            self.symbol(node)

    def symbol(self, node: TensorNode) -> Expression:
        known = self.symbols.get(node.key)
        if known is None:
            known = self.symbols[node.key] = self.new_symbol(node)
        return known

    def new_symbol(self, node: TensorNode) -> Expression:
        if node.constant:
            if node.raw and node.shape == () and node.value is not None:
                number = np.asarray(_host(node.value))
                if number.dtype.kind in "fiub":
                    return Number(number.item())
            return self.fresh("c")
        if node.creator is None:
            return self.fresh("x")
        op = self.operation(node)
        if op.kind == "view":
            inside = self.index_of_view(node)
            base = self.graph.nodes[op.inputs[0][1]]
            assert isinstance(base, TensorNode)
            if inside is not None:
                return Index(self.symbol(base), inside)
        return self.fresh("v")

    def fresh(self, letter: str) -> Name:
        while True:
            text = f"{letter}{next(self.numbers[letter])}"
            if text not in self.taken:
                return Name(text)

    def operation(self, node: TensorNode) -> OperationNode:
        assert node.creator is not None
        op = self.graph.nodes[node.creator]
        assert isinstance(op, OperationNode)
        return op

    def index_of_view(self, node: TensorNode) -> str | None:
        for key, found in self.tracer.found.items():
            if found is node:
                version, look = key
                buffer = version.buffer()
                layout = None if buffer is None else buffer.layout
                return None if layout is None else index_of(layout, *look)
        return None

    # --- the steps --------------------------------------------------------------------
    def run(self) -> Explanation:
        result = self.graph.nodes[self.graph.result]
        assert isinstance(result, TensorNode)
        why_not = self.nothing_to_explain()
        if why_not:
            symbol = Name(result.name or "this tensor")
            found = Explanation(symbol, printed(self.fin._data), not self.fin._data.shape)
            found.note = why_not
            return found
        passed, leaves = watched_sweep(self.fin)
        self.name_all()
        self.top = self.symbol(result)
        found = Explanation(self.top, printed(self.fin._data), not self.fin._data.shape)
        for each in passed:
            if recorded(each.version, None)[0] is each.version:
                for share in each.shares:
                    if isinstance(each.version, Record) and reads_elements(each.version):
                        share.window = getattr(share.window, "window", None)
                    self.expect(share)
        if self.fin._window is not None:
            self.incoming.setdefault(self.fin._buffer.version, []).append(
                (self.fin._window, namespace_of(by_type[type(self.fin._data)]).ones_like(
                    self.fin._data))
            )  # fmt: skip
        for each in passed:
            if recorded(each.version, None)[0] is each.version:
                self.views_of(each.version)
                self.step(each)
        for version, adjoint in leaves.items():
            self.views_of(version)
            found.leaves.append(self.leaf(version, adjoint))
        found.steps, found.left_out = self.steps, self.more
        return found

    def nothing_to_explain(self) -> str:
        t = self.fin
        if t._constant:
            return f"There is nothing to differentiate: {t._why_no_gradient()}."
        return why_no_graph(t)

    def expect(self, share: Share) -> None:
        for key in self.path_of(share.target, share.window):
            if key[1] is None or key not in self.expected:
                self.expected[key] = self.expected.get(key, 0) + 1
            else:  # one more to a view, which passes on one sum of all
                self.expected[key] += 1
                break

    def path_of(self, version: Version, window: Any) -> list[tuple[Any, Any]]:
        """What a contribution is added to: a view, if it is one, and then its base."""
        version, window = recorded(version, getattr(window, "window", window))
        whole = [(version, None)]
        return whole if window is None else [(version, look_of(window)), *whole]

    def add_part(self, version: Version, window: Any, number: int) -> None:
        key = self.path_of(version, window)[0]
        parts = self.parts.setdefault(key, [])
        if number not in parts:
            parts.append(number)

    def shown(self, step: Step) -> bool:
        if len(self.steps) >= self.limit:
            self.more += 1
            return False
        self.steps.append(step)
        return True

    def node_of(self, version: Any, window: Any = None) -> TensorNode:
        return self.tracer.found[self.path_of(version, window)[0]]

    def views_of(self, version: Any) -> None:
        """Steps for the views of a version: what flowed to them goes on to their base."""
        waiting: dict[Any, list[tuple[Any, Any]]] = {}
        for window, value in self.incoming.pop(version, ()):
            seen = getattr(window, "window", window)
            waiting.setdefault(look_of(seen), []).append((window, value))
        for look, shares in waiting.items():
            window = getattr(shares[0][0], "window", shares[0][0])
            node, base = self.tracer.found[version, look], self.node_of(version)
            number = len(self.steps) + self.more + 1
            g = Derivative(self.top, self.symbol(node))
            made, symbol = self.symbol(node), self.symbol(base)
            inside = self.index_of_view(node)
            formula: Expression = Index(symbol, inside or "")
            if not inside or formula == made:
                formula = Phrase((Words("a view of "), symbol))
            adjoint = _through(window, shares) if len(self.steps) < self.limit else None
            flow = Flow(
                "base", symbol, None, g, "into the elements that the view sees, zero elsewhere",
                adjoint, self.expected.get((version, None), 1) == 1,
            )  # fmt: skip
            step = Step(number, "view", "view", made, formula, printed(node.value), adjoint,
                        self.parts.get((version, look), []), [flow])  # fmt: skip
            self.shown(step)
            self.add_part(version, None, number)

    def step(self, each: Passed) -> None:
        version, number = each.version, len(self.steps) + self.more + 1
        for share in each.shares:
            self.add_part(share.target, share.window, number)
            path = self.path_of(share.target, share.window)
            if len(path) == 2:
                self.incoming.setdefault(path[1][0], []).append((share.through, share.value))
        if len(self.steps) >= self.limit:
            self.more += 1
            return
        node = self.node_of(version)
        op = self.operation(node)
        operands = [self.graph.nodes[key] for _, key in op.inputs]
        symbols = [self.symbol(n) for n in operands if isinstance(n, TensorNode)]
        made = self.symbol(node)
        step = Step(number, op.name, op.kind, made, Words(""), printed(node.value), each.adjoint,
                    self.parts.get((version, None), []))  # fmt: skip
        self.shown(step)
        if isinstance(version, Record):
            self.explain_record(step, op, version, each, symbols)
        else:
            self.explain_write(step, version, each, symbols)

    def leaf(self, version: Any, adjoint: Any) -> Leaf:
        node = self.tracer.found.get((version, None))
        symbol = Words("a tensor that is gone") if node is None else self.symbol(node)
        note = ""
        if version.stopped:
            note = (
                f"computed by {version.stopped}, whose graph an earlier backward() cleared: the "
                f"gradient stops here"
            )
        value = "" if node is None else printed(node.value)
        return Leaf(symbol, value, adjoint, self.parts.get((version, None), []), note)

    # --- what a record computed, and what its rules say ---------------------------------
    def explain_record(
        self, step: Step, op: OperationNode, version: Any, each: Passed, symbols: list[Any]
    ) -> None:
        g = Derivative(self.top, step.result)
        if op.kind == "read":
            window = version.windows[0]
            inside = None
            if not hasattr(window, "index"):
                inside = index_of(window.layout, *look_of(window))
            step.formula = Index(symbols[0], inside or "array")
            for share in each.shares:
                to = symbols[0]
                words = "into the elements that were read, zero elsewhere"
                step.flows.append(
                    Flow("tensor", to, None, g, words, share.value, self.only(share))
                )
            return
        step.formula = forward_formula(op.name, symbols, op.details)
        formulas = self.rule_formulas(version, each.adjoint, g, step.result, symbols)
        for share in each.shares:
            formula, opaque = formulas.get(share.operand, (None, True))
            local = None
            if formula is not None:
                local = local_derivative(formula, g)
                if version.mask is not None:
                    formula = Call("where", (Name("mask"), formula, Number(0)))
                formula = _summed(formula, share)
            words = summary_of(version.primitive, share.operand) if opaque else ""
            if version.primitive.name == "custom_operation":
                words = f"by {op.name}.backward_var"
            name = op.inputs[share.operand][0]
            to = symbols[share.operand]
            step.flows.append(
                Flow(name, to, local, formula, words, share.value, self.only(share))
            )

    def rule_formulas(
        self, version: Any, adjoint: Any, g: Expression, out: Expression, symbols: list[Any]
    ) -> dict[int, tuple[Expression, bool]]:
        """By operand, what flows back to it, and whether functions of the rule stand in it."""
        plan, values, primitive = version.plan, version.values, version.primitive
        if primitive.name == "custom_operation":
            return {}  # a user's method, which symbols are not to meet
        at: list[Expression | None] = [None] * len(values)
        for name, k in primitive.positions.items():
            if k < len(at) and name not in primitive.shape_names:
                at[k] = Name(name)
        if at:
            at[0] = out
        for k, symbol in enumerate(symbols):
            if primitive.first_operand + k < len(at):
                at[primitive.first_operand + k] = symbol
        jobs = [((k,), rule, needs, takes_xp) for k, rule, needs, _, takes_xp in plan.pulls]
        jobs += plan.joint_pulls
        found: dict[int, tuple[Expression, bool]] = {}
        for operands, rule, needs, takes_xp in jobs:
            pairs: list[tuple[Any, Any]] = [
                (values[n], tuple(at[n])) if isinstance(n, slice) else (values[n], at[n])
                for n in needs
            ]
            namespace = version.namespace if takes_xp else None
            pulled = pulled_back(rule, (adjoint, g), pairs, namespace)
            if pulled is not None and len(pulled.parts) == len(operands):
                for k, (_, formula) in zip(operands, pulled.parts, strict=True):
                    found[k] = formula, pulled.opaque
        return found

    def only(self, share: Share) -> bool:
        return self.expected.get(self.path_of(share.target, share.window)[0], 1) == 1

    def explain_write(self, step: Step, version: Any, each: Passed, symbols: list[Any]) -> None:
        g: Expression = Derivative(self.top, step.result)
        window, old = version.window, version.parents[0]
        inside = None
        if version.index is not None:
            inside = "array"
        elif window is not None:
            inside = index_of(window.layout, *look_of(window)) or "a part of it"
        if version.mask is not None:
            inside = f"{inside}, where mask" if inside else "mask"
        value = symbols[-1]
        there: Expression = g if inside is None else Index(g, inside)
        if old is None:
            step.formula = value
        elif version.sign:
            sign = "+" if version.sign > 0 else "-"
            step.formula = Infix(sign, symbols[0], value)
            if inside is not None:
                arrow = Words(f" with [{inside}] {sign}= ")
                step.formula = Phrase((symbols[0], arrow, value))
        else:
            step.formula = Phrase((symbols[0], Words(f" with [{inside or '...'}] = "), value))
        for share in each.shares:
            if share.operand:
                formula = there if version.sign >= 0 else Infix("*", Number(-1), there)
                formula = _summed(formula, share)
                flow = Flow("value", value, None, formula, "", share.value, self.only(share))
            else:
                words = "" if version.sign else "but zero where it was overwritten"
                flow = Flow("before", symbols[0], None, g, words, share.value, self.only(share))
            step.flows.append(flow)


def _host(value: Any) -> Any:
    adapter = adapter_of(value)
    return value if adapter is None else adapter.to_host(value)


def _summed(formula: Expression, share: Share) -> Expression:
    """A formula summed over the axes along which the operand was broadcast."""
    if share.summed_from is None:
        return formula
    shape, found = tuple(share.value.shape), share.summed_from
    extra = len(found) - len(shape)
    axes = [*range(max(extra, 0))]
    axes += [k + extra for k, n in enumerate(shape) if n == 1 and found[k + extra] != 1]
    if not axes:
        return formula
    text = str(axes[0]) if len(axes) == 1 else str(tuple(axes))
    return Call("sum", (formula,), (("axis", text),))


def _through(window: Any, shares: list[tuple[Any, Any]]) -> Any:
    """The sum of what flows to a view."""
    adapter = window.layout.adapter
    whole = window.layout.zeros()
    for each, value in shares:
        each.add(whole, value, namespace_of(adapter))
    return adapter.copy(window.look(whole))
